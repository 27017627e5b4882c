//! What the API of Semgrep's platform answers: findings in code, and vulnerabilities of dependencies.

use super::{TOOL, purl, rating};
use crate::report::prelude::*;

pub(super) const FINDINGS: Format = Format {
    name: "semgrep-findings",
    title: "Semgrep platform, findings of a deployment (JSON)",
    classes: &[Class::Sast, Class::Sca, Class::Secret],
    items: "elements of `findings`",
    severity: "`severity`",
    identity: "repository and `match_based_id`; else rule, path and message",
    checked: "written from the tool's documentation; no real file was at hand",
    detect: detect_findings,
    parse: parse_findings,
};

pub(super) const DEPENDENCIES: Format = Format {
    name: "semgrep-sca",
    title: "Semgrep platform, vulnerabilities of dependencies (JSON)",
    classes: &[Class::Sca],
    items: "elements of `vulns`",
    severity: "`advisory.severity`",
    identity: "vulnerability, package and path",
    checked: "DefectDojo's parser",
    detect: detect_dependencies,
    parse: parse_dependencies,
};

fn detect_findings(shape: &Shape<'_>) -> Fit {
    let first = shape.json().at("findings.0");
    (first.has_all(&["match_based_id", "state"]) && (first.has("rule_name") || first.has("rule"))).into()
}

fn detect_dependencies(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = doc.at("vulns.0");
    (first.has_all(&["advisory", "matchedDependency"]) || (first.is_null() && doc.has_all(&["vulns", "hasMore"])))
        .into()
}

fn parse_findings(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    for finding in doc.results("findings")? {
        // `status` is the newer name; what is fixed is not there any more.
        let states = || ["status", "state"].iter().filter_map(|k| finding.get(k).text());
        if states().any(|s| matches!(s, "fixed" | "removed")) {
            reading.passed(1);
            continue;
        }
        reading.add(found(finding));
    }
    reading.done()
}

fn found(finding: &Node<'_>) -> Draft {
    let rule = finding.get("rule_name").text().or(finding.at("rule.name").text()).unwrap_or_default();
    let message = finding.get("rule_message").text().or(finding.at("rule.message").text());
    let dependency = finding.get("found_dependency");
    let mut draft = Draft::new(match () {
        () if dependency.is_object() => Class::Sca,
        () if rule.split('.').any(|part| part == "secrets") => Class::Secret,
        () => Class::Sast,
    });
    rule.clone_into(&mut draft.rule);
    draft.severity = rating(finding.get("severity").or_empty());
    message.unwrap_or(rule).clone_into(&mut draft.title);
    draft.say("", message);
    // The answer is of all repositories.
    draft.say("Repository", finding.at("repository.name").text());
    draft.path = finding.at("location.file_path").owned();
    draft.line = finding.at("location.line").number();
    draft.column = finding.at("location.column").number();
    // The id is made of rule, path and code, which several repositories may have in common.
    let repository = finding.at("repository.name").text().map(|name| format!("{name}:")).unwrap_or_default();
    draft.native_id = finding.get("match_based_id").text().map(|id| format!("{repository}{id}"));
    draft.confidence = finding.get("confidence").owned();
    draft.cwe = finding.at("rule.cwe_names").texts().flat_map(words::cwe_numbers).collect();
    draft.url = finding.get("line_of_code_url").owned();
    draft.vulnerabilities = words::vulnerability_ids(finding.get("vulnerability_identifier").or_empty());
    let (name, version) = (dependency.get("package").text(), dependency.get("version").text());
    let purl = name.and_then(|n| purl(dependency.get("ecosystem").or_empty(), n, version));
    draft.in_package(name, version, purl.as_deref(), None);
    let triage = finding.get("triage_state").or_empty();
    if matches!(triage, "ignored" | "false_positive" | "acceptable_risk") {
        let words: Vec<&str> =
            ["triage_state", "triage_reason", "triage_comment"].iter().filter_map(|k| finding.get(k).text()).collect();
        draft.suppressed = Some(words.join(": "));
    }
    draft
}

fn parse_dependencies(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for vulnerability in doc.results("vulns")? {
        reading.add(vulnerable(vulnerability));
    }
    if doc.get("hasMore").is_true() {
        reading
            .incomplete("This is one page of several: the platform has more vulnerabilities than stand in the file.");
    }
    reading.done()
}

fn vulnerable(item: &Node<'_>) -> Draft {
    let advisory = item.get("advisory");
    let mut draft = Draft::new(Class::Sca);
    let ids = advisory.at("references.cveIds").texts();
    draft.vulnerabilities = ids.flat_map(words::vulnerability_ids).collect();
    draft.rule = match draft.vulnerabilities.as_slice() {
        [one] => one.clone(),
        _ => advisory.get("ruleId").or_empty().to_owned(),
    };
    draft.severity = rating(advisory.get("severity").or_empty());
    item.get("title").text().or(advisory.get("title").text()).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", advisory.get("description").text());
    draft.say("Reachable if", advisory.get("reachableIf").text());
    draft.say("Exposure", item.get("exposureType").text());
    // The answer is of all repositories.
    draft.say("Repository", item.get("repositoryName").text());
    draft.cwe = advisory.at("references.cweIds").texts().flat_map(words::cwe_numbers).collect();
    draft.url = advisory.at("references.urls").texts().next().map(str::to_owned);
    draft.path = item.at("dependencyFileLocation.path").owned();
    draft.line = item.at("dependencyFileLocation.startLine").number();
    let (name, version) =
        (item.at("matchedDependency.name").text(), item.at("matchedDependency.versionSpecifier").text());
    let safe = item.get("closestSafeDependency");
    let fixed = safe.get("versionSpecifier").text().filter(|_| safe.get("name").text() == name);
    // The advisory's ecosystem may be that of another package of the same name.
    draft.in_package(name, version, None, fixed);
    let triage = item.get("triage");
    if matches!(triage.get("status").or_empty(), "IGNORED" | "DISMISSED") {
        let reason = triage.get("dismissReason").text().filter(|r| *r != "UNKNOWN_REASON").unwrap_or("no reason given");
        draft.suppressed = Some(format!("Dismissed: {reason}"));
    }
    draft
}
