//! Which systems there are: one line a system.

use std::sync::Arc;

use super::Tracker;
use super::defectdojo::Defectdojo;
use super::dependency_track::DependencyTrack;
use super::sonarqube::Sonarqube;
use crate::config::schema::ConnectionKind;
use crate::http::{Fault, FaultKind};
use crate::source::registry::Settings;

/// Whether connections of this kind can be told of dismissals.
pub fn takes(kind: ConnectionKind) -> bool {
    matches!(kind, ConnectionKind::Sonarqube | ConnectionKind::DependencyTrack | ConnectionKind::Defectdojo)
}

/// Makes the client. Nothing is asked yet; a fault is one of the settings.
pub fn build(kind: ConnectionKind, settings: &Settings) -> Result<Arc<dyn Tracker>, Fault> {
    Ok(match kind {
        ConnectionKind::Sonarqube => Arc::new(Sonarqube::new(settings)?),
        ConnectionKind::Defectdojo => Arc::new(Defectdojo::new(settings)?),
        ConnectionKind::DependencyTrack => Arc::new(DependencyTrack::new(settings)?),
        _ => {
            let why = format!("a connection of kind {} cannot be told of dismissals", kind.word());
            return Err(Fault::new(FaultKind::Setup, &settings.url, why));
        }
    })
}
