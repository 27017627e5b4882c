//! The envelope (DSSE 1.0): a payload, its type, and exactly one signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

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
    /// Base64 of the armoured OpenSSH signature over the [`pae`].
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
    pub signature: SshSig,
    /// The envelope's digest.
    pub digest: Digest,
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
        Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: super::key::fingerprint_of(&signature.public_key),
                sig: STANDARD.encode(signature.to_armoured()),
            }],
        }
    }

    /// Signs a statement. Blocking: a person may have to touch a key.
    pub fn sign(statement: &Statement, signer: &dyn Signer) -> Result<Self, SignError> {
        if statement.approver().key_fingerprint != signer.key().fingerprint {
            let why = "the approver's key is not the key that signs".to_owned();
            return Err(StatementError::Invalid(why).into());
        }
        let payload = statement.payload()?;
        let signature = signer.sign(statement.namespace(), &pae(PAYLOAD_TYPE, &payload))?;
        Ok(Self::seal(&payload, &signature))
    }

    /// Its bytes: canonical JSON, as the ledger keeps it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, canonical::NotCanonical> {
        canonical::to_canonical(self)
    }

    /// Its digest: SHA-256 over its canonical JSON, so that blanks do not change it.
    pub fn digest(&self) -> Digest {
        canonical::digest_of(self)
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
        let armoured = STANDARD.decode(&signature.sig).map_err(|_e| BadEnvelope::Base64("sig"))?;
        let armoured = std::str::from_utf8(&armoured).map_err(|_e| BadEnvelope::Signature(BadSshSig::Armour))?;
        let sshsig = SshSig::from_armoured(armoured)?;
        let fingerprint = super::key::fingerprint_of(&sshsig.public_key);
        if signature.keyid != fingerprint {
            return Err(BadEnvelope::KeyId { keyid: crate::text::line(&signature.keyid).into_owned(), fingerprint });
        }
        Ok(Opened { pae: pae(PAYLOAD_TYPE, &payload), payload, signature: sshsig, digest: self.digest() })
    }
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
