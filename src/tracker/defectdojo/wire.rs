//! The shapes of DefectDojo's answers, as far as they are read.

use serde::Deserialize;

pub(super) const OPEN: &str = "open";
pub(super) const FALSE_POSITIVE: &str = "closed as a false positive";
pub(super) const OUT_OF_SCOPE: &str = "closed as out of scope";
pub(super) const ACCEPTED: &str = "accepted as a risk";
pub(super) const MITIGATED: &str = "closed as mitigated";
pub(super) const CLOSED: &str = "closed";

#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) count: usize,
    pub(super) results: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct Profile {
    pub(super) user: User,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: Option<u64>,
    pub(super) username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    false_p: bool,
    #[serde(default)]
    out_of_scope: bool,
    #[serde(default)]
    risk_accepted: bool,
    #[serde(default)]
    is_mitigated: bool,
    #[serde(default)]
    pub(super) duplicate: bool,
    pub(super) component_name: Option<String>,
    pub(super) component_version: Option<String>,
    pub(super) file_path: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) vuln_id_from_tool: Option<String>,
    pub(super) unique_id_from_tool: Option<String>,
    #[serde(default)]
    pub(super) vulnerability_ids: Vec<VulnerabilityId>,
    related_fields: Option<Related>,
}

#[derive(Debug, Deserialize)]
pub(super) struct VulnerabilityId {
    pub(super) vulnerability_id: String,
}

#[derive(Debug, Deserialize)]
struct Related {
    test: Test,
}

#[derive(Debug, Deserialize)]
struct Test {
    engagement: Engagement,
}

#[derive(Debug, Deserialize)]
struct Engagement {
    name: Option<String>,
    product: Named,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

impl Finding {
    /// How it stands.
    pub(super) fn stands(&self) -> &'static str {
        match self {
            Self { risk_accepted: true, .. } => ACCEPTED,
            Self { false_p: true, active: false, .. } => FALSE_POSITIVE,
            Self { out_of_scope: true, active: false, .. } => OUT_OF_SCOPE,
            Self { is_mitigated: true, .. } => MITIGATED,
            Self { active: false, .. } => CLOSED,
            Self { active: true, .. } => OPEN,
        }
    }

    /// Whether it is of the product, and of the engagement, if one is named.
    pub(super) fn is_of(&self, product: &str, engagement: Option<&str>) -> bool {
        let Some(of) = self.related_fields.as_ref().map(|r| &r.test.engagement) else { return false };
        of.product.name.eq_ignore_ascii_case(product) && engagement.is_none_or(|e| of.name.as_deref() == Some(e))
    }
}
