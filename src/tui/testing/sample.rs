//! A small world with hostile text in it, built by hand.

mod provenance;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;

use crate::domain::build::{Build, BuildArtifact, BuildResult, Tests};
use crate::domain::canonical::sha256;
use crate::domain::change::{ChangeSet, Commit, PullRequest};
use crate::domain::decision::{Decision, Verb};
use crate::domain::dossier::{Baseline, Compared, Dossier, Parts};
use crate::domain::evidence::{Completeness, Evidence, FindingSet, Kind, Origin, Piece, Reason};
use crate::domain::finding::{Class, Finding, FindingSource, Location, MatchKey, Rung};
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, Fingerprint, GateId, Principal, RecordId};
use crate::domain::quorum::Standing;
use crate::domain::release::Release;
use crate::domain::severity::Severity;
use crate::domain::ticket::{StatusCategory, Ticket};
use crate::domain::time::Timestamp;
use crate::domain::triage::{Carried, Dismissal, Fate, Lapse, Novelty, Past, Scope, Status, Subject, Triaged};
use crate::domain::verdict::{Cause, Level, Verdict, Violation};
use crate::text::Untrusted;
use crate::tui::msg::{Approvals, GateRow, Msg};

/// Text that a terminal would obey or that a reader could not see.
pub const HOSTILE: &str = "safe\u{1b}[2J\u{202e}evil\u{202c}\u{200b}\u{9b}31m\u{7}\u{feff}";

/// A run and a gate of it, as long as they are.
const RUN: &str = "01JD0T7MZK5Q8W3N9XRB4V6YHC";
const STAGE: &str = "01JD0T7MZM2C6F8G1HJ5KP7QSD";

/// The sample's present.
pub fn now() -> Timestamp {
    Timestamp::from(DateTime::UNIX_EPOCH).plus(Duration::from_secs(1_795_239_000))
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from(DateTime::UNIX_EPOCH).plus(Duration::from_secs(1_795_239_000 - seconds))
}

/// The gates, with the dossiers of those whose evidence is here.
pub fn world() -> Vec<(GateRow, Option<Dossier>)> {
    let payments = row("payments", "1.4.2", "prod", 11_100, true);
    let search = row("search", "7.0.0", "prod", 600, true);
    let ledger = row("ledger", "0.9.1", "staging", 200_000, false);
    let web = row("web", HOSTILE, "prod", 60, false);
    vec![
        (payments.clone(), Some(dossier(&payments, 6))),
        (search.clone(), Some(incomplete(&search))),
        (ledger.clone(), Some(dossier(&ledger, 1))),
        (web, None),
    ]
}

/// The message that a row's dossier is ready.
pub fn ready(row: &GateRow, dossier: &Dossier) -> Msg {
    Msg::DossierReady {
        gate: row.gate.id.clone(),
        dossier: Arc::new(dossier.clone()),
        decisions: Arc::new(Vec::new()),
        approvals: None,
        now: now(),
    }
}

/// One open gate, waiting for so many seconds.
pub fn row(service: &str, version: &str, environment: &str, waits: u64, mine: bool) -> GateRow {
    let id = GateId::new(ConnectionName::new("spinnaker"), [service, RUN, STAGE]);
    let gate = Gate {
        application: service.into(),
        pipeline: "release".into(),
        stage: "approve".into(),
        instructions: format!("Look at the scan first. {HOSTILE}").into(),
        required_roles: vec!["release-managers".into()],
        defined_roles: Some(vec!["release-managers".into()]),
        started_by: Some("ana".into()),
        waiting_since: Some(ago(waits)),
        url: Some(format!("https://spinnaker.example.com/#/{service}").into()),
        ..Gate::new(id, "1")
    };
    let release = Release {
        service: service.to_owned(),
        version: version.into(),
        environment: environment.to_owned(),
        commit: Some("4f9d2c7be0a14c5d8a6b1f3e5c7d9a0b2c4e6f80".into()),
        branch: Some("main".into()),
        artifacts: Vec::new(),
    };
    let standing = Standing { need: 1, ..Standing::default() };
    let approvals = Approvals { standing, mine, counted_now: false };
    GateRow { gate, release, service: Some(service.to_owned()), approvals }
}

/// A dossier with so many findings, one of them dismissed, one dismissed before; the first one is hostile.
pub fn dossier(row: &GateRow, findings: usize) -> Dossier {
    let findings: Vec<Triaged> = (0..findings).map(triaged).collect();
    let set = FindingSet {
        findings: findings.iter().map(|t| t.finding.clone()).collect(),
        classes: vec![Class::Sast],
        ..FindingSet::default()
    };
    let pieces = vec![
        got("builds/jenkins/trigger", Kind::Builds, Evidence::Builds(vec![build()])),
        got("tickets/jira/query", Kind::Tickets, Evidence::Tickets(tickets())),
        got("findings/sonar/com.acme:payments", Kind::Findings, Evidence::Findings(set)),
        got("changes/github/acme", Kind::Changes, Evidence::Changes(changes())),
    ];
    let reasons = vec![Violation {
        level: Level::Warn,
        cause: Cause::Policy,
        id: "ticket-open".to_owned(),
        text: format!("PAY-13 is not done: {HOSTILE}"),
        evidence: vec!["tickets/jira/query".to_owned()],
    }];
    seal(row, pieces, findings, reasons)
}

/// A dossier with attestations, one of which does not count.
pub fn attested(row: &GateRow) -> Dossier {
    let pieces = vec![
        got("builds/jenkins/trigger", Kind::Builds, Evidence::Builds(vec![build()])),
        provenance::piece(origin("provenance/path/{service}", Kind::Provenance)),
    ];
    seal(row, pieces, Vec::new(), Vec::new())
}

/// A dossier with a source that is missing.
pub fn incomplete(row: &GateRow) -> Dossier {
    let reason = Reason::new("unreachable", format!("sonar.example.com cannot be reached. {HOSTILE}"));
    let pieces = vec![
        got("builds/jenkins/trigger", Kind::Builds, Evidence::Builds(vec![build()])),
        Piece::missing(origin("findings/sonar/search", Kind::Findings), reason),
    ];
    let reasons = vec![Violation {
        level: Level::Block,
        cause: Cause::Evidence,
        id: "evidence-missing".to_owned(),
        text: "findings/sonar/search is missing.".to_owned(),
        evidence: vec!["findings/sonar/search".to_owned()],
    }];
    seal(row, pieces, Vec::new(), reasons)
}

/// The dossier of a gate that no `[[service]]` fits: nothing was asked.
pub fn unmatched(row: &GateRow) -> Dossier {
    let reasons = vec![Violation {
        level: Level::Block,
        cause: Cause::Evidence,
        id: "no-service".to_owned(),
        text: "No [[service]] of the configuration fits this gate.".to_owned(),
        evidence: Vec::new(),
    }];
    seal(row, Vec::new(), Vec::new(), reasons)
}

fn seal(row: &GateRow, pieces: Vec<Piece>, findings: Vec<Triaged>, reasons: Vec<Violation>) -> Dossier {
    let gone = if findings.is_empty() { Vec::new() } else { vec![gone()] };
    let compared = Compared::With { version: "1.4.1".into(), gone };
    let past = findings.iter().filter(|t| !t.is_open()).map(|t| (t.finding.fingerprint, said(t))).collect();
    let parts = Parts {
        gate: row.gate.clone(),
        release: row.release.clone(),
        service: row.service.clone(),
        as_of: now(),
        pieces,
        findings,
        baseline: Baseline::Orchestrator { run: "01JC9".into(), version: Some("1.4.1".into()), commit: None },
        compared,
        past,
        required: vec!["builds".to_owned(), "findings:sast".to_owned()],
        policy: sha256(b"policy"),
    };
    Dossier::seal(parts, |_| Verdict::of(reasons))
}

fn origin(name: &str, kind: Kind) -> Origin {
    Origin {
        name: name.to_owned(),
        kind,
        source: name.split('/').nth(1).unwrap_or_default().to_owned(),
        uri: "https://example.com/api".into(),
        fetched_at: now(),
    }
}

fn got(name: &str, kind: Kind, value: Evidence) -> Piece {
    Piece::got(origin(name, kind), value, Some(sha256(name.as_bytes())), Vec::new(), Completeness::Complete)
}

fn build() -> Build {
    Build {
        job: "team/payments".into(),
        number: 412,
        url: "https://jenkins.example.com/job/payments/412/".into(),
        result: BuildResult::Success,
        started_at: Some(ago(12_000)),
        duration_ms: Some(312_000),
        commit: Some("4f9d2c7be0a14c5d8a6b1f3e5c7d9a0b2c4e6f80".into()),
        branch: Some("main".into()),
        parameters: vec![("VERSION".into(), "1.4.2".into())],
        causes: vec![format!("Started by user Ana {HOSTILE}").into()],
        starters: vec![],
        tests: Some(Tests { passed: 1_204, failed: 0, skipped: 3 }),
        changes: Vec::new(),
        artifacts: vec![BuildArtifact { path: "reports/bandit.json".into(), digest: None }],
    }
}

fn tickets() -> Vec<Ticket> {
    let ticket = |key: &str, summary: String, category, status: &str| Ticket {
        key: key.into(),
        summary: summary.into(),
        status: status.into(),
        category,
        kind: Some("Story".into()),
        priority: Some("High".into()),
        assignee: Some("Ana".into()),
        resolution: None,
        fix_versions: vec!["1.4.2".into()],
        url: Some(format!("https://jira.example.com/browse/{key}").into()),
        found_by: Vec::new(),
    };
    vec![
        ticket("PAY-12", "Mend the rounding of refunds".to_owned(), StatusCategory::Done, "Closed"),
        ticket("PAY-13", format!("Retry the bank {HOSTILE}"), StatusCategory::InProgress, "In Review"),
    ]
}

fn changes() -> ChangeSet {
    let commit = |sha: &str, message: String| Commit {
        sha: sha.into(),
        message: message.into(),
        author: "Ana".into(),
        author_email: None,
        login: Some("ana".into()),
        time: Some(ago(20_000)),
        verified: Some(true),
        committer: None,
    };
    ChangeSet {
        commits: vec![
            commit("4f9d2c7be0a1", "PAY-12 mend the rounding\n\nLong story.".to_owned()),
            commit("0a1b2c3d4e5f", format!("PAY-13 retry {HOSTILE}")),
        ],
        pull_requests: vec![PullRequest {
            number: 88,
            title: "Mend the rounding".into(),
            author: "ana".into(),
            url: Some("https://github.example.com/acme/payments/pull/88".into()),
            merged_at: Some(ago(19_000)),
        }],
        ..ChangeSet::default()
    }
}

/// The finding of a number: severities take turns, every sixth from the third is dismissed, from the fifth was before.
fn triaged(i: usize) -> Triaged {
    let fingerprint: Fingerprint = sha256(format!("finding {i}").as_bytes()).hex().parse().unwrap_or_default();
    let severity = [Severity::High, Severity::Medium, Severity::Low][i % 3];
    let title = if i == 0 { format!("Shell injection {HOSTILE}") } else { format!("Finding number {i} of the scan") };
    let finding = Arc::new(Finding {
        fingerprint,
        class: Class::Sast,
        severity,
        rule: "B602".into(),
        title: title.into(),
        detail: format!("subprocess call with shell=True.\nSecond line. {HOSTILE}").into(),
        location: Location { path: Some("src/pay.py".into()), line: Some(12), ..Location::default() },
        snippet: Some("def pay():\n\tsubprocess.call(cmd, shell=True)".into()),
        vulnerabilities: Vec::new(),
        cwe: vec![78],
        package: None,
        confidence: Some("high".into()),
        url: Some("https://bandit.example.com/B602".into()),
        suppressed: None,
        context: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: vec![MatchKey { rung: Rung::Snippet, value: fingerprint }],
        sources: vec![FindingSource {
            tool: "bandit".into(),
            tool_version: Some("1.8.0".into()),
            report: "reports/bandit.json".into(),
            native_id: None,
        }],
    });
    let dismissal = (i % 6 == 2).then(|| Box::new(carried(&finding)));
    let suggestion = (i % 6 == 4).then(|| Box::new((carried(&finding), Lapse::Expired)));
    let novelty = if i.is_multiple_of(2) { Novelty::New } else { Novelty::Known };
    Triaged { finding, dismissal, suggestion, novelty }
}

/// What the last approved release had and this one has not.
fn gone() -> Triaged {
    let mut gone = triaged(1_000_003);
    gone.novelty = Novelty::Fixed;
    gone
}

/// What was said of a finding: here, and in another service.
fn said(triaged: &Triaged) -> Vec<Past> {
    let mut other = carried(&triaged.finding);
    other.dismissal.principal = Principal::new("eve@example.com");
    other.dismissal.status = Status::Accepted;
    other.dismissal.detail = "The risk is small in the search.".into();
    other.dismissal.scope = Scope { service: Some("search".to_owned()), ..Scope::default() };
    let here = Past { carried: carried(&triaged.finding), fate: Fate::InForce };
    vec![here, Past { carried: other, fate: Fate::Elsewhere }]
}

fn carried(finding: &Finding) -> Carried {
    let dismissal = Dismissal {
        id: RecordId::new("01JB0000000000000000000000"),
        envelope: sha256(b"envelope"),
        principal: Principal::new("bo@example.com"),
        issued_at: ago(400_000),
        subject: Subject::of(finding),
        status: Status::FalsePositive,
        justification: None,
        detail: Untrusted::new(format!("The command is a constant. {HOSTILE}")),
        scope: Scope { service: Some("payments".to_owned()), ..Scope::default() },
        expires: None,
    };
    Carried { dismissal, rung: Rung::Snippet }
}

/// An approval of a gate by somebody.
pub fn decision(row: &GateRow) -> Decision {
    Decision {
        id: RecordId::new("01JD0000000000000000000000"),
        envelope: sha256(b"an envelope"),
        verb: Verb::Approve,
        gate: row.gate.id.clone(),
        attempt: row.gate.attempt.clone(),
        release: row.release.address().into(),
        service: row.release.service.clone(),
        environment: row.release.environment.clone(),
        commit: row.release.commit.clone(),
        dossier: sha256(b"a dossier"),
        reason: "The tests are green.".into(),
        principal: Principal::new("bo@example.com"),
        key: "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM".to_owned(),
        issued_at: ago(300),
        receipt: None,
        break_glass: false,
        revoked_by: None,
        reviewed_by: None,
    }
}
