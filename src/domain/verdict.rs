//! What policy says of a dossier.

use serde::{Deserialize, Serialize};

/// The outcome of policy over a dossier, with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The outcome.
    pub result: Outcome,
    /// Why, the gravest first.
    pub reasons: Vec<Violation>,
}

impl Verdict {
    /// From reasons: the gravest level among them decides. Sorted, so that equal reasons give equal digests.
    pub fn of(mut reasons: Vec<Violation>) -> Self {
        reasons.sort();
        reasons.dedup();
        let result = reasons.first().map_or(Outcome::Pass, |r| match r.level {
            Level::Block => Outcome::Block,
            Level::Warn => Outcome::Warn,
            Level::Note => Outcome::Pass,
        });
        Self { result, reasons }
    }

    /// The reasons that block.
    pub fn blocking(&self) -> impl Iterator<Item = &Violation> {
        self.reasons.iter().filter(|r| r.level == Level::Block)
    }

    /// Whether evidence that is not there is among what blocks (exit 4 rather than 3).
    pub fn is_incomplete(&self) -> bool {
        self.blocking().any(|r| r.cause == Cause::Evidence)
    }

    /// Whether policy over evidence that is there is among what blocks.
    pub fn is_blocked(&self) -> bool {
        self.blocking().any(|r| r.cause == Cause::Policy)
    }
}

/// The outcome of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing against it.
    Pass,
    /// Something to know.
    Warn,
    /// It may not be approved.
    Block,
    /// Not judged yet, or the policy could not be evaluated; it may not be approved.
    Unknown,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Block => "block",
            Self::Unknown => "unknown",
        }
    }
}

/// One reason of a verdict. The order of the fields is the order in which reasons are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// How grave.
    pub level: Level,
    /// Whether evidence is missing, or is there and speaks against the release.
    pub cause: Cause,
    /// The stable kebab-case id of the rule: `findings-critical`.
    pub id: String,
    /// A full sentence. May quote text from outside: pass it through `text` before showing it.
    pub text: String,
    /// The names of the pieces of evidence that it rests on.
    pub evidence: Vec<String>,
}

/// How grave a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Forbids approval.
    Block,
    /// To be known.
    Warn,
    /// Said for completeness.
    Note,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Note => "note",
        }
    }
}

/// What a reason rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Evidence is missing or not complete.
    Evidence,
    /// The evidence speaks against the release.
    Policy,
}
