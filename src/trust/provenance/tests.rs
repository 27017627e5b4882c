//! The conformance suite of Sigstore, real bundles, and hostile ones. They lie in the corpus; without it, all but the
//! hostile ones are skipped.

mod conformance;
mod expectations;
mod hostile;
mod own;
mod real;

use std::fs;
use std::path::PathBuf;

use super::expected::{Expected, Key, Pattern, Signer};
use super::root::Root;
use super::{Examined, examine};
use crate::domain::canonical;
use crate::domain::provenance::{Attestation, Predicate, State, SubjectDigest};

const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// A folder of the corpus; `None` if there is no corpus here.
fn corpus(under: &str) -> Option<PathBuf> {
    let found = std::env::var_os("COUNTERSIGN_CORPUS").map(|c| PathBuf::from(c).join("sigstore").join(under));
    if found.is_none() {
        eprintln!("skipped: COUNTERSIGN_CORPUS is not set");
    }
    found
}

fn identity(issuer: &str, identity: &str) -> Expected {
    Expected {
        signer: Signer::Identity { issuer: issuer.to_owned(), identity: Some(Pattern::new(identity)) },
        repository: None,
        reference: None,
        commit: None,
        commit_named: true,
        predicate: Predicate::Slsa,
    }
}

fn by_key(key: Key, logged: bool) -> Expected {
    Expected {
        signer: Signer::Key { key, logged },
        repository: None,
        reference: None,
        commit: None,
        commit_named: true,
        predicate: Predicate::Slsa,
    }
}

/// The predicate that a bundle has, so that its signature is what is judged.
fn predicate_of(examined: &Examined) -> Predicate {
    let said = examined.attestations.first().and_then(|a| a.predicate.as_ref());
    said.map_or(Predicate::Signature, |p| Predicate::Uri(p.raw().to_owned()))
}

fn sha256(bytes: &[u8]) -> SubjectDigest {
    (&canonical::sha256(bytes)).into()
}

/// Whether something is verified, and covers the artifact.
fn covers(examined: &Examined, digest: &SubjectDigest) -> bool {
    examined.attestations.iter().any(|a| a.state == State::Verified && a.names(digest))
}

fn why(examined: &Examined) -> String {
    let judged = examined.attestations.iter().filter_map(|a| a.reason.as_ref());
    let said = judged.chain(examined.unread.iter().map(|u| &u.reason)).map(|r| format!("{}: {}", r.code, r.text.raw()));
    said.collect::<Vec<_>>().join(" | ")
}

fn only(examined: &Examined) -> &Attestation {
    assert_eq!((examined.attestations.len(), examined.unread.len()), (1, 0), "{}", why(examined));
    &examined.attestations[0]
}
