//! SonarQube's format for issues that other tools found: `sonar.externalIssuesReportPaths`. Many linters write it.

use super::super::sarif;
use super::own_severity;
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "sonarqube-generic",
    title: "SonarQube generic issue data (JSON)",
    classes: &[Class::Sast, Class::Iac],
    items: "elements of `issues`",
    severity: "`severity` of the issue or of its rule, and `impacts`",
    identity: "rule, path and message",
    checked: "a report of hadolint, and the tool's documentation",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    doc.at("issues.0").has_all(&["ruleId", "primaryLocation"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    // Since version 10.3 what all issues of a rule have in common stands in a list of rules.
    let rules: std::collections::HashMap<&str, &Node<'_>> =
        doc.get("rules").items().iter().filter_map(|r| Some((r.get("id").text()?, r))).collect();
    let issues = doc.results("issues")?;
    let mut reading = Reading::new(input, "SonarQube generic issues", &[]);
    let engine = |issue: &Node<'_>| {
        let rule = issue.get("ruleId").text().and_then(|id| rules.get(id));
        issue.get("engineId").owned().or_else(|| rule?.get("engineId").owned())
    };
    let tool = issues.first().and_then(engine).unwrap_or_default();
    reading.tool(Some(tool.as_str()).filter(|e| !e.is_empty()));
    let class = sarif::classes(&tool).first().copied().unwrap_or(Class::Sast);
    for issue in issues {
        let rule = issue.get("ruleId").text().and_then(|id| rules.get(id).copied()).unwrap_or(&Node::Null);
        reading.assessed(class);
        reading.add(draft(issue, rule, class));
    }
    reading.done()
}

fn draft(issue: &Node<'_>, rule: &Node<'_>, class: Class) -> Draft {
    let place = issue.get("primaryLocation");
    let mut draft = Draft::new(class);
    issue.get("ruleId").or_empty().clone_into(&mut draft.rule);
    place.get("message").text().or(rule.get("name").text()).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", place.get("message").text());
    draft.say("Rule", rule.get("description").text().map(html::text).as_deref());
    let impacts = [issue, rule].map(|n| n.get("impacts").items());
    let all = impacts.into_iter().flatten().map(|i| match i.get("severity").or_empty() {
        "BLOCKER" => Severity::Critical,
        word => words::severity(word).unwrap_or(Severity::Unknown),
    });
    let own = [issue, rule].iter().find_map(|n| n.get("severity").text()).map_or(Severity::Unknown, own_severity);
    draft.severity = all.chain([own]).min().unwrap_or(Severity::Unknown);
    draft.path = place.get("filePath").owned();
    draft.line = place.at("textRange.startLine").number();
    draft.column = place.at("textRange.startColumn").number().map(|c| c.saturating_add(1));
    draft
}
