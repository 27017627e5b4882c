//! All dismissals, and what has become of each at the gates that wait now.

use std::sync::Arc;

use super::inbox::{self, Waiting};
use super::progress::quiet;
use super::{Desk, dossier};
use crate::domain::dossier::Dossier;
use crate::domain::ids::GateId;
use crate::domain::triage::{Dismissal, Lapse, Reach, State, reach};
use crate::error::AppError;
use crate::review::round::Round;

/// A dismissal, and what has become of it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The dismissal.
    pub dismissal: Dismissal,
    /// What has become of it, all gates taken together.
    pub state: State,
    /// At each gate that it covers.
    pub on: Vec<On>,
}

/// What has become of a dismissal at one gate.
#[derive(Debug, Clone)]
pub struct On {
    /// The gate.
    pub gate: GateId,
    /// Its release's address, safe to display.
    pub release: String,
    /// What has become of it there.
    pub reach: Reach,
}

/// The dismissals.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Those that were asked for, the newest first.
    pub dismissals: Vec<Listed>,
    /// The addresses of the releases that were looked at, safe to display.
    pub looked_at: Vec<String>,
    /// How many others the ledger has, of services that are not configured here.
    pub others: usize,
    /// What could not be read, each in a sentence.
    pub shortfalls: Vec<String>,
}

/// Lists the dismissals that cover the gates, or those of the services; without either, of all configured services.
pub async fn list(desk: &Desk, gates: &[String], services: &[String]) -> Result<List, AppError> {
    known(desk, services)?;
    let records = desk.records().await?;
    let mut list = List::default();
    let waiting = match gates {
        [] => {
            let inbox = inbox::list(desk).await?;
            list.shortfalls = inbox.shortfalls;
            inbox.gates
        }
        gates => {
            let mut found = Vec::new();
            for gate in gates {
                found.push(inbox::find(desk, gate).await?);
            }
            found
        }
    };
    let is_configured = |name: &str| desk.config.service.iter().any(|s| s.name == name);
    let (wanted, others): (Vec<&Dismissal>, Vec<&Dismissal>) = records.dismissals.iter().partition(|d| {
        let of_service = match &d.scope.service {
            Some(service) if services.is_empty() => is_configured(service),
            Some(service) => services.contains(service),
            None => true,
        };
        of_service && (gates.is_empty() || waiting.iter().any(|w| d.scope.covers(&w.release)))
    });
    list.others = others.iter().filter(|d| d.scope.service.as_deref().is_some_and(|s| !is_configured(s))).count();
    let covered: Vec<Waiting> =
        waiting.into_iter().filter(|w| wanted.iter().any(|d| d.scope.covers(&w.release))).collect();
    let round = Round::default();
    let dossiers =
        futures_util::future::join_all(covered.iter().map(|w| dossier::assemble(desk, w, &round, false, &quiet))).await;
    let now = desk.clock.now();
    let mut seen: Vec<(Arc<Dossier>, Vec<Option<Reach>>)> = Vec::new();
    for (waiting, dossier) in covered.iter().zip(dossiers) {
        match dossier {
            Ok(dossier) => {
                list.looked_at.push(dossier.release.short());
                let whole = dossier.has_all_findings();
                // All of the ledger's, as the findings were matched with all of them.
                let reached = reach(&records.dismissals, &dossier.findings, &dossier.release, whole, now);
                seen.push((dossier, reached));
            }
            Err(e) => list.shortfalls.push(format!("{}: {}", waiting.release.short(), e.message)),
        }
    }
    for (at, dismissal) in records.dismissals.iter().enumerate().rev() {
        if !wanted.iter().any(|d| std::ptr::eq(*d, dismissal)) {
            continue;
        }
        let on: Vec<On> = seen
            .iter()
            .filter_map(|(dossier, reached)| {
                let reach = reached.get(at)?.clone()?;
                Some(On { gate: dossier.gate.id.clone(), release: dossier.release.short(), reach })
            })
            .collect();
        let expired = dismissal.expires.is_some_and(|e| e <= now).then_some(State::Lapsed(Lapse::Expired));
        let state = expired.or_else(|| on.iter().map(|o| o.reach.state).min()).unwrap_or(State::NotSeen);
        list.dismissals.push(Listed { dismissal: dismissal.clone(), state, on });
    }
    Ok(list)
}

fn known(desk: &Desk, services: &[String]) -> Result<(), AppError> {
    let all: Vec<&str> = desk.config.service.iter().map(|s| s.name.as_str()).collect();
    match services.iter().find(|s| !all.contains(&s.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(AppError::usage(format!("There is no [[service]] {unknown:?} in the configuration."))
            .hint(format!("Configured are: {}.", all.join(", ")))),
    }
}

impl Listed {
    /// What has become of it, in a sentence that is safe to display.
    pub fn why(&self) -> String {
        let at = |state: State| -> String {
            let all: Vec<&str> =
                self.on.iter().filter(|o| o.reach.state == state).map(|o| o.release.as_str()).collect();
            all.join(", ")
        };
        let of = at(self.state);
        match self.state {
            State::InForce => format!("It holds in {of}."),
            State::Lapsed(Lapse::Expired) => {
                let day = self.dismissal.expires.map_or_else(String::new, |e| format!(" on {}", e.date()));
                format!("It has expired{day}.")
            }
            State::Lapsed(lapse) => format!("It is only suggested in {of}: {}.", lapse.words()),
            State::Superseded => format!("Another dismissal stands in its place in {of}."),
            State::Stale => format!("It matches nothing in {of}."),
            State::NotTold => format!("It matches nothing that is there of {of}, but not all findings are."),
            State::NotSeen => "No release that it covers was looked at.".to_owned(),
        }
    }
}
