//! OSS Review Toolkit: the evaluated model of its reporter (tables that refer to each other by number), and the result of
//! its evaluator or advisor.

use std::collections::HashMap;

use super::kubernetes;
use crate::report::prelude::*;
use crate::report::shape::Form;

const TOOL: &str = "ORT";
const SEVERITY: &str = "of violations: ERROR is high, WARNING medium, HINT info; of vulnerabilities: rating or CVSS";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "ort-evaluated-json",
        title: "OSS Review Toolkit, evaluated model",
        classes: &[Class::Licence, Class::Sca],
        items: "elements of `rule_violations` and `vulnerabilities`",
        severity: SEVERITY,
        identity: "rule, package and licence; vulnerability and package",
        checked: "DefectDojo's parser",
        detect: |shape| shape.has(&["rule_violations", "packages"]).into(),
        parse: parse_model,
    },
    Format {
        name: "ort-result-json",
        title: "OSS Review Toolkit, result of evaluator or advisor, YAML and JSON",
        classes: &[Class::Licence, Class::Sca],
        items: "elements of `evaluator.violations`, and vulnerabilities of `advisor.results`",
        severity: SEVERITY,
        identity: "rule, package and licence; vulnerability and package",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_result,
        parse: parse_result,
    },
];

/// In YAML, which is what ORT writes unless told otherwise, the stages may stand far behind.
fn detect_result(shape: &Shape<'_>) -> Fit {
    let stages = ["analyzer", "scanner", "advisor", "evaluator"];
    let json = shape.has(&["repository", "analyzer"]) && stages.iter().all(|s| shape.has(&[s]));
    let line = |wanted: &str| shape.head.lines().any(|l| l.trim_end() == wanted);
    let yaml = || {
        matches!(shape.form, Form::Other | Form::Table(_))
            && line("repository:")
            && line("  vcs:")
            && (line("analyzer:") || line("analyzer: null"))
    };
    (json || yaml()).into()
}

fn rated(draft: &mut Draft, word: Option<&str>) {
    draft.severity = match word.unwrap_or_default().to_ascii_uppercase().as_str() {
        "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        "HINT" => Severity::Info,
        _ => Severity::Unknown,
    };
}

/// A package in ORT's writing: `Maven:org.x:y:1.0`, `NPM:@scope:name:1.0`, `PyPI::name:1.0`.
fn in_package(draft: &mut Draft, id: &str, url: Option<&str>) -> String {
    let parts: Vec<&str> = id.splitn(4, ':').collect();
    let [kind, group, name, version] = parts.as_slice() else {
        draft.in_package(Some(id), None, url, None);
        return id.to_owned();
    };
    let separator = if kind.eq_ignore_ascii_case("maven") { ":" } else { "/" };
    let full = if group.is_empty() { (*name).to_owned() } else { format!("{group}{separator}{name}") };
    let version = Some(*version).filter(|v| !v.is_empty());
    draft.in_ecosystem(kind, &full, version, &[]);
    if let Some(package) = &mut draft.package
        && package.purl.is_none()
    {
        package.purl = url.map(Into::into);
    }
    full
}

fn violation(of: &Node<'_>, package: &str, url: Option<&str>, licence: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    rated(&mut draft, of.get("severity").text());
    of.get("rule").or_empty().clone_into(&mut draft.rule);
    draft.title = of.get("message").owned().unwrap_or_default();
    draft.say("", of.get("message").text());
    draft.say("Licence", licence);
    draft.say("Licence source", of.get("license_source").text());
    draft.say("Remedy", of.get("how_to_fix").text());
    if !package.is_empty() {
        in_package(&mut draft, package, url);
    }
    draft.logical = licence.map(str::to_owned);
    draft
}

fn vulnerability(of: &Node<'_>, package: &str, url: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let id = of.get("id").or_empty();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, None);
    let name = in_package(&mut draft, package, url);
    draft.title = of.get("summary").owned().unwrap_or_else(|| format!("{id} in {name}"));
    draft.say("", of.get("description").text());
    let references = of.get("references").items();
    let scores = references.iter().map(|r| {
        let severity = r.get("severity").text();
        let score = r.get("score").score().or_else(|| severity?.parse().ok());
        Cvss::of(score, r.get("vector").text())
    });
    draft.cvss = scores.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    if draft.cvss.is_empty() {
        let rating = |r: &Node<'_>| {
            let keys = ["severity_rating", "severity_mapped", "severity"];
            keys.iter().find_map(|k| words::severity(r.get(k).text()?)).filter(|s| *s != Severity::Unknown)
        };
        let words = references.iter().filter_map(rating);
        draft.severity = words.min().unwrap_or(Severity::Unknown);
    }
    draft.url = references.iter().find_map(|r| r.get("url").owned());
    draft
}

/// Rows of a table by their number.
fn numbered<'n, 'd>(doc: &'n Node<'d>, table: &str) -> HashMap<u32, &'n Node<'d>> {
    doc.get(table).items().iter().filter_map(|row| Some((row.get("_id").number()?, row))).collect()
}

/// How something was resolved, in the words of whoever did.
fn resolved(of: &Node<'_>, resolutions: &HashMap<u32, &Node<'_>>) -> Option<String> {
    let all = of.get("resolutions").items();
    let words: Vec<String> = all
        .iter()
        .filter_map(|r| r.number().and_then(|n| resolutions.get(&n).copied()).or(Some(r).filter(|r| r.is_object())))
        .map(|r| [r.get("reason").text(), r.get("comment").text()].into_iter().flatten().collect::<Vec<_>>().join(": "))
        .collect();
    (!all.is_empty()).then(|| if words.is_empty() { "resolved".to_owned() } else { words.join("; ") })
}

fn parse_model(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Licence]);
    let (packages, licences) = (numbered(&doc, "packages"), numbered(&doc, "licenses"));
    let package = |of: &Node<'_>| {
        let row = of.get("pkg").number().and_then(|n| packages.get(&n).copied());
        row.map_or(("", None), |p| (p.get("id").or_empty(), p.get("purl").text()))
    };
    let resolutions = numbered(&doc, "rule_violation_resolutions");
    for of in doc.results("rule_violations")? {
        let licence = of.get("license").number().and_then(|n| licences.get(&n)).and_then(|l| l.get("id").text());
        let (id, url) = package(of);
        let mut draft = violation(of, id, url, licence);
        draft.suppressed = resolved(of, &resolutions);
        reading.add(draft);
    }
    let resolutions = numbered(&doc, "vulnerabilities_resolutions");
    for of in doc.results_or_none("vulnerabilities")? {
        let (id, url) = package(of);
        let mut draft = vulnerability(of, id, url);
        draft.suppressed = resolved(of, &resolutions);
        reading.add(draft);
    }
    if doc.get("vulnerabilities").is_list() {
        reading.assessed(Class::Sca);
    }
    let issues = doc.results_or_none("issues")?;
    troubles(issues.iter(), &mut reading);
    if packages.is_empty() && reading.items() == 0 {
        reading.not_assessed("ORT found no packages to look at.");
    }
    reading.done()
}

/// Says what ORT could not look at: these are troubles of its own run.
fn troubles<'n, 'd: 'n>(issues: impl Iterator<Item = &'n Node<'d>>, reading: &mut Reading<'_>) {
    let messages: Vec<&str> =
        issues.filter_map(|i| i.get("message").text()).map(|m| m.lines().next().unwrap_or_default()).collect();
    if !messages.is_empty() {
        let shown: Vec<&str> = messages.iter().take(5).copied().collect();
        reading.remark(format!("ORT met {} issues of its own: {}", messages.len(), shown.join("; ")));
    }
}

fn parse_result(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = kubernetes::documents(input)?;
    let doc = documents.first().unwrap_or(&Node::Null);
    let mut reading = Reading::new(input, TOOL, &[]);
    let (evaluator, advisor) = (doc.get("evaluator"), doc.get("advisor"));
    if evaluator.is_object() {
        reading.assessed(Class::Licence);
        for of in evaluator.results("violations")? {
            reading.add(violation(of, of.get("pkg").or_empty(), None, of.get("license").text()));
        }
    }
    if advisor.is_object() {
        reading.assessed(Class::Sca);
        let results = advisor.get("results");
        let results = if results.get("advisor_results").is_object() { results.get("advisor_results") } else { results };
        if !results.is_object() {
            return Err(Unreadable(format!("\"advisor.results\" has to be an object, and is {}.", results.kind())));
        }
        for (package, list) in results.entries() {
            for one in list.list()? {
                for of in one.results_or_none("vulnerabilities")? {
                    reading.add(vulnerability(of, package, None));
                }
                troubles(one.at("summary.issues").items().iter(), &mut reading);
            }
        }
    }
    if !evaluator.is_object() && !advisor.is_object() {
        reading.not_assessed("Neither ORT's evaluator nor its advisor was run: nothing was judged.");
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn violations_refer_to_packages_and_licences() {
        let text = r#"{"packages": [{"_id": 0, "id": "NPM:@a:pad:1.0", "purl": "pkg:npm/%40a/pad@1.0"}], "licenses": [{"_id": 0, "id": "GPL-3.0-only"}],
            "rule_violation_resolutions": [{"_id": 0, "reason": "CANT_FIX_EXCEPTION", "comment": "agreed"}], "rule_violations": [
            {"_id": 0, "rule": "COPYLEFT", "pkg": 0, "license": 0, "severity": "ERROR", "message": "Not allowed", "resolutions": [0]}], "vulnerabilities": [
            {"_id": 0, "pkg": 0, "id": "CVE-2020-1", "references": [{"url": "https://x.example", "severity": "9.8"}]}], "issues": [{"message": "no sources"}]}"#;
        let report = read("o", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("ort-evaluated-json", 2));
        let [a, b] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((a.class, a.severity, a.rule.raw()), (Class::Licence, Severity::High, "COPYLEFT"));
        assert_eq!(a.suppressed.as_ref().unwrap().raw(), "CANT_FIX_EXCEPTION: agreed");
        assert_eq!((b.class, b.severity), (Class::Sca, Severity::Critical));
        assert_eq!(b.package.as_ref().unwrap().name.raw(), "@a/pad");
        assert!(report.reason.unwrap().raw().contains("no sources"));
    }

    #[test]
    fn results_of_evaluator_and_advisor() {
        let of = |evaluator: &str, advisor: &str| {
            let text = format!(
                r#"{{"repository": {{}}, "analyzer": {{}}, "scanner": null, "advisor": {advisor}, "evaluator": {evaluator}}}"#
            );
            read("o", text.as_bytes(), None)
        };
        let report = of(
            r#"{"violations": [{"rule": "R", "pkg": "Maven:o.x:y:1.0", "license": "MIT", "severity": "WARNING", "message": "m"}]}"#,
            r#"{"results": {"PyPI::pad:1.0": [{"vulnerabilities": [{"id": "CVE-2021-2", "references": [{"severity": "HIGH"}]}]}]}}"#,
        );
        assert_eq!((report.format, report.raw_items), ("ort-result-json", 2));
        assert_eq!(report.findings[1].severity, Severity::High);
        assert_eq!(report.findings[1].package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:pypi/pad@1.0");
        let yaml = "---\nrepository:\n  vcs:\n    type: Git\nanalyzer:\n  start_time: t\nscanner: null\nadvisor: null\nevaluator:\n  violations:\n  - rule: R\n    pkg: \"Maven:o.x:y:1.0\"\n    license: MIT\n    severity: WARNING\n    message: m\n";
        let written = read("o", yaml.as_bytes(), None);
        assert_eq!((written.format, written.status, written.findings.len()), ("ort-result-json", ReportStatus::Ok, 1));
        assert_eq!(written.findings[0].fingerprint, report.findings[0].fingerprint);
        assert_eq!(of("null", "null").status, ReportStatus::NotAssessed);
        assert_eq!(
            (of(r#"{"violations": []}"#, "null").status, of("{}", "null").status),
            (ReportStatus::Empty, ReportStatus::Error)
        );
    }
}
