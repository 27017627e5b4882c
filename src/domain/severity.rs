//! How bad a finding is: six values, and counts of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is, as the tool says. The order is from the worst down; `Unknown` is last in lists and counts as
/// high for policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be mended before anything else.
    Critical,
    /// Serious.
    High,
    /// To be mended in time.
    Medium,
    /// Of little consequence.
    Low,
    /// A remark.
    Info,
    /// The tool did not say.
    Unknown,
}

impl Severity {
    /// All values, the worst first.
    pub const ALL: [Self; 6] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info, Self::Unknown];

    /// The word for it, lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// How bad in numbers, 5 for critical to 1 for info; unknown counts as high (4).
    pub fn weight(self) -> u8 {
        match self {
            Self::Critical => 5,
            Self::High | Self::Unknown => 4,
            Self::Medium => 3,
            Self::Low => 2,
            Self::Info => 1,
        }
    }

    /// From a CVSS score of 0.0 to 10.0, by the qualitative rating scale of CVSS v3.
    pub fn from_score(score: f64) -> Self {
        match score {
            s if !(0.0..=10.0).contains(&s) => Self::Unknown,
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Info,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = ();

    /// Reads the six words in any case, and their first letters' usual abbreviations (`crit`, `med`).
    fn from_str(text: &str) -> Result<Self, ()> {
        const WORDS: [(&[&str], Severity); 6] = [
            (&["critical", "crit"], Severity::Critical),
            (&["high"], Severity::High),
            (&["medium", "med", "moderate"], Severity::Medium),
            (&["low"], Severity::Low),
            (&["info", "informational"], Severity::Info),
            (&["unknown"], Severity::Unknown),
        ];
        let is_said = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        WORDS.iter().find(|(words, _)| is_said(words)).map(|(_, severity)| *severity).ok_or(())
    }
}

/// How many findings of each severity, how many are dismissed, and how many are new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Open findings by severity; dismissed ones are in `dismissed` only.
    pub critical: u32,
    /// See [`critical`](Self::critical).
    pub high: u32,
    /// See [`critical`](Self::critical).
    pub medium: u32,
    /// See [`critical`](Self::critical).
    pub low: u32,
    /// See [`critical`](Self::critical).
    pub info: u32,
    /// See [`critical`](Self::critical).
    pub unknown: u32,
    /// Findings with a dismissal in force, of any severity.
    pub dismissed: u32,
    /// Open findings that the last approved release did not have; `None`: not known, as there is nothing to compare
    /// with. It is left out then, so that nothing is signed that nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<u32>,
}

impl Tally {
    /// Counts one open finding.
    pub fn add(&mut self, severity: Severity) {
        let slot = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
            Severity::Unknown => &mut self.unknown,
        };
        *slot += 1;
    }

    /// Open findings of one severity.
    pub fn of(&self, severity: Severity) -> u32 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
            Severity::Unknown => self.unknown,
        }
    }

    /// How many are new, in words.
    pub fn new_words(&self) -> String {
        self.new.map_or_else(|| "new: not known".to_owned(), |new| format!("{new} new"))
    }

    /// All open findings.
    pub fn open(&self) -> u32 {
        Severity::ALL.iter().map(|s| self.of(*s)).sum()
    }
}
