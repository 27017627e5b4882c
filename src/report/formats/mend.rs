//! Mend (WhiteSource): the findings of the platform's API (version 3), alerts of version 2, and the older report that lists
//! vulnerabilities with their library, or libraries with their vulnerabilities.

use crate::report::prelude::*;

const TOOL: &str = "Mend";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "mend-json",
    title: "Mend (WhiteSource) JSON: platform API (SCA and SAST) and vulnerability report",
    classes: &[Class::Sca, Class::Sast],
    items: "elements of `response`, `retVal`, `vulnerabilities`; libraries that were removed count, and are no findings",
    severity: "of CVSS 3 where it is there, else `severity`",
    identity: "vulnerability and library; in code rule, path and code",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let finding = |key: &str| {
        let one = doc.at(key);
        one.get("component").is_object() && one.get("vulnerability").is_object()
    };
    let old = |one: &Node<'_>| one.has("name") && one.get("library").is_object();
    let library = doc.at("libraries.0");
    let files = ["keyUuid", "keyId", "filename", "sha1", "artifactId"];
    let libraries = files.iter().any(|k| library.has(k)) || old(library.at("vulnerabilities.0"));
    let code = is_code(doc.at("response.0"));
    let none = doc.has("supportToken") && (doc.get("response").is_list() || doc.get("retVal").is_list());
    (finding("response.0") || finding("retVal.0") || code || none || old(doc.at("vulnerabilities.0")) || libraries)
        .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let class = if is_code(doc.at("response.0")) { Class::Sast } else { Class::Sca };
    let mut reading = Reading::new(input, TOOL, &[class]);
    if doc.has("response") || doc.has("retVal") {
        for one in doc.results(if doc.has("response") { "response" } else { "retVal" })? {
            if is_code(one) {
                reading.add(in_code(one));
                continue;
            }
            if !one.get("vulnerability").is_object() {
                return Err(Unreadable("A finding has no vulnerability.".to_owned()));
            }
            // The library is no longer part of what was looked at last.
            if one.at("findingInfo.status").text() == Some("LIBRARY_REMOVED") {
                reading.passed(1);
            } else {
                reading.add(platform(one));
            }
        }
        return reading.done();
    }
    if doc.has("libraries") {
        let libraries = doc.results("libraries")?;
        if !libraries.is_empty() && !libraries.iter().any(|l| l.has("vulnerabilities")) {
            reading.not_assessed("Mend's report is an inventory: no library says anything of vulnerabilities.");
        }
        for library in libraries {
            for one in library.results_or_none("vulnerabilities")? {
                let own = one.get("library");
                reading.add(old(one, if own.is_object() { own } else { library })?);
            }
        }
    } else {
        for one in doc.results("vulnerabilities")? {
            reading.add(old(one, one.get("library"))?);
        }
    }
    reading.done()
}

/// Whether it is a finding of the platform in code, not in a library.
fn is_code(one: &Node<'_>) -> bool {
    one.get("type").is_object() && one.has_any(&["sharedStep", "dataFlows"])
}

fn in_code(one: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let of = one.get("type");
    of.get("commonId").text().or(of.get("sarif").text()).unwrap_or_default().clone_into(&mut draft.rule);
    of.get("name").or_empty().clone_into(&mut draft.title);
    draft.rated(one.get("severity").text().or(of.get("severity").text()));
    draft.say("", one.get("description").text());
    draft.say("", of.get("description").text());
    draft.say("Remedy", Some(&of.get("recommendations").texts().collect::<Vec<_>>().join("\n")));
    let (step, flow) = (one.get("sharedStep"), one.at("dataFlows.0"));
    draft.path = step.get("file").owned().or_else(|| flow.get("sinkFile").owned());
    draft.line = step.get("line").number().or_else(|| flow.get("sinkLine").number());
    draft.snippet = step.get("snippet").owned().or_else(|| flow.get("sinkSnippet").owned());
    draft.logical = step.get("name").owned().or_else(|| flow.get("sink").owned());
    draft.cwe = words::cwe_numbers(of.at("cwe.id").or_empty());
    draft.url = of.get("references").texts().find(|r| r.starts_with("http")).map(str::to_owned);
    let suppressed = one.get("suppressed").is_true();
    draft.suppressed =
        suppressed.then(|| one.get("suppressionMessage").text().unwrap_or("Suppressed in Mend.").to_owned());
    draft
}

fn platform(one: &Node<'_>) -> Draft {
    let of = one.get("vulnerability");
    let mut draft = common(one, of, one.get("component"));
    draft.rated(of.get("severity").text());
    draft.cvss = Cvss::of(of.get("score").score(), one.get("scoreMetadataVector").text());
    // In percent.
    draft.epss = one.at("threatAssessment.epssPercentage").score().map(|p| p / 100.0);
    draft
        .say("Exploit maturity", one.at("threatAssessment.exploitCodeMaturity").text().filter(|m| *m != "NOT_DEFINED"));
    draft.say("Reach", one.get("effective").text().filter(|e| *e != "NO_SHIELD"));
    draft.say("Dependency", one.at("component.dependencyType").text());
    let said = one.at("findingInfo.comment");
    let comment = ["comment", "text", "value"].iter().find_map(|k| said.get(k).text()).or(said.text());
    if let Some(status) = one.at("findingInfo.status").text().filter(|s| *s != "ACTIVE") {
        draft.suppressed = Some(comment.map_or_else(|| status.to_owned(), |c| format!("{status}: {c}")));
    }
    draft
}

fn old(one: &Node<'_>, library: &Node<'_>) -> Result<Draft, Unreadable> {
    if !one.is_object() {
        return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", one.kind())));
    }
    let mut draft = common(one, one, library);
    draft.rated(one.get("cvss3_severity").text().or(one.get("severity").text()));
    let score = one.get("cvss3_score").score().or_else(|| one.get("score").score());
    draft.cvss = Cvss::of(score, one.get("scoreMetadataVector").text());
    Ok(draft)
}

fn common(one: &Node<'_>, of: &Node<'_>, library: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let id = of.get("name").text().or(one.get("name").text()).unwrap_or_default();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, None);
    let file = library.get("filename").text().or(library.get("name").text()).unwrap_or_default();
    draft.title = format!("{id} in {file}");
    draft.say("", of.get("description").text());
    let remedy = one.at("topFix.fixResolution").text();
    draft.say("Remedy", remedy);
    draft.say("Library", Some(file));
    package(&mut draft, library, remedy);
    draft.path = one.at("locations.0.path").owned().or_else(|| library.at("locations.0.path").owned());
    let weaknesses = of.get("cwes").texts().chain(of.get("cwe").texts());
    draft.cwe = weaknesses.flat_map(words::cwe_numbers).collect();
    draft.url = of.get("url").owned().or_else(|| one.at("topFix.url").owned());
    draft
}

/// The name by which the ecosystem knows a library: for Maven group and artifact, else what Mend calls the group.
fn package(draft: &mut Draft, library: &Node<'_>, remedy: Option<&str>) {
    let kind = library.get("libraryType").text().or(library.get("type").text()).unwrap_or_default().to_uppercase();
    let version = library.get("version").text();
    let (group, artifact) = (library.get("groupId").text(), library.get("artifactId").text());
    let ecosystem = match kind.as_str() {
        k if k.starts_with("MAVEN") => "maven",
        k if k.contains("NODE") || k.contains("NPM") => "npm",
        k if k.contains("PYTHON") => "pypi",
        k if k.contains("NUGET") => "nuget",
        k if k.contains("RUBY") => "gem",
        k if k.starts_with("GO_") || k == "GO" => "golang",
        k if k.contains("PHP") => "composer",
        k if k.contains("RUST") || k.contains("CRATE") => "cargo",
        _ => "",
    };
    let name = match (ecosystem, group, artifact) {
        ("maven", Some(group), Some(artifact)) => format!("{group}:{artifact}"),
        ("" | "maven", ..) => artifact.or(library.get("name").text()).unwrap_or_default().to_owned(),
        (_, Some(group), _) => group.to_owned(),
        (_, None, other) => other.or(library.get("name").text()).unwrap_or_default().to_owned(),
    };
    let version_of =
        |r: &'_ str| r.strip_prefix(name.as_str()).map(|v| v.trim_start_matches([':', ' ', '-']).to_owned());
    // An older one says it in words: `Upgrade to version org.x:lib:1.2`.
    let upgrade = remedy.and_then(|r| r.strip_prefix("Upgrade to version "));
    let said = upgrade.and_then(|u| u.rsplit(':').next()).map(|v| v.trim().to_owned());
    let fixed = remedy.and_then(version_of).or(said);
    let fixed: Vec<&str> =
        fixed.iter().map(String::as_str).filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).collect();
    draft.in_ecosystem(ecosystem, &name, version, &fixed);
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn findings_of_the_platform() {
        let one = |status: &str| {
            serde_json::json!({"uuid": "u", "name": "CVE-2022-1", "component": {"name": "pad-1.0.jar", "libraryType": "MAVEN_ARTIFACT", "groupId": "org.p",
            "artifactId": "pad", "version": "1.0"}, "findingInfo": {"status": status}, "vulnerability": {"name": "CVE-2022-1", "severity": "CRITICAL", "score": 9.8,
            "description": "Bad."}, "topFix": {"fixResolution": "org.p:pad:1.2"}, "threatAssessment": {"epssPercentage": 50.0}})
        };
        let text = serde_json::json!({"supportToken": "t", "response": [one("ACTIVE"), one("LIBRARY_REMOVED"), one("IGNORED")]});
        let report = read("m", text.to_string().as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("mend-json", 3));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw()), (Severity::Critical, "CVE-2022-1"));
        let package = f.package.as_ref().unwrap();
        assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:maven/org.p/pad@1.0", "1.2"));
        assert_eq!(f.scores.as_ref().unwrap().epss.as_ref().unwrap().raw(), "0.50000");
    }

    #[test]
    fn the_older_report_and_empty_ones() {
        let text = r#"{"vulnerabilities": [{"name": "CVE-2019-1", "severity": "medium", "cvss3_severity": "HIGH", "cvss3_score": "7.5",
            "library": {"filename": "pad-1.0.tgz", "groupId": "pad", "artifactId": "pad-1.0.tgz", "version": "1.0", "type": "javascript/Node.js"}}]}"#;
        let report = read("m", text.as_bytes(), None);
        assert_eq!((report.format, report.findings[0].severity), ("mend-json", Severity::High));
        assert_eq!(report.findings[0].package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/pad@1.0");
        assert_eq!(read("m", br#"{"supportToken": "t", "response": []}"#, None).status, ReportStatus::Empty);
        let inventory = |more: &str| format!(r#"{{"libraries": [{{"keyUuid": "k", "name": "pad"{more}}}]}}"#);
        let status = |more: &str| read("m", inventory(more).as_bytes(), None).status;
        assert_eq!((status(""), status(", \"vulnerabilities\": []")), (ReportStatus::NotAssessed, ReportStatus::Empty));
        assert_eq!(
            read("m", br#"{"supportToken": "t", "response": [{}], "retVal": []}"#, None).status,
            ReportStatus::Error
        );
    }

    #[test]
    fn findings_of_the_platform_in_code() {
        let text = r#"{"response": [{"id": "i", "scanId": "s", "severity": "High", "description": "q is tainted", "suppressed": true, "suppressionMessage": "Known.",
          "type": {"commonId": "sql-89", "name": "SQL Injection", "cwe": {"id": "CWE-89"}, "references": ["https://r.example"]},
          "sharedStep": {"name": "Db.run", "file": "src/Db.java", "snippet": "run(q);", "line": 12}, "dataFlows": []}], "supportToken": "t"}"#;
        let report = read("m", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("mend-json", 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Sast, Severity::High, "sql-89"));
        assert_eq!((f.place(), &f.cwe[..]), ("src/Db.java:12".to_owned(), &[89][..]));
        assert_eq!(f.suppressed.as_ref().unwrap().raw(), "Known.");
    }
}
