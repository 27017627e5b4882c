//! From the configuration to connections: credentials, TLS material, clients, the ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Surroundings;
use super::collect::Sources;
use crate::clock::SharedClock;
use crate::config::schema::{Config, ConnectionConfig, JiraFlavour, TlsConfig};
use crate::config::{Inputs, Loaded};
use crate::domain::evidence::Reason;
use crate::domain::ids::ConnectionName;
use crate::error::AppError;
use crate::http::{Auth, Limits, Tls};
use crate::ledger::location::{self, Location};
use crate::ledger::sqlite::{Options, SqliteLedger};
use crate::ledger::store::EvidenceStore;
use crate::ledger::{Ledger, LedgerError, PostgresLedger, Reading, Writer, Writing, note};
use crate::orchestrator::Orchestrator;
use crate::secrets::{Resolver, Secret};
use crate::source::jira::Flavour;
use crate::tracker::Tracker;
use crate::{orchestrator, source, tracker};

/// Clients by connection.
#[derive(Default)]
pub struct Connected {
    /// Orchestrators.
    pub orchestrators: BTreeMap<String, Result<Arc<dyn Orchestrator>, Reason>>,
    /// Sources.
    pub sources: Sources,
    /// Systems that can be told of dismissals.
    pub trackers: BTreeMap<String, Result<Arc<dyn Tracker>, Reason>>,
}

/// Reads the configuration in all its layers.
pub fn load_config(surroundings: &Surroundings) -> Result<Loaded, AppError> {
    Ok(crate::config::load(&inputs(surroundings))?)
}

/// What the configuration is read from.
pub fn inputs(surroundings: &Surroundings) -> Inputs {
    let mut inputs = Inputs::new(surroundings.env.clone(), surroundings.cwd.clone());
    if let Some(explicit) = &surroundings.explicit {
        inputs.explicit = Some(explicit.clone());
    }
    inputs.overrides.clone_from(&surroundings.overrides);
    inputs
}

/// Makes all clients, credentials resolved side by side. What fails is a reason of that connection alone.
pub async fn connect(config: &Config, secrets: &Resolver, clock: &SharedClock, timeout: Option<Duration>) -> Connected {
    let made =
        join_all(config.connections.iter().map(|(name, connection)| async move {
            (name.clone(), connection.kind, material(connection, secrets).await)
        }))
        .await;
    let mut connected = Connected::default();
    let limits = Limits { total: timeout.unwrap_or(Limits::default().total), ..Limits::default() };
    for (name, kind, material) in made {
        let url = config.connections.get(&name).map(|c| c.url.clone()).unwrap_or_default();
        let flavour = match config.connections.get(&name).and_then(|c| c.flavour) {
            Some(JiraFlavour::DataCenter) => Flavour::DataCenter,
            Some(JiraFlavour::Cloud) | None => Flavour::Cloud,
        };
        let connection = ConnectionName::new(name.clone());
        let clock = clock.clone();
        if orchestrator::registry::holds_gates(kind) {
            let made = material.and_then(|(auth, tls)| {
                let settings = orchestrator::registry::Settings { name: connection, url, auth, tls, limits, clock };
                orchestrator::registry::build(kind, settings).map_err(|f| f.reason())
            });
            connected.orchestrators.insert(name, made);
        } else {
            let settings = material.map(|(auth, tls)| source::registry::Settings {
                name: name.clone(),
                url,
                auth,
                tls,
                limits,
                clock,
                flavour,
            });
            if tracker::registry::takes(kind) {
                let build = |s: &_| tracker::registry::build(kind, s).map_err(|f| f.reason());
                connected.trackers.insert(name.clone(), settings.as_ref().map_err(Clone::clone).and_then(build));
            }
            if source::registry::KINDS.contains(&kind.word()) {
                let made = settings.and_then(|s| source::registry::build(kind.word(), &s).map_err(|f| f.reason()));
                connected.sources.insert(name, made);
            }
        }
    }
    connected
}

/// Credentials and TLS material of one connection, or why they cannot be had.
async fn material(connection: &ConnectionConfig, secrets: &Resolver) -> Result<(Auth, Tls), Reason> {
    let token = match &connection.token {
        None => None,
        Some(source) => {
            let credential = secrets.resolve(source).await.map_err(|e| Reason::new("no-credentials", e.to_string()))?;
            Some(credential.secret)
        }
    };
    let auth = match (token, &connection.user) {
        (None, _) => Auth::None,
        (Some(password), Some(user)) => Auth::Basic { user: user.clone(), password },
        (Some(token), None) => Auth::Bearer(token),
    };
    Ok((auth, tls(&connection.tls)?))
}

/// Reads TLS material. Blocking, for a moment.
pub(super) fn tls(tls: &TlsConfig) -> Result<Tls, Reason> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| Reason::new("setup", format!("{} cannot be read: {e}.", path.display())))
    };
    let identity = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => {
            let key = zeroize::Zeroizing::new(read(key)?);
            let key = std::str::from_utf8(&key)
                .map_err(|_e| Reason::new("setup", "tls.key is not a PEM file.".to_owned()))?;
            Some((read(cert)?, Secret::new(key)))
        }
        (None, None) => None,
        _ => return Err(Reason::new("setup", "tls.cert and tls.key belong together: one of them is missing.")),
    };
    Ok(Tls { ca: tls.ca.as_deref().map(read).transpose()?, identity })
}

/// Opens the ledger and the evidence store where it is. `data` is the folder for what is this home's own.
pub async fn open_ledger(
    config: &Config,
    secrets: &Resolver,
    data: Option<PathBuf>,
) -> Result<(Arc<dyn Ledger>, EvidenceStore), AppError> {
    let url = config.ledger.url.as_ref().ok_or_else(|| {
        AppError::usage("There is no place for the ledger: HOME is not set.")
            .hint("Set ledger.url = \"sqlite:///path/ledger.db\".")
    })?;
    let location = location::parse(url).map_err(AppError::usage)?;
    let password = match (&location, &config.ledger.password) {
        (Location::Postgres(_), Some(source)) => Some(secrets.resolve(source).await?.secret),
        _ => None,
    };
    let (key, keys) = (config.ledger.key.clone(), config.trust.ledger_keys.clone());
    let opened = tokio::task::spawn_blocking(move || -> Result<(Arc<dyn Ledger>, EvidenceStore), AppError> {
        let trusted = keys.as_deref().map(ledger_keys).transpose()?;
        match location {
            Location::Sqlite(path) => {
                let ledger = SqliteLedger::open_with(&path, Options { key, trusted })?;
                Ok((Arc::new(ledger), EvidenceStore::beside(&path)))
            }
            Location::Postgres(address) => {
                let key = key.or_else(|| Some(data?.join("ledger.key"))).ok_or_else(|| {
                    AppError::usage("There is no place for the ledger's key: HOME is not set.")
                        .hint("Set [ledger] key to a file of this home's own.")
                })?;
                let ledger = PostgresLedger::open(&address, password.as_ref(), &key, trusted)?;
                let evidence = ledger.evidence();
                Ok((Arc::new(ledger), evidence.into()))
            }
        }
    });
    opened.await.map_err(|e| AppError::internal(format!("Opening the ledger failed: {e}.")))?
}

/// The vkeys in a file, one a line; `#` begins a comment.
pub fn ledger_keys(path: &Path) -> Result<Vec<String>, AppError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|e| AppError::usage(format!("The file of trusted ledger keys {shown} cannot be read: {e}.")))?;
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(n, line)| {
        note::Keys::new([line], "")
            .map(|_| line.to_owned())
            .map_err(|why| AppError::usage(format!("{shown}:{n}: {why}")).hint("A line is a vkey: name+id+data."))
    });
    keys.collect()
}

/// A ledger that answers everything with why it could not be opened.
pub fn closed_ledger(why: AppError) -> (Arc<dyn Ledger>, EvidenceStore) {
    (Arc::new(Closed { why: why.message, writer: Writer::default() }), EvidenceStore::beside(Path::new("/")))
}

struct Closed {
    why: String,
    writer: Writer,
}

impl Closed {
    fn error(&self) -> LedgerError {
        LedgerError::Closed(self.why.clone())
    }
}

impl Ledger for Closed {
    fn snapshot(&self, _: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        Err(self.error())
    }

    fn transaction(&self, _: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        Err(self.error())
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn location(&self) -> String {
        String::new()
    }
}
