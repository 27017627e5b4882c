//! A driver for tests: keys as people write them go in, the screen comes out as text.

pub mod ledger;
pub mod sample;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::Effect;
use super::event;
use super::glyphs::GlyphSet;
use super::keymap::{Keymap, parse_keys};
use super::model::screens::Saved;
use super::model::{Model, Setup};
use super::msg::{Listed, Msg};
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::domain::decision::Decision;
use crate::domain::dossier::Dossier;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// Drives a model without a loop: what a message leads to is there when the call returns.
pub struct Driver {
    /// The model.
    pub model: Model,
}

impl Driver {
    /// A console of a size, that knows nothing yet.
    pub fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, GlyphSet::Unicode)
    }

    /// The same with other signs.
    #[expect(clippy::expect_used, reason = "shipped files that do not parse are what a test is to find")]
    pub fn with(width: u16, height: u16, glyphs: GlyphSet) -> Self {
        let setup = Setup {
            size: (width, height),
            now: sample::now(),
            theme: Theme::choose(None, false, None).expect("the shipped theme can be read"),
            glyphs,
            keymap: Keymap::load(None).expect("the shipped keymap can be read"),
            saved: vec![Saved { name: "blocked".to_owned(), query: "verdict:block".to_owned() }],
            readonly: false,
            mouse: false,
        };
        Self { model: Model::new(setup) }
    }

    /// A console that has the gates and dossiers of [`sample`].
    pub fn sample(width: u16, height: u16) -> Self {
        let mut driver = Self::new(width, height);
        driver.load_sample();
        driver
    }

    /// Sends what [`sample`] has.
    pub fn load_sample(&mut self) {
        let world = sample::world();
        let rows = world.iter().map(|(row, _)| row.clone()).collect();
        self.send(Msg::GatesListed(Box::new(Listed { rows, shortfalls: Vec::new(), now: sample::now() })));
        for (row, dossier) in world {
            if let Some(dossier) = dossier {
                self.send(sample::ready(&row, &dossier));
            }
        }
    }

    /// Sends a message.
    pub fn send(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.model, msg)
    }

    /// Sends a dossier.
    pub fn ready(&mut self, dossier: Dossier, decisions: Vec<Decision>) -> Vec<Effect> {
        let gate = dossier.gate.id.clone();
        let (dossier, decisions) = (Arc::new(dossier), Arc::new(decisions));
        self.send(Msg::DossierReady { gate, dossier, decisions, approvals: None, now: sample::now() })
    }

    /// Presses keys: `j j <enter>`, as in a keymap file.
    #[expect(clippy::panic, reason = "a test that presses keys that do not exist is wrong")]
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let keys = parse_keys(keys).unwrap_or_else(|e| panic!("{e}"));
        keys.into_iter().flat_map(|key| self.event(&Event::Key(key.event()))).collect()
    }

    /// Types a text, key by key.
    pub fn type_text(&mut self, text: &str) -> Vec<Effect> {
        let keys = text.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        keys.flat_map(|key| self.event(&Event::Key(key))).collect()
    }

    /// A terminal event.
    pub fn event(&mut self, event: &Event) -> Vec<Effect> {
        match event::message(&self.model, event) {
            Some(msg) => self.send(msg),
            None => Vec::new(),
        }
    }

    /// The screen.
    pub fn buffer(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.model.width, self.model.height));
        view::paint(&self.model, &mut buffer);
        buffer
    }

    /// The screen as text, without blanks at the ends of lines.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width).max(1);
        let line = |cells: &[ratatui::buffer::Cell]| {
            let mut out = String::new();
            let mut covered = 0;
            for cell in cells {
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                out.push_str(cell.symbol());
                covered = super::widget::paint::width(cell.symbol()).saturating_sub(1);
            }
            out.trim_end().to_owned()
        };
        buffer.content.chunks(width).map(line).collect::<Vec<_>>().join("\n")
    }
}
