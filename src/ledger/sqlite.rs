//! The ledger in one SQLite file.
//!
//! Write-ahead log with `synchronous=FULL`: when `append` returns, the entries are on the disk. Writers take the write
//! lock at the beginning (`BEGIN IMMEDIATE`), so that positions are given out one by one, over threads and processes.
//! Triggers refuse every change of an entry and every gap; the chain finds what is done around them.

mod open;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::{Draft, Entry, EntryKind, Head, Ledger, LedgerError, Read, link, missing};
use crate::domain::ids::{Digest, RecordId};

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(10);

const COLUMNS: &str = "seq, kind, record, gate, at, body, digest, chain";

/// A ledger in an SQLite file.
pub struct SqliteLedger {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteLedger {
    /// Opens the ledger at an absolute path. The file (mode 0600) and its folders (0700) are made if they are not there.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_patiently(path, BUSY)
    }

    /// Opens it, waiting for other writers for `busy` at most.
    fn open_patiently(path: &Path, busy: Duration) -> Result<Self, LedgerError> {
        let connection = open::open(path, busy).map_err(|why| LedgerError::Open { location: shown(path), why })?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How far it reaches, without checking anything.
    pub fn head(&self) -> Result<Head, LedgerError> {
        head(&self.lock()).map_err(|e| self.unusable(&e))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was open when a thread died is rolled back when it is dropped: nothing to mend here.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unusable(&self, error: &rusqlite::Error) -> LedgerError {
        LedgerError::Use { location: self.location(), why: open::explain(error) }
    }

    fn damaged(&self, seq: u64, why: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { location: self.location(), seq, why: why.into() }
    }

    /// Reads rows one by one, and gives each with its chain to `each`.
    fn rows(
        &self,
        connection: &Connection,
        sql: &str,
        parameters: impl rusqlite::Params,
        mut each: impl FnMut(Entry, String) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let mut statement = connection.prepare(sql).map_err(|e| self.unusable(&e))?;
        let mut rows = statement.query(parameters).map_err(|e| self.unusable(&e))?;
        while let Some(row) = rows.next().map_err(|e| self.unusable(&e))? {
            let (entry, chain) = self.entry(row)?;
            each(entry, chain)?;
        }
        Ok(())
    }

    /// Reads what follows a head, moves the head along, and gives each entry that fits to `each`.
    fn chained(
        &self,
        connection: &Connection,
        head: &mut Head,
        mut each: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE seq > ?1 OR ?1 = 0 ORDER BY seq");
        let from = i64::try_from(head.size).unwrap_or(i64::MAX);
        self.rows(connection, &sql, [from], |entry, chain| {
            let next = head.size + 1;
            if entry.seq != next {
                return Err(missing(self.location(), next));
            }
            let after = link(&head.chain, &entry);
            if after.as_str() != chain {
                let why = "the chain does not fit: it, or an entry before it, is not what was appended. \
                           Restore the ledger from a copy.";
                return Err(self.damaged(next, why));
            }
            *head = Head { size: next, chain: after };
            each(entry);
            Ok(())
        })
    }

    fn entry(&self, row: &Row<'_>) -> Result<(Entry, String), LedgerError> {
        let number: i64 = row.get(0).map_err(|e| self.unusable(&e))?;
        let seq = u64::try_from(number).map_err(|_e| self.damaged(0, "its position is negative."))?;
        let unlike = |e: rusqlite::Error| self.damaged(seq, format!("a column is not of its type ({e})."));
        let kind: String = row.get(1).map_err(unlike)?;
        let record: String = row.get(2).map_err(unlike)?;
        let at: String = row.get(4).map_err(unlike)?;
        let digest: String = row.get(6).map_err(unlike)?;
        let draft = Draft {
            kind: EntryKind::from_word(&kind).ok_or_else(|| {
                self.damaged(
                    seq,
                    format!("{:?} is no kind of entry that this version knows.", crate::text::line(&kind)),
                )
            })?,
            record: RecordId::new(record),
            gate: row.get(3).map_err(unlike)?,
            at: at.parse().map_err(|_e| self.damaged(seq, "its time cannot be read."))?,
            body: row.get(5).map_err(unlike)?,
        };
        let entry = Entry::new(seq, draft);
        if entry.digest.as_str() != digest {
            return Err(self.damaged(seq, "its body does not have its digest. Restore the ledger from a copy."));
        }
        Ok((entry, row.get(7).map_err(unlike)?))
    }
}

fn shown(path: &Path) -> String {
    crate::text::line(&path.display().to_string()).into_owned()
}

fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let last = connection
        .query_row("SELECT seq, chain FROM entries ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((seq, chain)) = last else { return Ok(Head::default()) };
    let size = u64::try_from(seq).map_err(|_e| rusqlite::Error::IntegralValueOutOfRange(0, seq))?;
    let chain: Digest = chain.parse().map_err(|e: crate::domain::ids::BadId| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(e))
    })?;
    Ok(Head { size, chain })
}

impl Ledger for SqliteLedger {
    fn append(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError> {
        let mut connection = self.lock();
        let mut work = || -> rusqlite::Result<Vec<Entry>> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut head = head(&transaction)?;
            let mut entries = Vec::with_capacity(drafts.len());
            {
                let mut insert = transaction.prepare_cached(&format!(
                    "INSERT INTO entries ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                ))?;
                for draft in drafts {
                    let entry = Entry::new(head.size + 1, draft.clone());
                    head = Head { size: entry.seq, chain: link(&head.chain, &entry) };
                    insert.execute(params![
                        i64::try_from(entry.seq).unwrap_or(i64::MAX),
                        draft.kind.word(),
                        draft.record.as_str(),
                        draft.gate,
                        draft.at.to_string(),
                        draft.body,
                        entry.digest.as_str(),
                        head.chain.as_str(),
                    ])?;
                    entries.push(entry);
                }
            }
            transaction.commit()?;
            Ok(entries)
        };
        work().map_err(|e| self.unusable(&e))
    }

    fn read(&self, from: u64, kinds: &[EntryKind]) -> Result<Vec<Entry>, LedgerError> {
        let wanted: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
        let wanted = serde_json::Value::from(wanted).to_string();
        let sql = format!(
            "SELECT {COLUMNS} FROM entries WHERE seq >= ?1 \
             AND (?2 = '[]' OR kind IN (SELECT value FROM json_each(?2))) ORDER BY seq"
        );
        let mut entries = Vec::new();
        self.rows(&self.lock(), &sql, params![i64::try_from(from).unwrap_or(i64::MAX), wanted], |entry, _chain| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    fn follow(&self, head: &Head) -> Result<Read, LedgerError> {
        let mut read = Read { head: head.clone(), ..Read::default() };
        let outcome = self.chained(&self.lock(), &mut read.head, |entry| read.entries.push(entry));
        match outcome {
            Ok(()) => {}
            Err(damage @ LedgerError::Damaged { .. }) => read.damage = Some(damage),
            Err(e) => return Err(e),
        }
        Ok(read)
    }

    fn record(&self, record: &RecordId) -> Result<Vec<Entry>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE record = ?1 ORDER BY seq");
        let mut entries = Vec::new();
        self.rows(&self.lock(), &sql, [record.as_str()], |entry, _chain| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    fn check(&self) -> Result<Head, LedgerError> {
        let mut connection = self.lock();
        // One transaction, so that all is read from one state while others go on writing.
        let transaction = connection.transaction().map_err(|e| self.unusable(&e))?;
        let verdict: String =
            transaction.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|e| self.unusable(&e))?;
        if verdict != "ok" {
            return Err(LedgerError::Use {
                location: self.location(),
                why: format!("The file is damaged ({}). Restore it from a copy.", crate::text::line(&verdict)),
            });
        }
        let mut head = Head::default();
        self.chained(&transaction, &mut head, |_entry| {})?;
        Ok(head)
    }

    fn location(&self) -> String {
        shown(&self.path)
    }
}

/// The schema of version 1. `canonical` digests are text, so that an auditor can read the table with any tool.
const SCHEMA_1: &str = "
CREATE TABLE entries (
    seq    INTEGER PRIMARY KEY CHECK (seq > 0),
    kind   TEXT NOT NULL,
    record TEXT NOT NULL,
    gate   TEXT,
    at     TEXT NOT NULL,
    body   BLOB NOT NULL,
    digest TEXT NOT NULL,
    chain  TEXT NOT NULL
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

#[cfg(test)]
mod tests;
