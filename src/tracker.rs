//! Systems that findings are tracked in, and that can be told of a dismissal: one trait, one file a system.
//!
//! A tracker only plans: it finds what a dismissal speaks of, reads how that stands, and names the exact requests that
//! are still missing. [`carry_out`] sends them one by one and reads after each that what is left to do is what the plan
//! said; so nothing is done twice, nothing is taken for done that was not seen, and nothing goes beyond the plan.

pub mod defectdojo;
pub mod dependency_track;
pub mod github;
pub mod registry;
pub mod sonarqube;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::clock::SharedClock;
use crate::domain::evidence::Reason;
use crate::domain::finding::Finding;
use crate::domain::triage::Dismissal;
use crate::http::{Fault, Write, query_value};
use crate::source::Checked;
use crate::text::Untrusted;

/// A system that findings are tracked in.
#[async_trait]
pub trait Tracker: Send + Sync {
    /// Finds what a dismissal speaks of, and says what is left to be done there; sends no write. Empty: the finding is
    /// none of this system's. Planned again after all was done, it says [`Step::Already`].
    async fn plan(&self, told: &Told) -> Result<Vec<Plan>, Fault>;

    /// Sends one request of a plan, once. An ambiguous fault means that it may have been carried out.
    async fn send(&self, request: &Request) -> Result<(), Fault>;

    /// The full address of a request's path, for people.
    fn uri(&self, path: &str) -> String;

    /// Asks who we are there, for `doctor` and `login`.
    async fn check(&self) -> Result<Checked, Fault>;
}

/// What a tracker is told: a dismissal, as the ledger has it, of a finding as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The dismissal.
    pub dismissal: Dismissal,
    /// The finding.
    pub finding: Arc<Finding>,
    /// Where to look for it.
    pub place: Place,
}

/// Where in a system a service's findings are; which of these are set depends on the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// SonarQube: the project's key. Dependency-Track: its name or UUID.
    pub project: Option<String>,
    /// SonarQube: the branch, if not the main one.
    pub branch: Option<String>,
    /// Dependency-Track: the project's version.
    pub version: Option<String>,
    /// DefectDojo: the product.
    pub product: Option<String>,
    /// DefectDojo: the engagement.
    pub engagement: Option<String>,
    /// GitHub: `owner/name`.
    pub repository: Option<String>,
}

impl Told {
    /// What stands in the system's own record, for people: which record says so, who signed, until when, and why. One
    /// line of at most `most` characters, none of them invisible; what is too long loses the end of its reasoning.
    pub fn comment(&self, most: usize) -> String {
        let d = &self.dismissal;
        let why = d.justification.map(|j| format!(" ({})", j.word())).unwrap_or_default();
        let until = d.expires.map_or_else(|| "without an end".to_owned(), |t| format!("until {}", t.date()));
        let text = format!(
            "Countersign record {}: {}{why}, by {}, {until}: {}",
            d.id.as_str(),
            d.status.word(),
            d.principal,
            d.detail.raw()
        );
        let line = crate::text::line(&text).into_owned();
        if line.chars().count() <= most {
            return line;
        }
        line.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
    }

    /// Whether a remark in the system speaks of this very record.
    pub fn is_named_in(&self, remark: &str) -> bool {
        remark.contains(self.dismissal.id.as_str())
    }
}

/// What is to be done about one thing in a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What it is there: `issue AX-1 (python:S2077)`.
    pub what: Untrusted,
    /// Its page.
    pub url: Option<Untrusted>,
    /// How it stands.
    pub from: Untrusted,
    /// How it is to stand.
    pub to: String,
    /// What should be known before it is done.
    pub remarks: Vec<String>,
    /// What is left to do.
    pub step: Step,
}

/// What is left to do about a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing: it stands so already.
    Already,
    /// These requests, in this order.
    Write(Vec<Request>),
    /// Nothing can be done; why.
    Cannot(Reason),
    /// It is not there.
    Absent(Reason),
}

/// One request that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// `POST`, `PUT`, `PATCH`.
    pub method: &'static str,
    /// Path and query, relative to the connection's address.
    pub path: String,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body, as it is sent.
    pub body: String,
}

impl Request {
    /// A request with a form.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", query_value(name), query_value(value))).collect();
        let media_type = "application/x-www-form-urlencoded";
        Self { method: "POST", path: path.to_owned(), media_type, body: pairs.join("&") }
    }

    /// A request with JSON.
    pub fn json(method: &'static str, path: &str, body: &serde_json::Value) -> Self {
        Self { method, path: path.to_owned(), media_type: "application/json", body: body.to_string() }
    }

    /// As the client sends it.
    pub(crate) fn write(&self) -> Write {
        let (path, body) = (self.path.clone(), self.body.clone().into_bytes());
        Write { method: self.method, path, media_type: self.media_type, body }
    }
}

/// What came of carrying out a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The system was seen to say so.
    Seen,
    /// It said so before; nothing was sent.
    Already,
    /// The system does not have it. A sentence.
    Absent(String),
    /// The system does not offer or take it, or it is not as it was planned. A sentence.
    Refused(String),
    /// Something was sent, and whether it was done is not known. A sentence.
    Unknown(String),
}

/// How often a system is read until it says what it was told. Some answer reads from an index that lags behind.
const LOOKS: u32 = 5;
/// How long is waited between two looks.
const BETWEEN: Duration = Duration::from_millis(600);

/// Carries a plan out, if all still stands as it was planned: each request once, and after each a look whether what is
/// left is what the plan says.
pub async fn carry_out(tracker: &dyn Tracker, told: &Told, plan: &Plan, clock: &SharedClock) -> Outcome {
    let requests = match &plan.step {
        Step::Already => return Outcome::Already,
        Step::Cannot(reason) => return Outcome::Refused(reason.text.line().into_owned()),
        Step::Absent(reason) => return Outcome::Absent(reason.text.line().into_owned()),
        Step::Write(requests) => requests,
    };
    match again(tracker, told, plan).await {
        Err(why) => return Outcome::Refused(format!("It could not be read again, so nothing was sent: {why}")),
        Ok(now) if now.step == Step::Already => return Outcome::Already,
        Ok(now) if now != *plan => {
            let (then, now) = (plan.from.line(), now.from.line());
            return Outcome::Refused(format!(
                "It changed since it was planned ({then} then, {now} now), and nothing was sent. Plan again."
            ));
        }
        Ok(_) => {}
    }
    for (n, request) in requests.iter().enumerate() {
        let left = requests.get(n + 1..).unwrap_or_default();
        let before = if n == 0 { String::new() } else { format!(" {n} of {} requests were done.", requests.len()) };
        let sent = tracker.send(request).await;
        if let Err(fault) = &sent
            && !fault.ambiguous
        {
            return Outcome::Refused(format!("{}{before}", fault.sentence()));
        }
        let saw = settle(tracker, told, plan, left, clock).await;
        match (saw, sent) {
            (Ok(()), _) => {}
            (Err(why), Err(fault)) => {
                return Outcome::Unknown(format!("{} {why}{before} Run it again to settle it.", fault.sentence()));
            }
            (Err(why), Ok(())) => {
                return Outcome::Unknown(format!("It took the request, and was not seen to do it: {why}{before}"));
            }
        }
    }
    Outcome::Seen
}

/// Looks until only `left` is left to do; else why it does not come to that.
async fn settle(
    tracker: &dyn Tracker,
    told: &Told,
    plan: &Plan,
    left: &[Request],
    clock: &SharedClock,
) -> Result<(), String> {
    let mut why = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            clock.sleep(BETWEEN).await;
        }
        match again(tracker, told, plan).await {
            Ok(now) => match &now.step {
                Step::Already if left.is_empty() => return Ok(()),
                Step::Write(requests) if requests == left => return Ok(()),
                Step::Cannot(reason) | Step::Absent(reason) => {
                    why = format!("it is {} now. {}", now.from.line(), reason.text.line());
                }
                Step::Already | Step::Write(_) => why = format!("it is {} now.", now.from.line()),
            },
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// The plan for the same thing, made now.
async fn again(tracker: &dyn Tracker, told: &Told, plan: &Plan) -> Result<Plan, String> {
    let plans = tracker.plan(told).await.map_err(|fault| fault.sentence())?;
    plans
        .into_iter()
        .find(|p| p.what == plan.what)
        .ok_or_else(|| format!("{} is not there any more.", plan.what.line()))
}
