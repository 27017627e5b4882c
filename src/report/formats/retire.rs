//! Retire.js JSON: `retire --outputformat json`, of today and the older list. A file has the libraries that were seen in it,
//! also those without vulnerabilities.

use super::image;
use crate::report::prelude::*;

const TOOL: &str = "Retire.js";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "retirejs-json",
    title: "Retire.js JSON",
    classes: &[Class::Sca],
    items: "vulnerabilities of all results",
    severity: "`severity`",
    identity: "vulnerability, library and file",
    checked: "written from the tool's documentation; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let of = |file: &Node<'_>| {
        let first = file.at("results.0");
        first.has_all(&["component", "version"]) && !first.has("rule_id")
    };
    let whole = doc.has_all(&["version", "data", "messages", "errors"]) && doc.get("data").is_list();
    (whole || of(doc.at("data.0")) || of(doc.at("0"))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    reading.version(doc.get("version").text());
    for file in if doc.is_list() { doc.list()? } else { doc.results("data")? } {
        let path = image::object(file, "A file")?.get("file").text();
        for library in file.results("results")? {
            let library = image::object(library, "A library")?;
            for found in library.results_or_none("vulnerabilities")? {
                reading.add(draft(image::object(found, "A vulnerability")?, library, path));
            }
        }
    }
    let errors: Vec<&str> =
        doc.get("errors").items().iter().filter_map(|e| e.text().or(e.get("message").text())).collect();
    if !errors.is_empty() {
        reading.remark(format!("Retire.js says of its run: {}.", errors.join(", ")));
        if reading.items() == 0 {
            reading.not_assessed(format!("Retire.js failed: {}.", errors.join(", ")));
        }
    }
    reading.done()
}

fn draft(found: &Node<'_>, library: &Node<'_>, path: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let ids = found.get("identifiers");
    let name = library.get("npmname").text().or(library.get("component").text()).unwrap_or_default();
    let known = ids.get("CVE").texts().chain(ids.get("githubID").texts());
    draft.vulnerabilities = known.flat_map(words::vulnerability_ids).collect();
    let below = found.get("below").text();
    let numbered =
        ["retid", "issue", "bug", "PR", "tenable"].iter().find_map(|k| Some(format!("{k} {}", ids.get(k).text()?)));
    let last = || format!("{name} below {}", below.unwrap_or_default());
    draft.rule =
        draft.vulnerabilities.first().cloned().or(numbered.map(|n| format!("{name} {n}"))).unwrap_or_else(last);
    draft.title = ids.get("summary").owned().unwrap_or_else(|| format!("{} in {name}", draft.rule));
    draft.say("", Some(&draft.title.clone()));
    draft.say("Affected from", found.get("atOrAbove").text());
    draft.rated(found.get("severity").text());
    draft.cwe = found.get("cwe").texts().flat_map(words::cwe_numbers).collect();
    draft.url = found.get("info").texts().next().map(str::to_owned);
    // The first version that is not affected.
    let fixed: Vec<&str> = below.into_iter().collect();
    draft.in_ecosystem("npm", name, library.get("version").text(), &fixed);
    draft.path = path.map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const FILES: &str = r#"[{"file": "web/jquery.js", "results": [{"component": "jquery", "npmname": "jquery", "version": "1.8.3", "detection": "filename",
        "vulnerabilities": [{"below": "1.9.0", "severity": "medium", "cwe": ["CWE-79"], "info": ["https://j.example"],
          "identifiers": {"CVE": ["CVE-2012-1111"], "summary": "Selectors are HTML.", "bug": "7"}}, {"below": "3", "severity": "low", "identifiers": {"issue": "9"}}]},
        {"component": "fine", "version": "1"}]}]"#;

    #[test]
    fn libraries_of_files_are_read_in_both_forms() {
        let today = format!(
            r#"{{"version": "5.0.0", "start": "t", "data": {FILES}, "messages": [], "errors": [], "time": 1}}"#
        );
        for text in [FILES, &today] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), ("retirejs-json", ReportStatus::Ok, 2));
            let f = report.findings.iter().find(|f| f.rule.raw() == "CVE-2012-1111").unwrap();
            assert_eq!((f.class, f.severity, f.cwe.as_slice()), (Class::Sca, Severity::Medium, &[79][..]));
            let package = f.package.as_ref().unwrap();
            assert_eq!(
                (package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()),
                ("pkg:npm/jquery@1.8.3", "1.9.0")
            );
            assert!(report.findings.iter().any(|f| f.rule.raw() == "jquery issue 9"));
        }
    }

    #[test]
    fn an_empty_report_is_clean_and_a_failed_one_is_not() {
        let of = |data: &str, errors: &str| {
            let text = format!(r#"{{"version": "5.0.0", "data": {data}, "messages": [], "errors": {errors}}}"#);
            read("r", text.as_bytes(), Some("retirejs-json")).status
        };
        assert_eq!((of("[]", "[]"), of("[]", r#"["no access"]"#)), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of("{}", "[]"), of("[1]", "[]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
