//! Private keys in PKCS#8 (RFC 5958), plain or encrypted (PBES2 of RFC 8018), as openssl and cosign's kin write them.

use aws_lc_rs::cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::PrivateKey;
use ssh_key::private::{EcdsaKeypair, Ed25519Keypair, KeypairData};
use zeroize::Zeroizing;

use super::der::{Der, INTEGER, NULL, NotDer, OCTETS, OID, SEQUENCE};

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const HMAC_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07];
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
const HMAC_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b];
const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// The most rounds that are worked off: about ten seconds. A file could ask for hours.
const MAX_ROUNDS: u32 = 10_000_000;

/// Why a PKCS#8 file gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadPkcs8 {
    /// It is damaged.
    Malformed,
    /// Another kind of key.
    Kind,
    /// Encrypted in a way that is not known here.
    Scheme,
    /// The passphrase does not fit.
    Passphrase,
}

impl From<NotDer> for BadPkcs8 {
    fn from(_: NotDer) -> Self {
        Self::Malformed
    }
}

/// What a PEM file has.
#[derive(Clone)]
pub(super) enum Pkcs8 {
    /// A key.
    Plain(Box<PrivateKey>),
    /// A key that needs a passphrase.
    Encrypted(Vec<u8>),
}

/// Reads a PEM file; `None` if it is of another format.
pub(super) fn parse(text: &str) -> Option<Result<Pkcs8, BadPkcs8>> {
    let read = |label: &str| {
        let inner = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
        let body = inner.strip_suffix(&format!("-----END {label}-----"));
        let base64: Zeroizing<String> = Zeroizing::new(body.unwrap_or("?").split_ascii_whitespace().collect());
        Some(STANDARD.decode(base64.as_bytes()).map(Zeroizing::new).map_err(|_e| BadPkcs8::Malformed))
    };
    if let Some(der) = read(PLAIN) {
        return Some(der.and_then(|der| private(&der)).map(|key| Pkcs8::Plain(Box::new(key))));
    }
    read(ENCRYPTED).map(|der| {
        let der = der?;
        // What cannot be decrypted is said before anybody is asked for a passphrase.
        Scheme::parse(&der)?;
        Ok(Pkcs8::Encrypted(der.to_vec()))
    })
}

/// Decrypts a key.
pub(super) fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<PrivateKey, BadPkcs8> {
    let plain = Scheme::parse(der)?.open(passphrase)?;
    private(&plain)
}

/// `OneAsymmetricKey` to a key.
fn private(bytes: &[u8]) -> Result<PrivateKey, BadPkcs8> {
    let mut outer = Der::new(bytes);
    let mut key = outer.sequence()?;
    outer.end()?;
    // Version 0, or 1 with the public key; attributes and that public key are passed over.
    if key.small()? > 1 {
        return Err(BadPkcs8::Malformed);
    }
    let mut algorithm = key.sequence()?;
    let kind = algorithm.value(OID)?;
    let content = key.value(OCTETS)?;
    if kind == ED25519 {
        algorithm.end()?;
        let mut inner = Der::new(content);
        let seed = Zeroizing::new(<[u8; 32]>::try_from(inner.value(OCTETS)?).map_err(|_e| BadPkcs8::Malformed)?);
        inner.end()?;
        return PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed)), "")
            .map_err(|_e| BadPkcs8::Malformed);
    }
    if kind != EC || algorithm.value(OID)? != P256 {
        return Err(BadPkcs8::Kind);
    }
    let mut inner = Der::new(content).sequence()?;
    if inner.value(INTEGER)? != [1] {
        return Err(BadPkcs8::Malformed);
    }
    let secret = p256::SecretKey::from_slice(inner.value(OCTETS)?).map_err(|_e| BadPkcs8::Malformed)?;
    let pair = EcdsaKeypair::NistP256 { public: secret.public_key().into(), private: secret.into() };
    PrivateKey::new(KeypairData::Ecdsa(pair), "").map_err(|_e| BadPkcs8::Malformed)
}

/// How a key is encrypted.
struct Scheme<'a> {
    salt: &'a [u8],
    rounds: std::num::NonZeroU32,
    hmac: pbkdf2::Algorithm,
    key_length: usize,
    iv: [u8; 16],
    data: &'a [u8],
}

impl<'a> Scheme<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, BadPkcs8> {
        let mut outer = Der::new(bytes);
        let mut whole = outer.sequence()?;
        outer.end()?;
        let mut algorithm = whole.sequence()?;
        let data = whole.value(OCTETS)?;
        whole.end()?;
        if algorithm.value(OID)? != PBES2 {
            return Err(BadPkcs8::Scheme);
        }
        let mut params = algorithm.sequence()?;
        let (mut derivation, mut cipher) = (params.sequence()?, params.sequence()?);
        if derivation.value(OID)? != PBKDF2 {
            return Err(BadPkcs8::Scheme);
        }
        let mut derivation = derivation.sequence()?;
        let salt = derivation.value(OCTETS)?;
        let rounds = derivation.small()?;
        derivation.optional(INTEGER)?;
        let hmac = match derivation.optional(SEQUENCE)? {
            None => HMAC_SHA1,
            Some(inner) => {
                let mut inner = Der::new(inner);
                let name = inner.value(OID)?;
                inner.optional(NULL)?;
                name
            }
        };
        let hmac = match hmac {
            HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(BadPkcs8::Scheme),
        };
        let key_length = match cipher.value(OID)? {
            AES_128_CBC => 16,
            AES_256_CBC => 32,
            _ => return Err(BadPkcs8::Scheme),
        };
        let iv = cipher.value(OCTETS)?.try_into().map_err(|_e| BadPkcs8::Malformed)?;
        let rounds = std::num::NonZeroU32::new(rounds).filter(|n| n.get() <= MAX_ROUNDS).ok_or(BadPkcs8::Scheme)?;
        Ok(Self { salt, rounds, hmac, key_length, iv, data })
    }

    fn open(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadPkcs8> {
        let mut key = Zeroizing::new(vec![0; self.key_length]);
        pbkdf2::derive(self.hmac, self.rounds, self.salt, passphrase, &mut key);
        let cipher = if self.key_length == 16 { &AES_128 } else { &AES_256 };
        let wrong = BadPkcs8::Passphrase;
        let unbound = UnboundCipherKey::new(cipher, &key).map_err(|_e| wrong)?;
        let opener = PaddedBlockDecryptingKey::cbc_pkcs7(unbound).map_err(|_e| wrong)?;
        let mut buffer = Zeroizing::new(self.data.to_vec());
        let context = DecryptionContext::Iv128(FixedLength::from(&self.iv));
        let plain = opener.decrypt(&mut buffer, context).map_err(|_e| wrong)?;
        // A wrong key leaves a good padding once in 256 times, and never a key.
        match private(plain) {
            Ok(_) => {}
            Err(BadPkcs8::Kind) => return Err(BadPkcs8::Kind),
            Err(_) => return Err(wrong),
        }
        Ok(Zeroizing::new(plain.to_vec()))
    }
}
