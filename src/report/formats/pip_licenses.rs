//! pip-licenses: which licence each installed package has, as CSV or JSON. It is an inventory, and holds nothing against any.

use crate::report::prelude::*;

const TOOL: &str = "pip-licenses";
const SEVERITY: &str = "info, because an inventory judges nothing; unknown where the licence is UNKNOWN";
const IDENTITY: &str = "licence and package";
/// All columns that it can print.
const COLUMNS: [&str; 18] = [
    "name",
    "version",
    "license",
    "licenses",
    "license-metadata",
    "license-classifier",
    "license-expression",
    "licensefile",
    "licensetext",
    "noticefile",
    "noticetext",
    "otherfiles",
    "othertexts",
    "url",
    "author",
    "maintainer",
    "description",
    "system",
];

/// Where a licence stands, by what was asked for; the first that is known counts.
const LICENCES: [&str; 5] = ["License", "License-Expression", "License-Classifier", "License-Metadata", "licenses"];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "pip-licenses-csv",
        title: "pip-licenses CSV",
        classes: &[Class::Licence],
        items: "rows",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "the file's rows",
        detect: |shape| {
            let known = |c: &String| COLUMNS.contains(&c.to_lowercase().as_str());
            let all = matches!(&shape.form, crate::report::shape::Form::Table(cells) if cells.iter().all(known));
            (all && LICENCES.iter().any(|l| shape.columns(&["Name", l]))).into()
        },
        parse: parse_csv,
    },
    Format {
        name: "pip-licenses-json",
        title: "pip-licenses JSON",
        classes: &[Class::Licence],
        items: "elements",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            let known =
                |(key, _): &(std::borrow::Cow<'_, str>, Node<'_>)| COLUMNS.contains(&key.to_lowercase().as_str());
            let all = shape.json().at("0").entries().iter().all(known);
            let has = |l: &&str| shape.lists(&["Name", l]) || shape.lists(&["name", l]);
            (all && LICENCES.iter().any(has)).into()
        },
        parse: parse_json,
    },
];

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Licence]);
    for row in table::read(input.text)?.iter() {
        let licence = known(LICENCES.iter().filter_map(|l| row.get(l)));
        reading.add(draft(row.or_empty("Name"), row.get("Version"), licence, row.get("URL")));
    }
    nothing(&mut reading);
    reading.done()
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Licence]);
    for of in doc.list()? {
        if !of.is_object() {
            return Err(Unreadable(format!("A package has to be an object, and is {}.", of.kind())));
        }
        // As license_finder writes it, names are small.
        let of_either = |large: &str, small: &str| of.get(large).text().or(of.get(small).text()).map(str::to_owned);
        let licence = known(LICENCES.iter().flat_map(|l| of.get(l).text().into_iter().chain(of.get(l).texts())));
        let (name, version) = (of_either("Name", "name").unwrap_or_default(), of_either("Version", "version"));
        reading.add(draft(&name, version.as_deref(), licence, of.get("URL").text()));
    }
    nothing(&mut reading);
    reading.done()
}

/// The first licence that is known.
fn known<'t>(mut licences: impl Iterator<Item = &'t str>) -> &'t str {
    licences.find(|l| !l.is_empty() && !l.eq_ignore_ascii_case("unknown")).unwrap_or_default()
}

fn nothing(reading: &mut Reading<'_>) {
    if reading.items() == 0 {
        reading.not_assessed("pip-licenses found no packages to look at.");
    }
}

fn draft(name: &str, version: Option<&str>, licence: &str, url: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    let unknown = licence.is_empty() || licence.eq_ignore_ascii_case("unknown");
    let licence = if unknown { "UNKNOWN" } else { licence };
    draft.severity = if unknown { Severity::Unknown } else { Severity::Info };
    licence.clone_into(&mut draft.rule);
    draft.title =
        if unknown { format!("The licence of {name} is not known") } else { format!("Licence {licence} of {name}") };
    draft.in_ecosystem("pypi", name, version, &[]);
    draft.url = url.filter(|u| !u.eq_ignore_ascii_case("unknown")).map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_package_has_its_licence() {
        let csv = "\"Name\",\"Version\",\"License\",\"URL\"\n\"pad\",\"1.0\",\"MIT License\",\"UNKNOWN\"\n\"odd\",\"2.0\",\"UNKNOWN\",\"https://x.example\"\n";
        let json = r#"[{"License": "MIT License", "Name": "pad", "Version": "1.0"}, {"License": "UNKNOWN", "Name": "odd", "Version": "2.0"}]"#;
        for (text, format) in [(csv, "pip-licenses-csv"), (json, "pip-licenses-json")] {
            let report = read("l", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), (format, 2, 2));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Licence, Severity::Info, "MIT License"));
            assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:pypi/pad@1.0");
            assert_eq!(report.findings[1].severity, Severity::Unknown);
        }
        assert_eq!(read("l", b"Name,Version,License\n", None).status, ReportStatus::NotAssessed);
        let others = [
            r#"[{"License-Classifier": "MIT License", "License-Metadata": "UNKNOWN", "License-Expression": "UNKNOWN", "Name": "pad", "Version": "1.0"}]"#,
            r#"[{"licenses": ["MIT License"], "name": "pad", "version": "1.0"}]"#,
            "\"Name\",\"License\"\n\"pad\",\"MIT License\"\n",
        ];
        for text in others {
            let report = read("l", text.as_bytes(), None);
            assert_eq!(report.findings[0].rule.raw(), "MIT License", "{text}");
            assert_eq!(report.findings[0].package.as_ref().unwrap().name.raw(), "pad", "{text}");
        }
        assert_eq!(
            read("l", br#"[{"License": "MIT", "Name": "a", "Version": "1"}, 2]"#, None).status,
            ReportStatus::Error
        );
    }
}
