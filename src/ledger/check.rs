//! Checking a ledger to its end: every entry, every stored hash, every checkpoint, the chain of a ledger that was carried
//! over, and every head that was seen in a decision or elsewhere.
//!
//! All that is found is told, each with the entry and what to do. A changed entry does not hide the next: its place in the
//! tree is taken by its stored hash, so that the checkpoints say whether the others are what was appended. Entries are held
//! in batches; what each says for itself is judged on all cores.

mod batch;
mod fold;

use serde::Serialize;

use super::anchor::Anchor;
use super::log::Named;
use super::{Entry, Head, Ledger, LedgerError};
use crate::domain::ids::Digest;

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word for it.
    pub code: &'static str,
    /// The entry that it is about, if it is about one.
    pub entry: Option<u64>,
    /// A full sentence.
    pub what: String,
    /// What to do, a full sentence.
    pub mend: String,
}

/// What an entry says for itself.
#[derive(Debug, Default)]
pub struct Look {
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// The ledger as its signer saw it.
    pub seen: Option<Head>,
    /// The key's fingerprint and its count of signatures, of a hardware key.
    pub counter: Option<(String, u32)>,
}

/// How a ledger is checked.
pub struct Audit<'a> {
    /// What an entry says for itself: its signature, its form. Called on several threads.
    pub look: &'a (dyn Fn(&Entry) -> Look + Sync),
    /// Heads that were seen elsewhere.
    pub anchors: &'a [Anchor],
}

impl Audit<'_> {
    /// Only the entries, the tree and the checkpoints.
    pub fn of_the_tree_alone() -> Self {
        Audit { look: &|_| Look::default(), anchors: &[] }
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The head that comes out of the entries.
    pub head: Head,
    /// How many checkpoints were checked.
    pub checkpoints: u64,
    /// How many heads were compared that decisions have seen.
    pub seen: u64,
    /// How many anchors were compared.
    pub anchors: u64,
    /// The chain of a ledger that was carried over: how far it reaches, and its last link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<(u64, Digest)>,
    /// The keys that the ledger lists.
    pub keys: Vec<String>,
    /// What is wrong. At most [`MOST`], and then how many more.
    pub findings: Vec<Finding>,
    /// How many findings there are.
    pub found: u64,
    /// What is not wrong, and what the answer says less by. Full sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How many findings are told one by one.
pub const MOST: usize = 100;

impl Checked {
    fn new(head: Head) -> Self {
        let (findings, keys, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { head, checkpoints: 0, seen: 0, anchors: 0, chain: None, keys, findings, found: 0, notes }
    }

    /// Adds what is wrong.
    pub fn finds(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }

    /// A failure of the store, told as a finding if something was changed.
    fn fails(&mut self, error: LedgerError) -> Result<(), LedgerError> {
        if !error.is_damage() {
            return Err(error);
        }
        let entry = if let LedgerError::Damaged { seq, .. } = &error { Some(*seq) } else { None };
        let mend = "Restore the ledger from a copy, and compare that with an anchor.".to_owned();
        self.finds(Finding { code: "damaged", entry, what: error.to_string(), mend });
        Ok(())
    }
}

/// Checks everything. The error is for what cannot be read at all; what is wrong is in the answer.
pub fn check<L: Ledger + ?Sized>(ledger: &L, audit: &Audit<'_>) -> Result<Checked, LedgerError> {
    let named = Named(ledger.location());
    let mut checked = None;
    ledger.snapshot(&mut |reading| {
        // Without an origin there is nothing to compare with, and that is told.
        let origin = reading.origin();
        let mut so_far = Checked::new(Head::empty(origin.clone().unwrap_or_default()));
        let mut work = || -> Result<(), LedgerError> {
            if let Err(e) = reading.integrity() {
                so_far.fails(e)?;
            }
            let origin = origin.clone()?;
            so_far.keys = reading.keys()?;
            let keys = super::log::keys(ledger, reading, &origin)?;
            fold::Fold::new(&named, audit, &keys, &mut so_far).run(reading)
        };
        if let Err(e) = work() {
            so_far.fails(e)?;
        }
        checked = Some(so_far);
        Ok(())
    })?;
    checked.ok_or_else(|| LedgerError::Use { location: named.0, why: "Nothing was read.".to_owned() })
}
