//! GitHub's dependency snapshots, as they are submitted to its dependency graph (`trivy --format github`): what is
//! installed, and nothing of what is wrong with it.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "github-dependency-snapshot",
    title: "GitHub dependency snapshot, of any tool: a list of packages",
    classes: &[],
    items: "none: it has no findings",
    severity: "none",
    identity: "none",
    checked: "snapshots of Trivy 0.76, and GitHub's documentation",
    detect: |shape| shape.has(&["version", "detector", "job", "scanned"]).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "GitHub dependency snapshot", &[]);
    reading.tool(doc.at("detector.name").text());
    reading.version(doc.at("detector.version").text());
    let manifests = doc.get("manifests");
    if !manifests.is_null() && !manifests.is_object() {
        return Err(Unreadable(format!("\"manifests\" has to be an object, and is {}.", manifests.kind())));
    }
    let packages: usize = manifests.entries().iter().map(|(_, m)| m.get("resolved").entries().len()).sum();
    reading.not_assessed(format!(
        "This snapshot lists {packages} packages of {} files, and no vulnerability: nothing was looked up.",
        manifests.entries().len()
    ));
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::read;

    #[test]
    fn a_list_of_packages_is_no_evidence() {
        let text = r#"{"version": 0, "detector": {"name": "trivy", "version": "0.76.0"}, "job": {"correlator": "_"}, "scanned": "t",
            "manifests": {"a.lock": {"name": "npm", "resolved": {"x": {"package_url": "pkg:npm/x@1"}}}}}"#;
        let report = read("s", text.as_bytes(), None);
        assert_eq!((report.format, report.status), ("github-dependency-snapshot", ReportStatus::NotAssessed));
        assert_eq!((report.tool.raw(), report.classes.len(), report.raw_items), ("trivy", 0, 0));
        assert!(report.reason.unwrap().raw().contains("1 packages of 1 files"));
        let odd = text.replace(r#""manifests": {"#, r#""manifests": 7, "x": {"#);
        assert_eq!(read("s", odd.as_bytes(), None).status, ReportStatus::Error);
    }
}
