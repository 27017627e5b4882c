//! The HTML of `sonar-report`: tables of vulnerabilities and of hotspots, then a table of what the rules say.

use std::collections::HashMap;

use super::{TOOL, own_severity};
use crate::report::html::{Cell, Table};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "sonarqube-html",
    title: "SonarQube vulnerability report (HTML of sonar-report)",
    classes: &[Class::Sast],
    items: "rows of the tables of vulnerabilities and hotspots",
    severity: "the column Severity (blocker is critical, critical high, major medium, minor low)",
    identity: "SonarQube's key of the issue, else rule, path and message",
    checked: "DefectDojo's parser",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let head = shape.head.trim_start();
    (head.starts_with('<') && head.contains("SonarQube") && head.contains("Detected Vulnerabilities")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let tables = html::tables(input.text);
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let rules: HashMap<&str, &str> = tables
        .iter()
        .filter(|t| Columns::of(t).is_rules())
        .flatten()
        .filter_map(|row| Some((row.first()?.text.as_str(), row.get(1)?.text.as_str())))
        .collect();
    let mut seen = false;
    for table in &tables {
        let columns = Columns::of(table);
        if columns.index("component").is_none() {
            continue;
        }
        seen = true;
        for row in table.iter().skip(1).filter(|r| !r.is_empty()) {
            reading.add(draft(&columns, row, &rules));
        }
    }
    if !seen {
        return Err(Unreadable("It has no table with a column Component: no list of vulnerabilities.".to_owned()));
    }
    reading.done()
}

/// The names of a table's columns, in lower case.
struct Columns(Vec<String>);

impl Columns {
    fn of(table: &Table) -> Self {
        let header = table.first().map(Vec::as_slice).unwrap_or_default();
        Self(header.iter().map(|c| c.text.trim().to_lowercase()).collect())
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|c| c == name)
    }

    fn is_rules(&self) -> bool {
        self.0 == ["rule", "description"]
    }

    fn cell<'r>(&self, row: &'r [Cell], names: &[&str]) -> Option<&'r Cell> {
        let found = names.iter().find_map(|n| row.get(self.index(n)?));
        found.filter(|c| !c.text.is_empty())
    }
}

fn draft(columns: &Columns, row: &[Cell], rules: &HashMap<&str, &str>) -> Draft {
    let text = |names: &[&str]| columns.cell(row, names).map(|c| c.text.as_str());
    let mut draft = Draft::new(Class::Sast);
    // Hotspots have a category where vulnerabilities have a rule.
    let rule = text(&["rule", "category"]);
    rule.unwrap_or_default().clone_into(&mut draft.rule);
    let what = text(&["description"]).filter(|d| *d != "/");
    let message = text(&["message"]);
    message.or(what).unwrap_or_default().clone_into(&mut draft.title);
    draft.severity = own_severity(text(&["severity", "priority", "vulnerability probability"]).unwrap_or_default());
    draft.say("", message);
    draft.say("", what);
    if let Some(about) = rule.and_then(|r| rules.get(r)) {
        draft.cwe = words::cwe_numbers(about);
        draft.say("Rule", Some(about));
    }
    draft.path = text(&["component", "file"]).map(str::to_owned);
    draft.line = text(&["line"]).and_then(|l| l.parse().ok());
    draft.url = columns.cell(row, &["rule"]).and_then(|c| c.link.clone());
    draft.native_id = text(&["key"]).map(str::to_owned);
    draft
}
