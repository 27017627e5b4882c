//! Nuclei's results, as JSON lines (`-jsonl`) or as one list (`-json-export`).
//!
//! Version 2 wrote `templateID` and `matched` where later ones write `template-id` and `matched-at`. With
//! `-matcher-status` what did not match stands there too.

use crate::report::prelude::*;

const TOOL: &str = "Nuclei";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "nuclei-json",
    title: "Nuclei JSON and JSON lines (2 and 3)",
    classes: &[Class::Dast],
    items: "results, one a line or one an element",
    severity: "`info.severity`, else the CVSS of the template",
    identity: "template, matcher and page",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = match shape.line() {
        Node::List(items) => items.first().unwrap_or(&Node::Null),
        other => other,
    };
    let template = ["template-id", "templateID", "template_id", "template"].iter().any(|k| first.has(k));
    let place = ["host", "matched-at", "matched", "matcher-status", "error"].iter().any(|k| first.has(k));
    (template && place && first.get("info").is_object()).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let (mut looked, mut failed) = (0_u32, 0_u32);
    for document in Node::parse_all(input.text)? {
        let results = if document.is_list() { document.list()? } else { std::slice::from_ref(&document) };
        for result in results {
            let result = result.as_result()?;
            if result.get("matcher-status").text() == Some("false") {
                if let Some(error) = result.get("error").text() {
                    reading.remark(format!("Nuclei could not look at {}: {error}", result.get("host").or_empty()));
                    failed += 1;
                } else {
                    looked += 1;
                }
                reading.passed(1);
            } else {
                looked += 1;
                reading.add(draft(result));
            }
        }
    }
    if failed > 0 && looked == 0 {
        reading.not_assessed(format!("Nuclei looked at nothing: all {failed} of its requests failed."));
    }
    reading.done()
}

/// The first of several keys that has text.
fn any<'n>(node: &'n Node<'_>, keys: &[&str]) -> Option<&'n str> {
    keys.iter().find_map(|k| node.get(k).text())
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    let info = result.get("info");
    let matcher = any(result, &["matcher-name", "matcher_name"]);
    draft.rated(info.get("severity").text());
    let template = any(result, &["template-id", "templateID", "template_id", "template"]).unwrap_or_default();
    // What a template looks for is told by its matchers: one may find twenty technologies.
    draft.rule = matcher.map_or_else(|| template.to_owned(), |m| format!("{template}:{m}"));
    draft.title = match (info.get("name").text(), matcher) {
        (Some(name), Some(matcher)) => format!("{name}: {matcher}"),
        (name, _) => name.unwrap_or(template).to_owned(),
    };
    draft.say("", info.get("description").text());
    draft.say("Impact", info.get("impact").text());
    let place = any(result, &["matched-at", "matched", "matched_at", "url", "host"]);
    let parameter = any(result, &["fuzzing_parameter", "fuzzing-parameter"]);
    draft.on_page(any(result, &["fuzzing_method", "fuzzing-method"]), place, parameter);
    if place.is_some_and(|p| !p.contains("://")) {
        draft.path = place.map(str::to_owned);
        draft.logical = place.map(str::to_owned);
    }
    draft.line = result.get("matched-line").number();
    let extracted: Vec<&str> =
        ["extracted-results", "extracted_results"].iter().flat_map(|k| result.get(k).texts()).collect();
    // Without a matcher, what was extracted tells apart what one template found at one place.
    if let (None, Some(snippet)) = (matcher, &mut draft.snippet) {
        let told = format!("{snippet} {}", extracted.join(" "));
        told.trim_end().clone_into(snippet);
    }
    draft.say("Extracted", Some(&extracted.join(", ")));
    draft.say("Address", result.get("ip").text());
    draft.say("Remediation", info.get("remediation").text());
    let exchange: Vec<&str> = ["request", "response"].iter().filter_map(|k| result.get(k).text()).collect();
    let command = any(result, &["curl-command", "curl_command"]).filter(|_| exchange.is_empty());
    draft.context = Some(command.map_or_else(|| exchange.join("\n\n"), str::to_owned));
    classified(&mut draft, info);
    // Before version 2.5 references were one text with a line for each.
    let links = || info.get("reference").texts().flat_map(str::split_whitespace).filter(|w| w.starts_with("http"));
    draft.url = links().next().or(result.get("template-url").text()).map(str::to_owned);
    draft.say("References", Some(&links().collect::<Vec<_>>().join("\n")));
    draft
}

fn classified(draft: &mut Draft, info: &Node<'_>) {
    let class = info.get("classification");
    let texts = |key: &str| class.get(key).texts().collect::<Vec<_>>().join(" ");
    draft.vulnerabilities = words::vulnerability_ids(&texts("cve-id"));
    if draft.vulnerabilities.is_empty() {
        draft.vulnerabilities = words::vulnerability_ids(&draft.rule);
    }
    draft.cwe = words::cwe_numbers(&texts("cwe-id"));
    draft.cvss = Cvss::of(class.get("cvss-score").score(), class.get("cvss-metrics").text());
    draft.epss = class.get("epss-score").score();
    let tags = || info.get("tags").texts().flat_map(|t| t.split(',')).map(str::trim);
    draft.exploited = tags().any(|t| matches!(t, "kev" | "vkev"));
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_of_all_versions_are_read_alike() {
        let new = r#"{"template-id": "CVE-2021-44228", "info": {"name": "Log4j", "severity": "critical", "tags": ["cve", "kev"],
            "reference": ["https://r.example/a"], "classification": {"cve-id": ["cve-2021-44228"], "cwe-id": ["cwe-502"],
            "cvss-metrics": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "epss-score": 0.97}}, "type": "http",
            "matcher-name": "dns", "host": "https://x.example", "matched-at": "https://x.example/?x=1", "request": "GET",
            "response": "HTTP/1.1 200", "matcher-status": true}"#;
        let old = r#"{"templateID": "ssh", "info": {"name": "SSH", "severity": "low", "reference": "- http://a.example\n- b"},
            "type": "network", "host": "x.example", "matched": "x.example:22"}"#;
        let lines = format!("{}\n{old}\n", new.replace('\n', ""));
        let list = format!(
            "[{new}, {old}, {{\"template-id\": \"x\", \"info\": {{}}, \"host\": \"h\", \"matcher-status\": false}}]"
        );
        let report = read("r", lines.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("nuclei-json", 2, 2));
        let f = report.findings.iter().find(|f| f.severity == Severity::Critical).unwrap();
        assert_eq!(
            (f.class, f.rule.raw(), f.place().as_str()),
            (Class::Dast, "CVE-2021-44228:dns", "https://x.example/")
        );
        assert_eq!((f.vulnerabilities[0].raw(), f.cwe.as_slice()), ("CVE-2021-44228", &[502][..]));
        let scores = f.scores.as_ref().unwrap();
        assert!(scores.exploited && scores.cvss.as_ref().unwrap().raw() == "10.0" && scores.epss.is_some());
        let f = report.findings.iter().find(|f| f.severity == Severity::Low).unwrap();
        assert_eq!((f.place().as_str(), f.url.as_ref().unwrap().raw()), ("x.example:22", "http://a.example"));
        let listed = read("r", list.as_bytes(), None);
        assert_eq!((listed.raw_items, listed.findings.len(), listed.format), (3, 2, "nuclei-json"));
    }

    #[test]
    fn a_scan_of_which_every_request_failed_is_not_clean() {
        let line = |error: &str| {
            format!(r#"{{"template-id": "x", "info": {{}}, "host": "h", "matcher-status": false{error}}}"#)
        };
        let failed = line(r#", "error": "connection refused""#);
        assert_eq!(read("r", failed.as_bytes(), None).status, ReportStatus::NotAssessed);
        let some = read("r", format!("{failed}\n{}\n", line("")).as_bytes(), None);
        assert_eq!((some.status, some.reason.is_some()), (ReportStatus::Empty, true));
    }

    #[test]
    fn what_is_no_result_is_an_error() {
        assert_eq!(read("r", b"", Some("nuclei-json")).status, ReportStatus::Error);
        assert_eq!(read("r", b"[]", Some("nuclei-json")).status, ReportStatus::Empty);
        assert_eq!(read("r", b"[7]", Some("nuclei-json")).status, ReportStatus::Error);
    }
}
