//! A long list of results, cut into parts that are read one by one or side by side.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Grow, Node};
use crate::report::Unreadable;
use crate::report::limits;

/// About how many bytes of results one part has: many enough for all cores, and not so many that handing them out takes time.
pub(in crate::report) const PART: usize = 128 << 10;

/// Finds out where the parts of a list are. Whether its elements are JSON is checked on the way.
pub(super) struct Cut<'n, 'a> {
    pub into: &'n mut Node<'a>,
    pub text: &'a str,
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Cut<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Cut<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of results")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Grow::whole(self.into).visit_unit()
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<(), E> {
        Grow::whole(self.into).visit_bool(v)
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<(), E> {
        Grow::whole(self.into).visit_u64(v)
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<(), E> {
        Grow::whole(self.into).visit_i64(v)
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<(), E> {
        Grow::whole(self.into).visit_f64(v)
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<(), E> {
        Grow::whole(self.into).visit_str(v)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        *self.into = Node::Object(Vec::new());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let at = |part: &str| (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let mut parts = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        while let Some(element) = seq.next_element::<&'de RawValue>()? {
            let (begin, end) = (at(element.get()), at(element.get()) + element.get().len());
            let begin = open.map_or(begin, |(first, _)| first);
            open = Some((begin, end));
            if end - begin >= PART {
                parts.extend(self.text.get(begin..end));
                open = None;
            }
        }
        parts.extend(open.and_then(|(begin, end)| self.text.get(begin..end)));
        *self.into = Node::Parts(parts);
        Ok(())
    }
}

/// Goes through the elements of one part of a list, in a document with this text.
pub(in crate::report) fn each_of<'a>(
    text: &str,
    part: &'a str,
    mut visit: impl FnMut(&Node<'a>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut node = Node::Null;
    let mut rest = part;
    while !rest.is_empty() {
        let mut reader = serde_json::Deserializer::from_str(rest);
        let grow = Grow::whole(&mut node);
        grow.deserialize(&mut reader).map_err(|e| limits::unreadable_in(text, rest, &e))?;
        visit(&node)?;
        let read = reader.into_iter::<IgnoredAny>().byte_offset();
        let after = rest.get(read..).unwrap_or_default().trim_ascii_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_ascii_start();
    }
    Ok(())
}
