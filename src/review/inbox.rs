//! The open gates, each with what it holds back.

use std::sync::Arc;

use futures_util::future::{join_all, try_join};

use super::approval::{self, Roles};
use super::matching::match_gate;
use super::progress::Watcher;
use super::records::Records;
use super::round::Round;
use super::{Desk, roles};
use crate::domain::address::GateAddress;
use crate::domain::decision::Verb;
use crate::domain::dossier::Dossier;
use crate::domain::gate::{Gate, GateState};
use crate::domain::ids::GateId;
use crate::domain::quorum::Standing;
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};

/// A gate in the inbox, before its evidence is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The gate.
    pub gate: Gate,
    /// What it holds back.
    pub release: Release,
    /// The service, if one matches.
    pub service: Option<String>,
    /// How far the approvals of this attempt are.
    pub standing: Standing,
}

/// The gates that wait.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    /// The gates; those that have waited longest first.
    pub gates: Vec<Waiting>,
    /// What could not be read, each in a sentence. Never empty while something is missing from `gates`.
    pub shortfalls: Vec<String>,
    /// Whether gates may be missing, and not only something about them.
    pub incomplete: bool,
    /// The newest clock of an orchestrator.
    pub date: Option<Timestamp>,
}

/// Lists the open gates of all orchestrators, side by side. Settles nothing.
pub async fn list(desk: &Desk) -> Result<Inbox, AppError> {
    // Every application that can be read, not only the configured ones: an unmatched gate is shown too.
    let asked = join_all(desk.orchestrators.iter().map(|(name, orchestrator)| async move {
        match orchestrator {
            Ok(orchestrator) => {
                let open = orchestrator.open_gates(&[]).await.map_err(|f| f.sentence());
                // At once: the slowest of the others must not make this one's clock look late.
                desk.saw_clock(name, open.as_ref().ok().and_then(|o| o.date));
                (name, open)
            }
            Err(reason) => (name, Err(reason.text.line().into_owned())),
        }
    }));
    // A ledger that cannot be read is said at once, and not after the slowest orchestrator.
    let (records, all) = try_join(desk.records(), async { Ok(asked.await) }).await?;
    let roles = roles::in_force(desk, &records).await;
    let mut inbox = Inbox { shortfalls: records.problems.clone(), ..Inbox::default() };
    inbox.shortfalls.extend(roles.as_ref().err().map(|e| e.message.clone()));
    desk.start_anchoring();
    inbox.shortfalls.extend(desk.mirrors.warnings());
    for (name, outcome) in all {
        match outcome {
            Ok(open) => {
                inbox.date = inbox.date.max(open.date);
                inbox.incomplete |= open.incomplete;
                inbox.shortfalls.extend(open.shortfalls.iter().map(|s| format!("{name}: {}", crate::text::line(s))));
                inbox.gates.extend(open.gates.into_iter().map(|gate| waiting(desk, &records, &roles, gate)));
            }
            Err(sentence) => {
                inbox.incomplete = true;
                inbox.shortfalls.push(format!("{name}: {sentence}"));
            }
        }
    }
    inbox.gates.sort_by(|a, b| (a.gate.waiting_since, &a.gate.id).cmp(&(b.gate.waiting_since, &b.gate.id)));
    Ok(inbox)
}

/// A gate as the configuration and the ledger see it.
pub fn waiting(desk: &Desk, records: &Records, roles: &Roles, gate: Gate) -> Waiting {
    let matched = match_gate(&desk.config, &gate);
    let standing = approval::standing(records, roles, &gate, &matched.release, None, desk.clock.now());
    Waiting { service: matched.service.map(|s| s.name.clone()), release: matched.release, gate, standing }
}

/// Finds the one gate that an address names.
///
/// A full id is asked for directly, so that a gate which no longer waits is found as well; a short address is looked up
/// among those that wait.
pub async fn find(desk: &Desk, address: &str) -> Result<Waiting, AppError> {
    let address = GateAddress::parse(address).map_err(|e| AppError::usage(e.to_string()))?;
    if let GateAddress::Full(id) = &address {
        return read(desk, id).await?.ok_or_else(|| none(&id.to_string()));
    }
    let inbox = list(desk).await?;
    let mut found: Vec<Waiting> = inbox.gates.into_iter().filter(|w| address.names(&w.gate.id, &w.release)).collect();
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) | (_, None) => {
            let mut error = none(&words(&address));
            if inbox.incomplete {
                error.kind = ErrorKind::Incomplete;
                error.message.push_str(" But not all gates could be listed.");
            }
            for shortfall in inbox.shortfalls {
                error = error.hint(shortfall);
            }
            Err(error)
        }
        (_, Some(last)) => {
            let mut error = AppError::usage(format!("{} names several gates.", words(&address)));
            for candidate in found.iter().chain([&last]) {
                error = error.hint(format!(
                    "{} is {} (stage {}).",
                    candidate.gate.id,
                    candidate.release.short(),
                    candidate.gate.stage.line()
                ));
            }
            Err(error)
        }
    }
}

/// Finds the gate for a decision. One of the approver's own open deliveries is found by its release's address too,
/// although its gate may no longer wait: it is to be settled.
pub async fn find_for(desk: &Desk, address: &str, verb: Verb) -> Result<Waiting, AppError> {
    if let Ok(identity) = super::sign::identity(desk).await {
        let records = desk.records().await?;
        let open = records.open_orders(&identity.principal).into_iter().find(|o| {
            let release = records.decision(&o.order.decision).is_some_and(|d| d.release.raw() == address);
            o.order.verb == verb && (release || o.order.gate.to_string() == address)
        });
        if let Some(open) = open {
            return match read(desk, &open.order.gate).await {
                Ok(Some(waiting)) => Ok(waiting),
                Ok(None) => find(desk, address).await,
                Err(e) => Err(e),
            }
            .map_err(|e| open.stays_open(e));
        }
    }
    find(desk, address).await
}

/// Reads one gate afresh; `None` if there is none.
pub async fn read(desk: &Desk, id: &GateId) -> Result<Option<Waiting>, AppError> {
    let orchestrator = desk.orchestrator(id)?;
    let reading = orchestrator
        .gate(id)
        .await
        .map_err(|f| AppError::new(ErrorKind::Incomplete, format!("The gate could not be read. {}", f.sentence())))?;
    let Some(reading) = reading else { return Ok(None) };
    desk.saw_clock(id.connection().as_str(), reading.date);
    let records = desk.records().await?;
    let roles = roles::in_force(desk, &records).await;
    Ok(Some(waiting(desk, &records, &roles, reading.gate)))
}

/// Puts the dossiers of several gates together, side by side, within one round of asking.
pub async fn dossiers(desk: &Desk, gates: &[Waiting], watcher: Watcher<'_>) -> Vec<Result<Arc<Dossier>, AppError>> {
    let round = Round::default();
    join_all(gates.iter().map(|w| super::dossier::assemble(desk, w, &round, false, watcher))).await
}

/// Refuses a gate that no longer waits.
pub fn must_wait(waiting: &Waiting) -> Result<(), AppError> {
    if waiting.gate.state == GateState::Waiting {
        return Ok(());
    }
    Err(AppError::new(
        ErrorKind::NoGate,
        format!("The gate {} no longer waits: it is {}.", waiting.gate.id, waiting.gate.state.word()),
    ))
}

fn none(address: &str) -> AppError {
    AppError::new(ErrorKind::NoGate, format!("There is no open gate {address}."))
        .hint("`countersign inbox` lists the gates that wait.")
}

fn words(address: &GateAddress) -> String {
    match address {
        GateAddress::Full(id) => id.to_string(),
        GateAddress::Short { service, version, environment } => {
            let version = version.as_ref().map(|v| format!("@{v}")).unwrap_or_default();
            let environment = environment.as_ref().map(|e| format!("/{e}")).unwrap_or_default();
            format!("{service}{version}{environment}")
        }
    }
}
