//! Evidence in the ledger's own database, so that everyone who shares the ledger is shown the same.
//!
//! Rows are only added: a damaged one is mended by another copy.

use std::sync::Arc;

use super::session::Parameters;
use super::{Shared, fault::Fault};
use crate::domain::ids::Digest;
use crate::ledger::LedgerError;
use crate::ledger::store::packed;

/// Evidence in a database. Blocking, as the ledger is.
#[derive(Clone)]
pub struct PostgresEvidence {
    shared: Arc<Shared>,
}

impl PostgresEvidence {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Keeps bytes under their digest, and returns once they are flushed.
    pub(in crate::ledger) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), LedgerError> {
        let unusable = |why: String| LedgerError::Use { location: self.location(), why };
        let stored = packed::pack(bytes).map_err(|e| unusable(format!("It cannot be compressed ({e}).")))?;
        let sql = "INSERT INTO countersign.evidence (digest, copy, bytes) \
                   SELECT $1, coalesce(max(copy), -1) + 1, $2 FROM countersign.evidence WHERE digest = $1 \
                   ON CONFLICT DO NOTHING";
        let name = digest.as_str().to_owned();
        self.shared
            .reading(|link, session| {
                let parameters: Parameters = vec![Box::new(name.clone()), Box::new(stored.clone())];
                link.query(session, sql, parameters).map(|_none| ())
            })
            .map_err(|fault| fault.used(&self.location()))
    }

    /// The bytes of a digest, verified; `None` if they are not kept.
    pub(in crate::ledger) fn get(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let sql = "SELECT bytes FROM countersign.evidence WHERE digest = $1 ORDER BY copy DESC";
        let name = digest.as_str().to_owned();
        let rows = self.shared.reading(|link, session| link.query(session, sql, vec![Box::new(name.clone())]));
        let rows = rows.map_err(|fault| fault.used(&self.location()))?;
        let damaged = |why| LedgerError::Evidence { location: self.location(), digest: digest.clone(), why };
        let mut last = None;
        for row in rows {
            let unpacked = row
                .try_get::<_, &[u8]>(0)
                .map_err(|_e| "it is not of its type.".to_owned())
                .and_then(|bytes| packed::unpack(bytes, digest, limit));
            match unpacked {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(why) => last = Some(why),
            }
        }
        last.map_or(Ok(None), |why| Err(damaged(why)))
    }

    /// Whether something is kept under a digest. It is not verified; what cannot be asked is not there.
    pub(in crate::ledger) fn contains(&self, digest: &Digest) -> bool {
        let sql = "SELECT 1 FROM countersign.evidence WHERE digest = $1 LIMIT 1";
        let name = digest.as_str().to_owned();
        let rows: Result<_, Fault> =
            self.shared.reading(|link, session| link.query(session, sql, vec![Box::new(name.clone())]));
        rows.is_ok_and(|rows| !rows.is_empty())
    }

    /// Where it is, for people.
    pub(in crate::ledger) fn location(&self) -> String {
        self.shared.location.clone()
    }
}
