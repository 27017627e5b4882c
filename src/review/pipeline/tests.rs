//! What speaks of a gate, and what time does to it.

use super::*;
use crate::domain::decision::Verb;
use crate::domain::ids::Principal;
use crate::ledger::Draft;
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::signer::{Signer as _, TestSigner};
use crate::trust::statement::{ApproverRef, Choice};
use crate::trust::tests::samples;

#[test]
fn a_bundle_is_its_envelope_and_nothing_else_is_touched() {
    let envelope = serde_json::json!({"payload": "e30=", "payloadType": "x", "signatures": []});
    let bundle = serde_json::json!({"mediaType": MEDIA_TYPE, "dsseEnvelope": envelope, "verificationMaterial": {}});
    let bare = crate::domain::canonical::to_canonical(&envelope).unwrap();
    assert_eq!(unwrapped(serde_json::to_vec_pretty(&bundle).unwrap()), bare);
    for other in [&b"{"[..], b"[]", b"{\"mediaType\":\"else\",\"dsseEnvelope\":{}}", &bare] {
        assert_eq!(unwrapped(other.to_vec()), other);
    }
}

fn signer(seed: u8) -> TestSigner {
    TestSigner::from_seed([seed; 32]).unwrap()
}

fn minute(n: u64) -> Timestamp {
    samples::at(samples::NOW).plus(std::time::Duration::from_secs(n * 60))
}

/// Ana's key is good for ever, Ben's until some minutes after the samples' time.
fn root() -> TrustRoot {
    let end: String = minute(30).to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let lines = format!(
        "ana namespaces=\"*\" {}\nben namespaces=\"*\",valid-before=\"{end}Z\" {}\n",
        signer(1).key().to_line(),
        signer(2).key().to_line()
    );
    TrustRoot { allowed_signers: AllowedSigners::parse("f", &lines).unwrap(), ..TrustRoot::default() }
}

fn signed(name: &str, seed: u8, at: u64, verb: Verb) -> (RecordId, Vec<u8>) {
    let id = RecordId::new(format!("{name}{at}"));
    let choice = Choice {
        id: id.clone(),
        nonce: format!("{name}{at}"),
        issued_at: minute(at),
        not_after: minute(at + 1_000),
        approver: ApproverRef { principal: Principal::new(name), ..samples::approver(&signer(seed)) },
        ..samples::choice(verb)
    };
    let statement = Statement::of_decision(&samples::dossier(), choice).unwrap();
    (id, Envelope::sign(&statement, &signer(seed)).unwrap().to_bytes().unwrap())
}

fn entry(seq: u64, gate: Option<&str>, at: u64, (record, body): (RecordId, Vec<u8>)) -> Entry {
    let gate = gate.map(str::to_owned);
    Entry::new(seq, Draft { kind: EntryKind::Decision, record, gate, at: minute(at), body })
}

fn judged(candidates: &[Candidate], now: u64) -> Answer {
    let expected = Expected {
        gate: samples::gate_id(),
        attempt: None,
        environment: "prod".into(),
        artifacts: Vec::new(),
        commit: None,
        option: None,
        policy: None,
        verb: Verb::Approve,
    };
    let wanted = Wanted { expected, service: None, not_by: Vec::new() };
    judge(candidates, &Trust { root: root(), approvers: None }, &wanted, minute(now))
}

#[test]
fn what_is_signed_for_a_gate_speaks_of_it_whatever_the_ledger_says() {
    let gate = samples::gate_id();
    let name = gate.to_string();
    for elsewhere in [None, Some("spinnaker:other/gate/here")] {
        let entries = [
            entry(1, Some(&name), 0, signed("ana", 1, 0, Verb::Approve)),
            entry(2, elsewhere, 1, signed("ben", 2, 1, Verb::Reject)),
        ];
        let records = Records::of(&entries, &root());
        let found = candidates(entries.to_vec(), &gate, &records);
        assert_eq!(found.len(), 2);
        assert!(judged(&found, 2).outcome().is_err());
        assert!(judged(&found[..1], 2).outcome().is_ok());
        assert!(candidates(entries[1..].to_vec(), &"spinnaker:a/b/c".parse().unwrap(), &records).is_empty());
    }
}

#[test]
fn a_rejection_outlives_the_key_that_signed_it_and_an_approval_does_not() {
    let ana = signed("ana", 1, 0, Verb::Approve);
    let ben = signed("ben", 2, 10, Verb::Reject);
    let file = |bytes: &[u8]| Candidate {
        from: "f".into(),
        bytes: bytes.to_vec(),
        recorded: None,
        receipt: None,
        stamps: Vec::new(),
    };
    let recorded = |bytes: &[u8], at: u64| Candidate { recorded: Some(minute(at)), ..file(bytes) };
    for now in [20, 40] {
        // By the ledger's time, and of files by their own.
        assert!(judged(&[recorded(&ana.1, 0), recorded(&ben.1, 10)], now).outcome().is_err(), "{now}");
        assert!(judged(&[file(&ben.1), file(&ana.1)], now).outcome().is_err(), "{now}");
    }
    // What the ledger took in after the key's end says nothing.
    assert!(judged(&[recorded(&ana.1, 0), recorded(&ben.1, 35)], 40).outcome().is_ok());
    // As of an earlier time, what the ledger did not have yet lets nothing pass, whatever it says of its own time.
    assert!(judged(&[recorded(&ana.1, 60)], 10).outcome().is_err());
    assert!(judged(&[recorded(&ana.1, 60)], 61).outcome().is_ok());
    let ben = signed("ben", 2, 10, Verb::Approve);
    assert!(judged(&[recorded(&ben.1, 10)], 20).outcome().is_ok());
    assert!(judged(&[recorded(&ben.1, 10)], 40).outcome().is_err());
}
