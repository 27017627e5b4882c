//! XCCDF results, 1.1 and 1.2, alone or in an ARF collection: `oscap xccdf eval --results`, `--results-arf`.
//!
//! The rules stand before the results, and only say what was to be checked.

mod oval;

use std::collections::{HashMap, HashSet};

use crate::report::prelude::*;
use crate::report::xml::Node as Element;

const TOOL: &str = "OpenSCAP";
/// How many ids of one rule are told.
const IDENTS: usize = 200;
const ROOTS: [&str; 3] = ["Benchmark", "TestResult", "asset-report-collection"];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "openscap-xml",
        title: "OpenSCAP XCCDF 1.1 and 1.2 results, and ARF",
        classes: &[Class::Infra, Class::Container],
        items: "`rule-result` elements that failed",
        severity: "`severity` of the result, else of the rule",
        identity: "rule and target",
        checked: "DefectDojo's parser on XCCDF 1.1; 1.2 and ARF from the specification",
        detect,
        parse,
    },
    oval::OVAL,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    let scap = |v: &str| v.contains("checklists.nist.gov/xccdf") || v.contains("asset-reporting-format");
    (ROOTS.contains(&sketch.root.as_str()) && sketch.attributes.iter().any(|(_, v)| scap(v))).into()
}

/// A result with the target of its test.
struct Outcome<'t> {
    element: Element<'t>,
    target: Option<usize>,
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut rules: HashMap<String, Element> = HashMap::new();
    let (mut outcomes, mut targets) = (Vec::new(), Vec::new());
    let (mut system, mut tests) = (None, 0_usize);
    let whole = ["Rule", "rule-result", "target"];
    xml::walk(input.text, &whole, |part| match part {
        Part::Open(node) if node.name == "TestResult" => {
            tests += 1;
            system = system.take().or_else(|| node.attribute("test-system").map(str::to_owned));
        }
        Part::Whole(node) if node.name == "Rule" => {
            if let Some(id) = node.attribute("id").map(str::to_owned) {
                rules.entry(id).or_insert(node);
            }
        }
        Part::Whole(node) if node.name == "target" => targets.push(node.text.trim().to_owned()),
        Part::Whole(element) if element.name == "rule-result" => {
            outcomes.push(Outcome { element, target: targets.len().checked_sub(1) });
        }
        _ => {}
    })?;
    let image = targets.iter().any(|t| t.contains("image://"));
    let class = if image { Class::Container } else { Class::Infra };
    let mut reading = Reading::new(input, TOOL, &[class]);
    let (tool, version) = system.as_deref().map_or((None, None), named);
    reading.tool(tool);
    reading.version(version);
    let (mut decided, mut open) = (0_usize, 0_usize);
    for outcome in &outcomes {
        let result = outcome.element.text_of("result").unwrap_or("unknown");
        let overridden = overridden(&outcome.element);
        match result {
            "fail" => {}
            "pass" | "fixed" if overridden.is_none() => {
                decided += 1;
                continue;
            }
            _ if overridden.is_some() => {}
            "error" | "unknown" => {
                open += 1;
                continue;
            }
            _ => continue,
        }
        decided += 1;
        let target = outcome.target.and_then(|t| targets.get(t)).map(String::as_str);
        let mut draft = draft(&outcome.element, &rules, class, target);
        draft.suppressed = overridden;
        reading.add(draft);
    }
    if open > 0 {
        reading.incomplete(format!("{open} rules could not be evaluated, or their outcome is not known."));
    }
    if tests == 0 {
        reading.not_assessed("It has no TestResult: it says what is to be checked, not what was.");
    } else if decided == 0 {
        reading.not_assessed("No rule was decided: none was selected, or none applies.");
    }
    reading.done()
}

/// The tool and its version in a CPE name: `cpe:/a:redhat:openscap:1.3.4`.
fn named(system: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = system.rsplit(':');
    let (version, product) = (parts.next(), parts.next());
    match product {
        Some("openscap") => (None, version),
        Some(product) if system.starts_with("cpe:") => (Some(product), version),
        _ => (None, None),
    }
}

/// Why a rule that failed was made to pass by hand.
fn overridden(element: &Element) -> Option<String> {
    let over = element.all("override").find(|o| o.text_of("old-result") == Some("fail"))?;
    let passed = over.text_of("new-result").is_some_and(|r| r != "fail") && element.text_of("result") != Some("fail");
    passed.then(|| over.text_of("remark").unwrap_or("Overridden without a remark.").to_owned())
}

fn draft(element: &Element, rules: &HashMap<String, Element>, class: Class, target: Option<&str>) -> Draft {
    let mut draft = Draft::new(class);
    let id = element.attribute("idref").unwrap_or_default();
    let rule = rules.get(id);
    id.clone_into(&mut draft.rule);
    let said = element.attribute("severity").filter(|s| *s != "unknown");
    draft.rated(said.or_else(|| rule?.attribute("severity")));
    let text = |name: &str| rule.and_then(|r| r.child(name)).map(flat).filter(|t| !t.is_empty());
    draft.title = text("title").unwrap_or_else(|| id.to_owned());
    draft.say("", Some(&draft.title.clone()));
    draft.say("", text("description").as_deref());
    draft.say("Rationale", text("rationale").as_deref());
    draft.say("Fix", text("fixtext").as_deref());
    for message in element.all("message") {
        draft.say("Message", Some(message.text.as_ref()));
    }
    let idents = element.all("ident").chain(rule.into_iter().flat_map(|r| r.all("ident")));
    let mut said: HashSet<&str> = HashSet::new();
    for ident in idents {
        let id = ident.text.trim();
        draft.vulnerabilities.extend(words::vulnerability_ids(id));
        draft.cwe.extend(words::cwe_numbers(id));
        if !id.starts_with("CVE-") && said.len() < IDENTS && said.insert(id) {
            draft.say("Id", Some(id));
        }
    }
    draft.logical = target.map(str::to_owned);
    let link = rule.and_then(|r| r.all("reference").find_map(|l| l.attribute("href")));
    draft.url = link.filter(|l| l.starts_with("http")).map(str::to_owned);
    draft
}

/// The text of an element with all in it, in one paragraph.
fn flat(element: &Element) -> String {
    element.all_text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn results(inner: &str) -> String {
        format!(
            r#"<x:Benchmark xmlns:x="http://checklists.nist.gov/xccdf/1.2"><x:Group><x:Rule id="r1" severity="high"><x:title>Lock <b>it</b></x:title>
            <x:rationale>Thieves.</x:rationale><x:reference href="https://r.example">R</x:reference></x:Rule></x:Group>
            <x:TestResult test-system="cpe:/a:redhat:openscap:1.3.4"><x:target>host.example</x:target>{inner}</x:TestResult></x:Benchmark>"#
        )
    }

    fn outcome(result: &str) -> String {
        results(&format!(
            "<x:rule-result idref=\"r1\"><x:result>{result}</x:result><x:ident>CVE-2020-1111</x:ident></x:rule-result>"
        ))
    }

    #[test]
    fn rules_that_failed_are_findings_also_in_a_collection() {
        let alone = outcome("fail");
        let arf = format!(
            "<arf:asset-report-collection xmlns:arf=\"http://scap.nist.gov/schema/asset-reporting-format/1.1\">{alone}</arf:asset-report-collection>"
        );
        for text in [alone, arf] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!(
                (report.format, report.raw_items, report.tool_version.unwrap().raw()),
                ("openscap-xml", 1, "1.3.4")
            );
            let f = &report.findings[0];
            assert_eq!(
                (f.class, f.severity, f.rule.raw(), f.title.raw()),
                (Class::Infra, Severity::High, "r1", "Lock it")
            );
            assert_eq!(
                (f.place(), f.cves().next(), f.url.as_ref().unwrap().raw()),
                ("host.example".to_owned(), Some("CVE-2020-1111"), "https://r.example")
            );
        }
        let waived = outcome("pass").replace("<x:ident>", "<x:override><x:old-result>fail</x:old-result><x:new-result>pass</x:new-result><x:remark>a lab</x:remark></x:override><x:ident>");
        assert_eq!(read("r", waived.as_bytes(), None).findings[0].suppressed.as_ref().unwrap().raw(), "a lab");
    }

    #[test]
    fn of_very_many_ids_some_are_told() {
        let idents: Vec<String> =
            (0..4000).map(|n| format!("<x:ident>CCE-{n}</x:ident><x:ident>CVE-2020-{}</x:ident>", n + 1000)).collect();
        let text = outcome("fail").replace("<x:ident>CVE-2020-1111</x:ident>", &idents.concat());
        let report = read("r", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((f.detail.raw().matches("Id: CCE-").count(), f.vulnerabilities.len()), (200, 1000));
    }

    #[test]
    fn what_was_not_decided_is_no_evidence() {
        let of = |text: String| read("r", text.as_bytes(), None).status;
        assert_eq!(
            (of(outcome("pass")), of(outcome("notapplicable"))),
            (ReportStatus::Empty, ReportStatus::NotAssessed)
        );
        assert_eq!((of(results("")), of(outcome("error"))), (ReportStatus::NotAssessed, ReportStatus::NotAssessed));
        assert_eq!(of(outcome("pass").replace("</x:TestResult>", "")), ReportStatus::Error);
    }
}
