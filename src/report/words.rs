//! What stands in the words of scanners: vulnerability ids, weakness numbers, severities, plain text from HTML.

use base64::Engine as _;
use memchr::memchr2_iter;

use super::limits;
use crate::domain::canonical;
use crate::domain::severity::Severity;

/// Prefixes of ids that name one vulnerability each. Advisories of distributions (DSA-, RHSA-) name several, and would draw
/// different vulnerabilities together.
const DATABASES: [&str; 7] = ["CVE-", "GHSA-", "RUSTSEC-", "PYSEC-", "GO-", "OSV-", "GMS-"];

/// The ids of vulnerability databases in a text, upper case. What is written behind an id is cut off: Grype writes rules as
/// `CVE-2019-1549-libcrypto1.1`.
pub(super) fn vulnerability_ids(text: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // No id is shorter, and most texts have none.
    let words = text.split(|c: char| !word(c)).map(|w| w.trim_matches('-')).filter(|w| w.len() > 6 && w.contains('-'));
    words.filter_map(id_in).collect()
}

/// The id that a word begins with.
fn id_in(word: &str) -> Option<String> {
    let is_of = |database: &&&str| word.get(..database.len()).is_some_and(|head| head.eq_ignore_ascii_case(database));
    let database = DATABASES.iter().find(is_of)?;
    let own = own_part(database, word.get(database.len()..)?)?;
    word.get(..database.len() + own.len()).map(str::to_ascii_uppercase)
}

/// What a vulnerability is known as: the ids of vulnerability databases in its own id and in its other names; or its own id,
/// where that is of another database.
pub(super) fn known_as<'t>(own: &str, others: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut ids = vulnerability_ids(own);
    ids.extend(others.into_iter().flat_map(vulnerability_ids));
    if ids.is_empty() && !own.trim().is_empty() {
        ids.push(own.trim().to_ascii_uppercase());
    }
    ids.sort();
    ids.dedup();
    ids
}

/// What of the rest of a word belongs to an id that begins with the name of a database.
fn own_part<'w>(database: &str, rest: &'w str) -> Option<&'w str> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mut parts = rest.splitn(4, '-');
    match (database, parts.next(), parts.next(), parts.next()) {
        ("GHSA-", Some(a), Some(b), Some(c)) if [a, b, c].iter().all(|p| p.len() == 4) => rest.get(..14),
        ("GHSA-", ..) => None,
        ("OSV-", Some(year), Some(n), None) if year.len() == 4 && digits(year) && !n.is_empty() => Some(rest),
        (_, Some(year), Some(n), _) if year.len() == 4 && digits(year) && digits(n) => rest.get(..=4 + n.len()),
        _ => None,
    }
}

/// The numbers of the Common Weakness Enumeration in a text: `CWE-79`, `external/cwe/cwe-079`, `cwe: 79`.
pub(super) fn cwe_numbers(text: &str) -> Vec<u32> {
    let named = |at: &usize| text.get(*at..*at + 3).is_some_and(|word| word.eq_ignore_ascii_case("cwe"));
    let number = |at: usize| {
        let rest = text.get(at + 3..)?.trim_start_matches(['-', '_', ':', ' ']);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.get(..digits)?.parse().ok().filter(|n| *n > 0)
    };
    memchr2_iter(b'c', b'C', text.as_bytes()).filter(named).filter_map(number).collect()
}

/// A severity in a tool's own word.
pub(super) fn severity(word: &str) -> Option<Severity> {
    let word = word.trim();
    word.parse().ok().or_else(|| match word.to_ascii_lowercase().as_str() {
        "blocker" => Some(Severity::Critical),
        "important" => Some(Severity::High),
        "undefined" => Some(Severity::Unknown),
        // Negligible and unimportant are below low, in the scales of distributions.
        "none" | "information" | "negligible" | "unimportant" => Some(Severity::Info),
        _ => None,
    })
}

/// The text that Base64 stands for; what is no text in it is replaced. `None` if it is no Base64.
pub(super) fn from_base64(text: &str) -> Option<String> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(dense).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The most of a text in HTML that is made plain: far more than a finding holds of it.
const LONGEST_HTML: usize = 16 << 20;
/// The most bytes of a tag that is taken out.
const LONGEST_TAG: usize = 24;

/// Plain text of a piece of HTML as ZAP writes it: paragraphs become lines, other tags go, entities are resolved.
pub(super) fn plain(html: &str) -> String {
    // Each step below copies it.
    let html = limits::within(html, LONGEST_HTML);
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_ref();
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        // No tag that is looked for is longer: looked for to the end, each of many `<` would be a way through all of it.
        let (near, _) = limits::split(tag, LONGEST_TAG);
        let known = near.find('>').and_then(|at| Some((tag.get(..at)?, tag.get(at + 1..)?)));
        let known = known.filter(|(name, _)| is_tag(name));
        if let Some((name, after)) = known {
            let name = name.trim_matches('/').trim().to_ascii_lowercase();
            if matches!(name.as_str(), "p" | "br" | "li" | "ul" | "div") && !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            rest = after;
        } else {
            out.push('<');
            rest = tag;
        }
    }
    out.push_str(rest);
    let text = out
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    text.trim().to_owned()
}

/// Only the tags that ZAP's descriptions use are taken out: `<script>` in a text is evidence.
fn is_tag(name: &str) -> bool {
    let name = name.trim_matches('/').trim().to_ascii_lowercase();
    matches!(name.as_str(), "p" | "br" | "li" | "ul" | "ol" | "div" | "b" | "i" | "em" | "strong" | "code" | "pre")
}

/// A mark of a leaked secret by which another one in its place is told apart. It has twelve bits: too few to find out by
/// trying whether a guess was right.
pub(super) fn mark(secret: &str) -> String {
    let digest = canonical::sha256_parts([b"secret".as_slice(), secret.as_bytes()]).to_string();
    digest.chars().rev().take(3).collect()
}

/// A leaked secret, which may be of any characters, in place of which this may be shown.
pub(super) fn covered(secret: &str) -> String {
    if secret.contains(char::is_whitespace) {
        return masked(secret);
    }
    let kept = if secret.chars().count() < 8 { 0 } else { 3 };
    secret.chars().take(kept).chain("********".chars()).collect()
}

/// Text around a leaked secret as it may be shown: of every long word without blanks only the first three characters are
/// left, and nothing of a short one that is a value: behind `=`, `:` or a quote, to the end of the line.
pub(super) fn masked(snippet: &str) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || "+/_-.~%!@#$^&*".contains(c);
    // A short word with nothing around it is the secret itself.
    let trimmed = snippet.trim();
    if !trimmed.is_empty() && !trimmed.contains(char::is_whitespace) && trimmed.chars().count() < 8 {
        return HIDDEN.to_owned();
    }
    let mut out = String::with_capacity(snippet.len());
    let (mut is_value, mut is_told) = (false, false);
    let mut rest = snippet;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c| !token(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if word.is_empty() {
            is_value = match c {
                // The value may stand on the next line.
                '\n' => is_value && !is_told,
                '=' | ':' | '"' | '\'' | '`' => true,
                _ => is_value,
            };
            is_told &= !matches!(c, '=' | ':');
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        if word.chars().count() >= 8 {
            out.extend(word.chars().take(3));
            out.push_str(HIDDEN);
        } else if is_value && !is_key(&out, after) {
            out.push_str(HIDDEN);
        } else {
            out.push_str(word);
        }
        is_told = true;
        rest = after;
    }
    out
}

/// What stands in place of a secret.
const HIDDEN: &str = "********";

/// Whether a word is the name of a value: `"name": `, `, name=`.
fn is_key(before: &str, after: &str) -> bool {
    let quotes = ['"', '\'', '`'];
    let named = after.trim_start_matches(quotes).trim_start_matches(' ').starts_with([':', '=']);
    let outside = before.strip_suffix(quotes).unwrap_or(before);
    let first = outside.trim_end_matches(' ');
    named
        && (outside.is_empty() || outside.ends_with([' ', ',', ';', '{', '(', '[', '\n', '\t']))
        && !first.ends_with([':', '='])
}

/// Name and version of an archive of Java, by its file name: `parser-1.2.3.jar`.
pub(super) fn archive_parts(file: &str) -> (&str, Option<&str>) {
    let bare = [".jar", ".war", ".ear"].iter().find_map(|end| file.strip_suffix(end));
    let Some(bare) = bare else { return (file, None) };
    let at = bare
        .match_indices('-')
        .map(|(at, _)| at)
        .find(|at| bare.get(at + 1..).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit())));
    at.and_then(|at| Some((bare.get(..at)?, bare.get(at + 1..)))).unwrap_or((bare, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_words() {
        assert_eq!(
            vulnerability_ids("see cve-2021-3711, GHSA-35jh-r3h4-6jhm (RUSTSEC-2020-0071); CVE-x, GO-lang, DSA-4808-1"),
            ["CVE-2021-3711", "GHSA-35JH-R3H4-6JHM", "RUSTSEC-2020-0071"]
        );
        assert_eq!(
            vulnerability_ids(
                "CVE-2019-1549-libcrypto1.1 GHSA-35jh-r3h4-6jhm-lodash CVE-20191-1 CVE-2019- GO-2022-0969"
            ),
            ["CVE-2019-1549", "GHSA-35JH-R3H4-6JHM", "GO-2022-0969"]
        );
        assert_eq!(cwe_numbers("external/cwe/cwe-079 CWE-89: x cwe"), [79, 89]);
    }

    #[test]
    fn html_becomes_text_and_evidence_stays() {
        assert_eq!(
            plain("<p>One &amp; two.</p><p>Three <script>x</script></p>"),
            "One & two.\nThree <script>x</script>"
        );
        assert_eq!(plain("a < b and c > d"), "a < b and c > d");
        assert_eq!(plain("&amp;lt;"), "&lt;");
    }

    /// Looked for to the end, a tag of each `<` is a way through two megabytes.
    #[test]
    fn html_of_brackets_only_is_read_in_one_go() {
        let cut = plain(&"x".repeat(LONGEST_HTML + 7));
        assert!(cut.ends_with(']') && cut.contains("7 more bytes"));
        let brackets = "<".repeat(2 << 20);
        assert_eq!(plain(&brackets), brackets);
        assert_eq!(plain("a<br  />b<strong>c</strong>"), "a\nbc");
    }

    #[test]
    fn secrets_are_masked() {
        let shown = masked("aws_secret = \"wJalrXUtnFEMI/K7MDENG\"");
        assert!(!shown.contains("UtnFEMI"), "{shown}");
        assert!(shown.contains("wJa********"));
        for text in [
            "pw:\n  hunter2",
            "pw={hunter2}",
            "DB_PASSWORD=hunter2",
            "hunter2",
            "pw: hunter2",
            "login(\"hunter2\")",
            "a = 1, b='x hunter2'",
            "{\"pw\": \"hunter2\"}",
        ] {
            assert!(!masked(text).contains("hunter2"), "{text}");
        }
        assert_eq!(masked("{\"pw\": \"a\", 'id' : \"b\"}"), "{\"pw\": \"********\", 'id' : \"********\"}");
        assert_eq!(masked("if ok return"), "if ok return");
    }
}
