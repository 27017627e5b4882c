use super::*;
use crate::domain::canonical::sha256;
use crate::domain::quorum::DelegationScope;
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
    for statement in [samples::decision(), samples::triage(), samples::delegation()] {
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
    assert_eq!(read(payload.replacen("\"schema\":2", "\"schema\":2.0", 1)), Err(StatementError::NotCanonical));
    assert_eq!(read(payload.replacen("\"schema\":2", "\"schema\": 2", 1)), Err(StatementError::NotCanonical));
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
    assert!(matches!(edited(&s, |v| v["predicate"]["schema"] = 3.into()), Err(StatementError::Invalid(_))));
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
fn nothing_is_signed_of_findings_that_nobody_assessed() {
    let statement = samples::decision();
    assert_eq!(statement.decision().unwrap().findings.counts, None, "the sample has no source of findings");
    let value: serde_json::Value = serde_json::from_slice(&statement.payload().unwrap()).unwrap();
    assert_eq!(value["predicate"]["findings"], serde_json::json!({"dismissed": []}));
    // What was counted reads, with and without what is new.
    let mut counts = serde_json::to_value(crate::domain::severity::Tally::default()).unwrap();
    let read =
        |counts: &serde_json::Value| edited(&statement, |v| v["predicate"]["findings"]["counts"] = counts.clone());
    assert_eq!(read(&counts).unwrap().decision().unwrap().findings.counts.unwrap().new, None);
    counts["new"] = 3.into();
    assert_eq!(read(&counts).unwrap().decision().unwrap().findings.counts.unwrap().new, Some(3));
}

/// A decision as the version before wrote it.
fn of_schema_one(v: &mut serde_json::Value) {
    v["predicate"]["schema"] = 1.into();
    v["predicate"]["findings"]["counts"] = serde_json::to_value(crate::domain::severity::Tally::default()).unwrap();
}

#[test]
fn decisions_of_schema_one_are_read_and_have_nothing_of_schema_two() {
    let s = samples::decision();
    let with = |edit: fn(&mut serde_json::Value)| {
        edited(&s, |v| {
            of_schema_one(v);
            edit(&mut v["predicate"]);
        })
    };
    let read = with(|_| ()).unwrap();
    assert_eq!(read.decision().unwrap().schema, 1);
    assert_eq!(Statement::parse(&read.payload().unwrap()), Ok(read), "and written again as they were");
    let newer: [fn(&mut serde_json::Value); 8] = [
        |p| p["policy"]["approvers"] = sha256(b"").to_string().into(),
        |p| p["policy"]["quorum"] = serde_json::json!([{"rule": "r", "role": "x", "count": 1}]),
        |p| p["policy"]["roles"] = serde_json::json!(["x"]),
        |p| p["policy"]["excluded"] = serde_json::json!([{"name": "x", "reason": "author"}]),
        |p| p["breakGlass"] = true.into(),
        |p| p["delegation"] = "01JX0000000000000000000000".into(),
        |p| {
            p["decision"] = "comment".into();
            p["reviews"] = "01JX0000000000000000000000".into();
        },
        |p| {
            p["findings"].as_object_mut().unwrap().remove("counts");
        },
    ];
    for edit in newer {
        assert!(matches!(with(edit), Err(StatementError::Invalid(why)) if why.contains("schema 2")));
        // The same is good in schema 2.
        assert!(edited(&s, |v| edit(&mut v["predicate"])).is_ok());
    }
}

#[test]
fn what_quorums_need_is_in_one_spelling() {
    let s = samples::decision();
    let with = |edit: &dyn Fn(&mut serde_json::Value)| edited(&s, |v| edit(&mut v["predicate"])).map(|_| ());
    let invalid = |result: Result<(), StatementError>, word: &str| {
        assert!(matches!(&result, Err(StatementError::Invalid(why)) if why.contains(word)), "{result:?}");
    };
    // An empty list and a no are left out.
    for field in ["quorum", "roles", "excluded"] {
        let empty = with(&|p| p["policy"][field] = serde_json::json!([]));
        assert!(matches!(empty, Err(StatementError::Fields(_))), "{field}: {empty:?}");
    }
    assert!(matches!(with(&|p| p["breakGlass"] = false.into()), Err(StatementError::Fields(_))));
    invalid(with(&|p| p["policy"]["roles"] = serde_json::json!(["b", "a"])), "sorted");
    invalid(with(&|p| p["policy"]["roles"] = serde_json::json!(["a", "a"])), "sorted");
    let one = serde_json::json!({"name": "x", "reason": "author"});
    invalid(with(&|p| p["policy"]["excluded"] = serde_json::json!([one, one])), "sorted");
    for count in [0, 101] {
        let need = serde_json::json!([{"rule": "r", "role": "x", "count": count}]);
        invalid(with(&|p| p["policy"]["quorum"] = need.clone()), "count");
    }
    let other =
        |p: &mut serde_json::Value| p["policy"]["excluded"] = serde_json::json!([{"name": "x", "reason": "boss"}]);
    assert!(matches!(with(&other), Err(StatementError::Fields(_))));
    for verb in ["reject", "halt", "comment"] {
        let alone = |p: &mut serde_json::Value| {
            p["decision"] = verb.into();
            p["breakGlass"] = true.into();
        };
        invalid(with(&alone), "approvals only");
    }
    let both = |p: &mut serde_json::Value| {
        p["breakGlass"] = true.into();
        p["delegation"] = "01JX0000000000000000000000".into();
    };
    invalid(with(&both), "delegated");
    invalid(with(&|p| p["reviews"] = "01JX0000000000000000000000".into()), "not a comment");
}

#[test]
fn what_is_said_of_a_decision_is_over_the_same_gate_and_needs_no_evidence() {
    let earlier = samples::decision();
    let about = |verb| About {
        id: RecordId::new("01JX0000000000000000000009"),
        verb,
        reason: "wrong build".into(),
        nonce: "aa".repeat(16),
        issued_at: samples::at("2026-06-01T13:00:00Z"),
        not_after: samples::at("2026-06-02T13:00:00Z"),
        approver: samples::approver(&samples::signer()),
        clock_skew_seconds: None,
    };
    let revoke = Statement::of_earlier(&earlier, about(Verb::Revoke)).unwrap();
    let (before, after) = (earlier.decision().unwrap(), revoke.decision().unwrap());
    assert_eq!((&after.supersedes, &after.reviews), (&Some(before.decision_id.clone()), &None));
    assert_eq!((&after.orchestrator, &after.dossier_digest), (&before.orchestrator, &before.dossier_digest));
    assert!(after.evidence.is_empty() && revoke.subject == earlier.subject);
    assert_eq!(Statement::parse(&revoke.payload().unwrap()), Ok(revoke));
    let review = Statement::of_earlier(&earlier, about(Verb::Comment)).unwrap();
    let after = review.decision().unwrap();
    assert_eq!((&after.supersedes, &after.reviews), (&None, &Some(before.decision_id.clone())));
    assert!(Statement::of_earlier(&samples::triage(), about(Verb::Revoke)).is_err());
}

#[test]
fn a_delegation_binds_to_what_it_gives() {
    let s = samples::delegation();
    assert_eq!((s.kind(), s.namespace()), ("delegation", crate::trust::DELEGATION_NAMESPACE));
    let invalid = |edit: &dyn Fn(&mut serde_json::Value), word: &str| {
        let result = edited(&s, edit).map(|_| ());
        assert!(matches!(&result, Err(StatementError::Invalid(why)) if why.contains(word)), "{result:?}");
    };
    assert!(edited(&s, |_| ()).is_ok());
    invalid(&|v| v["predicate"]["roles"] = serde_json::json!(["admin"]), "subject");
    invalid(&|v| v["predicate"]["to"] = "eve@example.com".into(), "subject");
    invalid(&|v| v["predicate"]["scope"]["environments"] = serde_json::json!(["*"]), "subject");
    invalid(&|v| v["predicate"]["roles"] = serde_json::json!([]), "needs roles");
    invalid(&|v| v["predicate"]["scope"]["services"] = serde_json::json!([]), "needs roles");
    invalid(&|v| v["predicate"]["revokes"] = "x".into(), "needs roles");
    invalid(&|v| v["predicate"]["to"] = samples::ANA.into(), "the one who signs it");
    invalid(&|v| v["predicate"]["notAfter"] = "2020-01-01T00:00:00.000Z".into(), "notAfter");
    invalid(&|v| v["predicate"]["schema"] = 2.into(), "schema");
    let none = DelegationScope { services: Vec::new(), environments: Vec::new() };
    let choice = DelegationChoice {
        revokes: Some(s.id().clone()),
        roles: Vec::new(),
        scope: none,
        ..samples::delegation_choice()
    };
    let back = Statement::of_delegation(choice).unwrap();
    assert_eq!(Statement::parse(&back.payload().unwrap()), Ok(back));
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
    assert_eq!(with(&|r| r.subject.look_alikes = Some(2)), Ok(()));
    invalid(with(&|r| r.subject.look_alikes = Some(1)), "fewer than two");
    assert_eq!(with(&|r| r.subject.also = vec!["a.py:9".into(), "b.py:1".into()]), Ok(()));
    invalid(with(&|r| r.subject.also = vec!["b.py:1".into(), "a.py:9".into()]), "not sorted");
    invalid(with(&|r| r.subject.also = vec!["a.py:9".into(), "a.py:9".into()]), "not sorted");
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
    let mut subject = RecordSubject::from(dismissal.subject.clone());
    assert_eq!(subject, samples::record().subject);
    (subject.also, subject.look_alikes) = (vec!["b.py:9".into()], Some(2));
    assert_eq!(RecordSubject::from(crate::domain::triage::Subject::from(subject.clone())), subject);
}
