//! The schema, and the way from older ones. A new version adds its step here.

use rusqlite::{Connection, TransactionBehavior, params};

use super::rows::Rows;
use super::{SqliteLedger, open};
use crate::domain::ids::Digest;
use crate::ledger::chain::{self, link};
use crate::ledger::merkle::{Edge, leaf_hash};
use crate::ledger::storage::Wanted;
use crate::ledger::{Head, Ledger as _, LedgerError, Reading as _, leaf, note};

/// Marks an SQLite file as a ledger of ours: `Csgn`.
pub(super) const APPLICATION: i32 = 0x4373_676e;
/// The schema that this version reads and writes.
pub(super) const VERSION: i32 = 2;

/// How many entries are carried over at a time.
const BATCH: u32 = 512;

/// The entries. Digests are text, so that an auditor can read the table with any tool.
const ENTRIES: &str = "
CREATE TABLE entries (
    seq    INTEGER PRIMARY KEY CHECK (seq > 0),
    kind   TEXT NOT NULL,
    record TEXT NOT NULL,
    gate   TEXT,
    at     TEXT NOT NULL,
    body   BLOB NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE INDEX entries_record ON entries (record);
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_no_gap BEFORE INSERT ON entries
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries)
    BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END;
";

/// What schema 2 adds: the tree's stored hashes by their numbers, checkpoints, the writers' keys, the origin, and the chain
/// of a ledger of schema 1.
const TREE: &str = "
CREATE TABLE hashes (id INTEGER PRIMARY KEY CHECK (id >= 0), hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY CHECK (size > 0), note TEXT NOT NULL) STRICT;
CREATE TABLE keys (vkey TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE chain (seq INTEGER PRIMARY KEY CHECK (seq > 0), link TEXT NOT NULL) STRICT;
CREATE TRIGGER hashes_no_gap BEFORE INSERT ON hashes
    WHEN NEW.id IS NOT (SELECT coalesce(max(id), -1) + 1 FROM hashes)
    BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END;
CREATE TRIGGER checkpoints_only_grow BEFORE INSERT ON checkpoints
    WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoints)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER keys_once BEFORE INSERT ON keys WHEN EXISTS (SELECT 1 FROM keys WHERE vkey = NEW.vkey)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER meta_once BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE name = NEW.name)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER chain_no_gap BEFORE INSERT ON chain
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM chain)
    BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END;
";

/// The tables beside the entries: none of their rows is changed or removed.
const KEPT: [&str; 5] = ["hashes", "checkpoints", "keys", "meta", "chain"];

/// Makes the tables of a new ledger. The error is a full sentence.
pub(super) fn create(connection: &mut Connection) -> Result<(), String> {
    let origin = note::new_origin()?;
    let mut work = || -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster: what counts is the version under the write lock.
        if version(&transaction)? == 0 {
            transaction.execute_batch(ENTRIES)?;
            add_tree(&transaction, &origin)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()
    };
    work().map_err(|e| open::explain(&e))
}

/// What is said of a schema that this version does not write.
pub(super) fn newer(schema: i32) -> String {
    format!(
        "It was written by a newer version of Countersign (schema {schema}, this one knows {VERSION}). Update Countersign."
    )
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn add_tree(connection: &Connection, origin: &str) -> rusqlite::Result<()> {
    connection.execute_batch(TREE)?;
    for table in KEPT {
        for (name, verb) in [("no_update", "UPDATE"), ("no_delete", "DELETE")] {
            connection.execute_batch(&format!(
                "CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} \
                 BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            ))?;
        }
    }
    connection.execute("INSERT INTO meta (name, value) VALUES ('origin', ?1)", [origin])?;
    Ok(())
}

/// Carries a ledger of schema 1 over: its chain is checked, its entries become leaves in their order, and its chain is
/// kept. All in one transaction: a ledger that is damaged stays as it is.
pub(super) fn carry_over(ledger: &SqliteLedger) -> Result<(), LedgerError> {
    let failed = |why: String| LedgerError::Open { location: ledger.location(), why };
    let sql = |e: rusqlite::Error| failed(open::explain(&e));
    let mut connection = ledger.lock();
    if version(&connection).map_err(sql)? >= VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    if version(&transaction).map_err(sql)? >= VERSION {
        return Ok(());
    }
    let mut rows = Rows::new(ledger, &transaction);
    rows.integrity()?;
    let origin = note::new_origin().map_err(failed)?;
    add_tree(rows.connection(), &origin).map_err(sql)?;
    let edge = plant(ledger, &mut rows)?;
    if edge.size() > 0 {
        let head = Head { origin: origin.clone(), size: edge.size(), root: edge.root() };
        let key = ledger.writer.key(&origin).map_err(failed)?;
        let checkpoint = key.sign(&head).map_err(failed)?;
        let size = i64::try_from(head.size).unwrap_or(i64::MAX);
        let add = || -> rusqlite::Result<()> {
            transaction.execute("INSERT INTO checkpoints (size, note) VALUES (?1, ?2)", params![size, checkpoint])?;
            transaction.execute("INSERT INTO keys (vkey, since) VALUES (?1, ?2)", params![key.vkey(), size])?;
            Ok(())
        };
        add().map_err(sql)?;
    }
    // The table takes the place of the column, whose going no trigger sees.
    transaction
        .execute_batch(
            "INSERT INTO chain (seq, link) SELECT seq, chain FROM entries ORDER BY seq; \
             ALTER TABLE entries DROP COLUMN chain",
        )
        .map_err(sql)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(sql)?;
    transaction.commit().map_err(sql)
}

/// Checks each entry against the chain, and makes its hashes.
fn plant(ledger: &SqliteLedger, rows: &mut Rows<'_>) -> Result<Edge, LedgerError> {
    let damaged = |seq: u64, why: &str| LedgerError::Damaged {
        location: ledger.location(),
        seq,
        why: format!("{why} It is a ledger of schema 1, and was left as it is. Restore it from a copy."),
    };
    let (mut edge, mut chain) = (Edge::default(), chain::origin());
    loop {
        let from = edge.size() + 1;
        let batch = rows.entries(&Wanted { from, limit: Some(BATCH), ..Wanted::default() })?;
        if batch.is_empty() {
            return Ok(edge);
        }
        let sql = "SELECT seq, chain FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let links = rows.pairs(sql, from, BATCH)?;
        let (first, mut hashes) = (edge.stored(), Vec::new());
        for (row, (_, kept)) in batch.into_iter().zip(links) {
            let next = edge.size() + 1;
            if row.seq != next {
                return Err(damaged(next, "it is missing, and later entries are there."));
            }
            let entry = row.entry().map_err(|why| damaged(next, &why))?;
            chain = link(&chain, &entry);
            if kept.parse::<Digest>().ok().as_ref() != Some(&chain) {
                return Err(damaged(
                    next,
                    "the chain does not fit: it, or an entry before it, is not what was appended.",
                ));
            }
            edge.push(leaf_hash(&leaf::of(&entry)), |hash| hashes.push(hash));
        }
        rows.add_hashes(first, &hashes).map_err(|e| ledger.unusable(&e))?;
    }
}
