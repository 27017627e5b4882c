//! Against the stand-in, and against answers as other servers give them.

use serde_json::{Value, json};

use super::*;
use crate::http::testing::{Server, json as reply};
use crate::lab::Service;
use crate::tracker::testing::{lab, plan, push, requests, settings, told, vulnerability, writes};
use crate::tracker::{Outcome, Place};

const WORLD: &str = r#"
[[tracked]]
name = "pay"
version = "1.0"
findings = [
  { component = "pad", group = "org.p", version = "1.0", vulnerability = "CVE-2026-1" },
  { component = "pad", group = "org.p", version = "1.0", vulnerability = "GHSA-aaaa", source = "GITHUB", aliases = [{ cveId = "CVE-2026-1", ghsaId = "GHSA-aaaa" }] },
  { component = "pad", group = "org.q", version = "1.0", vulnerability = "CVE-2026-1" },
  { component = "pad", group = "org.p", version = "2.0", vulnerability = "CVE-2026-1" },
]
"#;

fn place(project: &str) -> Place {
    Place { project: Some(project.into()), version: Some("1.0".into()), ..Place::default() }
}

#[tokio::test]
async fn one_vulnerability_under_several_names_is_told_under_all_of_them() {
    let lab = lab(WORLD).await;
    let tracker = DependencyTrack::new(&settings(&lab, Service::DependencyTrack, &lab.urls.dependency_track)).unwrap();
    let finding = vulnerability("CVE-2026-1", "org.p:pad", Some("1.0"));
    let told = told(finding.clone(), Status::FalsePositive, None, place("pay"));
    let plans = tracker.plan(&told).await.unwrap();
    let named: Vec<&str> = plans.iter().map(|p| p.what.raw()).collect();
    assert_eq!(named, ["CVE-2026-1 (NVD) in org.p/pad@1.0", "GHSA-aaaa (GITHUB) in org.p/pad@1.0"]);
    for plan in &plans {
        let outcome = crate::tracker::carry_out(&tracker, &told, plan, &crate::tracker::testing::clock()).await;
        assert_eq!(outcome, Outcome::Seen);
    }
    assert_eq!(writes(&lab, Service::DependencyTrack), 2);
    // What was not there says its reasoning in its details too.
    let analysis = lab.analysis("pad", "GHSA-aaaa");
    assert!(analysis["analysisDetails"].as_str().unwrap().contains("Never reached."), "{analysis:#}");

    // By the bare name alone two components fit; of another or an unknown version none does.
    let of = |name: &str, version| {
        crate::tracker::testing::told(
            vulnerability("CVE-2026-1", name, version),
            Status::FalsePositive,
            None,
            place("pay"),
        )
    };
    let both = plan(&tracker, &of("pad", Some("1.0"))).await;
    assert!(matches!(&both.step, Step::Cannot(why) if why.text.raw().starts_with("2 components")), "{both:?}");
    for version in [Some("3.0"), None] {
        let none = plan(&tracker, &of("org.p:pad", version)).await;
        assert!(matches!(none.step, Step::Absent(_)), "{none:?}");
    }
    let mut code = finding;
    code.vulnerabilities.clear();
    assert_eq!(
        tracker.plan(&crate::tracker::testing::told(code, Status::FalsePositive, None, place("pay"))).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn an_existing_justification_stays_where_there_is_no_word_for_ours() {
    let lab = lab(&WORLD.replace(
        "version = \"2.0\", vulnerability = \"CVE-2026-1\" }",
        "version = \"2.0\", vulnerability = \"CVE-2026-1\", analysis = { analysisState = \"EXPLOITABLE\", \
         analysisJustification = \"REQUIRES_DEPENDENCY\", analysisResponse = \"ROLLBACK\", isSuppressed = false } }",
    ))
    .await;
    let tracker = DependencyTrack::new(&settings(&lab, Service::DependencyTrack, &lab.urls.dependency_track)).unwrap();
    let why = Some(Justification::VulnerableCodeCannotBeControlledByAdversary);
    let told = told(vulnerability("CVE-2026-1", "org.p:pad", Some("2.0")), Status::NotAffected, why, place("pay"));
    let planned = plan(&tracker, &told).await;
    assert_eq!(planned.to, "NOT_AFFECTED, REQUIRES_DEPENDENCY, ROLLBACK, suppressed");
    assert!(planned.remarks[0].contains("analysed otherwise"), "{planned:?}");
    assert_eq!(push(&tracker, &told).await, Outcome::Seen);
    assert_eq!(push(&tracker, &told).await, Outcome::Already);
}

/// A newer server: it gives pages, and knows until when something is suppressed.
#[tokio::test]
async fn pages_are_read_and_an_unknown_end_goes_back_as_it_came() {
    const PROJECT: &str = "11111111-1111-4111-8111-111111111111";
    let row = |n: usize| {
        json!({"component": {"uuid": format!("c{n}"), "name": "pad", "version": format!("{n}")},
                                "vulnerability": {"uuid": "v", "vulnId": "CVE-2026-1", "source": "NVD"}})
    };
    let server = Server::start(move |seen, _| match seen.path() {
        path if path.starts_with("/api/v1/finding/") => {
            let page: usize = seen.param("pageNumber").unwrap().parse().unwrap();
            let rows: Vec<Value> = (1..=150).skip((page - 1) * 100).take(100).map(row).collect();
            crate::http::testing::reply(200, "application/json", "x-total-count: 150\r\n", json!(rows).to_string())
        }
        "/api/v1/analysis" => {
            reply(200, &json!({"analysisState": "IN_TRIAGE", "suppressionExpiration": 1_800_000_000_000_i64}))
        }
        _ => reply(200, &json!({"uuid": PROJECT})),
    })
    .await;
    let tracker = DependencyTrack::new(&crate::source::testing::settings(&server.url)).unwrap();
    let told = told(vulnerability("CVE-2026-1", "pad", Some("149")), Status::FalsePositive, None, place(PROJECT));
    let planned = plan(&tracker, &told).await;
    let body: Value = serde_json::from_str(&requests(&planned)[0].body).unwrap();
    assert_eq!((&body["component"], &body["suppressionExpiration"]), (&"c149".into(), &1_800_000_000_000_i64.into()));
    assert_eq!(body["analysisJustification"], "NOT_SET", "every field is sent: {body:#}");
    assert!(
        server.seen().iter().all(|s| s.header("x-api-key") == Some("t0ken") && s.header("authorization").is_none())
    );
}
