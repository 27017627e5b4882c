//! Results that do not depend on one another, read and finished on all cores.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::{Reading, broken_off, threads};
use crate::domain::dedup::Held;
use crate::domain::finding::{Class, FindingSource};
use crate::report::Unreadable;
use crate::report::draft::Draft;
use crate::report::limits::{MOST_FINDINGS, too_many};
use crate::report::node::{Node, PART, each_of};
use crate::report::xml;
use crate::text::Pool;

/// How many parts may wait for each thread. What waits is only where it stands in the document.
const WAITING: usize = 4;

/// What is made of one share of a report's results.
pub(in crate::report) struct Share<'w> {
    source: &'w FindingSource,
    /// Texts that a thread has seen already.
    pool: &'w mut Pool,
    /// How many findings all threads have made, and what was read before.
    total: &'w AtomicUsize,
    done: Made,
}

#[derive(Default)]
struct Made {
    items: usize,
    findings: Vec<Held>,
    classes: Vec<Class>,
    failed: Option<Unreadable>,
}

/// Results that are read by one thread, and what they are.
pub(in crate::report) enum Job<'l, 'a, L> {
    /// A part of a list.
    Part(L, &'a str),
    /// A list that was not cut.
    Whole(L, &'l Node<'a>),
}

impl<'l, 'a, L: Copy> Job<'l, 'a, L> {
    /// Of a list of results.
    pub(in crate::report) fn of(list: L, results: &'l Node<'a>) -> Vec<Self> {
        match results {
            Node::Parts(parts) => parts.iter().map(|part| Self::Part(list, part)).collect(),
            whole => vec![Self::Whole(list, whole)],
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Part(_, part) => part.len(),
            Self::Whole(..) => 0,
        }
    }
}

impl Share<'_> {
    /// As [`Reading::passed`].
    pub(in crate::report) fn passed(&mut self, items: usize) {
        self.done.items += items;
    }

    /// As [`Reading::add`].
    pub(in crate::report) fn add(&mut self, draft: Draft) {
        self.passed(1);
        self.more(draft);
    }

    /// As [`Reading::more`].
    pub(in crate::report) fn more(&mut self, draft: Draft) {
        if self.total.fetch_add(1, Ordering::Relaxed) >= MOST_FINDINGS {
            self.done.failed.get_or_insert_with(too_many);
            return;
        }
        self.done.findings.push(draft.finished(self.pool, self.source));
    }

    /// As [`Reading::assessed`].
    pub(in crate::report) fn assessed(&mut self, class: Class) {
        if !self.done.classes.contains(&class) {
            self.done.classes.push(class);
        }
    }
}

impl Reading<'_> {
    /// Makes findings of a list of results, of one that was [cut](Node::cut) on all cores.
    pub(in crate::report) fn each(
        &mut self,
        list: &Node<'_>,
        make: impl Fn(&Node<'_>, &mut Share<'_>) -> Result<(), Unreadable> + Sync,
    ) -> Result<(), Unreadable> {
        self.each_of(Job::of((), list), |(), result, share| make(result, share))
    }

    /// As [`each`](Self::each), of several lists, with what each is.
    pub(in crate::report) fn each_of<'l, 'a: 'l, L: Copy + Send>(
        &mut self,
        jobs: impl IntoIterator<Item = Job<'l, 'a, L>>,
        make: impl Fn(L, &Node<'_>, &mut Share<'_>) -> Result<(), Unreadable> + Sync,
    ) -> Result<(), Unreadable> {
        let text = self.input.text;
        let jobs: Vec<Job<'l, 'a, L>> = jobs.into_iter().collect();
        let size = jobs.iter().map(Job::size).sum();
        self.side_by_side(
            size,
            |hand_out| {
                jobs.into_iter().for_each(hand_out);
                Ok(())
            },
            |job, share| match job {
                Job::Part(list, part) => each_of(text, part, |result| make(list, result, share)),
                Job::Whole(list, node) => node.each(text, |result| make(list, result, share)),
            },
        )
    }

    /// Makes findings of elements of an XML report on all cores. `open` is given what begins outside of them, and says what
    /// those that follow belong to.
    pub(in crate::report) fn elements<C: Clone + Send>(
        &mut self,
        wanted: &[&str],
        mut open: impl FnMut(&xml::Node<'_>) -> C,
        make: impl Fn(&C, &xml::Node<'_>, &mut Share<'_>) + Sync,
    ) -> Result<(), Unreadable> {
        let text = self.input.text;
        self.side_by_side(
            text.len(),
            |hand_out| {
                let mut context = open(&xml::Node::default());
                let mut elements: Vec<&str> = Vec::new();
                let mut size = 0;
                let read = xml::pass(text, wanted, |part| match part {
                    xml::Passed::Open(node) => {
                        if !elements.is_empty() {
                            hand_out((context.clone(), std::mem::take(&mut elements)));
                            size = 0;
                        }
                        context = open(&node);
                    }
                    xml::Passed::Unread(element) => {
                        elements.push(element);
                        size += element.len();
                        if size >= PART {
                            hand_out((context.clone(), std::mem::take(&mut elements)));
                            size = 0;
                        }
                    }
                });
                hand_out((context, elements));
                read
            },
            |(context, elements), share| {
                let mut read = xml::Elements::of(text);
                elements.into_iter().try_for_each(|element| {
                    make(&context, &read.read(element)?, share);
                    Ok(())
                })
            },
        )
    }

    /// Makes findings of parts of the report on all cores. `feed` hands the parts out, in their order; `make` is asked to
    /// make findings of each. What comes out is the same as if they were made one after the other, and so is the error. Of
    /// fewer bytes than are worth a thread, they are.
    pub(in crate::report) fn side_by_side<J: Send>(
        &mut self,
        size: usize,
        feed: impl FnOnce(&mut dyn FnMut(J)) -> Result<(), Unreadable>,
        make: impl Fn(J, &mut Share<'_>) -> Result<(), Unreadable> + Sync,
    ) -> Result<(), Unreadable> {
        self.settle()?;
        let others = threads(size) - 1;
        let source = self.source.as_ref();
        let (failed, total) = (AtomicBool::new(false), AtomicUsize::new(self.made));
        let one = |job: J, pool: &mut Pool| {
            let mut part = Share { source, pool, total: &total, done: Made::default() };
            if let Err(why) = make(job, &mut part) {
                part.done.failed = Some(why);
            }
            failed.fetch_or(part.done.failed.is_some(), Ordering::Relaxed);
            part.done
        };
        let (jobs, received) = sync_channel::<(usize, J)>(others * WAITING);
        let received = Mutex::new(received);
        let mut done: Vec<(usize, Made)> = Vec::new();
        let ended = std::thread::scope(|threads| {
            let work = || {
                let mut pool = Pool::default();
                let mut done = Vec::new();
                while let Some((number, job)) = next(&received) {
                    done.push((number, one(job, &mut pool)));
                }
                done
            };
            let threads: Vec<_> = (0..others).map(|_| threads.spawn(work)).collect();
            let mut pool = Pool::default();
            let mut number = 0;
            let ended = feed(&mut |job| {
                // After an error nothing that comes later counts.
                if failed.load(Ordering::Relaxed) {
                    return;
                }
                let sent =
                    if others > 0 { jobs.try_send((number, job)) } else { Err(TrySendError::Full((number, job))) };
                // Who hands out works too, as soon as the others have enough.
                if let Err(TrySendError::Full((number, job)) | TrySendError::Disconnected((number, job))) = sent {
                    done.push((number, one(job, &mut pool)));
                }
                number += 1;
            });
            drop(jobs);
            while let Some((number, job)) = next(&received) {
                done.push((number, one(job, &mut pool)));
            }
            for thread in threads {
                done.extend(thread.join().map_err(|_panic| broken_off())?);
            }
            ended
        });
        done.sort_by_key(|(number, _)| *number);
        if let Some(why) = done.iter_mut().find_map(|(_, m)| m.failed.take()) {
            return Err(why);
        }
        ended?;
        self.made = total.into_inner();
        self.parsed.findings.reserve_exact(done.iter().map(|(_, m)| m.findings.len()).sum());
        for (_, Made { items, findings, classes, .. }) in done {
            self.passed(items);
            self.parsed.findings.extend(findings);
            self.parsed.classes.extend(classes);
        }
        Ok(())
    }
}

/// The next that waits; `None` once all was handed out.
fn next<J>(received: &Mutex<Receiver<J>>) -> Option<J> {
    received.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::super::LARGE;
    use crate::domain::finding::Finding;
    use crate::report::{Report, read};

    const RESULTS: usize = 6_000;

    fn result(n: usize) -> String {
        let text = format!("Result {n}. {}", "It is told at length. ".repeat(40));
        format!(
            "{{\"ruleId\": \"R{n}\", \"message\": {{\"text\": \"{text}\"}}, \"locations\": [{{\"physicalLocation\":\n\
             {{\"artifactLocation\": {{\"uri\": \"src/f{n}.c\"}}, \"region\": {{\"startLine\": {n}}}}}}}]}}"
        )
    }

    fn sarif(results: &[String]) -> Report {
        let tool = r#"{"driver": {"name": "Bandit", "version": "1.7"}}"#;
        let text =
            format!(r#"{{"version": "2.1.0", "runs": [{{"results": [{}], "tool": {tool}}}]}}"#, results.join(",\n"));
        read("r", text.as_bytes(), None)
    }

    /// How large reports are read must not be seen in what is found.
    #[test]
    fn a_large_report_is_its_results_in_their_order() {
        let results: Vec<String> = (0..RESULTS).map(result).collect();
        let whole = sarif(&results);
        assert!(results.iter().map(String::len).sum::<usize>() > LARGE);
        assert_eq!((whole.raw_items as usize, whole.findings.len()), (RESULTS, RESULTS));
        let (first, rest) = results.split_at(RESULTS / 2);
        let halves: Vec<Finding> = [first, rest].into_iter().flat_map(|half| sarif(half).findings).collect();
        assert_eq!(whole.findings, halves);
    }

    #[test]
    fn repeats_that_two_threads_read_are_merged() {
        let results: Vec<String> = (0..RESULTS).map(|n| result(n % (RESULTS / 2))).collect();
        let whole = sarif(&results);
        assert_eq!((whole.findings.len(), whole.merged as usize), (RESULTS / 2, RESULTS / 2));
    }

    #[test]
    fn of_several_errors_the_first_in_the_document_is_told() {
        let mut results: Vec<String> = (0..RESULTS).map(result).collect();
        for n in [RESULTS - 1, 4_000, 300] {
            results[n] = r#"{"ruleId": "A", "ruleId": "B"}"#.to_owned();
        }
        let reason = sarif(&results).reason.unwrap();
        assert!(reason.raw().contains("stands twice") && reason.raw().contains("line 601 "), "{}", reason.raw());
    }

    #[test]
    fn elements_of_xml_belong_to_what_they_stand_in() {
        let item = |n: usize| {
            format!(
                "<ReportItem port=\"{}\" protocol=\"tcp\" severity=\"2\" pluginID=\"{n}\" pluginName=\"P{n}\">\
                 <description>{}</description></ReportItem>\n",
                n % 9 + 1,
                "It is told at length. ".repeat(40)
            )
        };
        let host = |h: usize| {
            let items: String = (h * 100..h * 100 + 100).map(item).collect();
            format!("<ReportHost name=\"host{h}\">\n{items}</ReportHost>\n")
        };
        let report =
            |hosts: &str| format!("<NessusClientData_v2><Report name=\"r\">{hosts}</Report></NessusClientData_v2>");
        let whole = report(&(0..RESULTS / 100).map(host).collect::<String>());
        assert!(whole.len() > LARGE);
        let read_whole = read("r", whole.as_bytes(), None);
        assert_eq!(read_whole.findings.len(), RESULTS);
        for (n, finding) in read_whole.findings.iter().enumerate() {
            let place = format!("host{}:{}/tcp", n / 100, n % 9 + 1);
            assert_eq!(
                (finding.rule.raw(), finding.location.logical.as_ref().unwrap().raw()),
                (n.to_string().as_str(), place.as_str())
            );
        }
        let broken = whole.replace("pluginID=\"5000\"", "pluginID=\"5000");
        assert!(read("r", broken.as_bytes(), None).reason.unwrap().raw().contains(" at line "));
    }
}
