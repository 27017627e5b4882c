//! Dependency-Track's findings: the export (Finding Packaging Format) and the list that its API gives.

mod violations;

use crate::report::prelude::*;

const TOOL: &str = "Dependency-Track";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "dependency-track-json",
        title: "Dependency-Track findings: export (FPF) and API",
        classes: &[Class::Sca, Class::Container],
        items: "elements of `findings`",
        severity: "`vulnerability.severity`; where it is UNASSIGNED that of the CVSS score",
        identity: "`matrix`: project, component and vulnerability in Dependency-Track",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    violations::VIOLATIONS,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let tool = doc.at("meta.application").or_empty().eq_ignore_ascii_case(TOOL);
    let listed = shape.lists(&["component", "vulnerability", "analysis"])
        || shape.lists(&["component", "vulnerability", "matrix"]);
    let first = doc.at("findings.0");
    let found = first.has_all(&["component", "vulnerability"]) && first.has_any(&["analysis", "matrix", "attribution"]);
    (tool || listed || found).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    reading.version(doc.at("meta.version").text());
    let findings = if doc.is_list() { doc.list()? } else { doc.results("findings")? };
    for finding in findings {
        if !finding.get("vulnerability").is_object() {
            return Err(Unreadable("A finding has no vulnerability.".to_owned()));
        }
        reading.add(draft(finding));
    }
    reading.done()
}

fn draft(finding: &Node<'_>) -> Draft {
    let (component, of) = (finding.get("component"), finding.get("vulnerability"));
    let url = component.get("purl").text();
    let parts = url.and_then(purl::parts);
    let system = parts.as_ref().is_some_and(purl::Parts::is_of_system);
    let mut draft = Draft::new(if system { Class::Container } else { Class::Sca });
    let id = of.get("vulnId").or_empty();
    let own = component.get("name").or_empty();
    let name = match (component.get("group").text(), parts) {
        (_, Some(parts)) => parts.name,
        (Some(group), None) => format!("{group}:{own}"),
        (None, None) => own.to_owned(),
    };
    draft.rated(of.get("severity").text());
    id.clone_into(&mut draft.rule);
    draft.title = of.get("title").owned().unwrap_or_else(|| format!("{id} in {name}"));
    draft.say("", of.get("description").text().or(of.get("subtitle").text()));
    draft.say("Remedy", of.get("recommendation").text());
    draft.say("Database", of.get("source").text());
    // Of one range of versions the end is the first that is mended; of several it is not sure which counts.
    let ranges = of.get("affectedVersions").items();
    let end = if let [one] = ranges { one.get("versionEndExcluding").text() } else { None };
    let fixed = of.get("patchedVersions").text().or(end);
    draft.in_package(Some(&name), component.get("version").text(), url, fixed);
    let aliases = of.get("aliases").items();
    let mut others: Vec<&str> = aliases.iter().filter_map(Node::text).collect();
    others.extend(aliases.iter().flat_map(Node::entries).filter_map(|(_, id)| id.text()));
    draft.vulnerabilities = match of.get("source").text() {
        // Numbers of the old npm registry mean something only there.
        Some("NPM") => words::known_as(&format!("NPM-{id}"), others),
        _ => words::known_as(id, others),
    };
    draft.cwe = of.get("cwes").items().iter().filter_map(|c| c.get("cweId").number()).collect();
    draft.cwe.extend(of.get("cweId").number());
    let scores =
        [("cvssV4Score", "cvssV4Vector"), ("cvssV3BaseScore", "cvssV3Vector"), ("cvssV2BaseScore", "cvssV2Vector")];
    let scores = scores.iter().map(|(score, vector)| Cvss::of(of.get(score).score(), of.get(vector).text()));
    draft.cvss = scores.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    draft.epss = of.get("epssScore").score();
    draft.native_id = finding.get("matrix").owned();
    let analysis = finding.get("analysis");
    let state = analysis.get("state").text().filter(|s| *s != "NOT_SET");
    draft.say("Analysis", state);
    draft.say("Analysis", analysis.get("detail").text());
    // An auditor's decision stands beside the suppression, and is one without it too.
    let decided = matches!(state, Some("FALSE_POSITIVE" | "NOT_AFFECTED" | "RESOLVED"));
    if decided || analysis.get("isSuppressed").is_true() {
        draft.suppressed = Some(state.map_or_else(|| "suppressed".to_owned(), |s| format!("suppressed: {s}")));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_finding_is_read_with_all_its_names() {
        let one = r#"{"component": {"name": "pad", "group": "org.p", "version": "1.0", "purl": "pkg:maven/org.p/pad@1.0"},
            "vulnerability": {"vulnId": "GHSA-aaaa-bbbb-cccc", "source": "GITHUB", "severity": "UNASSIGNED", "cvssV3BaseScore": 9.1,
            "aliases": [{"cveId": "CVE-2023-9", "ghsaId": "GHSA-aaaa-bbbb-cccc"}], "cwes": [{"cweId": 20}], "epssScore": 0.5},
            "analysis": {"state": "NOT_AFFECTED", "isSuppressed": true}, "matrix": "p:c:v"}"#;
        let export = format!(
            r#"{{"version": "1.2", "meta": {{"application": "Dependency-Track", "version": "4.9"}}, "findings": [{one}]}}"#
        );
        for text in [export, format!("[{one}]")] {
            let report = read("d", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("dependency-track-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.cwe.as_slice()), (Class::Sca, Severity::Critical, &[20][..]));
            assert_eq!(f.package.as_ref().unwrap().name.raw(), "org.p:pad");
            assert_eq!(f.cves().collect::<Vec<_>>(), ["CVE-2023-9"]);
            assert_eq!(f.suppressed.as_ref().unwrap().raw(), "suppressed: NOT_AFFECTED");
            assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "p:c:v");
        }
    }

    #[test]
    fn what_an_auditor_decided_counts_and_the_end_of_a_range_is_the_fix() {
        let of = |state: &str| {
            let text = format!(
                r#"{{"findings": [{{"component": {{"name": "pad", "version": "1.0"}}, "vulnerability": {{"vulnId": "CVE-2024-1", "severity": "HIGH",
                "affectedVersions": [{{"versionStartIncluding": "1.0", "versionEndExcluding": "1.5"}}]}}, "analysis": {{"state": "{state}", "isSuppressed": false}}}}]}}"#
            );
            read("d", text.as_bytes(), None)
        };
        let report = of("FALSE_POSITIVE");
        assert_eq!((report.format, report.findings[0].suppressed.is_some()), ("dependency-track-json", true));
        assert_eq!(report.findings[0].package.as_ref().unwrap().fixed[0].raw(), "1.5");
        assert!(of("EXPLOITABLE").findings[0].suppressed.is_none());
    }

    #[test]
    fn an_export_without_findings_is_no_clean_one() {
        let of = |rest: &str| {
            read("d", format!(r#"{{"meta": {{"application": "Dependency-Track"}}{rest}}}"#).as_bytes(), None).status
        };
        assert_eq!(of(r#", "findings": []"#), ReportStatus::Empty);
        assert_eq!(of(""), ReportStatus::Error);
        assert_eq!(of(r#", "findings": [{}]"#), ReportStatus::Error);
    }
}
