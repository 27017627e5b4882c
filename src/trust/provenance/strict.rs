//! JSON that means one thing only: a key that stands twice in one object is refused, and so is deep nesting.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep lists and objects may lie in one another.
const DEPTH: usize = 64;
/// How many values a document may have. Each takes memory many times its text.
const VALUES: usize = 200_000;

/// Reads a document. The error says what is wrong, without a full stop.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut left = VALUES;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = One { depth: DEPTH, left: &mut left }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

struct One<'a> {
    depth: usize,
    left: &'a mut usize,
}

impl One<'_> {
    fn below<E: de::Error>(&mut self) -> Result<One<'_>, E> {
        if self.depth == 0 {
            return Err(E::custom(format!("more than {DEPTH} lists and objects lie in one another")));
        }
        if *self.left == 0 {
            return Err(E::custom(format!("it has more than {VALUES} values")));
        }
        *self.left -= 1;
        Ok(One { depth: self.depth - 1, left: self.left })
    }
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self.below()?)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.below()?)?;
            if out.contains_key(&key) {
                let shown: String = crate::text::line(&key).chars().take(80).collect();
                return Err(de::Error::custom(format!("the key \"{shown}\" stands twice in one object")));
            }
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_serde_reads() {
        let text = r#"{"a": [1, -2, 3.5, true, null, "x\n"], "b": {"c": {}}, "d": 18446744073709551615}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(parse(br#"{"a": 1, "b": {"c": 1, "c": 2}}"#).unwrap_err().contains("\"c\" stands twice"));
        assert!(parse(br#"{"a": 1, "\u0061": 2}"#).unwrap_err().contains("\"a\" stands twice"));
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"{").is_err());
        assert!(parse(b"\xff").is_err());
    }

    #[test]
    fn nothing_takes_more_memory_than_it_may() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(parse(deep.as_bytes()).unwrap_err().contains("lie in one another"));
        let deepest = "[".repeat(4_000_000);
        assert!(parse(deepest.as_bytes()).is_err());
        let wide = format!("[{}0]", "0,".repeat(VALUES));
        assert!(parse(wide.as_bytes()).unwrap_err().contains("values"));
    }
}
