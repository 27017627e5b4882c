//! Delivering a decision, and following it until it is seen to be effective or refused.
//!
//! A decision is sent once. What comes of it is read, never concluded from the answer to the request; and where it
//! cannot be known whether a request arrived, nothing is sent again before the state was read as undecided and the time
//! in which the first request may still arrive has passed. The decisions are in two tables, [`decide`] and [`take_up`],
//! which know neither network nor clock.

use std::time::Duration;

use super::{Observation, Orchestrator, Order, Patience};
use crate::clock::SharedClock;
use crate::domain::decision::ReceiptStatus;
use crate::domain::time::{Timestamp, humane};
use crate::http::{Fault, FaultKind};

/// What is told while a decision is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The request is about to leave.
    Sending,
    /// The orchestrator took the request; that proves nothing yet.
    Accepted,
    /// Whether the request arrived is not known; why, in a sentence.
    InDoubt(String),
    /// The state was read, so long after following began.
    Looked(Observation, Duration),
    /// The state could not be read; why, in a sentence.
    Blind(String),
}

impl Progress {
    /// In a sentence, safe to display.
    pub fn sentence(&self) -> String {
        match self {
            Self::Sending => "The decision is sent.".to_owned(),
            Self::Accepted => "The orchestrator took the request; waiting for its effect.".to_owned(),
            Self::InDoubt(why) => format!("Whether the request arrived is not known; looking. {why}"),
            Self::Looked(seen, after) => {
                let after = humane(*after);
                match seen {
                    Observation::Effective(detail) | Observation::Refused(detail) | Observation::Unclear(detail) => {
                        detail.clone()
                    }
                    Observation::Pending => {
                        format!("The answer stands at the gate and waits to take effect ({after}).")
                    }
                    Observation::Undecided => format!("The gate waits for an answer ({after})."),
                }
            }
            Self::Blind(why) => format!("The gate could not be read; looking again. {why}"),
        }
    }
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOutcome {
    /// What was seen: effective, refused or unknown.
    pub status: ReceiptStatus,
    /// In a sentence, safe to display.
    pub detail: String,
    /// The decision was seen not to have reached the gate and no request is on its way any more, so that it may be sent
    /// again. Only with [`ReceiptStatus::Unknown`].
    pub not_sent: bool,
}

impl FollowOutcome {
    fn new(status: ReceiptStatus, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), not_sent: false }
    }

    fn not_sent(detail: impl Into<String>) -> Self {
        Self { status: ReceiptStatus::Unknown, detail: detail.into(), not_sent: true }
    }
}

/// What is known of our request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It was answered well: none is on its way any more.
    Accepted,
    /// It may have arrived, or may still do so.
    InDoubt,
}

/// How long ago that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// A request may still be on its way.
    Fresh,
    /// None is.
    Settled,
    /// Nobody waits for it any longer.
    Exhausted,
}

/// What to do after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Look again later.
    Wait,
    /// It is effective.
    Effective,
    /// It is refused.
    Refused,
    /// It has not arrived and may be sent again.
    NotSent,
    /// It cannot be known.
    Unknown,
}

/// The table of following: what a look means. `seen` is `None` if the state could not be read.
///
/// | seen | fresh | settled | exhausted |
/// |---|---|---|---|
/// | effective | effective | effective | effective |
/// | refused | refused; in doubt: wait, ours may still arrive | refused | refused |
/// | undecided | wait | wait; in doubt: not sent | unknown; in doubt: not sent |
/// | pending, unclear, unreadable | wait | wait | unknown |
pub fn decide(sent: Sent, seen: Option<&Observation>, age: Age) -> Step {
    match (seen, sent, age) {
        (Some(Observation::Effective(_)), _, _) => Step::Effective,
        (Some(Observation::Refused(_)), Sent::InDoubt, Age::Fresh) => Step::Wait,
        (Some(Observation::Refused(_)), _, _) => Step::Refused,
        (Some(Observation::Undecided), Sent::InDoubt, Age::Settled | Age::Exhausted) => Step::NotSent,
        (_, _, Age::Exhausted) => Step::Unknown,
        (_, _, Age::Fresh | Age::Settled) => Step::Wait,
    }
}

/// What to do with an intent that was found open, after the first look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeUp {
    /// It is effective.
    Effective,
    /// It is refused.
    Refused,
    /// Go on looking: it is on its way.
    Follow,
    /// It has not arrived; send it once and follow it.
    Send,
    /// It has not arrived, and may not be sent now.
    NotSent,
    /// It cannot be known.
    Unknown,
}

/// The table of taking up: what the first look at an open intent means. `fresh`: its request may still be on its way.
pub fn take_up(seen: Option<&Observation>, fresh: bool, may_send: bool) -> TakeUp {
    match (seen, fresh, may_send) {
        (Some(Observation::Effective(_)), _, _) => TakeUp::Effective,
        (Some(Observation::Refused(_)), false, _) => TakeUp::Refused,
        (Some(Observation::Pending), _, _) | (Some(Observation::Refused(_) | Observation::Undecided), true, _) => {
            TakeUp::Follow
        }
        (Some(Observation::Undecided), false, true) => TakeUp::Send,
        (Some(Observation::Undecided), false, false) => TakeUp::NotSent,
        (Some(Observation::Unclear(_)) | None, _, _) => TakeUp::Unknown,
    }
}

/// Sends a decision once and follows it. The caller has it in the ledger already.
///
/// The gate is read just before, because no orchestrator compares before it writes: a gate that someone else has
/// answered, or that has our answer already, is not written to. `on_progress` is called from within; it must be quick.
pub async fn deliver_and_follow(
    orchestrator: &dyn Orchestrator,
    order: &Order,
    clock: &SharedClock,
    on_progress: &(dyn Fn(Progress) + Sync),
) -> FollowOutcome {
    let patience = orchestrator.patience();
    let watch = Watch { orchestrator, order, clock, patience, on_progress };
    match watch.look(Duration::ZERO).await {
        Ok(Observation::Undecided) => watch.send_and_follow().await,
        // Only an earlier request of the same decision can have put it there.
        Ok(Observation::Pending) => watch.follow(Sent::Accepted, Duration::ZERO, None).await,
        Ok(Observation::Effective(detail)) => FollowOutcome::new(ReceiptStatus::Effective, detail),
        Ok(Observation::Refused(detail)) => {
            FollowOutcome::new(ReceiptStatus::Refused, format!("{detail} Nothing was sent."))
        }
        Ok(Observation::Unclear(detail)) => FollowOutcome::not_sent(format!("{detail} Nothing was sent.")),
        Err(fault) => FollowOutcome::not_sent(format!("The gate could not be read, so nothing was sent. {fault}")),
    }
}

/// Takes up an intent that was found open at start: reads the gate, follows what is on its way, and sends what has not
/// arrived once the time of the first request (sent at `sent_at` at the latest) has passed, if `may_send`.
///
/// A caller that wants the second request in its ledger first passes `may_send` as false and, if the outcome is
/// [`FollowOutcome::not_sent`], records it and calls [`deliver_and_follow`].
pub async fn settle(
    orchestrator: &dyn Orchestrator,
    order: &Order,
    sent_at: Timestamp,
    clock: &SharedClock,
    may_send: bool,
    on_progress: &(dyn Fn(Progress) + Sync),
) -> FollowOutcome {
    let patience = orchestrator.patience();
    let watch = Watch { orchestrator, order, clock, patience, on_progress };
    let before = clock.now().since(sent_at);
    let look = watch.look(Duration::ZERO).await;
    let fault = look.as_ref().err().map(ToString::to_string);
    match take_up(look.as_ref().ok(), before < patience.settle, may_send) {
        TakeUp::Effective => FollowOutcome::new(ReceiptStatus::Effective, words(look.ok())),
        TakeUp::Refused => FollowOutcome::new(ReceiptStatus::Refused, words(look.ok())),
        TakeUp::Send => watch.send_and_follow().await,
        TakeUp::NotSent => FollowOutcome::not_sent(NOT_ARRIVED),
        TakeUp::Unknown => FollowOutcome::new(
            ReceiptStatus::Unknown,
            fault.map_or_else(|| words(look.ok()), |f| format!("The gate could not be read. {f}")),
        ),
        TakeUp::Follow => {
            let outcome = watch.follow(Sent::InDoubt, before, None).await;
            if outcome.not_sent && may_send { watch.send_and_follow().await } else { outcome }
        }
    }
}

const NOT_ARRIVED: &str = "The gate still waits and knows nothing of this decision. It can be sent again.";

/// What following needs at every step.
struct Watch<'a> {
    orchestrator: &'a dyn Orchestrator,
    order: &'a Order,
    clock: &'a SharedClock,
    patience: Patience,
    on_progress: &'a (dyn Fn(Progress) + Sync),
}

impl Watch<'_> {
    async fn look(&self, after: Duration) -> Result<Observation, Fault> {
        let look = self.orchestrator.observe(self.order).await;
        (self.on_progress)(match &look {
            Ok(seen) => Progress::Looked(seen.clone(), after),
            Err(fault) => Progress::Blind(fault.sentence()),
        });
        look
    }

    async fn send_and_follow(&self) -> FollowOutcome {
        (self.on_progress)(Progress::Sending);
        match self.orchestrator.deliver(self.order).await {
            Ok(()) => {
                (self.on_progress)(Progress::Accepted);
                self.follow(Sent::Accepted, Duration::ZERO, None).await
            }
            Err(fault) if fault.ambiguous => {
                let why = fault.sentence();
                (self.on_progress)(Progress::InDoubt(why.clone()));
                self.follow(Sent::InDoubt, Duration::ZERO, Some(why)).await
            }
            Err(fault) => refusal(&fault),
        }
    }

    /// Looks until it is over. `before`: how long ago the request was when following began.
    ///
    /// Time is what was slept, or what passed on the clock if that is more: waits may be scaled, the time of day never
    /// is, and slow answers must not stretch the patience.
    async fn follow(&self, sent: Sent, before: Duration, doubt: Option<String>) -> FollowOutcome {
        let start = self.clock.now();
        let mut slept = Duration::ZERO;
        loop {
            self.clock.sleep(self.patience.every).await;
            slept += self.patience.every;
            let elapsed = slept.max(self.clock.now().since(start));
            let look = self.look(elapsed).await;
            let age = if elapsed >= self.patience.until {
                Age::Exhausted
            } else if before + elapsed >= self.patience.settle {
                Age::Settled
            } else {
                Age::Fresh
            };
            match decide(sent, look.as_ref().ok(), age) {
                Step::Wait => {}
                Step::Effective => return FollowOutcome::new(ReceiptStatus::Effective, words(look.ok())),
                Step::Refused => return FollowOutcome::new(ReceiptStatus::Refused, words(look.ok())),
                Step::NotSent => return FollowOutcome::not_sent(with(NOT_ARRIVED, doubt)),
                Step::Unknown => {
                    let detail = match look {
                        Ok(seen) => unknown(&seen, sent),
                        Err(fault) => format!("The gate could not be read at the end. {fault}"),
                    };
                    return FollowOutcome::new(ReceiptStatus::Unknown, with(&detail, doubt));
                }
            }
        }
    }
}

/// What the other side's clear no to the request means. Faults before the connection stood, and limits of rate, are no
/// refusal: the decision did not arrive.
fn refusal(fault: &Fault) -> FollowOutcome {
    let refused = |why: &str| FollowOutcome::new(ReceiptStatus::Refused, format!("{why} {fault}"));
    match fault.kind {
        FaultKind::Unauthorized => refused("The orchestrator does not know this account."),
        FaultKind::Forbidden => refused("The account may not answer gates of this application."),
        FaultKind::NotFound | FaultKind::Gone => refused("The orchestrator knows no such run or gate."),
        FaultKind::Refused(400) => refused("The orchestrator could not read the request."),
        FaultKind::Refused(_) => refused("The orchestrator refused the request."),
        _ => FollowOutcome::not_sent(format!("The decision was not sent. {fault}")),
    }
}

fn unknown(seen: &Observation, sent: Sent) -> String {
    match (seen, sent) {
        (Observation::Unclear(detail), _) => detail.clone(),
        (Observation::Undecided, _) => {
            "The orchestrator took the request and the gate knows nothing of it: it may have failed inside. Run again to settle it."
                .to_owned()
        }
        _ => "The answer stands at the gate and has not taken effect. Run again to settle it.".to_owned(),
    }
}

fn words(seen: Option<Observation>) -> String {
    match seen {
        Some(Observation::Effective(detail) | Observation::Refused(detail) | Observation::Unclear(detail)) => detail,
        _ => String::new(),
    }
}

fn with(detail: &str, doubt: Option<String>) -> String {
    match doubt {
        Some(why) => format!("{detail} The request itself: {why}"),
        None => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
