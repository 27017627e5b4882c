//! Time stamps beside signed documents: fetched after the signature is in the ledger, kept as entries of their own.
//!
//! A decision stands without its stamp. What goes wrong here is told, and stops nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::progress::{Progress, Watcher};
use super::{Desk, sign};
use crate::domain::canonical;
use crate::domain::ids::{Digest, GateId, RecordId};
use crate::error::AppError;
use crate::ledger::{Draft, Entry, EntryKind};
use crate::remote::timestamp;
use crate::trust::dsse::Envelope;
use crate::trust::stamp::Stamped;

/// The body of an entry of the kind `stamp`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The digest of the envelope whose signature the stamp is over.
    envelope: Digest,
    /// The token, base64.
    token: String,
}

/// Fetches a time stamp over the signature of an envelope that the ledger has, if an authority is configured, and appends
/// it. What goes wrong is told to `watcher`.
pub async fn add(desk: &Desk, record: &RecordId, gate: Option<&GateId>, envelope: &[u8], watcher: Watcher<'_>) {
    if desk.config.trust.timestamp_url.is_none() {
        return;
    }
    let step = match fetch(desk, record, gate, envelope).await {
        Ok(stamped) => format!("The time is stamped: {} by {}.", stamped.at, stamped.authority),
        Err(error) => error
            .hints
            .iter()
            .fold(format!("{} The decision stands without.", error.message), |all, hint| all + " " + hint),
    };
    if let Some(gate) = gate {
        watcher(Progress::Delivery { gate: gate.clone(), step });
    }
}

async fn fetch(desk: &Desk, record: &RecordId, gate: Option<&GateId>, envelope: &[u8]) -> Result<Stamped, AppError> {
    let url = desk.config.trust.timestamp_url.clone().unwrap_or_default();
    let trust = desk.config.trust.clone();
    let root = tokio::task::spawn_blocking(move || sign::trust_root(&trust)).await;
    let root = root.map_err(|e| AppError::internal(format!("Reading the trust root failed: {e}.")))??;
    let unreadable = |e: &dyn std::error::Error| AppError::internal(format!("The envelope cannot be read: {e}."));
    let envelope = Envelope::parse(envelope).map_err(|e| unreadable(&e))?;
    let over = envelope.open().map_err(|e| unreadable(&e))?.signature.to_bytes();
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|e| AppError::internal(format!("No random numbers: {e}.")))?;
    let fetched = timestamp::fetch(&url, &over, nonce, &root.timestamp_authorities, desk.clock.clone()).await;
    let (token, stamped) = fetched.map_err(|e| AppError::internal(e.to_string()).hint(e.hint()))?;
    let kept = Kept { envelope: envelope.digest(), token: STANDARD.encode(token) };
    let body = canonical::to_canonical(&kept).map_err(|e| AppError::internal(e.to_string()))?;
    desk.append(vec![Draft {
        kind: EntryKind::Stamp,
        record: record.clone(),
        gate: gate.map(ToString::to_string),
        at: desk.clock.now(),
        body,
    }])
    .await?;
    Ok(stamped)
}

/// The tokens among entries that are over the signature of an envelope. Whether they are good is for verification.
pub fn tokens<'a>(entries: impl IntoIterator<Item = &'a Entry>, envelope: &Digest) -> Vec<Vec<u8>> {
    let stamps = entries.into_iter().filter(|e| e.draft.kind == EntryKind::Stamp);
    let kept = stamps.filter_map(|e| serde_json::from_slice::<Kept>(&e.draft.body).ok());
    kept.filter(|k| k.envelope == *envelope).filter_map(|k| STANDARD.decode(k.token).ok()).collect()
}
