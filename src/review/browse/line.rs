//! A record in a line: what its document says, and whether that counts.

use std::collections::HashMap;

use super::judge::Judge;
use crate::domain::canonical;
use crate::domain::decision::{Receipt, ReceiptStatus};
use crate::domain::ids::RecordId;
use crate::domain::record::{RecordLine, Standing};
use crate::domain::time::Timestamp;
use crate::ledger::storage::Row;
use crate::ledger::{Entry, EntryKind};
use crate::review::said::Said;
use crate::text::{Pool, Untrusted};

/// Makes lines of entries that come from the newest to the oldest.
pub(super) struct Lines {
    pub(super) judge: Judge,
    receipts: HashMap<String, ReceiptStatus>,
    /// Thousands of lines are by the same few people over the same few releases.
    pool: Pool,
}

impl Lines {
    pub(super) fn new(judge: Judge) -> Self {
        Self { judge, receipts: HashMap::new(), pool: Pool::default() }
    }

    /// The line of a row. One that is damaged has a line as well: it is not to be overlooked.
    pub(super) fn row(&mut self, row: Row) -> Option<RecordLine> {
        let damaged = Row { body: Vec::new(), ..row.clone() };
        match row.entry() {
            Ok(entry) => self.entry(&entry),
            Err(why) => Some(RecordLine {
                record: RecordId::new(damaged.record),
                seq: damaged.seq,
                at: damaged.at.parse().unwrap_or_else(|_e| Timestamp::from(chrono::DateTime::UNIX_EPOCH)),
                verb: damaged.kind.into(),
                subject: format!("(damaged: {why})").into(),
                by: Untrusted::default(),
                reason: Untrusted::default(),
                envelope: damaged.digest.parse().unwrap_or_else(|_e| canonical::sha256(b"")),
                receipt: None,
                standing: Standing::NotVerified,
                break_glass: false,
                reviewed_by: None,
            }),
        }
    }

    /// The line of an entry, if it is a document of its own.
    pub(super) fn entry(&mut self, entry: &Entry) -> Option<RecordLine> {
        let record = entry.draft.record.as_str();
        let (said, receipt) = match entry.draft.kind {
            EntryKind::Receipt => {
                // The newest comes first, and is the one that counts.
                if !self.receipts.contains_key(record)
                    && let Ok(receipt) = serde_json::from_slice::<Receipt>(&entry.draft.body)
                {
                    self.receipts.insert(record.to_owned(), receipt.status);
                }
                return None;
            }
            EntryKind::Intent | EntryKind::Stamp | EntryKind::Push => return None,
            EntryKind::Approvers => (Said::of_approvers(&entry.draft.body), None),
            EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => {
                (Said::of(&entry.draft.body), self.receipts.remove(record))
            }
        };
        let mut shared = |text: &Untrusted| self.pool.text(text.raw());
        Some(RecordLine {
            record: entry.draft.record.clone(),
            seq: entry.seq,
            at: entry.draft.at,
            verb: shared(&said.verb),
            subject: shared(&said.subject),
            by: shared(&said.by),
            reason: shared(&said.reason),
            envelope: entry.digest.clone(),
            receipt,
            standing: self.judge.standing(entry),
            break_glass: said.break_glass,
            reviewed_by: self.judge.remarked(entry).and_then(|d| d.reviewed_by),
        })
    }
}
