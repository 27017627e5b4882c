use std::sync::Arc;
use std::time::Instant;

use super::*;
use crate::domain::build::{Build, BuildResult, Tests};
use crate::domain::change::{ChangeSet, Commit};
use crate::domain::dossier::{Baseline, Compared, Parts};
use crate::domain::evidence::{Completeness, Evidence, FindingSet, Kind, Origin, Piece, Reason};
use crate::domain::finding::{Class, Finding, Location, ReportStatus, ReportSummary};
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, Fingerprint, GateId};
use crate::domain::quality::{QualityGate, QualityStatus};
use crate::domain::release::{Artifact, Release};
use crate::domain::severity::Severity;
use crate::domain::ticket::{FoundBy, StatusCategory, Ticket};
use crate::domain::triage::{Novelty, Triaged};
use crate::text::Untrusted;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba98";

/// What a test changes of a dossier that has nothing against it.
struct World {
    parts: Parts,
    builds: Vec<Build>,
    tickets: Vec<Ticket>,
    set: FindingSet,
    changes: ChangeSet,
    spoiled: Vec<(&'static str, Completeness)>,
}

#[expect(clippy::unnecessary_wraps, reason = "fields of the domain are optional, and tests name many")]
fn some(text: &str) -> Option<Untrusted> {
    Some(text.into())
}

fn a_finding(severity: Severity) -> Finding {
    Finding {
        fingerprint: Fingerprint::new([0xf; 32]),
        class: Class::Sast,
        severity,
        rule: "R".into(),
        title: "t".into(),
        detail: "d".into(),
        location: Location::default(),
        snippet: None,
        vulnerabilities: vec![],
        cwe: vec![],
        package: None,
        confidence: None,
        url: None,
        suppressed: None,
        context: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: vec![],
        sources: vec![],
    }
}

fn now() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

fn world() -> World {
    let gate = Gate {
        application: "pay".into(),
        pipeline: "deploy".into(),
        stage: "approve".into(),
        required_roles: vec!["release".into()],
        defined_roles: Some(vec!["release".into()]),
        ..Gate::new(GateId::new(ConnectionName::new("spinnaker"), ["pay", "run", "stage"]), "1")
    };
    let release = Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: some(COMMIT),
        branch: None,
        artifacts: vec![Artifact {
            name: "pay".into(),
            reference: "r/pay:1.4.2".into(),
            digest: Some(canonical::sha256(b"pay")),
        }],
    };
    let required = ["builds", "tickets", "findings:sast"].map(str::to_owned).to_vec();
    World {
        parts: Parts {
            gate,
            release,
            service: Some("payments".into()),
            as_of: now(),
            pieces: vec![],
            findings: vec![],
            baseline: Baseline::Orchestrator { run: "r".into(), version: None, commit: None },
            compared: Compared::With { version: "1.4.1".into(), gone: vec![] },
            past: std::collections::BTreeMap::new(),
            required,
            policy: Policy::builtin().digest(),
        },
        builds: vec![Build {
            job: "pay".into(),
            number: 7,
            url: "".into(),
            result: BuildResult::Success,
            started_at: None,
            duration_ms: Some(1),
            commit: some(COMMIT),
            branch: None,
            parameters: vec![],
            causes: vec![],
            starters: vec![],
            tests: Some(Tests { passed: 9, failed: 0, skipped: 1 }),
            changes: vec![],
            artifacts: vec![],
        }],
        tickets: vec![Ticket {
            key: "PAY-1".into(),
            summary: "s".into(),
            status: "Done".into(),
            category: StatusCategory::Done,
            kind: None,
            priority: None,
            assignee: None,
            resolution: None,
            fix_versions: vec![],
            url: None,
            found_by: vec![FoundBy::Query],
        }],
        set: FindingSet {
            classes: vec![Class::Sast],
            reports: vec![ReportSummary {
                file: "b.json".into(),
                digest: canonical::sha256(b""),
                format: "bandit-json".into(),
                tool: "Bandit".into(),
                classes: vec![Class::Sast],
                status: ReportStatus::Empty,
                reason: None,
                raw_items: 0,
                merged: 0,
            }],
            quality: Some(QualityGate {
                project: "com.acme:pay".into(),
                status: QualityStatus::Ok,
                conditions: vec![],
                analysis: None,
                analysed_at: None,
                revision: None,
            }),
            scanned_commit: some("0123456789ab"),
            ..FindingSet::default()
        },
        changes: ChangeSet { relation: some("ahead"), commits: vec![], ..ChangeSet::default() },
        spoiled: vec![],
    }
}

impl World {
    /// Adds an open finding of a severity.
    fn finding(&mut self, severity: Severity) -> &mut Triaged {
        let finding = Arc::new(a_finding(severity));
        self.set.findings.push(finding.clone());
        self.parts.findings.push(Triaged { finding, dismissal: None, suggestion: None, novelty: Novelty::Known });
        self.parts.findings.last_mut().unwrap()
    }

    fn verdict(mut self) -> Verdict {
        let evidence = [
            ("builds/jenkins", Kind::Builds, Evidence::Builds(self.builds)),
            ("changes/github", Kind::Changes, Evidence::Changes(self.changes)),
            ("findings/sonar", Kind::Findings, Evidence::Findings(self.set)),
            ("tickets/jira", Kind::Tickets, Evidence::Tickets(self.tickets)),
        ];
        for (name, kind, value) in evidence {
            let origin = Origin { name: name.to_owned(), kind, source: "s".into(), uri: "u".into(), fetched_at: now() };
            let spoiled = self.spoiled.iter().find(|(n, _)| *n == name).map(|(_, c)| c.clone());
            self.parts.pieces.push(match spoiled {
                Some(Completeness::Missing(reason)) => Piece::missing(origin, reason),
                other => Piece::got(origin, value, None, vec![], other.unwrap_or(Completeness::Complete)),
            });
        }
        let policy = Policy::builtin();
        let dossier = Dossier::seal(self.parts, |d| policy.evaluate(d, now()));
        assert_eq!(dossier.verdict, policy.evaluate(&dossier, now()), "the verdict must not depend on itself");
        dossier.verdict
    }
}

/// What a test does to the world.
type Change = Box<dyn FnOnce(&mut World)>;
/// What it should make policy say.
type Case = (&'static str, Change);

fn case(want: &'static str, change: impl FnOnce(&mut World) + 'static) -> Case {
    (want, Box::new(change))
}

/// The reasons as `level cause id`.
fn said(verdict: &Verdict) -> Vec<String> {
    let cause = |c| if c == Cause::Evidence { "evidence" } else { "policy" };
    verdict.reasons.iter().map(|r| format!("{} {} {}", r.level.word(), cause(r.cause), r.id)).collect()
}

fn after(change: impl FnOnce(&mut World)) -> Verdict {
    let mut world = world();
    change(&mut world);
    world.verdict()
}

#[test]
fn nothing_against_it_is_a_pass() {
    let started = Instant::now();
    let verdict = world().verdict();
    println!("two evaluations with compilation: {:?}", started.elapsed());
    assert_eq!((verdict.result, said(&verdict)), (Outcome::Pass, vec![]));
}

#[test]
#[rustfmt::skip]
fn each_rule_says_what_it_is_for_and_nothing_else_does() {
    let partial = || Completeness::Partial(Reason::new("rate-limited", "x"));
    let missing = || Completeness::Missing(Reason::new("unreachable", "x"));
    let build = |result| move |w: &mut World| w.builds[0].result = result;
    let cases: Vec<Case> = vec![
        case("block policy no-service", |w| w.parts.service = None),
        case("block policy gate-roles-changed", |w| w.parts.gate.required_roles.clear()),
        case("warn evidence gate-roles-unchecked", |w| w.parts.gate.defined_roles = None),
        case("block evidence required-missing", |w| w.parts.required.push("findings:container".into())),
        case("block evidence required-missing", |w| w.parts.required.push("provenance".into())),
        case("block evidence required-missing", |w| w.builds.clear()),
        case("block evidence required-missing", |w| w.tickets.clear()),
        case("block evidence required-incomplete", move |w| w.spoiled.push(("builds/jenkins", partial()))),
        case("block evidence required-incomplete", move |w| w.spoiled.push(("findings/sonar", partial()))),
        case("block evidence evidence-missing", move |w| w.spoiled.push(("changes/github", missing()))),
        case("warn evidence evidence-incomplete", move |w| w.spoiled.push(("changes/github", partial()))),
        case("block evidence report-unreadable", |w| w.set.reports[0].status = ReportStatus::Error),
        case("block evidence report-not-assessed", |w| w.set.reports[0].status = ReportStatus::NotAssessed),
        case("block evidence report-unreadable", |w| { w.parts.required.pop(); w.set.reports[0].status = ReportStatus::Error; }),
        case("warn evidence report-not-assessed", |w| { w.parts.required.pop(); w.set.reports[0].status = ReportStatus::NotAssessed; }),
        case("block policy findings-critical", |w| { w.finding(Severity::Critical); }),
        case("block policy findings-high", |w| { w.finding(Severity::High); }),
        case("block policy findings-unknown", |w| { w.finding(Severity::Unknown); }),
        case("note evidence findings-not-compared", |w| w.parts.compared = Compared::default()),
        case("warn policy findings-medium", |w| { w.finding(Severity::Medium); }),
        case("block policy build-failed", build(BuildResult::Failure)),
        case("block policy build-unstable", build(BuildResult::Unstable)),
        case("block policy build-aborted", build(BuildResult::Aborted)),
        case("block policy build-not-built", build(BuildResult::NotBuilt)),
        case("block evidence build-running", build(BuildResult::Running)),
        case("block evidence build-unknown", build(BuildResult::Unknown)),
        case("block policy tests-failed", |w| w.builds[0].tests = Some(Tests { passed: 9, failed: 2, skipped: 0 })),
        case("block evidence build-of-another-commit", |w| w.builds[0].commit = some(OTHER)),
        case("block policy quality-failed", |w| w.set.quality.as_mut().unwrap().status = QualityStatus::Error),
        case("block evidence quality-none", |w| w.set.quality.as_mut().unwrap().status = QualityStatus::None),
        case("warn policy quality-warn", |w| w.set.quality.as_mut().unwrap().status = QualityStatus::Warn),
        case("block policy ticket-not-done", |w| w.tickets[0].category = StatusCategory::InProgress),
        case("block policy ticket-not-done", |w| w.tickets[0].category = StatusCategory::ToDo),
        case("block evidence ticket-unknown", |w| w.tickets[0].category = StatusCategory::Unknown),
        case("block evidence scan-of-another-commit", |w| w.set.scanned_commit = some(OTHER)),
        case("note evidence scan-commit-unknown", |w| w.set.scanned_commit = None),
        case("warn evidence commit-unknown", |w| w.parts.release.commit = None),
        case("warn evidence artifact-without-digest", |w| w.parts.release.artifacts[0].digest = None),
        case("warn policy not-ahead", |w| w.changes.relation = some("behind")),
        case("warn policy not-ahead", |w| w.changes.relation = some("diverged")),
        case("note evidence baseline-unknown", |w| w.parts.baseline = Baseline::Unknown),
    ];
    for (index, (want, change)) in cases.into_iter().enumerate() {
        let verdict = after(change);
        assert_eq!(said(&verdict), [want], "case {index}: {verdict:?}");
        let level = match want.split(' ').next() { Some("block") => Outcome::Block, Some("warn") => Outcome::Warn, _ => Outcome::Pass };
        assert_eq!(verdict.result, level);
    }
}

#[test]
#[rustfmt::skip]
fn what_is_near_to_a_rule_does_not_trigger_it() {
    let silent: Vec<Change> = vec![
        Box::new(|w| { w.finding(Severity::Low); w.finding(Severity::Info); }),
        Box::new(|w| w.builds[0].tests = None),
        Box::new(|w| w.builds[0].commit = some(&COMMIT.to_uppercase())),
        Box::new(|w| w.changes.relation = None),
        Box::new(|w| w.changes.relation = some("identical")),
        Box::new(|w| w.set.quality = None),
        Box::new(|w| w.set.reports.clear()),
        Box::new(|w| w.parts.required.push("changes".into())),
        Box::new(|w| { w.parts.gate.required_roles.clear(); w.parts.gate.defined_roles = None; }),
        Box::new(|w| w.changes.commits.push(Commit { sha: OTHER.into(), message: "m".into(), author: "a".into(), author_email: None, login: None, time: None, verified: None, committer: None })),
    ];
    for (index, change) in silent.into_iter().enumerate() {
        assert_eq!(said(&after(change)), Vec::<String>::new(), "case {index}");
    }
    // A prefix too short to name a commit is another commit.
    assert_eq!(said(&after(|w| w.set.scanned_commit = some("0123"))), ["block evidence scan-of-another-commit"]);
}

#[test]
fn a_missing_source_blocks_what_it_should_have_given() {
    let verdict = after(|w| {
        w.spoiled.push(("findings/sonar", Completeness::Missing(Reason::new("unreachable", "at 12:00"))));
    });
    assert_eq!(said(&verdict), ["block evidence evidence-missing", "block evidence required-missing"]);
    assert_eq!(verdict.reasons[1].text, "findings:sast is required, and there is none (unreachable).");
    assert_eq!(verdict.reasons[1].evidence, ["findings/sonar"]);
    assert!(verdict.is_incomplete() && !verdict.is_blocked());
}

#[test]
fn texts_count_and_name_what_they_speak_of() {
    let verdict = after(|w| {
        w.finding(Severity::High).novelty = Novelty::New;
        w.finding(Severity::High);
        w.finding(Severity::Unknown);
        w.tickets[0].category = StatusCategory::InProgress;
        w.tickets[0].status = "In Review".into();
        let second = Ticket { key: "PAY-0".into(), ..w.tickets[0].clone() };
        w.tickets.push(second);
    });
    let texts: Vec<&str> = verdict.reasons.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "1 of 2 open high findings is new since 1.4.1.",
            "1 open finding of unknown severity, which 1.4.1 had too. Unknown counts as high.",
            "Not done: PAY-0 (In Review), PAY-1 (In Review).",
        ]
    );
    assert_eq!(verdict.reasons[1].evidence, ["findings/sonar"]);
}

#[test]
fn a_policy_that_cannot_be_evaluated_is_unknown_and_blocks() {
    let of = |text: &str| Policy::of(vec![Module { name: "x.rego".into(), text: text.into() }]);
    for text in [
        "package countersign\nimport rego.v1\nreasons contains",
        "package other\nimport rego.v1\nallow := true",
        "package countersign\nimport rego.v1\nreasons := 7",
        "package countersign\nimport rego.v1\nreasons contains {\"id\": \"x\"}",
        "package countersign\nimport rego.v1\nreasons contains to_number(\"x\")",
    ] {
        let policy = of(text);
        let verdict = policy.judge(&serde_json::json!({}), LIMIT);
        assert!(verdict.is_err(), "{text}: {verdict:?}");
        let dossier = Dossier::seal(world().parts, |d| policy.evaluate(d, now()));
        assert_eq!(dossier.verdict.result, Outcome::Unknown);
        assert_eq!(said(&dossier.verdict), ["block policy policy-undefined"]);
    }
    assert!(of("package countersign\nimport rego.v1\nreasons contains").fault().is_some());
    assert_eq!(Policy::builtin().fault(), None);
}

#[test]
fn rules_that_take_too_long_are_no_verdict_and_block() {
    let long = "package countersign\nimport rego.v1\nreasons contains 1 if {\n\tsome a in numbers.range(1, 2000)\n\tsome b in \
                numbers.range(1, 2000)\n\ta * b < 0\n}";
    let policy = Policy::of(vec![Module { name: "long.rego".into(), text: long.into() }]);
    let dossier = Dossier::seal(world().parts, |d| policy.within(Duration::from_millis(20), d, now()));
    assert_eq!(dossier.verdict.result, Outcome::Unknown);
    assert_eq!(said(&dossier.verdict), ["block policy policy-timeout"]);
}

#[test]
fn the_digest_is_of_the_texts() {
    let module = |text: &str| Policy::of(vec![Module { name: "a".into(), text: text.into() }]);
    assert_eq!(Policy::builtin().digest(), Policy::builtin().digest());
    assert_ne!(module("package countersign").digest(), module("package countersign ").digest());
}
