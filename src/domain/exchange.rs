//! What was said of findings, in the words of other tools: OpenVEX, CycloneDX VEX, and suppressions in SARIF.
//!
//! An export keeps what these formats have no field for in the places that they leave free (see `marks`), so that it comes
//! back without loss. An import is a list of proposals and nothing more: what somebody else wrote dismisses no finding
//! before an approver has signed it.

mod cyclonedx;
mod marks;
mod matching;
mod openvex;
mod product;
mod proposal;
#[cfg(test)]
mod samples;
mod sarif;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::canonical;
use super::dedup::{KeyParts, keys_for};
use super::finding::{MatchKey, Package, Rung};
use super::release::Release;
use super::time::Timestamp;
use super::triage::Justification;
use crate::text::{self, Untrusted};

pub use proposal::{Fate, Proposals, propose};
pub use statement::{About, Record, Statement};

/// A format that statements are exchanged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// OpenVEX 0.2.0.
    OpenVex,
    /// CycloneDX 1.6, with `vulnerabilities`.
    CycloneDx,
    /// SARIF 2.1.0, with `suppressions`.
    Sarif,
}

impl Format {
    /// All values.
    pub const ALL: [Self; 3] = [Self::OpenVex, Self::CycloneDx, Self::Sarif];

    /// The word for it, as `--format` takes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenVex => "openvex",
            Self::CycloneDx => "cyclonedx",
            Self::Sarif => "sarif",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.word() == word)
    }

    /// The name, in whatever version.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenVex => "OpenVEX",
            Self::CycloneDx => "CycloneDX",
            Self::Sarif => "SARIF",
        }
    }

    /// The name and the version that is written.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenVex => "OpenVEX 0.2.0",
            Self::CycloneDx => "CycloneDX 1.6",
            Self::Sarif => "SARIF 2.1.0",
        }
    }
}

/// What stands at the head of an export.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The release that the statements are exported for.
    pub release: &'a Release,
    /// Who publishes the document.
    pub author: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Statements as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The document, JSON. `None` if there is no statement that could stand in it.
    pub document: Option<String>,
    /// How many statements stand in it.
    pub written: usize,
    /// What does not.
    pub left_out: Vec<Omission>,
}

/// A document as statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The format it was in.
    pub format: Format,
    /// The proposals.
    pub statements: Vec<Statement>,
    /// What could not be taken over.
    pub not_taken: Vec<Omission>,
}

/// Something that was not written, or not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Omission {
    /// Where it stands in the document, `statements[3]`; in an export, its place in the list.
    pub place: String,
    /// What it is about.
    pub subject: Untrusted,
    /// Why, as a sentence for people.
    pub why: String,
}

/// Why a document could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[error("The document could not be written: {0}.")]
pub struct NotWritten(#[from] serde_json::Error);

/// Writes those statements that hold for the release now. One that stands in the list twice is written once.
pub fn export(format: Format, statements: &[Statement], header: &Header<'_>) -> Result<Export, NotWritten> {
    let mut left_out = Vec::new();
    let mut kept: Vec<&Statement> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, statement) in statements.iter().enumerate() {
        let no_id = || match format {
            Format::Sarif => None,
            Format::OpenVex | Format::CycloneDx => no_vulnerability(statement, format),
        };
        if let Some(why) = statement.does_not_hold(header).or_else(no_id) {
            let subject = Untrusted::new(statement.name());
            left_out.push(Omission { place: format!("[{index}]"), subject, why });
        } else if seen.insert(canonical::digest_of(statement)) {
            kept.push(statement);
        }
    }
    let document = match (kept.as_slice(), format) {
        ([], _) => None,
        (kept, Format::OpenVex) => Some(openvex::write(kept, header)?),
        (kept, Format::CycloneDx) => Some(cyclonedx::write(kept, header)?),
        (kept, Format::Sarif) => Some(sarif::write(kept, header)?),
    };
    Ok(Export { document, written: kept.len(), left_out })
}

/// A rule is no vulnerability: a reader of VEX would take what was said of one place for all places of that rule.
fn no_vulnerability(statement: &Statement, format: Format) -> Option<String> {
    statement.subject.vulnerabilities.is_empty().then(|| {
        format!(
            "The finding has no vulnerability id, and {} speaks of vulnerabilities only. Export it as SARIF.",
            format.title()
        )
    })
}

/// Reads a document in one of the formats, ours or another tool's.
pub fn import(bytes: &[u8]) -> Result<Import, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let doc: Value = serde_json::from_slice(bytes)
        .map_err(|e| Unreadable(format!("This is no JSON document: {}.", text::line(&e.to_string()))))?;
    // An in-toto statement around it, without its envelope.
    let doc = doc.get("predicate").filter(|p| p.is_object()).unwrap_or(&doc);
    let context = doc.get("@context").map(Value::to_string).unwrap_or_default();
    if context.contains("openvex.dev") {
        openvex::read(doc)
    } else if doc.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        cyclonedx::read(doc)
    } else if doc.get("runs").is_some() {
        sarif::read(doc)
    } else {
        Err(Unreadable(
            "This is neither OpenVEX, nor CycloneDX in JSON, nor SARIF, and other formats are not imported.".to_owned(),
        ))
    }
}

impl Import {
    fn new(format: Format) -> Self {
        Self { format, statements: Vec::new(), not_taken: Vec::new() }
    }

    fn refuse(&mut self, place: &str, subject: &str, why: impl Into<String>) {
        self.not_taken.push(Omission { place: place.to_owned(), subject: subject.into(), why: why.into() });
    }

    /// Takes one of our own statements, or says why not.
    fn take(&mut self, place: &str, statement: Result<Statement, String>, subject: &str) {
        match statement {
            Ok(statement) => self.statements.push(statement),
            Err(why) => self.refuse(place, subject, why),
        }
    }
}

/// The list at `key` of a document, which has to be there.
fn list<'v>(doc: &'v Value, key: &str) -> Result<&'v [Value], Unreadable> {
    match doc.get(key) {
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Unreadable(format!("The field `{key}` has to be a list."))),
        None => Err(Unreadable(format!("The field `{key}` is missing: there is nothing to import."))),
    }
}

/// What a statement of another tool is about: a vulnerability in a package.
fn about(vulnerabilities: Vec<Untrusted>, package: Option<Package>) -> About {
    let rule = vulnerabilities.first().cloned().unwrap_or_default();
    let title = match &package {
        Some(package) => Untrusted::new(format!("{} in {}", rule.raw(), package.name.raw())),
        None => rule.clone(),
    };
    let keys = package.as_ref().map(|p| component_keys(&vulnerabilities, p)).unwrap_or_default();
    About { rule, title, vulnerabilities, package, keys, ..About::default() }
}

/// The keys by which vulnerabilities of a package are recognised wherever it lies.
fn component_keys(vulnerabilities: &[Untrusted], package: &Package) -> Vec<MatchKey> {
    let keys = keys_for(&KeyParts {
        vulnerabilities: vulnerabilities.iter().map(Untrusted::raw).collect(),
        package: package.purl.as_ref().unwrap_or(&package.name).raw(),
        ..KeyParts::default()
    });
    keys.into_iter().filter(|k| k.rung == Rung::Vulnerability).collect()
}

/// A URN for content: a UUID of version 8 (RFC 9562), whose bits are the first of its SHA-256.
fn urn(content: &impl Serialize) -> String {
    let digest = canonical::digest_of(content);
    let part = |from: usize, to: usize| digest.hex().get(from..to).unwrap_or_default();
    // The variant's two bits leave one of four digits.
    let variant =
        part(15, 16).bytes().next().and_then(|d| b"89ab".get(usize::from(d) % 4)).map_or('8', |d| char::from(*d));
    format!("urn:uuid:{}-{}-8{}-{variant}{}-{}", part(0, 8), part(8, 12), part(12, 15), part(16, 19), part(19, 31))
}

/// What a document of another tool gives as its reason; `None` if it gives none.
fn reasoning(justification: Option<&str>, texts: &[Option<&str>]) -> Option<Untrusted> {
    let texts: Vec<&str> = texts.iter().flatten().map(|t| t.trim()).filter(|t| !t.is_empty()).collect();
    // A justification that we have no word for must not get lost with its field.
    let foreign = justification.filter(|j| Justification::from_word(j).is_none());
    match (texts.is_empty(), justification) {
        (true, None) => None,
        (true, Some(word)) => {
            Some(Untrusted::new(format!("The document gives the justification {word} and no reasoning.")))
        }
        (false, _) => {
            let said = texts.join("\n\n");
            Some(Untrusted::new(foreign.map_or_else(|| said.clone(), |word| format!("{word}: {said}"))))
        }
    }
}
