//! Ledgers that were damaged, cut, replaced or rewritten: each is found, given one head that was seen later.

mod named;

use std::fs;

use rusqlite::params;

use super::*;
use crate::ledger::anchor::{Anchor, in_json};
use crate::ledger::check::{Audit, Checked, Look};
use crate::ledger::merkle::{Edge, leaf_hash};
use crate::ledger::storage::Row;
use crate::ledger::{Draft, Entry, Head, leaf, note};

/// How many entries the ledger has, and how many its older copy.
const SIZE: u64 = 30;
const OLDER: u64 = 20;

/// A ledger, with its write-ahead log or checked into its file, an older copy of it, and what was last seen of it.
struct World {
    folder: tempfile::TempDir,
    seen: Head,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("live");
        let ledger = SqliteLedger::open(&live.join("ledger.db")).unwrap();
        ledger.lock().execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
        for n in 1..=SIZE {
            ledger.append(&[draft(&format!("R{n}"), &body(n, 'o'))]).unwrap();
            if n == OLDER {
                copy(&live, &folder.path().join("older"));
            }
        }
        copy(&live, &folder.path().join("log"));
        let seen = ledger.head().unwrap();
        drop(ledger);
        // The last one to close it checks the log into the file.
        copy(&live, &folder.path().join("file"));
        assert!(!live.join("ledger.db-wal").exists());
        Self { folder, seen }
    }

    /// A fresh copy to harm.
    fn fresh(&self, of: &str) -> tempfile::TempDir {
        let to = tempfile::tempdir().unwrap();
        copy(&self.folder.path().join(of), to.path());
        to
    }
}

fn body(n: u64, letter: char) -> String {
    format!("{{\"n\":\"body {n}\",\"text\":\"{}\"}}", letter.to_string().repeat(900))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.key"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// What a check finds, with or without an anchor; not being able to open or read it is found too.
fn check(dir: &Path, anchors: &[Head]) -> Result<Checked, LedgerError> {
    let anchors: Vec<Anchor> = anchors.iter().map(|h| Anchor { from: "a note".into(), head: h.clone() }).collect();
    let look = |entry: &Entry| Look {
        seen: serde_json::from_slice(&entry.draft.body).ok().and_then(|value| in_json(&value)),
        ..Look::default()
    };
    SqliteLedger::open(&dir.join("ledger.db"))?.check(&Audit { look: &look, anchors: &anchors })
}

fn is_found(outcome: &Result<Checked, LedgerError>) -> bool {
    outcome.as_ref().map_or(true, |checked| checked.found > 0)
}

/// Changes the file around the triggers.
fn sql(dir: &Path, work: impl FnOnce(&Connection)) {
    let connection = Connection::open(dir.join("ledger.db")).unwrap();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for trigger in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    work(&connection);
}

fn run(text: &'static str) -> Harm {
    Box::new(move |_, dir| sql(dir, |connection| connection.execute_batch(text).unwrap()))
}

/// Takes everything after a size away, as if it had never been.
fn roll_back(dir: &Path, size: u64) {
    let hashes = tlog_tiles::stored_hash_count(size);
    sql(dir, |connection| {
        connection
            .execute_batch(&format!(
                "DELETE FROM entries WHERE seq > {size}; DELETE FROM checkpoints WHERE size > {size}; \
                 DELETE FROM hashes WHERE id >= {hashes};"
            ))
            .unwrap();
    });
}

/// Makes hashes and checkpoints anew over entries that were changed, signed with a key.
fn rebuild(dir: &Path, seed: &[u8; 32]) {
    sql(dir, |connection| {
        connection.execute_batch("DELETE FROM hashes; DELETE FROM checkpoints").unwrap();
        let origin: String = connection.query_row("SELECT value FROM meta", [], |row| row.get(0)).unwrap();
        let key = note::NoteKey::new(seed, &origin).unwrap();
        connection.execute("INSERT OR IGNORE INTO keys VALUES (?1, 1)", [key.vkey()]).unwrap();
        let mut statement =
            connection.prepare("SELECT seq, kind, record, gate, at, body, digest FROM entries ORDER BY seq").unwrap();
        let mut rows = statement.query([]).unwrap();
        let (mut edge, mut id) = (Edge::default(), 0);
        while let Some(row) = rows.next().unwrap() {
            let get = |n: usize| row.get::<_, String>(n).unwrap();
            let (seq, body) = (row.get::<_, i64>(0).unwrap().unsigned_abs(), row.get(5).unwrap());
            let row =
                Row { seq, kind: get(1), record: get(2), gate: row.get(3).unwrap(), at: get(4), body, digest: get(6) };
            edge.push(leaf_hash(&leaf::of(&row.entry().unwrap())), |hash| {
                connection.execute("INSERT INTO hashes VALUES (?1, ?2)", params![id, hash.0]).unwrap();
                id += 1;
            });
            let head = Head { origin: origin.clone(), size: edge.size(), root: edge.root() };
            let note = key.sign(&head).unwrap();
            let size = i64::try_from(head.size).unwrap();
            connection.execute("INSERT INTO checkpoints VALUES (?1, ?2)", params![size, note]).unwrap();
        }
    });
}

fn change_body(dir: &Path, seq: u64, text: &str) {
    let digest = crate::domain::canonical::sha256(text.as_bytes());
    sql(dir, |connection| {
        let change = "UPDATE entries SET body = ?1, digest = ?2 WHERE seq = ?3";
        let seq = i64::try_from(seq).unwrap();
        connection.execute(change, params![text.as_bytes(), digest.as_str(), seq]).unwrap();
    });
}

fn put_note(dir: &Path, note: &str) {
    sql(dir, |connection| {
        connection.execute("UPDATE checkpoints SET note = ?1 WHERE size = 30", [note]).unwrap();
    });
}

/// The seed in the key file: whoever has the machine has it.
fn stolen(dir: &Path) -> [u8; 32] {
    *crate::ledger::key_file::load_or_make(&dir.join("ledger.key")).unwrap()
}

fn cut(name: &'static str, thousandths: u64) -> Harm {
    Box::new(move |_, dir| {
        let file = fs::OpenOptions::new().write(true).open(dir.join(name)).unwrap();
        file.set_len(file.metadata().unwrap().len() * thousandths / 1000).unwrap();
    })
}

/// Flips one bit of what is found in a file: the last place where it stands.
fn flip(name: &'static str, needle: fn(&World) -> Vec<u8>) -> Harm {
    Box::new(move |world, dir| {
        let mut bytes = fs::read(dir.join(name)).unwrap();
        let needle = needle(world);
        let at = bytes.windows(needle.len()).rposition(|window| window == needle).expect("it is not in the file");
        bytes[at + needle.len() / 2] ^= 1;
        fs::write(dir.join(name), bytes).unwrap();
    })
}

fn flip_at(name: &'static str, at: fn(usize) -> usize) -> Harm {
    Box::new(move |_, dir| {
        let mut bytes = fs::read(dir.join(name)).unwrap();
        let at = at(bytes.len());
        bytes[at] ^= 1;
        fs::write(dir.join(name), bytes).unwrap();
    })
}

type Harm = Box<dyn Fn(&World, &Path)>;

/// What is done, to which copy, and whether one copy alone cannot show it.
fn harms() -> Vec<(&'static str, &'static str, bool, Harm)> {
    const DB: &str = "ledger.db";
    const WAL: &str = "ledger.db-wal";
    let replace = |from: &'static str, names: &'static [&'static str]| -> Harm {
        Box::new(move |world, dir| {
            for name in names {
                fs::copy(world.folder.path().join(from).join(name), dir.join(name)).unwrap();
            }
        })
    };
    let remove = |name: &'static str| -> Harm { Box::new(move |_, dir| fs::remove_file(dir.join(name)).unwrap()) };
    let shell = |work: fn(&World, &Path)| -> Harm { Box::new(work) };
    vec![
        ("file cut to nothing", "file", false, cut(DB, 0)),
        ("file cut in its header", "file", false, cut(DB, 1)),
        ("file cut at a quarter", "file", false, cut(DB, 250)),
        ("file cut at a half", "file", false, cut(DB, 500)),
        ("file cut near its end", "file", false, cut(DB, 970)),
        ("log cut to nothing", "log", true, cut(WAL, 0)),
        ("log cut in its header", "log", true, cut(WAL, 1)),
        ("log cut at a quarter", "log", true, cut(WAL, 250)),
        ("log cut at a half", "log", true, cut(WAL, 500)),
        ("log cut at three quarters", "log", true, cut(WAL, 750)),
        ("log cut near its end", "log", true, cut(WAL, 990)),
        ("log removed", "log", true, remove(WAL)),
        ("log of an older copy", "log", true, replace("older", &[WAL])),
        ("file and log of an older copy", "log", true, replace("older", &[DB, WAL])),
        ("bit of a body", "file", false, flip(DB, |_| body(7, 'o').into_bytes())),
        (
            "bit of a digest",
            "file",
            false,
            flip(DB, |_| crate::domain::canonical::sha256(body(9, 'o').as_bytes()).hex().into()),
        ),
        ("bit of the root in a checkpoint", "file", false, flip(DB, |w| w.seen.root.to_string().into_bytes())),
        ("bit of the origin", "file", false, flip(DB, |w| format!("origin{}", w.seen.origin).into_bytes())),
        ("bit of a page's header", "file", false, flip_at(DB, |_| 4096 * 3)),
        ("bit of the file's header", "file", false, flip_at(DB, |_| 17)),
        ("bit of the log's header", "log", true, flip_at(WAL, |_| 20)),
        ("bit of the log's first frame", "log", true, flip_at(WAL, |_| 32 + 24 + 300)),
        ("bit in the middle of the log", "log", true, flip_at(WAL, |len| len / 2)),
        ("bit of the log's last frame", "log", true, flip_at(WAL, |len| len - 100)),
        ("a body changed", "file", false, run("UPDATE entries SET body = CAST('{}' AS BLOB) WHERE seq = 5")),
        ("a body and its digest changed", "file", false, shell(|_, dir| change_body(dir, 5, "{}"))),
        ("a time changed", "file", false, run("UPDATE entries SET at = '2026-01-01T00:00:00.000Z' WHERE seq = 6")),
        ("a gate changed", "file", false, run("UPDATE entries SET gate = NULL WHERE seq = 6")),
        ("a record changed", "file", false, run("UPDATE entries SET record = 'R1' WHERE seq = 6")),
        ("a kind changed", "file", false, run("UPDATE entries SET kind = 'receipt' WHERE seq = 6")),
        (
            "two bodies swapped",
            "file",
            false,
            run("CREATE TEMP TABLE t AS SELECT * FROM entries WHERE seq IN (3, 4); \
                 UPDATE entries SET (body, digest) = (SELECT body, digest FROM t WHERE t.seq = 7 - entries.seq) \
                 WHERE seq IN (3, 4)"),
        ),
        ("an entry removed", "file", false, run("DELETE FROM entries WHERE seq = 12")),
        ("the last entry removed", "file", false, run("DELETE FROM entries WHERE seq = 30")),
        (
            "the last entry and its checkpoint removed",
            "file",
            false,
            run("DELETE FROM entries WHERE seq = 30; DELETE FROM checkpoints WHERE size = 30"),
        ),
        ("the newest checkpoint removed", "file", false, run("DELETE FROM checkpoints WHERE size = 30")),
        ("a stored hash changed", "file", false, run("UPDATE hashes SET hash = zeroblob(32) WHERE id = 31")),
        ("a stored hash removed", "file", false, run("DELETE FROM hashes WHERE id = 31")),
        (
            "an entry added by hand",
            "file",
            false,
            run("INSERT INTO entries SELECT 31, kind, record, gate, at, body, digest FROM entries WHERE seq = 1"),
        ),
        (
            "an old checkpoint in the place of the newest",
            "file",
            false,
            run("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 29) WHERE size = 30"),
        ),
        (
            "a checkpoint of another ledger",
            "file",
            false,
            shell(|world, dir| {
                let origin = note::new_origin().unwrap();
                let note = note::NoteKey::new(&stolen(dir), &origin).unwrap();
                let note = note.sign(&Head { origin, ..world.seen.clone() }).unwrap();
                put_note(dir, &note);
            }),
        ),
        (
            "a checkpoint by an unknown key",
            "file",
            false,
            shell(|world, dir| {
                let note = note::NoteKey::new(&[9; 32], &world.seen.origin).unwrap().sign(&world.seen).unwrap();
                put_note(dir, &note);
            }),
        ),
        (
            "another origin",
            "file",
            false,
            run("UPDATE meta SET value = 'countersign.dev/ledger/00000000000000000000000000000000'"),
        ),
        ("no origin", "file", false, run("DELETE FROM meta")),
        (
            "another ledger",
            "file",
            true,
            shell(|_, dir| {
                fs::remove_file(dir.join("ledger.db")).unwrap();
                SqliteLedger::open(&dir.join("ledger.db")).unwrap().append(&[draft("A", "{}")]).unwrap();
            }),
        ),
        ("the whole tail taken away", "file", true, shell(|_, dir| roll_back(dir, 25))),
        (
            "the tail taken away, and others in its place",
            "file",
            true,
            shell(|_, dir| {
                roll_back(dir, 25);
                let ledger = SqliteLedger::open(&dir.join("ledger.db")).unwrap();
                for n in 26..=33 {
                    ledger.append(&[draft(&format!("R{n}"), &body(n, 'x'))]).unwrap();
                }
            }),
        ),
        (
            "a body changed and all made anew with the stolen key",
            "file",
            true,
            shell(|_, dir| {
                change_body(dir, 5, "{}");
                rebuild(dir, &stolen(dir));
            }),
        ),
        (
            "a body changed and all made anew with another key",
            "file",
            true,
            shell(|_, dir| {
                change_body(dir, 5, "{}");
                rebuild(dir, &[5; 32]);
            }),
        ),
        (
            "an entry left out and all made anew",
            "file",
            true,
            shell(|_, dir| {
                sql(dir, |c| {
                    c.execute_batch(
                        "DELETE FROM entries WHERE seq = 5; UPDATE entries SET seq = seq + 1000 WHERE seq > 5; \
                         UPDATE entries SET seq = seq - 1001 WHERE seq > 1000",
                    )
                    .unwrap();
                });
                rebuild(dir, &stolen(dir));
            }),
        ),
    ]
}

#[test]
fn a_ledger_that_is_whole_is_found_whole() {
    let world = World::new();
    for of in ["file", "log"] {
        let checked = check(world.fresh(of).path(), std::slice::from_ref(&world.seen)).unwrap();
        assert_eq!((checked.found, &checked.findings, &checked.head), (0, &Vec::new(), &world.seen), "{of}");
        assert_eq!((checked.checkpoints, checked.anchors), (SIZE, 1));
    }
    let checked = check(world.fresh("older").path(), &[]).unwrap();
    assert_eq!((checked.found, checked.head.size), (0, OLDER));
}

#[test]
fn every_damaged_or_rolled_back_ledger_is_found_by_one_anchor() {
    let world = World::new();
    let harms = harms();
    assert!(harms.len() >= 40, "{}", harms.len());
    for (what, of, hidden, harm) in harms {
        let dir = world.fresh(of);
        harm(&world, dir.path());
        let alone = check(dir.path(), &[]);
        if what != "file cut to nothing" {
            assert_eq!(is_found(&alone), !hidden, "{what}, alone: {alone:?}");
        }
        let anchored = check(dir.path(), std::slice::from_ref(&world.seen));
        assert!(is_found(&anchored), "{what}: {anchored:?}");
        for finding in anchored.iter().flat_map(|checked| &checked.findings) {
            assert!(finding.what.ends_with('.') && finding.mend.ends_with('.'), "{what}: {finding:?}");
        }
    }
}

#[test]
fn every_damaged_or_rolled_back_ledger_is_found_by_one_later_decision() {
    let world = World::new();
    let seen = serde_json::json!({"seenCheckpoint": {
        "origin": world.seen.origin, "size": world.seen.size.to_string(), "root": world.seen.root,
    }});
    for (what, of, _, harm) in harms() {
        let dir = world.fresh(of);
        harm(&world, dir.path());
        // Another approver, who saw the ledger before, signs; what cannot be appended to was found.
        let later = Draft { record: crate::domain::ids::RecordId::new("later"), ..draft("", &seen.to_string()) };
        let appended = SqliteLedger::open(&dir.path().join("ledger.db")).and_then(|ledger| ledger.append(&[later]));
        let checked = check(dir.path(), &[]);
        assert!(appended.is_err() || is_found(&checked), "{what}: {checked:?}");
    }
    // The decision itself is not what is found.
    let dir = world.fresh("file");
    SqliteLedger::open(&dir.path().join("ledger.db")).unwrap().append(&[draft("later", &seen.to_string())]).unwrap();
    let checked = check(dir.path(), &[]).unwrap();
    assert_eq!((checked.found, checked.seen), (0, 1), "{checked:?}");
}
