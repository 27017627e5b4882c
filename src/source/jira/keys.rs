//! Keys of tickets.

/// What stands before a dash and digits and is no project: names of standards, ciphers and vulnerabilities.
const NOT_PROJECTS: [&str; 14] =
    ["AES", "CVE", "CWE", "ECMA", "GHSA", "HTTP", "IEEE", "ISO", "MD", "RFC", "RSA", "SHA", "TLS", "UTF"];

/// Whether `text` is a ticket key: `PAY-12`. Only such text may stand in a path or a query.
pub(super) fn is_key(text: &str) -> bool {
    let Some((project, number)) = text.split_once('-') else { return false };
    let mut letters = project.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase())
        && project.len() >= 2
        && letters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !number.is_empty()
        && number.len() <= 18
        && number.bytes().all(|b| b.is_ascii_digit())
        && project.len() <= 64
}

/// The ticket keys that stand as words in a text, such as a commit message, each once, in order.
///
/// A key has no letter, digit, dash or underscore around it, but may be followed by a dash (`PAY-12-fix`). Names such as
/// `UTF-8`, `SHA-256` and `CVE-2024-1` are no keys, nor are numbers with leading zeros.
pub fn keys_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')) {
        // A word may be `PAY-12`, `PAY-12-fix` or `PAY-12-PAY-13`.
        let mut parts = word.split('-').peekable();
        let mut before = None;
        while let Some(part) = parts.next() {
            let glued = before.is_some_and(|b: &str| !b.bytes().all(|c| c.is_ascii_digit()));
            before = Some(part);
            let Some(number) = parts.peek() else { break };
            let key = format!("{part}-{number}");
            if !glued
                && is_key(&key)
                && !number.starts_with('0')
                && !NOT_PROJECTS.contains(&part)
                && !found.contains(&key)
            {
                found.push(key);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_stand_as_words() {
        assert_eq!(
            keys_in("PAY-12: mend (see CORE_2-7, PAY-12)\n\nCloses #3, OPS1-9."),
            ["PAY-12", "CORE_2-7", "OPS1-9"]
        );
        assert_eq!(keys_in("Merge branch 'feature/PAY-12-rounding' PAY-1-PAY-2"), ["PAY-12", "PAY-1", "PAY-2"]);
        for none in [
            "pay-12",
            "P-1",
            "xPAY-12",
            "PAY-12x",
            "PAY-12_3",
            "PAY_-",
            "PAY-",
            "-12",
            "éPAY-1",
            "PAY-1é",
            "re-PAY-1",
            "UTF-8 SHA-256 ISO-8601 CVE-2024-3094",
            "PAY-012",
            "",
            "PAY--1",
        ] {
            assert_eq!(keys_in(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn only_plain_keys_are_keys() {
        assert!(is_key("PAY-12") && is_key("A1-1"));
        for bad in ["PAY-12) OR (key in (X-1", "PAY-1/../../x", "PAY-1?x", "PAY-1&x", "A-1", "1A-1", "PAY-1\n", "PAY-١"]
        {
            assert!(!is_key(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_found_may_be_sent(text in "[A-Z0-9_ é-]{0,40}|.*") {
            prop_assert!(keys_in(&text).iter().all(|k| is_key(k)));
        }
    }
}
