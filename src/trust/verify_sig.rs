//! Whether an OpenSSH signature is good: the cryptography, and the touch of a hardware key.
//!
//! Stricter than `ssh-keygen -Y verify`: a hardware key must have been touched, RSA needs 2048 bits and SHA-2, and
//! Ed25519 signatures and keys must not be of small order. P-384 and P-521 are not accepted.

use ed25519_dalek::Verifier as _;
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, Signature};

use super::key::{BadKey, KeyInfo};
use super::sshsig::SshSig;
use super::strict::Refused;
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
    /// A certificate asks for more than a touch.
    #[error("its certificate needs a PIN or a finger for every signature (verify-required), and this one had none")]
    NotVerified,
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
    if sig.public_key != key.wire() {
        return Err(BadSignature::Mismatch);
    }
    let touch = verify_blob(&sig.signature, key, &sig.signed_data(message))?;
    if let Some(certificate) = &key.certificate {
        certificate.check_touch(touch)?;
    }
    Ok(touch)
}

/// Checks that a signature in SSH's binary form is by `key` over `signed`, the very bytes.
pub(super) fn verify_blob(signature: &[u8], key: &KeyInfo, signed: &[u8]) -> Result<Option<Touch>, BadSignature> {
    let mut reader = Reader::new(signature);
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
        (KeyData::Ed25519(_), Algorithm::Ed25519) => ed25519(key, bytes, signed)?,
        (KeyData::SkEd25519(public), Algorithm::SkEd25519) => {
            ed25519(key, bytes, &touched_data(public.application(), trailer, signed))?;
        }
        (KeyData::Ecdsa(_), Algorithm::Ecdsa { .. }) if name == key.algorithm => {
            by_ssh_key(key, algorithm, bytes.to_vec(), signed)?;
        }
        (KeyData::SkEcdsaSha2NistP256(_), Algorithm::SkEcdsaSha2NistP256) => {
            let mut with_trailer = bytes.to_vec();
            if let Some((flags, counter)) = trailer {
                with_trailer.push(flags);
                with_trailer.extend(counter.to_be_bytes());
            }
            by_ssh_key(key, algorithm, with_trailer, signed)?;
        }
        (KeyData::Rsa(public), Algorithm::Rsa { hash: Some(_) }) => {
            let size = usize::try_from(public.key_size().div_ceil(8)).map_err(|_e| BadSignature::Malformed)?;
            // Some agents leave leading zeros out, and OpenSSH accepts that.
            let mut padded = vec![0; size.saturating_sub(bytes.len())];
            padded.extend(bytes);
            by_ssh_key(key, algorithm, padded, signed)?;
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

/// Checks the bare signature of an Ed25519 key, strictly.
pub(super) fn ed25519(key: &KeyInfo, signature: &[u8], signed: &[u8]) -> Result<(), BadSignature> {
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_e| BadSignature::Malformed)?;
    let public = key.ed25519().ok_or(BadSignature::Key(BadKey::NotAKey))?;
    public.verify(signed, &signature).map_err(|refused| match refused {
        Refused::Key => BadSignature::Key(BadKey::NotAKey),
        Refused::Signature => BadSignature::Mismatch,
    })
}

pub(super) fn by_ssh_key(
    key: &KeyInfo,
    algorithm: Algorithm,
    bytes: Vec<u8>,
    signed: &[u8],
) -> Result<(), BadSignature> {
    let signature = Signature::new(algorithm, bytes).map_err(|_e| BadSignature::Malformed)?;
    key.data().verify(signed, &signature).map_err(|_e| BadSignature::Mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::signer::{Signer as _, TestSigner};
    use crate::trust::sshsig::MessageHash;
    use crate::trust::wire::put_string;
    use ed25519_dalek::Signer as _;
    use ssh_key::private::EcdsaPrivateKey;

    const APPLICATION: &str = "ssh:";

    fn strings(parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts {
            put_string(&mut out, part);
        }
        out
    }

    /// A hardware key made of a key in software: `sign` gets the bytes that such a key signs.
    fn touched(
        algorithm: &str,
        public: &[&[u8]],
        flags: u8,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Option<Touch>, BadSignature> {
        let blob = strings(&[&[algorithm.as_bytes()], public, &[APPLICATION.as_bytes()]].concat());
        let mut sig = SshSig {
            public_key: blob.clone(),
            namespace: "n".into(),
            hash: MessageHash::Sha512,
            signature: Vec::new(),
        };
        let mut data = Sha256::digest(APPLICATION).to_vec();
        data.push(flags);
        data.extend(7_u32.to_be_bytes());
        data.extend(Sha256::digest(sig.signed_data(b"message")));
        sig.signature = strings(&[algorithm.as_bytes(), &sign(&data)]);
        sig.signature.push(flags);
        sig.signature.extend(7_u32.to_be_bytes());
        let key = KeyInfo::from_blob(&blob, "").unwrap();
        assert!(key.hardware);
        assert_eq!(verify(&sig, &key, "n", b"another"), Err(BadSignature::Mismatch));
        let mut longer = sig.clone();
        longer.signature.push(0);
        assert_eq!(verify(&longer, &key, "n", b"message"), Err(BadSignature::Malformed));
        verify(&sig, &key, "n", b"message")
    }

    fn by_ed25519(flags: u8) -> Result<Option<Touch>, BadSignature> {
        let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let public = key.verifying_key().to_bytes();
        touched("sk-ssh-ed25519@openssh.com", &[&public], flags, |data| key.sign(data).to_bytes().to_vec())
    }

    fn by_ecdsa(flags: u8) -> Result<Option<Touch>, BadSignature> {
        // The private key 1, whose public half is the base point of the curve.
        const BASE: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                            4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let point: Vec<u8> =
            (0..65).map(|i| u8::from_str_radix(BASE.get(i * 2..i * 2 + 2).unwrap(), 16).unwrap()).collect();
        let mut one = [0; 32];
        one[31] = 1;
        let key = EcdsaPrivateKey::<32>::from(one);
        touched("sk-ecdsa-sha2-nistp256@openssh.com", &[b"nistp256", &point], flags, |data| {
            let signature: Signature = key.try_sign(data).unwrap();
            signature.as_bytes().to_vec()
        })
    }

    #[test]
    fn a_hardware_key_must_have_been_touched() {
        for by in [by_ed25519, by_ecdsa] {
            assert_eq!(by(0x01), Ok(Some(Touch { verified: false, counter: 7 })));
            assert_eq!(by(0x05), Ok(Some(Touch { verified: true, counter: 7 })));
            assert_eq!(by(0x00), Err(BadSignature::NotTouched(0)));
            // A PIN without a touch is no touch.
            assert_eq!(by(0x04), Err(BadSignature::NotTouched(4)));
        }
    }

    #[test]
    fn the_algorithm_belongs_to_the_key() {
        let signer = TestSigner::from_seed([1; 32]).unwrap();
        let good = signer.sign("n", b"message").unwrap();
        let raw = Reader::new(&good.signature[15..]).string().unwrap().to_vec();
        let with = |name: &str| {
            let sig = SshSig { signature: strings(&[name.as_bytes(), &raw]), ..good.clone() };
            verify(&sig, signer.key(), "n", b"message")
        };
        assert_eq!(with("ssh-ed25519"), Ok(None));
        for name in ["ssh-rsa", "rsa-sha2-512", "ssh-dss", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "x", ""]
        {
            assert!(matches!(with(name), Err(BadSignature::Algorithm { .. })), "{name}");
        }
        assert!(with("ssh-rsa").unwrap_err().to_string().contains("SHA-1"));
        let cut = SshSig { signature: strings(&[b"ssh-ed25519", &raw[..63]]), ..good.clone() };
        assert_eq!(verify(&cut, signer.key(), "n", b"message"), Err(BadSignature::Malformed));
        assert!(matches!(verify(&good, signer.key(), "m", b"message"), Err(BadSignature::Namespace { .. })));
    }
}
