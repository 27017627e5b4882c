//! Agents that hang, drip, lie, answer too much or break off.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::time::Duration;

use crate::trust::agent::{Agent, AgentError};
use crate::trust::key::KeyInfo;
use crate::trust::signer::{AgentSigner, KeyChoice, SignError, Signer, TestSigner};
use crate::trust::sshsig::signed_data;
use crate::trust::verify_sig::BadSignature;
use crate::trust::wire::put_string;

/// For agents that are to be given up.
const SHORT: Duration = Duration::from_millis(300);
/// For agents that answer; never waited for.
const LONG: Duration = Duration::from_secs(30);

/// An agent that answers each connection's one request by what `answer` makes of its first byte.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn start(answer: impl Fn(u8, &mut UnixStream) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("agent")).unwrap();
        let answer = std::sync::Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer) = (stream.unwrap(), std::sync::Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut head = [0; 5];
                    if stream.read_exact(&mut head).is_ok() {
                        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
                        let mut rest = vec![0; usize::try_from(length).unwrap() - 1];
                        stream.read_exact(&mut rest).unwrap();
                        answer(head[4], &mut stream);
                    }
                });
            }
        });
        Self { folder }
    }

    fn agent(&self) -> Agent {
        Agent::new(self.folder.path().join("agent"))
    }
}

fn key() -> KeyInfo {
    TestSigner::from_seed([1; 32]).unwrap().key().clone()
}

fn send(stream: &mut UnixStream, message: &[u8]) {
    let mut framed = Vec::new();
    put_string(&mut framed, message);
    // The client may have gone away already.
    drop(stream.write_all(&framed));
}

fn list(stream: &mut UnixStream, keys: &[KeyInfo]) {
    let mut message = vec![12];
    message.extend(u32::try_from(keys.len()).unwrap().to_be_bytes());
    for key in keys {
        put_string(&mut message, &key.blob);
        put_string(&mut message, b"a \x1b[2Jkey");
    }
    send(stream, &message);
}

fn sign(fake: &Fake, limit: Duration) -> Result<Vec<u8>, AgentError> {
    fake.agent().sign(&key(), b"data", limit)
}

#[test]
fn an_agent_that_hangs_is_given_up() {
    let (done, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let fake = Fake::start(move |_, _| assert!(wait.lock().unwrap().recv().is_err()));
    assert!(matches!(sign(&fake, SHORT), Err(AgentError::Timeout { limit: SHORT, .. })));
    drop(done);
}

#[test]
fn an_agent_that_drips_is_given_up() {
    // Each byte comes in time, and all of them together do not.
    let fake = Fake::start(|_, stream| {
        drop(stream.write_all(&[0, 0, 4, 0]));
        while stream.write_all(&[0]).is_ok() {
            std::thread::sleep(SHORT / 10);
        }
    });
    assert!(matches!(sign(&fake, SHORT), Err(AgentError::Timeout { .. })));
}

#[test]
fn an_agent_that_nobody_serves_is_given_up() {
    // It is bound and never accepts.
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join("agent")).unwrap();
    let agent = Agent::new(folder.path().join("agent"));
    assert!(matches!(agent.sign(&key(), b"data", SHORT), Err(AgentError::Timeout { .. })));
}

#[test]
fn answers_that_are_none_are_named() {
    let broken = |answer: fn(&mut UnixStream)| {
        let fake = Fake::start(move |_, stream| answer(stream));
        match sign(&fake, LONG) {
            Err(AgentError::Broken { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(broken(|_| ()).contains("closed"));
    assert!(broken(|s| s.write_all(&[0, 0]).unwrap()).contains("closed"));
    assert!(broken(|s| s.write_all(&[0, 0, 0, 9, 14]).unwrap()).contains("closed"));
    assert!(broken(|s| s.write_all(&u32::MAX.to_be_bytes()).unwrap()).contains("bytes"));
    assert!(broken(|s| send(s, &[])).contains("0 bytes"));
    assert!(broken(|s| send(s, &[14, 0, 0, 0, 9])).contains("cut short"));
    assert!(broken(|s| send(s, &[99, 0, 0, 0, 0])).contains("type 99"));
    assert!(broken(|s| send(s, &[14, 0, 0, 0, 0, 7])).contains("type 14"));
}

#[test]
fn lists_of_keys_are_read_with_care() {
    let broken = |message: &'static [u8]| {
        let fake = Fake::start(move |_, stream| send(stream, message));
        assert!(matches!(fake.agent().identities(), Err(AgentError::Broken { .. })), "{message:?}");
    };
    broken(&[12, 0, 0, 0, 1]);
    broken(&[12, 0xff, 0xff, 0xff, 0xff]);
    broken(&[12, 0, 0, 0, 0, 1]);
    broken(&[5]);
    // A key that is none is listed with the reason, and the others are there.
    let fake = Fake::start(|_, stream| {
        let mut message = vec![12];
        message.extend(3_u32.to_be_bytes());
        let damaged = b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com\0\0\0\x01x".to_vec();
        for blob in [b"\0\0\0\x07ssh-dss".to_vec(), damaged, key().blob] {
            put_string(&mut message, &blob);
            put_string(&mut message, b"");
        }
        send(stream, &message);
    });
    let keys = fake.agent().identities().unwrap();
    assert_eq!(keys.iter().map(|i| i.key.is_ok()).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn an_agent_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let error = Agent::new(folder.path().join("nothing")).identities().unwrap_err();
    assert!(matches!(error, AgentError::Unreachable { .. }));
    assert!(error.hints().iter().any(|h| h.contains("SSH_AUTH_SOCK")));
}

#[test]
fn a_comment_cannot_write_to_the_terminal() {
    let fake = Fake::start(|_, stream| list(stream, &[key()]));
    let signer = AgentSigner::choose(fake.agent(), &KeyChoice::Only, None, LONG).unwrap();
    assert!(signer.key().to_string().ends_with("(ssh-ed25519, a <U+001B>[2Jkey)"));
}

#[test]
fn a_refusal_is_told_from_a_missing_key() {
    let fake = Fake::start(|request, stream| if request == 11 { list(stream, &[key()]) } else { send(stream, &[5]) });
    assert!(matches!(sign(&fake, LONG), Err(AgentError::Refused { hardware: false, .. })));
    let fake = Fake::start(|request, stream| if request == 11 { list(stream, &[]) } else { send(stream, &[5]) });
    assert!(matches!(sign(&fake, LONG), Err(AgentError::NoSuchKey { .. })));
}

#[test]
fn an_agent_that_lies_signs_nothing() {
    // It signs with another key than it was asked for.
    let fake = Fake::start(|request, stream| {
        if request == 11 {
            return list(stream, &[key()]);
        }
        let other = TestSigner::from_seed([2; 32]).unwrap();
        let mut message = vec![14];
        put_string(&mut message, &other.sign("n", b"message").unwrap().signature);
        send(stream, &message);
    });
    let signer = AgentSigner::choose(fake.agent(), &KeyChoice::Only, None, LONG).unwrap();
    let error = signer.sign("n", b"message").unwrap_err();
    assert!(matches!(error, SignError::Bad { why: BadSignature::Mismatch, .. }), "{error}");
}

#[test]
fn an_honest_agent_signs() {
    let fake = Fake::start(|request, stream| {
        if request == 11 {
            return list(stream, &[key()]);
        }
        let mut message = vec![14];
        put_string(&mut message, &TestSigner::from_seed([1; 32]).unwrap().sign("n", b"message").unwrap().signature);
        send(stream, &message);
    });
    let signer = AgentSigner::choose(fake.agent(), &KeyChoice::Only, None, LONG).unwrap();
    let sig = signer.sign("n", b"message").unwrap();
    assert_eq!(sig.signed_data(b"message"), signed_data("n", b"message"));
}
