//! What is handed to others: proofs, and the whole ledger as a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::super::Desk;
use crate::config::schema::TrustConfig;
use crate::error::AppError;
use crate::ledger::export::{self, Exported, TrustFile};
use crate::ledger::prove::{self, Consistency, Inclusion};

/// A proof, with everything that is needed to check it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Proof {
    /// That an entry is in the ledger.
    Inclusion(Box<Inclusion>),
    /// That the ledger grew out of what it was.
    Consistency(Consistency),
}

/// Proves that an entry is in the ledger: by its position, else the signed entry of a record, by its id or a prefix of its
/// digest.
pub async fn prove(desk: &Desk, wanted: &str) -> Result<Proof, AppError> {
    let seq = match wanted.parse::<u64>() {
        Ok(seq) => seq,
        Err(_) => super::named(desk, wanted).await?.entry.seq,
    };
    let ledger = Arc::clone(&desk.ledger);
    let proof = tokio::task::spawn_blocking(move || prove::inclusion(ledger.as_ref(), seq)).await;
    Ok(Proof::Inclusion(Box::new(proof.map_err(|e| AppError::internal(e.to_string()))??)))
}

/// Proves that the ledger grew out of what it was at a size.
pub async fn prove_from(desk: &Desk, size: u64) -> Result<Proof, AppError> {
    let ledger = Arc::clone(&desk.ledger);
    let proof = tokio::task::spawn_blocking(move || prove::consistency(ledger.as_ref(), size)).await;
    Ok(Proof::Consistency(proof.map_err(|e| AppError::internal(e.to_string()))??))
}

/// Writes the ledger to a folder that verifies by itself, or brings such a folder up to date.
pub async fn export_folder(desk: &Desk, dir: PathBuf) -> Result<Exported, AppError> {
    let (ledger, trust) = (Arc::clone(&desk.ledger), desk.config.trust.clone());
    let exported = tokio::task::spawn_blocking(move || export::export(ledger.as_ref(), &dir, &trust_files(&trust)));
    Ok(exported.await.map_err(|e| AppError::internal(e.to_string()))??)
}

/// The files of trust that are configured, by the names that they have in a folder of trust.
fn trust_files(trust: &TrustConfig) -> Vec<TrustFile> {
    // By the names of the settings, so that a setting that comes later is taken along.
    let settings = serde_json::to_value(trust).unwrap_or_default();
    let path = |key: &str| settings.get(key).and_then(|v| v.as_str()).map(PathBuf::from);
    let mut files = Vec::new();
    for (key, name) in [
        ("allowed_signers", "allowed_signers"),
        ("revoked", "revoked.krl"),
        ("approvers", "approvers.toml"),
        ("ledger_keys", "ledger_keys"),
        ("timestamp_authorities", "timestamp_authorities.pem"),
        ("sigstore_root", "sigstore_root.json"),
    ] {
        let Some(path) = path(key) else { continue };
        if key == "approvers" {
            files.push(TrustFile { name: "approvers.toml.sig", path: with_sig(&path) });
        }
        files.push(TrustFile { name, path });
    }
    files
}

fn with_sig(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}
