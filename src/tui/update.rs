//! What happens when something happens: `update(model, message)` gives the effects. No I/O, no clock.

mod act;
mod data;
mod decide;
mod dismiss;
mod form;
mod ledger;
mod lists;
mod menu;
mod passphrase;
#[cfg(test)]
pub(super) mod tests;

use super::action::Place;
use super::effect::{Effect, RequestId};
use super::layout;
use super::model::form::Form;
use super::model::log::{Entry, Notice};
use super::model::{Model, Overlay};
use super::msg::{Failure, Msg};
use super::view;

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // Only another key ends a sequence; news from elsewhere does not.
    if matches!(msg, Msg::Act(_) | Msg::NoSuchKey(_) | Msg::Paste(_) | Msg::Click(..)) {
        model.prefix.clear();
    }
    let effects = match msg {
        Msg::Act(action) => act::act(model, action),
        Msg::Prefix(key) => {
            model.prefix.push(key);
            Vec::new()
        }
        Msg::NoSuchKey(keys) => {
            model.say(format!("{keys} means nothing here. ? shows what can be done."));
            Vec::new()
        }
        Msg::Edit(edit) => {
            match model.overlays.last_mut() {
                Some(Overlay::Passphrase(form)) => passphrase::edited(form, |input| input.edit(edit)),
                _ => edited(model, |input| input.edit(edit)),
            }
            Vec::new()
        }
        Msg::Paste(text) => {
            // It may be a secret, wherever it was to go.
            let text = zeroize::Zeroizing::new(text);
            let typing = model.is_typing();
            match model.overlays.last_mut() {
                Some(Overlay::Passphrase(form)) => passphrase::edited(form, |input| input.insert_text(&text)),
                _ if typing => edited(model, |input| input.insert_text(&text)),
                _ => model.say("Pasted text goes into text fields only."),
            }
            Vec::new()
        }
        Msg::Edited(text) => {
            if let Some(text) = text.filter(|_| model.is_typing()) {
                edited(model, |input| {
                    input.clear();
                    input.insert_text(text.trim());
                });
            }
            vec![Effect::Redraw]
        }
        Msg::Click(column, row) => {
            lists::click(model, column, row);
            Vec::new()
        }
        Msg::Resize(width, height) => {
            (model.width, model.height) = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => {
            model.now = now;
            Vec::new()
        }
        Msg::GoOn => {
            if let Some(release) = &mut model.release {
                release.findings.go_on();
            }
            Vec::new()
        }
        Msg::Resumed => vec![Effect::Redraw],
        Msg::SuspendAsked => vec![Effect::Suspend],
        Msg::Terminate => vec![Effect::Quit],
        Msg::Ledger(news) => {
            ledger::news(model, news);
            Vec::new()
        }
        Msg::Note(text) => {
            model.note("done", text);
            Vec::new()
        }
        Msg::GatesListed(listed) => data::listed(model, *listed),
        Msg::PieceArrived(arrival) => {
            data::arrived(model, *arrival);
            Vec::new()
        }
        Msg::DossierReady { gate, dossier, decisions, approvals, now } => {
            model.now = now;
            data::ready(model, &gate, &dossier, decisions, approvals);
            Vec::new()
        }
        Msg::AssemblyFailed { gate, failure } => {
            data::assembly_failed(model, &gate, failure);
            Vec::new()
        }
        Msg::Failed { request, failure } => {
            failed(model, request, failure);
            Vec::new()
        }
        Msg::Prepared { request, preview } => {
            decide::prepared(model, request, preview);
            Vec::new()
        }
        Msg::SigningStarted { request, touch, deadline_seconds, now } => {
            model.now = now;
            let until = touch.then(|| now.plus(std::time::Duration::from_secs(deadline_seconds)));
            decide::signing(model, request, until);
            dismiss::signing(model, request, until);
            Vec::new()
        }
        Msg::PassphraseAsked { ask, key, again } => {
            passphrase::asked(model, ask, &key, again);
            Vec::new()
        }
        Msg::DecisionProgress { request, step } => {
            decide::progress(model, request, step);
            Vec::new()
        }
        Msg::RecordsRead { gate, decisions, approvals } => {
            data::records(model, &gate, decisions, approvals);
            Vec::new()
        }
        Msg::DecisionDone { request, result, text, receipt } => decide::done(model, request, result, text, receipt),
        Msg::Dismissed { request, gate: _, count, text } => {
            dismiss::done(model, request, count, text);
            Vec::new()
        }
    };
    settle(model);
    effects
}

impl Model {
    /// Says something in the status line.
    fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { bad: false, text: text.into() });
    }

    /// Says in the status line why something cannot be done.
    fn refuse(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { bad: true, text: text.into() });
    }

    /// Says that something was done, and keeps it.
    fn note(&mut self, task: &str, text: String) {
        self.log.push(Entry::done(self.now, task, text.clone()));
        self.say(text);
    }

    /// Says that something did not work, and keeps it with its details.
    fn fail(&mut self, failure: Failure) {
        self.refuse(failure.message.clone());
        self.log.push(Entry::failure(self.now, failure));
    }

    fn is_mine(&self, request: RequestId) -> bool {
        self.in_flight.as_ref().is_some_and(|f| f.request == request)
    }
}

fn failed(model: &mut Model, request: Option<RequestId>, failure: Failure) {
    if failure.task == "refresh" {
        model.refreshing = false;
    }
    if let Some(request) = request {
        passphrase::withdraw(model);
        decide::failed(model, request, &failure);
        dismiss::failed(model, request, &failure);
        if model.is_mine(request) {
            model.in_flight = None;
        }
    }
    model.fail(failure);
}

/// Changes the text field that has the focus, and whatever follows from its text.
fn edited(model: &mut Model, change: impl FnOnce(&mut super::model::input::Input)) {
    match model.overlays.last_mut() {
        Some(Overlay::Decide(form)) => form_edited(&mut form.form, change),
        Some(Overlay::Dismiss(form)) => form_edited(&mut form.form, change),
        Some(Overlay::Menu(_)) => menu::edited(model, change),
        Some(Overlay::Passphrase(_) | Overlay::Log(_) | Overlay::Check(_) | Overlay::Leave(_)) => {}
        None => lists::filter_edited(model, change),
    }
}

fn form_edited(form: &mut Form, change: impl FnOnce(&mut super::model::input::Input)) {
    form.problem = None;
    if let Some(input) = form.input() {
        change(input);
    }
}

/// Brings cursors and scrolling back to what there is and to the size of the screen.
fn settle(model: &mut Model) {
    let (width, height) = (model.width, model.height);
    let inbox = layout::areas(width, height, Place::Inbox).body.height;
    model.inbox.list.settle(usize::from(inbox));
    if let Some(release) = &mut model.release {
        let body = |base| usize::from(layout::areas(width, height, base).body.height);
        let len = release.findings.lines.len();
        release.findings.place.settle(body(Place::Findings), len);
        release.items.settle(body(Place::Items));
    }
    ledger::settle(model);
    look(model);
    let longest = view::scrollable(model);
    if let Some(scroll) = scroll(model) {
        *scroll = (*scroll).min(longest);
    }
    if let Some(Overlay::Menu(menu)) = model.overlays.last_mut() {
        menu.list.settle(usize::from(layout::menu_rows(width, height, menu.tells_syntax())));
    }
}

/// Takes note of what is on the screen. What lies behind a form, or on a screen that is too small, nobody has seen.
fn look(model: &mut Model) {
    let hidden = !model.overlays.is_empty() || model.ledger.shown || layout::too_small(model.width, model.height);
    let Some(release) = model.release.as_ref().filter(|_| !hidden) else { return };
    if let Some(entry) = model.gates.get_mut(&release.gate) {
        entry.look(release.tab);
    }
}

/// How far the text that has the focus is scrolled, if it is a text.
fn scroll(model: &mut Model) -> Option<&mut usize> {
    match model.overlays.last_mut() {
        Some(Overlay::Decide(form)) => Some(&mut form.scroll),
        Some(Overlay::Dismiss(form)) => Some(&mut form.scroll),
        Some(Overlay::Log(scroll) | Overlay::Check(scroll)) => Some(scroll),
        Some(Overlay::Passphrase(_) | Overlay::Menu(_) | Overlay::Leave(_)) => None,
        None if model.ledger.shown => model.ledger.open.as_mut().map(|open| &mut open.scroll),
        None => match (&mut model.finding, &mut model.release) {
            (Some(finding), _) => Some(&mut finding.scroll),
            (None, Some(release)) if release.tab == super::model::screens::Tab::Overview => Some(&mut release.scroll),
            _ => None,
        },
    }
}
