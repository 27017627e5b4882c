//! SonarQube: the quality gate of a project's newest analysis, its open issues and its hotspots to review.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use self::finding::{Before, Place, Read};
use self::query::{Dialect, Query};
use super::registry::Settings;
use super::{Ask, Checked, Gathered, Keeper, Material, Raw, Shortfalls, Source, What, not_served};
use crate::domain::dedup::identify_shared;
use crate::domain::evidence::FindingSet;
use crate::domain::finding::{Class, Finding};
use crate::domain::quality::{Condition, QualityGate, QualityStatus};
use crate::domain::time::Timestamp;
use crate::http::{Answer, Fault, Http, query_value};
use crate::text::Untrusted;

mod finding;
mod query;
mod slices;
mod wire;

/// Issues of one page; SonarQube gives no more.
const PAGE: usize = 500;
/// Of one search SonarQube gives only so many; the rest is a 400.
const WINDOW: usize = 10_000;

/// A SonarQube server.
pub struct Sonarqube {
    http: Http,
    name: String,
    page: usize,
    window: usize,
    before: Mutex<HashMap<String, Arc<Before>>>,
}

/// What was read so far.
struct Reading {
    keeper: Keeper,
    raw: Vec<Raw>,
    short: Shortfalls,
    date: Option<Timestamp>,
}

impl Reading {
    fn new(keeper: &Keeper) -> Self {
        Self { keeper: keeper.clone(), raw: Vec::new(), short: Shortfalls::default(), date: None }
    }

    /// The bytes are given away at once: of many issues they are many pages.
    async fn keep(&mut self, answer: Answer) {
        self.date = answer.date.or(self.date);
        self.raw.push(self.keeper.keep(answer.into()).await);
    }
}

impl Sonarqube {
    /// A client for a server: a token as bearer (10 and later), or as the user with an empty password.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, settings.auth.clone(), &settings.tls, settings.limits, clock)?;
        Ok(Self { http, name: settings.name.clone(), page: PAGE, window: WINDOW, before: Mutex::default() })
    }

    /// What the last reading of a project found.
    fn before(&self, project: &str) -> Arc<Before> {
        let mut held = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry(project.to_owned()).or_default())
    }

    /// The server's version, where it says so.
    async fn version(&self) -> Option<(String, Answer)> {
        let answer = self.http.get("api/server/version").await.ok()?;
        let version = String::from_utf8_lossy(&answer.body).trim().to_owned();
        let plain = version.len() < 40 && version.starts_with(|c: char| c.is_ascii_digit());
        plain.then_some((version, answer))
    }

    async fn newest(&self, project: &str, branch: &str) -> Result<(Option<wire::Analysis>, Answer), Fault> {
        let path = format!("api/project_analyses/search?project={}&ps=1{branch}", query_value(project));
        let (found, answer) = self.http.get_json::<wire::Analyses>(&path).await?;
        Ok((found.analyses.into_iter().next(), answer))
    }

    async fn project(&self, project: &str, branch: Option<&str>, keeper: &Keeper) -> Result<Gathered, Fault> {
        let mut reading = Reading::new(keeper);
        let on_branch = branch.map(|b| format!("&branch={}", query_value(b))).unwrap_or_default();
        let (analysis, answer) = self.newest(project, &on_branch).await?;
        let uri = answer.uri.clone();
        reading.keep(answer).await;
        match &analysis {
            None => reading.short.add("no-analysis", format!("The project {project} was never analysed.")),
            Some(a) if a.revision.as_ref().is_none_or(String::is_empty) => {
                reading.short.add("no-revision", "The analysis does not say which commit it is of.");
            }
            Some(_) => {}
        }
        let quality = self.quality(project, &on_branch, analysis.as_ref(), &mut reading).await;
        let version = self.version().await;
        let dialect = Dialect::of(version.as_ref().map(|(v, _)| v.as_str()));
        let before = self.before(&format!("{project}{on_branch}"));
        let place = Place {
            base: self.http.base(),
            project,
            version: version.as_ref().map(|(v, _)| Untrusted::from(v.as_str())),
            report: &self.name,
            before: &before,
            pool: Mutex::default(),
        };
        let query = Query { http: &self.http, place: &place, project, branch, page: self.page, window: self.window };

        let mut classes = Vec::new();
        let mut findings: Vec<Arc<Finding>> = Vec::new();
        match query.issues(dialect, &mut reading).await {
            Ok(issues) => {
                classes.push(Class::Sast);
                take(issues, &mut findings, &mut reading.short);
            }
            Err(fault) => reading.short.fault("The issues could not be read", &fault),
        }
        match query.hotspots(dialect, &mut reading).await {
            Ok(hotspots) => take(hotspots, &mut findings, &mut reading.short),
            Err(fault) => reading.short.fault("The hotspots could not be read", &fault),
        }
        identify_shared(&mut findings);
        before.replace(&findings);

        // What was read in many requests is of one analysis only if none came in between.
        match self.newest(project, &on_branch).await {
            Ok((now, _)) if now.as_ref().map(|a| &a.key) == analysis.as_ref().map(|a| &a.key) => {}
            Ok(_) => reading.short.add("changed-meanwhile", "A new analysis came while this was read. Refresh it."),
            Err(fault) => reading.short.fault("Whether a new analysis came meanwhile is unknown", &fault),
        }
        let scanned_commit = analysis.and_then(|a| a.revision).filter(|r| !r.is_empty()).map(Untrusted::from);
        let set = FindingSet { findings, classes, reports: Vec::new(), quality, scanned_commit };
        let Reading { raw, short, date, keeper: _ } = reading;
        Ok(Gathered { uri, material: Material::Findings(Box::new(set)), raw, shortfall: short.into_reason(), date })
    }

    /// The quality gate of that analysis.
    async fn quality(
        &self,
        project: &str,
        branch: &str,
        analysis: Option<&wire::Analysis>,
        reading: &mut Reading,
    ) -> Option<QualityGate> {
        let which = match analysis {
            Some(analysis) => format!("analysisId={}", query_value(&analysis.key)),
            None => format!("projectKey={}{branch}", query_value(project)),
        };
        let path = format!("api/qualitygates/project_status?{which}");
        let status = match self.http.get_json::<wire::ProjectStatus>(&path).await {
            Ok((status, answer)) => {
                reading.keep(answer).await;
                status.project_status
            }
            Err(fault) => {
                reading.short.fault("The quality gate could not be read", &fault);
                return None;
            }
        };
        let Some(outcome) = quality_status(&status.status) else {
            reading.short.add("malformed", format!("The quality gate has the unknown status {:?}.", status.status));
            return None;
        };
        let conditions = status.conditions.into_iter().filter_map(|c| {
            // An unknown status is shown as a failure rather than dropped.
            let status = quality_status(&c.status).unwrap_or(QualityStatus::Error);
            (status != QualityStatus::Ok).then(|| Condition {
                metric: c.metric_key.into(),
                status,
                actual: c.actual_value.map(Into::into),
                threshold: c.error_threshold.map(Into::into),
                comparator: c.comparator.map(Into::into),
            })
        });
        Some(QualityGate {
            project: project.into(),
            status: outcome,
            conditions: conditions.collect(),
            analysis: analysis.map(|a| a.key.as_str().into()),
            analysed_at: analysis.and_then(|a| Timestamp::parse_lenient(a.date.as_deref()?)),
            revision: analysis.and_then(|a| a.revision.clone()).filter(|r| !r.is_empty()).map(Into::into),
        })
    }
}

/// Keeps the findings; what is odd stays one, of unknown severity, and is counted.
fn take(read: Vec<Read>, findings: &mut Vec<Arc<Finding>>, short: &mut Shortfalls) {
    let odd = read.iter().filter(|r| r.odd).count();
    findings.extend(read.into_iter().map(|r| r.finding));
    if odd > 0 {
        short.add("odd-issue", format!("{odd} issues could not be read as a whole; their severity is unknown."));
    }
}

fn quality_status(word: &str) -> Option<QualityStatus> {
    match word {
        "OK" => Some(QualityStatus::Ok),
        "WARN" => Some(QualityStatus::Warn),
        "ERROR" => Some(QualityStatus::Error),
        "NONE" => Some(QualityStatus::None),
        _ => None,
    }
}

#[async_trait]
impl Source for Sonarqube {
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault> {
        match &ask.what {
            What::Project { project, branch } => self.project(project, branch.as_deref(), &ask.keeper).await,
            other => Err(not_served(self.http.base().as_str(), "SonarQube", other)),
        }
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let (valid, answer) = self.http.get_json::<wire::Valid>("api/authentication/validate").await?;
        if !valid.valid {
            // SonarQube answers 200 to a wrong token here.
            return Err(Fault::new(crate::http::FaultKind::Unauthorized, &answer.uri, ""));
        }
        let version = self.version().await.map_or_else(|| "of unknown version".to_owned(), |(v, _)| v);
        let who = self.http.get_json::<wire::Current>("api/users/current").await.ok();
        let who = who.and_then(|(c, _)| c.name.or(c.login)).unwrap_or_else(|| "an unknown user".to_owned());
        let line = crate::text::line(&format!("SonarQube {version}, as {who}")).into_owned();
        Ok(Checked { line, date: answer.date })
    }
}

#[cfg(test)]
mod tests;
