//! The only door to standard output and standard error.
//!
//! Results go to standard output and nothing else does; messages go to standard error. What a command found is a
//! [`Document`]: data for programs, blocks for people, from the same values.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::error::AppError;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON object with a `schema` number.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Markdown tables, to paste into a ticket.
    Markdown,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a command found.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// For programs: the whole.
    pub json: Value,
    /// For programs that read line by line; if empty, the whole is one line.
    pub rows: Vec<Value>,
    /// For people.
    pub blocks: Vec<Block>,
}

/// A part of a document for people. All text in it must be safe to display already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// One paragraph or several lines.
    Text(String),
    /// A table.
    Table {
        /// Names of the columns.
        headers: Vec<&'static str>,
        /// Cells. A row of a single one is a note to the row above, over all columns.
        rows: Vec<Vec<String>>,
    },
}

/// Writes results and messages.
#[derive(Debug, Clone)]
pub struct Output {
    format: Format,
    color: bool,
    quiet: bool,
    verbose: bool,
    /// Whether a result was written. Scripts read one document: what goes wrong after it stands on standard error only.
    written: Arc<AtomicBool>,
}

impl Output {
    /// For a format; `no_color` is whether NO_COLOR is set and not empty.
    pub fn new(format: Format, color: ColorChoice, quiet: bool, verbose: bool, no_color: bool) -> Self {
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !no_color && io::stdout().is_terminal(),
        };
        Self { format, color, quiet, verbose, written: Arc::default() }
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether results are for programs.
    pub fn is_data(&self) -> bool {
        matches!(self.format, Format::Json | Format::Ndjson)
    }

    /// Writes a result.
    pub fn document(&self, document: &Document) -> Result<(), AppError> {
        self.written.store(true, Ordering::Relaxed);
        let text = match self.format {
            Format::Json => safe(&format!("{}\n", pretty(&document.json))),
            Format::Ndjson if document.rows.is_empty() => safe(&format!("{}\n", document.json)),
            Format::Ndjson => {
                safe(&document.rows.iter().fold(String::new(), |text, row| text + &row.to_string() + "\n"))
            }
            Format::Table => blocks(&document.blocks, self.color),
            Format::Markdown => markdown(&document.blocks),
        };
        self.raw(&text)
    }

    /// Writes a result for programs while it is made: one object, or with `ndjson` one a line. Nothing of it is held.
    pub fn stream(&self, result: &impl Serialize) -> Result<(), AppError> {
        self.written.store(true, Ordering::Relaxed);
        let mut out = Safe { out: BufWriter::with_capacity(1 << 16, io::stdout().lock()), marks: 0 };
        let written = match self.format {
            Format::Ndjson => result.serialize(&mut serde_json::Serializer::new(&mut out)),
            _ => result.serialize(&mut serde_json::Serializer::pretty(&mut out)),
        };
        let written = written.map_err(io::Error::from);
        ended(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
    }

    /// Writes a JSON text of a format of its own, in characters that are safe on a terminal: the same data.
    pub fn json(&self, text: &str) -> Result<(), AppError> {
        self.written.store(true, Ordering::Relaxed);
        self.raw(&safe(text))
    }

    /// Writes text to standard output as it is.
    pub fn raw(&self, text: &str) -> Result<(), AppError> {
        let mut out = io::stdout().lock();
        ended(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Says something on standard error, unless `--quiet`.
    pub fn message(&self, text: &str) {
        if !self.quiet {
            Self::stderr(&crate::text::block(text));
        }
    }

    /// Says something on standard error with `--verbose` only.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            Self::stderr(&crate::text::block(text));
        }
    }

    /// Says what went wrong, on standard error, and as an object on standard output where results are for programs and
    /// none was written.
    pub fn failure(&self, error: &AppError) {
        if self.is_data() && !self.written.load(Ordering::Relaxed) {
            let value = serde_json::json!({
                "schema": 1,
                "error": { "exit": error.kind.exit_code(), "message": error.message, "hints": error.hints },
            });
            // There is no better place left to complain to than standard error, below.
            self.raw(&safe(&format!("{value}\n"))).ok();
        }
        Self::stderr(&format!("Error: {}", error.message));
        for hint in &error.hints {
            Self::stderr(&format!("Hint: {hint}"));
        }
    }

    fn stderr(text: &str) {
        let mut err = io::stderr().lock();
        writeln!(err, "{text}").ok();
    }
}

/// A document for people as text, to be asked about.
pub fn plain(all: &[Block]) -> String {
    blocks(all, false)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_e| value.to_string())
}

/// What became of writing to standard output.
fn ended(written: io::Result<()>) -> Result<(), AppError> {
    match written {
        // Whoever read our output has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(AppError::internal(format!("Standard output cannot be written: {e}."))),
        Ok(()) => Ok(()),
    }
}

/// JSON with everything spelled as `\uXXXX` that a terminal would obey or a reader could not see: the same data.
///
/// Outside of its strings, JSON has no such character but the line break.
fn safe(json: &str) -> String {
    let mut out = Safe { out: Vec::with_capacity(json.len()), marks: 0 };
    // Memory is always written.
    drop(out.write_all(json.as_bytes()));
    String::from_utf8(out.out).unwrap_or_default()
}

/// Writes JSON as [`safe`] gives it. What is written at a time has to end between two characters, as `serde_json` does.
struct Safe<W> {
    out: W,
    /// How many marks there were in a row.
    marks: usize,
}

impl<W: Write> Write for Safe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.iter().all(|b| matches!(b, b' '..=b'~' | b'\n')) {
            self.marks = if bytes.is_empty() { self.marks } else { 0 };
            return self.out.write_all(bytes);
        }
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        for c in text.chars() {
            self.marks = if crate::text::is_mark(c) { self.marks + 1 } else { 0 };
            if c != '\n' && (crate::text::is_hidden(c) || self.marks > crate::text::MARKS_IN_A_ROW) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.out, "\\u{unit:04x}")?;
                }
            } else {
                self.out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn blocks(blocks: &[Block], color: bool) -> String {
    let mut out = String::new();
    for (i, block) in blocks.iter().enumerate() {
        match block {
            Block::Heading(text) => {
                if i > 0 {
                    out.push('\n');
                }
                out.push_str(&if color { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") });
            }
            Block::Text(text) => {
                out.push_str(text);
                out.push('\n');
            }
            Block::Table { headers, rows } => table(&mut out, headers, rows, color),
        }
    }
    out
}

fn table(out: &mut String, headers: &[&str], rows: &[Vec<String>], color: bool) {
    let mut widths: Vec<usize> = headers.iter().map(|h| h.width()).collect();
    let is_note = |row: &[String]| row.len() == 1 && headers.len() > 1;
    for row in rows.iter().filter(|r| !is_note(r)) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>, bold: bool| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat((width + 2).saturating_sub(cell.width())));
        }
        let text = text.trim_end();
        out.push_str(&if bold && color { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") });
    };
    line(&mut headers.iter().copied(), true);
    for row in rows {
        if is_note(row) {
            for text in row.iter().flat_map(|note| note.lines()) {
                line(&mut std::iter::once(format!("    {text}").as_str()), false);
            }
            continue;
        }
        line(&mut row.iter().map(String::as_str), false);
    }
}

/// Text as Markdown shows it: no link, no picture, no HTML, no emphasis comes of it, and no table ends by it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '|' | '[' | ']' | '!' | '*' | '_' | '~' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(text) => out.push_str(&format!("\n## {}\n\n", escape(text))),
            Block::Text(text) => {
                for line in text.lines() {
                    out.push_str(&format!("{}  \n", escape(line)));
                }
            }
            Block::Table { headers, rows } => {
                out.push_str(&format!("| {} |\n|{}\n", headers.join(" | "), " --- |".repeat(headers.len())));
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|c| escape(c)).collect();
                    out.push_str(&format!("| {} |\n", cells.join(" | ")));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_width() {
        let rows = vec![vec!["a".into(), "1".into()], vec!["日本".into(), "2".into()]];
        let text = blocks(&[Block::Table { headers: vec!["x", "n"], rows }], false);
        assert_eq!(text, "x     n\na     1\n日本  2\n");
    }

    #[test]
    fn a_note_stands_under_its_row_and_widens_no_column() {
        let rows =
            vec![vec!["a".into(), "1".into()], vec!["one line\nand another".into()], vec!["b".into(), "2".into()]];
        let table = [Block::Table { headers: vec!["x", "n"], rows }];
        assert_eq!(blocks(&table, false), "x  n\na  1\n    one line\n    and another\nb  2\n");
        assert_eq!(markdown(&table), "| x | n |\n| --- | --- |\n| a | 1 |\n| one line and another |\n| b | 2 |\n");
    }

    #[test]
    fn json_is_the_same_data_in_safe_characters() {
        let hidden = "a\u{202e}b\u{200b}c\u{9b}31m\u{7f}\u{e0041}\\\u{feff} e\u{301}\u{301}\u{301}\u{301} é 日本";
        let value = serde_json::json!({ hidden: [hidden, "\n"] });
        for text in [pretty(&value), value.to_string()] {
            let shown = safe(&text);
            assert!(!shown.chars().any(|c| c != '\n' && crate::text::is_hidden(c)), "{shown}");
            assert!(
                shown.contains("\\u202e") && shown.contains("\\udb40\\udc41") && shown.contains("é 日本"),
                "{shown}"
            );
            assert!(!shown.contains("\u{301}\u{301}\u{301}"), "{shown}");
            assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn markdown_cells_cannot_break_the_table() {
        let rows = vec![vec!["a|b\n<script>".into()]];
        let text = markdown(&[Block::Table { headers: vec!["x"], rows }]);
        assert_eq!(text, "| x |\n| --- |\n| a\\|b &lt;script&gt; |\n");
    }

    #[test]
    fn nothing_in_markdown_comes_alive() {
        let hostile = "![x](http://evil) [y](javascript:z) <img src=q> &lt; *b* _i_ ~s~";
        let all = markdown(&[
            Block::Heading(hostile.into()),
            Block::Text(hostile.into()),
            Block::Table { headers: vec!["x"], rows: vec![vec![hostile.into()]] },
        ]);
        let dead = r"\!\[x\](http://evil) \[y\](javascript:z) &lt;img src=q&gt; &amp;lt; \*b\* \_i\_ \~s\~";
        assert_eq!(all.matches(dead).count(), 3, "{all}");
    }
}
