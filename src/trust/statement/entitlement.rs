//! As what an approver decides: policy, quorum, roles, and who is excluded.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Digest, RecordId};
use crate::domain::quorum::{Excluded, Need};

/// The most people that a rule may want in one role.
pub const MAX_COUNT: u32 = 100;

/// The policy, and what the approvers file said when it was signed. What counts is the approvers file that the verifier
/// has; this is what the approver saw, and whom the evidence names as excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// The policy's digest.
    pub digest: Digest,
    /// The digest of the approvers file's bytes; none where there was no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Digest>,
    /// Who is needed by all rules that apply, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quorum: Vec<Need>,
    /// The roles that the approver acts in, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Whom the evidence names as author, trigger or pusher, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Excluded>,
}

/// As what an approver decides. Without an approvers file only `excluded` has anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entitlement {
    /// See [`PolicyRef::approvers`].
    pub approvers: Option<Digest>,
    /// See [`PolicyRef::quorum`].
    pub quorum: Vec<Need>,
    /// See [`PolicyRef::roles`].
    pub roles: Vec<String>,
    /// See [`PolicyRef::excluded`].
    pub excluded: Vec<Excluded>,
    /// In an emergency, alone.
    pub break_glass: bool,
    /// The delegation that is used.
    pub delegation: Option<RecordId>,
}

impl PolicyRef {
    /// Puts both together.
    pub(super) fn of(digest: Digest, entitlement: Entitlement) -> Self {
        let Entitlement { approvers, quorum, mut roles, mut excluded, .. } = entitlement;
        roles.sort();
        roles.dedup();
        excluded.sort();
        excluded.dedup();
        Self { digest, approvers, quorum, roles, excluded }
    }

    /// Whether it has the digest only.
    pub(super) fn is_schema_one(&self) -> bool {
        let Self { digest: _, approvers, quorum, roles, excluded } = self;
        approvers.is_none() && quorum.is_empty() && roles.is_empty() && excluded.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if !is_sorted(&self.roles) || !is_sorted(&self.excluded) {
            return Err("its roles or its excluded people are not sorted, or given twice".to_owned());
        }
        // Larger numbers would be rounded by some parsers.
        if self.quorum.iter().any(|n| n.role.is_empty() || n.count == 0 || n.count > MAX_COUNT) {
            return Err(format!("a role of its quorum is empty, or its count is not from 1 to {MAX_COUNT}"));
        }
        Ok(())
    }
}

/// Whether it has each item once, in order.
pub(super) fn is_sorted<T: Ord>(items: &[T]) -> bool {
    items.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}
