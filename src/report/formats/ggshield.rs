//! ggshield (`GitGuardian`): JSON of its scans for secrets, of infrastructure as code, and of dependencies.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "ggshield";

/// How deep scans lie in scans.
const DEPTH: usize = 8;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "ggshield-iac-json",
        title: "ggshield iac scan JSON",
        classes: &[Class::Iac],
        items: "incidents of all files",
        severity: "`severity`",
        identity: "policy, path and component",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_iac,
        parse: parse_iac,
    },
    Format {
        name: "ggshield-sca-json",
        title: "ggshield sca scan JSON",
        classes: &[Class::Sca],
        items: "vulnerabilities of all packages",
        severity: "`severity`",
        identity: "vulnerability, package and path",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_sca,
        parse: parse_sca,
    },
    Format {
        name: "ggshield-secret-json",
        title: "ggshield secret scan JSON",
        classes: &[Class::Secret],
        items: "occurrences of the incidents of all files and commits",
        severity: "GitGuardian rates nothing here: critical where the secret is valid, else high, as every leaked secret",
        identity: "`ignore_sha` with the path",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let scan = shape.has(&["type", "total_incidents"]);
    let of_secrets = ["total_occurrences", "secrets_engine_version"].iter().any(|k| shape.has(&[k]));
    (scan && of_secrets && !is_iac(shape)).into()
}

fn detect_iac(shape: &Shape<'_>) -> Fit {
    is_iac(shape).into()
}

fn is_iac(shape: &Shape<'_>) -> bool {
    let doc = shape.json();
    let entities = doc.get("entities_with_incidents");
    let first =
        [entities.at("0.incidents.0"), entities.at("new.0.incidents.0"), entities.at("unchanged.0.incidents.0")];
    doc.has("iac_engine_version") || first.iter().any(|f| f.has("policy_id"))
}

fn detect_sca(shape: &Shape<'_>) -> Fit {
    (shape.has(&["scanned_files"]) && (shape.has(&["found_package_vulns"]) || shape.has(&["added_vulns"]))).into()
}

fn object<'n, 't>(node: &'n Node<'t>, what: &str) -> Result<&'n Node<'t>, Unreadable> {
    if node.is_object() {
        Ok(node)
    } else {
        Err(Unreadable(format!("{what} has to be an object, and is {}.", node.kind())))
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    if doc.get("scans").is_list() && doc.get("scans").items().is_empty() {
        reading.not_assessed("ggshield looked at nothing: the scan has no parts.");
    }
    scan(&doc, &mut reading, DEPTH)?;
    let said = doc.get("total_occurrences").number().unwrap_or(0);
    if reading.items() == 0 && said > 0 {
        return Err(Unreadable(format!("The scan says that it has {said} occurrences, and lists none.")));
    }
    reading.done()
}

/// A scan has incidents by file, or scans of commits or layers, which have.
fn scan(scan_of: &Node<'_>, reading: &mut Reading<'_>, depth: usize) -> Result<(), Unreadable> {
    // Before version 1.11 they were called results.
    for list in ["entities_with_incidents", "results"] {
        for file in scan_of.results_or_none(list)? {
            for incident in object(file, "A file")?.results_or_none("incidents")? {
                incidents(object(incident, "An incident")?, file, scan_of, reading);
            }
        }
    }
    if depth > 0 {
        for inner in scan_of.results_or_none("scans")? {
            scan(object(inner, "A scan")?, reading, depth - 1)?;
        }
    }
    Ok(())
}

/// The matches of one occurrence stand one after another: an id and its secret.
fn incidents(incident: &Node<'_>, file: &Node<'_>, scan: &Node<'_>, reading: &mut Reading<'_>) {
    let matches = incident.get("occurrences").items();
    let said = incident.get("total_occurrences").number().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let each = matches.len().checked_div(said).filter(|each| *each > 0 && each * said == matches.len()).unwrap_or(1);
    for occurrence in matches.chunks(each) {
        reading.add(draft(incident, occurrence, file, scan));
    }
    if matches.is_empty() {
        reading.add(draft(incident, &[], file, scan));
    }
}

fn draft(incident: &Node<'_>, matches: &[Node<'_>], file: &Node<'_>, scan: &Node<'_>) -> Draft {
    let kind = ["type", "detector", "break_type"].iter().find_map(|k| incident.get(k).text()).unwrap_or_default();
    let validity = incident.get("validity").text();
    let mut draft = leak::draft(kind, validity == Some("valid"));
    draft.path = file.get("filename").owned();
    draft.title = format!("{kind} in {}", draft.path.as_deref().unwrap_or("the scan"));
    draft.detail.clone_from(&draft.title);
    draft.say("Validity", validity.map(|v| v.replace('_', " ")).as_deref());
    let (about, id) = (scan.get("extra_info"), scan.get("id").text());
    let id = id.filter(|_| scan.get("type").text() == Some("commit"));
    leak::commit(&mut draft, id, about.get("author").text(), about.get("date").text());
    if incident.get("known_secret").is_true() {
        draft.say("", Some("GitGuardian knows this secret already."));
    }
    draft.url = incident.get("incident_url").owned();
    draft.confidence = validity.map(|v| v.replace('_', " "));
    let lines = ["post_line_start", "line_start", "pre_line_start"];
    draft.line = matches.iter().find_map(|m| lines.iter().find_map(|k| m.get(k).number()));
    let texts: Vec<&str> = matches.iter().filter_map(|m| m.get("match").text()).collect();
    draft.snippet = Some(texts.iter().map(|t| words::covered(t)).collect::<Vec<_>>().join("\n"));
    draft.secret = Some(texts.join("\n"));
    leak::identify(&mut draft, incident.get("ignore_sha").text());
    let reason = incident.get("ignore_reason");
    if !reason.is_null() {
        let words = [reason.get("kind"), reason.get("detail"), reason].into_iter().filter_map(Node::text);
        draft.suppressed = Some(format!("Ignored by ggshield: {}", words.collect::<Vec<_>>().join(", ")));
    }
    draft
}

fn parse_iac(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    reading.version(doc.get("iac_engine_version").text());
    let files = doc.get("entities_with_incidents");
    // Of a comparison, what is new and what was there before; what is gone holds nothing against the release.
    let lists: &[&str] = if files.is_object() { &["new", "unchanged"] } else { &[""] };
    for list in lists {
        let files = if list.is_empty() {
            doc.results_or_none("entities_with_incidents")?
        } else {
            files.results_or_none(list)?
        };
        for file in files {
            for incident in object(file, "A file")?.results("incidents")? {
                reading.add(policy(object(incident, "An incident")?, file));
            }
        }
    }
    reading.done()
}

fn policy(incident: &Node<'_>, file: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.rated(incident.get("severity").text());
    incident.get("policy_id").text().or(incident.get("policy").text()).unwrap_or_default().clone_into(&mut draft.rule);
    incident.get("policy").text().unwrap_or(&draft.rule).clone_into(&mut draft.title);
    incident.get("description").or_empty().clone_into(&mut draft.detail);
    draft.path = file.get("filename").owned();
    draft.line = incident.get("line_start").number();
    draft.logical = incident.get("component").owned();
    draft.url = incident.get("documentation_url").owned();
    draft.suppressed = ignored(incident);
    draft
}

fn ignored(incident: &Node<'_>) -> Option<String> {
    let until = incident.get("ignored_until").text().map(|u| format!(" until {u}"));
    let said =
        until.is_some() || incident.get("status").text().is_some_and(|s| s.to_ascii_lowercase().starts_with("ignored"));
    said.then(|| format!("Ignored in GitGuardian{}", until.unwrap_or_default()))
}

fn parse_sca(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let list = if doc.has("found_package_vulns") { "found_package_vulns" } else { "added_vulns" };
    for place in doc.results(list)? {
        for package in object(place, "A place")?.results("package_vulns")? {
            for vulnerability in object(package, "A package")?.results("vulns")? {
                reading.add(dependency(object(vulnerability, "A vulnerability")?, package, place));
            }
        }
    }
    if reading.items() == 0 && doc.get("scanned_files").is_list() && doc.get("scanned_files").items().is_empty() {
        reading.not_assessed("ggshield found no files of dependencies to look at.");
    }
    reading.done()
}

fn dependency(vulnerability: &Node<'_>, package: &Node<'_>, place: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    draft.rated(vulnerability.get("severity").text());
    let cves = vulnerability.get("cve_ids");
    let id = vulnerability.get("identifier").text().or_else(|| cves.texts().next()).unwrap_or_default();
    id.clone_into(&mut draft.rule);
    vulnerability.get("summary").text().unwrap_or(id).clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    draft.vulnerabilities = cves.texts().chain([id]).flat_map(words::vulnerability_ids).collect();
    let fixed = vulnerability.get("fixed_version").text();
    draft.in_package(package.get("package_full_name").text(), package.get("version").text(), None, fixed);
    draft.path = place.get("location").owned();
    draft.url = vulnerability.get("url").owned();
    draft.suppressed = ignored(vulnerability);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn occurrences_of_secrets_are_findings() {
        let text = r#"{"id": "a..b", "type": "commit-range", "total_incidents": 1, "total_occurrences": 2, "scans": [
            {"id": "c1c1", "type": "commit", "extra_info": {"author": "Ann", "date": "d"}, "total_incidents": 1, "entities_with_incidents": [
              {"mode": "NEW", "filename": "a/k.py", "incidents": [{"policy": "Secrets detection", "type": "AWS Keys", "validity": "valid",
               "ignore_sha": "5ha", "total_occurrences": 2, "incident_url": "", "occurrences": [
                {"match": "AKIA**12", "type": "client_id", "line_start": 3}, {"match": "se****et", "type": "client_secret", "line_start": 4},
                {"match": "AKIA**12", "type": "client_id", "line_start": 9}, {"match": "se****et", "type": "client_secret", "line_start": 10}]}]}]}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("ggshield-secret-json", 2));
        let lines: Vec<_> = report.findings.iter().map(|f| f.location.line).collect();
        assert_eq!(lines, [Some(3), Some(9)]);
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw()), (Severity::Critical, "AWS Keys"));
        assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "5ha:a/k.py");
        let empty = r#"{"id": "x", "type": "path_scan", "total_incidents": 0, "total_occurrences": 0}"#;
        assert_eq!(read("r", empty.as_bytes(), None).status, ReportStatus::Empty);
        let hidden = empty.replace("occurrences\": 0", "occurrences\": 1");
        assert_eq!(read("r", hidden.as_bytes(), None).status, ReportStatus::Error);
        let nothing =
            r#"{"id": "x", "type": "commit-range", "scans": [], "total_incidents": 0, "total_occurrences": 0}"#;
        assert_eq!(read("r", nothing.as_bytes(), None).status, ReportStatus::NotAssessed);
    }

    #[test]
    fn policies_and_dependencies_are_read() {
        let iac = r#"{"id": "/x", "type": "path_scan", "iac_engine_version": "1.20", "total_incidents": 1, "entities_with_incidents": [{
            "filename": "m.tf", "incidents": [{"policy": "Open egress", "policy_id": "GG_IAC_0002", "line_start": 8, "line_end": 9,
            "description": "It is open.", "component": "aws_sg.allow", "severity": "HIGH", "documentation_url": "https://d.example"}]}]}"#;
        let report = read("r", iac.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!(
            (report.format, f.severity, f.rule.raw(), f.place().as_str()),
            ("ggshield-iac-json", Severity::High, "GG_IAC_0002", "m.tf:8")
        );
        let sca = r#"{"scanned_files": ["Pipfile.lock"], "found_package_vulns": [{"location": "Pipfile.lock", "package_vulns": [{
            "package_full_name": "tensorflow", "version": "2.5.0", "ecosystem": "pypi", "vulns": [{"severity": "medium", "summary": "Overflow.",
            "cve_ids": ["CVE-2022-23568"], "identifier": "GHSA-1234-5678-9abc", "fixed_version": "2.5.3"}]}]}]}"#;
        let report = read("r", sca.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.vulnerabilities.len()), ("ggshield-sca-json", Severity::Medium, 2));
        assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "2.5.3");
        let none = r#"{"scanned_files": [], "found_package_vulns": []}"#;
        assert_eq!(read("r", none.as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(
            read(
                "r",
                sca.replace("\"vulns\": [{", "\"vulns\": {\"x\": [{").replace("}]}]}]}", "}]}}]}]}").as_bytes(),
                None
            )
            .status,
            ReportStatus::Error
        );
    }
}
