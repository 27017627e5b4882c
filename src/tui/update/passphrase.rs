//! The question for a passphrase, over the form that signs.

use crate::tui::action::Action;
use crate::tui::effect::{AskId, Effect};
use crate::tui::model::secret::{PassphraseForm, SecretInput};
use crate::tui::model::{Model, Overlay};

/// The signer asks. It asks one thing at a time.
pub(super) fn asked(model: &mut Model, ask: AskId, key: &str, again: bool) {
    withdraw(model);
    let key = crate::text::line(key).into_owned();
    let problem = again.then_some("Wrong passphrase.");
    let form = PassphraseForm { ask, key, input: SecretInput::default(), problem };
    model.overlays.push(Overlay::Passphrase(Box::new(form)));
}

/// Nobody waits for the answer any more.
pub(super) fn withdraw(model: &mut Model) {
    model.overlays.retain(|o| !matches!(o, Overlay::Passphrase(_)));
}

/// Does an action while the question is on the screen.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Passphrase(form)) = model.overlays.last_mut() else { return Vec::new() };
    let answer = match action {
        Action::Back => None,
        Action::Open if form.input.is_empty() => {
            form.problem = Some("Nothing was typed.");
            return Vec::new();
        }
        Action::Open => Some(std::mem::take(&mut form.input)),
        _ => return Vec::new(),
    };
    let ask = form.ask;
    model.overlays.pop();
    vec![Effect::Passphrase(ask, answer)]
}

/// What is typed or pasted goes in.
pub(super) fn edited(form: &mut PassphraseForm, change: impl FnOnce(&mut SecretInput)) {
    form.problem = None;
    change(&mut form.input);
}
