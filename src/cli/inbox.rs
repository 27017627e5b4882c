//! `countersign inbox`.

use serde_json::json;

use super::Context;
use super::json;
use super::output::{Block, Document};
use crate::domain::dossier::Dossier;
use crate::domain::evidence::Kind;
use crate::domain::query::{GateFacts, GateQuery};
use crate::domain::severity::{Severity, Tally};
use crate::domain::time::humane;
use crate::domain::verdict::Outcome;
use crate::error::{AppError, ErrorKind};
use crate::review::deliver;
use crate::review::inbox::{self, Waiting};
use crate::review::progress::Progress;
use crate::review::standing::{self, Eyes};

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
    if let Some(open) = deliver::open_sentence(&desk).await {
        output.message(&open);
    }
    context.anchored(&desk).await;
    let now = desk.clock.now();
    let mut rows = Vec::new();
    let mut table = Vec::new();
    let eyes = Eyes::of(&desk, standing::who(&desk).await).await?;
    for (waiting, dossier) in listed.gates.iter().zip(&dossiers) {
        let found = dossier.as_deref().ok();
        // Over the evidence that is there now, as at the signature.
        let seen = eyes.on(waiting, found);
        let waiting = Waiting { standing: seen.standing, ..waiting.clone() };
        let missing = found.map(Dossier::missing).unwrap_or_default();
        let facts = GateFacts {
            gate: &waiting.gate,
            release: &waiting.release,
            verdict: found.map_or(Outcome::Unknown, |d| d.verdict.result),
            missing: &missing,
            tally: found.map(Dossier::tally).unwrap_or_default(),
            mine: seen.mine,
            now,
        };
        if !query.as_ref().is_none_or(|q| q.matches(&facts)) {
            continue;
        }
        rows.push(json::gate(&waiting, dossier.as_deref()));
        table.push(row(&waiting, found, now));
    }
    let empty = table.is_empty();
    let headers = vec![
        "RELEASE",
        "AGE",
        "VERDICT",
        "BUILDS",
        "TICKETS",
        "C/H/M/L/I/U",
        "NEW",
        "DISMISSED",
        "MISSING",
        "APPROVALS",
        "DIGEST",
    ];
    let mut blocks = vec![Block::Table { headers, rows: table }];
    if empty {
        let waiting = listed.gates.len();
        let text = match waiting {
            0 if desk.orchestrators.is_empty() => {
                "No orchestrator is configured, so no gate can be seen. Add one: [connections.NAME] with \
                 kind = \"spinnaker\" and url."
                    .to_owned()
            }
            0 if listed.incomplete => "No gate could be listed.".to_owned(),
            0 => "No gate waits.".to_owned(),
            _ => format!("No gate fits the query; {waiting} wait."),
        };
        blocks = vec![Block::Text(text)];
    }
    let whole = json!({ "schema": 1, "gates": rows, "shortfalls": listed.shortfalls, "complete": !listed.incomplete });
    output.document(&Document { json: whole, rows, blocks })?;
    if listed.incomplete {
        // Whoever counts on the list must not take what it lacks for nothing.
        let error = AppError::new(ErrorKind::Incomplete, "The list of gates is not complete.");
        return Err(listed.shortfalls.iter().fold(error, AppError::hint));
    }
    Ok(())
}

fn row(waiting: &Waiting, dossier: Option<&Dossier>, now: crate::domain::time::Timestamp) -> Vec<String> {
    let count = dossier.map(Dossier::count);
    let known = count.as_ref().filter(|c| c.is_known());
    let unknown = || "?".to_owned();
    // What never came is not zero.
    let came = |kind| dossier.is_some_and(|d| d.of(kind).any(|p| p.value.is_some()));
    let age = waiting.gate.waiting_since.map_or_else(|| "?".to_owned(), |since| humane(now.since(since)));
    let builds = dossier.filter(|_| came(Kind::Builds)).map_or_else(unknown, |d| {
        let words: Vec<&str> = d.builds().map(|b| b.result.word()).collect();
        if words.is_empty() { "-".to_owned() } else { words.join(",") }
    });
    let tickets = dossier.filter(|_| came(Kind::Tickets)).map_or_else(unknown, |d| {
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
        known.map_or_else(unknown, |c| format!("{}{}", if c.gap().is_some() { ">=" } else { "" }, counts(&c.tally))),
        known.and_then(|c| c.tally.new).map_or_else(unknown, |new| new.to_string()),
        known.map_or_else(unknown, |c| c.tally.dismissed.to_string()),
        crate::text::line(&dossier.map_or_else(unknown, |d| d.missing().join(" "))).into_owned(),
        waiting.standing.words(),
        dossier.map(|d| d.digest.short()).unwrap_or_default(),
    ]
}

/// Counts by severity, the worst first: `0/2/5/0/0/0`.
pub fn counts(tally: &Tally) -> String {
    Severity::ALL.map(|s| tally.of(s).to_string()).join("/")
}
