//! Rows of the database, read and written within a transaction.

use std::sync::Arc;

use tlog_tiles::Hash;
use tokio_postgres::Row as SqlRow;

use super::fault::Fault;
use super::schema;
use super::session::{Link, Parameters, Session};
use crate::ledger::storage::{Added, Row, Wanted};
use crate::ledger::{LedgerError, Reading, Writing};

/// What a transaction reads from and writes to.
pub(super) struct Rows<'a> {
    link: &'a Link,
    session: &'a Arc<Session>,
    location: &'a str,
    /// Marks this transaction's checkpoint, by which it is found again.
    batch: String,
    /// What went wrong between us and the server. After that nothing may be committed.
    pub(super) fault: Option<Fault>,
    /// The size of the checkpoint that was written.
    pub(super) written: Option<u64>,
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'a> Rows<'a> {
    pub(super) fn new(link: &'a Link, session: &'a Arc<Session>, location: &'a str, batch: &str) -> Self {
        Self { link, session, location, batch: batch.to_owned(), fault: None, written: None }
    }

    fn query(&mut self, sql: &'static str, parameters: Parameters) -> Result<Vec<SqlRow>, LedgerError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().used(self.location));
        }
        self.link.query(self.session, sql, parameters).map_err(|fault| {
            self.fault = Some(fault.clone());
            fault.used(self.location)
        })
    }

    /// The first column of the first row.
    fn one<T: for<'r> tokio_postgres::types::FromSql<'r>>(
        &mut self,
        sql: &'static str,
        parameters: Parameters,
    ) -> Result<Option<T>, LedgerError> {
        let rows = self.query(sql, parameters)?;
        rows.first().map(|row| self.column(row, 0)).transpose()
    }

    /// A column. One of another type was changed by somebody who owns the table.
    fn column<'r, T: tokio_postgres::types::FromSql<'r>>(&self, row: &'r SqlRow, n: usize) -> Result<T, LedgerError> {
        row.try_get(n).map_err(|e| {
            let said = e.to_string();
            let why =
                format!("a column is not of its type ({}). Restore the ledger from a copy.", crate::text::line(&said));
            LedgerError::Corrupt { location: self.location.to_owned(), why }
        })
    }

    fn pairs(&mut self, sql: &'static str, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        let rows = self.query(sql, vec![Box::new(number(from)), Box::new(i64::from(limit))])?;
        rows.iter()
            .map(|row| {
                let size: i64 = self.column(row, 0)?;
                Ok((u64::try_from(size).unwrap_or_default(), self.column(row, 1)?))
            })
            .collect()
    }

    fn hash_rows(&mut self, sql: &'static str, parameters: Parameters) -> Result<Vec<Hash>, LedgerError> {
        let rows = self.query(sql, parameters)?;
        rows.iter()
            .map(|row| {
                let bytes: &[u8] = self.column(row, 0)?;
                // A value of another length is no hash, and fits nothing.
                Ok(Hash(bytes.try_into().unwrap_or_default()))
            })
            .collect()
    }

    /// Takes the head: from here on there is no other writer.
    pub(super) fn take_head(&mut self) -> Result<(), LedgerError> {
        // Another process, of a newer version, may have carried it over while this one had it open.
        let sql = "SELECT (SELECT value FROM countersign.meta WHERE name = 'schema') \
                   FROM countersign.head WHERE one FOR UPDATE";
        let schema: Option<Option<String>> = self.one(sql, Vec::new())?;
        let Some(schema) = schema else {
            return Err(LedgerError::Corrupt {
                location: self.location.to_owned(),
                why: "its head is missing. Restore the ledger from a copy.".to_owned(),
            });
        };
        let schema = schema.unwrap_or_default();
        if schema == schema::VERSION.to_string() {
            return Ok(());
        }
        Err(LedgerError::Use { location: self.location.to_owned(), why: schema::newer(&schema) })
    }

    /// Whether the checkpoint at a size is of this transaction.
    pub(super) fn is_written(&mut self, size: u64) -> Result<bool, LedgerError> {
        let sql = "SELECT batch FROM countersign.checkpoints WHERE size = $1";
        let batch: Option<String> = self.one(sql, vec![Box::new(number(size))])?;
        Ok(batch.as_deref() == Some(self.batch.as_str()))
    }
}

impl Reading for Rows<'_> {
    fn origin(&mut self) -> Result<String, LedgerError> {
        let found = self.one("SELECT value FROM countersign.meta WHERE name = 'origin'", Vec::new())?;
        found.ok_or_else(|| LedgerError::Checkpoint {
            location: self.location.to_owned(),
            size: 0,
            why: "its origin is missing. Restore the ledger from a copy.".to_owned(),
        })
    }

    fn size(&mut self) -> Result<u64, LedgerError> {
        let size: Option<i64> = self.one("SELECT coalesce(max(seq), 0) FROM countersign.entries", Vec::new())?;
        Ok(size.and_then(|n| u64::try_from(n).ok()).unwrap_or_default())
    }

    fn newest(&mut self) -> Result<Option<String>, LedgerError> {
        self.one("SELECT note FROM countersign.checkpoints ORDER BY size DESC LIMIT 1", Vec::new())
    }

    fn entries(&mut self, wanted: &Wanted) -> Result<Vec<Row>, LedgerError> {
        // Beyond the last position that can be kept there is nothing; cut to it, the last one would come again and again.
        let Ok(from) = i64::try_from(wanted.from) else { return Ok(Vec::new()) };
        // From the start means also what is before the start, so that it is seen.
        let from = if from <= 1 { i64::MIN } else { from };
        let kinds: Vec<String> = wanted.kinds.iter().map(|k| k.word().to_owned()).collect();
        let mut parameters: Parameters = vec![Box::new(from), Box::new(kinds), Box::new(wanted.limit.map(i64::from))];
        // One statement each, so that the index of records is used where there is a record.
        let rows = match &wanted.record {
            None => self.query(
                "SELECT seq, kind, record, gate, at, body, digest FROM countersign.entries \
                 WHERE seq >= $1 AND (cardinality($2::text[]) = 0 OR kind = ANY($2)) ORDER BY seq LIMIT $3::bigint",
                parameters,
            ),
            Some(record) => {
                parameters.push(Box::new(record.as_str().to_owned()));
                self.query(
                    "SELECT seq, kind, record, gate, at, body, digest FROM countersign.entries \
                     WHERE record = $4 AND seq >= $1 AND (cardinality($2::text[]) = 0 OR kind = ANY($2)) \
                     ORDER BY seq LIMIT $3::bigint",
                    parameters,
                )
            }
        }?;
        rows.iter()
            .map(|row| {
                Ok(Row {
                    seq: u64::try_from(self.column::<i64>(row, 0)?).unwrap_or_default(),
                    kind: self.column(row, 1)?,
                    record: self.column(row, 2)?,
                    gate: self.column(row, 3)?,
                    at: self.column(row, 4)?,
                    body: self.column(row, 5)?,
                    digest: self.column(row, 6)?,
                })
            })
            .collect()
    }

    fn hashes(&mut self, numbers: &[u64]) -> Result<Vec<Hash>, LedgerError> {
        let numbers: Vec<i64> = numbers.iter().copied().map(number).collect();
        let sql = "SELECT h.hash FROM unnest($1::bigint[]) WITH ORDINALITY AS n (id, place) \
                   JOIN countersign.hashes h ON h.id = n.id ORDER BY n.place";
        self.hash_rows(sql, vec![Box::new(numbers)])
    }

    fn hash_run(&mut self, from: u64, to: u64) -> Result<Vec<Hash>, LedgerError> {
        let sql = "SELECT hash FROM countersign.hashes WHERE id >= $1 AND id < $2 ORDER BY id";
        self.hash_rows(sql, vec![Box::new(number(from)), Box::new(number(to))])
    }

    fn checkpoints(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        self.pairs(
            "SELECT size, note FROM countersign.checkpoints WHERE size >= $1 ORDER BY size LIMIT $2",
            from,
            limit,
        )
    }

    fn keys(&mut self) -> Result<Vec<String>, LedgerError> {
        let rows = self.query("SELECT vkey FROM countersign.keys ORDER BY since, vkey", Vec::new())?;
        rows.iter().map(|row| self.column(row, 0)).collect()
    }

    fn integrity(&mut self) -> Result<(), LedgerError> {
        let size = self.size()?;
        let head: Option<i64> = self.one("SELECT size FROM countersign.head WHERE one", Vec::new())?;
        if head == Some(number(size)) {
            return Ok(());
        }
        let head = head.map_or_else(|| "missing".to_owned(), |h| format!("at {h}"));
        Err(LedgerError::Corrupt {
            location: self.location.to_owned(),
            why: format!("its head is {head}, and it has {size} entries. Restore the ledger from a copy."),
        })
    }
}

impl Writing for Rows<'_> {
    fn add(&mut self, added: &Added<'_>) -> Result<(), LedgerError> {
        let entries = added.entries;
        let all = |of: &dyn Fn(&Row) -> String, rows: &[Row]| rows.iter().map(of).collect::<Vec<_>>();
        let rows: Vec<Row> = entries.iter().map(Row::of).collect();
        let seqs: Vec<i64> = rows.iter().map(|r| number(r.seq)).collect();
        let gates: Vec<Option<String>> = rows.iter().map(|r| r.gate.clone()).collect();
        let bodies: Vec<Vec<u8>> = rows.iter().map(|r| r.body.clone()).collect();
        self.query(
            "INSERT INTO countersign.entries (seq, kind, record, gate, at, body, digest) \
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[]) \
                 AS n (seq, kind, record, gate, at, body, digest) ORDER BY n.seq",
            vec![
                Box::new(seqs),
                Box::new(all(&|r| r.kind.clone(), &rows)),
                Box::new(all(&|r| r.record.clone(), &rows)),
                Box::new(gates),
                Box::new(all(&|r| r.at.clone(), &rows)),
                Box::new(bodies),
                Box::new(all(&|r| r.digest.clone(), &rows)),
            ],
        )?;
        let hashes: Vec<Vec<u8>> = added.hashes.iter().map(|h| h.0.to_vec()).collect();
        self.query(
            "INSERT INTO countersign.hashes (id, hash) SELECT $1::bigint + n.place - 1, n.hash \
             FROM unnest($2::bytea[]) WITH ORDINALITY AS n (hash, place) ORDER BY n.place",
            vec![Box::new(number(added.first_hash)), Box::new(hashes)],
        )?;
        let (size, note) = added.checkpoint;
        self.query(
            "INSERT INTO countersign.checkpoints (size, note, batch) VALUES ($1, $2, $3)",
            vec![Box::new(number(size)), Box::new(note.to_owned()), Box::new(self.batch.clone())],
        )?;
        if let Some(key) = added.key {
            let sql = "INSERT INTO countersign.keys (vkey, since) VALUES ($1, $2)";
            self.query(sql, vec![Box::new(key.to_owned()), Box::new(number(size))])?;
        }
        self.query("UPDATE countersign.head SET size = $1 WHERE one", vec![Box::new(number(size))])?;
        self.written = Some(size);
        Ok(())
    }
}
