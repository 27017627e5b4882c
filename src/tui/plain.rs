//! The console without full-screen drawing, for screen readers and simple terminals: numbered, labelled lines, no boxes,
//! no colours, no signs that need to be seen. Choices are read line by line.

pub mod ledger;

use std::fmt::Write as _;

use crate::domain::change::ChangeSet;
use crate::domain::decision::Decision;
use crate::domain::dossier::Dossier;
use crate::domain::provenance::Provenance;
use crate::domain::time::{Timestamp, humane};
use crate::domain::triage::Novelty;
use crate::text::line;

use super::model::gates::GateEntry;
use super::widget::state;
use super::widget::text::moment;

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
        let mine = if entry.row.approvals.mine { ", for you" } else { "" };
        let _ = writeln!(out, "   waits: {waits}{mine}");
        let _ = writeln!(out, "   approvals: {}", entry.row.approvals.words(""));
        let Some(summary) = &entry.summary else {
            let why = entry.failed.as_ref().map_or("the evidence is not here yet", |f| f.message.as_str());
            let _ = writeln!(out, "   verdict: unknown, {}", line(why));
            continue;
        };
        let _ = writeln!(out, "   verdict: {}", summary.verdict.word());
        let _ = writeln!(out, "   findings: {}", summary.findings.words());
        let missing = if summary.matched {
            summary.missing.len().to_string()
        } else {
            "all of it: no [[service]] of the configuration fits this gate".to_owned()
        };
        let _ = writeln!(out, "   missing evidence: {missing}");
    }
    if out.is_empty() {
        out.push_str("Nothing waits.\n");
    }
    out
}

/// A release: its facts, how far its approvals are, every reason, every piece of evidence, every finding, numbered.
pub fn release(entry: &GateEntry) -> String {
    let mut facts = Facts::default();
    let gate = &entry.row.gate;
    facts.say("release", &entry.row.release.short());
    facts.say("gate", &gate.id.to_string());
    if !gate.instructions.is_empty() {
        facts.say("instructions", &gate.instructions.line());
    }
    for option in &gate.options {
        facts.say("input", &option.line());
    }
    facts.say("approvals", &entry.row.approvals.words(""));
    let standing = &entry.row.approvals.standing;
    for note in standing.notes.iter().chain(&standing.unplaced) {
        facts.say("note", note);
    }
    for decision in entry.decisions.iter() {
        facts.decision(decision);
    }
    match (&entry.dossier, &entry.failed) {
        (Some(dossier), _) => facts.dossier(dossier),
        (None, Some(failure)) => facts.say("evidence", &format!("not here: {}", failure.message)),
        (None, None) => facts.say("evidence", "not here yet"),
    }
    facts.out
}

/// Labelled lines.
#[derive(Default)]
struct Facts {
    out: String,
}

impl Facts {
    fn say(&mut self, label: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{label}: {}", line(value));
    }

    fn decision(&mut self, decision: &Decision) {
        let seen = decision.receipt.as_ref().map_or("nothing was seen of it yet", |r| r.status.word());
        let flags = decision.flags();
        let flags = if flags.is_empty() { flags } else { format!(", {flags}") };
        let (verb, by, at) = (decision.verb.word(), &decision.principal, moment(decision.issued_at));
        self.say("decision", &format!("{verb} by {by} at {at}, {seen}{flags}: {}", decision.reason.line()));
    }

    fn dossier(&mut self, dossier: &Dossier) {
        self.say("digest", &dossier.digest.short());
        self.say("verdict", dossier.verdict.result.word());
        for reason in &dossier.verdict.reasons {
            self.say(&format!("reason, {}", reason.level.word()), &reason.text);
        }
        if let Some(commit) = &dossier.release.commit {
            self.say("commit", &commit.line());
        }
        for artifact in &dossier.release.artifacts {
            let digest = artifact.digest.as_ref().map_or("no digest known", |d| d.as_str());
            self.say("artifact", &format!("{} {digest}", artifact.name.line()));
        }
        self.say("findings", &dossier.count().words());
        self.say("compared with", &dossier.baseline.words());
        if let Err(why) = dossier.count().since {
            self.say("new since then", &format!("not known. {why}"));
        }
        for piece in &dossier.pieces {
            let why = piece.completeness.reason().map(|r| format!(": {}", r.text.line())).unwrap_or_default();
            self.say(&format!("source {}", line(&piece.name)), &format!("{}{why}", piece.completeness.word()));
        }
        for build in dossier.builds() {
            self.say("build", &format!("{} number {}, {}", build.job.line(), build.number, build.result.word()));
        }
        for ticket in dossier.tickets() {
            let words = format!("{}, {}: {}", ticket.key.line(), ticket.category.word(), ticket.summary.line());
            self.say("ticket", &words);
        }
        dossier.changes().for_each(|changes| self.changes(changes));
        dossier.provenance().for_each(|provenance| self.provenance(provenance));
        for (i, triaged) in dossier.findings.iter().enumerate() {
            let f = &triaged.finding;
            let state = if triaged.is_open() { "open" } else { "dismissed" };
            let new = if triaged.novelty == Novelty::New { "new, " } else { "" };
            let (severity, rule) = (f.severity.word(), f.rule.line());
            let words = format!("{severity}, {state}, {new}{rule}: {}, at {}", f.title.line(), f.place());
            self.say(&format!("finding {}", i + 1), &words);
        }
        for gone in dossier.compared.gone().iter().filter(|t| t.novelty == Novelty::Fixed) {
            let f = &gone.finding;
            let words = format!("{}, {}: {}, at {}", f.severity.word(), f.rule.line(), f.title.line(), f.place());
            self.say("fixed", &words);
        }
    }

    fn changes(&mut self, changes: &ChangeSet) {
        for pull in &changes.pull_requests {
            self.say("pull request", &format!("{}: {}, by {}", pull.number, pull.title.line(), pull.author.line()));
        }
        for commit in &changes.commits {
            let first = commit.message.raw().lines().next().unwrap_or_default();
            let signature = match commit.verified {
                Some(true) => "its signature verified by the server",
                Some(false) => "its signature not verified",
                None => "the server does not say of its signature",
            };
            let words = format!("{}: {}, by {}, {signature}", commit.sha.line(), line(first), commit.author.line());
            self.say("change", &words);
        }
    }

    fn provenance(&mut self, provenance: &Provenance) {
        for artifact in &provenance.artifacts {
            let by = match artifact.by.len() {
                0 => "no verified attestation speaks of it".to_owned(),
                n => format!("verified attestations that speak of it: {n}"),
            };
            self.say("provenance", &format!("{}, {by}", artifact.name.line()));
        }
        for attestation in &provenance.attestations {
            let why = attestation.reason.as_ref().map(|r| format!(": {}", r.text.line())).unwrap_or_default();
            let state = state::attestation(attestation.state).word;
            let who = attestation.identity.as_ref().map(|i| format!(", signed by {}", i.line())).unwrap_or_default();
            self.say("attestation", &format!("{}, {state}{why}{who}", attestation.file.line()));
        }
        for unread in &provenance.unread {
            self.say("attestation", &format!("{}, not read: {}", unread.file.line(), unread.reason.text.line()));
        }
    }
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
        let said = |dossier: Dossier| {
            let mut entry = GateEntry::new(row.clone());
            entry.row.approvals.standing.notes = vec!["The approval of bo does not count: it has expired.".to_owned()];
            entry.row.gate.options = vec!["ship".into()];
            entry.ready(dossier.into(), vec![sample::decision(&row)].into());
            let text = release(&entry);
            assert!(!text.chars().any(|c| c != '\n' && crate::text::is_hidden(c)), "{text}");
            text
        };
        let text = said(sample::dossier(&row, 6));
        for wanted in [
            "instructions: Look at the scan first.",
            "input: ship\n",
            "approvals: 0 of 1\n",
            "note: The approval of bo does not count: it has expired.\n",
            "decision: approve by bo@example.com at 2026-11-21T",
            "commit: 4f9d2c7be0a14c5d8a6b1f3e5c7d9a0b2c4e6f80\n",
            "ticket: PAY-13, in progress",
            "pull request: 88: Mend the rounding, by ana\n",
            "change: 4f9d2c7be0a1: PAY-12 mend the rounding, by Ana, its signature verified by the server\n",
            "finding 6: low, dismissed",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let text = said(sample::incomplete(&row));
        assert!(text.contains("source findings/sonar/search: missing: sonar.example.com cannot be reached."), "{text}");
        let text = said(sample::attested(&row));
        assert!(text.contains("provenance: registry/sidecar, no verified attestation speaks of it\n"), "{text}");
        assert!(text.contains("attestation: pay.sigstore.json, verified"), "{text}");
    }

    #[test]
    fn a_gate_without_evidence_says_why_and_can_be_opened() {
        let mut entry = GateEntry::new(sample::row("payments", "1.4.2", "prod", 60, true));
        let message = "The ledger cannot be read.".to_owned();
        entry.failed = Some(crate::tui::msg::Failure { task: "evidence".to_owned(), message, hints: Vec::new() });
        assert!(inbox([&entry], sample::now()).contains("verdict: unknown, The ledger cannot be read.\n"));
        assert!(release(&entry).contains("evidence: not here: The ledger cannot be read.\n"));
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
