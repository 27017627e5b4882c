//! OWASP ZAP's traditional XML report. Its raw items are alerts, not their instances.

use super::zap::{self, Alert, Instance};
use crate::report::prelude::*;
use crate::report::xml::Node;

const ROOT: &str = "OWASPZAPReport";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "zap-xml",
    title: "OWASP ZAP traditional XML",
    classes: &[Class::Dast],
    items: "`alertitem` elements, not their instances",
    severity: "`riskcode`",
    identity: "alert, site and instances",
    checked: "DefectDojo's parser, and the same run in JSON",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.root(ROOT).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut tool = zap::TOOL.to_owned();
    let mut version = None;
    let mut root = false;
    let mut site: Option<String> = None;
    let mut alerts = Vec::new();
    xml::walk(input.text, &["alertitem"], |part| match part {
        Part::Open(node) if node.name == ROOT => {
            root = true;
            version = node.attribute("version").map(str::to_owned);
            tool = node.attribute("programName").map_or_else(|| tool.clone(), str::to_owned);
        }
        Part::Open(node) if node.name == "site" => site = Some(node.attribute("name").unwrap_or_default().to_owned()),
        Part::Open(_) | Part::Close(_) => {}
        Part::Whole(node) => alerts.push(alert(site.as_deref().unwrap_or_default(), &node)),
    })?;
    if !root {
        return Err(Unreadable(format!("It has no element <{ROOT}>.")));
    }
    let findings: Vec<_> = alerts.into_iter().map(|a| zap::draft(a).finish(input, &tool, version.as_deref())).collect();
    Ok(Parsed {
        tool,
        tool_version: version,
        classes: vec![Class::Dast],
        raw_items: u32::try_from(findings.len()).unwrap_or(u32::MAX),
        not_assessed: site.is_none().then(|| "ZAP reports no site: it looked at nothing.".to_owned()),
        findings,
        remark: None,
    })
}

fn alert(site: &str, node: &Node<'_>) -> Alert {
    let text = |name: &str| node.text_of(name).unwrap_or_default().to_owned();
    let number = |name: &str| node.text_of(name).and_then(|t| t.parse().ok());
    let mut instances: Vec<Instance> = node
        .child("instances")
        .map(|list| list.children.iter().filter(|c| c.name == "instance").map(instance).collect())
        .unwrap_or_default();
    if instances.is_empty() && node.child("uri").is_some() {
        instances.push(instance(node));
    }
    Alert {
        site: site.to_owned(),
        plugin: text("pluginid"),
        reference: text("alertRef"),
        name: node.text_of("alert").or(node.text_of("name")).unwrap_or_default().to_owned(),
        risk_code: number("riskcode"),
        risk_words: text("riskdesc"),
        confidence: number("confidence"),
        description: text("desc"),
        solution: text("solution"),
        other: text("otherinfo"),
        links: text("reference"),
        cwe: number("cweid"),
        instances,
    }
}

fn instance(node: &Node<'_>) -> Instance {
    let text = |name: &str| node.text_of(name).unwrap_or_default().to_owned();
    Instance {
        uri: text("uri"),
        method: text("method"),
        param: text("param"),
        attack: text("attack"),
        evidence: text("evidence"),
        exchange: ["requestheader", "requestbody", "responseheader", "responsebody"].map(text),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dedup::merge_across;
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn the_xml_and_the_json_of_one_run_are_the_same_findings() {
        let xml = br#"<?xml version="1.0"?><OWASPZAPReport programName="ZAP" version="2.16.1"><site name="https://pay.example">
            <alerts><alertitem><pluginid>40012</pluginid><alertRef>40012</alertRef><alert>XSS</alert><riskcode>3</riskcode>
            <confidence>2</confidence><desc>&lt;p&gt;Bad.&lt;/p&gt;</desc><instances><instance><uri>https://pay.example/a</uri>
            <method>GET</method><param>q</param><evidence>&lt;script&gt;</evidence><requestheader>GET /a</requestheader></instance></instances><cweid>79</cweid>
            </alertitem></alerts></site></OWASPZAPReport>"#;
        let json = br#"{"@programName": "ZAP", "@version": "2.16.1", "site": [{"@name": "https://pay.example", "alerts": [
            {"pluginid": 40012, "alertRef": "40012", "alert": "XSS", "riskcode": 3, "confidence": 2, "desc": "<p>Bad.</p>",
             "instances": [{"uri": "https://pay.example/a", "method": "GET", "param": "q", "evidence": "<script>", "request-header": "GET /a"}], "cweid": 79}]}]}"#;
        let (xml, json) = (read("z.xml", xml, None), read("z.json", json, None));
        assert_eq!((xml.format, xml.status, xml.raw_items), ("zap-xml", ReportStatus::Ok, 1));
        assert_eq!(xml.findings[0].severity, Severity::High);
        assert!(xml.findings[0].detail.raw().contains("evidence: <script>"));
        assert_eq!(xml.findings[0].context.as_ref().unwrap().raw(), "GET /a");
        assert_eq!(xml.findings[0].context, json.findings[0].context);
        let merged = merge_across(vec![xml.findings, json.findings]);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].sources.len(), 2);
    }

    #[test]
    fn sites_without_alerts_are_clean_and_no_site_is_not_assessed() {
        let clean = b"<OWASPZAPReport version='2'><site name='x'><alerts></alerts></site></OWASPZAPReport>";
        assert_eq!(read("z", clean, None).status, ReportStatus::Empty);
        let none = b"<OWASPZAPReport version='2'></OWASPZAPReport>";
        assert_eq!(read("z", none, None).status, ReportStatus::NotAssessed);
        let torn = b"<OWASPZAPReport version='2'><site name='x'><alerts><alertitem>";
        assert_eq!(read("z", torn, None).status, ReportStatus::Error);
    }
}
