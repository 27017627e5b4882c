//! How far the approvals of a gate are, and what one more would come to.

use std::sync::Arc;

use super::Desk;
use super::inbox::Waiting;
use super::records::Records;
use super::roles;
use super::sign::Identity;
use crate::domain::decision::Verb;
use crate::domain::dossier::Dossier;
use crate::domain::gate::{Gate, GateState};
use crate::domain::ids::{Digest, Principal, RecordId};
use crate::domain::quorum::{Excluded, Standing};
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::trust::approvers::{Approvers, Rule, scope_covers};
use crate::trust::quorum::{self, Cast, NoRule, Question, Seat, Tally, Vote, Why};
use crate::trust::statement::{Entitlement, Statement};
use crate::trust::verify::Expected;

/// The approvers file in force, or why it cannot be used.
pub type Roles = Result<Option<Arc<Approvers>>, AppError>;

/// What is asked of the envelopes about one gate.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    expected: Expected,
    service: String,
    approvers: Option<&'a Approvers>,
    now: Timestamp,
    excluded: Vec<Excluded>,
    evidence: Option<Digest>,
}

impl<'a> Asked<'a> {
    /// Of a gate as it waits; with a dossier also over its evidence, and without those whom it excludes.
    pub fn new(
        gate: &Gate,
        release: &Release,
        dossier: Option<&Dossier>,
        approvers: Option<&'a Approvers>,
        now: Timestamp,
    ) -> Self {
        let has_digests = release.artifacts.iter().any(|a| a.digest.is_some());
        Self {
            expected: Expected {
                gate: gate.id.clone(),
                attempt: Some(gate.attempt.clone()),
                environment: release.environment.clone(),
                artifacts: release.artifacts.iter().filter_map(|a| a.digest.clone()).collect(),
                // What has no artifacts with a digest is released by its commit.
                commit: release.commit.as_ref().map(|c| c.raw().to_owned()).filter(|_| !has_digests),
                option: None,
                policy: None,
                verb: Verb::Approve,
            },
            service: release.service.clone(),
            approvers,
            now,
            excluded: dossier.map(|d| super::exclusion::of(d, approvers)).unwrap_or_default(),
            evidence: dossier.map(|d| d.digest.clone()),
        }
    }

    fn question(&self) -> Question<'_> {
        Question {
            expected: &self.expected,
            service: Some(&self.service),
            approvers: self.approvers,
            now: self.now,
            excluded: &self.excluded,
            barred: &[],
            in_order: true,
            evidence: self.evidence.as_ref(),
        }
    }

    /// Counts the approvals.
    pub fn tally(&self, cast: &[Cast<'_>]) -> Result<Tally, NoRule> {
        quorum::tally(cast, &self.question())
    }

    /// Whose approval completed the quorum.
    pub fn completed_by(&self, cast: &[Cast<'_>]) -> Result<Option<RecordId>, NoRule> {
        let place = quorum::completed_by(cast, &self.question())?;
        Ok(place.and_then(|p| cast.get(p)).map(|c| c.verified.statement.id().clone()))
    }
}

/// How far a gate of the inbox is. What cannot be told is said, and nothing counts then.
///
/// Without its evidence, approvals count as of what their approvers saw, and nobody is excluded but by what they signed.
pub fn standing(
    records: &Records,
    roles: &Roles,
    gate: &Gate,
    release: &Release,
    dossier: Option<&Dossier>,
    now: Timestamp,
) -> Standing {
    let nobody = |note: String| Standing { notes: vec![note], ..Standing::default() };
    let approvers = match roles {
        Ok(approvers) => approvers.as_deref(),
        Err(e) => return nobody(e.message.clone()),
    };
    match Asked::new(gate, release, dossier, approvers, now).tally(&records.cast(&gate.id)) {
        Ok(tally) => tally.standing(),
        Err(e) => nobody(e.to_string()),
    }
}

/// Whether a gate waits for somebody: a seat is empty that this person could take, and has not taken.
pub fn waits_for(
    records: &Records,
    roles: &Roles,
    waiting: &Waiting,
    dossier: Option<&Dossier>,
    standing: &Standing,
    now: Timestamp,
    who: &Principal,
) -> bool {
    let open = waiting.service.is_some() && waiting.gate.state == GateState::Waiting && !standing.reached;
    if !open || standing.by.contains(who) {
        return false;
    }
    let approvers = match roles {
        Ok(Some(approvers)) => approvers.as_ref(),
        Ok(None) => return standing.need > 0,
        Err(_) => return false,
    };
    let asked = Asked::new(&waiting.gate, &waiting.release, dossier, Some(approvers), now);
    let Ok(applied) = quorum::rules(&asked.question()) else { return false };
    let is_excluded = asked.excluded.iter().any(|e| {
        let is = e.principal.as_ref() == Some(who)
            || approvers.people_named(e.name.raw()).iter().any(|p| p.principal == *who);
        is && applied.iter().any(|r| r.exclude.contains(&e.reason))
    });
    let own = approvers.person(who).into_iter().flat_map(|p| p.roles.iter().cloned());
    let lent = delegation(records, &asked, who, &applied).into_iter().flat_map(|(_, lent)| lent);
    !is_excluded && own.chain(lent).any(|role| standing.waits.contains(&role))
}

/// As what somebody approves, and what that comes to.
#[derive(Debug, Clone, Default)]
pub struct Approval {
    /// For the signed document.
    pub entitlement: Entitlement,
    /// Until when the rules let it count.
    pub hold: Option<std::time::Duration>,
    /// How far it is without.
    pub before: Standing,
    /// How far it is with it.
    pub after: Standing,
    /// The seats that this person takes with it; none where roles are not checked.
    pub seats: Vec<Seat>,
    /// This person's approval that counts already, if there is one.
    pub given: Option<RecordId>,
    /// Whether it is sent with it.
    pub sends: bool,
    /// What signing does, in a sentence.
    pub effect: String,
    /// Why this person may not.
    pub refusals: Vec<AppError>,
}

/// What somebody who wants to approve is told before.
pub async fn rehearse(
    desk: &Desk,
    waiting: &Waiting,
    dossier: &Dossier,
    identity: Option<&Identity>,
    break_glass: bool,
    statement: impl Fn(Entitlement) -> Result<Statement, AppError>,
) -> Result<Approval, AppError> {
    let records = desk.records().await?;
    let approvers = match roles::in_force(desk, &records).await {
        Ok(approvers) => approvers,
        Err(e) => return Ok(Approval { refusals: vec![e], ..Approval::default() }),
    };
    let now = desk.clock.now();
    let asked = Asked::new(&waiting.gate, &waiting.release, Some(dossier), approvers.as_deref(), now);
    let cast = records.cast(&waiting.gate.id);
    let before = match asked.tally(&cast) {
        Ok(tally) => tally,
        Err(e) => {
            let error = AppError::new(ErrorKind::NotEntitled, e.to_string()).hint(e.hint());
            return Ok(Approval { refusals: vec![error], ..Approval::default() });
        }
    };
    let rules = quorum::rules(&asked.question()).unwrap_or_default();
    let mut approval = Approval {
        entitlement: Entitlement {
            approvers: approvers.as_ref().map(|a| a.digest.clone()),
            quorum: approvers.iter().flat_map(|_| rules.iter().flat_map(|r| r.need.clone())).collect(),
            excluded: asked.excluded.clone(),
            break_glass,
            ..Entitlement::default()
        },
        hold: rules.iter().filter_map(|r| r.hold).min(),
        after: before.standing(),
        before: before.standing(),
        ..Approval::default()
    };
    let Some(identity) = identity else { return Ok(approval) };
    approval.given = before.counted().find(|v| v.principal == identity.principal).map(|v| v.decision.clone());
    // In one's own roles; and where that changes nothing, also in those that are lent.
    let mut tries = vec![approval.entitlement.clone()];
    if let Some(approvers) = &approvers {
        let own = approvers.person(&identity.principal).map(|p| p.roles.iter().cloned().collect::<Vec<_>>());
        let own = Entitlement { roles: own.unwrap_or_default(), ..approval.entitlement.clone() };
        let lent = (!break_glass).then(|| delegation(&records, &asked, &identity.principal, &rules)).flatten();
        let lent = lent.map(|(id, roles)| Entitlement {
            roles: own.roles.iter().cloned().chain(roles).collect(),
            delegation: Some(id),
            ..own.clone()
        });
        tries = std::iter::once(own).chain(lent).collect();
    }
    let mut best: Option<(Entitlement, Tally)> = None;
    for entitlement in tries {
        // The statement as it would be signed, among those that were: what it comes to is asked of the same code.
        let trial = quorum::rehearsal(&identity.principal, identity.key(), statement(entitlement.clone())?);
        let mut with = cast.clone();
        with.push(Cast { verified: &trial, receipt: None, lapsed: false });
        let after = asked.tally(&with).map_err(|e| AppError::new(ErrorKind::NotEntitled, e.to_string()))?;
        let counts = after.votes.iter().any(|v| v.place + 1 == with.len() && v.counts());
        if counts || best.is_none() {
            best = Some((entitlement, after));
        }
        if counts {
            break;
        }
    }
    let Some((entitlement, after)) = best else { return Ok(approval) };
    approval.entitlement = entitlement;
    let mine = after.votes.iter().max_by_key(|v| v.place);
    approval.refusals.extend(mine.and_then(|v| refusal(v, &identity.principal, &after, waiting)));
    let sits = |s: &&Seat| after.roles_checked && s.by.as_ref() == Some(&identity.principal);
    approval.seats = after.rules.iter().flat_map(|r| &r.seats).filter(sits).cloned().collect();
    approval.sends = mine.is_some_and(|v| after.carries(&v.decision));
    approval.after = after.standing();
    approval.effect = effect(&approval);
    Ok(approval)
}

/// A delegation that gives somebody a role that is needed here and now; the newest.
fn delegation(
    records: &Records,
    asked: &Asked<'_>,
    mine: &Principal,
    rules: &[Rule],
) -> Option<(RecordId, Vec<String>)> {
    let needed = |role: &String| rules.iter().flat_map(|r| &r.need).any(|n| n.role == *role);
    let all: Vec<_> = records.delegations().filter_map(|d| d.statement.delegation()).collect();
    let taken_back = |id: &RecordId| all.iter().any(|d| d.revokes.as_ref() == Some(id));
    let found = all.iter().rev().find(|d| {
        d.to == *mine
            && asked.now >= d.not_before
            && asked.now <= d.not_after
            && !taken_back(&d.delegation_id)
            && scope_covers(&d.scope, &asked.service, &asked.expected.environment)
            && d.roles.iter().any(needed)
    });
    found.map(|d| (d.delegation_id.clone(), d.roles.clone()))
}

/// Why an approval would not count, as a refusal before anything is signed.
fn refusal(vote: &Vote, mine: &Principal, after: &Tally, waiting: &Waiting) -> Option<AppError> {
    let why = vote.why.as_ref()?;
    let short = waiting.release.short();
    let error = |text: String| AppError::new(ErrorKind::NotEntitled, text);
    Some(match why {
        Why::Excluded(reason, _) => error(format!("{mine} may not approve {short}: {why}.")).hint(format!(
            "Whoever is {} of a release does not approve it (separation of duties): somebody else has to.",
            reason.word()
        )),
        Why::NotNeeded if after.reached() => {
            let who: Vec<String> = after.counted().map(|v| v.principal.to_string()).collect();
            error(format!(
                "{short} has the approvals that it needs, from {}; yours would change nothing.",
                who.join(" and ")
            ))
            .hint("If it was not sent, one of them runs `countersign approve` again.")
        }
        Why::NotNeeded => error(format!("Your approval of {short} would change nothing: {why}."))
            .hint(format!("It waits for {}.", after.waits().join(" and "))),
        Why::Rejected(_) | Why::Time => error(format!("Your approval of {short} would not count: {why}."))
            .hint("Compare this machine's clock with the others'."),
        _ => error(format!("{mine} may not approve {short}: {why}.")).hint(
            "`countersign roles show` says who holds which role. The approvers file is changed by whoever keeps it.",
        ),
    })
}

fn effect(approval: &Approval) -> String {
    if approval.entitlement.break_glass {
        return "BREAK-GLASS: it is sent on your approval alone, flagged, and another person has to review it."
            .to_owned();
    }
    let words = approval.after.words();
    if approval.sends {
        return match approval.after.need {
            1 => "It completes what the gate needs and is sent.".to_owned(),
            _ => format!("It completes the quorum ({words}) and is sent."),
        };
    }
    format!("It is recorded and nothing is sent yet: {words}.")
}

/// The envelope of a decision as the ledger has it.
pub async fn envelope_of(desk: &Desk, decision: &RecordId) -> Result<serde_json::Value, AppError> {
    let (ledger, id) = (Arc::clone(&desk.ledger), decision.clone());
    let entries = tokio::task::spawn_blocking(move || ledger.record(&id)).await;
    let entries = entries.map_err(|e| AppError::internal(e.to_string()))??;
    let entry = entries.into_iter().find(|e| e.draft.kind == crate::ledger::EntryKind::Decision);
    let body = entry.ok_or_else(|| AppError::internal(format!("The decision {decision} has no envelope.")))?.draft.body;
    serde_json::from_slice(&body).map_err(|e| AppError::internal(e.to_string()))
}
