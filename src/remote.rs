//! What the pure rooms need of other systems: copies of the ledger's checkpoints outside of it.

pub mod mirror;
pub mod sigv4;
