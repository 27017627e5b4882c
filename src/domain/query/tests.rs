use proptest::prelude::*;

use super::*;
use crate::domain::finding::{Finding, FindingSource, Location, Package};
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, Fingerprint, GateId};
use crate::domain::release::Release;
use crate::domain::severity::Tally;
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
        ("é qqqqqq:x", 3..9, "Known are as, class"),
        ("tool>zap", 0..4, "write tool:VALUE"),
        ("tool:", 5..5, "A value is missing after \"tool:\""),
        ("a \"b", 2..4, "closing quote"),
        ("a !", 2..3, "Nothing follows"),
        ("cwe:x", 4..5, "write cwe:79"),
        ("status:acepted", 7..14, "Did you mean \"accepted\"?"),
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
    assert_eq!(candidates("new !d"), ["dismissed"]);
    assert_eq!(candidates("s"), ["sev:", "source:", "status:", "suppressed"]);
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
