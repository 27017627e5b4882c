//! Mirrors: the ledger's checkpoints outside of the ledger, where whoever can rewrite the one cannot rewrite the other.
//!
//! A checkpoint lies as `checkpoints/ID/000000000123.note` below the mirror's root: the text of the signed note under
//! the ledger's id (the last part of its origin) and the ledger's size. What is there is never replaced. One of the same
//! size with another root is the proof of a fork, and is said as one.

mod folder;
mod git;
mod s3;

use std::path::PathBuf;

pub use s3::Settings as S3Settings;

use crate::clock::SharedClock;
use crate::http::Fault;
use crate::text::Untrusted;

/// No note is as long; what is longer is none of ours.
const NOTE_LIMIT: u64 = 64 * 1024;

/// A checkpoint as it is mirrored: a signed note (C2SP), of which nothing is verified here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which ledger: `countersign.dev/ledger/ID`.
    pub origin: String,
    /// How many entries it speaks of.
    pub size: u64,
    /// The root over them, base64.
    pub root: String,
    /// The whole text.
    pub text: String,
}

impl Note {
    /// Takes a note's first three lines apart. The error is a half sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let mut line = |what: &str| lines.next().filter(|l| !l.is_empty()).ok_or(format!("it has no {what}"));
        let origin = line("origin")?.to_owned();
        let size = line("size")?;
        let number = size.parse().ok().filter(|n: &u64| n.to_string() == size);
        let root = line("root")?.to_owned();
        Ok(Self { origin, size: number.ok_or("its size is no number")?, root, text: text.to_owned() })
    }

    /// The ledger's id: the last part of its origin. `None` if it cannot stand in a path.
    pub fn ledger(&self) -> Option<&str> {
        let id = self.origin.rsplit('/').next().unwrap_or_default();
        let fits = !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric());
        fits.then_some(id)
    }

    /// Where it lies below a mirror's root.
    fn path(&self) -> Result<String, MirrorError> {
        let id = self.ledger().ok_or_else(|| {
            MirrorError::Unfit(format!(
                "A checkpoint of {:?} cannot be mirrored: its last part is no name of a folder.",
                crate::text::line(&self.origin)
            ))
        })?;
        Ok(format!("{}{:012}.note", folder_of(id), self.size))
    }
}

/// The folder of one ledger's checkpoints, with a slash at its end.
fn folder_of(ledger: &str) -> String {
    format!("checkpoints/{ledger}/")
}

/// Whether a path is a folder with mirrored checkpoints.
pub fn is_mirror(path: &std::path::Path) -> bool {
    path.join("checkpoints").is_dir() && !path.join("checkpoint").exists()
}

/// The size in the name of a note.
fn size_of(path: &str) -> Option<u64> {
    path.rsplit('/').next()?.strip_suffix(".note")?.parse().ok()
}

/// A note found in a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where, for people.
    pub place: String,
    /// The size in its name.
    pub size: u64,
    /// What is there: a note as far as it can be told, or why it is none.
    pub note: Result<Note, String>,
}

/// A note that a mirror has, before it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The size in its name.
    pub size: u64,
    /// The path below the mirror's root.
    path: String,
    /// Git: the object; S3: the version. Empty for a folder.
    version: String,
}

/// Why something was not mirrored, or not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// It cannot be reached, read or written: tried again with the next command.
    #[error("{0}")]
    Unusable(String),
    /// It has another checkpoint of the same ledger and size: one of the two histories is not the true one.
    #[error("{0}")]
    Fork(String),
    /// It cannot be mirrored at all.
    #[error("{0}")]
    Unfit(String),
}

impl From<Fault> for MirrorError {
    fn from(fault: Fault) -> Self {
        Self::Unusable(fault.sentence())
    }
}

/// A place outside of the ledger.
pub enum Mirror {
    /// A folder: another disk, a share, a mount that its server keeps from being changed.
    Folder(folder::Folder),
    /// A git repository's working tree: each checkpoint is a commit.
    Git(git::Git),
    /// A bucket of S3 with object lock.
    S3(Box<s3::S3>),
}

impl Mirror {
    /// A folder.
    pub fn folder(root: PathBuf) -> Self {
        Self::Folder(folder::Folder::new(root))
    }

    /// A git repository's working tree.
    pub fn git(root: PathBuf) -> Self {
        Self::Git(git::Git::new(root))
    }

    /// A bucket.
    pub fn s3(settings: S3Settings, clock: SharedClock) -> Result<Self, Fault> {
        Ok(Self::S3(Box::new(s3::S3::new(settings, clock)?)))
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(folder) => format!("folder {}", shown(folder.root())),
            Self::Git(git) => format!("git repository {}", shown(git.root())),
            Self::S3(s3) => format!("S3 {}", s3.address()),
        }
    }

    /// Puts a checkpoint there. One that is there already is as good.
    pub async fn put(&self, note: &Note) -> Result<(), MirrorError> {
        let path = note.path()?;
        match self {
            Self::Folder(folder) => folder.put(&path, note).await,
            Self::Git(git) => git.put(&path, note).await,
            Self::S3(s3) => s3.put(&path, note).await,
        }
    }

    /// The notes of a ledger, by size: all that were ever there, as far as the mirror keeps what was taken away.
    pub async fn list(&self, ledger: &str) -> Result<Vec<Listed>, MirrorError> {
        let folder = folder_of(ledger);
        let mut listed = match self {
            Self::Folder(here) => here.list(&folder).await?,
            Self::Git(git) => git.list(&folder).await?,
            Self::S3(s3) => s3.list(&folder).await?,
        };
        listed.sort();
        listed.dedup();
        Ok(listed)
    }

    /// Reads one of them.
    pub async fn read(&self, listed: &Listed) -> Result<Found, MirrorError> {
        let bytes = match self {
            Self::Folder(folder) => folder.read(&listed.path).await?,
            Self::Git(git) => git.read(&listed.version).await?,
            Self::S3(s3) => s3.read(&listed.path, &listed.version).await?,
        };
        let place = if listed.version.is_empty() {
            format!("{}, {}", self.name(), listed.path)
        } else {
            format!("{}, {} ({})", self.name(), listed.path, listed.version)
        };
        let note = String::from_utf8(bytes).map_err(|_e| "it is not text".to_owned()).and_then(|t| Note::parse(&t));
        let note = note.and_then(|n| {
            if n.size == listed.size { Ok(n) } else { Err("its size is not that of its name".to_owned()) }
        });
        Ok(Found { place: crate::text::line(&place).into_owned(), size: listed.size, note })
    }

    /// All of them, read.
    pub async fn read_all(&self, ledger: &str) -> Result<Vec<Found>, MirrorError> {
        let mut found = Vec::new();
        for part in self.list(ledger).await?.chunks(16) {
            for read in futures_util::future::join_all(part.iter().map(|listed| self.read(listed))).await {
                found.push(read?);
            }
        }
        Ok(found)
    }
}

/// What to say when a mirror has another note of the same size; the same checkpoint with other signatures is as good.
fn compare(there: &[u8], note: &Note, mirror: &str) -> Result<(), MirrorError> {
    let known =
        String::from_utf8(there.to_vec()).map_err(|_e| "it is not text".to_owned()).and_then(|t| Note::parse(&t));
    let says = match known {
        Ok(known) if (&known.origin, known.size, &known.root) == (&note.origin, note.size, &note.root) => return Ok(()),
        Ok(known) => format!("root {}", Untrusted::from(known.root).line()),
        Err(why) => format!("no checkpoint: {why}"),
    };
    Err(MirrorError::Fork(format!(
        "{mirror} has another checkpoint for entry {} of this ledger ({says}), and the ledger has the root {}. One of the \
         two is not what was appended: the ledger was restored from an older copy or was rewritten, or the mirror was. \
         Sign nothing until that is known: `countersign ledger check`.",
        note.size, note.root
    )))
}

fn shown(path: &std::path::Path) -> String {
    crate::text::line(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_taken_apart() {
        let text = "countersign.dev/ledger/0123456789abcdef0123456789abcdef\n12\nAAAA\n\n— name sig\n";
        let note = Note::parse(text).unwrap();
        assert_eq!(
            (note.size, note.root.as_str(), note.ledger()),
            (12, "AAAA", Some("0123456789abcdef0123456789abcdef"))
        );
        assert_eq!(note.path().unwrap(), "checkpoints/0123456789abcdef0123456789abcdef/000000000012.note");
        assert_eq!(size_of(&note.path().unwrap()), Some(12));
        for bad in ["", "o", "o\n", "o\n012\nAAAA\n", "o\n-1\nAAAA\n", "o\n1\n", "o\n1\n\nAAAA"] {
            assert!(Note::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_origin_leads_to_no_other_folder() {
        for origin in ["..", "a/..", "a/", "a/b.c", "a/b c"] {
            let note = Note::parse(&format!("{origin}\n1\nAAAA\n")).unwrap();
            assert!(matches!(note.path(), Err(MirrorError::Unfit(_))), "{origin}");
        }
    }
}
