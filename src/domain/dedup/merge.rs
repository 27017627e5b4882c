//! Which findings are one and the same.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::group::{Groups, Key, Keys};
use super::join::{FEW, join_by_component, join_by_tool_id, join_repeats};
use super::{component, identify_shared, normalise_image, normalise_path, normalise_snippet, normalise_tool, same_run};
use crate::domain::finding::{Class, Finding, Location, MatchKey, Rung};
use crate::domain::severity::Severity;
use crate::text::Untrusted;

/// A finding in a place of its own.
pub type Held = Box<Finding>;

/// Merges what one report says several times. Gives what is left, in the order of first appearance, and how many were
/// merged into others.
///
/// One are: exact repeats (rule, place, package and words); results to which the tool gives the same stable id, rule and
/// path; and the same vulnerability in the same version of the same package, whose places are then all listed. What
/// differs in a repeat (a graver severity, another id of the tool) is kept in the one that stays.
///
/// Findings come each in a place of its own, so that a large report's are not copied on the way. At most so many threads work
/// on it.
pub fn merge_within(findings: Vec<Held>, threads: usize) -> (Vec<Finding>, u32) {
    let mut groups = Groups::new(findings.len());
    join_repeats(&findings, threads, &mut groups);
    join_by_tool_id(&findings, &mut groups);
    join_by_component(&findings, &Keys::default(), threads, &mut groups);
    let mut slots: Vec<u32> = vec![0; findings.len()];
    let mut others: Vec<(u32, Held)> = Vec::new();
    let mut staying = 0;
    // The first of each group stays.
    let stays = |(index, finding): (usize, Held)| {
        let first = groups.first(index);
        if first != index {
            others.push((slots.get(first).copied().unwrap_or_default(), finding));
            return None;
        }
        if let Some(slot) = slots.get_mut(index) {
            *slot = staying;
        }
        staying += 1;
        Some(finding)
    };
    let mut left: Vec<Held> = findings.into_iter().enumerate().filter_map(stays).collect();
    let merged = u32::try_from(others.len()).unwrap_or(u32::MAX);
    others.sort_by_key(|(slot, _)| *slot);
    unite(&mut left, others, threads);
    (left.into_iter().map(|finding| *finding).collect(), merged)
}

/// Unites each with what is merged into it, by number.
fn unite(left: &mut [Held], mut others: Vec<(u32, Held)>, threads: usize) {
    let size = if others.len() < FEW { left.len() } else { left.len().div_ceil(threads.max(1)) }.max(1);
    let mut parts = Vec::new();
    // What belongs to the last stands at the end.
    for (number, part) in left.chunks_mut(size).enumerate().rev() {
        let first = u32::try_from(number * size).unwrap_or(u32::MAX);
        let own = others.partition_point(|(slot, _)| *slot < first);
        parts.push((first, part, others.split_off(own)));
    }
    std::thread::scope(|scope| {
        let mut parts = parts.into_iter();
        let own = parts.next();
        for (first, part, others) in parts {
            scope.spawn(move || unite_part(first, part, others));
        }
        if let Some((first, part, others)) = own {
            unite_part(first, part, others);
        }
    });
}

/// As [`unite`], of findings of which the first has that number.
fn unite_part(first: u32, left: &mut [Held], others: Vec<(u32, Held)>) {
    let mut others = others.into_iter().peekable();
    for (slot, one) in (first..).zip(left) {
        let more = std::iter::from_fn(|| others.next_if(|(of, _)| *of == slot)).map(|(_, other)| other);
        let more: Vec<Held> = more.collect();
        let words = said(one, &more);
        unite_all(one, more);
        add_said(one, &words);
    }
}

/// How many other titles of one finding are told.
const TOLD: usize = 10;

/// What the results of a group are called, each once.
fn said(one: &Finding, others: &[Held]) -> Vec<Untrusted> {
    let mut titles: Vec<Untrusted> = Vec::new();
    for finding in others {
        if titles.len() < TOLD && finding.title != one.title && !titles.contains(&finding.title) {
            titles.push(finding.title.clone());
        }
    }
    if !titles.is_empty() {
        titles.insert(0, one.title.clone());
    }
    titles
}

/// Adds to the detail what else the merged results are called: one id of a tool may stand for several complaints.
fn add_said(one: &mut Finding, titles: &[Untrusted]) {
    let others: Vec<&str> = titles.iter().filter(|t| **t != one.title).map(Untrusted::raw).collect();
    if !others.is_empty() {
        one.detail = Untrusted::new(format!("{}\n\nAlso: {}", one.detail.raw(), others.join("\nAlso: ")));
    }
}

/// Merges the findings of several reports. The outcome does not depend on the order of the lists.
///
/// Two are one where they name the same vulnerability (by any of its ids) in the same version of the same package, or
/// where the same tool reports the same stable id, or the same rule, path, line and code (one run written in two formats, of
/// which one may say less: see [`same_run`]).
/// Where a list has several findings of one such line, the first is matched with the first of the other list, and so on:
/// two findings of one report are never made one by their line.
///
/// A finding that nothing is added to is not copied, but shared with whoever has it.
pub fn merge_across<F: Into<Arc<Finding>>>(lists: Vec<Vec<F>>) -> Vec<Arc<Finding>> {
    let keys = Keys::default();
    let mut all: Vec<Arc<Finding>> = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    let mut by_line: Vec<(Key, usize)> = Vec::new();
    let mut list_of: Vec<usize> = Vec::new();
    for (number, list) in lists.into_iter().enumerate() {
        let mut list: Vec<Arc<Finding>> = list.into_iter().map(Into::into).collect();
        list.sort_by(|a, b| total_order(a, b));
        let mut occurrences: HashMap<Key, u32> = HashMap::new();
        for finding in list {
            for key in line_keys(&finding, &keys) {
                let count = occurrences.entry(key).or_default();
                by_line.push((keys.of(&(key, *count)), all.len()));
                *count += 1;
            }
            all.push(finding);
            list_of.push(number);
        }
    }
    let mut groups = Groups::new(all.len());
    groups.join_all(by_line, Some(Rung::Snippet));
    join_by_tool_id(&all, &mut groups);
    join_by_component(&all, &keys, 1, &mut groups);
    same_run::join_all(&all, &list_of, &mut groups);
    let mut of_group: Vec<(usize, Arc<Finding>)> = Vec::with_capacity(all.len());
    of_group.extend(all.into_iter().enumerate().map(|(index, finding)| (groups.first(index), finding)));
    of_group.sort_by_key(|(first, _)| *first);
    let mut out: Vec<Arc<Finding>> = of_group
        .chunk_by(|(a, _), (b, _)| a == b)
        .filter_map(|group| united_shared(group, groups.joined_by(group.first()?.0)))
        .collect();
    drop(of_group);
    identify_shared(&mut out);
    out.sort_by(|a, b| (a.severity, &a.fingerprint).cmp(&(b.severity, &b.fingerprint)).then_with(|| total_order(a, b)));
    out
}

/// The image that a package of a container belongs to; empty for everything else.
pub(super) fn image(finding: &Finding) -> &str {
    match (&finding.location.path, finding.class) {
        (Some(path), Class::Container) => repository(normalise_image(path.raw())),
        _ => "",
    }
}

/// An image's name without its registry, which Trivy leaves out in some formats: `library/alpine` is `docker.io/library/alpine`.
fn repository(image: &str) -> &str {
    let bare = match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => image,
    };
    bare.strip_prefix("library/").unwrap_or(bare)
}

/// The keys by which results of the same tool in different reports are one.
fn line_keys(finding: &Finding, keys: &Keys) -> Vec<Key> {
    let snippet = finding.snippet.as_ref().map(|s| normalise_snippet(s.raw())).unwrap_or_default();
    // Without code the same place of two targets that were scanned each for itself looks like one: see `same_run`.
    if snippet.is_empty() {
        return Vec::new();
    }
    let path = normalise_path(finding.location.path.as_ref().map_or("", Untrusted::raw));
    let package = finding.package.as_ref().map(|p| (component::component(p), component::version(p)));
    let tools: HashSet<String> = finding.sources.iter().map(|s| normalise_tool(s.tool.raw())).collect();
    let place = (&path, finding.location.line, &finding.location.logical);
    tools.iter().map(|tool| keys.of(&(tool, &finding.rule, place, &snippet, &package))).collect()
}

/// The finding of a group; one that stands alone and is in order already stays the very same.
fn united_shared(group: &[(usize, Arc<Finding>)], by: Option<Rung>) -> Option<Arc<Finding>> {
    let ((_, first), others) = group.split_first()?;
    if others.is_empty() && is_in_order(first) {
        return Some(Arc::clone(first));
    }
    let held = |finding: &Finding| Held::new(finding.clone());
    let mut one = held(first);
    unite_all(&mut one, others.iter().map(|(_, finding)| held(finding)).collect());
    if one.sources.len() > 1 {
        one.joined = by.max(one.joined);
    }
    Some(Arc::from(one))
}

fn is_in_order(finding: &Finding) -> bool {
    finding.vulnerabilities.is_sorted_by(|a, b| a < b)
        && finding.cwe.is_sorted_by(|a, b| a < b)
        && finding.sources.is_sorted_by(|a, b| a < b)
        && finding.keys.is_sorted_by_key(|k| k.rung)
        && differ(&finding.keys)
}

/// So few are compared with one another.
const SHORT: usize = 16;

/// Whether no key stands twice.
fn differ(keys: &[MatchKey]) -> bool {
    if keys.len() <= SHORT {
        return keys.iter().enumerate().all(|(at, key)| keys.iter().take(at).all(|before| before != key));
    }
    keys.iter().collect::<HashSet<_>>().len() == keys.len()
}

/// One finding from several that are the same: the gravest is taken, and what it lacks is added from the others.
fn unite_all(one: &mut Held, mut others: Vec<Held>) {
    if others.is_empty() && is_in_order(one) {
        return;
    }
    let gravest_first = |a: &Finding, b: &Finding| {
        grave_first(a.severity).cmp(&grave_first(b.severity)).then_with(|| total_order(a, b))
    };
    if let Some(graver) = others.iter_mut().min_by(|a, b| gravest_first(a, b)).filter(|g| gravest_first(g, one).is_lt())
    {
        std::mem::swap(one, graver);
    }
    others.sort_by(|a, b| gravest_first(a, b));
    let is_more_than_one = !others.is_empty();
    if others.iter().any(|f| f.suppressed.is_none()) {
        one.suppressed = None;
    }
    for other in others {
        add(one, *other);
    }
    let own = &one.location;
    one.also.retain(|place| place != own);
    one.also.sort();
    one.also.dedup();
    one.vulnerabilities.sort();
    one.vulnerabilities.dedup();
    one.cwe.sort_unstable();
    one.cwe.dedup();
    one.sources.sort();
    one.sources.dedup();
    if let Some(package) = &mut one.package
        && is_more_than_one
    {
        package.fixed.sort();
        package.fixed.dedup();
    }
    order_keys(one);
}

/// Adds what another one has. Nearly always both have the same ids, keys and sources.
fn add(one: &mut Finding, other: Finding) {
    fn all<T: PartialEq>(own: &mut Vec<T>, more: Vec<T>) {
        if *own != more {
            own.extend(more);
        }
    }
    add_place(one, other.location);
    one.also.extend(other.also);
    one.snippet = one.snippet.take().or(other.snippet);
    one.context = one.context.take().or(other.context);
    one.confidence = one.confidence.take().or(other.confidence);
    one.url = one.url.take().or(other.url);
    one.scores = one.scores.take().or(other.scores);
    one.joined = one.joined.max(other.joined);
    all(&mut one.vulnerabilities, other.vulnerabilities);
    all(&mut one.cwe, other.cwe);
    all(&mut one.keys, other.keys);
    all(&mut one.sources, other.sources);
    match (&mut one.package, other.package) {
        (Some(own), Some(other)) => {
            own.version = own.version.take().or(other.version);
            own.purl = own.purl.take().or(other.purl);
            all(&mut own.fixed, other.fixed);
        }
        (own, other) => *own = own.take().or(other),
    }
}

/// Adds what another report says of the place, or the other place.
fn add_place(one: &mut Finding, other: Location) {
    fn agree<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.is_none() || b.is_none() || a == b
    }
    let own = &mut one.location;
    let same = agree(own.path.as_ref(), other.path.as_ref())
        && agree(own.line.as_ref(), other.line.as_ref())
        && agree(own.logical.as_ref(), other.logical.as_ref());
    if same {
        own.path = own.path.take().or(other.path);
        own.line = own.line.or(other.line);
        own.column = own.column.or(other.column);
        own.logical = own.logical.take().or(other.logical);
    } else {
        one.also.push(other);
    }
}

/// Keys by rung; of one rung a CVE's key stays before another id's, as the maker of the keys put them.
fn order_keys(finding: &mut Finding) {
    if finding.keys.len() <= SHORT {
        let all = std::mem::take(&mut finding.keys);
        for key in all {
            if !finding.keys.contains(&key) {
                finding.keys.push(key);
            }
        }
    } else {
        let mut seen = HashSet::new();
        finding.keys.retain(|k| seen.insert(k.clone()));
    }
    finding.keys.sort_by_key(|k| k.rung);
}

/// Unknown counts as high, but a known high is said rather than unknown.
fn grave_first(severity: Severity) -> (Reverse<u8>, Severity) {
    (Reverse(severity.weight()), severity)
}

/// An order of findings by all that is in them.
pub(super) fn total_order(a: &Finding, b: &Finding) -> Ordering {
    fn place(f: &Finding) -> impl Ord {
        (&f.location, &f.rule, &f.title, &f.detail, &f.snippet, &f.package, f.severity, f.class)
    }
    fn names(f: &Finding) -> impl Ord {
        (&f.vulnerabilities, &f.cwe, &f.sources, &f.keys, f.fingerprint, &f.also, f.joined)
    }
    fn more(f: &Finding) -> impl Ord {
        (&f.context, &f.confidence, &f.url, &f.suppressed, &f.scores)
    }
    place(a).cmp(&place(b)).then_with(|| names(a).cmp(&names(b))).then_with(|| more(a).cmp(&more(b)))
}
