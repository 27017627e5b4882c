//! The shapes of GitHub's alerts, as far as they are read.

use serde::Deserialize;
use serde_json::Value;

/// Kinds of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    CodeScanning,
    Dependabot,
    SecretScanning,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::CodeScanning, Self::Dependabot, Self::SecretScanning];

    /// The word for it in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::CodeScanning => "code-scanning",
            Self::Dependabot => "dependabot",
            Self::SecretScanning => "secret-scanning",
        }
    }

    /// What an alert is called that a person has put away.
    pub(super) fn closed(self) -> &'static str {
        match self {
            Self::CodeScanning | Self::Dependabot => "dismissed",
            Self::SecretScanning => "resolved",
        }
    }
}

/// An alert of any kind.
#[derive(Debug, Deserialize)]
pub(super) struct Alert {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) state: String,
    dismissed_reason: Option<String>,
    resolution: Option<String>,
    pub(super) html_url: Option<String>,
    /// Code scanning.
    pub(super) rule: Option<Rule>,
    pub(super) most_recent_instance: Option<Instance>,
    /// Dependabot.
    pub(super) dependency: Option<Dependency>,
    pub(super) security_advisory: Option<Advisory>,
    /// Secret scanning.
    secret_type: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Instance {
    pub(super) location: Option<Location>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Location {
    pub(super) path: Option<String>,
    pub(super) start_line: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    pub(super) package: Option<Package>,
    pub(super) manifest_path: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Advisory {
    ghsa_id: Option<String>,
    cve_id: Option<String>,
    #[serde(default)]
    identifiers: Vec<Value>,
}

impl Advisory {
    /// All its ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let more = self.identifiers.iter().filter_map(|i| i.get("value")).filter_map(Value::as_str);
        self.ghsa_id.as_deref().into_iter().chain(self.cve_id.as_deref()).chain(more)
    }
}

impl Alert {
    /// How it stands: `open`, `dismissed as won't fix`, `fixed`.
    pub(super) fn stands(&self) -> String {
        match self.dismissed_reason.as_ref().or(self.resolution.as_ref()) {
            Some(reason) if self.state != "open" => format!("{} as {reason}", self.state),
            _ => self.state.clone(),
        }
    }

    /// What it is about, in a word.
    pub(super) fn about(&self) -> &str {
        let rule = self.rule.as_ref().and_then(|r| r.id.as_deref());
        let advisory = self.security_advisory.as_ref().and_then(|a| a.ids().next());
        rule.or(advisory).or(self.secret_type.as_deref()).unwrap_or("of an unknown kind")
    }
}

/// What must be asked besides for the next page, by the answer's `Link`: its address may be another than the one by
/// which the server was reached.
pub(super) fn next(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split('<').nth(1)?.split('>').next()?;
    let query = address.split_once('?')?.1;
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let pages = pairs.filter(|(name, _)| matches!(name.as_ref(), "page" | "after"));
    let more: Vec<String> =
        pages.map(|(name, value)| format!("&{name}={}", crate::http::query_value(&value))).collect();
    (!more.is_empty()).then(|| more.concat())
}
