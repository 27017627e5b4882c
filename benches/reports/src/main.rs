//! The least that reading a report can be: only the fields that findings are told apart by, borrowed from the file, and a set
//! of them. `countersign-reference sarif|trivy|nessus FILE` prints how many are unique, and how many bytes were looked at.

use std::borrow::Cow;
use std::collections::HashSet;
use std::error::Error;

use quick_xml::events::Event;
use serde::Deserialize;

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct Sarif<'a> {
    #[serde(borrow)]
    runs: Vec<Run<'a>>,
}

#[derive(Deserialize)]
struct Run<'a> {
    #[serde(borrow)]
    results: Vec<Found<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    #[serde(borrow)]
    rule_id: Text<'a>,
    #[serde(borrow)]
    level: Text<'a>,
    #[serde(borrow)]
    message: Message<'a>,
    #[serde(borrow)]
    locations: Vec<Place<'a>>,
    #[serde(borrow, default)]
    properties: Properties<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    #[serde(borrow)]
    physical_location: Physical<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    #[serde(borrow)]
    artifact_location: Artifact<'a>,
    #[serde(borrow, default)]
    region: Region<'a>,
}

#[derive(Deserialize)]
struct Artifact<'a> {
    #[serde(borrow)]
    uri: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Region<'a> {
    #[serde(borrow)]
    snippet: Option<Message<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Properties<'a> {
    #[serde(borrow)]
    purl: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trivy<'a> {
    #[serde(borrow)]
    results: Vec<Target<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target<'a> {
    #[serde(borrow)]
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability<'a> {
    #[serde(borrow, rename = "VulnerabilityID")]
    id: Text<'a>,
    #[serde(borrow)]
    pkg_name: Text<'a>,
    #[serde(borrow)]
    installed_version: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (kind, file) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let bytes = std::fs::read(&file)?;
    let (unique, seen) = match kind.as_str() {
        "sarif" => sarif(&sonic_rs::from_slice(&bytes)?),
        "trivy" => trivy(&sonic_rs::from_slice(&bytes)?),
        "nessus" => nessus(std::str::from_utf8(&bytes)?)?,
        other => return Err(format!("{other:?} is none of sarif, trivy, nessus").into()),
    };
    println!("{unique} {seen}");
    Ok(())
}

fn sarif(report: &Sarif<'_>) -> (usize, usize) {
    let (mut unique, mut seen) = (HashSet::new(), 0);
    for found in report.runs.iter().flat_map(|run| &run.results) {
        seen += found.message.text.len() + found.level.len();
        let place = found.locations.first().map(|l| &l.physical_location);
        let code = place.and_then(|p| p.region.snippet.as_ref()).map(|s| &s.text);
        unique.insert((&found.rule_id, place.map(|p| &p.artifact_location.uri), code, &found.properties.purl));
    }
    (unique.len(), seen)
}

fn trivy(report: &Trivy<'_>) -> (usize, usize) {
    let (mut unique, mut seen) = (HashSet::new(), 0);
    for found in report.results.iter().flat_map(|target| &target.vulnerabilities) {
        seen += found.title.len() + found.description.len() + found.severity.len();
        unique.insert((&found.id, &found.pkg_name, &found.installed_version));
    }
    (unique.len(), seen)
}

fn nessus(text: &str) -> Result<(usize, usize), quick_xml::Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum In {
        Cve,
        Output,
        Description,
        Other,
    }
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut unique, mut seen) = (HashSet::new(), 0);
    let (mut cve, mut output, mut element) = (String::new(), String::new(), In::Other);
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                element = match start.name().as_ref() {
                    "cve" => In::Cve,
                    "plugin_output" => In::Output,
                    "description" => In::Description,
                    _ => In::Other,
                };
            }
            Event::Text(text) => match element {
                In::Cve => cve = text.to_string(),
                In::Output => output = text.to_string(),
                In::Description => seen += text.len(),
                In::Other => {}
            },
            Event::End(end) => {
                element = In::Other;
                if end.name().as_ref() == "ReportItem" {
                    let line = |name: &str| {
                        let value = output.lines().find_map(|l| l.trim().strip_prefix(name)?.trim().strip_prefix(':'));
                        value.unwrap_or_default().trim().to_owned()
                    };
                    unique.insert((cve.clone(), line("Package"), line("Installed")));
                }
            }
            Event::Eof => return Ok((unique.len(), seen)),
            _ => {}
        }
    }
}
