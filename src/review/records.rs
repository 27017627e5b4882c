//! What the ledger says: decisions, what came of them, and the dismissals in force. Only what verifies counts.

mod orders;
mod reading;
mod remarks;
mod take;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::orders::OpenOrder;
use self::orders::{Ordered, Orders};
use self::remarks::Remark;
use super::inbox::Waiting;
use crate::config::schema::TrustConfig;
use crate::domain::decision::{Decision, ReceiptStatus, Verb};
use crate::domain::ids::{Digest, GateId, Principal, RecordId};
use crate::domain::time::Timestamp;
use crate::domain::triage::Dismissal;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, Head, Ledger, LedgerError};
use crate::trust::approvers::Approvers;
use crate::trust::quorum::Cast;
use crate::trust::verify::{TrustRoot, Verified};

/// The ledger, read and verified. A clone shares what both hold: one is made whenever an entry is new.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Decisions, the oldest first.
    decisions: Vec<Arc<Held>>,
    /// The place of the first decision of each id. Ids are chosen by whoever signs: what is said of an id is said of
    /// the first that has it.
    places: HashMap<Arc<RecordId>, usize>,
    /// The places of the decisions on each gate, in the ledger's order.
    gates: HashMap<Arc<GateId>, Arc<Vec<usize>>>,
    /// What was to be delivered.
    orders: Orders,
    /// What was said of earlier decisions, by their ids.
    remarks: BTreeMap<RecordId, Arc<Vec<Remark>>>,
    /// Dismissals, the oldest first.
    pub dismissals: Arc<Vec<Dismissal>>,
    /// Delegations, the oldest first.
    delegations: Vec<Arc<Verified>>,
    /// The documents that count, in the ledger's order.
    counted: Vec<(u64, Arc<Digest>)>,
    /// The documents whose keys were out of their time: a time stamp that comes later may show that they were not.
    untimely: Vec<Arc<(RecordId, u64)>>,
    /// What does not verify, each in a sentence. It does not count.
    pub problems: Vec<String>,
    /// The places of the problems of entries.
    faulty: BTreeMap<u64, usize>,
    /// The newest approvers file that was recorded.
    approvers: Option<RecordedApprovers>,
    /// How far the ledger was read.
    head: Option<Head>,
    /// Why it could not be read to its end: an entry is missing or damaged.
    broken: Option<AppError>,
}

/// A verified decision.
#[derive(Debug, Clone)]
struct Held {
    decision: Decision,
    /// Without its lists of evidence and findings.
    verified: Arc<Verified>,
    /// The whole dossier: the digest in the evidence store.
    dossier: Option<Digest>,
}

/// An approvers file in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedApprovers {
    /// Its serial.
    pub serial: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The ledger's entry.
    pub seq: u64,
}

/// The body of an entry of the approvers file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproversBody {
    /// The file's text.
    pub text: String,
    /// The armoured signature over its bytes.
    pub signature: String,
}

impl Records {
    /// Reads what has come since `before`, or everything, up to the first entry that is missing or damaged. Each entry is
    /// checked once, when it is read. Blocking.
    pub fn read(ledger: &dyn Ledger, trust: &TrustConfig, before: Option<Arc<Self>>) -> Result<Arc<Self>, AppError> {
        reading::read(ledger, trust, before)
    }

    /// Of entries that were checked already, in order.
    pub fn of(entries: &[Entry], root: &TrustRoot) -> Self {
        reading::of(entries, root)
    }

    /// What takes a dismissal back may be among what cannot be read: so none counts.
    fn break_off(&mut self, damage: &LedgerError) {
        self.dismissals = Arc::default();
        let seen = format!("{damage} Dismissals do not count, and decisions from there on are missing.");
        self.problems.push(crate::text::line(&seen).into_owned());
        let error = AppError::new(ErrorKind::Verification, format!("{damage} Nothing is signed over it."));
        self.broken =
            Some(error.hint("`countersign ledger check` says what is wrong. Restore the ledger from a copy."));
    }

    /// A decision was signed over another ledger than this one. Where it is this one that was cut or changed, what takes a
    /// dismissal back may be what is missing.
    fn contradict(&mut self, why: &str, of_this: bool) {
        self.problems.push(crate::text::line(why).into_owned());
        if of_this && self.broken.is_none() {
            self.dismissals = Arc::default();
            let error = AppError::new(ErrorKind::Verification, format!("{why} Nothing is signed over it."));
            let error = error.hint("Entries were taken away or replaced: compare with an anchor, and restore a copy.");
            self.broken = Some(error.hint("If its signer says what is not so, revoke the key that signed it."));
        }
    }

    /// Refuses a ledger that could not be read to its end.
    pub fn sound(&self) -> Result<(), AppError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Why an entry does not count, if it does not.
    pub fn problem_of(&self, seq: u64) -> Option<&str> {
        self.problems.get(*self.faulty.get(&seq)?).map(String::as_str)
    }

    /// Whether an entry is a document that was read, as it is, and counts.
    pub fn counts(&self, entry: &Entry) -> bool {
        let place = self.counted.binary_search_by_key(&entry.seq, |(seq, _)| *seq);
        place.ok().and_then(|place| self.counted.get(place)).is_some_and(|(_, digest)| **digest == entry.digest)
    }

    /// How many entries were read.
    pub fn entries(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// How far the ledger was read: what the approver saw of it.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// All decisions that verify, the oldest first. What was said of them later is told by [`remarked`](Self::remarked).
    pub fn decisions(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.iter().map(|held| &held.decision)
    }

    fn held(&self, id: &RecordId) -> Option<&Held> {
        self.decisions.get(*self.places.get(id)?).map(AsRef::as_ref)
    }

    /// One decision.
    pub fn decision(&self, id: &RecordId) -> Option<&Decision> {
        self.held(id).map(|held| &held.decision)
    }

    /// The whole dossier of a decision: the digest in the evidence store.
    pub fn dossier(&self, id: &RecordId) -> Option<&Digest> {
        self.held(id)?.dossier.as_ref()
    }

    /// What is held of a gate, in the ledger's order.
    fn here(&self, gate: &GateId) -> impl Iterator<Item = &Held> {
        let places = self.gates.get(gate).map(|places| places.as_slice()).unwrap_or_default();
        places.iter().filter_map(|place| self.decisions.get(*place)).map(AsRef::as_ref)
    }

    /// The decisions on a gate, with what was said of them later, as the roles in force let it count.
    pub fn of_gate(&self, gate: &GateId, roles: Option<&Approvers>) -> Vec<Decision> {
        self.here(gate).map(|held| self.remarked(&held.decision, roles)).collect()
    }

    /// What was said of a gate, and all delegations, as the quorum wants it.
    pub fn cast(&self, gate: &GateId) -> Vec<Cast<'_>> {
        let receipt = |held: &Held| held.decision.receipt.as_ref().map(|r| r.status);
        let decisions =
            self.here(gate).map(|held| Cast { verified: &held.verified, receipt: receipt(held), lapsed: false });
        decisions.chain(self.delegations.iter().map(|d| Cast { verified: d, receipt: None, lapsed: false })).collect()
    }

    /// A verified decision, by its id and whoever signed it.
    pub fn verified(&self, gate: &GateId, id: &RecordId) -> Option<Arc<Verified>> {
        let held = self.here(gate).find(|held| held.decision.id == *id)?;
        Some(Arc::clone(&held.verified))
    }

    /// All delegations, the oldest first.
    pub fn delegations(&self) -> impl Iterator<Item = &Verified> {
        self.delegations.iter().map(AsRef::as_ref)
    }

    /// The newest approvers file that was recorded.
    pub fn approvers(&self) -> Option<&RecordedApprovers> {
        self.approvers.as_ref()
    }

    /// The approval of an attempt of a gate that is being delivered, or that took effect. Of several that were about to be
    /// sent, the first in the ledger is: the others found that entry, and sent nothing. What has come to an end is without
    /// its envelope.
    pub fn approval_underway(&self, gate: &GateId, attempt: &str) -> Option<(&Decision, OpenOrder)> {
        let found = self.here(gate).filter_map(|held| {
            let ordered = self.orders.get(&held.decision.id)?;
            let order = &ordered.order;
            let is_it = order.verb == Verb::Approve && order.gate == *gate && order.attempt == attempt;
            let claimed = ordered.claimed.filter(|_| is_it)?;
            let decision = self.decision(&order.decision)?;
            let status = decision.receipt.as_ref().map(|r| r.status);
            let over = matches!(status, Some(ReceiptStatus::Refused | ReceiptStatus::Recorded));
            (!over).then_some((claimed, decision, ordered))
        });
        let (_, decision, ordered) = found.min_by_key(|(claimed, ..)| *claimed)?;
        Some((decision, ordered.open(decision)))
    }

    /// Whether nothing of an approval was sent, so that it can still be: it was only recorded or meant to be sent, or it was
    /// another one's turn.
    pub fn is_unsent(&self, approval: &Decision) -> bool {
        match approval.receipt.as_ref().map(|r| r.status) {
            None | Some(ReceiptStatus::Recorded) => true,
            Some(ReceiptStatus::Effective | ReceiptStatus::Refused) => false,
            Some(ReceiptStatus::Sending | ReceiptStatus::Accepted | ReceiptStatus::Unknown) => {
                let underway = self.approval_underway(&approval.gate, &approval.attempt);
                underway.is_some_and(|(d, _)| d.id != approval.id)
            }
        }
    }

    /// The last approval that was seen to take effect, of the same service and environment.
    pub fn last_approved(&self, waiting: &Waiting) -> Option<Decision> {
        let is = |d: &&Decision| {
            d.verb == Verb::Approve
                && d.service == waiting.release.service
                && d.environment == waiting.release.environment
                && d.gate != waiting.gate.id
                && d.receipt.as_ref().is_some_and(|r| r.status == ReceiptStatus::Effective)
        };
        self.decisions().rev().find(is).cloned()
    }

    /// When the order of a decision was last about to be sent.
    pub fn sent_at(&self, decision: &RecordId) -> Option<Timestamp> {
        self.orders.get(decision).map(|o| o.sent_at)
    }

    /// Orders without a final receipt, with their decisions.
    fn open(&self) -> impl Iterator<Item = (&Decision, &Ordered)> {
        let decided = self.orders.open().filter_map(|o| Some((self.decision(&o.order.decision)?, o)));
        decided.filter(|(decision, _)| decision.receipt.as_ref().is_none_or(|r| !r.status.is_final()))
    }

    /// Whether anybody's delivery has no final receipt.
    pub fn is_anything_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// The approver's own deliveries without a final receipt.
    pub fn open_orders(&self, mine: &Principal) -> Vec<OpenOrder> {
        self.open().filter(|(d, _)| d.principal == *mine).map(|(decision, ordered)| ordered.open(decision)).collect()
    }
}
