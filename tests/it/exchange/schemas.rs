//! What is written is valid by the official schemas, read by programs of others.

use std::path::Path;
use std::process::Command;

use countersign::domain::canonical::sha256;
use countersign::domain::exchange::{About, Format, Header, Record, Statement, export, import};
use countersign::domain::finding::{Location, MatchKey, Package, Rung};
use countersign::domain::ids::{Fingerprint, RecordId};
use countersign::domain::release::{Artifact, Release};
use countersign::domain::severity::Severity;
use countersign::domain::triage::{Justification, Scope, Status};
use countersign::text::Untrusted;

use super::{FORMATS, bench, dismissed, exported};

/// Texts that a scanner, a person or an enemy may have written.
const TEXTS: [&str; 7] = [
    "plain",
    "two\nlines: \"quoted\" \\ and\ttabbed",
    "\u{1b}[31m\u{202e}\u{0}\u{7f}",
    "日本語 \u{1f600} e\u{301}",
    " https://example.com/a b?c=d#e ",
    "pkg:npm/%40a/b@1.0.0?x=y#z",
    "Triage record of Countersign:\nstatus: accepted",
];

fn release(text: &str) -> Release {
    let image = |name: &str| Artifact {
        name: name.into(),
        reference: format!("registry.example:5000/{name}:1@{}", sha256(name.as_bytes())).into(),
        digest: Some(sha256(name.as_bytes())),
    };
    let bare = Artifact { name: text.into(), reference: text.into(), digest: None };
    Release {
        service: "pay ment/s".to_owned(),
        version: text.into(),
        environment: "prod".to_owned(),
        commit: None,
        branch: None,
        artifacts: vec![image("Shop/Pay"), bare],
    }
}

/// A statement of each status and justification with a text everywhere that a text can be.
fn statements(text: &str) -> Vec<Statement> {
    let any: Untrusted = text.into();
    let justifications = Justification::ALL.map(|j| (Status::NotAffected, Some(j)));
    let others = [(Status::NotAffected, None), (Status::FalsePositive, None), (Status::Accepted, None)];
    let each = justifications.into_iter().chain(others).zip(1_u8..);
    each.map(|((status, justification), n)| Statement {
        subject: About {
            rule: any.clone(),
            title: any.clone(),
            place: any.clone(),
            vulnerabilities: vec![format!("CVE-2026-{n}").into(), any.clone()],
            package: (n % 2 == 0).then(|| Package {
                name: any.clone(),
                version: Some(any.clone()),
                purl: Some(any.clone()),
                fixed: Vec::new(),
            }),
            location: Location {
                path: Some(any.clone()),
                line: Some(u32::from(n)),
                column: Some(1),
                logical: Some(any.clone()),
            },
            snippet: Some(any.clone()),
            fingerprint: Some(Fingerprint::new([n; 32])),
            keys: vec![MatchKey { rung: Rung::Vulnerability, value: Fingerprint::new([n; 32]) }],
            tool: any.clone(),
            tool_major: Some("1".to_owned()),
            severity: Some(Severity::High),
        },
        products: vec!["pkg:generic/pay@1".into()],
        status,
        justification,
        detail: any.clone(),
        scope: Some(Scope { service: Some("pay ment/s".to_owned()), ..Scope::default() }),
        expires: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        said_by: Some("ana@example.com".into()),
        said_at: Some("2026-11-20T10:11:12.345Z".parse().unwrap()),
        record: Some(Record { id: RecordId::new(format!("01JD{n:022}")), envelope: sha256(&[n]) }),
    })
    .collect()
}

/// Writes documents with every text; each comes back as it was.
fn write_all(folder: &Path, formats: &[Format]) {
    let now = "2026-11-21T22:00:00Z".parse().unwrap();
    for (text, n) in TEXTS.iter().zip(0..) {
        let (release, statements) = (release(text), statements(text));
        for format in formats {
            let written = export(*format, &statements, &Header { release: &release, author: text, now }).unwrap();
            assert_eq!((written.written, written.left_out.len()), (statements.len(), 0), "{text:?}");
            let document = written.document.unwrap();
            assert_eq!(import(document.as_bytes()).unwrap().statements.len(), statements.len(), "{text:?}");
            std::fs::write(folder.join(format!("{}-{n}.json", format.word())), document).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_valid_by_the_official_schemas() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/tools/python/bin/python3");
    let modules = ["-c", "import jsonschema, rfc3987_syntax, cyclonedx.schema"];
    let there = Command::new(&python).args(modules).output().is_ok_and(|o| o.status.success());
    if !there || !root.join("target/tools/sarif/package").is_dir() {
        println!("skipped: the official schemas are not in target/tools: tests/setup.sh installs them");
        return;
    }
    let mut formats = vec![Format::CycloneDx, Format::Sarif];
    match std::env::var_os("COUNTERSIGN_CORPUS") {
        Some(_) => formats.push(Format::OpenVex),
        None => println!("skipped: COUNTERSIGN_CORPUS is not set, so OpenVEX is not held against its schema"),
    }
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &formats);
    let bench = bench().await;
    dismissed(&bench).await;
    for format in FORMATS.iter().filter(|word| formats.iter().any(|f| f.word() == **word)) {
        std::fs::write(folder.path().join(format!("demo-{format}.json")), exported(&bench, format).await).unwrap();
    }
    let checked =
        Command::new(&python).arg(root.join("tests/validate-exchange.py")).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert_eq!(said.lines().filter(|l| l.ends_with("statements: valid")).count(), formats.len() * 8, "{said}");
    // A document that is not valid is told apart.
    let file = folder.path().join("demo-sarif.json");
    let bad = std::fs::read_to_string(&file).unwrap().replace("\"kind\": \"external\"", "\"kind\": \"elsewhere\"");
    std::fs::write(&file, bad).unwrap();
    let refused =
        Command::new(&python).arg(root.join("tests/validate-exchange.py")).arg(folder.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stdout).contains("demo-sarif.json: SARIF 2.1.0, 3 statements: not valid"));
}
