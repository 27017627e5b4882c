//! What the client needs of reqwest: how it is built, and what its errors mean.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::{ConfigVerifierExt as _, Verifier};
use url::Url;

use super::{Answer, Fault, FaultKind, Limits, Tls};

/// What an error answer says, as far as it is short text or the usual JSON.
pub(super) fn error_text(answer: &Answer) -> String {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
        let found = ["message", "error", "errorMessages", "errors", "msg"].iter().find_map(|k| value.get(*k));
        return match found {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
    }
    if answer.media_type.contains("html") {
        return String::new();
    }
    String::from_utf8_lossy(answer.body.get(..400).unwrap_or(&answer.body)).trim().to_owned()
}

/// What a failed request means. `ambiguous` is set unless it cannot have reached the server.
pub(crate) fn classify(uri: &str, error: &reqwest::Error) -> Fault {
    let mut texts = Vec::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(e) = next {
        texts.push(e.to_string());
        next = e.source();
    }
    let deepest = texts.last().cloned().unwrap_or_default();
    let all = texts.join(": ").to_lowercase();
    // A server that refuses our certificate says so only after the handshake has ended on our side.
    // Only these alerts end a handshake; any other may come after a request was carried out.
    let alert = all.split("received fatal alert: ").nth(1).unwrap_or_default();
    let refused =
        ["certificate", "unsupportedcertificate", "badcertificate", "unknownca", "accessdenied", "handshakefailure"]
            .iter()
            .any(|a| alert.starts_with(a));
    let handshake = ["certificate", "tls", "handshake"].iter().any(|w| all.contains(w));
    let kind = if error.is_timeout() {
        FaultKind::Timeout
    } else if error.is_redirect() {
        FaultKind::Redirected
    } else if refused || (error.is_connect() && handshake) {
        FaultKind::Tls
    } else if error.is_connect() {
        FaultKind::Unreachable
    } else if error.is_builder() {
        FaultKind::Setup
    } else {
        FaultKind::Truncated
    };
    let never_sent = error.is_connect() || error.is_builder() || refused;
    Fault { ambiguous: !never_sent, ..Fault::new(kind, uri, deepest) }
}

/// How many connections to one system are kept for later; each has buffers of its own.
const IDLE: usize = 1;
/// For how long. What comes later is the next refresh, and many servers close sooner.
const IDLE_FOR: Duration = Duration::from_secs(10);

/// A client with our limits.
pub(super) fn new_client(
    tls: &ClientConfig,
    limits: Limits,
    redirect: reqwest::redirect::Policy,
) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .redirect(redirect)
        .pool_max_idle_per_host(IDLE)
        .pool_idle_timeout(IDLE_FOR)
        .tls_backend_preconfigured(tls.clone())
        .build()
}

/// Whether the environment names a proxy for connections without TLS, as reqwest reads it. The way to it may have TLS.
fn has_proxy() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].iter().any(|name| std::env::var_os(name).is_some())
}

/// What a connection trusts, and how it says who it is. The machine's authorities are read and parsed once for all
/// connections that name none of their own: they are a hundred and more files. One without TLS trusts nobody, and
/// waits for none of that: it follows redirects within its own origin only, so it needs them for a proxy at most.
pub(crate) fn tls_config(base: &Url, tls: &Tls) -> Result<ClientConfig, String> {
    static PLAIN: OnceLock<ClientConfig> = OnceLock::new();
    let said = |e: rustls::Error| e.to_string();
    if tls.ca.is_none() && tls.identity.is_none() {
        if base.scheme() == "http" && !has_proxy() {
            return Ok(ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth());
        }
        if let Some(config) = PLAIN.get() {
            return Ok(config.clone());
        }
        let config = ClientConfig::with_platform_verifier().map_err(said)?;
        return Ok(PLAIN.get_or_init(|| config).clone());
    }
    let extra = tls.ca.as_deref().map(|pem| certificates("tls.ca", pem)).transpose()?.unwrap_or_default();
    let builder = ClientConfig::builder();
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(builder.crypto_provider())).map_err(said)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match &tls.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|e| format!("tls.key is not a private key in PEM, without a passphrase: {e}"))?;
            builder.with_client_auth_cert(certificates("tls.cert", chain)?, key).map_err(said)
        }
    }
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{what} has no certificate in PEM")),
        Err(e) => Err(format!("{what} is not a list of certificates in PEM: {e}")),
    }
}

/// Follows up to five redirects within one origin.
pub(super) fn same_origin_only() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let same = attempt.previous().last().is_some_and(|p| p.origin() == attempt.url().origin());
        if !same {
            attempt.stop()
        } else if attempt.previous().len() > 5 {
            attempt.error("too many redirects")
        } else {
            attempt.follow()
        }
    })
}
