//! Dismisses findings: checked, signed, in the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Desk;
use super::permit::Permit;
use super::progress::Watcher;
use super::sign::{self, Signed};
use crate::domain::dossier::Dossier;
use crate::domain::finding::Finding;
use crate::domain::ids::{Digest, Fingerprint};
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Lapse, Scope, Status, alike, match_dismissals};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, EntryKind};
use crate::text::Untrusted;

/// What is to be said of which findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismiss {
    /// The findings, as they are now.
    pub findings: Vec<Finding>,
    /// What is said.
    pub status: Status,
    /// Why it does not matter.
    pub justification: Option<Justification>,
    /// The reasoning.
    pub detail: String,
    /// Where it holds.
    pub scope: Scope,
    /// Until when.
    pub expires: Option<Timestamp>,
}

/// What is to be said of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The finding, as it is now.
    pub finding: Arc<Finding>,
    /// What is said.
    pub status: Status,
    /// Why it does not matter.
    pub justification: Option<Justification>,
    /// The reasoning.
    pub detail: Untrusted,
    /// Where it holds.
    pub scope: Scope,
    /// Until when.
    pub expires: Option<Timestamp>,
}

impl Dismiss {
    /// One record for each of the findings.
    fn each(&self) -> Vec<Said> {
        let said = |finding: &Finding| Said {
            finding: Arc::new(finding.clone()),
            status: self.status,
            justification: self.justification,
            detail: Untrusted::new(self.detail.clone()),
            scope: self.scope.clone(),
            expires: self.expires,
        };
        self.findings.iter().map(said).collect()
    }
}

/// Finds findings by fingerprint, or by a prefix of at least six digits. A prefix that several have is an error that
/// lists them.
pub fn select(dossier: &Dossier, wanted: &[String]) -> Result<Vec<Finding>, AppError> {
    let mut out: Vec<Finding> = Vec::new();
    for prefix in wanted {
        if prefix.len() < 6 {
            return Err(AppError::usage(format!("{prefix:?} is too short: at least six digits of the fingerprint.")));
        }
        let found: Vec<&Finding> = dossier
            .findings
            .iter()
            .map(|t| t.finding.as_ref())
            .filter(|f| f.fingerprint.to_string().starts_with(prefix))
            .collect();
        match found.as_slice() {
            [] => {
                return Err(AppError::usage(format!("There is no finding {prefix:?} in {}.", dossier.release.short()))
                    .hint("`countersign findings GATE` lists them."));
            }
            [one] => {
                if !out.iter().any(|f| f.fingerprint == one.fingerprint) {
                    out.push((*one).clone());
                }
            }
            several => {
                let error = AppError::usage(format!("{prefix:?} names {} findings.", several.len()));
                return Err(several
                    .iter()
                    .take(10)
                    .fold(error, |e, f| e.hint(format!("{} {} {}", f.fingerprint, f.rule.line(), f.place()))));
            }
        }
    }
    Ok(out)
}

/// The findings, if the dossier is the one that they were shown in; else what became of them since.
pub fn as_shown(dossier: &Dossier, shown: &Digest, findings: &[Arc<Finding>]) -> Result<Vec<Finding>, AppError> {
    if dossier.digest == *shown {
        // What the digest is over are these findings; what is signed is what was on the screen.
        return Ok(findings.iter().map(|f| f.as_ref().clone()).collect());
    }
    let error = AppError::new(
        ErrorKind::Unexpected,
        format!(
            "The evidence changed since it was shown ({} then, {} now). Nothing was signed.",
            shown.short(),
            dossier.digest.short()
        ),
    );
    Err(findings.iter().filter_map(|f| became(dossier, f)).fold(error, AppError::hint))
}

/// What became of a finding since it was shown, if anything did.
fn became(dossier: &Dossier, shown: &Finding) -> Option<String> {
    let what = format!("{} ({})", shown.rule.line(), shown.place());
    let Some(now) = dossier.findings.iter().find(|t| t.finding.fingerprint == shown.fingerprint) else {
        return Some(format!("{what} is not reported any more."));
    };
    if let Some(carried) = &now.dismissal {
        let by = &carried.dismissal.principal;
        return Some(format!("{what} was dismissed meanwhile, by {by} as {}.", carried.dismissal.status.word()));
    }
    if now.finding.severity != shown.severity {
        let (before, now) = (shown.severity.word(), now.finding.severity.word());
        return Some(format!("{what} was {before}, and is {now} now."));
    }
    (*now.finding != *shown).then(|| format!("{what} is reported otherwise now."))
}

/// Reads `service`, `environment`, `version`, `artifact`, `everywhere`, several by comma. The service is always part of
/// it, except for `everywhere`.
pub fn scope(words: &str, release: &Release) -> Result<Scope, AppError> {
    let mut scope = Scope { service: Some(release.service.clone()), ..Scope::default() };
    for word in words.split(',').map(str::trim).filter(|w| !w.is_empty()) {
        match word {
            "service" => {}
            "environment" => scope.environment = Some(release.environment.clone()),
            "version" => scope.version = Some(release.version.clone()),
            "everywhere" => return Ok(Scope::default()),
            "artifact" => match release.artifacts.iter().find_map(|a| a.digest.clone()) {
                Some(digest) => scope.artifact = Some(digest),
                None => {
                    return Err(AppError::usage("No artifact of this release has a digest, so none can be the scope."));
                }
            },
            other => {
                return Err(AppError::usage(format!(
                    "There is no scope {other:?}. Known are: service, environment, version, artifact, everywhere."
                )));
            }
        }
    }
    Ok(scope)
}

/// What must be given: a detail always, a justification for not-affected, an expiry for accepted; and findings that have
/// a rule or a component in common.
pub fn check(request: &Dismiss, now: Timestamp) -> Result<(), AppError> {
    if request.findings.is_empty() {
        return Err(AppError::usage("No finding is named."));
    }
    if let Err(unlike) = alike(&request.findings) {
        let error =
            AppError::usage(unlike.to_string()).hint("Dismiss them in parts, each with a reasoning of its own.");
        return Err(unlike.kinds.iter().take(10).fold(error, AppError::hint));
    }
    check_each(&request.each(), now)
}

/// As [`check`], of each record by itself.
pub fn check_each(all: &[Said], now: Timestamp) -> Result<(), AppError> {
    for said in all {
        if crate::text::is_blank(said.detail.raw()) {
            return Err(AppError::usage("A dismissal needs its reasoning.").hint("Give it with --reason."));
        }
        if said.status == Status::NotAffected && said.justification.is_none() {
            let known: Vec<&str> = Justification::ALL.iter().map(|j| j.word()).collect();
            return Err(AppError::usage("not-affected needs a justification.")
                .hint(format!("Give one with --justification: {}.", known.join(", "))));
        }
        if said.status == Status::Accepted && said.expires.is_none() {
            return Err(AppError::usage("An accepted risk needs a day on which it comes back.")
                .hint("Give one with --expires 90d."));
        }
        if said.expires.is_some_and(|t| t <= now) {
            return Err(AppError::usage("The expiry has passed already."));
        }
    }
    Ok(())
}

/// Signs one record over all the findings, and appends it.
pub async fn dismiss(
    desk: &Desk,
    request: &Dismiss,
    dossier: &Dossier,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    check(request, desk.clock.now())?;
    sign_each(desk, &request.each(), dossier, permit, watcher).await
}

/// Those of the findings that are open although they were dismissed just now, each with why: another person has to say the
/// same, or it cannot be told which of several was meant.
pub async fn still_open(
    desk: &Desk,
    dossier: &Dossier,
    dismissed: &BTreeSet<Fingerprint>,
) -> Result<Vec<(Arc<Finding>, Lapse)>, AppError> {
    let records = desk.records().await?;
    let findings = dossier.findings.iter().map(|t| Arc::clone(&t.finding)).collect();
    let people = super::dossier::people(desk, dossier.service.as_deref());
    let now = desk.clock.now();
    let triaged = match_dismissals(findings, &records.dismissals, &dossier.release, now, None, people);
    let open = triaged.into_iter().filter(|t| t.is_open() && dismissed.contains(&t.finding.fingerprint));
    Ok(open.filter_map(|t| Some((t.finding, t.suggestion?.1))).collect())
}

/// What a script is told of what was signed and does not hold yet; `None` if all of it does.
pub fn not_yet(open: &[(Arc<Finding>, Lapse)]) -> Option<AppError> {
    let waits = open.iter().filter(|(_, lapse)| *lapse == Lapse::WaitsForSecond).count();
    (waits > 0).then(|| {
        let error =
            AppError::new(ErrorKind::Quorum, format!("Recorded; {waits} of the findings are not dismissed yet."));
        error.hint("Another person has to sign the same status of them.")
    })
}

/// Signs one document with a record for each finding, and appends it.
pub async fn sign_each(
    desk: &Desk,
    all: &[Said],
    dossier: &Dossier,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    check_each(all, desk.clock.now())?;
    if desk.readonly {
        return Err(AppError::usage("Nothing is dismissed with --readonly."));
    }
    desk.records().await?.sound()?;
    let identity = sign::identity(desk).await?;
    let signed = sign::triage(desk, &identity, all, dossier, watcher).await?;
    permit.use_up()?;
    desk.append(vec![Draft {
        kind: EntryKind::Triage,
        record: signed.record.clone(),
        gate: None,
        at: desk.clock.now(),
        body: signed.bytes.clone(),
    }])
    .await?;
    Ok(signed)
}
