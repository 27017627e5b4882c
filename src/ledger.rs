//! The append-only record of decisions, triage, intents and receipts.
//!
//! The store is behind [`Ledger`]; what an entry means is in its body, which is kept byte for byte. Entries are chained
//! by position and digest; a Merkle log over the same digests is to come and needs nothing else of this seam.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Digest, RecordId};
use crate::domain::time::Timestamp;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A signed decision: body is the DSSE envelope.
    Decision,
    /// A signed triage record: body is the DSSE envelope.
    Triage,
    /// A delivery about to be made: body is an `orchestrator::Order`.
    Intent,
    /// What was seen of a delivery: body is a `domain::decision::Receipt`.
    Receipt,
}

/// An entry to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it is.
    pub kind: EntryKind,
    /// Which record it belongs to: the decision's or triage's id, also for intents and receipts.
    pub record: RecordId,
    /// The gate's full id, if it speaks of one.
    pub gate: Option<String>,
    /// When.
    pub at: Timestamp,
    /// JSON, kept byte for byte.
    pub body: Vec<u8>,
}

/// An entry as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position, from 1, without gaps.
    pub seq: u64,
    /// SHA-256 of its body.
    pub digest: Digest,
    /// What was appended.
    pub draft: Draft,
}

/// A store of entries. Blocking: call it from `spawn_blocking`.
pub trait Ledger: Send + Sync {
    /// Appends entries in one transaction, and returns once they are flushed to disk.
    fn append(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError>;
    /// Entries from position `from` (1 is the first), in order, of the kinds given (all if empty).
    fn read(&self, from: u64, kinds: &[EntryKind]) -> Result<Vec<Entry>, LedgerError>;
    /// Entries of one record, in order.
    fn record(&self, record: &RecordId) -> Result<Vec<Entry>, LedgerError>;
    /// Where it is, for people, without secrets.
    fn location(&self) -> String;
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be opened.
    #[error("The ledger {location} cannot be opened: {why}")]
    Open {
        /// Where.
        location: String,
        /// Why, with what to do.
        why: String,
    },
    /// It could not be read or written.
    #[error("The ledger {location} could not be used: {why}")]
    Use {
        /// Where.
        location: String,
        /// Why.
        why: String,
    },
    /// An entry is not what was appended.
    #[error("Entry {seq} of the ledger {location} is damaged: {why}")]
    Damaged {
        /// Where.
        location: String,
        /// Which.
        seq: u64,
        /// How.
        why: String,
    },
}
