//! The machine's keyring: the Secret Service, or macOS's keychain.

use ::keyring::{Entry, Error};

use super::{Secret, SecretError};

/// Under which service the entries stand.
const SERVICE: &str = "countersign";

/// A keyring. Blocking, and it may hang: [`super::Resolver`] calls it on a thread of its own, with a time limit.
pub trait Keyring: Send + Sync {
    /// Reads an entry; `None` if there is none.
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError>;
    /// Writes an entry.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError>;
    /// Removes an entry; whether there was one.
    fn remove(&self, name: &str) -> Result<bool, SecretError>;
}

/// The keyring of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeyring;

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        match entry(name)?.get_password() {
            Ok(secret) => super::fit(secret.into_bytes(), &format!("The keyring's entry {}", shown(name))).map(Some),
            Err(Error::NoEntry) => Ok(None),
            Err(e) => Err(explain(name, e)),
        }
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        entry(name)?.set_password(secret.expose()).map_err(|e| explain(name, e))
    }

    fn remove(&self, name: &str) -> Result<bool, SecretError> {
        match entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(e) => Err(explain(name, e)),
        }
    }
}

fn entry(name: &str) -> Result<Entry, SecretError> {
    Entry::new(SERVICE, name).map_err(|e| explain(name, e))
}

fn shown(name: &str) -> String {
    format!("{:?}", crate::text::line(name))
}

/// What to do instead where there is no keyring.
pub(super) const INSTEAD: &str =
    "Without one, give the token as { env = \"..\" }, { file = \"..\" } or { command = [..] }.";

/// A sentence for an error. Errors that carry what was read are never shown as they are.
fn explain(name: &str, error: Error) -> SecretError {
    let shown = shown(name);
    match error {
        Error::NoDefaultStore => {
            let cause = match Entry::store_status() {
                Err(e) => format!(" ({})", crate::text::line(&e.to_string())),
                Ok(()) => String::new(),
            };
            SecretError::Unusable(format!("There is no keyring in this session{cause}. {INSTEAD}"))
        }
        Error::NoStorageAccess(cause) => SecretError::Unusable(format!(
            "The keyring is locked or refuses access ({}). Unlock it and try again. {INSTEAD}",
            crate::text::line(&cause.to_string())
        )),
        Error::PlatformFailure(cause) => SecretError::Unusable(format!(
            "The keyring failed ({}). Is it running and unlocked? {INSTEAD}",
            crate::text::line(&cause.to_string())
        )),
        Error::NoEntry => SecretError::NotThere(format!("The keyring has no entry {shown}.")),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => SecretError::Unfit(format!(
            "The keyring's entry {shown} is not text. Store it again with `countersign login`."
        )),
        Error::Ambiguous(entries) => {
            SecretError::Unfit(format!("The keyring has {} entries {shown}. Remove all but one.", entries.len()))
        }
        Error::TooLong(..) | Error::Invalid(..) => SecretError::Unfit(format!(
            "The keyring does not take an entry {shown}: its name or secret is not allowed there."
        )),
        _ => SecretError::Unusable(format!("The keyring cannot be used for the entry {shown}. {INSTEAD}")),
    }
}
