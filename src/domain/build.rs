//! A build: what the continuous integration server did with the commit.

use serde::{Deserialize, Serialize};

use super::ids::Digest;
use super::time::Timestamp;
use crate::text::Untrusted;

/// One build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The job, with its folders.
    pub job: Untrusted,
    /// The number.
    pub number: u64,
    /// A link for people.
    pub url: Untrusted,
    /// How it ended.
    pub result: BuildResult,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// How long it took, in milliseconds; `None` while it runs.
    pub duration_ms: Option<u64>,
    /// The commit that was built.
    pub commit: Option<Untrusted>,
    /// The branch that was built.
    pub branch: Option<Untrusted>,
    /// Parameters, by name. Values that the server marks as passwords are not in it.
    pub parameters: Vec<(Untrusted, Untrusted)>,
    /// Why it ran: "Started by user Ana".
    pub causes: Vec<Untrusted>,
    /// Who is behind the causes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starters: Vec<Starter>,
    /// Counts of tests; `None` if the build published none.
    pub tests: Option<Tests>,
    /// The changes that the server lists.
    pub changes: Vec<BuildChange>,
    /// The files that the build archived.
    pub artifacts: Vec<BuildArtifact>,
}

/// Who is behind a build, or a cause of which the server does not say who that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Starter {
    /// The login, where the server knows it.
    pub login: Option<Untrusted>,
    /// The name in words; of a cause that names nobody, what the server says of it.
    pub name: Untrusted,
    /// Whether it was by pushing, and not by starting the build.
    pub pushed: bool,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildResult {
    /// All went well.
    Success,
    /// It ended, with failing tests or the like.
    Unstable,
    /// It failed.
    Failure,
    /// It was not built.
    NotBuilt,
    /// It was stopped.
    Aborted,
    /// It is still running.
    Running,
    /// A result that we do not know.
    Unknown,
}

impl BuildResult {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Unstable => "unstable",
            Self::Failure => "failure",
            Self::NotBuilt => "not-built",
            Self::Aborted => "aborted",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }
}

/// Counts of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tests {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests that were skipped.
    pub skipped: u32,
}

/// A change as the build server lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildChange {
    /// The commit.
    pub commit: Untrusted,
    /// The author's name.
    pub author: Untrusted,
    /// The message.
    pub message: Untrusted,
}

/// A file that a build archived.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuildArtifact {
    /// Its path within the archive.
    pub path: Untrusted,
    /// Its digest, once its bytes were read.
    pub digest: Option<Digest>,
}
