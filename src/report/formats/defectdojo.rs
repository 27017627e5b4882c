//! `DefectDojo`'s "generic findings import": JSON or CSV that people and scripts write for tools without a parser.

use std::collections::BTreeSet;

use crate::report::prelude::*;

const TOOL: &str = "Generic findings";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "defectdojo-csv",
        title: "DefectDojo's generic findings, CSV",
        classes: &[Class::Sast, Class::Dast, Class::Sca],
        items: "rows",
        severity: "`Severity`, then CVSS",
        identity: "the tool's own id; title and place",
        checked: "DefectDojo's parser",
        detect: |shape| {
            let others = ["CweId", "Url", "FalsePositive", "Vulnerability Id", "Mitigation"];
            let columns = others.iter().filter(|c| shape.columns(&[c])).count();
            Fit::general(shape.columns(&["Title", "Severity", "Description"]) && columns >= 2)
        },
        parse: csv,
    },
    Format {
        name: "defectdojo-json",
        title: "DefectDojo's generic findings, JSON",
        classes: &[Class::Sast, Class::Dast, Class::Sca],
        items: "elements of `findings`",
        severity: "`severity`, then CVSS",
        identity: "`unique_id_from_tool`; title and place",
        checked: "DefectDojo's parser",
        detect,
        parse: json,
    },
];

/// What may stand beside the findings.
const OUTER: [&str; 9] =
    ["findings", "name", "type", "version", "description", "static_tool", "dynamic_tool", "soc", "$schema"];

/// The fields of a finding.
#[rustfmt::skip]
const FIELDS: [&str; 72] = [
    "title", "severity", "description", "date", "cwe", "cwes", "cve", "epss_score", "epss_percentile", "cvssv3", "cvssv3_score", "cvssv4",
    "cvssv4_score", "mitigation", "impact", "references", "active", "verified", "false_p", "duplicate", "out_of_scope", "risk_accepted",
    "under_review", "is_mitigated", "mitigated", "mitigated_by", "thread_id", "numerical_severity", "param", "payload", "line", "file_path",
    "component_name", "component_version", "static_finding", "dynamic_finding", "scanner_confidence", "unique_id_from_tool",
    "vuln_id_from_tool", "sast_source_object", "sast_sink_object", "sast_source_line", "sast_source_file_path", "nb_occurences",
    "publish_date", "service", "planned_remediation_date", "planned_remediation_version", "effort_for_fixing", "tags", "endpoints",
    "locations", "vulnerability_ids", "files", "steps_to_reproduce", "severity_justification", "known_exploited", "ransomware_used",
    "kev_date", "fix_available", "fix_version", "request", "response", "hash_code", "sonarqube_issue", "reporter", "refs", "url",
    "burp_request", "burp_response", "created", "updated",
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    // Those who write it add their version.
    let only = doc.entries().iter().all(|(k, _)| OUTER.contains(&k.as_ref()) || k.ends_with("_version"));
    let fits = match doc.get("findings") {
        Node::List(items) => match items.first() {
            // DefectDojo takes no other fields: whoever has others wrote a format of its own.
            Some(first) => {
                first.has_all(&["title", "severity", "description"])
                    && first.entries().iter().all(|(k, _)| FIELDS.contains(&k.as_ref()))
            }
            // Nothing else says whose empty list it is.
            None => doc.has_all(&["name", "type"]),
        },
        _ => false,
    };
    Fit::general(only && fits)
}

/// The fields of a finding, by their names in either syntax.
struct Fields<'f> {
    /// The text of a field.
    text: &'f dyn Fn(&str) -> Option<&'f str>,
    /// Places: URLs and hosts.
    endpoints: Vec<String>,
    /// Texts with ids of vulnerabilities.
    ids: Vec<&'f str>,
}

impl Fields<'_> {
    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|n| (self.text)(n)).map(str::trim).filter(|t| !t.is_empty())
    }

    fn is(&self, names: &[&str]) -> Option<bool> {
        let word = self.first(names)?.to_ascii_lowercase();
        Some(matches!(word.as_str(), "true" | "yes" | "1"))
    }

    fn score(&self, names: &[&str]) -> Option<f64> {
        self.first(names)?.parse().ok().filter(|n: &f64| n.is_finite())
    }

    fn class(&self) -> Class {
        let component = self.first(&["component_name"]);
        match (self.is(&["dynamic_finding"]), self.is(&["static_finding"])) {
            _ if component.is_some() => Class::Sca,
            (Some(true), _) => Class::Dast,
            (_, Some(true)) => Class::Sast,
            _ if self.first(&["file_path"]).is_none() && !self.endpoints.is_empty() => Class::Dast,
            _ => Class::Sast,
        }
    }

    fn draft(&self) -> Draft {
        let mut draft = Draft::new(self.class());
        let owned = |names: &[&str]| self.first(names).map(str::to_owned);
        draft.rated(self.first(&["severity"]));
        draft.title = owned(&["title"]).unwrap_or_default();
        draft.rule = owned(&["vuln_id_from_tool", "vulnerability id from tool"]).unwrap_or_default();
        draft.say("", self.first(&["description"]));
        for (heading, names) in [
            ("Mitigation", &["mitigation"][..]),
            ("Impact", &["impact"]),
            ("Steps to reproduce", &["steps_to_reproduce"]),
            ("Severity", &["severity_justification"]),
            ("References", &["references"]),
            ("Fixed in", &["fix_version"]),
        ] {
            draft.say(heading, self.first(names));
        }
        draft.say("Endpoints", Some(&self.endpoints.join("\n")));
        draft.cwe = self.first(&["cwe", "cweid"]).and_then(number).into_iter().collect();
        draft.vulnerabilities = self.ids.iter().flat_map(|t| words::vulnerability_ids(t)).collect();
        draft.path = owned(&["file_path", "sast_source_file_path"]).or_else(|| self.endpoints.first().cloned());
        draft.line = self.first(&["line", "sast_source_line"]).and_then(number);
        draft.logical = owned(&["sast_source_object", "sast_sink_object", "param"]);
        let links = self.first(&["references"]).unwrap_or_default();
        draft.url = links.split_whitespace().find(|w| w.starts_with("http")).map(str::to_owned);
        draft.in_package(
            self.first(&["component_name"]),
            self.first(&["component_version"]),
            None,
            self.first(&["fix_version"]),
        );
        draft.cvss = [("cvssv4", "cvssv4_score"), ("cvssv3", "cvssv3_score")]
            .into_iter()
            .map(|(vector, score)| Cvss::of(self.score(&[score]), self.first(&[vector])))
            .find(|c| !c.is_empty())
            .unwrap_or_default();
        draft.epss = self.score(&["epss_score"]);
        draft.exploited = self.is(&["known_exploited"]) == Some(true);
        draft.native_id = owned(&["unique_id_from_tool", "unique id from tool"]);
        draft.suppressed = self.suppressed();
        draft
    }

    fn suppressed(&self) -> Option<String> {
        let marks = [
            (&["false_p", "falsepositive", "false_positive"][..], "a false positive"),
            (&["risk_accepted"], "an accepted risk"),
            (&["out_of_scope"], "out of scope"),
            (&["is_mitigated", "ismitigated"], "mitigated"),
            (&["duplicate"], "a duplicate"),
        ];
        let said = marks.into_iter().find(|(names, _)| self.is(names) == Some(true)).map(|(_, words)| words);
        let said = said.or_else(|| (self.is(&["active"]) == Some(false)).then_some("not active"));
        said.map(|words| format!("The report marks it as {words}."))
    }
}

/// A number, also of `CWE-79`.
fn number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok().filter(|n| *n > 0)
}

/// Takes the findings; whoever wrote them looked for what they are.
fn done(mut reading: Reading<'_>, drafts: Vec<Draft>) -> Result<Parsed, Unreadable> {
    let classes: BTreeSet<Class> = drafts.iter().map(|d| d.class).collect();
    for class in classes {
        reading.assessed(class);
    }
    for draft in drafts {
        reading.add(draft);
    }
    reading.done()
}

fn json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    reading.tool(doc.get("type").text().or(doc.get("name").text()));
    reading.version(doc.get("version").text());
    let mut drafts = Vec::new();
    for finding in doc.results("findings")? {
        if !finding.has("title") || !finding.has("severity") {
            return Err(Unreadable("A finding has to be an object with \"title\" and \"severity\".".to_owned()));
        }
        let text = |name: &str| finding.get(name).text();
        let ids = [finding.get("cve"), finding.get("vulnerability_ids")].into_iter().flat_map(Node::texts).collect();
        let endpoints = finding.get("endpoints").items().iter().filter_map(endpoint).collect();
        drafts.push(Fields { text: &text, endpoints, ids }.draft());
    }
    done(reading, drafts)
}

/// An endpoint: a text, or its parts.
fn endpoint(node: &Node<'_>) -> Option<String> {
    if let Some(text) = node.text() {
        return Some(text.to_owned());
    }
    let mut out = node.get("protocol").text().map(|p| format!("{p}://")).unwrap_or_default();
    out.push_str(node.get("host").text()?);
    if let Some(port) = node.get("port").text() {
        out.push_str(&format!(":{port}"));
    }
    if let Some(path) = node.get("path").text() {
        out.push_str(&format!("/{}", path.trim_start_matches('/')));
    }
    if let Some(query) = node.get("query").text() {
        out.push_str(&format!("?{query}"));
    }
    Some(out)
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut drafts = Vec::new();
    for row in table.iter() {
        let text = |name: &str| row.get(name);
        let ids = ["cve", "vulnerability id"].into_iter().filter_map(|n| row.get(n)).collect();
        let endpoints = row.get("url").into_iter().map(str::to_owned).collect();
        drafts.push(Fields { text: &text, endpoints, ids }.draft());
    }
    done(Reading::new(input, TOOL, &[]), drafts)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn findings_of_json_are_read() {
        let text = br#"{"name": "n", "type": "House scan", "findings": [{"title": "Weak", "severity": "High", "description": "d",
          "cwe": 79, "file_path": "src/a.py", "line": 4, "static_finding": true, "unique_id_from_tool": "u1", "false_p": true},
          {"title": "Old", "severity": "Medium", "description": "d", "cve": "CVE-2024-1", "component_name": "a", "component_version": "1",
           "fix_version": "2", "known_exploited": true, "epss_score": 0.5},
          {"title": "Open", "severity": "odd", "description": "d", "endpoints": [{"protocol": "https", "host": "x.example", "path": "a"}]}]}"#;
        let report = read("g.json", text, None);
        assert_eq!((report.format, report.status, report.raw_items), ("defectdojo-json", ReportStatus::Ok, 3));
        assert_eq!((report.tool.raw(), report.classes.len()), ("House scan", 3));
        let by = |class| report.findings.iter().find(|f| f.class == class).unwrap();
        let sast = by(Class::Sast);
        assert_eq!(
            (sast.place().as_str(), sast.severity, sast.cwe.as_slice()),
            ("src/a.py:4", Severity::High, &[79][..])
        );
        assert!(sast.suppressed.is_some() && sast.sources[0].native_id.is_some());
        assert!(by(Class::Sca).scores.as_ref().unwrap().exploited);
        assert_eq!(
            (by(Class::Dast).place().as_str(), by(Class::Dast).severity),
            ("https://x.example/a", Severity::Unknown)
        );
    }

    #[test]
    fn rows_are_read_and_broken_findings_are_errors() {
        let text = b"Title,Severity,Description,CweId,Url,FalsePositive,CVSSV3\nWeak,,d,CWE-20,https://x.example/,FALSE,\nBad,Low,d,0,,FALSE,\n";
        let report = read("g.csv", text, None);
        assert_eq!((report.format, report.status, report.raw_items), ("defectdojo-csv", ReportStatus::Ok, 2));
        assert_eq!((report.findings[0].severity, report.findings[0].cwe.as_slice()), (Severity::Unknown, &[20][..]));
        let of = |list: &str| {
            read("g", format!(r#"{{"name": "n", "type": "t", "findings": {list}}}"#).as_bytes(), None).status
        };
        assert_eq!(of("[]"), ReportStatus::Empty);
        assert_eq!(of(r#"[{"title": "a", "severity": "Low", "description": "d"}, {}]"#), ReportStatus::Error);
    }
}
