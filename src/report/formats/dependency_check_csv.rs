//! OWASP Dependency-Check CSV: a row for each vulnerability of each dependency; what is suppressed stands not in it.

use super::dependency_check::{Component, Dependency, TOOL, Vulnerability, draft};
use crate::report::prelude::*;
use table::Row;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dependency-check-csv",
    title: "OWASP Dependency-Check CSV",
    classes: &[Class::Sca],
    items: "rows",
    severity: "that of CVSS version 4, 3 or 2, in this order",
    identity: "vulnerability, package and file",
    checked: "written from the tool's documentation; no real file was at hand",
    detect: |shape| shape.columns(&["DependencyName", "DependencyPath", "Identifiers", "CVE", "Vulnerability"]).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for row in table::read(input.text)?.iter() {
        let dependency = dependency(&row);
        reading.add(draft(&dependency, &Component::of(&dependency), &vulnerability(&row)));
    }
    reading.done()
}

fn dependency(row: &Row<'_>) -> Dependency {
    Dependency {
        file: row.or_empty("DependencyName").to_owned(),
        path: row.or_empty("DependencyPath").to_owned(),
        ids: row.or_empty("Identifiers").split(',').map(|id| id.trim().to_owned()).collect(),
        ..Dependency::default()
    }
}

fn vulnerability(row: &Row<'_>) -> Vulnerability {
    let severities = ["CVSSv4_BaseSeverity", "CVSSv3_BaseSeverity", "CVSSv2_Severity"];
    let scores = [("CVSSv4_BaseScore", "CVSSv4"), ("CVSSv3_BaseScore", "CVSSv3"), ("CVSSv2_Score", "CVSSv2")];
    let vector = |column: &str| row.get(column).map(|v| v.trim_matches(['/', '(', ')']).to_owned());
    Vulnerability {
        name: row.or_empty("CVE").to_owned(),
        source: row.get("Source").map(str::to_owned),
        severity: row.first(&severities).map(str::to_owned),
        description: row.get("Vulnerability").map(str::to_owned),
        cwe: vec![row.or_empty("CWE").to_owned()],
        cvss: scores.iter().map(|(score, text)| (row.score(score), vector(text))).collect(),
        // The columns of the catalogue of known exploited vulnerabilities.
        exploited: row.get("DateAdded").is_some(),
        ..Vulnerability::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const HEADER: &str = "\"Project\",\"DependencyName\",\"DependencyPath\",\"Identifiers\",\"CVE\",\"CWE\",\"Vulnerability\",\"Source\",\
        \"CVSSv2_Severity\",\"CVSSv2_Score\",\"CVSSv2\",\"CVSSv3_BaseSeverity\",\"CVSSv3_BaseScore\",\"CVSSv3\"\n";

    #[test]
    fn a_row_becomes_a_finding() {
        let rows = "\"p\",\"a.jar\",\"/x/a.jar\",\"pkg:maven/o/a@1\",\"CVE-2024-1\",\"CWE-79\",\"Bad.\",\"NVD\",\"MEDIUM\",\"5.0\",\"/AV:N/AC:L/Au:N/C:N/I:N/A:P\",\
            \"HIGH\",\"7.5\",\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"\n";
        let report = read("d.csv", format!("{HEADER}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("dependency-check-csv", 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.cwe.as_slice()), (Severity::High, "CVE-2024-1", &[79][..]));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:maven/o/a@1");
        assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "7.5");
        assert_eq!(read("d.csv", HEADER.as_bytes(), None).status, ReportStatus::Empty);
    }
}
