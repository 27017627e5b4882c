use crate::domain::finding::{Class, Finding, ReportStatus, Rung};
use crate::domain::severity::Severity;
use crate::report::{Report, read};

fn report(run: &str) -> Report {
    read("r.sarif", format!(r#"{{"version": "2.1.0", "runs": [{run}]}}"#).as_bytes(), None)
}

fn one(rules: &str, result: &str) -> Finding {
    let run = format!(
        r#"{{"tool": {{"driver": {{"name": "Lint", "version": "3.1", "rules": [{rules}]}}}}, "results": [{result}]}}"#
    );
    let mut report = report(&run);
    assert_eq!(report.findings.len(), 1, "{report:?}");
    report.findings.remove(0)
}

#[test]
fn severity_is_the_tools_word_then_its_score_then_the_level() {
    let rule = |more: &str| format!(r#"{{"id": "R"{more}}}"#);
    for (rules, result, want) in [
        (rule(""), r#""level": "error""#, Severity::High),
        (rule(""), r#""level": "note""#, Severity::Low),
        (rule(""), r#""level": "none""#, Severity::Info),
        (rule(""), r#""x": 1"#, Severity::Medium),
        (rule(r#", "defaultConfiguration": {"level": "error"}"#), r#""x": 1"#, Severity::High),
        (rule(r#", "properties": {"security-severity": "9.8"}"#), r#""level": "note""#, Severity::Critical),
        (rule(r#", "properties": {"security-severity": 5.0}"#), r#""level": "error""#, Severity::Medium),
        (rule(r#", "properties": {"security-severity": "n/a"}"#), r#""level": "error""#, Severity::High),
        (
            rule(r#", "properties": {"security-severity": "9.8"}"#),
            r#""level": "note", "properties": {"issue_severity": "LOW"}"#,
            Severity::Low,
        ),
        (rule(""), r#""kind": "review""#, Severity::Unknown),
        (rule(""), r#""kind": "open", "level": "error""#, Severity::High),
        (rule(""), r#""level": "catastrophic""#, Severity::Unknown),
    ] {
        let finding = one(&rules, &format!(r#"{{"ruleId": "R", "message": {{"text": "m"}}, {result}}}"#));
        assert_eq!(finding.severity, want, "{rules} {result}");
    }
}

#[test]
fn rules_are_found_by_index_id_parent_and_extension() {
    let rules = r#"{"id": "A", "defaultConfiguration": {"level": "note"}}, {"id": "B", "defaultConfiguration": {"level": "error"}}"#;
    for (result, id, want) in [
        (r#"{"ruleIndex": 1}"#, "B", Severity::High),
        (r#"{"ruleId": "B"}"#, "B", Severity::High),
        (r#"{"ruleId": "B/sub"}"#, "B/sub", Severity::High),
        (r#"{"ruleId": "B", "ruleIndex": 0}"#, "B", Severity::High),
        (r#"{"rule": {"id": "B", "index": 1}}"#, "B", Severity::High),
        (r#"{"ruleId": "C", "ruleIndex": 77}"#, "C", Severity::Medium),
    ] {
        let finding = one(rules, result);
        assert_eq!((finding.rule.raw(), finding.severity), (id, want), "{result}");
    }
    let run = r#"{"tool": {"driver": {"name": "x"}, "extensions": [{"name": "e", "rules": [
        {"id": "E", "messageStrings": {"m": {"text": "{1} before {0}"}}}]}]},
        "results": [{"rule": {"index": 0, "toolComponent": {"index": 0}}, "message": {"id": "m", "arguments": ["b", "a"]}}]}"#;
    let finding = &report(run).findings[0];
    assert_eq!((finding.rule.raw(), finding.title.raw()), ("E", "a before b"));
}

#[test]
fn kinds_that_are_no_findings_count_as_items() {
    let results = ["pass", "notApplicable", "informational", "fail"]
        .map(|k| format!(r#"{{"ruleId": "{k}", "kind": "{k}"}}"#))
        .join(",");
    let gone = r#"{"ruleId": "g", "baselineState": "absent"}"#;
    let report = report(&format!(r#"{{"tool": {{"driver": {{"name": "x"}}}}, "results": [{results}, {gone}]}}"#));
    assert_eq!((report.raw_items, report.findings.len()), (5, 1));
}

#[test]
fn what_was_not_looked_at_is_not_clean() {
    let clean = report(r#"{"tool": {"driver": {"name": "gitleaks"}}, "results": []}"#);
    assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, &[Class::Secret][..]));
    for run in [
        r#"{"tool": {"driver": {"name": "x"}}}"#,
        r#"{"tool": {"driver": {"name": "x"}}, "results": null}"#,
        r#"{"tool": {"driver": {"name": "x"}}, "results": [], "invocations": [{"executionSuccessful": false}]}"#,
        "",
    ] {
        let report = report(run);
        assert_eq!(report.status, ReportStatus::NotAssessed, "{run}");
        assert!(report.classes.is_empty() && report.reason.is_some());
    }
    for run in [r#"{"results": {}}"#, r#"{"results": ["x"]}"#] {
        assert_eq!(report(run).status, ReportStatus::Error, "{run}");
    }
}

#[test]
fn places_by_index_base_and_file_uri() {
    let at = |location: &str| {
        let run = format!(
            r#"{{"tool": {{"driver": {{"name": "x"}}}}, "artifacts": [{{"location": {{"uri": "src/by%20index.c"}}}}],
            "originalUriBaseIds": {{"ROOT": {{"uri": "file:///build/pay/"}}, "LIB": {{"uri": "lib/", "uriBaseId": "ROOT"}}}},
            "results": [{{"ruleId": "R", "locations": [{{"physicalLocation": {{"artifactLocation": {location},
            "region": {{"startLine": 7, "startColumn": 2, "snippet": {{"text": "x = 1"}}}}}},
            "logicalLocations": [{{"fullyQualifiedName": "a::b"}}]}}]}}]}}"#
        );
        report(&run).findings.remove(0)
    };
    for (location, want) in [
        (r#"{"index": 0}"#, "src/by index.c"),
        (r#"{"uri": "a.c", "uriBaseId": "LIB"}"#, "lib/a.c"),
        (r#"{"uri": "a.c", "uriBaseId": "ROOT"}"#, "a.c"),
        (r#"{"uri": "file:///build/pay/src/a.c"}"#, "src/a.c"),
        (r#"{"uri": "file:///elsewhere/a.c"}"#, "/elsewhere/a.c"),
        (r#"{"uri": "./src//a.c"}"#, "src/a.c"),
    ] {
        let finding = at(location);
        assert_eq!(finding.place(), format!("{want}:7"), "{location}");
        assert_eq!(finding.location.logical.as_ref().unwrap().raw(), "a::b");
    }
}

#[test]
fn fingerprints_are_the_strongest_rung_unless_they_are_none() {
    let strongest =
        |more: &str| one("", &format!(r#"{{"ruleId": "R", "message": {{"text": "m"}}, {more}}}"#)).keys[0].clone();
    assert_eq!(strongest(r#""fingerprints": {"m/v1": "0123456789abcdef"}"#).rung, Rung::ToolId);
    assert_eq!(strongest(r#""fingerprints": {"m/v1": "requires login"}"#).rung, Rung::Logical);
    let line = r#""partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}"#;
    assert_eq!(strongest(line).rung, Rung::ToolId);
    // The same hash in another file is another finding.
    let elsewhere =
        format!(r#"{line}, "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "b.c"}}}}}}]"#);
    assert_ne!(strongest(line), strongest(&elsewhere));
}

#[test]
fn weaknesses_and_vulnerabilities_from_all_places() {
    let finding = one(
        r#"{"id": "CVE-2024-1", "name": "OsPackageVulnerability", "shortDescription": {"text": "short"},
            "properties": {"tags": ["external/cwe/cwe-079", "GHSA-abcd-efgh-ijkl"]},
            "relationships": [{"target": {"id": "CWE-22", "toolComponent": {"name": "CWE"}}}, {"target": {"id": "9", "toolComponent": {"name": "OWASP"}}}]}"#,
        r#"{"ruleId": "CVE-2024-1", "taxa": [{"id": "89", "toolComponent": {"name": "CWE"}}],
            "message": {"text": "Package: zlib\nInstalled Version: 1.2\nFixed Version: 1.3"}}"#,
    );
    assert_eq!(finding.cwe, [22, 79, 89]);
    let ids: Vec<&str> = finding.vulnerabilities.iter().map(crate::text::Untrusted::raw).collect();
    assert_eq!(ids, ["CVE-2024-1", "GHSA-ABCD-EFGH-IJKL"]);
    assert_eq!(finding.title.raw(), "short");
    let package = finding.package.unwrap();
    assert_eq!((package.name.raw(), package.fixed[0].raw()), ("zlib", "1.3"));
}

#[test]
fn suppressions_hold_unless_one_is_under_review() {
    let said = |list: &str| one("", &format!(r#"{{"ruleId": "R", "suppressions": {list}}}"#)).suppressed;
    assert_eq!(said("[]"), None);
    assert_eq!(said(r#"[{"kind": "inSource", "justification": "tested"}]"#).unwrap().raw(), "tested");
    assert_eq!(said(r#"[{"kind": "external"}, {"kind": "external", "status": "underReview"}]"#), None);
    assert_eq!(said(r#"[{"kind": "external", "status": "rejected"}]"#), None);
}

#[test]
fn runs_of_several_tools_in_one_file() {
    let runs = r#"{"tool": {"driver": {"name": "Semgrep"}}, "results": [{"ruleId": "a"}]},
        {"tool": {"driver": {"name": "gitleaks"}}, "results": [{"ruleId": "b", "locations": [{"physicalLocation":
        {"artifactLocation": {"uri": "k"}, "region": {"snippet": {"text": "key=AKIAIOSFODNN7EXAMPLE"}}}}]}]}"#;
    let report = report(runs);
    assert_eq!(report.tool.raw(), "Semgrep, gitleaks");
    assert_eq!(report.classes, [Class::Sast, Class::Secret]);
    let secret = report.findings.iter().find(|f| f.class == Class::Secret).unwrap();
    assert!(!secret.snippet.as_ref().unwrap().raw().contains("IOSFODNN7"));
    assert_eq!(secret.severity, Severity::Medium);
}

#[test]
fn a_region_of_which_only_the_first_line_is_given_is_completed() {
    let code = |region: &str, context: &str| {
        let place =
            format!(r#"{{"artifactLocation": {{"uri": "a.py"}}, "region": {region}, "contextRegion": {context}}}"#);
        let location = format!(r#""locations": [{{"physicalLocation": {place}}}]"#);
        let finding = one(r#"{"id": "R"}"#, &format!(r#"{{"ruleId": "R", "message": {{"text": "m"}}, {location}}}"#));
        finding.snippet.unwrap().raw().to_owned()
    };
    let region = r#"{"startLine": 14, "endLine": 15, "snippet": {"text": "except E:\n"}}"#;
    let around = |line: u32| {
        format!(r#"{{"startLine": {line}, "endLine": 16, "snippet": {{"text": "try:\nexcept E:\n  pass\nx\n"}}}}"#)
    };
    assert_eq!(code(region, &around(13)), "except E:\n  pass");
    assert_eq!(code(region, &around(12)), "except E:\n", "lines that do not fit are not taken");
    assert_eq!(code(region, &around(99)), "except E:\n");
    assert_eq!(code(region, "{}"), "except E:\n");
    let one = r#"{"startLine": 14, "snippet": {"text": "except E:\n"}}"#;
    assert_eq!(code(one, &around(13)), "except E:\n");
}

#[test]
fn another_version_of_sarif_is_not_read_as_an_empty_report() {
    let of = |version: &str| {
        let text =
            format!(r#"{{"version": {version}, "runs": [{{"tool": {{"driver": {{"name": "x"}}}}, "results": []}}]}}"#);
        read("r.sarif", text.as_bytes(), None)
    };
    for version in [r#""1.0.0""#, r#""2.0.0""#, r#""2.10.0""#, "3"] {
        let report = of(version);
        assert_eq!(report.status, ReportStatus::Error, "{version}");
        assert!(report.reason.unwrap().raw().contains("SARIF 2.1.0 is read"), "{version}");
    }
    for version in [r#""2.1.0""#, r#""2.1""#, r#""2.1.0-rtm.5""#, "null"] {
        assert_eq!(of(version).status, ReportStatus::Empty, "{version}");
    }
}

#[test]
fn what_a_tool_assesses_is_known_by_its_name() {
    for (tool, classes) in [
        ("Mend Unified Agent", &[Class::Sca][..]),
        ("JFrog Xray Scanner", &[Class::Sca, Class::Container]),
        ("JFrog Terraform scanner", &[Class::Iac]),
        ("pip-audit", &[Class::Sca]),
        ("phpcs-security-audit", &[Class::Sast]),
        ("SnykCode", &[Class::Sast]),
        ("Lynis", &[Class::Infra]),
        ("Retire.js", &[Class::Sca]),
        ("ansible-lint", &[Class::Iac]),
        ("Recommender", &[]),
    ] {
        let run = |results: &str| format!(r#"{{"tool": {{"driver": {{"name": "{tool}"}}}}, "results": [{results}]}}"#);
        let clean = report(&run(""));
        assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, classes), "{tool}");
        assert_eq!(clean.reason.is_some(), classes.is_empty(), "{tool}");
        let found = report(&run(r#"{"ruleId": "R", "message": {"text": "m"}}"#));
        assert_eq!(found.findings[0].class, *classes.first().unwrap_or(&Class::Sast), "{tool}");
        assert!(!found.classes.is_empty(), "{tool}");
    }
}

#[test]
fn what_the_tool_could_not_do_is_said() {
    let run = |ended: &str, results: &str| {
        report(&format!(
            r#"{{"tool": {{"driver": {{"name": "Bandit"}}}}, "invocations": [{{{ended} "toolExecutionNotifications": [
               {{"level": "note", "message": {{"text": "started"}}}}, {{"level": "error", "message": {{"text": "no rules"}}}}]}}],
               "results": [{results}]}}"#
        ))
    };
    let well = run(r#""executionSuccessful": true,"#, "");
    assert_eq!((well.status, well.reason.unwrap().raw().contains("no rules")), (ReportStatus::Empty, true));
    assert_eq!(run("", "").status, ReportStatus::NotAssessed);
    let some = run("", r#"{"ruleId": "R", "message": {"text": "m"}}"#);
    assert_eq!((some.status, some.reason.is_some()), (ReportStatus::Ok, true));
}

#[test]
fn all_places_of_a_result_are_kept() {
    let place = |line| {
        format!(
            r#"{{"physicalLocation": {{"artifactLocation": {{"uri": "a.c"}}, "region": {{"startLine": {line}}}}}}}"#
        )
    };
    let result = format!(
        r#"{{"ruleId": "R", "message": {{"text": "m"}}, "locations": [{}, {}, {}]}}"#,
        place(3),
        place(9),
        place(3)
    );
    let finding = one("", &result);
    let also: Vec<String> = finding.also.iter().map(ToString::to_string).collect();
    assert_eq!((finding.place().as_str(), also), ("a.c:3", vec!["a.c:9".to_owned()]));
}

/// Each argument of a message has the next one in it ten times: written out again and again, that is without end.
#[test]
fn arguments_are_no_places_for_others_and_messages_are_bounded() {
    let said = |text: &str, arguments: &[String]| {
        let result = serde_json::json!({"ruleId": "R", "message": {"text": text, "arguments": arguments}});
        one("", &result.to_string()).detail.raw().to_owned()
    };
    let laughs: Vec<String> = (1..12).map(|n| format!("{{{n}}}").repeat(10)).collect();
    assert_eq!(said("{0}!", &laughs), format!("{}!", "{1}".repeat(10)));
    assert_eq!(said("{1} {x} {9} {0", &["a".to_owned(), "b".to_owned()]), "b {x} {9} {0");
    let long = vec!["x".repeat(60_000)];
    assert!(said(&"{0}".repeat(10_000), &long).len() < 2 * crate::report::limits::LONGEST);
}

#[test]
fn what_a_rule_lists_without_end_is_bounded_in_its_results() {
    let tags: Vec<String> = (0..20_000).map(|n| format!("CVE-2024-{n}")).collect();
    let bases: serde_json::Map<_, _> =
        (0..5_000).map(|n| (format!("B{n}"), serde_json::json!({"uri": format!("file:///b/{n}/")}))).collect();
    let result = |n: u32| {
        let place = serde_json::json!({"artifactLocation": {"uri": format!("file:///b/0/src/{n}.c")}});
        serde_json::json!({"ruleId": "R", "message": {"id": "m"}, "locations": [{"physicalLocation": place}]})
    };
    let strings: serde_json::Map<_, _> =
        (0..5_000).map(|n| (format!("m{n}"), serde_json::json!({"text": "x"}))).collect();
    let rule = serde_json::json!({"id": "R", "fullDescription": {"text": "x".repeat(1 << 20)}, "messageStrings": strings,
        "properties": {"tags": tags}});
    let results: Vec<_> = (0..50).map(result).collect();
    let run = serde_json::json!({"tool": {"driver": {"name": "x", "rules": [rule]}}, "originalUriBaseIds": bases,
        "results": results});
    let report = report(&run.to_string());
    assert_eq!(report.findings.len(), 50);
    for finding in &report.findings {
        assert!(finding.vulnerabilities.len() <= crate::report::limits::MOST_IDS);
        assert!(finding.detail.raw().len() < 2 * crate::report::limits::LONGEST);
        assert!(finding.place().starts_with("src/"), "{}", finding.place());
    }
}

/// The place of such a rule is the secret itself.
#[test]
fn rules_about_secrets_are_masked_whoever_reads_them() {
    for (tool, rule, tags) in [
        ("Semgrep OSS", "generic.secrets.security.detected-key", ""),
        ("Semgrep OSS", "python.lang.key", r#""Hard-coded Secrets""#),
        ("Checkov", "CKV_SECRET_2", ""),
    ] {
        let run = format!(
            r#"{{"tool": {{"driver": {{"name": "{tool}", "rules": [{{"id": "{rule}", "properties": {{"tags": [{tags}]}}}}]}}}},
            "results": [{{"ruleId": "{rule}", "message": {{"text": "A key."}}, "locations": [{{"physicalLocation":
            {{"artifactLocation": {{"uri": "k"}}, "region": {{"snippet": {{"text": "key=AKIAIOSFODNN7EXAMPLE"}}}}}}}}]}}]}}"#
        );
        let report = report(&run);
        let finding = &report.findings[0];
        assert_eq!(finding.class, Class::Secret, "{rule}");
        assert!(!finding.snippet.as_ref().unwrap().raw().contains("IOSFODNN7"), "{finding:?}");
    }
    let tagged = r#"{"id": "a.b.c", "properties": {"tags": ["security"]}}"#;
    assert_eq!(one(tagged, r#"{"ruleId": "a.b.c"}"#).class, Class::Sast);
}

#[test]
fn other_keys_beside_the_runs_do_not_hide_a_report() {
    for beside in [r#""version": "2.1.0""#, r#""$schema": "https://json.schemastore.org/sarif-2.1.0.json""#] {
        let text =
            format!(r#"{{{beside}, "guid": "x", "runs": [{{"tool": {{"driver": {{"name": "x"}}}}, "results": []}}]}}"#);
        assert_eq!(read("r", text.as_bytes(), None).format, "sarif", "{beside}");
    }
    assert_eq!(read("r", br#"{"guid": "x", "runs": []}"#, None).format, "");
}
