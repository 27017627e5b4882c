//! What scanners of packages write into the message of a result, because SARIF has no fields for it.

use crate::domain::dedup;
use crate::report::prelude::*;

/// Names that tools give to the versions in which a vulnerability is mended.
const FIXED: [&str; 4] = ["fixedVersion", "fixed_version", "fixedVersions", "patchedVersion"];

/// The package of a vulnerability: from the message of Trivy, Grype or OSV-Scanner, else from a package URL, which stands in the
/// properties of the result or the rule, or where the result is.
pub(super) fn of(message: &str, draft: &Draft, own: &Node<'_>, general: &Node<'_>) -> Option<Package> {
    let urls = [own.get("purl"), own.get("purls"), general.get("purls")];
    let purl = urls.into_iter().find_map(|n| n.texts().next()).or(draft.logical.as_deref());
    let purl = purl.filter(|p| p.starts_with("pkg:"));
    let bare = purl.map(dedup::normalise_purl).and_then(|p| Some(p.splitn(3, '/').last()?.to_owned()));
    let version = || purl?.split(['?', '#']).next()?.rsplit_once('@').map(|(_, version)| version);
    let (name, version) = match named(message) {
        Some((name, version)) => (name.to_owned(), version),
        None => (bare?, version()),
    };
    let fixed = FIXED.iter().find_map(|k| own.get(k).text()).or(field(message, "Fixed Version")).unwrap_or_default();
    Some(Package {
        name: name.as_str().into(),
        version: version.filter(|v| !v.contains('/')).map(Into::into),
        purl: purl.map(Into::into),
        fixed: fixed.split(',').map(str::trim).filter(|f| !f.is_empty()).map(Into::into).collect(),
    })
}

/// A line `NAME: value` of a message, as Trivy writes them.
fn field<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    // Most messages have no such line, and there may be a million.
    if !message.contains(name) {
        return None;
    }
    let rest = message.lines().find_map(|l| l.trim().strip_prefix(name)?.strip_prefix(':'))?;
    Some(rest.trim()).filter(|r| !r.is_empty())
}

/// The name and the version of the package that a message is about.
fn named(message: &str) -> Option<(&str, Option<&str>)> {
    let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    // Most messages name none, and there may be a million.
    if !message.contains("ackage") && !message.contains(" reports ") {
        return None;
    }
    if let Some(name) = field(message, "Package") {
        return Some((name, field(message, "Installed Version")));
    }
    // Grype: "A high vulnerability in deb package: NAME, version VERSION was found at: PLACE".
    let now = || {
        let rest = message.split_once(" package: ")?.1;
        let (name, rest) = rest.split_once(", version ")?;
        Some((name, rest.split_once(" was found")?.0))
    };
    // Before: "The path PATH reports NAME at version VERSION which would result in a vulnerable (deb) package".
    let before = || {
        let rest = message.split_once(" reports ")?.1;
        let (name, rest) = rest.split_once(" at version ")?;
        Some((name, rest.split_once(' ')?.0))
    };
    // OSV-Scanner: "Package 'NAME@VERSION' is vulnerable to 'ID'".
    let osv = || message.strip_prefix("Package '")?.split_once("' is vulnerable")?.0.rsplit_once('@');
    let found = now().or_else(before).or_else(osv).filter(|(name, version)| word(name) && word(version));
    found.map(|(name, version)| (name, Some(version)))
}

/// The tool's word for how bad a result is, in its message.
pub(super) fn severity(message: &str) -> Option<Severity> {
    let grype = || message.strip_prefix("A ")?.split_once(" vulnerability in ").map(|(word, _)| word);
    field(message, "Severity").or_else(grype).and_then(words::severity)
}

/// A tag that is a word for how bad a rule is, and nothing else.
pub(super) fn rated(tag: &str) -> Option<Severity> {
    let words = ["critical", "important", "high", "moderate", "medium", "low"];
    words.iter().any(|w| tag.eq_ignore_ascii_case(w)).then(|| words::severity(tag)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_severities_stand_in_messages() {
        let of = |message: &str, purl: Option<&str>| {
            let mut draft = Draft::new(Class::Sca);
            draft.logical = purl.map(str::to_owned);
            let package = of(message, &draft, &Node::Null, &Node::Null)?;
            Some(format!("{} {}", package.name.raw(), package.version.as_ref().map_or("", |v| v.raw())))
        };
        let trivy =
            "Package: zlib\nInstalled Version: 1.2\nVulnerability CVE-1\nSeverity: LOW\nFixed Version: 1.3, 1.4";
        assert_eq!((of(trivy, None).as_deref(), severity(trivy)), (Some("zlib 1.2"), Some(Severity::Low)));
        let grype = "A high vulnerability in deb package: libc6, version 2.31-13 was found at: /var/lib/dpkg/status";
        assert_eq!((of(grype, None).as_deref(), severity(grype)), (Some("libc6 2.31-13"), Some(Severity::High)));
        let before =
            "The path /x reports libc6 at version 2.31 which would result in a vulnerable (deb) package installed";
        assert_eq!(of(before, None).as_deref(), Some("libc6 2.31"));
        assert_eq!(of("Package '@a/b@1.0' is vulnerable to 'CVE-1'", None).as_deref(), Some("@a/b 1.0"));
        assert_eq!(of("", Some("pkg:npm/left-pad@1.3?x=y")).as_deref(), Some("left-pad 1.3"));
        assert_eq!((of("Something", Some("main")), severity("A thing"), rated("HIGH CONFIDENCE")), (None, None, None));
        assert_eq!(rated("IMPORTANT"), Some(Severity::High));
    }
}
