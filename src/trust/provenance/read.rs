//! From the bytes of a file to the attestations in it, whichever of the formats it has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::types::Bundle;

use super::strict;
use crate::domain::evidence::Reason;
use crate::domain::provenance::Unread;
use crate::text::Untrusted;
use crate::trust::dsse::PAYLOAD_TYPE;

/// The most bytes of a file.
const MOST_BYTES: usize = 16 << 20;
/// The most bytes of one JSON document.
const MOST_DOCUMENT: usize = 4 << 20;
/// The most attestations of a file.
const MOST: usize = 500;

/// An attestation as it was found; nothing of it is verified.
pub(super) struct Found {
    /// The file, and the place in it.
    pub place: Untrusted,
    /// What it is.
    pub content: Content,
}

/// What was found.
pub(super) enum Content {
    /// A Sigstore bundle, or what was turned into one.
    Bundle(Box<Bundle>),
    /// A DSSE envelope alone: payload type, payload, and its signatures.
    Envelope {
        /// The payload's type.
        payload_type: String,
        /// The payload.
        payload: Vec<u8>,
        /// The signatures, as bytes.
        signatures: Vec<Vec<u8>>,
    },
}

/// Takes a file apart.
pub(super) fn read(file: &str, bytes: &[u8]) -> Vec<Result<Found, Unread>> {
    let refuse = |place: &str, code: &str, why: String| {
        vec![Err(Unread { file: Untrusted::new(place), reason: Reason::new(code, why) })]
    };
    if bytes.len() > MOST_BYTES {
        return refuse(file, "too-large", format!("It has more than {} MiB.", MOST_BYTES >> 20));
    }
    let mut out = Vec::new();
    match lines(bytes) {
        None => document(file, bytes, &mut out),
        Some(lines) => {
            for (n, line) in lines {
                document(&format!("{file}:{n}"), line, &mut out);
                if out.len() > MOST {
                    break;
                }
            }
        }
    }
    if out.len() > MOST {
        return refuse(file, "too-many", format!("It has more than {MOST} attestations."));
    }
    if out.is_empty() {
        return refuse(file, "empty", "There is no attestation in it.".to_owned());
    }
    out
}

/// The lines of a file of several documents, with their numbers: each one begins and ends as an object does.
fn lines(bytes: &[u8]) -> Option<Vec<(usize, &[u8])>> {
    let all: Vec<(usize, &[u8])> = bytes
        .split(|b| *b == b'\n')
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let whole = all.iter().all(|(_, line)| line.starts_with(b"{") && line.ends_with(b"}"));
    (whole && all.len() > 1).then_some(all)
}

fn document(place: &str, bytes: &[u8], out: &mut Vec<Result<Found, Unread>>) {
    let unread = |code: &str, why: String| Err(Unread { file: Untrusted::new(place), reason: Reason::new(code, why) });
    if bytes.len() > MOST_DOCUMENT {
        return out.push(unread("too-large", format!("It has more than {} MiB.", MOST_DOCUMENT >> 20)));
    }
    let value = match strict::parse(bytes) {
        Ok(value) => value,
        Err(why) => return out.push(unread("malformed", format!("It is not JSON that can be read: {why}."))),
    };
    match parts(place, value) {
        Err(why) => out.push(unread("unknown-format", why)),
        Ok(parts) => out.extend(parts.into_iter().map(|(place, part)| {
            let content = match part {
                Part::Bundle(value) => {
                    serde_json::from_value::<Bundle>(value).map(|b| Content::Bundle(Box::new(b))).map_err(|e| {
                        let why = e.to_string();
                        format!("It is not a Sigstore bundle that can be read: {}.", why.trim_end_matches('.'))
                    })
                }
                Part::Envelope(value) => envelope(&value),
            };
            let place = Untrusted::new(place);
            match content {
                Ok(content) => Ok(Found { place, content }),
                Err(why) => Err(Unread { file: place, reason: Reason::new("malformed", why) }),
            }
        })),
    }
}

enum Part {
    Bundle(Value),
    Envelope(Value),
}

/// Tells the formats apart by their keys.
fn parts(place: &str, value: Value) -> Result<Vec<(String, Part)>, String> {
    let has = |key: &str| value.get(key).is_some();
    if has("verificationMaterial") || has("mediaType") {
        return Ok(vec![(place.to_owned(), Part::Bundle(value))]);
    }
    if let Some(list) = value.get("attestations").and_then(Value::as_array) {
        // The answer of npm's or GitHub's registry of attestations.
        let bundles = list.iter().enumerate().map(|(n, item)| {
            let bundle = item.get("bundle").filter(|b| b.is_object()).cloned();
            let bundle = bundle.ok_or_else(|| format!("Attestation {} of the list has no bundle in it.", n + 1))?;
            Ok((format!("{place}#{}", n + 1), Part::Bundle(bundle)))
        });
        return bundles.collect();
    }
    if let Some(list) = value.get("attestation_bundles").and_then(Value::as_array) {
        // PyPI's provenance object. The publisher that stands in it is what PyPI says, and nobody signed it.
        let attestations =
            list.iter().flat_map(|b| b.get("attestations").and_then(Value::as_array).into_iter().flatten());
        return attestations
            .enumerate()
            .map(|(n, a)| Ok((format!("{place}#{}", n + 1), Part::Bundle(pypi(a)?))))
            .collect();
    }
    if has("verification_material") && has("envelope") {
        return Ok(vec![(place.to_owned(), Part::Bundle(pypi(&value)?))]);
    }
    if has("payloadType") && has("signatures") {
        return Ok(vec![(place.to_owned(), Part::Envelope(value))]);
    }
    if has("base64Signature") || has("rekorBundle") || has("SignedEntryTimestamp") {
        return Err("It is a bundle of cosign's own old format. Sign with `--new-bundle-format`, or with cosign 3 or \
                    later, which write Sigstore bundles."
            .to_owned());
    }
    Err("It is none of the formats that are known: a Sigstore bundle, npm's or GitHub's list of attestations, PyPI's \
         provenance or attestation (PEP 740), a DSSE envelope, or several of them as JSON lines."
        .to_owned())
}

/// An attestation object of PEP 740 holds what a bundle holds, under other names.
fn pypi(value: &Value) -> Result<Value, String> {
    let at = |pointer: &str| {
        value.pointer(pointer).cloned().ok_or_else(|| format!("It is a PyPI attestation without {pointer}."))
    };
    if value.get("version") != Some(&json!(1)) {
        return Err("It is a PyPI attestation of another version than 1.".to_owned());
    }
    Ok(json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": at("/verification_material/certificate")? },
            "tlogEntries": at("/verification_material/transparency_entries")?,
        },
        "dsseEnvelope": {
            "payload": at("/envelope/statement")?,
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "sig": at("/envelope/signature")? }],
        },
    }))
}

fn envelope(value: &Value) -> Result<Content, String> {
    let bytes = |value: Option<&Value>, what: &str| {
        let text = value.and_then(Value::as_str).ok_or_else(|| format!("The {what} of the envelope is missing."))?;
        STANDARD.decode(text).map_err(|_e| format!("The {what} of the envelope is not base64."))
    };
    let payload_type = value.get("payloadType").and_then(Value::as_str);
    let list = value.get("signatures").and_then(Value::as_array);
    let signatures = list.into_iter().flatten().map(|s| bytes(s.get("sig"), "signature")).collect::<Result<_, _>>()?;
    Ok(Content::Envelope {
        payload_type: payload_type.ok_or("The payloadType of the envelope is not a text.")?.to_owned(),
        payload: bytes(value.get("payload"), "payload")?,
        signatures,
    })
}
