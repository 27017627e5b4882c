//! A release: its facts, its tabs, and what is on the open one.

use ratatui::layout::Rect;

use crate::domain::time::humane;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::gates::GateEntry;
use crate::tui::model::screens::{ReleaseScreen, Tab};
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::state;
use crate::tui::widget::text::{Text, moment};

pub(super) fn paint(model: &Model, release: &ReleaseScreen, painter: &mut Painter<'_>, areas: &Areas) {
    let Some(entry) = model.gates.get(&release.gate) else { return };
    head(model, entry, release, painter, areas);
    match (release.tab, &entry.dossier) {
        (Tab::Overview, _) => {
            let text = overview(model, areas.body.width);
            text.paint(painter, areas.body, release.scroll);
            position(painter, areas, &text, release.scroll);
        }
        (_, None) => waiting(entry, painter, areas),
        (Tab::Findings, Some(_)) => super::findings::paint(entry, release, painter, areas),
        (tab, Some(_)) => super::items::paint(model, entry, tab, &release.items, painter, areas),
    }
}

/// Says beside the tabs which lines of a text are to be seen.
pub(super) fn position(painter: &mut Painter<'_>, areas: &Areas, text: &Text, scroll: usize) {
    let Some(words) = text.position(areas.body.height, scroll) else { return };
    let w = u16::try_from(words.len() + 1).unwrap_or(u16::MAX);
    let line = Rect { y: areas.facts.bottom().saturating_sub(1), height: 1, ..areas.facts };
    // The tabs themselves go first.
    if w.saturating_add(tabs_width()) <= line.width {
        painter.put(Rect { x: line.right() - w, width: w, ..line }, &words, Role::Muted);
    }
}

/// The same in the status line, if nothing is said there and there is no room beside the tabs.
pub(super) fn position_below(painter: &mut Painter<'_>, areas: &Areas, text: &Text, scroll: usize) {
    let Some(words) = text.position(areas.body.height, scroll) else { return };
    let w = u16::try_from(words.len() + 1).unwrap_or(u16::MAX);
    if w.saturating_add(tabs_width()) > areas.facts.width && w <= areas.status.width {
        let place = Rect { x: areas.status.right() - w, width: w, ..areas.status };
        painter.put(place, &words, Role::Muted);
    }
}

/// How wide the tabs are side by side.
fn tabs_width() -> u16 {
    let width: usize = Tab::ALL.iter().map(|tab| tab.word().len() + " 1  ".len()).sum();
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn waiting(entry: &GateEntry, painter: &mut Painter<'_>, areas: &Areas) {
    let (answered, asked) = entry.answered();
    let words = entry.failed.as_ref().map_or_else(
        || format!("{} {answered} of {asked} sources have answered.", painter.glyphs.busy),
        |failure| format!("{} {}", painter.glyphs.bad, failure.message),
    );
    painter.fill(areas.heading, Role::Text);
    painter.fill(areas.body, Role::Text);
    painter.put(areas.body, &format!("  {words}"), Role::Busy);
}

/// The title, two lines of facts, and the tabs.
pub(super) fn head(
    model: &Model,
    entry: &GateEntry,
    release: &ReleaseScreen,
    painter: &mut Painter<'_>,
    areas: &Areas,
) {
    let gate = &entry.row.gate;
    let digest = entry.dossier.as_ref().map(|d| format!("digest {}", d.digest.short())).unwrap_or_default();
    super::title(painter, areas.title, &entry.row.release.short(), &digest);
    let [first, second, tabs] = [0, 1, 2].map(|i| {
        let rows = u16::from(areas.facts.height > i);
        Rect { y: areas.facts.y.saturating_add(i), height: rows, ..areas.facts }
    });
    let glyphs = painter.glyphs;
    let outcome = match (&entry.summary, &entry.failed) {
        (Some(s), _) => state::verdict(s.verdict).show(glyphs),
        (None, Some(_)) => span(Role::Bad, format!("{} failed", glyphs.bad)),
        (None, None) => state::BUSY.show(glyphs),
    };
    let waits = gate.waiting_since.map_or_else(|| "?".to_owned(), |t| humane(model.now.since(t)));
    let by = gate.started_by.as_ref().map_or_else(|| "unknown".into(), |b| b.line());
    let approvals = entry.row.approvals.words(" approvals");
    let gone = if entry.gone { "  the gate is no longer open" } else { "" };
    let dot = glyphs.dot;
    let facts = [
        span(Role::Text, " "),
        outcome,
        span(Role::Muted, format!("  {dot} waits {waits} {dot} started by {by} {dot} {approvals}")),
        span(Role::Bad, gone),
    ];
    painter.line(first, Role::Text, &facts, None);
    let asks = if gate.instructions.is_empty() {
        span(Role::Muted, format!(" {}", gate.id))
    } else {
        span(Role::Text, format!(" \"{}\"", gate.instructions.line()))
    };
    painter.line(second, Role::Text, &[asks], None);
    let mut row = Vec::new();
    // Where there is little room, one blank between them is enough.
    let gap = if tabs_width() <= tabs.width { " " } else { "" };
    for (i, tab) in Tab::ALL.into_iter().enumerate() {
        let role = if tab == release.tab { Role::TabOpen } else { Role::Tab };
        let word = if tab == release.tab { tab.word().to_uppercase() } else { tab.word().to_owned() };
        row.push(span(role, format!(" {} {word}{gap}", i + 1)));
    }
    painter.line(tabs, Role::Text, &row, None);
}

/// The overview: verdict and reasons, every source, what it is compared with, the gate.
pub(super) fn overview(model: &Model, width: u16) -> Text {
    let mut text = Text::new(width);
    let glyphs = model.glyphs.table();
    let Some(entry) = model.current_gate() else { return text };
    if let Some(failure) = &entry.failed {
        text.say(Role::Bad, &format!("{} {}", glyphs.bad, failure.message), 0);
    }
    if let Some(dossier) = &entry.dossier {
        text.row(vec![span(Role::Heading, "Verdict  "), state::verdict(dossier.verdict.result).show(glyphs)]);
        for reason in &dossier.verdict.reasons {
            let level = state::level(reason.level).show(glyphs);
            text.row(vec![span(Role::Text, "  "), level, span(Role::Muted, format!("  {}", reason.id))]);
            text.say(Role::Text, &reason.text, 10);
        }
        if dossier.verdict.reasons.is_empty() {
            text.say(Role::Muted, "Nothing speaks against it.", 2);
        }
    }
    text.heading("Sources");
    for piece in &entry.pieces {
        let state = state::piece(piece.state).show(glyphs);
        text.row(vec![span(Role::Text, "  "), state, span(Role::Text, format!("  {}", piece.name))]);
        if let Some(reason) = &piece.reason {
            text.say(Role::Muted, &reason.block(), 14);
        }
    }
    if entry.pieces.is_empty() {
        text.say(Role::Muted, "Nothing was asked yet.", 2);
    }
    if let Some(dossier) = &entry.dossier {
        text.heading("Release");
        text.fact("findings", Role::Text, &dossier.count().words());
        text.outside("commit", dossier.release.commit.as_ref());
        text.outside("branch", dossier.release.branch.as_ref());
        for artifact in &dossier.release.artifacts {
            let digest = artifact.digest.as_ref().map_or("no digest known", |d| d.as_str());
            text.fact("artifact", Role::Text, &format!("{} {digest}", artifact.name.line()));
        }
        text.fact("compared with", Role::Text, &dossier.baseline.words());
        match dossier.count().since {
            Ok(since) => text.fact("since then", Role::Text, &since.words()),
            Err(why) => text.fact("since then", Role::Warn, &format!("not known. {why}")),
        }
        let service = dossier.service.as_deref().unwrap_or("none fits; it cannot be approved");
        text.fact("[[service]]", Role::Text, service);
        text.fact("required", Role::Text, &dossier.required.join(", "));
        text.fact("digest", Role::Text, dossier.digest.as_str());
        text.fact("policy", Role::Text, dossier.policy.as_str());
    }
    gate(entry, &mut text, glyphs);
    text
}

fn gate(entry: &GateEntry, text: &mut Text, glyphs: &'static crate::tui::glyphs::Glyphs) {
    let gate = &entry.row.gate;
    text.heading("Gate");
    text.fact("id", Role::Text, &gate.id.to_string());
    text.outside("application", Some(&gate.application));
    text.outside("pipeline", Some(&gate.pipeline));
    text.outside("stage", Some(&gate.stage));
    text.outside("instructions", Some(&gate.instructions));
    let roles: Vec<String> = gate.required_roles.iter().map(|r| r.line().into_owned()).collect();
    let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
    text.fact("roles", Role::Text, &roles);
    if gate.roles_tampered() {
        let words = format!("{} The roles of the running gate are not those of the pipeline's definition.", glyphs.bad);
        text.say(Role::Bad, &words, 15);
    }
    if let Some(since) = gate.waiting_since {
        text.fact("waits since", Role::Text, &moment(since));
    }
    if let Some(until) = gate.times_out_at {
        text.fact("times out", Role::Text, &moment(until));
    }
    text.outside("link", gate.url.as_ref());
}
