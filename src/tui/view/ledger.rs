//! The ledger: its head, what is wrong with it, and a line for every record.

use ratatui::layout::Rect;

use super::check;
use crate::domain::record::{LedgerState, RecordLine, Standing};
use crate::domain::time::Timestamp;
use crate::tui::glyphs::Glyphs;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::ledger::LedgerScreen;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, Span, span};
use crate::tui::widget::state;
use crate::tui::widget::table::{self, Cells, Column, column};
use crate::tui::widget::text::{Text, moment};

const NARROW: &[Column] = &[
    column("time (UTC)", 12),
    column("verb", 9),
    column("about", 0),
    column("by", 9),
    column("seen", 12),
    column("signature", 15),
];
/// Of 100 columns and more, the whole time has room.
const WIDE: &[Column] = &[
    column("time (UTC)", 18),
    column("verb", 10),
    column("about", 0),
    column("by", 26),
    column("seen", 12),
    column("signature", 15),
];

pub(super) fn paint(model: &Model, painter: &mut Painter<'_>, areas: &Areas) {
    let ledger = &model.ledger;
    title(ledger, painter, areas.title);
    head(ledger, painter, areas.facts);
    let wide = areas.body.width >= 100;
    let columns = if wide { WIDE } else { NARROW };
    table::headings(painter, areas.heading, columns);
    let glyphs = painter.glyphs;
    table::lines(painter, areas.body, columns, &ledger.list, |seq| match ledger.line(*seq) {
        Some(line) => (line.break_glass, cells(line, model.now, wide, glyphs)),
        None => (false, Vec::new()),
    });
    if ledger.list.keys().is_empty() {
        empty(ledger, painter, areas.body);
    }
    if !areas.preview.is_empty() {
        preview(ledger, painter, areas.preview);
    }
}

fn title(ledger: &LedgerScreen, painter: &mut Painter<'_>, area: Rect) {
    let (shown, all) = (ledger.list.keys().len(), ledger.lines().len());
    let plural = if all == 1 { "" } else { "s" };
    let left = if ledger.as_of.is_none() {
        "Countersign  ledger".to_owned()
    } else if ledger.query.is_empty() {
        format!("Countersign  ledger: {all} record{plural}")
    } else {
        format!("Countersign  ledger: {shown} of {all} record{plural}")
    };
    let right = match (ledger.reading, ledger.as_of) {
        (Some(_), _) => format!("{} reading the ledger", painter.glyphs.busy),
        (None, Some(at)) => format!("as of {}", super::clock(at)),
        (None, None) => String::new(),
    };
    super::title(painter, area, &left, &right);
}

/// How far it reaches; whether it is whole; what a check has found.
fn head(ledger: &LedgerScreen, painter: &mut Painter<'_>, area: Rect) {
    let glyphs = painter.glyphs;
    let rows = [reach(ledger, glyphs), soundness(ledger, glyphs), vec![check::line(&ledger.check, glyphs)]];
    for (mut row, y) in rows.into_iter().zip(area.top()..area.bottom()) {
        row.insert(0, span(Role::Text, " "));
        painter.line(Rect { y, height: 1, ..area }, Role::Text, &row, None);
    }
}

fn reach(ledger: &LedgerScreen, glyphs: &Glyphs) -> Vec<Span<'static>> {
    let Some(state) = &ledger.state else { return Vec::new() };
    let (head, dot) = (&state.head, glyphs.dot);
    let name = head.origin.as_ref().unwrap_or(&head.location);
    let entries = if head.size == 1 { "entry" } else { "entries" };
    vec![span(Role::Text, format!("{} {entries} {dot} root {} {dot} {name}", head.size, short(&head.root)))]
}

/// Enough of a root to compare it at a glance.
fn short(root: &str) -> String {
    root.trim_start_matches("sha256:").chars().take(12).collect()
}

fn soundness(ledger: &LedgerScreen, glyphs: &Glyphs) -> Vec<Span<'static>> {
    match (&ledger.failure, &ledger.state) {
        (Some(failure), _) => vec![state::bad("").with(glyphs, &failure.message)],
        (None, None) => Vec::new(),
        (None, Some(LedgerState { unsound: Some((why, _)), .. })) => {
            vec![state::bad("").with(glyphs, &format!("UNSOUND, nothing in it counts: {why}"))]
        }
        (None, Some(LedgerState { problems, head, .. })) => match problems.as_slice() {
            [] if head.size == 0 => Vec::new(),
            [] => vec![state::good("").with(glyphs, "whole: every entry fits its hash, and every signature verifies")],
            [one] => vec![state::bad("").with(glyphs, one)],
            [first, ..] => {
                vec![state::bad("").with(glyphs, &format!("{} entries do not count: {first}", problems.len()))]
            }
        },
    }
}

fn empty(ledger: &LedgerScreen, painter: &mut Painter<'_>, area: Rect) {
    let area = Rect { x: area.x + 3, width: area.width.saturating_sub(3), ..area };
    let mut text = Text::new(area.width);
    match &ledger.failure {
        Some(failure) => {
            text.say(Role::Bad, &failure.message, 0);
            for hint in &failure.hints {
                text.say(Role::Muted, hint, 0);
            }
        }
        None if ledger.reading.is_some() => text.say(Role::Muted, "The ledger is being read.", 0),
        None if ledger.lines().is_empty() => {
            text.say(Role::Muted, "The ledger is empty: nothing was decided or dismissed yet.", 0);
        }
        None => text.say(Role::Muted, "No record fits the filter.", 0),
    }
    text.paint(painter, area, 0);
}

fn cells(line: &RecordLine, now: Timestamp, wide: bool, glyphs: &'static Glyphs) -> Cells<'static> {
    let time = if wide { minute(line.at) } else { short_time(line.at, now) };
    let verb = if line.break_glass { Role::Bad } else { Role::Strong };
    vec![
        vec![span(Role::Muted, time)],
        vec![span(verb, line.verb.line().into_owned())],
        vec![span(Role::Text, line.subject.line().into_owned())],
        vec![span(Role::Text, if wide { line.by.line().into_owned() } else { name(line, glyphs) })],
        vec![state::receipt(line.receipt).show(glyphs)],
        vec![standing(line.standing).show(glyphs)],
    ]
}

/// Whether a record may be relied on.
pub(super) fn standing(standing: Standing) -> state::State {
    match standing {
        Standing::Verified => state::good(standing.words()),
        Standing::NotVerified => state::bad(standing.words()),
        Standing::Unchecked => state::unknown(standing.words()),
    }
}

/// `ana@…`: of an address, the name alone. The whole of it is below the list.
fn name(line: &RecordLine, glyphs: &Glyphs) -> String {
    let by = line.by.line();
    by.split_once('@').map_or_else(|| by.clone().into_owned(), |(name, _)| format!("{name}@{}", glyphs.cut))
}

/// `2026-11-21 13:40`.
fn minute(at: Timestamp) -> String {
    at.to_string().get(..16).map(|t| t.replace('T', " ")).unwrap_or_default()
}

/// `11-21 13:40` of this year, else `2025-11-21`.
fn short_time(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (minute(at), now.to_string());
    let same = at.get(..4) == now.get(..4);
    let part = if same { at.get(5..) } else { at.get(..10) };
    part.map(ToOwned::to_owned).unwrap_or_default()
}

/// More of the record that the cursor is on.
fn preview(ledger: &LedgerScreen, painter: &mut Painter<'_>, area: Rect) {
    let (at, all) = (ledger.list.cursor() + 1, ledger.list.keys().len());
    let word =
        ledger.selected().map_or_else(|| "record".to_owned(), |line| format!("record {} ({at} of {all})", line.record));
    painter.rule(Rect { height: 1, ..area }, &word);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut text = Text::new(inner.width);
    if let Some(line) = ledger.selected() {
        let subject = format!("{} {}", line.verb.line(), line.subject.line());
        text.fact("what", Role::Strong, &subject);
        if let Some(words) = line.emergency() {
            text.fact("break-glass", Role::Bad, &words);
        }
        let by = match line.standing {
            Standing::Verified => format!("{}, at {}", line.by.line(), moment(line.at)),
            _ => format!("claims to be {}, recorded at {}", line.by.line(), moment(line.at)),
        };
        text.fact("by", Role::Text, &by);
        text.outside("reason", Some(&line.reason));
        text.fact("envelope", Role::Text, line.envelope.as_str());
    }
    text.paint(painter, inner, 0);
}
