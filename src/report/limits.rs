//! How long a text of a finding may be, and where a JSON document is wrong.

use std::borrow::Cow;

use super::Unreadable;
use crate::domain::canonical;

/// The most bytes of one text that a finding holds. A screen shows no more of it, and a hostile report may have megabytes.
pub(super) const LONGEST: usize = 64 << 10;

/// The most findings that are made of one report: as many as a gibibyte of results of half a kibibyte has. A hostile one of
/// sixty megabytes may have twenty million.
pub(super) const MOST_FINDINGS: usize = 1 << 21;

/// What a report of more findings is refused with.
pub(super) fn too_many() -> Unreadable {
    Unreadable(format!(
        "It has more than {MOST_FINDINGS} findings, which is more than is read of one report; divide it."
    ))
}

/// The most ids of vulnerabilities, and the most weaknesses, that a finding holds: a rule may list as many as it likes,
/// and each of its results would have them all.
pub(super) const MOST_IDS: usize = 1000;

/// The most versions with the fix that a finding holds.
pub(super) const MOST_FIXED: usize = 100;

/// Why a JSON document cannot be read, with line and column.
pub(super) fn unreadable(error: &serde_json::Error) -> Unreadable {
    Unreadable(format!("The JSON cannot be read: {error}."))
}

/// As [`unreadable`], of a part of a document.
pub(super) fn unreadable_in(text: &str, part: &str, error: &serde_json::Error) -> Unreadable {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|b| *b == b'\n').count() + error.line();
    let column = match error.line() {
        1 => before.bytes().rev().take_while(|b| *b != b'\n').count() + error.column(),
        _ => error.column(),
    };
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    Unreadable(format!("The JSON cannot be read: {words} at line {line} column {column}."))
}

/// A text of a bounded length. What is longer keeps its beginning, and the digest of the whole, so that it stays told
/// apart from any other; the report itself has all of it.
pub(super) fn within(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let (kept, left) = split(text, longest);
    let whole = canonical::sha256(text.as_bytes());
    Cow::Owned(format!("{kept}\n[{} more bytes; the whole text is {whole}]", left.len()))
}

/// The beginning of a text up to a length, and the rest: between two characters.
pub(super) fn split(text: &str, at: usize) -> (&str, &str) {
    let end = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character_and_stay_told_apart() {
        let text = |times| format!("a{}", "ä".repeat(times));
        let (long, other) = (text(LONGEST), text(LONGEST - 1));
        let (cut, too) = (within(&long, LONGEST), within(&other, LONGEST));
        let (kept, said) = cut.rsplit_once('\n').unwrap();
        assert_eq!((kept.len(), long.starts_with(kept)), (LONGEST - 1, true));
        assert!(said.starts_with(&format!("[{} more bytes", long.len() - LONGEST + 1)), "{said}");
        assert_ne!(cut, too);
        let fits = text(LONGEST / 2 - 1);
        assert_eq!(within(&fits, LONGEST), fits);
    }
}
