//! The question for a passphrase: never echoed, asked again, and nothing signed without an answer.

use crossterm::event::Event;

use super::decisions::{ask, at_release, preview};
use crate::tui::effect::{AskId, Effect, RequestId};
use crate::tui::model::Overlay;
use crate::tui::model::decide::Stage;
use crate::tui::msg::{DecisionResult, Failure, Msg};
use crate::tui::testing::Driver;

/// A decision whose signer asks for the passphrase.
fn asked() -> (Driver, RequestId) {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    driver.press("<right> <enter>");
    question(&mut driver, 1, false);
    (driver, asked.request)
}

fn question(driver: &mut Driver, ask: u64, again: bool) {
    driver.send(Msg::PassphraseAsked { ask: AskId(ask), key: "/home/ana/.ssh/id_release".to_owned(), again });
}

fn answer(effects: &[Effect]) -> Option<(u64, Option<String>)> {
    match effects {
        [Effect::Passphrase(ask, typed)] => Some((ask.0, typed.as_ref().map(|t| t.secret().expose().to_owned()))),
        _ => None,
    }
}

#[test]
fn what_is_typed_is_never_on_the_screen_and_goes_to_the_one_that_asked() {
    let (mut driver, _) = asked();
    let screen = driver.screen();
    assert!(screen.contains("Passphrase of /home/ana/.ssh/id_release") && screen.contains("signs nothing"), "{screen}");
    // Keys that mean something elsewhere are characters here.
    driver.type_text("q?:/ jax");
    driver.event(&Event::Paste("Zweig\n".to_owned()));
    let screen = driver.screen();
    assert!(screen.contains("*************") && !screen.contains("Zweig") && !screen.contains("jax"), "{screen}");
    assert!(!format!("{:?}", driver.model).contains("Zweig"));
    let effects = driver.press("<enter>");
    assert!(!format!("{effects:?}").contains("Zweig"), "{effects:?}");
    assert_eq!(answer(&effects), Some((1, Some("q?:/ jaxZweig".to_owned()))));
    assert!(!matches!(driver.model.overlays.last(), Some(Overlay::Passphrase(_))));
}

#[test]
fn a_wrong_one_is_said_and_asked_for_again() {
    let (mut driver, _) = asked();
    driver.type_text("wrong");
    driver.press("<enter>");
    question(&mut driver, 2, true);
    assert!(driver.screen().contains("Wrong passphrase."), "{}", driver.screen());
    assert!(driver.press("<enter>").is_empty(), "nothing is no answer");
    assert!(driver.screen().contains("Nothing was typed."));
    driver.type_text("right");
    assert!(!driver.screen().contains("Nothing was typed."));
    assert_eq!(answer(&driver.press("<enter>")), Some((2, Some("right".to_owned()))));
}

#[test]
fn esc_gives_up_and_nothing_is_signed() {
    let (mut driver, request) = asked();
    driver.type_text("half");
    assert_eq!(answer(&driver.press("<esc>")), Some((1, None)));
    let text = "it is encrypted, and no passphrase was given".to_owned();
    driver.send(Msg::DecisionDone { request, result: DecisionResult::NotSigned, text, receipt: None });
    assert!(driver.screen().contains("not signed"), "{}", driver.screen());
    assert!(driver.model.in_flight.is_none());
}

#[test]
fn ctrl_c_quits_from_the_question_too() {
    let (mut driver, _) = asked();
    driver.type_text("half");
    assert_eq!(driver.press("ctrl-c"), [Effect::Quit]);
}

#[test]
fn the_question_goes_when_the_signature_does() {
    let (mut driver, request) = asked();
    driver.send(Msg::DecisionDone {
        request,
        result: DecisionResult::NotSigned,
        text: "You gave up.".to_owned(),
        receipt: None,
    });
    assert!(matches!(driver.model.overlays.last(), Some(Overlay::Decide(f)) if matches!(f.stage, Stage::Done { .. })));

    let mut driver = Driver::sample(100, 40);
    driver.press("g <enter> 4 d <tab> <tab> <down> <down>");
    driver.type_text("Not reachable.");
    let effects = driver.press("<enter> <enter> <enter> <right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    let request = d.request;
    question(&mut driver, 1, false);
    let failure = Failure { task: "dismiss".to_owned(), message: "You gave up.".to_owned(), hints: Vec::new() };
    driver.send(Msg::Failed { request: Some(request), failure });
    assert!(matches!(driver.model.overlays.last(), Some(Overlay::Dismiss(f)) if !f.busy));
}

#[test]
fn the_question_fits_on_every_screen() {
    for (width, height) in [(60, 15), (80, 24), (120, 40), (1, 1), (0, 0), (30, 4)] {
        let mut driver = Driver::sample(width, height);
        question(&mut driver, 1, true);
        driver.event(&Event::Paste("x".repeat(2_000)));
        let screen = driver.screen();
        if width >= 60 {
            assert!(screen.contains("signs nothing") && screen.contains("id_release"), "{screen}");
        }
    }
}
