//! Spinnaker's traps.

use serde_json::json;

use super::*;

const ONE: &str = r#"
[[run]]
application = "shop"
pipeline = "Deploy to prod"
version = "1.0"
ago = "1h"
[[run.stage]]
name = "Approve"
instructions = "Look."
roles = ["release-managers"]
[[run.stage]]
name = "Deploy"
kind = "deploy"
status = "NOT_STARTED"
"#;

async fn gate(toml: &str) -> (Bench, String, String) {
    let bench = bench(toml).await;
    let (_, execution, stage, _) = bench.lab.gates().remove(0);
    (bench, execution, stage)
}

impl Bench {
    async fn patch(&self, execution: &str, stage: &str, body: Value) -> Got {
        let path = format!("/pipelines/{execution}/stages/{stage}");
        self.send(Service::Spinnaker, Method::PATCH, &path, body).await
    }

    fn stage(&self, execution: &str, index: usize) -> Value {
        self.lab.execution(execution).unwrap()["stages"][index].clone()
    }
}

#[tokio::test]
async fn who_asks_is_asked_for() {
    let (bench, execution, _) = gate(ONE).await;
    let path = format!("/pipelines/{execution}");
    assert_eq!(bench.anonymous(Service::Spinnaker, &path).await.status, 401);
    assert_eq!(bench.get(Service::Spinnaker, &path).await.status, 200);
    let credential = bench.lab.credential(Service::Spinnaker);
    let bearer = bench.request(Service::Spinnaker, Method::GET, &path).bearer_auth(credential.secret.expose_secret());
    assert_eq!(got(bearer).await.status, 200);
    let wrong = bench.request(Service::Spinnaker, Method::GET, &path).basic_auth("demo", Some("wrong"));
    assert_eq!(got(wrong).await.status, 401);
    let user = bench.anonymous(Service::Spinnaker, "/auth/user").await;
    assert_eq!((user.status, &user.json()["username"]), (200, &json!("anonymous")));
    let user = bench.get(Service::Spinnaker, "/auth/user").await.json();
    assert_eq!((&user["username"], &user["roles"]), (&json!("demo"), &json!(["release-managers"])));
}

#[tokio::test]
async fn continue_takes_effect_when_the_stage_wakes_and_extra_keys_stay() {
    let (bench, execution, stage) = gate(ONE).await;
    let body = json!({"judgmentStatus": "continue", "judgmentInput": "ship", "approvalEnvelope": {"payload": "x"}});
    let got = bench.patch(&execution, &stage, body).await;
    assert_eq!(got.json()["id"], json!(execution));
    let now = bench.stage(&execution, 0);
    assert_eq!(now["status"], "RUNNING", "200 is no effect");
    assert_eq!(now["context"]["approvalEnvelope"]["payload"], "x");
    assert_eq!((&now["lastModified"]["user"], &now["context"]["lastModifiedBy"]), (&json!("demo"), &json!("demo")));

    bench.lab.wake_now();
    assert_eq!(bench.stage(&execution, 0)["status"], "SUCCEEDED");
    assert_eq!(bench.stage(&execution, 1)["status"], "RUNNING");
    bench.lab.wake_now();
    assert_eq!(bench.lab.execution(&execution).unwrap()["status"], "SUCCEEDED");
    assert_eq!(bench.lab.patches(&stage).len(), 1);
    assert_eq!(bench.lab.count(Service::Spinnaker, "PATCH", "/pipelines/"), 1);
}

#[tokio::test]
async fn stop_ends_the_run_and_the_last_answer_before_the_wake_wins() {
    let (bench, execution, stage) = gate(ONE).await;
    bench.patch(&execution, &stage, json!({"judgmentStatus": "continue"})).await;
    bench.patch(&execution, &stage, json!({"judgmentStatus": "stop"})).await;
    bench.lab.wake_now();
    assert_eq!(bench.stage(&execution, 0)["status"], "TERMINAL");
    assert_eq!(bench.stage(&execution, 1)["status"], "NOT_STARTED");
    assert_eq!(bench.lab.execution(&execution).unwrap()["status"], "TERMINAL");
}

#[tokio::test]
async fn a_missing_role_is_refused_late_unless_the_answer_blanks_it() {
    let (bench, execution, stage) = gate(&ONE.replace("release-managers", "security")).await;
    let got = bench.patch(&execution, &stage, json!({"judgmentStatus": "continue"})).await;
    assert_eq!((got.status, bench.stage(&execution, 0)["context"]["judgmentStatus"].clone()), (200, json!("continue")));
    bench.lab.wake_now();
    let now = bench.stage(&execution, 0);
    assert_eq!((&now["status"], &now["context"]["judgmentStatus"]), (&json!("RUNNING"), &json!("")));

    let blanked = json!({"judgmentStatus": "continue", "requiredJudgmentRoles": []});
    bench.patch(&execution, &stage, blanked).await;
    bench.lab.wake_now();
    assert_eq!(bench.stage(&execution, 0)["status"], "SUCCEEDED");
    let defined = bench.get(Service::Spinnaker, "/applications/shop/pipelineConfigs").await.json();
    assert_eq!(defined[0]["stages"][0]["requiredJudgmentRoles"], json!(["security"]));
}

#[tokio::test]
async fn answers_that_say_nothing() {
    let (bench, execution, stage) =
        gate(&ONE.replace("instructions", "swallow_patches = 1\nempty_answer = true\ninstructions")).await;
    let body = || json!({"judgmentStatus": "continue"});
    let wrong = bench.patch(&execution, "01NOSUCHSTAGE", body()).await;
    assert_eq!((wrong.status, wrong.text.as_str()), (200, ""));
    assert_eq!(bench.patch("01NOSUCHRUN", &stage, body()).await.status, 404);
    assert_eq!(bench.patch(&execution, &stage, json!("text")).await.status, 400);

    let swallowed = bench.patch(&execution, &stage, body()).await;
    assert_eq!((swallowed.status, swallowed.text.as_str()), (200, ""));
    assert_eq!(bench.stage(&execution, 0)["context"]["judgmentStatus"], "");
    let done = bench.patch(&execution, &stage, body()).await;
    assert_eq!((done.status, done.text.as_str()), (200, ""));
    assert_eq!(bench.stage(&execution, 0)["context"]["judgmentStatus"], "continue");
}

#[tokio::test]
async fn forbidden_and_swallowed_reads() {
    let (bench, execution, stage) = gate(&ONE.replace("ago =", "no_execute = true\nswallow_reads = true\nago =")).await;
    assert_eq!(bench.patch(&execution, &stage, json!({"judgmentStatus": "stop"})).await.status, 403);
    let cancel = format!("/pipelines/{execution}/cancel?reason=no");
    assert_eq!(bench.send(Service::Spinnaker, Method::PUT, &cancel, json!({})).await.status, 403);
    let read = bench.get(Service::Spinnaker, &format!("/pipelines/{execution}")).await;
    assert_eq!((read.status, read.text.as_str()), (200, ""));
    assert_eq!(bench.get(Service::Spinnaker, "/pipelines/01NOSUCHRUN").await.status, 404);

    let (hidden, execution, _) = gate(&ONE.replace("ago =", "no_read = true\nago =")).await;
    assert_eq!(hidden.get(Service::Spinnaker, "/applications").await.json(), json!([]));
    assert_eq!(hidden.get(Service::Spinnaker, &format!("/pipelines/{execution}")).await.status, 403);
}

#[tokio::test]
async fn a_search_is_short_bare_and_ends_too_early() {
    let mut toml = String::new();
    for n in 0..25 {
        toml += &ONE.replace("\"1.0\"", &format!("\"1.{n}\"")).replace("\"1h\"", &format!("\"{}m\"", n + 1));
    }
    let (bench, ..) = gate(&toml).await;
    let search = async |query: &str| {
        bench
            .get(Service::Spinnaker, &format!("/applications/*/executions/search?statuses=RUNNING{query}"))
            .await
            .json()
    };
    let first = search("").await;
    assert_eq!(first.as_array().unwrap().len(), 10);
    assert_eq!(first[0]["trigger"]["parameters"]["version"], "1.0", "newest first");
    assert_eq!(first[0]["stages"][0]["context"], json!({}));
    assert_eq!(search("&expand=true").await[0]["stages"][0]["context"]["instructions"], "Look.");
    assert_eq!(search("&size=10&startIndex=10").await.as_array().unwrap().len(), 10);
    assert_eq!(search("&size=10&startIndex=20").await, json!([]), "though five more are there");
    assert_eq!(search("&size=500&startIndex=0").await.as_array().unwrap().len(), 25);
    assert_eq!(search("&size=500").await.as_array().unwrap().len(), 25);
    let past = bench.get(Service::Spinnaker, "/applications/shop/executions/search?statuses=SUCCEEDED").await;
    assert_eq!(past.json(), json!([]));
}

#[tokio::test]
async fn somebody_else_is_faster() {
    let with = |other: &str| {
        ONE.replace("instructions", &format!("other = {{ user = \"ben\", answer = \"stop\", {other} }}\ninstructions"))
    };
    let body = || json!({"judgmentStatus": "continue", "approvalEnvelope": {}});

    let (bench, execution, _) = gate(&with("when = \"after-reads\", reads = 2")).await;
    let path = format!("/pipelines/{execution}");
    for _ in 0..2 {
        assert_eq!(bench.get(Service::Spinnaker, &path).await.json()["stages"][0]["status"], "RUNNING");
    }
    assert_eq!(bench.get(Service::Spinnaker, &path).await.json()["stages"][0]["status"], "TERMINAL");

    // Our answer goes into a stage that has ended: our name and envelope are there, and it is theirs that counts.
    let (bench, execution, stage) = gate(&with("when = \"before-patch\"")).await;
    let answer = bench.patch(&execution, &stage, body()).await.json();
    assert_eq!(answer["stages"][0]["status"], "TERMINAL");
    assert_eq!(answer["stages"][0]["context"]["judgmentStatus"], "continue");
    assert_eq!(answer["stages"][0]["lastModified"]["user"], "demo");

    let (bench, execution, stage) = gate(&with("when = \"after-patch\"")).await;
    let answer = bench.patch(&execution, &stage, body()).await.json();
    assert_eq!(answer["stages"][0]["lastModified"]["user"], "demo");
    bench.lab.wake_now();
    let now = bench.stage(&execution, 0);
    assert_eq!((&now["status"], &now["lastModified"]["user"]), (&json!("TERMINAL"), &json!("ben")));
    assert!(now["context"].get("approvalEnvelope").is_some());
    assert_eq!(bench.lab.patches(&stage).len(), 1, "theirs is not ours");
}

#[tokio::test]
async fn cancel_pause_restart_and_time_out() {
    let (bench, execution, stage) = gate(ONE).await;
    let put = async |verb: &str| {
        bench.send(Service::Spinnaker, Method::PUT, &format!("/pipelines/{execution}/{verb}"), json!({})).await
    };
    put("pause").await;
    assert_eq!(bench.lab.execution(&execution).unwrap()["status"], "PAUSED");
    bench.patch(&execution, &stage, json!({"judgmentStatus": "continue"})).await;
    bench.lab.wake_now();
    assert_eq!(bench.stage(&execution, 0)["status"], "PAUSED", "a paused run does not wake");
    put("resume").await;
    bench.lab.wake_now();
    assert_eq!(bench.stage(&execution, 0)["status"], "SUCCEEDED");
    let before = bench.stage(&execution, 0)["startTime"].as_i64().unwrap();
    put(&format!("stages/{stage}/restart")).await;
    let again = bench.stage(&execution, 0);
    assert_eq!((&again["status"], &again["context"]["judgmentStatus"]), (&json!("RUNNING"), &json!("")));
    assert!(again["startTime"].as_i64().unwrap() > before);
    let cancelled = put("cancel?reason=not%20today").await;
    assert_eq!((cancelled.status, cancelled.text.as_str()), (200, ""));
    let run = bench.lab.execution(&execution).unwrap();
    assert_eq!(
        (&run["status"], &run["cancellationReason"], &run["canceledBy"]),
        (&json!("CANCELED"), &json!("not today"), &json!("demo"))
    );
    assert_eq!(bench.lab.cancellations(&execution), ["not today"]);

    let (late, execution, _) = gate(&ONE.replace("instructions", "timeout = \"30m\"\ninstructions")).await;
    late.lab.wake_now();
    assert_eq!(late.stage(&execution, 0)["status"], "TERMINAL");
}

#[tokio::test]
async fn scaled_time_wakes_stages_by_itself() {
    let world = World::parse(&[("test.toml", ONE)]).unwrap();
    let lab = start(world, Options { scale: 1000, ..Options::default() }).await.unwrap();
    let bench = Bench { lab, http: client().build().unwrap() };
    let (_, execution, stage, _) = bench.lab.gates().remove(0);
    bench.patch(&execution, &stage, json!({"judgmentStatus": "continue"})).await;
    let woken = tokio::time::timeout(Duration::from_secs(10), async {
        while bench.lab.execution(&execution).unwrap()["status"] != "SUCCEEDED" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    woken.await.unwrap();
}
