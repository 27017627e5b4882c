//! What has become of a decision, judged from one fresh reading of its run. Pure.
//!
//! HTTP 200 says nothing here. A decision is effective when the stage has left for the right reason, our digest stands
//! in its context, and nobody else answered after us: orca merges every answer into the same context, so our digest
//! stays there also when the answer of another took effect.

use super::gates::{ENDED, timed_out};
use super::requests::CARRIER;
use super::wire::{Execution, Stage, text};
use crate::domain::decision::Verb;
use crate::orchestrator::{Observation, Order};
use crate::text::line;

/// Who we are for Gate: the names under which it may record us. Empty: it does not know us by name.
pub(super) type Me = Vec<String>;

/// Judges one reading.
pub(super) fn judge(order: &Order, execution: &Execution, stage_id: &str, me: &Me) -> Observation {
    match order.verb {
        Verb::Halt => halt(order, execution),
        Verb::Approve => answer(order, execution, stage_id, me, "continue"),
        Verb::Reject => answer(order, execution, stage_id, me, "stop"),
        Verb::Comment | Verb::Revoke => {
            Observation::Unclear(format!("A decision to {} answers no gate.", order.verb.word()))
        }
    }
}

fn halt(order: &Order, execution: &Execution) -> Observation {
    let reason = execution.cancellation_reason.as_deref().unwrap_or_default();
    let ours = reason.contains(order.decision.as_str());
    let by = person(execution.canceled_by.as_deref());
    let status = execution.status.as_str();
    if status == "CANCELED" && ours {
        Observation::Effective(format!("The run was cancelled by {by}, with this decision as the reason."))
    } else if status == "CANCELED" {
        let why = if reason.is_empty() { "no reason".to_owned() } else { format!("the reason \"{}\"", line(reason)) };
        Observation::Effective(format!(
            "The run is cancelled, by {by} with {why}; whether this decision did it cannot be told."
        ))
    } else if ENDED.contains(&status) {
        Observation::Refused(format!("The run had ended as {} and was not cancelled.", line(status)))
    } else if execution.canceled {
        // Orca marks the run first and then ends its stages.
        Observation::Pending
    } else {
        Observation::Undecided
    }
}

fn answer(order: &Order, execution: &Execution, stage_id: &str, me: &Me, wanted: &str) -> Observation {
    let Some(stage) = execution.stage(stage_id) else {
        return Observation::Unclear("The run no longer has this stage.".to_owned());
    };
    let sight = Sight { stage, execution, ours: is_ours(order, stage), other: other(stage, me) };
    let judgment = stage.judgment();
    if stage.attempt() != order.attempt {
        return if sight.ours {
            Observation::Unclear(
                "The stage was restarted after this decision had arrived. What became of the decision cannot be told."
                    .to_owned(),
            )
        } else {
            Observation::Refused(
                "The stage was restarted: it asks anew, and this decision was for an earlier time. Decide again."
                    .to_owned(),
            )
        };
    }
    match stage.status.as_str() {
        "RUNNING" | "PAUSED" | "SUSPENDED" if !execution.canceled => sight.waiting(&judgment, wanted),
        "SUCCEEDED" => sight.passed(&judgment, wanted),
        "SKIPPED" => Observation::Refused("The stage was skipped, not answered.".to_owned()),
        "TERMINAL" | "STOPPED" | "FAILED_CONTINUE" | "CANCELED" | "RUNNING" | "PAUSED" | "SUSPENDED" => {
            sight.stopped(&judgment, wanted)
        }
        status => Observation::Unclear(format!("The stage has the status {}.", shown(status))),
    }
}

struct Sight<'a> {
    stage: &'a Stage,
    execution: &'a Execution,
    /// Our decision stands in the stage's context.
    ours: bool,
    /// Somebody who is not us changed the stage last.
    other: Option<&'a str>,
}

impl Sight<'_> {
    /// The stage is still there to be answered.
    fn waiting(&self, judgment: &str, wanted: &str) -> Observation {
        match (self.ours, judgment) {
            (false, "") => Observation::Undecided,
            (true, "") => Observation::Refused(self.role()),
            (true, given) if given == wanted && self.other.is_none() => Observation::Pending,
            (_, given) => Observation::Refused(self.someone(given)),
        }
    }

    /// The stage was passed.
    fn passed(&self, judgment: &str, wanted: &str) -> Observation {
        if judgment == "continue" && wanted == "continue" && self.ours && self.other.is_none() {
            Observation::Effective(match &self.stage.modified_by {
                Some(user) => format!("The stage continued; Spinnaker has the answer from {}.", line(user)),
                None => "The stage continued.".to_owned(),
            })
        } else if self.ours && self.other.is_none() && judgment != "continue" {
            let given =
                if judgment.is_empty() { "no answer".to_owned() } else { format!("the answer {}", shown(judgment)) };
            Observation::Unclear(format!("The stage was passed with {given} in it."))
        } else {
            Observation::Refused(self.someone(if judgment.is_empty() { "continue" } else { judgment }))
        }
    }

    /// The stage ended without being passed, or its run was cancelled.
    fn stopped(&self, judgment: &str, wanted: &str) -> Observation {
        if judgment == "stop" && wanted == "stop" && self.ours && self.other.is_none() {
            Observation::Effective(if self.execution.canceled {
                "The stage was answered with stop, and the run is cancelled.".to_owned()
            } else {
                format!("The stage stopped ({}).", shown(&self.stage.status))
            })
        } else if judgment == "stop" {
            Observation::Refused(self.someone(judgment))
        } else if self.execution.canceled {
            let by = person(self.execution.canceled_by.as_deref());
            Observation::Refused(format!("The run was cancelled by {by} before the answer took effect."))
        } else if timed_out(self.stage) {
            Observation::Refused("The stage had waited too long before the answer took effect.".to_owned())
        } else {
            Observation::Refused(format!("The stage ended as {} and not by this decision.", shown(&self.stage.status)))
        }
    }

    /// An answer that was taken back after it had arrived.
    fn role(&self) -> String {
        let roles: Vec<String> =
            super::gates::roles(&self.stage.context).iter().map(|r| r.line().into_owned()).collect();
        let wanted = if roles.is_empty() { String::new() } else { format!(" It asks for: {}.", roles.join(", ")) };
        format!(
            "The role of the account was refused: Spinnaker took the answer back and the stage waits again.{wanted}"
        )
    }

    /// An answer that is not ours.
    fn someone(&self, judgment: &str) -> String {
        let by = person(self.other.or(self.stage.modified_by.as_deref()));
        let carrier = self.stage.context.get(CARRIER).filter(|_| !self.ours);
        let decision = carrier.and_then(|c| text(c.get("decision")));
        let with = decision.map(|d| format!(", with the decision {}", line(&d))).unwrap_or_default();
        format!("The stage was answered with {} by {by}{with}; that is not this decision.", shown(judgment))
    }
}

fn is_ours(order: &Order, stage: &Stage) -> bool {
    let Some(carrier) = stage.context.get(CARRIER) else { return false };
    text(carrier.get("decision")).as_deref() == Some(order.decision.as_str())
        && text(carrier.get("digest")).as_deref() == Some(order.envelope_digest.as_str())
}

/// Who changed the stage last, if that is known and is not us.
fn other<'a>(stage: &'a Stage, me: &Me) -> Option<&'a str> {
    let last = stage.modified_by.as_deref()?;
    (!me.is_empty() && !me.iter().any(|name| name.eq_ignore_ascii_case(last))).then_some(last)
}

fn person(name: Option<&str>) -> String {
    name.map_or_else(|| "somebody".to_owned(), |n| line(n).into_owned())
}

fn shown(word: &str) -> String {
    if word.is_empty() { "(none)".to_owned() } else { line(word).chars().take(60).collect() }
}

#[cfg(test)]
mod tests;
