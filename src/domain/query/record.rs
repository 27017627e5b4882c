//! The query language of the ledger: `verb:approve by:ana release:payments !verified "too late"`.

use std::fmt;

use super::Order;
use super::lexer::{self, Completion, QueryError, Token, quoted};
use super::search::Needle;
use crate::domain::decision::ReceiptStatus;
use crate::domain::record::{RecordLine, Standing};

const FIELDS: [&str; 5] = ["by", "reason", "receipt", "release", "verb"];
const FLAGS: [&str; 2] = ["break-glass", "verified"];
/// The words of the verb that are known; others may come.
const VERBS: [&str; 8] = ["approve", "comment", "delegate", "dismiss", "halt", "reject", "revoke", "roles"];
const RECEIPTS: [ReceiptStatus; 5] = [
    ReceiptStatus::Sending,
    ReceiptStatus::Accepted,
    ReceiptStatus::Effective,
    ReceiptStatus::Refused,
    ReceiptStatus::Unknown,
];
/// What stands where nothing was delivered.
const RECORDED: &str = "recorded";

/// A query over the records of the ledger, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery {
    terms: Vec<(bool, Test)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Verified,
    BreakGlass,
    Field(&'static str, Needle),
    Text(Needle),
}

impl RecordQuery {
    /// Reads a query. The empty one matches everything.
    pub fn parse(input: &str) -> Result<Self, QueryError> {
        Ok(Self { terms: lexer::tokens(input)?.into_iter().map(term).collect::<Result<_, _>>()? })
    }

    /// Whether a record is what the query asks for.
    pub fn matches(&self, line: &RecordLine) -> bool {
        self.terms.iter().all(|(negated, test)| test.holds(line) != *negated)
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What may stand in place of the last word of `input`, which is what was typed up to the cursor.
    pub fn complete(input: &str) -> Completion {
        Completion::of(input, &FIELDS, &FLAGS, |field| match field {
            "verb" => VERBS.to_vec(),
            "receipt" => RECEIPTS.iter().map(|r| r.word()).chain([RECORDED]).collect(),
            _ => Vec::new(),
        })
    }
}

fn term(token: Token<'_>) -> Result<(bool, Test), QueryError> {
    let negated = token.negated;
    let Some((field, order, value)) = token.field else {
        let test = match token.text.to_ascii_lowercase().as_str() {
            "verified" if !token.quoted => Test::Verified,
            "break-glass" if !token.quoted => Test::BreakGlass,
            _ => Test::Text(Needle::new(&token.text)),
        };
        return Ok((negated, test));
    };
    let Some(name) = FIELDS.iter().find(|f| f.eq_ignore_ascii_case(&field.text)) else {
        return Err(field.unknown("field", &FIELDS, " To search for this text, put it in quotes."));
    };
    if order != Order::Equal {
        return Err(field.wrong(format!("\"{name}\" cannot be compared with {}; write {name}:VALUE.", order.sign())));
    }
    if value.text.is_empty() {
        return Err(value.wrong(format!("A value is missing after \"{name}{}\".", order.sign())));
    }
    Ok((negated, Test::Field(name, Needle::new(&value.text))))
}

impl Test {
    fn holds(&self, line: &RecordLine) -> bool {
        let receipt = || line.receipt.map_or(RECORDED, ReceiptStatus::word);
        match self {
            Self::Verified => line.standing == Standing::Verified,
            Self::BreakGlass => line.break_glass,
            Self::Field("by", needle) => needle.is_in(line.by.raw()),
            Self::Field("reason", needle) => needle.is_in(line.reason.raw()),
            Self::Field("receipt", needle) => needle.is_in(receipt()),
            Self::Field("release", needle) => needle.is_in(line.subject.raw()),
            Self::Field(_, needle) => needle.is_in(line.verb.raw()),
            Self::Text(needle) => {
                [line.verb.raw(), line.subject.raw(), line.by.raw(), line.reason.raw(), line.record.as_str()]
                    .into_iter()
                    .chain([line.envelope.as_str(), receipt(), line.standing.words()])
                    .any(|text| needle.is_in(text))
                    || needle.is_in(&line.at.to_string())
                    || needle.text() == line.seq.to_string()
            }
        }
    }
}

/// The query as it may be typed; reading it gives an equal query.
impl fmt::Display for RecordQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (negated, test)) in self.terms.iter().enumerate() {
            f.write_str(if index > 0 { " " } else { "" })?;
            f.write_str(if *negated { "!" } else { "" })?;
            match test {
                Test::Verified => f.write_str("verified")?,
                Test::BreakGlass => f.write_str("break-glass")?,
                Test::Field(name, needle) => write!(f, "{name}:{}", quoted(needle.text()))?,
                Test::Text(needle) => f.write_str(&lexer::bare_or_quoted(needle.text(), &FLAGS))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canonical::sha256;
    use crate::domain::ids::RecordId;

    fn line() -> RecordLine {
        RecordLine {
            record: RecordId::new("01JD7"),
            seq: 17,
            at: "2026-11-21T13:40:00Z".parse().unwrap(),
            verb: "approve".into(),
            subject: "payments@1.4.2/prod".into(),
            by: "ana@example.com".into(),
            reason: "The tests are green".into(),
            envelope: sha256(b"envelope"),
            receipt: Some(ReceiptStatus::Effective),
            standing: Standing::Verified,
            break_glass: false,
            reviewed_by: None,
        }
    }

    #[test]
    fn each_field_and_the_whole_line_are_searched() {
        for found in [
            "",
            "verb:appr by:ANA release:payments",
            "verified",
            "receipt:effective !break-glass",
            "reason:\"tests are\"",
            "13:40:00",
            "01jd7",
            "17",
            "effective green",
            "\"verified\"",
        ] {
            let found = found.replace("13:40:00", "\"13:40:00\"");
            assert!(RecordQuery::parse(&found).unwrap().matches(&line()), "{found}");
        }
        for not in ["verb:reject", "!verified", "by:bo", "bo@", "receipt:recorded", "break-glass"] {
            assert!(!RecordQuery::parse(not).unwrap().matches(&line()), "{not}");
        }
        let mut bad = line();
        bad.standing = Standing::NotVerified;
        assert!(RecordQuery::parse("!verified \"NOT verified\"").unwrap().matches(&bad));
    }

    #[test]
    fn what_cannot_be_read_says_where_and_what_is_shown_is_read_again() {
        let error = RecordQuery::parse("verb:approve who:ana").unwrap_err();
        assert_eq!(error.span, 13..16);
        assert!(error.message.contains("no field \"who\""), "{}", error.message);
        assert!(RecordQuery::parse("by>ana").unwrap_err().message.contains("cannot be compared"));
        assert!(RecordQuery::parse("by:").unwrap_err().message.contains("missing"));
        for text in ["!verified verb:approve", "by:\"a b\" break-glass \"verified\" x"] {
            let query = RecordQuery::parse(text).unwrap();
            assert_eq!(RecordQuery::parse(&query.to_string()).unwrap(), query, "{query}");
        }
        assert!(RecordQuery::complete("verb:re").candidates.iter().any(|c| c.contains("reject")));
    }
}
