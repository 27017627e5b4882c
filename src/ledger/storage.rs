//! What a store gives: rows, as they are kept. Nothing here is believed before it was checked.

use tlog_tiles::Hash;

use super::{Draft, Entry, EntryKind, LedgerError};
use crate::domain::ids::RecordId;

/// An entry as a store has it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its position, from 1.
    pub seq: u64,
    /// A word of [`EntryKind`].
    pub kind: String,
    /// The record.
    pub record: String,
    /// The gate.
    pub gate: Option<String>,
    /// RFC 3339.
    pub at: String,
    /// JSON.
    pub body: Vec<u8>,
    /// `sha256:...` of the body.
    pub digest: String,
}

impl Row {
    /// The row of an entry.
    pub fn of(entry: &Entry) -> Self {
        let draft = &entry.draft;
        Self {
            seq: entry.seq,
            kind: draft.kind.word().to_owned(),
            record: draft.record.as_str().to_owned(),
            gate: draft.gate.clone(),
            at: draft.at.to_string(),
            body: draft.body.clone(),
            digest: entry.digest.as_str().to_owned(),
        }
    }

    /// The entry, its body compared with its digest. The error says what is wrong with it.
    pub fn entry(self) -> Result<Entry, String> {
        let kind = EntryKind::from_word(&self.kind).ok_or_else(|| {
            format!("{:?} is no kind of entry that this version knows.", crate::text::line(&self.kind))
        })?;
        let at = self.at.parse().map_err(|_e| "its time cannot be read.".to_owned())?;
        let draft = Draft { kind, record: RecordId::new(self.record), gate: self.gate, at, body: self.body };
        let entry = Entry::new(self.seq, draft);
        if entry.digest.as_str() != self.digest {
            return Err("its body does not have its digest. Restore the ledger from a copy.".to_owned());
        }
        Ok(entry)
    }
}

/// Which entries to read.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The first position.
    pub from: u64,
    /// At most so many.
    pub limit: Option<u32>,
    /// Only of these kinds; all if empty.
    pub kinds: Vec<EntryKind>,
    /// Only of this record.
    pub record: Option<RecordId>,
}

/// One state of a store, to read from.
pub trait Reading {
    /// The ledger's origin.
    fn origin(&mut self) -> Result<String, LedgerError>;
    /// The last position; 0 if there is no entry.
    fn size(&mut self) -> Result<u64, LedgerError>;
    /// The checkpoint with the greatest size, a signed note.
    fn newest(&mut self) -> Result<Option<String>, LedgerError>;
    /// Entries, in the order of their positions.
    fn entries(&mut self, wanted: &Wanted) -> Result<Vec<Row>, LedgerError>;
    /// The stored hashes with these numbers, in this order; one that is missing is left out.
    fn hashes(&mut self, numbers: &[u64]) -> Result<Vec<Hash>, LedgerError>;
    /// The stored hashes from one number up to, and without, another; one that is missing is left out.
    fn hash_run(&mut self, from: u64, to: u64) -> Result<Vec<Hash>, LedgerError>;
    /// At most `limit` checkpoints from a size on, by size.
    fn checkpoints(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError>;
    /// The keys of all who wrote, as vkeys.
    fn keys(&mut self) -> Result<Vec<String>, LedgerError>;
    /// At most `limit` links of the chain of a ledger that was carried over, from a position on.
    fn chain(&mut self, _from: u64, _limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        Ok(Vec::new())
    }
    /// What the store can say of itself; a full sentence if something is wrong.
    fn integrity(&mut self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// What one append adds.
pub struct Added<'a> {
    /// Entries, in order.
    pub entries: &'a [Entry],
    /// The number of the first hash.
    pub first_hash: u64,
    /// Hashes, in order.
    pub hashes: &'a [Hash],
    /// The size after it, and the checkpoint over it.
    pub checkpoint: (u64, &'a str),
    /// The writer's vkey, where the store does not have it yet.
    pub key: Option<&'a str>,
}

/// A store to write to, held by one writer.
pub trait Writing: Reading {
    /// Writes what an append adds.
    fn add(&mut self, added: &Added<'_>) -> Result<(), LedgerError>;
}
