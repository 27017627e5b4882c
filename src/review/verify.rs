//! Verification: of envelopes against what a pipeline expects, and of entries for an auditor.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Desk;
use crate::domain::decision::{Receipt, ReceiptStatus, Verb};
use crate::domain::ids::{Digest, GateId, RecordId};
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::trust::dsse::Envelope;
use crate::trust::verify::{Expected, TrustRoot, Verified, check_binding, verify_envelope};

/// An envelope to be verified, and where it is from.
pub struct Candidate {
    /// A file, or a place in the ledger.
    pub from: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the ledger last saw to come of it; a file does not know.
    pub receipt: Option<Receipt>,
}

/// What came of one envelope.
pub struct Judged {
    /// Where it is from.
    pub from: String,
    /// Verified and bound to what is expected, or why not.
    pub outcome: Result<Verified, AppError>,
    /// It was seen to take effect.
    pub effective: bool,
}

/// The trust root in a folder: `allowed_signers`, and `revoked.krl` or `revoked` where there is one.
pub fn trust_folder(dir: &Path) -> Result<TrustRoot, AppError> {
    let revoked = ["revoked.krl", "revoked"].into_iter().map(|n| dir.join(n)).find(|p| p.exists());
    Ok(TrustRoot::load(&dir.join("allowed_signers"), revoked.as_deref())?)
}

/// Reads envelope files.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Candidate>, AppError> {
    paths
        .iter()
        .map(|path| {
            let from = path.to_string_lossy().into_owned();
            let bytes = std::fs::read(path)
                .map_err(|e| AppError::new(ErrorKind::Verification, format!("{from} cannot be read: {e}.")))?;
            Ok(Candidate { from, bytes, receipt: None })
        })
        .collect()
}

/// The decisions on a gate in the ledger, with what came of each. A ledger that is not whole proves nothing: a
/// rejection may be what is missing.
pub async fn in_ledger(desk: &Desk, gate: &GateId) -> Result<Vec<Candidate>, AppError> {
    desk.records().await?.sound()?;
    let wanted = gate.to_string();
    let (decisions, others): (Vec<Entry>, Vec<Entry>) = super::ledger::entries(desk)
        .await?
        .into_iter()
        .filter(|e| e.draft.gate.as_ref() == Some(&wanted))
        .partition(|e| e.draft.kind == EntryKind::Decision);
    let last = |record: &RecordId| {
        let mut receipts =
            others.iter().rev().filter(|e| e.draft.kind == EntryKind::Receipt && e.draft.record == *record);
        receipts.find_map(|e| serde_json::from_slice::<Receipt>(&e.draft.body).ok())
    };
    Ok(decisions
        .into_iter()
        .map(|e| Candidate {
            from: format!("ledger entry {}", e.seq),
            receipt: last(&e.draft.record),
            bytes: e.draft.body,
        })
        .collect())
}

/// Judges each candidate against what is expected. One that the orchestrator was seen to refuse does not count.
pub fn judge(candidates: &[Candidate], root: &TrustRoot, expected: &Expected, now: Timestamp) -> Vec<Judged> {
    candidates
        .iter()
        .map(|candidate| {
            let status = candidate.receipt.as_ref().map(|r| r.status);
            let outcome = verify_envelope(&candidate.bytes, root, now).map_err(AppError::from).and_then(|verified| {
                check_binding(&verified, expected)?;
                match &candidate.receipt {
                    Some(receipt) if receipt.status == ReceiptStatus::Refused => Err(AppError::new(
                        ErrorKind::Verification,
                        format!("It does not count: the orchestrator refused it. {}", receipt.detail.line()),
                    )),
                    _ => Ok(verified),
                }
            });
            Judged { from: candidate.from.clone(), outcome, effective: status == Some(ReceiptStatus::Effective) }
        })
        .collect()
}

/// Whether anything verifies, and nothing valid speaks against it.
///
/// A valid rejection or halt of the same gate that was signed after the approval wins over it; one that was seen to take
/// effect wins over every approval of the same attempt, whenever that was signed.
pub fn conclude(judged: &[Judged], all: &[Judged]) -> Result<(), AppError> {
    let good = |j: &Judged| j.outcome.is_ok();
    let issued = |j: &Judged| j.outcome.as_ref().ok().map(|v| v.statement.issued_at());
    let attempt = |j: &Judged| {
        let decision = j.outcome.as_ref().ok().and_then(|v| v.statement.decision());
        decision.map(|d| d.orchestrator.attempt.clone())
    };
    let overtaken = |yes: &Judged| all.iter().any(|no| no.effective && good(no) && attempt(no) == attempt(yes));
    let approved = judged.iter().filter_map(issued).max();
    let against = all.iter().filter_map(issued).max();
    let failed = |text: &str| AppError::new(ErrorKind::Verification, text);
    match (approved, against) {
        (None, _) if judged.is_empty() => Err(failed("There is nothing to verify.")),
        (None, _) => {
            let error = failed("No decision verifies.");
            Err(judged
                .iter()
                .filter_map(|j| j.outcome.as_ref().err().map(|e| (j, e)))
                .fold(error, |e, (j, why)| e.hint(format!("{}: {}", j.from, why.message))))
        }
        (Some(yes), Some(no)) if no > yes => Err(failed("A later decision rejects or halts what was approved.")),
        (Some(_), _) if judged.iter().filter(|j| good(j)).all(overtaken) => {
            Err(failed("A rejection or a halt took effect, and no approval of the same attempt can have."))
        }
        (Some(_), _) => Ok(()),
    }
}

/// What is expected, with another verb.
pub fn with_verb(expected: &Expected, verb: Verb) -> Expected {
    Expected { verb, artifacts: Vec::new(), commit: None, policy: None, ..expected.clone() }
}

/// One line about a signed document, without verifying it.
pub fn describe(envelope: &[u8]) -> String {
    let Some(statement) = payload(envelope) else { return "(cannot be read)".to_owned() };
    let text = |pointer: &str| statement.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(records) = statement.pointer("/predicate/records").and_then(Value::as_array) {
        let status = text("/predicate/records/0/status");
        return format!("dismiss {} findings as {status}, by {}", records.len(), text("/predicate/approver/principal"));
    }
    format!(
        "{} {}@{}/{} by {}",
        text("/predicate/decision"),
        text("/predicate/release/name"),
        text("/predicate/release/version"),
        text("/predicate/environment/name"),
        text("/predicate/approver/principal")
    )
}

/// What an envelope says, without verifying it.
pub fn payload(envelope: &[u8]) -> Option<Value> {
    let opened = Envelope::parse(envelope).ok()?.open().ok()?;
    serde_json::from_slice(&opened.payload).ok()
}

/// The digest of an envelope file.
pub fn digest_of_file(path: &Path) -> Result<Digest, AppError> {
    let bytes = std::fs::read(path).map_err(|e| AppError::usage(format!("{} cannot be read: {e}.", path.display())))?;
    let envelope = Envelope::parse(&bytes).map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    Ok(envelope.digest())
}
