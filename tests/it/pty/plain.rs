//! The console line by line: everything is said before a word is asked for, and no error ends it.

use crate::support::house::House;
use crate::support::pty::Pty;

fn plain(house: &House) -> Pty {
    let mut command = house.command();
    command.arg("--plain");
    let terminal = Pty::spawn(&command, 120, 200);
    terminal.sees("payments@1.4.2/prod");
    terminal.sees("> ");
    terminal
}

/// Types a line, and waits for what is said then.
fn types(terminal: &mut Pty, typed: &str, said: &str) {
    let from = terminal.bytes().len();
    terminal.send(&format!("{typed}\n"));
    terminal.heard(said, from);
}

/// Opens a release by its number in the list.
fn open(terminal: &mut Pty, release: &str) {
    let screen = terminal.screen();
    let mut numbers = screen
        .lines()
        .filter_map(|l| l.split_once(". "))
        .filter(|(n, rest)| n.parse::<u8>().is_ok() && rest.starts_with(release));
    let number = numbers.next_back().unwrap().0.to_owned();
    types(terminal, &number, &format!("release: {release}"));
}

#[test]
fn an_approval_is_told_in_full_before_it_is_signed() {
    let house = House::start();
    let mut terminal = plain(&house);
    open(&mut terminal, "payments@1.4.2/prod");
    for wanted in ["instructions: Release payments", "commit: ", "artifact: ", "approvals: 0 of 1", "pull request: 91"]
    {
        terminal.sees(wanted);
    }
    // The gate has inputs: one is asked for, and without one nothing is signed.
    types(&mut terminal, "approve looks good", "1. ship");
    types(&mut terminal, "", "Nothing was signed.");
    types(&mut terminal, "approve looks good", "Type the number of one");
    types(&mut terminal, "1", "Type approve to sign and send it");
    for wanted in [
        "then: It completes what the gate needs and is sent.",
        "signed as: demo@countersign.example as release-manager",
        "key: ssh-ed25519 SHA256:",
        "reason: looks good",
        "input: ship",
        "verdict: ",
        "missing: nothing",
        "This will be sent:",
        "request: PATCH http",
    ] {
        terminal.sees(wanted);
    }
    types(&mut terminal, "approve", "effective: ");
    terminal.send("q\n");
    assert_eq!(terminal.ended().code(), Some(0));
}

#[test]
fn what_is_recorded_says_how_far_it_is_and_an_earlier_one_is_taken_up() {
    let house = House::start();
    let mut terminal = plain(&house);
    open(&mut terminal, "guestbook@0.9.3/prod");
    types(&mut terminal, "approve the first", "Type approve to sign and record it");
    let from = terminal.bytes().len();
    types(&mut terminal, "approve", "recorded, and nothing was sent");
    terminal.heard("approvals: 1 of 2, waits for security\r\nEnvelope ", from);
    // The list comes after it.
    terminal.heard("vault-proxy@1.1.0/prod", from);
    open(&mut terminal, "guestbook@0.9.3/prod");
    types(&mut terminal, "approve the second", "Your earlier decision on this gate was taken up and is settled.");
    terminal.send("q\n");
    assert_eq!(terminal.ended().code(), Some(0));
    let entries = house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().clone();
    assert_eq!(entries.iter().filter(|e| e["kind"] == "decision").count(), 1, "{entries:#?}");
}

#[test]
fn an_error_is_told_and_ends_nothing() {
    let house = House::start();
    let mut terminal = plain(&house);
    let file = house.demo().join("ledger.db");
    let ledger = rusqlite::Connection::open(&file).unwrap();
    ledger.execute_batch("ALTER TABLE entries RENAME TO elsewhere").unwrap();
    types(&mut terminal, "r", "Error: ");
    types(&mut terminal, "l", "Error: ");
    ledger.execute_batch("ALTER TABLE elsewhere RENAME TO entries").unwrap();
    types(&mut terminal, "r", "1. ");
    open(&mut terminal, "payments@1.4.2/prod");
    terminal.send("q\n");
    assert_eq!(terminal.ended().code(), Some(0));
}
