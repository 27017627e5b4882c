//! The verifiers of others, each run on the same envelope.

use countersign::trust::dsse::Envelope;
use countersign::trust::key::KeyInfo;
use countersign::trust::raw;
use countersign::trust::stamp::as_response;
use countersign::trust::verify::{TrustRoot, detach};
use serde_json::{Value, json};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, Verifier};

use super::world::{ANA, ARTIFACT, World, tampered, verify};
use crate::support::programs;
use countersign::trust::DECISION_NAMESPACE;

/// What a row of the table says.
pub struct Row<'a> {
    pub name: &'a str,
    pub envelope: &'a [u8],
    /// The public key in PEM, for those who want it so.
    pub pem: &'a str,
    /// Whether ssh-keygen is to accept it; the others accept exactly what is bare.
    pub openssh: bool,
    /// A time stamp, and the root that others need for it.
    pub stamp: Option<(&'a [u8], &'a Value)>,
}

impl Row<'_> {
    /// Asks them all, about the envelope and about one that was tampered with; and ourselves.
    #[track_caller]
    pub fn holds(&self, world: &World, root: &TrustRoot) {
        let bad = tampered(self.envelope);
        let name = self.name;
        assert!(verify(self.envelope, root).is_ok(), "{name}: {:?}", verify(self.envelope, root));
        assert!(verify(&bad, root).is_err(), "{name}");
        if self.openssh {
            assert!(ssh_keygen(world, self.envelope), "{name}: ssh-keygen");
            assert!(!ssh_keygen(world, &bad), "{name}: ssh-keygen, tampered");
        } else {
            assert!(detach(self.envelope).is_err(), "{name}: there is nothing for ssh-keygen");
        }
        let bare = !self.openssh;
        for (envelope, expected) in [(self.envelope, bare), (&bad, false)] {
            if let Some(said) = cosign(world, &bundle(envelope, None), self.pem) {
                assert_eq!(said.is_ok(), expected, "{name}: cosign: {said:?}");
            }
            if let Some(said) = securesystemslib(world, envelope, self.pem) {
                assert_eq!(said.is_ok(), expected, "{name}: securesystemslib: {said:?}");
            }
            // Without a stamp there is no proven time, and that crate wants one.
            assert!(sigstore(&bundle(envelope, None), self.pem, &empty_root()).is_err(), "{name}");
            if let Some((token, trusted)) = self.stamp {
                let said = sigstore(&bundle(envelope, Some(token)), self.pem, trusted);
                assert_eq!(said.is_ok(), expected, "{name}: sigstore-verify: {said:?}");
            }
        }
    }
}

/// Whether `ssh-keygen -Y verify` accepts it as Ana's, with the list of the last root.
pub fn ssh_keygen(world: &World, envelope: &[u8]) -> bool {
    let (message, sig) = detach(envelope).unwrap().write(world.dir.path(), "decision").unwrap();
    let mut command = world.command("ssh-keygen");
    command.args(["-Y", "verify", "-f", "allowed", "-I", ANA, "-n", DECISION_NAMESPACE, "-s"]).arg(sig);
    command.stdin(std::fs::File::open(message).unwrap()).output().unwrap().status.success()
}

/// A bundle as anybody could make it of any envelope.
pub fn bundle(envelope: &[u8], token: Option<&[u8]>) -> Value {
    use base64::Engine as _;
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    let mut material = json!({"publicKey": {"hint": "key"}});
    if let Some(token) = token {
        let stamp = base64::engine::general_purpose::STANDARD.encode(as_response(token));
        material["timestampVerificationData"] = json!({"rfc3161Timestamps": [{"signedTimestamp": stamp}]});
    }
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material,
        "dsseEnvelope": envelope,
    })
}

pub fn empty_root() -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [], "certificateAuthorities": [], "ctlogs": [], "timestampAuthorities": [],
    })
}

/// What cosign says of a bundle; `None` where it is not on this machine.
pub fn cosign(world: &World, bundle: &Value, pem: &str) -> Option<Result<(), String>> {
    programs::find("cosign")?;
    std::fs::write(world.path("bundle.json"), bundle.to_string()).unwrap();
    std::fs::write(world.path("root.json"), empty_root().to_string()).unwrap();
    std::fs::write(world.path("key.pem"), pem).unwrap();
    let out = world
        .command("cosign")
        .args(["verify-blob-attestation", "--bundle", "bundle.json", "--new-bundle-format", "--key", "key.pem"])
        .args(["--insecure-ignore-tlog=true", "--private-infrastructure", "--trusted-root", "root.json"])
        .args(["--type", "https://countersign.dev/release-decision/v1", "artifact"])
        .output()
        .unwrap();
    Some(if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) })
}

const PYTHON: &str = "
import json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import Parse
from in_toto_attestation.v1.statement import Statement
import in_toto_attestation.v1.statement_pb2 as pb
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
document = json.load(open('envelope.json'))
public = load_pem_public_key(open('key.pem', 'rb').read())
key = SSlibKey.from_crypto(public, keyid=document['signatures'][0]['keyid'])
envelope = Envelope.from_dict(document)
assert len(envelope.verify([key], 1)) == 1
Statement.copy_from_pb(Parse(envelope.payload, pb.Statement())).validate()
";

/// What Python's securesystemslib says of an envelope, and in-toto-attestation of its statement; `None` where they are
/// not on this machine.
pub fn securesystemslib(world: &World, envelope: &[u8], pem: &str) -> Option<Result<(), String>> {
    // OpenBao's client is installed together with them.
    let python = programs::find("bao")?.with_file_name("python3");
    std::fs::write(world.path("envelope.json"), envelope).unwrap();
    std::fs::write(world.path("key.pem"), pem).unwrap();
    let out = world.command(python.to_str().unwrap()).args(["-c", PYTHON]).output().unwrap();
    Some(if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) })
}

/// What the crate sigstore-verify says of a bundle.
pub fn sigstore(bundle: &Value, pem: &str, trusted: &Value) -> Result<(), String> {
    let text = |e: &dyn std::error::Error| e.to_string();
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|e| text(&e))?;
    let trusted = TrustedRoot::from_json(&trusted.to_string()).map_err(|e| text(&e))?;
    let key = DerPublicKey::from_pem(pem).map_err(|e| text(&e))?;
    let policy = PublicKeyVerificationPolicy::new(key).skip_tlog_unsafe();
    let verifier = Verifier::new(&trusted).map_err(|e| text(&e))?;
    verifier.verify(ARTIFACT, &bundle, &policy).map(|_| ()).map_err(|e| text(&e))
}

/// The public key in PEM as near as it comes: of a hardware key the key within it.
pub fn pem_of(world: &World, key: &KeyInfo) -> String {
    if let Some(pem) = raw::public_pem(key) {
        return pem;
    }
    if key.algorithm == "ssh-rsa" {
        std::fs::write(world.path("rsa.pub"), key.to_line()).unwrap();
        return world.run("ssh-keygen", &["-e", "-m", "PKCS8", "-f", "rsa.pub"]);
    }
    let mut rest = key.blob.as_slice();
    let mut next = || {
        let (length, tail) = rest.split_first_chunk::<4>().unwrap();
        let (value, tail) = tail.split_at(u32::from_be_bytes(*length).try_into().unwrap());
        rest = tail;
        value.to_vec()
    };
    let (algorithm, first) = (next(), next());
    if algorithm.starts_with(b"sk-ssh-ed25519") {
        return raw::public_pem(&raw::key_of_ed25519(&first).unwrap()).unwrap();
    }
    let mut blob = Vec::new();
    for part in [b"ecdsa-sha2-nistp256".as_slice(), &first, &next()] {
        blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        blob.extend(part);
    }
    raw::public_pem(&KeyInfo::from_blob(&blob, "").unwrap()).unwrap()
}

/// The digest that an envelope's time stamp is over.
pub fn signature(envelope: &[u8]) -> Vec<u8> {
    Envelope::parse(envelope).unwrap().open().unwrap().signature.to_bytes()
}
