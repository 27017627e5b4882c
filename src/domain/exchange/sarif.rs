//! SARIF 2.1.0: a statement is a suppression of a result, with our marks as its `properties`.
//!
//! A suppression does not say what it means by it. Where its words do not tell either, it is taken for an accepted risk,
//! which needs an expiry and so comes back.

mod read;

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Header, NotWritten, Statement, marks};
use crate::domain::severity::Severity;

pub(super) use read::read;

/// What may stand in a path of a URI reference as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    automation_details: Details,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'a str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Details {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: [Suppression<'a>; 1],
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region<'a>>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'a> {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    fully_qualified_name: &'a str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
    properties: BTreeMap<String, String>,
}

/// Writes statements, a run for each tool.
pub(super) fn write(statements: &[&Statement], header: &Header<'_>) -> Result<String, NotWritten> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut rules: Vec<BTreeMap<&str, usize>> = Vec::new();
    for statement in statements {
        let tool = Some(statement.subject.tool.raw()).filter(|t| !t.is_empty()).unwrap_or("unknown");
        let at = runs.iter().position(|r| r.tool.driver.name == tool).unwrap_or_else(|| {
            let details = Details { id: format!("countersign/{}/", header.release.address()) };
            let driver = Driver { name: tool, rules: Vec::new() };
            runs.push(Run { tool: Tool { driver }, automation_details: details, results: Vec::new() });
            rules.push(BTreeMap::new());
            runs.len() - 1
        });
        if let (Some(run), Some(rules)) = (runs.get_mut(at), rules.get_mut(at)) {
            let id = statement.subject.rule.raw();
            let index = *rules.entry(id).or_insert_with(|| {
                run.tool.driver.rules.push(Rule { id });
                run.tool.driver.rules.len() - 1
            });
            run.results.push(result(statement, index));
        }
    }
    for run in &mut runs {
        // With the same statements it is the same run.
        run.automation_details.id.push_str(&super::urn(&*run));
    }
    let schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
    Ok(serde_json::to_string_pretty(&Document { schema, version: "2.1.0", runs })?)
}

fn result(statement: &Statement, rule_index: usize) -> Outcome<'_> {
    let about = &statement.subject;
    let location = &about.location;
    let region = location.line.filter(|line| *line > 0).map(|start_line| Region {
        start_line,
        start_column: location.column.filter(|column| *column > 0),
        snippet: about.snippet.as_ref().map(|s| Text { text: s.raw() }),
    });
    let place = Place {
        physical_location: location
            .path
            .as_ref()
            .map(|path| Physical { artifact_location: Artifact { uri: uri(path.raw()) }, region }),
        logical_locations: location.logical.iter().map(|l| Logical { fully_qualified_name: l.raw() }).collect(),
    };
    let known = place.physical_location.is_some() || !place.logical_locations.is_empty();
    let mut properties: BTreeMap<String, String> =
        marks::of(statement).into_iter().map(|(name, value)| (format!("{}{name}", marks::PREFIX), value)).collect();
    // By these names Microsoft's SDK knows them, and lets the suppression end.
    properties.extend(statement.expires.map(|t| ("expiryUtc".to_owned(), t.to_string())));
    properties.extend(statement.said_at.map(|t| ("timeUtc".to_owned(), t.to_string())));
    properties.extend(statement.said_by.as_ref().map(|by| ("alias".to_owned(), by.raw().to_owned())));
    Outcome {
        rule_id: about.rule.raw(),
        rule_index,
        level: match about.severity {
            Some(Severity::Critical | Severity::High) => "error",
            Some(Severity::Medium | Severity::Unknown) | None => "warning",
            Some(Severity::Low | Severity::Info) => "note",
        },
        message: Text { text: if about.title.is_empty() { about.rule.raw() } else { about.title.raw() } },
        locations: if known { vec![place] } else { Vec::new() },
        partial_fingerprints: about.fingerprint.iter().map(|f| ("countersign/v1", f.to_string())).collect(),
        suppressions: [Suppression {
            kind: "external",
            status: "accepted",
            justification: statement.detail.raw(),
            properties,
        }],
    }
}

/// A path as a URI reference. A URL stays one.
fn uri(path: &str) -> String {
    let is_url = path.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.bytes().all(|b| b.is_ascii_alphanumeric())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/?=&:@".contains(&b))
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
    });
    let relative = path.trim_start_matches('/');
    match (is_url, relative.len() < path.len()) {
        (true, _) => path.to_owned(),
        (false, true) => format!("file:///{}", utf8_percent_encode(relative, PATH)),
        (false, false) => utf8_percent_encode(path, PATH).to_string(),
    }
}
