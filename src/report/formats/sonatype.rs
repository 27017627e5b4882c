//! Sonatype IQ (Nexus Lifecycle): the raw report of an application, and the one of its policy violations.

use crate::report::prelude::*;

const TOOL: &str = "Sonatype IQ";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "sonatype-json",
        title: "Sonatype IQ application report, raw",
        classes: &[Class::Sca],
        items: "elements of `securityIssues` of all components",
        severity: "CVSS, which the report calls `severity`",
        identity: "vulnerability, package and path",
        checked: "DefectDojo's parser",
        detect: |shape| {
            let one = shape.json().at("components.0");
            let none = shape.has(&["components", "matchSummary"]);
            (none || one.has_all(&["componentIdentifier", "securityData"])).into()
        },
        parse: parse_raw,
    },
    Format {
        name: "sonatype-policy-json",
        title: "Sonatype IQ application report, policy violations",
        classes: &[Class::Sca, Class::Licence],
        items: "elements of `violations` of all components",
        severity: "`policyThreatLevel`: critical from 8, high from 4 (severe), medium from 2 (moderate), low at 1, else info",
        identity: "policy and package; vulnerability where a condition names one",
        checked: "written from the API's documentation; no real file was at hand",
        detect: |shape| {
            let one = shape.json().at("components.0");
            (one.has("violations") && (one.has("componentIdentifier") || one.has("packageUrl"))).into()
        },
        parse: parse_policy,
    },
];

fn parse_raw(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for component in components(&doc)? {
        let data = component.get("securityData");
        // Of a component that IQ does not know there are no data.
        let issues = if data.is_null() { &[] } else { data.results("securityIssues")? };
        for issue in issues {
            if !issue.is_object() {
                return Err(Unreadable(format!("An issue has to be an object, and is {}.", issue.kind())));
            }
            reading.add(issue_of(issue, component));
        }
    }
    if doc.at("matchSummary.totalComponentCount").number() == Some(0) {
        reading.not_assessed("Sonatype IQ found no components to look at.");
    }
    reading.done()
}

fn components<'n, 'd>(doc: &'n Node<'d>) -> Result<&'n [Node<'d>], Unreadable> {
    let list = doc.results("components")?;
    match list.iter().find(|c| !c.is_object()) {
        Some(other) => Err(Unreadable(format!("A component has to be an object, and is {}.", other.kind()))),
        None => Ok(list),
    }
}

/// The component, and where it is.
fn in_component(draft: &mut Draft, component: &Node<'_>) -> String {
    let of = component.get("componentIdentifier");
    let at = of.get("coordinates");
    let text = |keys: &[&str]| keys.iter().find_map(|k| at.get(k).text());
    let url = component.get("packageUrl").text();
    let version = text(&["version"]);
    let own = text(&["packageId", "name", "artifactId"]);
    let name = match (text(&["groupId"]), own) {
        (Some(group), Some(artifact)) => format!("{group}:{artifact}"),
        (None, Some(name)) => name.to_owned(),
        _ => url.and_then(purl::parts).map(|p| p.name).unwrap_or_default(),
    };
    let shown = component.get("displayName").text().unwrap_or_default();
    let name = if name.is_empty() { shown.to_owned() } else { name };
    match url {
        Some(url) => draft.in_package(Some(&name), version, Some(url), None),
        None => draft.in_ecosystem(of.get("format").or_empty(), &name, version, &[]),
    }
    let paths = component.get("pathnames");
    // A component may be spread over thousands of files; then none of them is its place.
    if let [one] = paths.items() {
        draft.path = one.owned();
    } else {
        let shown: Vec<&str> = paths.texts().take(10).collect();
        let more = paths.items().len().saturating_sub(shown.len());
        let rest = if more > 0 { format!("\nand {more} more") } else { String::new() };
        draft.say("Files", (!shown.is_empty()).then(|| format!("{}{rest}", shown.join("\n"))).as_deref());
    }
    name
}

fn issue_of(issue: &Node<'_>, component: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let id = issue.get("reference").or_empty();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, None);
    draft.say("Threat", issue.get("threatCategory").text());
    let name = in_component(&mut draft, component);
    draft.title = format!("{id} in {name}");
    draft.cvss = Cvss::of(issue.get("severity").score(), issue.get("cvssVector").text());
    if draft.cvss.is_empty() {
        draft.rated(issue.get("threatCategory").text());
    }
    draft.cwe = issue
        .get("cwe")
        .texts()
        .flat_map(|c| words::cwe_numbers(&format!("CWE-{}", c.trim_start_matches("CWE-"))))
        .collect();
    draft.url = issue.get("url").owned();
    let status = issue.get("status").text();
    if status.is_some_and(|s| s.eq_ignore_ascii_case("not applicable")) {
        draft.suppressed = status.map(str::to_owned);
    } else {
        draft.say("Status", status.filter(|s| !s.eq_ignore_ascii_case("open")));
    }
    draft
}

fn parse_policy(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca, Class::Licence]);
    for component in components(&doc)? {
        for violation in component.results_or_none("violations")? {
            if !violation.is_object() {
                return Err(Unreadable(format!("A violation has to be an object, and is {}.", violation.kind())));
            }
            reading.add(violation_of(violation, component));
        }
    }
    reading.done()
}

fn violation_of(of: &Node<'_>, component: &Node<'_>) -> Draft {
    let category = of.get("policyThreatCategory").or_empty();
    let mut draft = Draft::new(if category.eq_ignore_ascii_case("license") { Class::Licence } else { Class::Sca });
    draft.severity = match of.get("policyThreatLevel").number() {
        None => Severity::Unknown,
        Some(0) => Severity::Info,
        Some(1) => Severity::Low,
        Some(2..=3) => Severity::Medium,
        Some(4..=7) => Severity::High,
        Some(_) => Severity::Critical,
    };
    let policy = of.get("policyName").or_empty();
    let constraints = of.get("constraints").items();
    let conditions = constraints.iter().flat_map(|c| c.get("conditions").items());
    let reasons: Vec<&str> =
        conditions.filter_map(|c| c.get("conditionReason").text().or(c.get("conditionSummary").text())).collect();
    let all = reasons.join("\n");
    draft.vulnerabilities = words::vulnerability_ids(&all);
    draft.rule = draft.vulnerabilities.first().cloned().unwrap_or_else(|| policy.to_owned());
    draft.say("", Some(&all));
    let name = in_component(&mut draft, component);
    draft.title = format!("{policy}: {name}");
    let waived = ["waived", "legacyViolation", "grandfathered"];
    draft.suppressed = waived.iter().find(|k| of.get(k).is_true()).map(|k| (*k).to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn issues_of_components() {
        let text = r#"{"components": [{"componentIdentifier": {"format": "maven", "coordinates": {"groupId": "org.p", "artifactId": "pad", "version": "1.0"}},
            "pathnames": ["lib/pad-1.0.jar"], "securityData": {"securityIssues": [{"reference": "CVE-2016-1", "severity": 9.1, "status": "Not Applicable",
            "url": "https://x.example", "threatCategory": "critical"}, {"reference": "sonatype-2018-2", "severity": 5.9, "status": "Open"}]}}, {"securityData": null}],
            "matchSummary": {"totalComponentCount": 2}}"#;
        let report = read("s", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("sonatype-json", 2));
        let [a, b] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((a.severity, a.place().as_str()), (Severity::Critical, "lib/pad-1.0.jar"));
        assert_eq!(a.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:maven/org.p/pad@1.0");
        assert_eq!(a.suppressed.as_ref().unwrap().raw(), "Not Applicable");
        assert_eq!((b.severity, b.vulnerabilities[0].raw()), (Severity::Medium, "SONATYPE-2018-2"));
    }

    #[test]
    fn violations_of_policies_and_empty_reports() {
        let text = r#"{"components": [{"packageUrl": "pkg:npm/pad@1.0", "displayName": "pad 1.0", "violations": [{"policyName": "Licence-Banned", "policyThreatCategory": "LICENSE",
            "policyThreatLevel": 9, "waived": true, "constraints": [{"conditions": [{"conditionReason": "Licence is GPL-3.0"}]}]}, {"policyName": "Security-High",
            "policyThreatCategory": "SECURITY", "policyThreatLevel": 7, "constraints": [{"conditions": [{"conditionReason": "Found CVE-2020-3"}]}]}]}]}"#;
        let report = read("s", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("sonatype-policy-json", 2));
        let classes: Vec<_> = report.findings.iter().map(|f| (f.class, f.severity, f.rule.raw())).collect();
        assert_eq!(
            classes,
            [(Class::Licence, Severity::Critical, "Licence-Banned"), (Class::Sca, Severity::High, "CVE-2020-3")]
        );
        let of = |n: u8| {
            read(
                "s",
                format!(r#"{{"components": [], "matchSummary": {{"totalComponentCount": {n}}}}}"#).as_bytes(),
                None,
            )
            .status
        };
        assert_eq!((of(4), of(0)), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!(read("s", br#"{"components": [3], "matchSummary": {}}"#, None).status, ReportStatus::Error);
    }
}
