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
use super::browse::judge::Judge;
use super::said::payload;
use crate::domain::ids::{Principal, RecordId};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind, Head, LedgerError, Root};
use crate::trust::verify::detach;

/// A record of the ledger: its document, and all that belongs to it.
pub struct Found {
    /// The entry with the document.
    pub entry: Entry,
    /// All entries of the record.
    pub all: Vec<Entry>,
}

impl Found {
    /// The positions of all documents of the record. One has several if somebody signed under the id of another, or
    /// appended a document twice.
    pub fn documents(&self) -> Vec<u64> {
        self.all.iter().filter(|e| is_document(e)).map(|e| e.seq).collect()
    }
}

fn is_document(entry: &Entry) -> bool {
    entry.draft.kind.is_signed() || entry.draft.kind == EntryKind::Approvers
}

/// Finds a record by its id, its position, or a prefix of its envelope's digest: the document at that position, or else
/// the record's first.
pub async fn find_record(desk: &Desk, wanted: &str) -> Result<Found, AppError> {
    let Found { entry: named, all } = named(desk, wanted).await?;
    let entry = if is_document(&named) { Some(named.clone()) } else { all.iter().find(|e| is_document(e)).cloned() };
    let record = named.draft.record;
    let entry = entry.ok_or_else(|| AppError::usage(format!("The record {record} has no signed document.")))?;
    Ok(Found { entry, all })
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

/// Whether the document of a record counts, by the judge that the console has.
pub async fn check_entry(desk: &Desk, found: &Found) -> Result<Checked, AppError> {
    let (judge, entry, all) = (Judge::at(desk).await?, found.entry.clone(), found.all.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let signer = judge.verdict(&entry, &all)?;
        let body = &entry.draft.body;
        let statement = if entry.draft.kind == EntryKind::Approvers { Some(body.clone()) } else { payload(body) };
        let statement = statement.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Checked { principal: signer.principal, statement })
    });
    checked.await.map_err(|e| AppError::internal(e.to_string()))?
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
