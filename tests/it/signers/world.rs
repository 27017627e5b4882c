//! A folder with keys, an agent, and a decision to sign.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::domain::canonical::sha256;
use countersign::domain::decision::Verb;
use countersign::domain::dossier::{Baseline, Compared, Dossier, Parts};
use countersign::domain::gate::Gate;
use countersign::domain::ids::{ConnectionName, GateId, Principal, RecordId};
use countersign::domain::release::{Artifact, Release};
use countersign::domain::time::Timestamp;
use countersign::domain::verdict::Verdict;
use countersign::trust::agent::Agent;
use countersign::trust::dsse::Envelope;
use countersign::trust::key::KeyInfo;
use countersign::trust::signer::{SignError, Signer};
use countersign::trust::statement::{ApproverRef, Choice, Entitlement, Statement, Tool};
use countersign::trust::verify::{TrustRoot, Verified, VerifyError, verify_envelope};
use countersign::trust::{DECISION_NAMESPACE, TRIAGE_NAMESPACE};

use crate::support::programs;

pub const ANA: &str = "ana@example.com";
/// The artifact that is released: what cosign is shown beside the bundle.
pub const ARTIFACT: &[u8] = b"x";

pub fn now() -> Timestamp {
    chrono::Utc::now().into()
}

/// Whether all programs are there; says which is not.
pub fn have(names: &[&str]) -> bool {
    names.iter().all(|name| programs::find(name).is_some())
}

pub struct World {
    pub dir: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let world = Self { dir: tempfile::Builder::new().prefix("cs-").tempdir().unwrap() };
        std::fs::write(world.path("artifact"), ARTIFACT).unwrap();
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }

    /// A program of the machine, in this folder, with a home of its own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(programs::find(program).unwrap_or_else(|| program.into()));
        command.current_dir(self.dir.path()).env("HOME", self.dir.path()).stdin(Stdio::null());
        command.env_remove("SSH_ASKPASS").env_remove("DISPLAY").env_remove("SSH_AUTH_SOCK");
        command
    }

    #[track_caller]
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        let out = self.command(program).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{program} {args:?}: {said}");
        String::from_utf8(out.stdout).unwrap()
    }

    pub fn keygen(&self, args: &[&str]) {
        self.run("ssh-keygen", &[&["-q"], args].concat());
    }

    /// The key of a `.pub` file.
    pub fn key(&self, name: &str) -> KeyInfo {
        KeyInfo::from_line(&self.text(name)).unwrap()
    }

    /// Lists a key as Ana's, for decisions and triage; options end with a comma.
    pub fn list(&self, options: &str, key: &str) -> TrustRoot {
        let line = format!("{ANA} {options}namespaces=\"{DECISION_NAMESPACE},{TRIAGE_NAMESPACE}\" {key}\n");
        std::fs::write(self.path("allowed"), line).unwrap();
        TrustRoot::load(&self.path("allowed"), None).unwrap()
    }
}

/// A decision, made now.
pub fn decision(signer: &dyn Signer) -> Statement {
    let id = GateId::new(ConnectionName::new("spinnaker"), ["shop", "01HEXEC", "01HSTAGE"]);
    let release = Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        branch: None,
        artifacts: vec![Artifact { name: "payments".into(), reference: "r/p".into(), digest: Some(sha256(ARTIFACT)) }],
    };
    let parts = Parts {
        gate: Gate { stage: "Approve – Größe".into(), ..Gate::new(id, "1") },
        release,
        service: Some("payments".into()),
        as_of: now(),
        pieces: Vec::new(),
        findings: Vec::new(),
        baseline: Baseline::Unknown,
        compared: Compared::default(),
        past: std::collections::BTreeMap::new(),
        required: Vec::new(),
        policy: sha256(b"policy"),
    };
    let dossier = Dossier::seal(parts, |_| Verdict::of(Vec::new()));
    let viewed = BTreeSet::new();
    let choice = Choice {
        id: RecordId::new("01JX0000000000000000000000"),
        verb: Verb::Approve,
        supersedes: None,
        reason_code: None,
        reason: "Geprüft – “quotes”".into(),
        kind: "spinnaker",
        instance: "https://gate.example.com".into(),
        execution: "01HEXEC".into(),
        environment_class: None,
        nonce: "00112233445566778899aabbccddeeff".into(),
        issued_at: now(),
        not_after: now().plus(Duration::from_secs(3_600)),
        approver: ApproverRef {
            principal: Principal::new(ANA),
            key_fingerprint: signer.key().fingerprint.clone(),
            method: signer.method().into(),
            tool: Tool::this(),
        },
        option: None,
        viewed: &viewed,
        clock_skew_seconds: None,
        entitlement: Entitlement::default(),
    };
    Statement::of_decision(&dossier, choice).unwrap()
}

pub fn sign(signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    Ok(Envelope::sign(&decision(signer), signer)?.to_bytes().unwrap())
}

pub fn verify(envelope: &[u8], root: &TrustRoot) -> Result<Verified, VerifyError> {
    verify_envelope(envelope, root, now())
}

/// The same envelope, with another reason in the payload.
pub fn tampered(envelope: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut envelope = Envelope::parse(envelope).unwrap();
    let payload = String::from_utf8(STANDARD.decode(&envelope.payload).unwrap()).unwrap();
    assert!(payload.contains("Geprüft"));
    envelope.payload = STANDARD.encode(payload.replace("Geprüft", "Gepruft"));
    envelope.to_bytes().unwrap()
}

/// An ssh-agent, ended by its id when this is dropped.
pub struct RealAgent {
    child: Child,
    socket: PathBuf,
}

impl RealAgent {
    /// `providers` are the libraries that it may load, as patterns.
    pub fn start(world: &World, providers: &str) -> Self {
        let socket = world.path("agent");
        let mut command = world.command("ssh-agent");
        command.args(["-D", "-a"]).arg(&socket);
        if !providers.is_empty() {
            command.args(["-P", providers]);
        }
        // Whoever is asked for a PIN or a confirmation: this says what the test put there.
        command.env("SSH_ASKPASS", world.path("askpass")).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", "none");
        command.env("SOFTHSM2_CONF", world.path("softhsm2.conf"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let agent = Self { child, socket };
        let deadline = Instant::now() + Duration::from_secs(20);
        while agent.client().identities().is_err() {
            assert!(Instant::now() < deadline, "ssh-agent does not answer");
            std::thread::yield_now();
        }
        agent
    }

    pub fn client(&self) -> Agent {
        Agent::new(&self.socket)
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    #[track_caller]
    pub fn add(&self, world: &World, args: &[&str], env: &[(&str, &str)]) {
        let mut command = world.command("ssh-add");
        command.arg("-q").args(args).env("SSH_AUTH_SOCK", &self.socket).envs(env.iter().copied());
        let out = command.output().unwrap();
        assert!(out.status.success(), "ssh-add {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
