//! What the pure rooms need of other systems: keys in Vault, time stamps.

pub mod timestamp;
pub mod vault;
