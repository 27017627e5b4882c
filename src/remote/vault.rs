//! Signs with a key of Vault's (or OpenBao's) transit engine: the private half never leaves it.
//!
//! Which version of the key is used is decided once, before anything is signed: the newest one that allowed_signers
//! lists. Every request names it, and every signature is checked with its public half before it is given out. The token
//! goes to Vault's own address only: nothing here follows a redirect.

mod wire;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::runtime::Handle;

use self::wire::{KeyAnswer, SignAnswer};
use crate::clock::SharedClock;
use crate::http::{Auth, Fault, FaultKind, Http, Limits, Tls, Write};
use crate::secrets::Secret;
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::key::KeyInfo;
use crate::trust::raw::{self, Profile};
use crate::trust::signer::{SignError, Signer};
use crate::trust::sshsig::{MessageHash, SshSig, signed_data};

/// The largest answer that is read: a key with all its versions.
const MAX_ANSWER: u64 = 4 << 20;

/// Where the key is, and how it is reached.
pub struct Settings {
    /// Vault's address.
    pub url: String,
    /// The key's path: `transit/keys/release`.
    pub key: String,
    /// The token.
    pub token: Secret,
    /// TLS material.
    pub tls: Tls,
    /// How signatures are made.
    pub profile: Profile,
    /// The clock.
    pub clock: SharedClock,
}

/// A key in Vault, in one version.
pub struct VaultSigner {
    http: Http,
    /// The mount's path, and the key's name.
    place: (String, String),
    version: u64,
    key: KeyInfo,
    profile: Profile,
    runtime: Handle,
}

impl std::fmt::Debug for VaultSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultSigner[{}]", self.key)
    }
}

/// The mount and the name in a key's path, if it is one: `MOUNT/keys/NAME`.
pub fn split_key(path: &str) -> Option<(&str, &str)> {
    let (mount, name) = path.split_once("/keys/")?;
    let plain = |text: &str| {
        let parts = || text.split('/');
        parts().all(|part| !part.is_empty() && part != "." && part != "..")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    (plain(mount) && plain(name) && !name.contains('/')).then_some((mount, name))
}

impl VaultSigner {
    /// Reads the key's public halves, and takes the newest version that is listed in `allowed`.
    pub async fn open(settings: Settings, allowed: &AllowedSigners) -> Result<Self, SignError> {
        let Some((mount, name)) = split_key(&settings.key) else {
            return Err(service(
                format!("{:?} is not the path of a key in Vault.", crate::text::line(&settings.key)),
                &["Write it as MOUNT/keys/NAME: vault = \"transit/keys/release\" under [signer]."],
            ));
        };
        let place = (mount.to_owned(), name.to_owned());
        let limits = Limits { bytes: MAX_ANSWER, total: Duration::from_secs(15), ..Limits::default() };
        let http = Http::new(&settings.url, Auth::None, &settings.tls, limits, settings.clock)
            .map_err(|fault| refused(&fault, &place))?
            .with_header("x-vault-token", settings.token);
        let read = Write {
            method: "GET",
            path: format!("v1/{}/keys/{}", place.0, place.1),
            media_type: "application/json",
            body: Vec::new(),
        };
        // As a write, so that no redirect is followed, not even to the same address.
        let answer = http.send(&read).await.map_err(|fault| refused(&fault, &place))?;
        let found: KeyAnswer = answer.json().map_err(|fault| refused(&fault, &place))?;
        let (version, key) = choose(&found, &place, allowed)?;
        Ok(Self { http, place, version, key, profile: settings.profile, runtime: Handle::current() })
    }

    async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |fault: Fault| refused(&fault, &self.place);
        let body = json!({
            "input": STANDARD.encode(message),
            "key_version": self.version,
            "hash_algorithm": "sha2-256",
            "marshaling_algorithm": "asn1",
            "prehashed": false,
        });
        let write = Write {
            method: "POST",
            path: format!("v1/{}/sign/{}", self.place.0, self.place.1),
            media_type: "application/json",
            body: body.to_string().into_bytes(),
        };
        let answer = self.http.send(&write).await.map_err(refused)?;
        let answer: SignAnswer = answer.json().map_err(refused)?;
        answer.signature(self.version).ok_or_else(|| {
            service(
                format!("Vault's answer has no signature by version {} of the key.", self.version),
                &["Check what answers at `vault_url`: it is not a transit engine as Vault and OpenBao have it."],
            )
        })
    }
}

/// The newest version that is listed.
fn choose(found: &KeyAnswer, place: &(String, String), allowed: &AllowedSigners) -> Result<(u64, KeyInfo), SignError> {
    let path = format!("{}/keys/{}", place.0, place.1);
    let versions = found.versions().ok_or_else(|| {
        service(
            format!("The key {path} is of the kind {:?}, which is not accepted.", crate::text::line(found.kind())),
            &["Make one with `vault write -f MOUNT/keys/NAME type=ed25519` or type=ecdsa-p256."],
        )
    })?;
    let newest = versions.last().map(|(_, key)| key.to_line());
    let listed = versions.into_iter().rev().find(|(_, key)| allowed.names(&key.blob));
    let (version, key) = listed.ok_or_else(|| SignError::Service {
        what: format!("No version of the key {path} is listed in {}.", allowed.file),
        hints: vec![format!(
            "Have the keeper of the file add: PRINCIPAL namespaces=\"{},{}\" {}",
            crate::trust::DECISION_NAMESPACE,
            crate::trust::TRIAGE_NAMESPACE,
            newest.unwrap_or_else(|| "KEY".to_owned())
        )],
    })?;
    Ok((version, key.with_comment(format!("vault {path} v{version}"))))
}

fn service(what: String, hints: &[&str]) -> SignError {
    SignError::Service { what, hints: hints.iter().map(|h| (*h).to_owned()).collect() }
}

/// Vault's refusals look alike; each cause is named.
fn refused(fault: &Fault, (mount, name): &(String, String)) -> SignError {
    let hints: Vec<String> = match fault.kind {
        FaultKind::Forbidden | FaultKind::Unauthorized => vec![
            "The token of `vault_token` has expired or was revoked: log in to Vault again.".to_owned(),
            format!("Its policy lacks read on {mount}/keys/{name}, or update on {mount}/sign/{name}."),
            "It belongs to another namespace of Vault, or may not be used from this address.".to_owned(),
        ],
        FaultKind::NotFound => vec![
            format!("There is no key {name}, or nothing is mounted at {mount}: check `vault` under [signer]."),
            "Vault lies below another path: check `vault_url`.".to_owned(),
        ],
        FaultKind::Redirected => vec![
            "Vault stands by and points to its active node: name that, or the load balancer, in `vault_url`. The token \
             is never sent on."
                .to_owned(),
        ],
        FaultKind::Server(503) => vec!["Vault is sealed or not initialised: have it unsealed.".to_owned()],
        FaultKind::Refused(_) => vec![
            "The key does not allow signing, or its version is below min_encryption_version or archived.".to_owned(),
        ],
        _ => vec!["Check `vault_url` and `vault_tls` under [signer].".to_owned()],
    };
    SignError::Service { what: format!("Vault did not sign: {fault}"), hints }
}

impl Signer for VaultSigner {
    fn key(&self) -> &KeyInfo {
        &self.key
    }

    fn method(&self) -> &'static str {
        "vault"
    }

    fn profile(&self) -> Profile {
        self.profile
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<SshSig, SignError> {
        let signature = self.sign_raw(&signed_data(namespace, message))?;
        let bad = |why| SignError::Bad { key: self.key.to_string(), why };
        let sig = SshSig {
            public_key: self.key.blob.clone(),
            namespace: namespace.to_owned(),
            hash: MessageHash::Sha512,
            signature: raw::to_ssh(&self.key, &signature).map_err(bad)?,
        };
        crate::trust::verify_sig::verify(&sig, &self.key, namespace, message).map_err(bad)?;
        Ok(sig)
    }

    fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.runtime.block_on(self.ask(message))?;
        match raw::verify(&self.key, message, &signature) {
            Ok(()) => Ok(signature),
            Err(why) => Err(SignError::Bad { key: self.key.to_string(), why }),
        }
    }
}

#[cfg(test)]
mod tests;
