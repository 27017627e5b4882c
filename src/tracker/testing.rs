//! What the tests of the trackers share: a stand-in to talk to, and a dismissal to tell.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::{Outcome, Place, Plan, Request, Step, Told, Tracker, carry_out};
use crate::clock::{SharedClock, SystemClock};
use crate::domain::canonical;
use crate::domain::finding::{Class, Finding, FindingSource, Location, Package};
use crate::domain::ids::{Fingerprint, Principal, RecordId};
use crate::domain::severity::Severity;
use crate::domain::triage::{Dismissal, Justification, Scope, Status, Subject};
use crate::http::Auth;
use crate::lab::{Options, Running, Service, World, start};
use crate::secrets::Secret;
use crate::source::registry::Settings;

/// A finding of a rule in a file.
pub(crate) fn finding(rule: &str) -> Finding {
    Finding {
        fingerprint: Fingerprint::default(),
        class: Class::Sast,
        severity: Severity::High,
        rule: rule.into(),
        title: "Weak hash".into(),
        detail: String::new().into(),
        location: Location { path: Some("src/a.py".into()), line: Some(7), ..Location::default() },
        snippet: None,
        context: None,
        vulnerabilities: Vec::new(),
        cwe: Vec::new(),
        package: None,
        confidence: None,
        url: None,
        suppressed: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: Vec::new(),
        sources: vec![source("tool", None)],
    }
}

/// A finding of a vulnerability in a package.
pub(crate) fn vulnerability(id: &str, package: &str, version: Option<&str>) -> Finding {
    let package = Package { name: package.into(), version: version.map(Into::into), ..Package::default() };
    Finding { class: Class::Sca, vulnerabilities: vec![id.into()], package: Some(Box::new(package)), ..finding(id) }
}

/// Who reported it, as a connection called `test` does.
pub(crate) fn source(tool: &str, id: Option<&str>) -> FindingSource {
    FindingSource { tool: tool.into(), tool_version: None, report: "test".into(), native_id: id.map(Into::into) }
}

/// A dismissal of a finding.
pub(crate) fn told(finding: Finding, status: Status, justification: Option<Justification>, place: Place) -> Told {
    let dismissal = Dismissal {
        id: RecordId::new("01JX7ZKQ8Z0000000000000000"),
        envelope: canonical::sha256(b"envelope"),
        principal: Principal::new("ana@acme.example"),
        issued_at: "2026-11-21T04:00:00Z".parse().unwrap(),
        subject: Subject::of(&finding),
        status,
        justification,
        detail: "Never reached.\nAsk ana.".into(),
        scope: Scope::default(),
        expires: Some("2027-02-19T04:00:00Z".parse().unwrap()),
    };
    Told { dismissal, finding: Arc::new(finding), place }
}

/// A world that is served, and settings for one of its systems.
pub(crate) async fn lab(scenario: &str) -> Running {
    start(World::parse(&[("test.toml", scenario)]).unwrap(), Options::default()).await.unwrap()
}

/// Settings for one of its systems.
pub(crate) fn settings(lab: &Running, service: Service, url: &str) -> Settings {
    let token = Secret::new(lab.credential(service).secret.expose_secret());
    Settings { auth: Auth::Bearer(token), ..crate::source::testing::settings(url) }
}

/// A clock whose waits are short.
pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock::scaled(1000))
}

/// The only plan.
pub(crate) async fn plan(tracker: &dyn Tracker, told: &Told) -> Plan {
    let mut plans = tracker.plan(told).await.unwrap();
    assert_eq!(plans.len(), 1, "{plans:#?}");
    plans.remove(0)
}

/// Plans and carries out.
pub(crate) async fn push(tracker: &dyn Tracker, told: &Told) -> Outcome {
    let plan = plan(tracker, told).await;
    carry_out(tracker, told, &plan, &clock()).await
}

/// The requests of a plan.
pub(crate) fn requests(plan: &Plan) -> &[Request] {
    match &plan.step {
        Step::Write(requests) => requests,
        other => panic!("{other:?}"),
    }
}

/// How many writes a system has seen.
pub(crate) fn writes(lab: &Running, service: Service) -> usize {
    lab.requests().iter().filter(|r| r.service == service && r.method != "GET").count()
}
