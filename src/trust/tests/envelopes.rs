//! Envelopes that are good, and every way in which one is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Verifier as _;

use super::samples::{self, ANA, NOW, at, signer};
use crate::domain::canonical::sha256;
use crate::domain::decision::Verb;
use crate::domain::ids::{ConnectionName, GateId};
use crate::trust::allowed_signers::{AllowedSigners, NoPrincipal};
use crate::trust::dsse::{BadEnvelope, Envelope, PAYLOAD_TYPE, pae};
use crate::trust::revoked::Revoked;
use crate::trust::signer::{SignError, Signer, TestSigner};
use crate::trust::statement::{Statement, StatementError};
use crate::trust::verify::{BindingError, Expected, TrustRoot, VerifyError, check_binding, verify_envelope};
use crate::trust::verify_sig::BadSignature;
use crate::trust::{DECISION_NAMESPACE, TRIAGE_NAMESPACE};

fn root_of(text: &str) -> TrustRoot {
    TrustRoot { allowed_signers: AllowedSigners::parse("allowed_signers", text).unwrap(), ..TrustRoot::default() }
}

fn root() -> TrustRoot {
    root_of(&signer().allowed_line(ANA))
}

fn good() -> Envelope {
    Envelope::sign(&samples::decision(), &signer()).unwrap()
}

fn verify(envelope: &Envelope, root: &TrustRoot) -> Result<crate::trust::verify::Verified, VerifyError> {
    verify_envelope(&envelope.to_bytes().unwrap(), root, at(NOW))
}

/// Signs any bytes as the payload of an envelope.
fn sealed(payload: &[u8], by: &TestSigner, namespace: &str) -> Envelope {
    Envelope::seal(payload, &by.sign(namespace, &pae(PAYLOAD_TYPE, payload)).unwrap())
}

#[test]
fn a_good_decision_and_a_good_triage() {
    let verified = verify(&good(), &root()).unwrap();
    assert_eq!(verified.principal.as_str(), ANA);
    assert_eq!(verified.statement, samples::decision());
    assert_eq!(verified.envelope, sha256(&good().to_bytes().unwrap()));
    assert_eq!(verified.touch, None);
    let triage = Envelope::sign(&samples::triage(), &signer()).unwrap();
    assert_eq!(verify(&triage, &root()).unwrap().statement, samples::triage());
}

#[test]
fn blanks_between_the_parts_do_not_matter() {
    let pretty = serde_json::to_vec_pretty(&good()).unwrap();
    assert_eq!(verify_envelope(&pretty, &root(), at(NOW)).unwrap().envelope, good().digest());
}

#[test]
fn every_changed_byte_of_the_payload_is_noticed() {
    let envelope = good();
    let payload = STANDARD.decode(&envelope.payload).unwrap();
    for i in (0..payload.len()).step_by(97) {
        let mut changed = payload.clone();
        *changed.get_mut(i).unwrap() ^= 1;
        let bad = Envelope { payload: STANDARD.encode(&changed), ..envelope.clone() };
        assert_eq!(verify(&bad, &root()), Err(VerifyError::Signature(BadSignature::Mismatch)), "byte {i}");
    }
}

#[test]
fn the_key_comes_from_allowed_signers_and_not_from_the_envelope() {
    // Mallory signs, naming Ana: the envelope is whole in itself.
    let mallory = TestSigner::from_seed([66; 32]).unwrap();
    let envelope = Envelope::sign(&samples::decision_by(&mallory), &mallory).unwrap();
    assert!(matches!(verify(&envelope, &root()), Err(VerifyError::Principal(NoPrincipal::NotListed { .. }))));
    // Mallory is listed too, as himself.
    let both = root_of(&format!("{}{}", signer().allowed_line(ANA), mallory.allowed_line("mallory@example.com")));
    let error = verify(&envelope, &both).unwrap_err();
    assert!(matches!(&error, VerifyError::OtherPrincipal { said, .. } if said == ANA), "{error}");
    // He puts Ana's key into his signature.
    let mut sig = mallory.sign(DECISION_NAMESPACE, b"x").unwrap();
    sig.public_key.clone_from(&signer().key().blob);
    let forged = Envelope::seal(&samples::decision().payload().unwrap(), &sig);
    assert_eq!(verify(&forged, &both), Err(VerifyError::Signature(BadSignature::Mismatch)));
    // He names Ana's key in the document, and signs with his own.
    let payload = samples::decision().payload().unwrap();
    let text = String::from_utf8(payload).unwrap().replace(ANA, "mallory@example.com");
    let mixed = sealed(text.as_bytes(), &mallory, DECISION_NAMESPACE);
    assert!(matches!(verify(&mixed, &both), Err(VerifyError::OtherKey { .. })));
}

#[test]
fn signatures_for_another_purpose_are_refused() {
    let payload = samples::decision().payload().unwrap();
    let git = sealed(&payload, &signer(), "git");
    assert!(matches!(verify(&git, &root()), Err(VerifyError::Namespace { found }) if found == "git"));
    let crossed = sealed(&payload, &signer(), TRIAGE_NAMESPACE);
    assert!(matches!(verify(&crossed, &root()), Err(VerifyError::WrongKind { kind: "decision", .. })));
    let only_triage = root_of(&signer().allowed_line(ANA).replace(&format!("{DECISION_NAMESPACE},"), ""));
    let error = verify(&good(), &only_triage).unwrap_err();
    assert!(matches!(error, VerifyError::Principal(NoPrincipal::Namespace { .. })));
}

#[test]
fn a_signature_over_something_else_is_no_decision() {
    let of = |payload: &[u8]| verify(&sealed(payload, &signer(), DECISION_NAMESPACE), &root());
    assert!(matches!(of(b"hello"), Err(VerifyError::Statement(StatementError::NotJson(_)))));
    let payload = String::from_utf8(samples::decision().payload().unwrap()).unwrap();
    let twice = payload.replacen('{', "{\"_type\":\"x\",", 1);
    assert_eq!(of(twice.as_bytes()), Err(VerifyError::Statement(StatementError::NotCanonical)));
    let other = payload.replace("release-decision/v1", "release-decision/v2");
    assert!(matches!(of(other.as_bytes()), Err(VerifyError::Statement(StatementError::PredicateType(_)))));
}

#[test]
fn exactly_one_signature() {
    let mut none = good();
    none.signatures.clear();
    assert_eq!(verify(&none, &root()), Err(VerifyError::Envelope(BadEnvelope::Signatures(0))));
    let mut two = good();
    two.signatures.push(two.signatures.first().unwrap().clone());
    assert_eq!(verify(&two, &root()), Err(VerifyError::Envelope(BadEnvelope::Signatures(2))));
    let mut hint = good();
    hint.signatures.first_mut().unwrap().keyid = "SHA256:other".into();
    assert!(matches!(verify(&hint, &root()), Err(VerifyError::Envelope(BadEnvelope::KeyId { .. }))));
    assert!(verify_envelope(b"", &root(), at(NOW)).is_err());
    assert!(matches!(
        verify_envelope(&vec![b' '; 17 << 20], &root(), at(NOW)),
        Err(VerifyError::Envelope(BadEnvelope::Large))
    ));
}

#[test]
fn a_decision_holds_in_its_window() {
    let bytes = good().to_bytes().unwrap();
    let when = |time: &str| verify_envelope(&bytes, &root(), at(time)).map(|_| ());
    assert_eq!(when("2026-06-02T12:00:00Z"), Ok(()));
    assert!(matches!(when("2026-06-02T12:00:01Z"), Err(VerifyError::Expired { .. })));
    // The verifier's clock may be a little behind.
    assert_eq!(when("2026-06-01T11:58:00Z"), Ok(()));
    assert!(matches!(when("2026-06-01T11:57:59Z"), Err(VerifyError::NotYet { .. })));
}

#[test]
fn keys_expire_and_are_revoked() {
    let expired = root_of(&format!("{ANA} valid-before=\"20260101Z\" {}", signer().key().to_line()));
    assert!(matches!(verify(&good(), &expired), Err(VerifyError::Principal(NoPrincipal::Expired { .. }))));
    let list = Revoked::parse("revoked", signer().key().to_line().as_bytes()).unwrap();
    let revoking = TrustRoot { revoked: Some(list), ..root() };
    assert!(matches!(verify(&good(), &revoking), Err(VerifyError::Revoked { .. })));
    let at_now = at(NOW);
    assert_eq!(root().principal_of(signer().key(), DECISION_NAMESPACE, at_now).unwrap().as_str(), ANA);
    assert!(revoking.principal_of(signer().key(), DECISION_NAMESPACE, at_now).is_err());
}

#[test]
fn a_statement_is_signed_only_by_the_key_that_it_names() {
    let other = TestSigner::from_seed([8; 32]).unwrap();
    assert!(matches!(Envelope::sign(&samples::decision(), &other), Err(SignError::Statement(_))));
}

#[test]
fn what_is_expected_is_compared_field_by_field() {
    let verified = verify(&good(), &root()).unwrap();
    let expected = Expected {
        gate: samples::gate_id(),
        attempt: Some("1780315200000".into()),
        environment: "prod".into(),
        artifacts: vec![sha256(b"x")],
        commit: Some("0123456789ABCDEF0123456789abcdef01234567".into()),
        option: None,
        policy: Some(sha256(b"policy")),
        verb: Verb::Approve,
    };
    let check = |edit: &dyn Fn(&mut Expected)| {
        let mut expected = expected.clone();
        edit(&mut expected);
        check_binding(&verified, &expected)
    };
    let other =
        |result, word| assert!(matches!(result, Err(BindingError::Other { what, .. }) if what == word), "{word}");
    assert_eq!(check(&|_| ()), Ok(()));
    other(check(&|e| e.gate = GateId::new(ConnectionName::new("spinnaker"), ["shop", "01HEXEC", "OTHER"])), "gate");
    other(check(&|e| e.gate = GateId::new(ConnectionName::new("other"), ["shop", "01HEXEC", "01HSTAGE"])), "gate");
    other(check(&|e| e.attempt = Some("2".into())), "attempt");
    other(check(&|e| e.environment = "staging".into()), "environment");
    other(check(&|e| e.policy = Some(sha256(b"another"))), "policy");
    assert!(matches!(check(&|e| e.verb = Verb::Reject), Err(BindingError::Verb { .. })));
    assert!(matches!(
        check(&|e| e.artifacts.push(sha256(b"y"))),
        Err(BindingError::NotCovered { what: "artifact", .. })
    ));
    assert!(matches!(
        check(&|e| e.commit = Some("f".repeat(40))),
        Err(BindingError::NotCovered { what: "commit", .. })
    ));
    let triage = verify(&Envelope::sign(&samples::triage(), &signer()).unwrap(), &root()).unwrap();
    assert_eq!(check_binding(&triage, &expected), Err(BindingError::NotADecision));
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    // The neutral element as the key: R = neutral, S = 0 satisfies the equation for every message.
    let mut blob = Vec::new();
    let mut point = [0_u8; 32];
    point[0] = 1;
    crate::trust::wire::put_string(&mut blob, b"ssh-ed25519");
    crate::trust::wire::put_string(&mut blob, &point);
    let key = crate::trust::key::KeyInfo::from_blob(&blob, "").unwrap();
    let mut signature = Vec::new();
    crate::trust::wire::put_string(&mut signature, b"ssh-ed25519");
    crate::trust::wire::put_string(&mut signature, &[&point[..], &[0; 32]].concat());
    let sig = crate::trust::sshsig::SshSig {
        public_key: blob,
        namespace: "n".into(),
        hash: crate::trust::sshsig::MessageHash::Sha512,
        signature,
    };
    // The lax check takes it; so this test would fail without the strict one.
    let lax = ed25519_dalek::VerifyingKey::from_bytes(&point).unwrap();
    let raw: [u8; 64] = [&point[..], &[0; 32]].concat().try_into().unwrap();
    assert!(lax.verify(&sig.signed_data(b"any"), &ed25519_dalek::Signature::from_bytes(&raw)).is_ok());
    assert!(crate::trust::verify_sig::verify(&sig, &key, "n", b"any").is_err());
}

#[test]
fn what_is_verified_is_what_the_domain_knows() {
    let verified = verify(&good(), &root()).unwrap();
    let decision = verified.decision().unwrap();
    assert_eq!(decision.gate, samples::gate_id());
    assert_eq!(decision.release.raw(), samples::release().address());
    assert_eq!((decision.principal.as_str(), decision.verb), (ANA, Verb::Approve));
    assert_eq!((&decision.envelope, &decision.dossier), (&good().digest(), &samples::dossier().digest));
    assert!(verified.dismissals().is_empty());
    let triage = verify(&Envelope::sign(&samples::triage(), &signer()).unwrap(), &root()).unwrap();
    assert_eq!(triage.dismissals().len(), 1);
    assert!(triage.decision().is_none());
}

#[test]
fn statements_survive_the_way_through_an_envelope() {
    let opened = Envelope::parse(&good().to_bytes().unwrap()).unwrap().open().unwrap();
    assert_eq!(Statement::parse(&opened.payload).unwrap(), samples::decision());
}
