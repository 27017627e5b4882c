//! Against the real OpenSSH: what we sign it accepts, what it signs we accept, and what is tampered with both refuse.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::samples::{self, ANA, NOW, at};
use crate::secrets::Secret;
use crate::trust::DECISION_NAMESPACE;
use crate::trust::agent::{Agent, AgentError};
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::dsse::{Envelope, PAYLOAD_TYPE, pae};
use crate::trust::key_file::{KeyFileError, KeyFileSigner, Question};
use crate::trust::revoked::Revoked;
use crate::trust::signer::{AgentSigner, KeyChoice, SignError, Signer, TOUCH_LIMIT};
use crate::trust::sshsig::SshSig;
use crate::trust::verify::{TrustRoot, VerifyError, detach, verify_envelope};
use crate::trust::verify_sig;

/// Says so and gives true where a tool is missing.
pub(crate) fn missing(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let absent = tools.iter().find(|t| !std::env::split_paths(&path).any(|folder| folder.join(t).is_file()));
    if let Some(tool) = absent {
        println!("skipped: {tool} is not installed");
    }
    absent.is_some()
}

fn run(program: &str, args: &[&str], stdin: Option<&Path>) -> (bool, String) {
    let input = stdin.map_or_else(Stdio::null, |path| std::fs::File::open(path).unwrap().into());
    let out = Command::new(program).args(args).stdin(input).env_remove("SSH_ASKPASS").output().unwrap();
    (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

/// A folder with a key made by ssh-keygen, and allowed_signers that names it.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(kind: &[&str], passphrase: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        let key = world.text("key");
        let mut args = vec!["-q", "-N", passphrase, "-C", "ana's key", "-f", &key];
        args.extend(kind);
        let (ok, said) = run("ssh-keygen", &args, None);
        assert!(ok, "{said}");
        let public = std::fs::read_to_string(world.path("key.pub")).unwrap();
        let line = format!("{ANA} namespaces=\"{DECISION_NAMESPACE}\",valid-after=\"20200101Z\" {public}");
        std::fs::write(world.path("allowed"), line).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn root(&self) -> TrustRoot {
        TrustRoot::load(&self.path("allowed"), None).unwrap()
    }

    fn ssh_keygen_verifies(&self, message: &Path, sig: &Path) -> bool {
        let (allowed, sig) = (self.text("allowed"), sig.to_str().unwrap());
        let args = ["-Y", "verify", "-f", &allowed, "-I", ANA, "-n", DECISION_NAMESPACE, "-s", sig];
        run("ssh-keygen", &args, Some(message)).0
    }

    /// Signs a decision and lets both judge it, whole and tampered with.
    fn both_agree(&self, signer: &dyn Signer) {
        let envelope = Envelope::sign(&samples::decision_by(signer), signer).unwrap();
        let bytes = envelope.to_bytes().unwrap();
        let verified = verify_envelope(&bytes, &self.root(), at(NOW)).unwrap();
        assert_eq!((verified.principal.as_str(), &verified.key.blob), (ANA, &signer.key().blob));

        let detached = detach(&bytes).unwrap();
        let (message, sig) = detached.write(self.folder.path(), "decision").unwrap();
        assert!(self.ssh_keygen_verifies(&message, &sig), "{}", signer.key());
        let mut tampered = detached.clone();
        *tampered.pae.last_mut().unwrap() ^= 1;
        let (message, sig) = tampered.write(self.folder.path(), "tampered").unwrap();
        assert!(!self.ssh_keygen_verifies(&message, &sig), "{}", signer.key());
    }

    /// Lets ssh-keygen sign, and judges that.
    fn we_accept_what_ssh_keygen_signs(&self, extra: &[&str]) {
        let signer = KeyFileSigner::open(&self.path("key"), Arc::new(|_| None)).unwrap();
        let payload = samples::decision_by(&signer).payload().unwrap();
        std::fs::write(self.path("message"), pae(PAYLOAD_TYPE, &payload)).unwrap();
        let (key, message) = (self.text("key"), self.text("message"));
        let mut args = vec!["-Y", "sign", "-q", "-f", &key, "-n", DECISION_NAMESPACE];
        args.extend(extra);
        args.push(&message);
        let (ok, said) = run("ssh-keygen", &args, None);
        assert!(ok, "{said}");
        let armoured = std::fs::read_to_string(self.path("message.sig")).unwrap();
        let sig = SshSig::from_armoured(&armoured).unwrap();
        assert_eq!(sig.to_armoured(), armoured);
        let envelope = Envelope::seal(&payload, &sig);
        let good = verify_envelope(&envelope.to_bytes().unwrap(), &self.root(), at(NOW)).unwrap();
        assert_eq!(good.principal.as_str(), ANA);
        let mut other = payload.clone();
        *other.last_mut().unwrap() = b' ';
        let bad = Envelope::seal(&other, &sig);
        let error = verify_envelope(&bad.to_bytes().unwrap(), &self.root(), at(NOW)).unwrap_err();
        assert!(matches!(error, VerifyError::Signature(_)), "{error}");
        std::fs::remove_file(self.path("message.sig")).unwrap();
    }
}

const KINDS: [&[&str]; 3] = [&["-t", "ed25519"], &["-t", "ecdsa", "-b", "256"], &["-t", "rsa", "-b", "2048"]];

#[test]
fn key_files_of_all_kinds() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    for kind in KINDS {
        let world = World::new(kind, "");
        let signer = KeyFileSigner::open(&world.path("key"), Arc::new(|_| panic!("not encrypted"))).unwrap();
        world.both_agree(&signer);
        world.we_accept_what_ssh_keygen_signs(&[]);
    }
    let world = World::new(KINDS[0], "");
    world.we_accept_what_ssh_keygen_signs(&["-O", "hashalg=sha256"]);
}

#[test]
fn an_encrypted_key_file() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0], "correct horse");
    // Answers the questions one after the other, then gives up.
    let open = |answers: &[&str]| {
        let answers: Vec<String> = answers.iter().rev().map(|a| (*a).to_owned()).collect();
        let (answers, asked) = (Mutex::new(answers), Arc::new(Mutex::new(Vec::new())));
        let keep = Arc::clone(&asked);
        let passphrase = Arc::new(move |question: &Question<'_>| {
            keep.lock().unwrap().push(question.again);
            answers.lock().unwrap().pop().map(Secret::new)
        });
        (KeyFileSigner::open(&world.path("key"), passphrase).unwrap(), asked)
    };
    let (signer, asked) = open(&["wrong", "correct horse"]);
    assert_eq!(signer.key().comment.line(), "key");
    assert!(asked.lock().unwrap().is_empty(), "nobody is asked before it signs");
    world.both_agree(&signer);
    assert_eq!(*asked.lock().unwrap(), [false, true], "once opened, it is open");
    assert!(!format!("{signer:?}").contains("horse"));
    let fault = |answers: &[&str]| match open(answers).0.sign(DECISION_NAMESPACE, b"message") {
        Err(SignError::KeyFile { error, path }) => {
            assert!(path.ends_with("/key"));
            error
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&["wrong"]), KeyFileError::Passphrase);
    assert_eq!(fault(&[]), KeyFileError::NoPassphrase);
}

#[test]
fn key_files_that_cannot_be_used() {
    use std::os::unix::fs::PermissionsExt as _;
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0], "");
    let fault = |name: &str| match KeyFileSigner::open(&world.path(name), Arc::new(|_| None)) {
        Err(SignError::KeyFile { error, .. }) => error,
        other => panic!("{other:?}"),
    };
    let secret_file = |name: &str, text: &str| {
        std::fs::write(world.path(name), text).unwrap();
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let public = std::fs::read_to_string(world.path("key.pub")).unwrap();
    secret_file("public", &public);
    assert_eq!(fault("public"), KeyFileError::Public);
    for (name, mode) in [("group", 0o640), ("world", 0o604)] {
        std::fs::copy(world.path("key"), world.path(name)).unwrap();
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(fault(name), KeyFileError::Permissions(mode));
    }
    secret_file("ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n");
    assert_eq!(fault("ppk"), KeyFileError::Format("PuTTY"));
    secret_file("pem", "-----BEGIN RSA PRIVATE KEY-----\n");
    assert_eq!(fault("pem"), KeyFileError::Format("PEM (PKCS#1)"));
    secret_file("nonsense", "hello\n");
    assert_eq!(fault("nonsense"), KeyFileError::NotAKey);
    let half = std::fs::read_to_string(world.path("key")).unwrap().replacen('A', "", 8);
    secret_file("damaged", &half);
    assert_eq!(fault("damaged"), KeyFileError::NotAKey);
    assert_eq!(fault("."), KeyFileError::NotAFile);
    // A pipe that nobody writes to would be waited for.
    let (here, mode) = (rustix::fs::CWD, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(here, world.path("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(fault("pipe"), KeyFileError::NotAFile);
    assert!(matches!(fault("nowhere"), KeyFileError::Read(_)));
    let weak = World::new(&["-t", "rsa", "-b", "1024"], "");
    let error = KeyFileSigner::open(&weak.path("key"), Arc::new(|_| None)).unwrap_err();
    assert!(error.to_string().contains("1024 bits"), "{error}");
    let p384 = World::new(&["-t", "ecdsa", "-b", "384"], "");
    let error = KeyFileSigner::open(&p384.path("key"), Arc::new(|_| None)).unwrap_err();
    assert!(error.to_string().contains("ecdsa-sha2-nistp384"), "{error}");
}

#[test]
fn lists_of_revoked_keys_made_by_ssh_keygen() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let (world, other) = (World::new(KINDS[0], ""), World::new(KINDS[0], ""));
    let key = KeyFileSigner::open(&world.path("key"), Arc::new(|_| None)).unwrap().key().blob.clone();
    let unrevoked = KeyFileSigner::open(&other.path("key"), Arc::new(|_| None)).unwrap().key().blob.clone();
    let public = std::fs::read_to_string(world.path("key.pub")).unwrap();
    for how in ["", "sha1: ", "sha256: "] {
        std::fs::write(world.path("spec"), format!("{how}{public}")).unwrap();
        let (krl, spec) = (world.text("krl"), world.text("spec"));
        let (ok, said) = run("ssh-keygen", &["-q", "-k", "-f", &krl, &spec], None);
        assert!(ok, "{said}");
        let revoked = Revoked::parse("krl", &std::fs::read(&krl).unwrap()).unwrap();
        assert!(revoked.contains(&key) && !revoked.contains(&unrevoked), "{how:?}");
        assert_eq!(revoked.len(), 1);
    }
}

/// A real ssh-agent, ended by its id when this is dropped.
struct RealAgent {
    child: std::process::Child,
    socket: PathBuf,
}

impl RealAgent {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            // Nobody is asked for a confirmation on the screen of whoever runs the tests.
            .env("SSH_ASKPASS", "/bin/false")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self { child, socket };
        for _ in 0..2_000 {
            if Agent::new(&agent.socket).identities().is_ok() {
                return agent;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("ssh-agent did not start");
    }

    fn ssh_add(&self, args: &[&str]) {
        let out = Command::new("ssh-add").args(args).env("SSH_AUTH_SOCK", &self.socket).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn client(&self) -> Agent {
        Agent::new(&self.socket)
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_real_agent_signs() {
    if missing(&["ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let agent = RealAgent::start(folder.path());
    let choose = |choice: &KeyChoice, allowed: Option<&AllowedSigners>| {
        AgentSigner::choose(agent.client(), choice, allowed, TOUCH_LIMIT)
    };
    assert!(matches!(choose(&KeyChoice::Only, None), Err(SignError::NoCandidate { .. })));
    let worlds: Vec<_> = KINDS.iter().map(|kind| World::new(kind, "")).collect();
    for world in &worlds {
        agent.ssh_add(&["-q", &world.text("key")]);
        // By what allowed_signers names, by the file of the public half, by the fingerprint.
        let allowed = world.root().allowed_signers;
        let signer = choose(&KeyChoice::Only, Some(&allowed)).unwrap();
        world.both_agree(&signer);
        let by_file = KeyChoice::from_setting(Some(&world.text("key.pub")));
        assert_eq!(choose(&by_file, None).unwrap().key(), signer.key());
        let by_fingerprint = KeyChoice::from_setting(Some(&signer.key().fingerprint));
        assert_eq!(choose(&by_fingerprint, None).unwrap().key(), signer.key());
    }
    let Err(SignError::Several(several)) = choose(&KeyChoice::Only, None) else { panic!("one of three was chosen") };
    assert_eq!(several.len(), 3);
    assert!(several.iter().all(|key| key.contains("ana's key")), "{several:?}");
    let world = worlds.first().unwrap();
    let mut unknown = KeyFileSigner::open(&world.path("key"), Arc::new(|_| None)).unwrap().key().fingerprint.clone();
    unknown.push('x');
    let error = choose(&KeyChoice::Fingerprint(unknown), None).unwrap_err();
    assert!(matches!(error, SignError::Agent(AgentError::NoSuchKey { .. })));
    assert!(error.hints().iter().any(|h| h.contains("ssh-add")));
}

#[test]
fn a_key_that_went_and_a_locked_agent_are_told_apart() {
    if missing(&["ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let agent = RealAgent::start(folder.path());
    let world = World::new(KINDS[0], "");
    agent.ssh_add(&["-q", &world.text("key")]);
    let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
    // `-c` asks for a confirmation that nobody can give here.
    agent.ssh_add(&["-q", "-D"]);
    agent.ssh_add(&["-q", "-c", &world.text("key")]);
    let error = signer.sign(DECISION_NAMESPACE, b"x").unwrap_err();
    assert!(matches!(error, SignError::Agent(AgentError::Refused { .. })), "{error}");
    assert!(error.hints().iter().any(|h| h.contains("confirmation")));
    agent.ssh_add(&["-q", "-D"]);
    // A key that is bound to a host signs logins only.
    let public = std::fs::read_to_string(world.path("key.pub")).unwrap();
    std::fs::write(world.path("known_hosts"), format!("example.com {public}")).unwrap();
    agent.ssh_add(&["-q", "-H", &world.text("known_hosts"), "-h", "example.com", &world.text("key")]);
    let error = signer.sign(DECISION_NAMESPACE, b"x").unwrap_err();
    assert!(matches!(error, SignError::Agent(AgentError::Refused { .. })), "{error}");
    assert!(error.hints().iter().any(|h| h.contains("ssh-add -h")));
    agent.ssh_add(&["-q", "-D"]);
    let error = signer.sign(DECISION_NAMESPACE, b"x").unwrap_err();
    assert!(matches!(error, SignError::Agent(AgentError::NoSuchKey { .. })), "{error}");
}

#[test]
fn an_agents_rsa_signature_is_never_sha1() {
    if missing(&["ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let agent = RealAgent::start(folder.path());
    let world = World::new(KINDS[2], "");
    agent.ssh_add(&["-q", &world.text("key")]);
    let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
    let sig = signer.sign("n", b"x").unwrap();
    assert_eq!(crate::trust::wire::algorithm_of(&sig.signature), Some("rsa-sha2-512"));
    assert!(verify_sig::verify(&sig, signer.key(), "n", b"x").is_ok());
}
