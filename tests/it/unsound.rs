//! A ledger that is not whole: nothing is signed over it, and whoever looks is told.

use crate::support::payments::Payments;

const DROP: &str = "DROP TRIGGER IF EXISTS entries_no_update; DROP TRIGGER IF EXISTS entries_no_delete;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_signed_over_a_ledger_that_is_not_whole() {
    for harm in ["DELETE FROM entries WHERE seq = 2", "UPDATE entries SET at = '2026-01-01T00:00:00Z' WHERE seq = 2"] {
        let it = Payments::new().await;
        let other = "ledger-api@1.9.0/prod";
        let found = it.bench.json(&["findings", other, "--query", "sev>=high"], 0).await;
        let finding = found["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
        let dismiss = ["dismiss", other, &finding, "--as", "false-positive", "--reason", "a constant"];
        it.bench.run(&dismiss).await.exits(0);
        it.bench.run(&["comment", &it.gate, "--reason", "seen"]).await.exits(0);
        let before = it.bench.entries().await.len();
        it.tamper(&format!("{DROP} {harm}"));

        for verb in ["approve", "reject", "halt", "comment"] {
            let refused = it.decide(verb).await.exits(11);
            for words in ["Entry 2 of the ledger", "countersign ledger check"] {
                assert!(refused.err.contains(words), "{harm}, {verb}: {refused:#?}");
            }
        }
        it.bench.run(&dismiss).await.exits(11);
        it.verify().await.exits(11);
        assert_eq!(it.patches(), (0, 0), "{harm}");
        let after = it.bench.json(&["ledger", "list"], 11).await["entries"].as_array().unwrap().len();
        assert_eq!(after, before - usize::from(harm.starts_with("DELETE")), "{harm}: nothing was written");

        for looks in [&["inbox"][..], &["show", other], &["findings", other]] {
            let said = it.bench.run(looks).await.exits(0);
            assert!(said.err.contains("Dismissals do not count, and decisions"), "{harm}, {looks:?}: {said:#?}");
        }
        let dismissed = it.bench.json(&["findings", other, "--query", "dismissed"], 0).await;
        assert_eq!(dismissed["findings"].as_array().unwrap().len(), 0, "{harm}");
        let doctor = it.bench.run(&["doctor"]).await.exits(2);
        assert!(doctor.out.lines().any(|l| l.starts_with("BAD") && l.contains("ledger")), "{harm}: {doctor:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_not_what_was_appended_does_not_verify_whoever_looks() {
    let it = Payments::new().await;
    for reason in ["seen", "seen again", "seen at last"] {
        it.bench.run(&["comment", &it.gate, "--reason", reason]).await.exits(0);
    }
    let shown = it.bench.run(&["ledger", "show", "2"]).await.exits(0);
    assert!(shown.out.contains("Verified: signed by"), "{shown:#?}");
    // A time that was changed could bring an expired key back; a body, anything.
    for harm in ["at = '2026-01-01T00:00:00Z'", "body = x'7b7d'"] {
        it.tamper(&format!("{DROP} UPDATE entries SET {harm} WHERE seq = 2"));
        for looks in [&["ledger", "list"][..], &["ledger", "show", "1"], &["ledger", "show", "2"], &["ledger", "check"]]
        {
            let said = it.bench.run(looks).await.exits(11);
            assert!(said.err.contains("Entry 2 of the ledger"), "{harm}, {looks:?}: {said:#?}");
            assert!(!said.out.contains("Verified: signed by"), "{harm}, {looks:?}: {said:#?}");
        }
    }
}
