//! Checking a whole ledger, or a folder that one was exported to.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{Desk, sign, stamp, verify};
use crate::domain::decision::Receipt;
use crate::error::{AppError, ErrorKind};
use crate::ledger::anchor::{self, Anchor};
use crate::ledger::check::{Audit, Checked, Finding, Look};
use crate::ledger::folder::FolderLedger;
use crate::ledger::{Entry, EntryKind, Head, Ledger};
use crate::orchestrator::Order;
use crate::remote::mirror;
use crate::trust::verify::{TrustRoot, Verified, VerifyError, verify_stamped};

/// Checks the configured ledger: every entry, hash, signature and checkpoint, and every head that was seen elsewhere: in
/// the files and mirrors that are named, and in the mirrors that are configured.
pub async fn check(desk: &Desk, anchors: Vec<PathBuf>) -> Result<Checked, AppError> {
    let (ledger, trust) = (Arc::clone(&desk.ledger), desk.config.trust.clone());
    let mirrored = super::super::anchor::mirrored(desk, &anchors).await;
    blocking(move || {
        let root = sign::trust_root(&trust);
        let files: Vec<PathBuf> = anchors.into_iter().filter(|path| !mirror::is_mirror(path)).collect();
        let mut all = anchor::files(&files).map_err(AppError::usage)?;
        all.extend(mirrored.anchors);
        let mut checked = audit(ledger.as_ref(), &root, &all)?;
        for (what, mend) in mirrored.problems {
            checked.finds(Finding { code: "mirror", entry: None, what, mend });
        }
        checked.notes.extend(mirrored.notes);
        Ok(checked)
    })
    .await
}

/// Checks a folder that a ledger was exported to, with no configuration and no network. Without a folder of trust, the one
/// that came with it is taken, and only says that it fits together.
pub async fn check_folder(dir: PathBuf, trust: Option<PathBuf>, anchors: Vec<PathBuf>) -> Result<Checked, AppError> {
    blocking(move || {
        let trust = trust.unwrap_or_else(|| dir.join("trust"));
        let root = verify::trust_folder(&trust);
        let ledger = FolderLedger::open(&dir, &trust)?;
        let mut checked = audit(&ledger, &root, &anchor::files(&anchors).map_err(AppError::usage)?)?;
        checked.notes.extend(ledger.caution());
        Ok(checked)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| AppError::internal(e.to_string()))?
}

fn audit(ledger: &dyn Ledger, root: &Result<TrustRoot, AppError>, anchors: &[Anchor]) -> Result<Checked, AppError> {
    let look = |entry: &Entry| look(entry, root, ledger);
    Ok(ledger.check(&Audit { look: &look, anchors })?)
}

/// What an entry says for itself: its form, and of a signed one whether it verifies as of the time that the ledger recorded:
/// a key that has expired since was good then, and one that had expired is good as of a time stamp that the ledger has.
pub fn look(entry: &Entry, root: &Result<TrustRoot, AppError>, ledger: &dyn Ledger) -> Look {
    let read = match entry.draft.kind {
        EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => return signed(entry, root, ledger),
        EntryKind::Intent => serde_json::from_slice::<Order>(&entry.draft.body).map(drop),
        EntryKind::Receipt => serde_json::from_slice::<Receipt>(&entry.draft.body).map(drop),
        // What is in them is looked at where they are used.
        EntryKind::Approvers | EntryKind::Stamp | EntryKind::Push => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&entry.draft.body).map(drop)
        }
    };
    let findings = read.err().map(|e| finding(entry, "unreadable", &e.to_string(), "Nothing relies on it."));
    Look { findings: findings.into_iter().collect(), ..Look::default() }
}

fn signed(entry: &Entry, root: &Result<TrustRoot, AppError>, ledger: &dyn Ledger) -> Look {
    let verified = match root {
        Ok(root) => as_recorded(entry, root, ledger).map_err(|e| (e.to_string(), e.hint())),
        Err(e) => Err((e.message.clone(), e.hints.join(" "))),
    };
    let verified = match verified {
        Ok(verified) => verified,
        Err((why, mend)) => {
            return Look { findings: vec![finding(entry, "not-verified", &why, &mend)], ..Look::default() };
        }
    };
    let counter = verified.touch.as_ref().map(|touch| (verified.key.fingerprint.clone(), touch.counter));
    let findings = misplaced(entry, &verified)
        .map(|why| finding(entry, "misplaced", why, "Nothing relies on it. Find out who wrote it to the ledger."));
    Look { findings: findings.into_iter().collect(), seen: seen(&verified), counter }
}

fn as_recorded(entry: &Entry, root: &TrustRoot, ledger: &dyn Ledger) -> Result<Verified, VerifyError> {
    let verified = |stamps: &[Vec<u8>]| verify_stamped(&entry.draft.body, stamps, root, entry.draft.at);
    verified(&[]).or_else(|error| {
        // Stamps are only looked for where they can change anything: each look reads the ledger.
        let all = if error.is_of_time() { ledger.record(&entry.draft.record).unwrap_or_default() } else { Vec::new() };
        let stamps = stamp::tokens(&all, &entry.digest);
        if stamps.is_empty() { Err(error) } else { verified(&stamps) }
    })
}

/// Why a document that verifies is not the one that the entry says it is.
fn misplaced(entry: &Entry, verified: &Verified) -> Option<&'static str> {
    let statement = &verified.statement;
    let kind = match entry.draft.kind {
        EntryKind::Decision => statement.decision().is_some(),
        EntryKind::Triage => statement.triage().is_some(),
        EntryKind::Delegation => statement.delegation().is_some(),
        _ => false,
    };
    let gate = statement.decision().map(|d| d.orchestrator.gate.to_string());
    if !kind {
        Some("it is a document of another kind.")
    } else if *statement.id() != entry.draft.record {
        Some("its id is not the one that it was recorded under.")
    } else if gate.is_some() && gate != entry.draft.gate {
        Some("its gate is not the one that it was recorded under.")
    } else {
        None
    }
}

/// The ledger as the signer of a decision saw it.
pub(in crate::review) fn seen(verified: &Verified) -> Option<Head> {
    let seen = verified.statement.decision()?.seen_checkpoint.as_ref()?;
    // What cannot be read as a head fits nothing, and is told as such.
    let unreadable = || Head { origin: format!("{} (unreadable)", seen.origin), ..Head::empty("") };
    let head =
        || Some(Head { origin: seen.origin.clone(), size: seen.size.parse().ok()?, root: seen.root.parse().ok()? });
    Some(head().unwrap_or_else(unreadable))
}

fn finding(entry: &Entry, code: &'static str, why: &str, mend: &str) -> Finding {
    let (seq, kind) = (entry.seq, entry.draft.kind.word());
    let what = crate::text::line(&format!("Ledger entry {seq} ({kind}) does not count: {why}")).into_owned();
    Finding { code, entry: Some(seq), what, mend: crate::text::line(mend).into_owned() }
}

/// Whether nothing is wrong; else a failure that names what is.
pub fn conclusion(checked: &Checked) -> Result<(), AppError> {
    if checked.found == 0 {
        return Ok(());
    }
    let error =
        AppError::new(ErrorKind::Verification, format!("The ledger does not hold: {} findings.", checked.found));
    Err(checked.findings.iter().fold(error, |e, finding| e.hint(format!("{} {}", finding.what, finding.mend))))
}
