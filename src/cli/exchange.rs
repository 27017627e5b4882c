//! `countersign triage export` and `countersign triage import`.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::ImportArgs;
use super::dismiss::{expiry, justification, still_open, until};
use super::output::{Block, Document};
use super::{Context, prompt};
use crate::domain::dossier::Dossier;
use crate::domain::exchange::Format;
use crate::domain::finding::Finding;
use crate::error::{AppError, ErrorKind};
use crate::review::exchange::{self, Asked, Left, Plan, Suggested, Take};
use crate::review::inbox;
use crate::review::permit::Permit;
use crate::review::progress::{Progress, quiet};
use crate::review::round::Round;
use crate::review::sign::Signed;
use crate::review::{Desk, standing, triage};

/// Writes what is dismissed in the release of a gate.
pub async fn export(context: &Context, gate: &str, format: &str, file: Option<&Path>) -> Result<(), AppError> {
    let format = Format::from_word(format).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|f| f.word()).collect();
        AppError::usage(format!("There is no format {format:?} of exchange. Known are: {}.", known.join(", ")))
    })?;
    let desk = context.desk().await?;
    let dossier = assemble(&desk, gate).await?;
    context.notices(&desk).await?;
    let who = standing::who(&desk).await;
    let author = who.as_ref().map_or(env!("CARGO_PKG_NAME"), |p| p.as_str());
    let export = exchange::export(&dossier, format, author, desk.clock.now())?;
    let release = dossier.release.short();
    for omission in &export.left_out {
        context.output.message(&format!("Left out: {}: {}", omission.subject.line(), omission.why));
    }
    let Some(document) = export.document else {
        let error = AppError::usage(format!("No dismissal of {release} can stand in {}.", format.title()));
        return Err(error.hint("`countersign triage list GATE` lists what is dismissed."));
    };
    let words = format!("{} of {release} as {}", count(export.written, "statement"), format.title());
    match file {
        None => {
            context.output.json(&document)?;
            context.output.message(&format!("{words}."));
        }
        Some(file) => {
            let name = crate::text::line(&file.to_string_lossy()).into_owned();
            std::fs::write(file, &document).map_err(|e| AppError::usage(format!("{name} cannot be written: {e}.")))?;
            let whole = json!({
                "schema": 1, "format": format.word(), "written": export.written, "leftOut": export.left_out, "file": name,
            });
            let text = format!("{words}, in {name}.");
            context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })?;
        }
    }
    match gap(&dossier) {
        None => Ok(()),
        // Whoever hands the document on must not take what it lacks for nothing.
        Some(gap) => Err(AppError::new(
            ErrorKind::Incomplete,
            format!(
                "Not all findings of {release} are there ({gap}), so what is dismissed of the others is not in it."
            ),
        )),
    }
}

/// Shows what would come of documents, and signs it.
pub async fn import(context: &Context, args: &ImportArgs) -> Result<(), AppError> {
    if !args.yes && !args.dry_run && !context.can_ask() {
        return Err(AppError::usage("Without a terminal, triage import needs --dry-run or --yes."));
    }
    let justification = justification(args.justification.as_deref())?;
    let documents = read(args)?;
    let desk = context.desk().await?;
    if desk.readonly && !args.dry_run {
        return Err(AppError::usage("Nothing is dismissed with --readonly.").hint("--dry-run shows what would be."));
    }
    if !args.dry_run {
        context.settle(&desk, None).await;
    }
    let now = desk.clock.now();
    let expires = match args.expires.as_deref() {
        None => None,
        Some("never") => Some(None),
        Some(text) => Some(Some(expiry(text, now)?)),
    };
    let dossier = assemble(&desk, &args.gate).await?;
    if args.dry_run {
        context.notices(&desk).await?;
    }
    let asked = Asked { scope: triage::scope(&args.scope, &dossier.release)?, expires, justification };
    let records = desk.records().await?;
    let plan = exchange::plan(&dossier, &records.dismissals, documents, &asked, now);
    if let Some(gap) = gap(&dossier) {
        context.output.message(&format!("Warning: not all findings of {} are there ({gap}).", dossier.release.short()));
    }
    if args.dry_run {
        let text =
            format!("Nothing was signed. Without --dry-run: {}, {}", count(plan.take.len(), "dismissal"), rest(&plan));
        result(context, args, &dossier, &plan, None, text)?;
        return plan.lacks();
    }
    if plan.take.is_empty() {
        return result(context, args, &dossier, &plan, None, format!("Nothing was signed: {}", rest(&plan)));
    }
    plan.lacks()?;
    triage::check_each(&plan.records(), now)?;
    if !args.yes {
        context.output.message(&super::output::plain(&blocks(&plan)));
        if !prompt::confirm(&format!("Sign {}?", count(plan.take.len(), "dismissal")), "import") {
            return Err(AppError::usage("Nothing was signed."));
        }
    }
    let output = &context.output;
    let signed = triage::sign_each(&desk, &plan.records(), &dossier, &Permit::default(), &|progress| {
        if let Progress::Signing { touch: true, seconds } = progress {
            output.message(&format!("Touch your key on your workstation now ({seconds} s)."));
        }
    })
    .await?;
    let prints = plan.take.iter().map(|t| t.said.finding.fingerprint).collect();
    let open = still_open(context, &desk, &dossier, &prints).await;
    for (finding, lapse) in &open {
        let (print, rule) = (finding.fingerprint.short(), finding.rule.line());
        context.output.message(&format!("Signed, and open still: {print} {rule}: {}.", lapse.words()));
    }
    let text = format!("{} signed; {}\nRecord {}", count(plan.take.len(), "dismissal"), rest(&plan), signed.record);
    result(context, args, &dossier, &plan, Some(&signed), text)?;
    context.anchored(&desk).await;
    triage::not_yet(&open).map_or(Ok(()), Err)
}

async fn assemble(desk: &Desk, gate: &str) -> Result<Arc<Dossier>, AppError> {
    let waiting = inbox::find(desk, gate).await?;
    crate::review::dossier::assemble(desk, &waiting, &Round::default(), false, &quiet).await
}

/// All documents, or none: a file that cannot be read may be the one that matters.
fn read(args: &ImportArgs) -> Result<Vec<exchange::Document>, AppError> {
    let mut out = Vec::new();
    for file in &args.files {
        let name = file.to_string_lossy();
        let bytes = super::scan::read(file)
            .map_err(|why| AppError::new(ErrorKind::Report, format!("{}: {why}.", crate::text::line(&name))))?;
        out.push(exchange::read(&name, &bytes)?);
    }
    Ok(out)
}

/// Which findings are not there.
fn gap(dossier: &Dossier) -> Option<String> {
    dossier.count().gap()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What became of the statements that are not taken.
fn rest(plan: &Plan) -> String {
    let (suggested, known, left) = (plan.suggested.len(), plan.known.len(), plan.not_taken.len());
    format!("{suggested} only suggested, {known} known already, {left} not taken.")
}

fn result(
    context: &Context,
    args: &ImportArgs,
    dossier: &Dossier,
    plan: &Plan,
    signed: Option<&Signed>,
    text: String,
) -> Result<(), AppError> {
    let whole = json!({
        "schema": 1,
        "gate": dossier.gate.id,
        "release": dossier.release.short(),
        "dryRun": args.dry_run,
        "record": signed.map(|s| &s.record),
        "envelope": signed.map(|s| &s.digest),
        "counts": plan.counts(),
        "taken": plan.take.iter().map(taken).collect::<Vec<_>>(),
        "suggested": plan.suggested.iter().map(suggested).collect::<Vec<_>>(),
        "known": plan.known.iter().map(left).collect::<Vec<_>>(),
        "notTaken": plan.not_taken.iter().map(left).collect::<Vec<_>>(),
    });
    let mut shown = blocks(plan);
    shown.push(Block::Text(text));
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: shown })
}

fn named(finding: &Finding) -> Value {
    json!({
        "fingerprint": finding.fingerprint, "severity": finding.severity, "rule": finding.rule, "title": finding.title,
        "place": finding.place(),
    })
}

fn taken(take: &Take) -> Value {
    let said = &take.said;
    json!({
        "finding": named(&said.finding),
        "status": said.status,
        "justification": said.justification,
        "detail": said.detail,
        "scope": said.scope,
        "expires": said.expires,
        "recognisedBy": take.rung,
        "file": take.file,
        "format": take.format,
        "saidBy": take.statement.said_by,
        "saidAt": take.statement.said_at,
    })
}

fn suggested(suggested: &Suggested) -> Value {
    json!({
        "findings": suggested.findings.iter().map(|f| named(f)).collect::<Vec<_>>(),
        "subject": suggested.statement.name(),
        "status": suggested.statement.status,
        "justification": suggested.statement.justification,
        "detail": suggested.statement.detail,
        "why": suggested.why,
        "file": suggested.file,
    })
}

fn left(left: &Left) -> Value {
    json!({ "file": left.file, "place": left.place, "subject": left.subject, "why": left.why })
}

fn blocks(plan: &Plan) -> Vec<Block> {
    let mut out = Vec::new();
    let mut put = |heading: &str, headers: Vec<&'static str>, rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            out.push(Block::Heading(format!("{heading} ({})", rows.iter().filter(|r| r.len() > 1).count())));
            out.push(Block::Table { headers, rows });
        }
    };
    let headers = vec!["FINDING", "SEVERITY", "RULE", "PLACE", "STATUS", "UNTIL", "HOLDS FOR"];
    let rows = plan.take.iter().flat_map(|t| {
        let (f, said) = (&t.said.finding, &t.said);
        let why = said.justification.map_or_else(String::new, |j| format!("{}: ", j.word()));
        let cells = vec![
            f.fingerprint.short(),
            f.severity.word().to_owned(),
            f.rule.line().into_owned(),
            f.place(),
            said.status.word().to_owned(),
            until(said.expires),
            said.scope.to_string(),
        ];
        [cells, vec![format!("{why}{}", said.detail.block())]]
    });
    put("To be signed", headers, rows.collect());
    let rows = plan.suggested.iter().flat_map(|s| {
        let of = s.findings.iter().map(|f| f.fingerprint.short()).collect::<Vec<_>>().join(", ");
        let status = s.statement.status.word();
        let mend = format!("{} To take it: countersign dismiss GATE FINDING --as {status} --reason ...", s.why);
        [vec![s.statement.name(), status.to_owned(), of, s.file.clone()], vec![mend]]
    });
    put("Suggested only", vec!["STATEMENT", "STATUS", "FINDINGS", "FILE"], rows.collect());
    for (heading, all) in [("Known already", &plan.known), ("Not taken", &plan.not_taken)] {
        let row = |l: &Left| vec![l.subject.line().into_owned(), l.place.clone(), l.file.clone(), l.why.clone()];
        put(heading, vec!["STATEMENT", "AT", "FILE", "WHY"], all.iter().map(row).collect());
    }
    out
}
