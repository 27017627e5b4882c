//! Where an artifact comes from: what a builder attested, and whether it is to be believed.
//!
//! What an attestation says is outside text like any other. It counts only where its state is
//! [`Verified`](State::Verified): then its signature is good, and signer, repository, branch, commit and predicate are
//! what the configuration expects.

mod predicate;

use serde::{Deserialize, Serialize};

pub use self::predicate::Predicate;
use super::evidence::Reason;
use super::ids::BadId;
use super::release::Artifact;
use super::time::Timestamp;
use crate::text::Untrusted;

/// The provenance of a release's artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// What is expected, in words: `issuer`, `identity`, `repository` and so on, each with its value.
    pub expected: Vec<(String, Untrusted)>,
    /// What signatures are traced back to; `None`: to the expected key alone.
    pub root: Option<TrustRoot>,
    /// The artifacts of the release, and which attestations cover each.
    pub artifacts: Vec<Covered>,
    /// The attestations, in the order of their files.
    pub attestations: Vec<Attestation>,
    /// Files, and parts of files, that could not be read as attestations.
    pub unread: Vec<Unread>,
}

/// A trusted root: the authorities and logs of one or several Sigstore instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRoot {
    /// The digest of its file.
    pub digest: super::ids::Digest,
    /// When the newest of its keys and authorities began to be valid: it knows of nothing later.
    pub newest: Option<Timestamp>,
}

/// An artifact of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Its name.
    pub name: Untrusted,
    /// Its digest, where it is known.
    pub digest: Option<SubjectDigest>,
    /// The files of the verified attestations that name its digest.
    pub by: Vec<Untrusted>,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The file, and the place in it.
    pub file: Untrusted,
    /// Why.
    pub reason: Reason,
}

/// What somebody signed of how something was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The file that it is in, and the place in it.
    pub file: Untrusted,
    /// Whether it counts.
    pub state: State,
    /// Why it does not count, if it does not.
    pub reason: Option<Reason>,
    /// What it leaves open although it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Reason>,
    /// What it speaks of: the first few, and all that are artifacts of the release.
    pub subjects: Vec<Subject>,
    /// How many subjects it has.
    pub subject_count: usize,
    /// What it says, `https://slsa.dev/provenance/v1`; `None` for a signature over the artifact itself.
    pub predicate: Option<Untrusted>,
    /// Who built it, as the predicate says.
    pub builder: Option<Untrusted>,
    /// The source repository.
    pub repository: Option<Untrusted>,
    /// The commit.
    pub commit: Option<Untrusted>,
    /// The ref: `refs/heads/main`.
    pub reference: Option<Untrusted>,
    /// The run of the builder.
    pub run: Option<Untrusted>,
    /// Who vouched for the signer's identity. Nothing proves it unless the state is [proven](State::is_proven).
    pub issuer: Option<Untrusted>,
    /// Who signed, as the certificate says. Nothing proves it unless the state is [proven](State::is_proven).
    pub identity: Option<Untrusted>,
    /// The fingerprint of the expected key, where it is signed by a key of one's own.
    pub key: Option<String>,
    /// When it was signed, as a log or a time stamp proves.
    pub signed_at: Option<Timestamp>,
    /// Its position in a transparency log that was checked.
    pub log_index: Option<String>,
}

/// Whether an attestation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The signature is good, and all is as expected.
    Verified,
    /// The signature is good, and something is not as expected, or nothing is expected.
    Unexpected,
    /// The signature is not good, or cannot be checked.
    Refused,
    /// It is of another kind than is asked for, and was not looked into.
    Other,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unexpected => "unexpected",
            Self::Refused => "refused",
            Self::Other => "other",
        }
    }

    /// Whether the signature is good, so that who signed is who the attestation says.
    pub fn is_proven(self) -> bool {
        matches!(self, Self::Verified | Self::Unexpected)
    }

    /// What is said before a signer's name: everybody can claim to be anybody.
    pub fn signed_by(self) -> &'static str {
        if self.is_proven() { "signed by" } else { "claims to be signed by" }
    }
}

/// Issuers that vouch for people who sign in. Their certificates name no repository.
const OF_PEOPLE: [&str; 5] = [
    "https://accounts.google.com",
    "https://github.com/login/oauth",
    "https://login.microsoftonline.com",
    "https://oauth2.sigstore.dev/auth",
    "https://oauth2.sigstage.dev/auth",
];

/// Whether an issuer is known to vouch for people, and never for a repository.
pub fn is_issuer_of_people(issuer: &str) -> bool {
    let issuer = issuer.trim_end_matches('/');
    OF_PEOPLE
        .iter()
        .any(|known| issuer.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// What an attestation speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// Its name: a file, an image, a package.
    pub name: Untrusted,
    /// Its digests.
    pub digests: Vec<SubjectDigest>,
}

/// A digest of an artifact, `sha256:<hex>` or `sha512:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectDigest(String);

impl SubjectDigest {
    /// From an algorithm and hexadecimal digits.
    pub fn new(algorithm: &str, hex: &str) -> Result<Self, BadId> {
        format!("{algorithm}:{hex}").parse()
    }

    /// From an algorithm and the bytes.
    pub fn of(algorithm: &str, bytes: &[u8]) -> Result<Self, BadId> {
        let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
        let hex: String = bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect();
        Self::new(algorithm, &hex)
    }

    /// `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm: `sha256` or `sha512`.
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(algorithm, _)| algorithm)
    }

    /// The hexadecimal digits.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }
}

impl std::str::FromStr for SubjectDigest {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let lower = |hex: &str| hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match text.split_once(':') {
            Some(("sha256", hex)) if hex.len() == 64 && lower(hex) => Ok(Self(text.to_owned())),
            Some(("sha512", hex)) if hex.len() == 128 && lower(hex) => Ok(Self(text.to_owned())),
            _ => Err(BadId::new(
                "The digest",
                text,
                "expected sha256: and 64, or sha512: and 128 lower-case hexadecimal digits",
            )),
        }
    }
}

impl TryFrom<String> for SubjectDigest {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<SubjectDigest> for String {
    fn from(digest: SubjectDigest) -> Self {
        digest.0
    }
}

impl From<&super::ids::Digest> for SubjectDigest {
    fn from(digest: &super::ids::Digest) -> Self {
        Self(digest.as_str().to_owned())
    }
}

impl Attestation {
    /// One of which nothing was read yet: it is refused until something is proven.
    pub fn unread(file: Untrusted) -> Self {
        Self {
            file,
            state: State::Refused,
            reason: None,
            note: None,
            subjects: Vec::new(),
            subject_count: 0,
            predicate: None,
            builder: None,
            repository: None,
            commit: None,
            reference: None,
            run: None,
            issuer: None,
            identity: None,
            key: None,
            signed_at: None,
            log_index: None,
        }
    }

    /// Whether it speaks of a digest.
    pub fn names(&self, digest: &SubjectDigest) -> bool {
        self.subjects.iter().any(|s| s.digests.contains(digest))
    }

    /// In one line for people: who built what from where.
    pub fn words(&self) -> String {
        let said = |text: &Option<Untrusted>| text.as_ref().map(|t| t.line().into_owned());
        let mut parts = vec![self.state.word().to_owned()];
        if let Some(who) = said(&self.identity).or_else(|| self.key.clone()) {
            parts.push(format!("{} {who}", self.state.signed_by()));
        }
        if let Some(repository) = said(&self.repository) {
            let at = said(&self.reference).map(|r| format!(" {r}")).unwrap_or_default();
            parts.push(format!("of {repository}{at}"));
        }
        parts.extend(said(&self.commit).map(|c| format!("commit {c}")));
        parts.extend(self.note.as_ref().map(|n| n.text.line().trim_end_matches('.').to_owned()));
        parts.join(", ")
    }
}

impl From<&Artifact> for Covered {
    /// Covered by nothing yet.
    fn from(artifact: &Artifact) -> Self {
        let digest = artifact.digest.as_ref().map(SubjectDigest::from);
        Self { name: artifact.name.clone(), digest, by: Vec::new() }
    }
}

/// Finds the verified attestations that cover each artifact.
pub fn cover(mut artifacts: Vec<Covered>, attestations: &[Attestation]) -> Vec<Covered> {
    for artifact in &mut artifacts {
        let Some(digest) = &artifact.digest else { continue };
        let verified = attestations.iter().filter(|a| a.state == State::Verified && a.names(digest));
        artifact.by = verified.map(|a| a.file.clone()).collect();
        artifact.by.sort();
    }
    artifacts.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
    artifacts
}

impl Provenance {
    /// How many of the artifacts are covered.
    pub fn covered(&self) -> usize {
        self.artifacts.iter().filter(|a| !a.by.is_empty()).count()
    }

    /// In a few words: how many attestations, and how many artifacts they cover.
    pub fn words(&self) -> String {
        let (n, covered, all) = (self.attestations.len(), self.covered(), self.artifacts.len());
        format!("{n} attestation{}, {covered}/{all} artifacts covered", if n == 1 { "" } else { "s" })
    }

    /// Why the provenance of the release is not all there; `None` if it is.
    pub fn shortfall(&self) -> Option<Reason> {
        if self.artifacts.is_empty() {
            return Some(Reason::new(
                "no-artifact",
                "The run names no artifact, so nothing binds an attestation to what is released.",
            ));
        }
        let open: Vec<&Covered> = self.artifacts.iter().filter(|a| a.by.is_empty()).collect();
        let Some(first) = open.first() else {
            let unread = self.unread.first()?;
            return Some(Reason::new(
                "attestation-unreadable",
                format!("{} was not read: {}", unread.file.raw(), unread.reason.text.raw()),
            ));
        };
        let name = first.name.raw();
        let more = if open.len() > 1 { format!(" So it is with {} more.", open.len() - 1) } else { String::new() };
        let Some(digest) = &first.digest else {
            let text = format!("{name} is known without a digest, so no attestation can be compared with it.{more}");
            return Some(Reason::new("artifact-without-digest", text));
        };
        // The one that came closest says the most.
        let closest = self.attestations.iter().filter(|a| a.names(digest)).min_by_key(|a| a.state);
        // Of one whose statement cannot be read, nobody knows what it speaks of.
        let closest = closest.or_else(|| self.attestations.iter().find(|a| a.subject_count == 0));
        if let Some((attestation, reason)) = closest.and_then(|a| Some((a, a.reason.as_ref()?))) {
            let text = format!("{} does not count for {name}: {}{more}", attestation.file.raw(), reason.text.raw());
            return Some(Reason::new(reason.code.clone(), text));
        }
        if let Some(unread) = self.unread.first() {
            let text = format!("{} was not read: {}{more}", unread.file.raw(), unread.reason.text.raw());
            return Some(Reason::new("attestation-unreadable", text));
        }
        let text = format!("No attestation speaks of {name} ({}).{more}", digest.as_str());
        Some(Reason::new("not-attested", text))
    }
}

#[cfg(test)]
mod tests;
