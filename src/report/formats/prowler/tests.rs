//! Prowler in all its writings.

use crate::domain::finding::{Class, Finding, ReportStatus};
use crate::domain::severity::Severity;
use crate::report::{Report, read};

fn seen(text: &str) -> Report {
    read("r", text.as_bytes(), None)
}

fn is(f: &Finding, severity: Severity, rule: &str, place: &str) {
    assert_eq!((f.class, f.severity, f.rule.raw(), f.place().as_str()), (Class::Infra, severity, rule, place));
}

#[test]
fn tables_of_all_versions() {
    let second = "PROFILE,ACCOUNT_NUM,REGION,TITLE_ID,CHECK_RESULT,TITLE_TEXT,CHECK_RESULT_EXTENDED,CHECK_SEVERITY,CHECK_DOC\n\
        p,77,eu-1,1.2,FAIL,[check12] Use MFA,User bob has none,High,https://d.example\np,77,eu-1,1.1,PASS,[check11] No root,Fine,High,\n\
        p,77,eu-1,1.3,WARNING,[check13] Old keys,Key k is old,Low,\np,77,eu-1,1.4,INFO,[check14] x,No keys,Low,\n";
    let report = seen(second);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("prowler-csv", 4, 2));
    is(&report.findings[0], Severity::High, "check12", "77 eu-1 User bob has none");
    assert!(report.findings[1].suppressed.is_some());
    let fifth = "FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;STATUS;STATUS_EXTENDED;MUTED;SERVICE_NAME;SEVERITY;RESOURCE_UID;REGION;ACCOUNT_UID;PROWLER_VERSION\n\
        prowler-aws-x-77-eu-1-b;aws;x;Close it;FAIL;It is open;False;s3;critical;arn:aws:s3:77:b;eu-1;77;5.1\n\
        prowler-aws-y;aws;y;Log it;FAIL;No log;True;s3;low;b;eu-1;77;5.1\n;aws;z;Ask;MANUAL;Look;False;s3;medium;b;eu-1;77;5.1\n";
    let report = seen(fifth);
    assert_eq!((report.raw_items, report.findings.len(), report.tool_version.as_ref().unwrap().raw()), (3, 3, "5.1"));
    is(&report.findings[0], Severity::Critical, "x", "eu-1 arn:aws:s3:77:b");
    assert_eq!(report.findings[0].sources[0].native_id.as_ref().unwrap().raw(), "prowler-aws-x-77-eu-1-b");
    assert!(report.findings[1].suppressed.is_some() && report.findings[2].detail.raw().contains("by hand"));
    assert_eq!(seen(second.lines().next().unwrap()).status, ReportStatus::Empty);
}

#[test]
fn json_of_versions_2_and_3() {
    let second = "{\"Account Number\": \"77\", \"Control\": \"[check1] Do it\", \"Message\": \"eu-1: m\", \"Severity\": \"Medium\", \"Status\": \"Fail\", \"Region\": \"eu-1\", \"Resource ID\": \"r\"}\n{\"Control\": \"[c] x\", \"Status\": \"Pass\"}";
    let report = seen(second);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("prowler-json", 2, 1));
    is(&report.findings[0], Severity::Medium, "check1", "77 eu-1 r");
    let third = r#"[{"CheckID": "iam_x", "CheckTitle": "Do", "Status": "FAIL", "StatusExtended": "Not done.", "Severity": "low", "Provider": "aws",
        "AccountId": "77", "Region": "eu-1", "ResourceArn": "arn:77:r", "FindingUniqueId": "prowler-aws-iam_x-77",
        "Remediation": {"Recommendation": {"Text": "t", "Url": "https://u.example"}}}]"#;
    let report = seen(third);
    is(&report.findings[0], Severity::Low, "iam_x", "eu-1 arn:77:r");
    assert_eq!(report.findings[0].url.as_ref().unwrap().raw(), "https://u.example");
    for bad in ["[1]", "{\"CheckID\"", "7"] {
        assert_eq!(read("r", bad.as_bytes(), Some("prowler-json")).status, ReportStatus::Error, "{bad}");
    }
}

#[test]
fn ocsf_of_versions_3_and_4() {
    let fourth = r#"[{"metadata": {"event_code": "s3_x", "product": {"name": "Prowler", "version": "4.5.0"}}, "severity": "High", "status": "New",
        "status_code": "FAIL", "status_detail": "Open.", "finding_info": {"title": "Close it", "uid": "prowler-aws-s3_x", "product_uid": "prowler"},
        "resources": [{"uid": "arn:b", "region": "eu-1"}], "cloud": {"account": {"uid": "77"}, "provider": "aws"},
        "remediation": {"desc": "Close.", "references": ["aws s3 close", "https://r.example"]}},
      {"metadata": {"event_code": "s3_y", "product": {"name": "Prowler"}}, "severity": "Low", "status": "Suppressed", "status_code": "FAIL",
        "finding_info": {"title": "Log"}},
      {"metadata": {"event_code": "s3_z", "product": {"name": "Prowler"}}, "severity": "Low", "status": "New", "status_code": "PASS"}]"#;
    let report = seen(fourth);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("prowler-ocsf", 3, 2));
    is(&report.findings[0], Severity::High, "s3_x", "77 eu-1 arn:b");
    assert_eq!(report.findings[0].url.as_ref().unwrap().raw(), "https://r.example");
    assert!(report.findings[1].suppressed.is_some());
    let third = r#"[{"class_uid": 2001, "finding": {"title": "Close it", "uid": "prowler-x"}, "status": "Failure", "severity": "Fatal",
        "metadata": {"product": {"name": "Prowler", "feature": {"uid": "s3_x"}}}}, {"finding": {}, "status": "Success"}]"#;
    let report = seen(third);
    assert_eq!(
        (report.findings.len(), report.findings[0].severity, report.findings[0].rule.raw()),
        (1, Severity::Critical, "s3_x")
    );
    let other = seen(&third.replace("Prowler", "Watcher"));
    assert_eq!((other.format, other.tool.raw()), ("ocsf-json", "Watcher"));
    // As drafts of the schema have it.
    let draft = r#"{"class_uid": 2001, "severity_name": "High", "state_name": "New", "finding": {"title": "Wide role", "uid": "u"},
        "metadata": {"product": {"name": "Watcher"}}, "resources": [{"name": "r", "uid": "", "account_uid": "77"}]}
        {"class_uid": 2001, "severity_id": 2, "state_name": "Suppressed", "finding": {"title": "Old key"}, "metadata": {"product": {"name": "Watcher"}}}"#;
    let report = seen(draft);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("ocsf-json", 2, 2));
    is(&report.findings[0], Severity::High, "Wide role", "77 r");
    assert!(report.findings[1].severity == Severity::Low && report.findings[1].suppressed.is_some());
    let bare = r#"[{"class_uid": 2004, "metadata": {"version": "1.4.0"}, "message": "No log.", "severity": "Low", "status_code": "FAIL", "finding_info": {"uid": "u"}}]"#;
    let report = seen(bare);
    assert_eq!((report.format, report.tool.raw(), report.findings[0].title.raw()), ("ocsf-json", "OCSF", "No log."));
    assert_eq!(read("r", b"[]", Some("prowler-ocsf")).status, ReportStatus::Empty);
    assert_eq!(read("r", b"[[]]", Some("prowler-ocsf")).status, ReportStatus::Error);
}
