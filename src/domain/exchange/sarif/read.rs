//! Reading suppressions from SARIF documents.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::super::{About, Format, Import, Statement, Unreadable, list, marks};
use crate::domain::dedup::{KeyParts, keys_for};
use crate::domain::exchange::statement::vulnerability_in;
use crate::domain::finding::Location;
use crate::domain::time::Timestamp;
use crate::domain::triage::Status;
use crate::text::{self, Untrusted};

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    kind: String,
    status: Option<String>,
    /// Drafts of the standard called it so, and tools still do.
    state: Option<String>,
    justification: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
}

impl Read {
    fn status(&self) -> &str {
        self.status.as_deref().or(self.state.as_deref()).unwrap_or("accepted")
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }
}

/// Reads a document.
pub(in super::super) fn read(doc: &Value) -> Result<Import, Unreadable> {
    // Some tools leave the version out, and what they write is 2.1.0.
    if let Some(version) = doc.get("version").and_then(Value::as_str).filter(|v| !v.starts_with("2.1")) {
        return Err(Unreadable(format!("This is SARIF {}, and SARIF 2.1.0 is imported.", text::line(version))));
    }
    let mut import = Import::new(Format::Sarif);
    for (nth, run) in list(doc, "runs")?.iter().enumerate() {
        let results = run.get("results").and_then(Value::as_array);
        for (index, result) in results.into_iter().flatten().enumerate() {
            let place = format!("runs[{nth}].results[{index}]");
            if let Some(suppressions) = result.get("suppressions").and_then(Value::as_array) {
                suppressed(&mut import, &place, run, result, suppressions);
            }
        }
    }
    Ok(import)
}

/// A result is suppressed only if nothing that suppresses it is under review or rejected.
fn suppressed(import: &mut Import, place: &str, run: &Value, result: &Value, suppressions: &[Value]) {
    let rule = rule(result);
    let read: Vec<_> = suppressions.iter().map(Read::deserialize).collect();
    let open = read.iter().flatten().map(Read::status).find(|s| *s != "accepted");
    for (nth, read) in read.iter().enumerate() {
        let place = format!("{place}.suppressions[{nth}]");
        let read = match (read, open) {
            (Err(e), _) => {
                import.refuse(&place, rule, format!("It is no suppression: {}.", text::line(&e.to_string())));
                continue;
            }
            (Ok(_), Some(open)) => {
                let why = match open {
                    "underReview" => "The suppression of this result is still under review.".to_owned(),
                    "rejected" => "A suppression of this result was rejected.".to_owned(),
                    other => format!("It has a status that SARIF does not know: {}.", text::line(other)),
                };
                import.refuse(&place, rule, why);
                continue;
            }
            (Ok(read), None) => read,
        };
        if read.property(&format!("{}form", marks::PREFIX)).is_some() {
            let own = read.properties.iter().filter_map(|(k, v)| Some((k.strip_prefix(marks::PREFIX)?, v.as_str()?)));
            let marks: marks::Marks = own.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let statement = marks::statement(&marks, read.justification.as_deref().unwrap_or_default());
            let statement = statement.and_then(|s| {
                marks::unchanged("rule", Some(s.subject.rule.raw()), Some(rule))?;
                Ok(s)
            });
            import.take(&place, statement, rule);
        } else {
            match theirs(run, result, read) {
                Some(statement) => import.statements.push(statement),
                None => import.refuse(&place, rule, "It gives no reason, and a dismissal needs one."),
            }
        }
    }
}

fn theirs(run: &Value, result: &Value, read: &Read) -> Option<Statement> {
    let detail = read.justification.as_deref().map(str::trim).filter(|j| !j.is_empty())?;
    let time = |names: &[&str]| names.iter().find_map(|n| read.property(n)).and_then(Timestamp::parse_lenient);
    Some(Statement {
        subject: about_result(run, result),
        products: Vec::new(),
        status: meant(detail),
        justification: None,
        detail: detail.into(),
        scope: None,
        expires: time(&["expiryUtc"]),
        // Whoever wrote it into the source is known to its history, and not to the report.
        said_by: read.property("alias").filter(|_| read.kind != "inSource").map(Into::into),
        said_at: time(&["timeUtc"]),
        record: None,
    })
}

/// What a suppression means, by its words.
fn meant(justification: &str) -> Status {
    let words: String = justification.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if words.starts_with("falsepositive") { Status::FalsePositive } else { Status::Accepted }
}

fn rule(result: &Value) -> &str {
    let own = result.get("ruleId").or_else(|| result.pointer("/rule/id"));
    own.and_then(Value::as_str).unwrap_or_default()
}

fn about_result(run: &Value, result: &Value) -> About {
    let text = |pointer: &str| result.pointer(pointer).and_then(Value::as_str);
    let number = |key: &str| {
        let value = result.pointer(&format!("/locations/0/physicalLocation/region/{key}"))?;
        u32::try_from(value.as_u64()?).ok()
    };
    let driver = |key: &str| run.pointer(&format!("/tool/driver/{key}")).and_then(Value::as_str);
    let tool = driver("name").unwrap_or_default();
    let path = text("/locations/0/physicalLocation/artifactLocation/uri").map(path);
    let logical = text("/locations/0/logicalLocations/0/fullyQualifiedName")
        .or_else(|| text("/locations/0/logicalLocations/0/name"));
    let snippet = text("/locations/0/physicalLocation/region/snippet/text");
    let message = text("/message/text").or_else(|| text("/message/markdown")).unwrap_or_default();
    // What has no rule of its own is told apart by what it says, as in reports.
    let named = Some(rule(result).trim()).filter(|r| !r.is_empty());
    let rule = named.or_else(|| message.trim().lines().next()).unwrap_or_default();
    let message = if message.is_empty() { rule } else { message };
    let vulnerability = vulnerability_in(rule);
    let id = fingerprints(result).unwrap_or_default();
    let location = Location {
        path: path.map(Untrusted::new),
        line: number("startLine"),
        column: number("startColumn"),
        logical: logical.map(Into::into),
    };
    let version = driver("version").or_else(|| driver("semanticVersion")).unwrap_or_default().trim_start_matches('v');
    let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<u64>().ok());
    About {
        rule: rule.into(),
        title: message.into(),
        place: Untrusted::new(location.to_string()),
        keys: keys_for(&KeyParts {
            tool,
            tool_id: &id,
            vulnerabilities: vulnerability.iter().map(String::as_str).collect(),
            rule,
            path: location.path.as_ref().map_or("", |p| p.raw()),
            snippet: snippet.unwrap_or_default(),
            logical: logical.unwrap_or_default(),
            message,
            ..KeyParts::default()
        }),
        vulnerabilities: vulnerability.map(Untrusted::new).into_iter().collect(),
        package: None,
        location,
        snippet: snippet.map(Into::into),
        fingerprint: None,
        tool: tool.into(),
        tool_major: major.map(|m| m.to_string()),
        severity: None,
    }
}

/// The stable ids of a result with their names, as the reader of SARIF reports puts them together.
fn fingerprints(result: &Value) -> Option<String> {
    let ids = result.get("fingerprints").and_then(Value::as_object)?;
    let good = |v: &&str| v.len() >= 8 && !v.contains(char::is_whitespace);
    let named = ids.iter().filter_map(|(name, id)| Some(format!("{name}:{}", id.as_str().filter(good)?)));
    let mut named: Vec<String> = named.collect();
    named.sort_unstable();
    (!named.is_empty()).then(|| named.join(" "))
}

/// A URI reference as a path. One with a scheme stays as it is: the ladder knows how to compare it.
fn path(uri: &str) -> String {
    if uri.contains(':') {
        return uri.to_owned();
    }
    percent_decode_str(uri).decode_utf8().map_or_else(|_e| uri.to_owned(), std::borrow::Cow::into_owned)
}
