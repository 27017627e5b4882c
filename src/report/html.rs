//! Pieces of HTML, as scanners write their descriptions in it, and whole pages of it.

use std::borrow::Cow;

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
    Tokenizer::new(html).flatten().filter_map(move |token| match token {
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
    for piece in pieces(html) {
        match piece {
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
}
