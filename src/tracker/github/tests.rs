//! Against the stand-in.

use super::*;
use crate::lab::{Running, Service};
use crate::tracker::testing::{finding, lab, plan, push, settings, source, told, vulnerability, writes};
use crate::tracker::{Outcome, Place};

const WORLD: &str = r#"
[[repository]]
name = "acme/pay"
commits = [{ id = "one", message = "First" }]
alerts = [
  { kind = "dependabot", number = 4, rule = "CVE-2026-1", package = "pad", path = "web/requirements.txt" },
  { kind = "dependabot", number = 5, rule = "CVE-2026-1", package = "pad", path = "api/requirements.txt" },
  { kind = "secret-scanning", number = 7, rule = "aws_key" },
]
"#;

async fn world(scenario: &str) -> (Running, Github) {
    let lab = lab(scenario).await;
    let tracker = Github::new(&settings(&lab, Service::Github, &lab.urls.github)).unwrap();
    (lab, tracker)
}

fn place() -> Place {
    Place { repository: Some("acme/pay".into()), ..Place::default() }
}

#[tokio::test]
async fn dependabot_is_told_by_advisory_package_and_manifest() {
    let (lab, tracker) = world(WORLD).await;
    let mut finding = vulnerability("CVE-2026-1", "pad", None);
    finding.location.path = None;
    let both = plan(&tracker, &told(finding.clone(), Status::NotAffected, None, place())).await;
    assert!(matches!(&both.step, Step::Cannot(why) if why.text.raw().starts_with("2 dependabot")), "{both:?}");
    finding.location.path = Some("api/requirements.txt".into());
    let why = Some(Justification::VulnerableCodeNotInExecutePath);
    let told = told(finding, Status::NotAffected, why, place());
    assert_eq!(plan(&tracker, &told).await.to, "dismissed as not_used");
    assert_eq!(push(&tracker, &told).await, Outcome::Seen);
    assert_eq!(push(&tracker, &told).await, Outcome::Already);
    let alert = lab.alert("acme/pay", "dependabot", 5);
    assert_eq!((&alert["state"], &alert["dismissed_reason"]), (&"dismissed".into(), &"not_used".into()), "{alert:#}");
    assert_eq!(lab.alert("acme/pay", "dependabot", 4)["state"], "open");
    assert_eq!(writes(&lab, Service::Github), 1);
}

#[tokio::test]
async fn a_secret_is_resolved_by_the_address_that_came_with_it() {
    let (lab, tracker) = world(WORLD).await;
    let mut finding = finding("aws_key");
    finding.class = Class::Secret;
    let unknown = plan(&tracker, &told(finding.clone(), Status::FalsePositive, None, place())).await;
    assert!(matches!(unknown.step, Step::Absent(_)), "{unknown:?}");
    let address = "https://github.acme.example/acme/pay/security/secret-scanning/7";
    finding.sources = vec![source("GitHub secret scanning", Some(address))];
    let told = told(finding, Status::FalsePositive, None, place());
    assert_eq!(push(&tracker, &told).await, Outcome::Seen);
    let alert = lab.alert("acme/pay", "secret-scanning", 7);
    assert_eq!((&alert["state"], &alert["resolution"]), (&"resolved".into(), &"false_positive".into()), "{alert:#}");
    assert!(alert["resolution_comment"].as_str().unwrap().contains("Never reached."), "{alert:#}");
}

#[tokio::test]
async fn alerts_of_later_pages_are_found_too() {
    let one =
        |n: u32| format!("{{ kind = \"code-scanning\", number = {n}, rule = \"R\", path = \"src/a.py\", line = {n} }}");
    let many = (1..=120).map(one).collect::<Vec<_>>().join(",\n");
    let scenario = format!("[[repository]]\nname = \"acme/pay\"\ncommits = []\nalerts = [\n{many}]\n");
    let (_lab, tracker) = world(&scenario).await;
    let mut finding = finding("R");
    finding.location.line = Some(117);
    let planned = plan(&tracker, &told(finding, Status::Accepted, None, place())).await;
    assert_eq!((planned.what.raw(), planned.to.as_str()), ("code-scanning alert 117 (R)", "dismissed as won't fix"));
}

#[test]
fn the_next_page_is_asked_of_the_server_that_was_asked() {
    let link = "<https://evil.example/x?after=Y3%3D&per_page=100&a=b>; rel=\"next\", <https://x/?page=9>; rel=\"last\"";
    assert_eq!(wire::next(link).unwrap(), "&after=Y3%3D");
    assert_eq!(wire::next("<https://x/?page=1>; rel=\"prev\""), None);
}
