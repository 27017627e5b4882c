//! The query language of the inbox: `service:pay env:prod verdict:block sev>=high waiting>2h !missing`.

use std::fmt;
use std::time::Duration;

use super::Order;
use super::lexer::{self, Completion, QueryError, Token, quoted};
use super::search::Needle;
use crate::domain::gate::{Gate, GateState};
use crate::domain::release::Release;
use crate::domain::severity::{Severity, Tally};
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::verdict::Outcome;

const FIELDS: [&str; 9] = ["app", "env", "missing", "service", "sev", "state", "verdict", "version", "waiting"];
const FLAGS: [&str; 3] = ["mine", "missing", "new"];
const STATES: [GateState; 7] = [
    GateState::Waiting,
    GateState::Answered,
    GateState::Continued,
    GateState::Stopped,
    GateState::Cancelled,
    GateState::TimedOut,
    GateState::Unknown,
];
const VERDICTS: [Outcome; 4] = [Outcome::Pass, Outcome::Warn, Outcome::Block, Outcome::Unknown];

/// A query over the gates of the inbox, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateQuery {
    terms: Vec<(bool, Test)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Severity(Order, Severity),
    Waiting(Order, Duration),
    Verdict(Outcome),
    State(GateState),
    Missing(Needle),
    AnyMissing,
    AnyNew,
    Mine,
    Service(Needle),
    Environment(Needle),
    Version(Needle),
    Application(Needle),
    Text(Needle),
}

/// What is known of a gate in the inbox, possibly before its evidence is there.
#[derive(Debug, Clone, Copy)]
pub struct GateFacts<'a> {
    /// The gate.
    pub gate: &'a Gate,
    /// What it holds back.
    pub release: &'a Release,
    /// What policy says; `Unknown` before it was asked.
    pub verdict: Outcome,
    /// The names of the pieces of evidence that are missing or partial.
    pub missing: &'a [String],
    /// Counts of the findings.
    pub tally: Tally,
    /// Whether it waits for the person who asks.
    pub mine: bool,
    /// Now, to tell how long it waits.
    pub now: Timestamp,
}

impl GateQuery {
    /// Reads a query. The empty one matches everything.
    pub fn parse(input: &str) -> Result<Self, QueryError> {
        Ok(Self { terms: lexer::tokens(input)?.into_iter().map(term).collect::<Result<_, _>>()? })
    }

    /// Whether a gate is what the query asks for.
    pub fn matches(&self, facts: &GateFacts<'_>) -> bool {
        self.terms.iter().all(|(negated, test)| test.holds(facts) != *negated)
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What may stand in place of the last word of `input`, which is what was typed up to the cursor.
    pub fn complete(input: &str) -> Completion {
        Completion::of(input, &FIELDS, &FLAGS, |field| match field {
            "sev" => Severity::ALL.iter().map(|s| s.word()).collect(),
            "verdict" => VERDICTS.iter().map(|v| v.word()).collect(),
            "state" => STATES.iter().map(|s| s.word()).collect(),
            "missing" => vec!["builds", "changes", "findings", "tickets"],
            _ => Vec::new(),
        })
    }
}

fn term(token: Token<'_>) -> Result<(bool, Test), QueryError> {
    let negated = token.negated;
    let Some((field, order, value)) = token.field else {
        let test = match token.text.to_ascii_lowercase().as_str() {
            "mine" if !token.quoted => Test::Mine,
            "missing" if !token.quoted => Test::AnyMissing,
            "new" if !token.quoted => Test::AnyNew,
            _ => Test::Text(Needle::new(&token.text)),
        };
        return Ok((negated, test));
    };
    let name = field.text.to_ascii_lowercase();
    if !FIELDS.contains(&name.as_str()) {
        return Err(field.unknown("field", &FIELDS, " To search for this text, put it in quotes."));
    }
    if order != Order::Equal && !matches!(name.as_str(), "sev" | "waiting") {
        return Err(field.wrong(format!("\"{name}\" cannot be compared with {}; write {name}:VALUE.", order.sign())));
    }
    if value.text.is_empty() {
        return Err(value.wrong(format!("A value is missing after \"{name}{}\".", order.sign())));
    }
    let said = value.text.as_ref();
    let lower = said.to_ascii_lowercase();
    let needle = Needle::new(said);
    let test = match name.as_str() {
        "sev" => {
            let words = Severity::ALL.map(Severity::word);
            Test::Severity(order, said.parse().map_err(|()| value.unknown("severity", &words, ""))?)
        }
        "waiting" => Test::Waiting(
            order,
            parse_duration(&lower).ok_or_else(|| {
                value.wrong(format!("\"{said}\" is no length of time; write 45s, 30m, 2h, 3d or 1w."))
            })?,
        ),
        "verdict" => {
            let found = VERDICTS.into_iter().find(|v| v.word() == lower);
            Test::Verdict(found.ok_or_else(|| value.unknown("verdict", &VERDICTS.map(Outcome::word), ""))?)
        }
        "state" => {
            let found = STATES.into_iter().find(|s| s.word() == lower);
            Test::State(found.ok_or_else(|| value.unknown("state", &STATES.map(GateState::word), ""))?)
        }
        "missing" => Test::Missing(needle),
        "service" => Test::Service(needle),
        "env" => Test::Environment(needle),
        "version" => Test::Version(needle),
        _ => Test::Application(needle),
    };
    Ok((negated, test))
}

impl Test {
    fn holds(&self, facts: &GateFacts<'_>) -> bool {
        let GateFacts { gate, release, .. } = facts;
        match self {
            Self::Severity(order, severity) => {
                Severity::ALL.iter().any(|s| facts.tally.of(*s) > 0 && order.holds_for(*s, *severity))
            }
            // A gate of which it is not known since when it waits is not hidden by asking for long waits.
            Self::Waiting(order, length) => {
                gate.waiting_since.map_or(matches!(order, Order::More | Order::AtLeast), |since| {
                    order.holds(&facts.now.since(since), length)
                })
            }
            Self::Verdict(verdict) => facts.verdict == *verdict,
            Self::State(state) => gate.state == *state,
            Self::Missing(needle) => facts.missing.iter().any(|m| needle.is_in(m)),
            Self::AnyMissing => !facts.missing.is_empty(),
            Self::AnyNew => facts.tally.new.is_some_and(|new| new > 0),
            Self::Mine => facts.mine,
            Self::Service(needle) => needle.is_in(&release.service),
            Self::Environment(needle) => needle.is_in(&release.environment),
            Self::Version(needle) => needle.is_in(release.version.raw()),
            Self::Application(needle) => needle.is_in(gate.application.raw()),
            Self::Text(needle) => [
                release.service.as_str(),
                release.version.raw(),
                release.environment.as_str(),
                gate.application.raw(),
                gate.pipeline.raw(),
                gate.stage.raw(),
            ]
            .into_iter()
            .any(|t| needle.is_in(t)),
        }
    }
}

/// The query as it may be typed; reading it gives an equal query.
impl fmt::Display for GateQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (negated, test)) in self.terms.iter().enumerate() {
            f.write_str(if index > 0 { " " } else { "" })?;
            f.write_str(if *negated { "!" } else { "" })?;
            match test {
                Test::Severity(order, severity) => write!(f, "sev{}{severity}", order.sign())?,
                Test::Waiting(order, length) => write!(f, "waiting{}{}s", order.sign(), length.as_secs())?,
                Test::Verdict(verdict) => write!(f, "verdict:{}", verdict.word())?,
                Test::State(state) => write!(f, "state:{}", state.word())?,
                Test::Missing(needle) => write!(f, "missing:{}", quoted(needle.text()))?,
                Test::AnyMissing => f.write_str("missing")?,
                Test::AnyNew => f.write_str("new")?,
                Test::Mine => f.write_str("mine")?,
                Test::Service(needle) => write!(f, "service:{}", quoted(needle.text()))?,
                Test::Environment(needle) => write!(f, "env:{}", quoted(needle.text()))?,
                Test::Version(needle) => write!(f, "version:{}", quoted(needle.text()))?,
                Test::Application(needle) => write!(f, "app:{}", quoted(needle.text()))?,
                Test::Text(needle) => f.write_str(&lexer::bare_or_quoted(needle.text(), &FLAGS))?,
            }
        }
        Ok(())
    }
}
