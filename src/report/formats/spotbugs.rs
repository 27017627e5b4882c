//! SpotBugs and FindBugs XML. What the patterns mean comes after the bugs.

use std::collections::HashMap;

use crate::report::prelude::*;
use crate::report::xml::Node as Element;

const ROOT: &str = "BugCollection";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "spotbugs-xml",
    title: "SpotBugs and FindBugs XML",
    classes: &[Class::Sast],
    items: "`BugInstance` elements",
    severity: "`priority` (1 is high, 2 medium, 3 low)",
    identity: "`instanceHash`; else pattern and method",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.root(ROOT).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "SpotBugs", &[Class::Sast]);
    let mut bugs = Vec::new();
    let mut patterns: HashMap<String, Element> = HashMap::new();
    let (mut root, mut classes, mut missing) = (false, None, Vec::new());
    xml::walk(input.text, &["BugInstance", "BugPattern", "MissingClass"], |part| match part {
        Part::Open(node) if node.name == ROOT => {
            root = true;
            reading.version(node.attribute("version"));
        }
        Part::Open(node) if node.name == "FindBugsSummary" => {
            classes = node.attribute("total_classes").and_then(|c| c.parse::<u32>().ok());
        }
        Part::Whole(node) if node.name == "BugInstance" => bugs.push(node),
        Part::Whole(node) if node.name == "BugPattern" => {
            patterns.insert(node.attribute("type").unwrap_or_default().to_owned(), node);
        }
        Part::Whole(node) => missing.push(node.text.trim().to_owned()),
        _ => {}
    })?;
    if !root {
        return Err(Unreadable(format!("It has no element <{ROOT}>.")));
    }
    for bug in &bugs {
        reading.add(draft(bug, patterns.get(bug.attribute("type").unwrap_or_default())));
    }
    if !missing.is_empty() {
        let shown: Vec<&str> = missing.iter().take(20).map(String::as_str).collect();
        reading.remark(format!("SpotBugs did not find {} classes: {}.", missing.len(), shown.join(", ")));
    }
    if bugs.is_empty() && classes == Some(0) {
        reading.not_assessed("SpotBugs looked at no class.");
    }
    reading.done()
}

fn draft(bug: &Element, pattern: Option<&Element>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let kind = bug.attribute("type").unwrap_or_default();
    kind.clone_into(&mut draft.rule);
    let about = |name: &str| pattern.and_then(|p| p.text_of(name));
    let title = bug.text_of("ShortMessage").or(about("ShortDescription")).or(bug.text_of("LongMessage"));
    title.unwrap_or(kind).clone_into(&mut draft.title);
    draft.severity = match bug.attribute("priority") {
        Some("1") => Severity::High,
        Some("2") => Severity::Medium,
        Some("3") => Severity::Low,
        // What SpotBugs is least sure of.
        Some("4" | "5") => Severity::Info,
        _ => Severity::Unknown,
    };
    draft.say("", bug.text_of("LongMessage"));
    draft.say("", about("Details").map(html::text).as_deref());
    draft.say("Category", bug.attribute("category"));
    draft.say("Rank", bug.attribute("rank"));
    let cwe = bug.attribute("cweid").or(pattern.and_then(|p| p.attribute("cweid")));
    draft.cwe = cwe.and_then(|c| c.parse().ok()).filter(|n| *n > 0).into_iter().collect();

    let method = bug.child("Method");
    let class = method.or(bug.child("Class")).and_then(|m| m.attribute("classname"));
    let line = bug.child("SourceLine").or_else(|| method?.child("SourceLine")).or_else(|| bug.at("Class/SourceLine"));
    if let Some(line) = line {
        draft.path = line.attribute("sourcepath").or(line.attribute("sourcefile")).map(str::to_owned);
        draft.line = line.attribute("start").and_then(|l| l.parse().ok());
    }
    draft.logical = class.map(|class| match method.and_then(|m| m.attribute("name")) {
        Some(method) => format!("{class}.{method}"),
        None => class.to_owned(),
    });
    let number = bug.attribute("instanceOccurrenceNum").unwrap_or("0");
    draft.native_id = bug.attribute("instanceHash").map(|hash| format!("{hash}:{number}"));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_bug_is_at_its_own_line() {
        let text = r#"<BugCollection version="4.8"><BugInstance type="SQL" priority="1" rank="5" category="SECURITY" instanceHash="ab"
            instanceOccurrenceNum="1"><LongMessage>In run.</LongMessage><Class classname="a.B"><SourceLine start="1" sourcepath="a/B.java"/></Class>
            <Method classname="a.B" name="run"><SourceLine start="3" sourcepath="a/B.java"/></Method><SourceLine start="7" sourcepath="a/B.java"/>
            </BugInstance><BugPattern type="SQL" cweid="89"><ShortDescription>SQL injection</ShortDescription>
            <Details>&lt;p&gt;Bind.&lt;/p&gt;</Details></BugPattern><Errors><MissingClass>x.Y</MissingClass></Errors>
            <FindBugsSummary total_classes="4"/></BugCollection>"#;
        let report = read("s", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!(
            (report.format, report.raw_items, f.severity, f.title.raw()),
            ("spotbugs-xml", 1, Severity::High, "SQL injection")
        );
        assert_eq!(
            (f.place().as_str(), &f.cwe[..], f.location.logical.as_ref().unwrap().raw()),
            ("a/B.java:7", &[89][..], "a.B.run")
        );
        assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "ab:1");
        assert!(f.detail.raw().contains("Bind.") && report.reason.unwrap().raw().contains("x.Y"));
    }

    #[test]
    fn no_class_is_not_clean() {
        let of = |text: &str| read("s", text.as_bytes(), None).status;
        assert_eq!(
            of("<BugCollection><FindBugsSummary total_classes='0'/></BugCollection>"),
            ReportStatus::NotAssessed
        );
        assert_eq!(of("<BugCollection><FindBugsSummary total_classes='2'/></BugCollection>"), ReportStatus::Empty);
        assert_eq!(of("<BugCollection><BugInstance>"), ReportStatus::Error);
    }
}
