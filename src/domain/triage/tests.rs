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
    let at = Timestamp::from_millis(1_000_000_000).unwrap();
    let all = match_dismissals(findings.iter().cloned().map(Arc::new).collect(), &[], &release(), at, None, None);
    let of = |finding: &Finding| Dismissal {
        id: RecordId::new("01J0000000000000000000000A"),
        envelope: crate::domain::canonical::sha256(b"x"),
        principal: Principal::new("ana@example.com"),
        issued_at: at,
        subject: Subject::among(finding, &all),
        status: Status::FalsePositive,
        justification: None,
        detail: "Only constants get there.".into(),
        scope: Scope::default(),
        expires: None,
    };
    which.iter().filter_map(|i| findings.get(*i)).map(of).collect()
}

fn release() -> Release {
    Release {
        service: "pay".into(),
        version: "2".into(),
        environment: "prod".into(),
        commit: None,
        branch: None,
        artifacts: Vec::new(),
    }
}

/// For each finding: whether it is dismissed, and why it is only suggested.
fn outcome(mut findings: Vec<Finding>, dismissals: &[Dismissal]) -> Vec<(bool, Option<Lapse>)> {
    identify(&mut findings);
    let release = release();
    let findings = findings.into_iter().map(Arc::new).collect();
    let triaged =
        match_dismissals(findings, dismissals, &release, Timestamp::from_millis(2_000_000_000).unwrap(), None, None);
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
    let triaged = match_dismissals(findings, &dismissals, &release, at(60), None, None);
    let told = history(&triaged, &dismissals, &release, at(60));
    let [(fingerprint, past)] = told.iter().collect::<Vec<_>>()[..] else { panic!("{told:?}") };
    assert_eq!(*fingerprint, triaged[0].finding.fingerprint);
    let fates: Vec<_> = past.iter().map(|p| p.fate).collect();
    assert_eq!(fates, [Fate::InForce, Fate::Replaced, Fate::Elsewhere, Fate::Lapsed(Lapse::Expired)]);
    assert!(past.iter().all(|p| p.carried.rung.carries()), "each by the strongest key that it has");
    assert!(history(&triaged, &[], &release, at(60)).is_empty());
}

/// Nothing tells which of them was mended.
#[test]
fn where_one_of_several_is_gone_the_rest_counts_as_judged_only_if_all_were() {
    let two = vec![code("a.py", 10), code("a.py", 50)];
    let one = dismissed(two.clone(), &[0]);
    assert_eq!(one[0].subject.look_alikes, Some(2));
    assert_eq!(outcome(vec![code("a.py", 50)], &one), [(false, Some(Lapse::Ambiguous))]);
    let both = dismissed(two, &[0, 1]);
    assert_eq!(outcome(vec![code("a.py", 50)], &both), [(true, None)]);
    // Judged anew, when it was alone, it holds.
    let mut anew = one;
    anew.extend(dismissed(vec![code("a.py", 50)], &[0]));
    assert_eq!(anew[1].subject.look_alikes, None);
    assert_eq!(outcome(vec![code("a.py", 51)], &anew), [(true, None)]);
}

#[test]
fn every_place_that_was_judged_counts() {
    let at = |path: &str| Location { path: Some(path.into()), ..Location::default() };
    let mut both = vulnerable("app/pom.xml");
    both.also = vec![at("lib/pom.xml"), at("app/pom.xml"), at("lib/pom.xml")];
    let standing = dismissed(vec![both], &[0]);
    assert_eq!(standing[0].subject.also, ["lib/pom.xml".into()], "each once, and sorted");
    assert_eq!(outcome(vec![vulnerable("lib/pom.xml")], &standing), [(true, None)]);
    assert_eq!(outcome(vec![vulnerable("new/pom.xml")], &standing), [(false, Some(Lapse::Moved))]);
}

#[test]
fn what_has_become_of_each_is_told() {
    let of = |path: &str, line| {
        let mut finding = Finding { snippet: Some(Untrusted::new(format!("eval({path})"))), ..code(path, line) };
        finding.keys = keys_of(&finding);
        finding
    };
    let mut standing =
        dismissed(vec![of("a.py", 10), of("b.py", 10), of("c.py", 10), of("gone.py", 10)], &[0, 1, 2, 3]);
    let newer = Dismissal {
        id: RecordId::new("01J0000000000000000000000B"),
        issued_at: Timestamp::from_millis(1_000_000_001).unwrap(),
        ..standing[1].clone()
    };
    standing.push(newer);
    let elsewhere = Scope { service: Some("other".into()), ..Scope::default() };
    standing.push(Dismissal { scope: elsewhere, ..standing[0].clone() });
    let worse = Finding { severity: Severity::Critical, ..of("c.py", 10) };
    let mut findings = vec![of("a.py", 20), of("b.py", 20), worse];
    identify(&mut findings);
    let (release, now) = (release(), Timestamp::from_millis(2_000_000_000).unwrap());
    let findings = findings.into_iter().map(Arc::new).collect();
    let triaged = match_dismissals(findings, &standing, &release, now, None, None);
    let all = reach(&standing, &triaged, &release, true, now);
    let words: Vec<_> = all.into_iter().map(|r| r.map(|r| (r.state.word(), r.findings.len()))).collect();
    let want = [("in-force", 1), ("superseded", 0), ("lapsed", 1), ("stale", 0), ("in-force", 1)];
    assert_eq!(words, want.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
}

#[test]
fn a_dismissal_that_matches_nothing_is_stale_if_all_is_there() {
    let standing = dismissed(vec![vulnerable("a/pom.xml"), code("a.py", 1)], &[0, 1]);
    let (release, now) = (release(), Timestamp::from_millis(2_000_000_000).unwrap());
    let mut findings = vec![code("a.py", 3)];
    identify(&mut findings);
    let triaged = match_dismissals(findings.into_iter().map(Arc::new).collect(), &standing, &release, now, None, None);
    let stale = stale(&standing, &triaged, &release, now);
    assert_eq!(stale, standing[..1]);
    let part = reach(&standing, &triaged, &release, false, now);
    assert_eq!(part[0].as_ref().unwrap().state, State::NotTold);
    let mut over = standing.clone();
    over[0].expires = Some(now);
    assert_eq!(reach(&over, &triaged, &release, true, now)[0].as_ref().unwrap().state, State::Lapsed(Lapse::Expired));
}

#[test]
fn findings_are_dismissed_together_if_they_share_a_rule_or_a_component() {
    let package = |name: &str, version: &str, purl: Option<&str>, id: &str| Finding {
        rule: id.into(),
        vulnerabilities: vec![id.into()],
        package: Some(Box::new(Package {
            name: name.into(),
            version: Some(version.into()),
            purl: purl.map(Into::into),
            ..Package::default()
        })),
        ..vulnerable("pom.xml")
    };
    let rule = |rule: &str| Finding { rule: rule.into(), ..code("a.py", 1) };
    let text = |version| package("org.apache.commons:commons-text", version, None, "CVE-1-1");
    let purl = Some("pkg:maven/org.apache.commons/commons-text@1.9");
    assert_eq!(alike(&[rule("B602"), rule("B602")]), Ok(()));
    assert_eq!(alike(&[text("1.8"), package("commons-text", "1.9", purl, "CVE-1-2")]), Ok(()));
    // One vulnerability in several components, by any of its names.
    let mut other = package("text-fork", "1", None, "GHSA-1-1-1");
    other.vulnerabilities.push("CVE-1-1".into());
    assert_eq!(alike(&[text("1.8"), other]), Ok(()));
    for unlike in [
        [rule("B602"), rule("B101")],
        [text("1.8"), package("commons-io", "1", None, "CVE-1-2")],
        [text("1.8"), package("com.evil:commons-text", "1.8", None, "CVE-1-2")],
        [package("a", "1", Some("pkg:npm/text@1"), "CVE-1-1"), package("a", "1", Some("pkg:pypi/text@1"), "CVE-1-2")],
        [text("1.8"), rule("B602")],
        [Finding { class: Class::Secret, ..rule("B602") }, rule("B602")],
    ] {
        assert!(alike(&unlike).is_err(), "{unlike:?}");
    }
    let why = alike(&[rule("B602"), rule("B101"), rule("B101")]).unwrap_err();
    assert_eq!(
        why.to_string(),
        "These 3 findings share neither a rule nor a component: the rules are B101, B602; the component is none. One \
         reasoning can be only for findings of one rule, or of one component."
    );
    assert_eq!(why.kinds.iter().map(|k| k.split(':').next().unwrap()).collect::<Vec<_>>(), ["B101", "B602"]);
}

#[test]
fn where_two_are_needed_two_people_have_to_say_the_same() {
    let by = |who: &str, at: i64, status: Status| {
        let one = dismissed(vec![code("a.py", 10)], &[0]).remove(0);
        let (id, issued_at) = (format!("01J{at:023}"), Timestamp::from_millis(1_000_000_000 + at).unwrap());
        Dismissal { id: RecordId::new(id), principal: Principal::new(who), issued_at, status, ..one }
    };
    let people = |count, from| Some(People { count, from });
    let of = |standing: &[Dismissal], people| {
        let mut findings = vec![code("a.py", 12)];
        identify(&mut findings);
        let now = Timestamp::from_millis(2_000_000_000).unwrap();
        let findings = findings.into_iter().map(Arc::new).collect();
        let mut triaged = match_dismissals(findings, standing, &release(), now, None, people);
        let states = reach(standing, &triaged, &release(), true, now).into_iter().flatten().map(|r| r.state.word());
        let states = states.collect::<Vec<_>>().join(" ");
        let one = triaged.remove(0);
        let carried = one.dismissal.map(|c| c.dismissal.principal.to_string());
        (carried, one.suggestion.map(|s| (s.0.dismissal.principal.to_string(), s.1)), states)
    };
    let high = people(2, Severity::High);
    let (fp, ok) = (Status::FalsePositive, Status::Accepted);
    let waits = |who: &str| Some((who.to_owned(), Lapse::WaitsForSecond));
    let ana = by("ana@example.com", 1, fp);
    assert_eq!(
        of(std::slice::from_ref(&ana), people(2, Severity::Critical)).0,
        Some("ana@example.com".to_owned()),
        "not so bad"
    );
    assert_eq!(of(std::slice::from_ref(&ana), high), (None, waits("ana@example.com"), "lapsed".to_owned()));
    // The same person twice is one.
    assert_eq!(of(&[ana.clone(), by("ana@example.com", 2, fp)], high).1, waits("ana@example.com"));
    let bo = by("bo@example.com", 3, fp);
    let both = of(&[ana.clone(), bo.clone()], high);
    assert_eq!(both, (Some("bo@example.com".to_owned()), None, "in-force in-force".to_owned()));
    // Another status is not the same, and what somebody said before counts no more.
    assert_eq!(of(&[ana.clone(), by("bo@example.com", 3, ok)], high).1, waits("bo@example.com"));
    assert_eq!(of(&[ana.clone(), bo, by("ana@example.com", 4, ok)], high).1, waits("ana@example.com"));
    // One that has expired is none.
    let over =
        Dismissal { expires: Some(Timestamp::from_millis(1_500_000_000).unwrap()), ..by("bo@example.com", 3, fp) };
    assert_eq!(of(&[ana, over], high).1, waits("ana@example.com"));
}
