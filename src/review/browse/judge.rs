//! Whether a document counts: by what was verified when the ledger was read. One judge for the list, for a record in
//! full, and for the commands.

use std::sync::Arc;

use crate::config::schema::TrustConfig;
use crate::domain::decision::Decision;
use crate::domain::ids::Principal;
use crate::domain::record::Standing;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Entry, EntryKind};
use crate::review::records::{ApproversBody, Records};
use crate::review::{Desk, roles, sign, stamp};
use crate::trust::approvers::{Approvers, signed};
use crate::trust::key::KeyInfo;
use crate::trust::raw::Profile;
use crate::trust::stamp::Stamped;
use crate::trust::verify::{TrustRoot, verify_stamped};
use crate::trust::verify_sig::Touch;

/// Knows what was verified.
pub(in crate::review) struct Judge {
    records: Arc<Records>,
    root: Result<TrustRoot, AppError>,
    /// The approvers file in force. Without one nobody holds a role, and what needs one is not there.
    roles: Option<Arc<Approvers>>,
}

/// Who signed, and with what.
pub(in crate::review) struct Signer {
    pub principal: Principal,
    pub key: Option<KeyInfo>,
    pub profile: Option<Profile>,
    pub touch: Option<Touch>,
    pub stamped: Option<Stamped>,
}

impl Judge {
    /// By what the ledger says now. Read the entries that are to be judged before: those that come later are unknown to it.
    pub(in crate::review) async fn at(desk: &Desk) -> Result<Self, AppError> {
        let records = desk.records().await?;
        let (roles, trust) = (roles::in_force(desk, &records).await.ok().flatten(), desk.config.trust.clone());
        let judge = tokio::task::spawn_blocking(move || Self::new(records, &trust, roles)).await;
        judge.map_err(|e| AppError::internal(format!("Reading the trust root failed: {e}.")))
    }

    /// Blocking.
    pub(super) fn new(records: Arc<Records>, trust: &TrustConfig, roles: Option<Arc<Approvers>>) -> Self {
        Self { root: sign::trust_root(trust), records, roles }
    }

    /// How many entries it knows, of a ledger that is whole.
    pub(super) fn reach(&self) -> Option<u64> {
        self.records.sound().is_ok().then(|| self.records.entries())
    }

    /// A decision with what was said of it later, if it counts.
    pub(super) fn remarked(&self, entry: &Entry) -> Option<Decision> {
        let decision = self.records.decision(&entry.draft.record).filter(|d| d.envelope == entry.digest)?;
        self.records.counts(entry).then(|| self.records.remarked(decision, self.roles.as_deref()))
    }

    /// What is known of a document, in a list of thousands: what was verified already is not verified again.
    pub(super) fn standing(&self, entry: &Entry) -> Standing {
        // Where entries are missing or changed, a signature proves nothing: the time it is judged by may be another.
        if self.records.sound().is_err() {
            Standing::NotVerified
        } else if entry.seq > self.records.entries() {
            Standing::Unchecked
        } else if self.records.counts(entry) {
            Standing::Verified
        } else {
            Standing::NotVerified
        }
    }

    /// Whether a document counts: it verifies as of when it was recorded, in a ledger that is whole, and nothing else
    /// speaks against it. `record`: all entries of its record.
    pub(in crate::review) fn verdict(&self, entry: &Entry, record: &[Entry]) -> Result<Signer, AppError> {
        self.records.sound()?;
        let refused = |why: &str| AppError::new(ErrorKind::Verification, why);
        if let Some(problem) = self.records.problem_of(entry.seq) {
            // What verification says has a hint; what else speaks against it is said by the problem alone.
            let hints = self.root.as_ref().ok().and_then(|root| signer(entry, record, root).err());
            return Err(hints.into_iter().flat_map(|e| e.hints).fold(refused(problem), AppError::hint));
        }
        if !self.records.counts(entry) {
            return Err(refused("It is not what was verified when the ledger was read.")
                .hint("Look again; if it stays so, `countersign ledger check` says what is wrong."));
        }
        signer(entry, record, self.root.as_ref().map_err(Clone::clone)?)
    }
}

fn signer(entry: &Entry, record: &[Entry], root: &TrustRoot) -> Result<Signer, AppError> {
    let draft = &entry.draft;
    if draft.kind == EntryKind::Approvers {
        let unreadable = |e| AppError::new(ErrorKind::Verification, format!("The entry cannot be read: {e}."));
        let body: ApproversBody = serde_json::from_slice(&draft.body).map_err(unreadable)?;
        let name = format!("entry {}", entry.seq);
        let signed = signed::verify(&name, body.text.as_bytes(), body.signature.as_bytes(), root, draft.at)
            .map_err(|e| AppError::new(ErrorKind::Verification, e.to_string()))?;
        return Ok(Signer { principal: signed.by, key: None, profile: None, touch: None, stamped: None });
    }
    let v = verify_stamped(&draft.body, &stamp::tokens(record, &entry.digest), root, draft.at)?;
    let profile = Some(v.profile);
    Ok(Signer { principal: v.principal, key: Some(v.key), profile, touch: v.touch, stamped: v.stamped })
}
