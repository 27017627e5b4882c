//! What is new against the release that was approved last, and what was said of findings before.

use countersign::lab::World;
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::pty::Pty;

/// One release of the shop at its gate, with a report of Bandit.
pub fn release(version: &str, number: u32, ago: &str, findings: &[Value]) -> String {
    let report = json!({ "errors": [], "metrics": {}, "results": findings });
    format!(
        r#"
[[run]]
application = "shop"
pipeline = "Deploy to prod"
version = "{version}"
commit = "shop-{version}"
build = {{ job = "team/shop", number = {number} }}
user = "ana"
ago = "{ago}"

[[run.stage]]
name = "Approve for prod"
instructions = "Look."

[[build]]
job = "team/shop"
number = {number}
result = "SUCCESS"
ago = "{ago}"
commit = "shop-{version}"
parameters = {{ VERSION = "{version}" }}
tests = {{ passed = 3 }}
artifacts = [{{ path = "reports/bandit.json", text = '''{report}''' }}]
"#
    )
}

/// A result of Bandit.
pub fn finding(rule: &str, severity: &str, file: &str, line: u32, code: &str) -> Value {
    json!({
        "code": format!("{line} {code}\n"), "filename": file, "issue_confidence": "HIGH", "issue_severity": severity,
        "issue_text": format!("{rule} in {file}"), "issue_cwe": { "id": 78 }, "line_number": line,
        "line_range": [line], "col_offset": 0, "end_col_offset": 9, "more_info": "https://bandit.example.com/rule",
        "test_id": rule, "test_name": rule,
    })
}

/// The shop, as the configuration has it.
pub const SHOP: &str = r#"
[[service]]
name = "shop"
environments = ["prod"]
gate = { from = "spinnaker", application = "shop" }
builds = [{ from = "jenkins" }]
findings = [{ from = "jenkins", artifacts = "reports/**" }]
required = ["builds", "findings:sast"]
"#;

fn world() -> World {
    let shell = |line| finding("B602", "HIGH", "shop/run.py", line, "subprocess.call(x, shell=True)");
    let assert = |line| finding("B101", "LOW", "shop/cart.py", line, "assert cart");
    let password = finding("B105", "LOW", "shop/login.py", 3, "password = 'x'");
    let first = release("1.0", 10, "3h", &[shell(12), assert(5), password]);
    // Two of them, further down, and one that is new.
    let pickle = finding("B301", "LOW", "shop/store.py", 8, "pickle.loads(data)");
    let second = release("1.1", 11, "1h", &[shell(40), assert(9), pickle]);
    World::parse(&[("service", SHOP), ("first", &first), ("second", &second)]).unwrap()
}

const FIRST: &str = "shop@1.0/prod";
const SECOND: &str = "shop@1.1/prod";
const WHY: &str = "the command is a constant of the build";

async fn findings(bench: &Bench, release: &str) -> Vec<(String, String)> {
    let listed = bench.json(&["findings", release], 0).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> =
        listed["findings"].as_array().unwrap().iter().map(|f| (text(&f["rule"]), text(&f["novelty"]))).collect();
    all.sort();
    all
}

fn rules(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(rule, novelty)| ((*rule).to_owned(), (*novelty).to_owned())).collect()
}

/// The first release is approved, its high finding dismissed as a false positive.
async fn approve_the_first(bench: &Bench) {
    let high = bench.json(&["findings", FIRST, "--query", "sev>=high"], 0).await;
    let fingerprint = high["findings"][0]["fingerprint"].as_str().unwrap();
    bench.run(&["approve", FIRST, "--reason", "good", "--yes"]).await.exits(3);
    bench.run(&["dismiss", FIRST, fingerprint, "--as", "false-positive", "--reason", WHY]).await.exits(0);
    bench.run(&["approve", FIRST, "--reason", "good", "--yes"]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_release_is_compared_with_the_one_that_was_approved() {
    let bench = Bench::new(world()).await;
    let unknown = [("B101", "unknown"), ("B301", "unknown"), ("B602", "unknown")];
    assert_eq!(findings(&bench, SECOND).await, rules(&unknown));
    let before = bench.json(&["inbox"], 0).await;
    assert!(before["gates"].as_array().unwrap().iter().all(|g| g["findings"]["new"].is_null()), "{before:#}");
    let shown = bench.run(&["show", SECOND]).await.exits(0).out;
    assert!(shown.contains(", new: not known, 0 dismissed"), "{shown}");
    let listed = bench.json(&["findings", SECOND], 0).await;
    for known in ["new", "fixed", "unchanged", "unseen", "since"] {
        assert!(listed[known].is_null() && listed.get(known).is_some(), "{known}: {listed:#}");
    }
    assert_eq!(listed["notCompared"], "The last approved release is not known.");
    approve_the_first(&bench).await;

    assert_eq!(findings(&bench, SECOND).await, rules(&[("B101", "known"), ("B301", "new"), ("B602", "known")]));
    let shown = bench.json(&["show", SECOND], 0).await;
    let gate = &shown["gate"];
    assert_eq!((&gate["findings"]["new"], &gate["findings"]["dismissed"]), (&json!(1), &json!(1)));
    // The high one is dismissed: it is neither new nor unchanged among the open ones.
    let listed = bench.json(&["findings", SECOND], 0).await;
    for (name, number) in [("new", 1), ("fixed", 1), ("unchanged", 1), ("unseen", 0)] {
        assert_eq!(listed[name], number, "{name}: {listed:#}");
        assert_eq!(gate["findings"][name], number, "{name}: {gate:#}");
    }
    assert_eq!((&listed["since"], &listed["notCompared"]), (&json!("1.0"), &Value::Null));
    let fixed = bench.json(&["findings", SECOND, "--query", "fixed"], 0).await;
    let rules: Vec<_> = fixed["findings"].as_array().unwrap().iter().map(|f| (&f["rule"], &f["novelty"])).collect();
    assert_eq!(rules, [(&json!("B105"), &json!("fixed"))]);
    let inbox = bench.json(&["inbox"], 0).await;
    assert_eq!(inbox["gates"][0]["short"], SECOND);
    assert_eq!(inbox["gates"][0]["findings"]["new"], 1);
    let shown = bench.run(&["show", SECOND]).await.exits(0).out;
    assert!(shown.contains("Compared to shop@1.0/prod (approved, in the ledger)"), "{shown}");
    assert!(shown.contains("1 new, 1 fixed, 1 unchanged since 1.0"), "{shown}");
    let line = |rule: &str| {
        let line = shown.lines().find(|l| l.contains(&format!(" {rule} "))).unwrap();
        line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("B301")[2], "new");
    assert_eq!(line("B101")[2], "known");
    assert_eq!(line("B602")[2..4], ["known", "false-positive"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dismissal_goes_on_to_the_next_release_with_its_reasons() {
    let bench = Bench::new(world()).await;
    approve_the_first(&bench).await;
    let dismissed = bench.json(&["findings", SECOND, "--query", "dismissed"], 0).await;
    let found = &dismissed["findings"][0];
    assert_eq!((&found["rule"], &found["location"]["line"]), (&json!("B602"), &json!(40)), "{dismissed:#}");
    assert_eq!(found["dismissal"]["dismissal"]["detail"], WHY, "{dismissed:#}");
    assert_eq!(found["dismissal"]["dismissal"]["subject"]["place"], "shop/run.py:12", "{found:#}");
    // The second release needs no word about it any more.
    let command = bench.command(&[]);
    let looked = tokio::task::spawn_blocking(move || {
        let mut terminal = Pty::spawn(&command, 100, 40);
        terminal.sees(SECOND);
        terminal.press("\r", " digest ");
        terminal.press("4", "4 FINDINGS");
        terminal.press("G", "▸  dismissed");
        terminal.press("\r", "B602 in shop/run.py");
        terminal.sees(WHY);
        terminal.send("\x03");
        terminal.ended().code()
    });
    assert_eq!(looked.await.unwrap(), Some(0));
    bench.run(&["approve", SECOND, "--reason", "good", "--yes"]).await.exits(0);
}
