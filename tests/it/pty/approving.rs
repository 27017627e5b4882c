//! A decision by keys alone, in the smallest common terminal.

use crate::support::house::House;
use crate::support::terminal_bytes::complaints;

#[test]
fn a_clean_release_is_approved_by_keys() {
    let house = House::start();
    let mut terminal = super::console(&house, 80, 24);
    super::open(&mut terminal, "payments@1.4.2/prod");
    terminal.press("a", "[> Cancel <]");
    terminal.press("\t\tlooks good", "looks good");
    terminal.press("\t\t\t", "[> Review <]");
    // Everything is read again, and Cancel has the focus again: another Enter would send nothing.
    terminal.press("\r", "[> Cancel <]   [  Sign and send  ]");
    terminal.sees("PATCH");
    terminal.press("\t", "[> Sign and send <]");
    terminal.press("\r", "✓ effective");
    terminal.sees("[> Close <]");
    terminal.press("\r", "6 approvals");
    terminal.sees("1 of 1 approvals");
    terminal.press("6", "6 APPROVALS");
    terminal.wait("the decision", |s| {
        let screen = s.contents();
        let line = screen.lines().find(|l| l.contains("approve ") && l.contains("effective"));
        line.is_some() && !screen.contains("There are no approvals here")
    });
    terminal.send("\x03");
    assert_eq!(terminal.ended().code(), Some(0));
    terminal.is_as_before();
    assert_eq!(complaints(&terminal.bytes()), Vec::<String>::new());

    let ledger = house.json(&["ledger", "list"], 0);
    let entries = ledger["entries"].as_array().unwrap();
    let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).count();
    assert_eq!((of("decision"), of("intent")), (1, 1), "{entries:#?}");
    let last = entries.iter().rfind(|e| e["kind"] == "receipt").unwrap();
    assert!(last["what"].as_str().unwrap().starts_with("effective"), "{entries:#?}");
    house.run(&["ledger", "check"]).exits(0);
    house.run(&["approve", "payments@1.4.2/prod", "--reason", "once more", "--yes"]).exits(12);
}

#[test]
fn no_two_keys_send_anything() {
    let house = House::start();
    let mut terminal = super::console(&house, 80, 24);
    super::open(&mut terminal, "payments@1.4.2/prod");
    // The focus is on Cancel: the second key closes what the first one opened.
    for key in ["a", "x", "H", "c"] {
        terminal.press(key, "[> Cancel <]");
        terminal.send("\r");
        terminal.wait("the form is closed", |s| !s.contents().contains("[> Cancel <]"));
    }
    // Pasted text is never a key: neither in a list nor in a form.
    terminal.press("\x1b[200~a\ry\x1b[201~", "Pasted text");
    terminal.press("a", "[> Cancel <]");
    terminal.press("\t\t\x1b[200~ship\r\r\rit\x1b[201~", "ship");
    assert!(terminal.screen().contains("[  Review  ]"), "{}", terminal.screen());
    terminal.press("\x1b", "1 OVERVIEW");
    terminal.wait("the form is closed", |s| !s.contents().contains("[  Review  ]"));
    terminal.send("\x03");
    terminal.ended();
    assert_eq!(house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().len(), 0);
}
