//! Evidence in files beside the ledger.
//!
//! `evidence/ab/cdef....gz` for `sha256:abcdef...`. A piece is written to a temporary name, flushed and then renamed, so
//! that a name always stands for whole content. Pieces may be dropped by hand; their digests stay valid.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::packed;
use crate::domain::ids::Digest;
use crate::ledger::LedgerError;

/// A folder of evidence.
#[derive(Debug, Clone)]
pub struct FolderEvidence {
    root: PathBuf,
}

impl FolderEvidence {
    /// The folder `evidence` beside a ledger's file; made with the first piece.
    pub(super) fn beside(ledger: &Path) -> Self {
        Self { root: ledger.with_file_name("evidence") }
    }

    /// Keeps bytes under their digest, flushed, in the place of what may be there.
    pub(super) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.path(digest);
        self.write(&path, bytes).map_err(|e| {
            self.failed(&format!("{} cannot be written ({e}). Check permissions and free space.", path.display()))
        })
    }

    /// The bytes of a digest, verified; `None` if they are not kept.
    pub(super) fn get(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failed(&format!("{} cannot be read ({e}).", path.display()))),
        };
        packed::unpack(file, digest, limit).map(Some).map_err(|why| LedgerError::Evidence {
            location: self.location(),
            digest: digest.clone(),
            why,
        })
    }

    /// Whether something is kept under a digest. It is not verified.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
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

    pub(super) fn location(&self) -> String {
        crate::text::line(&self.root.display().to_string()).into_owned()
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&packed::pack(bytes)?)?;
    file.sync_all()
}
