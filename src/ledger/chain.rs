//! The hash chain of ledgers that were written before there was the tree: kept, and checked further.

use super::Entry;
use crate::domain::canonical;
use crate::domain::ids::Digest;

/// What the chain begins with.
pub fn origin() -> Digest {
    canonical::sha256(b"countersign-ledger/v1")
}

/// The chain up to an entry: SHA-256 over the chain before it and all of the entry, each part with its length.
pub fn link(previous: &Digest, entry: &Entry) -> Digest {
    let draft = &entry.draft;
    let (seq, at) = (entry.seq.to_string(), draft.at.to_string());
    // A missing gate and an empty one differ in this mark.
    let mark: &[u8] = if draft.gate.is_some() { b"1" } else { b"0" };
    canonical::sha256_parts([
        previous.as_str().as_bytes(),
        seq.as_bytes(),
        entry.digest.as_str().as_bytes(),
        draft.kind.word().as_bytes(),
        draft.record.as_str().as_bytes(),
        mark,
        draft.gate.as_deref().unwrap_or_default().as_bytes(),
        at.as_bytes(),
    ])
}
