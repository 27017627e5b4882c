//! GitHub's Dependabot alerts: the REST API, and the GraphQL API, where an alert is a node below whatever was asked for.

use crate::report::prelude::*;

const TOOL: &str = "Dependabot";
/// How deep alerts are looked for below `data`.
const DEPTH: usize = 12;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "dependabot-json",
        title: "GitHub Dependabot alerts, REST API",
        classes: &[Class::Sca],
        items: "alerts",
        severity: "`security_vulnerability.severity`, else that of the advisory",
        identity: "the alert's address",
        checked: "GitHub's OpenAPI description and its examples",
        detect: detect_rest,
        parse: parse_rest,
    },
    Format {
        name: "dependabot-graphql",
        title: "GitHub vulnerability alerts, GraphQL API",
        classes: &[Class::Sca],
        items: "nodes of all `vulnerabilityAlerts`",
        severity: "`securityVulnerability.severity`",
        identity: "the alert's node id",
        checked: "DefectDojo's parser",
        detect: detect_graph,
        parse: parse_graph,
    },
];

fn detect_rest(shape: &Shape<'_>) -> Fit {
    let keys = ["dependency", "security_advisory", "security_vulnerability"];
    let refused = shape.has(&["message", "documentation_url"])
        && shape.json().get("documentation_url").or_empty().contains("dependabot");
    (shape.lists(&keys) || shape.has(&keys) || refused).into()
}

/// Only what is near the beginning of the document is seen of it.
fn detect_graph(shape: &Shape<'_>) -> Fit {
    (shape.json().has("data") && shape.head.contains("\"vulnerabilityAlerts\"")).into()
}

fn parse_rest(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    if let Some(why) = doc.get("message").text().filter(|_| !doc.has("security_advisory")) {
        reading.not_assessed(format!("GitHub gave no alerts: {why}"));
        return reading.done();
    }
    let alerts = if doc.is_object() { std::slice::from_ref(&doc) } else { doc.list()? };
    for alert in alerts {
        if !alert.get("security_advisory").is_object() {
            return Err(Unreadable("An alert has no advisory.".to_owned()));
        }
        reading.add(draft(&Alert::of_rest(alert)));
    }
    reading.done()
}

fn parse_graph(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let mut lists = Vec::new();
    let mut open = vec![(doc.get("data"), 0)];
    let mut repositories = 0_usize;
    while let Some((node, depth)) = open.pop() {
        if depth >= DEPTH {
            continue;
        }
        match node {
            Node::List(items) => open.extend(items.iter().rev().map(|i| (i, depth + 1))),
            Node::Object(entries) => {
                for (key, value) in entries.iter().rev() {
                    if key == "vulnerabilityAlerts" {
                        let name = ["nameWithOwner", "name"].iter().find_map(|k| node.get(k).text());
                        repositories = repositories.saturating_add(1);
                        lists.push((name, value));
                    } else {
                        open.push((value, depth + 1));
                    }
                }
            }
            _ => {}
        }
    }
    let errors: Vec<&str> = doc.get("errors").items().iter().filter_map(|e| e.get("message").text()).collect();
    let refused = || format!("GitHub could not answer all of the question: {}", errors.join("; "));
    if lists.iter().all(|(_, list)| list.is_null()) && !errors.is_empty() {
        reading.not_assessed(refused());
        return reading.done();
    }
    if lists.is_empty() {
        return Err(Unreadable("There are no \"vulnerabilityAlerts\" below \"data\".".to_owned()));
    }
    let mut more = doc.at("data.search.pageInfo.hasNextPage").is_true();
    for (name, list) in lists {
        let edges = list.get("nodes").is_null() && list.get("edges").is_list();
        let nodes = if edges { list.results("edges")? } else { list.results("nodes")? };
        for node in nodes {
            let alert = if edges { node.get("node") } else { node };
            if !alert.get("securityVulnerability").is_object() {
                return Err(Unreadable("An alert has no securityVulnerability.".to_owned()));
            }
            reading.add(draft(&Alert::of_graph(alert, name.filter(|_| repositories > 1))));
        }
        more |= list.at("pageInfo.hasNextPage").is_true();
    }
    if !errors.is_empty() {
        reading.remark(refused());
    }
    if more {
        reading.remark("There are more alerts than this page has: the report is a part of them.");
    }
    reading.done()
}

/// An alert in the words of both interfaces.
struct Alert<'n, 'd> {
    id: Option<&'n str>,
    state: Option<&'n str>,
    dismissed: Option<String>,
    package: &'n Node<'d>,
    advisory: &'n Node<'d>,
    severity: Option<&'n str>,
    range: Option<&'n str>,
    fixed: Option<&'n str>,
    path: Option<&'n str>,
    /// Where the file is not said, or there are several repositories.
    place: Option<String>,
    requirement: Option<&'n str>,
    url: Option<&'n str>,
}

impl<'n, 'd> Alert<'n, 'd> {
    fn of_rest(alert: &'n Node<'d>) -> Self {
        let (of, advisory) = (alert.get("security_vulnerability"), alert.get("security_advisory"));
        let page = alert.get("html_url").text().or(alert.get("url").text());
        Self {
            id: page,
            state: alert.get("state").text(),
            dismissed: reasons(alert, "dismissed_reason", "dismissed_comment"),
            package: if of.has("package") { of.get("package") } else { alert.at("dependency.package") },
            advisory,
            severity: of.get("severity").text().or(advisory.get("severity").text()),
            range: of.get("vulnerable_version_range").text(),
            fixed: of.at("first_patched_version.identifier").text(),
            path: alert.at("dependency.manifest_path").text(),
            place: alert.at("repository.full_name").owned(),
            requirement: None,
            url: page,
        }
    }

    fn of_graph(alert: &'n Node<'d>, repository: Option<&str>) -> Self {
        let of = alert.get("securityVulnerability");
        let path = alert.get("vulnerableManifestPath").text().or(alert.get("vulnerableManifestFilename").text());
        let gone = alert.get("dismissedAt").text().is_some();
        Self {
            id: alert.get("id").text(),
            state: alert.get("state").text().or(gone.then_some("DISMISSED")),
            dismissed: reasons(alert, "dismissReason", "dismissComment"),
            package: of.get("package"),
            advisory: of.get("advisory"),
            severity: of.get("severity").text(),
            range: of.get("vulnerableVersionRange").text(),
            fixed: of.at("firstPatchedVersion.identifier").text(),
            path,
            place: path.is_none().then(|| unplaced(alert)).flatten().or_else(|| repository.map(str::to_owned)),
            requirement: alert.get("vulnerableRequirements").text(),
            url: of.at("advisory.permalink").text(),
        }
    }
}

/// What tells an alert from others, where it does not say in which file the package is.
fn unplaced(alert: &Node<'_>) -> Option<String> {
    let id = alert.get("number").text().or(alert.get("id").text())?;
    Some(format!("alert {id}"))
}

fn reasons(alert: &Node<'_>, reason: &str, comment: &str) -> Option<String> {
    let words: Vec<&str> = [reason, comment].iter().filter_map(|k| alert.get(k).text()).collect();
    (!words.is_empty()).then(|| words.join(": "))
}

fn draft(alert: &Alert<'_, '_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let advisory = alert.advisory;
    draft.rated(alert.severity);
    let named = advisory.get("identifiers").items().iter().filter_map(|i| i.get("value").text());
    let named: Vec<&str> =
        ["ghsa_id", "ghsaId", "cve_id"].iter().filter_map(|k| advisory.get(k).text()).chain(named).collect();
    let own = named.iter().find(|n| n.starts_with("GHSA-")).or(named.first()).copied().unwrap_or_default();
    own.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(own, named.iter().copied());
    draft.title = advisory.get("summary").owned().unwrap_or_else(|| own.to_owned());
    draft.say("", advisory.get("description").text());
    draft.say("Affected", alert.range);
    draft.say("Required", alert.requirement);
    let package = alert.package;
    // What is required is a version only where exactly one is.
    let version = alert.requirement.and_then(|r| r.trim().strip_prefix('=')).map(|v| v.trim_start_matches('=').trim());
    let version = version.filter(|v| !v.is_empty() && !v.contains([',', ' ', '*']));
    let name = package.get("name").or_empty();
    let ecosystem = package.get("ecosystem").or_empty();
    draft.in_ecosystem(ecosystem, name, version, &alert.fixed.into_iter().collect::<Vec<_>>());
    draft.path = alert.path.map(str::to_owned);
    draft.logical.clone_from(&alert.place);
    let cwes = advisory.get("cwes");
    let cwes = if cwes.has("nodes") { cwes.get("nodes") } else { cwes };
    draft.cwe = cwes
        .items()
        .iter()
        .filter_map(|c| c.get("cwe_id").text().or(c.get("cweId").text()))
        .flat_map(words::cwe_numbers)
        .collect();
    let scores = [
        advisory.at("cvss_severities.cvss_v4"),
        advisory.at("cvssSeverities.cvssV4"),
        advisory.at("cvss_severities.cvss_v3"),
        advisory.at("cvssSeverities.cvssV3"),
        advisory.get("cvss"),
    ];
    let scores = scores.iter().map(|s| {
        let vector = s.get("vector_string").text().or(s.get("vectorString").text());
        // A score of 0 without a vector means that there is none.
        Cvss::of(s.get("score").score().filter(|n| *n > 0.0 || vector.is_some()), vector)
    });
    draft.cvss = scores.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    let epss = advisory.get("epss");
    draft.epss = epss.get("percentage").score().or(epss.at("0.percentage").score());
    draft.url = alert.url.map(str::to_owned).or_else(|| advisory.at("references.0.url").owned());
    draft.native_id = alert.id.map(str::to_owned);
    let why = alert.dismissed.as_deref().map(|w| format!(": {w}")).unwrap_or_default();
    draft.suppressed = match alert.state.unwrap_or_default().to_ascii_lowercase().as_str() {
        "dismissed" | "auto_dismissed" => Some(format!("dismissed{why}")),
        // GitHub looks at the default branch; what is released may be another.
        "fixed" => Some("fixed on the default branch".to_owned()),
        _ => None,
    };
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_alert_is_the_same_finding_in_both_interfaces() {
        let rest = r#"[{"number": 4, "state": "dismissed", "dismissed_reason": "no_bandwidth", "dependency": {"package": {"ecosystem": "npm", "name": "@a/pad"},
            "manifest_path": "web/package-lock.json"}, "security_advisory": {"ghsa_id": "GHSA-aaaa-bbbb-cccc", "cve_id": "CVE-2024-1", "summary": "Bad pad",
            "cwes": [{"cwe_id": "CWE-79"}], "cvss": {"score": 0.0, "vector_string": null}, "identifiers": []}, "security_vulnerability":
            {"package": {"ecosystem": "npm", "name": "@a/pad"}, "severity": "medium", "first_patched_version": {"identifier": "2.0"}}, "html_url": "https://github.example/a/4"}]"#;
        let graph = r#"{"data": {"search": {"nodes": [{"vulnerabilityAlerts": {"pageInfo": {"hasNextPage": true}, "nodes": [{"id": "RVA_1",
            "dismissedAt": "2024-01-01T00:00:00Z", "dismissReason": "no_bandwidth", "vulnerableManifestPath": "web/package-lock.json", "securityVulnerability": {"severity":
            "MODERATE", "package": {"name": "@a/pad", "ecosystem": "NPM"}, "firstPatchedVersion": {"identifier": "2.0"}, "advisory": {"summary": "Bad pad",
            "identifiers": [{"value": "GHSA-aaaa-bbbb-cccc"}, {"value": "CVE-2024-1"}], "cwes": {"nodes": [{"cweId": "CWE-79"}]}}}}]}}]}}}"#;
        let (rest, graph) = (read("r", rest.as_bytes(), None), read("g", graph.as_bytes(), None));
        assert_eq!((rest.format, graph.format), ("dependabot-json", "dependabot-graphql"));
        assert!(graph.reason.unwrap().raw().contains("more alerts"));
        for f in [&rest.findings[0], &graph.findings[0]] {
            assert_eq!(
                (f.severity, f.rule.raw(), f.cwe.as_slice()),
                (Severity::Medium, "GHSA-aaaa-bbbb-cccc", &[79][..])
            );
            assert_eq!((f.place().as_str(), f.vulnerabilities.len()), ("web/package-lock.json", 2));
            assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/%40a/pad");
            assert_eq!(f.suppressed.as_ref().unwrap().raw(), "dismissed: no_bandwidth");
        }
    }

    #[test]
    fn refusals_are_no_clean_reports() {
        let refused = r#"{"message": "Dependabot alerts are disabled for this repository.", "documentation_url": "https://docs.example/rest/dependabot/alerts"}"#;
        assert_eq!(read("r", refused.as_bytes(), None).status, ReportStatus::NotAssessed);
        let none = r#"{"data": {"repository": {"vulnerabilityAlerts": {"nodes": []}}}}"#;
        assert_eq!(read("g", none.as_bytes(), None).status, ReportStatus::Empty);
        let forbidden = r#"{"data": {"repository": {"vulnerabilityAlerts": null}}, "errors": [{"message": "Resource not accessible"}]}"#;
        assert_eq!(read("g", forbidden.as_bytes(), None).status, ReportStatus::NotAssessed);
        let wrong = r#"{"data": {"repository": {"vulnerabilityAlerts": null}}}"#;
        assert_eq!(read("g", wrong.as_bytes(), None).status, ReportStatus::Error);
    }
}
