//! XML by events, without a document type: entities that a document declares itself are refused, whatever they are.

use std::collections::BTreeMap;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Unreadable;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// An element with all that is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name, as written.
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The text directly in it.
    pub text: String,
    /// The elements directly in it.
    pub children: Vec<Self>,
}

impl Node {
    /// The text of the first element of that name directly in this one, if it is not blank.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim()).filter(|t| !t.is_empty())
    }

    /// The first element of that name directly in this one.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }
}

/// What a document is made of, seen from outside.
pub(super) enum Part {
    /// An element that the caller did not ask for begins.
    Open(Node),
    /// An element that the caller asked for, complete.
    Whole(Node),
}

/// The name of the outermost element; `None` if there is none.
pub(super) fn root_name(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => return Some(name_of(&start)),
            Ok(Event::Eof) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Walks through a document. Elements called `whole` are given complete, all others as they begin.
pub(super) fn walk(text: &str, whole: &str, mut visit: impl FnMut(Part)) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0;
    let mut seen = false;
    loop {
        match next(&mut reader, text)? {
            Event::Start(start) => {
                seen = true;
                let node = opened(&start, &reader, text)?;
                if node.name == whole {
                    visit(Part::Whole(filled(node, &mut reader, text)?));
                } else {
                    depth = deeper(depth, &reader, text)?;
                    visit(Part::Open(node));
                }
            }
            Event::Empty(start) => {
                seen = true;
                let node = opened(&start, &reader, text)?;
                visit(if node.name == whole { Part::Whole(node) } else { Part::Open(node) });
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof if depth == 0 && seen => return Ok(()),
            Event::Eof => return Err(broken("it ends before its last element is closed", &reader, text)),
            _ => {}
        }
    }
}

fn filled(root: Node, reader: &mut Reader<&[u8]>, text: &str) -> Result<Node, Unreadable> {
    let mut open = vec![root];
    loop {
        let event = next(reader, text)?;
        let Some(top) = open.last_mut() else { return Err(broken("an element is closed twice", reader, text)) };
        match event {
            Event::Start(start) => {
                deeper(open.len(), reader, text)?;
                open.push(opened(&start, reader, text)?);
            }
            Event::Empty(start) => top.children.push(opened(&start, reader, text)?),
            Event::Text(part) => top.text.push_str(&part.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(part) => top.text.push_str(&part.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(entity) => top.text.push_str(&resolved(&entity, reader, text)?),
            Event::End(_) => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(above) => above.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::Eof => return Err(broken("it ends before its last element is closed", reader, text)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn next<'t>(reader: &mut Reader<&'t [u8]>, text: &str) -> Result<Event<'t>, Unreadable> {
    let event = reader.read_event().map_err(|e| broken(&e.to_string(), reader, text))?;
    if let Event::DocType(kind) = &event {
        let declared: &str = kind;
        if declared.contains("<!ENTITY") || declared.contains("<!entity") {
            return Err(broken("it declares entities of its own, which are never expanded here", reader, text));
        }
    }
    Ok(event)
}

fn opened(start: &BytesStart<'_>, reader: &Reader<&[u8]>, text: &str) -> Result<Node, Unreadable> {
    let mut node = Node { name: name_of(start), ..Node::default() };
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| broken(&e.to_string(), reader, text))?;
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| broken(&e.to_string(), reader, text))?;
        node.attributes.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(node)
}

fn name_of(start: &BytesStart<'_>) -> String {
    start.name().as_ref().to_owned()
}

fn resolved(entity: &BytesRef<'_>, reader: &Reader<&[u8]>, text: &str) -> Result<String, Unreadable> {
    if let Some(c) = entity.resolve_char_ref().map_err(|e| broken(&e.to_string(), reader, text))? {
        return Ok(c.to_string());
    }
    let name: &str = entity;
    quick_xml::escape::resolve_predefined_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| broken(&format!("the entity &{}; is not known", crate::text::line(name)), reader, text))
}

fn deeper(depth: usize, reader: &Reader<&[u8]>, text: &str) -> Result<usize, Unreadable> {
    if depth >= MAX_DEPTH {
        return Err(broken(&format!("its elements are nested more than {MAX_DEPTH} deep"), reader, text));
    }
    Ok(depth + 1)
}

fn broken(why: &str, reader: &Reader<&[u8]>, text: &str) -> Unreadable {
    let at = usize::try_from(reader.error_position().max(reader.buffer_position())).unwrap_or(usize::MAX);
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
    let line = before.split(|b| *b == b'\n').count();
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    Unreadable(format!("The XML cannot be read: {why}, at line {line} column {column}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(text: &str) -> Result<Vec<Node>, Unreadable> {
        let mut out = Vec::new();
        walk(text, "a", |part| {
            if let Part::Whole(node) = part {
                out.push(node);
            }
        })?;
        Ok(out)
    }

    #[test]
    fn elements_attributes_and_references() {
        let found =
            alerts(r#"<?xml version="1.0"?><r><a k="1 &lt; 2"><b>x &amp; &#65;<![CDATA[<y>]]></b></a><a/></r>"#);
        let found = found.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].attributes["k"], "1 < 2");
        assert_eq!(found[0].text_of("b"), Some("x & A<y>"));
    }

    #[test]
    fn bombs_and_outside_entities_are_refused() {
        let bomb = r#"<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><r><a><c>&b;</c></a></r>"#;
        assert!(alerts(bomb).unwrap_err().0.contains("declares entities"));
        let outside = r#"<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><a>&x;</a></r>"#;
        assert!(alerts(outside).unwrap_err().0.contains("declares entities"));
        assert!(alerts("<r><a>&x;</a></r>").unwrap_err().0.contains("&x; is not known"));
    }

    #[test]
    fn broken_documents_say_where() {
        assert!(alerts("<r>\n<a><b></a></r>").unwrap_err().0.contains("line 2"));
        assert!(alerts("<r><a>").unwrap_err().0.contains("ends before"));
        assert!(alerts(&format!("<r><a>{}", "<b>".repeat(10_000))).unwrap_err().0.contains("nested"));
        assert!(alerts(&"<b>".repeat(10_000)).unwrap_err().0.contains("nested"));
    }
}
