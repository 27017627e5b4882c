//! Who signs: a key in an agent, a key in a file, or a fixed key for tests.

use std::path::PathBuf;
use std::time::Duration;

use ssh_key::PrivateKey;
use ssh_key::private::Ed25519Keypair;

use super::agent::{Agent, AgentError, Identity};
use super::allowed_signers::AllowedSigners;
use super::key::KeyInfo;
use super::key_file::{KeyFileError, KeyFileSigner};
use super::sshsig::{MessageHash, SshSig, signed_data};
use super::verify_sig::{self, BadSignature};
use crate::secrets::Secret;

/// How long a person is given to touch a hardware key or to confirm.
pub const TOUCH_LIMIT: Duration = Duration::from_secs(60);

/// The largest `.pub` file that is read.
const MAX_PUBLIC_FILE: u64 = 64 * 1024;

/// Signs messages. Blocking: call it from `spawn_blocking`.
pub trait Signer: Send + Sync {
    /// The key that it signs with.
    fn key(&self) -> &KeyInfo;
    /// How it signs, for the signed document: `ssh-agent`, `key-file`.
    fn method(&self) -> &'static str;
    /// Signs a message for a namespace. The signature was checked before it is returned.
    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError>;
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The agent did not do it.
    #[error("{0}")]
    Agent(#[from] AgentError),
    /// The key file cannot be used.
    #[error("The key file {path} cannot be used: {error}.")]
    KeyFile {
        /// The file.
        path: String,
        /// Why.
        error: KeyFileError,
    },
    /// The setting names neither a fingerprint nor a readable `.pub` file.
    #[error("The key {setting:?} is neither a fingerprint (SHA256:...) nor a readable .pub file: {why}.")]
    Setting {
        /// The setting, safe to display.
        setting: String,
        /// What was wrong.
        why: String,
    },
    /// The agent has no key that may sign.
    #[error("The ssh-agent at {socket} has no key that allowed_signers names. It has: {}.", list(.has))]
    NoCandidate {
        /// The socket.
        socket: String,
        /// What it has.
        has: Vec<String>,
    },
    /// The agent has several.
    #[error("The ssh-agent has several keys that may sign: {}.", list(.0))]
    Several(Vec<String>),
    /// The key that was named is in the agent, and is not accepted.
    #[error("The key {fingerprint} cannot be used: {why}.")]
    NotAccepted {
        /// The key.
        fingerprint: String,
        /// Why.
        why: String,
    },
    /// The key could not sign.
    #[error("The key {0} could not sign.")]
    Key(String),
    /// What came back is not a good signature.
    #[error("The key {key} gave a signature that is not good: {why}.")]
    Bad {
        /// The key.
        key: String,
        /// Why.
        why: BadSignature,
    },
    /// The statement or its envelope could not be written.
    #[error("The statement cannot be signed: {0}.")]
    Statement(#[from] super::statement::StatementError),
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "no keys".to_owned() } else { items.join("; ") }
}

impl SignError {
    /// What to do, each a full sentence.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Agent(e) => e.hints(),
            Self::KeyFile { path, error } => vec![error.hint(path)],
            Self::Setting { .. } => {
                vec![
                    "Set `agent` under [signer] to what `ssh-add -l` prints, or to the path of a .pub file.".to_owned(),
                ]
            }
            Self::NoCandidate { .. } => vec![
                "Add your key with `ssh-add`, or have it listed in allowed_signers.".to_owned(),
                "Over ssh, connect with `ssh -A`, so that the agent of your workstation is asked.".to_owned(),
            ],
            Self::Several(_) => vec!["Set `agent` under [signer] to the fingerprint of one of them.".to_owned()],
            Self::NotAccepted { .. } | Self::Key(_) => {
                vec!["Use another key, made with `ssh-keygen -t ed25519` or `-t ed25519-sk`.".to_owned()]
            }
            Self::Bad { why: BadSignature::NotTouched(_), .. } => {
                vec!["Make the key again without `-O no-touch-required`: every signature needs a touch.".to_owned()]
            }
            Self::Bad { .. } => {
                vec![
                    "The agent or the hardware key is faulty, or it lies: check it with `ssh-keygen -Y sign`."
                        .to_owned(),
                ]
            }
            Self::Statement(e) => e.hints(),
        }
    }
}

/// A signature is given out only if everyone else will accept it too.
pub(super) fn checked(sig: SshSig, key: &KeyInfo, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
    match verify_sig::verify(&sig, key, namespace, message) {
        Ok(_) => Ok(sig),
        Err(why) => Err(SignError::Bad { key: key.to_string(), why }),
    }
}

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
}

impl AgentSigner {
    /// Chooses the key. `limit` is how long one signature may take, see [`TOUCH_LIMIT`]. Blocking.
    ///
    /// `allowed` narrows [`KeyChoice::Only`]; a key that was named by hand is taken whether it is listed or not.
    pub fn choose(
        agent: Agent,
        choice: &KeyChoice,
        allowed: Option<&AllowedSigners>,
        limit: Duration,
    ) -> Result<Self, SignError> {
        let has = agent.identities()?;
        let wanted = match choice {
            KeyChoice::Fingerprint(fingerprint) => fingerprint.clone(),
            KeyChoice::PublicFile(path) => fingerprint_in(path)?,
            KeyChoice::Only => return only(&agent, &has, allowed).map(|key| Self { agent, key, limit }),
        };
        let found = has.into_iter().find(|i| super::key::fingerprint_of(&i.blob) == wanted);
        match found.map(|i| i.key) {
            Some(Ok(key)) => Ok(Self { agent, key, limit }),
            Some(Err(why)) => Err(SignError::NotAccepted { fingerprint: wanted, why: why.to_string() }),
            None => Err(AgentError::NoSuchKey { socket: agent.location(), fingerprint: wanted }.into()),
        }
    }
}

fn fingerprint_in(path: &std::path::Path) -> Result<String, SignError> {
    let bad = |why: String| SignError::Setting {
        setting: crate::text::line(&path.to_string_lossy()).into_owned(),
        why: crate::text::line(&why).into_owned(),
    };
    let bytes = super::file::read(path, MAX_PUBLIC_FILE).map_err(|e| bad(e.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    KeyInfo::from_line(text.lines().next().unwrap_or_default())
        .map(|key| key.fingerprint)
        .map_err(|e| bad(e.to_string()))
}

fn only(agent: &Agent, has: &[Identity], allowed: Option<&AllowedSigners>) -> Result<KeyInfo, SignError> {
    let mut candidates: Vec<&KeyInfo> = Vec::new();
    for key in has.iter().filter_map(|i| i.key.as_ref().ok()) {
        // The same key may be there twice, from a file and from a token.
        if allowed.is_none_or(|allowed| allowed.names(&key.blob)) && candidates.iter().all(|c| c.blob != key.blob) {
            candidates.push(key);
        }
    }
    match candidates.as_slice() {
        [key] => Ok((*key).clone()),
        [] => Err(SignError::NoCandidate { socket: agent.location(), has: has.iter().map(describe).collect() }),
        several => Err(SignError::Several(several.iter().map(ToString::to_string).collect())),
    }
}

fn describe(identity: &Identity) -> String {
    match &identity.key {
        Ok(key) => key.to_string(),
        Err(why) => format!("{} (not usable: {why})", super::key::fingerprint_of(&identity.blob)),
    }
}

impl Signer for AgentSigner {
    fn key(&self) -> &KeyInfo {
        &self.key
    }

    fn method(&self) -> &'static str {
        "ssh-agent"
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        let signature = self.agent.sign(&self.key, &signed_data(namespace, message), self.limit)?;
        let sig = SshSig {
            public_key: self.key.blob.clone(),
            namespace: namespace.to_owned(),
            hash: MessageHash::Sha512,
            signature,
        };
        checked(sig, &self.key, namespace, message)
    }
}

/// Signs with a fixed Ed25519 key. For tests only: the key is as secret as its seed.
#[derive(Debug)]
pub struct TestSigner {
    inner: KeyFileSigner,
}

impl TestSigner {
    /// From a seed; the same seed gives the same key and the same signatures. `None` never happens for Ed25519.
    pub fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let private = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "test key").ok()?;
        KeyFileSigner::from_private(private).ok().map(|inner| Self { inner })
    }

    /// The private key as a file of OpenSSH, not encrypted.
    pub fn key_file(seed: [u8; 32]) -> Option<Secret> {
        let private = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "test key").ok()?;
        private.to_openssh(ssh_key::LineEnding::LF).ok().map(|text| Secret::new(text.as_str()))
    }

    /// The line of allowed_signers that lists its key as `principal`, for both namespaces.
    pub fn allowed_line(&self, principal: &str) -> String {
        let (decision, triage) = (super::DECISION_NAMESPACE, super::TRIAGE_NAMESPACE);
        format!("{principal} namespaces=\"{decision},{triage}\" {}\n", self.key().to_line())
    }
}

impl Signer for TestSigner {
    fn key(&self) -> &KeyInfo {
        self.inner.key()
    }

    fn method(&self) -> &'static str {
        "test"
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        self.inner.sign(namespace, message)
    }
}
