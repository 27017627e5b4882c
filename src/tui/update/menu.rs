//! Help and the palette.

use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::model::input::Input;
use crate::tui::model::menu::Pick;
use crate::tui::model::{Model, Overlay};

/// Does an action while help or the palette is open. Enter runs the line that the cursor is on.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Menu(menu)) = model.overlays.last_mut() else { return Vec::new() };
    match action {
        Action::Open => {
            let chosen = menu.list.selected().cloned();
            model.overlays.pop();
            match chosen {
                Some(Pick::Action(action)) => return super::act::act(model, action),
                Some(Pick::Filter(name)) => super::lists::use_filter(model, &name),
                Some(Pick::Theme(name)) => model.wear(&name),
                None => {}
            }
        }
        Action::Back if menu.searching && !menu.fuzzy => {
            menu.searching = false;
            edited(model, Input::clear);
        }
        Action::Back | Action::Quit | Action::Help => {
            model.overlays.pop();
        }
        Action::Filter => menu.searching = true,
        _ => super::act::scroll(model, action),
    }
    Vec::new()
}

/// What is searched was typed into.
pub(super) fn edited(model: &mut Model, change: impl FnOnce(&mut Input)) {
    let Some(Overlay::Menu(mut menu)) = model.overlays.pop() else { return };
    change(&mut menu.input);
    menu.search(model);
    model.overlays.push(Overlay::Menu(menu));
}
