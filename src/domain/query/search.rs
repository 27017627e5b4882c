//! Searching without regard to case, without a copy of what is searched.

/// What is searched for, in lower case already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    lower: String,
}

/// How many bytes are looked at at once for a first byte; the compiler makes vector code of it.
const STRIDE: usize = 32;

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self { lower: text.chars().flat_map(char::to_lowercase).collect() }
    }

    pub(super) fn text(&self) -> &str {
        &self.lower
    }

    /// Whether it is in the text, without regard to case. The empty needle is in every text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.lower.is_ascii() { self.is_in_bytes(text.as_bytes()) } else { self.is_in_chars(text) }
    }

    fn is_in_bytes(&self, text: &[u8]) -> bool {
        let needle = self.lower.as_bytes();
        let Some((&first, _)) = needle.split_first() else { return true };
        let Some(last) = text.len().checked_sub(needle.len()) else { return false };
        let Some(starts) = text.get(..=last) else { return false };
        let upper = first.to_ascii_uppercase();
        starts.chunks(STRIDE).enumerate().any(|(index, chunk)| {
            let may = chunk.iter().fold(0_u8, |found, b| found | u8::from(*b == first) | u8::from(*b == upper)) != 0;
            may && chunk.iter().enumerate().any(|(offset, b)| {
                let at = index * STRIDE + offset;
                (*b == first || *b == upper)
                    && text.get(at..at + needle.len()).is_some_and(|found| found.eq_ignore_ascii_case(needle))
            })
        })
    }

    fn is_in_chars(&self, text: &str) -> bool {
        // Text of ASCII alone has no other letters in lower case either.
        !text.is_ascii()
            && text.char_indices().any(|(at, _)| {
                let mut rest = text.get(at..).unwrap_or_default().chars().flat_map(char::to_lowercase);
                self.lower.chars().all(|wanted| rest.next() == Some(wanted))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_does_not_matter() {
        assert!(Needle::new("SQL").is_in("a sql injection"));
        assert!(Needle::new("ÜBER").is_in("Gegenüber"));
        assert!(!Needle::new("über").is_in("uber"));
        assert!(Needle::new("").is_in(""));
        assert!(!Needle::new("abc").is_in("ab"));
    }

    proptest! {
        #[test]
        fn it_finds_what_a_copy_in_lower_case_has(text in "[aAbBkK é]{0,80}", needle in "[aAbBk]{0,3}") {
            prop_assert_eq!(Needle::new(&needle).is_in(&text), text.to_lowercase().contains(&needle.to_lowercase()));
        }
    }
}
