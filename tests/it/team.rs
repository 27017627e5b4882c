//! Two approvers with homes of their own over one ledger in PostgreSQL.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::support::bench::{command, finish};
use crate::support::house::Ran;
use crate::support::payments::Payments;
use crate::support::postgres::Server;

/// The demo world over a ledger in PostgreSQL, and a second home with a ledger key of its own.
struct Team {
    payments: Payments,
    server: Arc<Server>,
    database: String,
    other: tempfile::TempDir,
    config: PathBuf,
}

impl Team {
    async fn new() -> Option<Self> {
        let server = Server::shared()?;
        let payments = Payments::new().await;
        let database = server.database();
        let word = payments.bench.dir.path().join("password");
        std::fs::write(&word, &server.password).unwrap();
        std::fs::set_permissions(&word, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        payments.bench.reconfigure(|config| {
            let ledger = config["ledger"].as_table_mut().unwrap();
            ledger.insert("url".to_owned(), server.url("owner", &database).into());
            let file = toml::Table::from_iter([("file".to_owned(), word.to_str().unwrap().into())]);
            ledger.insert("password".to_owned(), file.into());
        });
        let other = tempfile::Builder::new().prefix("cs-").tempdir().unwrap();
        let config = payments.bench.home.config.clone();
        Some(Self { payments, server, database, other, config })
    }

    /// Runs the program in the second home.
    async fn elsewhere(&self, arguments: &[&str]) -> Ran {
        finish(command(self.other.path(), &self.config, arguments)).await
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_home_decides_the_other_sees_and_both_can_show_the_evidence() {
    let Some(team) = Team::new().await else { return };
    team.payments.approve().await.exits(0);
    let list: Value = team.elsewhere(&["ledger", "list", "--output", "json"]).await.exits(0).json();
    let entries = list["entries"].as_array().unwrap();
    assert!(entries.iter().any(|e| e["what"].as_str().unwrap().starts_with("effective")), "{entries:#?}");
    assert!(list["location"].as_str().unwrap().starts_with("postgres://owner@127.0.0.1"), "{list}");
    team.elsewhere(&["ledger", "check"]).await.exits(0);
    // Decided once, it is no longer open for anybody.
    team.elsewhere(&["approve", &team.payments.gate, "--reason", "again", "--yes"]).await.exits(12);
    assert_ne!(team.sql("SELECT count(*) FROM countersign.evidence"), "0");
    // The second home writes under a key of its own.
    team.elsewhere(&["comment", &team.payments.gate, "--reason", "seen"]).await.exits(0);
    assert_eq!(team.sql("SELECT count(*) FROM countersign.keys"), "2");
    team.payments.bench.run(&["ledger", "check"]).await.exits(0);
    let told = format!("{:?}", team.elsewhere(&["doctor"]).await)
        + &format!("{:?}", team.elsewhere(&["config", "print"]).await);
    assert!(!told.contains(&team.server.password), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_dump_is_found_by_what_a_later_decision_has_seen() {
    let Some(team) = Team::new().await else { return };
    let dump = || {
        let out = team.server.tool("pg_dump", &["-Fc", "-d", &team.database]).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        let file = team.other.path().join("dump");
        std::fs::write(&file, out.stdout).unwrap();
        file
    };
    let comment = async |reason: &str| {
        team.elsewhere(&["comment", &team.payments.gate, "--reason", reason]).await.exits(0);
    };
    comment("one").await;
    let old = dump();
    comment("two").await;
    comment("three").await;
    let entry: Value = team.elsewhere(&["ledger", "list", "--output", "json"]).await.exits(0).json();
    let last = entry["entries"].as_array().unwrap().iter().rev().find(|e| e["kind"] == "decision").unwrap().clone();
    let kept = team.other.path().join("kept");
    let seq = last["seq"].to_string();
    team.elsewhere(&["ledger", "show", &seq, "--export", kept.to_str().unwrap()]).await.exits(0);
    let envelope = kept.join(format!("{}.json", last["record"].as_str().unwrap()));
    assert!(envelope.is_file());
    team.sql("DROP SCHEMA countersign CASCADE");
    let restored = team.server.tool("pg_restore", &["-d", &team.database, old.to_str().unwrap()]).output().unwrap();
    assert!(restored.status.success(), "{restored:?}");
    // By itself it is whole, and by the decision that somebody kept it is not.
    team.elsewhere(&["ledger", "check"]).await.exits(0);
    let ran = team.elsewhere(&["ledger", "check", "--anchor", envelope.to_str().unwrap()]).await.exits(11);
    assert!(ran.err.contains("entries"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_out_of_reach_stops_decisions_and_says_what_to_do() {
    let Some(team) = Team::new().await else { return };
    team.payments.bench.reconfigure(|config| {
        let ledger = config["ledger"].as_table_mut().unwrap();
        ledger.insert("url".to_owned(), "postgres://owner@127.0.0.1:1/none".into());
    });
    let ran = team.payments.approve().await;
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("cannot be reached") && ran.err.contains("postgres://owner@127.0.0.1:1/none"), "{ran:?}");
    assert_eq!(team.payments.patches().0, 0);
    let doctor = team.payments.bench.run(&["doctor"]).await.exits(2);
    assert!(doctor.out.contains("cannot be reached"), "{doctor:?}");
}
