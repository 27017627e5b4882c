//! The use cases, one file a verb: what the console and the commands both call.

pub mod afterwards;
pub mod anchor;
pub mod approval;
pub mod asks;
pub mod browse;
pub mod collect;
pub mod complete;
pub mod connect;
pub mod decide;
pub mod deliver;
pub mod dismissals;
pub mod doctor;
pub mod dossier;
pub mod exchange;
pub mod exclusion;
pub mod export;
pub mod inbox;
pub mod ledger;
pub mod matching;
pub mod permit;
pub mod pipeline;
pub mod progress;
pub mod provenance;
pub mod push;
pub mod records;
pub mod roles;
pub mod round;
pub mod said;
pub mod sign;
mod signer;
pub mod stamp;
pub mod standing;
pub mod summary;
pub mod take_up;
pub mod template;
pub mod triage;
pub mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join;

use crate::clock::{SharedClock, SystemClock};
use crate::config::Config;
use crate::domain::evidence::Reason;
use crate::domain::ids::GateId;
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::ledger::store::EvidenceStore;
use crate::ledger::{Draft, Entry, Ledger};
use crate::orchestrator::Orchestrator;
use crate::policy::Policy;
use crate::secrets::Resolver;
use crate::source::Source;
use crate::tracker::Tracker;
use crate::trust::signer::Signer;
use records::Records;

pub use crate::trust::key_file::{Passphrase, Question};

/// Where the program runs: everything that it takes from outside of the configuration.
#[derive(Clone)]
pub struct Surroundings {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The folder that the program was started in.
    pub cwd: PathBuf,
    /// `--config`.
    pub explicit: Option<PathBuf>,
    /// Settings given as flags: dotted key and value.
    pub overrides: Vec<(String, String)>,
    /// `--readonly`.
    pub readonly: bool,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// How passphrases are asked for.
    pub passphrase: Passphrase,
}

impl Surroundings {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

/// Everything that the use cases need.
pub struct Desk {
    /// The configuration.
    pub config: Config,
    /// The orchestrators by connection; one that cannot be set up has the reason instead.
    pub orchestrators: BTreeMap<String, Result<Arc<dyn Orchestrator>, Reason>>,
    /// The sources by connection.
    pub sources: collect::Sources,
    /// The systems that can be told of dismissals, by connection.
    pub trackers: BTreeMap<String, Result<Arc<dyn Tracker>, Reason>>,
    /// The source for folders of this machine.
    pub folder: Arc<dyn Source>,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The evidence store beside it.
    pub store: Arc<EvidenceStore>,
    /// Where the ledger's checkpoints are copied to.
    pub mirrors: Arc<anchor::Mirrors>,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// What time it is.
    pub clock: SharedClock,
    /// Where credentials come from.
    pub secrets: Arc<Resolver>,
    /// The ssh-agent's socket, from SSH_AUTH_SOCK.
    pub agent: Option<PathBuf>,
    /// Nothing is changed.
    pub readonly: bool,
    /// How passphrases are asked for.
    pub passphrase: Passphrase,
    records: tokio::sync::Mutex<Option<Arc<Records>>>,
    signer: Mutex<Option<Arc<dyn Signer>>>,
    skew: Mutex<BTreeMap<String, (Timestamp, Timestamp)>>,
}

impl Desk {
    /// Reads the configuration, resolves credentials, opens the ledger. Asks no system anything yet.
    pub async fn open(surroundings: Surroundings) -> Result<Self, AppError> {
        let config = connect::load_config(&surroundings)?.config;
        Self::open_as(surroundings, config).await
    }

    /// Like [`open`](Self::open), where the configuration was read already.
    pub async fn open_as(surroundings: Surroundings, config: Config) -> Result<Self, AppError> {
        Self::open_with(surroundings, config, false).await
    }

    /// Like [`open`](Self::open), but a ledger that cannot be opened says why only when it is asked something: so that
    /// all else can be checked.
    pub async fn open_for_checks(surroundings: Surroundings) -> Result<Self, AppError> {
        let config = connect::load_config(&surroundings)?.config;
        Self::open_with(surroundings, config, true).await
    }

    async fn open_with(surroundings: Surroundings, config: Config, without_ledger: bool) -> Result<Self, AppError> {
        let scale = surroundings.env.get("COUNTERSIGN_LAB_SCALE").and_then(|s| s.parse().ok()).unwrap_or(1);
        let clock: SharedClock = Arc::new(SystemClock::scaled(scale));
        let env = surroundings.env.clone();
        let secrets = Resolver::new(move |name| env.get(name).cloned()).hiding(config.secret_variables());
        let secrets = Arc::new(secrets);
        let policy = tokio::task::spawn_blocking(Policy::builtin);
        let (connected, opened) = join(
            connect::connect(&config, &secrets, &clock, surroundings.timeout),
            connect::open_ledger(&config, &secrets, connect::inputs(&surroundings).data()),
        )
        .await;
        let policy = policy.await.map_err(|e| AppError::internal(format!("Reading the policy failed: {e}.")))?;
        let (ledger, store) = match opened {
            Err(why) if without_ledger => connect::closed_ledger(why),
            opened => opened?,
        };
        let state = connect::inputs(&surroundings).state();
        let mirrors = anchor::Mirrors::new(config.ledger.mirrors.clone(), Arc::clone(&secrets), clock.clone(), state);
        Ok(Self {
            orchestrators: connected.orchestrators,
            sources: connected.sources,
            trackers: connected.trackers,
            folder: Arc::new(crate::source::folder::Folder::new(crate::http::Limits::default())),
            ledger,
            store: Arc::new(store),
            mirrors: Arc::new(mirrors),
            policy: Arc::new(policy),
            clock,
            secrets,
            agent: surroundings.env.get("SSH_AUTH_SOCK").filter(|s| !s.is_empty()).map(PathBuf::from),
            readonly: surroundings.readonly,
            passphrase: surroundings.passphrase,
            config,
            records: tokio::sync::Mutex::default(),
            signer: Mutex::default(),
            skew: Mutex::default(),
        })
    }

    /// The orchestrator that holds a gate.
    pub fn orchestrator(&self, id: &GateId) -> Result<Arc<dyn Orchestrator>, AppError> {
        match self.orchestrators.get(id.connection().as_str()) {
            Some(Ok(orchestrator)) => Ok(Arc::clone(orchestrator)),
            Some(Err(reason)) => Err(AppError::usage(reason.text.line())),
            None => {
                let known: Vec<&str> = self.orchestrators.keys().map(String::as_str).collect();
                Err(AppError::usage(format!("There is no orchestrator connection {}.", id.connection())).hint(format!(
                    "Configured are: {}.",
                    if known.is_empty() { "none".into() } else { known.join(", ") }
                )))
            }
        }
    }

    /// What the ledger says, read up to its end now.
    pub async fn records(&self) -> Result<Arc<Records>, AppError> {
        let mut held = self.records.lock().await;
        let (ledger, before) = (Arc::clone(&self.ledger), held.clone());
        let trust = self.config.trust.clone();
        let read = tokio::task::spawn_blocking(move || Records::read(ledger.as_ref(), &trust, before));
        let records = read.await.map_err(|e| AppError::internal(format!("Reading the ledger failed: {e}.")))??;
        *held = Some(Arc::clone(&records));
        Ok(records)
    }

    /// Appends to the ledger; when this returns, the entries are on disk.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Entry>, AppError> {
        if self.readonly {
            return Err(AppError::usage("Nothing is written with --readonly."));
        }
        let ledger = Arc::clone(&self.ledger);
        let appended = tokio::task::spawn_blocking(move || ledger.append(&drafts)).await;
        Ok(appended.map_err(|e| AppError::internal(format!("Writing the ledger failed: {e}.")))??)
    }

    /// The signer that was found before, so that a passphrase is asked for once.
    fn signer(&self) -> Option<Arc<dyn Signer>> {
        self.signer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_signer(&self, signer: &Arc<dyn Signer>) {
        *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(signer));
    }

    /// Takes note of an orchestrator's clock, as of now.
    pub fn saw_clock(&self, connection: &str, date: Option<Timestamp>) {
        if let Some(date) = date {
            let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
            skew.insert(connection.to_owned(), (date, self.clock.now()));
        }
    }

    /// How far this machine's clock and that of a gate's orchestrator are apart, or without a gate the one furthest off;
    /// `None` if it never gave its time.
    pub fn skew(&self, gate: Option<&GateId>) -> Option<Duration> {
        let skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = skew.iter().filter(|(name, _)| gate.is_none_or(|g| g.connection().as_str() == name.as_str()));
        wanted.map(|(_, (theirs, ours))| if theirs > ours { theirs.since(*ours) } else { ours.since(*theirs) }).max()
    }
}
