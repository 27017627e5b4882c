//! Rows of cells, and the bytes that turn one row into another.

use ratatui::buffer::Cell;
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::theme;

/// Gaps of so many cells are written again rather than jumped over.
const BRIDGE: usize = 4;
/// What it costs to let a region scroll, in bytes.
const SCROLL: usize = 24;
/// Scrolling is looked for by at most so many rows at once.
const FARTHEST: usize = 3;

/// The cells of a screen.
#[derive(Clone, Default)]
pub(super) struct Grid {
    size: Size,
    cells: Vec<Cell>,
    /// The rows that something was put into since [`Grid::settle`].
    touched: Vec<bool>,
}

impl Grid {
    /// Takes a size; whether it had another one, and is blank now.
    pub(super) fn fit(&mut self, size: Size) -> bool {
        if self.size == size {
            return false;
        }
        self.size = size;
        self.cells = vec![Cell::EMPTY; usize::from(size.width) * usize::from(size.height)];
        self.touched = vec![true; usize::from(size.height)];
        true
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill(Cell::EMPTY);
        self.touched.fill(true);
    }

    /// Whether something was put into a row, which may have left it as it was.
    pub(super) fn is_touched(&self, y: usize) -> bool {
        self.touched.get(y).copied().unwrap_or_default()
    }

    fn touch(&mut self, rows: std::ops::Range<usize>) {
        self.touched.iter_mut().take(rows.end).skip(rows.start).for_each(|t| *t = true);
    }

    /// Copies the rows that were touched to `shown`; from now on none is.
    pub(super) fn settle(&mut self, shown: &mut Self) {
        let width = usize::from(self.size.width).max(1);
        let rows = self.cells.chunks(width).zip(shown.cells.chunks_mut(width));
        for (_, (from, to)) in self.touched.iter().zip(rows).filter(|(touched, _)| **touched) {
            to.clone_from_slice(from);
        }
        self.touched.fill(false);
        shown.touched.fill(false);
    }

    pub(super) fn height(&self) -> usize {
        usize::from(self.size.height)
    }

    fn row(&self, y: usize) -> &[Cell] {
        let width = usize::from(self.size.width);
        self.cells.get(y * width..(y + 1) * width).unwrap_or_default()
    }

    /// Puts a cell; the cells that a wide character covers have no symbol of their own.
    pub(super) fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        if x >= self.size.width || y >= self.size.height {
            return;
        }
        let at = usize::from(y) * usize::from(self.size.width) + usize::from(x);
        self.touch(usize::from(y)..usize::from(y) + 1);
        let room = usize::from(self.size.width - x);
        let old = self.cells[at].symbol().width().clamp(1, room);
        for covered in self.cells.iter_mut().skip(at + 1).take(old - 1).filter(|c| c.symbol().is_empty()) {
            covered.reset();
        }
        let wide = cell.symbol().width().clamp(1, room);
        self.cells[at] = cell.clone();
        for covered in self.cells.iter_mut().skip(at + 1).take(wide - 1) {
            *covered = cell.clone();
            covered.set_symbol("");
        }
    }

    /// The rows from `top` to `bottom` (not included) go up by `n`, or down if negative; blank rows come in.
    fn shift(&mut self, top: usize, bottom: usize, n: isize) {
        let width = usize::from(self.size.width);
        let (from, to) = (top * width, bottom * width);
        let by = n.unsigned_abs() * width;
        let Some(region) = self.cells.get_mut(from..to).filter(|r| by <= r.len()) else { return };
        if n > 0 {
            region.rotate_left(by);
            let kept = region.len() - by;
            region[kept..].fill(Cell::EMPTY);
        } else {
            region.rotate_right(by);
            region[..by].fill(Cell::EMPTY);
        }
    }
}

/// The attributes that the terminal writes with.
#[derive(Default)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn is_plain(&self) -> bool {
        self.fg == Color::Reset && self.bg == Color::Reset && self.modifier.is_empty()
    }

    /// Back to plain, if it is not.
    pub(super) fn reset(&mut self, out: &mut Vec<u8>) {
        if !self.is_plain() {
            out.extend_from_slice(b"\x1b[m");
            *self = Self::default();
        }
    }

    fn take(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        if (self.fg, self.bg, self.modifier) == (cell.fg, cell.bg, cell.modifier) {
            return;
        }
        if cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty() {
            self.reset(out);
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        if !cell.modifier.contains(self.modifier) {
            codes.push("0".to_owned());
            *self = Self::default();
        }
        let marks = [
            (Modifier::BOLD, "1"),
            (Modifier::DIM, "2"),
            (Modifier::ITALIC, "3"),
            (Modifier::UNDERLINED, "4"),
            (Modifier::REVERSED, "7"),
        ];
        let added = cell.modifier - self.modifier;
        codes.extend(marks.into_iter().filter(|(m, _)| added.contains(*m)).map(|(_, code)| code.to_owned()));
        if cell.fg != self.fg {
            codes.push(theme::sgr(cell.fg, false));
        }
        if cell.bg != self.bg {
            codes.push(theme::sgr(cell.bg, true));
        }
        out.extend_from_slice(format!("\x1b[{}m", codes.join(";")).as_bytes());
        *self = Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty()
}

/// The runs of cells that differ, small gaps between them included.
fn runs(old: &[Cell], new: &[Cell]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (x, _) in old.iter().zip(new).enumerate().filter(|(_, (o, n))| o != n) {
        match runs.last_mut() {
            Some((_, end)) if x - *end <= BRIDGE => *end = x + 1,
            _ => runs.push((x, x + 1)),
        }
    }
    runs
}

/// Writes what turns row `y` of `old` into that of `new`.
pub(super) fn write(old: &Grid, new: &Grid, y: usize, pen: &mut Pen, out: &mut Vec<u8>) {
    let row = new.row(y);
    let blank_from = row.iter().rposition(|c| !is_blank(c)).map_or(0, |x| x + 1);
    for (i, (mut start, end)) in runs(old.row(y), row).into_iter().enumerate() {
        // Never begin inside of a wide character.
        while start > 0 && row[start].symbol().is_empty() {
            start -= 1;
        }
        let go = if i == 0 { format!("\x1b[{};{}H", y + 1, start + 1) } else { format!("\x1b[{}G", start + 1) };
        out.extend_from_slice(go.as_bytes());
        for (x, cell) in row.iter().enumerate().take(end).skip(start) {
            // The rest of the row is blank: erasing is shorter than writing blanks.
            if x >= blank_from && row.len() - x > BRIDGE && end - x > BRIDGE {
                pen.reset(out);
                out.extend_from_slice(b"\x1b[K");
                return;
            }
            if !cell.symbol().is_empty() {
                pen.take(cell, out);
                out.extend_from_slice(cell.symbol().as_bytes());
            }
        }
    }
}

/// About how many bytes turn one row into the other.
fn cost(old: &[Cell], new: &[Cell]) -> usize {
    runs(old, new).iter().map(|(start, end)| 8 + end - start).sum()
}

/// Lets the terminal scroll one region of rows, if that saves bytes. The region is the run of rows with the greatest
/// saving, of all shifts of up to `FARTHEST` rows up or down.
pub(super) fn scroll(old: &mut Grid, new: &mut Grid, out: &mut Vec<u8>) {
    let height = new.height();
    let changes = |y: usize| if new.is_touched(y) { cost(old.row(y), new.row(y)) } else { 0 };
    let plain: Vec<usize> = (0..height).map(changes).collect();
    if plain.iter().filter(|c| **c > 0).count() < 4 {
        return;
    }
    // What scrolls has a row that is elsewhere as a whole. Most frames have none, and are done with here.
    let moved = |n: isize| {
        (0..height).filter(|y| plain[*y] > 0).any(|y| {
            let from = y.checked_add_signed(n).filter(|f| *f < height);
            from.is_some_and(|f| old.row(f) == new.row(y)) && !new.row(y).iter().all(is_blank)
        })
    };
    let mut best: Option<(usize, usize, usize, isize)> = None;
    for n in 1..=FARTHEST {
        for n in [n.cast_signed(), -n.cast_signed()].into_iter().filter(|n| moved(*n)) {
            let (mut saved, mut start) = (0_isize, 0);
            for (y, plain) in plain.iter().enumerate() {
                // A region does not begin with a row that stays.
                if saved <= 0 && *plain == 0 {
                    saved = 0;
                    continue;
                }
                let from = y.checked_add_signed(n).filter(|f| *f < height);
                // A row that comes in from outside of the screen has to be written.
                let then = from.map_or(new.row(y).len(), |f| cost(old.row(f), new.row(y)));
                if saved <= 0 {
                    (saved, start) = (0, y);
                }
                saved += plain.cast_signed() - then.cast_signed();
                let rows = y + 1 - start;
                let worth = saved - (SCROLL + n.unsigned_abs() * new.row(y).len()).cast_signed();
                if worth > 0 && rows > n.unsigned_abs() && best.is_none_or(|(w, ..)| worth.unsigned_abs() > w) {
                    best = Some((worth.unsigned_abs(), start, y + 1, n));
                }
            }
        }
    }
    let Some((_, mut top, mut bottom, n)) = best else { return };
    // The rows that come in replace some at the region's edge: the region is widened so that they are those.
    if n > 0 {
        bottom = (bottom + n.unsigned_abs()).min(height);
    } else {
        top = top.saturating_sub(n.unsigned_abs());
    }
    out.extend_from_slice(format!("\x1b[{};{}r", top + 1, bottom).as_bytes());
    if n > 0 {
        out.extend_from_slice(format!("\x1b[{bottom};1H").as_bytes());
        out.extend(std::iter::repeat_n(b'\n', n.unsigned_abs()));
    } else {
        out.extend_from_slice(format!("\x1b[{};1H", top + 1).as_bytes());
        out.extend(b"\x1bM".repeat(n.unsigned_abs()));
    }
    out.extend_from_slice(b"\x1b[r");
    old.shift(top, bottom, n);
    // What was not touched before differs now.
    new.touch(top..bottom);
}
