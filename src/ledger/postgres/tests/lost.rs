//! Connections that are lost at the worst moment: what was written is there once, and what was not is written again.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::*;

const WHOLE: u8 = 0;
/// The next commit arrives, and its answer does not.
const ANSWER: u8 = 1;
/// The next commit does not arrive.
const COMMIT: u8 = 2;
/// The next commit arrives, its answer does not, and nobody gets through any more.
const FOREVER: u8 = 3;

/// No entry is let through, this time and every other.
const ENTRIES: u8 = 4;

/// Stands between a writer and the server.
struct Between {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Between {
    fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, cut) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU8::new(WHOLE)));
        let shared = Arc::clone(&cut);
        std::thread::spawn(move || {
            let closed = Arc::new(AtomicBool::new(false));
            for client in listener.incoming().map_while(Result::ok) {
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let mute = Arc::new(AtomicBool::new(false));
                let (back, out) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
                let quiet = Arc::clone(&mute);
                std::thread::spawn(move || answers(back, out, &quiet));
                let (shared, closed) = (Arc::clone(&shared), Arc::clone(&closed));
                std::thread::spawn(move || requests(client, upstream, &shared, &mute, &closed));
            }
        });
        Self { port, cut }
    }

    fn open(&self, bench: &Bench) -> PostgresLedger {
        let url = format!("postgres://owner@127.0.0.1:{}/{}", self.port, bench.database);
        let password = Secret::new(bench.server.password.clone());
        PostgresLedger::open(&Address::parse(&url).unwrap(), Some(&password), &bench.key(), None).unwrap()
    }
}

fn answers(mut server: TcpStream, mut client: TcpStream, mute: &AtomicBool) {
    let mut bytes = [0; 8192];
    while let Ok(n @ 1..) = server.read(&mut bytes) {
        if mute.load(Ordering::SeqCst) {
            break;
        }
        client.write_all(&bytes[..n]).ok();
    }
    client.shutdown(Shutdown::Both).ok();
    server.shutdown(Shutdown::Both).ok();
}

fn requests(mut client: TcpStream, mut server: TcpStream, cut: &AtomicU8, mute: &AtomicBool, closed: &AtomicBool) {
    let mut bytes = [0; 8192];
    while let Ok(n @ 1..) = client.read(&mut bytes) {
        let entries = b"INSERT INTO countersign.entries";
        if cut.load(Ordering::SeqCst) == ENTRIES && bytes[..n].windows(entries.len()).any(|w| w == entries) {
            break;
        }
        if bytes[..n].windows(7).any(|w| w == b"COMMIT\0") {
            match cut.swap(WHOLE, Ordering::SeqCst) {
                COMMIT => break,
                WHOLE => {}
                how => {
                    closed.store(how == FOREVER, Ordering::SeqCst);
                    mute.store(true, Ordering::SeqCst);
                }
            }
        }
        server.write_all(&bytes[..n]).ok();
    }
    // What was sent on is still carried out; `answers` ends the rest.
    server.shutdown(Shutdown::Write).ok();
}

#[test]
fn a_commit_whose_answer_is_lost_is_neither_lost_nor_repeated() {
    let Some(bench) = Bench::new() else { return };
    let between = Between::new(bench.server.port);
    let ledger = between.open(&bench);
    ledger.append(&[draft("A", "{}")]).unwrap();
    for (how, record) in [(ANSWER, "B"), (COMMIT, "C"), (ANSWER, "D")] {
        between.cut.store(how, Ordering::SeqCst);
        let entries = ledger.append(&[draft(record, "{}"), draft("x", "{}")]).unwrap();
        assert_eq!(between.cut.load(Ordering::SeqCst), WHOLE, "nothing was cut");
        let kept = ledger.record(&entries[0].draft.record).unwrap();
        assert_eq!(kept, entries[..1], "{record}");
    }
    assert_eq!(whole(&ledger).size, 7);
}

#[test]
fn an_outcome_that_cannot_be_read_is_said_to_be_unknown() {
    let Some(bench) = Bench::new() else { return };
    let between = Between::new(bench.server.port);
    let mut ledger = between.open(&bench);
    Arc::get_mut(&mut ledger.shared).unwrap().patience = Duration::from_millis(300);
    between.cut.store(FOREVER, Ordering::SeqCst);
    let error = ledger.append(&[draft("A", "{}")]).unwrap_err().to_string();
    assert!(error.contains("not known") && error.contains("reads the ledger first"), "{error}");
    assert_eq!(whole(&bench.open()).size, 1);
}

#[test]
fn a_connection_that_is_lost_before_the_commit_is_said_to_have_written_nothing() {
    let Some(bench) = Bench::new() else { return };
    let between = Between::new(bench.server.port);
    let ledger = between.open(&bench);
    between.cut.store(ENTRIES, Ordering::SeqCst);
    let error = ledger.append(&[draft("A", "{}")]).unwrap_err().to_string();
    assert!(error.contains("lost") && error.ends_with("Nothing was written."), "{error}");
    assert_eq!(whole(&bench.open()).size, 0);
    between.cut.store(WHOLE, Ordering::SeqCst);
    assert_eq!(ledger.append(&[draft("A", "{}")]).unwrap()[0].seq, 1);
    // What takes too long is broken off by the server, and is said as that.
    bench.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'canceling statement' USING ERRCODE = '57014'; END $$; \
         CREATE TRIGGER slow BEFORE UPDATE ON countersign.head FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let error = ledger.append(&[draft("B", "{}")]).unwrap_err().to_string();
    assert!(error.contains("took too long") && error.ends_with("Nothing was written."), "{error}");
    bench.sql("DROP TRIGGER slow ON countersign.head");
    assert_eq!(ledger.append(&[draft("B", "{}")]).unwrap()[0].seq, 2);
}

#[test]
fn a_session_that_the_server_ended_is_made_again() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    let end = || {
        bench.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'countersign'",
        )
    };
    ledger.append(&[draft("A", "{}")]).unwrap();
    end();
    assert_eq!(whole(&ledger).size, 1);
    end();
    ledger.append(&[draft("B", "{}")]).unwrap();
    end();
    let store: EvidenceStore = ledger.evidence().into();
    assert_eq!(store.get(&store.put(b"x").unwrap()).unwrap().unwrap(), b"x");
    // In the middle of a transaction: nothing of it is left, and it is done again from the start.
    let mut tries = 0;
    ledger
        .snapshot(&mut |reading| {
            tries += 1;
            if tries == 1 {
                end();
            }
            reading.size().map(|size| assert_eq!(size, 2))
        })
        .unwrap();
    assert_eq!(tries, 2);
    assert_eq!(whole(&ledger).size, 2);
}
