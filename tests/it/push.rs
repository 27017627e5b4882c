//! Dismissals told to the systems that the findings come from: shown first, done once, and seen.

mod asking;
mod defectdojo;
mod dependency_track;
mod github;
mod sonarqube;

use serde_json::Value;

use crate::support::bench::Bench;

/// Dismisses the findings that a query finds, and gives the ids of their records with their fingerprints.
async fn dismiss(bench: &Bench, gate: &str, query: &str, more: &[&str]) -> (String, Vec<String>) {
    let found = bench.json(&["findings", gate, "--query", query], 0).await;
    let prints: Vec<String> =
        found["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect();
    assert!(!prints.is_empty(), "{query}: {found:#}");
    let mut arguments = vec!["dismiss", gate];
    arguments.extend(prints.iter().map(String::as_str));
    arguments.extend(["--reason", "Looked at <b>twice</b>", "--yes"]);
    arguments.extend(more);
    let record = bench.json(&arguments, 0).await;
    (record["record"].as_str().unwrap().to_owned(), prints)
}

/// The pushes that a command printed.
fn pushes(whole: &Value) -> &[Value] {
    whole["pushes"].as_array().unwrap()
}

/// The fields of a form.
fn form(body: &Value) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body.as_str().unwrap().as_bytes()).into_owned().collect()
}
