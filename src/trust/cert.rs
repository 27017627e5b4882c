//! OpenSSH certificates (PROTOCOL.certkeys): a key, the names that an authority gives it, and for how long.
//!
//! Read strictly: user certificates of the kinds of key that signatures are accepted from, one spelling, options in
//! order. Whether the authority may do that, and whether the time is right, is for
//! [`allowed_signers`](super::allowed_signers) to say.

use super::key::{BadKey, KeyInfo};
use super::verify_sig::{self, BadSignature, Touch};
use super::wire::{Reader, TooShort, algorithm_of, put_string};
use crate::domain::time::Timestamp;

/// What the names of certificates' algorithms end with.
const SUFFIX: &str = "-cert-v01@openssh.com";
/// A certificate for a person, not for a host.
const USER: u32 = 1;
/// The most principals that are read.
const MAX_PRINCIPALS: usize = 256;

/// A user certificate as read. Nothing of it is verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// All of it, in SSH's binary form.
    pub blob: Vec<u8>,
    /// The number that the authority gave it.
    pub serial: u64,
    /// The name that the authority gave it, for logs and revocation.
    pub key_id: String,
    /// Whom it is for.
    pub principals: Vec<String>,
    /// The authority's key.
    pub authority: KeyInfo,
    /// From when on it is valid, in seconds since 1970.
    valid_after: u64,
    /// When it ends, in seconds since 1970; that second is not valid any more.
    valid_before: u64,
    /// Whether every signature needs a PIN or a finger (critical option `verify-required`).
    verify_required: bool,
    /// A critical option that cannot be kept here, safe to display.
    unknown_option: Option<String>,
    /// How many bytes of `blob` the authority signed.
    signed: usize,
    /// The authority's signature.
    signature: Vec<u8>,
}

/// Why bytes are not a certificate that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// Cut short, or not as certificates are.
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
    /// It is for a host.
    #[error("it is not a user certificate (type {0}, and 1 is needed)")]
    NotUser(u32),
    /// Its authority's key is of a kind that is not accepted.
    #[error("the key of its authority is not accepted: {0}")]
    Authority(Box<BadKey>),
}

/// Why a certificate does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The authority did not sign it.
    #[error("the signature of its authority {authority} is not good: {why}")]
    Signature {
        /// The authority's key.
        authority: String,
        /// Why.
        why: BadSignature,
    },
    /// It asks for something that cannot be kept.
    #[error("it has the critical option {0:?}, which cannot be kept here")]
    Option(String),
    /// Its time has not begun.
    #[error("it is valid only from {from} on, and it is judged as of {at}")]
    NotYet {
        /// When its time begins.
        from: String,
        /// As of when it was judged.
        at: Timestamp,
    },
    /// Its time is over.
    #[error("it was valid until {until}, and it is judged as of {at}")]
    Expired {
        /// When its time ended.
        until: String,
        /// As of when it was judged.
        at: Timestamp,
    },
}

impl From<TooShort> for BadCertificate {
    fn from(_: TooShort) -> Self {
        Self::Malformed("it is cut short")
    }
}

/// Whether an algorithm's name is that of a certificate.
pub(super) fn is_certificate(algorithm: &str) -> bool {
    algorithm.ends_with(SUFFIX)
}

/// The plain key that signs, in binary form: of a certificate its subject, of a plain key itself. `None` if it is a
/// certificate that cannot be read.
pub(super) fn plain(blob: &[u8]) -> Option<Vec<u8>> {
    match algorithm_of(blob) {
        Some(name) if is_certificate(name) => Certificate::parse(blob).ok().map(|(key, _)| key),
        _ => Some(blob.to_vec()),
    }
}

impl Certificate {
    /// Reads a certificate; gives the plain key that it is for, in binary form, and the certificate.
    pub fn parse(blob: &[u8]) -> Result<(Vec<u8>, Self), BadCertificate> {
        let malformed = BadCertificate::Malformed;
        let mut reader = Reader::new(blob);
        let name = std::str::from_utf8(reader.string()?).map_err(|_e| malformed("its algorithm is not text"))?;
        let (algorithm, fields) = match name.strip_suffix(SUFFIX) {
            Some("ssh-ed25519") => ("ssh-ed25519", 1),
            Some("ecdsa-sha2-nistp256") => ("ecdsa-sha2-nistp256", 2),
            Some("ssh-rsa") => ("ssh-rsa", 2),
            Some("sk-ssh-ed25519") => ("sk-ssh-ed25519@openssh.com", 2),
            Some("sk-ecdsa-sha2-nistp256") => ("sk-ecdsa-sha2-nistp256@openssh.com", 3),
            _ => return Err(malformed("its algorithm is not one that signatures are accepted from")),
        };
        // A nonce, which keeps the authority's signature from being foreseen.
        reader.string()?;
        let mut plain = Vec::with_capacity(blob.len());
        put_string(&mut plain, algorithm.as_bytes());
        for _ in 0..fields {
            put_string(&mut plain, reader.string()?);
        }
        let serial = reader.u64()?;
        let kind = reader.u32()?;
        if kind != USER {
            return Err(BadCertificate::NotUser(kind));
        }
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(ToOwned::to_owned);
        let key_id = text(reader.string()?).map_err(|_e| malformed("its key id is not UTF-8"))?;
        let mut names = Reader::new(reader.string()?);
        let mut principals = Vec::new();
        while !names.is_empty() {
            if principals.len() == MAX_PRINCIPALS {
                return Err(malformed("it names too many principals"));
            }
            principals.push(text(names.string()?).map_err(|_e| malformed("a principal is not UTF-8"))?);
        }
        let (valid_after, valid_before) = (reader.u64()?, reader.u64()?);
        if valid_before <= valid_after {
            return Err(malformed("it ends before it begins"));
        }
        let (mut verify_required, mut unknown_option) = (false, None);
        for (option, data) in options(reader.string()?)? {
            match option {
                b"verify-required" if data.is_empty() => verify_required = true,
                other => unknown_option = Some(crate::text::line(&String::from_utf8_lossy(other)).into_owned()),
            }
        }
        // Extensions only allow things, all of them to do with logins.
        options(reader.string()?)?;
        // Reserved: OpenSSH passes over it, and the authority's signature covers it.
        reader.string()?;
        let authority = reader.string()?;
        if algorithm_of(authority).is_some_and(is_certificate) {
            return Err(malformed("its authority is itself a certificate"));
        }
        let authority = KeyInfo::from_blob(authority, "").map_err(|e| BadCertificate::Authority(Box::new(e)))?;
        let signature = reader.string()?.to_vec();
        if !reader.is_empty() {
            return Err(malformed("there are bytes after its end"));
        }
        let signed = blob.len() - signature.len() - 4;
        let certificate = Self {
            blob: blob.to_vec(),
            serial,
            key_id,
            principals,
            authority,
            valid_after,
            valid_before,
            verify_required,
            unknown_option,
            signed,
            signature,
        };
        Ok((plain, certificate))
    }

    /// Whether its authority signed it, its time is right, and nothing in it is passed over. Who the authority is, and
    /// whether it may, was looked up before.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Unfit> {
        let signed = self.blob.get(..self.signed).unwrap_or_default();
        if let Err(why) = verify_sig::verify_blob(&self.signature, &self.authority, signed) {
            return Err(Unfit::Signature { authority: self.authority.fingerprint.clone(), why });
        }
        if let Some(option) = &self.unknown_option {
            return Err(Unfit::Option(option.clone()));
        }
        let seconds = at.millis().div_euclid(1000);
        let now = u64::try_from(seconds).unwrap_or(0);
        if now < self.valid_after {
            return Err(Unfit::NotYet { from: moment(self.valid_after), at });
        }
        if now >= self.valid_before {
            return Err(Unfit::Expired { until: moment(self.valid_before), at });
        }
        Ok(())
    }

    /// Whether what the hardware key says of a signature is enough for this certificate.
    pub(super) fn check_touch(&self, touch: Option<Touch>) -> Result<(), BadSignature> {
        if self.verify_required && !touch.is_some_and(|t| t.verified) {
            return Err(BadSignature::NotVerified);
        }
        Ok(())
    }

    /// When it ends, in seconds since 1970.
    pub fn valid_before(&self) -> u64 {
        self.valid_before
    }

    /// When it ends, as text; `forever` if it does not.
    pub fn until(&self) -> String {
        moment(self.valid_before)
    }
}

fn moment(seconds: u64) -> String {
    let millis = i64::try_from(seconds).ok().and_then(|s| s.checked_mul(1000));
    millis.and_then(Timestamp::from_millis).map_or_else(|| "forever".to_owned(), |t| t.to_string())
}

type Options<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Names with data, each once and in order; the data is a string within a string.
fn options(bytes: &[u8]) -> Result<Options<'_>, BadCertificate> {
    let mut reader = Reader::new(bytes);
    let mut out: Options<'_> = Vec::new();
    while !reader.is_empty() {
        let (name, data) = (reader.string()?, reader.string()?);
        if out.last().is_some_and(|(before, _)| *before >= name) {
            return Err(BadCertificate::Malformed("its options are not in order, or one is there twice"));
        }
        out.push((name, data));
    }
    Ok(out)
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate[{:?} {} by {}]", self.key_id, self.serial, self.authority.fingerprint)
    }
}
