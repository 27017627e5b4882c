//! tfsec: `tfsec -f json` and `tfsec -f csv`. Versions before 0.40 had other words for severities; what passed or was
//! ignored stands in it where it was asked for.

mod junit;

use crate::report::prelude::*;

const TOOL: &str = "tfsec";

pub(super) const FORMATS: &[Format] = &[
    junit::JUNIT,
    Format {
        name: "tfsec-csv",
        title: "tfsec CSV",
        classes: &[Class::Iac],
        items: "rows",
        severity: "`severity`",
        identity: "rule, path and description",
        checked: "no real file was at hand; columns as tfsec 1.28 writes them",
        detect: |shape| shape.columns(&COLUMNS).into(),
        parse: csv,
    },
    Format {
        name: "tfsec-json",
        title: "tfsec JSON",
        classes: &[Class::Iac],
        items: "elements of `results`",
        severity: "`severity`; of old versions `ERROR` is high, `WARNING` medium",
        identity: "rule, resource or path and description",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
];

const COLUMNS: [&str; 6] = ["file", "start_line", "end_line", "rule_id", "link", "passed"];

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    for row in table.iter() {
        if row.get("passed").is_some_and(|p| p.eq_ignore_ascii_case("true")) {
            reading.passed(1);
            continue;
        }
        let mut draft = Draft::new(Class::Iac);
        draft.rated(row.get("severity"));
        row.get("rule_id").unwrap_or_default().clone_into(&mut draft.rule);
        row.get("description").unwrap_or_default().clone_into(&mut draft.title);
        draft.path = row.get("file").map(str::to_owned);
        draft.line = row.get("start_line").and_then(|line| line.parse().ok());
        draft.url = row.get("link").map(str::to_owned);
        reading.add(draft);
    }
    reading.done()
}

/// Without findings it is `{"results": null}` and nothing else.
fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let result = |r: &Node<'_>| r.has_all(&["rule_id", "description"]) && place(r).has("filename");
    match doc.get("results") {
        Node::List(results) => results.first().is_some_and(result).into(),
        // Whoever wrote it: it says too little to be evidence of anything.
        results => Fit::general(results.is_null() && doc.entries().len() == 1 && doc.has("results")),
    }
}

/// Some writers call the place a range.
fn place<'n, 'd>(result: &'n Node<'d>) -> &'n Node<'d> {
    result.get(if result.has("location") { "location" } else { "range" })
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let classes: &[Class] = if doc.get("results").is_null() { &[] } else { &[Class::Iac] };
    let mut reading = Reading::new(input, TOOL, classes);
    if !doc.has("results") {
        doc.results("results")?;
    }
    for result in doc.results_or_none("results")? {
        let status = result.object()?.get("status").or_empty().to_ascii_lowercase();
        if matches!(status.as_str(), "passed" | "1") || result.get("passed").is_true() {
            reading.passed(1);
            continue;
        }
        let mut draft = draft(result);
        if matches!(status.as_str(), "ignored" | "2") {
            draft.suppressed = Some("Ignored by a comment in the code.".to_owned());
        }
        reading.add(draft);
    }
    reading.done()
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    let word = result.get("severity").or_empty();
    draft.severity = match word.to_ascii_uppercase().as_str() {
        "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        _ => words::severity(word).unwrap_or(Severity::Unknown),
    };
    result.get("rule_id").or_empty().clone_into(&mut draft.rule);
    let (rule, said) = (result.get("rule_description").text(), result.get("description").text());
    rule.or(said).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", said);
    draft.say("Rule", result.get("long_id").text());
    draft.say("Impact", result.get("impact").text());
    draft.say("Resolution", result.get("resolution").text());
    let place = place(result);
    draft.path = place.get("filename").owned();
    draft.line = place.get("start_line").number().or_else(|| place.at("start.line").number());
    draft.logical = result.get("resource").owned().or_else(|| resource(said.unwrap_or_default()));
    draft.url = result.get("links").texts().next().or(result.get("link").text()).map(str::to_owned);
    draft
}

/// Versions without a field for the resource name it in the description: `Resource 'module.a:aws_b.c' ...`.
fn resource(said: &str) -> Option<String> {
    let (name, _) = said.strip_prefix("Resource '")?.split_once('\'')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_of_all_versions_are_findings() {
        let text = r#"{"results": [
          {"rule_id": "AVD-AWS-0104", "long_id": "aws-vpc-x", "rule_description": "Open door.", "severity": "CRITICAL", "status": 0,
           "description": "It is open.", "resolution": "Close it.", "links": ["https://l.example"], "resource": "aws_sg.a",
           "location": {"filename": "/x/main.tf", "start_line": 3, "end_line": 4}},
          {"rule_id": "AWS018", "link": "https://o.example", "severity": "WARNING", "description": "Resource 'aws_b.c' is bare.",
           "location": {"filename": "a.tf", "start_line": 1, "end_line": 1}},
          {"rule_id": "A", "description": "ok", "location": {"filename": "a.tf"}, "status": "passed"},
          {"rule_id": "B", "description": "let be", "location": {"filename": "a.tf"}, "status": "ignored"}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("tfsec-json", 4, 3));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.location.line),
            (Class::Iac, Severity::Critical, "AVD-AWS-0104", Some(3))
        );
        let old = &report.findings[1];
        assert_eq!((old.severity, old.location.logical.as_ref().unwrap().raw()), (Severity::Medium, "aws_b.c"));
        assert!(report.findings[2].suppressed.is_some());
    }

    #[test]
    fn a_place_may_be_a_range() {
        let text = r#"{"results": [{"rule_id": "X1", "description": "Bare.", "severity": "HIGH", "range": {"filename": "b.tf", "start": {"line": 5}}}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.findings[0].place()), ("tfsec-json", "b.tf:5".to_owned()));
    }

    #[test]
    fn null_is_clean_and_another_type_an_error() {
        let none = read("r", b"{\"results\": null}", None);
        assert_eq!((none.status, none.classes.len()), (ReportStatus::Empty, 0));
        for bad in ["{\"results\": 7}", "{\"results\": [3]}", "{}"] {
            assert_eq!(read("r", bad.as_bytes(), Some("tfsec-json")).status, ReportStatus::Error, "{bad}");
        }
    }

    #[test]
    fn rows_are_findings_unless_they_passed() {
        let head = "file,start_line,end_line,rule_id,severity,description,link,passed\n";
        let rows = "/src/main.tf,5,7,aws-s3-enable-bucket-encryption,HIGH,No encryption,https://x.example/1,false\n\
            /src/main.tf,9,9,aws-s3-other,LOW,Other,https://x.example/2,true\n";
        let report = read("t.csv", format!("{head}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("tfsec-csv", 2, 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw()), (Severity::High, "aws-s3-enable-bucket-encryption"));
        assert_eq!((f.place().as_str(), f.title.raw()), ("/src/main.tf:5", "No encryption"));
        assert_eq!(read("t.csv", head.as_bytes(), None).classes, [Class::Iac]);
    }
}
