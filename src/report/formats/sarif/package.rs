//! The package that a SARIF result speaks of: SARIF has no place for it, so tools put it into the message or the properties.

use crate::domain::dedup;
use crate::report::prelude::*;

/// Names that tools give to the versions in which a vulnerability is mended.
const FIXED: [&str; 4] = ["fixedVersion", "fixed_version", "fixedVersions", "patchedVersion"];

/// The package of a vulnerability: by the package URL in the properties, or where the message names it line by line, as
/// Trivy's does.
pub(super) fn of(draft: &Draft, own: &Node<'_>, general: &Node<'_>) -> Option<Package> {
    if draft.vulnerabilities.is_empty() {
        return None;
    }
    let field = |name: &str| {
        let rest = draft.detail.lines().find_map(|l| l.trim().strip_prefix(name)?.strip_prefix(':'))?;
        Some(rest.trim()).filter(|r| !r.is_empty())
    };
    let purl = own
        .get("purl")
        .text()
        .or_else(|| own.get("purls").texts().next())
        .or_else(|| general.get("purls").texts().next());
    let name = match field("Package") {
        Some(name) => name.to_owned(),
        None => name_of(purl?)?,
    };
    let fixed = FIXED.iter().find_map(|k| own.get(k).text()).or(field("Fixed Version")).unwrap_or_default();
    Some(Package {
        name: name.into(),
        version: field("Installed Version").or(purl.and_then(version_of)).map(Into::into),
        purl: purl.map(Into::into),
        fixed: fixed.split(',').map(str::trim).filter(|f| !f.is_empty()).map(Into::into).collect(),
    })
}

/// The name in a package URL, with its namespace.
fn name_of(purl: &str) -> Option<String> {
    let bare = dedup::normalise_purl(purl);
    Some(bare.strip_prefix("pkg:")?.split_once('/')?.1.to_owned())
}

/// The version in a package URL.
fn version_of(purl: &str) -> Option<&str> {
    let bare = purl.split(['?', '#']).next()?;
    let (before, version) = bare.rsplit_once('@')?;
    (before.contains('/') && !version.contains('/') && !version.is_empty()).then_some(version)
}
