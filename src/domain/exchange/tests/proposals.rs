//! What becomes of statements over the findings of a release.

use std::sync::Arc;

use serde_json::json;

use super::super::samples::{dismissals, now, release};
use super::super::{Fate, Proposals, Statement, propose};
use super::read;
use crate::domain::dedup::identify;
use crate::domain::finding::Finding;
use crate::domain::severity::Severity;
use crate::domain::triage::{Dismissal, Lapse, Triaged, match_dismissals};

fn findings() -> Vec<Finding> {
    let mut all: Vec<Finding> = dismissals().into_iter().map(|(_, f)| f).collect();
    identify(&mut all);
    all
}

fn triaged(findings: Vec<Finding>, dismissals: &[Dismissal]) -> Vec<Triaged> {
    match_dismissals(findings.into_iter().map(Arc::new).collect(), dismissals, &release(), now(), None, None)
}

fn fates(statements: &[Statement], findings: &[Triaged], dismissals: &[Dismissal]) -> Vec<Fate> {
    let over = Proposals { findings, dismissals, release: &release(), now: now() };
    propose(&statements.iter().collect::<Vec<_>>(), &over)
}

fn own() -> Vec<Statement> {
    dismissals().iter().map(|(d, f)| Statement::of(d, Some(f), &release())).collect()
}

fn theirs(statements: &serde_json::Value) -> Vec<Statement> {
    read(&json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "Vendor", "statements": statements})).statements
}

fn said(id: &str, package: &str, status: &str) -> serde_json::Value {
    json!({"vulnerability": {"name": id}, "status": status, "impact_statement": "No.", "action_statement": "No.",
        "products": [{"@id": package}]})
}

fn why(fate: &Fate) -> &str {
    match fate {
        Fate::Take(..) => "taken",
        Fate::Suggest(_, why) | Fate::Known(why) | Fate::NotTaken(why) => why,
    }
}

#[test]
fn our_own_are_taken_elsewhere_and_known_at_home() {
    let ledger: Vec<Dismissal> = dismissals().into_iter().map(|(d, _)| d).collect();
    let elsewhere = fates(&own(), &triaged(findings(), &[]), &[]);
    for (fate, finding) in elsewhere.iter().zip(findings()) {
        let Fate::Take(taken, _) = fate else { panic!("{fate:?}") };
        assert_eq!(taken.fingerprint, finding.fingerprint);
    }
    for fate in fates(&own(), &triaged(findings(), &ledger), &ledger) {
        assert!(why(&fate).starts_with("The ledger has it, as record 01JD"), "{fate:?}");
    }
    // Signed there by somebody else, it is a record of its own, and the finding is dismissed by it.
    let mut there = ledger;
    for dismissal in &mut there {
        dismissal.id = crate::domain::ids::RecordId::new("01OTHER");
    }
    for fate in fates(&own(), &triaged(findings(), &there), &there) {
        assert!(why(&fate).starts_with("Dismissed already, by ana@example.com as "), "{fate:?}");
    }
}

#[test]
fn what_is_worse_or_elsewhere_now_is_only_suggested() {
    let mut worse = findings();
    worse[0].severity = Severity::Critical;
    worse[1].location.path = Some("other/package-lock.json".into());
    worse[2].sources[0].tool_version = Some("3.0".into());
    let fates = fates(&own(), &triaged(worse, &[]), &[]);
    for (fate, lapse) in fates.iter().zip([Lapse::SeverityRose, Lapse::Moved, Lapse::ToolChanged]) {
        assert_eq!(why(fate), format!("Only suggested: {}.", lapse.words()));
    }
    assert!(fates[3..].iter().all(|f| matches!(f, Fate::Take(..))), "{fates:?}");
}

#[test]
fn what_several_findings_share_is_only_suggested() {
    let lib = "pkg:maven/org.example/lib@1.2.3";
    let one = theirs(&json!([said("CVE-2024-1234", lib, "affected")]));
    assert!(one.is_empty(), "affected says nothing");
    let one = theirs(&json!([said("CVE-2024-1234", lib, "not_affected")]));
    assert_eq!(why(&fates(&one, &triaged(findings(), &[]), &[])[0]), "taken");
    let mut two = findings();
    let mut other = two[0].clone();
    other.location.path = Some("other/pom.xml".into());
    two.push(other);
    identify(&mut two);
    let suggested = &fates(&one, &triaged(two, &[]), &[])[0];
    let Fate::Suggest(both, why) = suggested else { panic!("{suggested:?}") };
    assert_eq!((both.len(), why.as_str()), (2, "Only suggested: it matches several findings."));
    let none = theirs(&json!([said("CVE-1999-1", lib, "not_affected")]));
    let fate = &fates(&none, &triaged(findings(), &[]), &[])[0];
    assert_eq!(*fate, Fate::NotTaken("It speaks of no finding of pay@1.4.2/production.".to_owned()));
}

#[test]
fn of_look_alikes_each_needs_a_statement_of_its_own() {
    let (dismissal, code) = dismissals().pop().unwrap();
    let mut alike = vec![code.clone(), Finding { location: code.location.clone(), ..code }];
    alike[1].location.line = Some(99);
    identify(&mut alike);
    let of = |f: &Finding| {
        let subject = crate::domain::triage::Subject::of(f);
        Statement::of(&Dismissal { subject, ..dismissal.clone() }, Some(f), &release())
    };
    let both: Vec<Statement> = alike.iter().map(of).collect();
    let triaged = triaged(alike, &[]);
    assert!(matches!(fates(&both[..1], &triaged, &[])[0], Fate::Suggest(..)));
    assert!(fates(&both, &triaged, &[]).iter().all(|f| matches!(f, Fate::Take(..))));
}

#[test]
fn statements_about_one_finding_agree_or_none_is_taken() {
    let lib = "pkg:maven/org.example/lib@1.2.3";
    let mut twice =
        theirs(&json!([said("CVE-2024-1234", lib, "not_affected"), said("GHSA-AAAA-BBBB-CCCC", lib, "not_affected"),]));
    let triaged = triaged(findings(), &[]);
    let agreed = fates(&twice, &triaged, &[]);
    assert!(matches!(agreed[0], Fate::Known(_)) && matches!(agreed[1], Fate::Take(..)), "{agreed:?}");
    twice[1].status = crate::domain::triage::Status::FalsePositive;
    for fate in fates(&twice, &triaged, &[]) {
        assert!(why(&fate).starts_with("The statements contradict each other"), "{fate:?}");
    }
}

#[test]
fn whose_words_they_are_is_said() {
    let [one] =
        theirs(&json!([said("CVE-2024-1234", "pkg:maven/org.example/lib@1.2.3", "not_affected")])).try_into().unwrap();
    let of = |one: &Statement| one.imported(super::super::Format::OpenVex).raw().to_owned();
    assert_eq!(of(&one), "Imported from OpenVEX, said by Vendor: No.");
    let nobody = Statement { said_by: None, ..one };
    assert_eq!(of(&nobody), "Imported from OpenVEX, said by nobody that it names: No.");
}
