//! Issues: those of the scenarios, those made up, and the search over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Issue, Project, STAMP, seed};
use crate::lab::call::{Call, Times, written};

/// One issue as it is held.
pub struct Kept {
    key: String,
    project: Arc<str>,
    /// Its rule.
    pub rule: Arc<str>,
    severity: Arc<str>,
    kind: Arc<str>,
    file: Arc<str>,
    line: Option<u64>,
    message: String,
    status: Arc<str>,
    /// What was said of it.
    comments: Vec<String>,
    created: i64,
    new: bool,
}

/// Texts that occur many times, each kept once: twelve thousand issues lie in the same process as what is measured.
#[derive(Default)]
struct Texts(BTreeSet<Arc<str>>);

impl Texts {
    fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The issues of a project.
pub fn of(project: &Project, times: &Times) -> Vec<Kept> {
    let mut texts = Texts::default();
    let mut all: Vec<Kept> =
        project.issues.iter().enumerate().map(|(i, issue)| kept(project, issue, i, times, &mut texts)).collect();
    all.extend((0..project.generate).map(|n| made_up(project, n, times, &mut texts)));
    all
}

fn kept(project: &Project, issue: &Issue, index: usize, times: &Times, texts: &mut Texts) -> Kept {
    Kept {
        key: seed::uuid(&format!("{} issue {index}", project.key)),
        project: texts.of(&project.key),
        rule: texts.of(&issue.rule),
        severity: texts.of(&issue.severity),
        kind: texts.of(&issue.kind),
        file: texts.of(&issue.file),
        line: issue.line,
        message: issue.message.0.clone(),
        status: texts.of(&issue.status),
        comments: Vec::new(),
        created: times.before(issue.ago.0),
        new: issue.new,
    }
}

/// Most are MAJOR code smells, over 10,000 of 12,000, so that splitting by severity or type alone is not enough.
fn made_up(project: &Project, n: u64, times: &Times, texts: &mut Texts) -> Kept {
    const RARE: [(&str, &str); 8] = [
        ("MINOR", "CODE_SMELL"),
        ("INFO", "CODE_SMELL"),
        ("MINOR", "BUG"),
        ("MAJOR", "BUG"),
        ("MINOR", "CODE_SMELL"),
        ("MAJOR", "VULNERABILITY"),
        ("CRITICAL", "CODE_SMELL"),
        ("CRITICAL", "VULNERABILITY"),
    ];
    let pick = |salt: u64, below: u64| seed::pick(salt, n, below);
    let (severity, kind) = if n % 8 == 3 {
        usize::try_from(pick(1, 8)).ok().and_then(|i| RARE.get(i)).copied().unwrap_or(("MINOR", "BUG"))
    } else {
        ("MAJOR", "CODE_SMELL")
    };
    let rule = format!("java:S{}", 1100 + pick(2, 40));
    let class = pick(3, 600);
    Kept {
        key: seed::uuid(&format!("{} made up {n}", project.key)),
        project: texts.of(&project.key),
        rule: texts.of(&rule),
        severity: texts.of(severity),
        kind: texts.of(kind),
        file: texts.of(&format!("src/main/java/com/acme/part{:02}/Class{class:03}.java", class % 60)),
        line: Some(1 + pick(5, 900)),
        message: format!("Take this apart: it breaks {rule} for the {n}th time."),
        status: texts.of("OPEN"),
        comments: Vec::new(),
        created: times.start - i64::try_from(pick(6, 700)).unwrap_or(0) * 86_400_000 - 3_600_000,
        new: n % 400 == 7,
    }
}

impl Kept {
    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How it stands.
    pub fn status(&self) -> &str {
        &self.status
    }

    /// Changes how it stands.
    pub fn become_status(&mut self, status: &str) {
        self.status = status.into();
    }

    /// What was said of it.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// Says something of it.
    pub fn remark(&mut self, text: String) {
        self.comments.push(text);
    }

    fn directory(&self) -> &str {
        self.file.rsplit_once('/').map_or("/", |(d, _)| d)
    }

    fn old_status(&self) -> (&'static str, Option<&'static str>) {
        match &*self.status {
            "CONFIRMED" => ("CONFIRMED", None),
            "FALSE_POSITIVE" => ("RESOLVED", Some("FALSE-POSITIVE")),
            "ACCEPTED" => ("RESOLVED", Some("WONTFIX")),
            "FIXED" => ("CLOSED", Some("FIXED")),
            _ => ("OPEN", None),
        }
    }

    fn impact(&self) -> &'static str {
        match &*self.severity {
            "BLOCKER" => "BLOCKER",
            "CRITICAL" => "HIGH",
            "MAJOR" => "MEDIUM",
            "MINOR" => "LOW",
            _ => "INFO",
        }
    }

    /// What it has in a facet or filter of this name.
    fn value(&self, name: &str) -> Option<&str> {
        Some(match name {
            "severities" => &self.severity,
            "impactSeverities" => self.impact(),
            "types" => &self.kind,
            "rules" => &self.rule,
            "issueStatuses" => &self.status,
            "statuses" => self.old_status().0,
            "directories" => self.directory(),
            "files" => &self.file,
            "issues" => &self.key,
            _ => return None,
        })
    }

    fn fits(&self, call: &Call, without: &str) -> bool {
        const LISTS: [&str; 9] = [
            "severities",
            "impactSeverities",
            "types",
            "rules",
            "issueStatuses",
            "statuses",
            "directories",
            "files",
            "issues",
        ];
        let lists = LISTS
            .iter()
            .filter(|n| **n != without)
            .all(|name| call.list(name).is_none_or(|wanted| self.value(name).is_some_and(|v| wanted.contains(&v))));
        let resolved = self.old_status().1.is_some();
        let new = call.param("inNewCodePeriod").or(call.param("sinceLeakPeriod"));
        lists
            && call.param("resolved").is_none_or(|r| matches!(r, "true" | "yes") == resolved)
            && (!matches!(new, Some("true" | "yes")) || self.new)
            && call.param("createdAfter").and_then(moment).is_none_or(|t| self.created >= t)
            && call.param("createdBefore").and_then(moment).is_none_or(|t| self.created < t)
    }

    /// As JSON, without what must be asked for.
    pub fn json(&self) -> Value {
        let (status, resolution) = self.old_status();
        let at = written(self.created, STAMP);
        let mut value = json!({
            "key": self.key, "rule": &*self.rule, "severity": &*self.severity, "component": format!("{}:{}", self.project, self.file),
            "project": &*self.project, "hash": seed::hex64(&format!("{} {}", self.file, self.message)).get(..32), "flows": [],
            "status": status, "issueStatus": &*self.status, "message": self.message, "effort": "10min", "debt": "10min",
            "author": "ana@acme.example", "tags": ["cwe"], "creationDate": at, "updateDate": at, "type": &*self.kind,
            "scope": "MAIN", "quickFixAvailable": false, "messageFormattings": [], "codeVariants": [],
            "cleanCodeAttribute": "CONVENTIONAL", "cleanCodeAttributeCategory": "CONSISTENT",
            "impacts": [{"softwareQuality": if &*self.kind == "VULNERABILITY" { "SECURITY" } else { "MAINTAINABILITY" }, "severity": self.impact()}],
        });
        if let Some(object) = value.as_object_mut() {
            if let Some(line) = self.line {
                object.insert("line".to_owned(), json!(line));
                object.insert(
                    "textRange".to_owned(),
                    json!({"startLine": line, "endLine": line, "startOffset": 4, "endOffset": 28}),
                );
            }
            if let Some(resolution) = resolution {
                object.insert("resolution".to_owned(), json!(resolution));
            }
        }
        value
    }
}

/// A date, or a moment as Sonar writes them.
fn moment(text: &str) -> Option<i64> {
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|d| d.and_hms_opt(0, 0, 0));
    date.map(|d| d.and_utc().timestamp_millis())
        .or_else(|| crate::domain::time::Timestamp::parse_lenient(text).map(crate::domain::time::Timestamp::millis))
}

/// The answer to a search over `all`.
pub fn answer(call: &Call, all: &[&Kept], p: usize, ps: usize) -> Value {
    let mut found: Vec<&Kept> = all.iter().copied().filter(|i| i.fits(call, "")).collect();
    sort(&mut found, call);
    let total = found.len();
    let shown: Vec<&Kept> = found.into_iter().skip((p - 1) * ps).take(ps).collect();
    let more = call.list("additionalFields").unwrap_or_default();
    let issues: Vec<Value> = shown.iter().map(|i| i.with(&more)).collect();
    let mut components = Vec::new();
    let mut projects: Vec<&str> = shown.iter().map(|i| &*i.project).collect();
    projects.sort_unstable();
    projects.dedup();
    for key in projects {
        components.extend(self::components(key, shown.iter().filter(|i| &*i.project == key).map(|i| &*i.file)));
    }
    let mut rules: Vec<&str> = shown.iter().map(|i| &*i.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(rule).collect();
    let names = call.list("facets").unwrap_or_default();
    let facets: Vec<Value> = names.into_iter().map(|name| facet(call, all, name)).collect();
    json!({
        "total": total, "p": p, "ps": ps, "paging": {"pageIndex": p, "pageSize": ps, "total": total},
        "effortTotal": total * 10, "issues": issues, "components": components, "rules": rules, "facets": facets,
    })
}

/// Counts by value. The facet's own filter does not narrow it, and only the most frequent values are in it: 100 rules,
/// 15 of anything else.
fn facet(call: &Call, all: &[&Kept], name: &str) -> Value {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for issue in all.iter().filter(|i| i.fits(call, name)) {
        if let Some(value) = issue.value(name) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.truncate(if name == "rules" { 100 } else { 15 });
    let values: Vec<Value> = counts.into_iter().map(|(val, count)| json!({"val": val, "count": count})).collect();
    json!({"property": name, "values": values})
}

fn sort(found: &mut [&Kept], call: &Call) {
    let rank = |s: &str| ["INFO", "MINOR", "MAJOR", "CRITICAL", "BLOCKER"].iter().position(|n| *n == s);
    match call.param("s") {
        Some("SEVERITY") => found.sort_by_key(|i| rank(&i.severity)),
        Some("CREATION_DATE" | "UPDATE_DATE") => found.sort_by_key(|i| i.created),
        Some("FILE_LINE") => found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line))),
        _ => return,
    }
    if call.param("asc") == Some("false") {
        found.reverse();
    }
}

/// The components that an answer names: the project and its files, each once.
pub fn components<'a>(project: &str, files: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let mut names: Vec<&str> = files.collect();
    names.sort_unstable();
    names.dedup();
    let file = |f: &str| {
        json!({
            "key": format!("{project}:{f}"), "enabled": true, "qualifier": "FIL", "name": f.rsplit('/').next(), "longName": f, "path": f,
        })
    };
    let whole = json!({"key": project, "enabled": true, "qualifier": "TRK", "name": project, "longName": project});
    std::iter::once(whole).chain(names.into_iter().map(file)).collect()
}

/// A rule, in short.
pub fn rule(key: &str) -> Value {
    let lang = key.split(':').next().unwrap_or_default();
    json!({"key": key, "name": format!("Rule {key}"), "lang": lang, "status": "READY", "langName": lang})
}
