//! Cppcheck's XML, version 2: `cppcheck --xml`.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "cppcheck-xml",
    title: "Cppcheck XML 2",
    classes: &[Class::Sast],
    items: "`error` elements",
    severity: "`severity` (error is high, warning medium, information info, else low)",
    identity: "id, path, symbol and message",
    checked: "runs of Cppcheck 2.10, in text too",
    detect: |shape| (shape.root("results") && shape.head.contains("<cppcheck")).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "Cppcheck", &[Class::Sast]);
    xml::walk(input.text, &["error"], |part| match part {
        Part::Open(node) if node.name == "cppcheck" => reading.version(node.attribute("version")),
        Part::Whole(error) => reading.add(draft(&error)),
        Part::Open(_) | Part::Close(_) => {}
    })?;
    reading.done()
}

fn draft(error: &xml::Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let of = |name: &str| error.attribute(name);
    of("id").unwrap_or_default().clone_into(&mut draft.rule);
    of("msg").unwrap_or_default().clone_into(&mut draft.title);
    draft.severity = match of("severity").unwrap_or_default() {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "style" | "performance" | "portability" => Severity::Low,
        "information" | "none" => Severity::Info,
        _ => Severity::Unknown,
    };
    draft.say("", of("verbose").or(of("msg")));
    draft.cwe = of("cwe").and_then(|n| n.parse().ok()).filter(|n| *n > 0).into_iter().collect();
    draft.confidence = of("inconclusive").filter(|i| *i == "true").map(|_| "inconclusive".to_owned());
    // The first is where it is, and those behind are how one gets there.
    let place = error.child("location");
    let number = |name: &str| place?.attribute(name)?.parse::<u32>().ok().filter(|n| *n > 0);
    draft.path = place.and_then(|p| p.attribute("file")).or(of("file0")).map(str::to_owned);
    (draft.line, draft.column) = (number("line"), number("column"));
    let way: Vec<String> = error
        .all("location")
        .filter_map(|l| Some(format!("{}:{} {}", l.attribute("file")?, l.attribute("line")?, l.attribute("info")?)))
        .collect();
    draft.say("Path", Some(&way.join("\n")).filter(|w| !w.is_empty()).map(String::as_str));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_error_is_at_its_first_location() {
        let text = r#"<?xml version="1.0"?><results version="2"><cppcheck version="2.10"/><errors>
          <error id="doubleFree" severity="error" msg="Freed twice: p" verbose="Memory of p is freed twice." cwe="415" file0="c/a.c">
            <location file="c/a.c" line="13" column="8" info="Second"/><location file="c/a.c" line="9" column="2" info="First"/><symbol>p</symbol></error>
          <error id="missingInclude" severity="information" msg="No include."/></errors></results>"#;
        let report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("cppcheck-xml", 2));
        assert_eq!(report.tool_version.unwrap().raw(), "2.10");
        let [twice, include] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!(
            (twice.severity, twice.place().as_str(), twice.cwe.as_slice()),
            (Severity::High, "c/a.c:13", &[415][..])
        );
        assert!(twice.detail.raw().contains("c/a.c:9 First"));
        assert_eq!(include.severity, Severity::Info);
        let clean = read("c", br#"<results version="2"><cppcheck version="2.10"/><errors></errors></results>"#, None);
        assert_eq!(clean.status, ReportStatus::Empty);
    }
}
