//! FOSSA's issues: `fossa test --format json`, and the list of the API.

use crate::report::prelude::*;

const TOOL: &str = "FOSSA";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "fossa-json",
    title: "FOSSA issues: `fossa test` and API",
    classes: &[Class::Sca, Class::Licence],
    items: "elements of `issues`",
    severity: "`priorityString`, else `severity`, else CVSS",
    identity: "vulnerability and package; rule and package",
    checked: "a file of Jenkins' parser; the API's list from its documentation",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let one = doc.at("issues.0");
    let of_test = doc.has_all(&["issues", "count", "status"]);
    let listed =
        one.has("type") && (one.has("revisionId") || one.has("issueDashURL") || one.has_all(&["source", "statuses"]));
    (of_test || listed).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca, Class::Licence]);
    for issue in doc.results("issues")? {
        if !issue.is_object() {
            return Err(Unreadable(format!("An issue has to be an object, and is {}.", issue.kind())));
        }
        reading.add(draft(issue));
    }
    let status = doc.get("status").text();
    if let Some(status) = status.filter(|s| !s.eq_ignore_ascii_case("scanned") && !s.eq_ignore_ascii_case("succeeded"))
    {
        let what = format!("FOSSA's scan did not come to its end: its status is {}.", crate::text::line(status));
        if reading.items() == 0 { reading.not_assessed(what) } else { reading.remark(what) }
    }
    reading.done()
}

/// What a locator says: `npm+pad$1.0.0`.
fn located(locator: &str) -> (&str, &str, Option<&str>) {
    let (fetcher, rest) = locator.split_once('+').unwrap_or(("", locator));
    match rest.rsplit_once('$') {
        Some((name, version)) => (fetcher, name, Some(version).filter(|v| !v.is_empty())),
        None => (fetcher, rest, None),
    }
}

/// The ecosystem that a fetcher or a package manager gets its packages from.
fn ecosystem(fetcher: &str) -> &str {
    match fetcher {
        "mvn" => "maven",
        "comp" => "composer",
        other => other,
    }
}

fn draft(issue: &Node<'_>) -> Draft {
    let kind = issue.get("type").or_empty();
    let licence = kind.contains("policy") || kind.contains("licens");
    let mut draft = Draft::new(if licence { Class::Licence } else { Class::Sca });
    let of = issue.get("vulnerability");
    let text = |key: &str| issue.get(key).text().or(of.get(key).text());
    let rated = ["priorityString", "severity"].iter().find_map(|k| text(k));
    draft.rated(rated);
    let licence_id =
        issue.at("license.licenseId").text().or(issue.at("license.id").text()).or(issue.get("license").text());
    let licence_id = licence_id.or(issue.at("rule.licenseId").text());
    let named = ["cve", "vulnId"].iter().find_map(|k| text(k));
    let id = named.or(licence_id).unwrap_or(kind);
    id.clone_into(&mut draft.rule);
    if let Some(id) = named {
        draft.vulnerabilities = words::known_as(id, text("cve").into_iter().chain(text("vulnId")));
    }
    let source = issue.get("source");
    let locator = issue.get("revisionId").text().or(source.get("id").text()).unwrap_or_default();
    let (fetcher, name, version) = located(locator);
    let name = source.get("name").text().unwrap_or(name);
    let version = source.get("version").text().or(version);
    let fetcher = source.get("packageManager").text().unwrap_or(fetcher);
    let remedy = issue.get("remediation");
    let mended = [issue.get("fixedIn"), remedy.get("completeFix"), remedy.get("partialFix")];
    let fixed: Vec<&str> = mended.iter().filter_map(|f| f.text()).take(1).collect();
    draft.in_ecosystem(ecosystem(fetcher), name, version, &fixed);
    let words = kind.replace('_', " ");
    let title = ["title", "name"].iter().find_map(|k| text(k)).or(issue.at("rule.title").text());
    let place = if name.is_empty() { String::new() } else { format!(" in {name}") };
    draft.title = title.map_or_else(|| format!("FOSSA: {words}{place}"), str::to_owned);
    draft.say("", text("details").or(text("description")));
    draft.say("Kind", Some(&words));
    draft.say("Licence", licence_id);
    draft.say("Rule", issue.at("rule.notes").text());
    draft.cvss = Cvss::of(text("cvss").and_then(|s| s.parse().ok()), text("cvssVector"));
    draft.cwe = issue.get("cwes").texts().chain(of.get("cwes").texts()).flat_map(words::cwe_numbers).collect();
    draft.epss = issue.at("epss.score").score();
    draft.url = ["issueDashURL", "url"].iter().find_map(|k| issue.get(k).owned());
    let statuses = issue.get("statuses");
    let ignored = statuses.get("active").number() == Some(0) && statuses.get("ignored").number().is_some_and(|n| n > 0);
    if issue.get("resolved").is_true() {
        draft.suppressed = Some("resolved".to_owned());
    } else if ignored {
        draft.suppressed = Some("ignored".to_owned());
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn issues_of_both_kinds() {
        let text = r#"{"count": 2, "status": "SCANNED", "issues": [{"type": "policy_conflict", "resolved": false, "revisionId": "npm+@a/pad$1.0.0", "rule": {"licenseId": "GPL-3.0"},
            "priorityString": "medium", "issueDashURL": "https://app.example/1"}, {"id": 9, "type": "vulnerability", "source": {"id": "mvn+o:p$2.0", "name": "o:p", "version": "2.0",
            "packageManager": "mvn"}, "statuses": {"active": 0, "ignored": 1}, "cve": "CVE-2021-9", "severity": "critical", "cwes": ["CWE-79"], "remediation": {"completeFix": "2.1"}}]}"#;
        let report = read("f", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("fossa-json", 2));
        let [a, b] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((a.class, a.severity, a.rule.raw()), (Class::Licence, Severity::Medium, "GPL-3.0"));
        assert_eq!(a.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/%40a/pad@1.0.0");
        assert_eq!((b.class, b.severity, b.vulnerabilities[0].raw()), (Class::Sca, Severity::Critical, "CVE-2021-9"));
        assert_eq!(
            (b.suppressed.as_ref().unwrap().raw(), b.package.as_ref().unwrap().fixed[0].raw()),
            ("ignored", "2.1")
        );
    }

    #[test]
    fn a_scan_that_is_not_done_is_not_assessed() {
        let of = |status: &str, issues: &str| {
            read("f", format!(r#"{{"count": 0, "status": "{status}", "issues": {issues}}}"#).as_bytes(), None).status
        };
        assert_eq!((of("SCANNED", "[]"), of("QUEUED", "[]")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of("SCANNED", "null"), of("SCANNED", "[1]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
