//! OpenVEX 0.2.0, which allows no fields but its own: our marks are lines of `status_notes`.
//!
//! A false positive is `not_affected`, as there is no other word for it; an accepted risk is `affected`, and the reasoning is
//! its `action_statement`. Nobody else's `affected` is taken for an accepted risk.

mod read;

use serde::Serialize;

use super::product::{self, is_iri};
use super::{Header, NotWritten, Statement, marks};
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Status};
use crate::text::Untrusted;

pub(super) use read::read;

const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'a str,
    timestamp: Timestamp,
    version: u8,
    tooling: &'static str,
    statements: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct Written<'a> {
    vulnerability: Vulnerability<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Component<'a>>,
    status: &'static str,
    status_notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<&'a str>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<&'a str>,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifiers: Option<Identifiers<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Hashes<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Self>,
}

#[derive(Serialize)]
struct Identifiers<'a> {
    purl: &'a str,
}

#[derive(Serialize)]
struct Hashes<'a> {
    #[serde(rename = "sha-256")]
    sha256: &'a str,
}

impl<'a> Component<'a> {
    fn of(id: &'a str) -> Self {
        let identifiers = id.starts_with("pkg:").then_some(Identifiers { purl: id });
        Self { id, identifiers, hashes: None, subcomponents: Vec::new() }
    }
}

/// The status that a statement of ours has here.
fn status(status: Status) -> &'static str {
    match status {
        Status::FalsePositive | Status::NotAffected => "not_affected",
        Status::Accepted => "affected",
    }
}

/// The justification that it has here: only where it is not affected, and where there is a word for it.
fn justification(status: Status, justification: Option<Justification>) -> Option<&'static str> {
    let known = justification.filter(|j| {
        !matches!(
            j,
            Justification::RequiresConfiguration
                | Justification::RequiresEnvironment
                | Justification::ProtectedAtPerimeter
        )
    });
    known.filter(|_| status != Status::Accepted).map(Justification::word)
}

/// Writes statements, each of which has a vulnerability.
pub(super) fn write(statements: &[&Statement], header: &Header<'_>) -> Result<String, NotWritten> {
    let mut document = Document {
        context: CONTEXT,
        id: String::new(),
        author: header.author,
        timestamp: header.now,
        version: 1,
        tooling: concat!("countersign ", env!("CARGO_PKG_VERSION")),
        statements: statements.iter().filter_map(|s| written(s, header)).collect(),
    };
    document.id = super::urn(&document);
    Ok(serde_json::to_string_pretty(&document)?)
}

fn written<'a>(statement: &'a Statement, header: &Header<'a>) -> Option<Written<'a>> {
    let (name, aliases) = statement.subject.vulnerabilities.split_first()?;
    let affected = statement.status == Status::Accepted;
    let detail = statement.detail.raw();
    let products_fit = statement.products.iter().all(|p| is_iri(p.raw()));
    let mut notes = marks::of(statement);
    notes.retain(|(name, _)| match *name {
        "products" => !products_fit,
        name => name != "said-at",
    });
    Some(Written {
        vulnerability: Vulnerability { name: name.raw(), aliases: aliases.iter().map(Untrusted::raw).collect() },
        timestamp: statement.said_at,
        products: products(statement, header),
        status: status(statement.status),
        status_notes: marks::to_text(&notes),
        justification: justification(statement.status, statement.justification),
        impact_statement: (!affected).then_some(detail),
        action_statement: affected.then_some(detail),
    })
}

fn products<'a>(statement: &'a Statement, header: &Header<'a>) -> Vec<Component<'a>> {
    let package = statement.subject.package.as_ref().and_then(|p| p.purl.as_ref()).map(Untrusted::raw);
    let digest = |id: &str| {
        let artifacts = header.release.artifacts.iter();
        artifacts.filter(|a| product::purl(a, header.release) == id).find_map(|a| a.digest.as_ref())
    };
    let ids = statement.products.iter().map(Untrusted::raw).filter(|id| is_iri(id));
    ids.map(|id| Component {
        hashes: digest(id).map(|d| Hashes { sha256: d.hex() }),
        subcomponents: package.filter(|p| is_iri(p)).map(Component::of).into_iter().collect(),
        ..Component::of(id)
    })
    .collect()
}
