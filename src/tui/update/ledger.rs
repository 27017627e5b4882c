//! The screen of the ledger.

use std::sync::Arc;

use crate::domain::record::RecordLine;
use crate::tui::action::{Action, Place};
use crate::tui::effect::{Effect, LedgerAsk};
use crate::tui::layout;
use crate::tui::model::ledger::{Check, RecordScreen};
use crate::tui::model::listing::Step;
use crate::tui::model::{Model, Overlay};
use crate::tui::msg::LedgerNews;
use crate::tui::view;

use super::lists;

/// Does an action on the list or on a record. `None`: it is the same everywhere.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let on_record = model.ledger.open.is_some();
    match action {
        Action::Open if model.is_typing() => lists::keep_filter(model),
        Action::Open if !on_record => return Some(open_record(model)),
        Action::Back if model.ledger.open.take().is_some() || lists::close_filter(model) => {}
        Action::Back => model.ledger.shown = false,
        Action::Refresh => return Some(refresh(model)),
        Action::CheckLedger => return Some(check(model)),
        Action::NextPane if model.is_typing() => lists::complete_filter(model, false),
        Action::Right | Action::NextPane if on_record => return Some(beside(model, 1)),
        Action::Left | Action::PreviousPane if on_record => return Some(beside(model, -1)),
        Action::Copy => return Some(copy(model)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Opens the screen, and reads the ledger.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.ledger.shown = true;
    if model.ledger.reading.is_some() { Vec::new() } else { read(model) }
}

fn read(model: &mut Model) -> Vec<Effect> {
    if model.ledger.reading.is_some() {
        model.say("The ledger is being read already.");
        return Vec::new();
    }
    let request = model.new_request();
    model.ledger.begin(request);
    vec![Effect::Ledger(LedgerAsk::List(request))]
}

/// Reads the list again, and the record that is open.
fn refresh(model: &mut Model) -> Vec<Effect> {
    let mut effects = read(model);
    let request = model.new_request();
    if let Some(open) = &mut model.ledger.open {
        // What is on the screen stays until the answer is there.
        open.request = request;
        let (record, envelope) = (open.line.record.clone(), open.line.envelope.clone());
        effects.push(Effect::Ledger(LedgerAsk::Open { request, record, envelope }));
    }
    effects
}

fn open_record(model: &mut Model) -> Vec<Effect> {
    let Some(line) = model.ledger.selected().cloned() else { return Vec::new() };
    let request = model.new_request();
    let RecordLine { record, envelope, .. } = line.clone();
    model.ledger.open = Some(RecordScreen { request, line, sheet: None, text: None, scroll: 0 });
    vec![Effect::Ledger(LedgerAsk::Open { request, record, envelope })]
}

/// Opens the record beside the one that is open.
fn beside(model: &mut Model, by: isize) -> Vec<Effect> {
    let before = model.ledger.list.cursor();
    model.ledger.list.step(Step::By(by));
    if model.ledger.list.cursor() == before {
        model.say(if by < 0 { "This is the newest record." } else { "This is the oldest record." });
        return Vec::new();
    }
    open_record(model)
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let ledger = &model.ledger;
    let line = ledger.open.as_ref().map(|o| &o.line).or_else(|| ledger.selected());
    line.map(|line| Effect::Copy(line.envelope.to_string())).into_iter().collect()
}

/// Begins a check, or shows the one that goes on.
fn check(model: &mut Model) -> Vec<Effect> {
    model.overlays.push(Overlay::Check(0));
    if model.ledger.check.running().is_some() { Vec::new() } else { begin_check(model) }
}

fn begin_check(model: &mut Model) -> Vec<Effect> {
    let request = model.new_request();
    model.ledger.check = Check::Running { request, done: 0, all: 0 };
    vec![Effect::Ledger(LedgerAsk::Check(request))]
}

/// Does an action while the check is shown. Esc leaves it running; `v` calls it off, or begins another one.
pub(super) fn check_act(model: &mut Model, action: Action) -> Vec<Effect> {
    match (action, model.ledger.check.running()) {
        (Action::CheckLedger, Some(request)) => {
            model.ledger.check = Check::CalledOff;
            return vec![Effect::Ledger(LedgerAsk::CallOff(request))];
        }
        (Action::CheckLedger, None) => return begin_check(model),
        (Action::Back | Action::Quit | Action::Open, _) => {
            model.overlays.pop();
        }
        _ => super::act::scroll(model, action),
    }
    Vec::new()
}

/// News. What answers an earlier request than the last one is not for this screen any more.
pub(super) fn news(model: &mut Model, news: LedgerNews) {
    let ledger = &mut model.ledger;
    match news {
        LedgerNews::State { request, state, now } if ledger.reading == Some(request) => {
            model.now = now;
            ledger.as_of = Some(now);
            ledger.state = Some(*state);
        }
        LedgerNews::Page { request, lines } if ledger.reading == Some(request) => ledger.take(lines),
        LedgerNews::Listed { request } if ledger.reading == Some(request) => ledger.end(),
        LedgerNews::OutOfReach { request, failure } if ledger.reading == Some(request) => {
            ledger.fail(failure.clone());
            model.fail(failure);
        }
        LedgerNews::Opened { request, sheet } => {
            let Some(open) = ledger.open.as_mut().filter(|o| o.request == request) else { return };
            open.text = None;
            if let Ok(sheet) = &sheet {
                // It was judged again, and this is the later word.
                open.line = sheet.line.clone();
            }
            open.sheet = Some(sheet.clone());
            if let Err(failure) = sheet {
                model.fail(failure);
            }
        }
        LedgerNews::Checking { request, done, all } if ledger.check.running() == Some(request) => {
            ledger.check = Check::Running { request, done, all };
        }
        LedgerNews::Checked { request, check } if ledger.check.running() == Some(request) => match check {
            Ok(Some(found)) => {
                let (words, good) = view::check_words(&found);
                ledger.check = Check::Done(found);
                if good {
                    model.note("check the ledger", words);
                } else {
                    model.refuse(words);
                }
            }
            Ok(None) => ledger.check = Check::CalledOff,
            Err(failure) => {
                ledger.check = Check::Failed(failure.clone());
                model.fail(failure);
            }
        },
        _ => {}
    }
}

/// Brings the list and the lines of the open record to the size of the screen.
pub(super) fn settle(model: &mut Model) {
    let (width, height) = (model.width, model.height);
    let body = |place| layout::areas(width, height, place).body;
    model.ledger.list.settle(usize::from(body(Place::Ledger).height));
    let wide = body(Place::Record).width;
    let glyphs = model.glyphs.table();
    if let Some(open) = &mut model.ledger.open {
        let fits = open.text.as_ref().is_some_and(|text| text.is_for(wide));
        if let (Some(Ok(sheet)), false) = (&open.sheet, fits) {
            let sheet = Arc::clone(sheet);
            open.text = Some(view::record_text(&sheet, wide, glyphs));
        }
    }
}
