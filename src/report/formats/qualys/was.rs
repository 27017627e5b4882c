//! XML reports of Qualys Web Application Scanning: detections first, and a glossary of their numbers after them.

use std::collections::HashMap;

use super::{TOOL, is_fixed, severity};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "qualys-was-xml",
    title: "Qualys Web Application Scanning XML: scan and web application reports",
    classes: &[Class::Dast],
    items: "`VULNERABILITY`, `SENSITIVE_CONTENT` and `INFORMATION_GATHERED` elements of the lists",
    severity: "`SEVERITY` (1 to 5) of the glossary; what is only gathered is info",
    identity: "QID, page and parameter",
    checked: "DefectDojo's parser",
    detect: |shape| (shape.root("WAS_SCAN_REPORT") || shape.root("WAS_WEBAPP_REPORT")).into(),
    parse,
};

const WHOLE: &[&str] = &["VULNERABILITY", "SENSITIVE_CONTENT", "INFORMATION_GATHERED", "QID", "SCAN", "WEBAPP"];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let mut found = Vec::new();
    let mut glossary: HashMap<String, xml::Node> = HashMap::new();
    let mut site = None;
    let mut unfinished = None;
    let mut results = false;
    xml::walk(input.text, WHOLE, |part| match part {
        Part::Open(node) => results |= node.name == "RESULTS",
        Part::Close(_) => {}
        Part::Whole(node) => match node.name {
            // Counts in the summary have these names too.
            "VULNERABILITY" | "SENSITIVE_CONTENT" | "INFORMATION_GATHERED" if node.child("QID").is_some() => {
                found.push(node);
            }
            "QID" if !node.children.is_empty() => {
                let qid = node.text_of("QID").unwrap_or_default().to_owned();
                glossary.entry(qid).or_insert(node);
            }
            "SCAN" => {
                let status = node.text_of("STATUS").filter(|s| !s.eq_ignore_ascii_case("finished"));
                unfinished = unfinished.take().or(status.map(str::to_owned));
            }
            "WEBAPP" => site = site.take().or(node.text_of("URL").map(str::to_owned)),
            _ => {}
        },
    })?;
    let none = xml::Node::default();
    for node in &found {
        reading.passed(1);
        if !is_fixed(node.text_of("STATUS")) {
            let details = node.text_of("QID").and_then(|q| glossary.get(q)).unwrap_or(&none);
            reading.more(draft(node, details, site.as_deref()));
        }
    }
    match unfinished {
        Some(status) if found.is_empty() => {
            reading.not_assessed(format!("Qualys looked at nothing: the scan is {status}."));
        }
        Some(status) => reading.remark(format!("The scan has not come to its end: {status}.")),
        None if !results => reading.not_assessed("Qualys looked at nothing: the report has no results."),
        None => {}
    }
    reading.done()
}

fn draft(node: &xml::Node, details: &xml::Node, site: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    let text = |path: &str| node.text_at(path);
    let gathered = node.name == "INFORMATION_GATHERED";
    draft.severity = match details.text_of("SEVERITY").or(text("SEVERITY")) {
        _ if gathered => Severity::Info,
        // The least of what is held against an application is still held against it.
        Some("1") => Severity::Low,
        level => level.and_then(severity).unwrap_or(Severity::Unknown),
    };
    text("QID").unwrap_or_default().clone_into(&mut draft.rule);
    draft.title = details.text_of("TITLE").map_or_else(|| format!("QID {}", draft.rule), str::to_owned);
    for (heading, name) in [("", "DESCRIPTION"), ("Impact", "IMPACT"), ("Solution", "SOLUTION")] {
        draft.say(heading, details.text_of(name).map(html::text).as_deref());
    }
    draft.say("Group", details.text_of("GROUP"));
    draft.say("Payload", text("PAYLOADS/PAYLOAD/PAYLOAD").filter(|p| *p != "N/A"));
    draft.say("Found", text("DATA").map(|data| decoded(node.child("DATA"), data)).as_deref());
    let request = node.at("PAYLOADS/PAYLOAD/REQUEST");
    let url = text("URL").or_else(|| request?.text_of("URL")).or(site);
    draft.on_page(request.and_then(|r| r.text_of("METHOD")), url, text("PARAM").or(text("FORM_ENTRY_POINT")));
    draft.context = Some(exchange(request, node.at("PAYLOADS/PAYLOAD/RESPONSE")));
    draft.cwe = details.text_of("CWE").map(words::cwe_numbers).unwrap_or_default();
    draft.vulnerabilities = words::vulnerability_ids(details.text_of("CVE").unwrap_or_default());
    let score = |name: &str| details.text_of(name).and_then(|s| s.parse().ok()).filter(|s| *s > 0.0);
    draft.cvss = Cvss::bare(score("CVSS_V3_BASE").or(score("CVSS3_BASE")), details.text_at("CVSS_V3/ATTACK_VECTOR"));
    if draft.cvss.is_empty() {
        draft.cvss = Cvss::of(score("CVSS_BASE"), None);
    }
    let potential = details.text_of("CATEGORY").is_some_and(|c| c.to_lowercase().contains("potential"));
    let potential = potential || text("POTENTIAL") == Some("true");
    draft.confidence = (!gathered).then(|| if potential { "potential" } else { "confirmed" }.to_owned());
    if text("IGNORED").is_some_and(|i| i.eq_ignore_ascii_case("true")) {
        let reason = text("IGNORE_REASON").or(text("IGNORE_COMMENTS")).unwrap_or("No reason is given.");
        draft.suppressed = Some(format!("Ignored in Qualys: {reason}"));
    }
    draft
}

/// A text that may stand in Base64.
fn decoded(node: Option<&xml::Node>, text: &str) -> String {
    let encoded = node.is_some_and(|n| n.attribute("base64") == Some("true"));
    encoded.then(|| words::from_base64(text)).flatten().unwrap_or_else(|| text.to_owned())
}

fn exchange(request: Option<&xml::Node>, response: Option<&xml::Node>) -> String {
    let mut out = String::new();
    if let Some(request) = request {
        let word = |name: &str| request.text_of(name).unwrap_or_default();
        out = format!("{} {}\n", word("METHOD"), word("URL"));
        for header in request.descendants("HEADER") {
            out.push_str(&format!(
                "{}: {}\n",
                header.field("key").unwrap_or_default(),
                header.field("value").unwrap_or_default()
            ));
        }
        out.push_str(word("BODY"));
    }
    if let Some(contents) = response.and_then(|r| r.child("CONTENTS")) {
        out.push('\n');
        out.push_str(&decoded(Some(contents), &contents.text));
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const REPORT: &str = r#"<WAS_SCAN_REPORT><SUMMARY><VULNERABILITY>1</VULNERABILITY></SUMMARY><RESULTS><VULNERABILITY_LIST><VULNERABILITY>
        <QID>150085</QID><URL>https://x.example/a?b=1</URL><PARAM>b</PARAM><PAYLOADS><PAYLOAD><NUM>1</NUM><PAYLOAD>b=2</PAYLOAD><REQUEST><METHOD>POST</METHOD>
        <URL>https://x.example/a</URL><HEADERS><HEADER><key>Host</key><value>x</value></HEADER></HEADERS></REQUEST><RESPONSE>
        <CONTENTS base64="true">aGk=</CONTENTS></RESPONSE></PAYLOAD></PAYLOADS><IGNORED>true</IGNORED></VULNERABILITY></VULNERABILITY_LIST>
        <INFORMATION_GATHERED_LIST><INFORMATION_GATHERED><QID>6</QID><DATA base64="true">aGk=</DATA></INFORMATION_GATHERED></INFORMATION_GATHERED_LIST>
        </RESULTS><GLOSSARY><QID_LIST><QID><QID>150085</QID><CATEGORY>Confirmed Vulnerability</CATEGORY><SEVERITY>3</SEVERITY><TITLE>Slow POST</TITLE>
        <CWE>CWE-772</CWE><CVSS_BASE>6.8</CVSS_BASE></QID><QID><QID>6</QID><SEVERITY>1</SEVERITY><TITLE>DNS</TITLE></QID></QID_LIST></GLOSSARY>
        <APPENDIX><SCAN_LIST><SCAN><STATUS>Finished</STATUS></SCAN></SCAN_LIST><WEBAPP><URL>https://x.example</URL></WEBAPP></APPENDIX></WAS_SCAN_REPORT>"#;

    #[test]
    fn detections_have_their_words_in_the_glossary() {
        let report = read("r", REPORT.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("qualys-was-xml", 2, 2));
        let f = report.findings.iter().find(|f| f.rule.raw() == "150085").unwrap();
        assert_eq!((f.class, f.severity, f.title.raw(), f.cwe[0]), (Class::Dast, Severity::Medium, "Slow POST", 772));
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "POST https://x.example/a b");
        assert!(f.context.as_ref().unwrap().raw().ends_with("hi") && f.suppressed.is_some());
        let gathered = report.findings.iter().find(|f| f.rule.raw() == "6").unwrap();
        assert_eq!((gathered.severity, gathered.place().as_str()), (Severity::Info, "https://x.example"));
    }

    #[test]
    fn a_scan_that_failed_is_not_clean() {
        let failed = b"<WAS_SCAN_REPORT><RESULTS/><APPENDIX><SCAN_LIST><SCAN><STATUS>Error</STATUS></SCAN></SCAN_LIST></APPENDIX></WAS_SCAN_REPORT>";
        assert_eq!(read("r", failed, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", b"<WAS_SCAN_REPORT><RESULTS/></WAS_SCAN_REPORT>", None).status, ReportStatus::Empty);
        assert_eq!(read("r", b"<WAS_SCAN_REPORT/>", None).status, ReportStatus::NotAssessed);
    }
}
