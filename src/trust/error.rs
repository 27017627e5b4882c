//! Faults in the files of trust, and how the failures of this room are told to the person.

use super::allowed_signers::NoPrincipal;
use super::signer::SignError;
use super::verify::VerifyError;
use crate::error::{AppError, ErrorKind};

/// A file of trust (allowed_signers, revoked keys) cannot be used. Nothing is trusted then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}.", place(.file, *.line))]
pub struct TrustFileError {
    /// The file, safe to display.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong. Safe to display.
    pub why: String,
    /// What to do, a full sentence.
    pub mend: String,
}

impl TrustFileError {
    pub(super) fn new(file: &str, line: Option<usize>, why: impl AsRef<str>, mend: &str) -> Self {
        Self {
            file: crate::text::line(file).into_owned(),
            line,
            why: crate::text::line(why.as_ref()).into_owned(),
            mend: mend.to_owned(),
        }
    }
}

fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

impl From<TrustFileError> for AppError {
    fn from(error: TrustFileError) -> Self {
        Self::new(ErrorKind::Usage, error.to_string()).hint(&error.mend)
    }
}

impl From<SignError> for AppError {
    fn from(error: SignError) -> Self {
        let kind = match error {
            SignError::Setting { .. } => ErrorKind::Usage,
            _ => ErrorKind::Signing,
        };
        error.hints().iter().fold(Self::new(kind, error.to_string()), Self::hint)
    }
}

impl From<VerifyError> for AppError {
    fn from(error: VerifyError) -> Self {
        Self::new(ErrorKind::Verification, error.to_string()).hint(error.hint())
    }
}

impl From<NoPrincipal> for AppError {
    /// Of the approver's own key, before signing.
    fn from(error: NoPrincipal) -> Self {
        Self::new(ErrorKind::NotEntitled, error.to_string()).hint(error.hint())
    }
}
