//! Anchore Engine and Enterprise: vulnerabilities by `anchore-cli --json image vuln`, the API and AnchoreCTL.
//!
//! The same fields are written `package_name` by the first API and `packageName` by the second; what is not known is the
//! text `None`. Scores of -1 are none. For evaluations of policies see `anchore_policy`.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Anchore";
const CLASSES: &[Class] = &[Class::Container, Class::Sca];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "anchore-evaluation-json",
        title: "Anchore Enterprise: security evaluation of an image, as its console saves it",
        classes: CLASSES,
        items: "elements of `securityEvaluation`",
        severity: "`severity`, then NVD's score",
        identity: "vulnerability, package and place",
        checked: "DefectDojo's parser and its sample",
        detect: detect_evaluation,
        parse: parse_evaluation,
    },
    Format {
        name: "anchore-vulnerabilities-json",
        title: "Anchore Engine, Enterprise and AnchoreCTL: vulnerabilities of an image",
        classes: CLASSES,
        items: "elements of `vulnerabilities`, or of the list",
        severity: "`severity`, then CVSS",
        identity: "vulnerability, package and image",
        checked: "DefectDojo's parsers",
        detect,
        parse,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let list = list(doc);
    let first = list.at("0");
    let named = first.has_any(&["package_name", "packageName", "package"]);
    let of_application =
        first.has_any(&["vulnerabilityId", "vulnerability_id"]) && first.has_any(&["fixState", "fix_state"]);
    let known = named && (first.has("vuln") || of_application);
    let digest = doc.has("imageDigest") || doc.has("image_digest");
    let empty = digest && (doc.has("vulnerability_type") || doc.has("vulnerabilityType"));
    let of_sbom = [doc, doc.get("vulnerabilities")].iter().any(|d| d.has_any(&["sbomId", "sbom_id"]));
    (known || (empty && doc.has("vulnerabilities")) || (of_sbom && list.is_list())).into()
}

/// The list of vulnerabilities: the document, its list, or that in the part of a report of all things that AnchoreCTL knows.
fn list<'n, 'a>(doc: &'n Node<'a>) -> &'n Node<'a> {
    let within = doc.get("vulnerabilities");
    match within {
        _ if doc.is_list() => doc,
        Node::Object(_) if within.has("vulnerabilities") => within.get("vulnerabilities"),
        _ => within,
    }
}

/// A field in either way of writing it, unless it is the text `None`.
fn field<'n>(node: &'n Node<'_>, snake: &str, camel: &str) -> Option<&'n str> {
    let text = node.get(snake).text().or_else(|| node.get(camel).text())?;
    (!matches!(text, "None" | "null")).then_some(text)
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let all = if doc.is_list() || list(&doc).is_list() { list(&doc).list()? } else { doc.results("vulnerabilities")? };
    for found in all {
        let found = image::object(found, "A vulnerability")?;
        let own = ["imageFullTag", "fullTag", "imageTag"].into_iter().find_map(|k| found.get(k).text());
        let tag = own.or_else(|| ["imageFullTag", "image_tag", "imageTag"].into_iter().find_map(|k| doc.get(k).text()));
        let digest = field(&doc, "image_digest", "imageDigest");
        let mut draft = draft(found, tag.or(digest));
        if let Some(reason) = found.get("ignored").text().filter(|t| *t != "false") {
            draft.suppressed = Some(format!("ignored: {reason}"));
        }
        reading.add(draft);
    }
    reading.done()
}

fn draft(found: &Node<'_>, image: Option<&str>) -> Draft {
    let more = found.get("extra");
    let id = found.get("vuln").text().or_else(|| field(found, "vulnerability_id", "vulnerabilityId"));
    let versions = [found.get("fixVersions"), found.get("fix_versions")];
    let versions = versions.into_iter().flat_map(Node::texts).collect::<Vec<_>>().join(",");
    let full = field(found, "package", "package");
    let name = field(found, "package_name", "packageName").or(full);
    let path = field(found, "package_path", "packagePath").filter(|p| *p != "pkgdb");
    let mut draft = Flaw {
        id: id.unwrap_or_default(),
        description: more.get("description").text().or_else(|| found.get("description").text()),
        name,
        version: field(found, "package_version", "packageVersion"),
        kind: field(found, "package_type", "packageType").unwrap_or_default(),
        distro: field(found, "feed_group", "feedGroup").unwrap_or_default(),
        image,
        path,
        purl: found.get("purl").text(),
        fixed: field(found, "fix", "fix").or(Some(versions.as_str())),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("severity").text());
    draft.url = found.get("url").owned();
    let lists = [("nvd_data", "nvdData"), ("vendor_data", "vendorData")];
    let data = || {
        let all = lists.iter().flat_map(|(a, b)| [more.get(a), more.get(b), found.get(a), found.get(b)]);
        all.flat_map(Node::items)
    };
    draft.cvss = image::best(data().flat_map(scores));
    draft.vulnerabilities.extend(data().flat_map(|d| words::vulnerability_ids(d.get("id").or_empty())));
    let known = |of: &Node<'_>| ["isKev", "is_kev", "kev", "cisaKev"].iter().any(|k| of.get(k).is_true());
    draft.exploited = known(found) || data().any(known);
    draft.epss = found.at("epss.score").score().or_else(|| found.get("epss").score());
    let state = field(found, "fix_state", "fixState");
    if found.get("will_not_fix").is_true() || found.get("willNotFix").is_true() || state == Some("wont_fix") {
        draft.say("Fix", Some("the vendor will not fix it"));
    }
    draft
}

/// The scores of one source, of version 3 and 2.
fn scores(data: &Node<'_>) -> [Cvss; 2] {
    let of = |snake: &str, camel: &str| {
        let cvss = if data.has(snake) { data.get(snake) } else { data.get(camel) };
        let score = [cvss.get("base_score"), cvss.get("baseScore"), cvss.at("base_metrics.base_score")];
        let vector = [cvss.get("vector_string"), cvss.get("vectorString")];
        let score = score.into_iter().find_map(Node::score).filter(|s| *s >= 0.0);
        Cvss::of(score, vector.into_iter().find_map(Node::text))
    };
    [of("cvss_v3", "cvssV3"), of("cvss_v2", "cvssV2")]
}

fn detect_evaluation(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let list = doc.get("securityEvaluation");
    let of = doc.get("metadata").has_any(&["imageDigest", "repository"]) || list.at("0").has("vulnerabilityId");
    (list.is_list() && of).into()
}

fn parse_evaluation(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let about = doc.get("metadata");
    let part = |key: &str, before: &str| about.get(key).text().map(|t| format!("{before}{t}")).unwrap_or_default();
    let host = about.get("registry").text().map(|r| format!("{r}/")).unwrap_or_default();
    let image = format!("{host}{}{}", part("repository", ""), part("tag", ":"));
    let image = Some(image.as_str()).filter(|i| !i.is_empty()).or(about.get("imageDigest").text());
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for found in doc.results("securityEvaluation")? {
        reading.add(evaluated(image::object(found, "A vulnerability")?, image));
    }
    reading.done()
}

fn evaluated(found: &Node<'_>, image: Option<&str>) -> Draft {
    let known = |key: &str| found.get(key).text().filter(|t| !matches!(*t, "None" | "N/A" | "null"));
    let kind = known("packageType").unwrap_or_default();
    let (name, version) = parted(known("package").unwrap_or_default(), kind);
    let mut draft = Flaw {
        id: known("vulnerabilityId").or(known("cves")).unwrap_or_default(),
        name: Some(name),
        version,
        kind,
        image,
        path: known("path").filter(|p| *p != "pkgdb"),
        fixed: known("fixAvailable"),
        ..Flaw::default()
    }
    .draft();
    draft.rated(known("severity"));
    draft.cvss = Cvss::of(found.get("nvdCvssBaseScore").score(), None);
    draft.vulnerabilities.extend(words::vulnerability_ids(found.get("cves").or_empty()));
    draft.url = known("link").map(str::to_owned);
    draft
}

/// Name and version of a package, which stand together: `tar-2:1.30-9.el8`, `spring-core-5.3.39`. Of RPM the last two parts
/// are the version; of others it begins with a digit.
fn parted<'p>(package: &'p str, kind: &str) -> (&'p str, Option<&'p str>) {
    let at = if kind.eq_ignore_ascii_case("rpm") {
        package.rmatch_indices('-').nth(1).map(|(at, _)| at)
    } else {
        let digit = |at: &usize| package.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        package.rmatch_indices('-').map(|(at, _)| at).find(digit)
    };
    match at.and_then(|at| package.split_at_checked(at)) {
        Some((name, version)) if !name.is_empty() => (name, version.strip_prefix('-')),
        _ => (package, None),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn both_ways_of_writing_say_the_same() {
        let snake = r#"{"imageDigest": "sha256:1", "vulnerability_type": "all", "vulnerabilities": [{"feed_group": "debian:12",
            "fix": "2.0", "package": "apt-1.4", "package_name": "apt", "package_path": "pkgdb", "package_type": "dpkg",
            "package_version": "1.4", "severity": "Negligible", "url": "https://a.example", "vuln": "CVE-2024-1",
            "nvd_data": [{"id": "CVE-2024-1", "cvss_v2": {"base_score": 5.0}, "cvss_v3": {"base_score": -1.0}}]}]}"#;
        let camel = r#"[{"imageFullTag": "pay:1", "feedGroup": "debian:12", "fix": "2.0", "packageName": "apt", "packagePath": "None",
            "packageType": "dpkg", "packageVersion": "1.4", "severity": "Negligible", "vuln": "CVE-2024-1",
            "nvdData": [{"id": "CVE-2024-1", "cvssV3": {"baseScore": 5.0}}]}]"#;
        for (text, place) in [(snake, "sha256:1"), (camel, "pay:1")] {
            let report = read("a", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("anchore-vulnerabilities-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Container, Severity::Info, place));
            assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/apt@1.4");
            assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "5.0");
        }
    }

    #[test]
    fn reports_of_applications_and_of_all_that_is_known() {
        let whole = r#"{"sbom": {}, "policyEvaluation": {}, "vulnerabilities": {"sbomId": "sha256:1", "vulnerabilities": [{"vuln": "CVE-2024-1",
            "severity": "Low", "packageName": "nginx", "packageVersion": "1.3", "packageType": "deb", "purl": "pkg:deb/debian/nginx@1.3",
            "fix": "1.4", "nvdData": [{"isKev": true}]}]}}"#;
        let application = r#"[{"vulnerability_id": "CVE-2024-1", "severity": "low", "package_name": "nginx", "package_version": "1.3",
            "package_type": "deb", "purl": "pkg:deb/debian/nginx@1.3", "fix_state": "wont_fix", "fix_versions": ["1.4"], "kev": true}]"#;
        for text in [whole, application] {
            let report = read("a", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("anchore-vulnerabilities-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.severity, f.rule.raw()), (Severity::Low, "CVE-2024-1"));
            let package = f.package.as_ref().unwrap();
            assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed.len()), ("pkg:deb/debian/nginx@1.3", 1));
            assert!(f.scores.as_ref().unwrap().exploited);
        }
        let empty = r#"{"sbomId": "sha256:1", "vulnerabilities": []}"#;
        assert_eq!(read("a", empty.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn an_evaluation_names_package_and_version_together() {
        let text = r#"{"metadata": {"registry": "r.example", "repository": "pay", "tag": "1", "imageDigest": "sha256:1"}, "securityEvaluation": [
            {"vulnerabilityId": "GHSA-aaaa-bbbb-cccc", "cves": "CVE-2024-1", "severity": "High", "packageType": "Java", "path": "/lib/x-core-1.0.jar",
             "package": "x-core-1.0.Final", "fixAvailable": "1.1,2.0", "link": "https://a.example", "nvdCvssBaseScore": "N/A"},
            {"vulnerabilityId": "CVE-2024-2", "cves": "CVE-2024-2", "severity": "Medium", "packageType": "RPM", "path": "pkgdb",
             "package": "lz4-libs-1:1.8.3-3.el8_4", "fixAvailable": "None", "nvdCvssBaseScore": 8.1}]}"#;
        let report = read("a", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("anchore-evaluation-json", 2));
        let [java, rpm] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!(
            (java.severity, java.place().as_str(), java.vulnerabilities.len()),
            (Severity::High, "lib/x-core-1.0.jar", 2)
        );
        let of = |f: &crate::domain::finding::Finding| {
            let p = f.package.clone().unwrap();
            (p.name.raw().to_owned(), p.version.unwrap().raw().to_owned(), p.fixed.len())
        };
        assert_eq!(of(java), ("x-core".to_owned(), "1.0.Final".to_owned(), 2));
        assert_eq!(of(rpm), ("lz4-libs".to_owned(), "1:1.8.3-3.el8_4".to_owned(), 0));
        assert_eq!((rpm.severity, rpm.place().as_str()), (Severity::Medium, "r.example/pay:1"));
        let none = r#"{"metadata": {"imageDigest": "sha256:1"}, "securityEvaluation": []}"#;
        assert_eq!(read("a", none.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn an_empty_list_is_clean_and_another_type_an_error() {
        let of = |list: &str| {
            let text =
                format!(r#"{{"imageDigest": "sha256:1", "vulnerability_type": "os", "vulnerabilities": {list}}}"#);
            read("a", text.as_bytes(), None).status
        };
        assert_eq!((of("[]"), of("null"), of("[3]")), (ReportStatus::Empty, ReportStatus::Error, ReportStatus::Error));
    }
}
