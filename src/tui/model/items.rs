//! The lines of a release's builds, tickets, changes, provenance and approvals.

use crate::domain::build::Build;
use crate::domain::change::{Commit, PullRequest};
use crate::domain::decision::Decision;
use crate::domain::evidence::{Completeness, Kind, Piece};
use crate::domain::provenance::{Attestation, Covered, Provenance, Unread};
use crate::domain::ticket::Ticket;
use crate::text::Untrusted;

use super::gates::GateEntry;
use super::screens::Tab;

/// One line.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A piece of evidence that is not all there: it comes first.
    Gap(&'a Piece),
    /// A build.
    Build(&'a Build),
    /// A ticket.
    Ticket(&'a Ticket),
    /// A commit.
    Commit(&'a Commit),
    /// A pull request.
    PullRequest(&'a PullRequest),
    /// An artifact of the release, and what covers it.
    Artifact(&'a Covered),
    /// An attestation, and what was expected.
    Attestation(&'a Attestation, &'a Provenance),
    /// What could not be read as an attestation.
    Unread(&'a Unread),
    /// What is to be known of the approvals.
    Note(&'a str),
    /// A decision.
    Decision(&'a Decision),
}

impl<'a> Item<'a> {
    /// What it is recognised by after a refresh.
    pub fn key(&self) -> String {
        match self {
            Self::Gap(piece) => format!("piece {}", piece.name),
            Self::Build(b) => format!("build {} {}", b.job.raw(), b.number),
            Self::Ticket(t) => format!("ticket {}", t.key.raw()),
            Self::Commit(c) => format!("commit {}", c.sha.raw()),
            Self::PullRequest(p) => format!("pull {}", p.number),
            Self::Artifact(a) => format!("artifact {} {}", a.name.raw(), a.digest.as_ref().map_or("", |d| d.as_str())),
            Self::Attestation(a, _) => format!("attestation {}", a.file.raw()),
            Self::Unread(u) => format!("unread {}", u.file.raw()),
            Self::Note(text) => format!("note {text}"),
            Self::Decision(d) => format!("decision {}", d.id.as_str()),
        }
    }

    /// Its link, as it came.
    pub fn url(&self) -> Option<&'a str> {
        match self {
            Self::Build(b) => Some(b.url.raw()),
            Self::Ticket(t) => t.url.as_ref().map(Untrusted::raw),
            Self::PullRequest(p) => p.url.as_ref().map(Untrusted::raw),
            Self::Attestation(a, _) => a.run.as_ref().map(Untrusted::raw).filter(|r| r.starts_with("https://")),
            Self::Gap(_)
            | Self::Commit(_)
            | Self::Artifact(_)
            | Self::Unread(_)
            | Self::Note(_)
            | Self::Decision(_) => None,
        }
    }

    /// What is copied where there is no link; safe to display.
    pub fn name(&self) -> String {
        match self {
            Self::Gap(piece) => crate::text::line(&piece.name).into_owned(),
            Self::Build(b) => format!("{} #{}", b.job.line(), b.number),
            Self::Ticket(t) => t.key.line().into_owned(),
            Self::Commit(c) => c.sha.line().into_owned(),
            Self::PullRequest(p) => format!("#{}", p.number),
            Self::Artifact(a) => {
                a.digest.as_ref().map_or_else(|| a.name.line().into_owned(), |d| d.as_str().to_owned())
            }
            Self::Attestation(a, _) => a.file.line().into_owned(),
            Self::Unread(u) => u.file.line().into_owned(),
            Self::Note(text) => crate::text::line(text).into_owned(),
            Self::Decision(d) => d.envelope.to_string(),
        }
    }
}

/// The lines of one tab.
pub fn of(entry: &GateEntry, tab: Tab) -> Vec<Item<'_>> {
    let Some(dossier) = &entry.dossier else { return Vec::new() };
    let gaps = |kind: Kind| dossier.of(kind).filter(|p| p.completeness != Completeness::Complete).map(Item::Gap);
    match tab {
        Tab::Overview | Tab::Findings => Vec::new(),
        Tab::Builds => gaps(Kind::Builds).chain(dossier.builds().map(Item::Build)).collect(),
        Tab::Tickets => gaps(Kind::Tickets).chain(dossier.tickets().into_iter().map(Item::Ticket)).collect(),
        Tab::Changes => {
            let pulls = dossier.changes().flat_map(|c| &c.pull_requests).map(Item::PullRequest);
            let commits = dossier.changes().flat_map(|c| &c.commits).map(Item::Commit);
            gaps(Kind::Changes).chain(pulls).chain(commits).collect()
        }
        Tab::Provenance => {
            let all = || dossier.provenance();
            let artifacts = all().flat_map(|p| &p.artifacts).map(Item::Artifact);
            let attestations = all().flat_map(|p| p.attestations.iter().map(move |a| Item::Attestation(a, p)));
            let unread = all().flat_map(|p| &p.unread).map(Item::Unread);
            gaps(Kind::Provenance).chain(artifacts).chain(attestations).chain(unread).collect()
        }
        Tab::Approvals => {
            let standing = &entry.row.approvals.standing;
            let notes = standing.notes.iter().chain(&standing.unplaced).map(|n| Item::Note(n));
            notes.chain(entry.decisions.iter().map(Item::Decision)).collect()
        }
    }
}
