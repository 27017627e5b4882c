//! Certificates made by the real ssh-keygen: which count, as whom, and every way in which one does not.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::openssh::missing;
use super::samples::{self, ANA, NOW, at};
use crate::trust::DECISION_NAMESPACE;
use crate::trust::allowed_signers::NoPrincipal;
use crate::trust::cert::{BadCertificate, Certificate, Unfit};
use crate::trust::dsse::{BadEnvelope, Envelope};
use crate::trust::key::{BadKey, KeyInfo};
use crate::trust::key_file::{KeyFileError, KeyFileSigner};
use crate::trust::revoked::Revoked;
use crate::trust::signer::{SignError, Signer as _};
use crate::trust::verify::{TrustRoot, Verified, VerifyError, detach, verify_envelope};

/// An authority, a key, and a certificate for it.
struct World {
    folder: tempfile::TempDir,
}

/// For a certificate that is good as of [`NOW`].
const YEAR: &str = "20260101000000:20270101000000";

impl World {
    fn new(kind: &[&str]) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.keygen(&["-q", "-N", "", "-C", "the authority", "-t", "ed25519", "-f", "ca"]);
        world.keygen(&[&["-q", "-N", "", "-C", "ana's key", "-f", "key"], kind].concat());
        world
    }

    fn keygen(&self, args: &[&str]) {
        let out =
            Command::new("ssh-keygen").args(args).current_dir(self.folder.path()).env("TZ", "UTC").output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }

    /// Certifies the key; `extra` comes last, so that it wins.
    fn certify(&self, principals: &str, extra: &[&str]) -> KeyInfo {
        drop(std::fs::remove_file(self.path("key-cert.pub")));
        let args = ["-q", "-s", "ca", "-I", "ana-2026", "-n", principals, "-V", YEAR, "-z", "7"];
        self.keygen(&[&args[..], extra, &["key.pub"]].concat());
        KeyInfo::from_line(&self.text("key-cert.pub")).unwrap()
    }

    fn signer(&self) -> KeyFileSigner {
        let signer = KeyFileSigner::open(&self.path("key"), Arc::new(|_| None)).unwrap();
        signer.with_certificate(&self.path("key-cert.pub")).unwrap()
    }

    fn envelope(&self) -> Vec<u8> {
        let signer = self.signer();
        Envelope::sign(&samples::decision_by(&signer), &signer).unwrap().to_bytes().unwrap()
    }

    fn root(&self, patterns: &str, options: &str) -> TrustRoot {
        let line = format!("{patterns} cert-authority{options} {}\n", self.text("ca.pub"));
        std::fs::write(self.path("allowed"), line).unwrap();
        TrustRoot::load(&self.path("allowed"), None).unwrap()
    }

    fn verify(&self, root: &TrustRoot) -> Result<Verified, VerifyError> {
        verify_envelope(&self.envelope(), root, at(NOW))
    }

    /// What ssh-keygen says of the envelope with the allowed_signers of the last root, as of [`NOW`].
    fn ssh_keygen_accepts(&self, principal: &str) -> bool {
        let detached = detach(&self.envelope()).unwrap();
        let (message, sig) = detached.write(self.folder.path(), "decision").unwrap();
        let mut args = vec!["-Y", "verify", "-f", "allowed", "-I", principal, "-n", DECISION_NAMESPACE, "-O"];
        args.extend(["verify-time=20260601120000", "-s", sig.to_str().unwrap()]);
        let input = std::fs::File::open(message).unwrap();
        let mut command = Command::new("ssh-keygen");
        command.args(args).current_dir(self.folder.path()).env("TZ", "UTC").stdin(input);
        command.output().unwrap().status.success()
    }
}

fn why(result: Result<Verified, VerifyError>) -> NoPrincipal {
    match result {
        Err(VerifyError::Principal(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn unfit(result: Result<Verified, VerifyError>) -> Unfit {
    match why(result) {
        NoPrincipal::Certificate { why, .. } => *why,
        other => panic!("{other:?}"),
    }
}

const KINDS: [&[&str]; 3] = [&["-t", "ed25519"], &["-t", "ecdsa", "-b", "256"], &["-t", "rsa", "-b", "2048"]];

#[test]
fn a_certificate_of_a_listed_authority_counts_for_all_kinds_of_keys() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    for kind in KINDS {
        let world = World::new(kind);
        let key = world.certify(&format!("{ANA},ana"), &[]);
        assert_eq!((key.certificate.as_ref().unwrap().serial, key.hardware), (7, false));
        let root = world.root("*@example.com", &format!(",namespaces=\"{DECISION_NAMESPACE}\""));
        let verified = world.verify(&root).unwrap();
        assert_eq!(verified.principal.as_str(), ANA);
        assert_eq!(verified.key.certificate.as_ref().unwrap().key_id, "ana-2026");
        assert!(world.ssh_keygen_accepts(ANA));
        // The keyid is that of the plain key, and so is the approver's.
        let plain = KeyInfo::from_line(&world.text("key.pub")).unwrap();
        assert_eq!(verified.key.fingerprint, plain.fingerprint);
        let envelope = Envelope::parse(&world.envelope()).unwrap();
        assert_eq!(envelope.signatures.first().unwrap().keyid, plain.fingerprint);
        assert_eq!(root.principal_of(&key, DECISION_NAMESPACE, at(NOW)).unwrap().as_str(), ANA);
        // The plain key counts for nothing by that line.
        assert!(matches!(
            root.principal_of(&plain, DECISION_NAMESPACE, at(NOW)),
            Err(VerifyError::Principal(NoPrincipal::NotListed { .. }))
        ));
    }
}

#[test]
fn the_authoritys_line_is_kept() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0]);
    world.certify(ANA, &[]);
    let with = |patterns: &str, options: &str, theirs: bool| {
        let outcome = world.verify(&world.root(patterns, options));
        assert_eq!(world.ssh_keygen_accepts(ANA), theirs, "{patterns} {options}");
        why(outcome)
    };
    assert!(matches!(with("*@example.org", "", false), NoPrincipal::Principals { .. }));
    assert!(matches!(with("*@example.com,!ana*", "", false), NoPrincipal::Principals { .. }));
    assert!(matches!(with("*", ",namespaces=\"git\"", false), NoPrincipal::Namespace { .. }));
    assert!(matches!(with("*", ",valid-before=\"20260501Z\"", false), NoPrincipal::Expired { .. }));
    assert!(matches!(with("*", ",valid-after=\"20260701Z\"", false), NoPrincipal::NotYet { .. }));
    // The authority is listed as a signer only, or another authority is.
    let ca = world.text("ca.pub");
    std::fs::write(world.path("allowed"), format!("{ANA} {ca}\n")).unwrap();
    let root = TrustRoot::load(&world.path("allowed"), None).unwrap();
    assert!(matches!(why(world.verify(&root)), NoPrincipal::Authority { .. }));
    assert!(!world.ssh_keygen_accepts(ANA));
    let other = World::new(KINDS[0]);
    let root = other.root("*", "");
    assert!(matches!(why(world.verify(&root)), NoPrincipal::Authority { .. }));
}

#[test]
fn exactly_one_principal_fits() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0]);
    for (principals, patterns) in [
        // ssh-keygen is told whom to look for, and takes any of these.
        ("ana@example.com,bob@example.com", "*@example.com"),
        ("root,deploy", "*@example.com"),
        ("*@example.com", "*@example.com"),
    ] {
        world.certify(principals, &[]);
        let error = why(world.verify(&world.root(patterns, "")));
        assert!(matches!(error, NoPrincipal::Principals { .. }), "{principals}: {error}");
    }
    // Two lines of the authority together may name only one person either.
    world.certify("ana@example.com,ana@example.org", &[]);
    let ca = world.text("ca.pub");
    let lines = format!("*@example.com cert-authority {ca}\n*@example.org cert-authority,namespaces=\"other\" {ca}\n");
    std::fs::write(world.path("allowed"), lines).unwrap();
    let root = TrustRoot::load(&world.path("allowed"), None).unwrap();
    assert!(matches!(why(world.verify(&root)), NoPrincipal::Principals { .. }));
    // The key is listed by itself, for somebody else.
    world.certify(ANA, &[]);
    let lines = format!("*@example.com cert-authority {ca}\nbob@example.com {}\n", world.text("key.pub"));
    std::fs::write(world.path("allowed"), lines).unwrap();
    let root = TrustRoot::load(&world.path("allowed"), None).unwrap();
    assert!(matches!(why(world.verify(&root)), NoPrincipal::Several { .. }));
}

#[test]
fn a_certificate_has_its_own_time_and_options() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0]);
    let judged = |extra: &[&str], theirs: bool| {
        world.certify(ANA, extra);
        let outcome = world.verify(&world.root("*@example.com", ""));
        assert_eq!(world.ssh_keygen_accepts(ANA), theirs, "{extra:?}");
        outcome
    };
    assert!(judged(&["-V", "always:forever"], true).is_ok());
    assert!(matches!(unfit(judged(&["-V", "20250101:20260601115959"], false)), Unfit::Expired { .. }));
    assert!(matches!(unfit(judged(&["-V", "20260601120001:20270101"], false)), Unfit::NotYet { .. }));
    assert!(judged(&["-V", "20260601120000:20270101"], true).is_ok());
    // ssh-keygen passes over critical options; we cannot keep these, so they are refused.
    for option in ["force-command=/bin/true", "source-address=10.0.0.0/8", "critical:x@example.com=y"] {
        assert!(matches!(unfit(judged(&["-O", option], true)), Unfit::Option(_)), "{option}");
    }
    assert!(judged(&["-O", "clear", "-O", "extension:x@example.com=y"], true).is_ok());
    // A PIN or a finger that a key in software does not ask for: it does not even sign.
    world.certify(ANA, &["-O", "verify-required"]);
    let signer = world.signer();
    let error = Envelope::sign(&samples::decision_by(&signer), &signer).unwrap_err();
    assert!(error.to_string().contains("verify-required"), "{error}");
    // A host's certificate says nothing of people.
    drop(std::fs::remove_file(world.path("key-cert.pub")));
    world.keygen(&["-q", "-s", "ca", "-h", "-I", "host", "-n", ANA, "-V", YEAR, "key.pub"]);
    let error = KeyInfo::from_line(&world.text("key-cert.pub")).unwrap_err();
    assert_eq!(error, BadKey::Certificate(BadCertificate::NotUser(2)));
}

#[test]
fn certificates_are_revoked_in_every_way_that_a_list_knows() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0]);
    let key = world.certify(ANA, &[]);
    let listed = |spec: &str, ca: &str| {
        std::fs::write(world.path("spec"), format!("{spec}\n")).unwrap();
        world.keygen(&["-q", "-k", "-f", "krl", "-s", ca, "spec"]);
        let revoked = Revoked::parse("krl", &std::fs::read(world.path("krl")).unwrap()).unwrap();
        let ours = revoked.revokes(&key);
        let mut command = Command::new("ssh-keygen");
        command.args(["-Q", "-f", "krl", "key-cert.pub"]).current_dir(world.folder.path());
        let theirs = !command.output().unwrap().status.success();
        assert_eq!(ours, theirs, "{spec}");
        if ours {
            let root = TrustRoot { revoked: Some(revoked), ..world.root("*@example.com", "") };
            assert!(matches!(world.verify(&root), Err(VerifyError::Revoked { .. })), "{spec}");
        }
        ours
    };
    for spec in ["serial: 7", "serial: 3-9", "id: ana-2026", "serial: 1\nserial: 5\nserial: 7\nserial: 8\nserial: 200"]
    {
        assert!(listed(spec, "ca.pub"), "{spec}");
    }
    for spec in ["serial: 8", "serial: 8-900", "id: bob", "serial: 1\nserial: 5\nserial: 6\nserial: 8\nserial: 200"] {
        assert!(!listed(spec, "ca.pub"), "{spec}");
    }
    assert!(listed("id: ana-2026", "NONE"), "of any authority");
    assert!(listed(&world.text("key.pub"), "NONE"), "its key");
    assert!(listed(&world.text("ca.pub"), "NONE"), "its authority");
    assert!(listed(&format!("sha256: {}", world.text("key.pub")), "NONE"));
    let other = World::new(KINDS[0]);
    std::fs::copy(other.path("ca.pub"), world.path("ca2.pub")).unwrap();
    std::fs::write(world.path("spec"), "serial: 7\n").unwrap();
    world.keygen(&["-q", "-k", "-f", "krl", "-s", "ca2.pub", "spec"]);
    let revoked = Revoked::parse("krl", &std::fs::read(world.path("krl")).unwrap()).unwrap();
    assert!(!revoked.revokes(&key), "the serial of another authority");
}

#[test]
fn no_changed_byte_of_a_certificate_goes_unnoticed() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let world = World::new(KINDS[0]);
    let key = world.certify(ANA, &[]);
    let root = world.root("*@example.com", "");
    let good = key.wire().to_vec();
    for i in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bad = good.clone();
            *bad.get_mut(i).unwrap() ^= flip;
            if let Ok(read) = KeyInfo::from_blob(&bad, "") {
                assert!(root.principal_of(&read, DECISION_NAMESPACE, at(NOW)).is_err(), "byte {i}");
            }
        }
        assert!(KeyInfo::from_blob(good.get(..i).unwrap(), "").is_err(), "cut at {i}");
    }
    assert!(Certificate::parse(&[good.as_slice(), &[0]].concat()).is_err());
    // Another one's certificate on Ana's signature: the keyid gives it away, and if that is changed too, the signature.
    let other = World::new(KINDS[0]);
    let mallory = other.certify(ANA, &[]);
    let mut sig = world.signer().sign(DECISION_NAMESPACE, b"x").unwrap();
    sig.public_key = mallory.wire().to_vec();
    let forged = Envelope::seal(b"{}", &sig);
    let root = other.root("*@example.com", "");
    assert!(matches!(verify_envelope(&forged.to_bytes().unwrap(), &root, at(NOW)), Err(VerifyError::Signature(_))));
    let mut hint = forged.clone();
    hint.signatures.first_mut().unwrap().keyid.clone_from(&key.fingerprint);
    assert!(matches!(
        verify_envelope(&hint.to_bytes().unwrap(), &root, at(NOW)),
        Err(VerifyError::Envelope(BadEnvelope::KeyId { .. }))
    ));
}

#[test]
fn a_certificate_beside_a_key_file_must_be_for_it() {
    if missing(&["ssh-keygen"]) {
        return;
    }
    let (world, other) = (World::new(KINDS[0]), World::new(KINDS[0]));
    other.certify(ANA, &[]);
    let with = |file: &Path| {
        let signer = KeyFileSigner::open(&world.path("key"), Arc::new(|_| None)).unwrap();
        match signer.with_certificate(file) {
            Err(SignError::KeyFile { error: KeyFileError::Certificate { why, .. }, .. }) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(with(&other.path("key-cert.pub")).contains("another key"));
    assert!(with(&world.path("key.pub")).contains("plain key"));
    assert!(with(&world.path("nowhere")).contains("cannot be read"));
}
