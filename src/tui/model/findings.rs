//! The findings of a release: what is shown of them, in which groups, and where the cursor is.
//!
//! Many findings are gone through in steps: one with each call of [`Findings::go_on`], between which keys are read and
//! frames are painted. What was shown before stays until all were looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lines::{Line, Lines, Shown};
use super::listing::{Place, Step};
use super::screens::Filter;
use crate::domain::dossier::Dossier;
use crate::domain::grouping::{Group, GroupBy, Grouping};
use crate::domain::ids::Fingerprint;
use crate::domain::query::Query;
use crate::domain::triage::Triaged;

/// How many findings are looked at in one step: some milliseconds.
const STRIDE: usize = 20_000;

/// The findings of a release.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Those that are shown: places in the list of `of`, after which those that are gone are counted on.
    pub lines: Lines,
    /// Where the cursor is.
    pub place: Place,
    /// The filter.
    pub filter: Filter,
    /// What of it is in force.
    pub query: Query,
    /// Those that are marked.
    pub marked: BTreeSet<Fingerprint>,
    /// What they are put together by.
    pub by: Option<GroupBy>,
    /// The dossier that the lines are of.
    of: Option<Arc<Dossier>>,
    /// What is being looked for.
    search: Option<Search>,
}

/// Findings that are being looked for.
#[derive(Debug, Clone, PartialEq)]
struct Search {
    dossier: Arc<Dossier>,
    start: usize,
    next: usize,
    end: usize,
    found: Vec<u32>,
    grouping: Option<Grouping>,
    /// The finding that the cursor goes to, and where it was seen in this dossier.
    on: Option<Fingerprint>,
    on_at: Option<usize>,
}

/// What the cursor is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A finding.
    Finding(Fingerprint),
    /// The heading of a group, by its name.
    Heading(String),
}

impl Dossier {
    /// A finding by its place: those that are there, then those that are gone.
    pub(super) fn row(&self, index: usize) -> Option<&Triaged> {
        match index.checked_sub(self.findings.len()) {
            None => self.findings.get(index),
            Some(gone) => self.compared.gone().get(gone),
        }
    }
}

impl Findings {
    /// The finding at a place of the lines.
    pub fn get(&self, index: usize) -> Option<&Triaged> {
        self.of.as_ref()?.row(index)
    }

    /// The line that the cursor is on.
    pub fn line(&self) -> Option<Line> {
        self.lines.get(self.place.cursor())
    }

    /// The finding that the cursor is on.
    pub fn selected(&self) -> Option<&Triaged> {
        match self.line()? {
            Line::Finding(index) => self.get(index),
            Line::Heading(_) => None,
        }
    }

    /// The group whose heading the cursor is on.
    pub fn selected_group(&self) -> Option<&Group> {
        match self.line()? {
            Line::Heading(place) => self.lines.groups().get(place),
            Line::Finding(_) => None,
        }
    }

    /// What the cursor is on.
    pub fn on(&self) -> Option<On> {
        match self.selected() {
            Some(triaged) => Some(On::Finding(triaged.finding.fingerprint)),
            None => Some(On::Heading(self.selected_group()?.name.clone())),
        }
    }

    /// How many of how many findings were looked at, while they are.
    pub fn progress(&self) -> Option<(usize, usize)> {
        let search = self.search.as_ref()?;
        let all = search.end - search.start;
        Some((search.next - search.start, all))
    }

    /// Reads what is typed into the filter; whether what is in force has changed.
    pub fn apply_filter(&mut self) -> bool {
        self.filter.apply(&mut self.query, Query::parse, Query::complete)
    }

    /// Begins to show what the filter finds in `dossier`, in groups where they are asked for.
    pub fn show(&mut self, dossier: &Arc<Dossier>) {
        let all = dossier.findings.len();
        let (next, end) =
            if self.query.asks_for_gone() { (all, all + dossier.compared.gone().len()) } else { (0, all) };
        let same = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, dossier));
        let on = match self.line() {
            Some(Line::Finding(index)) => self.get(index).map(|t| (t.finding.fingerprint, index)),
            _ => None,
        };
        let mut search = Search {
            dossier: Arc::clone(dossier),
            start: next,
            next,
            end,
            found: Vec::new(),
            grouping: self.by.map(Grouping::new),
            on: on.map(|(fingerprint, _)| fingerprint),
            on_at: on.filter(|_| same).map(|(_, index)| index),
        };
        let unfiltered = self.filter.in_force.is_empty();
        let known = search.on.is_none() || search.on_at.is_some();
        if unfiltered && known && search.grouping.is_none() {
            // Nothing is to be looked for: this does not depend on how many there are.
            search.next = search.end;
        }
        self.search = Some(search);
        self.go_on();
    }

    /// Looks at some more findings; shows what was found once all were looked at.
    pub fn go_on(&mut self) {
        let Some(mut search) = self.search.take() else { return };
        let all = self.filter.in_force.is_empty();
        let until = search.end.min(search.next + STRIDE);
        for index in search.next..until {
            let Some(triaged) = search.dossier.row(index) else { continue };
            if search.on_at.is_none() && search.on == Some(triaged.finding.fingerprint) {
                search.on_at = Some(index);
            }
            if !all && !self.query.matches(triaged) {
                continue;
            }
            // A dossier has no four thousand million findings.
            let Ok(short) = u32::try_from(index) else { continue };
            match &mut search.grouping {
                Some(grouping) => grouping.take(short, triaged),
                None if all => {}
                None => search.found.push(short),
            }
        }
        search.next = until;
        if search.next < search.end {
            self.search = Some(search);
        } else {
            self.put(search, all);
        }
    }

    /// Takes over what was found. The cursor stays on what it is on.
    fn put(&mut self, search: Search, all: bool) {
        let heading = self.selected_group().map(|group| group.name.clone());
        let on_at = search.on_at;
        let start = search.start;
        let (shown, groups) = match search.grouping {
            Some(grouping) => {
                let (groups, order) = grouping.finish();
                (Shown::Some(order), groups)
            }
            None if all => (Shown::All(start..search.end), Vec::new()),
            None => (Shown::Some(search.found), Vec::new()),
        };
        self.lines = Lines::new(shown, groups, self.lines.closed().clone());
        self.of = Some(search.dossier);
        let same = on_at.and_then(|index| self.lines.line_of(index)).or_else(|| {
            let name = heading?;
            self.lines.heading(self.lines.groups().iter().position(|g| g.name == name)?)
        });
        self.place.follow(same, self.lines.len());
        if !self.lines.groups().is_empty() {
            self.place.look_up();
        }
    }

    /// Puts the findings together by something else, or not at all.
    pub fn regroup(&mut self, by: Option<GroupBy>) {
        self.by = by;
        if let Some(dossier) = self.of.clone() {
            // Names of groups mean something else now: all are open.
            self.lines.open_all();
            self.show(&dossier);
        }
    }

    /// Opens or closes the group that the cursor is in; the cursor goes to its heading.
    pub fn fold(&mut self) {
        let Some(place) = self.lines.group_of(self.place.cursor()) else { return };
        self.lines.fold(place);
        self.place.follow(self.lines.heading(place), self.lines.len());
    }

    /// Opens or closes all groups.
    pub fn fold_all(&mut self) {
        let place = self.lines.group_of(self.place.cursor());
        self.lines.fold_all();
        self.place.follow(place.and_then(|p| self.lines.heading(p)), self.lines.len());
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step) {
        self.place.step(step, self.lines.len());
    }

    /// Moves the cursor from one finding to the next, over headings.
    pub fn step_match(&mut self, step: Step) {
        for _ in 0..=self.lines.groups().len() {
            self.step(step);
            if !matches!(self.line(), Some(Line::Heading(_))) {
                return;
            }
        }
    }

    /// The open findings that the cursor stands for: one, or those of its group.
    pub fn here(&self) -> Vec<Fingerprint> {
        match self.line() {
            Some(Line::Heading(place)) => self.open(Some(place)),
            _ => self.selected().filter(|t| t.is_open()).map(|t| t.finding.fingerprint).into_iter().collect(),
        }
    }

    /// The open findings that are shown, of a group or all.
    pub fn open(&self, group: Option<usize>) -> Vec<Fingerprint> {
        let Some(dossier) = &self.of else { return Vec::new() };
        let there = self.lines.indices(group).filter_map(|index| dossier.findings.get(index));
        there.filter(|t| t.is_open()).map(|t| t.finding.fingerprint).collect()
    }
}

#[cfg(test)]
mod tests;
