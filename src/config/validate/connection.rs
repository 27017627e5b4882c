//! One connection.

use url::{Host, Url};

use super::Sink;
use crate::config::schema::{ConnectionConfig, ConnectionKind, SecretConfig};

pub(super) fn check(name: &str, connection: &ConnectionConfig, sink: &mut Sink<'_>) {
    let key = format!("connections.{name}");
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        sink.at(&key, "The name of a connection has letters, digits, -, _ and . only: it stands in the ids of gates.");
    } else if name == "path" {
        sink.at(&key, "A connection cannot be called \"path\": that is what findings of a folder are called.");
    }
    address(&format!("{key}.url"), &connection.url, connection.token.is_some(), sink);
    if connection.tls.cert.is_some() != connection.tls.key.is_some() {
        sink.at(&format!("{key}.tls"), "tls.cert and tls.key go together: give both, or neither.");
    }
    if connection.flavour.is_some() && connection.kind != ConnectionKind::Jira {
        sink.at(&format!("{key}.flavour"), "flavour is for connections of kind \"jira\" only.");
    }
    if connection.user.is_some()
        && matches!(connection.kind, ConnectionKind::DependencyTrack | ConnectionKind::Defectdojo)
    {
        let message = format!("A connection of kind \"{}\" has a token and no user.", connection.kind.word());
        sink.at(&format!("{key}.user"), message);
    }
    if connection.token.as_ref().is_some_and(is_nowhere) {
        sink.at(&format!("{key}.token"), "token names an empty place.");
    }
}

/// Whether a secret is said to be in a place without a name.
pub(super) fn is_nowhere(secret: &SecretConfig) -> bool {
    match secret {
        SecretConfig::Keyring(name) | SecretConfig::Env(name) => name.is_empty(),
        SecretConfig::File(path) => path.as_os_str().is_empty(),
        SecretConfig::Command(argv) => argv.first().is_none_or(String::is_empty),
    }
}

/// The address at a key. Messages do not repeat it: it may have a password in it.
pub(super) fn address(key: &str, address: &str, secret: bool, sink: &mut Sink<'_>) {
    let url = match Url::parse(address) {
        Ok(url) => url,
        Err(e) => return sink.at(key, format!("This is not an address ({e}). Write it as https://host/path.")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return sink.at(key, "The address must begin with https://, or http:// on this machine.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return sink
            .at(key, "Credentials do not stand in the address: use user and token. If they were real, replace them.");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return sink.at(key, "The address has no query and no fragment: end it before ? and #.");
    }
    if url.scheme() == "http" && secret && !is_loopback(&url) {
        sink.at(key, "A token is never sent unencrypted to another machine: use https://.");
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
