//! Approve, reject, halt, comment: prepare, show, fetch again, sign, record, deliver.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Desk;
use super::approval::{self, Approval};
use super::complete::{self, Approved};
use super::deliver;
use super::inbox::{self, Waiting};
use super::permit::Permit;
use super::progress::{Progress, Watcher};
use super::round::Round;
use super::sign::{self, Identity};
use crate::domain::decision::{Receipt, ReceiptStatus, Verb};
use crate::domain::dossier::Dossier;
use crate::domain::ids::RecordId;
use crate::domain::quorum::Standing;
use crate::domain::time::humane;
use crate::domain::verdict::{Cause, Outcome};
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, EntryKind};
use crate::orchestrator::{Observation, Orchestrator, Order, PlannedRequest};
use crate::text::Untrusted;

/// Clocks further apart than this are shown.
const SKEW_SHOWN: Duration = Duration::from_secs(120);
/// Clocks further apart than this stop a signature without `--allow-clock-skew`.
pub const SKEW_REFUSED: Duration = Duration::from_secs(600);

/// What somebody wants to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What.
    pub verb: Verb,
    /// Why.
    pub reason: String,
    /// The gate's input, if it has any to choose.
    pub option: Option<String>,
    /// The digest that was seen, or a prefix of it.
    pub expect: Option<String>,
    /// Sign although the clocks differ by more than ten minutes.
    pub allow_clock_skew: bool,
    /// Approve alone, in an emergency.
    pub break_glass: bool,
    /// The pieces of evidence that the approver opened, by name: in the console, over the very dossier that is decided over.
    pub viewed: BTreeSet<String>,
}

/// A decision, ready to be shown and signed.
pub struct Prepared {
    /// What somebody wants.
    pub proposal: Proposal,
    /// The gate.
    pub waiting: Waiting,
    /// The evidence.
    pub dossier: Arc<Dossier>,
    /// Who would sign, or why nobody can.
    pub identity: Result<Identity, AppError>,
    /// What would be sent. The envelope in it is a placeholder, as nothing is signed yet.
    pub requests: Vec<PlannedRequest>,
    /// Everything that stands against it, the gravest first.
    pub refusals: Vec<AppError>,
    /// What to know before signing.
    pub remarks: Vec<String>,
    /// As what is approved, and what that comes to; for an approval only.
    pub approval: Option<Approval>,
}

/// What came of a decision.
#[derive(Debug, Clone)]
pub struct Done {
    /// The decision.
    pub decision: RecordId,
    /// The envelope's digest.
    pub envelope: crate::domain::ids::Digest,
    /// What was seen. A comment is effective once it is in the ledger.
    pub receipt: Receipt,
    /// How far the approvals are, after an approval.
    pub standing: Option<Standing>,
}

impl Done {
    /// Whether it is in the ledger and others are needed: exit code 10.
    pub fn pending(&self) -> Result<(), AppError> {
        if self.receipt.status != ReceiptStatus::Recorded {
            return Ok(());
        }
        let error = AppError::new(ErrorKind::Quorum, format!("The approval is {}.", self.receipt.detail.line()));
        Err(error.hint("Nothing was sent. The approval that completes the quorum is sent, whoever gives it."))
    }
}

/// Collects the evidence and says what stands against the decision. Signs and sends nothing.
///
/// `keep` writes the evidence to the store; for the fetching right before a signature.
pub async fn prepare(
    desk: &Desk,
    waiting: Waiting,
    proposal: Proposal,
    keep: bool,
    watcher: Watcher<'_>,
) -> Result<Prepared, AppError> {
    let dossier = super::dossier::assemble(desk, &waiting, &Round::default(), keep, watcher).await?;
    let identity = sign::identity(desk).await;
    let orchestrator = desk.orchestrator(&waiting.gate.id)?;
    let order = Order {
        decision: RecordId::new("(id of the decision)"),
        verb: proposal.verb,
        gate: waiting.gate.id.clone(),
        attempt: waiting.gate.attempt.clone(),
        option: proposal.option.clone().map(Untrusted::new),
        reason: Untrusted::new(proposal.reason.clone()),
        envelope_digest: dossier.digest.clone(),
        envelope: serde_json::json!("(the signed envelope)"),
        others: Vec::new(),
        anchor: None,
    };
    let requests = if proposal.verb.is_delivered() { orchestrator.plan(&order) } else { Vec::new() };
    let mut refusals = refusals(desk, &waiting, &proposal, &dossier);
    if proposal.verb == Verb::Halt {
        refusals.extend(over(orchestrator.as_ref(), &order).await?);
    }
    refusals.extend(identity.as_ref().err().cloned());
    refusals.extend(desk.records().await?.sound().err());
    refusals.sort_by_key(|e| e.kind.precedence());
    let mut remarks = remarks(desk, &waiting);
    let approval = match proposal.verb {
        Verb::Approve => Some(rehearse(desk, &waiting, &dossier, &proposal, identity.as_ref().ok()).await?),
        _ => None,
    };
    if let Some(approval) = &approval {
        refusals.extend(approval.refusals.iter().cloned());
        refusals.sort_by_key(|e| e.kind.precedence());
        remarks.extend(approval.before.notes.iter().cloned());
    }
    Ok(Prepared { proposal, waiting, dossier, identity, requests, refusals, remarks, approval })
}

/// What an approval would come to, asked over the statement as it would be signed.
async fn rehearse(
    desk: &Desk,
    waiting: &Waiting,
    dossier: &Dossier,
    proposal: &Proposal,
    identity: Option<&Identity>,
) -> Result<Approval, AppError> {
    let statement = |entitlement| match identity {
        // What cannot be signed is refused where it is signed.
        Some(identity) => sign::statement(desk, identity, &waiting.gate, dossier, proposal, entitlement, None),
        None => Err(AppError::internal("Nobody signs.")),
    };
    // A release that names nothing to bind to is refused for that.
    let names_nothing = crate::trust::statement::subjects_of(&dossier.release, None).is_err();
    let identity = identity.filter(|_| !names_nothing);
    approval::rehearse(desk, waiting, dossier, identity, proposal.break_glass, statement).await
}

/// Why there is no run to be halted any more. A gate that has its answer is no reason: its run may go on.
async fn over(orchestrator: &dyn Orchestrator, order: &Order) -> Result<Option<AppError>, AppError> {
    let seen = orchestrator
        .observe(order)
        .await
        .map_err(|f| AppError::new(ErrorKind::Incomplete, format!("The run could not be read. {}", f.sentence())))?;
    let why = match &seen {
        Observation::Effective(why) | Observation::Refused(why) => why,
        Observation::Pending => "It is being cancelled.",
        // What cannot be told is no reason against stopping it.
        Observation::Undecided | Observation::Unclear(_) => return Ok(None),
    };
    Ok(Some(AppError::new(ErrorKind::NoGate, format!("The run of {} cannot be halted any more. {why}", order.gate))))
}

fn refusals(desk: &Desk, waiting: &Waiting, proposal: &Proposal, dossier: &Dossier) -> Vec<AppError> {
    let mut out = Vec::new();
    if desk.readonly {
        out.push(AppError::usage("Nothing is decided with --readonly."));
    }
    if crate::text::is_blank(&proposal.reason) {
        out.push(AppError::usage("A decision needs a reason.").hint("Give one with --reason."));
    }
    if let Some(option) = &proposal.option
        && !waiting.gate.options.iter().any(|o| o.raw() == option)
    {
        let options: Vec<String> = waiting.gate.options.iter().map(|o| o.line().into_owned()).collect();
        let known = if options.is_empty() { "none".to_owned() } else { options.join(", ") };
        out.push(AppError::usage(format!("The gate has no input {option:?}. It has: {known}.")));
    }
    if matches!(proposal.verb, Verb::Approve | Verb::Reject)
        && let Err(e) = inbox::must_wait(waiting)
    {
        out.push(e);
    }
    if let Some(expect) = &proposal.expect
        && !dossier.digest.is_named_by(expect)
    {
        out.push(
            AppError::new(
                ErrorKind::Unexpected,
                format!("The evidence is not what was expected: its digest is {}.", dossier.digest),
            )
            .hint("Look at it again with `countersign show`; the digest names everything that is shown there."),
        );
    }
    if proposal.verb == Verb::Approve {
        let reasons = |cause: Cause| {
            dossier.verdict.blocking().filter(move |r| r.cause == cause).map(|r| format!("{}: {}", r.id, r.text))
        };
        if dossier.verdict.is_incomplete() {
            let mut error =
                AppError::new(ErrorKind::Incomplete, "The evidence is incomplete, so it cannot be approved.");
            error = reasons(Cause::Evidence).fold(error, AppError::hint);
            out.push(error);
        }
        if dossier.verdict.is_blocked() {
            let mut error = AppError::new(ErrorKind::Blocked, "Policy blocks the approval.");
            error = reasons(Cause::Policy).fold(error, AppError::hint);
            out.push(error);
        }
        if dossier.verdict.result == Outcome::Unknown && !dossier.verdict.is_incomplete() {
            out.push(AppError::new(
                ErrorKind::Incomplete,
                "The policy could not be evaluated, so it cannot be approved.",
            ));
        }
    }
    if let Some(skew) = desk.skew(Some(&waiting.gate.id))
        && skew > SKEW_REFUSED
        && !proposal.allow_clock_skew
    {
        out.push(
            AppError::new(
                ErrorKind::Signing,
                format!("This machine's clock and the orchestrator's differ by {}.", humane(skew)),
            )
            .hint("Set the clock, or sign all the same with --allow-clock-skew; the difference is recorded."),
        );
    }
    out
}

fn remarks(desk: &Desk, waiting: &Waiting) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(skew) = desk.skew(Some(&waiting.gate.id)).filter(|s| *s > SKEW_SHOWN) {
        out.push(format!("This machine's clock and the orchestrator's differ by {}.", humane(skew)));
    }
    if waiting.gate.roles_tampered() {
        out.push("The required roles of the running gate differ from the pipeline's definition.".to_owned());
    }
    out
}

/// The gravest thing that stands against a decision.
pub fn check(prepared: &Prepared) -> Result<(), AppError> {
    prepared.refusals.first().map_or(Ok(()), |e| Err(e.clone()))
}

/// Fetches everything again, and refuses if it is not what was shown.
pub async fn refetch(desk: &Desk, shown: &Prepared, watcher: Watcher<'_>) -> Result<Prepared, AppError> {
    let waiting = inbox::read(desk, &shown.waiting.gate.id)
        .await?
        .ok_or_else(|| AppError::new(ErrorKind::NoGate, format!("The gate {} is gone.", shown.waiting.gate.id)))?;
    if matches!(shown.proposal.verb, Verb::Approve | Verb::Reject) {
        inbox::must_wait(&waiting)?;
    }
    let fresh = prepare(desk, waiting, shown.proposal.clone(), true, watcher).await?;
    let differences = shown.dossier.differences(&fresh.dossier);
    if !differences.is_empty() {
        let (then, now) = (shown.dossier.digest.short(), fresh.dossier.digest.short());
        let text = format!("The evidence changed since it was shown ({then} then, {now} now). Nothing was signed.");
        return Err(differences.into_iter().fold(AppError::new(ErrorKind::Unexpected, text), AppError::hint));
    }
    match changed(shown, &fresh) {
        Some((what, then, now)) => {
            let text = format!("{what} changed since it was shown. Nothing was signed; look again.");
            let error = AppError::new(ErrorKind::Unexpected, text);
            Err(error.hint(format!("Then: {then}")).hint(format!("Now: {now}")))
        }
        None => Ok(fresh),
    }
}

/// What of a signature besides the evidence is not what was shown: who signs and as what, and what comes of it. Others
/// may have approved, lent a role or changed the rules while the person was thinking.
fn changed(shown: &Prepared, fresh: &Prepared) -> Option<(&'static str, String, String)> {
    let signer = |p: &Prepared| p.identity.as_ref().ok().map(|i| format!("{}, {}", i.principal, i.key().fingerprint));
    if let (Some(then), Some(now)) = (signer(shown), signer(fresh))
        && then != now
    {
        return Some(("Who signs", then, now));
    }
    let (then, now) = (shown.approval.as_ref()?, fresh.approval.as_ref()?);
    let words = |a: &Approval| format!("{} ({})", a.effect, a.after.words());
    if words(then) != words(now) || then.sends != now.sends {
        return Some(("What the approval comes to", words(then), words(now)));
    }
    let as_what = |a: &Approval| {
        let lent = a.entitlement.delegation.as_ref().map(|d| format!(", by the delegation {d}")).unwrap_or_default();
        let excluded: Vec<String> = a.entitlement.excluded.iter().map(|e| e.name.line().into_owned()).collect();
        format!("in the roles {}{lent}; excluded: {}", a.entitlement.roles.join(", "), excluded.join(", "))
    };
    (then.entitlement != now.entitlement).then(|| ("As what is approved", as_what(then), as_what(now)))
}

/// Signs, records, delivers and follows. `prepared` must be fresh: see [`refetch`].
///
/// With `permit`, whoever called it up may call it off until the ledger is written.
pub async fn execute(
    desk: &Desk,
    prepared: &Prepared,
    permit: &Permit,
    watcher: Watcher<'_>,
) -> Result<Done, AppError> {
    check(prepared)?;
    let identity = prepared.identity.as_ref().map_err(Clone::clone)?;
    let signed = sign::decision(desk, identity, prepared, watcher).await?;
    permit.use_up()?;
    // Said before the ledger is written: whoever could give up until now must not believe any more that nothing was
    // signed.
    let step = "The decision is signed, and goes into the ledger.".to_owned();
    watcher(Progress::Delivery { gate: prepared.waiting.gate.id.clone(), step });
    let order = Order {
        decision: signed.record.clone(),
        verb: prepared.proposal.verb,
        gate: prepared.waiting.gate.id.clone(),
        attempt: prepared.waiting.gate.attempt.clone(),
        option: prepared.proposal.option.clone().map(Untrusted::new),
        reason: Untrusted::new(prepared.proposal.reason.clone()),
        envelope_digest: signed.digest.clone(),
        envelope: signed.value,
        others: Vec::new(),
        anchor: None,
    };
    let (at, envelope) = (desk.clock.now(), signed.bytes.clone());
    let gate = Some(order.gate.to_string());
    let noted = deliver::receipt(desk, &order, ReceiptStatus::Effective, "recorded in the ledger")?;
    let mut drafts = vec![Draft {
        kind: EntryKind::Decision,
        record: signed.record.clone(),
        gate: gate.clone(),
        at,
        body: signed.bytes,
    }];
    // An approval that others have to join is not about to be sent.
    let intended = match &prepared.approval {
        Some(approval) => approval.sends,
        None => order.verb.is_delivered(),
    };
    if intended {
        drafts.push(complete::intent(desk, &order)?);
    } else if !order.verb.is_delivered() {
        drafts.push(noted.1);
    }
    desk.append(drafts).await?;
    let (record, gate) = (order.decision.clone(), order.gate.clone());
    let delivering = async {
        if order.verb == Verb::Approve {
            let (waiting, dossier) = (&prepared.waiting, prepared.dossier.as_ref());
            return complete::complete(desk, Approved { waiting, dossier, order, intended }, watcher).await;
        }
        let receipt = if intended { deliver::deliver(desk, &order, watcher).await? } else { noted.0 };
        deliver::judge(&order, &receipt)?;
        Ok(Done { decision: signed.record, envelope: signed.digest, receipt, standing: None })
    };
    // Side by side: a slow authority must not keep the pipeline waiting.
    let stamping = super::stamp::add(desk, &record, Some(&gate), &envelope, watcher);
    let (done, ()) = futures_util::future::join(delivering, stamping).await;
    done
}
