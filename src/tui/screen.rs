//! The backend that writes to the terminal: one write a frame, inside a synchronized update, and as few bytes as go.
//!
//! It remembers what is on the terminal. At the end of a frame it compares that with what is to be there, row by row;
//! where rows have moved, it lets the terminal scroll a region of full-width rows instead of writing them again (line
//! feed at the lower margin, reverse index at the upper one: every terminal knows these). A frame that changes nothing
//! writes nothing.

mod rows;

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use rows::{Grid, Pen};

/// Begins a synchronized update.
pub const BEGIN: &[u8] = b"\x1b[?2026h";
/// Ends it.
pub const END: &[u8] = b"\x1b[?2026l";

/// A backend over anything that bytes can be written to.
pub struct Screen<W: Write> {
    out: W,
    fixed: Option<Size>,
    shown: Grid,
    next: Grid,
    wipe: bool,
    cursor: Option<Position>,
    cursor_shown: Option<Position>,
}

impl<W: Write> Screen<W> {
    /// A backend of the size of the terminal that the process has, or of a `fixed` one.
    pub fn new(out: W, fixed: Option<(u16, u16)>) -> Self {
        Self {
            out,
            fixed: fixed.map(|(width, height)| Size { width, height }),
            shown: Grid::default(),
            next: Grid::default(),
            wipe: true,
            cursor: None,
            cursor_shown: None,
        }
    }

    /// What is written to.
    pub fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn frame(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut pen = Pen::default();
        if self.wipe {
            bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            self.shown.clear();
            self.wipe = false;
        }
        rows::scroll(&mut self.shown, &mut self.next, &mut bytes);
        for y in (0..self.next.height()).filter(|y| self.next.is_touched(*y)) {
            rows::write(&self.shown, &self.next, y, &mut pen, &mut bytes);
        }
        pen.reset(&mut bytes);
        self.next.settle(&mut self.shown);
        bytes
    }
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let size = self.size()?;
        if self.next.fit(size) {
            self.shown.fit(size);
            self.wipe = true;
        }
        for (x, y, cell) in content {
            self.next.put(x, y, cell);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor = self.cursor.or(Some(Position::ORIGIN));
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // The terminal is never asked: an answer would arrive among the keys.
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        if self.cursor.is_some() {
            self.cursor = Some(position.into());
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, _kind: ClearType) -> io::Result<()> {
        self.wipe = true;
        let size = self.size()?;
        self.next.fit(size);
        self.shown.fit(size);
        self.next.clear();
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        match self.fixed {
            Some(size) => Ok(size),
            // It is asked for before every frame: of the terminal that we have, without opening it anew.
            None => match rustix::termios::tcgetwinsize(io::stdout()) {
                Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Ok(Size { width: size.ws_col, height: size.ws_row }),
                _ => crossterm::terminal::size().map(|(width, height)| Size { width, height }),
            },
        }
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        let wiped = self.wipe;
        let mut bytes = self.frame();
        let moved = !bytes.is_empty() || self.cursor != self.cursor_shown;
        if !moved {
            return Ok(());
        }
        match (self.cursor_shown, self.cursor) {
            (Some(_), None) => bytes.extend_from_slice(b"\x1b[?25l"),
            (None, None) if wiped => bytes.extend_from_slice(b"\x1b[?25l"),
            (before, Some(at)) => {
                bytes.extend_from_slice(format!("\x1b[{};{}H", at.y + 1, at.x + 1).as_bytes());
                if before.is_none() || wiped {
                    bytes.extend_from_slice(b"\x1b[?25h");
                }
            }
            (None, None) => {}
        }
        self.cursor_shown = self.cursor;
        let mut frame = Vec::with_capacity(BEGIN.len() + bytes.len() + END.len());
        frame.extend_from_slice(BEGIN);
        frame.extend_from_slice(&bytes);
        frame.extend_from_slice(END);
        // Held by a panic elsewhere once the terminal was handed back: see `terminal::Guard`.
        let _whole = io::stdout().lock();
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::layout::Rect;
    use ratatui::style::{Modifier, Style};

    use super::*;

    /// Counts writes.
    #[derive(Default)]
    struct Tap {
        writes: Vec<Vec<u8>>,
    }

    impl Write for Tap {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal(width: u16, height: u16) -> Terminal<Screen<Tap>> {
        Terminal::new(Screen::new(Tap::default(), Some((width, height)))).unwrap()
    }

    /// Paints lines, the one at `cursor` reversed, and gives the frame's bytes.
    fn paint(terminal: &mut Terminal<Screen<Tap>>, lines: &[String], cursor: usize) -> Vec<u8> {
        terminal
            .draw(|frame| {
                for (y, line) in lines.iter().enumerate() {
                    let style =
                        if y == cursor { Style::reset().add_modifier(Modifier::REVERSED) } else { Style::reset() };
                    let area = Rect::new(0, u16::try_from(y).unwrap(), frame.area().width, 1);
                    frame.buffer_mut().set_style(area, style);
                    frame.buffer_mut().set_string(0, area.y, line, style);
                }
            })
            .unwrap();
        std::mem::take(&mut terminal.backend_mut().out_mut().writes).concat()
    }

    fn lines(from: usize, count: usize) -> Vec<String> {
        (from..from + count).map(|i| format!("{i:>4} finding of the tool number {}", i * 7919 % 1009)).collect()
    }

    fn picture(parser: &vt100::Parser) -> Vec<String> {
        parser.screen().contents().lines().map(|l| l.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_frame_is_one_write_inside_a_synchronized_update() {
        let mut terminal = terminal(60, 12);
        terminal.draw(|_| {}).unwrap();
        terminal
            .draw(|f| {
                f.buffer_mut().set_string(0, 0, "hello", Style::reset());
            })
            .unwrap();
        let writes = std::mem::take(&mut terminal.backend_mut().out_mut().writes).split_off(1);
        assert_eq!(writes.len(), 1);
        assert!(writes[0].starts_with(BEGIN) && writes[0].ends_with(END));
        assert!(paint(&mut terminal, &["hello".to_owned()], 9).is_empty(), "nothing changed, so nothing is written");
    }

    #[test]
    fn scrolled_lists_look_right_and_cost_little() {
        let mut terminal = terminal(60, 22);
        let mut parser = vt100::Parser::new(22.try_into().unwrap(), 60.try_into().unwrap(), 0);
        let mut most = 0;
        let path = [0_usize, 1, 2, 3, 4, 7, 6, 5, 3, 0, 10, 11, 12];
        for (step, from) in path.into_iter().enumerate() {
            let mut want = vec!["title".to_owned()];
            want.extend(lines(from, 20));
            want.push(format!("footer {step}"));
            let bytes = paint(&mut terminal, &want, 20);
            if step > 0 && from.abs_diff(path[step - 1]) == 1 {
                most = most.max(bytes.len());
            }
            parser.process(&bytes);
            assert_eq!(picture(&parser), want, "step {step}");
            let reversed: Vec<u16> = (0..22).filter(|y| parser.screen().cell(*y, 0).unwrap().inverse()).collect();
            assert_eq!(reversed, [20]);
        }
        assert!(most < 300, "{most} bytes for one line");
    }

    #[test]
    fn wide_characters_are_replaced_whole() {
        let mut terminal = terminal(20, 2);
        let mut parser = vt100::Parser::new(2.try_into().unwrap(), 20.try_into().unwrap(), 0);
        for text in ["漢字漢字", "ab漢c字d", "漢b", "plain text", "p漢漢漢 text", ""] {
            let bytes = paint(&mut terminal, &[text.to_owned()], 9);
            parser.process(&bytes);
            assert_eq!(parser.screen().contents().trim_end(), text);
        }
    }

    #[test]
    fn clearing_paints_everything_again() {
        let mut terminal = terminal(60, 5);
        let want = lines(3, 5);
        paint(&mut terminal, &want, 1);
        terminal.clear().unwrap();
        let bytes = paint(&mut terminal, &want, 1);
        let mut parser = vt100::Parser::new(5.try_into().unwrap(), 60.try_into().unwrap(), 0);
        parser.process(&bytes);
        assert_eq!(picture(&parser), want);
    }
}
