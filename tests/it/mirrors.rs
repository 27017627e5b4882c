//! Mirrors of checkpoints: the same promises from a folder, a git repository and a real S3 with object lock.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign::clock::SystemClock;
use countersign::remote::mirror::{Mirror, MirrorError, Note};

use crate::support::programs;
use crate::support::weed::Weed;

const LEDGER: &str = "0123456789abcdef0123456789abcdef";

fn note(size: u64, root: &str) -> Note {
    Note::parse(&format!("countersign.dev/ledger/{LEDGER}\n{size}\n{root}\n\n— key signature\n")).unwrap()
}

fn git_init(dir: &Path) {
    let init = Command::new("git").args(["init", "-q"]).arg(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").status();
    assert!(init.unwrap().success());
}

/// What every mirror promises.
async fn promises(mirror: &Mirror) {
    assert_eq!(mirror.list(LEDGER).await.unwrap(), []);
    for size in [2, 1, 12, 12] {
        mirror.put(&note(size, "AAAA")).await.unwrap();
    }
    // The same checkpoint under another signature is as good.
    let mut other = note(12, "AAAA");
    other.text.push_str("— another signature\n");
    mirror.put(&other).await.unwrap();
    let found = mirror.read_all(LEDGER).await.unwrap();
    let notes: Vec<Note> = found.into_iter().map(|f| f.note.unwrap()).collect();
    assert_eq!(notes, [note(1, "AAAA"), note(2, "AAAA"), note(12, "AAAA")]);
    // Another root at the same size is a fork, and is neither written nor forgotten.
    let fork = mirror.put(&note(2, "BBBB")).await.unwrap_err();
    assert!(matches!(&fork, MirrorError::Fork(why) if why.contains("AAAA") && why.contains("BBBB")), "{fork}");
    assert_eq!(mirror.read_all(LEDGER).await.unwrap().len(), 3);
    assert_eq!(mirror.list("ffff").await.unwrap(), []);
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::folder(dir.path().to_owned());
    promises(&mirror).await;
    let path = dir.path().join(format!("checkpoints/{LEDGER}/000000000012.note"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), note(12, "AAAA").text);
    assert!(std::fs::metadata(&path).unwrap().permissions().readonly());
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::folder(dir.path().join("not-mounted"));
    let error = mirror.put(&note(1, "AAAA")).await.unwrap_err();
    assert!(matches!(&error, MirrorError::Unusable(why) if why.contains("mounted")), "{error}");
    assert!(mirror.list(LEDGER).await.is_err());
    assert!(!dir.path().join("not-mounted").exists());
}

#[tokio::test]
async fn what_is_no_checkpoint_is_told_and_never_read_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::folder(dir.path().to_owned());
    mirror.put(&note(1, "AAAA")).await.unwrap();
    let folder = dir.path().join(format!("checkpoints/{LEDGER}"));
    std::fs::write(folder.join("000000000002.note"), note(3, "AAAA").text).unwrap();
    std::fs::write(folder.join("000000000004.note"), [0xff, 0xfe]).unwrap();
    std::fs::write(folder.join("README"), "not a note").unwrap();
    let found = mirror.read_all(LEDGER).await.unwrap();
    let problems: Vec<_> = found.iter().filter_map(|f| f.note.as_ref().err()).collect();
    assert_eq!(problems, ["its size is not that of its name", "it is not text"]);
    let fork = mirror.put(&note(4, "AAAA")).await.unwrap_err();
    assert!(matches!(&fork, MirrorError::Fork(_)), "{fork}");
}

#[tokio::test]
async fn a_git_repository_keeps_its_promises_and_its_history() {
    if programs::find("git").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let error = Mirror::git(dir.path().to_owned()).put(&note(1, "AAAA")).await.unwrap_err();
    assert!(error.to_string().contains("git init"), "{error}");
    git_init(dir.path());
    // A hook of the repository is not run.
    let hook = dir.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    std::os::unix::fs::chown(&hook, None, None).unwrap();
    Command::new("chmod").arg("755").arg(&hook).status().unwrap();
    // What somebody has staged is not committed along.
    std::fs::write(dir.path().join("staged"), "x").unwrap();
    Command::new("git").arg("-C").arg(dir.path()).args(["add", "staged"]).status().unwrap();
    let mirror = Mirror::git(dir.path().to_owned());
    promises(&mirror).await;
    let log = |args: &[&str]| {
        let out = Command::new("git").arg("-C").arg(dir.path()).args(args).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(log(&["log", "--format=%s"]).lines().count(), 3);
    assert_eq!(log(&["ls-files"]).lines().count(), 4);
    assert_eq!(log(&["show", "--name-only", "--format="]).lines().count(), 1);
    // A note that was written and not committed is committed the next time.
    let folder = dir.path().join(format!("checkpoints/{LEDGER}"));
    std::fs::write(folder.join("000000000013.note"), note(13, "AAAA").text).unwrap();
    mirror.put(&note(13, "AAAA")).await.unwrap();
    assert_eq!(log(&["log", "--format=%s"]).lines().count(), 4);
    // What is taken out of the working tree is still found.
    std::fs::remove_dir_all(dir.path().join("checkpoints")).unwrap();
    Command::new("git")
        .arg("-C")
        .arg(dir.path())
        .args(["-c", "user.name=x", "-c", "user.email=x@y", "-c", "core.hooksPath=/dev/null", "commit", "-qam", "gone"])
        .status()
        .unwrap();
    assert_eq!(mirror.read_all(LEDGER).await.unwrap().len(), 4);
}

#[tokio::test]
async fn notes_that_git_ignores_or_merges_away_are_committed_and_found() {
    if programs::find("git").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    git_init(dir.path());
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.args(["-c", "user.name=x", "-c", "user.email=x@y", "-c", "advice.detachedHead=false"]);
        assert!(command.args(args).status().unwrap().success(), "{args:?}");
    };
    std::fs::write(dir.path().join(".gitignore"), "checkpoints/\n").unwrap();
    let mirror = Mirror::git(dir.path().to_owned());
    mirror.put(&note(1, "AAAA")).await.unwrap();
    assert_eq!(mirror.list(LEDGER).await.unwrap().len(), 1);
    // Written by a program that was killed before it could commit: committed the next time, ignored or not.
    let folder = dir.path().join(format!("checkpoints/{LEDGER}"));
    std::fs::write(folder.join("000000000002.note"), note(2, "AAAA").text).unwrap();
    mirror.put(&note(2, "AAAA")).await.unwrap();
    assert_eq!(mirror.list(LEDGER).await.unwrap().len(), 2);
    // A branch with a note is merged in such a way that nothing of it stays but its history.
    git(&["checkout", "-q", "-b", "side"]);
    mirror.put(&note(3, "AAAA")).await.unwrap();
    git(&["checkout", "-q", "-"]);
    git(&["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
    git(&["merge", "-q", "-s", "ours", "-m", "merged away", "side"]);
    git(&["branch", "-q", "-D", "side"]);
    assert!(!folder.join("000000000003.note").exists());
    let sizes: Vec<u64> = mirror.list(LEDGER).await.unwrap().iter().map(|l| l.size).collect();
    assert_eq!(sizes, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_commit_to_one_repository() {
    if programs::find("git").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    git_init(dir.path());
    let tasks = (1..=8).map(|size| {
        let mirror = Mirror::git(dir.path().to_owned());
        tokio::spawn(async move { mirror.put(&note(size, "AAAA")).await })
    });
    for done in futures_util::future::join_all(tasks).await {
        done.unwrap().unwrap();
    }
    assert_eq!(Mirror::git(dir.path().to_owned()).list(LEDGER).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_with_object_lock_keeps_its_promises() {
    let Some(weed) = Weed::start() else { return };
    weed.bucket("anchors").await;
    let clock = Arc::new(SystemClock::scaled(1));
    let mirror = Mirror::s3(weed.settings("anchors"), clock.clone()).unwrap();
    promises(&mirror).await;
    let key = format!("/anchors/team/checkpoints/{LEDGER}/000000000012.note");
    // The lock is real: the version cannot be removed. A mark of deletion hides it from a plain look only.
    let version = mirror.list(LEDGER).await.unwrap().pop().unwrap();
    let version = format!("{version:?}").split("version: \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(weed.admin("DELETE", &key, &format!("versionId={version}"), &[]).await, 403);
    assert_eq!(weed.admin("DELETE", &key, "", &[]).await, 204);
    assert_eq!(weed.admin("GET", &key, "", &[]).await, 404);
    assert_eq!(mirror.read_all(LEDGER).await.unwrap().len(), 3);

    let refused = |mirror: Mirror| async move { mirror.put(&note(20, "AAAA")).await.unwrap_err().to_string() };
    let mut wrong = weed.settings("anchors");
    wrong.credentials.secret_key = countersign::secrets::Secret::new("wrong");
    let error = refused(Mirror::s3(wrong, clock.clone()).unwrap()).await;
    assert!(error.contains("SignatureDoesNotMatch") && error.contains("secret_key"), "{error}");
    let error = refused(Mirror::s3(weed.settings("none-such"), clock.clone()).unwrap()).await;
    assert!(error.contains("the name of the bucket"), "{error}");
    assert_eq!(weed.admin("PUT", "/unlocked", "", &[]).await, 200);
    let error = refused(Mirror::s3(weed.settings("unlocked"), clock.clone()).unwrap()).await;
    assert!(error.contains("object lock"), "{error}");
    let mut nobody = weed.settings("anchors");
    nobody.endpoint = "http://127.0.0.1:1".to_owned();
    let error = refused(Mirror::s3(nobody, clock).unwrap()).await;
    assert!(error.contains("cannot be reached"), "{error}");
}
