//! The shapes of GitHub's answers, as far as they are read. Everything may be missing or null.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::change::{self, PullRequest};
use crate::domain::time::Timestamp;

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) status: Option<String>,
    pub(super) total_commits: Option<usize>,
    pub(super) commits: Vec<Commit>,
    pub(super) files: Option<Vec<IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    sha: String,
    #[serde(rename = "commit")]
    git: Option<Git>,
    author: Option<User>,
    committer: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Git {
    message: Option<String>,
    author: Option<Person>,
    committer: Option<Person>,
    verification: Option<Verification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    name: Option<String>,
    email: Option<String>,
    date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verification {
    verified: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) login: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pull {
    pub(super) number: Option<u64>,
    title: Option<String>,
    user: Option<User>,
    html_url: Option<String>,
    merged_at: Option<String>,
}

impl Commit {
    pub(super) fn into_commit(self) -> change::Commit {
        let git = self.git.unwrap_or_default();
        let author = git.author.unwrap_or_default();
        let committer = git.committer.map(|by| change::Committer {
            name: by.name.unwrap_or_default().into(),
            email: by.email.map(Into::into),
            login: self.committer.and_then(|u| u.login).map(Into::into),
        });
        let wrote = change::Committer {
            name: author.name.clone().unwrap_or_default().into(),
            email: author.email.clone().map(Into::into),
            login: self.author.as_ref().and_then(|u| u.login.clone()).map(Into::into),
        };
        change::Commit {
            committer: committer.filter(|by| *by != wrote),
            sha: self.sha.into(),
            message: git.message.unwrap_or_default().into(),
            author: author.name.unwrap_or_default().into(),
            author_email: author.email.map(Into::into),
            login: self.author.and_then(|u| u.login).map(Into::into),
            time: author.date.and_then(|d| Timestamp::parse_lenient(&d)),
            verified: git.verification.and_then(|v| v.verified),
        }
    }
}

impl Pull {
    pub(super) fn into_pull_request(self) -> Option<PullRequest> {
        Some(PullRequest {
            number: self.number?,
            title: self.title.unwrap_or_default().into(),
            // A deleted account is null.
            author: self.user.and_then(|u| u.login).unwrap_or_default().into(),
            url: self.html_url.map(Into::into),
            merged_at: self.merged_at.and_then(|d| Timestamp::parse_lenient(&d)),
        })
    }
}
