//! What the pure rooms need of other systems: copies of the ledger's checkpoints outside of it, keys in Vault, time stamps.

pub mod mirror;
pub mod sigv4;
pub mod timestamp;
pub mod vault;
