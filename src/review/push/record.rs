//! What the ledger keeps of a push.

use serde::{Deserialize, Serialize};

use super::{Line, address};
use crate::domain::canonical;
use crate::domain::ids::{Digest, Fingerprint, RecordId};
use crate::error::AppError;
use crate::ledger::{Draft, EntryKind};
use crate::review::Desk;
use crate::text::Untrusted;
use crate::tracker::{Outcome, Plan, Request};

/// The body of an entry: what a system is about to be told, or what came of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pushed {
    /// The dismissal.
    pub dismissal: RecordId,
    /// The finding, as it is now.
    pub finding: Fingerprint,
    /// The connection.
    pub to: String,
    /// What it is about there.
    pub what: Untrusted,
    /// How it stood.
    pub from: Untrusted,
    /// How it was to stand.
    pub becomes: String,
    /// The requests, in order.
    pub requests: Vec<Sent>,
    /// `sending`, `seen`, `already`, `absent`, `refused` or `unknown`.
    pub outcome: String,
    /// What was said of it, where it is not `sending` and not `seen`.
    pub detail: Option<Untrusted>,
}

/// One request, its body by digest only: what it says of the dismissal is in the ledger already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// `POST`, `PUT`, `PATCH`.
    pub method: String,
    /// The full address.
    pub url: String,
    /// The digest of the body.
    pub body: Digest,
}

/// Appends what is about to be sent, or what came of it.
pub(super) async fn keep(
    desk: &Desk,
    line: &Line,
    plan: &Plan,
    requests: &[Request],
    outcome: Option<&Outcome>,
) -> Result<(), AppError> {
    let (outcome, detail) = match outcome {
        None => ("sending", None),
        Some(Outcome::Seen) => ("seen", None),
        Some(Outcome::Already) => ("already", None),
        Some(Outcome::Absent(why)) => ("absent", Some(why)),
        Some(Outcome::Refused(why)) => ("refused", Some(why)),
        Some(Outcome::Unknown(why)) => ("unknown", Some(why)),
    };
    let sent = |r: &Request| Sent {
        method: r.method.to_owned(),
        url: address(desk, &line.to, r),
        body: canonical::sha256(r.body.as_bytes()),
    };
    let record = &line.told.dismissal.id;
    let pushed = Pushed {
        dismissal: record.clone(),
        finding: line.told.finding.fingerprint,
        to: line.to.clone(),
        what: plan.what.clone(),
        from: plan.from.clone(),
        becomes: plan.to.clone(),
        requests: requests.iter().map(sent).collect(),
        outcome: outcome.to_owned(),
        detail: detail.map(|d| Untrusted::from(d.as_str())),
    };
    let body = canonical::to_canonical(&pushed).map_err(|e| AppError::internal(e.to_string()))?;
    let (kind, record, at) = (EntryKind::Push, record.clone(), desk.clock.now());
    desk.append(vec![Draft { kind, record, gate: None, at, body }]).await.map(drop)
}
