//! Provenance: attestations of builders, verified offline with the crate sigstore-verify.
//!
//! Bytes of Sigstore bundles, npm's and GitHub's answers, PyPI's provenance (PEP 740), DSSE envelopes, or several of
//! them as JSON lines ([`read`]) are checked against a trusted root ([`root`]), and then against what is expected
//! ([`expected`]). What is expected always comes from whoever asks, never from the attestation: one that nobody expects
//! can be shown, but is never verified.
//!
//! Nothing here asks the network or reads a file.

mod claims;
mod envelope;
pub mod expected;
mod judge;
mod read;
pub mod root;
mod strict;
#[cfg(test)]
mod tests;
mod words;

use crate::contained;
use crate::domain::evidence::Reason;
use crate::domain::provenance::{Attestation, SubjectDigest, Unread};
use crate::text::Untrusted;
use expected::Expected;
use root::Root;

/// What a file held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// The attestations in it.
    pub attestations: Vec<Attestation>,
    /// What of it could not be read.
    pub unread: Vec<Unread>,
}

/// Reads the attestations of a file and judges each: the one door of this room.
///
/// `artifacts` are the digests of what is released; a signature over an artifact itself is tried with each of them.
/// Whatever is wrong with a file, or breaks while it is looked at, is said in the result.
pub fn examine(
    file: &str,
    bytes: &[u8],
    root: Option<&Root>,
    expected: &Expected,
    artifacts: &[SubjectDigest],
) -> Examined {
    let looked = contained::call(|| {
        let mut out = Examined::default();
        for found in read::read(file, bytes) {
            match found {
                Err(unread) => out.unread.push(unread),
                Ok(found) => {
                    let place = found.place.clone();
                    // One that breaks the reader does not take the others along.
                    match contained::call(|| judge::judge(found, root, expected, artifacts)) {
                        Ok(attestation) => out.attestations.push(attestation),
                        Err(why) => out.unread.push(broken(place, &why)),
                    }
                }
            }
        }
        out
    });
    let mut looked = looked
        .unwrap_or_else(|why| Examined { unread: vec![broken(Untrusted::new(file), &why)], ..Examined::default() });
    for attestation in &mut looked.attestations {
        attestation.reason = attestation.reason.take().map(judge::bounded);
    }
    for unread in &mut looked.unread {
        unread.reason = judge::bounded(unread.reason.clone());
    }
    looked
}

fn broken(file: Untrusted, why: &str) -> Unread {
    Unread { file, reason: Reason::new("malformed", format!("Reading it failed: {why}.")) }
}
