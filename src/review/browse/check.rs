//! The whole ledger checked from its beginning, while a person watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Stop;
use crate::domain::record::{LedgerCheck, LedgerHead};
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::ledger::check::{Audit, Checked, Finding, Look};
use crate::ledger::{Entry, Ledger};
use crate::review::{Desk, sign};
use crate::trust::verify::{TrustRoot, verify_envelope};

/// After how many entries progress is told: often enough to be seen, and rarely enough to cost nothing.
const STEP: u64 = 64;

/// Checks every hash, every checkpoint and every signature anew, whatever was read before. `progress` is told how many
/// entries of how many were looked at. `None`: it was called off.
pub async fn check(
    desk: &Desk,
    stop: Stop,
    progress: impl Fn(u64, u64) + Send + Sync + 'static,
) -> Result<Option<LedgerCheck>, AppError> {
    let (ledger, trust, clock) = (Arc::clone(&desk.ledger), desk.config.trust.clone(), Arc::clone(&desk.clock));
    let checked = tokio::task::spawn_blocking(move || {
        let root = sign::trust_root(&trust);
        run(ledger.as_ref(), &root, &stop, progress, || clock.now())
    });
    checked.await.map_err(|e| AppError::internal(format!("Checking the ledger failed: {e}.")))?
}

pub(super) fn run(
    ledger: &dyn Ledger,
    root: &Result<TrustRoot, AppError>,
    stop: &Stop,
    progress: impl Fn(u64, u64) + Sync,
    now: impl Fn() -> Timestamp,
) -> Result<Option<LedgerCheck>, AppError> {
    let mut all = 0;
    ledger.snapshot(&mut |reading| {
        all = reading.size()?;
        Ok(())
    })?;
    let (done, good) = (AtomicU64::new(0), AtomicU64::new(0));
    let looks = |entry: &Entry| {
        if stop.is_called_off() {
            return Look::default();
        }
        let look = look(entry, root);
        if entry.draft.kind.is_signed() && look.findings.is_empty() {
            good.fetch_add(1, Ordering::Relaxed);
        }
        let before = done.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(STEP) {
            progress(before, all.max(before));
        }
        look
    };
    let checked = ledger.check(&Audit { look: &looks, anchors: &[] })?;
    if stop.is_called_off() {
        return Ok(None);
    }
    let (entries, signatures) = (done.into_inner(), good.into_inner());
    Ok(Some(outcome(ledger, &checked, entries, signatures, now())))
}

fn outcome(ledger: &dyn Ledger, checked: &Checked, entries: u64, signatures: u64, at: Timestamp) -> LedgerCheck {
    let told = |finding: &Finding| format!("{} {}", finding.what, finding.mend).trim_end().to_owned();
    let mut findings: Vec<String> = checked.findings.iter().map(told).collect();
    let more = checked.found.saturating_sub(findings.len() as u64);
    if more > 0 {
        findings.push(format!("And {more} more."));
    }
    let head = LedgerHead {
        location: ledger.location(),
        origin: Some(checked.head.origin.clone()),
        size: checked.head.size,
        root: checked.head.root.to_string(),
    };
    let (checkpoints, seen) = (checked.checkpoints, checked.seen);
    LedgerCheck { head: Some(head), entries, signatures, checkpoints, seen, findings, hints: Vec::new(), at }
}

fn look(entry: &Entry, root: &Result<TrustRoot, AppError>) -> Look {
    if !entry.draft.kind.is_signed() {
        return Look::default();
    }
    let (why, mend) = match root {
        Ok(root) => match verify_envelope(&entry.draft.body, root, entry.draft.at) {
            Ok(_) => return Look::default(),
            Err(why) => (why.to_string(), why.hint()),
        },
        Err(why) => (why.message.clone(), why.hints.join(" ")),
    };
    let what = format!("Ledger entry {} ({}) does not count: {why}", entry.seq, entry.draft.kind.word());
    let what = crate::text::line(&what).into_owned();
    Look { findings: vec![Finding { code: "not-verified", entry: Some(entry.seq), what, mend }], ..Look::default() }
}
