//! Dismissals to and from other tools: what is exported comes back elsewhere without loss, and at home as nothing new.

mod schemas;

use std::path::{Path, PathBuf};

use countersign::lab::World;
use serde_json::{Value, json};

use crate::support::bench::Bench;

const GATE: &str = "checkout@5.1.0/prod";
const FORMATS: [&str; 3] = ["openvex", "cyclonedx", "sarif"];

async fn bench() -> Bench {
    Bench::new(World::demo().unwrap()).await
}

async fn findings(bench: &Bench, query: &str) -> Vec<Value> {
    bench.json(&["findings", GATE, "--query", query], 0).await["findings"].as_array().unwrap().clone()
}

/// Dismisses a finding; gives it.
async fn dismiss(bench: &Bench, finding: &Value, words: &[&str]) {
    let print = finding["fingerprint"].as_str().unwrap();
    bench.run(&[&["dismiss", GATE, print, "--reason", "Looked at \"twice\",\nby two."], words].concat()).await.exits(0);
}

/// One of each status: two of packages, and one of code.
async fn dismissed(bench: &Bench) {
    let all = findings(bench, "").await;
    let with_id = |f: &&Value| !f["vulnerabilities"].as_array().unwrap().is_empty();
    let mut packages = all.iter().filter(with_id);
    let not_affected = ["--as", "not-affected", "--justification", "requires_configuration", "--scope", "service"];
    dismiss(bench, packages.next().unwrap(), &not_affected).await;
    dismiss(bench, packages.next().unwrap(), &["--as", "accepted", "--expires", "30d", "--scope", "version"]).await;
    let code = all.iter().find(|f| f["class"] == "sast").unwrap();
    dismiss(bench, code, &["--as", "false-positive", "--expires", "never", "--scope", "everywhere"]).await;
}

async fn exported(bench: &Bench, format: &str) -> String {
    bench.run(&["triage", "export", GATE, "--format", format]).await.exits(0).out
}

fn saved(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let file = bench.dir.path().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

async fn import(bench: &Bench, file: &Path, more: &[&str], code: i32) -> Value {
    bench.json(&[&["triage", "import", GATE, file.to_str().unwrap()], more].concat(), code).await
}

fn len(value: &Value) -> usize {
    value.as_array().unwrap().len()
}

/// What is said of each finding, without who signed it when.
async fn standing(bench: &Bench) -> Vec<Value> {
    let of = |f: &Value| {
        let d = &f["dismissal"]["dismissal"];
        let detail = d["detail"].as_str().unwrap();
        let own = detail.split_once(": ").filter(|_| detail.starts_with("Imported")).map_or(detail, |(_, own)| own);
        json!([f["fingerprint"], d["status"], d["justification"], d["scope"], d["expires"], own])
    };
    let mut all: Vec<Value> = findings(bench, "dismissed").await.iter().map(of).collect();
    all.sort_by_key(ToString::to_string);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_comes_back_elsewhere_and_is_known_at_home() {
    let home = bench().await;
    dismissed(&home).await;
    let said = standing(&home).await;
    assert_eq!(said.len(), 3, "{said:#?}");
    for format in FORMATS {
        let file = saved(&home, &format!("{format}.json"), &exported(&home, format).await);
        let entries = home.entries().await.len();
        let known = import(&home, &file, &["--yes"], 0).await;
        assert_eq!((len(&known["taken"]), len(&known["notTaken"]), len(&known["suggested"])), (0, 0, 0), "{known:#}");
        assert_eq!(home.entries().await.len(), entries, "nothing new");

        let away = bench().await;
        let plan = import(&away, &file, &["--dry-run"], 0).await;
        assert_eq!((&plan["record"], away.entries().await.len()), (&Value::Null, 0), "a dry run signs nothing");
        let done = import(&away, &file, &["--yes"], 0).await;
        assert_eq!(done["taken"], plan["taken"]);
        let left = json!([done["suggested"], done["known"], done["notTaken"]]);
        assert_eq!(left, json!([[], [], []]), "{format}");
        let want: Vec<Value> = match format {
            "sarif" => said.clone(),
            _ => said.iter().filter(|s| s[1] != "false-positive").cloned().collect(),
        };
        assert_eq!(standing(&away).await, want, "{format}");
        let words = &findings(&away, "dismissed").await[0]["dismissal"]["dismissal"]["detail"];
        assert!(words.as_str().unwrap().contains(", said by demo@"), "{words}");
        // And back again: what was said there is what stands here.
        let back = saved(&home, "back.json", &exported(&away, format).await);
        let known = import(&home, &back, &["--yes"], 0).await;
        assert_eq!((len(&known["taken"]), len(&known["known"])), (0, want.len()), "{known:#}");
    }
    let ran = home.run(&["triage", "export", GATE, "--format", "openvex"]).await.exits(0);
    assert!(ran.err.contains("Left out: ") && ran.err.contains("Export it as SARIF."), "{ran:#?}");
    let ran = bench().await.run(&["triage", "export", GATE, "--format", "sarif"]).await.exits(2);
    assert!(ran.out.is_empty() && ran.err.contains("No dismissal of checkout@5.1.0/prod can stand in"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_signed_only_where_somebody_says_so_and_nothing_is_missing() {
    let bench = bench().await;
    let all = findings(&bench, "").await;
    let vulnerable = all.iter().find(|f| len(&f["vulnerabilities"]) > 0).unwrap();
    let (id, purl) = (&vulnerable["vulnerabilities"][0], &vulnerable["package"]["purl"]);
    let of = |id: &Value, status: &str| {
        json!({ "vulnerability": { "name": id }, "status": status, "impact_statement": "Not reachable.",
            "justification": "inline_mitigations", "products": [{ "@id": purl }] })
    };
    let vex = |statements: Value| json!({ "@context": "https://openvex.dev/ns/v0.2.0", "author": "Vendor\u{1b}[31m", "statements": statements });
    let document = vex(json!([of(id, "not_affected"), of(&"CVE-1999-0001".into(), "not_affected"), of(id, "fixed")]));
    let file = saved(&bench, "vendor.json", &document.to_string());
    let path = file.to_str().unwrap();
    let refused = bench.run(&["triage", "import", GATE, path]).await.exits(2);
    assert!(refused.err.contains("--dry-run or --yes"), "{refused:#?}");
    // A justification that nobody knows is none.
    let refused = bench.run(&["triage", "import", GATE, path, "--yes"]).await.exits(2);
    assert!(refused.err.contains("--justification"), "{refused:#?}");
    assert_eq!(bench.entries().await.len(), 0);
    let why = ["--yes", "--justification", "vulnerable_code_not_present"];
    bench.run(&[&["triage", "import", GATE, path, "--readonly"], &why[..]].concat()).await.exits(2);
    let done = import(&bench, &file, &why, 0).await;
    assert_eq!((len(&done["taken"]), len(&done["notTaken"])), (1, 2), "{done:#}");
    let table = bench.run(&["triage", "list"]).await.exits(0).out;
    assert!(table.contains("Imported from OpenVEX, said by Vendor") && !table.contains('\u{1b}'), "{table}");
    let listed = bench.json(&["triage", "list", GATE], 0).await;
    let one = &listed["dismissals"][0];
    assert_eq!((&one["state"], &one["scope"]["environment"]), (&json!("in-force"), &json!("prod")), "{listed:#}");
    assert!(one["expires"].is_string(), "90 days, where the document does not say: {listed:#}");

    let broken = saved(&bench, "broken.json", "{\"runs\": 1");
    bench.run(&["triage", "import", GATE, broken.to_str().unwrap(), "--yes"]).await.exits(13);
    bench.run(&["triage", "import", GATE, "none.json", "--yes"]).await.exits(13);
    bench.run(&["triage", "import", "none@1/prod", path, "--yes"]).await.exits(12);
    bench.run(&["triage", "export", GATE, "--format", "pdf"]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_risk_of_others_needs_an_end() {
    let bench = bench().await;
    let all = findings(&bench, "").await;
    let vulnerable = all.iter().find(|f| len(&f["vulnerabilities"]) > 0).unwrap();
    let component = json!({ "type": "library", "bom-ref": "a", "name": vulnerable["package"]["name"], "purl": vulnerable["package"]["purl"] });
    let analysis = json!({ "state": "exploitable", "response": ["will_not_fix"], "detail": "Small." });
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component],
        "vulnerabilities": [{ "id": vulnerable["vulnerabilities"][0], "analysis": analysis, "affects": [{ "ref": "a" }] }] });
    let file = saved(&bench, "risks.json", &document.to_string());
    let refused = bench.run(&["triage", "import", GATE, file.to_str().unwrap(), "--yes"]).await.exits(2);
    assert!(refused.err.contains("--expires 90d"), "{refused:#?}");
    assert_eq!(bench.entries().await.len(), 0);
    let done = import(&bench, &file, &["--yes", "--expires", "30d"], 0).await;
    assert_eq!((len(&done["taken"]), &done["taken"][0]["status"]), (1, &json!("accepted")), "{done:#}");
}
