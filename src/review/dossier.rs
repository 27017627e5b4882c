//! Puts the dossier of one gate together.

use std::collections::HashSet;
use std::sync::Arc;

use super::Desk;
use super::asks::{self, Tasks};
use super::collect::Collector;
use super::inbox::Waiting;
use super::progress::Watcher;
use super::records::Records;
use super::round::Round;
use crate::config::schema::LeastSeverity;
use crate::domain::dedup;
use crate::domain::dossier::{Baseline, Dossier, Parts};
use crate::domain::evidence::Evidence;
use crate::domain::ids::{Fingerprint, RecordId};
use crate::domain::severity::Severity;
use crate::domain::triage::{People, match_dismissals, stale};
use crate::error::AppError;

/// Asks all sources, merges and triages the findings, and judges.
///
/// `keep` writes every byte received, and the dossier itself, to the evidence store: for the fetching before a
/// signature.
pub async fn assemble(
    desk: &Desk,
    waiting: &Waiting,
    round: &Round,
    keep: bool,
    watcher: Watcher<'_>,
) -> Result<Arc<Dossier>, AppError> {
    let service = waiting.service.as_ref().and_then(|name| desk.config.service.iter().find(|s| s.name == *name));
    let tasks =
        service.map_or_else(Tasks::default, |s| asks::tasks(s, &desk.config.trust, &waiting.gate, &waiting.release));
    let collector = Collector {
        sources: &desk.sources,
        folder: &desk.folder,
        round,
        keep: keep.then_some(&desk.store),
        clock: &desk.clock,
        gate: &waiting.gate.id,
        watcher,
    };
    let records = desk.records().await?;
    let from_ledger = records.last_approved(waiting);
    let asked = async {
        match &from_ledger {
            Some(decision) => Baseline::Ledger {
                decision: decision.id.clone(),
                release: decision.release.clone(),
                commit: decision.commit.clone(),
            },
            None => last_run(desk, waiting).await,
        }
    };
    // The baseline is asked for beside the sources; only changes wait for it.
    let (send, receive) = tokio::sync::oneshot::channel();
    let (baseline, pieces) = futures_util::future::join(
        async {
            let baseline = asked.await;
            send.send(baseline.commit().cloned()).ok();
            baseline
        },
        collector.collect(tasks, async { receive.await.ok().flatten() }),
    )
    .await;
    let known = match &from_ledger {
        Some(decision) => known_findings(desk, &records, decision.id.as_str()).await,
        None => None,
    };
    let mut required = service.map(|s| s.required.clone()).unwrap_or_default();
    required.dedup();
    let parts = Parts {
        gate: waiting.gate.clone(),
        release: waiting.release.clone(),
        service: waiting.service.clone(),
        as_of: desk.clock.now(),
        findings: Vec::new(),
        baseline,
        required,
        policy: desk.policy.digest(),
        pieces,
    };
    let people = people(desk, waiting.service.as_deref());
    let (policy, store) = (Arc::clone(&desk.policy), keep.then(|| Arc::clone(&desk.store)));
    // Thousands of findings are merged and digested here.
    let sealed =
        tokio::task::spawn_blocking(move || seal(parts, &records, known.as_ref(), people, &policy, store.as_deref()));
    sealed.await.map_err(|e| AppError::internal(format!("Putting the dossier together failed: {e}.")))?
}

fn seal(
    mut parts: Parts,
    records: &Records,
    known: Option<&HashSet<Fingerprint>>,
    people: Option<People>,
    policy: &crate::policy::Policy,
    store: Option<&crate::ledger::store::EvidenceStore>,
) -> Result<Arc<Dossier>, AppError> {
    let lists = parts.pieces.iter_mut().filter_map(|p| match &mut p.value {
        // The pieces keep their digests; the findings themselves are kept once, merged.
        Some(Evidence::Findings(set)) => Some(std::mem::take(&mut set.findings)),
        _ => None,
    });
    let merged = dedup::merge_across(lists.collect());
    parts.findings = match_dismissals(merged, &records.dismissals, &parts.release, parts.as_of, known, people);
    let as_of = parts.as_of;
    let mut dossier = Dossier::seal(parts, |dossier| policy.evaluate(dossier, as_of));
    if dossier.has_all_findings() {
        dossier.stale = stale(&records.dismissals, &dossier.findings, &dossier.release, as_of);
    }
    if let Some(store) = store {
        let broken = |e: &dyn std::fmt::Display| AppError::internal(format!("The dossier could not be kept: {e}."));
        store.put(&dossier.bound_bytes().map_err(|e| broken(&e))?).map_err(|e| broken(&e))?;
    }
    Ok(Arc::new(dossier))
}

/// How many people it takes to dismiss findings of a service.
pub fn people(desk: &Desk, service: Option<&str>) -> Option<People> {
    let config = desk.config.service.iter().find(|s| Some(s.name.as_str()) == service)?.dismissals?;
    let from = config.from.map_or(Severity::Info, LeastSeverity::severity);
    Some(People { count: config.people, from })
}

async fn last_run(desk: &Desk, waiting: &Waiting) -> Baseline {
    let Ok(orchestrator) = desk.orchestrator(&waiting.gate.id) else { return Baseline::Unknown };
    match orchestrator.last_success(&waiting.gate).await {
        Ok(Some(run)) => Baseline::Orchestrator { run: run.run, version: run.version, commit: run.commit },
        Ok(None) | Err(_) => Baseline::Unknown,
    }
}

/// The match keys of the findings that the last approved release had; `None` if they are not kept.
async fn known_findings(desk: &Desk, records: &Records, decision: &str) -> Option<HashSet<Fingerprint>> {
    let digest = records.dossier(&RecordId::new(decision))?.clone();
    let store = Arc::clone(&desk.store);
    tokio::task::spawn_blocking(move || {
        let bytes = store.get(&digest).ok()??;
        let dossier: Dossier = serde_json::from_slice(&bytes).ok()?;
        let mut known = HashSet::new();
        for triaged in dossier.findings {
            let finding = Arc::unwrap_or_clone(triaged.finding);
            known.insert(finding.fingerprint);
            known.extend(finding.keys.into_iter().filter(|k| k.rung.carries()).map(|k| k.value));
        }
        Some(known)
    })
    .await
    .ok()?
}
