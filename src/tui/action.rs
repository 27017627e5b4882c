//! What can be done in the console: one table, from which the footer, help, the palette and the docs are made.
//!
//! The keys of each action are in `assets/keymap/default.toml`; see [`keymap`](super::keymap).

use super::model::Model;

/// Where the focus is, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The list of gates.
    Inbox,
    /// A release's overview.
    Overview,
    /// A release's builds, tickets, changes, provenance or approvals.
    Items,
    /// A release's findings.
    Findings,
    /// One finding in full.
    Finding,
    /// A decision or dismissal form, or the question whether to quit.
    Form,
    /// Help or the palette.
    Menu,
    /// The list of messages.
    Log,
    /// The records of the ledger.
    Ledger,
    /// One record in full.
    Record,
    /// The check of the ledger.
    Check,
}

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented in the table, which is what people read")]
pub enum Action {
    Down,
    Up,
    First,
    Last,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Right,
    Left,
    NextPane,
    PreviousPane,
    Overview,
    Builds,
    Tickets,
    Findings,
    Changes,
    Approvals,
    Provenance,
    Open,
    Back,
    Quit,
    Interrupt,
    Filter,
    NextMatch,
    PreviousMatch,
    Sort,
    Refresh,
    GroupSeverity,
    GroupRule,
    GroupComponent,
    GroupFile,
    GroupTool,
    GroupClass,
    Ungroup,
    Fold,
    FoldAll,
    Mark,
    MarkAll,
    Approve,
    Reject,
    Halt,
    Comment,
    Dismiss,
    LookAgain,
    Edit,
    OpenLink,
    Copy,
    CopyDigest,
    Ledger,
    CheckLedger,
    Help,
    Palette,
    Messages,
    ToggleMouse,
    Theme,
    Redraw,
    Suspend,
}

/// One line of the table.
pub struct Spec {
    /// The action.
    pub action: Action,
    /// Its name: in the keymap file, the palette and help.
    pub name: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
    /// The part of help that it stands in.
    pub group: &'static str,
    /// Where it can be done; empty means everywhere.
    pub places: &'static [Place],
    /// Its word in the footer, if it has one.
    pub footer: Option<&'static str>,
    /// Whether it can be done now; else why not.
    pub when: fn(&Model) -> Result<(), String>,
}

impl Spec {
    /// Whether it can be done at a place.
    pub fn is_at(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// Whether there is a place where both can be done.
    pub fn meets(&self, other: &Self) -> bool {
        self.places.is_empty() || other.places.is_empty() || self.places.iter().any(|p| other.places.contains(p))
    }
}

impl Action {
    /// Its line in the table.
    pub fn spec(self) -> &'static Spec {
        // The table is in the order of the variants; a test holds it to that.
        TABLE.get(self as usize).unwrap_or(&TABLE[0])
    }

    /// By name.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|s| s.name == name).map(|s| s.action)
    }
}

const fn spec(action: Action, name: &'static str, doc: &'static str, group: &'static str) -> Spec {
    Spec { action, name, doc, group, places: &[], footer: None, when: always }
}

impl Spec {
    const fn at(mut self, places: &'static [Place]) -> Self {
        self.places = places;
        self
    }

    const fn footer(mut self, word: &'static str) -> Self {
        self.footer = Some(word);
        self
    }

    const fn when(mut self, when: fn(&Model) -> Result<(), String>) -> Self {
        self.when = when;
        self
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in the table beside those that may refuse")]
fn always(_model: &Model) -> Result<(), String> {
    Ok(())
}

const GATES: &[Place] = &[Place::Inbox, Place::Overview, Place::Items, Place::Findings, Place::Finding];
const BASE: &[Place] =
    &[Place::Inbox, Place::Overview, Place::Items, Place::Findings, Place::Finding, Place::Ledger, Place::Record];
const RELEASE: &[Place] = &[Place::Overview, Place::Items, Place::Findings];
const LISTS: &[Place] = &[Place::Inbox, Place::Findings, Place::Ledger];
const NO_FORM: &[Place] = &[
    Place::Inbox,
    Place::Overview,
    Place::Items,
    Place::Findings,
    Place::Finding,
    Place::Ledger,
    Place::Record,
    Place::Menu,
    Place::Log,
    Place::Check,
];
const FINDINGS: &[Place] = &[Place::Findings];
const MOVE: &str = "Moving";
const VIEW: &str = "Looking";
const DO: &str = "Deciding";
const APP: &str = "The console";

/// The table, in the order of help.
pub const TABLE: &[Spec] = &[
    spec(Action::Down, "down", "Goes down one line, or to the next field.", MOVE),
    spec(Action::Up, "up", "Goes up one line, or to the field before.", MOVE),
    spec(Action::First, "first", "Goes to the first line.", MOVE),
    spec(Action::Last, "last", "Goes to the last line.", MOVE),
    spec(Action::HalfDown, "half-down", "Goes down half a page.", MOVE),
    spec(Action::HalfUp, "half-up", "Goes up half a page.", MOVE),
    spec(Action::PageDown, "page-down", "Goes down a page.", MOVE),
    spec(Action::PageUp, "page-up", "Goes up a page.", MOVE),
    spec(Action::Right, "right", "Goes to the next tab, choice or button.", MOVE),
    spec(Action::Left, "left", "Goes to the tab, choice or button before.", MOVE),
    spec(Action::NextPane, "next-pane", "Goes to the next tab or field.", MOVE),
    spec(Action::PreviousPane, "previous-pane", "Goes to the tab or field before.", MOVE),
    spec(Action::Overview, "overview", "Shows the verdict, its reasons and every source.", VIEW).at(RELEASE),
    spec(Action::Builds, "builds", "Shows the builds.", VIEW).at(RELEASE),
    spec(Action::Tickets, "tickets", "Shows the tickets.", VIEW).at(RELEASE),
    spec(Action::Findings, "findings", "Shows the findings.", VIEW).at(RELEASE),
    spec(Action::Changes, "changes", "Shows the changes since the last approved release.", VIEW).at(RELEASE),
    spec(Action::Approvals, "approvals", "Shows the decisions over this gate.", VIEW).at(RELEASE),
    spec(Action::Provenance, "provenance", "Shows who attested where the artifacts come from.", VIEW).at(RELEASE),
    spec(Action::Open, "open", "Opens the line, or presses the button.", VIEW).footer("open"),
    spec(Action::Back, "back", "Goes back one level; never quits.", APP).footer("back"),
    spec(Action::Quit, "quit", "Quits from the inbox.", APP).at(NO_FORM).footer("quit").when(Model::may_quit),
    spec(Action::Interrupt, "interrupt", "Quits at once, from anywhere.", APP),
    spec(Action::Filter, "filter", "Shows only what a query finds; in help, searches.", VIEW)
        .at(&[Place::Inbox, Place::Findings, Place::Ledger, Place::Menu])
        .footer("filter"),
    spec(Action::NextMatch, "next-match", "Goes to the next match of the filter.", VIEW).at(LISTS),
    spec(Action::PreviousMatch, "previous-match", "Goes to the match of the filter before.", VIEW).at(LISTS),
    spec(Action::Sort, "sort", "Sorts the inbox by another column.", VIEW).at(&[Place::Inbox]).footer("sort"),
    spec(Action::Refresh, "refresh", "Reads the gates, or the ledger, again.", VIEW).at(BASE).footer("refresh"),
    spec(Action::GroupSeverity, "group-severity", "Groups the findings by severity.", VIEW)
        .at(FINDINGS)
        .footer("group"),
    spec(Action::GroupRule, "group-rule", "Groups the findings by rule.", VIEW).at(FINDINGS),
    spec(Action::GroupComponent, "group-component", "Groups the findings by the package they are in.", VIEW)
        .at(FINDINGS),
    spec(Action::GroupFile, "group-file", "Groups the findings by file, URL or image.", VIEW).at(FINDINGS),
    spec(Action::GroupTool, "group-tool", "Groups the findings by the tools that report them.", VIEW).at(FINDINGS),
    spec(Action::GroupClass, "group-class", "Groups the findings by class: sast, sca, secret, ...", VIEW).at(FINDINGS),
    spec(Action::Ungroup, "ungroup", "Shows the findings in one list.", VIEW).at(FINDINGS),
    spec(Action::Fold, "fold", "Closes or opens the group; Enter on its heading does too.", VIEW)
        .at(FINDINGS)
        .when(Model::may_fold),
    spec(Action::FoldAll, "fold-all", "Closes or opens all groups.", VIEW).at(FINDINGS).when(Model::may_fold),
    spec(Action::Mark, "mark", "Marks the finding, or a group's, to dismiss several together.", VIEW)
        .at(&[Place::Findings])
        .footer("mark"),
    spec(Action::MarkAll, "mark-all", "Marks all findings that the filter shows, or none.", VIEW)
        .at(&[Place::Findings]),
    spec(Action::Approve, "approve", "Opens the form to answer the gate with yes.", DO)
        .at(GATES)
        .footer("approve")
        .when(Model::may_decide),
    spec(Action::Reject, "reject", "Opens the form to answer the gate with no.", DO)
        .at(GATES)
        .footer("reject")
        .when(Model::may_decide),
    spec(Action::Halt, "halt", "Opens the form to stop the pipeline's run.", DO)
        .at(GATES)
        .footer("halt")
        .when(Model::may_decide),
    spec(Action::Comment, "comment", "Opens the form to record a remark.", DO).at(GATES).when(Model::may_decide),
    spec(Action::Dismiss, "dismiss", "Opens the form to dismiss the finding, or all that are marked.", DO)
        .at(&[Place::Findings, Place::Finding])
        .footer("dismiss")
        .when(Model::may_dismiss),
    spec(Action::LookAgain, "look-again", "In a form: takes up the evidence as it is now.", DO).at(&[Place::Form]),
    spec(Action::Edit, "edit", "In a form: writes the text in your own editor.", DO).at(&[Place::Form]),
    spec(Action::OpenLink, "open-link", "Opens the link of the line in a browser.", VIEW)
        .at(GATES)
        .footer("link")
        .when(|m| m.link().map(|_| ()).ok_or_else(|| "There is no link here.".to_owned())),
    spec(Action::Copy, "copy", "Copies the line's link, id or digest.", VIEW).at(BASE),
    spec(Action::CopyDigest, "copy-digest", "Copies the digest of the dossier.", VIEW).at(GATES),
    spec(Action::Ledger, "ledger", "Shows the records of the ledger.", VIEW).at(BASE).footer("ledger"),
    spec(Action::CheckLedger, "check-ledger", "Checks the whole ledger; while it does, calls the check off.", VIEW)
        .at(&[Place::Ledger, Place::Record, Place::Check])
        .footer("verify all"),
    spec(Action::Help, "help", "Shows what can be done here.", APP).at(NO_FORM).footer("help"),
    spec(Action::Palette, "palette", "Finds any action by a few letters.", APP).at(BASE),
    spec(Action::Messages, "messages", "Shows errors and what was done, in full.", APP).at(BASE),
    spec(Action::ToggleMouse, "toggle-mouse", "Turns the mouse on or off.", APP).at(BASE),
    spec(Action::Theme, "theme", "Puts on the next theme; the palette names them all.", APP).at(BASE),
    spec(Action::Redraw, "redraw", "Paints the whole screen again.", APP),
    spec(Action::Suspend, "suspend", "Hands the terminal back to the shell until `fg`.", APP),
];

/// The reference of actions and keys, in Markdown, for the docs.
pub fn reference(keymap: &super::keymap::Keymap) -> String {
    let mut out = String::from("| keys | action | does |\n|---|---|---|\n");
    for spec in TABLE {
        let keys: Vec<String> = keymap.keys_of(spec.action).iter().map(|k| format!("`{k}`")).collect();
        out.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), spec.name, spec.doc));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_actions() {
        for (i, spec) in TABLE.iter().enumerate() {
            assert_eq!(spec.action as usize, i, "{}", spec.name);
            assert_eq!(Action::named(spec.name), Some(spec.action));
            assert!(spec.doc.ends_with('.'), "{}", spec.name);
        }
    }

    #[test]
    fn the_reference_names_every_action() {
        let text = reference(&super::super::keymap::Keymap::load(None).unwrap());
        assert_eq!(text.lines().count(), TABLE.len() + 2);
        assert!(text.contains("| `a` | approve |"));
    }
}
