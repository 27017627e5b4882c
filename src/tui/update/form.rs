//! What all forms do alike.

use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::model::form::Form;

/// Moves the focus, changes a choice, hands a text to the editor; `None`: the action is something else.
pub(super) fn steer(form: &mut Form, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Down | Action::NextPane => form.next(false),
        Action::Up | Action::PreviousPane => form.next(true),
        Action::Right | Action::Left => form.sideways(action == Action::Left),
        Action::Edit => return form.input().map(|input| vec![Effect::EditExternally(input.text())]),
        _ => return None,
    }
    Some(Vec::new())
}
