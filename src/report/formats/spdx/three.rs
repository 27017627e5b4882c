//! SPDX 3.0: a graph of elements. Vulnerabilities are elements; relationships say which packages they are in, how bad they
//! are, and what was found of them.

use std::collections::{BTreeMap, HashMap};

use super::{Package, creator, report};
use crate::report::formats::sbom::{self, Component};
use crate::report::prelude::*;

pub(super) fn detect(shape: &Shape<'_>) -> Fit {
    let doc = sbom::unwrapped(shape.json());
    (doc.has("@graph") && doc.get("@context").texts().any(|c| c.contains("spdx.org/rdf/"))).into()
}

pub(super) fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let graph = sbom::unwrapped(&doc).results("@graph")?;
    let mut reading = Reading::new(input, "SPDX", &[]);
    let tool = graph.iter().find(|e| kind(e) == "Tool").and_then(|t| t.get("name").text());
    creator(&mut reading, tool.map(|t| format!("Tool: {t}")).as_deref());
    let packages: Vec<Package> = graph.iter().filter(|e| kind(e) == "Package").map(package).collect();
    let of_id: HashMap<&str, &Component> = graph
        .iter()
        .filter(|e| kind(e) == "Package")
        .zip(&packages)
        .map(|(element, package)| (id(element), &package.component))
        .collect();
    let vulnerabilities: Vec<&Node<'_>> = graph.iter().filter(|e| kind(e) == "Vulnerability").collect();
    if vulnerabilities.is_empty() {
        report(&mut reading, &packages);
        return reading.done();
    }
    let said = Said::of(graph);
    for vulnerability in vulnerabilities {
        let places = said.places.get(id(vulnerability));
        let mut drafts = places.into_iter().flatten().map(|(place, state)| {
            let component = of_id.get(place).map_or_else(|| Component::of_id(place), |c| (*c).clone());
            draft(vulnerability, Some(&component), *state, &said)
        });
        match drafts.next() {
            Some(first) => reading.add(first),
            None => reading.add(draft(vulnerability, None, None, &said)),
        }
        drafts.for_each(|d| reading.more(d));
    }
    if packages.iter().any(|p| !p.links.is_empty()) {
        report(&mut reading, &packages);
    }
    reading.done()
}

/// The type of an element without the name of its profile: `software_Package`.
fn kind<'n>(element: &'n Node<'_>) -> &'n str {
    let kind = element.get("type").text().or(element.get("@type").text()).unwrap_or_default();
    kind.rsplit(['_', '/', ':']).next().unwrap_or_default()
}

fn id<'n>(element: &'n Node<'_>) -> &'n str {
    element.get("spdxId").text().or(element.get("@id").text()).unwrap_or_default()
}

/// A field, with or without the name of the profile that it is of.
fn field<'n, 'a>(element: &'n Node<'a>, name: &str) -> &'n Node<'a> {
    let plain = element.get(name);
    if !plain.is_null() {
        return plain;
    }
    let profiled = element.get(&format!("security_{name}"));
    if profiled.is_null() {
        element.entries().iter().find(|(k, _)| k == &format!("software_{name}")).map_or(plain, |(_, v)| v)
    } else {
        profiled
    }
}

/// The ids of an element in other catalogues.
fn identifiers<'n>(element: &'n Node<'_>, kind: &'static str) -> impl Iterator<Item = &'n str> {
    let all = element.get("externalIdentifier").items().iter();
    all.filter(move |i| kind.is_empty() || i.get("externalIdentifierType").text() == Some(kind))
        .filter_map(|i| i.get("identifier").text())
}

fn package(element: &Node<'_>) -> Package {
    let purl = field(element, "packageUrl").text().or_else(|| identifiers(element, "packageUrl").next());
    let component = Component {
        name: element.get("name").or_empty().to_owned(),
        version: field(element, "packageVersion").owned(),
        purl: purl.map(str::to_owned),
        path: None,
    };
    let mut package = Package { component, links: Vec::new() };
    for link in element.get("externalRef").items() {
        let kind = match link.get("externalRefType").or_empty() {
            "securityAdvisory" => "advisory",
            "securityFix" => "fix",
            "vulnerabilityDisclosureReport" | "vulnerabilityExploitabilityAssessment" | "securityOther" => "url",
            _ => continue,
        };
        for locator in link.get("locator").texts() {
            package.refer("SECURITY", kind, locator, link.get("comment").text());
        }
    }
    package
}

/// What relationships say of vulnerabilities, by their ids.
#[derive(Default)]
struct Said<'n, 'a> {
    /// The elements that a vulnerability is in, with what an analysis says of it there.
    places: HashMap<&'n str, BTreeMap<&'n str, Option<&'n Node<'a>>>>,
    assessments: HashMap<&'n str, Vec<&'n Node<'a>>>,
}

impl<'n, 'a> Said<'n, 'a> {
    fn of(graph: &'n [Node<'a>]) -> Self {
        let mut said = Self::default();
        for relation in graph.iter().filter(|e| kind(e).ends_with("Relationship")) {
            let from = relation.get("from").or_empty();
            let is_vex = kind(relation).starts_with("Vex");
            match relation.get("relationshipType").or_empty() {
                "hasAssociatedVulnerability" => {
                    for vulnerability in relation.get("to").texts() {
                        said.places.entry(vulnerability).or_default().entry(from).or_insert(None);
                    }
                }
                "affects" | "doesNotAffect" | "fixedIn" | "underInvestigationFor" => {
                    for place in relation.get("to").texts() {
                        let state = said.places.entry(from).or_default().entry(place).or_insert(None);
                        if is_vex || state.is_none() {
                            *state = Some(relation);
                        }
                    }
                }
                _ if kind(relation).ends_with("VulnAssessmentRelationship") => {
                    said.assessments.entry(from).or_default().push(relation);
                    // An assessment is of a vulnerability in certain packages.
                    for place in relation.get("to").texts() {
                        said.places.entry(from).or_default().entry(place).or_insert(None);
                    }
                }
                _ => {}
            }
        }
        said
    }
}

fn draft(element: &Node<'_>, component: Option<&Component>, state: Option<&Node<'_>>, said: &Said<'_, '_>) -> Draft {
    let name = element.get("name").text();
    let best = identifiers(element, "cve").chain(identifiers(element, "securityOther")).next();
    let mut draft =
        sbom::draft(best.or(name).unwrap_or_else(|| id(element)), identifiers(element, "").chain(name), component);
    draft.say("", element.get("summary").text());
    draft.say("", element.get("description").text());
    for assessment in said.assessments.get(id(element)).into_iter().flatten() {
        let kind = kind(assessment);
        if kind.starts_with("Cvss") {
            let cvss = Cvss::of(field(assessment, "score").score(), field(assessment, "vectorString").text());
            if draft.cvss.is_empty() || kind.starts_with("CvssV3") || kind.starts_with("CvssV4") {
                draft.cvss = cvss;
                draft.rated(field(assessment, "severity").text());
            }
        } else if kind.starts_with("Epss") {
            draft.epss = field(assessment, "probability").score();
        } else if kind.starts_with("ExploitCatalog") {
            draft.exploited |= field(assessment, "exploited").is_true();
        }
    }
    if let Some(state) = state {
        let mut words = state.get("relationshipType").or_empty().to_owned();
        if let Some(why) = field(state, "justificationType").text() {
            words.push_str(&format!(" ({})", why.rsplit('/').next().unwrap_or(why)));
        }
        if let Some(impact) = field(state, "impactStatement").text() {
            words.push_str(&format!(": {impact}"));
        }
        draft.say("Status", Some(&words));
        draft.say("Action", field(state, "actionStatement").text());
        if matches!(state.get("relationshipType").or_empty(), "doesNotAffect" | "fixedIn") {
            draft.suppressed = Some(words);
        }
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const BEGIN: &str = r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "software_Package", "spdxId": "u:p", "name": "ssl", "software_packageVersion": "3.0", "software_packageUrl": "pkg:npm/ssl@3.0"}"#;

    #[test]
    fn vulnerabilities_are_findings_in_their_packages() {
        let text = format!(
            r#"{BEGIN}, {{"type": "security_Vulnerability", "spdxId": "u:v", "summary": "Overflow", "externalIdentifier": [
              {{"type": "ExternalIdentifier", "externalIdentifierType": "cve", "identifier": "CVE-2024-1"}}]}},
            {{"type": "security_CvssV3VulnAssessmentRelationship", "spdxId": "u:a", "relationshipType": "hasAssessmentFor",
              "from": "u:v", "to": ["u:p"], "security_score": 7.5, "security_severity": "high",
              "security_vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
            {{"type": "security_VexNotAffectedVulnAssessmentRelationship", "relationshipType": "doesNotAffect", "from": "u:v",
              "to": ["u:p"], "security_justificationType": "componentNotPresent"}}]}}"#
        );
        let report = read("s", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("spdx3-json", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.title.raw(), f.severity), ("CVE-2024-1 in ssl", Severity::High));
        assert_eq!(f.suppressed.as_ref().unwrap().raw(), "doesNotAffect (componentNotPresent)");
        assert_eq!(f.package.as_ref().unwrap().version.as_ref().unwrap().raw(), "3.0");
    }

    #[test]
    fn packages_alone_are_no_assessment() {
        assert_eq!(read("s", format!("{BEGIN}]}}").as_bytes(), None).status, ReportStatus::NotAssessed);
        let odd = r#"{"@context": "https://spdx.org/rdf/3.0.1/c", "@graph": {}}"#;
        assert_eq!(read("s", odd.as_bytes(), None).status, ReportStatus::Error);
    }
}
