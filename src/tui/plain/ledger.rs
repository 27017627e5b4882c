//! The ledger line by line: numbered records, one of them in full, and a check of all.

use std::fmt::Write as _;

use crate::domain::decision::ReceiptStatus;
use crate::domain::record::{LedgerCheck, LedgerState, RecordLine, RecordSheet, Section, Standing, Tone};
use crate::text::line;
use crate::tui::widget::text::moment;

/// How many records are said at once.
pub const PAGE: usize = 20;

/// What a line that the person typed means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Say the record of a number, from 1, in full.
    Open(usize),
    /// Say the records that come next.
    More,
    /// Check the whole ledger.
    Verify,
    /// Read the ledger again.
    Refresh,
    /// Say the list from its beginning; from there, back to the inbox.
    Back,
    /// Leave the console.
    Quit,
    /// Not understood: what can be typed, in a sentence.
    Unclear(String),
}

/// Reads a line that the person typed; `records` is how many numbers there are.
pub fn choice(typed: &str, records: usize) -> Choice {
    let word = typed.trim();
    match (word, word.parse::<usize>()) {
        ("q" | "quit", _) => Choice::Quit,
        ("r" | "refresh", _) => Choice::Refresh,
        ("b" | "back", _) => Choice::Back,
        ("m" | "more", _) => Choice::More,
        ("v" | "verify", _) => Choice::Verify,
        (_, Ok(n)) if (1..=records).contains(&n) => Choice::Open(n),
        _ => Choice::Unclear(format!(
            "That is not a choice. Type a number from 1 to {records}, m for more, v to check the whole ledger, r to \
             refresh, b to go back, or q to quit."
        )),
    }
}

/// How far the ledger reaches, and what is wrong with it.
pub fn head(state: &LedgerState) -> String {
    let mut out = String::new();
    let mut fact = |label: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{label}: {}", line(value));
    };
    fact("ledger", &state.head.location);
    if let Some(origin) = &state.head.origin {
        fact("origin", origin);
    }
    fact("entries", &state.head.size.to_string());
    fact("root", &state.head.root);
    match &state.unsound {
        Some((why, hints)) => {
            fact("UNSOUND, nothing in it counts", why);
            for hint in hints {
                fact("hint", hint);
            }
        }
        None if state.problems.is_empty() => fact("state", "whole, and every signature verifies"),
        None => {}
    }
    state.problems.iter().for_each(|problem| fact("problem", problem));
    out
}

/// A page of records, numbered, from number `from` (1 is the newest) on.
pub fn page(lines: &[RecordLine], from: usize) -> String {
    let mut out = String::new();
    for (i, record) in lines.iter().enumerate().skip(from.saturating_sub(1)).take(PAGE) {
        let _ = writeln!(out, "{}. {} {}", i + 1, record.verb.line(), record.subject.line());
        let _ = writeln!(out, "   signature: {}", record.standing.words());
        let by = if record.standing == Standing::Verified { "by" } else { "claims to be by" };
        let _ = writeln!(out, "   {by}: {}, at {}", record.by.line(), moment(record.at));
        let _ = writeln!(out, "   seen: {}", record.receipt.map_or("recorded", ReceiptStatus::word));
        if let Some(words) = record.emergency() {
            let _ = writeln!(out, "   break-glass: {words}");
        }
    }
    let end = from.saturating_sub(1) + PAGE;
    if lines.is_empty() {
        out.push_str("The ledger is empty: nothing was decided or dismissed yet.\n");
    } else if end < lines.len() {
        let _ = writeln!(out, "{} more; type m.", lines.len() - end);
    }
    out
}

/// A record in full.
pub fn record(sheet: &RecordSheet) -> String {
    let mut out = String::new();
    let mut part = |section: &Section| {
        let _ = writeln!(out, "{}", line(&section.heading));
        for fact in &section.facts {
            let tone = match fact.tone {
                Tone::Plain | Tone::Good => "",
                Tone::Warn => "warning: ",
                Tone::Bad => "bad: ",
            };
            let value = fact.value.block().replace('\n', "\n     ");
            let _ = writeln!(out, "   {tone}{}: {value}", line(&fact.label));
        }
    };
    part(&sheet.signature);
    sheet.sections.iter().for_each(&mut part);
    out.push_str("Its entries in the ledger\n");
    for entry in &sheet.entries {
        let _ = writeln!(out, "   entry {}, {} at {}: {}", entry.seq, entry.kind, moment(entry.at), entry.what.line());
    }
    out.push_str("What was signed, as JSON\n");
    for row in sheet.raw.raw().split('\n') {
        let _ = writeln!(out, "   {}", line(row));
    }
    out
}

/// What a check came to.
pub fn check(check: &LedgerCheck) -> String {
    let mut out = String::new();
    let (words, good) = crate::tui::view::check_words(check);
    let _ = if good { writeln!(out, "{words}") } else { writeln!(out, "Wrong: {}", check.findings.len()) };
    for finding in &check.findings {
        let _ = writeln!(out, "finding: {}", line(finding));
    }
    if let Some(head) = &check.head {
        let _ = writeln!(out, "root: {}", line(&head.root));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::ledger::{lines, sheet, state};

    #[test]
    fn all_is_said_in_words_and_nothing_hidden() {
        let records = lines(25);
        let first = page(&records, 1);
        assert!(first.starts_with("1. dismiss 2 findings as accepted\n   signature: verified\n   by: bo@"), "{first}");
        assert!(first.contains("signature: NOT verified\n   claims to be by: ana@example.com"), "{first}");
        assert!(first.contains("break-glass: ") && first.ends_with("5 more; type m.\n"), "{first}");
        let rest = page(&records, 21);
        assert!(rest.starts_with("21. ") && !rest.contains("more; type m"), "{rest}");
        let whole = record(&sheet(&records[1]));
        assert!(whole.contains("bad: missing: findings/sonar (unreachable)"), "{whole}");
        assert!(whole.contains("\"field59\""), "{whole}");
        for text in [first, whole, head(&state(25))] {
            assert!(!text.chars().any(|c| c != '\n' && crate::text::is_hidden(c)), "{text}");
        }
    }

    #[test]
    fn a_ledger_that_is_not_whole_is_never_called_so() {
        let mut bad = state(25);
        assert!(!head(&bad).contains("whole") && head(&bad).contains("problem: Ledger entry 21"));
        bad.unsound = Some(("Entry 2 is missing.".to_owned(), vec!["Restore it.".to_owned()]));
        assert!(head(&bad).contains("UNSOUND, nothing in it counts: Entry 2 is missing.\nhint: Restore it."));
        bad.unsound = None;
        bad.problems.clear();
        assert!(head(&bad).contains("state: whole"));
        assert!(page(&[], 1).contains("The ledger is empty"));
    }

    #[test]
    fn choices_are_read_by_line() {
        assert_eq!(choice(" 2 \n", 3), Choice::Open(2));
        for (typed, is) in [("m", Choice::More), ("verify", Choice::Verify), ("b", Choice::Back), ("q", Choice::Quit)] {
            assert_eq!(choice(typed, 3), is);
        }
        for bad in ["0", "4", "", "approve", "-1"] {
            assert!(matches!(choice(bad, 3), Choice::Unclear(_)), "{bad}");
        }
    }
}
