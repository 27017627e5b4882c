//! The way back to plain OpenSSH: what an auditor hands to `ssh-keygen -Y verify`.

use std::io;
use std::path::{Path, PathBuf};

use crate::trust::dsse::{BadEnvelope, Envelope, Signature};

/// An envelope as two files for ssh-keygen. Nothing is verified yet; that is what the files are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// The bytes that were signed.
    pub pae: Vec<u8>,
    /// The armoured signature.
    pub signature: String,
    /// The namespace, for `-n`.
    pub namespace: String,
}

/// Takes an envelope apart for ssh-keygen.
pub fn detach(envelope: &[u8]) -> Result<Detached, BadEnvelope> {
    let opened = Envelope::parse(envelope)?.open()?;
    // A bare signature is for other tools: see `bundle`.
    let Signature::SshSig(signature) = &opened.signature else { return Err(BadEnvelope::Bare) };
    Ok(Detached { signature: signature.to_armoured(), namespace: signature.namespace.clone(), pae: opened.pae })
}

impl Detached {
    /// Writes `NAME.pae` and `NAME.pae.sig` into a folder; gives their paths. Then
    /// `ssh-keygen -Y verify -f allowed_signers -I PRINCIPAL -n NAMESPACE -s NAME.pae.sig < NAME.pae` verifies.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<(PathBuf, PathBuf)> {
        let pae = folder.join(format!("{name}.pae"));
        let sig = folder.join(format!("{name}.pae.sig"));
        std::fs::write(&pae, &self.pae)?;
        std::fs::write(&sig, &self.signature)?;
        Ok((pae, sig))
    }
}
