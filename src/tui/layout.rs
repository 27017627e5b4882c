//! Where things stand on the screen: pure arithmetic over its size, used by `update` (how far a page is) and `view`.

use ratatui::layout::Rect;

use super::action::Place;

/// Narrower than this, one message is shown.
pub const MIN_WIDTH: u16 = 60;
/// Lower than this, one message is shown.
pub const MIN_HEIGHT: u16 = 15;

/// The parts of a screen, from the top. Every list is as wide as the screen, so that it can be scrolled by the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// One line: where we are.
    pub title: Rect,
    /// The facts of a release and its tabs; empty in the inbox.
    pub facts: Rect,
    /// The headings of the columns; empty where there are none.
    pub heading: Rect,
    /// The list or the text.
    pub body: Rect,
    /// More of the line that the cursor is on; may be empty. Its first line is a rule.
    pub preview: Rect,
    /// The filter, or what was last done.
    pub status: Rect,
    /// What can be done.
    pub footer: Rect,
}

/// Whether the screen is too small to be of use.
pub fn too_small(width: u16, height: u16) -> bool {
    width < MIN_WIDTH || height < MIN_HEIGHT
}

/// The parts of the screen of `base` (a screen, not a form or menu over it).
pub fn areas(width: u16, height: u16, base: Place) -> Areas {
    let facts: u16 = if base == Place::Inbox { 0 } else { 3 };
    let heading = u16::from(matches!(base, Place::Inbox | Place::Findings | Place::Items | Place::Ledger));
    let middle = height.saturating_sub(3 + facts + heading);
    let preview = match base {
        Place::Inbox if middle >= 14 => (middle * 2 / 5).clamp(6, 12),
        Place::Items if middle >= 10 => (middle / 2).clamp(5, 14),
        Place::Ledger if middle >= 14 => 6,
        Place::Findings if middle >= 22 => 7,
        Place::Findings if middle >= 16 => 5,
        _ => 0,
    };
    let body = middle.saturating_sub(preview);
    let mut y = 0;
    let mut take = |rows: u16| {
        let rows = rows.min(height.saturating_sub(y));
        let rect = Rect::new(0, y, width, rows);
        y = y.saturating_add(rows);
        rect
    };
    Areas {
        title: take(1),
        facts: take(facts),
        heading: take(heading),
        body: take(body),
        preview: take(preview),
        status: take(1),
        footer: take(1),
    }
}

/// A box in the middle of the screen, as large as asked and as fits.
pub fn dialog(width: u16, height: u16, want_width: u16, want_height: u16) -> Rect {
    // A sliver of what is behind it, at both sides, would only be in the way.
    let w = if want_width.saturating_add(8) >= width { width } else { want_width };
    let h = want_height.min(height.saturating_sub(2));
    Rect::new((width - w) / 2, (height - h) / 2, w, h)
}

/// The box of forms.
pub fn form(width: u16, height: u16) -> Rect {
    dialog(width, height, 100, height)
}

/// The box of help, palette and messages.
pub fn menu(width: u16, height: u16) -> Rect {
    dialog(width, height, 84, 30)
}

/// The lines of help's or the palette's list; below it are two for the line that the cursor is on, and three more if
/// the syntax of filters is told.
pub fn menu_rows(width: u16, height: u16, syntax: bool) -> u16 {
    menu(width, height).height.saturating_sub(if syntax { 9 } else { 6 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_screen_and_no_more() {
        for base in
            [Place::Inbox, Place::Overview, Place::Items, Place::Findings, Place::Finding, Place::Ledger, Place::Record]
        {
            for (w, h) in [(0, 0), (1, 1), (80, 4), (60, 15), (80, 24), (120, 40), (200, 60)] {
                let a = areas(w, h, base);
                let parts = [a.title, a.facts, a.heading, a.body, a.preview, a.status, a.footer];
                assert_eq!(parts.iter().map(|p| p.height).sum::<u16>(), h, "{base:?} {w}x{h}");
                assert!(parts.iter().all(|p| p.width == w));
            }
        }
    }

    #[test]
    fn a_box_fits() {
        for (w, h) in [(0, 0), (1, 1), (2, 3), (80, 24)] {
            let b = dialog(w, h, 100, 100);
            assert!(b.right() <= w && b.bottom() <= h);
        }
    }
}
