//! On a terminal the plan is shown and asked about, and only the word is a yes.

use countersign::lab::{Service, World};

use super::dismiss;
use crate::support::bench::Bench;
use crate::support::pty::Pty;

const GATE: &str = "ledger-api@1.9.0/prod";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_word_sends_what_was_shown() {
    let bench = Bench::new(World::demo().unwrap()).await;
    dismiss(&bench, GATE, "rule:B324", &["--as", "false-positive"]).await;
    let writes = || {
        let all = bench.lab.requests();
        all.iter().filter(|r| matches!(r.service, Service::Defectdojo | Service::Github) && r.method != "GET").count()
    };
    for (word, code, sent) in [("yes", 2, 0), ("push", 0, 2)] {
        let command = bench.command(&["triage", "push", GATE]);
        let ended = tokio::task::spawn_blocking(move || {
            let mut terminal = Pty::spawn(&command, 200, 50);
            for wanted in [
                "dojo: finding 3 (Use of weak MD5 hash",
                "from open to closed as a false positive",
                "github: code-scanning alert 11 (B324) from open to dismissed as false positive",
                "request  PATCH http",
                "Type push to go on",
            ] {
                terminal.sees(wanted);
            }
            terminal.send(&format!("{word}\n"));
            terminal.ended()
        });
        assert_eq!((ended.await.unwrap().code(), writes()), (Some(code), sent), "{word}");
    }
}
