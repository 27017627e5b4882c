//! Dismissals.

use crate::domain::triage::{Justification, Status};
use crate::tui::effect::Effect;
use crate::tui::model::Overlay;
use crate::tui::msg::{Failure, Msg};
use crate::tui::testing::{Driver, sample};

fn at_findings() -> Driver {
    let mut driver = Driver::sample(100, 40);
    driver.press("g <enter> 4");
    driver
}

#[test]
fn several_findings_are_dismissed_together() {
    let mut driver = at_findings();
    driver.press("<space> <space> d");
    assert!(driver.screen().contains("dismiss 2 findings"), "{}", driver.screen());
    // From Cancel on to the button, around to the fields.
    driver.press("<tab> <tab> <down> <down>");
    driver.type_text("Not reachable.");
    let effects = driver.press("<enter> <enter> <enter> <right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(d.findings.len(), 2);
    assert_eq!(d.status, Status::FalsePositive);
    assert_eq!(d.detail.raw(), "Not reachable.");
    assert_eq!(d.scope.environment.as_deref(), Some("prod"));
    assert_eq!(d.expires, Some(std::time::Duration::from_secs(90 * 86_400)));
    let gate = d.gate.clone();
    driver.send(Msg::Dismissed { request: d.request, gate, count: 2, text: "2 findings are dismissed.".to_owned() });
    assert!(driver.model.overlays.is_empty());
    assert!(driver.screen().contains("2 findings are dismissed."));
}

#[test]
fn findings_that_have_nothing_in_common_are_not_dismissed_together() {
    let mut driver = Driver::sample(100, 40);
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    let mut dossier = sample::dossier(&row, 6);
    for (triaged, rule) in dossier.findings.iter_mut().zip(["B602", "B602", "B101"].iter().cycle()) {
        std::sync::Arc::make_mut(&mut triaged.finding).rule = (*rule).into();
    }
    driver.ready(dossier, Vec::new());
    driver.press("g <enter> 4 <space> <space> <space> d");
    assert!(driver.model.overlays.is_empty());
    assert!(driver.screen().contains("These 3 findings share neither a rule nor a component"), "{}", driver.screen());
    driver.press("<esc> g <space> <space> d");
    assert!(matches!(driver.model.overlays.last(), Some(Overlay::Dismiss(f)) if f.findings.len() == 2));
}

#[test]
fn dismissals_that_match_nothing_are_counted() {
    let mut driver = Driver::sample(100, 40);
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    let mut dossier = sample::dossier(&row, 6);
    dossier.stale = dossier.findings.iter().filter_map(|t| Some(t.dismissal.as_ref()?.dismissal.clone())).collect();
    driver.ready(dossier, Vec::new());
    driver.press("g <enter> 4");
    assert!(driver.screen().contains("(1 dismissed, 1 stale)"), "{}", driver.screen());
}

#[test]
fn cancel_is_the_default_and_a_reason_is_needed() {
    let mut driver = at_findings();
    assert!(driver.press("d <enter>").is_empty());
    assert!(driver.model.overlays.is_empty());
    assert!(driver.press("d <right> <enter>").is_empty());
    assert!(driver.screen().contains("The reasoning is needed"), "{}", driver.screen());
    assert!(driver.model.is_typing());
}

#[test]
fn each_status_has_its_needs() {
    let mut driver = at_findings();
    // not-affected, without a justification
    driver.press("d <tab> <tab> <right> <tab> <tab>");
    driver.type_text("Never run.");
    driver.press("<enter> <enter> <enter> <right> <enter>");
    assert!(driver.screen().contains("Not-affected needs a justification."), "{}", driver.screen());
    let effects = driver.press("<right> <right> <right> <tab> <tab> <tab> <tab> <right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(d.status, Status::NotAffected);
    assert_eq!(d.justification, Some(Justification::VulnerableCodeNotInExecutePath));
}

#[test]
fn what_is_dismissed_stays_and_cannot_be_dismissed_again() {
    let mut driver = at_findings();
    driver.press("G");
    assert!(driver.screen().contains("6/6 (1 dismissed)"));
    driver.press("d");
    assert!(driver.model.overlays.is_empty());
    assert!(driver.screen().contains("dismissed already"));
    driver.press("<enter>");
    assert!(driver.screen().contains("The command is a constant."), "{}", driver.screen());
}

#[test]
fn earlier_reasoning_is_shown_and_not_applied() {
    let mut driver = at_findings();
    driver.press("j j");
    assert!(driver.model.current_finding().unwrap().is_open());
    driver.press("d");
    let screen = driver.screen();
    assert!(screen.contains("Earlier: false-positive by bo@example.com; has expired."), "{screen}");
    assert!(screen.contains("The command is a constant."), "{screen}");
}

#[test]
fn a_changed_dossier_has_to_be_looked_at_again() {
    let mut driver = at_findings();
    driver.press("d <tab> <tab> <tab> <tab>");
    driver.type_text("No.");
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.ready(sample::dossier(&row, 9), Vec::new());
    assert!(driver.screen().contains("The evidence changed while this form was open."), "{}", driver.screen());
    let effects = driver.press("<enter> <enter> <enter> <right> <enter>");
    assert!(effects.is_empty(), "{effects:?}");
    let effects = driver.press("<right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(d.detail.raw(), "No.");
    assert_eq!(d.dossier, driver.model.current_dossier().unwrap().digest);
}

#[test]
fn a_failure_leaves_the_form_as_it_was_filled_in() {
    let mut driver = at_findings();
    driver.press("d <tab> <tab> <tab> <tab>");
    driver.type_text("No.");
    let effects = driver.press("<enter> <enter> <enter> <right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    let failure = Failure { task: "dismiss".to_owned(), message: "The agent refused.".to_owned(), hints: Vec::new() };
    driver.send(Msg::Failed { request: Some(d.request), failure });
    assert!(matches!(driver.model.overlays.last(), Some(Overlay::Dismiss(f)) if !f.busy));
    assert!(driver.screen().contains("The agent refused.") && driver.screen().contains("No."));
}

#[test]
fn evidence_that_came_while_it_was_being_signed_makes_the_form_out_of_date() {
    let mut driver = at_findings();
    driver.press("d <tab> <tab> <tab> <tab>");
    driver.type_text("No.");
    let effects = driver.press("<enter> <enter> <enter> <right> <enter>");
    let [Effect::Dismiss(d)] = effects.as_slice() else { panic!("{effects:?}") };
    let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    driver.ready(sample::dossier(&row, 9), Vec::new());
    let failure = Failure { task: "dismiss".to_owned(), message: "The agent refused.".to_owned(), hints: Vec::new() };
    driver.send(Msg::Failed { request: Some(d.request), failure });
    assert!(driver.screen().contains("The evidence changed while this form was open."), "{}", driver.screen());
    assert!(driver.press("<right> <enter>").is_empty(), "it looks again, and signs nothing");
}
