//! Whose signatures count: the files of trust, and who a key stands for.

use std::path::Path;

use super::VerifyError;
use crate::domain::ids::Principal;
use crate::domain::time::Timestamp;
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::error::TrustFileError;
use crate::trust::file::{self, Unreadable};
use crate::trust::key::KeyInfo;
use crate::trust::raw::Profile;
use crate::trust::revoked::Revoked;
use crate::trust::signer::Signer;
use crate::trust::stamp::Authorities;

/// The largest file of trust that is read.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
const MEND_SIGNERS: &str = "Name the allowed_signers file: `allowed_signers` under [trust], or --trust.";
const MEND_STAMPS: &str = "Name a file of certificates in PEM, or leave `timestamp_authorities` under [trust] out.";
const MEND_REVOKED: &str = "Name the list of revoked keys, or leave `revoked` under [trust] out.";

/// Whose signatures count.
#[derive(Debug, Clone, Default)]
pub struct TrustRoot {
    /// Who may sign.
    pub allowed_signers: AllowedSigners,
    /// Which keys were taken back.
    pub revoked: Option<Revoked>,
    /// Whose time stamps count; nobody's unless they are named.
    pub timestamp_authorities: Authorities,
}

impl TrustRoot {
    /// Reads the files. A file that is named and cannot be read is an error, never an empty list.
    pub fn load(allowed_signers: &Path, revoked: Option<&Path>) -> Result<Self, TrustFileError> {
        let allowed_signers = load_signers(allowed_signers)?;
        let revoked = revoked.map(|path| {
            let bytes = file::read(path, MAX_BYTES).map_err(|e| fault(path, &e, MEND_REVOKED))?;
            Revoked::parse(&path.to_string_lossy(), &bytes)
        });
        Ok(Self { allowed_signers, revoked: revoked.transpose()?, ..Self::default() })
    }

    /// Adds the authorities whose time stamps count.
    pub fn with_timestamp_authorities(mut self, path: &Path) -> Result<Self, TrustFileError> {
        let bytes = file::read(path, MAX_BYTES).map_err(|e| fault(path, &e, MEND_STAMPS))?;
        self.timestamp_authorities = Authorities::parse(&path.to_string_lossy(), &bytes)?;
        Ok(self)
    }

    /// Reads a folder: `allowed_signers`; `revoked.krl` and `timestamp_authorities.pem` where there are such.
    pub fn load_folder(folder: &Path) -> Result<Self, TrustFileError> {
        let allowed_signers = load_signers(&folder.join("allowed_signers"))?;
        let path = folder.join("revoked.krl");
        let revoked = match file::read(&path, MAX_BYTES) {
            Ok(bytes) => Some(Revoked::parse(&path.to_string_lossy(), &bytes)?),
            // Only a file that is not there; one that cannot be read may list the very key.
            Err(Unreadable::System { absent: true, .. }) if !path.is_symlink() => None,
            Err(e) => return Err(fault(&path, &e, MEND_REVOKED)),
        };
        let root = Self { allowed_signers, revoked, ..Self::default() };
        let path = folder.join("timestamp_authorities.pem");
        if path.try_exists().unwrap_or(true) { root.with_timestamp_authorities(&path) } else { Ok(root) }
    }

    /// Who a key stands for, if it may sign in a namespace as of a time and is not revoked. For the approver's own key,
    /// before anything is signed.
    pub fn principal_of(&self, key: &KeyInfo, namespace: &str, at: Timestamp) -> Result<Principal, VerifyError> {
        self.not_revoked(key)?;
        match &key.certificate {
            Some(certificate) => Ok(self.allowed_signers.find_certified(key, certificate, namespace, at)?),
            None => Ok(self.allowed_signers.find_principal(&key.blob, namespace, at)?.0),
        }
    }

    /// Whom a signer stands for: as [`Self::principal_of`], or for bare signatures if it gives such.
    pub fn principal_for(&self, signer: &dyn Signer, namespace: &str, at: Timestamp) -> Result<Principal, VerifyError> {
        match signer.profile() {
            Profile::SshSig => self.principal_of(signer.key(), namespace, at),
            Profile::Raw => self.principal_of_bare(signer.key(), namespace, at),
        }
    }

    /// As [`Self::principal_of`], for a key that gives bare signatures.
    pub fn principal_of_bare(&self, key: &KeyInfo, namespace: &str, at: Timestamp) -> Result<Principal, VerifyError> {
        self.not_revoked(key)?;
        Ok(self.allowed_signers.find_bare(&key.blob, namespace, at)?.0)
    }

    /// As [`Self::not_revoked`], for a plain key in binary form, of whatever kind.
    pub(in crate::trust) fn blob_not_revoked(&self, blob: &[u8]) -> Result<(), VerifyError> {
        if self.revoked.as_ref().is_some_and(|r| r.contains(blob)) {
            return Err(VerifyError::Revoked { key: crate::trust::key::fingerprint_of(blob) });
        }
        Ok(())
    }

    /// Whether neither the key, nor its certificate, nor the authority of that was taken back.
    pub(in crate::trust) fn not_revoked(&self, key: &KeyInfo) -> Result<(), VerifyError> {
        if self.revoked.as_ref().is_some_and(|r| r.revokes(key)) {
            return Err(VerifyError::Revoked { key: key.fingerprint.clone() });
        }
        Ok(())
    }
}

fn load_signers(path: &Path) -> Result<AllowedSigners, TrustFileError> {
    let bytes = file::read(path, MAX_BYTES).map_err(|e| fault(path, &e, MEND_SIGNERS))?;
    let name = path.to_string_lossy();
    let text = std::str::from_utf8(&bytes).map_err(|_e| {
        TrustFileError::new(&name, None, "it is not UTF-8", "Check that this is an allowed_signers file.")
    })?;
    AllowedSigners::parse(&name, text)
}

fn fault(path: &Path, why: &Unreadable, mend: &str) -> TrustFileError {
    TrustFileError::new(&path.to_string_lossy(), None, why.to_string(), mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::signer::TestSigner;

    #[test]
    fn a_file_that_is_not_understood_is_never_an_empty_list() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let error = TrustRoot::load_folder(folder.path()).unwrap_err();
        assert!(error.to_string().contains("allowed_signers: it cannot be read"), "{error}");
        let signer = TestSigner::from_seed([1; 32]).unwrap();
        std::fs::write(at("allowed_signers"), signer.allowed_line("ana")).unwrap();
        assert!(TrustRoot::load_folder(folder.path()).unwrap().revoked.is_none());
        assert!(TrustRoot::load(&at("allowed_signers"), Some(&at("nothing"))).is_err());

        std::fs::write(at("revoked.krl"), signer.key().to_line()).unwrap();
        let root = TrustRoot::load_folder(folder.path()).unwrap();
        let time = "2026-06-01T00:00:00Z".parse().unwrap();
        let error = root.principal_of(signer.key(), crate::trust::DECISION_NAMESPACE, time).unwrap_err();
        assert!(matches!(error, VerifyError::Revoked { .. }));
        std::fs::write(at("revoked.krl"), "SSHKRL\n\0").unwrap();
        assert!(TrustRoot::load_folder(folder.path()).is_err());
        // A line that was cut equals no key, and a link that leads nowhere is no list that is not there.
        let line = signer.key().to_line();
        std::fs::write(at("revoked.krl"), line.get(..line.len() - 20).unwrap()).unwrap();
        assert!(TrustRoot::load_folder(folder.path()).is_err());
        std::fs::remove_file(at("revoked.krl")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("revoked.krl")).unwrap();
        assert!(TrustRoot::load_folder(folder.path()).is_err());
        std::fs::remove_file(at("revoked.krl")).unwrap();
        std::fs::create_dir(at("revoked.krl")).unwrap();
        assert!(TrustRoot::load_folder(folder.path()).is_err());

        std::fs::write(at("allowed_signers"), "# ok\nana nonsense\n").unwrap();
        let error = TrustRoot::load_folder(folder.path()).unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.to_string().contains("allowed_signers:2: "), "{error}");
        std::fs::write(at("allowed_signers"), [0xff, 0xfe]).unwrap();
        assert!(TrustRoot::load_folder(folder.path()).is_err());
    }
}
