//! What most readers do in the same way: counting items, collecting findings, saying what was not looked at.

mod share;

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;

use super::draft::{Draft, source};
use super::limits::{MOST_FINDINGS, too_many};
use super::{Input, Parsed, Unreadable};
use crate::domain::dedup::Held;
use crate::domain::finding::{Class, FindingSource};
use crate::text::Pool;

pub(super) use share::Job;

/// How many drafts are finished at a time.
const BATCH: usize = 256;
/// How many bytes of text are finished at a time at the most.
const HELD: usize = 1 << 20;
/// How many batches may wait to be finished.
const WAITING: usize = 8;
/// Reports of fewer bytes are not worth a thread.
const LARGE: usize = 4 << 20;

/// How many threads work on one report at the most.
const THREADS: usize = 8;

/// How many threads read a report of so many bytes.
fn threads(size: usize) -> usize {
    if size < LARGE { 1 } else { most_threads() }
}

/// How many threads work on one report at the most.
pub(super) fn most_threads() -> usize {
    static MOST: LazyLock<usize> = LazyLock::new(|| {
        // Where no thread is to be had, all is read on this one.
        let is_allowed = std::thread::Builder::new().spawn(|| {}).is_ok();
        if is_allowed { std::thread::available_parallelism().map_or(1, usize::from).min(THREADS) } else { 1 }
    });
    *MOST
}

/// A report on the way from a document to findings.
pub(super) struct Reading<'a> {
    input: &'a Input<'a>,
    parsed: Parsed,
    source: Arc<FindingSource>,
    batch: Vec<Draft>,
    /// How many bytes of text are in the batch: one description may stand in each of ten thousand.
    held: usize,
    /// How many findings there were until now, also those that are no longer kept.
    made: usize,
    worker: Option<Worker>,
    incomplete: Option<String>,
}

struct Worker {
    batches: SyncSender<(Arc<FindingSource>, Vec<Draft>)>,
    findings: JoinHandle<Vec<Held>>,
}

impl<'a> Reading<'a> {
    /// Of a report that a tool wrote, which assesses these classes also where it finds nothing.
    pub(super) fn new(input: &'a Input<'a>, tool: &str, classes: &[Class]) -> Self {
        let parsed = Parsed { tool: tool.to_owned(), classes: classes.to_vec(), ..Parsed::default() };
        let source = Arc::new(source(input.name, tool, None));
        Self { input, parsed, source, batch: Vec::new(), held: 0, made: 0, worker: None, incomplete: None }
    }

    /// Says the tool's version, if the report does. To be called before the first finding.
    pub(super) fn version(&mut self, version: Option<&str>) {
        self.parsed.tool_version = version.map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
        self.changed();
    }

    /// Takes another name for the tool. To be called before the first finding.
    pub(super) fn tool(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            name.clone_into(&mut self.parsed.tool);
            self.changed();
        }
    }

    /// What follows was found by that tool, in that version: a report may have the runs of several. The report's own tool
    /// stays as it was said.
    pub(super) fn next_tool(&mut self, tool: &str, version: Option<&str>) {
        self.flush();
        self.source = Arc::new(source(self.input.name, tool, version));
    }

    fn changed(&mut self) {
        let (tool, version) = (self.parsed.tool.clone(), self.parsed.tool_version.clone());
        self.next_tool(&tool, version.as_deref());
    }

    /// Says that a class was assessed.
    pub(super) fn assessed(&mut self, class: Class) {
        self.parsed.classes.push(class);
    }

    /// Takes an item that is a finding.
    pub(super) fn add(&mut self, draft: Draft) {
        self.passed(1);
        self.more(draft);
    }

    /// Takes a finding that is no item of its own: the second of one item.
    pub(super) fn more(&mut self, draft: Draft) {
        self.made = self.made.saturating_add(1);
        // It is refused in the end.
        if self.made > MOST_FINDINGS {
            return;
        }
        self.held += draft.size();
        self.batch.push(draft);
        if self.batch.len() >= BATCH || self.held >= HELD {
            self.flush();
        }
    }

    /// Counts items that are no findings: checks that passed.
    pub(super) fn passed(&mut self, items: usize) {
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        self.parsed.raw_items = self.parsed.raw_items.saturating_add(items);
    }

    /// Says that the tool assessed nothing, and why: then the report is evidence of nothing.
    pub(super) fn not_assessed(&mut self, why: impl Into<String>) {
        self.parsed.not_assessed.get_or_insert(why.into());
    }

    /// Says what the tool could not look at.
    pub(super) fn remark(&mut self, what: impl Into<String>) {
        self.parsed.remark.get_or_insert(what.into());
    }

    /// Says that the tool did not look at everything, and why: a remark beside findings, but without any the report is no
    /// evidence that there are none.
    pub(super) fn incomplete(&mut self, why: impl Into<String>) {
        self.incomplete.get_or_insert(why.into());
    }

    /// Says that this is one page of several, if the tool has more items than stand in it.
    pub(super) fn page_of(&mut self, total: Option<u32>, items: &str) {
        if let Some(total) = total.filter(|t| *t > self.items()) {
            self.incomplete(format!("This is one page of several: {} of {total} {items} stand in it.", self.items()));
        }
    }

    /// How many items there were until now.
    pub(super) fn items(&self) -> u32 {
        self.parsed.raw_items
    }

    /// What was read.
    pub(super) fn done(mut self) -> Result<Parsed, Unreadable> {
        self.settle()?;
        if self.made > MOST_FINDINGS {
            return Err(too_many());
        }
        match self.incomplete {
            Some(why) if self.parsed.findings.is_empty() => drop(self.parsed.not_assessed.get_or_insert(why)),
            Some(why) => {
                let more = self.parsed.remark.take().map(|r| format!(" {r}")).unwrap_or_default();
                self.parsed.remark = Some(why + &more);
            }
            None => {}
        }
        Ok(self.parsed)
    }

    /// Waits until all that was added is finished.
    fn settle(&mut self) -> Result<(), Unreadable> {
        self.flush();
        if let Some(Worker { batches, findings }) = self.worker.take() {
            drop(batches);
            self.parsed.findings.extend(findings.join().map_err(|_panic| broken_off())?);
        }
        Ok(())
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.held = 0;
        if batch.is_empty() {
            return;
        }
        if self.worker.is_none() && threads(self.input.text.len()) > 1 {
            self.worker = Some(Worker::start());
        }
        if let Some(worker) = &self.worker {
            // A worker that is gone has panicked, which `done` tells.
            drop(worker.batches.send((Arc::clone(&self.source), batch)));
        } else {
            let mut pool = self.input.pool.borrow_mut();
            self.parsed.findings.extend(batch.into_iter().map(|d| d.finished(&mut pool, &self.source)));
        }
    }
}

/// What panicked: nothing of it is known.
fn broken_off() -> Unreadable {
    Unreadable("It could not be read to its end.".to_owned())
}

impl Worker {
    fn start() -> Self {
        let (batches, received) = sync_channel::<(Arc<FindingSource>, Vec<Draft>)>(WAITING);
        let findings = std::thread::spawn(move || {
            let mut pool = Pool::default();
            let mut findings = Vec::new();
            for (source, batch) in received {
                findings.extend(batch.into_iter().map(|d| d.finished(&mut pool, &source)));
            }
            findings
        });
        Self { batches, findings }
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::Node;
    use super::*;

    /// One description may stand in each of ten thousand results: they are not held until the batch is full.
    #[test]
    fn a_batch_is_bounded_by_its_bytes_too() {
        let input = Input { name: "r", text: "", archive: None, pool: std::cell::RefCell::default() };
        let mut reading = Reading::new(&input, "x", &[Class::Sast]);
        for n in 0..8 {
            let mut draft = Draft::new(Class::Sast);
            draft.rule = format!("R{n}");
            draft.detail = "x".repeat(HELD / 3);
            reading.add(draft);
            assert!(reading.batch.len() < 4 && reading.held < HELD);
        }
        assert_eq!(reading.done().unwrap().findings.len(), 8);
    }

    #[test]
    fn more_findings_than_memory_has_room_for_are_refused() {
        let input = Input { name: "r", text: "[{}, {}]", archive: None, pool: std::cell::RefCell::default() };
        let list = Node::parse(input.text).unwrap();
        for (before, refused) in [(MOST_FINDINGS - 2, false), (MOST_FINDINGS - 1, true)] {
            let mut one = Reading::new(&input, "x", &[Class::Sast]);
            one.made = before;
            (0..2).for_each(|_| one.add(Draft::new(Class::Sast)));
            let mut shared = Reading::new(&input, "x", &[Class::Sast]);
            shared.made = before;
            let read = shared.each(&list, |_, share| {
                share.add(Draft::new(Class::Sast));
                Ok(())
            });
            for result in [one.done().map(drop), read.and_then(|()| shared.done()).map(drop)] {
                assert_eq!(result.is_err_and(|why| why.0.contains("divide it")), refused);
            }
        }
    }
}
