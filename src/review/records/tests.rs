//! A real ledger of signed documents, read: whole and in parts, with copies, stamps, and what was said later.

use std::time::Duration;

use super::*;
use crate::domain::decision::Receipt;
use crate::ledger::check::Audit;
use crate::ledger::{Draft, EntryKind, SqliteLedger};
use crate::orchestrator::Order;
use crate::trust::APPROVERS_NAMESPACE;
use crate::trust::approvers::signed;
use crate::trust::dsse::Envelope;
use crate::trust::quorum::{self, Question, Tally, Why};
use crate::trust::signer::{Signer as _, TestSigner};
use crate::trust::statement::{About, ApproverRef, Choice, Statement};
use crate::trust::tests::stamps::{self, Authority};
use crate::trust::tests::{openssh, samples};
use crate::trust::verify::Expected;

const PEOPLE: [(&str, u8); 5] = [("ana", 1), ("bob", 3), ("dan", 5), ("eve", 6), ("keeper", 9)];

/// Eve signs, and is not in the file; Dan may take back what others decided, and approve alone.
const FILE: &str = r#"schema = 1
serial = 1
[[person]]
principal = "ana"
roles = ["manager"]
[[person]]
principal = "bob"
roles = ["manager"]
[[person]]
principal = "dan"
roles = ["commander", "revoker"]
[[rule]]
name = "one"
services = ["*"]
environments = ["prod"]
need = [{ role = "manager", count = 1 }]
[break_glass]
role = "commander"
environments = ["prod"]
"#;

fn signer(name: &str) -> TestSigner {
    let (_, seed) = PEOPLE.iter().find(|(n, _)| *n == name).unwrap();
    TestSigner::from_seed([*seed; 32]).unwrap()
}

/// A ledger, and who is listed.
pub(in crate::review) struct World {
    folder: tempfile::TempDir,
    pub ledger: SqliteLedger,
    pub trust: TrustConfig,
}

impl World {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With options in everybody's line of allowed_signers.
    fn with(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let line = |(name, _): (&str, u8)| {
            format!("{name} namespaces=\"*,{APPROVERS_NAMESPACE}\"{options} {}\n", signer(name).key().to_line())
        };
        let path = folder.path().join("allowed_signers");
        std::fs::write(&path, PEOPLE.map(line).concat()).unwrap();
        let trust = TrustConfig { allowed_signers: Some(path), ..TrustConfig::default() };
        Self { ledger: SqliteLedger::open(&folder.path().join("ledger.db")).unwrap(), folder, trust }
    }

    pub fn read(&self, before: Option<&Arc<Records>>) -> Arc<Records> {
        Records::read(&self.ledger, &self.trust, before.cloned()).unwrap()
    }

    fn approvers(&self) -> Approvers {
        let signature = signed::sign(FILE.as_bytes(), &signer("keeper")).unwrap();
        let root = crate::review::sign::trust_root(&self.trust).unwrap();
        signed::verify("f", FILE.as_bytes(), signature.as_bytes(), &root, at(0)).unwrap().approvers
    }

    /// Appends a document, an intent or a receipt; gives its position.
    pub fn put(&self, kind: EntryKind, record: &str, body: &[u8]) -> u64 {
        self.put_at(kind, record, body, at(0))
    }

    fn put_at(&self, kind: EntryKind, record: &str, body: &[u8], at: Timestamp) -> u64 {
        let (record, gate) = (RecordId::new(record), Some(samples::gate_id().to_string()));
        self.ledger.append(&[Draft { kind, record, gate, at, body: body.to_vec() }]).unwrap()[0].seq
    }

    /// Somebody approves.
    fn approve(&self, name: &str, id: &str, alone: bool) -> Vec<u8> {
        let body = approval(name, id, alone);
        self.put(EntryKind::Decision, id, &body);
        body
    }

    fn about(&self, name: &str, id: &str, verb: Verb, earlier: &[u8], minute: u64) {
        let envelope = Envelope::parse(earlier).unwrap().open().unwrap();
        let about = About {
            id: RecordId::new(id),
            verb,
            reason: "because".into(),
            nonce: id.to_owned(),
            issued_at: at(minute),
            not_after: at(minute + 600),
            approver: as_of(name),
            clock_skew_seconds: None,
        };
        let statement = Statement::of_earlier(&Statement::parse(&envelope.payload).unwrap(), about).unwrap();
        self.put_at(EntryKind::Decision, id, &sealed(&statement, name), at(minute));
    }

    fn intend(&self, id: &str, envelope: &[u8]) {
        let order = Order {
            decision: RecordId::new(id),
            verb: Verb::Approve,
            gate: samples::gate_id(),
            attempt: "1780315200000".to_owned(),
            option: None,
            reason: "because".into(),
            envelope_digest: crate::domain::canonical::sha256(envelope),
            envelope: serde_json::from_slice(envelope).unwrap(),
            others: Vec::new(),
            anchor: None,
        };
        self.put(EntryKind::Intent, id, &serde_json::to_vec(&order).unwrap());
    }

    fn receipt(&self, id: &str, status: ReceiptStatus) {
        let receipt = Receipt { decision: RecordId::new(id), status, at: at(1), detail: "seen".into() };
        self.put(EntryKind::Receipt, id, &serde_json::to_vec(&receipt).unwrap());
    }
}

fn at(minute: u64) -> Timestamp {
    samples::at(samples::NOW).plus(Duration::from_secs(minute * 60))
}

fn as_of(name: &str) -> ApproverRef {
    ApproverRef { principal: Principal::new(name), ..samples::approver(&signer(name)) }
}

fn sealed(statement: &Statement, name: &str) -> Vec<u8> {
    Envelope::sign(statement, &signer(name)).unwrap().to_bytes().unwrap()
}

/// The envelope of an approval.
pub(in crate::review) fn approval(name: &str, id: &str, alone: bool) -> Vec<u8> {
    approval_at(name, id, alone, at(0))
}

fn approval_at(name: &str, id: &str, alone: bool, issued_at: Timestamp) -> Vec<u8> {
    let mut choice = Choice {
        id: RecordId::new(id),
        nonce: id.to_owned(),
        issued_at,
        not_after: issued_at.plus(Duration::from_secs(86_400)),
        approver: as_of(name),
        ..samples::choice(Verb::Approve)
    };
    choice.entitlement.break_glass = alone;
    sealed(&Statement::of_decision(&samples::dossier(), choice).unwrap(), name)
}

fn tally(records: &Records, approvers: Option<&Approvers>) -> Tally {
    let expected = Expected {
        gate: samples::gate_id(),
        attempt: None,
        option: None,
        environment: "prod".to_owned(),
        artifacts: Vec::new(),
        commit: None,
        policy: None,
        verb: Verb::Approve,
    };
    let question = Question {
        expected: &expected,
        service: Some("payments"),
        approvers,
        now: at(60),
        excluded: &[],
        barred: &[],
        in_order: true,
        evidence: None,
    };
    quorum::tally(&records.cast(&samples::gate_id()), &question).unwrap()
}

#[test]
fn what_was_said_later_is_told_as_the_quorum_counts_it() {
    let world = World::new();
    let (mine, alone) = (world.approve("ana", "A", false), world.approve("dan", "G", true));
    let approvers = world.approvers();
    let told = |roles: Option<&Approvers>| {
        let records = world.read(None);
        let of = |id: &str| records.remarked(records.decision(&RecordId::new(id)).unwrap(), roles);
        let (revoked_by, reviewed_by) = (of("A").revoked_by, of("G").reviewed_by);
        // The same question, to the quorum.
        let tally = tally(&records, roles);
        let why = tally.votes.iter().find(|v| v.decision.as_str() == "A").unwrap().why.clone();
        assert_eq!(revoked_by, if let Some(Why::Revoked(by)) = why { Some(by) } else { None });
        if roles.is_some() {
            assert_eq!(reviewed_by, tally.break_glass.unwrap().reviewed_by);
        }
        let list = records.of_gate(&samples::gate_id(), roles);
        assert_eq!(list[0].revoked_by, revoked_by, "the list says the same");
        [revoked_by, reviewed_by].map(|by| by.map(|by| by.to_string()).unwrap_or_default())
    };
    // Neither by somebody who holds no such role, nor by a stranger to the file, nor by oneself.
    world.about("bob", "1", Verb::Revoke, &mine, 2);
    world.about("eve", "2", Verb::Comment, &alone, 2);
    world.about("dan", "3", Verb::Comment, &alone, 2);
    assert_eq!(told(Some(&approvers)), ["", ""]);
    world.about("bob", "4", Verb::Comment, &alone, 3);
    world.about("dan", "5", Verb::Revoke, &mine, 3);
    assert_eq!(told(Some(&approvers)), ["dan", "bob"]);
    assert_eq!(told(None), ["", ""], "without a file nobody holds a role");
    world.about("ana", "6", Verb::Revoke, &mine, 4);
    assert_eq!(told(None), ["ana", ""]);
}

#[test]
fn a_delivery_that_has_come_to_its_end_is_kept_small_and_opens_again() {
    let world = World::new();
    let envelope = world.approve("ana", "A", false);
    world.intend("A", &envelope);
    let gate = samples::gate_id();
    let underway = |records: &Records| records.approval_underway(&gate, "1780315200000").map(|(_, open)| open.order);
    let ana = Principal::new("ana");

    let mut records = world.read(None);
    assert!(records.is_anything_open() && underway(&records).is_none(), "nothing of it was sent");
    world.receipt("A", ReceiptStatus::Sending);
    records = world.read(Some(&records));
    assert_eq!(
        records.open_orders(&ana)[0].order.envelope,
        serde_json::from_slice::<serde_json::Value>(&envelope).unwrap()
    );
    assert_eq!(records.open_orders(&Principal::new("bob")).len(), 0);
    world.receipt("A", ReceiptStatus::Effective);
    records = world.read(Some(&records));
    assert!(!records.is_anything_open() && records.open_orders(&ana).is_empty());
    let order = underway(&records).unwrap();
    assert_eq!(
        (order.decision.as_str(), &order.envelope),
        ("A", &serde_json::Value::Null),
        "it bars others, and is small"
    );
    assert!(underway(&world.read(None)).is_some());

    // A process that gave up says so after another saw the end: it is to be settled, and may have to be sent.
    world.receipt("A", ReceiptStatus::Unknown);
    for records in [world.read(Some(&records)), world.read(None)] {
        let open = records.open_orders(&ana);
        assert_eq!(open[0].order.envelope["payloadType"], "application/vnd.in-toto+json");
        assert!(records.is_anything_open());
    }
    world.receipt("A", ReceiptStatus::Refused);
    let records = world.read(None);
    assert!(underway(&records).is_none() && !records.is_anything_open());
}

#[test]
fn read_in_parts_and_on_all_cores_it_comes_to_the_same() {
    let world = World::new();
    let mut parts: Option<Arc<Records>> = None;
    for i in 0..700 {
        let id = format!("D{i:04}");
        let mut body = approval(PEOPLE[i % 3].0, &id, false);
        match i % 7 {
            // Somebody else's signature, another id, nothing at all.
            3 => body = approval("ana", "D0000", false),
            5 => body.truncate(body.len() / 2),
            _ => {}
        }
        world.put(EntryKind::Decision, &id, &body);
        if i % 5 == 0 {
            world.receipt(&id, ReceiptStatus::Effective);
        }
        if i % 60 == 0 {
            parts = Some(world.read(parts.as_ref()));
        }
    }
    let (parts, whole) = (world.read(parts.as_ref()), world.read(None));
    assert_eq!(parts.decisions().collect::<Vec<_>>(), whole.decisions().collect::<Vec<_>>());
    assert_eq!((parts.decisions().count(), parts.problems.len()), (500, 200));
    assert_eq!((&parts.problems, &parts.faulty, &parts.counted), (&whole.problems, &whole.faulty, &whole.counted));
    let order: Vec<&str> = whole.decisions().map(|d| d.id.as_str()).collect();
    assert!(order.is_sorted(), "in the ledger's order");
    assert!(whole.problem_of(5).unwrap().starts_with("Ledger entry 5 ("), "{:?}", whole.problem_of(5));
}

#[test]
fn a_new_entry_copies_nothing_of_what_is_held() {
    let world = World::new();
    world.approve("ana", "A", false);
    world.approve("bob", "B", false);
    let before = world.read(None);
    world.approve("dan", "C", false);
    let after = world.read(Some(&before));
    assert_eq!((before.decisions.len(), after.decisions.len()), (2, 3));
    assert!(before.decisions.iter().zip(&after.decisions).all(|(a, b)| Arc::ptr_eq(a, b)));
    // What changes, changes for the newer alone.
    world.receipt("A", ReceiptStatus::Effective);
    let last = world.read(Some(&after));
    let receipt = |records: &Records| records.decision(&RecordId::new("A")).unwrap().receipt.is_some();
    assert_eq!((receipt(&after), receipt(&last)), (false, true));
}

#[test]
fn what_counts_by_its_time_stamp_counts_once_that_is_there() {
    if openssh::missing(&["openssl"]) {
        return;
    }
    let (authority, start) = (Authority::new(stamps::P256, "tsa"), stamps::now());
    let (expiry, recorded) = (start.plus(Duration::from_secs(1_800)), start.plus(Duration::from_secs(3_600)));
    let mut world = World::with(&format!(",valid-before=\"{}Z\"", expiry.compact()));
    world.trust.timestamp_authorities = Some(authority.path("ca.pem"));
    let body = approval_at("ana", "A", false, start);
    world.put_at(EntryKind::Decision, "A", &body, recorded);
    let late = world.read(None);
    assert!(late.problem_of(1).unwrap().contains("does not count"), "{:?}", late.problems);

    let over = Envelope::parse(&body).unwrap().open().unwrap().signature.to_bytes();
    let stamp = |token: &[u8]| {
        use base64::Engine as _;
        let token = base64::engine::general_purpose::STANDARD.encode(token);
        serde_json::json!({ "envelope": crate::domain::canonical::sha256(&body), "token": token }).to_string()
    };
    // The check of the whole ledger says the same, before and after.
    let root = crate::review::sign::trust_root(&world.trust);
    let checked = || {
        let look = |entry: &Entry| crate::review::ledger::look(entry, &root, &world.ledger);
        let found = world.ledger.check(&Audit { look: &look, anchors: &[] }).unwrap().findings;
        found.iter().map(|f| f.code).collect::<Vec<_>>()
    };
    assert_eq!(checked(), ["not-verified"]);
    let wrong = stamp(&authority.stamp(b"something else"));
    world.put_at(EntryKind::Stamp, "A", wrong.as_bytes(), recorded);
    let late = world.read(Some(&late));
    assert_eq!((late.decisions().count(), late.problems.len()), (0, 1), "{:?}", late.problems);
    world.put_at(EntryKind::Stamp, "A", stamp(&authority.stamp(&over)).as_bytes(), recorded);
    for records in [world.read(Some(&late)), world.read(None)] {
        assert_eq!((records.decisions().count(), records.problems.len()), (1, 0), "{:?}", records.problems);
    }
    assert!(checked().is_empty(), "{:?}", checked());
    drop(world.folder);
}
