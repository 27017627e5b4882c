//! Whether a decision is the one that a pipeline waits for.

use super::Verified;
use crate::domain::decision::Verb;
use crate::domain::ids::{Digest, GateId};

/// What a pipeline expects. All of it is said by the caller; nothing is taken from the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The gate.
    pub gate: GateId,
    /// Which time the gate is asked; `None` if the pipeline cannot know. A restarted gate has another attempt, and an
    /// approval of the earlier one does not hold for it.
    pub attempt: Option<String>,
    /// The environment.
    pub environment: String,
    /// The artifacts that are to be released: each must be covered.
    pub artifacts: Vec<Digest>,
    /// The commit that is to be released.
    pub commit: Option<String>,
    /// The gate's input that must have been chosen; `None` for any.
    pub option: Option<String>,
    /// The policy; `None` for any.
    pub policy: Option<Digest>,
    /// What must have been decided: approve, for a pipeline that goes on.
    pub verb: Verb,
}

/// Why a good decision is not the one that is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// It is no decision.
    #[error("The document is not a decision, and a decision is expected.")]
    NotADecision,
    /// It decides something else.
    #[error("The decision is to {found}, and {expected} is expected.")]
    Verb {
        /// What it says.
        found: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// It is over something else: another gate, attempt, environment or policy.
    #[error("The decision is over the {what} {found}, and {expected} is expected.")]
    Other {
        /// What differs.
        what: &'static str,
        /// What it says, safe to display.
        found: String,
        /// What is expected, safe to display.
        expected: String,
    },
    /// It does not cover an artifact, a commit or an input.
    #[error("The decision does not cover the {what} {expected}.")]
    NotCovered {
        /// What it is.
        what: &'static str,
        /// Which.
        expected: String,
    },
}

impl BindingError {
    /// What to do, a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotADecision => "Name the envelope of the decision.",
            Self::Verb { .. } => "Do not go on: what was decided is not what this step needs.",
            Self::Other { .. } => {
                "This decision was made for something else and cannot be used here; have this gate decided."
            }
            Self::NotCovered { .. } => {
                "What is to be released is not what was approved: have the release decided anew."
            }
        }
    }
}

impl From<BindingError> for crate::error::AppError {
    fn from(error: BindingError) -> Self {
        Self::new(crate::error::ErrorKind::Verification, error.to_string()).hint(error.hint())
    }
}

/// Checks that a verified decision is over exactly what is expected.
pub fn check_binding(verified: &Verified, expected: &Expected) -> Result<(), BindingError> {
    let decision = verified.statement.decision().ok_or(BindingError::NotADecision)?;
    if decision.decision != expected.verb {
        return Err(BindingError::Verb { found: decision.decision.word(), expected: expected.verb.word() });
    }
    let same = |what: &'static str, found: &str, expected: &str| {
        if found == expected {
            return Ok(());
        }
        let shown = |text: &str| crate::text::line(text).into_owned();
        Err(BindingError::Other { what, found: shown(found), expected: shown(expected) })
    };
    same("gate", &decision.orchestrator.gate.to_string(), &expected.gate.to_string())?;
    if let Some(attempt) = &expected.attempt {
        same("attempt", &decision.orchestrator.attempt, attempt)?;
    }
    same("environment", &decision.environment.name, &expected.environment)?;
    if let Some(option) = &expected.option {
        let Some(chosen) = &decision.orchestrator.option else {
            return Err(BindingError::NotCovered { what: "input", expected: crate::text::line(option).into_owned() });
        };
        same("input", chosen.raw(), option)?;
    }
    if let Some(policy) = &expected.policy {
        same("policy", decision.policy.digest.as_str(), policy.as_str())?;
    }
    let covers = |kind: &str, digest: &str| {
        verified.statement.subject.iter().any(|s| s.digest.get(kind).is_some_and(|d| d == digest))
    };
    for artifact in &expected.artifacts {
        if !covers("sha256", artifact.hex()) {
            return Err(BindingError::NotCovered { what: "artifact", expected: artifact.to_string() });
        }
    }
    if let Some(commit) = &expected.commit
        && !covers("gitCommit", &commit.to_ascii_lowercase())
        // Where artifacts are the subject, the commit is signed beside them.
        && decision.release.commit.as_ref().is_none_or(|c| !c.raw().eq_ignore_ascii_case(commit))
    {
        return Err(BindingError::NotCovered { what: "commit", expected: crate::text::line(commit).into_owned() });
    }
    Ok(())
}
