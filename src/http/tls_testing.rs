//! A TLS server on a port of its own that wants client certificates, for tests; `openssl` makes the certificates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::Tls;
use crate::secrets::Secret;

/// A folder of certificates.
pub(crate) struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
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

    /// A file of it: `ca.pem`, or what was issued.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// A certificate and key for `name` on loopback, signed by `ca`, good for so many days.
    pub(crate) fn issue(&self, name: &str, ca: &str, days: &str) {
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

    pub(crate) fn tls(&self, ca: Option<&str>, identity: Option<&str>) -> Tls {
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

/// Serves `certificate`, to clients of the authority `ca` only: whatever is asked, `json`. Gives its address.
pub(crate) async fn serve(certificates: &Authority, certificate: &str, json: &str) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
    let answer: Arc<str> = format!("{head}{}\r\n\r\n{json}", json.len()).into();
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
            let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
            tokio::spawn(async move {
                match acceptor.accept(stream).into_fallible().await {
                    Ok(mut stream) => {
                        let mut request = [0; 4096];
                        if stream.read(&mut request).await.is_ok_and(|n| n > 0) {
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
