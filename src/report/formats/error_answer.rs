//! An error that a server or a tool wrote where a report should stand: nothing was looked at.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "error-answer",
    title: "The error that a server answered instead of a report",
    classes: &[],
    items: "none: such a file is `not-assessed`",
    severity: "none",
    identity: "none",
    checked: "error bodies in the documentation of GitHub, GitLab, SonarQube, Anchore and RFC 9457",
    detect: |shape| Fit::general(is_error(shape.json())),
    parse,
}];

/// The fields that say what went wrong.
const SAID: [&str; 7] = ["message", "error", "errors", "detail", "error_description", "msg", "title"];
/// Those that stand beside them.
const BESIDE: [&str; 17] = [
    "code",
    "data",
    "details",
    "documentation_url",
    "errorCode",
    "httpcode",
    "instance",
    "ok",
    "path",
    "requestId",
    "request_id",
    "status",
    "statusCode",
    "success",
    "timestamp",
    "trace",
    "type",
];

/// Whether a document says what went wrong, and nothing else that could be a result.
fn is_error(doc: &Node<'_>) -> bool {
    let entries = doc.entries();
    let known = |name: &str| SAID.contains(&name) || BESIDE.contains(&name);
    let without_data = match doc.get("data") {
        Node::Object(entries) => entries.is_empty(),
        Node::List(items) => items.is_empty(),
        other => other.is_null(),
    };
    !entries.is_empty() && entries.iter().all(|(name, _)| known(name)) && without_data && said(doc).is_some()
}

/// What went wrong, in the words of the answer.
fn said(doc: &Node<'_>) -> Option<String> {
    SAID.iter().find_map(|name| {
        let node = doc.get(name);
        let first = node.at("0");
        let inner = [node, node.get("message"), first, first.get("message"), first.get("msg"), first.get("detail")];
        inner.iter().find_map(|n| n.text()).filter(|t| !t.trim().is_empty()).map(str::to_owned)
    })
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "unknown", &[]);
    let Some(said) = said(&doc) else {
        return Err(Unreadable("The JSON says neither what was found nor what went wrong.".to_owned()));
    };
    reading.not_assessed(format!("This is an error, and no report: {}", crate::text::line(&said)));
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::read;

    #[test]
    fn an_error_is_no_report_and_no_evidence() {
        for text in [
            r#"{"message": "Bad credentials", "documentation_url": "https://docs.example/rest", "status": "401"}"#,
            r#"{"errors": [{"msg": "Bad credentials"}]}"#,
            r#"{"detail": {"error_codes": []}, "httpcode": 404, "message": "Bad credentials"}"#,
            r#"{"type": "about:blank", "title": "Bad credentials", "status": 401}"#,
            r#"{"error": {"code": "E401", "message": "Bad credentials"}}"#,
            r#"{"error": "Bad credentials"}"#,
        ] {
            let report = read("r.json", text.as_bytes(), None);
            assert_eq!((report.status, report.findings.len()), (ReportStatus::NotAssessed, 0), "{text}");
            assert!(report.reason.unwrap().raw().contains("Bad credentials"), "{text}");
        }
        for text in
            ["{}", r#"{"message": "x", "results": []}"#, r#"{"errors": []}"#, r#"{"message": "x", "data": [1]}"#]
        {
            assert_ne!(read("r.json", text.as_bytes(), None).format, "error-answer", "{text}");
        }
    }
}
