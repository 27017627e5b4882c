//! Anchors: heads of the ledger that were seen elsewhere. What one copy alone cannot show, a head from elsewhere does.
//!
//! Whoever gives an anchor says that the ledger was seen like that. So its signature, if it has one, is not asked for: a
//! false anchor can raise a false alarm, and cannot hide anything.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Head, Root, note};

/// A head, and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// A file, or a system.
    pub from: String,
    /// What was seen.
    pub head: Head,
}

/// No file with an anchor is larger.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Reads the anchors in files: checkpoints with or without signatures, also several, also within other text such as a
/// comment; envelopes of decisions; and folders with a file `checkpoint`, as an export has it. A file without any is an
/// error, a full sentence.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Anchor>, String> {
    let mut anchors = Vec::new();
    for path in paths {
        let path = if path.is_dir() { path.join("checkpoint") } else { path.clone() };
        let from = crate::text::line(&path.display().to_string()).into_owned();
        let heads = in_bytes(&read(&path).map_err(|e| format!("The anchor {from} cannot be read: {e}."))?);
        if heads.is_empty() {
            return Err(format!(
                "There is no anchor in {from}: neither a checkpoint (lines of origin, size and root) nor the envelope of \
                 a decision that carries one."
            ));
        }
        anchors.extend(heads.into_iter().map(|head| Anchor { from: from.clone(), head }));
    }
    Ok(anchors)
}

fn read(path: &Path) -> Result<Vec<u8>, std::io::Error> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    // Cut silently, its newest checkpoints would not be compared.
    if u64::try_from(bytes.len()).is_ok_and(|read| read > LIMIT) {
        return Err(std::io::Error::other(format!("it has more than {LIMIT} bytes")));
    }
    Ok(bytes)
}

/// The heads in a text or an envelope.
pub fn in_bytes(bytes: &[u8]) -> Vec<Head> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => in_json(&value).into_iter().collect(),
        Err(_) => in_text(&String::from_utf8_lossy(bytes)),
    }
}

/// A head in JSON: itself, or what the decision in an envelope has seen.
pub fn in_json(value: &Value) -> Option<Head> {
    if let Some(payload) = value.get("payload").and_then(Value::as_str) {
        let statement: Value = serde_json::from_slice(&STANDARD.decode(payload).ok()?).ok()?;
        return seen(statement.pointer("/predicate/seenCheckpoint")?);
    }
    seen(value.pointer("/predicate/seenCheckpoint").or_else(|| value.get("seenCheckpoint")).unwrap_or(value))
}

fn seen(value: &Value) -> Option<Head> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let size = match value.get("size")? {
        Value::String(digits) => digits.parse().ok()?,
        number => number.as_u64()?,
    };
    Some(Head { origin: text("origin")?.to_owned(), size, root: text("root")?.parse().ok()? })
}

/// Every checkpoint in a text: an origin of ours on a line, then the size, then the root.
fn in_text(text: &str) -> Vec<Head> {
    // A comment may be quoted or indented.
    let lines: Vec<&str> = text.lines().map(|l| l.trim_matches(|c: char| c.is_whitespace() || c == '>')).collect();
    let whole = lines.windows(3).filter_map(|three| match three {
        [origin, size, root] if note::is_origin(origin) => {
            Some(Head { origin: (*origin).to_owned(), size: size.parse().ok()?, root: root.parse::<Root>().ok()? })
        }
        _ => None,
    });
    whole.chain(lines.iter().filter_map(|line| in_comment(line))).collect()
}

/// What an orchestrator's own record says in one line: `ledger ORIGIN at SIZE entries, root ROOT`.
fn in_comment(line: &str) -> Option<Head> {
    let (_, rest) = line.split_once("ledger countersign.dev/ledger/")?;
    let (id, rest) = rest.split_once(" at ")?;
    let (size, rest) = rest.split_once(" entries, root ")?;
    let origin = format!("countersign.dev/ledger/{id}");
    // Base 64 of 32 bytes.
    let root = rest.get(..44)?.parse().ok()?;
    note::is_origin(&origin).then_some(Head { origin, size: size.parse().ok()?, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_found_in_all_their_forms() {
        let origin = "countersign.dev/ledger/00112233445566778899aabbccddeeff";
        let head = Head { origin: origin.to_owned(), size: 12, root: Root::EMPTY };
        let key = note::NoteKey::new(&[3; 32], origin).unwrap();
        let note = key.sign(&head).unwrap();
        let seen = serde_json::json!({"origin": origin, "size": "12", "root": Root::EMPTY});
        let statement = serde_json::json!({"predicate": {"seenCheckpoint": seen}});
        let envelope = serde_json::json!({"payload": STANDARD.encode(statement.to_string()), "signatures": []});
        for text in [
            note.clone(),
            note::read_unsigned(&note).map(|h| format!("{}\n{}\n{}\n", h.origin, h.size, h.root)).unwrap(),
            format!("Approved by ana.\n\n> {origin}\n>   12\n> {}\nthanks", Root::EMPTY),
            format!("Countersign decision 01A (sha256:ab); ledger {origin} at 12 entries, root {}: fine", Root::EMPTY),
            seen.to_string(),
            serde_json::to_string(&head).unwrap(),
            statement.to_string(),
            envelope.to_string(),
        ] {
            assert_eq!(in_bytes(text.as_bytes()), std::slice::from_ref(&head), "{text}");
        }
        assert_eq!(in_bytes(format!("{note}\n{note}").as_bytes()).len(), 2);
        for none in ["", "{}", "12", "countersign.dev/ledger/x\n12\nAAAA"] {
            assert_eq!(in_bytes(none.as_bytes()), [], "{none}");
        }
    }
    #[test]
    fn a_file_that_is_not_read_to_its_end_is_refused() {
        use std::io::{Seek as _, Write as _};
        let head = |size| Head {
            origin: "countersign.dev/ledger/00112233445566778899aabbccddeeff".to_owned(),
            size,
            root: Root::EMPTY,
        };
        let note = |size| note::NoteKey::new(&[3; 32], &head(size).origin).unwrap().sign(&head(size)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        let mut file = std::fs::File::create(&path).unwrap();
        let newest = format!("\n{}", note(2));
        file.write_all(note(1).as_bytes()).unwrap();
        // The newest checkpoint ends where the limit is: all is read.
        let end = LIMIT - newest.len() as u64;
        file.seek(std::io::SeekFrom::Start(end)).unwrap();
        file.write_all(newest.as_bytes()).unwrap();
        let found: Vec<u64> = files(std::slice::from_ref(&path)).unwrap().iter().map(|a| a.head.size).collect();
        assert_eq!(found, [1, 2]);
        // A byte more, and it would be cut off.
        file.set_len(end).unwrap();
        file.seek(std::io::SeekFrom::Start(end + 1)).unwrap();
        file.write_all(newest.as_bytes()).unwrap();
        let why = files(std::slice::from_ref(&path)).unwrap_err();
        assert!(why.contains("more than 16777216 bytes") && why.contains("notes"), "{why}");
    }
}
