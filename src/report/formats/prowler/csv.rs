//! The tables: with commas in version 2, with semicolons after it. The columns have other names in each version.

use super::{Outcome, TOOL, class_of, native_id, outcome, place, take};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "prowler-csv",
    title: "Prowler CSV, versions 2 to 5",
    classes: &[Class::Infra, Class::Iac, Class::Container],
    items: "rows",
    severity: "`SEVERITY`; of version 2 `CHECK_SEVERITY`",
    identity: "`FINDING_UID`; else check, account, region and resource",
    checked: "DefectDojo's parser on tables of versions 2 and 5; 3 and 4 from the tool's documentation",
    detect: |shape| {
        let second = shape.columns(&["TITLE_ID", "TITLE_TEXT", "REGION"]);
        let later = shape.columns(&["CHECK_ID", "STATUS_EXTENDED", "SEVERITY", "SERVICE_NAME"]);
        (second || later).into()
    },
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let second = table.has("TITLE_ID");
    let provider = table.iter().find_map(|r| r.get("PROVIDER")).unwrap_or_default();
    let mut reading = Reading::new(input, TOOL, &[class_of(provider)]);
    reading.version(table.iter().find_map(|r| r.get("PROWLER_VERSION")));
    for row in table.iter() {
        let status = row.first(&["STATUS", "CHECK_RESULT", "RESULT"]).unwrap_or_default();
        let muted = row.get("MUTED").is_some_and(|m| m.eq_ignore_ascii_case("true"));
        let outcome: Outcome = outcome(status, muted);
        take(&mut reading, outcome, || if second { of_second(row) } else { of_later(row) });
    }
    reading.done()
}

fn of_second(row: table::Row<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    draft.rated(row.first(&["CHECK_SEVERITY", "SEVERITY"]));
    let title = row.or_empty("TITLE_TEXT");
    // `[check12] Ensure ... (Scored)`: the name in brackets is the check's id in all of the tool.
    let name = title.strip_prefix('[').and_then(|t| t.split_once(']')).map(|(name, _)| name);
    name.or(row.get("TITLE_ID")).unwrap_or_default().clone_into(&mut draft.rule);
    title.clone_into(&mut draft.title);
    let said = row.first(&["CHECK_RESULT_EXTENDED", "NOTES"]);
    draft.say("", said);
    draft.say("Risk", row.get("CHECK_RISK"));
    draft.say("Remediation", row.get("CHECK_REMEDIATION"));
    draft.say("Profile", row.get("PROFILE"));
    let resource = row.get("CHECK_RESOURCE_ID").or(said);
    draft.logical = place(row.get("ACCOUNT_NUM"), row.get("REGION"), resource);
    draft.url = row.get("CHECK_DOC").map(str::to_owned);
    draft
}

fn of_later(row: table::Row<'_>) -> Draft {
    let mut draft = Draft::new(class_of(row.or_empty("PROVIDER")));
    draft.rated(row.get("SEVERITY"));
    row.or_empty("CHECK_ID").clone_into(&mut draft.rule);
    row.first(&["CHECK_TITLE", "CHECK_ID"]).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", row.get("STATUS_EXTENDED"));
    draft.say("", row.get("DESCRIPTION"));
    draft.say("Risk", row.get("RISK"));
    draft.say("Remediation", row.get("REMEDIATION_RECOMMENDATION_TEXT"));
    draft.say("Compliance", row.get("COMPLIANCE"));
    let resource = row.first(&["RESOURCE_UID", "RESOURCE_ARN", "RESOURCE_NAME", "RESOURCE_ID"]);
    draft.logical = place(row.first(&["ACCOUNT_UID", "ACCOUNT_ID"]), row.get("REGION"), resource);
    draft.url = row.first(&["REMEDIATION_RECOMMENDATION_URL", "RELATED_URL"]).map(str::to_owned);
    draft.native_id = native_id(row.first(&["FINDING_UID", "FINDING_UNIQUE_ID"]));
    draft
}
