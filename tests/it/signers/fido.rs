//! FIDO keys without hardware: OpenSSH's own stand-in, through the real agent and its helper.

use std::os::unix::fs::PermissionsExt as _;

use countersign::trust::DECISION_NAMESPACE;
use countersign::trust::dsse::{Envelope, PAYLOAD_TYPE, pae};
use countersign::trust::signer::{AgentSigner, KeyChoice, SignError, Signer as _, TOUCH_LIMIT};
use countersign::trust::sshsig::SshSig;
use countersign::trust::verify::VerifyError;
use countersign::trust::verify_sig::BadSignature;

use super::authority::Authority;
use super::verifiers::{Row, pem_of, signature, ssh_keygen};
use super::world::{RealAgent, World, decision, have, sign, verify};
use crate::support::programs;

/// The counter that the stand-in always gives.
const COUNTER: u32 = 0x1234_5678;

/// A world with a key made by the stand-in, and an agent that has it.
fn world(options: &[&str]) -> Option<(World, RealAgent)> {
    if !have(&["openssl", "ssh-keygen", "ssh-agent", "ssh-add"]) {
        return None;
    }
    let provider = programs::find("sk-dummy.so")?;
    let provider = provider.to_str().unwrap();
    let world = World::new();
    // Whoever is asked for a PIN: any will do.
    std::fs::write(world.path("askpass"), "#!/bin/sh\necho 1234\n").unwrap();
    std::fs::set_permissions(world.path("askpass"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = world.command("ssh-keygen");
    command.args(["-q", "-N", "", "-f", "key", "-w", provider]).args(options);
    command.env("SSH_ASKPASS", world.path("askpass")).env("SSH_ASKPASS_REQUIRE", "force");
    let out = command.output().unwrap();
    assert!(out.status.success(), "{options:?}: {}", String::from_utf8_lossy(&out.stderr));
    let agent = RealAgent::start(&world, provider);
    agent.add(&world, &["-S", provider, "key"], &[]);
    Some((world, agent))
}

fn signer(agent: &RealAgent) -> AgentSigner {
    AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap()
}

#[test]
fn touched_keys_are_good() {
    for kind in ["ed25519-sk", "ecdsa-sk"] {
        let Some((world, agent)) = world(&["-t", kind]) else { return };
        let signer = signer(&agent);
        assert!(signer.key().hardware);
        let root = world.list("", &world.text("key.pub"));
        let envelope = sign(&signer).unwrap();
        let touch = verify(&envelope, &root).unwrap().touch.unwrap();
        assert_eq!((touch.verified, touch.counter), (false, COUNTER));
        let authority = Authority::new();
        let (token, pem) = (authority.stamp(&signature(&envelope)), pem_of(&world, signer.key()));
        let trusted = authority.trusted_root();
        let stamp = Some((token.as_slice(), &trusted));
        Row { name: kind, envelope: &envelope, pem: &pem, openssh: true, stamp }.holds(&world, &root);
    }
}

#[test]
fn an_untouched_key_is_refused_though_ssh_keygen_accepts_it() {
    for kind in ["ed25519-sk", "ecdsa-sk"] {
        let Some((world, agent)) = world(&["-t", kind, "-O", "no-touch-required"]) else { return };
        let signer = signer(&agent);
        // Nothing is signed with it in the first place.
        let error = sign(&signer).unwrap_err();
        assert!(matches!(error, SignError::Bad { why: BadSignature::NotTouched(0), .. }), "{error}");
        assert!(error.hints().iter().any(|h| h.contains("no-touch-required")));
        // And what somebody else signs with it is refused, though all else about it is good.
        let payload = decision(&signer).payload().unwrap();
        std::fs::write(world.path("message"), pae(PAYLOAD_TYPE, &payload)).unwrap();
        let provider = programs::find("sk-dummy.so").unwrap();
        let mut command = world.command("ssh-keygen");
        command.args(["-Y", "sign", "-n", DECISION_NAMESPACE, "-f", "key", "message"]);
        let out = command.env("SSH_SK_PROVIDER", provider).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let armoured = std::fs::read_to_string(world.path("message.sig")).unwrap();
        let envelope = Envelope::seal(&payload, &SshSig::from_armoured(&armoured).unwrap()).to_bytes().unwrap();
        let root = world.list("", &world.text("key.pub"));
        assert!(ssh_keygen(&world, &envelope), "{kind}: ssh-keygen does not look at the flags");
        let error = verify(&envelope, &root).unwrap_err();
        assert!(matches!(error, VerifyError::Signature(BadSignature::NotTouched(0))), "{error}");
        assert!(error.hint().contains("touch"));
    }
}

#[test]
fn a_pin_is_told_from_a_touch() {
    let Some((world, agent)) = world(&["-t", "ed25519-sk", "-O", "verify-required"]) else { return };
    let root = world.list("", &world.text("key.pub"));
    let envelope = sign(&signer(&agent)).unwrap();
    let touch = verify(&envelope, &root).unwrap().touch.unwrap();
    assert_eq!((touch.verified, touch.counter), (true, COUNTER));
    assert!(ssh_keygen(&world, &envelope));
}

#[test]
fn a_certificate_can_ask_for_more_than_a_touch() {
    for (options, good) in [(&["-O", "verify-required"][..], true), (&[], false)] {
        let Some((world, agent)) = world(&[&["-t", "ed25519-sk"], options].concat()) else { return };
        world.keygen(&["-N", "", "-t", "ed25519", "-f", "ca"]);
        let certify = ["-s", "ca", "-I", "ana", "-n", super::world::ANA, "-V", "-5m:+1h", "-O", "verify-required"];
        world.keygen(&[&certify[..], &["key.pub"]].concat());
        agent.add(&world, &["-D"], &[]);
        let provider = programs::find("sk-dummy.so").unwrap();
        agent.add(&world, &["-S", provider.to_str().unwrap(), "key"], &[]);
        let line = format!("*@example.com cert-authority {}\n", world.text("ca.pub"));
        std::fs::write(world.path("allowed"), line).unwrap();
        let root = countersign::trust::verify::TrustRoot::load(&world.path("allowed"), None).unwrap();
        let signers = Some(&root.allowed_signers);
        let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, signers, TOUCH_LIMIT).unwrap();
        match sign(&signer) {
            Ok(envelope) => {
                assert!(good);
                assert!(verify(&envelope, &root).unwrap().touch.unwrap().verified);
                assert!(ssh_keygen(&world, &envelope));
            }
            Err(error) => {
                assert!(!good && matches!(error, SignError::Bad { why: BadSignature::NotVerified, .. }), "{error}");
            }
        }
    }
}
