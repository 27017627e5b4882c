//! Evidence with where it came from, when, and whether it is all there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::build::Build;
use super::canonical;
use super::change::ChangeSet;
use super::finding::{Class, Finding, ReportSummary};
use super::ids::Digest;
use super::provenance::Provenance;
use super::quality::QualityGate;
use super::ticket::Ticket;
use super::time::Timestamp;
use crate::text::Untrusted;

/// A piece of evidence, or the reason why it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected<T> {
    /// Which piece: kind, source and what was asked, `findings/sonar/com.acme:payments`. Unique in a dossier.
    pub name: String,
    /// What kind of evidence.
    pub kind: Kind,
    /// The connection that it was read from, or `path` for a folder.
    pub source: String,
    /// The address that it was read from, without secrets.
    pub uri: Untrusted,
    /// When.
    pub fetched_at: Timestamp,
    /// Digest of the bytes as received (of the list of parts, where there were several); `None` if nothing came.
    pub raw: Option<Digest>,
    /// Each answer behind it, for the evidence store.
    pub parts: Vec<RawRef>,
    /// Digest of the normalised form: what is shown or judged, sorted, without what changes by itself.
    pub content: Digest,
    /// Whether it is all there.
    pub completeness: Completeness,
    /// The evidence; `None` exactly if it is missing.
    pub value: Option<T>,
}

/// A piece of evidence of any kind.
pub type Piece = Collected<Evidence>;

impl Piece {
    /// A piece that came, possibly not all of it.
    pub fn got(
        origin: Origin,
        value: Evidence,
        raw: Option<Digest>,
        parts: Vec<RawRef>,
        completeness: Completeness,
    ) -> Self {
        let value = value.normalised();
        let content = content_of(&completeness, &value);
        Self {
            name: origin.name,
            kind: origin.kind,
            source: origin.source,
            uri: origin.uri,
            fetched_at: origin.fetched_at,
            raw,
            parts,
            content,
            completeness,
            value: Some(value),
        }
    }

    /// A piece that did not come.
    pub fn missing(origin: Origin, reason: Reason) -> Self {
        let completeness = Completeness::Missing(reason);
        Self {
            name: origin.name,
            kind: origin.kind,
            source: origin.source,
            uri: origin.uri,
            fetched_at: origin.fetched_at,
            raw: None,
            parts: Vec::new(),
            content: canonical::digest_of(&(&completeness.code(), Option::<()>::None)),
            completeness,
            value: None,
        }
    }

    /// The classes of findings that this piece is evidence of.
    pub fn classes(&self) -> Vec<Class> {
        let Some(Evidence::Findings(set)) = &self.value else { return Vec::new() };
        let mut classes = set.classes.clone();
        classes.extend(set.reports.iter().flat_map(|r| r.classes.iter().copied()));
        classes.sort();
        classes.dedup();
        classes
    }
}

/// The digest of the normalised form. Findings, which may be many thousands, are written one by one.
fn content_of(completeness: &Completeness, value: &Evidence) -> Digest {
    let Evidence::Findings(FindingSet { findings, classes, reports, quality, scanned_commit }) = value else {
        return canonical::digest_of(&(&completeness.code(), value));
    };
    canonical::Parts::default()
        .text("[")
        .value(&completeness.code())
        .text(r#",{"findings":{"classes":"#)
        .value(classes)
        .text(r#","findings":"#)
        .list(findings)
        .text(r#","quality":"#)
        .value(quality)
        .text(r#","reports":"#)
        .value(reports)
        .text(r#","scanned_commit":"#)
        .value(scanned_commit)
        .text("}}]")
        .digest()
}

/// Where a piece comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// See [`Collected::name`].
    pub name: String,
    /// See [`Collected::kind`].
    pub kind: Kind,
    /// See [`Collected::source`].
    pub source: String,
    /// See [`Collected::uri`].
    pub uri: Untrusted,
    /// See [`Collected::fetched_at`].
    pub fetched_at: Timestamp,
}

/// One answer or file behind a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RawRef {
    /// The address or the file name, without secrets.
    pub uri: Untrusted,
    /// The media type, as the server said or the file name suggests.
    pub media_type: Untrusted,
    /// Digest of the bytes; they are in the evidence store under it.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
}

/// What kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Builds.
    Builds,
    /// Tickets.
    Tickets,
    /// Findings, and what else scanners say.
    Findings,
    /// Changes.
    Changes,
    /// Where the artifacts come from.
    Provenance,
}

impl Kind {
    /// All kinds, in the order that they are shown.
    pub const ALL: [Self; 5] = [Self::Builds, Self::Tickets, Self::Findings, Self::Changes, Self::Provenance];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Builds => "builds",
            Self::Tickets => "tickets",
            Self::Findings => "findings",
            Self::Changes => "changes",
            Self::Provenance => "provenance",
        }
    }
}

/// The evidence itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Builds.
    Builds(Vec<Build>),
    /// Tickets.
    Tickets(Vec<Ticket>),
    /// Findings.
    Findings(FindingSet),
    /// Changes.
    Changes(ChangeSet),
    /// Where the artifacts come from.
    Provenance(Provenance),
}

impl Evidence {
    /// Sorted, so that the order in which a server answers does not change the digest.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        match &mut self {
            Self::Builds(builds) => {
                builds.sort_by(|a, b| (&a.job, a.number).cmp(&(&b.job, b.number)));
                for build in builds {
                    build.artifacts.sort();
                    build.parameters.sort();
                }
            }
            Self::Tickets(tickets) => {
                tickets.sort_by(|a, b| a.key.cmp(&b.key));
                for ticket in tickets {
                    ticket.found_by.sort();
                    ticket.found_by.dedup();
                    ticket.fix_versions.sort();
                }
            }
            Self::Findings(set) => {
                set.findings.sort_by_key(|a| a.fingerprint);
                set.reports.sort();
                set.classes.sort();
                set.classes.dedup();
            }
            // The order of commits is their history, and means something.
            Self::Changes(changes) => changes.pull_requests.sort_by_key(|p| p.number),
            Self::Provenance(provenance) => {
                provenance.attestations.sort_by(|a, b| a.file.cmp(&b.file));
                provenance.unread.sort_by(|a, b| a.file.cmp(&b.file));
            }
        }
        self
    }
}

/// What scanners say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingSet {
    /// The findings, merged within this set.
    pub findings: Vec<Arc<Finding>>,
    /// Classes that the source assessed, also where it found nothing.
    pub classes: Vec<Class>,
    /// The report files behind them; empty for a source that is asked by questions, as SonarQube.
    pub reports: Vec<ReportSummary>,
    /// The quality gate, for SonarQube.
    pub quality: Option<QualityGate>,
    /// The commit that was scanned, where it is known; to be compared with the release's.
    pub scanned_commit: Option<Untrusted>,
}

/// Whether a piece of evidence is all there. Missing is never green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Completeness {
    /// All of it.
    Complete,
    /// Some of it.
    Partial(Reason),
    /// None of it.
    Missing(Reason),
}

impl Completeness {
    /// `complete`, `partial` or `missing`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Missing(_) => "missing",
        }
    }

    /// The word and the reason's code, which is what the content digest covers: the reason's text may differ from one
    /// time to the next.
    pub fn code(&self) -> String {
        match self.reason() {
            None => self.word().to_owned(),
            Some(reason) => format!("{}:{}", self.word(), reason.code),
        }
    }

    /// Why it is not complete.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Complete => None,
            Self::Partial(reason) | Self::Missing(reason) => Some(reason),
        }
    }
}

/// Why something is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable kebab-case code: `unreachable`, `unauthorized`, `not-found`, `rate-limited`.
    pub code: String,
    /// A full sentence for people, with what to do where that is known. May quote the other side.
    pub text: Untrusted,
}

impl Reason {
    /// A reason.
    pub fn new(code: impl Into<String>, text: impl Into<Untrusted>) -> Self {
        Self { code: code.into(), text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quality::QualityStatus;

    /// A set with something in every field, so that a field in the wrong place would be seen.
    fn set() -> FindingSet {
        let finding = |n: u32| {
            let text = format!(
                r#"{{"fingerprint": "{n:064}", "class": "sast", "severity": "high", "rule": "R", "title": "é", "detail": "",
                    "location": {{"path": "a.py", "line": {n}, "column": null, "logical": null}}, "snippet": null,
                    "vulnerabilities": [], "cwe": [79], "package": null, "confidence": null, "url": null,
                    "suppressed": null, "keys": [], "sources": []}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        FindingSet {
            findings: vec![finding(1), finding(2)],
            classes: vec![Class::Sast, Class::Sca],
            reports: vec![ReportSummary {
                file: "a.sarif".into(),
                digest: canonical::sha256(b"a"),
                format: "sarif".into(),
                tool: "t".into(),
                classes: vec![Class::Sast],
                status: crate::domain::finding::ReportStatus::Ok,
                reason: None,
                raw_items: 2,
                merged: 0,
            }],
            quality: Some(QualityGate {
                project: "p".into(),
                status: QualityStatus::Error,
                conditions: Vec::new(),
                analysis: None,
                analysed_at: None,
                revision: None,
            }),
            scanned_commit: Some("c0ffee".into()),
        }
    }

    #[test]
    fn findings_written_one_by_one_have_the_digest_of_the_whole() {
        for (set, completeness) in [
            (set(), Completeness::Complete),
            (FindingSet::default(), Completeness::Partial(Reason::new("odd \"code\"", ""))),
        ] {
            let value = Evidence::Findings(set);
            let whole = canonical::digest_of(&(&completeness.code(), &value));
            assert_eq!(content_of(&completeness, &value), whole);
        }
    }
}
