//! SonarQube: issues by the transitions that they offer, hotspots by a review.
//!
//! Both are found by the key that came with the finding. What an issue may become is what it offers now: `accept` came
//! in the place of `wontfix` with 10.4, and what was resolved otherwise must be reopened first.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Plan, Request, Step, Told, Tracker};
use crate::domain::evidence::Reason;
use crate::domain::triage::Status;
use crate::http::{Fault, FaultKind, Http, query_value};
use crate::source::registry::Settings;
use crate::source::{Checked, Source};
use crate::text::Untrusted;

/// The longest comment that is made.
const LONGEST: usize = 1000;
/// What nobody brings back there.
const ENDLESS: &str = "SonarQube knows no end of it: it stays so there until somebody reopens it.";

/// A SonarQube server.
pub struct Sonarqube {
    http: Http,
    name: String,
    source: crate::source::sonarqube::Sonarqube,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    key: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    project: String,
    #[serde(rename = "issueStatus")]
    newer_status: Option<String>,
    #[serde(default)]
    status: String,
    resolution: Option<String>,
    #[serde(default)]
    transitions: Vec<String>,
    #[serde(default)]
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    markdown: Option<String>,
    html_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hotspot {
    #[serde(default)]
    status: String,
    resolution: Option<String>,
    rule: Option<Rule>,
    project: Option<Component>,
    can_change_status: Option<bool>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    key: String,
}

impl Issue {
    /// How it stands, in the words of 10.4 and later.
    fn stands(&self) -> &str {
        if let Some(status) = &self.newer_status {
            return status;
        }
        match self.resolution.as_deref() {
            Some("FALSE-POSITIVE") => "FALSE_POSITIVE",
            Some("WONTFIX") => "ACCEPTED",
            Some("FIXED") => "FIXED",
            Some(other) => other,
            None => &self.status,
        }
    }

    /// The transition to where a dismissal wants it, and how it stands then. That the weakness cannot be used here is
    /// no mistake of the tool.
    fn wanted(&self, status: Status) -> (&'static str, &'static str) {
        match status {
            Status::FalsePositive => ("falsepositive", "FALSE_POSITIVE"),
            // Only servers that know `accept` give the newer status.
            _ if !self.offers("accept") && (self.offers("wontfix") || self.newer_status.is_none()) => {
                ("wontfix", "ACCEPTED")
            }
            Status::NotAffected | Status::Accepted => ("accept", "ACCEPTED"),
        }
    }

    fn offers(&self, transition: &str) -> bool {
        self.transitions.iter().any(|t| t == transition)
    }

    /// What is left to do.
    fn step(&self, told: &Told, transition: &str, to: &str) -> Step {
        if self.stands() == to {
            return Step::Already;
        }
        let mut requests = Vec::new();
        let said = |c: &Comment| [&c.markdown, &c.html_text].into_iter().flatten().any(|t| told.is_named_in(t));
        if !self.comments.iter().any(said) {
            let text = told.comment(LONGEST);
            // The reason comes first: should the transition fail, it says no more than what is so.
            requests.push(Request::form("api/issues/add_comment", &[("issue", &self.key), ("text", &text)]));
        }
        let go = |to: &str| Request::form("api/issues/do_transition", &[("issue", &self.key), ("transition", to)]);
        let dismissed = matches!(self.stands(), "FALSE_POSITIVE" | "ACCEPTED");
        if self.offers(transition) {
            requests.push(go(transition));
        } else if dismissed && self.offers("reopen") {
            requests.extend([go("reopen"), go(transition)]);
        } else {
            return Step::Cannot(self.unoffered(transition));
        }
        Step::Write(requests)
    }

    fn unoffered(&self, transition: &str) -> Reason {
        let offered = match self.transitions.as_slice() {
            [] => "nothing at all. The account may lack the permission Administer Issues".to_owned(),
            some => some.join(", "),
        };
        Reason::new("not-offered", format!("SonarQube does not offer {transition} for it; it offers {offered}."))
    }
}

impl Sonarqube {
    /// A client for a server.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, settings.auth.clone(), &settings.tls, settings.limits, clock)?;
        let source = crate::source::sonarqube::Sonarqube::new(settings)?;
        Ok(Self { http, name: settings.name.clone(), source })
    }

    async fn of_key(&self, told: &Told, key: &str) -> Result<Plan, Fault> {
        let place = &told.place;
        let branch = match (&place.project, &place.branch) {
            (Some(project), Some(branch)) => {
                format!("&components={}&branch={}", query_value(project), query_value(branch))
            }
            _ => String::new(),
        };
        let query = format!("issues={}&additionalFields=transitions,comments{branch}", query_value(key));
        let (found, _) = self.http.get_json::<Found>(&format!("api/issues/search?{query}")).await?;
        match found.issues.into_iter().find(|i| i.key == key) {
            Some(issue) => Ok(self.of_issue(told, &issue)),
            None => self.of_hotspot(told, key).await,
        }
    }

    fn of_issue(&self, told: &Told, issue: &Issue) -> Plan {
        let (transition, to) = issue.wanted(told.dismissal.status);
        let step = match foreign(told, &issue.project) {
            Some(reason) => Step::Cannot(reason),
            None => issue.step(told, transition, to),
        };
        let mut remarks = Vec::new();
        if matches!(&step, Step::Write(r) if r.iter().any(|r| r.body.ends_with("transition=reopen"))) {
            remarks.push("It was decided otherwise in SonarQube, and is reopened first.".to_owned());
        }
        let page = "project/issues?id={project}&issues={key}&open={key}";
        self.planned(told, &format!("issue {} ({})", issue.key, issue.rule), issue.stands(), to, page, remarks, step)
    }

    async fn of_hotspot(&self, told: &Told, key: &str) -> Result<Plan, Fault> {
        let what = format!("issue or hotspot {key}");
        let read = self.http.get_json::<Hotspot>(&format!("api/hotspots/show?hotspot={}", query_value(key))).await;
        let hotspot = match read {
            Ok((hotspot, _)) => hotspot,
            Err(fault) if fault.kind == FaultKind::NotFound => {
                let why = "SonarQube has neither an issue nor a hotspot of this key, or the account may not see it.";
                let step = Step::Absent(Reason::new("not-there", why));
                return Ok(self.planned(told, &what, "not there", "", "", Vec::new(), step));
            }
            Err(fault) => return Err(fault),
        };
        let to = match told.dismissal.status {
            Status::FalsePositive | Status::NotAffected => "SAFE",
            Status::Accepted => "ACKNOWLEDGED",
        };
        let rule = hotspot.rule.map(|r| r.key).unwrap_or_default();
        let project = hotspot.project.map(|p| p.key).unwrap_or_default();
        let stands = match &hotspot.resolution {
            Some(resolution) => format!("{} {resolution}", hotspot.status),
            None => hotspot.status.clone(),
        };
        let reviewed = hotspot.status == "REVIEWED" && hotspot.resolution.as_deref() == Some(to);
        let step = if let Some(reason) = foreign(told, &project) {
            Step::Cannot(reason)
        } else if reviewed {
            Step::Already
        } else if hotspot.can_change_status == Some(false) {
            let why = "The account may not change it: it lacks the permission Administer Security Hotspots.";
            Step::Cannot(Reason::new("not-offered", why))
        } else {
            let text = told.comment(LONGEST);
            let fields = [("hotspot", key), ("status", "REVIEWED"), ("resolution", to), ("comment", &text)];
            Step::Write(vec![Request::form("api/hotspots/change_status", &fields)])
        };
        let (what, to) = (format!("hotspot {key} ({rule})"), format!("REVIEWED {to}"));
        let page = "security_hotspots?id={project}&hotspots={key}";
        Ok(self.planned(told, &what, &stands, &to, page, Vec::new(), step))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a plan, in one place")]
    fn planned(
        &self,
        told: &Told,
        what: &str,
        from: &str,
        to: &str,
        page: &str,
        mut remarks: Vec<String>,
        step: Step,
    ) -> Plan {
        let key = what.split(' ').nth(1).unwrap_or_default();
        let project = told.place.project.as_deref().filter(|_| !page.is_empty());
        let url = project.map(|p| page.replace("{project}", &query_value(p)).replace("{key}", &query_value(key)));
        if told.dismissal.expires.is_some() && matches!(step, Step::Write(_)) {
            remarks.push(ENDLESS.to_owned());
        }
        let url = url.map(|u| self.http.uri(&u).into());
        Plan { what: what.into(), url, from: from.into(), to: to.to_owned(), remarks, step }
    }
}

/// Why a thing of another project is not touched.
fn foreign(told: &Told, project: &str) -> Option<Reason> {
    let ours = told.place.project.as_deref().filter(|ours| *ours != project && !project.is_empty())?;
    Some(Reason::new("not-ours", format!("It is of the project {project}, and this service's is {ours}.")))
}

#[async_trait]
impl Tracker for Sonarqube {
    async fn plan(&self, told: &Told) -> Result<Vec<Plan>, Fault> {
        let sources = told.finding.sources.iter().filter(|s| s.report.raw() == self.name);
        let mut keys: Vec<&str> = sources.filter_map(|s| s.native_id.as_ref()).map(Untrusted::raw).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut plans = Vec::with_capacity(keys.len());
        for key in keys {
            plans.push(self.of_key(told, key).await?);
        }
        Ok(plans)
    }

    async fn send(&self, request: &Request) -> Result<(), Fault> {
        self.http.send(&request.write()).await.map(|_| ())
    }

    fn uri(&self, path: &str) -> String {
        self.http.uri(path)
    }

    async fn check(&self) -> Result<Checked, Fault> {
        self.source.check().await
    }
}

#[cfg(test)]
mod tests;
