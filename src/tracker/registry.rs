//! Which systems there are: one line a system.

use std::sync::Arc;

use super::Tracker;
use super::sonarqube::Sonarqube;
use crate::config::schema::ConnectionKind;
use crate::http::{Fault, FaultKind};
use crate::source::registry::Settings;

/// Whether connections of this kind can be told of dismissals.
pub fn takes(kind: ConnectionKind) -> bool {
    matches!(kind, ConnectionKind::Sonarqube)
}

/// Makes the client. Nothing is asked yet; a fault is one of the settings.
pub fn build(kind: ConnectionKind, settings: &Settings) -> Result<Arc<dyn Tracker>, Fault> {
    Ok(match kind {
        ConnectionKind::Sonarqube => Arc::new(Sonarqube::new(settings)?),
        ConnectionKind::Spinnaker | ConnectionKind::Jenkins | ConnectionKind::Jira | ConnectionKind::Github => {
            let why = format!("a connection of kind {} cannot be told of dismissals", kind.word());
            return Err(Fault::new(FaultKind::Setup, &settings.url, why));
        }
    })
}
