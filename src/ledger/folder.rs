//! A folder that a ledger was exported to, read as a ledger: it is checked by the same code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tlog_tiles::{Hash, Tile, split_stored_hash_index};

use super::export::{HEIGHT, WIDTH, body_path, path_of, tile};
use super::storage::{Row, Wanted};
use super::{Head, Ledger, LedgerError, Reading, Writer, Writing, leaf, note};

/// No tile and no checkpoint is larger.
const TILE_LIMIT: u64 = 17 * 1024 * 1024;
/// No body is larger.
const BODY_LIMIT: u64 = 64 * 1024 * 1024;
/// How many tiles are held.
const TILES: usize = 8;

/// A ledger in a folder, which is only read.
pub struct FolderLedger {
    dir: PathBuf,
    note: String,
    head: Head,
    keys: Vec<String>,
    writer: Writer,
    brought: bool,
}

impl FolderLedger {
    /// Opens a folder. `trust` is a folder with a file `ledger_keys`, whose checkpoints are believed; without that file,
    /// those in the folder's own.
    pub fn open(dir: &Path, trust: &Path) -> Result<Self, LedgerError> {
        let location = shown(dir);
        let failed =
            |why: String| LedgerError::NotThere(format!("The exported ledger {location} cannot be read: {why}"));
        let text = |path: &Path| {
            let bytes = read(path, TILE_LIMIT).map_err(|e| failed(format!("{} cannot be read ({e}).", shown(path))))?;
            String::from_utf8(bytes).map_err(|_e| failed(format!("{} is not text.", shown(path))))
        };
        let note = text(&dir.join("checkpoint"))?;
        let head = note::read_unsigned(&note).map_err(|why| LedgerError::Checkpoint {
            location: location.clone(),
            size: 0,
            why: format!("its checkpoint cannot be read: {why}"),
        })?;
        let (own, along) = (trust.join("ledger_keys"), dir.join("trust/ledger_keys"));
        let unseen = |path: &Path, e: &std::io::Error| {
            failed(format!("{} cannot be looked at ({e}). Is --trust right, and may you read it?", shown(path)))
        };
        // A folder of trust that is not there would be one without keys.
        fs::metadata(trust).map_err(|e| unseen(trust, &e))?;
        // Who has no keys of their own sees by those that came along that all fits together. What is there and cannot be
        // seen or read, or a link that leads nowhere, is not a file that is not there.
        let brought = match fs::symlink_metadata(&own) {
            Ok(_) => own == along,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
            Err(e) => return Err(unseen(&own, &e)),
        };
        if brought && fs::symlink_metadata(&along).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
            return Err(failed(
                "it brings no ledger_keys, and there are none in the folder of trust. Give --trust a folder with a file \
                 ledger_keys: the keys of those who may write the ledger, one a line."
                    .to_owned(),
            ));
        }
        let lines = text(if brought { &along } else { &own })?;
        let keys = lines.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let keys: Vec<String> = keys.map(ToOwned::to_owned).collect();
        Ok(Self { dir: dir.to_owned(), note, head, writer: Writer::reader(Some(keys.clone())), keys, brought })
    }

    /// What its checkpoint does not prove, where the keys that it is believed by came along with it. A full sentence.
    pub fn caution(&self) -> Option<String> {
        self.brought.then(|| {
            format!(
                "The keys that the checkpoint of {} was checked with came from the export itself: that nothing was left \
                 out, a rejection for one, stands on the word of whoever made it. Give --trust a folder with a file \
                 ledger_keys that you have from elsewhere.",
                shown(&self.dir)
            )
        })
    }
}

fn shown(path: &Path) -> String {
    crate::text::line(&path.display().to_string()).into_owned()
}

fn read(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Ledger for FolderLedger {
    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn Reading) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        work(&mut Folder { ledger: self, tiles: BTreeMap::new(), bundle: None })
    }

    fn transaction(&self, _: &mut dyn FnMut(&mut dyn Writing) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        Err(LedgerError::Closed("An exported ledger is not written to.".to_owned()))
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn location(&self) -> String {
        shown(&self.dir)
    }
}

struct Folder<'a> {
    ledger: &'a FolderLedger,
    tiles: BTreeMap<String, Vec<u8>>,
    bundle: Option<(u64, Vec<Vec<u8>>)>,
}

impl Folder<'_> {
    fn damaged(&self, seq: u64, why: String) -> LedgerError {
        LedgerError::Damaged { location: self.ledger.location(), seq, why }
    }

    /// The bytes of a tile: whole, or as wide as the checkpoint needs it. Empty if it is not there.
    fn tile(&mut self, tile: &Tile) -> &[u8] {
        let path = path_of(tile);
        if !self.tiles.contains_key(&path) {
            let wide = Tile::new(HEIGHT, tile.level(), tile.level_index(), 1 << HEIGHT, tile.is_data());
            let found = read(&self.ledger.dir.join(&path), TILE_LIMIT)
                .or_else(|_e| read(&self.ledger.dir.join(path_of(&wide)), TILE_LIMIT));
            if self.tiles.len() >= TILES {
                self.tiles.clear();
            }
            self.tiles.insert(path.clone(), found.unwrap_or_default());
        }
        self.tiles.get(&path).map(Vec::as_slice).unwrap_or_default()
    }

    fn hash(&mut self, number: u64) -> Option<Hash> {
        let (level, n) = split_stored_hash_index(number);
        let (tiled, within) = (level / HEIGHT, level % HEIGHT);
        let count = self.ledger.head.size >> (u32::from(HEIGHT) * u32::from(tiled));
        let first = n << within;
        if first + (1 << within) > count {
            return None;
        }
        let tile = tile(tiled, first / WIDTH, count, false);
        let bytes = self.tile(&tile);
        if bytes.len() < usize::try_from(tile.width()).unwrap_or(usize::MAX) * 32 {
            return None;
        }
        tile.hash_at_index(bytes, number).ok()
    }

    /// The leaf at a position.
    fn leaf(&mut self, seq: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let n = (seq - 1) / WIDTH;
        if self.bundle.as_ref().is_none_or(|(held, _)| *held != n) {
            let size = self.ledger.head.size;
            let bytes = self.tile(&tile(0, n, size, true)).to_vec();
            let leaves = split(&bytes).ok_or_else(|| self.damaged(seq, "its entry tile is cut.".to_owned()))?;
            self.bundle = Some((n, leaves));
        }
        let at = usize::try_from((seq - 1) % WIDTH).unwrap_or_default();
        Ok(self.bundle.as_ref().and_then(|(_, leaves)| leaves.get(at).cloned()))
    }

    fn row(&self, seq: u64, leaf: &[u8]) -> Result<Row, LedgerError> {
        let entry = leaf::parse(leaf).map_err(|why| self.damaged(seq, why))?;
        let path = self.ledger.dir.join(body_path(entry.digest.hex()));
        let body = read(&path, BODY_LIMIT)
            .map_err(|e| self.damaged(seq, format!("its body {} cannot be read ({e}).", shown(&path))))?;
        Ok(Row { body, ..Row::of(&entry) })
    }
}

/// The leaves in an entry tile: each with its length before it.
fn split(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut leaves = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        leaves.push(leaf.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(leaves)
}

impl Reading for Folder<'_> {
    fn origin(&mut self) -> Result<String, LedgerError> {
        Ok(self.ledger.head.origin.clone())
    }

    fn size(&mut self) -> Result<u64, LedgerError> {
        Ok(self.ledger.head.size)
    }

    fn newest(&mut self) -> Result<Option<String>, LedgerError> {
        Ok(Some(self.ledger.note.clone()))
    }

    fn entries(&mut self, wanted: &Wanted) -> Result<Vec<Row>, LedgerError> {
        let limit = wanted.limit.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let mut rows = Vec::new();
        for seq in wanted.from.max(1)..=self.ledger.head.size {
            if rows.len() >= limit {
                break;
            }
            let Some(leaf) = self.leaf(seq)? else { break };
            let row = self.row(seq, &leaf)?;
            let kind = wanted.kinds.is_empty() || wanted.kinds.iter().any(|k| k.word() == row.kind);
            if kind && wanted.record.as_ref().is_none_or(|r| r.as_str() == row.record) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn hashes(&mut self, numbers: &[u64]) -> Result<Vec<Hash>, LedgerError> {
        Ok(numbers.iter().filter_map(|n| self.hash(*n)).collect())
    }

    fn hash_run(&mut self, from: u64, to: u64) -> Result<Vec<Hash>, LedgerError> {
        Ok((from..to).map_while(|n| self.hash(n)).collect())
    }

    fn checkpoints(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        let here = (self.ledger.head.size, self.ledger.note.clone());
        Ok(Some(here).filter(|(size, _)| *size >= from && limit > 0).into_iter().collect())
    }

    fn keys(&mut self) -> Result<Vec<String>, LedgerError> {
        Ok(self.ledger.keys.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::ledger::check::Audit;
    use crate::ledger::testing::draft;
    use crate::ledger::{SqliteLedger, export};

    /// A folder with a ledger of so many entries, exported.
    fn exported(entries: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("home/ledger.db")).unwrap();
        let drafts: Vec<_> = (0..entries).map(|n| draft(&format!("R{n}"), "{}")).collect();
        ledger.append(&drafts).unwrap();
        export::export(&ledger, &folder.path().join("export"), &[]).unwrap();
        folder
    }

    #[test]
    fn keys_that_cannot_be_seen_are_not_keys_that_are_not_there() {
        let folder = exported(3);
        let (dir, trust) = (folder.path().join("export"), folder.path().join("trust"));
        let own = trust.join("ledger_keys");
        let why = || FolderLedger::open(&dir, &trust).err().expect("it opens").to_string();
        assert!(why().contains("--trust"), "{}", why());
        fs::create_dir(&trust).unwrap();
        // Nothing there: by those that came along, and that is said.
        let open = FolderLedger::open(&dir, &trust).unwrap();
        assert!(open.caution().is_some_and(|c| c.contains("came from the export itself")));
        assert_eq!(open.check(&Audit::of_the_tree_alone()).unwrap().found, 0);
        symlink(folder.path().join("not-mounted"), &own).unwrap();
        assert!(why().contains("ledger_keys cannot be read"), "{}", why());
        fs::remove_file(&own).unwrap();
        symlink(&own, &own).unwrap();
        assert!(why().contains("ledger_keys cannot be read"), "{}", why());
        fs::remove_file(&own).unwrap();
        fs::copy(dir.join("trust/ledger_keys"), &own).unwrap();
        assert_eq!(FolderLedger::open(&dir, &trust).unwrap().caution(), None);
        // A file in the folder's place: its keys cannot be seen.
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = FolderLedger::open(&dir, &file).err().expect("it opens").to_string();
        assert!(error.contains("cannot be looked at"), "{error}");
        // None anywhere.
        fs::remove_file(&own).unwrap();
        fs::remove_file(dir.join("trust/ledger_keys")).unwrap();
        assert!(why().contains("Give --trust a folder with a file ledger_keys"), "{}", why());
        assert!(!why().contains("ledger.url"), "{}", why());
    }

    #[test]
    fn a_leaf_that_was_planted_far_away_is_told_at_once() {
        for seq in [super::super::merkle::MOST, u64::MAX] {
            let folder = exported(5);
            let dir = folder.path().join("export");
            let tile = dir.join("tile/entries/000.p/5");
            let mut leaves = split(&fs::read(&tile).unwrap()).unwrap();
            let last = String::from_utf8(leaves.pop().unwrap()).unwrap();
            leaves.push(last.replace("\"seq\":\"5\"", &format!("\"seq\":\"{seq}\"")).into_bytes());
            let bytes: Vec<u8> = leaves
                .iter()
                .flat_map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes(), leaf.as_slice()].concat())
                .collect();
            fs::write(&tile, bytes).unwrap();
            let (say, said) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let ledger = FolderLedger::open(&dir, &dir.join("trust")).unwrap();
                say.send((ledger.check(&Audit::of_the_tree_alone()).unwrap(), ledger.read(1, &[]))).unwrap();
            });
            let (checked, _) = said.recv_timeout(std::time::Duration::from_secs(60)).expect("it counts up to it");
            assert!(checked.found > 0 && checked.findings.iter().any(|f| f.entry == Some(5)), "{checked:#?}");
        }
    }
}
