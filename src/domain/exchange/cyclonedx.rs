//! CycloneDX 1.6 with `vulnerabilities`: our marks are `properties` of theirs.
//!
//! An accepted risk is `exploitable` with the response `will_not_fix`. The justifications have other names than in OpenVEX,
//! and not all that one knows the other does: the mark has ours.

mod read;

use serde::Serialize;

use super::{Header, NotWritten, Statement, marks, product};
use crate::domain::finding::Package;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Status};
use crate::text::Untrusted;

pub(super) use read::read;

/// The longest version that the schema allows.
const LONGEST_VERSION: usize = 1_024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u8,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: Timestamp,
    tools: Tools,
    authors: [Named<'a>; 1],
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    ratings: Vec<Rating<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    analysis: Analysis<'a>,
    affects: Vec<Affected>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    source: Named<'a>,
}

#[derive(Serialize)]
struct Rating<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Named<'a>>,
    severity: Severity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Analysis<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response: Vec<&'static str>,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_issued: Option<Timestamp>,
}

#[derive(Serialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

/// The state that a statement of ours has here.
fn state(status: Status) -> &'static str {
    match status {
        Status::FalsePositive => "false_positive",
        Status::NotAffected => "not_affected",
        Status::Accepted => "exploitable",
    }
}

/// The justification that it has here: only where it is not affected. That no attacker controls the code has no word here,
/// and one that says something else is not put in its place.
fn justification(status: Status, justification: Option<Justification>) -> Option<&'static str> {
    let word = match justification.filter(|_| status == Status::NotAffected)? {
        // A component that is not there has no code there either.
        Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => "code_not_present",
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::VulnerableCodeCannotBeControlledByAdversary => return None,
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
        Justification::RequiresConfiguration => "requires_configuration",
        Justification::RequiresEnvironment => "requires_environment",
        Justification::ProtectedAtPerimeter => "protected_at_perimeter",
    };
    Some(word)
}

/// Writes statements, each of which has a vulnerability.
pub(super) fn write(statements: &[&Statement], header: &Header<'_>) -> Result<String, NotWritten> {
    let release = header.release;
    let component = Component {
        kind: "application",
        bom_ref: product::service(release),
        name: &release.service,
        version: version(Some(&release.version)),
        hashes: Vec::new(),
        purl: Some(product::service(release)),
    };
    let mut components: Vec<Component<'_>> = Vec::new();
    let artifacts = release.artifacts.iter().map(|a| {
        let purl = product::purl(a, release);
        Component {
            kind: if product::image(a.reference.raw()).is_some() { "container" } else { "file" },
            bom_ref: purl.clone(),
            name: a.name.raw(),
            version: None,
            hashes: a.digest.iter().map(|d| Hash { alg: "SHA-256", content: d.hex() }).collect(),
            purl: Some(purl),
        }
    });
    let packages = statements.iter().filter_map(|s| s.subject.package.as_ref()).map(|p| Component {
        kind: "library",
        bom_ref: package_ref(p),
        name: p.name.raw(),
        version: version(p.version.as_ref()),
        hashes: Vec::new(),
        purl: p.purl.as_ref().map(|purl| purl.raw().to_owned()).filter(|purl| product::is_iri(purl)),
    });
    let mut refs = std::collections::HashSet::from([component.bom_ref.clone()]);
    components.extend(artifacts.chain(packages).filter(|c| refs.insert(c.bom_ref.clone())));
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: header.now,
            tools: Tools {
                components: [Tool { kind: "application", name: "countersign", version: env!("CARGO_PKG_VERSION") }],
            },
            authors: [Named { name: header.author }],
            component,
        },
        components,
        vulnerabilities: statements.iter().filter_map(|s| written(s, header)).collect(),
    };
    document.serial_number = super::urn(&document);
    Ok(serde_json::to_string_pretty(&document)?)
}

fn version(version: Option<&Untrusted>) -> Option<&str> {
    version.map(Untrusted::raw).filter(|v| v.chars().count() <= LONGEST_VERSION)
}

/// What a package is referred to by in the document.
fn package_ref(package: &Package) -> String {
    match &package.purl {
        Some(purl) if product::is_iri(purl.raw()) => purl.raw().to_owned(),
        _ => {
            let version = package.version.as_ref().map_or("", |v| v.raw());
            format!("package:{}@{version}", package.name.raw())
        }
    }
}

fn written<'a>(statement: &'a Statement, header: &Header<'_>) -> Option<Vulnerability<'a>> {
    let about = &statement.subject;
    let (id, others) = about.vulnerabilities.split_first()?;
    let whole = || match statement.scope.as_ref().and_then(|s| s.artifact.as_ref()) {
        // Of a statement that is limited to an artifact, the first product is that artifact.
        Some(_) => statement.products.first().map(|p| p.raw().to_owned()),
        None => None,
    };
    let reference = about.package.as_ref().map(package_ref).or_else(whole);
    let mut properties = marks::of(statement);
    properties.retain(|(name, _)| *name != "said-at");
    Some(Vulnerability {
        id: id.raw(),
        references: others
            .iter()
            .map(|id| Reference { id: id.raw(), source: Named { name: database(id.raw()) } })
            .collect(),
        ratings: about
            .severity
            .map(|severity| Rating {
                source: Some(about.tool.raw()).filter(|t| !t.is_empty()).map(|name| Named { name }),
                severity,
            })
            .into_iter()
            .collect(),
        description: about.title.raw(),
        analysis: Analysis {
            state: state(statement.status),
            justification: justification(statement.status, statement.justification),
            response: if statement.status == Status::Accepted { vec!["will_not_fix"] } else { Vec::new() },
            detail: statement.detail.raw(),
            first_issued: statement.said_at,
        },
        affects: vec![Affected { reference: reference.unwrap_or_else(|| product::service(header.release)) }],
        properties: properties
            .into_iter()
            .map(|(name, value)| Property { name: format!("{}{name}", marks::PREFIX), value })
            .collect(),
    })
}

/// The database that an id is of.
fn database(id: &str) -> &str {
    match id.split('-').next().unwrap_or(id) {
        "CVE" => "NVD",
        "GHSA" => "GitHub Advisories",
        other => other,
    }
}
