//! The whole ledger checked from its beginning, while a person watches.

use std::sync::Arc;

use super::{PAGE, Stop};
use crate::domain::record::{LedgerCheck, LedgerHead};
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::ledger::{Entry, Ledger};
use crate::review::{Desk, sign};
use crate::trust::verify::{TrustRoot, verify_envelope};

/// Checks every hash and every signature anew, whatever was read before. `progress` is told how many entries of how many
/// were looked at. `None`: it was called off.
pub async fn check(
    desk: &Desk,
    stop: Stop,
    progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<Option<LedgerCheck>, AppError> {
    let (ledger, trust, clock) = (Arc::clone(&desk.ledger), desk.config.trust.clone(), Arc::clone(&desk.clock));
    let checked = tokio::task::spawn_blocking(move || {
        let root = sign::trust_root(&trust);
        run(ledger.as_ref(), &root, &stop, progress, || clock.now())
    });
    checked.await.map_err(|e| AppError::internal(format!("Checking the ledger failed: {e}.")))?
}

fn run(
    ledger: &dyn Ledger,
    root: &Result<TrustRoot, AppError>,
    stop: &Stop,
    progress: impl Fn(u64, u64),
    now: impl Fn() -> Timestamp,
) -> Result<Option<LedgerCheck>, AppError> {
    let mut out =
        LedgerCheck { head: None, entries: 0, signatures: 0, findings: Vec::new(), hints: Vec::new(), at: now() };
    let read = ledger.follow(None)?;
    out.head = Some(LedgerHead {
        location: ledger.location(),
        origin: Some(read.head.origin),
        size: read.head.size,
        root: read.head.root.to_string(),
    });
    if let Some(damage) = read.damage {
        out.findings.push(damage.to_string());
        out.hints.push("Restore the ledger from a copy; until then nothing in it counts.".to_owned());
    }
    let root = root.as_ref().map_err(|e| {
        out.findings.push(format!("No signature can be checked: {}", e.message));
        out.hints.extend(e.hints.clone());
    });
    let entries = read.entries;
    let all = entries.len() as u64;
    for page in entries.chunks(PAGE as usize) {
        if stop.is_called_off() {
            return Ok(None);
        }
        progress(out.entries, all);
        for entry in page {
            out.entries += 1;
            if let Ok(root) = root {
                signature(entry, root, &mut out);
            }
        }
    }
    progress(out.entries, all);
    out.at = now();
    Ok(Some(out))
}

fn signature(entry: &Entry, root: &TrustRoot, out: &mut LedgerCheck) {
    let kind = entry.draft.kind.word();
    if !entry.draft.kind.is_signed() {
        return;
    }
    match verify_envelope(&entry.draft.body, root, entry.draft.at) {
        Ok(_) => out.signatures += 1,
        Err(why) => {
            let found = format!("Ledger entry {} ({kind}) does not count: {why}", entry.seq);
            out.findings.push(crate::text::line(&found).into_owned());
        }
    }
}
