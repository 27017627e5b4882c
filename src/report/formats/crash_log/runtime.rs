//! What the runtimes of languages, and kernels, say of a crash.

use super::header::{Header, Weight, capital, header};

/// Panics of Go and Rust.
pub(super) fn panic(line: &str) -> Option<Header<'_>> {
    if let Some((_, rest)) = line
        .split_once("' panicked at ")
        .or_else(|| line.split_once(") panicked at "))
        .filter(|_| line.starts_with("thread '"))
    {
        // Until 1.72 the message stands before the place, in quotes.
        let (message, place) = match rest.strip_prefix('\'').and_then(|r| r.rsplit_once("', ")) {
            Some((message, place)) => (Some(message.to_owned()), place),
            None => (None, rest),
        };
        let mut parts = place.trim_end_matches(':').rsplitn(3, ':');
        let (_, number, path) = (parts.next(), parts.next().and_then(|n| n.parse().ok()), parts.next());
        return Some(Header { tool: Some("Rust"), message, path, number, ..header("Panic", Weight::Message) });
    }
    let go = |message: &str| match message.split_once("runtime error: ") {
        Some((_, error)) => {
            let words = error.split(['[', ':']).next().unwrap_or(error);
            let words = words.split(" or nil pointer").next().unwrap_or(words);
            Header { message: Some(message.to_owned()), ..header(&capital(words.trim()), Weight::Error) }.owned()
        }
        None => Header { message: Some(message.trim().to_owned()), ..header("Panic", Weight::Message) }.owned(),
    };
    if let Some(message) = line.strip_prefix("panic: ") {
        return Some(go(message));
    }
    // In the log of a test the place stands before it.
    if let Some((_, message)) = line.split_once("testing.go:").and_then(|(_, l)| l.split_once(": panic: ")) {
        return Some(go(message));
    }
    if let Some(message) = line.strip_prefix("fatal error: ") {
        let is_of_go = ["all goroutines", "concurrent map", "stack overflow", "runtime: ", "sync: "];
        return is_of_go.iter().any(|w| message.starts_with(w)).then(|| go(message));
    }
    // A server that catches panics writes them into its log.
    let (_, message) = line.split_once("anic in ").filter(|(_, m)| m.contains("runtime error: "))?;
    Some(go(message))
}

/// Exceptions that nobody catches: of Java, JavaScript and Python, as the fuzzers of these languages write them.
pub(super) fn exception(line: &str) -> Option<Header<'_>> {
    let with = |message: &str, reversed: bool, tool: &'static str| {
        let message = Some(message.trim().to_owned()).filter(|m| !m.is_empty());
        Some(Header { tool: Some(tool), message, reversed, ..header("Uncaught exception", Weight::Error) })
    };
    if let Some(message) = line.strip_prefix("== Java Exception: ") {
        return with(message, false, "Jazzer");
    }
    if let Some((_, message)) = line.split_once("== Uncaught Exception: ") {
        return with(message.trim_start_matches("Jazzer.js: "), false, "Jazzer.js");
    }
    if line.starts_with("Exception in thread \"") {
        return with(line.split_once("\" ").map_or("", |(_, m)| m), false, "Java");
    }
    if line.starts_with("=== Uncaught Python exception: ===") {
        return with("", true, "Atheris");
    }
    if line.contains("FATAL EXCEPTION: ") {
        return with("", false, "Android");
    }
    // What the sanitizers of OSS-Fuzz for commands, paths and names say.
    let bug = line.split_once("===BUG DETECTED: ")?.1.trim_end_matches('=').trim();
    match bug.strip_prefix("PySecSan: ") {
        Some(bug) => {
            Some(Header { message: Some(bug.to_owned()), reversed: true, ..header("PySecSan", Weight::Error) })
        }
        None => Some(Header { tool: Some("SystemSan"), ..header(bug, Weight::Error) }),
    }
}

/// What a kernel says, after the time.
pub(super) fn kernel(line: &str) -> Option<Header<'_>> {
    let line = line.strip_prefix('[').and_then(|l| l.split_once("] ")).map_or(line, |(_, rest)| rest).trim();
    if let Some(report) = line
        .strip_prefix("BUG: K")
        .filter(|r| r.starts_with("ASAN: ") || r.starts_with("MSAN: ") || r.starts_with("CSAN: "))
    {
        let error = report.get(6..)?;
        let kind = error.split(" in ").next().unwrap_or(error);
        return Some(
            Header { tool: Some("Kernel"), message: Some(line.to_owned()), ..header(&capital(kind), Weight::Error) }
                .owned(),
        );
    }
    let words = [
        "Unable to handle kernel ",
        "BUG: unable to handle ",
        "kernel BUG at ",
        "general protection fault",
        "Internal error: ",
        "Kernel panic - not syncing",
    ];
    let weight = if line.starts_with("Kernel panic") || line.starts_with("Internal error: ") {
        Weight::End
    } else {
        Weight::Error
    };
    words.iter().any(|w| line.starts_with(w)).then(|| Header {
        tool: Some("Kernel"),
        message: Some(line.to_owned()),
        ..header("Kernel failure", weight)
    })
}
