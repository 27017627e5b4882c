//! What the JSON and the XML report of OWASP ZAP have in common.
//!
//! One alert is one finding, at its site; the instances are listed in it. They are what the finding is recognised by
//! again (with the alert and the site), so that a dismissal does not silently cover a new instance.

use crate::report::prelude::*;

/// The name of the tool where the report does not say it.
pub(super) const TOOL: &str = "ZAP";
/// How many instances are listed in the text of a finding.
const LISTED: usize = 100;

/// One alert.
#[derive(Debug, Default)]
pub(super) struct Alert {
    pub site: String,
    pub plugin: String,
    pub reference: String,
    pub name: String,
    pub risk_code: Option<u32>,
    pub risk_words: String,
    pub confidence: Option<u32>,
    pub description: String,
    pub solution: String,
    pub other: String,
    pub links: String,
    pub cwe: Option<u32>,
    pub instances: Vec<Instance>,
}

/// One place where an alert was raised.
#[derive(Debug, Default)]
pub(super) struct Instance {
    pub uri: String,
    pub method: String,
    pub param: String,
    pub attack: String,
    pub evidence: String,
    /// Request and response, which only the reports called "plus" have.
    pub exchange: [String; 4],
}

/// The finding of an alert.
pub(super) fn draft(alert: Alert) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    draft.severity = match alert.risk_code {
        Some(3) => Severity::High,
        Some(2) => Severity::Medium,
        Some(1) => Severity::Low,
        Some(0) => Severity::Info,
        // `Medium (High)` is the risk, then the confidence.
        _ => alert.risk_words.split('(').next().and_then(words::severity).unwrap_or(Severity::Unknown),
    };
    draft.confidence = alert.confidence.map(|c| {
        match c {
            0 => "false positive",
            1 => "low",
            2 => "medium",
            3 => "high",
            4 => "confirmed",
            _ => "unknown",
        }
        .to_owned()
    });
    // Zero stands for a false positive that somebody marked in ZAP.
    draft.suppressed = (alert.confidence == Some(0)).then(|| "Marked as a false positive in ZAP.".to_owned());
    // `10038-1` is one of several alerts of the rule 10038.
    draft.rule = if alert.reference.is_empty() { alert.plugin } else { alert.reference };
    draft.title = words::plain(&alert.name);
    draft.cwe = alert.cwe.filter(|n| *n > 0).into_iter().collect();
    let links = words::plain(&alert.links);
    draft.url = links.split_whitespace().find(|w| w.starts_with("http")).map(str::to_owned);

    let exchange = |i: &Instance| i.exchange.join("\n").trim().to_owned();
    draft.context = alert.instances.iter().map(exchange).find(|e| !e.is_empty());
    let mut places: Vec<String> = alert.instances.iter().map(place).collect();
    places.sort();
    places.dedup();
    draft.snippet = Some(places.join("\n"));
    draft.path = Some(match alert.instances.as_slice() {
        [first, ..] if alert.site.is_empty() => first.uri.clone(),
        _ => alert.site,
    });
    let mut detail = words::plain(&alert.description);
    for (heading, text) in [("Solution", &alert.solution), ("Other", &alert.other)] {
        let text = words::plain(text);
        if !text.is_empty() {
            detail.push_str(&format!("\n\n{heading}: {text}"));
        }
    }
    if !alert.instances.is_empty() {
        detail.push_str(&format!("\n\nInstances ({}):", alert.instances.len()));
        for instance in alert.instances.iter().take(LISTED) {
            detail.push_str(&format!("\n{}", listed(instance)));
        }
        if let Some(more) = alert.instances.len().checked_sub(LISTED).filter(|n| *n > 0) {
            detail.push_str(&format!("\nand {more} more"));
        }
    }
    if !links.is_empty() {
        detail.push_str(&format!("\n\nReferences:\n{links}"));
    }
    draft.detail = detail;
    draft
}

/// The site that a page is of: `https://shop.example:8443`.
pub(super) fn site(uri: &str) -> &str {
    let Some((scheme, rest)) = uri.split_once("://") else { return "" };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    uri.get(..scheme.len() + 3 + host.len()).unwrap_or_default()
}

/// An instance as it is recognised again: without the values of the query, which differ from scan to scan.
fn place(instance: &Instance) -> String {
    let uri = instance.uri.split(['?', '#']).next().unwrap_or_default();
    [instance.method.as_str(), uri, instance.param.as_str()]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn listed(instance: &Instance) -> String {
    let mut line = format!("{} {}", instance.method, instance.uri).trim().to_owned();
    for (name, value) in
        [("parameter", &instance.param), ("attack", &instance.attack), ("evidence", &instance.evidence)]
    {
        if !value.is_empty() {
            line.push_str(&format!(", {name}: {value}"));
        }
    }
    line
}
