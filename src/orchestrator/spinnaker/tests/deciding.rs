use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::super::fixtures::order;
use super::{client, run};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::http::FaultKind;
use crate::orchestrator::follow::{FollowOutcome, deliver_and_follow};
use crate::orchestrator::testing::{Reply, Seen, Server, TestClock};
use crate::orchestrator::{Observation, Orchestrator as _};

const PATCH: &str = "PATCH /pipelines/E%2F1/stages/S";
const CANCEL: &str = "PUT /pipelines/E%2F1/cancel";

/// What Gate does with a request before it answers; reads count as time passing.
type Play = dyn Fn(&mut Value, &Seen, usize) -> Option<Reply> + Send + Sync;

/// A Gate with the run E/1 in it. It answers writes by 200 with nothing, merges them as orca does, and lets `play` do the
/// rest: it gets the run, the request, and how many reads there were since the write.
async fn gate(play: impl Fn(&mut Value, &Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let state = Arc::new(Mutex::new((run(), 0_usize)));
    let play: Arc<Play> = Arc::new(play);
    Server::start(move |seen| {
        let mut state = state.lock().unwrap();
        let (run, reads) = &mut *state;
        if let Some(reply) = play(run, seen, *reads) {
            return reply;
        }
        match seen.line().as_str() {
            "GET /auth/user" => Reply::ok(json!({"username": "ana", "roles": ["dev"]})),
            "GET /pipelines/E%2F1" => {
                *reads += 1;
                Reply::ok(run.clone())
            }
            PATCH => {
                *reads = 0;
                answer(run, &seen.json(), "ana");
                Reply::nothing()
            }
            CANCEL => {
                *reads = 0;
                let query = seen.target.split_once('?').unwrap().1;
                let reason = url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == "reason").unwrap().1;
                run["status"] = "CANCELED".into();
                run["canceledBy"] = "ana".into();
                run["cancellationReason"] = reason.into_owned().into();
                Reply::Bytes(202, "application/json", Vec::new())
            }
            _ => Reply::status(404),
        }
    })
    .await
}

/// Orca's putAll: what was there stays unless it is named anew.
fn answer(run: &mut Value, body: &Value, user: &str) {
    let stage = &mut run["stages"][1];
    stage["context"].as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    stage["lastModified"] = json!({"user": user});
}

fn end(run: &mut Value, status: &str) {
    run["stages"][1]["status"] = status.into();
}

fn judgment(run: &Value) -> String {
    run["stages"][1]["context"]["judgmentStatus"].as_str().unwrap().to_owned()
}

fn is_read(seen: &Seen) -> bool {
    seen.line() == "GET /pipelines/E%2F1"
}

async fn deliver(server: &Server, verb: Verb) -> FollowOutcome {
    deliver_and_follow(&client(server), &order(verb), &TestClock::shared(), &|_| {}).await
}

#[tokio::test]
async fn an_approval_is_followed_until_the_stage_has_left() {
    let server = gate(|run, seen, reads| {
        if is_read(seen) && reads >= 3 && judgment(run) == "continue" {
            end(run, "SUCCEEDED");
        }
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Effective, "{outcome:?}");
    assert_eq!(server.count(PATCH), 1);
    assert_eq!(server.count("GET /auth/user"), 1, "asked once");
    assert!(server.lines().iter().rev().take_while(|l| *l != PATCH).count() >= 4, "200 was not taken as done");
    let sent = server.seen().into_iter().find(|s| s.method == "PATCH").unwrap().json();
    assert_eq!(sent["countersign"]["envelope"], order(Verb::Approve).envelope);
    assert!(sent.get("requiredJudgmentRoles").is_none() && sent.get("selectedStageRoles").is_none());
}

#[tokio::test]
async fn a_role_refused_after_the_200_is_a_refusal() {
    let server = gate(|run, seen, reads| {
        if is_read(seen) && reads >= 6 && judgment(run) == "continue" {
            run["stages"][1]["context"]["judgmentStatus"] = "".into();
        }
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Refused, "{outcome:?}");
    assert!(outcome.detail.contains("role") && outcome.detail.contains("sec"), "{}", outcome.detail);
}

#[tokio::test]
async fn an_error_hidden_in_an_empty_200_is_no_effect() {
    let server = gate(|_, seen, _| (seen.method == "PATCH").then(Reply::nothing)).await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!((outcome.status, outcome.not_sent), (ReceiptStatus::Unknown, false), "{outcome:?}");
    assert_eq!(server.count(PATCH), 1, "not repeated");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_not_repeated() {
    let server = gate(|run, seen, reads| {
        if seen.method == "PATCH" {
            answer(run, &seen.json(), "ana");
            return Some(Reply::Hangup);
        }
        if reads >= 2 && judgment(run) == "continue" {
            end(run, "SUCCEEDED");
        }
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Effective, "{outcome:?}");
    assert_eq!(server.count(PATCH), 1);

    let server = gate(|_, seen, _| (seen.method == "PATCH").then_some(Reply::Hangup)).await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!((outcome.status, outcome.not_sent), (ReceiptStatus::Unknown, true), "{outcome:?}");
    assert_eq!(server.count(PATCH), 1);
}

#[tokio::test]
async fn the_answer_of_another_is_neither_overwritten_nor_taken_for_ours() {
    let server = gate(|run, _, _| {
        answer(run, &json!({"judgmentStatus": "stop"}), "ben");
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Refused);
    assert!(outcome.detail.contains("ben"), "{}", outcome.detail);
    assert_eq!(server.count(PATCH), 0, "the last writer would win");

    // Ours is refused for its role, and ben continues between two looks: our digest still stands in the context.
    let server = gate(|run, seen, reads| {
        if is_read(seen) && reads >= 2 && judgment(run) == "continue" {
            answer(run, &json!({"judgmentStatus": "continue"}), "ben");
            end(run, "SUCCEEDED");
        }
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Refused, "{outcome:?}");
    assert!(outcome.detail.contains("ben"), "{}", outcome.detail);
}

#[tokio::test]
async fn a_restarted_stage_is_not_answered_by_an_old_decision() {
    let server = gate(|run, _, _| {
        run["stages"][1]["startTime"] = (super::ATTEMPT + 5).into();
        None
    })
    .await;
    let outcome = deliver(&server, Verb::Approve).await;
    assert_eq!(outcome.status, ReceiptStatus::Refused);
    assert_eq!(server.count(PATCH), 0);
}

#[tokio::test]
async fn clear_answers_are_explained() {
    for (status, part) in
        [(403, "may not answer"), (404, "no such run"), (400, "could not read"), (401, "does not know")]
    {
        let server = gate(move |_, seen, _| (seen.method == "PATCH").then(|| Reply::status(status))).await;
        let outcome = deliver(&server, Verb::Approve).await;
        assert_eq!(outcome.status, ReceiptStatus::Refused, "{status}");
        assert!(outcome.detail.contains(part), "{}", outcome.detail);
        assert_eq!(server.count(PATCH), 1);
    }
}

#[tokio::test]
async fn a_rejection_and_a_halt_take_effect_in_their_ways() {
    let server = gate(|run, seen, _| {
        if is_read(seen) && judgment(run) == "stop" {
            end(run, "TERMINAL");
            run["status"] = "TERMINAL".into();
        }
        None
    })
    .await;
    assert_eq!(deliver(&server, Verb::Reject).await.status, ReceiptStatus::Effective);

    let server = gate(|_, _, _| None).await;
    let outcome = deliver(&server, Verb::Halt).await;
    assert_eq!(outcome.status, ReceiptStatus::Effective);
    assert!(outcome.detail.contains("with this decision"), "{}", outcome.detail);
    assert_eq!(server.count(CANCEL), 1);
}

#[tokio::test]
async fn what_cannot_be_read_says_so() {
    let gone = gate(|_, seen, _| is_read(seen).then(|| Reply::status(404))).await;
    assert!(matches!(client(&gone).observe(&order(Verb::Approve)).await, Ok(Observation::Unclear(_))));
    let swallowed = gate(|_, seen, _| is_read(seen).then(Reply::nothing)).await;
    assert_eq!(client(&swallowed).observe(&order(Verb::Halt)).await.unwrap_err().kind, FaultKind::Malformed);
    let moved = gate(|run, _, _| {
        run["application"] = "other".into();
        None
    })
    .await;
    assert!(matches!(client(&moved).observe(&order(Verb::Halt)).await, Ok(Observation::Unclear(_))));
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_sent_and_no_secret() {
    let server = gate(|_, _, _| None).await;
    let client = client(&server);
    let order = order(Verb::Approve);
    let [planned] = client.plan(&order).try_into().unwrap();
    client.deliver(&order).await.unwrap();
    let [sent] = server.seen().try_into().unwrap();
    assert_eq!((planned.method, planned.url), (sent.method.clone(), format!("{}{}", server.url, sent.target)));
    assert_eq!(planned.body, sent.json());
    assert_eq!(planned.headers.iter().find(|(k, _)| k == "authorization").unwrap().1, "Basic [secret]");
}

#[test]
fn patience_outlasts_the_role_check_and_the_request() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let patience = runtime.block_on(async { client(&gate(|_, _, _| None).await).patience() });
    assert_eq!(patience.every.as_secs(), 2);
    assert_eq!((patience.settle.as_secs(), patience.until.as_secs()), (35, 45));
}
