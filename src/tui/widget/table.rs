//! A list in columns, of which only the lines on the screen are built: 12,000 lines cost what 20 do.

use ratatui::layout::Rect;

use super::paint::{Painter, Span, span};
use crate::tui::model::listing::{Listing, Place};
use crate::tui::theme::Role;

/// A column: its heading and its width in cells, the blank after it included. One column has width 0: it gets the rest.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The heading.
    pub heading: &'static str,
    /// The width; 0: the rest.
    pub width: u16,
}

/// A column.
pub const fn column(heading: &'static str, width: u16) -> Column {
    Column { heading, width }
}

/// One line: a cell for each column, each of several pieces.
pub type Cells<'a> = Vec<Vec<Span<'a>>>;

/// The cells before the first column: the cursor's sign, a mark, a blank.
const MARGIN: u16 = 3;

/// Paints the headings of the columns.
pub fn headings(painter: &mut Painter<'_>, area: Rect, columns: &[Column]) {
    painter.fill(area, Role::Heading);
    for (column, rect) in columns.iter().zip(places(area, columns)) {
        painter.put(rect, column.heading, Role::Heading);
    }
}

/// What stands in a line.
pub enum Content<'a> {
    /// Whether it is marked, and its cells.
    Cells(bool, Cells<'a>),
    /// One text over all columns.
    Heading(Vec<Span<'a>>),
}

/// Paints the lines of `list` that fit; `build` makes one line: whether it is marked, and its cells.
pub fn lines<'a, K: PartialEq>(
    painter: &mut Painter<'_>,
    area: Rect,
    columns: &[Column],
    list: &Listing<K>,
    mut build: impl FnMut(&K) -> (bool, Cells<'a>),
) {
    contents(painter, area, columns, list.place(), |at| {
        let (marked, cells) = build(list.keys().get(at)?);
        Some(Content::Cells(marked, cells))
    });
}

/// Paints the lines that fit, from the first that is shown; `build` makes one by its number, as long as there are any.
pub fn contents<'a>(
    painter: &mut Painter<'_>,
    area: Rect,
    columns: &[Column],
    place: Place,
    mut build: impl FnMut(usize) -> Option<Content<'a>>,
) {
    for (at, y) in (place.top()..).zip(area.top()..area.bottom()) {
        let row = Rect { y, height: 1, ..area };
        let Some(content) = build(at) else {
            painter.fill(row, Role::Text);
            continue;
        };
        let here = at == place.cursor();
        let over = here.then_some(Role::Cursor);
        let (marked, cells) = match content {
            Content::Cells(marked, cells) => (marked, cells),
            Content::Heading(spans) => {
                let lead = if here { painter.glyphs.cursor } else { " " };
                let lead = span(if here { Role::Cursor } else { Role::Text }, format!("{lead}  "));
                let all: Vec<Span<'_>> = std::iter::once(lead).chain(spans).collect();
                painter.line(row, Role::Text, &all, over);
                continue;
            }
        };
        let margin = Rect { width: row.width.min(MARGIN), ..row };
        // A blank has no role of its own: reversed, it would be a bar beside every row.
        let sign = |there: bool, role, glyph| if there { span(role, glyph) } else { span(Role::Text, " ") };
        let signs =
            [sign(here, Role::Cursor, painter.glyphs.cursor), sign(marked, Role::Marked, painter.glyphs.marked)];
        painter.line(margin, Role::Text, &signs, over);
        // Every cell of the row is painted once: margin, columns, the blanks after them, and what no column has.
        let (mut end, mut contents) = (margin.right(), cells.iter());
        for rect in places(row, columns) {
            let inner = Rect { width: rect.width.saturating_sub(1), ..rect };
            painter.line(inner, Role::Text, contents.next().map_or(&[], Vec::as_slice), over);
            painter.fill(
                Rect { x: inner.right(), width: rect.right() - inner.right(), ..rect },
                over.unwrap_or(Role::Text),
            );
            end = end.max(rect.right());
        }
        painter.fill(Rect { x: end, width: row.right().saturating_sub(end), ..row }, over.unwrap_or(Role::Text));
    }
}

fn places(area: Rect, columns: &[Column]) -> Vec<Rect> {
    let fixed: u16 = columns.iter().map(|c| c.width).sum();
    let rest = area.width.saturating_sub(fixed.saturating_add(MARGIN));
    let mut x = area.x.saturating_add(MARGIN);
    columns
        .iter()
        .map(|c| {
            let width = if c.width == 0 { rest } else { c.width };
            let place = Rect::new(x, area.y, width, 1).intersection(area);
            x = x.saturating_add(width);
            place
        })
        .collect()
}
