//! OWASP ZAP's traditional JSON report, whose raw items are alerts, not their instances; and what its API answers.

use std::collections::HashMap;

use super::zap::{self, Alert, Instance};
use crate::report::prelude::*;

/// The parts of the exchange that shows an instance, in their order.
const EXCHANGE: [&str; 4] = ["request-header", "request-body", "response-header", "response-body"];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "zap-json",
        title: "OWASP ZAP traditional JSON",
        classes: &[Class::Dast],
        items: "alerts of all sites, not their instances",
        severity: "`riskcode`",
        identity: "alert, site and instances",
        checked: "the same run in XML",
        detect,
        parse,
    },
    Format {
        name: "zap-api-json",
        title: "OWASP ZAP alerts of its API (JSON)",
        classes: &[Class::Dast],
        items: "elements of `alerts`, each an instance",
        severity: "`risk`",
        identity: "alert, site and instances",
        checked: "written from the API's documentation; no real file was at hand",
        detect: |shape| {
            let alert = |at: &str| {
                let one = shape.json().at(at);
                one.has_all(&["pluginId", "alert", "risk", "confidence"]) && one.has("url")
            };
            (alert("alerts.0") || alert("0")).into()
        },
        parse: parse_api,
    },
];

/// Here each alert is one instance: those of one kind and site are one finding, as in ZAP's own reports.
fn parse_api(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, zap::TOOL, &[Class::Dast]);
    let found = if doc.is_list() { doc.list()? } else { doc.results("alerts")? };
    let mut index: HashMap<[&str; 5], usize> = HashMap::new();
    let mut alerts: Vec<Alert> = Vec::new();
    for one in found {
        let one = one.object()?;
        reading.passed(1);
        let uri = one.get("url").or_empty();
        let site = zap::site(uri);
        let text = |key: &str| one.get(key).or_empty();
        let next = alerts.len();
        let key = [text("pluginId"), text("alertRef"), text("alert"), text("risk"), site];
        let at = *index.entry(key).or_insert(next);
        if at == next {
            alerts.push(of_api(one, site));
        }
        if let Some(alert) = alerts.get_mut(at) {
            alert.instances.push(Instance { uri: uri.to_owned(), ..instance(one) });
        }
    }
    for alert in alerts {
        reading.more(zap::draft(alert));
    }
    reading.done()
}

fn of_api(one: &Node<'_>, site: &str) -> Alert {
    let text = |key: &str| one.get(key).or_empty().trim().to_owned();
    let confidence = match one.get("confidence").or_empty().to_ascii_lowercase().as_str() {
        "false positive" => Some(0),
        "low" => Some(1),
        "medium" => Some(2),
        "high" => Some(3),
        "confirmed" | "user confirmed" => Some(4),
        _ => None,
    };
    Alert {
        site: site.to_owned(),
        plugin: text("pluginId"),
        reference: text("alertRef"),
        name: one.get("alert").text().or(one.get("name").text()).unwrap_or_default().to_owned(),
        risk_words: text("risk"),
        confidence,
        description: text("description"),
        solution: text("solution"),
        other: text("other"),
        links: text("reference"),
        cwe: one.get("cweid").number(),
        ..Alert::default()
    }
}

fn detect(shape: &Shape<'_>) -> Fit {
    let said = ["@version", "@programName", "@generated"].iter().any(|k| shape.has(&[k]));
    // GitLab's old reports of ZAP have its sites beside their own list.
    (shape.has(&["site"]) && said && !shape.has(&["vulnerabilities"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, zap::TOOL, &[Class::Dast]);
    reading.tool(doc.get("@programName").text());
    reading.version(doc.get("@version").text());
    // Old versions write a single site as an object.
    let site = doc.get("site");
    let sites = if site.is_object() { std::slice::from_ref(site) } else { doc.results("site")? };
    for site in sites {
        for found in site.results("alerts")? {
            if !found.is_object() {
                return Err(Unreadable(format!("An alert has to be an object, and is {}.", found.kind())));
            }
            reading.add(zap::draft(alert(site.get("@name").or_empty(), found)));
        }
    }
    if sites.is_empty() {
        reading.not_assessed("ZAP reports no site: it looked at nothing.");
    }
    reading.done()
}

fn alert(site: &str, found: &Node<'_>) -> Alert {
    let text = |key: &str| found.get(key).or_empty().trim().to_owned();
    let mut instances: Vec<Instance> = found.get("instances").items().iter().map(instance).collect();
    // Before 2.5 an alert had its one instance in itself.
    if instances.is_empty() && found.get("uri").text().is_some() {
        instances.push(instance(found));
    }
    Alert {
        site: site.to_owned(),
        plugin: text("pluginid"),
        reference: text("alertRef"),
        name: found.get("alert").text().or(found.get("name").text()).unwrap_or_default().to_owned(),
        risk_code: found.get("riskcode").number(),
        risk_words: text("riskdesc"),
        confidence: found.get("confidence").number(),
        description: text("desc"),
        solution: text("solution"),
        other: text("otherinfo"),
        links: text("reference"),
        cwe: found.get("cweid").number(),
        instances,
    }
}

fn instance(node: &Node<'_>) -> Instance {
    let text = |key: &str| node.get(key).or_empty().trim().to_owned();
    Instance {
        uri: text("uri"),
        method: text("method"),
        param: text("param"),
        attack: text("attack"),
        evidence: text("evidence"),
        exchange: EXCHANGE.map(text),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const ALERT: &str = r#"{"pluginid": "10038", "alertRef": "10038-1", "alert": "CSP not set", "name": "CSP not set",
        "riskcode": "2", "confidence": "3", "riskdesc": "Medium (High)", "desc": "<p>No CSP.</p>",
        "instances": [{"uri": "https://pay.example/a?t=1", "method": "GET", "param": "", "attack": "", "evidence": ""},
                      {"uri": "https://pay.example/b", "method": "POST", "param": "q", "attack": "", "evidence": "<x>"}],
        "count": "2", "solution": "<p>Set it.</p>", "reference": "<p>https://csp.example/1</p>", "cweid": "693"}"#;

    #[test]
    fn an_alert_is_one_finding_with_its_instances() {
        let text = format!(
            r#"{{"@programName": "ZAP", "@version": "2.16.1", "site": [{{"@name": "https://pay.example", "alerts": [{ALERT}]}}]}}"#
        );
        let report = read("z.json", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("zap-json", ReportStatus::Ok, 1));
        assert_eq!(report.tool_version.unwrap().raw(), "2.16.1");
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::Medium, "10038-1", "CSP not set"));
        assert_eq!(f.cwe, [693]);
        assert_eq!(f.place(), "https://pay.example");
        assert!(f.detail.raw().contains("Instances (2):\nGET https://pay.example/a?t=1\n"), "{}", f.detail.raw());
        assert!(f.detail.raw().contains("parameter: q, evidence: <x>"));
        assert_eq!(f.url.as_ref().unwrap().raw(), "https://csp.example/1");
    }

    #[test]
    fn a_new_instance_is_recognised_on_the_weakest_rung_only() {
        let doc = |alert: &str| {
            let text = format!(r#"{{"@version": "2", "site": {{"@name": "s", "alerts": [{alert}]}}}}"#);
            read("z", text.as_bytes(), None).findings.remove(0)
        };
        let (before, after) = (doc(ALERT), doc(&ALERT.replace("/b\"", "/c\"")));
        let shared: Vec<_> = before.keys.iter().filter(|k| after.keys.contains(k)).collect();
        assert!(shared.iter().all(|k| !k.rung.carries()) && !shared.is_empty(), "{shared:?}");
        assert_eq!(before.keys, doc(&ALERT.replace("t=1", "t=2")).keys);
    }

    #[test]
    fn no_site_is_not_assessed_and_no_alerts_is_an_error() {
        assert_eq!(read("z", br#"{"@version": "2", "site": []}"#, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("z", br#"{"@version": "2", "site": [{"@name": "x"}]}"#, None).status, ReportStatus::Error);
        let clean = br#"{"@version": "2", "site": [{"@name": "x", "alerts": []}]}"#;
        assert_eq!(read("z", clean, None).status, ReportStatus::Empty);
    }

    #[test]
    fn alerts_of_the_api_are_grouped_by_kind_and_site() {
        let one = |url: &str, risk: &str| {
            format!(
                r#"{{"pluginId": "10038", "alertRef": "10038-1", "alert": "No policy", "name": "No policy", "risk": "{risk}", "confidence": "High",
                "cweid": "693", "url": "{url}", "method": "GET", "param": "", "description": "It is missing.", "id": "3", "messageId": "9"}}"#
            )
        };
        let all = [
            one("https://s.example/a?x=1", "Medium"),
            one("https://s.example/b", "Medium"),
            one("https://t.example/", "Informational"),
        ];
        let list = format!("[{}]", all.join(","));
        for text in [format!("{{\"alerts\": {list}}}"), list.clone()] {
            let report = read("z", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), ("zap-api-json", 3, 2));
            let f = &report.findings[0];
            assert_eq!(
                (f.severity, f.rule.raw(), f.place()),
                (Severity::Medium, "10038-1", "https://s.example".to_owned())
            );
            assert!(f.detail.raw().contains("Instances (2)") && f.cwe == [693]);
            assert_eq!(report.findings[1].severity, Severity::Info);
        }
    }
}
