//! SPDX 2 in its other forms: YAML, XML and RDF/XML, as the SPDX project's tools convert between them.

use super::{Package, creator, read, report};
use crate::report::prelude::*;
use crate::report::yaml;

const ITEMS: &str = "external references of security advisories, fixes and links, in packages";
const SEVERITY: &str = "unknown: SPDX 2 has none";
const IDENTITY: &str = "advisory and package";
const CHECKED: &str = "the JSON of the same document, converted by the tools of the SPDX project";
const CLASSES: &[Class] = &[Class::Sca, Class::Container];

pub(super) const YAML: Format = Format {
    name: "spdx-yaml",
    title: "SPDX 2.2 and 2.3 YAML",
    classes: CLASSES,
    items: ITEMS,
    severity: SEVERITY,
    identity: IDENTITY,
    checked: CHECKED,
    detect: |shape| {
        // Keys of the document itself: not indented.
        let begins = |line: &str, key: &str, value: &str| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim().trim_matches(['"', '\'']).starts_with(value))
        };
        let own = |l: &str| begins(l, "SPDXID:", "SPDXRef-DOCUMENT") || begins(l, "spdxVersion:", "SPDX-");
        // Tags with values have the same words, and another one for the version.
        let tags = |l: &str| l.starts_with("SPDXVersion:");
        (shape.head.lines().any(own) && !shape.head.lines().any(tags)).into()
    },
    parse: |input| {
        let documents = yaml::documents(input.text)?;
        let Some(document) = documents.first() else {
            return Err(Unreadable("The YAML has no document in it.".to_owned()));
        };
        read(input, document)
    },
};

pub(super) const XML: Format = Format {
    name: "spdx-xml",
    title: "SPDX 2.2 and 2.3 XML",
    classes: CLASSES,
    items: ITEMS,
    severity: SEVERITY,
    identity: IDENTITY,
    checked: CHECKED,
    detect: |shape| (shape.root("Document") && shape.head.contains("<SPDXID>")).into(),
    parse: |input| {
        let root = xml::document(input.text)?;
        let tool = root.child("creationInfo").and_then(|c| c.all("creators").find_map(tool));
        finished(input, tool, root.all("packages").map(package))
    },
};

pub(super) const RDF: Format = Format {
    name: "spdx-rdf",
    title: "SPDX 2.1 to 2.3 RDF/XML",
    classes: CLASSES,
    items: ITEMS,
    severity: SEVERITY,
    identity: IDENTITY,
    checked: CHECKED,
    detect: |shape| (shape.root("RDF") && shape.head.contains("spdx.org/rdf/terms#")).into(),
    parse: |input| {
        let root = xml::document(input.text)?;
        let tool = root.descendants("creator").into_iter().find_map(tool);
        finished(input, tool, root.descendants("Package").into_iter().map(of_graph))
    },
};

fn finished(
    input: &Input<'_>,
    tool: Option<&str>,
    packages: impl Iterator<Item = Package>,
) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "SPDX", &[]);
    creator(&mut reading, tool);
    report(&mut reading, &packages.collect::<Vec<_>>());
    reading.done()
}

fn tool<'n>(element: &'n xml::Node<'_>) -> Option<&'n str> {
    Some(element.text.trim()).filter(|t| t.starts_with("Tool:"))
}

fn package(node: &xml::Node<'_>) -> Package {
    let mut package = Package::default();
    node.text_of("name").unwrap_or_default().clone_into(&mut package.component.name);
    package.component.version = node.text_of("versionInfo").map(str::to_owned);
    for link in node.all("externalRefs") {
        let text = |name: &str| link.text_of(name).unwrap_or_default();
        let (category, kind) = (text("referenceCategory"), text("referenceType"));
        package.refer(category, kind, text("referenceLocator"), link.text_of("comment"));
    }
    package
}

/// A package of a graph: categories and kinds are links to their definitions.
fn of_graph(node: &xml::Node<'_>) -> Package {
    let mut package = Package::default();
    node.text_of("name").unwrap_or_default().clone_into(&mut package.component.name);
    package.component.version = node.text_of("versionInfo").map(str::to_owned);
    for link in node.all("externalRef").filter_map(|r| r.child("ExternalRef")) {
        let resource = |name: &str| link.child(name).and_then(|n| n.attribute("rdf:resource")).unwrap_or_default();
        let category = resource("referenceCategory").rsplit('_').next().unwrap_or_default();
        let locator = link.text_of("referenceLocator").unwrap_or_default();
        package.refer(category, resource("referenceType"), locator, link.text_of("comment"));
    }
    package
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::{Report, read};

    fn same(report: &Report, format: &str) {
        assert_eq!((report.format, report.status, report.tool.raw()), (format, ReportStatus::Ok, "syft"));
        let [f] = report.findings.as_slice() else { panic!("one finding in {format}") };
        assert_eq!(f.rule.raw(), "CVE-2019-10744");
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/lodash@4.17.4");
        assert!(f.detail.raw().contains("a remark"), "{format}");
    }

    #[test]
    fn all_forms_say_the_same() {
        let yaml = "SPDXID: SPDXRef-DOCUMENT\ncreationInfo:\n  creators:\n  - 'Tool: syft-1.0.0'\nname: d\npackages:\n- SPDXID: SPDXRef-p\n  externalRefs:\n\
            \x20 - referenceCategory: SECURITY\n    referenceLocator: https://n.example/CVE-2019-10744\n    referenceType: advisory\n    comment: a remark\n\
            \x20 - referenceCategory: PACKAGE_MANAGER\n    referenceLocator: pkg:npm/lodash@4.17.4\n    referenceType: purl\n  name: lodash\n  versionInfo: 4.17.4\nspdxVersion: SPDX-2.3\n";
        same(&read("d", yaml.as_bytes(), None), "spdx-yaml");
        let xml = "<Document><SPDXID>SPDXRef-DOCUMENT</SPDXID><creationInfo><creators>Person: A</creators><creators>Tool: syft-1.0.0</creators></creationInfo>\
            <packages><name>lodash</name><versionInfo>4.17.4</versionInfo><externalRefs><referenceCategory>SECURITY</referenceCategory>\
            <referenceLocator>https://n.example/CVE-2019-10744</referenceLocator><referenceType>advisory</referenceType><comment>a remark</comment></externalRefs>\
            <externalRefs><referenceCategory>PACKAGE_MANAGER</referenceCategory><referenceLocator>pkg:npm/lodash@4.17.4</referenceLocator>\
            <referenceType>purl</referenceType></externalRefs></packages></Document>";
        same(&read("d", xml.as_bytes(), None), "spdx-xml");
        let rdf = r#"<rdf:RDF xmlns:spdx="http://spdx.org/rdf/terms#" xmlns:rdf="r" xmlns:rdfs="s"><spdx:SpdxDocument><spdx:relationship><spdx:Package>
            <spdx:externalRef><spdx:ExternalRef><rdfs:comment>a remark</rdfs:comment><spdx:referenceType rdf:resource="http://spdx.org/rdf/references/advisory"/>
            <spdx:referenceCategory rdf:resource="http://spdx.org/rdf/terms#referenceCategory_security"/><spdx:referenceLocator>https://n.example/CVE-2019-10744</spdx:referenceLocator></spdx:ExternalRef></spdx:externalRef>
            <spdx:externalRef><spdx:ExternalRef><spdx:referenceLocator>pkg:npm/lodash@4.17.4</spdx:referenceLocator><spdx:referenceType rdf:resource="http://spdx.org/rdf/references/purl"/>
            <spdx:referenceCategory rdf:resource="http://spdx.org/rdf/terms#referenceCategory_packageManager"/></spdx:ExternalRef></spdx:externalRef>
            <spdx:versionInfo>4.17.4</spdx:versionInfo><spdx:name>lodash</spdx:name></spdx:Package></spdx:relationship>
            <spdx:creationInfo><spdx:CreationInfo><spdx:creator>Tool: syft-1.0.0</spdx:creator></spdx:CreationInfo></spdx:creationInfo></spdx:SpdxDocument></rdf:RDF>"#;
        same(&read("d", rdf.as_bytes(), None), "spdx-rdf");
    }
}
