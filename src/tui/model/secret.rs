//! A text field for a secret: it shows how much is in it and nothing else.

use zeroize::Zeroizing;

use crate::secrets::Secret;
use crate::tui::effect::AskId;
use crate::tui::msg::Edit;

/// The most bytes that it takes. All of it is reserved at once: growing would leave copies behind.
const LIMIT: usize = 1_024;

/// What was typed, wiped when it is dropped. There is no cursor in it: what cannot be seen cannot be mended in the middle.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretInput(Zeroizing<String>);

/// The question for a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseForm {
    /// Which question it is.
    pub ask: AskId,
    /// The key file, safe to display.
    pub key: String,
    /// What was typed.
    pub input: SecretInput,
    /// What is wrong.
    pub problem: Option<&'static str>,
}

impl Default for SecretInput {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(LIMIT)))
    }
}

impl std::fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl SecretInput {
    /// What was typed, for the one that asked.
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.as_str())
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many characters were typed.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Takes text in, as pasted; line breaks are left out, as they end what is typed at a prompt.
    pub fn insert_text(&mut self, text: &str) {
        for c in text.chars().filter(|c| !matches!(c, '\n' | '\r')) {
            if self.0.len() + c.len_utf8() <= LIMIT {
                self.0.push(c);
            }
        }
    }

    /// Changes it.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(c) => self.insert_text(c.encode_utf8(&mut [0; 4])),
            Edit::Backspace => {
                self.0.pop();
            }
            Edit::DeleteWord | Edit::DeleteToStart => *self = Self::default(),
            Edit::Delete | Edit::Left | Edit::Right | Edit::Home | Edit::End => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_what_is_typed_and_says_only_how_much() {
        let mut input = SecretInput::default();
        "hørse".chars().for_each(|c| input.edit(Edit::Insert(c)));
        input.edit(Edit::Left);
        input.edit(Edit::Backspace);
        input.insert_text("e!\r\n");
        assert_eq!(input.secret().expose(), "hørse!");
        assert_eq!(input.len(), 6);
        assert_eq!(format!("{input:?}"), "[secret]");
        input.edit(Edit::DeleteToStart);
        assert!(input.is_empty());
    }

    #[test]
    fn it_never_grows_beyond_what_was_reserved() {
        let mut input = SecretInput::default();
        let before = input.0.as_ptr();
        input.insert_text(&"é".repeat(LIMIT));
        assert_eq!((input.len(), input.0.as_ptr()), (LIMIT / 2, before));
    }
}
