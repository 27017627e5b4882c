//! Text from outside, made safe to display.
//!
//! Tickets, findings, branch names, log lines and error bodies are written by others, and some of them by attackers.
//! [`Untrusted`] keeps such text exactly as it came (so that digests and JSON stay true) and gives it out for people
//! only through [`Untrusted::line`] and [`Untrusted::block`], in which everything that a terminal would obey, or that
//! a reader could not see, is replaced by a visible `<U+XXXX>`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most characters of one line that are ever handed to a screen; more is cut and said.
pub const LINE_LIMIT: usize = 2_000;
/// The most characters of one block of text that are ever handed to a screen; more is cut and said.
pub const BLOCK_LIMIT: usize = 40_000;
/// How many zero-width marks may follow one another before they are shown as code points.
pub const MARKS_IN_A_ROW: usize = 2;

/// Text that came from outside and was not checked by anyone.
///
/// Clones share the text. It has no `Display` on purpose: choose [`line`](Self::line), [`block`](Self::block) or [`raw`](Self::raw).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(Arc<str>);

impl Untrusted {
    /// Wraps text as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The text as it came: for digests, comparison, JSON and requests. Never for a screen or a log.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// One line, safe to display, at most [`LINE_LIMIT`] characters.
    pub fn line(&self) -> Cow<'_, str> {
        line(&self.0)
    }

    /// Several lines, safe to display, at most [`BLOCK_LIMIT`] characters; line breaks are kept, tabs become blanks.
    pub fn block(&self) -> Cow<'_, str> {
        block(&self.0)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.line())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Texts of which each is held once, however often it occurs: thousands of findings have the same rule, tool and file.
///
/// They are found by a number that is made of each; of two with the same number one is held as often as it occurs.
#[derive(Debug, Default)]
pub struct Pool {
    number: foldhash::quality::RandomState,
    held: HashMap<u64, Arc<str>, foldhash::fast::RandomState>,
}

impl Pool {
    /// The text, shared with all that are the same.
    pub fn text(&mut self, text: &str) -> Untrusted {
        match self.held.entry(self.number.hash_one(text)) {
            Entry::Occupied(held) if held.get().as_ref() == text => Untrusted(Arc::clone(held.get())),
            Entry::Occupied(_) => text.into(),
            Entry::Vacant(place) => Untrusted(Arc::clone(place.insert(text.into()))),
        }
    }
}

/// One line of outside text, safe to display; line breaks and tabs become single blanks.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false, LINE_LIMIT)
}

/// A block of outside text, safe to display; `\n` is kept, `\r\n` becomes `\n`, a tab four blanks.
pub fn block(text: &str) -> Cow<'_, str> {
    clean(text, true, BLOCK_LIMIT)
}

fn clean(text: &str, keep_breaks: bool, limit: usize) -> Cow<'_, str> {
    let plain = |c: char| (' '..='~').contains(&c) || (keep_breaks && c == '\n');
    if text.len() <= limit && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(limit) + 16);
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    let mut taken = 0;
    while let Some(c) = chars.next() {
        if taken >= limit {
            let left = 1 + chars.count();
            out.push_str(&format!(" [{left} more characters]"));
            break;
        }
        taken += 1;
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' if keep_breaks => out.push('\n'),
            '\t' if keep_breaks => out.push_str("    "),
            '\n' | '\t' => out.push(' '),
            c if is_hidden(c) => out.push_str(&format!("<U+{:04X}>", u32::from(c))),
            c => {
                marks = if is_mark(c) { marks + 1 } else { 0 };
                if marks > MARKS_IN_A_ROW {
                    out.push_str(&format!("<U+{:04X}>", u32::from(c)));
                } else {
                    out.push(c);
                }
            }
        }
    }
    Cow::Owned(out)
}

/// Whether the character takes no room of its own.
pub fn is_mark(c: char) -> bool {
    unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// Whether a reader would see nothing of the text: it has only blanks, hidden characters and marks upon nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c) || is_mark(c))
}

/// Whether a terminal would obey the character, or a reader could not see it.
///
/// Covers C0 and C1 controls, bidirectional controls, zero-width and filler characters, variation selectors, tag
/// characters, line and paragraph separators, interlinear annotation, noncharacters and private use.
pub fn is_hidden(c: char) -> bool {
    let u = u32::from(c);
    c.is_control()
        || matches!(u,
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
            | 0xFFF0..=0xFFFB | 0xFDD0..=0xFDEF | 0x1D173..=0x1D17A | 0x1BCA0..=0x1BCA3
            | 0xE000..=0xF8FF | 0xE0000..=0xE0FFF | 0xF0000..=0x10_FFFF | 0x2800)
        || (u & 0xFFFE) == 0xFFFE
        // Blanks of unusual width make two different strings look the same.
        || matches!(u, 0x00A0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(line("PAY-1: mend the rounding"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_bidi_and_zero_width_become_visible() {
        assert_eq!(line("a\u{1b}[2Jb"), "a<U+001B>[2Jb");
        assert_eq!(line("ok\u{202e}drawkcab\u{202c}"), "ok<U+202E>drawkcab<U+202C>");
        assert_eq!(line("a\u{200b}b\u{feff}c\u{e0041}"), "a<U+200B>b<U+FEFF>c<U+E0041>");
        assert_eq!(line("\u{9b}31m"), "<U+009B>31m");
    }

    #[test]
    fn a_line_has_no_breaks_and_a_block_keeps_them() {
        assert_eq!(line("one\r\ntwo\tthree"), "one two three");
        assert_eq!(block("one\r\ntwo\tthree"), "one\ntwo    three");
        assert_eq!(line("over\rwritten"), "over<U+000D>written");
    }

    #[test]
    fn stacked_marks_are_spelled_out() {
        let zalgo = format!("e{}", "\u{301}".repeat(5));
        assert_eq!(line(&zalgo), "e\u{301}\u{301}<U+0301><U+0301><U+0301>");
    }

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in ["", " \t\n", "\u{200b}\u{feff}", "\u{3164}", "\u{7}\u{202e} \u{2800}", "\u{301}", "\u{a0}"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", "\u{200b}.", "e\u{301}", "日"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut_and_said() {
        let long = "x".repeat(2_000_000);
        let shown = line(&long);
        assert!(shown.len() < 2_100);
        assert!(shown.ends_with("[1998000 more characters]"), "{}", shown.len());
    }

    #[test]
    fn debug_is_safe_too() {
        assert_eq!(format!("{:?}", Untrusted::new("\u{1b}]0;x\u{7}")), "\"<U+001B>]0;x<U+0007>\"");
    }

    #[test]
    fn the_same_text_of_a_pool_is_held_once() {
        let mut pool = Pool::default();
        let (one, other, third) = (pool.text("B602"), pool.text("B602"), pool.text("B603"));
        assert!(Arc::ptr_eq(&one.0, &other.0));
        assert_eq!((one.raw(), third.raw()), ("B602", "B603"));
    }

    proptest! {
        #[test]
        fn nothing_hidden_gets_through(text in "\\PC*|.*") {
            let shown = line(&text);
            prop_assert!(!shown.chars().any(is_hidden));
            let shown = block(&text);
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)));
        }
    }
}
