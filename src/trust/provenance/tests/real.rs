//! Bundles of real packages: npm, GitHub, PyPI, conda and cosign. They verify with the right identity and nothing else.

use sigstore_verify::trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT};

use super::*;

const LOGIN: &str = "https://github.com/login/oauth";
const SLSA_1: &str = "https://slsa.dev/provenance/v1";
const PUBLISH: &str = "https://docs.pypi.org/attestations/publish/v1";

/// A file of the corpus, and its artifact's digest as `artifact-digests.sha256` or the statement has it.
struct Real {
    file: &'static str,
    digest: String,
    root: fn() -> Result<Root, String>,
    issuer: &'static str,
    identity: &'static str,
    repository: Option<&'static str>,
    reference: Option<&'static str>,
    predicate: Predicate,
}

fn real(file: &'static str, digest: &str, issuer: &'static str, identity: &'static str) -> Real {
    let (root, predicate) = (Root::public_good as fn() -> _, Predicate::Uri(PUBLISH.to_owned()));
    Real { file, digest: digest.to_owned(), root, issuer, identity, repository: None, reference: None, predicate }
}

impl Real {
    fn of(mut self, repository: &'static str, reference: &'static str) -> Self {
        (self.repository, self.reference) = (Some(repository), Some(reference));
        self
    }

    fn says(mut self, predicate: Predicate) -> Self {
        self.predicate = predicate;
        self
    }

    fn rooted(mut self, root: fn() -> Result<Root, String>) -> Self {
        self.root = root;
        self
    }

    fn expected(&self) -> Expected {
        Expected {
            repository: self.repository.map(Pattern::new),
            reference: self.reference.map(Pattern::new),
            predicate: self.predicate.clone(),
            ..identity(self.issuer, self.identity)
        }
    }

    fn look(&self, dir: &std::path::Path, expected: &Expected, digest: &str) -> (bool, String) {
        let bytes = fs::read(dir.join(self.file)).unwrap();
        let digest: SubjectDigest = digest.parse().unwrap();
        let root = (self.root)().unwrap();
        let examined = examine(self.file, &bytes, Some(&root), expected, std::slice::from_ref(&digest));
        (covers(&examined, &digest), why(&examined))
    }
}

fn staging() -> Result<Root, String> {
    Root::read(SIGSTORE_STAGING_TRUSTED_ROOT.as_bytes())
}

fn github() -> Result<Root, String> {
    Root::read(SIGSTORE_GITHUB_TRUSTED_ROOT.as_bytes())
}

/// Digests by the name of the artifact, as the corpus has them.
fn digest(dir: &std::path::Path, name: &str) -> String {
    let list = fs::read_to_string(dir.join("artifact-digests.sha256")).unwrap();
    let line = list.lines().find(|l| l.ends_with(name)).unwrap_or_else(|| panic!("{name}"));
    format!("sha256:{}", line.split(' ').next().unwrap())
}

fn all(dir: &std::path::Path) -> Vec<Real> {
    let of = |name: &str| digest(dir, name);
    let models = "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml@refs/tags/v*";
    let attestations =
        "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19";
    let repository = "https://github.com/trailofbits/pypi-attestations";
    let circle = "https://circleci.com/api/v2/projects/fdd9283f-e619-46af-8f9c-851f7d3e8b2b/pipeline-definitions/\
                  8e4f8ab2-8d7c-4827-9f15-de076d6d647f";
    let wheel = of("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl");
    let conda = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
    let conda_says = || Predicate::Uri("https://schemas.conda.org/attestations-publish-1.schema.json".to_owned());
    let npm = "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe3464\
               0966eee9fc2ccca387082b4c85cd3c";
    let old = "sha512:bbfd372fc9beeb777fe35d05bb10c0c70a9733d366a75fed7dd18866c7391de3ee7e88ba74dd47abf3e15c845e547fcf0e5c\
               3da80854c751554224d3a6d4e55f";
    let blob = fs::read(dir.join("sigstore-rs-verify/bundles/cosign-v3-blob.txt")).unwrap();
    let staged = fs::read(dir.join("sigstore-rs-verify/upstream/sigstore-python/staging-rekor-v2.txt")).unwrap();
    vec![
        // PyPI, PEP 740: GitHub, GitLab, CircleCI and Google Cloud as publishers.
        real(
            "pep740/pypi_attestations-0.0.19.tar.gz.provenance",
            &of("pypi_attestations-0.0.19.tar.gz"),
            GITHUB,
            attestations,
        )
        .of(repository, "refs/tags/*"),
        real(
            "pep740/pypi_attestations-0.0.19.tar.gz.publish.attestation",
            &of("pypi_attestations-0.0.19.tar.gz"),
            GITHUB,
            attestations,
        )
        .of(repository, "refs/tags/*"),
        real(
            "pep740/pypi_attestations-0.0.19.tar.gz.slsa.attestation",
            &of("pypi_attestations-0.0.19.tar.gz"),
            GITHUB,
            attestations,
        )
        .of(repository, "refs/tags/v0.0.19")
        .says(Predicate::Slsa),
        real(
            "pep740/pypi_attestation_models-0.0.4a2.tar.gz.attestation",
            &of("pypi_attestation_models-0.0.4a2.tar.gz"),
            GITHUB,
            models,
        ),
        real(
            "pep740/pypi_attestation_models-0.0.4a2.tar.gz.sigstore",
            &of("pypi_attestation_models-0.0.4a2.tar.gz"),
            GITHUB,
            models,
        ),
        real(
            "pep740/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
            &of("gitlab_oidc_project-0.0.3.tar.gz"),
            "https://gitlab.com",
            "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
        )
        .of("https://gitlab.com/facutuesca/gitlab-oidc-project", "refs/heads/main"),
        real(
            "pep740/circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance",
            &wheel,
            "https://oidc.circleci.com",
            circle,
        )
        .of("github.com/CircleCI-Public/sign-and-publish-examples", "refs/heads/pypi"),
        real(
            "pep740/circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.publish.attestation",
            &wheel,
            "https://oidc.circleci.com",
            circle,
        )
        .of("github.com/CircleCI-Public/sign-and-publish-examples", "refs/heads/pypi"),
        real(
            "pep740/gcb_attestation_test-0.0.0.tar.gz.provenance",
            &of("gcb_attestation_test-0.0.0.tar.gz"),
            "https://accounts.google.com",
            "919436158236-compute@developer.gserviceaccount.com",
        ),
        // npm.
        real(
            "sigstore-rs-verify/bundles/sigstore.js@2.0.0-provenance.sigstore.json",
            npm,
            GITHUB,
            "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
        )
        .of("https://github.com/sigstore/sigstore-js", "refs/heads/main")
        .says(Predicate::Slsa),
        real("sigstore-rs-verify/bundles/dsse.sigstore.json", old, LOGIN, "brian@dehamer.com").says(Predicate::Slsa),
        // conda, Rekor v1 and v2.
        real(
            "sigstore-rs-verify/bundles/conda-attestation.sigstore.json",
            conda,
            GITHUB,
            "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main",
        )
        .of("https://github.com/prefix-dev/sigstore-example", "refs/heads/main")
        .says(conda_says()),
        real("sigstore-rs-verify/bundles/conda-attestation-rekor2.sigstore.json", conda, LOGIN, "jku@goto.fi")
            .says(conda_says())
            .rooted(staging),
        // A file signed by cosign 3; a wheel signed by a workflow.
        real(
            "sigstore-rs-verify/bundles/cosign-v3-blob.sigstore.json",
            sha256(&blob).as_str(),
            LOGIN,
            "w.vollprecht@gmail.com",
        )
        .says(Predicate::Signature),
        real(
            "sigstore-rs-verify/bundles/bundle_v3_github.whl.sigstore",
            &of("rfc8785-0.1.2-py3-none-any.whl"),
            GITHUB,
            "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v0.1.2",
        )
        .of("https://github.com/trailofbits/rfc8785.py", "refs/tags/v0.1.2")
        .says(Predicate::Signature),
        // Rekor v2 of the staging instance.
        real(
            "sigstore-rs-verify/upstream/sigstore-python/staging-rekor-v2.txt.sigstore.json",
            sha256(&staged).as_str(),
            LOGIN,
            "jku@goto.fi",
        )
        .says(Predicate::Signature)
        .rooted(staging),
        // A release of GitHub's, by its own instance: neither log, and a time stamp.
        real(
            "sigstore-rs-verify/bundles/github-private-attestation.sigstore.json",
            "sha256:76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428",
            "",
            "https://dotcom.releases.github.com",
        )
        .says(Predicate::Uri("https://in-toto.io/attestation/release/v0.2".to_owned()))
        .rooted(github),
    ]
}

#[test]
fn real_bundles_verify_with_the_right_identity_and_no_other() {
    let Some(dir) = corpus("") else { return };
    for real in all(&dir) {
        let expected = real.expected();
        let (good, why) = real.look(&dir, &expected, &real.digest);
        assert!(good, "{}: {why}", real.file);
        let refused = |expected: &Expected, digest: &str, code: &str| {
            let (good, why) = real.look(&dir, expected, digest);
            assert!(!good && why.contains(code), "{}: {code} was to come, and it says: {why}", real.file);
        };
        let other = |issuer: &str, who: &str| Expected { signer: identity(issuer, who).signer, ..expected.clone() };
        refused(&other("https://issuer.example", real.identity), &real.digest, "another-issuer");
        refused(&other(real.issuer, "mallory@example.com"), &real.digest, "another-identity");
        refused(&Expected { signer: Signer::Nobody, ..expected.clone() }, &real.digest, "nobody-expected");
        refused(
            &Expected { predicate: Predicate::Uri("x://".into()), ..expected.clone() },
            &real.digest,
            "another-predicate",
        );
        let elsewhere = Expected { repository: Some(Pattern::new("https://github.com/mallory/x")), ..expected.clone() };
        refused(&elsewhere, &real.digest, "another-repository");
        let branch = Expected { reference: Some(Pattern::new("refs/heads/evil")), ..expected.clone() };
        refused(&branch, &real.digest, "another-branch");
        // Another artifact is not covered, whatever is verified.
        let zero = format!("sha256:{}", "0".repeat(64));
        assert!(!real.look(&dir, &expected, &zero).0, "{}", real.file);
    }
}

#[test]
fn negative_bundles_fail_and_say_why() {
    let Some(dir) = corpus("") else { return };
    let bundles = "sigstore-rs-verify/bundles";
    let mut wrong = Vec::new();
    for (file, code) in [
        (format!("{bundles}/bundle_cve_2022_36056.txt.sigstore"), "another-log-entry"),
        (format!("{bundles}/bundle_invalid_version.txt.sigstore"), "malformed"),
        (format!("{bundles}/bundle_no_cert_v1.txt.sigstore"), "malformed"),
        (format!("{bundles}/bundle_no_checkpoint.txt.sigstore"), "malformed"),
        (format!("{bundles}/bundle_no_log_entry.txt.sigstore"), "malformed"),
        (format!("{bundles}/bundle_v3_no_signed_time.txt.sigstore.json"), "no-time"),
        (format!("{bundles}/dsse-2sigs.sigstore.json"), "malformed"),
        (format!("{bundles}/othername.sigstore.json"), "not-logged"),
        ("pep740/rfc8785-0.1.2-py3-none-any.whl.attestation".to_owned(), ""),
        ("pep740/rfc8785-0.1.2-py3-none-any.whl.publish.attestation".to_owned(), ""),
        ("pep740/rfc8785-0.1.2-py3-none-any.whl.sigstore".to_owned(), ""),
        (
            "pep740/spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation"
                .to_owned(),
            "",
        ),
    ] {
        let bytes = fs::read(dir.join(&file)).unwrap();
        let root = if file.contains("cve") { staging().unwrap() } else { Root::public_good().unwrap() };
        let any = |predicate| Expected { predicate, signer: Signer::Nobody, ..identity("", "") };
        let first = examine(&file, &bytes, Some(&root), &any(Predicate::Slsa), &[]);
        let examined = examine(&file, &bytes, Some(&root), &any(predicate_of(&first)), &[]);
        let bad = examined.attestations.iter().all(|a| a.state == State::Refused);
        eprintln!("{file}: {}", why(&examined));
        if !(bad && why(&examined).starts_with(code)) {
            wrong.push(format!("{file}: {code}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_is_verified_is_also_told() {
    let Some(dir) = corpus("sigstore-rs-verify/bundles") else { return };
    let bytes = fs::read(dir.join("sigstore.js@2.0.0-provenance.sigstore.json")).unwrap();
    let expected = Expected {
        signer: Signer::Identity { issuer: GITHUB.to_owned(), identity: None },
        repository: Some(Pattern::new("https://github.com/sigstore/sigstore-js")),
        commit: Some("f0b49a04e5a62250e0f60fb128004a73110fe311".to_owned()),
        ..identity("", "")
    };
    let root = Root::public_good().unwrap();
    let examined = examine("x", &bytes, Some(&root), &expected, &[]);
    let a = only(&examined);
    let text = |t: &Option<crate::text::Untrusted>| t.as_ref().map(|t| t.raw().to_owned()).unwrap_or_default();
    assert_eq!(a.state, State::Verified, "{}", why(&examined));
    assert_eq!(text(&a.predicate), SLSA_1);
    assert_eq!(text(&a.builder), "https://github.com/actions/runner/github-hosted");
    assert_eq!(text(&a.repository), "https://github.com/sigstore/sigstore-js");
    assert_eq!(text(&a.commit), "f0b49a04e5a62250e0f60fb128004a73110fe311");
    assert_eq!(text(&a.reference), "refs/heads/main");
    assert_eq!(text(&a.issuer), GITHUB);
    assert!(text(&a.run).contains("/actions/runs/"), "{}", text(&a.run));
    assert_eq!(a.signed_at.unwrap().date(), "2023-08-18");
    assert_eq!(a.subject_count, 1);
    assert!(a.log_index.is_some() && a.key.is_none());
    let other = Expected { commit: Some("0123456789".to_owned()), ..expected };
    assert!(why(&examine("x", &bytes, Some(&root), &other, &[])).starts_with("another-commit"));
}

/// A real one that a person signed: its certificate names a mail, and only the statement names a repository.
#[test]
fn a_person_does_not_sign_for_a_repository() {
    let Some(dir) = corpus("sigstore-rs-verify/bundles") else { return };
    let bytes = fs::read(dir.join("dsse.sigstore.json")).unwrap();
    let expected = Expected {
        signer: Signer::Identity { issuer: LOGIN.to_owned(), identity: None },
        repository: Some(Pattern::new("https://github.com/github/slsa-provenance")),
        ..identity("", "")
    };
    let root = Root::public_good().unwrap();
    let examined = examine("x", &bytes, Some(&root), &expected, &[]);
    assert_eq!(only(&examined).state, State::Unexpected);
    assert!(why(&examined).starts_with("another-repository: Its certificate does not name"), "{}", why(&examined));
    let named = Expected { signer: identity(LOGIN, "brian@dehamer.com").signer, ..expected };
    let examined = examine("x", &bytes, Some(&root), &named, &[]);
    assert_eq!(only(&examined).state, State::Verified, "{}", why(&examined));
}

#[test]
fn answers_and_lines_are_taken_apart() {
    let Some(dir) = corpus("sigstore-rs-verify/bundles") else { return };
    let text = fs::read_to_string(dir.join("sigstore.js@2.0.0-provenance.sigstore.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected =
        identity(GITHUB, "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main");
    let root = Root::public_good().unwrap();
    let look = |text: &str| examine("f", text.as_bytes(), Some(&root), &expected, &[]);
    // npm's registry answers with the provenance, and with an attestation of its own, which a key signed.
    let answer = serde_json::json!({"attestations": [
        {"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle},
        {"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle},
    ]});
    let examined = look(&answer.to_string());
    let files: Vec<&str> = examined.attestations.iter().map(|a| a.file.raw()).collect();
    assert_eq!(files, ["f#1", "f#2"]);
    assert!(examined.attestations.iter().all(|a| a.state == State::Verified), "{}", why(&examined));
    let line = bundle.to_string();
    let lines = look(&format!("{line}\n\n{line}\n{{\"broken\": 1}}\n"));
    assert_eq!((lines.attestations.len(), lines.unread.len()), (2, 1));
    assert_eq!((lines.attestations[1].file.raw(), lines.unread[0].file.raw()), ("f:3", "f:4"));
}

#[test]
fn a_root_of_several_instances_verifies_what_each_of_them_signed() {
    let Some(dir) = corpus("") else { return };
    let line = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
    let public_good = fs::read_to_string(dir.join("sigstore-rs-verify/trusted_roots/public-good.json")).unwrap();
    let both = format!("{}\n{}\n", line(&public_good), line(SIGSTORE_GITHUB_TRUSTED_ROOT));
    let root = Root::read(both.as_bytes()).unwrap();
    assert_eq!(root.instances(), (2, 1), "GitHub's own has no log");
    for real in all(&dir).iter().filter(|r| ["github-private", "sigstore.js@"].iter().any(|f| r.file.contains(f))) {
        let bytes = fs::read(dir.join(real.file)).unwrap();
        let digest: SubjectDigest = real.digest.parse().unwrap();
        let examined = examine("f", &bytes, Some(&root), &real.expected(), std::slice::from_ref(&digest));
        assert!(covers(&examined, &digest), "{}: {}", real.file, why(&examined));
    }
}

#[test]
fn a_key_of_ones_own_verifies_what_it_signed() {
    let Some(dir) = corpus("sigstore-rs-verify/managed-key") else { return };
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    let key = Key::from_pem(&read("key.pub")).unwrap();
    let digest = sha256(&read("artifact.txt"));
    let expected = Expected { predicate: Predicate::Signature, ..by_key(key, true) };
    let root = Root::public_good().unwrap();
    let look = |root: Option<&Root>, expected: &Expected, digest: &SubjectDigest| {
        examine("f", &read("bundle.sigstore.json"), root, expected, std::slice::from_ref(digest))
    };
    let good = look(Some(&root), &expected, &digest);
    assert!(covers(&good, &digest), "{}", why(&good));
    assert!(only(&good).key.as_deref().unwrap().starts_with("sha256:"));
    let other = sha256(b"other");
    assert!(!covers(&look(Some(&root), &expected, &other), &other));
    assert!(why(&look(None, &expected, &digest)).starts_with("no-trusted-root"));
    let someone = Expected { predicate: Predicate::Signature, ..identity(GITHUB, "ana") };
    assert!(why(&look(Some(&root), &someone, &digest)).starts_with("signed-by-key"));
}
