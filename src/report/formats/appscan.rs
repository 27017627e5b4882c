//! XML of HCL (before: IBM) AppScan: Standard and Enterprise (DAST), and AppScan on Cloud (DAST, SAST, IAST, SCA).
//!
//! Issues refer to groups of pages, parameters, kinds of issues and advice, which stand before or after them.

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "HCL AppScan";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "appscan-xml",
    title: "HCL AppScan XML (Standard, Enterprise, on Cloud)",
    classes: &[Class::Dast, Class::Sast, Class::Iac, Class::Sca],
    items: "`item` elements of `issue-group`",
    severity: "`severity`, else CVSS",
    identity: "AppScan on Cloud's id of the issue, else kind with page and entity, or with file and code",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    let own = ["xmlExportVersion", "AsocXmlExportVersion"].iter().any(|a| sketch.attribute(a).is_some());
    let named = sketch.attribute("name").is_some_and(|n| n.contains("AppScan"));
    (sketch.root == "xml-report" && (own || named)).into()
}

/// What issues refer to.
#[derive(Default)]
struct Groups<'t> {
    kinds: HashMap<String, xml::Node<'t>>,
    pages: HashMap<String, String>,
    entities: HashMap<String, xml::Node<'t>>,
    advisories: HashMap<String, xml::Node<'t>>,
    fixes: HashMap<String, xml::Node<'t>>,
}

impl<'t> Groups<'t> {
    fn take(&mut self, group: &str, node: xml::Node<'t>) {
        let Some(id) = node.attribute("id").map(str::to_owned) else { return };
        match group {
            "issue-type-group" => drop(self.kinds.insert(id, node)),
            "url-group" => drop(self.pages.insert(id, node.text_of("name").unwrap_or_default().to_owned())),
            "entity-group" => drop(self.entities.insert(id, node)),
            "advisory-group" => drop(self.advisories.insert(id, node)),
            "fix-recommendation-group" => drop(self.fixes.insert(id, node)),
            _ => {}
        }
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut groups = Groups::default();
    let mut open: Vec<&str> = Vec::new();
    let (mut issues, mut counted) = (Vec::new(), 0);
    xml::walk(input.text, &["item", "product-name", "product-version"], |part| match part {
        Part::Open(node) => {
            match node.name {
                "xml-report" => {
                    if let Some(class) = node.attribute("technology").and_then(class_of) {
                        reading.assessed(class);
                    }
                }
                "issue-type-group" | "issue-group" => {
                    let total = node.attribute("total").and_then(|t| t.parse::<u32>().ok()).unwrap_or_default();
                    counted = total.max(counted);
                }
                _ => {}
            }
            open.push(node.name);
        }
        Part::Close(_) => drop(open.pop()),
        Part::Whole(node) => match (node.name, open.last().copied().unwrap_or_default()) {
            ("item", "issue-group") => issues.push(slim(node)),
            ("item", group) => groups.take(group, node),
            ("product-name", _) => reading.tool(Some(node.text.trim())),
            ("product-version", _) => reading.version(Some(&node.text)),
            _ => {}
        },
    })?;
    for issue in &issues {
        let status = issue.text_of("status").unwrap_or_default().to_lowercase();
        if matches!(status.as_str(), "fixed" | "passed") {
            reading.passed(1);
            continue;
        }
        let draft = draft(issue, &groups);
        reading.assessed(draft.class);
        reading.add(draft);
    }
    // Reports can be exported without what they were made of.
    if issues.is_empty() && counted > 0 {
        reading.not_assessed(format!("AppScan counts {counted} issues or kinds of them, and the report lists none."));
    }
    reading.done()
}

fn class_of(technology: &str) -> Option<Class> {
    Some(match technology.to_uppercase().as_str() {
        "DAST" | "IAST" => Class::Dast,
        "SAST" => Class::Sast,
        "SCA" => Class::Sca,
        _ => return None,
    })
}

/// An issue without all but the first of its variants: each has whole pages in it.
fn slim(mut issue: xml::Node) -> xml::Node {
    if let Some(variants) = issue.children.iter_mut().find(|c| c.name == "variant-group") {
        variants.children.truncate(1);
    }
    issue
}

fn draft(issue: &xml::Node, groups: &Groups<'_>) -> Draft {
    let text = |path: &str| issue.text_at(path);
    let of_code = text("source-file").or(issue.attribute("filename"));
    let technology = text("technology").and_then(class_of);
    let class = match issue.attribute("language") {
        Some("Infrastructure-As-Code") => Class::Iac,
        _ => technology.unwrap_or(if of_code.is_some() { Class::Sast } else { Class::Dast }),
    };
    let mut draft = Draft::new(class);
    draft.rated(text("severity"));
    text("issue-type/ref").or(text("issue-type-name")).unwrap_or_default().clone_into(&mut draft.rule);
    let kind = groups.kinds.get(&draft.rule);
    let named = kind.and_then(|k| k.text_of("name")).or(text("issue-type-name"));
    draft.title = named.map_or_else(|| draft.rule.clone(), str::to_owned);
    let variant = issue.at("variant-group/item");
    let said = |path: &str| variant.and_then(|v| v.text_at(path));
    let information = |name: &str| said(&format!("issue-information/{name}")).or_else(|| said(name));
    draft.say("", information("reasoning").or(information("method-signature")));
    draft.say("Tip", information("issue-tip"));
    draft.say("Additional data", information("additional-data"));
    advised(&mut draft, issue, groups);
    draft.context = information("test-http-traffic").map(str::to_owned);
    match of_code {
        Some(file) => in_code(&mut draft, issue, file),
        None => on_site(&mut draft, issue, groups),
    }
    let weakness = text("cwe/ref").or(text("cwe")).or(kind.and_then(|k| k.text_of("cwe"))).unwrap_or_default();
    draft.cwe = weakness.trim_start_matches("CWE-").parse().ok().filter(|n| *n > 0).into_iter().collect();
    let ids = [issue.attribute("cve"), text("cve"), kind.and_then(|k| k.text_of("cve"))];
    draft.vulnerabilities = words::vulnerability_ids(&ids.into_iter().flatten().collect::<Vec<_>>().join(" "));
    draft.cvss = Cvss::bare(text("cvss-score").and_then(|s| s.parse().ok()), text("cvss-vector/vector"));
    if text("status").is_some_and(|s| s.eq_ignore_ascii_case("noise")) {
        draft.suppressed = Some("Marked as noise in AppScan.".to_owned());
    }
    draft.native_id = text("asoc-issue-id").map(str::to_owned);
    draft
}

/// Risk and advice, which the kinds of issues have in common.
fn advised(draft: &mut Draft, issue: &xml::Node, groups: &Groups<'_>) {
    let advisory =
        issue.text_at("advisory/ref").and_then(|r| groups.advisories.get(r)).and_then(|a| a.child("advisory"));
    let joined = |node: Option<&xml::Node>| {
        let texts = node.map(|n| n.descendants("text")).unwrap_or_default();
        texts.iter().map(|t| t.text.trim()).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n")
    };
    if let Some(advisory) = advisory {
        draft.say("Risk", Some(&joined(advisory.child("securityRisks"))));
        draft.say("Technical description", Some(&joined(advisory.child("testTechnicalDescription"))));
        let links = advisory.child("references").unwrap_or(advisory).descendants("link");
        draft.url =
            links.iter().filter_map(|l| l.attribute("target")).find(|l| l.starts_with("http")).map(str::to_owned);
    }
    draft.say("Fix", Some(&joined(groups.fixes.get(&draft.rule))));
    draft.say("Fix", issue.text_at("fix/item/general/text"));
}

fn in_code(draft: &mut Draft, issue: &xml::Node, file: &str) {
    draft.path = Some(file.to_owned());
    draft.line = issue.text_of("line").and_then(|l| l.parse().ok()).or_else(|| {
        // `src\a.js:12`
        issue.text_of("location")?.rsplit_once(':')?.1.parse().ok()
    });
    let highlighted = issue.descendants("highlight").first().map(|h| h.text.trim().to_owned());
    draft.snippet = issue.attribute("context").map(str::to_owned).or(highlighted);
    draft.logical = issue.attribute("caller").map(str::to_owned);
    draft.say("Source", issue.attribute("source"));
    draft.say("Sink", issue.attribute("sink"));
    let (name, version) = (issue.text_of("library-name"), issue.text_of("library-version"));
    draft.in_package(name, version, None, None);
}

fn on_site(draft: &mut Draft, issue: &xml::Node, groups: &Groups<'_>) {
    let page = issue.text_at("url/ref").and_then(|r| groups.pages.get(r)).map(String::as_str);
    let entity = issue.text_at("entity/ref").and_then(|r| groups.entities.get(r));
    let entity_page = entity.and_then(|e| e.text_of("url-name"));
    let kind = entity.and_then(|e| e.text_of("entity-type")).or(issue.text_of("element-type")).unwrap_or_default();
    let name = entity.and_then(|e| e.text_of("name")).or(issue.text_of("element"));
    let method = issue.child("url").and_then(|u| u.attribute("original_request_method"));
    // A page as an entity says no more than the address does.
    let parameter =
        name.filter(|_| !matches!(kind, "Page" | "None" | "")).map(|n| format!("{n} ({})", kind.to_lowercase()));
    let host = issue.text_of("domain").or(issue.text_of("host"));
    draft.on_page(method, page.or(issue.text_of("location")).or(entity_page).or(host), parameter.as_deref());
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_issue_finds_what_it_refers_to() {
        let text = br#"<xml-report name="AppScan Report" technology="DAST" xmlExportVersion="2.7"><scan-information>
            <product-name>HCL AppScan Standard</product-name><product-version>10.4.0</product-version></scan-information>
            <issue-type-group><item id="attXss"><name>Cross-Site Scripting</name><cwe>79</cwe></item></issue-type-group>
            <url-group><item id="7"><name>https://x.example/a.jsp</name></item></url-group>
            <entity-group><item id="8"><name>q</name><entity-type>Parameter</entity-type></item></entity-group>
            <issue-group total="1"><item id="1"><severity>medium</severity><cvss-score>4.7</cvss-score><cvss-vector><vector>AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N/E:U</vector></cvss-vector>
            <cwe>79</cwe><issue-type><ref>attXss</ref></issue-type><advisory><ref>attXss</ref></advisory><entity><ref>8</ref></entity>
            <url original_request_method="POST"><ref>7</ref></url><variant-group><item id="1"><issue-information><reasoning>It came back.</reasoning>
            <test-http-traffic>POST /a.jsp</test-http-traffic></issue-information></item><item id="2"/></variant-group></item></issue-group>
            <advisory-group><item id="attXss"><advisory><securityRisks><text>Theft.</text></securityRisks></advisory></item></advisory-group></xml-report>"#;
        let report = read("r", text, None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("appscan-xml", 1, &[Class::Dast][..])
        );
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::Medium, "attXss", "Cross-Site Scripting"));
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "POST https://x.example/a.jsp q (parameter)");
        assert_eq!(f.detail.raw(), "It came back.\n\nRisk: Theft.");
        assert!(f.scores.as_ref().unwrap().vector.as_ref().unwrap().raw().starts_with("CVSS:3.1/AV:N"));
    }

    #[test]
    fn code_has_files_and_what_was_mended_is_no_finding() {
        let text = br#"<xml-report AsocXmlExportVersion="1.7" technology="Mixed"><issue-group total="2"><item id="1" filename="src\a.js"
            context="eval(x)" language="JavaScript"><issue-type><ref>Injection</ref></issue-type><severity>High</severity><technology>SAST</technology>
            <cwe><ref>95</ref></cwe><status>Noise</status><source-file>src\a.js</source-file><line>7</line><asoc-issue-id>9f</asoc-issue-id></item>
            <item id="2" filename="b.js"><issue-type><ref>Injection</ref></issue-type><status>Fixed</status></item></issue-group></xml-report>"#;
        let report = read("r", text, None);
        assert_eq!((report.raw_items, report.findings.len(), report.classes.as_slice()), (2, 1, &[Class::Sast][..]));
        let f = &report.findings[0];
        assert_eq!((f.place().as_str(), f.snippet.as_ref().unwrap().raw(), f.cwe[0]), ("src/a.js:7", "eval(x)", 95));
        assert!(f.suppressed.is_some() && f.sources[0].native_id.is_some());
    }

    #[test]
    fn a_report_that_counts_and_lists_nothing_is_not_clean() {
        let counts = b"<xml-report name='AppScan Report' technology='DAST'><issue-type-group total='6'/></xml-report>";
        assert_eq!(read("r", counts, None).status, ReportStatus::NotAssessed);
        let clean = b"<xml-report name='AppScan Report' technology='DAST'><issue-group total='0'/></xml-report>";
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
        assert_eq!(read("r", b"<xml-report name='AppScan Report'><item>", None).status, ReportStatus::Error);
    }
}
