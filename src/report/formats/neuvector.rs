//! NeuVector: the scan of an image or container by its API or its stand-alone scanner.
//!
//! Beside the vulnerabilities stand checks, of which most only tell what was looked at, and secrets.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Container, Class::Sca];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "neuvector-json",
        title: "NeuVector scan JSON",
        classes: &[Class::Container, Class::Sca, Class::Secret],
        items: "vulnerabilities, secrets, and checks of level WARN, HIGH or ERROR",
        severity: "`severity`, then CVSS; of a check WARN is medium",
        identity: "vulnerability, package and image; number of the check",
        checked: "DefectDojo's parser",
        detect: |shape| {
            let report = shape.json().get("report");
            let told = ["modules", "checks", "secrets", "setid_perms", "envs", "cmds"];
            (report.has("vulnerabilities") && told.iter().any(|k| report.has(k))).into()
        },
        parse,
    },
    Format {
        name: "neuvector-compliance-json",
        title: "NeuVector compliance JSON",
        classes: &[Class::Infra, Class::Container],
        items: "elements of `items`, or of `checks` of the report, passed ones too",
        severity: "the level: HIGH is high, WARN medium",
        identity: "number of the check and what it is of",
        checked: "DefectDojo's parser, which makes findings of passed checks as well",
        detect: |shape| {
            let doc = shape.json();
            let told = shape.has(&["items"]) && doc.has_any(&["kubernetes_cis_version", "docker_cis_version"]);
            let first = |at: &str| doc.at(at).has_all(&["test_number", "category", "level"]);
            let image = first("report.checks.0") && !doc.get("report").has("vulnerabilities");
            (told || first("items.0") || image).into()
        },
        parse: compliance,
    },
];

/// Of hosts the list is `items`; of images and containers it is in the report.
fn compliance(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "NeuVector", &[]);
    let of_image = doc.has("report");
    let image = image_of(doc.get("report"));
    let checks = if of_image { doc.results_or_none("report.checks")? } else { doc.results_or_none("items")? };
    let mut decided = 0_usize;
    for found in checks {
        let found = image::object(found, "A check")?;
        let inside = of_image || matches!(found.get("type").or_empty(), "image" | "container");
        let class = if inside { Class::Container } else { Class::Infra };
        reading.assessed(class);
        let level = found.get("level").or_empty().to_ascii_uppercase();
        decided += usize::from(!matches!(level.as_str(), "INFO" | "NOTE" | "MANUAL"));
        if matches!(level.as_str(), "WARN" | "HIGH" | "ERROR") {
            let mut draft = check(found, image.as_deref());
            draft.class = class;
            let parts = [found.get("category").text(), found.get("type").text()];
            draft.logical = draft.logical.or_else(|| Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")));
            reading.add(draft);
        } else {
            reading.passed(1);
        }
    }
    if decided == 0 {
        reading.not_assessed("NeuVector decided no check.");
    }
    reading.done()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "NeuVector", CLASSES);
    let report = doc.get("report");
    let image = image_of(report);
    if let Some(why) = doc.get("error_message").text().filter(|e| *e != "succeeded") {
        reading.not_assessed(format!("NeuVector could not scan the image: {why}."));
    }
    for found in doc.results_or_none("report.vulnerabilities")? {
        reading.add(vulnerability(image::object(found, "A vulnerability")?, report, image.as_deref()));
    }
    for found in doc.results_or_none("report.checks")? {
        if matches!(found.get("level").or_empty(), "WARN" | "HIGH" | "ERROR") {
            reading.add(check(found, image.as_deref()));
        }
    }
    for found in doc.results_or_none("report.secrets")? {
        // The documentation's example has one of blanks.
        if found.get("type").text().is_some() || found.get("path").text().is_some() {
            reading.add(secret(found));
        }
    }
    if report.has("secrets") {
        reading.assessed(Class::Secret);
    }
    reading.done()
}

fn image_of(report: &Node<'_>) -> Option<String> {
    let repository = report.get("repository").text()?;
    let registry = report.get("registry").or_empty();
    let registry = registry.split_once("://").map_or(registry, |(_, host)| host).trim_end_matches('/');
    let name = if registry.is_empty() { repository.to_owned() } else { format!("{registry}/{repository}") };
    Some(report.get("tag").text().map_or_else(|| name.clone(), |tag| format!("{name}:{tag}")))
}

fn vulnerability(found: &Node<'_>, report: &Node<'_>, image: Option<&str>) -> Draft {
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: found.get("description").text(),
        name: found.get("package_name").text(),
        version: found.get("package_version").text(),
        distro: report.get("base_os").or_empty(),
        image,
        // A file is named for packages of languages only.
        kind: if found.get("file_name").text().is_some() { "package" } else { "" },
        path: found.get("file_name").text(),
        fixed: found.get("fixed_version").text(),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("severity").text());
    let score = |s: &str, v: &str| Cvss::of(found.get(s).score().filter(|n| *n > 0.0), found.get(v).text());
    draft.cvss = image::best([score("score_v3", "vectors_v3"), score("score", "vectors")]);
    draft.vulnerabilities.extend(found.get("cves").texts().flat_map(words::vulnerability_ids));
    draft.url = found.get("link").owned();
    draft.say("Rating of the feed", found.get("feed_rating").text());
    draft
}

fn check(found: &Node<'_>, image: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Container);
    let number = found.get("test_number").text().or_else(|| found.get("id").text());
    draft.rule = [found.get("catalog").text(), number].into_iter().flatten().collect::<Vec<_>>().join(" ");
    draft.title = found.get("description").owned().unwrap_or_default();
    draft.detail.clone_from(&draft.title);
    draft.severity = match found.get("level").or_empty().to_ascii_uppercase().as_str() {
        "HIGH" => Severity::High,
        "WARN" => Severity::Medium,
        _ => Severity::Unknown,
    };
    draft.say("Messages", Some(&found.get("message").texts().collect::<Vec<_>>().join("\n")));
    draft.say("Remediation", found.get("remediation").text());
    draft.path = image.map(str::to_owned);
    draft.logical = found.get("group").owned();
    draft
}

fn secret(found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    let kind = found.get("type").text().unwrap_or("secret");
    kind.clone_into(&mut draft.rule);
    draft.title = format!("Secret: {kind}");
    draft.snippet = found.get("evidence").owned();
    draft.path = found.get("path").text().map(|p| p.trim_start_matches('/').to_owned());
    draft.say("Remediation", found.get("suggestion").text());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn vulnerabilities_checks_and_secrets_are_read() {
        let text = r#"{"report": {"registry": "https://r.example/", "repository": "pay", "tag": "1", "base_os": "debian:12", "vulnerabilities": [
            {"name": "CVE-2024-1", "severity": "High", "package_name": "curl", "package_version": "7", "fixed_version": "8", "score": 5, "score_v3": 7.5}],
            "checks": [{"catalog": "docker", "level": "WARN", "test_number": "D.4.1", "description": "Runs as root"}, {"level": "INFO"}],
            "secrets": [{"type": "AWS", "evidence": "AKIAIOSFODNN7EXAMPLE", "path": "/a.txt"}, {"type": "", "path": ""}]}}"#;
        let report = read("n", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("neuvector-json", ReportStatus::Ok, 3));
        let (flaw, check, key) = (&report.findings[0], &report.findings[1], &report.findings[2]);
        assert_eq!((flaw.severity, flaw.place().as_str()), (Severity::High, "r.example/pay:1"));
        assert_eq!(flaw.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/curl@7");
        assert_eq!((check.rule.raw(), check.severity), ("docker D.4.1", Severity::Medium));
        assert!(key.class == Class::Secret && !format!("{key:?}").contains("IOSFODNN7"));
    }

    #[test]
    fn a_scan_that_failed_is_not_clean() {
        let of = |error: &str, list: &str| {
            let text =
                format!(r#"{{"error_message": "{error}", "report": {{"vulnerabilities": {list}, "modules": []}}}}"#);
            read("n", text.as_bytes(), None).status
        };
        assert_eq!((of("succeeded", "[]"), of("timeout", "null")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of("", "{}"), of("", "[1]")), (ReportStatus::Error, ReportStatus::Error));
    }

    #[test]
    fn checks_of_a_host() {
        let of = |items: &str| {
            let text = format!(
                r#"{{"run_at": "t", "kubernetes_cis_version": "1.6.0", "docker_cis_version": "1.2.0", "items": {items}}}"#
            );
            read("n", text.as_bytes(), None)
        };
        let check = |number: &str, level: &str| {
            format!(
                r#"{{"test_number": "{number}", "category": "docker", "type": "host", "description": "Audit it", "level": "{level}", "message": []}}"#
            )
        };
        let report = of(&format!("[{}, {}]", check("D.1", "PASS"), check("D.2", "WARN")));
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("neuvector-compliance-json", 2, 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Infra, Severity::Medium, "D.2", "docker host".to_owned())
        );
        assert_eq!((of("[]").status, of("7").status), (ReportStatus::NotAssessed, ReportStatus::Error));
        assert_eq!(of(&format!("[{}]", check("D.1", "PASS"))).status, ReportStatus::Empty);
    }
}
