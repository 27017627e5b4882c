//! Countersign: a release approval console for the terminal.
//!
//! A release waits at a gate in an orchestrator. Countersign collects the evidence, judges it against policy, lets the
//! approver triage findings, and writes back a decision signed by the approver's own key. See ARCHITECTURE.md for the
//! rooms and who may use whom.

pub mod cli;
pub mod clock;
pub mod config;
pub mod contained;
pub mod domain;
mod ed25519;
pub mod error;
pub mod http;
pub mod lab;
pub mod ledger;
pub mod orchestrator;
pub mod policy;
pub mod remote;
pub mod report;
pub mod review;
pub mod secrets;
pub mod source;
pub mod text;
pub mod tracker;
pub mod trust;
pub mod tui;
