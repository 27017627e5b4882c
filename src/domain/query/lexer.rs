//! A query's words, errors with their place, and completion: what both languages have in common.

use std::borrow::Cow;
use std::ops::Range;

use super::Order;

/// Why a query cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// The bytes of the input that are wrong; for a caret under it. Always on character borders, possibly empty.
    pub span: Range<usize>,
    /// A full sentence, with the nearest right word where there is one. Safe to display.
    pub message: String,
}

/// A part of a term, with its place.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub text: Cow<'a, str>,
    pub span: Range<usize>,
}

impl Part<'_> {
    pub(super) fn wrong(&self, message: impl AsRef<str>) -> QueryError {
        QueryError { span: self.span.clone(), message: crate::text::line(message.as_ref()).into_owned() }
    }

    /// The word is none of those known; says the nearest one, or all of them.
    pub(super) fn unknown(&self, what: &str, known: &[&str], more: &str) -> QueryError {
        let hint = match nearest(&self.text, known) {
            Some(word) => format!("Did you mean \"{word}\"?"),
            None => format!("Known are {}.", known.join(", ")),
        };
        self.wrong(format!("There is no {what} \"{}\". {hint}{more}", self.text))
    }
}

/// One term as written.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub negated: bool,
    /// Field, sign and value, if it has a sign outside of quotes.
    pub field: Option<(Part<'a>, Order, Part<'a>)>,
    /// The text of a term without a field.
    pub text: Cow<'a, str>,
    /// Whether the text was in quotes.
    pub quoted: bool,
}

/// The signs between field and value; the longer ones first.
const SIGNS: [(&str, Order); 6] = [
    (">=", Order::AtLeast),
    ("<=", Order::AtMost),
    (">", Order::More),
    ("<", Order::Less),
    ("=", Order::Equal),
    (":", Order::Equal),
];

/// The terms of a query.
pub(super) fn tokens(input: &str) -> Result<Vec<Token<'_>>, QueryError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = input.get(at..) {
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            break;
        }
        at += rest.len() - trimmed.len();
        let (token, end) = token(input, at)?;
        out.push(token);
        at = end;
    }
    Ok(out)
}

fn token(input: &str, start: usize) -> Result<(Token<'_>, usize), QueryError> {
    let from = |at: usize| input.get(at..).unwrap_or_default();
    let negated = from(start).starts_with(['!', '-']);
    let at = start + usize::from(negated);
    if from(at).starts_with('"') {
        let (part, end) = in_quotes(input, at)?;
        return Ok((Token { negated, field: None, text: part.text, quoted: true }, end));
    }
    let word = from(at).split(char::is_whitespace).next().unwrap_or_default();
    if negated && word.is_empty() {
        let message =
            "Nothing follows the sign that turns a term round; to search for it, put it in quotes.".to_owned();
        return Err(QueryError { span: start..at, message });
    }
    let sign = word.find([':', '=', '<', '>']).filter(|i| *i > 0);
    let Some(length) = sign else {
        let token = Token { negated, field: None, text: Cow::Borrowed(word), quoted: false };
        return Ok((token, at + word.len()));
    };
    let field = Part { text: Cow::Borrowed(word.get(..length).unwrap_or_default()), span: at..at + length };
    let after = from(at + length);
    let (sign, order) = SIGNS.iter().find(|(s, _)| after.starts_with(s)).copied().unwrap_or((":", Order::Equal));
    let value_at = at + length + sign.len();
    let (value, end) = if from(value_at).starts_with('"') {
        in_quotes(input, value_at)?
    } else {
        let text = from(value_at).split(char::is_whitespace).next().unwrap_or_default();
        let end = value_at + text.len();
        (Part { text: Cow::Borrowed(text), span: value_at..end }, end)
    };
    Ok((Token { negated, field: Some((field, order, value)), text: Cow::Borrowed(""), quoted: false }, end))
}

/// What stands in quotes; `\"` and `\\` stand for themselves.
fn in_quotes(input: &str, start: usize) -> Result<(Part<'_>, usize), QueryError> {
    let mut text = String::new();
    let mut chars = input.get(start + 1..).unwrap_or_default().char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => {
                let end = start + 1 + offset + 1;
                return Ok((Part { text: Cow::Owned(text), span: start..end }, end));
            }
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                Some((_, c)) => text.extend(['\\', c]),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    Err(QueryError { span: start..input.len(), message: "The closing quote is missing.".to_owned() })
}

/// A value as it may be typed.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.starts_with('"') && !text.contains(char::is_whitespace);
    if plain { text.to_owned() } else { in_quote_marks(text) }
}

/// Text as it may be typed so that it is not taken for a flag or a field.
pub(super) fn bare_or_quoted(text: &str, flags: &[&str]) -> String {
    let special = text.contains([':', '=', '<', '>', '"', '\\']) || text.starts_with(['!', '-']);
    if special || flags.contains(&text) { in_quote_marks(text) } else { quoted(text) }
}

fn in_quote_marks(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The known word that is nearest to what was written, if one is near: at most two letters apart, or a prefix.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word: Vec<char> = word.chars().take(32).flat_map(char::to_lowercase).collect();
    let begin: String = word.iter().collect();
    let prefix = known.iter().find(|k| word.len() >= 2 && (k.starts_with(&begin) || begin.starts_with(*k))).copied();
    let by_distance = known.iter().map(|k| (distance(&word, k), *k)).min_by_key(|(d, _)| *d);
    match by_distance {
        Some((d, k)) if d <= 2 && d < word.len() => Some(k),
        _ => prefix,
    }
}

/// How many letters must be changed, added or taken out.
fn distance(word: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (i, c) in other.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (w, cell) in word.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(*w != c)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// What may be typed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The byte of the input from which on a candidate replaces it.
    pub start: usize,
    /// The candidates: sorted, or in the order of the language's table before anything is typed.
    pub candidates: Vec<String>,
}

impl Completion {
    /// Candidates for the last word of `input`; `values` gives the known values of a field.
    pub(super) fn of(input: &str, fields: &[&str], flags: &[&str], values: impl Fn(&str) -> Vec<&'static str>) -> Self {
        let words = fields.iter().map(|f| format!("{f}:")).chain(flags.iter().map(|f| (*f).to_owned()));
        let mut found = Self::among(input, words.collect(), values);
        found.candidates.sort();
        found
    }

    /// The same, of all words that may begin a term: fields with their signs, and flags.
    pub(super) fn among(input: &str, words: Vec<String>, values: impl Fn(&str) -> Vec<&'static str>) -> Self {
        // Within quotes everything is text.
        if input.matches('"').count() % 2 == 1 {
            return Self { start: input.len(), candidates: Vec::new() };
        }
        let word = input.rsplit(char::is_whitespace).next().unwrap_or_default();
        let bare = word.strip_prefix(['!', '-']).unwrap_or(word);
        let mut start = input.len() - bare.len();
        let lower = bare.to_ascii_lowercase();
        let mut candidates: Vec<String> = match lower.find([':', '=', '<', '>']) {
            Some(sign) => {
                let (field, rest) = lower.split_at_checked(sign).unwrap_or_default();
                let value = rest.trim_start_matches([':', '=', '<', '>']);
                start = input.len() - value.len();
                values(field).into_iter().filter(|v| v.starts_with(value)).map(str::to_owned).collect()
            }
            None => words.into_iter().filter(|c| c.starts_with(&lower)).collect(),
        };
        // Before anything is typed, what is wanted most comes first.
        if start < input.len() || lower.contains([':', '=', '<', '>']) {
            candidates.sort();
            candidates.dedup();
        }
        Self { start, candidates }
    }
}
