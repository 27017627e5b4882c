//! An OpenSSH private key file, encrypted or not.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::Signer as _;
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use super::file::{self, Unreadable};
use super::key::KeyInfo;
use super::signer::{SignError, Signer, checked};
use super::sshsig::{MessageHash, SshSig, signed_data};
use crate::secrets::Secret;

/// The largest file that is read as a key.
const MAX_BYTES: u64 = 64 * 1024;

/// How often a passphrase is asked for at most: whoever asks gives up before that.
const ATTEMPTS: usize = 20;

/// A question for the passphrase of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The key file, safe to display.
    pub key: &'a str,
    /// Whether the passphrase that was given before did not fit.
    pub again: bool,
}

/// Asks a person for a passphrase; `None`: nobody can be asked, or the person gave up.
pub type Passphrase = Arc<dyn Fn(&Question<'_>) -> Option<Secret> + Send + Sync>;

/// Signs with a key from a file. An encrypted one is opened when it signs first: who would sign shows from the public
/// half. The key is in memory for as long as this lives, and wiped after.
pub struct KeyFileSigner {
    key: KeyInfo,
    path: String,
    /// As the file has it, or opened. Locked while the passphrase is asked for, so that it is asked for once.
    private: Mutex<PrivateKey>,
    passphrase: Passphrase,
}

/// Why a key file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(String),
    /// It is a folder, a pipe or the like.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is too large.
    #[error("it has more than {MAX_BYTES} bytes, and is no key")]
    Large,
    /// Others may read it.
    #[error("others may read it (mode {0:04o})")]
    Permissions(u32),
    /// It is the public half.
    #[error("it is the public half of a key")]
    Public,
    /// It is a private key of another format.
    #[error("it is a private key in the format {0}, and the format of OpenSSH is needed")]
    Format(&'static str),
    /// It is no private key, or damaged.
    #[error("it is not an OpenSSH private key, or it is damaged")]
    NotAKey,
    /// It is encrypted and no passphrase was given.
    #[error("it is encrypted, and no passphrase was given")]
    NoPassphrase,
    /// The passphrase does not fit.
    #[error("the passphrase does not fit, or the file is damaged")]
    Passphrase,
    /// It is only a handle of a hardware key.
    #[error("it is the handle of a hardware key, which only an ssh-agent can use")]
    Hardware,
    /// Its algorithm is not accepted.
    #[error("its key is not accepted: {0}")]
    Key(#[from] super::key::BadKey),
}

impl KeyFileError {
    /// What to do about it, with the file's path.
    pub fn hint(&self, path: &str) -> String {
        match self {
            Self::Read(_) | Self::NotAFile | Self::Large => {
                "Check `key` under [signer] in the configuration.".to_owned()
            }
            Self::Permissions(_) => format!("Run `chmod 600 {path}`; if others have read it, make a new key."),
            Self::Public => "Name the file without .pub.".to_owned(),
            Self::Format("PuTTY") => {
                format!("Convert it with `puttygen {path} -O private-openssh-new -o NEWFILE`.")
            }
            Self::Format(_) => format!("Convert it in place with `ssh-keygen -p -f {path}`, on a copy."),
            Self::NotAKey => format!("Check it with `ssh-keygen -y -f {path}`."),
            Self::NoPassphrase => {
                "Give it when asked on a terminal, or add the key to an ssh-agent with `ssh-add`.".to_owned()
            }
            Self::Passphrase => format!("Try again; `ssh-keygen -y -f {path}` tells whether it fits."),
            Self::Hardware => format!("Add it with `ssh-add {path}` and set `agent` under [signer]."),
            Self::Key(_) => "Make one with `ssh-keygen -t ed25519`.".to_owned(),
        }
    }
}

impl KeyFileSigner {
    /// Reads a key file. `passphrase` is asked when an encrypted one signs first.
    ///
    /// As ssh does, a file of one's own that others may read is refused.
    pub fn open(path: &Path, passphrase: Passphrase) -> Result<Self, SignError> {
        let name = crate::text::line(&path.to_string_lossy()).into_owned();
        match load(path) {
            Ok((key, private)) => Ok(Self { key, path: name, private: Mutex::new(private), passphrase }),
            Err(error) => Err(SignError::KeyFile { path: name, error }),
        }
    }

    pub(super) fn from_private(private: PrivateKey) -> Result<Self, KeyFileError> {
        let blob = private.public_key().to_bytes().map_err(|_e| KeyFileError::NotAKey)?;
        let key = KeyInfo::from_blob(&blob, private.comment().as_str_lossy())?;
        Ok(Self { key, path: String::new(), private: Mutex::new(private), passphrase: Arc::new(|_| None) })
    }

    fn unlocked(&self, locked: &PrivateKey) -> Result<PrivateKey, KeyFileError> {
        for attempt in 0..ATTEMPTS {
            let again = attempt > 0;
            let Some(passphrase) = (self.passphrase)(&Question { key: &self.path, again }) else {
                return Err(if again { KeyFileError::Passphrase } else { KeyFileError::NoPassphrase });
            };
            if let Ok(opened) = locked.decrypt(passphrase.expose().as_bytes()) {
                // The public half stands in the file twice, and what was shown is the one that anybody could change.
                let same = opened.public_key().to_bytes().is_ok_and(|blob| blob == self.key.blob);
                return if same { Ok(opened) } else { Err(KeyFileError::NotAKey) };
            }
        }
        Err(KeyFileError::Passphrase)
    }
}

fn load(path: &Path) -> Result<(KeyInfo, PrivateKey), KeyFileError> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_e| KeyFileError::NotAKey)?.trim_start();
    if !text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Err(other_format(text));
    }
    let private = PrivateKey::from_openssh(text).map_err(|_e| KeyFileError::NotAKey)?;
    // What is acceptable shows from the public half: nobody is asked for a passphrase in vain.
    let public = private.public_key().to_bytes().map_err(|_e| KeyFileError::NotAKey)?;
    let file = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    // The comment is within what is encrypted.
    let comment = if private.is_encrypted() { &file } else { private.comment().as_str_lossy() };
    let key = KeyInfo::from_blob(&public, comment)?;
    if key.hardware {
        return Err(KeyFileError::Hardware);
    }
    Ok((key, private))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let fault = |unreadable: Unreadable| match unreadable {
        Unreadable::System { why, .. } => KeyFileError::Read(why),
        Unreadable::NotAFile => KeyFileError::NotAFile,
        Unreadable::Large(_) => KeyFileError::Large,
    };
    let (file, meta) = file::open(path).map_err(fault)?;
    if meta.uid() == rustix::process::getuid().as_raw() && meta.mode() & 0o077 != 0 {
        return Err(KeyFileError::Permissions(meta.mode() & 0o7777));
    }
    // Room for all of it at once: growing would leave copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default() + 64));
    file::read_into(file, MAX_BYTES, &mut bytes).map_err(fault)?;
    Ok(bytes)
}

fn other_format(text: &str) -> KeyFileError {
    const OTHERS: [(&str, &str); 6] = [
        ("-----BEGIN RSA PRIVATE KEY-----", "PEM (PKCS#1)"),
        ("-----BEGIN EC PRIVATE KEY-----", "PEM (SEC1)"),
        ("-----BEGIN DSA PRIVATE KEY-----", "PEM (DSA)"),
        ("-----BEGIN PRIVATE KEY-----", "PEM (PKCS#8)"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "PEM (PKCS#8, encrypted)"),
        ("PuTTY-User-Key-File-", "PuTTY"),
    ];
    if let Some((_, name)) = OTHERS.iter().find(|(start, _)| text.starts_with(start)) {
        return KeyFileError::Format(name);
    }
    match text.lines().next().and_then(super::key::split_line) {
        Some(_) => KeyFileError::Public,
        None => KeyFileError::NotAKey,
    }
}

impl Signer for KeyFileSigner {
    fn key(&self) -> &KeyInfo {
        &self.key
    }

    fn method(&self) -> &'static str {
        "key-file"
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        let failed = || SignError::Key(self.key.to_string());
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        if private.is_encrypted() {
            *private =
                self.unlocked(&private).map_err(|error| SignError::KeyFile { path: self.path.clone(), error })?;
        }
        let signature = private.key_data().try_sign(&signed_data(namespace, message)).map_err(|_e| failed())?;
        let sig = SshSig {
            public_key: self.key.blob.clone(),
            namespace: namespace.to_owned(),
            hash: MessageHash::Sha512,
            signature: Vec::try_from(signature).map_err(|_e| failed())?,
        };
        checked(sig, &self.key, namespace, message)
    }
}

impl std::fmt::Debug for KeyFileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFileSigner[{}]", self.key)
    }
}
