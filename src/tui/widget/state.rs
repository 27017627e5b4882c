//! States as sign, word and role: never a colour alone.

use crate::domain::build::BuildResult;
use crate::domain::decision::ReceiptStatus;
use crate::domain::severity::{Severity, Tally};
use crate::domain::ticket::StatusCategory;
use crate::domain::verdict::{Level, Outcome};
use crate::tui::glyphs::Glyphs;
use crate::tui::msg::{DecisionResult, PieceState};
use crate::tui::theme::Role;

use super::paint::{Span, span};

/// A sign, a word, and how they look.
#[derive(Debug, Clone, Copy)]
pub struct State {
    sign: fn(&Glyphs) -> &'static str,
    /// The word.
    pub word: &'static str,
    /// The role.
    pub role: Role,
}

impl State {
    const fn new(sign: fn(&Glyphs) -> &'static str, word: &'static str, role: Role) -> Self {
        Self { sign, word, role }
    }

    /// `✗ block`.
    pub fn show(self, glyphs: &Glyphs) -> Span<'static> {
        span(self.role, format!("{} {}", (self.sign)(glyphs), self.word))
    }

    /// `✗ 0/1`: the sign with other words.
    pub fn with(self, glyphs: &Glyphs, words: &str) -> Span<'static> {
        span(self.role, format!("{} {words}", (self.sign)(glyphs)))
    }
}

const fn good(word: &'static str) -> State {
    State::new(|g| g.ok, word, Role::Good)
}

const fn warn(word: &'static str) -> State {
    State::new(|g| g.warn, word, Role::Warn)
}

const fn bad(word: &'static str) -> State {
    State::new(|g| g.bad, word, Role::Bad)
}

const fn unknown(word: &'static str) -> State {
    State::new(|g| g.unknown, word, Role::Busy)
}

/// Something is under way.
pub const BUSY: State = State::new(|g| g.busy, "asking", Role::Busy);

/// A verdict.
pub fn verdict(outcome: Outcome) -> State {
    match outcome {
        Outcome::Pass => good("pass"),
        Outcome::Warn => warn("warn"),
        Outcome::Block => bad("block"),
        Outcome::Unknown => unknown("unknown"),
    }
}

/// How grave a reason is.
pub fn level(level: Level) -> State {
    match level {
        Level::Block => bad("block"),
        Level::Warn => warn("warn"),
        Level::Note => State::new(|g| g.dot, "note", Role::Muted),
    }
}

/// Where a source stands.
pub fn piece(state: PieceState) -> State {
    match state {
        PieceState::Asking => BUSY,
        PieceState::Complete => good("complete"),
        PieceState::Partial => warn("partial"),
        PieceState::Missing => bad("missing"),
    }
}

/// How a build ended.
pub fn build(result: BuildResult) -> State {
    match result {
        BuildResult::Success => good("success"),
        BuildResult::Unstable => warn("unstable"),
        BuildResult::Failure => bad("failure"),
        BuildResult::NotBuilt => bad("not-built"),
        BuildResult::Aborted => bad("aborted"),
        BuildResult::Running => State::new(|g| g.busy, "running", Role::Busy),
        BuildResult::Unknown => unknown("unknown"),
    }
}

/// Where a ticket stands.
pub fn ticket(category: StatusCategory) -> State {
    match category {
        StatusCategory::Done => good("done"),
        StatusCategory::ToDo => warn("to do"),
        StatusCategory::InProgress => warn("in progress"),
        StatusCategory::Unknown => unknown("unknown"),
    }
}

/// What was seen of a delivery.
pub fn receipt(status: Option<ReceiptStatus>) -> State {
    match status {
        Some(ReceiptStatus::Effective) => good("effective"),
        Some(ReceiptStatus::Refused) => bad("refused"),
        Some(ReceiptStatus::Sending) => State::new(|g| g.busy, "sending", Role::Busy),
        Some(ReceiptStatus::Accepted) => State::new(|g| g.busy, "accepted", Role::Busy),
        Some(ReceiptStatus::Unknown) => unknown("unknown"),
        None => State::new(|g| g.dot, "recorded", Role::Muted),
    }
}

/// How a decision ended.
pub fn result(result: DecisionResult) -> State {
    let word = result.word();
    match result {
        DecisionResult::Effective | DecisionResult::Recorded => good(word),
        DecisionResult::Refused | DecisionResult::NotSigned => bad(word),
        DecisionResult::Unknown => unknown(word),
    }
}

/// How many of all are as they should be.
pub fn share(counts: Option<(usize, usize)>, glyphs: &Glyphs) -> Span<'static> {
    match counts {
        None => unknown("").with(glyphs, "none"),
        Some((_, 0)) => State::new(|g| g.dot, "", Role::Muted).with(glyphs, "0"),
        Some((good_ones, all)) if good_ones == all => good("").with(glyphs, &format!("{good_ones}/{all}")),
        Some((good_ones, all)) => bad("").with(glyphs, &format!("{good_ones}/{all}")),
    }
}

/// The role of a severity.
pub fn severity(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::High => Role::High,
        Severity::Medium => Role::Medium,
        Severity::Low => Role::Low,
        Severity::Info => Role::Info,
        Severity::Unknown => Role::Unknown,
    }
}

/// Findings in little space: `C1 H2 M13 +2`; those of severities that do not occur are left out.
pub fn tally_short(tally: &Tally, glyphs: &Glyphs) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    for s in Severity::ALL.into_iter().filter(|s| tally.of(*s) > 0) {
        let letter = match s {
            Severity::Critical => "C",
            Severity::High => "H",
            Severity::Medium => "M",
            Severity::Low => "L",
            Severity::Info => "I",
            Severity::Unknown => "?",
        };
        let count = match u64::from(tally.of(s)) {
            many @ 10_000.. => format!("{}k", many / 1_000),
            count => count.to_string(),
        };
        out.push(span(severity(s), format!("{letter}{count} ")));
    }
    if tally.new > 0 {
        out.push(span(Role::New, format!("{}{}", glyphs.new, tally.new)));
    }
    if out.is_empty() {
        out.push(span(Role::Muted, "0"));
    }
    out
}

/// Findings in words: `1 critical, 2 high, 3 dismissed, 2 new`.
pub fn tally_words(tally: &Tally) -> String {
    let mut out: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|s| tally.of(*s) > 0)
        .map(|s| format!("{} {}", tally.of(s), s.word()))
        .collect();
    if out.is_empty() {
        out.push("no open findings".to_owned());
    }
    out.push(format!("{} dismissed", tally.dismissed));
    out.push(format!("{} new", tally.new));
    out.join(", ")
}
