//! A JSON document as a tree: what readers of most formats look into, field by field.
//!
//! Fields are taken as what they are: a scanner that writes a number where its last version wrote a string is read all
//! the same, and what is not there is [`Node::Null`]. Lists of results are NOT read this way: see [`Node::results`].

mod cut;
mod grow;

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeSeed as _;

use grow::{Grow, Unread, Whole};

pub(super) use cut::{PART, each_of};

pub(super) use grow::{Bounds, sketch};

use super::Unreadable;
use super::limits::{LONGEST, MOST_IDS, within};

/// A value of a JSON document.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Node<'a> {
    /// `null`, and all that is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Truth(bool),
    /// A number, in its shortest writing.
    Number(Digits),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object: keys in their order; none stands twice.
    Object(Vec<(Cow<'a, str>, Self)>),
    /// What [`Node::outline`] left unread: the JSON of the value.
    Unread(&'a str),
    /// What [`Node::cut`] left unread: a list in parts, each the JSON of some of its elements, with the commas between them.
    Parts(Vec<&'a str>),
}

/// A number in its shortest writing, which is short: a list of results has hundreds of thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    length: u8,
    bytes: [u8; Self::MOST],
}

impl Digits {
    /// No number that JSON readers give has more characters.
    pub(super) const MOST: usize = 26;

    /// Of a number as it is written. What is longer than any number is cut.
    pub(super) fn of(written: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; Self::MOST];
        let mut rest = bytes.as_mut_slice();
        // A full buffer is the only error there is.
        drop(std::io::Write::write_fmt(&mut rest, written));
        let length = u8::try_from(Self::MOST - rest.len()).unwrap_or(0);
        Self { length, bytes }
    }

    /// Of a whole number: nearly all are, and there are millions of lines and columns.
    pub(super) fn of_whole(number: u64) -> Self {
        let mut bytes = [0; Self::MOST];
        let (mut rest, mut length) = (number, 1);
        while rest >= 10 {
            rest /= 10;
            length += 1;
        }
        rest = number;
        for place in bytes.iter_mut().take(length).rev() {
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        Self { length: u8::try_from(length).unwrap_or(0), bytes }
    }

    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

static NULL: Node<'static> = Node::Null;

impl<'a> Node<'a> {
    /// Reads a document. Errors have line and column; a key that stands twice in one object is one of them.
    pub(super) fn parse(text: &'a str) -> Result<Self, Unreadable> {
        serde_json::from_str::<Whole<'a>>(text).map(|w| w.0).map_err(|e| super::limits::unreadable(&e))
    }

    /// Reads one document after another, as JSON lines or not: blanks and line ends between them are all one.
    pub(super) fn parse_all(text: &'a str) -> Result<Vec<Self>, Unreadable> {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Whole<'a>>();
        documents.map(|d| d.map(|w| w.0)).collect::<Result<_, _>>().map_err(|e| super::limits::unreadable(&e))
    }

    /// Reads a document but for the values of these keys, which stay [`Unread`](Self::Unread) until [`each`](Self::each)
    /// goes through them: so a list of a million results is never held.
    pub(super) fn outline(text: &'a str, unread: &'static [&'static str]) -> Result<Self, Unreadable> {
        Self::but(text, Unread { keys: unread, cut: None })
    }

    /// As [`outline`](Self::outline), with lists cut into parts that can be read side by side. What is an object in place
    /// of a list is empty then.
    pub(super) fn cut(text: &'a str, unread: &'static [&'static str]) -> Result<Self, Unreadable> {
        Self::but(text, Unread { keys: unread, cut: Some(text) })
    }

    fn but(text: &'a str, unread: Unread<'a>) -> Result<Self, Unreadable> {
        let mut node = Node::Null;
        let mut reader = serde_json::Deserializer::from_str(text);
        let grow = Grow { into: &mut node, bounds: None, unread };
        grow.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|e| super::limits::unreadable(&e))?;
        Ok(node)
    }

    /// Goes through a list of results, one at a time if it was cut, of a document with this text. What is not a list is an
    /// error.
    pub(super) fn each(
        &self,
        text: &str,
        mut visit: impl FnMut(&Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        match self {
            Self::Parts(parts) => parts.iter().try_for_each(|part| each_of(text, part, &mut visit)),
            Self::List(items) => items.iter().try_for_each(visit),
            other => Err(Unreadable(format!("A list of results was expected, and this is {}.", other.kind()))),
        }
    }

    /// The value of a key; `Null` if it has none, or is no object.
    pub(super) fn get(&self, key: &str) -> &Self {
        let Self::Object(entries) = self else { return outlived(&NULL) };
        entries.iter().find(|(k, _)| k == key).map_or_else(|| outlived(&NULL), |(_, v)| v)
    }

    /// The value at the end of a path of keys: `at("a.b.c")`. Keys with a point in them need [`get`](Self::get). A number is
    /// an index of a list.
    pub(super) fn at(&self, path: &str) -> &Self {
        path.split('.').fold(self, |node, key| match node {
            Self::List(items) => {
                key.parse().ok().and_then(|index: usize| items.get(index)).unwrap_or_else(|| outlived(&NULL))
            }
            node => node.get(key),
        })
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(self, Self::Object(entries) if entries.iter().any(|(k, _)| k == key))
    }

    /// Whether all these keys are there.
    pub(super) fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|k| self.has(k))
    }

    /// Whether one of these keys is there.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|k| self.has(k))
    }

    /// Whether it is `null` or not there.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// The text, or the number or truth value as text; `None` for blank text and everything else.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_ref()).filter(|t| !t.trim().is_empty()),
            Self::Number(number) => Some(number.as_str()),
            Self::Truth(true) => Some("true"),
            Self::Truth(false) => Some("false"),
            _ => None,
        }
    }

    /// As [`text`](Self::text), or nothing.
    pub(super) fn or_empty(&self) -> &str {
        self.text().unwrap_or_default()
    }

    /// As [`text`](Self::text), owned.
    pub(super) fn owned(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// A whole number that is not negative, also from text and from `3.0`.
    pub(super) fn number(&self) -> Option<u32> {
        let text = self.text()?.trim();
        text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
    }

    /// A number, also from text.
    pub(super) fn score(&self) -> Option<f64> {
        self.text()?.trim().parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// Whether it is `true`, or the text `true`.
    pub(super) fn is_true(&self) -> bool {
        self.text().is_some_and(|t| t.eq_ignore_ascii_case("true"))
    }

    /// The elements of a list; an object or a text is a list of one; everything else is the empty list. For what describes
    /// a finding, never for the findings themselves.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Object(_) | Self::Text(_) => std::slice::from_ref(self),
            Self::Null | Self::Truth(_) | Self::Number(_) | Self::Unread(_) | Self::Parts(_) => &[],
        }
    }

    /// The texts among [`items`](Self::items).
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Self::text)
    }

    /// The keys and values of an object; else nothing.
    pub(super) fn entries(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The list of results at a path. What is not a list there is an error, and so is what is not there: read as nothing it
    /// would be a clean report.
    pub(super) fn results(&self, path: &str) -> Result<&[Self], Unreadable> {
        match self.at(path) {
            Self::List(items) => Ok(items),
            other => Err(Unreadable(format!("\"{path}\" has to be a list of results, and is {}.", other.kind()))),
        }
    }

    /// As [`results`](Self::results), where the tool writes `null` or nothing for no results.
    pub(super) fn results_or_none(&self, path: &str) -> Result<&[Self], Unreadable> {
        if self.at(path).is_null() { Ok(&[]) } else { self.results(path) }
    }

    /// An element of a list of results, if it is an object: anything else there is an error, never dropped.
    pub(super) fn object(&self) -> Result<&Self, Unreadable> {
        if self.is_object() {
            return Ok(self);
        }
        Err(Unreadable(format!("A result has to be an object, and is {}.", self.kind())))
    }

    /// The elements of the document itself.
    pub(super) fn list(&self) -> Result<&[Self], Unreadable> {
        match self {
            Self::List(items) => Ok(items),
            other => Err(Unreadable(format!("The report has to be a list of results, and is {}.", other.kind()))),
        }
    }

    /// Cuts texts that are longer than a finding's may be, before many findings repeat them.
    pub(super) fn shorten(&mut self) {
        match self {
            Self::Text(text) if text.len() > LONGEST => *text = Cow::Owned(within(text, LONGEST).into_owned()),
            Self::List(items) => items.iter_mut().for_each(Self::shorten),
            Self::Object(entries) => entries.iter_mut().for_each(|(_, value)| value.shorten()),
            _ => {}
        }
    }

    /// As [`shorten`](Self::shorten), of what each of many findings goes through: lists and objects keep no more
    /// than their first thousand entries, and of texts in one list only what is not longer together than a single one.
    pub(super) fn prune(&mut self) {
        match self {
            Self::Text(_) => self.shorten(),
            Self::List(items) => {
                items.truncate(MOST_IDS);
                let mut left = LONGEST;
                items.retain(|item| {
                    let size = if let Self::Text(text) = item { text.len().min(LONGEST) } else { 0 };
                    let fits = left.checked_sub(size);
                    left = fits.unwrap_or(left);
                    fits.is_some()
                });
                items.iter_mut().for_each(Self::prune);
            }
            Self::Object(entries) => {
                entries.truncate(MOST_IDS);
                for (_, value) in entries {
                    value.prune();
                }
            }
            _ => {}
        }
    }

    /// The value of a key, to change it.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Object(entries) = self else { return None };
        entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "missing or null",
            Self::Truth(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) | Self::Parts(_) => "a list",
            Self::Object(_) => "an object",
            Self::Unread(raw) if raw.starts_with('[') => "a list",
            Self::Unread(raw) if raw.starts_with('{') => "an object",
            Self::Unread(_) => "a single value",
        }
    }
}

/// A static null in place of one that lives as long as the document.
fn outlived<'n, 'a>(null: &'n Node<'static>) -> &'n Node<'a> {
    // Nodes are covariant in what they borrow.
    null
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_as_what_they_are() {
        let node =
            Node::parse(r#"{"n": "7", "f": 3.0, "t": true, "o": {"a": [{"x": "y"}]}, "l": ["a", 1, null], "b": " "}"#);
        let node = node.unwrap();
        assert_eq!(
            (node.get("n").number(), node.get("f").number(), node.get("f").text()),
            (Some(7), Some(3), Some("3"))
        );
        assert!(node.get("t").is_true() && node.get("b").text().is_none() && node.get("none").is_null());
        assert_eq!(node.at("o.a.0.x").text(), Some("y"));
        assert_eq!(node.at("o.a.1.x.z"), &Node::Null);
        assert_eq!(node.get("l").texts().collect::<Vec<_>>(), ["a", "1"]);
        assert_eq!(node.get("n").items().len(), 1);
        assert!(node.results("n").unwrap_err().0.contains("is a text"));
        assert!(node.results("none").is_err() && node.results_or_none("none").unwrap().is_empty());
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error_with_its_place() {
        let error = Node::parse("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert!(error.0.contains("\"a\" stands twice") && error.0.contains("line 2"), "{error}");
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\": 1")).collect();
        assert!(Node::parse(&format!("{{{}}}", many.join(","))).is_ok());
        assert!(Node::parse(&format!("{{{}, \"k7\": 0}}", many.join(","))).is_err());
    }

    #[test]
    fn documents_may_follow_one_another() {
        assert_eq!(Node::parse_all("{\"a\": 1}\n{\"a\": 2}{\"a\": 3}\n").unwrap().len(), 3);
        assert!(Node::parse_all("{\"a\": 1}\n{\"a\": ").unwrap_err().0.contains("line 2"));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Node::parse(&"[".repeat(200_000)).is_err());
        assert!(Node::parse(&format!("{{\"a\": {}{}}}", "[".repeat(200_000), "]".repeat(200_000))).is_err());
    }

    #[test]
    fn a_sketch_has_the_outer_levels_also_of_what_breaks_off() {
        let bounds = Bounds { depth: 2, elements: 1, keys: 8 };
        let (node, end) = sketch(r#"{"a": [{"b": {"c": 1}}, 2], "d": {"e": "#, bounds);
        assert_eq!(node.at("a.0"), &Node::Object(Vec::new()));
        assert!(node.get("d").has("e"));
        assert_eq!(end, 39);
        assert_eq!(sketch("{} {}", bounds).1, 2);
    }
}
