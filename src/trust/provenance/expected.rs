//! What an attestation must be like to count: given by whoever asks, never read from the attestation.

use sigstore_verify::crypto::KeyAlgorithm;
use sigstore_verify::types::DerPublicKey;

use crate::domain::ids::Digest;
use crate::domain::provenance::Predicate;

/// The longest name that is compared with a pattern.
const LONGEST: usize = 2_048;

/// What is expected of an attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Who must have signed.
    pub signer: Signer,
    /// The source repository.
    pub repository: Option<Pattern>,
    /// The ref that was built: `refs/heads/main`.
    pub reference: Option<Pattern>,
    /// The commit, where the release names one.
    pub commit: Option<String>,
    /// Whether the commit must be named. Where not, one that is silent of it counts, with a note.
    pub commit_named: bool,
    /// What it must say.
    pub predicate: Predicate,
}

/// Who must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Nobody is expected: nothing is ever verified.
    Nobody,
    /// An identity that an issuer vouched for, in a certificate of an authority of the trusted root.
    Identity {
        /// The issuer, exactly; empty: the certificate must name none, as those of GitHub's releases.
        issuer: String,
        /// Who: the certificate's subject alternative name. `None`: whoever, of the repository that the certificate
        /// itself names.
        identity: Option<Pattern>,
    },
    /// A key of one's own.
    Key {
        /// The key.
        key: Key,
        /// Whether a transparency log of the trusted root must hold it.
        logged: bool,
    },
}

impl Expected {
    /// Whether so much is expected that an attestation can be verified: a key; or an issuer, and an identity or a
    /// repository. Without an issuer, an identity. A pattern that everything fits says nothing.
    pub fn is_enough(&self) -> bool {
        let said = |pattern: &Option<Pattern>| pattern.as_ref().is_some_and(|p| !p.is_anything());
        match &self.signer {
            Signer::Nobody => false,
            Signer::Identity { issuer, identity } => said(identity) || (!issuer.is_empty() && said(&self.repository)),
            Signer::Key { .. } => true,
        }
    }

    /// Whether the repository is all that says who must have signed. The statement is written by the signer, so then
    /// only what the certificate says of repository, ref and commit is proof of anything.
    pub(super) fn is_by_repository(&self) -> bool {
        match &self.signer {
            Signer::Identity { identity, .. } => identity.as_ref().is_none_or(Pattern::is_anything),
            Signer::Nobody | Signer::Key { .. } => false,
        }
    }

    /// What is expected, name and value, for people.
    pub fn words(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut put = |name: &str, value: Option<String>| out.extend(value.map(|v| (name.to_owned(), v)));
        match &self.signer {
            Signer::Nobody => {}
            Signer::Identity { issuer, identity } => {
                put("issuer", Some(if issuer.is_empty() { "none".to_owned() } else { issuer.clone() }));
                put("identity", identity.as_ref().map(|i| i.0.clone()));
            }
            Signer::Key { key, logged } => {
                put("key", Some(key.fingerprint()));
                put("log", Some(if *logged { "required" } else { "not asked for" }.to_owned()));
            }
        }
        put("repository", self.repository.as_ref().map(|r| r.0.clone()));
        put("branch", self.reference.as_ref().map(|r| r.0.clone()));
        let where_named = if self.commit_named { "" } else { ", where it is named" };
        put("commit", self.commit.as_ref().map(|c| format!("{c}{where_named}")));
        put("predicate", Some(self.predicate.word().to_owned()));
        out
    }
}

/// A public key: P-256, P-384, Ed25519 or RSA.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub(super) DerPublicKey);

impl Key {
    /// Reads the PEM file of a public key. The error is a full sentence.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_e| "It is not a PEM file.".to_owned())?;
        let key = DerPublicKey::from_pem(text.trim()).map_err(|e| {
            let why = e.to_string();
            let why = why.trim_end_matches('.');
            format!("It is not the PEM file of a public key (-----BEGIN PUBLIC KEY-----): {why}.")
        })?;
        KeyAlgorithm::from_spki(&key)
            .map_err(|e| format!("Its key cannot be used; P-256, P-384, Ed25519 and RSA can: {e}."))?;
        Ok(Self(key))
    }

    /// SHA-256 over the key as DER, `sha256:<hex>`: as `openssl pkey -pubin -outform der | sha256sum` gives it.
    pub fn fingerprint(&self) -> String {
        let digest: Digest = crate::domain::canonical::sha256(self.0.as_bytes());
        digest.to_string()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// Text in which `*` stands for anything but a slash, and `**` for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern; text without a `*` means itself.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everything fits, or everything without a slash.
    pub fn is_anything(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b == b'*')
    }

    /// Whether all of `text` fits.
    pub fn fits(&self, text: &str) -> bool {
        // Of names that are longer than any real one, nothing is said by how their parts fit.
        text.len() <= LONGEST && fits(self.0.as_bytes(), text.as_bytes())
    }
}

/// Goes back only to the last star of either kind. That is enough: a `**` takes whatever comes, so the first place where
/// what stands before it fits is the best, and a `*` cannot leave its part between two slashes.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows a star does not fit: behind the star, and the next byte that it takes.
    let mut one: Option<(usize, usize)> = None;
    let mut any: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p..).is_some_and(|rest| rest.starts_with(b"**")) {
            p += 2;
            any = Some((p, t));
            one = None;
        } else if pattern.get(p) == Some(&b'*') {
            p += 1;
            one = Some((p, t));
        } else if t < text.len() && pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if p == pattern.len() && t == text.len() {
            return true;
        } else if let Some((back, taken)) = one.filter(|(_, taken)| text.get(*taken).is_some_and(|b| *b != b'/')) {
            (p, t) = (back, taken + 1);
            one = Some((back, taken + 1));
        } else if let Some((back, taken)) = any.filter(|(_, taken)| *taken < text.len()) {
            (p, t) = (back, taken + 1);
            any = Some((back, taken + 1));
            one = None;
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        for (pattern, text, fit) in [
            ("refs/heads/main", "refs/heads/main", true),
            ("refs/heads/main", "refs/heads/main2", false),
            ("refs/tags/*", "refs/tags/v1.2", true),
            ("refs/tags/*", "refs/tags/", true),
            ("refs/tags/*", "refs/tags/a/b", false),
            ("refs/tags/**", "refs/tags/a/b", true),
            ("https://h/acme/*/.github/r.yml@refs/tags/v*", "https://h/acme/pay/.github/r.yml@refs/tags/v1", true),
            ("https://h/acme/*/.github/r.yml@refs/tags/v*", "https://h/acme/a/b/.github/r.yml@refs/tags/v1", false),
            ("https://h/acme/**@refs/tags/*", "https://h/acme/a/b@x/c@refs/tags/v1", true),
            ("https://h/acme/**@refs/tags/*", "https://h/acme/a/b@x/c@refs/tags/v1/x", false),
            ("*@acme.example", "ana@acme.example", true),
            ("*@acme.example", "ana@evil.example/@acme.example", false),
            ("**a*b", "x/a/ab", true),
            ("**a*b", "x/a/a/b", false),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_does_not_take_long() {
        let (pattern, text) = ("**a*".repeat(500) + "!", "a".repeat(LONGEST));
        assert!(!Pattern::new(pattern).fits(&text));
    }
}
