//! Writers that are killed, and servers: what was acknowledged is there, once.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use super::*;

const CHILD: &str = "COUNTERSIGN_TEST_POSTGRES_WRITER";

/// Appends until it is killed, and says each entry once it is acknowledged. In a process, and a home, of its own.
#[test]
fn a_writing_process() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let [url, password, key, name]: [&str; 4] = told.split('|').collect::<Vec<_>>().try_into().unwrap();
    let ledger =
        PostgresLedger::open(&Address::parse(url).unwrap(), Some(&Secret::new(password)), Path::new(key), None)
            .unwrap();
    let limit = std::env::var("COUNTERSIGN_TEST_APPENDS").map_or(u64::MAX, |n| n.parse().unwrap());
    for n in 0..limit {
        let record = format!("{name}-{n}");
        let entries = ledger.append(&[draft(&record, "{}"), draft("x", "{}")]).unwrap();
        println!("ack {} {record}", entries[0].seq);
    }
}

fn writer(bench: &Bench, home: &Path, name: &str) -> Command {
    let told = [
        &bench.server.url("owner", &bench.database),
        &bench.server.password,
        home.join("ledger.key").to_str().unwrap(),
        name,
    ]
    .join("|");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "ledger::postgres::tests::killed::a_writing_process", "--nocapture", "--test-threads=1"])
        .env(CHILD, told)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// What a writer said; the last line may be cut off.
fn acknowledged(line: &str) -> Option<(u64, String)> {
    let (_, rest) = line.split_once("ack ")?;
    let (seq, record) = rest.split_once(' ')?;
    Some((seq.parse().ok()?, record.to_owned()))
}

/// Everything that was acknowledged is where it was said to be, and nothing is there twice.
fn holds(ledger: &PostgresLedger, told: &[(u64, String)]) {
    whole(ledger);
    let entries = ledger.read(1, &[]).unwrap();
    for (seq, record) in told {
        assert_eq!(entries[usize::try_from(*seq).unwrap() - 1].draft.record.as_str(), record);
    }
    let mut records: Vec<&str> = entries.iter().map(|e| e.draft.record.as_str()).filter(|r| *r != "x").collect();
    let all = records.len();
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), all, "an entry is there twice");
    assert_eq!(entries.len(), all * 2, "half of an append is there");
}

#[test]
fn killed_writers_lose_no_acknowledged_entry() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    let kills: usize = std::env::var("COUNTERSIGN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut told = Vec::new();
    for n in 0..kills {
        let home = tempfile::tempdir().unwrap();
        let mut child = writer(&bench, home.path(), &format!("w{n}")).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // After another number of acknowledged entries each time, in the middle of the next one.
        for line in lines.by_ref().map_while(Result::ok) {
            let ack = acknowledged(&line);
            let enough = ack.as_ref().is_some_and(|(_, r)| r.ends_with(&format!("-{}", n % 7)));
            told.extend(ack);
            if enough {
                break;
            }
        }
        for _ in 0..(n * 37) % 2000 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        told.extend(lines.map_while(Result::ok).filter_map(|l| acknowledged(&l)));
        child.wait().unwrap();
    }
    assert!(told.len() >= kills, "{}", told.len());
    holds(&ledger, &told);
    println!("{kills} writers were killed; {} acknowledged entries are there", told.len());
}

#[test]
fn processes_with_homes_of_their_own_lose_and_double_nothing() {
    let Some(bench) = Bench::new() else { return };
    let ledger = bench.open();
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let running: Vec<_> = homes
        .iter()
        .enumerate()
        .map(|(n, home)| {
            let mut command = writer(&bench, home.path(), &format!("p{n}"));
            command.env("COUNTERSIGN_TEST_APPENDS", "10").spawn().unwrap()
        })
        .collect();
    let mut told = Vec::new();
    for child in running {
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success());
        told.extend(String::from_utf8_lossy(&out.stdout).lines().filter_map(acknowledged));
    }
    assert_eq!((told.len(), whole(&ledger).size), (40, 80));
    holds(&ledger, &told);
    assert_eq!(bench.sql("SELECT count(*) FROM countersign.keys"), "4");
}

#[test]
fn a_server_that_is_killed_and_comes_back_loses_nothing_and_doubles_nothing() {
    let Some(server) = Server::start(&[]) else { return };
    let bench = Bench::on(Arc::new(server));
    let ledger = Arc::new(bench.open());
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (ledger, stop) = (bench.open(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let (mut told, mut failed) = (Vec::new(), 0);
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let record = format!("{writer}-{n}");
                    match ledger.append(&[draft(&record, "{}"), draft("x", "{}")]) {
                        Ok(entries) => told.push((entries[0].seq, record)),
                        Err(LedgerError::Use { .. }) => failed += 1,
                        Err(e) => panic!("{e}"),
                    }
                }
                (told, failed)
            })
        })
        .collect();
    for signal in [Signal::KILL, Signal::QUIT, Signal::KILL, Signal::INT] {
        // Until something was written since the last time.
        let before: u64 = bench.sql("SELECT count(*) FROM countersign.entries").parse().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while bench.sql("SELECT count(*) FROM countersign.entries").parse::<u64>().unwrap() < before + 40 {
            assert!(Instant::now() < end, "nothing is written");
        }
        bench.server.stop(signal);
        bench.server.restart();
    }
    stop.store(true, Ordering::Relaxed);
    let mut told = Vec::new();
    for writer in writers {
        told.extend(writer.join().unwrap().0);
    }
    assert!(told.len() > 50, "{}", told.len());
    // A connection that stood through all of it reads on.
    holds(&ledger, &told);
}
