//! Normal forms: what may differ between two reports of the same thing is taken out.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A path as it is compared: `/` between parts, no `./`, no `file://`, no workspace of a known build system before it.
///
/// A URL of another scheme stays as it is. Only such workspaces are cut off as cannot be part of a repository: GitHub's
/// (`/github/workspace/`, `/home/runner/work/NAME/NAME/`) and, below a folder that names Jenkins, `workspace/JOB/`.
pub fn normalise_path(path: &str) -> Cow<'_, str> {
    let trimmed = path.trim();
    // Nearly all are as they should be, and there are hundreds of thousands.
    if is_plain_path(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(plain_path(trimmed))
}

/// Whether a path is in its normal form, without colons, as nearly all are.
fn is_plain_path(path: &str) -> bool {
    // How long a part is, and whether it has anything but dots.
    let (mut length, mut named) = (0_usize, false);
    for byte in path.bytes() {
        match byte {
            b'\\' | b':' => return false,
            b'/' if length == 0 || !(named || length > 2) => return false,
            b'/' => (length, named) = (0, false),
            byte => (length, named) = (length + 1, named || byte != b'.'),
        }
    }
    length > 0 && (named || length > 2)
}

fn plain_path(trimmed: &str) -> String {
    let slashed = trimmed.replace('\\', "/");
    let local = match slashed.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => decoded(rest),
        Some(_) => return trimmed.to_owned(),
        None => match slashed.strip_prefix("file:") {
            Some(rest) => decoded(rest),
            None => slashed,
        },
    };
    let rooted = local.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in local.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.last().is_some_and(|p| *p != "..") {
                    parts.pop();
                } else if !rooted {
                    parts.push(part);
                }
            }
            part => parts.push(part),
        }
    }
    if rooted {
        if let Some(below) = below_workspace(&parts) {
            return below.join("/");
        }
        return format!("/{}", parts.join("/"));
    }
    parts.join("/")
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_e| text.to_owned(), std::borrow::Cow::into_owned)
}

fn below_workspace<'a, 'b>(parts: &'b [&'a str]) -> Option<&'b [&'a str]> {
    let rest = match parts {
        ["github", "workspace", rest @ ..] => Some(rest),
        ["home", "runner", "work", outer, inner, rest @ ..] if outer == inner => Some(rest),
        _ => {
            let at = parts.iter().position(|p| *p == "workspace")?;
            let (before, after) = parts.split_at_checked(at)?;
            let jenkins = before.iter().any(|p| p.to_ascii_lowercase().contains("jenkins"));
            if jenkins { after.get(2..) } else { None }
        }
    }?;
    (!rest.is_empty()).then_some(rest)
}

/// The name of an image as it is compared: without tag, digest, a path inside the image, or a remark in parentheses.
///
/// `registry:5000/pay:1.4.2 (debian 12.5)` becomes `registry:5000/pay`: a dismissal must outlive the next build.
pub fn normalise_image(target: &str) -> &str {
    let bare = target.split(" (").next().unwrap_or(target).trim();
    let bare = bare.split("//").next().filter(|b| !b.is_empty() && !b.ends_with(':')).unwrap_or(bare);
    let bare = bare.split('@').next().unwrap_or(bare);
    match bare.rsplit_once(':') {
        // An image that is known by its digest alone has no other name.
        Some(("sha256" | "sha512", _)) => bare,
        // A colon before the last slash belongs to the registry's port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => bare,
    }
}

/// Whether a text is a package URL.
pub(super) fn is_purl(text: &str) -> bool {
    text.trim_start().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
}

/// A package URL as it is compared: lower case, decoded, without version, qualifiers and sub-path. A bare name becomes
/// lower case.
pub fn normalise_purl(purl: &str) -> Cow<'_, str> {
    let purl = purl.trim();
    if !is_purl(purl) {
        return lower(purl);
    }
    let bare = purl.split(['#', '?']).next().unwrap_or(purl);
    let bare = match (bare.rfind('@'), bare.rfind('/')) {
        (Some(at), Some(slash)) if at > slash + 1 => bare.get(..at).unwrap_or(bare),
        _ => bare,
    };
    if bare.contains('%') { Cow::Owned(lower(&decoded(bare)).into_owned()) } else { lower(bare) }
}

/// In lower case; nearly all are already, and there are hundreds of thousands.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

/// In upper case, as ids of vulnerabilities are.
pub(super) fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_lowercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_uppercase())
}

/// The name of a tool as it is compared: lower case letters and digits, without the edition. `Semgrep OSS` is Semgrep.
pub fn normalise_tool(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let named: String = words.clone().filter(|w| !matches!(*w, "oss" | "pro" | "owasp" | "cli")).collect();
    if named.is_empty() { words.collect() } else { named }
}

/// Code as it is compared: runs of white space are one blank.
pub fn normalise_snippet(snippet: &str) -> Cow<'_, str> {
    let mut before = b' ';
    let is_plain = snippet.bytes().all(|byte| {
        let fits = (0x21..0x7f).contains(&byte) || (byte == b' ' && before != b' ');
        before = byte;
        fits
    });
    if is_plain && before != b' ' {
        return Cow::Borrowed(snippet);
    }
    let mut out = String::with_capacity(snippet.len());
    for word in snippet.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

/// A message as it is compared: lower case, runs of white space one blank, runs of digits one `#`, because line
/// numbers and counts stand in messages.
pub fn normalise_message(message: &str) -> String {
    if message.is_ascii() {
        // Nearly all are, and there are hundreds of thousands.
        let message = message.trim_ascii();
        let mut before = 0;
        let is_plain = message.bytes().all(|byte| {
            let fits = !matches!(byte, b'0'..=b'9' | b'\t' | b'\n' | b'\x0c' | b'\r') && (byte, before) != (b' ', b' ');
            before = byte;
            fits
        });
        if is_plain {
            return message.to_ascii_lowercase();
        }
        let mut out = Vec::with_capacity(message.len());
        for byte in message.bytes() {
            match (byte, out.last()) {
                (b'0'..=b'9', Some(b'#')) | (b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', Some(b' ')) => {}
                (b'0'..=b'9', _) => out.push(b'#'),
                (b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', _) => out.push(b' '),
                (byte, _) => out.push(byte.to_ascii_lowercase()),
            }
        }
        return String::from_utf8(out).unwrap_or_default();
    }
    let mut out = String::with_capacity(message.len());
    for c in normalise_snippet(message).chars().flat_map(char::to_lowercase) {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_its_own_normal_form(path in "[ab./:\\\\ ]{0,12}") {
            prop_assert_eq!(normalise_path(&path).into_owned(), plain_path(path.trim()));
        }

        #[test]
        fn code_is_words_with_one_blank_between(code in "[ab \t\n\u{b}\u{85}\u{a0}é]{0,12}") {
            let words: Vec<&str> = code.split_whitespace().collect();
            prop_assert_eq!(normalise_snippet(&code).into_owned(), words.join(" "));
        }

        #[test]
        fn a_message_has_no_numbers(message in "[Ab1 \t\n\u{c}]{0,12}") {
            let words: Vec<String> = message.split_ascii_whitespace().map(str::to_lowercase).collect();
            let mut wanted = words.join(" ").replace('1', "#");
            while wanted.contains("##") {
                wanted = wanted.replace("##", "#");
            }
            prop_assert_eq!(normalise_message(&message), wanted);
        }
    }
}
