//! SonarQube, as it answers its web API.

use std::sync::Mutex;

use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, Times, lock, written};
use super::running::Credential;
use super::seed;
use super::world::{Span, Text, World};

mod issues;
mod triage;

use issues::Kept;

/// How Sonar writes moments.
const STAMP: &str = "%Y-%m-%dT%H:%M:%S+0000";

/// One project.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its key: `com.acme:payments`.
    pub key: String,
    /// Its main branch; the default is `main`.
    #[serde(default = "main")]
    pub branch: String,
    /// Its quality gate: `OK`, `WARN`, `ERROR`, `NONE`; the default is `OK`.
    #[serde(default = "ok")]
    pub gate: String,
    /// The conditions of the gate.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Its analyses, newest first.
    #[serde(default)]
    pub analyses: Vec<Analysis>,
    /// Its issues.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Its hotspots.
    #[serde(default)]
    pub hotspots: Vec<Hotspot>,
    /// This many more issues are made up, the same on each run.
    #[serde(default)]
    pub generate: u64,
}

fn main() -> String {
    "main".to_owned()
}

fn ok() -> String {
    "OK".to_owned()
}

/// One condition of a quality gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// `OK` or `ERROR`.
    pub status: String,
    /// `new_coverage`.
    pub metric: String,
    /// `LT` or `GT`.
    pub comparator: String,
    /// The bound.
    pub threshold: String,
    /// What was measured.
    pub actual: String,
}

/// One analysis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// How long ago.
    pub ago: Span,
    /// The commit, by name or hash; absent where the scanner did not say.
    #[serde(default)]
    pub revision: Option<String>,
    /// The version.
    #[serde(default)]
    pub version: Option<String>,
}

/// One issue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// `python:S2077`.
    pub rule: String,
    /// `BLOCKER`, `CRITICAL`, `MAJOR`, `MINOR`, `INFO`.
    pub severity: String,
    /// `BUG`, `VULNERABILITY`, `CODE_SMELL`.
    pub kind: String,
    /// The file, from the project's root.
    pub file: String,
    /// The line; absent for an issue of the whole file.
    #[serde(default)]
    pub line: Option<u64>,
    /// What it says.
    pub message: Text,
    /// `OPEN`, `CONFIRMED`, `FALSE_POSITIVE`, `ACCEPTED`, `FIXED`; the default is `OPEN`.
    #[serde(default = "open")]
    pub status: String,
    /// How long ago it appeared.
    #[serde(default)]
    pub ago: Span,
    /// Whether it is in the new code.
    #[serde(default)]
    pub new: bool,
}

fn open() -> String {
    "OPEN".to_owned()
}

/// One hotspot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotspot {
    /// `python:S2068`.
    pub rule: String,
    /// `auth`.
    pub category: String,
    /// `HIGH`, `MEDIUM`, `LOW`.
    pub probability: String,
    /// The file.
    pub file: String,
    /// The line.
    #[serde(default)]
    pub line: Option<u64>,
    /// What it says.
    pub message: Text,
    /// `TO_REVIEW` or `REVIEWED`; the default is `TO_REVIEW`.
    #[serde(default)]
    pub status: Option<String>,
    /// `FIXED`, `SAFE`, `ACKNOWLEDGED` for a reviewed one.
    #[serde(default)]
    pub resolution: Option<String>,
}

struct Held {
    project: Project,
    issues: Vec<Kept>,
    /// What was said of hotspots, by their keys.
    remarks: Vec<(String, String)>,
}

/// The stand-in.
pub struct Sonarqube {
    credential: Credential,
    projects: Mutex<Vec<Held>>,
    times: Times,
}

impl Sonarqube {
    /// A SonarQube that holds the projects of a world.
    pub fn new(world: &World, credential: Credential, times: &Times) -> Self {
        let hold = |p: &Project| Held { project: p.clone(), issues: issues::of(p, times), remarks: Vec::new() };
        Self { credential, projects: Mutex::new(world.project.iter().map(hold).collect()), times: times.clone() }
    }

    /// See [`super::Running::set_quality_gate`].
    pub fn set_gate(&self, project: &str, status: &str) -> bool {
        let mut projects = lock(&self.projects);
        let Some(held) = projects.iter_mut().find(|h| h.project.key == project) else { return false };
        status.clone_into(&mut held.project.gate);
        true
    }

    fn with(&self, key: Option<&str>, branch: Option<&str>, answer: impl FnOnce(&Held) -> Reply) -> Reply {
        let Some(key) = key else { return refuse(400, "The 'project' parameter is missing") };
        let projects = lock(&self.projects);
        let Some(held) = projects.iter().find(|h| h.project.key == key) else {
            return refuse(404, &format!("Project '{key}' not found"));
        };
        match branch {
            Some(branch) if branch != held.project.branch => {
                refuse(404, &format!("Component '{key}' on branch '{branch}' not found"))
            }
            _ => answer(held),
        }
    }

    fn gate(&self, call: &Call) -> Reply {
        let given = ["projectKey", "projectId", "analysisId"].into_iter().filter(|n| call.param(n).is_some()).count();
        if given != 1 {
            return refuse(400, "Either 'analysisId', 'projectId' or 'projectKey' must be provided");
        }
        let key = match call.param("analysisId") {
            None => call.param("projectKey").or(call.param("projectId")).map(str::to_owned),
            Some(id) => {
                let projects = lock(&self.projects);
                let has = |h: &&Held| (0..h.project.analyses.len()).any(|i| analysis_key(&h.project, i) == id);
                let Some(held) = projects.iter().find(has) else {
                    return refuse(404, &format!("Analysis with id '{id}' is not found"));
                };
                Some(held.project.key.clone())
            }
        };
        self.with(key.as_deref(), call.param("branch"), |held| {
            let conditions: Vec<Value> = held.project.conditions.iter().map(|c| json!({
                "status": c.status, "metricKey": c.metric, "comparator": c.comparator, "errorThreshold": c.threshold,
                "actualValue": c.actual,
            })).collect();
            let status = if held.project.analyses.is_empty() { "NONE" } else { held.project.gate.as_str() };
            Reply::ok(&json!({"projectStatus": {
                "status": status, "conditions": conditions, "ignoredConditions": false, "caycStatus": "compliant",
                "period": {"mode": "PREVIOUS_VERSION", "date": written(self.times.start - 30 * 86_400_000, STAMP)},
            }}))
        })
    }

    fn analyses(&self, call: &Call) -> Reply {
        self.with(call.param("project"), call.param("branch"), |held| {
            let (p, ps) = (call.number("p", 1).max(1), call.number("ps", 100).min(500));
            let all = &held.project.analyses;
            let page: Vec<Value> = all.iter().enumerate().skip((p - 1) * ps).take(ps).map(|(i, a)| {
                let mut one = json!({
                    "key": analysis_key(&held.project, i), "date": written(self.times.before(a.ago.0), STAMP), "events": [],
                    "projectVersion": a.version.as_deref().unwrap_or("not provided"), "manualNewCodePeriodBaseline": false,
                    "detectedCI": "Jenkins",
                });
                if let (Some(revision), Some(object)) = (&a.revision, one.as_object_mut()) {
                    object.insert("revision".to_owned(), json!(seed::commit(revision)));
                }
                one
            }).collect();
            Reply::ok(&json!({"paging": {"pageIndex": p, "pageSize": ps, "total": all.len()}, "analyses": page}))
        })
    }

    fn hotspots(&self, call: &Call) -> Reply {
        let key = call.param("project").or(call.param("projectKey"));
        self.with(key, call.param("branch"), |held| {
            let project = &held.project;
            let status = |h: &Hotspot| h.status.clone().unwrap_or_else(|| "TO_REVIEW".to_owned());
            let (p, ps) = match page(call) {
                Ok(page) => page,
                Err(reply) => return reply,
            };
            let found: Vec<(usize, &Hotspot)> = project.hotspots.iter().enumerate()
                .filter(|(_, h)| call.param("status").is_none_or(|s| s == status(h)))
                .filter(|(_, h)| call.param("resolution").is_none_or(|r| h.resolution.as_deref() == Some(r)))
                .filter(|(_, h)| call.list("files").is_none_or(|f| f.contains(&h.file.as_str())))
                .collect();
            let total = found.len();
            let shown: Vec<Value> = found.into_iter().skip((p - 1) * ps).take(ps).map(|(i, h)| {
                let at = written(self.times.start - 40 * 86_400_000, STAMP);
                let mut one = json!({
                    "key": hotspot_key(project, i), "component": format!("{}:{}", project.key, h.file),
                    "project": project.key, "securityCategory": h.category, "vulnerabilityProbability": h.probability,
                    "status": status(h), "line": h.line, "message": h.message.0, "author": "ana@acme.example",
                    "creationDate": at, "updateDate": at, "flows": [], "ruleKey": h.rule, "messageFormattings": [],
                });
                if let (Some(resolution), Some(object)) = (&h.resolution, one.as_object_mut()) {
                    object.insert("resolution".to_owned(), json!(resolution));
                }
                one
            }).collect();
            let components = issues::components(&project.key, project.hotspots.iter().map(|h| h.file.as_str()));
            Reply::ok(&json!({"paging": {"pageIndex": p, "pageSize": ps, "total": total}, "hotspots": shown, "components": components}))
        })
    }

    fn search(&self, call: &Call) -> Reply {
        let (p, ps) = match page(call) {
            Ok(page) => page,
            Err(reply) => return reply,
        };
        let wanted =
            call.list("components").or(call.list("componentKeys")).or(call.list("projects")).unwrap_or_default();
        let projects = lock(&self.projects);
        // A project that is not there gives an empty answer and no error, as with the real one.
        let all: Vec<&Kept> = projects
            .iter()
            .filter(|h| wanted.is_empty() || wanted.contains(&h.project.key.as_str()))
            .filter(|h| call.param("branch").is_none_or(|b| b == h.project.branch))
            .flat_map(|h| &h.issues)
            .collect();
        Reply::ok(&issues::answer(call, &all, p, ps))
    }

    fn rules(&self, call: &Call) -> Reply {
        let projects = lock(&self.projects);
        let mut names: Vec<&str> = projects.iter().flat_map(|h| h.issues.iter().map(|i| &*i.rule)).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|n| call.param("rule_key").is_none_or(|k| k == *n));
        let (p, ps) = (call.number("p", 1).max(1), call.number("ps", 100).min(500));
        let shown: Vec<Value> = names.iter().skip((p - 1) * ps).take(ps).map(|n| issues::rule(n)).collect();
        Reply::ok(
            &json!({"total": names.len(), "p": p, "ps": ps, "rules": shown, "paging": {"pageIndex": p, "pageSize": ps, "total": names.len()}}),
        )
    }
}

impl StandIn for Sonarqube {
    fn answer(&self, call: &Call) -> Reply {
        let ways = Ways { basic: false, token_as_user: true, bearer: true };
        let who = claim(call, ways, &self.credential.user, &self.credential.secret);
        match (call.method.as_str(), call.route().as_slice()) {
            ("GET", ["api", "system", "status"]) => {
                Reply::ok(&json!({"id": "BF41A1F2-AXlab", "version": "2025.4.2.112048", "status": "UP"}))
            }
            ("GET", ["api", "server", "version"]) => {
                Reply { status: 200, headers: Vec::new(), body: "2025.4.2.112048".into() }
            }
            // Says so with 200, whoever asks.
            ("GET", ["api", "authentication", "validate"]) => Reply::ok(&json!({"valid": who == Claim::Known})),
            _ if who != Claim::Known => Reply::empty(401),
            ("GET", ["api", "qualitygates", "project_status"]) => self.gate(call),
            ("GET", ["api", "project_analyses", "search"]) => self.analyses(call),
            ("GET", ["api", "issues", "search"]) => self.search(call),
            ("GET", ["api", "hotspots", "search"]) => self.hotspots(call),
            ("GET", ["api", "rules", "search"]) => self.rules(call),
            ("GET", ["api", "hotspots", "show"]) => self.hotspot(call),
            ("POST", ["api", "issues", "do_transition"]) => self.transition(call),
            ("POST", ["api", "issues", "add_comment"]) => self.comment(call),
            ("POST", ["api", "hotspots", "change_status"]) => self.review(call),
            ("GET", ["api", "users", "current"]) => {
                Reply::ok(&json!({"isLoggedIn": true, "login": self.credential.user, "name": "Demo Approver"}))
            }
            _ => refuse(404, &format!("Unknown url : {}", call.path)),
        }
    }
}

/// The page asked for, within the limits.
fn page(call: &Call) -> Result<(usize, usize), Reply> {
    let (p, ps) = (call.number("p", 1), call.number("ps", 100));
    if p == 0 || ps == 0 {
        return Err(refuse(400, "'p' and 'ps' must be greater than 0"));
    }
    if ps > 500 {
        return Err(refuse(400, &format!("'ps' value ({ps}) must be less than 500")));
    }
    if p * ps > 10_000 {
        let text = format!("Can return only the first 10000 results. {}th result asked.", p * ps);
        return Err(refuse(400, &text));
    }
    Ok((p, ps))
}

fn refuse(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"errors": [{"msg": text}]}))
}

fn hotspot_key(project: &Project, index: usize) -> String {
    seed::uuid(&format!("{} hotspot {index}", project.key))
}

fn analysis_key(project: &Project, index: usize) -> String {
    seed::uuid(&format!("{} analysis {}", project.key, project.analyses.len() - index))
}
