//! The console in a real terminal.

mod approving;
mod hostile;
mod leaving;
mod ledger;
mod panics;
mod plain;
mod stopping;

use crate::support::house::House;
use crate::support::pty::Pty;

/// The console on a demo world, in a terminal of a size; the inbox is there, and every dossier has arrived.
pub fn console(house: &House, width: u16, height: u16) -> Pty {
    let terminal = Pty::spawn(&house.command(), width, height);
    terminal.sees("payments@1.4.2/prod");
    terminal
}

/// Goes to a release by the filter of the inbox, and opens it.
pub fn open(terminal: &mut Pty, release: &str) {
    let (service, _) = release.split_once('@').unwrap();
    terminal.press("/", "/");
    terminal.send(service);
    terminal.wait("the filter finds one release", |s| s.contents().contains(&format!("▸● {release}")));
    terminal.send("\r");
    terminal.press("\r", "1 OVERVIEW");
    terminal.wait("the dossier", |s| {
        s.contents().starts_with(&format!(" {release} ")) && s.contents().contains(" digest ")
    });
}
