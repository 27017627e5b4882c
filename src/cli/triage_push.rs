//! `countersign triage push`.

use serde_json::{Value, json};

use super::args::PushArgs;
use super::output::{Block, Document};
use super::{Context, prompt};
use crate::error::AppError;
use crate::review::push::{self, Line};
use crate::review::round::Round;
use crate::review::{Desk, dossier, inbox};
use crate::tracker::{Outcome, Request, Step};

/// Plans, shows the plan, asks, and carries it out.
pub async fn run(context: &Context, args: &PushArgs) -> Result<(), AppError> {
    if !args.dry_run && !args.yes && !context.can_ask() {
        return Err(AppError::usage("Without a terminal, triage push needs --yes, or --dry-run to look only.")
            .hint("A dry run prints every request that would be sent."));
    }
    if !args.dry_run && context.global.readonly {
        return Err(AppError::usage("Nothing is pushed with --readonly."));
    }
    let desk = context.desk().await?;
    let waiting = inbox::find(&desk, &args.gate).await?;
    let quiet = crate::review::progress::quiet;
    let dossier = dossier::assemble(&desk, &waiting, &Round::default(), false, &quiet).await?;
    context.notices(&desk).await?;
    let lines = push::plan(&desk, &dossier, &args.findings, args.to.as_deref()).await?;
    let release = dossier.release.short();
    if args.dry_run {
        let heading = format!("Dry run: nothing is sent. Dismissals of {release}");
        context.output.document(&document(&desk, &release, &heading, &lines, None))?;
        return push::check(&lines, &lines.iter().map(push::foreseen).collect::<Vec<_>>(), !args.findings.is_empty());
    }
    let writes = push::writes(&lines);
    if !args.yes && writes > 0 {
        let shown: Vec<String> = lines.iter().map(|l| told(&desk, l, None)).collect();
        context.output.message(&shown.join("\n"));
        let what = if writes == 1 { "one change".to_owned() } else { format!("{writes} changes") };
        if !prompt::confirm(&format!("Make {what} in these systems?"), "push") {
            return Err(AppError::usage("Nothing was sent."));
        }
    }
    let (mut outcomes, mut failed) = (Vec::with_capacity(lines.len()), None);
    for line in &lines {
        match push::carry_out(&desk, line).await {
            Ok(outcome) => {
                context.output.detail(&format!("{}: {}", crate::text::line(&line.to), words(&outcome)));
                outcomes.push(outcome);
            }
            // What was done so far is told all the same.
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let heading = format!("Dismissals of {release}");
    context.output.document(&document(&desk, &release, &heading, &lines, Some(&outcomes)))?;
    if let Some(error) = failed {
        return Err(error);
    }
    context.anchored(&desk).await;
    push::check(&lines, &outcomes, !args.findings.is_empty())
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Seen => "done, and seen".to_owned(),
        Outcome::Already => "stood so already; nothing was sent".to_owned(),
        Outcome::Absent(why) => why.clone(),
        Outcome::Refused(why) => format!("not done: {why}"),
        Outcome::Unknown(why) => format!("outcome unknown: {why}"),
    }
}

fn document(desk: &Desk, release: &str, heading: &str, lines: &[Line], outcomes: Option<&[Outcome]>) -> Document {
    let of = |n: usize| outcomes.and_then(|all| all.get(n));
    let rows: Vec<Value> = lines.iter().enumerate().map(|(n, l)| row(desk, l, of(n))).collect();
    let whole = json!({ "schema": 1, "release": release, "dryRun": outcomes.is_none(), "pushes": rows });
    let mut blocks = vec![Block::Heading(crate::text::line(heading).into_owned())];
    if lines.is_empty() {
        blocks.push(Block::Text(
            "There is nothing to push: no dismissal in force is of a finding that is tracked there.".into(),
        ));
    }
    blocks.extend(lines.iter().enumerate().map(|(n, l)| Block::Text(told(desk, l, of(n)))));
    Document { json: whole, rows, blocks }
}

fn row(desk: &Desk, line: &Line, outcome: Option<&Outcome>) -> Value {
    let (dismissal, finding) = (&line.told.dismissal, &line.told.finding);
    let mut row = json!({
        "to": line.to,
        "finding": finding.fingerprint,
        "rule": finding.rule,
        "place": finding.place(),
        "record": dismissal.id,
        "status": dismissal.status,
        "expires": dismissal.expires,
    });
    let more = match &line.plan {
        Err(reason) => json!({ "state": "unread", "why": reason.text }),
        Ok(plan) => {
            let (state, why, requests) = match &plan.step {
                Step::Already => ("already", None, Vec::new()),
                Step::Cannot(reason) => ("cannot", Some(&reason.text), Vec::new()),
                Step::Absent(reason) => ("absent", Some(&reason.text), Vec::new()),
                Step::Write(requests) => ("write", None, requests.iter().map(|r| request(desk, line, r)).collect()),
            };
            json!({
                "state": state, "why": why, "what": plan.what, "url": plan.url, "from": plan.from, "becomes": plan.to,
                "remarks": plan.remarks, "requests": requests,
            })
        }
    };
    let outcome = outcome.map(|outcome| match outcome {
        Outcome::Seen => json!({ "outcome": "seen" }),
        Outcome::Already => json!({ "outcome": "already" }),
        Outcome::Absent(why) => json!({ "outcome": "absent", "said": why }),
        Outcome::Refused(why) => json!({ "outcome": "refused", "said": why }),
        Outcome::Unknown(why) => json!({ "outcome": "unknown", "said": why }),
    });
    if let Some(object) = row.as_object_mut() {
        for part in [Some(more), outcome].into_iter().flatten() {
            object.extend(part.as_object().cloned().unwrap_or_default());
        }
    }
    row
}

fn request(desk: &Desk, line: &Line, request: &Request) -> Value {
    json!({ "method": request.method, "url": push::address(desk, &line.to, request), "type": request.media_type, "body": request.body })
}

/// One line for people: what, where, how it stands and how it is to stand, and what is sent.
fn told(desk: &Desk, line: &Line, outcome: Option<&Outcome>) -> String {
    let (dismissal, finding) = (&line.told.dismissal, &line.told.finding);
    let mut text = vec![format!(
        "{} {} {}: {} (record {})",
        finding.fingerprint.short(),
        finding.rule.line(),
        finding.place(),
        dismissal.status.word(),
        dismissal.id.as_str()
    )];
    let to = crate::text::line(&line.to);
    match &line.plan {
        Err(reason) => text.push(format!("  {to}: cannot be planned: {}", reason.text.line())),
        Ok(plan) => {
            let (what, from) = (plan.what.line(), plan.from.line());
            match &plan.step {
                Step::Already => text.push(format!("  {to}: {what} is {from} already")),
                Step::Cannot(reason) => text.push(format!("  {to}: {what} is {from}. {}", reason.text.line())),
                Step::Absent(reason) => text.push(format!("  {to}: {}", reason.text.line())),
                Step::Write(requests) => {
                    text.push(format!("  {to}: {what} from {from} to {}", crate::text::line(&plan.to)));
                    text.extend(plan.url.iter().map(|url| format!("    page     {}", url.line())));
                    text.extend(
                        plan.remarks.iter().map(|remark| format!("    mind     {}", crate::text::line(remark))),
                    );
                    for request in requests {
                        let address = push::address(desk, &line.to, request);
                        text.push(format!("    request  {} {}", request.method, crate::text::line(&address)));
                        text.push(format!("    body     {}", crate::text::line(&request.body)));
                    }
                }
            }
        }
    }
    // What could not be tried says so above already.
    let tried = outcome.filter(|_| matches!(&line.plan, Ok(plan) if matches!(plan.step, Step::Write(_))));
    text.extend(tried.map(|o| format!("  {}", crate::text::line(&words(o)))));
    text.join("\n")
}
