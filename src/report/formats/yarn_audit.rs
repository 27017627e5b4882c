//! `yarn audit --json` of yarn 1 (lines of messages), and `yarn npm audit --json` of yarn 4 (lines of a tree). Yarn 2 and 3
//! print what npm 6 prints.

use super::npm_advisory;
use crate::report::prelude::*;

const TOOL: &str = "yarn audit";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "yarn-audit-jsonl",
        title: "yarn audit JSON lines, yarn 1",
        classes: &[Class::Sca],
        items: "lines of the type `auditAdvisory`; one advisory stands once for each way to the package",
        severity: "`severity` of the advisory, else CVSS",
        identity: "vulnerability and package",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    Format {
        name: "yarn-berry-audit-jsonl",
        title: "yarn npm audit JSON lines, yarn 4",
        classes: &[Class::Sca],
        items: "lines",
        severity: "`Severity`",
        identity: "vulnerability and package",
        checked: "written from yarn's source; no real file was at hand",
        detect: detect_berry,
        parse: parse_berry,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let line = shape.line();
    let kind = line.get("type").or_empty();
    // Warnings and errors may come first, and of a failed audit there is nothing else.
    let other = ["info", "warning", "error", "activityStart", "activityEnd", "activityTick", "step"].contains(&kind);
    let audit = kind.starts_with("audit") || (other && shape.head.contains("\"type\":\"audit"));
    let said = !line.get("data").or_empty().is_empty() && line.entries().len() == 2;
    let failed = said && (kind == "error" || (other && shape.head.contains("\"type\":\"error\"")));
    (line.has("data") && (audit || failed)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let mut summary = None;
    let mut errors = Vec::new();
    let lines = Node::parse_all(input.text)?;
    for line in &lines {
        let data = line.get("data");
        match line.get("type").or_empty() {
            "auditAdvisory" => {
                let advisory = data.get("advisory");
                if !advisory.is_object() {
                    return Err(Unreadable("A line of the type auditAdvisory has no advisory.".to_owned()));
                }
                reading.passed(1);
                for draft in npm_advisory::drafts(advisory, data.at("resolution.path").text()) {
                    reading.more(draft);
                }
            }
            "auditSummary" => summary = Some(data),
            "error" => errors.push(data.or_empty()),
            _ => {}
        }
    }
    match summary {
        None if reading.items() == 0 => reading.not_assessed(if errors.is_empty() {
            "yarn audit printed no summary: it did not come to its end.".to_owned()
        } else {
            format!("yarn audit failed: {}", errors.join("; "))
        }),
        None => reading.remark("yarn audit printed no summary: it may not have come to its end."),
        Some(data) if reading.items() == 0 && npm_advisory::looked_at(data) == Some(0) => {
            reading.not_assessed("yarn audit looked at no dependency: there are none.");
        }
        Some(data) => npm_advisory::unlisted(&mut reading, data, true),
    }
    reading.done()
}

fn detect_berry(shape: &Shape<'_>) -> Fit {
    let line = shape.line();
    (line.has("value") && line.get("children").has_all(&["ID", "Issue", "Severity"])).into()
}

fn parse_berry(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for line in &Node::parse_all(input.text)? {
        let of = line.get("children");
        if !of.has("Issue") {
            return Err(Unreadable("A line has no Issue.".to_owned()));
        }
        reading.passed(1);
        let versions: Vec<&str> = of.get("Tree Versions").texts().collect();
        if versions.is_empty() {
            reading.more(berry(line, of, None));
        }
        for version in versions {
            reading.more(berry(line, of, Some(version)));
        }
    }
    reading.done()
}

fn berry(line: &Node<'_>, of: &Node<'_>, version: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let url = of.get("URL").text();
    let id = of.get("ID").or_empty();
    draft.rated(of.get("Severity").text());
    let deprecated = id.ends_with("(deprecation)");
    let known = url.map(words::vulnerability_ids).unwrap_or_default().into_iter().next();
    draft.rule = if deprecated { "deprecation".to_owned() } else { known.unwrap_or_else(|| format!("NPM-{id}")) };
    if !deprecated {
        draft.vulnerabilities = words::known_as(&draft.rule, url);
    }
    draft.title = of.get("Issue").owned().unwrap_or_default();
    draft.say("Affected", of.get("Vulnerable Versions").text());
    draft.say("Depended on by", Some(&of.get("Dependents").texts().take(10).collect::<Vec<_>>().join(", ")));
    draft.in_ecosystem("npm", line.get("value").or_empty(), version, &[]);
    draft.url = url.map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_advisory_is_one_finding_whatever_leads_to_it() {
        let line = |way: &str| {
            format!(
                r#"{{"type":"auditAdvisory","data":{{"resolution":{{"id":5,"path":"{way}"}},"advisory":{{"findings":[{{"version":"1.0.2","paths":["a>pad"]}},
                {{"version":"1.0.2","paths":["b>pad"]}},{{"version":"0.9.0","paths":["c>pad"]}}],"module_name":"pad","severity":"moderate","title":"Bad pad","cwe":"[\"CWE-79\",\"CWE-80\"]",
                "github_advisory_id":"GHSA-aaaa-bbbb-cccc","cves":["CVE-2021-5"],"url":"https://x.example"}}}}}}"#
            )
        };
        let summary = r#"{"type":"auditSummary","data":{"vulnerabilities":{},"totalDependencies":7}}"#;
        let text = format!("{}\n{}\n{}\n{summary}\n", line("a>pad"), line("b>pad"), line("c>pad"));
        let report = read("y", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.merged, report.findings.len()),
            ("yarn-audit-jsonl", 3, 1, 2)
        );
        let f = &report.findings[0];
        assert_eq!((f.severity, f.cwe.as_slice(), f.vulnerabilities.len()), (Severity::Medium, &[79, 80][..], 2));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/pad@1.0.2");
        assert_eq!(read("y", summary.as_bytes(), None).status, ReportStatus::Empty);
        let counted = |level: &str| {
            let counts = format!(
                r#"{{"type":"auditSummary","data":{{"vulnerabilities":{{"{level}":5}},"totalDependencies":9}}}}"#
            );
            read("y", counts.as_bytes(), None)
        };
        assert_eq!(counted("high").status, ReportStatus::NotAssessed);
        assert!(counted("low").status == ReportStatus::Empty && counted("low").reason.is_some());
    }

    #[test]
    fn an_audit_that_failed_is_no_clean_one() {
        let failed =
            r#"{"type":"error","data":"An unexpected error occurred: \"https://registry.example: ETIMEDOUT\"."}"#;
        let report = read("y", failed.as_bytes(), None);
        assert_eq!((report.format, report.status), ("yarn-audit-jsonl", ReportStatus::NotAssessed));
        let warned = format!("{}\n{failed}", r#"{"type":"warning","data":"package.json: No license field"}"#);
        let report = read("y", warned.as_bytes(), None);
        assert_eq!((report.format, report.status), ("yarn-audit-jsonl", ReportStatus::NotAssessed));
        assert!(report.reason.unwrap().raw().contains("ETIMEDOUT"));
        let wrong = r#"{"type":"auditAdvisory","data":{}}"#;
        assert_eq!(read("y", wrong.as_bytes(), None).status, ReportStatus::Error);
    }

    #[test]
    fn yarn_4_prints_a_tree() {
        let text = r#"{"value":"pad","children":{"ID":99,"Issue":"Bad pad","URL":"https://github.com/advisories/GHSA-aaaa-bbbb-cccc","Severity":"high",
            "Vulnerable Versions":"<2","Tree Versions":["1.0.0","1.1.0"],"Dependents":["app@workspace:."]}}
            {"value":"old","children":{"ID":"old (deprecation)","Issue":"No longer maintained","Severity":"moderate","Tree Versions":["1.0.0"]}}"#;
        let report = read("y", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("yarn-berry-audit-jsonl", 2, 3));
        assert_eq!(report.findings[0].rule.raw(), "GHSA-AAAA-BBBB-CCCC");
        assert!(report.findings[2].vulnerabilities.is_empty());
    }
}
