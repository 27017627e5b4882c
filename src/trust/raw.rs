//! Bare signatures over the PAE: what key files of other tools and key services make (the `raw` profile).
//!
//! Ed25519: 64 bytes, checked strictly. P-256: ECDSA over SHA-256, in DER; a high S is accepted, as tools make both. A
//! bare signature says neither its key nor its purpose: the envelope's keyid names the key, and the key's line in
//! allowed_signers must name the purpose in full.

use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve};

use super::der::{self, Der, NotDer};
use super::key::KeyInfo;
use super::verify_sig::{self, BadSignature};
use super::wire::{Reader, TooShort, put_string};

/// How a signature is made and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// An armoured OpenSSH signature, for people.
    SshSig,
    /// A bare signature, for key files and key services.
    Raw,
}

impl Profile {
    /// Its name in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::SshSig => "sshsig",
            Self::Raw => "raw",
        }
    }
}

/// Whether bare signatures by a key can be made and are accepted.
pub fn can_sign(key: &KeyInfo) -> bool {
    key.certificate.is_none() && matches!(key.data(), KeyData::Ed25519(_) | KeyData::Ecdsa(_))
}

/// Checks that a bare signature is by `key` over `message`.
pub fn verify(key: &KeyInfo, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    match key.data() {
        KeyData::Ed25519(_) => verify_sig::ed25519(key, signature, message),
        KeyData::Ecdsa(_) => {
            let algorithm = Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 };
            let blob = ecdsa_from_der(signature).map_err(|_e| BadSignature::Malformed)?;
            verify_sig::by_ssh_key(key, algorithm, blob, message)
        }
        _ => Err(BadSignature::Algorithm { found: "a bare signature".to_owned(), key: key.algorithm.clone() }),
    }
}

/// The bare signature within a signature in SSH's binary form, as agents give it.
pub(super) fn from_ssh(signature: &[u8]) -> Result<Vec<u8>, BadSignature> {
    let mut reader = Reader::new(signature);
    let malformed = |_e: TooShort| BadSignature::Malformed;
    let name = reader.string().map_err(malformed)?;
    let bytes = reader.string().map_err(malformed)?;
    match name {
        b"ssh-ed25519" if reader.is_empty() => Ok(bytes.to_vec()),
        b"ecdsa-sha2-nistp256" if reader.is_empty() => ecdsa_to_der(bytes).map_err(malformed),
        _ => Err(BadSignature::Malformed),
    }
}

/// A bare signature by `key` in SSH's binary form.
pub fn to_ssh(key: &KeyInfo, signature: &[u8]) -> Result<Vec<u8>, BadSignature> {
    let bytes = match key.data() {
        KeyData::Ecdsa(_) => ecdsa_from_der(signature).map_err(|_e| BadSignature::Malformed)?,
        _ => signature.to_vec(),
    };
    let mut out = Vec::new();
    put_string(&mut out, key.algorithm.as_bytes());
    put_string(&mut out, &bytes);
    Ok(out)
}

/// From DER to SSH's two numbers.
fn ecdsa_from_der(signature: &[u8]) -> Result<Vec<u8>, NotDer> {
    let mut outer = Der::new(signature);
    let mut inner = outer.sequence()?;
    outer.end()?;
    let mut out = Vec::new();
    for _ in 0..2 {
        let number = inner.unsigned()?;
        if number.is_empty() || number.len() > 32 {
            return Err(NotDer);
        }
        let mut signed = number.to_vec();
        if number.first().is_some_and(|b| *b >= 0x80) {
            signed.insert(0, 0);
        }
        put_string(&mut out, &signed);
    }
    inner.end()?;
    Ok(out)
}

/// From SSH's two numbers to DER.
fn ecdsa_to_der(blob: &[u8]) -> Result<Vec<u8>, TooShort> {
    let mut reader = Reader::new(blob);
    let mut content = Vec::new();
    for _ in 0..2 {
        der::put_unsigned(&mut content, reader.string()?);
    }
    let mut out = Vec::new();
    der::put(&mut out, der::SEQUENCE, &content);
    Ok(out)
}

/// The key with this Ed25519 public half, 32 bytes.
pub fn key_of_ed25519(public: &[u8]) -> Option<KeyInfo> {
    let mut blob = Vec::new();
    put_string(&mut blob, b"ssh-ed25519");
    put_string(&mut blob, public);
    KeyInfo::from_blob(&blob, "").ok()
}

/// The key with this public half in PEM (SubjectPublicKeyInfo), ed25519 or P-256.
pub fn key_of_pem(pem: &str) -> Option<KeyInfo> {
    use base64::Engine as _;
    let inner = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
    let base64: String = inner.split_ascii_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    let mut outer = Der::new(&der);
    let mut whole = outer.sequence().ok()?;
    whole.sequence().ok()?;
    let bits = whole.value(der::BIT_STRING).ok()?.strip_prefix(&[0])?;
    let key = if bits.len() == 32 {
        key_of_ed25519(bits)?
    } else {
        let mut blob = Vec::new();
        for part in [b"ecdsa-sha2-nistp256".as_slice(), b"nistp256", bits] {
            put_string(&mut blob, part);
        }
        KeyInfo::from_blob(&blob, "").ok()?
    };
    // What was passed over, such as the names of the algorithm, is right if it comes out the same.
    (public_der(&key)? == der).then_some(key)
}

/// The public key as a SubjectPublicKeyInfo in DER, as other tools want it; `None` for kinds that make no bare signatures.
pub fn public_der(key: &KeyInfo) -> Option<Vec<u8>> {
    // OIDs 1.3.101.112; 1.2.840.10045.2.1 and 1.2.840.10045.3.1.7.
    let (oids, bits): (&[&[u8]], &[u8]) = match key.data() {
        KeyData::Ed25519(public) => (&[&[0x2b, 0x65, 0x70]], &public.0),
        KeyData::Ecdsa(public) => (
            &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]],
            public.as_ref(),
        ),
        _ => return None,
    };
    let mut algorithm = Vec::new();
    for oid in oids {
        der::put(&mut algorithm, der::OID, oid);
    }
    let mut content = Vec::new();
    der::put(&mut content, der::SEQUENCE, &algorithm);
    der::put(&mut content, der::BIT_STRING, &[&[0], bits].concat());
    let mut out = Vec::new();
    der::put(&mut out, der::SEQUENCE, &content);
    Some(out)
}

/// The public key in PEM.
pub fn public_pem(key: &KeyInfo) -> Option<String> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(public_der(key)?);
    let mut out = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END PUBLIC KEY-----\n");
    Some(out)
}
