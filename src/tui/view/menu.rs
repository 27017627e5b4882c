//! Help and the palette: from the action table, with keys, and with the reason where something cannot be done now.

use ratatui::layout::{Position, Rect};

use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::menu::Menu;
use crate::tui::theme::Role;
use crate::tui::widget::dialog::text_field;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::table::{self, Column, column};
use crate::tui::widget::text::Text;

const COLUMNS: &[Column] = &[column("keys", 20), column("action", 16), column("", 0)];

pub(super) fn paint(model: &Model, menu: &Menu, painter: &mut Painter<'_>, area: Rect) -> Option<Position> {
    let outer = layout::menu(area.width, area.height);
    let title = if menu.fuzzy { "palette: Enter runs the line" } else { "help: Enter runs the line, / searches" };
    let inner = painter.boxed(outer, title);
    let input = Rect { height: inner.height.min(1), ..inner };
    let word = if menu.fuzzy { ":" } else { "search: " };
    let mut cursor = None;
    let used = painter.put(input, word, Role::Key);
    let rect = Rect { x: input.x + used, width: input.width.saturating_sub(used), ..input };
    let at = text_field(painter, rect, &menu.input.text(), menu.input.before(), menu.searching);
    if menu.searching {
        cursor = at;
    }
    let below = Rect { y: inner.y + input.height, height: inner.height - input.height, ..inner };
    table::headings(painter, Rect { height: below.height.min(1), ..below }, COLUMNS);
    let rows = below.height.saturating_sub(1).min(layout::menu_rows(area.width, area.height));
    let body = Rect { y: below.y.saturating_add(1), height: rows, ..below };
    table::lines(painter, body, COLUMNS, &menu.list, |action| {
        let spec = action.spec();
        let mut doc = vec![span(Role::Text, spec.doc)];
        if let Err(why) = (spec.when)(model) {
            doc = vec![span(Role::Warn, format!("not now: {why}"))];
        }
        let keys = model.keymap.keys_of(*action).join(" ");
        (false, vec![vec![span(Role::Key, keys)], vec![span(Role::Strong, spec.name)], doc])
    });
    let below_list = Rect { y: body.bottom(), height: below.bottom().saturating_sub(body.bottom()), ..below };
    if let Some(spec) = menu.list.selected().map(|a| a.spec()) {
        let mut text = Text::new(below_list.width);
        text.say(Role::Text, spec.doc, 1);
        if let Err(why) = (spec.when)(model) {
            text.say(Role::Warn, &format!("Not now: {why}"), 1);
        }
        text.paint(painter, below_list, 0);
    }
    cursor
}
