//! Which kinds of orchestrators there are: adding one is adding its file and its line here.

use std::sync::Arc;

use super::Orchestrator;
use super::spinnaker::Spinnaker;
use crate::clock::SharedClock;
use crate::config::schema::ConnectionKind;
use crate::domain::ids::ConnectionName;
use crate::http::{Auth, Fault, FaultKind, Limits, Tls};

/// What a connection to an orchestrator is made of, its secrets resolved.
#[derive(Clone)]
pub struct Settings {
    /// Its name, `[connections.NAME]`.
    pub name: ConnectionName,
    /// Its address.
    pub url: String,
    /// How we say who we are.
    pub auth: Auth,
    /// TLS material.
    pub tls: Tls,
    /// How long and how much.
    pub limits: Limits,
    /// The clock.
    pub clock: SharedClock,
}

/// Makes the connection. Nothing is asked yet; a fault is one of the settings.
pub fn build(kind: ConnectionKind, settings: Settings) -> Result<Arc<dyn Orchestrator>, Fault> {
    if kind == ConnectionKind::Spinnaker {
        return Ok(Arc::new(Spinnaker::new(settings)?));
    }
    let why = format!("the connection {} is of a kind that holds no gates", settings.name);
    Err(Fault::new(FaultKind::Setup, &settings.url, why))
}

/// Whether connections of this kind hold gates.
pub fn holds_gates(kind: ConnectionKind) -> bool {
    matches!(kind, ConnectionKind::Spinnaker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn settings(url: &str) -> Settings {
        Settings {
            name: ConnectionName::new("c"),
            url: url.to_owned(),
            auth: Auth::None,
            tls: Tls::default(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock::default()),
        }
    }

    #[test]
    fn only_orchestrators_are_built() {
        use ConnectionKind::{Github, Jenkins, Jira, Sonarqube, Spinnaker};
        for kind in [Spinnaker, Jenkins, Jira, Sonarqube, Github] {
            let built = build(kind, settings("https://gate.example.com"));
            assert_eq!(built.is_ok(), holds_gates(kind), "{kind:?}");
        }
        let fault = build(Spinnaker, settings("not an address")).err().unwrap();
        assert_eq!(fault.kind, FaultKind::Setup);
    }
}
