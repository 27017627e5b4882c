//! GitHub: alerts of code scanning, Dependabot and secret scanning are dismissed or resolved with a reason.
//!
//! An alert is found by the address that came with the finding, or looked for in the repository by what it says. What
//! somebody has dismissed there for another reason is left to them.

use async_trait::async_trait;
use serde_json::json;

use self::wire::{Alert, Kind};
use super::{Plan, Request, Step, Told, Tracker};
use crate::domain::evidence::Reason;
use crate::domain::finding::Class;
use crate::domain::triage::{Justification, Status};
use crate::http::{Fault, FaultKind};
use crate::source::github::client::Client;
use crate::source::github::{Github as Source, is_repository};
use crate::source::registry::Settings;
use crate::source::{Checked, Source as _};
use crate::text::Untrusted;

mod matching;
mod wire;

/// GitHub takes no longer comment.
const LONGEST: usize = 280;
/// Alerts of one page, and the most pages that are looked through.
const PAGE: usize = 100;
const PAGES: usize = 50;
/// What nobody brings back there.
const ENDLESS: &str = "GitHub knows no end of it: it stays dismissed until somebody reopens it.";

/// A GitHub, or a GitHub Enterprise Server.
pub struct Github {
    client: Client,
    source: Source,
}

impl Github {
    /// A client for an address; the public GitHub if it is empty.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        Ok(Self { client: Client::new(settings)?, source: Source::new(settings)? })
    }

    /// The repository, checked: it stands in paths.
    fn repository<'a>(&self, told: &'a Told) -> Result<&'a str, Fault> {
        let repository = told.place.repository.as_deref().unwrap_or_default();
        if is_repository(repository) {
            return Ok(repository);
        }
        let why = format!("`repository` must be owner/name, and is {repository:?}");
        Err(Fault::new(FaultKind::Setup, &self.client.uri(""), why))
    }

    /// All alerts of a kind. Where the feature is off, or nothing was ever uploaded, there are none.
    async fn alerts(&self, repository: &str, kind: Kind, filter: &str) -> Result<Vec<Alert>, Fault> {
        let octocrab = self.client.session()?;
        let mut all = Vec::new();
        let mut page = String::new();
        for _ in 0..PAGES {
            let path = format!("repos/{repository}/{}/alerts?per_page={PAGE}{filter}{page}", kind.word());
            let answer = match self.client.get(&octocrab, &path).await {
                Err(fault) if fault.kind == FaultKind::NotFound && all.is_empty() => return Ok(all),
                other => other?,
            };
            all.extend(answer.json::<Vec<Alert>>()?);
            let link = answer.headers.get("link").and_then(|v| v.to_str().ok()).unwrap_or_default();
            match wire::next(link) {
                Some(next) => page = next,
                None => return Ok(all),
            }
        }
        let why = format!("the repository has more than {} alerts", PAGE * PAGES);
        Err(Fault::new(FaultKind::TooLarge, &self.client.uri(&format!("repos/{repository}")), why))
    }

    /// The alerts that are meant: kind and number; or why that is not known.
    async fn meant(&self, told: &Told, repository: &str) -> Result<Vec<Result<(Kind, u64), Reason>>, Fault> {
        let finding = &told.finding;
        let natives = finding.sources.iter().filter_map(|s| s.native_id.as_ref()).map(Untrusted::raw);
        let mut exact: Vec<(Kind, u64)> = natives.filter_map(|id| matching::address(id, repository)).collect();
        exact.sort_unstable();
        exact.dedup();
        if !exact.is_empty() {
            return Ok(exact.into_iter().map(Ok).collect());
        }
        let mut meant = Vec::new();
        if let Some(package) = finding.package.as_deref().filter(|_| !finding.vulnerabilities.is_empty()) {
            let filter = format!("&package={}", crate::http::query_value(package.name.raw()));
            let all = self.alerts(repository, Kind::Dependabot, &filter).await?;
            meant.extend(only(Kind::Dependabot, &matching::dependabot(&all, finding, package)));
        }
        if !matches!(finding.class, Class::Secret | Class::Dast | Class::Licence) && finding.location.path.is_some() {
            let all = self.alerts(repository, Kind::CodeScanning, "").await?;
            meant.extend(only(Kind::CodeScanning, &matching::code_scanning(&all, finding)));
        }
        Ok(meant)
    }

    async fn planned(&self, told: &Told, repository: &str, kind: Kind, number: u64) -> Result<Plan, Fault> {
        let path = format!("repos/{repository}/{}/alerts/{number}", kind.word());
        let answer = self.client.get(&self.client.session()?, &path).await?;
        let alert: Alert = answer.json()?;
        let reason = reason(kind, told);
        let (from, to) = (alert.stands(), format!("{} as {reason}", kind.closed()));
        let mut remarks = Vec::new();
        let step = if from == to {
            Step::Already
        } else if alert.state == "open" {
            if told.dismissal.expires.is_some() {
                remarks.push(ENDLESS.to_owned());
            }
            let comment = told.comment(LONGEST);
            let body = match kind {
                Kind::SecretScanning => {
                    json!({ "state": "resolved", "resolution": reason, "resolution_comment": comment })
                }
                Kind::CodeScanning | Kind::Dependabot => {
                    json!({ "state": "dismissed", "dismissed_reason": reason, "dismissed_comment": comment })
                }
            };
            Step::Write(vec![Request::json("PATCH", &path, &body)])
        } else {
            let why = "It is not open there. Reopen it on GitHub, if it is to be dismissed for another reason.";
            Step::Cannot(Reason::new("not-offered", why))
        };
        let what = format!("{} alert {number} ({})", kind.word(), alert.about());
        let url = alert.html_url.map(Into::into);
        Ok(Plan { what: what.into(), url, from: from.into(), to, remarks, step })
    }
}

/// The one alert that fits, if any does.
fn only(kind: Kind, fitting: &[u64]) -> Option<Result<(Kind, u64), Reason>> {
    match fitting {
        [] => None,
        [one] => Some(Ok((kind, *one))),
        several => {
            let (n, word) = (several.len(), kind.word());
            let why = format!("{n} {word} alerts fit, and which one is meant is not known.");
            Some(Err(Reason::new("ambiguous", why)))
        }
    }
}

/// The reason that GitHub offers for what was said.
fn reason(kind: Kind, told: &Told) -> &'static str {
    use Justification::{ComponentNotPresent, VulnerableCodeNotInExecutePath, VulnerableCodeNotPresent};
    let unused = told
        .dismissal
        .justification
        .is_some_and(|j| matches!(j, ComponentNotPresent | VulnerableCodeNotPresent | VulnerableCodeNotInExecutePath));
    match (kind, told.dismissal.status) {
        (Kind::CodeScanning, Status::FalsePositive) => "false positive",
        (Kind::CodeScanning, Status::NotAffected | Status::Accepted) => "won't fix",
        (Kind::Dependabot, Status::FalsePositive) => "inaccurate",
        (Kind::Dependabot, Status::NotAffected) if unused => "not_used",
        (Kind::Dependabot, Status::NotAffected | Status::Accepted) => "tolerable_risk",
        (Kind::SecretScanning, Status::FalsePositive) => "false_positive",
        (Kind::SecretScanning, Status::NotAffected | Status::Accepted) => "wont_fix",
    }
}

#[async_trait]
impl Tracker for Github {
    async fn plan(&self, told: &Told) -> Result<Vec<Plan>, Fault> {
        let repository = self.repository(told)?;
        let meant = self.meant(told, repository).await?;
        let nothing = |from: &str, step: Step| {
            let (what, to) = (told.finding.rule.clone(), String::new());
            Plan { what, url: None, from: from.into(), to, remarks: Vec::new(), step }
        };
        if meant.is_empty() {
            let why = format!("The repository {repository} has no alert of it that is not fixed.");
            return Ok(vec![nothing("not there", Step::Absent(Reason::new("not-there", why)))]);
        }
        let mut plans = Vec::with_capacity(meant.len());
        for one in meant {
            plans.push(match one {
                Ok((kind, number)) => self.planned(told, repository, kind, number).await?,
                Err(reason) => nothing("in several alerts", Step::Cannot(reason)),
            });
        }
        Ok(plans)
    }

    async fn send(&self, request: &Request) -> Result<(), Fault> {
        self.client.send(&request.write()).await.map(|_| ())
    }

    fn uri(&self, path: &str) -> String {
        self.client.uri(path)
    }

    async fn check(&self) -> Result<Checked, Fault> {
        self.source.check().await
    }
}

#[cfg(test)]
mod tests;
