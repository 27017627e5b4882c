//! What is told to the person when something does not work, and the only exit codes.

use std::fmt;

use crate::ledger::LedgerError;

/// Kinds of failures, one for each exit code of the command line's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A fault of Countersign itself.
    Internal,
    /// Usage or configuration.
    Usage,
    /// Policy blocks it.
    Blocked,
    /// Evidence is incomplete.
    Incomplete,
    /// Evidence is not what `--expect` named, or changed since it was shown.
    Unexpected,
    /// Could not sign.
    Signing,
    /// Not entitled: role, separation of duties, expired key.
    NotEntitled,
    /// Refused by the orchestrator.
    Refused,
    /// The outcome is unknown: recorded, not repeated.
    Unknown,
    /// Recorded; the quorum is not reached yet.
    Quorum,
    /// Verification failed, or nothing was found to verify.
    Verification,
    /// No such gate, or it is no longer open.
    NoGate,
    /// A report could not be read.
    Report,
}

impl ErrorKind {
    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Blocked => 3,
            Self::Incomplete => 4,
            Self::Unexpected => 5,
            Self::Signing => 6,
            Self::NotEntitled => 7,
            Self::Refused => 8,
            Self::Unknown => 9,
            Self::Quorum => 10,
            Self::Verification => 11,
            Self::NoGate => 12,
            Self::Report => 13,
        }
    }

    /// Where several apply, the first of 2, 12, 7, 5, 4, 3, 6, 8, 9, 10 is given; this is the place in that order.
    pub fn precedence(self) -> u8 {
        match self {
            Self::Usage => 0,
            Self::NoGate => 1,
            Self::NotEntitled => 2,
            Self::Unexpected => 3,
            Self::Incomplete => 4,
            Self::Blocked => 5,
            Self::Signing => 6,
            Self::Refused => 7,
            Self::Unknown => 8,
            Self::Quorum => 9,
            Self::Verification => 10,
            Self::Report => 11,
            Self::Internal => 12,
        }
    }
}

/// A failure as the person is told it. The message is safe to display.
#[derive(Debug, Clone)]
pub struct AppError {
    /// What kind; gives the exit code.
    pub kind: ErrorKind,
    /// A full sentence.
    pub message: String,
    /// What to do, each a full sentence.
    pub hints: Vec<String>,
}

impl AppError {
    /// A failure. Text from outside in `message` is made safe here.
    pub fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: crate::text::block(message.as_ref()).into_owned(), hints: Vec::new() }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hints.push(crate::text::line(hint.as_ref()).into_owned());
        self
    }

    /// A fault of Countersign itself.
    pub fn internal(message: impl AsRef<str>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Wrong usage or configuration.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AppError {}

impl From<LedgerError> for AppError {
    fn from(error: LedgerError) -> Self {
        match error {
            // Whatever was asked, what was kept does not verify.
            LedgerError::Damaged { .. } | LedgerError::Checkpoint { .. } | LedgerError::Corrupt { .. } => {
                Self::new(ErrorKind::Verification, error.to_string())
                    .hint("`countersign ledger check` says what is wrong with it.")
            }
            LedgerError::Evidence { .. } => Self::new(ErrorKind::Verification, error.to_string()),
            // What ledger.url names is no ledger that this version can open: configuration, not a fault of ours.
            LedgerError::Open { .. } | LedgerError::Closed(_) => Self::usage(error.to_string()).hint(
                "Mend what ledger.url names, or name another file: `countersign config print` shows where it is set.",
            ),
            LedgerError::NotThere(_) => Self::usage(error.to_string()),
            LedgerError::Use { .. } => Self::internal(error.to_string()),
        }
    }
}
