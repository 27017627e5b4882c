//! The systems that run pipelines and hold gates: one trait, one file a system.

pub mod follow;
pub mod registry;
pub mod spinnaker;
#[cfg(test)]
mod testing;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::decision::Verb;
use crate::domain::gate::Gate;
use crate::domain::ids::{Digest, GateId, RecordId};
use crate::domain::time::Timestamp;
use crate::http::Fault;
use crate::source::Checked;
use crate::text::Untrusted;

/// A system that holds gates.
#[async_trait]
pub trait Orchestrator: Send + Sync {
    /// The gates that wait, over all applications that can be read or those named. Empty `applications` means all.
    async fn open_gates(&self, applications: &[String]) -> Result<Open, Fault>;

    /// One gate as it is now, waiting or not. `None`: there is no such gate.
    async fn gate(&self, id: &GateId) -> Result<Option<Reading>, Fault>;

    /// The last successful run of the same pipeline before this one.
    async fn last_success(&self, gate: &Gate) -> Result<Option<PastRun>, Fault>;

    /// The exact requests that [`deliver`](Self::deliver) would send, for a dry run; secrets are masked.
    fn plan(&self, order: &Order) -> Vec<PlannedRequest>;

    /// Sends a decision once. An ambiguous fault means that it may have arrived.
    async fn deliver(&self, order: &Order) -> Result<(), Fault>;

    /// Reads what has become of a decision.
    async fn observe(&self, order: &Order) -> Result<Observation, Fault>;

    /// How long after sending an orchestrator may still refuse: no effect is final before.
    fn patience(&self) -> Patience;

    /// Asks who we are there, for `doctor` and `login`.
    async fn check(&self) -> Result<Checked, Fault>;
}

/// The gates that wait.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// The gates.
    pub gates: Vec<Gate>,
    /// What could not be read, each in a sentence.
    pub shortfalls: Vec<String>,
    /// Whether gates may be missing, and not only something about them.
    pub incomplete: bool,
    /// The orchestrator's clock.
    pub date: Option<Timestamp>,
}

/// One gate as read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The gate, with its state.
    pub gate: Gate,
    /// The orchestrator's clock.
    pub date: Option<Timestamp>,
}

/// A past run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub run: Untrusted,
    /// The version that it released, where it names one.
    pub version: Option<Untrusted>,
    /// The commit that it released, where it names one.
    pub commit: Option<Untrusted>,
}

/// A decision to be delivered. Kept in the ledger as the intent, so that it can be taken up again after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The decision.
    pub decision: RecordId,
    /// What was decided: approve, reject or halt.
    pub verb: Verb,
    /// The gate.
    pub gate: GateId,
    /// Which time the gate was asked.
    pub attempt: String,
    /// The input chosen, if the gate has any.
    pub option: Option<Untrusted>,
    /// Why, for the orchestrator's own record.
    pub reason: Untrusted,
    /// Digest of the envelope.
    pub envelope_digest: Digest,
    /// The DSSE envelope, JSON.
    pub envelope: serde_json::Value,
    /// The envelopes that count beside it, each as JSON in a line: with a quorum, one alone proves nothing. No part of the
    /// intent, as the ledger has them.
    #[serde(skip)]
    pub others: Vec<String>,
    /// How far the ledger reached when it is sent, for the orchestrator's own record. It is no part of the intent: the
    /// ledger reaches further with it.
    #[serde(skip)]
    pub anchor: Option<Anchor>,
}

/// How far a ledger reaches, as its checkpoint says it: what can be compared on a second path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// Which ledger.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
}

impl Order {
    /// What stands in the orchestrator's record for people: the decision, the short digest of its envelope, and how far
    /// the ledger reaches.
    pub fn comment(&self) -> String {
        let mut text = format!("Countersign decision {} ({})", self.decision.as_str(), self.envelope_digest.short());
        if let Some(Anchor { origin, size, root }) = &self.anchor {
            text.push_str(&format!("; ledger {origin} at {size} entries, root {root}"));
        }
        text
    }
}

/// One request, for a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRequest {
    /// `PATCH`.
    pub method: String,
    /// The full address.
    pub url: String,
    /// Headers, secrets masked.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: serde_json::Value,
}

/// What was seen of a decision at the orchestrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The gate did what was decided, and by our envelope.
    Effective(String),
    /// The orchestrator refused it, or someone else's answer took effect.
    Refused(String),
    /// Our answer is there and has not taken effect yet.
    Pending,
    /// The gate still waits and knows nothing of our answer.
    Undecided,
    /// The gate is gone, or its state says nothing that we know.
    Unclear(String),
}

/// How long to follow a decision.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two looks.
    pub every: Duration,
    /// Until the outcome counts as unknown.
    pub until: Duration,
    /// For how long after sending an answer may still be on its way or be taken back.
    pub settle: Duration,
}
