//! Numbers of findings and of queries: scores come as text, and are compared as numbers.

use std::cmp::Ordering;
use std::fmt;

/// A number that is neither infinite nor undefined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(f64);

impl Number {
    /// Reads `9.8`, `0.00042`, `4.2e-4`, `42%`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (digits, by) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
        let number: f64 = digits.trim().parse().ok()?;
        // Words that a parser takes for numbers are none here.
        let plain = digits.trim().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
        (number.is_finite() && plain).then_some(Self(number / by))
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self(f64::from(number))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_and_no_words() {
        for (text, same) in [("9.8", "9.80"), ("42%", "0.42"), ("4.2e-4", "0.00042"), (" 7 ", "7.0")] {
            assert_eq!(Number::read(text), Number::read(same), "{text}");
        }
        assert!(Number::read("10.0") > Number::read("9.9"), "not by their letters");
        for text in ["", "NaN", "inf", "-inf", "high", "1e999", "%", "0x1"] {
            assert_eq!(Number::read(text), None, "{text}");
        }
    }
}
