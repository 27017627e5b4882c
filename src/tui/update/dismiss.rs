//! The form of a dismissal.

use std::collections::BTreeSet;

use crate::domain::time::Timestamp;
use crate::domain::triage::alike;
use crate::tui::action::Action;
use crate::tui::effect::{Effect, RequestId};
use crate::tui::model::dismiss::DismissForm;
use crate::tui::model::form::Focus;
use crate::tui::model::{Model, Overlay};
use crate::tui::msg::Failure;

/// Opens the form over the marked findings, or the one that is looked at.
pub(super) fn open(model: &mut Model) {
    let marked = model.release.as_ref().map(|r| r.findings.marked.clone()).filter(|_| model.finding.is_none());
    let wanted: BTreeSet<_> = match marked.filter(|m| !m.is_empty()) {
        Some(marked) => marked,
        None => model.current_finding().map(|t| t.finding.fingerprint).into_iter().collect(),
    };
    let request = model.new_request();
    let Some(dossier) = model.current_dossier() else { return };
    match DismissForm::new(request, dossier, &wanted) {
        Some(form) if let Err(unlike) = alike(form.findings.iter().map(AsRef::as_ref)) => {
            model.refuse(format!("{unlike} Mark those of one."));
        }
        Some(form) => model.overlays.push(Overlay::Dismiss(Box::new(form))),
        None => model.refuse("The finding is dismissed already."),
    }
}

fn form(model: &mut Model) -> Option<&mut DismissForm> {
    model.overlays.iter_mut().rev().find_map(|o| match o {
        Overlay::Dismiss(form) => Some(&mut **form),
        _ => None,
    })
}

fn form_of(model: &mut Model, request: RequestId) -> Option<&mut DismissForm> {
    form(model).filter(|f| f.request == request)
}

/// Does an action while the form has the focus.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    if !form.busy
        && let Some(effects) = super::form::steer(&mut form.form, action)
    {
        return effects;
    }
    match action {
        Action::Back => return back(model),
        Action::Open => return press(model),
        Action::LookAgain => look_again(model),
        _ => super::act::scroll(model, action),
    }
    Vec::new()
}

fn press(model: &mut Model) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    match form.form.focus {
        Focus::Field(_) => form.form.next(false),
        Focus::Cancel => return back(model),
        Focus::Go if form.busy => {}
        Focus::Go if form.stale.is_some() => look_again(model),
        Focus::Go => match form.dismissing() {
            Ok(dismissing) => {
                form.busy = true;
                form.form.focus = Focus::Cancel;
                form.form.problem = None;
                return vec![Effect::Dismiss(Box::new(dismissing))];
            }
            Err((place, problem)) => {
                form.form.problem = Some(problem);
                form.form.focus = Focus::Field(place);
            }
        },
    }
    Vec::new()
}

fn back(model: &mut Model) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    if form.busy {
        return vec![Effect::CancelSigning(form.request)];
    }
    model.overlays.pop();
    Vec::new()
}

fn look_again(model: &mut Model) {
    let request = model.new_request();
    let Some(old) = form(model).filter(|f| !f.busy).cloned() else { return };
    let again = model.gates.get(&old.gate).and_then(|e| old.look_again(request, e.dossier.as_ref()?));
    match again {
        Some(again) => {
            if let Some(form) = form(model) {
                *form = again;
            }
        }
        None => model.refuse("None of the findings is open any more."),
    }
}

/// The signer was asked.
pub(super) fn signing(model: &mut Model, request: RequestId, until: Option<Timestamp>) {
    if let Some(form) = form_of(model, request).filter(|f| f.busy) {
        form.touch_until = until;
    }
}

/// The findings were dismissed.
pub(super) fn done(model: &mut Model, request: RequestId, count: usize, text: String) {
    if form_of(model, request).is_some() {
        model.overlays.retain(|o| !matches!(o, Overlay::Dismiss(f) if f.request == request));
        if let Some(release) = &mut model.release {
            release.findings.marked = BTreeSet::new();
        }
    }
    model.note(&format!("dismiss {count}"), text);
}

/// They were not.
pub(super) fn failed(model: &mut Model, request: RequestId, failure: &Failure) {
    if let Some(form) = form_of(model, request) {
        form.busy = false;
        form.touch_until = None;
        form.form.problem = Some(failure.message.clone());
    }
    // What came while it was being signed counts now.
    super::data::mark_stale(model);
}
