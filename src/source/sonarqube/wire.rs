//! The shapes of SonarQube's web API, as far as they are read.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Deserialize)]
pub(super) struct Analyses {
    pub(super) analyses: Vec<Analysis>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Analysis {
    pub(super) key: String,
    #[serde(default)]
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) revision: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectStatus {
    pub(super) project_status: Status,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) status: String,
    #[serde(default)]
    pub(super) conditions: Vec<ConditionOf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ConditionOf {
    pub(super) status: String,
    pub(super) metric_key: String,
    pub(super) comparator: Option<String>,
    pub(super) error_threshold: Option<String>,
    pub(super) actual_value: Option<String>,
}

/// A page of issues or hotspots. The items are read one by one, so that an odd one fails nothing else.
#[derive(Debug, Deserialize)]
pub(super) struct Page<'a> {
    pub(super) paging: Paging,
    #[serde(borrow, default, alias = "hotspots")]
    pub(super) issues: Vec<&'a RawValue>,
    #[serde(default)]
    pub(super) facets: Vec<Facet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    pub(super) total: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Facet {
    #[serde(default)]
    pub(super) property: String,
    #[serde(default)]
    pub(super) values: Vec<FacetValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FacetValue {
    pub(super) val: String,
    pub(super) count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Valid {
    pub(super) valid: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Current {
    pub(super) login: Option<String>,
    pub(super) name: Option<String>,
}

/// One issue.
#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) key: String,
    pub(super) rule: String,
    pub(super) component: String,
    #[serde(default)]
    pub(super) severity: Option<String>,
    #[serde(default)]
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) hash: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) impacts: Vec<Impact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Impact {
    pub(super) software_quality: String,
    pub(super) severity: String,
}

/// One hotspot.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hotspot {
    pub(super) key: String,
    pub(super) component: String,
    #[serde(default)]
    pub(super) rule_key: Option<String>,
    #[serde(default)]
    pub(super) security_category: Option<String>,
    #[serde(default)]
    pub(super) vulnerability_probability: Option<String>,
    #[serde(default)]
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) message: Option<String>,
}
