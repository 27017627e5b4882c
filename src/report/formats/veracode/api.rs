//! The findings of Veracode's API, of all kinds of scans in one list, and the results of its pipeline scan.

use super::{TOOL, joined, severity};
use crate::report::prelude::*;

pub(super) const FINDINGS: Format = Format {
    name: "veracode-findings",
    title: "Veracode findings (JSON of the API)",
    classes: &[Class::Sast, Class::Dast, Class::Sca],
    items: "elements of `findings`",
    severity: "`severity`, 5 (critical) to 0 (info)",
    identity: "application and issue id; of components vulnerability and package",
    checked: "DefectDojo's parser",
    detect: detect_findings,
    parse: parse_findings,
};

pub(super) const PIPELINE: Format = Format {
    name: "veracode-pipeline",
    title: "Veracode pipeline scan (JSON)",
    classes: &[Class::Sast],
    items: "elements of `findings`",
    severity: "`severity`, 5 (critical) to 0 (info)",
    identity: "the hashes of `flaw_match`, else rule and path",
    checked: "written from the tool's documentation; no real file was at hand",
    detect: detect_pipeline,
    parse: parse_pipeline,
};

fn detect_findings(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = |path: &str| doc.at(path).has_all(&["scan_type", "finding_details"]);
    (first("findings.0") || first("_embedded.findings.0") || first("0") || is_empty_answer(doc)).into()
}

/// Whether it is the API's answer where there are no findings: it has links and a page, and nothing embedded.
fn is_empty_answer(doc: &Node<'_>) -> bool {
    let of_findings = doc.at("_links.self.href").text().is_some_and(|l| l.contains("/findings"));
    of_findings && !doc.has("_embedded") && doc.get("page").has("total_elements")
}

fn detect_pipeline(shape: &Shape<'_>) -> Fit {
    (shape.has(&["findings", "pipeline_scan"]) || shape.has(&["findings", "scan_status", "modules"])).into()
}

fn parse_findings(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    let findings = match &doc {
        Node::List(items) => items.as_slice(),
        doc if is_empty_answer(doc) => &[],
        doc if doc.has("_embedded") => doc.results("_embedded.findings")?,
        doc => doc.results("findings")?,
    };
    for finding in findings {
        let class = match finding.get("scan_type").or_empty().to_ascii_uppercase().as_str() {
            "DYNAMIC" | "MANUAL" => Class::Dast,
            "SCA" => Class::Sca,
            "STATIC" => Class::Sast,
            other => return Err(Unreadable(format!("A finding has an unknown kind of scan, \"{other}\"."))),
        };
        reading.assessed(class);
        if finding.at("finding_status.status").or_empty().eq_ignore_ascii_case("CLOSED") {
            reading.passed(1);
        } else {
            reading.add(draft(finding, class));
        }
    }
    reading.page_of(doc.at("page.total_elements").number(), "findings");
    reading.done()
}

fn draft(finding: &Node<'_>, class: Class) -> Draft {
    let details = finding.get("finding_details");
    let mut draft = Draft::new(class);
    draft.severity = severity(details.get("severity").number());
    draft.cwe = details.at("cwe.id").number().filter(|n| *n > 0).into_iter().collect();
    let category = details.at("finding_category.name").text().or(details.at("cwe.name").text());
    category.unwrap_or_default().clone_into(&mut draft.title);
    draft.rule = draft.cwe.first().map_or_else(|| draft.title.clone(), |n| format!("CWE-{n}"));
    draft.say("", finding.get("description").text().map(html::text).as_deref());
    for (heading, key) in [
        ("Attack", "attack_vector"),
        ("Plugin", "plugin"),
        ("Module", "module"),
        ("Function", "procedure"),
        ("URL", "url"),
    ] {
        draft.say(heading, details.get(key).text());
    }
    match class {
        Class::Sca => of_component(&mut draft, details),
        Class::Dast => {
            let url = details.get("url").text().map(|u| u.split(['?', '#']).next().unwrap_or(u).to_owned());
            let place = || Some(format!("{}{}", details.get("hostname").text()?, details.get("path").or_empty()));
            draft.path = url.or_else(place);
            draft.snippet = details.get("vulnerable_parameter").owned();
        }
        _ => {
            let (path, name) = (details.get("file_path").or_empty(), details.get("file_name").or_empty());
            draft.path = Some(if path.is_empty() { name.to_owned() } else { path.to_owned() });
            draft.line = details.get("file_line_number").number();
        }
    }
    // Two flaws may stand in one line and say the same.
    draft.say("Flaw", finding.get("issue_id").text());
    let app = finding.get("context_guid").or_empty();
    draft.native_id = finding.get("issue_id").text().map(|id| format!("{app}:{id}"));
    let status = finding.get("finding_status");
    if status.get("resolution_status").or_empty() == "APPROVED" {
        draft.suppressed = Some(format!("Approved in Veracode: {}.", status.get("resolution").or_empty()));
    }
    draft
}

fn of_component(draft: &mut Draft, details: &Node<'_>) {
    let cve = details.get("cve");
    let id = cve.get("name").or_empty();
    draft.vulnerabilities = words::vulnerability_ids(id);
    let file = details.get("component_filename").or_empty();
    let (name, in_name) = words::archive_parts(file);
    let version = details.get("version").text().or(in_name);
    draft.title = if id.is_empty() { name.to_owned() } else { format!("{id} in {name}") };
    draft.rule = if id.is_empty() { draft.title.clone() } else { id.to_owned() };
    draft.cvss = Cvss::of(cve.at("cvss3.score").score(), vector(cve.at("cvss3.vector").text()).as_deref());
    if draft.cvss.is_empty() {
        draft.cvss = Cvss::of(cve.get("cvss").score(), cve.get("vector").text());
    }
    draft.url = cve.get("href").owned();
    draft.in_package(Some(name), version, None, None);
    let mut paths = details.get("component_path").items().iter().filter_map(|p| p.get("path").text());
    draft.path = paths.next().map(str::to_owned);
    draft.say("Also in", Some(&paths.collect::<Vec<_>>().join("\n")));
    draft.exploited = cve.at("exploitability.exploit_observed").is_true();
    draft.epss = cve.at("exploitability.epss_score").score();
}

/// Vectors of version 3 stand without their name.
pub(super) fn vector(bare: Option<&str>) -> Option<String> {
    bare.map(|v| if v.starts_with("CVSS:") { v.to_owned() } else { format!("CVSS:3.1/{v}") })
}

fn parse_pipeline(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Veracode Pipeline Scan", &[Class::Sast]);
    reading.version(doc.get("pipeline_scan").text());
    for finding in doc.results("findings")? {
        let mut draft = Draft::new(Class::Sast);
        let source = finding.at("files.source_file");
        draft.severity = severity(finding.get("severity").number());
        draft.cwe = finding.get("cwe_id").number().filter(|n| *n > 0).into_iter().collect();
        finding
            .get("issue_type")
            .text()
            .or(finding.get("title").text())
            .unwrap_or_default()
            .clone_into(&mut draft.title);
        draft.rule = match draft.cwe.first() {
            Some(cwe) => format!("CWE-{cwe}"),
            None => finding.get("issue_type_id").text().unwrap_or(&draft.title).to_owned(),
        };
        draft.say("", finding.get("display_text").text().map(html::text).as_deref());
        draft.say("Attack", finding.get("title").text());
        draft.say("Function", source.get("qualified_function_name").text());
        draft.path = Some(joined("", source.get("file").or_empty()));
        draft.line = source.get("line").number();
        draft.url = finding.get("flaw_details_link").owned();
        let hashes = ["procedure_hash", "flaw_hash", "flaw_hash_ordinal"];
        let hashes: Option<Vec<&str>> = hashes.iter().map(|k| finding.get("flaw_match").get(k).text()).collect();
        draft.native_id = hashes.map(|h| h.join(":"));
        reading.add(draft);
    }
    let status = doc.get("scan_status").text().unwrap_or("SUCCESS");
    if !status.eq_ignore_ascii_case("SUCCESS") {
        reading.not_assessed(format!("Veracode's scan ended as {}.", crate::text::line(status)));
    }
    reading.done()
}
