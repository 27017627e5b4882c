//! StackRox (Red Hat Advanced Cluster Security): `roxctl image check` and `deployment check`: the policies that an image or
//! a Kubernetes manifest violates, in JSON of today and of before 3.70, CSV and JUnit XML.
//!
//! The older JSON has an alert for each manifest, so that a policy may stand there twice. A check of a deployment has a name
//! of it; one of an image does not say which.

use super::image;
use crate::report::prelude::*;

const TOOL: &str = "roxctl";
const CLASSES: &[Class] = &[Class::Container, Class::Iac];
const IDENTITY: &str = "the policy's name and the deployment";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "roxctl-check-json",
        title: "roxctl image check and deployment check JSON",
        classes: CLASSES,
        items: "violated policies of all `results`, or elements of `alerts`",
        severity: "the policy's severity",
        identity: IDENTITY,
        checked: "golden files of roxctl's own tests",
        detect: |shape| {
            let doc = shape.json();
            let result = doc.at("results.0");
            let alert = doc.at("alerts.0");
            let clean = doc.at("results").is_list() && doc.at("summary").has_all(&["CRITICAL", "TOTAL"]);
            (result.has_all(&["violatedPolicies", "metadata"]) || alert.has_all(&["policy", "violations"]) || clean)
                .into()
        },
        parse: json,
    },
    Format {
        name: "roxctl-check-csv",
        title: "roxctl image check and deployment check CSV",
        classes: CLASSES,
        items: "rows",
        severity: "`SEVERITY`",
        identity: IDENTITY,
        checked: "golden files of roxctl's own tests",
        detect: |shape| shape.columns(&["POLICY", "SEVERITY", "VIOLATION", "REMEDIATION"]).into(),
        parse: csv,
    },
    Format {
        name: "roxctl-check-junit",
        title: "roxctl image check and deployment check JUnit XML",
        classes: CLASSES,
        items: "`testcase` elements; one that is skipped is a policy that does not fail the check",
        severity: "unknown: the report does not say it",
        identity: "the policy's name",
        checked: "golden files of roxctl's own tests",
        detect: |shape| {
            let name = shape.xml().filter(|_| shape.root("testsuite")).and_then(|x| x.attribute("name"));
            matches!(name, Some("image-check" | "deployment-check")).into()
        },
        parse: junit,
    },
];

/// A policy that is violated.
#[derive(Default)]
struct Violation<'v> {
    policy: &'v str,
    severity: Option<&'v str>,
    deployment: Option<&'v str>,
    of_deployment: bool,
    description: Option<&'v str>,
    messages: String,
    remediation: Option<&'v str>,
    fails: Option<bool>,
}

impl Violation<'_> {
    fn draft(&self) -> Draft {
        let mut draft = Draft::new(if self.of_deployment { Class::Iac } else { Class::Container });
        self.policy.clone_into(&mut draft.rule);
        self.policy.clone_into(&mut draft.title);
        draft.rated(self.severity.map(|s| s.split('_').next().unwrap_or(s)));
        draft.logical = self.deployment.map(str::to_owned);
        draft.say("", self.description);
        draft.say("Violation", Some(&self.messages));
        draft.say("Remediation", self.remediation);
        draft.say("", self.fails.map(|f| if f { "The check fails by it." } else { "The check does not fail by it." }));
        draft
    }
}

fn reading<'a>(input: &'a Input<'a>, of_deployment: bool) -> Reading<'a> {
    Reading::new(input, TOOL, &[if of_deployment { Class::Iac } else { Class::Container }])
}

fn json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    if doc.has("alerts") {
        return older(input, &doc);
    }
    let results = doc.results("results")?;
    let deployed = |r: &Node<'_>| {
        !r.at("metadata.additionalInfo.type").is_null() || !r.at("metadata.additionalInfo.name").is_null()
    };
    let mut reading = reading(input, results.first().is_some_and(deployed));
    for result in results {
        let result = image::object(result, "A result")?;
        for found in result.results_or_none("violatedPolicies")? {
            let found = image::object(found, "A violated policy")?;
            let info = result.at("metadata.additionalInfo");
            let violation = Violation {
                policy: found.get("name").or_empty(),
                severity: found.get("severity").text(),
                deployment: info.get("name").text(),
                of_deployment: deployed(result),
                description: found.get("description").text(),
                messages: found.get("violation").texts().collect::<Vec<_>>().join("\n"),
                remediation: found.get("remediation").text(),
                fails: Some(found.get("failingCheck").is_true()),
            };
            let mut draft = violation.draft();
            if !violation.of_deployment {
                draft.path = result.at("metadata.id").owned().filter(|id| id != "unknown");
            }
            reading.add(draft);
        }
    }
    reading.done()
}

fn older(input: &Input<'_>, doc: &Node<'_>) -> Result<Parsed, Unreadable> {
    let alerts = doc.results_or_none("alerts")?;
    let mut reading = reading(input, alerts.first().is_some_and(|a| a.has("deployment")));
    for alert in alerts {
        let alert = image::object(alert, "An alert")?;
        let policy = alert.get("policy");
        let messages: Vec<&str> =
            alert.get("violations").items().iter().filter_map(|v| v.get("message").text()).collect();
        let mut draft = Violation {
            policy: policy.get("name").or_empty(),
            severity: policy.get("severity").text(),
            deployment: alert.at("deployment.name").text(),
            of_deployment: alert.has("deployment"),
            description: policy.get("description").text().or_else(|| policy.get("rationale").text()),
            messages: messages.join("\n"),
            remediation: policy.get("remediation").text(),
            fails: None,
        }
        .draft();
        draft.path = alert.at("image.name.fullName").owned();
        reading.add(draft);
    }
    reading.done()
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let of_deployment = table.has("DEPLOYMENT");
    let mut reading = reading(input, of_deployment);
    for row in table.iter() {
        let cell = |name: &str| row.get(name).filter(|c| *c != "-");
        let fails = row.first(&["BREAKS DEPLOY", "BREAKS BUILD"]);
        let violation = Violation {
            policy: cell("POLICY").unwrap_or_default(),
            severity: cell("SEVERITY"),
            deployment: cell("DEPLOYMENT"),
            of_deployment,
            description: cell("DESCRIPTION"),
            messages: cell("VIOLATION").unwrap_or_default().to_owned(),
            remediation: cell("REMEDIATION"),
            fails: fails.map(|f| f.eq_ignore_ascii_case("x")),
        };
        reading.add(violation.draft());
    }
    reading.done()
}

fn junit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let suite = xml::document(input.text)?;
    let of_deployment = suite.attribute("name") == Some("deployment-check");
    let mut reading = reading(input, of_deployment);
    for case in suite.descendants("testcase") {
        let failure = case.child("failure").or_else(|| case.child("error"));
        if failure.is_none() && case.child("skipped").is_none() {
            reading.passed(1);
            continue;
        }
        let violation = Violation {
            policy: case.attribute("name").unwrap_or_default(),
            deployment: case.attribute("classname"),
            of_deployment,
            messages: failure.map(|f| f.text.trim().to_owned()).unwrap_or_default(),
            fails: Some(failure.is_some()),
            ..Violation::default()
        };
        reading.add(violation.draft());
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn all_ways_of_writing_are_read() {
        let newer = r#"{"results": [{"metadata": {"id": "pay:1", "additionalInfo": null}, "violatedPolicies": [{"name": "No root",
            "severity": "HIGH", "violation": ["uid 0"], "failingCheck": true}]}], "summary": {"CRITICAL": 0, "TOTAL": 1}}"#;
        let older = r#"{"alerts": [{"policy": {"name": "No root", "severity": "HIGH_SEVERITY"}, "violations": [{"message": "uid 0"}]}]}"#;
        let csv = "POLICY,SEVERITY,BREAKS BUILD,DESCRIPTION,VIOLATION,REMEDIATION\nNo root,HIGH,X,-,- uid 0,-\n";
        for (text, format) in [(newer, "roxctl-check-json"), (older, "roxctl-check-json"), (csv, "roxctl-check-csv")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Container, Severity::High, "No root"));
            assert!(f.detail.raw().contains("uid 0"));
        }
        let junit = r#"<testsuite name="deployment-check"><testcase name="No root" classname="api"><failure>uid 0</failure></testcase>
            <testcase name="Labels"><skipped></skipped></testcase></testsuite>"#;
        let report = read("r", junit.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("roxctl-check-junit", 2, &[Class::Iac][..])
        );
        assert_eq!(report.findings[0].place(), "api");
    }

    #[test]
    fn no_violations_are_clean() {
        let status = |text: &str| read("r", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"results": [], "summary": {"CRITICAL": 0, "TOTAL": 0}}"#), ReportStatus::Empty);
        assert_eq!(status("<testsuite name=\"image-check\" tests=\"0\"></testsuite>"), ReportStatus::Empty);
        let odd = r#"{"results": [{"metadata": {}, "violatedPolicies": {"a": 1}}], "summary": {}}"#;
        assert_eq!(status(odd), ReportStatus::Error);
    }
}
