//! However the console ends, the terminal is as it was, and nobody is left behind.

use rustix::process::Signal;

use crate::support::house::{House, hermetic};
use crate::support::pty::{Pty, of_session};

/// What the terminal has switched on while the console has it: alternate screen, no cursor, bracketed paste, the mouse.
const ON: [bool; 4] = [true; 4];

#[test]
fn the_terminal_is_handed_back_however_the_console_ends() {
    let house = House::start();
    for end in [Ok("q"), Ok("\x03"), Err(Signal::INT), Err(Signal::TERM), Err(Signal::HUP)] {
        let mut terminal = super::console(&house, 100, 30);
        terminal.press("zm", "The mouse is on");
        assert_eq!(terminal.switched(), ON, "{end:?}");
        assert_ne!(terminal.modes(), terminal.modes_before(), "{end:?}: raw mode is on");
        match end {
            Ok(keys) => terminal.send(keys),
            Err(signal) => terminal.signal(signal),
        }
        assert_eq!(terminal.ended().code(), Some(0), "{end:?}");
        terminal.is_as_before();
    }
}

#[test]
fn ctrl_c_leaves_from_a_text_field_from_a_menu_and_amid_a_sequence() {
    let house = House::start();
    for keys in ["/pay", "?", "z"] {
        let mut terminal = super::console(&house, 100, 30);
        terminal.send(keys);
        terminal.send("\x03");
        assert_eq!(terminal.ended().code(), Some(0), "{keys}");
        terminal.is_as_before();
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_console() {
    let house = House::start();
    let mut terminal = super::console(&house, 100, 30);
    terminal.hang_up();
    terminal.ended();
    terminal.leaves_nobody();
}

#[test]
fn the_demo_takes_its_world_with_it() {
    for how in ["q", "\x03", "TERM", "KILL", "hang up"] {
        let dir = tempfile::Builder::new().prefix("cs-").tempdir().unwrap();
        let mut command = hermetic(dir.path());
        command.arg("demo").env("TMPDIR", dir.path());
        let mut terminal = Pty::spawn(&command, 100, 30);
        terminal.sees("payments@1.4.2/prod");
        assert!(of_session(terminal.pid()).len() >= 2, "the world is served by a process of its own");
        match how {
            "TERM" => terminal.signal(Signal::TERM),
            "KILL" => terminal.signal(Signal::KILL),
            "hang up" => terminal.hang_up(),
            keys => terminal.send(keys),
        }
        terminal.ended();
        if matches!(how, "hang up" | "KILL") {
            terminal.leaves_nobody();
        } else {
            terminal.is_as_before();
        }
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .flatten()
            .map(|e| e.file_name())
            .filter(|n| n.to_string_lossy().starts_with("countersign-demo"))
            .collect();
        assert!(left.is_empty(), "{how}: {left:?}");
    }
}
