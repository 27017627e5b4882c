//! `cargo audit --json`. Besides vulnerabilities it has warnings: crates that are unmaintained, unsound or yanked.

use crate::report::prelude::*;

const TOOL: &str = "cargo-audit";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "cargo-audit-json",
    title: "cargo-audit JSON",
    classes: &[Class::Sca],
    items: "elements of `vulnerabilities.list` and of the lists in `warnings`",
    severity: "CVSS of the advisory; warnings without a score are low",
    identity: "vulnerability and package",
    checked: "DefectDojo's and Jenkins' parsers",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let list = doc.get("vulnerabilities");
    let first = list.entries().first().map_or(&Node::Null, |(_, v)| v);
    let rustsec = first.at("advisory.id").or_empty().starts_with("RUSTSEC-");
    ((doc.has_all(&["database", "lockfile"]) && list.has("list"))
        || (list.has("found") && list.has("count"))
        || rustsec)
        .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let vulnerabilities = doc.get("vulnerabilities");
    if vulnerabilities.has("list") || !vulnerabilities.entries().iter().any(|(_, v)| v.has("advisory")) {
        all(vulnerabilities.results("list")?.iter(), None, &mut reading)?;
    } else {
        all(vulnerabilities.entries().iter().map(|(_, v)| v), None, &mut reading)?;
    }
    match doc.get("warnings") {
        Node::Object(kinds) => {
            for (kind, list) in kinds {
                all(list.list()?.iter(), Some(kind.as_ref()), &mut reading)?;
            }
        }
        Node::List(list) => all(list.iter(), Some("warning"), &mut reading)?,
        Node::Null => {}
        other => return Err(Unreadable(format!("\"warnings\" has to be an object, and is {}.", other.kind()))),
    }
    let ignored: Vec<&str> = doc.at("settings.ignore").texts().collect();
    if !ignored.is_empty() {
        reading.remark(format!("cargo-audit was told to ignore {}.", ignored.join(", ")));
    }
    if doc.at("lockfile.dependency-count").number() == Some(0) {
        reading.not_assessed("cargo-audit found no dependencies in the lock file.");
    }
    reading.done()
}

fn all<'n, 'd: 'n>(
    list: impl Iterator<Item = &'n Node<'d>>,
    kind: Option<&str>,
    reading: &mut Reading<'_>,
) -> Result<(), Unreadable> {
    for one in list {
        if !one.is_object() {
            return Err(Unreadable(format!(
                "An element of a list of results has to be an object, and is {}.",
                one.kind()
            )));
        }
        reading.add(draft(one, kind));
    }
    Ok(())
}

fn draft(one: &Node<'_>, list: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let (advisory, package) = (one.get("advisory"), one.get("package"));
    let id = advisory.get("id").or_empty();
    let name = package.get("name").text().or(advisory.get("package").text()).unwrap_or_default();
    let version = package.get("version").text();
    let kind = list.map(|list| one.get("kind").text().unwrap_or(list));
    draft.rated(advisory.get("severity").text());
    draft.cvss = Cvss::of(None, advisory.get("cvss").text());
    if kind.is_some() && draft.severity == Severity::Unknown && draft.cvss.is_empty() {
        // What cargo-audit calls a warning it does not count as a vulnerability.
        draft.severity = Severity::Low;
    }
    id.clone_into(&mut draft.rule);
    draft.title = advisory.get("title").owned().unwrap_or_default();
    if id.is_empty() {
        kind.unwrap_or_default().clone_into(&mut draft.rule);
        draft.title = format!("{name} {} is {}", version.unwrap_or_default(), draft.rule);
    } else {
        draft.vulnerabilities = words::known_as(id, advisory.get("aliases").texts());
    }
    draft.say("", advisory.get("description").text());
    draft.say("Warning", kind);
    draft.say("Kinds", Some(&advisory.get("categories").texts().collect::<Vec<_>>().join(", ")));
    let functions: Vec<&str> = one.at("affected.functions").entries().iter().map(|(k, _)| k.as_ref()).collect();
    draft.say("Functions", Some(&functions.join(", ")));
    let source = package.get("source").text();
    let fixed: Vec<&str> = one.at("versions.patched").texts().collect();
    // A crate from git or a path may be any code of that name.
    if source.is_none_or(|s| s.starts_with("registry+") || s.starts_with("sparse+")) {
        draft.in_ecosystem("cargo", name, version, &fixed);
    } else {
        draft.in_package(Some(name), version, None, Some(&fixed.join("|")));
    }
    draft.url = advisory
        .get("url")
        .owned()
        .or_else(|| id.starts_with("RUSTSEC-").then(|| format!("https://rustsec.org/advisories/{id}")));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn vulnerabilities_and_warnings() {
        let text = r#"{"database": {"advisory-count": 9}, "lockfile": {"dependency-count": 4}, "settings": {"ignore": ["RUSTSEC-2020-0009"]},
            "vulnerabilities": {"found": true, "count": 1, "list": [{"advisory": {"id": "RUSTSEC-2021-0001", "package": "pad", "title": "Overflow", "aliases": ["CVE-2021-3"],
            "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, "versions": {"patched": [">=1.2, <2.0", ">=2.1"]}, "package": {"name": "pad", "version": "1.0.0",
            "source": "registry+https://github.com/rust-lang/crates.io-index"}}]}, "warnings": {"unmaintained": [{"kind": "unmaintained", "advisory": {"id": "RUSTSEC-2022-0002",
            "title": "old is unmaintained"}, "package": {"name": "old", "version": "0.1.0"}}], "yanked": [{"kind": "yanked", "package": {"name": "y", "version": "3.0.0"}, "advisory": null}]}}"#;
        let report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cargo-audit-json", 3, 3));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.vulnerabilities.len()), (Severity::Critical, "RUSTSEC-2021-0001", 2));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:cargo/pad@1.0.0");
        assert_eq!(report.findings[2].title.raw(), "y 3.0.0 is yanked");
        assert_eq!(report.findings[2].severity, Severity::Low);
        assert!(report.reason.unwrap().raw().contains("RUSTSEC-2020-0009"));
    }

    #[test]
    fn no_lock_file_content_and_wrong_types() {
        let of = |count: u8, list: &str| {
            let text = format!(
                r#"{{"database": {{}}, "lockfile": {{"dependency-count": {count}}}, "vulnerabilities": {{"found": false, "list": {list}}}, "warnings": {{}}}}"#
            );
            read("c", text.as_bytes(), None).status
        };
        assert_eq!((of(3, "[]"), of(0, "[]")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of(3, "null"), of(3, "[7]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
