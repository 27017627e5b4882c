//! The fields and buttons of a form, and boxes with nothing but text in them.

use ratatui::layout::{Position, Rect};

use super::paint::{Painter, span, width};
use super::text::Text;
use crate::tui::layout;
use crate::tui::model::form::{FieldKind, Focus, Form};
use crate::tui::theme::Role;

/// A box of the size of a menu with a text in it; `text` makes it for a width.
pub fn text_box(painter: &mut Painter<'_>, area: Rect, title: &str, scroll: usize, text: impl FnOnce(u16) -> Text) {
    let inner = painter.boxed(layout::menu(area.width, area.height), title);
    text(inner.width).paint(painter, inner, scroll);
}

/// How far the text of such a box can be scrolled.
pub fn text_box_scroll(area: Rect, text: impl FnOnce(u16) -> Text) -> usize {
    let outer = layout::menu(area.width, area.height);
    text(outer.width.saturating_sub(2)).longest_scroll(outer.height.saturating_sub(2))
}

/// The lines that the fields and buttons take: one a field, one for its hint, one for what is wrong, one for buttons.
pub fn height(form: &Form, fields: bool) -> u16 {
    let lines = if fields { form.fields.len() + 1 } else { 0 };
    u16::try_from(lines + 2).unwrap_or(u16::MAX)
}

/// Paints fields (if they are to be seen), what is wrong, and the buttons. Gives the place of the text cursor.
pub fn paint(
    painter: &mut Painter<'_>,
    area: Rect,
    form: &Form,
    fields: bool,
    buttons: (&str, Option<&str>),
) -> Option<Position> {
    painter.fill(area, Role::Text);
    let mut cursor = None;
    let mut y = area.y;
    let mut next = || {
        let line = Rect { y, height: 1, ..area };
        y = y.saturating_add(1);
        if line.y < area.bottom() { line } else { Rect { height: 0, ..line } }
    };
    if fields {
        for (i, field) in form.fields.iter().enumerate() {
            let focus = form.focus == Focus::Field(i);
            let line = next();
            let label = format!("{} {:<14}", if focus { painter.glyphs.cursor } else { " " }, field.label);
            let used = painter.put(line, &label, if focus { Role::Strong } else { Role::Muted });
            let rect = Rect { x: line.x.saturating_add(used), width: line.width.saturating_sub(used), ..line };
            match &field.kind {
                FieldKind::Choice { options, chosen } => {
                    let chosen = options.get(*chosen).map_or("", String::as_str);
                    let text = if focus { format!("< {chosen} >") } else { format!("  {chosen}") };
                    painter.line(rect, Role::Text, &[span(role(focus), text)], None);
                }
                FieldKind::Text(input) => {
                    let rect = Rect {
                        x: rect.x.saturating_add(2).min(rect.right()),
                        width: rect.width.saturating_sub(2),
                        ..rect
                    };
                    if !focus && input.is_blank() {
                        painter.line(rect, Role::Field, &[span(Role::Muted, field.hint.as_str())], None);
                        continue;
                    }
                    let at = text_field(painter, rect, &input.text(), input.before(), focus);
                    cursor = cursor.or(at.filter(|_| focus));
                }
            }
        }
        let hint = match form.focus {
            Focus::Field(i) => form.fields.get(i).map_or("", |f| f.hint.as_str()),
            Focus::Cancel | Focus::Go => "",
        };
        painter.line(next(), Role::Muted, &[span(Role::Muted, format!("  {hint}"))], None);
    }
    let problem = form.problem.as_deref().unwrap_or_default();
    let sign = if problem.is_empty() { "" } else { painter.glyphs.bad };
    painter.line(next(), Role::Text, &[span(Role::Bad, format!("{sign} {problem}"))], None);
    let button = |word: &str, focus: bool| {
        let text = if focus { format!("[> {word} <]") } else { format!("[  {word}  ]") };
        span(if focus { Role::ButtonFocus } else { Role::Button }, text)
    };
    let mut row = vec![span(Role::Text, "  "), button(buttons.0, form.focus == Focus::Cancel), span(Role::Text, "   ")];
    row.extend(buttons.1.map(|word| button(word, form.focus == Focus::Go)));
    painter.line(next(), Role::Text, &row, None);
    cursor
}

fn role(focus: bool) -> Role {
    if focus { Role::FieldFocus } else { Role::Field }
}

/// Paints a text field so that its cursor is to be seen. Gives the place of the cursor.
pub fn text_field(painter: &mut Painter<'_>, area: Rect, text: &str, before: &str, focus: bool) -> Option<Position> {
    let room = usize::from(area.width).saturating_sub(1);
    let mut left = width(before);
    let mut skipped = 0;
    let mut chars = text.chars();
    while left > room {
        let Some(c) = chars.next() else { break };
        let w = width(c.encode_utf8(&mut [0; 4]));
        left -= w.min(left);
        skipped += 1;
    }
    let shown: String = text.chars().skip(skipped).collect();
    painter.line(area, role(focus), &[span(role(focus), shown)], None);
    if area.is_empty() {
        return None;
    }
    Some(Position::new(area.x.saturating_add(u16::try_from(left).unwrap_or(u16::MAX)).min(area.right() - 1), area.y))
}
