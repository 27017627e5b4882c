//! Rows of the file, read and written within a transaction.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use tlog_tiles::Hash;

use super::SqliteLedger;
use crate::ledger::storage::{Added, Row, Wanted};
use crate::ledger::{Ledger as _, LedgerError, Reading, Writing};

/// What a transaction reads from and writes to.
pub(super) struct Rows<'a> {
    ledger: &'a SqliteLedger,
    connection: &'a Connection,
}

impl<'a> Rows<'a> {
    pub(super) fn new(ledger: &'a SqliteLedger, connection: &'a Connection) -> Self {
        Self { ledger, connection }
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    fn failed(&self, error: &rusqlite::Error) -> LedgerError {
        self.ledger.unusable(error)
    }

    fn number(number: u64) -> i64 {
        i64::try_from(number).unwrap_or(i64::MAX)
    }

    /// An entry, or what is wrong with the row.
    fn row(&self, row: &rusqlite::Row<'_>) -> Result<Row, LedgerError> {
        let seq: i64 = row.get(0).map_err(|e| self.failed(&e))?;
        let damaged = |why| LedgerError::Damaged {
            location: self.ledger.location(),
            seq: u64::try_from(seq).unwrap_or_default(),
            why,
        };
        let seq = u64::try_from(seq).map_err(|_e| damaged("its position is negative.".to_owned()))?;
        let unlike = |e: rusqlite::Error| damaged(format!("a column is not of its type ({e})."));
        Ok(Row {
            seq,
            kind: row.get(1).map_err(unlike)?,
            record: row.get(2).map_err(unlike)?,
            gate: row.get(3).map_err(unlike)?,
            at: row.get(4).map_err(unlike)?,
            body: row.get(5).map_err(unlike)?,
            digest: row.get(6).map_err(unlike)?,
        })
    }

    pub(super) fn pairs(&self, sql: &str, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<(u64, String)>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![Self::number(from), limit], |row| {
                Ok((u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(), row.get(1)?))
            })?;
            rows.collect()
        };
        read().map_err(|e| self.failed(&e))
    }
}

/// A hash as it is kept; a value of another length is no hash, and fits nothing.
fn hash(row: &rusqlite::Row<'_>) -> Hash {
    Hash(row.get(0).unwrap_or_default())
}

impl Reading for Rows<'_> {
    fn origin(&mut self) -> Result<String, LedgerError> {
        let sql = "SELECT value FROM meta WHERE name = 'origin'";
        let found: Option<String> =
            self.connection.query_row(sql, [], |row| row.get(0)).optional().map_err(|e| self.failed(&e))?;
        found.ok_or_else(|| LedgerError::Checkpoint {
            location: self.ledger.location(),
            size: 0,
            why: "its origin is missing. Restore the ledger from a copy.".to_owned(),
        })
    }

    fn size(&mut self) -> Result<u64, LedgerError> {
        let read = || -> rusqlite::Result<i64> {
            let mut statement = self.connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM entries")?;
            statement.query_row([], |row| row.get(0))
        };
        read().map(|n| u64::try_from(n).unwrap_or_default()).map_err(|e| self.failed(&e))
    }

    fn newest(&mut self) -> Result<Option<String>, LedgerError> {
        let read = || -> rusqlite::Result<Option<String>> {
            let sql = "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1";
            self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()
        };
        read().map_err(|e| self.failed(&e))
    }

    fn entries(&mut self, wanted: &Wanted) -> Result<Vec<Row>, LedgerError> {
        // Beyond the last position that can be kept there is nothing; cut to it, the last one would come again and again.
        if i64::try_from(wanted.from).is_err() {
            return Ok(Vec::new());
        }
        let mut sql = "SELECT seq, kind, record, gate, at, body, digest FROM entries WHERE ".to_owned();
        let mut values: Vec<Value> = Vec::new();
        // From the start means also what is before the start, so that it is seen.
        if wanted.from <= 1 {
            sql.push('1');
        } else {
            sql.push_str("seq >= ?");
            values.push(Self::number(wanted.from).into());
        }
        if !wanted.kinds.is_empty() {
            sql.push_str(&format!(" AND kind IN ({})", vec!["?"; wanted.kinds.len()].join(", ")));
            values.extend(wanted.kinds.iter().map(|k| Value::from(k.word().to_owned())));
        }
        if let Some(record) = &wanted.record {
            sql.push_str(" AND record = ?");
            values.push(record.as_str().to_owned().into());
        }
        sql.push_str(" ORDER BY seq LIMIT ?");
        values.push(wanted.limit.map_or(-1, i64::from).into());
        let mut statement = self.connection.prepare_cached(&sql).map_err(|e| self.failed(&e))?;
        let mut rows = statement.query(params_from_iter(values)).map_err(|e| self.failed(&e))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.failed(&e))? {
            found.push(self.row(row)?);
        }
        Ok(found)
    }

    fn hashes(&mut self, numbers: &[u64]) -> Result<Vec<Hash>, LedgerError> {
        let mut found = Vec::with_capacity(numbers.len());
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached("SELECT hash FROM hashes WHERE id = ?1")?;
            for number in numbers {
                found.extend(statement.query_row([Self::number(*number)], |row| Ok(hash(row))).optional()?);
            }
            Ok(())
        };
        read().map_err(|e| self.failed(&e))?;
        Ok(found)
    }

    fn hash_run(&mut self, from: u64, to: u64) -> Result<Vec<Hash>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<Hash>> {
            let sql = "SELECT hash FROM hashes WHERE id >= ?1 AND id < ?2 ORDER BY id";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map([Self::number(from), Self::number(to)], |row| Ok(hash(row)))?.collect()
        };
        read().map_err(|e| self.failed(&e))
    }

    fn checkpoints(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        self.pairs("SELECT size, note FROM checkpoints WHERE size >= ?1 ORDER BY size LIMIT ?2", from, limit)
    }

    fn keys(&mut self) -> Result<Vec<String>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare_cached("SELECT vkey FROM keys ORDER BY since, vkey")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|e| self.failed(&e))
    }

    fn chain(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        self.pairs("SELECT seq, link FROM chain WHERE seq >= ?1 ORDER BY seq LIMIT ?2", from, limit)
    }

    fn integrity(&mut self) -> Result<(), LedgerError> {
        let verdict: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|e| self.failed(&e))?;
        if verdict == "ok" {
            return Ok(());
        }
        let why = format!("{}. Restore it from a copy.", crate::text::line(&verdict));
        Err(LedgerError::Corrupt { location: self.ledger.location(), why })
    }
}

impl Writing for Rows<'_> {
    fn add(&mut self, added: &Added<'_>) -> Result<(), LedgerError> {
        let write = || -> rusqlite::Result<()> {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO entries (seq, kind, record, gate, at, body, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for entry in added.entries {
                let draft = &entry.draft;
                insert.execute(params![
                    Self::number(entry.seq),
                    draft.kind.word(),
                    draft.record.as_str(),
                    draft.gate,
                    draft.at.to_string(),
                    draft.body,
                    entry.digest.as_str(),
                ])?;
            }
            self.add_hashes(added.first_hash, added.hashes)?;
            let (size, note) = added.checkpoint;
            let mut insert = self.connection.prepare_cached("INSERT INTO checkpoints (size, note) VALUES (?1, ?2)")?;
            insert.execute(params![Self::number(size), note])?;
            if let Some(key) = added.key {
                let sql = "INSERT INTO keys (vkey, since) VALUES (?1, ?2)";
                self.connection.execute(sql, params![key, Self::number(size)])?;
            }
            Ok(())
        };
        write().map_err(|e| self.failed(&e))
    }
}

impl Rows<'_> {
    pub(super) fn add_hashes(&self, first: u64, hashes: &[Hash]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached("INSERT INTO hashes (id, hash) VALUES (?1, ?2)")?;
        for (number, hash) in (first..).zip(hashes) {
            insert.execute(params![Self::number(number), hash.0])?;
        }
        Ok(())
    }
}
