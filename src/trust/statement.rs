//! The signed document: an in-toto Statement v1 with one of our three predicates.
//!
//! A payload is accepted only in the one canonical spelling (RFC 8785) of a document that we know every field of:
//! read and written again it must be the same bytes. That rules out keys given twice, fields that we would pass over,
//! and every difference between parsers. Large numbers and times are strings.

mod decision;
mod delegation;
mod entitlement;
mod triage;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::decision::{
    About, ApproverRef, Checkpoint, Choice, DecisionPredicate, DismissedRef, EnvironmentRef, EvidenceRef, FindingsRef,
    OrchestratorRef, ReleaseRef, Tool,
};
pub use self::delegation::{DelegationChoice, DelegationPredicate};
pub use self::entitlement::{Entitlement, MAX_COUNT, PolicyRef};
pub use self::triage::{Record, RecordSubject, TriageChoice, TriagePredicate};
use crate::domain::canonical;
use crate::domain::decision::Verb;
use crate::domain::ids::{Digest, Principal, RecordId};
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// The type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate of a decision.
pub const DECISION_PREDICATE: &str = "https://countersign.dev/release-decision/v1";
/// The predicate of a triage.
pub const TRIAGE_PREDICATE: &str = "https://countersign.dev/triage/v1";
/// The predicate of a delegation.
pub const DELEGATION_PREDICATE: &str = "https://countersign.dev/delegation/v1";
/// The schema of decisions that is written; 1 is read too. The other documents have schema 1 only.
pub const SCHEMA: u32 = 2;

/// A statement: what about, and what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about; at least one.
    pub subject: Vec<Subject>,
    /// What is said.
    pub predicate: Predicate,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// A decision over one gate.
    Decision(Box<DecisionPredicate>),
    /// A triage of findings.
    Triage(Box<TriagePredicate>),
    /// A delegation of roles.
    Delegation(Box<DelegationPredicate>),
}

/// One thing that a statement is about (in-toto's ResourceDescriptor).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name.
    pub name: Untrusted,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Untrusted>,
    /// Its digests, hexadecimal, by algorithm: `sha256`, `gitCommit`.
    pub digest: BTreeMap<String, String>,
}

/// Why a document is not a statement of ours, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is not JSON.
    #[error("its payload is not JSON: {0}")]
    NotJson(String),
    /// It is not in the canonical spelling.
    #[error(
        "its payload is not in canonical form (RFC 8785): a key given twice, a blank or a number written otherwise"
    )]
    NotCanonical,
    /// It is no in-toto Statement v1.
    #[error("its _type is {0:?}, and not {STATEMENT_TYPE:?}")]
    Type(String),
    /// It says something that we do not know.
    #[error("its predicateType is {0:?}, and not one of ours")]
    PredicateType(String),
    /// A field is missing, not known, or of a wrong kind.
    #[error("its predicate cannot be read: {0}")]
    Fields(String),
    /// It contradicts itself.
    #[error("it is not valid: {0}")]
    Invalid(String),
    /// The release names nothing that could be approved.
    #[error(
        "the release names neither an artifact with a digest nor a full commit, so an approval would bind to nothing"
    )]
    NoSubject,
    /// It could not be written.
    #[error("it could not be written: {0}")]
    Write(String),
}

impl StatementError {
    /// What to do, each a full sentence.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoSubject => {
                "Have the pipeline name its artifacts by digest, or its commit; rejecting works without."
            }
            Self::NotJson(_) | Self::NotCanonical => {
                "The envelope was rewritten on its way, or not made by Countersign: get the original bytes."
            }
            Self::Type(_) | Self::PredicateType(_) => {
                "This is an attestation of another kind: name the decision itself."
            }
            Self::Fields(_) => "A newer Countersign may have made it: verify with that version.",
            Self::Invalid(_) => "Nobody should act on it: have the decision made again.",
            Self::Write(_) => "This is a fault of Countersign: report it.",
        };
        vec![hint.to_owned()]
    }
}

/// The document as it is written; its order of fields is that of canonical JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<P> {
    #[serde(rename = "_type")]
    kind: String,
    predicate: P,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}

impl Statement {
    /// The bytes to sign: canonical JSON.
    pub fn payload(&self) -> Result<Vec<u8>, StatementError> {
        self.check()?;
        match &self.predicate {
            Predicate::Decision(predicate) => write(DECISION_PREDICATE, &self.subject, predicate),
            Predicate::Triage(predicate) => write(TRIAGE_PREDICATE, &self.subject, predicate),
            Predicate::Delegation(predicate) => write(DELEGATION_PREDICATE, &self.subject, predicate),
        }
    }

    /// Reads a payload.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        // A good one is read once. Why one is not good is found the long way.
        Self::read_once(payload).map_or_else(|| Self::read_and_say(payload), Ok)
    }

    /// A payload that comes out as it was when it is written again: then it is canonical, and has nothing twice.
    fn read_once(payload: &[u8]) -> Option<Self> {
        let decision = || {
            let (subject, predicate) = read(payload, DECISION_PREDICATE).ok()?;
            Some(Self { subject, predicate: Predicate::Decision(predicate) })
        };
        let triage = || {
            let (subject, predicate) = read(payload, TRIAGE_PREDICATE).ok()?;
            Some(Self { subject, predicate: Predicate::Triage(predicate) })
        };
        // Another kind shows at its first field that is not known.
        decision().or_else(triage).filter(|statement| statement.check().is_ok())
    }

    fn read_and_say(payload: &[u8]) -> Result<Self, StatementError> {
        let value: serde_json::Value =
            serde_json::from_slice(payload).map_err(|e| StatementError::NotJson(e.to_string()))?;
        if canonical::to_canonical(&value).ok().as_deref() != Some(payload) {
            return Err(StatementError::NotCanonical);
        }
        let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        if text("_type") != STATEMENT_TYPE {
            return Err(StatementError::Type(crate::text::line(text("_type")).into_owned()));
        }
        let statement = match text("predicateType") {
            DECISION_PREDICATE => {
                let (subject, predicate) = read(payload, DECISION_PREDICATE)?;
                Self { subject, predicate: Predicate::Decision(predicate) }
            }
            TRIAGE_PREDICATE => {
                let (subject, predicate) = read(payload, TRIAGE_PREDICATE)?;
                Self { subject, predicate: Predicate::Triage(predicate) }
            }
            DELEGATION_PREDICATE => {
                let (subject, predicate) = read(payload, DELEGATION_PREDICATE)?;
                Self { subject, predicate: Predicate::Delegation(predicate) }
            }
            other => return Err(StatementError::PredicateType(crate::text::line(other).into_owned())),
        };
        statement.check()?;
        Ok(statement)
    }

    /// The namespace that it must be signed for.
    pub fn namespace(&self) -> &'static str {
        match self.predicate {
            Predicate::Decision(_) => super::DECISION_NAMESPACE,
            Predicate::Triage(_) => super::TRIAGE_NAMESPACE,
            Predicate::Delegation(_) => super::DELEGATION_NAMESPACE,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self.predicate {
            Predicate::Decision(_) => "decision",
            Predicate::Triage(_) => "triage",
            Predicate::Delegation(_) => "delegation",
        }
    }

    /// From when on and until when it holds. Each record of a triage has its own end, and a delegation is judged by the
    /// time of each decision that uses it.
    pub fn window(&self) -> (Timestamp, Option<Timestamp>) {
        match &self.predicate {
            Predicate::Decision(p) => (p.issued_at.max(p.not_before), Some(p.not_after)),
            Predicate::Triage(p) => (p.issued_at, None),
            Predicate::Delegation(p) => (p.issued_at, None),
        }
    }

    /// Who says it, as the document has it; true only once verified.
    pub fn approver(&self) -> &ApproverRef {
        match &self.predicate {
            Predicate::Decision(p) => &p.approver,
            Predicate::Triage(p) => &p.approver,
            Predicate::Delegation(p) => &p.approver,
        }
    }

    /// Its id.
    pub fn id(&self) -> &RecordId {
        match &self.predicate {
            Predicate::Decision(p) => &p.decision_id,
            Predicate::Triage(p) => &p.triage_id,
            Predicate::Delegation(p) => &p.delegation_id,
        }
    }

    /// When it was signed, by the signer's clock.
    pub fn issued_at(&self) -> Timestamp {
        match &self.predicate {
            Predicate::Decision(p) => p.issued_at,
            Predicate::Triage(p) => p.issued_at,
            Predicate::Delegation(p) => p.issued_at,
        }
    }

    /// The decision, if it is one.
    pub fn decision(&self) -> Option<&DecisionPredicate> {
        match &self.predicate {
            Predicate::Decision(p) => Some(p),
            _ => None,
        }
    }

    /// The triage, if it is one.
    pub fn triage(&self) -> Option<&TriagePredicate> {
        match &self.predicate {
            Predicate::Triage(p) => Some(p),
            _ => None,
        }
    }

    /// The delegation, if it is one.
    pub fn delegation(&self) -> Option<&DelegationPredicate> {
        match &self.predicate {
            Predicate::Delegation(p) => Some(p),
            _ => None,
        }
    }

    /// What holds for every statement, written or read.
    fn check(&self) -> Result<(), StatementError> {
        if self.subject.is_empty() || self.subject.iter().any(|s| s.digest.is_empty()) {
            return Err(StatementError::Invalid("a subject or its digest is missing".to_owned()));
        }
        match &self.predicate {
            Predicate::Decision(predicate) => predicate.check(),
            Predicate::Triage(predicate) => predicate.check(),
            Predicate::Delegation(predicate) => predicate.check(&self.subject),
        }
        .map_err(StatementError::Invalid)
    }
}

fn write<P: Serialize>(predicate_type: &str, subject: &[Subject], predicate: &P) -> Result<Vec<u8>, StatementError> {
    let document = Document {
        kind: STATEMENT_TYPE.to_owned(),
        predicate,
        predicate_type: predicate_type.to_owned(),
        subject: subject.to_vec(),
    };
    canonical::to_canonical(&document).map_err(|e| StatementError::Write(e.to_string()))
}

fn read<P: Serialize + DeserializeOwned>(
    payload: &[u8],
    predicate_type: &str,
) -> Result<(Vec<Subject>, Box<P>), StatementError> {
    // The text of the error may quote the document.
    let shown = |e: serde_json::Error| StatementError::Fields(crate::text::line(&e.to_string()).into_owned());
    let document: Document<Box<P>> = serde_json::from_slice(payload).map_err(shown)?;
    if document.kind != STATEMENT_TYPE || document.predicate_type != predicate_type {
        return Err(StatementError::Fields("it is of another type".to_owned()));
    }
    if canonical::to_canonical_small(&document).ok().as_deref() != Some(payload) {
        return Err(StatementError::Fields("a value is written otherwise than we write it".to_owned()));
    }
    Ok((document.subject, document.predicate))
}

/// What a statement about a release is about: its artifacts with digests; else its commit; else `fallback` (name and
/// digest), if there is one.
pub fn subjects_of(release: &Release, fallback: Option<(&str, &Digest)>) -> Result<Vec<Subject>, StatementError> {
    let one = |name: Untrusted, uri: Option<Untrusted>, kind: &str, digest: &str| Subject {
        name,
        uri,
        digest: BTreeMap::from([(kind.to_owned(), digest.to_owned())]),
    };
    let mut subjects: Vec<Subject> = release
        .artifacts
        .iter()
        .filter_map(|a| {
            let uri = Some(a.reference.clone()).filter(|r| !r.is_empty());
            Some(one(a.name.clone(), uri, "sha256", a.digest.as_ref()?.hex()))
        })
        .collect();
    subjects.sort();
    subjects.dedup();
    if subjects.is_empty()
        && let Some(commit) = release.commit.as_ref().map(|c| c.raw().to_ascii_lowercase()).filter(|c| is_commit(c))
    {
        subjects.push(one(Untrusted::new(release.service.clone()), None, "gitCommit", &commit));
    }
    if subjects.is_empty()
        && let Some((name, digest)) = fallback
    {
        subjects.push(one(Untrusted::new(name), None, "sha256", digest.hex()));
    }
    if subjects.is_empty() { Err(StatementError::NoSubject) } else { Ok(subjects) }
}

/// A full hash of git, SHA-1 or SHA-256.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a verb needs something that it binds to.
fn needs_subject(verb: Verb) -> bool {
    verb == Verb::Approve
}

/// What holds of the approver in every document.
fn check_approver(approver: &ApproverRef) -> Result<(), String> {
    if approver.principal == Principal::new("") || !approver.key_fingerprint.starts_with("SHA256:") {
        return Err("the approver's principal or key is missing".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
