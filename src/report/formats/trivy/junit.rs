//! JUnit XML by the template that Trivy ships, `--format template --template @contrib/junit.tpl`, and those made after it.

use super::{SYSTEMS, TOOL};
use crate::report::formats::{image, suites};
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "trivy-junit",
    title: "Trivy JUnit XML, by its template `junit.tpl`",
    classes: &[Class::Container, Class::Sca, Class::Iac],
    items: "`testcase` elements",
    severity: "the word in brackets before the case's name; of the older template the failure of type `severity`",
    identity: "vulnerability and package, parted where the version seems to begin; rule and path",
    checked: "the JSON of the same runs of Trivy 0.76, and the older template as it stands",
    detect,
    parse,
};

/// The kinds of configuration that Trivy looks at.
const CONFIGURATION: [&str; 10] = [
    "ansible",
    "azure-arm",
    "cloudformation",
    "dockerfile",
    "helm",
    "json",
    "kubernetes",
    "terraform",
    "terraformplan",
    "yaml",
];

fn detect(shape: &Shape<'_>) -> Fit {
    let like = ["type=\"description\"", "type='description'"].iter().any(|t| shape.head.contains(t));
    (suites::is_called(shape, "trivy") || suites::is_junit(shape) && like && !shape.head.contains("grype")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut assessed = Vec::new();
    let failures = suites::cases(input, &mut reading, |case, suite| {
        let class = class_of(suite.property("type"));
        assessed.extend(class.filter(|c| !assessed.contains(c)));
        draft(case, suite, class).into_iter().collect()
    })?;
    for class in assessed {
        reading.assessed(class);
    }
    failures.all_there(TOOL, &mut reading);
    reading.done()
}

fn class_of(kind: &str) -> Option<Class> {
    let kind = kind.to_ascii_lowercase();
    if SYSTEMS.contains(&kind.as_str()) {
        Some(Class::Container)
    } else if CONFIGURATION.contains(&kind.as_str()) {
        Some(Class::Iac)
    } else {
        image::is_language(&kind).then_some(Class::Sca)
    }
}

fn draft(case: &xml::Node<'_>, suite: &suites::Suite, class: Option<Class>) -> Option<Draft> {
    let reasons = || case.all("failure");
    let of = |kind: &str| reasons().find(|r| r.attribute("type") == Some(kind));
    let told = of("description").or_else(|| reasons().next())?;
    let name = case.attribute("name").unwrap_or_default();
    let (word, id) = suites::bracketed(name).unwrap_or(("", name));
    let is_flaw = matches!(class, Some(Class::Container | Class::Sca)) || !words::vulnerability_ids(id).is_empty();
    let mut draft = Draft::new(if is_flaw { class.unwrap_or(Class::Sca) } else { Class::Iac });
    draft.rated(of("severity").map(|r| r.text.trim()).or(Some(word)));
    id.clone_into(&mut draft.rule);
    draft.path = Some(suite.name.clone()).filter(|n| !n.is_empty());
    told.attribute("message").unwrap_or(id).clone_into(&mut draft.title);
    draft.say("", Some(told.text.trim()).filter(|t| !t.is_empty()).or(Some(&draft.title.clone())));
    if is_flaw {
        draft.vulnerabilities = image::ids(id);
        let (package, version) = suites::versioned(case.attribute("classname").unwrap_or_default());
        let kind = suite.property("type");
        let url = image::purl(if class == Some(Class::Container) { "" } else { kind }, kind, package, version);
        let fixed =
            ["Fixed Version:", "Fixed version:", "Fixed in:"].iter().find_map(|w| suites::line_of(&told.text, w));
        draft.in_package(Some(package), version, url.as_deref(), fixed);
    } else {
        draft.say("Check", case.attribute("classname"));
    }
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const REPORT: &str = r#"<testsuites name="trivy">
      <testsuite tests="1" failures="1" name="pay:1 (debian 11.3)" errors="0" skipped="0" time="">
        <properties><property name="type" value="debian"></property></properties>
        <testcase classname="libssl1.1-1.1.1n-0+deb11u3" name="[HIGH] CVE-2023-0286" time="">
          <failure message="type confusion" type="description">A confusion of types.</failure></testcase></testsuite>
      <testsuite tests="1" failures="1" name="Dockerfile" errors="0" skipped="0" time="">
        <properties><property name="type" value="dockerfile"></property></properties>
        <testcase classname="Dockerfile Security Check" name="[LOW] DS026" time="">
          <failure message="No HEALTHCHECK" type="description">Add one.</failure></testcase></testsuite></testsuites>"#;

    #[test]
    fn cases_are_vulnerabilities_and_misconfigurations() {
        let report = read("j", REPORT.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason), ("trivy-junit", 2, None));
        assert_eq!(report.classes, [Class::Container, Class::Iac]);
        let [flaw, check] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((flaw.severity, flaw.rule.raw()), (Severity::High, "CVE-2023-0286"));
        assert_eq!((flaw.title.raw(), flaw.detail.raw()), ("type confusion", "A confusion of types."));
        let package = flaw.package.as_ref().unwrap();
        assert_eq!((package.name.raw(), flaw.place().as_str()), ("libssl1.1", "pay:1 (debian 11.3)"));
        assert_eq!(package.purl.as_ref().unwrap().raw(), "pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3");
        assert_eq!((check.class, check.severity, check.rule.raw()), (Class::Iac, Severity::Low, "DS026"));
    }

    #[test]
    fn the_older_template_has_the_severity_in_a_second_failure() {
        let old = r#"<testsuites><testsuite tests="1" failures="2" name="package-lock.json"><properties>
          <property name="type" value="npm"></property></properties><testcase classname="lodash-4.17.4" name="CVE-2019-10744" time="">
          <failure message="pollution" type="description">Text</failure><failure message="" type="severity">CRITICAL</failure></testcase></testsuite></testsuites>"#;
        let report = read("j", old.as_bytes(), None);
        assert_eq!((report.format, report.status, report.reason), ("trivy-junit", ReportStatus::Ok, None));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Sca, Severity::Critical, "package-lock.json"));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/lodash@4.17.4");
    }

    #[test]
    fn what_is_missing_is_told_of() {
        let torn = REPORT.replace("failures=\"1\" name=\"Docker", "failures=\"4\" name=\"Docker");
        assert!(read("j", torn.as_bytes(), None).reason.unwrap().raw().contains("counts 5 failures, and 2 stand"));
    }
}
