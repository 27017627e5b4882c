//! The name of a component, as tools that look at the same package may spell it.

use std::borrow::Cow;

use super::normal::{is_purl, normalise_purl};
use crate::domain::finding::Package;

/// The name under which all tools know the package: the last part of its name, lower case, with one kind of dash.
///
/// One tool says `org.apache.commons:commons-text`, another `commons-text`, a third gives a package URL. Together with a
/// vulnerability's id that is the same component; without one it would be too little.
pub(in crate::domain) fn component(package: &Package) -> Cow<'_, str> {
    match &package.purl {
        Some(purl) if is_purl(purl.raw()) => of_name(purl.raw()),
        _ => of_name(package.name.raw()),
    }
}

/// As [`component`], of a package URL or a bare name.
pub(super) fn of_name(name: &str) -> Cow<'_, str> {
    match normalise_purl(name) {
        Cow::Borrowed(normal) => dashed(last_part(normal)),
        Cow::Owned(normal) => Cow::Owned(dashed(last_part(&normal)).into_owned()),
    }
}

fn last_part(normal: &str) -> &str {
    let mut parts = normal.rsplit(['/', ':']).filter(|p| !p.is_empty());
    let is_major =
        |p: &str| p.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    match parts.next() {
        // The major version at the end of a Go module's path is no name.
        Some(major) if is_major(major) => parts.next().unwrap_or(major),
        last => last.unwrap_or_default(),
    }
}

/// With one kind of dash, and never two of them in a row.
fn dashed(name: &str) -> Cow<'_, str> {
    let mut before = 0;
    let is_plain = name.bytes().all(|byte| {
        let fits = !matches!(byte, b'_' | b'.') && (byte, before) != (b'-', b'-');
        before = byte;
        fits
    });
    if is_plain {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A version as it is compared: without the `v` of tags and the epoch that means none.
pub(super) fn version(package: &Package) -> &str {
    let version = package.version.as_ref().map_or("", |v| v.raw()).trim();
    let version = version.strip_prefix("0:").unwrap_or(version);
    version.strip_prefix(['v', 'V']).filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_component_are_one_name() {
        for (given, want) in [
            ("org.apache.commons:commons-text", "commons-text"),
            ("pkg:maven/org.apache.commons/commons-text@1.9", "commons-text"),
            ("Commons_Text", "commons-text"),
            ("zope.interface", "zope-interface"),
            ("pkg:golang/github.com/foo/bar/v2@v2.0.1", "bar"),
            ("pkg:npm/%40babel/core@7.0.0", "core"),
            ("@babel/core", "core"),
            ("v8", "v8"),
            ("", ""),
        ] {
            assert_eq!(of_name(given), want);
        }
        let of = |v: &str| Package { version: Some(v.into()), ..Package::default() };
        assert_eq!(
            ["v1.2", "0:1.2", "1.2", "vulcan"].map(|v| version(&of(v)).to_owned()),
            ["1.2", "1.2", "1.2", "vulcan"]
        );
    }
}
