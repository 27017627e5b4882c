//! Results of tests of .NET: `NUnit` 2 and 3, `xUnit` 1 and 2, and TRX as `MSTest`, Visual Studio and `dotnet test` write it.

use std::collections::HashMap;

use super::test_results::{self, Failed};
use crate::report::prelude::*;

/// What is the same for all of them.
const COMMON: Format = Format {
    name: "",
    title: "",
    classes: &[],
    items: "tests, passed and skipped ones too",
    severity: "unknown: tests have none",
    identity: "class and name of the test",
    checked: "the outcomes that publish-unit-test-result-action counts in the same files",
    detect: |_| Fit::No,
    parse: nunit,
};

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "nunit-xml",
        title: "NUnit XML 2 and 3",
        detect: |shape| {
            let of = |part: &str| shape.xml().is_some_and(|s| s.elements.is_empty() || s.contains(part));
            ((shape.root("test-results") || shape.root("test-run")) && of("test-suite")).into()
        },
        parse: nunit,
        ..COMMON
    },
    Format {
        name: "trx-xml",
        title: "TRX of MSTest, Visual Studio and dotnet test",
        detect: is_trx,
        parse: trx,
        ..COMMON
    },
    Format { name: "xunit-xml", title: "xUnit.net XML 1 and 2", detect: is_xunit, parse: xunit, ..COMMON },
];

fn nunit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "NUnit", &[]);
    let mut skipped = 0;
    xml::walk(input.text, &["test-case", "output", "settings"], |part| {
        let Part::Whole(node) = part else { return };
        if node.name != "test-case" {
            return;
        }
        let result = node.attribute("result").unwrap_or_default().to_ascii_lowercase();
        let is_bad = matches!(result.as_str(), "failure" | "failed" | "error");
        // Before 2.5 there is no result; a test that was not run has no failure.
        let failure = node.child("failure");
        skipped += u32::from(matches!(result.as_str(), "skipped" | "ignored"));
        if !is_bad && (failure.is_none() || !result.is_empty()) {
            return reading.passed(1);
        }
        let label = node.attribute("label").unwrap_or_default();
        let name = node.attribute("fullname").or_else(|| node.attribute("name"));
        let broke = result == "error" || label == "Error";
        reading.add(failed(&node, node.attribute("classname"), name, broke));
    })?;
    test_results::none_ran(&mut reading, skipped);
    reading.done()
}

/// The finding of a test that failed, or broke off; what it says stands in its element `failure`.
fn failed(node: &xml::Node, class: Option<&str>, name: Option<&str>, broke: bool) -> Draft {
    let text = |element: &str| node.child("failure").and_then(|f| f.text_of(element)).map(str::to_owned);
    Failed {
        class: class.map(str::to_owned),
        name: name.map(str::to_owned),
        broke,
        message: text("message"),
        text: text("stack-trace"),
        ..Failed::default()
    }
    .draft()
}

fn is_xunit(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml() else { return Fit::No };
    let of_one =
        shape.root("assembly") && ["test-framework", "environment"].iter().all(|a| sketch.attribute(a).is_some());
    let of_all = shape.root("assemblies") && (sketch.elements.is_empty() || sketch.contains("assembly"));
    (of_one || of_all).into()
}

fn xunit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "xUnit.net", &[]);
    let mut skipped = 0;
    xml::walk(input.text, &["test", "error"], |part| {
        let Part::Whole(node) = part else { return };
        // What fails outside of tests, such as the cleaning up after them, stands in `errors`.
        let is_error = node.name == "error";
        skipped += u32::from(node.attribute("result").is_some_and(|r| r.eq_ignore_ascii_case("skip")));
        if !is_error && node.attribute("result").is_none_or(|r| !r.eq_ignore_ascii_case("fail")) {
            return reading.passed(1);
        }
        let class = node.attribute("type").filter(|_| !is_error);
        let name = node.attribute("name").or_else(|| node.attribute("method"));
        reading.add(failed(&node, class, name, is_error));
    })?;
    test_results::none_ran(&mut reading, skipped);
    reading.done()
}

fn is_trx(shape: &Shape<'_>) -> Fit {
    let of_team_test = |s: &xml::Sketch| {
        s.attribute("xmlns").is_some_and(|n| n.contains("TeamTest"))
            || s.contains("UnitTestResult")
            || s.contains("TestSettings")
    };
    (shape.root("TestRun") && shape.xml().is_some_and(of_team_test)).into()
}

/// The elements that are the result of a test.
const RESULTS: [&str; 6] =
    ["UnitTestResult", "GenericTestResult", "WebTestResult", "LoadTestResult", "ManualTestResult", "TestResult"];

fn trx(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "TRX", &[]);
    let mut failed: Vec<(Option<String>, Failed)> = Vec::new();
    let mut classes: HashMap<String, String> = HashMap::new();
    let (mut all, mut skipped) = (0, 0);
    let whole = [&RESULTS[..], &["UnitTest", "TestResultAggregation"]].concat();
    xml::walk(input.text, &whole, |part| {
        let Part::Whole(node) = part else { return };
        if node.name == "UnitTest" {
            if let (Some(id), Some(class)) =
                (node.attribute("id"), node.child("TestMethod").and_then(|m| m.attribute("className")))
            {
                // Old runners write the assembly after the class.
                let class = class.split(',').next().unwrap_or(class);
                classes.insert(id.to_owned(), class.to_owned());
            }
            return;
        }
        // A test over rows of data has a result for each row; its own is only their sum.
        let inner: Vec<&xml::Node> = node
            .child("InnerResults")
            .map(|i| i.children.iter().collect())
            .filter(|i: &Vec<_>| !i.is_empty())
            .unwrap_or_else(|| vec![&node]);
        all += inner.len();
        let is_skipped =
            |n: &&&xml::Node| n.attribute("outcome").is_some_and(|o| o.eq_ignore_ascii_case("NotExecuted"));
        skipped += u32::try_from(inner.iter().filter(is_skipped).count()).unwrap_or(u32::MAX);
        failed.extend(inner.into_iter().filter_map(trx_failed));
    })?;
    reading.passed(all.saturating_sub(failed.len()));
    for (id, mut test) in failed {
        test.class = id.and_then(|id| classes.get(&id).cloned());
        reading.add(test.draft());
    }
    test_results::none_ran(&mut reading, skipped);
    reading.done()
}

fn trx_failed(node: &xml::Node) -> Option<(Option<String>, Failed)> {
    let outcome = node.attribute("outcome").unwrap_or_default().to_ascii_lowercase();
    // Where there is no outcome the test broke off.
    let is_bad = matches!(outcome.as_str(), "failed" | "error" | "timeout" | "aborted" | "disconnected");
    let info = node.at("Output/ErrorInfo");
    if !(is_bad || outcome.is_empty() && info.is_some()) {
        return None;
    }
    let text = |name: &str| info.and_then(|i| i.text_of(name)).map(str::to_owned);
    let failed = Failed {
        name: node.attribute("testName").map(str::to_owned),
        broke: outcome != "failed",
        message: text("Message"),
        text: text("StackTrace"),
        ..Failed::default()
    };
    Some((node.attribute("testId").map(str::to_owned), failed))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::{Report, read};

    fn read_one(text: &str, format: &str, items: u32) -> Report {
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, items));
        assert!(report.classes.is_empty());
        report
    }

    #[test]
    fn failed_tests_are_findings() {
        let nunit = r#"<test-run><test-suite><test-case fullname="A.T.ok" result="Passed"/>
          <test-case name="no" fullname="A.T.no" classname="A.T" result="Failed" label="Error"><failure><message>m</message>
          <stack-trace>at A.T.no() in C:\w\T.cs:line 3</stack-trace></failure></test-case></test-suite></test-run>"#;
        let f = &read_one(nunit, "nunit-xml", 2).findings[0];
        assert_eq!((f.title.raw(), f.location.line), ("Test error: A.T.no", Some(3)));
        let xunit = r#"<assemblies><assembly name="a"><errors><error name="a.dll"><failure><message>m</message></failure></error></errors>
          <collection><test name="A.T.no" type="A.T" result="Fail"><failure><message>n</message></failure></test>
          <test name="A.T.skip" result="Skip"/></collection></assembly></assemblies>"#;
        let report = read_one(xunit, "xunit-xml", 3);
        assert_eq!((report.findings.len(), report.findings[1].rule.raw()), (2, "A.T.no"));
        let trx = r#"<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
          <UnitTestResult testId="1" testName="ok" outcome="Passed"/><UnitTestResult testId="1" testName="rows" outcome="Failed">
          <InnerResults><UnitTestResult testId="1" testName="rows (1)" outcome="Failed"><Output><ErrorInfo><Message>m</Message>
          </ErrorInfo></Output></UnitTestResult><UnitTestResult testId="1" testName="rows (2)" outcome="Passed"/></InnerResults>
          </UnitTestResult></Results><TestDefinitions><UnitTest id="1"><TestMethod className="A.T, a"/></UnitTest></TestDefinitions></TestRun>"#;
        let f = &read_one(trx, "trx-xml", 3).findings[0];
        assert_eq!((f.rule.raw(), f.detail.raw()), ("A.T.rows (1)", "m"));
    }

    #[test]
    fn no_test_is_not_assessed() {
        for text in ["<test-run><test-suite/></test-run>", "<assemblies/>", "<TestRun><TestSettings/></TestRun>"] {
            assert_eq!(read("t", text.as_bytes(), None).status, ReportStatus::NotAssessed, "{text}");
        }
        assert_eq!(read("t", b"<test-run><test-suite>", None).status, ReportStatus::Error);
    }
}
