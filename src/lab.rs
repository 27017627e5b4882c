//! The demo world: stand-ins for the remote systems, over real HTTP on loopback, from scenario files.
//!
//! Seven stand-ins keep state and answer in the shapes of Spinnaker's Gate, Jenkins, Jira (Cloud and Data Center),
//! SonarQube, GitHub, Dependency-Track and DefectDojo, with the traps that the real systems set: answers of 200 that mean nothing, refusals that come
//! later, limits of paging, strict and odd shapes. What they hold is data, read from scenario files ([`World`]); what they
//! answer wrongly on purpose is data too ([`Fault`]). The room knows none of the clients that it tests.
//!
//! [`start`] serves a world until the returned [`Running`] is dropped; [`home::prepare`] writes the folder that a person
//! or a script needs to work against it.

use std::path::PathBuf;

use crate::clock::{SharedClock, SystemClock};

mod attest;
mod auth;
mod call;
mod defectdojo;
mod dependency_track;
mod fault;
mod github;
pub mod home;
mod jenkins;
mod jira;
mod roles;
mod running;
mod seed;
mod server;
mod sonarqube;
mod spinnaker;
mod world;

#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultKind};
pub use github::Alert;
pub use running::{Credential, Running, Seen, Urls, start};
pub use world::{Service, Span, Text, World};

/// How a world is served.
pub struct Options {
    /// By how much the lab's time runs faster: Spinnaker's 15 s wake takes `15 s / scale`. Below 1 counts as 1.
    pub scale: u32,
    /// Serves a second port of Spinnaker with TLS that asks for a client certificate.
    pub tls: Option<TlsFiles>,
    /// The time of day. Ages in scenario files count back from what it says at the start, so that a fixed clock gives
    /// the same world each time.
    pub clock: SharedClock,
}

impl Default for Options {
    fn default() -> Self {
        Self { scale: 1, tls: None, clock: std::sync::Arc::new(SystemClock::default()) }
    }
}

/// PEM files for the port that asks for a client certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority that signs the clients' certificates.
    pub client_ca: PathBuf,
}

/// Why the demo world could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A scenario file is wrong.
    #[error("The scenario {name} is wrong: {why}")]
    Scenario {
        /// The file.
        name: String,
        /// What is wrong, with line and column where known.
        why: String,
    },
    /// A file or folder could not be written or read.
    #[error("{path} could not be used: {source}.")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder belongs to something else.
    #[error(
        "{path} has files in it that the demo world did not write. Name a new or an empty folder, or leave --dir out for a \
         temporary one."
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Another demo world runs in the folder.
    #[error("A demo world runs in {path} already. Stop it first, or name another folder.")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A port could not be opened.
    #[error("No port could be opened on 127.0.0.1: {0}.")]
    Bind(#[source] std::io::Error),
    /// The TLS files do not work.
    #[error("The TLS files of the lab cannot be used: {0}.")]
    Tls(String),
    /// The throw-away key could not be made.
    #[error("The throw-away key could not be made: {0}.")]
    Key(String),
    /// The ssh-agent did not start.
    #[error("ssh-agent did not come up: {0}.")]
    Agent(String),
}
