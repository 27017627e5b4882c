//! The console without full-screen drawing, for screen readers and simple terminals: numbered, labelled lines, no boxes,
//! no colours, no signs that need to be seen. Choices are read line by line.

pub mod ledger;

use std::fmt::Write as _;

use crate::domain::dossier::Dossier;
use crate::domain::time::{Timestamp, humane};
use crate::text::line;

use super::model::gates::GateEntry;

/// What a line that the person typed means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Open the entry of a number, from 1.
    Open(usize),
    /// Read the gates again.
    Refresh,
    /// Back to the list.
    Back,
    /// Look through the ledger.
    Ledger,
    /// Leave.
    Quit,
    /// A command with a reason, `approve looks good`: the verb and what follows it.
    Verb(&'static str, String),
    /// Not understood: what can be typed, in a sentence.
    Unclear(String),
}

/// The verbs that can be typed while a release is open.
pub const VERBS: [&str; 4] = ["approve", "reject", "halt", "comment"];

/// Reads a line that the person typed; `entries` is how many numbers there are.
pub fn choice(typed: &str, entries: usize) -> Choice {
    let typed = typed.trim();
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    if let Some(verb) = VERBS.iter().find(|v| **v == word) {
        return Choice::Verb(verb, rest.trim().to_owned());
    }
    match (word, word.parse::<usize>()) {
        ("q" | "quit", _) => Choice::Quit,
        ("r" | "refresh", _) => Choice::Refresh,
        ("b" | "back", _) => Choice::Back,
        ("l" | "ledger", _) => Choice::Ledger,
        (_, Ok(n)) if (1..=entries).contains(&n) => Choice::Open(n),
        _ => Choice::Unclear(format!(
            "That is not a choice. Type a number from 1 to {entries}, r to refresh, l for the ledger, b to go back, \
             q to quit, or {} and a reason.",
            VERBS.join(", ")
        )),
    }
}

/// The inbox: one numbered entry a gate.
pub fn inbox<'a>(entries: impl IntoIterator<Item = &'a GateEntry>, now: Timestamp) -> String {
    let mut out = String::new();
    for (i, entry) in entries.into_iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}. {}", i + 1, entry.row.release.short());
        let waits = entry.row.gate.waiting_since.map_or_else(|| "unknown".to_owned(), |t| humane(now.since(t)));
        let mine = if entry.row.mine { ", for you" } else { "" };
        let _ = writeln!(out, "   waits: {waits}{mine}");
        let _ = writeln!(out, "   approvals: {}", entry.row.standing.words());
        match &entry.summary {
            Some(summary) => {
                let _ = writeln!(out, "   verdict: {}", summary.verdict.word());
                let _ = writeln!(out, "   findings: {}", summary.findings.words());
                let missing = if summary.matched {
                    summary.missing.len().to_string()
                } else {
                    "all of it: no [[service]] of the configuration fits this gate".to_owned()
                };
                let _ = writeln!(out, "   missing evidence: {missing}");
            }
            None => out.push_str("   verdict: unknown, the evidence is not here yet\n"),
        }
    }
    if out.is_empty() {
        out.push_str("Nothing waits.\n");
    }
    out
}

/// A release: its facts, every reason, every source, every finding, numbered.
pub fn release(dossier: &Dossier) -> String {
    let mut out = String::new();
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(out, "{label}: {}", line(value));
    };
    fact("release", &dossier.release.short());
    fact("gate", &dossier.gate.id.to_string());
    fact("digest", &dossier.digest.short());
    fact("verdict", dossier.verdict.result.word());
    for reason in &dossier.verdict.reasons {
        fact(&format!("reason, {}", reason.level.word()), &reason.text);
    }
    fact("findings", &dossier.count().words());
    fact("compared with", &dossier.baseline.words());
    for piece in &dossier.pieces {
        let why = piece.completeness.reason().map(|r| format!(": {}", r.text.line())).unwrap_or_default();
        fact(&format!("source {}", line(&piece.name)), &format!("{}{why}", piece.completeness.word()));
    }
    for build in dossier.builds() {
        fact("build", &format!("{} number {}, {}", build.job.line(), build.number, build.result.word()));
    }
    for ticket in dossier.tickets() {
        fact("ticket", &format!("{}, {}: {}", ticket.key.line(), ticket.category.word(), ticket.summary.line()));
    }
    for (i, triaged) in dossier.findings.iter().enumerate() {
        let f = &triaged.finding;
        let state = if triaged.is_open() { "open" } else { "dismissed" };
        let text = format!("{}, {state}, {}: {}, at {}", f.severity.word(), f.rule.line(), f.title.line(), f.place());
        fact(&format!("finding {}", i + 1), &text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::{Driver, sample};

    #[test]
    fn the_inbox_is_numbered_and_labelled() {
        let driver = Driver::sample(80, 24);
        let list = driver.model.inbox.list.keys().iter().filter_map(|id| driver.model.gates.get(id));
        let text = inbox(list, sample::now());
        assert!(
            text.starts_with(
                "1. payments@1.4.2/prod\n   waits: 3h 5m, for you\n   approvals: 0 of 1\n   verdict: warn\n"
            )
        );
        assert!(text.contains("missing evidence: 1"));
        assert!(text.contains("verdict: unknown, the evidence is not here yet"));
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn a_release_is_said_in_full_and_nothing_hidden() {
        let row = sample::row("payments", "1.4.2", "prod", 60, true);
        let text = release(&sample::dossier(&row, 6));
        assert!(text.contains("finding 6: low, dismissed"), "{text}");
        assert!(text.contains("ticket: PAY-13, in progress"));
        assert!(!text.chars().any(|c| c != '\n' && crate::text::is_hidden(c)));
        let text = release(&sample::incomplete(&row));
        assert!(text.contains("source findings/sonar/search: missing: sonar.example.com cannot be reached."), "{text}");
    }

    #[test]
    fn choices_are_read_by_line() {
        assert_eq!(choice(" 2 \n", 3), Choice::Open(2));
        assert_eq!(choice("approve looks good", 0), Choice::Verb("approve", "looks good".to_owned()));
        assert_eq!(choice("q", 3), Choice::Quit);
        for bad in ["0", "4", "", "yes", "-1", "99999999999999999999"] {
            assert!(matches!(choice(bad, 3), Choice::Unclear(_)), "{bad}");
        }
    }
}
