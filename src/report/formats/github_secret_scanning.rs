//! GitHub secret scanning: alerts as the REST API gives them, one, a list, or several lists one after another.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "GitHub secret scanning";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "github-secret-scanning-json",
    title: "GitHub secret scanning alerts (REST)",
    classes: &[Class::Secret],
    items: "alerts",
    severity: "GitHub rates nothing: critical where it says that the secret is active, else high, as every leaked secret",
    identity: "the alert's address",
    checked: "the examples of GitHub's API description; counts of their items",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    leak::first(shape).has_all(&["secret_type", "state", "number"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for alert in leak::records(input)? {
        reading.add(draft(&alert));
    }
    reading.done()
}

fn draft(alert: &Node<'_>) -> Draft {
    let kind = alert.get("secret_type").or_empty();
    let validity = alert.get("validity").text();
    let mut draft = leak::draft(kind, validity == Some("active"));
    alert.get("secret_type_display_name").text().unwrap_or(kind).clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    draft.say("Validity", validity);
    if alert.get("publicly_leaked").is_true() {
        draft.say("", Some("It was found in public code too."));
    }
    if alert.get("push_protection_bypassed").is_true() {
        let by = alert.at("push_protection_bypassed_by.login").text().unwrap_or("someone");
        draft.say("Push protection bypassed by", Some(by));
    }
    let place = [alert.get("first_location_detected"), alert.at("locations.0.details"), alert.at("locations.0")];
    if let Some(place) = place.into_iter().find(|p| p.is_object()) {
        draft.path = place.get("path").owned();
        draft.line = place.get("start_line").number();
        draft.column = place.get("start_column").number();
        leak::commit(&mut draft, place.get("commit_sha").text(), None, None);
        if draft.path.is_none() {
            // In an issue, a pull request or a wiki: its address is all that is said.
            let address = place.entries().iter().find(|(key, _)| key.ends_with("_url")).and_then(|(_, url)| url.text());
            draft.logical = address.map(str::to_owned);
        }
    }
    let repository = alert.at("repository.full_name").text();
    draft.say("Repository", repository);
    if draft.path.is_none() && draft.logical.is_none() {
        draft.logical = repository.map(str::to_owned);
    }
    leak::quote(&mut draft, alert.get("secret").text());
    draft.confidence = validity.map(str::to_owned);
    draft.url = alert.get("html_url").owned();
    draft.native_id = alert.get("html_url").owned().or_else(|| alert.get("url").owned());
    if alert.get("state").text() == Some("resolved") {
        let how = alert.get("resolution").text().unwrap_or("for no reason given").replace('_', " ");
        let why = alert.get("resolution_comment").text().map(|c| format!(": {c}")).unwrap_or_default();
        draft.suppressed = Some(format!("Resolved on GitHub, {how}{why}"));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const ALERT: &str = r#"{"number": 7, "html_url": "https://github.example/o/r/security/secret-scanning/7", "state": "resolved",
        "resolution": "used_in_tests", "resolution_comment": "a fixture", "secret_type": "npm_access_token", "validity": "active",
        "secret_type_display_name": "npm Access Token", "secret": "npm_0123456789", "publicly_leaked": true,
        "first_location_detected": {"path": "/ci/.npmrc", "start_line": 2, "start_column": 5, "commit_sha": "dd"}}"#;

    #[test]
    fn alerts_are_read_alone_in_a_list_and_in_several() {
        for text in [ALERT.to_owned(), format!("[{ALERT}]"), format!("[{ALERT}][]")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("github-secret-scanning-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.severity, f.rule.raw(), f.location.line), (Severity::Critical, "npm_access_token", Some(2)));
            assert_eq!(f.suppressed.as_ref().unwrap().raw(), "Resolved on GitHub, used in tests: a fixture");
            assert!(f.sources[0].native_id.as_ref().unwrap().raw().ends_with("/7"));
            assert!(!format!("{f:?}").contains("0123456789"));
        }
        assert_eq!(read("r", format!("[{ALERT}, null]").as_bytes(), None).status, ReportStatus::Error);
    }
}
