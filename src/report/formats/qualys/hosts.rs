//! XML of Qualys about hosts: scan results (`SCAN`), asset reports (`ASSET_DATA_REPORT`), and the list of detections that
//! its API gives (`HOST_LIST_VM_DETECTION_OUTPUT`), which knows vulnerabilities by their numbers only.

use std::collections::HashMap;

use super::{Detection, TOOL, is_fixed};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "qualys-xml",
    title: "Qualys VM XML: scan results, asset data report, host detections of the API",
    classes: &[Class::Infra],
    items: "`VULN`, `PRACTICE`, `INFO` and `SERVICE` of a scan; `VULN_INFO` of a report; `DETECTION` of the API",
    severity: "the level (1 to 5), else CVSS; what is only gathered is info",
    identity: "QID, host and port",
    checked: "DefectDojo's parser of scan results; the other two written from Qualys' documentation",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    match sketch.root.as_str() {
        "ASSET_DATA_REPORT" | "HOST_LIST_VM_DETECTION_OUTPUT" => Fit::Sure,
        "SCAN" => (sketch.contains("HEADER") || sketch.contains("IP")).into(),
        _ => Fit::No,
    }
}

/// What of a host is known where its detections stand.
#[derive(Debug, Default, Clone)]
struct Host {
    ip: String,
    name: String,
    system: String,
}

/// Elements that are read complete.
const WHOLE: &[&str] = &[
    "VULN",
    "PRACTICE",
    "INFO",
    "SERVICE",
    "VULN_INFO",
    "DETECTION",
    "VULN_DETAILS",
    "IP",
    "DNS",
    "OS",
    "OPERATING_SYSTEM",
    "ERROR",
];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    // In scan results `IP` is what a host's results stand in, else it is a text.
    let of_scan = xml::sketch(input.text).is_some_and(|s| s.root == "SCAN");
    let whole: Vec<&str> = WHOLE.iter().copied().filter(|w| !of_scan || *w != "IP").collect();
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let mut host = Host::default();
    let mut hosts = 0_u32;
    let mut category = (None, None);
    let mut found: Vec<(Host, xml::Node)> = Vec::new();
    let mut details: HashMap<String, xml::Node> = HashMap::new();
    xml::walk(input.text, &whole, |part| match part {
        Part::Open(node) => {
            let owned = |name: &str| node.attribute(name).map(str::to_owned);
            match node.name {
                "IP" => {
                    hosts += u32::from(owned("status").is_none_or(|s| !s.eq_ignore_ascii_case("down")));
                    host = Host {
                        ip: owned("value").unwrap_or_default(),
                        name: owned("name").unwrap_or_default(),
                        ..Host::default()
                    };
                }
                "HOST" => {
                    hosts += 1;
                    host = Host::default();
                }
                "CAT" => category = (owned("port"), owned("protocol")),
                _ => {}
            }
        }
        Part::Close(_) => {}
        Part::Whole(node) => match node.name {
            "IP" => node.text.trim().clone_into(&mut host.ip),
            "DNS" => node.text.trim().clone_into(&mut host.name),
            "OS" | "OPERATING_SYSTEM" => node.text.trim().clone_into(&mut host.system),
            "ERROR" => reading.incomplete(format!("Qualys reports an error: {}", node.all_text().trim())),
            "VULN_DETAILS" => {
                let qid = node.child("QID").map(|q| q.text.trim().to_owned()).unwrap_or_default();
                details.entry(qid).or_insert(node);
            }
            "VULN_INFO" => {
                reading.passed(1);
                found.push((host.clone(), node));
            }
            "DETECTION" => {
                reading.passed(1);
                if !is_fixed(node.text_of("STATUS")) {
                    reading.more(detected(&host, &node, None));
                }
            }
            _ => reading.add(scanned(&host, &category, &node)),
        },
    })?;
    for (host, node) in &found {
        if !is_fixed(node.text_of("VULN_STATUS")) {
            reading.more(detected(host, node, node.text_of("QID").and_then(|q| details.get(q))));
        }
    }
    if hosts == 0 {
        reading.not_assessed("Qualys looked at nothing: the report names no host that answered.");
    }
    reading.done()
}

fn finished(mut draft: Draft, host: &Host) -> Draft {
    draft.say("Host name", Some(&host.name));
    draft.say("Operating system", Some(&host.system));
    draft
}

fn ids(node: &xml::Node) -> String {
    node.descendants("CVE_ID").iter().map(|c| c.all_text()).collect::<Vec<_>>().join(" ")
}

/// A result of a scan: it has all its words in it.
fn scanned(host: &Host, (port, protocol): &(Option<String>, Option<String>), node: &xml::Node) -> Draft {
    let text = |name: &str| node.text_of(name);
    let detection = Detection {
        qid: node.attribute("number").unwrap_or_default(),
        title: text("TITLE"),
        level: node.attribute("severity"),
        kind: match node.name {
            "VULN" => Some("confirmed"),
            "PRACTICE" => Some("potential"),
            _ => Some("info"),
        },
        host: if host.ip.is_empty() { &host.name } else { &host.ip },
        port: port.as_deref(),
        protocol: protocol.as_deref(),
        threat: text("DIAGNOSIS"),
        impact: text("CONSEQUENCE"),
        solution: text("SOLUTION"),
        result: text("RESULT"),
        cves: format!("{} {}", node.attribute("cveid").unwrap_or_default(), ids(node)),
        link: node.text_at("VENDOR_REFERENCE_LIST/VENDOR_REFERENCE/URL"),
        scores: [text("CVSS3_BASE"), text("CVSS_BASE")],
        ..Detection::default()
    };
    finished(detection.draft(), host)
}

/// A detection on a host, with the details of its number where the report has them.
fn detected(host: &Host, node: &xml::Node, details: Option<&xml::Node>) -> Draft {
    let text = |name: &str| node.text_of(name);
    let known = |path: &str| details.and_then(|d| d.text_at(path));
    let yes = |name: &str| text(name).is_some_and(|t| t == "1" || t.eq_ignore_ascii_case("true"));
    let dismissed = ["IS_IGNORED", "IS_DISABLED"].into_iter().find(|n| yes(n)).map(|n| match n {
        "IS_IGNORED" => "Ignored in Qualys.".to_owned(),
        _ => "Disabled in Qualys.".to_owned(),
    });
    let detection = Detection {
        qid: text("QID").unwrap_or_default(),
        title: known("TITLE"),
        level: known("SEVERITY").or(text("SEVERITY")),
        kind: text("TYPE"),
        host: if host.ip.is_empty() { &host.name } else { &host.ip },
        port: text("PORT"),
        protocol: text("PROTOCOL"),
        threat: known("THREAT"),
        impact: known("IMPACT"),
        solution: known("SOLUTION"),
        result: text("RESULT").or(text("RESULTS")),
        cves: details.map(ids).unwrap_or_default(),
        link: known("VENDOR_REFERENCE_LIST/VENDOR_REFERENCE/URL"),
        scores: [known("CVSS3_SCORE/CVSS3_BASE"), known("CVSS_SCORE/CVSS_BASE")],
        dismissed,
        ..Detection::default()
    };
    finished(detection.draft(), host)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_of_a_scan_are_findings_on_their_hosts() {
        let text = br#"<SCAN value="scan/1"><HEADER/><IP value="10.0.0.1" name="h.example"><OS>Linux</OS><VULNS><CAT value="Web" port="443"
            protocol="tcp"><VULN number="105" severity="5" cveid="CVE-2020-11"><TITLE>Old</TITLE><CVSS3_BASE>9.8</CVSS3_BASE>
            <DIAGNOSIS>Bad.&lt;P&gt;Very.</DIAGNOSIS><RESULT>seen</RESULT></VULN></CAT></VULNS><INFOS><CAT value="Info">
            <INFO number="45017" severity="2"><TITLE>OS</TITLE></INFO></CAT></INFOS></IP></SCAN>"#;
        let report = read("r", text, None);
        assert_eq!((report.format, report.raw_items), ("qualys-xml", 2));
        let f = report.findings.iter().find(|f| f.rule.raw() == "105").unwrap();
        assert_eq!(
            (f.class, f.severity, f.vulnerabilities[0].raw()),
            (Class::Infra, Severity::Critical, "CVE-2020-11")
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "10.0.0.1:443/tcp");
        assert_eq!(report.findings.iter().filter(|f| f.severity == Severity::Info).count(), 1);
    }

    #[test]
    fn assets_have_their_details_in_a_glossary() {
        let text = br#"<ASSET_DATA_REPORT><HEADER/><HOST_LIST><HOST><IP network_id="0">10.0.0.1</IP><DNS>h</DNS><VULN_INFO_LIST>
            <VULN_INFO><QID id="qid_7">7</QID><TYPE>Vuln</TYPE><PORT>22</PORT><PROTOCOL>tcp</PROTOCOL><VULN_STATUS>Active</VULN_STATUS></VULN_INFO>
            <VULN_INFO><QID>8</QID><TYPE>Vuln</TYPE><VULN_STATUS>Fixed</VULN_STATUS></VULN_INFO></VULN_INFO_LIST></HOST></HOST_LIST>
            <GLOSSARY><VULN_DETAILS_LIST><VULN_DETAILS id="qid_7"><QID id="qid_7">7</QID><TITLE>Old SSH</TITLE><SEVERITY>3</SEVERITY>
            <CVE_ID_LIST><CVE_ID><ID>CVE-2020-12</ID></CVE_ID></CVE_ID_LIST></VULN_DETAILS></VULN_DETAILS_LIST></GLOSSARY></ASSET_DATA_REPORT>"#;
        let report = read("r", text, None);
        assert_eq!((report.raw_items, report.findings.len()), (2, 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.title.raw(), f.severity, f.vulnerabilities[0].raw()),
            ("Old SSH", Severity::Medium, "CVE-2020-12")
        );
        let api = br"<HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST><HOST><IP>10.0.0.2</IP><DETECTION_LIST><DETECTION><QID>9</QID>
            <TYPE>Confirmed</TYPE><SEVERITY>4</SEVERITY><STATUS>New</STATUS><IS_IGNORED>1</IS_IGNORED></DETECTION></DETECTION_LIST></HOST>
            </HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>";
        let report = read("r", api, None);
        let f = &report.findings[0];
        assert_eq!((f.title.raw(), f.severity, f.suppressed.is_some()), ("QID 9", Severity::High, true));
    }

    #[test]
    fn no_host_is_not_a_clean_report() {
        assert_eq!(read("r", b"<SCAN><HEADER/></SCAN>", None).status, ReportStatus::NotAssessed);
        let clean = b"<SCAN><HEADER/><IP value='10.0.0.1'><VULNS/></IP></SCAN>";
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
        let down = b"<SCAN><HEADER/><IP value='10.0.0.1' status='down'/></SCAN>";
        assert_eq!(read("r", down, None).status, ReportStatus::NotAssessed);
        let failed = b"<SCAN><HEADER/><ERROR number='3'>No scanner.</ERROR><IP value='10.0.0.1'/></SCAN>";
        assert_eq!(read("r", failed, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", b"<SCAN><IP>", None).status, ReportStatus::Error);
    }
}
