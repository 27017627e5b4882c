//! What batches come to, put together in the order of the entries.

use std::collections::{BTreeMap, VecDeque};

use tlog_tiles::{Hash, stored_hash_count};

use super::batch::{Done, Judged, Reader, Working};
use super::{Audit, Checked, Finding};
use crate::domain::ids::Digest;
use crate::ledger::log::{Named, stored_root};
use crate::ledger::merkle::Edge;
use crate::ledger::note::Keys;
use crate::ledger::{Entry, Head, LedgerError, Reading, Root, chain};

/// How many of the last roots are remembered: most heads that were seen are young.
const YOUNG: usize = 4096;

const RESTORE: &str = "Restore the ledger from a copy, and compare that with an anchor.";
const CONTAIN: &str = "Compare with what others have: an anchor, a mirror, another person's export. Entries were removed \
                       or replaced, or the key that signed this says what is not so: then revoke it.";

/// The stored hashes of a batch.
struct Stored<'a> {
    hashes: &'a [Hash],
    /// The number of the first of them.
    first: u64,
    /// Whether none is missing.
    whole: bool,
}

impl Stored<'_> {
    fn from(&self, number: u64) -> &[Hash] {
        let at = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        self.hashes.get(at..).filter(|_| self.whole).unwrap_or_default()
    }
}

pub(super) struct Fold<'a> {
    named: &'a Named,
    audit: &'a Audit<'a>,
    keys: &'a Keys,
    checked: &'a mut Checked,
    edge: Edge,
    /// The last roots, by size.
    young: VecDeque<(u64, Root)>,
    /// The chain so far, while it goes on.
    chain: Option<Digest>,
    /// The last entry of each hardware key, and its count there.
    counters: BTreeMap<String, (u64, u32)>,
    /// The last checkpoint that fits, and whether all did.
    signed: (u64, bool),
    /// The largest size with a checkpoint whose signature counts.
    covered: u64,
    /// The anchors that were not come to yet, the largest first.
    anchors: Vec<usize>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(named: &'a Named, audit: &'a Audit<'a>, keys: &'a Keys, checked: &'a mut Checked) -> Self {
        let mut anchors: Vec<usize> = (0..audit.anchors.len()).collect();
        anchors.sort_by_key(|n| std::cmp::Reverse(audit.anchors.get(*n).map(|a| a.head.size)));
        let young = VecDeque::from([(0, Root::EMPTY)]);
        let (edge, chain, counters) = (Edge::default(), Some(chain::origin()), BTreeMap::new());
        Self { named, audit, keys, checked, edge, young, chain, counters, signed: (0, true), covered: 0, anchors }
    }

    /// Reads all, has it judged on all cores, and says what it comes to.
    pub(super) fn run(mut self, reading: &mut dyn Reading) -> Result<(), LedgerError> {
        let (audit, keys, origin) = (self.audit, self.keys, self.checked.head.origin.clone());
        self.meet_anchors();
        let (origin, mut reader) = (origin.as_str(), Reader::new());
        std::thread::scope(|scope| {
            let mut working: Option<Working<'_>> = None;
            loop {
                // While a batch is judged, the next is read.
                let next = match reader.next(reading) {
                    Ok(batch) if batch.rows.is_empty() => Ok(None),
                    Ok(batch) => Ok(Some(Working::start(scope, audit, keys, origin, batch))),
                    Err(e) => Err(e),
                };
                if let Some(mut working) = working.take() {
                    let done = working.finish();
                    self.take(reading, &working, done)?;
                }
                working = next?;
                if working.is_none() {
                    return Ok(());
                }
            }
        })?;
        self.conclude(reading)
    }

    fn finds(&mut self, code: &'static str, entry: Option<u64>, what: String, mend: &str) {
        self.checked.finds(Finding { code, entry, what, mend: mend.to_owned() });
    }

    fn damaged(&mut self, code: &'static str, seq: u64, why: &str) {
        let what = self.named.damaged(seq, why).to_string();
        self.finds(code, Some(seq), what, RESTORE);
    }

    fn take(&mut self, reading: &mut dyn Reading, working: &Working<'_>, done: Done) -> Result<(), LedgerError> {
        let (first, hashes) = (self.edge.stored(), working.hashes.as_slice());
        let last = done.entries.last().map_or(0, |judged| judged.seq);
        let whole = stored_hash_count(last).checked_sub(first) == u64::try_from(hashes.len()).ok();
        let stored = Stored { hashes, first, whole };
        if !whole {
            self.damaged(
                "hash-missing",
                working.first,
                "its hash, or one after it, is missing among the stored hashes.",
            );
        }
        let mut checkpoints = done.checkpoints.into_iter().peekable();
        let mut links = working.links.iter().peekable();
        for judged in done.entries {
            if self.edge.size() + 1 < judged.seq {
                self.take_gap(reading, judged.seq - 1, &stored)?;
            }
            if judged.seq != self.edge.size() + 1 {
                self.damaged("entry-extra", judged.seq, "it is at a position that no entry has.");
                continue;
            }
            let link = links.next_if(|(seq, _)| *seq == judged.seq);
            self.take_link(judged.seq, judged.entry.as_ref(), link.map(|(_, link)| link.as_str()));
            self.take_entry(reading, judged, &stored)?;
            while let Some((size, note)) = checkpoints.next_if(|(size, _)| *size <= self.edge.size()) {
                self.take_checkpoint(size, note);
            }
            self.meet_anchors();
        }
        Ok(())
    }

    /// Entries that are missing before one that is there. Where all their hashes are there, the tree grows over them; where
    /// they are not, it goes on behind them: whoever plants an entry far away does not have us count up to it.
    fn take_gap(&mut self, reading: &mut dyn Reading, last: u64, stored: &Stored<'_>) -> Result<(), LedgerError> {
        let first = self.edge.size() + 1;
        let what = if first == last { "it is".to_owned() } else { format!("it and all up to entry {last} are") };
        self.damaged("entry-missing", first, &format!("{what} missing, and later entries are there."));
        if stored.whole {
            while self.edge.size() < last {
                self.push(None, stored);
            }
            return Ok(());
        }
        let kept = reading.hashes(&Edge::needs(last))?;
        self.edge = Edge::resume(last, kept).unwrap_or_else(|| Edge::unknown(last));
        self.young = VecDeque::from([(last, self.edge.root())]);
        Ok(())
    }

    fn take_entry(
        &mut self,
        reading: &mut dyn Reading,
        judged: Judged,
        stored: &Stored<'_>,
    ) -> Result<(), LedgerError> {
        let seq = judged.seq;
        match judged.leaf {
            Ok(leaf) => {
                if !self.push(Some(leaf), stored) {
                    self.damaged("entry-changed", seq, "it, or its hash, is not what was appended.");
                }
            }
            Err(why) => {
                self.damaged("entry-changed", seq, &why);
                self.push(None, stored);
            }
        }
        for finding in judged.look.findings {
            self.checked.finds(finding);
        }
        if let Some((key, count)) = judged.look.counter {
            self.take_counter(seq, &key, count);
        }
        judged.look.seen.map_or(Ok(()), |seen| self.take_seen(reading, seq, &seen))
    }

    /// Adds a leaf to the tree, or where there is none, or another, its stored hash: then the checkpoints still say whether
    /// the others fit. Whether the stored hashes are what they must be.
    fn push(&mut self, leaf: Option<Hash>, stored: &Stored<'_>) -> bool {
        let stored_here = stored.from(self.edge.stored());
        let kept = stored_here.first().copied();
        let fits_leaf = leaf.is_some() && (!stored.whole || kept == leaf);
        let (mut run, mut fits) = (stored_here.iter(), true);
        self.edge.push(kept.or(leaf).unwrap_or_default(), |hash| fits &= !stored.whole || run.next() == Some(&hash));
        if self.young.len() == YOUNG {
            self.young.pop_front();
        }
        self.young.push_back((self.edge.size(), self.edge.root()));
        fits_leaf && fits
    }

    fn take_checkpoint(&mut self, size: u64, note: Result<Head, String>) {
        self.checked.checkpoints += 1;
        if note.is_ok() {
            self.covered = self.covered.max(size);
        }
        let (before, fits) = self.signed;
        let named = self.named;
        let say = |why: String| named.checkpoint(size, why).to_string();
        match note {
            Err(why) => {
                let what = say(format!("its checkpoint does not count: {why}"));
                self.finds("checkpoint-not-good", Some(size), what, RESTORE);
            }
            Ok(head) if head.size != size || Some(head.root) != self.young(size) => {
                // One that does not fit says it for all that come after it.
                if fits {
                    let what = say(format!(
                        "the entries come out at another root than its checkpoint says. Entries {} to {size} are not all \
                         what was appended.",
                        before + 1
                    ));
                    self.finds("root-other", Some(size), what, RESTORE);
                }
                self.signed = (before, false);
            }
            Ok(_) => self.signed = (size, true),
        }
    }

    fn young(&self, size: u64) -> Option<Root> {
        let (first, _) = self.young.front()?;
        self.young.get(usize::try_from(size.checked_sub(*first)?).ok()?).map(|(_, root)| *root)
    }

    fn take_seen(&mut self, reading: &mut dyn Reading, seq: u64, seen: &Head) -> Result<(), LedgerError> {
        self.checked.seen += 1;
        let by = format!("Entry {seq} of the ledger {} was signed over", self.named.0);
        if seen.origin != self.checked.head.origin {
            let what = format!("{by} another ledger, {}.", crate::text::line(&seen.origin));
            self.finds("seen-elsewhere", Some(seq), what, CONTAIN);
        } else if seen.size >= seq {
            let (more, before) = (seen.size, seq - 1);
            let what = format!("{by} {more} entries, and only {before} are before it: entries were taken away since.");
            self.finds("seen-more", Some(seq), what, CONTAIN);
        } else {
            let root = match self.young(seen.size) {
                Some(root) => Some(root),
                None => stored_root(reading, seen.size)?,
            };
            if root != Some(seen.root) {
                let what = format!(
                    "{by} the root {} at {} entries, and they come out at another: entries up to there were replaced.",
                    seen.root, seen.size
                );
                self.finds("seen-other", Some(seq), what, CONTAIN);
            }
        }
        Ok(())
    }

    fn take_counter(&mut self, seq: u64, key: &str, count: u32) {
        let last = self.counters.insert(key.to_owned(), (seq, count));
        // Some keys do not count at all, and say 0.
        if let Some((before, last)) = last.filter(|(_, last)| count <= *last && (count, *last) != (0, 0)) {
            let what = format!(
                "Entry {seq} of the ledger {}: the hardware key {} counted {count}, and {last} at entry {before} already.",
                self.named.0,
                crate::text::line(key)
            );
            let mend = "A count that goes back means a copied key. If nobody signed twice at once, revoke it.";
            self.finds("counter-back", Some(seq), what, mend);
        }
    }

    /// The chain of a ledger that was carried over; it ends there.
    fn take_link(&mut self, seq: u64, entry: Option<&Entry>, link: Option<&str>) {
        let (Some(link), Some(before)) = (link, self.chain.take()) else { return };
        let next = entry.map(|entry| chain::link(&before, entry)).filter(|next| next.as_str() == link);
        if let Some(next) = next {
            self.checked.chain = Some((seq, next.clone()));
            self.chain = Some(next);
        } else {
            let why = "the chain of schema 1 does not fit: it, or an entry before it, was changed.";
            self.damaged("chain-other", seq, why);
        }
    }

    /// Compares the anchors that the tree has come to.
    fn meet_anchors(&mut self) {
        while let Some(anchor) = self.anchors.last().and_then(|n| self.audit.anchors.get(*n)) {
            let head = &anchor.head;
            let elsewhere = head.origin != self.checked.head.origin;
            if !elsewhere && head.size > self.edge.size() {
                return;
            }
            self.anchors.pop();
            self.checked.anchors += 1;
            if elsewhere {
                let origin = crate::text::line(&head.origin);
                let what = format!("The anchor {} is of another ledger, {origin}.", anchor.from);
                let mend =
                    "Give the anchors of this ledger. If they are, the ledger was replaced: restore it from a copy.";
                self.finds("anchor-elsewhere", None, what, mend);
            } else if self.young(head.size) != Some(head.root) {
                let what = format!(
                    "The anchor {} has seen the root {} at {} entries, and they come out at another: entries up to there \
                     were replaced.",
                    anchor.from, head.root, head.size
                );
                self.finds("anchor-other", Some(head.size), what, RESTORE);
            }
        }
    }

    fn conclude(mut self, reading: &mut dyn Reading) -> Result<(), LedgerError> {
        let size = self.edge.size();
        self.checked.head.size = size;
        self.checked.head.root = self.edge.root();
        while let Some(anchor) = self.anchors.pop().and_then(|n| self.audit.anchors.get(n)) {
            self.checked.anchors += 1;
            let (from, seen, name) = (&anchor.from, anchor.head.size, &self.named.0);
            let elsewhere = anchor.head.origin != self.checked.head.origin;
            let what = if elsewhere {
                format!("The anchor {from} is of another ledger, {}.", crate::text::line(&anchor.head.origin))
            } else {
                format!(
                    "The anchor {from} has seen {seen} entries, and the ledger {name} has {size}: some were taken away."
                )
            };
            let code = if elsewhere { "anchor-elsewhere" } else { "anchor-more" };
            self.finds(code, (!elsewhere).then_some(size + 1), what, RESTORE);
        }
        let stored = reading.hash_run(self.edge.stored(), self.edge.stored() + 1)?;
        let further = reading.checkpoints(size + 1, 1)?;
        if !further.is_empty() || !stored.is_empty() {
            self.damaged("entry-missing", size + 1, "it is missing, and its hash or a checkpoint over it is there.");
        }
        if further.is_empty() && self.covered < size {
            let why = "it is in no checkpoint that counts: it was not appended by Countersign, or its checkpoint was changed \
                       or taken away.";
            self.damaged("entry-unsigned", self.covered + 1, why);
        }
        Ok(())
    }
}
