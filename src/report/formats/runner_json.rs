//! Results of tests in JSON: Mocha's reporter `json`, and the lines that `dart test` and `flutter test` write.

use std::collections::HashMap;

use super::test_results::{self, Failed};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "dart-test-json",
        title: "Lines of dart test and flutter test (reporter json)",
        classes: &[],
        items: "tests that are done and not hidden",
        severity: "unknown: tests have none",
        identity: "name of the test",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            let first = match shape.json() {
                Node::List(items) => items.first().unwrap_or(&Node::Null),
                _ => shape.line(),
            };
            (first.get("type").text() == Some("start") && first.has_all(&["protocolVersion", "runnerVersion"])).into()
        },
        parse: dart,
    },
    Format {
        name: "mocha-json",
        title: "Mocha JSON (reporter json)",
        classes: &[],
        items: "elements of `tests`, and of `failures` what is no test",
        severity: "unknown: tests have none",
        identity: "name of the test",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            let doc = shape.json();
            (doc.has_all(&["stats", "tests", "failures", "passes"]) && doc.get("stats").has_all(&["suites", "passes"]))
                .into()
        },
        parse: mocha,
    },
];

fn mocha(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Mocha", &[]);
    let name = |test: &'_ Node<'_>| test.get("fullTitle").text().or(test.get("title").text()).map(str::to_owned);
    let place = |test: &Node<'_>| (test.get("file").owned(), name(test));
    // A hook that fails (`"before each" hook`) is no test, and stands among the failures only.
    let failures = doc.results("failures")?;
    let mut left: HashMap<(Option<String>, Option<String>), u32> = HashMap::new();
    for failure in failures {
        *left.entry(place(failure.object()?)).or_default() += 1;
    }
    let mut found = 0;
    let mut add = |reading: &mut Reading<'_>, test: &Node<'_>| {
        let error = test.get("err");
        let failed = Failed {
            name: name(test),
            message: error.get("message").owned(),
            text: error.get("stack").owned(),
            file: test.get("file").owned(),
            ..Failed::default()
        };
        found += 1;
        reading.add(failed.draft());
    };
    for test in doc.results("tests")? {
        let test = test.object()?;
        // What is thrown may have nothing to write of, and then the error is empty.
        let listed = left.get_mut(&place(test)).filter(|n| **n > 0);
        let is_listed = listed.is_some();
        if let Some(left) = listed {
            *left -= 1;
        }
        if is_listed || !test.get("err").entries().is_empty() {
            add(&mut reading, test);
        } else {
            reading.passed(1);
        }
    }
    for failure in failures {
        if let Some(left) = left.get_mut(&place(failure)).filter(|n| **n > 0) {
            *left -= 1;
            add(&mut reading, failure);
        }
    }
    let said = doc.at("stats.failures").number().unwrap_or(0);
    if said > found {
        reading.incomplete(format!("Mocha counts {said} failures, and {found} stand in the report."));
    }
    test_results::none_ran(&mut reading, doc.at("stats.pending").number().unwrap_or(0));
    reading.done()
}

fn dart(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut events = Node::parse_all(input.text)?;
    if let [Node::List(all)] = events.as_mut_slice() {
        events = std::mem::take(all);
    }
    let mut reading = Reading::new(input, "dart test", &[]);
    let mut tests: HashMap<&str, &Node<'_>> = HashMap::new();
    let mut errors: HashMap<&str, Vec<&Node<'_>>> = HashMap::new();
    for event in &events {
        let id = event.get("testID").or_empty();
        match event.get("type").or_empty() {
            "testStart" => drop(tests.insert(event.at("test.id").or_empty(), event.get("test"))),
            "error" => errors.entry(id).or_default().push(event),
            "testDone" if event.get("result").text() == Some("success") => {
                reading.passed(usize::from(!event.get("hidden").is_true()));
            }
            // The loading of a file is a hidden test; it is none unless it fails.
            "testDone" => {
                let test = tests.get(id).copied().unwrap_or(&Node::Null);
                let said = errors.get(id).map(Vec::as_slice).unwrap_or_default();
                let all = |key: &str| {
                    let parts: Vec<&str> = said.iter().filter_map(|e| e.get(key).text()).collect();
                    Some(parts.join("\n")).filter(|t| !t.is_empty())
                };
                let failed = Failed {
                    name: test.get("name").owned(),
                    broke: event.get("result").text() == Some("error"),
                    message: all("error"),
                    text: all("stackTrace"),
                    file: test
                        .get("root_url")
                        .text()
                        .or(test.get("url").text())
                        .map(|u| u.trim_start_matches("file://").to_owned()),
                    line: test.get("root_line").number().or_else(|| test.get("line").number()),
                    ..Failed::default()
                };
                reading.add(failed.draft());
            }
            _ => {}
        }
    }
    if events.last().is_some_and(|e| e.get("type").text() != Some("done")) {
        reading.remark("The run of the tests has no end in this report: it may have been broken off.");
    }
    test_results::none_ran(&mut reading, 0);
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::read;

    #[test]
    fn failed_tests_are_findings() {
        let mocha = r#"{"stats": {"suites": 1, "tests": 2, "passes": 1, "failures": 1}, "tests": [{"title": "adds", "fullTitle": "pay adds", "err": {}},
          {"title": "sums", "fullTitle": "pay sums", "file": "/w/t/pay.js", "err": {"message": "1 != 2", "stack": "Error: 1 != 2\n at x"}}],
          "pending": [], "failures": [], "passes": []}"#;
        let report = read("m.json", mocha.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("mocha-json", ReportStatus::Ok, 2));
        assert_eq!((report.findings[0].rule.raw(), report.findings[0].place().as_str()), ("pay sums", "/w/t/pay.js"));
        let hook = r#"{"title": "\"before each\" hook", "fullTitle": "pay \"before each\" hook", "err": {"message": "no database"}}"#;
        let hooked = mocha
            .replace("\"failures\": []", &format!("\"failures\": [{hook}]"))
            .replace("\"failures\": 1", "\"failures\": 2");
        let report = read("m.json", hooked.as_bytes(), None);
        assert_eq!((report.raw_items, report.findings.len(), report.reason), (3, 2, None));
        assert_eq!(report.findings[1].rule.raw(), "pay \"before each\" hook");
        let lost = read("m.json", mocha.replace("\"failures\": 1", "\"failures\": 4").as_bytes(), None);
        assert!(lost.reason.unwrap().raw().contains("4 failures, and 1 stand"));
        let dart = "{\"protocolVersion\":\"0.1.1\",\"runnerVersion\":\"1\",\"type\":\"start\"}\n\
          {\"test\":{\"id\":1,\"name\":\"loading a\"},\"type\":\"testStart\"}\n{\"testID\":1,\"result\":\"success\",\"hidden\":true,\"type\":\"testDone\"}\n\
          {\"test\":{\"id\":2,\"name\":\"sums\",\"line\":7,\"url\":\"file:///w/a.dart\"},\"type\":\"testStart\"}\n\
          {\"testID\":2,\"error\":\"Expected: 1\",\"stackTrace\":\"a.dart 7:5\",\"isFailure\":true,\"type\":\"error\"}\n\
          {\"testID\":2,\"result\":\"failure\",\"hidden\":false,\"type\":\"testDone\"}\n{\"success\":false,\"type\":\"done\"}\n";
        let report = read("d.json", dart.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("dart-test-json", ReportStatus::Ok, 1));
        assert_eq!((report.findings[0].place().as_str(), report.reason), ("/w/a.dart:7", None));
    }

    #[test]
    fn no_test_is_not_assessed() {
        let none = r#"{"stats": {"suites": 0, "passes": 0}, "tests": [], "failures": [], "passes": []}"#;
        assert_eq!(read("m", none.as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(
            read("m", none.replace("\"tests\": []", "\"tests\": 1").as_bytes(), None).status,
            ReportStatus::Error
        );
        let start = br#"{"protocolVersion": "0.1.1", "runnerVersion": "1", "type": "start"}"#;
        assert_eq!(read("d", start, None).status, ReportStatus::NotAssessed);
    }
}
