//! The ledger for people: finding a record, checking all, proving one, handing it over.

mod audit;
mod handover;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

pub(super) use self::audit::seen;
pub use self::audit::{check, check_folder, conclusion, look};
pub use self::handover::{Proof, export_folder, prove, prove_from};
use super::Desk;
use super::sign;
use super::verify::payload;
use crate::domain::ids::{Principal, RecordId};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, Head, LedgerError, Root};
use crate::trust::verify::{detach, verify_envelope};

/// A record of the ledger: its signed document, and all that belongs to it.
pub struct Found {
    /// The entry with the envelope.
    pub entry: Entry,
    /// All entries of the record.
    pub all: Vec<Entry>,
}

/// Finds a record by its id, its position, or a prefix of its envelope's digest.
pub async fn find_record(desk: &Desk, wanted: &str) -> Result<Found, AppError> {
    let named = named(desk, wanted).await?;
    let entry = named.all.iter().find(|e| e.draft.kind.is_signed()).cloned();
    let record = named.entry.draft.record;
    let entry = entry.ok_or_else(|| AppError::usage(format!("The record {record} has no signed document.")))?;
    Ok(Found { entry, all: named.all })
}

/// Finds the entry at a position, else the one that a record's id or a prefix of a digest names, and all of its record.
async fn named(desk: &Desk, wanted: &str) -> Result<Found, AppError> {
    let (ledger, wanted) = (Arc::clone(&desk.ledger), wanted.to_owned());
    let found = tokio::task::spawn_blocking(move || {
        let mut found = ledger.record(&RecordId::new(wanted.clone()))?;
        if found.is_empty() {
            found = ledger.read(1, &[])?;
            found.retain(|e| e.seq.to_string() == wanted || e.digest.is_named_by(&wanted));
        }
        let mut records: Vec<&RecordId> = found.iter().map(|e| &e.draft.record).collect();
        records.sort();
        records.dedup();
        match (records.as_slice(), found.first()) {
            ([record], Some(first)) => Ok(Found { all: ledger.record(record)?, entry: first.clone() }),
            ([], _) | (_, None) => Err(AppError::usage(format!("The ledger has no entry {wanted:?}."))
                .hint("`countersign ledger list` lists them.")),
            (several, _) => {
                let error = AppError::usage(format!("{wanted:?} names {} records.", several.len()));
                Err(found.iter().fold(error, |e, entry| e.hint(format!("{} ({})", entry.draft.record, entry.digest))))
            }
        }
    });
    found.await.map_err(|e| AppError::internal(e.to_string()))?
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

/// Why the ledger is not the one that the signer of an entry has seen, if it is not: entries were taken away or replaced.
pub fn unlike(
    entry: u64,
    seen: &Head,
    head: &Head,
    root_at: impl FnOnce(u64) -> Result<Option<Root>, LedgerError>,
) -> Result<Option<String>, LedgerError> {
    let by = format!("Entry {entry} of the ledger was signed over");
    if seen.origin != head.origin {
        return Ok(Some(format!("{by} another ledger, {}.", crate::text::line(&seen.origin))));
    }
    if seen.size >= entry {
        return Ok(Some(format!("{by} {} entries, and there are only {} before it.", seen.size, entry - 1)));
    }
    if root_at(seen.size)? == Some(seen.root) {
        return Ok(None);
    }
    Ok(Some(format!("{by} other entries than those before it: the root at {} is another.", seen.size)))
}
