//! Verification of entries, for an auditor.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::Desk;
use super::sign;
use crate::domain::ids::{Digest, Principal};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::trust::dsse::Envelope;
use crate::trust::verify::{detach, verify_envelope};

/// One line about a signed document, without verifying it.
pub fn describe(envelope: &[u8]) -> String {
    let Some(statement) = payload(envelope) else { return "(cannot be read)".to_owned() };
    let text = |pointer: &str| statement.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(records) = statement.pointer("/predicate/records").and_then(Value::as_array) {
        let status = text("/predicate/records/0/status");
        return format!("dismiss {} findings as {status}, by {}", records.len(), text("/predicate/approver/principal"));
    }
    if let Some(roles) = statement.pointer("/predicate/roles").and_then(Value::as_array) {
        let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
        let (to, by) = (text("/predicate/to"), text("/predicate/approver/principal"));
        return match text("/predicate/revokes") {
            id if id.is_empty() => format!("delegate {} to {to}, by {by}", roles.join(", ")),
            id => format!("take back the delegation {id} to {to}, by {by}"),
        };
    }
    let alone = statement.pointer("/predicate/breakGlass").and_then(Value::as_bool) == Some(true);
    let of = ["/predicate/supersedes", "/predicate/reviews"].map(text).concat();
    format!(
        "{}{}{} {}@{}/{} by {}",
        if alone { "BREAK-GLASS " } else { "" },
        text("/predicate/decision"),
        if of.is_empty() { String::new() } else { format!(" ({of})") },
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
