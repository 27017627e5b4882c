//! One record, shown: the document that was asked for, judged as the console judges it, and an exit code that says so.

use countersign::domain::ids::RecordId;
use countersign::ledger::{Draft, Ledger as _, SqliteLedger};
use serde_json::Value;

use crate::support::payments::Payments;

/// The ledger's own copy of an entry, to be appended anew.
fn draft(it: &Payments, seq: u64, record: &str) -> Draft {
    let ledger = SqliteLedger::open(&it.bench.dir.path().join("ledger.db")).unwrap();
    let entry = ledger.read(seq, &[]).unwrap().remove(0);
    Draft { record: RecordId::new(record), ..entry.draft }
}

fn append(it: &Payments, draft: Draft) -> u64 {
    let ledger = SqliteLedger::open(&it.bench.dir.path().join("ledger.db")).unwrap();
    ledger.append(&[draft]).unwrap()[0].seq
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genuine_envelope_under_another_record_is_not_verified_and_the_exit_code_says_so() {
    let it = Payments::new().await;
    it.bench.run(&["comment", &it.gate, "--reason", "seen"]).await.exits(0);
    it.bench.run(&["ledger", "show", "1"]).await.exits(0);
    let copy = append(&it, draft(&it, 1, "01COPY"));
    for wanted in ["01COPY".to_owned(), copy.to_string()] {
        let shown = it.bench.run(&["ledger", "show", &wanted]).await.exits(11);
        assert!(shown.out.starts_with("NOT verified: ") && shown.out.contains("Entries"), "{shown:#?}");
        assert!(shown.err.contains("its id is not the one that it was recorded under"), "{shown:#?}");
        assert_eq!(it.bench.json(&["ledger", "show", &wanted], 11).await["verified"], false);
    }
    // Nobody's signature at all.
    let forged = Draft { body: b"{}".to_vec(), ..draft(&it, 1, "01FORGED") };
    append(&it, forged);
    it.bench.run(&["ledger", "show", "01FORGED"]).await.exits(11);
    it.bench.run(&["ledger", "show", "1"]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_that_was_asked_for_is_the_one_that_is_shown() {
    let it = Payments::new().await;
    for reason in ["first", "second"] {
        it.bench.run(&["comment", &it.gate, "--reason", reason]).await.exits(0);
    }
    // Somebody hangs the other decision onto the first one's record.
    let record = it.bench.json(&["ledger", "show", "1"], 0).await["entries"][0]["record"].as_str().unwrap().to_owned();
    let other = append(&it, draft(&it, 3, &record)).to_string();
    let shown = it.bench.json(&["ledger", "show", &other], 11).await;
    assert_eq!((&shown["verified"], shown["seq"].to_string()), (&Value::from(false), other.clone()));
    assert_eq!(shown["documents"].to_string(), format!("[1,{other}]"));
    let said = it.bench.run(&["ledger", "show", &other]).await.exits(11);
    assert!(
        said.out.contains(&format!("several documents, in the entries 1, {other}; this is entry {other}")),
        "{said:#?}"
    );
    // By its id, by its own position, and by that of its receipt, it is the first.
    for wanted in [record.as_str(), "1", "2"] {
        let shown = it.bench.json(&["ledger", "show", wanted], 0).await;
        assert_eq!(
            (&shown["seq"], &shown["statement"]["predicate"]["reason"]),
            (&1.into(), &"first".into()),
            "{wanted}"
        );
    }
    // What is written out is that document as well.
    let kept = it.bench.dir.path().join("kept");
    it.bench.run(&["ledger", "show", &other, "--export", kept.to_str().unwrap()]).await.exits(11);
    let written = std::fs::read(kept.join(format!("{record}.json"))).unwrap();
    assert_eq!(written, draft(&it, 3, "same").body);
}
