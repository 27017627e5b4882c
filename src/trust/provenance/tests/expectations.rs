//! What is compared after a signature was found to be good, without one: what certificate and statement say is made up.

use super::super::claims::{Claims, Signed};
use super::super::judge::unexpected;
use super::*;

const GOOGLE: &str = "https://accounts.google.com";
const REPOSITORY: &str = "https://github.com/acme/payments";
const COMMIT: &str = "c0ffee0123c0ffee0123c0ffee0123c0ffee0123";

/// Whoever has an account with Google, and says of itself whatever is expected.
fn mallory() -> (Signed, Claims) {
    let signed = Signed {
        issuer: Some(GOOGLE.to_owned()),
        identity: Some("mallory@gmail.example".to_owned()),
        ..Signed::default()
    };
    let claims = Claims {
        repository: Some(REPOSITORY.to_owned()),
        reference: Some("refs/heads/main".to_owned()),
        commits: vec![COMMIT.to_owned()],
        ..Claims::default()
    };
    (signed, claims)
}

fn by_repository(issuer: &str) -> Expected {
    Expected {
        signer: Signer::Identity { issuer: issuer.to_owned(), identity: None },
        repository: Some(Pattern::new(REPOSITORY)),
        ..identity("", "")
    }
}

fn code(expected: &Expected, (signed, claims): &(Signed, Claims)) -> String {
    match unexpected(expected, claims, signed) {
        Ok(None) => String::new(),
        Ok(Some(note)) => format!("note {}", note.code),
        Err(reason) => reason.code,
    }
}

#[test]
fn a_signer_cannot_say_itself_that_it_is_of_the_repository() {
    let expected = by_repository(GOOGLE);
    assert_eq!(code(&expected, &mallory()), "another-repository");
    // Stars that everybody fits are no identity either.
    for anybody in ["**", "*", "***"] {
        let signer = Signer::Identity { issuer: GOOGLE.to_owned(), identity: Some(Pattern::new(anybody)) };
        assert_eq!(code(&Expected { signer, ..expected.clone() }, &mallory()), "another-repository", "{anybody}");
        let anywhere = Expected { repository: Some(Pattern::new(anybody)), ..expected.clone() };
        assert_eq!(code(&anywhere, &mallory()), "nobody-expected", "{anybody}");
    }
    // Somebody who is named is believed.
    let named = Expected { signer: identity(GOOGLE, "mallory@gmail.example").signer, ..expected.clone() };
    assert_eq!(code(&named, &mallory()), "");
    // The certificate is believed, and the statement can only contradict.
    let (mut signed, mut claims) = mallory();
    signed.repository = Some(REPOSITORY.to_owned());
    assert_eq!(code(&expected, &(signed.clone(), claims.clone())), "");
    claims.repository = None;
    assert_eq!(code(&expected, &(signed.clone(), claims.clone())), "");
    claims.repository = Some("https://github.com/acme/other".to_owned());
    assert_eq!(code(&expected, &(signed, claims)), "another-repository");
}

#[test]
fn without_an_identity_only_the_certificate_names_ref_and_commit() {
    let (mut signed, claims) = mallory();
    signed.repository = Some(REPOSITORY.to_owned());
    let branch = Expected { reference: Some(Pattern::new("refs/heads/main")), ..by_repository(GOOGLE) };
    assert_eq!(code(&branch, &(signed.clone(), claims.clone())), "another-branch");
    let commit = Expected { commit: Some(COMMIT.to_owned()), ..by_repository(GOOGLE) };
    assert_eq!(code(&commit, &(signed.clone(), claims.clone())), "no-commit");
    signed.reference = Some("refs/heads/main".to_owned());
    signed.commit = Some(COMMIT.to_owned());
    assert_eq!(code(&branch, &(signed.clone(), claims.clone())), "");
    assert_eq!(code(&commit, &(signed, claims)), "");
}

#[test]
fn a_commit_that_is_expected_is_named() {
    let silent = || (mallory().0, Claims { commits: Vec::new(), ..mallory().1 });
    let expected = Expected { commit: Some(COMMIT.to_owned()), ..identity(GOOGLE, "mallory@gmail.example") };
    assert_eq!(code(&expected, &mallory()), "");
    assert_eq!(code(&expected, &silent()), "no-commit");
    let lenient = Expected { commit_named: false, ..expected.clone() };
    assert_eq!(code(&lenient, &silent()), "note no-commit");
    assert_eq!(code(&lenient, &mallory()), "");
    assert!(lenient.words().iter().any(|(name, value)| name == "commit" && value.ends_with(", where it is named")));
    // One that is named wrongly never counts.
    for wrong in ["", "dead0123", "c0ffee"] {
        let other = (mallory().0, Claims { commits: vec![wrong.to_owned()], ..mallory().1 });
        assert_eq!(code(&lenient, &other), "another-commit", "{wrong}");
    }
    let certificate = (Signed { commit: Some(COMMIT.to_owned()), ..mallory().0 }, silent().1);
    assert_eq!(code(&expected, &certificate), "");
    assert_eq!(code(&Expected { commit: None, ..expected }, &silent()), "");
}
