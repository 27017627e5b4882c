//! What bills of materials and statements about vulnerabilities (VEX) have in common: package URLs, and how a
//! vulnerability of a component becomes a finding.

use percent_encoding::percent_decode_str;

use crate::report::prelude::*;

/// The kinds of package URLs that are packages of an operating system.
const SYSTEM_PACKAGES: [&str; 5] = ["apk", "deb", "rpm", "alpm", "qpkg"];
/// The kinds that are images.
const IMAGES: [&str; 2] = ["oci", "docker"];

/// A package URL, taken apart: `pkg:maven/org.example/pay@1.0?type=jar`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Purl {
    /// `npm`, `deb`.
    pub kind: String,
    /// The name as the ecosystem writes it: `org.example:pay`, `@scope/pay`.
    pub name: String,
    /// The version.
    pub version: Option<String>,
}

/// Takes a package URL apart; `None` if it is none.
pub(super) fn purl(text: &str) -> Option<Purl> {
    let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let bare = rest.split(['?', '#']).next()?;
    let (kind, path) = bare.split_once('/')?;
    // The scope of npm may stand there with its bare `@`.
    let (path, version) = match path.rsplit_once('@') {
        Some((path, version)) if !path.is_empty() && !version.contains('/') => (path, Some(version)),
        _ => (path, None),
    };
    let decoded = |t: &str| percent_decode_str(t).decode_utf8_lossy().into_owned();
    let kind = kind.to_ascii_lowercase();
    let (group, name) = path.trim_matches('/').rsplit_once('/').unwrap_or(("", path));
    let name = named(Some(&decoded(group)), &decoded(name), &kind);
    (!name.is_empty()).then(|| Purl { kind, name, version: version.map(decoded).filter(|v| !v.is_empty()) })
}

/// A name with its group, as the ecosystem writes it.
pub(super) fn named(group: Option<&str>, name: &str, kind: &str) -> String {
    match group.map(str::trim).filter(|g| !g.is_empty()) {
        Some(group) if !is_of_image(kind) && !name.starts_with(group) => {
            let between = if kind == "maven" { ':' } else { '/' };
            format!("{group}{between}{name}")
        }
        _ => name.to_owned(),
    }
}

fn is_of_image(kind: &str) -> bool {
    SYSTEM_PACKAGES.contains(&kind) || IMAGES.contains(&kind)
}

/// The class of a vulnerability in a package: of an operating system's packages `container`, else `sca`.
pub(super) fn class_of(purl: Option<&str>) -> Class {
    let kind = purl.and_then(|p| p.trim().strip_prefix("pkg:")).and_then(|p| p.split('/').next()).unwrap_or_default();
    if is_of_image(&kind.to_ascii_lowercase()) { Class::Container } else { Class::Sca }
}

/// What a component is: its name, version and package URL, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Component {
    pub name: String,
    pub version: Option<String>,
    pub purl: Option<String>,
    /// Where it lies: a file, or the image.
    pub path: Option<String>,
}

impl Component {
    /// From an id that may be a package URL, and is a name if it is none.
    pub(super) fn of_id(id: &str) -> Self {
        match purl(id) {
            Some(parts) => {
                Self { name: parts.name, version: parts.version, purl: Some(id.trim().to_owned()), path: None }
            }
            None => Self { name: id.trim().to_owned(), ..Self::default() },
        }
    }
}

/// A finding of a vulnerability in a component: class, rule, ids, package, place and title. `aliases` are texts that hold
/// other ids of it.
pub(super) fn draft<'t>(id: &str, aliases: impl Iterator<Item = &'t str>, component: Option<&Component>) -> Draft {
    let mut draft = Draft::new(class_of(component.and_then(|c| c.purl.as_deref())));
    id.trim().clone_into(&mut draft.rule);
    draft.vulnerabilities = words::vulnerability_ids(id);
    draft.vulnerabilities.extend(aliases.flat_map(words::vulnerability_ids));
    if draft.vulnerabilities.is_empty() && !id.trim().is_empty() {
        draft.vulnerabilities.push(id.trim().to_ascii_uppercase());
    }
    if draft.rule.is_empty() {
        draft.rule = draft.vulnerabilities.first().cloned().unwrap_or_else(|| "vulnerability".to_owned());
    }
    draft.title = match component.map(|c| c.name.as_str()).filter(|n| !n.is_empty()) {
        Some(name) => format!("{} in {name}", draft.rule),
        None => draft.rule.clone(),
    };
    if let Some(component) = component {
        draft.in_package(Some(&component.name), component.version.as_deref(), component.purl.as_deref(), None);
        draft.path.clone_from(&component.path);
    }
    draft
}

/// The statement in an attestation around it (in-toto), or the document itself.
pub(super) fn unwrapped<'d, 'a>(doc: &'d Node<'a>) -> &'d Node<'a> {
    let attested = doc.has("predicateType") && doc.get("predicate").is_object();
    if attested { doc.get("predicate") } else { doc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_taken_apart() {
        for (text, kind, name, version) in [
            ("pkg:maven/org.example/pay@1.0?type=jar#x", "maven", "org.example:pay", Some("1.0")),
            ("pkg:npm/%40acme/pay@2.1.0", "npm", "@acme/pay", Some("2.1.0")),
            ("pkg:npm/@acme/pay", "npm", "@acme/pay", None),
            ("pkg:golang/example.com/a/b@v1.2", "golang", "example.com/a/b", Some("v1.2")),
            ("pkg:deb/debian/openssl@3.0%2B1?arch=amd64", "deb", "openssl", Some("3.0+1")),
            ("pkg:oci/pay@sha256%3Aab?repository_url=r", "oci", "pay", Some("sha256:ab")),
        ] {
            let found = purl(text).unwrap();
            assert_eq!((found.kind.as_str(), found.name.as_str(), found.version.as_deref()), (kind, name, version));
        }
        assert!(purl("pkg:npm").is_none() && purl("pay@1").is_none() && purl("pkg:npm/").is_none());
        assert_eq!((class_of(Some("pkg:RPM/a")), class_of(Some("pkg:npm/a"))), (Class::Container, Class::Sca));
    }
}
