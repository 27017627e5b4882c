//! What approvers said of findings, at the commands: together only where that fits.

use countersign::lab::World;
use serde_json::{Value, json};

use crate::novelty::{SHOP, finding, release};
use crate::support::bench::{Bench, finish};
use crate::support::house::Ran;

async fn findings(bench: &Bench, gate: &str, query: &str) -> Vec<Value> {
    bench.json(&["findings", gate, "--query", query], 0).await["findings"].as_array().unwrap().clone()
}

fn print(finding: &Value) -> &str {
    finding["fingerprint"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_are_dismissed_together_only_if_they_are_alike() {
    let (one, two, other) = (
        finding("B101", "LOW", "shop/cart.py", 5, "assert cart"),
        finding("B101", "LOW", "shop/cart.py", 9, "assert cart.owner"),
        finding("B301", "LOW", "shop/store.py", 8, "pickle.loads(data)"),
    );
    let world = World::parse(&[("service", SHOP), ("release", &release("1.0", 10, "3h", &[one, two, other]))]).unwrap();
    let bench = Bench::new(world).await;
    let gate = "shop@1.0/prod";
    let all = findings(&bench, gate, "").await;
    let dismiss = |which: &[&str]| {
        let prints = all.iter().filter(|f| which.contains(&f["rule"].as_str().unwrap())).map(print);
        let words = ["--as", "false-positive", "--reason", "not ours"];
        ["dismiss", gate].into_iter().chain(prints).chain(words).map(str::to_owned).collect::<Vec<_>>()
    };
    let words = dismiss(&["B101", "B301"]);
    let refused = bench.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await.exits(2);
    for says in ["share neither a rule nor a component", "Dismiss them in parts", "B101: ", "B301: "] {
        assert!(refused.err.contains(says), "{says}: {refused:#?}");
    }
    assert_eq!(bench.entries().await.len(), 0);
    // Of one rule, each has a record of its own.
    let words = dismiss(&["B101"]);
    let done = bench.json(&words.iter().map(String::as_str).collect::<Vec<_>>(), 0).await;
    assert_eq!(done["findings"].as_array().unwrap().len(), 2, "{done:#}");
    let listed = bench.json(&["triage", "list", gate], 0).await;
    let states: Vec<&Value> = listed["dismissals"].as_array().unwrap().iter().map(|d| &d["state"]).collect();
    assert_eq!(states, [&json!("in-force"); 2], "{listed:#}");
}

const BEFORE: &str = "ledger-api@1.9.0/prod";
const AFTER: &str = "ledger-api@1.9.1/staging";

/// All of the release before, each with a reason of its own.
async fn dismiss_all(bench: &Bench, scope: &str) {
    for finding in findings(bench, BEFORE, "class:sast").await {
        let why = format!("{} was looked at", finding["rule"].as_str().unwrap());
        let words = ["--as", "false-positive", "--reason", &why, "--scope", scope];
        bench.run(&[&["dismiss", BEFORE, print(&finding)], &words[..]].concat()).await.exits(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dismissal_holds_in_the_next_release_and_only_where_it_is_sure() {
    let bench = Bench::new(World::demo().unwrap()).await;
    dismiss_all(&bench, "service").await;
    let before = findings(&bench, BEFORE, "").await;
    let after = findings(&bench, AFTER, "").await;
    let of = |all: &[Value], rule: &str| all.iter().find(|f| f["rule"] == rule).unwrap().clone();
    // Another line: it holds, with its reasons.
    let (then, now) = (of(&before, "B324"), of(&after, "B324"));
    assert_ne!(then["location"]["line"], now["location"]["line"]);
    assert_eq!(now["dismissal"]["dismissal"]["detail"], "B324 was looked at", "{now:#}");
    // A renamed file: suggested, and open.
    let (then, now) = (of(&before, "B101"), of(&after, "B101"));
    assert_ne!(then["location"]["path"], now["location"]["path"]);
    assert_eq!((&now["open"], &now["suggestion"]["lapse"]), (&json!(true), &json!("weak-match")), "{now:#}");
    assert_eq!(now["suggestion"]["carried"]["dismissal"]["detail"], "B101 was looked at");
    // Worse than it was: open again.
    let (then, now) = (of(&before, "B311"), of(&after, "B311"));
    assert_eq!((&then["severity"], &now["severity"]), (&json!("low"), &json!("medium")));
    assert_eq!((&now["open"], &now["suggestion"]["lapse"]), (&json!(true), &json!("severity-rose")), "{now:#}");
    let gate = &bench.json(&["show", AFTER], 0).await["gate"]["findings"];
    assert_eq!((&gate["dismissed"], &gate["low"], &gate["medium"]), (&json!(1), &json!(2), &json!(1)), "{gate:#}");
    let table = bench.run(&["findings", AFTER]).await.exits(0).out;
    for says in
        ["only the rule and the place agree", "the severity has risen since", "Dismissals that match nothing here:"]
    {
        assert!(table.contains(says), "{says}: {table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_become_of_each_dismissal_is_listed() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let none = bench.json(&["show", AFTER], 0).await;
    assert_eq!(none["dossier"]["staleDismissals"], json!([]));
    dismiss_all(&bench, "service").await;
    let states = async |arguments: &[&str]| {
        let listed = bench.json(&[&["triage", "list"], arguments].concat(), 0).await;
        let of = |d: &Value| format!("{} {}", d["subject"]["rule"].as_str().unwrap(), d["state"].as_str().unwrap());
        let mut all: Vec<String> = listed["dismissals"].as_array().unwrap().iter().map(of).collect();
        all.sort();
        (all, listed)
    };
    let (after, listed) = states(&[AFTER]).await;
    assert_eq!(after, ["B101 lapsed", "B311 lapsed", "B324 in-force", "B404 stale"], "{listed:#}");
    assert_eq!(listed["lookedAt"], json!([AFTER]));
    let (all, listed) = states(&[]).await;
    assert_eq!(all, ["B101 in-force", "B311 in-force", "B324 in-force", "B404 in-force"], "{listed:#}");
    assert_eq!(states(&["--service", "payments"]).await.0, Vec::<String>::new());
    bench.run(&["triage", "list", "--service", "nope"]).await.exits(2);
    let shown = bench.json(&["show", AFTER], 0).await;
    let stale = shown["dossier"]["staleDismissals"].as_array().unwrap();
    assert_eq!((stale.len(), &stale[0]["subject"]["rule"]), (1, &json!("B404")), "{stale:#?}");
    assert_eq!(bench.json(&["findings", AFTER], 0).await["staleDismissals"][0]["subject"]["rule"], "B404");
    let table = bench.run(&["triage", "list", AFTER]).await.exits(0).out;
    for says in [
        "It matches nothing in ledger-api@1.9.1/staging.",
        "It is only suggested in ledger-api@1.9.1/staging: the severity has risen since.",
        "4 dismissals: 1 in force, 2 lapsed, 1 stale. Told of the findings of ledger-api@1.9.1/staging.",
    ] {
        assert!(table.contains(says), "{says}: {table}");
    }
}

/// As [`Bench::run`], as another person.
async fn run_as(bench: &Bench, name: &str, arguments: &[&str]) -> Ran {
    let mut command = bench.command(arguments);
    command.env("COUNTERSIGN__SIGNER__KEY", bench.dir.path().join(format!("{name}_key")));
    finish(command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_two_people_are_needed_the_second_one_puts_it_in_force() {
    let bench = Bench::new(World::demo().unwrap()).await;
    bench.reconfigure(|config| {
        let services = config["service"].as_array_mut().unwrap();
        let service = services.iter_mut().find(|s| s["name"].as_str() == Some("ledger-api")).unwrap();
        let two = toml::toml! { people = 2
        from = "high" };
        service.as_table_mut().unwrap().insert("dismissals".to_owned(), two.into());
    });
    let all = findings(&bench, BEFORE, "class:sast").await;
    let of = |rule: &str| print(all.iter().find(|f| f["rule"] == rule).unwrap()).to_owned();
    let (high, low) = (of("B324"), of("B101"));
    let run = async |name: &str, finding: &str, status: &str, code: i32| {
        let words = ["--expires", "30d", "--reason", "looked at", "--output", "json"];
        let arguments = [&["dismiss", BEFORE, finding, "--as", status], &words[..]].concat();
        run_as(&bench, name, &arguments).await.exits(code).json()
    };
    // A low one takes one person.
    assert_eq!(run("demo", &low, "false-positive", 0).await["open"], json!([]));
    let first = run("demo", &high, "false-positive", 10).await;
    assert_eq!(first["open"][0]["lapse"], "waits-for-second", "{first:#}");
    let standing = async || {
        let now = findings(&bench, BEFORE, "class:sast").await;
        now.into_iter().find(|f| f["rule"] == "B324").unwrap()
    };
    let waits = standing().await;
    assert_eq!((&waits["open"], &waits["suggestion"]["lapse"]), (&json!(true), &json!("waits-for-second")));
    assert_eq!(waits["suggestion"]["carried"]["dismissal"]["principal"], "demo@countersign.example");
    // The same person is no second one, and another status is not the same.
    run("demo", &high, "false-positive", 10).await;
    run("sam", &high, "accepted", 10).await;
    assert_eq!(standing().await["open"], true);
    run("sam", &high, "false-positive", 0).await;
    let holds = standing().await;
    assert_eq!(
        (&holds["open"], &holds["dismissal"]["dismissal"]["principal"]),
        (&json!(false), &json!("sam@countersign.example"))
    );
    bench.run(&["approve", BEFORE, "--reason", "good", "--yes"]).await.exits(0);
}
