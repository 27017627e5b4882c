//! The XML of Acunetix, the scanner that runs on premises. What Acunetix 360 writes is read with Netsparker's.

use crate::report::prelude::*;

const TOOL: &str = "Acunetix";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "acunetix-xml",
    title: "Acunetix XML",
    classes: &[Class::Dast],
    items: "`ReportItem` elements",
    severity: "`Severity`, else CVSS",
    identity: "name, page and parameter",
    checked: "DefectDojo's parser",
    detect: |shape| shape.root("ScanGroup").into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let mut scans = 0;
    let mut start = String::new();
    let of_scan = ["StartURL", "Aborted", "Responsive"];
    let mut whole = of_scan.to_vec();
    // The crawler's list of files has elements of these names too; what it lists is not needed.
    whole.extend(["ReportItem", "Crawler"]);
    xml::walk(input.text, &whole, |part| match part {
        Part::Open(node) if node.name == "Scan" => {
            scans += 1;
            start.clear();
        }
        Part::Whole(node) if node.name == "ReportItem" => reading.add(draft(&start, &node)),
        Part::Whole(node) => match (node.name, node.text.trim().to_lowercase().as_str()) {
            ("StartURL", _) => node.text.trim().clone_into(&mut start),
            ("Aborted", "true") => reading.incomplete(format!("The scan of {start} was aborted.")),
            ("Responsive", "false") => reading.not_assessed(format!("Acunetix had no answer from {start}.")),
            _ => {}
        },
        Part::Open(_) | Part::Close(_) => {}
    })?;
    if scans == 0 {
        reading.not_assessed("Acunetix looked at nothing: the report has no scan.");
    }
    reading.done()
}

fn draft(start: &str, item: &xml::Node) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    let text = |name: &str| item.text_of(name);
    let prose = |name: &str| text(name).map(html::text);
    draft.rated(text("Severity"));
    text("Name").unwrap_or_default().clone_into(&mut draft.title);
    draft.rule.clone_from(&draft.title);
    draft.say("", prose("Description").as_deref());
    draft.say("Details", prose("Details").as_deref());
    draft.say("Impact", prose("Impact").as_deref());
    draft.say("More", prose("DetailedInformation").as_deref());
    draft.say("Recommendation", prose("Recommendation").as_deref());
    let request = item.text_at("TechnicalDetails/Request");
    let method =
        request.and_then(|r| r.split_whitespace().next()).filter(|m| m.chars().all(|c| c.is_ascii_uppercase()));
    draft.on_page(method, Some(&address(start, text("Affects").unwrap_or_default())), text("Parameter"));
    let exchange = [request, item.text_at("TechnicalDetails/Response")];
    draft.context = Some(exchange.into_iter().flatten().collect::<Vec<_>>().join("\n\n"));
    // AcuSensor sees the source code behind a page.
    draft.say("Source file", text("AOP_SourceFile"));
    draft.say("Source line", text("AOP_SourceLine"));
    draft.cwe =
        item.descendants("CWE").iter().flat_map(|c| words::cwe_numbers(&format!("cwe {}", number(c)))).collect();
    let ids: Vec<String> = item.descendants("CVE").iter().map(|c| c.all_text()).collect();
    draft.vulnerabilities = words::vulnerability_ids(&ids.join(" "));
    let cvss = |element: &str| {
        let score = item.text_at(&format!("{element}/Score")).and_then(|s| s.parse().ok());
        Cvss::of(score, item.text_at(&format!("{element}/Descriptor")))
    };
    draft.cvss = ["CVSS4", "CVSS3", "CVSS"].iter().map(|e| cvss(e)).find(|c| !c.is_empty()).unwrap_or_default();
    draft.url = item.text_at("References/Reference/URL").map(str::to_owned);
    if text("IsFalsePositive").is_some_and(|t| t.eq_ignore_ascii_case("true")) {
        draft.suppressed = Some("Marked as a false positive in Acunetix.".to_owned());
    }
    draft
}

fn number<'n>(cwe: &'n xml::Node<'_>) -> &'n str {
    let text = cwe.attribute("id").unwrap_or(cwe.text.trim());
    text.strip_prefix("CWE-").unwrap_or(text)
}

/// What is affected is a path on the site, or a whole address.
fn address(start: &str, affected: &str) -> String {
    if affected.contains("://") {
        return affected.to_owned();
    }
    // `Web Server` is all of the site; no path has a blank in it.
    let affected = if affected.contains(' ') && !affected.starts_with('/') { "" } else { affected };
    let scheme_end = start.find("://").map_or(0, |at| at + 3);
    let host_end = start.get(scheme_end..).and_then(|rest| rest.find('/')).map_or(start.len(), |at| scheme_end + at);
    let site = start.get(..host_end).unwrap_or(start);
    let slash = if affected.starts_with('/') || affected.is_empty() { "" } else { "/" };
    format!("{site}{slash}{affected}")
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_item_is_a_finding_on_its_page() {
        let text = br#"<ScanGroup><Scan><StartURL>https://x.example/shop/</StartURL><Aborted>False</Aborted><ReportItems>
            <ReportItem id="1"><Name>SQL injection</Name><Affects>/shop/a.php</Affects><Parameter>id</Parameter>
            <Severity>high</Severity><Description>It is &lt;b&gt;bad&lt;/b&gt;.</Description><IsFalsePositive>True</IsFalsePositive>
            <TechnicalDetails><Request>POST /shop/a.php HTTP/1.1</Request></TechnicalDetails>
            <CWEList><CWE id="89">CWE-89</CWE></CWEList><CVEList><CVE>CVE-2020-11</CVE></CVEList>
            <CVSS><Descriptor>AV:N/AC:L/Au:N/C:P/I:P/A:P</Descriptor><Score>7.5</Score></CVSS></ReportItem></ReportItems></Scan></ScanGroup>"#;
        let report = read("r", text, None);
        assert_eq!((report.format, report.raw_items), ("acunetix-xml", 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.title.raw()), (Class::Dast, Severity::High, "SQL injection"));
        assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("https://x.example/shop/a.php", &[89][..]));
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "POST https://x.example/shop/a.php id");
        let server = String::from_utf8_lossy(text).replace("<Affects>/shop/a.php", "<Affects>Web Server");
        assert_eq!(read("r", server.as_bytes(), None).findings[0].place(), "https://x.example");
        assert!(f.detail.raw().starts_with("It is bad.") && f.suppressed.is_some());
    }

    #[test]
    fn what_did_not_answer_was_not_assessed() {
        let silent = b"<ScanGroup><Scan><StartURL>h</StartURL><Responsive>False</Responsive></Scan></ScanGroup>";
        assert_eq!(read("r", silent, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", b"<ScanGroup/>", None).status, ReportStatus::NotAssessed);
        let aborted =
            b"<ScanGroup><Scan><StartURL>h</StartURL><Aborted>True</Aborted><ReportItems/></Scan></ScanGroup>";
        assert_eq!(read("r", aborted, None).status, ReportStatus::NotAssessed);
        let clean = b"<ScanGroup><Scan><StartURL>h</StartURL><ReportItems/></Scan></ScanGroup>";
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
        assert_eq!(read("r", b"<ScanGroup><Scan>", None).status, ReportStatus::Error);
    }
}
