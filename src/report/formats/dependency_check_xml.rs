//! OWASP Dependency-Check XML. What is suppressed stands beside the other vulnerabilities, under a name of its own.

use super::dependency_check::{Component, Dependency, THIRD, TOOL, Vulnerability, draft, vector};
use crate::report::prelude::*;
use xml::Node;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dependency-check-xml",
    title: "OWASP Dependency-Check XML, schema 1 to 4",
    classes: &[Class::Sca],
    items: "elements `vulnerability`; those of the name `suppressedVulnerability` become findings too",
    severity: "`severity`, else that of the CVSS score",
    identity: "vulnerability, package and file",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml().filter(|s| s.root == "analysis") else { return Fit::No };
    let schema = sketch.attribute("xmlns").unwrap_or_default().to_lowercase().replace('_', "-");
    (schema.contains("dependency-check") || (sketch.contains("scanInfo") && sketch.contains("dependencies"))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let (mut listed, mut dependencies) = (false, 0_usize);
    xml::walk(input.text, &["dependency", "scanInfo"], |part| match part {
        Part::Open(node) => listed |= node.name == "dependencies",
        Part::Close(_) => {}
        Part::Whole(node) if node.name == "scanInfo" => {
            reading.version(node.text_of("engineVersion"));
            let failed: Vec<String> = node.descendants("exception").iter().map(|e| e.all_text()).collect();
            let failed: Vec<&str> = failed.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).collect();
            if !failed.is_empty() {
                reading.remark(format!("Dependency-Check met errors: {}.", failed.join("; ")));
            }
        }
        Part::Whole(node) => {
            dependencies += 1;
            read_one(&node, &mut reading);
        }
    })?;
    if !listed {
        return Err(Unreadable("It has no element <dependencies>.".to_owned()));
    }
    if dependencies == 0 {
        reading.not_assessed("Dependency-Check found no dependencies to look at.");
    }
    reading.done()
}

fn read_one(node: &Node<'_>, reading: &mut Reading<'_>) {
    let of = dependency(node);
    let component = Component::of(&of);
    for list in node.all("vulnerabilities") {
        for child in &list.children {
            match child.name {
                "vulnerability" => reading.add(draft(&of, &component, &vulnerability(child, false))),
                "suppressedVulnerability" => reading.more(draft(&of, &component, &vulnerability(child, true))),
                _ => {}
            }
        }
    }
}

fn dependency(node: &Node<'_>) -> Dependency {
    let text = |name: &str| node.text_of(name).map(str::to_owned);
    let mut ids = Vec::new();
    if let Some(list) = node.child("identifiers") {
        for package in list.descendants("package") {
            ids.extend(package.text_of("id").map(str::to_owned));
        }
        for old in list.descendants("identifier").iter().filter(|i| i.attribute("type") == Some("maven")) {
            ids.extend(old.text_of("name").map(str::to_owned));
        }
    }
    let evidence = |kind: &str| {
        let all = node.child("evidenceCollected")?.all("evidence");
        let of_kind = all.filter(|e| e.attribute("type") == Some(kind));
        let rank = |e: &Node<'_>| match e.attribute("confidence") {
            Some("HIGHEST") => 3,
            Some("HIGH") => 2,
            Some("MEDIUM") => 1,
            _ => 0,
        };
        // Of equals the first counts.
        let best = of_kind.fold(None, |best: Option<&Node<'_>>, e| best.filter(|b| rank(b) >= rank(e)).or(Some(e)))?;
        best.text_of("value").map(str::to_owned)
    };
    let related = node.child("relatedDependencies").map(|r| r.all("relatedDependency").collect::<Vec<_>>());
    Dependency {
        file: text("fileName").unwrap_or_default(),
        path: text("filePath").unwrap_or_default(),
        ids,
        product: evidence("product"),
        version: evidence("version"),
        related: related
            .unwrap_or_default()
            .iter()
            .filter_map(|r| r.text_of("filePath").or(r.text_of("fileName")).map(str::to_owned))
            .collect(),
    }
}

fn vulnerability(node: &Node<'_>, suppressed: bool) -> Vulnerability {
    let text = |name: &str| node.text_of(name).map(str::to_owned);
    let mut cwe: Vec<String> =
        node.child("cwes").into_iter().flat_map(|c| c.all("cwe")).map(|c| c.text.clone().into_owned()).collect();
    cwe.extend(text("cwe"));
    let links = node.child("references").into_iter().flat_map(|r| r.all("reference"));
    Vulnerability {
        name: text("name").unwrap_or_default(),
        source: node.attribute("source").map(str::to_owned),
        severity: text("severity"),
        description: text("description"),
        notes: text("notes"),
        cwe,
        cvss: scores(node),
        links: links.filter_map(|r| r.text_of("url").map(str::to_owned)).collect(),
        exploited: node.child("knownExploitedVulnerability").is_some(),
        suppressed,
    }
}

/// The scores, those of the newest version of CVSS first.
fn scores(node: &Node<'_>) -> Vec<(Option<f64>, Option<String>)> {
    let score = |of: &Node<'_>, name: &str| of.text_of(name).and_then(|t| t.parse().ok());
    let mut out = Vec::new();
    if let Some(fourth) = node.child("cvssV4") {
        out.push((score(fourth, "baseScore"), fourth.text_of("vectorString").map(str::to_owned)));
    }
    if let Some(third) = node.child("cvssV3") {
        let version = third.text_of("version").filter(|v| v.starts_with('3')).unwrap_or("3.1");
        out.push((score(third, "baseScore"), vector(&format!("CVSS:{version}/"), &THIRD, |name| third.text_of(name))));
    }
    if let Some(second) = node.child("cvssV2") {
        out.push((score(second, "score"), second_vector(second)));
    }
    out.push((score(node, "cvssScore"), None));
    out
}

/// The vector of version 2. What is called `authenticationr` is spelt so by the tool.
fn second_vector(of: &Node<'_>) -> Option<String> {
    let first = |names: &[&str]| names.iter().find_map(|n| of.text_of(n));
    let metrics = [
        ("AV", "accessVector"),
        ("AC", "accessComplexity"),
        ("Au", "authentication"),
        ("C", "confidentialityImpact"),
        ("I", "integrityImpact"),
        ("A", "availabilityImpact"),
    ];
    vector("", &metrics, |name| match name {
        "authentication" => first(&["authenticationr", name]),
        "confidentialityImpact" => first(&["confidentialImpact", name]),
        name => of.text_of(name),
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn vulnerabilities_and_what_is_suppressed() {
        let text = r#"<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.0.xsd">
            <scanInfo><engineVersion>9.1.0</engineVersion></scanInfo><dependencies><dependency><fileName>tool-1.2.jar</fileName>
            <filePath>/src/lib/tool-1.2.jar</filePath><identifiers><package confidence="HIGH"><id>pkg:maven/org.tool/tool@1.2</id></package></identifiers>
            <relatedDependencies><relatedDependency><filePath>/src/war/tool-1.2.jar</filePath></relatedDependency></relatedDependencies>
            <vulnerabilities><vulnerability source="NVD"><name>CVE-2021-7</name><severity>HIGH</severity><cvssV3><baseScore>7.5</baseScore>
            <attackVector>NETWORK</attackVector><attackComplexity>LOW</attackComplexity><privilegesRequired>NONE</privilegesRequired>
            <userInteraction>NONE</userInteraction><scope>UNCHANGED</scope><confidentialityImpact>NONE</confidentialityImpact>
            <integrityImpact>NONE</integrityImpact><availabilityImpact>HIGH</availabilityImpact><version>3.1</version></cvssV3>
            <cwes><cwe>CWE-400</cwe></cwes><description>Runs on.</description></vulnerability><suppressedVulnerability>
            <name>CVE-2020-8</name><severity>LOW</severity><notes>not used</notes></suppressedVulnerability></vulnerabilities></dependency></dependencies></analysis>"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("dependency-check-xml", 1, 2));
        let f = &report.findings[0];
        assert_eq!(
            (f.severity, f.rule.raw(), f.place().as_str()),
            (Severity::High, "CVE-2021-7", "/src/lib/tool-1.2.jar")
        );
        assert_eq!(f.package.as_ref().unwrap().name.raw(), "org.tool:tool");
        let vector = f.scores.as_ref().unwrap().vector.as_ref().unwrap().raw().to_owned();
        assert_eq!(vector, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H");
        assert!(f.detail.raw().contains("/src/war/tool-1.2.jar"));
        assert_eq!(report.findings[1].suppressed.as_ref().unwrap().raw(), "suppressed: not used");
    }

    #[test]
    fn dependencies_without_vulnerabilities_are_clean_and_no_dependency_is_not_assessed() {
        let of = |inner: &str| {
            format!(r#"<analysis xmlns="https://x/DependencyCheck/dependency-check.2.5.xsd">{inner}</analysis>"#)
        };
        let status = |inner: &str| read("d", of(inner).as_bytes(), None).status;
        assert_eq!(
            status("<dependencies><dependency><fileName>a</fileName></dependency></dependencies>"),
            ReportStatus::Empty
        );
        assert_eq!(status("<dependencies/>"), ReportStatus::NotAssessed);
        assert_eq!(status("<scanInfo/>"), ReportStatus::Error);
    }
}
