//! What nobody should send: always an answer with a reason, never a panic, and never verified.

use super::*;

fn look(bytes: &[u8]) -> Examined {
    let root = Root::public_good().unwrap();
    examine("f", bytes, Some(&root), &identity(GITHUB, "**"), &[sha256(b"x")])
}

fn refused(bytes: &[u8], code: &str) {
    let examined = look(bytes);
    let shown: String = String::from_utf8_lossy(bytes).chars().take(120).collect();
    assert!(examined.attestations.iter().all(|a| a.state != State::Verified), "{shown}");
    assert!(why(&examined).contains(code), "{shown}: {}", why(&examined));
}

#[test]
fn what_is_no_attestation_is_refused_with_a_reason() {
    refused(b"", "malformed");
    refused(b"\xff\xfe", "malformed");
    refused(b"not json", "malformed");
    refused(b"null", "unknown-format");
    refused(b"[]", "unknown-format");
    refused(b"{}", "unknown-format");
    refused(br#"{"attestations": []}"#, "empty");
    refused(br#"{"attestations": [1]}"#, "unknown-format");
    refused(br#"{"attestations": [{"bundle": 1}]}"#, "unknown-format");
    refused(br#"{"attestation_bundles": [{"attestations": [{"version": 2}]}]}"#, "unknown-format");
    refused(br#"{"base64Signature": "x", "cert": "y"}"#, "--new-bundle-format");
    refused(br#"{"payloadType": "x", "payload": "%", "signatures": []}"#, "malformed");
    refused(br#"{"payloadType": 1, "payload": "", "signatures": []}"#, "malformed");
    refused(br#"{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}"#, "malformed");
    refused(br#"{"mediaType": 7, "verificationMaterial": {}}"#, "malformed");
    refused(b"{\"mediaType\": \"a\", \"mediaType\": \"b\"}", "stands twice");
    refused("[".repeat(1_000_000).as_bytes(), "lie in one another");
    refused(&vec![b' '; 17 << 20], "too-large");
    refused(format!("\"{}\"", "x".repeat(5 << 20)).as_bytes(), "too-large");
    refused("{\"a\":1}\n".repeat(600).as_bytes(), "too-many");
}

/// Every single damage to good bundles: values of other types, cut texts, negative and huge numbers, missing keys.
#[test]
fn no_damage_to_a_good_bundle_is_verified_or_panics() {
    let Some(dir) = corpus("sigstore-rs-verify/bundles") else { return };
    let root = Root::public_good().unwrap();
    for (file, who, predicate) in [
        (
            "sigstore.js@2.0.0-provenance.sigstore.json",
            "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
            Predicate::Slsa,
        ),
        ("cosign-v3-blob.sigstore.json", "w.vollprecht@gmail.com", Predicate::Signature),
    ] {
        let issuer = if predicate == Predicate::Slsa { GITHUB } else { "https://github.com/login/oauth" };
        let expected = Expected { predicate, ..identity(issuer, who) };
        let good: serde_json::Value = serde_json::from_slice(&fs::read(dir.join(file)).unwrap()).unwrap();
        let look = |value: &serde_json::Value| examine("f", value.to_string().as_bytes(), Some(&root), &expected, &[]);
        assert_eq!(look(&good).attestations[0].state, State::Verified, "{}", why(&look(&good)));
        let mut pointers = Vec::new();
        walk(&good, String::new(), &mut pointers);
        let mut verified = Vec::new();
        for pointer in &pointers {
            for value in damaged(good.pointer(pointer).unwrap()) {
                let mut bad = good.clone();
                *bad.pointer_mut(pointer).unwrap() = value.clone();
                let examined = look(&bad);
                assert!(!why(&examined).contains("panicked"), "{pointer}: {}", why(&examined));
                if examined.attestations.iter().any(|a| a.state == State::Verified) {
                    verified.push(format!("{pointer} = {value}"));
                }
            }
        }
        // Of these nothing depends: hints, a proof that the other of two replaces, and what a list may have more of.
        // A bundle of v0.1 may have the log's promise alone. Of a checkpoint's signature, the name is not signed.
        let harmless = |p: &String| {
            p.ends_with("inclusionProof = null") && file.contains("sigstore.js@")
                || p.contains("rekor.sigAtore.dev")
                || ["keyid", "logIndex", "timestampVerificationData", "inclusionPromise", "integratedTime", "mediaType"]
                    .iter()
                    .any(|h| p.contains(h))
        };
        let harmful: Vec<&String> = verified.iter().filter(|p| !harmless(p)).collect();
        eprintln!("{file}: {} damages, verified all the same: {verified:?}", pointers.len());
        assert!(harmful.is_empty(), "{file}: {harmful:?}");
    }
}

fn walk(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    if let Some(map) = value.as_object() {
        for (key, value) in map {
            walk(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
        }
    }
    for (n, value) in value.as_array().into_iter().flatten().enumerate() {
        walk(value, format!("{at}/{n}"), out);
    }
    out.push(at);
}

fn damaged(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::json;
    let mut out = vec![json!(null), json!([]), json!({}), json!(true), json!(-1), json!("-1"), json!(1e300), json!("")];
    if let Some(text) = value.as_str().filter(|t| t.len() > 3) {
        let mut changed: Vec<u8> = text.bytes().collect();
        let middle = changed.len() / 2;
        changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
        out.push(json!(String::from_utf8_lossy(&changed)));
        out.push(json!(text.get(..text.len() - 4)));
    }
    out
}

#[test]
fn roots_that_are_none_are_refused() {
    for bad in
        [&b""[..], b"{}", b"[]", b"\xff", br#"{"tlogs": [], "tlogs": []}"#, br#"{"mediaType": "x", "tlogs": []}"#]
    {
        let why = Root::read(bad).unwrap_err();
        assert!(why.ends_with('.'), "{why}");
    }
    assert!(Root::read(&vec![b' '; 5 << 20]).is_err());
}

#[test]
fn keys_that_are_none_are_refused() {
    for bad in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----\n"]
    {
        assert!(Key::from_pem(bad.as_bytes()).unwrap_err().ends_with('.'), "{bad}");
    }
}
