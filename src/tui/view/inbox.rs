//! The inbox: every open gate, and more of the one that the cursor is on.

use ratatui::layout::Rect;

use crate::domain::time::{Timestamp, humane};
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::gates::{GateEntry, Progress};
use crate::tui::msg::PieceState;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, Span, span};
use crate::tui::widget::state;
use crate::tui::widget::table::{self, Column, column};
use crate::tui::widget::text::Text;

const WIDE: &[Column] = &[
    column("release", 0),
    column("age", 7),
    column("verdict", 10),
    column("builds", 7),
    column("tickets", 8),
    column("findings", 20),
    column("missing", 8),
];
/// Of 110 columns and more, findings of five digits and all severities have room.
const WIDEST: &[Column] = &[
    column("release", 0),
    column("age", 7),
    column("verdict", 10),
    column("builds", 7),
    column("tickets", 8),
    column("findings", 34),
    column("missing", 8),
];
/// Of 80 columns, the release gets what the others can spare.
const MIDDLE: &[Column] = &[
    column("release", 0),
    column("age", 7),
    column("verdict", 10),
    column("builds", 7),
    column("tickets", 8),
    column("findings", 12),
    column("missing", 7),
];
const NARROW: &[Column] =
    &[column("release", 0), column("age", 7), column("verdict", 10), column("findings", 12), column("missing", 8)];

pub(super) fn paint(model: &Model, painter: &mut Painter<'_>, areas: &Areas) {
    let mine = model.gates.values().filter(|e| e.row.approvals.mine && !e.gone).count();
    let all = model.gates.values().filter(|e| !e.gone).count();
    let left = if model.listed {
        format!("Countersign  inbox: {all} releases wait, {} {mine} for you", painter.glyphs.marked)
    } else {
        "Countersign  inbox".to_owned()
    };
    let readonly = if model.readonly { "read only  " } else { "" };
    let right = if model.refreshing {
        format!("{readonly}{} reading the gates", painter.glyphs.busy)
    } else {
        format!("{readonly}as of {}", super::clock(model.now))
    };
    super::title(painter, areas.title, &left, &right);
    let columns = match areas.body.width {
        ..78 => NARROW,
        78..100 => MIDDLE,
        100..110 => WIDE,
        _ => WIDEST,
    };
    table::headings(painter, areas.heading, columns);
    let glyphs = painter.glyphs;
    table::lines(painter, areas.body, columns, &model.inbox.list, |id| match model.gates.get(id) {
        Some(entry) => (entry.row.approvals.mine, cells(entry, model.now, columns, glyphs)),
        None => (false, Vec::new()),
    });
    if model.inbox.list.keys().is_empty() {
        let words = match (model.listed, model.inbox.filter.in_force.is_empty()) {
            (false, _) => "The orchestrators are being asked which gates are open.",
            (true, true) => "Nothing waits.",
            (true, false) => "No gate fits the filter.",
        };
        painter.put(
            Rect { x: areas.body.x + 3, width: areas.body.width.saturating_sub(3), ..areas.body },
            words,
            Role::Muted,
        );
    }
    if !areas.preview.is_empty() {
        preview(model, painter, areas.preview);
    }
}

fn cells(
    entry: &GateEntry,
    now: Timestamp,
    columns: &[Column],
    glyphs: &'static crate::tui::glyphs::Glyphs,
) -> table::Cells<'static> {
    let age = entry.row.gate.waiting_since.map_or_else(|| "?".to_owned(), |t| humane(now.since(t)));
    let release = span(Role::Text, entry.row.release.short());
    let mut out = vec![vec![release], vec![span(Role::Muted, age)]];
    let Some(s) = &entry.summary else {
        let (answered, asked) = entry.answered();
        out.push(vec![match &entry.failed {
            Some(_) => span(Role::Bad, format!("{} failed", glyphs.bad)),
            None => state::BUSY.with(glyphs, &format!("{answered}/{asked}")),
        }]);
        return out;
    };
    out.push(vec![state::verdict(s.verdict).show(glyphs)]);
    if columns.iter().any(|c| c.heading == "builds") {
        out.push(vec![state::share(s.builds, glyphs)]);
        out.push(vec![state::share(s.tickets, glyphs)]);
    }
    // The cell is one less wide than its column.
    let room = columns.iter().find(|c| c.heading == "findings").map_or(0, |c| usize::from(c.width) - 1);
    out.push(state::findings(&s.findings, glyphs, room));
    out.push(vec![match s.missing.len() {
        _ if !s.matched => span(Role::Bad, format!("{} all", glyphs.unknown)),
        0 => span(Role::Good, format!("{} none", glyphs.ok)),
        n => span(Role::Bad, format!("{} {n}", glyphs.bad)),
    }]);
    out
}

fn preview(model: &Model, painter: &mut Painter<'_>, area: Rect) {
    let entry = model.inbox.list.selected().and_then(|id| model.gates.get(id));
    let (at, all) = (model.inbox.list.cursor() + 1, model.inbox.list.keys().len());
    let word = entry.map_or_else(|| "preview".to_owned(), |e| format!("{} ({at} of {all})", e.row.release.short()));
    painter.rule(Rect { height: 1, ..area }, &word);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut text = Text::new(inner.width);
    if let Some(entry) = entry {
        fill_preview(entry, &mut text, painter.glyphs);
    }
    text.paint(painter, inner, 0);
}

fn fill_preview(entry: &GateEntry, text: &mut Text, glyphs: &'static crate::tui::glyphs::Glyphs) {
    let gate = &entry.row.gate;
    let by = gate.started_by.as_ref().map_or_else(|| "unknown".into(), |b| b.line());
    let mine = if entry.row.approvals.mine { "; it waits for you" } else { "" };
    let (approvals, dot) = (entry.row.approvals.words(" approvals"), glyphs.dot);
    let words =
        format!("{} / {} {dot} started by {by} {dot} {approvals}{mine}", gate.pipeline.line(), gate.stage.line());
    text.say(Role::Muted, &words, 0);
    if let Some(failure) = &entry.failed {
        text.row(vec![span(Role::Bad, format!("{} {}", glyphs.bad, failure.message))]);
    }
    if let Some(dossier) = &entry.dossier {
        for reason in dossier.verdict.reasons.iter().take(4) {
            text.row(vec![state::level(reason.level).show(glyphs), span(Role::Text, format!("  {}", reason.text))]);
        }
        let more = dossier.verdict.reasons.len().saturating_sub(4);
        if more > 0 {
            text.say(Role::Muted, &format!("and {more} more; Enter shows all"), 0);
        }
    }
    text.flow(sources(entry, glyphs));
    if !gate.instructions.is_empty() {
        text.row(vec![span(Role::Muted, "instructions: "), span(Role::Text, gate.instructions.line().into_owned())]);
    }
}

/// Every source with its state, what is not there first.
fn sources(entry: &GateEntry, glyphs: &'static crate::tui::glyphs::Glyphs) -> Vec<Vec<Span<'static>>> {
    let mut pieces: Vec<_> = entry.pieces.iter().collect();
    pieces.sort_by_key(|p| p.state == PieceState::Complete);
    let show = |p: &&Progress| vec![state::piece(p.state).show(glyphs), span(Role::Muted, format!(" {}", p.name))];
    pieces.iter().map(show).collect()
}
