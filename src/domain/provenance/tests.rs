use super::*;
use crate::domain::canonical::sha256;

fn artifact(name: &str, digest: bool) -> Artifact {
    Artifact { name: name.into(), reference: "".into(), digest: digest.then(|| sha256(name.as_bytes())) }
}

fn attestation(file: &str, of: &str, state: State) -> Attestation {
    let reason = Reason::new("another-identity", "It is signed by somebody else.");
    Attestation {
        state,
        reason: (state != State::Verified).then_some(reason),
        subjects: vec![Subject { name: of.into(), digests: vec![(&sha256(of.as_bytes())).into()] }],
        subject_count: 1,
        predicate: Some("https://slsa.dev/provenance/v1".into()),
        repository: Some("https://github.example/acme/pay".into()),
        ..Attestation::unread(file.into())
    }
}

fn provenance(artifacts: &[Artifact], attestations: Vec<Attestation>) -> Provenance {
    let artifacts = cover(artifacts.iter().map(Covered::from).collect(), &attestations);
    Provenance { expected: Vec::new(), root: None, artifacts, attestations, unread: Vec::new() }
}

#[test]
fn every_artifact_must_be_covered_by_a_verified_attestation() {
    let both = [artifact("a", true), artifact("b", true)];
    let good = |of: &str| attestation(&format!("{of}.json"), of, State::Verified);
    assert_eq!(provenance(&both, vec![good("a"), good("b")]).shortfall(), None);
    let one = provenance(&both, vec![good("a")]);
    assert_eq!((one.covered(), one.shortfall().unwrap().code.as_str()), (1, "not-attested"));
    for state in [State::Unexpected, State::Refused, State::Other] {
        let reason = provenance(&both, vec![good("a"), attestation("b.json", "b", state)]).shortfall().unwrap();
        assert_eq!(reason.code, "another-identity", "{state:?}");
        assert!(reason.text.raw().contains("b.json does not count for b"), "{reason:?}");
    }
    // One that is wrong takes nothing from one that is right.
    let more = vec![attestation("x.json", "a", State::Refused), good("a"), good("b")];
    assert_eq!(provenance(&both, more).shortfall(), None);
}

#[test]
fn what_has_no_digest_and_what_was_not_read_is_said() {
    assert_eq!(provenance(&[], Vec::new()).shortfall().unwrap().code, "no-artifact");
    let unknown = provenance(&[artifact("a", false)], vec![attestation("a.json", "a", State::Verified)]);
    assert_eq!(unknown.shortfall().unwrap().code, "artifact-without-digest");
    let mut unread = provenance(&[artifact("a", true)], vec![attestation("a.json", "a", State::Verified)]);
    unread.unread.push(Unread { file: "b.json".into(), reason: Reason::new("malformed", "It is not JSON.") });
    assert_eq!(unread.shortfall().unwrap().code, "attestation-unreadable");
}

#[test]
fn who_signed_is_a_claim_until_the_signature_is_good() {
    for (state, words) in [
        (State::Verified, "verified, signed by ana@acme.example,"),
        (State::Unexpected, "unexpected, signed by ana@acme.example,"),
        (State::Refused, "refused, claims to be signed by ana@acme.example,"),
        (State::Other, "other, claims to be signed by ana@acme.example,"),
    ] {
        let mut one = attestation("a.json", "a", state);
        one.identity = Some("ana@acme.example".into());
        assert!(one.words().starts_with(words), "{}", one.words());
    }
    let mut silent = attestation("a.json", "a", State::Verified);
    silent.note = Some(Reason::new("no-commit", "It does not name its commit."));
    assert!(silent.words().ends_with(", It does not name its commit"), "{}", silent.words());
}

#[test]
fn issuers_of_people_are_known_by_their_whole_name() {
    for known in
        ["https://accounts.google.com", "https://login.microsoftonline.com/0-1/v2.0", "https://github.com/login/oauth/"]
    {
        assert!(is_issuer_of_people(known), "{known}");
    }
    for other in ["https://token.actions.githubusercontent.com", "https://accounts.google.com.evil.example", "", "none"]
    {
        assert!(!is_issuer_of_people(other), "{other}");
    }
}

#[test]
fn digests_name_their_algorithm() {
    let hex = "ab".repeat(32);
    assert!(format!("sha256:{hex}").parse::<SubjectDigest>().is_ok());
    assert!(format!("sha512:{hex}{hex}").parse::<SubjectDigest>().is_ok());
    for bad in [hex.clone(), format!("sha512:{hex}"), format!("sha256:{}", hex.to_uppercase()), format!("md5:{hex}")] {
        assert!(bad.parse::<SubjectDigest>().is_err(), "{bad}");
    }
}
