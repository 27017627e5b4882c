//! Text of several lines: made of roles, wrapped to a width, and scrolled.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::paint::{Painter, Span, span};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;
use crate::tui::theme::Role;

/// The cells of a label, the blank after it included.
pub const LABEL: usize = 15;

/// One line of text.
pub type Row = Vec<Span<'static>>;

/// Lines of text, wrapped as they are added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    rows: Vec<Row>,
    width: usize,
}

impl Text {
    /// Text for lines of so many cells.
    pub fn new(width: u16) -> Self {
        Self { rows: Vec::new(), width: usize::from(width).max(8) }
    }

    /// The cells of a line.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether it was made for lines of so many cells.
    pub fn is_for(&self, width: u16) -> bool {
        self.width == Self::new(width).width
    }

    /// The lines.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A line as it is; what is too long is cut when it is painted.
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.rows.push(Row::new());
    }

    /// A heading, with an empty line before it if it is not the first.
    pub fn heading(&mut self, word: &str) {
        if !self.rows.is_empty() {
            self.gap();
        }
        self.rows.push(vec![span(Role::Heading, word.to_owned())]);
    }

    /// A sentence or more, wrapped, every line after `indent` blanks.
    pub fn say(&mut self, role: Role, text: &str, indent: usize) {
        for line in crate::text::block(text).split('\n') {
            for part in wrap(line, self.width.saturating_sub(indent)) {
                self.rows.push(vec![span(Role::Text, " ".repeat(indent)), span(role, part)]);
            }
        }
    }

    /// A sign, and a sentence or more beside it, wrapped.
    pub fn item(&mut self, sign: Span<'static>, text: &str) {
        let indent = sign.1.width();
        let mut sign = Some(sign);
        for part in wrap(&crate::text::line(text), self.width.saturating_sub(indent)) {
            let lead = sign.take().unwrap_or_else(|| span(Role::Text, " ".repeat(indent)));
            self.rows.push(vec![lead, span(Role::Text, part)]);
        }
    }

    /// A label of fixed width, and a value beside it, wrapped.
    pub fn fact(&mut self, label: &str, role: Role, value: &str) {
        let value = crate::text::block(value);
        let mut label = format!("{label:<LABEL$}");
        for line in value.split('\n') {
            for part in wrap(line, self.width.saturating_sub(LABEL)) {
                self.rows.push(vec![span(Role::Muted, label), span(role, part)]);
                label = " ".repeat(LABEL);
            }
        }
    }

    /// The same for text from outside that may be missing.
    pub fn outside(&mut self, label: &str, value: Option<&Untrusted>) {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            self.fact(label, Role::Text, &value.block());
        }
    }

    /// Paints the lines from `scroll` on.
    pub fn paint(&self, painter: &mut Painter<'_>, area: Rect, scroll: usize) {
        let mut rows = self.rows.iter().skip(scroll);
        for y in area.top()..area.bottom() {
            let line = Rect { y, height: 1, ..area };
            match rows.next() {
                Some(row) => painter.line(line, Role::Text, row, None),
                None => painter.fill(line, Role::Text),
            }
        }
    }

    /// Things side by side, as many in a line as fit.
    pub fn flow(&mut self, things: impl IntoIterator<Item = Row>) {
        const GAP: usize = 3;
        let (mut row, mut used) = (Row::new(), 0);
        for thing in things {
            let wide: usize = thing.iter().map(|(_, text)| text.width()).sum();
            if used > 0 && used + GAP + wide > self.width {
                self.rows.push(std::mem::take(&mut row));
                used = 0;
            }
            if used > 0 {
                row.push(span(Role::Text, " ".repeat(GAP)));
                used += GAP;
            }
            row.extend(thing);
            used += wide;
        }
        if used > 0 {
            self.rows.push(row);
        }
    }

    /// Which lines of it are to be seen in so many, and the key to the others; `None` if all are.
    pub fn position(&self, height: u16, scroll: usize) -> Option<String> {
        let longest = self.longest_scroll(height);
        let key = if scroll < longest { "PgDn" } else { "PgUp" };
        let last = scroll + usize::from(height);
        (longest > 0).then(|| format!("lines {}-{last} of {}; {key}", scroll + 1, self.rows.len()))
    }

    /// How far it can be scrolled in so many lines.
    pub fn longest_scroll(&self, height: u16) -> usize {
        self.rows.len().saturating_sub(usize::from(height))
    }
}

/// A moment to the second: nobody reads more.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).map_or_else(|| text.clone(), |seconds| format!("{seconds}Z"))
}

/// Breaks a line at blanks, and inside of words that are longer than a line.
pub fn wrap(line: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut out = Vec::new();
    let mut current = String::new();
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let whole = word.trim_end_matches(' ').width();
        if used > 0 && used + whole > width {
            out.push(std::mem::take(&mut current).trim_end().to_owned());
            used = 0;
        }
        for grapheme in word.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > width {
                if grapheme == " " {
                    continue;
                }
                out.push(std::mem::take(&mut current));
                used = 0;
            }
            current.push_str(grapheme);
            used += wide;
        }
    }
    if !current.is_empty() || out.is_empty() {
        out.push(current);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("incomprehensibilities", 10), ["incomprehe", "nsibilitie", "s"]);
        assert_eq!(wrap("", 10), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long(text in "[a-zé漢 ]{0,200}", width in 8_usize..60) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|l| l.width() <= width), "{:?}", lines);
            let solid = |t: &str| t.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
        }
    }
}
