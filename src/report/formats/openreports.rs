//! Policy reports of Kubernetes, of Kyverno, Falco, image scanners and others: `PolicyReport` of the policy working group,
//! `Report` of OpenReports, and those of whole clusters; YAML and JSON.

use super::kubernetes;
use crate::report::prelude::*;

const TOOL: &str = "Kubernetes policy report";
const KINDS: [&str; 4] = ["PolicyReport", "ClusterPolicyReport", "Report", "ClusterReport"];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "openreports",
    title: "OpenReports and Kubernetes PolicyReport, YAML and JSON",
    classes: &[Class::Infra, Class::Container],
    items: "`results` of all reports",
    severity: "`severity`",
    identity: "policy, rule and resource; for vulnerabilities id, package and image",
    checked: "DefectDojo's parser; YAML from the specification",
    detect: |shape| {
        let of = |group: &str| kubernetes::is_of(shape, group, &KINDS);
        (of("openreports.io/") || of("wgpolicyk8s.io/")).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = kubernetes::documents(input)?;
    let objects = kubernetes::objects(&documents)?;
    let reports: Vec<_> =
        objects.into_iter().filter(|o| o.get("kind").text().is_some_and(|k| KINDS.contains(&k))).collect();
    if reports.is_empty() && !documents.iter().any(|d| d.has("items")) {
        return Err(Unreadable("It has no policy report.".to_owned()));
    }
    let source = |r: &&Node<'_>| r.get("source").owned().or_else(|| r.at("results.0.source").owned());
    let mut sources: Vec<String> = reports.iter().filter_map(source).collect();
    sources.sort();
    sources.dedup();
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    if let [one] = sources.as_slice() {
        reading.tool(Some(one));
    }
    if reports.is_empty() {
        reading.not_assessed("The list has no policy report: nothing was evaluated, or nothing could be seen.");
    }
    let mut failed: Vec<&str> = Vec::new();
    let mut decided = false;
    for report in &reports {
        let results = report.results_or_none("results")?;
        let held = ["fail", "warn", "error"].iter().filter_map(|k| report.get("summary").get(k).number()).sum::<u32>();
        if results.is_empty() && held > 0 {
            let name = report.at("metadata.name").or_empty();
            return Err(Unreadable(format!("The report \"{name}\" counts {held} results and has none of them.")));
        }
        for result in results {
            match result.object()?.get("result").text().or(result.get("status").text()).unwrap_or_default() {
                "pass" => {
                    decided = true;
                    reading.passed(1);
                }
                "skip" => reading.passed(1),
                "error" => {
                    reading.passed(1);
                    failed.push(result.get("policy").or_empty());
                }
                _ => {
                    decided = true;
                    reading.add(draft(result, report));
                }
            }
        }
    }
    if reading.items() > 0 && !decided {
        reading.not_assessed("No policy was decided: each was skipped or failed to be evaluated.");
    }
    if !failed.is_empty() {
        failed.dedup();
        reading.remark(format!("{} policies could not be evaluated: {}.", failed.len(), failed.join(", ")));
    }
    reading.done()
}

fn draft(result: &Node<'_>, report: &Node<'_>) -> Draft {
    let (policy, rule) = (result.get("policy").or_empty(), result.get("rule").text());
    let ids = words::vulnerability_ids(policy);
    let mut draft = Draft::new(if ids.is_empty() { Class::Infra } else { Class::Container });
    draft.rated(result.get("severity").text());
    draft.rule = match rule.filter(|r| ids.is_empty() && *r != policy) {
        Some(rule) => format!("{policy}/{rule}"),
        None => policy.to_owned(),
    };
    let message = result.get("message").text().or(result.get("description").text());
    message.unwrap_or(policy).clone_into(&mut draft.title);
    draft.say("", message);
    draft.say("Category", result.get("category").text());
    draft.say("Result", result.get("result").text());
    let about = result.get("properties");
    if ids.is_empty() {
        for (key, value) in about.entries() {
            draft.say(key, value.text());
        }
    } else {
        let package = ["pkgName", "packageName", "resource"].iter().find_map(|k| about.get(k).text()).or(rule);
        let version = ["installedVersion", "version"].iter().find_map(|k| about.get(k).text());
        draft.in_package(package, version, None, about.get("fixedVersion").text());
        draft.cvss = Cvss::of(about.get("score").score(), None);
        draft.path = image(about);
    }
    draft.vulnerabilities = ids;
    let resource = ["resources", "subjects"].iter().find_map(|k| result.get(k).items().first());
    let scope = kubernetes::called(report.get("scope")).map(|scope| match report.at("metadata.namespace").text() {
        Some(space) if !report.get("scope").has("namespace") => scope.replacen('/', &format!("/{space}/"), 1),
        _ => scope,
    });
    draft.logical = resource.and_then(kubernetes::called).or(scope);
    draft.url = ["primaryURL", "primaryLink", "url"].iter().find_map(|k| about.get(k).owned());
    draft
}

/// The image that a vulnerability is in, where the scanner says it.
fn image(about: &Node<'_>) -> Option<String> {
    let repository = about.get("artifact.repository").text();
    match (repository, about.get("artifact.tag").text()) {
        (Some(name), Some(tag)) => Some(format!("{name}:{tag}")),
        (Some(name), None) => Some(name.to_owned()),
        _ => about.get("image").owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const YAML: &str = "apiVersion: wgpolicyk8s.io/v1alpha2\nkind: PolicyReport\nmetadata:\n  name: r\n  namespace: shop\nscope: {kind: Deployment, name: a}\n\
        results:\n- policy: no-root\n  rule: check-user\n  result: fail\n  severity: medium\n  source: kyverno\n  message: runs as root\n\
        - {policy: x, result: pass}\n- {policy: broken, result: error}\n\
        - policy: CVE-2024-1111\n  result: warn\n  severity: high\n  source: kyverno\n  properties: {pkgName: zlib, installedVersion: '1.10', fixedVersion: '1.11, 1.12'}\n\
        summary: {fail: 1, warn: 1, error: 1}\n";

    #[test]
    fn what_failed_or_is_warned_of_is_a_finding() {
        let report = read("r", YAML.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.findings.len(), report.tool.raw()),
            ("openreports", 4, 2, "kyverno")
        );
        let (f, flaw) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Infra, Severity::Medium, "no-root/check-user", "Deployment/shop/a".to_owned())
        );
        let package = flaw.package.as_ref().unwrap();
        assert_eq!(
            (flaw.class, flaw.rule.raw(), package.name.raw(), package.fixed.len()),
            (Class::Container, "CVE-2024-1111", "zlib", 2)
        );
        assert!(report.reason.unwrap().raw().contains("broken"));
    }

    #[test]
    fn results_that_are_counted_and_not_there_are_an_error() {
        let of = |text: &str| read("r", text.as_bytes(), None).status;
        let (head, _) = YAML.split_once("results:").unwrap();
        assert_eq!(of(&format!("{head}summary: {{fail: 0}}\n")), ReportStatus::Empty);
        assert_eq!(of(&format!("{head}summary: {{fail: 2}}\n")), ReportStatus::Error);
        let undecided = format!("{head}results: [{{policy: a, result: skip}}, {{policy: b, result: error}}]\n");
        let none = r#"{"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReportList", "items": []}"#;
        assert_eq!((of(&undecided), of(none)), (ReportStatus::NotAssessed, ReportStatus::NotAssessed));
        assert_eq!(
            (of(&format!("{head}results: 7\n")), of(&format!("{head}results: [7]\n"))),
            (ReportStatus::Error, ReportStatus::Error)
        );
    }
}
