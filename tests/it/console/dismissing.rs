//! A dismissal is of what was on the screen, and of nothing else.

use std::sync::Arc;

use countersign::domain::dossier::Dossier;
use countersign::domain::triage::{Scope, Status};
use countersign::tui::effect::{Dismissing, Effect, RequestId};
use countersign::tui::msg::{Failure, Msg};

use super::{kinds, rate, world};
use crate::support::bench::Bench;
use crate::support::seat::Seat;

/// The dismissal of everything in a dossier, as the form sends it off.
fn all_of(dossier: &Dossier, request: u64) -> Effect {
    Effect::Dismiss(Box::new(Dismissing {
        request: RequestId(request),
        gate: dossier.gate.id.clone(),
        dossier: dossier.digest.clone(),
        findings: dossier.findings.iter().map(|t| Arc::clone(&t.finding)).collect(),
        status: Status::FalsePositive,
        justification: None,
        detail: "The command is a constant.".into(),
        scope: Scope::default(),
        expires: None,
    }))
}

/// What came of a dismissal.
async fn end_of(seat: &mut Seat, request: u64) -> Result<String, Failure> {
    let wanted = |m| match m {
        Msg::Dismissed { request: of, text, .. } if of == RequestId(request) => Some(Ok(text)),
        Msg::Failed { request: Some(of), failure } if of == RequestId(request) => Some(Err(failure)),
        _ => None,
    };
    seat.wants("end of the dismissal", wanted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_that_was_rated_anew_since_is_not_dismissed_as_what_it_was() {
    let bench = Bench::new(world()).await;
    let mut seat = Seat::at(&bench);
    let gate = seat.row("shop").await.gate.id;
    let shown = seat.dossier(&gate).await;
    assert_eq!(shown.findings.len(), 1);
    rate(&bench, "HIGH");
    seat.begin(all_of(&shown, 1));
    let failure = end_of(&mut seat, 1).await.unwrap_err();
    assert!(failure.message.contains("The evidence changed since it was shown"), "{failure:?}");
    assert!(failure.hints.iter().any(|h| h.contains("was medium, and is high now")), "{failure:?}");
    // The form learns what there is now, and is out of date by that.
    let now = seat.ready(&gate).await;
    assert_ne!(now.digest, shown.digest);
    assert!(kinds(&bench).await.is_empty(), "nothing is signed");
    // What is there now can be.
    seat.begin(all_of(&now, 2));
    end_of(&mut seat, 2).await.unwrap();
    assert_eq!(kinds(&bench).await, ["triage"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_dismissed_meanwhile_is_not_dismissed_twice() {
    let bench = Bench::new(world()).await;
    let mut seat = Seat::at(&bench);
    let gate = seat.row("shop").await.gate.id;
    let shown = seat.dossier(&gate).await;
    let finding = shown.findings[0].finding.fingerprint.to_string();
    bench
        .run(&["dismiss", "shop@1.0/prod", &finding, "--as", "accepted", "--expires", "9d", "--reason", "known"])
        .await
        .exits(0);
    seat.begin(all_of(&shown, 1));
    let failure = end_of(&mut seat, 1).await.unwrap_err();
    assert!(failure.hints.iter().any(|h| h.contains("was dismissed meanwhile, by demo@")), "{failure:?}");
    assert!(!seat.ready(&gate).await.findings[0].is_open());
    assert_eq!(kinds(&bench).await, ["triage"]);
}
