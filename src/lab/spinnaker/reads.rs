//! What Gate answers to questions.

use serde_json::{Value, json};

use super::machine::Held;
use super::{Spinnaker, When, not_found, refuse};
use crate::lab::call::{Call, Reply, lock};

impl Spinnaker {
    pub(super) fn applications(&self) -> Reply {
        let state = lock(&self.state);
        let mut names: Vec<&str> =
            state.held.iter().filter(|h| !h.no_read).filter_map(|h| h.json["application"].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let one = |n: &&str| {
            json!({"name": n, "email": format!("{n}@acme.example"), "cloudProviders": "kubernetes", "user": "ana", "instancePort": 80,
                "accounts": "prod", "createTs": "1700000000000", "updateTs": "1700000000000", "lastModifiedBy": "ana"})
        };
        Reply::ok(&names.iter().map(one).collect())
    }

    pub(super) fn definitions(&self, application: &str) -> Reply {
        let state = lock(&self.state);
        if state.held.iter().any(|h| h.no_read && h.json["application"] == application) {
            return refuse(
                &self.times,
                403,
                "Forbidden",
                "Access denied to application - required authorization: READ",
            );
        }
        Reply::ok(&json!(state.definitions.get(application).cloned().unwrap_or_default()))
    }

    pub(super) fn search(&self, call: &Call, application: &str) -> Reply {
        let state = lock(&self.state);
        let (size, from) = (call.number("size", 10), call.number("startIndex", 0));
        let one =
            |name: &str, value: &Value| call.list(name).is_none_or(|w| value.as_str().is_some_and(|v| w.contains(&v)));
        let bound = |name: &str| call.param(name).and_then(|v| v.parse::<i64>().ok());
        let time = |h: &&Held| h.json["buildTime"].as_i64().unwrap_or(0);
        let mut found: Vec<&Held> = state
            .held
            .iter()
            .filter(|h| !h.no_read && (application == "*" || h.json["application"] == application))
            .filter(|h| one("statuses", &h.json["status"]) && one("triggerTypes", &h.json["trigger"]["type"]))
            .filter(|h| call.param("pipelineName").is_none_or(|n| h.json["name"] == n))
            .filter(|h| bound("triggerTimeStartBoundary").is_none_or(|t| time(h) >= t))
            .filter(|h| bound("triggerTimeEndBoundary").is_none_or(|t| time(h) <= t))
            .collect();
        found.sort_by(|a, b| (time(b), b.id()).cmp(&(time(a), a.id())));
        if call.param("reverse") == Some("true") {
            found.reverse();
        }
        if self.settings.paging_fault {
            // Orca collects one page of twice the size and cuts the answer out of that.
            found.truncate(size * 2);
        }
        let expand = call.param("expand") == Some("true");
        Reply::ok(&found.into_iter().skip(from).take(size).map(|h| shown(h, expand)).collect())
    }

    pub(super) fn pipelines(&self, call: &Call, application: &str) -> Reply {
        let state = lock(&self.state);
        let statuses = call.list("statuses");
        let found: Vec<&Held> = state
            .held
            .iter()
            .filter(|h| !h.no_read && h.json["application"] == application)
            .filter(|h| statuses.as_ref().is_none_or(|s| h.json["status"].as_str().is_some_and(|v| s.contains(&v))))
            .collect();
        Reply::ok(&newest_each(found, call.number("limit", 10), call.param("expand") != Some("false")))
    }

    pub(super) fn executions(&self, call: &Call) -> Reply {
        let state = lock(&self.state);
        let expand = call.param("expand") != Some("false");
        let readable = || state.held.iter().filter(|h| !h.no_read);
        if let Some(ids) = call.list("executionIds") {
            return Reply::ok(&readable().filter(|h| ids.contains(&h.id())).map(|h| shown(h, expand)).collect());
        }
        let Some(ids) = call.list("pipelineConfigIds") else { return Reply::ok(&json!([])) };
        let statuses = call.list("statuses");
        let found = readable()
            .filter(|h| h.json["pipelineConfigId"].as_str().is_some_and(|i| ids.contains(&i)))
            .filter(|h| statuses.as_ref().is_none_or(|s| h.json["status"].as_str().is_some_and(|v| s.contains(&v))))
            .collect();
        Reply::ok(&newest_each(found, call.number("limit", 1), expand))
    }

    pub(super) fn one(&self, id: &str) -> Reply {
        let now = self.times.now();
        let mut state = lock(&self.state);
        let Some(held) = state.held.iter_mut().find(|h| h.id() == id) else { return not_found(&self.times, id) };
        if held.no_read {
            return refuse(
                &self.times,
                403,
                "Forbidden",
                "Access denied to application - required authorization: READ",
            );
        }
        if held.swallow_reads {
            return Reply::empty(200);
        }
        let answer = Reply::ok(&held.json);
        // What was just read is old the moment after, if somebody waits for that.
        let mut answered = Vec::new();
        for (stage, traps) in &mut held.traps {
            if let Some(other) = traps.other.as_mut().filter(|o| o.when == When::AfterReads) {
                other.reads = other.reads.saturating_sub(1);
                if other.reads == 0 {
                    answered.extend(traps.other.take().map(|o| (stage.clone(), o)));
                }
            }
        }
        for (stage, other) in answered {
            held.judge(&stage, &other.user, &json!({"judgmentStatus": other.answer}), now);
            held.tick(now, |_| None);
        }
        answer
    }
}

/// At most `limit` of each pipeline, newest first.
fn newest_each(mut found: Vec<&Held>, limit: usize, expand: bool) -> Value {
    found.sort_by_key(|h| std::cmp::Reverse(h.json["buildTime"].as_i64()));
    let mut taken = std::collections::BTreeMap::<&str, usize>::new();
    found.retain(|h| {
        let count = taken.entry(h.json["pipelineConfigId"].as_str().unwrap_or_default()).or_default();
        *count += 1;
        *count <= limit
    });
    found.into_iter().map(|h| shown(h, expand)).collect()
}

/// An execution; without `expand` its stages come without context, outputs and tasks.
fn shown(held: &Held, expand: bool) -> Value {
    let mut value = held.json.clone();
    if !expand {
        for stage in value["stages"].as_array_mut().into_iter().flatten() {
            stage["context"] = json!({});
            stage["outputs"] = json!({});
            stage["tasks"] = json!([]);
        }
    }
    value
}
