//! YAML as a tree of nodes, as if it were JSON: what Kubernetes tools write, and Bandit.
//!
//! A few lines of aliases unfold to gigabytes: they are followed as long as what they repeat is no more than a document of
//! this length may be. Bandit writes them, where two results are of the same lines. What is plain (`true`, `7`,
//! `~`) is taken as JSON takes it; numbers keep their writing, so that a version `1.10` stays one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::Unreadable;
use super::node::{Digits, Node};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// What anchors and aliases may repeat in any document, in bytes; and how much more for each byte of its text.
const REPEATED: usize = 1 << 20;
const REPEATED_FOR_EACH: usize = 4;

/// A list or an object that is not complete yet.
enum Open<'a> {
    List(Vec<Node<'a>>),
    Object { entries: Vec<(Cow<'a, str>, Node<'a>)>, keys: HashSet<Cow<'a, str>>, key: Option<Cow<'a, str>> },
}

/// What has a name in a document, to be repeated where that is called.
struct Anchors<'a> {
    /// By their number, with how deep they are, and how large.
    named: HashMap<usize, (Node<'a>, usize, usize)>,
    /// How many bytes may still be repeated.
    left: usize,
}

impl<'a> Anchors<'a> {
    fn spend(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.left = self.left.checked_sub(bytes).ok_or("its aliases unfold to far more than there is of it")?;
        Ok(())
    }

    /// Keeps a value under its name, if it has one: 0 is none.
    fn keep(&mut self, anchor: usize, value: &Node<'a>) -> Result<(), &'static str> {
        if anchor > 0 {
            let (depth, bytes) = size(value);
            self.spend(bytes)?;
            self.named.insert(anchor, (value.clone(), depth, bytes));
        }
        Ok(())
    }

    /// What has this name, for a place that is so deep.
    fn named(&mut self, anchor: usize, at: usize) -> Result<Node<'a>, &'static str> {
        // A name that is called inside of what it names has no end.
        let (value, depth, bytes) = self.named.get(&anchor).ok_or("an alias stands for what it is in")?;
        if at + depth > MAX_DEPTH {
            return Err("its aliases make it too deep");
        }
        let (value, bytes) = (value.clone(), *bytes);
        self.spend(bytes)?;
        Ok(value)
    }
}

/// How deep a value is, and about how many bytes it takes. No value is deeper than [`MAX_DEPTH`].
fn size(value: &Node<'_>) -> (usize, usize) {
    let own = size_of::<Node<'_>>();
    let inner: Vec<(usize, usize)> = match value {
        Node::Text(text) => return (0, own + text.len()),
        Node::List(items) => items.iter().map(size).collect(),
        Node::Object(entries) => entries
            .iter()
            .map(|(key, value)| {
                let (depth, bytes) = size(value);
                (depth, bytes + size_of::<Cow<'_, str>>() + key.len())
            })
            .collect(),
        _ => return (0, own),
    };
    let deepest = inner.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
    (deepest + 1, inner.iter().fold(own, |sum, (_, bytes)| sum.saturating_add(*bytes)))
}

/// Reads all documents of a text; empty ones are left out. Errors have line and column.
pub(super) fn documents(text: &str) -> Result<Vec<Node<'_>>, Unreadable> {
    let mut parser = Parser::new_from_str(text);
    let mut done = Vec::new();
    let mut open: Vec<(Open<'_>, usize)> = Vec::new();
    let left = text.len().saturating_mul(REPEATED_FOR_EACH).saturating_add(REPEATED);
    let mut anchors = Anchors { named: HashMap::new(), left };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| broken(e.info(), e.marker()))?;
        let value = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let text = tag.as_ref().is_some_and(|t| t.suffix == "str");
                Some((scalar(value, text || style != ScalarStyle::Plain), anchor))
            }
            Event::SequenceStart(anchor, _) => {
                open.push((Open::List(Vec::new()), anchor));
                None
            }
            Event::MappingStart(anchor, _) => {
                open.push((Open::Object { entries: Vec::new(), keys: HashSet::new(), key: None }, anchor));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|(closed, anchor)| match closed {
                Open::List(items) => (Node::List(items), anchor),
                Open::Object { entries, .. } => (Node::Object(entries), anchor),
            }),
            Event::Alias(anchor) => {
                Some((anchors.named(anchor, open.len()).map_err(|why| broken(why, &span.start))?, 0))
            }
            // Names are of one document.
            Event::DocumentStart(_) => {
                anchors.named.clear();
                None
            }
            _ => None,
        };
        if open.len() > MAX_DEPTH {
            return Err(broken(&format!("it is nested more than {MAX_DEPTH} deep"), &span.start));
        }
        let Some((value, anchor)) = value else { continue };
        anchors.keep(anchor, &value).map_err(|why| broken(why, &span.start))?;
        match open.last_mut() {
            Some((into, _)) => put(into, value).map_err(|why| broken(&why, &span.start))?,
            None if value.is_null() => {}
            None => done.push(value),
        }
    }
    Ok(done)
}

/// Puts a value into what is open: into a list, or as a key, or as the value of the key before it.
fn put<'a>(into: &mut Open<'a>, value: Node<'a>) -> Result<(), String> {
    match into {
        Open::List(items) => items.push(value),
        Open::Object { entries, keys, key } => {
            if let Some(name) = key.take() {
                entries.push((name, value));
                return Ok(());
            }
            let name = match value {
                Node::Text(name) => name,
                Node::Null | Node::Unread(_) | Node::Parts(_) => Cow::Borrowed("null"),
                Node::Number(name) => Cow::Owned(name.as_str().to_owned()),
                Node::Truth(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
                Node::List(_) | Node::Object(_) => return Err("a key has to be a text".to_owned()),
            };
            // As in JSON: readers differ in which of the two they take.
            if !keys.insert(name.clone()) {
                let shown: String = crate::text::line(&name).chars().take(80).collect();
                return Err(format!("the key {shown:?} stands twice in one object"));
            }
            *key = Some(name);
        }
    }
    Ok(())
}

/// A scalar: as text, or as what it is by the core schema of YAML 1.2.
fn scalar(value: Cow<'_, str>, as_text: bool) -> Node<'_> {
    if as_text {
        return Node::Text(value);
    }
    match value.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Truth(true),
        "false" | "False" | "FALSE" => Node::Truth(false),
        number if is_number(number) && number.len() <= Digits::MOST => {
            Node::Number(Digits::of(format_args!("{number}")))
        }
        _ => Node::Text(value),
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn broken(why: &str, at: &Marker) -> Unreadable {
    let why = crate::text::line(why);
    Unreadable(format!("The YAML cannot be read: {why}, at line {} column {}.", at.line(), at.col() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_trees_as_of_json() {
        let text = "# a note\na: 1.10\nb:\n- x: true\n  y: \"7\"\n- |-\n  two\n  lines\nc: ~\nd: {e: [1, two]}\n---\n---\nz: 2021-06-22T18:20:00Z\n";
        let found = documents(text).unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!(
            (first.get("a"), first.at("b.0.x")),
            (&Node::Number(Digits::of(format_args!("1.10"))), &Node::Truth(true))
        );
        assert_eq!((first.at("b.0.y"), first.at("b.1").text()), (&Node::Text("7".into()), Some("two\nlines")));
        assert!(first.has("c") && first.get("c").is_null());
        assert_eq!(first.at("d.e.1").text(), Some("two"));
        assert_eq!(found[1].get("z").text(), Some("2021-06-22T18:20:00Z"));
    }

    #[test]
    fn aliases_stand_for_what_was_named() {
        let text = "- a: &id001\n  - 11\n  - 12\n- a: *id001\n- &t text\n- *t\n";
        let found = documents(text).unwrap();
        assert_eq!((found[0].at("0.a"), found[0].at("2")), (found[0].at("1.a"), found[0].at("3")));
        assert_eq!(found[0].at("1.a").items().len(), 2);
        assert!(documents("a: &x 1\n---\nb: *x\n").is_err(), "names are of one document");
    }

    #[test]
    fn bombs_and_damage_are_refused_with_their_place() {
        let laughs = |of: usize, times: usize| -> String {
            let level = |n: usize| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); times].join(", "));
            std::iter::once("l0: &l0 haha\n".to_owned()).chain((1..of).map(level)).collect()
        };
        assert!(documents(&laughs(9, 10)).unwrap_err().0.contains("unfold to far more than there is of it, at line 6"));
        assert!(documents(&laughs(200, 1)).unwrap_err().0.contains("too deep"));
        assert!(documents("a: &a [*a]").unwrap_err().0.contains("stands for what it is in"));
        assert!(documents("a: [*b]").unwrap_err().0.contains("line 1"));
        assert!(documents("a: 1\na: 2\n").unwrap_err().0.contains("stands twice"));
        assert!(documents("a: [1\nb: 2\n").unwrap_err().0.contains("line 2"));
        assert!(documents(&"[".repeat(10_000)).is_err());
        let deep: Vec<String> = (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(documents(&deep.concat()).unwrap_err().0.contains("deep"));
        assert!(documents("").unwrap().is_empty());
    }
}
