//! A ticket: what the change was for.

use serde::{Deserialize, Serialize};

use crate::text::Untrusted;

/// One ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The key, `PAY-12`.
    pub key: Untrusted,
    /// The summary.
    pub summary: Untrusted,
    /// The name of its status: `In Review`.
    pub status: Untrusted,
    /// The category of that status, which is the same in every workflow.
    pub category: StatusCategory,
    /// `Bug`, `Story`.
    pub kind: Option<Untrusted>,
    /// `High`.
    pub priority: Option<Untrusted>,
    /// Who works on it.
    pub assignee: Option<Untrusted>,
    /// How it was resolved, if it was.
    pub resolution: Option<Untrusted>,
    /// The versions that it is to be fixed in.
    pub fix_versions: Vec<Untrusted>,
    /// A link for people.
    pub url: Option<Untrusted>,
    /// How it was found: `fix version`, `query`, `commit message`.
    pub found_by: Vec<FoundBy>,
}

/// The three categories that every Jira status belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusCategory {
    /// Not begun.
    ToDo,
    /// Begun.
    InProgress,
    /// Done.
    Done,
    /// The server did not say, or the ticket could not be read.
    Unknown,
}

impl StatusCategory {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ToDo => "to do",
            Self::InProgress => "in progress",
            Self::Done => "done",
            Self::Unknown => "unknown",
        }
    }
}

/// How a ticket came to belong to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// The configured query.
    Query,
    /// Its key stands in a commit message of the change.
    CommitMessage,
}
