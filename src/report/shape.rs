//! What a document looks like from outside: enough to tell its format without reading all of it.

use super::node::{self, Bounds, Node};
use super::{table, xml};

/// How much of a large document is looked at first.
const BEGINNING: usize = 1 << 20;
/// How much of a JSON document is kept to tell its format.
const BOUNDS: Bounds = Bounds { depth: 6, elements: 3, keys: 96 };

/// The outermost form of a document, and its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape<'t> {
    /// The first bytes of the text, up to a mebibyte.
    pub(super) head: &'t str,
    /// What it is.
    pub(super) form: Form<'t>,
}

/// The outermost form of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form<'t> {
    /// One JSON value: its outer levels, of each list the first three elements.
    Json(Node<'t>),
    /// Several JSON values one after another: the first of them.
    Lines(Node<'t>),
    /// An XML or HTML document.
    Xml(xml::Sketch),
    /// Lines of cells: the cells of the header.
    Table(Vec<String>),
    /// An archive: the names in it.
    Archive(Vec<String>),
    /// Another text: a log, YAML, tags and values.
    Other,
}

/// How well a document fits a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is of another format.
    No,
    /// It is of this format if no more special one fits: JUnit XML may be that of a certain scanner.
    General,
    /// It is of this format.
    Sure,
}

impl From<bool> for Fit {
    fn from(sure: bool) -> Self {
        if sure { Self::Sure } else { Self::No }
    }
}

impl Fit {
    /// General, if it is so.
    pub(super) fn general(fits: bool) -> Self {
        if fits { Self::General } else { Self::No }
    }
}

impl<'t> Shape<'t> {
    /// Looks at the beginning of a document, or at all of it where `whole` is set.
    pub(super) fn of(text: &'t str, whole: bool) -> Self {
        let end = if whole || text.len() <= BEGINNING { text.len() } else { boundary(text, BEGINNING) };
        let seen = text.get(..end).unwrap_or(text);
        let head = text.get(..boundary(text, BEGINNING)).unwrap_or(text);
        let form = match seen.trim_start().chars().next() {
            Some('<') => xml::sketch(seen).map(Form::Xml),
            Some('{' | '[' | '"' | '-' | '0'..='9' | 't' | 'f' | 'n') => json(seen),
            _ => None,
        }
        .or_else(|| table::header(seen).map(Form::Table))
        .unwrap_or(Form::Other);
        Self { head, form }
    }

    /// Of an archive with these names in it.
    pub(super) fn archive(names: Vec<String>) -> Self {
        Self { head: "", form: Form::Archive(names) }
    }

    /// Whether it is larger than what was looked at.
    pub(super) fn is_beginning_of(&self, text: &str) -> bool {
        self.head.len() < text.len()
    }

    /// The JSON value, if it is a single one; else `Null`.
    pub(super) fn json(&self) -> &Node<'t> {
        match &self.form {
            Form::Json(node) => node,
            _ => &Node::Null,
        }
    }

    /// The first of several JSON values one after another, or the only one.
    pub(super) fn line(&self) -> &Node<'t> {
        match &self.form {
            Form::Json(node) | Form::Lines(node) => node,
            _ => &Node::Null,
        }
    }

    /// Whether it is a JSON object with all these keys.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        self.json().has_all(keys)
    }

    /// Whether it is a JSON list whose first element has all these keys.
    pub(super) fn lists(&self, keys: &[&str]) -> bool {
        matches!(self.json(), Node::List(items) if items.first().is_some_and(|i| i.has_all(keys)))
    }

    /// Whether it is an XML document with this outermost element, whatever its prefix.
    pub(super) fn root(&self, name: &str) -> bool {
        matches!(&self.form, Form::Xml(sketch) if sketch.root == name)
    }

    /// The XML document from outside.
    pub(super) fn xml(&self) -> Option<&xml::Sketch> {
        match &self.form {
            Form::Xml(sketch) => Some(sketch),
            _ => None,
        }
    }

    /// Whether it is a table whose header has all these cells; case does not matter.
    pub(super) fn columns(&self, names: &[&str]) -> bool {
        let Form::Table(cells) = &self.form else { return false };
        names.iter().all(|n| cells.iter().any(|c| c.trim().eq_ignore_ascii_case(n)))
    }

    /// The names in an archive.
    pub(super) fn names(&self) -> &[String] {
        match &self.form {
            Form::Archive(names) => names,
            _ => &[],
        }
    }

    /// What it is, for people; what it quotes is safe to display.
    pub(super) fn describe(&self) -> String {
        let listed = |node: &Node<'_>| {
            let keys = node.entries().iter().take(8);
            let shown: Vec<String> = keys.map(|(k, _)| format!("\"{}\"", crate::text::line(k))).collect();
            if shown.is_empty() { "without keys".to_owned() } else { format!("with {}", shown.join(", ")) }
        };
        let unknown = "which is no report that we know";
        match &self.form {
            Form::Json(node @ Node::Object(_)) => format!("a JSON object {}, {unknown}", listed(node)),
            Form::Json(Node::List(items)) => match items.first() {
                Some(first @ Node::Object(_)) => format!("a JSON list of objects {}, {unknown}", listed(first)),
                Some(first) => format!("a JSON list, its first element {}, {unknown}", first.kind()),
                None => "an empty JSON list: nothing in it says which tool wrote it; name the format with --format"
                    .to_owned(),
            },
            Form::Json(_) => "a single JSON value, not a report".to_owned(),
            Form::Lines(first) => format!("JSON values one after another, the first {}, {unknown}", listed(first)),
            Form::Xml(sketch) => format!("an XML document <{}>, {unknown}", crate::text::line(&sketch.root)),
            Form::Table(cells) => {
                let shown: Vec<String> =
                    cells.iter().take(8).map(|c| format!("\"{}\"", crate::text::line(c))).collect();
                format!("a table with the columns {}, {unknown}", shown.join(", "))
            }
            Form::Archive(names) => {
                let shown: Vec<String> =
                    names.iter().take(8).map(|n| format!("\"{}\"", crate::text::line(n))).collect();
                format!("an archive with {}, none of which is a report that we know", shown.join(", "))
            }
            Form::Other => "neither JSON, nor XML, nor a table".to_owned(),
        }
    }
}

/// The last boundary of characters that is no further than `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// The JSON value or values that a text begins with; `None` if it begins with none.
fn json(text: &str) -> Option<Form<'_>> {
    let (node, end) = node::sketch(text, BOUNDS);
    let rest = text.get(end..).unwrap_or_default().trim_start();
    match node {
        node @ (Node::Object(_) | Node::List(_)) if rest.starts_with(['{', '[']) => Some(Form::Lines(node)),
        node @ (Node::Object(_) | Node::List(_)) => Some(Form::Json(node)),
        // A log may begin with a number, a table with a word.
        node if rest.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Some(Form::Json(node))
        }
        _ => None,
    }
}
