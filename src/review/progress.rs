//! What the use cases tell while they work.

use crate::domain::evidence::Reason;
use crate::domain::ids::GateId;

/// One thing that happened on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A source is being asked.
    Asking {
        /// The gate.
        gate: GateId,
        /// The piece's name.
        piece: String,
    },
    /// A piece came, or did not.
    Arrived {
        /// The gate.
        gate: GateId,
        /// The piece's name.
        piece: String,
        /// `complete`, `partial` or `missing`.
        status: &'static str,
        /// Why it is not complete.
        reason: Option<Reason>,
    },
    /// The approver's key is asked to sign.
    Signing {
        /// Whether the key wants to be touched.
        touch: bool,
        /// How long it is waited for.
        seconds: u64,
    },
    /// A step of the delivery, in a sentence.
    Delivery {
        /// The gate.
        gate: GateId,
        /// The sentence, safe to display.
        step: String,
    },
}

/// Who is told.
pub type Watcher<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Tells nobody.
pub fn quiet(_: Progress) {}
