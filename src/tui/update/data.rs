//! News from the runtime: gates, pieces of evidence, dossiers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::decision::Decision;
use crate::domain::dossier::Dossier;
use crate::domain::ids::GateId;
use crate::tui::effect::Effect;
use crate::tui::model::gates::GateEntry;
use crate::tui::model::log::Entry;
use crate::tui::model::{Model, Overlay};
use crate::tui::msg::{Approvals, Arrival, Failure, Listed};

use super::lists;

/// The open gates: those that are new are added, those that are gone go unless somebody looks at them. The evidence of
/// each is asked for, once.
pub(super) fn listed(model: &mut Model, listed: Listed) -> Vec<Effect> {
    model.now = listed.now;
    model.listed = true;
    model.refreshing = false;
    for shortfall in listed.shortfalls.iter().filter(|s| !model.shortfalls.contains(s)) {
        let failure = Failure { task: "refresh".to_owned(), message: shortfall.clone(), hints: Vec::new() };
        model.log.push(Entry::failure(model.now, failure));
    }
    model.shortfalls = listed.shortfalls;
    for entry in model.gates.values_mut() {
        entry.gone = true;
    }
    let mut effects = Vec::new();
    for row in listed.rows {
        let id = row.gate.id.clone();
        let entry = match model.gates.entry(id.clone()) {
            std::collections::btree_map::Entry::Occupied(old) => {
                let entry = old.into_mut();
                entry.row = row;
                entry.gone = false;
                entry
            }
            std::collections::btree_map::Entry::Vacant(new) => new.insert(GateEntry::new(row)),
        };
        if !entry.assembling {
            entry.assembling = true;
            effects.push(Effect::Assemble(id));
        }
    }
    sweep(model);
    mark_stale(model);
    lists::show_gates(model);
    effects
}

/// Forgets gates that are no longer open and that nobody looks at.
pub(super) fn sweep(model: &mut Model) {
    let mut kept: BTreeSet<GateId> = model.release.iter().map(|r| r.gate.clone()).collect();
    kept.extend(model.in_flight.iter().map(|f| f.gate.clone()));
    kept.extend(model.overlays.iter().filter_map(subject).cloned());
    model.gates.retain(|id, entry| !entry.gone || kept.contains(id));
}

fn subject(overlay: &Overlay) -> Option<&GateId> {
    match overlay {
        Overlay::Decide(form) => Some(&form.subject.gate),
        Overlay::Dismiss(form) => Some(&form.gate),
        Overlay::Passphrase(_) | Overlay::Menu(_) | Overlay::Log(_) | Overlay::Check(_) | Overlay::Leave(_) => None,
    }
}

/// A source was asked, or answered.
pub(super) fn arrived(model: &mut Model, arrival: Arrival) {
    if let Some(entry) = model.gates.get_mut(&arrival.gate) {
        entry.arrived(arrival);
    }
}

/// A dossier. The cursor stays on its finding and line; forms keep what they are about, and say that it is out of date.
pub(super) fn ready(
    model: &mut Model,
    gate: &GateId,
    dossier: &Arc<Dossier>,
    decisions: Arc<Vec<Decision>>,
    approvals: Option<Approvals>,
) {
    let open = model.release.as_ref().is_some_and(|r| r.gate == *gate);
    let old = model.gates.get(gate).and_then(|e| e.dossier.clone());
    let item = model.release.as_ref().filter(|_| open).and_then(|r| r.items.selected().cloned());
    let Some(entry) = model.gates.get_mut(gate) else { return };
    let changed = old.as_ref().is_some_and(|o| o.digest != dossier.digest);
    entry.ready(Arc::clone(dossier), decisions);
    if let Some(approvals) = approvals {
        entry.row.approvals = approvals;
    }
    if open {
        if let Some(release) = &mut model.release {
            if !release.findings.marked.is_empty() {
                let there: BTreeSet<_> =
                    dossier.findings.iter().filter(|t| t.is_open()).map(|t| &t.finding.fingerprint).collect();
                release.findings.marked.retain(|f| there.contains(f));
            }
            release.findings.show(dossier);
        }
        lists::show_items(model, item.as_deref());
        if changed {
            model.say(format!("The evidence has changed: its digest is {} now.", dossier.digest.short()));
        }
    }
    mark_stale(model);
    lists::show_gates(model);
}

/// What the ledger has on a gate. A gate that was just decided is listed no more, so this is how it learns of it.
pub(super) fn records(model: &mut Model, gate: &GateId, decisions: Arc<Vec<Decision>>, approvals: Option<Approvals>) {
    let Some(entry) = model.gates.get_mut(gate) else { return };
    entry.decisions = decisions;
    if let Some(approvals) = approvals {
        entry.row.approvals = approvals;
    }
    if let Some(release) = model.release.as_ref().filter(|r| r.gate == *gate) {
        let item = release.items.selected().cloned();
        lists::show_items(model, item.as_deref());
    }
    lists::show_gates(model);
}

/// A dossier could not be put together.
pub(super) fn assembly_failed(model: &mut Model, gate: &GateId, failure: Failure) {
    if let Some(entry) = model.gates.get_mut(gate) {
        entry.assembling = false;
        entry.failed = Some(failure.clone());
    }
    model.fail(failure);
}

/// Tells open forms whether what they are about is still so.
pub(super) fn mark_stale(model: &mut Model) {
    for overlay in &mut model.overlays {
        match overlay {
            Overlay::Decide(form) if form.is_open() => {
                form.stale = match model.gates.get(&form.subject.gate) {
                    Some(entry) => form.subject.differs(entry),
                    None => Some("The gate is no longer open.".to_owned()),
                };
            }
            Overlay::Dismiss(form) if !form.busy => {
                let now = model.gates.get(&form.gate).and_then(|e| e.dossier.as_ref());
                let same = now.is_some_and(|d| d.digest == form.digest);
                form.stale = (!same).then(|| "The evidence changed while this form was open.".to_owned());
            }
            _ => {}
        }
    }
}
