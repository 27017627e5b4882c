//! Private keys in OpenSSH's own format (PROTOCOL.key), also those that ssh-key refuses.
//!
//! ssh-keygen writes the secret number of an ECDSA key without leading zeros, and ssh-key wants all of its 32 bytes: one
//! file in some hundreds would be no key. Such a file is written anew, with the zeros, and read again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::cipher::Tag;
use ssh_key::{Error, PrivateKey};
use zeroize::Zeroizing;

use super::wire::{Reader, TooShort, put_string};

/// The first line.
pub(super) const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const ECDSA: &[u8] = b"ecdsa-sha2-nistp256";
/// The bytes of a secret number on P-256.
const SCALAR: usize = 32;
/// The bytes of the tag that some ciphers end with.
const TAG: usize = 16;
/// The blocks that a section which is not encrypted is filled up to.
const BLOCK: usize = 8;

/// It is no key, or the passphrase does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAKey;

impl From<TooShort> for NotAKey {
    fn from(_: TooShort) -> Self {
        Self
    }
}

impl From<Error> for NotAKey {
    fn from(_: Error) -> Self {
        Self
    }
}

/// Reads a file; an encrypted one stays so.
pub(super) fn read(text: &str) -> Result<PrivateKey, NotAKey> {
    match PrivateKey::from_openssh(text) {
        Ok(key) => Ok(key),
        Err(Error::Encoding(_)) => read_short(text),
        Err(_) => Err(NotAKey),
    }
}

/// Decrypts a key.
pub(super) fn decrypt(locked: &PrivateKey, passphrase: &[u8]) -> Result<PrivateKey, NotAKey> {
    match locked.decrypt(passphrase) {
        Ok(key) => Ok(key),
        // With a passphrase that does not fit it does not come to that: the numbers before the key are compared first.
        Err(Error::Encoding(_)) => decrypt_short(locked, passphrase),
        Err(_) => Err(NotAKey),
    }
}

fn read_short(text: &str) -> Result<PrivateKey, NotAKey> {
    let inner = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(NotAKey)?;
    let mut base64 = Zeroizing::new(String::with_capacity(inner.len()));
    base64.extend(inner.split_ascii_whitespace());
    let bytes = Zeroizing::new(STANDARD.decode(base64.as_bytes()).map_err(|_e| NotAKey)?);
    let mut reader = Reader::new(&bytes);
    let plain = reader.bytes(MAGIC.len())? == MAGIC
        && reader.string()? == b"none"
        && reader.string()? == b"none"
        && reader.string()?.is_empty()
        && reader.u32()? == 1;
    let (public, section) = (reader.string()?, reader.string()?);
    if !plain || !reader.is_empty() {
        return Err(NotAKey);
    }
    from_section(public, section)
}

fn decrypt_short(locked: &PrivateKey, passphrase: &[u8]) -> Result<PrivateKey, NotAKey> {
    let cipher = locked.cipher();
    let (key, iv) = locked.kdf().derive_key_and_iv(cipher, passphrase)?;
    let mut section = Zeroizing::new(locked.key_data().encrypted().ok_or(NotAKey)?.to_vec());
    let tag = if cipher.has_tag() {
        let whole = locked.to_bytes()?;
        let tag: [u8; TAG] = *whole.last_chunk().ok_or(NotAKey)?;
        Some(Tag::from(tag))
    } else {
        None
    };
    cipher.decrypt(&key, &iv, &mut section, tag).map_err(|_e| NotAKey)?;
    from_section(&locked.public_key().to_bytes()?, &section)
}

/// A key of P-256 from the section that has the secret, with that number in full length.
fn from_section(public: &[u8], section: &[u8]) -> Result<PrivateKey, NotAKey> {
    let mut reader = Reader::new(section);
    let check = reader.bytes(8)?;
    let (algorithm, curve, point) = (reader.string()?, reader.string()?, reader.string()?);
    let (secret, comment) = (reader.string()?, reader.string()?);
    if algorithm != ECDSA || secret.is_empty() || secret.len() >= SCALAR {
        return Err(NotAKey);
    }
    let mut padding = 1_u8;
    while !reader.is_empty() {
        if reader.u8()? != padding || padding > 16 {
            return Err(NotAKey);
        }
        padding += 1;
    }
    let mut scalar = Zeroizing::new([0; SCALAR]);
    for (to, from) in scalar.iter_mut().rev().zip(secret.iter().rev()) {
        *to = *from;
    }
    // Room for all of it at once: growing would leave copies of the key behind.
    let mut mended = Zeroizing::new(Vec::with_capacity(section.len() + SCALAR + BLOCK));
    mended.extend(check);
    for part in [algorithm, curve, point, scalar.as_slice(), comment] {
        put_string(&mut mended, part);
    }
    for fill in (1_u8..).take(mended.len().next_multiple_of(BLOCK) - mended.len()) {
        mended.push(fill);
    }
    let mut whole = Zeroizing::new(Vec::with_capacity(mended.len() + public.len() + 64));
    whole.extend(MAGIC);
    for part in [b"none".as_slice(), b"none", b""] {
        put_string(&mut whole, part);
    }
    whole.extend(1_u32.to_be_bytes());
    put_string(&mut whole, public);
    put_string(&mut whole, &mended);
    Ok(PrivateKey::from_bytes(&whole)?)
}
