//! Attestations of two artifacts: one verified, one by somebody else, one hostile.

use super::{HOSTILE, ago};
use crate::domain::canonical::sha256;
use crate::domain::evidence::{Completeness, Evidence, Origin, Piece, Reason};
use crate::domain::provenance::{
    Attestation, Covered, Provenance, State, Subject, SubjectDigest, TrustRoot, Unread, cover,
};

pub(super) fn piece(origin: Origin) -> Piece {
    let wanted = |name: &str| Covered { name: name.into(), digest: Some(digest(name)), by: Vec::new() };
    let attestations = vec![
        attestation("pay.sigstore.json", "registry/payments", State::Verified, "release.yml"),
        attestation("sidecar.sigstore.json", "registry/sidecar", State::Unexpected, HOSTILE),
    ];
    let provenance = Provenance {
        expected: vec![
            ("issuer".to_owned(), "https://issuer.example.com".into()),
            ("identity".to_owned(), "https://git.example.com/acme/payments/release.yml@refs/heads/main".into()),
            ("predicate".to_owned(), "slsa".into()),
        ],
        root: Some(TrustRoot { digest: sha256(b"root"), newest: Some(ago(9_000_000)) }),
        artifacts: cover(vec![wanted("registry/payments"), wanted("registry/sidecar")], &attestations),
        attestations,
        unread: vec![Unread {
            file: format!("x{HOSTILE}.json").into(),
            reason: Reason::new("malformed", format!("It is not JSON that can be read: {HOSTILE}.")),
        }],
    };
    let shortfall = provenance.shortfall().map_or(Completeness::Complete, Completeness::Partial);
    Piece::got(origin, Evidence::Provenance(provenance), Some(sha256(b"files")), Vec::new(), shortfall)
}

fn digest(name: &str) -> SubjectDigest {
    (&sha256(name.as_bytes())).into()
}

fn attestation(file: &str, of: &str, state: State, who: &str) -> Attestation {
    let reason = Reason::new("another-identity", format!("It is signed by \"{who}\", and another is expected."));
    Attestation {
        file: file.into(),
        state,
        reason: (state != State::Verified).then_some(reason),
        note: None,
        subjects: vec![Subject { name: of.into(), digests: vec![digest(of)] }],
        subject_count: 1,
        predicate: Some("https://slsa.dev/provenance/v1".into()),
        builder: Some("https://ci.example.com/builder".into()),
        repository: Some("https://git.example.com/acme/payments".into()),
        commit: Some("4f9d2c7be0a14c5d8a6b1f3e5c7d9a0b2c4e6f80".into()),
        reference: Some("refs/heads/main".into()),
        run: Some("https://ci.example.com/runs/7".into()),
        issuer: Some("https://issuer.example.com".into()),
        identity: Some(format!("https://git.example.com/acme/payments/{who}@refs/heads/main").into()),
        key: None,
        signed_at: Some(ago(12_000)),
        log_index: Some("166143216".to_owned()),
    }
}
