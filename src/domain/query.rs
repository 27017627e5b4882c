//! The query language over findings and gates: `sev>=high tool:zap !dismissed new text`.
//!
//! A stand-in with the final interface: bare words, matched with the title.

use std::ops::Range;

use super::triage::Triaged;

/// A query over findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
}

/// Why a query could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// The place in the query, in bytes.
    pub span: Range<usize>,
    /// A full sentence.
    pub message: String,
}

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if let Some(at) = text.find('"').filter(|_| text.matches('"').count() % 2 == 1) {
            return Err(QueryError { span: at..text.len(), message: "The quotation mark is not closed.".to_owned() });
        }
        Ok(Self { words: text.split_whitespace().map(str::to_lowercase).collect() })
    }

    /// Whether a finding is meant.
    pub fn matches(&self, triaged: &Triaged) -> bool {
        let title = triaged.finding.title.raw().to_lowercase();
        self.words.iter().all(|w| title.contains(w.trim_matches('"')))
    }
}
