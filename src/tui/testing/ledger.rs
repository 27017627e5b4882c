//! A small ledger with hostile text in it, built by hand.

use std::sync::Arc;
use std::time::Duration;

use super::Driver;
use super::sample::{HOSTILE, now};
use crate::domain::canonical::sha256;
use crate::domain::decision::ReceiptStatus;
use crate::domain::ids::{Digest, RecordId};
use crate::domain::record::{EntryLine, LedgerHead, LedgerState, RecordLine, RecordSheet, Section, Standing, Tone};
use crate::domain::time::Timestamp;
use crate::tui::effect::{Effect, LedgerAsk, RequestId};
use crate::tui::msg::{LedgerNews, Msg};

/// So many records, the newest first: approvals by two people, every fifth a dismissal, every seventh not verified; the
/// newest is hostile.
pub fn lines(count: u64) -> Vec<RecordLine> {
    (1..=count).rev().map(|i| line(i, count)).collect()
}

fn line(i: u64, count: u64) -> RecordLine {
    let dismissal = i.is_multiple_of(5);
    let at = now().millis() - i64::try_from((count - i) * 5_400_000).unwrap_or_default();
    let standing = if i.is_multiple_of(7) { Standing::NotVerified } else { Standing::Verified };
    let reason = if i == count { format!("Late {HOSTILE}") } else { format!("Reason number {i} is good.") };
    RecordLine {
        record: RecordId::new(format!("01JD{i:022}")),
        seq: i * 3,
        at: Timestamp::from(chrono::DateTime::UNIX_EPOCH).plus(Duration::from_millis(at.unsigned_abs())),
        verb: if dismissal { "dismiss" } else { "approve" }.into(),
        subject: if dismissal { "2 findings as accepted".into() } else { format!("payments@1.4.{i}/prod").into() },
        by: if i.is_multiple_of(2) { "ana@example.com" } else { "bo@example.com" }.into(),
        reason: reason.into(),
        envelope: envelope(i),
        receipt: (!dismissal).then_some(ReceiptStatus::Effective),
        standing,
        break_glass: i == count - 2,
        reviewed_by: None,
    }
}

fn envelope(i: u64) -> Digest {
    sha256(format!("envelope {i}").as_bytes())
}

/// How far a ledger of so many records reaches.
pub fn state(count: u64) -> LedgerState {
    let head = LedgerHead {
        location: "sqlite:///var/lib/countersign/ledger.db".to_owned(),
        origin: Some("countersign.dev/ledger/0123456789abcdef0123456789abcdef".to_owned()),
        size: count * 3,
        root: "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=".to_owned(),
    };
    let problems = (1..=count)
        .filter(|i| i.is_multiple_of(7))
        .map(|i| format!("Ledger entry {} (decision) does not count: The key SHA256:abc is revoked.", i * 3));
    LedgerState { head, unsound: None, problems: problems.collect() }
}

/// A record in full.
pub fn sheet(line: &RecordLine) -> RecordSheet {
    let mut signature = Section::new("Signature");
    signature.add("state", format!("verified: signed by {}", line.by.raw()), Tone::Good);
    signature.add("key", "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDbzUiStDaKbQ0Vlpw", Tone::Plain);
    signature.add("judged as of", line.at.to_string(), Tone::Plain);
    let mut said = Section::new("What it says");
    said.add("verb", line.verb.clone(), Tone::Plain);
    said.add("reason", format!("Second line follows.\n{HOSTILE}"), Tone::Plain);
    let mut evidence = Section::new("Evidence that was on the screen");
    evidence.add("complete", "builds/jenkins, opened", Tone::Good);
    evidence.add("missing", "findings/sonar (unreachable), not opened", Tone::Bad);
    evidence.add("a label that is long", "its value", Tone::Plain);
    let entry = |offset, kind, what: &str| EntryLine {
        seq: line.seq + offset,
        at: line.at,
        kind,
        digest: envelope(line.seq + offset),
        what: what.into(),
    };
    let raw = (0..60).map(|i| format!("  \"field{i}\": \"{HOSTILE}\"")).collect::<Vec<_>>().join(",\n");
    RecordSheet {
        line: line.clone(),
        signature,
        sections: vec![said, evidence],
        entries: vec![
            entry(0, "decision", "approve payments@1.4.2/prod"),
            entry(1, "intent", "approve is about to be sent"),
            entry(2, "receipt", HOSTILE),
        ],
        raw: format!("{{\n{raw}\n}}").into(),
    }
}

impl Driver {
    /// Opens the screen of the ledger; gives the reading that was begun.
    #[expect(clippy::panic, reason = "a test whose key does something else is wrong")]
    pub fn open_ledger(&mut self) -> RequestId {
        match self.press("L").as_slice() {
            [Effect::Ledger(LedgerAsk::List(request))] => *request,
            other => panic!("{other:?}"),
        }
    }

    /// Opens the screen of a ledger of so many records, which arrive in pages.
    pub fn with_ledger(&mut self, count: u64) {
        let request = self.open_ledger();
        self.answer_ledger(request, count);
    }

    /// Answers a reading.
    pub fn answer_ledger(&mut self, request: RequestId, count: u64) {
        self.send(Msg::Ledger(LedgerNews::State { request, state: Box::new(state(count)), now: now() }));
        for page in lines(count).chunks(512) {
            self.send(Msg::Ledger(LedgerNews::Page { request, lines: page.to_vec() }));
        }
        self.send(Msg::Ledger(LedgerNews::Listed { request }));
    }

    /// Answers the opening of a record.
    #[expect(clippy::panic, reason = "a test whose key does something else is wrong")]
    pub fn answer_record(&mut self, effects: &[Effect]) {
        let [Effect::Ledger(LedgerAsk::Open { request, record, .. })] = effects else { panic!("{effects:?}") };
        let line = self.model.ledger.lines().iter().find(|l| l.record == *record).cloned();
        let Some(line) = line else { panic!("no such record") };
        let sheet = Ok(Arc::new(sheet(&line)));
        self.send(Msg::Ledger(LedgerNews::Opened { request: *request, sheet }));
    }
}
