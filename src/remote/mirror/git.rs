//! A git repository as a mirror: each checkpoint is a commit, and history keeps what the working tree loses.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::Instant;

use super::{Listed, MirrorError, Note, folder, shown, size_of};

/// How long all that git does for one checkpoint may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The most bytes that are read of what git says: the names of a million checkpoints.
const OUTPUT: u64 = 128 << 20;

/// The working tree of a repository.
pub struct Git {
    root: PathBuf,
    limit: Duration,
}

impl Git {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, limit: LIMIT }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) async fn put(&self, path: &str, note: &Note) -> Result<(), MirrorError> {
        let end = Instant::now() + self.limit;
        let turn = self.turn(end).await?;
        let (root, name, written) = (self.root.clone(), path.to_owned(), note.clone());
        let new = tokio::task::spawn_blocking(move || folder::write(&root, &name, &written)).await;
        let new = new.unwrap_or_else(|_e| Err(self.unusable("writing the note failed.")))?;
        // A note that was written and not committed, by a program that was killed, is committed now.
        if !new
            && self
                .run(end, &["status", "--porcelain", "--untracked-files=all", "--ignored", "--", path])
                .await?
                .is_empty()
        {
            return Ok(());
        }
        self.run(end, &["add", "--force", "--", path]).await?;
        let subject = format!("Checkpoint of {} at entry {}", note.origin, note.size);
        self.run(end, &["commit", "--quiet", "--no-verify", "--message", &subject, "--only", "--", path]).await?;
        drop(turn);
        Ok(())
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Listed>, MirrorError> {
        let end = Instant::now() + self.limit;
        let out = self.run(end, &["rev-list", "--all", "--full-history", "--objects", "--", folder]).await?;
        let lines = String::from_utf8_lossy(&out).into_owned();
        let objects = lines.lines().filter_map(|line| line.split_once(' '));
        Ok(objects
            .filter(|(_, path)| path.starts_with(folder))
            .filter_map(|(id, path)| {
                Some(Listed { size: size_of(path)?, path: path.to_owned(), version: id.to_owned() })
            })
            .collect())
    }

    pub(super) async fn read(&self, object: &str) -> Result<Vec<u8>, MirrorError> {
        self.run(Instant::now() + self.limit, &["cat-file", "blob", object]).await
    }

    /// Keeps other processes of ours away: git's own lock makes the second fail at once.
    async fn turn(&self, end: Instant) -> Result<File, MirrorError> {
        let folder = self.root.join(".git");
        let file = File::open(&folder).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                self.unusable("it is no git repository with a working tree. Make one with `git init`.")
            }
            _ => self.unusable(&format!(".git cannot be opened ({e}).")),
        })?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.unusable("another process holds it. Is one of them stuck?"));
                }
                Err(TryLockError::Error(e)) => return Err(self.unusable(&format!("it cannot be locked ({e})."))),
            }
        }
    }

    /// Runs git in the working tree: with nobody's configuration but the repository's, no hooks, no prompt, no signature.
    async fn run(&self, end: Instant, arguments: &[&str]) -> Result<Vec<u8>, MirrorError> {
        let mut command = Command::new("git");
        for setting in [
            "user.name=Countersign",
            "user.email=countersign@localhost",
            "commit.gpgSign=false",
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "core.autocrlf=false",
            "core.fsync=all",
            "gc.auto=0",
            "maintenance.auto=false",
        ] {
            command.args(["-c", setting]);
        }
        command
            .args(arguments)
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "false")
            // Not the repository of a folder further up.
            .env("GIT_DIR", self.root.join(".git"))
            .env("GIT_WORK_TREE", &self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                self.unusable("the program git is not there, or the folder is not. Install git.")
            }
            _ => self.unusable(&format!("git cannot be started ({e}).")),
        })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (mut said, mut complaint) = (Vec::new(), Vec::new());
            let both = futures_util::future::try_join(
                async { if let Some(out) = out { out.take(OUTPUT).read_to_end(&mut said).await } else { Ok(0) } },
                async { if let Some(err) = err { err.take(4096).read_to_end(&mut complaint).await } else { Ok(0) } },
            );
            both.await?;
            Ok::<_, io::Error>((child.wait().await?, said, complaint))
        };
        let (status, said, complaint) = tokio::time::timeout_at(end, work)
            .await
            .map_err(|_e| self.unusable(&format!("git did not end within {} s and was ended.", self.limit.as_secs())))?
            .map_err(|e| self.unusable(&format!("git failed ({e}).")))?;
        if status.success() {
            return Ok(said);
        }
        let text = String::from_utf8_lossy(&complaint).into_owned();
        let text = crate::text::line(text.trim()).chars().take(300).collect::<String>();
        let verb = arguments.first().copied().unwrap_or_default();
        Err(self.unusable(&format!("`git {verb}` failed: {text}")))
    }

    fn unusable(&self, why: &str) -> MirrorError {
        MirrorError::Unusable(format!("The git repository {} cannot be used: {why}", shown(&self.root)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_repository_that_another_process_holds_is_waited_for_and_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let held = File::open(dir.path().join(".git")).unwrap();
        held.lock().unwrap();
        let git = Git { root: dir.path().to_owned(), limit: Duration::from_millis(60) };
        let note = Note::parse("a/b\n1\nAAAA\n").unwrap();
        let error = git.put("checkpoints/b/000000000001.note", &note).await.unwrap_err();
        assert!(error.to_string().contains("another process holds it"), "{error}");
    }
}
