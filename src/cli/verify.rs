//! `countersign verify` and `countersign digest`.

use std::path::Path;

use serde_json::json;

use super::Context;
use super::args::VerifyArgs;
use super::output::{Block, Document};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::decision::Verb;
use crate::domain::ids::{Digest, GateId};
use crate::domain::time::Timestamp;
use crate::error::AppError;
use crate::review::progress::quiet;
use crate::review::round::Round;
use crate::review::verify::{self, Judged};
use crate::review::{dossier, inbox};
use crate::trust::verify::Expected;

/// Checks decisions against what is expected. Offline: with envelope files it reads neither configuration nor network.
pub async fn run(context: &Context, args: &VerifyArgs) -> Result<(), AppError> {
    let gate: GateId = args
        .gate
        .parse()
        .map_err(|e| AppError::usage(format!("{e}")).hint("Give the full id, as `inbox --output json` prints it."))?;
    let digest = |text: &String| text.parse::<Digest>().map_err(|e| AppError::usage(e.to_string()));
    let expected = Expected {
        gate: gate.clone(),
        attempt: args.attempt.clone(),
        environment: args.env.clone(),
        artifacts: args.artifact.iter().map(digest).collect::<Result<_, _>>()?,
        commit: args.commit.clone(),
        policy: args.policy.as_ref().map(digest).transpose()?,
        verb: Verb::Approve,
    };
    let root = verify::trust_folder(&args.trust)?;
    // Read once: what is judged as an approval and what may speak against it are the same bytes.
    let candidates = if args.envelopes.is_empty() {
        verify::in_ledger(&context.desk().await?, &gate).await?
    } else {
        verify::files(&args.envelopes)?
    };
    let now = match &args.at {
        None => SystemClock::default().now(),
        Some(at) => at.parse::<Timestamp>().map_err(|_e| {
            AppError::usage(format!("--at {}: not a time.", crate::text::line(at)))
                .hint("Write it in RFC 3339, such as 2026-06-01T13:00:00Z.")
        })?,
    };
    let judged = verify::judge(&candidates, &root, &expected, now);
    let against: Vec<Judged> = [Verb::Reject, Verb::Halt]
        .into_iter()
        .flat_map(|verb| verify::judge(&candidates, &root, &verify::with_verb(&expected, verb), now))
        .collect();
    let outcome = verify::conclude(&judged, &against);
    let whole = json!({
        "schema": 1,
        "gate": gate,
        "verified": outcome.is_ok(),
        "envelopes": judged.iter().map(value).collect::<Vec<_>>(),
    });
    let rows = judged.iter().map(|j| match &j.outcome {
        Ok(v) => vec![
            "good".into(),
            crate::text::line(&j.from).into_owned(),
            format!("{} at {}", v.principal, v.statement.issued_at()),
            v.envelope.short(),
        ],
        Err(e) => vec!["not".into(), crate::text::line(&j.from).into_owned(), e.message.clone(), String::new()],
    });
    let blocks = vec![Block::Table { headers: vec!["", "FROM", "SIGNED BY", "ENVELOPE"], rows: rows.collect() }];
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })?;
    outcome
}

fn value(judged: &Judged) -> serde_json::Value {
    match &judged.outcome {
        Ok(v) => json!({
            "from": judged.from,
            "good": true,
            "principal": v.principal,
            "key": v.key.fingerprint,
            "envelope": v.envelope,
            "issuedAt": v.statement.issued_at(),
        }),
        Err(e) => json!({ "from": judged.from, "good": false, "why": e.message }),
    }
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
