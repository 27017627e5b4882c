//! The lines of a stack, as sanitizers, debuggers and the runtimes of languages write them.

use std::borrow::Cow;

/// One call of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame<'t> {
    /// Its number, if it has one.
    pub number: Option<u32>,
    /// The function without its arguments; empty if it is not known.
    pub function: Cow<'t, str>,
    pub path: Option<&'t str>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// What functions of sanitizers, fuzzers, runtimes and standard libraries begin with: they are where crashes are seen, not
/// where they are.
const FOREIGN: [&str; 93] = [
    "__asan",
    "___asan",
    "__hwasan",
    "__msan",
    "__ubsan",
    "__tsan",
    "__lsan",
    "__sanitizer",
    "__interceptor",
    "___interceptor",
    "__memcpy",
    "__memmove",
    "__memset",
    "__str",
    "__wrap_",
    "__GI_",
    "__libc",
    "__assert",
    "__abort",
    "__cxa",
    "__clang",
    "__pthread",
    "__start_thread",
    "__restore_rt",
    "__aeabi_",
    "__rust",
    "__fortify",
    "__kernel",
    "__scrt",
    "asan_",
    "fuzzer::",
    "LLVMFuzzer",
    "fuzztest::",
    "HF_",
    "Honggfuzz",
    "afl_",
    "raise",
    "abort",
    "gsignal",
    "kill",
    "tgkill",
    "pthread_kill",
    "start_thread",
    "clone",
    "_start",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "strlen",
    "strcmp",
    "strcpy",
    "strncpy",
    "malloc",
    "calloc",
    "realloc",
    "free",
    "operator new",
    "operator delete",
    "std::",
    "base::debug::",
    "base::internal::",
    "logging::",
    "google::Log",
    "V8_Fatal",
    "v8::base::",
    "v8::Utils::ReportApiFailure",
    "rust_begin_unwind",
    "rust_panic",
    "core::panicking",
    "core::option::",
    "core::result::",
    "core::ops::",
    "alloc::",
    "libfuzzer_sys",
    "rust_fuzzer_test_input",
    "runtime.",
    "panic(",
    "testing.",
    "java.",
    "jdk.internal",
    "sun.",
    "com.code_intelligence.jazzer",
    "abort_with_issue",
    "log.Panic",
    "show_stack",
    "kasan_",
    "__kasan",
    "kmsan_",
    "print_address",
    "check_memory_region",
    "report_ubsan",
    "dump_stack",
];

/// What stands in the paths of the same.
const FOREIGN_PATHS: [&str; 16] = [
    "/compiler-rt/",
    "/libFuzzer/src/",
    "/libfuzzer/Fuzzer",
    "/lib/Fuzzer/",
    "/sanitizer_common/",
    "/libcxx/",
    "/libc++/",
    "/c++/v1/",
    "/glibc",
    "/eglibc",
    "/bionic/",
    "/rustc/",
    "/libhfuzz/",
    "/jazzer.js/",
    "go/src/runtime/",
    "/sysdeps/",
];

/// The functions that a fuzzer calls.
const ENTRIES: [&str; 4] =
    ["LLVMFuzzerTestOneInput", "rust_fuzzer_test_input", "fuzzerTestOneInput", "main.LLVMFuzzerTestOneInput"];

impl Frame<'_> {
    /// Whether the function is the project's own, as far as its name and its path say.
    pub(super) fn is_own(&self) -> bool {
        let is_known = !self.function.is_empty() && self.function != "<unknown>" && self.function != "??";
        let bare = self.function.trim_start_matches('_');
        is_known
            && !FOREIGN.iter().any(|f| self.function.starts_with(f))
            && !matches!(bare, "main" | "panic" | "<module>" | "<unknown module>" | "backtrace")
            && !self.function.contains(".so")
            && !self.is_in_foreign_file()
            && !self.is_entry()
    }

    fn is_in_foreign_file(&self) -> bool {
        self.path.is_some_and(|p| {
            FOREIGN_PATHS.iter().any(|f| p.contains(f)) || p.starts_with("bionic/") || p.starts_with("runtime/")
        })
    }

    /// Whether the project begins here: `main`, or where the fuzzer calls it, in a file that is known.
    pub(super) fn is_outermost(&self) -> bool {
        (self.is_entry() || self.function == "main") && self.path.is_some() && !self.is_in_foreign_file()
    }

    /// Whether it is where the fuzzer calls the project.
    pub(super) fn is_entry(&self) -> bool {
        ENTRIES.contains(&self.function.as_ref())
    }
}

/// The frame that a line is; of Go and Rust the function stands in the line before the place.
pub(super) fn of<'t>(line: &'t str, before: &'t str) -> Option<Frame<'t>> {
    let trimmed = line.trim();
    if let Some(rest) = trimmed.strip_prefix('#') {
        return numbered(rest);
    }
    if trimmed.starts_with("<0x") {
        return honggfuzz(trimmed);
    }
    if let Some(rest) = trimmed.strip_prefix("at ") {
        let number = before.trim().split_once(": ").and_then(|(n, function)| Some((n.parse::<u32>().ok()?, function)));
        if let Some((number, function)) = number {
            // Rust: `   4: pay::sum`, then `at ./src/sum.rs:9:5`.
            return Some(placed(Some(number), function, Some(rest)));
        }
        return script(rest);
    }
    if let Some(rest) = trimmed.strip_prefix("File \"") {
        let (path, rest) = rest.split_once("\", line ")?;
        let (number, function) = rest.split_once(", in ")?;
        return Some(Frame {
            number: None,
            function: Cow::Borrowed(function),
            path: Some(path),
            line: number.parse().ok(),
            column: None,
        });
    }
    go(line, before).or_else(|| kernel(trimmed)).or_else(|| module(trimmed))
}

/// `0 0x4f6b78 in pay::sum(int) src/pay.cc:76:7`, as sanitizers and gdb write it.
fn numbered(rest: &str) -> Option<Frame<'_>> {
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = (rest.get(..end)?.parse().ok()?, rest.get(end..)?);
    // The lines with which libFuzzer says how far it is begin with a number too.
    if rest.starts_with('\t') || rest.contains("exec/s: ") || !rest.starts_with(' ') {
        return None;
    }
    let rest = rest.trim();
    if let Some(rest) = rest.strip_prefix("pc ") {
        return tombstone(number, rest);
    }
    let is_address = |w: &str| {
        let digits = w.strip_prefix("0x").unwrap_or(w);
        digits.bytes().all(|b| b.is_ascii_hexdigit()) && (w.starts_with("0x") || digits.len() >= 8)
    };
    let rest = match rest.split_once(' ') {
        Some((word, rest)) if is_address(word) => rest.trim(),
        None if is_address(rest) => "",
        _ => rest,
    };
    let rest = rest.strip_prefix("in ").unwrap_or(rest);
    // Builds are named after the module: `(BuildId: 4abd)`.
    let rest = rest.split(" (BuildId: ").next().unwrap_or(rest);
    let rest = match rest.rsplit_once(" (") {
        Some((head, module)) if module.ends_with(')') && (module.contains("+0x") || module.starts_with("<unknown")) => {
            head.trim()
        }
        _ => rest,
    };
    if rest.starts_with('(') && !rest.starts_with("(anonymous") {
        // Only the module is known: its name is the best there is.
        let module = rest.trim_matches(['(', ')']).split("+0x").next().unwrap_or_default();
        let function = if module.contains("/lib/") || module.contains(".so") { "" } else { module };
        return Some(placed(Some(number), function, None));
    }
    let last = rest.rsplit_once(' ').filter(|(_, place)| place_of(place).is_some());
    Some(match last {
        Some((function, place)) => placed(Some(number), function.trim_end().trim_end_matches(" at"), Some(place)),
        None => placed(Some(number), rest, None),
    })
}

/// `<0x000055d0> [func:sum() file:/src/sum.c line:8]`, or `<0x000055d0> [sum():8 at /src/sum.c]`.
fn honggfuzz(line: &str) -> Option<Frame<'_>> {
    let inner = line.split_once('[')?.1.trim_end_matches(']');
    if let Some(rest) = inner.strip_prefix("func:") {
        let (function, rest) = rest.split_once(" file:")?;
        let (path, number) = rest.split_once(" line:").unwrap_or((rest, ""));
        let number = number.split(' ').next().and_then(|n| n.parse().ok());
        return Some(Frame {
            path: Some(path).filter(|p| !p.is_empty()),
            line: number,
            ..placed(None, function, None)
        });
    }
    let (function, path) = inner.rsplit_once(" at ")?;
    let (function, number) = function.rsplit_once(':').unwrap_or((function, ""));
    Some(Frame { path: Some(path), line: number.parse().ok(), ..placed(None, function, None) })
}

/// `0000412dc  /system/lib/libc.so (tgkill+12)`, as Android writes the stack of a crash.
fn tombstone(number: u32, rest: &str) -> Option<Frame<'_>> {
    let (head, function) = rest.split_once(" (").map_or((rest, ""), |(h, f)| (h, f));
    let function = function.rsplit_once('+').map_or("", |(f, _)| f);
    head.contains('/').then(|| placed(Some(number), function, None))
}

/// `pay.Sum.add(Sum.java:17)`, `add (/src/pay.js:27:9)`, `/src/pay.js:27:9`.
fn script(rest: &str) -> Option<Frame<'_>> {
    let Some((function, place)) = rest.split_once('(').filter(|(_, p)| p.ends_with(')')) else {
        place_of(rest)?;
        return Some(placed(None, "", Some(rest)));
    };
    // Java names the module before the class.
    let function = function.trim().rsplit_once('/').map_or(function.trim(), |(_, f)| f);
    Some(placed(None, function, Some(place.trim_end_matches(')'))))
}

/// Go: `main.sum(0x1)`, then below it `/src/sum.go:8 +0x1d`; or `/src/sum.go:8 (0x5b3a)` alone.
fn go<'t>(line: &'t str, before: &'t str) -> Option<Frame<'t>> {
    let trimmed = line.trim();
    let (place, rest) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
    let (path, _, _) = place_of(place)?;
    if !matches!(path.rsplit_once('.'), Some((_, "go" | "s"))) {
        return None;
    }
    if rest.starts_with("(0x") {
        let stem = path.strip_suffix(".go").unwrap_or(path);
        return Some(placed(None, stem, Some(place)));
    }
    let function = before.trim();
    if !line.starts_with(char::is_whitespace)
        || !(rest.is_empty() || rest.starts_with("+0x"))
        || function.starts_with("created by ")
    {
        return None;
    }
    // The arguments stand in the last parentheses; a receiver may stand in others.
    let bare = function.rfind('(').and_then(|at| function.get(..at)).unwrap_or(function);
    // Packages are named with their path.
    let bare = match bare.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => last,
        _ => bare,
    };
    let (path, line, column) = place_of(place)?;
    Some(Frame { number: None, function: Cow::Borrowed(bare), path: Some(path), line, column })
}

/// `[ 1359.14] [<c00911c4>] (sum+0xbb/0x111) from ...`, `[   12.3]  sum+0x12/0x40`.
fn kernel(line: &str) -> Option<Frame<'_>> {
    let rest = line.strip_prefix('[')?.split_once("] ")?.1.trim();
    let rest = rest.strip_prefix("[<").and_then(|r| r.split_once(">]")).map_or(rest, |(_, r)| r.trim());
    let word = rest.trim_start_matches("? ").trim_start_matches('(').split([' ', ')']).next()?;
    let (function, offset) = word.split_once("+0x")?;
    let is_name =
        !function.is_empty() && function.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    (is_name && offset.contains("/0x")).then(|| placed(None, function, None))
}

/// `/b/libv8.so(v8::internal::Sum(int)+0x67c) [0x7f59]`, as glibc writes a stack.
fn module(line: &str) -> Option<Frame<'_>> {
    let (head, address) = line.rsplit_once(") [")?;
    if !address.starts_with("0x") {
        return None;
    }
    let (_, function) = head.split_once('(')?;
    let (function, _) = function.rsplit_once("+0x")?;
    Some(placed(None, function, None))
}

fn placed<'t>(number: Option<u32>, function: &'t str, place: Option<&'t str>) -> Frame<'t> {
    let found = place.and_then(place_of);
    let (path, line, column) = found.map_or((None, None, None), |(p, l, c)| (Some(p), l, c));
    Frame { number, function: bare(function), path, line, column }
}

/// A place: `src/pay.cc:76:7`.
pub(super) fn place_of(text: &str) -> Option<(&str, Option<u32>, Option<u32>)> {
    let (head, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let (path, line, column) =
        match head.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse::<u32>().ok()?))) {
            Some((path, line)) => (path, line, Some(last)),
            None => (head, last, None),
        };
    let is_path = !path.is_empty() && (path.contains(['.', '/', '\\'])) && !path.contains('(');
    is_path.then_some((path, Some(line).filter(|n| *n > 0), column))
}

/// A function without its arguments and without what the compiler adds.
fn bare(function: &str) -> Cow<'_, str> {
    let function = function.trim();
    // What a template gives back stands before its name.
    let function = function.strip_prefix("void ").or_else(|| function.strip_prefix("auto ")).unwrap_or(function);
    let named = if function.contains("(anonymous namespace)::") {
        Cow::Owned(function.replace("(anonymous namespace)::", ""))
    } else {
        Cow::Borrowed(function)
    };
    // Templates may have parentheses in them: the arguments begin with the first one that is in none.
    let mut depth = 0_u32;
    let end = named.char_indices().find_map(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            '(' if depth == 0 && at > 0 => return Some(at),
            _ => {}
        }
        None
    });
    let bare = match (end, named) {
        (Some(end), Cow::Borrowed(text)) => Cow::Borrowed(text.get(..end).unwrap_or(text)),
        (Some(end), Cow::Owned(mut text)) => {
            text.truncate(end);
            Cow::Owned(text)
        }
        (None, named) => named,
    };
    // Rust adds a hash: `pay::sum::h0123456789abcdef`.
    match bare {
        Cow::Borrowed(text) => Cow::Borrowed(
            text.trim_end().rsplit_once("::h").filter(|(_, h)| h.len() == 16).map_or(text.trim_end(), |(b, _)| b),
        ),
        Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
    }
}
