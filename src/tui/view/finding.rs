//! A finding in full.

use crate::domain::finding::Class;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Carried, Fate, Novelty, Past, Triaged};
use crate::tui::glyphs::Glyphs;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::state;
use crate::tui::widget::text::{Text, wrap};

/// How many other places of a finding are listed.
const PLACES: usize = 50;

pub(super) fn paint(model: &Model, painter: &mut Painter<'_>, areas: &Areas) {
    if let (Some(release), Some(entry)) = (&model.release, model.current_gate()) {
        super::release::head(model, entry, release, painter, areas);
    }
    let scroll = model.finding.as_ref().map_or(0, |f| f.scroll);
    let text = text(model, areas.body.width);
    text.paint(painter, areas.body, scroll);
    super::release::position(painter, areas, &text, scroll);
}

/// Everything that is known of the finding that is open.
pub(super) fn text(model: &Model, width: u16) -> Text {
    let mut text = Text::new(width);
    match model.current_finding() {
        Some(triaged) => {
            let past = model.current_dossier().and_then(|d| d.past.get(&triaged.finding.fingerprint));
            full(triaged, past.map_or(&[], Vec::as_slice), &mut text, model.glyphs.table());
        }
        None => text.say(Role::Warn, "The finding is no longer in the evidence.", 0),
    }
    text
}

/// What the list shows of it, in full: for the preview.
pub(super) fn short(triaged: &Triaged, text: &mut Text, glyphs: &Glyphs) {
    let f = &triaged.finding;
    text.fact("title", Role::Strong, &f.title.line());
    text.fact("place", Role::Text, &f.place());
    if matches!(triaged.novelty, Novelty::Fixed | Novelty::Unseen) {
        text.fact("novelty", novelty_role(triaged.novelty), triaged.novelty.words());
    } else {
        said(triaged, text, glyphs);
    }
    text.outside("detail", Some(&f.detail));
}

fn full(triaged: &Triaged, past: &[Past], text: &mut Text, glyphs: &Glyphs) {
    let f = &triaged.finding;
    text.say(Role::Strong, &f.title.line(), 0);
    text.gap();
    text.fact("severity", state::severity(f.severity), f.severity.word());
    text.fact("class", Role::Text, f.class.word());
    text.outside("rule", Some(&f.rule));
    text.fact("place", Role::Text, &f.place());
    text.outside("within", f.location.logical.as_ref());
    for place in f.also.iter().take(PLACES) {
        text.fact("also at", Role::Text, &place.to_string());
    }
    if let Some(more) = f.also.len().checked_sub(PLACES).filter(|n| *n > 0) {
        text.fact("", Role::Muted, &format!("and {more} more places"));
    }
    text.fact("novelty", novelty_role(triaged.novelty), triaged.novelty.words());
    text.outside("confidence", f.confidence.as_ref());
    text.outside("suppressed", f.suppressed.as_ref());
    if let Some(package) = &f.package {
        let version = package.version.as_ref().map(|v| v.line().into_owned()).unwrap_or_default();
        text.fact("package", Role::Text, &format!("{} {version}", package.name.line()));
        text.outside("purl", package.purl.as_ref());
        for fixed in &package.fixed {
            text.outside("fixed in", Some(fixed));
        }
    }
    for id in &f.vulnerabilities {
        text.outside("vulnerability", Some(id));
    }
    let cwe: Vec<String> = f.cwe.iter().map(|n| format!("CWE-{n}")).collect();
    if !cwe.is_empty() {
        text.fact("weakness", Role::Text, &cwe.join(", "));
    }
    if let Some(scores) = &f.scores {
        text.outside("CVSS", scores.cvss.as_ref());
        text.outside("vector", scores.vector.as_ref());
        text.outside("EPSS", scores.epss.as_ref());
        if scores.exploited {
            text.fact("exploited", Role::Bad, "known to be exploited");
        }
    }
    text.outside("link", f.url.as_ref());
    text.fact("fingerprint", Role::Muted, &f.fingerprint.to_string());
    text.heading("Triage");
    said(triaged, text, glyphs);
    others(past, text);
    if !f.detail.is_empty() {
        text.heading("What the tool says");
        text.say(Role::Text, &f.detail.block(), 2);
    }
    if let Some(snippet) = &f.snippet {
        text.heading("At that place");
        quoted(&snippet.block(), Role::Text, text, glyphs);
    }
    if let Some(context) = &f.context {
        text.heading(if f.class == Class::Dast { "The HTTP exchange" } else { "Around it" });
        quoted(&context.block(), Role::Muted, text, glyphs);
    }
    text.heading("Reported by");
    if let Some(rung) = f.joined {
        text.fact("one by", Role::Text, rung.words());
    }
    for source in &f.sources {
        let version = source.tool_version.as_ref().map(|v| v.line().into_owned()).unwrap_or_default();
        text.fact("tool", Role::Text, &format!("{} {version}", source.tool.line()));
        text.outside("report", Some(&source.report));
        text.outside("its id", source.native_id.as_ref());
    }
    text.heading("Recognised by");
    for key in &f.keys {
        let weak = if key.rung.carries() { "" } else { " (only suggests)" };
        text.fact(&key.value.short(), Role::Muted, &format!("{}{weak}", key.rung.words()));
    }
}

/// How a finding that came, stayed or went looks.
pub(super) fn novelty_role(novelty: Novelty) -> Role {
    match novelty {
        Novelty::New => Role::New,
        Novelty::Fixed => Role::Good,
        Novelty::Known => Role::Text,
        Novelty::Unknown | Novelty::Unseen => Role::Muted,
    }
}

/// Code or an exchange as the tool quotes it, its lines wrapped.
fn quoted(block: &str, role: Role, text: &mut Text, glyphs: &Glyphs) {
    let room = text.width().saturating_sub(4);
    for line in block.split('\n') {
        for part in wrap(line, room) {
            text.row(vec![span(Role::Muted, format!("  {} ", glyphs.bar)), span(role, part)]);
        }
    }
}

/// Who else dismissed it and why: elsewhere, before, or beside the one that holds.
fn others(past: &[Past], text: &mut Text) {
    for said in past.iter().filter(|p| p.fate != Fate::InForce) {
        let d = &said.carried.dismissal;
        let role = if matches!(said.fate, Fate::Lapsed(_)) { Role::Warn } else { Role::Text };
        let why = d.justification.map_or_else(String::new, |j| format!(" ({})", j.word()));
        text.gap();
        text.fact("also", role, &format!("{}{why}; {}", d.status.word(), said.fate.words()));
        text.fact("by", Role::Text, &format!("{} on {}", d.principal, d.issued_at.date()));
        text.fact("reasoning", Role::Text, &d.detail.block());
        text.fact("scope", Role::Text, &d.scope.to_string());
        text.fact("expires", Role::Text, &d.expires.map_or_else(|| "never".to_owned(), Timestamp::date));
        text.fact("matched by", Role::Muted, said.carried.rung.words());
    }
}

/// What stands in the ledger about it.
fn said(triaged: &Triaged, text: &mut Text, glyphs: &Glyphs) {
    match (&triaged.dismissal, triaged.suggestion.as_deref()) {
        (Some(carried), _) => {
            text.fact("dismissed", Role::Dismissed, carried.dismissal.status.word());
            dismissal(carried, text);
        }
        (None, Some((carried, lapse))) => {
            let words = format!(
                "{} open; dismissed before as {}, but {}.",
                glyphs.warn,
                carried.dismissal.status.word(),
                lapse.words()
            );
            text.fact("triage", Role::Warn, &words);
            dismissal(carried, text);
        }
        (None, None) => text.fact("triage", Role::Text, "open; nothing was said of it"),
    }
}

fn dismissal(carried: &Carried, text: &mut Text) {
    let d = &carried.dismissal;
    text.fact("reasoning", Role::Text, &d.detail.block());
    if let Some(justification) = d.justification {
        text.fact("justification", Role::Text, justification.word());
    }
    text.fact("by", Role::Text, &format!("{} on {}", d.principal, d.issued_at.date()));
    text.fact("scope", Role::Text, &d.scope.to_string());
    text.fact("expires", Role::Text, &d.expires.map_or_else(|| "never".to_owned(), Timestamp::date));
    text.fact("said of", Role::Text, &format!("{} at {}", d.subject.title.line(), d.subject.place.line()));
    text.fact("matched by", Role::Text, carried.rung.words());
}
