//! `countersign roles show`, `check` and `record`.

use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use super::output::{Block, Document};
use crate::domain::time::humane;
use crate::error::AppError;
use crate::review::roles;
use crate::trust::approvers::{Approvers, signed};

fn people(approvers: &Approvers) -> Vec<Value> {
    let one = |p: &crate::trust::approvers::Person| {
        let names: Vec<Value> = p.names.iter().map(|(system, name)| json!({"system": system, "name": name})).collect();
        json!({ "principal": p.principal, "roles": p.roles, "names": names })
    };
    approvers.people.iter().map(one).collect()
}

fn blocks(approvers: &Approvers) -> Vec<Block> {
    let join = |items: Vec<String>| crate::text::line(&items.join(", ")).into_owned();
    let people = approvers.people.iter().map(|p| {
        vec![
            p.principal.to_string(),
            join(p.roles.iter().cloned().collect()),
            join(p.names.iter().map(|(system, name)| format!("{system}: {name}")).collect()),
        ]
    });
    let rules = approvers.rules.iter().map(|r| {
        vec![
            crate::text::line(&r.name).into_owned(),
            join(r.services.clone()),
            join(r.environments.clone()),
            join(r.need.iter().map(|n| format!("{} {}", n.count, n.role)).collect()),
            join(r.exclude.iter().map(|e| e.word().to_owned()).collect()),
            if r.same_evidence { "same" } else { "any" }.to_owned(),
            r.hold.map_or_else(|| "-".to_owned(), humane),
        ]
    });
    vec![
        Block::Table { headers: vec!["PRINCIPAL", "ROLES", "NAMES"], rows: people.collect() },
        Block::Table {
            headers: vec!["RULE", "SERVICES", "ENVIRONMENTS", "NEEDS", "NOT BY", "EVIDENCE", "HOLDS"],
            rows: rules.collect(),
        },
    ]
}

/// Shows the file in force.
pub async fn show(context: &Context) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let records = desk.records().await?;
    let Some(file) = roles::signed_file(&desk, &records).await? else {
        let text = "There is no approvers file: one approval by anybody in allowed_signers is enough, and roles and \
                    separation of duties are not checked.";
        let whole = json!({ "schema": 1, "file": null });
        let blocks = vec![Block::Text(text.to_owned())];
        return context.output.document(&Document { json: whole, rows: Vec::new(), blocks });
    };
    let approvers = &file.approvers;
    let recorded = records.approvers();
    let rules: Vec<Value> = approvers
        .rules
        .iter()
        .map(|r| {
            let need: Vec<Value> = r.need.iter().map(|n| json!({"role": n.role, "count": n.count})).collect();
            json!({
                "name": r.name, "services": r.services, "environments": r.environments, "need": need,
                "exclude": r.exclude, "evidence": if r.same_evidence { "same" } else { "any" },
                "holdSeconds": r.hold.map(|h| h.as_secs()),
            })
        })
        .collect();
    let glass = approvers.break_glass.as_ref().map(|g| json!({"role": g.role, "environments": g.environments}));
    let whole = json!({
        "schema": 1,
        "file": approvers.file,
        "serial": approvers.serial,
        "digest": approvers.digest,
        "signedBy": file.by,
        "recorded": recorded.map(|r| json!({"serial": r.serial, "entry": r.seq})),
        "people": people(approvers),
        "rules": rules,
        "breakGlass": glass,
        "faults": approvers.faults(),
    });
    let ledger = match recorded {
        Some(r) if r.serial == approvers.serial => format!("in the ledger as entry {}", r.seq),
        Some(r) => {
            format!("newer than ledger entry {} (serial {}): `countersign roles record` adds it", r.seq, r.serial)
        }
        None => "not in the ledger: `countersign roles record` adds it".to_owned(),
    };
    let head = format!("{}, serial {}, signed by {}; {ledger}", approvers.file, approvers.serial, file.by);
    let mut all = vec![Block::Text(head)];
    all.extend(blocks(approvers));
    if let Some(glass) = &approvers.break_glass {
        let where_ = crate::text::line(&glass.environments.join(", ")).into_owned();
        all.push(Block::Text(format!("Break-glass: {} alone, in {where_}.", glass.role)));
    }
    all.extend(approvers.faults().into_iter().map(|f| Block::Text(format!("Warning: {f}"))));
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: all })
}

/// Says what is wrong with a file. A file that is named need not be signed yet; the configured one must be.
pub async fn check(context: &Context, file: Option<&Path>) -> Result<(), AppError> {
    let (approvers, signature) = if let Some(path) = file {
        (signed::read_unsigned(path)?, "its signature is not looked at".to_owned())
    } else {
        let desk = context.desk().await?;
        let records = desk.records().await?;
        let file = roles::signed_file(&desk, &records).await?.ok_or_else(|| {
            AppError::usage("No approvers file is configured.").hint("Name a file, or set [trust] approvers.")
        })?;
        (file.approvers, format!("signed by {}", file.by))
    };
    let faults = approvers.faults();
    let whole = json!({
        "schema": 1, "file": approvers.file, "serial": approvers.serial, "digest": approvers.digest, "faults": faults,
    });
    let text = format!(
        "{}: serial {}, {} people, {} rules; {signature}.",
        approvers.file,
        approvers.serial,
        approvers.people.len(),
        approvers.rules.len()
    );
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })?;
    if faults.is_empty() {
        return Ok(());
    }
    let error = AppError::usage(format!("{} can be read, and not all of it can work.", approvers.file));
    Err(faults.iter().fold(error, AppError::hint))
}

/// Puts the file in force into the ledger.
pub async fn record(context: &Context) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let entry = roles::record(&desk).await?;
    let whole = json!({ "schema": 1, "recorded": entry.is_some(), "entry": entry.as_ref().map(|e| e.seq) });
    let text = match &entry {
        Some(entry) => format!("Recorded as ledger entry {}.", entry.seq),
        None => "The ledger has it already.".to_owned(),
    };
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}
