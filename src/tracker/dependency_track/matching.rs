//! Which of a project's findings is the one that a dismissal speaks of.

use super::wire::{Component, Row};
use crate::domain::dedup::normalise_purl;
use crate::domain::finding::{Finding, Package};
use crate::text::Untrusted;

/// The rows of the same vulnerability in the same component: by the id that came with the finding, or else by name.
pub(super) fn rows<'a>(rows: &'a [Row], project: &str, finding: &Finding) -> Vec<&'a Row> {
    let natives = finding.sources.iter().filter_map(|s| s.native_id.as_ref()).map(Untrusted::raw);
    let natives: Vec<&str> = natives.collect();
    let own = |row: &Row| format!("{project}:{}:{}", row.component.uuid, row.vulnerability.uuid);
    let exact: Vec<&Row> = rows.iter().filter(|row| natives.contains(&own(row).as_str())).collect();
    if !exact.is_empty() {
        return exact;
    }
    let Some(package) = &finding.package else { return Vec::new() };
    let named = |id: &str| finding.vulnerabilities.iter().any(|v| v.raw().eq_ignore_ascii_case(id));
    let same = |row: &&Row| row.vulnerability.ids().any(named) && is_same(&row.component, package);
    rows.iter().filter(same).collect()
}

/// The same version, and by package URL where both have one, else by name. Of an unknown version nothing is the same:
/// what is suppressed must be what was judged.
fn is_same(component: &Component, package: &Package) -> bool {
    let ours =
        package.version.as_ref().map(Untrusted::raw).or_else(|| package.purl.as_ref().and_then(|p| version(p.raw())));
    let theirs = component.version.as_deref().or_else(|| component.purl.as_deref().and_then(version));
    let bare = |version: &'_ str| version.trim_start_matches('v').to_owned();
    if ours.is_none() || ours.map(bare) != theirs.map(bare) {
        return false;
    }
    if let (Some(theirs), Some(ours)) = (&component.purl, &package.purl) {
        return normalise_purl(theirs) == normalise_purl(ours.raw());
    }
    let (own, group) = (&component.name, component.group.as_deref().unwrap_or_default());
    let names = [own.clone(), format!("{group}:{own}"), format!("{group}/{own}")];
    names.iter().any(|n| n.eq_ignore_ascii_case(package.name.raw()))
}

/// The version in a package URL.
fn version(purl: &str) -> Option<&str> {
    let bare = purl.split(['?', '#']).next()?;
    let last = bare.rsplit('/').next()?;
    last.split_once('@').map(|(_, version)| version).filter(|v| !v.is_empty())
}
