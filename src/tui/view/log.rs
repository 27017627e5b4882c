//! What was done and what did not work, with details and hints.

use ratatui::layout::Rect;

use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widget::dialog;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::text::{Text, moment};

pub(super) fn paint(model: &Model, scroll: usize, painter: &mut Painter<'_>, area: Rect) {
    dialog::text_box(painter, area, "messages, the newest first", scroll, |width| text(model, width));
}

pub(super) fn scrollable(model: &Model, area: Rect) -> usize {
    dialog::text_box_scroll(area, |width| text(model, width))
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
