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

/// How many remarks of a kind a finding has.
const MOST_SAID: usize = 200;

fn detect(shape: &Shape<'_>) -> Fit {
    let document = shape.json().get("document");
    (document.has("csaf_version") || document.get("category").or_empty().starts_with("csaf_")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut doc = Node::parse(input.text)?;
    // A vulnerability is a finding in each of its products, and says the same of all.
    doc.shorten();
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
    scores: Said<'d, 'a>,
    threats: Said<'d, 'a>,
    flags: Said<'d, 'a>,
    remediations: Said<'d, 'a>,
    /// Versions that have the fix, by the name of the product.
    fixed: HashMap<&'d str, Vec<&'d str>>,
}

/// What a vulnerability's document says of single products and of groups of them, in its order. Which groups a product is in
/// is looked up where it is asked for: written out, a thousand remarks on one large group are millions.
struct Said<'d, 'a> {
    all: Vec<&'d Node<'a>>,
    /// Which of them, by the id of a product; below the empty id those of no product in particular.
    by_product: HashMap<&'d str, Vec<usize>>,
    by_group: HashMap<&'d str, Vec<usize>>,
}

impl<'d, 'a> Said<'d, 'a> {
    fn of(node: &'d Node<'a>, keys: &[&str], products: &Products<'d>) -> Self {
        let all: Vec<&Node<'a>> = keys.iter().flat_map(|k| node.get(k).items()).collect();
        let (mut by_product, mut by_group) = (HashMap::<&str, Vec<usize>>::new(), HashMap::<&str, Vec<usize>>::new());
        for (at, item) in all.iter().enumerate() {
            let mut of_all = true;
            for id in item.get("product_ids").texts().chain(item.get("products").texts()) {
                by_product.entry(id).or_default().push(at);
                of_all = false;
            }
            for id in item.get("group_ids").texts().filter(|id| products.has_group(id)) {
                by_group.entry(id).or_default().push(at);
                of_all = false;
            }
            if of_all {
                by_product.entry("").or_default().push(at);
            }
        }
        Self { all, by_product, by_group }
    }

    /// What is said of a product, itself or in a group; of very much the first.
    fn own(&self, product: &str, products: &Products<'d>) -> Vec<&'d Node<'a>> {
        let groups = if self.by_group.is_empty() { &[][..] } else { products.groups_of(product) };
        let in_groups = groups.iter().filter_map(|g| self.by_group.get(g)).flatten();
        let mut places: Vec<usize> =
            self.by_product.get(product).into_iter().flatten().chain(in_groups).copied().take(MOST_SAID).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|at| self.all.get(at).copied()).collect()
    }

    /// What is said of no product in particular.
    fn of_all(&self) -> Vec<&'d Node<'a>> {
        let places = self.by_product.get("").into_iter().flatten().take(MOST_SAID);
        places.filter_map(|at| self.all.get(*at).copied()).collect()
    }
}

impl<'d, 'a> Vulnerability<'d, 'a> {
    fn of(node: &'d Node<'a>, products: &'d Products<'d>, overall: Option<Severity>) -> Self {
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
            scores: Said::of(node, &["scores", "metrics"], products),
            threats: Said::of(node, &["threats"], products),
            flags: Said::of(node, &["flags"], products),
            remediations: Said::of(node, &["remediations"], products),
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
    fn said(&self, said: &Said<'d, 'a>, product: &str) -> Vec<&'d Node<'a>> {
        let own = said.own(product, self.products);
        if own.is_empty() { said.of_all() } else { own }
    }

    fn draft(&self, product: &str, state: &str, settled: bool) -> Draft {
        let component = self.products.component(product);
        let ids = self.node.get("ids").items().iter().filter_map(|i| i.get("text").text()).take(MOST_SAID);
        let mut draft = sbom::draft(self.id, ids, component.as_ref());
        if let Some(title) = self.node.get("title").text() {
            draft.title = match &component {
                Some(component) => format!("{title} in {}", component.name),
                None => title.to_owned(),
            };
        }
        let cwes = self.node.at("cwe.id").text().into_iter();
        let cwes = cwes.chain(self.node.get("cwes").items().iter().filter_map(|c| c.get("id").text())).take(MOST_SAID);
        draft.cwe = cwes.flat_map(words::cwe_numbers).collect();
        self.rate(product, &mut draft);
        for note in self.node.get("notes").items().iter().take(MOST_SAID) {
            let is_text = matches!(note.get("category").or_empty(), "description" | "summary" | "details" | "general");
            draft.say("", note.get("text").text().filter(|_| is_text));
        }
        for remedy in self.said(&self.remediations, product) {
            let heading = remedy.get("category").or_empty().replace('_', " ");
            draft.say(&heading, remedy.get("details").text());
        }
        let links = self.node.get("references").items().iter().filter_map(|r| r.get("url").text());
        draft.url = links.into_iter().next().map(str::to_owned);
        let flags = self.said(&self.flags, product);
        let flags: Vec<&str> = flags.iter().filter_map(|f| f.get("label").text()).collect();
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
        let own = self.threats.own(product, self.products).into_iter();
        own.chain(self.threats.of_all()).filter_map(move |t| of(&t))
    }

    fn rate(&self, product: &str, draft: &mut Draft) {
        let metrics = self.said(&self.scores, product);
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

    /// A thousand remarks on one group of two thousand products are two million, if they are written out for each.
    #[test]
    fn remarks_on_large_groups_are_bounded() {
        let products: Vec<String> = (0..2_000).map(|n| format!("P{n}")).collect();
        let remarks: Vec<_> = (0..1_000)
            .map(|n| serde_json::json!({"category": "workaround", "details": format!("Do {n}."), "group_ids": ["G"]}))
            .collect();
        let doc = serde_json::json!({"document": {"csaf_version": "2.0"},
            "product_tree": {"product_groups": [{"group_id": "G", "product_ids": products}]},
            "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": {"known_affected": products},
            "notes": [{"category": "summary", "text": "x".repeat(1 << 20)}], "remediations": remarks}]});
        let report = read("c", doc.to_string().as_bytes(), None);
        assert_eq!(report.findings.len(), 2_000);
        assert!(report.findings.iter().all(|f| f.detail.raw().len() <= crate::report::limits::LONGEST));
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
