//! The ledger in the plain mode.

use std::sync::{Arc, Mutex, PoisonError};

use super::{read_line, say};
use crate::domain::record::{LedgerState, RecordLine};
use crate::error::AppError;
use crate::review::Desk;
use crate::review::browse::{self, Stop};
use crate::tui::plain::ledger::{self as plain, Choice};

/// Says the ledger, and answers what is typed, until the person goes back (`true`) or leaves (`false`).
pub(super) async fn walk(desk: &Desk) -> Result<bool, AppError> {
    let (mut state, mut lines) = read(desk).await?;
    let mut from = 1;
    let mut listed = true;
    say(&format!("{}{}", plain::head(&state), plain::page(&lines, from)))?;
    loop {
        say("ledger> ")?;
        let Some(typed) = read_line().await else { return Ok(false) };
        let text = match plain::choice(&typed, lines.len()) {
            Choice::Quit => return Ok(false),
            Choice::Back if listed => return Ok(true),
            Choice::Back => {
                (listed, from) = (true, 1);
                plain::page(&lines, from)
            }
            Choice::More if from + plain::PAGE <= lines.len() => {
                (listed, from) = (true, from + plain::PAGE);
                plain::page(&lines, from)
            }
            Choice::More => "There are no more.\n".to_owned(),
            Choice::Refresh => {
                (state, lines) = read(desk).await?;
                (listed, from) = (true, 1);
                format!("{}{}", plain::head(&state), plain::page(&lines, from))
            }
            Choice::Verify => {
                say("The whole ledger is being checked.\n")?;
                said(browse::check(desk, Stop::default(), |_, _| {}).await, |found| {
                    found.as_ref().map(plain::check).unwrap_or_default()
                })
            }
            Choice::Open(n) => {
                listed = false;
                let line = lines.get(n - 1).ok_or_else(|| AppError::usage("There is no such record."))?;
                said(browse::open(desk, &line.record, &line.envelope).await, plain::record)
            }
            Choice::Unclear(why) => format!("{why}\n"),
        };
        say(&text)?;
    }
}

/// What came of something, in words; an error ends nothing.
fn said<T>(outcome: Result<T, AppError>, words: impl FnOnce(&T) -> String) -> String {
    match outcome {
        Ok(value) => words(&value),
        Err(error) => {
            let hints: Vec<String> = error.hints.iter().map(|hint| format!("Hint: {hint}\n")).collect();
            format!("Error: {}\n{}", error.message, hints.concat())
        }
    }
}

async fn read(desk: &Desk) -> Result<(LedgerState, Vec<RecordLine>), AppError> {
    let state = browse::state(desk).await?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    browse::list(desk, Stop::default(), move |page| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).extend(page);
    })
    .await?;
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((state, lines))
}
