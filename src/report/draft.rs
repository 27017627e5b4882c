//! A finding in the making: what all formats fill in the same way.

use std::borrow::Cow;

use crate::domain::dedup::{self, Held};
use crate::domain::finding::{Class, Finding, FindingSource, Location, Package, Scores};
use crate::domain::ids::Fingerprint;
use crate::domain::severity::Severity;
use crate::text::{Pool, Untrusted};

use super::cvss::Cvss;
use super::limits::{LONGEST, MOST_FIXED, MOST_IDS, within};
use super::{Input, limits, purl, words};

/// The longest title that is made from a longer text, in characters.
const TITLE: usize = 160;
/// The most other places of a finding that are kept.
const MOST_PLACES: usize = 100;
/// The room that is kept for saying how much more there is.
const UNSAID: usize = 64;

/// A finding in the making; see [`Finding`] for the fields.
#[derive(Debug)]
pub(super) struct Draft {
    pub class: Class,
    pub severity: Severity,
    pub rule: String,
    pub title: String,
    pub detail: String,
    /// How many bytes more were said than the detail has room for.
    unsaid: usize,
    pub path: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub logical: Option<String>,
    /// Other places where it is.
    pub also: Vec<Location>,
    pub snippet: Option<String>,
    pub context: Option<String>,
    /// The leaked secret itself, where the report has it: it is covered wherever else it stands.
    pub secret: Option<String>,
    pub vulnerabilities: Vec<String>,
    pub cwe: Vec<u32>,
    pub package: Option<Package>,
    pub confidence: Option<String>,
    pub url: Option<String>,
    pub suppressed: Option<String>,
    pub native_id: Option<String>,
    /// An id of the tool's that names the result only together with its rule, path and code.
    pub near_id: Option<String>,
    pub cvss: Cvss,
    pub epss: Option<f64>,
    pub exploited: bool,
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
            unsaid: 0,
            path: None,
            line: None,
            column: None,
            logical: None,
            also: Vec::new(),
            snippet: None,
            context: None,
            secret: None,
            vulnerabilities: Vec::new(),
            cwe: Vec::new(),
            package: None,
            confidence: None,
            url: None,
            suppressed: None,
            native_id: None,
            near_id: None,
            cvss: Cvss::default(),
            epss: None,
            exploited: false,
        }
    }

    /// How many bytes of text are in it, about.
    pub(super) fn size(&self) -> usize {
        let long = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.title.len() + self.detail.len() + long(&self.snippet) + long(&self.context) + long(&self.logical)
    }

    /// Takes one more place; of many only the first are kept.
    pub(super) fn also_at(
        &mut self,
        path: Option<&str>,
        line: Option<u32>,
        column: Option<u32>,
        logical: Option<&str>,
    ) {
        let given =
            |text: Option<&str>| text.map(str::trim).filter(|t| !t.is_empty()).map(|t| within(t, LONGEST).into_owned());
        let (path, logical) = (given(path), given(logical));
        if self.also.len() >= MOST_PLACES || (path.is_none() && logical.is_none()) {
            return;
        }
        let path =
            path.map(|p| if self.class == Class::Container { p } else { dedup::normalise_path(&p).into_owned() });
        let number = |n: Option<u32>| n.filter(|n| *n > 0);
        let logical = logical.map(Untrusted::from);
        self.also.push(Location { path: path.map(Into::into), line: number(line), column: number(column), logical });
    }

    /// Takes the severity in the tool's own word, if it is one that means a severity everywhere.
    pub(super) fn rated(&mut self, word: Option<&str>) {
        self.severity = word.and_then(words::severity).unwrap_or(Severity::Unknown);
    }

    /// Takes a package, where it has a name. The versions in which it is mended may be listed with commas.
    pub(super) fn in_package(
        &mut self,
        name: Option<&str>,
        version: Option<&str>,
        purl: Option<&str>,
        fixed: Option<&str>,
    ) {
        let Some(name) = name.or(purl).map(str::trim).filter(|n| !n.is_empty()) else { return };
        let given = |t: Option<&str>| t.map(str::trim).filter(|t| !t.is_empty()).map(Untrusted::from);
        self.package = Some(Package {
            name: name.into(),
            version: given(version),
            purl: given(purl),
            fixed: fixed
                .unwrap_or_default()
                .split([',', '|'])
                .map(str::trim)
                .filter(|f| !f.is_empty())
                .map(Into::into)
                .collect(),
        });
    }

    /// Takes a package of an ecosystem, with a package URL if the ecosystem's names are known.
    pub(super) fn in_ecosystem(&mut self, ecosystem: &str, name: &str, version: Option<&str>, fixed: &[&str]) {
        let purl = purl::of(ecosystem, name, version);
        self.in_package(Some(name), version, purl.as_deref(), None);
        if let Some(package) = &mut self.package {
            // Each may be a range, with commas of its own.
            package.fixed = fixed.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).map(Into::into).collect();
        }
    }

    /// Makes room in the detail for what will be said, with headings.
    pub(super) fn room_for<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        self.detail.reserve(texts.map(|t| t.len() + 16).sum::<usize>().min(LONGEST));
    }

    /// Adds a paragraph to the detail, below a heading unless that is empty. Blank text adds nothing. What there is no room
    /// for is counted, not copied: a report may say one long text of each of ten thousand findings.
    pub(super) fn say(&mut self, heading: &str, text: Option<&str>) {
        let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return };
        if self.unsaid > 0 {
            self.unsaid = self.unsaid.saturating_add(text.len());
            return;
        }
        if !self.detail.is_empty() {
            self.detail.push_str("\n\n");
        }
        if !heading.is_empty() {
            self.detail.push_str(heading);
            self.detail.push_str(": ");
        }
        let room = LONGEST.saturating_sub(self.detail.len() + UNSAID);
        let (kept, left) = if text.len() <= room { (text, "") } else { limits::split(text, room) };
        self.detail.push_str(kept);
        self.unsaid = left.len();
    }

    /// The finding: text of secrets masked, lists sorted, the title one short line, the keys made.
    pub(super) fn finish(self, input: &Input<'_>, tool: &str, tool_version: Option<&str>) -> Held {
        self.finished(&mut input.pool.borrow_mut(), &source(input.name, tool, tool_version))
    }

    /// As [`finish`](Self::finish), with the texts that the findings of a report share, and who found it.
    pub(super) fn finished(self, pool: &mut Pool, source: &FindingSource) -> Held {
        let mut texts = Texts(pool);
        let secret = self.secret.as_deref().map(str::trim).filter(|s| s.chars().count() >= 4);
        let without = |text: String| match secret {
            Some(secret) if text.contains(secret) => text.replace(secret, &words::covered(secret)),
            _ => text,
        };
        let (title, mut detail) = (without(self.title), without(self.detail));
        if self.unsaid > 0 {
            detail.push_str(&format!("\n[{} more bytes stand in the report]", self.unsaid));
        }
        let vulnerabilities = some_of(self.vulnerabilities);
        let cwe = some_of(self.cwe);
        let mut package = self.package;
        if let Some(package) = &mut package {
            package.fixed.truncate(MOST_FIXED);
        }
        let shown = |text: Option<String>| match self.class {
            Class::Secret => text.map(|s| words::masked(&without(s))),
            _ => text,
        };
        // Masked, a secret looks like the one that takes its place, and a dismissal would carry over to that.
        let bare = self.secret.as_ref().or(self.snippet.as_ref()).filter(|_| self.class == Class::Secret).cloned();
        let (snippet, context) = (shown(self.snippet), shown(self.context));
        let severity = match self.severity {
            Severity::Unknown => self.cvss.severity().unwrap_or(Severity::Unknown),
            said => said,
        };
        let scores = Scores {
            cvss: self.cvss.score.map(|s| texts.one(&format!("{s:.1}"))),
            vector: self.cvss.vector.map(|v| texts.one(&v)),
            epss: self.epss.filter(|e| (0.0..=1.0).contains(e)).map(|e| texts.one(&format!("{e:.5}"))),
            exploited: self.exploited,
        };
        let title = [&title, &detail, &self.rule].into_iter().find(|t| !t.trim().is_empty());
        let title = one_line(title.map_or("", String::as_str));
        // What has no rule of its own is told apart by what it says.
        let rule = if self.rule.trim().is_empty() { title.as_ref() } else { self.rule.as_str() };
        let path = match (self.path.as_deref(), self.class) {
            (Some(path), Class::Container) => Some(Cow::Borrowed(path)),
            (path, _) => path.map(dedup::normalise_path),
        };
        let mut held = |text: Option<Untrusted>| text.map(|t| texts.one(t.raw()));
        let mut also: Vec<Location> = self.also;
        for place in &mut also {
            (place.path, place.logical) = (held(place.path.take()), held(place.logical.take()));
        }
        let mut finding = Held::new(Finding {
            fingerprint: Fingerprint::default(),
            class: self.class,
            severity,
            rule: texts.one(rule.trim()),
            title: texts.one(&title),
            detail: texts.one(detail.trim_end()),
            location: Location {
                path: texts.some(path.as_deref()),
                line: self.line.filter(|n| *n > 0),
                column: self.column.filter(|n| *n > 0),
                logical: texts.some(self.logical.as_deref()),
            },
            snippet: texts.some(snippet.as_deref()),
            context: texts.some(context.as_deref()),
            vulnerabilities: vulnerabilities.iter().map(|id| texts.one(id)).collect(),
            cwe,
            package: package.map(Box::new),
            confidence: texts.some(self.confidence.map(|c| c.to_lowercase()).as_deref()),
            url: texts.some(self.url.as_deref()),
            suppressed: self.suppressed.map(|t| texts.one(&t)),
            scores: (scores != Scores::default()).then(|| Box::new(scores)),
            also,
            joined: None,
            keys: Vec::new(),
            sources: vec![FindingSource { native_id: texts.some(self.native_id.as_deref()), ..source.clone() }],
        });
        let own = &finding.location;
        finding.also.retain(|place| place != own);
        finding.also.sort();
        finding.also.dedup();
        let near = self.near_id.map(|near| {
            let path = finding.location.path.as_ref().map_or("", Untrusted::raw);
            let code = finding.snippet.as_ref().map(|s| dedup::normalise_snippet(s.raw())).unwrap_or_default();
            dedup::tool_key(source.tool.raw(), &[finding.rule.raw(), path, &code, &near].join("\u{0}"))
        });
        finding.keys = match bare {
            Some(bare) => {
                let shown = finding.snippet.take();
                let marked = format!("{} {}", shown.as_ref().map_or("", Untrusted::raw), words::mark(&bare));
                finding.snippet = Some(marked.into());
                let keys = dedup::keys_of_after(near, &finding);
                finding.snippet = shown;
                keys
            }
            None => dedup::keys_of_after(near, &finding),
        };
        finding
    }
}

/// Who found what, without the tool's own id of it.
pub(super) fn source(report: &str, tool: &str, tool_version: Option<&str>) -> FindingSource {
    let text = |text: &str| Untrusted::from(within(text, LONGEST).as_ref());
    FindingSource { tool: text(tool), tool_version: tool_version.map(text), report: text(report), native_id: None }
}

/// Texts of bounded length, each held once in a report.
struct Texts<'a>(&'a mut Pool);

impl Texts<'_> {
    fn one(&mut self, text: &str) -> Untrusted {
        self.0.text(&within(text, LONGEST))
    }

    /// The text, if there is any that is not blank.
    fn some(&mut self, text: Option<&str>) -> Option<Untrusted> {
        text.filter(|t| !t.trim().is_empty()).map(|t| self.one(t))
    }
}

/// What a list has, each once and in order; of too many the first.
fn some_of<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list.truncate(MOST_IDS);
    list
}

/// The first line of a text; a long one is cut at a word.
fn one_line(text: &str) -> Cow<'_, str> {
    let first = text.trim().lines().next().unwrap_or_default().trim_end();
    let Some((end, _)) = first.char_indices().nth(TITLE) else { return Cow::Borrowed(first) };
    let cut = first.get(..end).unwrap_or(first);
    let at_word = cut.rsplit_once(' ').map_or(cut, |(head, _)| head);
    Cow::Owned(format!("{at_word} ..."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_thousands_is_bounded() {
        let long = "ä".repeat(1 << 20);
        let mut draft = Draft::new(Class::Sca);
        draft.say("", Some("First."));
        draft.say("Text", Some(&long));
        draft.say("Text", Some(&long));
        assert!(draft.detail.len() <= LONGEST && draft.detail.starts_with("First.\n\nText: ä"));
        draft.vulnerabilities = (0..3000).map(|n| format!("CVE-2024-{n}")).collect();
        draft.cwe = (1..3000).collect();
        draft.in_package(Some("p"), None, None, Some(&"1,".repeat(3000)));
        let finding = draft.finished(&mut Pool::default(), &source("r", "t", None));
        assert_eq!((finding.vulnerabilities.len(), finding.cwe.len()), (MOST_IDS, MOST_IDS));
        assert_eq!(finding.package.unwrap().fixed.len(), MOST_FIXED);
        let detail = finding.detail.raw();
        assert!(detail.len() <= LONGEST && detail.ends_with(" more bytes stand in the report]"), "{}", detail.len());
    }
}
