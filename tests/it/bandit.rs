//! Reports as the real Bandit writes them: what it found is what is shown, by either of its formats.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use countersign::lab::World;
use serde_json::Value;

use crate::support::bench::Bench;
use crate::support::programs;

const SOURCE: &str = r#"import hashlib
import pickle
import subprocess
import tempfile


def run(command):
    subprocess.call(command, shell=True)


def load(data):
    try:
        return pickle.loads(data)
    except Exception:
        pass


def fingerprint(text):
    return hashlib.md5(text).hexdigest()


def scratch():
    assert tempfile.mktemp()
    return eval("1 + 1")
"#;

/// Rule, file and line.
type Place = (String, String, u64);

fn bandit(program: &Path, folder: &Path, format: &str, to: &Path) {
    let mut command = Command::new(program);
    command.args(["-q", "-r", ".", "-f", format, "-o"]).arg(to).current_dir(folder);
    let done = command.output().unwrap();
    // 1: there are findings.
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What Bandit itself says, read without any of ours.
fn found(report: &Path) -> BTreeSet<Place> {
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let results = report["results"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let place = |r: &Value| {
        let file = text(&r["filename"]);
        (text(&r["test_id"]), file.trim_start_matches("./").to_owned(), r["line_number"].as_u64().unwrap())
    };
    results.iter().map(place).collect()
}

/// What we say, with the severities.
fn shown(findings: &Value) -> BTreeSet<Place> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |f: &Value| {
        let location = &f["location"];
        (text(&f["rule"]), text(&location["path"]), location["line"].as_u64().unwrap_or_default())
    };
    findings.as_array().unwrap().iter().map(place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_real_bandit_found_is_what_is_shown() {
    let Some(program) = programs::find("bandit") else { return };
    let bench = Bench::new(World::demo().unwrap()).await;
    let source = bench.dir.path().join("source");
    std::fs::create_dir_all(source.join("shop")).unwrap();
    std::fs::write(source.join("shop/run.py"), SOURCE).unwrap();
    let (json, sarif) = (bench.dir.path().join("bandit.json"), bench.dir.path().join("bandit.sarif"));
    bandit(&program, &source, "json", &json);
    bandit(&program, &source, "sarif", &sarif);
    let want = found(&json);
    let rules: BTreeSet<&str> = want.iter().map(|(rule, ..)| rule.as_str()).collect();
    for rule in ["B602", "B301", "B110", "B324", "B101", "B307"] {
        assert!(rules.contains(rule), "Bandit is to find {rule}: {want:?}");
    }

    for (file, format) in [(&json, "bandit"), (&sarif, "sarif")] {
        let scanned = bench.json(&["scan", file.to_str().unwrap()], 0).await;
        let scanned = &scanned["files"][0];
        assert_eq!((&scanned["status"], &scanned["tool"]), (&"ok".into(), &"Bandit".into()), "{format}");
        assert!(scanned["format"].as_str().unwrap().starts_with(format), "{scanned:#}");
        assert_eq!(shown(&scanned["findings"]), want, "{format}");
        let severe = scanned["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "B602").unwrap();
        assert_eq!((&severe["severity"], &severe["class"]), (&"high".into(), &"sast".into()), "{format}");
    }

    // In the folder of a release: both formats together say nothing twice.
    let scans = bench.dir.path().join("scans/payments");
    let folder = std::fs::read_dir(&scans).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(&json, folder.join("bandit.json")).unwrap();
    std::fs::copy(&sarif, folder.join("bandit.sarif")).unwrap();
    let listed = bench.json(&["findings", "payments@1.4.2/prod", "--query", "shop/run.py"], 0).await;
    let of_source: Vec<Value> = listed["findings"].as_array().unwrap().clone();
    assert_eq!(shown(&listed["findings"]), want, "{listed:#}");
    assert_eq!(of_source.len(), want.len(), "each once: {listed:#}");
    assert!(of_source.iter().all(|f| f["sources"].as_array().unwrap().len() == 2), "{listed:#}");
    let refused = bench.run(&["approve", "payments@1.4.2/prod", "--reason", "x", "--yes"]).await.exits(3);
    assert!(refused.err.contains("high"), "{refused:#?}");
}
