//! What a release is called in documents for others: package URLs.

use crate::domain::ids::encode_part;
use crate::domain::release::{Artifact, Release};
use crate::domain::triage::Scope;
use crate::text::Untrusted;

/// The package URLs of what a statement holds for: the service and its artifacts, or only the artifact that it is limited to.
pub(super) fn ids(release: &Release, scope: &Scope) -> Vec<Untrusted> {
    let mut out = Vec::new();
    if scope.artifact.is_none() {
        out.push(service(release));
    }
    let covered = |a: &&Artifact| scope.artifact.as_ref().is_none_or(|d| a.digest.as_ref() == Some(d));
    for artifact in release.artifacts.iter().filter(covered) {
        let id = purl(artifact, release);
        if !out.contains(&id) {
            out.push(id);
        }
    }
    out.into_iter().map(Untrusted::new).collect()
}

/// The service as a package URL. There is no type for services; `generic` is for what has none.
pub(super) fn service(release: &Release) -> String {
    generic(&release.service, release.version.raw())
}

/// An artifact as a package URL: its own, of an image that of its repository and digest, else one with its checksum.
pub(super) fn purl(artifact: &Artifact, release: &Release) -> String {
    let reference = artifact.reference.raw();
    if reference.starts_with("pkg:") && is_iri(reference) {
        return reference.to_owned();
    }
    match (&artifact.digest, image(reference)) {
        (Some(digest), Some(repository)) => {
            let name = repository.rsplit('/').next().unwrap_or(repository).to_lowercase();
            let at = encode_part(digest.as_str());
            format!("pkg:oci/{}@{at}?repository_url={}", encode_part(&name), encode_part(repository))
        }
        (Some(digest), None) => {
            format!("pkg:generic/{}?checksum={}", encode_part(artifact.name.raw()), encode_part(digest.as_str()))
        }
        (None, _) => generic(artifact.name.raw(), release.version.raw()),
    }
}

fn generic(name: &str, version: &str) -> String {
    let version = if version.is_empty() { String::new() } else { format!("@{}", encode_part(version)) };
    format!("pkg:generic/{}{version}", encode_part(name))
}

/// The repository of an image's reference: what stands before tag and digest; `None` if it is no image.
pub(super) fn image(reference: &str) -> Option<&str> {
    let bare = reference.split('@').next().unwrap_or(reference);
    let last = bare.rfind('/').map_or(0, |at| at + 1);
    let tag = bare.get(last..).and_then(|name| name.find(':'));
    let is_image = !reference.contains("://") && (bare.len() < reference.len() || tag.is_some());
    let repository = bare.get(..tag.map_or(bare.len(), |at| last + at))?;
    (is_image && !repository.is_empty()).then_some(repository)
}

/// Whether a text can stand where a document needs an IRI. Stricter than the standard: what is refused goes elsewhere.
pub(super) fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=/?%".contains(&b);
    let escaped = |part: &str| part.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    scheme_fits
        && !rest.is_empty()
        && !rest.starts_with("//")
        && rest.bytes().all(fits)
        && rest.split('%').skip(1).all(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canonical::sha256;

    #[test]
    fn artifacts_have_package_urls() {
        let release = Release {
            service: "pay".to_owned(),
            version: "1.4.2+rc 1".into(),
            environment: "production".to_owned(),
            commit: None,
            branch: None,
            artifacts: Vec::new(),
        };
        let of = |name: &str, reference: &str, bytes: Option<&[u8]>| {
            let digest = bytes.map(sha256);
            purl(&Artifact { name: name.into(), reference: reference.into(), digest }, &release)
        };
        let hex = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(
            of("pay", "reg.example:5000/shop/Pay:1.4.2@sha256:00", Some(b"x")),
            format!("pkg:oci/pay@sha256%3A{hex}?repository_url=reg.example%3A5000%2Fshop%2FPay")
        );
        assert_eq!(of("pay.jar", "target/pay.jar", Some(b"x")), format!("pkg:generic/pay.jar?checksum=sha256%3A{hex}"));
        assert_eq!(of("pay", "reg.example/pay:1", None), "pkg:generic/pay@1.4.2%2Brc%201");
        assert_eq!(of("pay", "pkg:maven/com.shop/pay@1", None), "pkg:maven/com.shop/pay@1");
        assert!([service(&release), of("ü b", "x", None)].iter().all(|id| is_iri(id)));
    }

    #[test]
    fn what_is_no_iri_is_refused() {
        for text in
            ["", "product-ABC", "pkg:", "pkg:npm/a b", "pkg:npm/ü", "pkg:npm/a%2", "1:x", "pkg:npm/a#b", "a:\u{0}"]
        {
            assert!(!is_iri(text), "{text}");
        }
        assert!(is_iri("pkg:npm/%40babel/core@7.0.0?arch=x&b=c"));
    }
}
