//! Round trips, and the documents of others. tests/validate-exchange.py holds what is written against the official schemas.

mod corpus;
mod proposals;

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{any_statement, dismissals, header, now, release, sorted, statements};
use super::*;
use crate::domain::finding::Rung;
use crate::domain::triage::{Scope, Status};

fn written(format: Format, statements: &[Statement]) -> (Value, Export) {
    let release = release();
    let export = export(format, statements, &header(&release)).unwrap();
    (serde_json::from_str(export.document.as_deref().unwrap()).unwrap(), export)
}

fn read(value: &Value) -> Import {
    import(value.to_string().as_bytes()).unwrap()
}

fn reasons(import: &Import) -> Vec<(&str, &str)> {
    import.not_taken.iter().map(|o| (o.place.as_str(), o.why.as_str())).collect()
}

proptest! {
    #[test]
    fn what_is_exported_comes_back(statements in prop::collection::vec(any_statement(), 1..5)) {
        let release = release();
        for format in Format::ALL {
            let export = export(format, &statements, &header(&release)).unwrap();
            let none = |s: &&Statement| format != Format::Sarif && s.subject.vulnerabilities.is_empty();
            prop_assert_eq!(export.left_out.len(), statements.iter().filter(none).count());
            let wanted: Vec<Statement> = statements.iter().filter(|s| !none(s)).cloned().collect();
            let Some(document) = export.document else {
                prop_assert!(wanted.is_empty());
                continue;
            };
            let import = import(document.as_bytes()).unwrap();
            prop_assert_eq!(&import.not_taken, &[]);
            prop_assert_eq!(import.format, format);
            prop_assert_eq!(sorted(import.statements), sorted(wanted), "{}", document);
        }
    }

    #[test]
    fn no_text_makes_the_import_fall_over(text in "\\PC{0,80}") {
        drop(import(text.as_bytes()));
        let notes = json!({"@context": "openvex.dev", "statements": [{"vulnerability": "CVE-1", "status": "not_affected",
            "status_notes": format!("Triage record of Countersign:\n{text}")}]});
        prop_assert_eq!(read(&notes).statements, &[]);
    }
}

#[test]
fn statuses_and_justifications_have_their_words() {
    let (vex, export) = written(Format::OpenVex, &statements());
    let word = |v: &Value, pointer: &str| v.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let said = |v: &Value| (word(v, "/status"), word(v, "/justification"));
    let of = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        vex["statements"].as_array().unwrap().iter().map(said).collect::<Vec<_>>(),
        [
            of("not_affected", "vulnerable_code_not_in_execute_path"),
            of("not_affected", "-"),
            of("affected", "-"),
            of("not_affected", "-"),
            of("not_affected", "vulnerable_code_cannot_be_controlled_by_adversary"),
        ]
    );
    assert_eq!(vex["statements"][2]["action_statement"].as_str(), Some(statements()[2].detail.raw()));
    assert!(
        vex["statements"][3]["status_notes"].as_str().unwrap().contains("\njustification: requires_configuration\n")
    );
    assert_eq!(
        vex["statements"][3]["products"].as_array().unwrap().len(),
        1,
        "only the artifact that it is limited to"
    );
    assert_eq!((export.written, export.left_out.len()), (5, 1));
    assert!(export.left_out[0].why.starts_with("The finding has no vulnerability id"), "{:?}", export.left_out);

    let (cdx, _) = written(Format::CycloneDx, &statements());
    let said = |v: &Value| (word(v, "/analysis/state"), word(v, "/analysis/justification"));
    assert_eq!(
        cdx["vulnerabilities"].as_array().unwrap().iter().map(said).collect::<Vec<_>>(),
        [
            of("not_affected", "code_not_reachable"),
            of("false_positive", "-"),
            of("exploitable", "-"),
            of("not_affected", "requires_configuration"),
            of("not_affected", "-"),
        ]
    );
    assert_eq!(cdx["vulnerabilities"][2]["analysis"]["response"], json!(["will_not_fix"]));

    let (sarif, export) = written(Format::Sarif, &statements());
    assert_eq!((export.written, sarif["runs"].as_array().unwrap().len()), (6, 4));
    let one = &sarif["runs"][3]["results"][0];
    assert_eq!(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/pay%20%26%20send.py");
    assert_eq!(one["suppressions"][0]["status"], "accepted");
    assert_eq!(one["suppressions"][0]["justification"].as_str(), Some(statements()[5].detail.raw()));
}

#[test]
fn notes_read_well() {
    let (vex, _) = written(Format::OpenVex, &statements());
    let notes = vex["statements"][0]["status_notes"].as_str().unwrap();
    for line in ["status: not-affected", "scope-environment: production", "said-by: ana@example.com", "tool: Trivy"] {
        assert!(notes.lines().any(|l| l == line), "{line} in {notes}");
    }
}

#[test]
fn what_does_not_hold_is_left_out() {
    let release = release();
    let mut statements = statements();
    statements[0].expires = Some(now());
    statements[1].scope = Some(Scope { environment: Some("staging".to_owned()), ..Scope::default() });
    statements.truncate(2);
    let export = export(Format::Sarif, &statements, &header(&release)).unwrap();
    assert_eq!((export.document, export.written), (None, 0));
    let why: Vec<&str> = export.left_out.iter().map(|o| o.why.as_str()).collect();
    assert_eq!(
        why,
        ["It has expired on 2026-11-21.", "It holds for environment staging, and so not for pay@1.4.2/production."]
    );
}

#[test]
fn ids_follow_from_the_content() {
    for (format, pointer) in [(Format::OpenVex, "/@id"), (Format::CycloneDx, "/serialNumber")] {
        let (one, two) = (written(format, &statements()), written(format, &statements()));
        assert_eq!(one.1.document, two.1.document);
        let other = written(format, &statements()[..1]).0;
        let id = |v: &Value| v.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        assert!(id(&one.0).starts_with("urn:uuid:") && id(&one.0).len() == 45 && id(&one.0) != id(&other));
    }
}

#[test]
fn a_changed_status_makes_our_record_void() {
    let changes = [
        (Format::OpenVex, "/statements/2/status", "not_affected"),
        (Format::OpenVex, "/statements/0/justification", "component_not_present"),
        (Format::OpenVex, "/statements/1/vulnerability/name", "CVE-2024-9999"),
        (Format::CycloneDx, "/vulnerabilities/2/analysis/state", "not_affected"),
        (Format::CycloneDx, "/vulnerabilities/0/references/0/id", "CVE-2024-9999"),
        (Format::Sarif, "/runs/0/results/0/ruleId", "CVE-2024-9999"),
    ];
    for (format, pointer, value) in changes {
        let (mut doc, export) = written(format, &statements());
        *doc.pointer_mut(pointer).unwrap() = value.into();
        let import = read(&doc);
        assert_eq!((import.statements.len(), import.not_taken.len()), (export.written - 1, 1), "{pointer}");
        assert!(import.not_taken[0].why.starts_with("It was changed after Countersign wrote it"), "{pointer}");
    }
}

#[test]
fn openvex_of_others() {
    let import = read(
        &json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "Vendor", "timestamp": "2026-01-02T03:04:05Z",
        "statements": [
            {"vulnerability": {"name": "cve-2024-1", "aliases": ["GHSA-aaaa-bbbb-cccc"]}, "status": "not_affected",
             "justification": "component_not_present", "impact_statement": "Not shipped.", "status_notes": "Looked at twice.",
             "products": [{"@id": "pkg:oci/pay@sha256%3Aab", "subcomponents": [{"@id": "pkg:npm/%40a/b@2"}, {"@id": "pkg:npm/c@3"}]}]},
            {"vulnerability": "CVE-2024-2", "products": ["pkg:npm/c@3"], "status": "not_affected", "justification": "inline_mitigations_already_exist"},
            {"vulnerability": "CVE-2024-3", "status": "not_affected"},
            {"vulnerability": "CVE-2024-4", "status": "affected", "action_statement": "Update to 2."},
            {"vulnerability": "CVE-2024-5", "status": "fixed"},
            {"vulnerability": "CVE-2024-6", "status": "under_investigation"},
            {"status": "not_affected", "impact_statement": "No."},
            {"vulnerability": "CVE-2024-7", "status": "fine"},
            17
        ]}),
    );
    let [a, b, c] = import.statements.as_slice() else { panic!("three: {import:?}") };
    assert_eq!((a.name().as_str(), b.name().as_str()), ("CVE-2024-1 in @a/b", "CVE-2024-1 in c"));
    assert_eq!(a.detail.raw(), "Not shipped.\n\nLooked at twice.");
    assert_eq!((a.status, a.justification), (Status::NotAffected, Some(Justification::ComponentNotPresent)));
    assert_eq!(
        (a.said_by.as_ref().unwrap().raw(), a.said_at.unwrap().to_string().as_str()),
        ("Vendor", "2026-01-02T03:04:05.000Z")
    );
    assert_eq!((a.products[0].raw(), a.scope.is_none()), ("pkg:oci/pay@sha256%3Aab", true));
    assert_eq!(
        c.detail.raw(),
        "The document gives the justification inline_mitigations_already_exist and no reasoning."
    );
    assert_eq!(c.subject.package.as_ref().unwrap().version.as_ref().unwrap().raw(), "3");
    let places: Vec<&str> = reasons(&import).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, (2..9).map(|n| format!("statements[{n}]")).collect::<Vec<_>>());
}

#[test]
fn cyclonedx_of_others() {
    let of = |id: &str, analysis: Value, affects: Value| json!({"id": id, "analysis": analysis, "affects": affects});
    let lib = json!([{"ref": "a"}]);
    let import = read(&json!({"bomFormat": "CycloneDX", "specVersion": "1.5",
    "metadata": {"component": {"bom-ref": "root", "name": "pay", "version": "1"}, "authors": [{"name": "Vendor"}]},
    "components": [{"bom-ref": "x", "name": "x", "components": [{"bom-ref": "a", "group": "org", "name": "lib", "version": "1", "purl": "pkg:maven/org/lib@1"}]}],
    "vulnerabilities": [
        of("CVE-1-1", json!({"state": "not_affected", "justification": "protected_by_compiler", "detail": "Canary."}), lib.clone()),
        of("CVE-1-2", json!({"state": "false_positive", "detail": "Other lib."}), json!([{"ref": "root"}])),
        of("CVE-1-3", json!({"state": "exploitable", "response": ["will_not_fix"], "detail": "Small."}), lib.clone()),
        of("CVE-1-4", json!({"state": "exploitable", "response": ["will_not_fix", "update"], "detail": "Update."}), lib.clone()),
        of("CVE-1-5", json!({"state": "in_triage"}), lib.clone()),
        of("CVE-1-6", json!({"state": "resolved"}), lib.clone()),
        of("CVE-1-7", json!({"state": "not_affected", "justification": "code_not_reachable"}),
           json!([{"ref": "a", "versions": [{"version": "1"}, {"range": "vers:maven/<2"}]}])),
        json!({"id": "CVE-1-8"}),
    ]}));
    let said: Vec<_> = import.statements.iter().map(|s| (s.name(), s.status, s.justification)).collect();
    assert_eq!(
        said,
        [
            ("CVE-1-1 in org/lib".to_owned(), Status::NotAffected, Some(Justification::InlineMitigationsAlreadyExist)),
            ("CVE-1-2".to_owned(), Status::FalsePositive, None),
            ("CVE-1-3 in org/lib".to_owned(), Status::Accepted, None),
            ("CVE-1-7 in org/lib".to_owned(), Status::NotAffected, Some(Justification::VulnerableCodeNotInExecutePath)),
        ]
    );
    assert_eq!(import.statements[0].detail.raw(), "protected_by_compiler: Canary.", "their word is not lost");
    assert_eq!(import.statements[1].products[0].raw(), "pay@1");
    let places: Vec<&str> = reasons(&import).into_iter().map(|(place, _)| place).collect();
    let v = |n: usize, rest: &str| format!("vulnerabilities[{n}]{rest}");
    assert_eq!(places, [v(3, ""), v(4, ""), v(5, ""), v(6, ".affects[0].versions[1]"), v(7, "")]);
}

#[test]
fn sarif_of_others() {
    let result = |rule: &str, suppressions: Value| {
        json!({"ruleId": rule, "message": {"text": "m"}, "suppressions": suppressions, "locations": [{"physicalLocation":
            {"artifactLocation": {"uri": "src/a%20b.py"}, "region": {"startLine": 3, "snippet": {"text": "x = 1"}}}}]})
    };
    let import = read(
        &json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Bandit", "version": "1.7.5"}}, "results": [
            result("B101", json!([{"kind": "external", "justification": "False positive: a test."}])),
            result("B102", json!([{"kind": "inSource", "status": "accepted", "justification": "Fine here.",
                                   "properties": {"expiryUtc": "2027-01-01T00:00:00Z", "alias": "bob"}}])),
            result("B103", json!([{"kind": "external", "justification": "a"}, {"kind": "external", "status": "underReview", "justification": "b"}])),
            result("B104", json!([{"kind": "external", "state": "rejected", "justification": "bla"}])),
            result("B105", json!([{"kind": "inSource"}])),
            result("B106", json!([])),
        ]}]}),
    );
    let [a, b] = import.statements.as_slice() else { panic!("two: {import:?}") };
    assert_eq!(
        (a.status, b.status),
        (Status::FalsePositive, Status::Accepted),
        "the cautious one, where the words say nothing"
    );
    assert_eq!(a.subject.place.raw(), "src/a b.py:3");
    assert_eq!((a.subject.tool.raw(), a.subject.tool_major.as_deref()), ("Bandit", Some("1")));
    assert_eq!((b.expires.unwrap().date().as_str(), b.said_by.is_none()), ("2027-01-01", true));
    assert_eq!(
        reasons(&import),
        [
            ("runs[0].results[2].suppressions[0]", "The suppression of this result is still under review."),
            ("runs[0].results[2].suppressions[1]", "The suppression of this result is still under review."),
            ("runs[0].results[3].suppressions[0]", "A suppression of this result was rejected."),
            ("runs[0].results[4].suppressions[0]", "It gives no reason, and a dismissal needs one."),
        ]
    );
}

#[test]
fn other_documents_are_refused() {
    for text in ["", "{", "[]", "{}", "<bom/>", r#"{"version": "2.0.0", "runs": []}"#, r#"{"bomFormat": "CycloneDX"}"#]
    {
        let Err(Unreadable(why)) = import(text.as_bytes()) else { panic!("{text}") };
        assert!(why.ends_with('.'), "{why}");
    }
    assert!(import(b"\xef\xbb\xbf{\"version\": \"2.1.0\", \"runs\": []}").is_ok());
}

#[test]
fn a_document_in_an_in_toto_statement_is_read() {
    let (vex, _) = written(Format::OpenVex, &statements());
    let wrapped = json!({"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicate": vex});
    assert_eq!(read(&wrapped), read(&vex));
    assert!(Format::ALL.iter().all(|f| Format::from_word(f.word()) == Some(*f)));
}

#[test]
fn statements_find_their_findings() {
    let release = release();
    let pairs = dismissals();
    for (dismissal, finding) in &pairs {
        let statement = Statement::of(dismissal, Some(finding), &release);
        let found: Vec<_> = pairs.iter().filter(|(_, f)| statement.speaks_of(f, &release).is_some()).collect();
        assert_eq!(found.len(), 1, "{}", statement.name());
        assert_eq!(found[0].1.fingerprint, finding.fingerprint);
    }
    let vex = |product: &str, inner: Value| {
        let product = json!({"@id": product, "subcomponents": inner});
        let doc = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"vulnerability": "GHSA-aaaa-bbbb-cccc",
            "status": "not_affected", "impact_statement": "No.", "products": [product]}]});
        read(&doc).statements[0].speaks_of(&pairs[0].1, &release)
    };
    let (image, lib) = (release_image(), json!([{"@id": "pkg:maven/org.example/lib@1.2.3"}]));
    assert_eq!(vex(&image, lib.clone()), Some(Rung::Vulnerability));
    assert_eq!(vex("pkg:maven/org.example/lib@1.2.3", json!([])), Some(Rung::Vulnerability));
    assert_eq!(vex(&image, json!([])), Some(Rung::Vulnerability));
    assert_eq!(vex(&image, json!([{"@id": "pkg:maven/org.example/lib@1.2.4"}])), None, "another version");
    assert_eq!(vex(&image, json!([{"@id": "pkg:maven/org.example/other@1.2.3"}])), None, "another package");
    assert_eq!(vex("pkg:oci/pay@sha256%3A00", lib.clone()), None, "another image of the name");
    assert_eq!(vex("pkg:generic/pay@v1.4.2", lib.clone()), Some(Rung::Vulnerability));
    assert_eq!(vex("pkg:generic/pay@1.4.1", lib.clone()), None, "another version of the product");
    assert_eq!(vex("pkg:generic/shipping@1", lib), None, "another product");
}

fn release_image() -> String {
    statements()[3].products[0].raw().to_owned()
}

/// Writes one export of each kind below the folder that is named, for tests/validate-exchange.py.
#[test]
#[ignore = "writes files for tests/validate-exchange.py"]
fn write_samples() {
    let Some(folder) = std::env::var_os("COUNTERSIGN_EXCHANGE_SAMPLES").map(PathBuf::from) else {
        println!("skipped: COUNTERSIGN_EXCHANGE_SAMPLES is not set");
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let many = prop::collection::vec(any_statement(), 60..61);
    let any = proptest::strategy::Strategy::new_tree(&many, &mut runner).unwrap();
    let any = proptest::strategy::ValueTree::current(&any);
    for (name, statements) in [("signed", statements()), ("any", any)] {
        for format in Format::ALL {
            let document = written(format, &statements).1.document.unwrap();
            std::fs::write(folder.join(format!("{name}.{}.json", format.word())), document).unwrap();
        }
    }
}
