//! The ledger: opened from anywhere, browsed, read again, checked.

use crate::domain::record::{LedgerCheck, Standing};
use crate::tui::action::Place;
use crate::tui::effect::{Effect, LedgerAsk, RequestId};
use crate::tui::model::ledger::Check;
use crate::tui::msg::{Failure, LedgerNews, Msg};
use crate::tui::testing::ledger::{lines, state};
use crate::tui::testing::{Driver, sample};

fn ledger(count: u64) -> Driver {
    let mut driver = Driver::sample(80, 24);
    driver.with_ledger(count);
    driver
}

fn begun(effects: &[Effect]) -> RequestId {
    let [Effect::Ledger(LedgerAsk::Check(request))] = effects else { panic!("{effects:?}") };
    *request
}

fn found(findings: &[&str]) -> LedgerCheck {
    LedgerCheck {
        head: None,
        entries: 9,
        signatures: 3,
        checkpoints: 3,
        seen: 2,
        findings: findings.iter().map(|f| (*f).to_owned()).collect(),
        hints: Vec::new(),
        at: sample::now(),
    }
}

#[test]
fn it_opens_from_every_screen_and_leads_back_there() {
    for (keys, place) in [
        ("", Place::Inbox),
        ("<enter>", Place::Overview),
        ("<enter> 4", Place::Findings),
        ("<enter> 4 <enter>", Place::Finding),
    ] {
        let mut driver = Driver::sample(80, 24);
        if !keys.is_empty() {
            driver.press(keys);
        }
        assert_eq!(driver.model.place(), place);
        driver.with_ledger(3);
        assert_eq!(driver.model.place(), Place::Ledger);
        for key in ["a", "x", "H", "c", "d"] {
            assert!(
                driver.press(key).is_empty() && driver.model.overlays.is_empty(),
                "{key} decides nothing from here"
            );
        }
        driver.press("<esc>");
        assert_eq!(driver.model.place(), place);
    }
    let mut driver = Driver::sample(80, 24);
    driver.press(":");
    driver.type_text("ledger records");
    assert!(matches!(driver.press("<enter>").as_slice(), [Effect::Ledger(LedgerAsk::List(_))]), "by the palette");
}

#[test]
fn escape_goes_back_level_by_level_and_never_quits() {
    let mut driver = ledger(9);
    driver.press("/");
    driver.type_text("by:ana");
    driver.press("<enter>");
    let effects = driver.press("<enter>");
    driver.answer_record(&effects);
    assert_eq!(driver.model.place(), Place::Record);
    driver.press("<esc>");
    assert_eq!((driver.model.place(), driver.model.ledger.list.keys().len()), (Place::Ledger, 4));
    driver.press("<esc>");
    assert_eq!((driver.model.place(), driver.model.ledger.list.keys().len()), (Place::Ledger, 9), "the filter goes");
    assert!(driver.press("q").is_empty(), "q quits from the inbox alone");
    driver.press("<esc>");
    assert_eq!(driver.model.place(), Place::Inbox);
}

#[test]
fn thousands_of_records_arrive_in_pages_while_one_moves() {
    let mut driver = Driver::sample(80, 24);
    let request = driver.open_ledger();
    driver.send(Msg::Ledger(LedgerNews::State { request, state: Box::new(state(20_000)), now: sample::now() }));
    let all = lines(20_000);
    let (first, rest) = all.split_at(512);
    driver.send(Msg::Ledger(LedgerNews::Page { request, lines: first.to_vec() }));
    driver.press("j j j");
    let on = driver.model.ledger.selected().cloned().unwrap();
    for page in rest.chunks(512) {
        driver.send(Msg::Ledger(LedgerNews::Page { request, lines: page.to_vec() }));
    }
    assert_eq!(driver.model.ledger.selected(), Some(&on), "the cursor stays");
    driver.send(Msg::Ledger(LedgerNews::Listed { request }));
    driver.press("G");
    assert_eq!(driver.model.ledger.selected().map(|l| l.seq), Some(3));
    for _ in 0..500 {
        driver.press("<pgup>");
        driver.screen();
    }
    driver.press("/");
    driver.type_text("1.4.19999");
    assert_eq!(driver.model.ledger.list.keys(), [59_997]);
}

#[test]
fn what_is_read_again_takes_the_place_of_the_old_at_once_and_keeps_the_cursor() {
    let mut driver = ledger(10);
    driver.press("j j");
    let on = driver.model.ledger.selected().map(|l| l.seq);
    let effects = driver.press("r");
    let [Effect::Ledger(LedgerAsk::List(request))] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(driver.press("r").is_empty(), "it is being read already");
    driver.send(Msg::Ledger(LedgerNews::State { request: *request, state: Box::new(state(12)), now: sample::now() }));
    driver.send(Msg::Ledger(LedgerNews::Page { request: *request, lines: lines(12) }));
    assert_eq!(driver.model.ledger.lines().len(), 10, "nothing moves before all is here");
    driver.send(Msg::Ledger(LedgerNews::Listed { request: *request }));
    assert_eq!(driver.model.ledger.lines().len(), 12);
    assert_eq!(driver.model.ledger.selected().map(|l| l.seq), on);
    driver.answer_ledger(RequestId(9_999), 3);
    assert_eq!(driver.model.ledger.lines().len(), 12, "an answer to nothing changes nothing");
}

#[test]
fn a_reading_that_fails_keeps_what_was_there() {
    let mut driver = ledger(10);
    let effects = driver.press("r");
    let [Effect::Ledger(LedgerAsk::List(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let failure = Failure { task: "read the ledger".to_owned(), message: "It is gone.".to_owned(), hints: Vec::new() };
    driver.send(Msg::Ledger(LedgerNews::OutOfReach { request: *request, failure }));
    assert_eq!(driver.model.ledger.lines().len(), 10);
    assert!(driver.screen().contains("✗ It is gone."), "{}", driver.screen());
    assert!(!driver.screen().contains("✓ whole"), "{}", driver.screen());
}

#[test]
fn records_are_read_when_they_are_opened_and_walked_through() {
    let mut driver = ledger(3);
    let first = driver.press("<enter>");
    let second = driver.press("<tab>");
    driver.answer_record(&first);
    assert!(driver.model.ledger.open.as_ref().unwrap().sheet.is_none(), "the answer was for another record");
    driver.answer_record(&second);
    let open = driver.model.ledger.open.clone().unwrap();
    assert_eq!(open.line.seq, 6);
    assert_eq!(driver.press("y"), [Effect::Copy(open.line.envelope.to_string())]);
    assert!(driver.press("l").len() == 1 && driver.press("l").is_empty(), "the oldest is the last");
    let copied = driver.press("<esc> y");
    let [Effect::Copy(text)] = copied.as_slice() else { panic!("nothing is copied") };
    assert!(text.starts_with("sha256:"), "the list copies it as well");
}

#[test]
fn the_later_word_on_a_record_is_the_one_that_is_shown() {
    let mut driver = ledger(3);
    let effects = driver.press("<enter>");
    let [Effect::Ledger(LedgerAsk::Open { request, .. })] = effects.as_slice() else { panic!("{effects:?}") };
    let mut line = driver.model.ledger.selected().cloned().unwrap();
    assert_eq!(line.standing, Standing::Verified);
    line.standing = Standing::NotVerified;
    let sheet = std::sync::Arc::new(crate::tui::testing::ledger::sheet(&line));
    driver.send(Msg::Ledger(LedgerNews::Opened { request: *request, sheet: Ok(sheet) }));
    assert!(driver.screen().contains("✗ NOT verified  claims to be by"), "{}", driver.screen());
}

#[test]
fn a_check_runs_on_while_one_looks_elsewhere_and_can_be_called_off() {
    let mut driver = ledger(3);
    let request = begun(&driver.press("v"));
    driver.press("<esc>");
    assert_eq!(driver.model.place(), Place::Ledger);
    driver.send(Msg::Ledger(LedgerNews::Checking { request, done: 5, all: 10 }));
    assert!(driver.screen().contains("5 of 10 entries, 50 %"), "{}", driver.screen());
    assert!(driver.press("v").is_empty(), "it is shown, and no other is begun");
    assert_eq!(driver.press("v"), [Effect::Ledger(LedgerAsk::CallOff(request))]);
    assert_eq!(driver.model.ledger.check, Check::CalledOff);
    driver.send(Msg::Ledger(LedgerNews::Checked { request, check: Ok(Some(Box::new(found(&[])))) }));
    assert_eq!(driver.model.ledger.check, Check::CalledOff, "what was called off says nothing");
    let again = begun(&driver.press("v"));
    driver.press("<esc> <esc>");
    driver.send(Msg::Ledger(LedgerNews::Checked { request: again, check: Ok(Some(Box::new(found(&[])))) }));
    assert!(driver.screen().contains("All 9 entries are as appended, and 3 signatures verify."), "{}", driver.screen());
}

#[test]
fn what_a_check_found_is_never_called_well() {
    let mut driver = ledger(3);
    let request = begun(&driver.press("v"));
    driver.send(Msg::Ledger(LedgerNews::Checked {
        request,
        check: Ok(Some(Box::new(found(&["Entry 2 is bad.", "And 3."])))),
    }));
    let screen = driver.screen();
    assert!(screen.contains("✗ 2 things are wrong:") && screen.contains("✗ Entry 2 is bad."), "{screen}");
    driver.press("<esc>");
    assert!(driver.screen().contains("found 2 things wrong"), "{}", driver.screen());
    let request = begun(&driver.press("v"));
    let failure = Failure { task: "check the ledger".to_owned(), message: "No.".to_owned(), hints: Vec::new() };
    driver.send(Msg::Ledger(LedgerNews::Checked { request, check: Err(failure) }));
    assert!(driver.screen().contains("The check could not be made: No."), "{}", driver.screen());
}
