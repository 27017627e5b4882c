//! The evidence store: the raw bytes behind decisions, by their digest, compressed, where the ledger is.
//!
//! Pieces may be dropped by hand; their digests stay valid.

mod folder;
pub(super) mod packed;

use std::path::Path;

use super::LedgerError;
use super::postgres::PostgresEvidence;
use crate::domain::canonical;
use crate::domain::ids::Digest;
use folder::FolderEvidence;

/// A content-addressed store. Blocking: call it from `spawn_blocking`.
#[derive(Clone)]
pub struct EvidenceStore {
    place: Place,
    limit: u64,
}

#[derive(Clone)]
enum Place {
    Folder(FolderEvidence),
    Postgres(PostgresEvidence),
}

impl From<PostgresEvidence> for EvidenceStore {
    fn from(evidence: PostgresEvidence) -> Self {
        Self { place: Place::Postgres(evidence), limit: packed::LIMIT }
    }
}

impl EvidenceStore {
    /// The store in the folder `evidence` beside a ledger's file. The folder is made with the first piece.
    pub fn beside(ledger: &Path) -> Self {
        Self { place: Place::Folder(FolderEvidence::beside(ledger)), limit: packed::LIMIT }
    }

    /// Keeps bytes, and returns once they are flushed to disk. What is there already, whole, is not written again.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = canonical::sha256(bytes);
        if bytes.len() as u64 > self.limit {
            let why = format!("A piece of {} bytes is larger than what is kept.", bytes.len());
            return Err(LedgerError::Use { location: self.location(), why });
        }
        // A piece that is there and damaged is mended by the good one.
        if let Ok(Some(_)) = self.get(&digest) {
            return Ok(digest);
        }
        match &self.place {
            Place::Folder(folder) => folder.put(&digest, bytes)?,
            Place::Postgres(evidence) => evidence.put(&digest, bytes)?,
        }
        Ok(digest)
    }

    /// The bytes of a digest, verified; `None` if they are not kept.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        match &self.place {
            Place::Folder(folder) => folder.get(digest, self.limit),
            Place::Postgres(evidence) => evidence.get(digest, self.limit),
        }
    }

    /// Whether something is kept under a digest. It is not verified.
    pub fn contains(&self, digest: &Digest) -> bool {
        match &self.place {
            Place::Folder(folder) => folder.contains(digest),
            Place::Postgres(evidence) => evidence.contains(digest),
        }
    }

    fn location(&self) -> String {
        match &self.place {
            Place::Folder(folder) => folder.location(),
            Place::Postgres(evidence) => evidence.location(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn file_of(store: &EvidenceStore, digest: &Digest) -> PathBuf {
        let Place::Folder(folder) = &store.place else { panic!("not a folder") };
        folder.path(digest)
    }

    fn root(store: &EvidenceStore) -> PathBuf {
        file_of(store, &canonical::sha256(b"")).parent().unwrap().parent().unwrap().to_owned()
    }

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
        let found = files(&root(&store));
        let (two, rest) = digest.hex().split_at(2);
        assert_eq!(found, [root(&store).join(two).join(format!("{rest}.gz"))]);
        let about = fs::metadata(&found[0]).unwrap();
        assert!(about.len() < 2000, "not compressed: {}", about.len());
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(root(&store)).unwrap().permissions().mode() & 0o777, 0o700);
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
        fs::copy(file_of(&store, &other), file_of(&store, &digest)).unwrap();
        assert!(store.get(&digest).unwrap_err().to_string().contains("do not have its digest"));
        let whole = fs::read(file_of(&store, &other)).unwrap();
        fs::write(file_of(&store, &digest), &whole[..whole.len() - 9]).unwrap();
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
