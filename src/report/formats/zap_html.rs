//! OWASP ZAP's traditional HTML report: a table for each kind of alert, over all sites. Its labels are read in English.

use std::collections::BTreeMap;

use super::zap::{self, Alert, Instance};
use crate::report::html::{self, Table};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "zap-html",
    title: "OWASP ZAP traditional HTML",
    classes: &[Class::Dast],
    items: "tables of alerts",
    severity: "the risk above the table",
    identity: "alert, site and instances",
    checked: "written from the template of the report; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let page = shape.head.trim_start().starts_with('<') && shape.head.contains("<html");
    (page && shape.head.contains("ZAP") && shape.head.contains("Scanning Report")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, zap::TOOL, &[Class::Dast]);
    let mut counted = None;
    for table in html::tables(input.text) {
        if let Some(count) = summary(&table) {
            counted = Some(count);
        } else if is_alert(&table) {
            reading.passed(1);
            for alert in alerts(&table) {
                reading.more(zap::draft(alert));
            }
        }
    }
    let found = reading.items();
    match counted {
        None if found == 0 => {
            return Err(Unreadable("It has neither a summary of alerts nor a table of one.".to_owned()));
        }
        Some(counted) if counted > found => {
            reading.incomplete(format!("ZAP counts {counted} alerts, and {found} stand in the report."));
        }
        _ if found == 0 && !input.text.contains("Site: ") && !input.text.contains("Sites: ") => {
            reading.not_assessed("ZAP reports no site: it looked at nothing.");
        }
        _ => {}
    }
    reading.done()
}

/// How many alerts the table of the summary counts, if this is it. What was marked as false is counted apart.
fn summary(table: &Table) -> Option<u32> {
    let (head, rows) = table.split_first()?;
    let is =
        head.iter().any(|c| c.text.trim() == "Risk Level") && head.iter().any(|c| c.text.trim() == "Number of Alerts");
    let counts = rows.iter().filter(|r| r.first().and_then(|c| words::severity(c.text.trim())).is_some());
    is.then(|| counts.filter_map(|r| r.get(1)?.text.trim().parse::<u32>().ok()).fold(0, u32::saturating_add))
}

/// Whether a table is of one kind of alert: its number stands at the end of it.
fn is_alert(table: &Table) -> bool {
    table.iter().any(|r| r.first().is_some_and(|c| matches!(label(&c.text).as_str(), "plugin id" | "description")))
        && table.first().is_some_and(|head| head.len() == 2)
}

fn label(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The alerts of a table: one for each site.
fn alerts(table: &Table) -> Vec<Alert> {
    let head = |at: usize| table.first().and_then(|r| r.get(at)).map(|c| c.text.trim().to_owned()).unwrap_or_default();
    let mut of: BTreeMap<String, &str> = BTreeMap::new();
    let mut instances: Vec<Instance> = Vec::new();
    for row in table.iter().skip(1) {
        let [name, value, ..] = row.as_slice() else { continue };
        let (name, value) = (label(&name.text), value.text.trim());
        if name == "url" {
            instances.push(Instance { uri: value.to_owned(), ..Instance::default() });
        }
        let part = instances.last_mut().and_then(|i| match name.as_str() {
            "method" => Some(&mut i.method),
            "parameter" => Some(&mut i.param),
            "attack" => Some(&mut i.attack),
            "evidence" => Some(&mut i.evidence),
            _ => None,
        });
        match part {
            Some(part) => value.clone_into(part),
            None => drop(of.entry(name).or_insert(value)),
        }
    }
    let text = |name: &str| of.get(name).map(|v| (*v).to_owned()).unwrap_or_default();
    let mut sites: BTreeMap<String, Vec<Instance>> = BTreeMap::new();
    for instance in instances {
        sites.entry(zap::site(&instance.uri).to_owned()).or_default().push(instance);
    }
    if sites.is_empty() {
        sites.insert(String::new(), Vec::new());
    }
    let alert = |(site, instances)| Alert {
        site,
        plugin: text("plugin id"),
        name: head(1),
        risk_words: head(0),
        description: text("description"),
        solution: text("solution"),
        other: text("other info"),
        links: text("reference"),
        cwe: of.get("cwe id").and_then(|c| c.parse().ok()),
        instances,
        ..Alert::default()
    };
    sites.into_iter().map(alert).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    fn page(site: &str, count: &str, alerts: &str) -> Report {
        let text = format!(
            "<!DOCTYPE html>\n<html><head><title>ZAP Scanning Report</title></head><body><h1>ZAP Scanning Report</h1><h2>{site}</h2>
            <table class=\"summary\"><tr><th>Risk Level</th><th>Number of Alerts</th></tr><tr><td><div>High</div></td><td><div>0</div></td></tr>
            <tr><td>Medium</td><td>{count}</td></tr><tr><td>False Positives:</td><td>4</td></tr></table>{alerts}</body></html>"
        );
        read("z", text.as_bytes(), None)
    }

    #[test]
    fn a_table_is_an_alert_at_each_site() {
        let url = |url: &str| {
            format!("<tr><td class=\"indent1\">URL</td><td><a href=\"{url}\">{url}</a></td></tr><tr><td class=\"indent2\">Method</td><td>GET</td></tr>
                <tr><td class=\"indent2\">Evidence</td><td>x</td></tr>")
        };
        let table = format!(
            "<table class=\"results\"><tr><th><a id=\"10038\"></a><div>Medium</div></th><th>No policy</th></tr>
            <tr><td>Description</td><td><div>It is</div><br/><div>missing.</div></td></tr><tr><td colspan=\"2\"></td></tr>{}{}{}
            <tr><td>Instances</td><td>3</td></tr><tr><td>Solution</td><td>Set it.</td></tr><tr><td>CWE Id</td><td><a href=\"c\">693</a></td></tr>
            <tr><td>Plugin Id</td><td><a href=\"p\">10038</a></td></tr></table>",
            url("https://s.example/a?x=1"),
            url("https://t.example/"),
            url("https://s.example/b")
        );
        let report = page("Sites: https://s.example https://t.example", "1", &table);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("zap-html", 1, 2));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::Medium, "10038", "No policy"));
        assert_eq!((f.place(), &f.cwe[..]), ("https://s.example".to_owned(), &[693][..]));
        assert!(f.detail.raw().contains("Instances (2)") && f.detail.raw().contains("Set it."));
    }

    #[test]
    fn what_is_counted_has_to_stand_there() {
        assert_eq!(page("Site: https://s.example", "0", "").status, ReportStatus::Empty);
        assert_eq!(page("", "0", "").status, ReportStatus::NotAssessed);
        assert_ne!(page("Site: https://s.example", "2", "").status, ReportStatus::Empty);
        let none = read("z", b"<html><title>ZAP Scanning Report</title></html>", None);
        assert_eq!((none.status, none.format), (ReportStatus::Error, "zap-html"));
    }
}
