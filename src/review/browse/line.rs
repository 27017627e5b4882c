//! A record in a line: what its document says, and whether that counts.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::judge::{ApproversBody, Judge};
use crate::domain::canonical;
use crate::domain::decision::{Receipt, ReceiptStatus};
use crate::domain::ids::RecordId;
use crate::domain::record::{RecordLine, Standing};
use crate::domain::time::Timestamp;
use crate::ledger::storage::Row;
use crate::ledger::{Entry, EntryKind};
use crate::text::{Pool, Untrusted};

/// The most characters of a reason that a line keeps: there may be a hundred thousand lines.
const REASON: usize = 200;

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
            }),
        }
    }

    /// The line of an entry, if it is a document of its own.
    pub(super) fn entry(&mut self, entry: &Entry) -> Option<RecordLine> {
        let record = entry.draft.record.as_str();
        let (mut said, receipt) = match entry.draft.kind {
            EntryKind::Receipt => {
                // The newest comes first, and is the one that counts.
                if !self.receipts.contains_key(record)
                    && let Ok(receipt) = serde_json::from_slice::<Receipt>(&entry.draft.body)
                {
                    self.receipts.insert(record.to_owned(), receipt.status);
                }
                return None;
            }
            EntryKind::Intent | EntryKind::Stamp => return None,
            EntryKind::Approvers => (Said::of_approvers(&entry.draft.body), None),
            EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => {
                (Said::of(&entry.draft.body), self.receipts.remove(record))
            }
        };
        for text in [&mut said.verb, &mut said.subject, &mut said.by, &mut said.reason] {
            *text = self.pool.text(text.raw());
        }
        Some(said.line(entry, receipt, self.judge.standing(entry)))
    }
}

/// What a document says of itself, as far as a line has room.
#[derive(Debug, Default, Clone)]
pub(super) struct Said {
    pub verb: Untrusted,
    pub subject: Untrusted,
    pub by: Untrusted,
    pub reason: Untrusted,
    pub break_glass: bool,
}

#[derive(Deserialize)]
struct Enveloped<'a> {
    #[serde(borrow)]
    payload: std::borrow::Cow<'a, str>,
}

/// The payload of an envelope, nothing of it verified.
pub(super) fn payload(envelope: &[u8]) -> Option<Vec<u8>> {
    let enveloped: Enveloped<'_> = serde_json::from_slice(envelope).ok()?;
    STANDARD.decode(enveloped.payload.as_ref()).ok()
}

impl Said {
    /// What an envelope says.
    pub(super) fn of(envelope: &[u8]) -> Self {
        let statement = payload(envelope).and_then(|bytes| serde_json::from_slice::<Statement>(&bytes).ok());
        statement.map_or_else(
            || Self { verb: "unreadable".into(), subject: "(the document cannot be read)".into(), ..Self::default() },
            |s| s.predicate.said(),
        )
    }

    /// What an approvers file is.
    pub(super) fn of_approvers(body: &[u8]) -> Self {
        let subject = match serde_json::from_slice::<ApproversBody>(body) {
            Ok(body) => format!("the approvers file, {} lines", body.text.lines().count()),
            Err(_) => "(the entry cannot be read)".to_owned(),
        };
        Self { verb: "roles".into(), subject: subject.into(), ..Self::default() }
    }

    /// As a line.
    pub(super) fn line(self, entry: &Entry, receipt: Option<ReceiptStatus>, standing: Standing) -> RecordLine {
        RecordLine {
            record: entry.draft.record.clone(),
            seq: entry.seq,
            at: entry.draft.at,
            verb: self.verb,
            subject: self.subject,
            by: self.by,
            reason: self.reason,
            envelope: entry.digest.clone(),
            receipt,
            standing,
            break_glass: self.break_glass,
        }
    }
}

#[derive(Deserialize)]
struct Statement {
    predicate: Predicate,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    decision: Option<String>,
    reason: Option<String>,
    release: Release,
    environment: Named,
    approver: Approver,
    records: Option<Vec<Dismissed>>,
    to: Option<String>,
    roles: Option<Vec<String>>,
    revokes: Option<String>,
    break_glass: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Release {
    name: String,
    version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Approver {
    principal: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Dismissed {
    status: String,
    detail: String,
}

impl Predicate {
    fn said(self) -> Said {
        let (verb, subject, reason) = if let Some(decision) = self.decision {
            let release = format!("{}@{}/{}", self.release.name, self.release.version, self.environment.name);
            (decision, release, self.reason)
        } else if let Some(records) = self.records {
            let first = records.first();
            let what = if records.len() == 1 { "finding" } else { "findings" };
            let status = first.map_or("nothing", |r| r.status.as_str());
            let subject = format!("{} {what} as {status}", records.len());
            ("dismiss".to_owned(), subject, records.into_iter().next().map(|r| r.detail))
        } else if let Some(to) = self.to {
            let verb = if self.revokes.is_some() { "revoke" } else { "delegate" };
            (verb.to_owned(), format!("{} to {to}", self.roles.unwrap_or_default().join(", ")), self.reason)
        } else {
            ("unknown".to_owned(), "(a document of another kind)".to_owned(), self.reason)
        };
        let reason: String = reason.unwrap_or_default().chars().take(REASON).collect();
        let break_glass = self.break_glass.is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)));
        Said {
            verb: verb.into(),
            subject: subject.into(),
            by: self.approver.principal.into(),
            reason: reason.into(),
            break_glass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(predicate: &Value) -> Said {
        let statement = serde_json::json!({ "predicate": predicate });
        let payload = STANDARD.encode(statement.to_string());
        Said::of(serde_json::json!({ "payload": payload }).to_string().as_bytes())
    }

    #[test]
    fn each_kind_of_document_has_its_line() {
        let of = |value: &Value| {
            let said = said(value);
            format!("{} {} by {}", said.verb.raw(), said.subject.raw(), said.by.raw())
        };
        let by = serde_json::json!({ "principal": "ana" });
        let decision = serde_json::json!({
            "decision": "approve", "release": { "name": "pay", "version": "1" }, "environment": { "name": "prod" },
            "approver": by, "reason": "r".repeat(900),
        });
        assert_eq!(of(&decision), "approve pay@1/prod by ana");
        assert_eq!(said(&decision).reason.raw().len(), REASON, "a line keeps the beginning");
        let triage = serde_json::json!({ "records": [{ "status": "accepted" }, {}], "approver": by });
        assert_eq!(of(&triage), "dismiss 2 findings as accepted by ana");
        let delegation = serde_json::json!({ "to": "bo", "roles": ["qa", "ops"], "approver": by });
        assert_eq!(of(&delegation), "delegate qa, ops to bo by ana");
    }

    #[test]
    fn what_cannot_be_read_is_a_line_too() {
        for bad in [&b"{}"[..], b"", b"{\"payload\":\"%\"}", b"{\"payload\":\"e30=\"}"] {
            assert_eq!(Said::of(bad).verb.raw(), "unreadable");
        }
        assert_eq!(said(&serde_json::json!({ "decision": 7 })).verb.raw(), "unreadable");
        assert!(said(&serde_json::json!({ "breakGlass": true })).break_glass);
        assert!(!said(&serde_json::json!({ "breakGlass": false })).break_glass);
    }
}
