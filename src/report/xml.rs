//! XML by events, without a document type: entities that a document declares itself are refused, whatever they are.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Unreadable;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// An element with all that is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name, without a prefix.
    pub name: String,
    /// Its attributes, in their order, with their prefixes.
    pub attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub text: String,
    /// The elements directly in it.
    pub children: Vec<Self>,
}

impl Node {
    /// The text of the first element of that name directly in this one, trimmed, if it is not blank.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim()).filter(|t| !t.is_empty())
    }

    /// The text at the end of a path of elements: `a/b/c`, of each the first.
    pub(super) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path).map(|c| c.text.trim()).filter(|t| !t.is_empty())
    }

    /// The element at the end of a path of elements: `a/b/c`, of each the first.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |node, name| node.child(name))
    }

    /// The first element of that name directly in this one.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// All elements of that name directly in this one.
    pub(super) fn all<'n>(&'n self, name: &str) -> impl Iterator<Item = &'n Self> {
        let name = name.to_owned();
        self.children.iter().filter(move |c| c.name == name)
    }

    /// All elements of that name at any depth, in the document's order; those within others of that name too.
    pub(super) fn descendants<'n>(&'n self, name: &str) -> Vec<&'n Self> {
        let mut found = Vec::new();
        let mut open: Vec<&Self> = self.children.iter().rev().collect();
        while let Some(node) = open.pop() {
            if node.name == name {
                found.push(node);
            }
            open.extend(node.children.iter().rev());
        }
        found
    }

    /// An attribute, trimmed, if it is not blank.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// An attribute, or the text of an element of that name directly in this one.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.attribute(name).or_else(|| self.text_of(name))
    }

    /// The text in it, at any depth, in the document's order.
    pub(super) fn all_text(&self) -> String {
        let mut out = self.text.clone();
        for child in &self.children {
            out.push(' ');
            out.push_str(&child.all_text());
        }
        out
    }
}

/// What a document is made of, seen from outside.
pub(super) enum Part {
    /// An element that the caller did not ask for begins.
    Open(Node),
    /// An element that the caller asked for, complete.
    Whole(Node),
    /// An element that began before ends; its name.
    Close(String),
}

/// A document seen from outside, as far as it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    /// The name of the outermost element, without a prefix.
    pub root: String,
    /// Its attributes, with those that declare prefixes.
    pub attributes: Vec<(String, String)>,
    /// The names of the first elements, without prefixes, each once.
    pub elements: Vec<String>,
}

impl Sketch {
    /// Whether one of the first elements has this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.elements.iter().any(|e| e == name)
    }

    /// An attribute of the outermost element.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Looks at the first elements of a document; `None` if there is no element.
pub(super) fn sketch(text: &str) -> Option<Sketch> {
    /// How many elements are looked at.
    const FIRST: usize = 400;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut sketch: Option<Sketch> = None;
    let mut seen = 0;
    while seen < FIRST {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                seen += 1;
                let name = name_of(&start);
                match &mut sketch {
                    None => {
                        let mut attributes = start.attributes();
                        let attributes = attributes
                            .with_checks(false)
                            .flatten()
                            .filter_map(|a| {
                                let value = a.normalized_value(XmlVersion::Implicit1_0).ok()?;
                                Some((a.key.as_ref().to_owned(), value.into_owned()))
                            })
                            .collect();
                        sketch = Some(Sketch { root: name, attributes, elements: Vec::new() });
                    }
                    Some(sketch) if !sketch.contains(&name) => sketch.elements.push(name),
                    Some(_) => {}
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    sketch
}

/// Reads a document as a whole. For large reports [`walk`] holds one result at a time.
pub(super) fn document(text: &str) -> Result<Node, Unreadable> {
    let mut root = None;
    let name = sketch(text).map(|s| s.root).unwrap_or_default();
    walk(text, &[&name], |part| {
        if let Part::Whole(node) = part {
            root.get_or_insert(node);
        }
    })?;
    root.ok_or_else(|| Unreadable("The XML has no element.".to_owned()))
}

/// Walks through a document. Elements called one of `whole` are given complete, all others as they begin and end.
pub(super) fn walk(text: &str, whole: &[&str], mut visit: impl FnMut(Part)) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0;
    let mut seen = false;
    loop {
        match next(&mut reader, text)? {
            Event::Start(start) => {
                seen = true;
                let node = opened(&start, &reader, text)?;
                if whole.contains(&node.name.as_str()) {
                    visit(Part::Whole(filled(node, &mut reader, text)?));
                } else {
                    depth = deeper(depth, &reader, text)?;
                    visit(Part::Open(node));
                }
            }
            Event::Empty(start) => {
                seen = true;
                let node = opened(&start, &reader, text)?;
                if whole.contains(&node.name.as_str()) {
                    visit(Part::Whole(node));
                } else {
                    let name = node.name.clone();
                    visit(Part::Open(node));
                    visit(Part::Close(name));
                }
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                let name = bare(end.name().as_ref());
                visit(Part::Close(name));
            }
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
        node.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(node)
}

fn name_of(start: &BytesStart<'_>) -> String {
    bare(start.name().as_ref())
}

/// A name without its prefix: writers choose prefixes freely.
fn bare(name: &str) -> String {
    name.rsplit_once(':').map_or(name, |(_, bare)| bare).to_owned()
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
        walk(text, &["a"], |part| {
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
        assert_eq!(found[0].attribute("k"), Some("1 < 2"));
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
