use serde_json::{Value, json};

use super::*;
use crate::domain::build::{Build, BuildResult, Starter, Tests};
use crate::domain::evidence::Kind;
use crate::http::testing::{Reply, Server, json as answer, reply};
use crate::source::testing::{COMMIT, ask, code, raw, settings, words};

fn build_ref(job: &str, number: u64, url: Option<&str>) -> BuildRef {
    BuildRef { job: job.into(), number, url: url.map(Into::into) }
}

fn run() -> Value {
    json!({
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
        "number": 42, "url": "http://jenkins.example/job/team/job/pay/42/", "result": "SUCCESS", "building": false,
        "timestamp": 1_700_000_000_000_i64, "duration": 61_000,
        "actions": [
            {}, null,
            {"causes": [{"_class": "hudson.model.Cause$UserIdCause", "shortDescription": "Gestartet durch Ana",
                         "userId": "ana", "userName": "Ana"}]},
            {"parameters": [
                {"_class": "hudson.model.StringParameterValue", "name": "ENV", "value": "prod"},
                {"_class": "hudson.model.BooleanParameterValue", "name": "FAST", "value": true},
                {"_class": "hudson.model.PasswordParameterValue", "name": "PASS", "value": "hunter2"},
                {"_class": "hudson.model.FileParameterValue", "name": "FILE"}]},
            {"lastBuiltRevision": {"SHA1": "2222222222222222222222222222222222222222", "branch": [{"name": "lib"}]}},
            {"lastBuiltRevision": {"SHA1": COMMIT, "branch": [{"name": "refs/remotes/origin/main"}]}}
        ],
        "changeSets": [{"items": [{"commitId": COMMIT, "author": {"fullName": "Ana"}, "msg": "PAY-1 mend"}]}],
        "artifacts": [{"relativePath": "reports/zap.xml"}, {"relativePath": "reports/a b/x.sarif"},
                      {"relativePath": "app.jar"}]
    })
}

fn one_build(gathered: &Gathered) -> &Build {
    let Material::Builds(builds) = &gathered.material else { panic!("not builds") };
    let [build] = builds.as_slice() else { panic!("not one build") };
    build
}

async fn collect(server: &Server, what: What, build: Option<BuildRef>) -> Result<Gathered, Fault> {
    let question = Ask { build, ..ask(Kind::Builds, what) };
    Jenkins::new(&settings(&server.url)).unwrap().collect(&question).await
}

async fn named(value: Value) -> Gathered {
    let server =
        Server::start(
            move |seen, _| {
                if seen.path().contains("testReport") { answer(404, &json!({})) } else { answer(200, &value) }
            },
        )
        .await;
    collect(&server, What::Build { job: None }, Some(build_ref("team/pay", 42, None))).await.unwrap()
}

#[tokio::test]
async fn the_build_that_the_trigger_names_is_read_with_two_requests() {
    let server = Server::start(|seen, _| match seen.path() {
        "/job/team/job/pay/42/api/json" => answer(200, &run()),
        "/job/team/job/pay/42/testReport/api/json" => {
            answer(200, &json!({"failCount": 1, "skipCount": 2, "passCount": 30}))
        }
        _ => answer(500, &json!({})),
    })
    .await;
    let asked = Some(build_ref("team/pay", 42, None));
    let got = collect(&server, What::Build { job: Some("other".into()) }, asked).await.unwrap();
    let build = one_build(&got);
    assert_eq!((build.job.raw(), build.number, build.result), ("team/pay", 42, BuildResult::Success));
    assert_eq!(raw(build.commit.as_ref()), Some(COMMIT));
    assert_eq!(raw(build.branch.as_ref()), Some("main"));
    assert_eq!(build.parameters, [("ENV".into(), "prod".into()), ("FAST".into(), "true".into())]);
    assert_eq!(build.causes[0].raw(), "Gestartet durch Ana");
    let starter = Starter { login: Some("ana".into()), name: "Ana".into(), pushed: false };
    assert_eq!(build.starters, [starter]);
    assert_eq!(build.tests, Some(Tests { passed: 30, failed: 1, skipped: 2 }));
    assert_eq!((build.changes[0].author.raw(), build.changes[0].message.raw()), ("Ana", "PAY-1 mend"));
    assert_eq!((build.artifacts.len(), build.duration_ms), (3, Some(61_000)));
    assert_eq!((code(&got), got.raw.len(), server.seen().len()), ("", 2, 2));
    assert_eq!(got.raw[0].held(), run().to_string().as_bytes());
    assert_eq!(got.date.unwrap().to_string(), "2026-11-21T04:10:00.000Z");
    assert!(server.seen()[0].param("tree").unwrap().contains("lastBuiltRevision[SHA1"));
}

#[tokio::test]
async fn running_and_odd_builds_are_not_green() {
    let mut value = run();
    value["building"] = json!(true);
    let got = named(value.clone()).await;
    assert_eq!((one_build(&got).result, one_build(&got).duration_ms), (BuildResult::Running, None));
    assert_eq!((one_build(&got).tests, code(&got)), (None, ""));
    value["building"] = json!(false);
    value["result"] = Value::Null;
    assert_eq!(one_build(&named(value.clone()).await).result, BuildResult::Unknown);
    value["result"] = json!("GREENISH");
    assert_eq!(one_build(&named(value.clone()).await).result, BuildResult::Unknown);
    // The single change set of a freestyle job.
    value["changeSets"] = Value::Null;
    value["changeSet"] = json!({"items": [{"commitId": "3", "msg": "m"}], "kind": null});
    assert_eq!(one_build(&named(value).await).changes[0].commit.raw(), "3");
}

/// A build that another one started, which a third one started.
async fn chained(up: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> (Gathered, usize) {
    let server = Server::start(move |seen, _| {
        let mut value = run();
        value["actions"][2] = upstream("team/a b", 7);
        match seen.path() {
            "/job/team/job/pay/42/api/json" => answer(200, &value),
            path => up(path).unwrap_or_else(|| answer(404, &json!({}))),
        }
    })
    .await;
    let got = collect(&server, What::Build { job: None }, Some(build_ref("team/pay", 42, None))).await.unwrap();
    (got, server.seen().len())
}

fn upstream(job: &str, number: u64) -> Value {
    json!({"causes": [{"_class": "hudson.model.Cause$UpstreamCause", "shortDescription": "Started by upstream project",
        "upstreamProject": job, "upstreamBuild": number, "upstreamUrl": "job/elsewhere/"}]})
}

fn starters(gathered: &Gathered) -> Vec<String> {
    one_build(gathered).starters.iter().map(|s| s.name.raw().to_owned()).collect()
}

#[tokio::test]
async fn who_started_the_build_before_it_is_asked_for() {
    let user = json!({"causes": [{"_class": "hudson.model.Cause$UserIdCause", "userId": "mal", "userName": "Mal"}]});
    let (got, asked) = chained(move |path| match path {
        "/job/team/job/a%20b/7/api/json" => {
            Some(answer(200, &json!({"number": 7, "actions": [{}, upstream("top", 1)]})))
        }
        "/job/top/1/api/json" => Some(answer(200, &json!({"number": 1, "actions": [user]}))),
        _ => None,
    })
    .await;
    assert_eq!((starters(&got), code(&got), asked), (vec!["Mal".to_owned()], "", 4));
    assert_eq!(got.raw.len(), 3);
}

#[tokio::test]
async fn a_build_before_it_that_cannot_be_read_is_listed() {
    let unknown = vec!["whoever started team/a b #7".to_owned()];
    for (status, short) in [(404, ""), (403, ""), (500, "server-error")] {
        let (got, _) = chained(move |path| path.contains("a%20b").then(|| answer(status, &json!({})))).await;
        assert_eq!((starters(&got), code(&got)), (unknown.clone(), short), "{status}");
    }
    // One that says nothing, and one that is another.
    for (said, short) in [(json!({"number": 7}), ""), (json!({"number": 8}), "malformed")] {
        let (got, _) = chained(move |path| path.contains("a%20b").then(|| answer(200, &said))).await;
        assert_eq!((starters(&got), code(&got)), (unknown.clone(), short));
    }
    // Builds that never end are not followed for ever, and one that started itself is asked once.
    let (got, asked) = chained(|path| {
        let number: u64 = path.split('/').rev().nth(2)?.parse().ok()?;
        Some(answer(200, &json!({"number": number, "actions": [upstream("team/a b", number + 1)]})))
    })
    .await;
    assert_eq!((starters(&got).len(), asked), (1, 2 + UPSTREAM));
    let (_, asked) = chained(|path| {
        path.contains("a%20b").then(|| answer(200, &json!({"number": 7, "actions": [upstream("team/a b", 7)]})))
    })
    .await;
    assert_eq!(asked, 3);
}

#[tokio::test]
async fn an_answer_about_another_build_is_refused() {
    let server = Server::start(|_, _| answer(200, &run())).await;
    let asked = Some(build_ref("team/pay", 41, None));
    let fault = collect(&server, What::Build { job: None }, asked).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
}

#[tokio::test]
async fn an_unreadable_test_report_is_a_shortfall() {
    let server = Server::start(|seen, _| {
        if seen.path().contains("testReport") {
            reply(500, "text/html", "", "<html>oops</html>")
        } else {
            answer(200, &run())
        }
    })
    .await;
    let got = collect(&server, What::Build { job: None }, Some(build_ref("team/pay", 42, None))).await.unwrap();
    assert_eq!((code(&got), one_build(&got).tests), ("server-error", None));
}

#[tokio::test]
async fn without_a_named_build_the_newest_of_the_commit_is_taken() {
    let server = Server::start(|seen, _| match seen.path() {
        "/job/team/job/pay/api/json" => {
            let of = |n: u64, sha: &str| json!({"number": n, "actions": [{}, {"lastBuiltRevision": {"SHA1": sha}}]});
            let other = "4444444444444444444444444444444444444444";
            answer(200, &json!({"allBuilds": [of(43, other), of(42, COMMIT), of(40, COMMIT)]}))
        }
        "/job/team/job/pay/42/api/json" => answer(200, &run()),
        _ => answer(404, &json!({})),
    })
    .await;
    let what = What::Build { job: Some("team/pay".into()) };
    let got = collect(&server, what.clone(), None).await.unwrap();
    assert_eq!((one_build(&got).number, got.raw.len()), (42, 2));
    assert!(server.seen()[0].param("tree").unwrap().ends_with("{0,200}"));

    let mut question = ask(Kind::Builds, what);
    question.release.commit = Some("5".repeat(40).into());
    let jenkins = Jenkins::new(&settings(&server.url)).unwrap();
    assert_eq!(jenkins.collect(&question).await.unwrap_err().kind, FaultKind::NotFound);
    question.what = What::Build { job: None };
    assert_eq!(jenkins.collect(&question).await.unwrap_err().kind, FaultKind::Setup);
}

#[tokio::test]
async fn archived_files_that_match_are_fetched_in_order() {
    let server = Server::start(|seen, _| match seen.path() {
        "/job/team/job/pay/42/api/json" => answer(200, &run()),
        "/job/team/job/pay/42/artifact/reports/a%20b/x.sarif" => reply(200, "application/json", "", "{\"x\":1}"),
        "/job/team/job/pay/42/artifact/reports/zap.xml" => reply(200, "application/xml", "", "<z/>"),
        _ => answer(500, &json!({})),
    })
    .await;
    let all = What::Artifacts { pattern: "reports/**".into(), job: None };
    let got = collect(&server, all, Some(build_ref("team/pay", 42, None))).await.unwrap();
    assert!(matches!(got.material, Material::Reports));
    let names: Vec<&str> = got.raw.iter().map(|r| r.uri.as_str()).collect();
    assert_eq!((names, code(&got)), (vec!["reports/a b/x.sarif", "reports/zap.xml"], ""));
    assert_eq!(got.raw[1].held(), b"<z/>");
    assert!(got.uri.ends_with("/job/team/job/pay/42/artifact/"));
    let flat = What::Artifacts { pattern: "reports/*".into(), job: None };
    let got = collect(&server, flat, Some(build_ref("team/pay", 42, None))).await.unwrap();
    assert_eq!(got.raw.len(), 1);
}

#[tokio::test]
async fn no_match_a_lost_file_and_bad_names_are_said() {
    let server = Server::start(|seen, _| {
        let mut value = run();
        value["artifacts"] = json!([{"relativePath": "r/1.json"}, {"relativePath": "r/2.json"},
                                    {"relativePath": "r/../../../../x"}]);
        match seen.path() {
            "/job/team/job/pay/42/api/json" => answer(200, &value),
            "/job/team/job/pay/42/artifact/r/1.json" => reply(200, "application/json", "", "12345"),
            "/job/team/job/pay/42/artifact/r/2.json" => Reply::Close,
            _ => answer(200, &json!({"stolen": true})),
        }
    })
    .await;
    let asked = || Some(build_ref("team/pay", 42, None));
    let what = |p: &str| What::Artifacts { pattern: p.into(), job: None };
    let got = collect(&server, what("none/*"), asked()).await.unwrap();
    assert_eq!((code(&got), got.raw.len()), ("no-report", 0));
    let got = collect(&server, what("r/*.json"), asked()).await.unwrap();
    assert_eq!((code(&got), got.raw.len()), ("truncated", 1));
    assert!(words(&got).contains("r/2.json"), "{}", words(&got));
    let got = collect(&server, what("r/**"), asked()).await.unwrap();
    assert_eq!((code(&got), got.raw.len()), ("bad-name", 1));
    let fault = collect(&server, what("r/***"), asked()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Setup);

    let jenkins = Jenkins { files: 1, ..Jenkins::new(&settings(&server.url)).unwrap() };
    let question = Ask { build: asked(), ..ask(Kind::Findings, what("r/*.json")) };
    assert_eq!(code(&jenkins.collect(&question).await.unwrap()), "too-many-files");
    let jenkins = Jenkins { bytes: 4, ..jenkins };
    let got = jenkins.collect(&question).await.unwrap();
    assert!(got.raw.is_empty() && words(&got).contains("too large"), "{}", words(&got));
}

#[test]
fn jobs_are_named_in_three_ways() {
    for job in ["team/pay", "team/job/pay", "job/team/job/pay", "/job/team/job/pay/"] {
        assert_eq!(job_names(job), ["team", "pay"], "{job}");
    }
    assert_eq!(job_names("pay"), ["pay"]);
    assert_eq!(job_path(&job_names("a b/é")), "job/a%20b/job/%C3%A9/");
}

#[test]
fn the_address_of_a_build_names_its_job_if_it_is_of_this_controller() {
    let jenkins = Jenkins::new(&settings("https://ci.example/jenkins")).unwrap();
    let job = |url: &str| jenkins.job_of(&build_ref("fallback", 7, Some(url)));
    assert_eq!(job("https://old.example/jenkins/job/mb/job/feature%252Fx/7/"), ["mb", "feature%2Fx"]);
    assert_eq!(job("https://ci.example/jenkins/job/mb/8/"), ["fallback"]);
    assert_eq!(job("https://ci.example/other/job/mb/7/"), ["fallback"]);
    assert_eq!(job("nonsense"), ["fallback"]);
}

#[tokio::test]
async fn a_check_says_who_we_are() {
    let server = Server::start(|seen, _| match seen.path() {
        "/me/api/json" => {
            reply(200, "application/json", "x-jenkins: 2.541\r\n", r#"{"id":"ana","fullName":"Ana\u001b"}"#)
        }
        _ => answer(404, &json!({})),
    })
    .await;
    let line = Jenkins::new(&settings(&server.url)).unwrap().check().await.unwrap().line;
    assert_eq!(line, "Jenkins 2.541, as Ana<U+001B>");
}

#[tokio::test]
async fn recorded_builds_are_read() {
    let Ok(corpus) = std::env::var("COUNTERSIGN_CORPUS") else {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&corpus).join("api/jenkins");
    for (file, result, changes) in [
        ("jenkins-rest/build-info-git-commit.json", BuildResult::Success, 1),
        ("jenkins-rest/build-info-empty-and-null-params.json", BuildResult::Success, 0),
        ("api4jenkins/unit__tests_data__run__workflowrun.json", BuildResult::Failure, 0),
        ("api4jenkins/unit__tests_data__run__freestylebuild.json", BuildResult::Success, 0),
    ] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let run: Run = serde_json::from_slice(&bytes).unwrap();
        let build = run.into_build("j".into(), String::new(), None, None);
        assert_eq!((build.result, build.changes.len()), (result, changes), "{file}");
        assert!(!build.parameters.is_empty() && build.number > 0, "{file}");
    }
}
