//! The predicate of a decision, `https://countersign.dev/release-decision/v1`.

use serde::{Deserialize, Serialize};

use super::entitlement::{Entitlement, PolicyRef};
use super::{Predicate, SCHEMA, Statement, StatementError, check_approver, needs_subject, subjects_of};
use crate::domain::decision::Verb;
use crate::domain::dossier::Dossier;
use crate::domain::evidence::Piece;
use crate::domain::ids::{Digest, Fingerprint, GateId, Principal, RecordId};
use crate::domain::severity::Tally;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Scope, Status};
use crate::text::Untrusted;

/// A decision over one gate and one dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionPredicate {
    /// The version of this format: 2. In 1 there is nothing of quorums, break-glass and delegation, and the findings are
    /// always counted.
    pub schema: u32,
    /// The decision's id, a ULID.
    pub decision_id: RecordId,
    /// What is decided.
    pub decision: Verb,
    /// The decision that this one replaces or takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<RecordId>,
    /// A code of the organisation's own for the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Why, in the approver's words.
    pub reason: Untrusted,
    /// What is released.
    pub release: ReleaseRef,
    /// Where to.
    pub environment: EnvironmentRef,
    /// The gate.
    pub orchestrator: OrchestratorRef,
    /// Random, so that no two decisions have the same bytes.
    pub nonce: String,
    /// When it was signed, by the signer's clock.
    pub issued_at: Timestamp,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who decides.
    pub approver: ApproverRef,
    /// By which policy the dossier was judged, and who is needed.
    pub policy: PolicyRef,
    /// It was given in an emergency, by one person: it needs a review afterwards. Written only where it is so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub break_glass: bool,
    /// The delegation by which the approver acts in a role of somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<RecordId>,
    /// The break-glass decision that this comment reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviews: Option<RecordId>,
    /// The dossier that was on the screen.
    pub dossier_digest: Digest,
    /// As of when policy and risk were judged.
    pub as_of: Timestamp,
    /// The evidence, piece by piece, in the dossier's order.
    pub evidence: Vec<EvidenceRef>,
    /// The findings, counted, and those that are dismissed.
    pub findings: FindingsRef,
    /// By how many seconds the signer's clock was off, where the approver allowed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_seconds: Option<String>,
    /// The ledger as the approver saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_checkpoint: Option<Checkpoint>,
}

/// What is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRef {
    /// The service.
    pub name: String,
    /// The version.
    pub version: Untrusted,
    /// The commit, where the run names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Untrusted>,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRef {
    /// Its name.
    pub name: String,
    /// Its class, where the configuration gives one: `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// The gate, in its orchestrator's own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrchestratorRef {
    /// The system: `spinnaker`.
    pub kind: String,
    /// The connection's address, without secrets.
    pub instance: Untrusted,
    /// The application.
    pub application: Untrusted,
    /// The pipeline's name.
    pub pipeline: Untrusted,
    /// The run.
    pub execution: Untrusted,
    /// The gate's name within the pipeline.
    pub stage: Untrusted,
    /// Which time the gate was asked.
    pub attempt: String,
    /// The input that was chosen, where the gate offers several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<Untrusted>,
    /// Digest of the gate's state as it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_token: Option<Digest>,
    /// The gate's full id.
    pub gate: GateId,
}

/// Who signs, as the document says. The principal is true only once the key was looked up in allowed_signers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproverRef {
    /// The principal.
    pub principal: Principal,
    /// The key, `SHA256:...`.
    pub key_fingerprint: String,
    /// How it was signed: `ssh-agent`, `key-file`.
    pub method: String,
    /// With what.
    pub tool: Tool,
}

/// The tool that made the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This Countersign.
    pub fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceRef {
    /// Its name in the dossier.
    pub name: String,
    /// Where it was read from.
    pub uri: Untrusted,
    /// The media type of what was read, where there was one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<Untrusted>,
    /// Digest of the bytes as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Digest>,
    /// Digest of the normalised form.
    pub content: Digest,
    /// When it was read.
    pub fetched_at: Timestamp,
    /// `complete`, or `partial` or `missing` with the reason's code: `missing:unreachable`.
    pub completeness: String,
    /// Whether the approver opened it: in the console, over this very dossier. Always false for the commands.
    pub viewed: bool,
}

/// The findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingsRef {
    /// How many; none where no findings were assessed at all, so that nobody takes that for zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Tally>,
    /// Those that a dismissal is in force for.
    pub dismissed: Vec<DismissedRef>,
}

/// A finding that is dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DismissedRef {
    /// The finding.
    pub fingerprint: Fingerprint,
    /// Its rule.
    pub rule: Untrusted,
    /// The tool that reported it.
    pub tool: Untrusted,
    /// What was said.
    pub status: Status,
    /// The justification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// Where it holds.
    pub scope: Scope,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The signed triage that says so.
    pub envelope: Digest,
}

/// The head of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// How many entries, as a string of digits.
    pub size: String,
    /// Its root.
    pub root: String,
}

/// What the approver chose, and what only the caller knows; the rest is in the dossier.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// The decision's id, a ULID.
    pub id: RecordId,
    /// What is decided.
    pub verb: Verb,
    /// The decision that is replaced or taken back; needed to revoke.
    pub supersedes: Option<RecordId>,
    /// A code for the reason.
    pub reason_code: Option<String>,
    /// Why.
    pub reason: Untrusted,
    /// The orchestrator's kind: `spinnaker`.
    pub kind: &'a str,
    /// The connection's address, without secrets.
    pub instance: Untrusted,
    /// The run, in the orchestrator's terms.
    pub execution: Untrusted,
    /// The environment's class.
    pub environment_class: Option<String>,
    /// Random text.
    pub nonce: String,
    /// Now.
    pub issued_at: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who signs.
    pub approver: ApproverRef,
    /// The input that is chosen, where the gate offers several.
    pub option: Option<Untrusted>,
    /// The names of the pieces of evidence that the approver opened.
    pub viewed: &'a std::collections::BTreeSet<String>,
    /// By how many seconds the clock was off, where that was allowed.
    pub clock_skew_seconds: Option<i64>,
    /// In which roles, and over whose heads.
    pub entitlement: Entitlement,
}

impl Statement {
    /// A decision over a dossier.
    ///
    /// An approval needs something to bind to: artifacts with digests, or the commit. The other verbs always work; with
    /// neither, they are about the dossier itself.
    pub fn of_decision(dossier: &Dossier, choice: Choice<'_>) -> Result<Self, StatementError> {
        let gate = &dossier.gate;
        let fallback = (!needs_subject(choice.verb)).then_some(("dossier", &dossier.digest));
        let subject = subjects_of(&dossier.release, fallback)?;
        let predicate = DecisionPredicate {
            schema: SCHEMA,
            decision_id: choice.id,
            decision: choice.verb,
            supersedes: choice.supersedes,
            reason_code: choice.reason_code,
            reason: choice.reason,
            release: ReleaseRef {
                name: dossier.release.service.clone(),
                version: dossier.release.version.clone(),
                commit: dossier.release.commit.clone(),
            },
            environment: EnvironmentRef { name: dossier.release.environment.clone(), class: choice.environment_class },
            orchestrator: OrchestratorRef {
                kind: choice.kind.to_owned(),
                instance: choice.instance,
                application: gate.application.clone(),
                pipeline: gate.pipeline.clone(),
                execution: choice.execution,
                stage: gate.stage.clone(),
                attempt: gate.attempt.clone(),
                option: choice.option,
                state_token: gate.state_token.clone(),
                gate: gate.id.clone(),
            },
            nonce: choice.nonce,
            issued_at: choice.issued_at,
            not_before: choice.issued_at,
            not_after: choice.not_after,
            approver: choice.approver,
            break_glass: choice.entitlement.break_glass,
            delegation: choice.entitlement.delegation.clone(),
            policy: PolicyRef::of(dossier.policy.clone(), choice.entitlement),
            reviews: None,
            dossier_digest: dossier.digest.clone(),
            as_of: dossier.as_of,
            evidence: dossier.pieces.iter().map(|p| EvidenceRef::of(p, choice.viewed.contains(&p.name))).collect(),
            findings: FindingsRef::of(dossier),
            clock_skew_seconds: choice.clock_skew_seconds.map(|s| s.to_string()),
            seen_checkpoint: None,
        };
        let statement = Self { subject, predicate: Predicate::Decision(Box::new(predicate)) };
        statement.check()?;
        Ok(statement)
    }

    /// A decision about an earlier one, over the same gate: what revokes it, or the comment that reviews it. Needs no
    /// evidence, as it lets nothing pass.
    pub fn of_earlier(earlier: &Self, about: About) -> Result<Self, StatementError> {
        let (Some(before), subject) = (earlier.decision(), earlier.subject.clone()) else {
            return Err(StatementError::Invalid("what it is about is not a decision".to_owned()));
        };
        let target = before.decision_id.clone();
        let (supersedes, reviews) = match about.verb {
            Verb::Comment => (None, Some(target)),
            _ => (Some(target), None),
        };
        let predicate = DecisionPredicate {
            schema: SCHEMA,
            decision_id: about.id,
            decision: about.verb,
            supersedes,
            reviews,
            reason_code: None,
            reason: about.reason,
            nonce: about.nonce,
            issued_at: about.issued_at,
            not_before: about.issued_at,
            not_after: about.not_after,
            approver: about.approver,
            policy: PolicyRef::of(before.policy.digest.clone(), Entitlement::default()),
            break_glass: false,
            delegation: None,
            evidence: Vec::new(),
            findings: FindingsRef { counts: None, dismissed: Vec::new() },
            clock_skew_seconds: about.clock_skew_seconds.map(|s| s.to_string()),
            seen_checkpoint: None,
            ..before.clone()
        };
        let statement = Self { subject, predicate: Predicate::Decision(Box::new(predicate)) };
        statement.check()?;
        Ok(statement)
    }
}

/// What is said of an earlier decision, and what only the caller knows.
#[derive(Debug, Clone)]
pub struct About {
    /// The new decision's id, a ULID.
    pub id: RecordId,
    /// Revoke, or comment to review it.
    pub verb: Verb,
    /// Why.
    pub reason: Untrusted,
    /// Random text.
    pub nonce: String,
    /// Now.
    pub issued_at: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who signs.
    pub approver: ApproverRef,
    /// By how many seconds the clock was off, where that was allowed.
    pub clock_skew_seconds: Option<i64>,
}

impl EvidenceRef {
    /// Of a piece in a dossier.
    pub fn of(piece: &Piece, viewed: bool) -> Self {
        let media_type = match piece.parts.as_slice() {
            [only] => Some(only.media_type.clone()),
            _ => None,
        };
        Self {
            name: piece.name.clone(),
            uri: piece.uri.clone(),
            media_type,
            raw: piece.raw.clone(),
            content: piece.content.clone(),
            fetched_at: piece.fetched_at,
            completeness: piece.completeness.code(),
            viewed,
        }
    }
}

impl FindingsRef {
    /// Of a dossier's findings.
    pub fn of(dossier: &Dossier) -> Self {
        let dismissed = dossier.findings.iter().filter_map(|triaged| {
            let dismissal = &triaged.dismissal.as_ref()?.dismissal;
            Some(DismissedRef {
                fingerprint: triaged.finding.fingerprint,
                rule: triaged.finding.rule.clone(),
                tool: triaged.finding.sources.first().map(|s| s.tool.clone()).unwrap_or_default(),
                status: dismissal.status,
                justification: dismissal.justification,
                scope: dismissal.scope.clone(),
                expires: dismissal.expires,
                envelope: dismissal.envelope.clone(),
            })
        });
        let count = dossier.count();
        Self { counts: count.is_known().then_some(count.tally), dismissed: dismissed.collect() }
    }
}

impl DecisionPredicate {
    /// Whether it says nothing that came with schema 2.
    fn is_schema_one(&self) -> bool {
        let none = !self.break_glass && self.delegation.is_none() && self.reviews.is_none();
        none && self.policy.is_schema_one() && self.findings.counts.is_some()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        check_approver(&self.approver)?;
        match self.schema {
            SCHEMA => {}
            1 if self.is_schema_one() => {}
            1 => return Err("its schema is 1, and it has a field that came with schema 2".to_owned()),
            other => return Err(format!("its schema is {other}, and only 1 and {SCHEMA} are known")),
        }
        self.policy.check()?;
        if (self.break_glass || self.delegation.is_some()) && self.decision != Verb::Approve {
            return Err("break-glass and delegation are for approvals only".to_owned());
        }
        if self.break_glass && self.delegation.is_some() {
            return Err("break-glass cannot be delegated".to_owned());
        }
        if self.reviews.is_some() && self.decision != Verb::Comment {
            return Err("it reviews a decision, and is not a comment".to_owned());
        }
        if self.decision_id.as_str().is_empty() || self.nonce.is_empty() {
            return Err("the decision's id or nonce is empty".to_owned());
        }
        if self.not_before > self.not_after || self.issued_at > self.not_after {
            return Err("its notAfter lies before its notBefore or issuedAt".to_owned());
        }
        if self.decision == Verb::Revoke && self.supersedes.is_none() {
            return Err("it revokes, and does not say which decision".to_owned());
        }
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
