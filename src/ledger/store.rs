//! The evidence store: the raw bytes behind decisions, by their digest, compressed, beside the ledger.
//!
//! `evidence/ab/cdef....gz` for `sha256:abcdef...`. A piece is written to a temporary name, flushed and then renamed, so
//! that a name always stands for whole content. Pieces may be dropped by hand; their digests stay valid.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::LedgerError;
use crate::domain::canonical;
use crate::domain::ids::Digest;

/// The most bytes of one piece, uncompressed. Answers and reports are limited far below it.
const LIMIT: u64 = 512 * 1024 * 1024;

/// A content-addressed store. Blocking: call it from `spawn_blocking`.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    root: PathBuf,
    limit: u64,
}

impl EvidenceStore {
    /// The store in the folder `evidence` beside a ledger's file. The folder is made with the first piece.
    pub fn beside(ledger: &Path) -> Self {
        Self { root: ledger.with_file_name("evidence"), limit: LIMIT }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps bytes, and returns once they are flushed to disk. What is there already, whole, is not written again.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = canonical::sha256(bytes);
        if bytes.len() as u64 > self.limit {
            return Err(self.failed(&format!("A piece of {} bytes is larger than what is kept.", bytes.len())));
        }
        // A piece that is there and damaged is replaced by the good one.
        if let Ok(Some(_)) = self.get(&digest) {
            return Ok(digest);
        }
        let path = self.path(&digest);
        self.write(&path, bytes).map_err(|e| {
            self.failed(&format!("{} cannot be written ({e}). Check permissions and free space.", path.display()))
        })?;
        Ok(digest)
    }

    /// The bytes of a digest, verified; `None` if they are not kept.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failed(&format!("{} cannot be read ({e}).", path.display()))),
        };
        let mut bytes = Vec::new();
        GzDecoder::new(file)
            .take(self.limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| self.damaged(digest, format!("it cannot be uncompressed ({e}).")))?;
        if bytes.len() as u64 > self.limit {
            return Err(self.damaged(digest, "it is larger than anything that is kept."));
        }
        if canonical::sha256(&bytes) != *digest {
            return Err(self.damaged(digest, "its bytes do not have its digest."));
        }
        Ok(Some(bytes))
    }

    /// Whether something is kept under a digest. It is not verified.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let (folder, name) = digest.hex().split_at_checked(2).unwrap_or(("", digest.hex()));
        self.root.join(folder).join(format!("{name}.gz"))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut noise = [0; 8];
        getrandom::fill(&mut noise).map_err(|e| io::Error::other(e.to_string()))?;
        let temporary = folder.join(format!(".{:016x}.tmp", u64::from_ne_bytes(noise)));
        let written = write_whole(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // The first error is the one to tell; a left-over is only untidy.
            fs::remove_file(&temporary).ok();
        }
        written?;
        // The names are flushed too: of the piece in its folder, of the folder in the store, of the store beside the ledger.
        for name in [Some(folder), Some(self.root.as_path()), self.root.parent()].into_iter().flatten() {
            File::open(name)?.sync_all()?;
        }
        Ok(())
    }

    fn failed(&self, why: &str) -> LedgerError {
        LedgerError::Use { location: self.location(), why: crate::text::line(why).into_owned() }
    }

    fn damaged(&self, digest: &Digest, why: impl Into<String>) -> LedgerError {
        LedgerError::Evidence { location: self.location(), digest: digest.clone(), why: why.into() }
    }

    fn location(&self) -> String {
        crate::text::line(&self.root.display().to_string()).into_owned()
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut encoder = GzEncoder::new(file, Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn store() -> (tempfile::TempDir, EvidenceStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = EvidenceStore::beside(&folder.path().join("ledger.db"));
        (folder, store)
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
        }
        found
    }

    #[test]
    fn what_is_put_comes_back_and_is_kept_once() {
        let (_folder, store) = store();
        let bytes = b"{\"result\": \"SUCCESS\"}".repeat(1000);
        let digest = store.put(&bytes).unwrap();
        assert_eq!(digest, canonical::sha256(&bytes));
        assert_eq!(store.put(&bytes).unwrap(), digest);
        assert_eq!(store.get(&digest).unwrap().unwrap(), bytes);
        assert!(store.contains(&digest));
        let found = files(store.root());
        let (two, rest) = digest.hex().split_at(2);
        assert_eq!(found, [store.root().join(two).join(format!("{rest}.gz"))]);
        let about = fs::metadata(&found[0]).unwrap();
        assert!(about.len() < 2000, "not compressed: {}", about.len());
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(store.root()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(store.get(&store.put(b"").unwrap()).unwrap().unwrap(), b"");
    }

    #[test]
    fn what_is_not_kept_is_none() {
        let (_folder, store) = store();
        let digest = canonical::sha256(b"dropped");
        assert_eq!(store.get(&digest).unwrap(), None);
        assert!(!store.contains(&digest));
    }

    #[test]
    fn damage_is_found_and_mended_by_putting_again() {
        let (_folder, store) = store();
        let digest = store.put(b"what the approver saw").unwrap();
        let other = store.put(b"something else").unwrap();
        fs::copy(store.path(&other), store.path(&digest)).unwrap();
        assert!(store.get(&digest).unwrap_err().to_string().contains("do not have its digest"));
        let whole = fs::read(store.path(&other)).unwrap();
        fs::write(store.path(&digest), &whole[..whole.len() - 9]).unwrap();
        assert!(store.get(&digest).unwrap_err().to_string().contains("damaged"));
        assert_eq!(store.put(b"what the approver saw").unwrap(), digest);
        assert_eq!(store.get(&digest).unwrap().unwrap(), b"what the approver saw");
    }

    #[test]
    fn a_bomb_is_not_blown_up() {
        let (_folder, mut store) = store();
        let digest = store.put(&vec![0; 4 << 20]).unwrap();
        store.limit = 1 << 20;
        assert!(store.get(&digest).unwrap_err().to_string().contains("larger than anything"));
        assert!(store.put(&vec![1; (1 << 20) + 1]).unwrap_err().to_string().contains("larger than what is kept"));
        assert!(store.put(&vec![1; 1 << 20]).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let (folder, store) = store();
        fs::write(folder.path().join("evidence"), "a file").unwrap();
        let error = store.put(b"x").unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
    }
}
