//! ScanCode: which licences stand in which files, as its own JSON or as SPDX tags and values. It holds nothing against any.

use crate::report::prelude::*;

const TOOL: &str = "ScanCode";
const SEVERITY: &str = "info, because an inventory judges nothing; unknown where ScanCode does not know the licence";
const IDENTITY: &str = "licence and path";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "scancode-json",
        title: "ScanCode Toolkit JSON",
        classes: &[Class::Licence],
        items: "files",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            let header = shape.json().at("headers.0.tool_name").or_empty();
            (header.starts_with("scancode") || shape.has(&["scancode_version", "files"])).into()
        },
        parse: parse_json,
    },
    Format {
        name: "scancode-spdx",
        title: "ScanCode Toolkit, SPDX tags and values",
        classes: &[Class::Licence],
        items: "files",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "a run of the tool",
        detect: |shape| {
            let ours = |l: &str| l.starts_with("Creator: Tool: scancode-toolkit");
            (shape.head.contains("SPDXVersion:") && shape.head.lines().any(ours)).into()
        },
        parse: parse_spdx,
    },
];

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Licence]);
    let header = doc.at("headers.0");
    reading.version(header.get("tool_version").text().or(doc.get("scancode_version").text()));
    let mut asked = false;
    // How many files were looked at, and in how many that failed.
    let (mut looked, mut broken) = (0_usize, 0_usize);
    for file in doc.results("files")? {
        if !file.is_object() {
            return Err(Unreadable(format!("A file has to be an object, and is {}.", file.kind())));
        }
        asked |= ["detected_license_expression", "license_detections", "licenses"].iter().any(|k| file.has(k));
        if file.get("type").text() == Some("directory") {
            continue;
        }
        reading.passed(1);
        looked += 1;
        broken += usize::from(file.get("scan_errors").texts().next().is_some());
        for draft in licences(file) {
            reading.more(draft);
        }
    }
    if !asked {
        reading.not_assessed("ScanCode was not asked for licences (--license), or found no files.");
    }
    let errors = header.get("errors").items().len().max(broken);
    if errors > 0 {
        reading.incomplete(format!("ScanCode met {errors} errors, and could not look at {broken} of {looked} files."));
    }
    reading.done()
}

fn licences(file: &Node<'_>) -> Vec<Draft> {
    let path = file.get("path").or_empty();
    let mut drafts = Vec::new();
    for detection in file.get("license_detections").items() {
        let best = |key: &str| detection.get(key).text();
        let expression = best("license_expression_spdx").or(best("license_expression")).unwrap_or_default();
        let first = detection.at("matches.0");
        let mut draft = draft(expression, path);
        draft.line = first.get("start_line").number();
        draft.snippet = first.get("matched_text").owned();
        draft.confidence = first.get("score").owned();
        drafts.push(draft);
    }
    if drafts.is_empty() {
        // Before version 32 each licence stands for itself.
        for licence in file.get("licenses").items() {
            let key = licence.get("spdx_license_key").text().or(licence.get("key").text()).unwrap_or_default();
            let mut draft = draft(key, path);
            draft.line = licence.get("start_line").number();
            draft.snippet = licence.get("matched_text").owned();
            draft.confidence = licence.get("score").owned();
            draft.say("Category", licence.get("category").text());
            drafts.push(draft);
        }
    }
    let whole = file.get("detected_license_expression_spdx").text().or(file.get("detected_license_expression").text());
    match whole {
        Some(expression) if drafts.is_empty() => vec![draft(expression, path)],
        _ => drafts,
    }
}

fn parse_spdx(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Licence]);
    let mut path: Option<&str> = None;
    let mut quoted = false;
    for line in input.text.lines() {
        // Text of several lines may have anything in it.
        if quoted {
            quoted = !line.contains("</text>");
            continue;
        }
        quoted = line.contains("<text>") && !line.contains("</text>");
        let Some((tag, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match tag.trim() {
            "Creator" => {
                if let Some(version) = value.strip_prefix("Tool: scancode-toolkit") {
                    reading.version(Some(version));
                }
            }
            "FileName" => {
                reading.passed(1);
                path = Some(value);
            }
            "LicenseID" | "PackageName" => path = None,
            "LicenseInfoInFile" if !matches!(value, "NONE" | "NOASSERTION" | "") => {
                reading.more(draft(value, path.unwrap_or_default()));
            }
            _ => {}
        }
    }
    if reading.items() == 0 {
        reading.not_assessed("ScanCode found no files to look at.");
    }
    reading.done()
}

fn draft(expression: &str, path: &str) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    let expression = if expression.is_empty() { "unknown" } else { expression };
    // ScanCode has keys for a text that looks like a licence and is none that it knows.
    let lower = expression.to_lowercase();
    let unknown = lower.split([' ', '(', ')']).any(|w| w.ends_with("unknown") || w.contains("unknown-license"));
    draft.severity = if unknown { Severity::Unknown } else { Severity::Info };
    expression.clone_into(&mut draft.rule);
    draft.title = format!("Licence {expression}");
    draft.path = Some(path.to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn licences_of_files() {
        let json = r#"{"headers": [{"tool_name": "scancode-toolkit", "tool_version": "32.1"}], "files": [{"path": "src", "type": "directory", "license_detections": []},
            {"path": "src/a.c", "type": "file", "license_detections": [{"license_expression": "mit", "license_expression_spdx": "MIT",
             "matches": [{"start_line": 3, "score": 100.0}]}]}, {"path": "src/b.c", "type": "file", "license_detections": []},
            {"path": "src/c.c", "type": "file", "licenses": [{"key": "unknown", "spdx_license_key": "LicenseRef-scancode-unknown", "start_line": 1}]}]}"#;
        let spdx = "SPDXVersion: SPDX-2.2\nCreator: Tool: scancode-toolkit 32.1\nPackageName: x\nFileName: ./src/a.c\nLicenseInfoInFile: MIT\n\
            FileCopyrightText: <text>x\nLicenseInfoInFile: none of it\n</text>\nFileName: ./src/b.c\nLicenseInfoInFile: NONE\nFileName: src/c.c\n\
            LicenseInfoInFile: LicenseRef-scancode-unknown\nLicenseID: LicenseRef-x\n";
        for (text, format) in [(json, "scancode-json"), (spdx, "scancode-spdx")] {
            let report = read("s", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), (format, 3, 2));
            assert_eq!(report.tool_version.unwrap().raw(), "32.1");
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Licence, Severity::Info, "MIT"));
            assert_eq!(f.location.path.as_ref().unwrap().raw(), "src/a.c");
            assert_eq!(report.findings[1].severity, Severity::Unknown);
        }
    }

    #[test]
    fn files_that_could_not_be_looked_at_are_not_clean() {
        let of = |detections: &str, header: &str| {
            let text = format!(
                r#"{{"headers": [{{"tool_name": "scancode-toolkit", "errors": [{header}]}}], "files": [{{"path": "a.c", "type": "file",
                "license_detections": [{detections}], "scan_errors": ["timeout after 120 seconds."]}}]}}"#
            );
            read("s", text.as_bytes(), None)
        };
        for header in ["", r#""Path: a.c""#] {
            let none = of("", header);
            assert_eq!((none.status, none.classes.len()), (ReportStatus::NotAssessed, 0));
            assert!(none.reason.unwrap().raw().contains("could not look at 1 of 1 files"));
        }
        let some = of(r#"{"license_expression": "mit", "license_expression_spdx": "MIT", "matches": []}"#, "");
        assert_eq!((some.status, some.findings.len()), (ReportStatus::Ok, 1));
        assert!(some.reason.unwrap().raw().contains("met 1 errors"));
    }

    #[test]
    fn what_was_not_asked_for_is_not_assessed() {
        let of = |files: &str| {
            read(
                "s",
                format!(r#"{{"headers": [{{"tool_name": "scancode-toolkit"}}], "files": {files}}}"#).as_bytes(),
                None,
            )
            .status
        };
        assert_eq!(
            (of("[]"), of(r#"[{"path": "a", "type": "file"}]"#)),
            (ReportStatus::NotAssessed, ReportStatus::NotAssessed)
        );
        assert_eq!((of("{}"), of("[1]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
