//! From what the configuration says to the secret.

use std::sync::Arc;
use std::time::Duration;

use super::keyring::{INSTEAD, Keyring, SystemKeyring};
use super::{Secret, SecretError, command, file, fit};
use crate::config::schema::SecretConfig;
use crate::contained;
use crate::domain::time::Timestamp;

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(10);
/// How long reading from the keyring may take.
const READ: Duration = Duration::from_secs(5);
/// How long writing to it may take: a person is there, and may have to unlock it.
const WRITE: Duration = Duration::from_secs(60);

/// A secret, and until when it is good.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The secret.
    pub secret: Secret,
    /// When it expires, where that is known. It is the caller's to compare with the clock.
    pub expires_at: Option<Timestamp>,
}

/// Reads an environment variable.
type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Reads secrets from where they are said to be.
#[derive(Clone)]
pub struct Resolver {
    environment: Environment,
    keyring: Arc<dyn Keyring>,
    hidden: Vec<String>,
    read: Duration,
}

impl Resolver {
    /// A resolver with the machine's keyring, and `environment` to look variables up in.
    pub fn new(environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { environment: Arc::new(environment), keyring: Arc::new(SystemKeyring), hidden: Vec::new(), read: READ }
    }

    /// The same with another keyring.
    #[must_use]
    pub fn with_keyring(mut self, keyring: Arc<dyn Keyring>) -> Self {
        self.keyring = keyring;
        self
    }

    /// The same, with environment variables that commands do not get: those that hold secrets
    /// (`Config::secret_variables`).
    #[must_use]
    pub fn hiding(mut self, variables: Vec<String>) -> Self {
        self.hidden = variables;
        self
    }

    /// Reads a secret from where it is said to be, and from nowhere else. Nothing blocks the runtime; the keyring may
    /// take 5 s, a command 10 s.
    pub async fn resolve(&self, source: &SecretConfig) -> Result<Credential, SecretError> {
        let secret = match source {
            SecretConfig::Command(argv) => return command::run(argv, &self.hidden, COMMAND).await,
            SecretConfig::Env(name) => self.variable(name)?,
            SecretConfig::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || file::read(&path))
                    .await
                    .map_err(|_e| SecretError::Unusable("Reading a secret's file failed.".to_owned()))??
            }
            SecretConfig::Keyring(name) => {
                let wanted = name.clone();
                self.aside(self.read, move |keyring| keyring.get(&wanted)).await?.ok_or_else(|| {
                    SecretError::NotThere(format!(
                        "The keyring has no entry {:?} of the service \"countersign\". Store it with `countersign login`.",
                        crate::text::line(name)
                    ))
                })?
            }
        };
        Ok(Credential { secret, expires_at: None })
    }

    /// Writes a secret to the keyring, for `login`.
    pub async fn store(&self, name: &str, secret: Secret) -> Result<(), SecretError> {
        let name = name.to_owned();
        // What could not be read back is not stored.
        let secret = fit(secret.expose().as_bytes().to_vec(), "The input")?;
        self.aside(WRITE, move |keyring| keyring.set(&name, &secret)).await
    }

    /// Removes a secret from the keyring, for `logout`; whether there was one.
    pub async fn forget(&self, name: &str) -> Result<bool, SecretError> {
        let name = name.to_owned();
        self.aside(WRITE, move |keyring| keyring.remove(&name)).await
    }

    fn variable(&self, name: &str) -> Result<Secret, SecretError> {
        let shown = crate::text::line(name);
        let value = (self.environment)(name).ok_or_else(|| {
            SecretError::NotThere(format!("The environment variable {shown}, which is to hold a secret, is not set."))
        })?;
        fit(value.into_bytes(), &format!("The environment variable {shown}"))
    }

    /// Runs `work` on a thread of its own. Not `spawn_blocking`: a keyring that hangs must not keep the runtime, and with
    /// it the program, from ending.
    async fn aside<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&dyn Keyring) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let (answer, coming) = tokio::sync::oneshot::channel();
        let keyring = self.keyring.clone();
        std::thread::Builder::new()
            .name("keyring".to_owned())
            // If nobody waits for the answer any more, it is dropped, and the secret wiped.
            .spawn(move || contained::call(|| work(keyring.as_ref())).is_ok_and(|result| answer.send(result).is_ok()))
            .map_err(|e| SecretError::Unusable(format!("No thread for the keyring can be started ({e}).")))?;
        match tokio::time::timeout(limit, coming).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(SecretError::Unusable(format!("The keyring failed. {INSTEAD}"))),
            Err(_) => Err(SecretError::Unusable(format!(
                "The keyring did not answer within {} s. It may wait for its password: unlock it and try again. {INSTEAD}",
                limit.as_secs()
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
