//! Reading files that people name: regular files only, and only so much of them.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Why a file cannot be read, safe to display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// What the system says.
    System { why: String, absent: bool },
    /// A folder, a pipe or the like.
    NotAFile,
    /// It has more bytes than this.
    Large(u64),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System { why, .. } => write!(f, "it cannot be read: {why}"),
            Self::NotAFile => f.write_str("it is not a regular file"),
            Self::Large(limit) => write!(f, "it has more than {limit} bytes"),
        }
    }
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Self {
        Self::System { why: error.to_string(), absent: error.kind() == std::io::ErrorKind::NotFound }
    }
}

/// Opens a regular file. A pipe does not make it wait.
pub(super) fn open(path: &Path) -> Result<(File, std::fs::Metadata), Unreadable> {
    // Without the flag, opening a pipe would wait for somebody to write.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() { Ok((file, meta)) } else { Err(Unreadable::NotAFile) }
}

/// Reads all of an open file into `out`, which has room for it.
pub(super) fn read_into(file: File, limit: u64, out: &mut Vec<u8>) -> Result<(), Unreadable> {
    file.take(limit + 1).read_to_end(out)?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > limit { Err(Unreadable::Large(limit)) } else { Ok(()) }
}

/// Reads a regular file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    read_into(open(path)?.0, limit, &mut bytes)?;
    Ok(bytes)
}
