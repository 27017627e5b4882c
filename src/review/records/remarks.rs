//! What was said of earlier decisions: taken back, or reviewed. Whether it counts is a question of the roles in force,
//! which may change, so all of it is kept. The answer is that of the quorum, and for people only: see the tests.

use std::sync::Arc;

use super::Records;
use crate::domain::decision::{Decision, Verb};
use crate::domain::ids::{GateId, Principal, RecordId};
use crate::domain::time::Timestamp;
use crate::trust::approvers::{Approvers, plain};
use crate::trust::quorum::REVOKER;
use crate::trust::statement::DecisionPredicate;

/// Something that somebody said of an earlier decision.
#[derive(Debug, Clone)]
pub(super) struct Remark {
    verb: Verb,
    by: Principal,
    gate: GateId,
    issued_at: Timestamp,
}

impl Remark {
    /// What a decision says of an earlier one, if it does.
    pub(super) fn of(predicate: &DecisionPredicate, by: &Principal) -> Option<(RecordId, Self)> {
        let earlier = match predicate.decision {
            Verb::Revoke => predicate.supersedes.clone(),
            Verb::Comment => predicate.reviews.clone(),
            _ => None,
        };
        let (verb, gate) = (predicate.decision, predicate.orchestrator.gate.clone());
        Some((earlier?, Self { verb, by: by.clone(), gate, issued_at: predicate.issued_at }))
    }

    /// Its signer takes a decision back, or whoever holds the role of a revoker.
    fn takes_back(&self, decision: &Decision, roles: Option<&Approvers>) -> bool {
        let person = roles.and_then(|r| r.person(&self.by));
        self.verb == Verb::Revoke && (self.is_by(decision) || person.is_some_and(|p| p.roles.contains(REVOKER)))
    }

    /// Another person of the approvers file reviews it, afterwards.
    fn reviews(&self, decision: &Decision, roles: Option<&Approvers>) -> bool {
        let known = roles.is_some_and(|r| r.person(&self.by).is_some());
        self.verb == Verb::Comment && known && !self.is_by(decision) && self.issued_at >= decision.issued_at
    }

    fn is_by(&self, decision: &Decision) -> bool {
        self.by == decision.principal || plain(self.by.as_str()) == plain(decision.principal.as_str())
    }
}

impl Records {
    pub(super) fn remark(&mut self, predicate: &DecisionPredicate, by: &Principal) {
        if let Some((earlier, remark)) = Remark::of(predicate, by) {
            Arc::make_mut(self.remarks.entry(earlier).or_default()).push(remark);
        }
    }

    /// A decision with who took it back and who reviewed it, as the roles in force let that count.
    pub fn remarked(&self, decision: &Decision, roles: Option<&Approvers>) -> Decision {
        let all = self.remarks.get(&decision.id).map(|all| all.as_slice()).unwrap_or_default();
        let by = |counts: &dyn Fn(&Remark) -> bool| {
            all.iter().find(|r| r.gate == decision.gate && counts(r)).map(|r| r.by.clone())
        };
        let revoked_by = by(&|r| r.takes_back(decision, roles));
        let reviewed_by = by(&|r| decision.break_glass && r.reviews(decision, roles));
        Decision { revoked_by, reviewed_by, ..decision.clone() }
    }
}
