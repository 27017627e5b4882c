//! What was done and what did not work, with details and hints.

use ratatui::layout::Rect;

use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::text::{Text, moment};

pub(super) fn paint(model: &Model, scroll: usize, painter: &mut Painter<'_>, area: Rect) {
    let inner = painter.boxed(layout::menu(area.width, area.height), "messages, the newest first");
    text(model, inner.width).paint(painter, inner, scroll);
}

pub(super) fn scrollable(model: &Model, area: Rect) -> usize {
    let outer = layout::menu(area.width, area.height);
    text(model, outer.width.saturating_sub(2)).longest_scroll(outer.height.saturating_sub(2))
}

fn text(model: &Model, width: u16) -> Text {
    let glyphs = model.glyphs.table();
    let mut text = Text::new(width);
    for entry in model.log.entries() {
        let (role, sign) = if entry.bad { (Role::Bad, glyphs.bad) } else { (Role::Good, glyphs.ok) };
        text.row(vec![
            span(role, format!("{sign} {}", entry.task)),
            span(Role::Muted, format!("  {}", moment(entry.at))),
        ]);
        text.say(Role::Text, &entry.message, 2);
        for hint in &entry.hints {
            text.say(Role::Muted, &format!("Hint: {hint}"), 2);
        }
        text.gap();
    }
    if text.rows().is_empty() {
        text.say(Role::Muted, "Nothing happened yet.", 1);
    }
    text
}
