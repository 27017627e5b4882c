//! Who signs, and time stamps.

use super::Sink;
use super::connection::{address, is_nowhere};
use crate::config::schema::{SignerConfig, TrustConfig};

pub(super) fn check(signer: &SignerConfig, sink: &mut Sink<'_>) {
    let given = [
        ("signer.agent", signer.agent.is_some()),
        ("signer.key", signer.key.is_some()),
        ("signer.vault", signer.vault.is_some()),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
    if let [first, second, ..] = given.as_slice() {
        sink.at(second, format!("{first} and {second} exclude one another: keep one of them."));
    }
    if let Some(agent) = &signer.agent
        && !agent.starts_with("SHA256:")
        && std::path::Path::new(agent).extension().is_none_or(|e| e != "pub")
    {
        let message = "signer.agent is a key's fingerprint (SHA256:.., as `ssh-add -l` shows it) or the path of its .pub \
                       file.";
        sink.at("signer.agent", message);
    }
    vault(signer, sink);
}

fn vault(signer: &SignerConfig, sink: &mut Sink<'_>) {
    let Some(key) = &signer.vault else {
        let loose =
            [("signer.vault_url", signer.vault_url.is_some()), ("signer.vault_token", signer.vault_token.is_some())];
        for (name, _) in loose.into_iter().filter(|(_, is)| *is) {
            sink.at(name, format!("{name} is for a key in Vault: name it, signer.vault = \"transit/keys/release\"."));
        }
        return;
    };
    if crate::remote::vault::split_key(key).is_none() {
        let message =
            "signer.vault is the path of a key in a transit engine, MOUNT/keys/NAME: \"transit/keys/release\".";
        sink.at("signer.vault", message);
    }
    match &signer.vault_url {
        Some(url) => address("signer.vault_url", url, true, sink),
        None => sink
            .at("signer.vault", "A key in Vault needs signer.vault_url, such as \"https://vault.example.com:8200\"."),
    }
    match &signer.vault_token {
        Some(token) if is_nowhere(token) => sink.at("signer.vault_token", "vault_token names an empty place."),
        Some(_) => {}
        None => sink.at("signer.vault", "A key in Vault needs signer.vault_token, such as { env = \"VAULT_TOKEN\" }."),
    }
    if signer.vault_tls.cert.is_some() != signer.vault_tls.key.is_some() {
        sink.at("signer.vault_tls", "vault_tls.cert and vault_tls.key go together: give both, or neither.");
    }
}

pub(super) fn stamps(trust: &TrustConfig, sink: &mut Sink<'_>) {
    let Some(url) = &trust.timestamp_url else { return };
    address("trust.timestamp_url", url, false, sink);
    if trust.timestamp_authorities.is_none() {
        let message = "Time stamps that nobody can check are not fetched: set trust.timestamp_authorities too.";
        sink.at("trust.timestamp_url", message);
    }
}
