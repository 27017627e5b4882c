//! What transit answers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::trust::key::KeyInfo;
use crate::trust::raw;

/// `GET MOUNT/keys/NAME`.
#[derive(Deserialize)]
pub(super) struct KeyAnswer {
    data: KeyData,
}

#[derive(Deserialize)]
struct KeyData {
    #[serde(rename = "type")]
    kind: String,
    keys: BTreeMap<String, Version>,
}

/// One version; for symmetric keys it is only a time.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Public { public_key: String },
    Other(serde::de::IgnoredAny),
}

impl KeyAnswer {
    /// The kind of key.
    pub(super) fn kind(&self) -> &str {
        &self.data.kind
    }

    /// The versions with their public halves, the newest last; `None` for a kind that is not accepted.
    pub(super) fn versions(&self) -> Option<Vec<(u64, KeyInfo)>> {
        let read = |public: &str| match self.data.kind.as_str() {
            "ed25519" => raw::key_of_ed25519(&STANDARD.decode(public).ok()?),
            "ecdsa-p256" => raw::key_of_pem(public),
            _ => None,
        };
        if !matches!(self.data.kind.as_str(), "ed25519" | "ecdsa-p256") {
            return None;
        }
        let mut out: Vec<(u64, KeyInfo)> = Vec::new();
        for (number, version) in &self.data.keys {
            if let (Ok(number), Version::Public { public_key }) = (number.parse(), version)
                && let Some(key) = read(public_key)
            {
                out.push((number, key));
            }
        }
        out.sort_by_key(|(number, _)| *number);
        Some(out)
    }
}

/// `POST MOUNT/sign/NAME`.
#[derive(Deserialize)]
pub(super) struct SignAnswer {
    data: SignData,
}

#[derive(Deserialize)]
struct SignData {
    signature: String,
}

impl SignAnswer {
    /// The signature, if it is by this version: `vault:v3:BASE64`.
    pub(super) fn signature(&self, version: u64) -> Option<Vec<u8>> {
        let base64 = self.data.signature.strip_prefix(&format!("vault:v{version}:"))?;
        STANDARD.decode(base64).ok()
    }
}
