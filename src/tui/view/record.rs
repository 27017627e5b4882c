//! A record of the ledger in full.

use ratatui::layout::Rect;

use crate::domain::record::{RecordSheet, Section, Tone};
use crate::tui::glyphs::Glyphs;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::ledger::RecordScreen;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::text::{LABEL, Text, moment};

pub(super) fn paint(model: &Model, open: &RecordScreen, painter: &mut Painter<'_>, areas: &Areas) {
    let line = &open.line;
    let left = format!("{} {}", line.verb.line(), line.subject.line());
    let (at, all) = (model.ledger.list.cursor() + 1, model.ledger.list.keys().len());
    super::title(painter, areas.title, &left, &format!("record {at} of {all}"));
    let glyphs = painter.glyphs;
    let state = super::ledger::standing(line.standing);
    let by = if line.standing == crate::domain::record::Standing::Verified { "by" } else { "claims to be by" };
    let rows = [
        vec![
            span(Role::Text, " "),
            state.show(glyphs),
            span(Role::Text, format!("  {by} {}", line.by.line())),
            span(Role::Text, "  "),
            crate::tui::widget::state::receipt(line.receipt).show(glyphs),
        ],
        vec![span(Role::Muted, format!(" {}", line.envelope))],
        vec![span(Role::Muted, format!(" entry {}, recorded at {}", line.seq, moment(line.at)))],
    ];
    for (row, y) in rows.iter().zip(areas.facts.top()..areas.facts.bottom()) {
        painter.line(Rect { y, height: 1, ..areas.facts }, Role::Text, row, None);
    }
    match (&open.text, &open.sheet) {
        (Some(text), _) => {
            text.paint(painter, areas.body, open.scroll);
            position(painter, areas, text, open.scroll);
        }
        (None, Some(Err(failure))) => {
            let mut text = Text::new(areas.body.width);
            text.say(Role::Bad, &format!("{} {}", glyphs.bad, failure.message), 1);
            for hint in &failure.hints {
                text.say(Role::Muted, hint, 3);
            }
            text.paint(painter, areas.body, 0);
        }
        _ => {
            painter.fill(areas.body, Role::Text);
            painter.put(areas.body, &format!("  {} The record is being read.", glyphs.busy), Role::Busy);
        }
    }
}

fn position(painter: &mut Painter<'_>, areas: &Areas, text: &Text, scroll: usize) {
    let Some(words) = text.position(areas.body.height, scroll) else { return };
    let line = Rect { y: areas.facts.bottom().saturating_sub(1), height: 1, ..areas.facts };
    let w = u16::try_from(words.len() + 1).unwrap_or(u16::MAX);
    if w < line.width {
        painter.put(Rect { x: line.right() - w, width: w, ..line }, &words, Role::Muted);
    }
}

/// A record in lines.
pub(in crate::tui) fn text(sheet: &RecordSheet, width: u16, glyphs: &Glyphs) -> Text {
    let mut text = Text::new(width);
    section(&sheet.signature, &mut text, glyphs);
    for part in &sheet.sections {
        section(part, &mut text, glyphs);
    }
    text.heading("Its entries in the ledger");
    for entry in &sheet.entries {
        text.fact(&format!("entry {}", entry.seq), Role::Text, &format!("{} at {}", entry.kind, moment(entry.at)));
        text.fact("", Role::Text, &entry.what.line());
        text.fact("", Role::Muted, entry.digest.as_str());
    }
    text.heading("What was signed, as JSON");
    // Line by line: a block has a limit, and this is to be all of it.
    for line in sheet.raw.raw().split('\n') {
        text.say(Role::Text, line, 1);
    }
    text
}

fn section(section: &Section, text: &mut Text, glyphs: &Glyphs) {
    text.heading(&crate::text::line(&section.heading));
    for fact in &section.facts {
        let (role, sign) = match fact.tone {
            Tone::Plain => (Role::Text, None),
            Tone::Good => (Role::Good, Some(glyphs.ok)),
            Tone::Warn => (Role::Warn, Some(glyphs.warn)),
            Tone::Bad => (Role::Bad, Some(glyphs.bad)),
        };
        let value = match sign {
            Some(sign) => format!("{sign} {}", fact.value.block()),
            None => fact.value.block().into_owned(),
        };
        let label = crate::text::line(&fact.label);
        // A label that has no room beside its value stands above it.
        if label.chars().count() < LABEL {
            text.fact(&label, role, &value);
        } else {
            text.say(Role::Muted, &label, 0);
            text.fact("", role, &value);
        }
    }
}
