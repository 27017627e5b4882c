//! Decisions: never by one key, never over anything but what was on the screen.

use std::time::Duration;

use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::dossier::{Count, Extent};
use crate::domain::ids::Principal;
use crate::domain::severity::Tally;
use crate::domain::verdict::Outcome;
use crate::tui::effect::{Ask, Effect, Go};
use crate::tui::model::Overlay;
use crate::tui::model::decide::{DecideForm, Stage};
use crate::tui::msg::{ApprovalPreview, DecisionPreview, DecisionResult, KeyInfo, Msg};
use crate::tui::testing::{Driver, sample};

pub(super) fn at_release() -> Driver {
    let mut driver = Driver::sample(100, 40);
    driver.press("g <enter>");
    driver
}

fn form(driver: &Driver) -> &DecideForm {
    match driver.model.overlays.last() {
        Some(Overlay::Decide(form)) => form,
        other => panic!("{other:?}"),
    }
}

/// Fills the form in and asks for the look at it.
pub(super) fn ask(driver: &mut Driver) -> Ask {
    driver.press("a <tab> <tab>");
    driver.type_text("Looks good.");
    let effects = driver.press("<enter> <right> <enter>");
    let [Effect::Prepare(ask)] = effects.as_slice() else { panic!("{effects:?}") };
    ask.clone()
}

pub(in crate::tui) fn preview(ask: &Ask) -> Box<DecisionPreview> {
    let approves = ask.verb == Verb::Approve;
    let standing = || ApprovalPreview { standing: "0 of 1, waits for release-manager".to_owned(), unplaced: None };
    let then = if approves { "It completes what the gate needs and is sent." } else { "It is sent." };
    Box::new(DecisionPreview {
        verb: ask.verb,
        gate: ask.gate.clone(),
        release: "payments@1.4.2/prod".to_owned(),
        attempt: ask.attempt.clone(),
        dossier: ask.expect.clone(),
        reason: ask.reason.clone(),
        option: None,
        about: sample::row("payments", "1.4.2", "prod", 11_100, true).release,
        reasons: sample::world()[0].1.as_ref().unwrap().verdict.reasons.clone(),
        findings: Count {
            tally: Tally { new: Some(0), ..Tally::default() },
            extent: Extent::Whole,
            since: Err(String::new()),
        },
        verdict: Outcome::Warn,
        missing: Vec::new(),
        then: then.to_owned(),
        sends: true,
        remarks: Vec::new(),
        earlier: None,
        principal: Principal::new("ana@example.com"),
        acts_as: approves.then(|| "release-manager".to_owned()),
        key: KeyInfo {
            // As long as they are.
            fingerprint: "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM".to_owned(),
            kind: "ED25519-SK".to_owned(),
            hardware: true,
            comment: "ana's key".to_owned(),
        },
        approvals: approves.then(standing),
        requests: vec!["PATCH https://gate.example.com/pipelines/01JD0/stages/stage-1".to_owned()],
        refusal: None,
        differences: Vec::new(),
    })
}

#[test]
fn no_key_alone_decides_anything() {
    let all = "a x H c d <enter> <space> y o n N s 1 2 3 4 5 6 <tab> j k";
    for start in ["", "<enter>", "<enter> 4", "<enter> 4 <enter>"] {
        for key in all.split(' ') {
            let mut driver = Driver::sample(80, 24);
            driver.press("g");
            if !start.is_empty() {
                driver.press(start);
            }
            // Twice and with Enter after it: the focus is on Cancel.
            let mut effects = driver.press(key);
            effects.extend(driver.press("<enter>"));
            let decides =
                effects.iter().any(|e| matches!(e, Effect::Prepare(_) | Effect::Sign(_) | Effect::Dismiss(_)));
            assert!(!decides, "{start} {key}: {effects:?}");
        }
    }
}

#[test]
fn the_whole_way_of_an_approval() {
    let mut driver = at_release();
    let ask = ask(&mut driver);
    assert_eq!((ask.verb, ask.reason.raw()), (Verb::Approve, "Looks good."));
    assert_eq!(ask.expect, driver.model.current_dossier().unwrap().digest);
    driver.send(Msg::Prepared { request: ask.request, preview: preview(&ask) });
    let screen = driver.screen();
    for shown in ["reason         Looks good.", "commit         4f9d2c7be0a14c5d8a6b1f3e5c7d9a0b2c4e6f80"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    assert!(screen.contains(ask.expect.as_str()) && screen.contains("! warn  ticket-open: PAY-13"), "{screen}");
    for shown in [
        "ana@example.com",
        "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
        "PATCH https://gate",
        &ask.expect.short(),
        "in hardware",
        "no open",
    ] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    assert!(driver.press("<enter>").is_empty(), "Cancel is the default here too");
    assert_eq!(form(&driver).stage, Stage::Edit);
    let again = driver.press("<right> <enter>");
    let [Effect::Prepare(ask)] = again.as_slice() else { panic!("{again:?}") };
    driver.send(Msg::Prepared { request: ask.request, preview: preview(ask) });
    let effects = driver.press("<right> <enter>");
    let want = Go {
        request: ask.request,
        gate: ask.gate.clone(),
        attempt: ask.attempt.clone(),
        dossier: ask.expect.clone(),
        verb: Verb::Approve,
    };
    assert_eq!(effects, [Effect::Sign(want)]);
    let now = sample::now();
    let request = ask.request;
    driver.send(Msg::SigningStarted { request, touch: true, deadline_seconds: 30, now });
    assert!(driver.model.is_counting());
    assert!(
        driver.screen().contains("Touch your key on your workstation now.") && driver.screen().contains("30 s left")
    );
    driver.send(Msg::Tick(now.plus(Duration::from_secs(12))));
    assert!(driver.screen().contains("18 s left"));
    driver.send(Msg::DecisionProgress { request, step: "Signed and recorded.".to_owned() });
    for seconds in [2, 4, 6] {
        driver.send(Msg::DecisionProgress { request, step: format!("It waits ({seconds}s).") });
    }
    assert_eq!(form(&driver).steps, ["Signed and recorded.", "It waits (6s)."]);
    assert!(!driver.model.is_counting());
    driver.press("<esc>");
    assert!(driver.model.overlays.is_empty(), "what is signed goes on in the background");
    assert!(driver.press("x").is_empty());
    assert!(driver.screen().contains("A decision is on its way"), "{}", driver.screen());
    let effects = driver.send(Msg::DecisionDone {
        request,
        result: DecisionResult::Effective,
        text: "The stage continued.".to_owned(),
        receipt: Some(ReceiptStatus::Effective),
    });
    assert_eq!(effects, [Effect::Refresh]);
    assert!(driver.screen().contains("The stage continued."), "{}", driver.screen());
}

#[test]
fn what_is_warned_of_stands_in_the_form() {
    let mut driver = at_release();
    driver.press("a");
    assert!(driver.screen().contains("PAY-13 is not done"), "{}", driver.screen());
    driver.press("<esc>");
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    assert!(driver.screen().contains("PAY-13 is not done"), "{}", driver.screen());
}

#[test]
fn a_late_answer_to_an_earlier_run_is_not_taken() {
    let mut driver = at_release();
    let first = ask(&mut driver);
    driver.press("<esc>");
    driver.send(Msg::Prepared { request: first.request, preview: preview(&first) });
    assert_eq!(form(&driver).stage, Stage::Edit);
}

#[test]
fn a_changed_dossier_has_to_be_looked_at_again() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.ready(sample::dossier(&row, 9), Vec::new());
    assert_eq!(form(&driver).subject.digest, asked.expect, "a refresh changes nothing that a form acts on");
    assert!(driver.screen().contains("The evidence changed while this form was open"), "{}", driver.screen());
    let effects = driver.press("<right> <enter>");
    assert!(effects.is_empty(), "{effects:?}");
    assert_ne!(form(&driver).subject.digest, asked.expect);
    assert_ne!(form(&driver).request, asked.request);
    assert_eq!(form(&driver).form.text("Reason"), "Looks good.");
    assert_eq!(form(&driver).stage, Stage::Edit);
}

#[test]
fn a_restarted_stage_has_to_be_looked_at_again() {
    let mut driver = at_release();
    driver.press("a");
    let mut row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    row.gate.attempt = "2".to_owned();
    let listed = crate::tui::msg::Listed { rows: vec![row], shortfalls: Vec::new(), now: sample::now() };
    driver.send(Msg::GatesListed(Box::new(listed)));
    assert!(form(&driver).stale.as_ref().unwrap().contains("asked anew"));
    driver.send(Msg::GatesListed(Box::new(crate::tui::msg::Listed {
        rows: Vec::new(),
        shortfalls: Vec::new(),
        now: sample::now(),
    })));
    assert!(form(&driver).stale.as_ref().unwrap().contains("no longer open"));
}

#[test]
fn what_was_prepared_must_be_what_was_on_the_screen() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    let mut other = preview(&asked);
    other.dossier = crate::domain::canonical::sha256(b"another");
    driver.send(Msg::Prepared { request: asked.request, preview: other });
    assert_eq!(form(&driver).buttons(), ("Cancel", None));
    assert!(driver.screen().contains("not what was on the screen"), "{}", driver.screen());
    assert!(driver.press("<right> <enter>").is_empty());
}

#[test]
fn a_blocked_release_is_not_approved_but_rejected() {
    let mut driver = Driver::sample(100, 40);
    driver.press("g j a");
    let screen = driver.screen();
    assert!(
        screen.contains("It may not be approved") && screen.contains("findings/sonar/search is missing."),
        "{screen}"
    );
    assert!(driver.press("<tab> <right> <enter>").is_empty());
    driver.press("<esc>");
    driver.press("x <tab> <tab>");
    driver.type_text("No scan.");
    let effects = driver.press("<enter> <right> <enter>");
    assert!(matches!(effects.as_slice(), [Effect::Prepare(a)] if a.verb == Verb::Reject), "{effects:?}");
}

#[test]
fn a_gate_without_a_service_is_not_approved() {
    let mut driver = Driver::sample(100, 40);
    let mut row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    row.service = None;
    driver.ready(sample::dossier(&row, 1), Vec::new());
    driver.press("g a");
    assert!(matches!(form(&driver).stage, Stage::Refused));
    assert!(driver.screen().contains("No [[service]] of the configuration fits this gate"), "{}", driver.screen());
}

#[test]
fn a_halt_asks_for_the_name_of_the_service() {
    let mut driver = at_release();
    driver.press("H <tab> <tab>");
    driver.type_text("It burns.");
    driver.press("<enter>");
    driver.type_text("payment");
    assert!(driver.press("<enter> <right> <enter>").is_empty());
    assert!(driver.screen().contains("Type payments to stop its run."), "{}", driver.screen());
    driver.type_text("s");
    let effects = driver.press("<enter> <right> <enter>");
    assert!(matches!(effects.as_slice(), [Effect::Prepare(a)] if a.verb == Verb::Halt), "{effects:?}");
}

#[test]
fn a_reason_is_needed() {
    let mut driver = at_release();
    assert!(driver.press("a <right> <enter>").is_empty());
    assert!(driver.screen().contains("A reason is needed."));
}

#[test]
fn quitting_asks_while_a_decision_is_on_its_way() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    driver.press("<right> <enter>");
    driver.send(Msg::DecisionProgress { request: asked.request, step: "sent".to_owned() });
    driver.press("<esc> <esc>");
    assert!(driver.press("q").is_empty());
    assert!(driver.screen().contains("is on its way"));
    assert!(driver.press("<enter>").is_empty(), "Stay is the default");
    assert_eq!(driver.press("q <right> <enter>"), [Effect::Quit]);
}

#[test]
fn esc_while_the_key_waits_gives_the_signature_up() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    driver.press("<right> <enter>");
    assert_eq!(driver.press("<esc>"), [Effect::CancelSigning(asked.request)]);
    driver.send(Msg::DecisionDone {
        request: asked.request,
        result: DecisionResult::NotSigned,
        text: "Nothing was signed.".to_owned(),
        receipt: None,
    });
    assert!(driver.model.in_flight.is_none());
    driver.press("<esc>");
    assert!(driver.model.overlays.is_empty());
}

#[test]
fn what_is_said_late_of_a_signature_that_was_called_off_locks_nothing() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    let request = asked.request;
    driver.send(Msg::Prepared { request, preview: preview(&asked) });
    driver.press("<right> <enter> <esc>");
    let (result, text) = (DecisionResult::NotSigned, "You gave up. Nothing was signed.".to_owned());
    driver.send(Msg::DecisionDone { request, result, text, receipt: None });
    driver.send(Msg::SigningStarted { request, touch: true, deadline_seconds: 30, now: sample::now() });
    driver.send(Msg::DecisionProgress { request, step: "It is on its way.".to_owned() });
    assert!(matches!(form(&driver).stage, Stage::Done { .. }), "{:?}", form(&driver).stage);
    assert!(!driver.model.is_counting());
    assert!(driver.press("<esc>").is_empty());
    assert!(driver.model.overlays.is_empty());
}

#[test]
fn a_form_that_signs_nothing_any_more_can_be_left() {
    let mut driver = at_release();
    let asked = ask(&mut driver);
    driver.send(Msg::Prepared { request: asked.request, preview: preview(&asked) });
    driver.press("<right> <enter>");
    driver.model.in_flight = None;
    assert!(driver.press("<esc>").is_empty(), "there is nobody to be asked to give up");
    assert!(driver.model.overlays.is_empty());
}

#[test]
fn what_was_opened_over_this_very_evidence_goes_with_the_decision() {
    let opened = |driver: &mut Driver| {
        let asked = ask(driver);
        driver.press("<esc> <esc>");
        asked.viewed.into_iter().collect::<Vec<_>>()
    };
    // From the inbox, nothing was opened at all.
    let mut driver = Driver::sample(100, 40);
    driver.press("g");
    assert!(opened(&mut driver).is_empty());
    driver.press("<enter> 2 4");
    let all = ["builds/jenkins/trigger", "dossier", "findings/sonar/com.acme:payments"];
    assert_eq!(opened(&mut driver), all);
    // Other evidence: only what is on the screen was seen of it.
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.ready(sample::dossier(&row, 9), Vec::new());
    assert_eq!(opened(&mut driver), ["findings/sonar/com.acme:payments"]);
    // What comes while a form lies over it is not seen.
    driver.press("5 a");
    driver.ready(sample::dossier(&row, 3), Vec::new());
    let Some(Overlay::Decide(_)) = driver.model.overlays.last() else { panic!("no form") };
    assert!(driver.model.current_gate().unwrap().viewed.is_empty());
}
