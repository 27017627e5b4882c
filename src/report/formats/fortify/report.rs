//! Fortify's XML report: sections of listings, in which issues stand in groups. A report may list only some of each group.

use super::{TOOL, is_dismissal};
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const FORMAT: Format = Format {
    name: "fortify-xml",
    title: "Fortify report (ReportDefinition XML)",
    classes: &[Class::Sast],
    items: "`Issue` elements",
    severity: "`Friority` (Fortify's priority order)",
    identity: "the instance's id",
    checked: "DefectDojo's parser",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.root("ReportDefinition") && shape.xml().is_some_and(|x| x.contains("ReportSection"))).into()
}

/// What is said of all issues of a group.
#[derive(Default)]
struct Group {
    explanation: String,
    recommendations: String,
    /// How many issues it has, as it says.
    count: u32,
    listed: u32,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let mut group = Group::default();
    let mut missing = 0;
    let mut listing = false;
    let mut seen = false;
    xml::walk(input.text, &["Issue", "MetaInfo"], |part| match part {
        Part::Open(node) if node.name == "IssueListing" => {
            seen = true;
            listing = node.attribute("listing") == Some("true");
        }
        Part::Open(node) if node.name == "GroupingSection" => {
            let count = node.attribute("count").and_then(|c| c.parse().ok()).unwrap_or(0);
            group = Group { count, ..Group::default() };
        }
        Part::Close(name) if name == "GroupingSection" && listing => {
            missing += group.count.saturating_sub(group.listed);
        }
        Part::Whole(node) if node.name == "MetaInfo" => {
            let value = node.text_of("Value").unwrap_or_default().to_owned();
            match node.text_of("Name") {
                Some("Explanation") => group.explanation = value,
                Some("Recommendations") => group.recommendations = value,
                _ => {}
            }
        }
        Part::Whole(issue) => {
            group.listed += 1;
            reading.add(draft(&issue, &group));
        }
        _ => {}
    })?;
    if !seen {
        reading.not_assessed("The Fortify report lists no issues: it was made without a section of results.");
    }
    if missing > 0 {
        reading.remark(format!("The Fortify report leaves out {missing} issues of the groups that it lists."));
    }
    reading.done()
}

fn draft(issue: &Element, group: &Group) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let category = issue.text_of("Category").unwrap_or_default();
    issue.attribute("ruleID").unwrap_or(category).clone_into(&mut draft.rule);
    category.clone_into(&mut draft.title);
    draft.rated(issue.text_of("Friority").or(issue.text_of("Folder")));
    draft.native_id = issue.attribute("iid").map(str::to_owned);
    draft.say("", issue.text_of("Abstract"));
    draft.say("Explanation", Some(&group.explanation));
    draft.say("Recommendations", Some(&group.recommendations));
    draft.say("Kingdom", issue.text_of("Kingdom"));
    if let Some(cwe) = issue.descendants("ExternalCategory").first() {
        draft.cwe = words::cwe_numbers(&cwe.text.replace("CWE ID ", "CWE-"));
    }
    if let Some(source) = issue.child("Source") {
        let text = |name: &str| source.text_of(name).unwrap_or_default();
        draft.say("Source", Some(&format!("{}:{} {}", text("FilePath"), text("LineStart"), text("TargetFunction"))));
    }
    if let Some(primary) = issue.child("Primary") {
        draft.path = primary.text_of("FilePath").or(primary.text_of("FileName")).map(str::to_owned);
        draft.line = primary.text_of("LineStart").and_then(|l| l.parse().ok());
        draft.say("Function", primary.text_of("TargetFunction"));
        let code = primary.child("Snippet").map(|s| s.text.as_ref()).unwrap_or_default();
        draft.snippet = middle(code, draft.line);
        draft.context = Some(code.to_owned());
    }
    let verdict = issue.all("Tag").find(|t| t.text_of("Name") == Some("Analysis")).and_then(|t| t.text_of("Value"));
    let comments: Vec<&str> = issue.all("Comment").filter_map(|c| c.text_of("Comment")).collect();
    draft.say("Comments", Some(&comments.join("\n")));
    draft.suppressed = verdict.filter(|v| is_dismissal(v)).map(|v| format!("Audited in Fortify: {v}."));
    draft
}

/// The line itself: the report quotes as many lines before it as after it, unless the file begins or ends there.
fn middle(code: &str, line: Option<u32>) -> Option<String> {
    let lines: Vec<&str> = code.lines().collect();
    let half = lines.len() / 2;
    let inside = line.and_then(|l| usize::try_from(l).ok()).is_some_and(|l| l > half);
    lines.get(half).filter(|_| inside && lines.len() % 2 == 1).map(|l| (*l).to_owned())
}
