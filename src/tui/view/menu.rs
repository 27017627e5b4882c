//! Help and the palette: from the action table, with keys, and with the reason where something cannot be done now.

use ratatui::layout::{Position, Rect};

use crate::tui::action::Place;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::menu::Menu;
use crate::tui::model::screens::completion;
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
    let rows = below.height.saturating_sub(1).min(layout::menu_rows(area.width, area.height, menu.tells_syntax()));
    let body = Rect { y: below.y.saturating_add(1), height: rows, ..below };
    table::lines(painter, body, COLUMNS, &menu.list, |pick| {
        let doc = match pick.may(model) {
            Ok(()) => span(Role::Text, pick.doc(model)),
            Err(why) => span(Role::Warn, format!("not now: {why}")),
        };
        let keys = pick.keys(model).join(" ");
        (false, vec![vec![span(Role::Key, keys)], vec![span(Role::Strong, pick.name())], vec![doc]])
    });
    let below_list = Rect { y: body.bottom(), height: below.bottom().saturating_sub(body.bottom()), ..below };
    if let Some(pick) = menu.list.selected() {
        let mut text = Text::new(below_list.width);
        text.say(Role::Text, &pick.doc(model), 1);
        if let Err(why) = pick.may(model) {
            text.say(Role::Warn, &format!("Not now: {why}"), 1);
        }
        text.paint(painter, Rect { height: below_list.height.min(2), ..below_list }, 0);
    }
    if menu.tells_syntax() {
        let lines = below_list.height.min(3);
        let place = Rect { y: below_list.bottom() - lines, height: lines, ..below_list };
        let mut text = Text::new(place.width);
        let words = completion(model, "").candidates.join(" ");
        let compared = match menu.place {
            Place::Inbox => "sev>=high, waiting>2h",
            Place::Ledger => "verb:approve",
            _ => "sev>=high, cvss>=9",
        };
        text.say(Role::Muted, &format!("/ takes {compared}; !x is not x; \"x y\" is text; {words}"), 1);
        text.paint(painter, place, 0);
    }
    cursor
}
