//! Trivy's JSON as it is written; only what is used.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::lax::{Lax, List, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Doc {
    #[serde(rename = "ArtifactType")]
    pub artifact_type: Text,
    #[serde(rename = "Trivy")]
    pub trivy: Lax<About>,
    #[serde(rename = "Results")]
    pub results: Option<Vec<Outcome>>,
    // `trivy k8s`, old and new.
    #[serde(rename = "Vulnerabilities")]
    pub vulnerabilities: Option<Vec<Resource>>,
    #[serde(rename = "Misconfigurations")]
    pub misconfigurations: Option<Vec<Resource>>,
    #[serde(rename = "Resources")]
    pub resources: Option<Vec<Resource>>,
    #[serde(rename = "Findings")]
    pub findings: Option<Vec<Resource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct About {
    pub version: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Resource {
    pub namespace: Text,
    pub kind: Text,
    pub name: Text,
    pub error: Text,
    pub results: Option<Vec<Outcome>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Outcome {
    pub target: Text,
    pub class: Text,
    #[serde(rename = "Type")]
    pub kind: Text,
    pub vulnerabilities: Option<Vec<Vulnerability>>,
    pub misconfigurations: Option<Vec<Misconfiguration>>,
    pub secrets: Option<Vec<Secret>>,
    #[serde(rename = "Licenses")]
    pub licences: Option<Vec<Licence>>,
    // What the user's rules or statements of VEX take out of the lists, by `--show-suppressed`.
    #[serde(rename = "ExperimentalModifiedFindings")]
    pub modified: Option<Vec<Modified>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Modified {
    #[serde(rename = "Type")]
    pub kind: Text,
    pub status: Text,
    pub statement: Text,
    pub source: Text,
    pub finding: Suppressed,
}

/// A finding of any kind: whose fields they are follows from the kind of the modified one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppressed {
    #[serde(flatten)]
    pub vulnerability: Vulnerability,
    #[serde(flatten)]
    pub misconfiguration: Misconfiguration,
    #[serde(flatten)]
    pub secret: Secret,
    #[serde(flatten)]
    pub licence: Licence,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    pub id: Text,
    pub pkg_name: Text,
    pub pkg_path: Text,
    pub pkg_identifier: Lax<Identifier>,
    pub installed_version: Text,
    pub fixed_version: Text,
    pub severity: Text,
    pub title: Text,
    pub description: Text,
    #[serde(rename = "PrimaryURL")]
    pub primary_url: Text,
    #[serde(rename = "CweIDs")]
    pub cwe_ids: List<Text>,
    #[serde(rename = "VendorIDs")]
    pub vendor_ids: List<Text>,
    pub status: Text,
    pub severity_source: Text,
    #[serde(rename = "CVSS")]
    pub cvss: Lax<BTreeMap<String, Lax<Scores>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Scores {
    pub v2_score: Text,
    pub v2_vector: Text,
    pub v3_score: Text,
    pub v3_vector: Text,
    pub v40_score: Text,
    pub v40_vector: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier {
    #[serde(rename = "PURL")]
    pub purl: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Misconfiguration {
    #[serde(rename = "ID")]
    pub id: Text,
    #[serde(rename = "AVDID")]
    pub avd_id: Text,
    pub title: Text,
    pub description: Text,
    pub message: Text,
    pub resolution: Text,
    pub severity: Text,
    pub status: Text,
    #[serde(rename = "PrimaryURL")]
    pub primary_url: Text,
    #[serde(rename = "CauseMetadata")]
    pub cause: Lax<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Cause {
    pub resource: Text,
    pub start_line: Text,
    pub code: Lax<Code>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Code {
    pub lines: List<Line>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Line {
    pub content: Text,
    pub is_cause: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Secret {
    #[serde(rename = "RuleID")]
    pub rule_id: Text,
    pub category: Text,
    pub severity: Text,
    pub title: Text,
    pub start_line: Text,
    #[serde(rename = "Match")]
    pub matched: Text,
    pub code: Lax<Code>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Licence {
    pub severity: Text,
    pub category: Text,
    pub pkg_name: Text,
    pub file_path: Text,
    pub name: Text,
    pub confidence: Text,
    pub link: Text,
}
