//! A finding in the making: what all formats fill in the same way.

use crate::domain::finding::{Class, Finding, FindingSource, Location, Package};
use crate::domain::ids::Fingerprint;
use crate::domain::severity::Severity;
use crate::domain::{canonical, dedup};
use crate::text::Untrusted;

use super::{Input, words};

/// The longest title that is made from a longer text, in characters.
const TITLE: usize = 160;
/// The most bytes of one text that a finding holds. A screen shows no more of it, and a hostile report may have megabytes.
const TEXT: usize = 64 << 10;

/// A finding in the making; see [`Finding`] for the fields.
#[derive(Debug)]
pub(super) struct Draft {
    pub class: Class,
    pub severity: Severity,
    pub rule: String,
    pub title: String,
    pub detail: String,
    pub path: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub logical: Option<String>,
    pub snippet: Option<String>,
    pub vulnerabilities: Vec<String>,
    pub cwe: Vec<u32>,
    pub package: Option<Package>,
    pub confidence: Option<String>,
    pub url: Option<String>,
    pub suppressed: Option<String>,
    pub native_id: Option<String>,
}

impl Draft {
    /// A finding of which nothing is known but its class.
    pub(super) fn new(class: Class) -> Self {
        Self {
            class,
            severity: Severity::Unknown,
            rule: String::new(),
            title: String::new(),
            detail: String::new(),
            path: None,
            line: None,
            column: None,
            logical: None,
            snippet: None,
            vulnerabilities: Vec::new(),
            cwe: Vec::new(),
            package: None,
            confidence: None,
            url: None,
            suppressed: None,
            native_id: None,
        }
    }

    /// The finding: text of secrets masked, lists sorted, the title one short line, the keys made.
    pub(super) fn finish(self, input: &Input<'_>, tool: &str, tool_version: Option<&str>) -> Finding {
        let some = |text: Option<String>| text.filter(|t| !t.trim().is_empty()).map(|t| Untrusted::new(within(t)));
        let mut vulnerabilities = self.vulnerabilities;
        vulnerabilities.sort();
        vulnerabilities.dedup();
        let mut cwe = self.cwe;
        cwe.sort_unstable();
        cwe.dedup();
        let snippet = match self.class {
            Class::Secret => self.snippet.map(|s| words::masked(&s)),
            _ => self.snippet,
        };
        let title = [&self.title, &self.detail, &self.rule].into_iter().find(|t| !t.trim().is_empty());
        let path = match self.class {
            Class::Container => self.path,
            _ => self.path.map(|p| dedup::normalise_path(&p)),
        };
        let mut finding = Finding {
            fingerprint: Fingerprint::new(""),
            class: self.class,
            severity: self.severity,
            rule: self.rule.as_str().into(),
            title: one_line(title.map_or("", String::as_str)).into(),
            detail: within(self.detail.trim_end().to_owned()).into(),
            location: Location {
                path: some(path),
                line: self.line.filter(|n| *n > 0),
                column: self.column.filter(|n| *n > 0),
                logical: some(self.logical),
            },
            snippet: some(snippet),
            vulnerabilities: vulnerabilities.into_iter().map(Into::into).collect(),
            cwe,
            package: self.package.map(Box::new),
            confidence: some(self.confidence.map(|c| c.to_lowercase())),
            url: some(self.url),
            suppressed: self.suppressed.map(|t| within(t).into()),
            keys: Vec::new(),
            sources: vec![FindingSource {
                tool: tool.into(),
                tool_version: tool_version.map(Into::into),
                report: input.name.into(),
                native_id: some(self.native_id),
            }],
        };
        finding.keys = dedup::keys_of(&finding);
        finding
    }
}

/// A text of a bounded length. What is longer keeps its beginning, and the digest of the whole, so that it stays told
/// apart from any other; the report itself has all of it.
fn within(text: String) -> String {
    if text.len() <= TEXT {
        return text;
    }
    let end = (0..=TEXT).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let (kept, left) = text.split_at_checked(end).unwrap_or((&text, ""));
    format!("{kept}\n[{} more bytes; the whole text is {}]", left.len(), canonical::sha256(text.as_bytes()))
}

/// The first line of a text; a long one is cut at a word.
fn one_line(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or_default().trim_end();
    if first.chars().count() <= TITLE {
        return first.to_owned();
    }
    let cut: String = first.chars().take(TITLE).collect();
    let at_word = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{at_word} ...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character_and_stay_told_apart() {
        let long = format!("a{}", "ä".repeat(TEXT));
        let other = format!("{long}!");
        let (cut, too) = (within(long.clone()), within(other));
        assert!(cut.len() < TEXT + 200 && cut.starts_with(long.get(..TEXT - 1).unwrap()));
        assert!(cut.contains(&format!("[{} more bytes", long.len() - TEXT + 1)), "{cut:?}");
        assert_ne!(cut, too);
        assert_eq!(within("ä".repeat(TEXT / 2)), "ä".repeat(TEXT / 2));
    }
}
