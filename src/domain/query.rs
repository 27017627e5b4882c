//! The query language: what is shown of the findings, and of the inbox.
//!
//! Terms stand side by side and must all hold: `sev>=high tool:zap !dismissed new "sql injection"`. `!` or `-` before a
//! term turns it round. What is in quotes is text, whatever it looks like.

mod gate;
mod lexer;
mod record;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;

use super::finding::Class;
use super::severity::Severity;
use super::triage::{Novelty, Status, Triaged};
use crate::text::Untrusted;
use lexer::{Token, quoted};
use search::Needle;

pub use gate::{GateFacts, GateQuery};
pub use lexer::{Completion, QueryError, nearest};
pub use record::RecordQuery;

/// Fields that are followed by a colon and a value.
const FIELDS: [&str; 14] = [
    "as", "class", "conf", "cve", "cwe", "file", "package", "path", "rule", "sev", "source", "status", "title", "tool",
];
/// Words that stand alone.
const FLAGS: [&str; 9] = ["dismissed", "fixable", "fixed", "known", "new", "open", "suppressed", "unchanged", "unseen"];

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
    Class(Class),
    Cwe(u32),
    Status(Status),
    Flag(&'static str),
    Field(Field, Needle),
    Text(Needle),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Tool,
    Rule,
    Path,
    Cve,
    Package,
    Title,
    Source,
    Confidence,
}

impl Field {
    fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Rule => "rule",
            Self::Path => "path",
            Self::Cve => "cve",
            Self::Package => "package",
            Self::Title => "title",
            Self::Source => "source",
            Self::Confidence => "conf",
        }
    }
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

    /// Whether a finding is what the query asks for.
    pub fn matches(&self, triaged: &Triaged) -> bool {
        self.terms.iter().all(|t| t.test.holds(triaged) != t.negated)
    }

    /// Whether it asks for what the last approved release had and this one has not: that is a list of its own.
    pub fn asks_for_gone(&self) -> bool {
        self.terms.iter().any(|t| !t.negated && matches!(t.test, Test::Flag("fixed" | "unseen")))
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What may stand in place of the last word of `input`, which is what was typed up to the cursor.
    pub fn complete(input: &str) -> Completion {
        Completion::of(input, &FIELDS, &FLAGS, |field| match field {
            "sev" => Severity::ALL.iter().map(|s| s.word()).collect(),
            "class" => Class::ALL.iter().map(|c| c.word()).collect(),
            "status" | "as" => Status::ALL.iter().map(|s| s.word()).collect(),
            "conf" => vec!["high", "medium", "low"],
            _ => Vec::new(),
        })
    }
}

fn term(token: Token<'_>) -> Result<Term, QueryError> {
    let negated = token.negated;
    let Some((field, order, value)) = token.field else {
        let flag = FLAGS.iter().find(|f| !token.quoted && f.eq_ignore_ascii_case(&token.text));
        let test = flag.map_or_else(|| Test::Text(Needle::new(&token.text)), |f| Test::Flag(f));
        return Ok(Term { negated, test });
    };
    let name = field.text.to_ascii_lowercase();
    if !FIELDS.contains(&name.as_str()) {
        return Err(field.unknown("field", &FIELDS, " To search for this text, put it in quotes."));
    }
    if order != Order::Equal && name != "sev" {
        return Err(field.wrong(format!("\"{name}\" cannot be compared with {}; write {name}:VALUE.", order.sign())));
    }
    if value.text.is_empty() {
        return Err(value.wrong(format!("A value is missing after \"{name}{}\".", order.sign())));
    }
    let said = value.text.as_ref();
    let needle = || Needle::new(said);
    let test = match name.as_str() {
        "sev" => {
            let words = Severity::ALL.map(Severity::word);
            Test::Severity(order, said.parse().map_err(|()| value.unknown("severity", &words, ""))?)
        }
        "class" => {
            let words = Class::ALL.map(Class::word);
            let class = Class::from_word(&said.to_ascii_lowercase());
            Test::Class(class.ok_or_else(|| value.unknown("class", &words, ""))?)
        }
        "status" | "as" => {
            let words = Status::ALL.map(Status::word);
            let status = Status::from_word(&said.to_ascii_lowercase());
            Test::Status(status.ok_or_else(|| value.unknown("status", &words, ""))?)
        }
        "cwe" => {
            let digits = said.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = digits
                .parse()
                .map_err(|_e| value.wrong(format!("\"{said}\" is no number of a weakness; write cwe:79.")));
            Test::Cwe(number?)
        }
        "tool" => Test::Field(Field::Tool, needle()),
        "rule" => Test::Field(Field::Rule, needle()),
        "path" | "file" => Test::Field(Field::Path, needle()),
        "cve" => Test::Field(Field::Cve, needle()),
        "package" => Test::Field(Field::Package, needle()),
        "title" => Test::Field(Field::Title, needle()),
        "source" => Test::Field(Field::Source, needle()),
        _ => Test::Field(Field::Confidence, needle()),
    };
    Ok(Term { negated, test })
}

impl Test {
    fn holds(&self, triaged: &Triaged) -> bool {
        let finding = &triaged.finding;
        let opt = |needle: &Needle, text: &Option<Untrusted>| text.as_ref().is_some_and(|t| needle.is_in(t.raw()));
        let in_package = |needle: &Needle| {
            finding.package.as_ref().is_some_and(|p| needle.is_in(p.name.raw()) || opt(needle, &p.purl))
        };
        match self {
            Self::Severity(order, severity) => order.holds_for(finding.severity, *severity),
            Self::Class(class) => finding.class == *class,
            Self::Cwe(number) => finding.cwe.contains(number),
            Self::Status(status) => triaged.dismissal.as_ref().is_some_and(|c| c.dismissal.status == *status),
            Self::Flag("dismissed") => !triaged.is_open(),
            Self::Flag("open") => triaged.is_open(),
            Self::Flag("new") => triaged.novelty == Novelty::New,
            Self::Flag("known" | "unchanged") => triaged.novelty == Novelty::Known,
            Self::Flag("fixed") => triaged.novelty == Novelty::Fixed,
            Self::Flag("unseen") => triaged.novelty == Novelty::Unseen,
            Self::Flag("fixable") => finding.package.as_ref().is_some_and(|p| !p.fixed.is_empty()),
            Self::Flag(_) => finding.suppressed.is_some(),
            Self::Field(field, needle) => match field {
                Field::Tool => finding.sources.iter().any(|s| needle.is_in(s.tool.raw())),
                Field::Source => finding.sources.iter().any(|s| needle.is_in(s.report.raw())),
                Field::Rule => needle.is_in(finding.rule.raw()),
                Field::Path => opt(needle, &finding.location.path) || opt(needle, &finding.location.logical),
                Field::Cve => finding.vulnerabilities.iter().any(|v| needle.is_in(v.raw())),
                Field::Package => in_package(needle),
                Field::Title => needle.is_in(finding.title.raw()),
                Field::Confidence => opt(needle, &finding.confidence),
            },
            Self::Text(needle) => {
                needle.is_in(finding.title.raw())
                    || needle.is_in(finding.rule.raw())
                    || opt(needle, &finding.location.path)
                    || in_package(needle)
                    || needle.is_in(finding.detail.raw())
            }
        }
    }
}

/// The query as it may be typed; reading it gives an equal query.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            f.write_str(if index > 0 { " " } else { "" })?;
            f.write_str(if term.negated { "!" } else { "" })?;
            match &term.test {
                Test::Severity(order, severity) => write!(f, "sev{}{severity}", order.sign())?,
                Test::Class(class) => write!(f, "class:{}", class.word())?,
                Test::Cwe(number) => write!(f, "cwe:{number}")?,
                Test::Status(status) => write!(f, "status:{}", status.word())?,
                Test::Flag(flag) => f.write_str(flag)?,
                Test::Field(field, needle) => write!(f, "{}:{}", field.word(), quoted(needle.text()))?,
                Test::Text(needle) => f.write_str(&lexer::bare_or_quoted(needle.text(), &FLAGS))?,
            }
        }
        Ok(())
    }
}
