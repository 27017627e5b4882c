//! The builds, tickets, changes, provenance and approvals of a release: a list, and more of the line that the cursor is on.

use ratatui::layout::Rect;

use crate::domain::evidence::Kind;
use crate::domain::provenance::{Attestation, Provenance, SubjectDigest};
use crate::domain::time::humane;
use crate::text::Untrusted;
use crate::tui::glyphs::Glyphs;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::gates::GateEntry;
use crate::tui::model::items::{self, Item};
use crate::tui::model::listing::Listing;
use crate::tui::model::screens::Tab;
use crate::tui::msg::PieceState;
use crate::tui::theme::Role;
use crate::tui::widget::paint::{Painter, span};
use crate::tui::widget::state;
use crate::tui::widget::table::{self, Cells, Column, column};
use crate::tui::widget::text::{Text, moment};

const BUILDS: &[Column] = &[column("result", 12), column("build", 0), column("tests", 24), column("took", 8)];
const TICKETS: &[Column] = &[column("state", 14), column("key", 12), column("summary", 0), column("status", 16)];
const CHANGES: &[Column] = &[column("what", 10), column("title", 0), column("by", 18)];
const PROVENANCE: &[Column] = &[column("state", 14), column("what", 0), column("of", 30), column("commit", 9)];
const APPROVALS: &[Column] = &[column("decision", 10), column("by", 0), column("when", 21), column("seen", 12)];

/// Why a list is empty: what never came is not none.
fn none(entry: &GateEntry, tab: Tab) -> String {
    let kind = match tab {
        Tab::Builds => Kind::Builds,
        Tab::Tickets => Kind::Tickets,
        Tab::Changes => Kind::Changes,
        Tab::Provenance => Kind::Provenance,
        _ => return format!("There are no {} here.", tab.word()),
    };
    let pieces = || entry.dossier.iter().flat_map(|d| d.of(kind));
    if pieces().any(|p| p.value.is_some()) {
        format!("There are no {} here.", tab.word())
    } else if pieces().next().is_some() {
        format!("Not known: the {} are missing; the overview says why.", tab.word())
    } else {
        format!("Not known: no source of {} is configured for this gate.", tab.word())
    }
}

pub(super) fn paint(
    _model: &Model,
    entry: &GateEntry,
    tab: Tab,
    list: &Listing<String>,
    painter: &mut Painter<'_>,
    areas: &Areas,
) {
    let columns = match tab {
        Tab::Builds => BUILDS,
        Tab::Tickets => TICKETS,
        Tab::Changes => CHANGES,
        Tab::Provenance => PROVENANCE,
        _ => APPROVALS,
    };
    table::headings(painter, areas.heading, columns);
    let all = items::of(entry, tab);
    let glyphs = painter.glyphs;
    let mut at = list.top();
    table::lines(painter, areas.body, columns, list, |_key| {
        let cells = all.get(at).map(|item| cells(item, glyphs)).unwrap_or_default();
        at += 1;
        (false, cells)
    });
    if all.is_empty() {
        painter.put(areas.body, &format!("   {}", none(entry, tab)), Role::Muted);
    }
    if !areas.preview.is_empty() {
        painter.rule(Rect { height: 1, ..areas.preview }, "details");
        let inner = Rect { y: areas.preview.y + 1, height: areas.preview.height - 1, ..areas.preview };
        let mut text = Text::new(inner.width);
        if let Some(item) = all.get(list.cursor()) {
            details(item, &mut text);
        }
        text.paint(painter, inner, 0);
    }
}

fn text(value: &Untrusted) -> Vec<(Role, std::borrow::Cow<'_, str>)> {
    vec![span(Role::Text, value.line())]
}

fn cells<'a>(item: &Item<'a>, glyphs: &Glyphs) -> Cells<'a> {
    match item {
        Item::Gap(piece) => {
            let state = if piece.value.is_some() { PieceState::Partial } else { PieceState::Missing };
            vec![vec![state::piece(state).show(glyphs)], vec![span(Role::Strong, piece.name.as_str())]]
        }
        Item::Build(b) => {
            let tests = b.tests.map_or_else(
                || span(Role::Muted, "no tests"),
                |t| {
                    let words = format!("{} passed, {} failed", t.passed, t.failed);
                    span(if t.failed > 0 { Role::Bad } else { Role::Text }, words)
                },
            );
            let took = b.duration_ms.map_or_else(String::new, |ms| humane(std::time::Duration::from_millis(ms)));
            vec![
                vec![state::build(b.result).show(glyphs)],
                vec![span(Role::Text, format!("{} #{}", b.job.line(), b.number))],
                vec![tests],
                vec![span(Role::Muted, took)],
            ]
        }
        Item::Ticket(t) => {
            vec![vec![state::ticket(t.category).show(glyphs)], text(&t.key), text(&t.summary), text(&t.status)]
        }
        Item::PullRequest(p) => {
            vec![vec![span(Role::Strong, format!("#{}", p.number))], text(&p.title), text(&p.author)]
        }
        Item::Commit(c) => {
            let sha: String = c.sha.line().chars().take(8).collect();
            let first = c.message.raw().lines().next().unwrap_or_default();
            let title = crate::text::line(first);
            vec![vec![span(Role::Muted, sha)], vec![span(Role::Text, title)], text(&c.author)]
        }
        Item::Artifact(a) => {
            let digest = a.digest.as_ref().map_or("no digest known", |d| d.as_str());
            vec![
                vec![state::covered(!a.by.is_empty()).show(glyphs)],
                vec![span(Role::Strong, a.name.line())],
                vec![span(Role::Muted, digest)],
            ]
        }
        Item::Attestation(a, _) => {
            let of = a.repository.as_ref().map_or("".into(), |r| short_repository(r));
            let commit: String = a.commit.as_ref().map(|c| c.line().chars().take(8).collect()).unwrap_or_default();
            vec![
                vec![state::attestation(a.state).show(glyphs)],
                text(&a.file),
                vec![span(Role::Text, of)],
                vec![span(Role::Muted, commit)],
            ]
        }
        Item::Unread(u) => vec![vec![state::UNREAD.show(glyphs)], text(&u.file)],
        Item::Note(note) => {
            vec![
                vec![span(Role::Warn, format!("{} note", glyphs.warn))],
                vec![span(Role::Text, crate::text::line(note))],
            ]
        }
        Item::Decision(d) => vec![
            vec![span(Role::Strong, d.verb.word())],
            vec![span(Role::Text, d.principal.to_string()), span(Role::Bad, format!("  {}", d.flags()))],
            vec![span(Role::Muted, moment(d.issued_at))],
            vec![state::receipt(d.receipt.as_ref().map(|r| r.status)).show(glyphs)],
        ],
    }
}

/// Without the scheme, which takes room and says nothing.
fn short_repository(repository: &Untrusted) -> std::borrow::Cow<'_, str> {
    let line = repository.line();
    match line.strip_prefix("https://") {
        Some(rest) => rest.to_owned().into(),
        None => line,
    }
}

fn details(item: &Item<'_>, text: &mut Text) {
    match item {
        Item::Artifact(a) => {
            text.outside("artifact", Some(&a.name));
            text.fact("digest", Role::Text, a.digest.as_ref().map_or("no digest known", |d| d.as_str()));
            let words = if a.by.is_empty() { "no verified attestation speaks of it" } else { "a verified attestation" };
            text.fact("covered by", if a.by.is_empty() { Role::Bad } else { Role::Text }, words);
            for file in &a.by {
                text.outside("file", Some(file));
            }
        }
        Item::Attestation(a, provenance) => attestation(a, provenance, text),
        Item::Unread(u) => {
            text.outside("file", Some(&u.file));
            text.fact("state", Role::Bad, "it was not read");
            text.fact("reason", Role::Text, &u.reason.text.block());
        }
        Item::Gap(piece) => {
            text.fact("piece", Role::Strong, &piece.name);
            text.fact("state", Role::Bad, piece.completeness.word());
            if let Some(reason) = piece.completeness.reason() {
                text.fact("reason", Role::Text, &reason.text.block());
            }
            text.outside("address", Some(&piece.uri));
        }
        Item::Build(b) => {
            for cause in &b.causes {
                text.outside("cause", Some(cause));
            }
            text.outside("commit", b.commit.as_ref());
            text.outside("branch", b.branch.as_ref());
            text.outside("link", Some(&b.url));
            for (name, value) in &b.parameters {
                text.fact("parameter", Role::Text, &format!("{} = {}", name.line(), value.line()));
            }
            for change in &b.changes {
                text.fact("change", Role::Text, &format!("{}: {}", change.author.line(), change.message.line()));
            }
            for artifact in &b.artifacts {
                text.outside("artifact", Some(&artifact.path));
            }
        }
        Item::Ticket(t) => {
            text.outside("summary", Some(&t.summary));
            text.outside("kind", t.kind.as_ref());
            text.outside("priority", t.priority.as_ref());
            text.outside("assignee", t.assignee.as_ref());
            text.outside("resolution", t.resolution.as_ref());
            for version in &t.fix_versions {
                text.outside("fix version", Some(version));
            }
            text.outside("link", t.url.as_ref());
        }
        Item::Commit(c) => {
            text.outside("commit", Some(&c.sha));
            text.outside("author", Some(&c.author));
            let signed = match c.verified {
                Some(true) => "verified by the server",
                Some(false) => "not verified",
                None => "the server does not say",
            };
            text.fact("signature", Role::Text, signed);
            text.outside("message", Some(&c.message));
        }
        Item::PullRequest(p) => {
            text.outside("title", Some(&p.title));
            text.outside("author", Some(&p.author));
            text.fact("merged", Role::Text, &p.merged_at.map_or_else(|| "no".to_owned(), moment));
            text.outside("link", p.url.as_ref());
        }
        Item::Note(note) => text.fact("note", Role::Text, note),
        Item::Decision(d) => {
            text.outside("reason", Some(&d.reason));
            text.fact("dossier", Role::Text, d.dossier.as_str());
            text.fact("key", Role::Text, &d.key);
            text.fact("envelope", Role::Text, d.envelope.as_str());
            if let Some(receipt) = &d.receipt {
                text.fact("seen", Role::Text, &format!("{} {}", receipt.status.word(), receipt.detail.line()));
            }
        }
    }
}

fn attestation(a: &Attestation, provenance: &Provenance, text: &mut Text) {
    let state = state::attestation(a.state);
    text.fact("state", state.role, state.word);
    if let Some(reason) = &a.reason {
        text.fact("reason", Role::Text, &reason.text.block());
    }
    if let Some(note) = &a.note {
        text.fact("note", Role::Warn, &note.text.block());
    }
    match &a.identity {
        Some(who) if !a.state.is_proven() => {
            text.fact("signed by", Role::Text, &format!("claims to be {}", who.block()));
        }
        who => text.outside("signed by", who.as_ref()),
    }
    if let Some(key) = &a.key {
        text.fact("key", Role::Text, key);
    }
    text.outside("issuer", a.issuer.as_ref());
    text.outside("builder", a.builder.as_ref());
    text.outside("repository", a.repository.as_ref());
    text.outside("ref", a.reference.as_ref());
    text.outside("commit", a.commit.as_ref());
    text.outside("predicate", a.predicate.as_ref());
    text.outside("run", a.run.as_ref());
    let time = a.signed_at.map_or_else(|| "nothing proves when".to_owned(), moment);
    text.fact("signed", Role::Text, &time);
    let log = a.log_index.as_ref().map_or_else(|| "in no log that was checked".to_owned(), |n| format!("entry {n}"));
    text.fact("log", Role::Text, &log);
    for subject in &a.subjects {
        let digests: Vec<&str> = subject.digests.iter().map(SubjectDigest::as_str).collect();
        text.fact("subject", Role::Text, &format!("{} {}", subject.name.line(), digests.join(" ")));
    }
    for (name, value) in &provenance.expected {
        text.fact("expected", Role::Muted, &format!("{name}: {}", value.line()));
    }
    if let Some(newest) = provenance.root.as_ref().and_then(|r| r.newest) {
        text.fact("root", Role::Muted, &format!("its newest key is of {}", newest.date()));
    }
}
