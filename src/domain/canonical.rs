//! Canonical JSON (RFC 8785) and digests over it.
//!
//! The canonicaliser rounds integers above 2^53 silently, so types of the house put large numbers and all times in
//! strings and use no floats.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ids::Digest;

/// A value could not be written as canonical JSON.
#[derive(Debug, thiserror::Error)]
#[error("could not be written as canonical JSON: {0}")]
pub struct NotCanonical(String);

/// The canonical JSON of a value, UTF-8.
pub fn to_canonical(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    serde_json_canonicalizer::to_vec(value).map_err(|e| NotCanonical(e.to_string()))
}

/// SHA-256 over the canonical JSON of a value.
///
/// A value that cannot be written gets the digest of its error text: it differs from every good digest, so nothing
/// compares equal to it by accident. The types of this house can always be written.
pub fn digest_of(value: &impl Serialize) -> Digest {
    match to_canonical(value) {
        Ok(bytes) => sha256(&bytes),
        Err(e) => sha256(format!("not-canonical:{e}").as_bytes()),
    }
}

/// SHA-256 over bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

/// SHA-256 over a list of parts, each with its length before it, so that no two lists collide.
pub fn sha256_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    Digest::from_sha256(&hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_blanks_gone() {
        let value = serde_json::json!({"b": 1, "a": {"d": [1, 2], "c": "é"}});
        assert_eq!(to_canonical(&value).unwrap(), r#"{"a":{"c":"é","d":[1,2]},"b":1}"#.as_bytes());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(sha256_parts([&b"ab"[..], b"c"]), sha256_parts([&b"a"[..], b"bc"]));
    }
}
