//! The form of a decision: filled in, prepared, looked at, signed, followed.

use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;
use crate::tui::action::Action;
use crate::tui::effect::{Ask, Effect, Go, RequestId};
use crate::tui::model::decide::{DecideForm, REASON, Stage, Subject};
use crate::tui::model::form::Focus;
use crate::tui::model::log::Entry;
use crate::tui::model::{InFlight, Model, Overlay};
use crate::tui::msg::{DecisionPreview, DecisionResult, Failure};

/// Opens the form over the gate that is looked at, and freezes that.
pub(super) fn open(model: &mut Model, verb: Verb) {
    let request = model.new_request();
    if let Some(subject) = model.current_gate().and_then(Subject::of) {
        model.overlays.push(Overlay::Decide(Box::new(DecideForm::new(request, verb, subject))));
    }
}

fn form(model: &mut Model) -> Option<&mut DecideForm> {
    model.overlays.iter_mut().rev().find_map(|o| match o {
        Overlay::Decide(form) => Some(&mut **form),
        _ => None,
    })
}

fn form_of(model: &mut Model, request: RequestId) -> Option<&mut DecideForm> {
    form(model).filter(|f| f.request == request)
}

/// Does an action while the form has the focus.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    if form.stage == Stage::Edit
        && let Some(effects) = super::form::steer(&mut form.form, action)
    {
        return effects;
    }
    match action {
        Action::Right | Action::Left | Action::NextPane | Action::PreviousPane => {
            if form.buttons().1.is_some() {
                form.form.sideways(false);
            }
        }
        Action::Open => return press(model),
        Action::Back => return back(model),
        Action::LookAgain => look_again(model),
        _ => super::act::scroll(model, action),
    }
    Vec::new()
}

fn press(model: &mut Model) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    match form.form.focus {
        // From a field, Enter goes on: a decision is never one key away.
        Focus::Field(_) => form.form.next(false),
        Focus::Cancel => return back(model),
        Focus::Go if form.buttons().1.is_none() => {}
        Focus::Go if form.stale.is_some() => look_again(model),
        Focus::Go => return go(model),
    }
    Vec::new()
}

fn go(model: &mut Model) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    match form.stage.clone() {
        Stage::Edit => {
            if let Some((place, problem)) = form.problem() {
                form.form.problem = Some(problem);
                form.form.focus = Focus::Field(place);
                return Vec::new();
            }
            let ask = Ask {
                request: form.request,
                gate: form.subject.gate.clone(),
                attempt: form.subject.attempt.clone(),
                expect: form.subject.digest.clone(),
                verb: form.verb,
                reason: Untrusted::new(form.form.text(REASON)),
                option: form.option(),
                viewed: form.subject.viewed.clone(),
            };
            form.enter(Stage::Preparing);
            vec![Effect::Prepare(ask)]
        }
        Stage::Confirm(preview) => {
            let sign = Go {
                request: form.request,
                gate: preview.gate,
                attempt: preview.attempt,
                dossier: preview.dossier,
                verb: form.verb,
            };
            form.enter(Stage::Signing { touch_until: None });
            let what = format!("{} {}", form.verb.word(), form.subject.release);
            let in_flight =
                InFlight { request: sign.request, gate: sign.gate.clone(), what, step: "signing".to_owned() };
            model.in_flight = Some(in_flight);
            vec![Effect::Sign(sign)]
        }
        _ => Vec::new(),
    }
}

/// One level back: from the look at it to the fields, from the fields out. What is signed already goes on without us.
fn back(model: &mut Model) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    match form.stage {
        Stage::Confirm(_) | Stage::Preparing => {
            form.enter(Stage::Edit);
            // A late answer to what was asked is not taken any more.
            let request = model.new_request();
            if let Some(form) = self::form(model) {
                form.request = request;
            }
        }
        Stage::Signing { .. } => {
            let request = form.request;
            // Its end was told already, whatever came late: there is nobody to be asked.
            if !model.is_mine(request) {
                model.overlays.pop();
                return Vec::new();
            }
            model.say("The signer was asked to give up.");
            return vec![Effect::CancelSigning(request)];
        }
        Stage::Following => {
            model.overlays.pop();
            model.say("The decision goes on in the background; e shows what comes of it.");
        }
        Stage::Refused | Stage::Edit | Stage::Done { .. } => {
            model.overlays.pop();
            super::data::sweep(model);
        }
    }
    Vec::new()
}

/// Takes up the evidence as it is now: another run of the form, with what was filled in.
fn look_again(model: &mut Model) {
    let request = model.new_request();
    let Some(old) = form(model).filter(|f| f.is_open()).cloned() else { return };
    let entry = model.gates.get(&old.subject.gate);
    let Some(subject) = entry.filter(|e| !e.gone).and_then(Subject::of) else {
        model.refuse("The gate is no longer open.");
        return;
    };
    let still = entry.and_then(|e| subject.differs(e));
    let mut again = DecideForm::new(request, old.verb, subject);
    again.stale = still;
    for field in &mut again.form.fields {
        if let Some(filled) = old.form.fields.iter().find(|f| f.label == field.label && f.label == REASON) {
            *field = filled.clone();
        }
    }
    if let Some(form) = form(model) {
        *form = again;
    }
}

/// What would be signed and sent is here. It is taken only if it is about exactly what the form is about.
pub(super) fn prepared(model: &mut Model, request: RequestId, mut preview: Box<DecisionPreview>) {
    let Some(form) = form_of(model, request).filter(|f| f.stage == Stage::Preparing) else { return };
    let subject = &form.subject;
    let same = preview.gate == subject.gate
        && preview.attempt == subject.attempt
        && preview.dossier == subject.digest
        && preview.verb == form.verb;
    if !same && preview.differences.is_empty() {
        preview.differences.push("What was prepared is not about what was on the screen.".to_owned());
    }
    if form.verb == Verb::Approve && preview.refusal.is_none() && !subject.against.is_empty() {
        preview.refusal = Some(subject.against.join(" "));
    }
    form.enter(Stage::Confirm(preview));
}

/// The signer was asked.
pub(super) fn signing(model: &mut Model, request: RequestId, until: Option<Timestamp>) {
    // Said late, after it was called off or came to its end, it changes nothing.
    if let Some(form) = form_of(model, request).filter(|f| matches!(f.stage, Stage::Signing { .. })) {
        form.stage = Stage::Signing { touch_until: until };
    }
}

/// A step was made; the first one means that it is signed.
pub(super) fn progress(model: &mut Model, request: RequestId, step: String) {
    if let Some(flight) = model.in_flight.as_mut().filter(|f| f.request == request) {
        flight.step.clone_from(&step);
    }
    if let Some(form) = form_of(model, request).filter(|f| !matches!(f.stage, Stage::Done { .. })) {
        if form.stage != Stage::Following {
            form.enter(Stage::Following);
        }
        // A step that only took longer is told once.
        if form.steps.last().is_some_and(|last| stem(last) == stem(&step)) {
            form.steps.pop();
        }
        form.steps.push(step);
    }
}

/// A step without the time that it took: `The gate waits (2s).`
fn stem(step: &str) -> &str {
    step.rsplit_once(" (").map_or(step, |(stem, _)| stem)
}

/// It came to its end. What of it is to be seen at the gate is read again.
pub(super) fn done(
    model: &mut Model,
    request: RequestId,
    result: DecisionResult,
    text: String,
    receipt: Option<ReceiptStatus>,
) -> Vec<Effect> {
    let Some(flight) = model.in_flight.take_if(|f| f.request == request) else { return Vec::new() };
    super::passphrase::withdraw(model);
    let bad = !matches!(result, DecisionResult::Effective | DecisionResult::Recorded);
    let entry = Entry { bad, ..Entry::done(model.now, flight.what.clone(), format!("{}: {text}", result.word())) };
    model.log.push(entry);
    if let Some(form) = form_of(model, request) {
        form.enter(Stage::Done { result, text, receipt });
    } else if bad {
        model.refuse(format!("{}: {}. {text}", flight.what, result.word()));
    } else {
        model.say(format!("{}: {}. {text}", flight.what, result.word()));
    }
    if model.refreshing || result == DecisionResult::NotSigned {
        return Vec::new();
    }
    model.refreshing = true;
    vec![Effect::Refresh]
}

/// It could not be prepared.
pub(super) fn failed(model: &mut Model, request: RequestId, failure: &Failure) {
    if let Some(form) = form_of(model, request).filter(|f| !matches!(f.stage, Stage::Done { .. })) {
        form.enter(Stage::Edit);
        form.form.problem = Some(failure.message.clone());
    }
}
