//! Keys and certificates in an agent, in OpenSSH's own format.

use countersign::trust::DECISION_NAMESPACE;
use countersign::trust::allowed_signers::NoPrincipal;
use countersign::trust::signer::{AgentSigner, KeyChoice, SignError, Signer as _, TOUCH_LIMIT};
use countersign::trust::verify::{TrustRoot, VerifyError};

use super::authority::Authority;
use super::verifiers::{Row, pem_of, signature, ssh_keygen};
use super::world::{ANA, RealAgent, World, have, sign, verify};

const TOOLS: [&str; 4] = ["openssl", "ssh-keygen", "ssh-agent", "ssh-add"];

#[test]
fn keys_in_an_agent() {
    if !have(&TOOLS) {
        return;
    }
    let authority = Authority::new();
    for kind in [&["ed25519"][..], &["ecdsa", "-b", "256"], &["rsa", "-b", "2048"]] {
        let world = World::new();
        let agent = RealAgent::start(&world, "");
        world.keygen(&[&["-N", "", "-f", "key", "-t"], kind].concat());
        agent.add(&world, &["key"], &[]);
        let root = world.list("", &world.text("key.pub"));
        let signers = Some(&root.allowed_signers);
        let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, signers, TOUCH_LIMIT).unwrap();
        let envelope = sign(&signer).unwrap();
        let (token, pem) = (authority.stamp(&signature(&envelope)), pem_of(&world, signer.key()));
        let trusted = authority.trusted_root();
        let stamp = Some((token.as_slice(), &trusted));
        Row { name: kind[0], envelope: &envelope, pem: &pem, openssh: true, stamp }.holds(&world, &root);
    }
}

#[test]
fn a_locked_agent_is_among_the_causes() {
    use std::os::unix::fs::PermissionsExt as _;
    if !have(&TOOLS) {
        return;
    }
    let world = World::new();
    std::fs::write(world.path("askpass"), "#!/bin/sh\necho secret\n").unwrap();
    std::fs::set_permissions(world.path("askpass"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let agent = RealAgent::start(&world, "");
    world.keygen(&["-N", "", "-t", "ed25519", "-f", "key"]);
    agent.add(&world, &["key"], &[]);
    let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
    let askpass = world.path("askpass");
    let env = [("SSH_ASKPASS", askpass.to_str().unwrap()), ("SSH_ASKPASS_REQUIRE", "force")];
    agent.add(&world, &["-x"], &env);
    // A locked agent says the same as one that never had the key.
    let error = sign(&signer).unwrap_err();
    assert!(error.hints().iter().any(|h| h.contains("ssh-add -X")), "{error}");
    let error = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap_err();
    assert!(error.hints().iter().any(|h| h.contains("ssh-add -X")), "{error}");
    agent.add(&world, &["-X"], &env);
    assert!(sign(&signer).is_ok());
}

#[test]
fn a_certificate_in_an_agent() {
    if !have(&TOOLS) {
        return;
    }
    let world = World::new();
    let agent = RealAgent::start(&world, "");
    world.keygen(&["-N", "", "-t", "ed25519", "-f", "ca"]);
    world.keygen(&["-N", "", "-t", "ed25519", "-f", "key"]);
    world.keygen(&["-s", "ca", "-I", "ana", "-n", ANA, "-V", "-5m:+1h", "-z", "7", "key.pub"]);
    // The agent has the key by itself and with its certificate.
    agent.add(&world, &["key"], &[]);
    assert_eq!(agent.client().identities().unwrap().len(), 2);
    let line = format!("*@example.com cert-authority,namespaces=\"{DECISION_NAMESPACE}\" {}\n", world.text("ca.pub"));
    std::fs::write(world.path("allowed"), line).unwrap();
    let root = TrustRoot::load(&world.path("allowed"), None).unwrap();
    let choose = |choice: &KeyChoice, root: &TrustRoot| {
        AgentSigner::choose(agent.client(), choice, Some(&root.allowed_signers), TOUCH_LIMIT).unwrap()
    };
    // It is the certificate that the list knows, however the key is named.
    let fingerprint = world.key("key.pub").fingerprint;
    for choice in [
        KeyChoice::Only,
        KeyChoice::Fingerprint(fingerprint),
        KeyChoice::PublicFile(world.path("key.pub")),
        KeyChoice::PublicFile(world.path("key-cert.pub")),
    ] {
        assert!(choose(&choice, &root).key().certificate.is_some(), "{choice:?}");
    }
    let signer = choose(&KeyChoice::Only, &root);
    let envelope = sign(&signer).unwrap();
    let pem = pem_of(&world, &world.key("key.pub"));
    Row { name: "certificate", envelope: &envelope, pem: &pem, openssh: true, stamp: None }.holds(&world, &root);
    assert_eq!(verify(&envelope, &root).unwrap().principal.as_str(), ANA);
    // Where the plain key is listed, it is that one.
    let plain = world.list("", &world.text("key.pub"));
    assert!(choose(&KeyChoice::Only, &plain).key().certificate.is_none());
    // Another authority's line: nobody's, for ssh-keygen and for us.
    world.keygen(&["-N", "", "-t", "ed25519", "-f", "ca2"]);
    std::fs::write(world.path("allowed"), format!("* cert-authority {}\n", world.text("ca2.pub"))).unwrap();
    let other = TrustRoot::load(&world.path("allowed"), None).unwrap();
    assert!(!ssh_keygen(&world, &envelope));
    assert!(matches!(verify(&envelope, &other), Err(VerifyError::Principal(NoPrincipal::Authority { .. }))));
    let none = AgentSigner::choose(agent.client(), &KeyChoice::Only, Some(&other.allowed_signers), TOUCH_LIMIT);
    assert!(matches!(none, Err(SignError::NoCandidate { .. })));
    // The agent no longer has it.
    agent.add(&world, &["-D"], &[]);
    let error = sign(&signer).unwrap_err();
    assert!(error.to_string().contains("does not have the key"), "{error}");
    assert!(!agent.socket().as_os_str().is_empty());
}
