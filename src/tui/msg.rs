//! What can happen to the console. Plain data.

mod ledger;

use std::sync::Arc;

use crate::domain::decision::{Decision, ReceiptStatus, Verb};
use crate::domain::dossier::{Count, Dossier};
use crate::domain::gate::Gate;
use crate::domain::ids::{Digest, GateId, Principal};
use crate::domain::quorum::Standing;
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::domain::verdict::{Outcome, Violation};
use crate::text::Untrusted;

use super::action::Action;
use super::effect::{AskId, RequestId};
use super::keymap::Key;

pub use ledger::LedgerNews;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// An action was asked for, by key or from a menu.
    Act(Action),
    /// A key that begins a sequence.
    Prefix(Key),
    /// Keys that mean nothing here.
    NoSuchKey(String),
    /// The text field was edited.
    Edit(Edit),
    /// Text was pasted. It goes into text fields only.
    Paste(String),
    /// A line was clicked: column and row of the screen.
    Click(u16, u16),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// A second has passed; only sent while something on the screen counts.
    Tick(Timestamp),
    /// Nothing else happens: what is being looked for is gone on with.
    GoOn,
    /// The terminal was handed back to us.
    Resumed,
    /// The system asks us to suspend.
    SuspendAsked,
    /// The system asks us to end, or the terminal is gone.
    Terminate,
    /// The editor was left; `None`: without a text.
    Edited(Option<String>),

    /// The open gates.
    GatesListed(Box<Listed>),
    /// A source answered, or was asked.
    PieceArrived(Box<Arrival>),
    /// A dossier is put together.
    DossierReady {
        /// The gate.
        gate: GateId,
        /// Its dossier.
        dossier: Arc<Dossier>,
        /// The decisions over it, from the ledger.
        decisions: Arc<Vec<Decision>>,
        /// How far its approvals are over this evidence, if that could be told.
        approvals: Option<Approvals>,
        /// Now.
        now: Timestamp,
    },
    /// A dossier could not be put together at all.
    AssemblyFailed {
        /// The gate.
        gate: GateId,
        /// Why.
        failure: Failure,
    },
    /// Something did not work.
    Failed {
        /// The run of a form that it ends, if any.
        request: Option<RequestId>,
        /// What happened.
        failure: Failure,
    },
    /// A decision is prepared; nothing is signed.
    Prepared {
        /// The run of the form.
        request: RequestId,
        /// What would be signed and sent.
        preview: Box<DecisionPreview>,
    },
    /// The signer was asked.
    SigningStarted {
        /// The run of the form.
        request: RequestId,
        /// Whether the key waits for a touch.
        touch: bool,
        /// How long it waits, in seconds.
        deadline_seconds: u64,
        /// Now.
        now: Timestamp,
    },
    /// The signer needs the passphrase of its key.
    PassphraseAsked {
        /// Which question it is.
        ask: AskId,
        /// The key file.
        key: String,
        /// Whether the one that was given before did not fit.
        again: bool,
    },
    /// A step of a decision was made: signed, recorded, sent, accepted.
    DecisionProgress {
        /// The run of the form.
        request: RequestId,
        /// In a sentence.
        step: String,
    },
    /// The ledger was read again for a gate, which may be open no longer.
    RecordsRead {
        /// The gate.
        gate: GateId,
        /// The decisions over it.
        decisions: Arc<Vec<Decision>>,
        /// How far its approvals are, if that could be told.
        approvals: Option<Approvals>,
    },
    /// A decision came to its end.
    DecisionDone {
        /// The run of the form.
        request: RequestId,
        /// How.
        result: DecisionResult,
        /// In a sentence.
        text: String,
        /// What was last seen at the orchestrator.
        receipt: Option<ReceiptStatus>,
    },
    /// Findings were dismissed.
    Dismissed {
        /// The run of the form.
        request: RequestId,
        /// The gate.
        gate: GateId,
        /// How many findings.
        count: usize,
        /// In a sentence.
        text: String,
    },
    /// News of the ledger.
    Ledger(LedgerNews),
    /// Something was done that needs no answer: copied, opened. In a sentence.
    Note(String),
}

/// A change of the text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A character was typed.
    Insert(char),
    /// The character before the cursor goes.
    Backspace,
    /// The character under the cursor goes.
    Delete,
    /// The word before the cursor goes.
    DeleteWord,
    /// Everything before the cursor goes.
    DeleteToStart,
    /// The cursor goes left.
    Left,
    /// The cursor goes right.
    Right,
    /// The cursor goes to the beginning.
    Home,
    /// The cursor goes to the end.
    End,
}

/// The open gates.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The gates.
    pub rows: Vec<GateRow>,
    /// What could not be read, each in a sentence.
    pub shortfalls: Vec<String>,
    /// Now.
    pub now: Timestamp,
}

/// One open gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRow {
    /// The gate.
    pub gate: Gate,
    /// What it holds back.
    pub release: Release,
    /// The `[[service]]` that it was matched with.
    pub service: Option<String>,
    /// How far its approvals are, and whether it waits for this person.
    pub approvals: Approvals,
}

/// How far the approvals of a gate are, as this person sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    /// How far they are.
    pub standing: Standing,
    /// Whether it waits for this person: a seat is empty that this person could take, and has not taken. Never where it is
    /// not known who this is.
    pub mine: bool,
    /// Whether they were counted over the evidence that is there now; else over what each approver saw.
    pub counted_now: bool,
}

impl Approvals {
    /// In words, with what is counted: `1 of 2 approvals, waits for security`.
    pub fn words(&self, what: &str) -> String {
        // Where there are none yet, no evidence can make a difference.
        let early = !self.counted_now && self.standing.have > 0;
        let of = if early { " as of the evidence they saw" } else { "" };
        self.standing.words_of(&format!("{what}{of}"))
    }
}

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceState {
    /// It was asked.
    Asking,
    /// All is there.
    Complete,
    /// Some is there.
    Partial,
    /// Nothing is there.
    Missing,
}

/// News of one piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The gate.
    pub gate: GateId,
    /// The piece's name.
    pub piece: String,
    /// Where it stands.
    pub state: PieceState,
    /// Why it is not all there.
    pub reason: Option<Untrusted>,
}

/// Something that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was being done: `approve payments@1.4.2/prod`; exactly `refresh` for the list of gates, which ends it.
    pub task: String,
    /// A full sentence.
    pub message: String,
    /// What to do, each a full sentence.
    pub hints: Vec<String>,
}

/// What would be signed and sent, for the person to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionPreview {
    /// What is decided.
    pub verb: Verb,
    /// The gate.
    pub gate: GateId,
    /// The release's short address.
    pub release: String,
    /// Which time the gate was asked, as it was read just now.
    pub attempt: String,
    /// The digest of the dossier, as it was read just now.
    pub dossier: Digest,
    /// Why, as it was typed.
    pub reason: Untrusted,
    /// What the gate is answered with, if it has inputs to choose from.
    pub option: Option<Untrusted>,
    /// What it is about: commit and artifacts.
    pub about: Release,
    /// Its findings.
    pub findings: Count,
    /// Its verdict.
    pub verdict: Outcome,
    /// What the verdict rests on, the gravest first.
    pub reasons: Vec<Violation>,
    /// The pieces of evidence that are not all there.
    pub missing: Vec<String>,
    /// What signing does, in a sentence; empty where that cannot be told.
    pub then: String,
    /// Whether something is sent at once, and not only recorded.
    pub sends: bool,
    /// What to know before, each in a sentence.
    pub remarks: Vec<String>,
    /// What the person decided before and is taken up now in place of this, in a sentence.
    pub earlier: Option<String>,
    /// The person, as the key says.
    pub principal: Principal,
    /// As what that person acts, and who lent it: `security, lent by sam@example.com`.
    pub acts_as: Option<String>,
    /// The key.
    pub key: KeyInfo,
    /// How far the approvals are; for an approval only.
    pub approvals: Option<ApprovalPreview>,
    /// What would be sent, exactly, secrets masked.
    pub requests: Vec<String>,
    /// Why it cannot be done. Then nothing can be signed.
    pub refusal: Option<String>,
    /// What differs from the dossier that was on the screen. Then nothing can be signed either.
    pub differences: Vec<String>,
}

impl DecisionPreview {
    /// The word of the button, by what happens.
    pub fn button(&self) -> &'static str {
        match (&self.earlier, self.sends) {
            (Some(_), _) => "Settle the earlier one",
            (None, true) => "Sign and send",
            (None, false) => "Sign and record",
        }
    }
}

/// How far the approvals are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalPreview {
    /// How far they are.
    pub standing: String,
    /// Who is excluded and cannot be placed, in a sentence.
    pub unplaced: Option<String>,
}

/// The key that would sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// `SHA256:...`.
    pub fingerprint: String,
    /// `ED25519-SK`.
    pub kind: String,
    /// Whether it is in hardware and may wait for a touch.
    pub hardware: bool,
    /// The key's comment.
    pub comment: String,
}

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionResult {
    /// The gate was seen to do it.
    Effective,
    /// It is recorded, and more approvals are needed or nothing was to be sent.
    Recorded,
    /// The orchestrator refused it.
    Refused,
    /// It is recorded, and what came of it is not known. It is not repeated.
    Unknown,
    /// Nothing was signed.
    NotSigned,
}

impl DecisionResult {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Recorded => "recorded",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::NotSigned => "not signed",
        }
    }
}
