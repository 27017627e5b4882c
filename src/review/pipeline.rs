//! What a pipeline asks before it goes on: whether the approvals of a gate are enough, from envelopes and a trust folder
//! alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::records::{RecordedApprovers, Records};
use super::{Desk, roles};
use crate::domain::decision::{Receipt, ReceiptStatus};
use crate::domain::ids::{Digest, GateId, RecordId};
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::ledger::folder::FolderLedger;
use crate::ledger::{self, Entry, EntryKind, Ledger as _};
use crate::trust::approvers::signed::Signed;
use crate::trust::bundle::MEDIA_TYPE;
use crate::trust::dsse::Envelope;
use crate::trust::quorum::{self, Cast, NoRule, Question, Tally, Why};
use crate::trust::statement::Statement;
use crate::trust::verify::{CLOCK_TOLERANCE, Expected, TrustRoot, Verified, verify_envelope, verify_stamped};

/// The largest envelope file that is read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// The largest time stamp that is read.
const MAX_STAMP: u64 = 64 * 1024;

/// An envelope to be verified, and where it is from.
pub struct Candidate {
    /// A file, or a place in the ledger.
    pub from: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When the ledger recorded it; a file does not know.
    pub recorded: Option<Timestamp>,
    /// What the ledger last saw to come of it; a file does not know.
    pub receipt: Option<Receipt>,
    /// Time stamps that came with it.
    pub stamps: Vec<Vec<u8>>,
}

/// Whose signatures count, and who holds which role.
pub struct Trust {
    /// Keys and people.
    pub root: TrustRoot,
    /// Roles and rules; `None`: there is no approvers file.
    pub approvers: Option<Signed>,
}

/// What is expected, besides what the envelopes must be over.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What they must be over.
    pub expected: Expected,
    /// The service.
    pub service: Option<String>,
    /// Names of people who may not be among the approvers.
    pub not_by: Vec<String>,
}

/// What came of one envelope.
pub struct Judged {
    /// Where it is from.
    pub from: String,
    /// Verified, or why not.
    pub outcome: Result<Verified, AppError>,
    /// Why it does not count, if it is an approval.
    pub why: Option<Why>,
    /// It is an approval that counts.
    pub counts: bool,
}

/// What came of all.
pub struct Answer {
    /// Each envelope.
    pub envelopes: Vec<Judged>,
    /// The quorum.
    pub tally: Result<Tally, NoRule>,
}

/// Reads a trust folder: `allowed_signers`; `revoked.krl` or `revoked`; `approvers.toml` with `approvers.toml.sig`.
/// `recorded` is the newest approvers file of the ledger, where there is one to be asked.
pub fn trust_folder(dir: &Path, recorded: Option<&RecordedApprovers>, now: Timestamp) -> Result<Trust, AppError> {
    let there = |name: &str| Some(dir.join(name)).filter(|p| p.symlink_metadata().is_ok());
    let root = super::verify::trust_folder(dir)?;
    // A signature without its file is a file that somebody took away.
    let file = there("approvers.toml").or_else(|| there("approvers.toml.sig").map(|_| dir.join("approvers.toml")));
    let approvers = roles::load(file.as_deref(), &root, recorded, now)?;
    Ok(Trust { root, approvers })
}

/// Reads envelope files; beside `FILE` may stand a time stamp, `FILE.tsr`.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Candidate>, AppError> {
    let one = |path: &PathBuf| {
        let from = path.to_string_lossy().into_owned();
        let failed = |why: String| AppError::new(ErrorKind::Verification, format!("{from} cannot be read: {why}."));
        let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
        let mut bytes = Vec::new();
        // What is piped in has no size to be asked for.
        let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
        if u64::try_from(read).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(failed(format!("it has more than {MAX_BYTES} bytes")));
        }
        let mut stamp = path.clone().into_os_string();
        stamp.push(".tsr");
        // One that cannot be read, or is no stamp by its size, proves nothing, as one that is not there.
        let stamps = std::fs::File::open(stamp).ok().and_then(|file| {
            let mut token = Vec::new();
            let read = file.take(MAX_STAMP + 1).read_to_end(&mut token).ok()?;
            (u64::try_from(read).ok()? <= MAX_STAMP).then_some(token)
        });
        let stamps = stamps.into_iter().collect();
        Ok(Candidate { from, bytes: unwrapped(bytes), recorded: None, receipt: None, stamps })
    };
    paths.iter().map(one).collect()
}

/// The envelope of a Sigstore bundle; anything else as it is. What the bundle says of keys and logs is not looked at: the
/// key is that of allowed_signers.
fn unwrapped(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(bundle)) = serde_json::from_slice::<Value>(&bytes) else { return bytes };
    if bundle.get("mediaType").and_then(Value::as_str) != Some(MEDIA_TYPE) {
        return bytes;
    }
    let envelope = bundle.get("dsseEnvelope").map(crate::domain::canonical::to_canonical);
    envelope.and_then(Result::ok).unwrap_or(bytes)
}

/// The decisions on a gate in the ledger, with what came of each, and all delegations; and the newest approvers file.
///
/// A ledger that is not whole proves nothing: a rejection may be what is missing.
pub async fn in_ledger(desk: &Desk, gate: &GateId) -> Result<(Vec<Candidate>, Option<RecordedApprovers>), AppError> {
    let records = desk.records().await?;
    records.sound()?;
    let ledger = std::sync::Arc::clone(&desk.ledger);
    let kinds = [EntryKind::Decision, EntryKind::Receipt, EntryKind::Delegation, EntryKind::Stamp];
    let read = tokio::task::spawn_blocking(move || ledger.read(1, &kinds)).await;
    let entries = read.map_err(|e| AppError::internal(e.to_string()))??;
    Ok((candidates(entries, gate, &records), records.approvers().cloned()))
}

/// The same of a folder that a ledger was exported to: no configuration, no network. Its checkpoint is believed only if
/// the trust folder's `ledger_keys` has its key; without that file, by the keys that came along, and then there is a
/// caution, a full sentence.
pub async fn in_folder(
    dir: PathBuf,
    trust: PathBuf,
    gate: &GateId,
) -> Result<(Vec<Candidate>, Option<RecordedApprovers>, Option<String>), AppError> {
    let gate = gate.clone();
    let read = tokio::task::spawn_blocking(move || {
        let ledger = FolderLedger::open(&dir, &trust)?;
        let keys = super::verify::trust_folder(&trust)?;
        let whole = ledger.follow(None)?;
        if let Some(damage) = whole.damage {
            return Err(AppError::new(ErrorKind::Verification, format!("{damage} Nothing in it is believed.")));
        }
        let records = Records::of(&whole.entries, &keys);
        is_as_seen(&records, &whole, &ledger)?;
        let recorded = records.approvers().cloned();
        Ok((candidates(whole.entries, &gate, &records), recorded, ledger.caution()))
    });
    read.await.map_err(|e| AppError::internal(format!("Reading the folder failed: {e}.")))?
}

/// Refuses a folder from which entries were taken before its newest checkpoint was signed anew: whoever signed later has
/// seen them.
fn is_as_seen(records: &Records, whole: &ledger::Read, ledger: &FolderLedger) -> Result<(), AppError> {
    let places: BTreeMap<&Digest, u64> = whole.entries.iter().map(|e| (&e.digest, e.seq)).collect();
    for decision in records.decisions() {
        let verified = records.verified(&decision.gate, &decision.id);
        let Some((verified, seq)) = verified.zip(places.get(&decision.envelope)) else { continue };
        let Some(seen) = super::ledger::seen(&verified).filter(|seen| seen.origin == whole.head.origin) else {
            continue;
        };
        let root_at = |size: u64| match usize::try_from(size).ok().and_then(|size| size.checked_sub(1)) {
            Some(at) => Ok(whole.roots.get(at).copied()),
            None => ledger.root_at(size),
        };
        if let Some(why) = super::ledger::unlike(*seq, &seen, &whole.head, root_at)? {
            let error = AppError::new(ErrorKind::Verification, format!("{why} Nothing in it is believed."));
            return Err(error.hint("Entries were taken away or replaced: compare with an anchor or another copy."));
        }
    }
    Ok(())
}

/// What of a ledger's entries speaks of a gate: by what is signed, or by what the ledger says.
pub fn candidates(entries: Vec<Entry>, gate: &GateId, records: &Records) -> Vec<Candidate> {
    let wanted = gate.to_string();
    let signed_for: BTreeSet<Digest> = records.of_gate(gate, None).into_iter().map(|d| d.envelope).collect();
    let here = |e: &Entry| {
        e.draft.kind == EntryKind::Delegation
            || e.draft.gate.as_ref() == Some(&wanted)
            || signed_for.contains(&e.digest)
            // What came of it, and when, is found by its record.
            || !e.draft.kind.is_signed()
    };
    let (signed, others): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().filter(here).partition(|e| e.draft.kind.is_signed());
    let records: BTreeSet<&RecordId> = signed.iter().map(|e| &e.draft.record).collect();
    let about = |kind: EntryKind| {
        others.iter().filter(move |e| e.draft.kind == kind).filter(|e| records.contains(&e.draft.record))
    };
    let read = |e: &Entry| serde_json::from_slice::<Receipt>(&e.draft.body).ok();
    let receipts: BTreeMap<&RecordId, Receipt> =
        about(EntryKind::Receipt).filter_map(|e| Some((&e.draft.record, read(e)?))).collect();
    let mut stamps: BTreeMap<&RecordId, Vec<&Entry>> = BTreeMap::new();
    about(EntryKind::Stamp).for_each(|e| stamps.entry(&e.draft.record).or_default().push(e));
    signed
        .iter()
        .map(|e| Candidate {
            from: format!("ledger entry {}", e.seq),
            recorded: Some(e.draft.at),
            receipt: receipts.get(&e.draft.record).cloned(),
            stamps: super::stamp::tokens(stamps.get(&e.draft.record).into_iter().flatten().copied(), &e.digest),
            bytes: e.draft.body.clone(),
        })
        .collect()
}

/// Judges all envelopes together, as of a time.
pub fn judge(candidates: &[Candidate], trust: &Trust, wanted: &Wanted, now: Timestamp) -> Answer {
    let verified = |c: &Candidate| verify_stamped(&c.bytes, &c.stamps, &trust.root, now).map_err(AppError::from);
    let outcomes: Vec<Result<Verified, AppError>> = candidates.iter().map(verified).collect();
    let once: Vec<Option<Verified>> = outcomes
        .iter()
        .zip(candidates)
        .map(|(outcome, c)| if outcome.is_err() { lapsed(c, &trust.root, now) } else { None })
        .collect();
    // The places of those that speak, among all.
    let mut good: Vec<usize> = Vec::new();
    let mut cast: Vec<Cast<'_>> = Vec::new();
    for (place, ((outcome, once), candidate)) in outcomes.iter().zip(&once).zip(candidates).enumerate() {
        let receipt: Option<ReceiptStatus> = candidate.receipt.as_ref().map(|r| r.status);
        // As of an earlier time, what the ledger did not have then lets nothing pass.
        let later = candidate.recorded.is_some_and(|at| at > now.plus(CLOCK_TOLERANCE));
        if let Some(verified) = outcome.as_ref().ok().or(once.as_ref()) {
            good.push(place);
            cast.push(Cast { verified, receipt, lapsed: outcome.is_err() || later });
        }
    }
    let tally = quorum::tally(
        &cast,
        &Question {
            expected: &wanted.expected,
            service: wanted.service.as_deref(),
            approvers: trust.approvers.as_ref().map(|s| &s.approvers),
            now,
            excluded: &[],
            barred: &wanted.not_by,
            in_order: candidates.iter().all(|c| c.recorded.is_some()),
            evidence: None,
        },
    );
    let vote = |place: usize| {
        let at = good.iter().position(|g| *g == place)?;
        tally.as_ref().ok()?.votes.iter().find(|v| v.place == at)
    };
    let said: Vec<(Option<Why>, bool)> =
        (0..outcomes.len()).map(|place| vote(place).map_or((None, false), |v| (v.why.clone(), v.counts()))).collect();
    let envelopes = outcomes
        .into_iter()
        .zip(candidates)
        .zip(said)
        .map(|((outcome, candidate), (why, counts))| Judged { from: candidate.from.clone(), outcome, why, counts })
        .collect();
    Answer { envelopes, tally }
}

/// What was good when it was recorded, or when it says that it was signed, and is not now, as its key or certificate has
/// come to its end: a rejection or a revocation is not undone by time. Keys that were revoked never were good.
fn lapsed(candidate: &Candidate, root: &TrustRoot, now: Timestamp) -> Option<Verified> {
    let then = candidate.recorded.or_else(|| {
        let envelope = Envelope::parse(&candidate.bytes).ok()?.open().ok()?;
        Some(Statement::parse(&envelope.payload).ok()?.issued_at())
    })?;
    let at = then.min(now);
    // Without stamps first: one that cannot be used must not take away what counts without it.
    verify_envelope(&candidate.bytes, root, at)
        .or_else(|_| verify_stamped(&candidate.bytes, &candidate.stamps, root, at))
        .ok()
}

impl Answer {
    /// Whether the pipeline may go on. Nothing found is no.
    pub fn outcome(&self) -> Result<(), AppError> {
        let failed = |text: String| AppError::new(ErrorKind::Verification, text);
        let tally = match &self.tally {
            Ok(tally) => tally,
            Err(e @ NoRule::Service { .. }) => return Err(AppError::usage(e.to_string()).hint(e.hint())),
            Err(e) => return Err(failed(e.to_string()).hint(e.hint())),
        };
        if self.envelopes.is_empty() {
            return Err(failed("There is nothing to verify.".to_owned()).hint(
                "Nobody has decided over this gate, or the envelopes are elsewhere: nothing found is never good.",
            ));
        }
        if tally.reached() {
            return Ok(());
        }
        let rejected = tally.votes.iter().any(|v| matches!(v.why, Some(Why::Rejected(_))));
        let text = if tally.stopped.is_some() {
            "A rejection or a halt took effect, and no approval of the same attempt can have.".to_owned()
        } else if rejected && tally.counted().next().is_none() {
            "A later decision rejects or halts what was approved.".to_owned()
        } else if tally.counted().next().is_none() {
            "No decision verifies.".to_owned()
        } else {
            format!("The approvals are not enough: {}.", tally.standing().words())
        };
        Err(self.envelopes.iter().fold(failed(text), |error, judged| match (&judged.outcome, &judged.why) {
            (Err(e), _) => error.hint(format!("{}: {}", judged.from, e.message)),
            (Ok(_), Some(why)) => error.hint(format!("{}: {why}.", judged.from)),
            _ => error,
        }))
    }
}

#[cfg(test)]
mod tests;
