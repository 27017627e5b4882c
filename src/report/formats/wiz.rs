//! Wiz: issues and vulnerability findings as the console exports them in CSV. Resolved ones stay in the table.

use super::image::Flaw;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "wiz-issues-csv",
        title: "Wiz issues CSV",
        classes: &[Class::Infra],
        items: "rows",
        severity: "`Severity`",
        identity: "the issue's id",
        checked: "DefectDojo's parser",
        detect: |shape| shape.columns(&["Title", "Severity", "Status", "Control ID", "Issue ID"]).into(),
        parse: issues,
    },
    Format {
        name: "wiz-vulnerabilities-csv",
        title: "Wiz vulnerability findings CSV",
        classes: &[Class::Container, Class::Sca, Class::Infra],
        items: "rows",
        severity: "`Severity`, then `VendorSeverity`, then `CVSSSeverity`",
        identity: "the finding's id; vulnerability, package and asset",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| shape.columns(&["WizURL", "Name", "CVSSSeverity", "DetailedName", "AssetName"]).into(),
        parse: vulnerabilities,
    },
];

/// What Wiz has closed; it stays a finding, since the report is no proof of why.
fn closed(status: Option<&str>, why: Option<&str>) -> Option<String> {
    let status = status?;
    let closed = ["resolved", "rejected", "closed", "ignored"].iter().any(|s| status.eq_ignore_ascii_case(s));
    let why = why.map(|w| format!(": {w}")).unwrap_or_default();
    closed.then(|| format!("Wiz: {}{why}", status.to_ascii_lowercase()))
}

fn issues(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, "Wiz", &[Class::Infra]);
    for row in table.iter() {
        let mut draft = Draft::new(Class::Infra);
        row.or_empty("Control ID").clone_into(&mut draft.rule);
        row.or_empty("Title").clone_into(&mut draft.title);
        draft.say("", row.get("Description"));
        draft.say("Remediation", row.get("Remediation Recommendation"));
        draft.say("Note", row.get("Note"));
        let place =
            ["Subscription Name", "Kubernetes Cluster", "Kubernetes Namespace", "Resource Type", "Resource Name"];
        let place: Vec<&str> = place.iter().filter_map(|c| row.get(c)).collect();
        draft.logical = row.get("Resource external ID").map(str::to_owned).or_else(|| Some(place.join("/")));
        draft.say("Resource", Some(&place.join("/")));
        draft.rated(row.get("Severity"));
        draft.suppressed = closed(row.get("Status"), row.get("Resolution"));
        draft.native_id = row.get("Issue ID").map(str::to_owned);
        draft.url = row.get("Wiz URL").map(str::to_owned);
        reading.add(draft);
    }
    reading.done()
}

fn vulnerabilities(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, "Wiz", &[]);
    for row in table.iter() {
        let draft = vulnerability(&row);
        reading.assessed(draft.class);
        reading.add(draft);
    }
    reading.done()
}

fn vulnerability(row: &table::Row<'_>) -> Draft {
    let library = row.get("DetectionMethod").is_some_and(|m| m.eq_ignore_ascii_case("library"));
    let mut draft = Flaw {
        id: row.or_empty("Name"),
        description: row.first(&["Description", "CVEDescription"]),
        name: row.get("DetailedName"),
        version: row.get("Version"),
        kind: if library { "library" } else { "" },
        image: row.first(&["AssetName", "AssetID"]),
        path: row.get("LocationPath"),
        fixed: row.get("FixedVersion"),
        ..Flaw::default()
    }
    .draft();
    let asset = row.or_empty("AssetType").to_ascii_lowercase();
    if draft.class == Class::Container && !asset.is_empty() && !asset.contains("image") && !asset.contains("container")
    {
        draft.class = Class::Infra;
    }
    if draft.class == Class::Sca {
        draft.logical = row.get("AssetName").map(str::to_owned);
    }
    draft.rated(row.first(&["Severity", "VendorSeverity", "CVSSSeverity"]));
    draft.cvss = Cvss::of(row.score("Score"), None);
    draft.exploited = row.get("HasCisaKevExploit").is_some_and(|k| k.eq_ignore_ascii_case("true"));
    draft.say("Remediation", row.get("Remediation"));
    draft.suppressed = closed(row.first(&["FindingStatus"]), row.get("ResolutionReason"));
    draft.native_id = row.get("ID").map(str::to_owned);
    draft.url = row.first(&["Link", "WizURL"]).map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus, Rung};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn issues_are_read_and_resolved_ones_marked() {
        let text = "Title,Severity,Status,Description,Resource external ID,Control ID,Issue ID,Resolution\n\
            Open port,HIGH,OPEN,Bad.,vm/1,c-1,i-1,\nOld role,INFORMATIONAL,RESOLVED,Bad.,role/2,c-2,i-2,OBJECT_DELETED\n";
        let report = read("w", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("wiz-issues-csv", ReportStatus::Ok, 2));
        let (open, resolved) = (&report.findings[0], &report.findings[1]);
        assert_eq!((open.class, open.severity, open.place().as_str()), (Class::Infra, Severity::High, "vm/1"));
        assert_eq!((open.keys[0].rung, open.suppressed.is_none()), (Rung::ToolId, true));
        assert_eq!(resolved.suppressed.as_ref().unwrap().raw(), "Wiz: resolved: OBJECT_DELETED");
    }

    #[test]
    fn vulnerability_findings_are_read() {
        let text = "ID,WizURL,Name,CVSSSeverity,VendorSeverity,FindingStatus,DetailedName,Version,FixedVersion,DetectionMethod,AssetName,AssetType\n\
            f-1,https://w.example,CVE-2024-1,Low,Critical,Open,curl,7,8,PACKAGE,web-1,VIRTUAL_MACHINE\n";
        let report = read("w", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("wiz-vulnerabilities-csv", 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Infra, Severity::Critical, "web-1"));
        assert_eq!(report.classes, [Class::Infra]);
    }

    #[test]
    fn a_table_without_rows_is_clean() {
        let text = "Title,Severity,Status,Control ID,Issue ID\n";
        assert_eq!(read("w", text.as_bytes(), None).status, ReportStatus::Empty);
    }
}
