//! Lists of patterns as OpenSSH has them: `ana@example.com,!bob@example.com,*@example.org`.

/// Whether a list of patterns, separated by commas, names a text. A negated pattern that matches outweighs all others.
pub(in crate::trust) fn list_matches(list: &str, text: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, text) => return false,
            None if matches(pattern, text) => found = true,
            _ => {}
        }
    }
    found
}

/// Whether a pattern matches a text: `*` stands for any characters, `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was and how far it reaches so far: going back only to the last one keeps this quadratic.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    p = at + 1;
                    t = reach + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_negation() {
        assert!(list_matches("ana@example.com", "ana@example.com"));
        assert!(!list_matches("ana@example.com", "Ana@example.com"));
        assert!(list_matches("*@example.com", "bob@example.com"));
        assert!(!list_matches("!bob@example.com,*@example.com", "bob@example.com"));
        assert!(!list_matches("*@example.com,!bob@example.com", "bob@example.com"));
        assert!(!list_matches("!bob@example.com", "ana@example.com"));
        assert!(list_matches("a?a*,x", "anan"));
        assert!(!list_matches("a?", "a"));
        assert!(list_matches("*a*b*c", "xxaxxbxxbxxc"));
        assert!(!list_matches(&format!("{}b", "*a".repeat(40)), &"a".repeat(2_000)));
    }
}
