//! What the console asks of the world. Plain data; the loop does what concerns the terminal, the runtime the rest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::decision::Verb;
use crate::domain::finding::Finding;
use crate::domain::ids::{Digest, GateId, RecordId};
use crate::domain::triage::{Justification, Scope, Status};
use crate::text::Untrusted;
use crate::tui::model::secret::SecretInput;

/// Names one run of a form, so that a late answer to an earlier one is not taken for this one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(pub u64);

/// Names one question for a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskId(pub u64);

/// Something to be done outside of the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// List the open gates; answered by `GatesListed` or `Failed`.
    Refresh,
    /// Put together the dossier of one gate; answered by `PieceArrived`s and `DossierReady` or `AssemblyFailed`.
    Assemble(GateId),
    /// Fetch again what can change and prepare a decision, signing nothing; answered by `Prepared` or `Failed`.
    Prepare(Ask),
    /// Sign and deliver exactly what was prepared; answered by `SigningStarted`, `DecisionProgress`, `DecisionDone`.
    Sign(Go),
    /// Call a signature off: answered as its end, unless the ledger came first.
    CancelSigning(RequestId),
    /// Sign a triage record over findings; answered by `SigningStarted` and `Dismissed` or `Failed`, and then the
    /// gate's `DossierReady`.
    Dismiss(Box<Dismissing>),
    /// Answer the question for a passphrase; `None`: the person gives up, and nothing is signed.
    Passphrase(AskId, Option<SecretInput>),
    /// Read, open or check the ledger; answered by `Ledger` news.
    Ledger(LedgerAsk),
    /// Open an address in a browser. It begins with `http://` or `https://`.
    OpenUrl(String),
    /// Put text on the clipboard; answered by `Note`.
    Copy(String),
    /// Loop: turn the reporting of the mouse on or off.
    SetMouse(bool),
    /// Loop: hand the terminal back to the shell.
    Suspend,
    /// Loop: let the person write this text in an editor; answered by `Edited`.
    EditExternally(String),
    /// Loop: clear and paint everything again.
    Redraw,
    /// Loop: leave.
    Quit,
}

/// What is asked of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerAsk {
    /// List its records; answered by `State`, `Page`s and `Listed`, or `OutOfReach`.
    List(RequestId),
    /// Read one record in full; answered by `Opened`.
    Open {
        /// This opening.
        request: RequestId,
        /// The record.
        record: RecordId,
        /// Which of its documents.
        envelope: Digest,
    },
    /// Check all of it; answered by `Checking`s and `Checked`.
    Check(RequestId),
    /// Call a check off.
    CallOff(RequestId),
}

/// A decision to be prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// This run of the form.
    pub request: RequestId,
    /// The gate.
    pub gate: GateId,
    /// Which time the gate was asked, as the form froze it.
    pub attempt: String,
    /// The dossier that was on the screen: nothing else may be signed.
    pub expect: Digest,
    /// What is decided.
    pub verb: Verb,
    /// Why.
    pub reason: Untrusted,
    /// The input chosen, if the gate has any.
    pub option: Option<Untrusted>,
    /// The pieces of that dossier that were opened, by name.
    pub viewed: BTreeSet<String>,
}

/// A prepared decision to be signed: names it, and repeats what the person saw, for the runtime to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Go {
    /// The run of the form that prepared it.
    pub request: RequestId,
    /// The gate.
    pub gate: GateId,
    /// Which time the gate was asked.
    pub attempt: String,
    /// The dossier that was shown.
    pub dossier: Digest,
    /// What is decided.
    pub verb: Verb,
}

/// A dismissal to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissing {
    /// This run of the form.
    pub request: RequestId,
    /// The gate in whose dossier the findings were seen.
    pub gate: GateId,
    /// The dossier that was on the screen.
    pub dossier: Digest,
    /// The findings, as they were on the screen.
    pub findings: Vec<Arc<Finding>>,
    /// What is said of them.
    pub status: Status,
    /// Why they do not matter.
    pub justification: Option<Justification>,
    /// The reasoning.
    pub detail: Untrusted,
    /// Where it holds.
    pub scope: Scope,
    /// For how long it holds.
    pub expires: Option<Duration>,
}
