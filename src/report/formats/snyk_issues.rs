//! Snyk's REST API: the issues of an organisation or a project (`/rest/orgs/ID/issues`), one page or all of them.

use crate::report::prelude::*;

const TOOL: &str = "Snyk";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "snyk-issues-json",
    title: "Snyk REST API, issues",
    classes: &[Class::Sca, Class::Sast, Class::Iac, Class::Infra, Class::Licence],
    items: "elements of `data`",
    severity: "`effective_severity_level`",
    identity: "the issue's key within its project",
    checked: "DefectDojo's parser for code issues; the other kinds from Snyk's API documentation",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let one = doc.at("data.0");
    let issue = one.get("type").text() == Some("issue") && one.get("attributes").has("effective_severity_level");
    let none = doc.get("data").is_list() && !one.is_object() && doc.at("links.self").or_empty().contains("/issues");
    (doc.has("jsonapi") && (issue || none)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    for issue in doc.results("data")? {
        if !issue.get("attributes").is_object() {
            return Err(Unreadable("An issue has no attributes.".to_owned()));
        }
        let draft = draft(issue);
        reading.assessed(draft.class);
        reading.add(draft);
    }
    if reading.items() == 0 {
        // The list is the same for all kinds of issues.
        reading.assessed(Class::Sca);
    }
    if doc.at("links.next").text().is_some() {
        reading.remark("Snyk has more issues than this page: the report is a part of the list.");
    }
    reading.done()
}

fn draft(issue: &Node<'_>) -> Draft {
    let of = issue.get("attributes");
    let mut draft = Draft::new(match of.get("type").or_empty() {
        "code" => Class::Sast,
        "license" => Class::Licence,
        "config" | "custom" => Class::Iac,
        "cloud" => Class::Infra,
        _ => Class::Sca,
    });
    draft.rated(of.get("effective_severity_level").text());
    let problems = of.get("problems").items();
    let own = problems.iter().find(|p| p.get("source").or_empty().eq_ignore_ascii_case("snyk"));
    let own = own.or(problems.first()).and_then(|p| p.get("id").text()).unwrap_or_default();
    draft.title = of.get("title").owned().unwrap_or_default();
    // The problem of an issue of code is the issue itself; its rule is what it is called.
    draft.rule = if draft.class == Class::Sast { draft.title.clone() } else { own.to_owned() };
    draft.say("", of.get("description").text());
    draft.cwe = of.get("classes").items().iter().flat_map(|c| words::cwe_numbers(c.get("id").or_empty())).collect();
    if draft.class == Class::Sca {
        draft.vulnerabilities = words::known_as(own, problems.iter().filter_map(|p| p.get("id").text()));
    }
    draft.native_id = of.get("key").text().map(|key| match issue.at("relationships.scan_item.data.id").text() {
        Some(project) => format!("{project}/{key}"),
        None => key.to_owned(),
    });
    draft.suppressed = match of.get("status").text() {
        _ if of.get("ignored").is_true() => Some("ignored".to_owned()),
        Some("resolved") => Some("resolved: a later test did not find it any more".to_owned()),
        _ => None,
    };
    let severities = of.get("severities").items().iter();
    let scored = severities.filter(|s| s.get("vector").text().is_some() || s.get("score").text().is_some());
    if let Some(best) = scored.max_by_key(|s| s.get("version").or_empty().to_owned()) {
        draft.cvss = Cvss::of(best.get("score").score(), best.get("vector").text());
    }
    for coordinate in of.get("coordinates").items() {
        let remedies = coordinate.get("remedies").items().iter();
        let remedies: Vec<&str> = remedies.filter_map(|r| r.get("description").text()).collect();
        draft.say("Remedy", Some(&remedies.join("\n")));
        for place in coordinate.get("representations").items() {
            locate(&mut draft, place, own);
        }
    }
    draft
}

fn locate(draft: &mut Draft, place: &Node<'_>, own: &str) {
    let source = place.get("sourceLocation");
    if draft.path.is_none() {
        draft.path = source.get("file").owned();
        draft.line = source.at("region.start.line").number();
        draft.column = source.at("region.start.column").number();
    }
    let dependency = place.get("dependency");
    if let Some(name) = dependency.get("package_name").text().filter(|_| draft.package.is_none()) {
        // SNYK-JS-..., SNYK-PYTHON-...: the second word is the language.
        let ecosystem = match own.split('-').nth(1).unwrap_or_default() {
            "JAVA" => "maven",
            word => word,
        };
        draft.in_ecosystem(ecosystem, name, dependency.get("package_version").text(), &[]);
    }
    if draft.logical.is_none() {
        let resource = place.get("cloud_resource");
        let names = [place.get("resourcePath"), resource.at("resource.name"), resource.at("resource.id")];
        draft.logical = names.iter().find_map(|n| n.owned());
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::report::read;

    #[test]
    fn an_issue_becomes_a_finding() {
        let text = r#"{"jsonapi": {"version": "1.0"}, "links": {"self": "/orgs/o/issues", "next": "/orgs/o/issues?after=x"}, "data": [
            {"type": "issue", "id": "i", "relationships": {"scan_item": {"data": {"id": "prj"}}}, "attributes": {"key": "k1",
            "type": "package_vulnerability", "title": "Bad parser", "effective_severity_level": "high", "ignored": true,
            "classes": [{"id": "CWE-20"}], "problems": [{"id": "CVE-2022-5", "source": "NVD"}, {"id": "SNYK-PYTHON-PARSE-7", "source": "SNYK"}],
            "coordinates": [{"representations": [{"dependency": {"package_name": "parse", "package_version": "1.0"}}]}]}}]}"#;
        let report = read("s", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("snyk-issues-json", 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.rule.raw()), (Class::Sca, "SNYK-PYTHON-PARSE-7"));
        assert_eq!(f.vulnerabilities[0].raw(), "CVE-2022-5");
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:pypi/parse@1.0");
        assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "prj/k1");
        assert!(f.suppressed.is_some() && report.reason.unwrap().raw().contains("more issues"));
    }

    #[test]
    fn no_issues_are_clean_and_another_type_is_an_error() {
        let none = r#"{"jsonapi": {}, "links": {"self": "/rest/orgs/o/issues?limit=10"}, "data": []}"#;
        assert_eq!(read("s", none.as_bytes(), None).status, ReportStatus::Empty);
        let wrong =
            r#"{"jsonapi": {}, "data": [{"type": "issue", "attributes": {"effective_severity_level": "low"}}, 3]}"#;
        assert_eq!(read("s", wrong.as_bytes(), None).status, ReportStatus::Error);
    }
}
