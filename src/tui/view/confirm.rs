//! The last look before a signature: what would be signed and sent, exactly. What matters most is on top; what is too
//! long for there is below in full.

use crate::domain::ids::Digest;
use crate::domain::release::Release;
use crate::domain::verdict::{Level, Violation};
use crate::text::{block, line};
use crate::tui::glyphs::Glyphs;
use crate::tui::msg::DecisionPreview;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{span, width};
use crate::tui::widget::state;
use crate::tui::widget::text::{Text, wrap};

/// The cells of a label.
const LABEL: usize = 15;
/// How many lines of the reason, artifacts and reasons of the verdict stand on top.
const MOST: usize = 3;

/// Writes it all.
pub(super) fn fill(preview: &DecisionPreview, text: &mut Text, glyphs: &'static Glyphs) {
    if let Some(refusal) = &preview.refusal {
        text.say(Role::Bad, &format!("{} It cannot be done. {refusal}", glyphs.bad), 0);
    }
    if !preview.differences.is_empty() {
        let words = format!("{} The evidence is not what was on the screen. Nothing is signed.", glyphs.bad);
        text.say(Role::Bad, &words, 0);
        for difference in &preview.differences {
            text.say(Role::Text, difference, 2);
        }
    }
    let cut_remarks = remarks(preview, text, glyphs);
    text.fact("you", Role::Strong, &format!("{} {}", preview.verb.word(), preview.release));
    if !preview.then.is_empty() && preview.earlier.is_none() {
        text.fact("then", Role::Strong, &preview.then);
    }
    if let Some(approvals) = &preview.approvals {
        text.fact("approvals", Role::Text, &approvals.standing);
    }
    let acts = preview.acts_as.as_ref().map(|roles| format!(" as {roles}")).unwrap_or_default();
    text.fact("signed as", Role::Text, &format!("{}{acts}", preview.principal));
    let key = &preview.key;
    let hardware = if key.hardware { ", in hardware" } else { ", not in hardware" };
    text.fact("with", Role::Text, &format!("{} {}\n{}{hardware}", key.fingerprint, key.kind, key.comment));
    let cut_reason = reason(preview, text, glyphs);
    text.outside("input", preview.option.as_ref());
    text.fact("gate", Role::Text, &preview.gate.to_string());
    text.fact("digest", Role::Strong, &preview.dossier.short());
    // In full, it has room beside the label or below it.
    let full = preview.dossier.as_str();
    let indent = if text.width() >= LABEL + full.len() { LABEL } else { 2 };
    text.say(Role::Muted, full, indent);
    let cut_artifacts = subject(&preview.about, text);
    let cut_verdict = verdict(preview, text, glyphs);
    text.fact("findings", Role::Text, &preview.findings.words());
    super::forms::missing(&preview.missing, text);
    let later = preview.approvals.is_some() && !preview.sends;
    let when = if later { "What will be sent once the quorum is reached" } else { "What will be sent" };
    text.heading(when);
    if preview.requests.is_empty() {
        text.say(Role::Muted, "Nothing: it is recorded in the ledger only.", 2);
    }
    for request in &preview.requests {
        text.say(Role::Text, request, 2);
    }
    if let Some(unplaced) = preview.approvals.as_ref().and_then(|a| a.unplaced.as_ref()) {
        text.heading("Separation of duties");
        text.say(Role::Text, unplaced, 2);
    }
    if cut_remarks {
        text.heading("All remarks");
        for remark in &preview.remarks {
            text.say(Role::Text, remark, 2);
        }
    }
    if cut_reason {
        text.heading("The reason in full");
        text.say(Role::Text, &preview.reason.block(), 2);
    }
    if cut_verdict {
        text.heading("The verdict in full");
        for reason in told(preview) {
            let level = state::level(reason.level).show(glyphs);
            text.row(vec![span(Role::Text, "  "), level, span(Role::Muted, format!("  {}", line(&reason.id)))]);
            text.say(Role::Text, &reason.text, 10);
        }
    }
    if cut_artifacts {
        text.heading("All artifacts");
        for artifact in &preview.about.artifacts {
            let digest = artifact.digest.as_ref().map_or("no digest known", |d| d.as_str());
            text.say(Role::Text, &format!("{} {digest}", artifact.name.line()), 2);
        }
    }
}

/// What is to be known first; whether there is more of it than is shown.
fn remarks(preview: &DecisionPreview, text: &mut Text, glyphs: &Glyphs) -> bool {
    let sign = || span(Role::Warn, format!("{} ", glyphs.warn));
    if let Some(earlier) = &preview.earlier {
        text.item(sign(), earlier);
    }
    let room = text.width().saturating_sub(width(glyphs.warn) + 1);
    let lines: usize = preview.remarks.iter().map(|r| wrap(&line(r), room).len()).sum();
    let cut = lines > MOST;
    if !cut {
        preview.remarks.iter().for_each(|remark| text.item(sign(), remark));
        return false;
    }
    // One line of each, as many as there is room for.
    let shown = preview.remarks.len().min(MOST - 1);
    for remark in preview.remarks.iter().take(shown) {
        text.row(vec![sign(), span(Role::Text, line(remark).into_owned())]);
    }
    let words = format!("  all {} remarks are below in full", preview.remarks.len());
    text.row(vec![span(Role::Muted, words)]);
    true
}

/// The reason as it was typed; whether there is more of it than is shown.
fn reason(preview: &DecisionPreview, text: &mut Text, glyphs: &Glyphs) -> bool {
    let typed = preview.reason.block();
    let room = text.width().saturating_sub(LABEL);
    let lines: Vec<String> = typed.split('\n').flat_map(|line| wrap(line, room)).collect();
    let cut = lines.len() > MOST;
    let shown = if cut { MOST - 1 } else { lines.len() };
    text.fact("reason", Role::Strong, &lines.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join("\n"));
    if cut {
        text.fact("", Role::Muted, &format!("{} all {} lines of it are below", glyphs.cut, lines.len()));
    }
    cut
}

/// What is approved; whether there are more artifacts than are shown.
fn subject(release: &Release, text: &mut Text) -> bool {
    if let Some(commit) = &release.commit {
        text.fact("commit", Role::Text, &commit.line());
    }
    let all = &release.artifacts;
    let cut = all.len() > MOST;
    for artifact in all.iter().take(if cut { MOST - 1 } else { MOST }) {
        let digest = artifact.digest.as_ref().map_or_else(|| "no digest known".to_owned(), Digest::short);
        text.fact("artifact", Role::Text, &format!("{}  {digest}", artifact.name.line()));
    }
    if cut {
        text.fact("", Role::Muted, &format!("all {} artifacts are below", all.len()));
    }
    if release.commit.is_none() && all.is_empty() {
        text.fact("subject", Role::Bad, "neither a commit nor an artifact is known");
    }
    cut
}

/// What of the verdict is to be known: what blocks, what warns.
fn told(preview: &DecisionPreview) -> impl Iterator<Item = &Violation> {
    preview.reasons.iter().filter(|r| r.level != Level::Note)
}

/// The verdict, and the first line of what it rests on; whether there is more of that than is shown.
fn verdict(preview: &DecisionPreview, text: &mut Text, glyphs: &'static Glyphs) -> bool {
    let all = told(preview).count();
    let outcome = state::verdict(preview.verdict).show(glyphs);
    text.row(vec![span(Role::Muted, format!("{:<LABEL$}", "verdict")), outcome]);
    let shown = if all > MOST { MOST - 1 } else { all };
    let mut cut = all > shown;
    for reason in told(preview).take(shown) {
        let level = state::level(reason.level).show(glyphs);
        let words = block(&reason.text).into_owned();
        let (first, more) = words.split_once('\n').map_or((words.as_str(), false), |(first, _)| (first, true));
        let said = format!("  {}: {}", line(&reason.id), first);
        cut |= more || LABEL + width(&level.1) + width(&said) > text.width();
        text.row(vec![span(Role::Text, " ".repeat(LABEL)), level, span(Role::Text, said)]);
    }
    if all > shown {
        text.fact("", Role::Muted, &format!("all {all} reasons are below"));
    }
    cut
}
