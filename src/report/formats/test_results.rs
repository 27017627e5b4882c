//! What results of tests have in common: a test that failed or broke off is a finding. It says that something is wrong, not
//! what, and its report is no evidence of any security assessment.

use crate::report::prelude::*;

/// How many lines of a message are searched for the place.
const MOST_LINES: usize = 200;

/// One test that failed or broke off.
#[derive(Debug, Default)]
pub(super) struct Failed {
    /// The class or suite that it is in.
    pub class: Option<String>,
    pub name: Option<String>,
    /// Whether it broke off, rather than failed.
    pub broke: bool,
    pub message: Option<String>,
    /// The text of the failure: often a stack.
    pub text: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
}

impl Failed {
    /// The finding.
    pub(super) fn draft(self) -> Draft {
        let mut draft = Draft::new(Class::Sast);
        let name = self.name.as_deref().unwrap_or_default().trim();
        draft.rule = match self.class.as_deref().map(str::trim).filter(|c| !c.is_empty()) {
            // Runners of .NET write the class before the name already.
            Some(class) if !name.starts_with(class) => format!("{class}.{name}").trim_end_matches('.').to_owned(),
            _ => name.to_owned(),
        };
        if draft.rule.is_empty() {
            "a test without a name".clone_into(&mut draft.rule);
        }
        draft.title = format!("Test {}: {}", if self.broke { "error" } else { "failure" }, draft.rule);
        draft.logical = Some(draft.rule.clone());
        draft.say("", self.message.as_deref());
        let repeated = matches!((&self.message, &self.text), (Some(m), Some(t)) if t.trim() == m.trim());
        draft.say("", self.text.as_deref().filter(|_| !repeated));
        (draft.path, draft.line) = match self.file {
            Some(file) => (Some(file), self.line),
            None => [&self.message, &self.text].into_iter().flatten().find_map(|t| place(t)).unzip(),
        };
        draft
    }
}

/// The first place in the source that a message names: `src/pay.rs:12`, or ` in C:\src\Pay.cs:line 12` as .NET writes it; one
/// in the runner or in a library only where there is no other.
fn place(text: &str) -> Option<(String, u32)> {
    let mut foreign = None;
    let mut own = |place: (String, u32)| {
        if !FOREIGN.iter().any(|part| place.0.contains(part)) {
            return Some(place);
        }
        foreign.get_or_insert(place);
        None
    };
    let found = text.lines().take(MOST_LINES).find_map(|line| line_place(line).and_then(&mut own));
    found.or_else(|| text.lines().take(MOST_LINES).find_map(pytest_place)).or(foreign)
}

/// What stands in the paths of runners, libraries and runtimes.
const FOREIGN: [&str; 7] =
    ["site-packages/", "dist-packages/", "node_modules/", "/lib/python", "node:internal", "/rustc/", "/usr/include/"];

/// `test_pay.py:12: AssertionError`, as pytest writes it below a test; a file in the folder that it was started in has no
/// other part to its name.
fn pytest_place(line: &str) -> Option<(String, u32)> {
    let (name, rest) = line.split_once(':')?;
    let (number, said) = rest.split_once(':')?;
    let is_name = name.strip_suffix(".py").is_some_and(|n| !n.is_empty())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if is_name && said.starts_with(' ') { Some((name.to_owned(), digits(number)?)) } else { None }
}

fn line_place(line: &str) -> Option<(String, u32)> {
    if let Some((before, number)) = line.rsplit_once(":line ") {
        let path = before.rsplit_once(" in ").map_or(before, |(_, path)| path);
        return Some((path.trim().to_owned(), digits(number)?));
    }
    line.split([' ', '\t', '(', ')', '[', ']', '"', '\'']).find_map(word_place)
}

fn word_place(word: &str) -> Option<(String, u32)> {
    let (path, rest) = word.match_indices(':').find_map(|(at, _)| {
        let (path, rest) = (word.get(..at)?, word.get(at + 1..)?);
        let name = path.rsplit(['/', '\\']).next()?;
        let (stem, ending) = name.rsplit_once('.')?;
        let is_file =
            !stem.is_empty() && (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_below = path.contains(['/', '\\']) && !path.contains("://");
        (is_file && is_below).then_some((path, rest))
    })?;
    Some((path.to_owned(), digits(rest)?))
}

/// The number that a text begins with.
fn digits(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok().filter(|n| *n > 0)
}

/// Says that no test ran, if none did: so many were skipped.
pub(super) fn none_ran(reading: &mut Reading<'_>, skipped: u32) {
    match reading.items() {
        0 => reading.not_assessed("The report has no test in it: none ran."),
        all if skipped >= all => reading.not_assessed(format!("All {all} tests were skipped: none ran.")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_messages() {
        for (text, wanted) in [
            ("x\n/home/a/main.cpp:72: error: check", Some(("/home/a/main.cpp", 72))),
            ("   at A.B(Int32 i) in C:\\w\\Calc.cs:line 67\r", Some(("C:\\w\\Calc.cs", 67))),
            ("see (src/pay.rs:12:5)", Some(("src/pay.rs", 12))),
            ("at http://x.example/a.js:8", None),
            ("at org.junit.Assert(Assert.java:86)", None),
            (
                "../v/lib/python3.11/site-packages/_pytest/python.py:528: in x\ntests/test_pay.py:3: in y",
                Some(("tests/test_pay.py", 3)),
            ),
            (
                "> def test_bad(): assert 1 == 2\nE  assert 1 == 2\n\ntest_x.py:7: AssertionError",
                Some(("test_x.py", 7)),
            ),
            ("at Module._load (/w/node_modules/jest/a.js:8:1)", Some(("/w/node_modules/jest/a.js", 8))),
        ] {
            assert_eq!(place(text), wanted.map(|(p, n)| (p.to_owned(), n)), "{text}");
        }
    }
}
