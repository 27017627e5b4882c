//! How far the approvals of gates are, and which gates wait for the person at the desk.

use std::sync::Arc;
use std::time::Duration;

use super::approval::{self, Roles};
use super::inbox::Waiting;
use super::records::Records;
use super::{Desk, roles, sign};
use crate::domain::dossier::Dossier;
use crate::domain::ids::Principal;
use crate::domain::quorum::Standing;
use crate::domain::time::Timestamp;
use crate::error::AppError;

/// How long a key is looked for before a list is shown without knowing whose it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// The person at the desk, if the key can be found soon.
pub async fn who(desk: &Desk) -> Option<Principal> {
    let found = tokio::time::timeout(PATIENCE, sign::identity(desk)).await.ok()?;
    found.ok().map(|identity| identity.principal)
}

/// The ledger and the roles at one moment, as somebody sees them.
pub struct Eyes {
    records: Arc<Records>,
    roles: Roles,
    who: Option<Principal>,
    now: Timestamp,
}

/// What somebody sees of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How far its approvals are.
    pub standing: Standing,
    /// Whether it waits for this person; never where nobody knows who that is.
    pub mine: bool,
    /// Whether that was counted over the evidence that is there now.
    pub counted_now: bool,
}

impl Eyes {
    /// Reads what is to be known.
    pub async fn of(desk: &Desk, who: Option<Principal>) -> Result<Self, AppError> {
        let records = desk.records().await?;
        let roles = roles::in_force(desk, &records).await;
        Ok(Self { records, roles, who, now: desk.clock.now() })
    }

    /// Looks at a gate, over its evidence where that is there.
    pub fn on(&self, waiting: &Waiting, dossier: Option<&Dossier>) -> Seen {
        // Evidence of an earlier attempt says nothing of this one.
        let dossier = dossier.filter(|d| d.gate.attempt == waiting.gate.attempt);
        let (records, roles, now) = (&self.records, &self.roles, self.now);
        let standing = approval::standing(records, roles, &waiting.gate, &waiting.release, dossier, now);
        let waits = |who| approval::waits_for(records, roles, waiting, dossier, &standing, now, who);
        let mine = self.who.as_ref().is_some_and(waits);
        Seen { mine, counted_now: dossier.is_some(), standing }
    }
}
