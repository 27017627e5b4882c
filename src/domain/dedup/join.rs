//! Which findings belong together, by what they say of themselves.
//!
//! What is compared is drawn together first, on several threads: there may be hundreds of thousands, and most of the time
//! goes by in waiting for memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::ops::Range;

use super::group::{Groups, Key, Keys};
use super::merge::{Held, image};
use super::{component, identities};
use crate::domain::finding::{Class, Finding, Rung};
use crate::text::Untrusted;

/// How many lines apart two results may be that their tool gives one id.
const NEAR: u32 = 5;
/// Fewer are not worth a thread.
pub(super) const FEW: usize = 4096;

/// Does the work in parts, each on a thread of its own; gives what came out, in order.
pub(super) fn in_parts<T: Send>(count: usize, threads: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let size = if count < FEW { count } else { count.div_ceil(threads.max(1)) }.max(1);
    let (work, part) = (&work, |begin: usize| begin..count.min(begin + size));
    std::thread::scope(|scope| {
        let others: Vec<_> = (size..count).step_by(size).map(|begin| scope.spawn(move || work(part(begin)))).collect();
        let mut done = vec![work(part(0))];
        done.extend(others.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))));
        done
    })
}

/// The findings of a part.
fn within<F>(all: &[F], part: Range<usize>) -> impl Iterator<Item = (usize, &F)> {
    part.clone().zip(all.get(part).unwrap_or_default())
}

/// Joins exact repeats.
pub(super) fn join_repeats(findings: &[Held], threads: usize, groups: &mut Groups) {
    let hasher = foldhash::quality::RandomState::default();
    let numbers = in_parts(findings.len(), threads, |part| {
        within(findings, part).map(|(index, f)| (hasher.hash_one(Repeat(f)), index)).collect::<Vec<_>>()
    });
    // Two of one number are compared all the same.
    let mut first_of: HashMap<Numbered<'_>, usize, foldhash::fast::RandomState> = HashMap::default();
    first_of.reserve(findings.len());
    for ((number, index), finding) in numbers.into_iter().flatten().zip(findings) {
        let first = *first_of.entry(Numbered { number, repeat: Repeat(finding) }).or_insert(index);
        if first != index {
            groups.join(first, index, None);
        }
    }
}

/// A finding by a number that is made of what makes it a repeat.
#[derive(PartialEq, Eq)]
struct Numbered<'f> {
    number: u64,
    repeat: Repeat<'f>,
}

impl Hash for Numbered<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// What makes a finding an exact repeat of another.
struct Repeat<'f>(&'f Finding);

impl Hash for Repeat<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let f = self.0;
        // All that is compared below: else many that differ in the rest would each be compared with all before it.
        (&f.rule, &f.location, (&f.title, &f.detail, &f.snippet), &f.package).hash(state);
        if f.class == Class::Secret {
            (&f.keys, native_ids(f)).hash(state);
        }
    }
}

impl PartialEq for Repeat<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0, other.0);
        // Masked, two secrets look the same; their keys tell them apart.
        if (a.class == Class::Secret || b.class == Class::Secret)
            && (&a.keys, native_ids(a)) != (&b.keys, native_ids(b))
        {
            return false;
        }
        (&a.rule, &a.location, (&a.title, &a.detail, &a.snippet), &a.package)
            == (&b.rule, &b.location, (&b.title, &b.detail, &b.snippet), &b.package)
    }
}

impl Eq for Repeat<'_> {}

fn native_ids(finding: &Finding) -> Vec<Option<&Untrusted>> {
    finding.sources.iter().map(|s| s.native_id.as_ref()).collect()
}

/// Joins what the tool itself says is one result, by an id of its own that stays from scan to scan.
///
/// Rule and path have to agree too, and the lines have to be near each other: some tools give one id to all that a rule
/// found, or to every line of the same code.
pub(super) fn join_by_tool_id<F: Borrow<Finding>>(findings: &[F], groups: &mut Groups) {
    let ids = findings.iter().enumerate().flat_map(|(index, f)| {
        let own = f.borrow().keys.iter().enumerate().filter(|(_, k)| k.rung == Rung::ToolId);
        own.map(move |(at, k)| (k.value.beginning(), index, at))
    });
    let mut ids: Vec<(u128, usize, usize)> = ids.collect();
    ids.sort_unstable();
    // Nearly all stand alone, and the others have to agree in more.
    for same in ids.chunk_by(|(a, ..), (b, ..)| a == b).filter(|same| same.len() > 1) {
        let places = same.iter().filter_map(|(_, index, at)| {
            let f: &Finding = findings.get(*index)?.borrow();
            // Without a line to compare, the words have to agree.
            let words = f.location.line.map_or(Some(&f.title), |_| None);
            Some(((f.keys.get(*at)?, &f.rule, &f.location.path, words), f.location.line.unwrap_or(0), *index))
        });
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        for ((id, line, one), (other_id, other_line, other)) in places.iter().zip(places.iter().skip(1)) {
            if id == other_id && other_line - line <= NEAR {
                groups.join(*one, *other, Some(Rung::ToolId));
            }
        }
    }
}

/// Joins what names the same vulnerability of the same component, whatever the tool, the file or the host.
///
/// A tool that does not say the version, or the image, means the one that others name, if they all name the same.
pub(super) fn join_by_component<F: Borrow<Finding> + Sync>(
    findings: &[F],
    keys: &Keys,
    threads: usize,
    groups: &mut Groups,
) {
    let numbers = RandomState::new();
    let parts = in_parts(findings.len(), threads, |part| {
        let mut named: Vec<(Key, Member)> = Vec::new();
        for (index, finding) in within(findings, part) {
            add_names(finding.borrow(), index, keys, &numbers, &mut named);
        }
        named
    });
    let mut named: Vec<(Key, Member)> = parts.concat();
    named.sort_unstable();
    for same in named.chunk_by_mut(|(a, _), (b, _)| a == b).filter(|same| same.len() > 1) {
        let one_version = only(same.iter().map(|(_, m)| m.version));
        let one_image = only(same.iter().map(|(_, m)| m.image));
        for (_, m) in same.iter_mut() {
            m.version = m.version.or(one_version);
            m.image = m.image.or(one_image.filter(|_| !m.is_host));
        }
        same.sort_unstable();
        for ((_, one), (_, other)) in same.iter().zip(same.iter().skip(1)) {
            if (one.version, one.image) == (other.version, other.image) {
                groups.join(one.index, other.index, Some(Rung::Vulnerability));
            }
        }
    }
}

/// A finding of a vulnerability of a component, as far as it tells two of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    /// The number of its version, if the tool says it.
    version: Option<u64>,
    /// The number of its image's name.
    image: Option<u64>,
    /// A host is never the image that others name.
    is_host: bool,
    index: usize,
}

fn add_names(finding: &Finding, index: usize, keys: &Keys, numbers: &RandomState, named: &mut Vec<(Key, Member)>) {
    let Some(package) = finding.package.as_deref().filter(|_| !finding.vulnerabilities.is_empty()) else { return };
    let name = component::component(package);
    if name.is_empty() {
        return;
    }
    let number = |name: &str| (!name.is_empty()).then(|| numbers.hash_one(name));
    let (version, image) = (number(component::version(package)), number(image(finding)));
    let member = Member { version, image, is_host: finding.class == Class::Infra, index };
    let ids = identities(finding.vulnerabilities.iter().map(Untrusted::raw));
    named.extend(ids.iter().map(|id| (keys.of(&(id, &name)), member)));
}

/// What all say who say anything; nothing if they differ.
fn only(said: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut said = said.flatten();
    let first = said.next()?;
    said.all(|other| other == first).then_some(first)
}
