//! What the console knows and shows. Changed only by [`update`](super::update); painted by [`view`](super::view).

pub mod decide;
pub mod dismiss;
pub mod findings;
pub mod form;
pub mod gates;
pub mod input;
pub mod items;
pub mod ledger;
pub mod lines;
pub mod listing;
pub mod log;
pub mod menu;
pub mod screens;
pub mod secret;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::dossier::Dossier;
use crate::domain::grouping::Group;
use crate::domain::ids::GateId;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Novelty, Triaged};

use super::action::Place;
use super::effect::{Effect, RequestId};
use super::glyphs::GlyphSet;
use super::keymap::{Key, Keymap};
use super::theme::{self, Theme};
use decide::DecideForm;
use dismiss::DismissForm;
use form::Form;
use gates::GateEntry;
use items::Item;
use ledger::LedgerScreen;
use log::{Log, Notice};
use menu::Menu;
use screens::{FindingScreen, Inbox, ReleaseScreen, Saved, Tab};
use secret::PassphraseForm;

/// What the console starts with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Now.
    pub now: Timestamp,
    /// How it looks.
    pub theme: Theme,
    /// Which signs it draws with.
    pub glyphs: GlyphSet,
    /// What keys mean.
    pub keymap: Keymap,
    /// The filters that have names.
    pub saved: Vec<Saved>,
    /// Whether nothing may be decided or dismissed.
    pub readonly: bool,
    /// Whether the mouse is reported from the start.
    pub mouse: bool,
}

/// The state of the console.
#[derive(Debug, Clone)]
pub struct Model {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// The time, as far as it was told.
    pub now: Timestamp,
    /// How it looks.
    pub theme: Theme,
    /// Which signs it draws with.
    pub glyphs: GlyphSet,
    /// The person's own theme, if it is none of those that are shipped.
    own_theme: Option<Theme>,
    /// What keys mean.
    pub keymap: Keymap,
    /// The filters that have names.
    pub saved: Vec<Saved>,
    /// Whether nothing may be decided or dismissed.
    pub readonly: bool,
    /// Whether the mouse is reported.
    pub mouse: bool,
    /// Everything known of gates, by id.
    pub gates: BTreeMap<GateId, GateEntry>,
    /// Whether the gates were listed at least once.
    pub listed: bool,
    /// Whether they are being listed now.
    pub refreshing: bool,
    /// What of the gates could not be read.
    pub shortfalls: Vec<String>,
    /// The inbox, which is the root.
    pub inbox: Inbox,
    /// The release that is open.
    pub release: Option<ReleaseScreen>,
    /// The finding that is open.
    pub finding: Option<FindingScreen>,
    /// The ledger, which may be over all of them.
    pub ledger: LedgerScreen,
    /// Forms and menus over the screen, the last one on top.
    pub overlays: Vec<Overlay>,
    /// Keys that began a sequence.
    pub prefix: Vec<Key>,
    /// What was done and what did not work.
    pub log: Log,
    /// What is said in the status line.
    pub notice: Option<Notice>,
    /// The decision that is on its way.
    pub in_flight: Option<InFlight>,
    last_request: u64,
}

/// A form or menu over the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// A decision.
    Decide(Box<DecideForm>),
    /// A dismissal.
    Dismiss(Box<DismissForm>),
    /// The passphrase of the key that signs.
    Passphrase(Box<PassphraseForm>),
    /// Help or the palette.
    Menu(Menu),
    /// The list of messages, and how far it is scrolled.
    Log(usize),
    /// The check of the ledger, and how far what it found is scrolled.
    Check(usize),
    /// The question whether to quit while a decision is on its way.
    Leave(Form),
}

/// A decision that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The run of its form.
    pub request: RequestId,
    /// The gate.
    pub gate: GateId,
    /// `approve payments@1.4.2/prod`.
    pub what: String,
    /// The step that was made last.
    pub step: String,
}

impl Model {
    /// The console at its start: nothing is known yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            width: setup.size.0,
            height: setup.size.1,
            now: setup.now,
            own_theme: Some(setup.theme.clone()).filter(|t| !theme::names().any(|n| n == t.name)),
            theme: setup.theme,
            glyphs: setup.glyphs,
            keymap: setup.keymap,
            saved: setup.saved,
            readonly: setup.readonly,
            mouse: setup.mouse,
            gates: BTreeMap::new(),
            listed: false,
            refreshing: true,
            shortfalls: Vec::new(),
            inbox: Inbox::default(),
            release: None,
            finding: None,
            ledger: LedgerScreen::default(),
            overlays: Vec::new(),
            prefix: Vec::new(),
            log: Log::default(),
            notice: None,
            in_flight: None,
            last_request: 0,
        }
    }

    /// What is to be done first, once the first frame is on the screen.
    pub fn first_effects(&self) -> Vec<Effect> {
        let mouse = self.mouse.then_some(Effect::SetMouse(true));
        mouse.into_iter().chain([Effect::Refresh]).collect()
    }

    /// Where the focus is.
    pub fn place(&self) -> Place {
        match self.overlays.last() {
            Some(Overlay::Decide(_) | Overlay::Dismiss(_) | Overlay::Passphrase(_) | Overlay::Leave(_)) => Place::Form,
            Some(Overlay::Menu(_)) => Place::Menu,
            Some(Overlay::Log(_)) => Place::Log,
            Some(Overlay::Check(_)) => Place::Check,
            None => self.base(),
        }
    }

    /// The screen under forms and menus.
    pub fn base(&self) -> Place {
        if self.ledger.shown {
            return if self.ledger.open.is_some() { Place::Record } else { Place::Ledger };
        }
        match (&self.finding, &self.release) {
            (Some(_), _) => Place::Finding,
            (None, Some(release)) => match release.tab {
                Tab::Overview => Place::Overview,
                Tab::Findings => Place::Findings,
                Tab::Builds | Tab::Tickets | Tab::Changes | Tab::Provenance | Tab::Approvals => Place::Items,
            },
            (None, None) => Place::Inbox,
        }
    }

    /// Whether characters go into a text field.
    pub fn is_typing(&self) -> bool {
        match self.overlays.last() {
            Some(Overlay::Decide(form)) => form.is_typing(),
            Some(Overlay::Dismiss(form)) => form.is_typing(),
            Some(Overlay::Menu(menu)) => menu.searching,
            Some(Overlay::Passphrase(_)) => true,
            Some(Overlay::Log(_) | Overlay::Check(_) | Overlay::Leave(_)) => false,
            None => match self.base() {
                Place::Inbox => self.inbox.filter.open,
                Place::Ledger => self.ledger.filter.open,
                Place::Findings => self.release.as_ref().is_some_and(|r| r.findings.filter.open),
                _ => false,
            },
        }
    }

    /// Whether there is more than one field or button to be on.
    pub fn focus_moves(&self) -> bool {
        match self.overlays.last() {
            Some(Overlay::Decide(form)) => form.buttons().1.is_some(),
            Some(Overlay::Dismiss(form)) => !form.busy,
            Some(Overlay::Leave(_)) => true,
            _ => false,
        }
    }

    /// Whether something on the screen counts seconds.
    pub fn is_counting(&self) -> bool {
        self.overlays.iter().any(|overlay| match overlay {
            Overlay::Decide(form) => form.is_counting(),
            Overlay::Dismiss(form) => form.touch_until.is_some(),
            Overlay::Passphrase(_) | Overlay::Menu(_) | Overlay::Log(_) | Overlay::Check(_) | Overlay::Leave(_) => {
                false
            }
        })
    }

    /// The gate that is looked at: of the open release, else the one that the cursor of the inbox is on.
    pub fn current_gate(&self) -> Option<&GateEntry> {
        let id = self.release.as_ref().map(|r| &r.gate).or_else(|| self.inbox.list.selected())?;
        self.gates.get(id)
    }

    /// The dossier of the gate that is looked at.
    pub fn current_dossier(&self) -> Option<&Arc<Dossier>> {
        self.current_gate()?.dossier.as_ref()
    }

    /// The finding that is open, or that the cursor is on.
    pub fn current_finding(&self) -> Option<&Triaged> {
        let release = self.release.as_ref()?;
        match &self.finding {
            Some(open) => open.of(self.gates.get(&release.gate)?.dossier.as_ref()?),
            None if release.tab == Tab::Findings => release.findings.selected(),
            None => None,
        }
    }

    /// The group of findings whose heading the cursor is on.
    pub fn current_group(&self) -> Option<&Group> {
        let release = self.release.as_ref().filter(|r| self.finding.is_none() && r.tab == Tab::Findings)?;
        release.findings.selected_group()
    }

    /// Whether findings are being looked for: then there is something to go on with between keys.
    pub fn is_searching(&self) -> bool {
        self.release.as_ref().is_some_and(|r| r.findings.progress().is_some())
    }

    /// The line of builds, tickets, changes or approvals that the cursor is on.
    pub fn current_item(&self) -> Option<Item<'_>> {
        let release = self.release.as_ref().filter(|_| self.finding.is_none())?;
        let entry = self.gates.get(&release.gate)?;
        items::of(entry, release.tab).into_iter().nth(release.items.cursor())
    }

    /// Whether something may be decided over the gate that is looked at; else why not.
    pub fn may_decide(&self) -> Result<(), String> {
        if self.readonly {
            return Err("The console was opened with --readonly.".to_owned());
        }
        let entry = self.current_gate().ok_or_else(|| "There is no gate here.".to_owned())?;
        if entry.gone {
            return Err("The gate is no longer open.".to_owned());
        }
        if self.in_flight.is_some() {
            return Err("A decision is on its way; it must come to its end first.".to_owned());
        }
        if entry.dossier.is_none() {
            return Err("The evidence is not here yet: a decision is bound to it.".to_owned());
        }
        Ok(())
    }

    /// Whether `q` leads out of here; else what does.
    pub fn may_quit(&self) -> Result<(), String> {
        if self.overlays.is_empty() && self.base() != Place::Inbox {
            return Err("q quits from the inbox; Esc goes back.".to_owned());
        }
        Ok(())
    }

    /// Whether findings stand in groups; else what puts them there.
    pub fn may_fold(&self) -> Result<(), String> {
        match &self.release {
            Some(release) if release.findings.by.is_some() => Ok(()),
            _ => Err("The findings are not in groups; b puts them there.".to_owned()),
        }
    }

    /// Whether findings may be dismissed here; else why not.
    pub fn may_dismiss(&self) -> Result<(), String> {
        if self.readonly {
            return Err("The console was opened with --readonly.".to_owned());
        }
        let marked = self.release.as_ref().is_some_and(|r| !r.findings.marked.is_empty());
        match self.current_finding() {
            None if !marked && self.current_group().is_some() => {
                Err("This is the heading of a group; space marks its findings.".to_owned())
            }
            None if !marked => Err("There is no finding here.".to_owned()),
            Some(triaged) if !marked && matches!(triaged.novelty, Novelty::Fixed | Novelty::Unseen) => {
                Err("The finding is not of this release: only the last approved one had it.".to_owned())
            }
            Some(triaged) if !marked && !triaged.is_open() => Err("The finding is dismissed already.".to_owned()),
            _ => Ok(()),
        }
    }

    /// The link of the line that the cursor is on: `http` or `https`, with nothing in it that cannot be seen.
    pub fn link(&self) -> Option<String> {
        let raw = match self.base() {
            Place::Findings | Place::Finding => self.current_finding()?.finding.url.as_ref()?.raw(),
            Place::Items => return safe_link(self.current_item()?.url()?),
            Place::Ledger | Place::Record => return None,
            _ => self.current_gate()?.row.gate.url.as_ref()?.raw(),
        };
        safe_link(raw)
    }

    /// The names of the themes that there are, in the order in which they take turns.
    pub fn themes(&self) -> Vec<String> {
        self.own_theme.iter().map(|t| t.name.clone()).chain(theme::names().map(ToOwned::to_owned)).collect()
    }

    /// Takes on a theme, by name.
    pub fn wear(&mut self, name: &str) {
        let own = self.own_theme.clone().filter(|t| t.name == name);
        if let Some(theme) = own.or_else(|| Theme::shipped(name).ok()) {
            self.notice = Some(Notice { bad: false, text: format!("The theme is {}.", theme.name) });
            self.theme = theme;
        }
    }

    /// Names a new run of a form.
    pub fn new_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }
}

fn safe_link(raw: &str) -> Option<String> {
    let web = raw.starts_with("https://") || raw.starts_with("http://");
    let clean = !raw.chars().any(|c| c == ' ' || crate::text::is_hidden(c)) && raw.len() <= crate::text::LINE_LIMIT;
    (web && clean).then(|| raw.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_clean_web_addresses_are_links() {
        use super::safe_link;
        assert!(safe_link("https://jira.example.com/browse/PAY-1").is_some());
        for bad in ["javascript:alert(1)", "file:///etc/passwd", "https://a\u{202e}b", "https://a b", "https://a\u{1b}"]
        {
            assert_eq!(safe_link(bad), None, "{bad:?}");
        }
    }
}
