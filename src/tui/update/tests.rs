//! What must hold of the console, driven by keys.

pub(in crate::tui) mod decisions;
mod ledger;
mod moving;
mod passphrase;
mod triage;
