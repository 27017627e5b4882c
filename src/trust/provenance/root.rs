//! The trusted root: the certificate authorities, logs and time stamp authorities that signatures are traced back to.

use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::TimeRange;
use sigstore_verify::{VerificationPolicy, Verifier};

use super::strict;
use crate::contained;
use crate::domain::canonical;
use crate::domain::provenance::TrustRoot;
use crate::domain::time::Timestamp;

/// The most bytes of a root's file.
const MOST_BYTES: usize = 4 << 20;
/// The most instances of a file.
const MOST: usize = 20;

/// The roots of one or several Sigstore instances.
pub struct Root {
    /// What is shown of it.
    pub about: TrustRoot,
    pub(super) instances: Vec<Instance>,
}

/// One Sigstore instance.
pub(super) struct Instance {
    pub verifier: Verifier,
    /// It has a transparency log: then an attestation must be in it.
    logged: bool,
    /// It has a log of certificates: then the certificate must be in it.
    certificates_logged: bool,
}

impl Instance {
    /// How a certificate of this instance is checked. What the instance has is asked for: GitHub's own, for private
    /// repositories, has neither log, and proves the time by stamps.
    pub(super) fn policy(&self) -> VerificationPolicy {
        let mut policy = VerificationPolicy::any_identity();
        if !self.logged {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.certificates_logged {
            policy = policy.skip_sct();
        }
        policy
    }
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Root").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Root {
    /// Reads a `trusted_root.json`, or several as JSON lines, as `gh attestation trusted-root` writes them. The error is
    /// a full sentence.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        contained::call(|| read(bytes)).unwrap_or_else(|why| Err(format!("Reading it failed: {why}.")))
    }

    /// The root of the public good instance that this program was built with. It ages: what the instance has taken into
    /// use or withdrawn since [`TrustRoot::newest`] it does not know.
    pub fn public_good() -> Result<Self, String> {
        Self::read(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// How many instances it is of.
    pub fn instances(&self) -> usize {
        self.instances.len()
    }
}

fn read(bytes: &[u8]) -> Result<Root, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("It has more than {} MiB.", MOST_BYTES >> 20));
    }
    let text = std::str::from_utf8(bytes).map_err(|_e| "It is not UTF-8.".to_owned())?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let documents = if lines.len() > 1 && lines.iter().all(|l| l.starts_with('{') && l.ends_with('}')) {
        lines
    } else {
        vec![text]
    };
    if documents.len() > MOST {
        return Err(format!("It has the roots of more than {MOST} instances."));
    }
    let mut instances = Vec::new();
    let mut newest: Option<i64> = None;
    for document in documents {
        strict::parse(document.as_bytes()).map_err(|why| format!("It is not JSON that can be read: {why}."))?;
        let root = TrustedRoot::from_json(document).map_err(|e| format!("It is not a trusted root: {e}."))?;
        if root.certificate_authorities.is_empty() && root.tlogs.is_empty() {
            return Err("It is a trusted root without any authority or log: nothing could be traced back to it.".into());
        }
        let verifier = Verifier::new(&root).map_err(|e| format!("It is a trusted root that cannot be used: {e}."))?;
        newest = newest.max(starts(&root).map(|range| range.start.as_millisecond()).max());
        instances.push(Instance {
            verifier,
            logged: !root.tlogs.is_empty(),
            certificates_logged: !root.ctlogs.is_empty(),
        });
    }
    let newest = newest.and_then(Timestamp::from_millis);
    Ok(Root { about: TrustRoot { digest: canonical::sha256(bytes), newest }, instances })
}

fn starts(root: &TrustedRoot) -> impl Iterator<Item = TimeRange> {
    let logs = root.tlogs.iter().map(|l| l.public_key.valid_for);
    let certificate_logs = root.ctlogs.iter().map(|l| l.public_key.valid_for);
    let authorities = root.certificate_authorities.iter().map(|a| a.valid_for);
    let stamps = root.timestamp_authorities.iter().map(|a| a.valid_for);
    logs.chain(certificate_logs).chain(authorities).chain(stamps).flatten()
}
