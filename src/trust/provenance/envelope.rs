//! A DSSE signature by a key of one's own, where no log is asked for.
//!
//! The crate sigstore-verify wants a log entry or a time stamp beside every signature. Where the configuration says
//! that there is none, and names the key, the signature itself is all there is to check.

use sigstore_verify::crypto::{KeyAlgorithm, verify_signature};
use sigstore_verify::types::SignatureBytes;

use super::expected::Key;
use crate::domain::evidence::Reason;
use crate::trust::dsse::pae;

/// Whether a signature over an envelope's payload is by the key.
pub(super) fn verify(key: &Key, payload_type: &str, payload: &[u8], signature: &[u8]) -> Result<(), Reason> {
    let unusable = |e: &dyn std::fmt::Display| Reason::new("bad-key", format!("The key cannot be used: {e}."));
    let scheme = KeyAlgorithm::from_spki(&key.0).map_err(|e| unusable(&e))?.default_signing_scheme();
    verify_signature(&key.0, &pae(payload_type, payload), &SignatureBytes::from_bytes(signature), scheme).map_err(|e| {
        Reason::new(
            "bad-signature",
            format!("The signature is not over these bytes by the expected key {} ({e}).", key.fingerprint()),
        )
    })
}
