//! Findings in groups: by severity, rule, component, file, tool or class.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::finding::Class;
use super::severity::{Severity, Tally};
use super::triage::{Novelty, Triaged};

/// So many groups are sorted by their names too.
const NAMED: usize = 20_000;

/// Which bits of a hash count: in tests few, so that names share one.
const BITS: u64 = if cfg!(test) { 1 } else { u64::MAX };

/// What findings are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// How bad they are.
    Severity,
    /// The rule that found them.
    Rule,
    /// The package that they are in.
    Component,
    /// The file, URL or image that they are in.
    File,
    /// The tools that reported them: those of several tools are a group of their own.
    Tool,
    /// What kind of thing they are.
    Class,
}

impl GroupBy {
    /// All values.
    pub const ALL: [Self; 6] = [Self::Severity, Self::Rule, Self::Component, Self::File, Self::Tool, Self::Class];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Rule => "rule",
            Self::Component => "component",
            Self::File => "file",
            Self::Tool => "tool",
            Self::Class => "class",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.word() == word)
    }

    /// The name of the group that a finding is in, as it came: not safe to display.
    pub fn name_of(self, triaged: &Triaged) -> Cow<'_, str> {
        let finding = &triaged.finding;
        let or_none = |text: Option<&str>| match text.filter(|t| !t.is_empty()) {
            Some(text) => Cow::Owned(text.to_owned()),
            None => Cow::Owned(format!("no {}", self.word())),
        };
        match self {
            Self::Severity => finding.severity.word().into(),
            Self::Class => finding.class.word().into(),
            Self::Rule => finding.rule.raw().into(),
            Self::Component => match &finding.package {
                Some(package) => package.name.raw().into(),
                None => or_none(None),
            },
            Self::File => match &finding.location.path {
                Some(path) => path.raw().into(),
                None => or_none(None),
            },
            Self::Tool => match finding.sources.as_slice() {
                [one] => one.tool.raw().into(),
                several => {
                    let mut tools: Vec<&str> = several.iter().map(|s| s.tool.raw()).collect();
                    tools.sort_unstable();
                    tools.dedup();
                    or_none(Some(&tools.join(" + ")))
                }
            },
        }
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What its findings have in common, as it came: not safe to display.
    pub name: String,
    /// Its open findings by severity, those that are new among them, and its dismissed ones.
    pub tally: Tally,
    /// How many findings it has.
    pub size: usize,
    /// Where they begin among all that were grouped.
    pub start: usize,
}

impl Group {
    /// The gravest of its open findings; `None`: none is open.
    pub fn gravest(&self) -> Option<Severity> {
        Severity::ALL.into_iter().filter(|s| self.tally.of(*s) > 0).min_by_key(|s| (std::cmp::Reverse(s.weight()), *s))
    }

    /// In words: `3 open, 1 new, 2 dismissed`.
    pub fn words(&self) -> String {
        let mut words = format!("{} open", self.tally.open());
        match self.tally.new {
            Some(new) => words.push_str(&format!(", {new} new")),
            None => words.push_str(", new: not known"),
        }
        if self.tally.dismissed > 0 {
            words.push_str(&format!(", {} dismissed", self.tally.dismissed));
        }
        words
    }
}

/// Puts findings into groups, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouping {
    by: GroupBy,
    groups: Vec<Group>,
    /// The places of the groups by the hashes of their names, or the next numbers where two have one: a million names are
    /// not held twice, nor hashed again where there is no more room.
    places: HashMap<u64, u32, RandomState>,
    /// Each finding that was taken, and the place of its group.
    taken: Vec<(u32, u32)>,
}

impl Grouping {
    /// Of nothing yet.
    pub fn new(by: GroupBy) -> Self {
        Self { by, groups: Vec::new(), places: HashMap::default(), taken: Vec::new() }
    }

    /// Takes a finding in; `index` is what it is called in the result.
    pub fn take(&mut self, index: u32, triaged: &Triaged) {
        let name = self.by.name_of(triaged);
        let place = self.place(name);
        self.taken.push((index, place));
        let Some(group) = self.groups.get_mut(place as usize) else { return };
        group.size += 1;
        if !triaged.is_open() {
            group.tally.dismissed += 1;
            return;
        }
        group.tally.add(triaged.finding.severity);
        match (triaged.novelty, &mut group.tally.new) {
            (Novelty::New, Some(new)) => *new += 1,
            (Novelty::Unknown, new) => *new = None,
            _ => {}
        }
    }

    /// The place of the group of that name; it is made where there is none.
    fn place(&mut self, name: Cow<'_, str>) -> u32 {
        let mut hash = self.places.hasher().hash_one(name.as_ref()) & BITS;
        while let Some(place) = self.places.get(&hash) {
            if self.groups.get(*place as usize).is_some_and(|group| group.name == name) {
                return *place;
            }
            hash = hash.wrapping_add(1);
        }
        let place = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let tally = Tally { new: Some(0), ..Tally::default() };
        self.groups.push(Group { name: name.into_owned(), tally, size: 0, start: 0 });
        self.places.insert(hash, place);
        place
    }

    /// How many were taken in.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether nothing was taken in.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// The groups, those with the gravest open findings first, and the findings in the order of their groups; within a
    /// group they keep the order in which they were taken in.
    pub fn finish(self) -> (Vec<Group>, Vec<u32>) {
        let Self { by, mut groups, taken, .. } = self;
        // What groups are sorted by, in one number: that sorts a million of them without a pause.
        let rank = |group: &Group| {
            let fixed = match by {
                GroupBy::Severity => Severity::ALL.iter().position(|s| s.word() == group.name),
                GroupBy::Class => Class::ALL.iter().position(|c| c.word() == group.name),
                _ => None,
            };
            let fixed = fixed.map_or(0, |n| n as u128 + 1);
            let (weight, severity) = group.gravest().map_or((u8::MAX, 0), |s| (u8::MAX - s.weight() - 1, s as u8));
            let many = |n: u32| u128::from(u32::MAX - n);
            let size = many(group.tally.open()) << 32 | many(u32::try_from(group.size).unwrap_or(u32::MAX));
            fixed << 80 | u128::from(weight) << 72 | u128::from(severity) << 64 | size
        };
        let mut order: Vec<(u128, usize)> =
            groups.iter().enumerate().map(|(place, group)| (rank(group), place)).collect();
        order.sort_unstable();
        // Where there are more than anybody reads, equal ones keep the order in which they came: names take long.
        if groups.len() <= NAMED {
            let name = |place: usize| groups.get(place).map_or("", |g| g.name.as_str());
            order.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| name(*one).cmp(name(*other))));
        }
        let mut next = vec![0; groups.len()];
        let mut sorted = Vec::with_capacity(groups.len());
        let mut start = 0;
        for (_, place) in order {
            if let (Some(group), Some(slot)) = (groups.get_mut(place), next.get_mut(place)) {
                *slot = start;
                let name = std::mem::take(&mut group.name);
                sorted.push(Group { name, tally: group.tally, size: group.size, start });
                start += group.size;
            }
        }
        let mut indices = vec![0; taken.len()];
        for (index, place) in taken {
            let Some(slot) = next.get_mut(place as usize) else { continue };
            if let Some(to) = indices.get_mut(*slot) {
                *to = index;
            }
            *slot += 1;
        }
        (sorted, indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Finding, Package};

    fn triaged(severity: Severity, rule: &str, tools: &[&str], novelty: Novelty) -> Triaged {
        let sources: Vec<_> = tools
            .iter()
            .map(|t| serde_json::json!({ "tool": t, "tool_version": null, "report": "r", "native_id": null }))
            .collect();
        let finding: Finding = serde_json::from_value(serde_json::json!({
            "fingerprint": "0".repeat(64), "class": "sca", "severity": severity, "rule": rule, "title": "t",
            "detail": "", "location": {}, "vulnerabilities": [], "cwe": [], "keys": [], "sources": sources,
        }))
        .unwrap();
        Triaged { finding: finding.into(), dismissal: None, suggestion: None, novelty }
    }

    fn grouped(by: GroupBy, all: &[Triaged]) -> (Vec<(String, String)>, Vec<u32>) {
        let mut grouping = Grouping::new(by);
        for (index, triaged) in (0..).zip(all) {
            grouping.take(index, triaged);
        }
        let (groups, order) = grouping.finish();
        (groups.iter().map(|g| (g.name.clone(), g.words())).collect(), order)
    }

    #[test]
    fn the_gravest_group_comes_first_and_each_keeps_its_order() {
        let all = [
            triaged(Severity::Low, "B", &["x"], Novelty::New),
            triaged(Severity::High, "A", &["x"], Novelty::Known),
            triaged(Severity::Low, "B", &["x"], Novelty::Known),
            triaged(Severity::Low, "A", &["x"], Novelty::New),
            triaged(Severity::Low, "C", &["x"], Novelty::Unknown),
        ];
        let (groups, order) = grouped(GroupBy::Rule, &all);
        let named = |name: &str, words: &str| (name.to_owned(), words.to_owned());
        assert_eq!(
            groups,
            [named("A", "2 open, 1 new"), named("B", "2 open, 1 new"), named("C", "1 open, new: not known")]
        );
        assert_eq!(order, [1, 3, 0, 2, 4]);
        let (groups, _) = grouped(GroupBy::Severity, &all);
        assert_eq!(groups.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["high", "low"]);
    }

    #[test]
    fn the_gravest_come_first_then_those_with_the_most() {
        let of = |severity, rule| triaged(severity, rule, &["x"], Novelty::Known);
        let mut all: Vec<Triaged> = ["one", "two", "three", "four"].map(|r| of(Severity::Low, r)).to_vec();
        all.extend(["two", "two", "three", "three", "four"].map(|r| of(Severity::Low, r)));
        // What is unknown counts as high.
        all.extend([of(Severity::Medium, "medium"), of(Severity::Unknown, "unknown"), of(Severity::Critical, "grave")]);
        let (groups, order) = grouped(GroupBy::Rule, &all);
        assert_eq!(
            groups.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(),
            ["grave", "unknown", "medium", "three", "two", "four", "one"]
        );
        assert_eq!(order.len(), all.len());
    }

    #[test]
    fn findings_of_several_tools_are_a_group_and_what_has_no_name_too() {
        let mut all = vec![
            triaged(Severity::Low, "R", &["trivy", "grype"], Novelty::New),
            triaged(Severity::Low, "R", &["grype", "trivy", "grype"], Novelty::New),
            triaged(Severity::Low, "R", &["grype"], Novelty::New),
        ];
        let (groups, _) = grouped(GroupBy::Tool, &all);
        assert_eq!(groups.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["grype + trivy", "grype"]);
        std::sync::Arc::make_mut(&mut all[0].finding).package =
            Some(Box::new(Package { name: "zlib".into(), ..Package::default() }));
        let (groups, _) = grouped(GroupBy::Component, &all);
        assert_eq!(groups.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["no component", "zlib"]);
        for by in GroupBy::ALL {
            assert_eq!(GroupBy::from_word(by.word()), Some(by));
        }
    }
}
