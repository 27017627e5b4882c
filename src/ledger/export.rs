//! The ledger as a folder that verifies by itself: C2SP tlog-tiles, the bodies by their digests, and the files of trust.
//!
//! `checkpoint`, `tile/<level>/<n>` (256 hashes a tile), `tile/entries/<n>` (leaves, each with two bytes of length before
//! it), `bodies/<sha256>.json`, `trust/`, `README`. A folder that is there is gone on with, after it was compared: what it
//! has is an anchor. The checkpoint is written last, so that a folder that was left half-way is still the earlier one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tlog_tiles::{Tile, stored_hash_index};

use super::log::{BATCH, Named};
use super::prove::over_newest;
use super::storage::Wanted;
use super::{Head, Ledger, LedgerError, Reading, leaf, log, note};

/// How many hashes or leaves are in a tile, as a power of two.
pub(super) const HEIGHT: u8 = 8;
/// How many hashes or leaves are in a tile.
pub(super) const WIDTH: u64 = 1 << HEIGHT;

/// A file of trust, and its name in the folder.
#[derive(Debug, Clone)]
pub struct TrustFile {
    /// Its name in `trust/`.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The head of the folder.
    pub head: Head,
    /// How many entries were there before.
    pub before: u64,
    /// How many files were written.
    pub files: u64,
}

const README: &str = include_str!("export/README.txt");

/// Where a tile is in the folder: as C2SP has it, without the height.
pub(super) fn path_of(tile: &Tile) -> String {
    let kind = if tile.is_data() { "entries".to_owned() } else { tile.level().to_string() };
    let path = tile.path();
    let rest = path.splitn(4, '/').nth(3).unwrap_or_default();
    format!("tile/{kind}/{rest}")
}

/// Writes the ledger to a folder, or brings such a folder up to date.
pub fn export<L: Ledger + ?Sized>(ledger: &L, dir: &Path, trust: &[TrustFile]) -> Result<Exported, LedgerError> {
    let named = Named(ledger.location());
    over_newest(ledger, &named, |reading, head, note| {
        let mut out = Out { dir, files: 0 };
        let before = out.before(reading, head)?;
        out.bodies_and_leaves(&named, reading, before, head.size)?;
        out.tiles(&named, reading, before, head.size)?;
        out.trust(reading, trust)?;
        out.write("README", README.as_bytes())?;
        // One flush for the thousands of files, before the checkpoint says that they are there; one after it.
        rustix::fs::sync();
        out.write("checkpoint", note.as_bytes())?;
        rustix::fs::sync();
        out.sweep(before, head.size);
        Ok(Exported { head: head.clone(), before, files: out.files })
    })
}

struct Out<'a> {
    dir: &'a Path,
    files: u64,
}

impl Out<'_> {
    fn failed(&self, what: &str, e: &io::Error) -> LedgerError {
        let location = crate::text::line(&self.dir.display().to_string()).into_owned();
        LedgerError::Use {
            location,
            why: format!("{what} ({e}). Check the folder, its permissions and the free space."),
        }
    }

    /// How far the folder reaches, which the ledger must have grown out of.
    fn before(&self, reading: &mut dyn Reading, head: &Head) -> Result<u64, LedgerError> {
        let path = self.dir.join("checkpoint");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let mut inside = fs::read_dir(self.dir).into_iter().flatten();
                if inside.next().is_some() && !self.dir.join("tile").is_dir() {
                    return Err(LedgerError::NotThere(format!(
                        "The folder {} is not empty, and no ledger was exported to it. Name another.",
                        crate::text::line(&self.dir.display().to_string())
                    )));
                }
                return Ok(0);
            }
            Err(e) => return Err(self.failed("Its checkpoint cannot be read", &e)),
        };
        let location = crate::text::line(&path.display().to_string()).into_owned();
        let unlike = |size: u64, why: String| LedgerError::Checkpoint { location: location.clone(), size, why };
        let was = note::read_unsigned(&text).map_err(|why| unlike(0, format!("{why} Name another folder.")))?;
        if was.origin != head.origin {
            let origin = crate::text::line(&was.origin).into_owned();
            return Err(unlike(was.size, format!("it is of another ledger, {origin}. Name another folder.")));
        }
        if was.size > head.size || log::stored_root(reading, was.size)? != Some(was.root) {
            let why = format!(
                "the ledger ({} entries) did not grow out of what was exported before: entries were taken away or \
                 replaced. Keep the folder, it is the proof; and restore the ledger from a copy.",
                head.size
            );
            return Err(unlike(was.size, why));
        }
        Ok(was.size)
    }

    /// Writes a file whole or not at all.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.dir.join(name);
        let write = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let temporary = path.with_extension("tmp");
            fs::write(&temporary, bytes)?;
            fs::rename(&temporary, &path)
        };
        self.files += 1;
        write().map_err(|e| self.failed(&format!("{name} cannot be written"), &e))
    }

    fn bodies_and_leaves(
        &mut self,
        named: &Named,
        reading: &mut dyn Reading,
        before: u64,
        size: u64,
    ) -> Result<(), LedgerError> {
        // Entry tiles are written whole: from the start of the one that was not full.
        let mut next = before / WIDTH * WIDTH;
        let mut bundle = Vec::new();
        while next < size {
            let limit = u32::try_from((WIDTH - next % WIDTH).min(size - next)).unwrap_or(BATCH).min(64);
            let rows = reading.entries(&Wanted { from: next + 1, limit: Some(limit), ..Wanted::default() })?;
            if rows.is_empty() {
                return Err(named.missing(next + 1));
            }
            for row in rows {
                if row.seq != next + 1 {
                    return Err(named.missing(next + 1));
                }
                let entry = row.entry().map_err(|why| named.damaged(next + 1, why))?;
                let leaf = leaf::of(&entry);
                let length = u16::try_from(leaf.len())
                    .map_err(|_e| named.damaged(next + 1, "its gate or record is too long for an entry tile."))?;
                bundle.extend(length.to_be_bytes());
                bundle.extend(leaf);
                next += 1;
                if next > before {
                    self.write(&body_path(entry.digest.hex()), &entry.draft.body)?;
                }
            }
            if next.is_multiple_of(WIDTH) || next == size {
                self.write(&path_of(&tile(0, (next - 1) / WIDTH, size, true)), &bundle)?;
                bundle.clear();
            }
        }
        Ok(())
    }

    fn tiles(&mut self, named: &Named, reading: &mut dyn Reading, before: u64, size: u64) -> Result<(), LedgerError> {
        for tile in Tile::new_tiles(HEIGHT, before, size) {
            let first = tile.level_index() * WIDTH;
            let numbers: Vec<u64> =
                (first..first + u64::from(tile.width())).map(|n| stored_hash_index(HEIGHT * tile.level(), n)).collect();
            let hashes = reading.hashes(&numbers)?;
            if hashes.len() != numbers.len() {
                return Err(named.checkpoint(size, "a stored hash is missing. Restore the ledger from a copy."));
            }
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            self.write(&path_of(&tile), &bytes)?;
        }
        Ok(())
    }

    fn trust(&mut self, reading: &mut dyn Reading, trust: &[TrustFile]) -> Result<(), LedgerError> {
        for file in trust {
            let bytes = fs::read(&file.path);
            let bytes = bytes.map_err(|e| self.failed(&format!("{} cannot be read", file.path.display()), &e))?;
            self.write(&format!("trust/{}", file.name), &bytes)?;
        }
        if trust.iter().all(|file| file.name != "ledger_keys") {
            let keys: String = reading.keys()?.into_iter().map(|key| key + "\n").collect();
            self.write("trust/ledger_keys", keys.as_bytes())?;
        }
        Ok(())
    }

    /// Removes what a later tile has taken the place of; what cannot be removed does no harm.
    fn sweep(&self, before: u64, size: u64) {
        let mut level = 0_u8;
        while before >> (u32::from(HEIGHT) * u32::from(level)) > 0 {
            let (was, is) = (before >> (HEIGHT * level), size >> (HEIGHT * level));
            if !was.is_multiple_of(WIDTH) && was != is {
                for data in [false, true] {
                    if !data || level == 0 {
                        fs::remove_file(self.dir.join(path_of(&tile(level, was / WIDTH, was, data)))).ok();
                    }
                }
            }
            level += 1;
        }
    }
}

/// The tile with a number at a level, as wide as it is where the level has `count` hashes.
pub(super) fn tile(level: u8, n: u64, count: u64, data: bool) -> Tile {
    let width = u32::try_from((count - n * WIDTH).min(WIDTH)).unwrap_or(1).max(1);
    Tile::new(HEIGHT, level, n, width, data)
}

/// Where a body is in the folder.
pub(super) fn body_path(hex: &str) -> String {
    format!("bodies/{hex}.json")
}
