//! What is known of one gate.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::screens::Tab;
use crate::domain::build::BuildResult;
use crate::domain::decision::Decision;
use crate::domain::dossier::{Count, Dossier, WHOLE};
use crate::domain::evidence::{Completeness, Kind};
use crate::domain::query::GateFacts;
use crate::domain::ticket::StatusCategory;
use crate::domain::time::Timestamp;
use crate::domain::verdict::Outcome;
use crate::text::Untrusted;
use crate::tui::msg::{Arrival, Failure, GateRow, PieceState};

/// What is known of one gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateEntry {
    /// The gate and its release.
    pub row: GateRow,
    /// Every source, in the order of names.
    pub pieces: Vec<Progress>,
    /// Whether its dossier is being put together.
    pub assembling: bool,
    /// The dossier that was put together last.
    pub dossier: Option<Arc<Dossier>>,
    /// The pieces of that dossier that were opened, by name; its whole, if the overview was.
    pub viewed: BTreeSet<String>,
    /// What the inbox shows of it, counted once.
    pub summary: Option<Summary>,
    /// The decisions over it.
    pub decisions: Arc<Vec<Decision>>,
    /// Why no dossier could be put together.
    pub failed: Option<Failure>,
    /// Whether it was not among the open gates when they were last listed.
    pub gone: bool,
}

/// Where one source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The piece's name.
    pub name: String,
    /// Where it stands.
    pub state: PieceState,
    /// Why it is not all there.
    pub reason: Option<Untrusted>,
}

/// What the inbox shows of a dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its verdict.
    pub verdict: Outcome,
    /// Whether a `[[service]]` fits its gate: else nothing was asked.
    pub matched: bool,
    /// Its findings.
    pub findings: Count,
    /// Builds that went well, and all of them; `None`: not known.
    pub builds: Option<(usize, usize)>,
    /// Tickets that are done, and all of them; `None`: not known.
    pub tickets: Option<(usize, usize)>,
    /// The pieces of evidence that are not all there.
    pub missing: Vec<String>,
}

impl GateEntry {
    /// A gate of which nothing but its row is known.
    pub fn new(row: GateRow) -> Self {
        Self {
            row,
            pieces: Vec::new(),
            assembling: false,
            dossier: None,
            viewed: BTreeSet::new(),
            summary: None,
            decisions: Arc::default(),
            failed: None,
            gone: false,
        }
    }

    /// Takes news of a source in.
    pub fn arrived(&mut self, arrival: Arrival) {
        let news = Progress { name: arrival.piece, state: arrival.state, reason: arrival.reason };
        match self.pieces.binary_search_by(|p| p.name.cmp(&news.name)) {
            Ok(i) => self.pieces[i] = news,
            Err(i) => self.pieces.insert(i, news),
        }
    }

    /// Takes a dossier in.
    pub fn ready(&mut self, dossier: Arc<Dossier>, decisions: Arc<Vec<Decision>>) {
        self.pieces = dossier
            .pieces
            .iter()
            .map(|p| Progress {
                name: p.name.clone(),
                state: match &p.completeness {
                    Completeness::Complete => PieceState::Complete,
                    Completeness::Partial(_) => PieceState::Partial,
                    Completeness::Missing(_) => PieceState::Missing,
                },
                reason: p.completeness.reason().map(|r| r.text.clone()),
            })
            .collect();
        // What was opened is of that evidence, and of no other.
        if self.dossier.as_ref().is_none_or(|old| old.digest != dossier.digest) {
            self.viewed.clear();
        }
        self.summary = Some(Summary::of(&dossier));
        self.dossier = Some(dossier);
        self.decisions = decisions;
        self.assembling = false;
        self.failed = None;
    }

    /// A tab is open, and what is on it is seen.
    pub fn look(&mut self, tab: Tab) {
        let Some(dossier) = &self.dossier else { return };
        let kind = match tab {
            Tab::Overview => {
                self.viewed.insert(WHOLE.to_owned());
                return;
            }
            Tab::Approvals => return,
            Tab::Builds => Kind::Builds,
            Tab::Tickets => Kind::Tickets,
            Tab::Findings => Kind::Findings,
            Tab::Changes => Kind::Changes,
            Tab::Provenance => Kind::Provenance,
        };
        for piece in dossier.of(kind) {
            if !self.viewed.contains(&piece.name) {
                self.viewed.insert(piece.name.clone());
            }
        }
    }

    /// What a filter of the inbox may ask of it.
    pub fn facts(&self, now: Timestamp) -> GateFacts<'_> {
        let summary = self.summary.as_ref();
        GateFacts {
            gate: &self.row.gate,
            release: &self.row.release,
            verdict: summary.map_or(Outcome::Unknown, |s| s.verdict),
            missing: summary.map_or(&[], |s| &s.missing),
            tally: summary.map(|s| s.findings.tally).unwrap_or_default(),
            mine: self.row.approvals.mine,
            now,
        }
    }

    /// How many sources have answered, and how many were asked.
    pub fn answered(&self) -> (usize, usize) {
        (self.pieces.iter().filter(|p| p.state != PieceState::Asking).count(), self.pieces.len())
    }
}

impl Summary {
    /// Counts a dossier.
    pub fn of(dossier: &Dossier) -> Self {
        let came = |kind| dossier.of(kind).any(|p| p.value.is_some());
        let builds = came(Kind::Builds).then(|| {
            let good = dossier.builds().filter(|b| b.result == BuildResult::Success).count();
            (good, dossier.builds().count())
        });
        let tickets = came(Kind::Tickets).then(|| {
            let all = dossier.tickets();
            (all.iter().filter(|t| t.category == StatusCategory::Done).count(), all.len())
        });
        Self {
            verdict: dossier.verdict.result,
            matched: dossier.service.is_some(),
            findings: dossier.count(),
            builds,
            tickets,
            missing: dossier.missing(),
        }
    }
}
