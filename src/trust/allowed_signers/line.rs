//! One line of an allowed_signers file.

use super::Entry;
use crate::domain::time::Timestamp;
use crate::trust::key::{BadKey, KeyInfo, split_line};

/// What is wrong with a line, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// What is wrong.
    pub(super) why: String,
    /// What to do.
    pub(super) mend: &'static str,
}

const SHAPE: &str = "Write: PRINCIPAL [OPTIONS] ALGORITHM BASE64 [COMMENT], as in `man ssh-keygen`.";
const QUOTES: &str = "Write the value in double quotes: namespaces=\"release-decision@countersign.dev\".";
const TIMES: &str = "Write YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ.";

fn bad(why: impl Into<String>, mend: &'static str) -> BadLine {
    BadLine { why: why.into(), mend }
}

/// Reads a line that is neither empty nor a comment.
pub(super) fn parse(text: &str, line: usize) -> Result<Entry, BadLine> {
    let (principals, rest) = first_word(text)?;
    if principals.is_empty() {
        return Err(bad("the principal is empty", SHAPE));
    }
    let mut entry = Entry {
        line,
        principals,
        cert_authority: false,
        namespaces: None,
        valid_after: None,
        valid_before: None,
        key: None,
        blob: Vec::new(),
    };
    // As ssh-keygen: what is not a key is read as options, and after those must be a key.
    let parsed = if let Some(parsed) = split_line(rest) {
        parsed
    } else {
        let rest = options(rest, &mut entry)?;
        split_line(rest).ok_or_else(|| bad("there is no public key, or its base64 is damaged", SHAPE))?
    };
    let (blob, comment) = parsed;
    match KeyInfo::from_blob(&blob, comment) {
        Ok(key) if key.certificate.is_none() => entry.key = Some(key),
        Err(BadKey::NotAKey) => return Err(bad("the public key is damaged", SHAPE)),
        Ok(_) | Err(BadKey::Certificate(_)) => {
            return Err(bad(
                "a certificate is listed",
                "List the key of the authority with `cert-authority`, or the plain key.",
            ));
        }
        // Listed keys of kinds that we do not accept are no fault of the file; signatures by them are refused.
        Err(BadKey::Algorithm(_) | BadKey::ShortRsa(_)) => {}
    }
    entry.blob = blob;
    Ok(entry)
}

/// The first word, which may stand in double quotes, and what comes after it.
fn first_word(text: &str) -> Result<(String, &str), BadLine> {
    let (word, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| bad("a double quote is not closed", SHAPE))?,
        None => text.split_once([' ', '\t']).ok_or_else(|| bad("there is only one word", SHAPE))?,
    };
    Ok((word.to_owned(), rest.trim_start()))
}

/// Reads options into the entry; gives what comes after them.
fn options<'a>(text: &'a str, entry: &mut Entry) -> Result<&'a str, BadLine> {
    let mut rest = text;
    loop {
        let end = rest.find([',', '=', ' ', '\t', '"']).ok_or_else(|| bad("there is no public key", SHAPE))?;
        let (name, after) = rest.split_at(end);
        let twice = || bad(format!("the option {name} is given twice"), "Leave one of them.");
        rest = match name.to_ascii_lowercase().as_str() {
            "cert-authority" if !after.starts_with('=') => {
                entry.cert_authority = true;
                after
            }
            "namespaces" => {
                let (value, after) = value(name, after)?;
                if value.is_empty() {
                    return Err(bad("namespaces= is empty", QUOTES));
                }
                entry.namespaces.replace(value).map_or(Ok(after), |_| Err(twice()))?
            }
            "valid-after" => {
                let (value, after) = value(name, after)?;
                entry.valid_after.replace(time(&value)?).map_or(Ok(after), |_| Err(twice()))?
            }
            "valid-before" => {
                let (value, after) = value(name, after)?;
                entry.valid_before.replace(time(&value)?).map_or(Ok(after), |_| Err(twice()))?
            }
            _ => {
                let why = format!("{name:?} is neither a key nor a known option");
                let mend = "Known options: cert-authority, namespaces=, valid-after=, valid-before=.";
                return Err(bad(why, mend));
            }
        };
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    if let (Some(after), Some(before)) = (entry.valid_after, entry.valid_before)
        && before <= after
    {
        return Err(bad("valid-before is not after valid-after", "Check the two times."));
    }
    if rest.starts_with([' ', '\t']) {
        Ok(rest.trim_start())
    } else {
        Err(bad("after the options must be a blank and the public key", SHAPE))
    }
}

/// The value after `=`, in double quotes; `\"` stands for a quote within.
fn value<'a>(name: &str, text: &'a str) -> Result<(String, &'a str), BadLine> {
    let inner =
        text.strip_prefix("=\"").ok_or_else(|| bad(format!("the value of {name} is not in double quotes"), QUOTES))?;
    let mut out = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((out, inner.get(i + 1..).unwrap_or_default())),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                out.push('"');
                chars.next();
            }
            c => out.push(c),
        }
    }
    Err(bad(format!("the value of {name} has no closing double quote"), QUOTES))
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without `Z`; always UTC.
fn time(text: &str) -> Result<Timestamp, BadLine> {
    let wrong = || bad(format!("{text:?} is not a time"), TIMES);
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    if !matches!(digits.len(), 8 | 12 | 14) {
        return Err(wrong());
    }
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().map_err(|_e| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::signer::{Signer as _, TestSigner};

    fn read(text: &str) -> Result<Entry, BadLine> {
        let key = TestSigner::from_seed([1; 32]).unwrap().key().to_line();
        parse(&text.replace("KEY", &key), 7)
    }

    fn why(text: &str) -> String {
        read(text).unwrap_err().why
    }

    #[test]
    fn options_and_quotes() {
        let entry =
            read("\"ana b\" cert-authority,Namespaces=\"a b,\\\"c\\\"\",valid-after=\"20260102\" KEY it is Ana's")
                .unwrap();
        assert_eq!(entry.principals, "ana b");
        assert!(entry.cert_authority);
        assert_eq!(entry.namespaces.as_deref(), Some("a b,\"c\""));
        assert_eq!(entry.valid_after.unwrap().to_string(), "2026-01-02T00:00:00.000Z");
        assert_eq!(entry.key.unwrap().comment.raw(), "it is Ana's");
        assert_eq!(read("ana\t\tKEY").unwrap().principals, "ana");
    }

    #[test]
    fn times() {
        assert_eq!(time("20260102Z").unwrap().to_string(), "2026-01-02T00:00:00.000Z");
        assert_eq!(time("202601020304Z").unwrap().to_string(), "2026-01-02T03:04:00.000Z");
        assert_eq!(time("20260102030405").unwrap().to_string(), "2026-01-02T03:04:05.000Z");
        for wrong in ["", "Z", "2026", "20261302Z", "20260102T00", "202601020", "2026010203040506", "20260102ZZ"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn faults_are_named() {
        assert!(why("ana").contains("only one word"));
        assert!(why("ana nonsense=\"x\" KEY").contains("nonsense"));
        assert!(why("ana namespaces=x KEY").contains("double quotes"));
        assert!(why("ana namespaces=\"x KEY").contains("no closing"));
        assert!(why("ana namespaces=\"x\",namespaces=\"y\" KEY").contains("twice"));
        assert!(why("ana namespaces=\"\" KEY").contains("empty"));
        assert!(why("ana valid-after=\"soon\" KEY").contains("not a time"));
        assert!(why("ana valid-after=\"20260102Z\",valid-before=\"20260102Z\" KEY").contains("not after"));
        assert!(why("ana cert-authority ssh-ed25519 AAAA").contains("no public key"));
        assert!(why("ana cert-authority,KEY").contains("neither"));
        assert!(why("\"ana KEY").contains("not closed"));
        // The word before the base64 must be the algorithm that is inside.
        assert!(
            why("ana ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGGN487l3JjT8NrZF+QDNlkbzIWz9LGGihyS6DCHF8E/").contains("neither")
        );
    }
}
