//! One run of a tool, written in several formats: what one of them says and another leaves out keeps no two findings apart.
//!
//! CSV has no code, JUnit XML often no line. Where two reports of one tool tell of the same rule in
//! the same file, and contradict each other in nothing, they tell of the same finding. Two findings of one report never
//! become one here, and what could be meant by several is left as it is.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::group::Groups;
use super::merge::total_order;
use super::{normalise_path, normalise_snippet, normalise_tool};
use crate::domain::finding::{Finding, Rung};
use crate::text::Untrusted;

/// So many findings of one place in another report are tried before one is left as it is.
const TRIED: usize = 16;

/// What findings must have in common before they are compared: the tool, the rule, the path, and what the step adds.
type Key = (String, String, String, String);

/// What is known of a finding, or of several that are one already.
#[derive(Clone)]
struct Known {
    lists: Vec<usize>,
    line: Option<u32>,
    logical: Option<String>,
    snippet: Option<String>,
    package: Option<String>,
    version: Option<String>,
    nowhere: bool,
    /// How the names of the reports end.
    kinds: Vec<String>,
}

impl Known {
    fn of(finding: &Finding, list: usize) -> Self {
        let place = &finding.location;
        let package = finding.package.as_ref();
        Self {
            lists: vec![list],
            line: place.line,
            logical: place.logical.as_ref().map(|l| l.raw().to_owned()),
            snippet: finding
                .snippet
                .as_ref()
                .map(|s| normalise_snippet(s.raw()).into_owned())
                .filter(|s| !s.is_empty()),
            package: package.map(|p| p.name.raw().to_lowercase().replace(':', "/")),
            nowhere: is_nowhere(finding),
            kinds: finding.sources.iter().map(|s| kind_of(s.report.raw())).collect(),
            version: package.and_then(|p| p.version.as_ref()).map(|v| v.raw().to_owned()),
        }
    }

    /// Whether both may be the same: they are of different reports, and what both say is equal.
    fn agrees(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.zip(b).is_none_or(|(a, b)| a == b)
        }
        // Two hosts or folders that were looked at each for itself are not one, though their reports may not name them: without
        // code to compare, only another format speaks for one run.
        let one_run = || !self.kinds.iter().any(|k| other.kinds.contains(k));
        let same_code = !self.nowhere && !other.nowhere && self.snippet.is_some() && other.snippet.is_some();
        !self.lists.iter().any(|l| other.lists.contains(l))
            && (same_code || one_run())
            && same(self.line.as_ref(), other.line.as_ref())
            && same(self.logical.as_ref(), other.logical.as_ref())
            // One format quotes the line, another all lines of the place.
            && self.snippet.as_ref().zip(other.snippet.as_ref()).is_none_or(|(a, b)| a.contains(b) || b.contains(a))
            && same(self.package.as_ref(), other.package.as_ref())
            && same(self.version.as_ref(), other.version.as_ref())
    }

    fn add(&mut self, other: Self) {
        self.lists.extend(other.lists);
        self.kinds.extend(other.kinds);
        self.nowhere &= other.nowhere;
        self.line = self.line.or(other.line);
        self.logical = self.logical.take().or(other.logical);
        self.snippet = self.snippet.take().or(other.snippet);
        self.package = self.package.take().or(other.package);
        self.version = self.version.take().or(other.version);
    }
}

/// What has to be equal in a step, the surest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The line.
    Line,
    /// The function, the resource, the package, or that there is none; of what has no place at all, what it says.
    Place,
    /// The path alone, and nothing else that could be meant.
    Path,
}

impl Step {
    fn key(self, finding: &Finding, tool: &str) -> Option<Key> {
        let raw = |text: &Option<Untrusted>| text.as_ref().map_or("", |t| t.raw()).to_owned();
        let path = normalise_path(&raw(&finding.location.path)).into_owned();
        let more = match self {
            Self::Line => finding.location.line?.to_string(),
            Self::Place => {
                let package = finding.package.as_ref().map_or("", |p| p.name.raw());
                let logical = raw(&finding.location.logical);
                // What has no place at all is the same only where it says the same.
                let said = if is_nowhere(finding) { words_of(finding.detail.raw()) } else { String::new() };
                [&logical, package, &said].join("\u{0}")
            }
            Self::Path => String::new(),
        };
        let placed = !path.is_empty() || more.len() > 2;
        placed.then(|| (tool.to_owned(), finding.rule.raw().to_owned(), path, more))
    }
}

/// Whether a finding has no place at all.
fn is_nowhere(finding: &Finding) -> bool {
    let place = &finding.location;
    place.path.is_none() && place.logical.is_none() && finding.package.is_none()
}

/// How a file's name ends, which tells formats of one run apart.
fn kind_of(report: &str) -> String {
    report.rsplit_once('.').map_or("", |(_, end)| end).to_lowercase()
}

/// A text without its line breaks and the dashes of its lists, which formats write or leave out.
fn words_of(text: &str) -> String {
    text.split_whitespace().filter(|w| *w != "-").collect::<Vec<_>>().join(" ")
}

/// Joins the findings of one run. `list_of` says of which report each finding is.
pub(super) fn join_all(all: &[Arc<Finding>], list_of: &[usize], groups: &mut Groups) {
    let tools: Vec<Vec<String>> = all.iter().map(|f| tools_of(f)).collect();
    let several = of_several_reports(&tools, list_of);
    if several.is_empty() {
        return;
    }
    let mut known: HashMap<usize, Known> = HashMap::new();
    for (index, (finding, list)) in all.iter().zip(list_of).enumerate() {
        let fresh = Known::of(finding, *list);
        match known.get_mut(&groups.first(index)) {
            Some(one) => one.add(fresh),
            None => {
                known.insert(groups.first(index), fresh);
            }
        }
    }
    for step in [Step::Line, Step::Place, Step::Path] {
        let mut buckets: HashMap<Key, Vec<usize>> = HashMap::new();
        for (index, finding) in all.iter().enumerate() {
            let own = tools.get(index).into_iter().flatten().filter(|t| several.contains(t));
            for key in own.filter_map(|tool| step.key(finding, tool)) {
                buckets.entry(key).or_default().push(index);
            }
        }
        let mut buckets: Vec<(Key, Vec<usize>)> = buckets.into_iter().filter(|(_, b)| b.len() > 1).collect();
        buckets.sort_unstable();
        for (_, bucket) in buckets {
            match_up(step, all, &bucket, list_of, groups, &mut known);
        }
    }
}

fn tools_of(finding: &Finding) -> Vec<String> {
    let mut tools: Vec<String> = finding.sources.iter().map(|s| normalise_tool(s.tool.raw())).collect();
    tools.sort_unstable();
    tools.dedup();
    tools
}

/// The tools that findings of more than one report are from.
fn of_several_reports<'t>(tools: &'t [Vec<String>], list_of: &[usize]) -> Vec<&'t String> {
    let mut first: HashMap<&String, (usize, bool)> = HashMap::new();
    for (own, list) in tools.iter().zip(list_of) {
        for tool in own {
            let seen = first.entry(tool).or_insert((*list, false));
            seen.1 |= seen.0 != *list;
        }
    }
    first.into_iter().filter(|(tool, (_, several))| *several && !tool.is_empty()).map(|(tool, _)| tool).collect()
}

/// Matches what the reports have at one place: those of the report with the most first, and the others with these.
fn match_up(
    step: Step,
    all: &[Arc<Finding>],
    bucket: &[usize],
    list_of: &[usize],
    groups: &mut Groups,
    known: &mut HashMap<usize, Known>,
) {
    let order = |a: &usize, b: &usize| match (all.get(*a), all.get(*b)) {
        (Some(a), Some(b)) => total_order(a, b),
        _ => Ordering::Equal,
    };
    let mut lists: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in bucket {
        lists.entry(list_of.get(*index).copied().unwrap_or_default()).or_default().push(*index);
    }
    if lists.len() < 2 {
        return;
    }
    // Each is in order already, as all findings of a report are.
    let mut lists: Vec<Vec<usize>> = lists.into_values().collect();
    lists.sort_by(|a, b| {
        let unequal = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|o| *o != Ordering::Equal);
        b.len().cmp(&a.len()).then(unequal.unwrap_or(Ordering::Equal))
    });
    let mut slots: Vec<usize> = Vec::new();
    for list in lists {
        let taken: HashSet<usize> = slots.iter().map(|s| groups.first(*s)).collect();
        let own: HashSet<usize> = list.iter().map(|i| groups.first(*i)).collect();
        let open: Vec<usize> = list.into_iter().filter(|i| !taken.contains(&groups.first(*i))).collect();
        let mut free: Vec<usize> = slots.iter().rev().copied().filter(|s| !own.contains(&groups.first(*s))).collect();
        if step == Step::Path && (open.len() > 1 || free.len() > 1) {
            slots.extend(open);
            continue;
        }
        for index in open {
            let fits = |slot: &usize| {
                let (a, b) = (known.get(&groups.first_of(*slot)), known.get(&groups.first_of(index)));
                a.zip(b).is_some_and(|(a, b)| a.agrees(b))
            };
            let Some(at) = free.iter().rev().take(TRIED).position(fits) else {
                slots.push(index);
                continue;
            };
            let slot = free.remove(free.len() - 1 - at);
            let (a, b) = (groups.first(slot), groups.first(index));
            groups.join(a, b, Some(Rung::Snippet));
            if let Some(other) = known.remove(&a.max(b))
                && let Some(one) = known.get_mut(&a.min(b))
            {
                one.add(other);
            }
        }
    }
}
