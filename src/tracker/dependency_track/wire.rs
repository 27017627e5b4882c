//! The shapes of Dependency-Track's answers, as far as they are read.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What a field is that nobody has set.
pub(super) const NOT_SET: &str = "NOT_SET";

#[derive(Deserialize)]
pub(super) struct Project {
    #[serde(default)]
    pub(super) uuid: String,
}

#[derive(Deserialize)]
pub(super) struct Team {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: Option<String>,
}

/// One finding: a vulnerability in a component.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Row {
    pub(super) component: Component,
    pub(super) vulnerability: Vulnerability,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Component {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
}

impl Component {
    /// For people.
    pub(super) fn name(&self) -> String {
        let group = self.group.as_deref().filter(|g| !g.is_empty()).map(|g| format!("{g}/")).unwrap_or_default();
        let version = self.version.as_deref().map(|v| format!("@{v}")).unwrap_or_default();
        format!("{group}{}{version}", self.name)
    }
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Vulnerability {
    pub(super) uuid: String,
    #[serde(rename = "vulnId")]
    pub(super) id: String,
    pub(super) source: String,
    /// Objects whose values are ids, with keys by database.
    aliases: Vec<Value>,
}

impl Vulnerability {
    /// All its ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let objects = self.aliases.iter().filter_map(Value::as_object);
        std::iter::once(self.id.as_str()).chain(objects.flat_map(|o| o.values().filter_map(Value::as_str)))
    }
}

/// An analysis: every field of it, as all go back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Analysis {
    #[serde(rename = "analysisState", deserialize_with = "set")]
    pub(super) state: String,
    #[serde(rename = "analysisJustification", deserialize_with = "set")]
    pub(super) justification: String,
    #[serde(rename = "analysisResponse", deserialize_with = "set")]
    pub(super) response: String,
    #[serde(rename = "analysisDetails", deserialize_with = "empty")]
    pub(super) details: String,
    #[serde(rename = "isSuppressed", alias = "suppressed")]
    pub(super) suppressed: bool,
    /// Until when it is suppressed, where the server knows of that; as it writes it.
    #[serde(rename = "suppressionExpiration")]
    pub(super) until: Option<Value>,
}

impl Default for Analysis {
    fn default() -> Self {
        let unset = || NOT_SET.to_owned();
        let (details, until) = (String::new(), None);
        Self { state: unset(), justification: unset(), response: unset(), details, suppressed: false, until }
    }
}

impl Analysis {
    /// For people: what is set.
    pub(super) fn words(&self) -> String {
        let mut words = vec![self.state.as_str()];
        words.extend([&self.justification, &self.response].into_iter().filter(|w| *w != NOT_SET).map(String::as_str));
        if self.suppressed {
            words.push("suppressed");
        }
        words.join(", ")
    }
}

fn set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_else(|| NOT_SET.to_owned()))
}

fn empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}
