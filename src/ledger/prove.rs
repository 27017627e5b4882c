//! Proofs: that an entry is in the ledger, and that the ledger grew out of what it was. Each has all that is needed to
//! check it elsewhere, and was checked here.

use std::cell::RefCell;

use serde::Serialize;
use tlog_tiles::{Hash, HashReader, check_record, check_tree, prove_record, prove_tree};

use super::log::{Named, edge, newest};
use super::merkle::leaf_hash;
use super::storage::Wanted;
use super::{Head, Ledger, LedgerError, Reading, Root, leaf};

/// That an entry is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inclusion {
    /// `inclusion`.
    pub proof_of: &'static str,
    /// The ledger's origin.
    pub origin: String,
    /// How many entries the checkpoint is over.
    pub size: u64,
    /// Their root.
    pub root: Root,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
    /// The vkeys that the ledger lists. Whether they are to be believed, the ledger cannot say.
    pub keys: Vec<String>,
    /// The entry's index in the tree, from 0: one less than its position.
    pub index: u64,
    /// The leaf, whose hash is SHA-256 over a zero byte and these bytes.
    pub leaf: String,
    /// The entry's body, whose SHA-256 the leaf names; left out if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The hashes on the way from the leaf to the root (RFC 6962, section 2.1.1).
    pub proof: Vec<Root>,
}

/// That a ledger grew out of what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consistency {
    /// `consistency`.
    pub proof_of: &'static str,
    /// The ledger's origin.
    pub origin: String,
    /// How many entries there were.
    pub from_size: u64,
    /// Their root.
    pub from_root: Root,
    /// How many the checkpoint is over.
    pub size: u64,
    /// Their root.
    pub root: Root,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
    /// The vkeys that the ledger lists.
    pub keys: Vec<String>,
    /// The hashes between the two (RFC 6962, section 2.1.2).
    pub proof: Vec<Root>,
}

/// Gives stored hashes to the functions of tlog, and keeps what went wrong.
struct Source<'a> {
    reading: RefCell<&'a mut dyn Reading>,
    failed: RefCell<Option<LedgerError>>,
}

impl HashReader for Source<'_> {
    fn read_hashes(&self, numbers: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let missing = || tlog_tiles::Error::InvalidInput("a stored hash is missing".to_owned());
        match self.reading.borrow_mut().hashes(numbers) {
            Ok(hashes) if hashes.len() == numbers.len() => Ok(hashes),
            Ok(_) => Err(missing()),
            Err(e) => {
                self.failed.replace(Some(e));
                Err(missing())
            }
        }
    }
}

/// Makes a proof from stored hashes.
fn prove(
    named: &Named,
    reading: &mut dyn Reading,
    head: &Head,
    work: impl FnOnce(&Source<'_>) -> Result<Vec<Hash>, tlog_tiles::Error>,
) -> Result<Vec<Hash>, LedgerError> {
    let source = Source { reading: RefCell::new(reading), failed: RefCell::default() };
    let proof = work(&source);
    match (proof, source.failed.into_inner()) {
        (_, Some(e)) => Err(e),
        (Ok(proof), None) => Ok(proof),
        (Err(e), None) => Err(named
            .checkpoint(head.size, format!("its stored hashes prove nothing ({e}). Restore the ledger from a copy."))),
    }
}

/// Proves that the entry at a position is in the ledger.
pub fn inclusion<L: Ledger + ?Sized>(ledger: &L, seq: u64) -> Result<Inclusion, LedgerError> {
    let named = Named(ledger.location());
    over_newest(ledger, &named, |reading, head, note| {
        if seq == 0 || seq > head.size {
            return Err(LedgerError::NotThere(format!("The ledger has no entry {seq}: it has {}.", head.size)));
        }
        let row = reading.entries(&Wanted { from: seq, limit: Some(1), ..Wanted::default() })?.into_iter().next();
        let row = row.filter(|row| row.seq == seq).ok_or_else(|| named.missing(seq))?;
        let entry = row.entry().map_err(|why| named.damaged(seq, why))?;
        let (leaf, index) = (leaf::of(&entry), seq - 1);
        let proof = prove(&named, reading, head, |source| prove_record(head.size, index, source))?;
        check_record(&proof, head.size, head.root.into(), index, leaf_hash(&leaf))
            .map_err(|_e| named.damaged(seq, "it is not what was appended. Restore the ledger from a copy."))?;
        Ok(Inclusion {
            proof_of: "inclusion",
            origin: head.origin.clone(),
            size: head.size,
            root: head.root,
            checkpoint: note.to_owned(),
            keys: reading.keys()?,
            index,
            leaf: String::from_utf8_lossy(&leaf).into_owned(),
            body: String::from_utf8(entry.draft.body).ok(),
            proof: proof.into_iter().map(Root::from).collect(),
        })
    })
}

/// Proves that the ledger grew out of what it was at a size.
pub fn consistency<L: Ledger + ?Sized>(ledger: &L, from: u64) -> Result<Consistency, LedgerError> {
    let named = Named(ledger.location());
    over_newest(ledger, &named, |reading, head, note| {
        if from == 0 || from > head.size {
            let why =
                format!("A proof goes from a size between 1 and {}, which is how many entries there are.", head.size);
            return Err(LedgerError::NotThere(why));
        }
        let old = super::log::stored_root(reading, from)?
            .ok_or_else(|| named.checkpoint(from, "a stored hash is missing. Restore the ledger from a copy."))?;
        let proof = prove(&named, reading, head, |source| prove_tree(head.size, from, source))?;
        check_tree(&proof, head.size, head.root.into(), from, old.into()).map_err(|_e| {
            named.checkpoint(from, "its stored hashes are not what they were. Restore the ledger from a copy.")
        })?;
        Ok(Consistency {
            proof_of: "consistency",
            origin: head.origin.clone(),
            from_size: from,
            from_root: old,
            size: head.size,
            root: head.root,
            checkpoint: note.to_owned(),
            keys: reading.keys()?,
            proof: proof.into_iter().map(Root::from).collect(),
        })
    })
}

/// Runs over the newest checkpoint, whose signature and root are checked.
pub(super) fn over_newest<L: Ledger + ?Sized, T>(
    ledger: &L,
    named: &Named,
    work: impl Fn(&mut dyn Reading, &Head, &str) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let mut made = None;
    ledger.snapshot(&mut |reading| {
        let newest = newest(ledger, reading)?;
        let note = newest.note.ok_or_else(|| LedgerError::NotThere("The ledger is empty.".to_owned()))?;
        edge(named, reading, &newest.head)?;
        made = Some(work(reading, &newest.head, &note)?);
        Ok(())
    })?;
    made.ok_or_else(|| LedgerError::Use { location: named.0.clone(), why: "Nothing was read.".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::SqliteLedger;
    use crate::ledger::testing::draft;

    #[test]
    fn every_entry_and_every_size_is_proven_and_checks() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).unwrap();
        assert!(inclusion(&ledger, 1).unwrap_err().to_string().contains("empty"));
        let drafts: Vec<_> = (0..13).map(|n| draft(&format!("R{n}"), "{}")).collect();
        ledger.append(&drafts).unwrap();
        let head = ledger.head().unwrap();
        for seq in 1..=13 {
            let proof = inclusion(&ledger, seq).unwrap();
            let hashes: Vec<Hash> = proof.proof.iter().copied().map(Hash::from).collect();
            let leaf = leaf_hash(proof.leaf.as_bytes());
            check_record(&hashes, 13, head.root.into(), seq - 1, leaf).unwrap();
            assert_eq!((proof.size, proof.body.as_deref()), (13, Some("{}")));
            let proof = consistency(&ledger, seq).unwrap();
            assert_eq!(ledger.root_at(seq).unwrap(), Some(proof.from_root));
        }
        for none in [0, 14] {
            assert!(matches!(inclusion(&ledger, none), Err(LedgerError::NotThere(_))));
            assert!(matches!(consistency(&ledger, none), Err(LedgerError::NotThere(_))));
        }
    }
}
