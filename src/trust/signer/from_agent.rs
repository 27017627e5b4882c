//! Signs with a key in an ssh-agent, and finds out which one.

use std::path::PathBuf;
use std::time::Duration;

use super::{MAX_RAW, SignError, Signer, checked, checked_raw};
use crate::trust::agent::{Agent, AgentError, Identity};
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::key::{KeyInfo, fingerprint_of};
use crate::trust::raw::{self, Profile};
use crate::trust::sshsig::{MessageHash, SshSig, signed_data};

/// The largest `.pub` file that is read.
const MAX_PUBLIC_FILE: u64 = 64 * 1024;

/// Which key of an agent is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// The one with this fingerprint, `SHA256:...`.
    Fingerprint(String),
    /// The one whose public half is in this file.
    PublicFile(PathBuf),
    /// The only one that allowed_signers names, or the only one if there is no allowed_signers.
    Only,
}

impl KeyChoice {
    /// From the setting `[signer] agent`.
    pub fn from_setting(setting: Option<&str>) -> Self {
        match setting {
            None => Self::Only,
            Some(text) if text.starts_with("SHA256:") => Self::Fingerprint(text.trim_end_matches('=').to_owned()),
            Some(path) => Self::PublicFile(PathBuf::from(path)),
        }
    }
}

/// Signs with a key in an agent.
#[derive(Debug)]
pub struct AgentSigner {
    agent: Agent,
    key: KeyInfo,
    limit: Duration,
    profile: Profile,
}

impl AgentSigner {
    /// Chooses the key. `limit` is how long one signature may take, see [`TOUCH_LIMIT`](super::TOUCH_LIMIT). Blocking.
    ///
    /// `allowed` narrows [`KeyChoice::Only`]; a key that was named by hand is taken whether it is listed or not. Where
    /// the agent has a key both by itself and with a certificate, it is the one that `allowed` knows.
    pub fn choose(
        agent: Agent,
        choice: &KeyChoice,
        allowed: Option<&AllowedSigners>,
        limit: Duration,
    ) -> Result<Self, SignError> {
        let has = agent.identities()?;
        let key = match choice {
            KeyChoice::Only => only(&agent, &has, allowed)?,
            KeyChoice::Fingerprint(wanted) => named(&agent, &has, wanted, allowed)?,
            KeyChoice::PublicFile(path) => {
                let wanted = key_in(path)?;
                match wanted.certificate {
                    Some(_) => exactly(&agent, &has, &wanted)?,
                    None => named(&agent, &has, &wanted.fingerprint, allowed)?,
                }
            }
        };
        Ok(Self { agent, key, limit, profile: Profile::SshSig })
    }

    /// The same key, with bare signatures; only some kinds of key can give them.
    pub fn raw(self) -> Result<Self, SignError> {
        if !raw::can_sign(&self.key) {
            return Err(SignError::NoRaw(self.key.to_string()));
        }
        Ok(Self { profile: Profile::Raw, ..self })
    }
}

/// The key in a `.pub` file.
fn key_in(path: &std::path::Path) -> Result<KeyInfo, SignError> {
    let bad = |why: String| SignError::Setting {
        setting: crate::text::line(&path.to_string_lossy()).into_owned(),
        why: crate::text::line(&why).into_owned(),
    };
    let bytes = crate::trust::file::read(path, MAX_PUBLIC_FILE).map_err(|e| bad(e.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    KeyInfo::from_line(text.lines().next().unwrap_or_default()).map_err(|e| bad(e.to_string()))
}

/// The key with a fingerprint.
fn named(
    agent: &Agent,
    has: &[Identity],
    wanted: &str,
    allowed: Option<&AllowedSigners>,
) -> Result<KeyInfo, SignError> {
    let good = has.iter().filter_map(|i| i.key.as_ref().ok()).filter(|key| key.fingerprint == wanted);
    if let Some(key) = preferred(good, allowed) {
        return Ok(key.clone());
    }
    match has.iter().find(|i| fingerprint_of(&i.blob) == wanted).map(|i| &i.key) {
        Some(Err(why)) => Err(SignError::NotAccepted { fingerprint: wanted.to_owned(), why: why.to_string() }),
        _ => Err(AgentError::NoSuchKey { socket: agent.location(), fingerprint: wanted.to_owned() }.into()),
    }
}

/// The key with just this certificate.
fn exactly(agent: &Agent, has: &[Identity], wanted: &KeyInfo) -> Result<KeyInfo, SignError> {
    let mut good = has.iter().filter_map(|i| i.key.as_ref().ok());
    good.find(|key| key.wire() == wanted.wire()).cloned().ok_or_else(|| {
        let fingerprint = format!("{} with its certificate", wanted.fingerprint);
        AgentError::NoSuchKey { socket: agent.location(), fingerprint }.into()
    })
}

/// The only key that may sign.
fn only(agent: &Agent, has: &[Identity], allowed: Option<&AllowedSigners>) -> Result<KeyInfo, SignError> {
    let good = || has.iter().filter_map(|i| i.key.as_ref().ok());
    let mut candidates: Vec<&KeyInfo> = Vec::new();
    for key in good().filter(|key| allowed.is_none_or(|allowed| allowed.may_name(key))) {
        // The same key may be there twice: from a file and from a token, or with a certificate and without.
        if candidates.iter().all(|c| c.blob != key.blob) {
            candidates.extend(preferred(good().filter(|other| other.blob == key.blob), allowed));
        }
    }
    match candidates.as_slice() {
        [key] => Ok((*key).clone()),
        [] => Err(SignError::NoCandidate { socket: agent.location(), has: has.iter().map(describe).collect() }),
        several => Err(SignError::Several(several.iter().map(ToString::to_string).collect())),
    }
}

/// Of one key with and without certificates: itself if it is listed; else the certificate by a listed authority that
/// ends last; else itself.
fn preferred<'a>(forms: impl Iterator<Item = &'a KeyInfo>, allowed: Option<&AllowedSigners>) -> Option<&'a KeyInfo> {
    let rank = |key: &&KeyInfo| {
        let known = allowed.is_some_and(|allowed| allowed.may_name(key));
        let plain = key.certificate.is_none();
        (known && plain, known, plain, key.certificate.as_ref().map(|c| c.valid_before()))
    };
    forms.max_by_key(rank)
}

fn describe(identity: &Identity) -> String {
    match &identity.key {
        Ok(key) => key.to_string(),
        Err(why) => format!("{} (not usable: {why})", fingerprint_of(&identity.blob)),
    }
}

impl Signer for AgentSigner {
    fn key(&self) -> &KeyInfo {
        &self.key
    }

    fn method(&self) -> &'static str {
        "ssh-agent"
    }

    fn profile(&self) -> Profile {
        self.profile
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        let signature = self.agent.sign(&self.key, &signed_data(namespace, message), self.limit)?;
        let sig = SshSig {
            public_key: self.key.wire().to_vec(),
            namespace: namespace.to_owned(),
            hash: MessageHash::Sha512,
            signature,
        };
        checked(sig, &self.key, namespace, message)
    }

    fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if message.len() > MAX_RAW {
            return Err(SignError::LargeRaw(message.len()));
        }
        let signature = self.agent.sign(&self.key, message, self.limit)?;
        let bad = |why| SignError::Bad { key: self.key.to_string(), why };
        checked_raw(raw::from_ssh(&signature).map_err(bad)?, &self.key, message)
    }
}
