//! Who signs: a key in an agent, a key in a file, a key service, or a fixed key for tests.

mod from_agent;

use std::time::Duration;

use ssh_key::PrivateKey;
use ssh_key::private::Ed25519Keypair;

pub use self::from_agent::{AgentSigner, KeyChoice};
use super::agent::AgentError;
use super::key::KeyInfo;
use super::key_file::{KeyFileError, KeyFileSigner};
use super::raw::{self, Profile};
use super::sshsig::SshSig;
use super::verify_sig::{self, BadSignature};
use crate::secrets::Secret;

/// How long a person is given to touch a hardware key or to confirm.
pub const TOUCH_LIMIT: Duration = Duration::from_secs(60);

/// The largest message that is sent to an agent as it is: OpenSSH's takes 256 KiB, with what is around it.
const MAX_RAW: usize = 250 * 1024;

/// Signs messages. Blocking: call it from `spawn_blocking`.
pub trait Signer: Send + Sync {
    /// The key that it signs with; with its certificate, where it counts by one.
    fn key(&self) -> &KeyInfo;
    /// How it signs, for the signed document: `ssh-agent`, `key-file`, `vault`.
    fn method(&self) -> &'static str;
    /// Which kind of signature its envelopes get.
    fn profile(&self) -> Profile {
        Profile::SshSig
    }
    /// Signs a message for a namespace. The signature was checked before it is returned.
    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError>;
    /// Signs a message as it is. The signature was checked before it is returned.
    fn sign_raw(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::NoRaw(self.key().to_string()))
    }
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
    /// The key cannot give bare signatures.
    #[error("The key {0} cannot sign in the profile \"raw\".")]
    NoRaw(String),
    /// The agent takes no message of this size.
    #[error("The statement has {0} bytes, and an agent signs at most {MAX_RAW} in the profile \"raw\".")]
    LargeRaw(usize),
    /// The key service did not do it.
    #[error("{what}")]
    Service {
        /// What went wrong, a full sentence.
        what: String,
        /// What to do, each a full sentence.
        hints: Vec<String>,
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
                "A locked agent shows no keys: `ssh-add -X` unlocks it.".to_owned(),
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
            Self::NoRaw(_) => {
                vec![
                    "Use an ed25519 or P-256 key without a certificate, or leave `profile` under [signer] out."
                        .to_owned(),
                ]
            }
            Self::LargeRaw(_) => {
                vec![
                    "Leave `profile` under [signer] out: an OpenSSH signature is over a hash, whatever the size."
                        .to_owned(),
                ]
            }
            Self::Service { hints, .. } => hints.clone(),
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

/// As [`checked`], for a bare signature.
pub(super) fn checked_raw(signature: Vec<u8>, key: &KeyInfo, message: &[u8]) -> Result<Vec<u8>, SignError> {
    match raw::verify(key, message, &signature) {
        Ok(()) => Ok(signature),
        Err(why) => Err(SignError::Bad { key: key.to_string(), why }),
    }
}

/// Signs with a fixed Ed25519 key. For tests only: the key is as secret as its seed.
#[derive(Debug)]
pub struct TestSigner {
    inner: KeyFileSigner,
    profile: Profile,
}

impl TestSigner {
    /// From a seed; the same seed gives the same key and the same signatures. `None` never happens for Ed25519.
    pub fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let private = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "test key").ok()?;
        KeyFileSigner::from_private(private).ok().map(|inner| Self { inner, profile: Profile::SshSig })
    }

    /// The same key, with bare signatures.
    pub fn raw(self) -> Self {
        Self { profile: Profile::Raw, ..self }
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

    fn profile(&self) -> Profile {
        self.profile
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        self.inner.sign(namespace, message)
    }

    fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.inner.sign_raw(message)
    }
}
