//! What an attestation says of itself: in its statement, and in the certificate of whoever signed.

use serde_json::Value;
use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info};
use sigstore_verify::types::{DerCertificate, DigestBytes, HashAlgorithm};

use super::strict;
use crate::domain::provenance::{Subject, SubjectDigest};
use crate::text::Untrusted;
use crate::trust::dsse::PAYLOAD_TYPE;

/// The versions of the in-toto Statement.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
/// The most subjects of a statement.
const MOST_SUBJECTS: usize = 5_000;

/// What a statement says. Nothing of it is verified.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    pub subjects: Vec<Subject>,
    /// `None` for a signature over the artifact itself.
    pub predicate: Option<String>,
    pub builder: Option<String>,
    pub repository: Option<String>,
    pub commits: Vec<String>,
    pub reference: Option<String>,
    pub run: Option<String>,
}

/// What the certificate of whoever signed says.
#[derive(Debug, Clone, Default)]
pub(super) struct Signed {
    pub issuer: Option<String>,
    pub identity: Option<String>,
    pub repository: Option<String>,
    pub commit: Option<String>,
    pub reference: Option<String>,
    pub run: Option<String>,
}

impl Signed {
    /// Reads a certificate; one that cannot be read says nothing.
    pub(super) fn of(certificate: &DerCertificate) -> Self {
        parse_certificate_info(certificate).map(Self::from).unwrap_or_default()
    }
}

impl From<CertificateInfo> for Signed {
    fn from(info: CertificateInfo) -> Self {
        let claims = info.ci_claims;
        let old = claims.deprecated_github;
        Self {
            issuer: info.issuer,
            identity: info.identity.map(|i| i.as_str().to_owned()),
            // The certificates before 2022 have the name alone, which says nothing of the host.
            repository: claims.source_repository_uri.as_deref().map(repository_of),
            commit: claims.source_repository_digest.or(old.workflow_sha),
            reference: claims.source_repository_ref.or(old.workflow_ref),
            run: claims.run_invocation_uri,
        }
    }
}

impl Claims {
    /// Of a signature over the artifact itself: all that it says is a digest.
    pub(super) fn of_digest(digest: Option<(HashAlgorithm, &DigestBytes)>) -> Self {
        let digest = digest.and_then(|(algorithm, bytes)| {
            let name = match algorithm {
                HashAlgorithm::Sha2256 => "sha256",
                HashAlgorithm::Sha2512 => "sha512",
                _ => return None,
            };
            SubjectDigest::of(name, bytes.as_bytes()).ok()
        });
        let subjects = digest.map(|d| Subject { name: Untrusted::default(), digests: vec![d] }).into_iter().collect();
        Self { subjects, ..Self::default() }
    }

    /// Of an in-toto statement. The error is a full sentence.
    pub(super) fn of_statement(payload_type: &str, payload: &[u8]) -> Result<Self, String> {
        if payload_type != PAYLOAD_TYPE {
            return Err(format!("Its payload is of type {payload_type}, and an in-toto statement is {PAYLOAD_TYPE}."));
        }
        let value =
            strict::parse(payload).map_err(|why| format!("Its statement is not JSON that can be read: {why}."))?;
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        if !text("/_type").is_some_and(|t| STATEMENTS.contains(&t)) {
            return Err("Its payload is not an in-toto Statement of version 0.1 or 1.".to_owned());
        }
        let predicate =
            text("/predicateType").filter(|p| !p.is_empty()).ok_or("Its statement has no predicateType.")?;
        let list = value.get("subject").and_then(Value::as_array).filter(|l| !l.is_empty());
        let list = list.ok_or("Its statement has no subject: it speaks of nothing.")?;
        if list.len() > MOST_SUBJECTS {
            return Err(format!("Its statement has more than {MOST_SUBJECTS} subjects."));
        }
        let mut claims = Self {
            subjects: list.iter().map(subject).collect::<Result<_, _>>()?,
            predicate: Some(predicate.to_owned()),
            ..Self::default()
        };
        match predicate {
            "https://slsa.dev/provenance/v0.2" => claims.slsa_02(&value),
            "https://slsa.dev/provenance/v1" => claims.slsa_1(&value),
            _ => {}
        }
        Ok(claims)
    }

    fn slsa_02(&mut self, value: &Value) {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        self.builder = text("/predicate/builder/id").map(ToOwned::to_owned);
        self.run = text("/predicate/metadata/buildInvocationId").map(ToOwned::to_owned);
        if let Some(uri) = text("/predicate/invocation/configSource/uri") {
            self.repository = Some(repository_of(uri));
            self.reference = reference_of(uri);
        }
        let commit = value.pointer("/predicate/invocation/configSource").and_then(commit_of);
        self.commits.extend(commit);
        if self.commits.is_empty() {
            self.dependencies(value.pointer("/predicate/materials"));
        }
    }

    fn slsa_1(&mut self, value: &Value) {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        self.builder = text("/predicate/runDetails/builder/id").map(ToOwned::to_owned);
        self.run = text("/predicate/runDetails/metadata/invocationId").map(ToOwned::to_owned);
        let workflow = "/predicate/buildDefinition/externalParameters/workflow";
        self.repository = text(&format!("{workflow}/repository")).map(repository_of);
        self.reference = text(&format!("{workflow}/ref")).map(ToOwned::to_owned);
        self.dependencies(value.pointer("/predicate/buildDefinition/resolvedDependencies"));
    }

    /// Takes the source's commit from what it was built of.
    fn dependencies(&mut self, list: Option<&Value>) {
        for dependency in list.and_then(Value::as_array).into_iter().flatten() {
            let Some(uri) = dependency.get("uri").and_then(Value::as_str) else { continue };
            let Some(commit) = commit_of(dependency) else { continue };
            let repository = repository_of(uri);
            let source = match &self.repository {
                // Not every builder writes the `git+` before the address.
                Some(known) => *known == repository,
                // The first one is the source where nothing else names it; all others are what it was built with.
                None => uri.starts_with("git+"),
            };
            if source {
                self.reference = self.reference.take().or_else(|| reference_of(uri));
                self.repository = Some(repository);
                self.commits.push(commit);
            }
        }
    }
}

/// The commit in the digests of a source.
fn commit_of(source: &Value) -> Option<String> {
    let digest = source.get("digest")?;
    ["gitCommit", "sha1"].iter().find_map(|name| digest.get(name)?.as_str()).map(ToOwned::to_owned)
}

fn subject(value: &Value) -> Result<Subject, String> {
    let name = value.get("name").map_or(Some(""), Value::as_str).ok_or("A subject's name is not a text.")?;
    let map = value.get("digest").and_then(Value::as_object).filter(|d| !d.is_empty());
    let map = map.ok_or("A subject of its statement has no digest.")?;
    let mut digests = Vec::new();
    for (algorithm, hex) in map {
        let hex = hex.as_str().ok_or("A digest of a subject is not a text.")?;
        if matches!(algorithm.as_str(), "sha256" | "sha512") {
            digests.push(SubjectDigest::new(algorithm, hex).map_err(|e| e.to_string())?);
        }
    }
    Ok(Subject { name: Untrusted::new(name), digests })
}

/// `https://github.com/acme/pay` of `git+https://github.com/acme/pay.git@refs/heads/main`.
pub(super) fn repository_of(uri: &str) -> String {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    let path = uri.find("://").map_or(0, |at| at + 3);
    // An @ before the first slash of the path is a user's name.
    let start = uri.get(path..).and_then(|rest| rest.find('/')).map_or(uri.len(), |at| path + at);
    let end = uri.get(start..).and_then(|rest| rest.find('@')).map_or(uri.len(), |at| start + at);
    let plain = uri.get(..end).unwrap_or(uri).trim_end_matches('/');
    plain.strip_suffix(".git").unwrap_or(plain).to_owned()
}

/// `refs/heads/main` of `git+https://github.com/acme/pay@refs/heads/main`.
fn reference_of(uri: &str) -> Option<String> {
    let (_, reference) = uri.rsplit_once("@refs/")?;
    Some(format!("refs/{reference}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_by_their_address_alone() {
        for (uri, repository, reference) in [
            ("git+https://github.com/a/b@refs/heads/main", "https://github.com/a/b", Some("refs/heads/main")),
            ("https://github.com/a/b.git", "https://github.com/a/b", None),
            ("https://github.com/a/b/", "https://github.com/a/b", None),
            ("git+https://me@git.example/a/b@refs/tags/v@1", "https://me@git.example/a/b", Some("refs/tags/v@1")),
            ("", "", None),
            ("git+", "", None),
        ] {
            assert_eq!(repository_of(uri), repository, "{uri}");
            assert_eq!(reference_of(uri).as_deref(), reference, "{uri}");
        }
    }

    #[test]
    fn statements_that_speak_of_nothing_are_refused() {
        let read = |text: &str| Claims::of_statement(PAYLOAD_TYPE, text.as_bytes()).unwrap_err();
        let good = r#"{"_type": "https://in-toto.io/Statement/v1", "predicateType": "p", "subject": SUBJECT}"#;
        assert!(read(&good.replace("SUBJECT", "[]")).contains("no subject"));
        assert!(read(&good.replace("SUBJECT", r#"[{"name": "a"}]"#)).contains("no digest"));
        assert!(read(&good.replace("SUBJECT", r#"[{"digest": {"sha256": "AB"}}]"#)).contains("digest"));
        assert!(read(&good.replace("SUBJECT", r#"[{"name": 1, "digest": {"sha1": "AB"}}]"#)).contains("name"));
        assert!(read(r#"{"_type": "x"}"#).contains("not an in-toto"));
        assert!(read(r#"{"_type": "https://in-toto.io/Statement/v1", "subject": []}"#).contains("predicateType"));
        assert!(Claims::of_statement("text/plain", b"{}").unwrap_err().contains("text/plain"));
    }
}
