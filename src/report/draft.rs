//! A finding in the making: what all formats fill in the same way.

use std::cell::RefMut;

use crate::domain::dedup;
use crate::domain::finding::{Class, Finding, FindingSource, Location, Package};
use crate::domain::ids::Fingerprint;
use crate::domain::severity::Severity;
use crate::text::{Pool, Untrusted};

use super::lax::{LONGEST, within};
use super::{Input, words};

/// The longest title that is made from a longer text, in characters.
const TITLE: usize = 160;

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
        let mut texts = Texts(input.pool.borrow_mut());
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
            fingerprint: Fingerprint::default(),
            class: self.class,
            severity: self.severity,
            rule: texts.one(&self.rule),
            title: texts.one(&one_line(title.map_or("", String::as_str))),
            detail: texts.one(self.detail.trim_end()),
            location: Location {
                path: texts.some(path),
                line: self.line.filter(|n| *n > 0),
                column: self.column.filter(|n| *n > 0),
                logical: texts.some(self.logical),
            },
            snippet: texts.some(snippet),
            vulnerabilities: vulnerabilities.into_iter().map(Into::into).collect(),
            cwe,
            package: self.package.map(Box::new),
            confidence: texts.some(self.confidence.map(|c| c.to_lowercase())),
            url: texts.some(self.url),
            suppressed: self.suppressed.map(|t| texts.one(&t)),
            keys: Vec::new(),
            sources: vec![FindingSource {
                tool: texts.one(tool),
                tool_version: tool_version.map(|v| texts.one(v)),
                report: texts.one(input.name),
                native_id: texts.some(self.native_id),
            }],
        };
        finding.keys = dedup::keys_of(&finding);
        finding
    }
}

/// Texts of bounded length, each held once in a report.
struct Texts<'a>(RefMut<'a, Pool>);

impl Texts<'_> {
    fn one(&mut self, text: &str) -> Untrusted {
        self.0.text(&within(text, LONGEST))
    }

    /// The text, if there is any that is not blank.
    fn some(&mut self, text: Option<String>) -> Option<Untrusted> {
        text.filter(|t| !t.trim().is_empty()).map(|t| self.one(&t))
    }
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
