//! A folder as a mirror.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Listed, MirrorError, NOTE_LIMIT, Note, compare, shown, size_of};

/// A folder. It must be there: a mirror that is not mounted is not made anew on the wrong disk.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) async fn put(&self, path: &str, note: &Note) -> Result<(), MirrorError> {
        let (root, path, note) = (self.root.clone(), path.to_owned(), note.clone());
        blocking(move || write(&root, &path, &note).map(|_new| ())).await
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Listed>, MirrorError> {
        let (root, folder) = (self.root.clone(), folder.to_owned());
        blocking(move || {
            there(&root)?;
            let entries = match fs::read_dir(root.join(&folder)) {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(e) => return Err(unusable(&root, "read", &e)),
            };
            let mut listed = Vec::new();
            for entry in entries {
                let path = format!("{folder}{}", entry.map_err(|e| unusable(&root, "read", &e))?.file_name().display());
                listed.extend(size_of(&path).map(|size| Listed { size, path, version: String::new() }));
            }
            Ok(listed)
        })
        .await
    }

    pub(super) async fn read(&self, path: &str) -> Result<Vec<u8>, MirrorError> {
        let (root, path) = (self.root.clone(), path.to_owned());
        blocking(move || read(&root, &path)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, MirrorError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_e| Err(MirrorError::Unusable("Working on a mirror failed.".to_owned())))
}

fn unusable(root: &Path, what: &str, error: &io::Error) -> MirrorError {
    MirrorError::Unusable(format!(
        "The folder {} cannot be {what} ({error}). Is it mounted, are its permissions right, is there space?",
        shown(root)
    ))
}

fn there(root: &Path) -> Result<(), MirrorError> {
    let about = fs::metadata(root).map_err(|e| unusable(root, "read", &e))?;
    if about.is_dir() { Ok(()) } else { Err(MirrorError::Unusable(format!("{} is not a folder.", shown(root)))) }
}

fn read(root: &Path, path: &str) -> Result<Vec<u8>, MirrorError> {
    let mut bytes = Vec::new();
    let file = File::open(root.join(path)).map_err(|e| unusable(root, "read", &e))?;
    file.take(NOTE_LIMIT).read_to_end(&mut bytes).map_err(|e| unusable(root, "read", &e))?;
    Ok(bytes)
}

/// Writes a note, flushed, under a name that always stands for the whole of it. Gives whether it is new.
pub(super) fn write(root: &Path, path: &str, note: &Note) -> Result<bool, MirrorError> {
    there(root)?;
    let full = root.join(path);
    let name = format!("The folder {}", shown(root));
    match read(root, path) {
        Ok(known) => return compare(&known, note, &name).map(|()| false),
        Err(_) if !full.exists() => {}
        Err(e) => return Err(e),
    }
    let work = || -> io::Result<bool> {
        let folder = full.parent().unwrap_or(root);
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
        let mut noise = [0; 8];
        getrandom::fill(&mut noise).map_err(|e| io::Error::other(e.to_string()))?;
        let temporary = folder.join(format!(".{:016x}.tmp", u64::from_ne_bytes(noise)));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o444).open(&temporary)?;
            file.write_all(note.text.as_bytes())?;
            file.sync_all()?;
            // Unlike a rename, this never takes the place of what is there.
            fs::hard_link(&temporary, &full)
        })();
        fs::remove_file(&temporary).ok();
        match written {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(e) => return Err(e),
        }
        for name in [folder, root] {
            File::open(name)?.sync_all()?;
        }
        Ok(true)
    };
    if work().map_err(|e| unusable(root, "written", &e))? {
        return Ok(true);
    }
    // Somebody was faster.
    compare(&read(root, path)?, note, &name).map(|()| false)
}
