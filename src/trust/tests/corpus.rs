//! Against the samples of the corpus, which were made with real hardware keys' protocol, tokens and certificates.

use std::path::PathBuf;

use crate::domain::time::Timestamp;
use crate::trust::allowed_signers::{AllowedSigners, NoPrincipal};
use crate::trust::dsse::{Envelope, pae};
use crate::trust::key::{BadKey, KeyInfo};
use crate::trust::raw;
use crate::trust::revoked::Revoked;
use crate::trust::sshsig::SshSig;
use crate::trust::stamp::{Authorities, BadStamp};
use crate::trust::statement::{Statement, StatementError};
use crate::trust::verify::{TrustRoot, VerifyError, verify_envelope};
use crate::trust::verify_sig::{BadSignature, Touch, verify};

const NAMESPACE: &str = "release-decision@example.test";

fn folder() -> Option<PathBuf> {
    let corpus = std::env::var_os("COUNTERSIGN_CORPUS");
    if corpus.is_none() {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
    }
    corpus.map(|c| PathBuf::from(c).join("sigstore/sshsig-and-dsse"))
}

fn read(name: &str) -> Option<Vec<u8>> {
    folder().map(|folder| std::fs::read(folder.join(name)).unwrap())
}

/// The signature in a file, and its own key: who may sign is not the question here.
fn sample(name: &str) -> Option<(SshSig, Result<KeyInfo, BadKey>)> {
    let sig = SshSig::from_armoured(&String::from_utf8(read(name)?).unwrap()).unwrap();
    let key = KeyInfo::from_blob(&sig.public_key, "");
    Some((sig, key))
}

#[test]
fn a_touched_key_is_accepted_and_an_untouched_one_refused() {
    let Some(pae) = read("p.pae") else { return };
    let judge = |name: &str| {
        let (sig, key) = sample(name).unwrap();
        let key = key.unwrap();
        assert!(key.hardware);
        let outcome = verify(&sig, &key, NAMESPACE, &pae);
        assert_eq!(verify(&sig, &key, NAMESPACE, b"another"), Err(BadSignature::Mismatch), "{name}");
        outcome
    };
    assert_eq!(judge("sk.sig"), Ok(Some(Touch { verified: false, counter: 0x1234_5678 })));
    assert_eq!(judge("nt.sig"), Err(BadSignature::NotTouched(0)));
    // Over a message that the corpus does not have; ssh-keygen refuses it over this one too.
    assert_eq!(judge("vr.sig"), Err(BadSignature::Mismatch));
}

#[test]
fn the_flags_of_a_touch_are_signed() {
    let Some((mut sig, key)) = sample("nt.sig") else { return };
    let pae = read("p.pae").unwrap();
    // Set the flag that the key did not set.
    let at = sig.signature.len() - 5;
    *sig.signature.get_mut(at).unwrap() = 1;
    assert_eq!(verify(&sig, &key.unwrap(), NAMESPACE, &pae), Err(BadSignature::Mismatch));
}

#[test]
fn a_token_and_a_certificate_are_accepted() {
    let Some((sig, key)) = sample("h.sig") else { return };
    let pae = read("p.pae").unwrap();
    assert_eq!(verify(&sig, &key.unwrap(), NAMESPACE, &pae), Ok(None));
    let (sig, key) = sample("c.sig").unwrap();
    let key = key.unwrap();
    let certificate = key.certificate.clone().unwrap();
    assert_eq!(verify(&sig, &key, NAMESPACE, &pae), Ok(None));
    // As the authority's line says, while it is valid; and as the list of revoked ones says, not at all.
    let authority = String::from_utf8(read("allowed_ca").unwrap()).unwrap();
    let signers = AllowedSigners::parse("f", &authority).unwrap();
    let when = |seconds: u64| Timestamp::from_millis(i64::try_from(seconds).unwrap() * 1000).unwrap();
    let end = certificate.valid_before();
    let who = |at| signers.find_certified(&key, &certificate, NAMESPACE, at).map(|p| p.as_str().to_owned());
    assert_eq!(who(when(end - 1)).unwrap(), "alice@corp");
    assert!(matches!(who(when(end)), Err(NoPrincipal::Certificate { .. })));
    let revoked = Revoked::parse("krl2", &read("krl2").unwrap()).unwrap();
    assert_eq!(revoked.revokes(&key), certificate.serial == 42);
    // The library that others use reads the same out of it.
    let theirs = ssh_key::Certificate::from_bytes(&sig.public_key).unwrap();
    assert_eq!((theirs.serial(), theirs.key_id()), (certificate.serial, certificate.key_id.as_str()));
    assert_eq!(theirs.valid_principals(), certificate.principals);
}

#[test]
fn signatures_read_back_byte_for_byte() {
    for name in ["c.sig", "h.sig", "nt.sig", "sk.sig", "vr.sig"] {
        let Some(bytes) = read(name) else { return };
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(SshSig::from_armoured(&text).unwrap().to_armoured(), text, "{name}");
    }
}

#[test]
fn lists_of_signers_and_of_revoked_keys() {
    let Some(bytes) = read("allowed_ed") else { return };
    let parse = |bytes: Vec<u8>| AllowedSigners::parse("f", &String::from_utf8(bytes).unwrap()).unwrap();
    let signers = parse(bytes);
    let blob = signers.entries.first().unwrap().blob.clone();
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(signers.find_principal(&blob, NAMESPACE, at).unwrap().0.as_str(), "alice@corp");
    let early = "2024-12-31T23:59:59Z".parse().unwrap();
    assert!(matches!(signers.find_principal(&blob, NAMESPACE, early), Err(NoPrincipal::NotYet { .. })));
    assert!(parse(read("allowed_ca").unwrap()).entries.first().unwrap().cert_authority);
    assert!(Revoked::parse("krl", &read("krl").unwrap()).unwrap().contains(&blob));
    // This one revokes a certificate.
    assert_eq!(Revoked::parse("krl2", &read("krl2").unwrap()).unwrap().len(), 1);
}

#[test]
fn documents_of_others_are_refused() {
    let Some(duplicate) = read("dup.json") else { return };
    assert_eq!(Statement::parse(&duplicate), Err(StatementError::NotCanonical));
    assert!(matches!(Statement::parse(&read("p.json").unwrap()), Err(StatementError::PredicateType(_))));
    let envelope = read("decision.dsse.json").unwrap();
    assert!(Envelope::parse(&envelope).is_ok());
    let root = TrustRoot::default();
    let error = verify_envelope(&envelope, &root, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap_err();
    assert!(matches!(error, VerifyError::Envelope(_) | VerifyError::Namespace { .. }), "{error}");
}

#[test]
fn bare_signatures_and_a_stamp_of_other_tools() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let json = |name: &str| read(name).map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap());
    let decoded = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    for (bundle, key) in [("e_ed", "k_ed"), ("e_ec", "k_ec"), ("e_aged.ts", "k_ed")] {
        let Some(bundle) = json(&format!("{bundle}.bundle.json")) else { return };
        let envelope = &bundle["dsseEnvelope"];
        let message = pae(envelope["payloadType"].as_str().unwrap(), &decoded(&envelope["payload"]));
        let sig = decoded(&envelope["signatures"][0]["sig"]);
        let key = raw::key_of_pem(&String::from_utf8(read(&format!("{key}.pub.pem")).unwrap()).unwrap()).unwrap();
        if bundle["verificationMaterial"]["timestampVerificationData"].is_null() {
            assert_eq!(raw::verify(&key, &message, &sig), Ok(()), "{bundle}");
            assert!(raw::verify(&key, b"another", &sig).is_err());
            continue;
        }
        let stamp = &bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0];
        let root = json("trusted_root.json").unwrap();
        let chain = root["timestampAuthorities"][0]["certChain"]["certificates"].as_array().unwrap();
        let pem: Vec<String> = chain
            .iter()
            .map(|c| {
                let base64 = c["rawBytes"].as_str().unwrap();
                format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
            })
            .collect();
        let authorities = Authorities::parse("f", pem.concat().as_bytes()).unwrap();
        let token = decoded(&stamp["signedTimestamp"]);
        let stamped = authorities.verify(&token, &sig).unwrap();
        assert_eq!(stamped.at.to_string(), "2026-11-21T02:26:59.000Z");
        assert_eq!(authorities.verify(&token, b"another"), Err(BadStamp::NotOver));
    }
}
