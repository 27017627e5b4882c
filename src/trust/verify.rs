//! Whether an envelope is good: who signed, whether they may, whether it is whole and in force.
//!
//! The order matters: the key is looked up before anything is computed with it, and the payload is read only once its
//! signature is good. Nothing that the envelope says of itself is believed without being checked.

mod binding;
mod detached;
mod root;

use std::time::Duration;

pub use self::binding::{BindingError, Expected, check_binding};
pub use self::detached::{Detached, detach};
pub use self::root::TrustRoot;
use super::allowed_signers::NoPrincipal;
use super::dsse::{BadEnvelope, Envelope};
use super::key::KeyInfo;
use super::statement::{Statement, StatementError};
use super::verify_sig::{self, BadSignature, Touch};
use super::{DECISION_NAMESPACE, DELEGATION_NAMESPACE, TRIAGE_NAMESPACE};
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
    /// With which key.
    pub key: KeyInfo,
    /// What was signed.
    pub statement: Statement,
    /// The envelope's digest.
    pub envelope: Digest,
    /// What a hardware key says of the touch, with its counter; `None` for other keys.
    pub touch: Option<Touch>,
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
            Self::NotYet { .. } => "Compare the clocks of the signer and of this machine.",
            Self::Expired { .. } => "Have the decision made again.",
        };
        hint.to_owned()
    }
}

/// Checks an envelope as of a time: now in a pipeline, the time of the ledger's entry in an audit.
///
/// Says nothing about what it is a decision over: see [`check_binding`].
pub fn verify_envelope(bytes: &[u8], root: &TrustRoot, at: Timestamp) -> Result<Verified, VerifyError> {
    let opened = Envelope::parse(bytes)?.open()?;
    let sig = &opened.signature;
    let known = [DECISION_NAMESPACE, TRIAGE_NAMESPACE, DELEGATION_NAMESPACE];
    let namespace = known.into_iter().find(|n| *n == sig.namespace);
    let Some(namespace) = namespace else {
        return Err(VerifyError::Namespace { found: crate::text::line(&sig.namespace).into_owned() });
    };
    root.not_revoked(&sig.public_key)?;
    let (principal, key) = root.allowed_signers.find_principal(&sig.public_key, namespace, at)?;
    let touch = verify_sig::verify(sig, key, namespace, &opened.pae)?;

    let statement = Statement::parse(&opened.payload)?;
    if statement.namespace() != namespace {
        let kind = statement.kind();
        return Err(VerifyError::WrongKind { kind, namespace: namespace.to_owned() });
    }
    let approver = statement.approver();
    if approver.principal != principal {
        let (said, actual) = (approver.principal.to_string(), principal.to_string());
        return Err(VerifyError::OtherPrincipal { said, actual });
    }
    if approver.key_fingerprint != key.fingerprint {
        let said = crate::text::line(&approver.key_fingerprint).into_owned();
        return Err(VerifyError::OtherKey { said, actual: key.fingerprint.clone() });
    }
    check_window(&statement, at)?;
    let key = key.clone();
    Ok(Verified { principal, key, statement, envelope: opened.digest, touch })
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
