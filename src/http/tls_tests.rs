//! TLS with client certificates, against a real TLS server on a port of its own; the certificates are made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Auth, Fault, FaultKind, Http, Limits, Tls, Write};
use crate::clock::SystemClock;
use crate::secrets::Secret;

/// A folder of certificates.
struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let it = Self { dir: tempfile::tempdir().unwrap() };
        for ca in ["ca", "other"] {
            it.openssl(
                &["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                    .into_iter()
                    .chain([
                        "-subj",
                        &format!("/CN={ca}"),
                        "-keyout",
                        &format!("{ca}.key"),
                        "-out",
                        &format!("{ca}.pem"),
                    ])
                    .collect::<Vec<_>>(),
            );
        }
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// A certificate and key for `name` on loopback, signed by `ca`, good for so many days.
    fn issue(&self, name: &str, ca: &str, days: &str) {
        std::fs::write(self.path("ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
        let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &csr,
        ]);
        let (ca_pem, ca_key) = (format!("{ca}.pem"), format!("{ca}.key"));
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca_pem,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            "ext",
            "-out",
            &pem,
        ]);
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(self.dir.path()).output();
        let done = done.expect("the openssl program makes the certificates of this test; install it");
        assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn tls(&self, ca: Option<&str>, identity: Option<&str>) -> Tls {
        let key = |name: &str| Secret::new(String::from_utf8(self.read(&format!("{name}.key"))).unwrap());
        Tls {
            ca: ca.map(|ca| self.read(&format!("{ca}.pem"))),
            identity: identity.map(|name| (self.read(&format!("{name}.pem")), key(name))),
        }
    }
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

/// Serves `certificate`, to clients of the authority `ca` only. Gives its address.
async fn serve(certificates: &Authority, certificate: &str) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain(&certificates.path("ca.pem")));
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let key = PrivateKeyDer::from_pem_file(certificates.path(&format!("{certificate}.key"))).unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain(&certificates.path(&format!("{certificate}.pem"))), key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor.accept(stream).into_fallible().await {
                    Ok(mut stream) => {
                        let mut request = [0; 4096];
                        if stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                            let answer =
                                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                            stream.write_all(answer.as_bytes()).await.ok();
                        }
                        stream.shutdown().await.ok();
                    }
                    // Reads to the end, or the alert could be lost with the connection.
                    Err((_, mut stream)) => {
                        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok();
                    }
                }
            });
        }
    });
    address
}

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
    let address = serve(&certificates, "server").await;

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

    let expired = serve(&certificates, "expired").await;
    let result = get(&expired, &certificates.tls(Some("ca"), Some("me"))).await;
    assert!(result.as_ref().is_err_and(|f| f.sentence().to_lowercase().contains("expired")), "{result:?}");
    is_tls(result);

    let foreign = serve(&certificates, "foreign").await;
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
