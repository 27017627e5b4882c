//! What is said of earlier decisions, and roles that are lent: revoke, review, delegate. Signed and recorded; nothing is
//! sent.

use std::sync::Arc;
use std::time::Duration;

use super::permit::Permit;
use super::progress::Watcher;
use super::records::Records;
use super::sign::{self, Identity, Signed};
use super::{Desk, deliver, roles};
use crate::domain::decision::{Decision, ReceiptStatus, Verb};
use crate::domain::ids::{GateId, Principal, RecordId};
use crate::domain::quorum::DelegationScope;
use crate::domain::time::{Timestamp, humane};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, EntryKind};
use crate::trust::DELEGATION_NAMESPACE;
use crate::trust::approvers::Approvers;
use crate::trust::quorum::REVOKER;
use crate::trust::statement::{About, DelegationChoice, Statement};

/// How long what is said of a decision holds at least.
const HOLDS: Duration = Duration::from_secs(24 * 3_600);
/// The longest that roles may be lent for.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3_600);

/// What was said of an earlier decision.
pub struct Said {
    /// What was signed.
    pub signed: Signed,
    /// What it is about.
    pub earlier: Decision,
    /// What follows from it, in a sentence.
    pub effect: String,
}

/// Takes an approval back: one's own, or as a revoker anybody's.
pub async fn revoke(desk: &Desk, wanted: &str, reason: &str, watcher: Watcher<'_>) -> Result<Said, AppError> {
    let (records, identity, roles) = begin(desk, reason).await?;
    let earlier = records.remarked(&find(&records, wanted)?, roles.as_deref());
    if earlier.verb != Verb::Approve {
        return Err(AppError::usage(format!("{} is no approval: only approvals are revoked.", earlier.id)));
    }
    if let Some(by) = &earlier.revoked_by {
        return Err(AppError::usage(format!("{by} has revoked {} already.", earlier.id)));
    }
    let revoker = roles.and_then(|r| r.person(&identity.principal).map(|p| p.roles.contains(REVOKER)));
    if earlier.principal != identity.principal && revoker != Some(true) {
        let text = format!("{} may not revoke the approval of {}.", identity.principal, earlier.principal);
        return Err(AppError::new(ErrorKind::NotEntitled, text)
            .hint(format!("Everybody revokes their own; those of others only who holds the role {REVOKER}.")));
    }
    let signed = about(desk, &records, &identity, &earlier, Verb::Revoke, reason, watcher).await?;
    let effect = match earlier.receipt.as_ref().map(|r| r.status) {
        None | Some(ReceiptStatus::Recorded | ReceiptStatus::Refused) => {
            "It is out of the quorum, and nothing of it is sent.".to_owned()
        }
        Some(status) => format!(
            "It had been sent ({}); what runs, runs. `countersign verify` fails from now on; `countersign halt` stops the run.",
            status.word()
        ),
    };
    Ok(Said { signed, earlier, effect })
}

/// Reviews a decision that was given in an emergency.
pub async fn review(desk: &Desk, wanted: &str, reason: &str, watcher: Watcher<'_>) -> Result<Said, AppError> {
    let (records, identity, roles) = begin(desk, reason).await?;
    let earlier = find(&records, wanted)?;
    if !earlier.break_glass {
        return Err(AppError::usage(format!("{} was not given in an emergency: it needs no review.", earlier.id))
            .hint("A remark on a gate is made with `countersign comment`."));
    }
    let not_entitled = |text: String| Err(AppError::new(ErrorKind::NotEntitled, text));
    if earlier.principal == identity.principal {
        return not_entitled(format!("{} gave it: another person has to review it.", identity.principal));
    }
    if roles.is_none_or(|r| r.person(&identity.principal).is_none()) {
        return not_entitled(format!("{} is not in the approvers file, and cannot review it.", identity.principal));
    }
    let signed = about(desk, &records, &identity, &earlier, Verb::Comment, reason, watcher).await?;
    Ok(Said { signed, earlier, effect: "It is reviewed.".to_owned() })
}

async fn begin(desk: &Desk, reason: &str) -> Result<(Arc<Records>, Identity, Option<Arc<Approvers>>), AppError> {
    if desk.readonly {
        return Err(AppError::usage("Nothing is signed with --readonly."));
    }
    if crate::text::is_blank(reason) {
        return Err(AppError::usage("A decision needs a reason.").hint("Give one with --reason."));
    }
    let records = desk.records().await?;
    records.sound()?;
    let identity = sign::identity(desk).await?;
    let roles = roles::in_force(desk, &records).await?;
    Ok((records, identity, roles))
}

/// The decisions on a gate, for people: with what was said of them later.
pub async fn decisions(desk: &Desk, records: &Records, gate: &GateId) -> Vec<Decision> {
    // Without roles that can be read nobody is a revoker, and nobody has reviewed anything.
    let roles = roles::in_force(desk, records).await.ok().flatten();
    records.of_gate(gate, roles.as_deref())
}

/// A decision by its id or a prefix of its envelope's digest.
pub fn find(records: &Records, wanted: &str) -> Result<Decision, AppError> {
    let is = |d: &&Decision| d.id.as_str() == wanted || d.envelope.is_named_by(wanted);
    let found: Vec<&Decision> = records.decisions().filter(is).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(AppError::usage(format!("The ledger has no decision {wanted:?}.")).hint(
            "`countersign ledger list` lists them; give an id, or at least eight digits of the envelope's digest.",
        )),
        several => {
            let error = AppError::usage(format!("{wanted:?} names {} decisions.", several.len()));
            Err(several.iter().fold(error, |e, d| e.hint(format!("{} ({})", d.id, d.envelope))))
        }
    }
}

async fn about(
    desk: &Desk,
    records: &Records,
    identity: &Identity,
    earlier: &Decision,
    verb: Verb,
    reason: &str,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let now = desk.clock.now();
    let before = records
        .verified(&earlier.gate, &earlier.id)
        .ok_or_else(|| AppError::internal(format!("The decision {} is not held.", earlier.id)))?;
    // As long as what it takes back would have held.
    let until = before.statement.decision().map(|d| d.not_after);
    let choice = About {
        id: sign::record_id(now)?,
        verb,
        reason: reason.into(),
        nonce: sign::nonce()?,
        issued_at: now,
        not_after: until.unwrap_or(now).max(now.plus(HOLDS)),
        approver: identity.approver(),
        clock_skew_seconds: None,
    };
    let mut statement = Statement::of_earlier(&before.statement, choice)
        .map_err(|e| AppError::new(ErrorKind::Signing, format!("It cannot be signed: {e}.")))?;
    sign::add_seen(&mut statement, records.head());
    let signed = sign::seal(identity, statement, now, watcher).await?;
    let gate = Some(earlier.gate.to_string());
    let draft = |kind, body| Draft { kind, record: signed.record.clone(), gate: gate.clone(), at: now, body };
    let receipt = deliver::noted(desk, &signed.record)?;
    desk.append(vec![draft(EntryKind::Decision, signed.bytes.clone()), draft(EntryKind::Receipt, receipt)]).await?;
    Ok(signed)
}

/// What is to be lent.
#[derive(Debug, Clone)]
pub struct Lending {
    /// To whom.
    pub to: Principal,
    /// Which roles.
    pub roles: Vec<String>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Where.
    pub scope: DelegationScope,
    /// Why.
    pub reason: String,
}

/// Lends roles of one's own.
pub async fn delegate(
    desk: &Desk,
    lending: Lending,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let (_, identity, roles) = begin(desk, &lending.reason).await?;
    let now = desk.clock.now();
    let approvers = roles.ok_or_else(|| {
        AppError::usage("There is no approvers file, so there are no roles to be lent.")
            .hint("Set [trust] approvers to the file.")
    })?;
    let not_entitled = |text: String| Err(AppError::new(ErrorKind::NotEntitled, text));
    let mine = approvers.person(&identity.principal).map(|p| p.roles.clone()).unwrap_or_default();
    if let Some(role) = lending.roles.iter().find(|r| !mine.contains(*r)) {
        return not_entitled(format!(
            "{} does not hold the role {role}; what is lent cannot be lent on.",
            identity.principal
        ));
    }
    if approvers.break_glass.as_ref().is_some_and(|g| lending.roles.contains(&g.role)) {
        return not_entitled("The role of [break_glass] cannot be lent.".to_owned());
    }
    if approvers.person(&lending.to).is_none() {
        return not_entitled(format!("{} is not in the approvers file, so nothing can be lent to them.", lending.to));
    }
    let from = lending.from.unwrap_or(now);
    if lending.until <= from.max(now) || lending.until.since(from) > LONGEST {
        return Err(AppError::usage(format!(
            "Roles are lent until some time after their beginning, and for at most {}.",
            humane(LONGEST)
        )));
    }
    let choice = DelegationChoice {
        id: sign::record_id(now)?,
        nonce: sign::nonce()?,
        issued_at: now,
        not_before: from,
        not_after: lending.until,
        approver: identity.approver(),
        to: lending.to,
        roles: lending.roles,
        scope: lending.scope,
        reason: lending.reason.into(),
        revokes: None,
        clock_skew_seconds: None,
    };
    record_delegation(desk, &identity, choice, permit, watcher).await
}

/// Takes a delegation back.
pub async fn undelegate(
    desk: &Desk,
    wanted: &str,
    reason: &str,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let (records, identity, _) = begin(desk, reason).await?;
    let found = records.delegations().filter_map(|d| Some((&d.principal, d.statement.delegation()?)));
    let Some((giver, lent)) = found.filter(|(_, d)| d.delegation_id.as_str() == wanted && d.revokes.is_none()).last()
    else {
        return Err(AppError::usage(format!("The ledger has no delegation {wanted:?}.")));
    };
    if *giver != identity.principal {
        let text = format!("{giver} gave it, and {} may not take it back.", identity.principal);
        return Err(AppError::new(ErrorKind::NotEntitled, text));
    }
    let now = desk.clock.now();
    let choice = DelegationChoice {
        id: sign::record_id(now)?,
        nonce: sign::nonce()?,
        issued_at: now,
        not_before: now,
        not_after: lent.not_after.max(now.plus(HOLDS)),
        approver: identity.approver(),
        to: lent.to.clone(),
        roles: Vec::new(),
        scope: DelegationScope { environments: Vec::new(), services: Vec::new() },
        reason: reason.into(),
        revokes: Some(lent.delegation_id.clone()),
        clock_skew_seconds: None,
    };
    record_delegation(desk, &identity, choice, permit, watcher).await
}

async fn record_delegation(
    desk: &Desk,
    identity: &Identity,
    choice: DelegationChoice,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let now = choice.issued_at;
    identity.may_sign(DELEGATION_NAMESPACE, now)?;
    let statement = Statement::of_delegation(choice)
        .map_err(|e| AppError::new(ErrorKind::Signing, format!("It cannot be signed: {e}.")))?;
    let signed = sign::seal(identity, statement, now, watcher).await?;
    permit.use_up()?;
    let (record, body): (RecordId, _) = (signed.record.clone(), signed.bytes.clone());
    desk.append(vec![Draft { kind: EntryKind::Delegation, record, gate: None, at: now, body }]).await?;
    Ok(signed)
}
