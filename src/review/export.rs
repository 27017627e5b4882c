//! One record as files for the tools of others: for ssh-keygen, or a bundle for cosign and its kin.

use std::path::Path;

use super::records::ApproversBody;
use super::{Desk, ledger, sign, stamp};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::trust::bundle;
use crate::trust::dsse::{Envelope, Signature};

/// Writes the record of `entry` into a folder; gives the paths. `all` are the record's entries, with its time stamps.
pub async fn record(desk: &Desk, entry: &Entry, all: &[Entry], dir: &Path) -> Result<Vec<String>, AppError> {
    if entry.draft.kind == EntryKind::Approvers {
        let body: ApproversBody = serde_json::from_slice(&entry.draft.body)
            .map_err(|e| AppError::new(ErrorKind::Verification, format!("Entry {} cannot be read: {e}.", entry.seq)))?;
        make(dir)?;
        let text = write(dir, "approvers.toml", body.text.as_bytes())?;
        return Ok(vec![text, write(dir, "approvers.toml.sig", body.signature.as_bytes())?]);
    }
    let opened = Envelope::parse(&entry.draft.body).and_then(|envelope| envelope.open());
    let opened = opened.map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    let stamps = stamp::tokens(all, &opened.digest);
    let mut files = match &opened.signature {
        Signature::SshSig(_) => ledger::export(entry, dir)?,
        Signature::Raw { keyid, .. } => {
            let trust = desk.config.trust.clone();
            let root = tokio::task::spawn_blocking(move || sign::trust_root(&trust)).await;
            let root = root.map_err(|e| AppError::internal(format!("Reading the trust root failed: {e}.")))??;
            bundle_files(entry, &root, keyid, &stamps, dir)?
        }
    };
    if let Some(token) = stamps.first() {
        files.push(write(dir, &format!("{}.json.tsr", entry.draft.record.as_str()), token)?);
    }
    Ok(files)
}

fn bundle_files(
    entry: &Entry,
    root: &crate::trust::verify::TrustRoot,
    keyid: &str,
    stamps: &[Vec<u8>],
    dir: &Path,
) -> Result<Vec<String>, AppError> {
    let key = root.allowed_signers.by_fingerprint(keyid).ok_or_else(|| {
        let text = format!("The key {} is not listed, so its public half is not known.", crate::text::line(keyid));
        AppError::new(ErrorKind::Verification, text).hint("Have it listed in allowed_signers.")
    })?;
    let bundle = bundle::export(&entry.draft.body, key, stamps);
    let bundle = bundle.map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    make(dir)?;
    let name = entry.draft.record.as_str();
    Ok(vec![
        write(dir, &format!("{name}.json"), &entry.draft.body)?,
        write(dir, &format!("{name}.sigstore.json"), bundle.json.to_string().as_bytes())?,
        write(dir, &format!("{name}.pub.pem"), bundle.public_key.as_bytes())?,
    ])
}

fn make(dir: &Path) -> Result<(), AppError> {
    std::fs::create_dir_all(dir).map_err(|e| AppError::usage(format!("{} cannot be written to: {e}.", dir.display())))
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<String, AppError> {
    let path = dir.join(name);
    std::fs::write(&path, bytes).map_err(|e| AppError::usage(format!("{} cannot be written: {e}.", path.display())))?;
    Ok(path.to_string_lossy().into_owned())
}
