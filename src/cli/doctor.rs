//! `countersign doctor`.

use serde_json::json;

use super::Context;
use super::output::{Block, Document};
use crate::error::{AppError, ErrorKind};
use crate::review::doctor::{self, Check, State};
use crate::review::{Desk, connect, deliver};

/// Checks everything. Exit 2 if something does not work.
pub async fn run(context: &Context) -> Result<(), AppError> {
    let mut checks = Vec::new();
    match connect::load_config(&context.surroundings()) {
        Ok(_) => checks.push(Check::new("configuration", State::Ok, "It can be read.")),
        Err(e) => {
            let mut check = Check::new("configuration", State::Bad, &e.message);
            check.mend = e.hints;
            checks.push(check);
        }
    }
    if checks.iter().all(|c| c.state == State::Ok) {
        match Desk::open_for_checks(context.surroundings()).await {
            Ok(desk) => {
                checks.extend(doctor::check(&desk).await);
                if let Some(open) = deliver::open_sentence(&desk).await {
                    context.output.message(&open);
                }
            }
            Err(e) => {
                let mut check = Check::new("start", State::Bad, &e.message);
                check.mend = e.hints;
                checks.push(check);
            }
        }
    }
    checks.push(terminal(context));
    let rows = checks
        .iter()
        .map(|c| {
            let mark = match c.state {
                State::Ok => "ok",
                State::Warn => "warn",
                State::Bad => "BAD",
            };
            vec![mark.to_owned(), c.what.clone(), c.found.clone(), c.mend.join(" ")]
        })
        .collect();
    let bad = checks.iter().filter(|c| c.state == State::Bad).count();
    let whole = json!({ "schema": 1, "checks": checks, "bad": bad });
    let blocks = vec![Block::Table { headers: vec!["STATE", "WHAT", "FOUND", "TO MEND"], rows }];
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })?;
    if bad == 0 { Ok(()) } else { Err(AppError::new(ErrorKind::Usage, format!("{bad} things do not work."))) }
}

fn terminal(context: &Context) -> Check {
    let console = super::console(context);
    let glyphs = if console.unicode { "Unicode" } else { "ASCII, because the locale is not UTF-8" };
    let term = crate::text::line(&console.term).into_owned();
    if console.plain {
        Check::new("terminal", State::Warn, format!("The console opens in plain mode (TERM={term})."))
    } else {
        Check::new("terminal", State::Ok, format!("TERM={term}, glyphs: {glyphs}."))
    }
}
