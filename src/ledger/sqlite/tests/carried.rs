//! Ledgers of schema 1 are carried over whole, or left as they are.

use std::fs;

use super::*;
use crate::ledger::EntryKind::{Decision, Intent, Receipt, Triage};
use crate::ledger::check::Audit;

/// As the code before the tree wrote it: schema, triggers, and five entries with their chain.
const SCHEMA_1: &str = include_str!("../../../../tests/fixtures/ledger/schema-1.sql");
/// The chain's last link, as `ledger check` of that version printed it.
const CHAIN: &str = "sha256:2c7d072a559b535908fed089bae3b202a72de94cefbcfd1e6a2d0564b905e48e";

fn old(folder: &tempfile::TempDir, and: &str) -> PathBuf {
    let path = folder.path().join("ledger.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(SCHEMA_1).unwrap();
    connection.execute_batch(and).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    path
}

#[test]
fn a_ledger_of_schema_1_is_carried_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = old(&folder, "");
    let ledger = SqliteLedger::open(&path).unwrap();
    let head = whole(&ledger);
    assert_eq!(head.size, 5);
    let entries = ledger.read(1, &[]).unwrap();
    let kinds: Vec<_> = entries.iter().map(|e| e.draft.kind).collect();
    assert_eq!(kinds, [Triage, Decision, Intent, Receipt, Receipt]);
    assert_eq!(entries[0].draft.gate, None);
    assert_eq!(entries[1].draft.body, "{\"decision\":\"approve é\"}".as_bytes());

    // The chain is kept, and ends where it was carried over.
    ledger.append(&[draft("later", "{}")]).unwrap();
    let checked = ledger.check(&Audit::of_the_tree_alone()).unwrap();
    assert_eq!((checked.found, checked.head.size, checked.checkpoints), (0, 6, 2), "{checked:?}");
    assert_eq!(checked.chain.map(|(size, link)| (size, link.to_string())), Some((5, CHAIN.to_owned())));
    ledger.lock().execute_batch("DROP TRIGGER chain_no_update; UPDATE chain SET link = 'x' WHERE seq = 2").unwrap();
    let checked = ledger.check(&Audit::of_the_tree_alone()).unwrap();
    let found: Vec<_> = checked.findings.iter().map(|f| (f.code, f.entry)).collect();
    assert_eq!(found, [("chain-other", Some(2))]);
    drop(ledger);
    assert_eq!(whole(&SqliteLedger::open(&path).unwrap()).origin, head.origin, "once is enough");
}

#[test]
fn an_empty_ledger_of_schema_1_becomes_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = old(&folder, "DROP TRIGGER entries_no_delete; DELETE FROM entries");
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(whole(&ledger).size, 0);
    assert_eq!(ledger.append(&[draft("A", "{}")]).unwrap()[0].seq, 1);
}

#[test]
fn a_damaged_ledger_of_schema_1_is_refused_by_name_and_left_as_it_is() {
    for (harm, seq) in [
        ("UPDATE entries SET body = x'7b7d' WHERE seq = 2", 2),
        ("UPDATE entries SET at = '2026-01-01T00:00:00Z' WHERE seq = 3", 3),
        ("UPDATE entries SET chain = digest WHERE seq = 5", 5),
        ("DELETE FROM entries WHERE seq = 4", 4),
        ("UPDATE entries SET kind = 'sermon' WHERE seq = 1", 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let drop_triggers = "DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete;";
        let path = old(&folder, &format!("{drop_triggers} {harm}"));
        let before = fs::read(&path).unwrap();
        match SqliteLedger::open(&path) {
            Err(error @ LedgerError::Damaged { seq: found, .. }) => {
                assert_eq!(found, seq, "{harm}");
                assert!(error.to_string().contains("schema 1"), "{error}");
            }
            other => panic!("{harm}: {:?}", other.err()),
        }
        let connection = Connection::open(&path).unwrap();
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 1, "{harm}");
        drop(connection);
        assert_eq!(fs::read(&path).unwrap(), before, "{harm}");
    }
}

#[test]
fn processes_that_open_it_at_once_carry_it_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = old(&folder, "");
    let heads: Vec<_> = std::thread::scope(|scope| {
        let opened = || scope.spawn(|| whole(&SqliteLedger::open(&path).unwrap()));
        let running: Vec<_> = (0..4).map(|_| opened()).collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    });
    assert!(heads.iter().all(|head| *head == heads[0] && head.size == 5), "{heads:?}");
}
