//! From the configuration to a signer: a key in an agent, in a file or in Vault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Desk, Passphrase, sign};
use crate::config::schema::{ProfileConfig, SignerConfig};
use crate::error::{AppError, ErrorKind};
use crate::remote::vault::{Settings, VaultSigner};
use crate::trust::agent::Agent;
use crate::trust::key_file::KeyFileSigner;
use crate::trust::raw::Profile;
use crate::trust::signer::{AgentSigner, KeyChoice, Signer, TOUCH_LIMIT};
use crate::trust::verify::TrustRoot;

fn profile(config: &SignerConfig) -> Option<Profile> {
    config.profile.map(|profile| match profile {
        ProfileConfig::Sshsig => Profile::SshSig,
        ProfileConfig::Raw => Profile::Raw,
    })
}

/// The signer in Vault, if that is where the key is. Asks Vault for the public half.
pub(super) async fn from_vault(desk: &Desk) -> Result<Option<Arc<dyn Signer>>, AppError> {
    let config = &desk.config.signer;
    let Some(key) = &config.vault else { return Ok(None) };
    let missing = |what: &str| AppError::usage(format!("A key in Vault needs {what} under [signer]."));
    let token = desk.secrets.resolve(config.vault_token.as_ref().ok_or_else(|| missing("vault_token"))?).await?;
    let (trust, tls) = (desk.config.trust.clone(), config.vault_tls.clone());
    let read = tokio::task::spawn_blocking(move || -> Result<_, AppError> {
        let tls = super::connect::tls(&tls).map_err(|reason| AppError::usage(reason.text.line()))?;
        Ok((sign::trust_root(&trust)?, tls))
    });
    let (root, tls) = read.await.map_err(|e| AppError::internal(format!("Reading files failed: {e}.")))??;
    let settings = Settings {
        url: config.vault_url.clone().ok_or_else(|| missing("vault_url"))?,
        key: key.clone(),
        token: token.secret,
        tls,
        profile: profile(config).unwrap_or(Profile::Raw),
        clock: desk.clock.clone(),
    };
    Ok(Some(Arc::new(VaultSigner::open(settings, &root.allowed_signers).await?)))
}

/// The signer in an agent or a key file. Blocking.
pub(super) fn on_this_machine(
    config: &SignerConfig,
    agent: Option<PathBuf>,
    trust: &TrustRoot,
    passphrase: &Passphrase,
) -> Result<Arc<dyn Signer>, AppError> {
    let profile = profile(config);
    if let Some(path) = &config.key {
        let mut signer = KeyFileSigner::open(path, Arc::clone(passphrase))?;
        // As ssh does: a certificate lies beside its key. It is used where the key itself is not listed.
        let certificate = beside(path);
        if !trust.allowed_signers.names(&signer.key().blob) && certificate.exists() {
            signer = signer.with_certificate(&certificate)?;
        }
        return Ok(match profile {
            Some(profile) => Arc::new(signer.with_profile(profile)?),
            None => Arc::new(signer),
        });
    }
    let socket = agent.ok_or_else(|| {
        AppError::new(ErrorKind::Signing, "There is no ssh-agent: SSH_AUTH_SOCK is not set.")
            .hint("Log in with `ssh -A`, start an agent, or set [signer] key to a key file.")
    })?;
    let choice = KeyChoice::from_setting(config.agent.as_deref());
    let signer = AgentSigner::choose(Agent::new(socket), &choice, Some(&trust.allowed_signers), TOUCH_LIMIT)?;
    Ok(if profile == Some(Profile::Raw) { Arc::new(signer.raw()?) } else { Arc::new(signer) })
}

/// `id_release-cert.pub` for `id_release`.
fn beside(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push("-cert.pub");
    PathBuf::from(name)
}
