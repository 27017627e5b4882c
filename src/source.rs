//! Where evidence comes from: one trait, one file a system.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::domain::build::Build;
use crate::domain::change::ChangeSet;
use crate::domain::evidence::{FindingSet, Kind, Reason};
use crate::domain::gate::BuildRef;
use crate::domain::release::Release;
use crate::domain::ticket::Ticket;
use crate::domain::time::Timestamp;
use crate::http::Fault;
use crate::text::Untrusted;

/// A system that evidence is fetched from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Fetches one piece of evidence.
    ///
    /// Whatever could be read is given, with the reason why it is not all in [`Gathered::shortfall`]; a fault is for
    /// when nothing could be.
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault>;

    /// Asks who we are there, for `doctor` and `login`. Gives one line for people.
    async fn check(&self) -> Result<Checked, Fault>;
}

/// What is asked of a source, its templates filled in already.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What kind of evidence.
    pub kind: Kind,
    /// What exactly.
    pub what: What,
    /// The release that it is for.
    pub release: Release,
    /// The build that the run's trigger names.
    pub build: Option<BuildRef>,
    /// The commit of the last approved release.
    pub base: Option<Untrusted>,
}

/// What exactly is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Jenkins: the build that the trigger names, or the newest of `job` for the release's commit.
    Build {
        /// The job, if configured.
        job: Option<String>,
    },
    /// Jenkins: archived report files of that build.
    Artifacts {
        /// A glob over their paths: `reports/**`.
        pattern: String,
        /// The job, if configured.
        job: Option<String>,
    },
    /// Files in a folder of this machine.
    Folder {
        /// The folder, or one file.
        path: PathBuf,
    },
    /// Jira: what a query finds.
    Jql {
        /// The query, values escaped.
        jql: String,
    },
    /// Jira: tickets by key, as found in commit messages.
    Keys {
        /// The keys, not yet validated.
        keys: Vec<String>,
    },
    /// SonarQube: gate, issues and hotspots of a project.
    Project {
        /// Its key.
        project: String,
        /// The branch, if not the main one.
        branch: Option<String>,
    },
    /// GitHub: what changed in a repository.
    Repository {
        /// `owner/name`.
        repository: String,
    },
}

/// What came of asking a source.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// The address asked first, for people.
    pub uri: String,
    /// What came.
    pub material: Material,
    /// Every answer or file behind it, in the order read. Bytes as received.
    pub raw: Vec<Raw>,
    /// Why it is not all there, if it is not.
    pub shortfall: Option<Reason>,
    /// The source's clock, where it gives it.
    pub date: Option<Timestamp>,
}

/// What a source gives.
#[derive(Debug, Clone)]
pub enum Material {
    /// Builds.
    Builds(Vec<Build>),
    /// Tickets.
    Tickets(Vec<Ticket>),
    /// Findings, normalised by the source itself.
    Findings(Box<FindingSet>),
    /// Report files, to be read by the report room: indices into [`Gathered::raw`] are their order there.
    Reports,
    /// Changes.
    Changes(ChangeSet),
}

/// One answer or file, as received.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The address or the file name, without secrets.
    pub uri: String,
    /// The media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a check of a connection found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// One line for people: who we are there, which version.
    pub line: String,
    /// The other side's clock, where it gives it.
    pub date: Option<Timestamp>,
}
