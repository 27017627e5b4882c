//! `countersign show`.

use serde_json::json;

use super::findings::{findings_table, stale};
use super::output::{Block, Document};
use super::{Context, json};
use crate::domain::decision::Decision;
use crate::domain::dossier::{Count, Dossier};
use crate::domain::evidence::{Completeness, Evidence};
use crate::domain::time::humane;
use crate::error::AppError;
use crate::review::afterwards;
use crate::review::inbox::{self, Waiting};
use crate::review::progress::quiet;
use crate::review::round::Round;
use crate::text::Untrusted;

/// Shows the dossier of one gate.
pub async fn show(context: &Context, address: &str) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let waiting = inbox::find(&desk, address).await?;
    let dossier = crate::review::dossier::assemble(&desk, &waiting, &Round::default(), false, &quiet).await?;
    context.notices(&desk).await?;
    let records = desk.records().await?;
    let decisions = afterwards::decisions(&desk, &records, &waiting.gate.id).await;
    let whole = json!({
        "schema": 1,
        "gate": json::gate(&waiting, Ok(&dossier)),
        "dossier": json::dossier(&dossier),
        "verdict": json::verdict(&dossier.verdict),
        "decisions": decisions.iter().map(json::decision).collect::<Vec<_>>(),
    });
    let blocks = blocks(&waiting, &dossier, &decisions, desk.clock.now());
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks })
}

/// A line of at most so many characters.
pub(super) fn short(text: &Untrusted, most: usize) -> String {
    let line = text.line();
    if line.chars().count() <= most {
        line.into_owned()
    } else {
        line.chars().take(most - 3).chain("...".chars()).collect()
    }
}

/// How many findings there are, as far as that is known.
fn findings_heading(count: &Count) -> String {
    let gap = count.gap().map(|gap| format!("; {gap}")).unwrap_or_default();
    if !count.is_known() {
        return format!("Findings: not known{gap}");
    }
    let tally = &count.tally;
    let least = if gap.is_empty() { "" } else { "at least " };
    format!(
        "Findings: {least}{} open ({} by severity c/h/m/l/i/u), {}, {} dismissed{gap}",
        tally.open(),
        super::inbox::counts(tally),
        count.since_words(),
        tally.dismissed
    )
}

fn blocks(
    waiting: &Waiting,
    dossier: &Dossier,
    decisions: &[Decision],
    now: crate::domain::time::Timestamp,
) -> Vec<Block> {
    let gate = &waiting.gate;
    let optional = |text: Option<&Untrusted>| text.map_or_else(|| "unknown".to_owned(), |t| t.line().into_owned());
    let mut facts = vec![
        format!("Gate        {}", gate.id),
        format!("Stage       {} in {}", gate.stage.line(), gate.pipeline.line()),
        format!("State       {}", gate.state.word()),
        format!(
            "Waiting     {}",
            gate.waiting_since.map_or_else(|| "?".into(), |t| format!("{} (since {t})", humane(now.since(t))))
        ),
        format!("Started by  {}", optional(gate.started_by.as_ref())),
        format!("Commit      {}", optional(waiting.release.commit.as_ref())),
        format!("Branch      {}", optional(waiting.release.branch.as_ref())),
        format!("Compared to {}", dossier.baseline.words()),
        format!(
            "Since then  {}",
            match &dossier.count().since {
                Ok(since) => since.words(),
                Err(why) => format!("not known: {why}"),
            }
        ),
        format!("Approvals   {}", waiting.standing.words()),
        format!("Digest      {}  ({})", dossier.digest.short(), dossier.digest),
    ];
    facts.extend(waiting.standing.notes.iter().map(|note| format!("            {note}")));
    if !gate.instructions.is_empty() {
        facts.push(format!("Instructions {}", gate.instructions.line()));
    }
    if !gate.required_roles.is_empty() {
        let roles: Vec<_> = gate.required_roles.iter().map(Untrusted::line).collect();
        facts.push(format!("Roles       {}", roles.join(", ")));
    }
    let mut out = vec![Block::Heading(waiting.release.short()), Block::Text(facts.join("\n"))];
    out.push(Block::Heading(format!("Verdict: {}", dossier.verdict.result.word())));
    if !dossier.verdict.reasons.is_empty() {
        let rows = dossier.verdict.reasons.iter();
        let rows = rows.map(|r| vec![r.level.word().into(), r.id.clone(), crate::text::line(&r.text).into_owned()]);
        out.push(Block::Table { headers: vec!["LEVEL", "ID", "REASON"], rows: rows.collect() });
    }
    out.push(Block::Heading("Evidence".into()));
    let rows = dossier.pieces.iter().map(|p| {
        let what = match &p.value {
            None => String::new(),
            Some(Evidence::Builds(b)) => format!("{} builds", b.len()),
            Some(Evidence::Tickets(t)) => format!("{} tickets", t.len()),
            Some(Evidence::Findings(f)) => format!("{} reports", f.reports.len()),
            Some(Evidence::Changes(c)) => format!("{} commits", c.commits.len()),
            Some(Evidence::Provenance(p)) => p.words(),
        };
        let reason = match &p.completeness {
            Completeness::Complete => String::new(),
            Completeness::Partial(r) | Completeness::Missing(r) => short(&r.text, 120),
        };
        let name = crate::text::line(&p.name).into_owned();
        vec![name, p.completeness.word().into(), what, p.content.short(), reason]
    });
    let rows: Vec<_> = rows.collect();
    out.push(if rows.is_empty() {
        Block::Text("None: no source is configured for this gate.".to_owned())
    } else {
        Block::Table { headers: vec!["PIECE", "STATUS", "WHAT", "CONTENT", "REASON"], rows }
    });
    let builds: Vec<_> = dossier
        .builds()
        .map(|b| {
            let tests = b
                .tests
                .map_or_else(|| "-".into(), |t| format!("{} ok, {} failed, {} skipped", t.passed, t.failed, t.skipped));
            let took = b.duration_ms.map_or_else(|| "-".into(), |ms| humane(std::time::Duration::from_millis(ms)));
            vec![
                format!("{} #{}", b.job.line(), b.number),
                b.result.word().into(),
                took,
                tests,
                optional(b.commit.as_ref()),
            ]
        })
        .collect();
    if !builds.is_empty() {
        out.push(Block::Heading("Builds".into()));
        out.push(Block::Table { headers: vec!["BUILD", "RESULT", "TOOK", "TESTS", "COMMIT"], rows: builds });
    }
    let tickets: Vec<_> = dossier
        .tickets()
        .iter()
        .map(|t| vec![t.key.line().into_owned(), t.category.word().into(), short(&t.status, 20), short(&t.summary, 70)])
        .collect();
    if !tickets.is_empty() {
        out.push(Block::Heading("Tickets".into()));
        out.push(Block::Table { headers: vec!["KEY", "CATEGORY", "STATUS", "SUMMARY"], rows: tickets });
    }
    out.push(Block::Heading(findings_heading(&dossier.count())));
    if !dossier.findings.is_empty() {
        out.push(findings_table(dossier.findings.iter().take(20), dossier));
        if dossier.findings.len() > 20 {
            out.push(Block::Text(format!("... and {} more: see `countersign findings`.", dossier.findings.len() - 20)));
        }
    }
    out.extend(stale(dossier));
    let commits: Vec<_> = dossier
        .changes()
        .flat_map(|c| &c.commits)
        .take(20)
        .map(|c| {
            let sha: String = c.sha.line().chars().take(10).collect();
            let first = c.message.raw().lines().next().unwrap_or_default();
            vec![sha, short(&c.author, 24), short(&Untrusted::new(first), 70)]
        })
        .collect();
    if !commits.is_empty() {
        out.push(Block::Heading("Changes".into()));
        out.push(Block::Table { headers: vec!["COMMIT", "AUTHOR", "MESSAGE"], rows: commits });
    }
    let pull_requests: Vec<_> = dossier
        .changes()
        .flat_map(|c| &c.pull_requests)
        .take(20)
        .map(|p| {
            let merged = p.merged_at.map_or_else(|| "not merged".to_owned(), |t| t.to_string());
            vec![format!("#{}", p.number), short(&p.author, 24), merged, short(&p.title, 70)]
        })
        .collect();
    if !pull_requests.is_empty() {
        out.push(Block::Heading("Pull requests".into()));
        out.push(Block::Table { headers: vec!["NUMBER", "AUTHOR", "MERGED", "TITLE"], rows: pull_requests });
    }
    for provenance in dossier.provenance() {
        out.push(Block::Heading("Provenance".into()));
        out.extend(super::provenance::blocks(provenance));
    }
    if !decisions.is_empty() {
        out.push(Block::Heading("Decisions".into()));
        out.push(super::ledger::decisions_table(decisions));
    }
    out
}
