//! What must hold of the console, driven by keys.

mod decisions;
mod moving;
mod passphrase;
mod triage;
