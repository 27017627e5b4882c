//! How bad a SARIF result is.

use super::package;
use crate::report::prelude::*;

/// The tool's own word, in a field, in the message or in a tag; else the score that it gives, else the level; a level that is not given is the rule's, else
/// `warning`. A result that a person must look at (`open`, `review`) has no level and is not harmless for that.
pub(super) fn of(result: &Node<'_>, kind: &str, rule: &Node<'_>, message: &str) -> Severity {
    let (own, general) = (result.get("properties"), rule.get("properties"));
    let words = [own, general].into_iter().flat_map(|p| [p.get("issue_severity"), p.get("severity")]);
    let tagged = || own.get("tags").texts().chain(general.get("tags").texts()).find_map(package::rated);
    let said = words.filter_map(Node::text).find_map(words::severity);
    if let Some(severity) = said.or_else(|| package::severity(message)).or_else(tagged) {
        return severity;
    }
    let scores = [own, general].into_iter().filter_map(|p| p.get("security-severity").score());
    if let Some(severity) = scores.map(Severity::from_score).find(|s| *s != Severity::Unknown) {
        return severity;
    }
    let level = result.get("level").text();
    match level.or(rule.get("defaultConfiguration").get("level").text()).unwrap_or("warning") {
        _ if !kind.eq_ignore_ascii_case("fail") && matches!(level, None | Some("none")) => Severity::Unknown,
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Info,
        _ => Severity::Unknown,
    }
}
