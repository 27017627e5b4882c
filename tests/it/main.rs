//! One integration binary: what the house promises, held against the real program and the demo world.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

mod anchors;
mod architecture;
mod bandit;
mod certificates;
mod commands;
mod conformance;
mod console;
mod crash;
mod decisions;
mod docs;
mod evidence;
mod exchange;
mod exposure;
mod forwarded;
mod halting;
mod keyring;
mod lab;
mod ledger;
mod mirrors;
mod novelty;
mod provenance;
mod pty;
mod push;
mod quorum;
mod reach;
mod real_scanners;
mod receipts;
mod shown;
mod signers;
mod skew;
mod statement;
mod support;
mod take_up;
mod team;
mod triage;
mod unknown;
mod unsound;
mod walkthrough;
