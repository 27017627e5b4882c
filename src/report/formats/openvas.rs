//! Reports of OpenVAS, that is of Greenbone: the XML that GMP gives (one report, several, or bare results), and CSV.

use crate::report::prelude::*;

const TOOL: &str = "OpenVAS";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "openvas-csv",
        title: "OpenVAS (Greenbone) CSV",
        classes: &[Class::Infra],
        items: "rows",
        severity: "`Severity`, else CVSS",
        identity: "test (OID), host and port",
        checked: "DefectDojo's parser",
        detect: |shape| shape.columns(&["IP", "NVT Name", "NVT OID"]).into(),
        parse: parse_csv,
    },
    Format {
        name: "openvas-xml",
        title: "OpenVAS (Greenbone) XML, GMP 7 to 22",
        classes: &[Class::Infra],
        items: "`result` elements within `results`",
        severity: "`threat`, else the score in `severity`",
        identity: "test (OID), host and port",
        checked: "DefectDojo's parser",
        detect: detect_xml,
        parse: parse_xml,
    },
];

fn detect_xml(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    let own = || ["gmp", "omp", "scan_run_status", "report_format", "nvt"].iter().any(|e| sketch.contains(e));
    match sketch.root.as_str() {
        "get_reports_response" | "get_results_response" => Fit::Sure,
        "report" => (sketch.attribute("format_id").is_some() || own()).into(),
        _ => Fit::No,
    }
}

/// The severity in Greenbone's word. `Log` and `Debug` are what was seen, `Alarm` was the highest before 2010.
fn severity(threat: &str) -> Option<Severity> {
    match threat.trim().to_lowercase().as_str() {
        "log" | "debug" => Some(Severity::Info),
        "alarm" => Some(Severity::High),
        other => words::severity(other),
    }
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    for row in table::read(input.text)?.iter() {
        let mut draft = Draft::new(Class::Infra);
        draft.severity = row.get("Severity").and_then(severity).unwrap_or(Severity::Unknown);
        row.or_empty("NVT Name").clone_into(&mut draft.title);
        row.first(&["NVT OID", "NVT Name"]).unwrap_or_default().clone_into(&mut draft.rule);
        draft.say("", row.get("Summary"));
        for heading in ["Impact", "Vulnerability Insight", "Specific Result", "Affected Software/OS", "Solution"] {
            draft.say(heading, row.get(heading));
        }
        draft.say("References", row.get("Other References"));
        let host = row.first(&["IP", "Hostname"]).unwrap_or_default();
        draft.on_host(host, row.get("Port"), row.get("Port Protocol"));
        draft.say("Host name", row.get("Hostname"));
        draft.vulnerabilities = words::vulnerability_ids(row.or_empty("CVEs"));
        draft.cvss = Cvss::of(row.score("CVSS").filter(|s| *s > 0.0), None);
        draft.epss = row.score("Max Severity EPSS score").or(row.score("Max EPSS score"));
        draft.confidence = row.get("QoD").map(|q| format!("{q} %"));
        draft.url =
            row.or_empty("Other References").split([',', ' ', '\n']).find(|r| r.starts_with("http")).map(str::to_owned);
        if row.get("Severity").is_some_and(|s| s.eq_ignore_ascii_case("false positive")) {
            draft.suppressed = Some("Overridden as a false positive in Greenbone.".to_owned());
        }
        reading.add(draft);
    }
    reading.done()
}

fn parse_xml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let (mut lists, mut hosts) = (0, None);
    let mut open: Vec<&str> = Vec::new();
    xml::walk(input.text, &["result", "scan_run_status", "hosts", "errors"], |part| match part {
        Part::Open(node) => {
            lists += u32::from(node.name == "results" || node.name == "get_results_response");
            open.push(node.name);
        }
        Part::Close(_) => drop(open.pop()),
        Part::Whole(node) => match node.name {
            "result" if open.iter().any(|o| matches!(*o, "results" | "get_results_response")) => {
                // Of two reports that are compared, what stands in the older one only.
                if node.child("delta").is_some_and(|d| d.text.trim() == "gone") {
                    reading.passed(1);
                } else {
                    reading.add(draft(&node));
                }
            }
            "errors" => {
                let errors = node.descendants("error");
                if let Some(first) = errors.first() {
                    let first =
                        crate::text::line(first.text_of("description").unwrap_or("no reason is given")).into_owned();
                    reading.incomplete(format!("OpenVAS met {} errors, the first: {first}", errors.len()));
                }
            }
            "scan_run_status" if node.text.trim() != "Done" => {
                reading.incomplete(format!("The scan has not come to its end: {}.", node.text.trim()));
            }
            "hosts" => hosts = node.text_of("count").and_then(|c| c.parse::<u32>().ok()),
            _ => {}
        },
    })?;
    if lists == 0 {
        return Err(Unreadable("The report has no element <results>: it was fetched without its details.".to_owned()));
    }
    if reading.items() == 0 && hosts == Some(0) {
        reading.not_assessed("OpenVAS looked at nothing: no host answered.");
    }
    reading.done()
}

fn draft(result: &xml::Node) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let text = |path: &str| result.text_at(path);
    let nvt = result.child("nvt");
    let threat = text("threat");
    let dismissed = threat.is_some_and(|t| t.eq_ignore_ascii_case("false positive"));
    let rated = if dismissed { text("original_threat") } else { threat };
    draft.severity = rated.and_then(severity).unwrap_or(Severity::Unknown);
    if dismissed {
        let words = text("overrides/override/text").unwrap_or("No reason is given.");
        draft.suppressed = Some(format!("Overridden as a false positive in Greenbone: {words}"));
    }
    text("nvt/name").or(text("name")).unwrap_or_default().clone_into(&mut draft.title);
    let oid = nvt.and_then(|n| n.attribute("oid")).filter(|o| *o != "0");
    oid.or(text("name")).unwrap_or_default().clone_into(&mut draft.rule);
    let tags = Tags(text("nvt/tags").unwrap_or_default());
    draft.say("", tags.get("summary"));
    for (heading, tag) in [("Impact", "impact"), ("Insight", "insight"), ("Affected", "affected")] {
        draft.say(heading, tags.get(tag));
    }
    draft.say("Result", text("description"));
    draft.say("Solution", text("nvt/solution").or_else(|| tags.get("solution")));
    // `443/tcp`, or `general/tcp` for all of the host.
    let (port, protocol) = text("port").and_then(|p| p.split_once('/')).unwrap_or_default();
    let port = Some(port).filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
    draft.on_host(text("host").unwrap_or_default(), port, Some(protocol));
    draft.say("Host name", text("host/hostname"));
    draft.confidence = text("qod/value").map(|q| format!("{q} %"));
    let references = nvt.map(|n| n.descendants("ref")).unwrap_or_default();
    let ids: Vec<&str> = references.iter().filter_map(|r| r.attribute("id")).chain(text("nvt/cve")).collect();
    draft.vulnerabilities = words::vulnerability_ids(&ids.join(" "));
    draft.url = ids.iter().find(|i| i.starts_with("http")).map(|i| (*i).to_owned());
    let score = text("severity").or(text("nvt/cvss_base")).and_then(|s| s.parse().ok()).filter(|s| *s > 0.0);
    draft.cvss = Cvss::bare(score, text("nvt/severities/severity/value").or_else(|| tags.get("cvss_base_vector")));
    draft.epss = text("nvt/epss/max_epss/score").or(text("nvt/epss/max_severity/score")).and_then(|s| s.parse().ok());
    draft
}

/// `summary=It is bad.|solution=Mend it.`
struct Tags<'t>(&'t str);

impl<'t> Tags<'t> {
    fn get(&self, wanted: &str) -> Option<&'t str> {
        self.0
            .split('|')
            .filter_map(|t| t.split_once('='))
            .find(|(name, _)| name.trim() == wanted)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const REPORT: &str = r#"<report id="1" format_id="2"><report id="3"><gmp><version>22.4</version></gmp><scan_run_status>Done</scan_run_status>
        <hosts><count>1</count></hosts><results start="1"><result id="4"><name>Old TLS</name><host>10.0.0.1<hostname>h.example</hostname></host>
        <port>443/tcp</port><nvt oid="1.3.6.1.4.1.25623.1.0.1"><name>Old TLS</name><cvss_base>4.3</cvss_base>
        <tags>summary=It is old.|solution=Turn it off.|cvss_base_vector=AV:N/AC:M/Au:N/C:P/I:N/A:N</tags>
        <refs><ref id="CVE-2011-3389" type="cve"/><ref id="https://r.example" type="url"/></refs></nvt>
        <threat>Medium</threat><severity>4.3</severity><qod><value>98</value></qod><description>Seen.</description>
        <detection><result id="5"><details/></result></detection></result></results></report></report>"#;

    #[test]
    fn a_result_is_a_finding_on_its_host() {
        let report = read("r", REPORT.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.status), ("openvas-xml", 1, ReportStatus::Ok));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Infra, Severity::Medium, "1.3.6.1.4.1.25623.1.0.1"));
        assert_eq!((f.place().as_str(), f.location.logical.as_ref().unwrap().raw()), ("10.0.0.1", "10.0.0.1:443/tcp"));
        assert_eq!((f.vulnerabilities[0].raw(), f.url.as_ref().unwrap().raw()), ("CVE-2011-3389", "https://r.example"));
        assert_eq!(f.scores.as_ref().unwrap().vector.as_ref().unwrap().raw(), "AV:N/AC:M/Au:N/C:P/I:N/A:N");
        let csv = "IP,Hostname,Port,Port Protocol,CVSS,Severity,QoD,Solution Type,NVT Name,Summary,NVT OID,CVEs\n\
            10.0.0.1,h,443,tcp,0.0,Log,80,,Services,\"What, is there.\",1.2.3,\n";
        let report = read("r", csv.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!(
            (report.format, f.severity, f.rule.raw(), f.title.raw()),
            ("openvas-csv", Severity::Info, "1.2.3", "Services")
        );
    }

    #[test]
    fn no_host_or_no_results_is_not_clean() {
        let silent = REPORT.replace("<count>1<", "<count>0<");
        let (before, rest) = silent.split_once("<result id").unwrap();
        let silent = format!("{before}</results>{}", rest.split_once("</results>").unwrap().1);
        assert_eq!(read("r", silent.as_bytes(), None).status, ReportStatus::NotAssessed);
        let bare = b"<report format_id='1'><report><scan_run_status>Done</scan_run_status></report></report>";
        assert!(read("r", bare, None).reason.unwrap().raw().contains("no element <results>"));
        let stopped = REPORT.replace(">Done<", ">Stopped<").replace(">Medium<", ">False Positive<");
        let report = read("r", stopped.as_bytes(), None);
        assert!(report.reason.unwrap().raw().contains("Stopped") && report.findings[0].suppressed.is_some());
        let none = |old: &str, new: &str| {
            let (before, rest) = REPORT.split_once("<result id").unwrap();
            let text = format!("{before}</results>{}", rest.split_once("</results>").unwrap().1).replace(old, new);
            read("r", text.as_bytes(), None).status
        };
        assert_eq!(none("", ""), ReportStatus::Empty);
        assert_eq!(none(">Done<", ">Interrupted<"), ReportStatus::NotAssessed);
        let error = "<errors><count>1</count><error><host>h</host><description>Timed out.</description></error></errors><hosts>";
        assert_eq!(none("<hosts>", error), ReportStatus::NotAssessed);
    }

    #[test]
    fn what_is_gone_since_the_older_report_is_no_finding() {
        let gone = read("r", REPORT.replace("<threat>", "<delta>gone</delta><threat>").as_bytes(), None);
        assert_eq!((gone.raw_items, gone.findings.len()), (1, 0));
        let changed = REPORT.replace("<threat>", "<delta>changed<diff>-gone</diff></delta><threat>");
        assert_eq!(read("r", changed.as_bytes(), None).findings.len(), 1);
    }
}
