//! SARIF 2.1.0 as it is written; only what is used. The lists of runs and results are strict, all below is lenient.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::lax::{Lax, List, Text};

#[derive(Debug, Deserialize)]
pub(super) struct Doc {
    #[serde(default)]
    pub version: Text,
    pub runs: Vec<Run>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Run {
    pub tool: Lax<Tool>,
    pub invocations: List<Invocation>,
    /// Absent or null: the run did not look for results. Empty: it looked and found none.
    pub results: Option<Vec<Outcome>>,
    pub artifacts: List<Artifact>,
    pub original_uri_base_ids: Lax<BTreeMap<String, Lax<ArtifactLocation>>>,
    pub logical_locations: List<LogicalLocation>,
    pub taxonomies: List<Component>,
    pub external_property_file_references: Lax<External>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    pub driver: Lax<Component>,
    pub extensions: List<Component>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component {
    pub name: Text,
    pub version: Text,
    pub semantic_version: Text,
    pub rules: List<Rule>,
    pub taxa: List<Rule>,
    pub global_message_strings: Lax<BTreeMap<String, Lax<Message>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    pub id: Text,
    pub name: Text,
    pub short_description: Lax<Message>,
    pub full_description: Lax<Message>,
    pub help_uri: Text,
    pub default_configuration: Lax<Configuration>,
    pub message_strings: Lax<BTreeMap<String, Lax<Message>>>,
    pub relationships: List<Relationship>,
    pub properties: Lax<Properties>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub level: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Relationship {
    pub target: Lax<Reference>,
}

/// A reference to a rule or to a taxon.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference {
    pub id: Text,
    pub index: Text,
    pub tool_component: Lax<ComponentReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentReference {
    pub name: Text,
    pub index: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub text: Text,
    pub markdown: Text,
    pub id: Text,
    pub arguments: List<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties {
    pub tags: List<Text>,
    #[serde(rename = "security-severity")]
    pub security_severity: Text,
    pub issue_severity: Text,
    pub severity: Text,
    pub issue_confidence: Text,
    pub confidence: Text,
    pub precision: Text,
    pub cwe: List<Text>,
    pub purls: List<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: Text,
    pub exit_code_description: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    pub location: Lax<ArtifactLocation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub uri: Text,
    pub uri_base_id: Text,
    pub index: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct External {
    pub results: List<ArtifactLocation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome {
    pub rule_id: Text,
    pub rule_index: Text,
    pub rule: Lax<Reference>,
    pub kind: Text,
    pub level: Text,
    pub message: Lax<Message>,
    pub locations: List<Location>,
    pub correlation_guid: Text,
    pub fingerprints: Lax<BTreeMap<String, Text>>,
    pub partial_fingerprints: Lax<BTreeMap<String, Text>>,
    pub suppressions: List<Suppression>,
    pub baseline_state: Text,
    pub taxa: List<Reference>,
    pub hosted_viewer_uri: Text,
    pub properties: Lax<Properties>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression {
    pub kind: Text,
    #[serde(alias = "state")]
    pub status: Text,
    pub justification: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location {
    pub physical_location: Lax<PhysicalLocation>,
    pub logical_locations: List<LogicalLocation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub artifact_location: Lax<ArtifactLocation>,
    pub region: Lax<Region>,
    pub context_region: Lax<Region>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: Text,
    pub end_line: Text,
    pub start_column: Text,
    pub snippet: Lax<Message>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub name: Text,
    pub fully_qualified_name: Text,
    pub index: Text,
}
