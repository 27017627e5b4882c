//! Prowler's own JSON: lines in version 2, a list in version 3. Later versions write OCSF.

use super::{TOOL, class_of, native_id, outcome, place, take};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "prowler-json",
    title: "Prowler JSON, versions 2 and 3",
    classes: &[Class::Infra],
    items: "lines of version 2, elements of the list of version 3",
    severity: "`Severity`",
    identity: "`FindingUniqueId`; else check, account, region and resource",
    checked: "DefectDojo's parser on lines of version 2; 3 from the tool's documentation",
    detect: |shape| {
        let first = shape.line();
        let second = |n: &Node<'_>| n.has_all(&["Control", "Status", "Severity", "Account Number"]);
        let third = |n: &Node<'_>| n.has_all(&["CheckID", "Status", "StatusExtended", "Severity"]);
        (second(first) || third(first) || second(first.at("0")) || third(first.at("0"))).into()
    },
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = Node::parse_all(input.text)?;
    let results = match documents.as_slice() {
        [Node::List(results)] => results.as_slice(),
        lines => lines,
    };
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    for result in results {
        let outcome = outcome(result.object()?.get("Status").or_empty(), result.get("Muted").is_true());
        take(&mut reading, outcome, || if result.has("CheckID") { of_third(result) } else { of_second(result) });
    }
    reading.done()
}

fn of_second(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    draft.rated(result.get("Severity").text());
    let control = result.get("Control").or_empty();
    let name = control.strip_prefix('[').and_then(|t| t.split_once(']')).map(|(name, _)| name);
    name.or(result.get("Control ID").text()).unwrap_or_default().clone_into(&mut draft.rule);
    control.clone_into(&mut draft.title);
    draft.say("", result.get("Message").text());
    draft.say("Risk", result.get("Risk").text());
    draft.say("Remediation", result.get("Remediation").text());
    draft.logical =
        place(result.get("Account Number").text(), result.get("Region").text(), result.get("Resource ID").text());
    draft.url = result.get("Doc link").owned();
    draft
}

fn of_third(result: &Node<'_>) -> Draft {
    let text = |key: &str| result.get(key).text();
    let mut draft = Draft::new(class_of(result.get("Provider").or_empty()));
    draft.rated(text("Severity"));
    result.get("CheckID").or_empty().clone_into(&mut draft.rule);
    text("CheckTitle").or(text("CheckID")).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", text("StatusExtended"));
    draft.say("", text("Description"));
    draft.say("Risk", text("Risk"));
    draft.say("Remediation", result.at("Remediation.Recommendation.Text").text());
    let account = ["AccountId", "SubscriptionId", "ProjectId"].into_iter().find_map(text);
    let region = ["Region", "Location"].into_iter().find_map(text);
    let resource = ["ResourceArn", "ResourceId", "ResourceName"].into_iter().find_map(text);
    draft.logical = place(account, region, resource);
    draft.url = result.at("Remediation.Recommendation.Url").owned().or_else(|| result.get("RelatedUrl").owned());
    draft.native_id = native_id(text("FindingUniqueId"));
    draft
}
