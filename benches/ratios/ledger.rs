//! The ledger: appending, the tree, and checking all of it.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::domain::decision::Verb;
use countersign::domain::dossier::Dossier;
use countersign::domain::ids::{Principal, RecordId};
use countersign::ledger::check::Audit;
use countersign::ledger::merkle::{Edge, leaf_hash};
use countersign::ledger::{Draft, Entry, EntryKind, Ledger as _, SqliteLedger, leaf};
use countersign::review;
use countersign::trust::DECISION_NAMESPACE;
use countersign::trust::dsse::{Envelope, PAYLOAD_TYPE, pae};
use countersign::trust::key::fingerprint_of;
use countersign::trust::sshsig::{MessageHash, SshSig, signed_data};
use countersign::trust::statement::{ApproverRef, Choice, Entitlement, Statement, Tool};
use countersign::trust::verify::TrustRoot;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::Digest as _;

/// How many signed entries are checked, or COUNTERSIGN_BENCH_ENTRIES.
const ENTRIES: usize = 100_000;
/// How many approvers sign them.
const APPROVERS: u8 = 5;
/// How many appends are one piece of work.
const APPENDS: u64 = 40;

/// Prints the ledger's lines.
pub fn measure(dossier: &Dossier, people: &[Approver]) {
    append(folder().path(), &drafts(dossier, people, usize::try_from(APPENDS).unwrap(), Verb::Comment));
    tree();
    measure_check(dossier, people);
}

/// Prints the lines of the check.
pub fn measure_check(dossier: &Dossier, people: &[Approver]) {
    check(folder().path(), dossier, people);
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("ledger-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Those who sign.
pub fn people() -> Vec<Approver> {
    (1..=APPROVERS).map(Approver::new).collect()
}

/// A key and whose it is.
pub struct Approver {
    key: SigningKey,
    pub blob: Vec<u8>,
    pub reference: ApproverRef,
}

impl Approver {
    fn new(n: u8) -> Self {
        let key = SigningKey::from_bytes(&[n; 32]);
        let blob = strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()]);
        let reference = ApproverRef {
            principal: Principal::new(format!("approver{n}@example.com")),
            key_fingerprint: fingerprint_of(&blob),
            method: "key-file".to_owned(),
            tool: Tool::this(),
        };
        Self { key, blob, reference }
    }

    /// An envelope as the ledger keeps it.
    fn seal(&self, payload: &[u8]) -> Vec<u8> {
        let signed = signed_data(DECISION_NAMESPACE, &pae(PAYLOAD_TYPE, payload));
        let signature = SshSig {
            public_key: self.blob.clone(),
            namespace: DECISION_NAMESPACE.to_owned(),
            hash: MessageHash::Sha512,
            signature: strings(&[b"ssh-ed25519", &self.key.sign(&signed).to_bytes()]),
        };
        Envelope::seal(payload, &signature).to_bytes().unwrap()
    }
}

fn strings(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|p| [&u32::try_from(p.len()).unwrap().to_be_bytes(), *p].concat()).collect()
}

/// Signed decisions, no two alike; each approval is of a gate of its own.
pub fn drafts(dossier: &Dossier, people: &[Approver], count: usize, verb: Verb) -> Vec<Draft> {
    let id = |n: usize| format!("01KDVDNA00{n:016}");
    let at = "2026-11-21T04:00:00Z".parse().unwrap();
    let template = |approver: &Approver| {
        let choice = Choice {
            id: RecordId::new(id(0)),
            verb,
            supersedes: None,
            reason_code: None,
            reason: "Tests are green, the canary is quiet, and the change is small.".into(),
            kind: "spinnaker",
            instance: "https://spinnaker.example.com".into(),
            execution: "run".into(),
            environment_class: None,
            nonce: format!("{:032}", 0),
            issued_at: at,
            not_after: at.plus(Duration::from_secs(86_400)),
            approver: approver.reference.clone(),
            option: None,
            viewed: &std::collections::BTreeSet::new(),
            clock_skew_seconds: None,
            entitlement: Entitlement::default(),
        };
        let payload = Statement::of_decision(dossier, choice).unwrap().payload().unwrap();
        String::from_utf8(payload).unwrap()
    };
    let templates: Vec<String> = people.iter().map(template).collect();
    (1..=count)
        .map(|n| {
            let (approver, template) = (&people[n % people.len()], &templates[n % people.len()]);
            let mut payload = template.replace(&id(0), &id(n)).replace(&format!("{:032}", 0), &format!("{n:032}"));
            let mut gate = dossier.gate.id.to_string();
            if verb == Verb::Approve {
                let stage = dossier.gate.id.native().last().unwrap();
                let own = format!("{}{}", gate.strip_suffix(stage.as_str()).unwrap(), id(n));
                payload = payload.replace(&gate, &own);
                gate = own;
            }
            Draft {
                kind: EntryKind::Decision,
                record: RecordId::new(id(n)),
                gate: Some(gate),
                at,
                body: approver.seal(payload.as_bytes()),
            }
        })
        .collect()
}

fn append(folder: &Path, drafts: &[Draft]) {
    let ledger = SqliteLedger::open(&folder.join("append.db")).unwrap();
    let bare = rusqlite::Connection::open(folder.join("bare.db")).unwrap();
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB) STRICT",
    )
    .unwrap();
    super::compare(
        "40 signed decisions: each appended with a checkpoint / bare",
        || drafts.iter().for_each(|draft| drop(ledger.append(std::slice::from_ref(draft)).unwrap())),
        || {
            for draft in drafts {
                bare.execute_batch("BEGIN IMMEDIATE").unwrap();
                bare.prepare_cached("INSERT INTO t (body) VALUES (?1)").unwrap().execute([&draft.body]).unwrap();
                bare.execute_batch("COMMIT").unwrap();
            }
        },
    );
}

fn tree() {
    let leaves: Vec<Vec<u8>> = (1..=100_000)
        .map(|seq| {
            let draft = Draft {
                kind: EntryKind::Decision,
                record: RecordId::new(format!("01KDVDNA00{seq:016}")),
                gate: Some("spinnaker:payments/01KDVDNA000000000000000001/01KDVDNA000000000000000002".to_owned()),
                at: "2026-11-21T04:00:00Z".parse().unwrap(),
                body: Vec::new(),
            };
            leaf::of(&Entry::new(seq, draft))
        })
        .collect();
    super::compare(
        "100,000 leaves: hashed to a tree / hashed",
        || {
            let mut edge = Edge::default();
            let mut stored = Vec::with_capacity(leaves.len() * 2);
            for leaf in &leaves {
                edge.push(leaf_hash(leaf), |hash| stored.push(hash));
            }
            (edge.root(), stored)
        },
        || leaves.iter().map(sha2::Sha256::digest).collect::<Vec<_>>(),
    );
}

/// Checks strictly, and compares with what OpenSSL verifies on the same cores.
fn check(folder: &Path, dossier: &Dossier, people: &[Approver]) {
    let entries = std::env::var("COUNTERSIGN_BENCH_ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(ENTRIES);
    let ledger = SqliteLedger::open(&folder.join("check.db")).unwrap();
    let drafts = drafts(dossier, people, entries, Verb::Comment);
    // As in life, each with a checkpoint of its own; and without, by which only the entries' signatures are left.
    let each = SqliteLedger::open(&folder.join("each.db")).unwrap();
    drafts.iter().take(entries / 10).for_each(|draft| drop(each.append(std::slice::from_ref(draft)).unwrap()));
    drafts.chunks(1000).for_each(|some| drop(ledger.append(some).unwrap()));
    let signers: Vec<String> = people
        .iter()
        .map(|p| format!("{} ssh-ed25519 {}\n", p.reference.principal, STANDARD.encode(&p.blob)))
        .collect();
    std::fs::write(folder.join("allowed_signers"), signers.concat()).unwrap();
    let root = TrustRoot::load(&folder.join("allowed_signers"), None).map_err(Into::into);
    let rate = |ledger: &SqliteLedger, count: usize| {
        let look = |entry: &Entry| review::ledger::look(entry, &root, ledger);
        let audit = Audit { look: &look, anchors: &[] };
        let started = Instant::now();
        let checked = ledger.check(&audit).unwrap();
        assert_eq!((checked.found, checked.head.size), (0, count as u64), "{:?}", checked.findings.first());
        count as f64 / started.elapsed().as_secs_f64()
    };
    let before = openssl();
    let (batched, single) = (rate(&ledger, entries), rate(&each, entries / 10));
    let Some(openssl) = before.zip(openssl()).map(|(a, b)| f64::max(a, b)) else {
        println!("ledger check: {batched:.0} and {single:.0} signed entries a second (openssl is not on this machine)");
        return;
    };
    for (what, rate) in
        [("signed entries checked / verified by OpenSSL", batched), ("the same, a checkpoint each", single)]
    {
        println!("{what:<58} {rate:>8.0}/s {openssl:>8.0}/s {:>7.2}", rate / openssl);
    }
}

/// How many Ed25519 signatures OpenSSL verifies in a second, on all cores.
fn openssl() -> Option<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let mut command = std::process::Command::new("openssl");
    let said = command.args(["speed", "-seconds", "3", "-multi", &cores, "ed25519"]).output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.lines().rev().find(|l| l.contains("Ed25519"))?.split_whitespace().last()?.parse().ok()
}
