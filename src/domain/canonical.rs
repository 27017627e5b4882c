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

/// As [`to_canonical`], for documents of some kilobytes: several times as fast, at the cost of a copy of the document.
pub fn to_canonical_small(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|e| NotCanonical(e.to_string()))?;
    // A map that is not asked to keep its order sorts by the bytes of its keys. What is not plain, the canonicaliser writes.
    let written = if is_plain(&value) { serde_json::to_vec(&value) } else { serde_json_canonicalizer::to_vec(&value) };
    written.map_err(|e| NotCanonical(e.to_string()))
}

/// Whether its order by bytes is the order of RFC 8785, and its numbers are written alike: no fractions, nothing large.
fn is_plain(value: &serde_json::Value) -> bool {
    const LARGEST: u64 = 1 << 53;
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => true,
        serde_json::Value::Number(n) => {
            n.as_u64().or_else(|| n.as_i64().map(i64::unsigned_abs)).is_some_and(|n| n < LARGEST)
        }
        serde_json::Value::Array(items) => items.iter().all(is_plain),
        serde_json::Value::Object(map) => map.iter().all(|(key, value)| key.is_ascii() && is_plain(value)),
    }
}

/// SHA-256 over the canonical JSON of a value.
///
/// A value that cannot be written gets the digest of its error text: it differs from every good digest, so nothing
/// compares equal to it by accident. The types of this house can always be written.
pub fn digest_of(value: &impl Serialize) -> Digest {
    match to_canonical(value) {
        Ok(bytes) => sha256(&bytes),
        Err(e) => not_canonical(&e),
    }
}

/// SHA-256 over canonical JSON that is written part by part, where the whole would take too much memory.
///
/// Whoever uses it puts the parts into canonical order, and says so with a test against [`digest_of`].
#[derive(Default)]
pub struct Parts {
    hash: Sha256,
    broken: Option<NotCanonical>,
}

impl Parts {
    /// Adds text that is canonical JSON already: brackets, commas, keys.
    pub fn text(mut self, text: &str) -> Self {
        self.hash.update(text);
        self
    }

    /// Adds a value.
    pub fn value(mut self, value: &impl Serialize) -> Self {
        match to_canonical(value) {
            Ok(bytes) => self.hash.update(bytes),
            Err(e) => self.broken = self.broken.or(Some(e)),
        }
        self
    }

    /// Adds a list of values, with its brackets.
    pub fn list<T: Serialize>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self = self.text("[");
        for (n, value) in values.into_iter().enumerate() {
            self = self.text(if n == 0 { "" } else { "," }).value(&value);
        }
        self.text("]")
    }

    /// The digest, as [`digest_of`] gives it for the whole.
    pub fn digest(self) -> Digest {
        match self.broken {
            None => Digest::from_sha256(&self.hash.finalize().into()),
            Some(e) => not_canonical(&e),
        }
    }
}

fn not_canonical(e: &NotCanonical) -> Digest {
    sha256(format!("not-canonical:{e}").as_bytes())
}

/// As [`digest_of`], as bytes: for keys of which there are many.
pub(super) fn hash_of(value: &impl Serialize) -> [u8; 32] {
    match to_canonical(value) {
        Ok(bytes) => Sha256::digest(&bytes).into(),
        Err(e) => Sha256::digest(format!("not-canonical:{e}")).into(),
    }
}

/// SHA-256 over bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

/// SHA-256 over what is read, without holding it.
pub fn sha256_of_reader(mut reader: impl std::io::Read) -> std::io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(Digest::from_sha256(&hash.finalize().into())),
            n => hash.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

/// SHA-256 over a list of parts, each with its length before it, so that no two lists collide.
pub fn sha256_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    Digest::from_sha256(&hash_of_parts(parts))
}

/// The bytes of [`sha256_parts`].
pub fn hash_of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
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
    fn small_documents_are_written_as_the_canonicaliser_writes_them() {
        let odd: String = (0..0x2100).filter_map(char::from_u32).chain(['\u{ffff}', '\u{1f600}']).collect();
        for value in [
            serde_json::json!({"schema": 2, "b": {"z": [], "a": {}}, "B": null, "": true, "aa": -1, "a": [{"y": 0, "x": 1}]}),
            serde_json::json!({"odd": odd, "a\u{1}\"\\": odd}),
            serde_json::json!({"\u{ffff}": 1, "\u{1f600}": 2, "é": 3, "z": 4}),
            serde_json::json!([
                0.5,
                1.0,
                1e30,
                -0.0,
                u64::MAX,
                i64::MIN,
                1_u64 << 53,
                (1_u64 << 53) + 1,
                (1_u64 << 53) - 1
            ]),
        ] {
            let (small, whole) = (to_canonical_small(&value).unwrap(), to_canonical(&value).unwrap());
            assert_eq!(String::from_utf8(small).unwrap(), String::from_utf8(whole).unwrap());
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(sha256_parts([&b"ab"[..], b"c"]), sha256_parts([&b"a"[..], b"bc"]));
    }
}
