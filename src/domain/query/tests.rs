use proptest::prelude::*;

use super::*;
use crate::domain::finding::{Class, Finding, FindingSource, Location, Package, Rung, Scores};
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, Fingerprint, GateId, Principal, RecordId};
use crate::domain::release::Release;
use crate::domain::severity::Tally;
use crate::domain::triage::{Carried, Dismissal, Justification, Novelty, Scope, Status, Subject};
use crate::domain::verdict::Outcome;

fn finding(severity: Severity) -> Triaged {
    let finding = Finding {
        fingerprint: Fingerprint::new([0xf; 32]),
        class: Class::Sast,
        severity,
        rule: "CVE-2024-7".into(),
        title: "SQL Injection in the basket".into(),
        detail: "d".into(),
        location: Location { path: Some("src/Pay.java".into()), line: Some(3), ..Location::default() },
        snippet: None,
        vulnerabilities: vec!["CVE-2024-7".into()],
        cwe: vec![89],
        package: Some(Box::new(Package { name: "Lodash".into(), fixed: vec!["2".into()], ..Package::default() })),
        confidence: Some("high".into()),
        url: None,
        suppressed: None,
        context: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: vec![],
        sources: vec![FindingSource {
            tool: "Lint".into(),
            tool_version: None,
            report: "scan/lint.sarif".into(),
            native_id: None,
        }],
    };
    Triaged { finding: finding.into(), dismissal: None, suggestion: None, novelty: Novelty::New }
}

fn matched(query: &str, triaged: &Triaged) -> bool {
    Query::parse(query).unwrap_or_else(|e| panic!("{query}: {e}")).matches(triaged)
}

#[test]
fn each_term_holds_and_turned_round_does_not() {
    let triaged = finding(Severity::High);
    for query in [
        "sev>=high",
        "sev:high",
        "sev=HIGH",
        "sev<critical",
        "sev<=high",
        "sev>medium",
        "tool:lint",
        "rule:cve",
        "path:pay",
        "file:src/",
        "class:sast",
        "cve:2024-7",
        "cwe:89",
        "cwe:CWE-89",
        "package:lodash",
        "title:basket",
        "source:lint.sarif",
        "conf:high",
        "new",
        "open",
        "fixable",
        "injection",
        "\"sql injection\"",
        "pay.java",
        "lodash",
        "NEW",
    ] {
        assert!(matched(query, &triaged), "{query}");
        assert!(!matched(&format!("!{query}"), &triaged), "!{query}");
        assert!(!matched(&format!("-{query}"), &triaged), "-{query}");
    }
    for query in
        ["sev>high", "sev:low", "tool:zap", "known", "dismissed", "suppressed", "status:accepted", "\"new\"", "cwe:8"]
    {
        assert!(!matched(query, &triaged), "{query}");
    }
}

#[test]
fn every_field_is_asked_for_and_turned_round() {
    let mut triaged = finding(Severity::High);
    let f = std::sync::Arc::make_mut(&mut triaged.finding);
    f.snippet = Some("exec(sql)".into());
    f.context = Some("GET /pay HTTP/1.1".into());
    f.vulnerabilities = vec!["CVE-2024-7".into(), "GHSA-xx".into()];
    f.scores =
        Some(Box::new(Scores { cvss: Some("9.8".into()), vector: None, epss: Some("4.2e-2".into()), exploited: true }));
    f.suppressed = Some("nosec".into());
    f.also = vec![Location { path: Some("lib/Other.java".into()), line: Some(9), ..Location::default() }];
    f.joined = Some(Rung::Vulnerability);
    f.url = Some("https://nvd.example.com/7".into());
    f.package = Some(Box::new(Package {
        name: "lodash".into(),
        version: Some("4.17.20".into()),
        purl: Some("pkg:npm/lodash@4.17.20".into()),
        fixed: vec!["4.17.21".into()],
    }));
    let second = FindingSource { tool: "Grype".into(), native_id: Some("n-1".into()), ..f.sources[0].clone() };
    f.sources.push(second);
    triaged.dismissal = Some(Box::new(carried(f)));
    for query in [
        "severity>=high",
        "status:dismissed",
        "status:NOT-affected",
        "novelty:new",
        "class:sast",
        "rule:2024",
        "title:basket",
        "text:basket",
        "ghsa-xx",
        "detail:d",
        "snippet:exec",
        "code:\"get /pay\"",
        "id:ghsa",
        "cwe:89",
        "cvss>=9",
        "cvss>9.5",
        "cvss<10",
        "cvss:9.80",
        "epss>1%",
        "epss<=0.042",
        "path:pay",
        "place:pay.java:3",
        "at:other.java:9",
        "line:3",
        "line<=3",
        "component:LODASH",
        "version:4.17",
        "purl:npm/lodash",
        "fix:4.17.21",
        "fixed:4.17.21",
        "tool:grype",
        "sources:2",
        "sources>1",
        "joined:vulnerability",
        "rung:vulnerability",
        "report:lint.sarif",
        "native:n-1",
        "confidence:high",
        "suppression:nosec",
        "by:ana",
        "reason:\"no path\"",
        "justification:execute",
        "url:nvd",
        "fingerprint:0f0f",
        "dismissed",
        "exploited",
        "kev",
        "fixable",
        "suppressed",
        "kev:yes",
        "open:no",
        "new:TRUE",
    ] {
        assert!(matched(query, &triaged), "{query}");
        assert!(!matched(&format!("!{query}"), &triaged), "!{query}");
        let read = Query::parse(query).unwrap();
        assert_eq!(Query::parse(&read.to_string()), Ok(read.clone()), "{query} is written {read}");
    }
    // What has no number is neither more nor less.
    let bare = finding(Severity::High);
    for query in
        ["cvss>=0", "cvss<11", "epss<1", "kev", "lapsed", "status:lapsed", "joined:snippet", "sources>1", "fixed"]
    {
        assert!(!matched(query, &bare), "{query}");
    }
    assert!(matched("sources:1 status:open novelty:new !fixed", &bare));
}

#[test]
fn each_field_and_flag_is_in_the_docs_and_is_offered() {
    let docs = Query::reference();
    assert_eq!(Query::complete("new !").candidates.len(), SPECS.len() + FLAGS.len());
    for spec in &SPECS {
        for name in spec.names {
            assert!(docs.contains(&format!("`{name}`")), "{name}");
            let offered = Query::complete(name).candidates;
            assert!(offered.iter().any(|c| c.trim_end_matches([':', '>', '=']) == *name), "{name}");
        }
    }
    assert!(FLAGS.iter().all(|(flag, words, _)| words.iter().all(|w| Flag::named(w) == Some(*flag))));
    for word in ["fixed", "unseen", "novelty:fixed", "open unseen"] {
        assert!(Query::parse(word).unwrap().asks_for_gone(), "{word}");
        assert!(!Query::parse(&format!("!{word}")).unwrap().asks_for_gone() || word.contains(' '), "!{word}");
    }
    assert!(!Query::parse("fixed:1.2 new").unwrap().asks_for_gone());
}

fn carried(finding: &Finding) -> Carried {
    let dismissal = Dismissal {
        id: RecordId::new("01J0000000000000000000000A"),
        envelope: crate::domain::canonical::sha256(b"x"),
        principal: Principal::new("ana@example.com"),
        issued_at: "2026-11-21T01:00:00Z".parse().unwrap(),
        subject: Subject::of(finding),
        status: Status::NotAffected,
        justification: Some(Justification::VulnerableCodeNotInExecutePath),
        detail: "There is no path to it.".into(),
        scope: Scope::default(),
        expires: None,
    };
    Carried { dismissal, rung: Rung::Snippet }
}

#[test]
fn terms_must_all_hold_and_none_means_everything() {
    let triaged = finding(Severity::High);
    assert!(matched("sev>=high new !dismissed basket", &triaged));
    assert!(!matched("sev>=high known", &triaged));
    assert!(matched("  ", &triaged));
}

#[test]
fn unknown_counts_as_high_but_is_not_called_high() {
    let triaged = finding(Severity::Unknown);
    assert!(matched("sev>=high", &triaged) && matched("sev>medium", &triaged) && matched("sev:unknown", &triaged));
    assert!(!matched("sev:high", &triaged) && !matched("sev<high", &triaged));
}

#[test]
fn errors_have_their_place_and_the_nearest_word() {
    for (query, span, part) in [
        ("new tol:zap", 4..7, "Did you mean \"tool\"?"),
        ("sev>=hihg", 5..9, "Did you mean \"high\"?"),
        ("!class:sats", 7..11, "Did you mean \"sast\"?"),
        ("é qqqqqq:x", 3..9, "Known are by, class"),
        ("tool>zap", 0..4, "write tool:VALUE"),
        ("tool:", 5..5, "A value is missing after \"tool:\""),
        ("a \"b", 2..4, "closing quote"),
        ("a !", 2..3, "Nothing follows"),
        ("cwe:x", 4..5, "write cwe:79"),
        ("status:acepted", 7..14, "Did you mean \"accepted\"?"),
        ("status:zzzzz", 7..12, "Known are open, dismissed, lapsed, false-positive, not-affected, accepted."),
        ("joined:zzzzz", 7..12, "Known are tool-id, vulnerability, snippet, logical."),
        ("cvss>=high", 6..10, "\"high\" is no number; write cvss>=7."),
        ("kev:maybe", 0..3, "write kev or !kev"),
        ("epss>=", 6..6, "A value is missing after \"epss>=\""),
        ("title>a", 0..5, "write title:VALUE"),
    ] {
        let error = Query::parse(query).unwrap_err();
        assert_eq!(error.span, span, "{query}");
        assert!(error.message.contains(part), "{query}: {error}");
    }
    assert!(Query::parse("\u{1b}[2J:x").unwrap_err().message.contains("<U+001B>"));
}

#[test]
fn completion_of_fields_flags_and_values() {
    let candidates = |input: &str| Query::complete(input).candidates;
    assert_eq!(candidates("new !d"), ["detail:", "dismissed"]);
    assert_eq!(
        candidates("s"),
        ["sev:", "severity:", "snippet:", "source:", "sources>=", "status:", "suppressed", "suppression:"]
    );
    assert_eq!(candidates("cv"), ["cve:", "cvss>="]);
    assert_eq!(candidates("status:d"), ["dismissed"]);
    assert_eq!(Query::complete("a sev>=c"), Completion { start: 7, candidates: vec!["critical".into()] });
    assert_eq!(candidates("\"s"), Vec::<String>::new());
    assert_eq!(GateQuery::complete("verdict:b").candidates, ["block"]);
}

fn gate() -> (Gate, Release) {
    let gate = Gate {
        application: "pay".into(),
        pipeline: "deploy".into(),
        stage: "Approve".into(),
        waiting_since: Some("2026-11-21T01:00:00Z".parse().unwrap()),
        ..Gate::new(GateId::new(ConnectionName::new("s"), ["a"]), "1")
    };
    let release = Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: None,
        branch: None,
        artifacts: vec![],
    };
    (gate, release)
}

#[test]
fn gates_are_found_by_what_is_known_of_them() {
    let (gate, release) = gate();
    let missing = ["tickets/jira".to_owned()];
    let mut tally = Tally::default();
    tally.add(Severity::High);
    let facts = GateFacts {
        gate: &gate,
        release: &release,
        verdict: Outcome::Block,
        missing: &missing,
        tally,
        mine: true,
        now: "2026-11-21T04:00:00Z".parse().unwrap(),
    };
    let matched = |query: &str| GateQuery::parse(query).unwrap_or_else(|e| panic!("{query}: {e}")).matches(&facts);
    for query in [
        "service:pay",
        "env:prod",
        "version:1.4",
        "verdict:block",
        "state:waiting",
        "app:pay",
        "mine",
        "missing",
        "missing:tickets",
        "sev>=high",
        "sev>low",
        "waiting>2h",
        "waiting>=3h",
        "waiting<1d",
        "approve",
        "deploy",
    ] {
        assert!(matched(query), "{query}");
        assert!(!matched(&format!("!{query}")), "!{query}");
    }
    for query in ["sev>=critical", "verdict:pass", "waiting>4h", "new", "missing:builds", "staging"] {
        assert!(!matched(query), "{query}");
    }
    assert!(GateQuery::parse("waiting>x").unwrap_err().message.contains("write 45s"));
    assert!(GateQuery::parse("verdict:blok").unwrap_err().message.contains("\"block\""));
}

proptest! {
    #[test]
    fn reading_never_panics_and_spans_are_on_borders(input in "\\PC*|[a-z:<>=!\" \\\\é-]{0,24}") {
        for error in [Query::parse(&input).err(), GateQuery::parse(&input).err()].into_iter().flatten() {
            prop_assert!(input.get(error.span).is_some());
        }
        let completion = Query::complete(&input);
        prop_assert!(input.get(completion.start..).is_some());
    }

    #[test]
    fn what_is_written_reads_back(
        input in "((!|-)?(sev(>=|<=|>|<|=|:)(high|info)|tool:[a-zA-Z\"\\\\:]{1,4}|title:\"[a-zé \\\\]{0,3}\"|new|open|\"new\"|[a-zA-Z!\\\\-]{1,4}|\"[ -~]{0,4}\"|cwe:[0-9]{1,4}) ?){0,5}"
    ) {
        if let Ok(query) = Query::parse(&input) {
            prop_assert_eq!(Query::parse(&query.to_string()), Ok(query.clone()), "{}", query);
        }
    }

    #[test]
    fn what_is_written_of_gates_reads_back(
        input in "(!?(sev>=low|waiting(>|<=)[0-9]{1,3}[smhdw]|state:waiting|verdict:warn|env:[a-z\"]{1,3}|missing|missing:\"[a-z ]{1,3}\"|\"[ -~]{0,4}\"|[a-z]{1,4}) ?){0,5}"
    ) {
        if let Ok(query) = GateQuery::parse(&input) {
            prop_assert_eq!(GateQuery::parse(&query.to_string()), Ok(query.clone()), "{}", query);
        }
    }
}
