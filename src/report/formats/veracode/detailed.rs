//! Veracode's detailed report: flaws by severity and category, then components with their vulnerabilities.
//!
//! What is said of a category stands before its flaws, in attributes. A flaw's id is its own in the application.

use super::{TOOL, joined, library, severity};
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

const ROOT: &str = "detailedreport";

pub(super) const FORMAT: Format = Format {
    name: "veracode-xml",
    title: "Veracode detailed report (XML)",
    classes: &[Class::Sast, Class::Dast, Class::Sca],
    items: "`flaw` elements, and `vulnerability` elements of components",
    severity: "`severity`, 5 (critical) to 0 (info)",
    identity: "application and flaw id; of components vulnerability and package",
    checked: "DefectDojo's parser",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    shape.root(ROOT).into()
}

/// Where in the document we are.
#[derive(Default)]
struct Here {
    app: String,
    category: String,
    about: String,
    advice: String,
    in_advice: bool,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut here = Here::default();
    let mut root = false;
    let mut assessed = false;
    xml::walk(input.text, &["flaw", "component"], |part| match part {
        Part::Open(node) => {
            let class = match node.name {
                "static-analysis" => Some(Class::Sast),
                "dynamic-analysis" | "manual-analysis" => Some(Class::Dast),
                // Where the service is not bought, the list of components is empty.
                "software_composition_analysis"
                    if !node.attribute("sca_service_available").is_some_and(|a| a.eq_ignore_ascii_case("false")) =>
                {
                    Some(Class::Sca)
                }
                _ => None,
            };
            if let Some(class) = class {
                assessed = true;
                reading.assessed(class);
            }
            root = root || node.name == ROOT;
            here.enter(&node);
        }
        Part::Close(name) => here.in_advice = here.in_advice && name != "recommendations",
        Part::Whole(flaw) if flaw.name == "flaw" => {
            // What is mended is not in the code any more.
            if flaw.attribute("remediation_status").is_some_and(|s| s.eq_ignore_ascii_case("fixed")) {
                reading.passed(1);
            } else {
                reading.add(of_flaw(&flaw, &here));
            }
        }
        Part::Whole(component) => {
            for vulnerability in component.descendants("vulnerability") {
                reading.add(of_component(vulnerability, &component));
            }
        }
    })?;
    if !root {
        return Err(Unreadable(format!("It has no element <{ROOT}>.")));
    }
    if !assessed {
        reading.not_assessed("The Veracode report names no analysis: nothing was looked at.");
    }
    reading.done()
}

impl Here {
    fn enter(&mut self, node: &Element) {
        let text = || node.attribute("text").unwrap_or_default();
        match node.name {
            ROOT => node.attribute("app_id").unwrap_or_default().clone_into(&mut self.app),
            "category" => {
                let category = node.attribute("categoryname").unwrap_or_default().to_owned();
                *self = Self { app: std::mem::take(&mut self.app), category, ..Self::default() };
            }
            "recommendations" => self.in_advice = true,
            "para" | "bulletitem" => {
                let of = if self.in_advice { &mut self.advice } else { &mut self.about };
                if !of.is_empty() {
                    of.push('\n');
                }
                of.push_str(text());
            }
            _ => {}
        }
    }
}

fn of_flaw(flaw: &Element, here: &Here) -> Draft {
    let text = |name: &str| flaw.attribute(name).unwrap_or_default();
    let url = flaw.attribute("url").or(flaw.attribute("location")).filter(|u| u.contains("://"));
    let mut draft = Draft::new(if url.is_some() { Class::Dast } else { Class::Sast });
    draft.severity = severity(text("severity").parse().ok());
    let cwe: Option<u32> = text("cweid").parse().ok().filter(|n| *n > 0);
    draft.cwe = cwe.into_iter().collect();
    flaw.attribute("categoryname").unwrap_or(&here.category).clone_into(&mut draft.title);
    draft.rule = cwe.map_or_else(|| draft.title.clone(), |n| format!("CWE-{n}"));
    draft.say("", flaw.attribute("description"));
    draft.say("Attack", flaw.attribute("type"));
    draft.say("Module", flaw.attribute("module"));
    let function = [text("scope"), text("functionprototype")].join(" ");
    draft.say("Function", Some(function.trim()).filter(|f| !matches!(*f, "" | "UNKNOWN UNKNOWN")));
    draft.say("Category", Some(&here.about));
    draft.say("Recommendations", Some(&here.advice));
    draft.say("Note", flaw.attribute("note"));
    // Two flaws may stand in one line and say the same.
    draft.say("Flaw", flaw.attribute("issueid"));
    if let Some(url) = url {
        draft.path = Some(url.split(['?', '#']).next().unwrap_or(url).to_owned());
        draft.say("URL", Some(url));
        draft.snippet = flaw.attribute("vuln_parameter").or(flaw.attribute("parameter")).map(str::to_owned);
    } else {
        draft.path = Some(joined(text("sourcefilepath"), text("sourcefile")));
        draft.line = text("line").parse().ok();
    }
    draft.native_id = flaw.attribute("issueid").map(|id| format!("{}:{id}", here.app));
    if flaw.attribute("mitigation_status").is_some_and(|s| s.eq_ignore_ascii_case("accepted")) {
        let said = flaw.descendants("mitigation");
        let said: Vec<&str> = said.iter().filter_map(|m| m.attribute("description")).collect();
        draft.suppressed = Some(format!("Mitigation accepted in Veracode. {}", said.join(" ")).trim_end().to_owned());
    }
    draft
}

fn of_component(vulnerability: &Element, component: &Element) -> Draft {
    let text = |name: &str| vulnerability.attribute(name);
    let mut draft = Draft::new(Class::Sca);
    let id = text("cve_id").unwrap_or_default();
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::vulnerability_ids(id);
    draft.severity = severity(text("severity").and_then(|s| s.parse().ok()));
    // The score is of whichever version of CVSS the report was made with.
    draft.cvss = Cvss::of(text("cvss_score").and_then(|s| s.parse().ok()), None);
    draft.cwe = words::cwe_numbers(text("cwe_id").unwrap_or_default());
    draft.say("", text("cve_summary"));
    let (name, version) = (component.attribute("library"), component.attribute("version"));
    let known = component.attribute("library_id").and_then(library);
    let purl = known.as_ref().and_then(|(_, purl)| purl.clone());
    let name = known.as_ref().map(|(name, _)| name.as_str()).or(name).or(component.attribute("file_name"));
    draft.in_package(name, version, purl.as_deref(), None);
    draft.title = name.map_or_else(|| id.to_owned(), |n| format!("{id} in {n}"));
    let paths = component.descendants("file_path");
    let mut paths = paths.iter().filter_map(|p| p.attribute("value"));
    draft.path = paths.next().map(str::to_owned);
    draft.say("Also in", Some(&paths.collect::<Vec<_>>().join("\n")));
    if text("mitigation").is_some_and(|m| m.eq_ignore_ascii_case("true")) {
        draft.suppressed = Some("Mitigated in Veracode.".to_owned());
    }
    draft
}
