//! A private key file, of OpenSSH or in PKCS#8, encrypted or not.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::Signer as _;
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use super::file::{self, Unreadable};
use super::key::KeyInfo;
use super::openssh_key;
use super::pkcs8::{self, BadPkcs8, Pkcs8};
use super::raw::{self, Profile};
use super::signer::{SignError, Signer, checked, checked_raw};
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

/// Signs with a key from a file. An encrypted one of OpenSSH is opened when it signs first: who would sign shows from the
/// public half. In PKCS#8 that half is encrypted too, so the passphrase is asked for at once. The key is in memory for as
/// long as this lives, and wiped after.
pub struct KeyFileSigner {
    key: KeyInfo,
    path: String,
    /// As the file has it, or opened. Locked while the passphrase is asked for, so that it is asked for once.
    private: Mutex<PrivateKey>,
    passphrase: Passphrase,
    profile: Profile,
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
    #[error("it is a private key in the format {0}, and the format of OpenSSH or PKCS#8 is needed")]
    Format(&'static str),
    /// It is no private key, or damaged.
    #[error("it is not a private key of OpenSSH or in PKCS#8, or it is damaged")]
    NotAKey,
    /// In PKCS#8, and of another kind.
    #[error("it is a PKCS#8 key of another kind than ed25519 and P-256")]
    Kind,
    /// In PKCS#8, and encrypted in another way.
    #[error("it is encrypted in a way that is not known here (PBES2 with PBKDF2 and AES-CBC is)")]
    Scheme,
    /// The certificate beside it cannot be used.
    #[error("the certificate in {file} cannot be used: {why}")]
    Certificate {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
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
            Self::Kind => "Make one with `openssl genpkey -algorithm ed25519 -out NEWFILE`.".to_owned(),
            Self::Scheme => {
                format!("Encrypt it anew: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} -out NEWFILE`.")
            }
            Self::Certificate { .. } => {
                format!("Get a certificate for this key from your authority, or remove the file {path}-cert.pub.")
            }
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
    /// Reads a key file. `passphrase` is asked when an encrypted one signs first, or at once if it is in PKCS#8.
    ///
    /// As ssh does, a file of one's own that others may read is refused. A key of OpenSSH signs in OpenSSH's format, one
    /// in PKCS#8 gives bare signatures, unless [`Self::with_profile`] says otherwise.
    pub fn open(path: &Path, passphrase: Passphrase) -> Result<Self, SignError> {
        let name = crate::text::line(&path.to_string_lossy()).into_owned();
        match load(path, &name, &passphrase) {
            Ok((key, private, profile)) => {
                Ok(Self { key, path: name, private: Mutex::new(private), passphrase, profile })
            }
            Err(error) => Err(SignError::KeyFile { path: name, error }),
        }
    }

    /// The same key, with signatures of this kind; bare ones only some kinds of key can give.
    pub fn with_profile(self, profile: Profile) -> Result<Self, SignError> {
        if profile == Profile::Raw && !raw::can_sign(&self.key) {
            return Err(SignError::NoRaw(self.key.to_string()));
        }
        Ok(Self { profile, ..self })
    }

    /// The same key, with the certificate that stands in a file.
    pub fn with_certificate(mut self, file: &Path) -> Result<Self, SignError> {
        let bad = |why: String| SignError::KeyFile {
            path: self.path.clone(),
            error: KeyFileError::Certificate {
                file: crate::text::line(&file.to_string_lossy()).into_owned(),
                why: crate::text::line(&why).into_owned(),
            },
        };
        let bytes = file::read(file, MAX_BYTES).map_err(|e| bad(e.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let found = KeyInfo::from_line(text.lines().next().unwrap_or_default()).map_err(|e| bad(e.to_string()))?;
        if found.blob != self.key.blob {
            return Err(bad("it is for another key".to_owned()));
        }
        self.key.certificate = Some(found.certificate.ok_or_else(|| bad("it is a plain key".to_owned()))?);
        Ok(self)
    }

    pub(super) fn from_private(private: PrivateKey) -> Result<Self, KeyFileError> {
        let blob = private.public_key().to_bytes().map_err(|_e| KeyFileError::NotAKey)?;
        let key = KeyInfo::from_blob(&blob, private.comment().as_str_lossy())?;
        let (private, passphrase): (_, Passphrase) = (Mutex::new(private), Arc::new(|_| None));
        Ok(Self { key, path: String::new(), private, passphrase, profile: Profile::SshSig })
    }

    /// Signs the very bytes; gives the signature in SSH's binary form.
    fn sign_blob(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        let failed = || SignError::Key(self.key.to_string());
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        if private.is_encrypted() {
            *private =
                self.unlocked(&private).map_err(|error| SignError::KeyFile { path: self.path.clone(), error })?;
        }
        let signature = private.key_data().try_sign(bytes).map_err(|_e| failed())?;
        Vec::try_from(signature).map_err(|_e| failed())
    }

    fn unlocked(&self, locked: &PrivateKey) -> Result<PrivateKey, KeyFileError> {
        let opened = ask(&self.path, &self.passphrase, |given| Ok(openssh_key::decrypt(locked, given).ok()))?;
        // The public half stands in the file twice, and what was shown is the one that anybody could change.
        let same = opened.public_key().to_bytes().is_ok_and(|blob| blob == self.key.blob);
        if same { Ok(opened) } else { Err(KeyFileError::NotAKey) }
    }
}

/// Asks for the passphrase until `open` gives something.
fn ask<T>(
    path: &str,
    passphrase: &Passphrase,
    open: impl Fn(&[u8]) -> Result<Option<T>, KeyFileError>,
) -> Result<T, KeyFileError> {
    for attempt in 0..ATTEMPTS {
        let again = attempt > 0;
        let Some(given) = passphrase(&Question { key: path, again }) else {
            return Err(if again { KeyFileError::Passphrase } else { KeyFileError::NoPassphrase });
        };
        if let Some(opened) = open(given.expose().as_bytes())? {
            return Ok(opened);
        }
    }
    Err(KeyFileError::Passphrase)
}

fn load(path: &Path, name: &str, passphrase: &Passphrase) -> Result<(KeyInfo, PrivateKey, Profile), KeyFileError> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_e| KeyFileError::NotAKey)?.trim_start();
    let file = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    if let Some(read) = pkcs8::parse(text) {
        let private = match read? {
            Pkcs8::Plain(private) => *private,
            Pkcs8::Encrypted(der) => ask(name, passphrase, |given| match pkcs8::decrypt(&der, given) {
                Ok(private) => Ok(Some(private)),
                Err(BadPkcs8::Passphrase) => Ok(None),
                Err(bad) => Err(bad.into()),
            })?,
        };
        let public = private.public_key().to_bytes().map_err(|_e| KeyFileError::NotAKey)?;
        return Ok((KeyInfo::from_blob(&public, file.as_ref())?, private, Profile::Raw));
    }
    if !text.starts_with(openssh_key::BEGIN) {
        return Err(other_format(text));
    }
    let private = openssh_key::read(text).map_err(|_e| KeyFileError::NotAKey)?;
    // What is acceptable shows from the public half: nobody is asked for a passphrase in vain.
    let public = private.public_key().to_bytes().map_err(|_e| KeyFileError::NotAKey)?;
    // The comment is within what is encrypted.
    let comment = if private.is_encrypted() { &file } else { private.comment().as_str_lossy() };
    let key = KeyInfo::from_blob(&public, comment)?;
    if key.hardware {
        return Err(KeyFileError::Hardware);
    }
    Ok((key, private, Profile::SshSig))
}

impl From<BadPkcs8> for KeyFileError {
    fn from(bad: BadPkcs8) -> Self {
        match bad {
            BadPkcs8::Malformed => Self::NotAKey,
            BadPkcs8::Kind => Self::Kind,
            BadPkcs8::Scheme => Self::Scheme,
            BadPkcs8::Passphrase => Self::Passphrase,
        }
    }
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
    const OTHERS: [(&str, &str); 4] = [
        ("-----BEGIN RSA PRIVATE KEY-----", "PEM (PKCS#1)"),
        ("-----BEGIN EC PRIVATE KEY-----", "PEM (SEC1)"),
        ("-----BEGIN DSA PRIVATE KEY-----", "PEM (DSA)"),
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

    fn profile(&self) -> Profile {
        self.profile
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        let sig = SshSig {
            public_key: self.key.wire().to_vec(),
            namespace: namespace.to_owned(),
            hash: MessageHash::Sha512,
            signature: self.sign_blob(&signed_data(namespace, message))?,
        };
        checked(sig, &self.key, namespace, message)
    }

    fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if !raw::can_sign(&self.key) {
            return Err(SignError::NoRaw(self.key.to_string()));
        }
        let bad = |why| SignError::Bad { key: self.key.to_string(), why };
        checked_raw(raw::from_ssh(&self.sign_blob(message)?).map_err(bad)?, &self.key, message)
    }
}

impl std::fmt::Debug for KeyFileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFileSigner[{}]", self.key)
    }
}
