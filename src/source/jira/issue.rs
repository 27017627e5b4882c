//! One issue as Jira sends it, read leniently: what is missing or odd is left out and said.

use serde_json::Value;
use url::Url;

use super::keys::is_key;
use super::{FoundBy, StatusCategory, Ticket};
use crate::text::Untrusted;

/// The ticket of an issue, and whether something in it was odd: no key, summary or status, or one of another form.
pub(super) fn read(issue: &Value, base: &Url, found: FoundBy) -> (Ticket, bool) {
    let fields = issue.get("fields").unwrap_or(&Value::Null);
    let text = |pointer: &str| fields.pointer(pointer).and_then(Value::as_str).map(Untrusted::from);
    let key = issue.get("key").and_then(Value::as_str).unwrap_or_default();
    let (summary, status) = (text("/summary"), text("/status/name"));
    let category = match fields.pointer("/status/statusCategory/key").and_then(Value::as_str) {
        Some("new") => Some(StatusCategory::ToDo),
        Some("indeterminate") => Some(StatusCategory::InProgress),
        Some("done") => Some(StatusCategory::Done),
        // Jira's own word for a status without a category.
        Some("undefined") => Some(StatusCategory::Unknown),
        _ => None,
    };
    let odd = !is_key(key) || summary.is_none() || status.is_none() || category.is_none();
    let versions = fields.get("fixVersions").and_then(Value::as_array).into_iter().flatten();
    let ticket = Ticket {
        key: key.into(),
        summary: summary.unwrap_or_else(|| "(no summary)".into()),
        status: status.unwrap_or_else(|| "unknown".into()),
        category: if odd { StatusCategory::Unknown } else { category.unwrap_or(StatusCategory::Unknown) },
        kind: text("/issuetype/name"),
        priority: text("/priority/name"),
        assignee: text("/assignee/displayName").or_else(|| text("/assignee/name")),
        resolution: text("/resolution/name"),
        fix_versions: versions.filter_map(|v| v.get("name")?.as_str()).map(Untrusted::from).collect(),
        url: address(key, base),
        found_by: vec![found],
    };
    (ticket, odd)
}

/// A ticket that a commit message names and Jira does not have, or does not show us.
pub(super) fn not_found(key: &str, base: &Url) -> Ticket {
    bare(key, base, "This ticket was not found in Jira, or the account may not see it.", "not found")
}

/// A ticket that could not be read.
pub(super) fn unread(key: &str, base: &Url) -> Ticket {
    bare(key, base, "This ticket could not be read.", "unknown")
}

fn bare(key: &str, base: &Url, summary: &str, status: &str) -> Ticket {
    Ticket {
        key: key.into(),
        summary: summary.into(),
        status: status.into(),
        category: StatusCategory::Unknown,
        kind: None,
        priority: None,
        assignee: None,
        resolution: None,
        fix_versions: Vec::new(),
        url: address(key, base),
        found_by: vec![FoundBy::CommitMessage],
    }
}

fn address(key: &str, base: &Url) -> Option<Untrusted> {
    if !is_key(key) {
        return None;
    }
    base.join(&format!("browse/{key}")).ok().map(|u| u.to_string().into())
}
