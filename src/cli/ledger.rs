//! `countersign ledger list`, `show`, `check`, `prove` and `export`.

use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use super::args::CheckArgs;
use super::output::{Block, Document};
use crate::domain::decision::Decision;
use crate::error::AppError;
use crate::ledger::check::Checked;
use crate::ledger::{Entry, EntryKind};
use crate::review::{ledger, verify};

/// A table of decisions.
pub fn decisions_table(decisions: &[Decision]) -> Block {
    let rows = decisions
        .iter()
        .map(|d| {
            let receipt = d.receipt.as_ref();
            vec![
                d.issued_at.to_string(),
                [d.verb.word().to_owned(), d.flags()].join(" ").trim_end().to_owned(),
                d.release.line().into_owned(),
                d.principal.to_string(),
                receipt.map_or("recorded", |r| r.status.word()).to_owned(),
                d.envelope.short(),
                d.reason.line().chars().take(50).collect(),
            ]
        })
        .collect();
    Block::Table { headers: vec!["TIME", "VERB", "RELEASE", "BY", "RECEIPT", "ENVELOPE", "REASON"], rows }
}

/// Lists the entries.
pub async fn list(context: &Context) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let records = desk.records().await?;
    context.notices(&desk).await?;
    let store = std::sync::Arc::clone(&desk.ledger);
    let entries = tokio::task::spawn_blocking(move || store.read(1, &[])).await;
    let entries = entries.map_err(|e| AppError::internal(e.to_string()))??;
    let values: Vec<Value> = entries.iter().map(|e| entry(e, false)).collect();
    let rows = entries
        .iter()
        .map(|e| {
            vec![
                e.seq.to_string(),
                e.draft.at.to_string(),
                e.draft.kind.word().to_owned(),
                e.draft.record.to_string(),
                crate::text::line(&summary(e)).into_owned(),
                e.digest.short(),
            ]
        })
        .collect();
    let blocks = if entries.is_empty() {
        vec![Block::Text("The ledger is empty.".to_owned())]
    } else {
        vec![Block::Table { headers: vec!["SEQ", "TIME", "KIND", "RECORD", "WHAT", "DIGEST"], rows }]
    };
    let whole =
        json!({ "schema": 1, "location": desk.ledger.location(), "entries": values, "problems": records.problems });
    context.output.document(&Document { json: whole, rows: values, blocks })?;
    records.sound()
}

fn entry(entry: &Entry, body: bool) -> Value {
    let mut value = json!({
        "seq": entry.seq,
        "kind": entry.draft.kind,
        "record": entry.draft.record,
        "gate": entry.draft.gate,
        "at": entry.draft.at,
        "digest": entry.digest,
        "what": summary(entry),
    });
    if body && let Some(object) = value.as_object_mut() {
        let parsed = serde_json::from_slice(&entry.draft.body);
        object.insert("body".into(), parsed.unwrap_or_else(|_e| json!(String::from_utf8_lossy(&entry.draft.body))));
    }
    value
}

fn summary(entry: &Entry) -> String {
    let body: Value = serde_json::from_slice(&entry.draft.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let gate = entry.draft.gate.clone().unwrap_or_default();
    match entry.draft.kind {
        EntryKind::Decision | EntryKind::Triage | EntryKind::Delegation => verify::describe(&entry.draft.body),
        EntryKind::Intent => format!("{} {gate}", text("verb")),
        EntryKind::Receipt => format!("{}: {}", text("status"), text("detail")),
        EntryKind::Approvers => "who holds which role".to_owned(),
        EntryKind::Stamp => format!("a time stamp over {}", text("envelope")),
    }
}

/// Shows one record in full: its entries, its statement, whether it verifies; `export` writes what ssh-keygen checks.
pub async fn show(context: &Context, wanted: &str, export: Option<&Path>) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let sound = desk.records().await?.sound();
    let found = ledger::find_record(&desk, wanted).await?;
    // A signature proves nothing where the entry's time may have been changed.
    let checked = match &sound {
        Ok(()) => ledger::check_entry(&desk, &found.entry).await,
        Err(broken) => Err(broken.message.clone()),
    };
    let entries: Vec<Value> = found.all.iter().map(|e| entry(e, true)).collect();
    let (state, statement) = match &checked {
        Ok(verified) => (format!("Verified: signed by {}.", verified.principal), verified.statement.clone()),
        Err(error) => (format!("NOT verified: {error}"), Value::Null),
    };
    let mut whole = json!({
        "schema": 1,
        "verified": checked.is_ok(),
        "principal": checked.as_ref().ok().map(|v| &v.principal),
        "statement": statement,
        "entries": entries,
    });
    let mut blocks = vec![Block::Text(state)];
    if !statement.is_null() {
        let text = serde_json::to_string_pretty(&statement).unwrap_or_default();
        blocks.push(Block::Heading("Statement".into()));
        blocks.push(Block::Text(crate::text::block(&text).into_owned()));
    }
    blocks.push(Block::Heading("Entries".into()));
    let rows = found.all.iter().map(|e| {
        vec![
            e.seq.to_string(),
            e.draft.at.to_string(),
            e.draft.kind.word().into(),
            crate::text::line(&summary(e)).into_owned(),
        ]
    });
    blocks.push(Block::Table { headers: vec!["SEQ", "TIME", "KIND", "WHAT"], rows: rows.collect() });
    if let Some(dir) = export {
        let exported = crate::review::export::record(&desk, &found.entry, &found.all, dir).await?;
        if let Some(object) = whole.as_object_mut() {
            object.insert("exported".into(), json!({ "files": exported.files, "leftOut": exported.left_out }));
        }
        blocks.push(Block::Text(format!("Written: {}", exported.files.join(", "))));
        blocks.extend(exported.left_out.into_iter().map(Block::Text));
    }
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })?;
    sound
}

/// Checks everything, here or in a folder that a ledger was exported to.
pub async fn check(context: &Context, arguments: &CheckArgs) -> Result<(), AppError> {
    let anchors = arguments.anchor.clone();
    let checked = if let Some(dir) = &arguments.dir {
        ledger::check_folder(dir.clone(), arguments.trust.clone(), anchors).await?
    } else {
        ledger::check(&context.desk().await?, anchors).await?
    };
    let mut whole = serde_json::to_value(&checked).unwrap_or_default();
    if let Some(object) = whole.as_object_mut() {
        object.insert("schema".into(), json!(1));
    }
    let Checked { head, checkpoints, seen, anchors, .. } = &checked;
    let mut text = format!(
        "{} entries, root {}\n{checkpoints} checkpoints, {seen} heads seen in decisions, {anchors} anchors",
        head.size, head.root
    );
    if let Some((size, link)) = &checked.chain {
        text.push_str(&format!("\ncarried over: {size} entries of schema 1, chain {link}"));
    }
    for key in &checked.keys {
        text.push_str(&format!("\nkey {}", crate::text::line(key)));
    }
    let blocks = vec![Block::Text(text)];
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })?;
    for note in &checked.notes {
        context.output.message(&format!("Note: {note}"));
    }
    ledger::conclusion(&checked)
}

/// Prints a proof as JSON, whatever the format of the output: it is for another program.
pub async fn prove(context: &Context, entry: Option<&str>, from: Option<u64>) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let proof = match (entry, from) {
        (Some(entry), _) => ledger::prove(&desk, entry).await?,
        (None, Some(size)) => ledger::prove_from(&desk, size).await?,
        (None, None) => return Err(AppError::usage("Name an entry, or a size with --from.")),
    };
    let mut whole = serde_json::to_value(&proof).unwrap_or_default();
    if let Some(object) = whole.as_object_mut() {
        object.insert("schema".into(), json!(1));
    }
    let text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

/// Writes the ledger to a folder that verifies by itself.
pub async fn export(context: &Context, dir: &Path) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let exported = ledger::export_folder(&desk, dir.to_owned()).await?;
    let (head, before) = (&exported.head, exported.before);
    let text = format!(
        "{}: {} entries ({before} were there before), root {}",
        crate::text::line(&dir.display().to_string()),
        head.size,
        head.root
    );
    let whole = json!({ "schema": 1, "head": head, "before": before, "files": exported.files, "dir": dir });
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}
