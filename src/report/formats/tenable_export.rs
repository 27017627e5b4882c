//! Tenable Vulnerability Management: chunks of the export of vulnerabilities (`/vulns/export`), in JSON or in lines of it.

use super::nessus::packaged;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "tenable-export-json",
    title: "Tenable Vulnerability Management, JSON of the vulnerability export",
    classes: &[Class::Infra],
    items: "elements of the list",
    severity: "`severity`, else the plugin's `risk_factor`, else CVSS",
    identity: "vulnerability and package, where the output names one; else plugin, host and port",
    checked: "written from the API's documentation; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = match shape.line() {
        list @ Node::List(_) => list.at("0"),
        one => one,
    };
    let plugin = first.get("plugin");
    (first.get("asset").is_object() && plugin.has_all(&["id", "name"]) && first.has_any(&["severity_id", "severity"]))
        .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "Nessus", &[Class::Infra]);
    for document in &Node::parse_all(input.text)? {
        let found = if document.is_list() { document.list()? } else { std::slice::from_ref(document) };
        for one in found {
            if one.object()?.get("state").or_empty().eq_ignore_ascii_case("fixed") {
                reading.passed(1);
            } else {
                reading.add(draft(one));
            }
        }
    }
    reading.done()
}

fn draft(one: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let (asset, plugin, port) = (one.get("asset"), one.get("plugin"), one.get("port"));
    draft.rated(one.get("severity").text().or(plugin.get("risk_factor").text()));
    plugin.get("id").or_empty().clone_into(&mut draft.rule);
    plugin.get("name").or_empty().clone_into(&mut draft.title);
    draft.say("", plugin.get("synopsis").text());
    draft.say("Description", plugin.get("description").text());
    draft.say("Solution", plugin.get("solution").text());
    draft.say("Output", one.get("output").text());
    let host = ["fqdn", "hostname", "ipv4", "ipv6", "netbios_name", "uuid"].iter().find_map(|k| asset.get(k).text());
    draft.on_host(host.unwrap_or_default(), port.get("port").text(), port.get("protocol").text());
    packaged(&mut draft, one.get("output").or_empty());
    draft.say("Address", asset.get("ipv4").text());
    draft.vulnerabilities = plugin.get("cve").texts().flat_map(words::vulnerability_ids).collect();
    let of_version = |score: &str, vector: &str| {
        let vector = plugin.get(vector);
        let vector = vector.get("raw").text().or(vector.text());
        Cvss::bare(plugin.get(score).score().filter(|s| *s > 0.0), vector)
    };
    let versions = [
        of_version("cvss4_base_score", "cvss4_vector"),
        of_version("cvss3_base_score", "cvss3_vector"),
        of_version("cvss_base_score", "cvss_vector"),
    ];
    draft.cvss = versions.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    draft.url = plugin.get("see_also").texts().find(|l| l.starts_with("http")).map(str::to_owned);
    let references = plugin.get("xrefs").items().iter();
    draft.cwe = references
        .filter(|x| x.get("type").or_empty().eq_ignore_ascii_case("cwe"))
        .filter_map(|x| x.get("id").number())
        .collect();
    draft.exploited = plugin.get("exploited_by_malware").is_true();
    if one.get("severity_modification_type").or_empty().eq_ignore_ascii_case("accepted") {
        let why = one.get("recast_reason").text().unwrap_or("no reason is given");
        draft.suppressed = Some(format!("The risk was accepted in Tenable: {why}"));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_of_assets_are_findings() {
        let one = |state: &str, kind: &str| {
            format!(
                r#"{{"asset": {{"hostname": "{state}.db", "ipv4": "192.0.2.7", "uuid": "u"}}, "output": "old", "plugin": {{"id": 77, "name": "Old TLS",
                "cve": ["CVE-2020-5"], "cvss3_base_score": 5.9, "risk_factor": "Low", "see_also": ["https://t.example"], "xrefs": [{{"type": "CWE", "id": "326"}}]}},
                "port": {{"port": 443, "protocol": "TCP"}}, "severity": "medium", "severity_id": 2, "severity_modification_type": "{kind}", "state": "{state}"}}"#
            )
        };
        let all = [one("OPEN", "NONE"), one("FIXED", "NONE"), one("REOPENED", "ACCEPTED")];
        for text in [format!("[{}]", all.join(",")), all.join("\n")] {
            let report = read("t", text.as_bytes(), None);
            assert_eq!(
                (report.format, report.raw_items, report.findings.len()),
                ("tenable-export-json", 3, 2),
                "{text}"
            );
            let f = &report.findings[0];
            assert_eq!(
                (f.class, f.severity, f.rule.raw(), &f.cwe[..]),
                (Class::Infra, Severity::Medium, "77", &[326][..])
            );
            assert_eq!(f.vulnerabilities[0].raw(), "CVE-2020-5");
            assert!(f.place().contains("OPEN.db") && f.suppressed.is_none());
            assert!(report.findings[1].suppressed.is_some());
        }
        assert_eq!(read("t", b"[1]", Some("tenable-export-json")).status, ReportStatus::Error);
    }
}
