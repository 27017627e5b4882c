//! The first elements of an XML document, to tell what format it is.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use super::bare;

/// A document seen from outside, as far as it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::report) struct Sketch {
    /// The name of the outermost element, without a prefix.
    pub root: String,
    /// Its attributes, with those that declare prefixes.
    pub attributes: Vec<(String, String)>,
    /// The names of the first elements, without prefixes, each once.
    pub elements: Vec<String>,
}

impl Sketch {
    /// Whether one of the first elements has this name.
    pub(in crate::report) fn contains(&self, name: &str) -> bool {
        self.elements.iter().any(|e| e == name)
    }

    /// An attribute of the outermost element.
    pub(in crate::report) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Looks at the first elements of a document; `None` if there is no element.
pub(in crate::report) fn sketch(text: &str) -> Option<Sketch> {
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
                let name = bare(start.name().0).to_owned();
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
