//! YAML as a tree of nodes, as if it were JSON: what Kubernetes tools write.
//!
//! Aliases are refused: no scanner writes them, and a few lines of them unfold to gigabytes. What is plain (`true`, `7`,
//! `~`) is taken as JSON takes it; numbers keep their writing, so that a version `1.10` stays one.

use std::borrow::Cow;
use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::Unreadable;
use super::node::{Digits, Node};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// A list or an object that is not complete yet.
enum Open<'a> {
    List(Vec<Node<'a>>),
    Object { entries: Vec<(Cow<'a, str>, Node<'a>)>, keys: HashSet<Cow<'a, str>>, key: Option<Cow<'a, str>> },
}

/// Reads all documents of a text; empty ones are left out. Errors have line and column.
pub(super) fn documents(text: &str) -> Result<Vec<Node<'_>>, Unreadable> {
    let mut parser = Parser::new_from_str(text);
    let mut done = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| broken(e.info(), e.marker()))?;
        let value = match event {
            Event::Scalar(value, style, _, tag) => {
                let text = tag.as_ref().is_some_and(|t| t.suffix == "str");
                Some(scalar(value, text || style != ScalarStyle::Plain))
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Object { entries: Vec::new(), keys: HashSet::new(), key: None });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|closed| match closed {
                Open::List(items) => Node::List(items),
                Open::Object { entries, .. } => Node::Object(entries),
            }),
            Event::Alias(_) => return Err(broken("it has an alias, which is never followed here", &span.start)),
            _ => None,
        };
        if open.len() > MAX_DEPTH {
            return Err(broken(&format!("it is nested more than {MAX_DEPTH} deep"), &span.start));
        }
        let Some(value) = value else { continue };
        match open.last_mut() {
            Some(into) => put(into, value).map_err(|why| broken(&why, &span.start))?,
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
    fn bombs_and_damage_are_refused_with_their_place() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(documents(bomb).unwrap_err().0.contains("an alias"));
        assert!(documents("a: 1\na: 2\n").unwrap_err().0.contains("stands twice"));
        assert!(documents("a: [1\nb: 2\n").unwrap_err().0.contains("line 2"));
        assert!(documents(&"[".repeat(10_000)).is_err());
        let deep: Vec<String> = (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(documents(&deep.concat()).unwrap_err().0.contains("deep"));
        assert!(documents("").unwrap().is_empty());
    }
}
