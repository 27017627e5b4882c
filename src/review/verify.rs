//! Verification: of envelopes against what a pipeline expects, and of entries for an auditor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Desk;
use super::sign;
use crate::domain::decision::{Receipt, ReceiptStatus, Verb};
use crate::domain::ids::{Digest, GateId, Principal, RecordId};
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::trust::dsse::Envelope;
use crate::trust::verify::{Expected, TrustRoot, Verified, check_binding, detach, verify_envelope, verify_stamped};

/// An envelope to be verified, and where it is from.
pub struct Candidate {
    /// A file, or a place in the ledger.
    pub from: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the ledger last saw to come of it; a file does not know.
    pub receipt: Option<Receipt>,
    /// Time stamps that came with it.
    pub stamps: Vec<Vec<u8>>,
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

/// The trust root in a folder: `allowed_signers`; `revoked.krl` or `revoked`, and `timestamp_authorities.pem`, where there
/// are such.
pub fn trust_folder(dir: &Path) -> Result<TrustRoot, AppError> {
    let revoked = ["revoked.krl", "revoked"].into_iter().map(|n| dir.join(n)).find(|p| p.exists());
    let root = TrustRoot::load(&dir.join("allowed_signers"), revoked.as_deref())?;
    let authorities = dir.join("timestamp_authorities.pem");
    Ok(if authorities.exists() { root.with_timestamp_authorities(&authorities)? } else { root })
}

/// Reads envelope files; beside `FILE` may stand a time stamp, `FILE.tsr`.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Candidate>, AppError> {
    paths
        .iter()
        .map(|path| {
            let from = path.to_string_lossy().into_owned();
            let bytes = std::fs::read(path)
                .map_err(|e| AppError::new(ErrorKind::Verification, format!("{from} cannot be read: {e}.")))?;
            let mut stamp = path.clone().into_os_string();
            stamp.push(".tsr");
            // One that cannot be read proves nothing, as one that is not there.
            let stamps = std::fs::read(stamp).ok().into_iter().collect();
            Ok(Candidate { from, bytes, receipt: None, stamps })
        })
        .collect()
}

/// The decisions on a gate in the ledger, with what came of each. A ledger that is not whole proves nothing: a
/// rejection may be what is missing.
pub async fn in_ledger(desk: &Desk, gate: &GateId) -> Result<Vec<Candidate>, AppError> {
    desk.records().await?.sound()?;
    let wanted = gate.to_string();
    let (decisions, others): (Vec<Entry>, Vec<Entry>) = entries(desk)
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
            stamps: super::stamp::tokens(&others, &e.digest),
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
            let outcome = verify_stamped(&candidate.bytes, &candidate.stamps, root, now)
                .map_err(AppError::from)
                .and_then(|verified| {
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

fn payload(envelope: &[u8]) -> Option<Value> {
    let opened = Envelope::parse(envelope).ok()?.open().ok()?;
    serde_json::from_slice(&opened.payload).ok()
}

/// A record of the ledger: its signed document, and all that belongs to it.
pub struct Found {
    /// The entry with the envelope.
    pub entry: Entry,
    /// All entries of the record.
    pub all: Vec<Entry>,
}

/// Finds a record by its id, its position, or a prefix of its envelope's digest.
pub async fn find_record(desk: &Desk, wanted: &str) -> Result<Found, AppError> {
    let entries = entries(desk).await?;
    let mut found: Vec<&Entry> = entries
        .iter()
        .filter(|e| e.seq.to_string() == wanted || e.draft.record.as_str() == wanted || e.digest.is_named_by(wanted))
        .collect();
    found.dedup_by(|a, b| a.draft.record == b.draft.record);
    let record = match found.as_slice() {
        [one] => one.draft.record.clone(),
        [] => {
            return Err(AppError::usage(format!("The ledger has no entry {wanted:?}."))
                .hint("`countersign ledger list` lists them."));
        }
        several => {
            let error = AppError::usage(format!("{wanted:?} names {} records.", several.len()));
            return Err(several
                .iter()
                .fold(error, |e, entry| e.hint(format!("{} ({})", entry.draft.record, entry.digest))));
        }
    };
    let all: Vec<Entry> = entries.into_iter().filter(|e| e.draft.record == record).collect();
    let entry = all.iter().find(|e| matches!(e.draft.kind, EntryKind::Decision | EntryKind::Triage)).cloned();
    let entry = entry.ok_or_else(|| AppError::internal(format!("The record {record} has no signed document.")))?;
    Ok(Found { entry, all })
}

/// A verified entry, for people.
pub struct Checked {
    /// Who signed.
    pub principal: Principal,
    /// The statement as it was signed.
    pub statement: Value,
}

/// Verifies an entry as of when it was recorded.
pub async fn check_entry(desk: &Desk, entry: &Entry) -> Result<Checked, String> {
    let (trust, entry) = (desk.config.trust.clone(), entry.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let root = sign::trust_root(&trust).map_err(|e| e.message)?;
        let verified = verify_envelope(&entry.draft.body, &root, entry.draft.at).map_err(|e| e.to_string())?;
        let statement = payload(&entry.draft.body).unwrap_or_default();
        Ok(Checked { principal: verified.principal, statement })
    });
    checked.await.map_err(|e| e.to_string())?
}

/// Writes the envelope, the signed bytes and the signature of an entry into a folder. Gives the files.
pub fn export(entry: &Entry, dir: &Path) -> Result<Vec<String>, AppError> {
    let broken = |e: std::io::Error| AppError::usage(format!("{} cannot be written to: {e}.", dir.display()));
    let detached = detach(&entry.draft.body).map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    std::fs::create_dir_all(dir).map_err(broken)?;
    let envelope = dir.join(format!("{}.json", entry.draft.record.as_str()));
    std::fs::write(&envelope, &entry.draft.body).map_err(broken)?;
    let (pae, sig) = detached.write(dir, entry.draft.record.as_str()).map_err(broken)?;
    Ok([envelope, pae, sig].iter().map(|p| p.to_string_lossy().into_owned()).collect())
}

/// The digest of an envelope file.
pub fn digest_of_file(path: &Path) -> Result<Digest, AppError> {
    let bytes = std::fs::read(path).map_err(|e| AppError::usage(format!("{} cannot be read: {e}.", path.display())))?;
    let envelope = Envelope::parse(&bytes).map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    Ok(envelope.digest())
}

async fn entries(desk: &Desk) -> Result<Vec<Entry>, AppError> {
    let ledger = Arc::clone(&desk.ledger);
    let read = tokio::task::spawn_blocking(move || ledger.read(1, &[])).await;
    Ok(read.map_err(|e| AppError::internal(e.to_string()))??)
}
