use serde_json::{Value, json};

use super::*;
use crate::domain::evidence::Kind;
use crate::domain::finding::Rung;
use crate::domain::ids::Fingerprint;
use crate::domain::severity::Severity;
use crate::http::FaultKind;
use crate::http::testing::{Reply, Seen, Server, json as answer, reply};
use crate::source::testing::{COMMIT, ask, code, raw, settings, words};

mod many;

const PROJECT: &str = "com.acme:pay";

fn issue(key: &str, severity: &str, kind: &str) -> Value {
    json!({"key": key, "rule": "python:S1", "severity": severity, "component": format!("{PROJECT}:src/a.py"),
        "project": PROJECT, "line": 3, "hash": "h1", "status": "OPEN", "issueStatus": "OPEN", "message": "Mend\nthis",
        "type": kind, "creationDate": "2026-11-01T10:00:00+0000", "tags": []})
}

fn hotspot(key: &str, probability: &str) -> Value {
    json!({"key": key, "component": format!("{PROJECT}:src/b.py"), "project": PROJECT, "securityCategory": "auth",
        "vulnerabilityProbability": probability, "status": "TO_REVIEW", "line": 9, "message": "password",
        "ruleKey": "python:S2068"})
}

fn page(name: &str, items: &[Value], total: usize) -> Reply {
    answer(200, &json!({"paging": {"pageIndex": 1, "pageSize": 500, "total": total}, name: items}))
}

/// What every server in these tests answers besides issues.
fn rest(seen: &Seen, version: &str) -> Reply {
    match seen.path() {
        "/api/server/version" => reply(200, "text/plain", "", version),
        "/api/project_analyses/search" => {
            let analysis = json!({"key": "AX1", "date": "2026-11-20T10:00:00+0000", "revision": COMMIT});
            answer(200, &json!({"paging": {"total": 1}, "analyses": [analysis]}))
        }
        "/api/qualitygates/project_status" => answer(
            200,
            &json!({"projectStatus": {"status": "ERROR", "conditions": [
                {"status": "OK", "metricKey": "bugs", "comparator": "GT", "errorThreshold": "0", "actualValue": "0"},
                {"status": "ERROR", "metricKey": "new_coverage", "comparator": "LT", "errorThreshold": "85", "actualValue": "82.5"}
            ]}}),
        ),
        "/api/hotspots/search" => page("hotspots", &[hotspot("H1", "HIGH"), hotspot("H2", "LOW")], 2),
        _ => answer(404, &json!({"errors": [{"msg": "unknown"}]})),
    }
}

async fn collect_as(server: &Server, branch: Option<&str>) -> Result<Gathered, Fault> {
    let what = What::Project { project: PROJECT.into(), branch: branch.map(Into::into) };
    Sonarqube::new(&settings(&server.url)).unwrap().collect(&ask(Kind::Findings, what)).await
}

async fn collect(server: &Server) -> Gathered {
    collect_as(server, None).await.unwrap()
}

fn set(gathered: &Gathered) -> &FindingSet {
    let Material::Findings(set) = &gathered.material else { panic!("not findings") };
    set
}

async fn of_issues(issues: Vec<Value>) -> Gathered {
    let server = Server::start(move |seen, _| match seen.path() {
        "/api/issues/search" => page("issues", &issues, issues.len()),
        _ => rest(seen, "2025.1.0.1"),
    })
    .await;
    collect(&server).await
}

#[tokio::test]
async fn gate_issues_and_hotspots_of_the_newest_analysis() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/issues/search" => {
            page("issues", &[issue("I1", "BLOCKER", "VULNERABILITY"), issue("I2", "MINOR", "BUG")], 2)
        }
        _ => rest(seen, "2025.1.0.1"),
    })
    .await;
    let got = collect_as(&server, Some("release/1")).await.unwrap();
    let set = set(&got);
    let quality = set.quality.as_ref().unwrap();
    assert_eq!((quality.status, quality.conditions.len()), (QualityStatus::Error, 1));
    assert_eq!(quality.conditions[0].metric.raw(), "new_coverage");
    assert_eq!(quality.analysed_at.unwrap().to_string(), "2026-11-20T10:00:00.000Z");
    assert_eq!((raw(set.scanned_commit.as_ref()), raw(quality.revision.as_ref())), (Some(COMMIT), Some(COMMIT)));
    let severities: Vec<Severity> = set.findings.iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::Low, Severity::High, Severity::Low]);
    let first = &set.findings[0];
    assert_eq!(
        (first.title.raw(), first.detail.raw(), first.place()),
        ("Mend", "Vulnerability: Mend\nthis", "src/a.py:3".into())
    );
    assert_eq!((first.tool(), raw(first.sources[0].native_id.as_ref())), ("SonarQube".into(), Some("I1")));
    assert_eq!((first.sources[0].tool_major(), first.sources[0].report.raw()), (Some(2025), "test"));
    assert!(first.url.as_ref().unwrap().raw().ends_with("issues?id=com%2Eacme%3Apay&issues=I1&open=I1"));
    assert_eq!(set.classes, [Class::Sast]);
    assert_eq!((code(&got), got.raw.len()), ("", 4));
    let asked = |path: &str| server.seen().into_iter().find(|s| s.path() == path).unwrap();
    assert_eq!(asked("/api/qualitygates/project_status").param("analysisId").as_deref(), Some("AX1"));
    let issues = asked("/api/issues/search");
    assert_eq!(issues.param("components").as_deref(), Some(PROJECT));
    assert_eq!(issues.param("issueStatuses").as_deref(), Some("OPEN,CONFIRMED"));
    assert_eq!(issues.param("branch").as_deref(), Some("release/1"));
    assert_eq!((issues.param("ps").as_deref(), issues.param("types")), (Some("500"), None));
    assert_eq!(asked("/api/hotspots/search").param("status").as_deref(), Some("TO_REVIEW"));
}

#[tokio::test]
async fn fingerprints_are_of_the_code_and_not_of_the_line() {
    let mut twin = issue("I2", "MAJOR", "BUG");
    twin["line"] = json!(40);
    let mut bare = issue("I3", "MAJOR", "BUG");
    bare["hash"] = Value::Null;
    let got = of_issues(vec![twin.clone(), issue("I1", "MAJOR", "BUG"), bare]).await;
    let findings = &set(&got).findings;
    let print = |findings: &[Arc<Finding>], id: &str| {
        let of = findings.iter().find(|f| raw(f.sources[0].native_id.as_ref()) == Some(id)).unwrap();
        of.fingerprint
    };
    let rungs = |i: usize| findings[i].keys.iter().map(|k| k.rung).collect::<Vec<_>>();
    let of_code = vec![Rung::Snippet, Rung::Logical, Rung::Logical];
    assert_eq!((rungs(0), rungs(2)), (of_code, vec![Rung::Logical]));
    assert_eq!(rungs(3), [Rung::ToolId, Rung::Logical], "a hotspot");
    let mut prints: Vec<Fingerprint> = findings.iter().map(|f| f.fingerprint).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 5);
    assert_eq!(print(findings, "I1"), findings[1].keys[0].value, "the first of a kind has the bare key");
    // Lines move and issues come in another order: the same fingerprints.
    let mut moved = issue("I1", "MAJOR", "BUG");
    moved["line"] = json!(7);
    let again = of_issues(vec![moved, twin]).await;
    for id in ["I1", "I2"] {
        assert_eq!(print(&set(&again).findings, id), print(findings, id));
    }
}

#[tokio::test]
async fn what_is_read_again_unchanged_is_not_held_twice() {
    let line = Arc::new(std::sync::atomic::AtomicU32::new(3));
    let now = Arc::clone(&line);
    let server = Server::start(move |seen, _| match seen.path() {
        "/api/issues/search" => {
            let mut moving = issue("I2", "MAJOR", "BUG");
            moving["hash"] = json!("h2");
            moving["line"] = json!(now.load(std::sync::atomic::Ordering::SeqCst));
            page("issues", &[issue("I1", "MAJOR", "BUG"), moving], 2)
        }
        _ => rest(seen, "2025.1.0.1"),
    })
    .await;
    let client = Sonarqube::new(&settings(&server.url)).unwrap();
    let question = ask(Kind::Findings, What::Project { project: PROJECT.into(), branch: None });
    let first = client.collect(&question).await.unwrap();
    line.store(4, std::sync::atomic::Ordering::SeqCst);
    let second = client.collect(&question).await.unwrap();
    let (first, second) = (&set(&first).findings, &set(&second).findings);
    let same: Vec<bool> = first.iter().zip(second).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
    assert_eq!(same, [true, false, true, true], "all but the issue that moved");
    assert_eq!((first[1].location.line, second[1].location.line), (Some(3), Some(4)));
}

#[tokio::test]
async fn the_worse_of_severity_and_security_impact_counts() {
    let with = |own: Value, impacts: Value| {
        let mut value = issue("I", "MAJOR", "VULNERABILITY");
        value["severity"] = own;
        value["impacts"] = impacts;
        value
    };
    let impact = |quality: &str, severity: &str| json!([{"softwareQuality": quality, "severity": severity}]);
    for (value, severity) in [
        (with(json!("CRITICAL"), Value::Array(vec![])), Severity::High),
        (with(json!("INFO"), Value::Array(vec![])), Severity::Info),
        (with(json!("MAJOR"), impact("SECURITY", "BLOCKER")), Severity::Critical),
        (with(json!("BLOCKER"), impact("SECURITY", "LOW")), Severity::Critical),
        (with(json!("MAJOR"), impact("MAINTAINABILITY", "HIGH")), Severity::Medium),
        (with(Value::Null, impact("RELIABILITY", "HIGH")), Severity::High),
    ] {
        let got = of_issues(vec![value]).await;
        assert_eq!((set(&got).findings[0].severity, code(&got)), (severity, ""));
    }
}

#[tokio::test]
async fn odd_issues_stay_findings_of_unknown_severity() {
    let mut odd = issue("I2", "MAJOR", "BUG");
    odd["line"] = json!("three");
    let got = of_issues(vec![issue("I1", "MAJOR", "BUG"), odd, issue("I3", "ENORMOUS", "BUG")]).await;
    let severities: Vec<Severity> = set(&got).findings.iter().take(3).map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Medium, Severity::Unknown, Severity::Unknown]);
    assert_eq!(code(&got), "odd-issue");
    assert!(words(&got).starts_with("2 issues"), "{}", words(&got));
}

#[tokio::test]
async fn older_servers_are_asked_in_their_own_words() {
    for (version, project, status, hotspots) in [
        ("10.4.0.1", "components", "issueStatuses", "project"),
        ("10.3.0.1", "components", "statuses", "project"),
        ("9.9.1.6", "componentKeys", "statuses", "projectKey"),
        ("25.6.0.1", "components", "issueStatuses", "project"),
    ] {
        let server = Server::start(move |seen, _| match seen.path() {
            "/api/issues/search" => page("issues", &[], 0),
            _ => rest(seen, version),
        })
        .await;
        assert_eq!(code(&collect(&server).await), "");
        let asked = |path: &str| server.seen().into_iter().find(|s| s.path() == path).unwrap();
        let issues = asked("/api/issues/search");
        assert!(issues.param(project).is_some() && issues.param(status).is_some(), "{version}: {}", issues.target);
        assert!(asked("/api/hotspots/search").param(hotspots).is_some(), "{version}");
    }
}

#[tokio::test]
async fn a_server_of_unknown_version_that_ignores_parameters_is_noticed() {
    // It knows `componentKeys` and `statuses` only, and ignores all else without a word.
    let server = Server::start(|seen, _| match seen.path() {
        "/api/server/version" => answer(404, &json!({})),
        "/api/issues/search" => {
            let mut foreign = issue("X", "MAJOR", "BUG");
            foreign["project"] = json!("other");
            let mut closed = issue("C", "MAJOR", "BUG");
            closed["status"] = json!("CLOSED");
            match (seen.param("componentKeys"), seen.param("statuses")) {
                (Some(_), Some(_)) => page("issues", &[issue("I1", "MAJOR", "BUG")], 1),
                (None, Some(_)) => page("issues", &[issue("I1", "MAJOR", "BUG"), foreign], 2),
                _ => page("issues", &[closed], 1),
            }
        }
        _ => rest(seen, ""),
    })
    .await;
    let got = collect(&server).await;
    assert_eq!((code(&got), set(&got).findings.len()), ("", 3));

    let refusing = Server::start(|seen, _| match (seen.path(), seen.param("issueStatuses")) {
        ("/api/issues/search", Some(_)) => answer(400, &json!({"errors": [{"msg": "no such parameter"}]})),
        ("/api/issues/search", None) => page("issues", &[issue("I1", "MAJOR", "BUG")], 1),
        _ => rest(seen, "2025.1"),
    })
    .await;
    assert_eq!(code(&collect(&refusing).await), "");

    let foreign = Server::start(|seen, _| match seen.path() {
        "/api/issues/search" => {
            let mut foreign = issue("X", "MAJOR", "BUG");
            foreign["project"] = json!("other");
            page("issues", &[foreign], 1)
        }
        _ => rest(seen, "2025.1"),
    })
    .await;
    let got = collect(&foreign).await;
    assert_eq!((code(&got), set(&got).classes.len()), ("malformed", 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_missing_and_never_green() {
    let without = |broken: &'static str| {
        Server::start(move |seen, _| match seen.path() {
            path if path == broken => answer(503, &json!({"errors": [{"msg": "index is being rebuilt"}]})),
            "/api/issues/search" => page("issues", &[], 0),
            _ => rest(seen, "2025.1"),
        })
    };
    let got = collect(&without("/api/issues/search").await).await;
    assert_eq!((code(&got), set(&got).classes.len()), ("server-error", 0), "no class was assessed");
    assert!(words(&got).contains("issues could not be read"));
    let got = collect(&without("/api/qualitygates/project_status").await).await;
    assert_eq!((code(&got), set(&got).quality.is_none()), ("server-error", true));
    let got = collect(&without("/api/hotspots/search").await).await;
    assert_eq!((code(&got), set(&got).classes.len()), ("server-error", 1));
    let fault = collect_as(&without("/api/project_analyses/search").await, None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Server(503));
}

#[tokio::test]
async fn analyses_that_are_absent_unnamed_or_replaced_are_said() {
    let with = |analyses: fn(usize) -> Value| {
        Server::start(move |seen, n| match seen.path() {
            "/api/project_analyses/search" => answer(200, &json!({"analyses": analyses(n)})),
            "/api/issues/search" => page("issues", &[], 0),
            _ => rest(seen, "2025.1"),
        })
    };
    let none = with(|_| json!([])).await;
    assert_eq!(code(&collect(&none).await), "no-analysis");
    let gate = none.seen().into_iter().find(|s| s.path() == "/api/qualitygates/project_status").unwrap();
    assert_eq!(gate.param("projectKey").as_deref(), Some(PROJECT));
    let unnamed = collect(&with(|_| json!([{"key": "A", "date": "x"}])).await).await;
    assert_eq!((code(&unnamed), set(&unnamed).scanned_commit.as_ref()), ("no-revision", None));
    let replaced = with(|n| json!([{"key": format!("A{}", n.min(1)), "revision": "r"}])).await;
    assert_eq!(code(&collect(&replaced).await), "changed-meanwhile");
}

#[tokio::test]
async fn a_check_takes_no_wrong_token_for_a_good_one() {
    let valid = |valid: bool| {
        Server::start(move |seen, _| match seen.path() {
            "/api/authentication/validate" => answer(200, &json!({"valid": valid})),
            "/api/users/current" => answer(200, &json!({"login": "ana", "name": "Ana"})),
            _ => rest(seen, "2025.1.0.7"),
        })
    };
    let line = Sonarqube::new(&settings(&valid(true).await.url)).unwrap().check().await.unwrap().line;
    assert_eq!(line, "SonarQube 2025.1.0.7, as Ana");
    let fault = Sonarqube::new(&settings(&valid(false).await.url)).unwrap().check().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorized);
}

#[test]
fn a_number_in_the_message_is_no_other_finding() {
    let [one, other] = ["from 17 to 15", "from 18 to 15"].map(|change| {
        let mut issue = issue("I1", "MAJOR", "CODE_SMELL");
        issue["message"] = json!(format!("Reduce the complexity {change}."));
        issue["component"] = json!(format!("{PROJECT}:./src/a.rs"));
        let base = url::Url::parse("https://sonar.example/").unwrap();
        let place = finding::Place {
            base: &base,
            project: PROJECT,
            version: None,
            report: "sonar",
            before: &Before::default(),
            pool: Mutex::default(),
        };
        Arc::unwrap_or_clone(place.of_issue(&issue).finding).keys
    });
    assert_eq!((one.len(), &one), (3, &other), "the keys are those that findings of other tools have");
}

#[tokio::test]
async fn recorded_issues_are_read() {
    let Ok(corpus) = std::env::var("COUNTERSIGN_CORPUS") else {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
        return;
    };
    let file = std::path::Path::new(&corpus).join("api/sonarqube/analysis-model/sonarqube-api.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let base = url::Url::parse("https://sonar.example/").unwrap();
    let place = finding::Place {
        base: &base,
        project: "com.tsystems.sbs.:sbs-jenkinslib",
        version: None,
        report: "sonar",
        before: &Before::default(),
        pool: Mutex::default(),
    };
    let issues = recorded["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 32);
    for issue in issues {
        let read = place.of_issue(issue);
        assert!(!read.odd && read.finding.keys[0].rung == Rung::Snippet, "{issue}");
        assert!(read.finding.location.path.clone().unwrap().raw().starts_with("src/"), "{issue}");
    }
}
