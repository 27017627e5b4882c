//! Puts the dossier of one gate together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Desk;
use super::asks::{self, Tasks};
use super::collect::Collector;
use super::inbox::Waiting;
use super::progress::Watcher;
use super::records::Records;
use super::round::Round;
use crate::config::schema::LeastSeverity;
use crate::domain::decision::Decision;
use crate::domain::dedup;
use crate::domain::dossier::{Baseline, Compared, Dossier, Earlier, Parts};
use crate::domain::evidence::Evidence;
use crate::domain::severity::Severity;
use crate::domain::triage::{People, history, match_dismissals, stale};
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
    let earlier = match (&from_ledger, &baseline) {
        (Some(decision), _) => earlier(desk, &records, decision).await,
        (None, Baseline::Unknown) => Err("The last approved release is not known.".to_owned()),
        (None, other) => Err(format!("The findings of {} are not known.", other.words())),
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
        compared: Compared::default(),
        past: BTreeMap::new(),
        required,
        policy: desk.policy.digest(),
        pieces,
    };
    let people = people(desk, waiting.service.as_deref());
    let (policy, store) = (Arc::clone(&desk.policy), keep.then(|| Arc::clone(&desk.store)));
    // Thousands of findings are merged and digested here.
    let sealed = tokio::task::spawn_blocking(move || seal(parts, &records, earlier, people, &policy, store.as_deref()));
    sealed.await.map_err(|e| AppError::internal(format!("Putting the dossier together failed: {e}.")))?
}

fn seal(
    mut parts: Parts,
    records: &Records,
    earlier: Result<Earlier, String>,
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
    let known = earlier.as_ref().ok().map(Earlier::keys);
    parts.findings = match_dismissals(merged, &records.dismissals, &parts.release, parts.as_of, known, people);
    parts.past = history(&parts.findings, &records.dismissals, &parts.release, parts.as_of);
    parts.compared = match earlier {
        Ok(earlier) => earlier.against(&parts.findings, &parts.pieces),
        Err(why) => Compared::Not { why },
    };
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

/// The findings that the last approved release had; else why they are not known.
async fn earlier(desk: &Desk, records: &Records, decision: &Decision) -> Result<Earlier, String> {
    let release = decision.release.line().into_owned();
    let kept = records.dossier(&decision.id).cloned();
    let digest = kept.ok_or_else(|| format!("The findings of {release} were not kept with its approval."))?;
    let store = Arc::clone(&desk.store);
    let read = tokio::task::spawn_blocking(move || match store.get(&digest) {
        Ok(Some(bytes)) => match serde_json::from_slice::<Dossier>(&bytes) {
            Ok(dossier) => Earlier::of(dossier),
            Err(e) => Err(format!("The kept evidence of {release} cannot be read: {e}.")),
        },
        Ok(None) => Err(format!("The evidence of {release} is not in the evidence store any more.")),
        Err(e) => Err(format!("The evidence of {release} cannot be read: {e}")),
    });
    read.await.unwrap_or_else(|e| Err(format!("Reading the last approved release failed: {e}.")))
}
