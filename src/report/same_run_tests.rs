//! One run of a tool in several formats: they must tell of the same findings, and make no finding twice.
//!
//! Where a format cannot say a thing, the table says so; a line of the table that is not true any more is an error too.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;

/// Files that one run wrote. The first says the most, and the others are compared with it.
struct Run {
    files: &'static [&'static str],
    /// The file, the field, and why it differs.
    differences: &'static [(&'static str, &'static str, &'static str)],
}

const fn run(
    files: &'static [&'static str],
    differences: &'static [(&'static str, &'static str, &'static str)],
) -> Run {
    Run { files, differences }
}

#[rustfmt::skip]
const RUNS: &[Run] = &[
    run(&["recordings/scanners/bandit.json", "recordings/scanners/bandit.sarif", "recordings/scanners/bandit.xml"], &[]),
    run(&["reports/bandit/bandit_ex_binding.sarif", "reports/bandit/bandit_ex_binding.xml"], &[]),
    run(&["reports/bandit/bandit_ex_dill.json", "reports/bandit/bandit_ex_dill.sarif"], &[]),
    run(&["reports/bandit/bandit_ex_eval.json", "reports/bandit/bandit_ex_eval.sarif"], &[]),
    run(&["reports/bandit/bandit_ex_huggingface_unsafe_download.json", "reports/bandit/bandit_ex_huggingface_unsafe_download.sarif"], &[]),
    run(&["reports/bandit/bandit_ex_okay.json", "reports/bandit/bandit_ex_okay.sarif"], &[]),
    run(&["recordings/scanners/semgrep.json", "recordings/scanners/semgrep.sarif", "recordings/scanners/semgrep.junit-xml", "recordings/scanners/semgrep.gitlab-sast"], &[]),
    run(&["reports/semgrep/semgrep_gen.gitlab-sast.json", "reports/semgrep/semgrep_gen.junit.xml"], &[
        ("reports/semgrep/semgrep_gen.junit.xml", "severity", "Semgrep's INFO is what it calls low by now; for GitLab it writes Info"),
    ]),
    run(&["recordings/scanners/hadolint.json", "recordings/scanners/hadolint.sarif", "recordings/scanners/hadolint.checkstyle", "recordings/scanners/hadolint.sonarqube"], &[]),
    run(&["recordings/scanners/results_sarif.sarif", "recordings/scanners/results_junitxml.xml", "recordings/scanners/results_gitlab_sast.json"], &[
        ("recordings/scanners/results_junitxml.xml", "severity", "Checkov knows no severity here: NONE; in SARIF it writes the level error all the same"),
        ("recordings/scanners/results_gitlab_sast.json", "severity", "Checkov knows no severity here: Unknown; in SARIF it writes the level error all the same"),
    ]),
    run(&["reports/checkov/checkov_gen.json", "reports/checkov/checkov_gen.junit.xml"], &[]),
    // The older JSON of the same checks tells of alerts, of which one policy may have several: it is no set with the others.
    run(&["reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.json", "reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.csv"], &[]),
    run(&["reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.csv", "reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.xml"], &[
        ("reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.xml", "severity", "roxctl writes none into JUnit XML"),
        ("reports/stackrox_roxctl/deployment_check__testDeploymentAlertsWithFailure.csv", "merged", "JUnit XML says neither which deployment it was nor what is wrong: it may be of another"),
    ]),
    run(&["reports/stackrox_roxctl/image_check__testAlertsWithoutFailure.json", "reports/stackrox_roxctl/image_check__testAlertsWithoutFailure.csv"], &[]),
    run(&["reports/stackrox_roxctl/image_scan__testComponents.csv", "reports/stackrox_roxctl/image_scan__legacy_testComponents.json"], &[]),
    run(&["reports/trivy_golden/alpine-310.sarif", "reports/trivy_golden/alpine-310.asff.json"], &[
        ("reports/trivy_golden/alpine-310.asff.json", "path", "only ASFF names the operating system behind the image"),
        ("reports/trivy_golden/alpine-310.asff.json", "line", "Trivy's SARIF gives every package line 1"),
    ]),
    run(&["reports/cyclonedx/valid-vulnerability-1.4.json", "reports/cyclonedx/valid-vulnerability-1.4.xml"], &[]),
    run(&["recordings/scanners/trivy.cyclonedx", "recordings/scanners/trivy.spdx-json"], &[]),
    run(&["reports/cyclonedx_examples/SBOM__cern-lhc-vdm-editor-e564943__bom.json", "reports/cyclonedx_examples/SBOM__cern-lhc-vdm-editor-e564943__bom.xml"], &[]),
];

const FIELDS: [&str; 6] = ["rule", "path", "line", "severity", "package", "ids"];

fn field(finding: &Finding, name: &str) -> String {
    let package = || finding.package.as_ref();
    match name {
        "path" => finding.location.path.as_ref().map(|p| p.raw().to_owned()).unwrap_or_default(),
        "line" => finding.location.line.map(|l| l.to_string()).unwrap_or_default(),
        "severity" => finding.severity.word().to_owned(),
        "package" => package()
            .map(|p| format!("{}@{}", p.name.raw(), p.version.as_ref().map_or("", |v| v.raw())))
            .unwrap_or_default(),
        "ids" => finding.vulnerabilities.iter().map(text::Untrusted::raw).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

/// The values of a field with the rule that each belongs to, sorted.
fn values(report: &Report, name: &str, with_rule: bool) -> Vec<(String, String)> {
    let rule = |f: &Finding| if with_rule { f.rule.raw().to_owned() } else { String::new() };
    let mut values: Vec<_> = report.findings.iter().map(|f| (rule(f), field(f, name))).collect();
    values.sort();
    values
}

#[test]
fn one_run_in_several_formats_is_the_same_findings() {
    let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS").map(PathBuf::from) else { return };
    let mut found: Vec<String> = Vec::new();
    for run in RUNS {
        let all = run.files.iter().map(|file| (*file, read(file, &std::fs::read(corpus.join(file)).unwrap(), None)));
        // What is of no format is the other test's matter.
        let (known, unknown): (Vec<_>, Vec<_>) = all.partition(|(_, report)| !report.format.is_empty());
        for (file, _) in &unknown {
            println!("{file} is of no format that is read");
        }
        let Some((leader, first)) = known.first().filter(|(file, _)| *file == run.files[0]) else { continue };
        let mut differences: BTreeSet<(&str, &str)> = BTreeSet::new();
        let mut note = |file: &'static str, name: &'static str, what: String| {
            if differences.insert((file, name)) && !run.differences.iter().any(|(f, n, _)| (*f, *n) == (file, name)) {
                found.push(format!("{file}: {name}: {what}"));
            }
        };
        for (file, report) in &known {
            if report.status == ReportStatus::Error {
                note(file, "read", format!("{:?}", report.reason));
                continue;
            }
            if first.findings.len() != report.findings.len() {
                note(file, "count", format!("{} and not {}", report.findings.len(), first.findings.len()));
            }
            let with_rule = values(first, "rule", true) == values(report, "rule", true);
            for name in FIELDS {
                let (a, b) = (
                    values(first, name, with_rule || name == "rule"),
                    values(report, name, with_rule || name == "rule"),
                );
                if a != b {
                    let unlike = a.iter().zip(&b).find(|(a, b)| a != b);
                    note(file, name, format!("{unlike:?}"));
                }
            }
        }
        let most = known.iter().map(|(_, r)| r.findings.len()).max().unwrap();
        let lists: Vec<Vec<Finding>> = known.iter().map(|(_, r)| r.findings.clone()).collect();
        let merged = dedup::merge_across(lists).len();
        if merged != most {
            note(leader, "merged", format!("{merged} and not {most}"));
        }
        for (file, name, _) in run.differences.iter().filter(|(f, n, _)| !differences.contains(&(f, n))) {
            if unknown.is_empty() {
                found.push(format!("{file}: {name} does not differ any more"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
