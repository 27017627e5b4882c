//! What the console's runtime does with what a person saw, where the world has gone on since.

mod approving;
mod dismissing;
mod standing;

use countersign::lab::World;
use serde_json::{Value, json};

use crate::support::bench::Bench;

/// A report of Bandit with one finding of a severity.
fn report(severity: &str) -> String {
    let finding = json!({
        "code": "12 subprocess.call(x, shell=True)\n", "filename": "shop/run.py", "issue_confidence": "HIGH",
        "issue_severity": severity, "issue_text": "a shell", "issue_cwe": { "id": 78 }, "line_number": 12,
        "line_range": [12], "col_offset": 0, "end_col_offset": 9, "more_info": "https://bandit.example.com/rule",
        "test_id": "B602", "test_name": "B602",
    });
    json!({ "errors": [], "metrics": {}, "results": [finding] }).to_string()
}

/// A release of a shop at its gate.
fn world() -> World {
    let text = format!(
        r#"
[[service]]
name = "shop"
environments = ["prod"]
gate = {{ from = "spinnaker", application = "shop" }}
builds = [{{ from = "jenkins" }}]
findings = [{{ from = "jenkins", artifacts = "reports/**" }}]
required = ["builds", "findings:sast"]

[[run]]
application = "shop"
pipeline = "Deploy to prod"
version = "1.0"
commit = "shop-1.0"
build = {{ job = "team/shop", number = 10 }}
user = "ana"
ago = "1h"

[[run.stage]]
name = "Approve for prod"
instructions = "Look."

[[build]]
job = "team/shop"
number = 10
result = "SUCCESS"
ago = "1h"
commit = "shop-1.0"
parameters = {{ VERSION = "1.0" }}
tests = {{ passed = 3 }}
artifacts = [{{ path = "reports/bandit.json", text = '''{}''' }}]
"#,
        report("MEDIUM")
    );
    World::parse(&[("shop", &text)]).unwrap()
}

/// What the scanner says from now on.
fn rate(bench: &Bench, severity: &str) {
    assert!(bench.lab.set_artifact("team/shop", 10, "reports/bandit.json", report(severity).into_bytes()));
}

/// The kinds of the ledger's entries.
async fn kinds(bench: &Bench) -> Vec<String> {
    let word = |e: &Value| e["kind"].as_str().unwrap().to_owned();
    bench.entries().await.iter().map(word).collect()
}
