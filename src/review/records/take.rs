//! An entry is taken in: what it says for itself, judged on any core, and what follows from it, in the ledger's order.

use std::sync::Arc;

use super::{ApproversBody, Held, RecordedApprovers, Records};
use crate::domain::decision::Receipt;
use crate::domain::ids::{Digest, RecordId};
use crate::error::AppError;
use crate::ledger::{Entry, EntryKind, Head, LedgerError};
use crate::orchestrator::Order;
use crate::review::{ledger, sign, stamp};
use crate::trust::approvers::signed;
use crate::trust::statement::Predicate;
use crate::trust::verify::{TrustRoot, Verified, verify_stamped};

/// Gives all entries of a record.
pub(super) type Source<'a> = dyn Fn(&RecordId) -> Result<Vec<Entry>, LedgerError> + 'a;

/// What an entry says for itself.
pub(super) enum Step {
    Signed(Result<Box<Document>, Unfit>),
    Intent(Result<Box<Order>, String>),
    Receipt(Result<Receipt, String>),
    Approvers,
    Stamp,
}

/// A signed document that verifies, without the lists that only an auditor looks at: thousands of decisions are held.
pub(super) struct Document {
    verified: Verified,
    dossier: Option<Digest>,
}

/// Why a signed document does not verify.
pub(super) struct Unfit {
    why: String,
    /// Its key was out of its time.
    untimely: bool,
}

impl Step {
    pub(super) fn of(entry: &Entry, root: &Result<TrustRoot, AppError>) -> Self {
        let body = &entry.draft.body;
        match entry.draft.kind {
            EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => {
                Self::Signed(Document::of(entry, &[], root).map(Box::new))
            }
            EntryKind::Intent => Self::Intent(serde_json::from_slice(body).map(Box::new).map_err(|e| e.to_string())),
            EntryKind::Receipt => Self::Receipt(serde_json::from_slice(body).map_err(|e| e.to_string())),
            EntryKind::Approvers => Self::Approvers,
            // What was pushed is read back where it was pushed to.
            EntryKind::Stamp | EntryKind::Push => Self::Stamp,
        }
    }
}

impl Document {
    /// Verifies as of the time that the ledger recorded: a key that has expired since was good then.
    fn of(entry: &Entry, stamps: &[Vec<u8>], root: &Result<TrustRoot, AppError>) -> Result<Self, Unfit> {
        let root = root.as_ref().map_err(|e| Unfit { why: e.message.clone(), untimely: false })?;
        let verified = verify_stamped(&entry.draft.body, stamps, root, entry.draft.at);
        let mut verified = verified.map_err(|e| Unfit { why: e.to_string(), untimely: e.is_of_time() })?;
        let mut dossier = None;
        if let Predicate::Decision(predicate) = &mut verified.statement.predicate {
            let evidence = std::mem::take(&mut predicate.evidence);
            dossier = evidence.into_iter().find(|e| e.name == sign::DOSSIER).and_then(|e| e.raw);
            predicate.findings.dismissed = Vec::new();
        }
        Ok(Self { verified, dossier })
    }
}

impl Records {
    /// Takes an entry in; gives the ledger as the signer of a decision saw it.
    pub(super) fn take(
        &mut self,
        entry: &Entry,
        step: Step,
        root: &Result<TrustRoot, AppError>,
        source: &Source<'_>,
    ) -> Result<Option<Head>, LedgerError> {
        let mut seen = None;
        let outcome = match step {
            Step::Signed(document) => {
                let document = match document {
                    Err(unfit) if unfit.untimely => self.with_stamps(entry, root, source)?,
                    other => other.map(|document| *document).map_err(|unfit| unfit.why),
                };
                document.and_then(|document| self.document(entry, document)).map(|by| seen = by)
            }
            Step::Intent(order) => order.map(|order| self.orders.add(&entry.draft.record, *order, entry.draft.at)),
            Step::Receipt(Ok(receipt)) => {
                self.receipt(receipt, entry.seq, source)?;
                Ok(())
            }
            Step::Receipt(Err(why)) => Err(why),
            Step::Approvers => self.approvers_entry(entry, root),
            Step::Stamp => Ok(()),
        };
        match outcome {
            Ok(()) if entry.draft.kind.is_signed() || entry.draft.kind == EntryKind::Approvers => {
                self.counted.push((entry.seq, Arc::new(entry.digest.clone())));
            }
            Ok(()) => {}
            Err(why) => {
                let (seq, kind) = (entry.seq, entry.draft.kind.word());
                let problem = format!("Ledger entry {seq} ({kind}) does not count: {why}");
                self.faulty.insert(seq, self.problems.len());
                self.problems.push(crate::text::line(&problem).into_owned());
            }
        }
        Ok(seen)
    }

    /// A document whose key was out of its time when it was recorded, with the time stamps of its record.
    fn with_stamps(
        &mut self,
        entry: &Entry,
        root: &Result<TrustRoot, AppError>,
        source: &Source<'_>,
    ) -> Result<Result<Document, String>, LedgerError> {
        let stamps = stamp::tokens(&source(&entry.draft.record)?, &entry.digest);
        let document = Document::of(entry, &stamps, root);
        if document.is_err() {
            self.untimely.push(Arc::new((entry.draft.record.clone(), entry.seq)));
        }
        Ok(document.map_err(|unfit| unfit.why))
    }

    fn document(&mut self, entry: &Entry, document: Document) -> Result<Option<Head>, String> {
        let Document { verified, dossier } = document;
        let (kind, record) = (entry.draft.kind, &entry.draft.record);
        match (&verified.statement.predicate, kind) {
            (Predicate::Decision(_), EntryKind::Decision)
            | (Predicate::Triage(_), EntryKind::Triage)
            | (Predicate::Delegation(_), EntryKind::Delegation) => {}
            _ => return Err(format!("it is not a {}.", kind.word())),
        }
        // A copy under another record is no document of its own.
        if verified.statement.id() != record {
            return Err("its id is not the one that it was recorded under.".to_owned());
        }
        match &verified.statement.predicate {
            Predicate::Triage(predicate) => {
                let dismissals = predicate.dismissals(&verified.envelope, &verified.principal);
                Arc::make_mut(&mut self.dismissals).extend(dismissals);
                Ok(None)
            }
            Predicate::Delegation(_) => {
                self.delegations.push(Arc::new(verified));
                Ok(None)
            }
            Predicate::Decision(predicate) => {
                let decision = verified.decision().ok_or("it is not a decision.")?;
                let seen = ledger::seen(&verified);
                self.remark(predicate, &verified.principal);
                let place = self.decisions.len();
                self.places.entry(Arc::new(decision.id.clone())).or_insert(place);
                let gate = Arc::new(decision.gate.clone());
                Arc::make_mut(self.gates.entry(gate).or_default()).push(place);
                self.decisions.push(Arc::new(Held { decision, verified: Arc::new(verified), dossier }));
                Ok(seen)
            }
        }
    }

    fn receipt(&mut self, receipt: Receipt, seq: u64, source: &Source<'_>) -> Result<(), LedgerError> {
        if self.orders.receipt(&receipt, seq) {
            let all = source(&receipt.decision)?;
            let intent = all.iter().rev().find(|e| e.draft.kind == EntryKind::Intent && e.seq < seq);
            // It was read before, so it can be read.
            if let Some(order) = intent.and_then(|e| serde_json::from_slice(&e.draft.body).ok()) {
                self.orders.restore(&receipt.decision, order);
            }
        }
        let place = self.places.get(&receipt.decision).copied();
        if let Some(held) = place.and_then(|place| self.decisions.get_mut(place)) {
            Arc::make_mut(held).decision.receipt = Some(receipt);
        }
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
}
