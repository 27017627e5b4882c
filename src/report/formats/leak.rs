//! What the finders of leaked secrets have in common. None of them rates what it finds, but many try whether it works.

use crate::domain::dedup;
use crate::report::prelude::*;

/// Where the severity comes from.
pub(super) const SEVERITY: &str =
    "the tool rates nothing: critical where it saw that the secret works, else high, as every leaked secret";

/// A leaked secret, and whether the tool saw that it works.
pub(super) fn draft(rule: &str, works: bool) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    rule.clone_into(&mut draft.rule);
    draft.severity = if works { Severity::Critical } else { Severity::High };
    draft
}

/// Takes the secret as what is quoted at the place. One that the tool has blotted out tells nothing from anything.
pub(super) fn quote(draft: &mut Draft, secret: Option<&str>) {
    let blotted = |s: &str| s.eq_ignore_ascii_case("redacted") || s.chars().all(|c| matches!(c, '*' | 'X' | 'x' | '.'));
    draft.secret = secret.map(str::trim).filter(|s| !s.is_empty() && !blotted(s)).map(str::to_owned);
    draft.snippet.clone_from(&draft.secret);
}

/// Takes the tool's id of a secret, which is the same wherever the secret lies, together with the path.
pub(super) fn identify(draft: &mut Draft, id: Option<&str>) {
    let path = dedup::normalise_path(draft.path.as_deref().unwrap_or_default()).into_owned();
    draft.native_id = id.map(|id| format!("{id}:{path}"));
}

/// Says in which commit it is.
pub(super) fn commit(draft: &mut Draft, commit: Option<&str>, author: Option<&str>, date: Option<&str>) {
    let Some(commit) = commit else { return };
    let by = author.map(|a| format!(" by {a}")).unwrap_or_default();
    let on = date.map(|d| format!(", {d}")).unwrap_or_default();
    draft.say("Commit", Some(&format!("{commit}{by}{on}")));
}

/// The first record of a document: the first element of a list, or the first of several documents.
pub(super) fn first<'n, 't>(shape: &'n Shape<'t>) -> &'n Node<'t> {
    let node = shape.line();
    if node.is_list() { node.at("0") } else { node }
}

/// All records of a document: elements of a list or of several, or documents one after another.
pub(super) fn records<'t>(input: &Input<'t>) -> Result<Vec<Node<'t>>, Unreadable> {
    let mut records = Vec::new();
    for document in Node::parse_all(input.text)? {
        match document {
            Node::List(items) => records.extend(items),
            other => records.push(other),
        }
    }
    match records.iter().position(|r| !r.is_object()) {
        Some(index) => {
            let kind = records.get(index).map_or("missing", Node::kind);
            Err(Unreadable(format!("Record {} has to be an object, and is {kind}.", index + 1)))
        }
        None => Ok(records),
    }
}
