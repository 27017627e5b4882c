//! The signature over the approvers file: without a good one nothing in it is believed.

use std::path::{Path, PathBuf};

use super::{Approvers, read};
use crate::domain::ids::Principal;
use crate::domain::time::Timestamp;
use crate::trust::APPROVERS_NAMESPACE;
use crate::trust::error::TrustFileError;
use crate::trust::file;
use crate::trust::signer::{SignError, Signer};
use crate::trust::sshsig::SshSig;
use crate::trust::verify::TrustRoot;
use crate::trust::verify_sig;

const MEND_FILE: &str =
    "Name the approvers file: `approvers` under [trust], or approvers.toml in the folder of --trust.";
const MEND_SIGNATURE: &str =
    "Have the keeper of the roles sign it: `ssh-keygen -Y sign -n approvers@countersign.dev -f KEY approvers.toml`.";

/// An approvers file whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub approvers: Approvers,
    /// Who signed it.
    pub by: Principal,
    /// The file's text, as it was signed.
    pub text: String,
    /// The armoured signature.
    pub signature: String,
}

/// Where the signature of an approvers file is: beside it, as ssh-keygen writes it.
pub fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Reads the file and its signature. A file that is named and not signed is an error, never "no roles".
pub fn load(path: &Path, root: &TrustRoot, at: Timestamp) -> Result<Signed, TrustFileError> {
    let fault = |path: &Path, why: &dyn std::fmt::Display, mend| {
        TrustFileError::new(&path.to_string_lossy(), None, why.to_string(), mend)
    };
    let bytes = file::read(path, read::MAX_BYTES).map_err(|e| fault(path, &e, MEND_FILE))?;
    let beside = signature_path(path);
    let signature = file::read(&beside, 64 * 1024).map_err(|e| fault(&beside, &e, MEND_SIGNATURE))?;
    verify(&path.to_string_lossy(), &bytes, &signature, root, at)
}

/// Checks the signature, and only then reads the file.
pub fn verify(
    name: &str,
    bytes: &[u8],
    signature: &[u8],
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Signed, TrustFileError> {
    let fault = |why: String| TrustFileError::new(&format!("{name}.sig"), None, why, MEND_SIGNATURE);
    let armoured = String::from_utf8(signature.to_vec()).map_err(|_e| fault("it is not UTF-8".to_owned()))?;
    let sig = SshSig::from_armoured(&armoured).map_err(|e| fault(format!("it is not a signature of OpenSSH: {e}")))?;
    let refused = |e: String| fault(format!("the approvers file is not believed: {}", e.trim_end_matches('.')));
    if sig.namespace != APPROVERS_NAMESPACE {
        let found = crate::text::line(&sig.namespace).into_owned();
        return Err(fault(format!("it was made for the namespace {found:?}, and not for {APPROVERS_NAMESPACE:?}")));
    }
    root.blob_not_revoked(&sig.public_key).map_err(|e| refused(e.to_string()))?;
    // A line without namespaces is for every purpose in OpenSSH; whoever gives out roles is named for that.
    let found = root.allowed_signers.find_bare(&sig.public_key, APPROVERS_NAMESPACE, at);
    let (by, key) = found.map_err(|e| refused(e.to_string()))?;
    verify_sig::verify(&sig, key, APPROVERS_NAMESPACE, bytes).map_err(|e| refused(e.to_string()))?;
    let approvers = read::read(name, bytes)?;
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|_e| TrustFileError::new(name, None, "it is not UTF-8", MEND_FILE))?;
    Ok(Signed { approvers, by, text, signature: armoured })
}

/// Reads the file without its signature: to explain its faults, never to decide by it.
pub fn read_unsigned(path: &Path) -> Result<Approvers, TrustFileError> {
    let name = path.to_string_lossy();
    let bytes =
        file::read(path, read::MAX_BYTES).map_err(|e| TrustFileError::new(&name, None, e.to_string(), MEND_FILE))?;
    read::read(&name, &bytes)
}

/// Signs a file's bytes: the armoured signature.
pub fn sign(bytes: &[u8], signer: &dyn Signer) -> Result<String, SignError> {
    Ok(signer.sign(APPROVERS_NAMESPACE, bytes)?.to_armoured())
}
