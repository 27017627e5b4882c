//! What was to be delivered. There are as many orders as deliveries ever were: those that have come to an end are kept
//! small, and nobody looks through them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::decision::{Decision, Receipt, ReceiptStatus};
use crate::domain::ids::RecordId;
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::orchestrator::Order;

/// An order, as far as the ledger says what became of it.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    /// What was to be delivered; without the envelope once it has come to an end.
    pub(super) order: Arc<Order>,
    /// When it was last about to be sent.
    pub(super) sent_at: Timestamp,
    /// The entry that first said so. Without one, nothing of it was sent.
    pub(super) claimed: Option<u64>,
    /// Whether the envelope was let go.
    is_small: bool,
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
    pub(super) fn open(&self, decision: &Decision) -> OpenOrder {
        OpenOrder { order: Order::clone(&self.order), sent_at: self.sent_at, since: decision.issued_at }
    }

    fn shrink(&mut self) {
        let Order { decision, verb, gate, attempt, option, reason, envelope_digest, .. } = self.order.as_ref();
        self.order = Arc::new(Order {
            decision: decision.clone(),
            verb: *verb,
            gate: gate.clone(),
            attempt: attempt.clone(),
            option: option.clone(),
            reason: reason.clone(),
            envelope_digest: envelope_digest.clone(),
            envelope: Value::Null,
            others: Vec::new(),
            anchor: None,
        });
        self.is_small = true;
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

/// All orders, by the records that they are in.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    all: HashMap<Arc<RecordId>, Arc<Ordered>>,
    /// Those that the last receipt left open, or that have none.
    open: BTreeSet<Arc<RecordId>>,
}

impl Orders {
    pub(super) fn get(&self, record: &RecordId) -> Option<&Ordered> {
        self.all.get(record).map(AsRef::as_ref)
    }

    /// Those that may be open: the receipt of the decision says whether they are.
    pub(super) fn open(&self) -> impl Iterator<Item = &Ordered> {
        self.open.iter().filter_map(|record| self.get(record))
    }

    pub(super) fn add(&mut self, record: &RecordId, order: Order, at: Timestamp) {
        let record = Arc::new(record.clone());
        // Of what is open, a second intent changes nothing: whoever was first to say so is sending it.
        let before = self.all.get(&record).filter(|_| self.open.contains(&record));
        let (claimed, sent_at) =
            before.map_or((None, at), |b| (b.claimed, if b.claimed.is_some() { b.sent_at } else { at }));
        let ordered = Ordered { order: Arc::new(order), sent_at, claimed, is_small: false };
        self.open.insert(Arc::clone(&record));
        self.all.insert(record, Arc::new(ordered));
    }

    /// What a receipt says. `true`: the order is open again, and its envelope is to be given back.
    #[must_use]
    pub(super) fn receipt(&mut self, receipt: &Receipt, seq: u64) -> bool {
        let Some((record, _)) = self.all.get_key_value(&receipt.decision) else { return false };
        let record = Arc::clone(record);
        let Some(ordered) = self.all.get_mut(&receipt.decision).map(Arc::make_mut) else { return false };
        if receipt.status == ReceiptStatus::Sending {
            ordered.sent_at = receipt.at;
        }
        if !matches!(receipt.status, ReceiptStatus::Recorded | ReceiptStatus::Refused) {
            ordered.claimed.get_or_insert(seq);
        }
        if receipt.status.is_final() {
            ordered.shrink();
            self.open.remove(&record);
            return false;
        }
        // A process that gave up late may say so after another saw the end.
        self.open.insert(record);
        ordered.is_small
    }

    /// Gives an order its envelope back.
    pub(super) fn restore(&mut self, record: &RecordId, order: Order) {
        if let Some(ordered) = self.all.get_mut(record).map(Arc::make_mut) {
            ordered.order = Arc::new(order);
            ordered.is_small = false;
        }
    }
}
