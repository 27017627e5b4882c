//! `npm audit --json` of npm 6 (advisories) and from npm 7 on (vulnerable packages), `pnpm audit --json`, and what they
//! print where they could not look.

use std::collections::HashSet;

use super::npm_advisory;
use crate::report::prelude::*;

const ITEMS: &str = "values of `advisories`";
const SEVERITY: &str = "`severity`, else CVSS";
const IDENTITY: &str = "vulnerability and package";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "npm-audit-json",
        title: "npm audit JSON, npm 6 and npm 7 or newer",
        classes: &[Class::Sca],
        items: "values of `vulnerabilities` (npm 7), of `advisories` (npm 6)",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's and Jenkins' parsers",
        detect: detect_npm,
        parse: parse_npm,
    },
    Format {
        name: "pnpm-audit-json",
        title: "pnpm audit JSON; yarn npm audit JSON, yarn 2 and 3",
        classes: &[Class::Sca],
        items: ITEMS,
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser, for a report without findings; else the same advisories as npm 6",
        detect: detect_pnpm,
        parse: parse_pnpm,
    },
];

fn detect_npm(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let seventh = doc.has_all(&["auditReportVersion", "vulnerabilities"]);
    let sixth = doc.has_all(&["advisories", "metadata"]) && doc.has("runId");
    let code = doc.at("error.code").or_empty();
    let failed = doc.get("error").has("summary") && !code.starts_with("ERR_PNPM");
    let failed = failed || shape.line().has_all(&["message", "method", "uri", "headers"]);
    (seventh || sixth || failed).into()
}

fn detect_pnpm(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let listed = doc.has_all(&["advisories", "metadata"]) && !doc.has("runId") && !doc.has("auditReportVersion");
    (listed || doc.at("error.code").or_empty().starts_with("ERR_PNPM")).into()
}

fn parse_npm(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    // Where the registry fails, npm prints its answer and then an error.
    let documents = Node::parse_all(input.text)?;
    let listed = |d: &&Node<'_>| d.has("vulnerabilities") || d.has("advisories");
    let failed = |d: &&Node<'_>| d.has("error");
    let mut found = documents.iter().filter(listed).chain(documents.iter().filter(failed)).chain(&documents);
    let doc = found.next().unwrap_or(&Node::Null);
    let mut reading = Reading::new(input, "npm audit", &[Class::Sca]);
    if did_fail(doc, &mut reading) {
        return reading.done();
    }
    if doc.has("vulnerabilities") {
        packages(doc, &mut reading)?;
    } else {
        advisories(doc, &mut reading)?;
    }
    nothing(doc, &mut reading);
    reading.done()
}

fn parse_pnpm(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "pnpm audit", &[Class::Sca]);
    if did_fail(&doc, &mut reading) {
        return reading.done();
    }
    let first = doc.get("advisories").entries().first().map_or("", |(_, a)| a.at("findings.0.paths.0").or_empty());
    // pnpm's ways begin with the project itself (a dot, unless there are several), yarn's with what it depends on.
    if !first.is_empty() && !first.starts_with('.') {
        reading.tool(Some("pnpm or yarn audit"));
    }
    advisories(&doc, &mut reading)?;
    nothing(&doc, &mut reading);
    reading.done()
}

/// Whether the tool failed instead of looking.
fn did_fail(doc: &Node<'_>, reading: &mut Reading<'_>) -> bool {
    let error = doc.get("error");
    let answer = doc.has_all(&["message", "method", "uri"]);
    if doc.has("vulnerabilities") || doc.has("advisories") || (error.is_null() && !answer) {
        return false;
    }
    let parts = [error.get("code"), error.get("summary"), error.get("message"), error.get("detail"), error];
    let words: Vec<&str> = parts.iter().chain([&doc.get("message")]).filter_map(|p| p.text()).collect();
    reading.not_assessed(format!("The audit failed: {}", words.join(": ")));
    true
}

fn nothing(doc: &Node<'_>, reading: &mut Reading<'_>) {
    npm_advisory::unlisted(reading, doc.get("metadata"), !doc.has("vulnerabilities"));
    if reading.items() == 0 && npm_advisory::looked_at(doc.get("metadata")) == Some(0) {
        reading.not_assessed("The audit looked at no dependency: there are none.");
    }
    let muted = doc.get("muted").items().len();
    if muted > 0 {
        reading.remark(format!("{muted} advisories are muted, and not in the report."));
    }
}

/// The values of an object; a list is taken as its elements.
fn values<'n, 'd>(doc: &'n Node<'d>, key: &str) -> Result<Vec<&'n Node<'d>>, Unreadable> {
    let values: Vec<&Node<'_>> = match doc.get(key) {
        Node::Object(entries) => entries.iter().map(|(_, v)| v).collect(),
        Node::List(items) => items.iter().collect(),
        other => return Err(Unreadable(format!("\"{key}\" has to be an object, and is {}.", other.kind()))),
    };
    match values.iter().find(|v| !v.is_object()) {
        Some(other) => {
            Err(Unreadable(format!("An element of \"{key}\" has to be an object, and is {}.", other.kind())))
        }
        None => Ok(values),
    }
}

fn advisories(doc: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    for advisory in values(doc, "advisories")? {
        reading.passed(1);
        for draft in npm_advisory::drafts(advisory, None) {
            reading.more(draft);
        }
    }
    Ok(())
}

/// npm 7 lists each package that is vulnerable, by an advisory of its own or through another package. The second is no
/// finding where the first stands in the report: it is said there who depends on it.
fn packages(doc: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    let packages = values(doc, "vulnerabilities")?;
    let listed: HashSet<&str> = packages.iter().filter_map(|p| p.get("name").text()).collect();
    // One advisory may stand in several packages, if they are one package under several names.
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for package in &packages {
        reading.passed(1);
        let own = package.get("via").items().iter().any(Node::is_object);
        for via in package.get("via").items() {
            match via {
                Node::Object(_) => {
                    // Not every registry numbers its advisories.
                    let id = ["source", "url", "title"].iter().find_map(|k| via.get(k).text()).unwrap_or_default();
                    let key = (id, package.get("name").or_empty());
                    if seen.insert(key) {
                        reading.more(advised(package, via));
                    }
                }
                other if other.text().is_some_and(|name| listed.contains(name)) => {}
                // One that has an advisory of its own is reported by that.
                _ if own => {}
                other => reading.more(depending(package, other.or_empty())),
            }
        }
        if package.get("via").items().is_empty() {
            reading.more(depending(package, ""));
        }
    }
    Ok(())
}

fn advised(package: &Node<'_>, via: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let url = via.get("url").text();
    draft.rated(via.get("severity").text().or(package.get("severity").text()));
    let number = via.get("source").text().map(|n| format!("NPM-{n}"));
    draft.rule =
        url.map(words::vulnerability_ids).and_then(|ids| ids.into_iter().next()).or(number).unwrap_or_default();
    draft.vulnerabilities = words::known_as(&draft.rule, url);
    draft.title = via.get("title").owned().unwrap_or_else(|| draft.rule.clone());
    draft.say("Affected", via.get("range").text());
    draft.cwe = via.get("cwe").texts().flat_map(words::cwe_numbers).collect();
    draft.cvss = npm_advisory::score(via.get("cvss"));
    draft.url = url.map(str::to_owned);
    installed(&mut draft, package);
    draft
}

/// A package that is vulnerable only through another, of which the report says nothing more.
fn depending(package: &Node<'_>, on: &str) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let name = package.get("name").or_empty();
    draft.rated(package.get("severity").text());
    draft.rule = if on.is_empty() { format!("vulnerable: {name}") } else { format!("depends on {on}") };
    draft.title = if on.is_empty() {
        format!("{name} is vulnerable")
    } else {
        format!("{name} depends on vulnerable versions of {on}")
    };
    draft.say("Affected", package.get("range").text());
    installed(&mut draft, package);
    draft
}

/// npm 7 says in which folders the package is, not in which version.
fn installed(draft: &mut Draft, package: &Node<'_>) {
    let joined = |key: &str| package.get(key).texts().collect::<Vec<_>>().join(", ");
    draft.in_ecosystem("npm", package.get("name").or_empty(), None, &[]);
    draft.logical = Some(joined("nodes"));
    draft.say("Depended on by", Some(&joined("effects")));
    let fix = package.get("fixAvailable");
    let remedy = match (fix.get("name").text(), fix.get("version").text()) {
        (Some(name), Some(version)) => {
            let breaking = if fix.get("isSemVerMajor").is_true() { ", a breaking change" } else { "" };
            Some(format!("install {name} {version}{breaking}"))
        }
        _ if fix.is_true() => Some("npm audit fix".to_owned()),
        _ => None,
    };
    draft.say("Remedy", remedy.as_deref());
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn packages_of_npm_7() {
        let text = r#"{"auditReportVersion": 2, "vulnerabilities": {
            "pad": {"name": "pad", "severity": "high", "via": [{"source": 1, "title": "Bad pad", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
              "severity": "moderate", "cwe": ["CWE-400"], "cvss": {"score": 0, "vectorString": null}, "range": "<2"}], "effects": ["top"], "nodes": ["node_modules/pad"],
              "fixAvailable": {"name": "top", "version": "3.0.0", "isSemVerMajor": true}},
            "top": {"name": "top", "severity": "high", "via": ["pad"], "nodes": ["node_modules/top"], "fixAvailable": false},
            "lone": {"name": "lone", "severity": "low", "via": ["unlisted"], "nodes": ["node_modules/lone"]}},
            "metadata": {"dependencies": {"total": 3}}}"#;
        let report = read("n", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("npm-audit-json", 3, 2));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.cwe.as_slice()), (Severity::Medium, "GHSA-AAAA-BBBB-CCCC", &[400][..]));
        assert!(
            f.detail.raw().contains("Depended on by: top") && f.detail.raw().contains("install top 3.0.0, a breaking")
        );
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/pad");
        assert_eq!(report.findings[1].title.raw(), "lone depends on vulnerable versions of unlisted");
    }

    #[test]
    fn advisories_without_a_number_are_told_apart() {
        let text = r#"{"auditReportVersion": 2, "vulnerabilities": {"pad": {"name": "pad", "severity": "high", "via": [
            {"title": "A", "url": "https://r.example/1"}, {"title": "B", "url": "https://r.example/2"}, {"title": "C"}]}}}"#;
        assert_eq!(read("n", text.as_bytes(), None).findings.len(), 3);
    }

    #[test]
    fn advisories_are_one_finding_a_version() {
        let text = r#"{"advisories": {"7": {"id": 7, "module_name": "@a/pad", "title": "Bad pad", "severity": "critical", "cves": ["CVE-2019-7"],
            "findings": [{"version": "1.0.0", "paths": ["a>pad"]}, {"version": "1.1.0", "paths": ["b>pad"]}, {"version": "1.0.0", "paths": ["c>pad"]}],
            "patched_versions": ">=1.2.0", "url": "https://npmjs.example/7"}}, "metadata": {"totalDependencies": 9}, "runId": "r"}"#;
        let report = read("n", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("npm-audit-json", 1, 2));
        assert!(report.findings[0].detail.raw().contains("a>pad\nc>pad"));
        assert_eq!(report.findings[1].package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/%40a/pad@1.1.0");
        let pnpm = read("p", text.replace("runId", "muted").replace("\"r\"", "[]").as_bytes(), None);
        assert_eq!((pnpm.format, pnpm.findings.len()), ("pnpm-audit-json", 2));
    }

    #[test]
    fn failures_are_no_clean_audits() {
        for text in [
            r#"{"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile.", "detail": "Try creating one"}}"#,
            r#"{"error": {"code": "ERR_PNPM_AUDIT_NO_LOCKFILE", "message": "No pnpm-lock.yaml found"}}"#,
            r#"{"advisories": {}, "metadata": {"totalDependencies": 0}}"#,
            r#"{"advisories": {}, "metadata": {"vulnerabilities": {"low": 0, "high": 3}, "totalDependencies": 8}}"#,
            r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"low": 1, "total": 1}}}"#,
            r#"{"message": "request failed", "method": "POST", "uri": "https://r.example", "headers": {}} {"error": {"summary": "", "detail": ""}}"#,
        ] {
            assert_eq!(read("n", text.as_bytes(), None).status, ReportStatus::NotAssessed, "{text}");
        }
        let of = |v: &str| {
            read("n", format!(r#"{{"auditReportVersion": 2, "vulnerabilities": {v}}}"#).as_bytes(), None).status
        };
        assert_eq!(
            (of("{}"), of("null"), of(r#"{"a": 1}"#)),
            (ReportStatus::Empty, ReportStatus::Error, ReportStatus::Error)
        );
    }
}
