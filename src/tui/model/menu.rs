//! Help and the palette: both made from the action table.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Model;
use super::input::Input;
use super::listing::Listing;
use crate::tui::action::{Action, Place, TABLE};

/// Help or the palette.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu {
    /// Whether it is the palette.
    pub fuzzy: bool,
    /// Where it was opened: what is listed, and what is run, is of that place.
    pub place: Place,
    /// What is searched.
    pub input: Input,
    /// Whether it is typed into.
    pub searching: bool,
    /// The actions that are shown.
    pub list: Listing<Action>,
}

impl Menu {
    /// Help for a place.
    pub fn help(model: &Model) -> Self {
        Self::new(model, false)
    }

    /// The palette for a place.
    pub fn palette(model: &Model) -> Self {
        Self::new(model, true)
    }

    fn new(model: &Model, fuzzy: bool) -> Self {
        let mut menu =
            Self { fuzzy, place: model.place(), input: Input::default(), searching: fuzzy, list: Listing::default() };
        menu.search(model);
        menu
    }

    /// Shows what is searched: in help by name, key and sentence, in the palette by a few letters, the best first.
    pub fn search(&mut self, model: &Model) {
        let wanted = self.input.text();
        let here = TABLE.iter().filter(|s| s.is_at(self.place)).map(|s| s.action);
        let shown: Vec<Action> = if self.fuzzy {
            let pattern = Pattern::parse(&wanted, CaseMatching::Ignore, Normalization::Smart);
            let mut matcher = Matcher::new(Config::DEFAULT);
            let mut buffer = Vec::new();
            let mut scored: Vec<(u32, Action)> = here
                .filter_map(|a| {
                    let text = format!("{} {}", a.spec().name, a.spec().doc);
                    Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, a))
                })
                .collect();
            scored.sort_by_key(|(score, action)| (std::cmp::Reverse(*score), *action as usize));
            scored.into_iter().map(|(_, action)| action).collect()
        } else {
            let wanted = wanted.to_lowercase();
            let found = |a: &Action| {
                let spec = a.spec();
                wanted.is_empty()
                    || spec.name.contains(&wanted)
                    || spec.doc.to_lowercase().contains(&wanted)
                    || model.keymap.keys_of(*a).iter().any(|k| *k == wanted || *k == self.input.text())
            };
            let mut found: Vec<Action> = here.filter(found).collect();
            // Help stands in its groups, in the order in which the table names them first.
            let group = |a: &Action| TABLE.iter().position(|s| s.group == a.spec().group);
            found.sort_by_key(|a| (group(a), *a as usize));
            found
        };
        let on = self.list.selected().copied();
        self.list.set(shown, |a| Some(*a) == on);
        if self.fuzzy {
            self.list.go(0);
        }
    }
}
