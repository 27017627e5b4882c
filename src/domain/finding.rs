//! A finding: one thing that a scanner holds against the release.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{Digest, Fingerprint};
use super::severity::Severity;
use crate::text::Untrusted;

/// One finding, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is recognised by, and addressed by: see [`keys`](Self::keys).
    pub fingerprint: Fingerprint,
    /// What kind of thing it is.
    pub class: Class,
    /// How bad, by the tool's own field, else CVSS, else the rule's `security-severity`, else unknown.
    pub severity: Severity,
    /// The tool's id of the rule: `B602`, `CVE-2021-3711`, `python:S2068`, `10038`.
    pub rule: Untrusted,
    /// A short name, one line.
    pub title: Untrusted,
    /// What the tool says of it, possibly several lines.
    pub detail: Untrusted,
    /// Where it is.
    pub location: Location,
    /// The code or the evidence at that place, as the tool quotes it.
    pub snippet: Option<Untrusted>,
    /// The code around that place, or the HTTP exchange that shows it, as the tool quotes it. Shown, never compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Untrusted>,
    /// Ids of vulnerability databases, upper case, sorted: CVE-, GHSA-, RUSTSEC-.
    pub vulnerabilities: Vec<Untrusted>,
    /// Numbers of the Common Weakness Enumeration, sorted.
    pub cwe: Vec<u32>,
    /// The package that it is in.
    pub package: Option<Box<Package>>,
    /// How sure the tool is, in its own word, lower case.
    pub confidence: Option<Untrusted>,
    /// A link to more.
    pub url: Option<Untrusted>,
    /// Set if the tool or its report suppresses it already, with its words. Shown; it stays an open finding.
    pub suppressed: Option<Untrusted>,
    /// What others say of how bad and how likely it is, where the report has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Box<Scores>>,
    /// Other places where it is: one vulnerability of one package may lie in several files or hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Location>,
    /// By which rung of the ladder the reports of several sources were found to be one; the weakest, if by several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Rung>,
    /// What it may be recognised by again, the strongest rung first.
    pub keys: Vec<MatchKey>,
    /// Who reported it, one for each tool and report that did.
    pub sources: Vec<FindingSource>,
}

impl Finding {
    /// The name of the first tool that reported it, safe to display.
    pub fn tool(&self) -> String {
        self.sources.first().map(|s| s.tool.line().into_owned()).unwrap_or_default()
    }

    /// The place in one line, safe to display: `src/pay.py:12`, or the logical location, or the package.
    pub fn place(&self) -> String {
        match (self.location.to_string(), &self.package) {
            (place, Some(package)) if place.is_empty() => package.name.line().into_owned(),
            (place, _) => place,
        }
    }

    /// Ids that begin with `CVE-`.
    pub fn cves(&self) -> impl Iterator<Item = &str> {
        self.vulnerabilities.iter().map(Untrusted::raw).filter(|v| v.starts_with("CVE-"))
    }
}

/// What kind of thing a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// In the source code.
    Sast,
    /// In the running application.
    Dast,
    /// In a dependency.
    Sca,
    /// In a container image.
    Container,
    /// In infrastructure as code.
    Iac,
    /// A leaked secret.
    Secret,
    /// A licence.
    Licence,
    /// Found by fuzzing.
    Fuzz,
    /// In running infrastructure.
    Infra,
}

impl Class {
    /// All values.
    pub const ALL: [Self; 9] = [
        Self::Sast,
        Self::Dast,
        Self::Sca,
        Self::Container,
        Self::Iac,
        Self::Secret,
        Self::Licence,
        Self::Fuzz,
        Self::Infra,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sast => "sast",
            Self::Dast => "dast",
            Self::Sca => "sca",
            Self::Container => "container",
            Self::Iac => "iac",
            Self::Secret => "secret",
            Self::Licence => "licence",
            Self::Fuzz => "fuzz",
            Self::Infra => "infra",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// Where a finding is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// A path relative to the repository, `/` between parts; or a URL (dast); or an image's target (container).
    pub path: Option<Untrusted>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// A place that is not a line: a function, a parameter, a resource.
    pub logical: Option<Untrusted>,
}

/// The place in one line, safe to display; empty if none is known.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line, &self.logical) {
            (Some(path), Some(line), _) => write!(f, "{}:{line}", path.line()),
            (Some(path), None, _) => f.write_str(&path.line()),
            (None, _, Some(logical)) => f.write_str(&logical.line()),
            (None, _, None) => Ok(()),
        }
    }
}

/// The package that a finding is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: Untrusted,
    /// The version that is there.
    pub version: Option<Untrusted>,
    /// The package URL, with version.
    pub purl: Option<Untrusted>,
    /// Versions in which it is mended.
    pub fixed: Vec<Untrusted>,
}

/// What others say of how bad and how likely a vulnerability is. Numbers are kept as text: what is signed has no floats.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scores {
    /// The CVSS score, 0.0 to 10.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Untrusted>,
    /// The CVSS vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Untrusted>,
    /// How likely it is to be exploited within 30 days, 0 to 1, by EPSS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Untrusted>,
    /// Whether it is known to be exploited, as CISA's catalogue (KEV) or the tool says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exploited: bool,
}

/// One thing that a finding may be recognised by again. None has an absolute line number in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// Which rung of the ladder.
    pub rung: Rung,
    /// SHA-256 of the parts of the key, hexadecimal.
    pub value: Fingerprint,
}

/// The matching ladder, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The tool's own stable id of the result.
    ToolId,
    /// A vulnerability id, the package without its version, and the path.
    Vulnerability,
    /// The rule, the path, and the normalised text at the place.
    Snippet,
    /// The rule and a logical location. Only suggests.
    Logical,
}

impl Rung {
    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::ToolId => "the tool's own id",
            Self::Vulnerability => "vulnerability, package and path",
            Self::Snippet => "rule, path and code",
            Self::Logical => "rule and place",
        }
    }

    /// Whether a match on this rung carries a dismissal over by itself.
    pub fn carries(self) -> bool {
        self != Self::Logical
    }
}

/// Who reported a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingSource {
    /// The tool's name, as it calls itself.
    pub tool: Untrusted,
    /// Its version.
    pub tool_version: Option<Untrusted>,
    /// The report file, or the connection it was read from.
    pub report: Untrusted,
    /// The tool's id of this result, if it has one: a SonarQube issue key, a fingerprint.
    pub native_id: Option<Untrusted>,
}

impl FindingSource {
    /// The first number of the tool's version, if there is one.
    pub fn tool_major(&self) -> Option<u64> {
        let version = self.tool_version.as_ref()?.raw().trim_start_matches('v');
        version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

/// What one report file came out as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportSummary {
    /// The file's name, relative to where it was found.
    pub file: Untrusted,
    /// Digest of its bytes.
    pub digest: Digest,
    /// The format: `sarif`, `bandit-json`, `zap-json`, `zap-xml`, `trivy-json`; empty if it was not recognised.
    pub format: String,
    /// The tool that wrote it.
    pub tool: Untrusted,
    /// The classes of findings that it is evidence of, sorted.
    pub classes: Vec<Class>,
    /// What became of it.
    pub status: ReportStatus,
    /// Why, where it is not `Ok`.
    pub reason: Option<Untrusted>,
    /// How many results stand in the file.
    pub raw_items: u32,
    /// How many of them were merged into others.
    pub merged: u32,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportStatus {
    /// It was read and has findings.
    Ok,
    /// It was read and has none.
    Empty,
    /// The tool says that it assessed nothing.
    NotAssessed,
    /// It could not be read.
    Error,
}
