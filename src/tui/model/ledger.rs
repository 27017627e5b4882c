//! The screen of the ledger: its records, the one that is open, and the check that runs.

use std::sync::Arc;

use crate::domain::query::RecordQuery;
use crate::domain::record::{LedgerCheck, LedgerState, RecordLine, RecordSheet};
use crate::domain::time::Timestamp;
use crate::tui::effect::RequestId;
use crate::tui::model::listing::Listing;
use crate::tui::model::screens::Filter;
use crate::tui::msg::Failure;
use crate::tui::widget::text::Text;

/// The ledger as far as it was read. Stays when the screen is left, so that a check may go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LedgerScreen {
    /// Whether it is on the screen.
    pub shown: bool,
    /// The records that are shown, by the positions of their documents.
    pub list: Listing<u64>,
    /// All records, the newest first.
    lines: Vec<RecordLine>,
    /// Records that are read again, until all of them are here; `None`: they go to the others at once.
    fresh: Option<Vec<RecordLine>>,
    /// The filter.
    pub filter: Filter,
    /// What of it is in force.
    pub query: RecordQuery,
    /// How far it reaches, and what is wrong with it.
    pub state: Option<LedgerState>,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The reading that goes on.
    pub reading: Option<RequestId>,
    /// Why it could not be read.
    pub failure: Option<Failure>,
    /// The check.
    pub check: Check,
    /// The record that is open.
    pub open: Option<RecordScreen>,
}

/// Where a check of the whole ledger stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Check {
    /// None was begun.
    #[default]
    None,
    /// It goes on.
    Running {
        /// Which one.
        request: RequestId,
        /// The entries that were looked at.
        done: u64,
        /// All entries; 0: not known yet.
        all: u64,
    },
    /// It came to its end.
    Done(Box<LedgerCheck>),
    /// It was called off.
    CalledOff,
    /// It could not be made.
    Failed(Failure),
}

impl Check {
    /// The check that goes on.
    pub fn running(&self) -> Option<RequestId> {
        match self {
            Self::Running { request, .. } => Some(*request),
            _ => None,
        }
    }
}

/// A record in full.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordScreen {
    /// The opening.
    pub request: RequestId,
    /// What the list has of it.
    pub line: RecordLine,
    /// The record, once it was read; or why it could not be.
    pub sheet: Option<Result<Arc<RecordSheet>, Failure>>,
    /// It in lines. A document may be long: the lines are made once for each width, and not for each frame.
    pub text: Option<Text>,
    /// How far it is scrolled.
    pub scroll: usize,
}

impl LedgerScreen {
    /// All records, the newest first.
    pub fn lines(&self) -> &[RecordLine] {
        &self.lines
    }

    /// The record whose document is at a position.
    pub fn line(&self, seq: u64) -> Option<&RecordLine> {
        let at = self.lines.binary_search_by(|line| seq.cmp(&line.seq)).ok()?;
        self.lines.get(at)
    }

    /// The record that the cursor is on.
    pub fn selected(&self) -> Option<&RecordLine> {
        self.line(*self.list.selected()?)
    }

    /// Begins to read. What is here stays until all that is new is.
    pub fn begin(&mut self, request: RequestId) {
        self.reading = Some(request);
        self.failure = None;
        self.fresh = (!self.lines.is_empty()).then(Vec::new);
    }

    /// Takes a page in.
    pub fn take(&mut self, page: Vec<RecordLine>) {
        if let Some(fresh) = &mut self.fresh {
            fresh.extend(page);
            return;
        }
        // What is here already was looked at before, and is older pages' elder: only the page is filtered.
        let found = page.iter().filter(|line| self.query.matches(line)).map(|line| line.seq);
        let keys: Vec<u64> = self.list.keys().iter().copied().chain(found).collect();
        let on = self.list.selected().copied();
        self.lines.extend(page);
        self.list.set(keys, |seq| Some(*seq) == on);
    }

    /// All is here.
    pub fn end(&mut self) {
        self.reading = None;
        if let Some(fresh) = self.fresh.take() {
            self.lines = fresh;
            self.show();
        }
    }

    /// It goes no further.
    pub fn fail(&mut self, failure: Failure) {
        self.reading = None;
        self.fresh = None;
        self.failure = Some(failure);
    }

    /// Reads what is typed into the filter, and shows what it finds.
    pub fn apply_filter(&mut self) {
        if self.filter.apply(&mut self.query, RecordQuery::parse, RecordQuery::complete) {
            self.show();
        }
    }

    fn show(&mut self) {
        let on = self.list.selected().copied();
        let all = self.query.is_empty();
        let found = self.lines.iter().filter(|line| all || self.query.matches(line));
        self.list.set(found.map(|line| line.seq).collect(), |seq| Some(*seq) == on);
    }
}
