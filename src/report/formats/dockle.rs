//! Dockle JSON: checks of how an image is made. What passed is only counted.

use super::image;
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Container];
/// The check for credentials in environment variables and files.
const CREDENTIALS: &str = "CIS-DI-0010";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dockle-json",
    title: "Dockle JSON",
    classes: &[Class::Container, Class::Secret],
    items: "elements of `details`",
    severity: "`level`: FATAL is high, WARN medium, INFO low",
    identity: "the check's code and the image",
    checked: "DefectDojo's parser",
    detect: |shape| {
        let summary = shape.json().get("summary");
        (shape.has(&["details"]) && summary.has_all(&["fatal", "warn", "info"])).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Dockle", CLASSES);
    let image = doc.get("image").text();
    for found in doc.results_or_none("details")? {
        let found = image::object(found, "A detail")?;
        if matches!(found.get("level").or_empty(), "PASS" | "SKIP") {
            reading.passed(1);
        } else {
            reading.add(draft(found, image));
        }
    }
    let count = |key: &str| doc.at("summary").get(key).number().unwrap_or(0);
    if reading.items() == 0 && count("pass") == 0 && ["fatal", "warn", "info"].iter().all(|k| count(k) == 0) {
        reading.not_assessed(format!("Dockle made no check: {} were skipped, none passed.", count("skip")));
    }
    reading.done()
}

fn draft(found: &Node<'_>, image: Option<&str>) -> Draft {
    let code = found.get("code").or_empty();
    let mut draft = Draft::new(if code == CREDENTIALS { Class::Secret } else { Class::Container });
    code.clone_into(&mut draft.rule);
    draft.title = found.get("title").owned().unwrap_or_default();
    draft.severity = match found.get("level").or_empty() {
        "FATAL" => Severity::High,
        "WARN" => Severity::Medium,
        "INFO" => Severity::Low,
        _ => Severity::Unknown,
    };
    let alerts: Vec<&str> = found.get("alerts").texts().collect();
    let alerts = alerts.join("\n");
    if draft.class == Class::Secret {
        // Older versions quote the value.
        draft.snippet = Some(alerts);
    } else {
        draft.say("", Some(&alerts));
    }
    draft.path = image.map(str::to_owned);
    draft.url = code.starts_with("CIS-DI-").then(|| {
        format!("https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md#{}", code.to_ascii_lowercase())
    });
    draft.suppressed = (found.get("level").text() == Some("IGNORE")).then(|| "ignored by Dockle's settings".to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn details_become_findings() {
        let text = r#"{"image": "pay:1", "summary": {"fatal": 1, "warn": 1, "info": 0, "skip": 0, "pass": 14}, "details": [
            {"code": "CIS-DI-0010", "title": "Do not store credentials", "level": "FATAL", "alerts": ["Suspicious ENV: KEY=AKIAIOSFODNN7EXAMPLE"]},
            {"code": "CIS-DI-0001", "title": "Create a user", "level": "WARN", "alerts": ["Last user should not be root"]}]}"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("dockle-json", ReportStatus::Ok, 2));
        let (key, user) = (&report.findings[0], &report.findings[1]);
        assert_eq!((key.class, key.severity), (Class::Secret, Severity::High));
        assert!(!format!("{key:?}").contains("IOSFODNN7"));
        let short = read("d", text.replace("AKIAIOSFODNN7EXAMPLE", "hunter2").as_bytes(), None);
        assert!(!format!("{short:?}").contains("hunter2"));
        assert_eq!((user.severity, user.place().as_str()), (Severity::Medium, "pay:1"));
        assert!(user.detail.raw().contains("root"));
    }

    #[test]
    fn all_passed_is_clean_and_none_is_not_assessed() {
        let of = |pass: u32, details: &str| {
            let text = format!(
                r#"{{"summary": {{"fatal": 0, "warn": 0, "info": 0, "skip": 3, "pass": {pass}}}, "details": {details}}}"#
            );
            read("d", text.as_bytes(), None).status
        };
        assert_eq!(
            (of(16, "[]"), of(0, "[]"), of(1, "{}")),
            (ReportStatus::Empty, ReportStatus::NotAssessed, ReportStatus::Error)
        );
    }
}
