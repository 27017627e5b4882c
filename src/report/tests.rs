use super::*;

#[test]
fn every_format_has_one_name_and_says_what_it_reads() {
    let names: std::collections::HashSet<_> = formats().map(|f| f.name).collect();
    assert_eq!(names.len(), formats().count());
    for format in formats() {
        for said in [format.title, format.items, format.severity, format.identity, format.checked] {
            assert!(
                !said.is_empty() && !said.contains('|'),
                "{}: it stands in a table of docs/reports.md",
                format.name
            );
        }
    }
}

#[test]
fn what_is_not_known_lists_what_is() {
    for bytes in [&b"{\"a\": 1}"[..], b"[{\"a\": 1}]", b"<html></html>", b"hello", b"null", b"42", b"<", b"{"] {
        let report = read("x\u{1b}.json", bytes, None);
        assert_eq!((report.format, report.status), ("", ReportStatus::Error));
        let reason = report.reason.unwrap();
        assert!(reason.raw().contains("--formats") && reason.raw().starts_with("x<U+001B>.json: "), "{reason:?}");
    }
    let report = read("x", b"{}", Some("sarfi"));
    assert!(report.reason.unwrap().raw().contains("no format \"sarfi\""));
    assert!(read("x", b" ", None).reason.unwrap().raw().contains("empty"));
}

#[test]
fn the_name_of_the_file_does_not_matter() {
    let sarif = br#"{"$schema": "x", "runs": [{"tool": {"driver": {"name": "a"}}, "results": []}]}"#;
    assert_eq!(read("bandit.xml", sarif, None).format, "sarif");
    let forced = read("a.sarif", sarif, Some("bandit-json"));
    assert_eq!((forced.format, forced.status), ("bandit-json", ReportStatus::Error));
}

#[test]
fn a_torn_file_is_an_error_with_its_place() {
    let report = read("r", b"{\"version\": \"2.1.0\",\n \"runs\": [{\"results\": [", None);
    assert_eq!((report.format, report.status), ("sarif", ReportStatus::Error));
    assert!(report.reason.unwrap().raw().contains("line 2 column"));
}

/// In what is of no format because it is broken.
#[test]
fn the_place_is_told_also_where_the_format_is_not_known() {
    let number = format!("{{\"a\":\n {}}}", "9".repeat(400));
    let report = read("r", number.as_bytes(), None);
    let reason = report.reason.unwrap();
    assert!(reason.raw().contains("number out of range at line 2 column"), "{reason:?}");
    let deep = read("r", "[".repeat(10_000).as_bytes(), None).reason.unwrap();
    assert!(deep.raw().contains("recursion limit exceeded at line 1"), "{deep:?}");
}

#[test]
fn a_key_that_stands_twice_hides_no_findings() {
    let bandit = r#"{"errors": [], "generated_at": "x", "metrics": {}, "results": [{"test_id": "B602", "code": "x",
        "filename": "a.py", "issue_severity": "HIGH", "issue_text": "shell", "line_number": 1}]"#;
    let trivy = r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "t", "Class": "lang-pkgs",
        "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "p", "Severity": "HIGH"}]}]"#;
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}},
        "results": [{"ruleId": "R"}]}]"#;
    for (once, again) in [(bandit, "results"), (trivy, "Results"), (sarif, "runs")] {
        let clean = read("r.json", format!("{once}}}").as_bytes(), None);
        assert_eq!((clean.status, clean.findings.len()), (ReportStatus::Ok, 1), "{again}: {:?}", clean.reason);
        let report = read("r.json", format!("{once},\n\"{again}\": []}}").as_bytes(), None);
        assert_eq!(report.status, ReportStatus::Error, "{again}");
        let why = report.reason.unwrap();
        assert!(why.raw().contains(&format!("\"{again}\" stands twice")) && why.raw().contains("line"), "{why:?}");
    }
}

#[test]
fn deep_nesting_does_no_harm() {
    for open in ["[", "{\"a\":", "{\"version\":1,\"runs\":[{\"results\":[{\"message\":"] {
        assert_eq!(read("d", open.repeat(100_000).as_bytes(), None).status, ReportStatus::Error);
    }
}

mod fuzz {
    use super::*;
    use proptest::prelude::*;

    const SAMPLES: [&str; 4] = [
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "R", "locations": []}]}]}"#,
        r#"{"metrics": {}, "errors": [], "results": [{"test_id": "B1", "line_number": 3, "code": "3 x"}]}"#,
        r#"<OWASPZAPReport version="2"><site name="x"><alerts><alertitem><pluginid>1</pluginid></alertitem></alerts></site></OWASPZAPReport>"#,
        r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "t", "Class": "os-pkgs", "Vulnerabilities": [{"PkgName": "p"}]}]}"#,
    ];

    proptest! {
        #[test]
        fn reading_never_panics_and_lost_results_are_never_clean(
            sample in 0..4_usize, at in 0..200_usize, cut in 0..4_usize, insert in "[\\[\\]{}\",:<>&;a0n]{0,3}",
        ) {
            let bytes = SAMPLES[sample].as_bytes();
            let at = at.min(bytes.len());
            let end = (at + cut).min(bytes.len());
            let damaged = [&bytes[..at], insert.as_bytes(), &bytes[end..]].concat();
            let report = read("f", &damaged, None);
            if report.status == ReportStatus::Error {
                prop_assert!(report.reason.is_some() && report.findings.is_empty());
            }
        }

        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(read("f", &bytes, None).status, ReportStatus::Error);
        }
    }
}

#[test]
fn characters_that_are_lost_are_told() {
    let table = b"filename,test_name,test_id,issue_severity,issue_confidence,issue_cwe,issue_text,line_number,col_offset,end_col_offset,line_range,more_info\na.py,x,B1,HIGH,HIGH,,\xfcber,1,0,0,[1],\n";
    let report = read("r.csv", table, None);
    assert_eq!((report.format, report.findings.len()), ("bandit-csv", 1));
    assert!(report.reason.unwrap().raw().contains("could not be read"));
}
