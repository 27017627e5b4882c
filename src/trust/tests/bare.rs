//! Bare signatures: key files that openssl makes, and what counts as one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::openssh::missing;
use super::samples::{self, ANA, NOW, at, signer};
use crate::secrets::Secret;
use crate::trust::allowed_signers::{AllowedSigners, NoPrincipal};
use crate::trust::der::{self, Der};
use crate::trust::dsse::{BadEnvelope, Envelope, PAYLOAD_TYPE, pae};
use crate::trust::key_file::{KeyFileError, KeyFileSigner, Passphrase};
use crate::trust::raw::{self, Profile};
use crate::trust::revoked::Revoked;
use crate::trust::signer::{SignError, Signer, TestSigner};
use crate::trust::verify::{TrustRoot, Verified, VerifyError, detach, verify_envelope};
use crate::trust::verify_sig::BadSignature;
use crate::trust::{DECISION_NAMESPACE, TRIAGE_NAMESPACE};

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn openssl(&self, args: &[&str]) -> bool {
        let out = Command::new("openssl").args(args).current_dir(self.folder.path()).output().unwrap();
        out.status.success()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self, name: &str, kind: &[&str]) {
        assert!(self.openssl(&[&["genpkey", "-out", name], kind].concat()));
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn open(&self, name: &str, passphrase: Passphrase) -> Result<KeyFileSigner, KeyFileError> {
        match KeyFileSigner::open(&self.path(name), passphrase) {
            Ok(signer) => Ok(signer),
            Err(SignError::KeyFile { error, .. }) => Err(error),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn nobody() -> Passphrase {
    Arc::new(|_| panic!("nobody is to be asked"))
}

fn root(options: &str, signer: &dyn Signer) -> TrustRoot {
    let line = format!("{ANA} {options}{}\n", signer.key().to_line());
    TrustRoot { allowed_signers: AllowedSigners::parse("f", &line).unwrap(), ..TrustRoot::default() }
}

fn both() -> String {
    format!("namespaces=\"{DECISION_NAMESPACE},{TRIAGE_NAMESPACE}\" ")
}

fn judge(envelope: &Envelope, root: &TrustRoot) -> Result<Verified, VerifyError> {
    verify_envelope(&envelope.to_bytes().unwrap(), root, at(NOW))
}

const KINDS: [&[&str]; 2] = [&["-algorithm", "ed25519"], &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]];

#[test]
fn key_files_of_openssl_sign_and_openssl_verifies() {
    if missing(&["openssl"]) {
        return;
    }
    for kind in KINDS {
        let world = World::new();
        world.key("key.pem", kind);
        let signer = world.open("key.pem", nobody()).unwrap();
        assert_eq!((signer.profile(), signer.key().comment.line().as_ref()), (Profile::Raw, "key.pem"));
        let statement = samples::decision_by(&signer);
        let envelope = Envelope::sign(&statement, &signer).unwrap();
        let verified = judge(&envelope, &root(&both(), &signer)).unwrap();
        assert_eq!((verified.principal.as_str(), verified.profile), (ANA, Profile::Raw));
        assert!(matches!(detach(&envelope.to_bytes().unwrap()), Err(BadEnvelope::Bare)));

        // openssl, with the public key as we give it out.
        let message = pae(PAYLOAD_TYPE, &statement.payload().unwrap());
        std::fs::write(world.path("message"), &message).unwrap();
        std::fs::write(world.path("sig"), signer.sign_raw(&message).unwrap()).unwrap();
        std::fs::write(world.path("pub.pem"), raw::public_pem(signer.key()).unwrap()).unwrap();
        let mut args = vec!["pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-in", "message"];
        if kind.contains(&"EC") {
            args.extend(["-digest", "sha256"]);
        }
        args.extend(["-sigfile", "sig"]);
        assert!(world.openssl(&args));
        std::fs::write(world.path("message"), [message.as_slice(), b" "].concat()).unwrap();
        assert!(!world.openssl(&args));

        // The same key in OpenSSH's format, where that is asked for.
        let signer = signer.with_profile(Profile::SshSig).unwrap();
        let envelope = Envelope::sign(&samples::decision_by(&signer), &signer).unwrap();
        assert_eq!(judge(&envelope, &root("", &signer)).unwrap().profile, Profile::SshSig);
    }
}

#[test]
fn encrypted_key_files() {
    if missing(&["openssl"]) {
        return;
    }
    let world = World::new();
    for kind in KINDS {
        world.key("plain.pem", kind);
        let plain = world.open("plain.pem", nobody()).unwrap();
        for cipher in
            [&["-v2", "aes-256-cbc"][..], &["-v2", "aes-128-cbc"], &["-v2", "aes256", "-v2prf", "hmacWithSHA512"]]
        {
            let args = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem", "-passout", "pass:correct horse"];
            assert!(world.openssl(&[&args[..], cipher].concat()));
            std::fs::set_permissions(world.path("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
            let answers = Mutex::new(vec!["correct horse", "wrong"]);
            let signer = world.open("key.pem", Arc::new(move |_| answers.lock().unwrap().pop().map(Secret::new)));
            assert_eq!(signer.unwrap().key().blob, plain.key().blob, "{cipher:?}");
            assert_eq!(world.open("key.pem", Arc::new(|_| None)).unwrap_err(), KeyFileError::NoPassphrase);
            let wrong = Mutex::new(vec!["wrong"]);
            let asked: Passphrase = Arc::new(move |_| wrong.lock().unwrap().pop().map(Secret::new));
            assert_eq!(world.open("key.pem", asked).unwrap_err(), KeyFileError::Passphrase);
        }
        // Nobody is asked for the passphrase of what cannot be opened.
        let args = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem", "-passout", "pass:x", "-scrypt"];
        assert!(world.openssl(&args));
        std::fs::set_permissions(world.path("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(world.open("key.pem", nobody()).unwrap_err(), KeyFileError::Scheme);
    }
}

#[test]
fn other_key_files_are_named() {
    if missing(&["openssl"]) {
        return;
    }
    let world = World::new();
    for kind in [
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "x25519"],
    ] {
        world.key("key.pem", kind);
        assert_eq!(world.open("key.pem", nobody()).unwrap_err(), KeyFileError::Kind, "{kind:?}");
    }
    world.key("key.pem", KINDS[0]);
    let text = std::fs::read_to_string(world.path("key.pem")).unwrap();
    for damaged in [text.replace("MC4C", "MC4D"), text.replace("-----END", "-----"), text.replacen("BQYD", "", 1)] {
        std::fs::write(world.path("key.pem"), damaged).unwrap();
        assert!(world.open("key.pem", nobody()).is_err());
    }
}

#[test]
fn the_line_must_name_the_purpose_in_full() {
    let signer = signer().raw();
    let envelope = Envelope::sign(&samples::decision_by(&signer), &signer).unwrap();
    assert!(judge(&envelope, &root(&both(), &signer)).is_ok());
    for options in ["", "namespaces=\"*\" ", "namespaces=\"release-decision@*\" "] {
        let error = judge(&envelope, &root(options, &signer)).unwrap_err();
        assert!(matches!(error, VerifyError::Principal(NoPrincipal::NotExplicit { .. })), "{options}: {error}");
        let wanted = root(options, &signer).principal_of_bare(signer.key(), DECISION_NAMESPACE, at(NOW));
        assert!(wanted.is_err(), "{options}");
    }
    let triage_only = root(&format!("namespaces=\"{TRIAGE_NAMESPACE}\" "), &signer);
    assert!(matches!(judge(&envelope, &triage_only), Err(VerifyError::Principal(NoPrincipal::Namespace { .. }))));
    let expired = root(&format!("valid-before=\"20260101Z\",{}", both()), &signer);
    assert!(matches!(judge(&envelope, &expired), Err(VerifyError::Principal(NoPrincipal::Expired { .. }))));
    let list = Revoked::parse("revoked", signer.key().to_line().as_bytes()).unwrap();
    let revoking = TrustRoot { revoked: Some(list), ..root(&both(), &signer) };
    assert!(matches!(judge(&envelope, &revoking), Err(VerifyError::Revoked { .. })));
}

#[test]
fn what_is_no_bare_signature() {
    let signer = signer().raw();
    let (trust, statement) = (root(&both(), &signer), samples::decision_by(&signer));
    let payload = statement.payload().unwrap();
    let good = signer.sign_raw(&pae(PAYLOAD_TYPE, &payload)).unwrap();
    let keyid = signer.key().fingerprint.clone();
    let with = |keyid: &str, sig: &[u8]| judge(&Envelope::seal_raw(&payload, keyid, sig), &trust);
    assert!(with(&keyid, &good).is_ok());
    for i in 0..good.len() {
        let mut bad = good.clone();
        *bad.get_mut(i).unwrap() ^= 1;
        assert!(matches!(with(&keyid, &bad), Err(VerifyError::Signature(BadSignature::Mismatch))), "byte {i}");
    }
    assert!(matches!(with(&keyid, &good[..63]), Err(VerifyError::Envelope(_))));
    let other = TestSigner::from_seed([9; 32]).unwrap();
    for unknown in [other.key().fingerprint.as_str(), "", "key"] {
        assert!(
            matches!(with(unknown, &good), Err(VerifyError::Principal(NoPrincipal::NotListed { .. }))),
            "{unknown}"
        );
    }
    // A signature by another listed key under Ana's name.
    let forged = other.raw().sign_raw(&pae(PAYLOAD_TYPE, &payload)).unwrap();
    assert!(matches!(with(&keyid, &forged), Err(VerifyError::Signature(BadSignature::Mismatch))));
}

#[test]
fn a_signature_of_p256_has_one_spelling() {
    if missing(&["openssl"]) {
        return;
    }
    let world = World::new();
    world.key("key.pem", KINDS[1]);
    let signer = world.open("key.pem", nobody()).unwrap();
    let good = signer.sign_raw(b"message").unwrap();
    assert_eq!(raw::verify(signer.key(), b"message", &good), Ok(()));
    assert_eq!(raw::verify(signer.key(), b"another", &good), Err(BadSignature::Mismatch));
    let longer = [good.as_slice(), &[0]].concat();
    let mut wide = good.clone();
    // The length in two bytes where one does.
    wide.insert(1, 0x81);
    for bad in
        [longer, wide, good[..good.len() - 1].to_vec(), Vec::new(), vec![0x30, 0], vec![0x30, 6, 2, 1, 0, 2, 1, 0]]
    {
        assert_eq!(raw::verify(signer.key(), b"message", &bad), Err(BadSignature::Malformed), "{bad:?}");
    }
}

#[test]
fn a_high_s_is_accepted() {
    // The order of the group: with S, also its difference from this is a signature. Tools make either.
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    if missing(&["openssl"]) {
        return;
    }
    let world = World::new();
    world.key("key.pem", KINDS[1]);
    let signer = world.open("key.pem", nobody()).unwrap();
    let good = signer.sign_raw(b"message").unwrap();
    let mut inner = Der::new(&good).sequence().unwrap();
    let (r, s) = (inner.unsigned().unwrap(), inner.unsigned().unwrap());
    let mut other = [0_u8; 32];
    let mut borrow = 0_i32;
    for i in (0..32).rev() {
        let order = i32::from_str_radix(ORDER.get(2 * i..2 * i + 2).unwrap(), 16).unwrap();
        let digit = (i + s.len()).checked_sub(32).map_or(0, |at| i32::from(s[at]));
        let difference = order - digit - borrow;
        borrow = i32::from(difference < 0);
        other[i] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let mut content = Vec::new();
    der::put_unsigned(&mut content, r);
    der::put_unsigned(&mut content, &other);
    let mut mirrored = Vec::new();
    der::put(&mut mirrored, der::SEQUENCE, &content);
    assert_ne!(mirrored, good);
    assert_eq!(raw::verify(signer.key(), b"message", &mirrored), Ok(()));
    assert_eq!(raw::verify(signer.key(), b"another", &mirrored), Err(BadSignature::Mismatch));
}
