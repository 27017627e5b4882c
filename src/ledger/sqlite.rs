//! The ledger in one SQLite file.
//!
//! Write-ahead log with `synchronous=FULL`: when `append` returns, the entries are on the disk. Writers take the write
//! lock at the beginning (`BEGIN IMMEDIATE`), so that positions are given out one by one, over threads and processes.
//! Triggers refuse every change of a row and every gap; the tree finds what is done around them.
//!
//! Readers have connections of their own: a check of a hundred thousand entries keeps no append waiting.

mod migrate;
mod open;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{Ledger, LedgerError, Reading, Writer, Writing, key_file};
use rows::Rows;

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(10);

/// How many connections that nobody reads with are kept.
const IDLE: usize = 2;

/// A ledger in an SQLite file.
pub struct SqliteLedger {
    path: PathBuf,
    writer: Writer,
    busy: Duration,
    /// Connections to read with that nobody uses now. They go before the one that writes, which checks the log into the
    /// file when it is the last.
    readers: Mutex<Vec<Connection>>,
    connection: Mutex<Connection>,
}

/// How a ledger is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file of the key that signs its checkpoints; without it, a file beside the ledger.
    pub key: Option<PathBuf>,
    /// The vkeys whose checkpoints are believed; without them, those that the ledger lists.
    pub trusted: Option<Vec<String>>,
}

impl SqliteLedger {
    /// Opens the ledger at an absolute path, with its key beside it. The file (mode 0600), its folders (0700) and the key
    /// are made if they are not there.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, Options::default())
    }

    /// Opens it as told.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, LedgerError> {
        Self::open_patiently(path, options, BUSY)
    }

    /// Opens it, waiting for other writers for `busy` at most.
    fn open_patiently(path: &Path, options: Options, busy: Duration) -> Result<Self, LedgerError> {
        let failed = |why| LedgerError::Open { location: shown(path), why };
        let connection = open::open(path, busy).map_err(failed)?;
        let key = options.key.unwrap_or_else(|| path.with_extension("key"));
        let writer = Writer::new(key_file::load_or_make(&key).map_err(failed)?, options.trusted);
        let (path, readers) = (path.to_owned(), Mutex::default());
        let ledger = Self { path, writer, busy, readers, connection: Mutex::new(connection) };
        migrate::carry_over(&ledger)?;
        Ok(ledger)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was open when a thread died is rolled back when it is dropped: nothing to mend here.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to read with.
    fn reader(&self) -> Result<Connection, LedgerError> {
        if let Some(reader) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(reader);
        }
        let reader = open::reader(&self.path, self.busy).map_err(|e| self.unusable(&e))?;
        reader.ok_or_else(|| LedgerError::Checkpoint {
            location: self.location(),
            size: 0,
            why: "another file is in its place than a moment ago, or a newer version of Countersign has carried it over. \
                  Start this one again, and restore the ledger from a copy if it is damaged."
                .to_owned(),
        })
    }

    /// Takes back a connection of which no transaction is open.
    fn give_back(&self, reader: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE {
            readers.push(reader);
        }
    }

    fn unusable(&self, error: &rusqlite::Error) -> LedgerError {
        let (location, why) = (self.location(), open::explain(error));
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Corrupt { location, why },
            _ => LedgerError::Use { location, why },
        }
    }
}

fn shown(path: &Path) -> String {
    crate::text::line(&path.display().to_string()).into_owned()
}

impl Ledger for SqliteLedger {
    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        let mut reader = self.reader()?;
        // One transaction, so that all is read from one state while others go on writing.
        let transaction = reader.transaction().map_err(|e| self.unusable(&e))?;
        let done = work(&mut Rows::new(self, &transaction));
        transaction.finish().map_err(|e| self.unusable(&e))?;
        self.give_back(reader);
        done
    }

    fn transaction(
        &self,
        work: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|e| self.unusable(&e))?;
        // Another process, of a newer version, may have carried it over while this one had it open.
        let version = migrate::version(&transaction).map_err(|e| self.unusable(&e))?;
        if version != migrate::VERSION {
            return Err(LedgerError::Use { location: self.location(), why: migrate::newer(version) });
        }
        work(&mut Rows::new(self, &transaction))?;
        transaction.commit().map_err(|e| self.unusable(&e))
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn location(&self) -> String {
        shown(&self.path)
    }
}

#[cfg(test)]
mod tests;
