//! Whether an OpenSSH signature is good: the cryptography, and the touch of a hardware key.
//!
//! Stricter than `ssh-keygen -Y verify`: a hardware key must have been touched, RSA needs 2048 bits and SHA-2, and
//! Ed25519 signatures and keys must not be of small order. Certificates, P-384 and P-521 are not supported yet.

use ed25519_dalek::Verifier as _;
use sha2::{Digest as _, Sha256};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, Signature};

use super::key::{BadKey, KeyInfo};
use super::sshsig::SshSig;
use super::wire::{Reader, TooShort};

/// The flag of a hardware key that somebody was there: the key was touched.
const USER_PRESENT: u8 = 0x01;
/// The flag that the person was checked, by PIN or finger.
const USER_VERIFIED: u8 = 0x04;

/// What a hardware key says of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// Whether the person was checked by PIN or finger, and not only the key touched.
    pub verified: bool,
    /// The key's own count of signatures. One that goes back means a copied key.
    pub counter: u32,
}

/// Why a signature is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Made for something else.
    #[error("it was made for the namespace {found:?}, and {wanted:?} is expected")]
    Namespace {
        /// What it was made for.
        found: String,
        /// What is expected.
        wanted: String,
    },
    /// The key is not accepted.
    #[error("its key is not accepted: {0}")]
    Key(#[from] BadKey),
    /// The inner signature is cut short or has bytes after its end.
    #[error("it is malformed")]
    Malformed,
    /// The signature's algorithm does not belong to the key, or is too weak.
    #[error("its algorithm is {found}, which is not accepted from a key {key}{}", rsa_hint(.found))]
    Algorithm {
        /// The signature's algorithm.
        found: String,
        /// The key's algorithm.
        key: String,
    },
    /// A hardware key signed without being touched.
    #[error(
        "the hardware key was not touched (flags {0:#04x}); anyone who reaches the agent can sign with such a key: \
         make it without `no-touch-required`"
    )]
    NotTouched(u8),
    /// The signature is over other bytes, or by another key.
    #[error("it is not over these bytes, or not by this key: one of them was changed")]
    Mismatch,
}

fn rsa_hint(found: &str) -> &'static str {
    if found == "ssh-rsa" { ": it uses SHA-1; sign with rsa-sha2-512" } else { "" }
}

impl From<TooShort> for BadSignature {
    fn from(_: TooShort) -> Self {
        Self::Malformed
    }
}

/// Checks that `sig` is by `key` over `message`, made for `namespace`. Gives what a hardware key says of it.
///
/// The key is given, not taken from the signature: the caller looked it up in allowed_signers.
pub fn verify(sig: &SshSig, key: &KeyInfo, namespace: &str, message: &[u8]) -> Result<Option<Touch>, BadSignature> {
    if sig.namespace != namespace {
        let found = crate::text::line(&sig.namespace).into_owned();
        return Err(BadSignature::Namespace { found, wanted: namespace.to_owned() });
    }
    if sig.public_key != key.blob {
        return Err(BadSignature::Mismatch);
    }
    let signed = sig.signed_data(message);
    let mut reader = Reader::new(&sig.signature);
    let name = reader.string()?;
    let name = std::str::from_utf8(name).map_err(|_e| BadSignature::Malformed)?;
    let bytes = reader.string()?;
    let trailer = if key.hardware { Some((reader.u8()?, reader.u32()?)) } else { None };
    if !reader.is_empty() {
        return Err(BadSignature::Malformed);
    }
    let wrong_algorithm =
        || BadSignature::Algorithm { found: crate::text::line(name).into_owned(), key: key.algorithm.clone() };
    let algorithm = Algorithm::new(name).map_err(|_e| wrong_algorithm())?;
    match (key.data(), &algorithm) {
        (KeyData::Ed25519(public), Algorithm::Ed25519) => ed25519(public, bytes, &signed)?,
        (KeyData::SkEd25519(public), Algorithm::SkEd25519) => {
            ed25519(public.public_key(), bytes, &touched_data(public.application(), trailer, &signed))?;
        }
        (KeyData::Ecdsa(_), Algorithm::Ecdsa { .. }) if name == key.algorithm => {
            by_ssh_key(key, algorithm, bytes.to_vec(), &signed)?;
        }
        (KeyData::SkEcdsaSha2NistP256(_), Algorithm::SkEcdsaSha2NistP256) => {
            let mut with_trailer = bytes.to_vec();
            if let Some((flags, counter)) = trailer {
                with_trailer.push(flags);
                with_trailer.extend(counter.to_be_bytes());
            }
            by_ssh_key(key, algorithm, with_trailer, &signed)?;
        }
        (KeyData::Rsa(public), Algorithm::Rsa { hash: Some(_) }) => {
            let size = usize::try_from(public.key_size().div_ceil(8)).map_err(|_e| BadSignature::Malformed)?;
            // Some agents leave leading zeros out, and OpenSSH accepts that.
            let mut padded = vec![0; size.saturating_sub(bytes.len())];
            padded.extend(bytes);
            by_ssh_key(key, algorithm, padded, &signed)?;
        }
        _ => return Err(wrong_algorithm()),
    }
    match trailer {
        None => Ok(None),
        Some((flags, counter)) if flags & USER_PRESENT != 0 => {
            Ok(Some(Touch { verified: flags & USER_VERIFIED != 0, counter }))
        }
        Some((flags, _)) => Err(BadSignature::NotTouched(flags)),
    }
}

/// What a hardware key signs in place of the data: PROTOCOL.u2f.
fn touched_data(application: &str, trailer: Option<(u8, u32)>, signed: &[u8]) -> Vec<u8> {
    let (flags, counter) = trailer.unwrap_or_default();
    let mut out = Sha256::digest(application.as_bytes()).to_vec();
    out.push(flags);
    out.extend(counter.to_be_bytes());
    out.extend(Sha256::digest(signed));
    out
}

fn ed25519(public: &Ed25519PublicKey, signature: &[u8], signed: &[u8]) -> Result<(), BadSignature> {
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_e| BadSignature::Malformed)?;
    let key = ed25519_dalek::VerifyingKey::try_from(public).map_err(|_e| BadSignature::Key(BadKey::NotAKey))?;
    // Strict: neither key nor signature of small order, so that a signature is over one message only.
    key.verify_strict(signed, &signature).map_err(|_e| BadSignature::Mismatch)
}

fn by_ssh_key(key: &KeyInfo, algorithm: Algorithm, bytes: Vec<u8>, signed: &[u8]) -> Result<(), BadSignature> {
    let signature = Signature::new(algorithm, bytes).map_err(|_e| BadSignature::Malformed)?;
    key.data().verify(signed, &signature).map_err(|_e| BadSignature::Mismatch)
}
