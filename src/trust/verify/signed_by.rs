//! Which key signed, and whom it stands for.

use super::{TrustRoot, VerifyError};
use crate::domain::ids::Principal;
use crate::domain::time::Timestamp;
use crate::trust::NAMESPACES;
use crate::trust::allowed_signers::NoPrincipal;
use crate::trust::cert::is_certificate;
use crate::trust::dsse::{Opened, Signature};
use crate::trust::key::KeyInfo;
use crate::trust::raw::{self, Profile};
use crate::trust::sshsig::SshSig;
use crate::trust::statement::Statement;
use crate::trust::verify_sig::{self, Touch};
use crate::trust::wire::algorithm_of;

/// A signature that is good.
pub(super) struct SignedBy {
    /// The key.
    pub(super) key: KeyInfo,
    /// How it signed.
    pub(super) profile: Profile,
    /// What a hardware key says of it.
    pub(super) touch: Option<Touch>,
    /// What the signature itself was made for, and by whom; a bare one does not say.
    purpose: Option<(&'static str, Principal)>,
}

impl SignedBy {
    /// Checks the signature of an envelope. The key is looked up before anything is computed with it.
    pub(super) fn check(opened: &Opened, root: &TrustRoot, at: Timestamp) -> Result<Self, VerifyError> {
        match &opened.signature {
            Signature::SshSig(sig) => by_sshsig(sig, &opened.pae, root, at),
            Signature::Raw { keyid, bytes } => {
                let signers = &root.allowed_signers;
                let key = signers.by_fingerprint(keyid).ok_or_else(|| NoPrincipal::NotListed {
                    key: crate::text::line(keyid).into_owned(),
                    file: signers.file.clone(),
                })?;
                root.not_revoked(key)?;
                raw::verify(key, &opened.pae, bytes)?;
                Ok(Self { key: key.clone(), profile: Profile::Raw, touch: None, purpose: None })
            }
        }
    }

    /// Whom the key stands for in a document of this kind.
    pub(super) fn principal(
        &self,
        statement: &Statement,
        root: &TrustRoot,
        at: Timestamp,
    ) -> Result<Principal, VerifyError> {
        let namespace = statement.namespace();
        match &self.purpose {
            Some((made_for, principal)) if *made_for == namespace => Ok(principal.clone()),
            Some((made_for, _)) => {
                Err(VerifyError::WrongKind { kind: statement.kind(), namespace: (*made_for).to_owned() })
            }
            None => root.principal_of_bare(&self.key, namespace, at),
        }
    }
}

fn by_sshsig(sig: &SshSig, pae: &[u8], root: &TrustRoot, at: Timestamp) -> Result<SignedBy, VerifyError> {
    let namespace = NAMESPACES.into_iter().find(|n| *n == sig.namespace);
    let Some(namespace) = namespace else {
        return Err(VerifyError::Namespace { found: crate::text::line(&sig.namespace).into_owned() });
    };
    // A plain key is taken as it is listed, and not read out of the signature.
    let certified = algorithm_of(&sig.public_key).is_some_and(is_certificate);
    let read = if certified { KeyInfo::from_blob(&sig.public_key, "").ok() } else { None };
    let (principal, key) = if let Some(key) = read {
        (root.principal_of(&key, namespace, at)?, key)
    } else {
        root.blob_not_revoked(&sig.public_key)?;
        let (principal, key) = root.allowed_signers.find_principal(&sig.public_key, namespace, at)?;
        (principal, key.clone())
    };
    let touch = verify_sig::verify(sig, &key, namespace, pae)?;
    Ok(SignedBy { key, profile: Profile::SshSig, touch, purpose: Some((namespace, principal)) })
}
