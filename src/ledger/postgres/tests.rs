//! What the ledger promises, over a real server: append-only, gapless, flushed, shared, and found out when it was touched.

mod broken;
mod killed;
mod lost;
mod secure;

use std::path::PathBuf;

use super::server::Server;
use super::*;
use crate::ledger::testing::{self, draft, whole};
use crate::ledger::{EvidenceStore, Head};

/// A database of the test's own, and a home with a key of its own.
struct Bench {
    server: Arc<Server>,
    database: String,
    home: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        Some(Self::on(Server::shared()?))
    }

    fn on(server: Arc<Server>) -> Self {
        let database = server.database();
        Self { server, database, home: tempfile::tempdir().unwrap() }
    }

    fn key(&self) -> PathBuf {
        self.home.path().join("ledger.key")
    }

    fn open_as(&self, role: &str, password: Option<&str>, key: &Path) -> Result<PostgresLedger, LedgerError> {
        let address = Address::parse(&self.server.url(role, &self.database)).unwrap();
        PostgresLedger::open(&address, password.map(Secret::new).as_ref(), key, None)
    }

    fn open(&self) -> PostgresLedger {
        self.open_as("owner", Some(&self.server.password), &self.key()).unwrap()
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }

    /// A role with a password and these rights.
    fn role(&self, grants: &str) -> String {
        let name = format!("r{}", self.server.database());
        self.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'w'; GRANT USAGE ON SCHEMA countersign TO {name};"));
        self.sql(&grants.replace("ROLE", &name));
        name
    }
}

/// What docs/team-ledger.md gives a writer.
const WRITER: &str = "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA countersign TO ROLE; \
                      GRANT UPDATE (size) ON countersign.head TO ROLE";
/// And a reader.
const READER: &str = "GRANT SELECT ON ALL TABLES IN SCHEMA countersign TO ROLE";

#[test]
fn it_promises_what_every_store_does() {
    for promise in
        [testing::what_is_appended_is_read_back_in_order, testing::what_follows_a_head_is_read_once_and_must_fit_it]
    {
        let Some(bench) = Bench::new() else { return };
        promise(&bench.open());
    }
}

#[test]
fn sixteen_writers_lose_and_double_nothing() {
    let Some(bench) = Bench::new() else { return };
    testing::writers_side_by_side_lose_and_double_nothing(16, 10, &|| Box::new(bench.open()));
    // As many threads over one connection.
    let Some(bench) = Bench::new() else { return };
    let ledger = Arc::new(bench.open());
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0..5 {
                    ledger.append(&[draft(&format!("{writer}-{n}"), "{}")]).unwrap();
                }
            });
        }
    });
    let mut records: Vec<String> =
        ledger.read(1, &[]).unwrap().into_iter().map(|e| e.draft.record.as_str().to_owned()).collect();
    records.sort();
    records.dedup();
    assert_eq!((records.len(), whole(ledger.as_ref()).size), (80, 80));
}

#[test]
fn a_check_keeps_no_append_waiting() {
    let Some(bench) = Bench::new() else { return };
    testing::a_check_keeps_no_append_waiting(&bench.open());
}

#[test]
fn two_homes_share_one_ledger_with_keys_of_their_own() {
    let Some(bench) = Bench::new() else { return };
    let (here, elsewhere) = (bench.open(), tempfile::tempdir().unwrap());
    let key = elsewhere.path().join("ledger.key");
    let there = bench.open_as("owner", Some(&bench.server.password), &key).unwrap();
    here.append(&[draft("A", "{}")]).unwrap();
    there.append(&[draft("B", "{}")]).unwrap();
    here.append(&[draft("C", "{}")]).unwrap();
    assert_eq!(whole(&here), whole(&there));
    assert_eq!(whole(&here).size, 3);
    assert_eq!(bench.sql("SELECT count(*) FROM countersign.keys"), "2");
    // Whoever is told whom to trust writes on top of nobody else's checkpoint.
    let address = Address::parse(&bench.server.url("owner", &bench.database)).unwrap();
    let password = Secret::new(bench.server.password.clone());
    let own = here.writer().key(&whole(&here).origin).unwrap().vkey().to_owned();
    let strict = PostgresLedger::open(&address, Some(&password), &bench.key(), Some(vec![own])).unwrap();
    assert_eq!(strict.head().unwrap().size, 3);
    there.append(&[draft("D", "{}")]).unwrap();
    let error = strict.append(&[draft("E", "{}")]).unwrap_err();
    assert!(matches!(error, LedgerError::Checkpoint { .. }), "{error}");
}

#[test]
fn evidence_is_shared_compressed_and_mended() {
    let Some(bench) = Bench::new() else { return };
    let (mine, theirs): (EvidenceStore, EvidenceStore) =
        (bench.open().evidence().into(), bench.open().evidence().into());
    let bytes = b"{\"result\": \"SUCCESS\"}".repeat(1000);
    let digest = mine.put(&bytes).unwrap();
    assert_eq!(theirs.put(&bytes).unwrap(), digest);
    assert_eq!(theirs.get(&digest).unwrap().unwrap(), bytes);
    assert!(theirs.contains(&digest));
    assert_eq!(bench.sql("SELECT count(*), max(length(bytes)) < 2000 FROM countersign.evidence"), "1|t");
    let dropped = crate::domain::canonical::sha256(b"dropped");
    assert_eq!((mine.get(&dropped).unwrap(), mine.contains(&dropped)), (None, false));
    bench.sql("UPDATE countersign.evidence SET bytes = '\\x00'");
    assert!(mine.get(&digest).unwrap_err().to_string().contains("damaged"));
    mine.put(&bytes).unwrap();
    assert_eq!(theirs.get(&digest).unwrap().unwrap(), bytes);
}

#[test]
fn entries_cannot_be_changed_removed_or_skipped() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}"), draft("B", "{}")]).unwrap();
    let row = "'x', 'x', NULL, 'x', '\\x00', 'x'";
    for (sql, says) in [
        ("UPDATE countersign.entries SET body = '' WHERE seq = 1".to_owned(), "append-only"),
        ("DELETE FROM countersign.entries WHERE seq = 2".to_owned(), "append-only"),
        ("TRUNCATE countersign.entries".to_owned(), "append-only"),
        ("DELETE FROM countersign.hashes".to_owned(), "append-only"),
        ("UPDATE countersign.checkpoints SET note = 'x'".to_owned(), "append-only"),
        ("UPDATE countersign.meta SET value = 'x'".to_owned(), "append-only"),
        ("DELETE FROM countersign.keys".to_owned(), "append-only"),
        ("UPDATE countersign.head SET size = 1".to_owned(), "append-only"),
        ("DELETE FROM countersign.head".to_owned(), "append-only"),
        (format!("INSERT INTO countersign.entries VALUES (4, {row})"), "no gaps"),
        (format!("INSERT INTO countersign.entries VALUES (2, {row})"), "no gaps"),
        ("INSERT INTO countersign.hashes VALUES (99, sha256(''))".to_owned(), "no gaps"),
        ("INSERT INTO countersign.checkpoints VALUES (1, 'x', 'x')".to_owned(), "append-only"),
    ] {
        let error = bench.server.psql(&bench.database, &sql).unwrap_err();
        assert!(error.contains(says), "{sql}: {error}");
    }
    assert_eq!(whole(&ledger).size, 2);
}

#[test]
fn what_the_owner_does_around_the_triggers_is_found() {
    let touch = |sql: &str| -> Option<(LedgerError, Result<(), LedgerError>)> {
        let bench = Bench::new()?;
        let ledger = bench.open();
        for record in ["A", "B", "C"] {
            ledger.append(&[draft(record, "{}")]).unwrap();
        }
        bench.sql(&format!("SET session_replication_role = replica; {sql}"));
        let fresh = bench.open();
        let damage = fresh.follow(None).unwrap().damage;
        let mut integrity = Ok(());
        fresh
            .snapshot(&mut |reading| {
                integrity = reading.integrity();
                Ok(())
            })
            .unwrap();
        Some((damage.or(integrity.clone().err()).unwrap_or_else(|| panic!("not found: {sql}")), integrity))
    };
    for sql in [
        "UPDATE countersign.entries SET body = '' WHERE seq = 2",
        "UPDATE countersign.entries SET kind = 'triage' WHERE seq = 2",
        "DELETE FROM countersign.entries WHERE seq = 2",
        "DELETE FROM countersign.entries WHERE seq = 3",
        "UPDATE countersign.hashes SET hash = sha256('') WHERE id = 0",
        "DELETE FROM countersign.checkpoints WHERE size = 3",
        "UPDATE countersign.checkpoints SET note = replace(note, '3', '4') WHERE size = 3",
        "INSERT INTO countersign.entries SELECT 4, kind, record, gate, at, body, digest FROM countersign.entries WHERE seq = 1",
        "UPDATE countersign.head SET size = 9",
        "UPDATE countersign.meta SET value = 'countersign.dev/ledger/00000000000000000000000000000000' WHERE name = 'origin'",
    ] {
        let Some((error, _)) = touch(sql) else { return };
        assert!(error.is_damage(), "{sql}: {error}");
    }
}

#[test]
fn an_entry_that_was_planted_far_away_is_told_at_once() {
    for seq in [1_i64 << 62, i64::MAX, -7] {
        let Some(bench) = Bench::new() else { return };
        let ledger = bench.open();
        ledger.append(&[draft("A", "{}"), draft("B", "{}")]).unwrap();
        bench.sql(&format!(
            "SET session_replication_role = replica; ALTER TABLE countersign.entries DROP CONSTRAINT entries_seq_check; \
             INSERT INTO countersign.entries SELECT {seq}, kind, record, gate, at, body, digest \
             FROM countersign.entries WHERE seq = 1"
        ));
        let (say, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            say.send(ledger.check(&crate::ledger::check::Audit::of_the_tree_alone()).unwrap()).unwrap();
        });
        let checked = said.recv_timeout(Duration::from_secs(60)).expect("it counts up to it");
        let found: Vec<_> = checked.findings.iter().map(|f| (f.code, f.entry)).collect();
        let expected = if seq < 0 { ("entry-extra", Some(0)) } else { ("entry-missing", Some(3)) };
        assert!(found.contains(&expected), "{seq}: {checked:#?}");
    }
}

#[test]
fn a_ledger_that_a_newer_version_carries_over_meanwhile_is_not_written_to() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}")]).unwrap();
    let schema = |n: i32| {
        bench.sql(&format!(
            "SET session_replication_role = replica; UPDATE countersign.meta SET value = '{n}' WHERE name = 'schema'"
        ))
    };
    schema(2);
    let why = ledger.append(&[draft("B", "{}")]).unwrap_err().to_string();
    assert!(why.contains("newer version") && why.contains("schema 2"), "{why}");
    schema(1);
    assert_eq!(ledger.append(&[draft("B", "{}")]).unwrap()[0].seq, 2);
}

#[test]
fn an_older_dump_is_found_by_whoever_saw_more() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}")]).unwrap();
    let dump = bench.server.tool("pg_dump", &["-Fc", "-d", &bench.database]).output().unwrap();
    assert!(dump.status.success(), "{dump:?}");
    ledger.append(&[draft("B", "{}")]).unwrap();
    let seen: Head = whole(&ledger);
    drop(ledger);
    // The dump takes the ledger's place, and is whole by itself.
    let file = bench.home.path().join("dump");
    std::fs::write(&file, dump.stdout).unwrap();
    bench.sql("DROP SCHEMA countersign CASCADE");
    let restored = bench.server.tool("pg_restore", &["-d", &bench.database, file.to_str().unwrap()]).output().unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let ledger = bench.open();
    assert_eq!(whole(&ledger).size, 1);
    // By what a decision or an anchor says, it is not.
    assert!(matches!(ledger.follow(Some(&seen)).unwrap().damage, Some(LedgerError::Checkpoint { .. })));
    assert_eq!(ledger.root_at(seen.size).unwrap(), None);
    // Also when the place of the lost entry was given to another.
    ledger.append(&[draft("C", "{}")]).unwrap();
    assert_ne!(ledger.root_at(seen.size).unwrap(), Some(seen.root));
    assert!(ledger.follow(Some(&seen)).unwrap().damage.is_some());
}
