//! From what Gate sends to the gates of the house. Pure.

use std::time::Duration;

use serde_json::Value;

use super::wire::{Execution, Stage, list, text};
use crate::domain::gate::{Gate, GateState};
use crate::domain::ids::{ConnectionName, GateId};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// The statuses with which orca leaves a stage or a run for good.
pub(super) const ENDED: [&str; 7] =
    ["SUCCEEDED", "FAILED_CONTINUE", "TERMINAL", "CANCELED", "REDIRECT", "STOPPED", "SKIPPED"];
/// The statuses in which a stage can still be answered.
const OPEN: [&str; 3] = ["RUNNING", "PAUSED", "SUSPENDED"];

/// The id of a gate.
pub(super) fn id(connection: &ConnectionName, execution: &Execution, stage: &Stage) -> GateId {
    GateId::new(connection.clone(), [&execution.application, &execution.id, &stage.id].map(String::as_str))
}

/// Whether a run's stage waits for an answer.
pub(super) fn is_pending(execution: &Execution, stage: &Stage) -> bool {
    stage.status == "RUNNING" && state(execution, stage) == GateState::Waiting
}

/// A gate, with `defined_roles` as the pipeline's definition says.
pub(super) fn gate(
    connection: &ConnectionName,
    execution: &Execution,
    stage: &Stage,
    defined_roles: Option<Vec<Untrusted>>,
) -> Gate {
    let waiting_since = stage.start.and_then(Timestamp::from_millis);
    let timeout = stage.timeout().and_then(|t| u64::try_from(t).ok()).map(Duration::from_millis);
    Gate {
        id: id(connection, execution, stage),
        application: execution.application.clone().into(),
        pipeline: execution.name.clone().into(),
        pipeline_id: execution.config_id.clone().map(Into::into),
        stage: stage.name.clone().into(),
        attempt: stage.attempt(),
        state: state(execution, stage),
        instructions: text(stage.context.get("instructions")).unwrap_or_default().into(),
        options: options(&stage.context),
        required_roles: roles(&stage.context),
        defined_roles,
        started_by: execution.started_by.clone().map(Into::into),
        waiting_since,
        times_out_at: waiting_since.zip(timeout).map(|(since, timeout)| since.plus(timeout)),
        trigger: execution.trigger.clone(),
        // Gate does not say where its user interface is.
        url: None,
        state_token: Some(stage.token.clone()),
    }
}

/// Where a gate stands. What became of the stage counts before what became of the run.
pub(super) fn state(execution: &Execution, stage: &Stage) -> GateState {
    match stage.status.as_str() {
        "SUCCEEDED" | "SKIPPED" => GateState::Continued,
        "CANCELED" => GateState::Cancelled,
        "TERMINAL" | "STOPPED" | "FAILED_CONTINUE" => {
            if stage.judgment() == "stop" {
                GateState::Stopped
            } else if timed_out(stage) {
                GateState::TimedOut
            } else if execution.canceled {
                GateState::Cancelled
            } else {
                GateState::Stopped
            }
        }
        status if OPEN.contains(&status) => {
            if execution.canceled {
                GateState::Cancelled
            } else if ENDED.contains(&execution.status.as_str()) {
                // The run is over and nobody waits for this stage any more.
                GateState::Unknown
            } else if stage.judgment().is_empty() {
                GateState::Waiting
            } else {
                GateState::Answered
            }
        }
        _ => GateState::Unknown,
    }
}

/// Whether a stage that ended had waited as long as it may.
pub(super) fn timed_out(stage: &Stage) -> bool {
    match (stage.start, stage.end, stage.timeout()) {
        (Some(start), Some(end), Some(timeout)) => end.saturating_sub(start) >= timeout,
        _ => false,
    }
}

/// The roles that may answer: `selectedStageRoles`, which Spinnaker's user interface writes, and
/// `requiredJudgmentRoles`. One of them is enough.
pub(super) fn roles(context: &Value) -> Vec<Untrusted> {
    let mut out: Vec<Untrusted> = Vec::new();
    for key in ["requiredJudgmentRoles", "selectedStageRoles"] {
        let value = context.get(key);
        // A single role may stand without its list.
        let single = value.filter(|v| v.is_string());
        for role in list(value).iter().chain(single).filter_map(|r| text(Some(r))) {
            let role = Untrusted::from(role);
            if !out.contains(&role) {
                out.push(role);
            }
        }
    }
    out
}

fn options(context: &Value) -> Vec<Untrusted> {
    list(context.get("judgmentInputs"))
        .iter()
        .filter_map(|input| text(input.get("value")).or_else(|| text(Some(input))))
        .map(Into::into)
        .collect()
}

/// The roles of a stage by the application's pipeline definitions: the pipeline by its id, the stage by its `refId`, or
/// by its name where that is unique. The error says in words why they cannot be told.
pub(super) fn defined_roles(
    definitions: &[Value],
    execution: &Execution,
    stage: &Stage,
) -> Result<Vec<Untrusted>, &'static str> {
    let config_id = execution.config_id.as_deref().ok_or("the run names no pipeline definition")?;
    let definition = definitions
        .iter()
        .find(|d| text(d.get("id")).as_deref() == Some(config_id))
        .ok_or("the pipeline's definition is not there")?;
    let judgments: Vec<&Value> = list(definition.get("stages"))
        .iter()
        .filter(|s| text(s.get("type")).as_deref() == Some("manualJudgment"))
        .collect();
    let by_name: Vec<&Value> =
        judgments.iter().filter(|s| text(s.get("name")).as_deref() == Some(&stage.name)).copied().collect();
    let by_ref =
        judgments.iter().find(|s| !stage.ref_id.is_empty() && text(s.get("refId")).as_deref() == Some(&stage.ref_id));
    let defined = match (by_ref, by_name.as_slice()) {
        (Some(stage), _) => stage,
        (None, [one]) => *one,
        _ => return Err("the pipeline's definition has no such stage"),
    };
    let roles = roles(defined);
    if roles.iter().any(|r| r.raw().contains("${")) {
        return Err("the pipeline's definition computes its roles");
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(run: &str, stage: &Value) -> (Execution, Stage) {
        let mut whole =
            json!({"id": "S", "type": "manualJudgment", "refId": "4", "name": "Approve", "startTime": 1_000});
        whole.as_object_mut().unwrap().extend(stage.as_object().unwrap().clone());
        let execution = Execution::read(&json!({
            "id": "E", "application": "shop", "name": "deploy", "status": run, "pipelineConfigId": "P", "stages": [whole]
        }))
        .unwrap();
        let stage = execution.stages[0].clone();
        (execution, stage)
    }

    #[test]
    fn states() {
        use GateState::{Answered, Cancelled, Continued, Stopped, TimedOut, Unknown, Waiting};
        let timed = json!({"status": "TERMINAL", "endTime": 61_000, "context": {"stageTimeoutMs": 60_000}});
        let early = json!({"status": "TERMINAL", "endTime": 60_999, "context": {"stageTimeoutMs": 60_000}});
        let late_stop = json!({"status": "STOPPED", "endTime": 61_000, "context": {"stageTimeoutMs": 60_000, "judgmentStatus": "Stop"}});
        for (execution, stage, want) in [
            ("RUNNING", json!({"status": "RUNNING"}), Waiting),
            ("RUNNING", json!({"status": "RUNNING", "context": {"judgmentStatus": ""}}), Waiting),
            ("RUNNING", json!({"status": "RUNNING", "context": {"judgmentStatus": null}}), Waiting),
            ("PAUSED", json!({"status": "RUNNING"}), Waiting),
            ("PAUSED", json!({"status": "PAUSED"}), Waiting),
            ("RUNNING", json!({"status": "RUNNING", "context": {"judgmentStatus": "continue"}}), Answered),
            ("SUCCEEDED", json!({"status": "SUCCEEDED", "context": {"judgmentStatus": "continue"}}), Continued),
            ("CANCELED", json!({"status": "SUCCEEDED"}), Continued),
            ("TERMINAL", json!({"status": "TERMINAL", "context": {"judgmentStatus": "stop"}}), Stopped),
            ("RUNNING", json!({"status": "FAILED_CONTINUE", "context": {"judgmentStatus": "stop"}}), Stopped),
            ("TERMINAL", timed, TimedOut),
            ("TERMINAL", early, Stopped),
            ("TERMINAL", late_stop, Stopped),
            ("CANCELED", json!({"status": "CANCELED"}), Cancelled),
            ("CANCELED", json!({"status": "RUNNING"}), Cancelled),
            ("TERMINAL", json!({"status": "RUNNING"}), Unknown),
            ("RUNNING", json!({"status": "NOT_STARTED"}), Unknown),
            ("RUNNING", json!({"status": "MELTED"}), Unknown),
            ("RUNNING", json!({}), Unknown),
        ] {
            let (e, s) = run(execution, &stage);
            assert_eq!(state(&e, &s), want, "{execution} {stage}");
        }
    }

    #[test]
    fn a_gate_has_all_that_an_approver_needs() {
        let (e, s) = run(
            "RUNNING",
            &json!({"status": "RUNNING", "startTime": 1_700_000_000_000_i64, "context": {
                "instructions": "Look twice", "judgmentInputs": [{"value": "ship"}, "hold", 7, {"x": 1}],
                "requiredJudgmentRoles": ["sec"], "selectedStageRoles": ["sec", "ops"], "stageTimeoutMs": 86_400_000}}),
        );
        let gate = gate(&ConnectionName::new("spin"), &e, &s, None);
        assert_eq!(gate.id.to_string(), "spin:shop/E/S");
        assert_eq!(gate.attempt, "1700000000000");
        assert_eq!(gate.options.iter().map(Untrusted::raw).collect::<Vec<_>>(), ["ship", "hold", "7"]);
        assert_eq!(gate.required_roles.iter().map(Untrusted::raw).collect::<Vec<_>>(), ["sec", "ops"]);
        assert_eq!(gate.times_out_at.unwrap().to_string(), "2023-11-15T22:13:20.000Z");
        assert!(is_pending(&e, &s));
    }

    #[test]
    fn blanked_roles_are_seen_by_the_definition() {
        let definitions = [
            json!({"id": "Q"}),
            json!({"id": "P", "stages": [
            {"type": "wait", "refId": "4", "name": "Approve"},
            {"type": "manualJudgment", "refId": "4", "name": "Renamed", "selectedStageRoles": ["sec"]},
            {"type": "manualJudgment", "refId": "5", "name": "Approve"}]}),
        ];
        let (e, s) = run("RUNNING", &json!({"status": "RUNNING", "context": {"requiredJudgmentRoles": []}}));
        let defined = defined_roles(&definitions, &e, &s).unwrap();
        assert_eq!(defined.iter().map(Untrusted::raw).collect::<Vec<_>>(), ["sec"]);
        assert!(gate(&ConnectionName::new("spin"), &e, &s, Some(defined)).roles_tampered());
        let (e, s) = run("RUNNING", &json!({"status": "RUNNING", "refId": "9"}));
        assert_eq!(defined_roles(&definitions, &e, &s).unwrap(), [], "found by its name");
        let (e, s) = run("RUNNING", &json!({"status": "RUNNING", "refId": "9", "name": "Other"}));
        assert!(defined_roles(&definitions, &e, &s).is_err());
        let computed = [json!({"id": "P", "stages": [
            {"type": "manualJudgment", "refId": "4", "selectedStageRoles": ["${parameters.role}"]}]})];
        let (e, s) = run("RUNNING", &json!({"status": "RUNNING"}));
        assert!(defined_roles(&computed, &e, &s).is_err());
    }
}
