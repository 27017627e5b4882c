//! What the screens of the ledger look like.

use super::at;
use crate::domain::record::{LedgerCheck, LedgerHead};
use crate::text::is_hidden;
use crate::tui::effect::{Effect, LedgerAsk};
use crate::tui::glyphs::GlyphSet;
use crate::tui::msg::{Failure, LedgerNews, Msg};
use crate::tui::testing::Driver;
use crate::tui::testing::ledger::state;
use crate::tui::testing::sample;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn snapshot(name: &str, driver: &Driver) {
    let (width, height) = (driver.model.width, driver.model.height);
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../snapshots" }, {
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), driver.screen());
    });
}

fn ledger(width: u16, height: u16, count: u64) -> Driver {
    let mut driver = at("", width, height);
    driver.with_ledger(count);
    driver
}

fn opened(width: u16, height: u16) -> Driver {
    let mut driver = ledger(width, height, 40);
    let effects = driver.press("<enter>");
    driver.answer_record(&effects);
    driver
}

fn checked(driver: &mut Driver, findings: &[&str]) {
    let effects = driver.press("v");
    let [Effect::Ledger(LedgerAsk::Check(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let head: LedgerHead = state(40).head;
    let check = LedgerCheck {
        head: Some(head),
        entries: 120,
        signatures: 40,
        checkpoints: 80,
        seen: 30,
        findings: findings.iter().map(|f| (*f).to_owned()).collect(),
        hints: findings.first().map(|_| "Restore the ledger from a copy.".to_owned()).into_iter().collect(),
        at: sample::now(),
    };
    driver.send(Msg::Ledger(LedgerNews::Checked { request: *request, check: Ok(Some(Box::new(check))) }));
}

#[test]
fn the_ledger_and_its_records_look_as_they_did() {
    for (width, height) in SIZES {
        snapshot("ledger", &ledger(width, height, 40));
        let mut filtered = ledger(width, height, 40);
        filtered.press("/");
        filtered.type_text("by:ana verb:approve ");
        snapshot("ledger-filter", &filtered);
        snapshot("ledger-record", &opened(width, height));
        let mut running = ledger(width, height, 40);
        let effects = running.press("v");
        let [Effect::Ledger(LedgerAsk::Check(request))] = effects.as_slice() else { panic!("{effects:?}") };
        running.send(Msg::Ledger(LedgerNews::Checking { request: *request, done: 30, all: 120 }));
        snapshot("ledger-checking", &running);
        let mut good = ledger(width, height, 40);
        checked(&mut good, &[]);
        snapshot("ledger-checked", &good);
        let mut bad = ledger(width, height, 40);
        checked(&mut bad, &["Entry 12 of the ledger is damaged: its body does not have its digest.", sample::HOSTILE]);
        snapshot("ledger-check-bad", &bad);
    }
}

#[test]
fn each_state_of_a_ledger_is_said_in_words() {
    let mut driver = at("", 80, 24);
    let request = driver.open_ledger();
    assert!(driver.screen().contains("The ledger is being read."), "{}", driver.screen());
    assert!(!driver.screen().contains('✓'), "nothing is well before it was read: {}", driver.screen());
    driver.answer_ledger(request, 0);
    assert!(driver.screen().contains("The ledger is empty"), "{}", driver.screen());
    assert!(!driver.screen().contains("whole"), "{}", driver.screen());

    let mut whole = state(3);
    whole.problems.clear();
    let effects = driver.press("r");
    let [Effect::Ledger(LedgerAsk::List(request))] = effects.as_slice() else { panic!("{effects:?}") };
    driver.send(Msg::Ledger(LedgerNews::State {
        request: *request,
        state: Box::new(whole.clone()),
        now: sample::now(),
    }));
    assert!(driver.screen().contains("✓ whole"), "{}", driver.screen());
    whole.unsound = Some(("Entry 2 is missing.".to_owned(), vec!["Restore it.".to_owned()]));
    driver.send(Msg::Ledger(LedgerNews::State { request: *request, state: Box::new(whole), now: sample::now() }));
    assert!(driver.screen().contains("✗ UNSOUND, nothing in it counts: Entry 2 is missing."), "{}", driver.screen());

    let mut driver = at("", 80, 24);
    let request = driver.open_ledger();
    let failure = Failure {
        task: "read the ledger".to_owned(),
        message: "The ledger db.example.com cannot be reached.".to_owned(),
        hints: vec!["Is the network there?".to_owned()],
    };
    driver.send(Msg::Ledger(LedgerNews::OutOfReach { request, failure }));
    let screen = driver.screen();
    assert!(screen.contains("✗ The ledger db.example.com cannot be reached."), "{screen}");
    assert!(screen.contains("Is the network there?"), "{screen}");
}

#[test]
fn what_does_not_count_is_shown_at_the_top() {
    let screen = ledger(120, 40, 40).screen();
    assert!(screen.contains("✗ 5 entries do not count: Ledger entry 21"), "{screen}");
    let line = screen.lines().find(|l| l.contains("1.4.38/prod")).unwrap();
    assert!(line.contains('●'), "a break-glass is marked: {line}");
}

#[test]
fn nothing_hidden_reaches_the_ledgers_screens_and_no_size_panics() {
    let sizes = (1..=200).step_by(23).flat_map(|w| (1..=60).step_by(7).map(move |h| (w, h)));
    for (width, height) in sizes.chain([(60, 15), (80, 24), (0, 0)]) {
        let mut driver = opened(width, height);
        let mut seen = driver.screen();
        driver.model.glyphs = GlyphSet::Ascii;
        for keys in ["G", "<esc>", "G", "/", "<esc>"] {
            driver.press(keys);
            seen += &driver.screen();
        }
        checked(&mut driver, &[sample::HOSTILE]);
        seen += &driver.screen();
        let hidden: Vec<char> = seen.chars().filter(|c| *c != '\n' && is_hidden(*c)).collect();
        assert!(hidden.is_empty(), "{width}x{height}: {hidden:?}");
    }
}

#[test]
fn all_of_what_was_signed_is_in_reach() {
    let mut driver = opened(80, 24);
    let mut all = driver.screen();
    for _ in 0..30 {
        driver.press("<pgdn>");
        all += &driver.screen();
    }
    assert!((0..60).all(|i| all.contains(&format!("\"field{i}\":"))), "{all}");
    assert!(all.contains("✗ findings/sonar (unreachable), not opened"), "{all}");
    driver.send(Msg::Resize(120, 40));
    assert!(
        driver.screen().contains("What was signed, as JSON") || driver.screen().contains("field"),
        "it was made anew"
    );
}

#[test]
fn footers_of_the_ledger_say_what_can_be_done() {
    let footer = |driver: &Driver| driver.screen().lines().last().unwrap().to_owned();
    for word in ["enter open", "esc back", "v verify all", "/ filter", "? help"] {
        assert!(footer(&ledger(80, 24, 3)).contains(word), "{word}: {}", footer(&ledger(80, 24, 3)));
    }
    let record = footer(&opened(80, 24));
    assert!(record.contains("tab next record") && !record.contains("approve"), "{record}");
    let mut driver = ledger(80, 24, 3);
    driver.press("v");
    assert!(footer(&driver).contains("v call off"), "{}", footer(&driver));
}
