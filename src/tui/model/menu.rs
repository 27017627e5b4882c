//! Help and the palette: both made from the action table; the palette has the saved filters and the themes as well.

use std::borrow::Cow;

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
    /// The lines that are shown.
    pub list: Listing<Pick>,
}

/// One line of help or the palette: something that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// An action.
    Action(Action),
    /// A saved filter, by name.
    Filter(String),
    /// A theme, by name.
    Theme(String),
}

impl Pick {
    /// Its name.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Action(action) => action.spec().name.into(),
            Self::Filter(name) => format!("filter {name}").into(),
            Self::Theme(name) => format!("theme {name}").into(),
        }
    }

    /// What it does, one sentence.
    pub fn doc(&self, model: &Model) -> Cow<'static, str> {
        match self {
            Self::Action(action) => action.spec().doc.into(),
            Self::Filter(name) => {
                let query = model.saved.iter().find(|s| s.name == *name).map_or("", |s| s.query.as_str());
                format!("Shows {query}").into()
            }
            Self::Theme(name) if *name == model.theme.name => "Is the theme now.".into(),
            Self::Theme(_) => "Changes the colours.".into(),
        }
    }

    fn is_moving(&self) -> bool {
        matches!(self, Self::Action(action) if action.spec().group == TABLE[0].group)
    }

    /// The keys that run it too.
    pub fn keys(&self, model: &Model) -> Vec<String> {
        match self {
            Self::Action(action) => model.keymap.keys_of(*action),
            Self::Filter(_) | Self::Theme(_) => Vec::new(),
        }
    }

    /// Whether it can be run now; else why not.
    pub fn may(&self, model: &Model) -> Result<(), String> {
        match self {
            Self::Action(action) => (action.spec().when)(model),
            Self::Filter(_) | Self::Theme(_) => Ok(()),
        }
    }
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
        let shown = if self.fuzzy { self.best(model) } else { self.found(model) };
        let on = self.list.selected().cloned();
        self.list.set(shown, |p| Some(p) == on.as_ref());
        if self.fuzzy {
            self.list.go(0);
        }
    }

    /// Whether it tells the syntax of filters: in the help of a list that has one.
    pub fn tells_syntax(&self) -> bool {
        !self.fuzzy && matches!(self.place, Place::Inbox | Place::Findings | Place::Ledger)
    }

    fn best(&self, model: &Model) -> Vec<Pick> {
        let pattern = Pattern::parse(&self.input.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        // Nobody opens the palette to go down a line.
        let (moving, actions): (Vec<Pick>, Vec<Pick>) =
            TABLE.iter().filter(|s| s.is_at(self.place)).map(|s| Pick::Action(s.action)).partition(Pick::is_moving);
        let saved = model.saved.iter().filter(|_| self.place == Place::Inbox).map(|s| Pick::Filter(s.name.clone()));
        let themes = model.themes().into_iter().map(Pick::Theme);
        let mut scored: Vec<(u32, Pick)> = actions
            .into_iter()
            .chain(saved)
            .chain(themes)
            .chain(moving)
            .filter_map(|pick| {
                let text = format!("{} {}", pick.name(), pick.doc(model));
                Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, pick))
            })
            .collect();
        // Stable: equally good lines stay in this order.
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, pick)| pick).collect()
    }

    fn found(&self, model: &Model) -> Vec<Pick> {
        let typed = self.input.text();
        let wanted = typed.to_lowercase();
        let mut found: Vec<Action> = TABLE
            .iter()
            .filter(|s| s.is_at(self.place))
            .filter(|spec| {
                wanted.is_empty()
                    || spec.name.contains(&wanted)
                    || spec.doc.to_lowercase().contains(&wanted)
                    || model.keymap.keys_of(spec.action).iter().any(|k| *k == wanted || *k == typed)
            })
            .map(|s| s.action)
            .collect();
        // Help stands in its groups, in the order in which the table names them first.
        let group = |a: &Action| TABLE.iter().position(|s| s.group == a.spec().group);
        found.sort_by_key(|a| (group(a), *a as usize));
        found.into_iter().map(Pick::Action).collect()
    }
}
