//! The ledger as a whole: handed over, proven, checked by a program that is not ours, and found out when it was cut.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::ledger::{Draft, EntryKind, Ledger as _, SqliteLedger};
use serde_json::Value;

use crate::support::house::Ran;
use crate::support::payments::Payments;
use crate::support::programs;

/// The independent verifier, or `None` where what it needs is not on this machine.
fn independent(arguments: &[&str]) -> Option<Ran> {
    let (python, _) = (programs::find("python3")?, programs::find("openssl")?);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/ledger_verify.py");
    Some(Command::new(python).arg(script).args(arguments).output().unwrap().into())
}

/// What it says must be what is expected.
fn agrees(arguments: &[&str], good: bool) {
    if let Some(said) = independent(arguments) {
        assert_eq!(said.code, i32::from(!good), "{arguments:?}: {said:#?}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn comment(it: &Payments, reason: &str) {
    it.bench.run(&["comment", &it.gate, "--reason", reason]).await.exits(0);
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy_all(&entry.path(), &target) } else { drop(fs::copy(entry.path(), target)) }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_verifies_by_itself_and_by_a_program_that_is_not_ours() {
    let it = Payments::new().await;
    it.approve().await.exits(0);
    let dir = it.bench.dir.path().join("export");
    let exported = it.bench.json(&["ledger", "export", text(&dir)], 0).await;
    let size = exported["head"]["size"].as_u64().unwrap();
    assert!(size >= 3 && exported["before"] == 0, "{exported}");
    let earlier = it.bench.dir.path().join("earlier");
    copy_all(&dir, &earlier);

    // No configuration, no home, no network: the folder is enough.
    let empty = tempfile::tempdir().unwrap();
    let alone = |arguments: &[&str]| {
        let mut command = crate::support::house::hermetic(empty.path());
        Ran::from(command.args(["ledger", "check", "--dir"]).args(arguments).output().unwrap())
    };
    alone(&[text(&dir)]).exits(0);
    agrees(&[text(&dir)], true);

    // It goes on where it was.
    for n in 0..3 {
        comment(&it, &format!("seen {n}")).await;
    }
    let exported = it.bench.json(&["ledger", "export", text(&dir)], 0).await;
    assert_eq!(exported["before"], size);
    let trust = earlier.join("trust");
    let said = alone(&[text(&dir), "--anchor", text(&earlier), "--trust", text(&trust)]).exits(0);
    assert!(said.out.contains("1 anchors"), "{said:#?}");
    agrees(&[text(&dir), "--grew-from", text(&earlier)], true);
    agrees(&[text(&earlier), "--grew-from", text(&dir)], false);
    alone(&[text(&earlier), "--anchor", text(&dir)]).exits(11);

    // Each file counts.
    let files = [".", "tile/0", "tile/entries", "bodies"].into_iter().flat_map(|d| find(&dir.join(d)));
    let mut harmed = 0;
    for file in files.filter(|f| !f.ends_with("README")) {
        let good = fs::read(&file).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&file, bad).unwrap();
        alone(&[text(&dir)]).exits(11);
        agrees(&[text(&dir)], false);
        fs::write(&file, good).unwrap();
        harmed += 1;
    }
    assert!(harmed >= 6, "{harmed}");
    alone(&[text(&dir)]).exits(0);
    let keys = fs::read_to_string(dir.join("trust/ledger_keys")).unwrap();
    fs::write(dir.join("trust/ledger_keys"), "").unwrap();
    alone(&[text(&dir)]).exits(11);
    agrees(&[text(&dir)], false);
    fs::write(dir.join("trust/ledger_keys"), keys).unwrap();
}

/// The files right in a folder, and in the folders of tiles that are not full.
fn find(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let part = |p: &PathBuf| p.is_dir() && p.extension().is_some_and(|e| e == "p");
    entries.flat_map(|p| if part(&p) { find(&p) } else { vec![p] }).filter(|p| p.is_file()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_are_checked_by_a_program_that_is_not_ours() {
    let it = Payments::new().await;
    for n in 0..5 {
        comment(&it, &format!("seen {n}")).await;
    }
    let file = it.bench.dir.path().join("proof.json");
    let record = it.bench.entries().await[2]["record"].as_str().unwrap().to_owned();
    for arguments in
        [vec!["1"], vec!["5"], vec![record.as_str()], vec!["--from", "1"], vec!["--from", "4"], vec!["--from", "5"]]
    {
        let proof = it.bench.json(&[&["ledger", "prove"], arguments.as_slice()].concat(), 0).await;
        fs::write(&file, proof.to_string()).unwrap();
        agrees(&["--proof", text(&file)], true);
        // What is changed is not proven.
        for key in ["leaf", "body", "checkpoint", "index", "fromSize", "fromRoot", "proof"] {
            let mut bad = proof.clone();
            match bad.get_mut(key) {
                Some(Value::String(text)) => *text = text.replacen(['1', 'A', 'a'], "2", 1),
                Some(Value::Number(n)) => bad[key] = Value::from(n.as_u64().unwrap() + 1),
                Some(Value::Array(hashes)) => drop(hashes.pop()),
                _ => continue,
            }
            if bad != proof {
                fs::write(&file, bad.to_string()).unwrap();
                if let Some(said) = independent(&["--proof", text(&file)]) {
                    assert_ne!(said.code, 0, "{arguments:?} {key}: {said:#?}");
                }
            }
        }
    }
    it.bench.run(&["ledger", "prove", "11"]).await.exits(2);
    it.bench.run(&["ledger", "prove", "--from", "0"]).await.exits(2);
    it.bench.run(&["ledger", "prove"]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_rolled_back_is_found_by_the_next_decision_of_somebody_who_saw_more() {
    let it = Payments::new().await;
    let home = it.bench.dir.path();
    comment(&it, "first").await;
    let older = tempfile::tempdir().unwrap();
    copy_ledger(home, older.path());
    comment(&it, "second").await;
    comment(&it, "third").await;
    // The decision, as its envelope says it, is the anchor that anybody may have kept.
    let kept = home.join("kept");
    it.bench.run(&["ledger", "show", "5", "--export", text(&kept)]).await.exits(0);
    let envelope = find(&kept).into_iter().find(|p| p.extension().is_some_and(|e| e == "json")).unwrap();
    let checked = it.bench.json(&["ledger", "check", "--anchor", text(&envelope)], 0).await;
    assert_eq!((&checked["seen"], &checked["anchors"]), (&Value::from(3), &Value::from(1)), "{checked}");

    let whole = tempfile::tempdir().unwrap();
    copy_ledger(home, whole.path());
    copy_ledger(older.path(), home);
    it.bench.run(&["ledger", "check"]).await.exits(0);
    let found = it.bench.run(&["ledger", "check", "--anchor", text(&envelope)]).await.exits(11);
    assert!(found.err.contains("has seen 4 entries, and the ledger"), "{found:#?}");

    // The envelope itself comes back into the ledger that was cut: the decision of somebody who saw more.
    let (kind, record, gate, at, body) = {
        let ledger = rusqlite::Connection::open(whole.path().join("ledger.db")).unwrap();
        ledger
            .query_row("SELECT kind, record, gate, at, body FROM entries WHERE seq = 5", [], |r| {
                Ok((
                    r.get::<_, String>(0)?,
                    r.get::<_, String>(1)?,
                    r.get::<_, String>(2)?,
                    r.get::<_, String>(3)?,
                    r.get(4)?,
                ))
            })
            .unwrap()
    };
    let draft = Draft {
        kind: EntryKind::from_word(&kind).unwrap(),
        record: countersign::domain::ids::RecordId::new(record),
        gate: Some(gate),
        at: at.parse().unwrap(),
        body,
    };
    SqliteLedger::open(&home.join("ledger.db")).unwrap().append(&[draft]).unwrap();
    let found = it.bench.run(&["ledger", "check"]).await.exits(11);
    assert!(found.err.contains("was signed over 4 entries, and only 2 are before it"), "{found:#?}");
    let refused = it.bench.run(&["comment", &it.gate, "--reason", "over a cut ledger"]).await.exits(11);
    assert!(refused.err.contains("Nothing is signed over it"), "{refused:#?}");
    // A pipeline that has a copy of it is told the same: what was taken away may have been a rejection.
    let copy = home.join("copy");
    it.bench.run(&["ledger", "export", text(&copy)]).await;
    let trust = home.join("only");
    fs::create_dir(&trust).unwrap();
    fs::copy(home.join("allowed_signers"), trust.join("allowed_signers")).unwrap();
    let verify = ["verify", "--gate", &it.gate, "--env", "prod", "--dir", text(&copy), "--trust", text(&trust)];
    let found = it.bench.run(&verify).await.exits(11);
    assert!(found.err.contains("was signed over 4 entries, and there are only 2 before it"), "{found:#?}");
}

fn copy_ledger(from: &Path, to: &Path) {
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        fs::remove_file(to.join(name)).ok();
        fs::copy(from.join(name), to.join(name)).ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_ledger_keys_is_what_counts() {
    let it = Payments::new().await;
    comment(&it, "first").await;
    let checked = it.bench.json(&["ledger", "check"], 0).await;
    let vkey = checked["keys"][0].as_str().unwrap().to_owned();
    let file = it.bench.dir.path().join("keys");
    fs::write(&file, format!("# the writers\n{vkey}\n")).unwrap();
    it.bench.reconfigure(|config| {
        let trust = config["trust"].as_table_mut().unwrap();
        trust.insert("ledger_keys".into(), "keys".into());
    });
    it.bench.run(&["ledger", "check"]).await.exits(0);
    comment(&it, "second").await;

    fs::write(&file, "# nobody\n").unwrap();
    let found = it.bench.run(&["ledger", "check"]).await.exits(11);
    assert!(found.err.contains("signed by none of the keys"), "{found:#?}");
    let refused = it.bench.run(&["comment", &it.gate, "--reason", "third"]).await.exits(11);
    assert!(refused.err.contains("none of the keys"), "{refused:#?}");
    fs::write(&file, "nonsense\n").unwrap();
    let said = it.bench.run(&["ledger", "check"]).await.exits(2);
    assert!(said.err.contains("keys:1:"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_came_with_an_export_are_said_to_have() {
    let it = Payments::new().await;
    it.approve().await.exits(0);
    let (dir, trust) = (it.bench.dir.path().join("export"), it.bench.dir.path().join("mine"));
    it.bench.run(&["ledger", "export", text(&dir)]).await.exits(0);
    copy_all(&dir.join("trust"), &trust);
    fs::remove_file(trust.join("ledger_keys")).unwrap();
    let check = ["ledger", "check", "--dir", text(&dir), "--trust", text(&trust)];
    let gate = it.gate.as_str();
    let verify = ["verify", "--gate", gate, "--env", "prod", "--service", "payments", "--dir", text(&dir), "--trust"];
    let verify = [&verify, [text(&trust)].as_slice()].concat();
    let says = "came from the export itself";
    for command in [check.as_slice(), &verify] {
        let said = it.bench.run(command).await.exits(0);
        assert!(said.err.contains(says) && said.err.contains("Give --trust"), "{said:#?}");
    }
    fs::copy(dir.join("trust/ledger_keys"), trust.join("ledger_keys")).unwrap();
    for command in [check.as_slice(), &verify] {
        let said = it.bench.run(command).await.exits(0);
        assert!(!said.err.contains(says), "{said:#?}");
    }
    // None anywhere: what is to be mended is the folder of trust, not the ledger's address.
    for keys in [dir.join("trust/ledger_keys"), trust.join("ledger_keys")] {
        fs::remove_file(keys).unwrap();
    }
    for command in [check.as_slice(), &verify] {
        let said = it.bench.run(command).await.exits(2);
        assert!(said.err.contains("Give --trust a folder with a file ledger_keys"), "{said:#?}");
        assert!(!said.err.contains("ledger.url"), "{said:#?}");
    }
}
