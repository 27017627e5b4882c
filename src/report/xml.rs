//! XML by events, without a document type: entities that a document declares itself are refused, whatever they are.

mod sketch;

use std::borrow::Cow;

use memchr::{memchr, memchr3};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::QName;
use quick_xml::{Reader, XmlVersion};

use super::Unreadable;

pub(super) use sketch::{Sketch, sketch};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// An element with all that is in it. What stands in the document as it is said is not copied.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Node<'t> {
    /// Its name, without a prefix.
    pub name: &'t str,
    /// Its attributes, in their order, with their prefixes.
    pub attributes: Vec<(&'t str, Cow<'t, str>)>,
    /// The text directly in it.
    pub text: Cow<'t, str>,
    /// The elements directly in it.
    pub children: Vec<Self>,
}

impl Node<'_> {
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
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// An attribute, or the text of an element of that name directly in this one.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.attribute(name).or_else(|| self.text_of(name))
    }

    /// The text in it, at any depth, in the document's order.
    pub(super) fn all_text(&self) -> String {
        let mut out = self.text.clone().into_owned();
        for child in &self.children {
            out.push(' ');
            out.push_str(&child.all_text());
        }
        out
    }
}

/// What a document is made of, seen from outside.
pub(super) enum Part<'t> {
    /// An element that the caller did not ask for begins.
    Open(Node<'t>),
    /// An element that the caller asked for, complete.
    Whole(Node<'t>),
    /// An element that began before ends; its name.
    Close(&'t str),
}

/// Reads a document as a whole. For large reports [`walk`] holds one result at a time.
pub(super) fn document(text: &str) -> Result<Node<'_>, Unreadable> {
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
pub(super) fn walk<'t>(text: &'t str, whole: &[&str], mut visit: impl FnMut(Part<'t>)) -> Result<(), Unreadable> {
    let mut walk = Walk::of(text);
    loop {
        match walk.step(whole)? {
            Some(Step::Outer(part)) => visit(part),
            Some(Step::Wanted { start, is_empty, .. }) => visit(Part::Whole(walk.source.whole(&start, is_empty)?)),
            None => return Ok(()),
        }
    }
}

/// An element that was passed over, for [`Elements`] to read, and what it stands in.
pub(super) enum Passed<'t> {
    /// An element that the caller did not ask for begins.
    Open(Node<'t>),
    /// Where an element stands that the caller asked for.
    Unread(&'t str),
}

/// As [`walk`], without reading what is asked for: so that it can be read on all cores.
pub(super) fn pass<'t>(text: &'t str, wanted: &[&str], mut visit: impl FnMut(Passed<'t>)) -> Result<(), Unreadable> {
    let mut walk = Walk::of(text);
    loop {
        match walk.step(wanted)? {
            Some(Step::Outer(Part::Open(node))) => visit(Passed::Open(node)),
            Some(Step::Outer(_)) => {}
            Some(Step::Wanted { start, begin, is_empty }) => {
                let source = &mut walk.source;
                if !is_empty {
                    source.skip(start.name())?;
                }
                visit(Passed::Unread(source.text.get(begin..source.at()).unwrap_or_default()));
            }
            None => return Ok(()),
        }
    }
}

/// Reads elements that were passed over, in their order.
pub(super) struct Elements<'t>(Source<'t>);

impl<'t> Elements<'t> {
    /// Of a document with this text.
    pub(super) fn of(text: &'t str) -> Self {
        Self(Source { reader: Reader::from_str(""), text, base: 0 })
    }

    /// Reads the next one.
    pub(super) fn read(&mut self, passed: &'t str) -> Result<Node<'t>, Unreadable> {
        let Self(source) = self;
        source.go_to(passed);
        match source.next()? {
            Event::Start(start) => source.whole(&start, false),
            Event::Empty(start) => source.whole(&start, true),
            _ => Err(source.broken("an element was expected")),
        }
    }
}

/// A document, or a part of one, that is being read.
struct Source<'t> {
    reader: Reader<&'t [u8]>,
    /// The whole document.
    text: &'t str,
    /// Where in it the part begins.
    base: usize,
}

struct Walk<'t> {
    source: Source<'t>,
    depth: usize,
    seen: bool,
    /// The end of an element that had nothing in it.
    closed: Option<&'t str>,
}

enum Step<'t> {
    Outer(Part<'t>),
    /// What is asked for, and where it begins.
    Wanted {
        start: BytesStart<'t>,
        begin: usize,
        is_empty: bool,
    },
}

impl<'t> Walk<'t> {
    fn of(text: &'t str) -> Self {
        let source = Source { reader: Reader::from_str(text), text, base: 0 };
        Self { source, depth: 0, seen: false, closed: None }
    }

    fn step(&mut self, wanted: &[&str]) -> Result<Option<Step<'t>>, Unreadable> {
        if let Some(name) = self.closed.take() {
            return Ok(Some(Step::Outer(Part::Close(name))));
        }
        loop {
            let source = &mut self.source;
            let begin = source.at();
            match source.next()? {
                event @ (Event::Start(_) | Event::Empty(_)) => {
                    self.seen = true;
                    let is_empty = matches!(event, Event::Empty(_));
                    let (Event::Start(start) | Event::Empty(start)) = event else { continue };
                    if wanted.contains(&bare(start.name().0)) {
                        return Ok(Some(Step::Wanted { start, begin, is_empty }));
                    }
                    let node = source.opened(&start)?;
                    if is_empty {
                        self.closed = Some(node.name);
                    } else {
                        self.depth = source.deeper(self.depth)?;
                    }
                    return Ok(Some(Step::Outer(Part::Open(node))));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Step::Outer(Part::Close(bare(source.held(end.name().0))))));
                }
                Event::Eof if self.depth == 0 && self.seen => return Ok(None),
                Event::Eof => return Err(source.broken("it ends before its last element is closed")),
                _ => {}
            }
        }
    }
}

impl<'t> Source<'t> {
    /// How far the document was read.
    fn at(&self) -> usize {
        self.base + usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn next(&mut self) -> Result<Event<'t>, Unreadable> {
        let event = self.reader.read_event().map_err(|e| self.broken(&e.to_string()))?;
        if let Event::DocType(kind) = &event {
            let declared: &str = kind;
            if declared.contains("<!ENTITY") || declared.contains("<!entity") {
                return Err(self.broken("it declares entities of its own, which are never expanded here"));
            }
        }
        Ok(event)
    }

    /// Goes on at another place, behind what was read.
    fn go_to(&mut self, rest: &'t str) {
        let at = (rest.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        *self.reader.get_mut() = rest.as_bytes();
        self.base = at.saturating_sub(usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX));
    }

    /// Goes to the end of an element that has just begun.
    fn skip(&mut self, name: QName<'_>) -> Result<(), Unreadable> {
        if let Some(end) = self.text.get(self.at()..).and_then(|rest| before_end(rest, name.0)) {
            self.go_to(end);
            return self.next().map(drop);
        }
        let read = self.reader.read_to_end(name);
        read.map(drop).map_err(|e| self.broken(&e.to_string()))
    }

    /// An element that has just begun, with all that is in it.
    fn whole(&mut self, start: &BytesStart<'_>, is_empty: bool) -> Result<Node<'t>, Unreadable> {
        let root = self.opened(start)?;
        if is_empty {
            return Ok(root);
        }
        let mut open = vec![root];
        loop {
            let event = self.next()?;
            let Some(top) = open.last_mut() else { return Err(self.broken("an element is closed twice")) };
            match event {
                Event::Start(start) => {
                    self.deeper(open.len())?;
                    open.push(self.opened(&start)?);
                }
                Event::Empty(start) => top.children.push(self.opened(&start)?),
                Event::Text(part) => add(&mut top.text, self.kept(part.xml_content(XmlVersion::Implicit1_0))),
                Event::CData(part) => add(&mut top.text, self.kept(part.xml_content(XmlVersion::Implicit1_0))),
                Event::GeneralRef(entity) => add(&mut top.text, self.resolved(&entity)?),
                Event::End(_) => {
                    let Some(done) = open.pop() else { continue };
                    match open.last_mut() {
                        Some(above) => above.children.push(done),
                        None => return Ok(done),
                    }
                }
                Event::Eof => return Err(self.broken("it ends before its last element is closed")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn opened(&self, start: &BytesStart<'_>) -> Result<Node<'t>, Unreadable> {
        let mut node = Node { name: bare(self.held(start.name().0)), ..Node::default() };
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| self.broken(&e.to_string()))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| self.broken(&e.to_string()))?;
            node.attributes.push((self.held(attribute.key.0), self.kept(value)));
        }
        Ok(node)
    }

    /// The same text, borrowed from the document, if it stands in it.
    fn found(&self, part: &str) -> Option<&'t str> {
        let begin = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        self.text.get(begin..begin.checked_add(part.len())?)
    }

    /// A name, which always stands in the document.
    fn held(&self, name: &str) -> &'t str {
        self.found(name).unwrap_or_default()
    }

    /// A text, copied only if it does not stand in the document as it is.
    fn kept(&self, part: Cow<'_, str>) -> Cow<'t, str> {
        match part {
            Cow::Borrowed(part) => self.found(part).map_or_else(|| Cow::Owned(part.to_owned()), Cow::Borrowed),
            Cow::Owned(part) => Cow::Owned(part),
        }
    }

    fn resolved(&self, entity: &BytesRef<'_>) -> Result<Cow<'t, str>, Unreadable> {
        if let Some(c) = entity.resolve_char_ref().map_err(|e| self.broken(&e.to_string()))? {
            return Ok(Cow::Owned(c.to_string()));
        }
        let name: &str = entity;
        quick_xml::escape::resolve_predefined_entity(name)
            .map(Cow::Borrowed)
            .ok_or_else(|| self.broken(&format!("the entity &{}; is not known", crate::text::line(name))))
    }

    fn deeper(&self, depth: usize) -> Result<usize, Unreadable> {
        if depth >= MAX_DEPTH {
            return Err(self.broken(&format!("its elements are nested more than {MAX_DEPTH} deep")));
        }
        Ok(depth + 1)
    }

    fn broken(&self, why: &str) -> Unreadable {
        let at = self.reader.error_position().max(self.reader.buffer_position());
        let at = self.base.saturating_add(usize::try_from(at).unwrap_or(usize::MAX));
        let before = self.text.as_bytes().get(..at.min(self.text.len())).unwrap_or_default();
        let line = before.split(|b| *b == b'\n').count();
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        Unreadable(format!("The XML cannot be read: {why}, at line {line} column {column}."))
    }
}

fn add<'t>(text: &mut Cow<'t, str>, more: Cow<'t, str>) {
    if text.is_empty() {
        *text = more;
    } else {
        let mut whole = match std::mem::take(text) {
            // More follows what is not there as it is said.
            Cow::Borrowed(begin) => {
                let mut whole = String::with_capacity(2 * (begin.len() + more.len()));
                whole.push_str(begin);
                whole
            }
            Cow::Owned(whole) => whole,
        };
        whole.push_str(&more);
        *text = Cow::Owned(whole);
    }
}

/// The end tag of an element, and what follows it; `None` where it has to be read to find out. `rest` begins in the element.
fn before_end<'t>(rest: &'t str, name: &str) -> Option<&'t str> {
    let bytes = rest.as_bytes();
    let mut at = 0;
    loop {
        at += memchr(b'<', bytes.get(at..)?)?;
        let tag = bytes.get(at + 1..)?;
        match tag.first()? {
            // What stands in a comment or in CDATA is no tag.
            b'!' | b'?' => return None,
            b'/' if tag.get(1..)?.starts_with(name.as_bytes()) => {
                let is_it = tag.get(1 + name.len()).is_some_and(|b| b.is_ascii_whitespace() || *b == b'>');
                return if is_it { rest.get(at..) } else { None };
            }
            b'/' => at += 1,
            // One of the same name may be in it.
            _ if tag.starts_with(name.as_bytes()) => return None,
            _ => at += 1 + tag_end(tag)?,
        }
    }
}

/// Where a start tag ends: some writers leave `<` and `>` in the values of attributes as they are.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'"', b'\'', tag.get(at..)?)?;
        match tag.get(at)? {
            b'>' => return Some(at),
            quote => at += 2 + memchr(*quote, tag.get(at + 1..)?)?,
        }
    }
}

/// A name without its prefix: writers choose prefixes freely.
fn bare(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, bare)| bare)
}

#[cfg(test)]
mod tests;
