//! The leaf of an entry: what the tree is over.
//!
//! Canonical JSON, `{"at":"..","body":"sha256:..","gate":"..","kind":"..","record":"..","seq":"12"}`; without a gate,
//! `gate` is null. The body is there by its digest, so that leaves stay small enough for the entry tiles of C2SP.

use serde::{Deserialize, Serialize};

use super::merkle::MOST;
use super::{Draft, Entry, EntryKind};
use crate::domain::ids::{Digest, RecordId};
use crate::domain::time::Timestamp;

/// A leaf; its order of fields is that of canonical JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaf<'a> {
    at: Timestamp,
    #[serde(borrow)]
    body: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    gate: Option<std::borrow::Cow<'a, str>>,
    kind: EntryKind,
    #[serde(borrow)]
    record: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    seq: std::borrow::Cow<'a, str>,
}

/// The leaf of an entry.
pub fn of(entry: &Entry) -> Vec<u8> {
    let leaf = Leaf {
        at: entry.draft.at,
        body: entry.digest.as_str().into(),
        gate: entry.draft.gate.as_deref().map(Into::into),
        kind: entry.draft.kind,
        record: entry.draft.record.as_str().into(),
        seq: entry.seq.to_string().into(),
    };
    // Strings alone can always be written.
    serde_json::to_vec(&leaf).unwrap_or_default()
}

/// What a leaf says: the entry without its body, and the digest that its body must have.
pub fn parse(bytes: &[u8]) -> Result<Entry, String> {
    let leaf: Leaf<'_> = serde_json::from_slice(bytes).map_err(|e| format!("it is not a leaf ({e})."))?;
    let seq = leaf.seq.parse().ok().filter(|seq| *seq <= MOST);
    let seq = seq.ok_or_else(|| "its position is not a number that a ledger comes to.".to_owned())?;
    let digest: Digest = leaf.body.parse().map_err(|e| format!("its digest cannot be read ({e})."))?;
    let draft = Draft {
        kind: leaf.kind,
        record: RecordId::new(leaf.record),
        gate: leaf.gate.map(std::borrow::Cow::into_owned),
        at: leaf.at,
        body: Vec::new(),
    };
    let entry = Entry { seq, digest, draft };
    if of(&entry) == bytes { Ok(entry) } else { Err("it is not written as we write leaves.".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canonical;

    fn entry(gate: Option<&str>) -> Entry {
        let draft = Draft {
            kind: EntryKind::Decision,
            record: RecordId::new("01 \"\u{7}\u{2028}\u{1f600}\\"),
            gate: gate.map(ToOwned::to_owned),
            at: "2026-11-21T04:10:00.5Z".parse().unwrap(),
            body: b"{}".to_vec(),
        };
        Entry::new(12, draft)
    }

    #[test]
    fn a_leaf_is_canonical_and_reads_back() {
        for gate in [None, Some(""), Some("spinnaker:a/b/c")] {
            let entry = entry(gate);
            let leaf = of(&entry);
            let value: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
            assert_eq!(canonical::to_canonical(&value).unwrap(), leaf);
            assert_eq!(value["seq"], "12");
            assert_eq!(value["body"], canonical::sha256(b"{}").as_str());
            let back = parse(&leaf).unwrap();
            assert_eq!((back.seq, &back.digest, &back.draft.gate), (12, &entry.digest, &entry.draft.gate));
            assert_eq!(back.draft.record, entry.draft.record);
        }
        assert_ne!(of(&entry(None)), of(&entry(Some(""))));
    }

    #[test]
    fn what_is_written_otherwise_is_no_leaf() {
        let good = String::from_utf8(of(&entry(None))).unwrap();
        parse(good.as_bytes()).unwrap();
        for (was, is) in [
            ("\"seq\":\"12\"", "\"seq\":\"012\""),
            ("\"12\"", "\"18446744073709551615\""),
            ("{", "{ "),
            ("decision", "sermon"),
            ("}", ",\"x\":1}"),
        ] {
            let bad = good.replacen(was, is, 1);
            assert_ne!(bad, good);
            parse(bad.as_bytes()).unwrap_err();
        }
    }
}
