//! CSV of Qualys: reports of scans and assets, of VMDR, and of HackerGuardian, which is sold by Sectigo.
//!
//! Lines about the company and the user may stand before the names of the columns.

use std::collections::HashMap;

use super::{Detection, TOOL, is_fixed};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "qualys-csv",
    title: "Qualys VM, VMDR and HackerGuardian CSV",
    classes: &[Class::Infra],
    items: "rows below the names of the columns",
    severity: "`Severity` (1 to 5), else CVSS; what is only gathered is info",
    identity: "QID (in reports by CVE: the CVE), host and port",
    checked: "DefectDojo's parsers of the three kinds",
    detect: |shape| header(shape.head).is_some().into(),
    parse,
};

const TITLE: &[&str] = &["Title", "VULN TITLE", "Vulnerability Title"];
const HOST: &[&str] =
    &["IP", "Asset IPV4", "Asset IPV6", "IP Address", "HOSTNAME", "Asset Name", "DNS", "FQDN", "NetBIOS", "Asset Id"];
/// How many lines may stand before the names of the columns.
const BEFORE: usize = 40;

/// Where the line with the names of the columns begins.
fn header(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(BEFORE) {
        let cells: Vec<&str> =
            line.trim().trim_start_matches('\u{feff}').split(',').map(|c| c.trim_matches('"').trim()).collect();
        let has = |name: &str| cells.iter().any(|c| c.eq_ignore_ascii_case(name));
        if has("QID") && has("Severity") && TITLE.iter().any(|t| has(t)) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let start = header(input.text)
        .ok_or_else(|| Unreadable("None of the first lines names the columns QID, Title and Severity.".to_owned()))?;
    let table = table::read(input.text.get(start..).unwrap_or_default())?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    // Reports by CVE say of each what it is and how bad; there the CVE is what is found.
    let by_cve = table.has("CVE-Description");
    let mut index: HashMap<[&str; 7], usize> = HashMap::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for row in table.iter() {
        // Below the rows of old reports stand remarks that have no QID.
        let Some(qid) = row.get("QID") else { continue };
        reading.passed(1);
        if is_fixed(row.first(&["Status", "Vuln Status"])) {
            continue;
        }
        // Some reports have a row for each CVE of a detection.
        let result = row.first(&["Results", "RESULT"]).unwrap_or_default();
        let own = if by_cve { row.or_empty("CVE") } else { "" };
        let cell = |columns: &[&str]| row.first(columns).unwrap_or_default();
        let key = [qid, cell(HOST), cell(&["Port"]), cell(&["Protocol"]), cell(&["Instance"]), result, own];
        let next = drafts.len();
        let at = *index.entry(key).or_insert(next);
        if at == next {
            let mut draft = draft(&row, qid);
            if !own.is_empty() {
                own.clone_into(&mut draft.rule);
                draft.say("CVE", row.get("CVE-Description"));
                draft.say("QID", Some(qid));
            }
            drafts.push(draft);
        } else if let Some(draft) = drafts.get_mut(at) {
            draft.vulnerabilities.extend(words::vulnerability_ids(&cves(&row)));
        }
    }
    for draft in drafts {
        reading.more(draft);
    }
    reading.done()
}

fn cves(row: &table::Row<'_>) -> String {
    ["CVE ID", "CVEID", "CVE"].map(|c| row.or_empty(c)).join(" ")
}

fn draft(row: &table::Row<'_>, qid: &str) -> Draft {
    // Sectigo's own severity is of the card industry (L, M, H); the level of Qualys stands beside it, and 1 is low there.
    let level = match row.get("Q_SEVERITY") {
        Some("1") => Some("low"),
        Some(level) => Some(level),
        None => row.first(&["Severity", "KB Severity"]),
    };
    let said = |column: &str| row.get(column).filter(|c| c.eq_ignore_ascii_case("yes") || *c == "1");
    let dismissed = ["Ignored", "Disabled"].into_iter().find(|c| said(c).is_some());
    let false_positive = row.get("FALSE POSITIVE STATUS").filter(|s| s.to_lowercase().contains("accept"));
    let mut draft = Detection {
        qid,
        title: row.first(TITLE),
        level,
        kind: row.first(&["Type Detected", "Type"]),
        host: row.first(HOST).unwrap_or_default(),
        port: row.get("Port"),
        protocol: row.get("Protocol"),
        threat: row.get("Threat"),
        impact: row.get("Impact"),
        solution: row.get("Solution"),
        result: row.first(&["Results", "RESULT"]),
        cves: cves(row),
        scores: [
            row.first(&["CVSS3.1 Base", "CVSSv3.1 Base (nvd)", "CVSS3 Base"]),
            row.first(&["CVSS Base", "CVSS_BASE", "CVSSv2 Base (nvd)"]),
        ],
        known_exploited: row.or_empty("RTI").to_lowercase().contains("cisa known exploited"),
        dismissed: dismissed
            .map(|d| format!("{d} in Qualys."))
            .or_else(|| false_positive.map(|s| format!("False positive: {s}."))),
        ..Detection::default()
    }
    .draft();
    draft.say("Host name", row.first(&["HOSTNAME", "Asset Name", "DNS", "FQDN"]));
    draft.say("Operating system", row.first(&["OS", "OPERATING SYSTEM"]));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn rows_are_found_below_what_stands_before_them() {
        let text = "\"Report\",\"today\"\n\"Company\",\"Street, 7\"\n\"QID\",\"Title\",\"Severity\",\"Type Detected\",\"Port\",\"Protocol\",\
            \"Status\",\"Asset Name\",\"Asset IPV4\",\"Solution\",\"Ignored\",\"Results\",\"CVE\",\"CVSSv3.1 Base (nvd)\"\n\
            \"105\",\"Old\",\"4\",\"Confirmed\",\"22\",\"TCP\",\"ACTIVE\",\"web\",\"10.0.0.1\",\"Mend<br>it.\",\"Yes\",\"seen\",\"CVE-2020-11\",\"7.8\"\n\
            \"105\",\"Old\",\"4\",\"Confirmed\",\"22\",\"TCP\",\"ACTIVE\",\"web\",\"10.0.0.1\",\"Mend<br>it.\",\"Yes\",\"seen\",\"CVE-2020-12\",\"5.0\"\n\
            \"106\",\"Gone\",\"5\",\"Confirmed\",\"22\",\"TCP\",\"FIXED\",\"web\",\"10.0.0.1\",\"\",\"No\",\"\",\"\",\"\"\n\
            \"107\",\"Seen\",\"3\",\"Info\",\"'-\",\"\",\"NEW\",\"web\",\"10.0.0.1\",\"\",\"No\",\"\",\"\",\"\"\n";
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("qualys-csv", 4, 2));
        let f = report.findings.iter().find(|f| f.rule.raw() == "105").unwrap();
        assert_eq!((f.class, f.severity, f.vulnerabilities.len()), (Class::Infra, Severity::High, 2));
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "10.0.0.1:22/tcp");
        assert!(f.suppressed.is_some() && f.detail.raw().contains("Mend\nit."));
        let seen = report.findings.iter().find(|f| f.rule.raw() == "107").unwrap();
        assert_eq!((seen.severity, seen.location.logical.as_ref().unwrap().raw()), (Severity::Info, "10.0.0.1"));
    }

    #[test]
    fn reports_by_cve_have_findings_by_cve() {
        let text = "CVE,CVE-Description,CVSSv3.1 Base (nvd),QID,Title,Severity,Status,Asset IPV4\n\
            CVE-2020-11,It leaks.,7.5,105,Old,4,ACTIVE,10.0.0.1\nCVE-2020-12,It burns.,9.8,105,Old,4,ACTIVE,10.0.0.1\n";
        let report = read("r", text.as_bytes(), None);
        let rules: Vec<&str> = report.findings.iter().map(|f| f.rule.raw()).collect();
        assert_eq!((report.raw_items, rules), (2, vec!["CVE-2020-11", "CVE-2020-12"]));
        assert!(report.findings[0].detail.raw().contains("It leaks."));
    }

    #[test]
    fn columns_without_rows_are_a_clean_report() {
        let text = "\"IP\",\"QID\",\"VULN TITLE\",\"SEVERITY\"\n";
        assert_eq!(read("r", text.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", b"a,b\n1,2\n", Some("qualys-csv")).status, ReportStatus::Error);
    }
}
