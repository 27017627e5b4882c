//! `countersign triage list`.

use serde_json::{Value, json};

use super::Context;
use super::output::{Block, Document};
use crate::domain::time::Timestamp;
use crate::domain::triage::{Dismissal, State};
use crate::error::AppError;
use crate::review::dismissals::{self, Listed};

/// Lists dismissals with what has become of them.
pub async fn list(context: &Context, gates: &[String], services: &[String]) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let list = dismissals::list(&desk, gates, services).await?;
    context.notices(&desk).await?;
    for shortfall in &list.shortfalls {
        context.output.message(&format!("Warning: {shortfall}"));
    }
    if list.others > 0 {
        let services = "of services that are not configured here";
        context.output.message(&format!("The ledger has {} more dismissals {services}.", list.others));
    }
    let rows: Vec<Value> = list.dismissals.iter().map(value).collect();
    let whole = json!({
        "schema": 1,
        "dismissals": rows,
        "lookedAt": list.looked_at,
        "others": list.others,
        "shortfalls": list.shortfalls,
    });
    let blocks = match list.dismissals.as_slice() {
        [] => vec![Block::Text("There is no dismissal.".to_owned())],
        all => vec![table(all), Block::Text(format!("\n{}", told(all, &list.looked_at)))],
    };
    context.output.document(&Document { json: whole, rows, blocks })
}

/// How many there are of what matters, and what that could be told of.
fn told(all: &[Listed], looked_at: &[String]) -> String {
    let of = |is: fn(&State) -> bool| all.iter().filter(|l| is(&l.state)).count();
    let counts = format!(
        "{} dismissals: {} in force, {} lapsed, {} stale",
        all.len(),
        of(|s| *s == State::InForce),
        of(|s| matches!(s, State::Lapsed(_))),
        of(|s| *s == State::Stale)
    );
    match looked_at {
        [] => format!("{counts}. No release that they cover waits at a gate, so nothing could be told of findings."),
        releases => format!("{counts}. Told of the findings of {}.", releases.join(", ")),
    }
}

fn table(all: &[Listed]) -> Block {
    let headers = vec!["RECORD", "STATE", "STATUS", "RULE", "PLACE", "BY", "ON", "UNTIL", "HOLDS FOR"];
    let rows = all.iter().flat_map(|listed| {
        let d = &listed.dismissal;
        let cells = vec![
            d.id.to_string(),
            listed.state.word().to_owned(),
            d.status.word().to_owned(),
            d.subject.rule.line().into_owned(),
            d.subject.place.line().into_owned(),
            d.principal.to_string(),
            d.issued_at.date(),
            d.expires.map_or_else(|| "no end".to_owned(), Timestamp::date),
            d.scope.to_string(),
        ];
        [cells, vec![format!("{}\n{}", listed.why(), reason(d))]]
    });
    Block::Table { headers, rows: rows.collect() }
}

/// What was said, and why.
fn reason(dismissal: &Dismissal) -> String {
    let why = dismissal.justification.map_or_else(String::new, |j| format!("{}: ", j.word()));
    format!("{why}{}", dismissal.detail.block())
}

fn value(listed: &Listed) -> Value {
    let on = |o: &dismissals::On| {
        let mut value = json!(o.reach);
        if let Some(object) = value.as_object_mut() {
            object.insert("gate".into(), json!(o.gate));
            object.insert("release".into(), json!(o.release));
        }
        value
    };
    let mut value = json!(listed.dismissal);
    if let (Some(object), Value::Object(state)) = (value.as_object_mut(), json!(listed.state)) {
        object.extend(state);
        object.insert("why".into(), json!(listed.why()));
        object.insert("on".into(), listed.on.iter().map(on).collect());
    }
    value
}
