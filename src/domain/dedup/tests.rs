use proptest::prelude::*;

use super::*;
use crate::domain::finding::{FindingSource, Location, Package};
use crate::domain::severity::Severity;
use crate::text::Untrusted;

fn finding(tool: &str, rule: &str, path: &str, line: u32, snippet: &str) -> Finding {
    Finding {
        fingerprint: Fingerprint::default(),
        class: Class::Sast,
        severity: Severity::Medium,
        rule: rule.into(),
        title: rule.into(),
        detail: Untrusted::default(),
        location: Location { path: Some(path.into()), line: Some(line), ..Location::default() },
        snippet: Some(snippet.into()),
        vulnerabilities: Vec::new(),
        cwe: Vec::new(),
        package: None,
        confidence: None,
        url: None,
        suppressed: None,
        context: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: Vec::new(),
        sources: vec![FindingSource {
            tool: tool.into(),
            tool_version: None,
            report: format!("{tool}.json").as_str().into(),
            native_id: None,
        }],
    }
}

fn vulnerable(tool: &str, ids: &[&str], version: &str, severity: Severity) -> Finding {
    Finding {
        severity,
        class: Class::Sca,
        vulnerabilities: ids.iter().map(|i| Untrusted::from(*i)).collect(),
        package: Some(Box::new(Package {
            name: "lodash".into(),
            version: Some(version.into()),
            purl: Some(format!("pkg:npm/lodash@{version}").into()),
            fixed: vec![],
        })),
        location: Location { path: Some("package-lock.json".into()), ..Location::default() },
        snippet: None,
        ..finding(tool, ids[0], "", 0, "")
    }
}

fn within(findings: Vec<Finding>) -> (Vec<Finding>, u32) {
    merge_within(findings.into_iter().map(Box::new).collect(), 1)
}

#[test]
fn keys_ignore_lines_versions_and_white_space() {
    let a = keys_of(&finding("x", "B602", "./src/a.py", 10, "run( x )\n"));
    let b = keys_of(&finding("x", "B602", "src\\a.py", 99, "  run( x )"));
    assert_eq!(a, b);
    let c = keys_of(&finding("x", "B602", "src/a.py", 10, "run( y )"));
    assert_ne!(a[0], c[0]);

    let old = keys_of(&vulnerable("trivy", &["CVE-2021-1"], "4.0.0", Severity::High));
    let new = keys_of(&vulnerable("grype", &["CVE-2021-1"], "4.1.0", Severity::High));
    assert_eq!(old[0].rung, Rung::Vulnerability);
    assert_eq!(old[0], new[0]);
}

#[test]
fn the_ladder_has_the_strongest_first_and_prefers_cves() {
    let parts = KeyParts {
        tool: "T",
        tool_id: "id",
        vulnerabilities: vec!["GHSA-aaaa", "CVE-2020-1"],
        package: "pkg:npm/a@1",
        rule: "r",
        snippet: "x",
        ..KeyParts::default()
    };
    let keys = keys_for(&parts);
    let rungs: Vec<Rung> = keys.iter().map(|k| k.rung).collect();
    let own = [Rung::ToolId, Rung::Vulnerability, Rung::Vulnerability, Rung::Snippet];
    assert_eq!(rungs, [&own[..], &[Rung::Logical, Rung::Logical]].concat());
    let cve = keys_for(&KeyParts { vulnerabilities: vec!["CVE-2020-1"], package: "b", ..parts.clone() });
    assert_ne!(keys[1], cve[1], "another package is another key");
    let cve = keys_for(&KeyParts { vulnerabilities: vec!["CVE-2020-1"], package: "PKG:npm/a@2?x=y", ..parts });
    assert_eq!(keys[1], cve[1]);
}

#[test]
fn an_image_keeps_its_identity_over_tags() {
    for (given, want) in [
        ("registry:5000/team/pay:1.4.2 (debian 12.5)", "registry:5000/team/pay"),
        ("registry:5000/team/pay@sha256:00ff", "registry:5000/team/pay"),
        ("alpine:3.9//lib/apk/db/installed", "alpine"),
        ("localhost:5000/pay", "localhost:5000/pay"),
        ("sha256:00ff", "sha256:00ff"),
        ("pay", "pay"),
    ] {
        assert_eq!(normalise_image(given), want);
    }
}

#[test]
fn paths_lose_only_what_is_safe() {
    for (given, want) in [
        ("./a//b/./c.py", "a/b/c.py"),
        ("a\\b.py", "a/b.py"),
        ("file:///github/workspace/src/a%20b.py", "src/a b.py"),
        ("/home/runner/work/pay/pay/src/a.py", "src/a.py"),
        ("/home/runner/work/pay/other/src/a.py", "/home/runner/work/pay/other/src/a.py"),
        ("/var/jenkins_home/workspace/pay-main/src/a.py", "src/a.py"),
        ("/home/ana/workspace/pay/a.py", "/home/ana/workspace/pay/a.py"),
        ("workspace/pay/a.py", "workspace/pay/a.py"),
        ("a/../../b", "../b"),
        ("https://pay.example/a/../b", "https://pay.example/a/../b"),
    ] {
        assert_eq!(normalise_path(given), want);
    }
}

#[test]
fn messages_lose_counts_and_case_in_any_script() {
    for (given, want) in [
        ("  Line 12:  Found 3 Secrets\n", "line #: found # secrets"),
        ("ÄB 12\u{a0}x 3", "äb # x #"),
        ("4.5 of 10", "#.# of #"),
    ] {
        assert_eq!(normalise_message(given), want);
    }
}

#[test]
fn package_urls_lose_version_qualifiers_and_case() {
    for (given, want) in [
        ("pkg:npm/%40babel/core@7.1.0", "pkg:npm/@babel/core"),
        ("pkg:npm/@babel/core", "pkg:npm/@babel/core"),
        ("pkg:deb/debian/OpenSSL@1.1?arch=amd64&distro=x#sub", "pkg:deb/debian/openssl"),
        ("Lodash", "lodash"),
    ] {
        assert_eq!(normalise_purl(given), want);
    }
}

#[test]
fn occurrences_are_told_apart_and_the_first_is_stable() {
    let mut findings =
        vec![finding("x", "R", "b.py", 9, "s"), finding("x", "R", "b.py", 3, "s"), finding("x", "Q", "b.py", 1, "s")];
    identify(&mut findings);
    assert_eq!(findings[1].fingerprint, findings[1].keys[0].value);
    assert_ne!(findings[0].fingerprint, findings[1].fingerprint);
    assert_eq!(findings[0].keys, findings[1].keys);
    let mut alone = vec![finding("x", "R", "b.py", 300, "s")];
    identify(&mut alone);
    assert_eq!(alone[0].fingerprint, findings[1].fingerprint);
}

#[test]
fn exact_repeats_become_one_and_others_stay() {
    // The texts of one report are held once each.
    let first = finding("x", "R", "a.py", 1, "s");
    let worse = Finding { severity: Severity::High, ..first.clone() };
    let mut other_line = first.clone();
    other_line.location.line = Some(2);
    let (left, merged) = within(vec![first, worse, other_line]);
    assert_eq!((left.len(), merged), (2, 1));
    assert_eq!(left[0].severity, Severity::High);
}

#[test]
fn tools_that_agree_make_one_finding_with_the_graver_severity() {
    let trivy = vulnerable("trivy", &["CVE-2021-1"], "4.0.0", Severity::Medium);
    let npm = vulnerable("npm", &["CVE-2021-1", "GHSA-x"], "4.0.0", Severity::High);
    let osv = vulnerable("osv", &["GHSA-X"], "4.0.0", Severity::Low);
    let older = vulnerable("osv", &["CVE-2021-1"], "3.0.0", Severity::Low);
    let out = merge_across(vec![vec![trivy], vec![npm], vec![osv, older]]);
    assert_eq!(out.len(), 2);
    assert_eq!(out[0].severity, Severity::High);
    let tools: Vec<&str> = out[0].sources.iter().map(|s| s.tool.raw()).collect();
    assert_eq!(tools, ["npm", "osv", "trivy"]);
}

#[test]
fn one_component_is_one_row_whatever_its_tools_call_it() {
    let of = |tool: &str, class, path: &str, name: &str, version: Option<&str>, purl: Option<&str>| Finding {
        class,
        location: Location { path: Some(path.into()), ..Location::default() },
        package: Some(Box::new(Package {
            name: name.into(),
            version: version.map(Into::into),
            purl: purl.map(Into::into),
            fixed: vec![],
        })),
        ..vulnerable(tool, &["CVE-2022-42889"], "", Severity::High)
    };
    let trivy = of("trivy", Class::Sca, "app.jar", "org.apache.commons:commons-text", Some("1.9"), None);
    let grype = of(
        "grype",
        Class::Container,
        "pay:1.4",
        "commons-text",
        Some("v1.9"),
        Some("pkg:maven/org.apache.commons/commons-text@1.9"),
    );
    let check = of("dependency-check", Class::Sca, "lib/commons-text-1.9.jar", "commons-text", Some("1.9"), None);
    let silent = of("dependabot", Class::Sca, "pom.xml", "org.apache.commons:commons-text", None, None);
    let out = merge_across(vec![vec![trivy.clone()], vec![grype.clone()], vec![check.clone()], vec![silent.clone()]]);
    assert_eq!((out.len(), out[0].sources.len(), out[0].also.len()), (1, 4, 3));
    assert_eq!(out[0].joined, Some(Rung::Vulnerability));
    // Where two versions are there, a tool that does not say which means neither.
    let other = of("trivy", Class::Sca, "old.jar", "commons-text", Some("1.8"), None);
    assert_eq!(merge_across(vec![vec![trivy.clone(), other], vec![check], vec![silent]]).len(), 3);
    // The same package of another image stays another finding.
    let image = |name: &str| of("grype", Class::Container, name, "commons-text", Some("1.9"), None);
    assert_eq!(merge_across(vec![vec![image("pay:1.4"), image("side:2")]]).len(), 2);
    assert_eq!(merge_across(vec![vec![image("pay:1.4"), image("pay:1.5")]]).len(), 1);
}

#[test]
fn a_host_is_never_the_image_that_others_name() {
    let of = |class, path: &str| Finding {
        class,
        location: Location { path: Some(path.into()), ..Location::default() },
        ..vulnerable("inspector", &["CVE-2024-1"], "3.0.1", Severity::High)
    };
    let (host, image) = (of(Class::Infra, "i-0123"), of(Class::Container, "pay:1.4"));
    assert_eq!(within(vec![host.clone(), image.clone()]).0.len(), 2);
    assert_eq!(merge_across(vec![vec![host], vec![image]]).len(), 2);
}

/// Masked, two leaked secrets are the same text.
#[test]
fn secrets_that_look_the_same_stay_apart_by_their_keys() {
    let first = Finding { class: Class::Secret, ..finding("x", "aws", "a.env", 1, "AKI********") };
    let mut second = first.clone();
    second.keys = vec![tool_key("x", "another")];
    assert_eq!(within(vec![first.clone(), second]).0.len(), 2);
    assert_eq!(within(vec![first.clone(), first]).0.len(), 1);
}

#[test]
fn what_its_tool_gives_one_id_is_one_only_near_by() {
    let at = |line| {
        let mut f = finding("x", "R", "a.c", line, "strcpy(a, b)");
        f.detail = format!("at {line}").into();
        f.sources[0].native_id = Some("contextHash:00112233".into());
        f.keys = keys_of(&f);
        f
    };
    let (left, merged) = within(vec![at(10), at(13), at(90)]);
    assert_eq!((left.len(), merged, left[0].also.len()), (2, 1, 1));
}

#[test]
fn several_cves_of_one_advisory_do_not_draw_others_together() {
    let both = vulnerable("a", &["CVE-2021-1", "CVE-2021-2"], "1", Severity::Low);
    let one = vulnerable("b", &["CVE-2021-1"], "1", Severity::Low);
    let two = vulnerable("b", &["CVE-2021-2"], "1", Severity::Low);
    assert_eq!(merge_across(vec![vec![both], vec![one, two]]).len(), 3);
}

#[test]
fn one_run_in_two_formats_is_one_and_two_tools_at_one_line_are_two() {
    let json = finding("Bandit", "B602", "./src/a.py", 3, "run(x)");
    let sarif = Finding { severity: Severity::Low, ..finding("bandit", "B602", "src/a.py", 3, " run(x)\n") };
    let semgrep = finding("semgrep", "B602", "src/a.py", 3, "run(x)");
    let out = merge_across(vec![vec![json], vec![sarif], vec![semgrep]]);
    assert_eq!(out.len(), 2);
    assert!(out.iter().any(|f| f.sources.len() == 2 && f.severity == Severity::Medium));
}

#[test]
fn two_of_one_report_stay_two_when_the_other_format_has_both() {
    let at = |column| {
        let mut f = finding("bandit", "B105", "a.py", 3, "a = 'x'; b = 'y'");
        f.location.column = Some(column);
        f
    };
    let out = merge_across(vec![vec![at(1), at(10)], vec![at(10), at(1)]]);
    assert_eq!(out.len(), 2);
    assert_ne!(out[0].fingerprint, out[1].fingerprint);
}

/// CSV has no code, JUnit XML no line: what one format leaves out is no difference.
#[test]
fn a_format_that_says_less_tells_of_the_same_finding() {
    let json = |line, code: &str| Finding {
        location: Location {
            logical: Some("aws_sg.open".into()),
            ..finding("Semgrep OSS", "R", "a.tf", line, code).location
        },
        ..finding("Semgrep OSS", "R", "a.tf", line, code)
    };
    let written = |f: Finding, name: &str| Finding {
        sources: vec![FindingSource { report: name.into(), ..f.sources[0].clone() }],
        ..f
    };
    let csv = |line| written(Finding { snippet: None, ..finding("semgrep", "R", "./a.tf", line, "") }, "semgrep.csv");
    let junit = Finding { location: Location { line: None, ..json(1, "").location }, ..csv(1) };
    let junit = written(junit, "semgrep.xml");
    let full = vec![json(3, "x"), json(9, "x")];
    assert_eq!(merge_across(vec![full.clone(), vec![csv(9), csv(3)]]).len(), 2);
    assert_eq!(merge_across(vec![full.clone(), vec![csv(9), csv(3)], vec![junit.clone(), junit.clone()]]).len(), 2);
    // Which of the two is meant is not known, and another line or other code is another finding.
    assert_eq!(merge_across(vec![vec![csv(9), csv(3)], vec![junit]]).len(), 3);
    assert_eq!(merge_across(vec![full.clone(), vec![csv(4)]]).len(), 3);
    assert_eq!(merge_across(vec![full.clone(), vec![finding("semgrep", "R", "a.tf", 3, "y")]]).len(), 3);
    // Another report of the same format is that of another folder, unless the code says otherwise.
    let other = vec![written(csv(9), "b.json"), written(csv(3), "b.json")];
    assert_eq!(merge_across(vec![full, other]).len(), 4);
}

/// Two hosts may be looked at each for itself, and their reports not name them.
#[test]
fn what_has_no_place_is_one_only_in_reports_of_different_formats() {
    let of = |report: &str, detail: &str| {
        let mut f = finding("kube-bench", "1.1.1", "", 1, "");
        (f.location, f.snippet, f.detail) = (Location::default(), None, detail.into());
        f.sources[0].report = report.into();
        vec![f]
    };
    assert_eq!(merge_across(vec![of("a.json", "x y"), of("b.csv", "- x\n- y")]).len(), 1);
    assert_eq!(merge_across(vec![of("a.json", "x y"), of("b.csv", "x")]).len(), 2);
    assert_eq!(merge_across(vec![of("a.json", "x y"), of("b.json", "x y")]).len(), 2);
}

fn some_finding() -> impl Strategy<Value = Finding> {
    (0..3_usize, 0..3_u32, 0..3_usize, 0..6_usize, 0..4_u8).prop_map(|(tool, line, id, severity, kind)| {
        let tool = ["trivy", "grype", "osv"][tool];
        let severity = Severity::ALL[severity];
        if kind == 0 {
            vulnerable(tool, [&["CVE-1"][..], &["GHSA-1"], &["CVE-1", "GHSA-1"]][id], "1", severity)
        } else {
            let full = finding(tool, "R", "a.py", line, ["s", "t", "s"][id]);
            let location = Location { line: (kind != 1).then_some(line), ..full.location.clone() };
            Finding { severity, location, snippet: full.snippet.clone().filter(|_| kind != 2), ..full }
        }
    })
}

proptest! {
    #[test]
    fn merging_does_not_depend_on_the_order(
        lists in prop::collection::vec(prop::collection::vec(some_finding(), 0..5), 0..4),
        turn in 0..4_usize,
    ) {
        let mut turned = lists.clone();
        for list in &mut turned {
            list.reverse();
        }
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
        }
        prop_assert_eq!(merge_across(lists), merge_across(turned));
    }

    #[test]
    fn fingerprints_are_unique(findings in prop::collection::vec(some_finding(), 0..8)) {
        let out = merge_across(vec![findings]);
        let unique: std::collections::HashSet<_> = out.iter().map(|f| f.fingerprint).collect();
        prop_assert_eq!(unique.len(), out.len());
    }
}

/// How many threads merge must not be seen in what comes out.
#[test]
fn a_large_report_is_merged_the_same_on_any_number_of_threads() {
    const COUNT: usize = 12_000;
    let of = |n: usize| {
        let mut f = match n % 3 {
            0 => vulnerable("x", &[&format!("CVE-2024-{}", n % 1_500)], "1.0", Severity::High),
            1 => finding("x", "R", &format!("src/{}.c", n % 700), 7, &format!("call({})", n % 900)),
            _ => finding("x", "S", "a.c", 1 + u32::try_from(n % 5).unwrap(), "b()"),
        };
        f.location.path = if n.is_multiple_of(6) { Some(format!("p{}/lock", n % 4).into()) } else { f.location.path };
        f.title = format!("T{}", n % 11).into();
        f.suppressed = n.is_multiple_of(7).then(|| "so".into());
        f.severity = if n.is_multiple_of(5) { Severity::Critical } else { f.severity };
        f.keys = keys_of(&f);
        Box::new(f)
    };
    let all: Vec<_> = (0..COUNT).map(of).collect();
    let (alone, merged) = merge_within(all.clone(), 1);
    assert!(merged > 4096, "{merged}");
    for threads in [2, 3, 8] {
        let (left, others) = merge_within(all.clone(), threads);
        assert_eq!(others, merged);
        assert!(left == alone, "{threads} threads");
    }
}

/// As many ids as one finding swallowed make no more work than they are.
#[test]
fn what_swallowed_many_ids_is_merged_across_reports_in_time() {
    const MANY: usize = 20_000;
    let ids = |report: &str| {
        let mut f = vulnerable("x", &["CVE-2024-1"], "1.0", Severity::High);
        f.sources[0].report = report.into();
        f.keys = (0..MANY).map(|n| tool_key("x", &n.to_string())).collect();
        f
    };
    let across = merge_across(vec![vec![ids("a")], vec![ids("b")]]);
    assert_eq!((across.len(), across[0].keys.len(), across[0].sources.len()), (1, MANY, 2));
    let fixed = |n: usize| {
        let mut f = vulnerable("x", &["CVE-2024-1"], "1.0", Severity::High);
        f.package.as_mut().unwrap().fixed = vec![format!("2.{n}").into()];
        f
    };
    let (left, merged) = within((0..MANY).map(fixed).collect());
    assert_eq!((left.len(), merged as usize), (1, MANY - 1));
    assert_eq!(left[0].package.as_ref().unwrap().fixed.len(), MANY);
}
