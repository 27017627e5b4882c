//! A public key: what it is, and whether we accept signatures by it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg};

use super::cert::{BadCertificate, Certificate, is_certificate};
use super::strict;
use super::wire::algorithm_of;
use crate::text::Untrusted;

/// The smallest RSA key that is accepted, in bits.
pub const MIN_RSA_BITS: u32 = 2048;

/// A public key that signatures are accepted by.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// `SHA256:...`, as ssh-keygen prints it.
    pub fingerprint: String,
    /// The algorithm's name: `ssh-ed25519`.
    pub algorithm: String,
    /// The comment beside it, in the agent or the file.
    pub comment: Untrusted,
    /// Whether it lies in hardware that asks for a touch (`sk-...`).
    pub hardware: bool,
    /// The plain key in SSH's binary form: what is compared.
    pub blob: Vec<u8>,
    /// The certificate that the key comes with: then it counts by its authority, and not by itself.
    pub certificate: Option<Arc<Certificate>>,
    data: KeyData,
    /// Of the two kinds of Ed25519, for checking signatures.
    ed25519: Option<Arc<strict::Key>>,
}

/// Why a public key is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It is not a public key.
    #[error("it is not an SSH public key")]
    NotAKey,
    /// It is a certificate that cannot be used.
    #[error("it is an OpenSSH certificate that cannot be used: {0}")]
    Certificate(BadCertificate),
    /// An algorithm that we do not verify.
    #[error(
        "its algorithm is {0}; use ssh-ed25519, ecdsa-sha2-nistp256, RSA of at least {MIN_RSA_BITS} bits, \
         or a hardware key (ed25519-sk, ecdsa-sk)"
    )]
    Algorithm(String),
    /// A short RSA key.
    #[error("it is an RSA key of {0} bits, and at least {MIN_RSA_BITS} are needed")]
    ShortRsa(u32),
}

impl KeyInfo {
    /// From the binary form, where it is a key that we accept, or a certificate for such a key.
    pub fn from_blob(blob: &[u8], comment: impl Into<Untrusted>) -> Result<Self, BadKey> {
        let algorithm = algorithm_of(blob).ok_or(BadKey::NotAKey)?;
        if is_certificate(algorithm) {
            let (plain, certificate) = Certificate::parse(blob).map_err(BadKey::Certificate)?;
            let certificate = Some(Arc::new(certificate));
            return Ok(Self { certificate, ..Self::from_plain(&plain, comment.into())? });
        }
        Self::from_plain(blob, comment.into())
    }

    fn from_plain(blob: &[u8], comment: Untrusted) -> Result<Self, BadKey> {
        let algorithm = algorithm_of(blob).ok_or(BadKey::NotAKey)?;
        let shown = || crate::text::line(algorithm).into_owned();
        let data = match ssh_key::PublicKey::from_bytes(blob) {
            Ok(key) => KeyData::from(key),
            Err(_) if is_accepted(algorithm) => return Err(BadKey::NotAKey),
            Err(_) => return Err(BadKey::Algorithm(shown())),
        };
        let hardware = match &data {
            KeyData::Ecdsa(key) if key.curve() != EcdsaCurve::NistP256 => return Err(BadKey::Algorithm(shown())),
            KeyData::Rsa(key) if key.key_size() < MIN_RSA_BITS => return Err(BadKey::ShortRsa(key.key_size())),
            KeyData::Ed25519(_) | KeyData::Ecdsa(_) | KeyData::Rsa(_) => false,
            KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => true,
            _ => return Err(BadKey::Algorithm(shown())),
        };
        // Only one spelling of a key, so that comparing bytes compares keys.
        let encoded = ssh_key::PublicKey::from(data.clone()).to_bytes().map_err(|_e| BadKey::NotAKey)?;
        if encoded != blob {
            return Err(BadKey::NotAKey);
        }
        let ed25519 = match &data {
            KeyData::Ed25519(public) => Some(public),
            KeyData::SkEd25519(public) => Some(public.public_key()),
            _ => None,
        };
        let ed25519 = ed25519.map(|public| Arc::new(strict::Key::new(public.0)));
        Ok(Self {
            fingerprint: data.fingerprint(HashAlg::Sha256).to_string(),
            algorithm: algorithm.to_owned(),
            comment,
            hardware,
            blob: blob.to_vec(),
            certificate: None,
            data,
            ed25519,
        })
    }

    /// From a line of a `.pub` file: algorithm, base64, comment.
    pub fn from_line(line: &str) -> Result<Self, BadKey> {
        let (blob, comment) = split_line(line).ok_or(BadKey::NotAKey)?;
        Self::from_blob(&blob, comment)
    }

    /// The same key with another comment.
    pub fn with_comment(self, comment: impl Into<Untrusted>) -> Self {
        Self { comment: comment.into(), ..self }
    }

    /// The line for a `.pub` or allowed_signers file, without a comment.
    pub fn to_line(&self) -> String {
        format!("{} {}", self.algorithm, STANDARD.encode(&self.blob))
    }

    /// What stands for the key in a signature and in requests to an agent: the certificate, where there is one.
    pub fn wire(&self) -> &[u8] {
        self.certificate.as_ref().map_or(&self.blob, |c| &c.blob)
    }

    /// For checking signatures, of the two kinds of Ed25519.
    pub(super) fn ed25519(&self) -> Option<&strict::Key> {
        self.ed25519.as_deref()
    }

    /// The parsed key.
    pub(super) fn data(&self) -> &KeyData {
        &self.data
    }
}

/// The binary form and the comment of a line `algorithm base64 comment`; `None` if it is not one, or if the binary
/// form is of another algorithm than the line says.
pub(super) fn split_line(line: &str) -> Option<(Vec<u8>, String)> {
    let line = line.trim();
    let (algorithm, rest) = line.split_once([' ', '\t'])?;
    let rest = rest.trim_start();
    let (base64, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let blob = STANDARD.decode(base64).ok()?;
    (algorithm_of(&blob)? == algorithm).then(|| (blob, comment.trim().to_owned()))
}

/// The fingerprint of any key in binary form, also of one that is not accepted.
pub fn fingerprint_of(blob: &[u8]) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(blob);
    format!("SHA256:{}", base64::engine::general_purpose::STANDARD_NO_PAD.encode(hash))
}

fn is_accepted(algorithm: &str) -> bool {
    matches!(
        Algorithm::new(algorithm),
        Ok(Algorithm::Ed25519
            | Algorithm::Ecdsa { .. }
            | Algorithm::Rsa { .. }
            | Algorithm::SkEd25519
            | Algorithm::SkEcdsaSha2NistP256)
    )
}

impl fmt::Display for KeyInfo {
    /// `SHA256:... (ssh-ed25519, comment)`, safe to display.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.fingerprint, self.algorithm)?;
        if !self.comment.is_empty() {
            write!(f, ", {}", self.comment.line())?;
        }
        if let Some(certificate) = &self.certificate {
            write!(f, ", certificate {} until {}", crate::text::line(&certificate.key_id), certificate.until())?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for KeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyInfo[{self}]")
    }
}
