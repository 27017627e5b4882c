//! Why a ledger cannot be used, or does not hold.

use crate::domain::ids::Digest;

/// Why the ledger cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// What it is kept in is damaged.
    #[error("The ledger {location} is damaged: {why}")]
    Corrupt {
        /// Where.
        location: String,
        /// How.
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
    /// The entries, the tree over them and the checkpoint do not fit together, or the checkpoint is not to be believed.
    #[error("The ledger {location} does not hold at {size} entries: {why}")]
    Checkpoint {
        /// Where.
        location: String,
        /// At which size.
        size: u64,
        /// How.
        why: String,
    },
    /// What was asked for is not there.
    #[error("{0}")]
    NotThere(String),
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

impl LedgerError {
    /// Whether something was changed, as opposed to being out of reach.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Damaged { .. } | Self::Checkpoint { .. } | Self::Evidence { .. })
    }
}
