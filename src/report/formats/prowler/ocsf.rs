//! The findings of OCSF, as Prowler writes them from version 3 on; what others write is read as far as it is alike.

use super::{Outcome, TOOL, class_of, native_id, outcome, place, take};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "prowler-ocsf",
    title: "Prowler OCSF JSON, versions 3 to 5",
    classes: &[Class::Infra, Class::Iac, Class::Container],
    items: "elements of the list",
    severity: "`severity`; `Fatal` is critical",
    identity: "`finding_info.uid`; else check, account, region and resource",
    checked: "DefectDojo's parser on reports of versions 4 and 5; 3 from the tool's documentation",
    detect: |shape| {
        let is_prowler = |n: &Node<'_>| {
            n.at("metadata.product.name").text().is_some_and(|p| p.eq_ignore_ascii_case(TOOL))
                || n.at("finding_info.product_uid").text() == Some("prowler")
        };
        is_prowler(first(shape)).into()
    },
    parse,
};

pub(super) const GENERAL: Format = Format {
    name: "ocsf-json",
    title: "Findings in OCSF JSON (Open Cybersecurity Schema Framework)",
    classes: &[Class::Infra],
    items: "elements of the list",
    severity: "`severity`; `Fatal` is critical",
    identity: "rule and resource",
    checked: "the schema's documentation; no real file was at hand but Prowler's",
    detect: |shape| {
        let event = first(shape);
        let own = FORMAT.detect;
        let finding = event.has("finding_info") || event.has("finding") || event.has("vulnerabilities");
        Fit::general(own(shape) == Fit::No && event.has("class_uid") && event.get("metadata").is_object() && finding)
    },
    parse,
};

/// The first event, of a list or of lines.
fn first<'s, 't>(shape: &'s Shape<'t>) -> &'s Node<'t> {
    match shape.line() {
        list @ Node::List(_) => list.at("0"),
        one => one,
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = Node::parse_all(input.text)?;
    let events = match documents.as_slice() {
        [Node::List(events)] => events.as_slice(),
        lines => lines,
    };
    let provider = |e: &Node<'_>| e.at("cloud.provider").owned().or_else(|| e.at("unmapped.provider").owned());
    let class = events.iter().find_map(provider).map_or(Class::Infra, |p| class_of(&p));
    let mut reading = Reading::new(input, TOOL, &[class]);
    let product = events.first().map(|e| e.at("metadata.product"));
    let own = events.iter().any(|e| e.at("finding_info.product_uid").text() == Some("prowler"));
    reading.tool(product.and_then(|p| p.get("name").text()).or(if own { None } else { Some("OCSF") }));
    reading.version(product.and_then(|p| p.get("version").text()));
    for event in events {
        take(&mut reading, outcome_of(event.object()?), || draft(event, class));
    }
    reading.done()
}

fn outcome_of(event: &Node<'_>) -> Outcome {
    // `state_name` and `severity_name` are of the drafts before version 1.
    let state = event.get("status").text().or(event.get("state_name").text()).unwrap_or_default().to_ascii_lowercase();
    let muted =
        matches!(state.as_str(), "suppressed" | "resolved" | "archived") || event.at("unmapped.muted").is_true();
    let code = event.get("status_code").text().or(event.at("compliance.status").text());
    match code.unwrap_or(&state).to_ascii_lowercase().as_str() {
        // Here it is one of the verdicts of a control, and no allow list.
        "warning" if !muted => Outcome::Failed,
        code => outcome(code, muted),
    }
}

/// By its word, else by its number.
fn severity(event: &Node<'_>) -> Severity {
    let word = event.get("severity").text().or(event.get("severity_name").text()).unwrap_or_default();
    let of_word = match word.to_ascii_lowercase().as_str() {
        "fatal" => Some(Severity::Critical),
        _ => words::severity(word),
    };
    of_word.unwrap_or(match event.get("severity_id").number() {
        Some(1) => Severity::Info,
        Some(2) => Severity::Low,
        Some(3) => Severity::Medium,
        Some(4) => Severity::High,
        Some(5 | 6) => Severity::Critical,
        _ => Severity::Unknown,
    })
}

fn draft(event: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    let info = if event.has("finding_info") { event.get("finding_info") } else { event.get("finding") };
    draft.severity = severity(event);
    let flaw = event.at("vulnerabilities.0");
    let cve = flaw.at("cve.uid").text().or(event.at("finding_info.cve.uid").text());
    let rule = [
        event.at("metadata.event_code").text(),
        event.at("metadata.product.feature.uid").text(),
        cve,
        event.at("compliance.control").text(),
        info.at("analytic.uid").text(),
        info.at("types.0").text(),
    ];
    rule.into_iter().flatten().next().unwrap_or_default().clone_into(&mut draft.rule);
    info.get("title").text().or(event.get("message").text()).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", event.get("status_detail").text().or(event.get("message").text()));
    draft.say("", info.get("desc").text());
    draft.say("Risk", event.get("risk_details").text().or(info.at("supporting_data.Risk").text()));
    let remedy = if event.has("remediation") { event.get("remediation") } else { info.get("remediation") };
    draft.say("Remediation", remedy.get("desc").text());
    let resource = event.at("resources.0");
    let region = resource.get("region").text().or(event.at("cloud.region").text());
    let name = resource.get("uid").text().or(resource.get("name").text());
    let account = event.at("cloud.account.uid").text().or(resource.get("account_uid").text());
    draft.logical = place(account, region, name);
    let links = remedy.get("references").texts().chain(remedy.get("kb_articles").texts());
    let links = links.chain(info.get("src_url").texts()).chain(event.at("unmapped.related_url").texts());
    draft.url = links.into_iter().find(|l| l.starts_with("http")).map(str::to_owned);
    draft.native_id = native_id(info.get("uid").text());
    draft.vulnerabilities = cve.map(words::vulnerability_ids).unwrap_or_default();
    let package = flaw.at("affected_packages.0");
    draft.in_package(
        package.get("name").text(),
        package.get("version").text(),
        package.get("purl").text(),
        package.get("fixed_in_version").text(),
    );
    let cvss = flaw.at("cve.cvss.0");
    draft.cvss = Cvss::of(cvss.get("base_score").score(), cvss.get("vector_string").text());
    draft
}
