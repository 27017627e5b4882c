//! Export to a Sigstore bundle v0.3, which cosign and other tools verify with the public key alone.
//!
//! Only of bare signatures: no other tool knows OpenSSH's. The bundle names the key by a hint, as cosign makes it: the
//! digest of the public key in DER. Time stamps go along, as far as they are good by the authorities that are trusted here:
//! whoever gets the bundle may believe what is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::dsse::{BadEnvelope, Envelope, Signature};
use super::key::KeyInfo;
use super::raw;
use super::stamp::{self, Authorities, BadStamp};
use crate::domain::time::Timestamp;

/// The media type of a bundle.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A bundle, and the key that verifies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The bundle, JSON.
    pub json: Value,
    /// The public key in PEM.
    pub public_key: String,
    /// What is wrong with the time stamps that were left out.
    pub left_out: Vec<BadStamp>,
}

/// Why there is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBundle {
    /// The envelope cannot be read.
    #[error("The envelope cannot be read: {0}.")]
    Envelope(#[from] BadEnvelope),
    /// It has an OpenSSH signature.
    #[error(
        "The envelope has an OpenSSH signature, which no other tool takes from a bundle: verify it with `ssh-keygen -Y verify`"
    )]
    SshSig,
    /// The key is not the one that signed.
    #[error("The envelope is signed by {said}, and the key given is {given}")]
    OtherKey {
        /// Whose signature it claims to be.
        said: String,
        /// The key's fingerprint.
        given: String,
    },
    /// The signature is not by the key.
    #[error("The signature is not good: {0}.")]
    Signature(#[from] super::verify_sig::BadSignature),
}

/// Makes a bundle of an envelope that `key` signed, with the tokens of its time stamps. A signature that is not good is not
/// exported; a time stamp that is not good as of `at` is left out, and without trusted authorities all of them are.
pub fn export(
    envelope: &[u8],
    key: &KeyInfo,
    stamps: &[Vec<u8>],
    authorities: &Authorities,
    at: Timestamp,
) -> Result<Bundle, NoBundle> {
    let envelope = Envelope::parse(envelope)?;
    let opened = envelope.open()?;
    let Signature::Raw { keyid, bytes } = &opened.signature else { return Err(NoBundle::SshSig) };
    if *keyid != key.fingerprint {
        let said = crate::text::line(keyid).into_owned();
        return Err(NoBundle::OtherKey { said, given: key.fingerprint.clone() });
    }
    raw::verify(key, &opened.pae, bytes)?;
    let der = raw::public_der(key).unwrap_or_default();
    let mut material = json!({ "publicKey": { "hint": STANDARD.encode(Sha256::digest(&der)) } });
    let (good, left_out) = authorities.sift(stamps, bytes, at);
    if !good.is_empty() {
        let stamps: Vec<Value> = good
            .iter()
            .map(|(token, _)| json!({ "signedTimestamp": STANDARD.encode(stamp::as_response(token)) }))
            .collect();
        if let Some(material) = material.as_object_mut() {
            material.insert("timestampVerificationData".to_owned(), json!({ "rfc3161Timestamps": stamps }));
        }
    }
    let json = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": envelope,
    });
    Ok(Bundle { json, public_key: raw::public_pem(key).unwrap_or_default(), left_out })
}
