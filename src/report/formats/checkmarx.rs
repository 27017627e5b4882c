//! Checkmarx SAST (`CxXMLResults`) and Checkmarx Open Source Analysis (a JSON list of vulnerabilities and one of libraries).
//!
//! A result of the XML is a path through the code; its place is where the path ends, and where it begins is in the detail.

mod cxflow;
mod table;

use std::collections::HashMap;

use crate::report::prelude::*;
use crate::report::xml::Node as Element;

const TOOL: &str = "Checkmarx";
const ROOT: &str = "CxXMLResults";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "checkmarx-xml",
        title: "Checkmarx SAST XML",
        classes: &[Class::Sast],
        items: "`Result` elements",
        severity: "`Severity`",
        identity: "query and similarity id",
        checked: "DefectDojo's parser, and the count of the file's results",
        detect,
        parse,
    },
    cxflow::FORMAT,
    table::CSV,
    Format {
        name: "checkmarx-osa",
        title: "Checkmarx Open Source Analysis JSON",
        classes: &[Class::Sca],
        items: "elements of the list of vulnerabilities",
        severity: "`severity`, else `score`",
        identity: "vulnerability and package",
        checked: "DefectDojo's parser",
        detect: detect_osa,
        parse: parse_osa,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.root(ROOT).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let mut query = Element::default();
    let mut root = false;
    let mut scanned = true;
    xml::walk(input.text, &["Result"], |part| match part {
        Part::Open(node) if node.name == ROOT => {
            root = true;
            reading.version(node.attribute("CheckmarxVersion"));
            scanned = node.attribute("FilesScanned") != Some("0");
        }
        Part::Open(node) if node.name == "Query" => query = node,
        Part::Whole(result) if result.attribute("Status") == Some("Fixed") => reading.passed(1),
        Part::Whole(result) => reading.add(draft(&query, &result)),
        _ => {}
    })?;
    if !root {
        return Err(Unreadable(format!("It has no element <{ROOT}>.")));
    }
    if !scanned && reading.items() == 0 {
        reading.not_assessed("Checkmarx scanned no file.");
    }
    reading.done()
}

fn draft(query: &Element, result: &Element) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let name = query.attribute("name").unwrap_or_default();
    query.attribute("id").unwrap_or(name).clone_into(&mut draft.rule);
    draft.title = name.replace('_', " ");
    draft.rated(result.attribute("Severity").or(query.attribute("Severity")));
    draft.cwe = query.attribute("cweId").and_then(|c| c.parse().ok()).filter(|n| *n > 0).into_iter().collect();
    draft.url = result.attribute("DeepLink").map(str::to_owned);

    let path = result.child("Path");
    let nodes: Vec<&Element> = path.map(|p| p.all("PathNode").collect()).unwrap_or_default();
    let end = nodes.last().copied();
    let in_end = |name: &str| end.and_then(|n| n.text_of(name)).map(str::to_owned);
    draft.path = in_end("FileName").or_else(|| result.attribute("FileName").map(str::to_owned));
    let number = |text: Option<String>| text.and_then(|t| t.parse().ok());
    draft.line = number(in_end("Line").or_else(|| result.attribute("Line").map(str::to_owned)));
    draft.column = number(in_end("Column").or_else(|| result.attribute("Column").map(str::to_owned)));
    draft.snippet = end.and_then(code);

    draft.say("Query", query.attribute("QueryPath"));
    draft.say("Categories", query.attribute("categories"));
    let steps: Vec<String> = nodes.iter().map(|n| step(n)).collect();
    draft.say("Path", Some(&steps.join("\n")));
    let context: Vec<String> = nodes.iter().filter_map(|n| code(n)).collect();
    draft.context = (!context.is_empty()).then(|| context.join("\n"));

    let similarity = path.and_then(|p| p.attribute("SimilarityId")).filter(|s| *s != "0");
    draft.native_id = similarity.map(|s| format!("{}:{s}", draft.rule));
    // State 1 is `Not Exploitable`; 4, a proposal of it, is none yet.
    let dismissed = result.attribute("FalsePositive").is_some_and(|f| f.eq_ignore_ascii_case("true"));
    if dismissed || result.attribute("state") == Some("1") {
        let remark = result.attribute("Remark").map(|r| format!(" {r}")).unwrap_or_default();
        draft.suppressed = Some(format!("Marked as not exploitable in Checkmarx.{remark}"));
    }
    draft
}

/// A step of a path: the place, and what stands there.
fn step(node: &Element) -> String {
    let text = |name: &str| node.text_of(name).unwrap_or_default();
    format!("{}:{} {}", text("FileName"), text("Line"), text("Name"))
}

/// The code of a step.
fn code(node: &Element) -> Option<String> {
    let lines: Vec<&str> = node.child("Snippet")?.all("Line").filter_map(|l| l.text_of("Code")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Two lists: the first of vulnerabilities, the second of the libraries that they are in.
fn detect_osa(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let (vulnerability, library) = (doc.at("0.0"), doc.at("1.0"));
    let lists = doc.at("0").is_list() && doc.at("1").is_list();
    (lists && (vulnerability.has_all(&["cveName", "severity"]) || library.has_all(&["version", "newestVersion"])))
        .into()
}

fn parse_osa(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Checkmarx OSA", &[Class::Sca]);
    let libraries: HashMap<&str, &Node<'_>> =
        doc.results("1")?.iter().filter_map(|l| Some((l.get("id").text()?, l))).collect();
    for vulnerability in doc.results("0")? {
        if !vulnerability.is_object() {
            return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", vulnerability.kind())));
        }
        let library = vulnerability.get("libraryId").text().and_then(|id| libraries.get(id).copied());
        reading.add(draft_osa(vulnerability, library.unwrap_or(&Node::Null)));
    }
    reading.done()
}

fn draft_osa(item: &Node<'_>, library: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let name = item.get("cveName").or_empty();
    name.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::vulnerability_ids(name);
    draft.rated(item.at("severity.name").text().or(item.get("severity").text()));
    draft.cvss = Cvss::of(item.get("score").score(), None);
    draft.title = match library.get("name").text() {
        Some(package) => format!("{name} in {package}"),
        None => name.to_owned(),
    };
    draft.say("", item.get("description").text());
    let recommendation = item.get("recommendations").text();
    draft.say("Recommendation", recommendation);
    draft.url = item.get("url").owned();
    draft.path = item.get("sourceFileName").owned();
    let fixed = recommendation.and_then(|r| r.strip_prefix("Upgrade to "));
    draft.in_package(library.get("name").text(), library.get("version").text(), None, fixed);
    if item.at("state.name").or_empty() == "NOT_EXPLOITABLE" {
        draft.suppressed = Some("Marked as not exploitable in Checkmarx.".to_owned());
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    fn of(text: &str) -> Report {
        read("c", text.as_bytes(), None)
    }

    #[test]
    fn a_result_is_at_the_end_of_its_path() {
        let report = of(
            r#"<CxXMLResults CheckmarxVersion="9.5" FilesScanned="2"><Query id="7" cweId="89" name="SQL_Injection" Severity="High">
            <Result FileName="a.java" Line="1" Severity="Information" FalsePositive="True" state="1" Remark="no user input">
            <Path SimilarityId="-5"><PathNode><FileName>a.java</FileName><Line>1</Line><Name>in</Name></PathNode>
            <PathNode><FileName>b.java</FileName><Line>9</Line><Column>4</Column><Name>run</Name><Snippet><Line><Number>9</Number>
            <Code>run(q);</Code></Line></Snippet></PathNode></Path></Result></Query></CxXMLResults>"#,
        );
        assert_eq!((report.format, report.status, report.raw_items), ("checkmarx-xml", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str(), f.title.raw()), (Severity::Info, "b.java:9", "SQL Injection"));
        assert_eq!(
            (f.sources[0].native_id.as_ref().unwrap().raw(), f.snippet.as_ref().unwrap().raw()),
            ("7:-5", "run(q);")
        );
        assert!(
            f.suppressed.as_ref().unwrap().raw().contains("no user input") && f.detail.raw().contains("a.java:1 in")
        );
    }

    #[test]
    fn no_file_is_not_a_clean_report() {
        assert_eq!(of("<CxXMLResults FilesScanned='3'/>").status, ReportStatus::Empty);
        assert_eq!(of("<CxXMLResults FilesScanned='0'/>").status, ReportStatus::NotAssessed);
        assert_eq!(of("<CxXMLResults><Query><Result>").status, ReportStatus::Error);
    }

    #[test]
    fn a_vulnerability_is_in_its_library() {
        let report = of(
            r#"[[{"id": "V", "cveName": "CVE-2020-9", "score": 9.1, "severity": {"name": "High"}, "libraryId": "L",
            "recommendations": "Upgrade to 2.1", "state": {"name": "NOT_EXPLOITABLE"}}], [{"id": "L", "name": "g:a", "version": "1"}]]"#,
        );
        let f = &report.findings[0];
        let package = f.package.as_ref().unwrap();
        assert_eq!(
            (report.format, f.severity, f.vulnerabilities[0].raw()),
            ("checkmarx-osa", Severity::High, "CVE-2020-9")
        );
        assert_eq!((package.name.raw(), package.fixed[0].raw()), ("g:a", "2.1"));
        assert!(f.suppressed.is_some());
        let clean = r#"[[], [{"id": "L", "name": "g:a", "version": "1", "newestVersion": "1"}]]"#;
        assert_eq!(of(clean).status, ReportStatus::Empty);
    }
}
