//! What SonarQube judged of an analysis.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use crate::text::Untrusted;

/// The quality gate of one project, and which commit was analysed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityGate {
    /// The project's key.
    pub project: Untrusted,
    /// The outcome.
    pub status: QualityStatus,
    /// The conditions that failed or warned.
    pub conditions: Vec<Condition>,
    /// The analysis that it speaks of.
    pub analysis: Option<Untrusted>,
    /// When that analysis was made.
    pub analysed_at: Option<Timestamp>,
    /// The commit that was analysed.
    pub revision: Option<Untrusted>,
}

/// The outcome of a quality gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QualityStatus {
    /// Passed.
    Ok,
    /// Passed with warnings.
    Warn,
    /// Failed.
    Error,
    /// There is no analysis.
    None,
}

/// One condition of a quality gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The metric.
    pub metric: Untrusted,
    /// The outcome.
    pub status: QualityStatus,
    /// What was measured, as the server writes it.
    pub actual: Option<Untrusted>,
    /// What was asked for, as the server writes it.
    pub threshold: Option<Untrusted>,
    /// `LT` or `GT`.
    pub comparator: Option<Untrusted>,
}
