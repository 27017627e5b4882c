//! `countersign inbox`.

use serde_json::json;

use super::Context;
use super::json;
use super::output::{Block, Document};
use crate::domain::query::{GateFacts, GateQuery};
use crate::domain::severity::{Severity, Tally};
use crate::domain::time::humane;
use crate::domain::verdict::Outcome;
use crate::error::AppError;
use crate::review::inbox::{self, Waiting};
use crate::review::progress::Progress;

/// Lists the open gates with what is known of each.
pub async fn run(context: &Context, query: Option<&str>) -> Result<(), AppError> {
    let query =
        query.map(GateQuery::parse).transpose().map_err(|e| super::query_error(query.unwrap_or_default(), &e))?;
    let desk = context.desk().await?;
    let listed = inbox::list(&desk).await?;
    let output = &context.output;
    let dossiers = inbox::dossiers(&desk, &listed.gates, &|progress| {
        if let Progress::Arrived { gate, piece, status, .. } = progress {
            output.detail(&format!("{gate}: {piece} is {status}."));
        }
    })
    .await;
    for shortfall in &listed.shortfalls {
        output.message(&format!("Warning: {shortfall}"));
    }
    let now = desk.clock.now();
    let mut rows = Vec::new();
    let mut table = Vec::new();
    for (waiting, dossier) in listed.gates.iter().zip(&dossiers) {
        let found = dossier.as_deref().ok();
        let missing = found.map(crate::domain::dossier::Dossier::missing).unwrap_or_default();
        let facts = GateFacts {
            gate: &waiting.gate,
            release: &waiting.release,
            verdict: found.map_or(Outcome::Unknown, |d| d.verdict.result),
            missing: &missing,
            tally: found.map(crate::domain::dossier::Dossier::tally).unwrap_or_default(),
            mine: waiting.service.is_some() && waiting.have < waiting.need,
            now,
        };
        if !query.as_ref().is_none_or(|q| q.matches(&facts)) {
            continue;
        }
        rows.push(json::gate(waiting, dossier.as_deref()));
        table.push(row(waiting, found, now));
    }
    let empty = table.is_empty();
    let headers =
        vec!["RELEASE", "AGE", "VERDICT", "BUILDS", "TICKETS", "C/H/M/L/I/U", "NEW", "DISMISSED", "MISSING", "DIGEST"];
    let mut blocks = vec![Block::Table { headers, rows: table }];
    if empty {
        let waiting = listed.gates.len();
        let text = match waiting {
            0 if desk.orchestrators.is_empty() => {
                "No orchestrator is configured, so no gate can be seen. Add one: [connections.NAME] with \
                 kind = \"spinnaker\" and url."
                    .to_owned()
            }
            0 if listed.shortfalls.is_empty() => "No gate waits.".to_owned(),
            0 => "No gate could be listed.".to_owned(),
            _ => format!("No gate fits the query; {waiting} wait."),
        };
        blocks = vec![Block::Text(text)];
    }
    let whole = json!({ "schema": 1, "gates": rows, "shortfalls": listed.shortfalls });
    output.document(&Document { json: whole, rows, blocks })
}

fn row(
    waiting: &Waiting,
    dossier: Option<&crate::domain::dossier::Dossier>,
    now: crate::domain::time::Timestamp,
) -> Vec<String> {
    let tally = dossier.map(crate::domain::dossier::Dossier::tally);
    let age = waiting.gate.waiting_since.map_or_else(|| "?".to_owned(), |since| humane(now.since(since)));
    let builds = dossier.map_or_else(String::new, |d| {
        let words: Vec<&str> = d.builds().map(|b| b.result.word()).collect();
        if words.is_empty() { "-".to_owned() } else { words.join(",") }
    });
    let tickets = dossier.map_or_else(String::new, |d| {
        let tickets = d.tickets();
        let done = tickets.iter().filter(|t| t.category == crate::domain::ticket::StatusCategory::Done).count();
        format!("{done}/{}", tickets.len())
    });
    vec![
        waiting.release.short(),
        age,
        dossier.map_or("unknown", |d| d.verdict.result.word()).to_owned(),
        builds,
        tickets,
        tally.as_ref().map(counts).unwrap_or_default(),
        tally.map(|t| t.new.to_string()).unwrap_or_default(),
        tally.map(|t| t.dismissed.to_string()).unwrap_or_default(),
        crate::text::line(&dossier.map(|d| d.missing().join(" ")).unwrap_or_default()).into_owned(),
        dossier.map(|d| d.digest.short()).unwrap_or_default(),
    ]
}

/// Counts by severity, the worst first: `0/2/5/0/0/0`.
pub fn counts(tally: &Tally) -> String {
    Severity::ALL.map(|s| tally.of(s).to_string()).join("/")
}
