//! A text field.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::msg::Edit;

/// The most characters that a text field takes; a longer paste is cut.
const LIMIT: usize = 4_000;

/// A text field: what is in it, and where the cursor is. It never holds a character that cannot be seen, so that what
/// is shown is what is signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    left: String,
    right: String,
}

impl Input {
    /// A field with a text, the cursor at its end.
    pub fn with(text: &str) -> Self {
        let mut input = Self::default();
        input.insert_text(text);
        input
    }

    /// The text.
    pub fn text(&self) -> String {
        format!("{}{}", self.left, self.right)
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        &self.left
    }

    /// Whether there is nothing but blanks in it.
    pub fn is_blank(&self) -> bool {
        self.left.trim().is_empty() && self.right.trim().is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.left.clear();
        self.right.clear();
    }

    /// Takes text in, as pasted: line breaks and tabs become blanks, what cannot be seen is left out.
    pub fn insert_text(&mut self, text: &str) {
        let room = LIMIT.saturating_sub(self.left.chars().count() + self.right.chars().count());
        let text = text.replace("\r\n", "\n");
        let seen = text.chars().filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if c.is_whitespace() => Some(' '),
            c if crate::text::is_hidden(c) => None,
            c => Some(c),
        });
        self.left.extend(seen.take(room));
    }

    /// Puts text in the place of what stands from a byte on up to the cursor.
    pub fn replace_before(&mut self, from: usize, text: &str) {
        if self.left.is_char_boundary(from) {
            self.left.truncate(from);
            self.insert_text(text);
        }
    }

    /// Changes it.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(c) => self.insert_text(c.encode_utf8(&mut [0; 4])),
            Edit::Backspace => {
                pop_grapheme(&mut self.left);
            }
            Edit::Delete => {
                self.take_first();
            }
            Edit::DeleteWord => {
                let kept = self.left.trim_end();
                let end = kept.rfind(' ').map_or(0, |i| i + 1);
                self.left.truncate(end);
            }
            Edit::DeleteToStart => self.left.clear(),
            Edit::Left => {
                if let Some(g) = pop_grapheme(&mut self.left) {
                    self.right.insert_str(0, &g);
                }
            }
            Edit::Right => {
                if let Some(g) = self.take_first() {
                    self.left.push_str(&g);
                }
            }
            Edit::Home => {
                self.right.insert_str(0, &self.left);
                self.left.clear();
            }
            Edit::End => self.left.push_str(&std::mem::take(&mut self.right)),
        }
    }

    fn take_first(&mut self) -> Option<String> {
        let first = self.right.graphemes(true).next()?.to_owned();
        self.right.drain(..first.len());
        Some(first)
    }
}

fn pop_grapheme(text: &mut String) -> Option<String> {
    let last = text.graphemes(true).next_back()?.to_owned();
    text.truncate(text.len() - last.len());
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn editing_keeps_whole_characters() {
        let mut input = Input::with("naïve e\u{301}t");
        input.edit(Edit::Left);
        input.edit(Edit::Backspace);
        assert_eq!(input.text(), "naïve t");
        input.edit(Edit::DeleteWord);
        assert_eq!(input.text(), "t");
        input.edit(Edit::Delete);
        assert_eq!(input.text(), "");
    }

    #[test]
    fn pasted_text_is_one_line_and_has_nothing_hidden() {
        let mut input = Input::default();
        input.insert_text("one\r\ntwo\u{202e}\u{1b}[2J\tthree\u{a0}four");
        assert_eq!(input.text(), "one two[2J three four");
    }

    proptest! {
        #[test]
        fn no_edit_panics_or_lets_hidden_text_in(text in ".*", moves in proptest::collection::vec(0_u8..8, 0..20)) {
            let mut input = Input::with(&text);
            for m in moves {
                input.edit([Edit::Backspace, Edit::Delete, Edit::DeleteWord, Edit::DeleteToStart, Edit::Left,
                    Edit::Right, Edit::Home, Edit::End][usize::from(m)]);
            }
            prop_assert!(!input.text().chars().any(crate::text::is_hidden));
        }
    }
}
