//! Fortify: the project file (`.fpr`, an archive with `audit.fvdl` and the audit in `audit.xml`), the bare FVDL, the
//! XML report (`ReportDefinition`), and the list of issues of the server's API.
//!
//! The severity is Fortify's priority order: from the impact of the rule, and the likelihood, which is made of the rule's
//! accuracy and probability and the confidence in the instance.

mod fvdl;
mod report;
mod server;

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "Fortify";
/// The tag of the auditor's verdict, the same in all projects.
const ANALYSIS: &str = "87f2364f-dcd4-49e6-861d-f8d3f351686b";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "fortify-fpr",
        title: "Fortify project (FPR) or FVDL",
        classes: &[Class::Sast],
        items: "`Vulnerability` elements",
        severity: "Fortify's priority order, computed from impact, accuracy, probability and confidence",
        identity: "the instance's id",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    report::FORMAT,
    server::FORMAT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.root("FVDL") || shape.names().iter().any(|n| is_called(n, "audit.fvdl"))).into()
}

/// Whether a file in an archive has this name, in whatever folder.
fn is_called(path: &str, name: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let Some(archive) = input.archive else {
        return fvdl::parse(input, input.text, &HashMap::new());
    };
    let member = |name: &str| archive.member(|m| is_called(m, name));
    let results = member("audit.fvdl")?.ok_or_else(|| Unreadable("It has no audit.fvdl in it.".to_owned()))?;
    let audit = match member("audit.xml")? {
        Some(audit) => verdicts(&audit.text()?)?,
        None => HashMap::new(),
    };
    fvdl::parse(input, &results.text()?, &audit)
}

/// What auditors said against issues, by the id of the instance.
fn verdicts(text: &str) -> Result<HashMap<String, String>, Unreadable> {
    let mut out = HashMap::new();
    xml::walk(text, &["Issue"], |part| {
        let Part::Whole(issue) = part else { return };
        let Some(id) = issue.attribute("instanceId") else { return };
        let tag = issue.all("Tag").find(|t| t.attribute("id").is_some_and(|id| id.eq_ignore_ascii_case(ANALYSIS)));
        let verdict = tag.and_then(|t| t.text_of("Value"));
        let comments: Vec<&str> = issue.descendants("Comment").iter().filter_map(|c| c.text_of("Content")).collect();
        let suppressed = issue.attribute("suppressed").is_some_and(|s| s.eq_ignore_ascii_case("true"));
        let words = match (suppressed, verdict.filter(|v| is_dismissal(v))) {
            (true, Some(verdict)) => format!("Suppressed in Fortify: {verdict}."),
            (true, None) => "Suppressed in Fortify.".to_owned(),
            (false, Some(verdict)) => format!("Audited in Fortify: {verdict}."),
            (false, None) => return,
        };
        out.insert(id.to_owned(), [&[words.as_str()], comments.as_slice()].concat().join(" "));
    })?;
    Ok(out)
}

/// Whether an auditor's verdict is that there is nothing to mend.
fn is_dismissal(verdict: &str) -> bool {
    verdict.eq_ignore_ascii_case("not an issue")
}

#[cfg(test)]
mod tests;
