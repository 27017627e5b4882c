//! RFC 3161 time stamps over a signature: proof, from an authority that is trusted for it, that it existed at a time.
//!
//! Checked offline against the certificates in `timestamp_authorities.pem`: the token's signature and the certificate
//! that it names, the chain to a listed authority as of the stamp's own time, the critical key usage `timeStamping` and
//! no other, and that the stamp is over these very bytes. Certificates of authorities are not asked about revocation:
//! that would need the network. Getting a stamp is for `remote::timestamp`.

mod authorities;
mod info;
mod request;

pub use self::authorities::Authorities;
pub use self::request::{Request, as_response};
use crate::domain::time::Timestamp;

/// A time stamp that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The time: the signature existed then.
    pub at: Timestamp,
    /// The name of the authority, safe to display.
    pub authority: String,
}

/// Why a time stamp proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStamp {
    /// It is not a token, or damaged.
    #[error("it is not a time stamp of RFC 3161, or damaged: {0}")]
    Malformed(&'static str),
    /// The authority refused.
    #[error("the authority did not grant it (status {0})")]
    NotGranted(u32),
    /// It answers another request.
    #[error("it does not answer this request: its nonce is another")]
    Nonce,
    /// It is over other bytes.
    #[error("it is not over this signature")]
    NotOver,
    /// A hash or a kind of key that is not accepted.
    #[error("it uses {0}, which is not accepted")]
    Algorithm(String),
    /// Nobody is trusted for time.
    #[error("no authority for time stamps is named (timestamp_authorities)")]
    NoAuthorities,
    /// Its signature is not good.
    #[error("its own signature is not good: {0}")]
    Signature(&'static str),
    /// The signer's certificate is not for time stamps.
    #[error("the certificate of {0} is not for time stamps alone (critical extended key usage timeStamping)")]
    Usage(String),
    /// The signer's certificate does not lead to a listed authority, or not at that time.
    #[error("the certificate of {authority} does not lead to a listed authority as of {at}: {why}")]
    Chain {
        /// Whose certificate.
        authority: String,
        /// The stamp's time.
        at: Timestamp,
        /// What is wrong.
        why: String,
    },
    /// It is of later than the time that is judged as of.
    #[error("it was made at {stamped}, which is after {at}")]
    Future {
        /// The stamp's time.
        stamped: Timestamp,
        /// As of when it is judged.
        at: Timestamp,
    },
}

impl BadStamp {
    /// What to do, a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::NotOver | Self::Signature(_) | Self::Nonce => {
                "Do not rely on it: get the stamp that belongs to this signature, as the ledger has it."
            }
            Self::NotGranted(_) => "Ask the keepers of the authority at `timestamp_url` what it wants.",
            Self::Algorithm(_) => {
                "Use an authority that stamps with SHA-256 or better, and with RSA, P-256, P-384 or ed25519."
            }
            Self::NoAuthorities => {
                "Set `timestamp_authorities` under [trust], or put timestamp_authorities.pem into the trust folder."
            }
            Self::Usage(_) | Self::Chain { .. } => {
                "Have the certificate of the authority's root listed in timestamp_authorities, if it is to be trusted for time."
            }
            Self::Future { .. } => "Compare the clocks of the authority and of this machine.",
        }
    }
}

impl From<super::der::NotDer> for BadStamp {
    fn from(_: super::der::NotDer) -> Self {
        Self::Malformed("its structure cannot be read")
    }
}
