//! OpenSSH signatures (PROTOCOL.sshsig): the binary form, its armour, and the bytes that a key signs.
//!
//! Only one spelling is accepted of everything: version 1, a namespace, nothing reserved, one of two hashes, no bytes
//! after the end, no text around the armour.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

use super::wire::{Reader, TooShort, put_string};

const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Where ssh-keygen breaks the lines of the armour.
const COLUMNS: usize = 70;
/// The most bytes that a signature may have; the largest real one (RSA, 16384 bits) has about 4 KiB.
const MAX_BYTES: usize = 64 * 1024;

/// The hash that the message goes through before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageHash {
    /// SHA-256.
    Sha256,
    /// SHA-512, which OpenSSH uses unless told otherwise, and we always.
    Sha512,
}

impl MessageHash {
    /// Its name in the signature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// An OpenSSH signature. Being well-formed says nothing of its being good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSig {
    /// The public key that it claims to be of, in SSH's binary form.
    pub public_key: Vec<u8>,
    /// What it was made for.
    pub namespace: String,
    /// The hash that the message went through.
    pub hash: MessageHash,
    /// The algorithm's name and the signature proper, in SSH's binary form.
    pub signature: Vec<u8>,
}

/// Why bytes are not an OpenSSH signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSshSig {
    /// The first or last line of the armour is not there, or there is text around it.
    #[error(
        "it does not begin with {BEGIN:?} and end with {END:?}, each on a line of its own with nothing around them"
    )]
    Armour,
    /// Between them is not base64.
    #[error("what is between the first and the last line is not base64")]
    Base64,
    /// The bytes end too early.
    #[error("it is cut short")]
    Short,
    /// There are bytes after its end.
    #[error("there are bytes after its end")]
    Trailing,
    /// It is larger than any signature.
    #[error("it is larger than {MAX_BYTES} bytes")]
    Large,
    /// The first bytes are not those of an OpenSSH signature.
    #[error("it does not start with the bytes SSHSIG")]
    Magic,
    /// A version that we do not know.
    #[error("its version is {0}, and only version 1 is known")]
    Version(u32),
    /// The namespace is empty or not text.
    #[error("its namespace is empty or not UTF-8")]
    Namespace,
    /// The reserved field is not empty.
    #[error("its reserved field is not empty")]
    Reserved,
    /// Another hash than SHA-256 and SHA-512.
    #[error("it uses the hash {0:?}, and only sha256 and sha512 are allowed")]
    Hash(String),
}

impl From<TooShort> for BadSshSig {
    fn from(_: TooShort) -> Self {
        Self::Short
    }
}

impl SshSig {
    /// Its binary form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.public_key.len() + self.signature.len() + 96);
        out.extend(MAGIC);
        out.extend(VERSION.to_be_bytes());
        put_string(&mut out, &self.public_key);
        put_string(&mut out, self.namespace.as_bytes());
        put_string(&mut out, b"");
        put_string(&mut out, self.hash.name().as_bytes());
        put_string(&mut out, &self.signature);
        out
    }

    /// Reads the binary form.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadSshSig> {
        if bytes.len() > MAX_BYTES {
            return Err(BadSshSig::Large);
        }
        let mut reader = Reader::new(bytes);
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err(BadSshSig::Magic);
        }
        match reader.u32()? {
            VERSION => {}
            other => return Err(BadSshSig::Version(other)),
        }
        let public_key = reader.string()?.to_vec();
        let namespace = match std::str::from_utf8(reader.string()?) {
            Ok(text) if !text.is_empty() => text.to_owned(),
            _ => return Err(BadSshSig::Namespace),
        };
        if !reader.string()?.is_empty() {
            return Err(BadSshSig::Reserved);
        }
        let hash = match reader.string()? {
            b"sha256" => MessageHash::Sha256,
            b"sha512" => MessageHash::Sha512,
            other => return Err(BadSshSig::Hash(crate::text::line(&String::from_utf8_lossy(other)).into_owned())),
        };
        let signature = reader.string()?.to_vec();
        if reader.is_empty() { Ok(Self { public_key, namespace, hash, signature }) } else { Err(BadSshSig::Trailing) }
    }

    /// Its armour, as ssh-keygen writes it, with a line break at the end.
    pub fn to_armoured(&self) -> String {
        let text = STANDARD.encode(self.encode());
        let mut out = String::with_capacity(text.len() + text.len() / COLUMNS + 64);
        out.push_str(BEGIN);
        for (i, c) in text.chars().enumerate() {
            if i % COLUMNS == 0 {
                out.push('\n');
            }
            out.push(c);
        }
        out.push('\n');
        out.push_str(END);
        out.push('\n');
        out
    }

    /// Reads the armour.
    pub fn from_armoured(text: &str) -> Result<Self, BadSshSig> {
        if text.len() > 2 * MAX_BYTES {
            return Err(BadSshSig::Large);
        }
        let inner = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_prefix('\n'))
            .and_then(|rest| rest.strip_suffix(END))
            .and_then(|rest| rest.strip_suffix('\n'))
            .ok_or(BadSshSig::Armour)?;
        let base64: String = inner.split('\n').collect();
        Self::decode(&STANDARD.decode(base64).map_err(|_e| BadSshSig::Base64)?)
    }

    /// The bytes that the key signed, if the signature is over this message.
    pub fn signed_data(&self, message: &[u8]) -> Vec<u8> {
        data_to_sign(&self.namespace, self.hash, message)
    }
}

/// The bytes that a key signs for a message: only a hash of the message is in them, so that an agent takes any size.
/// The hash is SHA-512, as by ssh-keygen.
pub fn signed_data(namespace: &str, message: &[u8]) -> Vec<u8> {
    data_to_sign(namespace, MessageHash::Sha512, message)
}

fn data_to_sign(namespace: &str, hash: MessageHash, message: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put_string(&mut out, namespace.as_bytes());
    put_string(&mut out, b"");
    put_string(&mut out, hash.name().as_bytes());
    put_string(&mut out, &hash.digest(message));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> SshSig {
        SshSig {
            public_key: vec![1, 2, 3],
            namespace: "n@example.com".into(),
            hash: MessageHash::Sha512,
            signature: vec![9; 80],
        }
    }

    #[test]
    fn only_one_spelling_is_accepted() {
        let good = sample().to_armoured();
        assert_eq!(SshSig::from_armoured(&good), Ok(sample()));
        assert_eq!(SshSig::from_armoured(&format!("{good}\n")), Err(BadSshSig::Armour));
        assert_eq!(SshSig::from_armoured(&format!(" {good}")), Err(BadSshSig::Armour));
        assert_eq!(SshSig::from_armoured(&good.replace('\n', "\r\n")), Err(BadSshSig::Armour));
        assert_eq!(SshSig::from_armoured(&good.replace("U1NI", "U1N*")), Err(BadSshSig::Base64));
        assert_eq!(SshSig::from_armoured(""), Err(BadSshSig::Armour));
    }

    #[test]
    fn every_field_is_checked() {
        let good = sample().encode();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            *bytes.get_mut(at).unwrap() = byte;
            SshSig::decode(&bytes)
        };
        assert_eq!(with(0, b'X'), Err(BadSshSig::Magic));
        assert_eq!(with(9, 2), Err(BadSshSig::Version(2)));
        assert_eq!(SshSig::decode(&[good.clone(), vec![0]].concat()), Err(BadSshSig::Trailing));
        assert_eq!(SshSig::decode(&good[..good.len() - 1]), Err(BadSshSig::Short));
        assert_eq!(
            SshSig::decode(&SshSig { namespace: String::new(), ..sample() }.encode()),
            Err(BadSshSig::Namespace)
        );
        assert_eq!(SshSig::decode(&vec![0; MAX_BYTES + 1]), Err(BadSshSig::Large));
        let mut weak = MAGIC.to_vec();
        weak.extend(1_u32.to_be_bytes());
        for part in [&b"k"[..], b"n", b"", b"md5", b"s"] {
            put_string(&mut weak, part);
        }
        assert_eq!(SshSig::decode(&weak), Err(BadSshSig::Hash("md5".into())));
        let mut reserved = MAGIC.to_vec();
        reserved.extend(1_u32.to_be_bytes());
        for part in [&b"k"[..], b"n", b"x", b"sha512", b"s"] {
            put_string(&mut reserved, part);
        }
        assert_eq!(SshSig::decode(&reserved), Err(BadSshSig::Reserved));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            public_key: Vec<u8>, namespace in "\\PC{1,40}", sha512: bool, signature: Vec<u8>,
        ) {
            let hash = if sha512 { MessageHash::Sha512 } else { MessageHash::Sha256 };
            let sig = SshSig { public_key, namespace, hash, signature };
            prop_assert_eq!(SshSig::decode(&sig.encode()), Ok(sig.clone()));
            prop_assert_eq!(SshSig::from_armoured(&sig.to_armoured()), Ok(sig));
        }

        #[test]
        fn no_bytes_make_it_panic_and_what_is_read_writes_back(bytes: Vec<u8>, cut in 0_usize..200, at in 0_usize..200, to: u8) {
            prop_assert!(SshSig::decode(&bytes).is_err());
            let mut near = sample().encode();
            near.truncate(near.len().saturating_sub(cut / 10));
            if let Some(byte) = near.get_mut(at) {
                *byte = to;
            }
            if let Ok(read) = SshSig::decode(&near) {
                prop_assert_eq!(read.encode(), near);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[A-Za-z0-9+/=\\n-]*") {
            prop_assert!(SshSig::from_armoured(&text).is_err());
            let armoured = format!("{BEGIN}\n{text}\n{END}\n");
            prop_assert!(SshSig::from_armoured(&armoured).is_err());
        }
    }
}
