//! What a document looks like from outside: enough to tell its format without reading all of it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most keys that are looked at.
const MOST_KEYS: usize = 64;

/// The outermost form of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A JSON object, with its keys.
    Object(Vec<String>),
    /// A JSON list, with the keys of its first element if that is an object.
    List(Vec<String>),
    /// Another JSON value.
    Scalar,
    /// An XML document, with the name of its outermost element.
    Xml(String),
    /// Neither JSON nor XML.
    Other,
}

impl Shape {
    /// Looks at a document. What cannot be read to its end has the keys up to there, so that the reader of its format
    /// can say what is wrong.
    pub(super) fn of(text: &str) -> Self {
        match text.trim_start().chars().next() {
            Some('<') => super::xml::root_name(text).map_or(Self::Other, Self::Xml),
            Some('{') => Self::Object(keys(text)),
            Some('[') => Self::List(keys(text)),
            Some('"' | '-' | '0'..='9' | 't' | 'f' | 'n') if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                Self::Scalar
            }
            _ => Self::Other,
        }
    }

    /// Whether it is an object with all these keys.
    pub(super) fn has(&self, wanted: &[&str]) -> bool {
        matches!(self, Self::Object(keys) if wanted.iter().all(|w| keys.iter().any(|k| k == w)))
    }

    /// What it is, for people; what it quotes is safe to display.
    pub(super) fn describe(&self) -> String {
        let listed = |keys: &[String]| {
            let shown: Vec<String> = keys.iter().take(8).map(|k| format!("\"{}\"", crate::text::line(k))).collect();
            if shown.is_empty() { "without keys".to_owned() } else { format!("with {}", shown.join(", ")) }
        };
        match self {
            Self::Object(keys) => format!("a JSON object {}, which is no report that we know", listed(keys)),
            Self::List(keys) => format!("a JSON list of objects {}, which is no report that we know", listed(keys)),
            Self::Scalar => "a single JSON value, not a report".to_owned(),
            Self::Xml(root) => {
                format!("an XML document <{}>, which is no report that we know", crate::text::line(root))
            }
            Self::Other => "neither JSON nor XML".to_owned(),
        }
    }
}

fn keys(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    // A document that breaks off later has its first keys all the same.
    drop(Keys { out: &mut keys, depth: 0 }.deserialize(&mut reader));
    keys
}

struct Keys<'k> {
    out: &'k mut Vec<String>,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.out.len() < MOST_KEYS {
                self.out.push(key);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth == 0 {
            seq.next_element_seed(Keys { out: self.out, depth: 1 })?;
        }
        Ok(())
    }
}
