//! How a tree grows while a document is read: as a whole, as a sketch, or one result at a time.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::cut::Cut;
use super::{Digits, Node};

/// Up to so many keys of one object are compared one by one; of more a set is made.
const FEW: usize = 16;

/// A node with all that is in it.
pub(super) struct Whole<'a>(pub Node<'a>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Whole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut node = Node::Null;
        Grow::whole(&mut node).deserialize(deserializer)?;
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
    let read = (Grow { into: &mut node, bounds: Some(bounds), unread: Unread::default() }).deserialize(&mut reader);
    if read.is_ok() {
        let mut rest = reader.into_iter::<IgnoredAny>();
        end = rest.byte_offset();
        drop(rest.next());
    }
    (node, end)
}

/// Fills a node that stays with whoever asked for it, also where the document breaks off. What the node held before gives
/// its room to what takes its place: of a hundred thousand results each is like the last.
pub(super) struct Grow<'n, 'a> {
    pub into: &'n mut Node<'a>,
    pub bounds: Option<Bounds>,
    pub unread: Unread<'a>,
}

/// What is not read at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unread<'a> {
    /// The values of these keys.
    pub keys: &'static [&'static str],
    /// The document's text, if lists among them are to be cut into parts.
    pub cut: Option<&'a str>,
}

impl<'n, 'a> Grow<'n, 'a> {
    /// All of a value.
    pub(super) fn whole(into: &'n mut Node<'a>) -> Self {
        Self { into, bounds: None, unread: Unread::default() }
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
        *self.into = Node::Number(Digits::of_whole(v));
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
        let most = self.bounds.map_or(usize::MAX, |b| b.elements);
        let Self { into, bounds, unread } = self;
        let bounds = bounds.map(Bounds::below);
        let mut items = if let Node::List(items) = into { std::mem::take(items) } else { Vec::new() };
        let mut read = 0;
        let end = loop {
            if closed || read >= most {
                break rest_of(&mut seq);
            }
            let mut item = items.get_mut(read).map(std::mem::take).unwrap_or_default();
            let grown = seq.next_element_seed(Grow { into: &mut item, bounds, unread });
            // Of what breaks off here, what was read stays.
            if !matches!(grown, Ok(None)) {
                put(&mut items, read, item);
                read += 1;
            }
            match grown {
                Ok(Some(())) => {}
                end => break end.map(|_| ()),
            }
        };
        items.truncate(read);
        *into = Node::List(items);
        end
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let closed = self.is_closed();
        let Self { into, bounds, unread } = self;
        let below = bounds.map(Bounds::below);
        let mut entries = if let Node::Object(entries) = into { std::mem::take(entries) } else { Vec::new() };
        let mut read = 0;
        let mut many: HashSet<Cow<'a, str>> = HashSet::new();
        let end = loop {
            let key = match map.next_key::<Key<'a>>() {
                Ok(Some(Key(key))) => key,
                end => break end.map(|_| ()),
            };
            if let Some(bounds) = bounds
                && (closed || read >= bounds.keys)
            {
                match map.next_value::<IgnoredAny>() {
                    Ok(_) => continue,
                    Err(e) => break Err(e),
                }
            }
            // Readers differ in which of the two they take: a list of findings, and an empty one of the same name beside
            // it, would be errors for one tool and clean for another.
            let before = entries.get(..read).unwrap_or_default();
            let twice = if read < FEW {
                before.iter().any(|(k, _)| *k == key)
            } else {
                if many.is_empty() {
                    many.extend(before.iter().map(|(k, _)| k.clone()));
                }
                !many.insert(key.clone())
            };
            if twice && bounds.is_none() {
                break Err(A::Error::custom(format!(
                    "the key {:?} stands twice in one object, so that what the report says depends on who reads it",
                    crate::text::line(&key).chars().take(80).collect::<String>()
                )));
            }
            let mut value = entries.get_mut(read).map(|(_, v)| std::mem::take(v)).unwrap_or_default();
            let end = match unread.cut {
                _ if !unread.keys.contains(&key.as_ref()) => {
                    map.next_value_seed(Grow { into: &mut value, bounds: below, unread })
                }
                None => map.next_value::<&'de RawValue>().map(|raw| value = Node::Unread(raw.get())),
                Some(text) => map.next_value_seed(Cut { into: &mut value, text }),
            };
            put(&mut entries, read, (key, value));
            read += 1;
            if end.is_err() {
                break end;
            }
        };
        entries.truncate(read);
        *into = Node::Object(entries);
        end
    }
}

impl Bounds {
    fn below(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), ..self }
    }
}

/// Puts a thing at a place of a list, or at its end.
fn put<T>(list: &mut Vec<T>, at: usize, thing: T) {
    match list.get_mut(at) {
        Some(place) => *place = thing,
        None => list.push(thing),
    }
}

fn rest_of<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
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
