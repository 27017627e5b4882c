//! CVRF 1.1 and 1.2, the XML that CSAF came from: a vulnerability is a finding in each product that the vendor says the
//! status of; fixed and not affected products stay findings, marked as suppressed.

use std::collections::HashMap;

use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "cvrf-xml",
    title: "CVRF 1.1 and 1.2: security advisories",
    classes: &[Class::Sca, Class::Container],
    items: "`Vulnerability` elements",
    severity: "the threat of the type `Impact`, then CVSS, then the document's `AggregateSeverity`",
    identity: "vulnerability and product",
    checked: "written from the specification; no real file was at hand",
    detect: |shape| shape.root("cvrfdoc").into(),
    parse,
}];

/// How many notes and remedies of a vulnerability are told.
const MOST_SAID: usize = 20;

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    // A vendor's advisory is no evidence that anybody looked at this release.
    let mut reading = Reading::new(input, "CVRF", &[]);
    let mut products: HashMap<String, String> = HashMap::new();
    let mut overall = Severity::Unknown;
    xml::walk(input.text, &["AggregateSeverity", "FullProductName", "Vulnerability"], |part| {
        let Part::Whole(node) = part else { return };
        match node.name {
            "AggregateSeverity" => overall = words::severity(node.text.trim()).unwrap_or(Severity::Unknown),
            "FullProductName" => {
                if let Some(id) = node.attribute("ProductID") {
                    products.entry(id.to_owned()).or_insert_with(|| node.text.trim().to_owned());
                }
            }
            _ => {
                reading.passed(1);
                let mut places = states(&node);
                if places.is_empty() {
                    places.push((None, None));
                }
                for (product, settled) in places {
                    let mut draft = draft(&node, overall);
                    let named = product.and_then(|id| products.get(id).map(String::as_str).or(Some(id)));
                    draft.in_package(named.filter(|n| !n.is_empty()), None, None, None);
                    draft.suppressed = settled.map(|state| format!("The vendor says: {state}."));
                    reading.more(draft);
                }
            }
        }
    })?;
    if reading.items() == 0 {
        reading.not_assessed("The advisory is about no vulnerability.");
    }
    reading.done()
}

/// The products that have a status, once each, with the status where it says that there is nothing to be done.
fn states<'n>(of: &'n Element<'_>) -> Vec<(Option<&'n str>, Option<&'n str>)> {
    let mut seen: HashMap<&str, Option<&str>> = HashMap::new();
    let mut order = Vec::new();
    let all = of.child("ProductStatuses").map(|s| s.all("Status").collect::<Vec<_>>()).unwrap_or_default();
    let settled = |status: &Element<'_>| {
        let kind = status.attribute("Type").unwrap_or_default().to_ascii_lowercase();
        ["fixed", "not affected", "recommended"].iter().any(|k| kind.contains(k))
    };
    // What is affected counts before what has the fix, wherever it stands.
    let (done, open): (Vec<_>, Vec<_>) = all.into_iter().partition(|s| settled(s));
    for (status, state) in open.iter().map(|s| (s, None)).chain(done.iter().map(|s| (s, s.attribute("Type")))) {
        for product in status.all("ProductID") {
            let id = product.text.trim();
            if let std::collections::hash_map::Entry::Vacant(free) = seen.entry(id) {
                free.insert(state);
                order.push((Some(id), state));
            }
        }
    }
    order
}

fn draft(of: &Element<'_>, overall: Severity) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let id = of.text_of("CVE").or(of.text_of("ID")).unwrap_or_default();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, None);
    of.text_of("Title").unwrap_or(id).clone_into(&mut draft.title);
    draft.cwe = of.all("CWE").filter_map(|c| c.attribute("ID")).flat_map(words::cwe_numbers).collect();
    for note in of.child("Notes").iter().flat_map(|n| n.all("Note")).take(MOST_SAID) {
        draft.say("", Some(note.text.trim()));
    }
    for remedy in of.child("Remediations").iter().flat_map(|r| r.all("Remediation")).take(MOST_SAID) {
        draft.say("Remedy", remedy.text_of("Description"));
        draft.url = draft.url.take().or_else(|| remedy.text_of("URL").map(str::to_owned));
    }
    let mut threats = of.child("Threats").into_iter().flat_map(|t| t.all("Threat"));
    let impact = threats.find(|t| t.attribute("Type").is_some_and(|k| k.eq_ignore_ascii_case("impact")));
    draft.severity = impact.and_then(|i| words::severity(i.text_of("Description")?)).unwrap_or(Severity::Unknown);
    let score = |score: &str, vector: &str| {
        let mut sets = of.child("CVSSScoreSets").into_iter().flat_map(|s| s.children.iter());
        let set = sets.find(|s| s.child(score).is_some())?;
        Some(Cvss::bare(set.text_of(score).and_then(|s| s.parse().ok()), set.text_of(vector)))
    };
    let versions = [("BaseScoreV3", "VectorV3"), ("BaseScoreV2", "VectorV2"), ("BaseScore", "Vector")];
    draft.cvss = versions.into_iter().find_map(|(s, v)| score(s, v)).unwrap_or_default();
    if draft.severity == Severity::Unknown && draft.cvss.is_empty() {
        draft.severity = overall;
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    fn of(vulnerabilities: &str) -> Report {
        let text = format!(
            r#"<?xml version="1.0"?><cvrfdoc xmlns="http://www.icasi.org/CVRF/schema/cvrf/1.1" xmlns:p="urn:p"><DocumentTitle>Pay</DocumentTitle>
            <p:ProductTree><p:Branch Type="Product Name" Name="pay"><p:FullProductName ProductID="P1">Pay 1.0</p:FullProductName></p:Branch>
            <p:FullProductName ProductID="P2">Pay 1.1</p:FullProductName></p:ProductTree>{vulnerabilities}</cvrfdoc>"#
        );
        read("c", text.as_bytes(), None)
    }

    #[test]
    fn a_vulnerability_is_a_finding_in_each_product() {
        let report = of(
            r#"<Vulnerability Ordinal="1"><Title>Overflow</Title><Notes><Note Type="Description">It is bad.</Note></Notes><CVE>CVE-2021-9</CVE><CWE ID="CWE-120">x</CWE>
            <ProductStatuses><Status Type="Fixed"><ProductID>P2</ProductID></Status><Status Type="Known Affected"><ProductID>P1</ProductID></Status></ProductStatuses>
            <Threats><Threat Type="Impact"><Description>Important</Description></Threat></Threats>
            <CVSSScoreSets><ScoreSet><BaseScore>5.1</BaseScore><Vector>AV:N/AC:H/Au:N/C:P/I:P/A:P</Vector></ScoreSet></CVSSScoreSets></Vulnerability>"#,
        );
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cvrf-xml", 1, 2));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::High, "CVE-2021-9", "Overflow"));
        assert_eq!((f.package.as_ref().unwrap().name.raw(), &f.cwe[..]), ("Pay 1.0", &[120][..]));
        assert!(f.suppressed.is_none() && report.findings[1].suppressed.as_ref().unwrap().raw().contains("Fixed"));
        assert!(report.classes.is_empty());
    }

    #[test]
    fn an_advisory_about_nothing_is_no_evidence() {
        assert_eq!(of("").status, ReportStatus::NotAssessed);
    }
}
