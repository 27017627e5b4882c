//! What cannot be reached is told to people and to scripts.

use countersign::lab::{Fault, FaultKind, Service, World};

use crate::support::bench::Bench;
use crate::support::house::{Ran, hermetic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_is_not_complete_is_exit_4() {
    let bench = Bench::new(World::demo().unwrap()).await;
    assert_eq!(bench.json(&["inbox"], 0).await["complete"], true);
    // A second orchestrator that nobody answers for: what the first one has is printed all the same.
    bench.reconfigure(|config| {
        let mut other = config["connections"]["spinnaker"].clone();
        other["url"] = toml::Value::String("http://127.0.0.1:1/".to_owned());
        config["connections"].as_table_mut().unwrap().insert("other".to_owned(), other);
    });
    let some = bench.json(&["inbox"], 4).await;
    assert!(some["gates"].as_array().unwrap().len() > 5 && some["complete"] == false, "{some:#}");
    assert!(some["shortfalls"][0].as_str().unwrap().starts_with("other: "), "{some:#}");
    let table = bench.run(&["inbox"]).await.exits(4);
    assert!(table.out.contains("payments@1.4.2/prod") && table.err.contains("not complete"), "{table:?}");
    bench.run(&["show", "payments@1.4.2/prod"]).await.exits(0);

    bench.lab.add_fault(Fault::new(Service::Spinnaker, "/applications", FaultKind::Status));
    let none = bench.json(&["inbox"], 4).await;
    assert_eq!((&none["gates"], none["shortfalls"].as_array().unwrap().len()), (&serde_json::json!([]), 2), "{none:#}");
    let table = bench.run(&["inbox"]).await.exits(4);
    assert!(table.out.contains("No gate could be listed."), "{table:?}");
    // Whether there is such a gate is not known.
    bench.run(&["show", "payments@1.4.2/prod"]).await.exits(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_the_command_in_full() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let mut fault = Fault::new(Service::Spinnaker, "/", FaultKind::Status);
    fault.status = Some(401);
    bench.lab.add_fault(fault);
    let checks = bench.json(&["doctor"], 2).await["checks"].clone();
    let found = |what: &str| {
        let check = checks.as_array().unwrap().iter().find(|c| c["what"] == what).unwrap();
        check["found"].as_str().unwrap().to_owned()
    };
    assert!(found("connection spinnaker").contains("`countersign login spinnaker`"), "{checks:#}");
}

#[test]
fn why_the_demo_does_not_start_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let ran = Ran::from(hermetic(dir.path()).arg("demo").arg("--dir").arg(&file).output().unwrap()).exits(2);
    assert_eq!((ran.err.matches("Error:").count(), ran.err.matches("cannot be started").count()), (1, 1), "{ran:?}");
    assert!(!ran.err.contains(".."), "{ran:?}");
}
