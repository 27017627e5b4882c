//! Text that would command the terminal, on every screen that shows it: all bytes are looked at.

use crate::support::house::House;
use crate::support::pty::Pty;
use crate::support::terminal_bytes::complaints;

const HOSTILE: &str = "guestbook@0.9.3/prod";

/// Goes through everything that shows text from outside, and back to the inbox.
fn walk(terminal: &mut Pty) {
    super::open(terminal, HOSTILE);
    terminal.sees("<U+001B>[2J");
    // The instructions stand at the end.
    terminal.press("G", "instructions");
    terminal.press("2", "2 BUILDS");
    terminal.sees("<U+0007>");
    terminal.press("3", "3 TICKETS");
    terminal.sees("<U+202E>gnihsilbup");
    terminal.press("j", "A title without end A title without end");
    terminal.press("5", "5 CHANGES");
    terminal.sees("]8;;http://evil.example");
    terminal.press("G", "word word word");
    terminal.press("6", "6 APPROVALS");
    terminal.press("4", "4 FINDINGS");
    terminal.press("G", "▸  low       ?     B105");
    terminal.press("g\r", "rule           B703");
    terminal.sees("<U+202E>elbissop<U+202C>");
    terminal.press("G", "more characters]");
    terminal.press("d", "dismiss a finding");
    terminal.sees("[> Cancel <]");
    terminal.press("\r", "Recognised by");
    terminal.press("\x1b", "  severity  new");
    terminal.send(" ");
    terminal.press("x", "reject guestbook@0.9.3/prod");
    terminal.sees("[> Cancel <]");
    terminal.send("\r");
    terminal.wait("the form is closed", |s| !s.contents().contains("[> Cancel <]"));
    terminal.sees("1 marked");
    // Alone: with a key right behind it, it would be that key with Alt.
    terminal.send("\x1b");
    terminal.wait("nothing is marked", |s| !s.contents().contains("1 marked"));
    terminal.press("1", "1 OVERVIEW");
    terminal.press("\x1b", "Countersign  inbox");
    // Reasons that others signed, in the list and in full.
    terminal.press("L", "Countersign  ledger: 1 record");
    terminal.sees("<U+001B>]52;c;aGk=<U+0007>");
    terminal.press("\r", "What it says");
    terminal.press("G", "}");
    terminal.press("\x1b", "Countersign  ledger: 1 record");
    terminal.press("\x1b", "Countersign  inbox");
}

#[test]
fn hostile_text_commands_nothing_on_any_screen() {
    let house = House::start();
    let reason = "seen \u{1b}]52;c;aGk=\u{7} \u{202e}evil \u{9b}31m";
    house.run(&["comment", HOSTILE, "--reason", reason, "--yes"]).exits(0);
    for (width, height) in [(120, 40), (80, 24)] {
        let mut terminal = super::console(&house, width, height);
        walk(&mut terminal);
        terminal.send("q");
        assert_eq!(terminal.ended().code(), Some(0));
        terminal.is_as_before();
        let bytes = terminal.bytes();
        assert_eq!(complaints(&bytes), Vec::<String>::new(), "{width}x{height}");
        assert!(bytes.len() < 2_000_000, "{width}x{height}: {} bytes for a walk", bytes.len());
    }
}

#[test]
fn hostile_text_commands_nothing_without_full_screen_drawing() {
    let house = House::start();
    let mut command = house.command();
    command.arg("--plain");
    let mut terminal = Pty::spawn(&command, 120, 400);
    terminal.wait("the prompt", |s| s.contents().ends_with("> "));
    let inbox = terminal.screen();
    let listed = inbox.lines().find_map(|l| l.strip_suffix(HOSTILE)?.strip_suffix(". "));
    let number = listed.unwrap_or_else(|| panic!("not listed: {inbox}"));
    let from = terminal.bytes().len();
    terminal.send(&format!("{number}\n"));
    terminal.heard("<U+001B>[2J", from);
    terminal.heard("> ", from);
    terminal.send("q\n");
    assert_eq!(terminal.ended().code(), Some(0));
    assert_eq!(complaints(&terminal.bytes()), Vec::<String>::new());
}
