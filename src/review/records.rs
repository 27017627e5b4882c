//! What the ledger says: decisions, what came of them, and the dismissals in force. Only what verifies counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::inbox::Waiting;
use super::sign;
use crate::config::schema::TrustConfig;
use crate::domain::decision::{Decision, Receipt, ReceiptStatus, Verb};
use crate::domain::ids::{Digest, GateId, Principal, RecordId};
use crate::domain::time::Timestamp;
use crate::domain::triage::Dismissal;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind, Head, Ledger, LedgerError};
use crate::orchestrator::Order;
use crate::trust::approvers::signed;
use crate::trust::quorum::Cast;
use crate::trust::statement::{DecisionPredicate, Predicate};
use crate::trust::verify::{TrustRoot, Verified, verify_envelope};

/// The ledger, read and verified.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Decisions, the oldest first.
    decisions: Vec<Decision>,
    /// Orders by decision.
    orders: BTreeMap<String, Ordered>,
    /// Dismissals, the oldest first.
    pub dismissals: Vec<Dismissal>,
    /// The whole dossier of a decision, by its id: the digest in the evidence store.
    pub dossiers: BTreeMap<String, Digest>,
    /// What does not verify, each in a sentence. It does not count.
    pub problems: Vec<String>,
    /// What was said of each gate, in the ledger's order.
    held: BTreeMap<GateId, Vec<Held>>,
    /// Delegations, the oldest first.
    delegations: Vec<Arc<Verified>>,
    /// The newest approvers file that was recorded.
    approvers: Option<RecordedApprovers>,
    /// How far the ledger was read.
    head: Option<Head>,
    /// Why it could not be read to its end: an entry is missing or damaged.
    broken: Option<AppError>,
}

/// A verified decision, without its lists of evidence and findings: those are only looked up by its id.
#[derive(Debug, Clone)]
struct Held {
    verified: Arc<Verified>,
    /// Its place among the decisions.
    decision: usize,
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

/// An order, as far as the ledger says what became of it.
#[derive(Debug, Clone)]
struct Ordered {
    order: Order,
    /// When it was last about to be sent.
    sent_at: Timestamp,
    /// The entry that first said so. Without one, nothing of it was sent.
    claimed: Option<u64>,
}

/// A delivery without a final receipt.
#[derive(Debug, Clone)]
pub struct OpenOrder {
    /// What was to be delivered.
    pub order: Order,
    /// When it was last about to be sent.
    pub sent_at: Timestamp,
    /// When it was signed.
    pub since: Timestamp,
}

impl Ordered {
    fn open(&self, decision: &Decision) -> OpenOrder {
        OpenOrder { order: self.order.clone(), sent_at: self.sent_at, since: decision.issued_at }
    }
}

impl OpenOrder {
    /// Adds to what keeps it from being settled that it is open.
    pub fn stays_open(&self, mut error: AppError) -> AppError {
        let (verb, since) = (self.order.verb.word(), self.since);
        error.message.push_str(&format!(" A decision of yours to {verb} it is open since {since}."));
        error.hint("Nothing was sent again. Run the same command once more to settle it.")
    }
}

impl Records {
    /// Reads what has come since `before`, or everything, up to the first entry that is missing or damaged. Each entry is
    /// checked once, when it is read. Blocking.
    pub fn read(ledger: &dyn Ledger, trust: &TrustConfig, before: Option<Arc<Self>>) -> Result<Arc<Self>, AppError> {
        // What was broken may have been restored from a copy.
        let before = before.filter(|b| b.broken.is_none());
        let read = ledger.follow(before.as_ref().and_then(|b| b.head.as_ref()))?;
        if let (true, None, Some(before)) = (read.entries.is_empty(), &read.damage, &before) {
            return Ok(Arc::clone(before));
        }
        let mut records = before.map(|r| Self::clone(&r)).unwrap_or_default();
        let root = if read.entries.is_empty() { Ok(TrustRoot::default()) } else { sign::trust_root(trust) };
        for (n, entry) in read.entries.iter().enumerate() {
            let seen = records.take(entry, &root);
            let first = read.head.size - read.entries.len() as u64 + 1;
            let root_at = |size: u64| match size.checked_sub(first) {
                Some(at) => {
                    Ok(usize::try_from(at).ok().filter(|at| *at < n).and_then(|at| read.roots.get(at).copied()))
                }
                None => ledger.root_at(size),
            };
            if let Some(seen) = seen
                && let Some(why) = super::ledger::unlike(entry.seq, &seen, &read.head, root_at)?
            {
                records.contradict(&why, seen.origin == read.head.origin);
            }
        }
        records.head = Some(read.head);
        if let Some(damage) = read.damage {
            records.break_off(&damage);
        }
        Ok(Arc::new(records))
    }

    /// Of entries that were checked already, in order.
    pub fn of(entries: &[Entry], root: &TrustRoot) -> Self {
        let mut records = Self::default();
        let root = Ok(root.clone());
        for entry in entries {
            records.take(entry, &root);
        }
        records
    }

    /// What takes a dismissal back may be among what cannot be read: so none counts.
    fn break_off(&mut self, damage: &LedgerError) {
        self.dismissals.clear();
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
            self.dismissals.clear();
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
        let start = problem_start(seq);
        self.problems.iter().find(|p| p.starts_with(&start)).map(String::as_str)
    }

    /// How many entries were read.
    pub fn entries(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// How far the ledger was read: what the approver saw of it.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Takes an entry in; gives the ledger as the signer of a decision saw it.
    fn take(&mut self, entry: &Entry, root: &Result<TrustRoot, AppError>) -> Option<Head> {
        let mut seen = None;
        let problem = match entry.draft.kind {
            EntryKind::Decision => self.decision_entry(entry, root).map(|by| seen = by).err(),
            EntryKind::Triage => self.triage_entry(entry, root).err(),
            EntryKind::Intent => match serde_json::from_slice::<Order>(&entry.draft.body) {
                Ok(order) => {
                    let ordered = Ordered { order, sent_at: entry.draft.at, claimed: None };
                    self.orders.insert(entry.draft.record.as_str().to_owned(), ordered);
                    None
                }
                Err(e) => Some(e.to_string()),
            },
            EntryKind::Receipt => match serde_json::from_slice::<Receipt>(&entry.draft.body) {
                Ok(receipt) => {
                    self.receipt(receipt, entry.seq);
                    None
                }
                Err(e) => Some(e.to_string()),
            },
            EntryKind::Approvers => self.approvers_entry(entry, root).err(),
            EntryKind::Delegation => self.delegation_entry(entry, root).err(),
            EntryKind::Stamp => None,
        };
        if let Some(why) = problem {
            let kind = entry.draft.kind.word();
            self.problems.push(
                crate::text::line(&format!("{}{kind}) does not count: {why}", problem_start(entry.seq))).into_owned(),
            );
        }
        seen
    }

    fn decision_entry(&mut self, entry: &Entry, root: &Result<TrustRoot, AppError>) -> Result<Option<Head>, String> {
        let verified = verify(entry, root)?;
        let predicate = verified.statement.decision().ok_or("it is not a decision.")?;
        if predicate.decision_id != entry.draft.record {
            return Err("its id is not the one that it was recorded under.".to_owned());
        }
        if let Some(dossier) = predicate.evidence.iter().find(|e| e.name == sign::DOSSIER).and_then(|e| e.raw.clone()) {
            self.dossiers.insert(predicate.decision_id.as_str().to_owned(), dossier);
        }
        let decision = verified.decision().ok_or("it is not a decision.")?;
        let seen = super::ledger::seen(&verified);
        self.note_revocation(predicate, &verified.principal);
        self.held
            .entry(predicate.orchestrator.gate.clone())
            .or_default()
            .push(Held { verified: Arc::new(light(verified)), decision: self.decisions.len() });
        self.decisions.push(decision);
        Ok(seen)
    }

    /// Marks what a decision takes back or reviews. What counts is for the quorum to say: this is for people.
    fn note_revocation(&mut self, predicate: &DecisionPredicate, by: &Principal) {
        let about = predicate.supersedes.as_ref().or(predicate.reviews.as_ref());
        let Some(earlier) = about.and_then(|id| self.decisions.iter_mut().find(|d| d.id == *id)) else { return };
        match predicate.decision {
            Verb::Revoke if earlier.principal == *by => earlier.revoked_by = Some(by.clone()),
            Verb::Comment if earlier.principal != *by => earlier.reviewed_by = Some(by.clone()),
            _ => {}
        }
    }

    fn delegation_entry(&mut self, entry: &Entry, root: &Result<TrustRoot, AppError>) -> Result<(), String> {
        let verified = verify(entry, root)?;
        let predicate = verified.statement.delegation().ok_or("it is not a delegation.")?;
        if predicate.delegation_id != entry.draft.record {
            return Err("its id is not the one that it was recorded under.".to_owned());
        }
        self.delegations.push(Arc::new(verified));
        Ok(())
    }

    fn approvers_entry(&mut self, entry: &Entry, root: &Result<TrustRoot, AppError>) -> Result<(), String> {
        let root = root.as_ref().map_err(|e| e.message.clone())?;
        let body: ApproversBody = serde_json::from_slice(&entry.draft.body).map_err(|e| e.to_string())?;
        let name = format!("ledger entry {}", entry.seq);
        let read = signed::verify(&name, body.text.as_bytes(), body.signature.as_bytes(), root, entry.draft.at);
        let approvers = read.map_err(|e| e.to_string())?.approvers;
        if let Some(before) = self.approvers.as_ref().filter(|b| approvers.serial <= b.serial) {
            return Err(format!("its serial is {}, and entry {} has {}.", approvers.serial, before.seq, before.serial));
        }
        self.approvers = Some(RecordedApprovers { serial: approvers.serial, digest: approvers.digest, seq: entry.seq });
        Ok(())
    }

    fn triage_entry(&mut self, entry: &Entry, root: &Result<TrustRoot, AppError>) -> Result<(), String> {
        let verified = verify(entry, root)?;
        let predicate = verified.statement.triage().ok_or("it is not a triage.")?;
        self.dismissals.extend(predicate.dismissals(&verified.envelope, &verified.principal));
        Ok(())
    }

    fn receipt(&mut self, receipt: Receipt, seq: u64) {
        if let Some(ordered) = self.orders.get_mut(receipt.decision.as_str()) {
            if receipt.status == ReceiptStatus::Sending {
                ordered.sent_at = receipt.at;
            }
            if !matches!(receipt.status, ReceiptStatus::Recorded | ReceiptStatus::Refused) {
                ordered.claimed.get_or_insert(seq);
            }
        }
        if let Some(decision) = self.decisions.iter_mut().find(|d| d.id == receipt.decision) {
            decision.receipt = Some(receipt);
        }
    }

    /// All decisions that verify, the oldest first.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// One decision.
    pub fn decision(&self, id: &RecordId) -> Option<&Decision> {
        self.decisions.iter().find(|d| d.id == *id)
    }

    /// The decisions on a gate.
    pub fn of_gate(&self, gate: &GateId) -> Vec<Decision> {
        self.decisions.iter().filter(|d| d.gate == *gate).cloned().collect()
    }

    /// What was said of a gate, and all delegations, as the quorum wants it.
    pub fn cast(&self, gate: &GateId) -> Vec<Cast<'_>> {
        let receipt = |held: &Held| {
            let receipt = self.decisions.get(held.decision).and_then(|d| d.receipt.as_ref());
            receipt.map(|r| r.status)
        };
        let here = self.held.get(gate).map(Vec::as_slice).unwrap_or_default();
        let decisions = here.iter().map(|h| Cast { verified: &h.verified, receipt: receipt(h), lapsed: false });
        decisions.chain(self.delegations.iter().map(|d| Cast { verified: d, receipt: None, lapsed: false })).collect()
    }

    /// A verified decision, by its id and whoever signed it.
    pub fn verified(&self, gate: &GateId, id: &RecordId) -> Option<Arc<Verified>> {
        let held = self.held.get(gate)?.iter().find(|h| h.verified.statement.id() == id)?;
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
    /// sent, the first in the ledger is: the others found that entry, and sent nothing.
    pub fn approval_underway(&self, gate: &GateId, attempt: &str) -> Option<(&Decision, OpenOrder)> {
        let orders = self.orders.values().filter(|o| {
            o.order.verb == Verb::Approve && o.order.gate == *gate && o.order.attempt == attempt && o.claimed.is_some()
        });
        let found = orders.filter_map(|ordered| {
            let decision = self.decision(&ordered.order.decision)?;
            let status = decision.receipt.as_ref().map(|r| r.status);
            let over = matches!(status, Some(ReceiptStatus::Refused | ReceiptStatus::Recorded));
            (!over).then_some((decision, ordered))
        });
        let (decision, ordered) = found.min_by_key(|(_, o)| o.claimed)?;
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
        self.decisions
            .iter()
            .rev()
            .find(|d| {
                d.verb == Verb::Approve
                    && d.service == waiting.release.service
                    && d.environment == waiting.release.environment
                    && d.gate != waiting.gate.id
                    && d.receipt.as_ref().is_some_and(|r| r.status == ReceiptStatus::Effective)
            })
            .cloned()
    }

    /// When the order of a decision was last about to be sent.
    pub fn sent_at(&self, decision: &RecordId) -> Option<Timestamp> {
        self.orders.get(decision.as_str()).map(|o| o.sent_at)
    }

    /// Whether anybody's delivery has no final receipt.
    pub fn is_anything_open(&self) -> bool {
        self.orders.values().any(|o| self.decision(&o.order.decision).is_some_and(is_open))
    }

    /// The approver's own deliveries without a final receipt.
    pub fn open_orders(&self, mine: &Principal) -> Vec<OpenOrder> {
        self.orders
            .values()
            .filter_map(|ordered| {
                let decision = self.decision(&ordered.order.decision)?;
                (is_open(decision) && decision.principal == *mine).then(|| ordered.open(decision))
            })
            .collect()
    }
}

fn problem_start(seq: u64) -> String {
    format!("Ledger entry {seq} (")
}

fn is_open(decision: &Decision) -> bool {
    decision.receipt.as_ref().is_none_or(|r| !r.status.is_final())
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

/// Without the lists that only an auditor looks at, as thousands of decisions are held.
fn light(mut verified: Verified) -> Verified {
    if let Predicate::Decision(predicate) = &mut verified.statement.predicate {
        predicate.evidence = Vec::new();
        predicate.findings.dismissed = Vec::new();
    }
    verified
}

/// Verifies as of the time that the ledger recorded: a key that has expired since was good then.
fn verify(entry: &Entry, root: &Result<TrustRoot, AppError>) -> Result<Verified, String> {
    let root = root.as_ref().map_err(|e| e.message.clone())?;
    verify_envelope(&entry.draft.body, root, entry.draft.at).map_err(|e| e.to_string())
}
