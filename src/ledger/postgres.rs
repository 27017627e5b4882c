//! The ledger of a team, in PostgreSQL.
//!
//! One row, the head, is taken `FOR UPDATE` by whoever writes, so that positions are given out one by one over all hosts;
//! unique positions and triggers refuse what goes around it, and the tree finds what is done around them. When `append`
//! returns, the server has flushed (`synchronous_commit = on`, `fsync = on`, both checked).
//!
//! A connection that is lost while reading is made again, once. One that is lost while a commit was on its way leaves open
//! whether it was carried out: then the head is taken again, and what the database has decides.

pub mod address;
mod evidence;
mod fault;
mod rows;
mod schema;
mod session;
mod tls;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use address::Address;
pub use evidence::PostgresEvidence;

use super::{Ledger, LedgerError, Reading, Writer, Writing, key_file};
use crate::secrets::Secret;
use fault::Fault;
use rows::Rows;
use session::{Link, Session};

/// For how long a server that is gone is waited for, once a commit was on its way.
const PATIENCE: Duration = Duration::from_secs(15);

/// A ledger in a PostgreSQL database.
pub struct PostgresLedger {
    shared: Arc<Shared>,
    writer: Writer,
}

/// The connection of a process, made when it is needed; another one, while that is being read from.
struct Shared {
    location: String,
    link: Link,
    session: Mutex<Option<Arc<Session>>>,
    patience: Duration,
}

impl PostgresLedger {
    /// Connects, and makes the tables where there are none. `key` is the file of the key that signs checkpoints, made if
    /// it is not there; `trusted` are the vkeys whose checkpoints are believed, without which those count that the ledger
    /// lists.
    pub fn open(
        address: &Address,
        password: Option<&Secret>,
        key: &Path,
        trusted: Option<Vec<String>>,
    ) -> Result<Self, LedgerError> {
        let location = address.to_string();
        let failed = |why| LedgerError::Open { location: location.clone(), why };
        let writer = Writer::new(key_file::load_or_make(key).map_err(failed)?, trusted);
        let link = Link::new(address, password).map_err(failed)?;
        let session = link.connect().map_err(|fault| failed(fault.why()))?;
        schema::prepare(&link, &session).map_err(failed)?;
        let shared =
            Shared { location: location.clone(), link, session: Mutex::new(Some(session)), patience: PATIENCE };
        Ok(Self { shared: Arc::new(shared), writer })
    }

    /// The evidence in the same database.
    pub fn evidence(&self) -> PostgresEvidence {
        PostgresEvidence::new(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Session>>> {
        // A session is out of its place while it is used: one whose thread died with a transaction open is not used again.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the session that there is, or makes a new one. It is put back once nothing of it is open.
    fn session(&self, held: &mut Option<Arc<Session>>) -> Result<Arc<Session>, Fault> {
        match held.take().filter(|s| !s.is_over()) {
            Some(session) => Ok(session),
            None => self.link.connect(),
        }
    }

    /// Does what may be done twice; a connection that is lost on the way is made again, once.
    fn reading<T>(&self, work: impl Fn(&Link, &Arc<Session>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut held = self.lock();
        let mut again = held.is_some();
        loop {
            let session = self.session(&mut held)?;
            match work(&self.link, &session) {
                Err(Fault::Lost(_)) if again => again = false,
                Err(Fault::Lost(why)) => return Err(Fault::Lost(why)),
                done => {
                    *held = Some(session);
                    return done;
                }
            }
        }
    }

    /// Runs work between the beginning and the end of a transaction that writes nothing.
    fn snapshot(
        &self,
        session: &Arc<Session>,
        work: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>,
    ) -> Result<Result<(), LedgerError>, Fault> {
        self.link.execute(session, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned())?;
        let mut rows = Rows::new(&self.link, session, &self.location, "");
        let done = work(&mut rows);
        if let Some(fault @ Fault::Lost(_)) = rows.fault {
            return Err(fault);
        }
        self.link.execute(session, "ROLLBACK".to_owned())?;
        Ok(done)
    }

    /// Runs work as the only writer.
    fn write(
        &self,
        session: &Arc<Session>,
        batch: &str,
        work: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>,
    ) -> Written {
        if let Err(fault) = self.link.execute(session, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned()) {
            return Written::of(fault, &self.location);
        }
        let mut rows = Rows::new(&self.link, session, &self.location, batch);
        let done = rows.take_head().and_then(|()| work(&mut rows));
        let (fault, size) = (rows.fault.take(), rows.written);
        if let Some(fault @ Fault::Lost(_)) = fault {
            return Written::of(fault, &self.location);
        }
        match (done, fault) {
            (Ok(()), None) => {}
            // A transaction of which a statement failed is ended by the server whatever it is told.
            (done, fault) => {
                let rolled = self.link.execute(session, "ROLLBACK".to_owned());
                if let Err(fault) = rolled {
                    return Written::of(fault, &self.location);
                }
                let broken = fault.is_some();
                let said = fault.map(|f| f.used(&self.location));
                let error = done.err().or(said).unwrap_or_else(|| self.unusable("Nothing was written."));
                // What work itself says of it stands as it is.
                return Written::Failed(if broken { nothing_written(error) } else { error });
            }
        }
        match self.link.execute(session, "COMMIT".to_owned()) {
            Ok(()) => Written::Done,
            Err(_) => Written::Unknown(size),
        }
    }

    /// Whether the transaction of this batch, which wrote a checkpoint at `size`, came about. Takes the head, so that a
    /// commit that is still under way is waited for.
    fn settle(&self, held: &mut Option<Arc<Session>>, batch: &str, size: u64) -> Result<bool, LedgerError> {
        let end = Instant::now() + self.patience;
        loop {
            let asked = self.session(held).and_then(|session| {
                self.link.execute(&session, "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned())?;
                let mut rows = Rows::new(&self.link, &session, &self.location, batch);
                let found = rows.take_head().and_then(|()| rows.is_written(size));
                if let Some(fault) = rows.fault {
                    return Err(fault);
                }
                self.link.execute(&session, "ROLLBACK".to_owned())?;
                *held = Some(session);
                Ok(found)
            });
            match asked {
                Ok(found) => return found,
                Err(fault) if Instant::now() > end => {
                    return Err(self.unusable(&format!(
                        "The connection was lost while entries were being written, and whether they are in the ledger is \
                         not known. Run the same command again: it reads the ledger first. {}",
                        fault.why()
                    )));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    fn unusable(&self, why: &str) -> LedgerError {
        LedgerError::Use { location: self.location.clone(), why: why.to_owned() }
    }
}

/// What came of a transaction.
enum Written {
    /// It is flushed.
    Done,
    /// Nothing was written, and the connection stands.
    Failed(LedgerError),
    /// Nothing was written: the connection was lost before the commit.
    Lost(LedgerError),
    /// The commit was sent and not answered. With the size of the checkpoint that it wrote, if it did.
    Unknown(Option<u64>),
}

impl Written {
    fn of(fault: Fault, location: &str) -> Self {
        match fault {
            fault @ Fault::Lost(_) => Self::Lost(nothing_written(fault.used(location))),
            fault => Self::Failed(nothing_written(fault.used(location))),
        }
    }
}

/// Says that nothing was written: whoever reads of a lost connection must not have to wonder.
fn nothing_written(error: LedgerError) -> LedgerError {
    const SAID: &str = "Nothing was written.";
    match error {
        LedgerError::Use { location, why } if !why.contains(SAID) => {
            LedgerError::Use { location, why: format!("{why} {SAID}") }
        }
        error => error,
    }
}

/// What marks a transaction: random.
fn batch() -> Result<String, String> {
    let mut noise = [0; 16];
    getrandom::fill(&mut noise).map_err(|e| format!("No random numbers ({e})."))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(noise)))
}

impl Ledger for PostgresLedger {
    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        let shared = &self.shared;
        let mut again = true;
        loop {
            // Taken out of its place, which is free again at once: a long check keeps no append waiting, which makes itself
            // another connection.
            let mut held = shared.lock();
            again &= held.is_some();
            let session = shared.session(&mut held).map_err(|fault| fault.used(&shared.location))?;
            drop(held);
            match shared.snapshot(&session, work) {
                Ok(done) => {
                    shared.lock().get_or_insert(session);
                    return done;
                }
                Err(_) if again => again = false,
                Err(fault) => return Err(fault.used(&shared.location)),
            }
        }
    }

    fn transaction(
        &self,
        work: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let shared = &self.shared;
        let batch = batch().map_err(|why| shared.unusable(&why))?;
        let mut held = shared.lock();
        let mut again = true;
        loop {
            let session = shared.session(&mut held).map_err(|fault| nothing_written(fault.used(&shared.location)))?;
            let lost = match shared.write(&session, &batch, work) {
                Written::Done => {
                    *held = Some(session);
                    return Ok(());
                }
                Written::Failed(error) => {
                    *held = Some(session);
                    return Err(error);
                }
                Written::Lost(error) => error,
                // Nothing was to be written, so nothing is open.
                Written::Unknown(None) => return Ok(()),
                Written::Unknown(Some(size)) => {
                    if shared.settle(&mut held, &batch, size)? {
                        return Ok(());
                    }
                    shared.unusable("The connection was lost, and nothing was written. Try again.")
                }
            };
            if !again {
                return Err(lost);
            }
            again = false;
        }
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn location(&self) -> String {
        self.shared.location.clone()
    }
}

#[cfg(test)]
#[path = "../../tests/it/support/postgres.rs"]
mod server;
#[cfg(test)]
mod tests;
