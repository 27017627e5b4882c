//! The scenario files themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::lab::{LabError, Text};

/// A run that waits, for tests of other things.
pub const RUN: &str = "[[run]]\napplication = \"a\"\npipeline = \"p\"\n[[run.stage]]\nname = \"Approve\"\n";

#[tokio::test]
async fn the_demo_world_has_its_releases() {
    let bench = bench_of(World::demo().unwrap()).await;
    let mut waiting = BTreeMap::<String, usize>::new();
    for (application, execution, stage, name) in bench.lab.gates() {
        let run = bench.lab.execution(&execution).unwrap();
        println!("{application}/{execution}/{stage} {} {name}", run["trigger"]["parameters"]["version"]);
        *waiting.entry(application).or_default() += 1;
    }
    assert_eq!(waiting.len(), 13);
    assert_eq!((waiting["catalog"], waiting["ledger-api"], waiting["payments"]), (2, 2, 1));

    // Every run that waits has a build, a commit in the repository, and a past run of its pipeline with another commit.
    let world = World::demo().unwrap();
    let services: BTreeSet<&str> = world.service.iter().filter_map(|s| s["name"].as_str()).collect();
    assert!(!services.contains("legacy-batch"));
    for run in world.run.iter().filter(|r| r.status == "RUNNING" && services.contains(r.application.as_str())) {
        let version = run.version.as_deref().unwrap();
        let named = run.build.as_ref().unwrap();
        let build = world.build.iter().find(|b| b.job == named.job && b.number == named.number).unwrap();
        assert_eq!(build.commit, run.commit, "{version}");
        let repository = world.repository.iter().find(|r| r.name == format!("acme/{}", run.application)).unwrap();
        let place =
            |commit: &Option<String>| repository.commits.iter().position(|c| Some(&c.id) == commit.as_ref()).unwrap();
        let past = world
            .run
            .iter()
            .find(|p| p.status == "SUCCEEDED" && p.application == run.application && p.pipeline == run.pipeline);
        assert!(place(&past.unwrap().commit) < place(&run.commit), "{}", run.application);
        assert!(world.ticket.iter().any(|t| t.fix_versions.iter().any(|v| v == version)), "{}", run.application);
    }
}

#[tokio::test]
async fn the_same_clock_gives_the_same_world() {
    let (one, two) = (bench_of(World::demo().unwrap()).await, bench_of(World::demo().unwrap()).await);
    let commit = crate::lab::seed::commit("payments-1.4.2");
    for (service, path) in [
        (Service::Spinnaker, "/applications/*/executions/search?size=500&expand=true".to_owned()),
        (Service::Jenkins, "/job/team/job/payments/142/api/json".to_owned()),
        (Service::Jira, "/rest/api/3/search/jql?jql=project=PAY&fields=*all".to_owned()),
        (Service::Sonarqube, "/api/issues/search?components=com.acme:monolith&ps=500&p=7".to_owned()),
        (Service::Github, format!("/repos/acme/payments/commits/{commit}")),
    ] {
        assert_eq!(one.get(service, &path).await.text, two.get(service, &path).await.text, "{path}");
    }
}

#[tokio::test]
async fn hostile_text_is_as_long_and_as_bad_as_it_should_be() {
    let bench = bench_of(World::demo().unwrap()).await;
    let ticket = bench.get(Service::Jira, "/rest/api/2/issue/GST-1").await;
    assert!(ticket.text.len() > 2_000_000, "{}", ticket.text.len());
    let summary = ticket.json()["fields"]["summary"].as_str().unwrap().to_owned();
    for bad in ['\u{1b}', '\u{202e}', '\u{200b}', '\u{0}'] {
        assert!(summary.contains(bad));
    }
    let report = bench.get(Service::Jenkins, "/job/team/job/guestbook/93/artifact/reports/bandit.json").await;
    assert!(report.text.len() > 1_500_000, "{}", report.text.len());
    assert!(report.json()["results"][0]["issue_text"].as_str().unwrap().contains('\u{202e}'));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let Err(LabError::Scenario { name, why }) = World::parse(&[("x.toml", "[[run]]\napplicaton = \"a\"")]) else {
        panic!()
    };
    assert_eq!(name, "x.toml");
    assert!(why.contains("line 2") && why.contains("applicaton"), "{why}");
    assert!(World::parse(&[("x.toml", "[[run]]\napplication = \"a\"\npipeline = \"p\"\nago = \"soon\"")]).is_err());
    let nameless = "[[scan]]\nservice = \"a\"\ncommit = \"c\"\nname = \"n\"\nfile = \"no-such-report\"";
    assert!(World::parse(&[("x.toml", nameless)]).is_err());
}

#[test]
fn repetitions_are_written_out() {
    assert_eq!(Text::expanded("a{{repeat:3:xy}}b{{repeat:2:z}}").0, "axyxyxybzz");
    assert_eq!(Text::expanded("a{{repeat:").0, "a{{repeat:");
}
