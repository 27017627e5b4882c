//! cfn-lint JSON: `cfn-lint --format json`. Without findings it is an empty list, which nothing tells from others.

mod junit;

use crate::report::prelude::*;

const TOOL: &str = "cfn-lint";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "cfn-lint-json",
        title: "cfn-lint JSON",
        classes: &[Class::Iac],
        items: "elements of the list",
        severity: "`Level`: `Error` is high, `Warning` medium, `Informational` info",
        identity: "rule and place in the template",
        checked: "Jenkins' parser, and cfn-lint 1",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.lists(&["Filename", "Level", "Location", "Rule"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    for result in doc.list()? {
        reading.add(draft(result.object()?));
    }
    reading.done()
}

fn level(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "informational" | "info" => Severity::Info,
        _ => Severity::Unknown,
    }
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    let rule = result.get("Rule");
    draft.severity = level(result.get("Level").or_empty());
    rule.get("Id").or_empty().clone_into(&mut draft.rule);
    result
        .get("Message")
        .text()
        .or(rule.get("ShortDescription").text())
        .unwrap_or_default()
        .clone_into(&mut draft.title);
    draft.say("", result.get("Message").text());
    draft.say("Rule", rule.get("Description").text().or(rule.get("ShortDescription").text()));
    draft.path = result.get("Filename").owned();
    draft.line = result.at("Location.Start.LineNumber").number();
    draft.column = result.at("Location.Start.ColumnNumber").number();
    let parts: Vec<&str> = result.at("Location.Path").texts().collect();
    draft.logical = Some(parts.join("/"));
    draft.url = rule.get("Source").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_result_is_a_finding() {
        let text = r#"[{"Filename": "t.yaml", "Id": "6e3c", "Level": "Warning", "Message": "Use a parameter",
            "Location": {"Start": {"ColumnNumber": 3, "LineNumber": 7}, "Path": ["Resources", "B", 0]},
            "Rule": {"Id": "W1", "Description": "Values are parameters.", "ShortDescription": "Parameters", "Source": "https://s.example"}}]"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("cfn-lint-json", 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::Medium, "W1", "t.yaml:7".to_owned())
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "Resources/B/0");
    }

    #[test]
    fn an_empty_list_is_clean_where_the_format_is_named() {
        let read = |text: &str| read("r", text.as_bytes(), Some("cfn-lint-json")).status;
        assert_eq!(
            (read("[]"), read("{}"), read("[1]")),
            (ReportStatus::Empty, ReportStatus::Error, ReportStatus::Error)
        );
    }
}
