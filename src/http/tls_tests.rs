//! TLS with client certificates, against a real TLS server.

use std::sync::Arc;

use super::tls_testing::{Authority, serve};
use super::{Auth, Fault, FaultKind, Http, Limits, Tls, Write};
use crate::clock::SystemClock;
use crate::secrets::Secret;

fn client(address: &str, tls: &Tls) -> Http {
    let limits = Limits { retries: 0, ..Limits::default() };
    Http::new(address, Auth::None, tls, limits, Arc::new(SystemClock::default())).unwrap()
}

async fn get(address: &str, tls: &Tls) -> Result<u16, Fault> {
    client(address, tls).get("auth/user").await.map(|answer| answer.status)
}

#[track_caller]
fn is_tls(result: Result<u16, Fault>) {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Tls, "{fault:?}");
    assert!(fault.sentence().contains("tls.cert"), "what to check is said: {fault}");
}

#[tokio::test]
async fn a_client_certificate_lets_in_and_without_it_nobody_is() {
    let certificates = Authority::new();
    certificates.issue("server", "ca", "2");
    certificates.issue("me", "ca", "2");
    certificates.issue("stranger", "other", "2");
    let address = serve(&certificates, "server", "{}").await;

    assert_eq!(get(&address, &certificates.tls(Some("ca"), Some("me"))).await.unwrap(), 200);
    is_tls(get(&address, &certificates.tls(Some("ca"), None)).await);
    is_tls(get(&address, &certificates.tls(Some("ca"), Some("stranger"))).await);

    let write = Write { method: "PATCH", path: "x".to_owned(), media_type: "application/json", body: b"{}".to_vec() };
    let fault = client(&address, &certificates.tls(Some("ca"), None)).send(&write).await.unwrap_err();
    assert!(!fault.ambiguous, "a write that no handshake let through did not arrive: {fault:?}");
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_not_talked_to() {
    let certificates = Authority::new();
    certificates.issue("me", "ca", "2");
    certificates.issue("expired", "ca", "-1");
    certificates.issue("foreign", "other", "2");

    let expired = serve(&certificates, "expired", "{}").await;
    let result = get(&expired, &certificates.tls(Some("ca"), Some("me"))).await;
    assert!(result.as_ref().is_err_and(|f| f.sentence().to_lowercase().contains("expired")), "{result:?}");
    is_tls(result);

    let foreign = serve(&certificates, "foreign", "{}").await;
    is_tls(get(&foreign, &certificates.tls(Some("ca"), Some("me"))).await);
    is_tls(get(&foreign, &certificates.tls(None, Some("me"))).await);
}

#[test]
fn material_that_is_none_is_refused_at_once_and_not_shown() {
    for tls in [
        Tls { ca: None, identity: Some((b"no certificate".to_vec(), Secret::new("no key hunter2"))) },
        Tls { ca: Some(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n".to_vec()), identity: None },
    ] {
        let limits = Limits::default();
        let made = Http::new("https://gate.example.com", Auth::None, &tls, limits, Arc::new(SystemClock::default()));
        let fault = made.err().unwrap();
        assert_eq!(fault.kind, FaultKind::Setup);
        assert!(!fault.sentence().contains("hunter2"), "{fault}");
    }
}
