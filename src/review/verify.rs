//! What is known of envelopes and trust folders for themselves.

use std::path::Path;

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

/// The digest of an envelope file.
pub fn digest_of_file(path: &Path) -> Result<Digest, AppError> {
    let bytes = std::fs::read(path).map_err(|e| AppError::usage(format!("{} cannot be read: {e}.", path.display())))?;
    let envelope = Envelope::parse(&bytes).map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
    Ok(envelope.digest())
}
