//! Whether a gate has the approvals that it needs: one function for the console, for delivery and for `verify`.
//!
//! It is pure: verified envelopes, the approvers file, what is expected and the time go in, a [`Tally`] comes out. What
//! the envelopes say of roles and quorum is what their signers saw; what counts is the approvers file of the verifier.
//!
//! - A person counts once, with the newest approval, in one seat of each rule; all rules that apply must be filled.
//! - Nobody counts who is excluded, whoever knows it: the union of what all envelopes and the caller say.
//! - What is taken back, expired, over other evidence, or older than a rejection, does not count.

mod ballot;
mod seats;
mod why;

pub use self::ballot::Vote;
pub use self::seats::{RuleTally, Seat};
pub use self::why::Why;
use super::approvers::{Approvers, Rule, plain};
use super::key::KeyInfo;
use super::raw::Profile;
use super::statement::Statement;
use super::verify::{Expected, Verified};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::ids::{Digest, Principal, RecordId};
use crate::domain::quorum::{Excluded, Standing};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// The role that lets somebody take back decisions of others.
pub const REVOKER: &str = "revoker";
/// The role that everybody has where there is no approvers file.
pub const ANYBODY: &str = "approver";

/// One verified envelope, with what the ledger last saw to come of it. Slices of them are in the ledger's order.
#[derive(Debug, Clone, Copy)]
pub struct Cast<'a> {
    /// The envelope.
    pub verified: &'a Verified,
    /// What came of it, where that is known.
    pub receipt: Option<ReceiptStatus>,
    /// Its signature held when it was recorded, and does not now: it lets nothing pass, and what it says against others
    /// still holds.
    pub lapsed: bool,
}

/// What is asked of the envelopes.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What they must be over.
    pub expected: &'a Expected,
    /// The service; needed where a rule is not for all.
    pub service: Option<&'a str>,
    /// Who holds which role; without it anybody in allowed_signers may approve.
    pub approvers: Option<&'a Approvers>,
    /// As of when.
    pub now: Timestamp,
    /// Who is excluded besides those whom the envelopes name.
    pub excluded: &'a [Excluded],
    /// Names of people who may not approve, whatever the rules exclude.
    pub barred: &'a [String],
    /// Whether the envelopes are in a ledger's order; files are in none.
    pub in_order: bool,
    /// The evidence that there is now: rules that want the same want this. `None`: whatever most approved.
    pub evidence: Option<&'a Digest>,
}

/// Why it cannot be told what is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRule {
    /// No rule covers it, so nobody may approve it.
    #[error("No rule in {file} is for {service} in {environment}, so nobody can approve it.")]
    None {
        /// The approvers file.
        file: String,
        /// The service.
        service: String,
        /// The environment.
        environment: String,
    },
    /// Which rules apply depends on the service.
    #[error("The rule {rule} in {file} is for some services only, and it was not said which service this is.")]
    Service {
        /// The approvers file.
        file: String,
        /// The rule.
        rule: String,
    },
}

impl NoRule {
    /// What to do, a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None { .. } => "Add a [[rule]] for it, and have the file signed again.",
            Self::Service { .. } => "Give the service's name with --service.",
        }
    }
}

/// What the envelopes come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Each rule, with who fills its seats.
    pub rules: Vec<RuleTally>,
    /// Each approval, and why it does not count.
    pub votes: Vec<Vote>,
    /// The evidence that the counted approvals are over, where the rules want it to be the same.
    pub evidence: Option<Digest>,
    /// The gate's input that the counted approvals chose.
    pub option: Option<Untrusted>,
    /// The approval of one person alone, in an emergency.
    pub break_glass: Option<Emergency>,
    /// A rejection or a halt took effect; no approval can have.
    pub stopped: Option<Principal>,
    /// Names that are excluded and belong to nobody in the approvers file: it cannot be told who that is.
    pub unmapped: Vec<Excluded>,
    /// Whether there was an approvers file to check roles and separation of duties by.
    pub roles_checked: bool,
}

/// An approval in an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// The decision.
    pub decision: RecordId,
    /// Who.
    pub principal: Principal,
    /// Who has reviewed it since.
    pub reviewed_by: Option<Principal>,
    /// It, or another one of the same attempt, was not reviewed yet.
    pub unreviewed: bool,
}

impl Tally {
    /// Whether the gate may pass.
    pub fn reached(&self) -> bool {
        self.stopped.is_none() && (self.break_glass.is_some() || self.is_full())
    }

    fn is_full(&self) -> bool {
        !self.rules.is_empty() && self.rules.iter().all(RuleTally::is_full)
    }

    /// The approvals that fill a seat, or the one that was given in an emergency.
    pub fn counted(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|v| v.counts())
    }

    /// Whether a decision is among those that count.
    pub fn counts(&self, decision: &RecordId) -> bool {
        self.counted().any(|v| v.decision == *decision)
    }

    /// Whether the gate may pass on the strength of a decision: as the emergency, or as one of a full quorum. What others
    /// were allowed to do alone carries nobody else's approval.
    pub fn carries(&self, decision: &RecordId) -> bool {
        let alone = self.break_glass.as_ref().is_some_and(|e| e.decision == *decision);
        let together = || self.is_full() && self.counted().any(|v| v.decision == *decision && !v.break_glass);
        self.stopped.is_none() && (alone || together())
    }

    /// The roles of the empty seats, each once, in the file's order.
    pub fn waits(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        // Anybody is no role to wait for.
        if !self.roles_checked {
            return out;
        }
        for seat in self.rules.iter().flat_map(|r| &r.seats).filter(|s| s.by.is_none()) {
            if !out.contains(&seat.role) {
                out.push(seat.role.clone());
            }
        }
        out
    }

    /// For people.
    pub fn standing(&self) -> Standing {
        let seats = || self.rules.iter().flat_map(|r| &r.seats);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut by: Vec<Principal> = self.counted().map(|v| v.principal.clone()).collect();
        by.sort();
        by.dedup();
        let mut notes: Vec<String> = self
            .votes
            .iter()
            .filter_map(|v| Some(format!("The approval of {} does not count: {}.", v.principal, v.why.as_ref()?)))
            .collect();
        if let Some(who) = &self.stopped {
            notes.push(format!("The rejection or halt of {who} took effect, and no approval can."));
        }
        if !self.roles_checked {
            notes.push("There is no approvers file: roles and separation of duties are not checked.".to_owned());
        }
        Standing {
            have: count(seats().filter(|s| s.by.is_some()).count()),
            need: count(seats().count()),
            waits: if self.break_glass.is_some() { Vec::new() } else { self.waits() },
            reached: self.reached(),
            by,
            break_glass: self.break_glass.as_ref().map(|e| e.principal.clone()),
            review_outstanding: self.break_glass.as_ref().is_some_and(|e| e.unreviewed),
            notes,
            unplaced: self.unmapped_words(),
        }
    }

    /// Whom nobody can place, in a sentence.
    pub fn unmapped_words(&self) -> Option<String> {
        let mut names: Vec<String> =
            self.unmapped.iter().map(|e| format!("{} ({})", e.name.line(), e.reason.word())).collect();
        names.sort();
        names.dedup();
        let list = names.join(", ");
        (!names.is_empty()).then(|| {
            format!("It cannot be told whether these are approvers, as the approvers file has no such names: {list}.")
        })
    }
}

/// What approvals must have in common to make one quorum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Same {
    /// The evidence, where a rule wants that.
    evidence: Option<Digest>,
    /// The input that was chosen: what is sent is what all of them have signed.
    option: Option<Untrusted>,
}

/// Counts the approvals.
pub fn tally(cast: &[Cast<'_>], question: &Question<'_>) -> Result<Tally, NoRule> {
    let rules = rules(question)?;
    let attempt = attempt(cast, question.expected);
    let expected = Expected { attempt, ..question.expected.clone() };
    let ballots = ballot::Ballots::new(cast, question, &expected);
    let mut votes = ballots.votes();
    let break_glass = ballots.emergency(&mut votes);
    // Over each evidence that was approved, and with each input that was chosen; what comes furthest counts, of equal ones
    // the newest.
    let one_evidence = rules.iter().any(|r| r.same_evidence);
    let mut groups: Vec<Same> = Vec::new();
    for vote in votes.iter().rev().filter(|v| v.why.is_none()) {
        let evidence = question.evidence.or(one_evidence.then_some(&vote.dossier)).cloned();
        let same = Same { evidence, option: vote.option.clone() };
        if !groups.contains(&same) {
            groups.push(same);
        }
    }
    if groups.is_empty() {
        groups.push(Same { evidence: question.evidence.cloned(), option: None });
    }
    let mut best: Option<(usize, Same, Vec<RuleTally>)> = None;
    for group in groups {
        let filled: Vec<RuleTally> = rules.iter().map(|r| ballots.fill(r, &votes, &group)).collect();
        let empty = filled.iter().flat_map(|r| &r.seats).filter(|s| s.by.is_none()).count();
        if best.as_ref().is_none_or(|(least, ..)| empty < *least) {
            best = Some((empty, group, filled));
        }
    }
    let (_, same, rules) = best.unwrap_or_default();
    ballots.explain(&rules, &same, &mut votes);
    let alone = break_glass.as_ref().and_then(|e| votes.iter().find(|v| v.decision == e.decision));
    let option = alone.map_or(same.option, |v| v.option.clone());
    Ok(Tally {
        rules,
        votes,
        evidence: same.evidence,
        option,
        break_glass,
        stopped: ballots.stopped(),
        unmapped: ballots.unmapped(),
        roles_checked: question.approvers.is_some(),
    })
}

/// A statement as if it had been signed: only to ask what it would come to. It is never kept nor sent.
pub fn rehearsal(principal: &Principal, key: &KeyInfo, statement: Statement) -> Verified {
    let (principal, key) = (principal.clone(), key.clone());
    Verified {
        principal,
        key,
        profile: Profile::SshSig,
        statement,
        envelope: crate::domain::canonical::sha256(b"rehearsal"),
        touch: None,
        stamped: None,
    }
}

/// The approval that completed the quorum, as a place in `cast`, if it is reached: of those that could count, the first
/// in the ledger's order with which it is. Its approver delivers.
pub fn completed_by(cast: &[Cast<'_>], question: &Question<'_>) -> Result<Option<usize>, NoRule> {
    let whole = tally(cast, question)?;
    if !whole.reached() {
        return Ok(None);
    }
    let could = |v: &&Vote| matches!(v.why, None | Some(Why::NotNeeded));
    let places: Vec<usize> = whole.votes.iter().filter(could).map(|v| v.place).collect();
    let is_approval = |c: &Cast<'_>| c.verified.statement.decision().is_some_and(|d| d.decision == Verb::Approve);
    for place in &places {
        // All that is not an approval, as it stands now; and the approvals up to this one.
        let so_far = cast.iter().enumerate().filter(|(i, c)| !is_approval(c) || (i <= place && places.contains(i)));
        let so_far: Vec<Cast<'_>> = so_far.map(|(_, c)| *c).collect();
        if tally(&so_far, question)?.reached() {
            return Ok(Some(*place));
        }
    }
    Ok(None)
}

/// The rules that apply. Without an approvers file, one: an approval by anybody.
pub fn rules(question: &Question<'_>) -> Result<Vec<Rule>, NoRule> {
    let Some(approvers) = question.approvers else {
        return Ok(vec![Rule::anybody(ANYBODY)]);
    };
    let environment = question.expected.environment.as_str();
    let Some(service) = question.service else {
        let all = |r: &&Rule| r.services == ["*"];
        let here: Vec<&Rule> = approvers.rules.iter().filter(|r| r.is_for_environment(environment)).collect();
        return match here.iter().find(|r| !all(r)) {
            Some(rule) => Err(NoRule::Service { file: approvers.file.clone(), rule: rule.name.clone() }),
            None if here.is_empty() => Err(no_rule(approvers, "any service", environment)),
            None => Ok(here.into_iter().cloned().collect()),
        };
    };
    let rules: Vec<Rule> = approvers.rules_for(service, environment).into_iter().cloned().collect();
    if rules.is_empty() { Err(no_rule(approvers, service, environment)) } else { Ok(rules) }
}

fn no_rule(approvers: &Approvers, service: &str, environment: &str) -> NoRule {
    let shown = |text: &str| crate::text::line(text).into_owned();
    NoRule::None { file: approvers.file.clone(), service: shown(service), environment: shown(environment) }
}

/// The attempt that is asked about. Where the pipeline cannot say, it is that of the newest decision: approvals of
/// several attempts never make one quorum.
fn attempt(cast: &[Cast<'_>], expected: &Expected) -> Option<String> {
    expected.attempt.clone().or_else(|| {
        let decisions = cast.iter().filter_map(|c| c.verified.statement.decision());
        let here = decisions.filter(|d| {
            d.orchestrator.gate == expected.gate
                && d.environment.name == expected.environment
                && matches!(d.decision, Verb::Approve | Verb::Reject | Verb::Halt)
        });
        here.max_by_key(|d| d.issued_at).map(|d| d.orchestrator.attempt.clone())
    })
}

/// Whether two principals are one person, whatever the capitals.
fn same_person(a: &Principal, b: &Principal) -> bool {
    a == b || plain(a.as_str()) == plain(b.as_str())
}

#[cfg(test)]
mod tests;
