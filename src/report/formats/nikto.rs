//! Nikto's reports in XML, JSON and CSV. Nikto rates nothing, so that nothing in them has a severity.
//!
//! Its XML has a `niktoscan` for each host, inside another or beside it; its JSON is an object, from 2.5 on a list.

use crate::report::prelude::*;

const TOOL: &str = "Nikto";
/// What its CSV begins with, which has no names of columns.
const BEGINNING_OF_CSV: &str = "\"Nikto - v";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "nikto-csv",
        title: "Nikto CSV",
        classes: &[Class::Dast],
        items: "lines with a method",
        severity: "none: Nikto rates nothing",
        identity: "rule, method and page",
        checked: "written from Nikto's source; no real file was at hand",
        detect: |shape| shape.head.trim_start().starts_with(BEGINNING_OF_CSV).into(),
        parse: parse_csv,
    },
    Format {
        name: "nikto-json",
        title: "Nikto JSON (2.1 and 2.5)",
        classes: &[Class::Dast],
        items: "elements of `vulnerabilities`",
        severity: "none: Nikto rates nothing",
        identity: "rule, method and page",
        checked: "DefectDojo's parser, but for its severities: it takes what is not rated for info",
        detect: detect_json,
        parse: parse_json,
    },
    Format {
        name: "nikto-xml",
        title: "Nikto XML",
        classes: &[Class::Dast],
        items: "`item` elements",
        severity: "none: Nikto rates nothing",
        identity: "rule, method and page",
        checked: "DefectDojo's parser, but for its severities: it takes what is not rated for info",
        detect: |shape| shape.root("niktoscan").into(),
        parse: parse_xml,
    },
];

fn detect_json(shape: &Shape<'_>) -> Fit {
    // Version 2.1.6 writes an object for each host, one after another.
    let doc = shape.line();
    let host = if doc.is_list() { doc.at("0") } else { doc };
    let Node::List(found) = host.get("vulnerabilities") else { return Fit::No };
    let told = found.first().map_or(host.has("banner"), |first| first.has_all(&["msg", "id"]));
    (told && host.has_all(&["host", "port"])).into()
}

/// One message, wherever it stands.
#[derive(Default)]
struct Item<'t> {
    id: Option<&'t str>,
    method: Option<&'t str>,
    url: String,
    path: Option<&'t str>,
    message: &'t str,
    references: Option<&'t str>,
    osvdb: Option<&'t str>,
}

fn draft(item: &Item<'_>) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    // From 2.5 on the message begins with the page that it is about.
    let words = item.path.and_then(|p| item.message.strip_prefix(p)).and_then(|m| m.strip_prefix(": "));
    let message = words.unwrap_or(item.message);
    message.clone_into(&mut draft.title);
    draft.say("", Some(message));
    item.id.unwrap_or_default().clone_into(&mut draft.rule);
    if draft.rule.is_empty() || draft.rule == "0" {
        draft.rule = item.osvdb.filter(|o| *o != "0").map_or_else(|| "nikto".to_owned(), |o| format!("OSVDB-{o}"));
    }
    draft.on_page(item.method, Some(&item.url), None);
    // Several messages of one rule may be about one page.
    if let Some(place) = &mut draft.snippet {
        *place = format!("{place} {message}");
    }
    let references = item.references.unwrap_or_default();
    draft.say("References", Some(references));
    draft.say("OSVDB", item.osvdb.filter(|o| *o != "0"));
    draft.url = references.split([',', ' ']).find(|r| r.starts_with("http")).map(str::to_owned);
    draft.vulnerabilities = words::vulnerability_ids(&format!("{message} {references}"));
    draft.cwe = words::cwe_numbers(references);
    draft
}

fn address(host: &str, port: &str, path: &str) -> String {
    let scheme = if matches!(port, "443" | "8443") { "https" } else { "http" };
    let port = if matches!(port, "443" | "80" | "") { String::new() } else { format!(":{port}") };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}{port}{slash}{path}")
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let docs = Node::parse_all(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let hosts =
        || docs.iter().flat_map(|doc| if let Node::List(hosts) = doc { hosts } else { std::slice::from_ref(doc) });
    for host in hosts() {
        let host = host.object()?;
        let name = host.get("host").text().or(host.get("ip").text()).unwrap_or_default();
        let port = host.get("port").or_empty();
        for found in host.results("vulnerabilities")? {
            let found = found.object()?;
            let path = found.get("url").text();
            reading.add(draft(&Item {
                id: found.get("id").text(),
                method: found.get("method").text(),
                url: address(name, port, path.unwrap_or_default()),
                path,
                message: found.get("msg").or_empty(),
                references: found.get("references").text(),
                osvdb: found.get("OSVDB").text(),
            }));
        }
    }
    if hosts().next().is_none() {
        reading.not_assessed("Nikto looked at nothing: the report names no host.");
    }
    reading.done()
}

fn parse_xml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let (mut hosts, mut site, mut failed) = (0, String::new(), None);
    xml::walk(input.text, &["item"], |part| match part {
        Part::Open(node) if node.name == "niktoscan" => {
            if reading.items() == 0 && node.attribute("version").is_some() {
                reading.version(node.attribute("version"));
            }
        }
        Part::Open(node) if node.name == "scandetails" => {
            hosts += 1;
            let name = node.attribute("targethostname").or(node.attribute("targetip")).unwrap_or_default();
            site = node
                .attribute("sitename")
                .map_or_else(|| address(name, node.attribute("targetport").unwrap_or_default(), ""), str::to_owned);
            if node.attribute("errors").and_then(|e| e.parse::<u32>().ok()).is_some_and(|e| e > 0) {
                failed = Some(format!("Nikto had errors at {site}."));
            }
        }
        Part::Whole(node) => {
            let path = node.text_of("uri");
            let site = site.trim_end_matches('/');
            let url =
                node.text_of("namelink").map_or_else(|| format!("{site}{}", path.unwrap_or_default()), str::to_owned);
            reading.add(draft(&Item {
                id: node.attribute("id"),
                method: node.attribute("method"),
                url,
                path,
                message: node.text_of("description").unwrap_or_default(),
                references: node.text_of("references").or(node.attribute("references")),
                osvdb: node.attribute("osvdbid"),
            }));
        }
        Part::Open(_) | Part::Close(_) => {}
    })?;
    if let Some(failed) = failed {
        reading.incomplete(failed);
    }
    if hosts == 0 {
        reading.not_assessed("Nikto looked at nothing: the report names no host.");
    }
    reading.done()
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let mut hosts = 0;
    for cells in &table::read(input.text)?.rows {
        let cell = |index: usize| cells.get(index).map(str::trim).filter(|c| !c.is_empty());
        let (Some(host), Some(port)) = (cell(0), cell(2)) else { continue };
        hosts += 1;
        // A line without a method names the host and its banner.
        let (Some(method), Some(message)) = (cell(4), cell(6)) else { continue };
        let links = cell(3).filter(|r| r.contains("://"));
        reading.add(draft(&Item {
            method: Some(method),
            url: address(host, port, cell(5).unwrap_or_default()),
            path: cell(5),
            message,
            references: links,
            osvdb: cell(3).and_then(|o| o.strip_prefix("OSVDB-")),
            ..Item::default()
        }));
    }
    if hosts == 0 {
        reading.not_assessed("Nikto looked at nothing: the report names no host.");
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn one_message_is_the_same_in_all_its_forms() {
        let json = br#"[{"host": "x.example", "ip": "10.0.0.1", "port": "443", "banner": "nginx", "vulnerabilities": [
            {"id": "999957", "references": "https://r.example/CVE-2020-1", "method": "GET", "url": "/a", "msg": "/a: No header."}]}]"#;
        let xml = br#"<niktoscan><niktoscan version="2.5.0"><scandetails targethostname="x.example" targetport="443"
            sitename="https://x.example:443/" errors="0"><item id="999957" method="GET"><description><![CDATA[No header.]]></description>
            <uri>/a</uri></item></scandetails></niktoscan></niktoscan>"#;
        let csv = b"\"Nikto - v2.5.0/\"\n\"x.example\",\"10.0.0.1\",\"443\",\"\",\"\",\"\",\"nginx\"\n\
            \"x.example\",\"10.0.0.1\",\"8443\",\"OSVDB-7\",\"GET\",\"/a\",\"/a: No header.\"\n";
        for (bytes, format, place, rule) in [
            (&json[..], "nikto-json", "https://x.example/a", "999957"),
            (&xml[..], "nikto-xml", "https://x.example:443/a", "999957"),
        ] {
            let report = read("r", bytes, None);
            assert_eq!((report.format, report.raw_items), (format, 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Dast, Severity::Unknown, rule));
            assert_eq!((f.title.raw(), f.place().as_str()), ("No header.", place));
        }
        let one = String::from_utf8_lossy(json);
        let one = one.trim_start_matches('[').trim_end_matches(']');
        let two = read("r", format!("{one}\n{}", one.replace("x.example", "y.example")).as_bytes(), None);
        assert_eq!((two.format, two.findings.len()), ("nikto-json", 2));
        let report = read("r", csv, None);
        assert_eq!((report.format, report.findings.last().unwrap().rule.raw()), ("nikto-csv", "OSVDB-7"));
    }

    #[test]
    fn no_host_is_not_a_clean_report() {
        assert_eq!(read("r", b"<niktoscan></niktoscan>", None).status, ReportStatus::NotAssessed);
        let clean = b"<niktoscan><scandetails targetip='h'><statistics/></scandetails></niktoscan>";
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
        let failed = b"<niktoscan><scandetails targetip='h' errors='21'><statistics/></scandetails></niktoscan>";
        assert_eq!(read("r", failed, None).status, ReportStatus::NotAssessed);
        let wrong = br#"{"host": "h", "ip": "i", "port": "1", "banner": "b", "vulnerabilities": null}"#;
        assert_eq!(read("r", wrong, Some("nikto-json")).status, ReportStatus::Error);
        assert_eq!(read("r", b"<niktoscan><item>", None).status, ReportStatus::Error);
    }
}
