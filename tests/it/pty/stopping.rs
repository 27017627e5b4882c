//! Ctrl-Z and back, and terminals that change their size.

use std::process::Command;

use rustix::process::Signal;

use crate::support::house::House;
use crate::support::pty::{Pty, of_session};

/// Whether the program of a session is stopped.
fn is_stopped(terminal: &Pty) -> bool {
    of_session(terminal.pid()).iter().any(|(_, name, state)| name == "countersign" && *state == 'T')
}

/// A shell with job control that starts the console, and takes it up again when it is told to.
fn in_a_shell(house: &House) -> Pty {
    let console = house.command();
    let mut shell = Command::new("sh");
    shell.args(["-m", "-c", "\"$0\"; echo \"back in the shell\"; read -r line; fg; echo \"left with $?\""]);
    shell.arg(console.get_program()).env_clear();
    shell.envs(console.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let terminal = Pty::spawn(&shell, 100, 30);
    terminal.sees("payments@1.4.2/prod");
    terminal
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let house = House::start();
    for how in ["\x1a", "SIGTSTP"] {
        let mut terminal = in_a_shell(&house);
        terminal.press("zm", "The mouse is on");
        if how == "SIGTSTP" {
            let processes = of_session(terminal.pid());
            let (pid, ..) = processes.iter().find(|(_, name, _)| name == "countersign").unwrap();
            rustix::process::kill_process(*pid, Signal::TSTP).unwrap();
        } else {
            terminal.send(how);
        }
        terminal.sees("back in the shell");
        assert!(is_stopped(&terminal), "{how:?}: {:?}", of_session(terminal.pid()));
        assert_eq!(terminal.switched(), [false; 4], "{how:?}");
        assert_eq!(terminal.modes(), terminal.modes_before(), "{how:?}");

        let from = terminal.bytes().len();
        terminal.send("\n");
        terminal.heard("\x1b[2J", from);
        terminal.wait("the inbox", |s| s.alternate_screen() && s.contents().starts_with(" Countersign  inbox"));
        terminal.sees("payments@1.4.2/prod");
        terminal.wait("the mouse is on again", |s| {
            s.mouse_protocol_mode() != vt100::MouseProtocolMode::None && s.bracketed_paste()
        });
        // Keys come as keys again, not as lines.
        super::open(&mut terminal, "payments@1.4.2/prod");
        terminal.send("\x03");
        terminal.sees("left with 0");
        assert_eq!(terminal.ended().code(), Some(0), "{how:?}");
        terminal.is_as_before();
    }
}

#[test]
fn without_a_shell_ctrl_z_stops_nothing() {
    let house = House::start();
    let mut terminal = super::console(&house, 100, 30);
    terminal.press("\x1a", "There is no shell");
    super::open(&mut terminal, "payments@1.4.2/prod");
    assert!(!is_stopped(&terminal));
}

#[test]
fn a_console_that_was_stopped_from_outside_paints_everything_again() {
    let house = House::start();
    let mut terminal = super::console(&house, 100, 30);
    terminal.signal(Signal::STOP);
    while !is_stopped(&terminal) {
        std::thread::yield_now();
    }
    let from = terminal.bytes().len();
    terminal.signal(Signal::CONT);
    terminal.heard("\x1b[2J", from);
    terminal.heard("payments@1.4.2/prod", from);
    terminal.send("q");
    assert_eq!(terminal.ended().code(), Some(0));
    terminal.is_as_before();
}

/// Waits until the console has taken in that the terminal is 80x24: its footer is at the bottom. News may have painted
/// at that size before; and crossterm leaves a key that comes together with the signal unread until the next key comes.
fn laid_out(terminal: &Pty, footer: &str) {
    terminal.wait("the footer at the bottom", |s| s.rows(0, 80).nth(23).is_some_and(|row| row.contains(footer)));
}

#[test]
fn every_size_is_survived() {
    let house = House::start();
    let mut terminal = super::console(&house, 80, 24);
    terminal.resize(60, 14);
    terminal.sees("has 60x14 cells");
    assert!(!terminal.screen().contains("payments"), "{}", terminal.screen());
    terminal.resize(200, 60);
    terminal.sees("payments@1.4.2/prod");
    for (width, height) in [(1, 1), (2, 2), (300, 3), (3, 200), (59, 15), (60, 15), (500, 200), (80, 24)] {
        let from = terminal.bytes().len();
        terminal.resize(width, height);
        terminal.heard("\x1b[2J", from);
    }
    laid_out(&terminal, "? help");
    super::open(&mut terminal, "guestbook@0.9.3/prod");
    // A key counts on the screen that it was pressed on: one that is too small takes none but those that leave it.
    for (keys, seen) in [("4", "4 FINDINGS"), ("\r", "fingerprint"), ("d", "dismiss a finding")] {
        terminal.press(keys, seen);
        terminal.resize(60, 14);
        terminal.sees("has 60x14 cells");
        terminal.resize(120, 40);
        terminal.sees(seen);
        let from = terminal.bytes().len();
        terminal.resize(80, 24);
        terminal.heard("\x1b[2J", from);
        terminal.sees(seen);
        laid_out(&terminal, "esc");
    }
    terminal.send("\x03");
    assert_eq!(terminal.ended().code(), Some(0));
    terminal.is_as_before();
}
