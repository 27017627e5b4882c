//! The console's runtime without its screen: effects go in, messages come out.

use std::sync::Arc;
use std::time::Duration;

use countersign::config::Config;
use countersign::domain::dossier::Dossier;
use countersign::domain::ids::GateId;
use countersign::review::{Surroundings, connect};
use countersign::tui::effect::Effect;
use countersign::tui::msg::{GateRow, Listed, Msg};
use countersign::tui::runtime::Worker;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::bench::{Bench, SCALE};

/// How long something that comes is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody at the console.
pub struct Seat {
    worker: Arc<Worker>,
    messages: UnboundedReceiver<Msg>,
}

impl Seat {
    /// The person of a bench.
    pub fn at(bench: &Bench) -> Self {
        Self::with(bench, |_| {})
    }

    /// The same, with settings of one's own.
    pub fn with(bench: &Bench, change: impl FnOnce(&mut Config)) -> Self {
        let home = bench.dir.path();
        let set = |name: &str, value: &std::path::Path| (name.to_owned(), value.to_str().unwrap().to_owned());
        let mut env = std::collections::BTreeMap::from([
            set("HOME", home),
            set("XDG_DATA_HOME", &home.join("data")),
            set("XDG_STATE_HOME", &home.join("state")),
            set("XDG_CONFIG_HOME", &home.join("config")),
            set("COUNTERSIGN_CONFIG", &bench.home.config),
        ]);
        env.insert("COUNTERSIGN_LAB_SCALE".to_owned(), SCALE.to_string());
        let surroundings = Surroundings {
            env,
            cwd: home.to_owned(),
            explicit: None,
            overrides: Vec::new(),
            readonly: false,
            timeout: None,
            passphrase: Arc::new(|_| None),
        };
        let mut config = connect::load_config(&surroundings).unwrap().config;
        change(&mut config);
        let (sender, messages) = unbounded_channel();
        Self { worker: Worker::new(surroundings, config, sender), messages }
    }

    /// Begins an effect.
    pub fn begin(&self, effect: Effect) {
        self.worker.begin(effect);
    }

    /// What the first message is that is wanted; the others are passed over.
    #[track_caller]
    pub fn wants<T>(&mut self, what: &str, wanted: impl Fn(Msg) -> Option<T>) -> impl Future<Output = T> {
        let at = std::panic::Location::caller();
        async move {
            let mut seen = Vec::new();
            let found = tokio::time::timeout(PATIENCE, async {
                loop {
                    let msg = self.messages.recv().await.unwrap();
                    seen.push(format!("{msg:.300?}"));
                    if let Some(found) = wanted(msg) {
                        return found;
                    }
                }
            });
            found.await.unwrap_or_else(|_| panic!("{at}: no {what} came, but {seen:#?}"))
        }
    }

    /// The open gates.
    pub async fn lists(&mut self) -> Listed {
        self.begin(Effect::Refresh);
        self.wants("list", |m| if let Msg::GatesListed(listed) = m { Some(*listed) } else { None }).await
    }

    /// The gate of a service, listed.
    pub async fn row(&mut self, service: &str) -> GateRow {
        let listed = self.lists().await;
        let mut rows = listed.rows.into_iter();
        rows.find(|r| r.release.service == service).unwrap_or_else(|| panic!("{service} is not listed"))
    }

    /// The dossier of a gate, put together anew.
    pub async fn dossier(&mut self, gate: &GateId) -> Arc<Dossier> {
        self.begin(Effect::Assemble(gate.clone()));
        self.ready(gate).await
    }

    /// The next dossier of a gate that comes.
    pub async fn ready(&mut self, gate: &GateId) -> Arc<Dossier> {
        let wanted = |m| match m {
            Msg::DossierReady { gate: of, dossier, .. } if of == *gate => Some(dossier),
            _ => None,
        };
        self.wants("dossier", wanted).await
    }
}
