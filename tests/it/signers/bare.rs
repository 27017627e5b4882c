//! PKCS#8 key files and bare signatures of an agent.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use countersign::trust::bundle;
use countersign::trust::key_file::KeyFileSigner;
use countersign::trust::signer::{AgentSigner, KeyChoice, SignError, Signer, TOUCH_LIMIT};

use super::authority::Authority;
use super::verifiers::{Row, cosign, pem_of, signature};
use super::world::{RealAgent, World, have, sign};

/// Signs, and lets all judge; the bundle that we export is what cosign accepts.
pub fn row_holds(name: &str, world: &World, signer: &dyn Signer, authority: &Authority) {
    let root = world.list("", &signer.key().to_line());
    let envelope = sign(signer).unwrap();
    let token = authority.stamp(&signature(&envelope));
    let pem = pem_of(world, signer.key());
    let trusted = authority.trusted_root();
    Row { name, envelope: &envelope, pem: &pem, openssh: false, stamp: Some((&token, &trusted)) }.holds(world, &root);
    let (listed, now) = (authority.authorities(), chrono::Utc::now().into());
    let ours = bundle::export(&envelope, signer.key(), std::slice::from_ref(&token), &listed, now).unwrap();
    assert_eq!(ours.public_key, pem);
    if let Some(said) = cosign(world, &ours.json, &ours.public_key) {
        assert_eq!(said, Ok(()), "{name}: our own bundle");
    }
    super::verifiers::sigstore(&ours.json, &pem, &trusted).unwrap();
}

#[test]
fn key_files_in_pkcs8() {
    if !have(&["openssl", "ssh-keygen"]) {
        return;
    }
    let authority = Authority::new();
    for kind in [&["ed25519"][..], &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]] {
        let world = World::new();
        world.run("openssl", &[&["genpkey", "-out", "private.pem", "-algorithm"], kind].concat());
        std::fs::set_permissions(world.path("private.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let signer = KeyFileSigner::open(&world.path("private.pem"), Arc::new(|_| None)).unwrap();
        row_holds("PKCS#8", &world, &signer, &authority);
    }
}

#[test]
fn bare_signatures_of_an_agent() {
    if !have(&["openssl", "ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let authority = Authority::new();
    for kind in [&["-t", "ed25519"][..], &["-t", "ecdsa", "-b", "256"]] {
        let world = World::new();
        let agent = RealAgent::start(&world, "");
        world.keygen(&[kind, &["-N", "", "-f", "key"]].concat());
        agent.add(&world, &["key"], &[]);
        let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
        row_holds("agent, raw", &world, &signer.raw().unwrap(), &authority);
    }
    // An RSA key has no such form here.
    let world = World::new();
    let agent = RealAgent::start(&world, "");
    world.keygen(&["-t", "rsa", "-b", "2048", "-N", "", "-f", "key"]);
    agent.add(&world, &["key"], &[]);
    let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
    assert!(matches!(signer.raw(), Err(SignError::NoRaw(_))));
}
