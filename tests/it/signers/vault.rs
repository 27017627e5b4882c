//! Keys in the transit engine of a real OpenBao.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use countersign::clock::SystemClock;
use countersign::http::Tls;
use countersign::remote::vault::{Settings, VaultSigner};
use countersign::secrets::Secret;
use countersign::trust::raw::{self, Profile};
use countersign::trust::signer::{SignError, Signer as _};
use countersign::trust::verify::TrustRoot;

use super::authority::Authority;
use super::bare::row_holds;
use super::verifiers::{Row, pem_of};
use super::world::{World, have, sign};

/// A server in memory, ended by its id when this is dropped.
struct Bao {
    child: Child,
    world: World,
    url: String,
    token: String,
}

impl Bao {
    fn start() -> Option<Self> {
        if !have(&["bao", "openssl", "ssh-keygen"]) {
            return None;
        }
        let world = World::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut noise = [0; 16];
        getrandom::fill(&mut noise).unwrap();
        let token = format!("root{:032x}", u128::from_ne_bytes(noise));
        let child = world
            .command("bao")
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-listen-address={address}"))
            .arg(format!("-dev-root-token-id={token}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bao = Self { child, world, url: format!("http://{address}"), token };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !bao.command(&["status"]).status.success() {
            assert!(bao.child.try_wait().unwrap().is_none(), "OpenBao ended");
            assert!(Instant::now() < deadline, "OpenBao does not answer");
        }
        bao.run(&["secrets", "enable", "transit"]);
        Some(bao)
    }

    fn command(&self, args: &[&str]) -> std::process::Output {
        let mut command = self.world.command("bao");
        command.args(args).env("BAO_ADDR", &self.url).env("BAO_TOKEN", &self.token).output().unwrap()
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> String {
        let out = self.command(args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn settings(&self, key: &str) -> Settings {
        Settings {
            url: self.url.clone(),
            key: key.to_owned(),
            token: Secret::new(self.token.clone()),
            tls: Tls::default(),
            profile: Profile::Raw,
            clock: Arc::new(SystemClock::scaled(1)),
        }
    }

    /// The line for allowed_signers of one version, as OpenBao itself gives the public half.
    fn public(&self, name: &str, version: &str) -> String {
        let read = self.run(&["read", "-format=json", &format!("transit/keys/{name}")]);
        let read: serde_json::Value = serde_json::from_str(&read).unwrap();
        let text = read["data"]["keys"][version]["public_key"].as_str().unwrap().to_owned();
        let key = raw::key_of_pem(&text)
            .or_else(|| raw::key_of_ed25519(&base64::engine::general_purpose::STANDARD.decode(&text).ok()?));
        key.unwrap().to_line()
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn open(runtime: &tokio::runtime::Runtime, settings: Settings, root: &TrustRoot) -> Result<VaultSigner, SignError> {
    runtime.block_on(VaultSigner::open(settings, &root.allowed_signers))
}

#[test]
fn keys_in_transit_sign() {
    let Some(bao) = Bao::start() else { return };
    let (runtime, authority) = (runtime(), Authority::new());
    for kind in ["ed25519", "ecdsa-p256"] {
        bao.run(&["write", "-f", &format!("transit/keys/{kind}"), &format!("type={kind}")]);
        let path = format!("transit/keys/{kind}");
        let root = bao.world.list("", &bao.public(kind, "1"));
        let signer = open(&runtime, bao.settings(&path), &root).unwrap();
        assert_eq!((signer.method(), signer.profile()), ("vault", Profile::Raw));
        row_holds(kind, &bao.world, &signer, &authority);

        // In OpenSSH's format, where that is asked for.
        let settings = Settings { profile: Profile::SshSig, ..bao.settings(&path) };
        let signer = open(&runtime, settings, &root).unwrap();
        let (envelope, pem) = (sign(&signer).unwrap(), pem_of(&bao.world, signer.key()));
        Row { name: kind, envelope: &envelope, pem: &pem, openssh: true, stamp: None }.holds(&bao.world, &root);

        // The key is rotated: the version that is listed goes on signing, until the new one is listed.
        bao.run(&["write", "-f", &format!("transit/keys/{kind}/rotate")]);
        let signer = open(&runtime, bao.settings(&path), &root).unwrap();
        assert!(signer.key().comment.line().ends_with("v1") && sign(&signer).is_ok());
        let root = bao.world.list("", &bao.public(kind, "2"));
        let signer = open(&runtime, bao.settings(&path), &root).unwrap();
        assert!(signer.key().comment.line().ends_with("v2") && sign(&signer).is_ok());
    }
}

#[test]
fn each_refusal_names_its_causes() {
    let Some(bao) = Bao::start() else { return };
    let runtime = runtime();
    bao.run(&["write", "-f", "transit/keys/release", "type=ed25519"]);
    bao.run(&["write", "-f", "transit/keys/rsa", "type=rsa-2048"]);
    bao.run(&["write", "-f", "transit/keys/aes"]);
    let root = bao.world.list("", &bao.public("release", "1"));
    let refused = |settings: Settings, root: &TrustRoot| match open(&runtime, settings, root) {
        Err(SignError::Service { what, hints }) => format!("{what} {}", hints.join(" ")),
        other => panic!("{other:?}"),
    };
    assert!(refused(bao.settings("transit/keys/nothing"), &root).contains("There is no key nothing"));
    assert!(refused(bao.settings("nowhere/keys/release"), &root).contains("nothing is mounted at nowhere"));
    assert!(refused(bao.settings("release"), &root).contains("MOUNT/keys/NAME"));
    for kind in ["rsa", "aes"] {
        assert!(refused(bao.settings(&format!("transit/keys/{kind}")), &root).contains("not accepted"), "{kind}");
    }
    let wrong = Settings { token: Secret::new("s.wrong"), ..bao.settings("transit/keys/release") };
    let said = refused(wrong, &root);
    assert!(said.contains("expired") && said.contains("read on transit/keys/release") && !said.contains("s.wrong"));
    let other =
        bao.world.list("", &countersign::trust::signer::TestSigner::from_seed([1; 32]).unwrap().key().to_line());
    let said = refused(bao.settings("transit/keys/release"), &other);
    assert!(said.contains("No version") && said.contains(&bao.public("release", "1")), "{said}");
    // A token that may read and not sign.
    std::fs::write(bao.world.path("policy.hcl"), "path \"transit/keys/*\" { capabilities = [\"read\"] }\n").unwrap();
    bao.run(&["policy", "write", "reader", "policy.hcl"]);
    let token = bao.run(&["token", "create", "-policy=reader", "-field=token"]);
    let reader = Settings { token: Secret::new(token), ..bao.settings("transit/keys/release") };
    let signer = open(&runtime, reader, &root).unwrap();
    let error = sign(&signer).unwrap_err();
    assert!(error.hints().iter().any(|h| h.contains("update on transit/sign/release")), "{error}");
    // It is sealed.
    bao.run(&["operator", "seal"]);
    assert!(refused(bao.settings("transit/keys/release"), &root).contains("sealed"));
}

/// A server that answers each request with these bytes, and notes whether it was sent a token.
fn answering(answer: String) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let saw = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&saw);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut bytes = Vec::new();
            let mut chunk = [0; 1_024];
            while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut chunk) {
                    Ok(n) if n > 0 => bytes.extend(&chunk[..n]),
                    _ => break,
                }
            }
            let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
            note.fetch_or(head.contains("x-vault-token: s.secret"), Ordering::SeqCst);
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    (address, saw)
}

#[test]
fn the_token_follows_no_redirect_and_lies_are_noticed() {
    let runtime = runtime();
    let world = World::new();
    let signer = countersign::trust::signer::TestSigner::from_seed([1; 32]).unwrap();
    let root = world.list("", &signer.key().to_line());
    let settings = |address: &str| Settings {
        url: format!("http://{address}"),
        key: "transit/keys/release".into(),
        token: Secret::new("s.secret"),
        tls: Tls::default(),
        profile: Profile::Raw,
        clock: Arc::new(SystemClock::scaled(1)),
    };
    let (elsewhere, leaked) = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".into());
    let (standby, asked) = answering(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{elsewhere}/v1/transit/keys/release\r\ncontent-length: 0\r\n\r\n"
    ));
    let error = open(&runtime, settings(&standby), &root).unwrap_err();
    assert!(error.hints().iter().any(|h| h.contains("active node")), "{error}");
    assert!(asked.load(Ordering::SeqCst) && !leaked.load(Ordering::SeqCst));
    // Answers of other shapes.
    for body in ["{}", "[]", "<html>", "{\"data\":{\"type\":\"ed25519\",\"keys\":{\"1\":{\"public_key\":\"AAAA\"}}}}"] {
        let (address, _) = answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        assert!(open(&runtime, settings(&address), &root).is_err(), "{body}");
    }
    // It names the right key, and signs with another: the same answer serves both questions here.
    let engine = base64::engine::general_purpose::STANDARD;
    let public = engine.encode(&signer.key().blob[signer.key().blob.len() - 32..]);
    for signature in [format!("vault:v1:{}", engine.encode([7; 64])), format!("vault:v2:{}", engine.encode([7; 64]))] {
        let body = serde_json::json!({"data": {
            "type": "ed25519", "keys": {"1": {"public_key": public}}, "signature": signature,
        }});
        let body = body.to_string();
        let (address, _) = answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let lying = open(&runtime, settings(&address), &root).unwrap();
        let error = sign(&lying).unwrap_err();
        assert!(matches!(error, SignError::Bad { .. } | SignError::Service { .. }), "{error}");
    }
}
