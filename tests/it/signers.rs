//! Every kind of signer against every verifier that an auditor may have: what each of them says, and what we say.
//!
//! | signer | `ssh-keygen -Y verify` | cosign | securesystemslib | sigstore-verify |
//! |---|---|---|---|---|
//! | PKCS#8 file, ed25519 or P-256, raw | not for it | yes | yes | yes, with a time stamp |
//! | ssh-agent, ed25519 or P-256, raw | not for it | yes | yes | yes, with a time stamp |
//! | Vault's transit, ed25519 or P-256, raw | not for it | yes | yes | yes, with a time stamp |
//! | ssh-agent, ed25519, ecdsa or rsa | yes | no | no | no |
//! | FIDO key, ed25519 or ecdsa | yes, also untouched | no | no | no |
//! | PKCS#11 token through the agent | yes | no | no | no |
//! | OpenSSH certificate | yes | no | no | no |
//!
//! The agent that is forwarded through a real sshd is in `forwarded`. A tool that is not on this machine is named as
//! skipped; the rest of the row is judged all the same.

mod authority;
mod bare;
mod console;
mod fido;
mod openssh;
mod stamped;
mod token;
mod vault;
mod verifiers;
mod world;
