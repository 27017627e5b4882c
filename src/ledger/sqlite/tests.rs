//! What the ledger promises: append-only, gapless, flushed, and found out when it was touched.

mod carried;
mod damage;

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;
use crate::ledger::testing::{self, draft, whole};

fn at(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("deep/er/ledger.db")
}

fn why(path: &Path) -> String {
    SqliteLedger::open_patiently(path, Options::default(), Duration::from_millis(50))
        .err()
        .expect("must not open")
        .to_string()
}

fn fresh(folder: &tempfile::TempDir) -> SqliteLedger {
    SqliteLedger::open(&at(folder)).unwrap()
}

#[test]
fn it_promises_what_every_store_does() {
    for promise in
        [testing::what_is_appended_is_read_back_in_order, testing::what_follows_a_head_is_read_once_and_must_fit_it]
    {
        let folder = tempfile::tempdir().unwrap();
        promise(&fresh(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    testing::writers_side_by_side_lose_and_double_nothing(3, 40, &|| Box::new(SqliteLedger::open(&path).unwrap()));
}

#[test]
fn file_and_folder_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&at(&folder)).unwrap();
    ledger.append(&[draft("A", "{}")]).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(ledger.path()), 0o600);
    assert_eq!(mode(&folder.path().join("deep")), 0o700);
    assert_eq!(mode(&folder.path().join("deep/er")), 0o700);
    assert_eq!(mode(&folder.path().join("deep/er/ledger.db-wal")), 0o600);
}

#[test]
fn what_is_written_is_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&at(&folder)).unwrap();
    let value = |name: &str| -> String {
        ledger
            .lock()
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
            .map_or_else(|e| e.to_string(), |v| format!("{v:?}"))
    };
    assert_eq!((value("journal_mode").as_str(), value("synchronous").as_str()), ("Text(\"wal\")", "Integer(2)"));
}

#[test]
fn entries_cannot_be_changed_removed_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&at(&folder)).unwrap();
    ledger.append(&[draft("A", "{}"), draft("B", "{}")]).unwrap();
    let row = "'x', 'x', NULL, 'x', x'00', 'x'";
    for (sql, says) in [
        ("UPDATE entries SET body = x'00' WHERE seq = 1".to_owned(), "append-only"),
        ("DELETE FROM entries WHERE seq = 2".to_owned(), "append-only"),
        (format!("INSERT INTO entries VALUES (4, {row})"), "no gaps"),
        (format!("INSERT OR REPLACE INTO entries VALUES (2, {row})"), "no gaps"),
    ] {
        let error = ledger.lock().execute(&sql, []).unwrap_err().to_string();
        assert!(error.contains(says), "{sql}: {error}");
    }
    assert_eq!(whole(&ledger).size, 2);
}

#[test]
fn a_failed_append_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&at(&folder)).unwrap();
    ledger
        .lock()
        .execute_batch("CREATE TEMP TRIGGER bad BEFORE INSERT ON entries WHEN NEW.record = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    ledger.append(&[draft("A", "{}"), draft("bad", "{}")]).unwrap_err();
    assert_eq!(ledger.read(1, &[]).unwrap(), []);
    assert_eq!(ledger.append(&[draft("A", "{}")]).unwrap()[0].seq, 1);
}

#[test]
fn tampering_around_the_triggers_is_found() {
    for (sql, seq) in [
        ("UPDATE entries SET body = x'7b7d20' WHERE seq = 2", 2),
        ("UPDATE entries SET record = 'Z' WHERE seq = 2", 2),
        ("UPDATE entries SET gate = '' WHERE seq = 3", 3),
        ("UPDATE entries SET at = '2026-11-21T04:10:00.001Z' WHERE seq = 1", 1),
        ("UPDATE entries SET kind = 'receipt' WHERE seq = 1", 1),
        ("DELETE FROM entries WHERE seq = 2", 2),
        ("UPDATE entries SET seq = seq + 10 WHERE seq = 3", 3),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&at(&folder)).unwrap();
        let mut last = draft("C", "{}");
        last.gate = None;
        ledger.append(&[draft("A", "{}"), draft("B", "{}"), last]).unwrap();
        whole(&ledger);
        ledger.lock().execute_batch("DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete").unwrap();
        ledger.lock().execute(sql, []).unwrap();
        // Read on from the start, all that is before the damage comes, and the damage with it.
        let read = ledger.follow(None).unwrap();
        assert_eq!((read.entries.len() as u64, read.head.size), (seq - 1, seq - 1), "{sql}");
        assert!(matches!(read.damage, Some(LedgerError::Damaged { seq: found, .. }) if found == seq), "{sql}");
    }
}

#[test]
fn files_that_are_no_ledger_are_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "shopping list, and more than sixteen bytes of it").unwrap();
    assert!(why(&text).contains("not an SQLite database"));
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "shopping list, and more than sixteen bytes of it");

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1").unwrap();
    let before = std::fs::read(&other).unwrap();
    assert!(why(&other).contains("another program"));
    assert_eq!(std::fs::read(&other).unwrap(), before);

    assert!(why(folder.path()).contains("is a folder"));
    assert!(why(Path::new("ledger.db")).contains("relative"));
    assert!(why(&text.join("below/ledger.db")).contains("folder cannot be made"));
}

#[test]
fn a_file_left_empty_by_a_crash_becomes_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(SqliteLedger::open(&path).unwrap().append(&[draft("A", "{}")]).unwrap()[0].seq, 1);
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    SqliteLedger::open(&path).unwrap().lock().pragma_update(None, "user_version", 7).unwrap();
    let why = why(&path);
    assert!(why.contains("newer version") && why.contains("schema 7"), "{why}");
}

#[test]
fn a_ledger_that_a_newer_version_carries_over_meanwhile_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    let ledger = SqliteLedger::open(&path).unwrap();
    ledger.append(&[draft("A", "{}")]).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let why = ledger.append(&[draft("B", "{}")]).unwrap_err().to_string();
    assert!(why.contains("newer version") && why.contains("schema 3"), "{why}");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(ledger.append(&[draft("B", "{}")]).unwrap()[0].seq, 2);
}

#[test]
fn a_check_keeps_no_append_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = fresh(&folder);
    testing::a_check_keeps_no_append_waiting(&ledger);
    let idle = ledger.readers.lock().unwrap().len();
    assert!((1..=IDLE).contains(&idle), "{idle}");
    let reader = ledger.readers.lock().unwrap().pop().unwrap();
    let error = reader.execute("DELETE FROM checkpoints", []).unwrap_err().to_string();
    assert!(error.contains("readonly"), "{error}");
}

#[test]
fn a_read_only_file_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    drop(SqliteLedger::open(&path).unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    assert!(why(&path).contains("chmod u+w"));
}

#[test]
fn a_damaged_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    let ledger = SqliteLedger::open(&path).unwrap();
    let drafts: Vec<_> = (0..50).map(|n| draft(&format!("R{n}"), &"x".repeat(900))).collect();
    ledger.append(&drafts).unwrap();
    drop(ledger);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3000].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = SqliteLedger::open(&path).and_then(|l| l.follow(None)).unwrap().damage.unwrap().to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn a_lock_held_by_another_is_reported_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    let ledger = SqliteLedger::open_patiently(&path, Options::default(), Duration::from_millis(50)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = ledger.append(&[draft("A", "{}")]).unwrap_err().to_string();
    assert!(error.contains("Another process"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ledger.append(&[draft("A", "{}")]).unwrap()[0].seq, 1);
}

const CHILD: &str = "COUNTERSIGN_TEST_LEDGER";

#[test]
fn killed_writers_lose_nothing() {
    if let Some(path) = std::env::var_os(CHILD) {
        testing::append_forever(&SqliteLedger::open(Path::new(&path)).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    let child = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "ledger::sqlite::tests::killed_writers_lose_nothing", "--nocapture"]);
        command.env(CHILD, &path);
        command
    };
    testing::killed_writers_lose_nothing(&child, &|| Box::new(SqliteLedger::open(&path).unwrap()));
}
