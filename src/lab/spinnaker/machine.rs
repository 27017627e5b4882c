//! What becomes of an execution: answers, wakes, ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Other, Run, shape};
use crate::lab::call::Times;

/// An execution, and what was done to it.
pub struct Held {
    /// As Gate shows it.
    pub json: Value,
    /// The traps of its stages, by id.
    pub traps: BTreeMap<String, Traps>,
    /// Every PATCH that reached it: stage and body.
    pub patches: Vec<(String, Value)>,
    /// The reasons of its cancellations.
    pub cancellations: Vec<String>,
    /// See [`Run::no_read`].
    pub no_read: bool,
    /// See [`Run::no_execute`].
    pub no_execute: bool,
    /// See [`Run::swallow_reads`].
    pub swallow_reads: bool,
}

/// The traps of a stage.
pub struct Traps {
    /// Somebody else's answer that is still to come.
    pub other: Option<Other>,
    /// PATCHes that are still to be swallowed.
    pub swallow_patches: u32,
    /// Whether a PATCH is answered by nothing.
    pub empty_answer: bool,
}

impl Held {
    /// The execution of a run.
    pub fn new(run: &Run, times: &Times) -> Self {
        let json = shape::execution(run, times);
        let ids = json["stages"].as_array().into_iter().flatten().filter_map(|s| s["id"].as_str().map(str::to_owned));
        let traps = |s: &super::Stage| Traps {
            other: s.other.clone(),
            swallow_patches: s.swallow_patches,
            empty_answer: s.empty_answer,
        };
        let traps = ids.zip(run.stage.iter().map(traps)).collect();
        Self {
            traps,
            patches: Vec::new(),
            cancellations: Vec::new(),
            no_read: run.no_read,
            no_execute: run.no_execute,
            swallow_reads: run.swallow_reads,
            json,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_default()
    }

    /// Its stages.
    pub fn stages(&self) -> &[Value] {
        self.json["stages"].as_array().map_or(&[], Vec::as_slice)
    }

    fn stages_mut(&mut self) -> &mut [Value] {
        self.json["stages"].as_array_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    /// Puts an answer into a stage's context, with all keys that come with it, whatever the stage's status is. Nothing
    /// is checked here; that is the wait task's part. `false`: there is no such stage.
    pub fn judge(&mut self, stage: &str, user: &str, body: &Value, now: i64) -> bool {
        let Some(stage) = self.stages_mut().iter_mut().find(|s| s["id"] == stage) else { return false };
        if let (Some(context), Some(body)) = (stage["context"].as_object_mut(), body.as_object()) {
            context.extend(body.clone());
            context.insert("lastModifiedBy".to_owned(), json!(user));
        }
        stage["lastModified"] = json!({"user": user, "allowedAccounts": [], "lastModifiedTime": now});
        true
    }

    /// The wait task looks; other stages that run come to their end. `roles` gives a user's roles, and `None` for one of
    /// whom nothing is known.
    pub fn tick<'r>(&mut self, now: i64, roles: impl Fn(&str) -> Option<&'r [String]>) {
        if self.json["status"] != "RUNNING" {
            return;
        }
        let mut failed = false;
        for stage in self.stages_mut() {
            if stage["status"] != "RUNNING" {
                continue;
            }
            let outcome =
                if stage["type"] == "manualJudgment" { judged(stage, now, &roles) } else { Some("SUCCEEDED") };
            if let Some(outcome) = outcome {
                stage["status"] = json!(outcome);
                stage["endTime"] = json!(now);
                failed |= outcome == "TERMINAL";
            }
        }
        if failed {
            self.end("TERMINAL", now);
            return;
        }
        self.begin_next(now);
        if self.stages().iter().all(|s| matches!(s["status"].as_str(), Some("SUCCEEDED" | "SKIPPED"))) {
            self.end("SUCCEEDED", now);
        }
    }

    fn begin_next(&mut self, now: i64) {
        let done: Vec<Value> = self
            .stages()
            .iter()
            .filter(|s| matches!(s["status"].as_str(), Some("SUCCEEDED" | "SKIPPED")))
            .map(|s| s["refId"].clone())
            .collect();
        for stage in self.stages_mut() {
            let ready = stage["requisiteStageRefIds"].as_array().is_none_or(|r| r.iter().all(|r| done.contains(r)));
            if stage["status"] == "NOT_STARTED" && ready {
                stage["status"] = json!("RUNNING");
                stage["startTime"] = json!(now);
            }
        }
    }

    fn end(&mut self, status: &str, now: i64) {
        self.json["status"] = json!(status);
        self.json["endTime"] = json!(now);
        for stage in self.stages_mut() {
            if matches!(stage["status"].as_str(), Some("RUNNING" | "PAUSED")) {
                stage["status"] = json!("CANCELED");
                stage["endTime"] = json!(now);
            }
        }
    }

    /// Cancels the run; one that has ended stays as it is.
    pub fn cancel(&mut self, user: &str, reason: &str, now: i64) {
        self.cancellations.push(reason.to_owned());
        if !matches!(self.json["status"].as_str(), Some("RUNNING" | "PAUSED")) {
            return;
        }
        self.json["canceled"] = json!(true);
        self.json["canceledBy"] = json!(user);
        self.json["cancellationReason"] = json!(reason);
        self.end("CANCELED", now);
    }

    /// Pauses a run.
    pub fn pause(&mut self, user: &str, now: i64) {
        self.turn("RUNNING", "PAUSED");
        self.json["paused"] = json!({"pausedBy": user, "pauseTime": now, "resumedBy": null, "resumeTime": null});
    }

    /// Resumes a paused run.
    pub fn resume(&mut self, user: &str, now: i64) {
        self.turn("PAUSED", "RUNNING");
        self.json["paused"]["resumedBy"] = json!(user);
        self.json["paused"]["resumeTime"] = json!(now);
    }

    fn turn(&mut self, from: &str, to: &str) {
        if self.json["status"] != from {
            return;
        }
        self.json["status"] = json!(to);
        for stage in self.stages_mut().iter_mut().filter(|s| s["status"] == from) {
            stage["status"] = json!(to);
        }
    }

    /// Starts a stage again: another attempt, with another start time and no answer.
    pub fn restart(&mut self, id: &str, now: i64) {
        let Some(stage) = self.stages_mut().iter_mut().find(|s| s["id"] == id) else { return };
        let before = stage["startTime"].as_i64().unwrap_or(0);
        stage["status"] = json!("RUNNING");
        stage["startTime"] = json!(now.max(before + 1));
        stage["endTime"] = Value::Null;
        stage["context"]["judgmentStatus"] = json!("");
        stage["lastModified"] = Value::Null;
        self.json["status"] = json!("RUNNING");
        self.json["endTime"] = Value::Null;
    }
}

/// What the wait task makes of a waiting stage. A refusal for roles blanks the answer and lets the stage wait on.
fn judged<'r>(stage: &mut Value, now: i64, roles: impl Fn(&str) -> Option<&'r [String]>) -> Option<&'static str> {
    let began = stage["startTime"].as_i64().unwrap_or(now);
    if stage["context"]["stageTimeoutMs"].as_i64().is_some_and(|t| began.saturating_add(t) <= now) {
        return Some("TERMINAL");
    }
    let answer = stage["context"]["judgmentStatus"].as_str().unwrap_or_default().to_ascii_lowercase();
    let outcome = match answer.as_str() {
        "continue" => "SUCCEEDED",
        "stop" => "TERMINAL",
        _ => return None,
    };
    let wanted = stage["context"]["requiredJudgmentRoles"].as_array().cloned().unwrap_or_default();
    let user = stage["lastModified"]["user"].as_str().unwrap_or_default();
    let entitled = roles(user).is_none_or(|has| wanted.iter().any(|w| has.iter().any(|r| w == r.as_str())));
    if !wanted.is_empty() && !entitled {
        stage["context"]["judgmentStatus"] = json!("");
        return None;
    }
    Some(outcome)
}
