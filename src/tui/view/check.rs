//! The check of the whole ledger: how far it is, and what it has found.

use ratatui::layout::Rect;

use crate::domain::record::LedgerCheck;
use crate::tui::glyphs::Glyphs;
use crate::tui::model::Model;
use crate::tui::model::ledger::Check;
use crate::tui::theme::Role;
use crate::tui::widget::dialog;
use crate::tui::widget::paint::{Painter, Span, span};
use crate::tui::widget::state;
use crate::tui::widget::text::{Text, moment};

/// What a check came to, in a sentence, and whether all is well.
pub(in crate::tui) fn words(check: &LedgerCheck) -> (String, bool) {
    match check.findings.len() {
        0 => (
            format!("All {} entries are as appended, and {} signatures verify.", check.entries, check.signatures),
            true,
        ),
        1 => ("The check of the ledger found something wrong; v shows it.".to_owned(), false),
        n => (format!("The check of the ledger found {n} things wrong; v shows them."), false),
    }
}

/// Where it stands, in the head of the ledger's screen.
pub(super) fn line(check: &Check, glyphs: &Glyphs) -> Span<'static> {
    match check {
        Check::None => span(Role::Muted, "v checks every hash and every signature anew"),
        Check::Running { done, all, .. } => state::BUSY.with(glyphs, &format!("checking: {}", share(*done, *all))),
        Check::Done(done) => {
            let (words, good) = words(done);
            let state = if good { state::good("") } else { state::bad("") };
            state.with(glyphs, &format!("checked {}: {words}", super::clock(done.at)))
        }
        Check::CalledOff => state::warn("").with(glyphs, "the check was called off; v begins another"),
        Check::Failed(failure) => state::bad("").with(glyphs, &failure.message),
    }
}

fn share(done: u64, all: u64) -> String {
    let percent = (done * 100).checked_div(all);
    percent.map_or_else(|| "hashes first".to_owned(), |percent| format!("{done} of {all} entries, {percent} %"))
}

pub(super) fn paint(model: &Model, scroll: usize, painter: &mut Painter<'_>, area: Rect) {
    dialog::text_box(painter, area, "check of the whole ledger", scroll, |width| text(model, width));
}

pub(super) fn scrollable(model: &Model, area: Rect) -> usize {
    dialog::text_box_scroll(area, |width| text(model, width))
}

fn text(model: &Model, width: u16) -> Text {
    let glyphs = model.glyphs.table();
    let mut text = Text::new(width);
    match &model.ledger.check {
        Check::None => text.say(Role::Muted, "No check was begun. v begins one.", 1),
        Check::Running { done, all, .. } => {
            text.row(vec![state::BUSY.with(glyphs, &format!("Checking: {}", share(*done, *all)))]);
            text.gap();
            text.say(
                Role::Muted,
                "v calls it off. Esc leaves it running, and the ledger can be looked at meanwhile.",
                1,
            );
        }
        Check::CalledOff => text.say(Role::Warn, "The check was called off; it says nothing. v begins another.", 1),
        Check::Failed(failure) => {
            text.say(Role::Bad, &format!("{} The check could not be made: {}", glyphs.bad, failure.message), 1);
            for hint in &failure.hints {
                text.say(Role::Muted, hint, 3);
            }
        }
        Check::Done(check) => done(check, &mut text, glyphs),
    }
    text
}

fn done(check: &LedgerCheck, text: &mut Text, glyphs: &Glyphs) {
    let (words, good) = words(check);
    if good {
        text.say(Role::Good, &format!("{} {words}", glyphs.ok), 0);
    } else {
        let n = check.findings.len();
        let found = if n == 1 { "One thing is wrong:".to_owned() } else { format!("{n} things are wrong:") };
        text.say(Role::Bad, &format!("{} {found}", glyphs.bad), 0);
        for finding in &check.findings {
            text.item(span(Role::Bad, format!("  {} ", glyphs.bad)), finding);
        }
    }
    text.gap();
    text.fact("checked at", Role::Text, &moment(check.at));
    text.fact("entries", Role::Text, &check.entries.to_string());
    text.fact("signatures", Role::Text, &format!("{} verify", check.signatures));
    let checkpoints = format!("{}, and {} that decisions have seen", check.checkpoints, check.seen);
    text.fact("checkpoints", Role::Text, &checkpoints);
    if let Some(head) = &check.head {
        text.fact("root", Role::Text, &head.root);
        if let Some(origin) = &head.origin {
            text.fact("ledger", Role::Text, origin);
        }
        text.fact("place", Role::Text, &head.location);
    }
    if good {
        text.gap();
        let more = "That the newest entries were not cut off as a whole, no copy can tell by itself: compare the root \
                    with one that was noted elsewhere, such as in a later decision.";
        text.say(Role::Muted, more, 0);
    }
}
