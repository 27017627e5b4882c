//! A time stamp authority: `openssl ts`, also over HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use countersign::trust::stamp::{Authorities, Request};
use serde_json::{Value, json};

use super::world::World;

const CONFIG: &str = "
[ req ]
distinguished_name = dn
[ dn ]
[ ca ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[ tsa ]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ ts ]
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
serial = serial
ess_cert_id_alg = sha256
signer_digest = sha256
";

pub struct Authority {
    world: World,
}

impl Authority {
    pub fn new() -> Self {
        let world = World::new();
        std::fs::write(world.path("config"), CONFIG).unwrap();
        std::fs::write(world.path("serial"), "01\n").unwrap();
        let openssl = |args: &[&str]| world.run("openssl", args);
        for key in ["ca.key", "tsa.key"] {
            openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]);
        }
        let root = ["req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Time root", "-days", "30", "-config"];
        openssl(&[&root[..], &["config", "-extensions", "ca", "-out", "ca.pem"]].concat());
        openssl(&["req", "-new", "-key", "tsa.key", "-subj", "/CN=Time", "-config", "config", "-out", "tsa.csr"]);
        let leaf = ["x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        openssl(&[&leaf[..], &["-days", "20", "-extfile", "config", "-extensions", "tsa", "-out", "tsa.pem"]].concat());
        Self { world }
    }

    pub fn root_file(&self) -> std::path::PathBuf {
        self.world.path("ca.pem")
    }

    pub fn authorities(&self) -> Authorities {
        Authorities::parse("ca.pem", &std::fs::read(self.root_file()).unwrap()).unwrap()
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        std::fs::write(self.world.path("query"), request).unwrap();
        let args = ["ts", "-reply", "-queryfile", "query", "-config", "config", "-section", "ts"];
        self.world
            .run("openssl", &[&args[..], &["-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "answer"]].concat());
        std::fs::read(self.world.path("answer")).unwrap()
    }

    /// A token over the bytes of a signature.
    pub fn stamp(&self, over: &[u8]) -> Vec<u8> {
        let request = Request::new(over, [7; 16]);
        request.accept(&self.answer(&request.to_der()), &self.authorities()).unwrap().0
    }

    /// The root of trust as sigstore's tools want it: the signer's certificate first.
    pub fn trusted_root(&self) -> Value {
        let der = |name: &str| {
            let text = self.world.text(name);
            let inner = text.strip_prefix("-----BEGIN CERTIFICATE-----").unwrap();
            let inner = inner.strip_suffix("-----END CERTIFICATE-----").unwrap();
            json!({"rawBytes": inner.split_ascii_whitespace().collect::<String>()})
        };
        let mut root = super::verifiers::empty_root();
        root["timestampAuthorities"] = json!([{
            "subject": {"organization": "", "commonName": "Time"},
            "certChain": {"certificates": [der("tsa.pem"), der("ca.pem")]},
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        }]);
        root
    }

    /// Serves it over HTTP; gives the address. `change` may spoil what is answered.
    pub fn serve(self, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/tsr", listener.local_addr().unwrap());
        let authority = Arc::new(self);
        let serving = Arc::clone(&authority);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(body) = body(&mut stream) else { continue };
                let answer = change(serving.answer(&body));
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    answer.len()
                );
                stream.write_all(&[head.as_bytes(), &answer].concat()).ok();
            }
        });
        (authority, url)
    }

    /// `openssl ts -verify`, as an auditor would.
    pub fn openssl_accepts(&self, token: &[u8], over: &[u8]) -> bool {
        std::fs::write(self.world.path("token"), token).unwrap();
        std::fs::write(self.world.path("data"), over).unwrap();
        let mut command: Command = self.world.command("openssl");
        command.args(["ts", "-verify", "-data", "data", "-in", "token", "-token_in", "-CAfile", "ca.pem"]);
        command.output().unwrap().status.success()
    }
}

/// The body of a POST to `/tsr` with the right type.
fn body(stream: &mut std::net::TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let n = stream.read(&mut chunk).ok()?;
        bytes.extend(chunk.get(..n)?);
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        let Some(end) = end else {
            if n == 0 {
                return None;
            }
            continue;
        };
        let head = String::from_utf8_lossy(bytes.get(..end)?).to_ascii_lowercase();
        assert!(head.starts_with("post /tsr http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/timestamp-query"), "{head}");
        let length: usize = head.lines().find_map(|l| l.strip_prefix("content-length: "))?.parse().ok()?;
        let body = bytes.get(end + 4..)?;
        if body.len() >= length {
            return Some(body.to_vec());
        }
        if n == 0 {
            return None;
        }
    }
}
