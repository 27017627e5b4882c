//! Checkov's JUnit XML: `checkov -o junitxml`. The name of a case is `[SEVERITY][CHECK] name`; the place and the code
//! stand in the text of its failure.

use super::checkov::{TOOL, class_of};
use super::suites;
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "checkov-junit",
    title: "Checkov JUnit XML",
    classes: &[Class::Iac, Class::Sca, Class::Container, Class::Secret, Class::Sast],
    items: "`testcase` elements that failed or were skipped",
    severity: "the first word in brackets of the case's name; `NONE` is unknown",
    identity: "check id, path and code",
    checked: "runs of Checkov 3.3 in JSON, JUnit XML and SARIF",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let own = ["][CKV_", "][CKV2_", "][BC_", "name=\"custom_tool_name\" value=\"Checkov\""];
    (suites::is_junit(shape) && own.iter().any(|w| shape.head.contains(w))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut kind = String::new();
    let mut folder: Option<String> = None;
    let mut looked = false;
    xml::walk(input.text, &["testcase", "property"], |part| match part {
        Part::Open(node) if node.name == "testsuite" => {
            let name = node.attribute("name").unwrap_or_default();
            name.strip_suffix(" scan").unwrap_or(name).clone_into(&mut kind);
            reading.assessed(class_of(&kind));
        }
        Part::Whole(node) if node.name == "property" && node.attribute("name") == Some("directory") => {
            folder = node.attribute("value").and_then(only).map(str::to_owned);
        }
        Part::Whole(case) if case.name == "testcase" => {
            looked = true;
            if let Some(draft) = draft(&case, &kind, folder.as_deref()) {
                reading.add(draft);
            }
        }
        _ => {}
    })?;
    if !looked {
        reading.not_assessed("Checkov found nothing to look at: the report has no test case.");
    }
    reading.done()
}

/// The only element of a Python list of texts: `['src/iac']`.
fn only(list: &str) -> Option<&str> {
    let inner = list.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let text = inner.trim_matches(['\'', '"']);
    Some(text).filter(|t| !t.is_empty() && !t.contains(['\'', '"']) && !t.starts_with('/'))
}

fn draft(case: &Element, kind: &str, folder: Option<&str>) -> Option<Draft> {
    let failure = case.child("failure").or_else(|| case.child("error"));
    let skipped = case.child("skipped");
    let outcome = failure.or(skipped)?;
    let mut draft = Draft::new(class_of(kind));
    let name = case.attribute("name").unwrap_or_default();
    let (severity, rest) = suites::bracketed(name).unwrap_or(("", name));
    let (id, title) = suites::bracketed(rest).unwrap_or(("", rest));
    draft.rated(Some(severity).filter(|s| !s.eq_ignore_ascii_case("none")));
    id.clone_into(&mut draft.rule);
    let said = outcome.attribute("message").filter(|_| failure.is_some());
    said.unwrap_or(title).clone_into(&mut draft.title);
    draft.vulnerabilities = words::vulnerability_ids(id);
    if !draft.vulnerabilities.is_empty()
        && let Some((package, version)) = title.rsplit_once(':')
    {
        draft.in_package(Some(package), Some(version), None, None);
    }
    let file = case.attribute("file");
    draft.path = file.map(|f| match folder {
        Some(folder) => format!("{}/{}", folder.trim_end_matches('/'), f.trim_start_matches('/')),
        None => f.trim_start_matches('/').to_owned(),
    });
    let class_name = case.attribute("classname").unwrap_or_default();
    let resource = class_name.strip_prefix(file.unwrap_or_default()).unwrap_or(class_name).trim_start_matches('.');
    draft.logical = Some(resource.to_owned());
    draft.say("", Some(&draft.title.clone()));
    if failure.is_none() {
        let why = outcome.attribute("message").unwrap_or("Skipped in the code, without a reason.");
        draft.suppressed = Some(why.to_owned());
    }
    told(&mut draft, &outcome.text);
    Some(draft)
}

/// What the text of a failure says: fields, then the code with the numbers of its lines.
fn told(draft: &mut Draft, text: &str) {
    let mut code = Vec::new();
    for line in text.lines() {
        let field = |name: &str| line.strip_prefix(name).map(str::trim).filter(|v| !v.is_empty() && *v != "None");
        if let Some((number, rest)) = line.split_once(" |")
            && number.trim().parse::<u32>().is_ok()
        {
            code.push(rest.strip_prefix(' ').unwrap_or(rest));
        } else if let Some(place) = field("File:") {
            let range = place.rsplit_once(": ").map(|(_, r)| r).unwrap_or_default();
            draft.line = range.split('-').next().and_then(|n| n.trim().parse().ok());
        } else if let Some(link) = field("Guideline:").or_else(|| field("Link:")) {
            draft.url = Some(link.to_owned());
        } else if let Some(resource) = field("Resource:") {
            draft.logical = Some(resource.to_owned());
        } else if let Some(vector) = field("Vector:") {
            draft.cvss = Cvss::of(None, Some(vector));
        } else if let Some(said) = field("Description:") {
            draft.say("", Some(said));
        }
    }
    draft.snippet = (!code.is_empty()).then(|| code.join("\n"));
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const RUN: &str = r#"<testsuites><testsuite name="terraform scan"><properties>
        <property name="directory" value="['infra']"/></properties>
        <testcase name="[NONE][CKV_AWS_9] Fine" classname="/d.tf.aws.x" file="/d.tf"/>
        <testcase name="[HIGH][CKV_AWS_1] Encrypt the disk" classname="/d.tf.aws_ebs.d" file="/d.tf">
          <failure type="failure" message="Encrypt the disk">
Resource: aws_ebs.d
File: /d.tf: 7-8
Guideline: https://g.example/1

		7 | resource "d" {
		8 | }
</failure></testcase>
        <testcase name="[NONE][CKV_AWS_2] Log" classname="/d.tf.r" file="/d.tf"><skipped type="skipped" message="a test"/></testcase>
        </testsuite></testsuites>"#;

    #[test]
    fn a_run_is_the_same_as_in_json() {
        let report = read("r", RUN.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("checkov-junit", 2, &[Class::Iac][..])
        );
        let (f, skipped) = (&report.findings[0], &report.findings[1]);
        assert_eq!((f.rule.raw(), f.severity, f.place()), ("CKV_AWS_1", Severity::High, "infra/d.tf:7".to_owned()));
        assert_eq!(skipped.suppressed.as_ref().unwrap().raw(), "a test");
        let json = r#"{"check_type": "terraform", "summary": {"passed": 1}, "results": {"failed_checks": [{"check_id": "CKV_AWS_1",
            "check_name": "Encrypt the disk", "code_block": [[7, "resource \"d\" {\n"], [8, "}\n"]], "resource": "aws_ebs.d",
            "repo_file_path": "/infra/d.tf", "file_line_range": [7, 8]}]}}"#;
        assert_eq!(read("r", json.as_bytes(), None).findings[0].keys, f.keys);
    }

    #[test]
    fn no_case_is_no_evidence() {
        let text =
            "<testsuites><properties><property name=\"custom_tool_name\" value=\"Checkov\"/></properties></testsuites>";
        assert_eq!(read("r", text.as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", RUN.split("</testcase>").next().unwrap().as_bytes(), None).status, ReportStatus::Error);
    }
}
