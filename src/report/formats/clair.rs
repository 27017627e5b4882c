//! Clair's reports: of clair-scanner, of Klar, of Clair 1 and 2 by their API (also Quay's), and of Clair 4.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Clair";
const CLASSES: &[Class] = &[Class::Container];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "clair-scanner-json",
        title: "clair-scanner JSON",
        classes: CLASSES,
        items: "elements of `vulnerabilities`",
        severity: "`severity`; Defcon1 is critical",
        identity: "vulnerability, package and image",
        checked: "DefectDojo's and Jenkins' parsers",
        detect: |shape| {
            let first = shape.json().at("vulnerabilities.0");
            (shape.has(&["unapproved", "vulnerabilities"]) || first.has_all(&["featurename", "severity"])).into()
        },
        parse: scanner,
    },
    Format {
        name: "klar-json",
        title: "Klar JSON",
        classes: CLASSES,
        items: "vulnerabilities in all lists of `Vulnerabilities`",
        severity: "`Severity`; Defcon1 is critical",
        identity: "vulnerability and package; the report names no image",
        checked: "DefectDojo's parser",
        detect: |shape| (shape.has(&["LayerCount"]) && !shape.has(&["Results"])).into(),
        parse: klar,
    },
    Format {
        name: "clair-layer-json",
        title: "Clair 1 and 2, and Quay: the layer with its features",
        classes: CLASSES,
        items: "vulnerabilities of all features",
        severity: "`Severity`; Defcon1 is critical",
        identity: "vulnerability, package and layer's image",
        checked: "written from the API's documentation; no real file was at hand",
        detect: |shape| {
            let doc = shape.json();
            let waits = doc.has_all(&["status", "data"]) && doc.get("data").is_null();
            (waits && doc.entries().len() == 2
                || layer(doc).is_object() && (layer(doc).has("Features") || layer(doc).has("NamespaceName")))
            .into()
        },
        parse: layered,
    },
    Format {
        name: "clair4-json",
        title: "Clair 4 vulnerability report",
        classes: CLASSES,
        items: "vulnerabilities of each package in `package_vulnerabilities`",
        severity: "`normalized_severity`, then the CVSS of the enrichments",
        identity: "vulnerability, package and manifest",
        checked: "written from the API's documentation; no real file was at hand",
        detect: |shape| (shape.has(&["manifest_hash", "vulnerabilities", "package_vulnerabilities"])).into(),
        parse: fourth,
    },
];

fn rated(draft: &mut Draft, word: Option<&str>) {
    if word.is_some_and(|w| w.eq_ignore_ascii_case("defcon1")) {
        draft.severity = Severity::Critical;
    } else {
        draft.rated(word);
    }
}

fn scanner(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for found in doc.results_or_none("vulnerabilities")? {
        let found = image::object(found, "A vulnerability")?;
        let mut draft = Flaw {
            id: found.get("vulnerability").or_empty(),
            description: found.get("description").text(),
            name: found.get("featurename").text(),
            version: found.get("featureversion").text(),
            distro: found.get("namespace").or_empty(),
            image: doc.get("image").text(),
            fixed: found.get("fixedby").text(),
            ..Flaw::default()
        }
        .draft();
        rated(&mut draft, found.get("severity").text());
        draft.url = found.get("link").owned();
        reading.add(draft);
    }
    reading.done()
}

fn klar(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let lists = doc.get("Vulnerabilities");
    if !lists.is_object() && !lists.is_null() {
        return Err(Unreadable(format!("\"Vulnerabilities\" has to be an object, and is {}.", lists.kind())));
    }
    for (severity, list) in lists.entries() {
        for found in list.list()? {
            let found = image::object(found, "A vulnerability")?;
            let mut draft = older(found, found.get("FeatureName"), found.get("FeatureVersion"), None);
            rated(&mut draft, found.get("Severity").text().or(Some(severity)));
            reading.add(draft);
        }
    }
    if doc.get("LayerCount").number() == Some(0) {
        reading.not_assessed("Klar found no layers to look at.");
    } else if lists.is_null() {
        reading.not_assessed("Klar's report has no vulnerabilities, not even an empty list of them.");
    }
    reading.done()
}

/// A vulnerability as Clair 1 and 2 write it.
fn older(found: &Node<'_>, name: &Node<'_>, version: &Node<'_>, image: Option<&str>) -> Draft {
    let named = found.get("Name").or_empty();
    let mut draft = Flaw {
        id: id(named),
        title: (id(named) != named).then_some(named),
        description: found.get("Description").text(),
        name: name.text(),
        version: version.text(),
        distro: found.get("NamespaceName").text().or(found.at("Namespace.Name").text()).unwrap_or_default(),
        image,
        fixed: found.get("FixedBy").text(),
        ..Flaw::default()
    }
    .draft();
    rated(&mut draft, found.get("Severity").text());
    linked(&mut draft, found.get("Link"));
    draft.vulnerabilities.extend(found.get("CVEIds").texts().flat_map(words::vulnerability_ids));
    let score = |key: &str| {
        let cvss = found.at("Metadata.NVD").get(key);
        Cvss::of(cvss.get("Score").score(), cvss.get("Vectors").text())
    };
    draft.cvss = image::best([score("CVSSv3"), score("CVSSv2")]);
    draft
}

/// The id that a name begins with: `RHSA-2021:1` of `RHSA-2021:1: openssl security update (Important)`.
fn id(name: &str) -> &str {
    let first = name.split_whitespace().next().unwrap_or_default().trim_end_matches(':');
    // The databases are called in capitals; `libpng-1.6 allows ...` begins with a package.
    let is_id = first.split_once('-').is_some_and(|(database, number)| {
        database.len() > 1
            && database.bytes().all(|b| b.is_ascii_uppercase())
            && number.contains(|c: char| c.is_ascii_digit())
    });
    if is_id { first } else { name }
}

/// What the addresses say, which stand in one text with blanks between them: an advisory's are those of the
/// vulnerabilities that it mends.
fn linked(draft: &mut Draft, links: &Node<'_>) {
    let links = links.or_empty();
    draft.url = links.split_whitespace().next().map(str::to_owned);
    if !draft.rule.starts_with("CVE-") {
        draft.vulnerabilities.extend(words::vulnerability_ids(links));
    }
}

/// The layer, alone or within Quay's answer.
fn layer<'n, 'a>(doc: &'n Node<'a>) -> &'n Node<'a> {
    let own = doc.get("Layer");
    if own.is_null() { doc.at("data.Layer") } else { own }
}

fn layered(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let layer = layer(&doc);
    if let Some(why) = doc.at("Error.Message").text() {
        reading.not_assessed(format!("Clair looked at nothing: {why}."));
    }
    if let Some(status) = doc.get("status").text().filter(|s| *s != "scanned") {
        reading.not_assessed(format!("Quay has not scanned the image: its status is {status}."));
    }
    for feature in layer.results_or_none("Features")? {
        let feature = image::object(feature, "A feature")?;
        for found in feature.results_or_none("Vulnerabilities")? {
            let found = image::object(found, "A vulnerability")?;
            reading.add(older(found, feature.get("Name"), feature.get("Version"), layer.get("Name").text()));
        }
    }
    if layer.get("Features").is_null() {
        reading.not_assessed("Clair found no packages in the layer: it knows nothing of what is in it.");
    }
    reading.done()
}

fn fourth(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let known = doc.get("vulnerabilities").entries().iter();
    let known: std::collections::HashMap<&str, &Node<'_>> = known.map(|(k, v)| (k.as_ref(), v)).collect();
    let packages = doc.get("packages").entries().iter();
    let packages: std::collections::HashMap<&str, &Node<'_>> = packages.map(|(k, v)| (k.as_ref(), v)).collect();
    let pairs = doc.get("package_vulnerabilities");
    if !pairs.is_object() && !pairs.is_null() {
        return Err(Unreadable(format!("\"package_vulnerabilities\" has to be an object, and is {}.", pairs.kind())));
    }
    let scores = enrichments(&doc);
    // Where a vulnerability names no distribution, it is that of the image, if that has one.
    let only = match doc.get("distributions").entries() {
        [(_, one)] => one.get("did").or_empty(),
        _ => "",
    };
    for (package, ids) in pairs.entries() {
        let Some(of) = packages.get(package.as_ref()) else {
            return Err(Unreadable(
                "\"package_vulnerabilities\" names a package that is not in \"packages\".".to_owned(),
            ));
        };
        for id in ids.list()? {
            let Some(found) = known.get(id.or_empty()) else {
                return Err(Unreadable("A package has a vulnerability that is not in \"vulnerabilities\".".to_owned()));
            };
            let mut draft = newest(found, of, doc.get("manifest_hash").text(), only);
            draft.cvss = scores.get(id.or_empty()).cloned().unwrap_or_default();
            reading.add(draft);
        }
    }
    reading.done()
}

fn newest(found: &Node<'_>, package: &Node<'_>, manifest: Option<&str>, only: &str) -> Draft {
    let name = found.get("name").or_empty();
    // Updaters write the ids of the vulnerability into names such as `RHSA-2021:1 CVE-2021-2`.
    let distribution = found.get("distribution");
    let distro = distribution.get("did").text().or(distribution.get("name").text()).unwrap_or(only);
    let mut draft = Flaw {
        id: id(name),
        title: (id(name) != name).then_some(name),
        description: found.get("description").text(),
        name: package.get("name").text(),
        version: package.get("version").text(),
        distro,
        image: manifest,
        fixed: found.get("fixed_in_version").text().and_then(fixed),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("normalized_severity").text());
    draft.vulnerabilities.extend(words::vulnerability_ids(name));
    linked(&mut draft, found.get("links"));
    draft
}

/// The version that mends it. Of packages of languages it stands in a query: `fixed=2.15.0&introduced=2.13.0`.
fn fixed(text: &str) -> Option<&str> {
    if !["fixed=", "introduced=", "lastAffected="].iter().any(|k| text.starts_with(k)) {
        return Some(text);
    }
    text.split('&').find_map(|part| part.strip_prefix("fixed="))
}

/// The best score of each vulnerability, by its number in the report.
fn enrichments<'n>(doc: &'n Node<'_>) -> std::collections::HashMap<&'n str, Cvss> {
    let mut all = std::collections::HashMap::new();
    for (_, sets) in doc.get("enrichments").entries() {
        for (id, scores) in sets.items().iter().flat_map(Node::entries) {
            let read = |s: &Node<'_>| Cvss::of(s.get("baseScore").score(), s.get("vectorString").text());
            all.insert(id.as_ref(), image::best(scores.items().iter().map(read)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, Finding, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    fn one(text: &str, format: &str) -> Finding {
        let report: Report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1), "{text}");
        assert_eq!(report.classes, [Class::Container]);
        report.findings.into_iter().next().unwrap()
    }

    #[test]
    fn all_generations_say_the_same() {
        let scanner = r#"{"image": "pay:1", "unapproved": [], "vulnerabilities": [{"featurename": "bash", "featureversion": "5.0",
            "vulnerability": "CVE-2024-1", "namespace": "debian:12", "severity": "Defcon1", "fixedby": "5.1", "link": "l"}]}"#;
        let klar = r#"{"LayerCount": 2, "Vulnerabilities": {"Defcon1": [{"Name": "CVE-2024-1", "NamespaceName": "debian:12",
            "Severity": "Defcon1", "FixedBy": "5.1", "FeatureName": "bash", "FeatureVersion": "5.0"}]}}"#;
        let layer = r#"{"Layer": {"Name": "pay:1", "NamespaceName": "debian:12", "Features": [{"Name": "bash", "Version": "5.0",
            "Vulnerabilities": [{"Name": "CVE-2024-1", "NamespaceName": "debian:12", "Severity": "Critical", "FixedBy": "5.1"}]}]}}"#;
        let fourth = r#"{"manifest_hash": "sha256:1", "packages": {"7": {"name": "bash", "version": "5.0"}}, "vulnerabilities":
            {"9": {"name": "CVE-2024-1", "normalized_severity": "Critical", "distribution": {"did": "debian"}, "fixed_in_version": "5.1"}},
            "package_vulnerabilities": {"7": ["9"]}, "enrichments": {"e": [{"9": [{"baseScore": 9.8}]}]}}"#;
        for (text, format) in
            [(scanner, "clair-scanner-json"), (klar, "klar-json"), (layer, "clair-layer-json"), (fourth, "clair4-json")]
        {
            let f = one(text, format);
            assert_eq!((f.severity, f.rule.raw()), (Severity::Critical, "CVE-2024-1"));
            let package = f.package.unwrap();
            assert_eq!((package.name.raw(), package.fixed[0].raw()), ("bash", "5.1"));
            assert_eq!(package.purl.unwrap().raw(), "pkg:deb/debian/bash@5.0");
        }
    }

    #[test]
    fn advisories_name_what_they_mend_in_their_links() {
        let quay = r#"{"status": "scanned", "data": {"Layer": {"Name": "pay:1", "Features": [{"Name": "openssl", "Version": "1.1", "Vulnerabilities": [
            {"Name": "RHSA-2021:1024: openssl security update (Important)", "Severity": "High", "NamespaceName": "RHEL8-rhel-8",
             "Link": "https://a.example/errata/RHSA-2021:1024 https://a.example/cve/CVE-2021-3449 https://a.example/cve/CVE-2021-3450"}]}]}}}"#;
        let f = one(quay, "clair-layer-json");
        assert_eq!((f.rule.raw(), f.url.unwrap().raw()), ("RHSA-2021:1024", "https://a.example/errata/RHSA-2021:1024"));
        let ids: Vec<&str> = f.vulnerabilities.iter().map(crate::text::Untrusted::raw).collect();
        assert!(ids.contains(&"CVE-2021-3449") && ids.contains(&"CVE-2021-3450"), "{ids:?}");
        assert_eq!(f.title.raw(), "RHSA-2021:1024: openssl security update (Important)");
        let titled = quay.replace("RHSA-2021:1024: openssl security", "libpng-1.6 security");
        assert_eq!(one(&titled, "clair-layer-json").rule.raw(), "libpng-1.6 security update (Important)");
        let of = |fixed: &str| {
            format!(
                r#"{{"manifest_hash": "s", "packages": {{"7": {{"name": "log4j-core", "version": "2.14.0"}}}}, "vulnerabilities":
              {{"9": {{"name": "GHSA-jfh8-c2jp-5v3q", "normalized_severity": "Critical", "fixed_in_version": "{fixed}"}}}}, "package_vulnerabilities": {{"7": ["9"]}}}}"#
            )
        };
        let versions = |text: &str| one(&of(text), "clair4-json").package.unwrap().fixed;
        assert_eq!(versions("fixed=2.15.0&introduced=2.13.0")[0].raw(), "2.15.0");
        assert!(versions("introduced=2.13.0&lastAffected=2.14.9").is_empty());
    }

    #[test]
    fn what_was_not_scanned_is_not_clean() {
        let status = |text: &str| read("c", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"image": "a", "unapproved": [], "vulnerabilities": []}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"image": "a", "unapproved": [], "vulnerabilities": {}}"#), ReportStatus::Error);
        assert_eq!(status(r#"{"LayerCount": 3, "Vulnerabilities": {}}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"LayerCount": 3}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"LayerCount": 0, "Vulnerabilities": {}}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"Layer": {"Name": "a", "NamespaceName": "debian:9"}}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"status": "queued", "data": null}"#), ReportStatus::NotAssessed);
        let lost =
            r#"{"manifest_hash": "s", "packages": {}, "vulnerabilities": {}, "package_vulnerabilities": {"7": ["9"]}}"#;
        assert_eq!(status(lost), ReportStatus::Error);
    }
}
