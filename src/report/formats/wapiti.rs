//! Wapiti JSON: `wapiti -f json`. Its categories stand in three groups: vulnerabilities, anomalies, and what else it saw.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "wapiti-json",
    title: "Wapiti JSON",
    classes: &[Class::Dast],
    items: "elements of all categories of `vulnerabilities`, `anomalies` and `additionals`",
    severity: "`level`: 4 critical, 3 high, 2 medium, 1 low, 0 info",
    identity: "category, page and parameter",
    checked: "runs of Wapiti 3.2, in its XML and CSV too",
    detect: |shape| (shape.has(&["vulnerabilities", "anomalies", "infos"])).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Wapiti", &[Class::Dast]);
    let infos = doc.get("infos");
    reading.version(infos.get("version").text().map(|v| v.trim_start_matches("Wapiti ")));
    let target = infos.get("target").or_empty().trim_end_matches('/');
    for group in ["vulnerabilities", "anomalies", "additionals"] {
        for (category, list) in doc.get(group).entries() {
            let about = doc.get("classifications").get(category);
            for found in list.list()? {
                reading.add(draft(category, found.object()?, about, target));
            }
        }
    }
    if infos.get("crawled_pages_nbr").number() == Some(0) {
        reading.not_assessed("Wapiti crawled no page: the target did not answer, or has none.");
    }
    reading.done()
}

fn draft(category: &str, found: &Node<'_>, about: &Node<'_>, target: &str) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    category.clone_into(&mut draft.rule);
    let said = found.get("info").text().unwrap_or(category);
    draft.title = format!("{category}: {}", said.lines().next().unwrap_or_default());
    draft.severity = match found.get("level").number() {
        Some(4) => Severity::Critical,
        Some(3) => Severity::High,
        Some(2) => Severity::Medium,
        Some(1) => Severity::Low,
        Some(0) => Severity::Info,
        _ => Severity::Unknown,
    };
    draft.say("", Some(said));
    draft.say("", about.get("desc").text());
    draft.say("Solution", about.get("sol").text());
    draft.say("Module", found.get("module").text());
    let path = found.get("path").or_empty();
    draft.path = Some(format!("{}{path}", origin(target)));
    let parts = [found.get("method").text(), found.get("parameter").text()];
    draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")).filter(|l| !l.is_empty());
    draft.context = found.get("http_request").owned();
    draft.url = about.get("ref").entries().iter().find_map(|(_, link)| link.owned());
    let weaknesses = about.get("ref").entries().iter().flat_map(|(name, _)| words::cwe_numbers(name));
    draft.cwe = weaknesses.collect();
    draft
}

/// The scheme and host of an address; paths of findings begin at the root.
fn origin(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address.get(host..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| host + at);
    address.get(..end).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn all_groups_are_read_and_no_page_is_not_assessed() {
        let text = r#"{"classifications": {"SQL Injection": {"desc": "Queries are changed.", "sol": "Bind.", "ref": {"CWE-89: SQL": "https://c.example/89"}}},
          "vulnerabilities": {"SQL Injection": [{"method": "GET", "path": "/pay", "info": "SQL Injection via id", "level": 4, "parameter": "id", "http_request": "GET /pay?id=1 HTTP/1.1", "module": "sql"}], "Backup file": []},
          "anomalies": {}, "additionals": {"HTTP Methods": [{"method": "GET", "path": "/", "info": "GET", "level": 0}]},
          "infos": {"target": "http://127.0.0.1:8080/shop/", "version": "Wapiti 3.2.3", "crawled_pages_nbr": 6}}"#;
        let report = read("w", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("wapiti-json", 2, &[Class::Dast][..])
        );
        assert_eq!(report.tool_version.unwrap().raw(), "3.2.3");
        let f = &report.findings[0];
        assert_eq!(
            (f.severity, f.place().as_str(), f.cwe.as_slice()),
            (Severity::Critical, "http://127.0.0.1:8080/pay", &[89][..])
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "GET id");
        let none = r#"{"vulnerabilities": {}, "anomalies": {}, "infos": {"crawled_pages_nbr": 0}}"#;
        assert_eq!(read("w", none.as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(read("w", none.replace('0', "3").as_bytes(), None).status, ReportStatus::Empty);
    }
}
