//! CSV of Nessus, Tenable Vulnerability Management and Tenable Security Center: one product, three sets of columns.
//!
//! A result of a plugin that names several CVEs has a row for each of them; the rows are one finding.

use std::collections::HashMap;

use super::nessus::{Check, packaged};
use crate::report::prelude::*;

const TOOL: &str = "Nessus";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "nessus-csv",
    title: "Nessus, Tenable Vulnerability Management and Security Center CSV",
    classes: &[Class::Infra],
    items: "rows with something in them",
    severity: "`Risk`, else `Severity`, else `Risk Factor`, else CVSS",
    identity: "vulnerability and package, where the output names one; else plugin (of audits also the check), host, port and path of the installation",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

const PLUGIN: &[&str] = &["Plugin ID", "Plugin", "definition.id"];
const NAME: &[&str] = &["Plugin Name", "Name", "definition.name"];
const HOST: &[&str] =
    &["Host", "IP Address", "DNS Name", "FQDN", "NetBIOS Name", "asset.name", "asset.display_ipv4_address"];
const PORT: &[&str] = &["Port", "port"];
const DESCRIPTION: &[&str] = &["Description", "definition.description"];
const OUTPUT: &[&str] = &["Plugin Output", "Plugin Text", "output"];

fn detect(shape: &Shape<'_>) -> Fit {
    let sets: [&[&str]; 5] = [
        &["Plugin ID", "Risk", "Host", "Name"],
        &["Plugin ID", "Name", "Host", "Port", "Synopsis"],
        &["Plugin", "Plugin Name", "Severity", "IP Address"],
        &["Plugin ID", "Plugin Name", "Severity", "IP Address"],
        &["definition.id", "definition.name", "severity"],
    ];
    sets.iter().any(|s| shape.columns(s)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let table = table::read(input.text)?;
    let mut index: HashMap<[&str; 8], usize> = HashMap::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for row in table.iter() {
        reading.passed(1);
        if row.first(&["Vulnerability State", "state"]).is_some_and(|s| s.eq_ignore_ascii_case("fixed")) {
            continue;
        }
        let check = check(&row);
        if check.as_ref().is_some_and(Check::passed) {
            continue;
        }
        // Checks of an audit differ in their descriptions only.
        let key = [PLUGIN, NAME, HOST, PORT, &["Protocol"], OUTPUT, &["URL"], DESCRIPTION]
            .map(|columns| row.first(columns).unwrap_or_default());
        let next = drafts.len();
        let at = *index.entry(key).or_insert(next);
        if at == next {
            drafts.push(draft(&row, check.as_ref()));
        } else if let Some(draft) = drafts.get_mut(at) {
            draft.vulnerabilities.extend(vulnerabilities(&row));
        }
    }
    for draft in drafts {
        reading.more(draft);
    }
    reading.done()
}

/// The check of a compliance audit that a row is about: it has a result in the place of a risk.
fn check<'t>(row: &table::Row<'t>) -> Option<Check<'t>> {
    let risk = row.get("Risk").filter(|r| words::severity(r).is_none());
    risk.and_then(|risk| Check::of(Some(risk), None, row.first(DESCRIPTION)))
}

fn vulnerabilities(row: &table::Row<'_>) -> Vec<String> {
    words::vulnerability_ids(row.first(&["CVE", "definition.cve"]).unwrap_or_default())
}

/// `None` is what Nessus calls what it only saw; Tenable writes 0 to 4 where it does not write words.
fn severity(word: &str) -> Option<Severity> {
    match word {
        "0" => Some(Severity::Info),
        "1" => Some(Severity::Low),
        "2" => Some(Severity::Medium),
        "3" => Some(Severity::High),
        "4" => Some(Severity::Critical),
        other => words::severity(other),
    }
}

fn draft(row: &table::Row<'_>, check: Option<&Check<'_>>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let rated = ["Risk", "Severity", "Risk Factor"].iter().find_map(|c| row.get(c).and_then(severity));
    draft.severity = rated.unwrap_or(Severity::Unknown);
    row.first(NAME).unwrap_or_default().clone_into(&mut draft.title);
    row.first(PLUGIN).unwrap_or_default().clone_into(&mut draft.rule);
    if let Some(check) = check {
        check.fill(&mut draft);
    }
    draft.say("", row.first(&["Synopsis", "definition.synopsis"]));
    draft.say("Description", row.first(DESCRIPTION));
    draft.say("Solution", row.first(&["Solution", "definition.solution"]));
    draft.say("Output", row.first(OUTPUT));
    let host = row.first(HOST).unwrap_or_default();
    // Scans of web applications name a page, some of them in the place of the host.
    let page = row.get("URL").or_else(|| host.contains("://").then_some(host));
    if page.is_some() {
        draft.class = Class::Dast;
        draft.on_page(None, page, row.get("Input Name"));
    } else {
        draft.on_host(host, row.first(PORT), row.get("Protocol"));
        packaged(&mut draft, row.first(OUTPUT).unwrap_or_default());
    }
    draft.say("Address", row.first(&["IP Address", "asset.display_ipv4_address"]));
    draft.vulnerabilities = vulnerabilities(row);
    draft.cvss = cvss(row);
    let links = row.first(&["See Also", "definition.see_also"]).unwrap_or_default();
    draft.url = links.split([' ', '\n', ',']).map(str::trim).find(|l| l.starts_with("http")).map(str::to_owned);
    draft.say("See also", Some(links));
    let references = row.first(&["XREF", "Cross References"]).unwrap_or_default();
    draft.say("References", Some(references));
    // `CWE:310` or `CWE #310`
    draft.cwe = words::cwe_numbers(&references.replace('#', ""));
    draft.exploited = references.contains("CISA-KNOWN-EXPLOITED");
    draft.epss = row.first(&["EPSS Score", "EPSS", "definition.epss.score"]).and_then(|s| s.parse().ok());
    draft.suppressed = row.get("Accept Risk Comment").map(|c| format!("The risk was accepted in Tenable: {c}"));
    draft
}

fn cvss(row: &table::Row<'_>) -> Cvss {
    let versions: [(&[&str], &[&str]); 3] = [
        (&["CVSS v4.0 Base Score", "CVSS V4 Base Score", "CVSS4 Base Score"], &["CVSS V4 Vector", "CVSS4 Vector"]),
        (
            &["CVSS v3.0 Base Score", "CVSS V3 Base Score", "CVSS3 Base Score", "definition.cvss3.base_score"],
            &["CVSS V3 Vector", "CVSS3 Vector"],
        ),
        (
            &["CVSS v2.0 Base Score", "CVSS V2 Base Score", "CVSS Base Score", "CVSS"],
            &["CVSS V2 Vector", "CVSS Vector"],
        ),
    ];
    let of = |(scores, vectors): (&[&str], &[&str])| {
        Cvss::bare(row.first(scores).and_then(|s| s.parse().ok()).filter(|s| *s > 0.0), row.first(vectors))
    };
    versions.into_iter().map(of).find(|c| !c.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn rows_of_one_result_are_one_finding() {
        let nessus = "Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output\n\
            10,CVE-2020-11,5.0,High,h.example,tcp,443,Old TLS,It is old.,\"Long,\nindeed.\",Mend.,https://r.example,out\n\
            10,CVE-2020-12,5.0,High,h.example,tcp,443,Old TLS,It is old.,\"Long,\nindeed.\",Mend.,https://r.example,out\n\
            11,,,None,h.example,tcp,0,Traceroute,Seen.,,n/a,,\n,,,,,,,,,,,,\n";
        let report = read("r", nessus.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("nessus-csv", 3, 2));
        let f = report.findings.iter().find(|f| f.rule.raw() == "10").unwrap();
        assert_eq!((f.class, f.severity, f.vulnerabilities.len()), (Class::Infra, Severity::High, 2));
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "h.example:443/tcp");
        assert_eq!(report.findings.iter().filter(|f| f.severity == Severity::Info).count(), 1);
    }

    #[test]
    fn rows_that_differ_in_more_than_the_cve_are_not_merged() {
        let text = "Plugin ID,CVE,Risk,Host,Port,Name,Description\n\
            7,CVE-2020-11,High,h,0,Old,One.\n7,CVE-2020-12,High,h,0,Old,One.\n7,,High,h,0,Old,Two.\n";
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.raw_items, report.findings.len()), (3, 2));
        assert_eq!(report.findings[0].vulnerabilities.len(), 2);
    }

    #[test]
    fn columns_of_security_center_are_read_too() {
        let text = "Plugin,Plugin Name,Family,Severity,IP Address,Protocol,Port,Plugin Output,CVSS V3 Base Score,CVSS V3 Vector,CVE,Cross References,Accept Risk Comment\n\
            7,Old,Web,Critical,10.0.0.1,TCP,80,out,10.0,AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:P,,\"CWE #310,CISA-KNOWN-EXPLOITED #2022/05\",fine\n";
        let report = read("r", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((f.severity, f.cwe.as_slice(), f.suppressed.is_some()), (Severity::Critical, &[310][..], true));
        let scores = f.scores.as_ref().unwrap();
        assert!(
            scores.exploited && scores.vector.as_ref().unwrap().raw() == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
        );
        let header = text.lines().next().unwrap();
        assert_eq!(read("r", header.as_bytes(), None).status, ReportStatus::Empty);
    }
}
