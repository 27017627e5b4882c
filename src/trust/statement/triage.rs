//! The predicate of a triage, `https://countersign.dev/triage/v1`: what an approver says of findings.

use serde::{Deserialize, Serialize};

use super::{ApproverRef, Predicate, Statement, StatementError, check_approver, subjects_of};
use crate::domain::canonical;
use crate::domain::finding::MatchKey;
use crate::domain::ids::{Digest, Fingerprint, Principal, RecordId};
use crate::domain::release::Release;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Dismissal, Justification, Scope, Status, Subject};
use crate::text::Untrusted;

/// The only version of this format.
const SCHEMA: u32 = 1;

/// What an approver says of findings; bound to no gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriagePredicate {
    /// The version of this format: 1.
    pub schema: u32,
    /// The triage's id, a ULID.
    pub triage_id: RecordId,
    /// Random, so that no two have the same bytes.
    pub nonce: String,
    /// When it was signed, by the signer's clock.
    pub issued_at: Timestamp,
    /// Who says it.
    pub approver: ApproverRef,
    /// One record a finding.
    pub records: Vec<Record>,
    /// By how many seconds the signer's clock was off, where the approver allowed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_seconds: Option<String>,
}

/// What is said of one finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The finding, as it was then.
    pub subject: RecordSubject,
    /// What is said.
    pub status: Status,
    /// The justification; needed for not-affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// The reasoning; needed always.
    pub detail: Untrusted,
    /// Where it holds.
    pub scope: Scope,
    /// Until when; needed for an accepted risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The finding that a record speaks of. The same as `domain::triage::Subject`, in a spelling that is signed and so may
/// not change with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordSubject {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its match keys.
    pub keys: Vec<MatchKey>,
    /// Its rule.
    pub rule: Untrusted,
    /// Its title.
    pub title: Untrusted,
    /// The place it was at.
    pub place: Untrusted,
    /// The other places it was at, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Untrusted>,
    /// How many findings of the release looked alike, this one among them. Written only if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_alikes: Option<u32>,
    /// The tool that reported it.
    pub tool: Untrusted,
    /// The major version of that tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_major: Option<String>,
    /// Its severity.
    pub severity: Severity,
}

impl From<Subject> for RecordSubject {
    fn from(s: Subject) -> Self {
        let Subject { fingerprint, keys, rule, title, place, also, look_alikes, tool, tool_major, severity } = s;
        Self { fingerprint, keys, rule, title, place, also, look_alikes, tool, tool_major, severity }
    }
}

impl From<RecordSubject> for Subject {
    fn from(s: RecordSubject) -> Self {
        let RecordSubject { fingerprint, keys, rule, title, place, also, look_alikes, tool, tool_major, severity } = s;
        Self { fingerprint, keys, rule, title, place, also, look_alikes, tool, tool_major, severity }
    }
}

/// What the approver chose, and what only the caller knows.
#[derive(Debug, Clone)]
pub struct TriageChoice {
    /// The triage's id, a ULID.
    pub id: RecordId,
    /// Random text.
    pub nonce: String,
    /// Now.
    pub issued_at: Timestamp,
    /// Who signs.
    pub approver: ApproverRef,
    /// One record a finding.
    pub records: Vec<Record>,
    /// By how many seconds the clock was off, where that was allowed.
    pub clock_skew_seconds: Option<i64>,
}

impl Statement {
    /// A triage of findings that were seen on a release. It always works: a release that names neither digest nor
    /// commit is no hindrance, and the statement is about the records then.
    pub fn of_triage(release: &Release, choice: TriageChoice) -> Result<Self, StatementError> {
        let records = canonical::digest_of(&choice.records);
        let subject = subjects_of(release, Some(("findings", &records)))?;
        let predicate = TriagePredicate {
            schema: SCHEMA,
            triage_id: choice.id,
            nonce: choice.nonce,
            issued_at: choice.issued_at,
            approver: choice.approver,
            records: choice.records,
            clock_skew_seconds: choice.clock_skew_seconds.map(|s| s.to_string()),
        };
        let statement = Self { subject, predicate: Predicate::Triage(Box::new(predicate)) };
        statement.check()?;
        Ok(statement)
    }
}

impl TriagePredicate {
    pub(super) fn check(&self) -> Result<(), String> {
        check_approver(&self.approver)?;
        if self.schema != SCHEMA {
            return Err(format!("its schema is {}, and only {SCHEMA} is known", self.schema));
        }
        if self.triage_id.as_str().is_empty() || self.nonce.is_empty() || self.records.is_empty() {
            return Err("the triage's id, nonce or records are empty".to_owned());
        }
        let mut seen = std::collections::HashSet::new();
        for record in &self.records {
            let finding = record.subject.fingerprint.short();
            if !seen.insert(&record.subject.fingerprint) {
                return Err(format!("finding {finding} has two records"));
            }
            if record.subject.look_alikes.is_some_and(|alike| alike < 2) {
                return Err(format!("finding {finding} has look-alikes, but fewer than two findings looked alike"));
            }
            if !record.subject.also.is_sorted_by(|a, b| a.raw() < b.raw()) {
                return Err(format!("the places of finding {finding} are not sorted, or one stands there twice"));
            }
            if record.detail.raw().trim().is_empty() {
                return Err(format!("the detail for finding {finding} is empty; say why"));
            }
            match record.status {
                Status::Accepted if record.expires.is_none() => {
                    return Err(format!("finding {finding} is accepted without a day on which that ends"));
                }
                Status::NotAffected if record.justification.is_none() => {
                    return Err(format!("finding {finding} is not-affected without a justification"));
                }
                _ => {}
            }
            if record.expires.is_some_and(|e| e <= self.issued_at) {
                return Err(format!("the record for finding {finding} had expired when it was signed"));
            }
        }
        Ok(())
    }

    /// The dismissals that it makes, once it was verified: `principal` is who the key stands for.
    pub fn dismissals(&self, envelope: &Digest, principal: &Principal) -> Vec<Dismissal> {
        let one = |record: &Record| Dismissal {
            id: self.triage_id.clone(),
            envelope: envelope.clone(),
            principal: principal.clone(),
            issued_at: self.issued_at,
            subject: record.subject.clone().into(),
            status: record.status,
            justification: record.justification,
            detail: record.detail.clone(),
            scope: record.scope.clone(),
            expires: record.expires,
        };
        self.records.iter().map(one).collect()
    }
}
