//! Attestations signed by a key of one's own, made here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::crypto::KeyPair;

use super::*;
use crate::trust::dsse::{PAYLOAD_TYPE, pae};

fn statement(predicate: &str, body: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pay.tar", "digest": {"sha256": sha256(b"pay").hex()}}],
        "predicateType": predicate,
        "predicate": body,
    })
}

fn slsa_1() -> Value {
    statement(
        "https://slsa.dev/provenance/v1",
        &json!({
            "buildDefinition": {
                "externalParameters": {"workflow": {"repository": "https://git.example/acme/pay", "ref": "refs/heads/main"}},
                "resolvedDependencies": [
                    {"uri": "git+https://git.example/acme/pay@refs/heads/main", "digest": {"gitCommit": "c0ffee0123"}},
                    {"uri": "git+https://git.example/acme/lib@refs/heads/main", "digest": {"gitCommit": "beef"}},
                ],
            },
            "runDetails": {"builder": {"id": "https://ci.example/builder"}, "metadata": {"invocationId": "run-7"}},
        }),
    )
}

fn slsa_02() -> Value {
    let uri = "git+https://git.example/acme/pay@refs/heads/main";
    statement(
        "https://slsa.dev/provenance/v0.2",
        &json!({
            "builder": {"id": "https://ci.example/builder"},
            "invocation": {"configSource": {"uri": uri, "digest": {"sha1": "c0ffee0123"}}},
            "metadata": {"buildInvocationId": "run-7"},
        }),
    )
}

fn envelope(key: &KeyPair, payload: &[u8], payload_type: &str) -> Value {
    let signature = key.sign(&pae(payload_type, payload)).unwrap();
    json!({
        "payload": STANDARD.encode(payload),
        "payloadType": payload_type,
        "signatures": [{"sig": STANDARD.encode(signature.as_bytes())}],
    })
}

fn bundle(envelope: &Value) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "lab"}},
        "dsseEnvelope": envelope,
    })
}

fn public(key: &KeyPair) -> Key {
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(key.public_key_der().unwrap().as_bytes())
    );
    Key::from_pem(pem.as_bytes()).unwrap()
}

fn look(value: &Value, expected: &Expected) -> Examined {
    examine("f", value.to_string().as_bytes(), None, expected, &[sha256(b"pay")])
}

#[test]
fn both_versions_of_slsa_are_read_from_envelope_and_bundle() {
    let key = KeyPair::generate_ecdsa_p256().unwrap();
    let expected = Expected {
        repository: Some(Pattern::new("https://git.example/acme/pay")),
        reference: Some(Pattern::new("refs/heads/main")),
        commit: Some("C0FFEE0".to_owned()),
        ..by_key(public(&key), false)
    };
    for statement in [slsa_1(), slsa_02()] {
        let envelope = envelope(&key, statement.to_string().as_bytes(), PAYLOAD_TYPE);
        for value in [envelope.clone(), bundle(&envelope)] {
            let examined = look(&value, &expected);
            let a = only(&examined);
            assert_eq!(a.state, State::Verified, "{}", why(&examined));
            assert!(covers(&examined, &sha256(b"pay")));
            let text = |t: &Option<crate::text::Untrusted>| t.as_ref().map(|t| t.raw().to_owned()).unwrap_or_default();
            assert_eq!(text(&a.builder), "https://ci.example/builder");
            assert_eq!(
                (text(&a.repository), text(&a.reference)),
                ("https://git.example/acme/pay".into(), "refs/heads/main".into())
            );
            assert_eq!((text(&a.commit), text(&a.run)), ("c0ffee0123".into(), "run-7".into()));
            assert!(a.log_index.is_none() && a.signed_at.is_none());
        }
    }
}

/// The commit stands in each of these places, and nowhere else.
#[test]
fn the_commit_is_found_wherever_builders_write_it() {
    let key = KeyPair::generate_ecdsa_p256().unwrap();
    let source = |uri: &str, name: &str| json!({"uri": uri, "digest": {(name): "c0ffee0123"}});
    let mut all = Vec::new();
    for uri in ["https://git.example/acme/pay", "https://git.example/acme/pay.git@refs/heads/main"] {
        let mut one = slsa_1();
        one["predicate"]["buildDefinition"]["resolvedDependencies"][0] = source(uri, "gitCommit");
        all.push(one);
    }
    let mut one = slsa_02();
    one["predicate"]["invocation"]["configSource"]["digest"] = json!({"gitCommit": "c0ffee0123"});
    all.push(one.clone());
    one["predicate"]["invocation"]["configSource"]["digest"] = json!({});
    one["predicate"]["materials"] = json!([source("git+https://git.example/acme/pay", "sha1")]);
    all.push(one);
    for statement in &all {
        let signed = envelope(&key, statement.to_string().as_bytes(), PAYLOAD_TYPE);
        let of = |commit: &str| Expected { commit: Some(commit.to_owned()), ..by_key(public(&key), false) };
        let good = look(&signed, &of("c0ffee0123"));
        assert_eq!(only(&good).state, State::Verified, "{}: {statement}", why(&good));
        let other = look(&signed, &of("dead0123"));
        assert!(why(&other).starts_with("another-commit"), "{}: {statement}", why(&other));
    }
    // What it was built with is not what it was built of.
    let mut one = slsa_1();
    one["predicate"]["buildDefinition"]["resolvedDependencies"] =
        json!([source("https://git.example/acme/lib", "sha1")]);
    let signed = envelope(&key, one.to_string().as_bytes(), PAYLOAD_TYPE);
    let expected = Expected { commit: Some("c0ffee0123".to_owned()), ..by_key(public(&key), false) };
    assert!(why(&look(&signed, &expected)).starts_with("no-commit"));
}

#[test]
fn a_reason_cites_no_more_than_can_be_read() {
    let key = KeyPair::generate_ecdsa_p256().unwrap();
    let long = "x".repeat(300_000);
    let mut one = slsa_1();
    one["predicate"]["buildDefinition"]["externalParameters"]["workflow"]["repository"] = json!(long);
    let expected =
        Expected { repository: Some(Pattern::new("https://git.example/acme/pay")), ..by_key(public(&key), false) };
    let signed = look(&bundle(&envelope(&key, one.to_string().as_bytes(), PAYLOAD_TYPE)), &expected);
    let typed = look(&bundle(&envelope(&key, b"{}", &long)), &expected);
    let unread = look(&json!({"mediaType": 7, "verificationMaterial": {"x": long}, (&long): 1}), &expected);
    for examined in [signed, typed, unread] {
        assert!(!why(&examined).is_empty() && why(&examined).len() < 3_000, "{}", why(&examined).len());
    }
}

#[test]
fn what_is_not_as_expected_is_not_verified() {
    let key = KeyPair::generate_ecdsa_p256().unwrap();
    let other = KeyPair::generate_ecdsa_p256().unwrap();
    let signed = |payload: &[u8]| bundle(&envelope(&key, payload, PAYLOAD_TYPE));
    let good = signed(slsa_1().to_string().as_bytes());
    let expected = by_key(public(&key), false);
    let code = |value: &Value, expected: &Expected, wanted: &str| {
        let examined = look(value, expected);
        assert!(!covers(&examined, &sha256(b"pay")), "{wanted}");
        assert!(why(&examined).starts_with(wanted), "{wanted}: {}", why(&examined));
    };
    assert!(covers(&look(&good, &expected), &sha256(b"pay")));
    code(&good, &by_key(public(&other), false), "bad-signature");
    // A log is asked for unless it is said that there is none.
    code(&good, &by_key(public(&key), true), "no-trusted-root");
    let mut tampered = good.clone();
    tampered["dsseEnvelope"]["payload"] = STANDARD.encode(slsa_02().to_string()).into();
    code(&tampered, &expected, "bad-signature");
    let branch = Expected { reference: Some(Pattern::new("refs/heads/release/*")), ..expected.clone() };
    code(&good, &branch, "another-branch");
    code(&good, &Expected { commit: Some("dead0123".to_owned()), ..expected.clone() }, "another-commit");
    let silent = signed(statement("https://slsa.dev/provenance/v1", &json!({})).to_string().as_bytes());
    let somewhere = Expected { repository: Some(Pattern::new("**")), ..expected.clone() };
    code(&silent, &somewhere, "another-repository");
    // Keys that stand twice, and payloads that are no statement, also where they are well signed.
    code(&signed(br#"{"_type": "https://in-toto.io/Statement/v1", "_type": "x"}"#), &expected, "malformed");
    code(&signed(b"[]"), &expected, "malformed");
    code(&bundle(&envelope(&key, slsa_1().to_string().as_bytes(), "text/plain")), &expected, "malformed");
    let mut two = envelope(&key, slsa_1().to_string().as_bytes(), PAYLOAD_TYPE);
    let signature = two["signatures"][0].clone();
    two["signatures"].as_array_mut().unwrap().push(signature);
    code(&two, &expected, "malformed");
    code(&bundle(&two), &expected, "malformed");
}
