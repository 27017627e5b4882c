//! `GitGuardian` without ggshield: what its API answers to a scan (`policy_breaks`), and lists of files with their incidents as
//! scripts around it save them.

use super::leak;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "gitguardian-json",
    title: "GitGuardian API: scans of contents",
    classes: &[Class::Secret],
    items: "places of each policy break or incident",
    severity: "`severity`; else critical where the secret is valid, else high, as every leaked secret",
    identity: "detector, path and secret",
    checked: "the API's documentation; the samples of Jenkins' Warnings plugin",
    detect,
    parse,
}];

/// What the incidents of a file are called.
const INCIDENTS: [&str; 5] = ["policy_breaks", "incidents", "secrets", "matches", "policies"];
/// What the places of an incident are called.
const PLACES: [&str; 3] = ["occurrences", "matches", "breaks"];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = if doc.is_list() { doc.at("0") } else { doc };
    let paths = doc.at("scanned_paths.0");
    (first.has("policy_break_count") && first.get("policy_breaks").is_list()
        || doc.is_list() && first.has("filename") && first.get("secrets").is_list()
        || paths.has("path") && (paths.get("incidents").is_list() || paths.get("policies").is_list()))
    .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "GitGuardian", &[Class::Secret]);
    let files = match &doc {
        Node::List(files) => files.as_slice(),
        one => std::slice::from_ref(one),
    };
    for file in files {
        read_file(file.object()?, &mut reading)?;
    }
    for file in doc.results_or_none("scanned_paths")? {
        read_file(file.object()?, &mut reading)?;
    }
    reading.done()
}

fn read_file(file: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    // The API names all policies that it looked at, in words.
    let policies = file.get("policies").items().iter().all(|p| p.text().is_some());
    for list in INCIDENTS.iter().filter(|list| **list != "policies" || !policies) {
        for incident in file.results_or_none(list)? {
            let incident = incident.object()?;
            let places =
                PLACES.iter().map(|p| incident.get(p)).find(|p| p.is_list()).map(Node::items).unwrap_or_default();
            for place in places {
                reading.add(draft(place.object()?, incident, file));
            }
            if places.is_empty() {
                reading.add(draft(incident, incident, file));
            }
        }
    }
    Ok(())
}

fn draft(place: &Node<'_>, incident: &Node<'_>, file: &Node<'_>) -> Draft {
    let of = |keys: &[&str]| keys.iter().find_map(|k| incident.get(k).text());
    let kind = of(&["detector_name", "detector", "type", "break_type", "name", "policy"]).unwrap_or("secret");
    let validity = incident.get("validity").text();
    let mut draft = leak::draft(kind, validity == Some("valid"));
    let severity = place.get("severity").text().or(incident.get("severity").text());
    if severity.is_some() {
        draft.rated(severity);
    }
    let path = |of: &Node<'_>| of.get("filename").owned().or_else(|| of.get("path").owned());
    draft.path = path(incident).or_else(|| path(file));
    draft.title = format!("{kind} in {}", draft.path.as_deref().unwrap_or("the content"));
    draft.say("", place.get("message").text().or(of(&["message", "description"])));
    draft.say("Validity", validity.map(|v| v.replace('_', " ")).as_deref());
    draft.confidence = validity.map(|v| v.replace('_', " ")).or_else(|| incident.get("confidence").owned());
    draft.line = ["line_start", "line"].iter().find_map(|k| place.get(k).number());
    leak::quote(&mut draft, place.get("match").text());
    draft.url = incident.get("incident_url").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn breaks_of_the_api_are_findings_and_show_no_secret() {
        let text = r#"[{"policy_break_count": 1, "policies": ["Secrets detection"], "filename": "a.py", "policy_breaks": [{"type": "Google API Key",
            "policy": "Secrets detection", "validity": "valid", "matches": [{"type": "apikey", "match": "AIzaNotReal0123", "line_start": 3}]}]},
            {"policy_break_count": 0, "policies": ["Secrets detection"], "policy_breaks": []}]"#;
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("gitguardian-json", 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Secret, Severity::Critical, "a.py:3"));
        assert!(!format!("{f:?}").contains("AIzaNotReal0123"));
        let none = r#"{"policy_break_count": 0, "policies": [], "policy_breaks": []}"#;
        assert_eq!(read("g", none.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn files_with_incidents_of_either_kind() {
        let paths = r#"{"scanned_paths": [{"path": "a.py", "incidents": [{"detector_name": "Token", "severity": "medium", "line_start": 2}]},
            {"path": "b.tf", "policies": [{"name": "AWS key", "breaks": [{"message": "Key", "line": 7}]}]}],
            "incidents": [{"filename": "c.md", "type": "Password", "line_start": 1}]}"#;
        let list = r#"[{"filename": "a.yml", "secrets": [{"policy": "Slack", "occurrences": [{"line_start": 8, "match": "x-****"}]}]},
            {"path": "b.sh", "matches": [{"detector": "Private Key", "message": "Found"}]}]"#;
        let places = |text: &str| {
            let report = read("g", text.as_bytes(), None);
            assert_eq!(report.format, "gitguardian-json");
            report.findings.iter().map(|f| (f.place(), f.severity)).collect::<Vec<_>>()
        };
        let of = |all: &[(&str, Severity)]| all.iter().map(|(p, s)| ((*p).to_owned(), *s)).collect::<Vec<_>>();
        let high = Severity::High;
        assert_eq!(places(paths), of(&[("c.md:1", high), ("a.py:2", Severity::Medium), ("b.tf:7", high)]));
        assert_eq!(places(list), of(&[("a.yml:8", high), ("b.sh", high)]));
    }
}
