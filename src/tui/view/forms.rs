//! The forms: decision, dismissal, and the question whether to quit.

use ratatui::layout::{Position, Rect};

use crate::domain::time::Timestamp;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::decide::{DecideForm, Stage, Subject};
use crate::tui::model::dismiss::{DismissForm, describe};
use crate::tui::model::form::Form;
use crate::tui::model::secret::PassphraseForm;
use crate::tui::theme::Role;
use crate::tui::widget::dialog;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::state;
use crate::tui::widget::text::Text;

/// The box, cut in the text above and the fields and buttons below.
fn parts(area: Rect, form: &Form, fields: bool) -> (Rect, Rect, Rect) {
    let outer = layout::form(area.width, area.height);
    let inner = Rect::new(outer.x + 2, outer.y + 1, outer.width.saturating_sub(4), outer.height.saturating_sub(2));
    let below = dialog::height(form, fields).min(inner.height);
    let above = Rect { height: inner.height - below, ..inner };
    (outer, above, Rect { y: above.bottom(), height: below, ..inner })
}

pub(super) fn decide(model: &Model, form: &DecideForm, painter: &mut Painter<'_>, area: Rect) -> Option<Position> {
    let fields = form.stage == Stage::Edit;
    let (outer, above, below) = parts(area, &form.form, fields);
    painter.boxed(outer, &format!("{} {}", form.verb.word(), form.subject.release));
    let text = decide_text(model, form, above.width);
    text.paint(painter, above, form.scroll);
    more(painter, outer, &text, above, form.scroll);
    dialog::paint(painter, below, &form.form, fields, form.buttons())
}

pub(super) fn decide_scroll(model: &Model, form: &DecideForm, area: Rect) -> usize {
    let (_, above, _) = parts(area, &form.form, form.stage == Stage::Edit);
    decide_text(model, form, above.width).longest_scroll(above.height)
}

/// Says in the box's upper edge that there is more text above or below.
fn more(painter: &mut Painter<'_>, outer: Rect, text: &Text, above: Rect, scroll: usize) {
    if let Some(words) = text.position(above.height, scroll).filter(|_| outer.width > 40) {
        let words = format!(" {words} ");
        let w = u16::try_from(words.len()).unwrap_or(0).min(outer.width / 2);
        painter.put(Rect::new(outer.right() - w - 2, outer.y, w, 1), &words, Role::Muted);
    }
}

fn decide_text(model: &Model, form: &DecideForm, width: u16) -> Text {
    let mut text = Text::new(width);
    let glyphs = model.glyphs.table();
    if let Some(stale) = &form.stale {
        text.say(Role::Bad, &format!("{} {stale} Look again before anything is signed.", glyphs.bad), 0);
    }
    let s = &form.subject;
    match &form.stage {
        Stage::Confirm(preview) => {
            super::confirm::fill(preview, &mut text, glyphs);
            return text;
        }
        Stage::Signing { touch_until: Some(until) } => {
            text.gap();
            text.say(Role::Strong, "Touch your key on your workstation now.", 0);
            text.say(Role::Busy, &format!("{} {} s left", glyphs.busy, left(*until, model.now)), 0);
        }
        Stage::Signing { touch_until: None } => {
            text.say(Role::Busy, &format!("{} The signer is asked.", glyphs.busy), 0);
        }
        Stage::Preparing => {
            let words = format!("{} The evidence that can change is read again. Nothing is signed yet.", glyphs.busy);
            text.say(Role::Busy, &words, 0);
        }
        Stage::Following => text.say(Role::Busy, &format!("{} It is signed and on its way.", glyphs.busy), 0),
        Stage::Done { result, text: words, receipt } => {
            let mut row = vec![state::result(*result).show(glyphs)];
            if let Some(seen) = receipt.map(|r| state::receipt(Some(r))).filter(|seen| seen.word != result.word()) {
                row.extend([span(Role::Muted, "  at the gate: "), seen.show(glyphs)]);
            }
            text.row(row);
            text.say(Role::Strong, words, 0);
        }
        Stage::Refused => {
            text.say(Role::Bad, &format!("{} It may not be approved:", glyphs.bad), 0);
            for reason in &s.against {
                text.say(Role::Text, reason, 2);
            }
        }
        Stage::Edit => {}
    }
    for step in &form.steps {
        text.item(span(Role::Good, format!("{} ", glyphs.ok)), step);
    }
    if !text.rows().is_empty() {
        text.gap();
    }
    text.fact("release", Role::Strong, &s.release);
    text.fact("gate", Role::Text, &s.gate.to_string());
    text.fact("digest", Role::Strong, &s.digest.short());
    let verdict = state::verdict(s.verdict);
    text.row(vec![span(Role::Muted, format!("{:<15}", "verdict")), verdict.show(glyphs)]);
    warnings(s, &mut text);
    text.fact("findings", Role::Text, &s.findings.words());
    missing(&s.missing, &mut text);
    text
}

fn warnings(subject: &Subject, text: &mut Text) {
    for warning in &subject.warnings {
        text.fact("", Role::Warn, warning);
    }
}

pub(super) fn missing(missing: &[String], text: &mut Text) {
    let (role, words) =
        if missing.is_empty() { (Role::Good, "nothing".to_owned()) } else { (Role::Bad, missing.join(", ")) };
    text.fact("missing", role, &words);
}

fn left(until: Timestamp, now: Timestamp) -> u64 {
    until.since(now).as_secs()
}

pub(super) fn dismiss(model: &Model, form: &DismissForm, painter: &mut Painter<'_>, area: Rect) -> Option<Position> {
    let (outer, above, below) = parts(area, &form.form, !form.busy);
    let count = form.findings.len();
    let title = if count == 1 { "dismiss a finding".to_owned() } else { format!("dismiss {count} findings") };
    painter.boxed(outer, &title);
    let text = dismiss_text(model, form, above.width);
    text.paint(painter, above, form.scroll);
    more(painter, outer, &text, above, form.scroll);
    dialog::paint(painter, below, &form.form, !form.busy, form.buttons())
}

pub(super) fn dismiss_scroll(model: &Model, form: &DismissForm, area: Rect) -> usize {
    let (_, above, _) = parts(area, &form.form, !form.busy);
    dismiss_text(model, form, above.width).longest_scroll(above.height)
}

fn dismiss_text(model: &Model, form: &DismissForm, width: u16) -> Text {
    let mut text = Text::new(width);
    let glyphs = model.glyphs.table();
    if let Some(stale) = &form.stale {
        text.say(Role::Bad, &format!("{} {stale} Look again before anything is signed.", glyphs.bad), 0);
    }
    match (form.busy, form.touch_until) {
        (true, Some(until)) => {
            text.say(Role::Strong, "Touch your key on your workstation now.", 0);
            text.say(Role::Busy, &format!("{} {} s left", glyphs.busy, left(until, model.now)), 0);
        }
        (true, None) => {
            text.say(
                Role::Busy,
                &format!("{} The dismissal is being signed; nothing is recorded yet.", glyphs.busy),
                0,
            );
        }
        (false, _) => {}
    }
    text.fact("seen in", Role::Text, &form.release.short());
    text.fact("digest", Role::Text, &form.digest.short());
    for line in &form.earlier {
        text.fact("", Role::Warn, line);
    }
    for finding in &form.findings {
        text.fact(&finding.fingerprint.short(), Role::Text, &describe(finding));
    }
    text
}

pub(super) fn passphrase(form: &PassphraseForm, painter: &mut Painter<'_>, area: Rect) -> Option<Position> {
    let inner = painter.boxed(layout::dialog(area.width, area.height, 70, 8), "the key is encrypted");
    let mut text = Text::new(inner.width);
    text.say(Role::Text, &format!("Passphrase of {}", form.key), 1);
    text.gap();
    let above = Rect {
        height: inner.height.saturating_sub(3).min(u16::try_from(text.rows().len()).unwrap_or(u16::MAX)),
        ..inner
    };
    text.paint(painter, above, 0);
    let line = |n: u16| Rect { y: above.bottom().saturating_add(n), height: 1, ..inner }.intersection(inner);
    let field = Rect { x: inner.x.saturating_add(1), width: inner.width.saturating_sub(2), ..line(0) };
    // Each character as one sign, whichever it is.
    let signs = "*".repeat(form.input.len());
    let cursor = dialog::text_field(painter, field, &signs, &signs, true);
    let problem = form.problem.map(|p| format!(" {} {p}", painter.glyphs.bad)).unwrap_or_default();
    painter.line(line(1), Role::Text, &[span(Role::Bad, problem)], None);
    let keys = [
        span(Role::Key, " enter"),
        span(Role::Muted, " signs with it   "),
        span(Role::Key, "esc"),
        span(Role::Muted, " signs nothing"),
    ];
    painter.line(line(2), Role::Text, &keys, None);
    cursor
}

pub(super) fn leave(model: &Model, form: &Form, painter: &mut Painter<'_>, area: Rect) -> Option<Position> {
    let outer = layout::dialog(area.width, area.height, 70, 9);
    let inner = painter.boxed(outer, "quit?");
    let mut text = Text::new(inner.width);
    let what = model.in_flight.as_ref().map_or("A decision", |f| f.what.as_str());
    let words = format!(
        "{what} is on its way. What is signed is in the ledger: the next start takes it up again and reads what became \
         of it."
    );
    text.say(Role::Text, &words, 1);
    let below = dialog::height(form, false).min(inner.height);
    text.paint(painter, Rect { height: inner.height - below, ..inner }, 0);
    let buttons = Rect { y: inner.bottom() - below, height: below, ..inner };
    dialog::paint(painter, buttons, form, false, ("Stay", Some("Quit")))
}
