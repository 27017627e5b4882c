//! What stands in a finding of ASFF.

use crate::report::prelude::*;

/// The product that found it, with its maker where that is Amazon.
pub(super) fn product(finding: &Node<'_>) -> String {
    let fields = finding.get("ProductFields");
    let own = [
        fields.get("Product Name"),
        fields.get("ProviderName"),
        finding.get("ProductName"),
        fields.get("aws/securityhub/ProductName"),
    ];
    let by_arn = || finding.get("ProductArn").or_empty().rsplit('/').next().unwrap_or_default();
    let name = own.into_iter().find_map(Node::text).unwrap_or_else(by_arn);
    let company = finding.get("CompanyName").text().or(fields.get("aws/securityhub/CompanyName").text());
    match company.filter(|c| matches!(*c, "Amazon" | "AWS") && !name.starts_with(*c)) {
        Some(company) => format!("{company} {name}"),
        None => name.to_owned(),
    }
}

fn is_trivy(finding: &Node<'_>) -> bool {
    finding.get("GeneratorId").or_empty().starts_with("Trivy")
}

/// What kind of thing it is: by the resource and, for Trivy, by what it writes of each kind.
pub(super) fn class_of(finding: &Node<'_>) -> Class {
    let resource = finding.at("Resources.0");
    let flaw = finding.at("Vulnerabilities.0").is_object() || resource.at("Details.Other").has("CVE ID");
    if is_trivy(finding) {
        let secret = finding.get("Types").texts().any(|t| t.starts_with("Sensitive Data"));
        let target = resource.at("Details.Container.ImageName").or_empty();
        return match (secret, flaw) {
            (true, _) => Class::Secret,
            // The target of packages of a system is the image, with the system in brackets; of others their file.
            (_, true) if target.ends_with(')') => Class::Container,
            (_, true) => Class::Sca,
            _ => Class::Iac,
        };
    }
    if !finding.at("Vulnerabilities.0.CodeVulnerabilities").items().is_empty() {
        return Class::Sast;
    }
    match resource.get("Type").or_empty() {
        "AwsEcrContainerImage" | "Container" if flaw => Class::Container,
        "AwsLambdaFunction" | "AwsLambdaLayerVersion" if flaw => Class::Sca,
        _ => Class::Infra,
    }
}

pub(super) fn draft(finding: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    let resource = finding.at("Resources.0");
    draft.severity = severity(finding);
    rule(finding).unwrap_or_default().clone_into(&mut draft.rule);
    finding.get("Title").or_empty().clone_into(&mut draft.title);
    draft.say("", finding.get("Description").text());
    for reason in finding.at("Compliance.StatusReasons").items() {
        draft.say("", reason.get("Description").text());
    }
    let advice = finding.at("Remediation.Recommendation");
    draft.say("Remediation", advice.get("Text").text().filter(|t| *t != "None Provided"));
    draft.url = advice.get("Url").owned().or_else(|| finding.get("SourceUrl").owned());
    let others: Vec<&str> =
        finding.get("Resources").items().iter().skip(1).filter_map(|r| r.get("Id").text()).collect();
    draft.say("Other resources", Some(&others.join(", ")));
    draft.logical = place(finding, resource);
    let id = finding.get("Id").or_empty();
    draft.native_id = Some(id.to_owned()).filter(|id| id.starts_with("arn:") || id.starts_with("prowler-"));
    draft.suppressed = suppressed(finding);
    draft.epss = finding.get("EpssScore").score();
    let flaw = finding.at("Vulnerabilities.0");
    if flaw.is_object() {
        vulnerable(&mut draft, finding, flaw);
    }
    if class == Class::Container {
        draft.path = resource.get("Id").owned();
    }
    if is_trivy(finding) {
        of_trivy(&mut draft, resource);
    }
    draft
}

/// The check of kube-bench, which writes it behind its own ARN, the benchmark and that one's version. The kind of its findings is
/// one for all of them.
fn of_kube_bench(maker: &str) -> Option<&str> {
    let (_, own) = maker.split_once(":product/aqua-security/kube-bench/")?;
    own.rsplit_once('/').map(|(_, check)| check).filter(|check| !check.is_empty())
}

/// The rule: the vulnerability, else the control, else what made it. An ARN there names a detector, not a rule.
fn rule<'n>(finding: &'n Node<'_>) -> Option<&'n str> {
    let fields = finding.get("ProductFields");
    let maker = finding.get("GeneratorId").text();
    let code = finding.at("Vulnerabilities.0.CodeVulnerabilities.0.Cwes.0").text();
    [
        code,
        maker.and_then(of_kube_bench),
        finding.at("Vulnerabilities.0.Id").text(),
        finding.at("Compliance.SecurityControlId").text(),
        fields.get("ControlId").text(),
        fields.get("RuleId").text(),
        // Prowler puts its own name before the check's.
        maker.filter(|m| !m.starts_with("arn:")).map(|m| m.strip_prefix("prowler-").unwrap_or(m)),
        finding.at("Types.0").text(),
        maker,
    ]
    .into_iter()
    .flatten()
    .next()
}

fn severity(finding: &Node<'_>) -> Severity {
    let of = |node: &Node<'_>| {
        let by_number = || match node.get("Normalized").number()? {
            0 => Some(Severity::Info),
            1..40 => Some(Severity::Low),
            40..70 => Some(Severity::Medium),
            70..90 => Some(Severity::High),
            90..=100 => Some(Severity::Critical),
            _ => None,
        };
        node.get("Label").text().and_then(words::severity).or_else(by_number)
    };
    let own = finding.get("Severity");
    of(own)
        .or_else(|| of(finding.at("FindingProviderFields.Severity")))
        .or_else(|| own.get("Original").text().and_then(words::severity))
        .unwrap_or(Severity::Unknown)
}

/// The resource; its region, unless that is part of its name.
fn place(finding: &Node<'_>, resource: &Node<'_>) -> Option<String> {
    let id = resource.get("Id").text()?;
    let region = finding.get("Region").text().or(resource.get("Region").text());
    Some(match region.filter(|r| !id.contains(*r) && resource.get("Type").text() != Some("Container")) {
        Some(region) => format!("{region} {id}"),
        None => id.to_owned(),
    })
}

/// Put aside by a person, or out of date; with the note.
fn suppressed(finding: &Node<'_>) -> Option<String> {
    let note = finding.at("Note.Text").owned();
    let workflow = finding.at("Workflow.Status").text().or(finding.get("WorkflowState").text()).unwrap_or_default();
    if matches!(workflow, "SUPPRESSED" | "RESOLVED") {
        return note.or_else(|| Some(format!("Its workflow status is {workflow}.")));
    }
    let archived = finding.get("RecordState").text() == Some("ARCHIVED");
    archived.then(|| note.unwrap_or_else(|| "It is archived: its provider no longer reports it.".to_owned()))
}

/// The vulnerability, the packages that have it, and the code.
fn vulnerable(draft: &mut Draft, finding: &Node<'_>, flaw: &Node<'_>) {
    for one in finding.get("Vulnerabilities").items() {
        draft.vulnerabilities.extend(words::vulnerability_ids(one.get("Id").or_empty()));
    }
    let packages = flaw.get("VulnerablePackages").items();
    for package in packages {
        let fixed = package.get("FixedInVersion").text().unwrap_or("none");
        let said = [package.get("Name").text(), version(package).as_deref(), package.get("FilePath").text()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        draft.say("Package", Some(&format!("{said}, fixed in: {fixed}")));
    }
    if let Some(package) = packages.first() {
        let fixed = package.get("FixedInVersion").text().filter(|f| !f.eq_ignore_ascii_case("NotAvailable"));
        draft.in_package(package.get("Name").text(), version(package).as_deref(), None, fixed);
        draft.path = package.get("FilePath").owned();
    }
    // Of several scores the newest version counts.
    let newest = flaw.get("Cvss").items().iter().max_by_key(|c| c.get("Version").or_empty().starts_with(['3', '4']));
    if let Some(cvss) = newest {
        draft.cvss = Cvss::of(cvss.get("BaseScore").score(), cvss.get("BaseVector").text());
    }
    draft.epss = flaw.get("EpssScore").score().or(draft.epss);
    draft.say("Exploit available", flaw.get("ExploitAvailable").text());
    let code = flaw.at("CodeVulnerabilities.0");
    if code.is_object() {
        draft.cwe = code.get("Cwes").texts().flat_map(words::cwe_numbers).collect();
        draft.path = code.at("FilePath.FilePath").owned().or_else(|| code.at("FilePath.FileName").owned());
        draft.line = code.at("FilePath.StartLine").number();
    }
    draft.url =
        draft.url.take().or_else(|| flaw.at("Vendor.Url").owned()).or_else(|| flaw.at("ReferenceUrls.0").owned());
}

/// The version with its release, as systems count it.
fn version(package: &Node<'_>) -> Option<String> {
    let version = package.get("Version").text()?;
    Some(match package.get("Release").text() {
        Some(release) => format!("{version}-{release}"),
        None => version.to_owned(),
    })
}

/// Trivy keeps what it knows in the details of the resource; its ids name the target and are not unique.
fn of_trivy(draft: &mut Draft, resource: &Node<'_>) {
    let other = resource.at("Details.Other");
    draft.native_id = None;
    draft.logical = None;
    draft.path = other
        .get("Filename")
        .owned()
        .or_else(|| resource.at("Details.Container.ImageName").owned())
        .or_else(|| resource.get("Id").owned());
    draft.line = other.get("StartLine").number();
    if let Some(id) = other.get("CVE ID").text() {
        id.clone_into(&mut draft.rule);
        draft.vulnerabilities = words::vulnerability_ids(id);
        if let Some(title) = other.get("CVE Title").text() {
            title.clone_into(&mut draft.title);
        }
        let text = |key: &str| other.get(key).text();
        draft.in_package(text("PkgName"), text("Installed Package"), None, text("Patched Package"));
        let third = Cvss::of(other.get("NvdCvssScoreV3").score().filter(|s| *s > 0.0), text("NvdCvssVectorV3"));
        let second = || Cvss::of(other.get("NvdCvssScoreV2").score().filter(|s| *s > 0.0), text("NvdCvssVectorV2"));
        draft.cvss = if third.is_empty() { second() } else { third };
    } else if draft.class == Class::Secret {
        // `Trivy found a secret in FILE: KIND`.
        if let Some((_, kind)) = draft.title.clone().rsplit_once(": ") {
            kind.clone_into(&mut draft.rule);
            kind.clone_into(&mut draft.title);
        }
    } else {
        draft.rule = draft.rule.trim_start_matches("Trivy/").to_owned();
        draft.say("", other.get("Message").text());
    }
}
