//! The append-only record of decisions, triage, intents and receipts: a Merkle log that cannot be rewritten unseen.
//!
//! [`Ledger`] is what the rest of the house uses. A store (SQLite, PostgreSQL) gives four things: a snapshot, a write
//! transaction, its writer's key, and its name; appending, reading, checking and proving are the same for all, and are
//! provided. What an entry means is in its body, which is kept byte for byte.
//!
//! Each entry is a leaf ([`leaf`]) of a tree hashed as C2SP tlog-tiles has it ([`merkle`]); with each append goes a
//! checkpoint, a C2SP signed note over the size and the root ([`note`]), in the same transaction. No check of one copy
//! alone can find that the newest entries were cut off as a whole: that needs a checkpoint that was seen elsewhere, which
//! is what decisions carry, and what anchors are.

pub mod anchor;
pub mod chain;
pub mod check;
pub mod error;
pub mod export;
pub mod folder;
mod key_file;
pub mod leaf;
pub mod location;
mod log;
pub mod merkle;
pub mod note;
pub mod postgres;
pub mod prove;
pub mod sqlite;
pub mod storage;
pub mod store;
#[cfg(test)]
pub mod testing;
pub mod writer;

pub use error::LedgerError;
pub use merkle::Root;
pub use postgres::PostgresLedger;
pub use sqlite::SqliteLedger;
pub use storage::{Reading, Writing};
pub use store::EvidenceStore;
pub use writer::Writer;

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
    /// Who holds which role: body is JSON `{text, signature}`.
    Approvers,
    /// A signed delegation: body is the DSSE envelope.
    Delegation,
    /// A time stamp over a signature: body is JSON `{envelope, token}`.
    Stamp,
    /// What another system is about to be told of a dismissal, or was seen to do with it: body is a
    /// `review::push::Pushed`.
    Push,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Decision,
        Self::Triage,
        Self::Intent,
        Self::Receipt,
        Self::Approvers,
        Self::Delegation,
        Self::Stamp,
        Self::Push,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Triage => "triage",
            Self::Intent => "intent",
            Self::Receipt => "receipt",
            Self::Approvers => "approvers",
            Self::Delegation => "delegation",
            Self::Stamp => "stamp",
            Self::Push => "push",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// Whether the body is a DSSE envelope.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Decision | Self::Triage | Self::Delegation)
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

/// How far a ledger reaches: what a checkpoint signs, and what two copies are compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Which ledger: `countersign.dev/ledger/` and 32 hexadecimal digits.
    pub origin: String,
    /// How many entries there are.
    pub size: u64,
    /// The root of the tree over them, base64 as in the checkpoint.
    pub root: Root,
}

impl Head {
    /// The head of a ledger without entries.
    pub fn empty(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), size: 0, root: Root::EMPTY }
    }
}

/// What follows a head: read in order, each entry checked once.
#[derive(Debug)]
pub struct Read {
    /// The entries that fit, in order.
    pub entries: Vec<Entry>,
    /// The root after each of them.
    pub roots: Vec<Root>,
    /// The head after them.
    pub head: Head,
    /// Why it goes no further, if an entry is missing or damaged, or the checkpoint does not fit.
    pub damage: Option<LedgerError>,
}

/// A ledger. Blocking: call it from `spawn_blocking`.
///
/// A store implements the four functions without a body; all others are the same for every store.
pub trait Ledger: Send + Sync {
    /// Runs `work` over one state of the store, while others may go on writing. May run it again from the start.
    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>) -> Result<(), LedgerError>;

    /// Runs `work` as the only writer, and returns once everything that it wrote is flushed to disk. If `work` fails,
    /// nothing is written. May run it again from the start.
    fn transaction(&self, work: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>)
    -> Result<(), LedgerError>;

    /// Who signs checkpoints here, and whose are believed.
    fn writer(&self) -> &Writer;

    /// Where it is, for people, without secrets.
    fn location(&self) -> String;

    /// Appends entries with their hashes and a signed checkpoint, all in one transaction, and returns once they are
    /// flushed. A ledger whose end does not fit its newest checkpoint is not written to.
    fn append(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError> {
        log::append(self, drafts)
    }

    /// How far it reaches, by its newest checkpoint, whose signature is checked. The entries are not read.
    fn head(&self) -> Result<Head, LedgerError> {
        log::head(self)
    }

    /// The newest checkpoint as it is kept, a signed note; `None` of an empty ledger.
    fn checkpoint(&self) -> Result<Option<String>, LedgerError> {
        let mut newest = None;
        self.snapshot(&mut |reading| {
            newest = reading.newest()?;
            Ok(())
        })?;
        Ok(newest)
    }

    /// Entries from position `from` (1 is the first), in order, of the kinds given (all if empty).
    fn read(&self, from: u64, kinds: &[EntryKind]) -> Result<Vec<Entry>, LedgerError> {
        log::read(self, from, kinds)
    }

    /// Entries of one record, in order.
    fn record(&self, record: &RecordId) -> Result<Vec<Entry>, LedgerError> {
        log::record(self, record)
    }

    /// Entries after a head (all without one), up to the first that is missing, damaged or does not fit its hash, and
    /// whether what comes out is what the newest checkpoint signs, and grew out of the head.
    fn follow(&self, head: Option<&Head>) -> Result<Read, LedgerError> {
        log::follow(self, head)
    }

    /// Checks everything: see [`check`].
    fn check(&self, audit: &check::Audit<'_>) -> Result<check::Checked, LedgerError> {
        check::check(self, audit)
    }

    /// The root that the ledger had at a size, from its stored hashes; `None` where it has not come so far.
    fn root_at(&self, size: u64) -> Result<Option<Root>, LedgerError> {
        log::root_at(self, size)
    }
}
