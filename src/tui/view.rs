//! Paints the model. Pure: the same model gives the same picture.

mod check;
mod confirm;
mod finding;
mod findings;
mod forms;
mod inbox;
mod items;
mod ledger;
mod log;
mod menu;
mod record;
mod release;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::{Action, Place};
use super::layout;
use super::model::input::Input;
use super::model::screens::{Filter, completion};
use super::model::{Model, Overlay};
use super::theme::Role;
use super::widget::dialog::text_field;
use super::widget::paint::{Painter, Span, span, width};
use crate::domain::query::QueryError;
use crate::domain::time::Timestamp;

pub(in crate::tui) use check::words as check_words;
pub(in crate::tui) use record::text as record_text;

/// Paints a frame.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let cursor = paint(model, frame.buffer_mut());
    if let Some(cursor) = cursor.filter(|c| area.contains(*c)) {
        frame.set_cursor_position(cursor);
    }
}

/// Paints into a buffer; gives the place of the text cursor, if one is to be seen.
pub fn paint(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    let mut painter = Painter::new(buffer, model);
    painter.fill(area, Role::Text);
    if layout::too_small(area.width, area.height) {
        let text = format!(
            "The terminal has {}x{} cells; Countersign needs {}x{}.",
            area.width,
            area.height,
            layout::MIN_WIDTH,
            layout::MIN_HEIGHT
        );
        for (line, y) in super::widget::text::wrap(&text, usize::from(area.width)).iter().zip(area.top()..area.bottom())
        {
            painter.put(Rect { y, height: 1, ..area }, line, Role::Strong);
        }
        return None;
    }
    let base = model.base();
    let areas = layout::areas(area.width, area.height, base);
    let filter = match (base, &model.release) {
        (Place::Ledger, _) => {
            ledger::paint(model, &mut painter, &areas);
            Some(&model.ledger.filter)
        }
        (Place::Record, _) => {
            if let Some(open) = &model.ledger.open {
                record::paint(model, open, &mut painter, &areas);
            }
            None
        }
        (Place::Finding, Some(_)) => {
            finding::paint(model, &mut painter, &areas);
            None
        }
        (_, Some(release)) => {
            release::paint(model, release, &mut painter, &areas);
            (base == Place::Findings).then_some(&release.findings.filter)
        }
        (_, None) => {
            inbox::paint(model, &mut painter, &areas);
            Some(&model.inbox.filter)
        }
    };
    let mut cursor = status(model, filter, &mut painter, areas.status, areas.footer);
    if said(model, "", "").is_empty() {
        let width = areas.body.width;
        match (base, &model.finding, &model.release) {
            (Place::Finding, Some(open), _) => {
                release::position_below(&mut painter, &areas, &finding::text(model, width), open.scroll);
            }
            (Place::Overview, _, Some(open)) => {
                release::position_below(&mut painter, &areas, &release::overview(model, width), open.scroll);
            }
            _ => {}
        }
    }
    for overlay in &model.overlays {
        cursor = match overlay {
            Overlay::Decide(form) => forms::decide(model, form, &mut painter, area),
            Overlay::Dismiss(form) => forms::dismiss(model, form, &mut painter, area),
            Overlay::Leave(form) => forms::leave(model, form, &mut painter, area),
            Overlay::Passphrase(form) => forms::passphrase(form, &mut painter, area),
            Overlay::Menu(menu) => menu::paint(model, menu, &mut painter, area),
            Overlay::Check(scroll) => {
                check::paint(model, *scroll, &mut painter, area);
                None
            }
            Overlay::Log(scroll) => {
                log::paint(model, *scroll, &mut painter, area);
                None
            }
        };
    }
    if !model.prefix.is_empty() {
        which_key(model, &mut painter, area);
    }
    cursor
}

/// How far the text that has the focus can be scrolled.
pub fn scrollable(model: &Model) -> usize {
    let area = Rect::new(0, 0, model.width, model.height);
    match model.overlays.last() {
        Some(Overlay::Decide(form)) => forms::decide_scroll(model, form, area),
        Some(Overlay::Dismiss(form)) => forms::dismiss_scroll(model, form, area),
        Some(Overlay::Log(_)) => log::scrollable(model, area),
        Some(Overlay::Check(_)) => check::scrollable(model, area),
        Some(Overlay::Passphrase(_) | Overlay::Menu(_) | Overlay::Leave(_)) => 0,
        None => {
            let body = layout::areas(model.width, model.height, model.base()).body;
            match model.base() {
                Place::Finding => finding::text(model, body.width).longest_scroll(body.height),
                Place::Record => {
                    let text = model.ledger.open.as_ref().and_then(|o| o.text.as_ref());
                    text.map_or(0, |text| text.longest_scroll(body.height))
                }
                Place::Overview => release::overview(model, body.width).longest_scroll(body.height),
                _ => 0,
            }
        }
    }
}

/// The first line of a screen: where we are on the left, what is known at once on the right.
fn title(painter: &mut Painter<'_>, area: Rect, left: &str, right: &str) {
    painter.line(area, Role::Title, &[span(Role::Title, format!(" {left}"))], None);
    let room = usize::from(area.width).saturating_sub(width(left) + 3);
    if width(right) <= room {
        let w = u16::try_from(width(right) + 1).unwrap_or(u16::MAX);
        painter.put(Rect { x: area.right().saturating_sub(w), width: w, ..area }, right, Role::Title);
    }
}

/// The status line and the footer: a filter with what is wrong with it, or what was last said and what can be done.
fn status(
    model: &Model,
    filter: Option<&Filter>,
    painter: &mut Painter<'_>,
    line: Rect,
    footer: Rect,
) -> Option<Position> {
    let mut cursor = None;
    match filter.filter(|f| f.open || !f.in_force.is_empty()) {
        Some(filter) if filter.open => {
            let used = painter.put(line, "filter: ", Role::Key);
            let rect = Rect { x: line.x + used, width: line.width.saturating_sub(used), ..line };
            cursor = text_field(painter, rect, &filter.input.text(), filter.input.before(), true);
            // Where only a value is missing, those that may stand there are of more use than the error.
            let begun =
                |e: &QueryError| e.span.is_empty() && !completion(model, filter.input.before()).candidates.is_empty();
            match (filter.error.as_ref().filter(|e| !begun(e)), &cursor) {
                (Some(error), Some(at)) => wrong(&filter.input, error, *at, painter, footer),
                _ => painter.line(footer, Role::Text, &may_follow(model, filter, usize::from(footer.width)), None),
            }
            return cursor;
        }
        Some(filter) if model.notice.is_none() => {
            let words = format!(" {}  (Esc shows everything)", filter.in_force);
            painter.line(line, Role::Text, &[span(Role::Key, "filter:"), span(Role::Text, words)], None);
        }
        _ => painter.line(line, Role::Text, &said(model, painter.glyphs.bad, painter.glyphs.busy), None),
    }
    painter.line(footer, Role::Muted, &hints(model, usize::from(footer.width)), None);
    cursor
}

/// What is wrong with a filter, with a caret under the place; beside the caret where there is room.
fn wrong(input: &Input, error: &QueryError, cursor: Position, painter: &mut Painter<'_>, line: Rect) {
    let text = input.text();
    // The field may be scrolled: the cursor is known to be in it.
    let lead = text.get(..error.span.start).map_or(0, width) + usize::from(cursor.x - line.x);
    let at = lead.saturating_sub(width(input.before()));
    let (caret, message, room) = (painter.glyphs.caret, error.message.as_str(), usize::from(line.width));
    let left = at.saturating_sub(width(message) + 1);
    let words = if at + 2 + width(message) > room && left > 0 {
        format!("{}{message} {caret}", " ".repeat(left))
    } else {
        format!("{}{caret} {message}", " ".repeat(at))
    };
    painter.line(line, Role::Text, &[span(Role::Bad, words)], None);
}

/// What may be typed next into a filter, in the footer: as many as fit, and how many more.
fn may_follow(model: &Model, filter: &Filter, room: usize) -> Vec<Span<'static>> {
    let (candidates, now) = match &filter.turns {
        Some(turns) => (turns.candidates.clone(), Some(turns.at)),
        None => (completion(model, filter.input.before()).candidates, None),
    };
    let mut row = vec![span(Role::Key, "enter"), span(Role::Muted, " keep  "), span(Role::Key, "esc")];
    row.push(span(Role::Muted, " clear  "));
    if candidates.is_empty() {
        return row;
    }
    row.push(span(Role::Key, "tab"));
    let mut used = width("enter keep  esc clear  tab");
    // The one whose turn it is is always to be seen.
    let first = now.map_or(0, |at| at.saturating_sub(2));
    let all = candidates.len();
    for (at, word) in candidates.into_iter().enumerate().skip(first) {
        let more = format!(" +{} more", all - at);
        let last = at + 1 == all;
        if used + 1 + width(&word) + if last { 0 } else { width(&more) } > room {
            row.push(span(Role::Muted, more));
            break;
        }
        used += 1 + width(&word);
        row.push(span(Role::Muted, " "));
        row.push(span(if now == Some(at) { Role::Strong } else { Role::Muted }, word));
    }
    row
}

fn said(model: &Model, bad: &str, busy: &str) -> Vec<Span<'static>> {
    if let Some(notice) = &model.notice {
        let (role, sign) = if notice.bad { (Role::Bad, format!("{bad} ")) } else { (Role::Text, String::new()) };
        let more = if notice.bad && model.log.errors() > 0 { "  (e shows more)" } else { "" };
        return vec![span(role, format!("{sign}{}", notice.text)), span(Role::Muted, more)];
    }
    if let Some(flight) = &model.in_flight {
        return vec![span(Role::Busy, format!("{busy} {}: {}", flight.what, flight.step))];
    }
    match model.shortfalls.first() {
        Some(first) => vec![span(Role::Warn, format!("! {first}")), span(Role::Muted, "  (e shows all)")],
        None => Vec::new(),
    }
}

/// The footer, the most wanted first: what does not fit is left out.
const WANTED: [Action; 18] = [
    Action::Open,
    Action::Back,
    Action::NextPane,
    Action::Edit,
    Action::Mark,
    Action::Dismiss,
    Action::CheckLedger,
    Action::Filter,
    Action::Approve,
    Action::GroupSeverity,
    Action::Reject,
    Action::Halt,
    Action::OpenLink,
    Action::Quit,
    Action::Refresh,
    Action::Sort,
    Action::Ledger,
    Action::Copy,
];

/// The word of an action in the footer; `None`: it does nothing here that one would look for.
fn hint(model: &Model, action: Action, place: Place) -> Option<&'static str> {
    match (action, place) {
        (Action::Open, Place::Inbox | Place::Findings | Place::Ledger) => Some("open"),
        (Action::NextPane, Place::Record) => Some("next record"),
        (Action::CheckLedger, Place::Check) => {
            Some(if model.ledger.check.running().is_some() { "call off" } else { "check again" })
        }
        (Action::Copy, Place::Record) => Some("copy digest"),
        (Action::Open, Place::Menu) => Some("run"),
        (Action::Open, Place::Form) => Some("press"),
        (Action::Open, _)
        | (Action::Back, Place::Inbox)
        | (Action::Ledger, Place::Ledger | Place::Record)
        | (Action::Quit, Place::Check) => None,
        (Action::NextPane, _) => model.focus_moves().then_some("next"),
        (Action::Edit, _) => model.is_typing().then_some("editor"),
        (Action::Filter, Place::Menu) => Some("search"),
        (action, _) => action.spec().footer,
    }
}

/// What can be done here, as far as it fits: from the action table.
fn hints(model: &Model, room: usize) -> Vec<Span<'static>> {
    if let Some(Overlay::Passphrase(_)) = model.overlays.last() {
        // Its box says it all.
        return Vec::new();
    }
    let place = model.place();
    let mut out = Vec::new();
    let mut used = 0;
    // Help goes last, and always fits: everything else is found by it.
    let reserve = 8;
    for action in WANTED.into_iter().chain([Action::Help]) {
        let spec = action.spec();
        let Some(word) = hint(model, action, place).filter(|_| spec.is_at(place) && (spec.when)(model).is_ok()) else {
            continue;
        };
        let Some(key) = model.keymap.keys_of(action).into_iter().next() else { continue };
        // What groups begins with one key: the ways to group are shown once it is pressed.
        let begin = if action == Action::GroupSeverity { key.split(' ').next().unwrap_or_default() } else { &key };
        let key = begin.trim_start_matches('<').trim_end_matches('>').to_owned();
        let wide = width(&key) + width(word) + 3;
        let limit = if action == Action::Help { room } else { room.saturating_sub(reserve) };
        if used + wide > limit {
            continue;
        }
        used += wide;
        out.push(span(Role::Key, key));
        out.push(span(Role::Muted, format!(" {word}  ")));
    }
    out
}

/// What may follow the keys that were pressed.
fn which_key(model: &Model, painter: &mut Painter<'_>, area: Rect) {
    let after = model.keymap.after(model.place(), &model.prefix);
    let rows = u16::try_from(after.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    let place = Rect { y: area.bottom().saturating_sub(rows.saturating_add(1)), height: rows, ..area };
    let inner = painter.boxed(place, &super::keymap::show_keys(&model.prefix));
    for ((keys, action), y) in after.iter().zip(inner.top()..inner.bottom()) {
        let row = [span(Role::Key, format!(" {keys:<6}")), span(Role::Text, action.spec().doc)];
        painter.line(Rect { y, height: 1, ..inner }, Role::Text, &row, None);
    }
}

/// The time of day, UTC.
fn clock(at: Timestamp) -> String {
    at.to_string().get(11..19).map(|t| format!("{t}Z")).unwrap_or_default()
}
