//! The folder that a person or a script works from: configuration, tokens, a throw-away key and its agent.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use toml::{Table, Value};

use super::{LabError, Running, Service, roles, seed};

pub use super::roles::PRINCIPAL;

/// How long an ssh-agent may take to come up.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a socket's path may be long: `sun_path` has 104 bytes on some systems, with a zero at the end.
const LONGEST_SOCKET: usize = 103;

/// The file by which a folder is known to be the demo world's; locked while one runs there.
const MARK: &str = ".countersign-demo";

/// The folder. Dropping it ends the agent; the folder stays.
#[derive(Debug)]
pub struct Home {
    /// The configuration.
    pub config: PathBuf,
    /// The agent's socket, for `SSH_AUTH_SOCK`; `None` where the key is read from its file.
    pub agent_socket: Option<PathBuf>,
    /// The private key, OpenSSH, without a passphrase.
    pub key: PathBuf,
    // Before the claim, so that the agent has ended when another world may start here.
    agent: Option<Agent>,
    _claim: Claim,
}

/// The right to write into a folder, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

/// Takes a folder: a new or an empty one, or one from before in which no world runs. Makes it if it is not there.
pub fn claim(dir: &Path) -> Result<Claim, LabError> {
    let mark = dir.join(MARK);
    // What is no file of its own is not followed and not opened: a link could lead to a file of somebody's.
    let ours = mark.symlink_metadata().is_ok_and(|m| m.is_file());
    if !ours {
        match fs::read_dir(dir) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(LabError::Foreign { path: dir.to_owned() });
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(at(dir)(e)),
        }
        folder(dir)?;
    }
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&mark);
    let lock = opened.map_err(at(&mark))?;
    match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Claim { _lock: lock }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(LabError::InUse { path: dir.to_owned() }),
        Err(e) => Err(at(&mark)(e.into())),
    }
}

impl Home {
    /// The process id of the agent.
    pub fn agent_pid(&self) -> Option<u32> {
        self.agent.as_ref().map(|a| a.child.id())
    }
}

#[derive(Debug)]
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Asked first, so that it takes its socket away itself; killing a process that has ended is an error that
        // says nothing new.
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .ok();
        self.child.wait().ok();
        fs::remove_file(&self.socket).ok();
    }
}

/// How to come by the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// By the machine's ssh-agent, and by the key file where there is none.
    Agent,
    /// By the key file.
    KeyFile,
}

/// Writes the folder and starts an agent. A key that is there already is kept, so that a ledger from before still reads.
pub async fn prepare(dir: &Path, running: &Running) -> Result<Home, LabError> {
    prepare_with(dir, running, Signer::Agent).await
}

/// Like [`prepare`], with a choice.
pub async fn prepare_with(dir: &Path, running: &Running, signer: Signer) -> Result<Home, LabError> {
    let dir = std::path::absolute(dir).map_err(at(dir))?;
    let claim = claim(&dir)?;
    folder(&dir)?;
    let key = dir.join("demo_key");
    let private = key_at(&key)?;
    let public = private.public_key();
    let line = public.to_openssh().map_err(|e| LabError::Key(e.to_string()))?;
    write(&dir.join("demo_key.pub"), line.as_bytes())?;
    for (name, content) in roles::files(&dir, &private, key_at)? {
        write(&dir.join(name), content.as_bytes())?;
    }
    let (allowed, approvers) = (dir.join("allowed_signers"), dir.join("approvers.toml"));
    for scan in &running.world.scan {
        let folder_of = dir.join("scans").join(&scan.service).join(seed::commit(&scan.commit));
        folder(&folder_of)?;
        write(&folder_of.join(&scan.name), &scan.content.bytes().unwrap_or_default())?;
    }
    attestations(&dir, running)?;

    let agent = if signer == Signer::Agent { agent(&dir, &key).await? } else { None };
    let mut config = Table::new();
    let signer = match &agent {
        Some(_) => ("agent", public.fingerprint(HashAlg::Sha256).to_string()),
        None => ("key", text(&key)),
    };
    config.insert("signer".to_owned(), table([signer]));
    config.insert("trust".to_owned(), table([("allowed_signers", text(&allowed)), ("approvers", text(&approvers))]));
    config.insert("ledger".to_owned(), table([("url", format!("sqlite://{}", text(&dir.join("ledger.db"))))]));
    config.insert("connections".to_owned(), Value::Table(connections(&dir, running)?));
    let services = running.world.service.iter().map(|s| located(&Value::Table(s.clone()), &text(&dir)));
    config.insert("service".to_owned(), Value::Array(services.collect()));
    let path = dir.join("config.toml");
    let written =
        toml::to_string(&config).map_err(|e| LabError::Scenario { name: "service".to_owned(), why: e.to_string() })?;
    write(&path, format!("# Written by the demo world at each start.\n{written}").as_bytes())?;
    Ok(Home { config: path, agent_socket: agent.as_ref().map(|a| a.socket.clone()), key, agent, _claim: claim })
}

fn attestations(dir: &Path, running: &Running) -> Result<(), LabError> {
    if running.world.attestation.is_empty() {
        return Ok(());
    }
    let builder = &running.builder;
    write(&dir.join("builder.pub"), builder.public_pem().as_bytes())?;
    for attestation in &running.world.attestation {
        let folder_of = dir.join("attestations").join(&attestation.service).join(&attestation.version);
        folder(&folder_of)?;
        write(&folder_of.join("provenance.sigstore.json"), builder.bundle(attestation).to_string().as_bytes())?;
    }
    Ok(())
}

fn connections(dir: &Path, running: &Running) -> Result<Table, LabError> {
    let urls = &running.urls;
    let tokens = dir.join("tokens");
    folder(&tokens)?;
    let mut all = Table::new();
    for (name, kind, service, url, user) in [
        ("spinnaker", "spinnaker", Service::Spinnaker, &urls.spinnaker, true),
        ("jenkins", "jenkins", Service::Jenkins, &urls.jenkins, true),
        ("jira", "jira", Service::Jira, &urls.jira, true),
        ("jira-dc", "jira", Service::JiraDc, &urls.jira_dc, false),
        ("sonar", "sonarqube", Service::Sonarqube, &urls.sonarqube, false),
        ("github", "github", Service::Github, &urls.github, false),
        ("dojo", "defectdojo", Service::Defectdojo, &urls.defectdojo, false),
        ("dtrack", "dependency-track", Service::DependencyTrack, &urls.dependency_track, false),
    ] {
        let credential = running.credential(service);
        let path = tokens.join(name);
        write(&path, credential.secret.expose_secret().as_bytes())?;
        let mut one = Table::new();
        one.insert("kind".to_owned(), kind.into());
        one.insert("url".to_owned(), url.clone().into());
        if user {
            one.insert("user".to_owned(), credential.user.into());
        }
        if kind == "jira" {
            one.insert("flavour".to_owned(), if service == Service::Jira { "cloud" } else { "data-center" }.into());
        }
        one.insert("token".to_owned(), table([("file", text(&path))]));
        all.insert(name.to_owned(), Value::Table(one));
    }
    Ok(all)
}

/// `{home}` in any text of a table stands for the folder.
fn located(value: &Value, home: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("{home}", home)),
        Value::Array(items) => Value::Array(items.iter().map(|v| located(v, home)).collect()),
        Value::Table(table) => Value::Table(table.iter().map(|(n, v)| (n.clone(), located(v, home))).collect()),
        other => other.clone(),
    }
}

fn table<const N: usize>(entries: [(&str, String); N]) -> Value {
    Value::Table(entries.into_iter().map(|(n, v)| (n.to_owned(), Value::String(v))).collect())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> LabError {
    let path = path.to_owned();
    move |source| LabError::File { path, source }
}

fn folder(path: &Path) -> Result<(), LabError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at(path))?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(at(path))
}

/// Writes a file that only its owner can read; not even for a moment can others.
fn write(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    if path.exists() {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(at(path))?;
    }
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(bytes)).map_err(at(path))
}

fn key_at(path: &Path) -> Result<PrivateKey, LabError> {
    let wrong = |e: &dyn std::fmt::Display| LabError::Key(e.to_string());
    if path.exists() {
        return PrivateKey::read_openssh_file(path).map_err(|e| wrong(&e));
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|e| wrong(&e))?;
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&random).into(), PRINCIPAL).map_err(|e| wrong(&e))?;
    let text = key.to_openssh(LineEnding::LF).map_err(|e| wrong(&e))?;
    write(path, text.as_bytes())?;
    Ok(key)
}

/// Starts an ssh-agent with the key in it. `None`: this machine has none, or the folder's path is too long for a socket.
async fn agent(dir: &Path, key: &Path) -> Result<Option<Agent>, LabError> {
    let socket = dir.join("agent.sock");
    if socket.as_os_str().len() > LONGEST_SOCKET {
        return Ok(None);
    }
    if socket.exists() {
        fs::remove_file(&socket).map_err(at(&socket))?;
    }
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = match command.spawn() {
        Ok(child) => child,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(LabError::Agent(e.to_string())),
    };
    let mut agent = Agent { child, socket };
    let came_up = tokio::time::timeout(PATIENCE, async {
        // The socket is there before anybody listens on it.
        while UnixStream::connect(&agent.socket).is_err() {
            if matches!(agent.child.try_wait(), Ok(Some(_))) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    });
    if came_up.await != Ok(true) {
        return Err(LabError::Agent("it ended, or did not listen within 5 s".to_owned()));
    }
    let mut add = Command::new("ssh-add");
    add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &agent.socket).env_remove("SSH_ASKPASS");
    add.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let added = tokio::task::spawn_blocking(move || add.status()).await;
    match added {
        Ok(Ok(status)) if status.success() => Ok(Some(agent)),
        Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => Err(LabError::Agent("ssh-add could not put the key into it".to_owned())),
    }
}
