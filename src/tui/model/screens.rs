//! The inbox, a release and a finding.

use crate::domain::dossier::Dossier;
use crate::domain::ids::{Fingerprint, GateId};
use crate::domain::query::{Completion, GateQuery, Query, QueryError, RecordQuery};
use crate::domain::triage::Triaged;
use crate::tui::model::Model;
use crate::tui::model::findings::Findings;
use crate::tui::model::input::Input;
use crate::tui::model::listing::Listing;

/// A filter over a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// What is typed.
    pub input: Input,
    /// Whether it is typed into.
    pub open: bool,
    /// Why it cannot be read; the one before stays in force.
    pub error: Option<QueryError>,
    /// The text of what is in force; empty: everything is shown.
    pub in_force: String,
    /// What takes turns before the cursor, while the key for it is pressed.
    pub turns: Option<Turns>,
}

/// Candidates that take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// The byte from which on they stand.
    pub start: usize,
    /// The candidates.
    pub candidates: Vec<String>,
    /// Whose turn it is.
    pub at: usize,
}

impl Turns {
    /// What stands before the cursor now.
    pub fn now(&self) -> &str {
        self.candidates.get(self.at).map_or("", String::as_str)
    }
}

impl Filter {
    /// Reads what is typed, by the language of its list, into `query`; whether what is in force has changed.
    pub(super) fn apply<Q>(
        &mut self,
        query: &mut Q,
        read: impl Fn(&str) -> Result<Q, QueryError>,
        complete: impl Fn(&str) -> Completion,
    ) -> bool {
        // Not trimmed at its beginning: the place of an error is one in what is typed.
        let mut text = self.input.text();
        if self.open && self.input.before() == text {
            text.truncate(settled(&text, &complete(&text)));
        }
        match read(&text) {
            Ok(read) => {
                self.error = None;
                let changed = text.trim() != self.in_force;
                *query = read;
                text.trim().clone_into(&mut self.in_force);
                changed
            }
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

/// How much of what is typed is to be searched for: not the last word as long as it may become a field. Else the list
/// would be empty while `verdict` is typed, and full again with the colon.
fn settled(typed: &str, completion: &Completion) -> usize {
    let word = typed.get(completion.start..).unwrap_or_default().to_ascii_lowercase();
    let begun = |c: &String| c.ends_with([':', '=']) && c.starts_with(&word);
    let whole = word.is_empty() || completion.candidates.contains(&word);
    if whole || !completion.candidates.iter().any(begun) {
        return typed.len();
    }
    typed.get(..completion.start).map_or(typed.len(), |rest| rest.trim_end_matches(['!', '-']).len())
}

/// What may be typed next into the filter of the list that has the focus.
pub fn completion(model: &Model, before: &str) -> Completion {
    if model.ledger.shown {
        RecordQuery::complete(before)
    } else if model.release.is_some() {
        Query::complete(before)
    } else {
        GateQuery::complete(before)
    }
}

/// A filter over the inbox that has a name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// Its query.
    pub query: String,
}

/// What the inbox is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// What waits for me first, then what waits the longest.
    #[default]
    Mine,
    /// The worst verdict first.
    Verdict,
    /// By the release's address.
    Name,
}

impl Sort {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::Mine => Self::Verdict,
            Self::Verdict => Self::Name,
            Self::Name => Self::Mine,
        }
    }

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Mine => "waiting for you, then longest",
            Self::Verdict => "worst verdict",
            Self::Name => "name",
        }
    }
}

/// The inbox.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inbox {
    /// The gates that are shown.
    pub list: Listing<GateId>,
    /// The filter.
    pub filter: Filter,
    /// What of it is in force.
    pub query: GateQuery,
    /// The order.
    pub sort: Sort,
}

impl Inbox {
    /// Reads what is typed into the filter; whether what is in force has changed.
    pub fn apply_filter(&mut self) -> bool {
        self.filter.apply(&mut self.query, GateQuery::parse, GateQuery::complete)
    }
}

/// A part of the release screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Verdict, reasons, sources.
    Overview,
    /// Builds.
    Builds,
    /// Tickets.
    Tickets,
    /// Findings.
    Findings,
    /// Changes.
    Changes,
    /// Decisions.
    Approvals,
    /// Attestations of the artifacts.
    Provenance,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Builds, Self::Tickets, Self::Findings, Self::Changes, Self::Approvals, Self::Provenance];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Builds => "builds",
            Self::Tickets => "tickets",
            Self::Findings => "findings",
            Self::Changes => "changes",
            Self::Provenance => "provenance",
            Self::Approvals => "approvals",
        }
    }

    /// The one beside it, in a ring.
    pub fn beside(self, back: bool) -> Self {
        let n = Self::ALL.len();
        let at = self as usize;
        Self::ALL[if back { (at + n - 1) % n } else { (at + 1) % n }]
    }
}

/// A release.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseScreen {
    /// The gate.
    pub gate: GateId,
    /// The tab that is open.
    pub tab: Tab,
    /// How far the overview is scrolled.
    pub scroll: usize,
    /// The lines of builds, tickets, changes, provenance or approvals, by their keys.
    pub items: Listing<String>,
    /// The findings.
    pub findings: Findings,
}

impl ReleaseScreen {
    /// The release of a gate, at its overview.
    pub fn new(gate: GateId) -> Self {
        Self { gate, tab: Tab::Overview, scroll: 0, items: Listing::default(), findings: Findings::default() }
    }
}

/// A finding in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingScreen {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// Where it was in its dossier: it need not be looked for there.
    pub hint: usize,
    /// How far it is scrolled.
    pub scroll: usize,
}

impl FindingScreen {
    /// The finding, among those that are there or that are gone.
    pub fn of<'d>(&self, dossier: &'d Dossier) -> Option<&'d Triaged> {
        let is = |t: &&Triaged| t.finding.fingerprint == self.fingerprint;
        dossier
            .row(self.hint)
            .filter(is)
            .or_else(|| dossier.findings.iter().find(is).or_else(|| dossier.compared.gone().iter().find(is)))
    }
}
