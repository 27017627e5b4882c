//! SonarQube: what its Web API answers for issues and hotspots, its scanner's own report, and the HTML of `sonar-report`.
//!
//! Severities are those of the live source: the worse of the issue's own and that of its impact on security.

mod external;
mod page;

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "SonarQube";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "sonarqube-json",
        title: "SonarQube issues and hotspots (JSON of the Web API or of the scanner)",
        classes: &[Class::Sast, Class::Sca],
        items: "elements of `issues` and `hotspots`",
        severity: "`severity` and `impacts` (blocker is critical, critical high, major medium, minor low); of hotspots `vulnerabilityProbability`",
        identity: "SonarQube's key of the issue",
        checked: "DefectDojo's parser, the parsers of Jenkins' Warnings plugin, and the reader of the live API",
        detect,
        parse,
    },
    external::FORMAT,
    page::FORMAT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let is_issue = |n: &Node<'_>| n.has_all(&["key", "rule", "component"]);
    let is_hotspot = |n: &Node<'_>| n.has_all(&["key", "component", "vulnerabilityProbability"]);
    let answer = |list: &str, is: &dyn Fn(&Node<'_>) -> bool| {
        let paged = doc.get("paging").has_all(&["pageIndex", "total"]);
        let scanner = doc.has_all(&["version", "components", "rules"]);
        let page = doc.has_all(&["sonarBaseURL", "rules"]);
        doc.get(list).is_list()
            && (is(doc.get(list).at("0")) || (doc.get(list).items().is_empty() && (paged || scanner || page)))
    };
    (is_issue(doc.at("0")) || is_hotspot(doc.at("0")) || answer("issues", &is_issue) || answer("hotspots", &is_hotspot))
        .into()
}

/// What the answer says beside the issues: the paths of files and the names of rules, by their keys.
#[derive(Default)]
struct Beside<'d> {
    paths: HashMap<&'d str, &'d str>,
    rules: HashMap<&'d str, &'d str>,
    described: HashMap<&'d str, &'d Node<'d>>,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    reading.version(doc.get("version").text());
    let (issues, hotspots) = match &doc {
        // A list is of one kind.
        Node::List(items) if items.iter().any(|i| i.has("vulnerabilityProbability")) => (&[][..], items.as_slice()),
        Node::List(items) => (items.as_slice(), &[][..]),
        doc if doc.has("hotspots") => (doc.results_or_none("issues")?, doc.results("hotspots")?),
        doc => (doc.results("issues")?, &[][..]),
    };
    let named = |list: &str, name: &'static str| {
        let items = doc.get(list).items().iter();
        items.filter_map(|c| Some((c.get("key").text()?, c.get(name).text()?))).collect()
    };
    // `sonar-report` writes of the rules an object, with what they say.
    let described: HashMap<&str, &Node<'_>> = doc.get("rules").entries().iter().map(|(k, r)| (k.as_ref(), r)).collect();
    let mut rules: HashMap<&str, &str> = named("rules", "name");
    rules.extend(described.iter().filter_map(|(k, r)| Some((*k, r.get("name").text()?))));
    let beside = Beside { paths: named("components", "path"), rules, described };
    let mut closed = 0;
    for item in issues.iter().chain(hotspots) {
        if !item.is_object() {
            return Err(Unreadable(format!("An issue has to be an object, and is {}.", item.kind())));
        }
        if is_gone(item) {
            closed += 1;
            reading.passed(1);
        } else {
            reading.add(draft(item, &beside));
        }
    }
    // Before version 9.8 the total stood beside the list of issues.
    let totals = [doc.at("paging.total").number(), doc.get("total").number()];
    reading.page_of(totals.into_iter().flatten().max(), "issues");
    if closed > 0 {
        reading.remark(format!("{closed} issues are closed as fixed, and no findings."));
    }
    reading.done()
}

/// Whether SonarQube says that it is not in the code any more.
fn is_gone(item: &Node<'_>) -> bool {
    let fixed = matches!(item.get("resolution").or_empty(), "FIXED" | "REMOVED");
    fixed || item.get("issueStatus").or_empty() == "FIXED" || item.get("status").or_empty() == "CLOSED"
}

fn draft(item: &Node<'_>, beside: &Beside<'_>) -> Draft {
    let message = item.get("message").or_empty();
    let category = item.get("securityCategory").text();
    let rule = ["rule", "ruleKey"].iter().find_map(|k| item.get(k).owned());
    let mut draft = Draft::new(Class::Sast);
    draft.rule = rule.or_else(|| category.map(|c| format!("hotspot:{c}"))).unwrap_or_default();
    message.clone_into(&mut draft.title);
    draft.severity = match item.get("vulnerabilityProbability").text() {
        Some(likely) => words::severity(likely).unwrap_or(Severity::Unknown),
        None => severity(item),
    };
    let kind = item.get("type").text().or(category.map(|_| "SECURITY_HOTSPOT")).map(|kind| match kind {
        "VULNERABILITY" => "Vulnerability",
        "BUG" => "Bug",
        "CODE_SMELL" => "Code smell",
        "SECURITY_HOTSPOT" => "Security hotspot, to be reviewed",
        other => other,
    });
    draft.say("", kind);
    draft.say("", Some(message));
    draft.say("Rule", beside.rules.get(draft.rule.as_str()).copied());
    draft.say("Category", category);
    let component = item.get("component");
    let project = item.get("project").text().or(component.get("project").text());
    draft.path = path(component.text().or(component.get("key").text()).unwrap_or_default(), project, beside);
    draft.line = ["line", "startLine", "textRange.startLine"].iter().find_map(|k| item.at(k).number());
    let offset = ["startOffset", "textRange.startOffset"].iter().find_map(|k| item.at(k).number());
    draft.column = offset.filter(|_| draft.line.is_some()).map(|c| c.saturating_add(1));
    draft.native_id = item.get("key").owned();
    draft.cwe = item.get("tags").texts().filter(|t| *t != "cwe-937").flat_map(words::cwe_numbers).collect();
    if let Some(about) = beside.described.get(draft.rule.as_str()).filter(|_| draft.cwe.is_empty()) {
        draft.cwe = words::cwe_numbers(about.get("htmlDesc").or_empty());
    }
    draft.suppressed = settled(item);
    if draft.rule.contains("UsingComponentWithKnownVulnerability") {
        of_component(&mut draft, message);
    }
    draft
}

/// What people decided of an issue or hotspot, where that is not to mend it.
fn settled(item: &Node<'_>) -> Option<String> {
    let words = ["resolution", "issueStatus"].iter().filter_map(|k| item.get(k).text());
    let word = words
        .into_iter()
        .find(|w| matches!(*w, "FALSE-POSITIVE" | "FALSE_POSITIVE" | "WONTFIX" | "WONT_FIX" | "ACCEPTED" | "SAFE"))?;
    Some(format!("Resolved in SonarQube as {word}."))
}

/// As the live source: the worse of the issue's own severity and that of its impact on security; without either the worst
/// of its other impacts.
fn severity(item: &Node<'_>) -> Severity {
    let own = own_severity(item.get("severity").or_empty());
    let of = |impact: &Node<'_>| match impact.get("severity").or_empty() {
        "BLOCKER" => Severity::Critical,
        word => words::severity(word).unwrap_or(Severity::Unknown),
    };
    let impacts = item.get("impacts").items();
    let security = impacts.iter().filter(|i| i.get("softwareQuality").or_empty() == "SECURITY").map(of).min();
    // Unknown is last in the order, so the smaller is the worse that is known.
    match own.min(security.unwrap_or(Severity::Unknown)) {
        Severity::Unknown => impacts.iter().map(of).min().unwrap_or(Severity::Unknown),
        known => known,
    }
}

/// SonarQube's own five words.
fn own_severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "BLOCKER" => Severity::Critical,
        "CRITICAL" | "HIGH" => Severity::High,
        "MAJOR" | "MEDIUM" => Severity::Medium,
        "MINOR" | "LOW" => Severity::Low,
        "INFO" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// The path in the repository; `None` for the project itself.
fn path(component: &str, project: Option<&str>, beside: &Beside<'_>) -> Option<String> {
    if let Some(path) = beside.paths.get(component) {
        return Some((*path).to_owned());
    }
    if Some(component) == project {
        return None;
    }
    let below = project.and_then(|p| component.strip_prefix(p)).and_then(|c| c.strip_prefix(':'));
    let path = below.unwrap_or_else(|| component.rsplit_once(':').map_or(component, |(_, path)| path));
    (!path.is_empty()).then(|| path.to_owned())
}

/// An issue of the Dependency-Check plugin: all that it knows stands in the message, in parts with bars between them.
fn of_component(draft: &mut Draft, message: &str) {
    draft.class = Class::Sca;
    let part = |name: &str| {
        let parts = message.split('|').filter_map(|p| p.split_once(':'));
        parts.map(|(n, v)| (n.trim(), v.trim())).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    };
    draft.vulnerabilities = words::vulnerability_ids(message);
    draft.cwe = words::cwe_numbers(part("Category").unwrap_or_default());
    let score = part("CVSS Score").or(part("Highest CVSS Score")).and_then(|s| s.parse().ok());
    draft.cvss = Cvss::of(score, None);
    let file = part("Filename").unwrap_or_default();
    let (name, version) = match file.rsplit_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => words::archive_parts(file),
    };
    draft.in_package(Some(name), version, None, None);
}

#[cfg(test)]
mod tests;
