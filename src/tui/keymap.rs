//! Keys: how they are written, and which action they mean.
//!
//! A key is written `j`, `G`, `ctrl-d`, `alt-x`, `<enter>`, `<space>`, `shift-<tab>`; several with blanks between are
//! pressed one after the other: `z m`. The defaults are `assets/keymap/default.toml`, read by the same code as a
//! person's own file, which replaces the keys of the actions that it names.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;

use super::action::{Action, Place};

/// The keys that are shipped.
pub const DEFAULT: &str = include_str!("../../assets/keymap/default.toml");

/// One key, with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    held: KeyModifiers,
}

/// Why keys could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// Not a key.
    #[error("{0:?} is not a key. Keys are written j, G, ctrl-d, <enter>, or several with blanks between: z m.")]
    NoSuchKey(String),
    /// Not an action.
    #[error("There is no action {0:?}. The actions are listed by ? in the console.")]
    NoSuchAction(String),
    /// The same keys mean two things at one place.
    #[error("{keys:?} means both {one} and {other}.")]
    Ambiguous {
        /// The keys.
        keys: String,
        /// One meaning.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Not TOML of this shape.
    #[error("The keymap cannot be read: {0}")]
    Unreadable(String),
}

const NAMES: [(&str, KeyCode); 15] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("lt", KeyCode::Char('<')),
];

impl Key {
    /// A key as the terminal reports it, in the one form that it is compared in.
    pub fn of(event: &KeyEvent) -> Self {
        Self::normal(event.code, event.modifiers)
    }

    fn normal(code: KeyCode, held: KeyModifiers) -> Self {
        let held = held & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        match code {
            KeyCode::BackTab => Self { code: KeyCode::Tab, held: held | KeyModifiers::SHIFT },
            // The character itself says whether Shift was held.
            KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => {
                Self { code: KeyCode::Char(c.to_ascii_lowercase()), held: held - KeyModifiers::SHIFT }
            }
            KeyCode::Char(_) => Self { code, held: held - KeyModifiers::SHIFT },
            _ => Self { code, held },
        }
    }

    /// The event that a terminal reports for it, for tests.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.held)
    }

    /// The key, without what is held down.
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// What is held down.
    pub fn held(self) -> KeyModifiers {
        self.held
    }

    /// `ctrl-c`, which no keymap and no text field can take away.
    pub fn is_interrupt(self) -> bool {
        self == Self { code: KeyCode::Char('c'), held: KeyModifiers::CONTROL }
    }
}

impl FromStr for Key {
    type Err = KeymapError;

    fn from_str(text: &str) -> Result<Self, KeymapError> {
        let bad = || KeymapError::NoSuchKey(crate::text::line(text).into_owned());
        let mut held = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, tail) = match rest.split_once('-') {
                Some(("ctrl", tail)) => (KeyModifiers::CONTROL, tail),
                Some(("alt", tail)) => (KeyModifiers::ALT, tail),
                Some(("shift", tail)) => (KeyModifiers::SHIFT, tail),
                _ => break,
            };
            held |= modifier;
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !crate::text::is_hidden(c) => KeyCode::Char(c),
            _ => {
                let name = rest.strip_prefix('<').and_then(|r| r.strip_suffix('>')).ok_or_else(bad)?;
                let named = NAMES.iter().find(|(n, _)| *n == name).map(|(_, code)| *code);
                let function = name.strip_prefix('f').and_then(|n| n.parse().ok()).map(KeyCode::F);
                named.or(function).ok_or_else(bad)?
            }
        };
        Ok(Self::normal(code, held))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")];
        for (modifier, word) in held {
            if self.held.contains(modifier) {
                f.write_str(word)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => write!(f, "<{name}>"),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "<f{n}>"),
            (None, _) => f.write_str("<?>"),
        }
    }
}

/// Reads keys pressed one after the other: `z m`, `ctrl-d`, `j j <enter>`.
pub fn parse_keys(text: &str) -> Result<Vec<Key>, KeymapError> {
    let keys = text.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(KeymapError::NoSuchKey(String::new())) } else { Ok(keys) }
}

/// Keys as they are written.
pub fn show_keys(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

/// What keys mean so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// The beginning of one.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Which keys mean which action. At one place, keys mean one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<(Vec<Key>, Action)>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct File(BTreeMap<String, Vec<String>>);

impl Keymap {
    /// The shipped keys, with those of `own` (a keymap file's text) in the place of what it names.
    pub fn load(own: Option<&str>) -> Result<Self, KeymapError> {
        let mut keys = read(DEFAULT)?;
        if let Some(own) = own {
            keys.extend(read(own)?);
        }
        let mut bindings: Vec<(Vec<Key>, Action)> = Vec::new();
        for spec in super::action::TABLE {
            for text in keys.get(spec.name).into_iter().flatten() {
                let sequence = parse_keys(text)?;
                let clash = bindings.iter().find(|(other, action)| {
                    (other.starts_with(&sequence) || sequence.starts_with(other)) && action.spec().meets(spec)
                });
                if let Some((_, other)) = clash {
                    return Err(KeymapError::Ambiguous {
                        keys: text.clone(),
                        one: other.spec().name,
                        other: spec.name,
                    });
                }
                bindings.push((sequence, spec.action));
            }
        }
        Ok(Self { bindings })
    }

    /// What `keys` mean at `place`.
    pub fn meaning(&self, place: Place, keys: &[Key]) -> Meaning {
        let mut here = self.bindings.iter().filter(|(_, action)| action.spec().is_at(place));
        let mut prefix = false;
        let found = here.find(|(sequence, _)| {
            prefix |= sequence.len() > keys.len() && sequence.starts_with(keys);
            sequence == keys
        });
        match found {
            Some((_, action)) => Meaning::Action(*action),
            None if prefix => Meaning::Prefix,
            None => Meaning::Nothing,
        }
    }

    /// The keys of an action, as they are written.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        self.bindings.iter().filter(|(_, a)| *a == action).map(|(keys, _)| show_keys(keys)).collect()
    }

    /// What may follow `prefix` at `place`: the rest of the keys, and the action.
    pub fn after(&self, place: Place, prefix: &[Key]) -> Vec<(String, Action)> {
        self.bindings
            .iter()
            .filter(|(_, action)| action.spec().is_at(place))
            .filter_map(|(keys, action)| {
                let rest = keys.strip_prefix(prefix).filter(|r| !r.is_empty())?;
                Some((show_keys(rest), *action))
            })
            .collect()
    }
}

fn read(text: &str) -> Result<BTreeMap<String, Vec<String>>, KeymapError> {
    let File(keys) =
        toml::from_str(text).map_err(|e| KeymapError::Unreadable(crate::text::block(&e.to_string()).into_owned()))?;
    match keys.keys().find(|name| Action::named(name).is_none()) {
        Some(name) => Err(KeymapError::NoSuchAction(crate::text::line(name).into_owned())),
        None => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["j", "G", "ctrl-d", "<enter>", "shift-<tab>", "<space>", "z m", "-", "ctrl--", "<f5>", "<lt>", "?"]
        {
            assert_eq!(show_keys(&parse_keys(text).unwrap()), text);
        }
        for text in ["", "enter", "<nokey>", "ctrl-", "\u{202e}"] {
            assert!(parse_keys(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn terminals_differ_and_mean_the_same() {
        let upper = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&upper), "G".parse().unwrap());
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::of(&back), "shift-<tab>".parse().unwrap());
        assert_eq!(Key::of(&KeyEvent::new(KeyCode::BackTab, KeyModifiers::NONE)), Key::of(&back));
    }

    #[test]
    fn every_action_has_keys_and_only_actions_do() {
        let keymap = Keymap::load(None).unwrap();
        for spec in super::super::action::TABLE {
            assert!(!keymap.keys_of(spec.action).is_empty(), "{} has no key", spec.name);
        }
    }

    #[test]
    fn own_keys_replace_and_clashes_are_refused() {
        let own = Keymap::load(Some("refresh = ['R']")).unwrap();
        assert_eq!(own.keys_of(Action::Refresh), ["R"]);
        assert_eq!(own.keys_of(Action::Down), Keymap::load(None).unwrap().keys_of(Action::Down));
        assert!(matches!(Keymap::load(Some("refresh = ['j']")), Err(KeymapError::Ambiguous { .. })));
        assert!(matches!(Keymap::load(Some("refresh = ['z']")), Err(KeymapError::Ambiguous { .. })));
        assert_eq!(Keymap::load(Some("refesh = []")), Err(KeymapError::NoSuchAction("refesh".to_owned())));
    }

    #[test]
    fn sequences_have_prefixes() {
        let keymap = Keymap::load(None).unwrap();
        let keys = parse_keys("z m").unwrap();
        assert_eq!(keymap.meaning(Place::Inbox, &keys[..1]), Meaning::Prefix);
        assert_eq!(keymap.meaning(Place::Inbox, &keys), Meaning::Action(Action::ToggleMouse));
        assert!(keymap.after(Place::Inbox, &keys[..1]).contains(&("m".to_owned(), Action::ToggleMouse)));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back(text in "(ctrl-|alt-)?([a-z!-/]|<(enter|esc|up|f[1-9])>)") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
            }
        }
    }
}
