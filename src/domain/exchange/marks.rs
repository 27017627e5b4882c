//! What the formats have no field for: names and values, the same in all of them.
//!
//! OpenVEX allows no fields of others, so there they are lines of `status_notes` that a person can read as well.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{About, Record, Statement};
use crate::domain::finding::{Location, MatchKey, Package, Rung};
use crate::domain::ids::RecordId;
use crate::domain::triage::{Justification, Scope, Status};
use crate::text::{self, Untrusted};

/// What the names begin with where others write theirs too.
pub(super) const PREFIX: &str = "countersign:";
/// The line before the marks in a text.
const HEADING: &str = "Triage record of Countersign:";
/// The form of the marks; a later one may mean something else by the same names.
const FORM: &str = "1";

/// The marks of a statement that was read.
pub(super) type Marks = BTreeMap<String, String>;

/// All of a statement but its detail, which every format has a field for.
pub(super) fn of(statement: &Statement) -> Vec<(&'static str, String)> {
    let mut out = vec![("form", FORM.to_owned())];
    let mut put = |name, value: Option<String>| out.extend(value.map(|v| (name, v)));
    let about = &statement.subject;
    put("status", Some(statement.status.word().to_owned()));
    put("justification", statement.justification.map(|j| j.word().to_owned()));
    put("vulnerabilities", texts(&about.vulnerabilities));
    put("products", texts(&statement.products));
    put("rule", some(&about.rule));
    put("title", some(&about.title));
    put("place", some(&about.place));
    put("path", raw(about.location.path.as_ref()));
    put("line", about.location.line.map(|n| n.to_string()));
    put("column", about.location.column.map(|n| n.to_string()));
    put("logical", raw(about.location.logical.as_ref()));
    put("snippet", raw(about.snippet.as_ref()));
    if let Some(package) = &about.package {
        put("package", raw(Some(&package.name)));
        put("package-version", raw(package.version.as_ref()));
        put("package-purl", raw(package.purl.as_ref()));
    }
    put("tool", some(&about.tool));
    put("tool-major", about.tool_major.clone());
    put("severity", about.severity.map(|s| s.word().to_owned()));
    if let Some(scope) = &statement.scope {
        put("scope", Some(scope).filter(|s| **s == Scope::default()).map(|_| "everywhere".to_owned()));
        put("scope-service", scope.service.clone());
        put("scope-environment", scope.environment.clone());
        put("scope-version", raw(scope.version.as_ref()));
        put("scope-artifact", scope.artifact.as_ref().map(ToString::to_string));
    }
    put("expires", statement.expires.map(|t| t.to_string()));
    put("said-by", raw(statement.said_by.as_ref()));
    put("said-at", statement.said_at.map(|t| t.to_string()));
    put("record", statement.record.as_ref().map(|r| r.id.as_str().to_owned()));
    put("envelope", statement.record.as_ref().map(|r| r.envelope.to_string()));
    put("fingerprint", about.fingerprint.map(|f| f.to_string()));
    let keys: Vec<String> = about.keys.iter().map(|k| format!("{}:{}", rung_word(k.rung), k.value)).collect();
    put("keys", (!keys.is_empty()).then(|| keys.join(" ")));
    out
}

/// The statement that the marks are of.
pub(super) fn statement(marks: &Marks, detail: &str) -> Result<Statement, String> {
    let read = Reader(marks);
    if read.raw("form") != Some(FORM) {
        return Err("Its record was written in another form than this version of Countersign reads.".to_owned());
    }
    let package = read.text("package").map(|name| Package {
        name,
        version: read.text("package-version"),
        purl: read.text("package-purl"),
        fixed: Vec::new(),
    });
    let scope = Scope {
        service: read.owned("scope-service"),
        environment: read.owned("scope-environment"),
        version: read.text("scope-version"),
        artifact: read.parsed("scope-artifact")?,
    };
    let record = match (read.owned("record"), read.parsed("envelope")?) {
        (Some(id), Some(envelope)) => Some(Record { id: RecordId::new(id), envelope }),
        (None, None) => None,
        _ => return Err("Its record names the id without the envelope, or the envelope without the id.".to_owned()),
    };
    Ok(Statement {
        subject: About {
            rule: read.text("rule").unwrap_or_default(),
            title: read.text("title").unwrap_or_default(),
            place: read.text("place").unwrap_or_default(),
            vulnerabilities: read.texts("vulnerabilities")?,
            package,
            location: Location {
                path: read.text("path"),
                line: read.parsed("line")?,
                column: read.parsed("column")?,
                logical: read.text("logical"),
            },
            snippet: read.text("snippet"),
            fingerprint: read.parsed("fingerprint")?,
            keys: read.keys()?,
            tool: read.text("tool").unwrap_or_default(),
            tool_major: read.owned("tool-major"),
            severity: read.worded("severity", |word| word.parse().ok())?,
        },
        products: read.texts("products")?,
        status: read.worded("status", Status::from_word)?.ok_or("Its record has no status.")?,
        justification: read.worded("justification", Justification::from_word)?,
        detail: detail.into(),
        scope: (scope != Scope::default() || read.raw("scope").is_some()).then_some(scope),
        expires: read.parsed("expires")?,
        said_by: read.text("said-by"),
        said_at: read.parsed("said-at")?,
        record,
    })
}

/// The marks as lines under a heading, without those that the format has fields for.
pub(super) fn to_text(marks: &[(&'static str, String)]) -> String {
    let mut out = HEADING.to_owned();
    for (name, value) in marks {
        let plain = !value.is_empty()
            && value.trim() == value
            && !value.starts_with('"')
            && !value.chars().any(char::is_control);
        let value = if plain { value.clone() } else { serde_json::Value::from(value.as_str()).to_string() };
        out.push_str(&format!("\n{name}: {value}"));
    }
    out
}

/// The marks in a text, and what stands before them; no marks if the heading is missing.
pub(super) fn in_text(text: &str) -> Result<Option<Marks>, String> {
    let Some(rest) = text.strip_prefix(HEADING).or_else(|| Some(text.split_once(&format!("\n{HEADING}"))?.1)) else {
        return Ok(None);
    };
    let mut marks = Marks::new();
    for line in rest.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).filter(|l| !l.is_empty()) {
        let cut = || format!("Its record has a line without a name: {}.", text::line(line));
        let (name, value) = line.split_once(": ").ok_or_else(cut)?;
        let value = if value.starts_with('"') {
            serde_json::from_str(value).map_err(|_e| no_meaning(name, value))?
        } else {
            value.to_owned()
        };
        if marks.insert(name.to_owned(), value).is_some() {
            return Err(format!("Its record has the line {} twice.", text::line(name)));
        }
    }
    Ok(Some(marks))
}

/// Says that native fields and marks disagree; after this nobody can tell which of them was signed.
pub(super) fn unchanged(what: &str, marked: Option<&str>, native: Option<&str>) -> Result<(), String> {
    if marked == native {
        return Ok(());
    }
    let word = |w: Option<&str>| w.map_or("nothing".to_owned(), |w| text::line(w).into_owned());
    Err(format!(
        "It was changed after Countersign wrote it: by its record the {what} is {}, and it says {}.",
        word(marked),
        word(native)
    ))
}

/// As [`unchanged`], of the vulnerability and its other names.
pub(super) fn same_vulnerabilities<'n>(
    statement: &Statement,
    native: impl Iterator<Item = &'n str>,
) -> Result<(), String> {
    let marked: Vec<&str> = statement.subject.vulnerabilities.iter().map(Untrusted::raw).collect();
    let native: Vec<&str> = native.collect();
    unchanged("vulnerability", Some(&marked.join(", ")), Some(&native.join(", ")))
}

struct Reader<'a>(&'a Marks);

impl Reader<'_> {
    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn text(&self, name: &str) -> Option<Untrusted> {
        self.raw(name).map(Into::into)
    }

    fn worded<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
        self.raw(name).map(|value| read(value).ok_or_else(|| no_meaning(name, value))).transpose()
    }

    fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        self.worded(name, |value| value.parse().ok())
    }

    fn texts(&self, name: &str) -> Result<Vec<Untrusted>, String> {
        Ok(self.worded(name, |value| serde_json::from_str(value).ok())?.unwrap_or_default())
    }

    fn keys(&self) -> Result<Vec<MatchKey>, String> {
        let key = |word: &str| {
            let (rung, value) = word.split_once(':')?;
            Some(MatchKey { rung: RUNGS.into_iter().find(|r| rung_word(*r) == rung)?, value: value.parse().ok()? })
        };
        let keys = |value: &str| value.split(' ').map(key).collect::<Option<Vec<_>>>();
        Ok(self.worded("keys", keys)?.unwrap_or_default())
    }
}

const RUNGS: [Rung; 4] = [Rung::ToolId, Rung::Vulnerability, Rung::Snippet, Rung::Logical];

fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::ToolId => "tool-id",
        Rung::Vulnerability => "vulnerability",
        Rung::Snippet => "snippet",
        Rung::Logical => "logical",
    }
}

fn no_meaning(name: &str, value: &str) -> String {
    format!("Its record has a {} without meaning: {}.", text::line(name), text::line(value))
}

fn raw(text: Option<&Untrusted>) -> Option<String> {
    text.map(|t| t.raw().to_owned())
}

fn some(text: &Untrusted) -> Option<String> {
    raw(Some(text).filter(|t| !t.is_empty()))
}

/// A list of texts as JSON, as they may have any character in them.
pub(super) fn texts(list: &[Untrusted]) -> Option<String> {
    let raw: Vec<&str> = list.iter().map(Untrusted::raw).collect();
    (!list.is_empty()).then(|| serde_json::Value::from(raw).to_string())
}
