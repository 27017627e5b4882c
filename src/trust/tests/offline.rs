//! The auditor's way of docs/verify-offline.md, run as it stands there.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::openssh::missing;
use super::samples::{self, ANA};
use crate::trust::dsse::Envelope;
use crate::trust::signer::TestSigner;

const PAGE: &str = include_str!("../../../docs/verify-offline.md");

/// The commands of the page, in order, from the envelope on: getting it out of a ledger is for tests/it.
fn commands() -> String {
    let mut out = String::new();
    let (_, steps) = PAGE.split_once("\n## 1. ").unwrap();
    for block in steps.split("\n```sh\n").skip(1) {
        out.push_str(block.split("\n```").next().unwrap());
        out.push('\n');
    }
    out
}

fn run(folder: &Path, envelope: &Envelope, allowed: &str) -> (bool, String) {
    std::fs::write(folder.join("decision.json"), envelope.to_bytes().unwrap()).unwrap();
    std::fs::write(folder.join("allowed_signers"), allowed).unwrap();
    // A locale in which characters are more than bytes: the lengths must come out in bytes all the same.
    let out = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands()])
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

#[test]
fn the_page_verifies_what_we_sign_and_refuses_what_was_changed() {
    if missing(&["bash", "jq", "ssh-keygen", "base64", "cmp"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let signer = samples::signer();
    let allowed = signer.allowed_line(ANA);
    let envelope = Envelope::sign(&samples::decision(), &signer).unwrap();
    let (ok, said) = run(folder.path(), &envelope, &allowed);
    assert!(ok, "{said}");
    assert!(said.contains("Good \"release-decision@countersign.dev\" signature for ana@example.com"), "{said}");
    assert!(said.contains("\"gate\": \"spinnaker:shop/01HEXEC/01HSTAGE\""), "{said}");

    let payload = STANDARD.decode(&envelope.payload).unwrap();
    let changed = String::from_utf8(payload).unwrap().replace("\"approve\"", "\"reject\"");
    let tampered = Envelope { payload: STANDARD.encode(changed), ..envelope.clone() };
    let (ok, said) = run(folder.path(), &tampered, &allowed);
    assert!(!ok && !said.contains("Good"), "{said}");

    let mut two = envelope.clone();
    two.signatures.push(two.signatures.first().unwrap().clone());
    assert!(!run(folder.path(), &two, &allowed).0);

    let stranger = TestSigner::from_seed([9; 32]).unwrap().allowed_line(ANA);
    assert!(!run(folder.path(), &envelope, &stranger).0);

    // Somebody else, who is listed, names Ana.
    let mallory = TestSigner::from_seed([66; 32]).unwrap();
    let posing = Envelope::sign(&samples::decision_by(&mallory), &mallory).unwrap();
    let both = format!("{allowed}{}", mallory.allowed_line("mallory@example.com"));
    let (ok, said) = run(folder.path(), &posing, &both);
    assert!(!ok && said.contains("for mallory@example.com"), "{said}");
}
