//! A small client of ssh-agent: lists keys and asks for signatures, and never hangs.
//!
//! The whole exchange runs on a thread of its own and is waited for only so long; an agent that says nothing, drips, or
//! answers without end cannot hold the caller. Source: draft-ietf-sshm-ssh-agent and OpenSSH's PROTOCOL.agent.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::key::{BadKey, KeyInfo};
use super::wire::{Reader, TooShort, algorithm_of, put_string};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// The three ways in which agents say no: the protocol's, and two older ones.
const FAILURES: [u8; 3] = [5, 30, 102];
/// Asks an RSA key for SHA-512; without it, agents use SHA-1.
const RSA_SHA2_512: u32 = 4;
/// The largest answer that is read, as in OpenSSH.
const MAX_ANSWER: usize = 256 * 1024;
/// The most keys that are read from one answer.
const MAX_KEYS: u32 = 2048;
/// How long an agent may take to list its keys; no person is asked for that.
const LIST_LIMIT: Duration = Duration::from_secs(10);

/// An agent at a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    socket: PathBuf,
}

/// A key that an agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The key, or why we do not accept it.
    pub key: Result<KeyInfo, BadKey>,
    /// The key in SSH's binary form.
    pub blob: Vec<u8>,
}

/// Why an agent did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Nobody listens at the socket.
    #[error("The ssh-agent at {socket} cannot be reached: {why}.")]
    Unreachable {
        /// The socket.
        socket: String,
        /// What the system says.
        why: String,
    },
    /// It did not answer in time.
    #[error("The ssh-agent at {socket} did not answer within {} s.", .limit.as_secs())]
    Timeout {
        /// The socket.
        socket: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// It closed the connection, or sent what is no answer.
    #[error("The ssh-agent at {socket} broke off or sent what is not an answer: {why}.")]
    Broken {
        /// The socket.
        socket: String,
        /// What was wrong.
        why: String,
    },
    /// It has no such key.
    #[error("The ssh-agent at {socket} does not have the key {fingerprint}.")]
    NoSuchKey {
        /// The socket.
        socket: String,
        /// The key.
        fingerprint: String,
    },
    /// It has the key and refused to sign.
    #[error("The ssh-agent at {socket} has the key {fingerprint} and refused to sign with it.")]
    Refused {
        /// The socket.
        socket: String,
        /// The key.
        fingerprint: String,
        /// Whether the key lies in hardware.
        hardware: bool,
    },
}

impl AgentError {
    /// What to do, each a full sentence.
    pub fn hints(&self) -> Vec<String> {
        let hints: &[&str] = match self {
            Self::Unreachable { .. } => &[
                "Check that SSH_AUTH_SOCK names the socket of a running agent; over ssh, connect with `ssh -A`.",
                "In tmux or screen the forwarded socket changes with every login: open a new window, or set SSH_AUTH_SOCK anew.",
            ],
            Self::Timeout { .. } => &[
                "A hardware key waits for its touch, or the agent for a PIN or a confirmation, on your workstation: \
                 look there and try again.",
                "A forwarded agent may have lost its connection: log in again.",
            ],
            Self::Broken { .. } => &["Check with `ssh-add -L` that the agent works."],
            Self::NoSuchKey { .. } => &[
                "Add it with `ssh-add`; `ssh-add -l` lists what the agent has.",
                "A locked agent shows no keys: `ssh-add -X` unlocks it. A lifetime (`ssh-add -t`) may have ended.",
            ],
            // The agent's answer is the same for each of these.
            Self::Refused { hardware: true, .. } => &[
                "The touch or the PIN was refused, or did not come in time: the prompt is on your workstation.",
                "The hardware key is not plugged in, or another one is.",
                "The key was added with `ssh-add -h` (bound to hosts): such a key signs nothing but logins; add it \
                 again without -h.",
                "The agent is locked (`ssh-add -X` unlocks it).",
            ],
            Self::Refused { hardware: false, .. } => &[
                "The confirmation (`ssh-add -c`) was refused, or did not come in time: the prompt is on your workstation.",
                "The key was added with `ssh-add -h` (bound to hosts): such a key signs nothing but logins; add it \
                 again without -h.",
                "The key's lifetime (`ssh-add -t`) has just ended, or the agent is locked (`ssh-add -X` unlocks it).",
            ],
        };
        hints.iter().map(|h| (*h).to_owned()).collect()
    }
}

/// What can go wrong on the thread, before it is known of which socket.
enum Fault {
    Connect(std::io::Error),
    Timeout,
    Broken(String),
}

impl From<TooShort> for Fault {
    fn from(_: TooShort) -> Self {
        Self::Broken("its answer is cut short".to_owned())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Self::Timeout,
            std::io::ErrorKind::UnexpectedEof => Self::Broken("it closed the connection".to_owned()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl Agent {
    /// The agent at `socket`, which the caller has from `SSH_AUTH_SOCK`. Nothing is asked yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket, safe to display.
    pub fn location(&self) -> String {
        crate::text::line(&self.socket.to_string_lossy()).into_owned()
    }

    /// The keys that it has. Blocks for at most 10 s.
    pub fn identities(&self) -> Result<Vec<Identity>, AgentError> {
        let answer = self.ask(vec![REQUEST_IDENTITIES], LIST_LIMIT)?;
        identities(&answer).map_err(|fault| self.error(fault, LIST_LIMIT))
    }

    /// A signature by `key` over `data`, in SSH's binary form. Blocks for at most `limit`: the person may have to touch
    /// the key. Whether the signature is good is for the caller to check; an agent may lie.
    pub fn sign(&self, key: &KeyInfo, data: &[u8], limit: Duration) -> Result<Vec<u8>, AgentError> {
        let flags = if algorithm_of(&key.blob) == Some("ssh-rsa") { RSA_SHA2_512 } else { 0 };
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, key.wire());
        put_string(&mut request, data);
        request.extend(flags.to_be_bytes());
        let answer = self.ask(request, limit)?;
        let mut reader = Reader::new(&answer);
        let kind = reader.u8().map_err(|e| self.error(e.into(), limit))?;
        if FAILURES.contains(&kind) {
            let (socket, fingerprint) = (self.location(), key.fingerprint.clone());
            let has_it = self.identities()?.iter().any(|i| i.blob == key.wire());
            return Err(if has_it {
                AgentError::Refused { socket, fingerprint, hardware: key.hardware }
            } else {
                AgentError::NoSuchKey { socket, fingerprint }
            });
        }
        let signature = reader.string().map(<[u8]>::to_vec).map_err(|e| self.error(e.into(), limit))?;
        if kind != SIGN_RESPONSE || !reader.is_empty() {
            return Err(self.error(Fault::Broken(format!("not an answer to a request to sign (type {kind})")), limit));
        }
        Ok(signature)
    }

    /// One request and its answer, without the length before it.
    fn ask(&self, request: Vec<u8>, limit: Duration) -> Result<Vec<u8>, AgentError> {
        let (sender, receiver) = mpsc::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let (socket, stop) = (self.socket.clone(), Arc::clone(&given_up));
        std::thread::Builder::new()
            .name("ssh-agent".to_owned())
            .spawn(move || {
                // Nobody listens any more once the caller gave up, and then the answer is of no use.
                drop(sender.send(exchange(&socket, &request, limit, &stop)));
            })
            .map_err(|e| self.error(Fault::Connect(e), limit))?;
        let outcome = match receiver.recv_timeout(limit) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Fault::Timeout),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Fault::Broken("the exchange ended early".to_owned())),
        };
        given_up.store(true, Ordering::Relaxed);
        outcome.map_err(|fault| self.error(fault, limit))
    }

    fn error(&self, fault: Fault, limit: Duration) -> AgentError {
        let socket = self.location();
        match fault {
            Fault::Connect(e) => AgentError::Unreachable { socket, why: e.to_string() },
            Fault::Timeout => AgentError::Timeout { socket, limit },
            Fault::Broken(why) => AgentError::Broken { socket, why },
        }
    }
}

/// Runs on a thread of its own. Every read ends after `limit` at the latest, and no further one begins once the caller
/// has given up, so the thread ends too.
fn exchange(socket: &Path, request: &[u8], limit: Duration, given_up: &AtomicBool) -> Result<Vec<u8>, Fault> {
    let mut stream = UnixStream::connect(socket).map_err(Fault::Connect)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let mut message = Vec::with_capacity(request.len() + 4);
    put_string(&mut message, request);
    stream.write_all(&message)?;
    let mut head = [0; 4];
    fill(&mut stream, &mut head, given_up)?;
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_ANSWER {
        return Err(Fault::Broken(format!("an answer of {length} bytes, and at most {MAX_ANSWER} are read")));
    }
    let mut answer = vec![0; length];
    fill(&mut stream, &mut answer, given_up)?;
    Ok(answer)
}

fn fill(stream: &mut UnixStream, mut buffer: &mut [u8], given_up: &AtomicBool) -> Result<(), Fault> {
    while !buffer.is_empty() {
        if given_up.load(Ordering::Relaxed) {
            return Err(Fault::Timeout);
        }
        match stream.read(buffer) {
            Ok(0) => return Err(Fault::Broken("it closed the connection".to_owned())),
            Ok(n) => buffer = buffer.get_mut(n..).unwrap_or_default(),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn identities(answer: &[u8]) -> Result<Vec<Identity>, Fault> {
    let mut reader = Reader::new(answer);
    let kind = reader.u8()?;
    if kind != IDENTITIES_ANSWER {
        return Err(Fault::Broken(format!("not a list of keys (type {kind})")));
    }
    let count = reader.u32()?;
    if count > MAX_KEYS {
        return Err(Fault::Broken(format!("{count} keys, and at most {MAX_KEYS} are read")));
    }
    let mut out = Vec::new();
    for _ in 0..count {
        let blob = reader.string()?.to_vec();
        let comment = String::from_utf8_lossy(reader.string()?).into_owned();
        out.push(Identity { key: KeyInfo::from_blob(&blob, comment), blob });
    }
    if reader.is_empty() { Ok(out) } else { Err(Fault::Broken("bytes after its list of keys".to_owned())) }
}
