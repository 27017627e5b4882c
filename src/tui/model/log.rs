//! What was done and what did not work: kept in reach, with details and hints.

use crate::domain::time::Timestamp;
use crate::tui::msg::Failure;

/// The most entries that are kept; the oldest go.
const LIMIT: usize = 200;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Whether it is something that did not work.
    pub bad: bool,
    /// What was being done.
    pub task: String,
    /// What came of it.
    pub message: String,
    /// What to do.
    pub hints: Vec<String>,
}

/// The entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    entries: Vec<Entry>,
}

/// What the status line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whether it is something that did not work.
    pub bad: bool,
    /// In a sentence.
    pub text: String,
}

impl Log {
    /// The entries, the newest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many did not work.
    pub fn errors(&self) -> usize {
        self.entries.iter().filter(|e| e.bad).count()
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: Entry) {
        self.entries.insert(0, entry);
        self.entries.truncate(LIMIT);
    }
}

impl Entry {
    /// Of something that did not work.
    pub fn failure(at: Timestamp, failure: Failure) -> Self {
        Self { at, bad: true, task: failure.task, message: failure.message, hints: failure.hints }
    }

    /// Of something that was done.
    pub fn done(at: Timestamp, task: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at, bad: false, task: task.into(), message: message.into(), hints: Vec::new() }
    }
}
