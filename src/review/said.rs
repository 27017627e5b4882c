//! What a signed document says of itself, in a line, nothing of it verified: for lists, also of what does not count.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::records::ApproversBody;
use crate::ledger::{Entry, EntryKind};
use crate::text::Untrusted;

/// The most characters of a reason that a line keeps: there may be a hundred thousand lines.
pub const REASON: usize = 200;

/// What a document says of itself, as far as a line has room.
#[derive(Debug, Default, Clone)]
pub struct Said {
    /// `approve`, `dismiss`, `delegate`, `roles`.
    pub verb: Untrusted,
    /// The release, or what else it is about.
    pub subject: Untrusted,
    /// Who signed.
    pub by: Untrusted,
    /// Why; long ones are cut.
    pub reason: Untrusted,
    /// The earlier decision that it takes back or reviews.
    pub earlier: Untrusted,
    /// Whether it was made in an emergency.
    pub break_glass: bool,
}

#[derive(Deserialize)]
struct Enveloped<'a> {
    #[serde(borrow)]
    payload: std::borrow::Cow<'a, str>,
}

/// The payload of an envelope.
pub fn payload(envelope: &[u8]) -> Option<Vec<u8>> {
    let enveloped: Enveloped<'_> = serde_json::from_slice(envelope).ok()?;
    STANDARD.decode(enveloped.payload.as_ref()).ok()
}

impl Said {
    /// What an envelope says.
    pub fn of(envelope: &[u8]) -> Self {
        let statement = payload(envelope).and_then(|bytes| serde_json::from_slice::<Statement>(&bytes).ok());
        statement.map_or_else(
            || Self { verb: "unreadable".into(), subject: "(the document cannot be read)".into(), ..Self::default() },
            |s| s.predicate.said(),
        )
    }

    /// What an approvers file is.
    pub fn of_approvers(body: &[u8]) -> Self {
        let subject = match serde_json::from_slice::<ApproversBody>(body) {
            Ok(body) => format!("the approvers file, {} lines", body.text.lines().count()),
            Err(_) => "(the entry cannot be read)".to_owned(),
        };
        Self { verb: "roles".into(), subject: subject.into(), ..Self::default() }
    }

    /// All of it but the reason. Not safe to display.
    pub fn words(&self) -> String {
        let alone = if self.break_glass { "BREAK-GLASS " } else { "" };
        let earlier = if self.earlier.is_empty() { String::new() } else { format!(" ({})", self.earlier.raw()) };
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by.raw()) };
        format!("{alone}{}{earlier} {}{by}", self.verb.raw(), self.subject.raw())
    }
}

/// What an entry says, in a line. Not safe to display.
pub fn entry(entry: &Entry) -> String {
    let body: Value = serde_json::from_slice(&entry.draft.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    match entry.draft.kind {
        EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => Said::of(&entry.draft.body).words(),
        EntryKind::Approvers => Said::of_approvers(&entry.draft.body).words(),
        EntryKind::Intent => {
            format!("{} {} is about to be sent", text("verb"), entry.draft.gate.as_deref().unwrap_or_default())
        }
        EntryKind::Receipt => format!("{}: {}", text("status"), text("detail")),
        EntryKind::Stamp => format!("a time stamp over {}", text("envelope")),
        EntryKind::Push => format!("{} at {}: {}", text("outcome"), text("to"), text("what")),
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
    supersedes: Option<String>,
    reviews: Option<String>,
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
        let mut earlier = None;
        let (verb, subject, reason) = if let Some(decision) = self.decision {
            earlier = self.supersedes.or(self.reviews);
            let release = format!("{}@{}/{}", self.release.name, self.release.version, self.environment.name);
            (decision, release, self.reason)
        } else if let Some(records) = self.records {
            let first = records.first();
            let what = if records.len() == 1 { "finding" } else { "findings" };
            let status = first.map_or("nothing", |r| r.status.as_str());
            let subject = format!("{} {what} as {status}", records.len());
            ("dismiss".to_owned(), subject, records.into_iter().next().map(|r| r.detail))
        } else if let Some(to) = self.to {
            if let Some(id) = self.revokes {
                ("revoke".to_owned(), format!("the delegation {id} to {to}"), self.reason)
            } else {
                let roles = self.roles.unwrap_or_default().join(", ");
                ("delegate".to_owned(), format!("{roles} to {to}"), self.reason)
            }
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
            earlier: earlier.unwrap_or_default().into(),
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
        let of = |value: &Value| said(value).words();
        let by = serde_json::json!({ "principal": "ana" });
        let mut decision = serde_json::json!({
            "decision": "approve", "release": { "name": "pay", "version": "1" }, "environment": { "name": "prod" },
            "approver": by, "reason": "r".repeat(900),
        });
        assert_eq!(of(&decision), "approve pay@1/prod by ana");
        assert_eq!(said(&decision).reason.raw().len(), REASON, "a line keeps the beginning");
        decision["breakGlass"] = true.into();
        decision["reviews"] = "D1".into();
        assert_eq!(of(&decision), "BREAK-GLASS approve (D1) pay@1/prod by ana");
        let triage = serde_json::json!({ "records": [{ "status": "accepted" }, {}], "approver": by });
        assert_eq!(of(&triage), "dismiss 2 findings as accepted by ana");
        let delegation = serde_json::json!({ "to": "bo", "roles": ["qa", "ops"], "approver": by });
        assert_eq!(of(&delegation), "delegate qa, ops to bo by ana");
        let back = serde_json::json!({ "to": "bo", "roles": [], "revokes": "01JX7", "approver": by });
        assert_eq!(of(&back), "revoke the delegation 01JX7 to bo by ana");
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
