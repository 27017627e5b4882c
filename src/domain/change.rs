//! What changed since the last approved release.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use crate::text::Untrusted;

/// The commits between two releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// The commit of the last approved release; `None` if there is none known, and then only the release's own commit
    /// is listed.
    pub base: Option<Untrusted>,
    /// The commit of this release.
    pub head: Option<Untrusted>,
    /// How the two lie to each other: `ahead`, `behind`, `diverged`, `identical`, as GitHub says. Behind or diverged
    /// means that the release takes something back.
    pub relation: Option<Untrusted>,
    /// The commits, the newest first.
    pub commits: Vec<Commit>,
    /// The pull requests that brought them.
    pub pull_requests: Vec<PullRequest>,
    /// How many files changed, where the server says.
    pub files_changed: Option<u32>,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The full hash.
    pub sha: Untrusted,
    /// The whole message.
    pub message: Untrusted,
    /// The author's name as git records it.
    pub author: Untrusted,
    /// The author's mail as git records it.
    pub author_email: Option<Untrusted>,
    /// The author's login, where the server knows it.
    pub login: Option<Untrusted>,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// Whether the server verified its signature; `None` if it does not say.
    pub verified: Option<bool>,
    /// Who committed it, where that is not the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committer: Option<Committer>,
}

/// Who committed what somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committer {
    /// The name as git records it.
    pub name: Untrusted,
    /// The mail as git records it.
    pub email: Option<Untrusted>,
    /// The login, where the server knows it.
    pub login: Option<Untrusted>,
}

/// One pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The number.
    pub number: u64,
    /// The title.
    pub title: Untrusted,
    /// The author's login.
    pub author: Untrusted,
    /// A link for people.
    pub url: Option<Untrusted>,
    /// When it was merged, if it was.
    pub merged_at: Option<Timestamp>,
}
