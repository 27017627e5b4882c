//! Dependency-Track: the analysis of a vulnerability in a component.
//!
//! An analysis is written as a whole: what a request leaves out, the server takes for not set, and wipes. So it is read
//! first, and every field goes back, changed or not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;

use self::wire::{Analysis, Project, Row, Team, Version};
use super::{Place, Plan, Request, Step, Told, Tracker};
use crate::domain::evidence::Reason;
use crate::domain::triage::{Justification, Status};
use crate::http::{Auth, Fault, FaultKind, Http, query_value};
use crate::source::Checked;
use crate::source::registry::Settings;

mod matching;
mod wire;

/// The longest comment that is made.
const LONGEST: usize = 2000;
/// Rows of one page, where the server gives pages.
const PAGE: usize = 100;
/// The most pages that are read.
const PAGES: usize = 1000;
/// What nobody brings back there.
const ENDLESS: &str = "Dependency-Track is told no end of it: it stays suppressed until somebody takes that back.";
/// Why an accepted risk stays in sight.
const IN_SIGHT: &str = "It is not suppressed: nobody there would bring an accepted risk back on its day.";

/// A Dependency-Track server.
pub struct DependencyTrack {
    http: Http,
    /// The findings of projects by UUID: which component and which vulnerability, which stays; never how it stands.
    known: Mutex<HashMap<String, Arc<Vec<Row>>>>,
}

impl DependencyTrack {
    /// A client for a server; the token is an API key.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, Auth::None, &settings.tls, settings.limits, clock)?;
        let http = match &settings.auth {
            Auth::None => http,
            Auth::Bearer(key) => http.with_header("x-api-key", key.clone()),
            Auth::Basic { .. } => {
                let why = "Dependency-Track takes an API key as token, and no user";
                return Err(Fault::new(FaultKind::Setup, &settings.url, why));
            }
        };
        Ok(Self { http, known: Mutex::default() })
    }

    /// The UUID of the project, by itself or by name and version.
    async fn project(&self, place: &Place) -> Result<String, Fault> {
        let named = place.project.as_deref().unwrap_or_default();
        let path = if is_uuid(named) {
            format!("api/v1/project/{named}")
        } else {
            let version = place.version.as_deref().map(|v| format!("&version={}", query_value(v))).unwrap_or_default();
            format!("api/v1/project/lookup?name={}{version}", query_value(named))
        };
        let (project, answer) = self.http.get_json::<Project>(&path).await?;
        // It will stand in a path.
        if is_uuid(&project.uuid) {
            return Ok(project.uuid);
        }
        Err(Fault::new(FaultKind::Malformed, &answer.uri, "the project has no UUID"))
    }

    /// The findings of a project, those that are suppressed too.
    async fn rows(&self, project: &str) -> Result<Arc<Vec<Row>>, Fault> {
        let held = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = held().get(project) {
            return Ok(Arc::clone(rows));
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut seen = HashSet::new();
        for page in 1..=PAGES {
            let path = format!("api/v1/finding/project/{project}?suppressed=true&pageNumber={page}&pageSize={PAGE}");
            let (more, answer) = self.http.get_json::<Vec<Row>>(&path).await?;
            let total = answer.headers.get("x-total-count").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
            let (had, came) = (rows.len(), more.len());
            rows.extend(more.into_iter().filter(|r| {
                seen.insert((r.component.uuid.clone(), r.vulnerability.uuid.clone(), r.vulnerability.id.clone()))
            }));
            // Version 4 knows no pages here, and gives everything each time.
            if came == 0 || rows.len() == had || total.is_none_or(|total: usize| rows.len() >= total) {
                break;
            }
        }
        let rows = Arc::new(rows);
        held().insert(project.to_owned(), Arc::clone(&rows));
        Ok(rows)
    }

    async fn analysis(&self, project: &str, row: &Row) -> Result<Analysis, Fault> {
        let (component, vulnerability) = (query_value(&row.component.uuid), query_value(&row.vulnerability.uuid));
        let path = format!("api/v1/analysis?project={project}&component={component}&vulnerability={vulnerability}");
        match self.http.get_json::<Analysis>(&path).await {
            Ok((analysis, _)) => Ok(analysis),
            // Nobody has analysed it yet.
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Analysis::default()),
            Err(fault) => Err(fault),
        }
    }

    fn planned(told: &Told, project: &str, row: &Row, is: &Analysis) -> Plan {
        let wanted = wanted(told, is);
        let what = format!("{} ({}) in {}", row.vulnerability.id, row.vulnerability.source, row.component.name());
        let mut remarks = Vec::new();
        let step = if *is == wanted {
            Step::Already
        } else {
            if !matches!(is.state.as_str(), wire::NOT_SET | "IN_TRIAGE") && is.state != wanted.state {
                remarks.push("It was analysed otherwise there, and that is replaced.".to_owned());
            }
            match told.dismissal.status {
                Status::Accepted if !wanted.suppressed => remarks.push(IN_SIGHT.to_owned()),
                _ if told.dismissal.expires.is_some() && wanted.suppressed => remarks.push(ENDLESS.to_owned()),
                _ => {}
            }
            let mut body = json!({
                "project": project,
                "component": row.component.uuid,
                "vulnerability": row.vulnerability.uuid,
                "analysisState": wanted.state,
                "analysisJustification": wanted.justification,
                "analysisResponse": wanted.response,
                "analysisDetails": wanted.details,
                "comment": told.comment(LONGEST),
                "isSuppressed": wanted.suppressed,
            });
            // Only newer servers know it, and only they may be sent it.
            if let (Some(until), Some(object)) = (&wanted.until, body.as_object_mut()) {
                object.insert("suppressionExpiration".to_owned(), until.clone());
            }
            Step::Write(vec![Request::json("PUT", "api/v1/analysis", &body)])
        };
        Plan { what: what.into(), url: None, from: is.words().into(), to: wanted.words(), remarks, step }
    }
}

/// How the analysis is to be. What a dismissal says nothing of stays as it is.
fn wanted(told: &Told, is: &Analysis) -> Analysis {
    let mut to = is.clone();
    let (state, suppressed) = match told.dismissal.status {
        Status::FalsePositive => ("FALSE_POSITIVE", true),
        Status::NotAffected => ("NOT_AFFECTED", true),
        Status::Accepted => ("EXPLOITABLE", is.suppressed),
    };
    state.clone_into(&mut to.state);
    to.suppressed = suppressed;
    match told.dismissal.status {
        Status::NotAffected => {
            if let Some(word) = told.dismissal.justification.and_then(justification) {
                word.clone_into(&mut to.justification);
            }
        }
        Status::Accepted if is.response == wire::NOT_SET => "WILL_NOT_FIX".clone_into(&mut to.response),
        Status::FalsePositive | Status::Accepted => {}
    }
    if to.details.is_empty() {
        to.details = told.comment(LONGEST);
    }
    to
}

/// The word that it has for a justification. That no attacker controls the code has none there.
fn justification(justification: Justification) -> Option<&'static str> {
    Some(match justification {
        Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => "CODE_NOT_PRESENT",
        Justification::VulnerableCodeNotInExecutePath => "CODE_NOT_REACHABLE",
        Justification::VulnerableCodeCannotBeControlledByAdversary => return None,
        Justification::InlineMitigationsAlreadyExist => "PROTECTED_BY_MITIGATING_CONTROL",
        Justification::RequiresConfiguration => "REQUIRES_CONFIGURATION",
        Justification::RequiresEnvironment => "REQUIRES_ENVIRONMENT",
        Justification::ProtectedAtPerimeter => "PROTECTED_AT_PERIMETER",
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[async_trait]
impl Tracker for DependencyTrack {
    async fn plan(&self, told: &Told) -> Result<Vec<Plan>, Fault> {
        let finding = &told.finding;
        if finding.package.is_none() || finding.vulnerabilities.is_empty() {
            return Ok(Vec::new());
        }
        let project = self.project(&told.place).await?;
        let rows = self.rows(&project).await?;
        let found = matching::rows(&rows, &project, finding);
        let mut components: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in found {
            components.entry(&row.component.uuid).or_default().push(row);
        }
        let nothing = |code: &str, from: &str, why: String, absent: bool| {
            let reason = Reason::new(code, why);
            let step = if absent { Step::Absent(reason) } else { Step::Cannot(reason) };
            let (what, to) = (finding.rule.clone(), String::new());
            Ok(vec![Plan { what, url: None, from: from.into(), to, remarks: Vec::new(), step }])
        };
        let mut components = components.into_values();
        match (components.next(), components.len()) {
            (None, _) => {
                let why = "The project has no such vulnerability in such a component.".to_owned();
                nothing("not-there", "not there", why, true)
            }
            (Some(rows), 0) => {
                // One vulnerability may be there under several names.
                let mut plans = Vec::with_capacity(rows.len());
                for row in rows {
                    let analysis = self.analysis(&project, row).await?;
                    plans.push(Self::planned(told, &project, row, &analysis));
                }
                Ok(plans)
            }
            (Some(_), more) => {
                let why = format!("{} components of the project fit, and which one is meant is not known.", more + 1);
                nothing("ambiguous", "in several components", why, false)
            }
        }
    }

    async fn send(&self, request: &Request) -> Result<(), Fault> {
        self.http.send(&request.write()).await.map(|_| ())
    }

    fn uri(&self, path: &str) -> String {
        self.http.uri(path)
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let (team, answer) = self.http.get_json::<Team>("api/v1/team/self").await?;
        let version = self.http.get_json::<Version>("api/version").await.ok();
        let version = version.and_then(|(v, _)| v.version).unwrap_or_else(|| "of unknown version".to_owned());
        let who = team.name.unwrap_or_else(|| "an unknown team".to_owned());
        let line = crate::text::line(&format!("Dependency-Track {version}, as {who}")).into_owned();
        Ok(Checked { line, date: answer.date })
    }
}

#[cfg(test)]
mod tests;
