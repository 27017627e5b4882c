//! Nessus' own XML export (`.nessus`), which Tenable's products write too.
//!
//! One `ReportItem` is what one plugin found at one port of one host. Severity 0 is what Nessus calls informational.

use std::sync::Arc;

use crate::report::prelude::*;
use crate::report::xml::Node;

const TOOL: &str = "Nessus";
const ROOT: &str = "NessusClientData_v2";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "nessus-xml",
    title: "Nessus XML export, version 2 (.nessus)",
    classes: &[Class::Infra],
    items: "`ReportItem` elements",
    severity: "`severity` (4 critical to 0 informational)",
    identity: "vulnerability and package, where the output names one; else plugin (of audits also the check), host, port and path of the installation",
    checked: "DefectDojo's parser; generated reports of 100,000 items with known answers",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.root(ROOT).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let mut host: Arc<str> = Arc::default();
    let mut hosts = 0_usize;
    reading.elements(
        &["ReportItem"],
        |open| {
            if open.name == "ReportHost" {
                hosts += 1;
                host = open.attribute("name").unwrap_or_default().into();
            }
            Arc::clone(&host)
        },
        |host, item, share| match draft(host, item) {
            Some(draft) => share.add(draft),
            None => share.passed(1),
        },
    )?;
    if hosts == 0 {
        reading.not_assessed("Nessus reports no host: it looked at nothing.");
    }
    reading.done()
}

/// The finding; none of a check that passed.
fn draft(host: &str, item: &Node<'_>) -> Option<Draft> {
    let mut draft = Draft::new(Class::Infra);
    let mut parts = Fields::default();
    for child in &item.children {
        parts.take(&mut draft, child.name, child.text.trim());
    }
    draft.severity = match item.attribute("severity") {
        Some("4") => Severity::Critical,
        Some("3") => Severity::High,
        Some("2") => Severity::Medium,
        Some("1") => Severity::Low,
        Some("0") => Severity::Info,
        _ => parts.risk.and_then(words::severity).unwrap_or(Severity::Unknown),
    };
    item.attribute("pluginID").unwrap_or_default().clone_into(&mut draft.rule);
    item.attribute("pluginName").or(parts.synopsis).unwrap_or_default().clone_into(&mut draft.title);
    let is_audit = item.attribute("pluginFamily").is_some_and(|f| f.contains("Compliance"));
    let check = Check::of(parts.result, parts.check, parts.description.filter(|_| is_audit || parts.result.is_some()));
    if let Some(check) = check {
        if check.passed() {
            return None;
        }
        check.fill(&mut draft);
    }
    let told = [parts.synopsis, parts.description, parts.actual, parts.remedy, parts.solution, parts.output];
    draft.room_for(told.into_iter().flatten());
    draft.say("", parts.synopsis);
    draft.say("", parts.description);
    draft.say("Found", parts.actual);
    draft.say("Solution", parts.remedy);
    draft.say("Solution", parts.solution.filter(|s| !s.eq_ignore_ascii_case("n/a")));
    draft.say("Output", parts.output);
    draft.on_host(host, item.attribute("port"), item.attribute("protocol"));
    draft.cvss = [(parts.score4, parts.vector4), (parts.score3, parts.vector3), (parts.score2, parts.vector2)]
        .into_iter()
        .map(|(score, vector)| Cvss::of(score.and_then(|s| s.parse().ok()), vector))
        .find(|c| !c.is_empty())
        .unwrap_or_default();
    if let Some(output) = parts.output {
        packaged(&mut draft, output);
    }
    Some(draft)
}

/// One check of a compliance audit. All checks of an audit have the number of one plugin, and no output.
pub(super) struct Check<'t> {
    name: Option<&'t str>,
    result: &'t str,
}

impl<'t> Check<'t> {
    /// By what is said of it, else by what its description begins with: `"1.1 Do this": [FAILED]`.
    pub(super) fn of(result: Option<&'t str>, name: Option<&'t str>, description: Option<&'t str>) -> Option<Self> {
        let is_result = |word: &&str| ["PASSED", "FAILED", "WARNING", "ERROR", "SKIPPED"].contains(word);
        let first = description.and_then(|d| d.trim().lines().next());
        let said = first.and_then(|line| {
            let (name, rest) = line.rsplit_once('[')?;
            let word = rest.trim_end().strip_suffix(']').filter(is_result)?;
            Some((name.trim_end().trim_end_matches(':').trim().trim_matches('"'), word))
        });
        let result = result.filter(is_result).or(said.map(|(_, word)| word))?;
        Some(Self { name: name.or(said.map(|(name, _)| name)).filter(|n| !n.is_empty()), result })
    }

    /// Whether nothing is held against the host: it passed, or was left out.
    pub(super) fn passed(&self) -> bool {
        matches!(self.result, "PASSED" | "SKIPPED")
    }

    /// Rule, title and severity, as Nessus itself rates results of audits.
    pub(super) fn fill(&self, draft: &mut Draft) {
        draft.severity = match self.result {
            "FAILED" => Severity::High,
            "WARNING" => Severity::Medium,
            _ => Severity::Unknown,
        };
        if let Some(name) = self.name {
            draft.rule = format!("{}:{name}", draft.rule);
            name.clone_into(&mut draft.title);
        }
        draft.say("Result of the check", Some(self.result));
    }
}

/// What stands in the elements of an item; of each the first.
#[derive(Default)]
struct Fields<'n> {
    risk: Option<&'n str>,
    synopsis: Option<&'n str>,
    description: Option<&'n str>,
    solution: Option<&'n str>,
    output: Option<&'n str>,
    /// Of a check of a compliance audit: its name, its result, what was found and what is to be done.
    check: Option<&'n str>,
    result: Option<&'n str>,
    actual: Option<&'n str>,
    remedy: Option<&'n str>,
    score2: Option<&'n str>,
    score3: Option<&'n str>,
    score4: Option<&'n str>,
    vector2: Option<&'n str>,
    vector3: Option<&'n str>,
    vector4: Option<&'n str>,
}

impl<'n> Fields<'n> {
    fn take(&mut self, draft: &mut Draft, name: &str, text: &'n str) {
        if text.is_empty() {
            return;
        }
        let slot = match name {
            "cve" => return draft.vulnerabilities.extend(words::vulnerability_ids(text)),
            "cwe" => return draft.cwe.extend(text.trim_start_matches("CWE-").parse::<u32>().ok()),
            "epss_score" => {
                draft.epss = text.parse().ok();
                return;
            }
            "cisa-known-exploited" | "exploited_by_malware" => {
                draft.exploited = !text.eq_ignore_ascii_case("false");
                return;
            }
            "see_also" => {
                draft.url = draft.url.take().or_else(|| text.lines().next().map(str::to_owned));
                return;
            }
            "risk_factor" => &mut self.risk,
            "synopsis" => &mut self.synopsis,
            "description" => &mut self.description,
            "solution" => &mut self.solution,
            "plugin_output" => &mut self.output,
            "compliance-check-name" => &mut self.check,
            "compliance-result" => &mut self.result,
            "compliance-actual-value" => &mut self.actual,
            "compliance-solution" => &mut self.remedy,
            "cvss_base_score" => &mut self.score2,
            "cvss3_base_score" => &mut self.score3,
            "cvss4_base_score" => &mut self.score4,
            "cvss_vector" => &mut self.vector2,
            "cvss3_vector" => &mut self.vector3,
            "cvss4_vector" => &mut self.vector4,
            _ => return,
        };
        slot.get_or_insert(text);
    }
}

/// The package and where it is installed, where the plugin's output names one line by line. One that names several packages
/// names none here.
pub(super) fn packaged(draft: &mut Draft, output: &str) {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for line in output.lines() {
        if let Some((name, value)) = line.split_once(':') {
            found.push((name.trim(), value.trim()));
        }
    }
    let of = |names: &[&str]| {
        let mut values = found.iter().filter(|(n, _)| names.iter().any(|w| n.eq_ignore_ascii_case(w)));
        let first = values.next().map(|(_, value)| *value).filter(|v| !v.is_empty());
        first.filter(|_| values.next().is_none())
    };
    // A plugin has a result for each installation, all of them at the port 0.
    if let (Some(path), Some(place)) = (of(&["Path", "Install path", "Installation path"]), &mut draft.snippet) {
        *place = format!("{place} {path}");
    }
    let fixed = of(&["Fixed", "Fixed version", "Fixed package", "Should be"]);
    if let Some(name) = of(&["Package", "Package name", "Product"]) {
        draft.in_package(Some(name), of(&["Installed", "Installed version", "Version"]), None, fixed);
    } else if let Some((name, version)) = of(&["Remote package installed", "Installed package"]).and_then(rpm) {
        let fixed = fixed.map(|f| rpm(f).map_or(f, |(_, version)| version));
        draft.in_package(Some(name), Some(version), None, fixed);
    }
}

/// Name and version of a package as its manager writes them together: `openssl-libs-1.0.2k-19.el7`, `libxml2_2.9.4`.
fn rpm(package: &str) -> Option<(&str, &str)> {
    if let Some((name, version)) = package.split_once(['_', ' ']) {
        return Some((name, version.trim()));
    }
    let dashes: Vec<usize> = package.match_indices('-').map(|(at, _)| at).collect();
    let begins = |at: &&usize| package.get(**at + 1..).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    let at = dashes.iter().find(begins)?;
    Some((package.get(..*at)?, package.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::rpm;
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn report(items: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><NessusClientData_v2><Policy/><Report name="s"><ReportHost name="db.internal">
            <HostProperties><tag name="host-ip">10.1.1.1</tag></HostProperties>{items}</ReportHost></Report></NessusClientData_v2>"#
        )
    }

    #[test]
    fn an_item_becomes_a_finding() {
        let items = r#"<ReportItem port="5432" svc_name="pg" protocol="tcp" severity="3" pluginID="700001"
            pluginName="libpq &lt; 15.4" pluginFamily="Databases"><cve>CVE-2023-39417</cve><cvss3_base_score>8.8</cvss3_base_score>
            <cvss3_vector>CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H</cvss3_vector><cwe>89</cwe><synopsis>It is old.</synopsis>
            <description>Told at length.</description><solution>Upgrade &amp; restart.</solution><see_also>https://pg.example/1
https://pg.example/2</see_also><plugin_output>
  Remote package installed : libpq_15.2
  Should be                : libpq_15.4</plugin_output></ReportItem>
            <ReportItem port="0" protocol="tcp" severity="0" pluginID="19506" pluginName="Scan information"/>"#;
        let read = read("s.nessus", report(items).as_bytes(), None);
        assert_eq!((read.format, read.status, read.raw_items), ("nessus-xml", ReportStatus::Ok, 2));
        let f = &read.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Infra, Severity::High, "700001"));
        assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("db.internal", &[89][..]));
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "db.internal:5432/tcp");
        assert_eq!(f.cves().collect::<Vec<_>>(), ["CVE-2023-39417"]);
        let package = f.package.as_ref().unwrap();
        assert_eq!((package.name.raw(), package.fixed[0].raw()), ("libpq", "15.4"));
        assert_eq!(f.url.as_ref().unwrap().raw(), "https://pg.example/1");
        assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "8.8");
        assert!(f.detail.raw().contains("Solution: Upgrade & restart."));
        assert_eq!((read.findings[1].severity, read.findings[1].place().as_str()), (Severity::Info, "db.internal"));
    }

    #[test]
    fn checks_of_an_audit_are_told_apart_as_in_csv() {
        let item = |name: &str, result: &str| {
            format!(
                r#"<ReportItem port="0" protocol="tcp" severity="3" pluginID="21157" pluginName="Unix Compliance" pluginFamily="Policy
                Compliance"><description>"{name}": [{result}] told</description><compliance>true</compliance>
                <cm:compliance-check-name>{name}</cm:compliance-check-name><cm:compliance-result>{result}</cm:compliance-result>
                <cm:compliance-solution>Mend it.</cm:compliance-solution><cm:compliance-actual-value>off</cm:compliance-actual-value></ReportItem>"#
            )
        };
        let items = [item("1.1 A", "PASSED"), item("1.2 B", "FAILED"), item("1.3 C", "WARNING")].concat();
        let xml = read("s.nessus", report(&items).as_bytes(), None);
        assert_eq!((xml.raw_items, xml.findings.len()), (3, 2));
        let csv = "Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output\n\
            21157,,,PASSED,db.internal,tcp,0,Unix Compliance,,\"\"\"1.1 A\"\" : [PASSED]\n\",,,\n\
            21157,,,FAILED,db.internal,tcp,0,Unix Compliance,,\"\"\"1.2 B\"\": [FAILED]\n\nSay.\",,,\n\
            21157,,,WARNING,db.internal,tcp,0,Unix Compliance,,\"\"\"1.3 C\"\" : [WARNING]\",,,\n";
        let csv = read("s.csv", csv.as_bytes(), None);
        assert_eq!((csv.format, csv.raw_items, csv.findings.len()), ("nessus-csv", 3, 2));
        for (one, other) in xml.findings.iter().zip(&csv.findings) {
            assert_eq!((&one.rule, &one.title, one.severity), (&other.rule, &other.title, other.severity));
            assert_eq!((&one.keys, &one.fingerprint), (&other.keys, &other.fingerprint));
        }
        let f = &xml.findings[0];
        assert_eq!((f.rule.raw(), f.title.raw(), f.severity), ("21157:1.2 B", "1.2 B", Severity::High));
        assert!(f.detail.raw().contains("Found: off") && f.detail.raw().contains("Solution: Mend it."));
    }

    #[test]
    fn installations_on_one_host_are_told_apart() {
        let item = |path: &str| {
            format!(
                r#"<ReportItem port="0" protocol="tcp" severity="3" pluginID="7" pluginName="Old"><plugin_output>
                Path : {path}
                Installed version : 1.0</plugin_output></ReportItem>"#
            )
        };
        let read = read("s.nessus", report(&[item("/opt/a"), item("/opt/b")].concat()).as_bytes(), None);
        let places: Vec<_> = read.findings.iter().map(|f| f.snippet.as_ref().unwrap().raw()).collect();
        assert_eq!(places, ["db.internal /opt/a", "db.internal /opt/b"]);
        assert_ne!(read.findings[0].keys[0], read.findings[1].keys[0]);
    }

    #[test]
    fn a_host_without_items_is_clean_and_no_host_is_not_assessed() {
        assert_eq!(read("n", report("").as_bytes(), None).status, ReportStatus::Empty);
        let none = b"<NessusClientData_v2><Report name='x'></Report></NessusClientData_v2>";
        assert_eq!(read("n", none, None).status, ReportStatus::NotAssessed);
    }

    #[test]
    fn packages_are_split_from_their_versions() {
        assert_eq!(rpm("openssl-libs-1.0.2k-19.el7"), Some(("openssl-libs", "1.0.2k-19.el7")));
        assert_eq!(rpm("libxml2_2.9.4+dfsg1"), Some(("libxml2", "2.9.4+dfsg1")));
        assert_eq!(rpm("nothing"), None);
    }
}
