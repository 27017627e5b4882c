//! Checkmarx One: the list of results of its command line and API, and its scan report, old and improved.
//!
//! The list has results of all engines, told apart by `type`; the reports have a part for each engine.

mod report;

use crate::report::prelude::*;

const TOOL: &str = "Checkmarx One";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "checkmarx-one-json",
        title: "Checkmarx One list of results (JSON)",
        classes: &[Class::Sast, Class::Sca, Class::Container, Class::Iac, Class::Secret],
        items: "elements of `results`",
        severity: "`severity`",
        identity: "query and similarity id; of dependencies vulnerability and package",
        checked: "DefectDojo's parser; results other than SAST are written from the tool's documentation",
        detect,
        parse,
    },
    report::FORMAT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = doc.at("results.0");
    let own = first.has_all(&["type", "similarityId", "state"]);
    let is_answer = doc.has_all(&["results", "totalCount", "scanID"]);
    (own || (is_answer && (doc.get("results").is_list() || doc.get("results").is_null()))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    // The API writes null where there is no result.
    let none = doc.get("results").is_null() && doc.get("totalCount").number() == Some(0);
    let results = if none { &[] } else { doc.results("results")? };
    // Which engines ran is not said where they found nothing.
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    for result in results {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        if result.get("status").or_empty().eq_ignore_ascii_case("FIXED") {
            reading.passed(1);
        } else {
            reading.add(draft(result));
        }
    }
    reading.page_of(doc.get("totalCount").number(), "results");
    reading.done()
}

fn draft(result: &Node<'_>) -> Draft {
    let data = result.get("data");
    let details = result.get("vulnerabilityDetails");
    let kind = result.get("type").or_empty().to_ascii_lowercase();
    let mut draft = Draft::new(class_of(&kind));
    common(&mut draft, result);
    let query = data.get("queryName").text().or(data.get("ruleName").text());
    query.or(result.get("id").text()).unwrap_or_default().clone_into(&mut draft.rule);
    draft.title =
        result.get("description").text().map_or_else(|| draft.rule.replace('_', " "), |d| html::text(d).into_owned());
    draft.say("", result.get("description").text().map(html::text).as_deref());
    draft.cwe = cwe(details.get("cweId"));
    draft.cvss = Cvss::of(
        ["cvssScore", "cvss.score"].iter().find_map(|k| details.at(k).score()),
        ["cvss.vector", "cvss.vectorString"].iter().find_map(|k| details.at(k).text()),
    );
    draft.path = ["filename", "fileName"].iter().find_map(|k| data.get(k).owned());
    draft.line = data.get("line").number();
    for (heading, key) in [("Expected", "expectedValue"), ("Found", "value"), ("Remediation", "remediation")] {
        draft.say(heading, data.get(key).text());
    }
    match draft.class {
        Class::Sca | Class::Container => of_package(&mut draft, result),
        Class::Secret => draft.snippet = data.get("snippet").owned(),
        _ => of_path(&mut draft, data.get("nodes"), data.get("nodes").items().first()),
    }
    if !matches!(draft.class, Class::Sca | Class::Container) {
        identify(&mut draft, result);
    }
    draft
}

fn class_of(kind: &str) -> Class {
    match kind {
        "sca" => Class::Sca,
        "sca-container" | "containers" | "container" => Class::Container,
        "kics" | "iac" | "infrastructure" => Class::Iac,
        kind if kind.contains("secret") => Class::Secret,
        _ => Class::Sast,
    }
}

/// What all results have in all forms.
fn common(draft: &mut Draft, result: &Node<'_>) {
    draft.rated(result.get("severity").text());
    let state = result.get("state").or_empty().replace([' ', '_'], "").to_ascii_lowercase();
    if state == "notexploitable" {
        draft.suppressed = Some("Marked as not exploitable in Checkmarx One.".to_owned());
    }
    draft.url = ["resultViewerLink", "alternateId"]
        .iter()
        .find_map(|k| result.get(k).owned())
        .filter(|u| u.starts_with("http"));
}

/// A similarity id stays the same from scan to scan; the rule is part of it.
fn identify(draft: &mut Draft, result: &Node<'_>) {
    let similarity = result.get("similarityId").text().filter(|s| *s != "0");
    draft.native_id = similarity.map(|s| format!("{}:{s}", draft.rule));
}

fn cwe(node: &Node<'_>) -> Vec<u32> {
    node.number().filter(|n| *n > 0).map_or_else(|| words::cwe_numbers(node.or_empty()), |n| vec![n])
}

/// The place of a path through the code is one of its steps: in lists of results the first, as Checkmarx One shows it, in
/// reports the last.
fn of_path(draft: &mut Draft, nodes: &Node<'_>, step: Option<&Node<'_>>) {
    let Some(step) = step else { return };
    draft.path = step.get("fileName").owned().or_else(|| draft.path.take());
    draft.line = step.get("line").number().or(draft.line);
    draft.column = step.get("column").number();
    draft.snippet = step.get("code").owned();
    draft.say("Path", Some(&steps(nodes)));
}

/// The steps of a path, one a line.
fn steps(nodes: &Node<'_>) -> String {
    let step = |node: &Node<'_>| {
        let what = ["fullName", "name", "method"].iter().find_map(|k| node.get(k).text()).unwrap_or_default();
        format!("{}:{} {what}", node.get("fileName").or_empty(), node.get("line").or_empty())
    };
    nodes.items().iter().map(step).collect::<Vec<_>>().join("\n")
}

fn of_package(draft: &mut Draft, result: &Node<'_>) {
    let data = result.get("data");
    let ids = [result.at("vulnerabilityDetails.cveName"), result.get("cveId"), result.get("id")];
    draft.vulnerabilities = ids.iter().flat_map(|n| words::vulnerability_ids(n.or_empty())).collect();
    let id = result.at("vulnerabilityDetails.cveName").text().or(result.get("cveId").text());
    if let Some(id) = id.or(result.get("id").text()) {
        id.clone_into(&mut draft.rule);
    }
    let (name, version) = identified(data.get("packageIdentifier").or_empty());
    let name = data.get("packageName").text().or(Some(name));
    let version = data.get("packageVersion").text().or(Some(version));
    draft.in_package(name, version, None, data.get("recommendedVersion").text());
    let image = data.get("imageName").text().map(|name| match data.get("imageTag").text() {
        Some(tag) => format!("{name}:{tag}"),
        None => name.to_owned(),
    });
    let locations =
        data.at("scaPackageData.locations").texts().chain(data.at("scaPackageCollection.locations").texts());
    draft.path = image.or_else(|| locations.map(str::to_owned).next()).or_else(|| draft.path.take());
    draft.url = data.at("scaPackageData.fixLink").owned().or_else(|| draft.url.take());
    if !draft.rule.is_empty() {
        draft.title =
            name.filter(|n| !n.is_empty()).map_or_else(|| draft.rule.clone(), |n| format!("{} in {n}", draft.rule));
    }
}

/// Name and version of a package: `Npm-lodash-4.17.20` has the manager before them. A version begins with a digit, and may
/// have dashes of its own.
fn identified(identifier: &str) -> (&str, &str) {
    let Some((_, rest)) = identifier.split_once('-') else { return (identifier, "") };
    let dashes = rest.match_indices('-').filter_map(|(at, _)| Some((rest.get(..at)?, rest.get(at + 1..)?)));
    let versioned = dashes.into_iter().find(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit()));
    versioned.or_else(|| rest.rsplit_once('-')).unwrap_or((identifier, ""))
}

#[cfg(test)]
mod tests;
