//! Which systems there are: one line a system.

use std::sync::Arc;

use super::Tracker;
use super::defectdojo::Defectdojo;
use super::dependency_track::DependencyTrack;
use super::github::Github;
use super::sonarqube::Sonarqube;
use crate::config::schema::ConnectionKind;
use crate::http::{Fault, FaultKind};
use crate::source::registry::Settings;

/// Whether connections of this kind can be told of dismissals.
pub fn takes(kind: ConnectionKind) -> bool {
    use ConnectionKind::{Defectdojo, DependencyTrack, Github, Sonarqube};
    matches!(kind, Defectdojo | DependencyTrack | Github | Sonarqube)
}

/// Makes the client. Nothing is asked yet; a fault is one of the settings.
pub fn build(kind: ConnectionKind, settings: &Settings) -> Result<Arc<dyn Tracker>, Fault> {
    Ok(match kind {
        ConnectionKind::Defectdojo => Arc::new(Defectdojo::new(settings)?),
        ConnectionKind::DependencyTrack => Arc::new(DependencyTrack::new(settings)?),
        ConnectionKind::Github => Arc::new(Github::new(settings)?),
        ConnectionKind::Sonarqube => Arc::new(Sonarqube::new(settings)?),
        ConnectionKind::Spinnaker | ConnectionKind::Jenkins | ConnectionKind::Jira => {
            let why = format!("a connection of kind {} cannot be told of dismissals", kind.word());
            return Err(Fault::new(FaultKind::Setup, &settings.url, why));
        }
    })
}
