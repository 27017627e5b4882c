//! News of the ledger. Plain data.

use std::sync::Arc;

use super::Failure;
use crate::domain::record::{LedgerCheck, LedgerState, RecordLine, RecordSheet};
use crate::domain::time::Timestamp;
use crate::tui::effect::RequestId;

/// What comes of reading, opening and checking; each names the request that it answers.
#[derive(Debug, Clone, PartialEq)]
pub enum LedgerNews {
    /// How far the ledger reaches, and what is wrong with it.
    State {
        /// The reading.
        request: RequestId,
        /// What was found.
        state: Box<LedgerState>,
        /// Now.
        now: Timestamp,
    },
    /// Some records, the newest first; those of later pages are older.
    Page {
        /// The reading.
        request: RequestId,
        /// The records.
        lines: Vec<RecordLine>,
    },
    /// There are no more records.
    Listed {
        /// The reading.
        request: RequestId,
    },
    /// The ledger cannot be read.
    OutOfReach {
        /// The reading.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
    /// A record in full, or why not.
    Opened {
        /// The opening.
        request: RequestId,
        /// The record.
        sheet: Result<Arc<RecordSheet>, Failure>,
    },
    /// So many entries of so many were checked.
    Checking {
        /// The check.
        request: RequestId,
        /// Those that were looked at.
        done: u64,
        /// All.
        all: u64,
    },
    /// A check came to its end.
    Checked {
        /// The check.
        request: RequestId,
        /// What it found; `None`: it was called off.
        check: Result<Option<Box<LedgerCheck>>, Failure>,
    },
}
