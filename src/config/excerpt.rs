//! The line that an error speaks of, with a mark under the place and every value left out: a value may be a secret that
//! was written to the wrong place.

use std::ops::Range;

/// What stands for a value.
const LEFT_OUT: char = '\u{2026}';

/// Line and column of a byte position, both from 1, the column in characters.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let column = before.get(start..).map_or(0, |l| l.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

/// The excerpt for a span of good TOML; `None` if the span is nowhere in it.
pub(super) fn excerpt(text: &str, span: &Range<usize>) -> Option<String> {
    let (line, _) = position(text, span.start);
    let shown = masked(text, line);
    let shown: Vec<(usize, char)> = shown.into_iter().skip_while(|(_, c)| c.is_whitespace()).take(100).collect();
    let before = shown.iter().take_while(|(byte, _)| *byte < span.start).count();
    // A value that was left out begins before or at the span: the mark goes under what stands for it.
    let width = shown.iter().filter(|(byte, _)| span.contains(byte)).count().max(1);
    if shown.is_empty() || before >= shown.len() {
        return None;
    }
    let content: String = shown.iter().map(|(_, c)| c).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    Some(format!("  {number} | {}\n  {margin} | {}{}", content.trim_end(), " ".repeat(before), "^".repeat(width)))
}

/// The characters of a line as shown, each with its place in the text.
fn masked(text: &str, line: usize) -> Vec<(usize, char)> {
    let mut out = Vec::new();
    let mut current = 1;
    let mut state = Scan::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let byte = text.len() - rest.len();
        let (length, shown) = state.step(rest, c);
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if current == line
            && let Some(c) = shown
        {
            out.push((byte, c));
        }
        current += piece.matches('\n').count();
        if current > line {
            break;
        }
        rest = after;
    }
    out
}

/// Where in TOML we are.
#[derive(Default)]
struct Scan {
    /// Whether what comes is a value, and not a key.
    value: bool,
    /// Open brackets of values: true for an array.
    open: Vec<bool>,
}

impl Scan {
    /// How many bytes the next piece takes, and what is shown for it.
    fn step(&mut self, rest: &str, c: char) -> (usize, Option<char>) {
        match c {
            '"' | '\'' => {
                let length = string_length(rest, c);
                // A quoted key is left out as well: it is in the message.
                (length, Some(LEFT_OUT))
            }
            '#' => (rest.find('\n').unwrap_or(rest.len()), None),
            '\n' => {
                if self.open.is_empty() {
                    self.value = false;
                }
                (1, None)
            }
            '=' => {
                self.value = true;
                (1, Some('='))
            }
            '[' | '{' if self.value => {
                self.open.push(c == '[');
                self.value = c == '[';
                (1, Some(c))
            }
            ']' | '}' => {
                self.open.pop();
                (1, Some(c))
            }
            ',' => {
                self.value = self.open.last().copied().unwrap_or(false);
                (1, Some(','))
            }
            c if c.is_whitespace() => (c.len_utf8(), Some(' ')),
            _ if self.value => {
                let end = rest.find([',', ']', '}', '#', '\n', ' ', '\t']).unwrap_or(rest.len());
                (end.max(c.len_utf8()), Some(LEFT_OUT))
            }
            c => (c.len_utf8(), Some(c)),
        }
    }
}

/// How many bytes a string takes, with its quotes.
fn string_length(rest: &str, quote: char) -> usize {
    let three: String = std::iter::repeat_n(quote, 3).collect();
    let mark = if rest.starts_with(&three) { three } else { quote.to_string() };
    let mut at = mark.len();
    while let Some(tail) = rest.get(at..).filter(|t| !t.is_empty()) {
        if tail.starts_with(&mark) {
            // A multi-line string may end in up to two quotes of its own.
            let extra = tail.chars().take_while(|c| *c == quote).count();
            return at + if mark.len() == 3 { extra.min(5) } else { 1 };
        }
        let mut chars = tail.chars();
        let c = chars.next().map_or(1, char::len_utf8);
        let escaped = quote == '"' && tail.starts_with('\\');
        at += if escaped { c + chars.next().map_or(0, char::len_utf8) } else { c };
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, place: &str) -> String {
        let start = text.find(place).unwrap();
        excerpt(text, &(start..start + place.len())).unwrap()
    }

    #[test]
    fn the_place_is_marked() {
        let text = "[ledger]\nurll = \"sqlite:///x\"\n";
        assert_eq!(position(text, 9), (2, 1));
        assert_eq!(at(text, "urll"), "  2 | urll = …\n    | ^^^^");
        assert_eq!(at("x = 1\n\n  [ledgr]", "ledgr"), "  3 | [ledgr]\n    |  ^^^^^");
        assert_eq!(at("c.kind = \"jenkns\" # why", "\"jenkns\""), "  1 | c.kind = …\n    |          ^");
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_span_makes_it_fail(text in "[\"'=\\n{}\\[\\],#\\\\ aé]{0,40}", from in 0..90_usize, length in 0..9_usize) {
            // Whatever comes is two lines of at most a hundred characters and a margin.
            if let Some(shown) = excerpt(&text, &(from..from + length)) {
                proptest::prop_assert_eq!(shown.lines().count(), 2);
                proptest::prop_assert!(shown.lines().all(|l| l.chars().count() < 120));
            }
        }
    }

    #[test]
    fn no_value_is_ever_shown() {
        for text in [
            "a = \"s3cret\", PLACE = 1",
            "a = { b = 's3cret', PLACE = 2 }",
            "a = { b = [1, \"s3cret\", s3cret], PLACE = s3cret }",
            "a = [\"\"\"\ns3cret\"\"\", { PLACE = 1 }] # s3cret",
            "a = [\"\"\"\ns3\\\"\"\"cret\"\"\"\"\", { PLACE = 's3cret' }]",
            "a = ['''\n'' s3cret ''' , { PLACE = '''s3cret''' }]",
            "a = { b = \"x\\\"s3cret\", PLACE = 12 }",
            "\"s3cret\".PLACE = 1",
            "a = [\n  s3cret, { PLACE = 's3cret",
        ] {
            let shown = at(text, "PLACE");
            assert!(!shown.contains("s3cret") && !shown.contains("cret"), "{text}: {shown}");
            assert!(shown.contains("PLACE") && shown.contains("^^^^^"), "{shown}");
        }
    }
}
