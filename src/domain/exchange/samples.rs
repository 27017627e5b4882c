//! Dismissals to exchange in tests: any that the types allow, and some as an approver would sign them.

use proptest::option;
use proptest::prelude::*;

use super::{Header, Statement};
use crate::domain::canonical::sha256;
use crate::domain::finding::{Class, Finding, FindingSource, Location, MatchKey, Package, Rung};
use crate::domain::ids::{Digest, Fingerprint, Principal, RecordId};
use crate::domain::release::{Artifact, Release};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Dismissal, Justification, Scope, Status, Subject};
use crate::domain::{canonical, dedup};
use crate::text::Untrusted;

pub(super) fn release() -> Release {
    let reference = format!("registry.example/shop/pay:1.4.2@{}", sha256(b"image"));
    Release {
        service: "pay".to_owned(),
        version: "1.4.2".into(),
        environment: "production".to_owned(),
        commit: None,
        branch: None,
        artifacts: vec![
            Artifact { name: "shop/pay".into(), reference: reference.into(), digest: Some(sha256(b"image")) },
            Artifact { name: "pay.jar".into(), reference: "target/pay.jar".into(), digest: Some(sha256(b"jar")) },
        ],
    }
}

pub(super) fn now() -> Timestamp {
    "2026-11-21T22:00:00Z".parse().unwrap()
}

pub(super) fn header(release: &Release) -> Header<'_> {
    Header { release, author: "Shop release team", now: now() }
}

fn finding(tool: &str, rule: &str, vulnerabilities: &[&str], purl: Option<&str>) -> Finding {
    let mut finding = Finding {
        fingerprint: Fingerprint::default(),
        class: if purl.is_some() { Class::Sca } else { Class::Sast },
        severity: Severity::High,
        rule: rule.into(),
        title: Untrusted::new(format!("{rule} is here: \"quoted\" and\ttabbed")),
        detail: Untrusted::default(),
        location: Location {
            path: Some(if purl.is_some() { "pay/package-lock.json" } else { "src/pay & send.py" }.into()),
            line: Some(12),
            column: Some(5),
            logical: None,
        },
        snippet: purl.is_none().then(|| "subprocess.call(cmd, shell=True)\n".into()),
        context: None,
        vulnerabilities: vulnerabilities.iter().map(|v| (*v).into()).collect(),
        cwe: Vec::new(),
        package: purl.and_then(super::matching::package).map(Box::new),
        confidence: None,
        url: None,
        suppressed: None,
        scores: None,
        also: Vec::new(),
        joined: None,
        keys: Vec::new(),
        sources: vec![FindingSource {
            tool: tool.into(),
            tool_version: Some("2.4.1".into()),
            report: "report.json".into(),
            native_id: None,
        }],
    };
    dedup::identify(std::slice::from_mut(&mut finding));
    finding
}

/// Dismissals of each kind, with the findings that they hold for.
pub(super) fn dismissals() -> Vec<(Dismissal, Finding)> {
    use Justification as J;
    let service = Scope { service: Some("pay".to_owned()), ..Scope::default() };
    let both = Scope { environment: Some("production".to_owned()), ..service.clone() };
    let image = Scope { artifact: Some(sha256(b"image")), ..Scope::default() };
    let version = Scope { version: Some("1.4.2".into()), ..service.clone() };
    let babel = Some("pkg:npm/%40babel/core@7.0.0");
    let lib = Some("pkg:maven/org.example/lib@1.2.3?type=jar");
    let said = [
        (
            finding("Trivy", "CVE-2024-1234", &["CVE-2024-1234", "GHSA-AAAA-BBBB-CCCC"], lib),
            Status::NotAffected,
            Some(J::VulnerableCodeNotInExecutePath),
            both.clone(),
        ),
        (
            finding("Grype", "GHSA-1111-2222-3333", &["GHSA-1111-2222-3333"], babel),
            Status::FalsePositive,
            None,
            Scope::default(),
        ),
        (finding("Trivy", "CVE-2023-7", &["CVE-2023-7"], lib), Status::Accepted, None, version),
        (
            finding("Trivy", "CVE-2023-8", &["CVE-2023-8"], lib),
            Status::NotAffected,
            Some(J::RequiresConfiguration),
            image,
        ),
        (
            finding("Nessus", "CVE-2022-1", &["CVE-2022-1"], None),
            Status::NotAffected,
            Some(J::VulnerableCodeCannotBeControlledByAdversary),
            service,
        ),
        (finding("Bandit", "B602", &[], None), Status::FalsePositive, None, both),
    ];
    let said = said.into_iter().zip(1_u8..);
    said.map(|((finding, status, justification, scope), n)| {
        let dismissal = Dismissal {
            id: RecordId::new(format!("01JD0000000000000000000{n:03}")),
            envelope: sha256(&[n]),
            principal: Principal::new("ana@example.com"),
            issued_at: "2026-11-20T10:11:12.345Z".parse().unwrap(),
            subject: Subject::of(&finding),
            status,
            justification,
            detail: "The parser is never given\n\tinput from outside: see \"PAY-12\".".into(),
            scope,
            expires: Some("2027-01-31T00:00:00Z".parse().unwrap()),
        };
        (dismissal, finding)
    })
    .collect()
}

pub(super) fn statements() -> Vec<Statement> {
    dismissals().iter().map(|(d, f)| Statement::of(d, Some(f), &release())).collect()
}

/// Any text, and often one that a writer could stumble over.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "\\PC{0,20}",
        1 => prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
        1 => prop::sample::select(vec![
            "", " ", "\"", "\"a\"", "a\nrule: b", "Triage record of Countersign:", "\nTriage record of Countersign:\nform: 2",
            "[]", "\r", "\u{85}", "a: b", "\u{2028}", "pkg:npm/a b", "%", "a%2", "CVE-2024-1",
        ]).prop_map(str::to_owned),
    ]
}

fn untrusted() -> impl Strategy<Value = Untrusted> {
    any_text().prop_map(Untrusted::new)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..253_402_300_800_000).prop_map(|ms| Timestamp::from_millis(ms).unwrap())
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(|b| Digest::from_sha256(&b))
}

fn keys() -> impl Strategy<Value = Vec<MatchKey>> {
    let rung = prop::sample::select(vec![Rung::ToolId, Rung::Vulnerability, Rung::Snippet, Rung::Logical]);
    let key = (rung, any::<[u8; 32]>()).prop_map(|(rung, b)| MatchKey { rung, value: Fingerprint::new(b) });
    prop::collection::vec(key, 0..4)
}

/// A scope that covers the release of [`release`].
fn scope() -> impl Strategy<Value = Scope> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(s, e, v, a)| Scope {
        service: s.then(|| "pay".to_owned()),
        environment: e.then(|| "production".to_owned()),
        version: v.then(|| "1.4.2".into()),
        artifact: a.then(|| sha256(b"image")),
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    let first = (any::<[u8; 32]>(), keys(), untrusted(), untrusted(), untrusted(), untrusted());
    let severity = prop::sample::select(Severity::ALL.to_vec());
    (first, option::of(any_text()), severity).prop_map(
        |((fingerprint, keys, rule, title, place, tool), tool_major, severity)| Subject {
            fingerprint: Fingerprint::new(fingerprint),
            keys,
            rule,
            title,
            place,
            also: Vec::new(),
            look_alikes: None,
            tool,
            tool_major,
            severity,
        },
    )
}

fn found() -> impl Strategy<Value = Finding> {
    let package = (untrusted(), option::of(untrusted()), option::of(untrusted()));
    let place = (option::of(untrusted()), option::of(any::<u32>()), option::of(any::<u32>()), option::of(untrusted()));
    let ids = prop::collection::vec(untrusted(), 0..4);
    (ids, option::of(package), place, option::of(untrusted())).prop_map(|(ids, package, place, snippet)| {
        let package =
            package.map(|(name, version, purl)| Box::new(Package { name, version, purl, fixed: vec!["2".into()] }));
        let (path, line, column, logical) = place;
        let base = finding("t", "r", &[], None);
        Finding { vulnerabilities: ids, package, location: Location { path, line, column, logical }, snippet, ..base }
    })
}

/// Any dismissal, with any finding or none.
pub(super) fn any_statement() -> impl Strategy<Value = Statement> {
    let status = prop::sample::select(Status::ALL.to_vec());
    let justification = option::of(prop::sample::select(Justification::ALL.to_vec()));
    let expires =
        option::of((now().millis() + 1..253_402_300_800_000).prop_map(|ms| Timestamp::from_millis(ms).unwrap()));
    let said = (status, justification, untrusted(), scope(), expires);
    let record = (any_text(), digest(), any_text(), time());
    (subject(), said, record, option::of(found())).prop_map(|(subject, said, record, finding)| {
        let (status, justification, detail, scope, expires) = said;
        let (id, envelope, principal, issued_at) = record;
        let (id, principal) = (RecordId::new(id), Principal::new(principal));
        let dismissal =
            Dismissal { id, envelope, principal, issued_at, subject, status, justification, detail, scope, expires };
        Statement::of(&dismissal, finding.as_ref(), &release())
    })
}

/// The statements in an order of their own, as a document may have another.
pub(super) fn sorted(mut statements: Vec<Statement>) -> Vec<Statement> {
    statements.sort_by_cached_key(canonical::digest_of);
    statements.dedup();
    statements
}
