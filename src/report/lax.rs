//! Types that take what a document has where another type was meant, field by field.
//!
//! A scanner that writes a number where its last version wrote a string is read all the same. Lists of results are NOT
//! read this way: what is not a list there is an error, because reading it as nothing would be a clean report.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor, value};
use serde::{Deserialize, de};

use super::Unreadable;
use crate::domain::canonical;

/// The most bytes of one text that a finding holds. A screen shows no more of it, and a hostile report may have megabytes.
pub(super) const LONGEST: usize = 64 << 10;
/// Of prose that something may be added to.
const PROSE: usize = LONGEST - 1024;

/// Reads a JSON document; errors have line and column. A key that stands twice in one object is one of them.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    super::twice::refuse(text)?;
    serde_json::from_str(text).map_err(|e| unreadable(&e))
}

/// Why a JSON document cannot be read, with line and column.
pub(super) fn unreadable(error: &serde_json::Error) -> Unreadable {
    Unreadable(format!("The JSON cannot be read: {error}."))
}

/// As [`unreadable`], of a part of a document.
pub(super) fn unreadable_in(text: &str, part: &str, error: &serde_json::Error) -> Unreadable {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|b| *b == b'\n').count() + error.line();
    let column = match error.line() {
        1 => before.bytes().rev().take_while(|b| *b != b'\n').count() + error.column(),
        _ => error.column(),
    };
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    Unreadable(format!("The JSON cannot be read: {words} at line {line} column {column}."))
}

/// A text of a bounded length. What is longer keeps its beginning, and the digest of the whole, so that it stays told
/// apart from any other; the report itself has all of it.
pub(super) fn within(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let end = (0..=longest).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let (kept, left) = text.split_at_checked(end).unwrap_or((text, ""));
    let whole = canonical::sha256(text.as_bytes());
    Cow::Owned(format!("{kept}\n[{} more bytes; the whole text is {whole}]", left.len()))
}

/// Text: also from a number or a truth value; anything else is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(Option<String>);

impl Text {
    /// The text, if there is any that is not blank.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|t| !t.trim().is_empty())
    }

    /// The text or nothing.
    pub(super) fn or_empty(&self) -> &str {
        self.get().unwrap_or_default()
    }

    /// The text, if there is any that is not blank; owned.
    pub(super) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }

    /// The text as a whole number.
    pub(super) fn number(&self) -> Option<u32> {
        let text = self.get()?.trim();
        text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
    }

    /// The text as a number.
    pub(super) fn score(&self) -> Option<f64> {
        self.get()?.trim().parse().ok().filter(|n: &f64| n.is_finite())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, usize::MAX)
    }
}

/// Text that is shown, and compared as a whole, but never parsed further: it is cut where it is read, so that megabytes of
/// it are never held.
#[derive(Debug, Clone, Default)]
pub(super) struct Prose(Text);

impl Prose {
    /// As [`Text::get`].
    pub(super) fn get(&self) -> Option<&str> {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for Prose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, PROSE).map(Self)
    }
}

fn read_text<'de, D: Deserializer<'de>>(deserializer: D, longest: usize) -> Result<Text, D::Error> {
    struct Reader {
        longest: usize,
    }
    impl<'de> Visitor<'de> for Reader {
        type Value = Text;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_str<E: de::Error>(self, v: &str) -> Result<Text, E> {
            Ok(Text(Some(within(v, self.longest).into_owned())))
        }

        fn visit_bool<E: de::Error>(self, v: bool) -> Result<Text, E> {
            Ok(Text(Some(v.to_string())))
        }

        fn visit_u64<E: de::Error>(self, v: u64) -> Result<Text, E> {
            Ok(Text(Some(v.to_string())))
        }

        fn visit_i64<E: de::Error>(self, v: i64) -> Result<Text, E> {
            Ok(Text(Some(v.to_string())))
        }

        fn visit_f64<E: de::Error>(self, v: f64) -> Result<Text, E> {
            Ok(Text(Some(v.to_string())))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
            Ok(Text(None))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Text(None))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Text(None))
        }
    }
    deserializer.deserialize_any(Reader { longest })
}

/// An object; anything else is the object with nothing in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Lax<T>(pub T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lax<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Soft::<T>(PhantomData))
            .map(|found| Self(found.into_iter().next().unwrap_or_default()))
    }
}

/// A list of objects or texts; a single one is a list of one; null and other things are the empty list.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Soft::<T>(PhantomData)).map(Self)
    }
}

/// Reads objects and texts as `T`, lists of them as several, and passes over the rest.
struct Soft<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Soft<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(value::MapAccessDeserializer::new(map)).map(|v| vec![v])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut out = Vec::new();
        while let Some(Item(item)) = seq.next_element::<Item<T>>()? {
            out.extend(item);
        }
        Ok(out)
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Vec<T>, E> {
        // An object was meant: then this is nothing. A text was meant: then it is one.
        Ok(T::deserialize(value::StrDeserializer::<value::Error>::new(v)).ok().into_iter().collect())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Vec<T>, E> {
        Ok(T::deserialize(value::U64Deserializer::<value::Error>::new(v)).ok().into_iter().collect())
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Vec<T>, E> {
        Ok(T::deserialize(value::I64Deserializer::<value::Error>::new(v)).ok().into_iter().collect())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

/// One element of a list: a nested list is passed over, so that the depth is bounded.
struct Item<T>(Option<T>);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for One<T> {
            type Value = Option<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
                T::deserialize(value::MapAccessDeserializer::new(map)).map(Some)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Some(T::default()))
            }

            fn visit_str<E: de::Error>(self, v: &str) -> Result<Option<T>, E> {
                Ok(T::deserialize(value::StrDeserializer::<value::Error>::new(v)).ok().or(Some(T::default())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
                Ok(Some(T::default()))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Option<T>, E> {
                Ok(Some(T::default()))
            }

            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Option<T>, E> {
                Ok(T::deserialize(value::U64Deserializer::<value::Error>::new(v)).ok().or(Some(T::default())))
            }

            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Option<T>, E> {
                Ok(T::deserialize(value::I64Deserializer::<value::Error>::new(v)).ok().or(Some(T::default())))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Option<T>, E> {
                Ok(Some(T::default()))
            }
        }
        deserializer.deserialize_any(One(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Doc {
        name: Text,
        tags: List<Text>,
        place: Lax<Place>,
        places: List<Place>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Place {
        line: Text,
    }

    #[test]
    fn odd_types_are_taken_or_passed_over() {
        let doc: Doc =
            json(r#"{"name": 7, "tags": ["a", 1, null, ["x"], {"y": 1}], "place": "here", "places": {"line": "12"}}"#)
                .unwrap();
        assert_eq!(doc.name.get(), Some("7"));
        let tags: Vec<_> = doc.tags.0.iter().filter_map(Text::get).collect();
        assert_eq!(tags, ["a", "1"]);
        assert_eq!(doc.place.0.line.number(), None);
        assert_eq!(doc.places.0[0].line.number(), Some(12));
        let doc: Doc = json(r#"{"name": {"a": [1]}, "tags": "one", "place": {"line": 3.0}, "places": null}"#).unwrap();
        assert_eq!(doc.name.get(), None);
        assert_eq!(doc.tags.0[0].get(), Some("one"));
        assert_eq!(doc.place.0.line.number(), Some(3));
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_stay_told_apart() {
        let text = |times| format!("a{}", "ä".repeat(times));
        let (long, other) = (text(LONGEST), text(LONGEST - 1));
        let (cut, too) = (within(&long, LONGEST), within(&other, LONGEST));
        let (kept, said) = cut.rsplit_once('\n').unwrap();
        assert_eq!((kept.len(), long.starts_with(kept)), (LONGEST - 1, true));
        assert!(said.starts_with(&format!("[{} more bytes", long.len() - LONGEST + 1)), "{said}");
        assert_ne!(cut, too);
        let fits = text(LONGEST / 2 - 1);
        assert_eq!(within(&fits, LONGEST), fits);
    }

    #[test]
    fn only_prose_is_cut_where_it_is_read() {
        let long = "x".repeat(LONGEST);
        let json = format!("{long:?}");
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap().get(), Some(long.as_str()));
        let prose: Prose = serde_json::from_str(&json).unwrap();
        let said = format!("\n[1024 more bytes; the whole text is {}]", canonical::sha256(long.as_bytes()));
        assert_eq!(prose.get(), Some(format!("{}{said}", "x".repeat(PROSE)).as_str()));
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error_and_errors_say_where() {
        let error = json::<Doc>(r#"{"name": "a", "other": 1, "other": 1}"#).unwrap_err();
        assert!(error.0.contains("\"other\" stands twice"), "{error}");
        let error = json::<Doc>("{\n  \"name\": }").unwrap_err();
        assert!(error.0.contains("line 2 column 11"), "{error}");
    }

    #[test]
    fn deep_nesting_ends_in_an_error_or_is_passed_over() {
        let deep = format!("{{\"name\": {}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(json::<Doc>(&deep).unwrap().name.get(), None);
        assert!(json::<Doc>(&"[".repeat(200_000)).is_err());
    }
}
