//! Attestations of the demo world: SLSA provenance in Sigstore bundles, signed by a builder's key that is made at each
//! start. There is no Fulcio and no Rekor here, so the bundles have neither certificate nor log entry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::seed;

/// An attestation of one image: `attestations/SERVICE/VERSION/provenance.sigstore.json` under the home folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The service.
    pub service: String,
    /// The version, which is the image's tag.
    pub version: String,
    /// The image, `registry.acme.example/acme/payments`.
    pub image: String,
    /// The commit that it was built from, by name or hash.
    pub commit: String,
    /// The repository.
    pub repository: String,
    /// The ref.
    pub branch: String,
    /// The builder.
    pub builder: String,
    /// The run of the builder.
    pub run: String,
}

/// The key of the demo world's builder.
pub struct Builder(SigningKey);

const TYPE: &str = "application/vnd.in-toto+json";

impl Builder {
    /// A new key.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public key, as a PEM file.
    pub fn public_pem(&self) -> String {
        // SubjectPublicKeyInfo of an Ed25519 key: all but the key is always the same.
        let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        der.extend_from_slice(self.0.verifying_key().as_bytes());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// The bundle of an attestation.
    pub fn bundle(&self, attestation: &Attestation) -> Value {
        let payload = statement(attestation).to_string();
        let mut signed = format!("DSSEv1 {} {TYPE} {} ", TYPE.len(), payload.len()).into_bytes();
        signed.extend_from_slice(payload.as_bytes());
        let signature = STANDARD.encode(self.0.sign(&signed).to_bytes());
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "demo builder"}},
            "dsseEnvelope": {
                "payload": STANDARD.encode(payload), "payloadType": TYPE, "signatures": [{"sig": signature}],
            },
        })
    }
}

fn statement(a: &Attestation) -> Value {
    let image = format!("{}:{}", a.image, a.version);
    let commit = seed::commit(&a.commit);
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": a.image, "digest": {"sha256": seed::hex64(&image)}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://acme.example/buildtypes/jenkins/v1",
                "externalParameters": {"workflow": {"repository": a.repository, "ref": a.branch, "path": "Jenkinsfile"}},
                "resolvedDependencies": [
                    {"uri": format!("git+{}@{}", a.repository, a.branch), "digest": {"gitCommit": commit}},
                ],
            },
            "runDetails": {"builder": {"id": a.builder}, "metadata": {"invocationId": a.run}},
        },
    })
}
