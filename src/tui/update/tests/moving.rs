//! Moving, filters, going back, pasting, refreshing.

use crossterm::event::{Event, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

use crate::tui::action::{Action, Place};
use crate::tui::effect::Effect;
use crate::tui::msg::{Listed, Msg};
use crate::tui::testing::{Driver, sample};

fn selected(driver: &Driver) -> String {
    driver.model.inbox.list.selected().map(|id| id.native()[0].clone()).unwrap_or_default()
}

#[test]
fn a_refresh_moves_no_selection() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g j");
    assert_eq!(selected(&driver), "search");
    let mut rows: Vec<_> = sample::world().into_iter().map(|(row, _)| row).collect();
    rows.insert(0, sample::row("older", "1", "prod", 900_000, true));
    rows.retain(|r| r.release.service != "payments");
    let effects = driver.send(Msg::GatesListed(Box::new(Listed { rows, shortfalls: Vec::new(), now: sample::now() })));
    assert_eq!(selected(&driver), "search");
    let assembled = effects.iter().filter(|e| matches!(e, Effect::Assemble(_))).count();
    assert_eq!(assembled, 3, "web is being put together already, and is not asked for twice: {effects:?}");
}

#[test]
fn a_new_dossier_moves_no_finding() {
    let mut driver = Driver::sample(80, 24);
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.press("g <enter> 4 j j j");
    let before = driver.model.current_finding().unwrap().finding.fingerprint;
    driver.ready(sample::dossier(&row, 40), Vec::new());
    assert_eq!(driver.model.current_finding().unwrap().finding.fingerprint, before);
    driver.press("3 j");
    let ticket = driver.model.current_item().unwrap().key();
    driver.ready(sample::dossier(&row, 5), Vec::new());
    assert_eq!(driver.model.current_item().unwrap().key(), ticket);
}

#[test]
fn esc_goes_back_one_level_and_never_quits() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 4 <enter> ?");
    let mut places = vec![driver.model.place()];
    for _ in 0..5 {
        assert!(driver.press("<esc>").is_empty());
        places.push(driver.model.place());
    }
    let Place::Menu = places.remove(0) else { panic!("help is not open") };
    assert_eq!(places, [Place::Finding, Place::Findings, Place::Inbox, Place::Inbox, Place::Inbox]);
}

#[test]
fn q_quits_from_the_root_only_and_ctrl_c_from_anywhere() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter>");
    assert!(driver.press("q").is_empty());
    assert!(driver.screen().contains("q quits from the inbox"));
    driver.press("a <tab> <tab>");
    assert!(driver.model.is_typing());
    assert_eq!(driver.press("ctrl-c"), [Effect::Quit]);
    driver.press("<esc> <esc>");
    assert_eq!(driver.press("q"), [Effect::Quit]);
}

#[test]
fn a_filter_finds_as_it_is_typed_and_keeps_the_finding() {
    let mut driver = Driver::sample(100, 30);
    driver.press("g <enter> 4 j");
    let before = driver.model.current_finding().unwrap().finding.title.clone();
    driver.press("/");
    driver.type_text("number");
    assert_eq!(driver.model.current_finding().unwrap().finding.title, before);
    assert_eq!(driver.model.release.as_ref().unwrap().findings.lines.len(), 5);
    driver.press("<enter> n");
    assert_ne!(driver.model.current_finding().unwrap().finding.title, before);
    driver.press("N");
    assert_eq!(driver.model.current_finding().unwrap().finding.title, before);
    driver.press("<esc>");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.lines.len(), 6);
    assert_eq!(driver.model.current_finding().unwrap().finding.title, before);
}

#[test]
fn a_filter_that_cannot_be_read_says_where() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 4 /");
    driver.type_text("ab sev>=hihg");
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let (input, error) = (lines[22], lines[23]);
    assert_eq!(input.find("hihg"), error.find('^'), "{screen}");
    assert!(error.contains("high"), "the nearest right word is named: {screen}");
}

#[test]
fn words_that_may_follow_are_shown_and_take_turns() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 4 /");
    let text = |driver: &Driver| driver.model.release.as_ref().unwrap().findings.filter.input.text();
    assert!(driver.screen().contains("tab sev: status: novelty:") && driver.screen().contains(" more"));
    driver.type_text("cv");
    assert!(driver.screen().contains("tab cve: cvss>="), "{}", driver.screen());
    driver.press("<tab>");
    assert_eq!(text(&driver), "cve:");
    driver.press("<tab>");
    assert_eq!(text(&driver), "cvss>=");
    driver.press("shift-<tab>");
    assert_eq!(text(&driver), "cve:");
    driver.press("<tab>");
    driver.type_text("9 status:no");
    driver.press("<tab>");
    assert_eq!(text(&driver), "cvss>=9 status:not-affected");
    driver.type_text(" novelty:");
    assert!(driver.screen().contains("tab fixed known"), "what may stand there is shown: {}", driver.screen());
    driver.press("<tab> <tab>");
    assert_eq!(text(&driver), "cvss>=9 status:not-affected novelty:known");
    let screen = driver.screen();
    assert!(screen.contains("fixed known new"), "those whose turn it is not stay in sight: {screen}");
    assert!(driver.model.is_typing(), "Tab does not leave the filter");
}

#[test]
fn groups_are_closed_marked_and_moved_through() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 4 z a");
    assert!(driver.screen().contains("not in groups"), "{}", driver.screen());
    driver.press("b s");
    assert!(driver.model.current_finding().is_some());
    assert!(driver.screen().contains("[-] high  2 open"), "the heading over it is to be seen: {}", driver.screen());
    driver.press("g");
    assert!(driver.model.current_group().is_some());
    // The heading stands for its open findings.
    driver.press("<space>");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.marked.len(), 2);
    driver.press("<space>");
    assert!(driver.model.release.as_ref().unwrap().findings.marked.is_empty());
    assert!(driver.press("d").is_empty());
    assert!(driver.model.overlays.is_empty() && driver.screen().contains("heading of a group"));
    let lines = driver.model.release.as_ref().unwrap().findings.lines.len();
    driver.press("<enter>");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.lines.len(), lines - 2);
    assert!(driver.model.finding.is_none() && driver.screen().contains("[+] high"));
    driver.press("z A G");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.lines.len(), 3);
    driver.press("z A /");
    driver.type_text("number");
    driver.press("<enter> g");
    for _ in 0..5 {
        driver.press("n");
        assert!(driver.model.current_finding().is_some(), "a match is a finding, never a heading");
    }
    driver.press("b b <esc>");
    assert!(!driver.screen().contains("[-]"));
}

#[test]
fn what_is_gone_cannot_be_dismissed() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 4 /");
    driver.type_text("fixed");
    driver.press("<enter> d");
    assert!(driver.model.overlays.is_empty() && driver.screen().contains("not of this release"));
    driver.press("<space>");
    assert!(driver.model.release.as_ref().unwrap().findings.marked.is_empty());
    driver.press("<enter>");
    assert!(driver.screen().contains("fixed: the last approved release had it"), "{}", driver.screen());
}

#[test]
fn the_inbox_is_filtered_too() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g /");
    driver.type_text("verdict:block");
    assert_eq!(selected(&driver), "search");
    assert_eq!(driver.model.inbox.list.keys().len(), 1);
    driver.press("<enter>");
    assert!(driver.screen().contains("filter: verdict:block"), "{}", driver.screen());
    driver.press("<esc>");
    assert_eq!(driver.model.inbox.list.keys().len(), 4);
    assert_eq!(selected(&driver), "search", "the cursor stays on its gate");
}

#[test]
fn the_last_good_filter_of_the_inbox_stays_in_force() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g /");
    driver.type_text("env:staging");
    driver.event(&Event::Paste(" verdict:pss".to_owned()));
    let shown: Vec<_> = driver.model.inbox.list.keys().iter().map(|id| id.native()[0].clone()).collect();
    assert_eq!(shown, ["ledger"]);
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines[22].find("pss"), lines[23].find('^'), "{screen}");
    assert!(lines[23].contains("Did you mean \"pass\"?"), "{screen}");
    driver.press("<enter>");
    assert!(driver.model.is_typing(), "what cannot be read is not taken");
    driver.press("<backspace> <backspace>");
    driver.type_text("ass");
    assert!(driver.model.inbox.filter.error.is_none());
}

#[test]
fn a_caret_is_seen_where_the_message_has_no_room_beside_it() {
    let mut driver = Driver::sample(60, 15);
    driver.press("g /");
    driver.type_text("env:prod version:1 service:payments sev>=hgh");
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines[13].find("hgh"), lines[14].find('^'), "{screen}");
    driver.type_text(" and a great deal more that scrolls the field to the left");
    let screen = driver.screen();
    assert!(screen.lines().nth(14).unwrap().contains("high"), "{screen}");
}

#[test]
fn what_may_follow_is_shown_and_tab_takes_it() {
    let mut driver = Driver::sample(120, 40);
    driver.press("g /");
    let screen = driver.screen();
    assert!(screen.lines().last().unwrap().contains("tab app: env: mine missing"), "{screen}");
    driver.type_text("verd");
    driver.press("<tab>");
    assert_eq!(driver.model.inbox.filter.input.text(), "verdict:");
    driver.type_text("b");
    driver.press("<tab>");
    assert_eq!(driver.model.inbox.filter.in_force, "verdict:block");
    driver.press("<esc> <enter> 4 /");
    driver.type_text("to");
    driver.press("<tab>");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.filter.input.text(), "tool:");
    assert_eq!(driver.model.place(), Place::Findings, "Tab completes, and does not go to another tab");
}

#[test]
fn a_word_that_may_become_a_field_does_not_empty_the_list() {
    let mut driver = Driver::sample(120, 40);
    driver.press("g /");
    driver.type_text("env:prod verdict");
    assert_eq!(driver.model.inbox.list.keys().len(), 3, "not searched for yet");
    assert_eq!(driver.model.inbox.filter.in_force, "env:prod");
    driver.type_text(":blok");
    assert_eq!(driver.model.inbox.list.keys().len(), 3, "the last good one is in force");
    driver.press("ctrl-u");
    driver.type_text("!missing");
    assert_eq!(driver.model.inbox.filter.in_force, "!missing", "a flag is whole");
    driver.press("ctrl-u");
    driver.type_text("serv");
    driver.press("<enter>");
    assert_eq!(driver.model.inbox.filter.in_force, "serv", "Enter says that it is text");
    assert!(driver.model.inbox.list.keys().is_empty());
}

#[test]
fn help_tells_the_syntax_of_the_list_that_it_was_opened_in() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g ?");
    assert!(
        driver.screen().contains("/ takes sev>=high, waiting>2h; !x is not x")
            && driver.screen().contains(" app: env: mine"),
        "{}",
        driver.screen()
    );
    driver.press("<esc> <enter> 4 ?");
    assert!(
        driver.screen().contains("/ takes sev>=high, cvss>=9;") && driver.screen().contains("status: novelty:"),
        "{}",
        driver.screen()
    );
    driver.press("<esc> 1 ?");
    assert!(!driver.screen().contains("/ takes"));
}

#[test]
fn saved_filters_are_in_the_palette_of_the_inbox() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g :");
    driver.type_text("filter blocked");
    driver.press("<enter>");
    assert_eq!(driver.model.inbox.filter.in_force, "verdict:block");
    assert_eq!(selected(&driver), "search");
    driver.press("<esc>");
    assert_eq!(driver.model.inbox.list.keys().len(), 4);
    driver.press("<enter> :");
    driver.type_text("filter blocked");
    assert!(!driver.screen().contains("Shows verdict:block"), "{}", driver.screen());
}

#[test]
fn themes_take_turns_and_are_named_in_the_palette() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g");
    let first = driver.model.theme.name.clone();
    let mut seen = vec![first.clone()];
    loop {
        driver.press("z t");
        if driver.model.theme.name == first {
            break;
        }
        assert!(!seen.contains(&driver.model.theme.name));
        seen.push(driver.model.theme.name.clone());
    }
    assert_eq!(seen.len(), crate::tui::theme::SHIPPED.len());
    driver.press(":");
    driver.type_text("theme high");
    driver.press("<enter>");
    assert_eq!(driver.model.theme.name, "high-contrast");
    assert!(driver.screen().contains("The theme is high-contrast."), "{}", driver.screen());
}

#[test]
fn pasted_text_goes_into_fields_and_never_acts() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter>");
    let before = driver.model.place();
    assert!(driver.event(&Event::Paste("a\nq\nx".to_owned())).is_empty());
    assert_eq!(driver.model.place(), before);
    assert!(driver.model.overlays.is_empty());
    driver.press("4 /");
    driver.event(&Event::Paste("two\nlines".to_owned()));
    assert_eq!(driver.model.release.as_ref().unwrap().findings.filter.input.text(), "two lines");
}

#[test]
fn only_presses_count() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g");
    for kind in [KeyEventKind::Release, KeyEventKind::Repeat] {
        let key = KeyEvent {
            code: crossterm::event::KeyCode::Char('q'),
            modifiers: KeyModifiers::NONE,
            kind,
            state: KeyEventState::NONE,
        };
        assert!(driver.event(&Event::Key(key)).is_empty());
    }
}

#[test]
fn the_palette_finds_by_a_few_letters_and_runs() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g :");
    driver.type_text("refr");
    assert!(driver.screen().contains("refresh"));
    assert_eq!(driver.press("<enter>"), [Effect::Refresh]);
    assert!(driver.press("r").is_empty(), "a refresh that is under way is not asked for again");
}

#[test]
fn help_is_searched_by_key_and_shows_why_not() {
    let mut driver = Driver::sample(120, 40);
    driver.model.readonly = true;
    driver.press("g ?");
    driver.press("/");
    driver.type_text("a");
    driver.press("<esc>");
    assert_eq!(driver.model.place(), Place::Menu);
    driver.press("/");
    driver.type_text("approve");
    assert!(driver.screen().contains("Not now: The console was opened with --readonly."), "{}", driver.screen());
    driver.press("<enter>");
    assert!(driver.model.overlays.is_empty(), "what cannot be done is not done");
}

#[test]
fn twelve_thousand_findings_are_moved_through() {
    let mut driver = Driver::sample(120, 40);
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.ready(sample::dossier(&row, 12_000), Vec::new());
    driver.press("g <enter> 4 G");
    let findings = &driver.model.release.as_ref().unwrap().findings;
    assert_eq!((findings.place.cursor(), findings.lines.len()), (11_999, 12_000));
    assert!(driver.screen().contains("12000/12000"));
    driver.press("ctrl-u <pgup> g");
    assert_eq!(driver.model.release.as_ref().unwrap().findings.place.top(), 0);
}

#[test]
fn links_are_opened_and_copied() {
    let mut driver = Driver::sample(80, 24);
    driver.press("g <enter> 3");
    let link = "https://jira.example.com/browse/PAY-12".to_owned();
    assert_eq!(driver.press("o"), [Effect::OpenUrl(link.clone())]);
    assert_eq!(driver.press("y"), [Effect::Copy(link)]);
    assert!(matches!(driver.press("Y").as_slice(), [Effect::Copy(d)] if d.starts_with("sha256:")));
}

#[test]
fn the_mouse_is_off_until_it_is_asked_for() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut driver = Driver::sample(80, 24);
    driver.press("g");
    let click = Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 4,
        row: 3,
        modifiers: KeyModifiers::NONE,
    });
    driver.event(&click);
    assert_eq!(selected(&driver), "payments");
    assert_eq!(driver.press("z m"), [Effect::SetMouse(true)]);
    driver.event(&click);
    assert_eq!(selected(&driver), "search");
    assert!(driver.send(Msg::Act(Action::Mark)).is_empty(), "an action of another place does nothing");
}
