//! Which approvals count at all, and why the others do not.

use super::seats::{self, RuleTally, Seat, Sitter};
use super::why::Why;
use super::{ANYBODY, Cast, Emergency, Question, REVOKER, Same, same_person};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::ids::{Digest, Principal, RecordId};
use crate::domain::quorum::{Excluded, Exclusion};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;
use crate::trust::approvers::{Rule, scope_covers};
use crate::trust::statement::{DecisionPredicate, DelegationPredicate};
use crate::trust::verify::{CLOCK_TOLERANCE, Expected, check_binding};

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Which of the envelopes it is.
    pub place: usize,
    /// The decision.
    pub decision: RecordId,
    /// Who.
    pub principal: Principal,
    /// Over which evidence.
    pub dossier: Digest,
    /// The gate's input that was chosen, where it offers several.
    pub option: Option<Untrusted>,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// Whether it was given in an emergency.
    pub break_glass: bool,
    /// Why it does not count; `None`: it does.
    pub why: Option<Why>,
}

impl Vote {
    /// Whether it counts.
    pub fn counts(&self) -> bool {
        self.why.is_none()
    }
}

/// A rejection or a halt.
struct No {
    place: usize,
    principal: Principal,
    issued_at: Timestamp,
    effective: bool,
}

/// What an approver may sit as: the roles of one's own, and those that are lent.
struct Roles {
    own: Vec<String>,
    lent: Option<(Principal, Vec<String>)>,
}

/// All envelopes about one gate, sorted out.
pub(super) struct Ballots<'a> {
    cast: &'a [Cast<'a>],
    question: &'a Question<'a>,
    expected: &'a Expected,
    noes: Vec<No>,
    excluded: Vec<Excluded>,
}

impl<'a> Ballots<'a> {
    pub(super) fn new(cast: &'a [Cast<'a>], question: &'a Question<'a>, expected: &'a Expected) -> Self {
        let mut noes = Vec::new();
        let mut excluded = question.excluded.to_vec();
        for (place, one) in cast.iter().enumerate() {
            let Some(decision) = one.verified.statement.decision() else { continue };
            if !is_here(one, decision, expected) {
                continue;
            }
            // Whoever looked at the evidence may know of somebody whom the others' sources did not name.
            excluded.extend(decision.policy.excluded.iter().cloned());
            let no = matches!(decision.decision, Verb::Reject | Verb::Halt);
            if no && one.receipt != Some(ReceiptStatus::Refused) {
                noes.push(No {
                    place,
                    principal: one.verified.principal.clone(),
                    issued_at: decision.issued_at,
                    effective: one.receipt == Some(ReceiptStatus::Effective),
                });
            }
        }
        excluded.sort();
        excluded.dedup();
        Self { cast, question, expected, noes, excluded }
    }

    /// Every approval, with what stands against it whichever rule is asked.
    pub(super) fn votes(&self) -> Vec<Vote> {
        let approvals = self.cast.iter().enumerate().filter_map(|(place, one)| {
            let decision = one.verified.statement.decision().filter(|d| d.decision == Verb::Approve)?;
            Some(Vote {
                place,
                decision: decision.decision_id.clone(),
                principal: one.verified.principal.clone(),
                dossier: decision.dossier_digest.clone(),
                option: decision.orchestrator.option.clone(),
                issued_at: decision.issued_at,
                break_glass: decision.break_glass,
                why: self.against(place, one, decision),
            })
        });
        let mut votes: Vec<Vote> = approvals.collect();
        // Whoever writes the ledger can append an approval again; a copy is not given anew.
        let copies: Vec<usize> = votes.iter().map(|v| v.place).filter(|place| self.is_copy(*place)).collect();
        let originals: Vec<&Vote> = votes.iter().filter(|v| !copies.contains(&v.place)).collect();
        let newer: Vec<bool> = votes.iter().map(|v| self.has_newer(v, &originals)).collect();
        for (vote, newer) in votes.iter_mut().zip(newer) {
            if copies.contains(&vote.place) {
                vote.why = Some(Why::Copy);
            } else if newer && vote.why.is_none() {
                vote.why = Some(Why::Superseded);
            }
        }
        votes
    }

    fn against(&self, place: usize, one: &Cast<'_>, decision: &DecisionPredicate) -> Option<Why> {
        if one.lapsed {
            return Some(Why::Lapsed);
        }
        if let Err(e) = check_binding(one.verified, self.expected) {
            return Some(Why::Other(lower(&e.to_string())));
        }
        if self.question.service.is_some_and(|s| s != decision.release.name) {
            return Some(Why::Service(decision.release.name.clone()));
        }
        let by = &one.verified.principal;
        if let Some(name) = self.question.barred.iter().find(|name| self.is_named(by, name)) {
            return Some(Why::Barred(name.clone()));
        }
        let (now, from) = (self.question.now, decision.issued_at.max(decision.not_before));
        if now > decision.not_after || from > now.plus(CLOCK_TOLERANCE) {
            return Some(Why::Time);
        }
        if let Some(by) = self.taken_back(&one.verified.principal, &decision.decision_id) {
            return Some(Why::Revoked(by));
        }
        if one.receipt == Some(ReceiptStatus::Refused) {
            return Some(Why::Refused);
        }
        // At the same moment the no wins; and what the ledger has later is later, whatever the clocks say.
        let later = |n: &&No| n.issued_at >= decision.issued_at || (self.question.in_order && n.place > place);
        if let Some(no) = self.noes.iter().find(later) {
            return Some(Why::Rejected(no.principal.clone()));
        }
        if self.question.approvers.is_none() && decision.policy.approvers.is_some() {
            return Some(Why::NoFile);
        }
        if let Some(approvers) = self.question.approvers
            && approvers.person(&one.verified.principal).is_none()
        {
            return Some(Why::Unknown);
        }
        None
    }

    /// Who revoked a decision: its signer, or a revoker. Ids are chosen by whoever signs, so the signer is compared too.
    fn taken_back(&self, signer: &Principal, decision: &RecordId) -> Option<Principal> {
        self.cast.iter().find_map(|one| {
            let by = &one.verified.principal;
            let revoke = one.verified.statement.decision().filter(|d| d.decision == Verb::Revoke)?;
            let may = same_person(by, signer) || self.holds(by, REVOKER);
            (revoke.supersedes.as_ref() == Some(decision) && may).then(|| by.clone())
        })
    }

    fn holds(&self, principal: &Principal, role: &str) -> bool {
        let person = self.question.approvers.and_then(|a| a.person(principal));
        person.is_some_and(|p| p.roles.contains(role))
    }

    /// Whether the same person approved the same again, later; of the same moment the later entry counts. What was
    /// taken back since, stays superseded all the same.
    fn has_newer(&self, vote: &Vote, all: &[&Vote]) -> bool {
        all.iter().any(|other| {
            let later = (other.issued_at, other.place) > (vote.issued_at, vote.place);
            let Some(one) = self.cast.get(other.place).filter(|one| later && !one.lapsed) else { return false };
            let here = || one.verified.statement.decision().is_some_and(|d| is_here(one, d, self.expected));
            same_person(&other.principal, &vote.principal) && here()
        })
    }

    /// Whether the same envelope stands before this one.
    fn is_copy(&self, place: usize) -> bool {
        let envelope = self.cast.get(place).map(|one| &one.verified.envelope);
        self.cast.iter().take(place).any(|one| Some(&one.verified.envelope) == envelope)
    }

    /// The approval of one person alone, if there is one; those that may not are marked.
    pub(super) fn emergency(&self, votes: &mut [Vote]) -> Option<Emergency> {
        let role = self.question.approvers.and_then(|a| a.break_glass_role(&self.expected.environment));
        let mut found: Option<Emergency> = None;
        let mut unreviewed = false;
        for vote in votes.iter_mut().filter(|v| v.break_glass) {
            let may = role.is_some_and(|role| self.holds(&vote.principal, role));
            match &vote.why {
                None if !may => vote.why = Some(Why::BreakGlass),
                None => {
                    let reviewed_by = self.reviewer(vote);
                    unreviewed |= reviewed_by.is_none();
                    found = Some(Emergency {
                        decision: vote.decision.clone(),
                        principal: vote.principal.clone(),
                        reviewed_by,
                        unreviewed: false,
                    });
                }
                // Given again: the earlier one may be what was sent.
                Some(Why::Superseded) => unreviewed |= may && self.reviewer(vote).is_none(),
                Some(_) => {}
            }
        }
        found.map(|found| Emergency { unreviewed, ..found })
    }

    /// Another person of the approvers file who has looked at it since.
    fn reviewer(&self, vote: &Vote) -> Option<Principal> {
        self.cast.iter().find_map(|one| {
            let by = &one.verified.principal;
            let comment = one.verified.statement.decision().filter(|d| d.decision == Verb::Comment && !one.lapsed)?;
            let other = !same_person(by, &vote.principal);
            let known = self.question.approvers.is_some_and(|a| a.person(by).is_some());
            let later = comment.issued_at >= vote.issued_at;
            (comment.reviews.as_ref() == Some(&vote.decision) && other && known && later).then(|| by.clone())
        })
    }

    /// Fills the seats of a rule, with approvals over one evidence where the rule wants that.
    pub(super) fn fill(&self, rule: &Rule, votes: &[Vote], same: &Same) -> RuleTally {
        let open: Vec<(&Vote, Roles)> =
            votes.iter().filter(|v| self.stands_against(rule, v, same).is_none()).map(|v| (v, self.roles(v))).collect();
        let seats: Vec<Seat> = rule
            .need
            .iter()
            .flat_map(|n| (0..n.count).map(|_| Seat { role: n.role.clone(), by: None, lent_by: None }))
            .collect();
        let barred = |from: &Principal| self.question.barred.iter().any(|name| self.is_named(from, name));
        let may_lend = |from: &Principal| {
            // Who lends a role does not sit beside the one who has it from there.
            let sits = open.iter().any(|(v, _)| same_person(&v.principal, from));
            !sits && self.excluded(rule, from).is_none() && !barred(from)
        };
        let people: Vec<Sitter> = open
            .iter()
            .map(|(vote, roles)| Sitter {
                principal: &vote.principal,
                own: &roles.own,
                lent: roles
                    .lent
                    .as_ref()
                    .filter(|(from, _)| may_lend(from))
                    .map(|(from, lent)| (from, lent.as_slice())),
            })
            .collect();
        RuleTally { rule: rule.name.clone(), seats: seats::fill(seats, &people) }
    }

    /// What keeps an approval from a seat of this rule, but for the role.
    fn stands_against(&self, rule: &Rule, vote: &Vote, same: &Same) -> Option<Why> {
        if let Some(why) = &vote.why {
            return Some(why.clone());
        }
        // Alone, it fills no seat: the others are not to be told that two have looked.
        if vote.break_glass {
            return Some(Why::NotNeeded);
        }
        if let Some((reason, name)) = self.excluded(rule, &vote.principal) {
            return Some(Why::Excluded(reason, name));
        }
        if rule.hold.is_some_and(|hold| self.question.now > vote.issued_at.plus(hold)) {
            return Some(Why::Old(rule.name.clone()));
        }
        if rule.same_evidence && same.evidence.as_ref().is_some_and(|e| *e != vote.dossier) {
            return Some(Why::Evidence);
        }
        if same.option != vote.option {
            return Some(Why::Option(vote.option.clone()));
        }
        None
    }

    /// Why somebody may not sit in a rule: by a name of the approvers file, by what the signer of an envelope knew, or
    /// as the principal itself.
    fn excluded(&self, rule: &Rule, principal: &Principal) -> Option<(Exclusion, String)> {
        let is = |e: &Excluded| {
            e.principal.as_ref().is_some_and(|p| same_person(p, principal)) || self.is_named(principal, e.name.raw())
        };
        let found = self.excluded.iter().find(|e| rule.exclude.contains(&e.reason) && is(e));
        found.map(|e| (e.reason, e.name.raw().to_owned()))
    }

    /// Whether a name from outside may stand for somebody.
    fn is_named(&self, principal: &Principal, name: &str) -> bool {
        let named = self.question.approvers.map(|a| a.people_named(name)).unwrap_or_default();
        named.iter().any(|p| same_person(&p.principal, principal)) || same_person(&Principal::new(name), principal)
    }

    /// The roles that an approver acts in: those that the approval names, as far as they are held or lent.
    fn roles(&self, vote: &Vote) -> Roles {
        let none = Roles { own: Vec::new(), lent: None };
        let Some(approvers) = self.question.approvers else { return Roles { own: vec![ANYBODY.to_owned()], ..none } };
        let Some(decision) = self.decision(vote) else { return none };
        // An approval from before there was such a file acts in every role that its signer holds.
        let acts = |role: &str| decision.policy.approvers.is_none() || decision.policy.roles.iter().any(|r| r == role);
        let held = approvers.person(&vote.principal).map(|p| p.roles.iter().cloned().collect::<Vec<_>>());
        let own = held.unwrap_or_default().into_iter().filter(|r| acts(r)).collect();
        let lent = self.delegation(vote, decision).ok().flatten().map(|d| {
            let roles = d.roles.iter().filter(|r| acts(r) && self.holds(&d.approver.principal, r));
            (d.approver.principal.clone(), roles.cloned().collect())
        });
        Roles { own, lent }
    }

    fn decision(&self, vote: &Vote) -> Option<&'a DecisionPredicate> {
        self.cast.get(vote.place)?.verified.statement.decision()
    }

    /// The delegation that an approval names, if it gives anything; else why not.
    fn delegation(&self, vote: &Vote, decision: &DecisionPredicate) -> Result<Option<&'a DelegationPredicate>, String> {
        let Some(id) = &decision.delegation else { return Ok(None) };
        let all =
            || self.cast.iter().filter_map(|c| Some((&c.verified.principal, c.verified.statement.delegation()?, c)));
        // Ids are chosen by whoever signs: another one's delegation of the same id hides none.
        let named =
            all().filter(|(_, d, c)| d.delegation_id == *id && same_person(&d.to, &vote.principal) && !c.lapsed);
        let mut refused = None;
        for (from, given, _) in named {
            match self.gives(id, from, given, decision) {
                Ok(()) => return Ok(Some(given)),
                Err(why) => drop(refused.get_or_insert(why)),
            }
        }
        Err(refused.unwrap_or_else(|| "it is not there, or not for this person".to_owned()))
    }

    /// Why a delegation gives nothing, if so.
    fn gives(
        &self,
        id: &RecordId,
        from: &Principal,
        given: &DelegationPredicate,
        decision: &DecisionPredicate,
    ) -> Result<(), String> {
        let mut all =
            self.cast.iter().filter_map(|c| Some((&c.verified.principal, c.verified.statement.delegation()?)));
        if all.any(|(by, d)| d.revokes.as_ref() == Some(id) && (same_person(by, from) || self.holds(by, REVOKER))) {
            return Err(format!("{from} took it back"));
        }
        let within = |t: Timestamp| t >= given.not_before.max(given.issued_at) && t <= given.not_after;
        if !within(decision.issued_at) || self.question.now > given.not_after {
            return Err(format!("it holds from {} to {}", given.not_before, given.not_after));
        }
        // Which service the approval says that it is for is the delegate's own word.
        let Some(service) = self.question.service.or_else(|| (given.scope.services == ["*"]).then_some("")) else {
            return Err("it is for some services only, and it was not said which service this is".to_owned());
        };
        if !scope_covers(&given.scope, service, &self.expected.environment) {
            return Err("it is not for this service and environment".to_owned());
        }
        if !given.roles.iter().any(|r| self.holds(from, r)) {
            return Err(format!("{from} does not hold the roles, and what is lent cannot be lent on"));
        }
        Ok(())
    }

    /// Says of each approval that fills no seat why that is.
    pub(super) fn explain(&self, rules: &[RuleTally], same: &Same, votes: &mut [Vote]) {
        let applied = super::rules(self.question).unwrap_or_default();
        let sits = |v: &Vote| rules.iter().flat_map(|r| &r.seats).any(|s| s.by.as_ref() == Some(&v.principal));
        let whys: Vec<Option<Why>> = votes
            .iter()
            .map(|vote| match &vote.why {
                Some(why) => Some(why.clone()),
                None if vote.break_glass || sits(vote) => None,
                None => Some(self.unseated(&applied, vote, same)),
            })
            .collect();
        for (vote, why) in votes.iter_mut().zip(whys) {
            vote.why = why;
        }
    }

    fn unseated(&self, rules: &[Rule], vote: &Vote, same: &Same) -> Why {
        if let Some(why) = rules.iter().find_map(|r| self.stands_against(r, vote, same)) {
            return why;
        }
        if let Some(Err(why)) = self.decision(vote).map(|d| self.delegation(vote, d)) {
            return Why::Delegation(why);
        }
        let acts_as = self.roles(vote);
        if let Some((giver, _)) = &acts_as.lent {
            let line = |name: &str| crate::text::line(name).into_owned();
            if let Some((reason, name)) = rules.iter().find_map(|r| self.excluded(r, giver)) {
                return Why::Delegation(format!("{giver}, as {}, {}", line(&name), reason.did()));
            }
            if let Some(name) = self.question.barred.iter().find(|name| self.is_named(giver, name)) {
                return Why::Delegation(format!("{giver}, as {}, was said not to be an approver here", line(name)));
            }
        }
        let mut needed: Vec<String> = rules.iter().flat_map(|r| &r.need).map(|n| n.role.clone()).collect();
        needed.dedup();
        let lent = acts_as.lent.map(|(_, lent)| lent).unwrap_or_default();
        let fits = acts_as.own.iter().chain(&lent).any(|r| needed.contains(r));
        if fits { Why::NotNeeded } else { Why::Role(needed) }
    }

    /// Whose rejection or halt was seen to take effect.
    pub(super) fn stopped(&self) -> Option<Principal> {
        self.noes.iter().find(|n| n.effective).map(|n| n.principal.clone())
    }

    /// Names that belong to nobody in the approvers file.
    pub(super) fn unmapped(&self) -> Vec<Excluded> {
        let Some(approvers) = self.question.approvers else { return Vec::new() };
        let nobody = |e: &&Excluded| e.principal.is_none() && approvers.people_named(e.name.raw()).is_empty();
        self.excluded.iter().filter(nobody).cloned().collect()
    }
}

/// Whether a decision is over the gate, environment and attempt that are asked about, whatever it says.
fn is_here(one: &Cast<'_>, decision: &DecisionPredicate, expected: &Expected) -> bool {
    let any = Expected {
        verb: decision.decision,
        artifacts: Vec::new(),
        commit: None,
        option: None,
        policy: None,
        ..expected.clone()
    };
    check_binding(one.verified, &any).is_ok()
}

fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
