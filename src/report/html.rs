//! Pieces of HTML, as scanners write their descriptions in it, and whole pages of it.

use std::borrow::Cow;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// A piece of a page.
#[derive(Debug)]
pub(super) enum Piece {
    /// An element begins: its name, and its attributes.
    Open(String, Vec<(String, String)>),
    /// An element ends.
    Close(String),
    /// Text, with its entities resolved.
    Text(String),
}

impl Piece {
    /// Whether an element of this name begins.
    pub(super) fn opens(&self, element: &str) -> bool {
        matches!(self, Self::Open(name, _) if name == element)
    }

    /// An attribute of an element that begins.
    pub(super) fn attribute(&self, wanted: &str) -> Option<&str> {
        let Self::Open(_, attributes) = self else { return None };
        attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// Whether an element that begins has this class.
    pub(super) fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|c| c.split_whitespace().any(|c| c == class))
    }
}

/// The pieces of a page, in their order. What is no HTML is text; nothing is refused.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = Piece> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut emitter: DefaultEmitter = DefaultEmitter::default();
    // What stands in a script or a style is no markup.
    emitter.naively_switch_states(true);
    // Reading from memory cannot fail.
    Tokenizer::new_with_emitter(html, emitter).flatten().filter_map(move |token| match token {
        Token::StartTag(tag) => {
            let attributes = tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
            Some(Piece::Open(text(&tag.name), attributes))
        }
        Token::EndTag(tag) => Some(Piece::Close(text(&tag.name))),
        Token::String(string) => Some(Piece::Text(text(&string))),
        Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => None,
    })
}

/// The text of a piece of HTML: one line for each paragraph, a dash before each element of a list.
pub(super) fn text(html: &str) -> Cow<'_, str> {
    if !html.contains(['<', '&']) {
        return Cow::Borrowed(html.trim());
    }
    let mut out = String::with_capacity(html.len());
    let mut quiet = 0_usize;
    for piece in pieces(html) {
        match piece {
            Piece::Open(name, _) if is_unseen(&name) => quiet += 1,
            Piece::Close(name) if is_unseen(&name) => quiet = quiet.saturating_sub(1),
            Piece::Text(_) if quiet > 0 => {}
            Piece::Text(text) => out.push_str(&text),
            Piece::Open(name, _) if name == "li" => {
                new_line(&mut out);
                out.push_str("- ");
            }
            Piece::Open(name, _) | Piece::Close(name) if is_block(&name) => new_line(&mut out),
            Piece::Close(name) if matches!(name.as_str(), "td" | "th") => out.push(' '),
            Piece::Open(..) | Piece::Close(_) => {}
        }
    }
    Cow::Owned(if html.contains("<pre") { squeezed(&out, str::to_owned) } else { squeezed(&out, dense) })
}

/// The text of a piece of HTML as it stands, for what is quoted in HTML: requests and responses.
pub(super) fn verbatim(html: &str) -> String {
    let texts = pieces(html).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        piece => piece.opens("br").then(|| "\n".to_owned()),
    });
    texts.collect()
}

/// Text as a piece of HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Where the links of a piece of HTML lead to.
pub(super) fn links(html: &str) -> Vec<String> {
    let links = pieces(html).filter(|p| p.opens("a")).filter_map(|p| p.attribute("href").map(str::to_owned));
    links.filter(|l| l.starts_with("http")).collect()
}

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
    for piece in pieces(html) {
        let cell = |tables: &mut Vec<Table>, write: &dyn Fn(&mut Cell)| {
            if let Some(cell) = tables.last_mut().and_then(|t| t.last_mut()).and_then(|r| r.last_mut()) {
                write(cell);
            }
        };
        match piece {
            Piece::Open(ref name, _) => match name.as_str() {
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
                    if is_block(name) {
                        begin_line(&mut c.text);
                    }
                    if c.link.is_none() {
                        c.link = piece.attribute("href").map(str::to_owned);
                    }
                }),
                _ => {}
            },
            Piece::Close(name) => match name.as_str() {
                "table" => {
                    depth = depth.saturating_sub(1);
                    in_cell = in_cell && depth > 0;
                    if in_cell {
                        cell(&mut tables, &|c| begin_line(&mut c.text));
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

/// Whether a browser shows nothing of what is in the element.
fn is_unseen(element: &str) -> bool {
    matches!(element, "script" | "style")
}

fn begin_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Lines without blanks around them, and none that is empty.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

fn new_line(out: &mut String) {
    let kept = out.trim_end_matches([' ', '\t']).len();
    out.truncate(kept);
    if !out.is_empty() && !out.ends_with('\n') && !out.ends_with("- ") {
        out.push('\n');
    }
}

fn is_block(element: &str) -> bool {
    matches!(
        element,
        "p" | "br"
            | "div"
            | "ul"
            | "ol"
            | "tr"
            | "table"
            | "pre"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "blockquote"
            | "dt"
            | "dd"
    )
}

/// Without lines that are blank, and each line as it is given back.
fn squeezed(text: &str, line: impl Fn(&str) -> String) -> String {
    let lines = text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty() && l.trim() != "-");
    lines.map(line).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A line with single blanks between its words, as a browser shows it.
fn dense(line: &str) -> String {
    line.split([' ', '\t']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_become_lines() {
        let html = "<div><p>One &amp; <b>two</b>&#39;s.</p><ul><li>a</li><li><a href='https://x.example/'>b</a></li></ul>\n\
            <p>&lt;script&gt; x</p></div>";
        assert_eq!(text(html), "One & two's.\n- a\n- b\n<script> x");
        assert_eq!(links(html), ["https://x.example/"]);
        assert_eq!(text(" plain text "), "plain text");
        assert_eq!(text("a < b, <unclosed"), "a < b,");
        assert_eq!(text("<p>a\n      b</p>"), "a\nb");
        assert_eq!(verbatim("GET /<b>a</b> HTTP/1.1<br>\n\n&lt;x&gt;"), "GET /a HTTP/1.1\n\n\n<x>");
        assert_eq!(text(&escaped("<script> & x")), "<script> & x");
    }

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
}
