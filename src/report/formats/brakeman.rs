//! Brakeman JSON. It knows no severity, but how sure it is; its own SARIF makes a level of that, and so does this.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "brakeman-json",
    title: "Brakeman JSON",
    classes: &[Class::Sast],
    items: "elements of `warnings` and `ignored_warnings`",
    severity: "`confidence`, as in Brakeman's own SARIF (high is high, medium medium, weak low)",
    identity: "`fingerprint`",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.has(&["scan_info", "warnings"]) && shape.json().get("warnings").is_list()).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Brakeman", &[Class::Sast]);
    reading.version(doc.at("scan_info.brakeman_version").text());
    for (list, ignored) in [(doc.results("warnings")?, false), (doc.results_or_none("ignored_warnings")?, true)] {
        for warning in list {
            if !warning.is_object() {
                return Err(Unreadable(format!("A warning has to be an object, and is {}.", warning.kind())));
            }
            let mut draft = draft(warning);
            if ignored {
                let note = warning.get("note").text().map(|n| format!(" {n}")).unwrap_or_default();
                draft.suppressed = Some(format!("Ignored in Brakeman's configuration.{note}"));
            }
            reading.add(draft);
        }
    }
    let errors: Vec<&str> =
        doc.get("errors").items().iter().map(|e| e.get("error").text().or(e.text()).unwrap_or("?")).collect();
    if !errors.is_empty() {
        reading.remark(format!("Brakeman met {} errors: {}.", errors.len(), errors.join("; ")));
    }
    let none = doc.at("scan_info.checks_performed");
    if reading.items() == 0 && none.is_list() && none.items().is_empty() {
        reading.not_assessed("Brakeman ran no check.");
    }
    reading.done()
}

fn draft(warning: &Node<'_>) -> Draft {
    let text = |key: &str| warning.get(key).text();
    let mut draft = Draft::new(Class::Sast);
    text("check_name").or(text("warning_type")).unwrap_or_default().clone_into(&mut draft.rule);
    let parts = [text("warning_type"), text("message")];
    draft.title = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    draft.severity = match text("confidence").unwrap_or_default().to_ascii_lowercase().as_str() {
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "weak" | "low" => Severity::Low,
        _ => Severity::Unknown,
    };
    draft.confidence = warning.get("confidence").owned();
    draft.say("", text("message"));
    draft.say("User input", text("user_input"));
    let place = warning.get("location");
    let method = [place.get("class"), place.get("method"), place.get("template")]
        .iter()
        .filter_map(|n| n.text())
        .collect::<Vec<_>>()
        .join("#");
    draft.say("In", Some(&method));
    let steps = warning.get("render_path").items().iter();
    let steps = steps.map(|s| format!("{}:{}", s.get("file").or_empty(), s.get("line").or_empty()));
    draft.say("Rendered from", Some(&steps.collect::<Vec<_>>().join("\n")));
    draft.vulnerabilities = words::vulnerability_ids(text("message").unwrap_or_default());
    draft.cwe = warning.get("cwe_id").items().iter().chain([warning.get("cwe_id")]).filter_map(Node::number).collect();
    draft.path = warning.get("file").owned();
    draft.line = warning.get("line").number();
    draft.snippet = warning.get("code").owned();
    draft.url = warning.get("link").owned();
    draft.native_id = warning.get("fingerprint").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn warnings_and_what_is_ignored() {
        let text = r#"{"scan_info": {"brakeman_version": "6.1", "checks_performed": ["SQL"]}, "warnings": [{"warning_type": "SQL Injection",
            "check_name": "SQL", "message": "Possible.", "file": "app/a.rb", "line": 5, "code": "find(x)", "confidence": "Weak",
            "fingerprint": "f1", "cwe_id": [89], "link": "https://b.example"}], "ignored_warnings": [{"warning_type": "XSS", "confidence": "High",
            "message": "Seen.", "fingerprint": "f2", "note": "escaped above"}], "errors": [{"error": "no parse"}]}"#;
        let report = read("b", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.reason.unwrap().raw().contains("no parse")),
            ("brakeman-json", 2, true)
        );
        let (sql, xss) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (sql.severity, sql.place().as_str(), sql.title.raw()),
            (Severity::Low, "app/a.rb:5", "SQL Injection: Possible.")
        );
        assert_eq!((&sql.cwe[..], sql.sources[0].native_id.as_ref().unwrap().raw()), (&[89][..], "f1"));
        assert!(xss.suppressed.as_ref().unwrap().raw().contains("escaped above"));
    }

    #[test]
    fn no_check_is_not_clean() {
        let of = |text: &str| read("b", text.as_bytes(), None).status;
        assert_eq!(of(r#"{"scan_info": {"checks_performed": []}, "warnings": []}"#), ReportStatus::NotAssessed);
        assert_eq!(of(r#"{"scan_info": {"checks_performed": ["SQL"]}, "warnings": []}"#), ReportStatus::Empty);
        assert_eq!(of(r#"{"scan_info": {}, "warnings": [1]}"#), ReportStatus::Error);
    }
}
