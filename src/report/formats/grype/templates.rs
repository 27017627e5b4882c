//! What Grype writes by the templates that it ships: `-o template -t junit.tmpl`, `junit-azure-devops.tmpl`, `csv.tmpl`.

use super::TOOL;
use crate::report::formats::image::Flaw;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "grype-junit",
    title: "Grype JUnit XML, by its templates",
    classes: &[Class::Container, Class::Sca],
    items: "`testcase` elements",
    severity: "the word in brackets beside the case's name",
    identity: "vulnerability and package, parted where the version seems to begin",
    checked: "written from the tool's templates; no real file was at hand",
    detect: |shape| {
        let named = ["grype-junit", "grype-vulnerability-scan"].iter().any(|name| suites::is_called(shape, name));
        named.into()
    },
    parse: junit,
};

pub(super) const CSV: Format = Format {
    name: "grype-csv",
    title: "Grype CSV, by its template",
    classes: &[Class::Sca],
    items: "rows",
    severity: "`Severity`",
    identity: "vulnerability and package",
    checked: "written from the tool's templates; no real file was at hand",
    detect: |shape| shape.columns(&["Package", "Version Installed", "Vulnerability ID", "Severity"]).into(),
    parse: csv,
};

fn junit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let failures = suites::cases(input, &mut reading, |case, suite| {
        let Some(failure) = suites::failure(case) else { return Vec::new() };
        vec![if case.attribute("name").is_some_and(|n| n.starts_with('[')) {
            plain(case, failure, suite)
        } else {
            told(case, failure)
        }]
    })?;
    failures.all_there(TOOL, &mut reading);
    reading.done()
}

/// By `junit.tmpl`: `name-version (type)` is the class, `[Severity] id` the name.
fn plain(case: &xml::Node<'_>, failure: &xml::Node<'_>, suite: &suites::Suite) -> Draft {
    let (word, id) = case.attribute("name").and_then(suites::bracketed).unwrap_or_default();
    let both = case.attribute("classname").unwrap_or_default();
    let (both, kind) = both.rsplit_once(" (").map_or((both, ""), |(b, kind)| (b, kind.trim_end_matches(')')));
    let (name, version) = suites::versioned(both);
    let text = failure.text.trim();
    // Behind the description stand the names of the product in brackets, and where it comes from.
    let (said, url) = text.rsplit_once(char::is_whitespace).filter(|(_, u)| u.contains("://")).unwrap_or((text, ""));
    let said = said.rsplit_once(" [").map_or(said, |(before, _)| before).trim();
    let flaw = Flaw { id, name: Some(name), version, kind, distro: &suite.name, ..Flaw::default() };
    let described = (!said.is_empty() && !said.starts_with('[')).then_some(said);
    draft(Flaw { description: described, ..flaw }, Some(word), Some(url))
}

/// By `junit-azure-devops.tmpl`: the text of the failure has a line for each field, and the description at its end.
fn told(case: &xml::Node<'_>, failure: &xml::Node<'_>) -> Draft {
    let of = |word: &str| suites::line_of(&failure.text, word);
    let name = case.attribute("name").unwrap_or_default();
    let (id, word) = name.rsplit_once(" (").map_or((name, None), |(id, s)| (id, Some(s.trim_end_matches(')'))));
    let flaw = Flaw {
        id: of("Vulnerability:").unwrap_or(id),
        description: failure.text.split_once("Description:").map(|(_, d)| d.trim()).filter(|d| !d.is_empty()),
        name: of("Package:").or(case.attribute("classname")),
        version: of("Version:"),
        kind: of("Type:").unwrap_or_default(),
        fixed: of("Fix Version:"),
        ..Flaw::default()
    };
    draft(flaw, of("Severity:").or(word), of("Link:"))
}

fn draft(flaw: Flaw<'_>, word: Option<&str>, url: Option<&str>) -> Draft {
    let mut draft = flaw.draft();
    // No template says where a package was found.
    draft.class =
        if matches!(flaw.kind, "apk" | "deb" | "rpm" | "alpm" | "portage") { Class::Container } else { Class::Sca };
    draft.rated(word);
    draft.url = url.filter(|u| !u.is_empty()).map(str::to_owned);
    draft
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for row in table.iter() {
        let flaw = Flaw {
            id: row.get("Vulnerability ID").unwrap_or_default(),
            name: row.get("Package"),
            version: row.get("Version Installed"),
            ..Flaw::default()
        };
        reading.add(draft(flaw, row.get("Severity"), None));
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn the_plain_template_has_package_and_severity_in_the_names() {
        let text = r#"<testsuites name="grype-junit"><testsuite tests="2" failures="2" name="debian:12" errors="0" skipped="0">
          <testcase classname="lodash-4.17.4 (npm)" name="[High] GHSA-jf85-cpcp-j695"><failure message="lodash: GHSA-jf85-cpcp-j695" type="description">Pollution [cpe:2.3:a:lodash:x] https://github.com/advisories/GHSA-jf85-cpcp-j695</failure></testcase>
          <testcase classname="zlib1g-1:1.2.13.dfsg-1 (deb)" name="[Critical] CVE-2023-45853"><failure message="m" type="description"> [] https://s.example/1</failure></testcase></testsuite></testsuites>"#;
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason), ("grype-junit", 2, None));
        let [js, zlib] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((js.class, js.severity, js.detail.raw()), (Class::Sca, Severity::High, "Pollution"));
        assert_eq!(js.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/lodash@4.17.4");
        assert_eq!(
            (zlib.class, zlib.severity, zlib.detail.raw()),
            (Class::Container, Severity::Critical, "CVE-2023-45853 in zlib1g")
        );
        assert_eq!(zlib.url.as_ref().unwrap().raw(), "https://s.example/1");
        assert!(
            zlib.package.as_ref().unwrap().purl.as_ref().unwrap().raw().starts_with("pkg:deb/debian/zlib1g@1:1.2.13")
        );
    }

    #[test]
    fn the_template_for_azure_has_a_line_for_each_field() {
        let text = r#"<testsuites name="grype-vulnerability-scan"><testsuite name="grype-vulnerability-scan" tests="1" failures="1" errors="0" skipped="0">
          <testcase classname="requests" name="CVE-2018-18074 (High)" time="0"><failure message="m" type="High">
Package: requests
Version: 2.19.1
Type: python
Vulnerability: CVE-2018-18074
Severity: High
Link: https://nvd.example/1
Fix Version: 2.20.0

Description:
A header is leaked.
</failure></testcase></testsuite></testsuites>"#;
        let report = read("g", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.detail.raw()), ("grype-junit", Severity::High, "A header is leaked."));
        let package = f.package.as_ref().unwrap();
        assert_eq!(package.purl.as_ref().unwrap().raw(), "pkg:pypi/requests@2.19.1");
        assert_eq!(package.fixed[0].raw(), "2.20.0");
    }

    #[test]
    fn rows_are_findings() {
        let head = "\"Package\",\"Version Installed\",\"Vulnerability ID\",\"Severity\"\n";
        let report =
            read("g", format!("{head}\"lodash\",\"4.17.4\",\"GHSA-jf85-cpcp-j695\",\"High\"\n").as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.rule.raw()), ("grype-csv", Severity::High, "GHSA-jf85-cpcp-j695"));
        assert_eq!(f.package.as_ref().unwrap().version.as_ref().unwrap().raw(), "4.17.4");
        assert_eq!(read("g", head.as_bytes(), None).status, ReportStatus::Empty);
    }
}
