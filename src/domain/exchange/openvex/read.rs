//! Reading OpenVEX documents, also of the versions before 0.2.0.

use serde::Deserialize;
use serde_json::Value;

use super::super::{Format, Import, Statement, Unreadable, about, list, marks, matching, reasoning};
use super::{justification, status};
use crate::domain::finding::Package;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Status};
use crate::text::{self, Untrusted};

#[derive(Deserialize)]
struct Read {
    vulnerability: Option<ReadVulnerability>,
    #[serde(default)]
    products: Vec<ReadComponent>,
    #[serde(default)]
    subcomponents: Vec<ReadComponent>,
    #[serde(default)]
    status: String,
    status_notes: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    action_statement: Option<String>,
    timestamp: Option<String>,
}

/// Before 0.2.0 a name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum ReadVulnerability {
    Name(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        name: Option<String>,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

impl ReadVulnerability {
    /// Its names, the main one first; none where it has none.
    fn names(&self) -> Vec<&str> {
        let all: Vec<&str> = match self {
            Self::Name(name) => vec![name],
            Self::Full { id, name, aliases } => {
                let link = id.as_deref().and_then(|id| id.rsplit(['/', ':']).next());
                name.as_deref().or(link).into_iter().chain(aliases.iter().map(String::as_str)).collect()
            }
        };
        all
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReadComponent {
    Id(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        identifiers: Option<ReadIdentifiers>,
        #[serde(default)]
        subcomponents: Vec<Self>,
    },
}

#[derive(Deserialize)]
struct ReadIdentifiers {
    purl: Option<String>,
    cpe23: Option<String>,
}

impl ReadComponent {
    fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Full { id, identifiers, .. } => {
                let other = identifiers.as_ref().and_then(|i| i.purl.as_deref().or(i.cpe23.as_deref()));
                identifiers.as_ref().and_then(|i| i.purl.as_deref()).or(id.as_deref()).or(other).unwrap_or_default()
            }
        }
    }

    /// The id as a document of ours has it.
    fn own_id(&self) -> &str {
        match self {
            Self::Full { id: Some(id), .. } => id,
            _ => self.id(),
        }
    }

    fn subcomponents(&self) -> &[Self] {
        match self {
            Self::Id(_) => &[],
            Self::Full { subcomponents, .. } => subcomponents,
        }
    }
}

/// Reads a document.
pub(in super::super) fn read(doc: &Value) -> Result<Import, Unreadable> {
    let mut import = Import::new(Format::OpenVex);
    let author = doc.get("author").and_then(Value::as_str);
    let written_at = doc.get("timestamp").and_then(Value::as_str);
    for (index, value) in list(doc, "statements")?.iter().enumerate() {
        let place = format!("statements[{index}]");
        let read = match Read::deserialize(value) {
            Ok(read) => read,
            Err(e) => {
                import.refuse(&place, "", format!("It is no statement: {}.", text::line(&e.to_string())));
                continue;
            }
        };
        let names = read.vulnerability.as_ref().map(ReadVulnerability::names).unwrap_or_default();
        let subject = names.first().copied().unwrap_or_default();
        match read.status_notes.as_deref().map_or(Ok(None), marks::in_text) {
            Ok(Some(marks)) => import.take(&place, ours(marks, &read, &names), subject),
            Ok(None) => theirs(&mut import, &place, &read, &names, author, written_at),
            Err(why) => import.refuse(&place, subject, why),
        }
    }
    Ok(import)
}

/// The statement that we wrote. Fields that others read and that the marks do not agree with make it void.
fn ours(mut marks: marks::Marks, read: &Read, names: &[&str]) -> Result<Statement, String> {
    let products: Vec<Untrusted> = read.products.iter().map(|p| p.own_id().into()).collect();
    for (name, value) in [("products", marks::texts(&products)), ("said-at", read.timestamp.clone())] {
        if let Some(value) = value {
            marks.entry(name.to_owned()).or_insert(value);
        }
    }
    let detail = read.impact_statement.as_deref().or(read.action_statement.as_deref()).unwrap_or_default();
    let statement = marks::statement(&marks, detail)?;
    marks::unchanged("status", Some(status(statement.status)), Some(&read.status))?;
    let word = justification(statement.status, statement.justification);
    marks::unchanged("justification", word, read.justification.as_deref())?;
    marks::same_vulnerabilities(&statement, names.iter().copied())?;
    Ok(statement)
}

fn theirs(import: &mut Import, place: &str, read: &Read, names: &[&str], author: Option<&str>, at: Option<&str>) {
    let subject = names.first().copied().unwrap_or_default();
    let why = match read.status.as_str() {
        "not_affected" if subject.is_empty() => "It names no vulnerability.".to_owned(),
        "not_affected" => {
            let texts = [read.impact_statement.as_deref(), read.status_notes.as_deref()];
            match reasoning(read.justification.as_deref(), &texts) {
                Some(detail) => return import.statements.extend(proposals(read, names, author, at, &detail)),
                None => "It gives no reason, and a dismissal needs one.".to_owned(),
            }
        }
        "affected" => {
            "It says that the product is affected. That is no dismissal: to accept the risk is yours.".to_owned()
        }
        "fixed" => {
            "It says that the vulnerability is fixed there. A scan of the fixed version no longer finds it.".to_owned()
        }
        "under_investigation" => "It says that the vulnerability is still being looked into.".to_owned(),
        other => format!("It has a status that OpenVEX does not know: {}.", text::line(other)),
    };
    import.refuse(place, subject, why);
}

/// A proposal for each package that another tool's statement is about.
fn proposals(
    read: &Read,
    names: &[&str],
    author: Option<&str>,
    at: Option<&str>,
    detail: &Untrusted,
) -> Vec<Statement> {
    let mut places: Vec<(Option<Package>, Vec<Untrusted>)> = Vec::new();
    let mut add = |package: Option<Package>, product: Option<&str>| {
        let at = places.iter().position(|(p, _)| *p == package);
        let product = product.filter(|p| !p.is_empty()).map(Untrusted::from);
        match at.and_then(|at| places.get_mut(at)) {
            Some((_, products)) => products.extend(product),
            None => places.push((package, product.into_iter().collect())),
        }
    };
    for product in &read.products {
        let inner = [product.subcomponents(), &read.subcomponents].into_iter().find(|s| !s.is_empty());
        match inner {
            Some(inner) => inner.iter().for_each(|s| add(matching::package(s.id()), Some(product.id()))),
            // Where no part of it is named, the product may be the package itself.
            None => add(matching::package(product.id()).filter(|p| p.purl.is_some()), Some(product.id())),
        }
    }
    if read.products.is_empty() {
        add(None, None);
    }
    let mut vulnerabilities: Vec<Untrusted> = Vec::new();
    for name in names.iter().map(|n| Untrusted::new(n.trim().to_uppercase())).filter(|n| !n.is_empty()) {
        if !vulnerabilities.contains(&name) {
            vulnerabilities.push(name);
        }
    }
    places
        .into_iter()
        .map(|(package, products)| Statement {
            subject: about(vulnerabilities.clone(), package),
            products,
            status: Status::NotAffected,
            justification: read.justification.as_deref().and_then(Justification::from_word),
            detail: detail.clone(),
            scope: None,
            expires: None,
            said_by: author.map(Into::into),
            said_at: read.timestamp.as_deref().or(at).and_then(Timestamp::parse_lenient),
            record: None,
        })
        .collect()
}
