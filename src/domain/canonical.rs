//! Canonical JSON (RFC 8785) and digests over it.
//!
//! The canonicaliser rounds integers above 2^53 silently, so types of the house put large numbers and all times in
//! strings and use no floats.

mod sorted;

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

/// As [`to_canonical`], for documents of some kilobytes: many times as fast where they are plain.
pub fn to_canonical_small(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    match sorted::write(value) {
        Some(written) => written.map_err(|e| NotCanonical(e.to_string())),
        None => to_canonical(value),
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
    use std::collections::BTreeMap;

    use proptest::prelude::*;

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
    fn members_are_put_in_order_at_every_depth() {
        #[derive(Serialize)]
        struct Inner {
            z: u8,
            #[serde(rename = "a!")]
            longer: Option<&'static str>,
            a: Vec<Choice>,
            b: BTreeMap<u16, i64>,
        }
        #[derive(Serialize)]
        enum Choice {
            Unit,
            Tuple(u8, i8),
            Struct { y: bool, x: (), w: char },
        }
        #[derive(Serialize)]
        struct Outer {
            inner: Inner,
            #[serde(rename = "aa")]
            second: Vec<u8>,
            #[serde(rename = "")]
            empty: BTreeMap<String, Inner>,
        }
        let inner = |a| Inner { z: 1, longer: Some("}\",{"), a, b: BTreeMap::from([(10, -1), (9, 2), (1, 3)]) };
        let (tuple, of_struct) = (Choice::Tuple(1, -1), Choice::Struct { y: true, x: (), w: 'é' });
        let outer = Outer {
            inner: inner(vec![Choice::Unit, tuple, of_struct]),
            second: Vec::new(),
            empty: BTreeMap::from([("k".to_owned(), inner(Vec::new())), ("j".to_owned(), inner(Vec::new()))]),
        };
        let small = sorted::write(&outer).unwrap().unwrap();
        assert_eq!(String::from_utf8(small).unwrap(), String::from_utf8(to_canonical(&outer).unwrap()).unwrap());
        // What is not plain is left to the canonicaliser.
        for odd in [serde_json::json!({"é": 1}), serde_json::json!({"a\n": 1}), serde_json::json!(0.5)] {
            assert!(sorted::write(&odd).is_none(), "{odd}");
        }
        for odd in [u64::MAX, 1 << 53] {
            assert!(sorted::write(&odd).is_none() && sorted::write(&i128::from(odd)).is_none(), "{odd}");
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let number = prop_oneof![any::<i64>().prop_map(Into::into), (-9_i64..9).prop_map(serde_json::Value::from)];
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            number,
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            "[ -~]{0,9}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let key = prop_oneof!["[ -~]{0,3}", "[a-c]{0,3}", any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec((key, inner), 0..6).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_ways_write_the_same(value in value()) {
            prop_assert_eq!(to_canonical_small(&value).unwrap(), to_canonical(&value).unwrap());
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(sha256_parts([&b"ab"[..], b"c"]), sha256_parts([&b"a"[..], b"bc"]));
    }
}
