//! `OpenVEX`: statements of a supplier about vulnerabilities in products. A statement about several products is a finding in
//! each; what a statement says is no matter stays a finding, marked as suppressed.

use super::sbom::{self, Component};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "openvex-json",
    title: "OpenVEX 0.0 and 0.2, also in an in-toto statement",
    classes: &[Class::Sca, Class::Container],
    items: "elements of `statements`",
    severity: "unknown: OpenVEX has none",
    identity: "vulnerability, product and subcomponent",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = sbom::unwrapped(shape.json());
    doc.get("@context").texts().any(|c| c.contains("openvex.dev")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let doc = sbom::unwrapped(&doc);
    // What is said of known vulnerabilities is no evidence that anybody looked for others.
    let mut reading = Reading::new(input, doc.get("tooling").text().unwrap_or("OpenVEX"), &[]);
    let statements = doc.results("statements")?;
    if statements.is_empty() {
        reading.not_assessed("The VEX document makes no statement about any vulnerability.");
    }
    for statement in statements {
        if !statement.is_object() {
            return Err(Unreadable(format!("A statement has to be an object, and is {}.", statement.kind())));
        }
        let mut drafts = places(statement).into_iter().map(|place| draft(statement, place.as_ref()));
        if let Some(first) = drafts.next() {
            reading.add(first);
        }
        drafts.for_each(|d| reading.more(d));
    }
    reading.done()
}

/// The components that a statement is about, each in its product. Never empty.
fn places(statement: &Node<'_>) -> Vec<Option<Component>> {
    let mut out = Vec::new();
    for product in statement.get("products").items() {
        let own = [product.get("subcomponents"), statement.get("subcomponents")];
        let inner = own.into_iter().find(|s| !s.items().is_empty()).map(Node::items).unwrap_or_default();
        let of = component(product);
        if inner.is_empty() {
            out.push(Some(of));
        } else {
            // The version of the product is no part of the place: it is another in the next document.
            let place = of.purl.as_deref().map_or(of.name.as_str(), |p| p.rsplit_once('@').map_or(p, |(head, _)| head));
            out.extend(inner.iter().map(|s| Some(Component { path: Some(place.to_owned()), ..component(s) })));
        }
    }
    if out.is_empty() {
        out.push(None);
    }
    out
}

/// A product or a subcomponent: an id, or an object with one.
fn component(node: &Node<'_>) -> Component {
    let ids = [node.at("identifiers.purl"), node.get("@id"), node.get("id"), node.at("identifiers.cpe23"), node];
    Component::of_id(ids.into_iter().find_map(Node::text).unwrap_or_default())
}

fn draft(statement: &Node<'_>, component: Option<&Component>) -> Draft {
    let vulnerability = statement.get("vulnerability");
    let names = [vulnerability.get("name"), vulnerability, vulnerability.get("@id")];
    let id = names.into_iter().find_map(Node::text).unwrap_or_default();
    let link = vulnerability.get("@id").text();
    let aliases = vulnerability.get("aliases").texts().chain(link);
    let mut draft = sbom::draft(id, aliases, component);
    draft.url = link.filter(|l| l.starts_with("http")).map(str::to_owned);
    draft.say("", vulnerability.get("description").text().or(statement.get("vuln_description").text()));
    let status = statement.get("status").or_empty();
    let mut said = status.to_owned();
    if let Some(why) = statement.get("justification").text() {
        said.push_str(&format!(" ({why})"));
    }
    if let Some(impact) = statement.get("impact_statement").text() {
        said.push_str(&format!(": {impact}"));
    }
    draft.say("Status", Some(&said));
    draft.say("Notes", statement.get("status_notes").text());
    draft.say("Action", statement.get("action_statement").text());
    if matches!(status, "not_affected" | "fixed") {
        draft.suppressed = Some(said);
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_statement_is_a_finding_in_each_component() {
        let text = br#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "statements": [
          {"vulnerability": {"@id": "https://nvd.example/CVE-2024-1", "name": "CVE-2024-1", "aliases": ["GHSA-aaaa-bbbb-cccc"]},
           "products": [{"@id": "pkg:oci/pay@sha256%3Aab", "subcomponents": [{"@id": "pkg:deb/debian/a@1"}, {"@id": "pkg:npm/b@2"}]}],
           "status": "not_affected", "justification": "component_not_present", "impact_statement": "not shipped"},
          {"vulnerability": "CVE-2024-2", "products": ["pkg:npm/c@3"], "status": "under_investigation"}]}"#;
        let report = read("v.json", text, None);
        assert_eq!((report.format, report.status, report.raw_items), ("openvex-json", ReportStatus::Ok, 2));
        assert!(report.classes.is_empty());
        let [a, b, c] = report.findings.as_slice() else { panic!("three findings") };
        assert_eq!((a.class, b.class, a.place().as_str()), (Class::Container, Class::Sca, "pkg:oci/pay"));
        assert_eq!(a.suppressed.as_ref().unwrap().raw(), "not_affected (component_not_present): not shipped");
        assert_eq!((a.vulnerabilities.len(), a.severity), (2, Severity::Unknown));
        assert_eq!((c.title.raw(), c.suppressed.is_none()), ("CVE-2024-2 in c", true));
    }

    #[test]
    fn no_statement_is_not_assessed() {
        let of = |rest: &str| {
            read("v", format!(r#"{{"@context": "https://openvex.dev/ns"{rest}}}"#).as_bytes(), None).status
        };
        assert_eq!(of(r#", "statements": []"#), ReportStatus::NotAssessed);
        assert_eq!(of(""), ReportStatus::Error);
        assert_eq!(of(r#", "statements": [1]"#), ReportStatus::Error);
        assert_eq!(of(r#", "statements": [{"status": "affected"}]"#), ReportStatus::Ok);
    }
}
