//! What an approver says of a finding, and how that is found again in the next release.

mod alike;
mod carry;
mod reach;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingSource, MatchKey, Rung};
use super::ids::{Digest, Fingerprint, Principal, RecordId};
use super::release::Release;
use super::severity::Severity;
use super::time::Timestamp;
use crate::text::Untrusted;

pub use alike::{Unlike, alike};
pub(in crate::domain) use carry::is_at;
pub use carry::match_dismissals;
pub use reach::{Reach, State, reach, stale};

/// Where a dismissal holds if nothing else is said: for this service in this environment.
pub const SCOPE: &str = "environment";
/// How long a dismissal holds if nothing else is said; an accepted risk has no such default.
pub const EXPIRES: &str = "90d";

/// What is said of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The tool is wrong: there is no such thing here.
    FalsePositive,
    /// The weakness is there and cannot be used here. Needs a justification.
    NotAffected,
    /// The risk is taken, until a day. Needs an expiry.
    Accepted,
}

impl Status {
    /// All values.
    pub const ALL: [Self; 3] = [Self::FalsePositive, Self::NotAffected, Self::Accepted];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::FalsePositive => "false-positive",
            Self::NotAffected => "not-affected",
            Self::Accepted => "accepted",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Why a finding does not matter: the justifications of OpenVEX 0.2.0, then those that only CycloneDX VEX has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The component is not in the product.
    ComponentNotPresent,
    /// The vulnerable code is not in the product.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never run.
    VulnerableCodeNotInExecutePath,
    /// An attacker cannot reach or control it.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something in the product already prevents it.
    InlineMitigationsAlreadyExist,
    /// It needs a configuration that is not used.
    RequiresConfiguration,
    /// It needs an environment that is not used.
    RequiresEnvironment,
    /// Something outside the product prevents it.
    ProtectedAtPerimeter,
}

impl Justification {
    /// All values.
    pub const ALL: [Self; 8] = [
        Self::ComponentNotPresent,
        Self::VulnerableCodeNotPresent,
        Self::VulnerableCodeNotInExecutePath,
        Self::VulnerableCodeCannotBeControlledByAdversary,
        Self::InlineMitigationsAlreadyExist,
        Self::RequiresConfiguration,
        Self::RequiresEnvironment,
        Self::ProtectedAtPerimeter,
    ];

    /// The word for it, as OpenVEX writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => "vulnerable_code_cannot_be_controlled_by_adversary",
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
            Self::RequiresConfiguration => "requires_configuration",
            Self::RequiresEnvironment => "requires_environment",
            Self::ProtectedAtPerimeter => "protected_at_perimeter",
        }
    }

    /// Reads the word; dashes count as underscores.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|j| j.word() == word)
    }
}

/// Where a dismissal holds. What is not named holds everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only for this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only in this environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Only for this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Untrusted>,
    /// Only for a release with an artifact of this digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Digest>,
}

impl Scope {
    /// Whether it covers a release.
    pub fn covers(&self, release: &Release) -> bool {
        self.service.as_ref().is_none_or(|s| *s == release.service)
            && self.environment.as_ref().is_none_or(|e| *e == release.environment)
            && self.version.as_ref().is_none_or(|v| *v == release.version)
            && self.artifact.as_ref().is_none_or(|d| release.artifacts.iter().any(|a| a.digest.as_ref() == Some(d)))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.service.as_deref().map(|s| format!("service {}", crate::text::line(s))));
        parts.extend(self.environment.as_deref().map(|e| format!("environment {}", crate::text::line(e))));
        parts.extend(self.version.as_ref().map(|v| format!("version {}", v.line())));
        parts.extend(self.artifact.as_ref().map(|d| format!("artifact {}", d.short())));
        if parts.is_empty() { f.write_str("everywhere") } else { f.write_str(&parts.join(", ")) }
    }
}

/// A dismissal as the ledger has it, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    /// The id of the signed record.
    pub id: RecordId,
    /// The digest of the signed envelope.
    pub envelope: Digest,
    /// Who signed.
    pub principal: Principal,
    /// When.
    pub issued_at: Timestamp,
    /// The finding it was said of, as it was then.
    pub subject: Subject,
    /// What was said.
    pub status: Status,
    /// The justification, if one was given.
    pub justification: Option<Justification>,
    /// The reasoning, in the approver's words.
    pub detail: Untrusted,
    /// Where it holds.
    pub scope: Scope,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

/// The finding that a dismissal speaks of, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its match keys.
    pub keys: Vec<MatchKey>,
    /// Its rule.
    pub rule: Untrusted,
    /// Its title.
    pub title: Untrusted,
    /// The place it was at.
    pub place: Untrusted,
    /// The other places it was at, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Untrusted>,
    /// How many findings looked alike then, this one among them, if there were several: one of them may be gone by now,
    /// and which, nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_alikes: Option<u32>,
    /// The tool that reported it.
    pub tool: Untrusted,
    /// The major version of that tool.
    pub tool_major: Option<String>,
    /// Its severity.
    pub severity: Severity,
}

impl Subject {
    /// All places that were judged.
    pub fn places(&self) -> impl Iterator<Item = &Untrusted> {
        std::iter::once(&self.place).chain(&self.also)
    }

    /// Of a finding as it is now, among all of its release.
    pub fn among(finding: &Finding, all: &[Triaged]) -> Self {
        let strongest = finding.keys.first();
        let alike = all.iter().filter(|t| t.finding.keys.first() == strongest).count();
        let look_alikes = u32::try_from(alike).ok().filter(|alike| *alike > 1 && strongest.is_some());
        Self { look_alikes, ..Self::of(finding) }
    }

    /// Of a finding as it is now, which looks like no other.
    pub fn of(finding: &Finding) -> Self {
        let source = finding.sources.first();
        let place = Untrusted::new(finding.place());
        let also: BTreeSet<String> = finding.also.iter().map(ToString::to_string).collect();
        Self {
            fingerprint: finding.fingerprint,
            keys: finding.keys.clone(),
            rule: finding.rule.clone(),
            title: finding.title.clone(),
            also: also.into_iter().filter(|p| *p != place.raw()).map(Untrusted::new).collect(),
            place,
            look_alikes: None,
            tool: source.map(|s| s.tool.clone()).unwrap_or_default(),
            tool_major: source.and_then(FindingSource::tool_major).map(|m| m.to_string()),
            severity: finding.severity,
        }
    }
}

/// A finding with what stands in the ledger about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triaged {
    /// The finding.
    pub finding: Arc<Finding>,
    /// The dismissal in force, and by which rung it was recognised. `None`: the finding is open.
    pub dismissal: Option<Box<Carried>>,
    /// An earlier dismissal that does not hold by itself any more, and why: to be looked at, not applied.
    pub suggestion: Option<Box<(Carried, Lapse)>>,
    /// Whether the last approved release had it.
    pub novelty: Novelty,
}

impl Triaged {
    /// Whether it counts: no dismissal is in force.
    pub fn is_open(&self) -> bool {
        self.dismissal.is_none()
    }
}

/// A dismissal that was recognised on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The dismissal.
    pub dismissal: Dismissal,
    /// The rung that matched.
    pub rung: Rung,
}

/// Why an earlier dismissal does not hold by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapse {
    /// Its day has passed.
    Expired,
    /// The finding is worse now.
    SeverityRose,
    /// The tool has another major version.
    ToolChanged,
    /// Only rule and place agree.
    WeakMatch,
    /// It matches several findings.
    Ambiguous,
    /// It is not at the place that was judged any more.
    Moved,
    /// Not as many people have said the same of it as are needed.
    WaitsForSecond,
}

impl Lapse {
    /// A sentence for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Expired => "has expired",
            Self::SeverityRose => "the severity has risen since",
            Self::ToolChanged => "the tool's major version has changed since",
            Self::WeakMatch => "only the rule and the place agree",
            Self::Ambiguous => "it matches several findings",
            Self::Moved => "it is at another place now",
            Self::WaitsForSecond => "it waits for another person to sign the same",
        }
    }
}

/// How many people have to say the same of a finding before it is dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// How many.
    pub count: usize,
    /// Of findings that are at least so bad; of the others one.
    pub from: Severity,
}

impl People {
    /// How many of this finding.
    pub fn needed(self, finding: &Finding) -> usize {
        if finding.severity.weight() >= self.from.weight() { self.count.max(1) } else { 1 }
    }
}

/// Whether the last approved release had a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Novelty {
    /// It did not.
    New,
    /// It did.
    Known,
    /// There is no last approved release to compare with, or its findings are not kept.
    Unknown,
}
