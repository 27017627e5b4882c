//! The fields and flags of the language of findings: one table, from which reading, completion, errors and the docs are
//! made.

use std::collections::BTreeSet;

use super::Order;
use super::number::Number;
use super::search::Needle;
use crate::domain::finding::{Class, Finding, Rung};
use crate::domain::severity::Severity;
use crate::domain::triage::{Novelty, Status, Triaged};
use crate::text::Untrusted;

/// A field: something of a finding that a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Advice,
    By,
    Class,
    Component,
    Confidence,
    Cvss,
    Cwe,
    Detail,
    Epss,
    Fingerprint,
    Fixed,
    Id,
    Joined,
    Line,
    Native,
    Novelty,
    Path,
    Place,
    Purl,
    Reason,
    Report,
    Rule,
    Severity,
    Snippet,
    Sources,
    Status,
    Suppressed,
    Text,
    Title,
    Tool,
    Url,
    Version,
}

/// What may stand after a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of its text.
    Text,
    /// A number, which may be compared.
    Number,
    /// A number that is equal.
    Cwe,
    /// A severity, which may be compared.
    Severity,
    /// One of some words.
    Word,
}

/// One line of the table.
pub(super) struct Spec {
    pub field: Field,
    /// Its names, the one that is shown first.
    pub names: &'static [&'static str],
    pub kind: Kind,
    /// What it is, for the docs.
    pub doc: &'static str,
}

const fn spec(field: Field, names: &'static [&'static str], kind: Kind, doc: &'static str) -> Spec {
    Spec { field, names, kind, doc }
}

/// The fields.
pub(super) const SPECS: [Spec; 32] = [
    spec(Field::Severity, &["sev", "severity"], Kind::Severity, "how bad; unknown counts as high where it is compared"),
    spec(Field::Status, &["status", "as"], Kind::Word, "what is said of it in the ledger"),
    spec(Field::Novelty, &["novelty"], Kind::Word, "how it stands against the last approved release"),
    spec(Field::Class, &["class"], Kind::Word, "what kind of thing it is"),
    spec(Field::Rule, &["rule"], Kind::Text, "the tool's id of the rule"),
    spec(Field::Title, &["title"], Kind::Text, "its short name"),
    spec(Field::Text, &["text"], Kind::Text, "title, rule, path, package, ids or detail, as a word without a field"),
    spec(Field::Detail, &["detail"], Kind::Text, "what the tool says of it"),
    spec(Field::Snippet, &["snippet", "code"], Kind::Text, "the code or HTTP exchange that the tool quotes"),
    spec(Field::Id, &["id", "cve"], Kind::Text, "a vulnerability's id or one of its aliases: CVE, GHSA, RUSTSEC, ..."),
    spec(Field::Cwe, &["cwe"], Kind::Cwe, "the number of a weakness: `cwe:79`"),
    spec(Field::Cvss, &["cvss"], Kind::Number, "the CVSS score, 0 to 10"),
    spec(Field::Epss, &["epss"], Kind::Number, "the EPSS probability, 0 to 1 or in percent: `epss>=10%`"),
    spec(Field::Path, &["path", "file"], Kind::Text, "its file, URL or image"),
    spec(Field::Place, &["place", "at"], Kind::Text, "any of its places, with the line: `place:pay.py:12`"),
    spec(Field::Line, &["line"], Kind::Number, "the line of its place"),
    spec(Field::Component, &["component", "package"], Kind::Text, "the name or package URL of the package it is in"),
    spec(Field::Version, &["version"], Kind::Text, "the version of that package"),
    spec(Field::Purl, &["purl"], Kind::Text, "its package URL"),
    spec(Field::Fixed, &["fix", "fixed"], Kind::Text, "a version in which it is mended"),
    spec(Field::Tool, &["tool"], Kind::Text, "a tool that reported it"),
    spec(Field::Sources, &["sources"], Kind::Number, "how many tools reported it"),
    spec(Field::Joined, &["joined", "rung"], Kind::Word, "by what the reports of several tools were found to be one"),
    spec(Field::Report, &["source", "report"], Kind::Text, "the report or the source that it came from"),
    spec(Field::Native, &["native"], Kind::Text, "the tool's own id of it"),
    spec(Field::Confidence, &["conf", "confidence"], Kind::Text, "how sure the tool is, in its own word"),
    spec(Field::Suppressed, &["suppression"], Kind::Text, "the words with which the tool suppresses it"),
    spec(Field::By, &["by"], Kind::Text, "who dismissed it, now or before"),
    spec(Field::Reason, &["reason"], Kind::Text, "why it was dismissed, in the approver's words"),
    spec(Field::Advice, &["justification"], Kind::Text, "the justification of its dismissal"),
    spec(Field::Url, &["url"], Kind::Text, "its link"),
    spec(Field::Fingerprint, &["fingerprint", "finding"], Kind::Text, "the beginning of its fingerprint"),
];

/// A flag: something that a finding is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Open,
    Dismissed,
    Lapsed,
    New,
    Known,
    Fixed,
    Unseen,
    Fixable,
    Exploited,
    Suppressed,
}

/// The flags: their words, the one that is shown first, and what they mean.
pub(super) const FLAGS: [(Flag, &[&str], &str); 10] = [
    (Flag::Open, &["open"], "no dismissal is in force"),
    (Flag::Dismissed, &["dismissed"], "a dismissal is in force"),
    (Flag::Lapsed, &["lapsed"], "it was dismissed before, and that does not hold by itself any more"),
    (Flag::New, &["new"], "the last approved release did not have it"),
    (Flag::Known, &["known", "unchanged"], "the last approved release had it too"),
    (Flag::Fixed, &["fixed"], "only the last approved release had it, and it was looked for again"),
    (Flag::Unseen, &["unseen"], "only the last approved release had it, and nobody looked for it again"),
    (Flag::Fixable, &["fixable"], "there is a version in which it is mended"),
    (Flag::Exploited, &["exploited", "kev"], "it is known to be exploited"),
    (Flag::Suppressed, &["suppressed"], "the tool or its report suppresses it; it stays open"),
];

/// What a status may be, beside those of a dismissal.
const OPEN: &str = "open";
const DISMISSED: &str = "dismissed";
const LAPSED: &str = "lapsed";

impl Spec {
    /// The sign between the field and its value where it is offered.
    pub(super) fn sign(&self) -> &'static str {
        if self.kind == Kind::Number { Order::AtLeast.sign() } else { Order::Equal.sign() }
    }
}

impl Field {
    /// The name that is shown.
    pub(super) fn word(self) -> &'static str {
        let spec = SPECS.iter().find(|s| s.field == self);
        spec.and_then(|s| s.names.first()).copied().unwrap_or_default()
    }

    /// By one of its names, in any case.
    pub(super) fn named(name: &str) -> Option<&'static Spec> {
        SPECS.iter().find(|s| s.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
    }

    /// The words that may stand after it, where only some may.
    pub(super) fn words(self) -> Vec<&'static str> {
        match self {
            Self::Severity => Severity::ALL.iter().map(|s| s.word()).collect(),
            Self::Class => Class::ALL.iter().map(|c| c.word()).collect(),
            Self::Status => [OPEN, DISMISSED, LAPSED].into_iter().chain(Status::ALL.map(Status::word)).collect(),
            Self::Novelty => NOVELTIES.iter().map(|n| n.word()).collect(),
            Self::Joined => RUNGS.iter().map(|(word, _)| *word).collect(),
            _ => Vec::new(),
        }
    }

    /// The words that are offered, though others may stand there too.
    pub(super) fn offers(self) -> Vec<&'static str> {
        match self {
            Self::Confidence => vec!["high", "medium", "low"],
            other => other.words(),
        }
    }

    /// Whether one of its words is true of a finding.
    pub(super) fn is(self, word: &str, triaged: &Triaged) -> bool {
        let finding = &triaged.finding;
        match self {
            Self::Class => finding.class.word() == word,
            Self::Novelty => triaged.novelty.word() == word,
            Self::Joined => finding.joined.is_some_and(|rung| word_of(rung) == word),
            Self::Status => match word {
                OPEN => triaged.is_open(),
                DISMISSED => !triaged.is_open(),
                LAPSED => triaged.suggestion.is_some(),
                word => triaged.dismissal.as_ref().is_some_and(|c| c.dismissal.status.word() == word),
            },
            _ => false,
        }
    }

    /// The number of a finding; `None` if it has none.
    pub(super) fn number(self, finding: &Finding) -> Option<Number> {
        let score = |of: fn(&crate::domain::finding::Scores) -> Option<&Untrusted>| {
            finding.scores.as_deref().and_then(of).and_then(|text| Number::read(text.raw()))
        };
        match self {
            Self::Cvss => score(|s| s.cvss.as_ref()),
            Self::Epss => score(|s| s.epss.as_ref()),
            Self::Line => finding.location.line.map(Number::from),
            Self::Sources => match finding.sources.as_slice() {
                [_one] => Some(Number::from(1)),
                several => {
                    let tools: BTreeSet<&str> = several.iter().map(|s| s.tool.raw()).collect();
                    u32::try_from(tools.len()).ok().map(Number::from)
                }
            },
            _ => None,
        }
    }

    /// Whether a text is in what it names.
    pub(super) fn has(self, needle: &Needle, triaged: &Triaged) -> bool {
        let finding = &triaged.finding;
        let opt = |text: &Option<Untrusted>| text.as_ref().is_some_and(|t| needle.is_in(t.raw()));
        let package = finding.package.as_deref();
        let said = || {
            let before = triaged.suggestion.as_deref().map(|(carried, _)| &carried.dismissal);
            triaged.dismissal.as_ref().map(|c| &c.dismissal).or(before)
        };
        match self {
            Self::Rule => needle.is_in(finding.rule.raw()),
            Self::Title => needle.is_in(finding.title.raw()),
            Self::Detail => needle.is_in(finding.detail.raw()),
            Self::Snippet => opt(&finding.snippet) || opt(&finding.context),
            Self::Id => finding.vulnerabilities.iter().any(|v| needle.is_in(v.raw())),
            Self::Path => opt(&finding.location.path) || opt(&finding.location.logical),
            Self::Place => {
                let places = std::iter::once(&finding.location).chain(&finding.also);
                needle.is_in(&finding.place())
                    || places.into_iter().any(|l| opt(&l.logical) || needle.is_in(&l.to_string()))
            }
            Self::Component => package.is_some_and(|p| needle.is_in(p.name.raw()) || opt(&p.purl)),
            Self::Version => package.is_some_and(|p| opt(&p.version)),
            Self::Purl => package.is_some_and(|p| opt(&p.purl)),
            Self::Fixed => package.is_some_and(|p| p.fixed.iter().any(|f| needle.is_in(f.raw()))),
            Self::Tool => finding.sources.iter().any(|s| needle.is_in(s.tool.raw())),
            Self::Report => finding.sources.iter().any(|s| needle.is_in(s.report.raw())),
            Self::Native => finding.sources.iter().any(|s| opt(&s.native_id)),
            Self::Confidence => opt(&finding.confidence),
            Self::Suppressed => opt(&finding.suppressed),
            Self::By => said().is_some_and(|d| needle.is_in(d.principal.as_str())),
            Self::Reason => said().is_some_and(|d| needle.is_in(d.detail.raw())),
            Self::Advice => said().and_then(|d| d.justification).is_some_and(|j| needle.is_in(j.word())),
            Self::Url => opt(&finding.url),
            Self::Fingerprint => finding.fingerprint.to_string().starts_with(needle.text()),
            _ => {
                needle.is_in(finding.title.raw())
                    || needle.is_in(finding.rule.raw())
                    || opt(&finding.location.path)
                    || package.is_some_and(|p| needle.is_in(p.name.raw()) || opt(&p.purl))
                    || finding.vulnerabilities.iter().any(|v| needle.is_in(v.raw()))
                    || needle.is_in(finding.detail.raw())
            }
        }
    }
}

impl Flag {
    /// By one of its words, in any case.
    pub(super) fn named(word: &str) -> Option<Self> {
        FLAGS.iter().find(|(_, words, _)| words.iter().any(|w| w.eq_ignore_ascii_case(word))).map(|(flag, ..)| *flag)
    }

    pub(super) fn word(self) -> &'static str {
        FLAGS
            .iter()
            .find(|(flag, ..)| *flag == self)
            .and_then(|(_, words, _)| words.first())
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn holds(self, triaged: &Triaged) -> bool {
        let finding = &triaged.finding;
        match self {
            Self::Open => triaged.is_open(),
            Self::Dismissed => !triaged.is_open(),
            Self::Lapsed => triaged.suggestion.is_some(),
            Self::New => triaged.novelty == Novelty::New,
            Self::Known => triaged.novelty == Novelty::Known,
            Self::Fixed => triaged.novelty == Novelty::Fixed,
            Self::Unseen => triaged.novelty == Novelty::Unseen,
            Self::Fixable => finding.package.as_ref().is_some_and(|p| !p.fixed.is_empty()),
            Self::Exploited => finding.scores.as_ref().is_some_and(|s| s.exploited),
            Self::Suppressed => finding.suppressed.is_some(),
        }
    }
}

const NOVELTIES: [Novelty; 5] = [Novelty::New, Novelty::Known, Novelty::Unknown, Novelty::Fixed, Novelty::Unseen];

/// The rungs, as they are written.
const RUNGS: [(&str, Rung); 4] = [
    ("tool-id", Rung::ToolId),
    ("vulnerability", Rung::Vulnerability),
    ("snippet", Rung::Snippet),
    ("logical", Rung::Logical),
];

fn word_of(rung: Rung) -> &'static str {
    RUNGS.iter().find(|(_, r)| *r == rung).map_or("", |(word, _)| word)
}

impl Kind {
    /// Whether more than equality may be asked.
    pub(super) fn is_compared(self) -> bool {
        matches!(self, Self::Number | Self::Severity)
    }
}

/// The table of fields and flags, in Markdown, for the docs.
pub(super) fn reference() -> String {
    let mut out = String::from("| field | takes | is |\n|---|---|---|\n");
    for spec in &SPECS {
        let names: Vec<String> = spec.names.iter().map(|n| format!("`{n}`")).collect();
        let takes = match spec.kind {
            Kind::Text => "text".to_owned(),
            Kind::Number => format!("a number; `{}>=`, `>`, `<=`, `<`", spec.names.first().unwrap_or(&"")),
            Kind::Cwe => "a number".to_owned(),
            Kind::Severity => format!("{}; also `>=`, `>`, `<=`, `<`", spec.field.words().join(", ")),
            Kind::Word => spec.field.words().join(", "),
        };
        out.push_str(&format!("| {} | {takes} | {} |\n", names.join(" "), spec.doc));
    }
    out.push_str("\n| flag | holds if |\n|---|---|\n");
    for (_, words, doc) in &FLAGS {
        let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
        out.push_str(&format!("| {} | {doc} |\n", words.join(" ")));
    }
    out
}
