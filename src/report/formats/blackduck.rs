//! Black Duck: the table of vulnerabilities, the archive of a version report that has it, and the API's list.

use std::collections::HashMap;

use crate::report::prelude::*;
use table::Row;

const TOOL: &str = "Black Duck";
const SEVERITY: &str = "`Security Risk`, else the score";
const IDENTITY: &str = "vulnerability and component";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "blackduck-csv",
        title: "Black Duck vulnerabilities, CSV",
        classes: &[Class::Sca],
        items: "rows",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: |shape| {
            shape.columns(&["Vulnerability id", "Vulnerability source", "Remediation status", "Security Risk"]).into()
        },
        parse: parse_csv,
    },
    Format {
        name: "blackduck-json",
        title: "Black Duck API, vulnerable components",
        classes: &[Class::Sca],
        items: "elements of `items`",
        severity: "`severity` of the vulnerability, else its score",
        identity: IDENTITY,
        checked: "written from the API's documentation; no real file was at hand",
        detect: detect_json,
        parse: parse_json,
    },
    Format {
        name: "blackduck-zip",
        title: "Black Duck version report, zip of CSV",
        classes: &[Class::Sca],
        items: "rows of security.csv; components of components.csv that violate a policy",
        severity: SEVERITY,
        identity: "vulnerability, component and file",
        checked: "DefectDojo's parser",
        detect: detect_zip,
        parse: parse_zip,
    },
];

/// Words for a vulnerability that somebody has dealt with.
const DEALT: [&str; 6] = ["DUPLICATE", "IGNORED", "MITIGATED", "NOT_AFFECTED", "PATCHED", "REMEDIATION_COMPLETE"];

fn detect_json(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let one = if doc.is_list() { doc.at("0") } else { doc.at("items.0") };
    let listed = one.has("componentName") && (one.has("vulnerabilityWithRemediation") || one.has("vulnerability"));
    let none =
        doc.has_all(&["totalCount", "items"]) && doc.at("_meta.href").or_empty().contains("vulnerable-bom-components");
    (listed || none).into()
}

/// Whether a name in an archive is that of a table: `security.csv`, `report/security_2024-01-01.csv`.
fn is_table(name: &str, table: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    file.starts_with(table) && file.rsplit_once('.').is_some_and(|(_, ending)| ending == "csv")
}

fn detect_zip(shape: &Shape<'_>) -> Fit {
    let has = |table: &str| shape.names().iter().any(|n| is_table(n, table));
    (has("security") && (has("source") || has("components") || has("version"))).into()
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for row in table::read(input.text)?.iter() {
        reading.add(of_row(&row, None).draft());
    }
    reading.done()
}

fn parse_zip(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let Some(archive) = input.archive else {
        return Err(Unreadable("A version report of Black Duck is a zip archive, and this is none.".to_owned()));
    };
    let members = archive.members(|name| ["source", "components", "security"].iter().any(|t| is_table(name, t)))?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let mut files: HashMap<(String, String), Vec<String>> = HashMap::new();
    for member in members.iter().filter(|m| is_table(&m.name, "source")) {
        for row in table::read(&member.text()?)?.iter() {
            if let Some(path) = row.get("Path") {
                files.entry(component(&row)).or_default().push(path.to_owned());
            }
        }
    }
    for member in members.iter().filter(|m| is_table(&m.name, "components")) {
        for row in table::read(&member.text()?)?.iter() {
            let status = row.or_empty("Component policy status").replace('_', " ");
            if status.to_lowercase().starts_with("in violation") {
                reading.add(violation(&row, &status));
            }
        }
    }
    for member in members.iter().filter(|m| is_table(&m.name, "security")) {
        let rows = table::read(&member.text()?)?;
        if !rows.has("Vulnerability id") {
            return Err(Unreadable(format!("{} has no column \"Vulnerability id\".", crate::text::line(&member.name))));
        }
        for row in rows.iter() {
            reading.add(of_row(&row, files.get(&component(&row)).map(Vec::as_slice)).draft());
        }
    }
    reading.done()
}

fn component(row: &Row<'_>) -> (String, String) {
    let id = row.first(&["Component id", "Project id"]).unwrap_or_default();
    (id.to_owned(), row.or_empty("Version id").to_owned())
}

/// A component that a policy does not allow, for whatever reason: the table says only that it is so.
fn violation(row: &Row<'_>, status: &str) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let name = row.or_empty("Component name");
    let overridden = row.get("Overridden By");
    "component policy".clone_into(&mut draft.rule);
    draft.title = format!("{name} violates a policy");
    draft.say("Policy", Some(status));
    draft.say("Licence", row.get("License names"));
    draft.say("Licence family", row.get("License families"));
    draft.say("Operational risk", row.get("Operational Risk"));
    draft.in_package(Some(name), row.get("Component version name"), None, None);
    if status.to_lowercase().contains("overridden") {
        draft.suppressed =
            Some(overridden.map_or_else(|| "overridden".to_owned(), |who| format!("overridden by {who}")));
    }
    draft
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    // Scripts that gather all pages write a list.
    for item in if doc.is_list() { doc.list()? } else { doc.results("items")? } {
        let of = item.get("vulnerabilityWithRemediation");
        let of = if of.is_object() { of } else { item.get("vulnerability") };
        if !of.is_object() {
            return Err(Unreadable("An item has no vulnerability.".to_owned()));
        }
        reading.add(of_node(item, of).draft());
    }
    if doc.get("totalCount").number().is_some_and(|all| all > reading.items()) {
        reading.remark("Black Duck has more vulnerable components than this page: the report is a part of the list.");
    }
    reading.done()
}

/// One vulnerability of one component, whatever it was written in.
#[derive(Default)]
struct One<'n> {
    id: &'n str,
    related: Option<&'n str>,
    description: Option<&'n str>,
    severity: Option<&'n str>,
    score: Option<f64>,
    source: Option<&'n str>,
    component: &'n str,
    version: Option<&'n str>,
    /// `maven` and `org.x:y:1.0`; `npmjs` and `pad/1.0`.
    origin: Option<(&'n str, &'n str)>,
    status: Option<&'n str>,
    comment: Option<&'n str>,
    url: Option<&'n str>,
    cwe: Option<&'n str>,
    exploited: bool,
    files: &'n [String],
}

fn of_row<'n>(row: &Row<'n>, files: Option<&'n [String]>) -> One<'n> {
    let origin = row.first(&["Channel version origin", "Origin name", "Component origin name"]);
    let origin_id = row.first(&["Channel version origin id", "Origin id", "Component origin id"]);
    One {
        id: row.or_empty("Vulnerability id"),
        related: row.first(&["Related vulnerability", "Related vulnerability id"]),
        description: row.get("Description"),
        severity: row.get("Security Risk"),
        score: row.score("Overall score").or_else(|| row.score("Base score")),
        source: row.get("Vulnerability source"),
        component: row.first(&["Component name", "Project name"]).unwrap_or_default(),
        version: row.first(&["Component version name", "Version", "Channel version origin name"]),
        origin: origin.zip(origin_id),
        status: row.get("Remediation status"),
        comment: row.get("Remediation comment"),
        url: row.get("URL"),
        cwe: row.first(&["CWE Ids", "CWE Id"]),
        exploited: row.first(&["Known Exploited", "KEV"]).is_some_and(|k| k.eq_ignore_ascii_case("true")),
        files: files.unwrap_or_default(),
    }
}

fn of_node<'n>(item: &'n Node<'_>, of: &'n Node<'_>) -> One<'n> {
    let origin = item.at("componentVersionOriginName").text().or(item.at("origins.0.externalNamespace").text());
    let origin_id = item.at("componentVersionOriginId").text().or(item.at("origins.0.externalId").text());
    let text = |keys: &[&str]| keys.iter().find_map(|k| of.get(k).text());
    One {
        id: text(&["vulnerabilityName", "vulnerabilityId", "name"]).unwrap_or_default(),
        related: text(&["relatedVulnerability"]),
        description: text(&["description"]),
        severity: text(&["severity"]),
        score: ["overallScore", "baseScore"].iter().find_map(|k| of.get(k).score()),
        source: text(&["source"]),
        component: item.get("componentName").or_empty(),
        version: item.get("componentVersionName").text(),
        origin: origin.zip(origin_id),
        status: text(&["remediationStatus"]),
        comment: text(&["remediationComment", "comment"]),
        url: None,
        cwe: of.get("cweId").text().or(of.at("cweIds.0").text()),
        exploited: false,
        files: &[],
    }
}

impl One<'_> {
    fn draft(&self) -> Draft {
        let mut draft = Draft::new(Class::Sca);
        draft.rated(self.severity);
        if self.severity.is_some_and(|s| s.eq_ignore_ascii_case("ok")) {
            draft.severity = Severity::Info;
        }
        self.id.clone_into(&mut draft.rule);
        // Numbers are those of VulnDB; a CVE may stand behind another id in parentheses.
        let number = self.id.bytes().all(|b| b.is_ascii_digit()) && !self.id.is_empty();
        let own = if number { format!("{}-{}", self.source.unwrap_or("VULNDB"), self.id) } else { self.id.to_owned() };
        draft.vulnerabilities = words::known_as(&own, self.related);
        draft.title = format!("{own} in {}", self.component);
        draft.say("", self.description);
        draft.say("Component", Some(self.component));
        draft.say(
            "Files",
            (self.files.len() > 1)
                .then(|| self.files.iter().take(10).cloned().collect::<Vec<_>>().join("\n"))
                .as_deref(),
        );
        draft.path = self.files.first().cloned();
        self.package(&mut draft);
        draft.cvss = Cvss::of(self.score, None);
        draft.cwe = self.cwe.map(words::cwe_numbers).unwrap_or_default();
        draft.url = self.url.map(str::to_owned);
        draft.exploited = self.exploited;
        let status = self.status.unwrap_or_default().to_uppercase().replace(' ', "_");
        if DEALT.contains(&status.as_str()) {
            draft.suppressed = Some(self.comment.map_or_else(|| status.clone(), |c| format!("{status}: {c}")));
        } else {
            draft.say("Remediation", Some(&status).filter(|s| *s != "NEW").map(String::as_str));
        }
        draft
    }

    /// The package as its ecosystem calls it, where the origin says so; else the component as Black Duck calls it.
    fn package(&self, draft: &mut Draft) {
        let known = self.origin.filter(|(origin, _)| purl::kind(origin).is_some()).and_then(|(origin, id)| {
            let (name, version) = match self.version.and_then(|v| id.strip_suffix(v)) {
                Some(name) => (name, self.version?),
                None => id.rsplit_once([':', '/'])?,
            };
            Some((origin, name.trim_end_matches([':', '/']), version))
        });
        match known {
            Some((origin, name, version)) => draft.in_ecosystem(origin, name, Some(version), &[]),
            None => draft.in_package(Some(self.component), self.version, None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const HEADER: &str = "Component id,Version id,Project name,Version,Channel version origin,Channel version origin id,Vulnerability id,\
        Description,Base score,Vulnerability source,Remediation status,Remediation comment,Security Risk\n";

    #[test]
    fn a_row_becomes_a_finding() {
        let rows = "c,v,Left Pad,1.0,npmjs,@a/pad/1.0,BDSA-2020-1 (CVE-2020-1),Bad,7.5,BDSA,NEW,,HIGH\n\
            c,v,Velocity,1.7,maven,org.x:velocity:1.7,103918,Worse,10,VULNDB,IGNORED,not used,CRITICAL\n";
        let report = read("b", format!("{HEADER}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("blackduck-csv", 2));
        let [a, b] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((a.severity, a.vulnerabilities[0].raw()), (Severity::High, "CVE-2020-1"));
        assert_eq!(a.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/%40a/pad@1.0");
        assert_eq!((b.rule.raw(), b.vulnerabilities[0].raw()), ("103918", "VULNDB-103918"));
        assert_eq!(b.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:maven/org.x/velocity@1.7");
        assert_eq!(b.suppressed.as_ref().unwrap().raw(), "IGNORED: not used");
        assert_eq!(read("b", HEADER.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn the_list_of_the_api() {
        let text = r#"{"totalCount": 2, "items": [{"componentName": "Pad", "componentVersionName": "1.0", "componentVersionOriginName": "maven", "componentVersionOriginId": "o:pad:1.0",
            "vulnerabilityWithRemediation": {"vulnerabilityName": "CVE-2021-4", "severity": "MEDIUM", "remediationStatus": "NEW", "cweId": "CWE-79", "baseScore": 5.0}}]}"#;
        let report = read("b", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.findings[0].severity, report.findings[0].cwe[0]),
            ("blackduck-json", Severity::Medium, 79)
        );
        assert!(report.reason.unwrap().raw().contains("a part of the list"));
        let wrong = r#"{"items": [{"componentName": "x", "vulnerability": 1}]}"#;
        assert_eq!(read("b", wrong.as_bytes(), None).status, ReportStatus::Error);
    }
}
