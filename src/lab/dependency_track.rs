//! Dependency-Track, as far as findings are read and analysed there.

use std::sync::Mutex;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Reply, StandIn, lock};
use super::running::Credential;
use super::seed;
use super::world::World;

/// One project.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracked {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// Its findings.
    #[serde(default)]
    pub findings: Vec<Found>,
}

/// A vulnerability in a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The component's name.
    pub component: String,
    /// Its group.
    #[serde(default)]
    pub group: Option<String>,
    /// Its version.
    pub version: String,
    /// Its package URL.
    #[serde(default)]
    pub purl: Option<String>,
    /// The vulnerability's id.
    pub vulnerability: String,
    /// Its database; the default is `NVD`.
    #[serde(default = "nvd")]
    pub source: String,
    /// Its other names, as `{ ghsaId = "GHSA-.." }`.
    #[serde(default)]
    pub aliases: Vec<toml::Table>,
    /// How it was analysed before, in the fields of an analysis.
    #[serde(default)]
    pub analysis: Option<toml::Table>,
}

fn nvd() -> String {
    "NVD".to_owned()
}

/// The states, justifications and responses that there are.
const STATES: [&str; 6] = ["EXPLOITABLE", "IN_TRIAGE", "FALSE_POSITIVE", "NOT_AFFECTED", "RESOLVED", "NOT_SET"];
const JUSTIFICATIONS: [&str; 10] = [
    "CODE_NOT_PRESENT",
    "CODE_NOT_REACHABLE",
    "REQUIRES_CONFIGURATION",
    "REQUIRES_DEPENDENCY",
    "REQUIRES_ENVIRONMENT",
    "PROTECTED_BY_COMPILER",
    "PROTECTED_AT_RUNTIME",
    "PROTECTED_AT_PERIMETER",
    "PROTECTED_BY_MITIGATING_CONTROL",
    "NOT_SET",
];
const RESPONSES: [&str; 6] = ["CAN_NOT_FIX", "WILL_NOT_FIX", "UPDATE", "ROLLBACK", "WORKAROUND_AVAILABLE", "NOT_SET"];

struct Held {
    project: String,
    found: Found,
    analysis: Option<Value>,
}

impl Held {
    fn component(&self) -> String {
        let Found { component, group, version, .. } = &self.found;
        seed::uuid(&format!("{} component {component} {group:?} {version}", self.project))
    }

    fn vulnerability(&self) -> String {
        seed::uuid(&format!("vulnerability {} {}", self.found.source, self.found.vulnerability))
    }

    fn json(&self) -> Value {
        let Found { component, group, version, purl, vulnerability, source, aliases, .. } = &self.found;
        let mut one = json!({"uuid": self.component(), "name": component, "version": version, "project": self.project});
        for (name, value) in [("group", group), ("purl", purl)] {
            if let (Some(value), Some(object)) = (value, one.as_object_mut()) {
                object.insert(name.to_owned(), json!(value));
            }
        }
        let state = self.analysis.as_ref().and_then(|a| a.get("analysisState")).cloned();
        let suppressed = self.is_suppressed();
        json!({
            "component": one,
            "vulnerability": {"uuid": self.vulnerability(), "source": source, "vulnId": vulnerability, "severity": "HIGH",
                              "severityRank": 1, "aliases": aliases},
            "analysis": {"state": state, "isSuppressed": suppressed},
            "attribution": {"analyzerIdentity": "INTERNAL_ANALYZER"},
            "matrix": format!("{}:{}:{}", self.project, self.component(), self.vulnerability()),
        })
    }

    fn is_suppressed(&self) -> bool {
        self.analysis.as_ref().and_then(|a| a.get("isSuppressed")).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// The stand-in.
pub struct DependencyTrack {
    credential: Credential,
    projects: Vec<Tracked>,
    held: Mutex<Vec<Held>>,
}

impl DependencyTrack {
    /// A Dependency-Track that holds the projects of a world.
    pub fn new(world: &World, credential: Credential) -> Self {
        let held = world.tracked.iter().flat_map(|p| {
            p.findings.iter().map(|f| Held {
                project: uuid_of(p),
                found: f.clone(),
                analysis: f.analysis.as_ref().map(|a| json!(a)),
            })
        });
        Self { credential, projects: world.tracked.clone(), held: Mutex::new(held.collect()) }
    }

    fn route(&self, call: &Call) -> Reply {
        match (call.method.as_str(), call.route().as_slice()) {
            ("GET", ["api", "v1", "team", "self"]) => {
                Reply::ok(&json!({"uuid": seed::uuid("team"), "name": "Release"}))
            }
            ("GET", ["api", "v1", "project", "lookup"]) => self.project(|p| {
                call.param("name") == Some(p.name.as_str()) && call.param("version") == p.version.as_deref()
            }),
            ("GET", ["api", "v1", "project", uuid]) => self.project(|p| uuid_of(p) == **uuid),
            ("GET", ["api", "v1", "finding", "project", uuid]) => {
                let all = call.param("suppressed") == Some("true");
                let held = lock(&self.held);
                let found: Vec<Value> = held
                    .iter()
                    .filter(|h| h.project == **uuid && (all || !h.is_suppressed()))
                    .map(Held::json)
                    .collect();
                let total = found.len().to_string();
                Reply::ok(&json!(found)).with("x-total-count", total)
            }
            ("GET", ["api", "v1", "analysis"]) => {
                let of = |name: &str| call.param(name).unwrap_or_default();
                let held = lock(&self.held);
                let found =
                    held.iter().find(|h| h.component() == of("component") && h.vulnerability() == of("vulnerability"));
                match found {
                    None => text(404, "The component could not be found."),
                    Some(Held { analysis: None, .. }) => text(404, "No analysis exists."),
                    Some(Held { analysis: Some(analysis), .. }) => Reply::ok(analysis),
                }
            }
            ("PUT", ["api", "v1", "analysis"]) => self.analyse(call),
            _ => Reply::empty(404),
        }
    }

    fn project(&self, is: impl Fn(&Tracked) -> bool) -> Reply {
        match self.projects.iter().find(|p| is(p)) {
            None => text(404, "The project could not be found."),
            Some(p) => Reply::ok(&json!({"uuid": uuid_of(p), "name": p.name, "version": p.version, "active": true})),
        }
    }

    /// Writes an analysis as a whole: what is left out is not set.
    fn analyse(&self, call: &Call) -> Reply {
        let Some(body) = call.json() else { return Reply::empty(400) };
        let given = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        for (name, all) in [
            ("analysisState", STATES.as_slice()),
            ("analysisJustification", &JUSTIFICATIONS),
            ("analysisResponse", &RESPONSES),
        ] {
            if given(name).is_some_and(|v| !all.contains(&v.as_str())) {
                return wrong(name, "is not one of the values");
            }
        }
        let comment = given("comment");
        let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || crate::text::is_hidden(c);
        if comment.as_ref().is_some_and(|c| c.contains(hidden)) {
            return wrong("comment", "The comment may only contain printable characters");
        }
        let mut held = lock(&self.held);
        let [project, component, vulnerability] =
            ["project", "component", "vulnerability"].map(|n| given(n).unwrap_or_default());
        if !held.iter().any(|h| h.project == project) {
            return text(404, "The project could not be found.");
        }
        let found = held.iter_mut().find(|h| h.component() == component && h.vulnerability() == vulnerability);
        let Some(found) = found else { return text(404, "The component could not be found.") };
        let before = found.analysis.take().unwrap_or_default();
        let mut comments = before.get("analysisComments").and_then(Value::as_array).cloned().unwrap_or_default();
        comments
            .extend(comment.map(|c| json!({"timestamp": 1_767_225_600_000_i64, "comment": c, "commenter": "Release"})));
        let or_unset = |name: &str| given(name).unwrap_or_else(|| "NOT_SET".to_owned());
        let suppressed = body.get("isSuppressed").and_then(Value::as_bool);
        let suppressed = suppressed.or(before.get("isSuppressed").and_then(Value::as_bool)).unwrap_or(false);
        let mut now = json!({
            "analysisState": or_unset("analysisState"), "analysisJustification": or_unset("analysisJustification"),
            "analysisResponse": or_unset("analysisResponse"), "analysisComments": comments, "isSuppressed": suppressed,
        });
        if let (Some(details), Some(object)) = (given("analysisDetails"), now.as_object_mut()) {
            object.insert("analysisDetails".to_owned(), json!(details));
        }
        found.analysis = Some(now.clone());
        Reply::ok(&now)
    }

    /// See [`super::Running::analysis`].
    pub fn analysis(&self, component: &str, vulnerability: &str) -> Value {
        let held = lock(&self.held);
        let found = held.iter().find(|h| h.found.component == component && h.found.vulnerability == vulnerability);
        found.and_then(|h| h.analysis.clone()).unwrap_or_default()
    }
}

fn uuid_of(project: &Tracked) -> String {
    seed::uuid(&format!("tracked {} {:?}", project.name, project.version))
}

fn text(status: u16, text: &str) -> Reply {
    Reply { status, headers: Vec::new(), body: text.to_owned().into() }.with("content-type", "text/plain")
}

fn wrong(field: &str, message: &str) -> Reply {
    Reply::json(400, &json!([{"message": message, "messageTemplate": message, "path": field, "invalidValue": ""}]))
}

impl StandIn for DependencyTrack {
    fn answer(&self, call: &Call) -> Reply {
        if call.route().as_slice() == ["api", "version"] {
            return Reply::ok(&json!({"version": "4.13.2", "application": "Dependency-Track"}));
        }
        match call.header("x-api-key") {
            Some(key) if key == self.credential.secret.expose_secret() => self.route(call),
            _ => Reply::empty(401),
        }
    }
}
