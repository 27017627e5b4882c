//! What cannot work is said: what, where without the password, and what to do.

use std::net::TcpListener;

use super::*;

fn refused(result: Result<PostgresLedger, LedgerError>, says: &[&str]) {
    let Err(error) = result else { panic!("it opens: {says:?}") };
    let text = error.to_string();
    assert!(text.contains("postgres://") && says.iter().all(|s| text.contains(s)), "{says:?}: {text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.ends_with(['.', '?']), "{text}");
}

#[test]
fn what_keeps_a_ledger_from_being_opened_is_told() {
    let Some(bench) = Bench::new() else { return };
    let good = bench.server.password.clone();
    refused(bench.open_as("owner", Some("s3cret"), &bench.key()), &["let us in", "28P01", "[ledger] password"]);
    refused(bench.open_as("owner", None, &bench.key()), &["asks for a password", "[ledger] password"]);
    refused(bench.open_as("stranger", Some("s3cret"), &bench.key()), &["let us in"]);
    let at = |url: &str| {
        PostgresLedger::open(&Address::parse(url).unwrap(), Some(&Secret::new(good.clone())), &bench.key(), None)
    };
    refused(at(&bench.server.url("owner", "none_such")), &["no such database", "createdb"]);
    refused(at("postgres://owner@127.0.0.1:1/x"), &["cannot be reached", "ledger.url"]);
    refused(at(&format!("postgres://owner@/x?host={}", bench.home.path().display())), &["cannot be reached"]);
    refused(
        at(&format!("{}?sslmode=verify-full", bench.server.url("owner", &bench.database))),
        &["offers no TLS", "ssl = on"],
    );
    // Somebody else's server.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || drop(other.accept()));
    refused(at(&format!("postgres://owner@127.0.0.1:{port}/x")), &["PostgreSQL"]);
    thread.join().unwrap();
}

#[test]
fn a_database_that_is_not_ours_is_left_alone() {
    let Some(bench) = Bench::new() else { return };
    for sql in [
        "CREATE SCHEMA countersign; CREATE TABLE countersign.theirs (x int)",
        "CREATE TABLE countersign.meta (x int)",
        "DROP TABLE countersign.meta; CREATE TABLE countersign.meta (name text, value text)",
    ] {
        bench.sql(sql);
        let before = bench.sql("SELECT count(*) FROM pg_class");
        refused(bench.open_as("owner", Some(&bench.server.password), &bench.key()), &["another program's"]);
        assert_eq!(bench.sql("SELECT count(*) FROM pg_class"), before);
    }
    let Some(bench) = Bench::new() else { return };
    drop(bench.open());
    bench.sql("SET session_replication_role = replica; UPDATE countersign.meta SET value = '9' WHERE name = 'schema'");
    refused(bench.open_as("owner", Some(&bench.server.password), &bench.key()), &["newer version", "schema 9"]);
}

#[test]
fn roles_may_do_what_they_are_for_and_no_more() {
    let Some(bench) = Bench::new() else { return };
    // Before there is a ledger, a role that may not make one says so.
    bench.sql("CREATE ROLE nobody_yet LOGIN PASSWORD 'w'");
    refused(bench.open_as("nobody_yet", Some("w"), &bench.key()), &["no ledger yet", "team-ledger.md"]);
    let owner = bench.open();
    owner.append(&[draft("A", "{}")]).unwrap();
    let writer = bench.role(WRITER);
    let ledger = bench.open_as(&writer, Some("w"), &bench.key()).unwrap();
    ledger.append(&[draft("B", "{}")]).unwrap();
    let evidence: EvidenceStore = ledger.evidence().into();
    let digest = evidence.put(b"seen").unwrap();
    assert_eq!(evidence.get(&digest).unwrap().unwrap(), b"seen");
    for sql in [
        "UPDATE countersign.entries SET body = ''",
        "DELETE FROM countersign.checkpoints",
        "TRUNCATE countersign.hashes",
        "UPDATE countersign.evidence SET bytes = ''",
        "DELETE FROM countersign.evidence",
        "SET session_replication_role = replica",
        "ALTER TABLE countersign.entries DISABLE TRIGGER ALL",
    ] {
        let error = bench.server.psql(&bench.database, &format!("SET ROLE {writer}; {sql}")).unwrap_err();
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{sql}: {error}");
    }
    let reader = bench.role(READER);
    let ledger = bench.open_as(&reader, Some("w"), &bench.key()).unwrap();
    assert_eq!(whole(&ledger).size, 2);
    let error = ledger.append(&[draft("C", "{}")]).unwrap_err().to_string();
    assert!(error.contains("may not do that") && error.contains("team-ledger.md"), "{error}");
    assert!(EvidenceStore::from(ledger.evidence()).put(b"new").is_err());
    // And reads on.
    assert_eq!(whole(&ledger).size, 2);
    let blind = bench.role("SELECT 1");
    refused(bench.open_as(&blind, Some("w"), &bench.key()), &["may not do that"]);
}

#[test]
fn a_lock_held_by_another_is_told_and_nothing_is_written() {
    let Some(server) = Server::start(&["idle_in_transaction_session_timeout = 0"]) else { return };
    let bench = Bench::on(Arc::new(server));
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}")]).unwrap();
    // Another session sits on the head.
    let other = bench.open();
    let (held, holding) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(std::sync::Barrier::new(2)));
    let (taken, end) = (Arc::clone(&held), Arc::clone(&holding));
    let sitter = std::thread::spawn(move || {
        other.transaction(&mut |_| {
            taken.wait();
            end.wait();
            Ok(())
        })
    });
    held.wait();
    let error = ledger.append(&[draft("B", "{}")]).unwrap_err().to_string();
    holding.wait();
    sitter.join().unwrap().unwrap();
    assert!(error.contains("for too long") && error.contains("Nothing was written"), "{error}");
    assert_eq!(ledger.append(&[draft("C", "{}")]).unwrap()[0].seq, 2);
}

#[test]
fn a_server_that_does_not_flush_or_takes_no_writes_is_told() {
    let Some(server) = Server::start(&["fsync = off"]) else { return };
    let bench = Bench::on(Arc::new(server));
    refused(bench.open_as("owner", Some(&bench.server.password), &bench.key()), &["does not flush", "fsync"]);
    let Some(server) = Server::start(&["synchronous_commit = off"]) else { return };
    let bench = Bench::on(Arc::new(server));
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}")]).unwrap();
    bench.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", bench.database));
    let ledger = bench.open();
    assert_eq!(whole(&ledger).size, 1);
    // An administrator's word is kept.
    bench.sql("SELECT 1");
    let empty = Bench::on(Arc::clone(&bench.server));
    empty.server.sql("postgres", &format!("ALTER DATABASE {} SET default_transaction_read_only = on", empty.database));
    refused(empty.open_as("owner", Some(&empty.server.password), &empty.key()), &["no ledger yet"]);
}

#[test]
fn work_that_fails_or_panics_leaves_nothing_behind() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    ledger.append(&[draft("A", "{}")]).unwrap();
    let failed = ledger.transaction(&mut |writing| {
        let entry = crate::ledger::Entry::new(2, draft("B", "{}"));
        writing.add(&crate::ledger::storage::Added {
            entries: &[entry],
            first_hash: 1,
            hashes: &[],
            checkpoint: (2, "x"),
            key: None,
        })?;
        Err(LedgerError::NotThere("no".to_owned()))
    });
    assert_eq!(failed, Err(LedgerError::NotThere("no".to_owned())));
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ledger.transaction(&mut |writing| {
            let entry = crate::ledger::Entry::new(2, draft("B", "{}"));
            let added = crate::ledger::storage::Added {
                entries: &[entry],
                first_hash: 1,
                hashes: &[],
                checkpoint: (2, "x"),
                key: None,
            };
            writing.add(&added)?;
            panic!("on the way")
        })
    }));
    assert!(died.is_err());
    assert_eq!(ledger.append(&[draft("C", "{}")]).unwrap()[0].seq, 2);
    assert_eq!(whole(&ledger).size, 2);
}
