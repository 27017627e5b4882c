//! Whether an envelope is good: who signed, whether they may, whether it is whole and in force.
//!
//! The order matters: the key is looked up before anything is computed with it, and the payload is read only once its
//! signature is good. Nothing that the envelope says of itself is believed without being checked.

mod binding;
mod detached;
mod root;
mod signed_by;

use std::time::Duration;

pub use self::binding::{BindingError, Expected, check_binding};
pub use self::detached::{Detached, detach};
pub use self::root::TrustRoot;
use self::signed_by::SignedBy;
use super::allowed_signers::NoPrincipal;
use super::dsse::{BadEnvelope, Envelope, Signature};
use super::key::KeyInfo;
use super::raw::Profile;
use super::stamp::{BadStamp, Stamped};
use super::statement::{Statement, StatementError};
use super::verify_sig::{BadSignature, Touch};
use crate::domain::decision::Decision;
use crate::domain::ids::{Digest, Principal};
use crate::domain::time::Timestamp;
use crate::domain::triage::Dismissal;

/// How far the verifier's clock may be behind the signer's.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(120);

/// An envelope that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who signed, by allowed_signers.
    pub principal: Principal,
    /// With which key, and with which certificate if it counts by one.
    pub key: KeyInfo,
    /// How the signature is made.
    pub profile: Profile,
    /// What was signed.
    pub statement: Statement,
    /// The envelope's digest.
    pub envelope: Digest,
    /// What a hardware key says of the touch, with its counter; `None` for other keys.
    pub touch: Option<Touch>,
    /// When it was signed at the latest, if a time stamp proves it.
    pub stamped: Option<Stamped>,
}

impl Verified {
    /// The decision as the domain knows it, without a receipt; `None` for a triage.
    pub fn decision(&self) -> Option<Decision> {
        let p = self.statement.decision()?;
        let release = format!("{}@{}/{}", p.release.name, p.release.version.raw(), p.environment.name);
        Some(Decision {
            id: p.decision_id.clone(),
            envelope: self.envelope.clone(),
            verb: p.decision,
            gate: p.orchestrator.gate.clone(),
            attempt: p.orchestrator.attempt.clone(),
            release: release.into(),
            service: p.release.name.clone(),
            environment: p.environment.name.clone(),
            commit: p.release.commit.clone(),
            dossier: p.dossier_digest.clone(),
            reason: p.reason.clone(),
            principal: self.principal.clone(),
            key: self.key.fingerprint.clone(),
            issued_at: p.issued_at,
            receipt: None,
            break_glass: p.break_glass,
            revoked_by: None,
            reviewed_by: None,
        })
    }

    /// The dismissals that a triage makes; none for a decision.
    pub fn dismissals(&self) -> Vec<Dismissal> {
        self.statement.triage().map(|t| t.dismissals(&self.envelope, &self.principal)).unwrap_or_default()
    }
}

/// Why an envelope is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not an envelope of ours.
    #[error("The envelope cannot be read: {0}.")]
    Envelope(#[from] BadEnvelope),
    /// It was signed for something else.
    #[error("The signature was made for the namespace {found:?}, and not for a decision, a triage or a delegation.")]
    Namespace {
        /// What it was made for.
        found: String,
    },
    /// The key may not sign.
    #[error("{0}")]
    Principal(#[from] NoPrincipal),
    /// The key was taken back.
    #[error("The key {key} is revoked.")]
    Revoked {
        /// The key's fingerprint.
        key: String,
    },
    /// The signature is not good.
    #[error("The signature is not good: {0}.")]
    Signature(#[from] BadSignature),
    /// The payload is not a statement of ours.
    #[error("The signed document is not accepted: {0}.")]
    Statement(#[from] StatementError),
    /// It was signed for the other kind of document.
    #[error("The document is a {kind}, and its signature was made for {namespace}.")]
    WrongKind {
        /// What it is.
        kind: &'static str,
        /// What it was signed for.
        namespace: String,
    },
    /// It names somebody else.
    #[error("The document names {said:?} as the approver, and its key belongs to {actual:?}.")]
    OtherPrincipal {
        /// Who it says.
        said: String,
        /// Who signed.
        actual: String,
    },
    /// It names another key.
    #[error("The document names the key {said:?}, and was signed by {actual}.")]
    OtherKey {
        /// Which it says.
        said: String,
        /// Which signed.
        actual: String,
    },
    /// The key or its certificate is out of its time, and a stamp that could show that it was not then is not good.
    #[error("{then} Its time stamp does not help: {why}.")]
    Stamp {
        /// What is wrong with the stamp.
        why: Box<BadStamp>,
        /// Why the key does not count without it.
        then: Box<NoPrincipal>,
    },
    /// It was signed before the time that it gives.
    #[error(
        "The document says that it was made at {issued}, and its time stamp shows that it was signed by {stamped}."
    )]
    Postdated {
        /// What it says.
        issued: Timestamp,
        /// What the stamp proves.
        stamped: Timestamp,
    },
    /// It holds only later.
    #[error("The document holds from {from} on, and it is judged as of {at}.")]
    NotYet {
        /// From when on.
        from: Timestamp,
        /// As of when it is judged.
        at: Timestamp,
    },
    /// It holds no more.
    #[error("The document held until {until}, and it is judged as of {at}.")]
    Expired {
        /// Until when.
        until: Timestamp,
        /// As of when it is judged.
        at: Timestamp,
    },
}

impl VerifyError {
    /// Whether it is only the key's or the certificate's time, so that a time stamp could change it.
    pub fn is_of_time(&self) -> bool {
        match self {
            Self::Principal(why) => why.is_of_time(),
            Self::Stamp { .. } => true,
            _ => false,
        }
    }

    /// What to do, a full sentence.
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Envelope(_) => {
                "Get the envelope as the ledger has it: one JSON object with payload, payloadType and one signature."
            }
            Self::Namespace { .. } | Self::WrongKind { .. } => {
                "A signature for another purpose is no decision: have it made with Countersign."
            }
            Self::Principal(e) => e.hint(),
            Self::Revoked { .. } => "Do not act on it. Have the decision made again with a key that is not revoked.",
            Self::Signature(BadSignature::NotTouched(_)) => "Have it signed again with a key that asks for a touch.",
            Self::Signature(BadSignature::Key(_) | BadSignature::Algorithm { .. }) => {
                "Have it signed again with an ed25519 key or another accepted kind."
            }
            Self::Signature(_) => "Do not act on it: it was changed after it was signed, or never signed by this key.",
            Self::Statement(e) => return e.hints().join(" "),
            Self::OtherPrincipal { .. } | Self::OtherKey { .. } => {
                "Do not act on it: the signer named somebody else, or allowed_signers has changed since."
            }
            Self::Stamp { why, .. } => return why.hint().to_owned(),
            Self::Postdated { .. } | Self::NotYet { .. } => "Compare the clocks of the signer and of this machine.",
            Self::Expired { .. } => "Have the decision made again.",
        };
        hint.to_owned()
    }
}

/// Checks an envelope as of a time: now in a pipeline, the time of the ledger's entry in an audit.
///
/// Says nothing about what it is a decision over: see [`check_binding`].
pub fn verify_envelope(bytes: &[u8], root: &TrustRoot, at: Timestamp) -> Result<Verified, VerifyError> {
    verify_stamped(bytes, &[], root, at)
}

/// As [`verify_envelope`], with RFC 3161 time stamps over the signature. A good one proves when the document was signed
/// at the latest: the key and its certificate are then judged as of that time. What the document says of its own time is
/// judged as of `at` all the same, and a revoked key stays revoked.
pub fn verify_stamped(
    bytes: &[u8],
    stamps: &[Vec<u8>],
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Verified, VerifyError> {
    let opened = Envelope::parse(bytes)?.open()?;
    let (stamped, bad_stamp) = proven_time(&opened.signature, stamps, root, at);
    let signed_at = stamped.as_ref().map_or(at, |s| s.at.min(at));
    let explain = |error: VerifyError| match (error, &bad_stamp) {
        (VerifyError::Principal(then), Some(why)) if then.is_of_time() => {
            VerifyError::Stamp { why: Box::new(why.clone()), then: Box::new(then) }
        }
        (error, _) => error,
    };
    let signed_by = SignedBy::check(&opened, root, signed_at).map_err(explain)?;

    let statement = Statement::parse(&opened.payload)?;
    let principal = signed_by.principal(&statement, root, signed_at).map_err(explain)?;
    let approver = statement.approver();
    if approver.principal != principal {
        let (said, actual) = (approver.principal.to_string(), principal.to_string());
        return Err(VerifyError::OtherPrincipal { said, actual });
    }
    let SignedBy { key, profile, touch, .. } = signed_by;
    if approver.key_fingerprint != key.fingerprint {
        let said = crate::text::line(&approver.key_fingerprint).into_owned();
        return Err(VerifyError::OtherKey { said, actual: key.fingerprint });
    }
    check_window(&statement, at)?;
    let issued = statement.issued_at();
    if let Some(stamped) = stamped.as_ref().filter(|s| issued > s.at.plus(CLOCK_TOLERANCE)) {
        return Err(VerifyError::Postdated { issued, stamped: stamped.at });
    }
    Ok(Verified { principal, key, profile, statement, envelope: opened.digest, touch, stamped })
}

/// The earliest time that a stamp proves, and what is wrong with the first bad one.
fn proven_time(
    signature: &Signature,
    stamps: &[Vec<u8>],
    root: &TrustRoot,
    at: Timestamp,
) -> (Option<Stamped>, Option<BadStamp>) {
    if stamps.is_empty() {
        return (None, None);
    }
    let (good, bad) = root.timestamp_authorities.sift(stamps, &signature.to_bytes(), at);
    (good.into_iter().next().map(|(_, stamped)| stamped), bad.into_iter().next())
}

fn check_window(statement: &Statement, at: Timestamp) -> Result<(), VerifyError> {
    let (from, until) = statement.window();
    if from > at.plus(CLOCK_TOLERANCE) {
        return Err(VerifyError::NotYet { from, at });
    }
    match until {
        Some(until) if at > until => Err(VerifyError::Expired { until, at }),
        _ => Ok(()),
    }
}
