//! What came of comparing the findings with those of the last approved release: new, fixed, unchanged.
//!
//! Only a finding that was looked for and is not there any more is fixed. Where no tool that reported it has reported
//! this time, nobody knows: it is unseen.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Dossier;
use crate::domain::evidence::{Evidence, Piece};
use crate::domain::finding::{Finding, ReportStatus};
use crate::domain::ids::Fingerprint;
use crate::domain::triage::{Novelty, Triaged};
use crate::text::Untrusted;

/// What came of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Compared {
    /// They were compared.
    With {
        /// The version of the last approved release.
        version: Untrusted,
        /// What it had and this one has not, fixed or unseen, with what was said of it then.
        gone: Vec<Triaged>,
    },
    /// They could not be compared.
    Not {
        /// Why, in a sentence.
        why: String,
    },
}

impl Default for Compared {
    /// As it is for a dossier that was kept by a version which did not compare.
    fn default() -> Self {
        Self::Not { why: "It was not compared with the last approved release.".to_owned() }
    }
}

impl Compared {
    /// What the last approved release had and this one has not.
    pub fn gone(&self) -> &[Triaged] {
        match self {
            Self::With { gone, .. } => gone,
            Self::Not { .. } => &[],
        }
    }

    /// Why nothing was compared, safe to display; `None` if it was.
    pub fn why_not(&self) -> Option<String> {
        match self {
            Self::With { .. } => None,
            Self::Not { why } => Some(crate::text::line(why).into_owned()),
        }
    }
}

/// The findings of the last approved release, as they were kept.
#[derive(Debug)]
pub struct Earlier {
    version: Untrusted,
    findings: Vec<Triaged>,
    keys: HashSet<Fingerprint>,
}

impl Earlier {
    /// Of its dossier; else why nothing can be compared with it.
    pub fn of(dossier: Dossier) -> Result<Self, String> {
        let release = dossier.release.short();
        if !dossier.count().is_known() {
            return Err(format!("{release} was approved without findings, so there is nothing to compare with."));
        }
        let keys = dossier.findings.iter().flat_map(|t| names(&t.finding)).collect();
        Ok(Self { version: dossier.release.version, findings: dossier.findings, keys })
    }

    /// What its findings are recognised by.
    pub fn keys(&self) -> &HashSet<Fingerprint> {
        &self.keys
    }

    /// What of it is not among `findings`, which are those of `pieces`.
    pub fn against(self, findings: &[Triaged], pieces: &[Piece]) -> Compared {
        let here: HashSet<Fingerprint> = findings.iter().flat_map(|t| names(&t.finding)).collect();
        let looked = Looked::of(findings, pieces);
        let is_gone = |t: &Triaged| !names(&t.finding).any(|name| here.contains(&name));
        let mut gone: Vec<Triaged> = self.findings.into_iter().filter(is_gone).collect();
        for triaged in &mut gone {
            triaged.novelty = if looked.looked_for(&triaged.finding) { Novelty::Fixed } else { Novelty::Unseen };
        }
        gone.sort_by(|a, b| {
            (a.novelty, a.finding.severity, &a.finding.fingerprint).cmp(&(
                b.novelty,
                b.finding.severity,
                &b.finding.fingerprint,
            ))
        });
        Compared::With { version: self.version, gone }
    }
}

/// What a finding is recognised by from one release to the next.
fn names(finding: &Finding) -> impl Iterator<Item = Fingerprint> {
    let keys = finding.keys.iter().filter(|k| k.rung.carries()).map(|k| k.value);
    std::iter::once(finding.fingerprint).chain(keys)
}

/// Who looked this time.
struct Looked {
    /// Names of tools, lower case.
    tools: HashSet<String>,
    /// Names of pieces without report files, and of their sources: who is asked by questions.
    asked: HashSet<String>,
}

impl Looked {
    fn of(findings: &[Triaged], pieces: &[Piece]) -> Self {
        let mut looked = Self { tools: HashSet::new(), asked: HashSet::new() };
        let mut last: Option<&Arc<Finding>> = None;
        for finding in findings.iter().map(|t| &t.finding) {
            // Neighbours are often of one tool: most names need not be copied.
            if last.is_none_or(|l| l.sources.first().map(|s| &s.tool) != finding.sources.first().map(|s| &s.tool)) {
                looked.tools.extend(finding.sources.iter().map(|s| s.tool.raw().to_lowercase()));
            } else {
                looked.tools.extend(finding.sources.iter().skip(1).map(|s| s.tool.raw().to_lowercase()));
            }
            last = Some(finding);
        }
        for piece in pieces {
            let Some(Evidence::Findings(set)) = &piece.value else { continue };
            let read = set.reports.iter().filter(|r| matches!(r.status, ReportStatus::Ok | ReportStatus::Empty));
            looked.tools.extend(read.map(|r| r.tool.raw().to_lowercase()));
            if set.reports.is_empty() && piece.completeness.reason().is_none() {
                looked.asked.extend([piece.name.clone(), piece.source.clone()]);
            }
        }
        looked
    }

    fn looked_for(&self, finding: &Finding) -> bool {
        finding
            .sources
            .iter()
            .any(|s| self.tools.contains(&s.tool.raw().to_lowercase()) || self.asked.contains(s.report.raw()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{MatchKey, Rung};

    fn triaged(rule: &str, tool: &str, key: u8) -> Triaged {
        let finding: Finding = serde_json::from_value(serde_json::json!({
            "fingerprint": format!("{:064}", u32::from(key) + 1000), "class": "sast", "severity": "high", "rule": rule,
            "title": "t", "detail": "", "location": {}, "vulnerabilities": [], "cwe": [],
            "keys": [MatchKey { rung: Rung::Snippet, value: Fingerprint::new([key; 32]) }],
            "sources": [{ "tool": tool, "tool_version": null, "report": "findings/sonar/search", "native_id": null }],
        }))
        .unwrap();
        Triaged { finding: finding.into(), dismissal: None, suggestion: None, novelty: Novelty::Unknown }
    }

    fn earlier(findings: Vec<Triaged>) -> Earlier {
        let keys = findings.iter().flat_map(|t| names(&t.finding)).collect();
        Earlier { version: "1.4.1".into(), findings, keys }
    }

    #[test]
    fn what_nobody_looked_for_is_not_fixed() {
        let before = vec![triaged("A", "Bandit", 1), triaged("B", "bandit", 2), triaged("C", "Semgrep", 3)];
        let now = [triaged("A", "bandit", 1)];
        let compared = earlier(before).against(&now, &[]);
        let gone: Vec<_> = compared.gone().iter().map(|t| (t.finding.rule.raw().to_owned(), t.novelty)).collect();
        assert_eq!(gone, [("B".to_owned(), Novelty::Fixed), ("C".to_owned(), Novelty::Unseen)]);
        assert_eq!(compared.why_not(), None);
    }

    #[test]
    fn a_finding_that_kept_a_key_is_not_gone() {
        let before = triaged("A", "Bandit", 1);
        let mut now = triaged("A", "Bandit", 1);
        Arc::make_mut(&mut now.finding).fingerprint = Fingerprint::new([9; 32]);
        assert!(earlier(vec![before]).against(&[now], &[]).gone().is_empty());
    }
}
