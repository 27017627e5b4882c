//! Secrets: a type that cannot be printed, and where they are read from.
//!
//! A connection says where its secret is (`config::schema::SecretConfig`), and [`Resolver`] reads it from there and
//! nowhere else: an error never falls through to another place.

mod command;
mod file;
mod harden;
mod keyring;
mod resolve;

use secrecy::{ExposeSecret as _, SecretString};

pub use harden::harden;
pub use keyring::{Keyring, SystemKeyring};
pub use resolve::{Credential, Resolver};

/// The most bytes of a secret, from whatever place.
const LIMIT: u64 = 64 * 1024;

/// A secret. It has no `Display`, `Serialize` or readable `Debug`, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// The secret, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Why a secret cannot be had: a full sentence with what to do, safe to display, and without the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is nothing at the place that was named.
    #[error("{0}")]
    NotThere(String),
    /// The place cannot be used on this machine or just now.
    #[error("{0}")]
    Unusable(String),
    /// What is there must not be used as it is.
    #[error("{0}")]
    Unfit(String),
}

impl From<SecretError> for crate::error::AppError {
    fn from(error: SecretError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Checks what was read, and wraps it: one line of text, without the line break at its end.
fn fit(bytes: Vec<u8>, place: &str) -> Result<Secret, SecretError> {
    let bytes = zeroize::Zeroizing::new(bytes);
    let unfit = |why: &str| Err(SecretError::Unfit(format!("{place} {why}")));
    if bytes.len() as u64 > LIMIT {
        return unfit("gives more than 64 KiB. A token is shorter: check what is there.");
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return unfit("gives bytes that are not UTF-8 text.");
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.trim().is_empty() {
        return unfit("gives nothing: it is empty.");
    }
    // A line break would end the header that the secret is sent in.
    if text.contains(['\n', '\r']) {
        return unfit("gives several lines. Only the token itself may stand there.");
    }
    if text.chars().any(char::is_control) {
        return unfit("gives control characters. Only the token itself may stand there.");
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_cannot_be_read_from_its_debug_form() {
        assert_eq!(format!("{:?}", Some(Secret::new("s3cret"))), "Some([secret])");
    }

    #[test]
    fn only_one_line_of_text_is_fit() {
        for good in ["tok en", "tok en\n", "tok en\r\n"] {
            assert_eq!(fit(good.as_bytes().to_vec(), "It").unwrap().expose(), "tok en");
        }
        for (bad, says) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"a\nb", "several lines"),
            (b"a\n\n", "several lines"),
            (b"a\x1bb", "control"),
            (b"a\xffb", "UTF-8"),
            (&b"a".repeat(65537), "64 KiB"),
        ] {
            let error = fit(bad.to_vec(), "The file").unwrap_err().to_string();
            assert!(error.contains(says) && error.starts_with("The file gives "), "{error}");
        }
    }
}
