//! What is known of envelopes and trust folders for themselves.

use std::path::Path;

use serde_json::Value;

use crate::domain::ids::Digest;
use crate::error::{AppError, ErrorKind};
use crate::trust::dsse::Envelope;
use crate::trust::verify::TrustRoot;

/// The keys in a trust folder: `allowed_signers`; `revoked.krl` or `revoked`, and `timestamp_authorities.pem` where there
/// are such.
pub fn trust_folder(dir: &Path) -> Result<TrustRoot, AppError> {
    // A link that leads nowhere is there, and cannot be read.
    let there = |name: &str| Some(dir.join(name)).filter(|p| p.symlink_metadata().is_ok());
    let revoked = there("revoked.krl").or_else(|| there("revoked"));
    let root = TrustRoot::load(&dir.join("allowed_signers"), revoked.as_deref())?;
    match there("timestamp_authorities.pem") {
        Some(stamps) => Ok(root.with_timestamp_authorities(&stamps)?),
        None => Ok(root),
    }
}

/// One line about a signed document, without verifying it.
pub fn describe(envelope: &[u8]) -> String {
    let Some(statement) = payload(envelope) else { return "(cannot be read)".to_owned() };
    let text = |pointer: &str| statement.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(records) = statement.pointer("/predicate/records").and_then(Value::as_array) {
        let status = text("/predicate/records/0/status");
        return format!("dismiss {} findings as {status}, by {}", records.len(), text("/predicate/approver/principal"));
    }
    if let Some(roles) = statement.pointer("/predicate/roles").and_then(Value::as_array) {
        let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
        let (to, by) = (text("/predicate/to"), text("/predicate/approver/principal"));
        return match text("/predicate/revokes") {
            id if id.is_empty() => format!("delegate {} to {to}, by {by}", roles.join(", ")),
            id => format!("take back the delegation {id} to {to}, by {by}"),
        };
    }
    let alone = statement.pointer("/predicate/breakGlass").and_then(Value::as_bool) == Some(true);
    let of = ["/predicate/supersedes", "/predicate/reviews"].map(text).concat();
    format!(
        "{}{}{} {}@{}/{} by {}",
        if alone { "BREAK-GLASS " } else { "" },
        text("/predicate/decision"),
        if of.is_empty() { String::new() } else { format!(" ({of})") },
        text("/predicate/release/name"),
        text("/predicate/release/version"),
        text("/predicate/environment/name"),
        text("/predicate/approver/principal")
    )
}

/// What an envelope says, without verifying it.
pub fn payload(envelope: &[u8]) -> Option<Value> {
    let opened = Envelope::parse(envelope).ok()?.open().ok()?;
    serde_json::from_slice(&opened.payload).ok()
}

/// The digest of an envelope file.
pub fn digest_of_file(path: &Path) -> Result<Digest, AppError> {
    let bytes = std::fs::read(path).map_err(|e| AppError::usage(format!("{} cannot be read: {e}.", path.display())))?;
    let envelope = Envelope::parse(&bytes).map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    Ok(envelope.digest())
}
