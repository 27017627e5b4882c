//! `countersign approve`, `reject`, `halt` and `comment`.

use serde_json::json;
use tokio::sync::Notify;

use super::args::DecideArgs;
use super::output::{Block, Document, Output};
use super::{Context, json, prompt};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::error::{AppError, ErrorKind};
use crate::review::decide::{self, Done, Prepared, Proposal};
use crate::review::inbox;
use crate::review::permit::Permit;
use crate::review::progress::Progress;
use crate::review::summary::{Summary, capital};
use crate::review::take_up::{self, Wanted};

/// Decides over one gate.
pub async fn run(context: &Context, verb: Verb, args: &DecideArgs, break_glass: bool) -> Result<(), AppError> {
    let unattended = args.expect.is_some() || args.yes || args.dry_run;
    if verb != Verb::Comment && !unattended && !context.can_ask() {
        return Err(AppError::usage(format!(
            "Without a terminal, {} needs --expect DIGEST (the dossier that was seen) or --yes.",
            verb.word()
        ))
        .hint("`countersign show GATE --output json` prints the digest."));
    }
    let mut desk = context.desk().await?;
    // A dry run signs and sends nothing whatever it is asked, so it says what the decision would come to.
    desk.readonly &= !args.dry_run;
    let output = &context.output;
    let delivery = Notify::new();
    let watcher = |progress: Progress| {
        if matches!(progress, Progress::Delivery { .. }) {
            delivery.notify_one();
        }
        tell(output, &progress);
    };
    if !args.dry_run {
        context.settle(&desk, Some((verb, &args.gate))).await;
    }
    let waiting = inbox::find_for(&desk, &args.gate, verb).await?;
    let (option, expect) = (args.option.as_deref(), args.expect.as_deref());
    let wanted = Wanted { gate: &waiting.gate.id, verb, option, break_glass, expect };
    if !args.dry_run
        && let Some(done) = unless_interrupted(&delivery, take_up::take_up(&desk, wanted, &watcher)).await?
    {
        output.message("An earlier decision of yours on this gate was open, and is settled now.");
        return report(context, verb, &waiting.gate.id.to_string(), &done);
    }
    let proposal = Proposal {
        verb,
        reason: args.reason.clone(),
        option: args.option.clone(),
        expect: args.expect.clone(),
        allow_clock_skew: args.allow_clock_skew,
        break_glass,
        // What a script or a prompt was shown elsewhere, nobody knows.
        viewed: std::collections::BTreeSet::new(),
    };
    let ask = !unattended && verb != Verb::Comment;
    let prepared = decide::prepare(&desk, waiting, proposal, !ask && !args.dry_run, &watcher).await?;
    for remark in &prepared.remarks {
        output.message(&format!("Warning: {remark}"));
    }
    if args.dry_run {
        return dry_run(context, &prepared);
    }
    decide::check(&prepared)?;
    let prepared = if ask {
        output.message(&told(&Summary::of(&prepared)));
        if !prompt::confirm(&format!("{} this release?", capital(verb.word())), verb.word()) {
            return Err(AppError::usage("Nothing was signed."));
        }
        // What was on the screen while the person thought may be out of date by now.
        decide::refetch(&desk, &prepared, &watcher).await?
    } else {
        prepared
    };
    let permit = Permit::default();
    let done = unless_interrupted(&delivery, decide::execute(&desk, &prepared, &permit, &watcher)).await;
    let told = done.and_then(|done| report(context, verb, &prepared.waiting.gate.id.to_string(), &done));
    // Whoever has interrupted it does not wait for mirrors either: the next command catches up.
    if told.as_ref().err().is_none_or(|e| e.kind != ErrorKind::Unknown) {
        context.anchored(&desk).await;
    }
    told
}

/// Does the work. Once the delivery has begun, Ctrl-C ends it with what to do; before, it ends the program as ever.
async fn unless_interrupted<T>(
    delivery: &Notify,
    work: impl Future<Output = Result<T, AppError>>,
) -> Result<T, AppError> {
    let interrupted = async {
        delivery.notified().await;
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = interrupted => Err(AppError::new(
            ErrorKind::Unknown,
            "Interrupted: the decision is signed and may have been sent, and its outcome is not known.",
        )
        .hint("It is in the ledger and was not repeated. Run the same command again to settle it.")),
    }
}

fn tell(output: &Output, progress: &Progress) {
    match progress {
        Progress::Asking { .. } => {}
        Progress::Arrived { piece, status, reason, .. } => {
            let why = reason.as_ref().map(|r| format!(": {}", r.text.line())).unwrap_or_default();
            output.detail(&format!("{piece} is {status}{why}"));
        }
        Progress::Signing { touch: true, seconds } => {
            output.message(&format!("Touch your key on your workstation now ({seconds} s)."));
        }
        Progress::Signing { touch: false, .. } => output.detail("Signing."),
        Progress::Delivery { step, .. } => output.message(step),
    }
}

fn dry_run(context: &Context, prepared: &Prepared) -> Result<(), AppError> {
    let summary = Summary::of(prepared);
    let mut whole = json::summary(&summary);
    if let Some(object) = whole.as_object_mut() {
        object.insert("schema".into(), json!(1));
        object.insert("dryRun".into(), json!(true));
        object.insert("gate".into(), json::gate(&prepared.waiting, Ok(&prepared.dossier)));
    }
    let mut blocks =
        vec![Block::Heading("Dry run: nothing is signed and nothing is sent".into()), Block::Text(told(&summary))];
    blocks.extend(summary.sent().map(|request| Block::Text(crate::text::block(&request).into_owned())));
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })?;
    decide::check(prepared)
}

/// What is about to be signed, and how to compare it with what is on another machine.
fn told(summary: &Summary) -> String {
    format!("{}\n  Compare the digest on your workstation: countersign digest {}", summary.words(), summary.gate)
}

fn report(context: &Context, verb: Verb, gate: &str, done: &Done) -> Result<(), AppError> {
    let whole = json!({
        "schema": 1,
        "verb": verb,
        "gate": gate,
        "decision": done.decision,
        "envelope": done.envelope,
        "receipt": done.receipt,
        "approvals": done.standing.as_ref().map(json::approvals),
        "breakGlass": done.standing.as_ref().is_some_and(|s| s.break_glass.is_some()),
    });
    let sent = done.receipt.status != ReceiptStatus::Recorded;
    let text = format!(
        "{} {gate}: {}\nDecision {} (envelope {})\nIt can be verified: countersign ledger show {}",
        if sent { capital(verb.done()) } else { "Not sent yet,".to_owned() },
        done.receipt.detail.line(),
        done.decision,
        done.envelope.short(),
        done.decision,
    );
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })?;
    done.pending()
}
