//! The XML export (1.0 and 2.0) of Rapid7's Nexpose, now InsightVM: tests on nodes, and definitions of what they look for.

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "Nexpose";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "nexpose-xml",
    title: "Nexpose (InsightVM) XML export 1.0 and 2.0",
    classes: &[Class::Infra],
    items: "`test` elements, passed ones too",
    severity: "`severity` of the definition (1 to 10), else CVSS",
    identity: "vulnerability, node and port",
    checked: "DefectDojo's parser, which makes findings of hosts that are up and of open ports as well",
    detect: |shape| shape.root("NexposeReport").into(),
    parse,
}];

/// A test that found something, with the place where it was done.
struct Found<'t> {
    host: String,
    port: Option<String>,
    protocol: Option<String>,
    service: Option<String>,
    test: xml::Node<'t>,
}

/// What is being read.
#[derive(Default)]
struct Place {
    node: String,
    port: Option<String>,
    protocol: Option<String>,
    service: Option<String>,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let mut place = Place::default();
    let mut nodes = 0_u32;
    let mut found = Vec::new();
    let mut definitions: HashMap<String, xml::Node> = HashMap::new();
    xml::walk(input.text, &["test", "vulnerability"], |part| match part {
        Part::Open(node) => {
            let owned = |name: &str| node.attribute(name).map(str::to_owned);
            match node.name {
                "node" => {
                    // `dead` is what did not answer.
                    nodes += u32::from(node.attribute("status").is_none_or(|s| !s.eq_ignore_ascii_case("dead")));
                    place = Place { node: owned("address").unwrap_or_default(), ..Place::default() };
                }
                "endpoint" => (place.port, place.protocol) = (owned("port"), owned("protocol")),
                "service" => place.service = owned("name"),
                "scan" => {
                    let status = node.attribute("status").unwrap_or("finished");
                    if status != "finished" {
                        reading.incomplete(format!("The scan has not come to its end: {status}."));
                    }
                }
                _ => {}
            }
        }
        Part::Close(name) => match name {
            "endpoint" => (place.port, place.protocol, place.service) = (None, None, None),
            "service" => place.service = None,
            _ => {}
        },
        Part::Whole(test) if test.name == "test" => {
            reading.passed(1);
            if is_vulnerable(test.attribute("status").unwrap_or_default()) {
                found.push(Found {
                    host: place.node.clone(),
                    port: place.port.clone(),
                    protocol: place.protocol.clone(),
                    service: place.service.clone(),
                    test,
                });
            }
        }
        Part::Whole(definition) => {
            if let Some(id) = definition.attribute("id") {
                definitions.entry(id.to_lowercase()).or_insert(definition);
            }
        }
    })?;
    let unknown = xml::Node::default();
    for found in &found {
        let id = found.test.attribute("id").unwrap_or_default();
        reading.more(draft(found, id, definitions.get(&id.to_lowercase()).unwrap_or(&unknown)));
    }
    if nodes == 0 {
        reading.not_assessed("Nexpose looked at nothing: the report has no node that answered.");
    }
    reading.done()
}

/// `vulnerable-exploited`, `vulnerable-version`, `vulnerable-potential`, and the same with an exception granted.
fn is_vulnerable(status: &str) -> bool {
    let status = status.trim_start_matches("exception-").trim_start_matches("potential-");
    status.starts_with("vulnerable")
}

fn draft(found: &Found, id: &str, definition: &xml::Node) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let status = found.test.attribute("status").unwrap_or_default();
    // Up to 3 is moderate, up to 7 severe, above critical, in scores like those of CVSS.
    draft.severity = match definition.attribute("severity").and_then(|s| s.parse::<f64>().ok()) {
        Some(s) if s >= 8.0 => Severity::Critical,
        Some(s) if s >= 7.0 => Severity::High,
        Some(s) if s >= 4.0 => Severity::Medium,
        Some(s) if s >= 1.0 => Severity::Low,
        Some(_) => Severity::Info,
        None => Severity::Unknown,
    };
    id.clone_into(&mut draft.rule);
    definition.attribute("title").unwrap_or(id).clone_into(&mut draft.title);
    let prose = |node: Option<&xml::Node>| node.map(paragraphs);
    draft.say("", prose(definition.child("description")).as_deref());
    draft.say("Proof", Some(&paragraphs(&found.test)));
    draft.say("Solution", prose(definition.child("solution")).as_deref());
    draft.on_host(&found.host, found.port.as_deref(), found.protocol.as_deref());
    draft.say("Service", found.service.as_deref());
    draft.say("Key", found.test.attribute("key"));
    let references = definition.descendants("reference");
    let ids: Vec<&str> = references.iter().map(|r| r.text.trim()).collect();
    draft.vulnerabilities = words::vulnerability_ids(&ids.join(" "));
    let weaknesses = references.iter().filter(|r| r.attribute("source").is_some_and(|s| s.eq_ignore_ascii_case("cwe")));
    draft.cwe = weaknesses
        .flat_map(|r| words::cwe_numbers(&format!("cwe {}", r.text.trim().trim_start_matches("CWE-"))))
        .collect();
    draft.url = ids.iter().find(|i| i.starts_with("http")).map(|i| (*i).to_owned());
    draft.say("References", Some(&ids.join("\n")));
    let score = |name: &str| definition.attribute(name).and_then(|s| s.parse().ok()).filter(|s| *s > 0.0);
    draft.cvss = Cvss::bare(score("cvssV3Score"), definition.attribute("cvssV3Vector"));
    if draft.cvss.is_empty() {
        draft.cvss = Cvss::bare(score("cvssScore"), definition.attribute("cvssVector"));
    }
    draft.confidence = Some(status.to_owned());
    if status.starts_with("exception-") {
        draft.suppressed = Some("An exception was granted in Nexpose.".to_owned());
    }
    draft
}

/// The paragraphs of a text, with the blanks of the layout taken out.
fn paragraphs(node: &xml::Node) -> String {
    let own = |n: &xml::Node| n.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = vec![own(node)];
    let mut open: Vec<&xml::Node> = node.children.iter().rev().collect();
    while let Some(node) = open.pop() {
        lines.push(own(node));
        open.extend(node.children.iter().rev());
    }
    lines.retain(|l| !l.is_empty());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn tests_that_found_something_are_findings() {
        let text = br#"<NexposeReport version="2.0"><scans><scan id="1" status="finished"/></scans><nodes><node address="10.0.0.1">
            <tests><test id="icmp" status="not-vulnerable"/></tests><endpoints><endpoint protocol="tcp" port="53"><services>
            <service name="DNS"><tests><test id="DNS-x" status="exception-vulnerable-exploited"><Paragraph>It
               answered.</Paragraph></test></tests></service></services></endpoint></endpoints></node></nodes><VulnerabilityDefinitions>
            <vulnerability id="dns-x" title="Snooping" severity="5" cvssScore="5.0" cvssVector="(AV:N/AC:L/Au:N/C:P/I:N/A:N)">
            <description><Paragraph>It is bad.</Paragraph></description><references><reference source="CVE">CVE-2008-1447</reference>
            <reference source="URL">https://r.example</reference></references></vulnerability></VulnerabilityDefinitions></NexposeReport>"#;
        let report = read("r", text, None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("nexpose-xml", 2, 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.title.raw()), (Class::Infra, Severity::Medium, "Snooping"));
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "10.0.0.1:53/tcp");
        assert_eq!((f.vulnerabilities[0].raw(), f.suppressed.is_some()), ("CVE-2008-1447", true));
        assert!(f.detail.raw().contains("It answered."));
    }

    #[test]
    fn no_node_is_not_a_clean_report() {
        assert_eq!(
            read("r", b"<NexposeReport version='2.0'><nodes/></NexposeReport>", None).status,
            ReportStatus::NotAssessed
        );
        let clean = b"<NexposeReport><nodes><node address='a'><tests><test id='x' status='not-vulnerable'/></tests></node></nodes></NexposeReport>";
        let report = read("r", clean, None);
        assert_eq!((report.status, report.raw_items), (ReportStatus::Empty, 1));
        let text = String::from_utf8_lossy(clean);
        let dead = text.replace("<node ", "<node status='dead' ");
        let stopped = text.replace("<nodes>", "<scans><scan id='1' status='aborted'/></scans><nodes>");
        for text in [dead, stopped] {
            assert_eq!(read("r", text.as_bytes(), None).status, ReportStatus::NotAssessed);
        }
        assert_eq!(read("r", b"<NexposeReport><nodes>", None).status, ReportStatus::Error);
    }
}
