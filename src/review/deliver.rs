//! Delivers decisions and settles those that a crash left open.

use super::Desk;
use super::progress::{Progress, Watcher};
use super::records::OpenOrder;
use crate::domain::decision::{Receipt, ReceiptStatus};
use crate::domain::ids::Principal;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, EntryKind};
use crate::orchestrator::Order;
use crate::orchestrator::follow::{self, FollowOutcome};

/// Sends a decision that the ledger has, follows it, and records what was seen.
pub async fn deliver(desk: &Desk, order: &Order, watcher: Watcher<'_>) -> Result<Receipt, AppError> {
    let orchestrator = desk.orchestrator(&order.gate)?;
    // From here on a request may be on its way: whoever finds no later receipt reads the orchestrator first.
    record(desk, order, ReceiptStatus::Sending, "about to be sent").await?;
    let tell = teller(order, watcher);
    let outcome = follow::deliver_and_follow(orchestrator.as_ref(), order, &desk.clock, &tell).await;
    conclude(desk, order, outcome).await
}

/// What came of taking up an open intent.
pub enum Resumed {
    /// It came to an end, or is still not known.
    Ended(Receipt),
    /// It was seen never to have arrived, and nothing of it is on its way.
    NotSent(Receipt),
}

/// Settles one open intent: reads the orchestrator, and sends again (only if `may_send`) what was seen not to have
/// arrived. The second request is in the ledger before it is sent.
pub async fn resume(desk: &Desk, open: &OpenOrder, may_send: bool, watcher: Watcher<'_>) -> Result<Resumed, AppError> {
    let orchestrator = desk.orchestrator(&open.order.gate)?;
    let tell = teller(&open.order, watcher);
    let outcome = follow::settle(orchestrator.as_ref(), &open.order, open.sent_at, &desk.clock, false, &tell).await;
    if !outcome.not_sent {
        return Ok(Resumed::Ended(conclude(desk, &open.order, outcome).await?));
    }
    if may_send {
        return Ok(Resumed::Ended(deliver(desk, &open.order, watcher).await?));
    }
    Ok(Resumed::NotSent(conclude(desk, &open.order, outcome).await?))
}

/// Settles all open intents of one approver. Gives a sentence for each. Nothing is sent again here: that wants the
/// approver's word, by running the same command once more.
pub async fn settle_all(desk: &Desk, mine: &Principal, watcher: Watcher<'_>) -> Result<Vec<String>, AppError> {
    let mut said = Vec::new();
    if desk.readonly {
        return Ok(said);
    }
    for open in desk.records().await?.open_orders(mine) {
        let (Resumed::Ended(receipt) | Resumed::NotSent(receipt)) = resume(desk, &open, false, watcher).await?;
        said.push(format!(
            "{} {}: {} ({}).",
            open.order.verb.word(),
            open.order.gate,
            receipt.status.word(),
            receipt.detail.line()
        ));
    }
    Ok(said)
}

fn teller<'a>(order: &'a Order, watcher: Watcher<'a>) -> impl Fn(follow::Progress) + Send + Sync + 'a {
    move |step| {
        watcher(Progress::Delivery {
            gate: order.gate.clone(),
            step: crate::text::line(&step.sentence()).into_owned(),
        });
    }
}

async fn conclude(desk: &Desk, order: &Order, outcome: FollowOutcome) -> Result<Receipt, AppError> {
    record(desk, order, outcome.status, &outcome.detail).await
}

/// Appends a receipt.
pub async fn record(desk: &Desk, order: &Order, status: ReceiptStatus, detail: &str) -> Result<Receipt, AppError> {
    let receipt =
        Receipt { decision: order.decision.clone(), status, at: desk.clock.now(), detail: detail.to_owned().into() };
    let body = crate::domain::canonical::to_canonical(&receipt).map_err(|e| AppError::internal(e.to_string()))?;
    desk.append(vec![Draft {
        kind: EntryKind::Receipt,
        record: order.decision.clone(),
        gate: Some(order.gate.to_string()),
        at: receipt.at,
        body,
    }])
    .await?;
    Ok(receipt)
}

/// What a receipt means for whoever asked.
pub fn judge(order: &Order, receipt: &Receipt) -> Result<(), AppError> {
    let subject = format!("{} {}", order.verb.word(), order.gate);
    match receipt.status {
        ReceiptStatus::Effective => Ok(()),
        ReceiptStatus::Refused => Err(AppError::new(
            ErrorKind::Refused,
            format!("{subject} was refused by the orchestrator: {}", receipt.detail.line()),
        )
        .hint(format!("The signed decision stays in the ledger as {}", order.decision))),
        ReceiptStatus::Sending | ReceiptStatus::Accepted | ReceiptStatus::Unknown => Err(AppError::new(
            ErrorKind::Unknown,
            format!("The outcome of {subject} is not known: {}", receipt.detail.line()),
        )
        .hint("It is in the ledger and was not repeated. Run the same command again to settle it.")),
    }
}
