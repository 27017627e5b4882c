//! Looks through the ledger: its records in pages, one in full, and a check of all of it. Changes nothing.
//!
//! Everything is given out as plain data of [`domain::record`](crate::domain::record); bodies stay in the ledger until a
//! record is opened. What a record says of itself is shown, and never believed: what counts is what
//! [`Records`](super::records::Records) verified.

mod check;
pub(super) mod judge;
mod line;
mod sheet;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Desk;
use super::records::Records;
use crate::domain::ids::{Digest, RecordId};
use crate::domain::record::{LedgerHead, LedgerState, RecordLine, RecordSheet};
use crate::error::AppError;
use crate::ledger::storage::{Row, Wanted};
use crate::ledger::{Ledger, LedgerError};
use judge::Judge;

pub use check::check;

/// How many entries are looked at between two pages.
const PAGE: u32 = 512;

/// Tells what runs in the background that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Calls it off.
    pub fn call_off(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was called off.
    pub fn is_called_off(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How far the ledger reaches, whether it is whole, and what in it does not count.
pub async fn state(desk: &Desk) -> Result<LedgerState, AppError> {
    let records = desk.records().await?;
    let unsound = records.sound().err().map(|e| (e.message, e.hints));
    Ok(LedgerState { head: head(desk, &records), unsound, problems: records.problems.clone() })
}

fn head(desk: &Desk, records: &Records) -> LedgerHead {
    let head = records.head();
    LedgerHead {
        location: desk.ledger.location(),
        origin: head.map(|h| h.origin.clone()),
        size: head.map_or(0, |h| h.size),
        root: head.map(|h| h.root.to_string()).unwrap_or_default(),
    }
}

/// Gives the records in pages, the newest first, to `page`, which may be called off.
pub async fn list(
    desk: &Desk,
    stop: Stop,
    mut page: impl FnMut(Vec<RecordLine>) + Send + 'static,
) -> Result<(), AppError> {
    let (judge, ledger) = (Judge::at(desk).await?, Arc::clone(&desk.ledger));
    let read = tokio::task::spawn_blocking(move || -> Result<(), AppError> {
        let reach = judge.reach();
        let mut lines = line::Lines::new(judge);
        Ok(backwards(ledger.as_ref(), reach, |rows| {
            page(rows.into_iter().rev().filter_map(|row| lines.row(row)).collect());
            !stop.is_called_off()
        })?)
    });
    read.await.map_err(|e| AppError::internal(format!("Reading the ledger failed: {e}.")))?
}

/// Reads the ledger from its end, a page at a time, until `take` says that it is enough. Each page is a state of the store
/// of its own, so that nobody who writes has to wait; entries are never changed, so that the pages fit together. What
/// was appended after the first `reach` entries were verified is left for the next time; `None`: nothing is.
fn backwards(
    ledger: &dyn Ledger,
    reach: Option<u64>,
    mut take: impl FnMut(Vec<Row>) -> bool,
) -> Result<(), LedgerError> {
    let mut size = 0;
    ledger.snapshot(&mut |reading| {
        size = reading.size()?;
        Ok(())
    })?;
    size = reach.map_or(size, |reach| size.min(reach));
    while size > 0 {
        let before = size.saturating_sub(PAGE.into());
        let wanted = Wanted { from: before + 1, limit: u32::try_from(size - before).ok(), ..Wanted::default() };
        let mut rows = Vec::new();
        ledger.snapshot(&mut |reading| {
            rows = reading.entries(&wanted)?;
            Ok(())
        })?;
        if !take(rows) {
            break;
        }
        size = before;
    }
    Ok(())
}

/// One record in full; `envelope` says which of its documents, should it have several.
pub async fn open(desk: &Desk, record: &RecordId, envelope: &Digest) -> Result<RecordSheet, AppError> {
    let (ledger, wanted, envelope) = (Arc::clone(&desk.ledger), record.clone(), envelope.clone());
    let failed = |e: tokio::task::JoinError| AppError::internal(format!("Reading the ledger failed: {e}."));
    let entries = tokio::task::spawn_blocking(move || ledger.record(&wanted)).await.map_err(failed)??;
    let judge = Judge::at(desk).await?;
    tokio::task::spawn_blocking(move || sheet::sheet(judge, &entries, &envelope)).await.map_err(failed)?
}
