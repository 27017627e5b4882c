//! A batch of entries, read by one thread and judged by all.

use std::thread::{Scope, ScopedJoinHandle};

use tlog_tiles::{Hash, stored_hash_count};

use super::{Audit, Look};
use crate::ledger::log::BATCH;
use crate::ledger::merkle::leaf_hash;
use crate::ledger::note::Keys;
use crate::ledger::storage::{Row, Wanted};
use crate::ledger::{Entry, Head, LedgerError, Reading, leaf};

/// About how many bytes of bodies are held in one batch.
const BYTES: usize = 8 * 1024 * 1024;

/// Reads a ledger through, batch by batch.
pub(super) struct Reader {
    /// The position that comes next.
    from: u64,
    limit: u32,
    /// Whether the chain of a ledger that was carried over may still have links.
    chained: bool,
}

/// What was read of so many entries.
#[derive(Default)]
pub(super) struct Batch {
    pub rows: Vec<Row>,
    /// The stored hashes of the entries up to the last row, if none is missing.
    pub hashes: Vec<Hash>,
    pub checkpoints: Vec<(u64, String)>,
    pub links: Vec<(u64, String)>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { from: 1, limit: 64, chained: true }
    }

    /// The next batch; empty at the end.
    pub(super) fn next(&mut self, reading: &mut dyn Reading) -> Result<Batch, LedgerError> {
        let rows = reading.entries(&Wanted { from: self.from, limit: Some(self.limit), ..Wanted::default() })?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(Batch::default()) };
        let hashes = reading.hash_run(stored_hash_count(self.from - 1), stored_hash_count(last))?;
        let span = u32::try_from((last + 1).saturating_sub(self.from)).unwrap_or(u32::MAX);
        let mut checkpoints = reading.checkpoints(self.from, span)?;
        checkpoints.retain(|(size, _)| *size <= last);
        let mut links = Vec::new();
        if self.chained {
            links = reading.chain(self.from, span)?;
            links.retain(|(seq, _)| *seq <= last);
            self.chained = !links.is_empty();
        }
        let bytes = rows.iter().map(|row| row.body.len()).sum::<usize>() / rows.len();
        self.limit = u32::try_from(BYTES / bytes.max(1)).unwrap_or(BATCH).clamp(1, BATCH);
        // Always onward, also past a position before the first.
        self.from = (last + 1).max(self.from + 1);
        Ok(Batch { rows, hashes, checkpoints, links })
    }
}

/// What was found of one entry without knowing of the others.
pub(super) struct Judged {
    pub seq: u64,
    /// The hash of its leaf; what is wrong with the row, if there is no leaf.
    pub leaf: Result<Hash, String>,
    pub look: Look,
    /// The entry, where its link of the chain is still to be compared.
    pub entry: Option<Entry>,
}

/// A batch that is being judged.
pub(super) struct Working<'scope> {
    pub hashes: Vec<Hash>,
    pub links: Vec<(u64, String)>,
    pub first: u64,
    parts: Vec<ScopedJoinHandle<'scope, Done>>,
}

/// A batch that was judged.
#[derive(Default)]
pub(super) struct Done {
    pub entries: Vec<Judged>,
    pub checkpoints: Vec<(u64, Result<Head, String>)>,
}

impl<'scope> Working<'scope> {
    /// Has a batch judged, a part on each core.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        audit: &'env Audit<'env>,
        keys: &'env Keys,
        origin: &'env str,
        batch: Batch,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let Batch { rows, hashes, checkpoints, links } = batch;
        let first = rows.first().map_or(0, |row| row.seq);
        let chained = !links.is_empty();
        let mut rows = parts(rows, cores).into_iter();
        let mut notes = parts(checkpoints, cores).into_iter();
        let parts = (0..cores).map(|_| {
            let (rows, notes) = (rows.next().unwrap_or_default(), notes.next().unwrap_or_default());
            scope.spawn(move || Done {
                entries: rows.into_iter().map(|row| judge(audit, row, chained)).collect(),
                checkpoints: notes.into_iter().map(|(size, note)| (size, keys.open(&note, origin))).collect(),
            })
        });
        Self { parts: parts.collect(), hashes, links, first }
    }

    /// Waits for it.
    pub(super) fn finish(&mut self) -> Done {
        let mut done = Done::default();
        for part in self.parts.drain(..) {
            // A panic in a part goes on here, where it is contained as any other.
            let part = part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done.entries.extend(part.entries);
            done.checkpoints.extend(part.checkpoints);
        }
        done
    }
}

fn judge(audit: &Audit<'_>, row: Row, chained: bool) -> Judged {
    let seq = row.seq;
    match row.entry() {
        Ok(entry) => {
            let (leaf, look) = (leaf_hash(&leaf::of(&entry)), (audit.look)(&entry));
            Judged { seq, leaf: Ok(leaf), look, entry: chained.then_some(entry) }
        }
        Err(why) => Judged { seq, leaf: Err(why), look: Look::default(), entry: None },
    }
}

/// Cuts a list into so many runs of about the same length.
fn parts<T>(list: Vec<T>, count: usize) -> Vec<Vec<T>> {
    let length = list.len().div_ceil(count).max(1);
    let (mut parts, mut list) = (Vec::new(), list.into_iter());
    for _ in 0..count {
        parts.push(list.by_ref().take(length).collect());
    }
    parts
}
