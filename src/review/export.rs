//! One record as files for the tools of others: for ssh-keygen, or a bundle for cosign and its kin.

use std::path::Path;

use super::{Desk, ledger, sign, stamp};
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::ledger::Entry;
use crate::trust::bundle;
use crate::trust::dsse::{Envelope, Signature};
use crate::trust::verify::TrustRoot;

/// What was exported.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The files.
    pub files: Vec<String>,
    /// What was left out, and what to do about it: full sentences.
    pub left_out: Vec<String>,
}

/// Writes the record of `entry` into a folder. `all` are the record's entries, with its time stamps: those that are not good
/// by the configured authorities are left out, for whoever gets the files may believe what is in them.
pub async fn record(desk: &Desk, entry: &Entry, all: &[Entry], dir: &Path) -> Result<Exported, AppError> {
    let opened = Envelope::parse(&entry.draft.body).and_then(|envelope| envelope.open());
    let opened = opened.map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    let stamps = stamp::tokens(all, &opened.digest);
    // Whoever has no stamps and no bare signature exports without any trust set up.
    let root = if stamps.is_empty() && matches!(opened.signature, Signature::SshSig(_)) {
        TrustRoot::default()
    } else {
        let trust = desk.config.trust.clone();
        let root = tokio::task::spawn_blocking(move || sign::trust_root(&trust)).await;
        root.map_err(|e| AppError::internal(format!("Reading the trust root failed: {e}.")))??
    };
    let now = desk.clock.now();
    let mut files = match &opened.signature {
        Signature::SshSig(_) => ledger::export(entry, dir)?,
        Signature::Raw { keyid, .. } => bundle_files(entry, &root, keyid, &stamps, now, dir)?,
    };
    let (good, bad) = root.timestamp_authorities.sift(&stamps, &opened.signature.to_bytes(), now);
    if let Some((token, _)) = good.first() {
        files.push(write(dir, &format!("{}.json.tsr", entry.draft.record.as_str()), token)?);
    }
    let left_out = bad.iter().map(|why| format!("A time stamp was left out: {why}. {}", why.hint())).collect();
    Ok(Exported { files, left_out })
}

fn bundle_files(
    entry: &Entry,
    root: &TrustRoot,
    keyid: &str,
    stamps: &[Vec<u8>],
    now: Timestamp,
    dir: &Path,
) -> Result<Vec<String>, AppError> {
    let key = root.allowed_signers.by_fingerprint(keyid).ok_or_else(|| {
        let text = format!("The key {} is not listed, so its public half is not known.", crate::text::line(keyid));
        AppError::new(ErrorKind::Verification, text).hint("Have it listed in allowed_signers.")
    })?;
    let bundle = bundle::export(&entry.draft.body, key, stamps, &root.timestamp_authorities, now);
    let bundle = bundle.map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    std::fs::create_dir_all(dir)
        .map_err(|e| AppError::usage(format!("{} cannot be written to: {e}.", dir.display())))?;
    let name = entry.draft.record.as_str();
    Ok(vec![
        write(dir, &format!("{name}.json"), &entry.draft.body)?,
        write(dir, &format!("{name}.sigstore.json"), bundle.json.to_string().as_bytes())?,
        write(dir, &format!("{name}.pub.pem"), bundle.public_key.as_bytes())?,
    ])
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<String, AppError> {
    let path = dir.join(name);
    std::fs::write(&path, bytes).map_err(|e| AppError::usage(format!("{} cannot be written: {e}.", path.display())))?;
    Ok(path.to_string_lossy().into_owned())
}
