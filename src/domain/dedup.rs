//! The identity of findings: by what one is recognised again, and which of them are one and the same.
//!
//! A key never has an absolute line number in it, because any edit above a finding would change it. The ladder of keys
//! is [`Rung`]; the strongest key that a finding has is its fingerprint.

mod component;
mod group;
mod join;
mod merge;
mod normal;
mod same_run;
#[cfg(test)]
mod tests;

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::sync::Arc;

use super::canonical;
use super::finding::{Class, Finding, FindingSource, Location, MatchKey, Package, Rung};
use super::ids::{Digest, Fingerprint};
use crate::text::Untrusted;

pub(in crate::domain) use component::component;
pub use merge::{Held, merge_across, merge_within};
pub use normal::{
    normalise_image, normalise_message, normalise_path, normalise_purl, normalise_snippet, normalise_tool,
};

/// What match keys are made from; what is not known is empty.
#[derive(Debug, Clone, Default)]
pub struct KeyParts<'a> {
    /// The tool's name; its case does not matter.
    pub tool: &'a str,
    /// The tool's own id of the result, if it stays the same from scan to scan.
    pub tool_id: &'a str,
    /// Ids of vulnerability databases.
    pub vulnerabilities: Vec<&'a str>,
    /// The package URL, or the package's name where there is none.
    pub package: &'a str,
    /// The name, without its tag, of the image that the package belongs to, if it is one of a container.
    pub image: &'a str,
    /// The tool's id of the rule.
    pub rule: &'a str,
    /// The path; for a container the image's name without its tag.
    pub path: &'a str,
    /// The code or the evidence at the place.
    pub snippet: &'a str,
    /// The logical location.
    pub logical: &'a str,
    /// What the tool says; used only where there is no logical location.
    pub message: &'a str,
}

/// The match keys of a finding, the strongest rung first.
///
/// The tool is part of rung 1 only: another tool's id means nothing. Of several vulnerability ids the CVEs come first.
/// There is always at least the weakest key.
pub fn keys_for(parts: &KeyParts<'_>) -> Vec<MatchKey> {
    keys_after(None, parts)
}

/// As [`keys_for`], after a key that is known already.
fn keys_after(first: Option<MatchKey>, parts: &KeyParts<'_>) -> Vec<MatchKey> {
    let path = normalise_path(parts.path);
    // Tools name different files for one component, so a vulnerability of a package is recognised without the path.
    let (package, place) = match parts.package {
        "" if path.is_empty() => (Cow::Borrowed(""), parts.logical),
        "" => (Cow::Borrowed(""), path.as_ref()),
        package => (component::of_name(package), parts.image),
    };
    let ids = identities(parts.vulnerabilities.iter().copied());
    let snippet = normalise_snippet(parts.snippet);
    let has_code = !snippet.is_empty() && !parts.rule.is_empty();
    // Findings are held by the hundred thousand: there is no room to spare.
    let count = usize::from(first.is_some()) + usize::from(!parts.tool_id.is_empty()) + ids.len() + 1;
    let mut keys = Vec::with_capacity(count + if has_code { 2 } else { 0 });
    keys.extend(first);
    if !parts.tool_id.is_empty() {
        keys.push(tool_key(parts.tool, parts.tool_id));
    }
    keys.extend(ids.iter().map(|id| key(Rung::Vulnerability, &[id, &package, place])));
    if has_code {
        keys.push(key(Rung::Snippet, &[parts.rule, &path, &snippet]));
    }
    if parts.logical.is_empty() {
        keys.push(key(Rung::Logical, &[parts.rule, "path", &path, &normalise_message(parts.message), &package]));
    } else {
        keys.push(key(Rung::Logical, &[parts.rule, "logical", parts.logical, &path]));
    }
    if has_code {
        // The same code in another file: a file that was renamed is suggested, and no more.
        keys.push(key(Rung::Logical, &[parts.rule, "code", &snippet]));
    }
    keys
}

/// The ids under which a vulnerability is known, upper case, CVEs first.
///
/// Where one database has several ids there are several vulnerabilities (an advisory of a distribution): then all of them
/// together are the only id. Else what was said of one of them would be taken for all, and different ones drawn together.
pub(crate) fn identities<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    fn database(id: &str) -> &str {
        id.split_once('-').map_or("", |(database, _)| database)
    }
    let mut ids: Vec<Cow<'a, str>> = ids.map(normal::upper).collect();
    if ids.len() < 2 {
        return ids;
    }
    ids.sort_by(|a, b| (!a.starts_with("CVE-"), a).cmp(&(!b.starts_with("CVE-"), b)));
    ids.dedup();
    let several: Vec<&str> = match ids.as_slice() {
        [first, second, ..] if database(first) == database(second) => {
            ids.iter().map(AsRef::as_ref).filter(|id| database(id) == database(first)).collect()
        }
        _ => return ids,
    };
    vec![Cow::Owned(several.join("+"))]
}

/// The key of a result by an id that its tool gives it.
pub fn tool_key(tool: &str, id: &str) -> MatchKey {
    key(Rung::ToolId, &[&tool.to_lowercase(), id])
}

/// The match keys of a finding from its own fields; the first source's `native_id` counts as stable.
pub fn keys_of(finding: &Finding) -> Vec<MatchKey> {
    keys_of_after(None, finding)
}

/// As [`keys_of`], after a key that is known already.
pub fn keys_of_after(first: Option<MatchKey>, finding: &Finding) -> Vec<MatchKey> {
    fn raw(text: Option<&Untrusted>) -> &str {
        text.map_or("", Untrusted::raw)
    }
    let path = match (&finding.location.path, finding.class) {
        (Some(path), Class::Container) => normalise_image(path.raw()),
        (path, _) => raw(path.as_ref()),
    };
    let source = finding.sources.first();
    let parts = KeyParts {
        tool: source.map_or("", |s| s.tool.raw()),
        tool_id: source.and_then(|s| s.native_id.as_ref()).map_or("", |id| id.raw()),
        vulnerabilities: finding.vulnerabilities.iter().map(Untrusted::raw).collect(),
        package: finding.package.as_ref().map_or("", |p| p.purl.as_ref().unwrap_or(&p.name).raw()),
        image: merge::image(finding),
        rule: finding.rule.raw(),
        path,
        snippet: raw(finding.snippet.as_ref()),
        logical: raw(finding.location.logical.as_ref()),
        message: finding.title.raw(),
    };
    keys_after(first, &parts)
}

/// Gives each finding its fingerprint, and its keys where it has none.
///
/// The fingerprint is the strongest key. Several findings with one strongest key are told apart by an occurrence
/// number in the order of path, line and column; the first keeps the bare key, so that it stays the same when others
/// come or go after it.
pub fn identify(findings: &mut [Finding]) {
    for finding in findings.iter_mut() {
        if finding.keys.is_empty() {
            finding.keys = keys_of(finding);
        }
    }
    let repeats = repeats(findings);
    for (index, finding) in findings.iter_mut().enumerate() {
        finding.fingerprint = fingerprint(index, finding, &repeats);
    }
}

/// As [`identify`]; a finding that has its fingerprint already is left alone, and shared.
pub fn identify_shared(findings: &mut [Arc<Finding>]) {
    for finding in findings.iter_mut() {
        if finding.keys.is_empty() {
            let keys = keys_of(finding);
            Arc::make_mut(finding).keys = keys;
        }
    }
    let repeats = repeats(findings);
    for (index, finding) in findings.iter_mut().enumerate() {
        let fingerprint = fingerprint(index, finding, &repeats);
        if finding.fingerprint != fingerprint {
            Arc::make_mut(finding).fingerprint = fingerprint;
        }
    }
}

fn fingerprint(index: usize, finding: &Finding, repeats: &HashMap<usize, Fingerprint>) -> Fingerprint {
    let bare = || finding.keys.first().map(|key| key.value).unwrap_or_default();
    repeats.get(&index).copied().unwrap_or_else(bare)
}

/// The fingerprints of those that are not the first with their strongest key, by index. They are few.
fn repeats<F: Borrow<Finding>>(findings: &[F]) -> HashMap<usize, Fingerprint> {
    let first = |index: usize| findings.get(index)?.borrow().keys.first();
    let mut by_key: Vec<(u128, usize)> = Vec::with_capacity(findings.len());
    by_key.extend((0..findings.len()).filter_map(|index| Some((first(index)?.value.beginning(), index))));
    by_key.sort_unstable();
    let mut out = HashMap::new();
    for alike in by_key.chunk_by(|(a, _), (b, _)| a == b).filter(|alike| alike.len() > 1) {
        let mut alike: Vec<(&MatchKey, usize)> = alike.iter().filter_map(|(_, i)| Some((first(*i)?, *i))).collect();
        alike.sort_unstable();
        for same in alike.chunk_by(|(a, _), (b, _)| a == b).filter(|same| same.len() > 1) {
            let mut same: Vec<(&MatchKey, usize)> = same.to_vec();
            same.sort_by_cached_key(|(_, index)| findings.get(*index).map(|f| place_order(f.borrow())));
            out.extend(same.into_iter().enumerate().skip(1).map(|(count, (key, index))| {
                (index, hashed(&[&key.value.to_string(), "occurrence", &count.to_string()]))
            }));
        }
    }
    out
}

/// The order in which findings of one key are counted; ties are broken by what they say, never by where they stood.
fn place_order(finding: &Finding) -> (Location, Untrusted, Option<Box<Package>>, Vec<FindingSource>, Digest) {
    let rest = (&finding.detail, &finding.severity, &finding.vulnerabilities, &finding.snippet, &finding.suppressed);
    (
        finding.location.clone(),
        finding.title.clone(),
        finding.package.clone(),
        finding.sources.clone(),
        canonical::digest_of(&rest),
    )
}

fn key(rung: Rung, parts: &[&str]) -> MatchKey {
    MatchKey { rung, value: hashed(parts) }
}

fn hashed(parts: &[&str]) -> Fingerprint {
    Fingerprint::new(canonical::hash_of_parts(parts.iter().map(|p| p.as_bytes())))
}
