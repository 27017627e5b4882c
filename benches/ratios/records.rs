//! What the ledger says, read and verified: the inbox opens with it, and every command waits for it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::config::schema::TrustConfig;
use countersign::domain::decision::{Receipt, ReceiptStatus, Verb};
use countersign::domain::dossier::Dossier;
use countersign::domain::ids::{ConnectionName, GateId, Principal, RecordId};
use countersign::ledger::{Draft, EntryKind, Ledger as _, SqliteLedger};
use countersign::orchestrator::Order;
use countersign::review::records::Records;
use countersign::trust::verify::{TrustRoot, verify_envelope};

use super::ledger::{Approver, drafts};

/// How many decisions are read, or COUNTERSIGN_BENCH_DECISIONS.
const DECISIONS: usize = 20_000;

/// Prints the lines of what was read.
pub fn measure(dossier: &Dossier, people: &[Approver]) {
    let folder = tempfile::Builder::new().prefix("records-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let count = std::env::var("COUNTERSIGN_BENCH_DECISIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(DECISIONS);
    let trust = trust(folder.path(), people);
    let root = TrustRoot::load(trust.allowed_signers.as_deref().unwrap(), None).unwrap();

    let signed = drafts(dossier, people, count, Verb::Comment);
    let ledger = filled(&folder.path().join("signed.db"), &signed);
    super::compare_in(
        3,
        &format!("{count} signed entries: read / verified one after another"),
        || Records::read(&ledger, &trust, None).unwrap(),
        || signed.iter().for_each(|d| drop(verify_envelope(&d.body, &root, d.at).unwrap())),
    );

    let approved = |count: usize, name: &str| {
        let all: Vec<Draft> =
            drafts(dossier, people, count, Verb::Approve).into_iter().flat_map(|d| delivered(&d, dossier)).collect();
        let ledger = filled(&folder.path().join(name), &all);
        let records = Records::read(&ledger, &trust, None).unwrap();
        assert_eq!(records.problems, Vec::<String>::new());
        assert!(!records.is_anything_open());
        (ledger, records)
    };
    let ((few_ledger, few), (many_ledger, many)) = (approved(count / 10, "few.db"), approved(count, "many.db"));
    let one = |records: &Records| {
        let mine = Principal::new("approver1@example.com");
        let gate = gate(dossier, "01KDVDNA000000000000000001");
        (records.is_anything_open(), records.open_orders(&mine).len(), records.approval_underway(&gate, "1").is_some())
    };
    super::compare(&format!("what is open: of {count} that were sent / of a tenth"), || one(&many), || one(&few));
    let mut more = drafts(dossier, people, 2 * super::ROUNDS + 2, Verb::Comment).into_iter();
    let mut add = |ledger: &SqliteLedger, records: &Arc<Records>| {
        drop(ledger.append(&[more.next().unwrap()]).unwrap());
        Records::read(ledger, &trust, Some(Arc::clone(records))).unwrap().entries()
    };
    let (mut a, mut b) = (std::time::Duration::MAX, std::time::Duration::MAX);
    for _ in 0..super::ROUNDS {
        a = a.min(super::time(&mut || add(&many_ledger, &many)));
        b = b.min(super::time(&mut || add(&few_ledger, &few)));
    }
    super::print(&format!("a new entry is read: after {count} that were sent / a tenth"), a, b);
}

fn trust(folder: &Path, people: &[Approver]) -> TrustConfig {
    let lines: Vec<String> = people
        .iter()
        .map(|p| format!("{} ssh-ed25519 {}\n", p.reference.principal, STANDARD.encode(&p.blob)))
        .collect();
    let path = folder.join("allowed_signers");
    std::fs::write(&path, lines.concat()).unwrap();
    TrustConfig { allowed_signers: Some(path), ..TrustConfig::default() }
}

fn filled(path: &Path, drafts: &[Draft]) -> SqliteLedger {
    let ledger = SqliteLedger::open(path).unwrap();
    drafts.chunks(1000).for_each(|some| drop(ledger.append(some).unwrap()));
    ledger
}

fn gate(dossier: &Dossier, record: &str) -> GateId {
    let native = dossier.gate.id.native();
    GateId::new(ConnectionName::new("spinnaker"), [native[0].as_str(), native[1].as_str(), record])
}

/// A decision with all that comes of it: the intent, the word that it is about to be sent, and its end.
fn delivered(draft: &Draft, dossier: &Dossier) -> Vec<Draft> {
    let order = Order {
        decision: draft.record.clone(),
        verb: Verb::Approve,
        gate: gate(dossier, draft.record.as_str()),
        attempt: dossier.gate.attempt.clone(),
        option: None,
        reason: "Tests are green.".into(),
        envelope_digest: countersign::domain::canonical::sha256(&draft.body),
        envelope: serde_json::from_slice(&draft.body).unwrap(),
        others: Vec::new(),
        anchor: None,
    };
    let (record, at): (RecordId, _) = (draft.record.clone(), draft.at);
    let with = |kind, body| Draft { kind, record: record.clone(), gate: draft.gate.clone(), at, body };
    let receipt = |status| Receipt { decision: record.clone(), status, at, detail: "seen".into() };
    let more = [
        with(EntryKind::Intent, serde_json::to_vec(&order).unwrap()),
        with(EntryKind::Receipt, serde_json::to_vec(&receipt(ReceiptStatus::Sending)).unwrap()),
        with(EntryKind::Receipt, serde_json::to_vec(&receipt(ReceiptStatus::Effective)).unwrap()),
    ];
    std::iter::once(draft.clone()).chain(more).collect()
}
