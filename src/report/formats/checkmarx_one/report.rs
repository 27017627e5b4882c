//! The scan report of Checkmarx One: the old form with languages and queries, and the improved one with a part an engine.

use super::{TOOL, common, cwe, identify, of_path, steps};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "checkmarx-one-report",
    title: "Checkmarx One scan report (JSON)",
    classes: &[Class::Sast, Class::Iac, Class::Sca],
    items: "vulnerabilities of the queries, and results of the other engines",
    severity: "`severity`",
    identity: "query and similarity id",
    checked: "DefectDojo's parsers; parts other than SAST are written from the tool's documentation",
    detect,
    parse,
};

/// The parts of the improved report.
const PARTS: [&str; 4] = ["scanResults", "iacScanResults", "scaScanResults", "containerScanResults"];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let own = doc.get("scanResults");
    let old = ["sast", "kics", "sca"].iter().any(|k| own.has(k)) && doc.has_any(&["scanSummary", "reportHeader"]);
    (old || (doc.has_any(&PARTS) && doc.has("reportHeader"))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    let own = doc.get("scanResults");
    if own.has_any(&["sast", "kics", "sca"]) {
        for (engine, class) in [("sast", Class::Sast), ("kics", Class::Iac), ("sca", Class::Sca)] {
            part(&mut reading, engine, own.get(engine), class)?;
        }
        if ["sast", "kics", "sca"].iter().all(|e| own.get(e).is_null()) {
            reading.not_assessed("The report has no results of any engine.");
        }
        return reading.done();
    }
    if own.is_object() {
        reading.assessed(Class::Sast);
        queries(&mut reading, own.results("resultsList")?, Class::Sast)?;
    }
    let iac = doc.get("iacScanResults");
    if iac.is_object() {
        if looked(iac, "technology")? {
            reading.assessed(Class::Iac);
        }
        for technology in iac.results_or_none("technology")? {
            settings(&mut reading, technology)?;
        }
    }
    let sca = doc.get("scaScanResults");
    if sca.is_object() {
        if looked(sca, "packages")? {
            reading.assessed(Class::Sca);
        }
        for package in sca.results_or_none("packages")? {
            packages(&mut reading, package)?;
        }
    }
    unread(&mut reading, &doc, &["containerScanResults", "apiSecScanResults"]);
    if PARTS.iter().all(|p| doc.get(p).is_null()) {
        reading.not_assessed("The report has no results of any engine.");
    }
    reading.done()
}

/// The part of one engine in the old form.
fn part(reading: &mut Reading<'_>, engine: &str, part: &Node<'_>, class: Class) -> Result<(), Unreadable> {
    if !part.is_object() {
        return strange(engine, part);
    }
    let known = ["languages", "packages", "technology"];
    if !part.has_any(&known) {
        // What has no list of results says nothing of what the engine found.
        return strange(engine, part);
    }
    reading.assessed(class);
    for language in part.results_or_none("languages")? {
        queries(reading, language.results_or_none("queries")?, class)?;
    }
    for package in part.results_or_none("packages")? {
        packages(reading, package)?;
    }
    for technology in part.results_or_none("technology")? {
        settings(reading, technology)?;
    }
    Ok(())
}

/// Whether a part says that its engine looked: it has the list of what it found, or counts none.
fn looked(part: &Node<'_>, list: &str) -> Result<bool, Unreadable> {
    if part.get(list).is_list() {
        return Ok(true);
    }
    strange(list, part)?;
    Ok(part.entries().iter().any(|(key, value)| key.starts_with("total") && value.number() == Some(0)))
}

/// An error, if a part has results in it in a form that is not known.
fn strange(name: &str, part: &Node<'_>) -> Result<(), Unreadable> {
    if !lists_objects(part) {
        return Ok(());
    }
    Err(Unreadable(format!("The part \"{name}\" of the report has results in a form that is not known.")))
}

/// Whether there is a list of objects in it, at whatever depth.
fn lists_objects(part: &Node<'_>) -> bool {
    let mut open = vec![part];
    while let Some(node) = open.pop() {
        if node.is_list() && node.items().iter().any(Node::is_object) {
            return true;
        }
        open.extend(node.entries().iter().map(|(_, value)| value));
    }
    false
}

/// Says which parts have something in them that is not read.
fn unread(reading: &mut Reading<'_>, of: &Node<'_>, parts: &[&str]) {
    let full: Vec<&str> = parts.iter().copied().filter(|p| holds_results(of.get(p))).collect();
    if !full.is_empty() {
        reading.incomplete(format!("The parts {} of the report are not read.", full.join(", ")));
    }
}

fn holds_results(part: &Node<'_>) -> bool {
    let mut lists = part.entries().iter().map(|(_, v)| v).chain([part]);
    lists.any(|v| v.is_list() && !v.items().is_empty())
}

/// The vulnerabilities of queries on code; in the improved report they have a source and a destination.
fn queries(reading: &mut Reading<'_>, queries: &[Node<'_>], class: Class) -> Result<(), Unreadable> {
    for query in queries {
        for item in query.results_or_none("vulnerabilities")? {
            let mut draft = Draft::new(class);
            common(&mut draft, item);
            query.get("queryName").or_empty().clone_into(&mut draft.rule);
            draft.title = draft.rule.replace('_', " ");
            draft.say("", query.get("description").text());
            draft.cwe = [item.get("cweId"), query.get("cweId")]
                .into_iter()
                .map(cwe)
                .find(|c| !c.is_empty())
                .unwrap_or_default();
            draft.say("Query", query.get("queryPath").text().or(item.get("groupName").text()));
            identify(&mut draft, item);
            let nodes = item.get("nodes");
            if item.has("destinationFileName") {
                draft.path = item.get("destinationFileName").owned();
                draft.line = item.get("destinationLine").number();
                let last = nodes.items().last().filter(|n| n.get("line").number() == draft.line);
                draft.snippet = last.and_then(|n| n.get("code").owned());
                draft.say("Path", Some(&steps(nodes)));
            } else {
                draft.path = item.get("fileName").owned();
                of_path(&mut draft, nodes, nodes.items().last());
            }
            take(reading, item, draft);
        }
    }
    Ok(())
}

/// What is wrong in the settings of one technology: Dockerfiles, Terraform.
fn settings(reading: &mut Reading<'_>, technology: &Node<'_>) -> Result<(), Unreadable> {
    for query in technology.results_or_none("queries")? {
        for item in query.results_or_none("resultsList")? {
            let mut draft = Draft::new(Class::Iac);
            common(&mut draft, item);
            query.get("queryName").or_empty().clone_into(&mut draft.rule);
            draft.title = format!("{}: {}", technology.get("name").or_empty(), draft.rule);
            draft.say("", query.get("description").text());
            for (heading, key) in [("Category", "category"), ("Platform", "platform")] {
                draft.say(heading, query.get(key).text());
            }
            for (heading, key) in [("Found", "actualValue"), ("Expected", "expectedValue"), ("Issue", "issueType")] {
                draft.say(heading, item.get(key).text());
            }
            draft.path = item.get("fileName").owned();
            draft.line = item.get("line").number();
            identify(&mut draft, item);
            take(reading, item, draft);
        }
    }
    Ok(())
}

/// The vulnerabilities of one package; how they are listed differs with the version.
fn packages(reading: &mut Reading<'_>, package: &Node<'_>) -> Result<(), Unreadable> {
    let package = package.object()?;
    let lists = ["vulnerabilities", "packageVulnerabilities", "results", "resultsList", "categoryResults"];
    let categories = package.get("packageCategory").items();
    let places = || std::iter::once(package).chain(categories).flat_map(|of| lists.map(|k| of.get(k)));
    if !places().any(Node::is_list) {
        strange("packages", package)?;
    }
    for item in places().filter(|n| n.is_list()).flat_map(Node::items) {
        let item = item.object()?;
        let mut draft = Draft::new(Class::Sca);
        common(&mut draft, item);
        let id = ["cveName", "cve", "cveId", "id"].iter().find_map(|k| item.get(k).text()).unwrap_or_default();
        id.clone_into(&mut draft.rule);
        draft.vulnerabilities = words::vulnerability_ids(id);
        let name = ["packageName", "name"].iter().find_map(|k| package.get(k).text());
        let version = ["packageVersion", "version"].iter().find_map(|k| package.get(k).text());
        draft.title = name.map_or_else(|| id.to_owned(), |n| format!("{id} in {n}"));
        draft.say("", item.get("description").text());
        draft.cwe = ["cweId", "cwe"].iter().map(|k| cwe(item.get(k))).find(|c| !c.is_empty()).unwrap_or_default();
        draft.cvss = Cvss::of(["cvssScore", "score"].iter().find_map(|k| item.get(k).score()), None);
        let fixed =
            ["fixResolutionText", "recommendedVersion", "recommendations"].iter().find_map(|k| item.get(k).text());
        draft.in_package(name, version, None, fixed);
        take(reading, item, draft);
    }
    Ok(())
}

/// What is fixed is an item and no finding.
fn take(reading: &mut Reading<'_>, item: &Node<'_>, draft: Draft) {
    if item.get("status").or_empty().eq_ignore_ascii_case("fixed") {
        reading.passed(1);
    } else {
        reading.add(draft);
    }
}
