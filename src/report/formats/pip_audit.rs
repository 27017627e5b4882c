//! `pip-audit -f json`. What was skipped was not looked at: where that is all, nothing was.

use crate::report::prelude::*;

const TOOL: &str = "pip-audit";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "pip-audit-json",
    title: "pip-audit JSON, also the older list",
    classes: &[Class::Sca],
    items: "elements of `vulns` of all dependencies",
    severity: "none in the report: unknown",
    identity: "vulnerability and package",
    checked: "DefectDojo's parser, and a run of the tool without network",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let ours = |one: &Node<'_>| one.has("name") && (one.has("skip_reason") || one.has_all(&["version", "vulns"]));
    let doc = shape.json();
    let first = doc.at("dependencies.0");
    let empty = doc.get("dependencies").is_list()
        && first.is_null()
        && doc.entries().iter().all(|(k, _)| k == "dependencies" || k == "fixes");
    (ours(first) || empty || (doc.is_list() && ours(doc.at("0")))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let dependencies = if doc.is_list() { doc.list()? } else { doc.results("dependencies")? };
    let mut skipped = Vec::new();
    for dependency in dependencies {
        if let Some(why) = dependency.get("skip_reason").text() {
            skipped.push(why);
            continue;
        }
        for one in dependency.results("vulns")? {
            if !one.is_object() {
                return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", one.kind())));
            }
            reading.add(draft(one, dependency));
        }
    }
    if skipped.len() == dependencies.len() {
        reading.not_assessed(if skipped.is_empty() {
            "pip-audit found no dependencies to look at.".to_owned()
        } else {
            format!("pip-audit skipped all {} dependencies: {}", skipped.len(), skipped.join("; "))
        });
    } else if !skipped.is_empty() {
        reading.remark(format!("pip-audit skipped {} dependencies: {}", skipped.len(), skipped.join("; ")));
    }
    reading.done()
}

fn draft(one: &Node<'_>, dependency: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let id = one.get("id").or_empty();
    let name = dependency.get("name").or_empty();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, one.get("aliases").texts());
    draft.title = format!("{id} in {name}");
    draft.say("", one.get("description").text());
    draft.in_ecosystem(
        "pypi",
        name,
        dependency.get("version").text(),
        &one.get("fix_versions").texts().collect::<Vec<_>>(),
    );
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_vulnerability_becomes_a_finding_in_both_forms() {
        let list = r#"[{"name": "pad", "skip_reason": "not on PyPI"}, {"name": "Under_Score", "version": "1.0", "vulns": [
            {"id": "PYSEC-2021-1", "aliases": ["CVE-2021-9", "GHSA-aaaa-bbbb-cccc"], "fix_versions": ["1.1", "2.0"], "description": "Bad."}]}]"#;
        for text in [list.to_owned(), format!(r#"{{"dependencies": {list}, "fixes": []}}"#)] {
            let report = read("p", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.status), ("pip-audit-json", 1, ReportStatus::Ok));
            let f = &report.findings[0];
            assert_eq!((f.severity, f.rule.raw(), f.vulnerabilities.len()), (Severity::Unknown, "PYSEC-2021-1", 3));
            let package = f.package.as_ref().unwrap();
            assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed.len()), ("pkg:pypi/under-score@1.0", 2));
            assert!(report.reason.unwrap().raw().contains("not on PyPI"));
        }
    }

    #[test]
    fn all_skipped_is_not_clean() {
        let of = |list: &str| read("p", format!(r#"{{"dependencies": {list}, "fixes": []}}"#).as_bytes(), None).status;
        assert_eq!(of(r#"[{"name": "a", "skip_reason": "offline"}]"#), ReportStatus::NotAssessed);
        assert_eq!(of("[]"), ReportStatus::NotAssessed);
        assert_eq!(of(r#"[{"name": "a", "version": "1", "vulns": []}]"#), ReportStatus::Empty);
        assert_eq!(of(r#"[{"name": "a", "version": "1", "vulns": null}]"#), ReportStatus::Error);
    }
}
