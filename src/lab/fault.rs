//! Answers that are wrong on purpose: by scenario, or set while a test runs.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::call::Call;
use super::world::{Service, Span, Text};

/// One fault: which requests it meets, how often, and what happens to them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The stand-in.
    pub on: Service,
    /// What the path begins with; empty means every path.
    #[serde(default)]
    pub route: String,
    /// What the decoded query, written `name=value&name=value`, or the body contains.
    #[serde(default)]
    pub query: Option<String>,
    /// Only this method.
    #[serde(default)]
    pub method: Option<String>,
    /// How many requests pass before it begins.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it meets; absent means all.
    #[serde(default)]
    pub times: Option<u32>,
    /// How long the answer is held back; scaled.
    #[serde(default)]
    pub latency: Option<Span>,
    /// Whether the stand-in does what was asked first, and only its answer is spoilt: the outcome is ambiguous.
    #[serde(default)]
    pub after: bool,
    /// What happens.
    pub kind: FaultKind,
    /// `status`: which; the default is 503.
    #[serde(default)]
    pub status: Option<u16>,
    /// `status` and `html`: the body.
    #[serde(default)]
    pub body: Option<Text>,
    /// `status`: more headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `too-many`: seconds to wait, as its header says; the default is 1.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// `redirect`: where to.
    #[serde(default)]
    pub to: Option<String>,
    /// `huge`: how many bytes; the default is 100 MB.
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Only holds the answer back.
    Slow,
    /// Answers with a status and a body.
    Status,
    /// Answers 200 with a page for browsers where JSON is due.
    Html,
    /// Answers 200 with nothing in it.
    Empty,
    /// Sends the first half of the answer, and closes.
    Truncated,
    /// Sends bytes without end.
    Endless,
    /// Sends 100 MB.
    Huge,
    /// Points to another host.
    Redirect,
    /// 429 with `Retry-After`.
    TooMany,
    /// Closes the connection without an answer.
    Closed,
}

impl Fault {
    /// A fault on every request whose path begins with `route`.
    pub fn new(on: Service, route: &str, kind: FaultKind) -> Self {
        Self {
            on,
            route: route.to_owned(),
            query: None,
            method: None,
            skip: 0,
            times: None,
            latency: None,
            after: false,
            kind,
            status: None,
            body: None,
            headers: BTreeMap::new(),
            retry_after: None,
            to: None,
            bytes: None,
        }
    }

    fn meets(&self, on: Service, call: &Call) -> bool {
        let contains = |text: &str| {
            let query = call.query.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
            query.contains(text) || String::from_utf8_lossy(&call.body).contains(text)
        };
        self.on == on
            && call.path.starts_with(&self.route)
            && self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(&call.method))
            && self.query.as_deref().is_none_or(contains)
    }
}

/// The faults that are set, with how often each may still strike.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Faults from a world.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// Sets one more; it goes before the others.
    pub fn add(&mut self, fault: Fault) {
        self.0.insert(0, fault);
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes this request, counted down.
    pub fn strike(&mut self, on: Service, call: &Call) -> Option<Fault> {
        for fault in &mut self.0 {
            if fault.times == Some(0) || !fault.meets(on, call) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = fault.times.as_mut() {
                *times -= 1;
            }
            return Some(fault.clone());
        }
        None
    }
}
