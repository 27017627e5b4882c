//! The lists: what they show, in which order, and where the cursor is.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::domain::grouping::GroupBy;
use crate::domain::ids::{Fingerprint, GateId};
use crate::domain::time::Timestamp;
use crate::domain::triage::{Novelty, Triaged};
use crate::domain::verdict::Outcome;
use crate::tui::action::Place;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::gates::GateEntry;
use crate::tui::model::input::Input;
use crate::tui::model::items;
use crate::tui::model::listing::Step;
use crate::tui::model::screens::completion;
use crate::tui::model::screens::{Filter, Sort, Tab, Turns};

/// Shows the gates that the filter finds, in their order; the cursor stays on its gate.
pub(super) fn show_gates(model: &mut Model) {
    let on = model.inbox.list.selected().cloned();
    let mut shown: Vec<(&GateId, &GateEntry)> =
        model.gates.iter().filter(|(_, e)| !e.gone && model.inbox.query.matches(&e.facts(model.now))).collect();
    let waiting = |e: &GateEntry| e.row.gate.waiting_since.map_or(i64::MAX, Timestamp::millis);
    match model.inbox.sort {
        Sort::Mine => shown.sort_by_key(|(_, e)| (!e.row.approvals.mine, waiting(e))),
        Sort::Verdict => shown.sort_by_key(|(_, e)| {
            let verdict = e.summary.as_ref().map_or(Outcome::Unknown, |s| s.verdict);
            (Reverse(verdict), waiting(e))
        }),
        Sort::Name => shown.sort_by_cached_key(|(_, e)| e.row.release.short()),
    }
    let keys = shown.into_iter().map(|(id, _)| id.clone()).collect();
    model.inbox.list.set(keys, |id| Some(id) == on.as_ref());
}

/// Shows the findings of the open release; the cursor stays on its finding.
pub(super) fn show_findings(model: &mut Model) {
    let Some(release) = &mut model.release else { return };
    let Some(dossier) = model.gates.get(&release.gate).and_then(|e| e.dossier.as_ref()) else { return };
    release.findings.show(dossier);
}

/// Puts the findings into groups, or not.
pub(super) fn group(model: &mut Model, by: Option<GroupBy>) {
    let Some(release) = &mut model.release else { return };
    release.findings.regroup(by);
    match by {
        Some(by) => model.say(format!("The findings are grouped by {}.", by.word())),
        None => model.say("The findings are not grouped."),
    }
}

/// Shows the lines of the open tab; the cursor goes to `on`, or to the first line.
pub(super) fn show_items(model: &mut Model, on: Option<&str>) {
    let Some(release) = &mut model.release else { return };
    let Some(entry) = model.gates.get(&release.gate) else { return };
    let keys = items::of(entry, release.tab).iter().map(items::Item::key).collect();
    release.items.set(keys, |k| Some(k.as_str()) == on);
    if on.is_none() {
        release.items.step(Step::First);
    }
}

fn filter(model: &mut Model) -> Option<&mut Filter> {
    if model.ledger.shown {
        return Some(&mut model.ledger.filter).filter(|_| model.ledger.open.is_none());
    }
    match &mut model.release {
        Some(release) if release.tab == Tab::Findings => Some(&mut release.findings.filter),
        Some(_) => None,
        None => Some(&mut model.inbox.filter),
    }
}

/// Reads what is typed into the filter of the list that has the focus, and shows what it finds.
fn apply_filter(model: &mut Model) {
    if model.ledger.shown {
        model.ledger.apply_filter();
        return;
    }
    match &mut model.release {
        Some(release) => {
            if release.findings.apply_filter() {
                show_findings(model);
            }
        }
        None => {
            if model.inbox.apply_filter() {
                show_gates(model);
            }
        }
    }
}

/// Begins to type a filter.
pub(super) fn open_filter(model: &mut Model) {
    if let Some(filter) = filter(model) {
        filter.open = true;
    }
}

/// The filter was typed into.
pub(super) fn filter_edited(model: &mut Model, change: impl FnOnce(&mut Input)) {
    let Some(filter) = filter(model) else { return };
    filter.turns = None;
    change(&mut filter.input);
    apply_filter(model);
}

/// Leaves what was typed in force. What cannot be read stays open: what is wrong with it is to be seen.
pub(super) fn keep_filter(model: &mut Model) {
    let Some(filter) = filter(model) else { return };
    filter.open = false;
    filter.turns = None;
    apply_filter(model);
    if let Some(filter) = self::filter(model) {
        filter.open = filter.error.is_some();
    }
}

/// Goes on typing the word before the cursor as far as there is one way to go on; where there are several, they take
/// turns.
pub(super) fn complete_filter(model: &mut Model, back: bool) {
    let Some(filter) = filter(model) else { return };
    let before = filter.input.before().to_owned();
    if let Some(mut turns) = filter.turns.take() {
        let n = turns.candidates.len().max(1);
        turns.at = if back { (turns.at + n - 1) % n } else { (turns.at + 1) % n };
        take_turns(model, turns);
        return;
    }
    let completion = completion(model, &before);
    let Some(common) = completion.candidates.iter().cloned().reduce(|a, b| common_start(&a, &b)) else { return };
    let typed = before.get(completion.start..).unwrap_or_default();
    if common.len() > typed.len() || completion.candidates.len() == 1 {
        filter_edited(model, |input| input.replace_before(completion.start, &common));
    } else if completion.start > 0 || !typed.is_empty() {
        let at = if back { completion.candidates.len() - 1 } else { 0 };
        take_turns(model, Turns { start: completion.start, candidates: completion.candidates, at });
    }
}

fn take_turns(model: &mut Model, turns: Turns) {
    filter_edited(model, |input| input.replace_before(turns.start, turns.now()));
    if let Some(filter) = filter(model) {
        filter.turns = Some(turns);
    }
}

fn common_start(one: &str, other: &str) -> String {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// Puts a saved filter over the inbox.
pub(super) fn use_filter(model: &mut Model, name: &str) {
    let Some(saved) = model.saved.iter().find(|s| s.name == name).cloned() else { return };
    model.inbox.filter = Filter { input: Input::with(&saved.query), ..Filter::default() };
    model.inbox.apply_filter();
    show_gates(model);
    model.say(format!("Filter {}: {}", saved.name, saved.query));
}

/// Takes the filter away; whether there was one.
pub(super) fn close_filter(model: &mut Model) -> bool {
    let Some(filter) = filter(model) else { return false };
    if !filter.open && filter.in_force.is_empty() {
        return false;
    }
    filter.input.clear();
    filter.turns = None;
    filter.open = false;
    apply_filter(model);
    true
}

/// Goes to another match of the filter.
pub(super) fn match_step(model: &mut Model, step: Step) {
    if filter(model).is_none_or(|f| f.in_force.is_empty()) {
        model.say("There is no filter. / begins one.");
    } else if model.ledger.shown {
        model.ledger.list.step(step);
    } else if let Some(release) = &mut model.release {
        release.findings.step_match(step);
    } else {
        model.inbox.list.step(step);
    }
}

/// Sorts the inbox by another column.
pub(super) fn sort(model: &mut Model) {
    model.inbox.sort = model.inbox.sort.next();
    show_gates(model);
    model.say(format!("Sorted by: {}.", model.inbox.sort.words()));
}

/// Marks the finding that the cursor is on, or all open ones of its group, or takes the marks away, and goes on.
pub(super) fn mark(model: &mut Model) {
    if let Some(triaged) = model.current_finding()
        && let Err(why) = markable(triaged)
    {
        model.refuse(why);
        return;
    }
    let Some(release) = &mut model.release else { return };
    let here = release.findings.here();
    let (group, count) = (release.findings.selected_group().is_some(), here.len());
    toggle(&mut release.findings.marked, here);
    if group {
        let all = release.findings.marked.len();
        model.say(format!("{count} findings of the group; {all} are marked."));
    } else {
        release.findings.step(Step::By(1));
    }
}

fn markable(triaged: &Triaged) -> Result<(), &'static str> {
    match triaged.novelty {
        Novelty::Fixed | Novelty::Unseen => {
            Err("The finding is not of this release: only the last approved one had it.")
        }
        _ if !triaged.is_open() => Err("The finding is dismissed already."),
        _ => Ok(()),
    }
}

/// Marks all of these; if they are all marked, none.
fn toggle(marked: &mut BTreeSet<Fingerprint>, all: Vec<Fingerprint>) {
    if all.iter().all(|f| marked.contains(f)) {
        for fingerprint in &all {
            marked.remove(fingerprint);
        }
    } else {
        marked.extend(all);
    }
}

/// Marks all open findings that are shown; if they are all marked, none.
pub(super) fn mark_all(model: &mut Model) {
    let Some(release) = &mut model.release else { return };
    let open = release.findings.open(None);
    toggle(&mut release.findings.marked, open);
    let count = release.findings.marked.len();
    model.say(format!("{count} findings are marked."));
}

/// A line was clicked: the cursor goes there.
pub(super) fn click(model: &mut Model, _column: u16, row: u16) {
    if !model.overlays.is_empty() {
        return;
    }
    let base = model.base();
    let body = layout::areas(model.width, model.height, base).body;
    let Some(line) = row.checked_sub(body.y).filter(|_| row < body.bottom()).map(usize::from) else { return };
    match (base, &mut model.release) {
        (Place::Ledger, _) => model.ledger.list.go(model.ledger.list.top() + line),
        (Place::Inbox, _) => model.inbox.list.go(model.inbox.list.top() + line),
        (Place::Findings, Some(release)) => {
            let findings = &mut release.findings;
            findings.place.go(findings.place.top() + line, findings.lines.len());
        }
        (Place::Items, Some(release)) => release.items.go(release.items.top() + line),
        _ => {}
    }
}
