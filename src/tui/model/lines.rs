//! The lines of the list of findings: findings alone, or under the headings of their groups. A line is looked up when it
//! is painted, so that a million of them cost what twenty do.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::domain::grouping::Group;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The heading of a group, by its place.
    Heading(usize),
    /// A finding, by its place in the dossier.
    Finding(usize),
}

/// The findings that are shown, by their places in the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of them, in order.
    All(Range<usize>),
    /// Some, or all in the order of their groups.
    Some(Vec<u32>),
}

impl Default for Shown {
    fn default() -> Self {
        Self::All(0..0)
    }
}

impl Shown {
    fn len(&self) -> usize {
        match self {
            Self::All(range) => range.len(),
            Self::Some(indices) => indices.len(),
        }
    }

    fn get(&self, at: usize) -> Option<usize> {
        match self {
            Self::All(range) => Some(range.start + at).filter(|index| range.contains(index)),
            Self::Some(indices) => indices.get(at).map(|index| *index as usize),
        }
    }
}

/// The lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    shown: Shown,
    groups: Vec<Group>,
    /// The line of each group's heading.
    headings: Vec<usize>,
    /// The names of the groups that are closed.
    closed: BTreeSet<String>,
    len: usize,
}

impl Lines {
    /// Of findings, in the order of their groups where there are any; the groups of these names are closed.
    pub fn new(shown: Shown, groups: Vec<Group>, closed: BTreeSet<String>) -> Self {
        let mut lines = Self { shown, groups, headings: Vec::new(), closed, len: 0 };
        lines.lay_out();
        lines
    }

    fn lay_out(&mut self) {
        if self.groups.is_empty() {
            self.len = self.shown.len();
            return;
        }
        let mut line = 0;
        self.headings.clear();
        for group in &self.groups {
            self.headings.push(line);
            line += 1 + if self.closed.contains(&group.name) { 0 } else { group.size };
        }
        self.len = line;
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many findings are shown, those of closed groups included.
    pub fn findings(&self) -> usize {
        self.shown.len()
    }

    /// The groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The names of the groups that are closed.
    pub fn closed(&self) -> &BTreeSet<String> {
        &self.closed
    }

    /// Whether a group is closed.
    pub fn is_closed(&self, group: &Group) -> bool {
        self.closed.contains(&group.name)
    }

    /// What a line is.
    pub fn get(&self, line: usize) -> Option<Line> {
        if self.groups.is_empty() {
            return self.shown.get(line).map(Line::Finding);
        }
        if line >= self.len {
            return None;
        }
        let place = self.group_of(line)?;
        match line.checked_sub(self.headings.get(place)? + 1) {
            None => Some(Line::Heading(place)),
            Some(within) => self.shown.get(self.groups.get(place)?.start + within).map(Line::Finding),
        }
    }

    /// The place of the group that a line belongs to.
    pub fn group_of(&self, line: usize) -> Option<usize> {
        self.headings.partition_point(|heading| *heading <= line).checked_sub(1)
    }

    /// The line of a group's heading.
    pub fn heading(&self, place: usize) -> Option<usize> {
        self.headings.get(place).copied()
    }

    /// The line of a finding, or of the heading of its group if that is closed.
    pub fn line_of(&self, index: usize) -> Option<usize> {
        let at = match &self.shown {
            Shown::All(range) => range.contains(&index).then(|| index - range.start),
            Shown::Some(indices) if self.groups.is_empty() => {
                indices.binary_search_by(|i| (*i as usize).cmp(&index)).ok()
            }
            Shown::Some(indices) => indices.iter().position(|i| *i as usize == index),
        }?;
        if self.groups.is_empty() {
            return Some(at);
        }
        let place = self.groups.partition_point(|g| g.start <= at).checked_sub(1)?;
        let (group, heading) = (self.groups.get(place)?, self.heading(place)?);
        Some(if self.is_closed(group) { heading } else { heading + 1 + (at - group.start) })
    }

    /// The findings of a group, by their places in the dossier; of all groups without one.
    pub fn indices(&self, group: Option<usize>) -> impl Iterator<Item = usize> {
        let range = match group.map(|place| self.groups.get(place)) {
            None => 0..self.shown.len(),
            Some(Some(group)) => group.start..group.start + group.size,
            Some(None) => 0..0,
        };
        range.filter_map(|at| self.shown.get(at))
    }

    /// Closes a group that is open, and opens one that is closed.
    pub fn fold(&mut self, place: usize) {
        let Some(group) = self.groups.get(place) else { return };
        if !self.closed.remove(&group.name) {
            self.closed.insert(group.name.clone());
        }
        self.lay_out();
    }

    /// Opens all groups.
    pub fn open_all(&mut self) {
        self.closed.clear();
        self.lay_out();
    }

    /// Closes all groups; opens them, if all are closed.
    pub fn fold_all(&mut self) {
        if self.groups.iter().all(|g| self.closed.contains(&g.name)) {
            self.closed.clear();
        } else {
            self.closed = self.groups.iter().map(|g| g.name.clone()).collect();
        }
        self.lay_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::severity::Tally;

    fn group(name: &str, start: usize, size: usize) -> Group {
        Group { name: name.to_owned(), tally: Tally::default(), size, start }
    }

    #[test]
    fn each_line_is_found_and_leads_back() {
        let groups = vec![group("a", 0, 2), group("b", 2, 1), group("c", 3, 2)];
        let mut lines = Lines::new(Shown::Some(vec![4, 9, 7, 1, 3]), groups, BTreeSet::new());
        let shown = |lines: &Lines| (0..lines.len()).filter_map(|l| lines.get(l)).collect::<Vec<_>>();
        let [h, f] = [Line::Heading as fn(usize) -> Line, Line::Finding];
        assert_eq!(shown(&lines), [h(0), f(4), f(9), h(1), f(7), h(2), f(1), f(3)]);
        for line in 0..lines.len() {
            if let Some(Line::Finding(index)) = lines.get(line) {
                assert_eq!(lines.line_of(index), Some(line));
            }
        }
        lines.fold(0);
        assert_eq!(shown(&lines), [h(0), h(1), f(7), h(2), f(1), f(3)]);
        assert_eq!(lines.line_of(9), Some(0), "the heading stands for what is in it");
        assert_eq!(lines.indices(Some(0)).collect::<Vec<_>>(), [4, 9]);
        lines.fold_all();
        assert_eq!(shown(&lines), [h(0), h(1), h(2)]);
        assert_eq!(lines.get(3), None);
        lines.fold_all();
        assert_eq!((lines.len(), lines.findings()), (8, 5));
        assert_eq!(lines.line_of(5), None);
    }

    #[test]
    fn without_groups_a_line_is_a_finding() {
        let all = Lines::new(Shown::All(3..6), Vec::new(), BTreeSet::new());
        assert_eq!((all.get(0), all.get(3), all.line_of(5)), (Some(Line::Finding(3)), None, Some(2)));
        let some = Lines::new(Shown::Some(vec![2, 8]), Vec::new(), BTreeSet::new());
        assert_eq!((some.get(1), some.line_of(8), some.line_of(3)), (Some(Line::Finding(8)), Some(1), None));
    }
}
