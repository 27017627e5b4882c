//! Against a server on loopback: each trap of Gate that a naive client falls into.

mod deciding;
mod reading;

use serde_json::{Value, json};

use super::Spinnaker;
use super::fixtures::ATTEMPT;
use crate::domain::ids::ConnectionName;
use crate::http::{Auth, Limits, Tls};
use crate::orchestrator::registry::Settings;
use crate::orchestrator::testing::{Server, TestClock};
use crate::secrets::Secret;

fn client(server: &Server) -> Spinnaker {
    Spinnaker::new(Settings {
        name: ConnectionName::new("spin"),
        url: server.url.clone(),
        auth: Auth::Basic { user: "ana".to_owned(), password: Secret::new("hunter2") },
        tls: Tls::default(),
        limits: Limits { retries: 0, ..Limits::default() },
        clock: TestClock::shared(),
    })
    .unwrap()
}

/// The run E/1 of shop, waiting at S since [`ATTEMPT`], for the role sec.
fn run() -> Value {
    json!({
        "id": "E/1", "application": "shop", "name": "deploy prod", "status": "RUNNING", "pipelineConfigId": "P",
        "startTime": ATTEMPT - 60_000, "authentication": {"user": "dev"},
        "trigger": {"type": "jenkins", "job": "shop", "buildNumber": 42, "parameters": {"version": "1.4.2"}},
        "stages": [
            {"id": "B", "type": "wait", "refId": "1", "status": "SUCCEEDED"},
            {"id": "S", "type": "manualJudgment", "refId": "2", "name": "Approve", "status": "RUNNING",
             "startTime": ATTEMPT, "context": {"judgmentStatus": "", "requiredJudgmentRoles": ["sec"]}},
        ],
    })
}

fn definitions(roles: &[&str]) -> Value {
    json!([{"id": "P", "stages": [{"type": "manualJudgment", "refId": "2", "requiredJudgmentRoles": roles}]}])
}
