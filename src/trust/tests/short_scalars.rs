//! Keys of P-256 whose secret number has fewer than 32 bytes: about one of some hundreds that ssh-keygen makes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::openssh::missing;
use super::samples::{self, ANA, NOW, at};
use crate::secrets::Secret;
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::der::{self, INTEGER, OCTETS, OID, SEQUENCE};
use crate::trust::dsse::Envelope;
use crate::trust::key_file::{KeyFileError, KeyFileSigner, Question};
use crate::trust::signer::{SignError, Signer as _};
use crate::trust::verify::{TrustRoot, verify_envelope};

const PLAIN: &str = include_str!("../../../tests/fixtures/trust/test-key-short-scalar");
const ENCRYPTED: &str = include_str!("../../../tests/fixtures/trust/test-key-short-scalar-encrypted");
const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCmBwRu61LaODIq3tCN5qS3AfqVWwQs\
                      77CW4X/6+IIE7VpPD7TJPD1ZqDZ+alnU6//7pgoLKRPZ7jVx83d77Xw0=";

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Opens a file, which must be the key, and signs a decision that counts.
fn signs(path: &Path, passphrases: &'static [&'static str]) {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let ask = move |_: &Question<'_>| {
        let n = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        passphrases.get(n).map(|text| Secret::new((*text).to_owned()))
    };
    let signer = KeyFileSigner::open(path, Arc::new(ask)).unwrap();
    assert_eq!(signer.key().to_line(), PUBLIC);
    let envelope = Envelope::sign(&samples::decision_by(&signer), &signer).unwrap().to_bytes().unwrap();
    let line = format!("{ANA} namespaces=\"release-decision@countersign.dev\" {PUBLIC}\n");
    let allowed_signers = AllowedSigners::parse("f", &line).unwrap();
    let root = TrustRoot { allowed_signers, ..TrustRoot::default() };
    assert_eq!(verify_envelope(&envelope, &root, at(NOW)).unwrap().principal.as_str(), ANA);
}

fn refused(text: &str) -> KeyFileError {
    let folder = tempfile::tempdir().unwrap();
    match KeyFileSigner::open(&write(folder.path(), text), Arc::new(|_| None)) {
        Err(SignError::KeyFile { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

/// The bytes within the armour, changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (begin, end) = ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----END OPENSSH PRIVATE KEY-----\n");
    let inner = PLAIN.strip_prefix(begin).unwrap().strip_suffix(end).unwrap();
    let mut bytes = STANDARD.decode(inner.replace('\n', "")).unwrap();
    change(&mut bytes);
    format!("{begin}{}\n{end}", STANDARD.encode(bytes))
}

#[test]
fn they_sign_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    signs(&write(folder.path(), PLAIN), &[]);
    signs(&write(folder.path(), &PLAIN.replace('\n', "\r\n")), &[]);
}

#[test]
fn they_are_decrypted_and_another_passphrase_is_asked_for_where_one_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    signs(&write(folder.path(), ENCRYPTED), &["wrong", "correct horse"]);
}

#[test]
fn with_every_cipher_of_ssh_keygen() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for cipher in ["aes128-cbc", "aes256-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"] {
        let path = write(folder.path(), PLAIN);
        let args = ["-q", "-p", "-a", "1", "-P", "", "-N", "correct horse", "-Z", cipher, "-f"];
        assert!(Command::new("ssh-keygen").args(args).arg(&path).output().unwrap().status.success(), "{cipher}");
        signs(&path, &["correct horse"]);
    }
}

#[test]
fn what_is_damaged_is_refused_all_the_same() {
    assert_eq!(refused(&changed(|bytes| *bytes.last_mut().unwrap() ^= 1)), KeyFileError::NotAKey);
    assert_eq!(refused(&changed(|bytes| bytes.push(0))), KeyFileError::NotAKey);
    // The two numbers before the key, of which ssh-keygen compares the one with the other.
    let section = 15 + 8 + 8 + 4 + 4 + 4 + 104 + 4;
    assert_eq!(refused(&changed(|bytes| bytes[section] ^= 1)), KeyFileError::NotAKey);
    // The public half, which stands in the file twice.
    assert_eq!(refused(&changed(|bytes| bytes[section - 5] ^= 1)), KeyFileError::NotAKey);
    for end in [section, section + 8, section + 130] {
        assert_eq!(refused(&changed(|bytes| bytes.truncate(end))), KeyFileError::NotAKey);
    }
}

#[test]
fn in_pkcs8_in_both_spellings() {
    let folder = tempfile::tempdir().unwrap();
    let opened = crate::trust::openssh_key::read(PLAIN).unwrap();
    let scalar = opened.key_data().ecdsa().unwrap().private_key_bytes().to_vec();
    assert_eq!((scalar.len(), scalar.first()), (32, Some(&0)));
    // openssl writes all 32 bytes, as it must be; others leave the zeros out.
    for scalar in [&scalar[..], &scalar[1..]] {
        let (mut algorithm, mut key, mut octets) = (Vec::new(), Vec::new(), Vec::new());
        der::put(&mut algorithm, OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
        der::put(&mut algorithm, OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        der::put(&mut key, INTEGER, &[1]);
        der::put(&mut key, OCTETS, scalar);
        der::put(&mut octets, SEQUENCE, &key);
        let (mut content, mut whole) = (Vec::new(), Vec::new());
        der::put(&mut content, INTEGER, &[0]);
        der::put(&mut content, SEQUENCE, &algorithm);
        der::put(&mut content, OCTETS, &octets);
        der::put(&mut whole, SEQUENCE, &content);
        let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(whole));
        signs(&write(folder.path(), &text), &[]);
    }
}
