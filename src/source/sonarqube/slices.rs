//! Searches that find more than the server gives: split until each part is small enough.
//!
//! A slice is split by severity, then by type, then by rule, then by halves of the time in which its issues were
//! created. What cannot be split any further is read as far as it goes, and what is missing is said.

use serde_json::Value;

use super::Reading;
use super::finding::{Read, once};
use super::query::Search;
use super::wire::Page;
use crate::domain::time::Timestamp;
use crate::http::{Fault, FaultKind, query_value};

/// The most slices that are asked for.
const SLICES: usize = 2_000;

/// A part of the issues.
#[derive(Debug, Clone)]
struct Slice {
    /// Parameters, each with `&` before it.
    filter: String,
    /// Created within these seconds since 1970, the second not included.
    between: Option<(i64, i64)>,
    /// What it is split by next.
    by: By,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Severity,
    Type,
    Rule,
    Time,
}

impl Slice {
    fn query(&self) -> String {
        match self.between.and_then(|(from, to)| Some((moment(from)?, moment(to)?))) {
            Some((from, to)) => format!("{}&createdAfter={from}&createdBefore={to}", self.filter),
            None => self.filter.clone(),
        }
    }

    fn with(&self, parameter: &str, value: &str, by: By) -> Self {
        Self { filter: format!("{}&{parameter}={}", self.filter, query_value(value)), between: self.between, by }
    }
}

impl Search<'_> {
    /// All issues, each once. A fault if the first page is one, or if the server did not understand; later faults are
    /// shortfalls.
    pub(super) async fn all_slices(&self, reading: &mut Reading) -> Result<Vec<Read>, Fault> {
        let mut found = Vec::new();
        let whole = match self.read(&mut found, reading).await {
            Ok(whole) => whole,
            Err((None, fault)) => return Err(fault),
            Err((_, fault)) if matches!(fault.kind, FaultKind::Refused(400) | FaultKind::Malformed) => {
                return Err(fault);
            }
            Err((Some(whole), fault)) => {
                reading.short.fault("Not all issues could be read", &fault);
                whole
            }
        };
        once(&mut found);
        if found.len() != whole {
            let text =
                format!("{} of {whole} issues were read; {} are missing.", found.len(), whole.abs_diff(found.len()));
            reading.short.add("not-all-issues", text);
        }
        Ok(found)
    }

    /// Reads slice by slice; gives how many issues there are in all, also with a fault that comes later.
    async fn read(&self, found: &mut Vec<Read>, reading: &mut Reading) -> Result<usize, (Option<usize>, Fault)> {
        let mut stack = vec![Slice { filter: String::new(), between: None, by: By::Severity }];
        let mut whole = None;
        for _ in 0..SLICES {
            let Some(slice) = stack.pop() else { break };
            let filter = slice.query();
            let (total, first, answer) = self.page(&filter, 1).await.map_err(|f| (whole, f))?;
            whole = whole.or(Some(total));
            reading.keep(answer).await;
            if total > self.query.window {
                let parts = self.split(slice, total).await.map_err(|f| (whole, f))?;
                if !parts.is_empty() {
                    stack.extend(parts.into_iter().rev());
                    continue;
                }
            }
            found.extend(first);
            self.others(&filter, total, found, reading).await.map_err(|f| (whole, f))?;
        }
        Ok(whole.unwrap_or(0))
    }

    /// The parts of a slice; none if it cannot be split.
    async fn split(&self, slice: Slice, total: usize) -> Result<Vec<Slice>, Fault> {
        match slice.by {
            By::Severity => {
                let severities = ["BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO"];
                Ok(severities.iter().map(|s| slice.with("severities", s, By::Type)).collect())
            }
            By::Type => {
                let types = ["VULNERABILITY", "BUG", "CODE_SMELL"];
                Ok(types.iter().map(|t| slice.with("types", t, By::Rule)).collect())
            }
            By::Rule => {
                let answer = self.answer(&format!("{}&facets=rules&ps=1&p=1", slice.query())).await?;
                let page: Page<'_> = answer.json()?;
                let rules = page.facets.into_iter().find(|f| f.property == "rules").map(|f| f.values);
                let rules = rules.unwrap_or_default();
                // The server lists the most frequent rules only; splitting by a part of them would lose the others.
                if rules.len() > 1 && rules.iter().map(|r| r.count).sum::<usize>() == total {
                    return Ok(rules.iter().map(|r| slice.with("rules", &r.val, By::Time)).collect());
                }
                self.halves(slice).await
            }
            By::Time => self.halves(slice).await,
        }
    }

    async fn halves(&self, slice: Slice) -> Result<Vec<Slice>, Fault> {
        let (from, to) = match slice.between {
            Some(between) => between,
            None => match (self.edge(&slice, true).await?, self.edge(&slice, false).await?) {
                (Some(first), Some(last)) if first <= last => (first, last + 1),
                _ => return Ok(Vec::new()),
            },
        };
        if to - from <= 1 {
            return Ok(Vec::new());
        }
        let middle = from + (to - from) / 2;
        let part = |between| Slice { filter: slice.filter.clone(), between: Some(between), by: By::Time };
        Ok(vec![part((from, middle)), part((middle, to))])
    }

    /// When the first or the last issue of a slice was created, in seconds.
    async fn edge(&self, slice: &Slice, first: bool) -> Result<Option<i64>, Fault> {
        let answer = self.answer(&format!("{}&s=CREATION_DATE&asc={first}&ps=1&p=1", slice.query())).await?;
        let page: Page<'_> = answer.json()?;
        let issue: Option<Value> = page.issues.first().and_then(|i| serde_json::from_str(i.get()).ok());
        let date = issue.as_ref().and_then(|i| i.get("creationDate")?.as_str());
        Ok(date.and_then(Timestamp::parse_lenient).map(|t| t.millis().div_euclid(1000)))
    }
}

/// A moment as SonarQube reads it, encoded for a query.
fn moment(seconds: i64) -> Option<String> {
    let text = Timestamp::from_millis(seconds.checked_mul(1000)?)?.to_string();
    let (start, _) = text.split_once('.')?;
    Some(query_value(&format!("{start}+0000")))
}
