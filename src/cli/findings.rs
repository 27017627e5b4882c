//! `countersign findings`.

use serde_json::{Value, json};

use super::output::{Block, Document};
use super::show::short;
use super::{Context, json};
use crate::domain::dossier::Dossier;
use crate::domain::grouping::{Group, GroupBy, Grouping};
use crate::domain::query::Query;
use crate::domain::severity::Severity;
use crate::domain::triage::{Dismissal, Fate, Novelty, Past, Triaged};
use crate::error::AppError;
use crate::review::inbox;
use crate::review::progress::quiet;
use crate::review::round::Round;

/// Lists the findings of one gate, in groups if that is asked for.
pub async fn list(context: &Context, address: &str, query: &str, by: Option<GroupBy>) -> Result<(), AppError> {
    let query = Query::parse(query).map_err(|e| super::query_error(query, &e))?;
    let desk = context.desk().await?;
    let waiting = inbox::find(&desk, address).await?;
    let dossier = crate::review::dossier::assemble(&desk, &waiting, &Round::default(), false, &quiet).await?;
    context.notices(&desk).await?;
    // What is gone is not among the findings, and is shown where it is asked for.
    let gone = query.asks_for_gone();
    let among = if gone { dossier.compared.gone() } else { &dossier.findings };
    let found: Vec<&Triaged> = among.iter().filter(|t| query.matches(t)).collect();
    let (groups, found) = grouped(found, by);
    let past = |t: &Triaged| dossier.past.get(&t.finding.fingerprint).map_or(&[][..], Vec::as_slice);
    let rows: Vec<Value> = found.iter().map(|t| row(t, past(t), by)).collect();
    let count = dossier.count();
    let mut whole = json!({
        "schema": 1,
        "gate": json::gate(&waiting, Ok(&dossier)),
        "findings": rows,
        "total": dossier.findings.len(),
        "staleDismissals": json::stale(&dossier),
    });
    if let Some(object) = whole.as_object_mut() {
        object.extend(json::since(Some(&count)));
        if let Some(by) = by {
            object.insert("groupBy".into(), json!(by.word()));
            object.insert("groups".into(), groups.iter().map(|g| group(g, &found)).collect());
        }
    }
    let since = match &count.since {
        Ok(since) => since.words(),
        Err(why) => format!("what is new is not known: {why}"),
    };
    let what = if gone { "findings that are gone" } else { "findings" };
    let mut blocks = vec![Block::Text(format!("{} of {} {what}; {since}", found.len(), among.len()))];
    if by.is_none() && !found.is_empty() {
        blocks.push(findings_table(found.iter().copied(), &dossier));
    }
    for group in &groups {
        blocks.push(Block::Heading(format!("{}: {}", crate::text::line(&group.name), group.words())));
        blocks.push(findings_table(within(group, &found).iter().copied(), &dossier));
    }
    blocks.extend(stale(&dossier));
    context.output.document(&Document { json: whole, rows, blocks })
}

/// The groups, and the findings in their order.
fn grouped(found: Vec<&Triaged>, by: Option<GroupBy>) -> (Vec<Group>, Vec<&Triaged>) {
    let Some(by) = by else { return (Vec::new(), found) };
    let mut grouping = Grouping::new(by);
    for (index, triaged) in (0..).zip(&found) {
        grouping.take(index, triaged);
    }
    let (groups, order) = grouping.finish();
    let found = order.into_iter().filter_map(|index| found.get(index as usize).copied()).collect();
    (groups, found)
}

fn within<'f, 't>(group: &Group, found: &'f [&'t Triaged]) -> &'f [&'t Triaged] {
    found.get(group.start..group.start + group.size).unwrap_or_default()
}

fn row(triaged: &Triaged, past: &[Past], by: Option<GroupBy>) -> Value {
    let mut value = json::triaged(triaged);
    if let Some(object) = value.as_object_mut() {
        object.insert("history".into(), json!(past));
        if let Some(by) = by {
            object.insert("group".into(), json!(by.name_of(triaged)));
        }
    }
    value
}

/// A group; its findings by their fingerprints.
fn group(group: &Group, found: &[&Triaged]) -> Value {
    let severities: serde_json::Map<String, Value> =
        Severity::ALL.iter().map(|s| (s.word().to_owned(), json!(group.tally.of(*s)))).collect();
    json!({
        "name": group.name,
        "total": group.size,
        "open": group.tally.open(),
        "new": group.tally.new,
        "dismissed": group.tally.dismissed,
        "gravest": group.gravest(),
        "bySeverity": severities,
        "findings": within(group, found).iter().map(|t| t.finding.fingerprint).collect::<Vec<_>>(),
    })
}

/// A table of findings, with what stands in the ledger about each.
pub(super) fn findings_table<'a>(findings: impl Iterator<Item = &'a Triaged>, dossier: &Dossier) -> Block {
    let rows = findings
        .flat_map(|t| {
            let cells = vec![
                t.finding.fingerprint.short(),
                t.finding.severity.word().to_owned(),
                match t.novelty {
                    Novelty::Unknown => "?",
                    novelty => novelty.word(),
                }
                .to_owned(),
                triage_word(t),
                t.finding.rule.line().into_owned(),
                short(&t.finding.title, 60),
                t.finding.place(),
                t.finding.sources.iter().map(|s| s.tool.line().into_owned()).collect::<Vec<_>>().join(","),
            ];
            std::iter::once(cells).chain(said(t).into_iter().chain(elsewhere(t, dossier)).map(|note| vec![note]))
        })
        .collect();
    Block::Table { headers: vec!["FINDING", "SEVERITY", "NEW", "TRIAGE", "RULE", "TITLE", "PLACE", "TOOL"], rows }
}

/// The dismissals that match nothing in the release any more.
pub(super) fn stale(dossier: &Dossier) -> Option<Block> {
    let names: Vec<String> = dossier
        .stale
        .iter()
        .take(10)
        .map(|d| {
            let (rule, place) = (d.subject.rule.line(), d.subject.place.line());
            format!("  {rule} {place}: {} by {} on {}", d.status.word(), d.principal, d.issued_at.date())
        })
        .collect();
    let more = dossier.stale.len() - names.len();
    let more =
        if more == 0 { String::new() } else { format!("\n  ... and {more} more: see `countersign triage list`.") };
    (!names.is_empty()).then(|| Block::Text(format!("Dismissals that match nothing here:\n{}{more}", names.join("\n"))))
}

/// What stands in the ledger about a finding: all that somebody signed of it.
fn said(triaged: &Triaged) -> Option<String> {
    match (&triaged.dismissal, triaged.suggestion.as_deref()) {
        (Some(carried), _) => Some(words(&carried.dismissal)),
        (None, Some((carried, lapse))) => Some(format!("before, but {}: {}", lapse.words(), words(&carried.dismissal))),
        (None, None) => None,
    }
}

/// What was said of it elsewhere.
fn elsewhere<'d>(triaged: &Triaged, dossier: &'d Dossier) -> impl Iterator<Item = String> + use<'d> {
    let past = dossier.past.get(&triaged.finding.fingerprint).map_or(&[][..], Vec::as_slice);
    past.iter().filter(|p| p.fate == Fate::Elsewhere).map(|p| {
        let d = &p.carried.dismissal;
        format!("elsewhere ({}): {}", d.scope, words(d))
    })
}

fn words(d: &Dismissal) -> String {
    let why = d.justification.map_or_else(String::new, |j| format!(" ({})", j.word()));
    let until = d.expires.map_or_else(|| "no expiry".to_owned(), |t| format!("until {}", t.date()));
    let (status, who, when) = (d.status.word(), &d.principal, d.issued_at.date());
    format!("{status}{why} by {who} on {when}, {until}: {}", d.detail.block())
}

fn triage_word(triaged: &Triaged) -> String {
    match (&triaged.dismissal, triaged.suggestion.as_deref()) {
        (Some(carried), _) => carried.dismissal.status.word().to_owned(),
        (None, Some((_, lapse))) => format!("open ({})", lapse.words()),
        (None, None) => "open".to_owned(),
    }
}
