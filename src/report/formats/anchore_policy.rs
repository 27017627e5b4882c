//! Anchore's evaluations of policies: of AnchoreCTL and the second API, and the older one that is a table within objects
//! whose keys are digests and tags.
//!
//! A row says what a gate found; its action is stop, warn or go. The trigger's id is what Anchore's own allowlists name.

use std::collections::HashMap;

use super::image::{self, Flaw};
use crate::domain::dedup::normalise_image;
use crate::report::prelude::*;

const TOOL: &str = "Anchore";
const CLASSES: &[Class] = &[Class::Container];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "anchore-policy-json",
    title: "Anchore Engine, Enterprise and AnchoreCTL: evaluation of policies",
    classes: &[Class::Container, Class::Sca, Class::Secret, Class::Licence],
    items: "findings of all evaluations, or rows of the table",
    severity: "the word at the beginning of the description, else the action: stop is critical, warn medium, go info",
    identity: "vulnerability and package; else the trigger's id and the image",
    checked: "DefectDojo's parsers",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = doc.at("0");
    let listed = first.has_all(&["detail", "policyId"]) && (first.has("finalAction") || first.has("digest"));
    let table = || {
        let tags = first.entries().iter().take(3).flat_map(|(digest, tags)| {
            let digest = digest.starts_with("sha256:");
            tags.entries().iter().filter(move |_| digest)
        });
        tags.into_iter().any(|(_, list)| list.at("0").has("policyId"))
    };
    (doc.has_all(&["evaluatedTag", "evaluations"]) || listed || table()).into()
}

/// What a gate found.
struct Row<'n> {
    image: &'n str,
    policy: &'n str,
    trigger_id: &'n str,
    gate: &'n str,
    trigger: &'n str,
    text: &'n str,
    action: &'n str,
    allowed: Option<String>,
    advice: Option<&'n str>,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let mut evaluations = 0_usize;
    let outer = if doc.is_list() { doc.list()? } else { std::slice::from_ref(&doc) };
    for one in outer {
        let one = image::object(one, "An evaluation")?;
        let tag = one.get("evaluatedTag").text().or(one.get("tag").text()).unwrap_or_default();
        if one.has("detail") {
            evaluations += 1;
            let before = reading.items();
            rows(&mut reading, one.results_or_none("detail")?, tag)?;
            refused(&mut reading, one, before);
        } else if one.has("evaluations") {
            for evaluation in one.results_or_none("evaluations")? {
                let evaluation = image::object(evaluation, "An evaluation")?;
                evaluations += 1;
                let details = evaluation.get("details");
                let list = if details.is_object() {
                    details.results_or_none("findings")?
                } else {
                    evaluation.results_or_none("details")?
                };
                let before = reading.items();
                rows(&mut reading, list, tag)?;
                refused(&mut reading, evaluation, before);
            }
        } else {
            for (_, tags) in one.entries() {
                for (tag, list) in tags.entries() {
                    for evaluation in list.list()? {
                        evaluations += 1;
                        let before = reading.items();
                        table(&mut reading, image::object(evaluation, "An evaluation")?, tag)?;
                        refused(&mut reading, evaluation, before);
                    }
                }
            }
        }
    }
    if evaluations == 0 {
        reading.not_assessed("Anchore evaluated nothing: the report has no evaluation.");
    }
    reading.done()
}

/// What is refused is not clean, also where nothing says what for.
fn refused(reading: &mut Reading<'_>, evaluation: &Node<'_>, before: u32) {
    let verdict = |keys: [&str; 3]| keys.into_iter().find_map(|k| evaluation.at(k).text()).map(str::to_ascii_lowercase);
    let action = verdict(["finalAction", "final_action", "detail.result.final_action"]);
    let failed = verdict(["status", "evaluationStatus", "evaluation_status"]).is_some_and(|s| s.starts_with("fail"));
    if reading.items() == before && (failed || action.as_deref().is_some_and(|a| matches!(a, "stop" | "warn"))) {
        let why = verdict(["finalActionReason", "final_action_reason", "detail.result.final_action_reason"]);
        let why = why.map(|w| format!(" ({w})")).unwrap_or_default();
        reading.not_assessed(format!(
            "Anchore's policy holds the image back{why}, and the report does not list what for."
        ));
    }
}

fn rows(reading: &mut Reading<'_>, list: &[Node<'_>], tag: &str) -> Result<(), Unreadable> {
    for found in list {
        let found = image::object(found, "A finding of a policy")?;
        let word = |keys: [&str; 2]| keys.into_iter().find_map(|k| found.get(k).text()).unwrap_or_default();
        let own = word(["tag", "repositoryTag"]);
        let row = Row {
            image: if own.is_empty() { tag } else { own },
            policy: word(["policyId", "policy_id"]),
            trigger_id: word(["triggerId", "trigger_id"]),
            gate: word(["gate", "gate"]),
            trigger: word(["triggerName", "trigger"]),
            text: word(["description", "message"]),
            action: word(["status", "action"]),
            allowed: allowed(found.get("allowlisted"), found.get("allowlistMatch")),
            advice: found.get("recommendation").text(),
        };
        reading.add(draft(&row));
    }
    Ok(())
}

/// The older form: each row a list, what stands where is in the header.
fn table(reading: &mut Reading<'_>, evaluation: &Node<'_>, tag: &str) -> Result<(), Unreadable> {
    // Beside the images the older form has notes on the policy.
    let result = evaluation.at("detail.result");
    let results = if result.has("result") { result.get("result") } else { result.get("results") };
    if !results.is_object() {
        return Err(Unreadable(format!("The result of an evaluation has to be an object, and is {}.", results.kind())));
    }
    for result in results.entries().iter().map(|(_, image)| image.get("result")).filter(|r| !r.is_null()) {
        let header = result.get("header").items().iter().enumerate();
        let header: HashMap<&str, usize> = header.filter_map(|(at, name)| Some((name.text()?, at))).collect();
        for row in result.results("rows")? {
            let cells = row.list()?;
            let cell = |name: &str| header.get(name).and_then(|at| cells.get(*at)).unwrap_or(&Node::Null);
            let row = Row {
                image: cell("Repo_Tag").text().unwrap_or(tag),
                policy: cell("Policy_Id").or_empty(),
                trigger_id: cell("Trigger_Id").or_empty(),
                gate: cell("Gate").or_empty(),
                trigger: cell("Trigger").or_empty(),
                text: cell("Check_Output").or_empty(),
                action: cell("Gate_Action").or_empty(),
                allowed: allowed(cell("Whitelisted"), &Node::Null),
                advice: None,
            };
            reading.add(draft(&row));
        }
    }
    Ok(())
}

fn allowed(listed: &Node<'_>, by: &Node<'_>) -> Option<String> {
    let named = listed
        .get("whitelist_name")
        .text()
        .or_else(|| by.get("allowlistName").text())
        .or_else(|| by.get("name").text());
    match (listed.is_object() || listed.is_true(), named) {
        (true, Some(name)) => Some(format!("on the allowlist {name}")),
        (true, None) => Some("on an allowlist".to_owned()),
        (false, _) => None,
    }
}

fn draft(row: &Row<'_>) -> Draft {
    let id = words::vulnerability_ids(row.trigger_id).into_iter().next();
    let mut draft = match &id {
        Some(id) if row.gate == "vulnerabilities" => of_package(row, id),
        _ => {
            let mut draft = Draft::new(match row.gate {
                "secret_scans" => Class::Secret,
                "licenses" => Class::Licence,
                _ => Class::Container,
            });
            draft.rule = format!("{}:{}", row.gate, row.trigger);
            draft.path = Some(row.image.to_owned());
            draft.logical = Some(row.trigger_id.to_owned());
            if !row.trigger_id.is_empty() {
                draft.native_id = Some(format!("{} {}", normalise_image(row.image), row.trigger_id));
            }
            draft
        }
    };
    row.text.clone_into(&mut draft.title);
    row.text.clone_into(&mut draft.detail);
    draft.say("Policy", Some(row.policy));
    draft.say("Action", Some(row.action));
    draft.say("Advice", row.advice);
    draft.severity = severity(row);
    draft.suppressed.clone_from(&row.allowed);
    draft
}

/// The text is `HIGH Vulnerability found in non-os package type (java) - /a/b.jar (CVE-2024-1 - https://..)`.
fn of_package(row: &Row<'_>, id: &str) -> Draft {
    let kind = row.text.split_once("package type (").and_then(|(_, rest)| rest.split_once(')')).map(|(kind, _)| kind);
    let path = row.text.split_once(") - ").and_then(|(_, rest)| rest.split_whitespace().next());
    let foreign = row.text.contains("non-os package");
    let mut draft = Flaw {
        id,
        name: row.trigger_id.split_once('+').map(|(_, name)| name),
        kind: if foreign { "package" } else { kind.unwrap_or_default() },
        image: Some(row.image),
        path: path.filter(|p| p.starts_with('/')),
        ..Flaw::default()
    }
    .draft();
    let link = row.text.split_whitespace().find(|w| w.starts_with("http"));
    draft.url = link.map(|l| l.trim_end_matches([')', ',']).to_owned());
    draft
}

fn severity(row: &Row<'_>) -> Severity {
    let word = row.text.split_whitespace().next().unwrap_or_default();
    let upper = word.len() > 2 && word.bytes().all(|b| b.is_ascii_uppercase());
    if upper && let Some(severity) = words::severity(word) {
        return severity;
    }
    match row.action.to_ascii_lowercase().as_str() {
        "stop" => Severity::Critical,
        "warn" => Severity::Medium,
        "go" => Severity::Info,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus, Rung};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn all_forms_are_read() {
        let listed = r#"[{"detail": [{"description": "Root is the user", "gate": "dockerfile", "policyId": "p", "status": "stop",
            "tag": "pay:1", "triggerId": "t1", "triggerName": "effective_user"}], "digest": "sha256:1", "policyId": "p", "tag": "pay:1"}]"#;
        let newer = r#"{"evaluatedTag": "pay:1", "policyId": "p", "evaluations": [{"details": {"findings": [{"message": "Root is the user",
            "gate": "dockerfile", "policyId": "p", "action": "stop", "triggerId": "t1", "triggerName": "effective_user"}]}}]}"#;
        let table = r#"[{"sha256:1": {"pay:1": [{"policyId": "p", "detail": {"result": {"result": {"policy_data": [], "i": {"result": {
            "header": ["Repo_Tag", "Trigger_Id", "Gate", "Trigger", "Check_Output", "Gate_Action", "Whitelisted", "Policy_Id"],
            "rows": [["pay:1", "t1", "dockerfile", "effective_user", "Root is the user", "stop", false, "p"]]}}}}}}]}}]"#;
        for text in [listed, newer, table] {
            let report = read("a", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), ("anchore-policy-json", ReportStatus::Ok, 1));
            let f = &report.findings[0];
            assert_eq!(
                (f.severity, f.rule.raw(), f.place().as_str()),
                (Severity::Critical, "dockerfile:effective_user", "pay:1")
            );
            assert_eq!((f.keys[0].rung, f.title.raw()), (Rung::ToolId, "Root is the user"));
        }
    }

    #[test]
    fn a_vulnerability_is_one_of_its_package() {
        let text = r#"[{"detail": [{"description": "HIGH Vulnerability found in non-os package type (java) - /app/x.jar (CVE-2024-1 - https://a.example)",
            "gate": "vulnerabilities", "status": "warn", "triggerId": "CVE-2024-1+x.jar", "triggerName": "package", "allowlisted": true}],
            "digest": "d", "policyId": "p", "tag": "pay:1"}]"#;
        let f = &read("a", text.as_bytes(), None).findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Sca, Severity::High, "app/x.jar"));
        assert_eq!((f.rule.raw(), f.url.as_ref().unwrap().raw()), ("CVE-2024-1", "https://a.example"));
        assert!(f.suppressed.is_some());
    }

    #[test]
    fn no_findings_are_clean_and_no_evaluation_is_not_assessed() {
        let status = |text: &str| read("a", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"evaluatedTag": "a", "evaluations": [{"details": []}]}"#), ReportStatus::Empty);
        for verdict in [r#""status": "fail""#, r#""finalAction": "stop""#] {
            let text = format!(r#"{{"evaluatedTag": "a", "evaluations": [{{"details": [], {verdict}}}]}}"#);
            assert_eq!(status(&text), ReportStatus::NotAssessed);
        }
        assert_eq!(status(r#"{"evaluatedTag": "a", "evaluations": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"evaluatedTag": "a", "evaluations": [{"details": 3}]}"#), ReportStatus::Error);
        assert_eq!(status(r#"[{"sha256:1": {"a": [{"policyId": "p"}]}}]"#), ReportStatus::Error);
    }
}
