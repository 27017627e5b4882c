//! What every store does alike: appending, reading, and following what was appended.

use tlog_tiles::stored_hash_count;

use super::merkle::{Edge, leaf_hash};
use super::note::Keys;
use super::storage::{Added, Row, Wanted};
use super::{Draft, Entry, EntryKind, Head, Ledger, LedgerError, Read, Reading, Root, leaf};
use crate::domain::ids::RecordId;

/// How many entries are held at once, where a ledger is read through.
pub(super) const BATCH: u32 = 512;

/// Where the ledger was cut, changed or replaced, and it is not for us to say which.
const RESTORE: &str = "Restore the ledger from a copy.";

/// What names a ledger in an error.
pub(super) struct Named(pub String);

impl Named {
    pub(super) fn damaged(&self, seq: u64, why: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { location: self.0.clone(), seq, why: why.into() }
    }

    pub(super) fn checkpoint(&self, size: u64, why: impl Into<String>) -> LedgerError {
        LedgerError::Checkpoint { location: self.0.clone(), size, why: why.into() }
    }

    fn unusable(&self, why: impl Into<String>) -> LedgerError {
        LedgerError::Use { location: self.0.clone(), why: why.into() }
    }

    pub(super) fn missing(&self, seq: u64) -> LedgerError {
        self.damaged(seq, "it is missing, and later entries are there. Restore the ledger from a copy.")
    }
}

/// The newest checkpoint, found good.
pub(super) struct Newest {
    pub head: Head,
    pub note: Option<String>,
}

/// Checks the newest checkpoint's signature, and that it is not before what this process has seen.
pub(super) fn newest<L: Ledger + ?Sized>(ledger: &L, reading: &mut dyn Reading) -> Result<Newest, LedgerError> {
    let named = Named(ledger.location());
    let origin = reading.origin()?;
    let last = ledger.writer().last();
    let note = reading.newest()?;
    let head = match (&note, &last) {
        (Some(note), Some((head, seen))) if note == seen && head.origin == origin => head.clone(),
        (Some(note), _) => {
            let keys = keys(ledger, reading, &origin)?;
            let why = |e: String| named.checkpoint(size_of(note), format!("its checkpoint does not count: {e}"));
            keys.open(note, &origin).map_err(why)?
        }
        (None, _) => Head::empty(&origin),
    };
    if let Some((last, _)) = last {
        if last.origin != origin {
            return Err(named.checkpoint(0, format!("it is another ledger than a moment ago, {origin}.")));
        }
        if last.size > head.size {
            let why = format!("it had {} a moment ago: entries were taken away. {RESTORE}", last.size);
            return Err(named.checkpoint(head.size, why));
        }
        if last.size == head.size && last.root != head.root {
            let why = format!("its root is another than a moment ago: it was rewritten. {RESTORE}");
            return Err(named.checkpoint(head.size, why));
        }
    }
    Ok(Newest { head, note })
}

fn size_of(note: &str) -> u64 {
    super::note::read_unsigned(note).map_or(0, |head| head.size)
}

/// The keys that are believed.
pub(super) fn keys<L: Ledger + ?Sized>(
    ledger: &L,
    reading: &mut dyn Reading,
    origin: &str,
) -> Result<Keys, LedgerError> {
    let listed = if ledger.writer().is_told_whom_to_trust() { Vec::new() } else { reading.keys()? };
    let named = Named(ledger.location());
    ledger.writer().keys(&listed, origin).map_err(|why| named.unusable(why))
}

/// The right edge of the tree at a size, from stored hashes, which must come out at a root.
pub(super) fn edge(named: &Named, reading: &mut dyn Reading, head: &Head) -> Result<Edge, LedgerError> {
    let stored = reading.hashes(&Edge::needs(head.size))?;
    match Edge::resume(head.size, stored).filter(|edge| edge.root() == head.root) {
        Some(edge) => Ok(edge),
        None => Err(named.checkpoint(
            head.size,
            format!(
                "its stored hashes do not come out at the root {}: it was changed, cut or replaced. {RESTORE}",
                head.root
            ),
        )),
    }
}

pub(super) fn append<L: Ledger + ?Sized>(ledger: &L, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let named = Named(ledger.location());
    let mut appended = (Vec::new(), None);
    ledger.transaction(&mut |writing| {
        let Newest { head, .. } = newest(ledger, writing)?;
        let size = writing.size()?;
        if size != head.size {
            return Err(uncounted(&named, size, head.size));
        }
        let mut edge = edge(&named, writing, &head)?;
        if let Some((last, _)) = ledger.writer().last().filter(|(last, _)| last.size < head.size) {
            self::edge(&named, writing, &last)?;
        }
        let key = ledger.writer().key(&head.origin).map_err(|why| named.unusable(why))?;
        // What nobody would believe is not written.
        if !ledger.writer().trusts(key.vkey()) {
            return Err(named.unusable(format!(
                "This machine's key is not in the file of trusted ledger keys ([trust] ledger_keys). \
                 If it is to write, add the line {}",
                key.vkey()
            )));
        }
        let listed = writing.keys()?;
        let first_hash = edge.stored();
        let mut hashes = Vec::with_capacity(drafts.len() * 2);
        let mut entries = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let entry = Entry::new(edge.size() + 1, draft.clone());
            edge.push(leaf_hash(&leaf::of(&entry)), |hash| hashes.push(hash));
            entries.push(entry);
        }
        let head = Head { origin: head.origin, size: edge.size(), root: edge.root() };
        let note = key.sign(&head).map_err(|why| named.unusable(why))?;
        let key = (!listed.iter().any(|k| k == key.vkey())).then_some(key.vkey());
        let checkpoint = (head.size, note.as_str());
        writing.add(&Added { entries: &entries, first_hash, hashes: &hashes, checkpoint, key })?;
        appended = (entries, Some((head, note)));
        Ok(())
    })?;
    let (entries, seen) = appended;
    if let Some((head, note)) = seen {
        ledger.writer().saw(&head, &note);
    }
    Ok(entries)
}

/// Entries and checkpoint count differently.
fn uncounted(named: &Named, entries: u64, counted: u64) -> LedgerError {
    if entries < counted {
        let why = format!("it is missing, and the checkpoint counts {counted} entries. {RESTORE}");
        return named.damaged(entries + 1, why);
    }
    let why = format!("it is in no checkpoint: it was not appended by Countersign. {RESTORE}");
    named.damaged(counted + 1, why)
}

pub(super) fn head<L: Ledger + ?Sized>(ledger: &L) -> Result<Head, LedgerError> {
    let mut found = None;
    ledger.snapshot(&mut |reading| {
        found = Some(newest(ledger, reading)?);
        Ok(())
    })?;
    let newest = found.ok_or_else(|| Named(ledger.location()).unusable("Nothing was read."))?;
    if let Some(note) = &newest.note {
        ledger.writer().saw(&newest.head, note);
    }
    Ok(newest.head)
}

pub(super) fn root_at<L: Ledger + ?Sized>(ledger: &L, size: u64) -> Result<Option<Root>, LedgerError> {
    let mut root = None;
    ledger.snapshot(&mut |reading| {
        root = stored_root(reading, size)?;
        Ok(())
    })?;
    Ok(root)
}

/// The root at a size, from stored hashes; `None` where they do not reach.
pub(super) fn stored_root(reading: &mut dyn Reading, size: u64) -> Result<Option<Root>, LedgerError> {
    if size > reading.size()? {
        return Ok(None);
    }
    let stored = reading.hashes(&Edge::needs(size))?;
    Ok(Edge::resume(size, stored).map(|edge| edge.root()))
}

pub(super) fn read<L: Ledger + ?Sized>(ledger: &L, from: u64, kinds: &[EntryKind]) -> Result<Vec<Entry>, LedgerError> {
    rows(ledger, &Wanted { from, kinds: kinds.to_vec(), ..Wanted::default() })
}

pub(super) fn record<L: Ledger + ?Sized>(ledger: &L, record: &RecordId) -> Result<Vec<Entry>, LedgerError> {
    rows(ledger, &Wanted { record: Some(record.clone()), ..Wanted::default() })
}

fn rows<L: Ledger + ?Sized>(ledger: &L, wanted: &Wanted) -> Result<Vec<Entry>, LedgerError> {
    let named = Named(ledger.location());
    let mut entries = Vec::new();
    ledger.snapshot(&mut |reading| {
        let rows = reading.entries(wanted)?.into_iter();
        let read: Result<Vec<_>, _> = rows.map(|row| row_entry(&named, row)).collect();
        entries = read?;
        Ok(())
    })?;
    Ok(entries)
}

fn row_entry(named: &Named, row: Row) -> Result<Entry, LedgerError> {
    let seq = row.seq;
    row.entry().map_err(|why| named.damaged(seq, why))
}

pub(super) fn follow<L: Ledger + ?Sized>(ledger: &L, from: Option<&Head>) -> Result<Read, LedgerError> {
    let named = Named(ledger.location());
    let mut read = None;
    ledger.snapshot(&mut |reading| {
        let origin = reading.origin()?;
        let from = from.cloned().unwrap_or_else(|| Head::empty(&origin));
        let mut so_far = Read { entries: Vec::new(), roots: Vec::new(), head: from, damage: None };
        match onward(ledger, &named, reading, &mut so_far) {
            Ok(()) => {}
            Err(damage) if damage.is_damage() => so_far.damage = Some(damage),
            Err(e) => return Err(e),
        }
        read = Some(so_far);
        Ok(())
    })?;
    read.ok_or_else(|| named.unusable("Nothing was read."))
}

/// Reads on from `read.head`, as far as all fits.
fn onward<L: Ledger + ?Sized>(
    ledger: &L,
    named: &Named,
    reading: &mut dyn Reading,
    read: &mut Read,
) -> Result<(), LedgerError> {
    let newest = newest(ledger, reading);
    let origin = reading.origin()?;
    if read.head.origin != origin {
        return Err(named.checkpoint(0, format!("it is another ledger than before, {origin}.")));
    }
    let mut edge = edge(named, reading, &read.head)?;
    let outcome = walk(named, reading, &mut edge, read);
    read.head = Head { size: edge.size(), root: edge.root(), origin };
    outcome?;
    let Newest { head, note } = newest?;
    if edge.size() != head.size {
        return Err(uncounted(named, edge.size(), head.size));
    }
    if edge.root() != head.root {
        let root = edge.root();
        let why = format!("its entries come out at the root {root}, and its checkpoint says {}. {RESTORE}", head.root);
        return Err(named.checkpoint(head.size, why));
    }
    if let Some(note) = note {
        ledger.writer().saw(&head, &note);
    }
    Ok(())
}

/// Reads entries on from an edge, each compared with its stored hashes.
fn walk(named: &Named, reading: &mut dyn Reading, edge: &mut Edge, read: &mut Read) -> Result<(), LedgerError> {
    loop {
        let from = edge.size() + 1;
        let rows = reading.entries(&Wanted { from, limit: Some(BATCH), ..Wanted::default() })?;
        if rows.is_empty() {
            return Ok(());
        }
        let end = stored_hash_count(edge.size() + rows.len() as u64);
        let mut stored = reading.hash_run(edge.stored(), end)?.into_iter();
        for row in rows {
            let next = edge.size() + 1;
            if row.seq != next {
                return Err(named.missing(next));
            }
            let entry = row_entry(named, row)?;
            let mut fits = true;
            let before = edge.clone();
            edge.push(leaf_hash(&leaf::of(&entry)), |hash| fits &= stored.next() == Some(hash));
            if !fits {
                *edge = before;
                return Err(named.damaged(next, format!("it, or its hash, is not what was appended. {RESTORE}")));
            }
            read.entries.push(entry);
            read.roots.push(edge.root());
        }
    }
}
