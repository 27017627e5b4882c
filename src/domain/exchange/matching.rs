//! Which findings of a release a statement speaks of.

use super::{Statement, component_keys, product};
use crate::domain::dedup::{normalise_path, normalise_purl};
use crate::domain::finding::{Finding, Location, Package, Rung};
use crate::domain::release::Release;
use crate::text::Untrusted;

impl Statement {
    /// By which rung it speaks of a finding of the release; `None`: it does not.
    ///
    /// Only a proposal, whatever the rung: what it says holds when an approver signs it.
    pub fn speaks_of(&self, finding: &Finding, release: &Release) -> Option<Rung> {
        if self.scope.as_ref().is_some_and(|s| !s.covers(release)) {
            return None;
        }
        let by_key = || finding.keys.iter().find(|k| self.subject.keys.contains(k)).map(|k| k.rung);
        if let Some(fingerprint) = self.subject.fingerprint {
            let same = finding.keys.first().filter(|_| fingerprint == finding.fingerprint).map(|k| k.rung);
            return same.or_else(by_key);
        }
        let fits = self.names_product(finding, release) && self.names_version(finding);
        let rung = by_key()
            .or_else(|| self.names_vulnerability(finding).then_some(Rung::Vulnerability))
            .or_else(|| self.names_place(finding).then_some(Rung::Logical));
        rung.filter(|_| fits)
    }

    /// Whether it has the rule, the file and the line of the finding: enough for a proposal about the same scan, and for
    /// nothing more.
    fn names_place(&self, finding: &Finding) -> bool {
        let path = |location: &Location| location.path.as_ref().map(|p| normalise_path(p.raw()).into_owned());
        let own = &self.subject.location;
        own.line.is_some()
            && own.path.is_some()
            && self.subject.rule == finding.rule
            && own.line == finding.location.line
            && path(own) == path(&finding.location)
    }

    /// Whether a vulnerability of it is one of the finding, in the same package if it names one.
    fn names_vulnerability(&self, finding: &Finding) -> bool {
        match (&self.subject.package, &finding.package) {
            // Of a container's packages the ladder knows the image too, which no document names.
            (Some(_), Some(package)) => {
                let keys = component_keys(&finding.vulnerabilities, package);
                keys.iter().any(|k| self.subject.keys.contains(k))
            }
            (Some(_), None) => false,
            (None, _) => {
                let same =
                    |id: &Untrusted| finding.vulnerabilities.iter().any(|v| v.raw().eq_ignore_ascii_case(id.raw()));
                !self.products.is_empty() && self.subject.vulnerabilities.iter().any(same)
            }
        }
    }

    /// What another said of one version of a package says nothing of the others.
    fn names_version(&self, finding: &Finding) -> bool {
        let of = |package: &Package| package.version.as_ref().map(|v| v.raw().trim_start_matches('v').to_owned());
        match (self.subject.package.as_ref().and_then(of), finding.package.as_deref().and_then(of)) {
            (Some(said), Some(found)) => said == found,
            _ => true,
        }
    }

    /// Whether it speaks of this release or of the package itself, or names no product.
    fn names_product(&self, finding: &Finding, release: &Release) -> bool {
        let package = finding.package.as_ref().and_then(|p| p.purl.as_ref()).map(|p| normalise_purl(p.raw()));
        let is_package = |product: &Untrusted| Some(normalise_purl(product.raw())) == package;
        self.products.is_empty() || self.products.iter().any(|p| is_release(p.raw(), release) || is_package(p))
    }
}

/// Whether a product is the release: by the digest or the package URL of an artifact, or by name and version.
fn is_release(product: &str, release: &Release) -> bool {
    if release.artifacts.iter().filter_map(|a| a.digest.as_ref()).any(|d| product.contains(d.hex())) {
        return true;
    }
    let own: Vec<String> = release.artifacts.iter().map(|a| product::purl(a, release)).collect();
    if own.iter().any(|id| id == product) {
        return true;
    }
    // Another digest, or another version, is another product, whatever its name.
    let (name, version) = name_and_version(product);
    let is_version = |v: &str| v.trim_start_matches('v') == release.version.raw().trim_start_matches('v');
    let names = own.iter().map(String::as_str).chain([release.service.as_str()]);
    version.as_deref().is_none_or(is_version) && names.map(|id| name_and_version(id).0).any(|own| own == name)
}

/// The last part of a product's name, lower case, and its version.
pub(super) fn name_and_version(id: &str) -> (String, Option<String>) {
    let bare = id.split(['?', '#']).next().unwrap_or(id);
    let (path, version) = match bare.rsplit_once('@') {
        Some((path, version)) if !path.is_empty() && !path.ends_with('/') && !version.contains('/') => {
            (path, Some(decoded(version)))
        }
        _ => (bare, None),
    };
    (decoded(path.rsplit(['/', ':']).next().unwrap_or(path)).to_lowercase(), version)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_e| text.to_owned(), std::borrow::Cow::into_owned)
}

/// The package that an id is of: a package URL, or a bare name. What is an image, a file or a service is none.
pub(super) fn package(id: &str) -> Option<Package> {
    let Some(rest) = id.strip_prefix("pkg:") else {
        let known = !id.is_empty() && !id.contains(':');
        return known.then(|| Package { name: id.into(), ..Package::default() });
    };
    if ["oci/", "docker/", "generic/", "github/"].iter().any(|kind| rest.starts_with(kind)) {
        return None;
    }
    let bare = rest.split(['?', '#']).next().unwrap_or(rest);
    let (path, version) = match bare.rsplit_once('@') {
        Some((path, version)) if !path.ends_with('/') && !version.contains('/') => (path, Some(version)),
        _ => (bare, None),
    };
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    Some(Package {
        name: decoded(name).into(),
        version: version.map(|v| decoded(v).into()),
        purl: Some(id.into()),
        fixed: Vec::new(),
    })
}
