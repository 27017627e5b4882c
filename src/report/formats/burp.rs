//! Burp Suite: the XML of Professional, the JSON of its REST API, that of the GraphQL API of Enterprise (now DAST),
//! the HTML reports of the latter, and the JUnit XML of pipelines. All list the same issues.

mod dastardly;
mod page;

use crate::report::prelude::*;

const TOOL: &str = "Burp Suite";
/// The type of all issues that extensions report, whatever they are.
const EXTENSION: &str = "134217728";
const IDENTITY: &str = "type of issue (of extensions also its name), method, page and parameter";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "burp-api-json",
        title: "Burp Suite REST API JSON",
        classes: &[Class::Dast],
        items: "elements of `issue_events`",
        severity: "`severity`",
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: detect_api,
        parse: parse_api,
    },
    Format {
        name: "burp-graphql-json",
        title: "Burp Suite Enterprise (DAST) GraphQL JSON",
        classes: &[Class::Dast],
        items: "elements of `Issues`, or of the `issues` of a scan",
        severity: "`severity`",
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: detect_graphql,
        parse: parse_graphql,
    },
    page::FORMAT,
    dastardly::FORMAT,
    Format {
        name: "burp-xml",
        title: "Burp Suite Professional XML",
        classes: &[Class::Dast],
        items: "`issue` elements",
        severity: "`severity`",
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: detect_xml,
        parse: parse_xml,
    },
];

/// What all of them say of an issue. Prose is HTML.
#[derive(Default)]
struct Issue<'t> {
    kind: Option<&'t str>,
    name: &'t str,
    severity: Option<&'t str>,
    confidence: Option<&'t str>,
    origin: &'t str,
    path: &'t str,
    /// The path again, with what is affected on the page: `/a [q parameter]`.
    location: Option<&'t str>,
    method: Option<&'t str>,
    details: Vec<&'t str>,
    background: Option<&'t str>,
    remediation: [Option<&'t str>; 2],
    classifications: Option<&'t str>,
    references: Option<&'t str>,
    exchange: String,
}

fn draft(issue: &Issue<'_>) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    let severity = issue.severity.unwrap_or_default().trim().to_lowercase();
    draft.severity = if severity == "information" {
        Severity::Info
    } else {
        words::severity(&severity).unwrap_or(Severity::Unknown)
    };
    if matches!(severity.as_str(), "false positive" | "false_positive") {
        draft.suppressed = Some("Marked as a false positive in Burp.".to_owned());
    }
    draft.confidence = issue.confidence.map(str::to_owned);
    issue.name.clone_into(&mut draft.title);
    draft.rule = match issue.kind {
        Some(EXTENSION) => format!("{EXTENSION}:{}", issue.name),
        kind => kind.unwrap_or(issue.name).to_owned(),
    };
    for detail in &issue.details {
        draft.say("", Some(&html::text(detail)));
    }
    for (heading, prose) in [
        ("Background", issue.background),
        ("Remediation", issue.remediation[0]),
        ("Remediation", issue.remediation[1]),
        ("Classifications", issue.classifications),
        ("References", issue.references),
    ] {
        draft.say(heading, prose.map(html::text).as_deref());
    }
    let affected =
        issue.location.and_then(|l| l.rsplit_once('[')).and_then(|(_, what)| what.trim_end().strip_suffix(']'));
    let path = if issue.path.is_empty() || issue.path.starts_with('/') {
        issue.path.to_owned()
    } else {
        format!("/{}", issue.path)
    };
    let url = if issue.path.contains("://") {
        issue.path.to_owned()
    } else {
        format!("{}{path}", issue.origin.trim_end_matches('/'))
    };
    draft.on_page(issue.method, Some(&url), affected);
    draft.context = Some(issue.exchange.clone());
    // The classifications of a type are as good for the issue.
    draft.cwe = words::cwe_numbers(issue.classifications.unwrap_or_default());
    draft.url = issue.references.and_then(|r| html::links(r).into_iter().next());
    draft.vulnerabilities = issue.details.iter().flat_map(|d| words::vulnerability_ids(d)).collect();
    draft
}

fn detect_xml(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    (sketch.root == "issues" && (sketch.attribute("burpVersion").is_some() || sketch.contains("serialNumber"))).into()
}

fn parse_xml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    xml::walk(input.text, &["issue"], |part| match part {
        Part::Open(node) if node.name == "issues" => reading.version(node.attribute("burpVersion")),
        Part::Open(_) | Part::Close(_) => {}
        Part::Whole(node) => {
            let text = |name: &str| node.text_of(name);
            let items = node.child("issueDetailItems").map(|i| i.descendants("issueDetailItem")).unwrap_or_default();
            let request = node.child("requestresponse").and_then(|r| r.child("request"));
            let messages = node.child("requestresponse").map(|r| &r.children).into_iter().flatten();
            let exchange: Vec<String> =
                messages.filter(|m| matches!(m.name, "request" | "response")).map(message).collect();
            reading.add(draft(&Issue {
                kind: text("type"),
                name: text("name").unwrap_or_default(),
                severity: text("severity"),
                confidence: text("confidence"),
                origin: text("host").unwrap_or_default(),
                path: text("path").unwrap_or_default(),
                location: text("location"),
                method: request.and_then(|r| r.attribute("method")),
                details: text("issueDetail").into_iter().chain(items.iter().map(|i| i.text.as_ref())).collect(),
                background: text("issueBackground"),
                remediation: [text("remediationDetail"), text("remediationBackground")],
                classifications: text("vulnerabilityClassifications"),
                references: text("references"),
                exchange: exchange.join("\n\n").trim_end().to_owned(),
            }));
        }
    })?;
    reading.done()
}

/// A request or a response, which stands in Base64 as a rule.
fn message(node: &xml::Node) -> String {
    let encoded = node.attribute("base64") == Some("true");
    encoded.then(|| words::from_base64(&node.text)).flatten().unwrap_or_else(|| node.text.clone().into_owned())
}

fn detect_api(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    (doc.get("issue_events").is_list() && doc.has("scan_status")).into()
}

fn parse_api(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    for event in doc.results("issue_events")? {
        let issue = event.object()?.get("issue");
        if issue.is_null() {
            reading.passed(1);
            continue;
        }
        let issue = issue.object()?;
        let evidence = issue.get("evidence").items();
        let exchange = evidence.iter().map(|e| e.get("request_response")).find(|r| r.is_object()).map(segments);
        let exchange = exchange.unwrap_or_default();
        let method = exchange.split_whitespace().next().filter(|m| m.chars().all(|c| c.is_ascii_uppercase()));
        reading.add(draft(&Issue {
            kind: issue.get("type_index").text(),
            name: issue.get("name").or_empty(),
            severity: issue.get("severity").text(),
            confidence: issue.get("confidence").text(),
            origin: issue.get("origin").or_empty(),
            path: issue.get("path").or_empty(),
            location: issue.get("caption").text(),
            method,
            details: issue.get("description").texts().collect(),
            background: issue.get("issue_background").text(),
            remediation: [issue.get("remediation").text(), issue.get("remediation_background").text()],
            classifications: issue.get("vulnerability_classifications").text(),
            references: issue.get("references").text(),
            exchange: exchange.clone(),
        }));
    }
    let (status, message) = (doc.get("scan_status").or_empty(), doc.get("message").or_empty());
    if status != "succeeded" {
        let state = format!("Burp's scan has not come to its end: {status}. {message}");
        if reading.items() == 0 {
            reading.not_assessed(state.trim_end());
        } else {
            reading.remark(state.trim_end());
        }
    }
    reading.done()
}

/// Request and response, in segments of Base64.
fn segments(exchange: &Node<'_>) -> String {
    let whole = |key: &str| -> String {
        let segments = exchange.get(key).items().iter();
        segments.filter_map(|s| words::from_base64(s.get("data").text()?)).collect()
    };
    format!("{}\n\n{}", whole("request").trim_end(), whole("response")).trim().to_owned()
}

/// The list of issues: where it was saved by itself, or in the answer to a query.
fn issues<'n, 'a>(doc: &'n Node<'a>) -> &'n Node<'a> {
    let places = ["Issues", "issues", "data.scan.issues", "scan.issues"].map(|p| doc.at(p));
    places.into_iter().find(|p| p.is_list()).unwrap_or(doc.get("Issues"))
}

fn detect_graphql(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let Node::List(found) = issues(doc) else { return Fit::No };
    match found.first() {
        Some(first) => (first.has("issue_type") && first.has("severity")).into(),
        None => Fit::general(doc.entries().len() == 1 && doc.has("Issues") || doc.at("data.scan").is_object()),
    }
}

fn parse_graphql(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    for issue in issues(&doc).list()? {
        let issue = issue.object()?;
        let kind = issue.get("issue_type");
        let evidence = issue.get("evidence").items();
        let exchange: Vec<String> = evidence.iter().map(marked).filter(|m| !m.is_empty()).collect();
        reading.add(draft(&Issue {
            kind: kind.get("type_index").text(),
            name: kind.get("name").or_empty(),
            severity: issue.get("severity").text(),
            confidence: issue.get("confidence").text(),
            origin: issue.get("origin").or_empty(),
            path: issue.get("path").or_empty(),
            details: issue.get("description_html").texts().collect(),
            background: kind.get("description_html").text(),
            remediation: [issue.get("remediation_html").text(), kind.get("remediation_html").text()],
            classifications: kind.get("vulnerability_classifications_html").text(),
            references: kind.get("references_html").text(),
            exchange: exchange.join("\n\n"),
            ..Issue::default()
        }));
    }
    reading.done()
}

/// A request or a response, in segments of HTML; or what is said in its place.
fn marked(evidence: &Node<'_>) -> String {
    let segments = ["request_segments", "response_segments"].map(|k| evidence.get(k).items()).concat();
    let pieces = segments.iter().filter_map(|s| s.get("data_html").text().or(s.get("highlight_html").text()));
    let whole: String = pieces.map(html::verbatim).collect();
    if whole.is_empty() { html::text(evidence.get("description_html").or_empty()).into_owned() } else { whole }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const XML: &str = r#"<?xml version="1.0"?><!DOCTYPE issues [<!ELEMENT issues (issue*)>]><issues burpVersion="2024.1">
        <issue><serialNumber>1</serialNumber><type>1049088</type><name>SQL injection</name><host ip="10.0.0.1">https://x.example</host>
        <path>/a</path><location><![CDATA[/a [q parameter]]]></location><severity>High</severity><confidence>Firm</confidence>
        <issueDetail><![CDATA[The <b>q</b> parameter.]]></issueDetail><vulnerabilityClassifications><![CDATA[<li>CWE-89: x</li>]]>
        </vulnerabilityClassifications><requestresponse><request method="GET" base64="true">R0VUIC9h</request></requestresponse></issue></issues>"#;
    const API: &str = r#"{"task_id": "1", "scan_status": "succeeded", "issue_events": [{"type": "issue_found", "issue": {
        "name": "SQL injection", "type_index": 1049088, "origin": "https://x.example", "path": "/a", "caption": "/a [q parameter]",
        "severity": "high", "confidence": "firm", "description": "The <b>q</b> parameter.", "evidence": [{"request_response":
        {"request": [{"data": "R0VUIC9h"}]}}]}}]}"#;

    #[test]
    fn one_issue_is_the_same_in_all_forms() {
        for (text, format) in [(XML, "burp-xml"), (API, "burp-api-json")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.status), (format, 1, ReportStatus::Ok));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Dast, Severity::High, "1049088"));
            assert_eq!(f.snippet.as_ref().unwrap().raw(), "GET https://x.example/a q parameter");
            assert_eq!(f.context.as_ref().unwrap().raw(), "GET /a");
            assert_eq!(f.detail.raw().lines().next(), Some("The q parameter."));
        }
        let graphql = r#"{"data": {"scan": {"issues": [{"issue_type": {"name": "XSS", "vulnerability_classifications_html":
            "<li>CWE-79</li>"}, "severity": "false_positive", "path": "/b", "origin": "https://x.example", "evidence": null}]}}}"#;
        let report = read("r", graphql.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.place().as_str(), f.cwe[0]), ("burp-graphql-json", "https://x.example/b", 79));
        assert_eq!((f.severity, f.suppressed.is_some()), (Severity::Unknown, true));
    }

    #[test]
    fn issues_of_extensions_are_told_apart_by_their_names() {
        let (before, issue) = XML
            .replace("1049088", "134217728")
            .split_once("<issue>")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let other = issue.replace("SQL injection", "Old library");
        let text = format!("{before}<issue>{}<issue>{other}", issue.replace("</issues>", ""));
        let report = read("r", text.as_bytes(), None);
        let rules: Vec<&str> = report.findings.iter().map(|f| f.rule.raw()).collect();
        assert_eq!(rules, ["134217728:SQL injection", "134217728:Old library"]);
        let api = read("r", API.replace("1049088", "134217728").as_bytes(), None);
        assert_eq!(api.findings[0].keys, report.findings[0].keys);
    }

    #[test]
    fn an_unfinished_scan_without_issues_is_not_clean() {
        let none = r#"{"scan_status": "crawling", "issue_events": []}"#;
        assert_eq!(read("r", none.as_bytes(), None).status, ReportStatus::NotAssessed);
        let clean = none.replace("crawling", "succeeded");
        assert_eq!(read("r", clean.as_bytes(), None).status, ReportStatus::Empty);
        let partial = API.replace("succeeded", "auditing");
        assert!(read("r", partial.as_bytes(), None).reason.unwrap().raw().contains("auditing"));
        assert_eq!(read("r", br#"{"Issues": []}"#, None).status, ReportStatus::Empty);
        assert_eq!(read("r", br#"{"Issues": {}}"#, Some("burp-graphql-json")).status, ReportStatus::Error);
        assert_eq!(read("r", br#"{"scan_status": "x"}"#, Some("burp-api-json")).status, ReportStatus::Error);
    }
}
