//! `countersign verify` and `countersign digest`.

use std::path::Path;

use serde_json::{Value, json};

use super::args::VerifyArgs;
use super::output::{Block, Document};
use super::{Context, json};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::decision::Verb;
use crate::domain::ids::{Digest, GateId};
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::review::pipeline::{self, Answer, Judged, Trust, Wanted};
use crate::review::progress::quiet;
use crate::review::round::Round;
use crate::review::{dossier, inbox, verify};
use crate::trust::quorum::{RuleTally, Tally};
use crate::trust::verify::Expected;

/// Checks decisions against what is expected. Offline: with envelope files it reads neither configuration nor network.
pub async fn run(context: &Context, args: &VerifyArgs) -> Result<(), AppError> {
    let gate: GateId = args
        .gate
        .parse()
        .map_err(|e| AppError::usage(format!("{e}")).hint("Give the full id, as `inbox --output json` prints it."))?;
    none_is_empty(args)?;
    let digest = |text: &String| text.parse::<Digest>().map_err(|e| AppError::usage(e.to_string()));
    let expected = Expected {
        gate: gate.clone(),
        attempt: args.attempt.clone(),
        environment: args.env.clone(),
        artifacts: args.artifact.iter().map(digest).collect::<Result<_, _>>()?,
        commit: args.commit.clone(),
        option: args.option.clone(),
        policy: args.policy.as_ref().map(digest).transpose()?,
        verb: Verb::Approve,
    };
    let now = match &args.at {
        None => SystemClock::default().now(),
        Some(at) => at.parse::<Timestamp>().map_err(|_e| {
            AppError::usage(format!("--at {}: not a time.", crate::text::line(at)))
                .hint("Write it in RFC 3339, such as 2026-06-01T13:00:00Z.")
        })?,
    };
    // Read once: what is judged as an approval and what may speak against it are the same bytes.
    let (candidates, recorded) = if let Some(dir) = &args.dir {
        let (candidates, recorded, caution) = pipeline::in_folder(dir.clone(), args.trust.clone(), &gate).await?;
        if let Some(caution) = caution {
            context.output.message(&format!("Note: {caution}"));
        }
        (candidates, recorded)
    } else if args.envelopes.is_empty() {
        pipeline::in_ledger(&context.desk().await?, &gate).await?
    } else {
        (pipeline::files(&args.envelopes)?, None)
    };
    let trust = pipeline::trust_folder(&args.trust, recorded.as_ref(), now)?;
    let wanted = Wanted { expected, service: args.service.clone(), not_by: args.not_by.clone() };
    let answer = pipeline::judge(&candidates, &trust, &wanted, now);
    let outcome = answer.outcome();
    context.output.document(&document(&gate, &trust, &answer, &outcome, args))?;
    outcome
}

/// An argument that a script left empty would compare nothing, and say so to nobody.
fn none_is_empty(args: &VerifyArgs) -> Result<(), AppError> {
    let options = [("--attempt", &args.attempt), ("--commit", &args.commit), ("--option", &args.option)];
    let options = options.into_iter().chain([("--policy", &args.policy), ("--service", &args.service)]);
    let given = options.flat_map(|(name, value)| value.iter().map(move |v| (name, v)));
    let given = given.chain([("--gate", &args.gate), ("--env", &args.env)]);
    let given = given.chain(args.artifact.iter().map(|a| ("--artifact", a)));
    let mut given = given.chain(args.not_by.iter().map(|n| ("--not-by", n)));
    if let Some((name, _)) = given.find(|(_, value)| value.trim().is_empty()) {
        let hint = "Leave the option out where there is nothing to expect; a script's variable may be empty.";
        return Err(AppError::usage(format!("{name} is empty.")).hint(hint));
    }
    Ok(())
}

fn document(
    gate: &GateId,
    trust: &Trust,
    answer: &Answer,
    outcome: &Result<(), AppError>,
    args: &VerifyArgs,
) -> Document {
    let compared = !args.artifact.is_empty() || args.commit.is_some();
    let anything = (!compared).then(|| {
        "What is to be released was not compared: name it with --artifact or --commit, or an approval of anything else \
         on this gate does too."
            .to_owned()
    });
    let tally = answer.tally.as_ref().ok();
    let standing = tally.map(Tally::standing).unwrap_or_default();
    let rules: Vec<Value> = tally.map(|t| t.rules.iter().map(rule).collect()).unwrap_or_default();
    let file = trust
        .approvers
        .as_ref()
        .map(|s| json!({ "serial": s.approvers.serial, "digest": s.approvers.digest, "signedBy": s.by }));
    let whole = json!({
        "schema": 1,
        "gate": gate,
        "verified": outcome.is_ok(),
        "why": outcome.as_ref().err().map(|e| &e.message),
        "approvals": json::approvals(&standing),
        "quorum": rules,
        "releaseCompared": compared,
        "option": tally.and_then(|t| t.option.as_ref()),
        "breakGlass": standing.break_glass.is_some(),
        "reviewOutstanding": standing.review_outstanding,
        "rolesChecked": trust.approvers.is_some(),
        "approvers": file,
        "excludedUnknown": tally.map(|t| &t.unmapped),
        "envelopes": answer.envelopes.iter().map(value).collect::<Vec<_>>(),
    });
    let rows = answer.envelopes.iter().map(|judged| {
        let from = crate::text::line(&judged.from).into_owned();
        match &judged.outcome {
            Err(e) => vec!["not".into(), from, e.message.clone(), String::new()],
            Ok(v) => {
                let what = v.statement.decision().map_or("delegation", |d| d.decision.word());
                let alone = v.statement.decision().is_some_and(|d| d.break_glass);
                let mut said = format!("{what} by {} at {}", v.principal, v.statement.issued_at());
                if alone {
                    said.push_str(" BREAK-GLASS");
                }
                if let Some(why) = &judged.why {
                    said.push_str(&format!("; does not count: {why}"));
                }
                let word = if judged.why.is_none() { "good" } else { "not" };
                vec![word.into(), from, said, v.envelope.short()]
            }
        }
    });
    let mut blocks = vec![Block::Table { headers: vec!["", "FROM", "WHAT", "ENVELOPE"], rows: rows.collect() }];
    let seats = tally.iter().flat_map(|t| &t.rules).flat_map(|r| r.seats.iter().map(move |s| (r, s)));
    let seats = seats.map(|(rule, seat)| {
        let by = seat.by.as_ref().map_or_else(|| "nobody yet".to_owned(), ToString::to_string);
        let lent = seat.lent_by.as_ref().map(|p| format!(" (lent by {p})")).unwrap_or_default();
        let line = |text: &str| crate::text::line(text).into_owned();
        vec![line(&rule.rule), line(&seat.role), format!("{by}{lent}")]
    });
    blocks.push(Block::Table { headers: vec!["RULE", "ROLE", "BY"], rows: seats.collect() });
    blocks.push(Block::Text(
        std::iter::once(standing.words())
            .chain(anything)
            .chain(standing.notes)
            .chain(standing.unplaced)
            .collect::<Vec<_>>()
            .join("\n"),
    ));
    Document { json: whole, rows: Vec::new(), blocks }
}

fn rule(rule: &RuleTally) -> Value {
    let seats = rule.seats.iter().map(|s| json!({ "role": s.role, "by": s.by, "lentBy": s.lent_by }));
    json!({ "rule": rule.rule, "full": rule.is_full(), "seats": seats.collect::<Vec<_>>() })
}

fn value(judged: &Judged) -> Value {
    let v = match &judged.outcome {
        Ok(v) => v,
        Err(e) => return json!({ "from": judged.from, "good": false, "counts": false, "why": e.message }),
    };
    let decision = v.statement.decision();
    json!({
        "from": judged.from,
        "good": judged.why.is_none(),
        "counts": judged.counts,
        "why": judged.why.as_ref().map(ToString::to_string),
        "kind": v.statement.kind(),
        "id": v.statement.id(),
        "verb": decision.map(|d| d.decision.word()),
        "principal": v.principal,
        "key": v.key.fingerprint,
        "envelope": v.envelope,
        "issuedAt": v.statement.issued_at(),
        "dossier": decision.map(|d| &d.dossier_digest),
        "option": decision.and_then(|d| d.orchestrator.option.as_ref()),
        "roles": decision.map(|d| &d.policy.roles),
        "breakGlass": decision.is_some_and(|d| d.break_glass),
        "delegation": decision.and_then(|d| d.delegation.as_ref()),
        "seenCheckpoint": decision.and_then(|d| d.seen_checkpoint.as_ref()),
    })
}

/// Prints the digest of an envelope file, or of a gate's dossier.
pub async fn digest(context: &Context, subject: &str) -> Result<(), AppError> {
    let digest = if Path::new(subject).is_file() {
        verify::digest_of_file(Path::new(subject))?
    } else {
        let desk = context.desk().await?;
        let waiting = inbox::find(&desk, subject).await?;
        dossier::assemble(&desk, &waiting, &Round::default(), false, &quiet).await?.digest.clone()
    };
    let whole = json!({ "schema": 1, "subject": subject, "digest": digest, "short": digest.short() });
    let text = format!("{}  {digest}", digest.short());
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}
