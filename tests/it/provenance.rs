//! Where artifacts come from, in the real program: the demo world's own builder, and real bundles of the corpus.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::lab::World;
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::house::{Ran, hermetic};

const RELEASE: &str = "payments@1.4.2/prod";
const WORKFLOW: &str = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn piece(shown: &Value) -> &Value {
    &shown["dossier"]["provenance"][0]
}

/// Whether the verdict has the reason.
fn blocked(shown: &Value) -> bool {
    let reasons = shown["verdict"]["reasons"].as_array().unwrap();
    reasons.iter().any(|r| r["id"] == "provenance-not-verified" && r["level"] == "block")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_covered_only_by_what_its_builder_attested() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let file = bench.dir.path().join("attestations/payments/1.4.2/provenance.sigstore.json");
    let good = std::fs::read_to_string(&file).unwrap();
    let shown = bench.json(&["show", RELEASE], 0).await;
    assert_eq!(piece(&shown)["status"], "complete", "{:#}", piece(&shown));
    let items = &piece(&shown)["items"];
    assert_eq!(items["attestations"][0]["state"], "verified");
    assert_eq!(items["attestations"][0]["repository"], "https://github.com/acme/payments");
    assert_eq!(items["artifacts"][0]["by"], json!(["provenance.sigstore.json"]));
    let digest = shown["gate"]["digest"].clone();
    let text = bench.run(&["show", RELEASE]).await.exits(0).out;
    assert!(text.contains("Provenance") && text.contains("covered"), "{text}");
    assert!(bench.run(&["doctor"]).await.out.contains("builder's key"));

    // Tampered with, exchanged, unreadable, gone: never covered, always said, and another digest to approve.
    let other = std::fs::read_to_string(bench.dir.path().join("attestations/profile/3.0.0/provenance.sigstore.json"));
    let tampered = good.replacen("\"payload\":\"ey", "\"payload\":\"fy", 1);
    for (bytes, code) in [
        (tampered, "malformed"),
        (other.unwrap(), "not-attested"),
        ("{".to_owned(), "attestation-unreadable"),
        (r#"{"mediaType": "a", "mediaType": "b"}"#.to_owned(), "attestation-unreadable"),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let shown = bench.json(&["show", RELEASE], 0).await;
        assert_eq!(piece(&shown)["status"], "partial", "{code}");
        let said = &piece(&shown)["reason"];
        assert_eq!(said["code"], code, "{said:#}");
        assert!(blocked(&shown), "{code}: {:#}", shown["verdict"]);
        assert_ne!(shown["gate"]["digest"], digest);
        bench.run(&["approve", RELEASE, "--reason", "x", "--yes"]).await.exits(4);
    }
    std::fs::remove_file(&file).unwrap();
    let gone = bench.json(&["show", RELEASE], 0).await;
    assert_eq!(piece(&gone)["status"], "missing");
    std::fs::write(&file, &good).unwrap();

    // Another branch, repository, kind: what is expected decides.
    for (key, value, code) in [
        ("branch", "refs/heads/release/*", "another-branch"),
        ("repository", "https://github.com/mallory/payments", "another-repository"),
        ("predicate", "signature", "another-predicate"),
    ] {
        let before = std::fs::read_to_string(&bench.home.config).unwrap();
        bench.reconfigure(|config| line(config).insert(key.to_owned(), value.into()).map_or((), drop));
        let shown = bench.json(&["show", RELEASE], 0).await;
        assert_eq!((&piece(&shown)["reason"]["code"], blocked(&shown)), (&json!(code), true), "{key}");
        std::fs::write(&bench.home.config, before).unwrap();
    }
    bench.reconfigure(|config| {
        for name in ["key", "log"] {
            line(config).remove(name);
        }
    });
    let nobody = bench.json(&["show", RELEASE], 0).await;
    assert_eq!(piece(&nobody)["status"], "partial", "nobody is expected, so nothing is verified");
    assert!(blocked(&nobody));
}

fn line(config: &mut toml::Table) -> &mut toml::Table {
    let services = config["service"].as_array_mut().unwrap();
    let payments = services.iter_mut().find(|s| s["name"].as_str() == Some("payments")).unwrap();
    payments["provenance"][0].as_table_mut().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attestation_of_another_commit_does_not_count() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let shown = bench.json(&["show", "profile@3.0.0/prod"], 0).await;
    assert_eq!(piece(&shown)["reason"]["code"], "another-commit", "{:#}", piece(&shown));
    assert!(blocked(&shown));
    // Where nothing is configured, nothing is said of it.
    let none = bench.json(&["show", "checkout@5.1.0/prod"], 0).await;
    assert_eq!(none["dossier"]["provenance"], json!([]));
    assert!(!blocked(&none));
}

fn run(dir: &Path, arguments: &[&str]) -> Ran {
    let mut command: Command = hermetic(dir);
    command.current_dir(dir).args(["provenance"]).args(arguments).stdin(std::process::Stdio::null());
    command.output().unwrap().into()
}

fn corpus(file: &str) -> Option<String> {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS") else {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
        return None;
    };
    Some(PathBuf::from(corpus).join("sigstore").join(file).to_string_lossy().into_owned())
}

#[test]
fn the_command_tells_who_built_it_or_exits_11() {
    let Some(file) = corpus("sigstore-rs-verify/bundles/sigstore.js@2.0.0-provenance.sigstore.json") else { return };
    let dir = tempfile::tempdir().unwrap();
    let digest = "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34\
                  640966eee9fc2ccca387082b4c85cd3c";
    let who = ["--issuer", GITHUB, "--identity", WORKFLOW];
    let with = |more: &[&str]| {
        let mut all = vec!["--artifact", digest];
        all.extend(more);
        all.push(&file);
        run(dir.path(), &all)
    };
    let good = with(&who).exits(0);
    assert!(good.out.contains("verified") && good.out.contains("https://github.com/sigstore/sigstore-js"), "{good:#?}");
    assert!(good.err.contains("built in"), "the root that is built in is named with its date: {}", good.err);
    let whole = with(&[&who[..], &["--output", "json"]].concat()).exits(0).json();
    assert_eq!((&whole["verified"], &whole["schema"]), (&json!(true), &json!(1)));
    let repository = ["--issuer", GITHUB, "--repository", "https://github.com/sigstore/sigstore-js", "--branch"];
    with(&[&repository[..], &["refs/heads/main"]].concat()).exits(0);
    let branch = with(&[&repository[..], &["refs/tags/*"]].concat()).exits(11);
    assert!(branch.err.contains("refs/tags/*"), "{}", branch.err);
    let identity = with(&["--issuer", GITHUB, "--identity", "https://github.com/mallory/*"]).exits(11);
    assert!(identity.err.contains("sigstore-js"), "{}", identity.err);
    with(&[&who[..], &["--commit", "0123456789abcdef"]].concat()).exits(11);
    with(&[&who[..], &["--predicate", "signature"]].concat()).exits(11);
    let commit = "f0b49a04e5a62250e0f60fb128004a73110fe311";
    with(&[&who[..], &["--commit", commit]].concat()).exits(0);
    // What a script leaves empty is not \"nothing is expected\".
    for name in ["--commit", "--branch", "--repository", "--predicate", "--identity", "--issuer"] {
        let mut all = vec![name, ""];
        let kept = if name == "--issuer" {
            &who[2..]
        } else if name == "--identity" {
            &who[..2]
        } else {
            &who[..]
        };
        all.extend(kept);
        let empty = with(&all).exits(2);
        assert!(empty.err.contains(&format!("{name} is empty")), "{}", empty.err);
    }
    run(dir.path(), &[&who[..], &["--artifact", "", "--artifact", digest, &file]].concat()).exits(2);
    // People who sign in somewhere do not sign for a repository.
    let people = ["--issuer", "https://accounts.google.com", "--repository", "https://github.com/sigstore/sigstore-js"];
    assert!(with(&people).exits(2).err.contains("--identity"));
    // The staging instance's root, or none that can be read.
    with(&[&who[..], &["--root", "none.json"]].concat()).exits(2);
    // Nobody expected, an identity without an issuer, no artifact: usage.
    with(&[]).exits(2);
    with(&["--identity", WORKFLOW]).exits(2);
    with(&["--issuer", GITHUB]).exits(2);
    run(dir.path(), &[&who[..], &[&file]].concat()).exits(2);
    let zero = format!("sha256:{}", "0".repeat(64));
    let other = run(dir.path(), &[&who[..], &["--artifact", &zero, &file]].concat()).exits(11);
    assert!(other.err.contains("No attestation speaks of"), "{}", other.err);
    std::fs::write(dir.path().join("bad.json"), "[".repeat(100_000)).unwrap();
    let bad = run(dir.path(), &[&who[..], &["--artifact", &zero, "bad.json"]].concat()).exits(11);
    assert!(bad.err.contains("bad.json was not read"), "{}", bad.err);
}

#[test]
fn a_file_and_a_key_of_ones_own_are_checked_too() {
    let Some(folder) = corpus("sigstore-rs-verify/managed-key") else { return };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{folder}/{name}");
    let (artifact, key, bundle) = (at("artifact.txt"), at("key.pub"), at("bundle.sigstore.json"));
    let arguments = ["--artifact", &artifact, "--key", &key, "--predicate", "signature", &bundle];
    run(dir.path(), &arguments).exits(0);
    std::fs::write(dir.path().join("other"), "other").unwrap();
    run(dir.path(), &["--artifact", "other", "--key", &key, "--predicate", "signature", &bundle]).exits(11);
    run(dir.path(), &["--artifact", &artifact, "--key", &artifact, &bundle]).exits(2);
}

/// Two libraries of cryptography are in the tree; TLS may only ever meet one, or neither would be the default.
#[test]
fn tls_has_one_library_of_cryptography() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let uses = |package: &str, dependency: &str| {
        let all = lock["package"].as_array().unwrap().iter().filter(|p| p["name"].as_str() == Some(package));
        all.filter_map(|p| p.get("dependencies")?.as_array())
            .flatten()
            .any(|d| d.as_str().is_some_and(|d| d.split(' ').next() == Some(dependency)))
    };
    assert!(uses("rustls", "ring"));
    assert!(!uses("rustls", "aws-lc-rs") && !uses("rustls-webpki", "aws-lc-rs"));
    assert!(uses("sigstore-crypto", "aws-lc-rs"), "else the test looks for the wrong name");
}
