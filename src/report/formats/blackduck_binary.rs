//! Black Duck Binary Analysis (once Protecode SC): the table of vulnerabilities of the components in a binary.

use crate::report::prelude::*;
use table::Row;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "blackduck-binary-csv",
    title: "Black Duck Binary Analysis, CSV",
    classes: &[Class::Sca],
    items: "rows",
    severity: "that of the CVSS score, of version 3 before version 2",
    identity: "vulnerability, component and object",
    checked: "DefectDojo's parser and its sample",
    detect: |shape| shape.columns(&["Component", "Version", "CVE", "Matching type", "Object full path"]).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "Black Duck Binary Analysis", &[Class::Sca]);
    for row in table::read(input.text)?.iter() {
        reading.add(draft(&row));
    }
    reading.done()
}

fn draft(row: &Row<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let component = row.or_empty("Component");
    let id = row.first(&["CVE", "BDSA"]).unwrap_or_default();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, row.get("BDSA"));
    draft.title = format!("{id} in {component}");
    draft.say("", row.get("Summary"));
    draft.say("Matching", row.get("Matching type"));
    draft.say("Latest version", row.get("Latest version"));
    draft.say("Missing exploit mitigations", row.get("Missing exploit mitigations"));
    draft.say("Triage", row.get("Triage vectors"));
    draft.say("Note", row.get("Note type"));
    draft.say("Note", row.get("Note reason"));
    draft.path = row.first(&["Object full path", "Object"]).map(str::to_owned);
    draft.in_package(Some(component), row.get("Version"), None, None);
    // Where there is no score of a version, it is 0 without a vector.
    let scores = [
        ("CVSS3 (Distribution)", None, ""),
        ("CVSS3", row.get("CVSS vector (v3)"), "CVSS:3.1/"),
        ("CVSS (Distribution)", None, ""),
        ("CVSS", row.get("CVSS vector (v2)"), ""),
    ];
    let scores = scores.into_iter().map(|(score, vector, prefix)| {
        let vector = vector.map(|v| if v.starts_with("CVSS:") { v.to_owned() } else { format!("{prefix}{v}") });
        Cvss::of(row.score(score).filter(|s| *s > 0.0), vector.as_deref())
    });
    draft.cvss = scores.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    draft.url = row.get("Vulnerability URL").map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const HEADER: &str = "Component,Version,Latest version,CVE,Matching type,CVSS,Object,Object full path,CVSS3,CVSS vector (v2),\
        CVSS vector (v3),Summary,Vulnerability URL,BDSA\n";

    #[test]
    fn a_row_becomes_a_finding_of_its_newest_score() {
        let rows = "zlib,1.2,1.3,CVE-2024-1,Exact match,0.0,a.dll,setup.msi:a.dll,9.8,,AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H,,https://x.example,\n\
            curl,7,8,CVE-2010-2,Exact match,5.0,b.so,b.so,0.0,AV:N/AC:L/Au:N/C:P/I:N/A:N,,Old.,,BDSA-2010-3\n";
        let report = read("b.csv", format!("{HEADER}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("blackduck-binary-csv", 2));
        let [zlib, curl] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((zlib.severity, zlib.place().as_str()), (Severity::Critical, "setup.msi:a.dll"));
        assert_eq!(zlib.package.as_ref().unwrap().version.as_ref().unwrap().raw(), "1.2");
        assert_eq!((curl.severity, curl.vulnerabilities[0].raw()), (Severity::Medium, "CVE-2010-2"));
        assert_eq!(read("b.csv", HEADER.as_bytes(), None).status, ReportStatus::Empty);
    }
}
