use super::*;
use crate::domain::dedup::{identify, keys_of};
use crate::domain::finding::{Class, FindingSource, Location, Package};

fn code(path: &str, line: u32) -> Finding {
    let mut finding = Finding {
        fingerprint: Fingerprint::default(),
        class: Class::Sast,
        severity: Severity::High,
        rule: "B307".into(),
        title: "eval is dangerous".into(),
        detail: Untrusted::default(),
        location: Location { path: Some(path.into()), line: Some(line), ..Location::default() },
        snippet: Some("eval(x)".into()),
        context: None,
        vulnerabilities: Vec::new(),
        cwe: Vec::new(),
        package: None,
        confidence: None,
        url: None,
        suppressed: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: Vec::new(),
        sources: vec![FindingSource {
            tool: "Bandit".into(),
            tool_version: Some("1.9.0".into()),
            report: "bandit.json".into(),
            native_id: None,
        }],
    };
    finding.keys = keys_of(&finding);
    finding
}

fn vulnerable(path: &str) -> Finding {
    let mut finding = Finding {
        class: Class::Sca,
        snippet: None,
        vulnerabilities: vec!["CVE-2021-44228".into()],
        package: Some(Box::new(Package {
            name: "log4j-core".into(),
            version: Some("2.14".into()),
            ..Package::default()
        })),
        location: Location { path: Some(path.into()), ..Location::default() },
        ..code("", 0)
    };
    finding.keys = keys_of(&finding);
    finding
}

/// A dismissal of each of the findings, as they are in their report.
fn dismissed(mut findings: Vec<Finding>, which: &[usize]) -> Vec<Dismissal> {
    identify(&mut findings);
    let of = |finding: &Finding| Dismissal {
        id: RecordId::new("01J0000000000000000000000A"),
        envelope: crate::domain::canonical::sha256(b"x"),
        principal: Principal::new("ana@example.com"),
        issued_at: Timestamp::from_millis(1_000_000_000).unwrap(),
        subject: Subject::of(finding),
        status: Status::FalsePositive,
        justification: None,
        detail: "Only constants get there.".into(),
        scope: Scope::default(),
        expires: None,
    };
    which.iter().filter_map(|i| findings.get(*i)).map(of).collect()
}

/// For each finding: whether it is dismissed, and why it is only suggested.
fn outcome(mut findings: Vec<Finding>, dismissals: &[Dismissal]) -> Vec<(bool, Option<Lapse>)> {
    identify(&mut findings);
    let release = Release {
        service: "pay".into(),
        version: "2".into(),
        environment: "prod".into(),
        commit: None,
        branch: None,
        artifacts: Vec::new(),
    };
    let findings = findings.into_iter().map(Arc::new).collect();
    let triaged =
        match_dismissals(findings, dismissals, &release, Timestamp::from_millis(2_000_000_000).unwrap(), None);
    triaged.iter().map(|t| (t.dismissal.is_some(), t.suggestion.as_ref().map(|s| s.1))).collect()
}

#[test]
fn another_line_carries_and_another_file_is_only_suggested() {
    let standing = dismissed(vec![code("a.py", 10)], &[0]);
    assert_eq!(outcome(vec![code("a.py", 99)], &standing), [(true, None)]);
    assert_eq!(outcome(vec![code("renamed.py", 10)], &standing), [(false, Some(Lapse::WeakMatch))]);
    let standing = dismissed(vec![vulnerable("app/pom.xml")], &[0]);
    assert_eq!(outcome(vec![vulnerable("app/pom.xml")], &standing), [(true, None)]);
    assert_eq!(outcome(vec![vulnerable("other/pom.xml")], &standing), [(false, Some(Lapse::Moved))]);
    let mut both = vulnerable("a/pom.xml");
    both.also.push(Location { path: Some("app/pom.xml".into()), ..Location::default() });
    assert_eq!(outcome(vec![both], &standing), [(true, None)]);
}

#[test]
fn a_worse_severity_or_another_major_version_brings_it_back() {
    let standing = dismissed(vec![code("a.py", 10)], &[0]);
    let worse = Finding { severity: Severity::Critical, ..code("a.py", 10) };
    assert_eq!(outcome(vec![worse], &standing), [(false, Some(Lapse::SeverityRose))]);
    let mut newer = code("a.py", 10);
    newer.sources[0].tool_version = Some("2.0.1".into());
    assert_eq!(outcome(vec![newer], &standing), [(false, Some(Lapse::ToolChanged))]);
}

/// The first of several in the file has the bare key: it may be one that nobody has judged.
#[test]
fn of_several_that_look_alike_none_is_taken_for_the_judged_one() {
    let ambiguous = (false, Some(Lapse::Ambiguous));
    let standing = dismissed(vec![code("a.py", 50)], &[0]);
    assert_eq!(outcome(vec![code("a.py", 10), code("a.py", 50)], &standing), [ambiguous, ambiguous]);
    // Unless all were judged.
    let both = dismissed(vec![code("a.py", 10), code("a.py", 50)], &[0, 1]);
    assert_eq!(outcome(vec![code("a.py", 12), code("a.py", 52)], &both), [(true, None), (true, None)]);
    let three = vec![code("a.py", 1), code("a.py", 12), code("a.py", 52)];
    assert_eq!(outcome(three, &both), [ambiguous, ambiguous, ambiguous]);
}

#[test]
fn all_that_was_ever_said_is_told_wherever_it_was_said() {
    let mut findings = vec![code("a.py", 99), code("b.py", 1)];
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000).unwrap();
    let said = |envelope: &[u8], seconds, scope: Scope, expires| Dismissal {
        envelope: crate::domain::canonical::sha256(envelope),
        issued_at: at(seconds),
        scope,
        expires,
        ..dismissed(vec![code("a.py", 10)], &[0]).remove(0)
    };
    let search = Scope { service: Some("search".into()), ..Scope::default() };
    let dismissals = [
        said(b"old", 10, Scope::default(), Some(at(20))),
        said(b"elsewhere", 30, search, None),
        said(b"replaced", 40, Scope::default(), None),
        said(b"in force", 50, Scope::default(), None),
    ];
    identify(&mut findings);
    let release = Release {
        service: "pay".into(),
        version: "2".into(),
        environment: "prod".into(),
        commit: None,
        branch: None,
        artifacts: Vec::new(),
    };
    let findings: Vec<_> = findings.into_iter().map(Arc::new).collect();
    let triaged = match_dismissals(findings, &dismissals, &release, at(60), None);
    let told = history(&triaged, &dismissals, &release, at(60));
    let [(fingerprint, past)] = told.iter().collect::<Vec<_>>()[..] else { panic!("{told:?}") };
    assert_eq!(*fingerprint, triaged[0].finding.fingerprint);
    let fates: Vec<_> = past.iter().map(|p| p.fate).collect();
    assert_eq!(fates, [Fate::InForce, Fate::Replaced, Fate::Elsewhere, Fate::Lapsed(Lapse::Expired)]);
    assert!(past.iter().all(|p| p.carried.rung.carries()), "each by the strongest key that it has");
    assert!(history(&triaged, &[], &release, at(60)).is_empty());
}
