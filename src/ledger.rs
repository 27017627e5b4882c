//! The append-only record of decisions, triage, intents and receipts.
//!
//! The store is behind [`Ledger`]; what an entry means is in its body, which is kept byte for byte. Entries are chained
//! by position and digest ([`link`]), so that a change of an earlier entry is found by [`Ledger::check`].
//!
//! The seam of the Merkle log: its leaves are to be the entries' digests in the order of `seq`, its stored hashes and
//! checkpoints further tables of the same transaction as the entries, and its root takes the place of the chain's head
//! in [`Head`]. No check of this machine alone can find that the newest entries were cut off as a whole: that needs a
//! head that was noted elsewhere, which is what [`Head`] is compared with.

pub mod location;
pub mod sqlite;
pub mod store;

pub use sqlite::SqliteLedger;
pub use store::EvidenceStore;

use serde::{Deserialize, Serialize};

use crate::domain::canonical;
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

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Decision, Self::Triage, Self::Intent, Self::Receipt];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Triage => "triage",
            Self::Intent => "intent",
            Self::Receipt => "receipt",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
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

impl Entry {
    /// A draft at its place.
    pub fn new(seq: u64, draft: Draft) -> Self {
        Self { seq, digest: canonical::sha256(&draft.body), draft }
    }
}

/// How far a ledger reaches: what two copies, or a copy and an earlier note of it, are compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The chain up to the last of them; of an empty ledger, [`origin`].
    pub chain: Digest,
}

impl Default for Head {
    /// The head of an empty ledger.
    fn default() -> Self {
        Self { size: 0, chain: origin() }
    }
}

/// What follows a head: read in order, each entry checked once.
#[derive(Debug, Default)]
pub struct Read {
    /// The entries that fit, in order.
    pub entries: Vec<Entry>,
    /// The head after them.
    pub head: Head,
    /// Why it goes no further, if an entry is missing or damaged.
    pub damage: Option<LedgerError>,
}

/// What the chain begins with.
pub fn origin() -> Digest {
    canonical::sha256(b"countersign-ledger/v1")
}

/// The chain up to an entry: SHA-256 over the chain before it and all of the entry, each part with its length.
pub fn link(previous: &Digest, entry: &Entry) -> Digest {
    let draft = &entry.draft;
    let (seq, at) = (entry.seq.to_string(), draft.at.to_string());
    // A missing gate and an empty one differ in this mark.
    let mark: &[u8] = if draft.gate.is_some() { b"1" } else { b"0" };
    canonical::sha256_parts([
        previous.as_str().as_bytes(),
        seq.as_bytes(),
        entry.digest.as_str().as_bytes(),
        draft.kind.word().as_bytes(),
        draft.record.as_str().as_bytes(),
        mark,
        draft.gate.as_deref().unwrap_or_default().as_bytes(),
        at.as_bytes(),
    ])
}

/// An entry that is not there, although later ones are.
fn missing(location: String, seq: u64) -> LedgerError {
    let why = "it is missing, and later entries are there. Restore the ledger from a copy.".to_owned();
    LedgerError::Damaged { location, seq, why }
}

/// A store of entries. Blocking: call it from `spawn_blocking`.
pub trait Ledger: Send + Sync {
    /// Appends entries in one transaction, and returns once they are flushed to disk.
    fn append(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError>;
    /// Entries from position `from` (1 is the first), in order, of the kinds given (all if empty).
    fn read(&self, from: u64, kinds: &[EntryKind]) -> Result<Vec<Entry>, LedgerError>;
    /// Entries after a head, up to the first that is missing, damaged or does not fit the chain.
    ///
    /// The default finds gaps; a store that keeps the chain also compares it.
    fn follow(&self, head: &Head) -> Result<Read, LedgerError> {
        let mut read = Read { head: head.clone(), ..Read::default() };
        for entry in self.read(head.size + 1, &[])? {
            if entry.seq != read.head.size + 1 {
                read.damage = Some(missing(self.location(), read.head.size + 1));
                break;
            }
            read.head = Head { size: entry.seq, chain: link(&read.head.chain, &entry) };
            read.entries.push(entry);
        }
        Ok(read)
    }
    /// Entries of one record, in order.
    fn record(&self, record: &RecordId) -> Result<Vec<Entry>, LedgerError>;
    /// Reads everything, checks digests, positions and the chain, and gives the head that comes out.
    ///
    /// The default finds damaged bodies and gaps; a store that keeps the chain also compares it.
    fn check(&self) -> Result<Head, LedgerError> {
        let mut head = Head::default();
        for entry in self.read(1, &[])? {
            let damaged =
                |why: &str| LedgerError::Damaged { location: self.location(), seq: head.size + 1, why: why.to_owned() };
            if entry.seq != head.size + 1 {
                return Err(missing(self.location(), head.size + 1));
            }
            if canonical::sha256(&entry.draft.body) != entry.digest {
                return Err(damaged("its body does not have its digest."));
            }
            head = Head { size: entry.seq, chain: link(&head.chain, &entry) };
        }
        Ok(head)
    }
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
    /// It was not opened, for the reason given.
    #[error("{0}")]
    Closed(String),
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
    /// A piece in the evidence store is not what was put there.
    #[error("The evidence {digest} in {location} is damaged: {why}")]
    Evidence {
        /// Where.
        location: String,
        /// Which.
        digest: Digest,
        /// How.
        why: String,
    },
}
