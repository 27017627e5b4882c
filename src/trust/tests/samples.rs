//! A dossier, a decision and a triage to sign.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::domain::canonical::sha256;
use crate::domain::decision::Verb;
use crate::domain::dossier::{Baseline, Compared, Dossier, Parts};
use crate::domain::evidence::{Collected, Completeness, Evidence, Kind, Origin, Piece, Reason};
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, Fingerprint, GateId, Principal, RecordId};
use crate::domain::quorum::DelegationScope;
use crate::domain::release::{Artifact, Release};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Scope, Status};
use crate::domain::verdict::Verdict;
use crate::trust::signer::{Signer, TestSigner};
use crate::trust::statement::{
    ApproverRef, Choice, DelegationChoice, Entitlement, Record, RecordSubject, Statement, Tool, TriageChoice,
};

pub(crate) const ANA: &str = "ana@example.com";
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn signer() -> TestSigner {
    TestSigner::from_seed([7; 32]).unwrap()
}

pub(crate) fn gate_id() -> GateId {
    GateId::new(ConnectionName::new("spinnaker"), ["shop", "01HEXEC", "01HSTAGE"])
}

pub(crate) fn release() -> Release {
    Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        branch: None,
        artifacts: vec![Artifact { name: "payments".into(), reference: "r/p".into(), digest: Some(sha256(b"x")) }],
    }
}

pub(crate) fn dossier() -> Dossier {
    let gate = Gate {
        application: "shop".into(),
        pipeline: "deploy".into(),
        stage: "Approve – Größe".into(),
        state_token: Some(sha256(b"state")),
        ..Gate::new(gate_id(), "1780315200000")
    };
    let parts = Parts {
        gate,
        release: release(),
        service: Some("payments".into()),
        as_of: at(NOW),
        pieces: pieces(),
        findings: Vec::new(),
        baseline: Baseline::Unknown,
        compared: Compared::default(),
        past: std::collections::BTreeMap::new(),
        required: vec!["builds".into()],
        policy: sha256(b"policy"),
    };
    Dossier::seal(parts, |_| Verdict::of(Vec::new()))
}

fn pieces() -> Vec<Piece> {
    let origin = |name: &str, kind| Origin {
        name: name.into(),
        kind,
        source: "ci".into(),
        uri: "https://ci.example.com/job/1".into(),
        fetched_at: at("2026-06-01T11:59:00Z"),
    };
    let builds = Evidence::Builds(Vec::new());
    vec![
        Collected::got(
            origin("builds/ci", Kind::Builds),
            builds,
            Some(sha256(b"raw")),
            Vec::new(),
            Completeness::Complete,
        ),
        Collected::missing(origin("tickets/jira", Kind::Tickets), Reason::new("unreachable", "Jira is down.")),
    ]
}

static VIEWED: LazyLock<BTreeSet<String>> = LazyLock::new(|| BTreeSet::from(["builds/ci".to_owned()]));

pub(crate) fn approver(signer: &dyn Signer) -> ApproverRef {
    ApproverRef {
        principal: Principal::new(ANA),
        key_fingerprint: signer.key().fingerprint.clone(),
        method: signer.method().into(),
        tool: Tool::this(),
    }
}

pub(crate) fn choice(verb: Verb) -> Choice<'static> {
    Choice {
        id: RecordId::new("01JX0000000000000000000000"),
        verb,
        supersedes: None,
        reason_code: None,
        // More bytes than characters: lengths in the PAE are of bytes.
        reason: "Geprüft – naïve “quotes” \u{202e}".into(),
        kind: "spinnaker",
        instance: "https://gate.example.com".into(),
        execution: "01HEXEC".into(),
        environment_class: Some("production".into()),
        nonce: "00112233445566778899aabbccddeeff".into(),
        issued_at: at(NOW),
        not_after: at("2026-06-02T12:00:00Z"),
        approver: approver(&signer()),
        option: None,
        viewed: &VIEWED,
        clock_skew_seconds: None,
        entitlement: Entitlement::default(),
    }
}

pub(crate) fn decision_by(signer: &dyn Signer) -> Statement {
    let choice = Choice { approver: approver(signer), ..choice(Verb::Approve) };
    Statement::of_decision(&dossier(), choice).unwrap()
}

pub(crate) fn decision() -> Statement {
    decision_by(&signer())
}

pub(crate) fn record() -> Record {
    Record {
        subject: RecordSubject {
            fingerprint: Fingerprint::new([0xab; 32]),
            keys: Vec::new(),
            rule: "B608".into(),
            title: "SQL built by hand".into(),
            place: "a.py:7".into(),
            also: Vec::new(),
            look_alikes: None,
            tool: "bandit".into(),
            tool_major: Some("1".into()),
            severity: Severity::High,
        },
        status: Status::FalsePositive,
        justification: None,
        detail: "The table's name is a constant.".into(),
        scope: Scope::default(),
        expires: None,
    }
}

pub(crate) fn triage_choice() -> TriageChoice {
    TriageChoice {
        id: RecordId::new("01JX0000000000000000000001"),
        nonce: "ff".repeat(16),
        issued_at: at(NOW),
        approver: approver(&signer()),
        records: vec![record()],
        clock_skew_seconds: None,
    }
}

pub(crate) fn triage() -> Statement {
    Statement::of_triage(&release(), triage_choice()).unwrap()
}

pub(crate) fn delegation_choice() -> DelegationChoice {
    DelegationChoice {
        id: RecordId::new("01JX0000000000000000000002"),
        nonce: "ee".repeat(16),
        issued_at: at(NOW),
        not_before: at(NOW),
        not_after: at("2026-06-01T20:00:00Z"),
        approver: approver(&signer()),
        to: Principal::new("bob@example.com"),
        roles: vec!["security".into()],
        scope: DelegationScope { environments: vec!["prod".into()], services: vec!["*".into()] },
        reason: "On leave.".into(),
        revokes: None,
        clock_skew_seconds: None,
    }
}

pub(crate) fn delegation() -> Statement {
    Statement::of_delegation(delegation_choice()).unwrap()
}
