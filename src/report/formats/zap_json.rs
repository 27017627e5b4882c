//! OWASP ZAP's traditional JSON report. Its raw items are alerts, not their instances.

use serde::Deserialize;

use super::zap::{self, Alert, Instance};
use crate::report::lax::{self, List, Text};
use crate::report::prelude::*;

#[derive(Debug, Deserialize)]
struct Doc {
    #[serde(default, rename = "@programName")]
    program: Text,
    #[serde(default, rename = "@version")]
    version: Text,
    site: Sites,
}

/// Old versions write a single site as an object.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Sites {
    Many(Vec<Site>),
    One(Box<Site>),
}

#[derive(Debug, Deserialize)]
struct Site {
    #[serde(default, rename = "@name")]
    name: Text,
    alerts: Vec<WireAlert>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireAlert {
    pluginid: Text,
    #[serde(rename = "alertRef")]
    alert_ref: Text,
    alert: Text,
    name: Text,
    riskcode: Text,
    riskdesc: Text,
    confidence: Text,
    desc: Text,
    solution: Text,
    otherinfo: Text,
    reference: Text,
    cweid: Text,
    instances: List<WireInstance>,
    // Before 2.5 an alert had its one instance in itself.
    uri: Text,
    method: Text,
    param: Text,
    attack: Text,
    evidence: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireInstance {
    uri: Text,
    method: Text,
    param: Text,
    attack: Text,
    evidence: Text,
    #[serde(rename = "request-header")]
    request_header: Text,
    #[serde(rename = "request-body")]
    request_body: Text,
    #[serde(rename = "response-header")]
    response_header: Text,
    #[serde(rename = "response-body")]
    response_body: Text,
}

pub(super) const FORMATS: &[Format] = &[Format {
    name: "zap-json",
    title: "OWASP ZAP traditional JSON",
    classes: &[Class::Dast],
    items: "alerts of all sites, not their instances",
    severity: "`riskcode`",
    identity: "alert, site and instances",
    checked: "the same run in XML",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let said = ["@version", "@programName", "@generated"].iter().any(|k| shape.has(&[k]));
    // GitLab's old reports of ZAP have its sites beside their own list.
    (shape.has(&["site"]) && said && !shape.has(&["vulnerabilities"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc: Doc = lax::json(input.text)?;
    let tool = doc.program.get().unwrap_or(zap::TOOL).to_owned();
    let version = doc.version.owned();
    let sites = match doc.site {
        Sites::Many(sites) => sites,
        Sites::One(site) => vec![*site],
    };
    let none = sites.is_empty();
    let findings: Vec<_> = sites
        .into_iter()
        .flat_map(|site| {
            let name = site.name;
            site.alerts.into_iter().map(move |a| alert(name.or_empty(), &a)).collect::<Vec<_>>()
        })
        .map(|a| zap::draft(a).finish(input, &tool, version.as_deref()))
        .collect();
    Ok(Parsed {
        tool,
        tool_version: version,
        classes: vec![Class::Dast],
        raw_items: u32::try_from(findings.len()).unwrap_or(u32::MAX),
        findings,
        not_assessed: none.then(|| "ZAP reports no site: it looked at nothing.".to_owned()),
        remark: None,
    })
}

fn alert(site: &str, wire: &WireAlert) -> Alert {
    let text = |t: &Text| t.or_empty().trim().to_owned();
    let mut instances: Vec<Instance> = wire
        .instances
        .0
        .iter()
        .map(|i| Instance {
            uri: text(&i.uri),
            method: text(&i.method),
            param: text(&i.param),
            attack: text(&i.attack),
            evidence: text(&i.evidence),
            exchange: [&i.request_header, &i.request_body, &i.response_header, &i.response_body].map(text),
        })
        .collect();
    if instances.is_empty() && wire.uri.get().is_some() {
        instances.push(Instance {
            uri: text(&wire.uri),
            method: text(&wire.method),
            param: text(&wire.param),
            attack: text(&wire.attack),
            evidence: text(&wire.evidence),
            ..Instance::default()
        });
    }
    Alert {
        site: site.to_owned(),
        plugin: text(&wire.pluginid),
        reference: text(&wire.alert_ref),
        name: wire.alert.get().or(wire.name.get()).unwrap_or_default().to_owned(),
        risk_code: wire.riskcode.number(),
        risk_words: text(&wire.riskdesc),
        confidence: wire.confidence.number(),
        description: text(&wire.desc),
        solution: text(&wire.solution),
        other: text(&wire.otherinfo),
        links: text(&wire.reference),
        cwe: wire.cweid.number(),
        instances,
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
}
