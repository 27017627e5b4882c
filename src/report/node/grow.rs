//! How a tree grows while a document is read: as a whole, as a sketch, or one result at a time.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Digits, Node};
use crate::report::Unreadable;

/// Up to so many keys of one object are compared one by one; of more a set is made.
const FEW: usize = 16;

/// A node with all that is in it.
pub(super) struct Whole<'a>(pub Node<'a>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Whole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut node = Node::Null;
        Grow { into: &mut node, bounds: None, unread: &[] }.deserialize(deserializer)?;
        Ok(Self(node))
    }
}

/// How much of a document is kept of it where its format is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How deep it is looked into.
    pub depth: u8,
    /// How many elements of a list are kept.
    pub elements: usize,
    /// How many keys of an object are kept.
    pub keys: usize,
}

/// A sketch of a document: its outer levels. What cannot be read to its end is kept up to there.
pub(crate) fn sketch(text: &str, bounds: Bounds) -> (Node<'_>, usize) {
    let mut node = Node::Null;
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut end = text.len();
    let read = (Grow { into: &mut node, bounds: Some(bounds), unread: &[] }).deserialize(&mut reader);
    if read.is_ok() {
        let mut rest = reader.into_iter::<IgnoredAny>();
        end = rest.byte_offset();
        drop(rest.next());
    }
    (node, end)
}

/// Fills a node that stays with whoever asked for it, also where the document breaks off.
pub(super) struct Grow<'n, 'a> {
    pub into: &'n mut Node<'a>,
    pub bounds: Option<Bounds>,
    pub unread: &'static [&'static str],
}

impl Grow<'_, '_> {
    fn below<'n, 'a>(&self, into: &'n mut Node<'a>) -> Grow<'n, 'a> {
        let bounds = self.bounds.map(|b| Bounds { depth: b.depth.saturating_sub(1), ..b });
        Grow { into, bounds, unread: self.unread }
    }

    fn is_closed(&self) -> bool {
        self.bounds.is_some_and(|b| b.depth == 0)
    }
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Grow<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Grow<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.into = Node::Null;
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        *self.into = Node::Truth(v);
        Ok(())
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        *self.into = Node::Number(Digits::of(format_args!("{v}")));
        Ok(())
    }

    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        *self.into = Node::Number(Digits::of(format_args!("{v}")));
        Ok(())
    }

    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        // Very large and very small ones have an exponent, or they would have hundreds of digits.
        let plain = v == 0.0 || (1e-5..1e15).contains(&v.abs());
        *self.into =
            Node::Number(if plain { Digits::of(format_args!("{v}")) } else { Digits::of(format_args!("{v:?}")) });
        Ok(())
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        *self.into = Node::Text(Cow::Owned(v.to_owned()));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<(), E> {
        *self.into = Node::Text(Cow::Borrowed(v));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let closed = self.is_closed();
        let mut items = Vec::new();
        let most = self.bounds.map_or(usize::MAX, |b| b.elements);
        loop {
            if closed || items.len() >= most {
                *self.into = Node::List(items);
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(());
            }
            let mut item = Node::Null;
            let read = seq.next_element_seed(self.below(&mut item));
            match read {
                Ok(Some(())) => items.push(item),
                other => {
                    // Of what breaks off here, what was read stays.
                    if other.is_err() {
                        items.push(item);
                    }
                    *self.into = Node::List(items);
                    return other.map(|_| ());
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let closed = self.is_closed();
        let mut entries: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut many: HashSet<Cow<'a, str>> = HashSet::new();
        loop {
            let key = match map.next_key::<Key<'a>>() {
                Ok(Some(Key(key))) => key,
                other => {
                    *self.into = Node::Object(entries);
                    return other.map(|_| ());
                }
            };
            if let Some(bounds) = self.bounds
                && (closed || entries.len() >= bounds.keys)
            {
                if let Err(e) = map.next_value::<IgnoredAny>() {
                    *self.into = Node::Object(entries);
                    return Err(e);
                }
                continue;
            }
            // Readers differ in which of the two they take: a list of findings, and an empty one of the same name beside
            // it, would be errors for one tool and clean for another.
            let twice = if entries.len() < FEW {
                entries.iter().any(|(k, _)| *k == key)
            } else {
                if many.is_empty() {
                    many.extend(entries.iter().map(|(k, _)| k.clone()));
                }
                !many.insert(key.clone())
            };
            if twice && self.bounds.is_none() {
                return Err(A::Error::custom(format!(
                    "the key {:?} stands twice in one object, so that what the report says depends on who reads it",
                    crate::text::line(&key).chars().take(80).collect::<String>()
                )));
            }
            let mut value = Node::Null;
            let read = if self.unread.contains(&key.as_ref()) {
                map.next_value::<&'de RawValue>().map(|raw| value = Node::Unread(raw.get()))
            } else {
                map.next_value_seed(self.below(&mut value))
            };
            entries.push((key, value));
            if read.is_err() {
                *self.into = Node::Object(entries);
                return read;
            }
        }
    }
}

/// Gives the elements of a list to a visitor, one at a time.
pub(super) struct Each<'v, 'a> {
    pub visit: &'v mut dyn FnMut(Node<'a>) -> Result<(), Unreadable>,
    pub failed: &'v mut Result<(), Unreadable>,
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Each<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Each<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of results")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut node = Node::Null;
            if seq.next_element_seed(Grow { into: &mut node, bounds: None, unread: &[] })?.is_none() {
                return Ok(());
            }
            if let Err(e) = (self.visit)(node) {
                *self.failed = Err(e);
                return Err(A::Error::custom("refused"));
            }
        }
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(v))
            }

            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(v.to_owned()))
            }
        }
        deserializer.deserialize_str(Reader).map(Self)
    }
}
