use serde_json::{Value, json};

use super::{client, definitions, run};
use crate::domain::gate::GateState;
use crate::domain::ids::GateId;
use crate::http::FaultKind;
use crate::orchestrator::Orchestrator as _;
use crate::orchestrator::testing::{Reply, Seen, Server};
use crate::text::Untrusted;

const ALL: &str = "GET /applications/*/executions/search";

fn query(seen: &Seen, key: &str) -> String {
    let query = seen.target.split_once('?').map_or("", |(_, query)| query);
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == key);
    found.map(|(_, v)| v.into_owned()).unwrap_or_default()
}

/// Gate's search with its faults: nothing of the context unless it is asked to expand, at most `size` runs, and nothing
/// at all on a later page.
fn search(seen: &Seen, runs: &[Value]) -> Reply {
    let size: usize = query(seen, "size").parse().unwrap_or(10);
    if query(seen, "startIndex") != "0" {
        return Reply::ok(json!([]));
    }
    let mut page: Vec<Value> = runs.iter().take(size).cloned().collect();
    if query(seen, "expand") != "true" {
        for stage in page.iter_mut().flat_map(|r| r["stages"].as_array_mut().into_iter().flatten()) {
            stage["context"] = json!({});
        }
    }
    page.retain(|r| query(seen, "statuses").contains(r["status"].as_str().unwrap_or_default()));
    Reply::ok(page.into())
}

fn many(count: usize) -> Vec<Value> {
    (0..count)
        .map(|i| {
            let mut run = run();
            run["id"] = format!("E{i:04}").into();
            run
        })
        .collect()
}

fn id(text: &str) -> GateId {
    text.parse().unwrap()
}

#[tokio::test]
async fn gates_come_with_context_roles_and_release() {
    let mut other = run();
    other["id"] = "E2".into();
    other["stages"][1]["context"]["judgmentStatus"] = "continue".into();
    let runs = [run(), other];
    let server = Server::start(move |seen| match seen.line().as_str() {
        ALL => search(seen, &runs),
        "GET /applications/shop/pipelineConfigs" => Reply::ok(definitions(&["sec", "ops"])),
        _ => Reply::status(404),
    })
    .await;
    let open = client(&server).open_gates(&[]).await.unwrap();
    assert_eq!(open.shortfalls, Vec::<String>::new());
    let [gate] = open.gates.as_slice() else { panic!("the answered one does not wait: {:?}", open.gates) };
    assert_eq!(gate.id.to_string(), "spin:shop/E%2F1/S");
    assert_eq!(gate.required_roles, [Untrusted::from("sec")]);
    assert!(gate.roles_tampered(), "{:?}", gate.defined_roles);
    assert_eq!(gate.started_by, Some("dev".into()));
    assert_eq!(gate.trigger.version, Some("1.4.2".into()));
    assert!(open.date.is_some());
    assert_eq!(server.lines(), [ALL, "GET /applications/shop/pipelineConfigs"], "each asked once");
}

#[tokio::test]
async fn a_full_page_is_asked_again_larger_because_paging_is_broken() {
    let runs = many(1_200);
    let server = Server::start(move |seen| match seen.line().as_str() {
        ALL => search(seen, &runs),
        _ => Reply::ok(definitions(&["sec"])),
    })
    .await;
    let open = client(&server).open_gates(&[]).await.unwrap();
    assert_eq!(open.gates.len(), 1_200);
    assert_eq!(open.shortfalls, Vec::<String>::new());
    assert_eq!(server.count("GET /applications/shop/pipelineConfigs"), 1, "one application, one question");
}

#[tokio::test]
async fn a_page_that_stays_full_is_said_to_be_short() {
    let runs = many(600);
    let server = Server::start(move |seen| match (seen.line().as_str(), query(seen, "size").as_str()) {
        (ALL, "500") => search(seen, &runs),
        (ALL, _) => Reply::status(500),
        _ => Reply::ok(definitions(&["sec"])),
    });
    let open = client(&server.await).open_gates(&[]).await.unwrap();
    assert_eq!(open.gates.len(), 500);
    let [short] = open.shortfalls.as_slice() else { panic!("{:?}", open.shortfalls) };
    assert!(short.contains("500") && short.contains("All applications"), "{short}");
}

#[tokio::test]
async fn one_failing_application_does_not_lose_the_others() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /applications/shop/executions/search" => Reply::ok(json!([run(), {"id": "E9"}])),
        "GET /applications/shop/pipelineConfigs" => Reply::status(500),
        "GET /applications/a%2Fb/executions/search" => Reply::status(403),
        _ => Reply::nothing(),
    })
    .await;
    let client = client(&server);
    let names = ["shop", "a/b", "empty", "shop"].map(ToOwned::to_owned);
    let open = client.open_gates(&names).await.unwrap();
    assert_eq!(open.gates.len(), 1);
    assert_eq!(open.gates[0].defined_roles, None, "not read is not blank");
    let said = open.shortfalls.join("\n");
    for part in ["a/b", "403", "empty", "answered with nothing", "E9", "required roles cannot be compared"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(server.count("GET /applications/shop/executions/search"), 1, "named twice, asked once");
    let fault = client.open_gates(&["a/b".to_owned()]).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Forbidden);
}

#[tokio::test]
async fn a_gate_is_read_afresh_and_by_its_whole_id() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /pipelines/E%2F1" => Reply::ok(run()),
        "GET /pipelines/SWALLOWED" => Reply::nothing(),
        "GET /pipelines/LOGIN" => Reply::Bytes(200, "text/html", b"<html>login</html>".to_vec()),
        "GET /applications/shop/pipelineConfigs" => Reply::ok(definitions(&["sec"])),
        _ => Reply::status(404),
    })
    .await;
    let client = client(&server);
    let reading = client.gate(&id("spin:shop/E%2F1/S")).await.unwrap().unwrap();
    assert_eq!(reading.gate.state, GateState::Waiting);
    assert_eq!(reading.gate.defined_roles, Some(vec!["sec".into()]));
    assert!(reading.gate.state_token.is_some() && reading.date.is_some());
    for none in [
        "spin:shop/GONE/S",
        "spin:shop/E%2F1/B",
        "spin:shop/E%2F1/X",
        "spin:other/E%2F1/S",
        "spin:shop/../S",
        "spin:a/b",
    ] {
        assert!(client.gate(&id(none)).await.unwrap().is_none(), "{none}");
    }
    let fault = client.gate(&id("spin:shop/SWALLOWED/S")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.sentence().contains("answered with nothing"), "{fault}");
    let fault = client.gate(&id("spin:shop/LOGIN/S")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotJson);
}

#[tokio::test]
async fn the_last_success_ended_before_this_run_began() {
    let past = |id: &str, ended: i64, status: &str, version: &str| {
        let began = super::ATTEMPT - 60_000;
        json!({"id": id, "application": "shop", "status": status, "startTime": began - 90_000, "endTime": began + ended,
               "trigger": {"parameters": {"version": version}, "hash": "0123456789abcdef"}})
    };
    let list = json!([
        past("LATER", 1, "SUCCEEDED", "9"),
        past("FAILED", -2, "TERMINAL", "8"),
        past("NEWEST", -5, "SUCCEEDED", "1.4.1"),
        past("OLDER", -9, "SUCCEEDED", "1.4.0"),
        past("E/1", -1, "SUCCEEDED", "1.4.2"),
        {"id": "RUNS", "application": "shop", "status": "SUCCEEDED"},
        null,
    ]);
    let server = Server::start(move |seen| match seen.line().as_str() {
        "GET /executions" if query(seen, "pipelineConfigIds") == "P" => Reply::ok(list.clone()),
        "GET /pipelines/E%2F1" => Reply::ok(run()),
        _ => Reply::status(404),
    })
    .await;
    let client = client(&server);
    let mut gate = client.gate(&id("spin:shop/E%2F1/S")).await.unwrap().unwrap().gate;
    let found = client.last_success(&gate).await.unwrap().unwrap();
    assert_eq!(
        (found.run.raw(), found.version, found.commit),
        ("NEWEST", Some("1.4.1".into()), Some("0123456789abcdef".into()))
    );
    assert_eq!(server.count("GET /pipelines/E%2F1"), 1, "the run's start is known already");
    gate.pipeline_id = None;
    assert_eq!(client.last_success(&gate).await.unwrap(), None);
}

#[tokio::test]
async fn who_we_are_is_said_and_anonymous_is_nobody() {
    let server = Server::start(|_| Reply::ok(json!({"username": "ana", "roles": [{"name": "sec"}, "ops"]}))).await;
    assert_eq!(client(&server).check().await.unwrap().line, "ana (roles: sec, ops)");
    for user in [
        Reply::ok(json!({"username": "anonymous"})),
        Reply::ok(json!({"username": "[anonymous]"})),
        Reply::ok(json!({})),
        Reply::nothing(),
    ] {
        let server = Server::start(move |_| user.clone()).await;
        assert_eq!(client(&server).check().await.unwrap_err().kind, FaultKind::Unauthorized);
    }
}

#[test]
fn a_real_nested_execution_is_read() {
    let Ok(corpus) = std::env::var("COUNTERSIGN_CORPUS") else {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
        return;
    };
    let packed = std::fs::File::open(format!("{corpus}/api/spinnaker/pipelinetrigger.json.gz")).unwrap();
    let value: Value = serde_json::from_reader(flate2::read::GzDecoder::new(packed)).unwrap();
    let parent = &value["trigger"]["parentExecution"];
    let execution = super::super::wire::Execution::read(parent).unwrap();
    assert_eq!((execution.application.as_str(), execution.name.as_str()), ("tracks", "PROD Deployment"));
    assert_eq!(execution.trigger.kind.raw(), "pipeline");
    assert!(execution.trigger.parameters.iter().any(|(k, v)| k.raw() == "ami_us_east_1" && v.raw() == "ami-004df07a"));
    let first = super::super::wire::Execution::read(&parent["trigger"]["parentExecution"]).unwrap();
    let stage = first.stages.iter().find(|s| s.name == "Proceed Anyway?").unwrap();
    assert_eq!((stage.status.as_str(), stage.timeout()), ("SKIPPED", Some(21_600_000)));
    assert!(!super::super::gates::is_pending(&first, stage));
}
