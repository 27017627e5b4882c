//! OVAL results: `oscap oval eval --results`, which other scanners of OVAL definitions write too.
//!
//! What a definition that is true means follows from its class: of a vulnerability or a patch that it is there, or missing;
//! of compliance that all is well.

use std::collections::HashMap;

use super::TOOL;
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const OVAL: Format = Format {
    name: "oval-results-xml",
    title: "OVAL 5 results (OpenSCAP)",
    classes: &[Class::Infra],
    items: "definitions that were decided, also those that hold nothing against the host",
    severity: "`severity` of the definition's advisory, else that of its CVEs' scores",
    identity: "definition and host; vulnerability and host",
    checked: "runs of OpenSCAP 1.3.7 over definitions of our own",
    detect: |shape| shape.root("oval_results").into(),
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut known: HashMap<String, Element> = HashMap::new();
    // With the number of the system, of which the host is named behind its results.
    let mut results: Vec<(String, String, usize)> = Vec::new();
    let mut hosts: Vec<String> = Vec::new();
    let (mut version, mut tool) = (None, None);
    let whole =
        ["definition", "primary_host_name", "product_version", "product_name", "collected_objects", "system_data"];
    xml::walk(input.text, &whole, |part| {
        let Part::Whole(node) = part else { return };
        let text = || Some(node.text.trim().to_owned()).filter(|t| !t.is_empty());
        match node.name {
            "primary_host_name" => hosts.push(node.text.trim().to_owned()),
            "product_version" => version = version.take().or_else(text),
            "product_name" => tool = tool.take().or_else(text),
            "definition" => {
                let of = |name: &str| node.attribute(name).map(str::to_owned);
                if let (Some(id), Some(result)) = (of("definition_id"), of("result")) {
                    results.push((id, result, hosts.len()));
                } else if let Some(id) = of("id") {
                    known.entry(id).or_insert(node);
                }
            }
            _ => {}
        }
    })?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    // `cpe:/a:open-scap:oscap` is OpenSCAP; others write their name.
    let named = tool.as_deref().filter(|t| !t.contains("open-scap"));
    reading.tool(named);
    reading.version(version.as_deref());
    let (mut judged, mut undecided) = (0_usize, 0_usize);
    for (id, result, system) in &results {
        let definition = known.get(id);
        let class = definition.and_then(|d| d.attribute("class")).unwrap_or_default();
        let holds = match (class, result.as_str()) {
            ("vulnerability" | "patch", "true") | ("compliance", "false") => true,
            ("vulnerability" | "patch" | "compliance", "true" | "false") => false,
            // What is installed, and the like: it judges nothing.
            (_, "true" | "false") => {
                reading.passed(1);
                continue;
            }
            // What does not apply was decided as well.
            (_, "not applicable") => continue,
            _ => {
                undecided += usize::from(class != "inventory");
                continue;
            }
        };
        judged += 1;
        if holds {
            reading.add(draft(id, definition, hosts.get(*system).map(String::as_str)));
        } else {
            reading.passed(1);
        }
    }
    if judged == 0 {
        reading.not_assessed(format!("Of {} OVAL definitions none that judges anything was decided.", results.len()));
    } else if undecided > 0 {
        reading.incomplete(format!("{undecided} of {} OVAL definitions were not decided.", results.len()));
    }
    reading.done()
}

fn draft(id: &str, definition: Option<&Element>, host: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    id.clone_into(&mut draft.rule);
    let metadata = definition.and_then(|d| d.child("metadata"));
    let text = |path: &str| metadata.and_then(|m| m.text_at(path));
    text("title").unwrap_or(id).clone_into(&mut draft.title);
    draft.say("", text("description"));
    let references = || metadata.into_iter().flat_map(|m| m.all("reference"));
    let ids = references().filter_map(|r| r.attribute("ref_id")).flat_map(words::vulnerability_ids);
    let advisory = metadata.and_then(|m| m.child("advisory"));
    let cves = || advisory.into_iter().flat_map(|a| a.all("cve"));
    draft.vulnerabilities = ids.chain(cves().flat_map(|c| words::vulnerability_ids(&c.text))).collect();
    draft.vulnerabilities.sort();
    draft.vulnerabilities.dedup();
    draft.rated(text("advisory/severity"));
    draft.cvss = cves()
        .filter_map(|c| c.attribute("cvss3").or_else(|| c.attribute("cvss2")))
        .find_map(|v| v.split_once('/'))
        .map(|(score, vector)| Cvss::of(score.parse().ok(), Some(vector)))
        .unwrap_or_default();
    draft.url = references().find_map(|r| r.attribute("ref_url")).map(str::to_owned);
    draft.path = host.map(str::to_owned);
    draft.logical = Some(host.unwrap_or(id).to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    fn of(results: &str) -> Report {
        let text = format!(
            r#"<oval_results xmlns:oval="o"><generator><oval:product_name>cpe:/a:open-scap:oscap</oval:product_name><oval:product_version>1.3.7</oval:product_version></generator>
            <oval_definitions><definitions>
            <definition id="oval:a:def:1" version="1" class="patch"><metadata><title>RHSA-2021:1024: openssl (Important)</title><reference source="RHSA" ref_id="RHSA-2021:1024" ref_url="https://a.example/1"/>
              <reference source="CVE" ref_id="CVE-2021-3449"/><description>It is mended.</description><advisory><severity>Important</severity><cve cvss3="5.9/CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H">CVE-2021-3449</cve></advisory></metadata></definition>
            <definition id="oval:a:def:2" version="1" class="compliance"><metadata><title>Umask</title></metadata></definition>
            <definition id="oval:a:def:3" version="1" class="inventory"><metadata><title>Debian</title></metadata></definition></definitions></oval_definitions>
            <results><system><definitions>{results}</definitions><oval_system_characteristics><system_info><primary_host_name>db1</primary_host_name></system_info></oval_system_characteristics></system></results></oval_results>"#
        );
        read("o", text.as_bytes(), None)
    }

    #[test]
    fn what_a_result_means_follows_from_its_class() {
        let report = of(
            r#"<definition definition_id="oval:a:def:1" result="true"/><definition definition_id="oval:a:def:2" result="false"/><definition definition_id="oval:a:def:3" result="true"/>"#,
        );
        assert_eq!((report.format, report.status, report.raw_items), ("oval-results-xml", ReportStatus::Ok, 3));
        assert_eq!(report.tool_version.unwrap().raw(), "1.3.7");
        let [patch, umask] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((patch.severity, patch.rule.raw(), patch.place().as_str()), (Severity::High, "oval:a:def:1", "db1"));
        assert!(patch.vulnerabilities.iter().any(|v| v.raw() == "CVE-2021-3449"));
        assert_eq!((umask.title.raw(), umask.severity), ("Umask", Severity::Unknown));
    }

    #[test]
    fn each_system_has_its_own_host() {
        let one = r#"<definition definition_id="oval:a:def:1" result="true"/>"#;
        let next = r"</definitions><oval_system_characteristics><system_info><primary_host_name>db0</primary_host_name></system_info></oval_system_characteristics></system><system><definitions>";
        let report = of(&format!("{one}{next}{one}"));
        let hosts: Vec<String> = report.findings.iter().map(crate::domain::finding::Finding::place).collect();
        assert_eq!(hosts, ["db0", "db1"]);
    }

    #[test]
    fn what_was_not_decided_is_not_clean() {
        let one = |class: u8, result: &str| {
            of(&format!("<definition definition_id=\"oval:a:def:{class}\" result=\"{result}\"/>"))
        };
        assert_eq!(one(1, "false").status, ReportStatus::Empty);
        assert_eq!(one(1, "not evaluated").status, ReportStatus::NotAssessed);
        assert_eq!(one(3, "true").status, ReportStatus::NotAssessed);
        let both = of(
            r#"<definition definition_id="oval:a:def:1" result="false"/><definition definition_id="oval:a:def:2" result="error"/>"#,
        );
        assert_eq!(both.status, ReportStatus::NotAssessed);
    }
}
