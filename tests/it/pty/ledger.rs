//! The ledger on the screen: what was approved is there, can be opened, and all of it checked.

use crate::support::house::House;
use crate::support::pty::Pty;
use crate::support::terminal_bytes::complaints;

const RELEASE: &str = "payments@1.4.2/prod";

fn approved() -> House {
    let house = House::start();
    house.run(&["approve", RELEASE, "--reason", "looks good \u{1b}[2J\u{202e}evil", "--yes"]).exits(0);
    house
}

/// The console; what was approved waits no more.
fn console(house: &House, width: u16, height: u16) -> Pty {
    let terminal = Pty::spawn(&house.command(), width, height);
    terminal.sees("catalog@2.7.0/prod");
    terminal
}

#[test]
fn what_was_approved_is_seen_opened_and_checked() {
    let house = approved();
    let envelope = house.json(&["ledger", "list"], 0)["entries"]
        .as_array()
        .and_then(|entries| Some(entries.iter().find(|e| e["kind"] == "decision")?["digest"].as_str()?.to_owned()))
        .unwrap();
    for (width, height) in [(80, 24), (120, 40)] {
        let mut terminal = console(&house, width, height);
        terminal.press("L", "Countersign  ledger: 1 record");
        terminal.sees("✓ whole: every entry fits its hash");
        terminal.wait("the record", |s| {
            let row = s.contents().lines().find(|l| l.contains(RELEASE) && l.contains("approve")).map(str::to_owned);
            row.is_some_and(|row| row.contains("✓ effective") && row.contains("✓ verified"))
        });
        terminal.sees("<U+001B>[2J<U+202E>evil");
        terminal.press("\r", "✓ verified: signed by ");
        terminal.sees(&envelope);
        terminal.press("G", "\"subject\": [");
        terminal.press("\x1b", "Countersign  ledger: 1 record");
        terminal.press("v", "signatures verify.");
        terminal.press("\x1b", "enter open");
        terminal.press("/", "filter: ");
        terminal.send("verb:reject");
        terminal.sees("No record fits the filter.");
        terminal.press("\x1b", "✓ effective");
        terminal.press("\x1b", "Countersign  inbox");
        terminal.send("q");
        assert_eq!(terminal.ended().code(), Some(0));
        terminal.is_as_before();
        assert_eq!(complaints(&terminal.bytes()), Vec::<String>::new(), "{width}x{height}");
    }
}

#[test]
fn a_ledger_that_was_changed_is_never_shown_as_verified() {
    let house = approved();
    let path = house.demo().join("ledger.db");
    let harm = "DROP TRIGGER IF EXISTS entries_no_update; UPDATE entries SET at = '2026-01-01T00:00:00Z' WHERE seq = 1";
    rusqlite::Connection::open(path).unwrap().execute_batch(harm).unwrap();
    let mut terminal = console(&house, 80, 24);
    terminal.press("L", "✗ UNSOUND, nothing in it counts: Entry 1");
    terminal.sees("✗ NOT verified");
    assert!(!terminal.screen().contains("✓ verified"), "{}", terminal.screen());
    terminal.press("\r", "tab next record");
    terminal.sees("claims to be by");
    terminal.press("\x1b", "enter open");
    terminal.press("v", "wrong:");
    terminal.sees("Entry 1");
    assert!(!terminal.screen().contains("signatures verify."), "{}", terminal.screen());
    terminal.send("\x03");
    terminal.ended();
}

#[test]
fn the_ledger_can_be_looked_through_line_by_line() {
    let house = approved();
    let mut command = house.command();
    command.arg("--plain");
    let mut terminal = Pty::spawn(&command, 120, 400);
    terminal.wait("the prompt", |s| s.contents().ends_with("> "));
    let from = terminal.bytes().len();
    terminal.send("l\n");
    terminal.heard("1. approve payments@1.4.2/prod", from);
    terminal.heard("signature: verified", from);
    terminal.send("1\n");
    terminal.heard("state: verified: signed by", from);
    terminal.heard("reason: looks good <U+001B>[2J<U+202E>evil", from);
    terminal.send("v\n");
    terminal.heard("signatures verify.", from);
    terminal.send("q\n");
    assert_eq!(terminal.ended().code(), Some(0));
    assert_eq!(complaints(&terminal.bytes()), Vec::<String>::new());
}
