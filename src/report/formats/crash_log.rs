//! Logs of fuzzers and sanitizers as text: one crash is one finding.
//!
//! What a crash says of itself may stand in several places of a log: a failed check, then the signal that it ended with,
//! then what the fuzzer says of that. What only tells of the end of a process belongs to the crash before it.

mod frame;
mod header;
mod runtime;
mod undefined;

use std::collections::HashSet;

use frame::Frame;
use header::{Header, Weight};

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "crash-log",
    title: "Logs of crashes: sanitizers, libFuzzer, honggfuzz, Jazzer, Atheris, Go and Rust, V8, Chromium, Android, kernels",
    classes: &[Class::Fuzz],
    items: "crashes; what only tells of the end of the same process is the same crash",
    severity: "unknown, but for Jazzer's security issues, whose class says it",
    identity: "kind of crash, and the three functions on top of the stack that are the project's own",
    checked: "ClusterFuzz's own tests of its stack parser: whether there is a crash, its type and its functions",
    detect,
    parse,
}];

/// How many functions tell one crash from another.
const STATE: usize = 3;
/// How many frames of a stack are looked at.
const DEEPEST: usize = 64;
/// How many lines after its beginning are shown of a crash.
const SHOWN: usize = 60;

/// Logs begin in any way, also as JSON lists do: `[1:1:FATAL:a.cc(1)]`.
fn detect(shape: &Shape<'_>) -> Fit {
    use crate::report::shape::Form;
    let is_list = |first: &Node<'_>| first.is_object() || first.text().is_some_and(|t| t.parse::<f64>().is_err());
    let of_text = match &shape.form {
        Form::Other | Form::Table(_) => true,
        Form::Json(Node::List(items)) | Form::Lines(Node::List(items)) => !items.first().is_some_and(is_list),
        Form::Json(_) | Form::Lines(_) | Form::Xml(_) | Form::Archive(_) => false,
    };
    Fit::general(of_text && shape.head.lines().any(|l| header::of(l).is_some() || is_of_fuzzer(l)))
}

/// Whether only a fuzzer writes such a line.
fn is_of_fuzzer(line: &str) -> bool {
    line.starts_with("INFO: Seed: ")
        || line.starts_with("INFO: Running with entropic power schedule")
        || line.starts_with("==== C stack trace ====")
        || is_end_of_run(line)
}

/// What libFuzzer writes when it is through without a crash.
fn is_end_of_run(line: &str) -> bool {
    line.starts_with("Done ") && line.contains(" runs in ") && line.contains(" second")
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let reading = Reading::new(input, "Crash log", &[Class::Fuzz]);
    let mut log = Log { reading, open: None, seen: HashSet::new(), ended: false, before: "" };
    for line in input.text.lines() {
        log.line(line);
    }
    log.close();
    if log.reading.items() == 0 && !log.ended {
        log.reading.not_assessed("The log has neither a crash nor the end of a run of a fuzzer in it.");
    }
    log.reading.done()
}

/// What crashes are told apart by: kind, functions, path and line.
type Identity = (String, Option<String>, Option<String>, Option<u32>);

/// A log on the way to crashes.
struct Log<'t, 'r> {
    reading: Reading<'r>,
    open: Option<Crash<'t>>,
    /// The crashes until now: a sanitizer that lets a program go on says the same thousands of times.
    seen: HashSet<Identity>,
    ended: bool,
    /// The line before, for frames that stand on two lines.
    before: &'t str,
}

/// A crash.
#[derive(Debug, Default)]
struct Crash<'t> {
    kind: String,
    message: Option<String>,
    path: Option<&'t str>,
    number: Option<u32>,
    weight: Weight,
    frames: Vec<Frame<'t>>,
    /// Whether what follows are the stacks of something else: of who freed the memory, or of the end of the process.
    aside: bool,
    has_signal: bool,
    /// The frames stand in the order of the calls: Python.
    reversed: bool,
    summary: Option<&'t str>,
    artifact: Option<&'t str>,
    lines: Vec<&'t str>,
}

impl<'t> Log<'t, '_> {
    fn line(&mut self, line: &'t str) {
        self.ended |= is_end_of_run(line);
        if let Some(header) = header::of(line) {
            if self.open.is_none() && self.seen.is_empty() {
                self.reading.tool(header.tool);
            }
            self.begin(header);
        }
        if let Some(crash) = &mut self.open {
            crash.line(line, self.before);
        }
        if !line.trim().is_empty() {
            self.before = line;
        }
    }

    fn begin(&mut self, header: Header<'t>) {
        let follows = self.open.as_ref().is_some_and(|open| open.takes(&header));
        if !follows {
            self.close();
            self.open = Some(Crash::default());
        }
        if let Some(open) = &mut self.open {
            open.head(header);
        }
    }

    fn close(&mut self) {
        let Some(crash) = self.open.take() else { return };
        let draft = crash.draft();
        if self.seen.insert((draft.rule.clone(), draft.logical.clone(), draft.path.clone(), draft.line)) {
            self.reading.add(draft);
        } else {
            self.reading.passed(1);
        }
    }
}

impl<'t> Crash<'t> {
    /// Whether a header belongs to this crash.
    fn takes(&self, header: &Header<'_>) -> bool {
        match (self.weight, header.weight) {
            (_, Weight::End) => true,
            _ if self.kind == header::FAILED => self.frames.is_empty(),
            // A report of a sanitizer that the process got a signal: once for each crash.
            (_, Weight::Signal) => !self.has_signal,
            // Whoever writes a message and ends writes no other, but those that wait for it may; the signal may stand
            // before the message that explains it.
            (Weight::Message | Weight::End | Weight::Signal, Weight::Message) => self.frames.is_empty(),
            _ => false,
        }
    }

    fn head(&mut self, header: Header<'t>) {
        let is_first = self.kind.is_empty();
        // What a process says before it ends says more than the signal; of a wild access the sanitizer says more.
        let is_better = match header.weight {
            Weight::Message => self.weight == Weight::End || self.kind == "Ill",
            Weight::Signal => header.is_access && self.weight == Weight::Message && self.frames.is_empty(),
            Weight::Error => self.kind == header::FAILED,
            Weight::End => false,
        };
        if is_first || is_better {
            self.kind = header.kind;
            self.weight = header.weight;
            self.message = header.message.or(self.message.take());
            let keeps = header.weight == Weight::Message;
            self.path = header.path.or(self.path.filter(|_| keeps));
            self.number = header.number.or(self.number.filter(|_| keeps));
            self.reversed = header.reversed;
        }
        // The stack of the end of a process is the same one again, or of the handler of the signal.
        self.aside = !is_first && self.frames.iter().any(Frame::is_own);
        if !self.aside {
            self.frames.clear();
        }
        self.has_signal |= header.weight == Weight::Signal;
    }

    fn line(&mut self, line: &'t str, before: &'t str) {
        if self.lines.len() < SHOWN {
            self.lines.push(line);
        }
        let trimmed = line.trim();
        if trimmed.starts_with("SUMMARY: ") {
            self.summary.get_or_insert(trimmed);
        } else if let Some((_, file)) =
            trimmed.split_once("Test unit written to ").or_else(|| trimmed.split_once("Failing input written to "))
        {
            self.artifact.get_or_insert(file);
        }
        if let Some(access) = header::access(trimmed) {
            self.access(&access);
        } else if header::is_aside(trimmed) && !self.frames.is_empty() {
            self.aside = true;
        } else if let Some(more) = header::continued(trimmed, &self.kind) {
            if let Some(kind) = more.kind {
                kind.clone_into(&mut self.kind);
            }
            let said = self.message.get_or_insert_default();
            if said.is_empty() {
                *said = more.message;
            } else if self.kind.contains("correctness") && said.len() < 1000 {
                said.push_str(&format!("\n{}", more.message));
            }
        }
        if !self.aside
            && self.frames.len() < DEEPEST
            && let Some(frame) = frame::of(line, before)
        {
            // What stands above a panic of Go is who caught it.
            if frame.function == "panic" {
                self.frames.clear();
            }
            // A stack that begins again is that of another thread.
            if frame.number == Some(0) && self.frames.iter().any(Frame::is_own) {
                self.aside = true;
            } else {
                self.frames.push(frame);
            }
        }
    }

    /// Whether it read or wrote, and how much.
    fn access(&mut self, access: &header::Access) {
        if self.kind == "Segv" {
            let kind = if access.near_null == Some(true) { "Null-dereference" } else { "UNKNOWN" };
            kind.clone_into(&mut self.kind);
        }
        let is_said = ["READ", "WRITE", "address"].iter().any(|w| self.kind.contains(w));
        let fits = !is_said && self.weight != Weight::Message;
        if fits && let Some(words) = &access.words {
            self.kind.push_str(&format!(" {words}"));
        }
    }

    fn draft(mut self) -> Draft {
        if self.reversed {
            self.frames.reverse();
        }
        // Below the entry of the fuzzer stands only the fuzzer.
        if let Some(entry) = self.frames.iter().position(Frame::is_entry) {
            self.frames.truncate(entry + 1);
        }
        let own: Vec<&Frame<'_>> = self.frames.iter().filter(|f| f.is_own()).collect();
        let mut state: Vec<String> = Vec::new();
        let file = self.path.map(base_name);
        if let Some(message) = self.message.as_deref().filter(|_| self.weight == Weight::Message) {
            let message = header::without_values(message);
            state.push(file.map_or_else(|| message.to_owned(), |f| format!("{message} in {f}")));
        } else if let Some(file) = file.filter(|_| own.is_empty()) {
            state.push(file.to_owned());
        }
        state.extend(own.iter().map(|f| f.function.to_string()).filter(|f| !f.is_empty()).take(STATE));
        // Where nothing else is the project's own, the crash is where the project begins.
        let outermost = self.frames.iter().find(|f| f.is_outermost());
        if state.is_empty() {
            state.extend(outermost.map(|f| match f.path.filter(|_| f.is_entry()) {
                Some(path) => base_name(path).to_owned(),
                None => f.function.to_string(),
            }));
        }
        state.truncate(STATE);

        let mut draft = Draft::new(Class::Fuzz);
        draft.title = match state.first() {
            Some(first) if self.weight == Weight::Message => format!("{}: {first}", self.kind),
            Some(first) => format!("{} in {first}", self.kind),
            None => self.kind.clone(),
        };
        let placed = own.iter().copied().find(|f| f.path.is_some()).or(outermost.filter(|_| own.is_empty()));
        // A check knows its own place; the stack may have the path as it is in the repository.
        let same = |f: &Frame<'_>, path: &str| f.path.map(base_name) == Some(base_name(path)) && f.line == self.number;
        let (path, line, column) = match (placed, self.path) {
            (Some(frame), Some(path)) if same(frame, path) => (frame.path, frame.line, frame.column),
            (_, Some(path)) => (Some(path), self.number, None),
            (Some(frame), None) => (frame.path, frame.line, frame.column),
            (None, None) => (None, None, None),
        };
        (draft.path, draft.line, draft.column) = (path.map(str::to_owned), line, column);
        draft.say("", self.message.as_deref());
        draft.say("Functions", Some(&state.join("\n")));
        draft.say("", self.summary);
        draft.say("Input", self.artifact);
        draft.snippet = Some(state.join("\n"));
        draft.logical = Some(state.join(" < "));
        draft.context = Some(self.lines.join("\n"));
        // Jazzer's own detectors say how bad it is by the class of the exception.
        let (_, found) = self.message.as_deref().and_then(|m| m.split_once("FuzzerSecurityIssue")).unwrap_or_default();
        draft.rated(found.split(|c: char| !c.is_alphabetic()).next());
        draft.rule = self.kind;
        draft
    }
}

/// The last part of a path, of either system.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
