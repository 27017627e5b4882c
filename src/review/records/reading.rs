//! Reads a ledger and verifies it: what each entry says for itself on all cores, and then in order what comes of it.

use std::collections::HashSet;
use std::sync::Arc;

use super::Records;
use super::take::{Source, Step};
use crate::config::schema::TrustConfig;
use crate::domain::ids::RecordId;
use crate::error::AppError;
use crate::ledger::{Entry, EntryKind, Ledger};
use crate::review::ledger::unlike;
use crate::review::{sign, stamp};
use crate::trust::verify::{TrustRoot, verify_stamped};

/// How many entries are judged at once: few enough that nothing of what is let go afterwards is held for long.
const BATCH: usize = 512;
/// So few are judged at once without another thread.
const FEW: usize = 8;

pub(super) fn read(
    ledger: &dyn Ledger,
    trust: &TrustConfig,
    before: Option<Arc<Records>>,
) -> Result<Arc<Records>, AppError> {
    // What was broken may have been restored from a copy.
    let mut before = before.filter(|b| b.broken.is_none());
    let mut read = ledger.follow(before.as_ref().and_then(|b| b.head.as_ref()))?;
    if let (true, None, Some(before)) = (read.entries.is_empty(), &read.damage, &before) {
        return Ok(Arc::clone(before));
    }
    let root = if read.entries.is_empty() { Ok(TrustRoot::default()) } else { sign::trust_root(trust) };
    if let (Some(held), Ok(root)) = (&before, &root)
        && held.are_stamped_since(&read.entries, ledger, root)?
    {
        // What did not count, does now, in its place: all is read anew.
        before = None;
        read = ledger.follow(None)?;
    }
    let mut records = before.map(Arc::unwrap_or_clone).unwrap_or_default();
    let first = read.head.size - read.entries.len() as u64 + 1;
    let source: &Source<'_> = &|id: &RecordId| ledger.record(id);
    let (mut entries, mut done) = (read.entries.into_iter(), 0);
    loop {
        let batch: Vec<Entry> = entries.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let steps = judged(&batch, &root);
        for (n, (entry, step)) in (done..).zip(batch.iter().zip(steps)) {
            let root_at = |size: u64| match size.checked_sub(first) {
                Some(at) => {
                    Ok(usize::try_from(at).ok().filter(|at| *at < n).and_then(|at| read.roots.get(at).copied()))
                }
                None => ledger.root_at(size),
            };
            if let Some(seen) = records.take(entry, step, &root, source)?
                && let Some(why) = unlike(entry.seq, &seen, &read.head, root_at)?
            {
                records.contradict(&why, seen.origin == read.head.origin);
            }
        }
        done += batch.len();
    }
    records.head = Some(read.head);
    if let Some(damage) = read.damage {
        records.break_off(&damage);
    }
    Ok(Arc::new(records))
}

pub(super) fn of(entries: &[Entry], root: &TrustRoot) -> Records {
    let mut records = Records::default();
    let root = Ok(root.clone());
    let source: &Source<'_> = &|id: &RecordId| Ok(entries.iter().filter(|e| e.draft.record == *id).cloned().collect());
    for batch in entries.chunks(BATCH) {
        for (entry, step) in batch.iter().zip(judged(batch, &root)) {
            // What is in the list can be read.
            records.take(entry, step, &root, source).ok();
        }
    }
    records
}

/// What each entry says for itself, in order: a part of them on each core.
fn judged(entries: &[Entry], root: &Result<TrustRoot, AppError>) -> Vec<Step> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let judge = |part: &[Entry]| part.iter().map(|entry| Step::of(entry, root)).collect::<Vec<_>>();
    if cores == 1 || entries.len() <= FEW {
        return judge(entries);
    }
    std::thread::scope(|scope| {
        let parts = entries.chunks(entries.len().div_ceil(cores));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || judge(part))).collect();
        // A panic in a part goes on here, where it is contained as any other.
        let done = parts.into_iter().map(|part| part.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        done.flatten().collect()
    })
}

impl Records {
    /// Whether a document that was out of its key's time has a time stamp among new entries by which it counts.
    fn are_stamped_since(&self, new: &[Entry], ledger: &dyn Ledger, root: &TrustRoot) -> Result<bool, AppError> {
        let stamps = new.iter().filter(|e| e.draft.kind == EntryKind::Stamp);
        let stamped: HashSet<&RecordId> = stamps.map(|e| &e.draft.record).collect();
        for late in self.untimely.iter().filter(|late| stamped.contains(&late.0)) {
            let (record, seq) = &**late;
            let all = ledger.record(record)?;
            let counts = |e: &Entry| {
                let stamps = stamp::tokens(&all, &e.digest);
                verify_stamped(&e.draft.body, &stamps, root, e.draft.at).is_ok()
            };
            if all.iter().find(|e| e.seq == *seq).is_some_and(counts) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
