//! Keys and certificates that were taken back: a KRL of OpenSSH, or a file with one public key a line.

mod certificates;
mod krl;

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::error::TrustFileError;
use super::key::{fingerprint_of, split_line};

/// Revoked keys and certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    keys: HashSet<Vec<u8>>,
    sha1: HashSet<[u8; 20]>,
    sha256: HashSet<[u8; 32]>,
    certificates: Vec<certificates::Certificates>,
}

impl Revoked {
    /// Reads a file's bytes. `name` is for messages. What is not understood is an error: a revocation that is skipped
    /// would be a key that still counts.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, TrustFileError> {
        if krl::is_krl(bytes) {
            return krl::parse(bytes).map_err(|why| {
                let mend = "Make it anew with `ssh-keygen -k -f KRL KEY.pub ...`, or use a file of public keys.";
                TrustFileError::new(name, None, format!("as a key revocation list: {why}"), mend)
            });
        }
        let mend = "Write one public key a line, or a KRL made by `ssh-keygen -k`.";
        let text = std::str::from_utf8(bytes)
            .map_err(|_e| TrustFileError::new(name, None, "it is neither a key revocation list nor text", mend))?;
        let mut revoked = Self::default();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((blob, _)) = split_line(line) else {
                return Err(TrustFileError::new(name, Some(i + 1), "this is not a public key", mend));
            };
            if super::wire::algorithm_of(&blob).is_some_and(super::cert::is_certificate) {
                let why = "a certificate is listed, and only plain keys can be revoked by a list of this kind";
                let mend = "List the key that it is for, or make a KRL: `ssh-keygen -k -f KRL -s CA.pub SPEC`.";
                return Err(TrustFileError::new(name, Some(i + 1), why, mend));
            }
            // A key that was cut on its way equals none, and the one that is meant would still count.
            if matches!(super::key::KeyInfo::from_blob(&blob, ""), Err(super::key::BadKey::NotAKey)) {
                return Err(TrustFileError::new(name, Some(i + 1), "the public key is damaged", mend));
            }
            revoked.keys.insert(blob);
        }
        Ok(revoked)
    }

    /// Whether a key, or the certificate that it comes with, or the authority of that, is revoked.
    pub fn revokes(&self, key: &super::key::KeyInfo) -> bool {
        self.contains(&key.blob)
            || key.certificate.as_ref().is_some_and(|certificate| {
                self.contains(&certificate.authority.blob) || self.certificates.iter().any(|c| c.contain(certificate))
            })
    }

    /// Whether a plain key, in SSH's binary form, is revoked.
    pub fn contains(&self, blob: &[u8]) -> bool {
        self.keys.contains(blob)
            || self.sha256.contains(&<[u8; 32]>::from(Sha256::digest(blob)))
            || (!self.sha1.is_empty() && self.sha1.contains(&super::sha1::digest(blob)))
    }

    /// How many keys, serials, ranges and key ids are listed.
    pub fn len(&self) -> usize {
        let certificates: usize = self.certificates.iter().map(certificates::Certificates::len).sum();
        self.keys.len() + self.sha1.len() + self.sha256.len() + certificates
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fingerprints of the keys that are listed in full, sorted.
    pub fn fingerprints(&self) -> Vec<String> {
        let mut out: Vec<_> = self.keys.iter().map(|blob| fingerprint_of(blob)).collect();
        out.sort();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::signer::{Signer as _, TestSigner};

    #[test]
    fn a_file_of_keys() {
        let key = |seed| TestSigner::from_seed([seed; 32]).unwrap().key().clone();
        let text = format!("# taken back\n\n{} Ana's old laptop\n", key(1).to_line());
        let revoked = Revoked::parse("revoked", text.as_bytes()).unwrap();
        assert!(revoked.contains(&key(1).blob));
        assert!(!revoked.contains(&key(2).blob));
        assert_eq!(revoked.fingerprints(), [key(1).fingerprint]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let error = Revoked::parse("revoked", b"# fine\nssh-ed25519 AAAA\n").unwrap_err();
        assert_eq!((error.line, error.to_string().as_str()), (Some(2), "revoked:2: this is not a public key."));
        assert!(Revoked::parse("revoked", &[0xff, 0, 1]).is_err());
    }
}
