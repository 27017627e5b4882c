//! The predicate of a delegation, `https://countersign.dev/delegation/v1`.
//!
//! Its subject is what is delegated, as nothing else exists that it could be about: one subject of the name
//! `delegation`, with the SHA-256 over the canonical JSON of `{"roles", "scope", "to"}` as the predicate has them.
//! What takes a delegation back has the same form, with `revokes` and without roles and patterns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entitlement::is_sorted;
use super::{ApproverRef, Predicate, Statement, StatementError, Subject, check_approver};
use crate::domain::canonical;
use crate::domain::ids::{Principal, RecordId};
use crate::domain::quorum::DelegationScope;
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// The only version of this format.
const SCHEMA: u32 = 1;
/// The name of its subject.
const SUBJECT: &str = "delegation";

/// Roles that one approver lends another, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DelegationPredicate {
    /// The version of this format: 1.
    pub schema: u32,
    /// The delegation's id, a ULID.
    pub delegation_id: RecordId,
    /// Random, so that no two have the same bytes.
    pub nonce: String,
    /// When it was signed, by the signer's clock.
    pub issued_at: Timestamp,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who delegates.
    pub approver: ApproverRef,
    /// Who may act.
    pub to: Principal,
    /// In which roles, sorted. The delegate has them only as long as the one who delegates.
    pub roles: Vec<String>,
    /// Where.
    pub scope: DelegationScope,
    /// Why.
    pub reason: Untrusted,
    /// The delegation that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revokes: Option<RecordId>,
    /// By how many seconds the signer's clock was off, where the approver allowed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_seconds: Option<String>,
}

/// What is to be delegated, and what only the caller knows.
#[derive(Debug, Clone)]
pub struct DelegationChoice {
    /// The delegation's id, a ULID.
    pub id: RecordId,
    /// Random text.
    pub nonce: String,
    /// Now.
    pub issued_at: Timestamp,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who signs.
    pub approver: ApproverRef,
    /// Who may act.
    pub to: Principal,
    /// In which roles.
    pub roles: Vec<String>,
    /// Where.
    pub scope: DelegationScope,
    /// Why.
    pub reason: Untrusted,
    /// The delegation that is taken back.
    pub revokes: Option<RecordId>,
    /// By how many seconds the clock was off, where that was allowed.
    pub clock_skew_seconds: Option<i64>,
}

impl Statement {
    /// A delegation, or what takes one back.
    pub fn of_delegation(choice: DelegationChoice) -> Result<Self, StatementError> {
        let sorted = |mut items: Vec<String>| {
            items.sort();
            items.dedup();
            items
        };
        let predicate = DelegationPredicate {
            schema: SCHEMA,
            delegation_id: choice.id,
            nonce: choice.nonce,
            issued_at: choice.issued_at,
            not_before: choice.not_before,
            not_after: choice.not_after,
            approver: choice.approver,
            to: choice.to,
            roles: sorted(choice.roles),
            scope: DelegationScope {
                environments: sorted(choice.scope.environments),
                services: sorted(choice.scope.services),
            },
            reason: choice.reason,
            revokes: choice.revokes,
            clock_skew_seconds: choice.clock_skew_seconds.map(|s| s.to_string()),
        };
        let subject = vec![predicate.subject()];
        let statement = Self { subject, predicate: Predicate::Delegation(Box::new(predicate)) };
        statement.check()?;
        Ok(statement)
    }
}

impl DelegationPredicate {
    /// What is delegated, by its digest.
    pub(super) fn subject(&self) -> Subject {
        let what = serde_json::json!({ "roles": self.roles, "scope": self.scope, "to": self.to });
        let digest = canonical::digest_of(&what).hex().to_owned();
        Subject { name: SUBJECT.into(), uri: None, digest: BTreeMap::from([("sha256".to_owned(), digest)]) }
    }

    pub(super) fn check(&self, subject: &[Subject]) -> Result<(), String> {
        check_approver(&self.approver)?;
        if self.schema != SCHEMA {
            return Err(format!("its schema is {}, and only {SCHEMA} is known", self.schema));
        }
        if self.delegation_id.as_str().is_empty() || self.nonce.is_empty() || self.to == Principal::new("") {
            return Err("the delegation's id, its nonce or the person that it is given to is empty".to_owned());
        }
        if self.to == self.approver.principal {
            return Err("it delegates to the one who signs it".to_owned());
        }
        if self.not_before > self.not_after || self.issued_at > self.not_after {
            return Err("its notAfter lies before its notBefore or issuedAt".to_owned());
        }
        let lists = [&self.roles, &self.scope.services, &self.scope.environments];
        if lists.iter().any(|list| !is_sorted(list)) {
            return Err("its roles or the patterns of its scope are not sorted, or given twice".to_owned());
        }
        // Nothing is ever meant by leaving it out.
        if lists.iter().any(|list| list.is_empty() == self.revokes.is_none()) {
            return Err("it needs roles, services and environments, or takes a delegation back and has none".to_owned());
        }
        if subject != [self.subject()] {
            return Err("its subject is not the digest of what is delegated".to_owned());
        }
        Ok(())
    }
}
