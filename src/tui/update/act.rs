//! Actions: what each does depends on where the focus is.

use std::collections::BTreeSet;

use crate::domain::decision::Verb;
use crate::domain::grouping::GroupBy;
use crate::tui::action::{Action, Place};
use crate::tui::effect::Effect;
use crate::tui::layout;
use crate::tui::model::findings::Findings;
use crate::tui::model::form::{Focus, Form};
use crate::tui::model::lines::Line;
use crate::tui::model::listing::Step;
use crate::tui::model::menu::Menu;
use crate::tui::model::screens::{FindingScreen, ReleaseScreen, Tab};
use crate::tui::model::{Model, Overlay};

use super::{decide, dismiss, ledger, lists, menu, passphrase};

/// Does an action.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Interrupt => return vec![Effect::Quit],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        _ => {}
    }
    let spec = action.spec();
    if !spec.is_at(model.place()) {
        model.say(format!("{} cannot be done here.", spec.name));
        return Vec::new();
    }
    if let Err(why) = (spec.when)(model) {
        model.refuse(why);
        return Vec::new();
    }
    model.notice = None;
    match model.overlays.last() {
        Some(Overlay::Decide(_)) => decide::act(model, action),
        Some(Overlay::Dismiss(_)) => dismiss::act(model, action),
        Some(Overlay::Passphrase(_)) => passphrase::act(model, action),
        Some(Overlay::Menu(_)) => menu::act(model, action),
        Some(Overlay::Leave(_)) => leave(model, action),
        Some(Overlay::Check(_)) => ledger::check_act(model, action),
        Some(Overlay::Log(_)) => {
            match action {
                Action::Back | Action::Quit | Action::Open => {
                    model.overlays.pop();
                }
                _ => scroll(model, action),
            }
            Vec::new()
        }
        None => on_screen(model, action),
    }
}

fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.ledger.shown
        && let Some(effects) = ledger::act(model, action)
    {
        return effects;
    }
    match action {
        Action::Open => open(model),
        Action::Back => back(model),
        Action::Quit => return quit(model),
        Action::Refresh => return refresh(model),
        Action::Overview => show_tab(model, |_| Tab::Overview),
        Action::Builds => show_tab(model, |_| Tab::Builds),
        Action::Tickets => show_tab(model, |_| Tab::Tickets),
        Action::Findings => show_tab(model, |_| Tab::Findings),
        Action::Changes => show_tab(model, |_| Tab::Changes),
        Action::Provenance => show_tab(model, |_| Tab::Provenance),
        Action::Approvals => show_tab(model, |_| Tab::Approvals),
        Action::Ledger => return ledger::open(model),
        Action::NextPane if model.is_typing() => lists::complete_filter(model, false),
        Action::PreviousPane if model.is_typing() => lists::complete_filter(model, true),
        Action::Right | Action::NextPane if model.finding.is_none() => show_tab(model, |t| t.beside(false)),
        Action::Left | Action::PreviousPane if model.finding.is_none() => show_tab(model, |t| t.beside(true)),
        Action::Filter => lists::open_filter(model),
        Action::NextMatch => lists::match_step(model, Step::Around(1)),
        Action::PreviousMatch => lists::match_step(model, Step::Around(-1)),
        Action::Sort => lists::sort(model),
        Action::GroupSeverity => lists::group(model, Some(GroupBy::Severity)),
        Action::GroupRule => lists::group(model, Some(GroupBy::Rule)),
        Action::GroupComponent => lists::group(model, Some(GroupBy::Component)),
        Action::GroupFile => lists::group(model, Some(GroupBy::File)),
        Action::GroupTool => lists::group(model, Some(GroupBy::Tool)),
        Action::GroupClass => lists::group(model, Some(GroupBy::Class)),
        Action::Ungroup => lists::group(model, None),
        Action::Fold => fold(model, Findings::fold),
        Action::FoldAll => fold(model, Findings::fold_all),
        Action::Mark => lists::mark(model),
        Action::MarkAll => lists::mark_all(model),
        Action::Approve => decide::open(model, Verb::Approve),
        Action::Reject => decide::open(model, Verb::Reject),
        Action::Halt => decide::open(model, Verb::Halt),
        Action::Comment => decide::open(model, Verb::Comment),
        Action::Dismiss => dismiss::open(model),
        Action::OpenLink => return model.link().map(Effect::OpenUrl).into_iter().collect(),
        Action::Copy => return copy(model),
        Action::CopyDigest => return copy_digest(model),
        Action::Help => model.overlays.push(Overlay::Menu(Menu::help(model))),
        Action::Palette => model.overlays.push(Overlay::Menu(Menu::palette(model))),
        Action::Theme => next_theme(model),
        Action::Messages => model.overlays.push(Overlay::Log(0)),
        Action::ToggleMouse => {
            model.mouse = !model.mouse;
            let how = if model.mouse { "on; hold Shift to select text" } else { "off" };
            model.say(format!("The mouse is {how}."));
            return vec![Effect::SetMouse(model.mouse)];
        }
        _ => scroll(model, action),
    }
    Vec::new()
}

/// Moves the cursor of the list that has the focus, or scrolls the text.
pub(super) fn scroll(model: &mut Model, action: Action) {
    let page = isize::try_from(page(model)).unwrap_or(1).max(1);
    let step = match action {
        Action::Down => Step::By(1),
        Action::Up => Step::By(-1),
        Action::HalfDown => Step::By((page / 2).max(1)),
        Action::HalfUp => Step::By(-(page / 2).max(1)),
        Action::PageDown => Step::By(page),
        Action::PageUp => Step::By(-page),
        Action::First => Step::First,
        Action::Last => Step::Last,
        _ => return,
    };
    if let Some(at) = super::scroll(model) {
        *at = match step {
            Step::By(n) | Step::Around(n) => at.saturating_add_signed(n),
            Step::First => 0,
            Step::Last => usize::MAX,
        };
        return;
    }
    if model.overlays.is_empty() && model.ledger.shown {
        model.ledger.list.step(step);
        return;
    }
    match (model.overlays.last_mut(), &mut model.release) {
        (Some(Overlay::Menu(menu)), _) => menu.list.step(step),
        (Some(_), _) => {}
        (None, Some(release)) if release.tab == Tab::Findings => release.findings.step(step),
        (None, Some(release)) => release.items.step(step),
        (None, None) => model.inbox.list.step(step),
    }
}

/// How many lines a page of what has the focus has.
fn page(model: &Model) -> usize {
    let rows = match model.overlays.last() {
        Some(Overlay::Menu(menu)) => layout::menu_rows(model.width, model.height, menu.tells_syntax()),
        Some(Overlay::Log(_) | Overlay::Check(_)) => layout::menu_rows(model.width, model.height, false),
        Some(_) => layout::form(model.width, model.height).height.saturating_sub(10),
        None => layout::areas(model.width, model.height, model.base()).body.height,
    };
    usize::from(rows)
}

fn open(model: &mut Model) {
    match model.base() {
        _ if model.is_typing() => lists::keep_filter(model),
        Place::Inbox => {
            if let Some(gate) = model.inbox.list.selected().cloned() {
                model.release = Some(ReleaseScreen::new(gate));
                lists::show_findings(model);
                lists::show_items(model, None);
            }
        }
        Place::Findings => {
            let Some(release) = &mut model.release else { return };
            match release.findings.line() {
                Some(Line::Heading(_)) => release.findings.fold(),
                Some(Line::Finding(hint)) => {
                    let fingerprint = release.findings.get(hint).map(|t| t.finding.fingerprint);
                    model.finding = fingerprint.map(|fingerprint| FindingScreen { fingerprint, hint, scroll: 0 });
                }
                None => {}
            }
        }
        _ => {}
    }
}

/// One level back: the filter, the marks, the finding, the release. Never out of the console.
fn back(model: &mut Model) {
    if model.finding.take().is_some() || lists::close_filter(model) {
        return;
    }
    match &mut model.release {
        Some(release) if release.tab == Tab::Findings && !release.findings.marked.is_empty() => {
            release.findings.marked = BTreeSet::new();
        }
        Some(_) => {
            model.release = None;
            super::data::sweep(model);
        }
        None => model.say("This is the inbox. q quits."),
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.in_flight.is_some() {
        model.overlays.push(Overlay::Leave(Form::new(Vec::new())));
    } else {
        return vec![Effect::Quit];
    }
    Vec::new()
}

fn leave(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Leave(form)) = model.overlays.last_mut() else { return Vec::new() };
    match action {
        Action::Left | Action::Right | Action::NextPane | Action::PreviousPane | Action::Up | Action::Down => {
            form.sideways(false);
        }
        Action::Open if form.focus == Focus::Go => return vec![Effect::Quit],
        Action::Open | Action::Back => {
            model.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

fn refresh(model: &mut Model) -> Vec<Effect> {
    if model.refreshing {
        model.say("The gates are being read already.");
        return Vec::new();
    }
    model.refreshing = true;
    vec![Effect::Refresh]
}

fn show_tab(model: &mut Model, choose: impl FnOnce(Tab) -> Tab) {
    let Some(release) = &mut model.release else { return };
    release.tab = choose(release.tab);
    release.findings.filter.open = false;
    lists::show_items(model, None);
}

fn fold(model: &mut Model, how: impl FnOnce(&mut Findings)) {
    if let Some(release) = &mut model.release {
        how(&mut release.findings);
    }
}

fn next_theme(model: &mut Model) {
    let themes = model.themes();
    let at = themes.iter().position(|name| *name == model.theme.name);
    if let Some(next) = themes.get(at.map_or(0, |at| (at + 1) % themes.len())) {
        model.wear(next);
    }
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.base() {
        Place::Findings | Place::Finding => {
            model.link().or_else(|| model.current_finding().map(|t| t.finding.fingerprint.to_string()))
        }
        Place::Items => model.link().or_else(|| model.current_item().map(|i| i.name())),
        _ => model.link().or_else(|| model.current_gate().map(|e| e.row.gate.id.to_string())),
    };
    text.map(Effect::Copy).into_iter().collect()
}

fn copy_digest(model: &mut Model) -> Vec<Effect> {
    if let Some(dossier) = model.current_dossier() {
        return vec![Effect::Copy(dossier.digest.to_string())];
    }
    model.refuse("The evidence is not here yet.");
    Vec::new()
}
