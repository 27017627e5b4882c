//! Takes up what a crash, or the approval of another, left of the approver's own, before anything new is signed.
//!
//! Of what was about to be sent, the orchestrator is read first: a request may be on its way. An approval that was not,
//! goes the way of a new one that has just been recorded: another approver's delivery comes first.

use super::approval::{self, Asked};
use super::complete;
use super::decide::Done;
use super::deliver::{self, Resumed};
use super::inbox;
use super::progress::Watcher;
use super::records::{OpenOrder, Records};
use super::round::Round;
use super::sign::{self, Identity};
use super::{Desk, roles};
use crate::domain::decision::{Decision, Receipt, ReceiptStatus, Verb};
use crate::domain::ids::GateId;
use crate::error::AppError;
use crate::orchestrator::Order;
use crate::text::Untrusted;

/// What the approver is about to decide.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The gate.
    pub gate: &'a GateId,
    /// What.
    pub verb: Verb,
    /// The input that is chosen, where the gate offers several.
    pub option: Option<&'a str>,
    /// Alone, in an emergency. What is given so and what is not never take each other's place.
    pub break_glass: bool,
    /// The digest of the evidence that was seen, or a prefix of it.
    pub expect: Option<&'a str>,
}

impl Wanted<'_> {
    fn is_of_this_kind(&self, decision: &Decision) -> bool {
        decision.break_glass == self.break_glass
    }
}

/// The approver's own open intent on a gate and verb, if there is one.
pub async fn open_order(desk: &Desk, gate: &GateId, verb: Verb) -> Result<Option<OpenOrder>, AppError> {
    let Ok(identity) = sign::identity(desk).await else { return Ok(None) };
    let open = desk.records().await?.open_orders(&identity.principal);
    Ok(open.into_iter().find(|o| o.order.gate == *gate && o.order.verb == verb))
}

/// Takes up the approver's own decision on the same gate and verb that has not come to an end, if there is one.
///
/// `Ok(Some)`: that decision is effective now, or recorded until others have approved. `Ok(None)`: there was none, or
/// nothing of it was sent, and the new decision takes its place because its evidence is another, or is not what was
/// expected, or because it does not count any more.
pub async fn take_up(desk: &Desk, wanted: Wanted<'_>, watcher: Watcher<'_>) -> Result<Option<Done>, AppError> {
    if desk.readonly {
        return Ok(None);
    }
    let Ok(identity) = sign::identity(desk).await else { return Ok(None) };
    let records = desk.records().await?;
    let mut open = records.open_orders(&identity.principal);
    open.retain(|o| o.order.gate == *wanted.gate && o.order.verb == wanted.verb);
    if !open.is_empty() {
        records.sound()?;
    }
    let mut unsent = Vec::new();
    for open in open {
        let may_send = may_send(desk, &records, &open, &wanted, watcher).await.map_err(|e| open.stays_open(e))?;
        let receipt = match deliver::resume(desk, &open, may_send, watcher).await? {
            Resumed::Ended(receipt) => receipt,
            // It never arrived: it is closed, and the new decision takes its place.
            Resumed::NotSent(_) => {
                let why = "never arrived; another decision takes its place";
                let known = desk.records().await?.entries();
                if !deliver::close(desk, &open.order, known, ReceiptStatus::Refused, why).await? {
                    return Err(deliver::by_another_process(&open.order));
                }
                continue;
            }
            // Another one's came first, and is over: that is the outcome of this one too.
            Resumed::Behind(first) if first.receipt.as_ref().is_some_and(|r| r.status.is_final()) => {
                let noted = deliver::behind(desk, &open.order, &first).await?;
                let status = first.receipt.as_ref().map_or(noted.status, |r| r.status);
                Receipt { status, ..noted }
            }
            Resumed::NotBegun | Resumed::Behind(_) => {
                unsent.push(open);
                continue;
            }
        };
        deliver::judge(&open.order, &receipt)?;
        let (decision, envelope) = (open.order.decision.clone(), open.order.envelope_digest.clone());
        return Ok(Some(Done { decision, envelope, receipt, standing: None }));
    }
    if wanted.verb != Verb::Approve {
        return Ok(None);
    }
    let before = records.entries();
    let done = approval(desk, &wanted, &identity, &unsent, watcher).await;
    let done = done.map_err(|e| match unsent.first() {
        Some(open) => open.stays_open(e),
        None => e,
    })?;
    for open in unsent.iter().filter(|o| done.as_ref().is_none_or(|d| d.decision != o.order.decision)) {
        let why = "was not sent; another decision takes its place";
        if !deliver::close(desk, &open.order, before, ReceiptStatus::Recorded, why).await? {
            return Err(deliver::by_another_process(&open.order));
        }
    }
    Ok(done)
}

/// Whether an open decision may be sent once it was seen not to have arrived: the gate and the evidence are as they were,
/// and it is what the approver wants now.
async fn may_send(
    desk: &Desk,
    records: &Records,
    open: &OpenOrder,
    wanted: &Wanted<'_>,
    watcher: Watcher<'_>,
) -> Result<bool, AppError> {
    let Some(decision) = records.decision(&open.order.decision).filter(|d| wanted.is_of_this_kind(d)) else {
        return Ok(false);
    };
    let Some(waiting) = inbox::read(desk, wanted.gate).await? else { return Ok(false) };
    if waiting.gate.attempt != open.order.attempt || open.order.option.as_ref().map(Untrusted::raw) != wanted.option {
        return Ok(false);
    }
    let dossier = super::dossier::assemble(desk, &waiting, &Round::default(), false, watcher).await?;
    if decision.dossier != dossier.digest || wanted.expect.is_some_and(|e| !dossier.digest.is_named_by(e)) {
        return Ok(false);
    }
    if wanted.verb != Verb::Approve {
        return Ok(true);
    }
    // What was taken back, rejected, or given in a role that is lost since is not sent again.
    let roles = roles::in_force(desk, records).await?;
    let asked = Asked::new(&waiting.gate, &waiting.release, Some(&dossier), roles.as_deref(), desk.clock.now());
    Ok(asked.tally(&records.cast(wanted.gate)).is_ok_and(|t| t.carries(&decision.id)))
}

/// Takes up an approval of one's own that is in the ledger and was not sent. `unsent`: those with an open intent.
///
/// `Ok(None)`: there is none that counts over the evidence as it is now, and a new one may be signed.
async fn approval(
    desk: &Desk,
    wanted: &Wanted<'_>,
    identity: &Identity,
    unsent: &[OpenOrder],
    watcher: Watcher<'_>,
) -> Result<Option<Done>, AppError> {
    let records = desk.records().await?;
    let could = |d: &&Decision| {
        d.verb == Verb::Approve
            && d.principal == identity.principal
            && wanted.is_of_this_kind(d)
            && records.is_unsent(d)
    };
    let option = |d: &Decision| {
        let verified = records.verified(wanted.gate, &d.id)?;
        verified.statement.decision()?.orchestrator.option.clone()
    };
    let decisions = records.of_gate(wanted.gate, None);
    if !decisions.iter().any(|d| could(&d)) {
        return Ok(None);
    }
    records.sound()?;
    let Some(waiting) = inbox::read(desk, wanted.gate).await? else { return Ok(None) };
    if inbox::must_wait(&waiting).is_err() {
        return Ok(None);
    }
    let dossier = super::dossier::assemble(desk, &waiting, &Round::default(), false, watcher).await?;
    if wanted.expect.is_some_and(|e| !dossier.digest.is_named_by(e)) {
        return Ok(None);
    }
    let roles = roles::in_force(desk, &records).await?;
    let asked = Asked::new(&waiting.gate, &waiting.release, Some(&dossier), roles.as_deref(), desk.clock.now());
    let Ok(tally) = asked.tally(&records.cast(wanted.gate)) else { return Ok(None) };
    // Rules may count what was given over earlier evidence. Whoever approves now means what is there now.
    let counts = |d: &&Decision| {
        could(d)
            && d.dossier == dossier.digest
            && tally.counts(&d.id)
            && option(d).as_ref().map(Untrusted::raw) == wanted.option
    };
    let Some(mine) = decisions.iter().rev().find(counts) else { return Ok(None) };
    let intended = unsent.iter().any(|o| o.order.decision == mine.id);
    let order = Order {
        decision: mine.id.clone(),
        verb: Verb::Approve,
        gate: mine.gate.clone(),
        attempt: mine.attempt.clone(),
        option: option(mine),
        reason: mine.reason.clone(),
        envelope_digest: mine.envelope.clone(),
        envelope: approval::envelope_of(desk, &mine.id).await?,
        others: Vec::new(),
        anchor: None,
    };
    let standing = tally.standing();
    if !tally.carries(&mine.id) {
        let text = format!("recorded already; {}", standing.words());
        return complete::recorded(desk, &order, intended, standing, text).await.map(Some);
    }
    let first = |records: &Records| {
        let underway = records.approval_underway(wanted.gate, &waiting.gate.attempt);
        underway.map(|(d, open)| (d.clone(), open)).filter(|(d, _)| d.id != mine.id)
    };
    if let Some((other, open)) = first(&records) {
        // Whoever was to deliver it may be gone: the state is read first, and nothing is sent that may be on its way.
        if !other.receipt.as_ref().is_some_and(|r| r.status.is_final())
            && let Resumed::NotSent(_) = deliver::resume(desk, &open, tally.carries(&other.id), watcher).await?
        {
            let why = "never arrived, and does not count any more";
            let known = desk.records().await?.entries();
            if !deliver::close(desk, &open.order, known, ReceiptStatus::Refused, why).await? {
                return Err(deliver::by_another_process(&open.order));
            }
        }
    }
    // Reading took its time: it is counted again over what the ledger has by now.
    let records = desk.records().await?;
    records.sound()?;
    if let Some((other, open)) = first(&records) {
        return complete::after_other(desk, &order, intended, standing, (&other, &open), watcher).await.map(Some);
    }
    let roles = roles::in_force(desk, &records).await?;
    let asked = Asked::new(&waiting.gate, &waiting.release, Some(&dossier), roles.as_deref(), desk.clock.now());
    let Ok(tally) = asked.tally(&records.cast(wanted.gate)) else { return Ok(None) };
    let standing = tally.standing();
    if !tally.carries(&mine.id) {
        let text = format!("recorded already; {}", standing.words());
        return complete::recorded(desk, &order, intended, standing, text).await.map(Some);
    }
    complete::send(desk, order, intended, records.entries(), standing, watcher).await.map(Some)
}
