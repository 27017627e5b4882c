//! Provenance: what the configuration expects of attestations, and the evidence that files of them are.

use std::path::{Path, PathBuf};

use super::template::{self, Place};
use crate::config::PUBLIC_GOOD;
use crate::config::schema::{ProvenanceConfig, TrustConfig};
use crate::domain::canonical;
use crate::domain::evidence::Reason;
use crate::domain::gate::BuildRef;
use crate::domain::provenance::{Covered, Predicate, Provenance, SubjectDigest, Unread, cover};
use crate::domain::release::Release;
use crate::error::AppError;
use crate::text::{Untrusted, is_blank};
use crate::trust::provenance::examine;
use crate::trust::provenance::expected::{Expected, Key, Pattern, Signer};
use crate::trust::provenance::root::Root;

/// The most bytes of a file.
const MOST_BYTES: u64 = 16 << 20;

/// After how many attestations of a release no other file is looked into.
const MOST: usize = 1_000;

/// How the attestations of one release are judged: a line of the configuration, its templates filled in. Two that are
/// equal come to the same result over the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judging {
    root: Option<PathBuf>,
    key: Option<PathBuf>,
    log: bool,
    issuer: Option<String>,
    identity: Option<Pattern>,
    repository: Option<Pattern>,
    reference: Option<Pattern>,
    commit: Option<String>,
    commit_named: bool,
    predicate: Predicate,
    artifacts: Vec<Covered>,
}

impl Judging {
    /// From a line of the configuration.
    pub fn new(
        line: &ProvenanceConfig,
        trust: &TrustConfig,
        release: &Release,
        build: Option<&BuildRef>,
    ) -> Result<Self, Reason> {
        let pattern = |text: &Option<String>| {
            let filled = text.as_ref().map(|t| template::fill(t, release, build, Place::Pattern));
            Ok::<_, Reason>(filled.transpose()?.map(Pattern::new))
        };
        let predicate = Predicate::from_word(line.predicate.as_deref().unwrap_or("slsa"));
        let predicate = predicate.ok_or_else(|| Reason::new("setup", "provenance.predicate cannot be read."))?;
        Ok(Self {
            root: trust.sigstore_root.clone(),
            key: line.key.clone(),
            log: line.log.unwrap_or(true),
            issuer: line.issuer.clone(),
            identity: pattern(&line.identity)?,
            repository: pattern(&line.repository)?,
            reference: pattern(&line.branch)?,
            commit: release.commit.as_ref().map(|c| c.raw().to_owned()).filter(|c| !is_blank(c)),
            // SLSA provenance has a place for the commit. Of other kinds nobody can ask for it unless they know better.
            commit_named: line.require_commit.unwrap_or(predicate == Predicate::Slsa),
            predicate,
            artifacts: release.artifacts.iter().map(Covered::from).collect(),
        })
    }

    /// The same for other artifacts than the run names.
    #[must_use]
    pub fn over(mut self, digests: &[SubjectDigest]) -> Self {
        let of = |d: &SubjectDigest| Covered { name: d.as_str().into(), digest: Some(d.clone()), by: Vec::new() };
        self.artifacts = digests.iter().map(of).collect();
        self
    }

    /// What is expected, with the key read from its file.
    fn expected(&self) -> Result<Expected, Reason> {
        let signer = match (&self.key, &self.issuer) {
            (Some(path), _) => Signer::Key { key: key(path)?, logged: self.log },
            (None, Some(issuer)) => Signer::Identity {
                issuer: if issuer == "none" { String::new() } else { issuer.clone() },
                identity: self.identity.clone(),
            },
            (None, None) => Signer::Nobody,
        };
        Ok(Expected {
            signer,
            repository: self.repository.clone(),
            reference: self.reference.clone(),
            commit: self.commit.clone(),
            commit_named: self.commit_named,
            predicate: self.predicate.clone(),
        })
    }

    /// Judges files: the evidence, and why it is not all there, if it is not. An error is why nothing could be judged.
    /// Reads the root and the key from disk.
    pub fn judge<'a>(
        &self,
        files: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<(Provenance, Option<Reason>), Reason> {
        let expected = self.expected()?;
        let root = match &self.root {
            Some(setting) => Some(root(setting)?),
            None => None,
        };
        let digests: Vec<SubjectDigest> = self.artifacts.iter().filter_map(|a| a.digest.clone()).collect();
        let mut attestations = Vec::new();
        let mut unread = Vec::new();
        for (name, bytes) in files {
            if attestations.len() >= MOST {
                let reason = Reason::new("too-many", format!("{MOST} attestations were looked at, which is the most."));
                unread.push(Unread { file: name.into(), reason });
                break;
            }
            let examined = examine(name, bytes, root.as_ref(), &expected, &digests);
            attestations.extend(examined.attestations);
            unread.extend(examined.unread);
        }
        let provenance = Provenance {
            expected: expected.words().into_iter().map(|(name, value)| (name, Untrusted::new(value))).collect(),
            root: root.map(|r| r.about),
            artifacts: cover(self.artifacts.clone(), &attestations),
            attestations,
            unread,
        };
        let shortfall = provenance.shortfall();
        Ok((provenance, shortfall))
    }
}

/// The trusted root of the configuration: a file, or the one that was built in.
pub fn root(setting: &Path) -> Result<Root, Reason> {
    if setting == Path::new(PUBLIC_GOOD) {
        return Root::public_good().map_err(|why| Reason::new("trusted-root", why));
    }
    let name = setting.display();
    let bytes = read(setting).map_err(|why| {
        Reason::new("trusted-root", format!("The trusted root {name} cannot be read: {why}. Mend trust.sigstore_root."))
    })?;
    Root::read(&bytes).map_err(|why| {
        let mend = "Take `trusted_root.json` of the Sigstore instance, as `cosign trusted-root create` or `gh attestation \
                    trusted-root` write it.";
        Reason::new("trusted-root", format!("The trusted root {name} cannot be used: {why} {mend}"))
    })
}

/// Judges files by what is given alone, without configuration and network: for commands that a pipeline runs.
///
/// `artifacts` are the digests of what is released, and `line` and `root` what a configuration would say. Templates are
/// not filled in.
pub fn verify(
    line: &ProvenanceConfig,
    root: &Path,
    commit: Option<&str>,
    artifacts: &[SubjectDigest],
    files: &[PathBuf],
) -> Result<(Provenance, Option<Reason>), AppError> {
    let trust = TrustConfig { sigstore_root: Some(root.to_owned()), ..TrustConfig::default() };
    let release = Release {
        service: String::new(),
        version: Untrusted::default(),
        environment: String::new(),
        commit: commit.map(Untrusted::from),
        branch: None,
        artifacts: Vec::new(),
    };
    if commit.is_some_and(is_blank) {
        return Err(AppError::usage("The commit that is expected is empty."));
    }
    let usage = |reason: Reason| AppError::usage(reason.text.raw());
    let judging = Judging::new(line, &trust, &release, None).map_err(usage)?.over(artifacts);
    let mut read_files = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let bytes = read(file).map_err(|why| AppError::usage(format!("{name} cannot be read: {why}.")))?;
        read_files.push((name, bytes));
    }
    judging.judge(read_files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).map_err(usage)
}

/// The digest of a file, however large.
pub fn digest_of_file(path: &Path) -> Result<SubjectDigest, AppError> {
    let digest = std::fs::File::open(path).and_then(canonical::sha256_of_reader);
    let digest = digest.map_err(|e| AppError::usage(format!("{} cannot be read: {e}.", path.display())))?;
    Ok((&digest).into())
}

/// The public key in a PEM file.
pub fn key(path: &Path) -> Result<Key, Reason> {
    let name = path.display();
    let bytes = read(path).map_err(|why| Reason::new("setup", format!("The key {name} cannot be read: {why}.")))?;
    Key::from_pem(&bytes).map_err(|why| Reason::new("setup", format!("The key {name} cannot be used: {why}")))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {} MiB", MOST_BYTES >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
