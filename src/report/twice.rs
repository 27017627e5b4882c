//! Keys that stand twice in one JSON object.
//!
//! Readers differ in which of the two they take: a report whose findings stand in one list and an empty list beside it
//! under the same name would be full of errors for one tool and clean for another. So such a report is refused.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::Unreadable;

/// Objects below this are not looked into: nothing that lies so deep is read by any reader of a format.
const DEPTH: usize = 128;
/// Up to so many keys are compared one by one; more go into a set.
const FEW: usize = 16;

/// An object or a list around the place that is looked at.
struct Level {
    object: bool,
    /// Where its keys begin among those of all levels.
    start: usize,
    many: Option<HashSet<u64>>,
}

/// Refuses a document with a key that stands twice in one object. What is no JSON is left to the reader.
///
/// One pass, and of each key only a hash is kept. The hash is seeded anew each time, so that nobody can prepare keys
/// that collide.
pub(super) fn refuse(text: &str) -> Result<(), Unreadable> {
    let bytes = text.as_bytes();
    let hasher = RandomState::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut keys: Vec<u64> = Vec::new();
    // How many levels deeper than DEPTH.
    let mut below = 0_usize;
    let mut key_next = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' if levels.len() >= DEPTH => below += 1,
            b'}' | b']' if below > 0 => below -= 1,
            b'{' | b'[' => {
                key_next = *byte == b'{';
                levels.push(Level { object: key_next, start: keys.len(), many: None });
            }
            b'}' | b']' => {
                let Some(level) = levels.pop() else { return Ok(()) };
                keys.truncate(level.start);
                key_next = false;
            }
            b',' if below == 0 => key_next = levels.last().is_some_and(|l| l.object),
            b'"' => {
                let end = end_of_string(bytes, at);
                let quoted = text.get(at..end).unwrap_or_default();
                if std::mem::take(&mut key_next)
                    && let Some(level) = levels.last_mut()
                    && !level.add(&mut keys, hash(&hasher, quoted))
                {
                    let before = text.get(..at).unwrap_or_default();
                    let line = before.matches('\n').count() + 1;
                    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                    let key: String = crate::text::line(quoted).chars().take(80).collect();
                    return Err(Unreadable(format!(
                        "The key {key} stands twice in one object, at line {line} column {column} for the second time: \
                         what the report says depends on who reads it. Have the tool write it anew."
                    )));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

impl Level {
    /// Takes a key. Whether it is a new one.
    fn add(&mut self, keys: &mut Vec<u64>, key: u64) -> bool {
        if let Some(many) = &mut self.many {
            return many.insert(key);
        }
        let own = keys.get(self.start..).unwrap_or_default();
        if own.contains(&key) {
            return false;
        }
        if own.len() >= FEW {
            let mut many: HashSet<u64> = own.iter().copied().collect();
            many.insert(key);
            self.many = Some(many);
            keys.truncate(self.start);
        } else {
            keys.push(key);
        }
        true
    }
}

/// The place after the closing quote of the string that opens at `start`, or the end of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The hash of a key as it is meant: `"\u0061"` is `"a"`.
fn hash(hasher: &RandomState, quoted: &str) -> u64 {
    let meant = if quoted.contains('\\') { serde_json::from_str::<String>(quoted).ok() } else { None };
    match meant {
        Some(meant) => hasher.hash_one(meant.as_str()),
        None => hasher.hash_one(quoted.trim_matches('"')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_named_with_its_place() {
        let error = refuse("{\"results\": [1],\n \"results\": []}").unwrap_err();
        assert!(error.0.contains("\"results\" stands twice") && error.0.contains("line 2 column 2"), "{error}");
        for text in [
            r#"{"a": {"b": [{"c": 1, "d": {}, "c": 1}]}}"#,
            r#"{"results": [], "r\u0065sults": []}"#,
            r#"[{"x": "y", "x": "y"}]"#,
            r#"{"": 1, "": 2}"#,
        ] {
            assert!(refuse(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..1000).map(|n| format!("\"k{n}\": {{\"a\": 1}}")).collect();
        assert_eq!(refuse(&format!("{{{}}}", many.join(","))), Ok(()));
        assert!(refuse(&format!("{{{}, \"k7\": 0}}", many.join(","))).is_err());
    }

    #[test]
    fn equal_words_elsewhere_are_no_key_twice() {
        for text in [
            r#"{"a": "a", "b": ["a", "a"], "c": {"a": 1}, "d": {"a": 1}}"#,
            r#"[{"a": 1}, {"a": 2}]"#,
            r#"{"a\"": 1, "a": "\",\"a\":"}"#,
            r#"{"A": 1, "a": 2}"#,
            "",
            "}{",
            r#"{"a"#,
            r#""\"#,
        ] {
            assert_eq!(refuse(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{{\"a\": {}1{}, \"b\": 1}}", "{\"x\":".repeat(300_000), "}".repeat(300_000));
        assert_eq!(refuse(&deep), Ok(()));
        let after = format!("{{\"a\": {}{}, \"a\": 1}}", "[".repeat(300_000), "]".repeat(300_000));
        assert!(refuse(&after).is_err());
    }
}
