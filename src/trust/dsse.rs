//! The envelope (DSSE 1.0): a payload, its type, and exactly one signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::raw::Profile;
use super::signer::{SignError, Signer};
use super::sshsig::{BadSshSig, SshSig};
use super::statement::{Statement, StatementError};
use crate::domain::canonical;
use crate::domain::ids::Digest;

/// The type of every payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The most bytes that an envelope may have.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// An envelope as it is written. Being well-formed says nothing of its being good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// Base64 of the payload.
    pub payload: String,
    /// See [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// Exactly one.
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature in an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// The key's fingerprint, `SHA256:...`; a hint that must be right.
    pub keyid: String,
    /// Base64 of the armoured OpenSSH signature over the [`pae`], or of a bare signature.
    pub sig: String,
}

/// Why bytes are not an envelope of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvelope {
    /// Too large.
    #[error("it has more than {MAX_BYTES} bytes")]
    Large,
    /// Not an envelope.
    #[error("it is not a DSSE envelope in JSON: {0}")]
    Json(String),
    /// Another type of payload.
    #[error("its payloadType is {0:?}, and not {PAYLOAD_TYPE:?}")]
    PayloadType(String),
    /// None or several signatures.
    #[error("it has {0} signatures, and exactly one is needed")]
    Signatures(usize),
    /// Something is not base64.
    #[error("its {0} is not base64")]
    Base64(&'static str),
    /// The signature is not one of OpenSSH.
    #[error("its signature is not an OpenSSH signature: {0}")]
    Signature(#[from] BadSshSig),
    /// The signature is neither one of OpenSSH nor a bare one.
    #[error("its signature is neither an OpenSSH signature nor a bare one (ed25519, or P-256 in DER)")]
    NoSignature,
    /// The signature is not for ssh-keygen.
    #[error("its signature is a bare one, which ssh-keygen does not verify: export it as a bundle")]
    Bare,
    /// The certificate in the signature cannot be read.
    #[error("its signature has a certificate that cannot be used: {0}")]
    Certificate(super::cert::BadCertificate),
    /// The hint names another key.
    #[error("its keyid is {keyid:?}, and its signature is by {fingerprint}")]
    KeyId {
        /// The hint.
        keyid: String,
        /// The key in the signature.
        fingerprint: String,
    },
}

/// An envelope taken apart. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The payload.
    pub payload: Vec<u8>,
    /// The bytes that the signature is over.
    pub pae: Vec<u8>,
    /// The signature.
    pub signature: Signature,
    /// The envelope's digest.
    pub digest: Digest,
}

/// A signature as an envelope has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// An OpenSSH signature, which names its key and its purpose.
    SshSig(SshSig),
    /// A bare signature; the envelope names the key.
    Raw {
        /// The fingerprint of the key that it claims to be by.
        keyid: String,
        /// The signature proper.
        bytes: Vec<u8>,
    },
}

impl Signature {
    /// The very bytes that stand in the envelope: what a time stamp is over.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::SshSig(sig) => sig.to_armoured().into_bytes(),
            Self::Raw { bytes, .. } => bytes.clone(),
        }
    }
}

/// The bytes that are signed (DSSE's pre-authentication encoding). Lengths are in bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend(payload);
    out
}

impl Envelope {
    /// From a payload and the signature over its [`pae`].
    pub fn seal(payload: &[u8], signature: &SshSig) -> Self {
        // What cannot be read as a certificate is refused by `open`, whatever its keyid.
        let plain = super::cert::plain(&signature.public_key);
        let keyid = super::key::fingerprint_of(plain.as_ref().unwrap_or(&signature.public_key));
        Self::with(payload, keyid, signature.to_armoured().as_bytes())
    }

    /// From a payload and a bare signature over its [`pae`].
    pub fn seal_raw(payload: &[u8], keyid: &str, signature: &[u8]) -> Self {
        Self::with(payload, keyid.to_owned(), signature)
    }

    fn with(payload: &[u8], keyid: String, signature: &[u8]) -> Self {
        Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![EnvelopeSignature { keyid, sig: STANDARD.encode(signature) }],
        }
    }

    /// Signs a statement. Blocking: a person may have to touch a key.
    pub fn sign(statement: &Statement, signer: &dyn Signer) -> Result<Self, SignError> {
        if statement.approver().key_fingerprint != signer.key().fingerprint {
            let why = "the approver's key is not the key that signs".to_owned();
            return Err(StatementError::Invalid(why).into());
        }
        let payload = statement.payload()?;
        let message = pae(PAYLOAD_TYPE, &payload);
        match signer.profile() {
            Profile::SshSig => Ok(Self::seal(&payload, &signer.sign(statement.namespace(), &message)?)),
            Profile::Raw => {
                let signature = signer.sign_raw(&message)?;
                Ok(Self::seal_raw(&payload, &signer.key().fingerprint, &signature))
            }
        }
    }

    /// Its bytes: canonical JSON, as the ledger keeps it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, canonical::NotCanonical> {
        canonical::to_canonical(self)
    }

    /// Its digest: SHA-256 over its canonical JSON, so that blanks do not change it.
    pub fn digest(&self) -> Digest {
        // Its fields stand in canonical order, and of texts serde_json escapes just what RFC 8785 does: the canonicaliser,
        // which sorts first, would find nothing to do, at several times the cost. A test compares the two.
        serde_json::to_vec(self).map_or_else(|_e| canonical::digest_of(self), |bytes| canonical::sha256(&bytes))
    }

    /// Reads an envelope; blanks between its parts are allowed, keys that are given twice or not known are not.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadEnvelope> {
        if bytes.len() > MAX_BYTES {
            return Err(BadEnvelope::Large);
        }
        serde_json::from_slice(bytes).map_err(|e| BadEnvelope::Json(crate::text::line(&e.to_string()).into_owned()))
    }

    /// Takes it apart.
    pub fn open(&self) -> Result<Opened, BadEnvelope> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(BadEnvelope::PayloadType(crate::text::line(&self.payload_type).into_owned()));
        }
        let [signature] = self.signatures.as_slice() else {
            return Err(BadEnvelope::Signatures(self.signatures.len()));
        };
        let payload = STANDARD.decode(&self.payload).map_err(|_e| BadEnvelope::Base64("payload"))?;
        let bytes = STANDARD.decode(&signature.sig).map_err(|_e| BadEnvelope::Base64("sig"))?;
        let read = read_signature(&signature.keyid, bytes)?;
        let digest = self.digest_of_base64(signature);
        Ok(Opened { pae: pae(PAYLOAD_TYPE, &payload), payload, signature: read, digest })
    }

    /// As [`Self::digest`], where payload and signature are known to be base64 and the type to be ours: in those is nothing
    /// to be escaped, and they need not be copied.
    fn digest_of_base64(&self, signature: &EnvelopeSignature) -> Digest {
        let Ok(keyid) = serde_json::to_vec(&signature.keyid) else { return self.digest() };
        let (payload, sig) = (self.payload.as_bytes(), signature.sig.as_bytes());
        let between = format!("\",\"payloadType\":\"{PAYLOAD_TYPE}\",\"signatures\":[{{\"keyid\":");
        let parts: [&[u8]; 7] =
            [b"{\"payload\":\"", payload, between.as_bytes(), &keyid, b",\"sig\":\"", sig, b"\"}]}"];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Digest::from_sha256(&hash.finalize().into())
    }
}

/// Which of the two profiles it is shows from the first bytes: a bare signature of ed25519 has 64 bytes, and one of P-256
/// is a sequence in DER, at most 72 bytes long.
fn read_signature(keyid: &str, bytes: Vec<u8>) -> Result<Signature, BadEnvelope> {
    if bytes.len() == 64 || (bytes.first() == Some(&super::der::SEQUENCE) && bytes.len() <= 72) {
        return Ok(Signature::Raw { keyid: keyid.to_owned(), bytes });
    }
    let armoured = std::str::from_utf8(&bytes).map_err(|_e| BadEnvelope::NoSignature)?;
    let sshsig = SshSig::from_armoured(armoured)?;
    let plain = match super::wire::algorithm_of(&sshsig.public_key) {
        Some(name) if super::cert::is_certificate(name) => {
            super::cert::Certificate::parse(&sshsig.public_key).map_err(BadEnvelope::Certificate)?.0
        }
        _ => sshsig.public_key.clone(),
    };
    let fingerprint = super::key::fingerprint_of(&plain);
    if keyid != fingerprint {
        return Err(BadEnvelope::KeyId { keyid: crate::text::line(keyid).into_owned(), fingerprint });
    }
    Ok(Signature::SshSig(sshsig))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_bytes() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("t", "é".as_bytes()), "DSSEv1 1 t 2 é".as_bytes());
    }

    #[test]
    fn the_digest_is_over_canonical_json() {
        let odd: String = (0..0x2100).filter_map(char::from_u32).chain(['\u{1f600}', '\u{10ffff}']).collect();
        for text in [String::new(), "QUJD".to_owned(), odd] {
            let signature = EnvelopeSignature { keyid: text.clone(), sig: text.clone() };
            let envelope =
                Envelope { payload: text.clone(), payload_type: text, signatures: vec![signature.clone(), signature] };
            assert_eq!(envelope.digest(), canonical::digest_of(&envelope));
            assert_eq!(envelope.digest(), canonical::sha256(&envelope.to_bytes().unwrap()));
        }
    }

    #[test]
    fn what_is_taken_apart_has_the_same_digest() {
        let odd: String = (0..0x2100).filter_map(char::from_u32).chain(['\u{1f600}']).collect();
        for (payload, keyid) in [(&b""[..], ""), (b"{}", "SHA256:abc"), (&[0xff; 4000], odd.as_str())] {
            let envelope = Envelope::seal_raw(payload, keyid, &[7; 64]);
            assert_eq!(envelope.open().unwrap().digest, envelope.digest());
            assert_eq!(envelope.digest(), canonical::sha256(&envelope.to_bytes().unwrap()));
        }
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let text = r#"{"payload":"","payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}"#;
        assert!(matches!(Envelope::parse(text.as_bytes()), Err(BadEnvelope::Json(why)) if why.contains("duplicate")));
        let text = r#"{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[],"x":1}"#;
        assert!(matches!(Envelope::parse(text.as_bytes()), Err(BadEnvelope::Json(why)) if why.contains("unknown")));
    }

    #[test]
    fn exactly_one_signature_of_the_right_type() {
        let envelope = |payload_type: &str, n: usize| Envelope {
            payload: String::new(),
            payload_type: payload_type.into(),
            signatures: vec![EnvelopeSignature { keyid: String::new(), sig: String::new() }; n],
        };
        assert_eq!(envelope(PAYLOAD_TYPE, 0).open(), Err(BadEnvelope::Signatures(0)));
        assert_eq!(envelope(PAYLOAD_TYPE, 2).open(), Err(BadEnvelope::Signatures(2)));
        assert!(matches!(envelope("text/plain", 1).open(), Err(BadEnvelope::PayloadType(_))));
        assert!(matches!(envelope(PAYLOAD_TYPE, 1).open(), Err(BadEnvelope::Signature(_))));
    }
}
