//! CSAF 2.0 and 2.1: advisories and VEX documents of vendors. A vulnerability is a finding in each product that it says the
//! status of; fixed and not affected products stay findings, marked as suppressed.

mod products;

use std::collections::{HashMap, HashSet};

use super::sbom;
use crate::report::prelude::*;
use products::Products;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "csaf-json",
    title: "CSAF 2.0 and 2.1: security advisories and VEX",
    classes: &[Class::Sca, Class::Container],
    items: "elements of `vulnerabilities`",
    severity: "the vendor's threat of category `impact`, then CVSS, then the document's `aggregate_severity`",
    identity: "vulnerability and product",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

/// The lists of products, by what they say of a vulnerability; of two that name one product the first counts.
const STATES: [(&str, bool); 9] = [
    ("known_affected", false),
    ("first_affected", false),
    ("last_affected", false),
    ("under_investigation", false),
    ("unknown", false),
    ("fixed", true),
    ("first_fixed", true),
    ("known_not_affected", true),
    ("recommended", true),
];

/// How many products that have the fix are named in a finding.
const MOST_FIXED: usize = 20;

fn detect(shape: &Shape<'_>) -> Fit {
    let document = shape.json().get("document");
    (document.has("csaf_version") || document.get("category").or_empty().starts_with("csaf_")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let document = doc.get("document");
    // A vendor's advisory is no evidence that anybody looked at this release.
    let mut reading = Reading::new(input, document.at("publisher.name").text().unwrap_or("CSAF"), &[]);
    let vulnerabilities = doc.results_or_none("vulnerabilities")?;
    if vulnerabilities.is_empty() {
        reading.not_assessed("The advisory is about no vulnerability.");
    }
    let products = Products::of(doc.get("product_tree"));
    let overall = document.at("aggregate_severity.text").text().and_then(severity);
    for node in vulnerabilities {
        if !node.is_object() {
            return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", node.kind())));
        }
        let vulnerability = Vulnerability::of(node, &products, overall);
        let mut drafts =
            vulnerability.places().into_iter().map(|(id, state, settled)| vulnerability.draft(id, state, settled));
        if let Some(first) = drafts.next() {
            reading.add(first);
        }
        drafts.for_each(|d| reading.more(d));
    }
    reading.done()
}

/// A severity as vendors write it.
fn severity(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "important" => Some(Severity::High),
        _ => words::severity(word),
    }
}

/// A vulnerability, and what is said in it of single products, by product. What is said of none in particular is said of
/// all of them, and stands below the empty id.
struct Vulnerability<'d, 'a> {
    node: &'d Node<'a>,
    products: &'d Products<'d>,
    id: &'d str,
    overall: Option<Severity>,
    scores: HashMap<&'d str, Vec<&'d Node<'a>>>,
    threats: HashMap<&'d str, Vec<&'d Node<'a>>>,
    flags: HashMap<&'d str, Vec<&'d Node<'a>>>,
    remediations: HashMap<&'d str, Vec<&'d Node<'a>>>,
    /// Versions that have the fix, by the name of the product.
    fixed: HashMap<&'d str, Vec<&'d str>>,
}

impl<'d, 'a> Vulnerability<'d, 'a> {
    fn of(node: &'d Node<'a>, products: &'d Products<'d>, overall: Option<Severity>) -> Self {
        let by_product = |key: &str| {
            let mut out: HashMap<&'d str, Vec<&'d Node<'a>>> = HashMap::new();
            for item in node.get(key).items() {
                let groups = item.get("group_ids").texts().flat_map(|g| products.group(g));
                let ids = item.get("product_ids").texts().chain(item.get("products").texts()).chain(groups.copied());
                let ids: HashSet<&str> = ids.collect();
                if ids.is_empty() {
                    out.entry("").or_default().push(item);
                }
                for id in ids {
                    out.entry(id).or_default().push(item);
                }
            }
            out
        };
        let mut scores = by_product("scores");
        for (id, more) in by_product("metrics") {
            scores.entry(id).or_default().extend(more);
        }
        let mut fixed: HashMap<&'d str, Vec<&'d str>> = HashMap::new();
        for id in ["product_status.fixed", "product_status.first_fixed"].into_iter().flat_map(|p| node.at(p).texts()) {
            if let Some(product) = products.get(id)
                && let Some(version) = product.version.as_deref()
            {
                let versions = fixed.entry(product.name.as_str()).or_default();
                if versions.len() < MOST_FIXED && !versions.contains(&version) {
                    versions.push(version);
                }
            }
        }
        let ids = node.get("ids").items().iter().filter_map(|i| i.get("text").text());
        Self {
            node,
            products,
            id: node.get("cve").text().into_iter().chain(ids).next().unwrap_or_default(),
            overall,
            scores,
            threats: by_product("threats"),
            flags: by_product("flags"),
            remediations: by_product("remediations"),
            fixed,
        }
    }

    /// The products, each with its state and whether that is settled. Never empty.
    fn places(&self) -> Vec<(&'d str, &'static str, bool)> {
        let mut seen = HashSet::new();
        let mut out = Vec::new();
        for (state, settled) in STATES {
            let ids = self.node.get("product_status").get(state).texts();
            // A product that is recommended is another version than the one that is affected.
            out.extend(ids.filter(|id| seen.insert(*id) && state != "recommended").map(|id| (id, state, settled)));
        }
        if out.is_empty() {
            out.push(("", "", false));
        }
        out
    }

    /// What is said of a product: of it, else of all.
    fn said<'m>(map: &'m HashMap<&'d str, Vec<&'d Node<'a>>>, product: &str) -> &'m [&'d Node<'a>] {
        map.get(product).or_else(|| map.get("")).map(Vec::as_slice).unwrap_or_default()
    }

    fn draft(&self, product: &str, state: &str, settled: bool) -> Draft {
        let component = self.products.component(product);
        let ids = self.node.get("ids").items().iter().filter_map(|i| i.get("text").text());
        let mut draft = sbom::draft(self.id, ids, component.as_ref());
        if let Some(title) = self.node.get("title").text() {
            draft.title = match &component {
                Some(component) => format!("{title} in {}", component.name),
                None => title.to_owned(),
            };
        }
        let cwes = self.node.at("cwe.id").text().into_iter();
        let cwes = cwes.chain(self.node.get("cwes").items().iter().filter_map(|c| c.get("id").text()));
        draft.cwe = cwes.flat_map(words::cwe_numbers).collect();
        self.rate(product, &mut draft);
        for note in self.node.get("notes").items() {
            let is_text = matches!(note.get("category").or_empty(), "description" | "summary" | "details" | "general");
            draft.say("", note.get("text").text().filter(|_| is_text));
        }
        for remedy in Self::said(&self.remediations, product) {
            let heading = remedy.get("category").or_empty().replace('_', " ");
            draft.say(&heading, remedy.get("details").text());
        }
        let links = self.node.get("references").items().iter().filter_map(|r| r.get("url").text());
        draft.url = links.into_iter().next().map(str::to_owned);
        let flags = Self::said(&self.flags, product).iter().filter_map(|f| f.get("label").text()).collect::<Vec<_>>();
        let impact = self.threats(product, "impact").find(|t| severity(t).is_none());
        let mut said = state.to_owned();
        if !flags.is_empty() {
            said.push_str(&format!(" ({})", flags.join(", ")));
        }
        if let Some(impact) = impact {
            said.push_str(&format!(": {impact}"));
        }
        draft.say("Status", Some(&said));
        if settled {
            draft.suppressed = Some(said);
        } else if let (Some(package), Some(component)) = (&mut draft.package, &component) {
            let fixed = self.fixed.get(component.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            package.fixed = fixed.iter().map(|v| (*v).into()).collect();
        }
        draft
    }

    /// What is said of threats of a category.
    fn threats(&self, product: &str, category: &'static str) -> impl Iterator<Item = &'d str> {
        let of =
            |t: &&'d Node<'a>| if t.get("category").text() == Some(category) { t.get("details").text() } else { None };
        let own = self.threats.get(product).into_iter().flatten();
        own.chain(self.threats.get("").into_iter().flatten()).filter_map(of).collect::<Vec<_>>().into_iter()
    }

    fn rate(&self, product: &str, draft: &mut Draft) {
        let metrics = Self::said(&self.scores, product);
        let found = |version: &str| {
            metrics.iter().find_map(|m| {
                Some(m.get(version))
                    .filter(|c| c.is_object())
                    .or_else(|| Some(m.get("content").get(version)).filter(|c| c.is_object()))
            })
        };
        let cvss = ["cvss_v4", "cvss_v3", "cvss_v2"].into_iter().find_map(found);
        if let Some(cvss) = cvss {
            draft.cvss = Cvss::of(cvss.get("baseScore").score(), cvss.get("vectorString").text());
        }
        let own = self.threats(product, "impact").find_map(severity);
        let written = || cvss.and_then(|c| c.get("baseSeverity").text()).and_then(severity);
        let rated = metrics.iter().find_map(|m| m.at("content.qualitative_severity_rating").text()).and_then(severity);
        draft.severity = own.or(rated).or_else(written).unwrap_or(Severity::Unknown);
        if draft.severity == Severity::Unknown && draft.cvss.is_empty() {
            draft.severity = self.overall.unwrap_or(Severity::Unknown);
        }
        draft.epss = metrics.iter().find_map(|m| m.at("content.epss.probability").score());
        draft.exploited = self.threats(product, "exploit_status").any(|t| {
            let t = t.to_ascii_lowercase();
            t.contains("known-exploited") || t.contains("exploited:yes")
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_vulnerability_is_a_finding_in_each_product() {
        let text = br#"{"document": {"category": "csaf_vex", "csaf_version": "2.0", "publisher": {"name": "Acme"}},
          "product_tree": {"branches": [{"category": "vendor", "name": "Acme", "branches": [
            {"category": "product_name", "name": "Pay", "branches": [
              {"category": "product_version", "name": "1.0", "product": {"product_id": "P1", "name": "Pay 1.0"}},
              {"category": "product_version", "name": "1.1", "product": {"product_id": "P2", "name": "Pay 1.1"}}]},
            {"category": "product_version", "name": "ssl-3", "product": {"product_id": "S", "name": "ssl-3",
              "product_identification_helper": {"purl": "pkg:rpm/acme/ssl@3"}}}]}],
            "product_groups": [{"group_id": "G", "product_ids": ["P1"]}],
            "relationships": [{"category": "default_component_of", "product_reference": "S", "relates_to_product_reference": "P1",
              "full_product_name": {"product_id": "P1:S", "name": "ssl-3 of Pay 1.0"}}]},
          "vulnerabilities": [{"cve": "CVE-2024-1", "title": "Overflow", "cwe": {"id": "CWE-787", "name": "x"},
            "product_status": {"known_affected": ["P1", "P1:S"], "fixed": ["P2"]},
            "scores": [{"products": ["P1"], "cvss_v3": {"baseScore": 7.5, "baseSeverity": "HIGH",
              "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}],
            "threats": [{"category": "impact", "details": "Moderate", "product_ids": ["P1:S"]}],
            "remediations": [{"category": "vendor_fix", "details": "Take 1.1.", "group_ids": ["G"]}]}]}"#;
        let report = read("c.json", text, None);
        assert_eq!((report.format, report.status, report.raw_items), ("csaf-json", ReportStatus::Ok, 1));
        let [pay, ssl, fixed] = report.findings.as_slice() else { panic!("three findings") };
        assert_eq!((pay.title.raw(), pay.severity, pay.class), ("Overflow in Pay", Severity::High, Class::Sca));
        assert!(pay.detail.raw().contains("vendor fix: Take 1.1.") && pay.cwe == [787]);
        let package = pay.package.as_ref().unwrap();
        assert_eq!((package.version.as_ref().unwrap().raw(), package.fixed[0].raw()), ("1.0", "1.1"));
        assert_eq!((ssl.class, ssl.severity, ssl.place().as_str()), (Class::Container, Severity::Medium, "Pay"));
        assert_eq!(ssl.package.as_ref().unwrap().name.raw(), "ssl");
        assert_eq!(fixed.suppressed.as_ref().unwrap().raw(), "fixed");
    }

    #[test]
    fn no_vulnerability_is_not_assessed() {
        let of = |rest: &str| {
            read("c", format!(r#"{{"document": {{"csaf_version": "2.1"}}{rest}}}"#).as_bytes(), None).status
        };
        assert_eq!(of(""), ReportStatus::NotAssessed);
        assert_eq!(of(r#", "vulnerabilities": {}"#), ReportStatus::Error);
        assert_eq!(of(r#", "vulnerabilities": [1]"#), ReportStatus::Error);
        assert_eq!(of(r#", "vulnerabilities": [{"title": "x"}]"#), ReportStatus::Ok);
    }
}
