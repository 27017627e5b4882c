//! Against the stand-in, and against answers as older servers give them.

use serde_json::{Value, json};

use super::*;
use crate::http::testing::{Server, json as reply};
use crate::lab::{Fault as Wrong, FaultKind as Kind, Running, Service};
use crate::tracker::testing::{clock, finding, lab, plan, push, requests, settings, source, told, writes};
use crate::tracker::{Outcome, Place, carry_out};

const WORLD: &str = r#"
[[project]]
key = "p"
analyses = [{ ago = "1h" }]
issues = [
  { rule = "java:S1", severity = "MAJOR", kind = "BUG", file = "A.java", line = 3, message = "Bad" },
  { rule = "java:S2", severity = "MAJOR", kind = "BUG", file = "A.java", line = 4, message = "Bad", status = "ACCEPTED" },
]
hotspots = [{ rule = "java:S3", category = "auth", probability = "HIGH", file = "A.java", line = 5, message = "Look" }]
"#;

async fn world() -> (Running, Sonarqube) {
    let lab = lab(WORLD).await;
    let tracker = Sonarqube::new(&settings(&lab, Service::Sonarqube, &lab.urls.sonarqube)).unwrap();
    (lab, tracker)
}

/// The key of the thing of a rule.
async fn key(tracker: &Sonarqube, list: &str, name: &str, rule: &str) -> String {
    let (all, _) = tracker.http.get_json::<Value>(list).await.unwrap();
    let found = all[name].as_array().unwrap().iter().find(|i| i["rule"] == rule || i["ruleKey"] == rule).unwrap();
    found["key"].as_str().unwrap().to_owned()
}

fn of(key: &str, status: Status) -> Told {
    let mut finding = finding("java:S1");
    finding.sources = vec![source("SonarQube", Some(key))];
    told(finding, status, None, Place { project: Some("p".into()), ..Place::default() })
}

const ISSUES: &str = "api/issues/search?components=p";

#[tokio::test]
async fn what_was_decided_otherwise_is_reopened_first() {
    let (lab, tracker) = world().await;
    let key = key(&tracker, ISSUES, "issues", "java:S2").await;
    let told = of(&key, Status::FalsePositive);
    let planned = plan(&tracker, &told).await;
    assert_eq!((planned.from.raw(), planned.to.as_str()), ("ACCEPTED", "FALSE_POSITIVE"));
    let bodies: Vec<&str> = requests(&planned).iter().map(|r| r.body.as_str()).collect();
    assert!(bodies[1].ends_with("transition=reopen") && bodies[2].ends_with("transition=falsepositive"), "{bodies:?}");
    assert!(planned.remarks[0].contains("reopened first"), "{planned:?}");
    assert_eq!(carry_out(&tracker, &told, &planned, &clock()).await, Outcome::Seen);
    assert_eq!(lab.issue(&key).unwrap()["issueStatus"], "FALSE_POSITIVE");
    assert_eq!(push(&tracker, &told).await, Outcome::Already);
    assert_eq!(writes(&lab, Service::Sonarqube), 3);
    // The comment is one line, and names the record.
    let comment = lab.issue(&key).unwrap()["comments"][0]["markdown"].as_str().unwrap().to_owned();
    assert!(
        comment.contains("record 01JX7ZKQ8Z0000000000000000: false-positive, by ana@acme.example, until 2027-02-19")
    );
    assert!(!comment.contains('\n'), "{comment}");
}

#[tokio::test]
async fn what_changed_since_it_was_planned_is_not_touched() {
    let (lab, tracker) = world().await;
    let key = key(&tracker, ISSUES, "issues", "java:S1").await;
    let told = of(&key, Status::NotAffected);
    let planned = plan(&tracker, &told).await;
    assert_eq!(planned.to, "ACCEPTED");
    assert!(lab.set_issue(&key, "FIXED"));
    let outcome = carry_out(&tracker, &told, &planned, &clock()).await;
    assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("OPEN then, FIXED now")), "{outcome:?}");
    let planned = plan(&tracker, &told).await;
    assert!(
        matches!(&planned.step, Step::Cannot(why) if why.text.raw().contains("does not offer accept")),
        "{planned:?}"
    );
    assert_eq!(writes(&lab, Service::Sonarqube), 0);
}

#[tokio::test]
async fn an_answer_of_200_is_no_proof() {
    let (lab, tracker) = world().await;
    let key = key(&tracker, ISSUES, "issues", "java:S1").await;
    lab.add_fault(Wrong::new(Service::Sonarqube, "/api/issues/do_transition", Kind::Empty));
    let outcome = push(&tracker, &of(&key, Status::FalsePositive)).await;
    assert!(matches!(&outcome, Outcome::Unknown(why) if why.contains("was not seen to do it")), "{outcome:?}");
    assert_eq!(writes(&lab, Service::Sonarqube), 2, "nothing is sent twice");
}

#[tokio::test]
async fn a_hotspot_is_reviewed() {
    let (lab, tracker) = world().await;
    let key = key(&tracker, "api/hotspots/search?project=p", "hotspots", "java:S3").await;
    for (status, to) in [(Status::FalsePositive, "REVIEWED SAFE"), (Status::Accepted, "REVIEWED ACKNOWLEDGED")] {
        let told = of(&key, status);
        let planned = plan(&tracker, &told).await;
        assert_eq!((planned.to.as_str(), requests(&planned).len()), (to, 1));
        assert_eq!(carry_out(&tracker, &told, &planned, &clock()).await, Outcome::Seen);
        assert_eq!(plan(&tracker, &told).await.step, Step::Already);
    }
    assert_eq!(writes(&lab, Service::Sonarqube), 2);
    let gone = plan(&tracker, &of("no-such-key", Status::Accepted)).await;
    assert!(matches!(gone.step, Step::Absent(_)), "{gone:?}");
}

#[tokio::test]
async fn only_what_is_of_the_connection_and_the_project_is_told() {
    let (lab, tracker) = world().await;
    let key = key(&tracker, ISSUES, "issues", "java:S1").await;
    let mut foreign = of(&key, Status::Accepted);
    foreign.place.project = Some("q".into());
    let planned = plan(&tracker, &foreign).await;
    assert!(matches!(&planned.step, Step::Cannot(why) if why.code == "not-ours"), "{planned:?}");
    let mut other = of(&key, Status::Accepted);
    std::sync::Arc::make_mut(&mut other.finding).sources[0].report = "another".into();
    assert_eq!(tracker.plan(&other).await.unwrap(), []);
    assert_eq!(writes(&lab, Service::Sonarqube), 0);
}

#[tokio::test]
async fn older_servers_know_wontfix_and_say_little() {
    for (transitions, resolution, step) in [
        (json!(["confirm", "resolve", "falsepositive", "wontfix"]), Value::Null, "wontfix"),
        (json!([]), Value::Null, "nothing at all"),
        (json!(["reopen"]), json!("WONTFIX"), "already"),
        (json!(["reopen"]), json!("FALSE-POSITIVE"), "reopen"),
    ] {
        let status = if resolution.is_null() { "OPEN" } else { "RESOLVED" };
        let issue = json!({"key": "K", "rule": "r", "project": "p", "status": status, "resolution": resolution,
                           "transitions": transitions});
        let server = Server::start(move |_, _| reply(200, &json!({"issues": [issue]}))).await;
        let tracker = Sonarqube::new(&crate::source::testing::settings(&server.url)).unwrap();
        let planned = plan(&tracker, &of("K", Status::Accepted)).await;
        let is = match &planned.step {
            Step::Already => "already".to_owned(),
            Step::Cannot(why) => why.text.raw().to_owned(),
            Step::Absent(why) => panic!("{why:?}"),
            Step::Write(requests) => requests.iter().map(|r| r.body.as_str()).collect::<Vec<_>>().join(" "),
        };
        assert!(is.contains(step), "{step}: {is}");
        assert!(!is.contains("transition=accept"), "{is}");
    }
}
