//! The findings of a release: a list, in groups where they are asked for, and more of the line that the cursor is on.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::grouping::{Group, GroupBy};
use crate::domain::severity::Severity;
use crate::domain::triage::{Novelty, Triaged};
use crate::tui::glyphs::Glyphs;
use crate::tui::layout::Areas;
use crate::tui::model::findings::Findings;
use crate::tui::model::gates::GateEntry;
use crate::tui::model::lines::Line;
use crate::tui::model::screens::ReleaseScreen;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, Span, span};
use crate::tui::widget::state;
use crate::tui::widget::table::{self, Column, Content, column};
use crate::tui::widget::text::Text;

const COLUMNS: &[Column] =
    &[column("severity", 10), column("new", 6), column("rule", 13), column("title", 0), column("place", 18)];
const WIDE: &[Column] = &[
    column("severity", 10),
    column("new", 6),
    column("rule", 18),
    column("title", 0),
    column("place", 34),
    column("tool", 12),
];

pub(super) fn paint(entry: &GateEntry, release: &ReleaseScreen, painter: &mut Painter<'_>, areas: &Areas) {
    let findings = &release.findings;
    let wide = areas.body.width >= 110;
    let columns = if wide { WIDE } else { COLUMNS };
    table::headings(painter, areas.heading, columns);
    count(findings, entry, painter, areas.heading);
    let glyphs = painter.glyphs;
    table::contents(painter, areas.body, columns, findings.place, |at| match findings.lines.get(at)? {
        Line::Heading(place) => {
            let room = usize::from(areas.body.width);
            Some(Content::Heading(heading(findings, findings.lines.groups().get(place)?, room, glyphs)))
        }
        Line::Finding(index) => {
            let triaged = findings.get(index)?;
            let marked = findings.marked.contains(&triaged.finding.fingerprint);
            Some(Content::Cells(marked, cells(triaged, wide, glyphs)))
        }
    });
    if findings.lines.is_empty() {
        painter.put(areas.body, &format!("   {}", none(findings, entry)), Role::Muted);
    }
    if !areas.preview.is_empty() {
        let word = if findings.selected_group().is_some() { "group" } else { "finding" };
        painter.rule(Rect { height: 1, ..areas.preview }, word);
        let inner = Rect { y: areas.preview.y + 1, height: areas.preview.height - 1, ..areas.preview };
        let mut text = Text::new(inner.width);
        match (findings.selected(), findings.selected_group()) {
            (Some(triaged), _) => super::finding::short(triaged, &mut text, glyphs),
            (None, Some(group)) => about(group, findings, &mut text),
            (None, None) => {}
        }
        text.paint(painter, inner, 0);
    }
}

/// Why the list is empty: what never came, or was never compared, is not none.
fn none(findings: &Findings, entry: &GateEntry) -> String {
    let count = entry.summary.as_ref().map(|s| &s.findings);
    let gap = count.and_then(crate::domain::dossier::Count::gap);
    let not_compared = count.and_then(|c| c.since.as_ref().err());
    match (findings.filter.in_force.is_empty(), gap, not_compared) {
        (true, None, _) => "No scanner holds anything against it. See the overview for what was scanned.".to_owned(),
        (true, Some(gap), _) => format!("Not known; {gap}. See the overview."),
        (false, _, Some(why)) if findings.query.asks_for_gone() => format!("What was fixed is not known. {why}"),
        (false, ..) => "No finding fits the filter.".to_owned(),
    }
}

/// How many are shown of how many, at the right of the headings.
fn count(findings: &Findings, entry: &GateEntry, painter: &mut Painter<'_>, area: Rect) {
    let words = findings.progress().map_or_else(
        || shown(findings, entry),
        |(done, all)| format!("{} looking, {}%", painter.glyphs.busy, done * 100 / all.max(1)),
    );
    let w = u16::try_from(super::width(&words) + 1).unwrap_or(u16::MAX).min(area.width);
    painter.put(Rect { x: area.right().saturating_sub(w), width: w, ..area }, &words, Role::Muted);
}

fn shown(findings: &Findings, entry: &GateEntry) -> String {
    let marked = findings.marked.len();
    let marks = if marked > 0 { format!("{marked} marked, ") } else { String::new() };
    let shown = findings.lines.findings();
    if let (Some(by), groups @ 1..) = (findings.by, findings.lines.groups().len()) {
        return format!("{marks}{shown} in {groups} groups by {}", by.word());
    }
    let tally = entry.summary.as_ref().map(|s| s.findings.tally).unwrap_or_default();
    let all = usize::try_from(tally.open().saturating_add(tally.dismissed)).unwrap_or(usize::MAX);
    let at = if findings.lines.is_empty() { 0 } else { findings.place.cursor() + 1 };
    let of = if shown == all || findings.query.asks_for_gone() { String::new() } else { format!(" of {all}") };
    let stale = match entry.dossier.as_ref().map_or(0, |d| d.stale.len()) {
        0 => String::new(),
        stale => format!(", {stale} stale"),
    };
    format!("{marks}{at}/{shown}{of} ({} dismissed{stale})", tally.dismissed)
}

/// The line of a group: whether it is closed, its name, its open findings by severity, what is new, what is dismissed.
fn heading(findings: &Findings, group: &Group, room: usize, glyphs: &Glyphs) -> Vec<Span<'static>> {
    let sign = if findings.lines.is_closed(group) { "[+] " } else { "[-] " };
    let by_severity = findings.by == Some(GroupBy::Severity);
    let mut counts = vec![span(Role::Muted, format!("  {} open", group.tally.open()))];
    if !by_severity {
        for severity in Severity::ALL.into_iter().filter(|s| group.tally.of(*s) > 0) {
            counts.push(span(state::severity(severity), format!("  {} {}", group.tally.of(severity), severity.word())));
        }
    }
    match group.tally.new {
        Some(0) => {}
        Some(new) => counts.push(span(Role::New, format!("  {new} new"))),
        None => counts.push(span(Role::Muted, format!("  {} new", glyphs.unknown))),
    }
    if group.tally.dismissed > 0 {
        counts.push(span(Role::Dismissed, format!("  {} dismissed", group.tally.dismissed)));
    }
    let role = match group.gravest().filter(|_| by_severity) {
        Some(gravest) => state::severity(gravest),
        None => Role::Strong,
    };
    // The lead of the line, the sign, the counts; of a long path, the end says more than its beginning.
    let taken: usize = 3 + sign.len() + counts.iter().map(|(_, text)| super::width(text)).sum::<usize>();
    let name = end_of(&crate::text::line(&group.name), room.saturating_sub(taken).max(12), glyphs.cut);
    let mut row = vec![span(Role::Muted, sign), span(role, name)];
    row.extend(counts);
    row
}

/// The end of a text, as much as fits into so many cells.
fn end_of(text: &str, room: usize, cut: &str) -> String {
    if super::width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for part in text.graphemes(true).rev() {
        if super::width(&kept) + super::width(part) + super::width(cut) > room {
            break;
        }
        kept.insert_str(0, part);
    }
    format!("{cut}{kept}")
}

/// A group, for the preview.
fn about(group: &Group, findings: &Findings, text: &mut Text) {
    text.fact(findings.by.map_or("group", GroupBy::word), Role::Strong, &crate::text::line(&group.name));
    text.fact("findings", Role::Text, &group.words());
    if let Some(gravest) = group.gravest() {
        text.fact("gravest", state::severity(gravest), gravest.word());
    }
    let fold = if findings.lines.is_closed(group) { "opens" } else { "closes" };
    text.say(Role::Muted, &format!("Enter {fold} the group; space marks its open findings."), 0);
}

fn cells<'a>(triaged: &'a Triaged, wide: bool, glyphs: &'static Glyphs) -> table::Cells<'a> {
    let f = &triaged.finding;
    let (role, word) = match &triaged.dismissal {
        Some(_) => (Role::Dismissed, "dismissed"),
        None => (state::severity(f.severity), f.severity.word()),
    };
    let new = match triaged.novelty {
        Novelty::New => span(Role::New, format!("{}new", glyphs.new)),
        Novelty::Known => span(Role::Muted, ""),
        Novelty::Unknown => span(Role::Muted, glyphs.unknown),
        Novelty::Fixed => span(Role::Good, "fixed"),
        Novelty::Unseen => span(Role::Muted, "gone?"),
    };
    let text = if triaged.is_open() { Role::Text } else { Role::Dismissed };
    let mut title = Vec::new();
    match (&triaged.dismissal, &triaged.suggestion) {
        (Some(c), _) => {
            title.push(span(Role::Dismissed, format!("[{} {}] ", f.severity.word(), c.dismissal.status.word())));
        }
        (None, Some(_)) => title.push(span(Role::Warn, "[dismissed before] ")),
        (None, None) => {}
    }
    title.push(span(text, f.title.line()));
    let mut out = vec![
        vec![span(role, word)],
        vec![new],
        vec![span(text, f.rule.line())],
        title,
        vec![span(Role::Muted, f.place())],
    ];
    if wide {
        let more = f.sources.len().saturating_sub(1);
        let tool = if more > 0 { format!("{} +{more}", f.tool()) } else { f.tool() };
        out.push(vec![span(Role::Muted, tool)]);
    }
    out
}
