//! Amazon CodeGuru: recommendations of the Reviewer, as the command line and its CLI write them, and findings of CodeGuru
//! Security. Keys begin with a capital or with a small letter, by who wrote them.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "codeguru-reviewer-json",
        title: "Amazon CodeGuru Reviewer recommendations (JSON)",
        classes: &[Class::Sast],
        items: "recommendations",
        severity: "`Severity`",
        identity: "rule, path and description",
        checked: "AWS's own example, and the count of the file's recommendations",
        detect,
        parse,
    },
    Format {
        name: "codeguru-security-json",
        title: "Amazon CodeGuru Security findings (JSON)",
        classes: &[Class::Sast],
        items: "elements of `findings`",
        severity: "`severity`",
        identity: "rule, path and code",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_security,
        parse: parse_security,
    },
];

const LISTS: [&str; 2] = ["RecommendationSummaries", "recommendationSummaries"];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let first = doc.at("0");
    let bare = first.has_all(&["RecommendationId", "FilePath"]) || first.has_all(&["recommendationId", "filePath"]);
    (bare || LISTS.iter().any(|l| doc.get(l).is_list())).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "CodeGuru Reviewer", &[Class::Sast]);
    let items = match LISTS.iter().find(|l| doc.has(l)) {
        Some(list) => doc.results(list)?,
        None => doc.list()?,
    };
    for item in items {
        if !item.is_object() {
            return Err(Unreadable(format!("A recommendation has to be an object, and is {}.", item.kind())));
        }
        reading.add(draft(item));
    }
    if field(&doc, "NextToken").text().is_some() {
        reading.incomplete("This is one page of several: CodeGuru has more recommendations than stand in the file.");
    }
    reading.done()
}

/// A field whose key begins with a capital or a small letter.
fn field<'n, 'a>(node: &'n Node<'a>, name: &str) -> &'n Node<'a> {
    if node.has(name) {
        return node.get(name);
    }
    let mut letters = name.chars();
    let small: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    node.get(&small)
}

fn draft(item: &Node<'_>) -> Draft {
    let about = field(item, "RuleMetadata");
    let mut draft = Draft::new(Class::Sast);
    let description = field(item, "Description").or_empty();
    let category = field(item, "RecommendationCategory").text();
    let title = field(about, "RuleName").text().or(field(about, "ShortDescription").text());
    // Older ones name no rule: then the first words of what they say are the title.
    let first = description.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("**"));
    title.or(first).or(category).unwrap_or("Recommendation").clone_into(&mut draft.title);
    field(about, "RuleId").text().or(category).unwrap_or_default().clone_into(&mut draft.rule);
    draft.rated(field(item, "Severity").text());
    draft.say("", Some(description));
    draft.say("Rule", field(about, "LongDescription").text());
    draft.say("Category", category);
    draft.cwe = field(about, "RuleTags").texts().flat_map(words::cwe_numbers).collect();
    draft.path = field(item, "FilePath").owned();
    draft.line = field(item, "StartLine").number();
    draft
}

fn detect_security(shape: &Shape<'_>) -> Fit {
    let first = shape.json().at("findings.0");
    let placed = first.get("vulnerability").get("filePath").is_object() && first.has_all(&["title", "severity"]);
    (first.has_all(&["detectorId", "vulnerability"]) || placed).into()
}

fn parse_security(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "CodeGuru Security", &[Class::Sast]);
    for finding in doc.results("findings")? {
        if matches!(finding.get("status").or_empty(), "Closed" | "closed") {
            reading.passed(1);
            continue;
        }
        let place = finding.at("vulnerability.filePath");
        let mut draft = Draft::new(Class::Sast);
        let rule = finding.get("ruleId").text().or(finding.get("detectorId").text());
        rule.or(finding.get("title").text()).unwrap_or_default().clone_into(&mut draft.rule);
        finding
            .get("title")
            .text()
            .or(finding.get("detectorName").text())
            .unwrap_or_default()
            .clone_into(&mut draft.title);
        draft.rated(finding.get("severity").text());
        draft.say("", finding.get("description").text());
        let remedy = [finding.at("remediation.recommendation"), finding.get("recommendation")];
        draft.say("Remediation", remedy.iter().find_map(|r| r.get("text").text()));
        draft.cwe = ["detectorTags", "vulnerability.relatedVulnerabilities", "vulnerability.referenceUrls"]
            .iter()
            .flat_map(|k| finding.at(k).texts())
            .flat_map(|t| words::cwe_numbers(&t.replace("/definitions/", "/CWE-")))
            .collect();
        draft.path = place.get("path").text().or(place.get("name").text()).map(str::to_owned);
        draft.line = place.get("startLine").number();
        let wanted = draft.line..=place.get("endLine").number().or(draft.line);
        let code = [place.get("codeSnippet"), finding.at("vulnerability.codeSnippet")];
        let code = code.into_iter().flat_map(Node::items);
        let (inside, all): (Vec<_>, Vec<_>) =
            code.map(|l| (wanted.contains(&l.get("number").number()), l.get("content").or_empty())).unzip();
        let lines: Vec<&str> = inside.iter().zip(&all).filter(|(inside, _)| **inside).map(|(_, l)| *l).collect();
        draft.snippet = (!lines.is_empty()).then(|| lines.join("\n"));
        draft.context = (!all.is_empty()).then(|| all.join("\n"));
        draft.url = remedy.iter().find_map(|r| r.get("url").owned());
        reading.add(draft);
    }
    if doc.get("nextToken").text().is_some() {
        reading.incomplete("This is one page of several: CodeGuru has more findings than stand in the file.");
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn recommendations_are_read_in_both_spellings() {
        let large = r#"[{"FilePath": "a/B.java", "RecommendationId": "r", "StartLine": 4, "Description": "Mend.", "Severity": "High",
            "RecommendationCategory": "SecurityIssues", "RuleMetadata": {"RuleId": "java/x@v1.0", "RuleName": "X", "RuleTags": ["cwe-20"]}}]"#;
        let small = r#"{"recommendationSummaries": [{"filePath": "a/B.java", "recommendationId": "r", "startLine": 4, "description": "Mend.",
            "severity": "High", "ruleMetadata": {"ruleId": "java/x@v1.0", "ruleName": "X", "ruleTags": ["cwe-20"]}}]}"#;
        for text in [large, small] {
            let report = read("c", text.as_bytes(), None);
            let f = &report.findings[0];
            assert_eq!(
                (report.format, f.severity, f.rule.raw()),
                ("codeguru-reviewer-json", Severity::High, "java/x@v1.0")
            );
            assert_eq!((f.title.raw(), f.place().as_str(), &f.cwe[..]), ("X", "a/B.java:4", &[20][..]));
        }
        let bare = r#"{"RecommendationSummaries": [{"Description": "\n**Problem**\n Locks.", "FilePath": "a"}]}"#;
        let report = read("c", bare.as_bytes(), None);
        assert_eq!((report.findings[0].title.raw(), report.findings[0].severity), ("Locks.", Severity::Unknown));
        assert_eq!(read("c", br#"{"RecommendationSummaries": []}"#, None).status, ReportStatus::Empty);
    }

    #[test]
    fn findings_of_security_have_code() {
        let text = r#"{"findings": [{"detectorId": "d", "ruleId": "py-x", "title": "X", "severity": "Critical", "status": "Open",
            "detectorTags": ["cwe-77"], "vulnerability": {"filePath": {"path": "a.py", "startLine": 2, "endLine": 2,
            "codeSnippet": [{"number": 1, "content": "a"}, {"number": 2, "content": "b"}]}}}]}"#;
        let report = read("c", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!(
            (report.format, f.severity, f.snippet.as_ref().unwrap().raw()),
            ("codeguru-security-json", Severity::Critical, "b")
        );
    }

    #[test]
    fn findings_without_a_detector_go_by_their_title() {
        let text = r#"{"findings": [{"title": "Disclosure", "severity": "Info", "vulnerability": {"filePath": {"name": "A.kt"},
            "codeSnippet": [], "referenceUrls": ["https://cwe.mitre.org/data/definitions/89.html"]}, "recommendation": {"text": "Hide it."}}]}"#;
        let report = read("c", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.rule.raw()), ("codeguru-security-json", Severity::Info, "Disclosure"));
        assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("A.kt", &[89][..]));
        assert!(f.detail.raw().contains("Hide it."));
    }
}
