//! States as sign, word and role: never a colour alone.

use crate::domain::build::BuildResult;
use crate::domain::decision::ReceiptStatus;
use crate::domain::dossier::{Count, Extent};
use crate::domain::provenance;
use crate::domain::severity::Severity;
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

pub(in crate::tui) const fn good(word: &'static str) -> State {
    State::new(|g| g.ok, word, Role::Good)
}

pub(in crate::tui) const fn warn(word: &'static str) -> State {
    State::new(|g| g.warn, word, Role::Warn)
}

pub(in crate::tui) const fn bad(word: &'static str) -> State {
    State::new(|g| g.bad, word, Role::Bad)
}

pub(in crate::tui) const fn unknown(word: &'static str) -> State {
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

/// Whether a verified attestation covers an artifact.
pub fn covered(covered: bool) -> State {
    if covered { good("covered") } else { bad("not covered") }
}

/// Whether an attestation counts.
pub fn attestation(state: provenance::State) -> State {
    match state {
        provenance::State::Verified => good("verified"),
        provenance::State::Unexpected => bad("unexpected"),
        provenance::State::Refused => bad("refused"),
        provenance::State::Other => State::new(|g| g.dot, "other", Role::Muted),
    }
}

/// What could not be read.
pub const UNREAD: State = State::new(|g| g.unknown, "not read", Role::Bad);

/// What was seen of a delivery.
pub fn receipt(status: Option<ReceiptStatus>) -> State {
    match status {
        Some(ReceiptStatus::Effective) => good("effective"),
        Some(ReceiptStatus::Refused) => bad("refused"),
        Some(ReceiptStatus::Sending) => State::new(|g| g.busy, "sending", Role::Busy),
        Some(ReceiptStatus::Accepted) => State::new(|g| g.busy, "accepted", Role::Busy),
        Some(ReceiptStatus::Unknown) => unknown("unknown"),
        None | Some(ReceiptStatus::Recorded) => State::new(|g| g.dot, "recorded", Role::Muted),
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

/// Findings in so many cells: `C1 H2 M13 +2 new -1 fixed`; those of severities that do not occur are left out. No number is cut:
/// where there is no room, the word goes, numbers become thousands, then what is new goes, then the least of the
/// severities, said by the sign of a cut. What was fixed is said only where all of it fits. What is not known is no number: `? missing`, `new unknown`, or shorter `+?`.
pub fn findings(count: &Count, glyphs: &Glyphs, room: usize) -> Vec<Span<'static>> {
    let unknown = |word: &str| vec![span(Role::Bad, format!("{} {word}", glyphs.unknown))];
    match &count.extent {
        Extent::NotConfigured => return unknown("not asked"),
        Extent::Nothing(_) => return unknown("missing"),
        Extent::Whole | Extent::Part(_) => {}
    }
    let mut out: Vec<Span<'static>> = Vec::new();
    if matches!(count.extent, Extent::Part(_)) {
        out.push(span(Role::Bad, format!("{} ", glyphs.unknown)));
    }
    let exact = severities(count, 10_000);
    let fixed = count.since.as_ref().map_or(0, |since| since.fixed);
    let mended = (fixed > 0).then(|| span(Role::Good, format!(" -{} fixed", short(fixed, 10_000))));
    let new = |in_words: bool| {
        let sign = glyphs.new;
        let (role, text) = match (count.tally.new, in_words) {
            (Some(0), _) => return None,
            (Some(new), true) => (Role::New, format!("{sign}{} new", short(new, 10_000))),
            (Some(new), false) => (Role::New, format!("{sign}{}", short(new, 10_000))),
            (None, true) => (Role::Muted, "new unknown".to_owned()),
            (None, false) => (Role::Muted, format!("{sign}{}", glyphs.unknown)),
        };
        Some(span(role, text))
    };
    if exact.is_empty() {
        out.push(span(Role::Muted, "0"));
        out.extend(mended.filter(|(_, text)| text.chars().count() < room));
        return out;
    }
    let fits = |parts: &[Span<'static>]| width_of(&out) + width_of(parts) <= room;
    let with = |parts: &[Span<'static>], in_words| parts.iter().cloned().chain(new(in_words)).collect::<Vec<_>>();
    let short = severities(count, 1_000);
    let all = with(&exact, true).into_iter().chain(mended).collect();
    let ways = [all, with(&exact, true), with(&exact, false), with(&short, false), exact, short];
    let last = ways.len() - 1;
    let mut chosen = ways.iter().find(|way| fits(way)).unwrap_or(&ways[last]).clone();
    let mut cut = false;
    while !fits(&chosen) && chosen.len() > 1 {
        chosen.pop();
        if cut {
            chosen.pop();
        }
        chosen.push(span(Role::Muted, glyphs.cut));
        cut = true;
    }
    out.extend(chosen);
    out
}

fn width_of(spans: &[Span<'_>]) -> usize {
    let text: String = spans.iter().map(|(_, text)| text.as_ref()).collect();
    text.trim_end().chars().count()
}

/// `H2 `, the worst first; thousands from `from` on.
fn severities(count: &Count, from: u32) -> Vec<Span<'static>> {
    let letter = |s| match s {
        Severity::Critical => "C",
        Severity::High => "H",
        Severity::Medium => "M",
        Severity::Low => "L",
        Severity::Info => "I",
        Severity::Unknown => "?",
    };
    let there = Severity::ALL.into_iter().map(|s| (s, count.tally.of(s))).filter(|(_, n)| *n > 0);
    there.map(|(s, n)| span(severity(s), format!("{}{} ", letter(s), short(n, from)))).collect()
}

/// A number, or its thousands: `10.9k`, `2k`. Never more than there are.
fn short(number: u32, from: u32) -> String {
    match number {
        n if n < from => n.to_string(),
        n if from < 10_000 || n >= 100_000 => format!("{}k", n / 1_000),
        n => format!("{}.{}k", n / 1_000, n % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dossier::Since;
    use crate::domain::severity::Tally;
    use crate::tui::glyphs::GlyphSet;

    fn shown(tally: Tally, extent: Extent, room: usize) -> String {
        let spans = findings(&Count { tally, extent, since: Err(String::new()) }, GlyphSet::Unicode.table(), room);
        spans.iter().map(|(_, text)| text.as_ref()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn no_number_of_findings_is_cut() {
        let many = Tally { high: 387, medium: 10_868, low: 1_204, new: Some(31), ..Tally::default() };
        assert_eq!(shown(many, Extent::Whole, 33), "H387 M10.8k L1204 +31 new");
        assert_eq!(shown(many, Extent::Whole, 24), "H387 M10.8k L1204 +31");
        assert_eq!(shown(many, Extent::Whole, 20), "H387 M10k L1k +31");
        assert_eq!(shown(many, Extent::Whole, 13), "H387 M10k L1k");
        assert_eq!(shown(many, Extent::Whole, 11), "H387 M10k …");
        assert_eq!(shown(many, Extent::Whole, 8), "H387 …");
        let most = Tally {
            critical: 99_999,
            high: 99_999,
            medium: 1_234_567,
            low: 99_999,
            info: 99_999,
            unknown: 99_999,
            ..Tally::default()
        };
        for room in 6..60 {
            let text = shown(most, Extent::Whole, room);
            assert!(text.chars().count() <= room, "{room}: {text}");
            assert!(text.starts_with("C99"), "{room}: {text}");
        }
    }

    #[test]
    fn what_is_not_known_is_no_number() {
        let high = Tally { high: 2, ..Tally::default() };
        assert_eq!(shown(high, Extent::Whole, 14), "H2 new unknown");
        assert_eq!(shown(high, Extent::Whole, 13), "H2 +?");
        assert_eq!(shown(high, Extent::Part(vec!["findings/b".to_owned()]), 14), "? H2 +?");
        let none = Tally::default();
        assert_eq!(shown(none, Extent::Nothing(vec!["findings/b".to_owned()]), 14), "? missing");
        assert_eq!(shown(none, Extent::NotConfigured, 14), "? not asked");
        assert_eq!(shown(Tally { new: Some(0), ..none }, Extent::Whole, 14), "0");
    }

    #[test]
    fn what_was_fixed_is_said_where_there_is_room() {
        let since = Since { version: "1".into(), new: 1, unchanged: 1, fixed: 3, unseen: 0 };
        let tally = Tally { high: 2, new: Some(1), ..Tally::default() };
        let shown = |tally, room| {
            let count = Count { tally, extent: Extent::Whole, since: Ok(since.clone()) };
            let spans = findings(&count, GlyphSet::Unicode.table(), room);
            spans.iter().map(|(_, text)| text.as_ref()).collect::<String>().trim_end().to_owned()
        };
        assert_eq!(shown(tally, 33), "H2 +1 new -3 fixed");
        assert_eq!(shown(tally, 17), "H2 +1 new");
        assert_eq!(shown(Tally { new: Some(0), ..Tally::default() }, 19), "0 -3 fixed");
    }
}
