//! What follows an approval that is in the ledger: nothing while others are needed, one delivery once none is.
//!
//! Approvers may sign at the same moment, on machines that know nothing of each other. All of them look at the ledger
//! again after their approval is in it. Whose approval completed the quorum, in the ledger's order, delivers; and what is
//! sent is claimed in the ledger first, so that nothing is ever sent twice (see [`deliver::deliver_claimed`]).

use std::time::Duration;

use super::approval::Asked;
use super::deliver;
use super::inbox::Waiting;
use super::progress::{Progress, Watcher};
use super::{Desk, roles};
use crate::domain::decision::{Decision, Receipt, ReceiptStatus};
use crate::domain::dossier::Dossier;
use crate::domain::ids::RecordId;
use crate::domain::quorum::Standing;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, EntryKind};
use crate::orchestrator::Order;
use crate::review::decide::Done;
use crate::review::records::OpenOrder;

/// How often the ledger is looked at while another approver delivers.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often it is looked at for the beginning of that delivery.
const LOOKS_FOR_BEGINNING: u32 = 40;
/// How often it is looked at for the end.
const LOOKS_FOR_END: u32 = 400;

/// What an approval came to be about.
pub struct Approved<'a> {
    /// The gate.
    pub waiting: &'a Waiting,
    /// The evidence that is there now.
    pub dossier: &'a Dossier,
    /// The approver's own approval, to be delivered if it is the one.
    pub order: Order,
    /// Whether its intent is in the ledger.
    pub intended: bool,
}

/// Delivers if the quorum is reached and it is this approval that completed it.
pub async fn complete(desk: &Desk, approved: Approved<'_>, watcher: Watcher<'_>) -> Result<Done, AppError> {
    let Approved { waiting, dossier, order, intended } = approved;
    let kept = |e: AppError| {
        e.hint("The approval is signed and in the ledger; this run sent nothing. Run it again to send it.")
    };
    let records = desk.records().await.map_err(kept)?;
    records.sound().map_err(kept)?;
    let roles = roles::in_force(desk, &records).await.map_err(kept)?;
    let asked = Asked::new(&waiting.gate, &waiting.release, Some(dossier), roles.as_deref(), desk.clock.now());
    let cast = records.cast(&order.gate);
    let no_rule = |e: crate::trust::quorum::NoRule| AppError::new(ErrorKind::NotEntitled, e.to_string());
    let tally = asked.tally(&cast).map_err(no_rule)?;
    let standing = tally.standing();
    if !tally.carries(&order.decision) {
        let mine = tally.votes.iter().find(|v| v.decision == order.decision).and_then(|v| v.why.as_ref());
        let text = match mine {
            Some(why) => format!("recorded, and does not count: {why}"),
            None => format!("recorded; {}", standing.words()),
        };
        return recorded(desk, &order, intended, standing, text).await;
    }
    if let Some((other, open)) = records.approval_underway(&order.gate, &order.attempt) {
        if other.id == order.decision {
            return Err(deliver::by_another_process(&order));
        }
        let other = other.clone();
        return after_other(desk, &order, intended, standing, (&other, &open), watcher).await;
    }
    let completing = asked.completed_by(&cast).map_err(no_rule)?;
    if completing.as_ref() != Some(&order.decision) {
        return unless_begun(desk, &order, intended, standing, completing.as_ref(), watcher).await;
    }
    send(desk, order, intended, records.entries(), standing, watcher).await
}

/// Claims the delivery and delivers; whoever comes second waits for what comes of the first.
pub async fn send(
    desk: &Desk,
    order: Order,
    intended: bool,
    known: u64,
    standing: Standing,
    watcher: Watcher<'_>,
) -> Result<Done, AppError> {
    // From here on there is nothing to call off: what is claimed and given up would keep everybody waiting.
    watcher(Progress::Delivery { gate: order.gate.clone(), step: "The approval goes to the gate.".to_owned() });
    if !intended {
        desk.append(vec![intent(desk, &order)?]).await?;
    }
    if let Some(receipt) = deliver::deliver_claimed(desk, &order, known, watcher).await? {
        deliver::judge(&order, &receipt)?;
        let (decision, envelope) = (order.decision.clone(), order.envelope_digest.clone());
        return Ok(Done { decision, envelope, receipt, standing: Some(standing) });
    }
    let records = desk.records().await?;
    match records.approval_underway(&order.gate, &order.attempt) {
        Some((other, open)) if other.id != order.decision => {
            let other = other.clone();
            after_other(desk, &order, true, standing, (&other, &open), watcher).await
        }
        // The same approval, by another process: what comes of it is for that one to record.
        Some(_) => Err(deliver::by_another_process(&order)),
        None => recorded(desk, &order, true, standing, "another decision on this gate is sent".to_owned()).await,
    }
}

/// The entry that says that an order is about to be delivered.
pub fn intent(desk: &Desk, order: &Order) -> Result<Draft, AppError> {
    let body = crate::domain::canonical::to_canonical(order).map_err(|e| AppError::internal(e.to_string()))?;
    Ok(Draft {
        kind: EntryKind::Intent,
        record: order.decision.clone(),
        gate: Some(order.gate.to_string()),
        at: desk.clock.now(),
        body,
    })
}

/// It counts, or will, and is not sent itself. An intent that is in the ledger is closed.
pub async fn recorded(
    desk: &Desk,
    order: &Order,
    intended: bool,
    standing: Standing,
    text: String,
) -> Result<Done, AppError> {
    let (receipt, draft) = deliver::receipt(desk, order, ReceiptStatus::Recorded, &text)?;
    if intended {
        desk.append(vec![draft]).await?;
    }
    let (decision, envelope) = (order.decision.clone(), order.envelope_digest.clone());
    Ok(Done { decision, envelope, receipt, standing: Some(standing) })
}

/// Another approver's approval completed the quorum: it is that one's to deliver. If that does not begin, it can be
/// taken up by running the same command again.
async fn unless_begun(
    desk: &Desk,
    order: &Order,
    intended: bool,
    standing: Standing,
    completing: Option<&RecordId>,
    watcher: Watcher<'_>,
) -> Result<Done, AppError> {
    for _ in 0..LOOKS_FOR_BEGINNING {
        let records = desk.records().await?;
        if let Some((other, open)) = records.approval_underway(&order.gate, &order.attempt) {
            if other.id == order.decision {
                return Err(deliver::by_another_process(order));
            }
            let other = other.clone();
            return after_other(desk, order, intended, standing, (&other, &open), watcher).await;
        }
        desk.clock.sleep(LOOK_EVERY).await;
    }
    let records = desk.records().await?;
    let by = completing.and_then(|id| records.decision(id)).map(|d| d.principal.to_string()).unwrap_or_default();
    let text = format!(
        "recorded; {}. The approval of {by} completed it and was not sent: run the same command again to send it",
        standing.words()
    );
    recorded(desk, order, intended, standing, text).await
}

/// Waits for what comes of the delivery of another approval of the same quorum.
pub async fn after_other(
    desk: &Desk,
    order: &Order,
    intended: bool,
    standing: Standing,
    (other, open): (&Decision, &OpenOrder),
    watcher: Watcher<'_>,
) -> Result<Done, AppError> {
    let step = format!("It is delivered with the approval of {}.", other.principal);
    watcher(Progress::Delivery { gate: order.gate.clone(), step });
    let mut seen = other.receipt.clone();
    for _ in 0..LOOKS_FOR_END {
        if seen.as_ref().is_some_and(|r| r.status.is_final()) {
            break;
        }
        desk.clock.sleep(LOOK_EVERY).await;
        seen = desk.records().await?.decision(&other.id).and_then(|d| d.receipt.clone());
    }
    let text = deliver::sent_with(other, seen.as_ref());
    // Its own intent, if it has one, is closed: nothing of it was sent.
    let done = recorded(desk, order, intended, standing, text).await?;
    let Some(seen) = seen else { return Ok(done) };
    if open.order.option != order.option {
        let chosen =
            open.order.option.as_ref().map_or_else(|| "no input".to_owned(), |o| format!("the input {}", o.line()));
        let text =
            format!("The gate {} is answered with {chosen}, by {}, and not with yours.", order.gate, other.principal);
        return Err(
            AppError::new(ErrorKind::Refused, text).hint("Your approval is in the ledger; nothing of it was sent.")
        );
    }
    deliver::judge(order, &seen)?;
    let receipt = Receipt { status: seen.status, detail: done.receipt.detail.clone(), ..done.receipt };
    Ok(Done { receipt, ..done })
}
