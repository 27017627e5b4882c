//! Reports of the Trivy operator: resources of Kubernetes, alone, in a list of `kubectl get -o json`, or one after another.

use std::collections::{BTreeMap, HashMap};

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Trivy Operator";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "trivy-operator-json",
    title: "Trivy operator: VulnerabilityReport, ConfigAuditReport, ExposedSecretReport and the other kinds",
    classes: &[Class::Container, Class::Sca, Class::Iac, Class::Secret, Class::Infra],
    items: "vulnerabilities, secrets and checks (passed ones too) of all reports; controls of a compliance report",
    severity: "`severity`, then CVSS",
    identity: "vulnerability, package and image; check and resource",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

/// Kinds with what they are evidence of.
const KINDS: [(&str, &[Class]); 7] = [
    ("VulnerabilityReport", &[Class::Container, Class::Sca]),
    ("ConfigAuditReport", &[Class::Iac]),
    ("RbacAssessmentReport", &[Class::Iac]),
    ("InfraAssessmentReport", &[Class::Infra]),
    ("ExposedSecretReport", &[Class::Secret]),
    ("ComplianceReport", &[Class::Infra]),
    ("SbomReport", &[]),
];

/// The kind without the word for those that are of the cluster, not of a namespace.
fn kind<'n>(resource: &'n Node<'_>) -> &'n str {
    let kind = resource.get("kind").or_empty();
    kind.strip_prefix("Cluster").unwrap_or(kind)
}

fn of_operator(resource: &Node<'_>) -> bool {
    let kind = kind(resource);
    let group = resource.get("apiVersion").or_empty().starts_with("aquasecurity.github.io/");
    KINDS.iter().any(|(k, _)| *k == kind) && (group || resource.has("report") || resource.has("status"))
}

/// The lists of a document that has one for each kind, as some scripts collect them.
fn collected<'n, 'a>(doc: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    let named = doc.entries().iter().filter(|(k, _)| k.ends_with("reports.aquasecurity.github.io"));
    named.map(|(_, list)| if list.has("items") { list.get("items") } else { list })
}

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.line();
    if collected(doc).next().is_some() {
        return Fit::Sure;
    }
    let list_kind = doc.get("kind").or_empty().strip_suffix("List").unwrap_or_default();
    let empty = KINDS.iter().any(|(k, _)| list_kind.strip_prefix("Cluster").unwrap_or(list_kind) == *k);
    (of_operator(doc) || of_operator(doc.at("items.0")) || of_operator(doc.at("0")) || (empty && doc.has("items")))
        .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let documents = Node::parse_all(input.text)?;
    let mut reports = 0_usize;
    for doc in &documents {
        let mut resources: Vec<&Node<'_>> = Vec::new();
        for list in collected(doc).filter(|l| !l.is_null()) {
            resources.extend(list.list()?);
        }
        match doc {
            Node::List(list) => resources.extend(list),
            doc if doc.has("items") => resources.extend(doc.results("items")?),
            doc if collected(doc).next().is_none() => resources.push(doc),
            _ => {}
        }
        for resource in resources {
            let resource = image::object(resource, "A resource")?;
            if report(&mut reading, resource)? {
                reports += 1;
            } else {
                let kind = resource.get("kind").or_empty();
                reading.remark(format!("What is of the kind {} was not read.", crate::text::line(kind)));
            }
        }
    }
    if reports == 0 {
        reading.not_assessed("There is no report of the Trivy operator in the list.");
    }
    reading.done()
}

/// Whether it was one that is evidence of something.
fn report(reading: &mut Reading<'_>, resource: &Node<'_>) -> Result<bool, Unreadable> {
    let kind = kind(resource);
    let Some((_, classes)) = KINDS.iter().find(|(k, _)| *k == kind).filter(|(_, c)| !c.is_empty()) else {
        return Ok(false);
    };
    classes.iter().for_each(|c| reading.assessed(*c));
    let report = resource.get("report");
    let place = Place::of(resource);
    match kind {
        "VulnerabilityReport" => {
            for found in report.results_or_none("vulnerabilities")? {
                reading.add(vulnerability(image::object(found, "A vulnerability")?, &place));
            }
        }
        "ExposedSecretReport" => {
            for found in report.results_or_none("secrets")? {
                reading.add(secret(image::object(found, "A secret")?, &place));
            }
        }
        "ComplianceReport" => compliance(reading, resource, &place)?,
        _ => {
            let class = if kind == "InfraAssessmentReport" { Class::Infra } else { Class::Iac };
            for found in report.results_or_none("checks")? {
                let found = image::object(found, "A check")?;
                if found.get("success").is_true() {
                    reading.passed(1);
                } else {
                    reading.add(check(found, class, &place));
                }
            }
        }
    }
    if kind != "ComplianceReport" && !report.is_object() {
        reading.not_assessed(format!("The {kind} has no report in it."));
    }
    Ok(true)
}

/// What a report is of.
struct Place {
    resource: Option<String>,
    image: Option<String>,
    system: String,
}

impl Place {
    fn of(resource: &Node<'_>) -> Self {
        let labels = resource.at("metadata.labels");
        let label = |name: &str| labels.get(name).text();
        let parts =
            ["trivy-operator.resource.kind", "trivy-operator.resource.namespace", "trivy-operator.resource.name"];
        let mut name: Vec<&str> = parts.iter().filter_map(|p| label(p)).collect();
        if name.is_empty() {
            name.extend(resource.at("metadata.name").text());
        }
        name.extend(label("trivy-operator.container.name"));
        let report = resource.get("report");
        let artifact = report.get("artifact");
        let version = match (artifact.get("tag").text(), artifact.get("digest").text()) {
            (Some(tag), _) => format!(":{tag}"),
            (None, Some(digest)) => format!("@{digest}"),
            (None, None) => String::new(),
        };
        let image = artifact.get("repository").text().map(|repository| {
            let server = report.at("registry.server").text().map(|s| format!("{s}/")).unwrap_or_default();
            format!("{server}{repository}{version}")
        });
        let system = report.get("os");
        let system = format!("{}:{}", system.get("family").or_empty(), system.get("name").or_empty());
        Self { resource: Some(name.join("/")).filter(|n| !n.is_empty()), image, system }
    }
}

fn vulnerability(found: &Node<'_>, place: &Place) -> Draft {
    let kind = match (found.get("packageType").text(), found.get("class").text()) {
        (Some(kind), _) => kind,
        (None, Some("lang-pkgs")) => "package",
        (None, _) => "",
    };
    let mut draft = Flaw {
        id: found.get("vulnerabilityID").or_empty(),
        title: found.get("title").text(),
        description: found.get("description").text(),
        name: found.get("resource").text(),
        version: found.get("installedVersion").text(),
        kind,
        distro: &place.system,
        purl: found.get("packagePURL").text(),
        image: place.image.as_deref(),
        path: found.get("packagePath").text().or_else(|| found.get("target").text()),
        fixed: found.get("fixedVersion").text(),
    }
    .draft();
    draft.logical.clone_from(&place.resource);
    draft.rated(found.get("severity").text());
    let vendors = found.get("cvss").entries().iter().flat_map(|(_, cvss)| {
        [("V40Score", "V40Vector"), ("V3Score", "V3Vector"), ("V2Score", "V2Vector")]
            .map(|(s, v)| Cvss::of(cvss.get(s).score(), cvss.get(v).text()))
    });
    draft.cvss = image::best(vendors.chain([Cvss::of(found.get("score").score(), None)]));
    draft.url = found.get("primaryLink").owned().or_else(|| found.at("links.0").owned());
    draft
}

fn secret(found: &Node<'_>, place: &Place) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    found.get("ruleID").or_empty().clone_into(&mut draft.rule);
    draft.title = found.get("title").owned().unwrap_or_default();
    draft.detail = format!("{} ({})", draft.title, found.get("category").or_empty());
    draft.say("Image", place.image.as_deref());
    draft.path = found.get("target").owned().or_else(|| place.image.clone());
    draft.snippet = found.get("match").owned();
    draft.rated(found.get("severity").text());
    draft
}

fn check(found: &Node<'_>, class: Class, place: &Place) -> Draft {
    let mut draft = Draft::new(class);
    found.get("checkID").or_empty().clone_into(&mut draft.rule);
    draft.title = found.get("title").owned().unwrap_or_default();
    draft.say("", found.get("description").text());
    let messages: Vec<&str> = found.get("messages").texts().collect();
    draft.say("Result", Some(&messages.join("\n")));
    draft.say("Remediation", found.get("remediation").text());
    draft.logical.clone_from(&place.resource);
    draft.rated(found.get("severity").text());
    draft
}

/// The controls that fail; with each the checks that do, where the report is not a summary only.
fn compliance(reading: &mut Reading<'_>, resource: &Node<'_>, place: &Place) -> Result<(), Unreadable> {
    let status = resource.get("status");
    let controls = if status.get("detailReport").is_object() {
        status.results_or_none("detailReport.results")?
    } else {
        status.results_or_none("summaryReport.controlCheck")?
    };
    if !status.get("detailReport").is_object() && !status.get("summaryReport").is_object() {
        reading.not_assessed("The ClusterComplianceReport has no results yet.");
    }
    let described = resource.at("spec.compliance.controls").items().iter();
    let described: HashMap<&str, &Node<'_>> = described.map(|c| (c.get("id").or_empty(), c)).collect();
    for control in controls {
        let control = image::object(control, "A control")?;
        let failing: Vec<&Node<'_>> =
            control.get("checks").items().iter().filter(|c| !c.get("success").is_true()).collect();
        let fails =
            control.get("totalFail").number().unwrap_or_else(|| u32::try_from(failing.len()).unwrap_or(u32::MAX));
        if fails == 0 {
            reading.passed(1);
            continue;
        }
        reading.passed(1);
        let whole = || {
            let mut draft = Draft::new(Class::Infra);
            let id = control.get("id").or_empty();
            id.clone_into(&mut draft.rule);
            draft.title = control.get("name").owned().unwrap_or_default();
            let more = described.get(id).copied().unwrap_or(&Node::Null);
            draft.say("", more.get("description").text());
            let checks: Vec<&str> = more.get("checks").items().iter().filter_map(|c| c.get("id").text()).collect();
            draft.say("Checks", Some(&checks.join(", ")));
            draft.say("Failures", Some(&fails.to_string()));
            draft.logical.clone_from(&place.resource);
            draft.rated(control.get("severity").text());
            draft
        };
        // Of each resource one finding, where the report says which they are.
        let mut resources: BTreeMap<String, (Draft, Severity)> = BTreeMap::new();
        for check in failing {
            let target = check.get("target").texts().collect::<Vec<_>>().join(", ");
            let (failing, worst) = resources.entry(target).or_insert_with_key(|target| {
                let mut draft = whole();
                if !target.is_empty() {
                    draft.logical = Some(target.clone());
                }
                (draft, Severity::Unknown)
            });
            // Unknown is last in the order, so the smaller is the worse that is known.
            *worst = check.get("severity").text().and_then(words::severity).unwrap_or(Severity::Unknown).min(*worst);
            let messages = check.get("messages").texts().take(50).collect::<Vec<_>>();
            let title = check.get("title").or_empty();
            let said = if messages.is_empty() { title.to_owned() } else { messages.join("\n") };
            failing.say(check.get("checkID").or_empty(), Some(&said));
        }
        if resources.is_empty() {
            reading.more(whole());
        }
        for (mut failing, worst) in resources.into_values() {
            if worst != Severity::Unknown {
                failing.severity = worst;
            }
            reading.more(failing);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const HEAD: &str = r#""apiVersion": "aquasecurity.github.io/v1alpha1", "metadata": {"name": "r", "labels": {
        "trivy-operator.resource.kind": "Job", "trivy-operator.resource.namespace": "pay", "trivy-operator.resource.name": "j"}}"#;

    #[test]
    fn all_kinds_are_read_from_a_list() {
        let text = format!(
            r#"{{"kind": "List", "items": [
            {{{HEAD}, "kind": "VulnerabilityReport", "report": {{"registry": {{"server": "r.example"}}, "artifact": {{"repository": "pay", "tag": "1"}},
              "os": {{"family": "alpine", "name": "3.19"}}, "vulnerabilities": [{{"vulnerabilityID": "CVE-2024-1", "resource": "curl", "installedVersion": "8",
              "severity": "HIGH", "title": "curl: x", "score": 7.1}}]}}}},
            {{{HEAD}, "kind": "ClusterRbacAssessmentReport", "report": {{"checks": [{{"checkID": "KSV1", "severity": "LOW", "title": "t", "success": false}},
              {{"checkID": "KSV2", "severity": "LOW", "success": true}}]}}}},
            {{{HEAD}, "kind": "ExposedSecretReport", "report": {{"secrets": [{{"ruleID": "aws", "target": "a.txt", "title": "AWS key", "severity": "CRITICAL",
              "match": "KEY=AKIAIOSFODNN7EXAMPLE"}}]}}}},
            {{{HEAD}, "kind": "ClusterComplianceReport", "status": {{"summaryReport": {{"controlCheck": [
              {{"id": "1.1", "name": "n", "severity": "MEDIUM", "totalFail": 2}}, {{"id": "1.2", "name": "m", "severity": "LOW", "totalFail": 0}}]}}}}}}]}}"#
        );
        let report = read("o", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("trivy-operator-json", ReportStatus::Ok, 6));
        assert_eq!(report.classes, [Class::Sca, Class::Container, Class::Iac, Class::Secret, Class::Infra]);
        let by = |class| report.findings.iter().find(|f| f.class == class).unwrap();
        let os = by(Class::Container);
        assert_eq!((os.place().as_str(), os.severity), ("r.example/pay:1", Severity::High));
        assert_eq!(os.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:apk/alpine/curl@8");
        assert_eq!((by(Class::Iac).place().as_str(), by(Class::Infra).rule.raw()), ("Job/pay/j", "1.1"));
        assert!(!by(Class::Secret).snippet.as_ref().unwrap().raw().contains("IOSFODNN7"));
    }

    #[test]
    fn a_control_is_a_finding_for_each_resource() {
        let check = |target: &str, ok: bool| {
            format!(r#"{{"checkID": "KSV1", "target": "{target}", "title": "t", "messages": ["m"], "success": {ok}}}"#)
        };
        let text = format!(
            r#"{{{HEAD}, "kind": "ClusterComplianceReport", "status": {{"detailReport": {{"results": [{{"id": "1.1", "name": "n", "severity": "LOW",
            "checks": [{}, {}, {}, {}]}}]}}}}}}"#,
            check("Pod/a", false),
            check("Pod/b", false),
            check("Pod/a", false),
            check("Pod/c", true)
        );
        let report = read("o", text.as_bytes(), None);
        assert_eq!((report.raw_items, report.findings.len()), (1, 2));
    }

    #[test]
    fn a_list_for_each_kind_is_read() {
        let text = format!(
            r#"{{"sbomreports.aquasecurity.github.io": [{{"kind": "SbomReport"}}], "configauditreports.aquasecurity.github.io": [
            {{{HEAD}, "kind": "ConfigAuditReport", "report": {{"checks": [{{"checkID": "KSV1", "severity": "LOW", "title": "t", "success": false}}]}}}}]}}"#
        );
        let report = read("o", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("trivy-operator-json", 1, 1));
    }

    #[test]
    fn nothing_to_read_is_not_clean() {
        let status = |text: &str| read("o", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"kind": "VulnerabilityReportList", "items": []}"#), ReportStatus::NotAssessed);
        let of = |report: &str| status(&format!(r#"{{{HEAD}, "kind": "VulnerabilityReport", "report": {report}}}"#));
        assert_eq!((of("{}"), of("null")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!(
            (of(r#"{"vulnerabilities": {}}"#), of(r#"{"vulnerabilities": [1]}"#)),
            (ReportStatus::Error, ReportStatus::Error)
        );
    }
}
