//! Which findings are one and the same.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{identify_shared, normalise_image, normalise_path, normalise_snippet, normalise_tool, same_run};
use crate::domain::canonical::hash_of;
use crate::domain::finding::{Class, Finding, MatchKey};
use crate::domain::severity::Severity;
use crate::text::Untrusted;

/// SHA-256 over what makes findings one.
type Hash = [u8; 32];

/// Merges exact repeats within one report: the same rule, place, package and words. Gives what is left, in the order of
/// their first appearance, and how many were merged into others.
///
/// What differs in a repeat (a graver severity, another id of the tool) is kept in the one that stays.
pub fn merge_within(findings: Vec<Finding>) -> (Vec<Finding>, u32) {
    let mut first_of = HashMap::with_capacity(findings.len());
    let mut merged = 0;
    // For each finding, which group it belongs to; the keys borrow, so that a large report is not copied.
    let group_of: Vec<usize> = findings
        .iter()
        .map(|f| {
            let words = (&f.title, &f.detail, &f.snippet);
            let next = first_of.len();
            let group = *first_of.entry((&f.rule, &f.location, words, &f.package)).or_insert(next);
            merged += u32::from(group != next);
            group
        })
        .collect();
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    groups.resize_with(first_of.len(), Vec::new);
    for (finding, group) in findings.into_iter().zip(group_of) {
        if let Some(members) = groups.get_mut(group) {
            members.push(finding);
        }
    }
    (groups.into_iter().filter_map(united).collect(), merged)
}

/// Merges the findings of several reports. The outcome does not depend on the order of the lists.
///
/// Two are one where they name the same vulnerability in the same version of the same package at the same place, or
/// where the same tool reports the same rule, path, line and code (one run written in two formats, of which one may say
/// less: see [`same_run`]). Where a list has
/// several findings of one such key, the first is matched with the first of the other list, and so on: two findings of
/// one report are never made one here.
///
/// A finding that nothing is added to is not copied, but shared with whoever has it.
pub fn merge_across<F: Into<Arc<Finding>>>(lists: Vec<Vec<F>>) -> Vec<Arc<Finding>> {
    let mut all: Vec<Arc<Finding>> = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    let mut first_of: HashMap<Hash, usize> = HashMap::new();
    let mut parent: Vec<usize> = Vec::new();
    let mut list_of: Vec<usize> = Vec::new();
    for (number, list) in lists.into_iter().enumerate() {
        let mut list: Vec<Arc<Finding>> = list.into_iter().map(Into::into).collect();
        list.sort_by(|a, b| total_order(a, b));
        let mut occurrences: HashMap<Hash, u32> = HashMap::new();
        for finding in list {
            let index = all.len();
            parent.push(index);
            for key in merge_keys(&finding) {
                let count = occurrences.entry(key).or_default();
                let key = hash_of(&(key, *count));
                *count += 1;
                match first_of.get(&key) {
                    Some(other) => join(&mut parent, index, *other),
                    None => {
                        first_of.insert(key, index);
                    }
                }
            }
            all.push(finding);
            list_of.push(number);
        }
    }
    drop(first_of);
    same_run::join_all(&all, &list_of, &mut parent);
    let mut of_root: Vec<(usize, Arc<Finding>)> = Vec::with_capacity(all.len());
    of_root.extend(all.into_iter().enumerate().map(|(index, finding)| (root(&mut parent, index), finding)));
    of_root.sort_by_key(|(root, _)| *root);
    let groups = of_root.chunk_by(|(a, _), (b, _)| a == b);
    let mut out: Vec<Arc<Finding>> = groups.filter_map(united_shared).collect();
    drop(of_root);
    identify_shared(&mut out);
    out.sort_by(|a, b| (a.severity, &a.fingerprint).cmp(&(b.severity, &b.fingerprint)).then_with(|| total_order(a, b)));
    out
}

pub(super) fn root(parent: &mut [usize], mut index: usize) -> usize {
    while let Some(up) = parent.get(index).copied().filter(|up| *up != index) {
        // Halves the path, so that long chains stay cheap.
        let above = parent.get(up).copied().unwrap_or(up);
        if let Some(slot) = parent.get_mut(index) {
            *slot = above;
        }
        index = above;
    }
    index
}

pub(super) fn join(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    if let Some(slot) = parent.get_mut(a.max(b)) {
        *slot = a.min(b);
    }
}

/// The keys by which findings of different reports are one.
fn merge_keys(finding: &Finding) -> Vec<Hash> {
    let path = finding.location.path.as_ref().map_or("", Untrusted::raw);
    let mut keys = Vec::new();
    if let Some(package) = finding.package.as_ref().filter(|_| !finding.vulnerabilities.is_empty()) {
        let place = match finding.class {
            Class::Container => ("image", repository(&normalise_image(path))),
            _ => ("path", normalise_path(path)),
        };
        let name = package.name.raw().to_lowercase().replace(':', "/");
        let version = package.version.as_ref().map_or("", |v| v.raw());
        keys.extend(alias_ids(finding).iter().map(|id| hash_of(&("vulnerability", id, &name, version, &place))));
    }
    let snippet = finding.snippet.as_ref().map(|s| normalise_snippet(s.raw())).unwrap_or_default();
    // Without any place or code the rule alone would join what is not the same.
    if finding.location.line.is_some() || !snippet.is_empty() {
        let tools: HashSet<String> = finding.sources.iter().map(|s| normalise_tool(s.tool.raw())).collect();
        keys.extend(tools.iter().map(|tool| {
            let place = (normalise_path(path), finding.location.line, &finding.location.logical);
            hash_of(&("same-tool", tool, &finding.rule, place, &snippet, &finding.package))
        }));
    }
    keys
}

/// An image's name without its registry, which Trivy leaves out in some formats: `library/alpine` is `docker.io/library/alpine`.
fn repository(image: &str) -> String {
    let bare = match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => image,
    };
    bare.strip_prefix("library/").unwrap_or(bare).to_owned()
}

/// The vulnerability ids that may join a finding with another.
///
/// A finding that names several CVEs (an advisory of a distribution) is joined only with one that names the same set;
/// else it would draw different vulnerabilities into one.
fn alias_ids(finding: &Finding) -> Vec<String> {
    let mut cves: Vec<&str> = finding.cves().collect();
    cves.sort_unstable();
    cves.dedup();
    if cves.len() > 1 {
        return vec![cves.join("+")];
    }
    finding.vulnerabilities.iter().map(|v| v.raw().to_uppercase()).collect()
}

/// As [`united`]; one that stands alone and is in order already stays the very same.
fn united_shared(group: &[(usize, Arc<Finding>)]) -> Option<Arc<Finding>> {
    if let [(_, one)] = group
        && is_in_order(one)
    {
        return Some(Arc::clone(one));
    }
    united(group.iter().map(|(_, finding)| Finding::clone(finding)).collect()).map(Arc::new)
}

fn is_in_order(finding: &Finding) -> bool {
    let rising = |keys: &[MatchKey]| {
        keys.is_sorted_by_key(|k| k.rung)
            && keys.iter().enumerate().all(|(i, k)| keys.iter().skip(i + 1).all(|o| o != k))
    };
    finding.vulnerabilities.is_sorted_by(|a, b| a < b)
        && finding.cwe.is_sorted_by(|a, b| a < b)
        && finding.sources.is_sorted_by(|a, b| a < b)
        && rising(&finding.keys)
}

/// One finding from several that are the same: the gravest is taken, and what it lacks is added from the others.
fn united(mut group: Vec<Finding>) -> Option<Finding> {
    if group.len() > 1 {
        group.sort_by(|a, b| grave_first(a.severity).cmp(&grave_first(b.severity)).then_with(|| total_order(a, b)));
    }
    let all_suppressed = group.iter().all(|f| f.suppressed.is_some());
    let mut group = group.into_iter();
    let mut one = group.next()?;
    for other in group {
        one.location.line = one.location.line.or(other.location.line);
        one.location.column = one.location.column.or(other.location.column);
        one.location.logical = one.location.logical.or(other.location.logical);
        one.snippet = one.snippet.or(other.snippet);
        one.confidence = one.confidence.or(other.confidence);
        one.url = one.url.or(other.url);
        one.vulnerabilities.extend(other.vulnerabilities);
        one.cwe.extend(other.cwe);
        one.keys.extend(other.keys);
        one.sources.extend(other.sources);
        one.package = match (one.package, other.package) {
            (Some(mut a), Some(b)) => {
                a.version = a.version.or(b.version);
                a.purl = a.purl.or(b.purl);
                a.fixed.extend(b.fixed);
                a.fixed.sort();
                a.fixed.dedup();
                Some(a)
            }
            (a, b) => a.or(b),
        };
    }
    if !all_suppressed {
        one.suppressed = None;
    }
    one.vulnerabilities.sort();
    one.vulnerabilities.dedup();
    one.cwe.sort_unstable();
    one.cwe.dedup();
    one.sources.sort();
    one.sources.dedup();
    order_keys(&mut one);
    Some(one)
}

/// Keys by rung; of one rung a CVE's key stays before another id's, as the maker of the keys put them.
fn order_keys(finding: &mut Finding) {
    let mut seen = HashSet::new();
    finding.keys.retain(|k| seen.insert(k.clone()));
    finding.keys.sort_by_key(|k| k.rung);
}

/// Unknown counts as high, but a known high is said rather than unknown.
fn grave_first(severity: Severity) -> (Reverse<u8>, Severity) {
    (Reverse(severity.weight()), severity)
}

/// An order of findings by all that is in them. What place and rule tell apart is not hashed.
pub(super) fn total_order(a: &Finding, b: &Finding) -> Ordering {
    (&a.location, &a.rule)
        .cmp(&(&b.location, &b.rule))
        .then_with(|| if a == b { Ordering::Equal } else { hash_of(a).cmp(&hash_of(b)) })
}
