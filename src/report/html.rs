//! HTML: its tables as cells of text, and descriptions as plain text.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// One cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// The text in it, with that of tables within it.
    pub text: String,
    /// Where its first link leads.
    pub link: Option<String>,
}

/// A table that stands in no other table: its rows.
pub(super) type Table = Vec<Vec<Cell>>;

/// The outermost tables of a document, in their order.
pub(super) fn tables(html: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut depth = 0_usize;
    let mut in_cell = false;
    let mut quiet = 0_usize;
    for token in tokens(html) {
        let cell = |tables: &mut Vec<Table>, write: &dyn Fn(&mut Cell)| {
            if let Some(cell) = tables.last_mut().and_then(|t| t.last_mut()).and_then(|r| r.last_mut()) {
                write(cell);
            }
        };
        match token {
            Piece::Start(name, link) => match name.as_str() {
                "table" => {
                    depth += 1;
                    if depth == 1 {
                        tables.push(Vec::new());
                        in_cell = false;
                    }
                }
                "tr" if depth == 1 => {
                    if let Some(table) = tables.last_mut() {
                        table.push(Vec::new());
                    }
                    in_cell = false;
                }
                "td" | "th" if depth == 1 => {
                    if let Some(table) = tables.last_mut() {
                        match table.last_mut() {
                            Some(row) => row.push(Cell::default()),
                            None => table.push(vec![Cell::default()]),
                        }
                        in_cell = true;
                    }
                }
                "script" | "style" => quiet += 1,
                name if in_cell => cell(&mut tables, &|c| {
                    if breaks(name) {
                        new_line(&mut c.text);
                    }
                    if c.link.is_none() {
                        c.link.clone_from(&link);
                    }
                }),
                _ => {}
            },
            Piece::End(name) => match name.as_str() {
                "table" => {
                    depth = depth.saturating_sub(1);
                    in_cell = in_cell && depth > 0;
                    if in_cell {
                        cell(&mut tables, &|c| new_line(&mut c.text));
                    }
                }
                "td" | "th" if depth == 1 => in_cell = false,
                "script" | "style" => quiet = quiet.saturating_sub(1),
                _ => {}
            },
            Piece::Text(text) if in_cell && quiet == 0 => cell(&mut tables, &|c| c.text.push_str(&text)),
            Piece::Text(_) => {}
        }
    }
    for cell in tables.iter_mut().flatten().flatten() {
        cell.text = tidy(&cell.text);
    }
    tables
}

/// The text of a piece of HTML: paragraphs become lines, tags go, entities are resolved.
pub(super) fn text(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.trim().to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut quiet = 0_usize;
    for token in tokens(html) {
        match token {
            Piece::Start(name, _) if name == "script" || name == "style" => quiet += 1,
            Piece::End(name) if name == "script" || name == "style" => quiet = quiet.saturating_sub(1),
            Piece::Start(name, _) | Piece::End(name) if breaks(&name) => new_line(&mut out),
            Piece::Text(text) if quiet == 0 => out.push_str(&text),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// What a document is made of, as far as it matters here.
enum Piece {
    /// A tag begins: its name, and the link of it.
    Start(String, Option<String>),
    End(String),
    Text(String),
}

fn tokens(html: &str) -> impl Iterator<Item = Piece> {
    let mut emitter: DefaultEmitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let owned = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // Reading from memory cannot fail.
    Tokenizer::new_with_emitter(html, emitter).flatten().filter_map(move |token| match token {
        Token::StartTag(tag) => {
            let link = tag.attributes.get(b"href".as_slice()).map(|l| owned(l));
            Some(Piece::Start(owned(&tag.name), link))
        }
        Token::EndTag(tag) => Some(Piece::End(owned(&tag.name))),
        Token::String(text) => Some(Piece::Text(owned(&text))),
        _ => None,
    })
}

/// Whether a tag begins a new line.
fn breaks(name: &str) -> bool {
    matches!(
        name,
        "p" | "br" | "li" | "ul" | "ol" | "div" | "tr" | "pre" | "h1" | "h2" | "h3" | "h4" | "table" | "dt" | "dd"
    )
}

fn new_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Lines without blanks around them, and none that is empty.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_tables_have_the_text_of_inner_ones() {
        let html = "<!DOCTYPE html><p>x</p><table><tr><th>A<th>B</tr><tr><td><a href='u'>1 &amp; 2</a></td>
            <td>x<table><tr><td>in</td></tr></table> y<script>no()</script></td></tr></table><table><td>z";
        let tables = tables(html);
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0][1][0], Cell { text: "1 & 2".to_owned(), link: Some("u".to_owned()) });
        assert_eq!(tables[0][1][1].text, "x\nin\ny");
        assert_eq!(tables[1][0][0].text, "z");
    }

    #[test]
    fn descriptions_become_text() {
        assert_eq!(text("<span>One.</span><p>Two<br/>three &lt;x&gt;</p>"), "One.\nTwo\nthree <x>");
        assert_eq!(text("plain"), "plain");
        assert_eq!(text(&"<div>".repeat(100_000)), "");
    }
}
