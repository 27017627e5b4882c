//! Checkpoints outside of the ledger: each decision is mirrored, a mirror that fails is said until it has caught up, and a
//! ledger that was put back is found by what a mirror has.

use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Table;

use crate::support::payments::Payments;
use crate::support::programs;
use crate::support::weed::Weed;

/// A mirror of one kind, in the configuration.
fn mirror(payments: &Payments, kind: &str, value: impl Into<toml::Value>) {
    let value = value.into();
    payments.bench.reconfigure(|config| {
        let one = Table::from_iter([(kind.to_owned(), value)]);
        config["ledger"].as_table_mut().unwrap().insert("mirrors".to_owned(), vec![toml::Value::Table(one)].into());
    });
}

fn notes(root: &Path) -> Vec<PathBuf> {
    let ledgers = std::fs::read_dir(root.join("checkpoints")).into_iter().flatten().flatten();
    let mut notes: Vec<PathBuf> =
        ledgers.flat_map(|l| std::fs::read_dir(l.path()).unwrap()).map(|n| n.unwrap().path()).collect();
    notes.sort();
    notes
}

/// The line of doctor about the mirror.
async fn doctor(payments: &Payments) -> Value {
    let ran = payments.bench.run(&["doctor", "--output", "json"]).await;
    let checks = ran.json()["checks"].clone();
    let all = checks.as_array().unwrap();
    all.iter().find(|c| c["what"].as_str().unwrap().starts_with("mirror")).unwrap().clone()
}

async fn comment(payments: &Payments, reason: &str) -> crate::support::house::Ran {
    payments.bench.run(&["comment", &payments.gate, "--reason", reason]).await.exits(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_decision_is_mirrored_and_named_to_the_orchestrator() {
    let payments = Payments::new().await;
    let folder = tempfile::tempdir().unwrap();
    mirror(&payments, "folder", folder.path().to_str().unwrap());
    let ran = payments.approve().await.exits(0);
    assert!(!ran.err.contains("mirror"), "{ran:?}");
    // Which checks it against the mirror.
    let entries = payments.bench.entries().await.len() as u64;
    // The newest one is there, and the one that the decision went into.
    let all = notes(folder.path());
    let newest = std::fs::read_to_string(all.last().unwrap()).unwrap();
    assert_eq!(newest.lines().nth(1).unwrap(), entries.to_string());
    assert!(all.len() >= 2, "{all:?}");
    let found = doctor(&payments).await;
    assert_eq!(found["state"], "ok", "{found}");
    // What stands at the orchestrator is a checkpoint of the same ledger, with the decision in it.
    let patch = &payments.bench.lab.patches(&payments.stage)[0];
    let carrier = &patch["countersign"];
    assert_eq!(carrier["checkpoint"]["origin"], newest.lines().next().unwrap());
    let size: u64 = carrier["checkpoint"]["size"].as_str().unwrap().parse().unwrap();
    assert!((2..=entries).contains(&size), "{carrier}");
    let said = carrier["comment"].as_str().unwrap();
    let digest = carrier["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let short = [0, 4, 8, 12].map(|n| digest.get(n..n + 4).unwrap()).join("-");
    assert!(said.contains(&short) && said.contains(carrier["checkpoint"]["root"].as_str().unwrap()), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_that_fails_is_said_until_it_has_caught_up() {
    let payments = Payments::new().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("not-mounted");
    mirror(&payments, "folder", root.to_str().unwrap());
    // The decision is not held up.
    let ran = payments.approve().await.exits(0);
    let says = "Warning: A mirror of the ledger is behind.";
    assert!(ran.err.contains(says) && ran.err.contains("mounted"), "{ran:?}");
    for command in [vec!["inbox"], vec!["ledger", "list"]] {
        let ran = payments.bench.run(&command).await.exits(0);
        assert!(ran.err.contains(says), "{command:?}: {ran:?}");
    }
    assert_eq!(doctor(&payments).await["state"], "bad");
    // A check that could not ask it does not say that all is well.
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(11);
    assert!(ran.err.contains("mounted"), "{ran:?}");
    std::fs::create_dir(&root).unwrap();
    // It is asked again after a while; what it was told is not.
    let note = payments.bench.dir.path().join("state/countersign/mirrors.json");
    let told = std::fs::read_to_string(&note).unwrap();
    let mut standing: Value = serde_json::from_str(&told).unwrap();
    standing.as_object_mut().unwrap().values_mut().for_each(|s| s["tried"] = "2026-01-01T00:00:00.000Z".into());
    std::fs::write(&note, standing.to_string()).unwrap();
    // Nobody writes with --readonly, and the warning stays.
    payments.bench.run(&["--readonly", "ledger", "list"]).await.exits(0);
    assert_eq!(notes(&root).len(), 0);
    let ran = payments.bench.run(&["ledger", "list"]).await.exits(0);
    assert!(!ran.err.contains(says), "{ran:?}");
    assert_eq!(notes(&root).len(), 1);
    assert_eq!(doctor(&payments).await["state"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_that_has_nothing_is_never_silent() {
    let payments = Payments::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    comment(&payments, "before there was a mirror").await;
    mirror(&payments, "folder", path);
    // Where nothing may be put there, a check that compares with nothing says so.
    let empty = "has no checkpoint of this ledger, which has 2 entries";
    let ran = payments.bench.run(&["--readonly", "ledger", "check"]).await.exits(11);
    assert!(ran.err.contains(empty) && ran.err.contains("ledger list"), "{ran:?}");
    assert_eq!(notes(folder.path()).len(), 0);
    // Else it is given the newest, once, which is told and is no failure: a mirror that was just set up is in order.
    let told = "Note: The mirror";
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(0);
    assert!(ran.err.contains(told) && ran.err.contains("put there now") && ran.out.contains("0 anchors"), "{ran:?}");
    assert_eq!(notes(folder.path()).len(), 1);
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(0);
    assert!(!ran.err.contains(told) && ran.out.contains("1 anchors"), "{ran:?}");
    // Right after a decision there is nothing to tell.
    comment(&payments, "with a mirror").await;
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(0);
    assert!(!ran.err.contains(told) && ran.out.contains("2 anchors"), "{ran:?}");
    // One that had a checkpoint and has it no more was harmed, and is not filled up silently.
    let gone = "had a checkpoint at 4 entries of this ledger, and has it no more";
    std::fs::remove_dir_all(folder.path().join("checkpoints")).unwrap();
    for _ in 0..2 {
        let ran = payments.bench.run(&["ledger", "check"]).await.exits(11);
        assert!(ran.err.contains(gone) && ran.err.contains("--anchor"), "{ran:?}");
    }
    comment(&payments, "again").await;
    payments.bench.run(&["ledger", "check"]).await.exits(0);
    // The newest taken away, and an older one left.
    std::fs::remove_file(notes(folder.path()).pop().unwrap()).unwrap();
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(11);
    assert!(ran.err.contains("had a checkpoint at 6 entries"), "{ran:?}");
    // A mirror that is named and has nothing of this ledger.
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(other.path().join("checkpoints/ffff")).unwrap();
    payments.bench.reconfigure(|config| drop(config["ledger"].as_table_mut().unwrap().remove("mirrors")));
    let ran = payments.bench.run(&["ledger", "check", "--anchor", other.path().to_str().unwrap()]).await.exits(11);
    assert!(ran.err.contains("has no checkpoint of this ledger") && ran.err.contains("Name a mirror"), "{ran:?}");
    assert!(notes(other.path()).is_empty(), "something was put there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_put_back_is_found_by_its_mirror() {
    let payments = Payments::new().await;
    let folder = tempfile::tempdir().unwrap();
    mirror(&payments, "folder", folder.path().to_str().unwrap());
    comment(&payments, "one").await;
    let ledger = payments.bench.dir.path().join("ledger.db");
    // Into one file, so that one file is all of it.
    payments.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    let old = std::fs::read(&ledger).unwrap();
    comment(&payments, "two").await;
    payments.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::write(&ledger, old).unwrap();
    for gone in ["ledger.db-wal", "ledger.db-shm"] {
        std::fs::remove_file(payments.bench.dir.path().join(gone)).ok();
    }
    // By itself it is whole; against the mirror, configured or named, it is not.
    let ran = payments.bench.run(&["ledger", "check"]).await.exits(11);
    assert!(ran.err.contains("000000000004.note"), "{ran:?}");
    payments.bench.reconfigure(|config| drop(config["ledger"].as_table_mut().unwrap().remove("mirrors")));
    payments.bench.run(&["ledger", "check"]).await.exits(0);
    payments.bench.run(&["ledger", "check", "--anchor", folder.path().to_str().unwrap()]).await.exits(11);
    mirror(&payments, "folder", folder.path().to_str().unwrap());
    let found = doctor(&payments).await;
    assert_eq!(found["state"], "bad", "{found}");
    assert!(found["found"].as_str().unwrap().contains("has seen 4 entries, and the ledger has 2"), "{found}");
    // What takes the place of the lost entries is a fork, and is said, also when the ledger is longer than it was, and when
    // the note of what the mirror has is gone.
    let says = "has seen 4 entries of this ledger";
    for reason in ["another", "and another"] {
        let ran = comment(&payments, reason).await;
        assert!(ran.err.contains(says) && ran.err.contains("Sign nothing"), "{ran:?}");
    }
    std::fs::remove_file(payments.bench.dir.path().join("state/countersign/mirrors.json")).unwrap();
    let ran = payments.bench.run(&["ledger", "list"]).await.exits(0);
    assert!(ran.err.contains(says), "{ran:?}");
    assert_eq!(notes(folder.path()).len(), 2);
    assert_eq!(doctor(&payments).await["state"], "bad");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_git_repository_and_s3_are_mirrors_too() {
    let payments = Payments::new().await;
    if programs::find("git").is_some() {
        let folder = tempfile::tempdir().unwrap();
        std::process::Command::new("git").args(["init", "-q"]).arg(folder.path()).status().unwrap();
        mirror(&payments, "git", folder.path().to_str().unwrap());
        let ran = comment(&payments, "git").await;
        assert!(!ran.err.contains("mirror"), "{ran:?}");
        assert_eq!(doctor(&payments).await["state"], "ok");
        let log = std::process::Command::new("git").arg("-C").arg(folder.path()).args(["log", "--format=%s"]).output();
        assert!(String::from_utf8(log.unwrap().stdout).unwrap().contains("at entry 2"));
    }
    let Some(weed) = Weed::start() else { return };
    weed.bucket("anchors").await;
    let secret = payments.bench.dir.path().join("s3-secret");
    std::fs::write(&secret, &weed.secret_key).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let s3: Table = toml::from_str(&format!(
        "endpoint = '{}'\nbucket = 'anchors'\nprefix = 'team'\nretain = '2d'\naccess_key = {{ command = ['echo', '{}'] }}\n\
         secret_key = {{ file = '{}' }}\n",
        weed.endpoint,
        weed.access_key,
        secret.display()
    ))
    .unwrap();
    mirror(&payments, "s3", s3);
    let ran = comment(&payments, "s3").await;
    assert!(!ran.err.contains("mirror"), "{ran:?}");
    let found = doctor(&payments).await;
    assert_eq!(found["state"], "ok", "{found}");
    std::fs::write(&secret, "wrong").unwrap();
    let ran = comment(&payments, "s3 again").await;
    assert!(ran.err.contains("A mirror of the ledger is behind") && ran.err.contains("secret_key"), "{ran:?}");
    assert!(!ran.err.contains(&weed.secret_key), "{ran:?}");
}
