//! Reports of real scanners over `tests/sample`, written by `tests/real-scanners.sh`: all that one run wrote must be read
//! as the same findings, and make none twice.
//!
//! Where a format cannot say a thing, the table says so; a line of the table that is not true any more is an error too, and
//! so is a report that the table does not know. Where the script was not run, the test says that it is skipped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::domain::dedup;
use serde_json::Value;

use crate::support::house;

/// What one run wrote. The first says the most, and the others are compared with it.
struct Run {
    files: &'static [&'static str],
    /// The file, the field, and why it differs.
    differences: &'static [(&'static str, &'static str, &'static str)],
}

#[rustfmt::skip]
const RUNS: &[Run] = &[
    Run { files: &["bandit.json", "bandit.sarif", "bandit.yaml", "bandit.csv", "bandit.xml"], differences: &[] },
    Run {
        files: &["hadolint.json", "hadolint.sarif", "hadolint.checkstyle", "hadolint.codeclimate",
            "hadolint.gitlab_codeclimate", "hadolint.sonarqube", "hadolint.codacy", "hadolint.junit"],
        differences: &[
            ("hadolint.sarif", "severity", "what it calls style is a note in SARIF, as what it calls info"),
            ("hadolint.codacy", "severity", "Codacy's results have none"),
        ],
    },
    Run { files: &["detect-secrets.json"], differences: &[] },
    Run {
        files: &["pip-audit.json", "pip-audit.cyclonedx-json", "pip-audit.cyclonedx-xml"],
        differences: &[
            ("pip-audit.cyclonedx-json", "ids", "pip-audit writes no alias into CycloneDX"),
            ("pip-audit.cyclonedx-xml", "ids", "pip-audit writes no alias into CycloneDX"),
        ],
    },
    Run {
        files: &["trivy.json", "trivy.sarif", "trivy.cyclonedx", "trivy.spdx", "trivy.spdx-json"],
        differences: &[
            ("trivy.sarif", "line", "only SARIF has the line of the package beside the vulnerability"),
            ("trivy.cyclonedx", "path", "the file is a component of its own there"),
            ("trivy.spdx", "path", "the file is a package of its own there"),
            ("trivy.spdx-json", "path", "the file is a package of its own there"),
            ("trivy.spdx", "severity", "SPDX 2 has none"),
            ("trivy.spdx-json", "severity", "SPDX 2 has none"),
        ],
    },
    Run {
        files: &["trivy-image.json", "trivy-image.sarif", "trivy-image.cyclonedx", "trivy-image.spdx", "trivy-image.spdx-json"],
        differences: &[
            ("trivy-image.sarif", "path", "only JSON names the operating system behind the image"),
            ("trivy-image.sarif", "line", "Trivy's SARIF gives every package of an image line 1"),
            ("trivy-image.cyclonedx", "path", "only JSON names the operating system behind the image"),
            ("trivy-image.spdx", "path", "the image is a package of its own there"),
            ("trivy-image.spdx-json", "path", "the image is a package of its own there"),
            ("trivy-image.spdx", "severity", "SPDX 2 has none"),
            ("trivy-image.spdx-json", "severity", "SPDX 2 has none"),
        ],
    },
    Run {
        files: &["trivy-all.json", "trivy-all.sarif"],
        differences: &[("trivy-all.sarif", "line", "only SARIF has the line of the package beside the vulnerability")],
    },
    Run {
        files: &["checkov.json", "checkov.sarif", "checkov.junitxml", "checkov.gitlab_sast", "checkov.cyclonedx",
            "checkov.cyclonedx_json", "checkov.iac.csv"],
        differences: &[
            ("checkov.sarif", "severity", "Checkov knows no severity here; in SARIF it writes the level error all the same"),
            ("checkov.junitxml", "line", "a check that was skipped has no text there, where the line stands"),
            ("checkov.gitlab_sast", "suppressed", "Checkov leaves out there what was skipped"),
            ("checkov.cyclonedx", "suppressed", "Checkov leaves out there what was skipped"),
            ("checkov.cyclonedx_json", "suppressed", "Checkov leaves out there what was skipped"),
            ("checkov.iac.csv", "suppressed", "Checkov leaves out there what was skipped"),
            ("checkov.cyclonedx", "line", "CycloneDX has no lines"),
            ("checkov.cyclonedx_json", "line", "CycloneDX has no lines"),
            ("checkov.iac.csv", "line", "the table has no lines"),
        ],
    },
    Run {
        files: &["semgrep.json", "semgrep.sarif", "semgrep.junit-xml", "semgrep.gitlab-sast", "semgrep.gitlab-secrets"],
        differences: &[
            ("semgrep.sarif", "severity", "SARIF has no level above error, which Semgrep writes for what it calls critical"),
            ("semgrep.gitlab-sast", "severity", "for GitLab Semgrep writes Info where it calls a rule INFO, which is its old name of low"),
            ("semgrep.gitlab-secrets", "severity", "for GitLab Semgrep writes Info where it calls a rule INFO, which is its old name of low"),
            ("semgrep.gitlab-secrets", "class", "it is a report of secrets, whatever the rules are"),
        ],
    },
];

/// Reports that are evidence of nothing, and must be told from clean ones.
const NOT_ASSESSED: &[&str] = &[
    "pip-audit-skipped.json",
    "pip-audit-skipped.cyclonedx-json",
    "pip-audit-skipped.cyclonedx-xml",
    "trivy.github",
    "trivy-image.github",
    "checkov.spdx",
    "checkov.container_images.csv",
    "checkov.oss_packages.csv",
];

/// Texts for people, which are refused: the scanner writes the same for machines.
const FOR_PEOPLE: &[&str] = &[
    "bandit.html",
    "bandit.txt",
    "checkov.cli",
    "checkov.github_failed_only",
    "hadolint.gnu",
    "hadolint.tty",
    "pip-audit.columns",
    "pip-audit.markdown",
    "pip-audit-skipped.columns",
    "pip-audit-skipped.markdown",
    "semgrep.emacs",
    "semgrep.text",
    "semgrep.vim",
    "trivy.table",
    "trivy-all.table",
    "trivy-image.table",
];

const FIELDS: [&str; 7] = ["rule", "class", "path", "line", "severity", "package", "ids"];
/// A difference by which a format has only what is not suppressed: with it, only that is compared.
const SUPPRESSED: &str = "suppressed";

fn field(finding: &Value, name: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match name {
        "path" => text(&finding["location"]["path"]),
        "line" => finding["location"]["line"].to_string(),
        "package" => format!("{}@{}", text(&finding["package"]["name"]), text(&finding["package"]["version"])),
        "ids" => {
            let mut ids: Vec<_> = finding["vulnerabilities"].as_array().unwrap().iter().map(text).collect();
            ids.sort();
            ids.join(" ")
        }
        name => text(&finding[name]),
    }
}

/// The values of a field, each with the rule that it belongs to, sorted.
fn values(findings: &[&Value], name: &str, with_rule: bool) -> Vec<(String, String)> {
    let rule = |f: &Value| if with_rule { field(f, "rule") } else { String::new() };
    let mut values: Vec<_> = findings.iter().map(|f| (rule(f), field(f, name))).collect();
    values.sort();
    values
}

/// What the program says of a report.
fn scanned(home: &Path, file: &Path) -> Value {
    let ran: house::Ran = house::hermetic(home).args(["scan", "--output", "json"]).arg(file).output().unwrap().into();
    ran.json()["files"][0].clone()
}

/// The folder of the reports, and the names in it; says that the test is skipped where there are none.
fn reports() -> Option<(PathBuf, BTreeSet<String>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/scanners/runs"));
    let Ok(entries) = std::fs::read_dir(folder) else {
        assert!(std::env::var_os("COUNTERSIGN_REAL_SCANNERS").is_none(), "tests/real-scanners.sh wrote no report");
        println!("skipped: tests/real-scanners.sh has not been run");
        return None;
    };
    Some((folder.to_owned(), entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()))
}

/// What differs between the files of a run, and is not in its table; and what is there and does not differ.
fn disagreements(run: &Run, folder: &Path, home: &Path) -> Vec<String> {
    let all: Vec<(&str, Value)> = run.files.iter().map(|f| (*f, scanned(home, &folder.join(f)))).collect();
    let (_, first) = &all[0];
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut found = Vec::new();
    let mut note = |file: &'static str, name: &'static str, what: String| {
        if seen.insert((file, name)) && !run.differences.iter().any(|(f, n, _)| (*f, *n) == (file, name)) {
            found.push(format!("{file}: {name}: {what}"));
        }
    };
    for (file, report) in &all {
        if report["status"] != "ok" {
            note(file, "read", format!("{} {}", report["status"], report["reason"]));
            continue;
        }
        let here: Vec<&Value> = report["findings"].as_array().unwrap().iter().collect();
        let mut wanted: Vec<&Value> = first["findings"].as_array().unwrap().iter().collect();
        let suppressed = |all: &[&Value]| all.iter().filter(|f| !f["suppressed"].is_null()).count();
        let (ours, theirs) = (suppressed(&here), suppressed(&wanted));
        if ours != theirs {
            note(file, SUPPRESSED, format!("{ours} and not {theirs}"));
            if ours == 0 && run.differences.iter().any(|(f, n, _)| (*f, *n) == (*file, SUPPRESSED)) {
                wanted.retain(|f| f["suppressed"].is_null());
            }
        }
        if here.len() != wanted.len() {
            note(file, "count", format!("{} and not {}", here.len(), wanted.len()));
        }
        let with_rule = values(&wanted, "rule", true) == values(&here, "rule", true);
        for name in FIELDS {
            let of = |findings: &[&Value]| values(findings, name, with_rule || name == "rule");
            let (a, b) = (of(&wanted), of(&here));
            if a != b {
                note(file, name, format!("{:?}", b.iter().zip(&a).find(|(b, a)| b != a)));
            }
        }
    }
    let read = |file: &&str| {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        countersign::report::read_all(file, &bytes, None).remove(0).findings
    };
    let lists: Vec<_> = run.files.iter().map(read).collect();
    let most = lists.iter().map(Vec::len).max().unwrap();
    let merged = dedup::merge_across(lists).len();
    if merged != most {
        note(run.files[0], "merged", format!("{merged} and not {most}"));
    }
    for (file, name, _) in run.differences.iter().filter(|(f, n, _)| !seen.contains(&(f, n))) {
        found.push(format!("{file}: {name} does not differ any more"));
    }
    found
}

#[test]
fn all_formats_of_a_run_are_the_same_findings() {
    let Some((folder, names)) = reports() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for run in RUNS {
        let missing: Vec<_> = run.files.iter().filter(|f| !names.contains(**f)).collect();
        if missing.is_empty() {
            found.extend(disagreements(run, &folder, home.path()));
        } else if missing.len() == run.files.len() {
            // The scanner could not be installed.
            println!("skipped: {} was not written", run.files[0]);
        } else {
            found.push(format!("{missing:?} were not written, and others of the same run were"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_assessed_nothing_is_no_evidence_and_texts_for_people_are_refused() {
    let Some((folder, names)) = reports() else { return };
    let home = tempfile::tempdir().unwrap();
    for (files, status) in [(NOT_ASSESSED, "not-assessed"), (FOR_PEOPLE, "error")] {
        for file in files.iter().filter(|f| names.contains(**f)) {
            let report = scanned(home.path(), &folder.join(file));
            assert_eq!(report["status"], status, "{file}: {}", report["reason"]);
            assert_eq!(report["findings"].as_array().unwrap().len(), 0, "{file}");
            assert!(!report["reason"].as_str().unwrap_or_default().is_empty(), "{file}");
        }
    }
    let known = RUNS.iter().flat_map(|r| r.files).chain(NOT_ASSESSED).chain(FOR_PEOPLE);
    let known: BTreeSet<String> = known.map(|f| (*f).to_owned()).collect();
    let unknown: Vec<&String> = names.difference(&known).collect();
    assert!(unknown.is_empty(), "no table of the test has {unknown:?}");
}
