//! The query language: what is shown of the findings, and of the inbox.
//!
//! Terms stand side by side and must all hold: `sev>=high tool:zap cvss>=9 !dismissed new "sql injection"`. `!` or `-`
//! before a term turns it round. What is in quotes is text, whatever it looks like. The fields are in `query/field.rs`.

mod field;
mod gate;
mod lexer;
mod number;
mod record;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;

use super::severity::Severity;
use super::triage::Triaged;
use field::{FLAGS, Field, Flag, Kind, SPECS, Spec};
use lexer::{Part, Token, quoted};
use number::Number;
use search::Needle;

pub use gate::{GateFacts, GateQuery};
pub use lexer::{Completion, QueryError, nearest};
pub use record::RecordQuery;

/// A query over findings, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Severity(Order, Severity),
    Number(Field, Order, Number),
    Cwe(u32),
    Word(Field, &'static str),
    Flag(Flag),
    Field(Field, Needle),
    Text(Needle),
}

/// How two things are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    AtLeast,
    AtMost,
    More,
    Less,
    Equal,
}

impl Order {
    fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::Less => "<",
            Self::Equal => ":",
        }
    }

    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::AtLeast => left >= right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::Less => left < right,
            Self::Equal => left == right,
        }
    }

    /// Severities: more is graver; unknown counts as high, but is equal to unknown only.
    fn holds_for(self, left: Severity, right: Severity) -> bool {
        match self {
            Self::Equal => left == right,
            order => order.holds(&left.weight(), &right.weight()),
        }
    }
}

impl Query {
    /// Reads a query. The empty one matches everything.
    pub fn parse(input: &str) -> Result<Self, QueryError> {
        let terms = lexer::tokens(input)?.into_iter().map(term).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Whether a finding is what the query asks for. Terms that look at little are asked first.
    pub fn matches(&self, triaged: &Triaged) -> bool {
        let holds = |t: &Term| t.test.holds(triaged) != t.negated;
        self.terms.iter().all(|t| t.test.reads_text() || holds(t))
            && self.terms.iter().all(|t| !t.test.reads_text() || holds(t))
    }

    /// Whether it asks for what the last approved release had and this one has not: that is a list of its own.
    pub fn asks_for_gone(&self) -> bool {
        let is = |test: &Test| match test {
            Test::Flag(flag) => matches!(flag, Flag::Fixed | Flag::Unseen),
            Test::Word(Field::Novelty, word) => matches!(*word, "fixed" | "unseen"),
            _ => false,
        };
        self.terms.iter().any(|t| !t.negated && is(&t.test))
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What may stand in place of the last word of `input`, which is what was typed up to the cursor.
    pub fn complete(input: &str) -> Completion {
        let word = input.rsplit(char::is_whitespace).next().unwrap_or_default();
        // Before anything is typed, one name of each is enough.
        let most = if word.trim_start_matches(['!', '-']).is_empty() { 1 } else { usize::MAX };
        let fields = SPECS.iter().flat_map(|s| s.names.iter().take(most).map(move |n| format!("{n}{}", s.sign())));
        let flags = FLAGS.iter().flat_map(|(_, words, _)| words.iter().take(most).map(|w| (*w).to_owned()));
        let values = |name: &str| Field::named(name).map(|s| s.field.offers()).unwrap_or_default();
        Completion::among(input, fields.chain(flags).collect(), values)
    }

    /// The fields and flags, in Markdown, for the docs.
    pub fn reference() -> String {
        field::reference()
    }
}

fn term(token: Token<'_>) -> Result<Term, QueryError> {
    let negated = token.negated;
    let Some((name, order, value)) = token.field else {
        let flag = Flag::named(&token.text).filter(|_| !token.quoted);
        let test = flag.map_or_else(|| Test::Text(Needle::new(&token.text)), Test::Flag);
        return Ok(Term { negated, test });
    };
    match (Field::named(&name.text), Flag::named(&name.text)) {
        (Some(spec), _) => Ok(Term { negated, test: compared(spec, &name, order, &value)? }),
        (None, Some(flag)) => Ok(Term { negated: negated != denied(&name, order, &value)?, test: Test::Flag(flag) }),
        (None, None) => {
            let mut known: Vec<&str> = SPECS.iter().filter_map(|s| s.names.first()).copied().collect();
            known.sort_unstable();
            Err(name.unknown("field", &known, " To search for this text, put it in quotes."))
        }
    }
}

/// Whether `new:no` says that it is not so.
fn denied(name: &Part<'_>, order: Order, value: &Part<'_>) -> Result<bool, QueryError> {
    match value.text.to_ascii_lowercase().as_str() {
        "yes" | "true" if order == Order::Equal => Ok(false),
        "no" | "false" if order == Order::Equal => Ok(true),
        _ => Err(name.wrong(format!("\"{0}\" is so or not: write {0} or !{0}.", name.text.to_ascii_lowercase()))),
    }
}

fn compared(spec: &Spec, name: &Part<'_>, order: Order, value: &Part<'_>) -> Result<Test, QueryError> {
    let said = value.text.as_ref();
    let word = name.text.to_ascii_lowercase();
    if order != Order::Equal && !spec.kind.is_compared() {
        return Err(name.wrong(format!("\"{word}\" cannot be compared with {}; write {word}:VALUE.", order.sign())));
    }
    if said.is_empty() {
        return Err(value.wrong(format!("A value is missing after \"{word}{}\".", order.sign())));
    }
    Ok(match spec.kind {
        Kind::Severity => {
            let severity = said.parse().map_err(|()| value.unknown("severity", &spec.field.words(), ""))?;
            Test::Severity(order, severity)
        }
        Kind::Number => {
            let number = Number::read(said)
                .ok_or_else(|| value.wrong(format!("\"{said}\" is no number; write {word}{}7.", order.sign())))?;
            Test::Number(spec.field, order, number)
        }
        Kind::Cwe => {
            let digits = said.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = digits
                .parse()
                .map_err(|_e| value.wrong(format!("\"{said}\" is no number of a weakness; write cwe:79.")));
            Test::Cwe(number?)
        }
        Kind::Word => {
            let words = spec.field.words();
            let said = if said.eq_ignore_ascii_case("unchanged") { "known" } else { said };
            let known = words.iter().find(|w| w.eq_ignore_ascii_case(said));
            Test::Word(spec.field, known.ok_or_else(|| value.unknown(&word, &words, ""))?)
        }
        Kind::Text => Test::Field(spec.field, Needle::new(said)),
    })
}

impl Test {
    /// Whether it goes through text, which takes longer than to look at a word or a number.
    fn reads_text(&self) -> bool {
        matches!(self, Self::Field(..) | Self::Text(_))
    }

    fn holds(&self, triaged: &Triaged) -> bool {
        let finding = &triaged.finding;
        match self {
            Self::Severity(order, severity) => order.holds_for(finding.severity, *severity),
            Self::Number(field, order, number) => field.number(finding).is_some_and(|n| order.holds(&n, number)),
            Self::Cwe(number) => finding.cwe.contains(number),
            Self::Word(field, word) => field.is(word, triaged),
            Self::Flag(flag) => flag.holds(triaged),
            Self::Field(field, needle) => field.has(needle, triaged),
            Self::Text(needle) => Field::Text.has(needle, triaged),
        }
    }
}

/// The query as it may be typed; reading it gives an equal query.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags: Vec<&str> = FLAGS.iter().flat_map(|(_, words, _)| words.iter().copied()).collect();
        for (index, term) in self.terms.iter().enumerate() {
            f.write_str(if index > 0 { " " } else { "" })?;
            f.write_str(if term.negated { "!" } else { "" })?;
            match &term.test {
                Test::Severity(order, severity) => write!(f, "sev{}{severity}", order.sign())?,
                Test::Number(field, order, number) => write!(f, "{}{}{number}", field.word(), order.sign())?,
                Test::Cwe(number) => write!(f, "cwe:{number}")?,
                Test::Word(field, word) => write!(f, "{}:{word}", field.word())?,
                Test::Flag(flag) => f.write_str(flag.word())?,
                Test::Field(field, needle) => write!(f, "{}:{}", field.word(), quoted(needle.text()))?,
                Test::Text(needle) => f.write_str(&lexer::bare_or_quoted(needle.text(), &flags))?,
            }
        }
        Ok(())
    }
}
