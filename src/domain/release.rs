//! What a gate holds back.

use serde::{Deserialize, Serialize};

use super::ids::Digest;
use crate::text::Untrusted;

/// A release: one version of one service on its way to one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The service, by the name that `[[service]]` gives it; for an unmatched gate, the orchestrator's application.
    pub service: String,
    /// The version, as the run's trigger, parameters or artifacts name it.
    pub version: Untrusted,
    /// The environment that it goes to.
    pub environment: String,
    /// The commit, full hexadecimal hash, where the run names one.
    pub commit: Option<Untrusted>,
    /// The branch.
    pub branch: Option<Untrusted>,
    /// What is to be released, as far as the run names it.
    pub artifacts: Vec<Artifact>,
}

impl Release {
    /// The short address, `service@version/environment`, as it came: to compare, not to print.
    pub fn address(&self) -> String {
        format!("{}@{}/{}", self.service, self.version.raw(), self.environment)
    }

    /// The short address, safe to display.
    pub fn short(&self) -> String {
        crate::text::line(&self.address()).into_owned()
    }
}

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name: file, image, package.
    pub name: Untrusted,
    /// Where it is, as the orchestrator refers to it.
    pub reference: Untrusted,
    /// Its digest, where it is known. An image known by its tag only has none, and is partial evidence.
    pub digest: Option<Digest>,
}
