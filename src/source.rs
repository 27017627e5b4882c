//! Where evidence comes from: one trait, one file a system.

pub mod folder;
pub mod github;
pub mod jenkins;
pub mod jira;
pub mod registry;
pub mod sonarqube;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use hyper::body::Bytes;

use crate::domain::build::Build;
use crate::domain::canonical;
use crate::domain::change::ChangeSet;
use crate::domain::evidence::{FindingSet, Kind, Reason};
use crate::domain::gate::BuildRef;
use crate::domain::ids::Digest;
use crate::domain::release::Release;
use crate::domain::ticket::Ticket;
use crate::domain::time::Timestamp;
use crate::http::{Answer, Fault, FaultKind};
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
    /// Takes bytes that need not be held until all is read.
    pub keeper: Keeper,
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
    pub body: Body,
}

/// Bytes as received, or what is known of them once they were given away.
#[derive(Debug, Clone)]
pub enum Body {
    /// The bytes; clones share them.
    Held(Bytes),
    /// They were kept, or only digested, by the [`Keeper`].
    Given {
        /// Their digest.
        digest: Digest,
        /// How many.
        size: u64,
    },
}

impl Raw {
    /// The bytes, as far as they are still held.
    pub fn held(&self) -> &[u8] {
        match &self.body {
            Body::Held(bytes) => bytes,
            Body::Given { .. } => &[],
        }
    }
}

impl From<Answer> for Raw {
    fn from(answer: Answer) -> Self {
        Self { uri: answer.uri, media_type: answer.media_type, body: Body::Held(answer.body) }
    }
}

/// Takes the bytes behind evidence as they come: keeps them where that is wanted, and gives their digest. Blocking.
type Take = dyn Fn(&[u8]) -> Option<Digest> + Send + Sync;

/// Where a source may give bytes away. The default digests and drops them.
#[derive(Clone)]
pub struct Keeper(Arc<Take>);

impl Keeper {
    /// A keeper; `take` gives the digest, or `None` if the bytes could not be kept: they are then held, and whoever
    /// gets them finds out why.
    pub fn new(take: impl Fn(&[u8]) -> Option<Digest> + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Gives the bytes of an answer away.
    pub(crate) async fn keep(&self, raw: Raw) -> Raw {
        let Raw { uri, media_type, body: Body::Held(bytes) } = raw else { return raw };
        let bytes = Arc::new(bytes);
        let (take, given) = (Arc::clone(&self.0), Arc::clone(&bytes));
        let taken = crate::contained::blocking(move || take(&given)).await;
        let body = match taken {
            Ok(Some(digest)) => Body::Given { digest, size: bytes.len() as u64 },
            Ok(None) | Err(_) => Body::Held(Arc::unwrap_or_clone(bytes)),
        };
        Raw { uri, media_type, body }
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new(|bytes| Some(canonical::sha256(bytes)))
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper")
    }
}

/// Why a piece is not all there, collected while it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shortfalls(Vec<Reason>);

impl Shortfalls {
    /// Adds a reason.
    pub(crate) fn add(&mut self, code: &str, text: impl Into<Untrusted>) {
        self.0.push(Reason::new(code, text));
    }

    /// Adds a fault of a part of the evidence, `what`: "The test report could not be read".
    pub(crate) fn fault(&mut self, what: &str, fault: &Fault) {
        self.add(fault.kind.code(), format!("{what}: {}", fault.sentence()));
    }

    /// All reasons as one: the first code, which the content digest covers, and up to five of the texts.
    pub(crate) fn into_reason(self) -> Option<Reason> {
        const SHOWN: usize = 5;
        let code = self.0.first()?.code.clone();
        let mut texts: Vec<String> = self.0.iter().take(SHOWN).map(|r| r.text.raw().to_owned()).collect();
        if self.0.len() > SHOWN {
            texts.push(format!("And {} more.", self.0.len() - SHOWN));
        }
        Some(Reason::new(code, texts.join(" ")))
    }
}

/// The fault of asking a system for what it does not have.
pub(crate) fn not_served(uri: &str, system: &str, what: &What) -> Fault {
    let wanted = match what {
        What::Build { .. } => "builds",
        What::Artifacts { .. } => "archived files",
        What::Folder { .. } => "files of a folder",
        What::Jql { .. } | What::Keys { .. } => "tickets",
        What::Project { .. } => "a quality gate and issues",
        What::Repository { .. } => "commits",
    };
    Fault::new(FaultKind::Setup, uri, format!("{system} has no {wanted}; check `from` in the configuration"))
}

/// What a check of a connection found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// One line for people: who we are there, which version.
    pub line: String,
    /// The other side's clock, where it gives it.
    pub date: Option<Timestamp>,
}
