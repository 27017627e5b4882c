//! The whole ledger checked from its beginning, while a person watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Stop;
use crate::domain::record::{LedgerCheck, LedgerHead};
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::ledger::check::{Audit, Checked, Finding, Look};
use crate::ledger::{Entry, Ledger};
use crate::review::{Desk, ledger, sign};
use crate::trust::verify::TrustRoot;

/// After how many entries progress is told: often enough to be seen, and rarely enough to cost nothing.
const STEP: u64 = 64;

/// Checks every hash, every checkpoint and every signature anew, whatever was read before. `progress` is told how many
/// entries of how many were looked at. `None`: it was called off.
pub async fn check(
    desk: &Desk,
    stop: Stop,
    progress: impl Fn(u64, u64) + Send + Sync + 'static,
) -> Result<Option<LedgerCheck>, AppError> {
    let (store, trust, clock) = (Arc::clone(&desk.ledger), desk.config.trust.clone(), Arc::clone(&desk.clock));
    let checked = tokio::task::spawn_blocking(move || {
        let root = sign::trust_root(&trust);
        run(store.as_ref(), &root, &stop, progress, || clock.now())
    });
    checked.await.map_err(|e| AppError::internal(format!("Checking the ledger failed: {e}.")))?
}

pub(super) fn run(
    store: &dyn Ledger,
    root: &Result<TrustRoot, AppError>,
    stop: &Stop,
    progress: impl Fn(u64, u64) + Sync,
    now: impl Fn() -> Timestamp,
) -> Result<Option<LedgerCheck>, AppError> {
    let mut all = 0;
    store.snapshot(&mut |reading| {
        all = reading.size()?;
        Ok(())
    })?;
    let (done, good) = (AtomicU64::new(0), AtomicU64::new(0));
    let looks = |entry: &Entry| {
        if stop.is_called_off() {
            return Look::default();
        }
        let look = ledger::look(entry, root, store);
        if entry.draft.kind.is_signed() && look.findings.is_empty() {
            good.fetch_add(1, Ordering::Relaxed);
        }
        let before = done.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(STEP) {
            progress(before, all.max(before));
        }
        look
    };
    let checked = store.check(&Audit { look: &looks, anchors: &[] })?;
    if stop.is_called_off() {
        return Ok(None);
    }
    let (entries, signatures) = (done.into_inner(), good.into_inner());
    Ok(Some(outcome(store, &checked, entries, signatures, now())))
}

fn outcome(store: &dyn Ledger, checked: &Checked, entries: u64, signatures: u64, at: Timestamp) -> LedgerCheck {
    let told = |finding: &Finding| format!("{} {}", finding.what, finding.mend).trim_end().to_owned();
    let mut findings: Vec<String> = checked.findings.iter().map(told).collect();
    let more = checked.found.saturating_sub(findings.len() as u64);
    if more > 0 {
        findings.push(format!("And {more} more."));
    }
    let head = LedgerHead {
        location: store.location(),
        origin: Some(checked.head.origin.clone()),
        size: checked.head.size,
        root: checked.head.root.to_string(),
    };
    let (checkpoints, seen) = (checked.checkpoints, checked.seen);
    LedgerCheck { head: Some(head), entries, signatures, checkpoints, seen, findings, at }
}
