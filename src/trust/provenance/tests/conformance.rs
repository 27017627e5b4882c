//! Every case of the conformance suite comes out as its name says. What is expected is the suite's, as its README has it.

use super::*;
use crate::domain::provenance::{Provenance, cover};
use crate::domain::release::Artifact;

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/\
                      extremely-dangerous-oidc-beacon.yml@refs/heads/main";

struct Case {
    name: String,
    good: bool,
    outcome: Result<(), String>,
}

fn case(dir: &std::path::Path, beside: &[u8]) -> Case {
    let text = |file: &str| fs::read_to_string(dir.join(file)).ok().map(|t| t.trim().to_owned());
    let name = dir.file_name().unwrap().to_string_lossy().into_owned();
    let bundle = fs::read(dir.join("bundle.sigstore.json")).unwrap();
    let artifact = fs::read(dir.join("artifact")).unwrap_or_else(|_e| beside.to_vec());
    let digest = sha256(&artifact);
    let root = fs::read(dir.join("trusted_root.json")).map_or_else(|_e| Root::public_good(), |b| Root::read(&b));
    let key = fs::read(dir.join("key.pub")).ok().map(|key| Key::from_pem(&key));
    let mut expected = match key {
        Some(Err(why)) => return Case { good: !name.ends_with("_fail"), name, outcome: Err(why) },
        Some(Ok(key)) => by_key(key, true),
        None => {
            let issuer = text("issuer").unwrap_or_else(|| GITHUB.to_owned());
            identity(&issuer, &text("identity").unwrap_or_else(|| BEACON.to_owned()))
        }
    };
    let outcome = root.and_then(|root| {
        let look = |expected: &Expected| examine(&name, &bundle, Some(&root), expected, std::slice::from_ref(&digest));
        expected.predicate = predicate_of(&look(&expected));
        let examined = look(&expected);
        let artifact =
            Artifact { name: "the artifact".into(), reference: "".into(), digest: Some(canonical::sha256(&artifact)) };
        let artifacts = cover(vec![(&artifact).into()], &examined.attestations);
        let (attestations, unread) = (examined.attestations, examined.unread);
        let whole = Provenance { expected: Vec::new(), root: None, artifacts, attestations, unread };
        whole.shortfall().map_or(Ok(()), |reason| Err(format!("{}: {}", reason.code, reason.text.raw())))
    });
    Case { good: !name.ends_with("_fail"), name, outcome }
}

#[test]
fn all_cases_come_out_as_their_names_say() {
    let Some(dir) = corpus("conformance/bundle-verify") else { return };
    let beside = fs::read(dir.join("a.txt")).unwrap();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    let cases: Vec<Case> = folders.iter().map(|f| case(f, &beside)).collect();
    for case in &cases {
        eprintln!("{:70} {}", case.name, case.outcome.as_ref().err().map_or("verified", |why| why));
    }
    let wrong: Vec<&str> = cases.iter().filter(|c| c.good != c.outcome.is_ok()).map(|c| c.name.as_str()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(cases.len(), 70);
    // Each of those that fail says why in a sentence of its own, and not for a reason of ours.
    for (name, why) in cases.iter().filter_map(|c| Some((&c.name, c.outcome.as_ref().err()?))) {
        assert!(why.ends_with('.') && why.len() > 30, "{name}: {why}");
        assert!(!why.contains("another-predicate") && !why.contains("panicked"), "{name}: {why}");
    }
}
