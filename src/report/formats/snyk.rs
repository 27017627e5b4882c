//! Snyk's command line: `snyk test --json`, `snyk container test --json` and `snyk iac test --json`.
//!
//! One project is an object, several are a list. A vulnerability stands in it once for each way that leads to the package;
//! these are one finding here, as Snyk itself counts them.

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "Snyk";
/// How many ways to a package are shown.
const WAYS: usize = 10;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "snyk-json",
    title: "Snyk CLI JSON: open source, container and infrastructure as code",
    classes: &[Class::Sca, Class::Container, Class::Iac, Class::Licence],
    items: "elements of `vulnerabilities` and `infrastructureAsCodeIssues` of all projects; what is ignored under `filtered` \
            becomes findings too",
    severity: "`severityWithCritical`, else `severity`, else CVSS",
    identity: "vulnerability, package and manifest; rule and path in the resource",
    checked: "DefectDojo's and Jenkins' parsers; infrastructure as code from Snyk's documentation",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = match shape.json() {
        Node::List(items) => items.first().unwrap_or(&Node::Null),
        other => other,
    };
    let said = || ["packageManager", "dependencyCount", "uniqueCount", "filesystemPolicy"].iter().any(|k| first.has(k));
    let listed = || {
        let one = first.at("vulnerabilities.0");
        one.has_all(&["id", "packageName"]) && (one.has("from") || one.has("identifiers"))
    };
    let failed = || first.has_all(&["ok", "error", "path"]);
    let open_source = first.has("vulnerabilities") && (said() || listed());
    (open_source || first.has("infrastructureAsCodeIssues") || failed()).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    let projects: &[Node<'_>] = match &doc {
        Node::List(projects) => projects,
        one => std::slice::from_ref(one),
    };
    let mut failures = Vec::new();
    let mut looked = false;
    for project in projects {
        for part in std::iter::once(project).chain(project.get("applications").items()) {
            if let Some(why) = part.get("error").text().filter(|_| !part.get("vulnerabilities").is_list()) {
                let place = part.get("path").text().unwrap_or("a project");
                failures.push(format!("{place} ({why})"));
                continue;
            }
            read_project(part, project, &mut reading)?;
            looked |= part.has("infrastructureAsCodeIssues") || part.get("dependencyCount").number() != Some(0);
        }
    }
    if !failures.is_empty() {
        let what = format!("Snyk could not test {} projects: {}.", failures.len(), failures.join("; "));
        if looked { reading.remark(what) } else { reading.not_assessed(what) }
    } else if !looked && reading.items() == 0 {
        reading.not_assessed("Snyk found no dependencies to look at.");
    }
    reading.done()
}

/// `whole` is the project that a part of an image belongs to; or it is the same.
fn read_project(project: &Node<'_>, whole: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    if project.has("infrastructureAsCodeIssues") {
        reading.assessed(Class::Iac);
        for issue in project.results("infrastructureAsCodeIssues")? {
            reading.add(misconfiguration(issue, project));
        }
        // Beside them stand no vulnerabilities and no dependencies, which were not looked for.
        if project.get("vulnerabilities").items().is_empty() {
            return Ok(());
        }
    }
    let list = project.results("vulnerabilities")?;
    let place = Place::of(project, whole);
    reading.assessed(place.class);
    let ways = Ways::of(list.iter());
    for one in list {
        reading.add(vulnerability(one, &place, &ways)?);
    }
    let ignored = project.at("filtered.ignore").items();
    let ways = Ways::of(ignored.iter());
    for one in ignored {
        let mut draft = vulnerability(one, &place, &ways)?;
        draft.suppressed.get_or_insert_with(|| "ignored by the project's policy".to_owned());
        reading.more(draft);
    }
    Ok(())
}

/// Where a project's packages are.
struct Place {
    class: Class,
    manager: String,
    path: Option<String>,
}

impl Place {
    fn of(project: &Node<'_>, whole: &Node<'_>) -> Self {
        let manager = project.get("packageManager").or_empty().to_lowercase();
        let image = whole.get("projectName").or_empty().strip_prefix("docker-image|").map(str::to_owned);
        let is_system = is_system(&manager) || project.get("docker").is_object();
        let class = if is_system { Class::Container } else { Class::Sca };
        let file = ["displayTargetFile", "targetFile"].iter().find_map(|k| project.get(k).owned());
        let path = match class {
            Class::Container => image.or_else(|| project.get("path").owned()),
            _ => file,
        };
        Self { class, manager, path }
    }
}

/// Whether a package manager is that of an operating system: `deb`, `debian:11`, `alpine:3.18`.
fn is_system(manager: &str) -> bool {
    let systems = [
        "deb",
        "apk",
        "rpm",
        "linux",
        "debian",
        "alpine",
        "ubuntu",
        "centos",
        "rhel",
        "amzn",
        "ol",
        "rocky",
        "almalinux",
        "sles",
        "wolfi",
        "chainguard",
        "fedora",
    ];
    systems.contains(&manager.split(':').next().unwrap_or(manager))
}

/// The ways that lead to a vulnerable package, by vulnerability and package.
struct Ways<'n>(HashMap<[&'n str; 3], (Vec<String>, usize)>);

impl<'n> Ways<'n> {
    fn of(list: impl Iterator<Item = &'n Node<'n>>) -> Self {
        let mut ways: HashMap<_, (Vec<String>, usize)> = HashMap::new();
        for one in list {
            let (shown, count) = ways.entry(key(one)).or_default();
            *count += 1;
            let way = one.get("from").texts().collect::<Vec<_>>().join(" > ");
            if shown.len() < WAYS && !way.is_empty() {
                shown.push(way);
            }
        }
        Self(ways)
    }

    fn words(&self, one: &Node<'_>) -> Option<String> {
        let (shown, count) = self.0.get(&key(one))?;
        let more = count.saturating_sub(shown.len());
        let rest = if more > 0 && !shown.is_empty() { format!("\nand {more} more") } else { String::new() };
        (!shown.is_empty()).then(|| format!("{}{rest}", shown.join("\n")))
    }
}

fn key<'n>(one: &'n Node<'_>) -> [&'n str; 3] {
    [one.get("id").or_empty(), name(one), version(one).unwrap_or_default()]
}

fn name<'n>(one: &'n Node<'_>) -> &'n str {
    ["name", "packageName", "moduleName"].iter().find_map(|k| one.get(k).text()).unwrap_or_default()
}

fn version<'n>(one: &'n Node<'_>) -> Option<&'n str> {
    one.get("version").text().or(one.get("packageVersion").text())
}

fn vulnerability(one: &Node<'_>, place: &Place, ways: &Ways<'_>) -> Result<Draft, Unreadable> {
    if !one.is_object() {
        return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", one.kind())));
    }
    let id = one.get("id").or_empty();
    let licence = one.get("type").text() == Some("license") || id.starts_with("snyk:lic:");
    let manager = one.get("packageManager").text().unwrap_or(&place.manager).to_lowercase();
    let class = match place.class {
        _ if licence => Class::Licence,
        Class::Sca if is_system(&manager) => Class::Container,
        class => class,
    };
    let mut draft = Draft::new(class);
    draft.rated(one.get("severityWithCritical").text().or(one.get("severity").text()));
    id.clone_into(&mut draft.rule);
    draft.title = one.get("title").owned().unwrap_or_else(|| id.to_owned());
    draft.path = one.get("filePath").owned().or_else(|| place.path.clone());
    draft.say("", one.get("description").text());
    draft.say("Licence", one.get("license").text().filter(|_| licence));
    draft.say("Introduced through", ways.words(one).as_deref());
    draft.say("Upgrade to", one.get("upgradePath").texts().find(|t| *t != "false" && !t.is_empty()));
    draft.say("Exploit maturity", one.get("exploitMaturity").text().or(one.get("exploit").text()));
    let fixed: Vec<&str> = one.get("fixedIn").texts().chain(one.get("nearestFixedInVersion").text()).collect();
    if class == Class::Container {
        // Snyk writes source/binary; other scanners name the binary package.
        let bare = name(one).rsplit('/').next().unwrap_or_default();
        draft.in_package(Some(bare), version(one), None, Some(&fixed.join("|")));
    } else {
        let kind = if purl::kind(&manager).is_some() { &manager } else { one.get("language").or_empty() };
        draft.in_ecosystem(kind, name(one), version(one), &fixed);
    }
    draft.url = id.starts_with("SNYK-").then(|| format!("https://security.snyk.io/vuln/{id}"));
    if licence {
        return Ok(draft);
    }
    let named = one.get("identifiers").entries().iter().filter(|(k, _)| k != "CWE");
    draft.vulnerabilities = words::known_as(id, named.flat_map(|(_, v)| v.texts()));
    draft.cwe = one.at("identifiers.CWE").texts().flat_map(words::cwe_numbers).collect();
    draft.cvss = Cvss::of(one.get("cvssScore").score(), one.get("CVSSv3").text());
    draft.epss = one.at("epssDetails.probability").score();
    draft.suppressed = ignored(one);
    Ok(draft)
}

/// Why it is ignored, in the words of the project's policy.
fn ignored(one: &Node<'_>) -> Option<String> {
    let why = one.at("filtered.ignored").items();
    let words: Vec<&str> = why.iter().filter_map(|w| w.get("reason").text()).collect();
    (!why.is_empty() || one.get("isIgnored").is_true())
        .then(|| if words.is_empty() { "ignored".to_owned() } else { format!("ignored: {}", words.join("; ")) })
}

fn misconfiguration(issue: &Node<'_>, project: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.rated(issue.get("severity").text());
    draft.rule = ["publicId", "id"].iter().find_map(|k| issue.get(k).owned()).unwrap_or_default();
    draft.title = issue.get("title").owned().unwrap_or_default();
    let said = issue.get("iacDescription");
    let of = |key: &str| said.get(key).text().or(issue.get(key).text());
    draft.say("", of("issue"));
    draft.say("Impact", of("impact"));
    draft.say("Remedy", of("resolve"));
    draft.path = ["targetFile", "displayTargetFile", "targetFilePath"].iter().find_map(|k| project.get(k).owned());
    draft.line = issue.get("lineNumber").number();
    draft.logical = Some(issue.get("path").texts().collect::<Vec<_>>().join("."));
    draft.url = issue.get("documentation").owned();
    draft.suppressed = ignored(issue);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn ways_to_one_package_are_one_finding() {
        let one = |from: &str| {
            serde_json::json!({"id": "SNYK-JS-PAD-1", "title": "Bad padding", "severity": "high", "severityWithCritical": "critical",
            "packageName": "@x/pad", "version": "1.2.0", "packageManager": "npm", "from": ["app@1", from, "@x/pad@1.2.0"],
            "identifiers": {"CVE": ["CVE-2021-1"], "GHSA": ["GHSA-aaaa-bbbb-cccc"], "CWE": ["CWE-79"]}, "fixedIn": ["1.2.1"]})
        };
        let licence = serde_json::json!({"id": "snyk:lic:npm:q:GPL-3.0", "type": "license", "title": "GPL-3.0 license",
            "severity": "medium", "packageName": "q", "version": "3", "from": ["app@1", "q@3"]});
        let ignored = serde_json::json!({"id": "SNYK-JS-OLD-2", "severity": "low", "packageName": "old", "version": "1",
            "filtered": {"ignored": [{"reason": "not reached"}]}});
        let text = serde_json::json!({"vulnerabilities": [one("a@1"), one("b@2"), licence], "ok": false, "dependencyCount": 9,
            "packageManager": "npm", "filtered": {"ignore": [ignored]}, "displayTargetFile": "web\\package-lock.json"});
        let report = read("s", text.to_string().as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.merged, report.findings.len()), ("snyk-json", 3, 1, 3));
        let f = &report.findings[0];
        assert_eq!(
            (f.severity, f.place().as_str(), f.cwe.as_slice()),
            (Severity::Critical, "web/package-lock.json", &[79][..])
        );
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/%40x/pad@1.2.0");
        assert_eq!(f.vulnerabilities.len(), 2);
        assert!(f.detail.raw().contains("app@1 > b@2 > @x/pad@1.2.0"));
        assert_eq!(report.findings[1].class, Class::Licence);
        assert_eq!(report.findings[2].suppressed.as_ref().unwrap().raw(), "ignored: not reached");
    }

    #[test]
    fn resources_and_what_could_not_be_tested() {
        let iac = r#"{"ok": false, "targetFile": "k8s/pod.yaml", "infrastructureAsCodeIssues": [{"id": "SNYK-CC-K8S-1", "title": "Root",
            "severity": "medium", "lineNumber": 7, "path": ["spec", "containers[0]"], "iacDescription": {"issue": "Runs as root"}}]}"#;
        let report = read("s", iac.as_bytes(), None);
        assert_eq!((report.findings[0].class, report.findings[0].place().as_str()), (Class::Iac, "k8s/pod.yaml:7"));
        let clean = r#"{"vulnerabilities": [], "dependencyCount": 0, "packageManager": "k8sconfig", "ok": true, "infrastructureAsCodeIssues": []}"#;
        let clean = read("s", clean.as_bytes(), None);
        assert_eq!((clean.status, clean.classes), (ReportStatus::Empty, vec![Class::Iac]));
        let failed = r#"{"ok": false, "error": "Could not detect supported target files", "path": "/src"}"#;
        assert_eq!(read("s", failed.as_bytes(), None).status, ReportStatus::NotAssessed);
        let wrong = r#"{"vulnerabilities": {}, "packageManager": "npm", "ok": true}"#;
        assert_eq!(read("s", wrong.as_bytes(), None).status, ReportStatus::Error);
        let clean = r#"[{"vulnerabilities": [], "packageManager": "npm", "ok": true, "dependencyCount": 3}]"#;
        assert_eq!(read("s", clean.as_bytes(), None).status, ReportStatus::Empty);
    }
}
