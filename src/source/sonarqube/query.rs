//! How issues and hotspots are asked for, in the words of the server's version.
//!
//! SonarQube ignores parameters that it does not know: an older server that is asked by `components` answers with the
//! issues of all projects, and by `issueStatuses` with closed ones too. So what comes is checked, and asked for again
//! in other words where it does not fit.

use futures_util::StreamExt as _;
use serde_json::Value;

use super::Reading;
use super::finding::{Place, Read, once};
use super::wire::Page;
use crate::http::{Answer, Fault, FaultKind, Http, query_value};

/// How many pages are asked for side by side.
const AT_ONCE: usize = 3;

/// In which words a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 10.4 and later: `components`, `issueStatuses`.
    Statuses,
    /// 10.2 and 10.3: `components`, `resolved` and `statuses`.
    Components,
    /// Before: `componentKeys`, `resolved` and `statuses`.
    Old,
}

impl Dialect {
    /// By the server's version; the newest where it is not known.
    pub(super) fn of(version: Option<&str>) -> Self {
        let mut numbers = version.unwrap_or_default().split('.').map_while(|n| n.parse::<u32>().ok());
        match (numbers.next(), numbers.next().unwrap_or(0)) {
            (Some(10), 2 | 3) => Self::Components,
            (Some(10), 0 | 1) | (Some(0..10), _) => Self::Old,
            _ => Self::Statuses,
        }
    }

    /// This one, then the others, the newest first.
    pub(super) fn in_turn(self) -> impl Iterator<Item = Self> {
        let others = [Self::Statuses, Self::Components, Self::Old];
        std::iter::once(self).chain(others.into_iter().filter(move |d| *d != self))
    }

    fn issues(self, project: &str) -> String {
        let project = query_value(project);
        let open = "resolved=false&statuses=OPEN,CONFIRMED,REOPENED";
        match self {
            Self::Statuses => format!("api/issues/search?components={project}&issueStatuses=OPEN,CONFIRMED"),
            Self::Components => format!("api/issues/search?components={project}&{open}"),
            Self::Old => format!("api/issues/search?componentKeys={project}&{open}"),
        }
    }

    fn hotspots(self, project: &str) -> String {
        let name = if self == Self::Old { "projectKey" } else { "project" };
        format!("api/hotspots/search?{name}={}&status=TO_REVIEW", query_value(project))
    }
}

/// What is asked, of whom.
pub(super) struct Query<'a> {
    pub(super) http: &'a Http,
    pub(super) place: &'a Place<'a>,
    pub(super) project: &'a str,
    pub(super) branch: Option<&'a str>,
    pub(super) page: usize,
    pub(super) window: usize,
}

/// A search in one dialect.
pub(super) struct Search<'a> {
    pub(super) query: &'a Query<'a>,
    base: String,
    items: Items,
}

/// What stands in the pages of a search.
#[derive(Clone, Copy)]
enum Items {
    Issues,
    Hotspots,
}

impl Query<'_> {
    fn search(&self, base: &str, items: Items) -> Search<'_> {
        let branch = self.branch.map(|b| format!("&branch={}", query_value(b))).unwrap_or_default();
        Search { query: self, base: format!("{base}{branch}"), items }
    }

    /// All open issues, each once.
    pub(super) async fn issues(&self, dialect: Dialect, reading: &mut Reading) -> Result<Vec<Read>, Fault> {
        let mut last = None;
        for dialect in dialect.in_turn() {
            let mut tried = Reading::new(&reading.keeper);
            match self.search(&dialect.issues(self.project), Items::Issues).all_slices(&mut tried).await {
                Ok(issues) => {
                    reading.raw.append(&mut tried.raw);
                    reading.short.0.append(&mut tried.short.0);
                    reading.date = tried.date.or(reading.date);
                    return Ok(issues);
                }
                Err(fault) if misunderstood(&fault) => last = last.or(Some(fault)),
                Err(fault) => return Err(fault),
            }
        }
        Err(last.unwrap_or_else(|| Fault::new(FaultKind::Setup, self.http.base().as_str(), "")))
    }

    /// All hotspots that are to be reviewed.
    pub(super) async fn hotspots(&self, dialect: Dialect, reading: &mut Reading) -> Result<Vec<Read>, Fault> {
        let mut last = None;
        for dialect in [dialect, if dialect == Dialect::Old { Dialect::Statuses } else { Dialect::Old }] {
            let search = self.search(&dialect.hotspots(self.project), Items::Hotspots);
            let (total, mut found, answer) = match search.page("", 1).await {
                Ok(first) => first,
                Err(fault) if misunderstood(&fault) => {
                    last = last.or(Some(fault));
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            reading.keep(answer).await;
            search.others("", total, &mut found, reading).await?;
            once(&mut found);
            if found.len() != total {
                reading.short.add("not-all-hotspots", format!("{} of {total} hotspots were read.", found.len()));
            }
            return Ok(found);
        }
        Err(last.unwrap_or_else(|| Fault::new(FaultKind::Setup, self.http.base().as_str(), "")))
    }
}

impl Search<'_> {
    /// One page of a slice, checked to be of our project and open, with how many there are in all. Item by item it is
    /// made findings: parsed JSON takes many times their room.
    pub(super) async fn page(&self, filter: &str, number: usize) -> Result<(usize, Vec<Read>, Answer), Fault> {
        let ps = self.query.page;
        let answer = self.answer(&format!("{filter}&ps={ps}&p={number}")).await?;
        let page: Page<'_> = answer.json()?;
        let place = self.query.place;
        let mut read = Vec::with_capacity(page.issues.len());
        for item in &page.issues {
            let value: Value = serde_json::from_str(item.get()).unwrap_or_default();
            if let Some(wrong) = self.wrong(&value) {
                return Err(Fault::new(FaultKind::Malformed, &answer.uri, wrong));
            }
            read.push(match self.items {
                Items::Issues => place.of_issue(&value),
                Items::Hotspots => place.of_hotspot(&value),
            });
        }
        let total = page.paging.total;
        Ok((total, read, answer))
    }

    /// What is wrong with an item, if the server did not understand what it was asked.
    fn wrong(&self, item: &Value) -> Option<String> {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        if !self.is_ours(text("project"), text("component")) {
            return Some(format!("the server answers for another project, {}", text("project")));
        }
        let closed = ["RESOLVED", "CLOSED", "REVIEWED"].contains(&text("status")) || !text("resolution").is_empty();
        closed.then(|| "the server answers with closed issues too".to_owned())
    }

    /// One page, as it comes.
    pub(super) async fn answer(&self, more: &str) -> Result<Answer, Fault> {
        self.query.http.get(&format!("{}{more}", self.base)).await
    }

    /// Reads the second and all further pages of a slice, as far as the server gives them.
    pub(super) async fn others(
        &self,
        filter: &str,
        total: usize,
        found: &mut Vec<Read>,
        reading: &mut Reading,
    ) -> Result<(), Fault> {
        let reach = total.min(self.query.window);
        found.reserve(reach.saturating_sub(found.len()));
        let pages = reach.div_ceil(self.query.page);
        let numbers = futures_util::stream::iter(2..=pages);
        let mut pages = numbers.map(|number| self.page(filter, number)).buffered(AT_ONCE);
        while let Some(result) = pages.next().await {
            let (_, more, answer) = result?;
            reading.keep(answer).await;
            found.extend(more);
        }
        Ok(())
    }

    fn is_ours(&self, project: &str, component: &str) -> bool {
        let wanted = self.query.project;
        // Old servers put the branch behind the key.
        let on_branch = self.query.branch.map(|b| format!("{wanted}:{b}"));
        let below = || component == wanted || component.strip_prefix(wanted).is_some_and(|c| c.starts_with(':'));
        project == wanted || on_branch.is_some_and(|b| project == b) || (project.is_empty() && below())
    }
}

/// Whether a fault may come from words that the server does not understand.
fn misunderstood(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Refused(400) | FaultKind::Malformed)
}
