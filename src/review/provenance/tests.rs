use super::*;
use crate::domain::canonical::sha256;
use crate::domain::release::Artifact;

fn release(version: &str) -> Release {
    Release {
        service: "pay".into(),
        version: version.into(),
        environment: "prod".into(),
        commit: Some("c0ffee0123".into()),
        branch: None,
        artifacts: vec![Artifact { name: "pay".into(), reference: "".into(), digest: Some(sha256(b"pay")) }],
    }
}

fn line() -> ProvenanceConfig {
    ProvenanceConfig {
        path: Some("/a".into()),
        issuer: Some("https://issuer.example".into()),
        identity: Some("https://ci.example/{service}@refs/tags/v{version}".into()),
        ..ProvenanceConfig::default()
    }
}

#[test]
fn what_is_expected_comes_from_the_configuration_and_the_release() {
    let judging = Judging::new(&line(), &TrustConfig::default(), &release("1.4"), None).unwrap();
    let words: Vec<String> = judging.expected().unwrap().words().iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        words,
        [
            "issuer=https://issuer.example",
            "identity=https://ci.example/pay@refs/tags/v1.4",
            "commit=c0ffee0123",
            "predicate=slsa",
        ]
    );
    // A version is written by others, and must not widen what is expected.
    let wide = Judging::new(&line(), &TrustConfig::default(), &release("**"), None);
    assert_eq!(wide.unwrap_err().code, "unsafe-value");
}

#[test]
fn a_commit_must_be_named_where_the_kind_has_a_place_for_it() {
    let asked = |predicate: Option<&str>, require_commit| {
        let line = ProvenanceConfig { predicate: predicate.map(Into::into), require_commit, ..line() };
        Judging::new(&line, &TrustConfig::default(), &release("1"), None).unwrap().expected().unwrap().commit_named
    };
    assert!(asked(None, None) && asked(Some("slsa"), None));
    assert!(!asked(Some("signature"), None) && !asked(Some("https://spdx.dev/Document"), None));
    assert!(asked(Some("signature"), Some(true)) && !asked(None, Some(false)));
    let blank = verify(&line(), Path::new(PUBLIC_GOOD), Some(" "), &[], &[]).unwrap_err();
    assert_eq!(blank.kind, crate::error::ErrorKind::Usage);
}

#[test]
fn a_root_or_key_that_cannot_be_read_is_missing_evidence_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("root.json");
    std::fs::write(&bad, "{}").unwrap();
    for (setting, what) in [(bad.as_path(), "cannot be used"), (Path::new("/none/root.json"), "cannot be read")] {
        let trust = TrustConfig { sigstore_root: Some(setting.to_owned()), ..TrustConfig::default() };
        let judging = Judging::new(&line(), &trust, &release("1"), None).unwrap();
        let reason = judging.judge(std::iter::empty()).unwrap_err();
        assert_eq!(reason.code, "trusted-root");
        let text = reason.text.raw();
        assert!(text.contains(what) && text.contains(&setting.display().to_string()), "{text}");
    }
    let key = ProvenanceConfig { key: Some(bad.clone()), issuer: None, identity: None, ..line() };
    let judging = Judging::new(&key, &TrustConfig::default(), &release("1"), None).unwrap();
    assert!(judging.judge(std::iter::empty()).unwrap_err().text.raw().contains("root.json"));
    assert!(root(Path::new(PUBLIC_GOOD)).unwrap().about.newest.is_some());
}

#[test]
fn without_a_root_nothing_is_verified() {
    let judging = Judging::new(&line(), &TrustConfig::default(), &release("1"), None).unwrap();
    let (provenance, shortfall) = judging.judge([("x.json", &b"{}"[..])].into_iter()).unwrap();
    assert_eq!((provenance.covered(), provenance.unread.len()), (0, 1));
    assert_eq!(shortfall.unwrap().code, "attestation-unreadable");
}

#[test]
fn a_release_with_too_many_attestations_is_not_looked_through() {
    let judging = Judging::new(&line(), &TrustConfig::default(), &release("1"), None).unwrap();
    let envelope = br#"{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}"#;
    let lines = [&envelope[..]; 400].join(&b'\n');
    let files = (0..5).map(|_| ("many.jsonl", lines.as_slice()));
    let (provenance, _) = judging.judge(files).unwrap();
    assert_eq!((provenance.attestations.len(), provenance.unread.len()), (1_200, 1));
    assert_eq!(provenance.unread[0].reason.code, "too-many");
}
