//! Whether a document counts: by what was verified when the ledger was read, or anew.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::config::schema::TrustConfig;
use crate::domain::ids::{Digest, Principal, RecordId};
use crate::domain::record::Standing;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::review::records::Records;
use crate::review::{sign, stamp};
use crate::trust::approvers::signed;
use crate::trust::key::KeyInfo;
use crate::trust::raw::Profile;
use crate::trust::stamp::Stamped;
use crate::trust::verify::{TrustRoot, verify_stamped};
use crate::trust::verify_sig::Touch;

/// Knows what was verified.
pub(super) struct Judge {
    records: Arc<Records>,
    root: Result<TrustRoot, AppError>,
    /// The envelopes that count.
    counted: HashSet<Digest>,
}

/// Who signed, and with what.
pub(super) struct Signer {
    pub principal: Principal,
    pub key: Option<KeyInfo>,
    pub profile: Option<Profile>,
    pub touch: Option<Touch>,
    pub stamped: Option<Stamped>,
}

/// The body of an entry with an approvers file.
#[derive(Deserialize)]
pub(super) struct ApproversBody {
    pub text: String,
    pub signature: String,
}

impl Judge {
    pub(super) fn new(records: Arc<Records>, trust: &TrustConfig) -> Self {
        let decisions = records.decisions().iter().map(|d| d.envelope.clone());
        let dismissals = records.dismissals.iter().map(|d| d.envelope.clone());
        let counted = decisions.chain(dismissals).collect();
        Self { root: sign::trust_root(trust), counted, records }
    }

    /// What was noted of a decision later: what is to be known of it, for people.
    pub(super) fn afterwards(&self, record: &RecordId) -> Vec<(&'static str, String)> {
        let Some(decision) = self.records.decision(record) else { return Vec::new() };
        let by = |label, who: &Option<Principal>| who.as_ref().map(|who| (label, format!("by {who}")));
        [by("taken back", &decision.revoked_by), by("reviewed", &decision.reviewed_by)].into_iter().flatten().collect()
    }

    /// What is known of a document, in a list of thousands: what was verified already is not verified again.
    pub(super) fn standing(&self, entry: &Entry) -> Standing {
        let counts = match entry.draft.kind {
            // Where entries are missing or changed, a signature proves nothing: the time it is judged by may be another.
            _ if self.records.sound().is_err() => false,
            EntryKind::Decision | EntryKind::Triage => self.counted.contains(&entry.digest),
            _ => self.verdict(entry, &[]).is_ok(),
        };
        if counts { Standing::Verified } else { Standing::NotVerified }
    }

    /// Whether a document counts: it verifies as of when it was recorded, in a ledger that is whole, and nothing else
    /// speaks against it. `record`: all entries of its record.
    pub(super) fn verdict(&self, entry: &Entry, record: &[Entry]) -> Result<Signer, AppError> {
        self.records.sound()?;
        if let Some(problem) = self.records.problem_of(entry.seq) {
            return Err(AppError::new(ErrorKind::Verification, problem));
        }
        let root = self.root.as_ref().map_err(Clone::clone)?;
        signer(entry, &stamp::tokens(record, &entry.digest), root)
    }
}

fn signer(entry: &Entry, stamps: &[Vec<u8>], root: &TrustRoot) -> Result<Signer, AppError> {
    let draft = &entry.draft;
    if draft.kind == EntryKind::Approvers {
        let unreadable = |e| AppError::new(ErrorKind::Verification, format!("The entry cannot be read: {e}."));
        let body: ApproversBody = serde_json::from_slice(&draft.body).map_err(unreadable)?;
        let name = format!("entry {}", entry.seq);
        let signed = signed::verify(&name, body.text.as_bytes(), body.signature.as_bytes(), root, draft.at)
            .map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
        return Ok(Signer { principal: signed.by, key: None, profile: None, touch: None, stamped: None });
    }
    let v = verify_stamped(&draft.body, stamps, root, draft.at)?;
    let profile = Some(v.profile);
    Ok(Signer { principal: v.principal, key: Some(v.key), profile, touch: v.touch, stamped: v.stamped })
}
