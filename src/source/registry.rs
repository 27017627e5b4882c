//! Which systems there are: one line a system.

use std::sync::Arc;

use super::Source;
use super::folder::Folder;
use super::github::Github;
use super::jenkins::Jenkins;
use super::jira::{Flavour, Jira};
use super::sonarqube::Sonarqube;
use crate::clock::SharedClock;
use crate::http::{Auth, Fault, FaultKind, Limits, Tls};

/// What a source is built from.
#[derive(Clone)]
pub struct Settings {
    /// The connection's name, `[connections.NAME]`.
    pub name: String,
    /// Its address; not used for folders.
    pub url: String,
    /// Who we are there.
    pub auth: Auth,
    /// TLS material.
    pub tls: Tls,
    /// Time, size and patience.
    pub limits: Limits,
    /// The clock.
    pub clock: SharedClock,
    /// Which Jira it is; other systems have no flavours.
    pub flavour: Flavour,
}

/// The kinds that [`build`] knows, as the configuration writes them, and `folder`.
pub const KINDS: [&str; 5] = ["folder", "github", "jenkins", "jira", "sonarqube"];

/// Builds the source of a kind. Nothing is asked of the system yet.
pub fn build(kind: &str, settings: &Settings) -> Result<Arc<dyn Source>, Fault> {
    Ok(match kind {
        "folder" => Arc::new(Folder::new(settings.limits)),
        "github" => Arc::new(Github::new(settings)?),
        "jenkins" => Arc::new(Jenkins::new(settings)?),
        "jira" => Arc::new(Jira::new(settings)?),
        "sonarqube" => Arc::new(Sonarqube::new(settings)?),
        other => {
            let known = KINDS.join(", ");
            return Err(Fault::new(
                FaultKind::Setup,
                &settings.url,
                format!("a connection of kind {other} gives no evidence; these do: {known}"),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{StillClock, limits};

    fn settings(url: &str) -> Settings {
        Settings {
            name: "x".into(),
            url: url.into(),
            auth: Auth::None,
            tls: Tls::default(),
            limits: limits(),
            clock: StillClock::new(),
            flavour: Flavour::Cloud,
        }
    }

    #[test]
    fn every_kind_can_be_built_outside_a_runtime() {
        for kind in KINDS {
            assert!(build(kind, &settings("https://host.example/base")).is_ok(), "{kind}");
        }
    }

    #[test]
    fn unknown_kinds_and_bad_addresses_are_faults() {
        let fault = build("spinnaker", &settings("https://host.example")).err().unwrap();
        assert_eq!(fault.kind, FaultKind::Setup);
        assert!(fault.sentence().contains("jenkins"), "{fault}");
        for kind in ["github", "jenkins", "jira", "sonarqube"] {
            assert_eq!(build(kind, &settings("host.example")).err().unwrap().kind, FaultKind::Setup, "{kind}");
        }
    }
}
