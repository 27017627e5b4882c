//! The only place that writes into a buffer. All text passes `text::line` here once more, whatever it passed before.

use std::borrow::Cow;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::tui::glyphs::Glyphs;
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};

/// Text that is painted as one role.
pub type Span<'a> = (Role, Cow<'a, str>);

/// A piece of a line.
pub fn span<'a>(role: Role, text: impl Into<Cow<'a, str>>) -> Span<'a> {
    (role, text.into())
}

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Paints into a buffer, by a theme.
pub struct Painter<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    /// The signs.
    pub glyphs: &'static Glyphs,
}

impl<'a> Painter<'a> {
    /// A painter.
    pub fn new(buffer: &'a mut Buffer, model: &'a Model) -> Self {
        Self { buffer, theme: &model.theme, glyphs: model.glyphs.table() }
    }

    /// Blanks, in the look of a role.
    pub fn fill(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        let blank = self.cell(role);
        for y in area.top()..area.bottom() {
            if let Some(cells) = self.cells(area.x, y, area.width) {
                cells.fill(blank.clone());
            }
        }
    }

    /// A blank in the look of a role.
    fn cell(&self, role: Role) -> Cell {
        let mut cell = Cell::EMPTY;
        cell.set_style(self.theme.style(role));
        cell
    }

    /// Cells of one line, all of which must be in the buffer.
    fn cells(&mut self, x: u16, y: u16, width: u16) -> Option<&mut [Cell]> {
        let all = self.buffer.area;
        let inside = y >= all.top() && y < all.bottom() && x >= all.left() && x.checked_add(width)? <= all.right();
        let start = usize::from(y.checked_sub(all.y)?) * usize::from(all.width) + usize::from(x.checked_sub(all.x)?);
        self.buffer.content.get_mut(start..start + usize::from(width)).filter(|_| inside)
    }

    /// The first line of `area`: written, and the rest of it blanked in the look of `ground`; what is too long is cut,
    /// and the cut is shown. With `over`, every piece has that look.
    pub fn line(&mut self, area: Rect, ground: Role, spans: &[Span<'_>], over: Option<Role>) {
        let area = Rect { height: area.height.min(1), ..area }.intersection(self.buffer.area);
        let mut at = area;
        for (role, text) in spans {
            let used = self.put(at, text, over.unwrap_or(*role));
            at.x = at.x.saturating_add(used);
            at.width = area.right().saturating_sub(at.x);
        }
        self.fill(at, over.unwrap_or(ground));
    }

    /// Writes text at the left of the first line of `area`; what is too long is cut, and the cut is shown. Gives the
    /// cells used.
    pub fn put(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let text = crate::text::line(text);
        let room = usize::from(area.width);
        if text.len() <= room && text.is_ascii() {
            return self.put_ascii(area, &text, role);
        }
        let style = self.theme.style(role);
        let fits = text.len() <= room || text.width() <= room;
        let limit = if fits { room } else { room - 1 };
        let mut used = 0;
        for grapheme in text.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > limit {
                break;
            }
            let x = area.x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
            self.buffer.set_stringn(x, area.y, grapheme, wide, style);
            used += wide;
        }
        if !fits {
            let x = area.x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
            self.buffer.set_stringn(x, area.y, self.glyphs.cut, 1, style);
            used += 1;
        }
        u16::try_from(used).unwrap_or(u16::MAX)
    }

    /// Nearly all text is ASCII and fits: a cell a byte.
    fn put_ascii(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let used = u16::try_from(text.len()).unwrap_or(u16::MAX).min(area.width);
        let mut blank = self.cell(role);
        if let Some(cells) = self.cells(area.x, area.y, used) {
            for (cell, byte) in cells.iter_mut().zip(text.bytes()) {
                cell.clone_from(blank.set_char(char::from(byte)));
            }
        }
        used
    }

    /// A horizontal rule with a word in it.
    pub fn rule(&mut self, area: Rect, word: &str) {
        let rule = self.glyphs.rule;
        let before = rule.repeat(2);
        let room = usize::from(area.width).saturating_sub(4 + width(word));
        let spans = [
            span(Role::Border, before),
            span(Role::Heading, format!(" {word} ")),
            span(Role::Border, rule.repeat(room)),
        ];
        self.line(area, Role::Border, &spans, None);
    }

    /// A box with a title; gives the inside.
    pub fn boxed(&mut self, area: Rect, title: &str) -> Rect {
        let area = area.intersection(self.buffer.area);
        self.fill(area, Role::Text);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let inner = usize::from(area.width - 2);
        let g = self.glyphs;
        let [upper_left, upper_right, lower_left, lower_right] = g.corners;
        let title = if title.is_empty() { String::new() } else { format!(" {title} ") };
        let title: String = title.chars().take(inner.saturating_sub(1)).collect();
        let rest = g.rule.repeat(inner.saturating_sub(1 + width(&title)));
        let top = [
            span(Role::Border, format!("{upper_left}{}", if inner > 0 { g.rule } else { "" })),
            span(Role::Heading, title),
            span(Role::Border, format!("{rest}{upper_right}")),
        ];
        self.line(area, Role::Border, &top, None);
        for y in area.top() + 1..area.bottom() - 1 {
            self.put(Rect::new(area.x, y, 1, 1), g.bar, Role::Border);
            self.put(Rect::new(area.right() - 1, y, 1, 1), g.bar, Role::Border);
        }
        let bottom = [span(Role::Border, format!("{lower_left}{}{lower_right}", g.rule.repeat(inner)))];
        self.line(Rect { y: area.bottom() - 1, height: 1, ..area }, Role::Border, &bottom, None);
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }
}
