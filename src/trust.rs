//! Statements, envelopes, signatures: who decided what, provable offline.
//!
//! A decision is an in-toto Statement ([`statement`]) in a DSSE envelope ([`dsse`]), signed as an OpenSSH signature
//! ([`sshsig`]) or as a bare one ([`raw`]) by a [`Signer`](signer::Signer): a key in an ssh-agent ([`agent`]), in a key
//! file ([`key_file`]) or in a key service. [`verify`] accepts an envelope only if the key that signed is listed in [`allowed_signers`] and not [`revoked`];
//! who the approver is follows from that list and from nothing else.
//!
//! [`provenance`] verifies the attestations of builders in the same way: offline, and against what is expected.
//!
//! Nothing here asks the network. The agent's socket and the files of keys are all that this room touches.

pub mod agent;
pub mod allowed_signers;
pub mod approvers;
pub mod bundle;
pub mod cert;
mod der;
pub mod dsse;
pub mod error;
mod file;
pub mod key;
pub mod key_file;
mod openssh_key;
mod pkcs8;
pub mod provenance;
pub mod quorum;
pub mod raw;
pub mod revoked;
mod sha1;
pub mod signer;
pub mod sshsig;
pub mod stamp;
pub mod statement;
mod strict;
pub mod verify;
pub mod verify_sig;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

/// The namespace of signatures over decisions: a signature of git or of a mail cannot be replayed as an approval.
pub const DECISION_NAMESPACE: &str = "release-decision@countersign.dev";
/// The namespace of signatures over triage.
pub const TRIAGE_NAMESPACE: &str = "triage@countersign.dev";
/// The namespace of signatures over delegations.
pub const DELEGATION_NAMESPACE: &str = "delegation@countersign.dev";
/// The namespace of signatures over the approvers file.
pub const APPROVERS_NAMESPACE: &str = "approvers@countersign.dev";
/// The namespaces of envelopes. Whatever else is signed is no envelope of ours.
pub const NAMESPACES: [&str; 3] = [DECISION_NAMESPACE, TRIAGE_NAMESPACE, DELEGATION_NAMESPACE];
