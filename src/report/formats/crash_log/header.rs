//! The lines that a crash begins with, and those that say more of it.

use super::{frame, runtime, undefined};

/// How a line stands to the crash before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Weight {
    /// It only says that a process ended.
    #[default]
    End,
    /// A sanitizer says by which signal.
    Signal,
    /// The program itself says why it ends.
    Message,
    /// An error that stands for itself.
    Error,
}

/// The beginning of a crash.
#[derive(Debug, Default)]
pub(super) struct Header<'t> {
    pub kind: String,
    pub weight: Weight,
    pub tool: Option<&'static str>,
    pub message: Option<String>,
    pub path: Option<&'t str>,
    pub number: Option<u32>,
    /// Whether the signal is that of an access to memory.
    pub is_access: bool,
    /// Whether the frames that follow stand in the order of the calls.
    pub reversed: bool,
}

/// A fuzz test of Go that failed; what it says of it follows.
pub(super) const FAILED: &str = "Failed fuzz test";

const SANITIZERS: [&str; 8] = [
    "HWAddressSanitizer",
    "AddressSanitizer",
    "MemorySanitizer",
    "ThreadSanitizer",
    "LeakSanitizer",
    "UndefinedBehaviorSanitizer",
    "DataFlowSanitizer",
    "MemTagSanitizer",
];

pub(super) fn header(kind: &str, weight: Weight) -> Header<'_> {
    Header { kind: kind.to_owned(), weight, ..Header::default() }
}

/// What a line begins, if it begins a crash.
pub(super) fn of(line: &str) -> Option<Header<'_>> {
    // What is not even a word of a crash is most of a log.
    let line = line.trim();
    if line.len() < 8 || line.starts_with("SUMMARY: ") || line.starts_with("#0") {
        return None;
    }
    sanitizer(line)
        .or_else(|| fuzzer(line))
        .or_else(|| runtime_error(line))
        .or_else(|| check(line))
        .or_else(|| runtime::panic(line))
        .or_else(|| runtime::exception(line))
        .or_else(|| runtime::kernel(line))
        .or_else(|| signal(line))
}

/// `==7==ERROR: AddressSanitizer: heap-use-after-free on address ...`
fn sanitizer(line: &str) -> Option<Header<'_>> {
    let (before, rest) = line.split_once("ERROR: ").or_else(|| line.split_once("WARNING: "))?;
    // What stands before it is the number of the process, or a prefix of the logger.
    let tool = SANITIZERS.into_iter().find(|s| rest.strip_prefix(s).is_some_and(|r| r.starts_with(": ")))?;
    if before.contains('"') {
        return None;
    }
    let message = rest.get(tool.len() + 2..)?;
    let signals =
        [("SEGV", "Segv"), ("BUS", "Bus"), ("ABRT", "Abrt"), ("ILL", "Ill"), ("FPE", "Fpe"), ("TRAP", "Trap")];
    let word = message.split([' ', '(']).next().unwrap_or_default();
    let found = signals.iter().find(|(name, _)| *name == word);
    let mut out = header("", if found.is_some() { Weight::Signal } else { Weight::Error });
    out.tool = Some(tool);
    out.message = Some(message.to_owned());
    out.is_access = matches!(word, "SEGV" | "BUS");
    out.kind = match found {
        Some(_) if word == "SEGV" => segv(message),
        Some((_, kind)) => (*kind).to_owned(),
        None => error(message),
    };
    Some(out)
}

/// A wild access: near the address zero it is that of a null pointer.
fn segv(message: &str) -> String {
    let address = message.split_once("address ").map(|(_, rest)| rest).and_then(|r| r.strip_prefix("0x"));
    let address = address.map(|a| a.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default());
    match address.and_then(|a| u64::from_str_radix(a, 16).ok()) {
        Some(..0x1000) => "Null-dereference".to_owned(),
        Some(_) => "UNKNOWN".to_owned(),
        None => "Segv on unknown address".to_owned(),
    }
}

fn error(message: &str) -> String {
    for (words, kind) in [
        ("attempting double-free", "Heap-double-free"),
        ("attempting free on", "Bad-free"),
        ("attempting to call malloc_usable_size", "Bad-free"),
        ("requested allocation size", "Out-of-memory"),
        ("allocator is out of memory", "Out-of-memory"),
        ("specified RSS limit exceeded", "Out-of-memory"),
        ("hard rss limit exhausted", "Out-of-memory"),
        ("detected memory leaks", "Memory-leak"),
        ("data race", "Data race"),
        ("lock-order-inversion", "Lock-order-inversion"),
        ("thread leak", "Thread leak"),
    ] {
        if message.starts_with(words) {
            return kind.to_owned();
        }
    }
    capital(message.split([' ', ':', '(']).next().unwrap_or_default())
}

/// What libFuzzer, honggfuzz and the fuzzing of Go say of a crash.
fn fuzzer(line: &str) -> Option<Header<'_>> {
    if let Some(signal) = line.strip_prefix("SIGNAL: SIG") {
        let kind = capital(&signal.split(' ').next().unwrap_or_default().to_ascii_lowercase());
        return Some(Header { tool: Some("honggfuzz"), ..header(&kind, Weight::Error) }.owned());
    }
    if let Some(name) = line.strip_prefix("--- FAIL: Fuzz") {
        let name = format!("Fuzz{}", name.split([' ', '/']).next().unwrap_or_default());
        return Some(Header { tool: Some("go test"), message: Some(name), ..header(FAILED, Weight::Message) });
    }
    let (_, message) = line.split_once("ERROR: libFuzzer: ")?;
    let (kind, weight) = match message {
        m if m.starts_with("deadly signal") => ("Fatal-signal", Weight::End),
        m if m.starts_with("timeout") => ("Timeout", Weight::Error),
        m if m.starts_with("out-of-memory") => ("Out-of-memory", Weight::Error),
        // An exception that nobody catches lets the target exit.
        m if m.starts_with("fuzz target exited") => ("Unexpected-exit", Weight::End),
        m if m.starts_with("fuzz target overwrites") => ("Overwrites-const-input", Weight::Error),
        _ => ("Fuzzer error", Weight::Error),
    };
    Some(Header { tool: Some("libFuzzer"), message: Some(message.to_owned()), ..header(kind, weight) })
}

/// `a.c:4:7: runtime error: division by zero`
fn runtime_error(line: &str) -> Option<Header<'_>> {
    let (place, message) = line.split_once(": runtime error: ")?;
    let (path, number) = match frame::place_of(place) {
        Some((path, number, _)) if !path.contains(['"', ' ']) => (Some(path), number),
        _ if place == "<unknown>" => (None, None),
        _ => return None,
    };
    let kind = undefined::kind(message);
    let tool = Some("UndefinedBehaviorSanitizer");
    Some(Header { tool, message: Some(message.to_owned()), path, number, ..header(kind, Weight::Error) })
}

/// A check of the program itself that did not hold, or a fatal message of its logger.
fn check(line: &str) -> Option<Header<'_>> {
    if let Some((place, condition)) =
        line.split_once(": Assertion `").map(|(b, c)| (b, c.split_once(" failed").map_or(c, |(c, _)| c)))
    {
        // `program: file.c:8: int sum(int)`
        let mut parts = place.split(": ").filter_map(|p| p.rsplit_once(':'));
        let found = parts.find_map(|(path, number)| Some((path, number.parse().ok()?)));
        let condition = condition.trim_end_matches('\'');
        return Some(Header {
            message: Some(condition.to_owned()),
            path: found.map(|(p, _)| p),
            number: found.map(|(_, n)| n),
            ..header("ASSERT", Weight::Message)
        });
    }
    if let Some((_, rest)) = line.split_once("Assertion failed: ").or_else(|| line.split_once("ASSERTION FAILED: ")) {
        // `(expression), function f, file f.c, line 8.`
        let condition = rest.split(", function ").next().unwrap_or(rest);
        let path = rest.split_once(", file ").and_then(|(_, r)| r.split([',', '"']).next());
        let number = rest.rsplit_once("line ").and_then(|(_, n)| n.trim_end_matches('.').parse().ok());
        return Some(Header { message: Some(condition.to_owned()), path, number, ..header("ASSERT", Weight::Message) });
    }
    if let Some((_, rest)) = line.split_once("Assertion failure: ").or_else(|| line.split_once("Hit MOZ_CRASH(")) {
        let (condition, place) = rest.rsplit_once(" at ").unwrap_or((rest, ""));
        let found = place.rsplit_once(':').and_then(|(path, number)| Some((path, number.parse().ok()?)));
        let message = Some(condition.trim_end_matches([',', ')']).to_owned());
        let (path, number) = found.unzip();
        return Some(Header { message, path, number, ..header("ASSERT", Weight::Message) });
    }
    if line.starts_with("memory allocation of ") && line.ends_with(" failed") {
        return Some(header("Out-of-memory", Weight::Message));
    }
    if let Some((tool, condition)) =
        line.split_once("Sanitizer CHECK failed: ").or_else(|| line.split_once("Sanitizer: CHECK failed: "))
    {
        let is_tool = tool.trim_start_matches(['=', ' ']).chars().all(|c| c.is_ascii_alphanumeric() || c == '=');
        let message = Some(condition.to_owned());
        return is_tool.then(|| Header { message, ..header("Sanitizer CHECK failure", Weight::Error) });
    }
    if let Some(place) = line.strip_prefix("# Fatal error in ") {
        let (path, number) = place.split_once(", line ").unwrap_or(("", ""));
        let path = Some(path).filter(|p| !p.is_empty());
        return Some(Header {
            tool: Some("V8"),
            path,
            number: number.parse().ok(),
            ..header("Fatal error", Weight::Message)
        });
    }
    if line == "# V8 correctness failure" {
        return Some(Header { tool: Some("V8"), ..header("V8 correctness failure", Weight::Message) });
    }
    let (place, message) = logged(line)?;
    let (path, number) = place.split_once(['(', ':']).unwrap_or((place, ""));
    let number = number.trim_end_matches(')').parse().ok();
    let (kind, message) = checked(message).unwrap_or(("CHECK failure", message));
    let kind = if message.starts_with("Out of memory") { "Out-of-memory" } else { kind };
    Some(Header { message: Some(message.to_owned()), path: Some(path), number, ..header(kind, Weight::Message) })
}

/// The place and the message of a fatal line: `[1:1:0100/000000:FATAL:a.cc(449)] m`, `F0813 00:29:27.77 38 a.cc:130] m`.
fn logged(line: &str) -> Option<(&str, &str)> {
    if let Some((_, rest)) = line.split_once("FATAL:") {
        return rest.split_once("] ").filter(|(place, _)| place.contains('.') && !place.contains(' '));
    }
    let day = line.strip_prefix('F')?;
    if !day.get(..4)?.bytes().all(|b| b.is_ascii_digit()) || !day.get(4..5)?.starts_with(' ') {
        return None;
    }
    let (head, message) = line.split_once("] ")?;
    Some((head.rsplit(' ').next()?, message))
}

/// The kind of a check, and its condition.
fn checked(message: &str) -> Option<(&'static str, &str)> {
    for (words, kind) in [
        ("Security CHECK failed: ", "Security CHECK failure"),
        ("Security DCHECK failed: ", "Security DCHECK failure"),
        ("Check failed: ", "CHECK failure"),
        ("DCHECK failed: ", "DCHECK failure"),
        ("Debug check failed: ", "DCHECK failure"),
        ("unreachable code", "Unreachable code"),
        ("unimplemented code", "Unreachable code"),
    ] {
        if let Some(rest) = message.strip_prefix(words) {
            let condition = rest.trim().trim_end_matches('.');
            return Some((kind, if condition.is_empty() { message } else { condition }));
        }
    }
    None
}

/// That a process got a signal.
fn signal(line: &str) -> Option<Header<'_>> {
    if line.starts_with("CFI: Most likely a control flow integrity violation") {
        return Some(header("Bad-cast", Weight::Message));
    }
    if line.contains(": Access violation - code c0000005") || line.contains("): Access violation - code ") {
        return Some(header("Segv", Weight::End));
    }
    let name = line
        .strip_prefix("Program received signal ")
        .or_else(|| line.strip_prefix("signal ").filter(|l| l.contains("(SIG") && l.contains("), code ")))
        .or_else(|| line.strip_prefix("Received signal "))
        .or_else(|| line.strip_prefix("Fatal signal "))
        .or_else(|| line.strip_prefix("Thread ").and_then(|l| l.split_once("received signal ")).map(|(_, s)| s));
    if let Some(name) = name {
        let kind = match name {
            n if n.contains("SEGV") => "Segv",
            n if n.contains("ILL") => "Ill",
            n if n.contains("ABRT") || n.starts_with('6') => "Abrt",
            n => n.split([',', ' ']).next().unwrap_or(n),
        };
        return Some(header(kind, Weight::End));
    }
    let dumped = line.ends_with("(core dumped)");
    let kind = [
        ("Segmentation fault", "Segv"),
        ("Illegal instruction", "Ill"),
        ("Aborted", "Abrt"),
        ("Bus error", "Bus"),
        ("Floating point exception", "Fpe"),
    ];
    let (_, kind) = kind.iter().find(|(words, _)| dumped && line.contains(words))?;
    Some(header(kind, Weight::End))
}

impl Header<'_> {
    /// Free of what its kind was made from.
    pub(super) fn owned<'t>(self) -> Header<'t> {
        Header {
            path: None,
            kind: self.kind,
            weight: self.weight,
            tool: self.tool,
            message: self.message,
            number: self.number,
            is_access: self.is_access,
            reversed: self.reversed,
        }
    }
}

/// How memory was accessed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    /// `READ`, `WRITE 4`.
    pub words: Option<String>,
    /// Whether it was near the address zero.
    pub near_null: Option<bool>,
}

/// What a line says of an access.
pub(super) fn access(line: &str) -> Option<Access> {
    if line.contains("Hint: address points to the zero page") {
        return Some(Access { words: None, near_null: Some(true) });
    }
    let word = |w: &str| if w.contains("WRITE") { "WRITE" } else { "READ" };
    if let Some((_, rest)) = line.split_once("The signal is caused by a ") {
        let known = rest.starts_with("READ") || rest.starts_with("WRITE");
        return Some(Access { words: known.then(|| word(rest).to_owned()), near_null: None });
    }
    let (kind, rest) = line.split_once(" of size ").filter(|(kind, _)| matches!(*kind, "READ" | "WRITE" | "ACCESS"))?;
    let size = rest.split(' ').next().unwrap_or_default();
    // Sizes that are of no type differ from input to input.
    let size = if matches!(size, "1" | "2" | "4" | "8" | "16" | "32") { size } else { "{*}" };
    Some(Access { words: Some(format!("{kind} {size}")), near_null: None })
}

/// Whether the stack that follows is of something else than the crash.
pub(super) fn is_aside(line: &str) -> bool {
    let words = [
        "freed by ",
        "allocated by ",
        "allocated here",
        "freed here",
        " created by ",
        "Uninitialized value was created",
        "Uninitialized value was stored",
        "Memory was marked as uninitialized",
        "Previous write of",
        "Previous read of",
        "Previous atomic",
        "Register values",
    ];
    !line.starts_with('#') && words.iter().any(|w| line.contains(w))
}

/// What a line says more of a crash.
pub(super) struct More {
    pub kind: Option<&'static str>,
    pub message: String,
}

/// The line after the header, where the message stands there.
pub(super) fn continued(line: &str, kind: &str) -> Option<More> {
    let more = |kind, message: &str| Some(More { kind, message: message.trim().trim_end_matches('.').to_owned() });
    match kind {
        "Fatal error" => {
            let text = line.strip_prefix("# ").filter(|t| !t.starts_with("Fatal error in ") && !t.trim().is_empty())?;
            let (kind, message) = checked(text).map_or((None, text), |(kind, message)| (Some(kind), message));
            more(kind, message)
        }
        "V8 correctness failure" => more(None, line.strip_prefix("# V8 correctness ").filter(|t| *t != "failure")?),
        // `ValueError: no sum`, or the message of a panic of Rust.
        "Uncaught exception" | "Panic" | FAILED => {
            let is_other = line.is_empty()
                || line.starts_with(['=', '#', '['])
                || line.contains(" panicked at ")
                || line.starts_with("Traceback");
            let is_other =
                is_other || line.starts_with("at ") || line.starts_with("panic: ") || line.starts_with("goroutine ");
            if is_other { None } else { more(None, line) }
        }
        _ => None,
    }
}

/// A condition without the values that did not meet it: `a == b (2 vs. 3)`.
pub(super) fn without_values(message: &str) -> &str {
    let first = message.lines().next().unwrap_or_default();
    let cut = first.rfind(" (").filter(|at| first.get(*at..).is_some_and(|rest| rest.contains(" vs. ")));
    if message.contains('\n') {
        message
    } else {
        cut.and_then(|at| first.get(..at)).unwrap_or(first).trim_end_matches(['.', ' '])
    }
}

/// A text with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
