//! `CycloneDX` in JSON.

use super::{Affected, Bom, Rating, Vulnerability, is_library};
use crate::report::formats::sbom::{self, Component};
use crate::report::prelude::*;

/// How deep components are looked for in components.
const DEEPEST: usize = 32;

pub(super) fn detect(shape: &Shape<'_>) -> Fit {
    let bom = sbom::unwrapped(shape.json());
    bom.get("bomFormat").text().is_some_and(|f| f.eq_ignore_ascii_case("CycloneDX")).into()
}

pub(super) fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let doc = sbom::unwrapped(&doc);
    let mut bom = Bom::default();
    tool(doc.at("metadata.tools"), &mut bom);
    let product = doc.at("metadata.component");
    if product.is_object() {
        let component = component(product);
        bom.is_image = product.get("type").text() == Some("container");
        bom.product = Some(component.clone());
        bom.takes(product.get("bom-ref").text(), component);
        bom.listed = 0;
        components(product.get("components"), &mut bom, DEEPEST);
    }
    components(doc.get("components"), &mut bom, DEEPEST);
    components(doc.get("services"), &mut bom, DEEPEST);
    if !doc.get("vulnerabilities").is_null() {
        let list = doc.results("vulnerabilities")?;
        bom.vulnerabilities = Some(list.iter().map(vulnerability).collect::<Result<_, _>>()?);
    }
    bom.parsed(input)
}

/// The tool: a list of tools, or since 1.5 lists of components and services.
fn tool(tools: &Node<'_>, bom: &mut Bom) {
    let lists = [tools.get("components"), tools.get("services"), tools];
    let all = || lists.into_iter().filter(|l| l.is_list()).flat_map(Node::items);
    let real = all().find(|t| !is_library(t.get("name").or_empty()));
    let Some(first) = real.or_else(|| all().next()) else { return };
    bom.tool = first.get("name").owned();
    bom.tool_version = first.get("version").owned();
}

fn components(list: &Node<'_>, bom: &mut Bom, depth: usize) {
    if depth == 0 || !list.is_list() {
        return;
    }
    for node in list.items() {
        bom.takes(node.get("bom-ref").text(), component(node));
        components(node.get("components"), bom, depth - 1);
        components(node.get("services"), bom, depth - 1);
    }
}

fn component(node: &Node<'_>) -> Component {
    let purl = node.get("purl").text();
    let kind = purl.and_then(sbom::purl).map(|p| p.kind).unwrap_or_default();
    let property = |name: &str| {
        let found = node.get("properties").items().iter().find(|p| p.get("name").text() == Some(name));
        found.and_then(|p| p.get("value").owned())
    };
    let path = property("aquasecurity:trivy:FilePath")
        .or_else(|| property("syft:location:0:path"))
        .or_else(|| property("SrcFile"))
        .or_else(|| node.at("evidence.occurrences.0.location").owned());
    Component {
        name: sbom::named(node.get("group").text(), node.get("name").or_empty(), &kind),
        version: node.get("version").owned(),
        purl: purl.map(str::to_owned),
        path,
    }
}

fn vulnerability(node: &Node<'_>) -> Result<Vulnerability, Unreadable> {
    if !node.is_object() {
        return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", node.kind())));
    }
    let texts = |path: &str| node.at(path).texts().map(str::to_owned).collect();
    Ok(Vulnerability {
        id: node.get("id").or_empty().to_owned(),
        source: node.at("source.name").owned(),
        url: node.at("source.url").owned(),
        aliases: node.get("references").items().iter().filter_map(|r| r.get("id").owned()).collect(),
        ratings: node.get("ratings").items().iter().map(rating).collect(),
        cwes: node.get("cwes").items().iter().filter_map(Node::number).filter(|n| *n > 0).collect(),
        description: node.get("description").owned(),
        detail: node.get("detail").owned(),
        recommendation: node.get("recommendation").owned(),
        workaround: node.get("workaround").owned(),
        advisories: node.get("advisories").items().iter().filter_map(|a| a.get("url").owned()).collect(),
        state: node.at("analysis.state").owned(),
        justification: node.at("analysis.justification").owned(),
        responses: texts("analysis.response"),
        reason: node.at("analysis.detail").owned(),
        affects: node.get("affects").items().iter().map(affected).collect(),
    })
}

fn rating(node: &Node<'_>) -> Rating {
    Rating {
        source: node.at("source.name").owned(),
        score: node.get("score").score(),
        severity: node.get("severity").owned(),
        method: node.get("method").or_empty().to_owned(),
        vector: node.get("vector").owned(),
    }
}

fn affected(node: &Node<'_>) -> Affected {
    let version = |v: &Node<'_>| {
        let which = v.get("version").text().or(v.get("range").text())?;
        Some(format!("{which} {}", v.get("status").text().unwrap_or("affected")))
    };
    Affected {
        reference: node.get("ref").text().or(node.text()).unwrap_or_default().to_owned(),
        versions: node.get("versions").items().iter().filter_map(version).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const BOM: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": {"components": [
        {"name": "trivy", "version": "0.60"}]}, "component": {"bom-ref": "i", "type": "container", "name": "pay:1"}},
        "components": [{"bom-ref": "a", "name": "openssl", "version": "3.0", "purl": "pkg:deb/debian/openssl@3.0"},
          {"bom-ref": "b", "group": "org.x", "name": "y", "version": "1", "purl": "pkg:maven/org.x/y@1",
           "properties": [{"name": "aquasecurity:trivy:FilePath", "value": "app/y.jar"}]}]"#;

    /// A megabyte that is said of three thousand components is three gigabytes, if all of it is copied for each.
    #[test]
    fn long_words_about_many_components_are_bounded() {
        let affects: Vec<_> = (0..3_000).map(|n| serde_json::json!({"ref": format!("c{n}")})).collect();
        let advisories: Vec<_> =
            (0..20_000).map(|n| serde_json::json!({"url": format!("https://a.example/{n}")})).collect();
        let doc = serde_json::json!({"bomFormat": "CycloneDX", "components": [{"name": "x"}], "vulnerabilities": [{
            "id": "CVE-2024-1", "description": "x".repeat(1 << 20), "advisories": advisories, "affects": affects,
            "recommendation": format!("Upgrade x to version {}", "1,".repeat(20_000))}]});
        let report = read("b", doc.to_string().as_bytes(), None);
        assert_eq!((report.raw_items, report.findings.len()), (1, 3_000));
        assert!(report.findings.iter().all(|f| f.detail.raw().len() <= crate::report::limits::LONGEST));
    }

    #[test]
    fn a_vulnerability_is_a_finding_in_each_component() {
        let text = format!(
            r#"{BOM}, "vulnerabilities": [{{"id": "GHSA-aaaa-bbbb-cccc", "source": {{"name": "ghsa"}}, "cwes": [79],
            "references": [{{"id": "CVE-2024-1"}}], "recommendation": "Upgrade y to version 1.1, 2.0",
            "ratings": [{{"source": {{"name": "nvd"}}, "severity": "critical", "score": 9.8, "method": "CVSSv31",
               "vector": "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}, {{"source": {{"name": "ghsa"}}, "severity": "high"}}],
            "analysis": {{"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"}},
            "affects": [{{"ref": "a"}}, {{"ref": "urn:cdx:0/1#b"}}]}}]}}"#
        );
        let report = read("b.json", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("cyclonedx-json", ReportStatus::Ok, 1));
        assert_eq!((report.tool.raw(), report.classes.as_slice()), ("trivy", &[Class::Sca, Class::Container][..]));
        let [os, library] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((os.class, os.place().as_str()), (Class::Container, "pay:1"));
        assert_eq!(
            (library.class, library.severity, library.place().as_str()),
            (Class::Sca, Severity::High, "app/y.jar")
        );
        assert_eq!(library.title.raw(), "GHSA-aaaa-bbbb-cccc in org.x:y");
        let ids: Vec<&str> = library.vulnerabilities.iter().map(crate::text::Untrusted::raw).collect();
        assert_eq!((ids.as_slice(), library.cwe.as_slice()), (&["CVE-2024-1", "GHSA-AAAA-BBBB-CCCC"][..], &[79][..]));
        assert_eq!(library.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "9.8");
        assert_eq!(library.package.as_ref().unwrap().fixed.len(), 2);
        assert_eq!(library.suppressed.as_ref().unwrap().raw(), "not_affected (code_not_reachable): never called");
    }

    #[test]
    fn without_a_list_of_vulnerabilities_nothing_was_assessed() {
        let none = read("b", format!("{BOM}}}").as_bytes(), None);
        assert_eq!(none.status, ReportStatus::NotAssessed);
        assert!(none.reason.unwrap().raw().contains("lists 2 components"));
        let empty = format!(r#"{BOM}, "vulnerabilities": []}}"#);
        assert_eq!(read("b", empty.as_bytes(), None).status, ReportStatus::NotAssessed);
        let clean = read("b", empty.replace("trivy\", \"v", "grype\", \"v").as_bytes(), None);
        assert_eq!((clean.status, clean.classes.len()), (ReportStatus::Empty, 2));
        for odd in ["{}", "[1]", "\"x\""] {
            let text = format!(r#"{BOM}, "vulnerabilities": {odd}}}"#);
            assert_eq!(read("b", text.as_bytes(), None).status, ReportStatus::Error, "{odd}");
        }
    }
}
