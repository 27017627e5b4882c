use super::*;
use crate::domain::canonical::sha256;
use crate::domain::release::Artifact;
use crate::domain::severity::Severity;
use crate::domain::triage::{Scope, Status};
use crate::trust::tests::samples;

fn edited(statement: &Statement, edit: impl FnOnce(&mut serde_json::Value)) -> Result<Statement, StatementError> {
    let mut value: serde_json::Value = serde_json::from_slice(&statement.payload().unwrap()).unwrap();
    edit(&mut value);
    Statement::parse(&canonical::to_canonical(&value).unwrap())
}

#[test]
fn what_is_written_reads_back() {
    for statement in [samples::decision(), samples::triage()] {
        let payload = statement.payload().unwrap();
        assert_eq!(Statement::parse(&payload), Ok(statement));
    }
}

#[test]
fn only_the_canonical_spelling_is_read() {
    let payload = String::from_utf8(samples::decision().payload().unwrap()).unwrap();
    let read = |text: String| Statement::parse(text.as_bytes()).map(|_| ());
    assert_eq!(read(payload.clone()), Ok(()));
    assert_eq!(read(format!("{payload}\n")), Err(StatementError::NotCanonical));
    assert_eq!(read(payload.replacen("\"schema\":1", "\"schema\":1.0", 1)), Err(StatementError::NotCanonical));
    assert_eq!(read(payload.replacen("\"schema\":1", "\"schema\": 1", 1)), Err(StatementError::NotCanonical));
    assert_eq!(read(payload.replacen("approve", "\\u0061pprove", 1)), Err(StatementError::NotCanonical));
    // A key given twice: the earlier one would be read by some parsers, the later one by others.
    let twice = payload.replacen("\"decision\":\"approve\"", "\"decision\":\"reject\",\"decision\":\"approve\"", 1);
    assert_ne!(twice, payload);
    assert_eq!(read(twice), Err(StatementError::NotCanonical));
    assert!(matches!(read("{".into()), Err(StatementError::NotJson(_))));
}

#[test]
fn only_our_types_and_fields_are_read() {
    let s = samples::decision();
    assert!(edited(&s, |_| ()).is_ok());
    assert!(matches!(edited(&s, |v| v["_type"] = "x".into()), Err(StatementError::Type(_))));
    assert!(matches!(edited(&s, |v| v["predicateType"] = "x".into()), Err(StatementError::PredicateType(_))));
    assert!(matches!(edited(&s, |v| v["predicateType"] = TRIAGE_PREDICATE.into()), Err(StatementError::Fields(_))));
    assert!(matches!(edited(&s, |v| v["predicate"]["more"] = 1.into()), Err(StatementError::Fields(_))));
    assert!(matches!(edited(&s, |v| v["predicate"]["approver"]["more"] = 1.into()), Err(StatementError::Fields(_))));
    assert!(matches!(edited(&s, |v| v["more"] = 1.into()), Err(StatementError::Fields(_))));
    // A time with an offset says the same in other words.
    let time = |v: &mut serde_json::Value| v["predicate"]["issuedAt"] = "2026-06-01T14:00:00.000+02:00".into();
    assert!(matches!(edited(&s, time), Err(StatementError::Fields(_))));
    assert!(matches!(edited(&s, |v| v["predicate"]["schema"] = 2.into()), Err(StatementError::Invalid(_))));
    assert!(matches!(edited(&s, |v| v["subject"] = serde_json::json!([])), Err(StatementError::Invalid(_))));
    let upside_down = |v: &mut serde_json::Value| v["predicate"]["notAfter"] = "2020-01-01T00:00:00.000Z".into();
    assert!(matches!(edited(&s, upside_down), Err(StatementError::Invalid(_))));
    let revoke = |v: &mut serde_json::Value| v["predicate"]["decision"] = "revoke".into();
    assert!(matches!(edited(&s, revoke), Err(StatementError::Invalid(why)) if why.contains("which decision")));
}

#[test]
fn the_payload_is_in_camel_case_without_large_numbers() {
    let payload = String::from_utf8(samples::decision().payload().unwrap()).unwrap();
    for field in ["decisionId", "dossierDigest", "fetchedAt", "keyFingerprint", "notAfter", "stateToken", "asOf"] {
        assert!(payload.contains(&format!("\"{field}\":")), "{field}");
    }
    assert!(payload.contains("\"gate\":\"spinnaker:shop/01HEXEC/01HSTAGE\""));
    let triage = String::from_utf8(samples::triage().payload().unwrap()).unwrap();
    assert!(triage.contains("\"toolMajor\":\"1\""), "{triage}");
}

#[test]
fn a_release_is_named_by_digests_else_by_its_commit() {
    let mut release = samples::release();
    let digest = sha256(b"x");
    let subject = |release: &Release| subjects_of(release, None).map(|s| s.first().unwrap().digest.clone());
    assert_eq!(subject(&release).unwrap(), BTreeMap::from([("sha256".into(), digest.hex().to_owned())]));
    // An image known by its tag only is no subject.
    release.artifacts = vec![Artifact { name: "img".into(), reference: "r/img:1".into(), digest: None }];
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(subject(&release).unwrap(), BTreeMap::from([("gitCommit".into(), commit.to_owned())]));
    release.commit = Some("0123456".into());
    assert_eq!(subject(&release), Err(StatementError::NoSubject));
}

#[test]
fn an_approval_must_bind_and_a_rejection_always_works() {
    let mut dossier = samples::dossier();
    dossier.release.artifacts.clear();
    dossier.release.commit = None;
    let make = |verb| Statement::of_decision(&dossier, samples::choice(verb));
    assert_eq!(make(Verb::Approve), Err(StatementError::NoSubject));
    for verb in [Verb::Reject, Verb::Halt, Verb::Comment] {
        let statement = make(verb).unwrap();
        assert_eq!(statement.subject.first().unwrap().digest["sha256"], dossier.digest.hex());
    }
}

#[test]
fn a_decision_names_every_piece_of_evidence() {
    let statement = samples::decision();
    let decision = statement.decision().unwrap();
    let names: Vec<_> =
        decision.evidence.iter().map(|e| (e.name.as_str(), e.completeness.as_str(), e.viewed)).collect();
    assert_eq!(names, [("builds/ci", "complete", true), ("tickets/jira", "missing:unreachable", false)]);
    assert_eq!(decision.dossier_digest, samples::dossier().digest);
}

#[test]
fn nothing_is_signed_of_what_is_new_where_nobody_knows() {
    let statement = samples::decision();
    let mut value: serde_json::Value = serde_json::from_slice(&statement.payload().unwrap()).unwrap();
    let counts = value["predicate"]["findings"]["counts"].as_object_mut().unwrap();
    assert!(!counts.contains_key("new") && counts.contains_key("high"), "{counts:?}");
    // What was signed with a number still reads.
    counts.insert("new".to_owned(), 3.into());
    let read = Statement::parse(&canonical::to_canonical(&value).unwrap()).unwrap();
    assert_eq!(read.decision().unwrap().findings.counts.new, Some(3));
}

#[test]
fn triage_needs_its_reasons() {
    let with = |edit: &dyn Fn(&mut Record)| {
        let mut choice = samples::triage_choice();
        edit(choice.records.first_mut().unwrap());
        Statement::of_triage(&samples::release(), choice).map(|_| ())
    };
    let invalid = |result: Result<(), StatementError>, word: &str| {
        assert!(matches!(&result, Err(StatementError::Invalid(why)) if why.contains(word)), "{result:?}");
    };
    assert_eq!(with(&|_| ()), Ok(()));
    invalid(with(&|r| r.detail = "  ".into()), "detail");
    invalid(with(&|r| r.status = Status::NotAffected), "justification");
    invalid(with(&|r| r.status = Status::Accepted), "without a day");
    invalid(with(&|r| r.expires = Some("2026-01-01T00:00:00Z".parse().unwrap())), "expired");
    let mut twice = samples::triage_choice();
    twice.records.push(twice.records.first().unwrap().clone());
    invalid(Statement::of_triage(&samples::release(), twice).map(|_| ()), "two records");
}

#[test]
fn a_triage_gives_the_dismissals_that_the_domain_knows() {
    let statement = samples::triage();
    let envelope = sha256(b"envelope");
    let dismissals = statement.triage().unwrap().dismissals(&envelope, &Principal::new("ana@example.com"));
    let [dismissal] = dismissals.as_slice() else { panic!("{dismissals:?}") };
    assert_eq!(dismissal.principal.as_str(), "ana@example.com");
    assert_eq!((dismissal.subject.severity, &dismissal.scope), (Severity::High, &Scope::default()));
    assert_eq!(RecordSubject::from(dismissal.subject.clone()), samples::record().subject);
}
