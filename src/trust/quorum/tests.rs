//! What counts and what does not, over envelopes that were signed and verified.

use super::*;
use crate::domain::quorum::{DelegationScope, Exclusion};
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::approvers::signed;
use crate::trust::dsse::Envelope;
use crate::trust::signer::{Signer as _, TestSigner};
use crate::trust::statement::{About, ApproverRef, Choice, DelegationChoice, Entitlement, Statement};
use crate::trust::tests::samples;
use crate::trust::verify::{TrustRoot, verify_envelope};
use crate::trust::{APPROVERS_NAMESPACE, DELEGATION_NAMESPACE};

mod agree;
mod exceptions;
mod replay;

const PEOPLE: [(&str, u8); 6] = [("ana", 1), ("ana", 2), ("bob", 3), ("cyd", 4), ("dan", 5), ("keeper", 9)];

const FILE: &str = r#"schema = 1
serial = 1
[[person]]
principal = "ana"
roles = ["release-manager"]
names = { github = ["ana-gh"], git = ["ana@acme.example"] }
[[person]]
principal = "bob"
roles = ["security"]
names = { github = ["bob-gh"] }
[[person]]
principal = "cyd"
roles = ["release-manager", "security"]
names = { github = ["cyd-gh"] }
[[person]]
principal = "dan"
roles = ["commander", "revoker"]
names = { github = ["dan-gh"] }
[[rule]]
name = "two"
services = ["*"]
environments = ["prod"]
need = [{ role = "release-manager", count = 1 }, { role = "security", count = 1 }]
hold = "12h"
[break_glass]
role = "commander"
environments = ["prod"]
"#;

fn signer(seed: u8) -> TestSigner {
    TestSigner::from_seed([seed; 32]).unwrap()
}

fn root() -> TrustRoot {
    let lines = PEOPLE.map(|(name, seed)| {
        format!("{name} namespaces=\"*,{APPROVERS_NAMESPACE}\" {}\n", signer(seed).key().to_line())
    });
    TrustRoot { allowed_signers: AllowedSigners::parse("f", &lines.concat()).unwrap(), ..TrustRoot::default() }
}

fn approvers(text: &str) -> Approvers {
    let signature = signed::sign(text.as_bytes(), &signer(9)).unwrap();
    let at = samples::at(samples::NOW);
    signed::verify("approvers.toml", text.as_bytes(), signature.as_bytes(), &root(), at).unwrap().approvers
}

fn at(minute: u32) -> Timestamp {
    samples::at(samples::NOW).plus(std::time::Duration::from_secs(u64::from(minute) * 60))
}

fn as_of(name: &str, seed: u8) -> ApproverRef {
    ApproverRef { principal: Principal::new(name), ..samples::approver(&signer(seed)) }
}

/// What a test may ask otherwise.
struct Asked<'a> {
    expected: Expected,
    service: Option<&'a str>,
    in_order: bool,
    /// Envelopes whose key has come to its end.
    lapsed: Vec<RecordId>,
    excluded: &'a [Excluded],
    barred: Vec<String>,
}

/// Everything about one gate, in the ledger's order.
#[derive(Default)]
struct World {
    all: Vec<(Verified, Option<ReceiptStatus>)>,
}

impl World {
    fn add(&mut self, statement: &Statement, seed: u8) -> RecordId {
        let bytes = Envelope::sign(statement, &signer(seed)).unwrap().to_bytes().unwrap();
        let verified = verify_envelope(&bytes, &root(), statement.issued_at()).unwrap();
        self.all.push((verified, None));
        statement.id().clone()
    }

    fn decide(&mut self, name: &str, seed: u8, minute: u32, edit: impl FnOnce(&mut Choice<'static>)) -> RecordId {
        let mut choice = Choice {
            id: RecordId::new(format!("D{}", self.all.len())),
            nonce: format!("{minute}-{name}"),
            issued_at: at(minute),
            not_after: at(minute).plus(std::time::Duration::from_secs(86_400)),
            approver: as_of(name, seed),
            ..samples::choice(Verb::Approve)
        };
        edit(&mut choice);
        let statement = Statement::of_decision(&samples::dossier(), choice).unwrap();
        self.add(&statement, seed)
    }

    fn approve(&mut self, name: &str, seed: u8, minute: u32) -> RecordId {
        self.decide(name, seed, minute, |_| ())
    }

    fn about(&mut self, name: &str, seed: u8, minute: u32, verb: Verb, decision: &RecordId) -> RecordId {
        let earlier = self.all.iter().find(|(v, _)| v.statement.id() == decision).unwrap().0.statement.clone();
        let about = About {
            id: RecordId::new(format!("D{}", self.all.len())),
            verb,
            reason: "because".into(),
            nonce: format!("{minute}-{name}"),
            issued_at: at(minute),
            not_after: at(minute + 10_000),
            approver: as_of(name, seed),
            clock_skew_seconds: None,
        };
        let statement = Statement::of_earlier(&earlier, about).unwrap();
        self.add(&statement, seed)
    }

    fn delegate(&mut self, name: &str, seed: u8, to: &str, edit: impl FnOnce(&mut DelegationChoice)) -> RecordId {
        let mut choice = DelegationChoice {
            id: RecordId::new(format!("D{}", self.all.len())),
            nonce: format!("{name}-{to}"),
            issued_at: at(0),
            not_before: at(0),
            not_after: at(480),
            approver: as_of(name, seed),
            to: Principal::new(to),
            roles: vec!["security".into()],
            scope: DelegationScope { environments: vec!["prod".into()], services: vec!["*".into()] },
            reason: "leave".into(),
            revokes: None,
            clock_skew_seconds: None,
        };
        edit(&mut choice);
        let statement = Statement::of_delegation(choice).unwrap();
        assert_eq!(statement.namespace(), DELEGATION_NAMESPACE);
        self.add(&statement, seed)
    }

    fn receipt(&mut self, decision: &RecordId, status: ReceiptStatus) {
        self.all.iter_mut().find(|(v, _)| v.statement.id() == decision).unwrap().1 = Some(status);
    }

    fn ask<'q>(&self, file: Option<&str>, minute: u32, edit: impl FnOnce(&mut Asked<'q>)) -> Tally {
        let approvers = file.map(approvers);
        let mut asked = Asked {
            expected: expected(),
            service: Some("payments"),
            in_order: true,
            lapsed: Vec::new(),
            excluded: &[],
            barred: Vec::new(),
        };
        edit(&mut asked);
        let lapsed = |v: &Verified| asked.lapsed.contains(v.statement.id());
        let cast: Vec<Cast<'_>> =
            self.all.iter().map(|(v, r)| Cast { verified: v, receipt: *r, lapsed: lapsed(v) }).collect();
        let question = Question {
            expected: &asked.expected,
            service: asked.service,
            approvers: approvers.as_ref(),
            now: at(minute),
            excluded: asked.excluded,
            barred: &asked.barred,
            in_order: asked.in_order,
            evidence: None,
        };
        tally(&cast, &question).unwrap()
    }

    fn tally(&self, minute: u32) -> Tally {
        self.ask(Some(FILE), minute, |_| ())
    }

    fn words(&self, minute: u32) -> String {
        self.tally(minute).standing().words()
    }
}

fn expected() -> Expected {
    Expected {
        gate: samples::gate_id(),
        attempt: Some("1780315200000".into()),
        environment: "prod".into(),
        artifacts: vec![crate::domain::canonical::sha256(b"x")],
        commit: None,
        option: None,
        policy: None,
        verb: Verb::Approve,
    }
}

fn why(tally: &Tally, decision: &RecordId) -> Why {
    tally.votes.iter().find(|v| v.decision == *decision).unwrap().why.clone().expect("it counts")
}

fn names(names: &[(&str, Exclusion)]) -> Vec<Excluded> {
    names.iter().map(|(n, reason)| Excluded { name: (*n).into(), principal: None, reason: *reason }).collect()
}

#[test]
fn two_people_in_two_roles() {
    let mut w = World::default();
    assert_eq!(w.words(0), "0 of 2, waits for release-manager and security");
    w.approve("ana", 1, 0);
    assert_eq!(w.words(1), "1 of 2, waits for security");
    assert!(!w.tally(1).reached());
    w.approve("bob", 3, 2);
    assert_eq!((w.words(3), w.tally(3).reached()), ("2 of 2".into(), true));
    assert_eq!(w.tally(3).standing().by, [Principal::new("ana"), Principal::new("bob")]);
}

#[test]
fn a_person_counts_once_whatever_the_keys_and_roles() {
    let mut w = World::default();
    let first = w.approve("ana", 1, 0);
    w.approve("ana", 2, 1);
    assert_eq!(w.words(2), "1 of 2, waits for security");
    assert_eq!(why(&w.tally(2), &first), Why::Superseded);
    // Cyd holds both roles, and sits once, where the other does not.
    let mut w = World::default();
    w.approve("cyd", 4, 0);
    assert_eq!(w.words(1), "1 of 2, waits for security");
    w.approve("ana", 1, 1);
    assert_eq!(w.words(2), "2 of 2");
}

#[test]
fn without_an_approvers_file_anybody_is_enough_and_that_is_said() {
    let mut w = World::default();
    assert!(!w.ask(None, 0, |_| ()).reached());
    w.approve("bob", 3, 0);
    let tally = w.ask(None, 1, |_| ());
    assert!(tally.reached() && !tally.roles_checked);
    assert!(tally.standing().notes.iter().any(|n| n.contains("not checked")));
    // Whom the caller names is excluded all the same.
    assert!(!w.ask(None, 1, |q| q.barred = vec!["BOB".into()]).reached());
    assert!(!w.ask(Some(FILE), 1, |q| q.barred = vec!["bob-gh".into()]).counts(&w.all[0].0.statement.id().clone()));
}

#[test]
fn authors_trigger_and_pusher_do_not_count_whoever_knows_it() {
    for (name, reason) in
        [("ana-gh", Exclusion::Author), ("ANA@acme.example", Exclusion::Pusher), ("ana", Exclusion::Trigger)]
    {
        let mut w = World::default();
        let mine = w.approve("ana", 1, 0);
        // Only Bob's sources name her.
        w.decide("bob", 3, 1, |c| c.entitlement.excluded = names(&[(name, reason)]));
        let tally = w.tally(2);
        assert!(matches!(why(&tally, &mine), Why::Excluded(r, _) if r == reason), "{name}");
        assert_eq!(tally.standing().words(), "1 of 2, waits for release-manager");
        // Or only the caller does.
        let mut w = World::default();
        let mine = w.approve("ana", 1, 0);
        let known = names(&[(name, reason)]);
        let tally = w.ask(Some(FILE), 2, |q| q.excluded = &known);
        assert!(matches!(why(&tally, &mine), Why::Excluded(r, _) if r == reason), "{name}");
        // A rule that does not mind.
        let lax = FILE.replace("hold = \"12h\"", "exclude = []");
        assert!(w.ask(Some(&lax), 2, |q| q.excluded = &known).counts(&mine));
    }
    let mut w = World::default();
    w.decide("ana", 1, 0, |c| c.entitlement.excluded = names(&[("octocat", Exclusion::Author)]));
    let tally = w.tally(1);
    assert_eq!(tally.standing().words(), "1 of 2, waits for security");
    assert!(tally.unmapped_words().unwrap().contains("octocat (author)"));
}

#[test]
fn roles_are_those_of_the_file_and_of_the_approval_both() {
    let digest = approvers(FILE).digest;
    let acts = |roles: &[&str]| {
        let mut w = World::default();
        let id = w.decide("cyd", 4, 0, |c| {
            c.entitlement = Entitlement {
                approvers: Some(digest.clone()),
                roles: roles.iter().map(ToString::to_string).collect(),
                ..Entitlement::default()
            };
        });
        (w.words(1), w.tally(1).counts(&id))
    };
    assert_eq!(acts(&["security"]), ("1 of 2, waits for release-manager".into(), true));
    assert_eq!(acts(&[]), ("0 of 2, waits for release-manager and security".into(), false));
    assert!(!acts(&["commander"]).1, "a role that is claimed and not held");
    let mut w = World::default();
    let dan = w.approve("dan", 5, 0);
    assert!(matches!(why(&w.tally(1), &dan), Why::Role(_)));
    let keeper = w.approve("keeper", 9, 0);
    assert_eq!(why(&w.tally(1), &keeper), Why::Unknown);
}

#[test]
fn what_is_taken_back_expired_or_rejected_does_not_count() {
    let both = || {
        let mut w = World::default();
        let (a, b) = (w.approve("ana", 1, 0), w.approve("bob", 3, 1));
        assert!(w.tally(2).reached());
        (w, a, b)
    };
    let (mut w, a, b) = both();
    w.about("bob", 3, 2, Verb::Revoke, &a);
    assert!(w.tally(3).reached(), "others cannot take it back");
    w.about("bob", 3, 2, Verb::Revoke, &b);
    assert_eq!(
        (why(&w.tally(3), &b), w.words(3)),
        (Why::Revoked(Principal::new("bob")), "1 of 2, waits for security".into())
    );
    // Approving again counts again.
    w.approve("bob", 3, 4);
    assert!(w.tally(5).reached());
    let (mut w, a, _) = both();
    w.about("dan", 5, 2, Verb::Revoke, &a);
    assert_eq!(why(&w.tally(3), &a), Why::Revoked(Principal::new("dan")), "a revoker can");
    // The hold of the rule is shorter than what the approval says.
    let (w, a, _) = both();
    assert!(w.tally(719).reached());
    assert_eq!(why(&w.tally(12 * 60 + 1), &a), Why::Old("two".into()));
    assert_eq!(why(&w.tally(25 * 60), &a), Why::Time);
    // A rejection takes out what was approved before; who still wants it approves again.
    let (mut w, a, b) = both();
    let no = w.decide("dan", 5, 1, |c| c.verb = Verb::Reject);
    assert_eq!(why(&w.tally(2), &b), Why::Rejected(Principal::new("dan")), "at the same moment the no wins");
    assert_eq!(why(&w.tally(2), &a), Why::Rejected(Principal::new("dan")));
    w.approve("ana", 1, 3);
    w.approve("bob", 3, 3);
    assert!(w.tally(4).reached());
    w.receipt(&no, ReceiptStatus::Effective);
    assert!(!w.tally(4).reached(), "what took effect, took effect");
    w.receipt(&no, ReceiptStatus::Refused);
    assert!(w.tally(4).reached());
    let (mut w, a, _) = both();
    w.receipt(&a, ReceiptStatus::Refused);
    assert_eq!(why(&w.tally(2), &a), Why::Refused);
}

#[test]
fn all_look_at_the_same_evidence_unless_the_rule_lets_them() {
    let mut w = World::default();
    w.approve("ana", 1, 0);
    let mut other = samples::dossier();
    other.digest = crate::domain::canonical::sha256(b"other evidence");
    let choice = Choice { id: RecordId::new("B"), approver: as_of("bob", 3), ..samples::choice(Verb::Approve) };
    let statement = Statement::of_decision(&other, choice).unwrap();
    w.add(&statement, 3);
    let tally = w.tally(1);
    assert!(!tally.reached());
    assert_eq!(tally.votes.iter().filter(|v| v.why == Some(Why::Evidence)).count(), 1);
    let any = FILE.replace("hold = \"12h\"", "evidence = \"any\"");
    assert!(w.ask(Some(&any), 1, |_| ()).reached());
}

#[test]
fn several_rules_hold_at_once() {
    let file = FILE.to_owned()
        + "[[rule]]\nname = \"payments\"\nservices = [\"pay*\"]\nenvironments = [\"*\"]\nneed = [{ role = \"revoker\", count = 1 }]\n";
    let mut w = World::default();
    w.approve("ana", 1, 0);
    w.approve("bob", 3, 0);
    assert_eq!(w.ask(Some(&file), 1, |_| ()).standing().words(), "2 of 3, waits for revoker");
    w.approve("dan", 5, 0);
    assert!(w.ask(Some(&file), 1, |_| ()).reached());
    let cast: Vec<Cast<'_>> = w.all.iter().map(|(v, r)| Cast { verified: v, receipt: *r, lapsed: false }).collect();
    let (file, expected) = (approvers(&file), expected());
    let mut question = Question {
        expected: &expected,
        service: None,
        approvers: Some(&file),
        now: at(1),
        excluded: &[],
        barred: &[],
        in_order: true,
        evidence: None,
    };
    assert!(matches!(tally(&cast, &question), Err(NoRule::Service { .. })), "which rules apply is not guessed");
    let elsewhere = Expected { environment: "moon".into(), ..expected.clone() };
    question = Question { expected: &elsewhere, service: Some("shop"), ..question };
    assert!(matches!(tally(&cast, &question), Err(NoRule::None { .. })), "no rule, nobody");
}

#[test]
fn whoever_completes_it_delivers() {
    let done = |w: &World, minute: u32| {
        let cast: Vec<Cast<'_>> = w.all.iter().map(|(v, r)| Cast { verified: v, receipt: *r, lapsed: false }).collect();
        let (file, expected) = (approvers(FILE), expected());
        let question = Question {
            expected: &expected,
            service: Some("payments"),
            approvers: Some(&file),
            now: at(minute),
            excluded: &[],
            barred: &[],
            in_order: true,
            evidence: None,
        };
        completed_by(&cast, &question).unwrap()
    };
    let mut w = World::default();
    w.approve("ana", 1, 0);
    assert_eq!(done(&w, 1), None);
    // Signed earlier and recorded later: the ledger's order says who.
    let b = w.approve("bob", 3, 0);
    assert_eq!(done(&w, 1), Some(1));
    w.approve("cyd", 4, 1);
    assert_eq!(done(&w, 2), Some(1), "one more changes nothing");
    w.about("bob", 3, 2, Verb::Revoke, &b);
    assert_eq!(done(&w, 3), Some(2), "Cyd takes Bob's seat once that is empty");
}

#[test]
fn approvals_of_several_attempts_never_make_one_quorum() {
    let mut w = World::default();
    w.approve("ana", 1, 0);
    let mut again = samples::dossier();
    again.gate.attempt = "2".into();
    let choice = Choice {
        id: RecordId::new("B"),
        approver: as_of("bob", 3),
        issued_at: at(1),
        ..samples::choice(Verb::Approve)
    };
    let statement = Statement::of_decision(&again, choice).unwrap();
    w.add(&statement, 3);
    let unknown = Expected { attempt: None, ..expected() };
    let any = FILE.replace("hold = \"12h\"", "evidence = \"any\"");
    let tally = w.ask(Some(&any), 2, |q| q.expected = unknown);
    assert_eq!(tally.standing().words(), "1 of 2, waits for release-manager");
}
