//! `CycloneDX` in XML. Until 1.3 vulnerabilities were an extension, below the document or below a component.

use super::{Affected, Bom, Rating, Vulnerability, is_library};
use crate::report::formats::sbom::{self, Component};
use crate::report::prelude::*;

pub(super) fn detect(shape: &Shape<'_>) -> Fit {
    let declared = |sketch: &xml::Sketch| {
        sketch.attributes.iter().any(|(name, v)| name.starts_with("xmlns") && v.contains("cyclonedx.org/schema/"))
    };
    (shape.root("bom") && shape.xml().is_some_and(declared)).into()
}

pub(super) fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut bom = Bom::default();
    let mut open: Vec<&str> = Vec::new();
    xml::walk(input.text, &["component", "service", "tool", "vulnerability"], |part| match part {
        Part::Open(node) => {
            if node.name == "vulnerabilities" {
                bom.vulnerabilities.get_or_insert_default();
            }
            open.push(node.name);
        }
        Part::Close(_) => drop(open.pop()),
        Part::Whole(node) if node.name == "vulnerability" => {
            bom.vulnerabilities.get_or_insert_default().push(vulnerability(&node, None));
        }
        Part::Whole(node) if node.name == "tool" || open.contains(&"tools") => {
            if bom.tool.as_deref().is_none_or(is_library) {
                bom.tool = node.text_of("name").map(str::to_owned);
                bom.tool_version = node.text_of("version").map(str::to_owned);
            }
        }
        Part::Whole(node) if open.last() == Some(&"metadata") => product(&node, &mut bom),
        Part::Whole(node) => take(&node, &mut bom),
    })?;
    bom.parsed(input)
}

fn product(node: &xml::Node, bom: &mut Bom) {
    let before = bom.listed;
    bom.is_image = node.attribute("type") == Some("container");
    bom.product = Some(component(node));
    take(node, bom);
    // What the document is about is none of its components.
    bom.listed = bom.listed.saturating_sub(1).max(before);
}

/// Takes a component with those in it, and the vulnerabilities that stand in it.
fn take(node: &xml::Node, bom: &mut Bom) {
    let mut inner = vec![node];
    inner.extend(node.descendants("component"));
    inner.extend(node.descendants("service"));
    for node in inner {
        let reference = node.attribute("bom-ref").or_else(|| node.text_of("purl"));
        bom.takes(reference, component(node));
        if let Some(list) = node.child("vulnerabilities") {
            let own = reference.or_else(|| node.text_of("name"));
            let found = list.all("vulnerability").map(|v| vulnerability(v, own));
            bom.vulnerabilities.get_or_insert_default().extend(found);
        }
    }
}

fn component(node: &xml::Node) -> Component {
    let purl = node.text_of("purl");
    let kind = purl.and_then(sbom::purl).map(|p| p.kind).unwrap_or_default();
    let property = |name: &str| {
        let mut all = node.child("properties").into_iter().flat_map(|p| p.all("property"));
        all.find(|p| p.attribute("name") == Some(name)).map(|p| p.text.trim().to_owned())
    };
    let path = property("aquasecurity:trivy:FilePath")
        .or_else(|| property("syft:location:0:path"))
        .or_else(|| node.text_at("evidence/occurrences/occurrence/location").map(str::to_owned));
    Component {
        name: sbom::named(node.text_of("group"), node.text_of("name").unwrap_or_default(), &kind),
        version: node.text_of("version").map(str::to_owned),
        purl: purl.map(str::to_owned),
        path,
    }
}

/// A vulnerability; `within` is the component that it stands in.
fn vulnerability(node: &xml::Node, within: Option<&str>) -> Vulnerability {
    let text = |path: &str| node.text_at(path).map(str::to_owned);
    let list = |outer: &str, inner: &'static str| -> Vec<&xml::Node> {
        node.child(outer).map(|o| o.all(inner).collect()).unwrap_or_default()
    };
    let said = |node: &xml::Node| Some(node.text.trim().to_owned()).filter(|t| !t.is_empty());
    let source = node.child("source");
    let references = list("references", "reference");
    let link = |a: &xml::Node| a.text_of("url").map(str::to_owned).or_else(|| said(a));
    let mut affects: Vec<Affected> = list("affects", "target").into_iter().map(affected).collect();
    if affects.is_empty() {
        let reference = node.attribute("ref").or(within).map(str::to_owned);
        affects.extend(reference.map(|reference| Affected { reference, versions: Vec::new() }));
    }
    let recommendations: Vec<String> = list("recommendations", "recommendation").into_iter().filter_map(said).collect();
    Vulnerability {
        id: text("id").unwrap_or_default(),
        source: source.and_then(|s| s.field("name")).map(str::to_owned),
        url: text("source/url"),
        aliases: references.into_iter().filter_map(|r| r.text_of("id").map(str::to_owned)).collect(),
        ratings: list("ratings", "rating").into_iter().map(rating).collect(),
        cwes: list("cwes", "cwe").into_iter().filter_map(|c| c.text.trim().parse().ok()).collect(),
        description: text("description"),
        detail: text("detail"),
        recommendation: text("recommendation").or_else(|| Some(recommendations.join("\n"))).filter(|r| !r.is_empty()),
        workaround: text("workaround"),
        advisories: list("advisories", "advisory").into_iter().filter_map(link).collect(),
        state: text("analysis/state"),
        justification: text("analysis/justification"),
        responses: node
            .at("analysis/responses")
            .map(|r| r.all("response").filter_map(said).collect())
            .unwrap_or_default(),
        reason: text("analysis/detail"),
        affects,
    }
}

/// A rating; the extension has the base score in an element of its own.
fn rating(node: &xml::Node) -> Rating {
    let score = node.text_at("score/base").or_else(|| node.text_of("score"));
    Rating {
        source: node.child("source").and_then(|s| s.field("name")).map(str::to_owned),
        score: score.and_then(|s| s.parse().ok()).filter(|s: &f64| s.is_finite()),
        severity: node.text_of("severity").map(str::to_owned),
        method: node.text_of("method").unwrap_or_default().to_owned(),
        vector: node.text_of("vector").map(str::to_owned),
    }
}

fn affected(node: &xml::Node) -> Affected {
    let version = |v: &xml::Node| {
        let which = v.text_of("version").or_else(|| v.text_of("range"))?;
        Some(format!("{which} {}", v.text_of("status").unwrap_or("affected")))
    };
    let versions = node.child("versions").map(|v| v.all("version").filter_map(version).collect());
    Affected { reference: node.text_of("ref").unwrap_or_default().to_owned(), versions: versions.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn vulnerabilities_of_the_extension_and_of_the_format_are_read() {
        let text = r#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.3" xmlns:v="x" version="1">
          <metadata><tools><tool><name>jake</name><version>1</version></tool></tools>
            <component type="application" bom-ref="p"><name>pay</name></component></metadata>
          <components><component bom-ref="pkg:pypi/a@1"><name>a</name><version>1</version><purl>pkg:pypi/a@1</purl>
            <v:vulnerabilities><v:vulnerability><v:id>CVE-2024-1</v:id><v:ratings><v:rating><v:score><v:base>7.5</v:base>
              </v:score><v:method>CVSSv3</v:method></v:rating></v:ratings></v:vulnerability></v:vulnerabilities></component>
          </components>
          <vulnerabilities><vulnerability><id>CVE-2024-2</id><source><name>NVD</name></source><ratings><rating><severity>low</severity>
            </rating></ratings><affects><target><ref>p</ref></target></affects></vulnerability></vulnerabilities></bom>"#;
        let report = read("b.xml", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("cyclonedx-xml", ReportStatus::Ok, 2));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity), ("CVE-2024-1", Severity::High));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:pypi/a@1");
        let f = &report.findings[1];
        assert_eq!((f.title.raw(), f.severity, report.tool.raw()), ("CVE-2024-2 in pay", Severity::Low, "jake"));
    }

    #[test]
    fn an_empty_list_is_clean_and_none_is_not_assessed() {
        let of = |inner: &str| {
            let text = format!(
                "<bom xmlns='http://cyclonedx.org/schema/bom/1.5'><components><component><name>a</name></component></components>{inner}</bom>"
            );
            read("b", text.as_bytes(), None).status
        };
        assert_eq!(of("<vulnerabilities/>"), ReportStatus::Empty);
        assert_eq!(of(""), ReportStatus::NotAssessed);
        assert_eq!(of("<vulnerabilities><vulnerability>"), ReportStatus::Error);
    }
}
