//! Delivers decisions and settles those that a crash left open.

use std::sync::Arc;
use std::time::Duration;

use super::progress::{Progress, Watcher};
use super::records::{OpenOrder, Records};
use super::{Desk, inbox, sign};
use crate::domain::decision::{Decision, Receipt, ReceiptStatus, Verb};
use crate::domain::ids::{Principal, RecordId};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, Entry, EntryKind};
use crate::orchestrator::Order;
use crate::orchestrator::follow::{self, FollowOutcome};

/// How long settling what is open may hold up what the approver wants now.
const SETTLING: Duration = Duration::from_secs(20);

/// Sends a decision that the ledger has, follows it, and records what was seen.
pub async fn deliver(desk: &Desk, order: &Order, watcher: Watcher<'_>) -> Result<Receipt, AppError> {
    announce(desk, order).await?;
    follow(desk, order, watcher).await
}

/// Like [`deliver`], where others may be about to send on the same gate: only if nobody has said so since the ledger was
/// read, up to the entry `known`. `None`: somebody has, and nothing was sent.
///
/// Of two who say so at the same moment, the ledger's order makes one the first; the other finds that entry before its
/// own.
pub async fn deliver_claimed(
    desk: &Desk,
    order: &Order,
    known: u64,
    watcher: Watcher<'_>,
) -> Result<Option<Receipt>, AppError> {
    let Some(claim) = announce(desk, order).await? else { return Ok(None) };
    let ledger = Arc::clone(&desk.ledger);
    let kinds = [EntryKind::Receipt, EntryKind::Decision];
    let since = tokio::task::spawn_blocking(move || ledger.read(known + 1, &kinds)).await;
    let since = since.map_err(|e| AppError::internal(format!("Reading the ledger failed: {e}.")))??;
    let gate = order.gate.to_string();
    let here = |e: &&Entry| e.draft.gate.as_deref() == Some(&gate);
    let first = since.iter().filter(here).filter(|e| e.draft.kind == EntryKind::Receipt).find(|e| {
        let receipt = serde_json::from_slice::<Receipt>(&e.draft.body);
        // What cannot be read may be a claim.
        receipt.map_or(true, |r| r.status == ReceiptStatus::Sending)
    });
    if first.is_none_or(|first| first.seq != claim) {
        return Ok(None);
    }
    // Counted over the ledger as it was then: what was taken back or rejected since is not sent.
    let against = |e: &&Entry| {
        let said = super::said::payload(&e.draft.body);
        let said = said.and_then(|s| serde_json::from_slice::<serde_json::Value>(&s).ok());
        let verb = said.as_ref().and_then(|s| s.pointer("/predicate/decision")).and_then(|v| v.as_str());
        !matches!(verb, Some("approve" | "comment"))
    };
    if order.verb == Verb::Approve
        && let Some(no) = since.iter().filter(here).filter(|e| e.draft.kind == EntryKind::Decision).find(against)
    {
        record(desk, order, ReceiptStatus::Recorded, "was not sent: the ledger has a later no").await?;
        let text = format!(
            "While it was about to be sent, entry {} of the ledger spoke against it. Nothing was sent.",
            no.seq
        );
        return Err(AppError::new(ErrorKind::Unexpected, text).hint("Look at the approvals again."));
    }
    follow(desk, order, watcher).await.map(Some)
}

/// Another process of the same approver is sending the same decision.
pub fn by_another_process(order: &Order) -> AppError {
    let text = format!("Another process is sending {} {} now.", order.verb.word(), order.gate);
    AppError::new(ErrorKind::Unknown, text).hint("This one sent nothing. Run the same command again to settle it.")
}

/// Closes an order of which nothing is to be sent, as of the ledger up to the entry `known`. `false`: it was about to be
/// sent meanwhile, and stays open.
pub async fn close(
    desk: &Desk,
    order: &Order,
    known: u64,
    status: ReceiptStatus,
    detail: &str,
) -> Result<bool, AppError> {
    record(desk, order, status, detail).await?;
    let ledger = Arc::clone(&desk.ledger);
    let since = tokio::task::spawn_blocking(move || ledger.read(known + 1, &[EntryKind::Receipt])).await;
    let since = since.map_err(|e| AppError::internal(format!("Reading the ledger failed: {e}.")))??;
    let sending = since.iter().filter(|e| e.draft.record == order.decision).any(|e| {
        let receipt = serde_json::from_slice::<Receipt>(&e.draft.body);
        receipt.map_or(true, |r| r.status == ReceiptStatus::Sending)
    });
    if sending {
        record(desk, order, ReceiptStatus::Unknown, "another process was sending it meanwhile").await?;
    }
    Ok(!sending)
}

/// Says in the ledger that a request is about to be sent; gives the entry's position.
async fn announce(desk: &Desk, order: &Order) -> Result<Option<u64>, AppError> {
    // From here on a request may be on its way: whoever finds no later receipt reads the orchestrator first.
    let (_, draft) = receipt(desk, order, ReceiptStatus::Sending, "about to be sent")?;
    let appended = desk.append(vec![draft]).await.map_err(|e| {
        e.hint("The decision is in the ledger, and was not sent. Mend the ledger, and run the same command again.")
    })?;
    Ok(appended.last().map(|e| e.seq))
}

async fn follow(desk: &Desk, order: &Order, watcher: Watcher<'_>) -> Result<Receipt, AppError> {
    let orchestrator = desk.orchestrator(&order.gate)?;
    let order = &Order { anchor: desk.reach().await, others: others(desk, order).await, ..order.clone() };
    desk.start_anchoring();
    let tell = teller(order, watcher);
    let outcome = follow::deliver_and_follow(orchestrator.as_ref(), order, &desk.clock, &tell).await;
    conclude(desk, order, outcome).await
}

/// The other approvals of the same attempt, and the delegations that they and this one use, for a pipeline that takes the
/// envelopes from the orchestrator. What cannot be read is left out: there it is missing, and nothing is approved by it.
async fn others(desk: &Desk, order: &Order) -> Vec<String> {
    let Ok(records) = desk.records().await else { return Vec::new() };
    let cast = records.cast(&order.gate);
    let approvals = cast.iter().filter_map(|c| c.verified.statement.decision());
    let here = approvals.filter(|d| d.decision == Verb::Approve && d.orchestrator.attempt == order.attempt);
    let wanted: Vec<RecordId> = here
        .flat_map(|d| [Some(d.decision_id.clone()).filter(|id| *id != order.decision), d.delegation.clone()])
        .flatten()
        .collect();
    let ledger = Arc::clone(&desk.ledger);
    let read = tokio::task::spawn_blocking(move || {
        let entries = wanted.iter().filter_map(|id| ledger.record(id).ok()).flatten();
        let signed = entries.filter(|e| e.draft.kind.is_signed());
        signed.filter_map(|e| String::from_utf8(e.draft.body).ok()).collect::<Vec<String>>()
    });
    read.await.unwrap_or_default()
}

/// What came of taking up an open intent.
pub enum Resumed {
    /// It came to an end, or is still not known.
    Ended(Receipt),
    /// It was seen never to have arrived, and nothing of it is on its way.
    NotSent(Receipt),
    /// An approval that was never about to be sent: nothing of it was, and nothing was looked at.
    NotBegun,
    /// An approval whose gate another one is delivered to, which came first: nothing of this one was sent.
    Behind(Box<Decision>),
}

/// Settles one open intent: reads the orchestrator, and sends again (only if `may_send`) what was seen not to have
/// arrived. The second request is in the ledger before it is sent.
pub async fn resume(desk: &Desk, open: &OpenOrder, may_send: bool, watcher: Watcher<'_>) -> Result<Resumed, AppError> {
    let tell = teller(&open.order, watcher);
    let records = desk.records().await?;
    if open.order.verb == Verb::Approve {
        match records.approval_underway(&open.order.gate, &open.order.attempt) {
            Some((first, _)) if first.id != open.order.decision => return Ok(Resumed::Behind(Box::new(first.clone()))),
            Some(_) => {}
            None => return Ok(Resumed::NotBegun),
        }
    }
    let orchestrator = desk.orchestrator(&open.order.gate)?;
    // Somebody else may have sent it in the meantime.
    let sent_at = records.sent_at(&open.order.decision).unwrap_or(open.sent_at);
    let outcome = follow::settle(orchestrator.as_ref(), &open.order, sent_at, &desk.clock, false, &tell).await;
    if outcome.not_sent && may_send {
        if let Some(receipt) = deliver_claimed(desk, &open.order, records.entries(), watcher).await? {
            return Ok(Resumed::Ended(receipt));
        }
        let why = "another process is sending it now. Run again to settle it";
        let (receipt, _) = receipt(desk, &open.order, ReceiptStatus::Unknown, why)?;
        return Ok(Resumed::Ended(receipt));
    }
    let not_sent = outcome.not_sent;
    let last = desk.records().await?.decision(&open.order.decision).and_then(|d| d.receipt.clone());
    // Whoever sent it may have seen the end meanwhile, and knows best: another account cannot tell whose answer it is.
    if let Some(last) = last.as_ref().filter(|l| l.status.is_final()) {
        return Ok(Resumed::Ended(last.clone()));
    }
    let mine = sign::identity(desk)
        .await
        .is_ok_and(|i| Some(&i.principal) == records.decision(&open.order.decision).map(|d| &d.principal));
    if !mine && outcome.status == ReceiptStatus::Refused {
        let why = format!("whoever sent it can tell; seen from here: {}", outcome.detail);
        return receipt(desk, &open.order, ReceiptStatus::Unknown, &why).map(|(receipt, _)| Resumed::Ended(receipt));
    }
    // Looked at again and again, what stays as it was is recorded once.
    let receipt = match last.filter(|l| l.status == outcome.status && l.detail.raw() == outcome.detail) {
        Some(last) => last,
        None => conclude(desk, &open.order, outcome).await?,
    };
    Ok(if not_sent { Resumed::NotSent(receipt) } else { Resumed::Ended(receipt) })
}

/// Settles all open intents of one approver. Gives a sentence for each. Nothing is sent again here: that wants the
/// approver's word, by running the same command once more.
pub async fn settle_all(desk: &Desk, mine: &Principal, watcher: Watcher<'_>) -> Result<Vec<String>, AppError> {
    if desk.readonly {
        return Ok(Vec::new());
    }
    let records = desk.records().await?;
    records.sound()?;
    Ok(settle(desk, &records.open_orders(mine), watcher).await)
}

/// Settles what a command finds open of its approver's, but for what that command takes up itself: a verb on a gate.
pub async fn settle_before(desk: &Desk, taken_up: Option<(Verb, &str)>, watcher: Watcher<'_>) -> Vec<String> {
    if desk.readonly {
        return Vec::new();
    }
    let Some((records, mut open)) = own_open(desk).await else { return Vec::new() };
    // Over a ledger that is not whole, the command itself is refused.
    if records.sound().is_err() {
        return Vec::new();
    }
    open.retain(|o| {
        let named = |address: &str| {
            o.order.gate.to_string() == address
                || records.decision(&o.order.decision).is_some_and(|d| d.release.raw() == address)
        };
        taken_up.is_none_or(|(verb, address)| o.order.verb != verb || !named(address))
    });
    settle(desk, &open, watcher).await
}

async fn settle(desk: &Desk, open: &[OpenOrder], watcher: Watcher<'_>) -> Vec<String> {
    let all = open.iter().map(|open| async move {
        let came_of_it = match tokio::time::timeout(SETTLING, resume(desk, open, false, watcher)).await {
            Ok(Ok(Resumed::Ended(receipt) | Resumed::NotSent(receipt))) => {
                format!("{} ({})", receipt.status.word(), receipt.detail.line())
            }
            Ok(Ok(Resumed::NotBegun)) => match not_begun(desk, open).await {
                Ok(text) => text,
                Err(error) => format!("it could not be settled ({error})"),
            },
            Ok(Ok(Resumed::Behind(first))) => match behind(desk, &open.order, &first).await {
                Ok(receipt) => receipt.detail.line().into_owned(),
                Err(error) => format!("it could not be settled ({error})"),
            },
            Ok(Err(error)) => format!("it could not be settled ({error})"),
            Err(_) => "it is still on its way, or its orchestrator does not answer".to_owned(),
        };
        format!("{} {}: {came_of_it}.", open.order.verb.word(), open.order.gate)
    });
    futures_util::future::join_all(all).await
}

/// Of an approval that was never about to be sent: closed, if its gate does not wait for it any more.
async fn not_begun(desk: &Desk, open: &OpenOrder) -> Result<String, AppError> {
    let known = desk.records().await?.entries();
    let waiting = inbox::read(desk, &open.order.gate).await?;
    let waits = waiting.is_some_and(|w| w.gate.attempt == open.order.attempt && inbox::must_wait(&w).is_ok());
    let gone = "was not sent, and the gate does not wait for it any more";
    if !waits && close(desk, &open.order, known, ReceiptStatus::Recorded, gone).await? {
        return Ok(gone.to_owned());
    }
    Ok("it was not sent; run the same command again to send it".to_owned())
}

/// Closes an approval of which nothing was sent, once it is known what came of the one that came first.
pub async fn behind(desk: &Desk, order: &Order, first: &Decision) -> Result<Receipt, AppError> {
    let seen = first.receipt.as_ref();
    let text = sent_with(first, seen);
    if seen.is_some_and(|r| r.status.is_final()) {
        return record(desk, order, ReceiptStatus::Recorded, &text).await;
    }
    receipt(desk, order, ReceiptStatus::Unknown, &text).map(|(receipt, _)| receipt)
}

/// What is said of an approval that was sent with another one.
pub fn sent_with(first: &Decision, seen: Option<&Receipt>) -> String {
    let detail = seen.map(|r| r.detail.line().into_owned()).unwrap_or_default();
    format!("sent with the approval of {}: {detail}", first.principal)
}

/// The approver's own open deliveries. `None` if nothing is open, or nobody knows who the approver is.
async fn own_open(desk: &Desk) -> Option<(Arc<Records>, Vec<OpenOrder>)> {
    let records = desk.records().await.ok()?;
    // Only if anybody's is open is the key asked for.
    if !records.is_anything_open() {
        return None;
    }
    let identity = sign::identity(desk).await.ok()?;
    let open = records.open_orders(&identity.principal);
    (!open.is_empty()).then_some((records, open))
}

/// What of the approver's own is open, in a sentence with what to do. Settles nothing.
pub async fn open_sentence(desk: &Desk) -> Option<String> {
    let (_, open) = own_open(desk).await?;
    let commands: Vec<String> = open.iter().map(|o| format!("{} {}", o.order.verb.word(), o.order.gate)).collect();
    Some(match commands.as_slice() {
        [one] => format!("1 decision of yours is open: {one}. Run `countersign {one}` again to settle it."),
        several => format!(
            "{} decisions of yours are open: {}. Run the same commands again to settle them.",
            several.len(),
            several.join(", ")
        ),
    })
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
    let recorded = record(desk, order, outcome.status, &outcome.detail).await;
    recorded.map_err(|e| unrecorded(order, &outcome, &e))
}

/// The decision is out, and the ledger does not take what came of it: that is not "nothing was written".
fn unrecorded(order: &Order, outcome: &FollowOutcome, error: &AppError) -> AppError {
    let how = match outcome.status {
        _ if outcome.not_sent => "was not sent",
        ReceiptStatus::Refused => "was refused",
        _ => "was sent",
    };
    let (verb, status) = (order.verb.word(), outcome.status.word());
    let seen = format!("{verb} {} {how}; its outcome ({status}: {})", order.gate, outcome.detail);
    AppError::new(ErrorKind::Unknown, format!("{seen} could not be recorded: {error}"))
        .hint("The decision itself is in the ledger. Mend the ledger, and run the same command again to settle it.")
}

/// Appends a receipt.
pub async fn record(desk: &Desk, order: &Order, status: ReceiptStatus, detail: &str) -> Result<Receipt, AppError> {
    let (receipt, draft) = receipt(desk, order, status, detail)?;
    desk.append(vec![draft]).await?;
    Ok(receipt)
}

/// A receipt, to be appended.
pub fn receipt(desk: &Desk, order: &Order, status: ReceiptStatus, detail: &str) -> Result<(Receipt, Draft), AppError> {
    let receipt =
        Receipt { decision: order.decision.clone(), status, at: desk.clock.now(), detail: detail.to_owned().into() };
    let body = crate::domain::canonical::to_canonical(&receipt).map_err(|e| AppError::internal(e.to_string()))?;
    let draft = Draft {
        kind: EntryKind::Receipt,
        record: order.decision.clone(),
        gate: Some(order.gate.to_string()),
        at: receipt.at,
        body,
    };
    Ok((receipt, draft))
}

/// The body of the receipt of what is only recorded.
pub fn noted(desk: &Desk, decision: &RecordId) -> Result<Vec<u8>, AppError> {
    let (status, detail) = (ReceiptStatus::Effective, "recorded in the ledger".into());
    let receipt = Receipt { decision: decision.clone(), status, at: desk.clock.now(), detail };
    crate::domain::canonical::to_canonical(&receipt).map_err(|e| AppError::internal(e.to_string()))
}

/// What a receipt means for whoever asked.
pub fn judge(order: &Order, receipt: &Receipt) -> Result<(), AppError> {
    let subject = format!("{} {}", order.verb.word(), order.gate);
    match receipt.status {
        ReceiptStatus::Effective | ReceiptStatus::Recorded => Ok(()),
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
