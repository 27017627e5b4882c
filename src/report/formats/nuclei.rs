//! Nuclei's results, as JSON lines (`-jsonl`) or as one list (`-json-export`).
//!
//! Version 2 wrote `templateID` and `matched` where later ones write `template-id` and `matched-at`. With
//! `-matcher-status` what did not match stands there too.

use crate::report::prelude::*;

const TOOL: &str = "Nuclei";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "nuclei-json",
    title: "Nuclei JSON and JSON lines (2 and 3)",
    classes: &[Class::Dast, Class::Sast, Class::Secret],
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
    // Of which kind the templates were is only known by what they found.
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut on_files = false;
    let mut on_hosts = false;
    let (mut looked, mut failed) = (0_u32, 0_u32);
    for document in Node::parse_all(input.text)? {
        let results = if document.is_list() { document.list()? } else { std::slice::from_ref(&document) };
        for result in results {
            let result = result.object()?;
            let files = is_of_files(result);
            (on_files, on_hosts) = (on_files || files, on_hosts || !files);
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
    if on_hosts || !on_files {
        reading.assessed(Class::Dast);
    }
    if on_files {
        reading.assessed(Class::Sast);
    }
    if failed > 0 && looked == 0 {
        reading.not_assessed(format!("Nuclei looked at nothing: all {failed} of its requests failed."));
    }
    reading.done()
}

/// Whether a template looked at files, not at a host.
fn is_of_files(result: &Node<'_>) -> bool {
    matches!(result.get("type").or_empty(), "file" | "code")
}

/// What a result is evidence of: what a template for keys and tokens extracts is the secret itself.
fn class_of(result: &Node<'_>) -> Class {
    const MARKS: [&str; 9] =
        ["token", "tokens", "secret", "secrets", "key", "keys", "exposure", "exposures", "credential"];
    let info = result.get("info");
    let path = ["template-path", "template", "template-id", "templateID"].iter().filter_map(|k| result.get(k).text());
    let words = info.get("tags").texts().chain(path).flat_map(|t| t.split(|c: char| !c.is_ascii_alphanumeric()));
    let marked = { words }.any(|word| MARKS.iter().any(|mark| word.eq_ignore_ascii_case(mark)));
    match (marked && !extracted(result).is_empty(), is_of_files(result)) {
        (true, _) => Class::Secret,
        (false, true) => Class::Sast,
        (false, false) => Class::Dast,
    }
}

fn extracted<'n>(result: &'n Node<'_>) -> Vec<&'n str> {
    ["extracted-results", "extracted_results"].iter().flat_map(|k| result.get(k).texts()).collect()
}

/// The first of several keys that has text.
fn any<'n>(node: &'n Node<'_>, keys: &[&str]) -> Option<&'n str> {
    keys.iter().find_map(|k| node.get(k).text())
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(class_of(result));
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
    let extracted = extracted(result);
    // Without a matcher, what was extracted tells apart what one template found at one place.
    if let (None, Some(snippet)) = (matcher, &mut draft.snippet) {
        let told = format!("{snippet} {}", extracted.join(" "));
        told.trim_end().clone_into(snippet);
    }
    if draft.class == Class::Secret {
        hide(&mut draft, &extracted);
    } else {
        draft.say("Extracted", Some(&extracted.join(", ")));
    }
    draft.say("Address", result.get("ip").text());
    draft.say("Remediation", info.get("remediation").text());
    let exchange: Vec<&str> = ["request", "response"].iter().filter_map(|k| result.get(k).text()).collect();
    let command = any(result, &["curl-command", "curl_command"]).filter(|_| exchange.is_empty());
    let context = command.map_or_else(|| exchange.join("\n\n"), str::to_owned);
    draft.context = Some(match draft.class {
        Class::Secret if extracted.len() > MOST_EXTRACTED => String::new(),
        Class::Secret => without(context, &extracted),
        _ => context,
    });
    classified(&mut draft, info);
    // Before version 2.5 references were one text with a line for each.
    let links = || info.get("reference").texts().flat_map(str::split_whitespace).filter(|w| w.starts_with("http"));
    draft.url = links().next().or(result.get("template-url").text()).map(str::to_owned);
    draft.say("References", Some(&links().collect::<Vec<_>>().join("\n")));
    draft
}

/// How many extracted secrets are covered one by one; where there are more, the exchange that has them is not shown.
const MOST_EXTRACTED: usize = 1000;

/// Covers what was extracted. It stays what the finding is recognised by, through a mark of it.
fn hide(draft: &mut Draft, extracted: &[&str]) {
    // The address may have it too.
    draft.detail = without(std::mem::take(&mut draft.detail), extracted);
    for place in [&mut draft.path, &mut draft.logical, &mut draft.snippet].into_iter().flatten() {
        *place = without(std::mem::take(place), extracted);
    }
    let shown: Vec<String> = extracted.iter().take(MOST_EXTRACTED).map(|s| words::covered(s.trim())).collect();
    draft.say("Extracted", Some(&shown.join(", ")));
    draft.secret = Some(extracted.join("\n"));
}

/// A text in which each secret that was extracted is covered.
fn without(text: String, extracted: &[&str]) -> String {
    let long = extracted.iter().take(MOST_EXTRACTED).map(|s| s.trim()).filter(|s| s.len() >= 4);
    long.fold(
        text,
        |text, secret| if text.contains(secret) { text.replace(secret, &words::covered(secret)) } else { text },
    )
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
    fn extracted_secrets_are_covered_wherever_they_stand() {
        let of = |kind: &str, tags: &str| {
            let result = serde_json::json!({"template-id": "leak", "info": {"name": "Leak", "severity": "high", "tags": [tags]},
                "type": kind, "host": "x.example", "matched-at": "https://x.example/a?k=AKIAIOSFODNN7EXAMPLE",
                "extracted-results": ["AKIAIOSFODNN7EXAMPLE", "hunter22"], "response": "key=AKIAIOSFODNN7EXAMPLE hunter22"});
            read("r", result.to_string().as_bytes(), None)
        };
        for (kind, tags) in [("http", "token"), ("http", "tech,exposure"), ("file", "keys")] {
            let report = of(kind, tags);
            assert_eq!(report.findings[0].class, Class::Secret);
            let all = format!("{:?}", report.findings);
            assert!(!all.contains("IOSFODNN7") && !all.contains("hunter22"), "{all}");
        }
        assert_eq!(
            (of("http", "tech").findings[0].class, of("file", "php").findings[0].class),
            (Class::Dast, Class::Sast)
        );
        assert_eq!(of("file", "php").classes, [Class::Sast]);
    }

    #[test]
    fn what_is_no_result_is_an_error() {
        assert_eq!(read("r", b"", Some("nuclei-json")).status, ReportStatus::Error);
        assert_eq!(read("r", b"[]", Some("nuclei-json")).status, ReportStatus::Empty);
        assert_eq!(read("r", b"[7]", Some("nuclei-json")).status, ReportStatus::Error);
    }
}
